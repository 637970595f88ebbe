/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/info_metadata.c: what a program's author has written about it.
 *
 * Variables named bpf_metadata_KEY in a constant data section: a convention of bpftool. Loaders bind the
 * section's map to each program, so it is among the program's maps; the types of the map name the variables.
 */
#include "kern/info.h"

#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/text.h"
#include "btf/value.h"
#include "kern/map_handle.h"
#include "spec/spec.h"
#include "sys/bpf.h"
#include "sys/enter.h"

/* Whether it may be the map of constants; asked before its types are read. */
static bool may_have(uint32_t map_id)
{
	struct bpfl_map_info info = { 0 };
	uint32_t info_size = sizeof(info);
	int fd = bpfl_sys_fd_by_id(BPFL_CMD_MAP_GET_FD_BY_ID, map_id);
	int ret = fd < 0 ? fd : bpfl_sys_obj_info(fd, &info, &info_size);

	bpfl_enter_close(fd);
	return ret == 0 && info.type == BPFL_MAP_TYPE_ARRAY && info.max_entries == 1 && info.btf_id != 0 &&
	       memmem(info.name, sizeof(info.name), ".rodata", 7) != NULL;
}

static void put_variable(const struct bpfl_map *map, const char *name, uint32_t type_id, const uint8_t *bytes,
			 size_t size, struct bpfl_buf *words, struct bpfl_json *json)
{
	size_t start;

	if (words->size > 0)
		bpfl_buf_char(words, ' ');
	bpfl_buf_printf(words, "%s=", BPFL_ESC(name));
	start = words->size;
	if (bpfl_btf_value_text(map->btf, type_id, bytes, size, words) < 0 || words->size == start)
		bpfl_buf_char(words, '?');
	bpfl_json_key(json, name);
	if (bpfl_btf_value_json(map->btf, type_id, bytes, size, json) < 0)
		bpfl_json_null(json);
}

static void read_section(const struct bpfl_map *map, const uint8_t *value, struct bpfl_buf *words,
			 struct bpfl_json *json)
{
	const struct bpfl_btf_type *section = map->btf ? bpfl_btf_type(map->btf, map->value_type_id) : NULL;

	if (!section || bpfl_btf_kind(section) != BPFL_KIND_DATASEC)
		return;
	for (uint32_t i = 0; i < bpfl_btf_vlen(section); i++) {
		const struct bpfl_btf_datasec_var *var = &bpfl_btf_datasec_vars(section)[i];
		const struct bpfl_btf_type *type = bpfl_btf_type(map->btf, var->type);
		const char *name = bpfl_btf_name(map->btf, var->type);

		if (type && bpfl_text_has_prefix(name, BPFL_METADATA_PREFIX) && var->byte_off <= map->value_size &&
		    var->size_bytes <= map->value_size - var->byte_off)
			put_variable(map, name + strlen(BPFL_METADATA_PREFIX), type->type, value + var->byte_off,
				     var->size_bytes, words, json);
	}
}

void bpfl_listing_metadata(struct bpfl_live *row)
{
	struct bpfl_buf words = BPFL_BUF_INIT, object = BPFL_BUF_INIT;
	struct bpfl_json json;

	bpfl_json_init(&json, &object);
	bpfl_json_object_begin(&json);
	for (size_t i = 0; i < row->map_ids.nr; i++) {
		struct bpfl_map *map = NULL;
		uint8_t *value;
		uint32_t key = 0;

		if (!may_have(row->map_ids.items[i]) || bpfl_map_open_id(row->map_ids.items[i], &map, NULL) < 0)
			continue;
		value = bpfl_map_value_new(map);
		if (value && bpfl_map_lookup(map, &key, sizeof(key), value, map->value_size, 0, NULL) == 0)
			read_section(map, value, &words, &json);
		free(value);
		bpfl_map_close(map);
	}
	bpfl_json_object_end(&json);
	if (words.size > 0 && bpfl_buf_ok(&words) && bpfl_buf_ok(&object)) {
		row->metadata = bpfl_buf_take(&words);
		row->metadata_json = bpfl_buf_take(&object);
	}
	bpfl_buf_deinit(&words);
	bpfl_buf_deinit(&object);
}
