/*
 * The few functions of jvm.h that the JDK's libraries call in an image, each as the comments of that header describe
 * it. An image has no virtual machine below it, so everything else in jvm.h is never reached: the assembly makes
 * functions for those names that say so and abort.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Called once at the start of an image; there is nothing here to prepare. */
void initialize(void) {
}

/* The processors that this process may run on; the mask's size is only known by trying. */
int JVM_ActiveProcessorCount(void) {
    for (int possible = 1024; possible <= 1 << 20; possible *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t) possible);
        if (set == NULL) {
            break;
        }
        size_t size = CPU_ALLOC_SIZE((size_t) possible);
        int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (count > 0) {
            return count;
        }
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int) online : 1;
}

static int64_t nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t) now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t JVM_CurrentTimeMillis(void *environment, void *class) {
    (void) environment;
    (void) class;
    return nanoseconds(CLOCK_REALTIME) / 1000000;
}

int64_t JVM_NanoTime(void *environment, void *class) {
    (void) environment;
    (void) class;
    return nanoseconds(CLOCK_MONOTONIC);
}

/* Nanoseconds since a second near the present, or -1 if that second is too far away for the type. */
int64_t JVM_GetNanoTimeAdjustment(void *environment, void *class, int64_t second) {
    (void) environment;
    (void) class;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t apart;
    if (__builtin_sub_overflow((int64_t) now.tv_sec, second, &apart) || apart > INT64_C(1) << 32 || apart < -(INT64_C(1) << 32)) {
        return -1;
    }
    return apart * INT64_C(1000000000) + now.tv_nsec;
}

/* A signal's number by its name, such as SIGTERM; -1 for names that Linux does not have. */
int JVM_FindSignal(const char *name) {
    if (strncmp(name, "SIG", 3) == 0) {
        for (int number = 1; number < NSIG; number++) {
            const char *known = sigabbrev_np(number);
            if (known != NULL && strcmp(known, name + 3) == 0) {
                return number;
            }
        }
    }
    return -1;
}

int JVM_RaiseSignal(int number) {
    return raise(number) == 0;
}

/* The process ends with this status; Java's own hooks have run. */
void JVM_BeforeHalt(void) {
}

_Noreturn void JVM_Halt(int status) {
    exit(status);
}

/* Java code reads the limits of control groups itself, if it is told that they count. */
unsigned char JVM_IsUseContainerSupport(void) {
    return 1;
}

unsigned char JVM_IsContainerized(void) {
    return 1;
}

/* The versions of JNI that its specification numbers; images offer the functions of all of them. */
unsigned char JVM_IsSupportedJNIVersion(int version) {
    static const int known[] = {0x00010001, 0x00010002, 0x00010004, 0x00010006, 0x00010008, 0x00090000, 0x000a0000,
                                0x00130000, 0x00140000, 0x00150000, 0x00180000};
    for (size_t index = 0; index < sizeof(known) / sizeof(known[0]); index++) {
        if (known[index] == version) {
            return 1;
        }
    }
    return 0;
}

/* Paths need no translation here. */
char *JVM_NativePath(char *path) {
    return path;
}

void *JVM_LoadLibrary(const char *name, unsigned char throws) {
    (void) throws;
    return dlopen(name, RTLD_LAZY);
}

void JVM_UnloadLibrary(void *handle) {
    dlclose(handle);
}

void *JVM_FindLibraryEntry(void *handle, const char *name) {
    return dlsym(handle, name);
}

/* There is no management interface of a virtual machine: no version of it is supported. */
void *JVM_GetManagement(int version) {
    (void) version;
    return NULL;
}

void *JVM_RawMonitorCreate(void) {
    pthread_mutex_t *monitor = malloc(sizeof(*monitor));
    if (monitor != NULL && pthread_mutex_init(monitor, NULL) != 0) {
        free(monitor);
        monitor = NULL;
    }
    return monitor;
}

void JVM_RawMonitorDestroy(void *monitor) {
    pthread_mutex_destroy(monitor);
    free(monitor);
}

int JVM_RawMonitorEnter(void *monitor) {
    return pthread_mutex_lock(monitor);
}

void JVM_RawMonitorExit(void *monitor) {
    pthread_mutex_unlock(monitor);
}

/* The C library's functions, but text that does not fit is cut with -1 as the answer, as jvm.h says. */
int jio_vsnprintf(char *text, size_t size, const char *format, va_list arguments) {
    if (size == 0 || size > INT32_MAX) {
        return -1;
    }
    int wanted = vsnprintf(text, size, format, arguments);
    if (wanted < 0 || (size_t) wanted >= size) {
        text[size - 1] = '\0';
        return -1;
    }
    return wanted;
}

/* libjava brings these two along, for whom these are the fallback. */
__attribute__((weak)) int jio_snprintf(char *text, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = jio_vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return length;
}

__attribute__((weak)) int jio_fprintf(FILE *stream, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vfprintf(stream, format, arguments);
    va_end(arguments);
    return length;
}

int jio_vfprintf(FILE *stream, const char *format, va_list arguments) {
    return vfprintf(stream, format, arguments);
}

/* Where a function of jvm.h ends that an image does not reach. */
_Noreturn void anneal_unreached(const char *function) {
    fprintf(stderr, "fatal: %s was called, and a native executable has no virtual machine\n", function);
    abort();
}
