/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking at a spec and changing it: what the public header offers between reading a file and building an image.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/text.h"
#include "btf/value.h"
#include "spec/reader.h"

/* ---- looking ---- */

size_t bpfl_spec_nr_maps(const struct bpfl_spec *spec)
{
	return spec->maps.nr;
}

size_t bpfl_spec_nr_progs(const struct bpfl_spec *spec)
{
	return spec->progs.nr;
}

size_t bpfl_spec_nr_vars(const struct bpfl_spec *spec)
{
	return spec->vars.nr;
}

static bool map_is_data(const struct bpfl_map_spec *map)
{
	switch (map->origin) {
	case BPFL_MAP_DATA:
	case BPFL_MAP_RODATA:
	case BPFL_MAP_BSS:
	case BPFL_MAP_KCONFIG:
		return true;
	default:
		return false;
	}
}

int bpfl_spec_map_view(const struct bpfl_spec *spec, size_t idx, struct bpfl_map_view *ret_view)
{
	if (idx >= spec->maps.nr)
		return -ERANGE;
	const struct bpfl_map_spec *map = &spec->maps.items[idx];

	*ret_view = (struct bpfl_map_view){
		.name = map->name,
		.section = map->section,
		.type = map->type,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.max_entries = map->max_entries,
		.flags = map->flags,
		.map_extra = map->map_extra,
		.pinning = map->pinning,
		.is_data = map_is_data(map),
		.is_struct_ops = map->origin == BPFL_MAP_STRUCT_OPS,
		.selected = !map->unselected,
	};
	return 0;
}

int bpfl_spec_prog_view(const struct bpfl_spec *spec, size_t idx, struct bpfl_prog_view *ret_view)
{
	if (idx >= spec->progs.nr)
		return -ERANGE;
	const struct bpfl_prog *prog = &spec->progs.items[idx];
	const struct bpfl_section_row *row = prog->hit.row;

	*ret_view = (struct bpfl_prog_view){
		.name = prog->name,
		.section = prog->section,
		.type = prog->prog_type,
		.attach_type = prog->attach_type,
		.hook = row != NULL ? bpfl_hook_name(row->hook) : "",
		.target = prog->hit.target,
		.needs_target = prog->attach_hint != NULL,
		.target_hint = prog->attach_hint != NULL ? prog->attach_hint : "",
		.selected = prog->selected,
	};
	return 0;
}

int bpfl_spec_var_view(const struct bpfl_spec *spec, size_t idx, struct bpfl_var_view *ret_view)
{
	if (idx >= spec->vars.nr)
		return -ERANGE;
	const struct bpfl_var *var = &spec->vars.items[idx];
	const struct bpfl_map_spec *map = &spec->maps.items[var->map_idx];

	*ret_view = (struct bpfl_var_view){ var->name, map->section, var->byte_off, var->size_bytes, map->frozen };
	return 0;
}

/* ---- finding by name, with near names when there is none ---- */

/* "no variable 'x'", and the names that are near among nr items; name_of says the i-th. */
static int fail_no_such(const struct bpfl_spec *spec, const char *what, const char *wanted, size_t nr,
			const char *(*name_of)(const struct bpfl_spec *spec, size_t i), struct bpfl_error *err)
{
	struct bpfl_near near;
	char text[512];

	bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "no %s '%s' in this object", what, BPFL_ESC(wanted));
	bpfl_near_init(&near, wanted);
	for (size_t i = 0; i < nr; i++)
		bpfl_near_offer(&near, name_of(spec, i));
	if (bpfl_near_text(&near, text, sizeof(text))[0] != '\0') {
		bpfl_error_fix(err, "did you mean %s?", text);
	} else if (nr == 0) {
		bpfl_error_why(err, "the object has no %ss", what);
	} else if (nr <= 4) {
		char list[512] = "";
		size_t len = 0;

		for (size_t i = 0; i < nr && len < sizeof(list); i++)
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s'%s'", i > 0 ? ", " : "",
						BPFL_ESC(name_of(spec, i)));
		bpfl_error_why(err, "it has %s", list);
	} else {
		bpfl_error_fix(err, "bpfload spec lists its %zu %ss", nr, what);
	}
	return -ENOENT;
}

static const char *map_name_of(const struct bpfl_spec *spec, size_t i)
{
	return spec->maps.items[i].name;
}

static const char *prog_name_of(const struct bpfl_spec *spec, size_t i)
{
	return spec->progs.items[i].name;
}

static const char *var_name_of(const struct bpfl_spec *spec, size_t i)
{
	return spec->vars.items[i].name;
}

static int find_map(struct bpfl_spec *spec, const char *name, struct bpfl_map_spec **ret_map, struct bpfl_error *err)
{
	int32_t idx = bpfl_spec_map_idx(spec, name);

	if (idx == BPFL_NO_IDX)
		return fail_no_such(spec, "map", name, spec->maps.nr, map_name_of, err);
	*ret_map = &spec->maps.items[idx];
	return 0;
}

static int find_prog(struct bpfl_spec *spec, const char *name, struct bpfl_prog **ret_prog, struct bpfl_error *err)
{
	int32_t idx = bpfl_spec_prog_idx(spec, name);

	if (idx == BPFL_NO_IDX)
		return fail_no_such(spec, "program", name, spec->progs.nr, prog_name_of, err);
	*ret_prog = &spec->progs.items[idx];
	return 0;
}

/*
 * Finds the variable that a path begins with, and where the rest of the path begins. Names of static variables
 * have dots of their own ("prog.____fmt"), so the longest name that fits wins.
 */
static int find_var(const struct bpfl_spec *spec, const char *path, const struct bpfl_var **ret_var,
		    const char **ret_rest, struct bpfl_error *err)
{
	size_t best_len = 0;

	for (size_t i = 0; i < spec->vars.nr; i++) {
		size_t len = strlen(spec->vars.items[i].name);

		if (len > best_len && strncmp(path, spec->vars.items[i].name, len) == 0 &&
		    strchr(".[", path[len]) != NULL) {
			*ret_var = &spec->vars.items[i];
			best_len = len;
		}
	}
	if (best_len == 0) {
		char name[128];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(path, ".["), path);
		return fail_no_such(spec, "variable", name, spec->vars.nr, var_name_of, err);
	}
	*ret_rest = path + best_len;
	return 0;
}

/* ---- variables ---- */

/* Values are given in this machine's byte order, the data of a foreign object is in its own. */
static int check_native(const struct bpfl_spec *spec, struct bpfl_error *err)
{
	if (!spec->foreign)
		return 0;
	return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
			      "variables of a %s-endian object cannot be used on this machine",
			      spec->big_endian ? "big" : "little");
}

/* Without a type: a number of the variable's size. */
static int set_untyped(struct bpfl_spec *spec, const struct bpfl_var *var, const char *text, struct bpfl_error *err)
{
	uint8_t *bytes = spec->maps.items[var->map_idx].data + var->byte_off;
	unsigned bits = var->size_bytes * 8;
	int64_t value = 0;

	if (var->size_bytes != 1 && var->size_bytes != 2 && var->size_bytes != 4 && var->size_bytes != 8)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
				      "variable '%s' has %u bytes and no type: the object has no BTF for it",
				      BPFL_ESC(var->name), var->size_bytes);
	int ret = bpfl_text_to_s64(text, &value);
	if (ret == -ERANGE && bits == 64)
		ret = bpfl_text_to_u64(text, (uint64_t *)&value);
	if (ret == 0 && bits < 64 && (value < -(INT64_C(1) << (bits - 1)) || value >= INT64_C(1) << bits))
		ret = -ERANGE;
	if (ret < 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, -ret, "variable '%s': '%s' is no number of %u bytes",
				      BPFL_ESC(var->name), BPFL_ESC(text), var->size_bytes);
	switch (bits) {
	case 8:
		memcpy(bytes, &(uint8_t){ (uint8_t)value }, 1);
		break;
	case 16:
		memcpy(bytes, &(uint16_t){ (uint16_t)value }, 2);
		break;
	case 32:
		memcpy(bytes, &(uint32_t){ (uint32_t)value }, 4);
		break;
	default:
		memcpy(bytes, &value, 8);
		break;
	}
	return 0;
}

static bool place_is_int(const struct bpfl_btf *btf, const struct bpfl_btf_place *place)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, place->type_id, NULL);

	return type != NULL && bpfl_btf_kind(type) == BPFL_KIND_INT;
}

int bpfl_spec_var_set_text(struct bpfl_spec *spec, const char *path, const char *text, struct bpfl_error *err)
{
	const struct bpfl_var *var = NULL;
	const char *rest = "";
	struct bpfl_btf_place place;
	char pid[16];
	uint32_t root_size = 0;
	int ret = find_var(spec, path, &var, &rest, err);

	if (ret == 0)
		ret = check_native(spec, err);
	if (ret < 0)
		return ret;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (var->type_id == 0) {
		if (rest[0] != '\0')
			return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
					      "'%s': variable '%s' has no type, so no members", BPFL_ESC(path),
					      BPFL_ESC(var->name));
		return set_untyped(spec, var, strcmp(text, "self") == 0 ? pid : text, err);
	}
	ret = bpfl_btf_place_find(spec->btf, var->type_id, rest, &place, err);
	if (ret == 0)
		ret = bpfl_btf_size(spec->btf, var->type_id, &root_size);
	if (ret == 0) {
		if (strcmp(text, "self") == 0 && place_is_int(spec->btf, &place))
			text = pid;
		ret = bpfl_btf_place_set(spec->btf, &place, var->name, text,
					 spec->maps.items[var->map_idx].data + var->byte_off, root_size, err);
	}
	if (ret < 0)
		bpfl_error_prefix(err, "variable '%s'", BPFL_ESC(path));
	return ret;
}

/* The bytes of a whole variable, after checking that the caller means as many. */
static int var_bytes(struct bpfl_spec *spec, const char *name, size_t size, uint8_t **ret_bytes, struct bpfl_error *err)
{
	int32_t idx = bpfl_spec_var_idx(spec, name);
	int ret = check_native(spec, err);

	if (ret < 0)
		return ret;
	if (idx == BPFL_NO_IDX)
		return fail_no_such(spec, "variable", name, spec->vars.nr, var_name_of, err);
	const struct bpfl_var *var = &spec->vars.items[idx];
	if (size != var->size_bytes)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "variable '%s' has %u bytes, given are %zu",
				      BPFL_ESC(name), var->size_bytes, size);
	*ret_bytes = spec->maps.items[var->map_idx].data + var->byte_off;
	return 0;
}

int bpfl_spec_var_set(struct bpfl_spec *spec, const char *name, const void *value, size_t size, struct bpfl_error *err)
{
	uint8_t *bytes = NULL;
	int ret = var_bytes(spec, name, size, &bytes, err);

	if (ret == 0)
		memcpy(bytes, value, size);
	return ret;
}

int bpfl_spec_var_get(const struct bpfl_spec *spec, const char *name, void *ret_value, size_t size,
		      struct bpfl_error *err)
{
	uint8_t *bytes = NULL;
	int ret = var_bytes((struct bpfl_spec *)(uintptr_t)spec, name, size, &bytes, err);

	if (ret == 0)
		memcpy(ret_value, bytes, size);
	return ret;
}

int bpfl_spec_var_text(const struct bpfl_spec *spec, const char *name, char **ret_text, struct bpfl_error *err)
{
	int32_t idx = bpfl_spec_var_idx(spec, name);
	int ret = check_native(spec, err);
	struct bpfl_buf out = BPFL_BUF_INIT;
	const struct bpfl_var *var;
	const uint8_t *bytes;

	if (ret < 0)
		return ret;
	if (idx == BPFL_NO_IDX)
		return fail_no_such(spec, "variable", name, spec->vars.nr, var_name_of, err);
	var = &spec->vars.items[idx];
	bytes = spec->maps.items[var->map_idx].data + var->byte_off;
	if (var->type_id == 0 || bpfl_btf_value_text(spec->btf, var->type_id, bytes, var->size_bytes, &out) < 0) {
		for (uint32_t i = 0; i < var->size_bytes; i++)
			bpfl_buf_printf(&out, "%s%02x", i > 0 ? " " : "", bytes[i]);
	}
	bpfl_buf_text(&out, "");
	*ret_text = bpfl_buf_take(&out);
	return *ret_text ? 0 : bpfl_error_nomem(err);
}

/* ---- maps ---- */

static const struct map_field {
	const char *name;
	size_t offset;
	bool is_u64;
} map_fields[] = {
	{ "max_entries", offsetof(struct bpfl_map_spec, max_entries), false },
	{ "value_size", offsetof(struct bpfl_map_spec, value_size), false },
	{ "key_size", offsetof(struct bpfl_map_spec, key_size), false },
	{ "flags", offsetof(struct bpfl_map_spec, flags), false },
	{ "type", offsetof(struct bpfl_map_spec, type), false },
	{ "numa_node", offsetof(struct bpfl_map_spec, numa_node), false },
	{ "map_extra", offsetof(struct bpfl_map_spec, map_extra), true },
};

#define NR_MAP_FIELDS (sizeof(map_fields) / sizeof(map_fields[0]))

static int fail_no_field(const char *field, struct bpfl_error *err)
{
	struct bpfl_near near;
	char text[256];

	bpfl_near_init(&near, field);
	bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "a map has no field '%s'", BPFL_ESC(field));
	for (size_t i = 0; i < NR_MAP_FIELDS; i++)
		bpfl_near_offer(&near, map_fields[i].name);
	if (bpfl_near_text(&near, text, sizeof(text))[0] != '\0')
		bpfl_error_fix(err, "did you mean %s?", text);
	return -EINVAL;
}

/*
 * What follows from a changed field: types describe the old size, and the file's word on the number of
 * entries is overruled.
 */
static void after_change(struct bpfl_map_spec *map, const char *field)
{
	if (strcmp(field, "max_entries") == 0)
		map->has_max_entries = true;
	else if (strcmp(field, "key_size") == 0)
		map->key_type_id = map->value_type_id = 0;
	else if (strcmp(field, "value_size") == 0)
		map->key_type_id = map->value_type_id = 0;
}

int bpfl_spec_map_set(struct bpfl_spec *spec, const char *name, const char *field, uint64_t value,
		      struct bpfl_error *err)
{
	struct bpfl_map_spec *map = NULL;
	const struct map_field *row = NULL;
	int ret = find_map(spec, name, &map, err);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < NR_MAP_FIELDS && row == NULL; i++) {
		if (strcmp(map_fields[i].name, field) == 0)
			row = &map_fields[i];
	}
	if (row == NULL)
		return fail_no_field(field, err);
	if (map_is_data(map))
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
				      "map '%s' holds the object's variables: its %s is fixed", BPFL_ESC(name),
				      row->name);
	if (!row->is_u64 && value > UINT32_MAX)
		return bpfl_error_set(err, BPFL_ERR_USAGE, ERANGE, "map '%s': %s has 32 bits, %llu is too large",
				      BPFL_ESC(name), row->name, (unsigned long long)value);
	if (row->is_u64)
		memcpy((char *)map + row->offset, &value, sizeof(value));
	else
		memcpy((char *)map + row->offset, &(uint32_t){ (uint32_t)value }, sizeof(uint32_t));
	after_change(map, row->name);
	return 0;
}

/* Puts a copy of text, or NULL, into a slot. */
static int put_text(char **slot, const char *text, struct bpfl_error *err)
{
	char *copy = text != NULL ? bpfl_strdup(text) : NULL;

	if (text != NULL && copy == NULL)
		return bpfl_error_nomem(err);
	free(*slot);
	*slot = copy;
	return 0;
}

int bpfl_spec_map_reuse(struct bpfl_spec *spec, const char *name, const char *where, struct bpfl_error *err)
{
	struct bpfl_map_spec *map = NULL;
	int ret = find_map(spec, name, &map, err);

	if (ret < 0)
		return ret;
	if (map->origin == BPFL_MAP_STRUCT_OPS || map->origin == BPFL_MAP_KCONFIG)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s': nothing can take its place: it holds %s",
				      BPFL_ESC(name),
				      map->origin == BPFL_MAP_KCONFIG ? "this kernel's configuration" :
									"functions for the kernel");
	return put_text(&map->reuse, where, err);
}

int bpfl_spec_map_set_inner(struct bpfl_spec *spec, const char *name, const char *where, struct bpfl_error *err)
{
	struct bpfl_map_spec *map = NULL;
	int ret = find_map(spec, name, &map, err);

	if (ret < 0)
		return ret;
	if (map->type != BPFL_MAP_TYPE_ARRAY_OF_MAPS && map->type != BPFL_MAP_TYPE_HASH_OF_MAPS)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s' holds no maps", BPFL_ESC(name));
	return put_text(&map->inner_where, where, err);
}

/* ---- programs ---- */

int bpfl_spec_prog_set_type(struct bpfl_spec *spec, const char *name, const char *section_name, struct bpfl_error *err)
{
	struct bpfl_prog *prog = NULL;
	char text[512];
	int ret = find_prog(spec, name, &prog, err);

	if (ret < 0)
		return ret;
	if (bpfl_section_find(section_name).match == BPFL_MATCH_NONE) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "program '%s': '%s' is no section name", BPFL_ESC(name),
			       BPFL_ESC(section_name));
		if (bpfl_section_near(section_name, text, sizeof(text))[0] != '\0')
			bpfl_error_fix(err, "did you mean %s?", text);
		return -EINVAL;
	}
	/* hit.target points into the name, so the program keeps a copy of it. */
	char *copy = bpfl_strdup(section_name);

	if (copy == NULL)
		return bpfl_error_nomem(err);
	ret = bpfl_prog_set_hit(prog, copy);
	if (ret < 0) {
		free(copy);
		return bpfl_error_nomem(err);
	}
	free(prog->type_name);
	prog->type_name = copy;
	return 0;
}

int bpfl_spec_prog_select(struct bpfl_spec *spec, const char *name, bool selected, struct bpfl_error *err)
{
	struct bpfl_prog *prog = NULL;
	int ret = find_prog(spec, name, &prog, err);

	if (ret == 0)
		prog->selected = selected;
	return ret;
}
