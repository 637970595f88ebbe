/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/pin_map.c: maps that are shared by name.
 *
 * A map that says __uint(pinning, LIBBPF_PIN_BY_NAME) lives in ROOT/NAME of a bpffs. Who comes first creates it
 * and pins it, who comes later takes what is there, provided it is the same kind of map: a program that was
 * verified for values of 8 bytes must not get values of 4. Two who come at once both create one; pinning
 * decides, and the loser takes the winner's.
 *
 * iproute2's bpf_elf_map has two scopes: PIN_GLOBAL_NS is ROOT/tc/globals/NAME, PIN_OBJECT_NS is ROOT/tc/OBJECT/NAME.
 */
#include "kern/load.h"
#include "kern/map_handle.h"
#include "kern/pin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "sys/bpf.h"
#include "sys/enter.h"

#define NAME_SIZE_MAX 255
#define NR_RACES_MAX 8 /* lost to others who pin and unpin in turn */

#define F_NO_COMMON_LRU (1u << 1)
/*
 * Flags that describe the call or the descriptor, not the map: F_RDONLY, F_WRONLY (the kernel forgets
 * them), and those of MAP_CREATE's new fields.
 */
#define F_OF_CALL (1u << 3 | 1u << 4 | 1u << 15 | 1u << 16)

/* ---- where ---- */

/* The name comes from a file that anybody may have written: "../../etc" must not walk. */
static int name_check(const char *name, struct bpfl_error *err)
{
	char plain[BPFL_PIN_NAME_SIZE];

	if (strlen(name) < NAME_SIZE_MAX && strlen(name) < sizeof(plain) &&
	    strcmp(bpfl_pin_name(name, plain), name) == 0)
		return 0;
	bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
		       "it is to be pinned by name, and this is no name for a file of a bpffs");
	bpfl_error_why(err, "letters, digits, '_' and '-', at most %u of them", BPFL_PIN_NAME_SIZE - 1);
	return -EINVAL;
}

static char *path_of(const struct bpfl_loading *loading, const struct bpfl_map_spec *map)
{
	const char *root = loading->opts.pin_root ? loading->opts.pin_root : BPFL_BPFFS_PATH;
	struct bpfl_buf path = BPFL_BUF_INIT;
	char object[BPFL_PIN_NAME_SIZE];
	size_t size = strlen(root);

	while (size > 1 && root[size - 1] == '/')
		size--;
	bpfl_buf_append(&path, root, size);
	if (map->origin == BPFL_MAP_LEGACY)
		bpfl_buf_printf(&path, "/tc/%s",
				map->pinning == 1 ? "globals" : bpfl_pin_name(loading->image->spec->name, object));
	bpfl_buf_printf(&path, "/%s", map->name);
	return bpfl_buf_take(&path);
}

int bpfl_loading_pin_paths(struct bpfl_loading *loading, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = loading->image->spec;

	for (size_t i = 0; i < spec->maps.nr; i++) {
		const struct bpfl_map_spec *map = &spec->maps.items[i];
		struct bpfl_live_map *live = &loading->object->maps[i];
		int ret;

		if (map->pinning == 0 || map->reuse || !loading->image->maps[i].needed)
			continue;
		if (loading->opts.no_pin) {
			bpfl_log_line(&loading->opts.log, BPFL_LOG_WARN, "map '%s' is not pinned: nobody shares it",
				      BPFL_ESC(map->name));
			continue;
		}
		ret = name_check(map->name, err);
		live->pin_path = ret == 0 ? path_of(loading, map) : NULL;
		if (ret == 0 && !live->pin_path)
			ret = bpfl_error_nomem(err);
		if (ret == 0)
			ret = bpfl_bpffs_check(live->pin_path,
					       "or --pin-root DIR; or --no-pin, then nobody shares the map", err);
		if (ret < 0) {
			bpfl_error_prefix(err, "map '%s'", BPFL_ESC(map->name));
			return ret;
		}
	}
	return 0;
}

/* ---- the same kind of map? ---- */

/* What is compared, as numbers: wanted by the object, found in the other map. */
struct parameter {
	const char *name; /* as --map NAME.FIELD calls it */
	uint64_t wanted, found;
};

#define NR_PARAMETERS 6
#define NR_OF_KIND 3 /* the first ones: what programs are compiled for */

static uint32_t flags_to_compare(const struct bpfl_image_map *map, uint32_t flags)
{
	uint32_t ignored = F_OF_CALL;

	/* The kernel adds it to every map of devices (G-48). */
	if (map->type == BPFL_MAP_TYPE_DEVMAP || map->type == BPFL_MAP_TYPE_DEVMAP_HASH)
		ignored |= BPFL_F_RDONLY_PROG;
	return flags & ~ignored;
}

/* The kernel rounds the size of an LRU map with lists of its own per CPU up to a multiple of them. */
static bool size_was_rounded(struct bpfl_target *target, const struct bpfl_image_map *map, uint32_t found)
{
	uint32_t nr_cpus = bpfl_target_possible_cpus(target);

	return map->flags & F_NO_COMMON_LRU && found > map->max_entries && found - map->max_entries < nr_cpus &&
	       found % nr_cpus == 0;
}

/* In the first nr_compared of them. */
static size_t differences(struct bpfl_target *target, const struct bpfl_image_map *map,
			  const struct bpfl_map_info *info, size_t nr_compared, struct parameter out[NR_PARAMETERS])
{
	const struct parameter all[NR_PARAMETERS] = {
		{ "type", map->type, info->type },
		{ "key_size", map->key_size, info->key_size },
		{ "value_size", map->value_size, info->value_size },
		{ "max_entries", map->max_entries,
		  size_was_rounded(target, map, info->max_entries) ? map->max_entries : info->max_entries },
		{ "flags", flags_to_compare(map, map->flags), flags_to_compare(map, info->map_flags) },
		{ "map_extra", map->map_extra, info->map_extra },
	};
	size_t nr = 0;

	for (size_t i = 0; i < nr_compared; i++) {
		if (all[i].wanted != all[i].found)
			out[nr++] = all[i];
	}
	return nr;
}

static const char *parameter_text(const struct parameter *parameter, uint64_t value, char *out, size_t out_size)
{
	const char *type = strcmp(parameter->name, "type") == 0 ? bpfl_map_type_name((unsigned)value) : NULL;

	if (type)
		snprintf(out, out_size, "%s", type);
	else
		snprintf(out, out_size, strcmp(parameter->name, "flags") == 0 ? "0x%llx" : "%llu",
			 (unsigned long long)value);
	return out;
}

/* E31: side by side. path: of the pin where the map was looked for; NULL: the caller named it. */
static int refuse_different(const struct bpfl_map_spec *map, const char *path, uint32_t id,
			    const struct parameter *parameters, size_t nr, struct bpfl_error *err)
{
	struct bpfl_buf options = BPFL_BUF_INIT;
	char wanted[32], found[32];

	bpfl_error_set(err, BPFL_ERR_TARGET, EINVAL,
		       path ? "the map that is pinned as '%s' is another kind of map"
			    : "'%s', which is to take its place, is another kind of map",
		       BPFL_ESC(path ? path : map->reuse));
	bpfl_error_catalogue(err, 31);
	bpfl_error_why(err, "%-12s %-20s %s (id %u)", "", "this object", path ? "pinned" : "the other", id);
	for (size_t i = 0; i < nr; i++) {
		bpfl_error_why(err, "%-12s %-20s %s", parameters[i].name,
			       parameter_text(&parameters[i], parameters[i].wanted, wanted, sizeof(wanted)),
			       parameter_text(&parameters[i], parameters[i].found, found, sizeof(found)));
		bpfl_buf_printf(&options, " --map %s.%s=%llu", BPFL_ESC(map->name), parameters[i].name,
				(unsigned long long)parameters[i].found);
	}
	if (path)
		bpfl_error_fix(err,
			       "if nobody needs what is in it: rm %s; or another place: --pin-root DIR; "
			       "or a map of one's own: --no-pin",
			       BPFL_ESC(path));
	if (bpfl_buf_ok(&options))
		bpfl_error_fix(err, "if the program can live with it:%s", options.data);
	bpfl_buf_deinit(&options);
	return -EINVAL;
}

/* ---- taking what is there ---- */

static int refuse_get(const char *path, int ret, struct bpfl_error *err)
{
	bpfl_error_set(err, ret == -EACCES || ret == -EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM, -ret,
		       "opening the pin '%s': %s", BPFL_ESC(path), bpfl_errno_text(-ret));
	return ret;
}

/* 0 when fd is a map that fits. */
static int pin_check(struct bpfl_loading *loading, size_t map_idx, int fd, struct bpfl_map_info *info,
		     struct bpfl_error *err)
{
	const struct bpfl_live_map *live = &loading->object->maps[map_idx];
	struct parameter parameters[NR_PARAMETERS];
	const char *kind = bpfl_pin_kind(fd);
	uint32_t info_size = sizeof(*info);
	size_t nr;
	int ret;

	if (kind[0] && strcmp(kind, "map") != 0) {
		bpfl_error_set(err, BPFL_ERR_TARGET, EINVAL, "what is pinned as '%s' is no map but a %s",
			       BPFL_ESC(live->pin_path), kind);
		bpfl_error_catalogue(err, 31);
		bpfl_error_fix(err, "another place: --pin-root DIR; or a map of one's own: --no-pin");
		return -EINVAL;
	}
	ret = bpfl_sys_obj_info(fd, info, &info_size);
	if (ret < 0)
		return refuse_get(live->pin_path, ret, err);
	nr = differences(loading->target, &loading->image->maps[map_idx], info, NR_PARAMETERS, parameters);
	if (nr == 0)
		return 0;
	return refuse_different(&loading->image->spec->maps.items[map_idx], live->pin_path, info->id, parameters, nr,
				err);
}

static void live_take(struct bpfl_live_map *live, int fd, const struct bpfl_map_info *info)
{
	bpfl_enter_close(live->fd);
	live->fd = fd;
	live->reused = true;
	live->type = info->type;
	live->key_size = info->key_size;
	live->value_size = info->value_size;
	live->max_entries = info->max_entries;
	live->flags = info->map_flags;
}

int bpfl_loading_pin_reuse(struct bpfl_loading *loading, size_t map_idx, struct bpfl_error *err)
{
	struct bpfl_live_map *live = &loading->object->maps[map_idx];
	const struct bpfl_map_spec *spec = &loading->image->spec->maps.items[map_idx];
	struct bpfl_map_info info = { 0 };
	int fd, ret;

	fd = bpfl_sys_obj_get(live->pin_path, 0);
	if (fd == -ENOENT)
		return 0;
	ret = fd < 0 ? refuse_get(live->pin_path, fd, err) : pin_check(loading, map_idx, fd, &info, err);
	if (ret < 0) {
		bpfl_enter_close(fd);
		bpfl_error_prefix(err, "map '%s'", BPFL_ESC(spec->name));
		return ret;
	}
	live_take(live, fd, &info);
	bpfl_log_line(&loading->opts.log, BPFL_LOG_INFO, "map '%s': the one pinned as %s (id %u)", BPFL_ESC(spec->name),
		      BPFL_ESC(live->pin_path), info.id);
	return 1;
}

/*
 * The caller named it, so how large it is and what flags it has is what the caller wants. The verifier looks at
 * the map that it gets. Only of an arena everything counts: it is mapped where and as large as the object says.
 */
int bpfl_loading_map_reuse(struct bpfl_loading *loading, size_t map_idx, struct bpfl_error *err)
{
	const struct bpfl_map_spec *spec = &loading->image->spec->maps.items[map_idx];
	const struct bpfl_image_map *map = &loading->image->maps[map_idx];
	struct parameter parameters[NR_PARAMETERS];
	struct bpfl_map_info info = { 0 };
	uint32_t info_size = sizeof(info);
	int fd = bpfl_open_words(spec->reuse, "map", err), ret = fd;
	size_t nr;

	if (fd >= 0) {
		ret = bpfl_sys_obj_info(fd, &info, &info_size);
		if (ret < 0)
			bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "'%s': %s", BPFL_ESC(spec->reuse),
				       bpfl_errno_text(-ret));
	}
	if (ret >= 0) {
		nr = differences(loading->target, map, &info,
				 map->type == BPFL_MAP_TYPE_ARENA ? NR_PARAMETERS : NR_OF_KIND, parameters);
		ret = nr == 0 ? 1 : refuse_different(spec, NULL, info.id, parameters, nr, err);
	}
	if (ret < 0) {
		bpfl_enter_close(fd);
		bpfl_error_prefix(err, "map '%s'", BPFL_ESC(spec->name));
		return ret;
	}
	live_take(&loading->object->maps[map_idx], fd, &info);
	bpfl_log_line(&loading->opts.log, BPFL_LOG_INFO, "map '%s': %s (id %u)", BPFL_ESC(spec->name),
		      BPFL_ESC(spec->reuse), info.id);
	return ret;
}

/* ---- or making it ---- */

static int parent_make(struct bpfl_loading *loading, const char *path, struct bpfl_error *err)
{
	char *dir = bpfl_strdup(path), *slash = dir ? strrchr(dir, '/') : NULL;
	int ret = 0;

	if (!dir)
		return bpfl_error_nomem(err);
	if (slash && slash != dir) {
		*slash = '\0';
		ret = bpfl_pins_make_dir(&loading->object->pins, dir, 0700, err);
	}
	free(dir);
	return ret;
}

int bpfl_loading_pin_new(struct bpfl_loading *loading, size_t map_idx, struct bpfl_error *err)
{
	struct bpfl_live_map *live = &loading->object->maps[map_idx];
	const char *name = loading->image->spec->maps.items[map_idx].name;
	int ret = parent_make(loading, live->pin_path, err);

	for (unsigned i = 0; ret == 0; i++) {
		ret = bpfl_pins_pin(&loading->object->pins, live->fd, live->pin_path, err);
		if (ret != -EEXIST)
			break;
		/* Somebody was faster. Whoever removes his pin between the two calls gives us another chance. */
		ret = bpfl_loading_pin_reuse(loading, map_idx, err);
		if (ret != 0)
			return ret < 0 ? ret : 0;
		if (i == NR_RACES_MAX)
			ret = bpfl_error_set(err, BPFL_ERR_SYSTEM, EBUSY, "the pin '%s' comes and goes",
					     BPFL_ESC(live->pin_path));
	}
	if (ret < 0)
		bpfl_error_prefix(err, "map '%s'", BPFL_ESC(name));
	return ret;
}
