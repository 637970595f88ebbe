/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/var.c: variables of a loaded object.
 *
 * A variable is some bytes in the only element of its section's map. Reading looks the element up
 * and cuts the bytes out. Writing must not touch the neighbours: the program may change them
 * between a look-up and an update, and its change would be lost. So the bytes are written through a
 * mapping of the map; only where the kernel gives none (before 5.5, or a section that holds static
 * variables only) the whole element is read, changed and written back. An arena is mapped already.
 */
#include "kern/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "base/text.h"
#include "kern/map_handle.h"
#include "sys/bpf.h"
#include "sys/enter.h"

struct place {
	const struct bpfl_var *var;
	const struct bpfl_live_map *map;
	const struct bpfl_map_spec *map_spec;
	uint8_t *memory; /* of a variable in an arena; NULL */
};

static int var_missing(const struct bpfl_spec *spec, const char *name, struct bpfl_error *err)
{
	struct bpfl_near near;
	char text[512];

	bpfl_near_init(&near, name);
	for (size_t i = 0; i < spec->vars.nr; i++)
		bpfl_near_offer(&near, spec->vars.items[i].name);
	bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT,
		       "variable '%s': the object has none of this name", BPFL_ESC(name));
	if (bpfl_near_text(&near, text, sizeof(text))[0])
		bpfl_error_fix(err, "did you mean %s?", text);
	return -ENOENT;
}

static int place_find(const struct bpfl_object *object, const char *name, size_t size,
		      struct place *ret, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = object->image->spec;
	int32_t idx = bpfl_spec_var_idx(spec, name);

	if (idx == BPFL_NO_IDX)
		return var_missing(spec, name, err);
	ret->var = &spec->vars.items[idx];
	ret->map = &object->maps[ret->var->map_idx];
	ret->map_spec = &spec->maps.items[ret->var->map_idx];
	if (ret->map_spec->origin == BPFL_MAP_STRUCT_OPS)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EOPNOTSUPP,
				      "variable '%s': the kernel has taken it over, in a layout of its own",
				      BPFL_ESC(name));
	if (ret->map->fd < 0)
		return bpfl_error_set(
			err, BPFL_ERR_USAGE, ENOENT,
			"variable '%s': its map '%s' was not created, because no loaded program uses it",
			BPFL_ESC(name), BPFL_ESC(ret->map_spec->name));
	if (ret->map->type == BPFL_MAP_TYPE_PERCPU_ARRAY) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EOPNOTSUPP, "variable '%s': it has a value for each CPU", BPFL_ESC(name));
		bpfl_error_fix(err, "look at its map '%s'", BPFL_ESC(ret->map_spec->name));
		return -EOPNOTSUPP;
	}
	if (size != ret->var->size_bytes)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
				      "variable '%s': it has %u bytes, not %zu", BPFL_ESC(name),
				      ret->var->size_bytes, size);
	ret->memory = ret->map->memory
			      ? ret->map->memory + object->image->maps[ret->var->map_idx].data_off + ret->var->byte_off
			      : NULL;
	if (!ret->memory && (uint64_t)ret->var->byte_off + size > ret->map->value_size)
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
				      "variable '%s': it ends behind its section", BPFL_ESC(name));
	return 0;
}

static int syscall_failed(const char *name, const char *what, int ret, struct bpfl_error *err)
{
	return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "variable '%s': %s: %s",
			      BPFL_ESC(name), what, bpfl_errno_text(-ret));
}

int bpfl_object_var_get(const struct bpfl_object *object, const char *name, void *ret_value,
			size_t size, struct bpfl_error *err)
{
	struct place place;
	uint32_t key = 0;
	uint8_t *value;
	int ret = place_find(object, name, size, &place, err);

	if (ret < 0)
		return ret;
	if (place.memory) {
		memcpy(ret_value, place.memory, size);
		return 0;
	}
	value = malloc(place.map->value_size);
	if (!value)
		return bpfl_error_nomem(err);
	ret = bpfl_sys_map_lookup(place.map->fd, &key, value, 0);
	if (ret >= 0)
		memcpy(ret_value, value + place.var->byte_off, size);
	free(value);
	return ret < 0 ? syscall_failed(name, "reading it", ret, err) : 0;
}

static int write_mapped(const struct bpfl_object *object, const struct place *place,
			const void *value, size_t size)
{
	size_t page = bpfl_target_page_size(object->target);
	size_t map_size = (((size_t)place->map->value_size + 7) & ~(size_t)7) *
			  place->map->max_entries;
	void *addr;
	int ret;

	map_size = (map_size + page - 1) / page * page;
	ret = bpfl_enter_mmap(NULL, map_size, PROT_READ | PROT_WRITE, MAP_SHARED, place->map->fd, 0,
			      &addr);
	if (ret < 0)
		return ret;
	memcpy((uint8_t *)addr + place->var->byte_off, value, size);
	bpfl_enter_munmap(addr, map_size);
	return 0;
}

static int write_whole(const struct place *place, const void *new_value, size_t size)
{
	uint32_t key = 0;
	uint8_t *value = malloc(place->map->value_size);
	int ret;

	if (!value)
		return -ENOMEM;
	ret = bpfl_sys_map_lookup(place->map->fd, &key, value, 0);
	if (ret >= 0) {
		memcpy(value + place->var->byte_off, new_value, size);
		ret = bpfl_sys_map_update(place->map->fd, &key, value, 0);
	}
	free(value);
	return ret;
}

int bpfl_object_var_set(const struct bpfl_object *object, const char *name, const void *value,
			size_t size, struct bpfl_error *err)
{
	struct place place;
	int ret = place_find(object, name, size, &place, err);

	if (ret < 0)
		return ret;
	if (bpfl_map_spec_is_frozen(place.map_spec)) {
		bpfl_error_set(
			err, BPFL_ERR_USAGE, EPERM,
			"variable '%s': it is constant, and '%s' is frozen once it is loaded",
			BPFL_ESC(name), BPFL_ESC(place.map_spec->name));
		bpfl_error_fix(err, "set it before loading: --set %s=VALUE", BPFL_ESC(name));
		return -EPERM;
	}
	if (place.memory) {
		memcpy(place.memory, value, size);
		return 0;
	}
	ret = place.map->flags & BPFL_F_MMAPABLE ? write_mapped(object, &place, value, size)
						 : -ENODEV;
	if (ret < 0)
		ret = write_whole(&place, value, size);
	return ret < 0 ? syscall_failed(name, "writing it", ret, err) : 0;
}

int bpfl_object_var_memory(const struct bpfl_object *object, const char *name, size_t size, unsigned flags,
			   struct bpfl_map_memory **ret_memory, void **ret_var, struct bpfl_error *err)
{
	struct bpfl_map_memory *memory = NULL;
	struct bpfl_map *map = NULL;
	struct place place;
	int ret = place_find(object, name, size, &place, err);

	if (ret == 0)
		ret = bpfl_map_open_object(object, place.map_spec->name, &map, err);
	if (ret == 0)
		ret = bpfl_map_memory_open(map, flags, &memory, err);
	bpfl_map_close(map);
	if (ret < 0)
		return ret;
	*ret_memory = memory;
	*ret_var = place.memory ? place.memory : (uint8_t *)memory->bytes + place.var->byte_off;
	return 0;
}
