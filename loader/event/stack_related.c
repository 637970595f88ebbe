/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/stack_related.c: where the stack ids of somebody else's map lead.
 *
 * Nothing in the map says it, but the program that writes the ids uses both maps: so the stack-trace maps of
 * all programs that use this one are meant.
 */
#include "bpfload/inspect.h"
#include "event/stack.h"
#include "kern/map_handle.h"

static bool uses(const struct bpfl_live_view *prog, uint32_t map_id)
{
	for (size_t i = 0; i < prog->nr_map_ids; i++) {
		if (prog->map_ids[i] == map_id)
			return true;
	}
	return false;
}

static bool is_known(const struct bpfl_stacks *stacks, uint32_t map_id)
{
	for (size_t i = 0; i < stacks->maps.nr; i++) {
		if (stacks->maps.items[i]->id == map_id)
			return true;
	}
	return false;
}

/* 1 when it is a stack-trace map that is new. */
static int add_one(struct bpfl_stacks *stacks, uint32_t map_id, struct bpfl_error *err)
{
	struct bpfl_map *map = NULL;
	int ret;

	if (is_known(stacks, map_id))
		return 0;
	if (bpfl_map_open_id(map_id, &map, NULL) < 0)
		return 0; /* gone, or not ours to see */
	if (map->type != BPFL_MAP_TYPE_STACK_TRACE) {
		bpfl_map_close(map);
		return 0;
	}
	ret = bpfl_stacks_add_map(stacks, map, err);
	return ret < 0 ? ret : 1;
}

int bpfl_stacks_add_related(struct bpfl_stacks *stacks, const struct bpfl_map *map, struct bpfl_error *err)
{
	struct bpfl_listing *programs = NULL;
	struct bpfl_map_facts facts;
	struct bpfl_live_view prog;
	int nr = 0, ret = bpfl_listing_read(BPFL_LIVE_BIT(BPFL_LIVE_PROG), &programs, err);

	if (ret < 0)
		return ret;
	bpfl_map_get_facts(map, &facts);
	for (size_t i = 0; ret >= 0 && bpfl_listing_view(programs, i, &prog) == 0; i++) {
		for (size_t m = 0; ret >= 0 && uses(&prog, facts.id) && m < prog.nr_map_ids; m++) {
			ret = add_one(stacks, prog.map_ids[m], err);
			nr += ret > 0;
		}
	}
	bpfl_listing_destroy(programs);
	return ret < 0 ? ret : nr;
}
