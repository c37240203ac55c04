/* Reads control groups of both versions, as cgroups(7) and the kernel's documents describe their files. */
#include "cgroups.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where version 1 says "no limit": the largest multiple of a page. Anything near it is none. */
#define NEAR_INFINITY (INT64_MAX / 2)

static bool has_word(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += length) {
        char after = at[length];
        if ((at == list || at[-1] == ',') && (after == ',' || after == '\0' || after == '\n')) {
            return true;
        }
    }
    return false;
}

/* The process's path in a hierarchy: that of `controller`, or the one of version 2 if it is NULL. */
static bool path_of(const char *root, const char *controller, char *path, size_t size) {
    char name[4096], line[8192];
    snprintf(name, sizeof(name), "%s/proc/self/cgroup", root);
    FILE *file = fopen(name, "re");
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
        char *controllers = strchr(line, ':');
        char *rest = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (rest == NULL) {
            continue;
        }
        *rest = '\0';
        controllers++;
        found = controller == NULL ? *controllers == '\0' : has_word(controllers, controller);
        rest[1 + strcspn(rest + 1, "\n")] = '\0';
        snprintf(path, size, "%s", rest + 1);
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

/* Finds a mounted hierarchy and which of its folders the mount shows. */
static bool mount_of(const char *root, const char *controller, char *shown, char *mount, size_t size) {
    char name[4096], line[8192], fields[2][4096];
    snprintf(name, sizeof(name), "%s/proc/self/mountinfo", root);
    FILE *file = fopen(name, "re");
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
        const char *kind = strstr(line, " - ");
        if (kind == NULL || sscanf(line, "%*s %*s %*s %4095s %4095s", fields[0], fields[1]) != 2) {
            continue;
        }
        if (controller == NULL) {
            found = strncmp(kind, " - cgroup2 ", 11) == 0;
        } else if (strncmp(kind, " - cgroup ", 10) == 0) {
            const char *options = strrchr(kind, ' ');
            found = has_word(options + 1, controller);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    if (found) {
        snprintf(shown, size, "%s", fields[0]);
        snprintf(mount, size, "%s%s", root, fields[1]);
    }
    return found;
}

static bool find(const char *root, const char *controller, struct group *group) {
    char path[4096], shown[4096], mount[4096];
    if (!path_of(root, controller, path, sizeof(path)) || !mount_of(root, controller, shown, mount, sizeof(mount))) {
        return false;
    }
    /* A container's mount may show only its own folder, while the path is told from the machine's root. */
    const char *below = path;
    size_t length = strlen(shown);
    if (strcmp(shown, "/") != 0) {
        bool is_inside = strncmp(path, shown, length) == 0 && (path[length] == '/' || path[length] == '\0');
        below = is_inside ? path + length : "";
    }
    if (strcmp(below, "/") == 0 || strncmp(below, "/..", 3) == 0) {
        below = "";
    }
    group->root_length = (int) strlen(mount);
    int written = snprintf(group->folder, sizeof(group->folder), "%s%s", mount, below);
    return written > 0 && (size_t) written < sizeof(group->folder);
}

void cgroups_find(const char *root, struct groups *groups) {
    memset(groups, 0, sizeof(*groups));
    /* Where both are mounted the controllers are with version 1. */
    bool memory = find(root, "memory", &groups->memory), cpu = find(root, "cpu", &groups->cpu);
    if (memory || cpu) {
        groups->version = 1;
    } else if (find(root, NULL, &groups->memory)) {
        groups->cpu = groups->memory;
        groups->version = 2;
    }
}

/* Reads a file of one line; false if there is none. */
static bool line_of(const char *folder, int length, const char *name, char *line, int size) {
    char path[4096 + 64];
    snprintf(path, sizeof(path), "%.*s/%s", length, folder, name);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bool read = fgets(line, size, file) != NULL;
    fclose(file);
    return read;
}

static int64_t number(const char *text) {
    char *end;
    long long value = strtoll(text, &end, 10);
    return end == text || value < 0 || value > NEAR_INFINITY ? NO_LIMIT : (int64_t) value;
}

static int64_t smaller(int64_t one, int64_t other) {
    return one == NO_LIMIT || (other != NO_LIMIT && other < one) ? other : one;
}

/* The group's folder and all above it up to the root: a limit holds for everything below. */
static int next_above(const struct group *group, int length) {
    while (length > group->root_length && group->folder[--length] != '/') {
    }
    return length;
}

static int64_t smallest(const struct group *group, const char *name) {
    char line[64];
    int64_t limit = NO_LIMIT;
    if (group->folder[0] == '\0') {
        return limit;
    }
    for (int length = (int) strlen(group->folder);; length = next_above(group, length)) {
        if (line_of(group->folder, length, name, line, sizeof(line))) {
            limit = smaller(limit, number(line));
        }
        if (length <= group->root_length) {
            return limit;
        }
    }
}

static int64_t own(const struct group *group, const char *name) {
    char line[64];
    bool read = line_of(group->folder, (int) strlen(group->folder), name, line, sizeof(line));
    return read ? number(line) : NO_LIMIT;
}

int64_t cgroups_memory_limit(const struct groups *groups) {
    return smallest(&groups->memory, groups->version == 1 ? "memory.limit_in_bytes" : "memory.max");
}

int64_t cgroups_memory_and_swap_limit(const struct groups *groups) {
    if (groups->version == 1) {
        return smallest(&groups->memory, "memory.memsw.limit_in_bytes");
    }
    int64_t memory = cgroups_memory_limit(groups), swap = smallest(&groups->memory, "memory.swap.max");
    return memory == NO_LIMIT || swap == NO_LIMIT ? NO_LIMIT : memory + swap;
}

int64_t cgroups_memory_soft_limit(const struct groups *groups) {
    return own(&groups->memory, groups->version == 1 ? "memory.soft_limit_in_bytes" : "memory.low");
}

int64_t cgroups_memory_usage(const struct groups *groups) {
    return own(&groups->memory, groups->version == 1 ? "memory.usage_in_bytes" : "memory.current");
}

int64_t cgroups_memory_max_usage(const struct groups *groups) {
    return own(&groups->memory, groups->version == 1 ? "memory.max_usage_in_bytes" : "memory.peak");
}

int64_t cgroups_memory_statistic(const struct groups *groups, const char *name_v1, const char *name_v2) {
    char path[4096 + 64], line[256];
    const char *name = groups->version == 1 ? name_v1 : name_v2;
    size_t length = strlen(name);
    snprintf(path, sizeof(path), "%s/memory.stat", groups->memory.folder);
    FILE *file = fopen(path, "re");
    int64_t value = NO_LIMIT;
    while (file != NULL && value == NO_LIMIT && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, length) == 0 && line[length] == ' ') {
            value = number(line + length + 1);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return value;
}

/* One group's quota in processors, rounded up. */
static int64_t quota(const struct groups *groups, int length) {
    char line[64], second[64];
    const char *folder = groups->cpu.folder;
    int64_t share, period;
    if (groups->version == 1) {
        if (!line_of(folder, length, "cpu.cfs_quota_us", line, sizeof(line)) ||
            !line_of(folder, length, "cpu.cfs_period_us", second, sizeof(second))) {
            return NO_LIMIT;
        }
        share = number(line);
        period = number(second);
    } else {
        if (!line_of(folder, length, "cpu.max", line, sizeof(line))) {
            return NO_LIMIT;
        }
        const char *blank = strchr(line, ' ');
        share = number(line);
        period = blank == NULL ? NO_LIMIT : number(blank + 1);
    }
    return share <= 0 || period <= 0 ? NO_LIMIT : (share + period - 1) / period;
}

int64_t cgroups_processors(const struct groups *groups) {
    int64_t least = NO_LIMIT;
    if (groups->cpu.folder[0] == '\0') {
        return least;
    }
    for (int length = (int) strlen(groups->cpu.folder);; length = next_above(&groups->cpu, length)) {
        least = smaller(least, quota(groups, length));
        if (length <= groups->cpu.root_length) {
            return least;
        }
    }
}
