/*
 * Gives the pages of the JDK's libraries the protection that each library asked for.
 *
 * A library's segments stand in one section of the executable, so the linker maps them all writable and executable.
 * Each library brings a table of its segments; this runs when relocations are done and before main.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

struct segment {
    char *start;
    size_t length;
    size_t protection;
    /* Refers to the function below, so that the linker takes it whenever it takes a library. */
    void (*protector)(void);
};

extern const struct segment __start_anneal_segments[] __attribute__((weak));
extern const struct segment __stop_anneal_segments[] __attribute__((weak));

__attribute__((constructor)) void anneal_protect_segments(void) {
    for (const struct segment *segment = __start_anneal_segments; segment != __stop_anneal_segments; segment++) {
        if (mprotect(segment->start, segment->length, (int) segment->protection) != 0) {
            perror("fatal: the JDK's libraries cannot be protected");
            abort();
        }
    }
}
