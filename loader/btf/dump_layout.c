/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/dump_layout.c: making a compiler put everything where the BTF says that it is.
 *
 * BTF knows offsets and sizes, but neither attributes (aligned, packed) nor zero-width bit-fields.
 * So the text is written as if there were none, and compared with the rules by which clang lays out
 * a struct for BPF:
 *
 *   - each member begins at a multiple of its alignment, unless the struct is packed;
 *   - a bit-field of type T follows the bit before it, but does not cross a border of sizeof(T);
 *     in a packed struct it may;
 *   - a struct has the alignment of its most aligned member, and a size that is a multiple of it.
 *
 * A struct whose members or size cannot come out of that is written as packed. Every hole that
 * these rules would not leave is written as unnamed bit-fields ("long long: 64", which neither have
 * a name nor raise an alignment), or as an array of bytes when it is large. What is aligned more
 * than it seems (to a cache line) thereby has the right place in all that contains it.
 */
#include "btf/dump.h"

#define PAD_ARRAY_BITS (32u * 8) /* a hole of so many bits is one array */

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/* Of basic types, alignment is size, as long as there is such a type. */
static uint32_t align_of_basic(uint64_t size)
{
	return size == 2 || size == 4 || size == 8 || size == 16 ? (uint32_t)size : 1;
}

uint32_t bpfl_dump_resolve(const struct bpfl_dump *dump, uint32_t id)
{
	const struct bpfl_btf_type *type = bpfl_dump_type(dump, id);

	for (unsigned step = 0; step < BPFL_DUMP_DEPTH_MAX; step++) {
		switch (bpfl_btf_kind(type)) {
		case BPFL_KIND_TYPEDEF:
		case BPFL_KIND_CONST:
		case BPFL_KIND_VOLATILE:
		case BPFL_KIND_RESTRICT:
		case BPFL_KIND_TYPE_TAG:
			id = type->type;
			type = bpfl_dump_type(dump, id);
			break;
		default:
			return id < dump->nr_types ? id : 0;
		}
	}
	return 0;
}

struct bpfl_dump_shape bpfl_dump_shape(struct bpfl_dump *dump, uint32_t id)
{
	uint64_t nr = 1;

	for (unsigned step = 0; step < BPFL_DUMP_DEPTH_MAX; step++) {
		const struct bpfl_btf_type *type;

		id = bpfl_dump_resolve(dump, id);
		type = bpfl_dump_type(dump, id);
		switch (bpfl_btf_kind(type)) {
		case BPFL_KIND_ARRAY: /* what is larger than 4 GiB is no struct's member */
			nr = (nr * bpfl_btf_array(type)->nr_elems) & UINT32_MAX;
			id = bpfl_btf_array(type)->type;
			continue;
		case BPFL_KIND_PTR:
			return (struct bpfl_dump_shape){ nr * dump->ptr_size, dump->ptr_size };
		case BPFL_KIND_INT:
		case BPFL_KIND_ENUM:
		case BPFL_KIND_ENUM64:
		case BPFL_KIND_FLOAT:
			return (struct bpfl_dump_shape){ nr * type->size, align_of_basic(type->size) };
		case BPFL_KIND_STRUCT:
		case BPFL_KIND_UNION:
			return (struct bpfl_dump_shape){ nr * type->size,
							 bpfl_dump_layout(dump, id) & BPFL_DUMP_ALIGN };
		default:
			return (struct bpfl_dump_shape){ 0, 1 };
		}
	}
	return (struct bpfl_dump_shape){ 0, 1 };
}

void bpfl_dump_member_place(const struct bpfl_dump *dump, const struct bpfl_btf_type *type, uint32_t member_idx,
			    uint64_t *ret_bit_off, uint32_t *ret_bit_size)
{
	const struct bpfl_btf_type *target;

	*ret_bit_off = bpfl_btf_member_bit_off(type, member_idx);
	*ret_bit_size = bpfl_btf_member_bit_size(type, member_idx);
	if (bpfl_btf_kflag(type))
		return;
	/*
	 * Before Linux 4.20, a bit-field had an integer type of its own that said how many bits it
	 * has.
	 */
	target = bpfl_dump_type(dump, bpfl_dump_resolve(dump, bpfl_btf_members(type)[member_idx].type));
	if (bpfl_btf_kind(target) == BPFL_KIND_INT && bpfl_btf_int_bits(target) < target->size * 8) {
		*ret_bit_off += bpfl_btf_int_bit_off(target);
		*ret_bit_size = bpfl_btf_int_bits(target);
	}
}

/* Whether a compiler can put a member there without the struct being packed. */
static bool fits_unpacked(struct bpfl_dump_shape shape, uint64_t bit_off, uint32_t bit_size)
{
	uint64_t unit = shape.size * 8;

	if (bit_size == 0)
		return bit_off % ((uint64_t)shape.align * 8) == 0;
	return unit != 0 && bit_off % unit + bit_size <= unit;
}

static uint8_t make_layout(struct bpfl_dump *dump, const struct bpfl_btf_type *type)
{
	uint32_t align = 1;

	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		struct bpfl_dump_shape shape = bpfl_dump_shape(dump, bpfl_btf_members(type)[i].type);
		uint32_t bit_size;
		uint64_t bit_off;

		bpfl_dump_member_place(dump, type, i, &bit_off, &bit_size);
		if (!fits_unpacked(shape, bit_off, bit_size))
			return BPFL_DUMP_PACKED | 1;
		if (bit_size != 0 && !bpfl_dump_is_member_named(dump, type, i))
			continue;
		align = shape.align > align ? shape.align : align;
	}
	return type->size % align == 0 ? (uint8_t)align : BPFL_DUMP_PACKED | 1;
}

uint8_t bpfl_dump_layout(struct bpfl_dump *dump, uint32_t id)
{
	struct bpfl_dump_mark *mark = &dump->marks[id];

	if (mark->layout != 0)
		return mark->layout;
	mark->layout = 1; /* for a struct that contains itself */
	if (bpfl_dump_enter(dump, id)) {
		mark->layout = make_layout(dump, dump->types[id]);
		bpfl_dump_leave(dump);
	}
	return mark->layout;
}

/* ---- padding ---- */

uint64_t bpfl_dump_natural_bit(const struct bpfl_dump_place *place, struct bpfl_dump_shape shape,
			       uint32_t bit_size)
{
	uint64_t unit = shape.size * 8;

	if (place->is_union)
		return 0;
	if (bit_size == 0)
		return round_up(place->bit, place->is_packed ? 8 : (uint64_t)shape.align * 8);
	if (place->is_packed || (unit != 0 && place->bit % unit + bit_size <= unit))
		return place->bit;
	return round_up(place->bit, unit != 0 ? unit : 8);
}

static void pad_with_array(struct bpfl_dump *dump, uint64_t bit, uint64_t to_bit, unsigned level)
{
	bpfl_dump_indent(dump, level);
	bpfl_dump_put_text(&dump->out, "char __pad_");
	bpfl_dump_put_u64(&dump->out, bit / 8);
	bpfl_dump_put_char(&dump->out, '[');
	bpfl_dump_put_u64(&dump->out, (to_bit - bit) / 8);
	bpfl_dump_put_text(&dump->out, "];\n");
}

void bpfl_dump_pad(struct bpfl_dump *dump, struct bpfl_dump_place *place, uint64_t to_bit, unsigned level)
{
	/*
	 * Units no larger than the struct's alignment, for machines on which unnamed bit-fields
	 * raise it.
	 */
	static const char *const units[] = { [1] = "char: ", [2] = "short: ", [4] = "int: ", [8] = "long long: " };
	uint32_t unit = place->align > 8 ? 8 : place->align;

	while (place->bit < to_bit && dump->out.ret == 0) {
		uint64_t left = to_bit - place->bit;
		uint64_t part = unit * 8 - place->bit % (unit * 8);

		if (place->bit % 8 == 0 && left % 8 == 0 && left >= PAD_ARRAY_BITS) {
			pad_with_array(dump, place->bit, to_bit, level);
			place->bit = to_bit;
			break;
		}
		part = part < left ? part : left;
		bpfl_dump_indent(dump, level);
		bpfl_dump_put_text(&dump->out, units[unit]);
		bpfl_dump_put_u64(&dump->out, part);
		bpfl_dump_put_text(&dump->out, ";\n");
		place->bit += part;
	}
}

void bpfl_dump_pad_end(struct bpfl_dump *dump, struct bpfl_dump_place *place, uint64_t size, unsigned level)
{
	uint64_t natural = round_up(round_up(place->bit, 8) / 8, place->align);

	if (natural >= size)
		return;
	if (place->is_union) { /* another member, as large as the union has to be */
		place->bit = 0;
		pad_with_array(dump, 0, size * 8, level);
		return;
	}
	bpfl_dump_pad(dump, place, size * 8, level);
}
