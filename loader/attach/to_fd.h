/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/to_fd: attaching to what a descriptor stands for: a cgroup, a network namespace, a map of sockets, a device.
 *
 * A link where the kernel knows links for it; it goes away with its descriptor. Else PROG_ATTACH, which stays
 * until it is undone.
 */
#ifndef BPFL_ATTACH_TO_FD_H
#define BPFL_ATTACH_TO_FD_H

#include "attach/link.h"
#include "sys/bpf.h"

/*
 * LINK_CREATE.
 * @feature: whether this kernel knows such links; what is learnt is kept there.
 * Return: 0; 1: this kernel does not know them, as far as anybody has seen; -errno.
 */
int bpfl_to_fd_link(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, const struct bpfl_attr_link_create *attr,
		    enum bpfl_feature feature);

/*
 * PROG_ATTACH; closing the link undoes it. target_fd is borrowed: it must stay open as long as the link. 0
 * or -errno.
 */
int bpfl_to_fd_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, int target_fd, uint32_t attach_type,
		      uint32_t flags);

/* PROG_QUERY: up to nr_max ids of what is attached there. How many there are, or -errno. */
#define BPFL_QUERY_MAX 64
int bpfl_to_fd_query(int target_fd, uint32_t attach_type, uint32_t ret_ids[BPFL_QUERY_MAX], uint32_t *ret_flags);

#endif
