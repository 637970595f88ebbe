/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btfgen: writes the bytes of .BTF and .BTF.ext, well-formed or broken on purpose.
 *
 *     struct btfgen gen;
 *     btfgen_init(&gen, false);
 *     u32 = btfgen_int(&gen, "unsigned int", 4, 0);
 *     event = btfgen_struct(&gen, "event", 8);
 *     btfgen_member(&gen, "pid", u32, 0);          (offsets in bits)
 *     btfgen_member(&gen, "tid", u32, 32);
 *     bytes = btfgen_bytes(&gen, &size);           (borrowed until the next change or deinit)
 *     btfgen_deinit(&gen);
 *
 * Members, parameters, enumerators and section entries belong to the type made last; its vlen counts them. Ids
 * start at 1, or at gen.first_id for a split BTF. To break something: change gen.header before btfgen_bytes(),
 * or the words of a record with btfgen_put().
 * Everything is written in the other byte order when `swap` is true. Out of memory aborts the test.
 */
#ifndef BPFL_TESTS_BTFGEN_H
#define BPFL_TESTS_BTFGEN_H

#include "btf/btf.h"

/* A field of BTFGEN_AUTO is filled in by btfgen_bytes(). */
#define BTFGEN_AUTO 0xfffffffeu
#define BTFGEN_NO_TYPE 0xfffffff0u /* an id that never exists */

struct btfgen {
	bool swap;
	struct bpfl_buf types;
	struct bpfl_buf strings;
	struct bpfl_buf layout; /* 4 bytes per kind; makes the header 32 bytes long */
	struct bpfl_buf bytes;	/* the result */
	uint32_t first_id;	/* 1 */
	uint32_t first_str;	/* 0: offset of the first own string */
	uint32_t nr_types;
	size_t last; /* offset of the last type in types */
	struct {
		uint16_t magic;
		uint8_t version, flags;
		uint32_t size, type_off, type_len, str_off, str_len, layout_off, layout_len;
	} header;
};

void btfgen_init(struct btfgen *gen, bool swap);
void btfgen_deinit(struct btfgen *gen);
const void *btfgen_bytes(struct btfgen *gen, size_t *ret_size);
/* btfgen_bytes() read by bpfl_btf_read() without a base; NULL, with the text printed, when that fails. */
struct bpfl_btf *btfgen_read(struct btfgen *gen);

/* Offset of a new string (no sharing). "" is 0. */
uint32_t btfgen_string(struct btfgen *gen, const char *text);
/* One record's 12 bytes as given; >= 1: its id. */
uint32_t btfgen_record(struct btfgen *gen, uint32_t name_off, uint32_t info, uint32_t size_or_type);
/* A 32-bit word behind the last record. */
void btfgen_word(struct btfgen *gen, uint32_t word);
/* Overwrites word number word_idx of the last record (0 name_off, 1 info, 2 size or type, 3.. what follows). */
void btfgen_put(struct btfgen *gen, unsigned word_idx, uint32_t word);
/* Describes a kind in the layout section. */
void btfgen_layout(struct btfgen *gen, unsigned kind, uint8_t info_size, uint8_t elem_size);

uint32_t btfgen_type(struct btfgen *gen, enum bpfl_btf_kind kind, const char *name, uint32_t size_or_type);
uint32_t btfgen_int(struct btfgen *gen, const char *name, uint32_t size, uint32_t encoding);
uint32_t btfgen_ptr(struct btfgen *gen, uint32_t type);
uint32_t btfgen_array(struct btfgen *gen, uint32_t type, uint32_t index_type, uint32_t nr_elems);
uint32_t btfgen_struct(struct btfgen *gen, const char *name, uint32_t size);
uint32_t btfgen_union(struct btfgen *gen, const char *name, uint32_t size);
void btfgen_member(struct btfgen *gen, const char *name, uint32_t type, uint32_t bit_off);
/* Sets the struct's kind_flag; members added before must then be byte-aligned non-fields, which read the same. */
void btfgen_bit_field(struct btfgen *gen, const char *name, uint32_t type, uint32_t bit_off, uint32_t bit_size);
uint32_t btfgen_enum(struct btfgen *gen, const char *name, uint32_t size);
uint32_t btfgen_enum64(struct btfgen *gen, const char *name, bool is_signed);
void btfgen_enumerator(struct btfgen *gen, const char *name, int64_t value);
uint32_t btfgen_func_proto(struct btfgen *gen, uint32_t return_type);
void btfgen_param(struct btfgen *gen, const char *name, uint32_t type);
uint32_t btfgen_func(struct btfgen *gen, const char *name, uint32_t proto, uint32_t linkage);
uint32_t btfgen_var(struct btfgen *gen, const char *name, uint32_t type, uint32_t linkage);
uint32_t btfgen_datasec(struct btfgen *gen, const char *name, uint32_t size);
void btfgen_datasec_var(struct btfgen *gen, uint32_t var, uint32_t byte_off, uint32_t size);
uint32_t btfgen_decl_tag(struct btfgen *gen, const char *text, uint32_t type, int32_t component);

/*
 * .BTF.ext. Sections are begun in a table, records follow: words as in the file without padding.
 *
 *     extgen_init(&ext, false);
 *     extgen_section(&ext, EXTGEN_FUNCS, btfgen_string(&gen, "xdp"));
 *     extgen_record(&ext, EXTGEN_FUNCS, (uint32_t[]){ 0, func_id });
 *     bytes = extgen_bytes(&ext, &size);
 */
enum extgen_table { EXTGEN_FUNCS, EXTGEN_LINES, EXTGEN_CORES, EXTGEN_NR_TABLES };

struct extgen {
	bool swap;
	struct bpfl_buf tables[EXTGEN_NR_TABLES];
	size_t section_at[EXTGEN_NR_TABLES]; /* of the open section's header */
	/* 8, 16, 16; may be made larger before the first section: records are padded */
	uint32_t rec_size[EXTGEN_NR_TABLES];
	struct bpfl_buf bytes;
	struct {
		uint16_t magic;
		uint8_t version, flags;
		uint32_t size; /* 32, or 24 to leave the third table out */
		uint32_t off[EXTGEN_NR_TABLES], len[EXTGEN_NR_TABLES];
	} header;
};

void extgen_init(struct extgen *ext, bool swap);
void extgen_deinit(struct extgen *ext);
const void *extgen_bytes(struct extgen *ext, size_t *ret_size);
void extgen_section(struct extgen *ext, enum extgen_table table, uint32_t name_off);
/* words: 2 for functions, 4 for the others. */
void extgen_record(struct extgen *ext, enum extgen_table table, const uint32_t *words);
/* A word at the end of a table as it is. */
void extgen_word(struct extgen *ext, enum extgen_table table, uint32_t word);

#endif
