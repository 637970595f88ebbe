/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/profile_map.c: the stacks of a map's elements into a profile. See stack.h.
 *
 * One element is one line: the process, its stack, the kernel's stack on top of that, and the number that is counted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "event/stack_sides.h"

struct label {
	char what;
	char *name;
};

struct adding {
	struct bpfl_stacks *stacks;
	struct bpfl_profile *profile;
	const struct bpfl_map *map;
	struct bpfl_stack_sides sides;
	size_t count_field; /* of the value; SIZE_MAX: one for each element */
	uint8_t *sum;
	BPFL_VEC(struct label) labels; /* of one stack, innermost first */
	struct bpfl_error *err;
};

static int keep_label(void *ctx, const struct bpfl_frame *frame)
{
	struct adding *adding = ctx;
	struct label *label = BPFL_VEC_PUSH(&adding->labels);
	char name[256];

	if (!label)
		return -ENOMEM;
	label->name = bpfl_strdup(bpfl_frame_label(frame, name));
	label->what = frame->is_kernel ? BPFL_FLAME_KERNEL : !frame->symbol ? BPFL_FLAME_UNKNOWN : BPFL_FLAME_USER;
	if (frame->module && strcmp(frame->module, "[jit]") == 0)
		label->what = BPFL_FLAME_JIT;
	return label->name ? 0 : -ENOMEM;
}

static void put_labels(struct adding *adding, bool shown)
{
	while (adding->labels.nr > 0) {
		struct label *label = &adding->labels.items[--adding->labels.nr];

		if (shown && label->name)
			bpfl_profile_put_frame(adding->profile, label->what, label->name);
		free(label->name);
	}
}

/* The stacks of one kind, outermost frame first. */
static int put_stacks(struct adding *adding, const void *const bytes[2], int pid, bool kernel, bool *lost)
{
	int ret = 0;

	for (int i = 0; i < 2 && ret == 0; i++) {
		struct bpfl_field_ctx ctx = bpfl_stack_sides_ctx(&adding->sides, i, bytes[i]);

		for (size_t f = 0; bytes[i] && f < adding->sides.fields[i].nr && ret == 0; f++) {
			const struct bpfl_stack_field *stack = &adding->sides.fields[i].items[f];
			enum bpfl_stack_state state;

			if ((stack->kind == BPFL_STACK_KERNEL) != kernel)
				continue;
			ret = bpfl_stack_each(adding->stacks, stack, &ctx, pid, keep_label, adding, &state);
			put_labels(adding, ret == 0);
			if (ret == 0 && state == BPFL_STACK_LOST) {
				*lost = true;
				bpfl_profile_put_frame(adding->profile, BPFL_FLAME_UNKNOWN, "[lost]");
			}
		}
	}
	return ret;
}

static void put_process(struct adding *adding, const void *const bytes[2], int pid)
{
	const char *comm = NULL;
	char text[64];

	for (int i = 0; i < 2 && !comm; i++) {
		struct bpfl_field_ctx ctx = bpfl_stack_sides_ctx(&adding->sides, i, bytes[i]);
		uint32_t idx = adding->sides.fields[i].comm_field;
		const char *name;
		size_t size;

		if (bytes[i] && idx != BPFL_NO_FIELD &&
		    bpfl_field_text(&ctx, &ctx.layout->fields.items[idx], &name, &size) && size > 0) {
			snprintf(text, sizeof(text), "%.*s", (int)(size < 60 ? size : 60), name);
			comm = text;
		}
	}
	if (!comm && pid > 0)
		comm = bpfl_symbolizer_comm(adding->stacks->symbolizer, pid);
	if (!comm && pid > 0) {
		snprintf(text, sizeof(text), "process %d", pid);
		comm = text;
	}
	if (comm)
		bpfl_profile_put_frame(adding->profile, BPFL_FLAME_PROCESS, comm);
}

static int add_element(void *ctx, const void *key, const void *value)
{
	struct adding *adding = ctx;
	const void *one = value;
	const void *bytes[2] = { key, value };
	uint64_t count = 1;
	bool is_signed, lost = false;
	int pid, ret;

	if (adding->map->nr_cpus) {
		ret = bpfl_map_sum(adding->map, value, adding->sum, adding->err);
		if (ret < 0)
			return ret;
		bytes[1] = one = adding->sum;
	}
	if (adding->count_field != SIZE_MAX &&
	    (!bpfl_side_number(&adding->sides.sides[1], adding->count_field, one, &count, &is_signed) ||
	     (is_signed && (int64_t)count < 0)))
		return 0;
	pid = bpfl_stack_sides_pid(&adding->sides, bytes);
	put_process(adding, bytes, pid);
	ret = put_stacks(adding, bytes, pid, false, &lost);
	if (ret == 0)
		ret = put_stacks(adding, bytes, pid, true, &lost);
	if (ret == 0 && adding->profile->line.size == 0)
		bpfl_profile_put_frame(adding->profile, BPFL_FLAME_UNKNOWN, "[unknown]");
	if (lost)
		adding->profile->nr_lost += count;
	if (ret < 0) {
		adding->profile->line.size = 0;
		return bpfl_error_nomem(adding->err);
	}
	return bpfl_profile_end_line(adding->profile, count, adding->err);
}

static bool is_stack(const struct bpfl_stack_fields *fields, size_t idx)
{
	for (size_t i = 0; i < fields->nr; i++) {
		if (fields->items[i].field_idx == idx || fields->items[i].len_field == idx)
			return true;
	}
	return false;
}

/* Which number of the value is the width. */
static int choose_count(struct adding *adding, const char *word)
{
	static const char *const names[] = { "count", "counts", "samples", "nr", "hits", "calls",
					     "total", "delta",  "time",    "ns", "bytes" };
	const struct bpfl_side *value = &adding->sides.sides[1];
	const struct bpfl_stack_fields *stacks = &adding->sides.fields[1];
	size_t nr = bpfl_side_nr_fields(value), nr_numbers = 0;

	adding->count_field = SIZE_MAX;
	if (word) {
		adding->count_field = bpfl_side_find(value, word);
		if (adding->count_field != SIZE_MAX && bpfl_side_is_number(value, adding->count_field))
			return 0;
		return bpfl_error_set(adding->err, BPFL_ERR_USAGE, ENOENT, "map '%s': its value has no number '%s'",
				      BPFL_ESC(adding->map->name), BPFL_ESC(word));
	}
	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]) && adding->count_field == SIZE_MAX; n++)
		adding->count_field = bpfl_side_find(value, names[n]);
	for (size_t i = 0; i < nr && adding->count_field == SIZE_MAX; i++)
		nr_numbers += bpfl_side_is_number(value, i) && !is_stack(stacks, i);
	for (size_t i = 0; i < nr && nr_numbers == 1 && adding->count_field == SIZE_MAX; i++)
		adding->count_field = bpfl_side_is_number(value, i) && !is_stack(stacks, i) ? i : SIZE_MAX;
	/* Several numbers, or none: each element is one stack. */
	return 0;
}

static int refuse(const struct bpfl_stacks *stacks, const struct bpfl_map *map, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s' has no stacks", BPFL_ESC(map->name));
	if (map->why_untyped[0])
		bpfl_error_why(err, "%s", map->why_untyped);
	else if (stacks->maps.nr == 0)
		bpfl_error_why(err, "there is no stack-trace map that its numbers could lead into, and it has no array "
				    "of addresses");
	bpfl_error_fix(err, "members named kern_stack_id, user_stack_id and the like are taken for stacks; --fmt "
			    "MEMBER=kstack or MEMBER=ustack says it of others");
	return -EINVAL;
}

int bpfl_profile_add_map(struct bpfl_profile *profile, const struct bpfl_map *map, struct bpfl_stacks *stacks,
			 const char *count, struct bpfl_error *err)
{
	struct adding adding = { .stacks = stacks, .profile = profile, .map = map, .err = err };
	int ret = bpfl_stack_sides_init(&adding.sides, stacks, map, err);

	if (ret < 0)
		return ret;
	if (adding.sides.fields[0].nr + adding.sides.fields[1].nr == 0)
		ret = refuse(stacks, map, err);
	if (ret == 0)
		ret = choose_count(&adding, count);
	adding.sum = calloc(1, (size_t)map->value_size + 8);
	if (ret == 0 && !adding.sum)
		ret = bpfl_error_nomem(err);
	if (ret == 0)
		ret = bpfl_map_each(map, 0, add_element, &adding, err);
	put_labels(&adding, false);
	free(adding.labels.items);
	free(adding.sum);
	bpfl_stack_sides_deinit(&adding.sides);
	return ret < 0 ? ret : 0;
}
