/* SPDX-License-Identifier: Apache-2.0
 * This file is part of Wardline.
 *
 * Lets the n-th call of a kind fail, for files below one folder. Loaded with LD_PRELOAD by syscalls.py, which compiles it.
 *
 *   FAULT_ROOT    the folder; calls on anything else are left alone
 *   FAULT_CALLS   write, sync, open, rename, read, truncate or allocate
 *   FAULT_NTH     the first call that fails, from 1
 *   FAULT_KIND    a number: fail with that errno; "short": write or read half of it; "drop": say that a write or a
 *                 synchronisation was done and do nothing (a planted defect of the disk); "early": say at the start of a
 *                 write that all was written, and write half
 *   FAULT_LOSE    set: a synchronisation of a write-ahead file or segment that fails also loses what was appended to it
 *                 since the last one that did not, as a kernel may
 *   FAULT_UNTIL   a file: later calls fail too until it exists; unset for one call only
 *   FAULT_SUFFIX  only files whose path ends so; unset for all
 *   FAULT_COUNTER a file that gets the number of calls seen, and a line for the first that failed
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { FAIL, SHORT, DROP, EARLY };

static const char *root, *calls, *until, *suffix, *counter_path;
static long nth, seen;
static int error_code, loses;
static enum kind fault_kind;
static volatile int has_fired;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *text(const char *name) {
    const char *value = getenv(name);
    return value != NULL && *value != 0 ? value : NULL;
}

__attribute__((constructor)) static void begin(void) {
    const char *kind = text("FAULT_KIND");
    root = text("FAULT_ROOT");
    calls = text("FAULT_CALLS");
    until = text("FAULT_UNTIL");
    suffix = text("FAULT_SUFFIX");
    counter_path = text("FAULT_COUNTER");
    loses = text("FAULT_LOSE") != NULL;
    nth = text("FAULT_NTH") != NULL ? atol(text("FAULT_NTH")) : 0;
    if (kind == NULL || root == NULL || calls == NULL) {
        root = NULL;
    } else if (strcmp(kind, "short") == 0) {
        fault_kind = SHORT;
    } else if (strcmp(kind, "drop") == 0) {
        fault_kind = DROP;
    } else if (strcmp(kind, "early") == 0) {
        fault_kind = EARLY;
    } else {
        fault_kind = FAIL;
        error_code = atoi(kind);
    }
}

/* Writes what was counted, by system calls alone so that nothing here is counted. */
static void tell(const char *call, const char *path) {
    char line[4400];
    int file, length;
    if (counter_path == NULL) return;
    file = (int)syscall(SYS_openat, AT_FDCWD, counter_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return;
    length = snprintf(line, sizeof line, "%ld %s %.4096s\n", seen, call, path);
    syscall(SYS_write, file, line, length);
    syscall(SYS_close, file);
}

__attribute__((destructor)) static void end(void) {
    if (root != NULL) tell("end", "-");
}

static int is_ours(const char *path) {
    size_t length = strlen(root), whole = strlen(path);
    if (strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != 0)) return 0;
    if (suffix == NULL) return 1;
    return whole >= strlen(suffix) && strcmp(path + whole - strlen(suffix), suffix) == 0;
}

static int is_over(void) {
    struct stat status;
    return until == NULL || syscall(SYS_newfstatat, AT_FDCWD, until, &status, 0) == 0;
}

/* Whether this call is to fail. */
static int meets(const char *call, const char *path) {
    int result = 0;
    if (root == NULL || strcmp(call, calls) != 0 || !is_ours(path)) return 0;
    pthread_mutex_lock(&lock);
    seen += 1;
    if (seen >= nth && (seen == nth || !is_over())) {
        result = 1;
        if (!has_fired) tell("fired", path);
        has_fired = 1;
    }
    pthread_mutex_unlock(&lock);
    return result;
}

static int meets_file(const char *call, int file) {
    char link[64], path[4096];
    ssize_t length;
    if (root == NULL || strcmp(call, calls) != 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return meets(call, path);
}

#define REAL(type, name, ...)                                                                                        \
    static type (*real)(__VA_ARGS__);                                                                                \
    if (real == NULL) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static size_t half(size_t count) { return count > 1 ? count / 2 : count; }

#define FAULTY_WRITE(count, call_whole, call_half)                                                                   \
    if (!meets_file("write", file)) return call_whole;                                                               \
    if (fault_kind == SHORT) return call_half;                                                                       \
    if (fault_kind == DROP) return (ssize_t)(count);                                                                 \
    if (fault_kind == EARLY) {                                                                                       \
        if (call_half < 0) return -1;                                                                                \
        return (ssize_t)(count);                                                                                     \
    }                                                                                                                \
    errno = error_code;                                                                                              \
    return -1

ssize_t write(int file, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    FAULTY_WRITE(count, real(file, bytes, count), real(file, bytes, half(count)));
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t place) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    FAULTY_WRITE(count, real(file, bytes, count, place), real(file, bytes, half(count), place));
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t place) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    FAULTY_WRITE(count, real(file, bytes, count, place), real(file, bytes, half(count), place));
}

ssize_t writev(int file, const struct iovec *parts, int number) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    size_t total = 0;
    for (int part = 0; part < number; part += 1) total += parts[part].iov_len;
    FAULTY_WRITE(total, real(file, parts, number), real(file, parts, number > 1 ? number / 2 : number));
}

#define FAULTY_READ(call_whole, call_half)                                                                           \
    if (!meets_file("read", file) || fault_kind == DROP || fault_kind == EARLY) return call_whole;                   \
    if (fault_kind == SHORT) return call_half;                                                                       \
    errno = error_code;                                                                                              \
    return -1

ssize_t read(int file, void *bytes, size_t count) {
    REAL(ssize_t, "read", int, void *, size_t);
    FAULTY_READ(real(file, bytes, count), real(file, bytes, half(count)));
}

ssize_t pread(int file, void *bytes, size_t count, off_t place) {
    REAL(ssize_t, "pread", int, void *, size_t, off_t);
    FAULTY_READ(real(file, bytes, count, place), real(file, bytes, half(count), place));
}

ssize_t pread64(int file, void *bytes, size_t count, off64_t place) {
    REAL(ssize_t, "pread64", int, void *, size_t, off64_t);
    FAULTY_READ(real(file, bytes, count, place), real(file, bytes, half(count), place));
}

#define FAULTY(call)                                                                                                 \
    if (fault_kind == DROP) return 0;                                                                                \
    if (fault_kind != FAIL) return call;                                                                             \
    errno = error_code;                                                                                              \
    return -1

/* Lengths that files had when they were last synchronised. */
static struct { ino_t number; off_t length; } lengths[1024];

enum event { OPENED, CREATED, SYNCED, FAILED };

/* Notes the length of a file that is durable now, or takes back what is not. What an earlier run wrote is. */
static void settle(int file, enum event event) {
    char link[64], path[4096];
    struct stat status;
    ssize_t length;
    size_t place = 0;
    if (root == NULL || !loses) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length < 4 || fstat(file, &status) != 0) return;
    if (memcmp(path + length - 4, ".wal", 4) != 0 && memcmp(path + length - 4, ".seg", 4) != 0) return;
    pthread_mutex_lock(&lock);
    while (place < 1023 && lengths[place].number != 0 && lengths[place].number != status.st_ino) place += 1;
    if (event == FAILED) {
        syscall(SYS_ftruncate, file, lengths[place].length);
    } else if (event != OPENED || lengths[place].number == 0) {
        lengths[place].length = status.st_size;
    }
    lengths[place].number = status.st_ino;
    pthread_mutex_unlock(&lock);
}

int fdatasync(int file) {
    REAL(int, "fdatasync", int);
    if (!meets_file("sync", file)) {
        int result = real(file);
        if (result == 0) settle(file, SYNCED);
        return result;
    }
    settle(file, FAILED);
    FAULTY(real(file));
}

int fsync(int file) {
    REAL(int, "fsync", int);
    if (!meets_file("sync", file)) return real(file);
    FAULTY(real(file));
}

int ftruncate(int file, off_t length) {
    REAL(int, "ftruncate", int, off_t);
    if (!meets_file("truncate", file)) return real(file, length);
    FAULTY(real(file, length));
}

int ftruncate64(int file, off64_t length) {
    REAL(int, "ftruncate64", int, off64_t);
    if (!meets_file("truncate", file)) return real(file, length);
    FAULTY(real(file, length));
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    if (!meets("rename", from)) return real(from, to);
    FAULTY(real(from, to));
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    REAL(int, "renameat", int, const char *, int, const char *);
    if (!meets("rename", from)) return real(from_folder, from, to_folder, to);
    FAULTY(real(from_folder, from, to_folder, to));
}

/* These return the number instead of setting errno. */
int posix_fallocate(int file, off_t place, off_t length) {
    REAL(int, "posix_fallocate", int, off_t, off_t);
    if (!meets_file("allocate", file) || fault_kind != FAIL) return real(file, place, length);
    return error_code;
}

int posix_fallocate64(int file, off64_t place, off64_t length) {
    REAL(int, "posix_fallocate64", int, off64_t, off64_t);
    if (!meets_file("allocate", file) || fault_kind != FAIL) return real(file, place, length);
    return error_code;
}

#define MODE(flags)                                                                                                  \
    mode_t mode = 0;                                                                                                 \
    if (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE) {                                                                         \
        va_list rest;                                                                                                \
        va_start(rest, flags);                                                                                       \
        mode = va_arg(rest, mode_t);                                                                                 \
        va_end(rest);                                                                                                \
    }

/* A failing open must not also create; a descriptor is never made up. */
#define FAULTY_OPEN(call)                                                                                            \
    if (!meets("open", path) || fault_kind != FAIL) {                                                                \
        int result = call, kept = errno;                                                                             \
        if (result >= 0) settle(result, flags & O_CREAT ? CREATED : OPENED);                                         \
        errno = kept;                                                                                                \
        return result;                                                                                               \
    }                                                                                                                \
    errno = error_code;                                                                                              \
    return -1

int open(const char *path, int flags, ...) {
    REAL(int, "open", const char *, int, ...);
    MODE(flags);
    FAULTY_OPEN(real(path, flags, mode));
}

int open64(const char *path, int flags, ...) {
    REAL(int, "open64", const char *, int, ...);
    MODE(flags);
    FAULTY_OPEN(real(path, flags, mode));
}

int openat(int folder, const char *path, int flags, ...) {
    REAL(int, "openat", int, const char *, int, ...);
    MODE(flags);
    FAULTY_OPEN(real(folder, path, flags, mode));
}

int openat64(int folder, const char *path, int flags, ...) {
    REAL(int, "openat64", int, const char *, int, ...);
    MODE(flags);
    FAULTY_OPEN(real(folder, path, flags, mode));
}
