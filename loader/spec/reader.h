/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec/reader: what the passes of spec/read.c share while one file is read.
 *
 * The reader holds the checked ELF tables (input, never changed), the spec being made, and the look-up tables
 * that tie the two together: what a section is, which function contains a byte, which map or extern a symbol
 * means. It is gone when reading ends.
 * Every pass is one function in its own file: 0, or -errno with the error set.
 */
#ifndef BPFL_SPEC_READER_H
#define BPFL_SPEC_READER_H

#include "base/hash.h"
#include "btf/ext.h"
#include "elf/elf.h"
#include "spec/spec.h"

/* What a section is to a loader, by its name and flags. */
enum bpfl_section_class {
	BPFL_SEC_OTHER,	      /* skipped, with a note */
	BPFL_SEC_QUIET,	      /* skipped without a word: debug information, string tables, ... */
	BPFL_SEC_CODE,	      /* executable */
	BPFL_SEC_LICENSE,
	BPFL_SEC_VERSION,
	BPFL_SEC_MAPS,	      /* .maps */
	BPFL_SEC_LEGACY_MAPS, /* maps, maps/NAME, lirc_mode2/maps */
	BPFL_SEC_DATA,	      /* .data*, .rodata*, .bss*, .percpu*: one map each */
	BPFL_SEC_STRUCT_OPS,
	BPFL_SEC_ARENA,	      /* .addr_space.1 */
	BPFL_SEC_JUMPTABLES,
	BPFL_SEC_BTF,
	BPFL_SEC_BTF_EXT,
};

struct bpfl_reader_section {
	enum bpfl_section_class class;
	uint32_t first_func, nr_funcs; /* CODE: spec->funcs of this section, sorted by byte_off */
	uint32_t map_idx;	       /* DATA: its map, or BPFL_READER_NONE when the section is empty */
};

#define BPFL_READER_NONE UINT32_MAX
#define BPFL_OLD_GCC_TEXT "compiled by GCC 12 or older, which gives variables and functions the wrong places"

/* Where a map is defined. Sorted by place, so that a reference finds its map by section and offset (REL-01). */
struct bpfl_map_place {
	uint32_t section_idx, byte_off, size_bytes, map_idx;
	uint32_t values_off; /* bytes from byte_off to the array `values`, 0 none */
};

struct bpfl_reader {
	const struct bpfl_elf *elf;
	struct bpfl_spec *spec;
	struct bpfl_error *err;
	struct bpfl_buf *file;		      /* what elf is borrowed from: the spec may take it; NULL: it may not */
	struct bpfl_btf_ext *ext;	      /* NULL without .BTF.ext */
	struct bpfl_reader_section *sections; /* elf->nr_sections */
	uint32_t *symbol_extern;	      /* elf->nr_symbols: extern of an undefined symbol, or BPFL_READER_NONE */
	/* spec->funcs.nr: program that a function is the entry of, or BPFL_READER_NONE */
	uint32_t *func_prog;
	BPFL_VEC(struct bpfl_map_place) map_places;
	struct bpfl_hash datasec_ids, var_ids, legacy_ids; /* name -> BTF id: DATASEC, VAR, struct ____btf_map_NAME */
	uint64_t data_sum;		      /* bytes of all data sections so far */
	/* jump_table.c: elf->nr_symbols: the last table that was made of a symbol, or BPFL_READER_NONE; NULL: of none */
	uint32_t *symbol_jumps;
	uint64_t nr_jumps;		      /* places in all jump tables so far */
	bool old_gcc;			      /* classify.c: places of symbols are wrong */
};

/* Passes, in the order in which spec/read.c calls them. */
int bpfl_read_sections(struct bpfl_reader *reader);	/* classify.c: what each section is; license, version */
int bpfl_read_btf(struct bpfl_reader *reader);		/* classify.c: .BTF and .BTF.ext */
int bpfl_read_funcs(struct bpfl_reader *reader);	/* func.c: functions */
int bpfl_read_progs(struct bpfl_reader *reader);	/* func.c: which of them are programs */
int bpfl_read_map_defs(struct bpfl_reader *reader);	/* map_def.c: .maps */
int bpfl_read_legacy_maps(struct bpfl_reader *reader);	/* map_legacy.c */
int bpfl_read_data(struct bpfl_reader *reader);		/* data.c: one map for each data section, and then: */
int bpfl_read_struct_ops(struct bpfl_reader *reader);	/* struct_ops.c: one map for each variable of .struct_ops */
int bpfl_read_vars(struct bpfl_reader *reader);		/* var.c: what is in the data maps */
int bpfl_read_externs(struct bpfl_reader *reader);	/* extern.c */
int bpfl_read_relocs(struct bpfl_reader *reader);	/* reloc.c: what instructions refer to */
int bpfl_read_local_calls(struct bpfl_reader *reader);	/* reloc.c: calls that need no relocation */
/* annotate.c: source lines, types of functions, CO-RE records */
int bpfl_read_annotations(struct bpfl_reader *reader);
int bpfl_read_slots(struct bpfl_reader *reader);	/* slots.c: values = { ... } of maps */
int bpfl_read_ops_members(struct bpfl_reader *reader);	/* struct_ops.c: the programs that those variables point to */
int bpfl_read_pointers(struct bpfl_reader *reader);	/* pointers.c: addresses in initialised data */
/* func.c: second names of a function get the same instructions */
int bpfl_read_aliases(struct bpfl_reader *reader);
int bpfl_read_markers(struct bpfl_reader *reader);	/* markers.c: what the object says about itself */

/* The function of a section that contains a byte, or NULL. */
struct bpfl_func *bpfl_reader_func_at(const struct bpfl_reader *reader, uint32_t section_idx, uint64_t byte_off);
/*
 * The function that begins there. -ENOENT / -EINVAL with the error set: "no function begins at byte ...",
 * "in the middle of function 'f'".
 */
int bpfl_reader_func_start(const struct bpfl_reader *reader, uint32_t section_idx, uint64_t byte_off,
			   uint32_t *ret_func_idx);
/* The map that is defined there, or BPFL_READER_NONE. */
uint32_t bpfl_reader_map_at(const struct bpfl_reader *reader, uint32_t section_idx, uint64_t byte_off);
/* The definition that contains a byte, or NULL. */
const struct bpfl_map_place *bpfl_reader_place_of(const struct bpfl_reader *reader, uint32_t section_idx,
						  uint64_t byte_off);
/* The BTF type of that kind (DATASEC, VAR; STRUCT only for BPFL_LEGACY_TYPE_PREFIX names) and name; 0 none. */
uint32_t bpfl_reader_btf_id(const struct bpfl_reader *reader, enum bpfl_btf_kind kind, const char *name);
#define BPFL_LEGACY_TYPE_PREFIX "____btf_map_"
/*
 * jump_table.c: the table that a symbol of .jumptables stands for, of jumps in that function. -EINVAL / -E2BIG with the
 * error set: a place outside the function, ...
 */
int bpfl_reader_jump_table(struct bpfl_reader *reader, const struct bpfl_func *func, uint32_t symbol_idx,
			   uint32_t *ret_table_idx);
/* Remembers where a map is defined; bpfl_reader_sort_places() before the first look-up. */
int bpfl_reader_add_place(struct bpfl_reader *reader, const struct bpfl_map_place *place);
void bpfl_reader_sort_places(struct bpfl_reader *reader);

/*
 * A new map at the end of spec->maps: name, origin and section are copied. NULL without memory. Valid until
 * the next one.
 */
struct bpfl_map_spec *bpfl_reader_add_map(struct bpfl_reader *reader, const char *name, enum bpfl_map_origin origin,
					  uint32_t section_idx, uint32_t byte_off);

/* An error in the file: kind OBJECT, EINVAL, with the text. Returns -EINVAL. */
#define bpfl_reader_fail(reader, ...) bpfl_error_set((reader)->err, BPFL_ERR_OBJECT, EINVAL, __VA_ARGS__)

/* Free what an item owns. */
void bpfl_map_spec_deinit(struct bpfl_map_spec *map);
void bpfl_prog_deinit(struct bpfl_prog *prog);
void bpfl_func_deinit(struct bpfl_func *func);
void bpfl_jump_table_deinit(struct bpfl_jump_table *table);
void bpfl_marker_deinit(struct bpfl_marker *marker);
/* Sets the type fields of a program from its section's name, or another one: 0, -ENOMEM. */
int bpfl_prog_set_hit(struct bpfl_prog *prog, const char *section_name);

#endif
