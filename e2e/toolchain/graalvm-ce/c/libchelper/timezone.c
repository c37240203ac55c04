/* The name of the local time zone, as tzselect(8), timezone(3) and localtime(5) describe where it stands. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char DATABASE[] = "/zoneinfo/";

/* Names that the folder has beside the zones' own: they say how leap seconds are counted. */
static const char *without_prefix(const char *name) {
    if (strncmp(name, "posix/", 6) == 0 || strncmp(name, "right/", 6) == 0) {
        return name + 6;
    }
    return name;
}

/* /etc/localtime is a link into the database of zones; what follows the folder is the zone's name. */
static char *from_link(const char *link) {
    char target[PATH_MAX];
    const char *name = realpath(link, target) == NULL ? NULL : strstr(target, DATABASE);
    if (name == NULL) {
        /* The target need not exist where only its name is wanted, as in a container without the database. */
        ssize_t length = readlink(link, target, sizeof(target) - 1);
        if (length <= 0) {
            return NULL;
        }
        target[length] = '\0';
        name = strstr(target, DATABASE);
    }
    return name == NULL ? NULL : strdup(without_prefix(name + strlen(DATABASE)));
}

static char *from_file(const char *path) {
    char line[256];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return NULL;
    }
    char *read = fgets(line, sizeof(line), file);
    fclose(file);
    if (read == NULL) {
        return NULL;
    }
    line[strcspn(line, " \t\r\n")] = '\0';
    return line[0] == '\0' ? NULL : strdup(line);
}

/* The offset alone, in the form that Java reads: GMT+02:00. */
static char *from_offset(void) {
    time_t now = time(NULL);
    struct tm local;
    char name[sizeof("GMT+00:00")];
    tzset();
    if (localtime_r(&now, &local) == NULL || local.tm_gmtoff == 0) {
        return strdup("GMT");
    }
    long minutes = labs(local.tm_gmtoff) / 60;
    snprintf(name, sizeof(name), "GMT%c%02d:%02d", local.tm_gmtoff < 0 ? '-' : '+', (int) (minutes / 60 % 24), (int) (minutes % 60));
    return strdup(name);
}

/* Where the two files are; the tests have theirs elsewhere. */
char *anneal_time_zone(const char *link, const char *file) {
    const char *variable = getenv("TZ");
    if (variable != NULL && *variable != '\0') {
        const char *name = *variable == ':' ? variable + 1 : variable;
        const char *inside = *name == '/' ? strstr(name, DATABASE) : NULL;
        if (inside != NULL) {
            return strdup(without_prefix(inside + strlen(DATABASE)));
        }
        if (*name != '/' && *name != '\0') {
            return strdup(without_prefix(name));
        }
    }
    char *name = from_link(link);
    if (name == NULL) {
        name = from_file(file);
    }
    return name == NULL ? from_offset() : name;
}

/* The caller frees the name. An image has no mapping tables, so it gives a folder that nothing is read from. */
char *SVM_FindJavaTZmd(const char *home, int length) {
    (void) home;
    (void) length;
    return anneal_time_zone("/etc/localtime", "/etc/timezone");
}
