/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/file: whole files into memory.
 *
 * Objects are untrusted and may change while they are read, so they are never mapped: a file that a writer truncates
 * would raise SIGBUS. Only regular files are taken (a FIFO would block, a device would never end).
 */
#ifndef BPFL_SYS_FILE_H
#define BPFL_SYS_FILE_H

#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/error.h"

#define BPFL_FILE_SIZE_MAX (256ull << 20)

/*
 * Reads a regular file of at most size_max bytes into ret (which the caller deinits). 0 or -errno with text
 * (E28 for a wrong kind of file).
 */
int bpfl_file_read(const char *path, uint64_t size_max, struct bpfl_buf *ret, struct bpfl_error *err);

/*
 * Reads a file of /proc or /sys (whose size is not known beforehand) of at most size_max bytes: -EFBIG when it
 * goes on. dir_fd may be
 * AT_FDCWD. The text ends in a NUL that is not counted, and ret->data is not NULL even for an empty file. 0 or
 * -errno, no text. */
int bpfl_file_read_virtual(int dir_fd, const char *path, uint64_t size_max, struct bpfl_buf *ret);

/*
 * Calls each() with every line of a file of /proc, /sys or tracefs, without its newline; the line may be
 * written to. A non-zero return of each() stops and is returned; 0 at the end, -errno when the file cannot be
 * read. A line of more than 8 KiB loses its beginning.
 */
int bpfl_file_each_line(int dir_fd, const char *path, int (*each)(void *ctx, char *line), void *ctx);

/* First number in a small file. 0 or -errno; -EINVAL when it does not begin with one. */
int bpfl_file_read_u64(int dir_fd, const char *path, uint64_t *ret_value);

/* Writes text to an existing file in one write. 0 or -errno. */
int bpfl_file_write_text(int dir_fd, const char *path, const char *text);

/* True when path exists below dir_fd. */
bool bpfl_file_is_there(int dir_fd, const char *path);

#endif
