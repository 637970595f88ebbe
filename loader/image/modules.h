/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/modules: the types of kernel modules.
 *
 * A module's BTF continues the kernel's: its own types have ids from the kernel's number of types on, so an id says by itself whether it is
 * the kernel's; if not, one has to know which module's. Modules are numbered from 1 here, 0 is the kernel.
 */
#ifndef BPFL_IMAGE_MODULES_H
#define BPFL_IMAGE_MODULES_H

#include "btf/btf.h"
#include "btf/loaded.h"
#include "image/image.h"
#include "image/target.h"

struct bpfl_modules {
	BPFL_VEC(struct bpfl_module {
		struct bpfl_btf_loaded loaded;
		struct bpfl_btf *btf; /* NULL: cannot be read */
	}) list; /* number n is [n - 1] */
};

/*
 * The modules of a target, listed and read when first asked for. None of a described target, of one whose BTF the user named, and where
 * listing is not allowed. 0 or -errno (only without memory, or when the kernel's own BTF cannot be read).
 */
int bpfl_target_modules(struct bpfl_target *target, const struct bpfl_modules **ret_modules, struct bpfl_error *err);
void bpfl_modules_destroy(struct bpfl_modules *modules);
/*
 * The number of the module of that name (size bytes): "vmlinux" and "" are the kernel itself.
 * 0; -ENOENT with E24's text: it is not loaded, or its BTF cannot be read.
 */
int bpfl_target_module_named(struct bpfl_target *target, const char *name, size_t size, uint32_t *ret_module, struct bpfl_error *err);
/* The BTF that candidate ids of module number nr are in: the kernel's for 0. Only after bpfl_target_modules() and bpfl_target_btf(). */
const struct bpfl_btf *bpfl_target_btf_of(const struct bpfl_target *target, uint32_t module);
/* "module 'nf_conntrack'", "the kernel". Returns out. */
char *bpfl_target_module_text(const struct bpfl_target *target, uint32_t module, char *out, size_t out_size);

/*
 * The place of a module in image->module_btf_ids, put there when it is new; 0 for the kernel itself. -ENOMEM.
 */
int bpfl_image_module(struct bpfl_image *image, const struct bpfl_target *target, uint32_t module);

#endif
