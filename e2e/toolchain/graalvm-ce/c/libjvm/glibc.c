/*
 * Functions that JDKs built on an older glibc call and that a newer one has for old programs only, where the linker
 * does not find them. The version argument names the layout of the structure; amd64 has one.
 */
#include <sys/stat.h>
#include <sys/types.h>

int __xstat64(int version, const char *path, struct stat64 *found);
int __lxstat64(int version, const char *path, struct stat64 *found);
int __fxstat64(int version, int file, struct stat64 *found);
int __xmknod(int version, const char *path, mode_t mode, dev_t *device);

int __xstat64(int version, const char *path, struct stat64 *found) {
    (void) version;
    return stat64(path, found);
}

int __lxstat64(int version, const char *path, struct stat64 *found) {
    (void) version;
    return lstat64(path, found);
}

int __fxstat64(int version, int file, struct stat64 *found) {
    (void) version;
    return fstat64(file, found);
}

int __xmknod(int version, const char *path, mode_t mode, dev_t *device) {
    (void) version;
    return mknod(path, mode, *device);
}
