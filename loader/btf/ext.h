/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/ext: .BTF.ext -> per-section records about instructions.
 *
 * The section has three tables (functions, source lines, CO-RE relocations), each grouped by the name of the
 * ELF section whose instructions it speaks of. Offsets are bytes within that section, as in the file. Records
 * longer than known are cut to the known part; the length of the header decides whether the CO-RE table is
 * there (it came with LLVM 10).
 */
#ifndef BPFL_BTF_EXT_H
#define BPFL_BTF_EXT_H

#include "btf/btf.h"

struct bpfl_ext_func { uint32_t section_name_off, byte_off, type_id; };
struct bpfl_ext_line { uint32_t section_name_off, byte_off, file_name_off, line_off, line_col; /* line << 10 | column */ };
struct bpfl_ext_core { uint32_t section_name_off, byte_off, type_id, access_off, kind; };

/* each table in file order: sections as they come, byte_off rising within one is NOT guaranteed */
struct bpfl_btf_ext {
	struct bpfl_ext_func *funcs;
	size_t nr_funcs;
	struct bpfl_ext_line *lines;
	size_t nr_lines;
	struct bpfl_ext_core *cores;
	size_t nr_cores;
};

/* Name offsets and type ids are checked against btf. swap: the bytes are in foreign order. */
int bpfl_btf_ext_read(const void *bytes, size_t size, bool swap, const struct bpfl_btf *btf,
		      struct bpfl_btf_ext **ret_ext, struct bpfl_error *err);
void bpfl_btf_ext_destroy(struct bpfl_btf_ext *ext);

#endif
