/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/own: what only this room sees of a BTF.
 *
 * Types have different lengths, so an id does not say where its record is. offsets holds the place of every
 * 2^step_shift-th own type: of each one for an object (step_shift 0), of every 64th for a kernel, where a full
 * table would cost half a megabyte of page faults and a lookup is followed by few others.
 */
#ifndef BPFL_BTF_OWN_H
#define BPFL_BTF_OWN_H

#include "btf/btf.h"

#define BPFL_BTF_MAGIC 0xeb9fu
#define BPFL_BTF_MAGIC_SWAPPED 0x9febu
#define BPFL_BTF_VERSION 1
#define BPFL_BTF_HEADER_SIZE 24u /* without the layout section's place, which makes it 32 */

#define BPFL_BTF_STEP_DENSE 0u
#define BPFL_BTF_STEP_SPARSE 6u

/*
 * Length of a record of a kind that is not known here, from the file's layout section: 12 + info_size +
 * vlen * elem_size.
 */
struct bpfl_btf_layout {
	uint8_t info_size;
	uint8_t elem_size;
	uint8_t is_known; /* described */
};

struct bpfl_btf {
	const struct bpfl_btf *base;
	uint8_t *owned;	   /* malloc'ed copy of the file, or NULL */
	void *mapped;	   /* mapping of the kernel's file, or NULL */
	size_t mapped_size;
	const uint8_t *bytes; /* one of both */
	size_t size;
	const uint8_t *types;
	uint32_t types_size;
	const char *strings;
	uint32_t strings_size;
	uint32_t first_str; /* end of the base's strings: own ones begin at this offset */
	uint32_t first_id;
	uint32_t nr_types; /* with those of the base and void */
	uint32_t ptr_size;
	bool is_foreign;
	unsigned step_shift;
	BPFL_VEC(uint32_t) offsets; /* into types */
	struct bpfl_btf_layout layouts[128];
};

/*
 * Checks header, strings, and that the records follow each other up to the end of the type section, all of
 * known length. copy false: bytes are not copied unless they have to be swapped; they must outlive the result.
 */
int bpfl_btf_open(const void *bytes, size_t size, bool copy, unsigned step_shift, const struct bpfl_btf *base,
		  struct bpfl_btf **ret_btf, struct bpfl_error *err);
/* The same for a BTF without a base, with a search (or NULL) that looks at each type on the way. */
int bpfl_btf_open_searching(const void *bytes, size_t size, bool copy, unsigned step_shift,
			    struct bpfl_btf_search *search, struct bpfl_btf **ret_btf, struct bpfl_error *err);

/* btf/search.c: forgets what was found, not what is wanted. */
void bpfl_btf_search_restart(struct bpfl_btf_search *search);
/* Whether the kind is one that is looked for. Inline, because most types end here. */
static inline bool bpfl_btf_search_has_kind(const struct bpfl_btf_search *search, const struct bpfl_btf_type *type)
{
	unsigned kind = bpfl_btf_kind(type);

	return kind < BPFL_NR_KINDS && search->kinds & BPFL_BTF_KIND_BIT(kind);
}
/* Notes a type of such a kind if its name is wanted. 0 or -ENOMEM. */
int bpfl_btf_search_look(struct bpfl_btf_search *search, const struct bpfl_btf *btf,
			 const struct bpfl_btf_type *type, uint32_t id);
/* btf/check.c: everything inside the records of an untrusted BTF, and what refers to what. */
int bpfl_btf_check(const struct bpfl_btf *btf, struct bpfl_error *err);

/*
 * Length of a record whose header is readable; 0 for an unknown kind. A switch and no table: which kind comes
 * is guessed well by the processor, so it need not wait for a load and a multiplication to know where the next
 * record is. Over a kernel's 126,000 types that is 0.44 against 0.64 ms.
 */
static inline uint64_t bpfl_btf_record_size(const struct bpfl_btf *btf, const struct bpfl_btf_type *type)
{
	uint64_t vlen = bpfl_btf_vlen(type);
	const struct bpfl_btf_layout *layout;

	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_PTR:
	case BPFL_KIND_FWD:
	case BPFL_KIND_TYPEDEF:
	case BPFL_KIND_VOLATILE:
	case BPFL_KIND_CONST:
	case BPFL_KIND_RESTRICT:
	case BPFL_KIND_FUNC:
	case BPFL_KIND_FLOAT:
	case BPFL_KIND_TYPE_TAG:
		return sizeof(*type);
	case BPFL_KIND_INT:
		return sizeof(*type) + sizeof(uint32_t);
	case BPFL_KIND_ARRAY:
		return sizeof(*type) + sizeof(struct bpfl_btf_array);
	case BPFL_KIND_STRUCT:
	case BPFL_KIND_UNION:
		return sizeof(*type) + vlen * sizeof(struct bpfl_btf_member);
	case BPFL_KIND_ENUM:
		return sizeof(*type) + vlen * sizeof(struct bpfl_btf_enum);
	case BPFL_KIND_ENUM64:
		return sizeof(*type) + vlen * sizeof(struct bpfl_btf_enum64);
	case BPFL_KIND_FUNC_PROTO:
		return sizeof(*type) + vlen * sizeof(struct bpfl_btf_param);
	case BPFL_KIND_VAR:
		return sizeof(*type) + sizeof(struct bpfl_btf_var);
	case BPFL_KIND_DATASEC:
		return sizeof(*type) + vlen * sizeof(struct bpfl_btf_datasec_var);
	case BPFL_KIND_DECL_TAG:
		return sizeof(*type) + sizeof(struct bpfl_btf_decl_tag);
	default:
		layout = &btf->layouts[bpfl_btf_kind(type)];
		return layout->is_known ? sizeof(*type) + layout->info_size + vlen * layout->elem_size : 0;
	}
}

/* The record behind this one; only meaningful while there is one. Own types lie one after the other. */
static inline const struct bpfl_btf_type *bpfl_btf_next(const struct bpfl_btf *btf, const struct bpfl_btf_type *type)
{
	return (const struct bpfl_btf_type *)((const uint8_t *)type + bpfl_btf_record_size(btf, type));
}

/* A modifier only decorates the type that it refers to. Unknown kinds (up to 127) are none. */
static inline bool bpfl_btf_is_modifier(enum bpfl_btf_kind kind)
{
	return kind == BPFL_KIND_TYPEDEF || kind == BPFL_KIND_VOLATILE || kind == BPFL_KIND_CONST ||
	       kind == BPFL_KIND_RESTRICT || kind == BPFL_KIND_TYPE_TAG;
}

/* Which bits of its container an integer occupies: all, unless the type is an old-style bit-field (see check.c). */
static inline void bpfl_btf_int_place(const struct bpfl_btf_type *type, uint64_t *bit_off, uint32_t *bit_size)
{
	if (*bit_size != 0)
		return;
	*bit_off += bpfl_btf_int_bit_off(type);
	*bit_size = bpfl_btf_int_bits(type);
}

/*
 * btf/subset.c: calls on_name and on_type for each name offset and id in a record of a known kind, which
 * may be changed by that.
 */
typedef void (*bpfl_btf_ref_fn)(void *ctx, uint32_t *ref);
void bpfl_btf_each_ref(struct bpfl_btf_type *type, void *ctx, bpfl_btf_ref_fn on_name, bpfl_btf_ref_fn on_type);

/*
 * btf/value_path.c: moves a place to the member called name (0, -ENOENT, -EINVAL with text), or from a
 * variable to its type.
 */
struct bpfl_btf_place;
int bpfl_btf_place_enter(const struct bpfl_btf *btf, struct bpfl_btf_place *place, const char *name, size_t name_len,
			 struct bpfl_error *err);
void bpfl_btf_place_skip_var(const struct bpfl_btf *btf, struct bpfl_btf_place *place);

#endif
