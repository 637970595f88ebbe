/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/distilled: types of a module that was built against another kernel.
 *
 * A module's types continue the numbers of the kernel that it was built with; on the next build of that kernel
 * each of them means something else. So a module built outside of the kernel's tree carries a second section,
 * .BTF.base (Linux 6.11), with an outline of just those types of the kernel that it refers to: names, kinds and
 * sizes, no members. The section .BTF continues that outline. Whoever knows the real kernel's types finds each
 * outline among them by name, and renumbers.
 */
#ifndef BPFL_BTF_DISTILLED_H
#define BPFL_BTF_DISTILLED_H

#include "btf/btf.h"

/*
 * Bytes of the sections .BTF.base and .BTF -> types on top of target (borrowed, must outlive the result).
 * Without a target the outline's types become the first types of the result: what can be known of the module
 * alone. Kind OBJECT errors name the type: -ENOENT for one that the target has not, -EINVAL for one that it has
 * more than once, and for broken sections.
 */
int bpfl_btf_read_distilled(const void *base_bytes, size_t base_size, const void *bytes, size_t size,
			    const struct bpfl_btf *target, struct bpfl_btf **ret_btf, struct bpfl_error *err);

#endif
