/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/cgroup: where cgroup2 is mounted, and what its numbers mean.
 */
#ifndef BPFL_SYS_CGROUP_H
#define BPFL_SYS_CGROUP_H

#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"

/* Where cgroup2 is mounted, first of several. 0, -ENOENT, or -errno. */
int bpfl_cgroup_mount(struct bpfl_buf *ret_path);

/*
 * The directory of a cgroup by its number (what links and bpf_get_current_cgroup_id() say). 0, or -errno:
 * it has gone, or it cannot be known.
 */
int bpfl_cgroup_path_of(uint64_t cgroup_id, char *out, size_t size);

#endif
