/* What the compiler's jars ask for by this name: the locale of the process, as strings of Java's Locale. */
#ifndef ANNEAL_SVM_LOCALE_H
#define ANNEAL_SVM_LOCALE_H

#define SVM_LOCALE_INITIALIZATION_SUCCEEDED 0
#define SVM_LOCALE_INITIALIZATION_OUT_OF_MEMORY 1

/* A part that the locale does not have is NULL. */
typedef struct {
    const char *display_language;
    const char *display_script;
    const char *display_country;
    const char *display_variant;
    const char *format_language;
    const char *format_script;
    const char *format_country;
    const char *format_variant;
} svm_locale_props_t;

#endif
