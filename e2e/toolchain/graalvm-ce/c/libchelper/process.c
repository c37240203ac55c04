/* Functions of the C library and of the kernel whose own form Java code cannot call: variadic ones, variables, old system calls. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

char **getEnviron(void) {
    return environ;
}

int getThreadId(void) {
    return (int) syscall(SYS_gettid);
}

int openSII(const char *path, int flags, int mode) {
    return open(path, flags, (mode_t) mode);
}

int fprintfSD(FILE *stream, const char *format, const char *text, int number) {
/* The format is a constant of the caller, who has no other way to print. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    return fprintf(stream, format, text, number);
#pragma GCC diagnostic pop
}

void *mremapP(void *old, size_t old_size, size_t new_size, int flags, void *wanted) {
    return mremap(old, old_size, new_size, flags, wanted);
}

/* Nanoseconds that a thread spent in user mode: the fourteenth field of its stat file, in ticks; -1 if it cannot be told. */
int64_t getThreadUserTimeSlow(int thread) {
    char path[64], text[1024];
    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return -1;
    }
    size_t length = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[length] = '\0';
    /* The thread's name may hold anything, so fields are counted from the last bracket. */
    const char *rest = strrchr(text, ')');
    unsigned long ticks;
    if (rest == NULL || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu", &ticks) != 1) {
        return -1;
    }
    return (int64_t) ticks * (INT64_C(1000000000) / sysconf(_SC_CLK_TCK));
}

/* Makes code that was just written visible to instruction fetches; the compiler knows where that takes an instruction. */
void codeSynchronization_clearCache(long start, long end) {
    __builtin___clear_cache((char *) start, (char *) end);
}
