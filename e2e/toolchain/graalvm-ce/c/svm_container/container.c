/* What an image asks about the container it runs in. */
#include "cgroups.h"

#include <stdint.h>
#include <unistd.h>

extern int JVM_ActiveProcessorCount(void);

/* The version of this interface that the builder's jars have. */
enum { VERSION = 240100 };
enum { NOT_CONTAINERIZED = 0, CONTAINERIZED = 1, TOO_OLD = 2, TOO_NEW = 3 };

static struct groups groups;

/* A process is in a container, for what follows from it, if a control group limits it. */
int svm_container_initialize(int version) {
    if (version != VERSION) {
        return version > VERSION ? TOO_OLD : TOO_NEW;
    }
    cgroups_find("", &groups);
    int is_limited = cgroups_memory_limit(&groups) != NO_LIMIT || cgroups_processors(&groups) != NO_LIMIT;
    return is_limited ? CONTAINERIZED : NOT_CONTAINERIZED;
}

uint64_t svm_container_physical_memory(void) {
    uint64_t machine = (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE);
    int64_t limit = cgroups_memory_limit(&groups);
    return limit != NO_LIMIT && (uint64_t) limit < machine ? (uint64_t) limit : machine;
}

int64_t svm_container_memory_limit_in_bytes(void) {
    return cgroups_memory_limit(&groups);
}

int64_t svm_container_memory_and_swap_limit_in_bytes(void) {
    return cgroups_memory_and_swap_limit(&groups);
}

int64_t svm_container_memory_soft_limit_in_bytes(void) {
    return cgroups_memory_soft_limit(&groups);
}

int64_t svm_container_memory_usage_in_bytes(void) {
    return cgroups_memory_usage(&groups);
}

int64_t svm_container_memory_max_usage_in_bytes(void) {
    return cgroups_memory_max_usage(&groups);
}

int64_t svm_container_rss_usage_in_bytes(void) {
    return cgroups_memory_statistic(&groups, "rss", "anon");
}

int64_t svm_container_cache_usage_in_bytes(void) {
    return cgroups_memory_statistic(&groups, "cache", "file");
}

/* The quota's processors, and never more than those that the process may run on. */
int svm_container_active_processor_count(void) {
    int allowed = JVM_ActiveProcessorCount();
    int64_t quota = cgroups_processors(&groups);
    return quota != NO_LIMIT && quota < allowed ? (int) quota : allowed;
}
