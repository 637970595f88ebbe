/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/stack_field.c: which members of a struct are stacks. See stack.h.
 *
 * BTF has no type for them: a stack id is an int, a stack an array of 64-bit numbers. The names that people
 * give say it, and there are not many:
 * "kern_stack_id", "kernel_stackid", "kstack", "user_stack_id", "ustack", "stack_id". What holds a length or a
 * flag ("kstack_sz", "collect_ustack") is none.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "event/stack.h"

static const struct {
	const char *form;
	enum bpfl_stack_kind kind;
} forms[] = { { "kstack", BPFL_STACK_KERNEL }, { "ustack", BPFL_STACK_USER }, { "stack", BPFL_STACK_EITHER } };

static bool form_kind(const char *form, enum bpfl_stack_kind *ret_kind)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(form, forms[i].form) == 0) {
			*ret_kind = forms[i].kind;
			return true;
		}
	}
	return false;
}

bool bpfl_stack_is_form(const char *form)
{
	enum bpfl_stack_kind kind;

	return form_kind(form, &kind);
}

const struct bpfl_stack_field *bpfl_stack_fields_at(const struct bpfl_stack_fields *fields, uint32_t field_idx)
{
	for (size_t i = 0; i < fields->nr; i++) {
		if (fields->items[i].field_idx == field_idx)
			return &fields->items[i];
	}
	return NULL;
}

/* ---- names ---- */

/* "event.kern_stack_id" -> "kernstackid" */
static void squeeze(const char *name, char *out, size_t out_size)
{
	size_t len = 0;

	for (; *name && len + 1 < out_size; name++) {
		if (isalnum((unsigned char)*name))
			out[len++] = (char)tolower((unsigned char)*name);
	}
	out[len] = '\0';
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Whose stack a name means; false: it is no name of one. */
static bool kind_by_name(const struct bpfl_field *field, enum bpfl_stack_kind *ret_kind)
{
	static const char *const ends[] = { "stackid",    "stack",    "stackids", "stacktraceid",
					    "stacktrace", "stackraw", "stk",      "callchain" };
	char path[128], leaf[64];
	bool is_stack = false;

	squeeze(field->name, path, sizeof(path));
	squeeze(field->leaf, leaf, sizeof(leaf));
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		is_stack = is_stack || ends_with(leaf, ends[i]);
	if (!is_stack)
		return false;
	if (strstr(path, "user") || strstr(path, "ustack") || strstr(path, "ustk"))
		*ret_kind = BPFL_STACK_USER;
	else if (strstr(path, "kern") || strstr(path, "kstack") || strstr(path, "kstk"))
		*ret_kind = BPFL_STACK_KERNEL;
	else
		*ret_kind = BPFL_STACK_EITHER;
	return true;
}

/* Whether a typedef of this name is on the way to the type. */
static bool has_typedef(const struct bpfl_btf *btf, uint32_t type_id, const char *name)
{
	for (int step = 0; step < BPFL_BTF_CHAIN_MAX; step++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, type_id);

		if (!type || bpfl_btf_kind(type) != BPFL_KIND_TYPEDEF)
			return false;
		if (strcmp(bpfl_btf_name(btf, type_id), name) == 0)
			return true;
		type_id = type->type;
	}
	return false;
}

/* ---- types ---- */

/* What a member of this type could be. False: no stack. */
static bool shape_of(const struct bpfl_btf *btf, const struct bpfl_field *field, enum bpfl_stack_shape *ret_shape)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, field->type_id, NULL);
	const struct bpfl_btf_type *item;

	if (bpfl_btf_kind(type) == BPFL_KIND_INT && field->bit_size == 0 && (field->size == 4 || field->size == 8)) {
		*ret_shape = BPFL_STACK_ID;
		return true;
	}
	if (bpfl_btf_kind(type) != BPFL_KIND_ARRAY)
		return false;
	item = bpfl_btf_skip_modifiers(btf, bpfl_btf_array(type)->type, NULL);
	if (bpfl_btf_kind(item) == BPFL_KIND_INT && item->size == 8) {
		*ret_shape = BPFL_STACK_ADDRESSES;
		return true;
	}
	if (bpfl_btf_kind(item) == BPFL_KIND_STRUCT && item->size == 32 &&
	    strcmp(bpfl_btf_string(btf, item->name_off), "bpf_stack_build_id") == 0) {
		*ret_shape = BPFL_STACK_BUILD_IDS;
		return true;
	}
	return false;
}

/* "kstack_sz" of "kstack", in the same struct. */
static uint32_t length_of(const struct bpfl_layout *layout, const struct bpfl_field *stack)
{
	static const char *const ends[] = { "_sz", "_size", "_len", "_bytes", "_length" };
	char name[256];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", stack->name, ends[i]);
		for (size_t f = 0; f < layout->fields.nr; f++) {
			const struct bpfl_field *field = &layout->fields.items[f];
			bool is_number = field->form == BPFL_FORM_UINT || field->form == BPFL_FORM_SINT;

			if (is_number && strcmp(field->name, name) == 0)
				return (uint32_t)f;
		}
	}
	return BPFL_NO_FIELD;
}

/* What the caller says of it: "kern_id=kstack". NULL: nothing. The last word counts. */
static const char *told(const struct bpfl_field *field, const char *const *words, size_t nr_words)
{
	const char *form = NULL;

	for (size_t i = 0; i < nr_words; i++) {
		const char *equals = strchr(words[i], '=');
		size_t len = equals ? (size_t)(equals - words[i]) : 0;

		if (equals && ((strlen(field->name) == len && strncmp(field->name, words[i], len) == 0) ||
			       (strlen(field->leaf) == len && strncmp(field->leaf, words[i], len) == 0)))
			form = equals + 1;
	}
	return form;
}

static bool decide(const struct bpfl_layout *layout, const struct bpfl_field *field, const char *form, bool has_ids,
		   struct bpfl_stack_field *stack)
{
	if (!shape_of(layout->btf, field, &stack->shape))
		return false;
	if (form) {
		stack->why = "as you say";
		return form_kind(form, &stack->kind);
	}
	if (stack->shape == BPFL_STACK_ID && !has_ids)
		return false;
	stack->why = "by its type";
	stack->kind = field->is_user_stack ? BPFL_STACK_USER : BPFL_STACK_KERNEL;
	if (field->is_user_stack)
		return true;
	if (stack->shape == BPFL_STACK_ID && has_typedef(layout->btf, field->type_id, "gadget_kernel_stack"))
		return true;
	stack->why = "by its name";
	return kind_by_name(field, &stack->kind);
}

/* A gadget's "where_raw" stands a second time in the layout, as "where". */
static bool is_twin(const struct bpfl_layout *layout, const struct bpfl_field *field)
{
	enum bpfl_stack_shape shape;

	for (size_t i = 0; i < layout->fields.nr && field->is_hidden; i++) {
		const struct bpfl_field *other = &layout->fields.items[i];

		if (!other->is_hidden && other->byte_off == field->byte_off && other->size == field->size &&
		    shape_of(layout->btf, other, &shape))
			return true;
	}
	return false;
}

/* The first of these names that a field has. */
static uint32_t find_named(const struct bpfl_layout *layout, const char *const *names, size_t nr_names)
{
	for (size_t n = 0; n < nr_names; n++) {
		for (size_t f = 0; f < layout->fields.nr; f++) {
			if (strcmp(layout->fields.items[f].leaf, names[n]) == 0)
				return (uint32_t)f;
		}
	}
	return BPFL_NO_FIELD;
}

void bpfl_stack_fields_find(struct bpfl_stack_fields *fields, const struct bpfl_layout *layout,
			    const char *const *words, size_t nr_words, bool has_ids)
{
	static const char *const pids[] = { "tgid", "pid_level0", "pid", "tid" };
	static const char *const comms[] = { "comm", "task", "name", "pcomm", "process" };
	uint32_t comm = find_named(layout, comms, sizeof(comms) / sizeof(comms[0]));

	memset(fields, 0, sizeof(*fields));
	fields->pid_field = find_named(layout, pids, sizeof(pids) / sizeof(pids[0]));
	fields->comm_field = comm != BPFL_NO_FIELD && layout->fields.items[comm].form == BPFL_FORM_STRING
				     ? comm
				     : BPFL_NO_FIELD;
	for (size_t i = 0; i < layout->fields.nr && fields->nr < BPFL_STACK_FIELDS_MAX; i++) {
		const struct bpfl_field *field = &layout->fields.items[i];
		struct bpfl_stack_field stack = { .field_idx = (uint32_t)i, .len_field = BPFL_NO_FIELD };

		if (is_twin(layout, field) || !decide(layout, field, told(field, words, nr_words), has_ids, &stack))
			continue;
		if (stack.shape != BPFL_STACK_ID)
			stack.len_field = length_of(layout, field);
		fields->items[fields->nr++] = stack;
	}
}

int bpfl_stack_pid(const struct bpfl_stack_fields *fields, const struct bpfl_field_ctx *ctx)
{
	uint64_t pid = 0;
	bool is_signed;

	if (fields->pid_field == BPFL_NO_FIELD ||
	    !bpfl_field_number(ctx, &ctx->layout->fields.items[fields->pid_field], &pid, &is_signed) || pid > INT32_MAX)
		return 0;
	return (int)pid;
}
