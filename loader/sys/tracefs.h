/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/tracefs: the kernel's directory of tracepoints and trace buffers, mounted or not.
 *
 * Tracepoint ids and private trace buffers are files of tracefs. Where nobody mounted it (containers, small
 * systems), a detached mount is made: an open directory that stands in no mount table and goes away with its
 * descriptor, so the machine stays as it was.
 * Everything works relative to that descriptor.
 */
#ifndef BPFL_SYS_TRACEFS_H
#define BPFL_SYS_TRACEFS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"

#define BPFL_TRACEFS_MAGIC 0x74726163L

/*
 * Opens the root of tracefs: /sys/kernel/tracing, /sys/kernel/debug/tracing, any mount listed in
 * /proc/self/mounts, else a detached mount.
 * @ret_dir_fd: for the ..at calls; closed by the caller with bpfl_enter_close().
 * Return: 0; or E21: PERMISSION when the privilege for a mount or for the mounted directory is missing, else
 *         UNSUPPORTED.
 * Needs: read access to a mounted tracefs (root, usually), or CAP_SYS_ADMIN and Linux 5.2 for the detached mount.
 */
int bpfl_tracefs_open(int *ret_dir_fd, struct bpfl_error *err);

/*
 * True for text that can stand as one component of a path below tracefs: [A-Za-z0-9_.-], not "." or "..",
 * at most 127 long.
 */
bool bpfl_tracefs_name_ok(const char *name);

/*
 * The number of a tracepoint. 0; -ENOENT; -EINVAL for names that bpfl_tracefs_name_ok() refuses, which
 * never reach the kernel.
 */
int bpfl_tracefs_event_id(int dir_fd, const char *category, const char *name, uint64_t *ret_id);

#endif
