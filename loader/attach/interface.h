/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/interface: what the hooks on network interfaces share (xdp, tc, tcx, netkit, socket).
 */
#ifndef BPFL_ATTACH_INTERFACE_H
#define BPFL_ATTACH_INTERFACE_H

#include "attach/link.h"

/* The number of the interface that stands in attach->where: 0, or E27. */
int bpfl_interface_find(const struct bpfl_attach *attach, uint32_t *ret_ifindex, struct bpfl_error *err);
/* A struct bpfl_hook_ops check: the interface exists. */
int bpfl_interface_check(const struct bpfl_attach *attach, struct bpfl_error *err);
/*
 * E26: the interface refuses, with the kernel's sentence (ret_text of sys/netlink.h; "" none) and, for EPERM,
 * its cause. Returns -errnum.
 */
int bpfl_interface_refuse(const struct bpfl_attach_ctx *ctx, int errnum, const char *text, struct bpfl_error *err);

#endif
