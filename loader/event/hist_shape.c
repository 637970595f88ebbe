/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/hist_shape.c: in which of its forms a map holds histograms.
 *
 * The types decide. An array of integers in the value is the slots of a histogram; when the value is one
 * integer, the slot is in the key: the index of an array, or a member called "slot" or "bucket". Words of the
 * caller choose where there is more than one way.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "btf/value.h"
#include "event/hist.h"

#define SLOT_TYPEDEF "gadget_histogram_slot__" /* of Inspektor Gadget's metrics */

static bool is_count_size(uint32_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

/* ---- words ---- */

/* "linear=10:unit=us:slots" */
static int words_read(struct bpfl_hist_shape *shape, const char *words, struct bpfl_error *err)
{
	shape->step = 1;
	while (words && *words) {
		size_t len = strcspn(words, ":");
		char word[128];

		if (len >= sizeof(word))
			return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "histogram: a word of %zu letters", len);
		memcpy(word, words, len);
		word[len] = '\0';
		words += len + (words[len] == ':');
		if (strcmp(word, "linear") == 0) {
			shape->is_linear = true;
		} else if (bpfl_text_has_prefix(word, "linear=")) {
			shape->is_linear = true;
			if (bpfl_text_to_u64(word + 7, &shape->step) < 0 || shape->step == 0)
				return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "histogram: '%s' is not a step",
						      BPFL_ESC(word + 7));
		} else if (bpfl_text_has_prefix(word, "unit=")) {
			snprintf(shape->unit, sizeof(shape->unit), "%.31s", word + 5);
		} else if (strcmp(word, "log2") != 0) {
			snprintf(shape->member, sizeof(shape->member), "%s", word);
		}
	}
	return 0;
}

/* ---- the value ---- */

/* An integer, or an array of them: where its counts are. False: neither. */
static bool counts_of(const struct bpfl_btf *btf, uint32_t type_id, uint32_t byte_off, struct bpfl_hist_shape *shape,
		      bool *ret_is_array)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, NULL);
	uint32_t nr = 1;

	*ret_is_array = bpfl_btf_kind(type) == BPFL_KIND_ARRAY;
	if (*ret_is_array) {
		const struct bpfl_btf_array *array = bpfl_btf_array(type);

		if (bpfl_btf_is_char(btf, array->type))
			return false;
		nr = array->nr_elems;
		type = bpfl_btf_skip_modifiers(btf, array->type, NULL);
	}
	if (bpfl_btf_kind(type) != BPFL_KIND_INT || !is_count_size(type->size))
		return false;
	shape->byte_off = byte_off;
	shape->count_size = type->size;
	shape->nr_counts = nr;
	return true;
}

static bool is_slot_typedef(const struct bpfl_btf *btf, uint32_t type_id)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, NULL);
	const char *name;

	if (bpfl_btf_kind(type) != BPFL_KIND_ARRAY)
		return false;
	name = bpfl_btf_name(btf, bpfl_btf_array(type)->type);
	return bpfl_text_has_prefix(name, SLOT_TYPEDEF);
}

/* The array of counts in a struct: one whose type says so, one called "slots", else the first. UINT32_MAX: none. */
static uint32_t slots_member(const struct bpfl_btf *btf, const struct bpfl_btf_type *type)
{
	uint32_t best = UINT32_MAX;
	unsigned best_rank = 0;

	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		const struct bpfl_btf_member *member = &bpfl_btf_members(type)[i];
		struct bpfl_hist_shape ignored;
		bool is_array;
		unsigned rank;

		if (!counts_of(btf, member->type, 0, &ignored, &is_array) || !is_array)
			continue;
		rank = is_slot_typedef(btf, member->type)                             ? 3
		       : strcmp(bpfl_btf_string(btf, member->name_off), "slots") == 0 ? 2
										      : 1;
		if (rank > best_rank) {
			best = i;
			best_rank = rank;
		}
	}
	return best;
}

static int no_counts(const struct bpfl_map *map, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
		       "map '%s' holds no histogram: its values are neither a number nor an array of numbers",
		       BPFL_ESC(map->name));
	bpfl_error_fix(err, "name the member that counts, as in %s:MEMBER", BPFL_ESC(map->name));
	return -EINVAL;
}

/* The array of counts in a type, or in a struct of that type at byte_off. */
static bool counts_in(const struct bpfl_btf *btf, uint32_t type_id, uint32_t byte_off, struct bpfl_hist_shape *shape,
		      bool *ret_is_array)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, NULL);
	uint32_t member;

	if (counts_of(btf, type_id, byte_off, shape, ret_is_array))
		return true;
	member = bpfl_btf_kind(type) == BPFL_KIND_STRUCT ? slots_member(btf, type) : UINT32_MAX;
	return member != UINT32_MAX &&
	       counts_of(btf, bpfl_btf_members(type)[member].type,
			 byte_off + bpfl_btf_member_bit_off(type, member) / 8, shape, ret_is_array);
}

/* A variable: "hist", "stats.slots". */
static int variable_find(struct bpfl_hist_shape *shape, const struct bpfl_map *map, bool *ret_is_array,
			 struct bpfl_error *err)
{
	struct bpfl_btf_place place;
	uint32_t size;
	int ret;

	if (!shape->member[0]) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s' holds variables: which is the histogram?",
			       BPFL_ESC(map->name));
		bpfl_error_fix(err, "name it, as in %s:VARIABLE", BPFL_ESC(map->name));
		return -EINVAL;
	}
	ret = bpfl_map_variable_find(map, shape->member, &place, &size, err);
	if (ret < 0)
		return ret;
	if (place.bit_size == 0 && counts_in(map->btf, place.type_id, place.byte_off, shape, ret_is_array) && *ret_is_array)
		return 0;
	return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s': variable '%s' has no array of numbers",
			      BPFL_ESC(map->name), BPFL_ESC(shape->member));
}

static int value_find(struct bpfl_hist_shape *shape, const struct bpfl_map *map, bool *ret_is_array,
		      struct bpfl_error *err)
{
	const struct bpfl_btf *btf = map->btf;
	struct bpfl_btf_place place;
	char path[sizeof(shape->member) + 1];
	int ret;

	if (bpfl_map_is_section(map))
		return variable_find(shape, map, ret_is_array, err);
	if (!bpfl_map_type_fits(map, map->value_type_id, map->value_size)) {
		shape->count_size = map->value_size;
		shape->nr_counts = 1;
		*ret_is_array = false;
		return is_count_size(map->value_size) && !shape->member[0] ? 0 : no_counts(map, err);
	}
	if (shape->member[0]) {
		snprintf(path, sizeof(path), ".%s", shape->member);
		ret = bpfl_btf_place_find(btf, map->value_type_id, path, &place, err);
		if (ret < 0)
			return ret;
		return place.bit_size == 0 && counts_of(btf, place.type_id, place.byte_off, shape, ret_is_array)
			       ? 0
			       : no_counts(map, err);
	}
	return counts_in(btf, map->value_type_id, 0, shape, ret_is_array) ? 0 : no_counts(map, err);
}

/* ---- the whole ---- */

int bpfl_hist_shape_find(struct bpfl_hist_shape *shape, const struct bpfl_map *map, const struct bpfl_side *key,
			 const char *words, struct bpfl_error *err)
{
	static const char *const slot_names[] = { "slot", "bucket" };
	bool is_array;
	int ret;

	memset(shape, 0, sizeof(*shape));
	ret = words_read(shape, words, err);
	if (ret == 0)
		ret = value_find(shape, map, &is_array, err);
	if (ret < 0)
		return ret;
	if ((uint64_t)shape->byte_off + (uint64_t)shape->count_size * shape->nr_counts > map->value_size)
		return no_counts(map, err);
	if (is_array) {
		shape->kind = BPFL_HIST_VALUES;
		return 0;
	}
	if (map->type == BPFL_MAP_TYPE_ARRAY || map->type == BPFL_MAP_TYPE_PERCPU_ARRAY) {
		shape->kind = BPFL_HIST_ELEMENTS;
		return 0;
	}
	shape->kind = BPFL_HIST_KEYS;
	for (size_t i = 0; i < sizeof(slot_names) / sizeof(slot_names[0]); i++) {
		shape->slot_field = bpfl_side_find(key, slot_names[i]);
		if (shape->slot_field != SIZE_MAX && bpfl_side_is_number(key, shape->slot_field))
			return 0;
	}
	shape->slot_field = 0;
	if (bpfl_side_nr_fields(key) == 1 && bpfl_side_is_number(key, 0))
		return 0;
	bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s' holds no histogram: which part of its keys is the slot?",
		       BPFL_ESC(map->name));
	bpfl_error_fix(err, "call the member of the key 'slot'");
	return -EINVAL;
}
