/* What a process's control groups allow and count; -1 where there is no limit or no figure. */
#ifndef ANNEAL_CGROUPS_H
#define ANNEAL_CGROUPS_H

#include <stdint.h>

enum { NO_LIMIT = -1 };

struct group {
    /* The folder of the process's group, and the length of the part that is the hierarchy's root. */
    char folder[4096];
    int root_length;
};

struct groups {
    int version; /* 1, 2, or 0 where neither is mounted */
    struct group memory, cpu;
};

/* `root` is put before every path: empty for the system's own, a folder of fixtures in tests. */
void cgroups_find(const char *root, struct groups *groups);

int64_t cgroups_memory_limit(const struct groups *groups);
int64_t cgroups_memory_and_swap_limit(const struct groups *groups);
int64_t cgroups_memory_soft_limit(const struct groups *groups);
int64_t cgroups_memory_usage(const struct groups *groups);
int64_t cgroups_memory_max_usage(const struct groups *groups);
int64_t cgroups_memory_statistic(const struct groups *groups, const char *name_v1, const char *name_v2);

/* Processors that the quotas allow, rounded up. */
int64_t cgroups_processors(const struct groups *groups);

#endif
