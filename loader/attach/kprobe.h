/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/kprobe: what all kinds that probe functions of the kernel share.
 */
#ifndef BPFL_ATTACH_KPROBE_H
#define BPFL_ATTACH_KPROBE_H

#include "attach/perf.h"

/* A target taken apart: [MODULE:]FUNCTION[+OFFSET], or the address 0xADDRESS. */
struct bpfl_kernel_place {
	char module[64];     /* "" none given */
	char function[128];  /* "" an address */
	char symbol[192];    /* [MODULE:]FUNCTION as the kernel takes it */
	uint64_t offset;     /* bytes into the function, or the address */
};

/* -EINVAL with text: malformed (the parser lets none through), or too long for the kernel. */
int bpfl_kernel_place_parse(const char *target, struct bpfl_kernel_place *ret_place, struct bpfl_error *err);

/* E19 for a kernel that has no kprobes at all. -EOPNOTSUPP. */
int bpfl_kprobe_absent(struct bpfl_error *err);

/*
 * E19: the function cannot be probed, with everything that can be read about why: no such name (near ones),
 * only copies that the compiler made,
 * a variable, in another module, on the blacklist, not traceable, several of that name.
 * @errnum: what the kernel said; ENOENT also when nobody has asked it yet.
 * Return: -errnum.
 */
int bpfl_kprobe_refused(const struct bpfl_kernel_place *place, int errnum, struct bpfl_error *err);

/* A probe of one function as (a part of) a link. cookie 0: none. -errno with E19's text. */
int bpfl_kprobe_put(const struct bpfl_attach_ctx *ctx, const struct bpfl_kernel_place *place, bool is_return,
		    uint64_t cookie, struct bpfl_link *link, bool *ret_legacy, struct bpfl_error *err);

/*
 * The name of a system call's function on this machine ("__x64_sys_clone" for "clone"), newest spelling
 * first. -ENOENT: there is none.
 */
int bpfl_syscall_function(const char *call, char *out, size_t out_size);

#endif
