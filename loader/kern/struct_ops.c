/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/struct_ops.c: the value of a struct_ops map.
 *
 * The image made the value in the kernel's layout, with holes where programs go. Now that they have descriptors, those are written into
 * the holes, as wide as a pointer, and the value becomes element 0 of the map. The kernel then checks the whole: members that must be
 * there, names, flags.
 *
 * Of a map with BPF_F_LINK that is only preparation, so it is done while loading: a bad struct is refused before anything is attached. Of
 * one without, writing the value is what registers it, and deleting it what unregisters (attach/struct_ops.c).
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
		bpfl_error_why(err, "a member that the kernel insists on is missing (a function, a name), or one is set that it does not take");
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
