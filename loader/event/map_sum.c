/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/map_sum.c: the values of all CPUs as one.
 *
 * Counters are kept per CPU so that CPUs need not wait for each other; whoever reads wants their sum. The type
 * says which bytes are counters: integers are added, whatever else there is (names, enumerators, pointers) is
 * taken from the first CPU that has it.
 */
#include <errno.h>
#include <string.h>
#include "base/text.h"
#include "event/map_print.h"

#define DEPTH_MAX 16

struct sum {
	const struct bpfl_map *map;
	const uint8_t *values; /* the first CPU's */
	uint8_t *ret;
	size_t size;
};

/* Whether any of the bytes is set. */
static bool is_set(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i])
			return true;
	}
	return false;
}

static void take_first(const struct sum *sum, size_t byte_off, size_t size)
{
	for (unsigned cpu = 0; cpu < sum->map->nr_cpus; cpu++) {
		const uint8_t *bytes = sum->values + cpu * bpfl_map_cpu_stride(sum->map) + byte_off;

		if (cpu == 0 || is_set(bytes, size))
			memcpy(sum->ret + byte_off, bytes, size);
		if (is_set(bytes, size))
			return;
	}
}

static int64_t sign_extend(uint64_t value, size_t size)
{
	unsigned shift = 64 - 8 * (unsigned)size;

	return (int64_t)(value << shift) >> shift;
}

static void add_signed(const struct sum *sum, size_t byte_off, size_t size)
{
	int64_t largest = (int64_t)(UINT64_MAX >> (65 - 8 * size)), total = 0;

	for (unsigned cpu = 0; cpu < sum->map->nr_cpus; cpu++) {
		uint64_t raw = 0;

		bpfl_bytes_number(sum->values + cpu * bpfl_map_cpu_stride(sum->map) + byte_off, size, &raw);
		if (__builtin_add_overflow(total, sign_extend(raw, size), &total))
			total = sign_extend(raw, size) < 0 ? INT64_MIN : INT64_MAX;
	}
	total = total > largest ? largest : total < -largest - 1 ? -largest - 1 : total;
	/* The bytes of a negative number are those of its size. */
	bpfl_number_bytes((uint64_t)total & (UINT64_MAX >> (64 - 8 * size)), sum->ret + byte_off, size);
}

static void add_unsigned(const struct sum *sum, size_t byte_off, size_t size)
{
	uint64_t largest = UINT64_MAX >> (64 - 8 * size), total = 0;

	for (unsigned cpu = 0; cpu < sum->map->nr_cpus; cpu++) {
		uint64_t raw = 0;

		bpfl_bytes_number(sum->values + cpu * bpfl_map_cpu_stride(sum->map) + byte_off, size, &raw);
		if (__builtin_add_overflow(total, raw, &total))
			total = UINT64_MAX;
	}
	bpfl_number_bytes(total > largest ? largest : total, sum->ret + byte_off, size);
}

static void add_int(const struct sum *sum, const struct bpfl_btf_type *type, uint32_t type_id, size_t byte_off)
{
	uint32_t encoding = bpfl_btf_int_encoding(type);
	bool is_number = type->size == 1 || type->size == 2 || type->size == 4 || type->size == 8;

	if (!is_number || encoding & BPFL_INT_BOOL || (type->size == 1 && bpfl_btf_is_char(sum->map->btf, type_id)))
		take_first(sum, byte_off, type->size);
	else if (encoding & BPFL_INT_SIGNED)
		add_signed(sum, byte_off, type->size);
	else
		add_unsigned(sum, byte_off, type->size);
}

static void add_type(const struct sum *sum, uint32_t type_id, size_t byte_off, unsigned depth);

static void add_members(const struct sum *sum, const struct bpfl_btf_type *type, size_t byte_off, unsigned depth)
{
	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		/* Bit-fields are flags: the whole value's bytes were taken first. */
		if (bpfl_btf_member_bit_size(type, i) == 0 && bpfl_btf_member_bit_off(type, i) % 8 == 0)
			add_type(sum, bpfl_btf_members(type)[i].type, byte_off + bpfl_btf_member_bit_off(type, i) / 8,
				 depth + 1);
	}
}

static void add_elements(const struct sum *sum, const struct bpfl_btf_array *array, size_t byte_off, unsigned depth)
{
	uint32_t size = 0;

	if (bpfl_btf_is_char(sum->map->btf, array->type) || bpfl_btf_size(sum->map->btf, array->type, &size) < 0 ||
	    size == 0)
		return;
	for (uint32_t i = 0; i < array->nr_elems && byte_off + (size_t)i * size < sum->size; i++)
		add_type(sum, array->type, byte_off + (size_t)i * size, depth + 1);
}

static void add_type(const struct sum *sum, uint32_t type_id, size_t byte_off, unsigned depth)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(sum->map->btf, type_id, &type_id);
	uint32_t size = 0;

	if (depth > DEPTH_MAX || bpfl_btf_size(sum->map->btf, type_id, &size) < 0 || byte_off + size > sum->size)
		return;
	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_INT:
		add_int(sum, type, type_id, byte_off);
		return;
	case BPFL_KIND_STRUCT:
		add_members(sum, type, byte_off, depth);
		return;
	case BPFL_KIND_ARRAY:
		take_first(sum, byte_off, size);
		add_elements(sum, bpfl_btf_array(type), byte_off, depth);
		return;
	default:
		take_first(sum, byte_off, size);
		return;
	}
}

int bpfl_map_sum(const struct bpfl_map *map, const uint8_t *values, uint8_t *ret, struct bpfl_error *err)
{
	struct sum sum = { map, values, ret, map->value_size };
	uint64_t number;

	if (map->nr_cpus == 0) {
		memcpy(ret, values, map->value_size);
		return 0;
	}
	if (bpfl_map_type_fits(map, map->value_type_id, map->value_size)) {
		take_first(&sum, 0, map->value_size);
		add_type(&sum, map->value_type_id, 0, 0);
		return 0;
	}
	if (!bpfl_bytes_number(values, map->value_size, &number))
		return bpfl_error_set(err, BPFL_ERR_USAGE, EOPNOTSUPP,
				      "map '%s': its values of %u bytes have no type, so they cannot be added up",
				      BPFL_ESC(map->name), map->value_size);
	add_unsigned(&sum, 0, map->value_size);
	return 0;
}
