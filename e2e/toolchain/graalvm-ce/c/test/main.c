/* Runs the tests of the C libraries on their own; the argument is a folder for fixtures. */
#include "check.h"

#include <stdio.h>

static int passed, failed;

void check_at(bool holds, const char *what, const char *file, int line) {
    if (holds) {
        passed++;
    } else {
        failed++;
        fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
    }
}

int main(int count, char **arguments) {
    if (count != 2) {
        fputs("usage: support-test FOLDER\n", stderr);
        return 2;
    }
    test_signals();
    test_processor();
    test_places(arguments[1]);
    test_cgroups(arguments[1]);
    printf("C libraries: %d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
