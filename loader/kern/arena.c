/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/arena.c: an arena in this process.
 *
 * An arena (Linux 6.9) is memory that programs and processes share with the same addresses, so that there can
 * be pointers in it. Its address is that of the first mapping, or the one that the object asks for (map_extra);
 * the verifier wants to know it, so an arena is mapped before any program is loaded, and stays mapped as long
 * as the object lives. Pages come into being when they are touched.
 *
 * A wanted address may be taken, by a library, a stack, somebody's heap. Plain MAP_FIXED would silently replace
 * what is there (G-54), so the kernel is asked not to.
 */
#include "kern/load.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "base/text.h"
#include "sys/enter.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000 /* 4.17 */
#endif

static int mapping_refused(const struct bpfl_map_spec *map, const struct bpfl_image_map *image_map, size_t size,
			   int ret, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "mapping %zu bytes%s: %s", size,
		       image_map->map_extra ? " at the address that map_extra asks for" : "", bpfl_errno_text(-ret));
	if (image_map->map_extra)
		bpfl_error_why(err, "map_extra is 0x%llx%s", (unsigned long long)image_map->map_extra,
			       ret == -EEXIST ? ", where something else lies in this process; it is left alone" : "");
	if (image_map->map_extra)
		bpfl_error_fix(err, "let the kernel choose: --map %s.map_extra=0", BPFL_ESC(map->name));
	return ret;
}

int bpfl_arena_map(struct bpfl_loading *loading, size_t map_idx, struct bpfl_error *err)
{
	const struct bpfl_image_map *map = &loading->image->maps[map_idx];
	struct bpfl_live_map *live = &loading->object->maps[map_idx];
	size_t size = (size_t)map->max_entries * bpfl_target_page_size(loading->target);
	void *wanted = (void *)(uintptr_t)map->map_extra, *memory;
	int ret = bpfl_enter_mmap(wanted, size, PROT_READ | PROT_WRITE, MAP_SHARED | (wanted ? MAP_FIXED_NOREPLACE : 0),
				  live->fd, 0, &memory);

	if (ret < 0)
		return mapping_refused(&loading->image->spec->maps.items[map_idx], map, size, ret, err);
	live->memory = memory;
	live->memory_size = size;
	if (map->data && !live->reused) /* others use what is in it */
		memcpy(live->memory + map->data_off, map->data, map->data_size);
	return 0;
}
