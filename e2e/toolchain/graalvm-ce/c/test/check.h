/* What all tests of the C libraries use. */
#ifndef ANNEAL_CHECK_H
#define ANNEAL_CHECK_H

#include <stdbool.h>

/* Counts a check, and says where it stands if it failed. */
void check_at(bool holds, const char *what, const char *file, int line);
#define CHECK(condition) check_at((condition), #condition, __FILE__, __LINE__)

void test_signals(void);
void test_processor(void);
/* Both make their fixtures below `folder`. */
void test_places(const char *folder);
void test_cgroups(const char *folder);

#endif
