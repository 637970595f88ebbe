/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/map_need: which maps have to be created.
 *
 * A map costs kernel memory and system calls, so only these are created:
 *
 * - maps that a selected program refers to;
 * - declared maps that no code of the object refers to at all: an object may exist for its maps only. (A map
 * that only an unselected program uses is no such map.) Data sections are not declared by anybody: they need
 * a reference;
 * - structs of functions for the kernel (struct_ops), unless they were left out;
 * - what the initial slots of these maps name.
 *
 * Marks are set by instructions first; a work list then follows the slots, so each map is looked at once.
 */
#include "image/passes.h"

#include <stdlib.h>
#include "base/text.h"

struct marker {
	const struct bpfl_spec *spec;
	bool *marked;	    /* per map */
	uint32_t *worklist; /* marked maps whose slots have not been followed; each map enters once */
	size_t nr_worklist;
	uint32_t kconfig_idx; /* the .kconfig map; maps.nr: there is none */
};

static void map_mark(struct marker *marker, uint32_t map_idx)
{
	if (map_idx < marker->spec->maps.nr && !marker->marked[map_idx]) {
		marker->marked[map_idx] = true;
		marker->worklist[marker->nr_worklist++] = map_idx;
	}
}

static void insts_mark(struct marker *marker, const struct bpfl_inst *insts, uint32_t nr_insts)
{
	for (uint32_t i = 0; i < nr_insts; i++) {
		if (insts[i].ref_idx == BPFL_NO_IDX)
			continue;
		const struct bpfl_ref *ref = &marker->spec->refs.items[insts[i].ref_idx];

		if (ref->kind == BPFL_REF_MAP || ref->kind == BPFL_REF_DATA)
			map_mark(marker, ref->target_idx);
		else if (ref->kind == BPFL_REF_EXTERN &&
			 marker->spec->externs.items[ref->target_idx].kind == BPFL_EXTERN_KCONFIG)
			map_mark(marker, marker->kconfig_idx);
	}
}

static void slots_follow(struct marker *marker)
{
	while (marker->nr_worklist > 0) {
		const struct bpfl_map_spec *map =
			&marker->spec->maps.items[marker->worklist[--marker->nr_worklist]];

		for (size_t i = 0; i < map->nr_slots; i++)
			if (!map->slots[i].is_prog)
				map_mark(marker, map->slots[i].target_idx);
	}
}

static bool map_is_declared(const struct bpfl_map_spec *map)
{
	return map->origin == BPFL_MAP_BTF || map->origin == BPFL_MAP_LEGACY ||
	       map->origin == BPFL_MAP_CALLER;
}

bool bpfl_image_map_has_metadata(const struct bpfl_spec *spec, size_t map_idx)
{
	if (spec->maps.items[map_idx].origin != BPFL_MAP_RODATA)
		return false;
	for (size_t i = 0; i < spec->vars.nr; i++) {
		if (spec->vars.items[i].map_idx == map_idx &&
		    bpfl_text_has_prefix(spec->vars.items[i].name, BPFL_METADATA_PREFIX))
			return true;
	}
	return false;
}

int bpfl_image_maps_mark(struct bpfl_image *image, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = image->spec;
	size_t nr_maps = spec->maps.nr;
	struct marker marker = { .spec = spec, .kconfig_idx = (uint32_t)nr_maps };
	int result = 0;

	if (nr_maps == 0)
		return 0;
	bool *needed = calloc(nr_maps, sizeof(bool));
	bool *used_by_any = calloc(nr_maps, sizeof(bool));
	marker.worklist = malloc(nr_maps * sizeof(*marker.worklist));
	if (!needed || !used_by_any || !marker.worklist) {
		result = bpfl_error_nomem(err);
		goto out;
	}
	for (uint32_t i = 0; i < nr_maps; i++)
		if (spec->maps.items[i].origin == BPFL_MAP_KCONFIG)
			marker.kconfig_idx = i;

	marker.marked = used_by_any;
	for (size_t i = 0; i < spec->funcs.nr; i++)
		insts_mark(&marker, spec->funcs.items[i].insts, spec->funcs.items[i].nr_insts);
	slots_follow(&marker);

	marker.marked = needed;
	for (size_t i = 0; i < image->nr_progs; i++)
		insts_mark(&marker, image->progs[i].insts, image->progs[i].nr_insts);
	for (uint32_t i = 0; i < nr_maps; i++)
		if ((!used_by_any[i] && map_is_declared(&spec->maps.items[i])) ||
		    (spec->maps.items[i].origin == BPFL_MAP_STRUCT_OPS && !spec->maps.items[i].unselected) ||
		    (image->nr_progs > 0 && bpfl_image_map_has_metadata(spec, i)))
			map_mark(&marker, i);
	slots_follow(&marker);

	for (size_t i = 0; i < nr_maps; i++)
		image->maps[i].needed = needed[i];
out:
	free(needed);
	free(used_by_any);
	free(marker.worklist);
	return result;
}
