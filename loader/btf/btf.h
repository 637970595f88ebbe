/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf: types, of an object or of a kernel.
 *
 * - bpfl_btf_read() checks everything once (bounds, kinds, strings, references, cycles); afterwards all ids,
 *   name offsets and vlens can be used without asking. Of a kernel's own BTF only the lengths of its records are
 *   looked at: the kernel made it.
 * - Records are kept in native byte order; foreign files are swapped while they are read.
 * - Id 0 is void. A split BTF (modules) continues the numbers and strings of its base.
 * - Type records are looked at through struct bpfl_btf_type, whose layout is the file format's (12 bytes and
 *   what follows by kind).
 */
#ifndef BPFL_BTF_BTF_H
#define BPFL_BTF_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "bpfload/btf.h"

enum bpfl_btf_kind {
	BPFL_KIND_VOID = 0,
	BPFL_KIND_INT = 1,
	BPFL_KIND_PTR = 2,
	BPFL_KIND_ARRAY = 3,
	BPFL_KIND_STRUCT = 4,
	BPFL_KIND_UNION = 5,
	BPFL_KIND_ENUM = 6,
	BPFL_KIND_FWD = 7,
	BPFL_KIND_TYPEDEF = 8,
	BPFL_KIND_VOLATILE = 9,
	BPFL_KIND_CONST = 10,
	BPFL_KIND_RESTRICT = 11,
	BPFL_KIND_FUNC = 12,
	BPFL_KIND_FUNC_PROTO = 13,
	BPFL_KIND_VAR = 14,
	BPFL_KIND_DATASEC = 15,
	BPFL_KIND_FLOAT = 16,
	BPFL_KIND_DECL_TAG = 17,
	BPFL_KIND_TYPE_TAG = 18,
	BPFL_KIND_ENUM64 = 19,
	BPFL_NR_KINDS = 20,
};

/* File records. info: bits 0-23 vlen (16 in older files), 24-30 kind, 31 kind_flag. */
struct bpfl_btf_type {
	uint32_t name_off;
	uint32_t info;
	union {
		uint32_t size; /* bytes: INT, STRUCT, UNION, ENUM, DATASEC, FLOAT, ENUM64 */
		uint32_t type; /* id: PTR, TYPEDEF, modifiers, FUNC, FUNC_PROTO (return), VAR, DECL_TAG, TYPE_TAG */
	};
};
struct bpfl_btf_array { uint32_t type, index_type, nr_elems; };
struct bpfl_btf_member { uint32_t name_off, type, offset; };
struct bpfl_btf_enum { uint32_t name_off; int32_t value; };
struct bpfl_btf_enum64 { uint32_t name_off, value_lo32, value_hi32; };
struct bpfl_btf_param { uint32_t name_off, type; };
struct bpfl_btf_var { uint32_t linkage; };
struct bpfl_btf_datasec_var { uint32_t type, byte_off, size_bytes; };
struct bpfl_btf_decl_tag { int32_t component_idx; };

enum { BPFL_LINKAGE_STATIC = 0, BPFL_LINKAGE_GLOBAL = 1, BPFL_LINKAGE_EXTERN = 2 }; /* of VAR and FUNC */
enum { BPFL_INT_SIGNED = 1, BPFL_INT_CHAR = 2, BPFL_INT_BOOL = 4 };

/* Types in a row that each refer to one other type (pointers, arrays, modifiers), and composites inside one another. */
#define BPFL_BTF_CHAIN_MAX 32

struct bpfl_btf;

/*
 * Reads the bytes of a .BTF section (or of a kernel's BTF file) into own memory. base is NULL or the BTF whose
 * numbers this continues; it must outlive the result. Kind OBJECT errors: "BTF: type 12 (struct 'x'): ...".
 */
int bpfl_btf_read(const void *bytes, size_t size, const struct bpfl_btf *base, struct bpfl_btf **ret_btf,
		  struct bpfl_error *err);
/*
 * The same, but bytes are not copied unless they have to be, for byte order or alignment: they must outlive
 * the result too.
 */
int bpfl_btf_borrow(const void *bytes, size_t size, const struct bpfl_btf *base, struct bpfl_btf **ret_btf,
		    struct bpfl_error *err);
void bpfl_btf_destroy(struct bpfl_btf *btf);

/* Number of types including void and those of the base: valid ids are 0 .. nr - 1. */
uint32_t bpfl_btf_nr_types(const struct bpfl_btf *btf);
/* The lowest id of the own part: 1, or the base's number of types. */
uint32_t bpfl_btf_first_id(const struct bpfl_btf *btf);
/* Whether the file was in the other byte order than this machine's. */
bool bpfl_btf_is_foreign(const struct bpfl_btf *btf);
/* Bytes of a pointer: 8 for BPF objects; what "long" has in a kernel's BTF. */
uint32_t bpfl_btf_ptr_size(const struct bpfl_btf *btf);
/* The record of a type; NULL for an id out of range (a void record for 0). Borrowed. */
const struct bpfl_btf_type *bpfl_btf_type(const struct bpfl_btf *btf, uint32_t type_id);
/* The text at a name offset; "" when there is none or it is out of range. Borrowed. */
const char *bpfl_btf_string(const struct bpfl_btf *btf, uint32_t name_off);
const char *bpfl_btf_name(const struct bpfl_btf *btf, uint32_t type_id);
/* The whole blob in native byte order, as BTF_LOAD wants it (own part only for split BTF). Borrowed. */
const void *bpfl_btf_bytes(const struct bpfl_btf *btf, size_t *ret_size);

static inline enum bpfl_btf_kind bpfl_btf_kind(const struct bpfl_btf_type *type)
{
	return (enum bpfl_btf_kind)((type->info >> 24) & 0x7f);
}
static inline uint32_t bpfl_btf_vlen(const struct bpfl_btf_type *type) { return type->info & 0xffffff; }
static inline bool bpfl_btf_kflag(const struct bpfl_btf_type *type) { return type->info >> 31; }
static inline const void *bpfl_btf_extra(const struct bpfl_btf_type *type) { return type + 1; }
static inline const struct bpfl_btf_array *bpfl_btf_array(const struct bpfl_btf_type *t)
{
	return (const struct bpfl_btf_array *)(t + 1);
}
static inline const struct bpfl_btf_member *bpfl_btf_members(const struct bpfl_btf_type *t)
{
	return (const struct bpfl_btf_member *)(t + 1);
}
static inline const struct bpfl_btf_enum *bpfl_btf_enums(const struct bpfl_btf_type *t)
{
	return (const struct bpfl_btf_enum *)(t + 1);
}
static inline const struct bpfl_btf_enum64 *bpfl_btf_enums64(const struct bpfl_btf_type *t)
{
	return (const struct bpfl_btf_enum64 *)(t + 1);
}
static inline const struct bpfl_btf_param *bpfl_btf_params(const struct bpfl_btf_type *t)
{
	return (const struct bpfl_btf_param *)(t + 1);
}
static inline const struct bpfl_btf_datasec_var *bpfl_btf_datasec_vars(const struct bpfl_btf_type *t)
{
	return (const struct bpfl_btf_datasec_var *)(t + 1);
}
static inline uint32_t bpfl_btf_var_linkage(const struct bpfl_btf_type *t)
{
	return ((const struct bpfl_btf_var *)(t + 1))->linkage;
}
static inline int32_t bpfl_btf_tag_component(const struct bpfl_btf_type *t)
{
	return ((const struct bpfl_btf_decl_tag *)(t + 1))->component_idx;
}
static inline uint32_t bpfl_btf_int_encoding(const struct bpfl_btf_type *t)
{
	return (*(const uint32_t *)(t + 1) >> 24) & 0x0f;
}
static inline uint32_t bpfl_btf_int_bits(const struct bpfl_btf_type *t) { return *(const uint32_t *)(t + 1) & 0xff; }
static inline uint32_t bpfl_btf_int_bit_off(const struct bpfl_btf_type *t)
{
	return (*(const uint32_t *)(t + 1) >> 16) & 0xff;
}
/* Bit offset of member i from the start of its struct, and its bit size (0: not a bit-field). */
uint32_t bpfl_btf_member_bit_off(const struct bpfl_btf_type *t, uint32_t member_idx);
uint32_t bpfl_btf_member_bit_size(const struct bpfl_btf_type *t, uint32_t member_idx);

/* First type of that kind and name at or after start_id; 0 when there is none. */
uint32_t bpfl_btf_find(const struct bpfl_btf *btf, enum bpfl_btf_kind kind, const char *name, uint32_t start_id);

/* The value of an enumerator of any enum, the first of that name. Unsigned ones of 64 bits are the same bits. */
bool bpfl_btf_enumerator_find(const struct bpfl_btf *btf, const char *name, int64_t *ret_value);

/*
 * Many names in one pass (btf/search.c).
 *
 * A kernel has 126,000 types; looking once for each of a hundred names would walk all of them a hundred times.
 * So the caller says first what it wants, then one pass collects, per name, the ids of all types that have it.
 *
 *     struct bpfl_btf_search search;
 *     bpfl_btf_search_init(&search, BPFL_BTF_KINDS_DATA, cut_flavour);
 *     idx = bpfl_btf_search_want(&search, "task_struct", 11);
 *     bpfl_btf_search_run(&search, kernel_btf);
 *     ids = bpfl_btf_search_ids(&search, idx, &nr_ids);
 *     bpfl_btf_search_deinit(&search);
 */
#define BPFL_BTF_KIND_BIT(kind) (1u << (kind))
/* What CO-RE can have candidates of: everything with a name that is data. */
#define BPFL_BTF_KINDS_DATA \
	(BPFL_BTF_KIND_BIT(BPFL_KIND_INT) | BPFL_BTF_KIND_BIT(BPFL_KIND_STRUCT) | BPFL_BTF_KIND_BIT(BPFL_KIND_UNION) | \
	 BPFL_BTF_KIND_BIT(BPFL_KIND_ENUM) | BPFL_BTF_KIND_BIT(BPFL_KIND_ENUM64) | BPFL_BTF_KIND_BIT(BPFL_KIND_FWD) | \
	 BPFL_BTF_KIND_BIT(BPFL_KIND_TYPEDEF) | BPFL_BTF_KIND_BIT(BPFL_KIND_FLOAT))

/*
 * Says how many bytes of a type's name count ("task_struct___old" -> 11). Must give at least 1 for a name
 * that is not empty.
 */
typedef size_t (*bpfl_btf_cut_fn)(const char *name, size_t name_size);

struct bpfl_btf_search {
	uint32_t kinds; /* BPFL_BTF_KIND_BIT()s */
	bpfl_btf_cut_fn cut; /* NULL: whole names */
	struct bpfl_hash names; /* wanted name -> index in lists */
	BPFL_VEC(struct bpfl_btf_ids { uint32_t *items; size_t nr; size_t cap; uint32_t kinds; }) lists;
	/*
	 * Bits of the first 2, 4 and 8 bytes of the wanted names (by how long those are): passes over most
	 * names without reading on.
	 */
	struct bpfl_btf_prefixes { bool used; uint64_t bits[1024]; } prefixes[3];
};

void bpfl_btf_search_init(struct bpfl_btf_search *search, uint32_t kinds, bpfl_btf_cut_fn cut);
void bpfl_btf_search_deinit(struct bpfl_btf_search *search);
/* Room for so many names, to be called before the first: without it room is made as they come. 0 or -ENOMEM. */
int bpfl_btf_search_reserve(struct bpfl_btf_search *search, size_t nr_names);
/*
 * >= 0: the index of this name, the same for the same name; -EINVAL for an empty one, -ENOMEM. name is
 * borrowed until deinit.
 */
int bpfl_btf_search_want(struct bpfl_btf_search *search, const char *name, size_t name_size);
/* Collects from btf and its bases, in order of ids. 0 or -ENOMEM. Running it again starts anew. */
int bpfl_btf_search_run(struct bpfl_btf_search *search, const struct bpfl_btf *btf);
/* The same from the own types of a split BTF only. */
int bpfl_btf_search_run_own(struct bpfl_btf_search *search, const struct bpfl_btf *btf);
/* Of which kinds they are: BPFL_BTF_KIND_BIT()s. To be asked before they are taken. */
uint32_t bpfl_btf_search_kinds(const struct bpfl_btf_search *search, int idx);
/* The ids found for an index: rising, borrowed until run or deinit. */
const uint32_t *bpfl_btf_search_ids(const struct bpfl_btf_search *search, int idx, size_t *ret_nr);

/* The same, but they become the caller's, to be freed; NULL when there are none. */
uint32_t *bpfl_btf_search_take(struct bpfl_btf_search *search, int idx, size_t *ret_nr);

/* btf/type.c: questions about a type. All are safe against cycles. */
/*
 * Follows const, volatile, restrict, typedef, type_tag; also the id of what is found (ret_id may be NULL).
 * Never NULL: an id out of range, or a chain of more than BPFL_BTF_CHAIN_MAX (only unchecked kernel BTF can
 * have those), gives void with id 0.
 */
const struct bpfl_btf_type *bpfl_btf_skip_modifiers(const struct bpfl_btf *btf, uint32_t type_id, uint32_t *ret_id);
/* Size in bytes of a type (arrays multiplied); -EINVAL for void, functions, too deep; -E2BIG above 4 GiB. */
int bpfl_btf_size(const struct bpfl_btf *btf, uint32_t type_id, uint32_t *ret_size);
/* Alignment in bytes (1, 2, 4, 8); 0 when unknown. */
uint32_t bpfl_btf_align(const struct bpfl_btf *btf, uint32_t type_id);
/* Whether an array of this type is a string: char in any spelling. */
bool bpfl_btf_is_char(const struct bpfl_btf *btf, uint32_t type_id);
const char *bpfl_btf_kind_name(enum bpfl_btf_kind kind);
/* A C-like name for messages: "struct event", "u32", "char[16]", "int *". Returns out. */
char *bpfl_btf_type_text(const struct bpfl_btf *btf, uint32_t type_id, char *out, size_t out_size);

#endif
