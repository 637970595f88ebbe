/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/usdt_specs.c: see attach/usdt_specs.h.
 *
 * libbpf's element until 1.6: args[12] of { u64 val_off; enum arg_type; short reg_off; bool arg_signed; char
 * arg_bitshift }, u64 usdt_cookie, short arg_cnt. Later headers split arg_type into bit-fields to hold an index
 * register and a scale, and moved reg_off by doing so.
 */
#include "attach/usdt_specs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "btf/bits.h"

#define ELEMENT_SIZE_MAX 4096u

/* ---- layout ---- */

static bool find_field(const struct bpfl_btf *btf, const struct bpfl_btf_type *type, const char *name,
		       struct bpfl_usdt_field *ret)
{
	const struct bpfl_btf_member *members = bpfl_btf_members(type);

	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		uint32_t size = 0, bit_size = bpfl_btf_member_bit_size(type, i);

		if (strcmp(bpfl_btf_string(btf, members[i].name_off), name) != 0)
			continue;
		if (bit_size == 0 && bpfl_btf_size(btf, members[i].type, &size) == 0 && size <= 8)
			bit_size = 8 * size;
		ret->bit_off = bpfl_btf_member_bit_off(type, i);
		ret->bit_size = bit_size;
		return bit_size > 0 && bit_size <= 64 && ret->bit_off + bit_size <= 8 * type->size;
	}
	return false;
}

/* The array of arguments, and the type of one. */
static const struct bpfl_btf_type *find_args(const struct bpfl_btf *btf, const struct bpfl_btf_type *type,
					     struct bpfl_usdt_layout *layout)
{
	const struct bpfl_btf_member *members = bpfl_btf_members(type);

	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		const struct bpfl_btf_type *array, *arg;

		if (strcmp(bpfl_btf_string(btf, members[i].name_off), "args") != 0)
			continue;
		array = bpfl_btf_skip_modifiers(btf, members[i].type, NULL);
		if (bpfl_btf_kind(array) != BPFL_KIND_ARRAY)
			return NULL;
		arg = bpfl_btf_skip_modifiers(btf, bpfl_btf_array(array)->type, NULL);
		layout->args_bit_off = bpfl_btf_member_bit_off(type, i);
		layout->nr_args = bpfl_btf_array(array)->nr_elems;
		if (bpfl_btf_kind(arg) != BPFL_KIND_STRUCT || arg->size > ELEMENT_SIZE_MAX ||
		    layout->nr_args > ELEMENT_SIZE_MAX)
			return NULL;
		layout->arg_bits = 8 * arg->size;
		if ((uint64_t)layout->args_bit_off + (uint64_t)layout->nr_args * layout->arg_bits >
		    8 * (uint64_t)type->size)
			return NULL;
		return arg;
	}
	return NULL;
}

static bool read_layout(const struct bpfl_btf *btf, const struct bpfl_map_spec *map, struct bpfl_usdt_layout *layout)
{
	const struct bpfl_btf_type *type, *arg;

	memset(layout, 0, sizeof(*layout));
	type = btf ? bpfl_btf_skip_modifiers(btf, map->value_type_id, NULL) : NULL;
	if (!type || bpfl_btf_kind(type) != BPFL_KIND_STRUCT || type->size > ELEMENT_SIZE_MAX ||
	    type->size != map->value_size)
		return false;
	layout->size_bytes = type->size;
	arg = find_args(btf, type, layout);
	if (!arg || !find_field(btf, type, "usdt_cookie", &layout->cookie) ||
	    !find_field(btf, type, "arg_cnt", &layout->nr_args_used))
		return false;
	find_field(btf, arg, "idx_reg_off", &layout->idx_reg_off);
	find_field(btf, arg, "scale_bitshift", &layout->scale_shift);
	return find_field(btf, arg, "val_off", &layout->value) && find_field(btf, arg, "arg_type", &layout->kind) &&
	       find_field(btf, arg, "reg_off", &layout->reg_off) &&
	       find_field(btf, arg, "arg_signed", &layout->is_signed) &&
	       find_field(btf, arg, "arg_bitshift", &layout->shift);
}

int bpfl_usdt_layout_read(const struct bpfl_spec *spec, struct bpfl_usdt_layout *ret_layout, struct bpfl_error *err)
{
	int32_t idx = bpfl_spec_map_idx(spec, BPFL_USDT_SPECS_MAP);

	if (idx == BPFL_NO_IDX)
		return -ENOENT;
	if (read_layout(spec->btf, &spec->maps.items[idx], ret_layout))
		return 0;
	bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL, "map '%s' has a layout that is not known here",
		       BPFL_USDT_SPECS_MAP);
	bpfl_error_why(err, "expected a struct with args[], usdt_cookie and arg_cnt, as in bpf/usdt.bpf.h");
	bpfl_error_fix(err, "compile the program with the bpf/usdt.bpf.h of this project or of libbpf");
	return -EINVAL;
}

/* ---- elements ---- */

static void store(uint8_t *out, uint32_t base_bit, const struct bpfl_usdt_field *field, uint64_t value)
{
	struct bpfl_btf_bits bits = { value, 0 };

	bpfl_btf_bits_store(out, base_bit + field->bit_off, field->bit_size, BPFL_BTF_BIG_ENDIAN, bits);
}

static bool can_read(const struct bpfl_usdt_layout *layout, const struct bpfl_usdt_arg *arg)
{
	return arg->kind != BPFL_USDT_UNKNOWN &&
	       (arg->kind != BPFL_USDT_SIB || (layout->idx_reg_off.bit_size > 0 && layout->scale_shift.bit_size > 0));
}

unsigned bpfl_usdt_element(const struct bpfl_usdt_layout *layout, const struct bpfl_usdt_arg *args, unsigned nr_args,
			   uint64_t cookie, uint8_t *out)
{
	unsigned nr_unknown = 0;

	memset(out, 0, layout->size_bytes);
	if (nr_args > layout->nr_args)
		nr_args = layout->nr_args;
	for (unsigned i = 0; i < nr_args; i++) {
		const struct bpfl_usdt_arg *arg = &args[i];
		uint32_t base = layout->args_bit_off + i * layout->arg_bits;

		if (!can_read(layout, arg)) {
			store(out, base, &layout->kind, BPFL_USDT_UNKNOWN);
			nr_unknown++;
			continue;
		}
		store(out, base, &layout->kind, arg->kind);
		store(out, base, &layout->value, (uint64_t)arg->value);
		store(out, base, &layout->reg_off, arg->reg_off);
		store(out, base, &layout->is_signed, arg->is_signed);
		/* bits to shift out at the top, and back with or without the sign */
		store(out, base, &layout->shift, 64u - 8u * arg->size_bytes);
		if (arg->kind == BPFL_USDT_SIB) {
			store(out, base, &layout->idx_reg_off, arg->idx_reg_off);
			store(out, base, &layout->scale_shift, arg->scale_shift);
		}
	}
	store(out, 0, &layout->cookie, cookie);
	store(out, 0, &layout->nr_args_used, nr_args);
	return nr_unknown;
}

/* ---- room ---- */

int bpfl_usdt_specs_reserve(struct bpfl_spec *spec, size_t nr, struct bpfl_error *err)
{
	int32_t idx = bpfl_spec_map_idx(spec, BPFL_USDT_SPECS_MAP),
		ips_idx = bpfl_spec_map_idx(spec, BPFL_USDT_IPS_MAP);

	if (idx == BPFL_NO_IDX)
		return 0;
	if (nr > INT32_MAX - spec->nr_usdt_specs)
		return bpfl_error_set(err, BPFL_ERR_TARGET, E2BIG, "%zu sites are too many", nr);
	spec->nr_usdt_specs += (uint32_t)nr;
	if (spec->maps.items[idx].max_entries < spec->nr_usdt_specs)
		spec->maps.items[idx].max_entries = spec->nr_usdt_specs;
	/* Used by kernels without cookies only. */
	if (ips_idx != BPFL_NO_IDX && spec->maps.items[ips_idx].max_entries < spec->nr_usdt_specs)
		spec->maps.items[ips_idx].max_entries = spec->nr_usdt_specs;
	return 0;
}

int bpfl_usdt_slot_take(struct bpfl_object *object, uint32_t from)
{
	int32_t idx = bpfl_spec_map_idx(object->image->spec, BPFL_USDT_SPECS_MAP);
	uint32_t nr = idx == BPFL_NO_IDX ? 0 : object->maps[idx].max_entries;

	if (!object->usdt_slots && nr > 0) {
		object->usdt_slots = calloc(nr, 1);
		if (!object->usdt_slots)
			return -ENOMEM;
	}
	for (uint32_t i = from; i < nr; i++) {
		if (!object->usdt_slots[i]) {
			object->usdt_slots[i] = 1;
			return (int)i;
		}
	}
	return -ENOSPC;
}

void bpfl_usdt_slot_give(struct bpfl_object *object, uint32_t slot)
{
	object->usdt_slots[slot] = 0;
}
