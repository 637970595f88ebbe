/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/value_path.c: a path such as ".cfg.ports[2]" -> where that is in a value.
 *
 * Members of anonymous structs and unions are found as if they stood in what contains them. A name that is not
 * there is compared with all that are, so that the error can propose one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/cursor.h"
#include "base/text.h"
#include "btf/bits.h"
#include "btf/own.h"
#include "btf/value.h"

#define NAME_SIZE 128
#define MEMBERS_MAX (1u << 16) /* looked at for one name */

#define USAGE(errnum, ...) bpfl_error_set(err, BPFL_ERR_USAGE, errnum, __VA_ARGS__)

struct member_search {
	const struct bpfl_btf *btf;
	const char *name;
	size_t name_len;
	unsigned nr_left;
	struct bpfl_near *near; /* hears of every name on the way */
};

/* Finds a member by name, also inside anonymous structs and unions. true and the place relative to the type. */
static bool find_member(struct member_search *search, const struct bpfl_btf_type *type, int depth,
			struct bpfl_btf_place *ret_place)
{
	for (uint32_t i = 0; i < bpfl_btf_vlen(type) && search->nr_left > 0; i++, search->nr_left--) {
		const struct bpfl_btf_member *member = &bpfl_btf_members(type)[i];
		const char *name = bpfl_btf_string(search->btf, member->name_off);
		uint32_t bit_off = bpfl_btf_member_bit_off(type, i);
		const struct bpfl_btf_type *target;
		enum bpfl_btf_kind kind;

		if (name[0] != '\0') {
			bpfl_near_offer(search->near, name);
			if (strlen(name) != search->name_len || memcmp(name, search->name, search->name_len) != 0)
				continue;
			ret_place->type_id = member->type;
			ret_place->byte_off = bit_off / 8;
			ret_place->bit_off = bit_off % 8;
			ret_place->bit_size = bpfl_btf_member_bit_size(type, i);
			return true;
		}
		target = bpfl_btf_skip_modifiers(search->btf, member->type, NULL);
		kind = bpfl_btf_kind(target);
		if ((kind == BPFL_KIND_STRUCT || kind == BPFL_KIND_UNION) && depth < BPFL_BTF_CHAIN_MAX &&
		    find_member(search, target, depth + 1, ret_place)) {
			ret_place->byte_off += bit_off / 8;
			return true;
		}
	}
	return false;
}

static bool find_var(struct member_search *search, const struct bpfl_btf_type *datasec,
		     struct bpfl_btf_place *ret_place)
{
	for (uint32_t i = 0; i < bpfl_btf_vlen(datasec); i++) {
		const struct bpfl_btf_datasec_var *var = &bpfl_btf_datasec_vars(datasec)[i];
		const char *name = bpfl_btf_name(search->btf, var->type);

		bpfl_near_offer(search->near, name);
		if (strlen(name) != search->name_len || memcmp(name, search->name, search->name_len) != 0)
			continue;
		*ret_place = (struct bpfl_btf_place){ .type_id = var->type, .byte_off = var->byte_off };
		return true;
	}
	return false;
}

int bpfl_btf_place_enter(const struct bpfl_btf *btf, struct bpfl_btf_place *place, const char *name, size_t name_len,
			 struct bpfl_error *err)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, place->type_id, NULL);
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);
	struct bpfl_near near;
	struct member_search search = { btf, name, name_len, MEMBERS_MAX, &near };
	struct bpfl_btf_place inner = { 0 };
	char wanted[NAME_SIZE];
	char text[512];
	bool found;
	int ret;

	snprintf(wanted, sizeof(wanted), "%.*s", (int)(name_len < NAME_SIZE ? name_len : NAME_SIZE - 1), name);
	bpfl_near_init(&near, wanted);
	if (kind == BPFL_KIND_DATASEC)
		found = find_var(&search, type, &inner);
	else if (kind == BPFL_KIND_STRUCT || kind == BPFL_KIND_UNION)
		found = find_member(&search, type, 0, &inner);
	else
		return USAGE(EINVAL, "'%s' has no members, so not '%s'",
			     bpfl_btf_type_text(btf, place->type_id, text, sizeof(text)), BPFL_ESC(wanted));
	if (!found) {
		ret = USAGE(ENOENT, "'%s' has no member '%s'",
			    bpfl_btf_type_text(btf, place->type_id, text, sizeof(text)), BPFL_ESC(wanted));
		if (bpfl_near_text(&near, text, sizeof(text))[0] != '\0')
			bpfl_error_fix(err, "did you mean %s?", text);
		return ret;
	}
	inner.byte_off += place->byte_off;
	*place = inner;
	return 0;
}

static int enter_element(const struct bpfl_btf *btf, struct bpfl_btf_place *place, const char *digits,
			 size_t nr_digits, struct bpfl_error *err)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, place->type_id, NULL);
	const struct bpfl_btf_array *array = bpfl_btf_array(type);
	char number[NAME_SIZE];
	char text[256];
	uint64_t idx = 0;
	uint64_t off;
	uint32_t size = 0;

	if (bpfl_btf_kind(type) != BPFL_KIND_ARRAY)
		return USAGE(EINVAL, "'%s' is no array",
			     bpfl_btf_type_text(btf, place->type_id, text, sizeof(text)));
	snprintf(number, sizeof(number), "%.*s", (int)(nr_digits < NAME_SIZE ? nr_digits : NAME_SIZE - 1), digits);
	if (bpfl_text_to_u64(number, &idx) < 0)
		return USAGE(EINVAL, "index '%s' is not a number", BPFL_ESC(number));
	if (idx >= array->nr_elems)
		return USAGE(ERANGE, "index %" PRIu64 " is outside of '%s'", idx,
			     bpfl_btf_type_text(btf, place->type_id, text, sizeof(text)));
	if (bpfl_btf_size(btf, array->type, &size) < 0)
		return USAGE(EINVAL, "elements of '%s' have no size",
			     bpfl_btf_type_text(btf, place->type_id, text, sizeof(text)));
	off = place->byte_off + idx * size;
	if (off > UINT32_MAX)
		return USAGE(ERANGE, "element %" PRIu64 " lies behind 4 GiB", idx);
	*place = (struct bpfl_btf_place){ .type_id = array->type, .byte_off = (uint32_t)off };
	return 0;
}

void bpfl_btf_place_skip_var(const struct bpfl_btf *btf, struct bpfl_btf_place *place)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, place->type_id);

	if (type != NULL && bpfl_btf_kind(type) == BPFL_KIND_VAR)
		place->type_id = type->type;
}

int bpfl_btf_place_find(const struct bpfl_btf *btf, uint32_t type_id, const char *path,
			struct bpfl_btf_place *ret_place, struct bpfl_error *err)
{
	struct bpfl_btf_place place = { .type_id = type_id };
	const char *at = path;
	size_t len;
	int ret;

	bpfl_btf_place_skip_var(btf, &place);
	while (*at != '\0') {
		if (*at == '.' && (len = strcspn(at + 1, ".[")) > 0) {
			ret = bpfl_btf_place_enter(btf, &place, at + 1, len, err);
			at += 1 + len;
		} else if (*at == '[' && at[1 + (len = strcspn(at + 1, "]"))] == ']') {
			ret = enter_element(btf, &place, at + 1, len, err);
			at += len + 2;
		} else {
			ret = USAGE(EINVAL, "path '%s': expected '.member' or '[index]' at column %td", BPFL_ESC(path),
				    at - path + 1);
		}
		if (ret < 0)
			return ret;
		bpfl_btf_place_skip_var(btf, &place);
	}
	*ret_place = place;
	return 0;
}

bool bpfl_btf_place_number(const struct bpfl_btf *btf, const struct bpfl_btf_place *place, const void *bytes,
			   size_t size, uint64_t *ret_value, bool *ret_signed)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, place->type_id, NULL);
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);
	uint64_t bit_off = place->bit_off;
	uint32_t bit_size = place->bit_size, type_size = 0;

	if (kind != BPFL_KIND_INT && kind != BPFL_KIND_ENUM && kind != BPFL_KIND_ENUM64 && kind != BPFL_KIND_PTR)
		return false;
	*ret_signed = kind == BPFL_KIND_INT ? bpfl_btf_int_encoding(type) & BPFL_INT_SIGNED
					    : kind != BPFL_KIND_PTR && bpfl_btf_kflag(type);
	if (kind == BPFL_KIND_INT)
		bpfl_btf_int_place(type, &bit_off, &bit_size);
	else if (bit_size == 0 && bpfl_btf_size(btf, place->type_id, &type_size) == 0)
		bit_size = type_size * 8;
	if (bit_size == 0 || bit_size > 64 || !bpfl_in_range(place->byte_off, (bit_off + bit_size + 7) / 8, size))
		return false;
	*ret_value = bpfl_btf_bits_load((const uint8_t *)bytes + place->byte_off, bit_off, bit_size,
					BPFL_BTF_BIG_ENDIAN).lo;
	if (*ret_signed)
		*ret_value = (uint64_t)bpfl_btf_bits_signed(*ret_value, bit_size);
	return true;
}
