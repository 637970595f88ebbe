/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/extern: what the files of the extern part share.
 *
 * extern.c decides what each extern of the programs becomes; kconfig.c knows the kernel's
 * configuration, ksyms.c its symbol table.
 */
#ifndef BPFL_IMAGE_EXTERN_H
#define BPFL_IMAGE_EXTERN_H

#include "image/core_match.h"
#include "image/image.h"

/* Names to be looked for in the kernel's BTF: of externs, and of whatever else is needed so that one pass is enough. */
struct bpfl_extern_names {
	struct bpfl_core_name *items;
	size_t nr, cap;
	BPFL_VEC(char *) owned; /* texts that are nobody else's */
};

void bpfl_extern_names_deinit(struct bpfl_extern_names *names);

/* Adds the names of the typed externs (variables, kernel functions) that the image's programs refer
 * to; borrowed from the spec. */
int bpfl_extern_names_collect(const struct bpfl_image *image, struct bpfl_extern_names *names,
			      struct bpfl_error *err);

/* attach_target.c: the same for the functions and tracepoints that programs are bound to when they are loaded. */
int bpfl_attach_names_collect(const struct bpfl_image *image, struct bpfl_extern_names *names,
			      struct bpfl_error *err);

/* ---- ksyms.c ---- */

/* A symbol to be found in /proc/kallsyms. */
struct bpfl_ksym {
	const char *name; /* borrowed */
	uint64_t addr;
	bool found;
};

/*
 * Finds all of them in one pass. Symbols that are not there stay not found. -EINVAL when a name has
 * several addresses; -EPERM (kind PERMISSION) when the kernel shows zeroes instead of addresses;
 * else -errno of reading.
 */
int bpfl_ksyms_find(struct bpfl_target *target, struct bpfl_ksym *syms, size_t nr_syms,
		    struct bpfl_error *err);

/* ---- kconfig.c ---- */

/*
 * Functions of which a kernel whose system calls have wrappers has one, by architecture: what
 * LINUX_HAS_SYSCALL_WRAPPER goes by when the kernel's version is not known.
 */
const struct bpfl_core_name *bpfl_kconfig_wrapper_names(size_t *ret_nr);

/* ---- kconfig_file.c ---- */

#define BPFL_KCONFIG_SOURCE_SIZE 512
/* The configuration in a file that the user named, which becomes the source. -errno when it cannot be read. */
int bpfl_kconfig_read_named(const char *path, char source[BPFL_KCONFIG_SOURCE_SIZE],
			    struct bpfl_buf *ret_text, struct bpfl_error *err);

/*
 * The running kernel's configuration. source becomes the path of the file it came from. -ENOENT when there is
 * none; a described kernel has none.
 */
int bpfl_kconfig_read(const struct bpfl_target *target, char source[BPFL_KCONFIG_SOURCE_SIZE],
		      struct bpfl_buf *ret_text, struct bpfl_error *err);

/* The version of the kernel that a configuration file belongs to; 0 when it does not say, or cannot be read. */
uint32_t bpfl_kconfig_version(const char *path);

/* ---- kconfig.c ---- */

/*
 * Writes the values of kconfig externs into the data of the .kconfig map. used[i]: extern i is
 * referred to by a program that will be loaded; only for those a missing value is an error (-ESRCH,
 * unless weak). texts[i], where not NULL on return, is a malloc'ed sentence about what extern i
 * became; absent[i] becomes true for a weak one without a value.
 */
int bpfl_kconfig_fill(const struct bpfl_spec *spec, struct bpfl_target *target, const bool *used,
		      uint8_t *data, size_t data_size, const struct bpfl_log *log, char **texts,
		      bool *absent, struct bpfl_error *err);

#endif
