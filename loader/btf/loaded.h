/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/loaded: BTF that the kernel holds under a number: that of its modules, and that of programs somebody loaded.
 */
#ifndef BPFL_BTF_LOADED_H
#define BPFL_BTF_LOADED_H

#include "btf/btf.h"

struct bpfl_btf_loaded {
	uint32_t id;
	bool is_kernel;	/* the kernel's own or a module's (Linux 5.11); else a process loaded it */
	char name[64];	/* "vmlinux", the module's; "" for other BTF */
	uint32_t size_bytes;
};

/* The BTF with the lowest number above start_id. 0; -ENOENT when there is none; -EPERM without CAP_SYS_ADMIN. */
int bpfl_btf_loaded_next(uint32_t start_id, struct bpfl_btf_loaded *ret_loaded);
/*
 * Reads it. base: of a module, the kernel's BTF; else NULL. The kernel's own is believed (only its outline is
 * checked), others are not.
 * 0; -errno of the calls (kind SYSTEM), or of the contents.
 */
int bpfl_btf_loaded_read(const struct bpfl_btf_loaded *loaded, const struct bpfl_btf *base, struct bpfl_btf **ret_btf,
			 struct bpfl_error *err);
/* The description of BTF number id. 0 or -errno. */
int bpfl_btf_loaded_get(uint32_t id, struct bpfl_btf_loaded *ret_loaded);

#endif
