/*
 * Brings signals to the thread that dispatches them. The handler may do almost nothing, so it counts the signal and
 * posts a semaphore; the dispatcher waits for the semaphore and then asks which signals are pending.
 */
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

/* The number of signals is no constant in newer C libraries; this is Linux's. */
#define SIGNALS 65

static sem_t semaphore;
static atomic_bool is_open;
static atomic_uint pending[SIGNALS];

static void count(int number) {
    int before = errno;
    if (number > 0 && number < SIGNALS) {
        atomic_fetch_add(&pending[number], 1u);
        sem_post(&semaphore);
    }
    errno = before;
}

/* 0, or -1 with errno set. The process has one dispatcher: a second opening is EBUSY. */
int cSunMiscSignal_open(void) {
    bool expected = false;
    if (!atomic_compare_exchange_strong(&is_open, &expected, true)) {
        errno = EBUSY;
        return -1;
    }
    for (int number = 0; number < SIGNALS; number++) {
        atomic_store(&pending[number], 0u);
    }
    if (sem_init(&semaphore, 0, 0) != 0) {
        atomic_store(&is_open, false);
        return -1;
    }
    return 0;
}

int cSunMiscSignal_close(void) {
    bool expected = true;
    if (!atomic_compare_exchange_strong(&is_open, &expected, false)) {
        errno = EINVAL;
        return -1;
    }
    return sem_destroy(&semaphore);
}

/* Waits for a signal, or for somebody who only wants the waiting thread to look around. */
int cSunMiscSignal_awaitSemaphore(void) {
    int ended;
    do {
        ended = sem_wait(&semaphore);
    } while (ended != 0 && errno == EINTR);
    return ended;
}

int cSunMiscSignal_signalSemaphore(void) {
    return sem_post(&semaphore);
}

bool cSunMiscSignal_signalRangeCheck(int number) {
    return number > 0 && number < SIGNALS;
}

/* Takes one pending signal and returns its number, or -1 if there is none. */
int cSunMiscSignal_checkPendingSignal(void) {
    for (int number = 1; number < SIGNALS; number++) {
        unsigned left = atomic_load(&pending[number]);
        while (left > 0) {
            if (atomic_compare_exchange_weak(&pending[number], &left, left - 1)) {
                return number;
            }
        }
    }
    return -1;
}

/* The handler that images install by sigaction. */
void (*cSunMiscSignal_signalHandlerFunctionPointer(void))(int) {
    return count;
}
