/* Locale and time zone. */
#include "check.h"

#include "svm_locale.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int svm_initialize_locale(void);
const svm_locale_props_t *svm_get_locale(void);
int anneal_split_locale(const char *name, char parts[4][32]);
char *anneal_time_zone(const char *link, const char *file);
char *SVM_FindJavaTZmd(const char *home, int length);

static void expect_locale(const char *name, const char *expected) {
    char parts[4][32], joined[160];
    CHECK(anneal_split_locale(name, parts) == 0);
    snprintf(joined, sizeof(joined), "%s|%s|%s|%s", parts[0], parts[1], parts[2], parts[3]);
    check_at(strcmp(joined, expected) == 0, joined, __FILE__, __LINE__);
}

static void test_locale(void) {
    expect_locale("C", "en||US|");
    expect_locale("POSIX", "en||US|");
    expect_locale("C.UTF-8", "en|||");
    expect_locale("de", "de|||");
    expect_locale("de_CH.UTF-8", "de||CH|");
    expect_locale("de_DE@euro", "de||DE|");
    expect_locale("sr_RS.UTF-8@latin", "sr|Latn|RS|");
    expect_locale("ca_ES@valencia", "ca||ES|valencia");
    setenv("LC_ALL", "C.UTF-8", 1);
    CHECK(svm_initialize_locale() == SVM_LOCALE_INITIALIZATION_SUCCEEDED);
    CHECK(strcmp(svm_get_locale()->display_language, "en") == 0 && svm_get_locale()->display_country == NULL);
    CHECK(strcmp(svm_get_locale()->format_language, "en") == 0 && svm_get_locale()->format_variant == NULL);
}

static void expect_zone(const char *variable, const char *link, const char *file, const char *expected) {
    if (variable == NULL) {
        unsetenv("TZ");
    } else {
        setenv("TZ", variable, 1);
    }
    char *zone = anneal_time_zone(link, file);
    check_at(zone != NULL && strcmp(zone, expected) == 0, expected, __FILE__, __LINE__);
    free(zone);
}

void test_places(const char *folder) {
    char link[PATH_MAX], file[PATH_MAX];
    test_locale();

    snprintf(link, sizeof(link), "%s/localtime", folder);
    snprintf(file, sizeof(file), "%s/timezone", folder);
    /* The zone's own file need not be there. */
    CHECK(symlink("/nowhere/zoneinfo/posix/Asia/Tokyo", link) == 0);
    FILE *written = fopen(file, "w");
    CHECK(written != NULL && fputs("America/Lima\n", written) >= 0 && fclose(written) == 0);
    expect_zone(NULL, link, file, "Asia/Tokyo");
    expect_zone("", link, file, "Asia/Tokyo");
    expect_zone(NULL, "/nowhere", file, "America/Lima");
    expect_zone("Europe/Berlin", link, file, "Europe/Berlin");
    expect_zone(":Europe/Berlin", link, file, "Europe/Berlin");
    expect_zone("/usr/share/zoneinfo/right/Europe/Berlin", link, file, "Europe/Berlin");
    expect_zone("/elsewhere/file", "/nowhere", "/nowhere", "GMT");
    expect_zone("CET", link, file, "CET");

    setenv("TZ", "Europe/Paris", 1);
    char *zone = SVM_FindJavaTZmd("/nowhere", 8);
    CHECK(zone != NULL && strcmp(zone, "Europe/Paris") == 0);
    free(zone);
    unsetenv("TZ");
}
