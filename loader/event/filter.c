/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/filter.c: expressions over the fields of a record. See filter.h for the grammar, filter_parse.c for reading it.
 *
 * Binding looks the words up in each layout: what is a field here may be none there, and a comparison with a
 * field that a record's type does not have is false. Evaluation allocates nothing (texts that have to be put
 * together go into the caller's scratch), but what the C library's regexec() does.
 */
#include "event/filter_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

void bpfl_filter_destroy(struct bpfl_filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < filter->nodes.nr; i++) {
		struct node *node = &filter->nodes.items[i];

		free(node->text);
		if (node->regex)
			regfree(node->regex);
		free(node->regex);
	}
	free(filter->nodes.items);
	free(filter->text);
	free(filter);
}

/* ---- binding ---- */

/* The enumerator of that name, for number_of(). */
static bool enumerator_find(const struct bpfl_layout *layout, const struct bpfl_field *field, struct node *value,
			    unsigned layout_idx)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(layout->btf, field->type_id, NULL);

	for (uint32_t i = 0; field->form == BPFL_FORM_ENUM && i < bpfl_btf_vlen(type); i++) {
		const struct bpfl_btf_enum *narrow = &bpfl_btf_enums(type)[i];
		const struct bpfl_btf_enum64 *wide = &bpfl_btf_enums64(type)[i];
		bool is_narrow = bpfl_btf_kind(type) == BPFL_KIND_ENUM, is_signed = bpfl_btf_kflag(type);
		const char *name = bpfl_btf_string(layout->btf, is_narrow ? narrow->name_off : wide->name_off);

		if (strcmp(name, value->text) != 0)
			continue;
		value->enumerators[layout_idx].is_known = true;
		value->enumerators[layout_idx].is_signed = is_signed;
		value->enumerators[layout_idx].value = !is_narrow ? (uint64_t)wide->value_hi32 << 32 | wide->value_lo32
						       : is_signed ? (uint64_t)(int64_t)narrow->value
								   : (uint32_t)narrow->value;
		return true;
	}
	return false;
}

static bool is_ordering(enum op op)
{
	return op == OP_LT || op == OP_LE || op == OP_GT || op == OP_GE;
}

#define NAMES_END 8192u /* system calls of mips begin at 4000 */

/* What gives numbers of a form their names; NULL: there is no end of them, or they are not counted. */
static const char *(*namer_of(enum bpfl_form form))(uint64_t number)
{
	switch (form) {
	case BPFL_FORM_ERRNO: return bpfl_errno_word;
	case BPFL_FORM_SIGNAL: return bpfl_signal_name;
	case BPFL_FORM_SYSCALL: return bpfl_syscall_name;
	case BPFL_FORM_PROTOCOL: return bpfl_protocol_name;
	default: return NULL;
	}
}

/* ENOENT, and -ENOENT as functions return it. */
static bool has_name(enum bpfl_form form, const char *text)
{
	const char *name;
	bool found = false;

	text += form == BPFL_FORM_ERRNO && text[0] == '-';
	for (uint64_t i = 0; i < NAMES_END && !found; i++) {
		name = namer_of(form)(i);
		found = name && strcmp(name, text) == 0;
	}
	return found;
}

/* Whether text can be what the table shows of a field: of a plain number, no letters. */
static bool can_show(const struct bpfl_field *field, const char *text)
{
	uint64_t number;
	int64_t negative;

	switch (field->form) {
	case BPFL_FORM_UINT:
	case BPFL_FORM_SINT:
	case BPFL_FORM_HEX:
	case BPFL_FORM_PORT:
	case BPFL_FORM_ENUM:
		return bpfl_text_to_u64(text, &number) == 0 || bpfl_text_to_s64(text, &negative) == 0;
	case BPFL_FORM_BOOL:
		return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
	default:
		return !namer_of(field->form) || bpfl_text_to_u64(text, &number) == 0 || has_name(field->form, text);
	}
}

/* Whether a comparison of a field with a value may hold for any record. */
static bool value_fits(const struct bpfl_layout *layout, const struct bpfl_field *field, struct node *value, enum op op,
		       unsigned layout_idx)
{
	if (op == OP_LIKE || op == OP_UNLIKE)
		return true;
	if (is_ordering(op) && !bpfl_field_is_number(field))
		return false;
	if (value->is_number || enumerator_find(layout, field, value, layout_idx))
		return true;
	return !is_ordering(op) && can_show(field, value->text);
}

/* Both sides of a comparison in one layout. */
static void compare_bind(struct bpfl_filter *filter, struct node *node, unsigned layout_idx,
			 const struct bpfl_layout *layout)
{
	unsigned sides[2] = { node->left, node->right };

	for (int i = 0; i < 2; i++) {
		uint32_t idx = filter->nodes.items[sides[i]].fields[layout_idx];
		struct node *other = &filter->nodes.items[sides[!i]];
		uint32_t other_idx = other->fields[layout_idx];
		const struct bpfl_field *field = idx == BPFL_NO_FIELD ? NULL : &layout->fields.items[idx];
		bool fits;

		if (!field)
			continue;
		if (other_idx == BPFL_NO_FIELD)
			fits = value_fits(layout, field, other, node->op, layout_idx);
		else
			fits = !is_ordering(node->op) || (bpfl_field_is_number(field) &&
							  bpfl_field_is_number(&layout->fields.items[other_idx]));
		if (fits) {
			node->can_hold = true;
			continue;
		}
		node->odd_layout = layout;
		node->odd_field = idx;
		node->odd_value = sides[!i];
	}
}

int bpfl_filter_bind(struct bpfl_filter *filter, unsigned layout_idx, const struct bpfl_layout *layout,
		     unsigned *ret_nr_fields, struct bpfl_error *err)
{
	unsigned nr_fields = 0;

	if (layout_idx >= LAYOUTS_MAX)
		return bpfl_error_set(err, BPFL_ERR_USAGE, E2BIG, "a filter over more than %u types", LAYOUTS_MAX);
	for (size_t i = 1; i < filter->nodes.nr; i++) {
		struct node *node = &filter->nodes.items[i];

		if (node->kind == NODE_TERM && !node->is_quoted && !node->is_number)
			node->fields[layout_idx] = bpfl_layout_find(layout, node->text);
		nr_fields += node->kind == NODE_TERM && node->fields[layout_idx] != BPFL_NO_FIELD;
	}
	for (size_t i = 1; i < filter->nodes.nr; i++) {
		struct node *node = &filter->nodes.items[i];

		if (node->kind == NODE_COMPARE && node->right)
			compare_bind(filter, node, layout_idx, layout);
	}
	if (filter->nr_layouts <= layout_idx)
		filter->nr_layouts = layout_idx + 1;
	*ret_nr_fields = nr_fields;
	return 0;
}

/* Names that were meant, perhaps. */
static void offer_names(const struct bpfl_layout *layout, const struct bpfl_field *field, const char *wanted,
			      struct bpfl_error *err)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(layout->btf, field->type_id, NULL);
	bool is_narrow = bpfl_btf_kind(type) == BPFL_KIND_ENUM;
	const char *(*name_of)(uint64_t number) = namer_of(field->form);
	struct bpfl_near near;
	char names[256];

	bpfl_near_init(&near, wanted);
	for (uint64_t i = 0; i < NAMES_END && name_of; i++) {
		if (name_of(i))
			bpfl_near_offer(&near, name_of(i));
	}
	for (uint32_t i = 0; field->form == BPFL_FORM_ENUM && i < bpfl_btf_vlen(type); i++)
		bpfl_near_offer(&near, bpfl_btf_string(layout->btf, is_narrow ? bpfl_btf_enums(type)[i].name_off
									     : bpfl_btf_enums64(type)[i].name_off));
	if (near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&near, names, sizeof(names)));
}

int bpfl_filter_check(const struct bpfl_filter *filter, struct bpfl_error *err)
{
	for (size_t i = 1; i < filter->nodes.nr; i++) {
		const struct node *node = &filter->nodes.items[i], *value;
		const struct bpfl_field *field;

		if (node->kind != NODE_COMPARE || node->can_hold || !node->odd_layout)
			continue;
		value = &filter->nodes.items[node->odd_value];
		field = &node->odd_layout->fields.items[node->odd_field];
		if ((field->form == BPFL_FORM_ENUM || namer_of(field->form)) && !is_ordering(node->op)) {
			bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "filter '%s': '%s' is no value of '%s'",
				       BPFL_ESC(filter->text), BPFL_ESC(value->text), BPFL_ESC(field->name));
			offer_names(node->odd_layout, field, value->text, err);
			return -EINVAL;
		}
		return value->is_number ? bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
							 "filter '%s': '%s' is no number to compare with '%s'",
							 BPFL_ESC(filter->text), BPFL_ESC(field->name),
							 BPFL_ESC(value->text))
					: bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
							 "filter '%s': '%s' is no number to compare '%s' with",
							 BPFL_ESC(filter->text), BPFL_ESC(value->text),
							 BPFL_ESC(field->name));
	}
	return 0;
}

const char *bpfl_filter_unknown(const struct bpfl_filter *filter)
{
	for (size_t i = 1; i < filter->nodes.nr; i++) {
		const struct node *node = &filter->nodes.items[i];
		bool is_known = false;

		if (node->kind != NODE_TERM || !node->is_left || node->is_quoted || node->is_number)
			continue;
		for (unsigned l = 0; l < filter->nr_layouts; l++)
			is_known = is_known || node->fields[l] != BPFL_NO_FIELD;
		if (!is_known)
			return node->text;
	}
	return NULL;
}

/* ---- evaluation ---- */

struct eval {
	const struct bpfl_filter *filter;
	unsigned layout_idx;
	const struct bpfl_field_ctx *ctx;
	struct bpfl_buf *scratch;
};

struct number {
	uint64_t value;
	bool is_signed;
};

static const struct bpfl_field *field_of(const struct eval *eval, const struct node *term)
{
	uint32_t idx = term->fields[eval->layout_idx];

	return idx == BPFL_NO_FIELD ? NULL : &eval->ctx->layout->fields.items[idx];
}

static bool number_of(const struct eval *eval, const struct node *term, struct number *ret)
{
	const struct bpfl_field *field = field_of(eval, term);

	if (field) {
		if (!bpfl_field_number(eval->ctx, field, &ret->value, &ret->is_signed))
			return false;
		if (term->mask) {
			ret->value &= term->mask;
			ret->is_signed = false;
		}
		return true;
	}
	if (term->enumerators[eval->layout_idx].is_known) {
		ret->value = term->enumerators[eval->layout_idx].value;
		ret->is_signed = term->enumerators[eval->layout_idx].is_signed;
		return true;
	}
	ret->value = (uint64_t)term->number;
	ret->is_signed = term->number < 0 && !term->is_huge;
	return term->is_number;
}

/* Text of a term. Strings of the record are used in place; everything else is written to the end of scratch. */
static bool text_of(const struct eval *eval, const struct node *term, const char **ret_text, size_t *ret_size)
{
	const struct bpfl_field *field = field_of(eval, term);
	size_t start = eval->scratch->size;

	if (!field) {
		*ret_text = term->text;
		*ret_size = strlen(term->text);
		/* A word that is a field elsewhere, and not here: no value. */
		return term->is_quoted || term->is_number || !term->is_left;
	}
	if (bpfl_field_text(eval->ctx, field, ret_text, ret_size) && !memchr(*ret_text, '\0', *ret_size))
		return true;
	if (!bpfl_field_put(eval->ctx, field, BPFL_STYLE_CELL, eval->scratch) || eval->scratch->failed)
		return false;
	bpfl_buf_text(eval->scratch, ""); /* there is memory now, even for an empty text */
	*ret_text = eval->scratch->data + start;
	*ret_size = eval->scratch->size - start;
	return true;
}

/* -1, 0, 1. A negative number is below every unsigned one. */
static int compare_numbers(struct number a, struct number b)
{
	bool a_negative = a.is_signed && (int64_t)a.value < 0, b_negative = b.is_signed && (int64_t)b.value < 0;

	if (a_negative != b_negative)
		return a_negative ? -1 : 1;
	return a.value < b.value ? -1 : a.value > b.value;
}

static bool order_holds(enum op op, int order)
{
	switch (op) {
	case OP_EQ: return order == 0;
	case OP_NE: return order != 0;
	case OP_LT: return order < 0;
	case OP_LE: return order <= 0;
	case OP_GT: return order > 0;
	case OP_GE: return order >= 0;
	default: return false;
	}
}

static bool is_something(const struct eval *eval, const struct node *term)
{
	struct number number;
	const char *text;
	size_t size;

	if (number_of(eval, term, &number))
		return number.value != 0;
	return text_of(eval, term, &text, &size) && size > 0;
}

/* regexec() wants a NUL, so the text goes into scratch. One that holds a NUL ends there. */
static bool compare_like(const struct eval *eval, const struct node *left, const struct node *pattern, bool wanted)
{
	struct bpfl_buf *scratch = eval->scratch;
	size_t start = scratch->size, size;
	const char *text;
	bool ret = false;

	if (!text_of(eval, left, &text, &size))
		return false;
	if (!scratch->data || text != scratch->data + start)
		bpfl_buf_append(scratch, text, size);
	bpfl_buf_char(scratch, '\0');
	if (!scratch->failed)
		ret = (regexec(pattern->regex, scratch->data + start, 0, NULL, 0) == 0) == wanted;
	scratch->size = start;
	return ret;
}

static bool compare(const struct eval *eval, const struct node *node)
{
	const struct node *left = &eval->filter->nodes.items[node->left],
			  *right = &eval->filter->nodes.items[node->right];
	struct number a, b;
	const char *a_text, *b_text;
	size_t a_size, b_size;
	size_t scratch_start = eval->scratch->size;
	bool ret;

	if (!node->right)
		return is_something(eval, left);
	if (node->op == OP_LIKE || node->op == OP_UNLIKE)
		return compare_like(eval, left, right, node->op == OP_LIKE);
	if (number_of(eval, left, &a) && number_of(eval, right, &b))
		return order_holds(node->op, compare_numbers(a, b));
	if (is_ordering(node->op) || !text_of(eval, left, &a_text, &a_size))
		return false;
	/* The second may move the scratch in which the first lies: its place is kept, not its address. */
	bool in_scratch = eval->scratch->data && a_text == eval->scratch->data + scratch_start;

	if (!text_of(eval, right, &b_text, &b_size))
		return false;
	if (in_scratch)
		a_text = eval->scratch->data + scratch_start;
	ret = order_holds(node->op, a_size == b_size ? memcmp(a_text, b_text, a_size) : 1);
	eval->scratch->size = scratch_start;
	return ret;
}

static bool evaluate(const struct eval *eval, unsigned idx)
{
	const struct node *node = &eval->filter->nodes.items[idx];

	switch (node->kind) {
	case NODE_OR: return evaluate(eval, node->left) || evaluate(eval, node->right);
	case NODE_AND: return evaluate(eval, node->left) && evaluate(eval, node->right);
	case NODE_NOT: return !evaluate(eval, node->left);
	case NODE_COMPARE: return compare(eval, node);
	case NODE_TERM: break;
	}
	return false;
}

bool bpfl_filter_pass(const struct bpfl_filter *filter, unsigned layout_idx, const struct bpfl_field_ctx *ctx,
		      struct bpfl_buf *scratch)
{
	struct eval eval = { filter, layout_idx, ctx, scratch };

	scratch->size = 0;
	return evaluate(&eval, filter->root);
}
