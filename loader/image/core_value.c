/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/core_value: the number at the end of a path.
 *
 * The same function is asked twice per record: for the local path, which gives the number that the
 * compiler has put into the instruction, and for the target path, which gives the number that
 * belongs there.
 *
 * Bit-fields: what is loaded is the smallest power of two of bytes, at most eight, that holds all
 * the bits and begins at a multiple of its size. The two shifts then cut the bits out of a 64-bit
 * register: left until the field's top bit is the register's, then right.
 *
 *     struct { unsigned a : 3, b : 7; }
 *     b: container of 4 bytes at byte 0; left 64 - (3 + 7) = 54, right 64 - 7 = 57
 */
#include "image/core_match.h"

#include <errno.h>

/* A member's place and what it holds. */
struct place {
	uint64_t byte_off;
	uint32_t size_bytes;
	uint64_t bit_off; /* of the field itself */
	uint32_t bit_size;
	bool is_bitfield;
	uint32_t type_id; /* modifiers skipped */
};

static int miss_at_end(const struct bpfl_core_path *path, enum bpfl_core_miss_reason reason,
		       uint32_t type_id, struct bpfl_core_miss *ret_miss)
{
	*ret_miss = (struct bpfl_core_miss){
		.btf = path->btf,
		.type_id = type_id,
		.step = (uint16_t)(path->nr_steps - 1),
		.reason = (uint8_t)reason,
	};
	return -ENOENT;
}

/* The container of a bit-field, beginning with one of its declared type. */
static int bitfield_place(const struct bpfl_core_path *path, const struct bpfl_btf_type *type,
			  struct place *place, struct bpfl_core_miss *ret_miss)
{
	uint32_t size = type->size;

	if (size == 0 || size > 8 || (size & (size - 1))) {
		return miss_at_end(path, BPFL_CORE_MISS_SIZE, place->type_id, ret_miss);
	}
	for (;; size *= 2) {
		place->byte_off = place->bit_off / 8 / size * size;
		place->size_bytes = size;
		if (place->bit_off + place->bit_size - place->byte_off * 8 <= (uint64_t)size * 8) {
			return 0;
		}
		if (size == 8) {
			return miss_at_end(path, BPFL_CORE_MISS_BITS, place->type_id, ret_miss);
		}
	}
}

/* The last step of a field path is an array index. */
static int elem_place(const struct bpfl_core_path *path, struct place *place,
		      struct bpfl_core_miss *ret_miss)
{
	place->type_id = path->steps[path->nr_steps - 1].type_id;
	place->byte_off = path->bit_off / 8;
	place->size_bytes = 0;
	/* The address of something without a size is still an address. */
	if (bpfl_btf_size(path->btf, place->type_id, &place->size_bytes) < 0 &&
	    path->kind != BPFL_CORE_FIELD_BYTE_OFF) {
		return miss_at_end(path, BPFL_CORE_MISS_SIZE, place->type_id, ret_miss);
	}
	place->bit_size = place->size_bytes * 8;
	return 0;
}

static int field_place(const struct bpfl_core_path *path, struct place *place,
		       struct bpfl_core_miss *ret_miss)
{
	const struct bpfl_core_step *last = &path->steps[path->nr_steps - 1];

	place->bit_off = path->bit_off;
	place->is_bitfield = false;
	if (!last->name) {
		return elem_place(path, place, ret_miss);
	}
	const struct bpfl_btf_type *owner = bpfl_btf_type(path->btf, last->type_id);
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(
		path->btf, bpfl_btf_members(owner)[last->idx].type, &place->type_id);

	place->bit_size = bpfl_btf_member_bit_size(owner, last->idx);
	if (place->bit_size > 0) {
		enum bpfl_btf_kind kind = bpfl_btf_kind(type);

		place->is_bitfield = true;
		if (kind != BPFL_KIND_INT && kind != BPFL_KIND_ENUM && kind != BPFL_KIND_ENUM64) {
			return miss_at_end(path, BPFL_CORE_MISS_SIZE, place->type_id, ret_miss);
		}
		return bitfield_place(path, type, place, ret_miss);
	}
	place->byte_off = path->bit_off / 8;
	if (bpfl_btf_size(path->btf, place->type_id, &place->size_bytes) < 0) {
		return miss_at_end(path, BPFL_CORE_MISS_SIZE, place->type_id, ret_miss);
	}
	place->bit_size = place->size_bytes * 8;
	return 0;
}

/* What a load of the field itself moves: for an array (loaded as its first element) one element. */
static void width_set(const struct bpfl_btf *btf, const struct place *place,
		      struct bpfl_core_value *value)
{
	uint32_t id = place->type_id;
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, id);

	for (unsigned depth = 0;
	     depth < BPFL_BTF_CHAIN_MAX && bpfl_btf_kind(type) == BPFL_KIND_ARRAY; depth++) {
		type = bpfl_btf_skip_modifiers(btf, bpfl_btf_array(type)->type, &id);
	}
	value->width_type_id = id;
	if (bpfl_btf_size(btf, id, &value->width_bytes) < 0) {
		value->width_bytes = 0;
	}
}

static bool type_is_signed(const struct bpfl_btf_type *type)
{
	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_INT:
		return bpfl_btf_int_encoding(type) & BPFL_INT_SIGNED;
	case BPFL_KIND_ENUM:
	case BPFL_KIND_ENUM64:
		return bpfl_btf_kflag(type);
	default:
		return false;
	}
}

static int field_value(const struct bpfl_core_path *path, bool big_endian,
		       struct bpfl_core_value *value, struct bpfl_core_miss *ret_miss)
{
	struct place place;

	if (path->kind == BPFL_CORE_FIELD_EXISTS) {
		value->value = 1;
		return 0;
	}
	int result = field_place(path, &place, ret_miss);
	if (result < 0) {
		return result;
	}
	uint64_t bit_in = place.bit_off - place.byte_off * 8; /* from the container's start */
	bool is_shift = path->kind == BPFL_CORE_FIELD_LSHIFT_U64 ||
			path->kind == BPFL_CORE_FIELD_RSHIFT_U64;

	if (is_shift && (place.size_bytes == 0 || place.size_bytes > 8)) {
		return miss_at_end(path, BPFL_CORE_MISS_SIZE, place.type_id, ret_miss);
	}
	value->sure = !place.is_bitfield;
	value->is_bitfield = place.is_bitfield;
	switch (path->kind) {
	case BPFL_CORE_FIELD_BYTE_OFF:
		value->value = place.byte_off;
		if (place.is_bitfield) {
			value->bit_in = (uint8_t)bit_in;
			value->bit_size = (uint8_t)place.bit_size;
		} else {
			width_set(path->btf, &place, value);
		}
		break;
	case BPFL_CORE_FIELD_BYTE_SIZE:
		value->value = place.size_bytes;
		break;
	case BPFL_CORE_FIELD_SIGNED:
		value->value = type_is_signed(bpfl_btf_type(path->btf, place.type_id));
		value->sure = true;
		break;
	case BPFL_CORE_FIELD_LSHIFT_U64:
		value->value = big_endian ? (8u - (uint64_t)place.size_bytes) * 8 + bit_in
					  : 64 - (bit_in + place.bit_size);
		break;
	default: /* BPFL_CORE_FIELD_RSHIFT_U64 */
		value->value = 64 - (uint64_t)place.bit_size;
		value->sure = true;
		break;
	}
	return 0;
}

static int type_value(const struct bpfl_core_path *path, struct bpfl_core_value *value,
		      struct bpfl_core_miss *ret_miss)
{
	uint32_t size = 0;

	switch (path->kind) {
	case BPFL_CORE_TYPE_ID_LOCAL: /* linking objects together renumbers types but not
					 instructions */
	case BPFL_CORE_TYPE_ID_TARGET:
		value->value = path->root_id;
		value->sure = false;
		return 0;
	case BPFL_CORE_TYPE_SIZE:
		if (bpfl_btf_size(path->btf, path->root_id, &size) < 0) {
			return miss_at_end(path, BPFL_CORE_MISS_SIZE, path->root_id, ret_miss);
		}
		value->value = size;
		return 0;
	default: /* exists, matches */
		value->value = 1;
		return 0;
	}
}

static void enumerator_value(const struct bpfl_core_path *path, struct bpfl_core_value *value)
{
	const struct bpfl_core_step *step = &path->steps[0];
	const struct bpfl_btf_type *type = bpfl_btf_type(path->btf, step->type_id);

	if (path->kind == BPFL_CORE_ENUM_EXISTS) {
		value->value = 1;
	} else if (bpfl_btf_kind(type) == BPFL_KIND_ENUM64) {
		const struct bpfl_btf_enum64 *item = &bpfl_btf_enums64(type)[step->idx];

		value->value = (uint64_t)item->value_hi32 << 32 | item->value_lo32;
		value->width_bytes = 8;
	} else {
		/* Compilers before enum64 cut 64-bit values here, and did not say whether an enum
		 * is signed (G-41): core_apply.c looks at the instruction to find out what the
		 * upper half is. */
		value->value = (uint64_t)(int64_t)bpfl_btf_enums(type)[step->idx].value;
		value->width_bytes = type->size == 8 ? 0 : 4;
	}
}

int bpfl_core_value_get(const struct bpfl_core_path *path, bool big_endian,
			struct bpfl_core_value *ret_value, struct bpfl_core_miss *ret_miss)
{
	struct bpfl_core_value value = { .sure = true };
	int result = 0;

	switch (bpfl_core_subject(path->kind)) {
	case BPFL_CORE_ABOUT_FIELD:
		result = field_value(path, big_endian, &value, ret_miss);
		break;
	case BPFL_CORE_ABOUT_TYPE:
		result = type_value(path, &value, ret_miss);
		break;
	case BPFL_CORE_ABOUT_ENUMERATOR:
		enumerator_value(path, &value);
		break;
	}
	if (result == 0) {
		*ret_value = value;
	}
	return result;
}

int bpfl_core_value_missing(enum bpfl_core_kind kind, struct bpfl_core_value *ret_value)
{
	struct bpfl_core_value zero = { .sure = true };

	switch (kind) {
	case BPFL_CORE_FIELD_EXISTS:
	case BPFL_CORE_TYPE_EXISTS:
	case BPFL_CORE_ENUM_EXISTS:
	case BPFL_CORE_TYPE_MATCHES:
	case BPFL_CORE_TYPE_ID_TARGET: /* G-34: a type that is not there has size 0 and id 0 */
	case BPFL_CORE_TYPE_SIZE:
		*ret_value = zero;
		return 0;
	default:
		return -ENOENT;
	}
}

/* Zero-extended when loaded: pointers, and integers that are not signed (G-36: bool and char are
 * not). */
static bool is_unsigned_int(const struct bpfl_btf *btf, uint32_t type_id)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, type_id);

	return type && bpfl_btf_kind(type) == BPFL_KIND_INT &&
	       !(bpfl_btf_int_encoding(type) & BPFL_INT_SIGNED);
}

static bool is_ptr(const struct bpfl_btf *btf, uint32_t type_id)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, type_id);

	return type && bpfl_btf_kind(type) == BPFL_KIND_PTR;
}

bool bpfl_core_width_adjustable(const struct bpfl_btf *local,
				const struct bpfl_core_value *local_value,
				const struct bpfl_btf *target,
				const struct bpfl_core_value *target_value)
{
	uint32_t ours = local_value->width_type_id;
	uint32_t theirs = target_value->width_type_id;

	return (is_ptr(local, ours) && is_ptr(target, theirs)) ||
	       (is_unsigned_int(local, ours) && is_unsigned_int(target, theirs));
}
