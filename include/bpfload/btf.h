/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BTF: the types of a kernel or of an object, read, printed and compared. Needs no privileges.
 *
 *     struct bpfl_btf *btf;
 *     bpfl_btf_read_file(NULL, NULL, &btf, &err);              (the running kernel's)
 *     bpfl_btf_print(btf, BPFL_BTF_C, NULL, write, ctx, &err); (a vmlinux.h)
 *     bpfl_btf_destroy(btf);
 *
 * Threads: a BTF that was read never changes; any number of threads may use it at the same time.
 */
#ifndef BPFLOAD_BTF_H
#define BPFLOAD_BTF_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bpfl_btf;

/*
 * Reads types from a file and checks them.
 * @path: raw BTF, or an ELF file with a section .BTF (an object, a vmlinux, a module); at most
 *	1 GiB. NULL: the running kernel's BTF, /sys/kernel/btf/vmlinux (mapped, Linux 6.16) or
 *	where distributions put it.
 * @base: NULL, or the BTF whose numbers this file continues: that of the kernel for
 *	/sys/kernel/btf/MODULE. Must outlive the result. A module's file with a section .BTF.base
 *	(an outline of the kernel's types, Linux 6.11) continues any kernel in which each outline is
 *	found by name, kind and size; without a base the outlines stand in front of its own types.
 * @ret_btf: to be given to bpfl_btf_destroy(); keeps no connection to the file.
 * Return: 0, or -errno: -ENOENT, -EACCES for the file; -EINVAL (kind OBJECT) for what is in it,
 *	-ENODATA for an ELF file without .BTF; -ENOENT (kind OBJECT) for an outline that the base
 *	has not; -ENOENT (kind UNSUPPORTED, E7) when the running kernel has none.
 */
BPFL_API int bpfl_btf_read_file(const char *path, const struct bpfl_btf *base, struct bpfl_btf **ret_btf,
				struct bpfl_error *err);
/*
 * The same for a module whose two sections are in files of their own (objcopy -O binary --only-section): @path
 * has .BTF, @outline_path .BTF.base. @base: the kernel's BTF, in which each outline is found; or NULL.
 * Return: as bpfl_btf_read_file() for a module's file with both.
 */
BPFL_API int bpfl_btf_read_outlined(const char *path, const char *outline_path, const struct bpfl_btf *base,
				    struct bpfl_btf **ret_btf, struct bpfl_error *err);
/* NULL is fine. A BTF that has this one as its base must be gone. */
BPFL_API void bpfl_btf_destroy(struct bpfl_btf *btf);

/*
 * Takes the text that the functions below make, in pieces of up to 256 KiB (not NUL-terminated,
 * valid during the call).
 * Return: 0, or -errno, which ends the printing and is returned by it.
 */
typedef int (*bpfl_write_fn)(void *ctx, const char *text, size_t size);

enum bpfl_btf_format {
	BPFL_BTF_C,    /* a header for BPF programs: every type with the layout that it has in the BTF */
	BPFL_BTF_RAW,  /* one line for each type, and one for each member, with ids */
	BPFL_BTF_JSON, /* {"types":[...]} with one type on a line */
};

struct bpfl_btf_print_opts {
	size_t size;	 /* sizeof(struct bpfl_btf_print_opts); lets the struct grow */
	bool no_kfuncs;	 /* C: without prototypes of the kernel's functions for BPF programs */
};

/*
 * Prints all types (of split BTF: its own, and in C those of the base that they need).
 * @opts: may be NULL.
 * Return: 0; what @write returned, then without a text in @err; -E2BIG (kind OBJECT) for types
 *	that are nested so deeply or so often that they cannot be written down in a reasonable
 *	size; -ENOMEM.
 */
BPFL_API int bpfl_btf_print(const struct bpfl_btf *btf, enum bpfl_btf_format format,
			    const struct bpfl_btf_print_opts *opts, bpfl_write_fn write, void *ctx,
			    struct bpfl_error *err);

/*
 * Prints the types of one name, of every kind: in C each with id, size, and the place of each member.
 * @name: the name, or a pattern with '*' and '?'.
 * Return: 0; -ENOENT (kind USAGE, near names in fix) when there is none; else as bpfl_btf_print().
 */
BPFL_API int bpfl_btf_print_named(const struct bpfl_btf *btf, const char *name, enum bpfl_btf_format format,
				  bpfl_write_fn write, void *ctx, struct bpfl_error *err);

/*
 * Prints what changed from one BTF to another: types added and removed; members added, removed,
 * moved, resized, of another type; enumerators; prototypes of functions. Types are compared by
 * name: ids and order do not matter.
 * @format: TEXT, or JSON with one object on a line for each type.
 * @ret_nr: how many types were added, removed or changed: 0 when both BTFs say the same. May be NULL.
 * Return: 0, or as bpfl_btf_print().
 */
BPFL_API int bpfl_btf_diff(const struct bpfl_btf *before, const struct bpfl_btf *after, enum bpfl_format format,
			   bpfl_write_fn write, void *ctx, size_t *ret_nr, struct bpfl_error *err);

#ifdef __cplusplus
}
#endif

#endif
