/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/modules: the types of kernel modules.
 *
 * A module's BTF continues the kernel's: its own types have ids from the kernel's number of types on, so an id
 * says by itself whether it is the kernel's; if not, one has to know which module's. Modules are numbered from
 * 1 here, 0 is the kernel.
 */
#ifndef BPFL_IMAGE_MODULES_H
#define BPFL_IMAGE_MODULES_H

#include "btf/btf.h"
#include "btf/loaded.h"
#include "image/image.h"
#include "image/target.h"

/* Numbers from here on are no BTF of the running kernel, only of modules whose types came out of files. */
#define BPFL_MODULE_ID_OF_FILE 0x80000000u

struct bpfl_modules {
	BPFL_VEC(struct bpfl_module {
		struct bpfl_btf_loaded loaded;
		struct bpfl_btf *btf; /* NULL: cannot be read */
	}) list; /* number n is [n - 1] */
	bool complete; /* these are all of that kernel's modules that have types */
	/* running kernel: modules are loaded that are not among them, because they were built without */
	bool some_have_no_types;
};

/*
 * The modules of a target, listed and read when first asked for: those of the running kernel by number, or for
 * lack of rights out of /sys/kernel/btf; those of a described kernel out of the files that the user named. 0 or
 * -errno (without memory, when the kernel's own BTF cannot be read, and when a file that the user named cannot).
 */
int bpfl_target_modules(struct bpfl_target *target, const struct bpfl_modules **ret_modules, struct bpfl_error *err);
void bpfl_modules_destroy(struct bpfl_modules *modules);
/*
 * The number of the module of that name (size bytes): "vmlinux" and "" are the kernel itself.
 * 0; -ENOENT with E24's text: it is not loaded, or its BTF cannot be read.
 */
int bpfl_target_module_named(struct bpfl_target *target, const char *name, size_t size, uint32_t *ret_module,
			     struct bpfl_error *err);
/*
 * The first module that has a type of its own of that kind and name. wanted: NULL, or the one module to look into.
 * 1, with the module's number and the type's id; 0; -errno as bpfl_target_modules().
 */
int bpfl_target_modules_find(struct bpfl_target *target, const char *wanted, enum bpfl_btf_kind kind, const char *name,
			     uint32_t *ret_module, uint32_t *ret_id, struct bpfl_error *err);
/*
 * The BTF that candidate ids of module number nr are in: the kernel's for 0. Only after
 * bpfl_target_modules() and bpfl_target_btf().
 */
const struct bpfl_btf *bpfl_target_btf_of(const struct bpfl_target *target, uint32_t module);
/* "module 'nf_conntrack'", "the kernel". Returns out. */
char *bpfl_target_module_text(const struct bpfl_target *target, uint32_t module, char *out, size_t out_size);

/*
 * The place of a module in image->module_btf_ids, put there when it is new; 0 for the kernel itself. -ENOMEM.
 */
int bpfl_image_module(struct bpfl_image *image, const struct bpfl_target *target, uint32_t module);

#endif
