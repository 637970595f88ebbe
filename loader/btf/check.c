/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/check.c: the one pass over an untrusted BTF that makes it safe for everyone else.
 *
 * btf.c has seen that the records are all there. Here, in three rounds over them:
 *
 *   1. fields:  names lie in the string section, ids exist and are of a kind that may stand there, numbers make sense;
 *   2. chains:  following pointers, arrays, typedefs and modifiers from any type ends within 32 steps;
 *   3. places:  members and variables fit into what they are in, and nothing contains itself by value.
 *
 * After that, an id or a name offset out of the BTF needs no further test, and a loop over modifiers ends. What
 * only the kernel cares about (are names C identifiers?) is left to the kernel.
 *
 * Some things look wrong and are not, because clang writes them and the loader completes them later: data
 * sections of size 0 whose variables are all at offset 0, functions of linkage extern, variables of type void
 * in .ksyms, functions in a data section.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include "base/text.h"
#include "btf/own.h"

struct check {
	const struct bpfl_btf *btf;
	struct bpfl_error *err;
	uint8_t *heights; /* per own type: 0 not yet seen, ON_PATH, else levels of composites below and including it */
};
#define ON_PATH 0xff

typedef int (*check_fn)(const struct check *check, const struct bpfl_btf_type *type);

#define BIT(kind) (1u << (kind))
#define KINDS_UNKNOWN BIT(31) /* kinds newer than this code: may stand anywhere */
#define KINDS_VALUE \
	(BIT(BPFL_KIND_INT) | BIT(BPFL_KIND_PTR) | BIT(BPFL_KIND_ARRAY) | BIT(BPFL_KIND_STRUCT) | \
	 BIT(BPFL_KIND_UNION) | BIT(BPFL_KIND_ENUM) | BIT(BPFL_KIND_FWD) | BIT(BPFL_KIND_TYPEDEF) | \
	 BIT(BPFL_KIND_VOLATILE) | BIT(BPFL_KIND_CONST) | BIT(BPFL_KIND_RESTRICT) | BIT(BPFL_KIND_FLOAT) | \
	 BIT(BPFL_KIND_TYPE_TAG) | BIT(BPFL_KIND_ENUM64))
#define KINDS_VALUE_OR_VOID (KINDS_VALUE | BIT(BPFL_KIND_VOID))
#define KINDS_POINTEE (KINDS_VALUE_OR_VOID | BIT(BPFL_KIND_FUNC_PROTO))
#define KINDS_TAGGED \
	(BIT(BPFL_KIND_STRUCT) | BIT(BPFL_KIND_UNION) | BIT(BPFL_KIND_TYPEDEF) | BIT(BPFL_KIND_VAR) | \
	 BIT(BPFL_KIND_FUNC))

#define BAD(...) bpfl_error_set(check->err, BPFL_ERR_OBJECT, EINVAL, __VA_ARGS__)

/* Puts "type 12 (struct 'x')" in front of what went wrong with it. */
static int at_type(const struct check *check, uint32_t id, const struct bpfl_btf_type *type, int ret)
{
	const char *name = bpfl_btf_string(check->btf, type->name_off);
	const char *kind = bpfl_btf_kind_name(bpfl_btf_kind(type));

	if (name[0] != '\0')
		bpfl_error_prefix(check->err, "type %u (%s '%s')", id, kind, BPFL_ESC(name));
	else
		bpfl_error_prefix(check->err, "type %u (%s)", id, kind);
	return ret;
}

/* The same for its member, parameter, ... number idx. */
static int at_item(const struct check *check, const char *what, uint32_t idx, uint32_t name_off, int ret)
{
	const char *name = bpfl_btf_string(check->btf, name_off);

	if (ret < 0 && name[0] != '\0')
		bpfl_error_prefix(check->err, "%s %u '%s'", what, idx, BPFL_ESC(name));
	else if (ret < 0)
		bpfl_error_prefix(check->err, "%s %u", what, idx);
	return ret;
}

/* ---- round 1: fields ---- */

static int check_name(const struct check *check, uint32_t name_off)
{
	uint64_t end = (uint64_t)check->btf->first_str + check->btf->strings_size;

	if (name_off != 0 && name_off >= end)
		return BAD("name offset 0x%x is outside the string section (0x%" PRIx64 " bytes)", name_off,
			   end);
	return 0;
}

/* Whether id exists and is one of kinds; expected says the same in words. */
static int check_ref(const struct check *check, const char *what, uint32_t id, uint32_t kinds,
		     const char *expected)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(check->btf, id);
	enum bpfl_btf_kind kind;

	if (type == NULL)
		return BAD("%s is type %u, but the last type is %u", what, id, check->btf->nr_types - 1);
	kind = bpfl_btf_kind(type);
	if ((kinds | KINDS_UNKNOWN) & BIT(kind < BPFL_NR_KINDS ? (unsigned)kind : 31u))
		return 0;
	return BAD("%s is type %u (%s '%s'), expected %s", what, id, bpfl_btf_kind_name(kind),
		   BPFL_ESC(bpfl_btf_string(check->btf, type->name_off)), expected);
}

static int check_int(const struct check *check, const struct bpfl_btf_type *type)
{
	uint32_t word = *(const uint32_t *)bpfl_btf_extra(type);
	uint32_t bits = bpfl_btf_int_bits(type);
	uint32_t bit_off = bpfl_btf_int_bit_off(type);

	if (type->size < 1 || type->size > 16)
		return BAD("size of %u bytes (expected 1 to 16)", type->size);
	if (word >> 27 != 0)
		return BAD("encoding 0x%02x (expected signed 1, char 2, bool 4)", word >> 24);
	if (bits == 0 || bits > 128)
		return BAD("%u bits (expected 1 to 128)", bits);
	if (bit_off + bits > type->size * 8)
		return BAD("%u bits from bit %u do not fit into %u bytes", bits, bit_off, type->size);
	return 0;
}

static int check_pointee(const struct check *check, const struct bpfl_btf_type *type)
{
	return check_ref(check, "referred type", type->type, KINDS_POINTEE,
			 "a type of values, void or a function prototype");
}

static int check_array(const struct check *check, const struct bpfl_btf_type *type)
{
	const struct bpfl_btf_array *array = bpfl_btf_array(type);
	int ret = check_ref(check, "element", array->type, KINDS_VALUE, "a type of values");

	if (ret < 0)
		return ret;
	return check_ref(check, "index", array->index_type, KINDS_VALUE, "an integer type");
}

static int check_members(const struct check *check, const struct bpfl_btf_type *type)
{
	const struct bpfl_btf_member *member = bpfl_btf_members(type);

	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++, member++) {
		int ret = check_name(check, member->name_off);

		if (ret == 0)
			ret = check_ref(check, "its type", member->type, KINDS_VALUE, "a type of values");
		if (ret < 0)
			return at_item(check, "member", i, member->name_off, ret);
	}
	return 0;
}

/* The first word of an enumerator is its name in both widths. */
static int check_enumerators(const struct check *check, const struct bpfl_btf_type *type)
{
	size_t words = bpfl_btf_kind(type) == BPFL_KIND_ENUM ? 2 : 3;
	const uint32_t *word = bpfl_btf_extra(type);

	/* "enum e;": declared only, which clang writes with size 0. */
	if (type->size != 1 && type->size != 2 && type->size != 4 && type->size != 8 &&
	    (type->size != 0 || bpfl_btf_vlen(type) != 0))
		return BAD("size of %u bytes (expected 1, 2, 4 or 8)", type->size);
	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++, word += words) {
		int ret = check_name(check, *word);

		if (ret < 0)
			return at_item(check, "enumerator", i, *word, ret);
	}
	return 0;
}

static int check_func(const struct check *check, const struct bpfl_btf_type *type)
{
	if (bpfl_btf_vlen(type) > BPFL_LINKAGE_EXTERN)
		return BAD("linkage %u (expected static 0, global 1 or extern 2)", bpfl_btf_vlen(type));
	return check_ref(check, "its prototype", type->type, BIT(BPFL_KIND_FUNC_PROTO), "a function prototype");
}

/* A last parameter without name and type stands for "...". */
static int check_params(const struct check *check, const struct bpfl_btf_type *type)
{
	const struct bpfl_btf_param *param = bpfl_btf_params(type);
	uint32_t nr_params = bpfl_btf_vlen(type);
	int ret = check_ref(check, "return type", type->type, KINDS_VALUE_OR_VOID, "a type of values or void");

	for (uint32_t i = 0; ret == 0 && i < nr_params; i++, param++) {
		ret = check_name(check, param->name_off);
		if (ret == 0 && param->type == 0 && i + 1 < nr_params)
			ret = BAD("no type, but only the last of %u parameters may stand for '...'", nr_params);
		if (ret == 0 && param->type != 0)
			ret = check_ref(check, "its type", param->type, KINDS_VALUE, "a type of values");
		ret = at_item(check, "parameter", i, param->name_off, ret);
	}
	return ret;
}

static int check_var(const struct check *check, const struct bpfl_btf_type *type)
{
	if (bpfl_btf_var_linkage(type) > BPFL_LINKAGE_EXTERN)
		return BAD("variable's linkage %u (expected static 0, global 1 or extern 2)",
			   bpfl_btf_var_linkage(type));
	return check_ref(check, "variable's type", type->type, KINDS_VALUE_OR_VOID, "a type of values or void");
}

static int check_datasec(const struct check *check, const struct bpfl_btf_type *type)
{
	const struct bpfl_btf_datasec_var *var = bpfl_btf_datasec_vars(type);

	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++, var++) {
		uint64_t end = (uint64_t)var->byte_off + var->size_bytes;
		int ret = check_ref(check, "it", var->type, BIT(BPFL_KIND_VAR) | BIT(BPFL_KIND_FUNC),
				    "a variable or a function");

		if (ret == 0 && end > UINT32_MAX)
			ret = BAD("offset 0x%x and size 0x%x together pass 4 GiB", var->byte_off,
				  var->size_bytes);
		else if (ret == 0 && type->size != 0 && end > type->size)
			ret = BAD("%u bytes at 0x%x end behind the section's %u bytes", var->size_bytes,
				  var->byte_off, type->size);
		if (ret < 0)
			return at_item(check, "entry", i, 0, ret);
	}
	return 0;
}

static int check_float(const struct check *check, const struct bpfl_btf_type *type)
{
	if (type->size != 2 && type->size != 4 && type->size != 8 && type->size != 12 && type->size != 16)
		return BAD("size of %u bytes (expected 2, 4, 8, 12 or 16)", type->size);
	return 0;
}

static int check_decl_tag(const struct check *check, const struct bpfl_btf_type *type)
{
	return check_ref(check, "tagged type", type->type, KINDS_TAGGED,
			 "a struct, union, typedef, variable or function");
}

/* One row per kind. */
static const struct rule {
	bool is_named; /* must have a name */
	bool has_vlen; /* vlen means something */
	check_fn fields;
} rules[BPFL_NR_KINDS] = {
	[BPFL_KIND_INT] = { true, false, check_int },
	[BPFL_KIND_PTR] = { false, false, check_pointee },
	[BPFL_KIND_ARRAY] = { false, false, check_array },
	[BPFL_KIND_STRUCT] = { false, true, check_members },
	[BPFL_KIND_UNION] = { false, true, check_members },
	[BPFL_KIND_ENUM] = { false, true, check_enumerators },
	[BPFL_KIND_FWD] = { true, false, NULL },
	[BPFL_KIND_TYPEDEF] = { true, false, check_pointee },
	[BPFL_KIND_VOLATILE] = { false, false, check_pointee },
	[BPFL_KIND_CONST] = { false, false, check_pointee },
	[BPFL_KIND_RESTRICT] = { false, false, check_pointee },
	[BPFL_KIND_FUNC] = { true, true, check_func },
	[BPFL_KIND_FUNC_PROTO] = { false, true, check_params },
	[BPFL_KIND_VAR] = { true, false, check_var },
	[BPFL_KIND_DATASEC] = { true, true, check_datasec },
	[BPFL_KIND_FLOAT] = { true, false, check_float },
	[BPFL_KIND_DECL_TAG] = { true, false, check_decl_tag },
	[BPFL_KIND_TYPE_TAG] = { true, false, check_pointee },
	[BPFL_KIND_ENUM64] = { false, true, check_enumerators },
};

static int check_fields(const struct check *check, uint32_t id, const struct bpfl_btf_type *type)
{
	const struct rule *rule;
	int ret = check_name(check, type->name_off);

	(void)id;
	if (ret < 0 || bpfl_btf_kind(type) >= BPFL_NR_KINDS)
		return ret;
	rule = &rules[bpfl_btf_kind(type)];
	if (rule->is_named && bpfl_btf_string(check->btf, type->name_off)[0] == '\0')
		return BAD("has no name");
	if (!rule->has_vlen && bpfl_btf_vlen(type) != 0)
		return BAD("vlen is %u (expected 0 for this kind)", bpfl_btf_vlen(type));
	return rule->fields != NULL ? rule->fields(check, type) : 0;
}

/* ---- round 2: chains ---- */

/* The one type that a type is made from; false for those that end a chain. */
static bool next_in_chain(const struct bpfl_btf_type *type, uint32_t *ret_id)
{
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);

	if (kind == BPFL_KIND_ARRAY)
		*ret_id = bpfl_btf_array(type)->type;
	else if (kind == BPFL_KIND_PTR || bpfl_btf_is_modifier(kind))
		*ret_id = type->type;
	else
		return false;
	return true;
}

/* A chain of length 32 per type would be followed by every reader, and a circular one for ever. */
static int check_chain(const struct check *check, uint32_t id, const struct bpfl_btf_type *type)
{
	uint32_t at = id;
	uint32_t start;

	for (int step = 0; step <= BPFL_BTF_CHAIN_MAX; step++) {
		if (!next_in_chain(type, &at))
			return 0;
		type = bpfl_btf_type(check->btf, at);
		if (type == NULL) /* in an unchecked base */
			return 0;
	}
	/* Once per file: long, or circular? If circular, `at` is on the circle unless the way to it is very long. */
	start = at;
	for (uint32_t step = 0; step < check->btf->nr_types; step++) {
		if (!next_in_chain(type, &at) || (type = bpfl_btf_type(check->btf, at)) == NULL)
			break;
		if (at == start)
			return BAD("refers to itself in a circle through type %u", start);
	}
	return BAD("more than %d pointers, arrays and modifiers in a row", BPFL_BTF_CHAIN_MAX);
}

/* ---- round 3: places ---- */

static int check_bit_field(const struct check *check, const struct bpfl_btf_type *target, uint32_t bits)
{
	enum bpfl_btf_kind kind = bpfl_btf_kind(target);

	if (kind != BPFL_KIND_INT && kind != BPFL_KIND_ENUM && kind != BPFL_KIND_ENUM64)
		return BAD("bit-field of a %s (expected an integer or an enum)", bpfl_btf_kind_name(kind));
	if (bits > target->size * 8)
		return BAD("bit-field of %u bits in a type of %u bytes", bits, target->size);
	return 0;
}

static int check_member(const struct check *check, const struct bpfl_btf_type *type, uint32_t idx)
{
	const struct bpfl_btf_type *target =
		bpfl_btf_skip_modifiers(check->btf, bpfl_btf_members(type)[idx].type, NULL);
	uint64_t bit_off = bpfl_btf_member_bit_off(type, idx);
	uint64_t bits = bpfl_btf_member_bit_size(type, idx);
	uint32_t size = 0;
	int ret = bpfl_btf_size(check->btf, bpfl_btf_members(type)[idx].type, &size);

	if (ret == -E2BIG)
		return BAD("its type is larger than 4 GiB");
	if (ret < 0)
		return BAD("its type (%s) has no size", bpfl_btf_kind_name(bpfl_btf_kind(target)));
	if (bits != 0) {
		ret = check_bit_field(check, target, (uint32_t)bits);
		if (ret < 0)
			return ret;
	} else if (bpfl_btf_kind(target) == BPFL_KIND_INT && bpfl_btf_int_bits(target) < size * 8) {
		/* before kind_flag (Linux 4.20), a bit-field had an integer type of its own */
		bits = (uint64_t)bpfl_btf_int_bit_off(target) + bpfl_btf_int_bits(target);
	} else {
		bits = (uint64_t)size * 8;
		if (bit_off % 8 != 0)
			return BAD("begins at bit %" PRIu64 ", but is no bit-field", bit_off);
	}
	if (bpfl_btf_kind(type) == BPFL_KIND_UNION && bit_off != 0)
		return BAD("begins at bit %" PRIu64 " of a union (expected 0)", bit_off);
	if (bit_off + bits > (uint64_t)type->size * 8)
		return BAD("%" PRIu64 " bits at bit %" PRIu64 " end behind the %s's %u bytes", bits, bit_off,
			   bpfl_btf_kind_name(bpfl_btf_kind(type)), type->size);
	return 0;
}

/* How many composites are inside one another below id: an error if it is in itself, or if they are too many. */
static int check_nesting(const struct check *check, uint32_t id, int depth)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(check->btf, id, &id);
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);
	uint8_t *height;
	int below = 0;

	if ((kind != BPFL_KIND_STRUCT && kind != BPFL_KIND_UNION && kind != BPFL_KIND_ARRAY) ||
	    id < check->btf->first_id)
		return 0;
	height = &check->heights[id - check->btf->first_id];
	if (*height == ON_PATH)
		return at_type(check, id, type, BAD("contains itself"));
	if (*height == 0) {
		if (depth >= BPFL_BTF_CHAIN_MAX)
			return at_type(check, id, type,
				       BAD("lies more than %d structs and arrays deep", BPFL_BTF_CHAIN_MAX));
		*height = ON_PATH;
		if (kind == BPFL_KIND_ARRAY)
			below = check_nesting(check, bpfl_btf_array(type)->type, depth + 1);
		for (uint32_t i = 0; kind != BPFL_KIND_ARRAY && i < bpfl_btf_vlen(type); i++) {
			int ret = check_nesting(check, bpfl_btf_members(type)[i].type, depth + 1);

			if (ret < 0)
				return ret;
			below = ret > below ? ret : below;
		}
		if (below < 0)
			return below;
		if (below >= BPFL_BTF_CHAIN_MAX)
			return at_type(check, id, type, BAD("has more than %d levels of structs and arrays in it",
							    BPFL_BTF_CHAIN_MAX));
		*height = (uint8_t)(below + 1);
	}
	return *height;
}

static int check_component(const struct check *check, const struct bpfl_btf_type *tag)
{
	const struct bpfl_btf_type *target = bpfl_btf_type(check->btf, tag->type);
	enum bpfl_btf_kind kind = bpfl_btf_kind(target);
	int32_t component = bpfl_btf_tag_component(tag);
	uint32_t nr_components = 0;

	if (kind == BPFL_KIND_FUNC && (target = bpfl_btf_type(check->btf, target->type)) == NULL)
		return 0; /* in an unchecked base */
	if (kind == BPFL_KIND_STRUCT || kind == BPFL_KIND_UNION || kind == BPFL_KIND_FUNC)
		nr_components = bpfl_btf_vlen(target);
	if (component < -1 || (component >= 0 && (uint32_t)component >= nr_components))
		return BAD("tags component %d of a %s that has %u", component, bpfl_btf_kind_name(kind),
			   nr_components);
	return 0;
}

static int check_places(const struct check *check, uint32_t id, const struct bpfl_btf_type *type)
{
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);
	int ret = 0;

	(void)id;
	if (kind == BPFL_KIND_DECL_TAG)
		return check_component(check, type);
	if (kind == BPFL_KIND_ARRAY &&
	    bpfl_btf_size(check->btf, bpfl_btf_array(type)->type, &(uint32_t){ 0 }) == -EINVAL)
		return BAD("its elements have no size");
	if (kind != BPFL_KIND_STRUCT && kind != BPFL_KIND_UNION)
		return 0;
	for (uint32_t i = 0; ret == 0 && i < bpfl_btf_vlen(type); i++)
		ret = at_item(check, "member", i, bpfl_btf_members(type)[i].name_off,
			      check_member(check, type, i));
	return ret;
}

/* ---- all rounds ---- */

int bpfl_btf_check(const struct bpfl_btf *btf, struct bpfl_error *err)
{
	static int (*const rounds[])(const struct check *, uint32_t, const struct bpfl_btf_type *) = {
		check_fields,
		check_chain,
		check_places,
	};
	struct check check = { btf, err, NULL };
	int ret = 0;

	for (size_t round = 0; round < sizeof(rounds) / sizeof(rounds[0]); round++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, btf->first_id);

		for (uint32_t id = btf->first_id; id < btf->nr_types; id++, type = bpfl_btf_next(btf, type)) {
			ret = rounds[round](&check, id, type);
			if (ret < 0)
				return at_type(&check, id, type, ret);
		}
	}
	check.heights = calloc(btf->nr_types - btf->first_id + 1, 1);
	if (check.heights == NULL)
		return bpfl_error_nomem(err);
	for (uint32_t id = btf->first_id; id < btf->nr_types; id++) {
		ret = check_nesting(&check, id, 0);
		if (ret < 0)
			break;
	}
	free(check.heights);
	return ret < 0 ? ret : 0;
}
