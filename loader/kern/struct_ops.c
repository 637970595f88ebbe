/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/struct_ops.c: the value of a struct_ops map.
 *
 * The image made the value in the kernel's layout, with holes where programs go. Now that they have
 * descriptors, those are written into the holes, as wide as a pointer, and the value becomes element 0 of the
 * map. The kernel then checks the whole: members that must be there, names, flags.
 *
 * Of a map with BPF_F_LINK that is only preparation, so it is done while loading: a bad struct is refused
 * before anything is attached. Of one without, writing the value is what registers it, and deleting it what
 * unregisters (attach/struct_ops.c).
 */
#include "kern/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "sys/bpf.h"

static int value_refused(const struct bpfl_object *object, size_t map_idx, int ret, struct bpfl_error *err)
{
	const struct bpfl_map_spec *map = &object->image->spec->maps.items[map_idx];

	bpfl_error_set(err, ret == -EEXIST || ret == -EBUSY ? BPFL_ERR_TARGET : BPFL_ERR_SYSTEM, -ret,
		       "struct_ops '%s': handing it to the kernel: %s", BPFL_ESC(map->name), bpfl_errno_text(-ret));
	if (ret == -EEXIST)
		bpfl_error_why(err, "one with this name is registered already");
	else if (ret == -EBUSY)
		bpfl_error_why(err, "it is registered already");
	else if (ret == -EINVAL)
		bpfl_error_why(err, "a member that the kernel insists on is missing (a function, a name), or one is "
				    "set that it does not take");
	bpfl_diagnose_refusal(err, BPFL_WANTED_MAP, map->type, -ret, object->target);
	return ret;
}

int bpfl_object_struct_ops_put(const struct bpfl_object *object, size_t map_idx, struct bpfl_error *err)
{
	const struct bpfl_image_map *map = &object->image->maps[map_idx];
	uint32_t key = 0;
	uint8_t *value = bpfl_memdup(map->own_data, map->value_size);
	int ret;

	if (!value)
		return bpfl_error_nomem(err);
	for (size_t i = 0; i < map->ops.nr; i++) {
		unsigned long fd = (unsigned long)object->progs[map->ops.items[i].prog_idx].fd;

		memcpy(value + map->ops.items[i].byte_off, &fd, sizeof(fd));
	}
	ret = bpfl_sys_map_update(object->maps[map_idx].fd, &key, value, 0);
	free(value);
	return ret < 0 ? value_refused(object, map_idx, ret, err) : 0;
}

int bpfl_loading_struct_ops(struct bpfl_loading *loading, struct bpfl_error *err)
{
	const struct bpfl_object *object = loading->object;

	for (size_t i = 0; i < loading->image->spec->maps.nr; i++) {
		int ret;

		if (object->maps[i].fd < 0 || loading->image->maps[i].kernel_value_type_id == 0 ||
		    !(loading->image->maps[i].flags & BPFL_F_LINK))
			continue;
		ret = bpfl_object_struct_ops_put(object, i, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* ---- programs that go with a struct ---- */

int bpfl_object_assoc_struct_ops(const struct bpfl_object *object, const char *prog,
				 const struct bpfl_object *ops_object, const char *map, struct bpfl_error *err)
{
	int prog_fd = bpfl_object_prog_fd(object, prog);
	int32_t map_idx = bpfl_spec_map_idx(ops_object->image->spec, map);
	int ret;

	if (prog_fd < 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "there is no program '%s' that is loaded",
				      BPFL_ESC(prog));
	if (map_idx == BPFL_NO_IDX || ops_object->image->maps[map_idx].kernel_value_type_id == 0 ||
	    ops_object->maps[map_idx].fd < 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "'%s' is no struct_ops variable that is loaded",
				      BPFL_ESC(map));
	ret = bpfl_sys_prog_assoc_struct_ops(prog_fd, ops_object->maps[map_idx].fd);
	if (ret == 0)
		return 0;
	bpfl_error_set(err,
		       ret == -EBUSY    ? BPFL_ERR_TARGET
		       : ret == -EINVAL ? BPFL_ERR_UNSUPPORTED
					: BPFL_ERR_SYSTEM,
		       -ret, "associating program '%s' with struct_ops '%s': %s", BPFL_ESC(prog), BPFL_ESC(map),
		       bpfl_errno_text(-ret));
	if (ret == -EBUSY)
		bpfl_error_why(err, "it is associated with another already");
	else if (ret == -EINVAL)
		bpfl_error_why(err, "this came with Linux 7.0, and the programs of the struct itself are associated "
				    "with it from the start");
	bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, BPFL_PROG_STRUCT_OPS, -ret, object->target);
	return ret;
}
