/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/map_ops.c: one element of a map: look, write, delete, take.
 *
 * Each function is one system call with what the kernel does not check around it: the kernel takes the sizes
 * from the map and reads or writes that many bytes of ours, for a per-CPU map those of all possible CPUs; and
 * its answers are bare numbers, which become sentences here.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/text.h"
#include "kern/map_handle.h"
#include "kern/pin.h"
#include "sys/bpf.h"
#include "sys/facts.h"

#define ENOTSUPP_KERNEL 524

void *bpfl_map_value_new(const struct bpfl_map *map)
{
	/*
	 * One CPU's stride more than is needed: nothing depends on it but a kernel that rounds up where it
	 * should not.
	 */
	return calloc(1, map->value_bytes + bpfl_map_cpu_stride(map) + 8);
}

/* ---- refusals ---- */

static void explain_permission(const struct bpfl_map *map, struct bpfl_error *err)
{
	uint64_t caps = 0;

	err->kind = BPFL_ERR_PERMISSION;
	if (bpfl_facts_capabilities(&caps) && !(caps & (1ull << BPFL_CAP_BPF | 1ull << BPFL_CAP_SYS_ADMIN)))
		bpfl_error_why(err, "this process has neither CAP_BPF nor CAP_SYS_ADMIN");
	else if (map->flags & BPFL_F_RDONLY)
		bpfl_error_why(err, "the map has the flag BPF_F_RDONLY: only programs write it");
	else
		bpfl_error_why(err, "the map is frozen, as constants are, or was opened for reading only");
}

int bpfl_map_elem_error(const struct bpfl_map *map, const char *what, int ret, struct bpfl_error *err)
{
	const char *name = BPFL_ESC(map->name);

	switch (ret) {
	case -ENOENT:
		return bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT,
				      map->key_size == 0 && map->type != BPFL_MAP_TYPE_BLOOM_FILTER
					      ? "map '%s' is empty"
					      : "map '%s': there is no such element",
				      name);
	case -EEXIST:
		return bpfl_error_set(err, BPFL_ERR_TARGET, EEXIST, "map '%s': the element is there already", name);
	case -E2BIG:
		bpfl_error_set(err, BPFL_ERR_TARGET, E2BIG, "map '%s': %s: no room for it", name, what);
		bpfl_error_why(err, "it has room for %u elements", map->max_entries);
		return ret;
	default:
		break;
	}
	bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "map '%s': %s: %s", name, what, bpfl_errno_text(-ret));
	if (err && (ret == -EPERM || ret == -EACCES))
		explain_permission(map, err);
	else if (err && (ret == -EOPNOTSUPP || ret == -ENOTSUPP_KERNEL))
		bpfl_error_why(err, "maps of type %s do not allow it",
			       bpfl_map_type_name(map->type) ? bpfl_map_type_name(map->type) : "?");
	return ret;
}

static int check_key(const struct bpfl_map *map, const void *key, size_t key_size, struct bpfl_error *err)
{
	size_t want = key ? map->key_size : 0;

	if (!key && map->key_size != 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s': its elements have keys: of %u bytes",
				      BPFL_ESC(map->name), map->key_size);
	if (key && (key_size != want || want == 0))
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s': its keys have %u bytes, not %zu",
				      BPFL_ESC(map->name), map->key_size, key_size);
	return 0;
}

static int check_sizes(const struct bpfl_map *map, const void *key, size_t key_size, bool has_value, size_t value_size,
		       struct bpfl_error *err)
{
	int ret = check_key(map, key, key_size, err);

	if (ret < 0)
		return ret;
	if (has_value && value_size != map->value_bytes)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s': its values have %zu bytes%s, not %zu",
				      BPFL_ESC(map->name), map->value_bytes, map->nr_cpus ? " for all CPUs" : "",
				      value_size);
	return 0;
}

/* ---- calls ---- */

static int check_elem(const struct bpfl_map *map, const void *key, size_t key_size, size_t value_size, uint64_t flags,
		      bool writes, struct bpfl_error *err)
{
	int ret;

	if (!bpfl_map_is_of_cpu(flags))
		return check_sizes(map, key, key_size, true, value_size, err);
	ret = check_key(map, key, key_size, err);
	return ret < 0 ? ret : bpfl_map_cpu_check(map, flags, writes, value_size, err);
}

int bpfl_map_lookup(const struct bpfl_map *map, const void *key, size_t key_size, void *ret_value, size_t value_size,
		    uint64_t flags, struct bpfl_error *err)
{
	int ret = check_elem(map, key, key_size, value_size, flags, false, err);

	if (ret < 0)
		return ret;
	ret = bpfl_map_is_of_cpu(flags) ? bpfl_map_cpu_lookup(map, key, ret_value, flags) :
					  bpfl_sys_map_lookup(map->fd, key, ret_value, flags);
	return ret < 0 ? bpfl_map_elem_error(map, "reading an element", ret, err) : 0;
}

int bpfl_map_update(const struct bpfl_map *map, const void *key, size_t key_size, const void *value, size_t value_size,
		    uint64_t flags, struct bpfl_error *err)
{
	int ret = check_elem(map, key, key_size, value_size, flags, true, err);

	if (ret < 0)
		return ret;
	ret = bpfl_map_is_of_cpu(flags) ? bpfl_map_cpu_update(map, key, value, flags) :
					  bpfl_sys_map_update(map->fd, key, value, flags);
	return ret < 0 ? bpfl_map_elem_error(map, "writing an element", ret, err) : 0;
}

int bpfl_map_delete(const struct bpfl_map *map, const void *key, size_t key_size, struct bpfl_error *err)
{
	int ret = check_sizes(map, key, key_size, false, 0, err);

	if (ret < 0)
		return ret;
	ret = bpfl_sys_map_delete(map->fd, key);
	/* What an array has it keeps (EINVAL). */
	if (ret == -EINVAL && (map->type == BPFL_MAP_TYPE_ARRAY || map->type == BPFL_MAP_TYPE_PERCPU_ARRAY)) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s': the elements of an array cannot be deleted",
			       BPFL_ESC(map->name));
		bpfl_error_fix(err, "set it to 0");
		return ret;
	}
	return ret < 0 ? bpfl_map_elem_error(map, "deleting an element", ret, err) : 0;
}

int bpfl_map_take(const struct bpfl_map *map, const void *key, size_t key_size, void *ret_value, size_t value_size,
		  struct bpfl_error *err)
{
	int ret = check_sizes(map, key, key_size, true, value_size, err);

	if (ret < 0)
		return ret;
	ret = bpfl_sys_map_lookup_and_delete(map->fd, key, ret_value, map->has_lock ? BPFL_MAP_LOCK : 0);
	if (key && (ret == -EINVAL || ret == -EOPNOTSUPP || ret == -ENOTSUPP_KERNEL)) {
		ret = bpfl_sys_map_lookup(map->fd, key, ret_value, map->has_lock ? BPFL_MAP_LOCK : 0);
		if (ret == 0)
			ret = bpfl_sys_map_delete(map->fd, key);
	}
	return ret < 0 ? bpfl_map_elem_error(map, "taking an element", ret, err) : 0;
}

int bpfl_map_next_key(const struct bpfl_map *map, const void *key, void *ret_key, size_t key_size,
		      struct bpfl_error *err)
{
	int ret = check_sizes(map, ret_key, key_size, false, 0, err);

	if (ret < 0)
		return ret;
	ret = bpfl_sys_map_next_key(map->fd, key, ret_key);
	if (ret == -ENOENT)
		return ret;
	return ret < 0 ? bpfl_map_elem_error(map, "looking for the next key", ret, err) : 0;
}

int bpfl_map_freeze(const struct bpfl_map *map, struct bpfl_error *err)
{
	int ret = bpfl_sys_map_freeze(map->fd);

	if (ret >= 0)
		return 0;
	bpfl_map_elem_error(map, "freezing it", ret, err);
	if (ret == -EBUSY)
		bpfl_error_why(err, "it is frozen already, or some process has it mapped for writing");
	return ret;
}

int bpfl_map_pin(const struct bpfl_map *map, const char *path, struct bpfl_error *err)
{
	struct bpfl_pins pins = { 0 };
	int ret = bpfl_bpffs_check(path, NULL, err);

	if (ret < 0)
		return ret;
	ret = bpfl_pins_pin(&pins, map->fd, path, err);
	bpfl_pins_deinit(&pins); /* it stays */
	if (ret == -EEXIST)
		return bpfl_error_set(err, BPFL_ERR_TARGET, EEXIST, "'%s': something is there already", BPFL_ESC(path));
	return ret;
}
