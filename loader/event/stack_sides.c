/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/stack_sides.c: stacks in the keys and values of a map: which there are, whose, and their text below an
 * element. See stack_sides.h.
 */
#include "event/stack_sides.h"

#include <errno.h>
#include <string.h>
#include "base/text.h"

void bpfl_stack_sides_deinit(struct bpfl_stack_sides *sides)
{
	bpfl_side_deinit(&sides->sides[0]);
	bpfl_side_deinit(&sides->sides[1]);
}

int bpfl_stack_sides_init(struct bpfl_stack_sides *sides, const struct bpfl_stacks *stacks, const struct bpfl_map *map,
			  struct bpfl_error *err)
{
	int ret;

	memset(sides, 0, sizeof(*sides));
	ret = bpfl_side_init_key(&sides->sides[0], map, err);
	if (ret == 0)
		ret = bpfl_side_init_value(&sides->sides[1], map, err);
	for (int i = 0; i < 2 && ret == 0; i++)
		bpfl_stack_fields_find(&sides->fields[i], &sides->sides[i].layout, stacks->forms, stacks->nr_forms,
				       stacks->maps.nr > 0);
	if (ret < 0)
		bpfl_stack_sides_deinit(sides);
	return ret;
}

struct bpfl_field_ctx bpfl_stack_sides_ctx(struct bpfl_stack_sides *sides, int side, const void *bytes)
{
	return (struct bpfl_field_ctx){ .layout = &sides->sides[side].layout,
					.data = bytes,
					.size = sides->sides[side].size,
					.scratch = &sides->sides[side].scratch };
}

/* The process may stand on the other side. */
int bpfl_stack_sides_pid(struct bpfl_stack_sides *sides, const void *const bytes[2])
{
	for (int i = 0; i < 2; i++) {
		struct bpfl_field_ctx ctx = bpfl_stack_sides_ctx(sides, i, bytes[i]);
		int pid = bytes[i] ? bpfl_stack_pid(&sides->fields[i], &ctx) : 0;

		if (pid > 0)
			return pid;
	}
	return 0;
}

/* ---- what there is ---- */

static void note(struct bpfl_buf *out, const struct bpfl_stacks *stacks, const char *side,
		 const struct bpfl_field *field, const struct bpfl_stack_field *stack)
{
	static const char *const kinds[] = { "kernel stack", "user stack", "stack" };

	bpfl_buf_printf(out, "%s%s.%s: %s", out->size ? "; " : "", side, BPFL_ESC(field->name), kinds[stack->kind]);
	if (stack->shape == BPFL_STACK_ID) {
		bpfl_buf_text(out, " in map");
		for (size_t i = 0; i < stacks->maps.nr; i++)
			bpfl_buf_printf(out, "%s '%s'", i ? "," : "", BPFL_ESC(stacks->maps.items[i]->name));
	}
	bpfl_buf_printf(out, " (%s)", stack->why);
}

int bpfl_stacks_in_map(struct bpfl_stacks *stacks, const struct bpfl_map *map, char **ret_note, struct bpfl_error *err)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	struct bpfl_stack_sides sides;
	int ret = bpfl_stack_sides_init(&sides, stacks, map, err);
	int nr = 0;

	if (ret < 0)
		return ret;
	for (int i = 0; i < 2; i++) {
		for (size_t f = 0; f < sides.fields[i].nr; f++) {
			const struct bpfl_stack_field *stack = &sides.fields[i].items[f];

			note(&text, stacks, sides.sides[i].name, &sides.sides[i].layout.fields.items[stack->field_idx],
			     stack);
			nr++;
		}
	}
	bpfl_stack_sides_deinit(&sides);
	if (map->type == BPFL_MAP_TYPE_STACK_TRACE) {
		bpfl_buf_text(&text, "stacks as they are; addresses of processes stay numbers");
		nr++;
	}
	bpfl_buf_text(&text, "");
	if (!bpfl_buf_ok(&text)) {
		bpfl_buf_deinit(&text);
		return bpfl_error_nomem(err);
	}
	if (ret_note)
		*ret_note = bpfl_buf_take(&text);
	bpfl_buf_deinit(&text);
	return nr;
}

/* ---- noting ---- */

struct noting {
	struct bpfl_stacks *stacks;
	struct bpfl_stack_sides sides;
};

static int note_element(void *ctx, const void *key, const void *value)
{
	struct noting *noting = ctx;
	int pid = bpfl_stack_sides_pid(&noting->sides, (const void *[]){ key, value });

	if (pid > 0 && bpfl_symbolizer_note(noting->stacks->symbolizer, pid) == -ENOMEM)
		return -ENOMEM;
	return 0;
}

static bool has_user_stacks(const struct bpfl_stack_sides *sides)
{
	for (int i = 0; i < 2; i++) {
		for (size_t f = 0; f < sides->fields[i].nr; f++) {
			if (sides->fields[i].items[f].kind != BPFL_STACK_KERNEL)
				return true;
		}
	}
	return false;
}

int bpfl_stacks_note_map(struct bpfl_stacks *stacks, const struct bpfl_map *map, struct bpfl_error *err)
{
	struct noting noting = { .stacks = stacks };
	int ret = bpfl_stack_sides_init(&noting.sides, stacks, map, err);

	if (ret < 0)
		return ret;
	if (has_user_stacks(&noting.sides))
		ret = bpfl_map_each(map, 0, note_element, &noting, err);
	bpfl_stack_sides_deinit(&noting.sides);
	return ret < 0 ? ret : 0;
}

/* ---- below an element ---- */

int bpfl_stack_sides_put_text(struct bpfl_stacks *stacks, struct bpfl_stack_sides *sides, const void *key,
			      const void *value, struct bpfl_buf *out)
{
	const void *const bytes[2] = { key, value };
	int pid = bpfl_stack_sides_pid(sides, bytes), ret = 0;

	for (int i = 0; i < 2 && ret == 0; i++) {
		struct bpfl_field_ctx ctx = bpfl_stack_sides_ctx(sides, i, bytes[i]);

		if (bytes[i])
			ret = bpfl_stacks_put_text(stacks, &sides->fields[i], &ctx, pid, out);
	}
	return ret;
}

int bpfl_stack_sides_put_json(struct bpfl_stacks *stacks, struct bpfl_stack_sides *sides, const void *key,
			      const void *value, struct bpfl_json *json)
{
	const void *const bytes[2] = { key, value };
	int pid = bpfl_stack_sides_pid(sides, bytes), ret = 0;

	bpfl_json_key(json, "stacks");
	bpfl_json_object_begin(json);
	for (int i = 0; i < 2 && ret == 0; i++) {
		struct bpfl_field_ctx ctx = bpfl_stack_sides_ctx(sides, i, bytes[i]);

		if (bytes[i])
			ret = bpfl_stacks_put_json(stacks, &sides->fields[i], &ctx, pid, json);
	}
	bpfl_json_object_end(json);
	return ret;
}
