/* SPDX-License-Identifier: Apache-2.0
 * This file is part of Wardline.
 *
 * Shifts the wall clock of a program by CLOCK_SHIFT seconds, so that records of today are old tomorrow. With HOLDS_PAUSE, the
 * name of a file, the program makes that file when it opens `holds` for the second time, which is to read what is held,
 * and waits until it is gone. Loaded with LD_PRELOAD by tampering.py, which compiles it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void pause_at(const char *path) {
    static int seen;
    const char *mark = getenv("HOLDS_PAUSE");
    size_t length = strlen(path);
    if (mark == NULL || length < 6 || strcmp(path + length - 6, "/holds") != 0 || ++seen != 2) return;
    syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, mark, O_CREAT | O_WRONLY, 0600));
    while (access(mark, F_OK) == 0) usleep(20000);
}

/* The file that is open stays what it was, whatever takes its place. */
int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = (flags & O_CREAT) != 0 ? va_arg(rest, int) : 0;
    va_end(rest);
    int result = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (result >= 0) pause_at(path);
    return result;
}

int open64(const char *, int, ...) __attribute__((alias("open")));

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    const char *shift = getenv("CLOCK_SHIFT");
    if (result == 0 && clock == CLOCK_REALTIME && shift != NULL) time->tv_sec += atol(shift);
    return result;
}
