/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/binary: the file that "bash", "libc.so.6" or "exe" means.
 */
#ifndef BPFL_ATTACH_BINARY_H
#define BPFL_ATTACH_BINARY_H

#include "base/error.h"

/* Whether there is a process of that number: 0 or -ESRCH (E27). */
int bpfl_process_check(int pid, struct bpfl_error *err);

/*
 * - With a slash: a path. - With ".so": a shared library, by ld.so.cache and then the usual directories. - Else
 *   a program, by PATH.
 * @pid: 0; or a process: everything is looked up in its root directory (containers), relative paths in its
 *       working directory, and "exe" is what it runs.
 * @ret_path: to be freed with free(). It may go through /proc/PID/root, which the kernel follows as well.
 * Return: 0, or -ENOENT (E23, with where was looked), -ESRCH for a process that does not exist.
 */
int bpfl_binary_find(const char *name, int pid, char **ret_path, struct bpfl_error *err);

/*
 * Adds to the error about a path that is not there which names in its directory are like it, or that there
 * is no such directory.
 */
void bpfl_binary_near(const char *path, struct bpfl_error *err);

#endif
