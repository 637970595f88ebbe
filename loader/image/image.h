/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image: spec x target. Everything that can be decided without a file descriptor has been decided.
 *
 * - image->maps[i] belongs to spec->maps[i]: sizes rounded and filled in for this kernel, BTF ids dropped where
 *   the kernel rejects them.
 * - image->progs: one flat instruction list per selected program, subprograms appended, calls fixed, CO-RE
 *   applied. What needs an fd is listed in `fixups`: kern/ writes the fd into the instruction.
 * - image->btf_bytes: what BPF_BTF_LOAD gets: the types that something loaded refers to, data sections sized.
 *   They have other numbers than in spec->btf, and strings other places: func_info, line_info and instructions
 *   speak of btf_bytes, everything else of spec->btf.
 * - func_info and line_info are ready for PROG_LOAD.
 */
#ifndef BPFL_IMAGE_IMAGE_H
#define BPFL_IMAGE_IMAGE_H

#include "bpfload/image.h"
#include "image/target.h"
#include "spec/spec.h"

struct bpfl_image_map {
	bool needed; /* to be created: a selected program (or a needed map) refers to it, or no program does at all */
	char kernel_name[16]; /* GLB-03 and G-47: what the kernel will show */
	uint32_t type, key_size, value_size, max_entries, flags, numa_node;
	uint64_t map_extra;
	uint32_t key_type_id, value_type_id; /* of spec->btf, for MAP_CREATE; 0 where the kernel rejects BTF (FIX-07) */
	uint32_t event_type_id; /* value type of ring buffers and perf arrays: kept for decoding */
	struct bpfl_image_map *inner; /* template, owned, or NULL */
	const char *inner_where;      /* a live map as the template, spec's words; NULL none */
	const uint8_t *data;	      /* initial value (spec's, or own_data); NULL none */
	uint8_t *own_data;	      /* kconfig values, the value of a struct_ops map: owned */
	uint32_t data_size;
	uint64_t data_off; /* ARENA: where in the arena data lies */
	/*
	 * STRUCT_OPS: value_size and own_data are the kernel's struct "bpf_struct_ops_NAME"; ops: where in
	 * it programs go.
	 */
	uint32_t kernel_value_type_id;
	uint32_t kernel_value_module_idx; /* in module_btf_ids; 0 vmlinux */
	BPFL_VEC(struct bpfl_ops_member) ops; /* byte_off in own_data */
};

enum bpfl_fixup_kind {
	BPFL_FIXUP_MAP_FD,    /* insn[0].imm = fd of map idx */
	BPFL_FIXUP_MAP_VALUE, /* insn[0].imm = fd of map idx; insn[1].imm is set already */
	BPFL_FIXUP_BTF_FD,    /* insn[1].imm = fd of module BTF idx (0: vmlinux needs none) */
	BPFL_FIXUP_JUMP_TABLE, /* insn[0].imm = fd of a map made of jump_tables[idx] of the program */
};

struct bpfl_fixup {
	uint32_t insn_idx;
	enum bpfl_fixup_kind kind;
	uint32_t idx;
};

struct bpfl_func_info { uint32_t insn_off, type_id; }; /* kernel layout; insn_off in instructions */
struct bpfl_line_info { uint32_t insn_off, file_name_off, line_off, line_col; };

struct bpfl_subprog { uint32_t func_idx, insn_idx, nr_insns; }; /* where a function ended up */

struct bpfl_image_jump_table {
	uint32_t table_idx; /* in spec->jump_tables */
	uint32_t insn_idx;  /* where the function that it belongs to begins in the program */
};

struct bpfl_core_query;
struct bpfl_core_solver;

/*
 * One applied (or failed) CO-RE relocation or extern. In words: bpfl_core_result_text(). A program's
 * results are sorted by insn_idx.
 */
struct bpfl_core_result {
	uint32_t insn_idx; /* in the program */
	uint32_t core_idx; /* in spec->cores, or BPFL_CORE_RESULT_EXTERN */
	char *text;	   /* extern: what became of it, in words; owned. CO-RE: NULL */
	uint64_t kernel_value; /* CO-RE: the number that was written; all else that is known stands in query->answer */
	bool poisoned; /* the instruction was replaced by an invalid call: harmless until reached */
	bool absent;   /* extern: weak, and this kernel does not have it */
	const struct bpfl_core_query *query; /* CO-RE: question and answer, in image->core; else NULL */
	const char *obstacle; /* CO-RE: why it is poisoned although the kernel has an answer; static text, NULL none */
};

#define BPFL_CORE_RESULT_EXTERN UINT32_MAX /* an extern, resolved or (weak) not */

struct bpfl_image_prog {
	uint32_t prog_idx; /* in spec->progs */
	char kernel_name[16];
	/*
	 * The flat program with its annotations: the entry function, then each subprogram. CO-RE and
	 * externs patch insts[i].insn.
	 */
	struct bpfl_inst *insts;
	uint32_t nr_insts;
	/*
	 * What PROG_LOAD gets: the bare instructions of insts, copied out when all passes are done
	 * (nr_insns == nr_insts).
	 */
	struct bpfl_insn *insns;
	uint32_t nr_insns;
	BPFL_VEC(struct bpfl_fixup) fixups;
	BPFL_VEC(struct bpfl_func_info) func_info; /* empty: do not pass any (SUB-03) */
	BPFL_VEC(struct bpfl_line_info) line_info;
	BPFL_VEC(struct bpfl_subprog) subprogs;	   /* [0] is the entry function */
	BPFL_VEC(struct bpfl_image_jump_table) jump_tables;
	uint32_t attach_btf_id; /* in the kernel's BTF; 0 none */
	uint32_t attach_btf_module_idx; /* 0 vmlinux */
	/* expected_attach_type: the spec's; of a struct_ops program the number of the member in the kernel's struct */
	uint32_t attach_type;
	/* What CO-RE and externs did, for `bpfload image` and for reading verifier logs. */
	BPFL_VEC(struct bpfl_core_result) core_results;
};

struct bpfl_image {
	const struct bpfl_spec *spec; /* borrowed */
	struct bpfl_image_map *maps;  /* spec->maps.nr of them */
	struct bpfl_image_prog *progs;
	size_t nr_progs;
	void *btf_bytes; /* malloc'ed; NULL: the object has no BTF */
	size_t btf_size;
	/* by type id of spec->btf: the id in btf_bytes, 0 not in it; NULL: no BTF, or the same ids */
	uint32_t *btf_ids;
	bool btf_needed; /* a map or a program to be loaded uses it */
	struct bpfl_target *target; /* borrowed: for words about CO-RE; NULL before CO-RE was applied */
	struct bpfl_core_solver *core;	  /* what the programs' CO-RE records asked, and the answers; owned */
	/* Modules whose BTF fd goes into fd_array / fixups: ids of kernel BTF objects; [0] stands for vmlinux. */
	BPFL_VEC(uint32_t) module_btf_ids;
};

/*
 * btf_load.c. The id in btf_bytes of a type of spec->btf (0: not in it), and the text at a name offset of
 * btf_bytes ("" outside).
 */
uint32_t bpfl_image_btf_id(const struct bpfl_image *image, uint32_t type_id);
const char *bpfl_image_btf_string(const struct bpfl_image *image, uint32_t name_off);

/* Whether a read-only map carries bpf_metadata_* variables: text about the programs for other tools (GLB-14). */
bool bpfl_image_map_has_metadata(const struct bpfl_spec *spec, size_t map_idx);

/*
 * The poison that stands for an unresolved CO-RE relocation or kfunc: a call of a helper that cannot exist
 * (same numbers as everybody uses, so that people can search for them).
 */
#define BPFL_POISON_CORE_IMM 195896080
#define BPFL_POISON_KFUNC_BASE 2002000000

#endif
