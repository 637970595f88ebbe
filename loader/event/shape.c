/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/shape.c: which type do a map's records have? See shape.h.
 *
 * The kernel does not know: a ring buffer carries bytes. The object often does, in one of several ways that
 * authors have found.
 * They are tried from the surest to the guess, and the first that gives a type decides. Rules 4 and 5 are held
 * against what the instructions say: a struct of another size than the constant that is sent cannot be it.
 */
#include "event/shape.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "btf/cdecl.h"
#include "btf/value.h"

#define TAG_PREFIX "bpfload:event="
#define CASES_MAX 64u
#define WORD_SIZE 64u

struct finder {
	struct bpfl_shape *shape;
	const struct bpfl_spec *spec;
	const struct bpfl_btf *btf; /* spec's */
	uint32_t map_idx;
	const char *map_name;
	struct bpfl_map_usage usage;
	uint32_t type_id; /* found */
};

static struct bpfl_shape_case *add_case(struct bpfl_shape *shape, const struct bpfl_btf *btf, uint32_t type_id)
{
	struct bpfl_shape_case *item = BPFL_VEC_PUSH(&shape->cases);

	if (item) {
		item->btf = btf;
		item->type_id = type_id;
	}
	return item;
}

static bool is_composite(const struct bpfl_btf *btf, uint32_t type_id)
{
	enum bpfl_btf_kind kind = bpfl_btf_kind(bpfl_btf_skip_modifiers(btf, type_id, NULL));

	return kind == BPFL_KIND_STRUCT || kind == BPFL_KIND_UNION;
}

/* ---- rule 1: the caller's words ---- */

/* One type in words as a case. Cases without a selector have value 0. */
static int tell_type(struct finder *finder, const char *text, uint64_t value, struct bpfl_error *err)
{
	struct bpfl_btf *btf = NULL;
	struct bpfl_shape_case *item;
	uint32_t type_id;
	int ret = bpfl_cdecl_read(finder->btf, text, &btf, &type_id, err);

	if (ret < 0)
		return ret;
	item = add_case(finder->shape, btf, type_id);
	if (!item) {
		bpfl_btf_destroy(btf);
		return bpfl_error_nomem(err);
	}
	item->own_btf = btf;
	item->value = value;
	return 0;
}

static char *trimmed(const char *text, size_t size)
{
	while (size > 0 && strchr(" \t\n", text[0])) {
		text++;
		size--;
	}
	while (size > 0 && strchr(" \t\n", text[size - 1]))
		size--;
	return bpfl_strndup(text, size);
}

/* Length of text up to a character outside of all braces. */
static size_t find_outside(const char *text, char wanted)
{
	int level = 0;
	size_t i;

	for (i = 0; text[i] && !(text[i] == wanted && level == 0); i++)
		level += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
	return i;
}

static uint64_t selector_mask(uint32_t size)
{
	return size >= 8 ? UINT64_MAX : (1ull << size * 8) - 1;
}

/* "1:struct exec_ev" */
static int tell_case(struct finder *finder, const char *text, size_t size, struct bpfl_error *err)
{
	const char *colon = memchr(text, ':', size);
	char *value_text = trimmed(text, colon ? (size_t)(colon - text) : 0);
	char *type_text = colon ? trimmed(colon + 1, size - (size_t)(colon + 1 - text)) : bpfl_strdup("");
	int64_t value = 0;
	int ret = 0;

	if (!value_text || !type_text)
		ret = bpfl_error_nomem(err);
	else if (!colon || !*value_text)
		ret = bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%.*s' is not VALUE:TYPE",
				     (int)(size < 100 ? size : 100), text);
	else if (bpfl_text_to_s64(value_text, &value) < 0 &&
		 !(finder->btf && bpfl_btf_enumerator_find(finder->btf, value_text, &value)))
		ret = bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
				     "'%s' is neither a number nor an enumerator of the object", BPFL_ESC(value_text));
	else if (finder->shape->cases.nr == CASES_MAX)
		ret = bpfl_error_set(err, BPFL_ERR_USAGE, E2BIG, "more than %u types for one map", CASES_MAX);
	else
		ret = tell_type(finder, type_text, (uint64_t)value & selector_mask(finder->shape->selector_size), err);
	free(value_text);
	free(type_text);
	return ret;
}

/*
 * Where the member is that tells the types apart: where those types have a member of that name, and else at the
 * record's beginning.
 */
static int selector_place(struct bpfl_shape *shape, struct bpfl_error *err)
{
	const struct bpfl_shape_case *first = NULL;
	char path[WORD_SIZE + 2];
	char type[128];

	snprintf(path, sizeof(path), ".%s", shape->selector);
	for (size_t i = 0; i < shape->cases.nr; i++) {
		const struct bpfl_shape_case *item = &shape->cases.items[i];
		struct bpfl_btf_place place = { 0 };
		uint32_t size = 0;

		if (!is_composite(item->btf, item->type_id) ||
		    bpfl_btf_place_find(item->btf, item->type_id, path, &place, NULL) < 0)
			continue;
		bpfl_btf_type_text(item->btf, item->type_id, type, sizeof(type));
		bpfl_btf_size(item->btf, place.type_id, &size);
		if (place.bit_size > 0 || size != shape->selector_size)
			return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "member '%s' of %s has %u %s, not %u bytes",
					      shape->selector, type, place.bit_size ? place.bit_size : size,
					      place.bit_size ? "bits" : "bytes", shape->selector_size);
		if (first && place.byte_off != shape->selector_off)
			return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
					      "member '%s' is at byte %u of %s, and elsewhere at byte %u", shape->selector,
					      place.byte_off, type, shape->selector_off);
		first = item;
		shape->selector_off = place.byte_off;
	}
	return 0;
}

/* "type:u32{1:struct exec_ev,2:struct exit_ev}". -ENOMSG: it is none of these, but a plain type. */
static int tell_selector(struct finder *finder, const char *told, struct bpfl_error *err)
{
	size_t name_len = strspn(told, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");
	const char *open = strchr(told, '{'), *end = told + strlen(told), *at;
	struct bpfl_btf *btf = NULL;
	uint32_t type_id, size = 0;
	char *type_text;
	int ret;

	if (told[name_len] != ':' || !open || name_len >= sizeof(finder->shape->selector))
		return -ENOMSG;
	type_text = trimmed(told + name_len + 1, (size_t)(open - told) - name_len - 1);
	if (!type_text)
		return bpfl_error_nomem(err);
	ret = bpfl_cdecl_read(finder->btf, type_text, &btf, &type_id, err);
	free(type_text);
	if (ret < 0)
		return ret;
	bpfl_btf_size(btf, type_id, &size);
	bpfl_btf_destroy(btf);
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
				      "the member that tells the type has %u bytes, not 1, 2, 4 or 8", size);
	memcpy(finder->shape->selector, told, name_len);
	finder->shape->selector_size = size;
	while (end > open && strchr(" \t\n;", end[-1]))
		end--;
	if (end - open < 2 || end[-1] != '}')
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "a '}' is missing at the end");
	for (at = open + 1, end--; at < end && ret == 0;) {
		size_t len = find_outside(at, ',');

		if (at + len > end)
			len = (size_t)(end - at);
		ret = tell_case(finder, at, len, err);
		at += len + 1;
	}
	return ret < 0 ? ret : selector_place(finder->shape, err);
}

static int tell(struct finder *finder, const char *told, struct bpfl_error *err)
{
	int ret = tell_selector(finder, told, err);

	if (ret == -ENOMSG)
		ret = tell_type(finder, told, 0, err);
	finder->shape->rule = BPFL_SHAPE_TOLD;
	snprintf(finder->shape->why, sizeof(finder->shape->why), "--event");
	if (ret < 0)
		bpfl_error_prefix(err, "event type of map '%s'", BPFL_ESC(finder->map_name));
	return ret;
}

/* ---- what types are like ---- */

/* Whether the instructions allow records of this type: no constant is known, or one of them is its size. */
static bool size_fits(const struct finder *finder, uint32_t type_id)
{
	uint32_t size;

	if (bpfl_btf_size(finder->btf, type_id, &size) < 0)
		return false;
	for (unsigned i = 0; i < finder->usage.nr_sizes; i++) {
		if (finder->usage.sizes[i] == size)
			return true;
	}
	return finder->usage.nr_sizes == 0 || finder->usage.any_size;
}

static bool found(struct finder *finder, enum bpfl_shape_rule rule, uint32_t type_id, const char *fmt, ...)
	BPFL_PRINTF(4, 5);

static bool found(struct finder *finder, enum bpfl_shape_rule rule, uint32_t type_id, const char *fmt, ...)
{
	va_list args;

	finder->shape->rule = rule;
	finder->type_id = type_id;
	va_start(args, fmt);
	vsnprintf(finder->shape->why, sizeof(finder->shape->why), fmt, args);
	va_end(args);
	return true;
}

/* ---- rules 2 and 3 ---- */

static bool by_map_value(struct finder *finder)
{
	const struct bpfl_map_spec *map = &finder->spec->maps.items[finder->map_idx];
	uint32_t size;

	if (!map->value_type_id || bpfl_btf_size(finder->btf, map->value_type_id, &size) < 0 || size == 0)
		return false;
	/* The value of a perf event array is a descriptor, unless it is a struct. */
	if (map->type == BPFL_MAP_TYPE_PERF_EVENT_ARRAY && !is_composite(finder->btf, map->value_type_id))
		return false;
	return found(finder, BPFL_SHAPE_MAP_VALUE, map->value_type_id, "the map's value type");
}

static bool by_tag(struct finder *finder)
{
	for (uint32_t id = 1; id < bpfl_btf_nr_types(finder->btf); id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(finder->btf, id);
		const char *text;

		if (bpfl_btf_kind(type) != BPFL_KIND_DECL_TAG || bpfl_btf_tag_component(type) != -1)
			continue;
		text = bpfl_btf_string(finder->btf, type->name_off);
		if (bpfl_text_has_prefix(text, TAG_PREFIX) &&
		    strcmp(text + strlen(TAG_PREFIX), finder->map_name) == 0 && is_composite(finder->btf, type->type))
			return found(finder, BPFL_SHAPE_TAG, type->type, "its declaration tag");
	}
	return false;
}

/* ---- rule 4: variables that name a type ---- */

/* "gadget_tracer_NAME___MAP___TYPE". The type's id, 0 when it is not about this map. */
static uint32_t gadget_type(const struct finder *finder, const char *var)
{
	const char *map = strstr(var, "___"), *type = map ? strstr(map + 3, "___") : NULL;

	if (!bpfl_text_has_prefix(var, "gadget_tracer_") || !type ||
	    strlen(finder->map_name) != (size_t)(type - map - 3) ||
	    memcmp(map + 3, finder->map_name, (size_t)(type - map - 3)) != 0)
		return 0;
	return bpfl_btf_find(finder->btf, BPFL_KIND_STRUCT, type + 3, 1);
}

/* "const struct event *unused", or a struct event that nobody uses: the struct's id, 0 for any other variable. */
static uint32_t unused_type(const struct finder *finder, const char *var, uint32_t var_type_id)
{
	bool is_unused = strstr(var, "unused") || strstr(var, "dummy");
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(finder->btf, var_type_id, NULL);
	uint32_t id = var_type_id;

	if (bpfl_btf_kind(type) == BPFL_KIND_PTR)
		id = type->type;
	else if (!is_unused)
		return 0;
	if (!is_unused && !strstr(var, finder->map_name))
		return 0;
	bpfl_btf_skip_modifiers(finder->btf, id, &id);
	return is_composite(finder->btf, id) ? id : 0;
}

/* What the spec has read already: markers by tags too. */
static uint32_t marked_type(const struct finder *finder, const char **ret_text)
{
	for (size_t i = 0; i < finder->spec->markers.nr; i++) {
		const struct bpfl_marker *marker = &finder->spec->markers.items[i];

		if (marker->kind == BPFL_MARKER_TRACER && strcmp(marker->map, finder->map_name) == 0) {
			*ret_text = marker->text;
			return bpfl_btf_find(finder->btf, BPFL_KIND_STRUCT, marker->type, 1);
		}
	}
	return 0;
}

static bool by_pointer(struct finder *finder)
{
	const char *marker = "";
	uint32_t marked = marked_type(finder, &marker);
	uint32_t only = 0, named = 0;
	const char *only_name = "", *named_name = "";
	unsigned nr = 0;

	if (marked)
		return found(finder, BPFL_SHAPE_POINTER, marked, "marker '%s'", BPFL_ESC(marker));
	for (uint32_t id = 1; id < bpfl_btf_nr_types(finder->btf); id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(finder->btf, id);
		const char *var;
		uint32_t struct_id;

		if (bpfl_btf_kind(type) != BPFL_KIND_VAR)
			continue;
		var = bpfl_btf_string(finder->btf, type->name_off);
		struct_id = gadget_type(finder, var);
		if (struct_id)
			return found(finder, BPFL_SHAPE_POINTER, struct_id, "variable '%s'", BPFL_ESC(var));
		struct_id = unused_type(finder, var, type->type);
		if (!struct_id || !size_fits(finder, struct_id))
			continue;
		if (strstr(var, finder->map_name)) {
			named = struct_id;
			named_name = var;
		}
		nr += struct_id != only;
		only = struct_id;
		only_name = var;
	}
	if (named)
		return found(finder, BPFL_SHAPE_POINTER, named, "variable '%s'", BPFL_ESC(named_name));
	return nr == 1 && found(finder, BPFL_SHAPE_POINTER, only, "variable '%s'", BPFL_ESC(only_name));
}

/* ---- rules 5 and 6: names and sizes ---- */

/* What a struct is called, by itself or by a typedef when it has no name; NULL: the type is no struct, or has none. */
static const char *struct_name(const struct bpfl_btf *btf, uint32_t type_id)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, type_id);
	const char *name = bpfl_btf_name(btf, type_id);

	if (bpfl_btf_kind(type) == BPFL_KIND_TYPEDEF) {
		type = bpfl_btf_type(btf, type->type);
		if (bpfl_btf_string(btf, type->name_off)[0])
			return NULL; /* it is met by its own name */
	}
	return bpfl_btf_kind(type) == BPFL_KIND_STRUCT && name[0] ? name : NULL;
}

/* How sure a struct's name makes it: 3 for the map's own, 2 for "event", 1 for "*_event"; 0: says nothing. */
static int name_rank(const struct finder *finder, const char *name)
{
	size_t map_len = strlen(finder->map_name), len = strlen(name);

	if (strncmp(name, finder->map_name, map_len) == 0 &&
	    (strcmp(name + map_len, "_event") == 0 || strcmp(name + map_len, "_t") == 0))
		return 3;
	if (strcmp(name, "event") == 0 || strcmp(name, "event_t") == 0 || strcmp(name, "data_t") == 0)
		return 2;
	if (len > 2 && strcmp(name + len - 2, "_t") == 0)
		len -= 2;
	return len > 6 && memcmp(name + len - 6, "_event", 6) == 0 ? 1 : 0;
}

static bool by_name(struct finder *finder)
{
	bool has_size = finder->usage.nr_sizes > 0 && !finder->usage.any_size;
	int best = has_size ? 1 : 2; /* without a size to compare, the vaguest names do not count */
	uint32_t best_id = 0;
	unsigned nr = 0;
	uint32_t size = 0;

	for (uint32_t id = 1; id < bpfl_btf_nr_types(finder->btf); id++) {
		const char *name = struct_name(finder->btf, id);
		int rank = name ? name_rank(finder, name) : 0;

		if (rank < best || !size_fits(finder, id))
			continue;
		nr = rank > best ? 1 : nr + 1;
		best = rank;
		best_id = id;
	}
	if (nr != 1)
		return false;
	bpfl_btf_size(finder->btf, best_id, &size);
	if (has_size)
		return found(finder, BPFL_SHAPE_NAME, best_id, "its name, and %u bytes are sent", size);
	return found(finder, BPFL_SHAPE_NAME, best_id, "its name alone");
}

static bool by_size(struct finder *finder)
{
	uint32_t only = 0;
	unsigned nr = 0;

	if (finder->usage.nr_sizes != 1 || finder->usage.any_size || finder->usage.sizes[0] < 4)
		return false;
	for (uint32_t id = 1; id < bpfl_btf_nr_types(finder->btf); id++) {
		/* A struct of .maps without a name is a definition, no value. */
		if (struct_name(finder->btf, id) && size_fits(finder, id)) {
			only = id;
			nr++;
		}
	}
	return nr == 1 && found(finder, BPFL_SHAPE_SIZE, only, "the only struct of %u bytes", finder->usage.sizes[0]);
}

/* ---- entry ---- */

int bpfl_shape_find(struct bpfl_shape *shape, const struct bpfl_spec *spec, uint32_t map_idx, const char *told,
		    struct bpfl_error *err)
{
	static bool (*const rules[])(struct finder *finder) = { by_map_value, by_tag, by_pointer, by_name, by_size };
	struct finder finder = { .shape = shape, .spec = spec, .btf = spec->btf, .map_idx = map_idx,
				 .map_name = spec->maps.items[map_idx].name };
	int ret = 0;

	memset(shape, 0, sizeof(*shape));
	if (told) {
		ret = tell(&finder, told, err);
		if (ret < 0)
			bpfl_shape_deinit(shape);
		return ret;
	}
	shape->rule = BPFL_SHAPE_UNKNOWN;
	snprintf(shape->why, sizeof(shape->why), "%s",
		 spec->btf ? "no type in the object fits" : "the object has no BTF");
	bpfl_map_usage_read(spec, map_idx, &finder.usage);
	for (size_t i = 0; spec->btf && i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!rules[i](&finder))
			continue;
		return add_case(shape, spec->btf, finder.type_id) ? 0 : bpfl_error_nomem(err);
	}
	return 0;
}

void bpfl_shape_deinit(struct bpfl_shape *shape)
{
	for (size_t i = 0; i < shape->cases.nr; i++)
		bpfl_btf_destroy(shape->cases.items[i].own_btf);
	free(shape->cases.items);
	memset(shape, 0, sizeof(*shape));
}
