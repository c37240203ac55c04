/* Control groups of both versions, from fixtures. */
#include "check.h"

#include "cgroups.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int svm_container_initialize(int version);
unsigned long svm_container_physical_memory(void);
int svm_container_active_processor_count(void);
int JVM_ActiveProcessorCount(void);

static const char *base;

/* Writes a file and the folders above it. */
static void put(const char *path, const char *content) {
    char full[PATH_MAX];
    snprintf(full, sizeof(full), "%s/%s", base, path);
    for (char *slash = strchr(full + strlen(base) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(full, 0755);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    CHECK(file != NULL && fputs(content, file) >= 0 && fclose(file) == 0);
}

static struct groups find(const char *name) {
    char root[PATH_MAX];
    struct groups groups;
    snprintf(root, sizeof(root), "%s/%s", base, name);
    cgroups_find(root, &groups);
    return groups;
}

static const char MOUNT_V2[] = "22 1 0:20 / / rw - ext4 /dev/vda rw\n"
                               "29 22 0:26 %s /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";

static void mounted_v2(const char *path, const char *shown) {
    char text[512];
    snprintf(text, sizeof(text), MOUNT_V2, shown);
    put(path, text);
}

/* A process below a slice: the slice's limit counts where it is smaller than the group's own. */
static void test_version_2(void) {
    put("two/proc/self/cgroup", "0::/slice/unit\n");
    mounted_v2("two/proc/self/mountinfo", "/");
    put("two/sys/fs/cgroup/slice/memory.max", "100000000\n");
    put("two/sys/fs/cgroup/slice/cpu.max", "250000 100000\n");
    put("two/sys/fs/cgroup/slice/unit/memory.max", "max\n");
    put("two/sys/fs/cgroup/slice/unit/memory.swap.max", "5000000\n");
    put("two/sys/fs/cgroup/slice/unit/memory.low", "700\n");
    put("two/sys/fs/cgroup/slice/unit/memory.current", "4096\n");
    put("two/sys/fs/cgroup/slice/unit/memory.peak", "8192\n");
    put("two/sys/fs/cgroup/slice/unit/memory.stat", "anon_thp 5\nanon 2048\nfile 1024\n");
    put("two/sys/fs/cgroup/slice/unit/cpu.max", "max 100000\n");
    struct groups groups = find("two");
    CHECK(groups.version == 2);
    CHECK(cgroups_memory_limit(&groups) == 100000000);
    CHECK(cgroups_memory_and_swap_limit(&groups) == 105000000);
    CHECK(cgroups_memory_soft_limit(&groups) == 700);
    CHECK(cgroups_memory_usage(&groups) == 4096 && cgroups_memory_max_usage(&groups) == 8192);
    CHECK(cgroups_memory_statistic(&groups, "rss", "anon") == 2048);
    CHECK(cgroups_memory_statistic(&groups, "cache", "file") == 1024);
    CHECK(cgroups_processors(&groups) == 3);
}

/* What a container sees: a namespace of its own, or the machine's path while the mount shows its own folder only. */
static void test_containers(void) {
    put("own/proc/self/cgroup", "0::/\n");
    mounted_v2("own/proc/self/mountinfo", "/");
    put("own/sys/fs/cgroup/memory.max", "268435456\n");
    put("own/sys/fs/cgroup/cpu.max", "50000 100000\n");
    struct groups groups = find("own");
    CHECK(cgroups_memory_limit(&groups) == 268435456 && cgroups_processors(&groups) == 1);
    CHECK(cgroups_memory_and_swap_limit(&groups) == NO_LIMIT);

    put("part/proc/self/cgroup", "0::/pods/pod1/c1\n");
    mounted_v2("part/proc/self/mountinfo", "/pods/pod1/c1");
    put("part/sys/fs/cgroup/memory.max", "1000\n");
    groups = find("part");
    CHECK(cgroups_memory_limit(&groups) == 1000);

    put("outside/proc/self/cgroup", "0::/../other\n");
    mounted_v2("outside/proc/self/mountinfo", "/");
    put("outside/sys/fs/cgroup/memory.max", "2000\n");
    groups = find("outside");
    CHECK(cgroups_memory_limit(&groups) == 2000);
}

static void test_version_1(void) {
    put("one/proc/self/cgroup", "4:memory:/docker/c1\n3:cpuset:/\n2:cpu,cpuacct:/docker/c1\n0::/\n");
    put("one/proc/self/mountinfo",
        "30 22 0:27 /docker/c1 /sys/fs/cgroup/memory rw shared:5 - cgroup cgroup rw,memory\n"
        "31 22 0:28 / /sys/fs/cgroup/cpuset rw shared:6 - cgroup cgroup rw,cpuset\n"
        "32 22 0:29 /docker/c1 /sys/fs/cgroup/cpu,cpuacct rw shared:7 - cgroup cgroup rw,cpu,cpuacct\n"
        "33 22 0:30 / /sys/fs/cgroup/unified rw shared:8 - cgroup2 cgroup2 rw\n");
    put("one/sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
    put("one/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", "9223372036854771712\n");
    put("one/sys/fs/cgroup/memory/memory.soft_limit_in_bytes", "9223372036854771712\n");
    put("one/sys/fs/cgroup/memory/memory.usage_in_bytes", "12288\n");
    put("one/sys/fs/cgroup/memory/memory.max_usage_in_bytes", "16384\n");
    put("one/sys/fs/cgroup/memory/memory.stat", "cache 512\nrss 256\n");
    put("one/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "150000\n");
    put("one/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    struct groups groups = find("one");
    CHECK(groups.version == 1);
    CHECK(cgroups_memory_limit(&groups) == 536870912);
    CHECK(cgroups_memory_and_swap_limit(&groups) == NO_LIMIT && cgroups_memory_soft_limit(&groups) == NO_LIMIT);
    CHECK(cgroups_memory_usage(&groups) == 12288 && cgroups_memory_max_usage(&groups) == 16384);
    CHECK(cgroups_memory_statistic(&groups, "rss", "anon") == 256);
    CHECK(cgroups_memory_statistic(&groups, "cache", "file") == 512);
    CHECK(cgroups_processors(&groups) == 2);

    put("one/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    CHECK(cgroups_processors(&groups) == NO_LIMIT);
}

void test_cgroups(const char *folder) {
    base = folder;
    test_version_2();
    test_containers();
    test_version_1();

    struct groups none = find("nothing-here");
    CHECK(none.version == 0);
    CHECK(cgroups_memory_limit(&none) == NO_LIMIT && cgroups_processors(&none) == NO_LIMIT);
    CHECK(cgroups_memory_usage(&none) == NO_LIMIT);

    /* The machine's own groups, whatever they are. */
    int answer = svm_container_initialize(240100);
    CHECK(answer == 0 || answer == 1);
    CHECK(svm_container_initialize(240099) == 3 && svm_container_initialize(240101) == 2);
    CHECK(svm_container_physical_memory() > 0);
    CHECK(svm_container_active_processor_count() >= 1);
    CHECK(svm_container_active_processor_count() <= JVM_ActiveProcessorCount());
}
