/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/kernel: finding and opening the BTF of a kernel.
 *
 * The running kernel's is /sys/kernel/btf/vmlinux: mmap since 6.16, read() before; only when that file does not
 * exist the places where distributions put a vmlinux with .BTF are tried. A file given by the user may be raw
 * BTF or an ELF file with a .BTF section.
 * 126,000 types are not checked and indexed one by one beforehand: one pass finds all names that are wanted,
 * and a sparse table of every 64th type makes ids addressable.
 */
#ifndef BPFL_BTF_KERNEL_H
#define BPFL_BTF_KERNEL_H

#include "btf/btf.h"

/* path NULL: the running kernel's. -ENOENT (kind UNSUPPORTED, E7) lists the files that were tried. */
int bpfl_btf_open_kernel(const char *path, struct bpfl_btf **ret_btf, struct bpfl_error *err);
/* The same, and a search for names on the one walk over the types that opening takes anyway. NULL: none. */
int bpfl_btf_open_kernel_searching(const char *path, struct bpfl_btf_search *search, struct bpfl_btf **ret_btf,
				   struct bpfl_error *err);

#endif
