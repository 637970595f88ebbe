/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/map_open.c: a map in hand: of an object, by id, by name, by its pinned path, or a new one.
 *
 * The sizes of an object's map are known. For any other the kernel tells them (OBJ_GET_INFO_BY_FD, Linux 4.13),
 * and where its types are:
 * the number of a BTF that came with the map (4.18), or of the kernel's own, for values that are the kernel's
 * structs (struct_ops). Types only make text readable: what hinders to read them is kept in words, not an error.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "btf/kernel.h"
#include "btf/loaded.h"
#include "kern/map_handle.h"
#include "kern/pin.h"
#include "spec/spec.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/facts.h"

#define IDS_MAX 64 /* of one name, to be listed */

/* ---- what every handle has ---- */

static bool is_per_cpu(uint32_t type)
{
	return type == BPFL_MAP_TYPE_PERCPU_HASH || type == BPFL_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPFL_MAP_TYPE_LRU_PERCPU_HASH || type == BPFL_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

static bool type_has_lock(const struct bpfl_btf *btf, uint32_t type_id)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, NULL);

	if (bpfl_btf_kind(type) != BPFL_KIND_STRUCT)
		return false;
	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		const struct bpfl_btf_type *member =
			bpfl_btf_skip_modifiers(btf, bpfl_btf_members(type)[i].type, NULL);

		if (bpfl_btf_kind(member) == BPFL_KIND_STRUCT &&
		    strcmp(bpfl_btf_string(btf, member->name_off), "bpf_spin_lock") == 0)
			return true;
	}
	return false;
}

/* What follows from the numbers and the types. The kernel writes a value for each CPU: their number is no guess. */
static int finish(struct bpfl_map *map, struct bpfl_error *err)
{
	int ret = is_per_cpu(map->type) ? bpfl_facts_count_possible_cpus(&map->nr_cpus) : 0;

	if (ret == -ENOMEM)
		return bpfl_error_nomem(err);
	if (ret < 0) {
		bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret,
			       "map '%s' has a value for each possible CPU, and how many those are is not known",
			       BPFL_ESC(map->name));
		bpfl_error_why(err, "%s: %s", BPFL_POSSIBLE_CPUS_PATH, bpfl_errno_text(-ret));
		bpfl_error_fix(err, "mount -t sysfs sysfs /sys");
		return ret;
	}
	map->value_bytes = map->nr_cpus ? bpfl_map_cpu_stride(map) * map->nr_cpus : map->value_size;
	map->has_lock = map->btf && map->value_type_id && type_has_lock(map->btf, map->value_type_id);
	return 0;
}

void bpfl_map_close(struct bpfl_map *map)
{
	if (!map)
		return;
	if (map->owns_fd)
		bpfl_enter_close(map->fd);
	bpfl_btf_destroy(map->own_btf);
	bpfl_btf_destroy(map->own_base);
	free(map->name);
	free(map);
}

/* ---- types from the kernel ---- */

/* The value is a struct of the kernel's, or of a module's (Linux 6.9). */
static int kernel_types(struct bpfl_map *map, const struct bpfl_map_info *info, struct bpfl_error *err)
{
	struct bpfl_btf_loaded loaded;
	struct bpfl_btf *kernel = NULL;
	int ret = bpfl_btf_open_kernel(NULL, &kernel, err);

	if (ret < 0)
		return ret;
	map->value_type_id = info->btf_vmlinux_value_type_id;
	map->own_btf = kernel;
	if (info->btf_vmlinux_id && bpfl_btf_loaded_get(info->btf_vmlinux_id, &loaded) == 0 &&
	    strcmp(loaded.name, "vmlinux") != 0) {
		map->own_base = kernel;
		map->own_btf = NULL;
		ret = bpfl_btf_loaded_read(&loaded, kernel, &map->own_btf, err);
	}
	return ret;
}

static int loaded_types(struct bpfl_map *map, const struct bpfl_map_info *info, struct bpfl_error *err)
{
	struct bpfl_btf_loaded loaded;
	int ret = bpfl_btf_loaded_get(info->btf_id, &loaded);

	if (ret < 0)
		return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "BTF %u: %s", info->btf_id, bpfl_errno_text(-ret));
	map->key_type_id = info->btf_key_type_id;
	map->value_type_id = info->btf_value_type_id;
	return bpfl_btf_loaded_read(&loaded, NULL, &map->own_btf, err);
}

static void types_read(struct bpfl_map *map, const struct bpfl_map_info *info)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	int ret = 0;

	if (info->btf_vmlinux_value_type_id)
		ret = kernel_types(map, info, &err);
	else if (info->btf_id && (info->btf_key_type_id || info->btf_value_type_id))
		ret = loaded_types(map, info, &err);
	else
		snprintf(map->why_untyped, sizeof(map->why_untyped), "the kernel has no types for it");
	if (ret < 0) {
		snprintf(map->why_untyped, sizeof(map->why_untyped), "its types cannot be read: %.150s", err.message);
		map->key_type_id = map->value_type_id = 0;
	}
	map->btf = map->own_btf;
	bpfl_error_clear(&err);
}

int bpfl_map_adopt(int fd, struct bpfl_map **ret_map, struct bpfl_error *err)
{
	struct bpfl_map *map = calloc(1, sizeof(*map));
	struct bpfl_map_info info = { 0 };
	uint32_t info_size = sizeof(info);
	int ret;

	if (!map) {
		bpfl_enter_close(fd);
		return bpfl_error_nomem(err);
	}
	map->fd = fd;
	map->owns_fd = true;
	ret = bpfl_sys_obj_info(fd, &info, &info_size);
	if (ret < 0) {
		bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "asking for the map's sizes: %s", bpfl_errno_text(-ret));
		if (ret == -EINVAL)
			bpfl_error_why(err, "kernels tell them since Linux 4.13");
		bpfl_map_close(map);
		return ret;
	}
	if (!info.name[0]) /* a map need not have a name: then its number stands for it */
		snprintf(info.name, sizeof(info.name), "#%u", info.id);
	map->name = bpfl_strndup(info.name, strnlen(info.name, sizeof(info.name)));
	if (!map->name) {
		bpfl_map_close(map);
		return bpfl_error_nomem(err);
	}
	map->id = info.id;
	map->type = info.type;
	map->key_size = info.key_size;
	map->value_size = info.value_size;
	map->max_entries = info.max_entries;
	map->flags = info.map_flags;
	map->map_extra = info.map_extra;
	types_read(map, &info);
	ret = finish(map, err);
	if (ret < 0) {
		bpfl_map_close(map);
		return ret;
	}
	*ret_map = map;
	return 0;
}

/* ---- by id ---- */

/* want, here and below: "map" or "prog". */
static void where_listed(const char *want, struct bpfl_error *err)
{
	bpfl_error_fix(err, "bpfload ls %s lists those that there are, with their ids and where they are pinned", want);
}

static int by_id_error(const char *want, uint32_t id, int ret, struct bpfl_error *err)
{
	const char *kind = strcmp(want, "prog") == 0 ? "program" : want;

	if (ret == -ENOENT) {
		bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "there is no %s with id %u", kind, id);
		where_listed(want, err);
		return ret;
	}
	bpfl_error_set(err, ret == -EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM, -ret, "%s id %u: %s", kind, id,
		       bpfl_errno_text(-ret));
	if (ret == -EPERM) {
		bpfl_error_why(err,
			       "things that other processes loaded are found by id or name with CAP_SYS_ADMIN only");
		bpfl_error_fix(err, "run it as root, or give the path where it is pinned");
	}
	return ret;
}

int bpfl_map_open_id(uint32_t id, struct bpfl_map **ret_map, struct bpfl_error *err)
{
	int fd = bpfl_sys_fd_by_id(BPFL_CMD_MAP_GET_FD_BY_ID, id);

	return fd < 0 ? by_id_error("map", id, fd, err) : bpfl_map_adopt(fd, ret_map, err);
}

/* ---- by name ---- */

struct name_search {
	const char *name;
	char kernel_name[BPFL_OBJ_NAME_SIZE];
	struct bpfl_near near;
	uint32_t ids[IDS_MAX];
	size_t nr;
};

/* A map that goes away while the list is read is none. */
static int name_of(uint32_t id, char name[BPFL_OBJ_NAME_SIZE])
{
	struct bpfl_map_info info = { 0 };
	uint32_t info_size = sizeof(info);
	int fd = bpfl_sys_fd_by_id(BPFL_CMD_MAP_GET_FD_BY_ID, id);
	int ret = fd < 0 ? fd : bpfl_sys_obj_info(fd, &info, &info_size);

	bpfl_enter_close(fd);
	memcpy(name, info.name, BPFL_OBJ_NAME_SIZE);
	name[BPFL_OBJ_NAME_SIZE - 1] = '\0';
	return ret;
}

static int names_search(struct name_search *search)
{
	uint32_t id = 0;
	int ret;

	snprintf(search->kernel_name, sizeof(search->kernel_name), "%s", search->name);
	bpfl_near_init(&search->near, search->name);
	while ((ret = bpfl_sys_next_id(BPFL_CMD_MAP_GET_NEXT_ID, id, &id)) == 0) {
		char name[BPFL_OBJ_NAME_SIZE];

		ret = name_of(id, name);
		if (ret == -EPERM)
			return ret;
		if (ret < 0 || !name[0])
			continue;
		bpfl_near_offer(&search->near, name);
		if (strcmp(name, search->kernel_name) == 0 && search->nr < IDS_MAX)
			search->ids[search->nr++] = id;
	}
	return ret == -ENOENT ? 0 : ret;
}

static int refuse_several(const struct name_search *search, struct bpfl_error *err)
{
	struct bpfl_buf ids = BPFL_BUF_INIT;

	for (size_t i = 0; i < search->nr; i++)
		bpfl_buf_printf(&ids, "%s%u", i ? ", " : "", search->ids[i]);
	bpfl_error_set(err, BPFL_ERR_USAGE, EEXIST, "%zu maps are called '%s'", search->nr,
		       BPFL_ESC(search->kernel_name));
	bpfl_error_why(err, "their ids: %s", ids.data ? ids.data : "");
	bpfl_error_fix(err, "name one of them by its id");
	bpfl_buf_deinit(&ids);
	return -EEXIST;
}

int bpfl_map_open_name(const char *name, struct bpfl_map **ret_map, struct bpfl_error *err)
{
	struct name_search search = { .name = name };
	int ret = names_search(&search);
	char text[512];

	if (ret < 0) {
		bpfl_error_set(err, ret == -EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM, -ret,
			       "listing the maps of this system: %s", bpfl_errno_text(-ret));
		if (ret == -EPERM)
			bpfl_error_fix(err, "run it as root, or give the path where the map is pinned");
		return ret;
	}
	if (search.nr > 1)
		return refuse_several(&search, err);
	if (search.nr == 1)
		return bpfl_map_open_id(search.ids[0], ret_map, err);
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "no map in the kernel is called '%s'", BPFL_ESC(name));
	if (bpfl_near_text(&search.near, text, sizeof(text))[0])
		bpfl_error_fix(err, "did you mean %s?", text);
	else
		where_listed("map", err);
	return -ENOENT;
}

/* ---- by path ---- */

static int pin_open(const char *path, const char *want, struct bpfl_error *err)
{
	int fd = bpfl_sys_obj_get(path, 0);
	const char *kind;

	if (fd == -EACCES || fd == -EPERM) {
		int read_fd = bpfl_sys_obj_get(path, BPFL_F_RDONLY);

		fd = read_fd >= 0 ? read_fd : fd;
	}
	if (fd == -ENOENT) {
		bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "'%s': nothing is pinned there", BPFL_ESC(path));
		where_listed(want, err);
		return fd;
	}
	if (fd < 0) {
		bpfl_error_set(err, fd == -EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_TARGET, -fd, "'%s': %s",
			       BPFL_ESC(path), bpfl_errno_text(-fd));
		if (fd == -EINVAL || fd == -EACCES)
			bpfl_error_why(err, "only what is pinned in a bpffs can be opened by its path, and only as its "
					    "mode allows");
		where_listed(want, err);
		return fd;
	}
	kind = bpfl_pin_kind(fd);
	if (kind[0] && strcmp(kind, want) != 0) {
		bpfl_enter_close(fd);
		return bpfl_error_set(err, BPFL_ERR_TARGET, EINVAL, "'%s' is a pinned %s, not a %s", BPFL_ESC(path),
				      kind, want);
	}
	return fd;
}

int bpfl_map_open_pinned(const char *path, struct bpfl_map **ret_map, struct bpfl_error *err)
{
	int fd = pin_open(path, "map", err);

	return fd < 0 ? fd : bpfl_map_adopt(fd, ret_map, err);
}

int bpfl_open_words(const char *words, const char *want, struct bpfl_error *err)
{
	bool is_map = strcmp(want, "map") == 0;
	const char *number = words;
	uint64_t id;
	int fd;

	if (strchr(words, '/'))
		return pin_open(words, want, err);
	if (bpfl_text_has_prefix(words, "id") && strspn(words + 2, " :=") > 0)
		number = words + 2 + strspn(words + 2, " :=");
	if (bpfl_text_to_u64(number, &id) < 0 || id == 0 || id > UINT32_MAX)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' is neither an id nor the path of a pinned %s",
				      BPFL_ESC(words), want);
	fd = bpfl_sys_fd_by_id(is_map ? BPFL_CMD_MAP_GET_FD_BY_ID : BPFL_CMD_PROG_GET_FD_BY_ID, (uint32_t)id);
	return fd < 0 ? by_id_error(want, (uint32_t)id, fd, err) : fd;
}

/* ---- of an object ---- */

static int refuse_object_name(const struct bpfl_spec *spec, const char *name, struct bpfl_error *err)
{
	struct bpfl_near near;
	char names[512];

	bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "there is no map '%s'", BPFL_ESC(name));
	bpfl_near_init(&near, name);
	for (size_t i = 0; i < spec->maps.nr; i++)
		bpfl_near_offer(&near, spec->maps.items[i].name);
	if (near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&near, names, sizeof(names)));
	else
		bpfl_error_fix(err, "bpfload spec lists the maps of an object");
	return -ENOENT;
}

int bpfl_map_open_object(const struct bpfl_object *object, const char *name, struct bpfl_map **ret_map,
			 struct bpfl_error *err)
{
	const struct bpfl_spec *spec = object->image->spec;
	int32_t map_idx = bpfl_spec_map_idx(spec, name);
	const struct bpfl_live_map *live;
	struct bpfl_map *map;
	int ret;

	if (map_idx < 0)
		return refuse_object_name(spec, name, err);
	live = &object->maps[map_idx];
	if (live->fd < 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "map '%s' is not loaded: no program uses it",
				      BPFL_ESC(name));
	map = calloc(1, sizeof(*map));
	if (map)
		map->name = bpfl_strdup(name);
	if (!map || !map->name) {
		free(map);
		return bpfl_error_nomem(err);
	}
	map->fd = live->fd;
	map->type = live->type;
	map->key_size = live->key_size;
	map->value_size = live->value_size;
	map->max_entries = live->max_entries;
	map->flags = live->flags;
	map->btf = spec->btf;
	/* Also where the kernel was given no types; but a struct_ops map's value has the kernel's layout. */
	map->key_type_id = spec->maps.items[map_idx].key_type_id;
	if (!object->image->maps[map_idx].kernel_value_type_id)
		map->value_type_id = spec->maps.items[map_idx].value_type_id;
	map->object = object;
	map->map_idx = (size_t)map_idx;
	if (!map->btf || (!map->key_type_id && !map->value_type_id))
		snprintf(map->why_untyped, sizeof(map->why_untyped), "the object says no types for it");
	ret = finish(map, err);
	if (ret < 0) {
		bpfl_map_close(map);
		return ret;
	}
	*ret_map = map;
	return 0;
}

/* ---- facts ---- */

/* The kernel's number, for a map of an object when it is asked for; 0 when it does not say. */
static uint32_t map_id(const struct bpfl_map *map)
{
	struct bpfl_map_info info = { 0 };
	uint32_t info_size = sizeof(info);

	if (map->id)
		return map->id;
	return bpfl_sys_obj_info(map->fd, &info, &info_size) < 0 ? 0 : info.id;
}

void bpfl_map_get_facts(const struct bpfl_map *map, struct bpfl_map_facts *ret_facts)
{
	const char *type_name = bpfl_map_type_name(map->type);

	*ret_facts = (struct bpfl_map_facts){
		.name = map->name,
		.type_name = type_name ? type_name : "?",
		.id = map_id(map),
		.type = map->type,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.max_entries = map->max_entries,
		.flags = map->flags,
		.nr_cpus = map->nr_cpus,
		.value_bytes = map->value_bytes,
		.why_untyped = map->why_untyped[0] ? map->why_untyped : NULL,
	};
}

int bpfl_map_fd(const struct bpfl_map *map)
{
	return map->fd;
}

uint32_t bpfl_map_type_find(const char *type_name)
{
	int type = bpfl_map_type_by_name(type_name);

	return type > 0 ? (uint32_t)type : 0;
}
