/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/stack_sides: key and value of a map as far as they are stacks.
 *
 * Both are looked at: usual maps have stack ids in the key and a count in the value, and the process may stand
 * on the other side than the stack.
 */
#ifndef BPFL_EVENT_STACK_SIDES_H
#define BPFL_EVENT_STACK_SIDES_H

#include "event/side.h"
#include "event/stack.h"

struct bpfl_stack_sides {
	struct bpfl_side sides[2]; /* key, value */
	struct bpfl_stack_fields fields[2];
};

/* 0 or -ENOMEM (with its error). */
int bpfl_stack_sides_init(struct bpfl_stack_sides *sides, const struct bpfl_stacks *stacks, const struct bpfl_map *map,
			  struct bpfl_error *err);
void bpfl_stack_sides_deinit(struct bpfl_stack_sides *sides);

struct bpfl_field_ctx bpfl_stack_sides_ctx(struct bpfl_stack_sides *sides, int side, const void *bytes);
/* The process of an element, whose key or value may be NULL; 0: unknown. */
int bpfl_stack_sides_pid(struct bpfl_stack_sides *sides, const void *const bytes[2]);

/* The stacks of an element; key or value may be NULL. 0 or -ENOMEM. */
int bpfl_stack_sides_put_text(struct bpfl_stacks *stacks, struct bpfl_stack_sides *sides, const void *key,
			      const void *value, struct bpfl_buf *out);
/* A member "stacks" with an object. */
int bpfl_stack_sides_put_json(struct bpfl_stacks *stacks, struct bpfl_stack_sides *sides, const void *key,
			      const void *value, struct bpfl_json *json);

#endif
