/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/cgroup_path: from words to a cgroup (cgroup hooks, iterators).
 */
#ifndef BPFL_ATTACH_CGROUP_PATH_H
#define BPFL_ATTACH_CGROUP_PATH_H

#include "base/buf.h"
#include "base/error.h"
#include "sys/cgroup.h"

/*
 * Opens a cgroup of the unified hierarchy (cgroup2; BPF knows no other).
 * @where: "self", "pid:N" (the cgroup of that process), a directory, or a path below the place where cgroup2 is
 * mounted.
 * @ret_path: gets the directory; the caller deinits it, also after a failure.
 * Return: a descriptor, or -errno: E27 with the mount and near names.
 */
int bpfl_cgroup_open(const char *where, struct bpfl_buf *ret_path, struct bpfl_error *err);

#endif
