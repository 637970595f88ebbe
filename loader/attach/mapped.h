/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/mapped: the executables and libraries that processes use.
 */
#ifndef BPFL_ATTACH_MAPPED_H
#define BPFL_ATTACH_MAPPED_H

#include "elf/user.h"

/*
 * Calls fn once for each ELF file whose code a process has mapped, and hands it over (to be closed). elf->path
 * is a path that the kernel finds from here: the plain one where that is the same file, else through
 * /proc/PID/root; a file that was deleted since, through /proc/PID/map_files.
 * @pid: that process; 0: all processes that may be looked at, and the libraries of /etc/ld.so.cache, which
 * later ones may use.
 * @fn: returns 0, or -ENOMEM to end it.
 * Return: 0; -ENOMEM; -ESRCH, -EACCES when a single process cannot be looked at (E23).
 */
typedef int (*bpfl_mapped_fn)(void *ctx, struct bpfl_user_elf *elf);
int bpfl_mapped_each(int pid, bpfl_mapped_fn fn, void *ctx, struct bpfl_error *err);

#endif
