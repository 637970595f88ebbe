/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/stack: which members are stacks, and the frames of one. Inside of include/bpfload/stack.h.
 *
 *     stack_field.c    members of a layout that are stacks
 *     stack_sides.c    the same of a map
 *     stack.c          a stack of a record -> frames, text, JSON
 *     profile.c        many stacks, folded
 *     profile_map.c    the stacks of a map's elements
 *     flame.c          a profile as an SVG; flame_page.c: what is the same in all of them
 */
#ifndef BPFL_EVENT_STACK_H
#define BPFL_EVENT_STACK_H

#include "base/json.h"
#include "bpfload/stack.h"
#include "event/field.h"

#define BPFL_STACK_FIELDS_MAX 8u
#define BPFL_STACK_DEPTH_MAX 4096u

enum bpfl_stack_kind { BPFL_STACK_KERNEL, BPFL_STACK_USER, BPFL_STACK_EITHER /* the addresses tell */ };
enum bpfl_stack_shape { BPFL_STACK_ID, BPFL_STACK_ADDRESSES, BPFL_STACK_BUILD_IDS };

struct bpfl_stack_field {
	uint32_t field_idx;
	enum bpfl_stack_kind kind;
	enum bpfl_stack_shape shape;
	uint32_t len_field; /* of addresses: their length in bytes, or BPFL_NO_FIELD */
	const char *why;    /* "by its name" */
};

struct bpfl_stack_fields {
	struct bpfl_stack_field items[BPFL_STACK_FIELDS_MAX];
	size_t nr;
	uint32_t pid_field, comm_field; /* beside them, or BPFL_NO_FIELD */
};

/* forms: see struct bpfl_stacks_opts. has_ids: ids lead somewhere. */
void bpfl_stack_fields_find(struct bpfl_stack_fields *fields, const struct bpfl_layout *layout,
			    const char *const *forms, size_t nr_forms, bool has_ids);
/* "=kstack", "=ustack": whether a form is a word for a stack. */
bool bpfl_stack_is_form(const char *form);
/* The process of a record, or 0. */
int bpfl_stack_pid(const struct bpfl_stack_fields *fields, const struct bpfl_field_ctx *ctx);

struct bpfl_stacks {
	struct bpfl_symbolizer *symbolizer; /* borrowed */
	const char *const *forms;	    /* borrowed */
	size_t nr_forms;
	BPFL_VEC(struct bpfl_map *) maps; /* owned */
	uint8_t *value;			  /* room for one element of any of them */
	size_t value_size;
};

/* Why a stack has no frames. */
enum bpfl_stack_state {
	BPFL_STACK_FOUND,
	/* there was none: a kernel stack of what ran in user mode, a user stack of a thread of the kernel */
	BPFL_STACK_NONE,
	BPFL_STACK_LOST, /* there was one, which is not in the map */
};

/* One frame, from the innermost: nothing is kept of it. */
typedef int (*bpfl_frame_fn)(void *ctx, const struct bpfl_frame *frame);
/*
 * Calls fn for each frame of a member. pid 0: unknown. A non-zero return of fn ends it and is returned,
 * else 0; -ENOMEM.
 */
int bpfl_stack_each(struct bpfl_stacks *stacks, const struct bpfl_stack_field *field, const struct bpfl_field_ctx *ctx,
		    int pid, bpfl_frame_fn fn, void *fn_ctx, enum bpfl_stack_state *ret_state);

/* "vfs_read+0x1f [xfs]", "main+0x12 [/usr/bin/x]", "[/usr/lib/x.so+0x1234]", "0x7f00001234". */
void bpfl_frame_text(const struct bpfl_frame *frame, struct bpfl_buf *out);
/* What a flame graph calls it: the function, else "[x.so]", "[unknown]". Valid as long as the frame and name. */
const char *bpfl_frame_label(const struct bpfl_frame *frame, char name[256]);

/* The innermost function of a member, for a cell; "-": there is no stack, "[lost]". 0 or -ENOMEM. */
int bpfl_stacks_put_name(struct bpfl_stacks *stacks, const struct bpfl_stack_field *field,
			 const struct bpfl_field_ctx *ctx, int pid, struct bpfl_buf *out);
/* The field of this index, if it is a stack; else NULL. */
const struct bpfl_stack_field *bpfl_stack_fields_at(const struct bpfl_stack_fields *fields, uint32_t field_idx);
/* Below a line: "  kern_stack_id:\n    vfs_read+0x1f\n ...". */
int bpfl_stacks_put_text(struct bpfl_stacks *stacks, const struct bpfl_stack_fields *fields,
			 const struct bpfl_field_ctx *ctx, int pid, struct bpfl_buf *out);
/* The members of an object: "kern_stack_id":["vfs_read+0x1f", ...], ... */
int bpfl_stacks_put_json(struct bpfl_stacks *stacks, const struct bpfl_stack_fields *fields,
			 const struct bpfl_field_ctx *ctx, int pid, struct bpfl_json *json);
/* The same of an element of a stack-trace map itself, whose processes are unknown. */
int bpfl_stacks_put_element_text(struct bpfl_stacks *stacks, const struct bpfl_map *map, const uint8_t *value,
				 struct bpfl_buf *out);
int bpfl_stacks_put_element_json(struct bpfl_stacks *stacks, const struct bpfl_map *map, const uint8_t *value,
				 struct bpfl_json *json);

/* ---- profile.c ---- */

/* What a frame is, for its colour: the first byte of each frame of a line. */
#define BPFL_FLAME_PROCESS 'p'
#define BPFL_FLAME_USER 'u'
#define BPFL_FLAME_JIT 'j'
#define BPFL_FLAME_KERNEL 'k'
#define BPFL_FLAME_UNKNOWN 'x'

struct bpfl_profile_line {
	/* frames with ';' between them, from the outermost, each behind a byte that says what it is; owned */
	char *text;
	uint64_t count;
};

struct bpfl_profile {
	BPFL_VEC(struct bpfl_profile_line) lines;
	bool is_sorted; /* and no line is twice */
	uint64_t nr_samples, nr_lost, text_bytes;
	struct bpfl_buf line; /* being put together */
};

/* Puts one more frame on profile->line: outermost first. */
void bpfl_profile_put_frame(struct bpfl_profile *profile, char what, const char *name);
/* Adds profile->line, which is empty afterwards. */
int bpfl_profile_end_line(struct bpfl_profile *profile, uint64_t count, struct bpfl_error *err);
void bpfl_profile_sort(struct bpfl_profile *profile);

/* ---- flame_page.c ---- */

extern const char bpfl_flame_style[];
extern const char bpfl_flame_script[];

#endif
