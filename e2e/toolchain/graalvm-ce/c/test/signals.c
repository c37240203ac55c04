/* Signals: from the handler through the semaphore to whoever dispatches them. */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

int cSunMiscSignal_open(void);
int cSunMiscSignal_close(void);
int cSunMiscSignal_awaitSemaphore(void);
int cSunMiscSignal_signalSemaphore(void);
bool cSunMiscSignal_signalRangeCheck(int number);
int cSunMiscSignal_checkPendingSignal(void);
void (*cSunMiscSignal_signalHandlerFunctionPointer(void))(int);

int JVM_FindSignal(const char *name);
int JVM_RaiseSignal(int number);

static void *raise_later(void *thread) {
    usleep(20000);
    pthread_kill(*(pthread_t *) thread, SIGUSR2);
    return NULL;
}

void test_signals(void) {
    CHECK(cSunMiscSignal_close() == -1 && errno == EINVAL);
    CHECK(cSunMiscSignal_open() == 0);
    CHECK(cSunMiscSignal_open() == -1 && errno == EBUSY);
    CHECK(cSunMiscSignal_checkPendingSignal() == -1);

    struct sigaction action = {.sa_handler = cSunMiscSignal_signalHandlerFunctionPointer()};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGUSR2, &action, NULL) == 0);
    errno = ENOENT;
    raise(SIGUSR2);
    CHECK(errno == ENOENT);
    raise(SIGUSR1);
    CHECK(JVM_RaiseSignal(SIGUSR1));
    /* Every delivery wakes the dispatcher once, and lower numbers come first. */
    CHECK(cSunMiscSignal_awaitSemaphore() == 0 && cSunMiscSignal_checkPendingSignal() == SIGUSR1);
    CHECK(cSunMiscSignal_awaitSemaphore() == 0 && cSunMiscSignal_checkPendingSignal() == SIGUSR1);
    CHECK(cSunMiscSignal_awaitSemaphore() == 0 && cSunMiscSignal_checkPendingSignal() == SIGUSR2);
    CHECK(cSunMiscSignal_checkPendingSignal() == -1);

    /* A wait that the signal itself interrupts goes on until the semaphore is posted. */
    pthread_t self = pthread_self(), other;
    CHECK(pthread_create(&other, NULL, raise_later, &self) == 0);
    CHECK(cSunMiscSignal_awaitSemaphore() == 0 && cSunMiscSignal_checkPendingSignal() == SIGUSR2);
    pthread_join(other, NULL);

    CHECK(cSunMiscSignal_signalSemaphore() == 0);
    CHECK(cSunMiscSignal_awaitSemaphore() == 0 && cSunMiscSignal_checkPendingSignal() == -1);
    CHECK(cSunMiscSignal_signalRangeCheck(SIGTERM) && cSunMiscSignal_signalRangeCheck(64));
    CHECK(!cSunMiscSignal_signalRangeCheck(0) && !cSunMiscSignal_signalRangeCheck(65) && !cSunMiscSignal_signalRangeCheck(-1));

    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    CHECK(cSunMiscSignal_close() == 0);
    CHECK(cSunMiscSignal_open() == 0 && cSunMiscSignal_close() == 0);

    CHECK(JVM_FindSignal("SIGTERM") == SIGTERM && JVM_FindSignal("SIGHUP") == SIGHUP);
    CHECK(JVM_FindSignal("SIGNONE") == -1 && JVM_FindSignal("TERM") == -1);
}
