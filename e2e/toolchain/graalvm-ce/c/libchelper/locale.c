/* The process's locale, from POSIX's setlocale, split into the parts of a Java locale. */
#include "svm_locale.h"

#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static svm_locale_props_t properties;

struct parts {
    char *language, *script, *country, *variant;
};

static char *copy(const char *start, size_t length) {
    char *text = malloc(length + 1);
    if (text != NULL) {
        memcpy(text, start, length);
        text[length] = '\0';
    }
    return text;
}

/* Java knows scripts by their ISO 15924 code, glibc's locales by a modifier. */
static const char *script_of(const char *modifier) {
    if (strcmp(modifier, "latin") == 0) {
        return "Latn";
    }
    if (strcmp(modifier, "cyrillic") == 0) {
        return "Cyrl";
    }
    if (strcmp(modifier, "devanagari") == 0) {
        return "Deva";
    }
    return NULL;
}

/* Splits language[_COUNTRY][.encoding][@modifier]; false if memory is short. */
static bool split(const char *name, struct parts *parts) {
    /* What a process without a locale speaks: as a JVM says when it is started in one. */
    if (name == NULL || *name == '\0' || strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0) {
        parts->language = copy("en", 2);
        parts->country = copy("US", 2);
        return parts->language != NULL && parts->country != NULL;
    }
    if (strncmp(name, "C.", 2) == 0) {
        parts->language = copy("en", 2);
        return parts->language != NULL;
    }
    size_t length = strcspn(name, "_.@");
    parts->language = copy(name, length);
    bool complete = parts->language != NULL;
    if (name[length] == '_') {
        const char *country = name + length + 1;
        size_t size = strcspn(country, ".@");
        parts->country = copy(country, size);
        complete = complete && parts->country != NULL;
    }
    const char *modifier = strchr(name, '@');
    if (modifier != NULL && strcmp(modifier + 1, "euro") != 0) {
        const char *script = script_of(modifier + 1);
        char **part = script != NULL ? &parts->script : &parts->variant;
        const char *text = script != NULL ? script : modifier + 1;
        *part = copy(text, strlen(text));
        complete = complete && *part != NULL;
    }
    return complete;
}

/* For tests, which cannot rely on locales that are installed: the parts of a name, empty where there is none. */
int anneal_split_locale(const char *name, char parts[4][32]) {
    struct parts found = {0};
    bool complete = split(name, &found);
    const char *texts[4] = {found.language, found.script, found.country, found.variant};
    for (int index = 0; index < 4; index++) {
        snprintf(parts[index], sizeof(parts[index]), "%s", texts[index] == NULL ? "" : texts[index]);
        free((void *) texts[index]);
    }
    return complete ? 0 : -1;
}

/* Takes the locale from the environment. Called once, before there is a second thread. */
int svm_initialize_locale(void) {
    setlocale(LC_ALL, "");
    struct parts display = {0}, format = {0};
    bool complete = split(setlocale(LC_MESSAGES, NULL), &display) && split(setlocale(LC_CTYPE, NULL), &format);
    properties = (svm_locale_props_t) {
            display.language, display.script, display.country, display.variant,
            format.language,  format.script,  format.country,  format.variant,
    };
    return complete ? SVM_LOCALE_INITIALIZATION_SUCCEEDED : SVM_LOCALE_INITIALIZATION_OUT_OF_MEMORY;
}

const svm_locale_props_t *svm_get_locale(void) {
    return &properties;
}
