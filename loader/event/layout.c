/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/layout.c: a type -> a flat list of fields. See layout.h.
 *
 * One walk over the members. What is shown as one value (arrays, strings, endpoints) becomes one field; structs
 * and unions are walked into. The form of a field comes from its type, and before that from the names of its
 * typedefs (event/gadget_types.c): public gadgets say with "gadget_errno error_raw" how a number is meant. Such
 * a member becomes two fields: "error" is what people read, "error_raw" the number, which a table leaves out
 * unless it is asked for. Tags on members (event/column_tags.c) come last.
 */
#include "event/layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "btf/value.h"
#include "event/column_tags.h"
#include "event/gadget_types.h"

#define PATH_SIZE 256u
#define DEPTH_MAX 8

struct walk {
	struct bpfl_layout *layout;
	char path[PATH_SIZE];
	int depth;
	int ret;
	bool is_hidden;	 /* what is added now is left out of tables */
	bool in_process; /* inside of a struct gadget_process */
	const char *bare_name; /* of a field without a path */
	struct bpfl_column_tags tags;
};

/* ---- adding ---- */

static struct bpfl_step *add_step(struct walk *walk, enum bpfl_step_kind kind, const char *key)
{
	struct bpfl_step *step = BPFL_VEC_PUSH(&walk->layout->steps);
	struct bpfl_buf text = BPFL_BUF_INIT;
	struct bpfl_json json;

	if (!step) {
		walk->ret = -ENOMEM;
		return NULL;
	}
	step->kind = kind;
	step->field_idx = BPFL_NO_FIELD;
	if (!key)
		return step;
	bpfl_json_init(&json, &text);
	bpfl_json_key(&json, key);
	step->key = bpfl_buf_take(&text);
	if (!step->key)
		walk->ret = -ENOMEM;
	return step;
}

/* A field whose name is taken over; no step: JSON does not show it. */
static struct bpfl_field *add_named(struct walk *walk, char *name, enum bpfl_form form, uint32_t type_id,
				    uint64_t byte_off, uint32_t size)
{
	struct bpfl_layout *layout = walk->layout;
	struct bpfl_field *field = name && layout->fields.nr < BPFL_FIELDS_MAX ? BPFL_VEC_PUSH(&layout->fields) : NULL;
	const char *dot;

	if (!field) {
		walk->ret = name && layout->fields.nr >= BPFL_FIELDS_MAX ? -E2BIG : -ENOMEM;
		free(name);
		return NULL;
	}
	field->name = name;
	dot = strrchr(name, '.');
	field->leaf = dot ? dot + 1 : name;
	field->title = name;
	field->form = form;
	field->type_id = type_id;
	field->byte_off = (uint32_t)byte_off;
	field->size = size;
	field->len_field = BPFL_NO_FIELD;
	field->is_hidden = walk->is_hidden;
	field->is_short = walk->in_process;
	bpfl_field_set_width(field);
	return field;
}

static void add_field_step(struct walk *walk, const struct bpfl_field *field)
{
	struct bpfl_step *step = add_step(walk, BPFL_STEP_FIELD, field->leaf);

	if (step)
		step->field_idx = (uint32_t)(field - walk->layout->fields.items);
}

static char *path_copy(const struct walk *walk)
{
	return bpfl_strdup(walk->path[0] ? walk->path : walk->bare_name);
}

static struct bpfl_field *add_field(struct walk *walk, enum bpfl_form form, uint32_t type_id, uint64_t byte_off,
				    uint32_t size)
{
	struct bpfl_field *field = add_named(walk, path_copy(walk), form, type_id, byte_off, size);

	if (field)
		add_field_step(walk, field);
	return field;
}

static bool is_raw(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && path[len - 5] != '.' && strcmp(path + len - 4, "_raw") == 0;
}

/*
 * The field that stands beside a number and says it in words: "error" of "error_raw", "user" of "uid". NULL:
 * the member has only one field, which is the words.
 */
static struct bpfl_field *add_words(struct walk *walk, const struct bpfl_gadget_type *row,
				    const struct bpfl_field *number)
{
	size_t leaf_at = (size_t)(number->leaf - number->name), len = strlen(number->name);
	struct bpfl_field copy = *number, *field;
	struct bpfl_buf name = BPFL_BUF_INIT;

	if (is_raw(number->name)) {
		bpfl_buf_append(&name, number->name, len - 4);
	} else if (row->named) {
		bool is_plain = strcmp(number->leaf, row->stem) == 0;

		bpfl_buf_append(&name, number->name, is_plain ? leaf_at : len);
		bpfl_buf_printf(&name, "%s%s", is_plain ? "" : "_", row->named);
	} else {
		return NULL;
	}
	bpfl_buf_text(&name, "");
	field = add_named(walk, bpfl_buf_take(&name), copy.form, copy.type_id, copy.byte_off, copy.size);
	if (field) {
		field->bit_off = copy.bit_off;
		field->bit_size = copy.bit_size;
		field->is_words = true;
		add_field_step(walk, field);
	}
	return field;
}

/* What the name of a field's type says about it. */
static void describe(struct walk *walk, const struct bpfl_gadget_type *row, struct bpfl_field *field)
{
	uint32_t idx = (uint32_t)(field - walk->layout->fields.items);
	struct bpfl_field *words;

	walk->layout->is_described = true;
	field->metric = row->metric;
	field->is_hidden = field->is_hidden || row->is_hidden;
	if (row->form == BPFL_NR_FORMS)
		return;
	words = add_words(walk, row, field);
	field = &walk->layout->fields.items[idx]; /* it may have moved */
	if (words)
		field->is_hidden = true;
	else
		words = field;
	bpfl_field_set_form(words, row->form);
}

/* ---- walking ---- */

/* A member (or, with an empty path, the whole): is_named says that it has a name of its own. */
static void walk_type(struct walk *walk, uint32_t type_id, bool is_named, uint64_t byte_off, uint32_t bit_off,
		      uint32_t bit_size);

static enum bpfl_form int_form(const struct bpfl_btf *btf, uint32_t type_id, const struct bpfl_btf_type *type)
{
	uint32_t encoding = bpfl_btf_int_encoding(type);

	if (encoding & BPFL_INT_BOOL)
		return BPFL_FORM_BOOL;
	if (type->size == 1 && bpfl_btf_is_char(btf, type_id))
		return BPFL_FORM_CHAR;
	if (type->size > 8)
		return BPFL_FORM_VALUE;
	return encoding & BPFL_INT_SIGNED ? BPFL_FORM_SINT : BPFL_FORM_UINT;
}

/* The longest name, within reason. */
static uint8_t enum_width(const struct bpfl_btf *btf, const struct bpfl_btf_type *type)
{
	size_t width = 4;

	for (uint32_t i = 0; i < bpfl_btf_vlen(type) && i < 256; i++) {
		bool is_narrow = bpfl_btf_kind(type) == BPFL_KIND_ENUM;
		size_t len = strlen(bpfl_btf_string(btf, is_narrow ? bpfl_btf_enums(type)[i].name_off
								   : bpfl_btf_enums64(type)[i].name_off));

		width = len > width && len <= 24 ? len : width;
	}
	return (uint8_t)width;
}

static void walk_scalar(struct walk *walk, uint32_t type_id, const struct bpfl_btf_type *type, uint64_t byte_off,
			uint32_t bit_off, uint32_t bit_size)
{
	const struct bpfl_btf *btf = walk->layout->btf;
	const struct bpfl_gadget_type *row = bpfl_gadget_type_find(btf, type_id);
	enum bpfl_form form = BPFL_FORM_VALUE;
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);
	uint32_t size = 0, container = kind == BPFL_KIND_INT ? bpfl_btf_int_bits(type) : 0;
	struct bpfl_field *field;

	bpfl_btf_size(btf, type_id, &size);
	if (kind == BPFL_KIND_INT)
		form = int_form(btf, type_id, type);
	else if (kind == BPFL_KIND_PTR)
		form = BPFL_FORM_HEX;
	else if ((kind == BPFL_KIND_ENUM || kind == BPFL_KIND_ENUM64) && size <= 8)
		form = BPFL_FORM_ENUM;
	/* bit-field as compilers before 2019 wrote them */
	if (kind == BPFL_KIND_INT && bit_size == 0 && container != size * 8) {
		bit_off += bpfl_btf_int_bit_off(type);
		bit_size = container;
	}
	if (bit_size > 0 && form == BPFL_FORM_CHAR)
		form = BPFL_FORM_SINT;
	field = add_field(walk, form, type_id, byte_off, size);
	if (!field)
		return;
	field->bit_off = bit_off;
	field->bit_size = bit_size;
	if (form == BPFL_FORM_ENUM)
		field->width = enum_width(btf, type);
	if (row)
		describe(walk, row, field);
}

static void walk_array(struct walk *walk, uint32_t type_id, const struct bpfl_btf_type *type, uint64_t byte_off)
{
	const struct bpfl_gadget_type *row = bpfl_gadget_type_find(walk->layout->btf, type_id);
	const struct bpfl_btf_array *array = bpfl_btf_array(type);
	bool is_text = bpfl_btf_is_char(walk->layout->btf, array->type);
	struct bpfl_field *field;
	uint32_t size = 0;

	bpfl_btf_size(walk->layout->btf, type_id, &size);
	field = add_field(walk, is_text ? BPFL_FORM_STRING : BPFL_FORM_VALUE, type_id, byte_off, size);
	if (field && row) {
		field->metric = row->metric;
		walk->layout->is_described = true;
	}
}

/* Byte offset of a member; -1: there is none. */
static int member_off(const struct bpfl_btf *btf, const struct bpfl_btf_type *type, const char *name)
{
	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		if (strcmp(bpfl_btf_string(btf, bpfl_btf_members(type)[i].name_off), name) == 0)
			return (int)(bpfl_btf_member_bit_off(type, i) / 8);
	}
	return -1;
}

static void walk_members(struct walk *walk, uint32_t type_id, const struct bpfl_btf_type *type, uint64_t byte_off);

/*
 * One cell for an address of version 4 or 6, perhaps with a port. Beside it the members have fields of their
 * own, for filters and JSON: "dst", "dst.addr", "dst.port", ... version -1: there is none, an address that ends
 * in twelve zeroes is of version 4.
 */
static void walk_endpoint(struct walk *walk, uint32_t type_id, const struct bpfl_btf_type *type, uint64_t byte_off)
{
	int version = member_off(walk->layout->btf, type, "version"),
	    port = member_off(walk->layout->btf, type, "port");
	bool was_hidden = walk->is_hidden, has_address = member_off(walk->layout->btf, type, "addr_raw") == 0;
	const char *dot = strrchr(walk->path, '.');
	struct bpfl_field *field;

	field = add_named(walk, path_copy(walk), BPFL_FORM_ENDPOINT, type_id, byte_off, type->size);
	if (!field)
		return;
	walk->layout->is_described = true;
	field->version_off = version < 0 ? UINT16_MAX : (uint16_t)version;
	field->port_off = port > 0 ? (uint16_t)port : 0;
	if (version < 0)
		add_field_step(walk, field);
	if (version < 0 || !has_address || !walk->path[0])
		return;
	walk->is_hidden = true;
	add_step(walk, BPFL_STEP_OPEN, dot ? dot + 1 : walk->path);
	walk_members(walk, type_id, type, byte_off);
	add_step(walk, BPFL_STEP_CLOSE, NULL);
	walk->is_hidden = was_hidden;
}

/* The address in an endpoint: its version stands behind it. */
static void walk_address(struct walk *walk, uint32_t type_id, uint64_t byte_off, int version_off)
{
	char *path = path_copy(walk);
	struct bpfl_field *field;

	if (path && is_raw(path))
		path[strlen(path) - 4] = '\0';
	field = add_named(walk, path, BPFL_FORM_ENDPOINT, type_id, byte_off, 16);
	if (!field)
		return;
	field->version_off = (uint16_t)version_off;
	field->width = 26;
	add_field_step(walk, field);
}

/* A member of an endpoint that is shown otherwise than elsewhere. */
static bool walk_endpoint_member(struct walk *walk, const struct bpfl_btf_type *type, uint32_t idx, uint64_t byte_off)
{
	const struct bpfl_btf *btf = walk->layout->btf;
	const struct bpfl_btf_member *member = &bpfl_btf_members(type)[idx];
	const char *name = bpfl_btf_string(btf, member->name_off);
	static const struct bpfl_gadget_type protocol = { .form = BPFL_FORM_PROTOCOL };
	struct bpfl_field *field;
	uint32_t size = 0;

	if (strcmp(name, "addr_raw") == 0) {
		walk_address(walk, member->type, byte_off, member_off(btf, type, "version"));
		return true;
	}
	if (strncmp(name, "proto", 5) != 0 || bpfl_btf_size(btf, member->type, &size) < 0 || size > 4)
		return false;
	field = add_field(walk, BPFL_FORM_UINT, member->type, byte_off + bpfl_btf_member_bit_off(type, idx) / 8, size);
	if (field)
		describe(walk, &protocol, field);
	return true;
}

/* struct gadget_user_stack: one cell, and its members below "..._raw". */
static void walk_user_stack(struct walk *walk, uint32_t type_id, const struct bpfl_btf_type *type, uint64_t byte_off)
{
	bool was_hidden = walk->is_hidden;
	const char *dot = strrchr(walk->path, '.');
	char *name = path_copy(walk);
	struct bpfl_field *field;
	size_t first;

	if (name && is_raw(name))
		name[strlen(name) - 4] = '\0';
	field = add_named(walk, name, BPFL_FORM_USER_STACK, type_id, byte_off, type->size);
	if (!field)
		return;
	walk->layout->is_described = true;
	field->is_words = true;
	add_field_step(walk, field);
	if (!is_raw(walk->path))
		return;
	walk->is_hidden = true;
	first = walk->layout->fields.nr;
	add_step(walk, BPFL_STEP_OPEN, dot ? dot + 1 : walk->path);
	walk_members(walk, type_id, type, byte_off);
	add_step(walk, BPFL_STEP_CLOSE, NULL);
	walk->is_hidden = was_hidden;
	for (; first < walk->layout->fields.nr; first++)
		walk->layout->fields.items[first].is_user_stack = strcmp(walk->layout->fields.items[first].leaf,
									 "stack_id") == 0;
}

static bool is_type(const struct bpfl_gadget_type *row, const char *name)
{
	return row && strcmp(row->name, name) == 0;
}

static void walk_members(struct walk *walk, uint32_t type_id, const struct bpfl_btf_type *type, uint64_t byte_off)
{
	const struct bpfl_btf *btf = walk->layout->btf;
	size_t path_len = strlen(walk->path);
	const struct bpfl_gadget_type *row = bpfl_gadget_type_find(btf, type_id);
	bool is_endpoint = row && row->form == BPFL_FORM_ENDPOINT;

	for (uint32_t i = 0; i < bpfl_btf_vlen(type) && walk->ret == 0; i++) {
		const struct bpfl_btf_member *member = &bpfl_btf_members(type)[i];
		const char *name = bpfl_btf_string(btf, member->name_off);
		enum bpfl_btf_kind kind = bpfl_btf_kind(bpfl_btf_skip_modifiers(btf, member->type, NULL));
		uint32_t bit_off = bpfl_btf_member_bit_off(type, i);
		size_t first = walk->layout->fields.nr;

		if (!name[0] && kind != BPFL_KIND_STRUCT && kind != BPFL_KIND_UNION)
			continue; /* padding */
		if (bpfl_btf_is_kernel_only(btf, member->type))
			continue;
		if (name[0])
			snprintf(walk->path + path_len, sizeof(walk->path) - path_len, "%s%s", path_len ? "." : "",
				 name);
		if (!is_endpoint || !walk_endpoint_member(walk, type, i, byte_off))
			walk_type(walk, member->type, name[0] != '\0', byte_off + bit_off / 8, bit_off % 8,
				  bpfl_btf_member_bit_size(type, i));
		walk->path[path_len] = '\0';
		if (walk->ret == 0)
			bpfl_column_tags_apply(&walk->tags, type_id, i, walk->layout, first);
	}
}

static void walk_composite(struct walk *walk, uint32_t type_id, const struct bpfl_btf_type *type, uint64_t byte_off,
			   bool is_named)
{
	const struct bpfl_gadget_type *row = bpfl_gadget_type_find(walk->layout->btf, type_id);
	bool was_hidden = walk->is_hidden, was_in_process = walk->in_process;
	const char *dot = strrchr(walk->path, '.');

	if (is_named && row && row->form == BPFL_FORM_ENDPOINT && type->size >= 17 && type->size <= 255) {
		walk_endpoint(walk, type_id, type, byte_off);
		return;
	}
	if (is_type(row, "gadget_ip_addr_t") && type->size == 16) {
		walk_address(walk, type_id, byte_off, UINT16_MAX);
		return;
	}
	if (is_named && is_type(row, "gadget_user_stack") && type->size >= 24) {
		walk_user_stack(walk, type_id, type, byte_off);
		return;
	}
	if (walk->depth >= DEPTH_MAX) {
		add_field(walk, BPFL_FORM_VALUE, type_id, byte_off, type->size);
		return;
	}
	walk->depth++;
	/* Who it is is a column, who the parent was and with which rights is there for those who ask. */
	if (walk->in_process && (is_type(row, "gadget_parent") || is_type(row, "gadget_creds")))
		walk->is_hidden = true;
	walk->in_process = walk->in_process || is_type(row, "gadget_process");
	if (is_named)
		add_step(walk, BPFL_STEP_OPEN, dot ? dot + 1 : walk->path);
	walk_members(walk, type_id, type, byte_off);
	if (is_named)
		add_step(walk, BPFL_STEP_CLOSE, NULL);
	walk->depth--;
	walk->is_hidden = was_hidden;
	walk->in_process = was_in_process;
}

static void walk_type(struct walk *walk, uint32_t type_id, bool is_named, uint64_t byte_off, uint32_t bit_off,
		      uint32_t bit_size)
{
	uint32_t own_id = type_id, size = 0;
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(walk->layout->btf, type_id, &own_id);

	if (byte_off > UINT32_MAX) {
		walk->ret = -E2BIG;
		return;
	}
	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_STRUCT:
	case BPFL_KIND_UNION:
		walk_composite(walk, own_id, type, byte_off, is_named);
		return;
	case BPFL_KIND_ARRAY:
		walk_array(walk, type_id, type, byte_off);
		return;
	case BPFL_KIND_INT:
	case BPFL_KIND_PTR:
	case BPFL_KIND_ENUM:
	case BPFL_KIND_ENUM64:
		walk_scalar(walk, type_id, type, byte_off, bit_off, bit_size);
		return;
	default: /* a floating-point number, or what has no size */
		bpfl_btf_size(walk->layout->btf, type_id, &size);
		add_field(walk, BPFL_FORM_VALUE, type_id, byte_off, size);
		return;
	}
}

/* ---- entry ---- */

/* Back to so many of each. */
static void cut(struct bpfl_layout *layout, size_t nr_fields, size_t nr_steps)
{
	while (layout->fields.nr > nr_fields)
		free(layout->fields.items[--layout->fields.nr].name);
	while (layout->steps.nr > nr_steps)
		free(layout->steps.items[--layout->steps.nr].key);
}

void bpfl_layout_begin(struct bpfl_layout *layout, const struct bpfl_btf *btf)
{
	memset(layout, 0, sizeof(*layout));
	layout->btf = btf;
}

int bpfl_layout_open(struct bpfl_layout *layout, const char *name)
{
	struct walk walk = { .layout = layout };

	add_step(&walk, BPFL_STEP_OPEN, name);
	return walk.ret;
}

int bpfl_layout_close(struct bpfl_layout *layout)
{
	struct walk walk = { .layout = layout };

	add_step(&walk, BPFL_STEP_CLOSE, NULL);
	return walk.ret;
}

int bpfl_layout_add(struct bpfl_layout *layout, uint32_t type_id, uint32_t byte_off, const char *name)
{
	struct walk walk = { .layout = layout, .bare_name = name };
	size_t nr_fields = layout->fields.nr, nr_steps = layout->steps.nr;
	uint32_t size = 0;

	if (bpfl_btf_size(layout->btf, type_id, &size) < 0)
		return -EINVAL;
	bpfl_column_tags_read(&walk.tags, layout->btf);
	walk_type(&walk, type_id, false, byte_off, 0, 0);
	if (walk.ret == -E2BIG) { /* more than anybody wants as columns: one value */
		cut(layout, nr_fields, nr_steps);
		walk.path[0] = '\0';
		walk.ret = 0;
		add_field(&walk, BPFL_FORM_VALUE, type_id, byte_off, size);
	}
	bpfl_column_tags_deinit(&walk.tags);
	return walk.ret;
}

int bpfl_layout_add_bare(struct bpfl_layout *layout, enum bpfl_form form, uint32_t byte_off, uint32_t size,
			 const char *name)
{
	struct walk walk = { .layout = layout, .bare_name = name };

	add_field(&walk, form, 0, byte_off, size);
	return walk.ret;
}

int bpfl_layout_init(struct bpfl_layout *layout, const struct bpfl_btf *btf, uint32_t type_id)
{
	uint32_t size = 0;
	int ret;

	bpfl_layout_begin(layout, btf);
	if (bpfl_btf_size(btf, type_id, &size) < 0)
		return -EINVAL;
	layout->type_id = type_id;
	ret = bpfl_layout_add(layout, type_id, 0, "value");
	if (ret < 0)
		bpfl_layout_deinit(layout);
	else
		bpfl_layout_end(layout, size);
	return ret;
}

void bpfl_layout_deinit(struct bpfl_layout *layout)
{
	cut(layout, 0, 0);
	free(layout->fields.items);
	free(layout->steps.items);
	memset(layout, 0, sizeof(*layout));
}
