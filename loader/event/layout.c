/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/layout.c: a type -> a flat list of fields. See layout.h.
 *
 * One walk over the members. What is shown as one value (arrays, strings, endpoints) becomes one field; structs and unions are walked
 * into. The form of a field comes from its type, and before that from the names of its typedefs: public gadgets say with
 * "gadget_errno error_raw" how a number is meant. Their members end in _raw, which is left out of the name.
 */
#include "event/layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/text.h"

#define PATH_SIZE 256u
#define DEPTH_MAX 8

struct walk {
	struct bpfl_layout *layout;
	char path[PATH_SIZE];
	int depth;
	int ret;
};

/* ---- forms ---- */

static const struct form_row {
	const char *name;
	uint8_t width;	     /* of a column; 0: by the field's size */
	uint32_t sizes;	     /* bits of the sizes (1 << bytes) that a field may have; 0: any */
	bool is_number;
} form_rows[BPFL_NR_FORMS] = {
#define NUMBERS (1u << 1 | 1u << 2 | 1u << 4 | 1u << 8)
	[BPFL_FORM_UINT] = { "dec", 0, NUMBERS, true },
	[BPFL_FORM_SINT] = { "sdec", 0, NUMBERS, true },
	[BPFL_FORM_HEX] = { "hex", 18, NUMBERS, true },
	[BPFL_FORM_BOOL] = { "bool", 5, NUMBERS, true },
	[BPFL_FORM_CHAR] = { "char", 4, 1u << 1, true },
	[BPFL_FORM_ENUM] = { NULL, 16, 0, true },
	[BPFL_FORM_STRING] = { "str", 16, 0, false },
	[BPFL_FORM_STRINGS] = { "strs", 16, 0, false },
	[BPFL_FORM_VALUE] = { NULL, 16, 0, false },
	[BPFL_FORM_IPV4] = { "ipv4", 15, 1u << 4, false },
	[BPFL_FORM_IPV6] = { "ipv6", 26, 1u << 16, false },
	[BPFL_FORM_MAC] = { "mac", 17, 1u << 6, false },
	[BPFL_FORM_PORT] = { "port", 5, 1u << 2, true },
	[BPFL_FORM_ENDPOINT] = { NULL, 21, 0, false },
	[BPFL_FORM_TIME] = { "time", 15, 1u << 8, true },
	[BPFL_FORM_DURATION] = { "duration", 9, NUMBERS, true },
	[BPFL_FORM_BYTES] = { "bytes", 9, NUMBERS, true },
	[BPFL_FORM_ERRNO] = { "errno", 12, NUMBERS, true },
	[BPFL_FORM_SIGNAL] = { "signal", 9, NUMBERS, true },
};

enum bpfl_form bpfl_form_find(const char *name)
{
	for (int i = 0; i < BPFL_NR_FORMS; i++) {
		if (form_rows[i].name && strcmp(form_rows[i].name, name) == 0)
			return (enum bpfl_form)i;
	}
	return BPFL_NR_FORMS;
}

const char *bpfl_form_names(void)
{
	return "dec, sdec, hex, bool, char, str, strs, ipv4, ipv6, mac, port, time, duration, bytes, errno, signal";
}

static void set_width(struct bpfl_field *field)
{
	unsigned width = form_rows[field->form].width;

	if (width == 0)
		width = field->size <= 1 ? 4 : field->size <= 2 ? 6 : field->size <= 4 ? 7 : 12;
	field->width = (uint8_t)width;
}

int bpfl_field_set_form(struct bpfl_field *field, enum bpfl_form form)
{
	uint32_t sizes = form_rows[form].sizes;

	if (sizes && (field->size > 16 || !(sizes >> field->size & 1)))
		return -EINVAL;
	if (field->bit_size != 0 && !form_rows[form].is_number)
		return -EINVAL;
	field->form = form;
	set_width(field);
	return 0;
}

/* ---- what names say ---- */

static const struct {
	const char *typedef_name;
	enum bpfl_form form;
} named_forms[] = {
	{ "gadget_timestamp", BPFL_FORM_TIME }, { "gadget_duration", BPFL_FORM_DURATION },
	{ "gadget_bytes", BPFL_FORM_BYTES },	{ "gadget_errno", BPFL_FORM_ERRNO },
	{ "gadget_signal", BPFL_FORM_SIGNAL },
};

/* The form that a typedef on the way to the type asks for; BPFL_NR_FORMS: none. */
static enum bpfl_form form_by_typedef(const struct bpfl_btf *btf, uint32_t type_id)
{
	for (int step = 0; step < BPFL_BTF_CHAIN_MAX; step++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, type_id);
		enum bpfl_btf_kind kind = type ? bpfl_btf_kind(type) : BPFL_KIND_VOID;

		if (kind == BPFL_KIND_TYPEDEF) {
			for (size_t i = 0; i < sizeof(named_forms) / sizeof(named_forms[0]); i++) {
				if (strcmp(bpfl_btf_name(btf, type_id), named_forms[i].typedef_name) == 0)
					return named_forms[i].form;
			}
		} else if (kind != BPFL_KIND_CONST && kind != BPFL_KIND_VOLATILE && kind != BPFL_KIND_TYPE_TAG) {
			break;
		}
		type_id = type->type;
	}
	return BPFL_NR_FORMS;
}

static bool has_word(const char *name, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(name, word); at; at = strstr(at + 1, word)) {
		bool begins = at == name || at[-1] == '_' || at[-1] == '.';
		bool ends = at[len] == '\0' || at[len] == '_' || at[len] == '4' || at[len] == '6';

		if (begins && ends)
			return true;
	}
	return false;
}

void bpfl_layout_guess_forms(struct bpfl_layout *layout)
{
	static const char *const address_words[] = { "ip", "addr", "saddr", "daddr", "sip", "dip", "ipv", "src_ip", "dst_ip" };

	for (size_t i = 0; i < layout->fields.nr; i++) {
		struct bpfl_field *field = &layout->fields.items[i];
		bool is_plain = field->form == BPFL_FORM_UINT || field->form == BPFL_FORM_VALUE;

		for (size_t w = 0; is_plain && w < sizeof(address_words) / sizeof(address_words[0]); w++) {
			if (has_word(field->leaf, address_words[w]) &&
			    bpfl_field_set_form(field, field->size == 16 ? BPFL_FORM_IPV6 : BPFL_FORM_IPV4) == 0)
				is_plain = false;
		}
		if (is_plain && (has_word(field->leaf, "mac") || has_word(field->leaf, "lladdr")))
			bpfl_field_set_form(field, BPFL_FORM_MAC);
	}
}

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

/* The path without the "_raw" of a field that is formatted, or of the whole when nothing else is left. */
static char *field_name(const char *path, bool drop_raw)
{
	size_t len = strlen(path);

	if (drop_raw && len > 4 && strcmp(path + len - 4, "_raw") == 0)
		len -= 4;
	return len == 0 ? bpfl_strdup("value") : bpfl_strndup(path, len);
}

static struct bpfl_field *add_field(struct walk *walk, enum bpfl_form form, uint32_t type_id, uint64_t byte_off,
				    uint32_t size, bool drop_raw)
{
	struct bpfl_layout *layout = walk->layout;
	struct bpfl_field *field;
	struct bpfl_step *step;
	const char *dot;

	if (layout->fields.nr >= BPFL_FIELDS_MAX) {
		walk->ret = -E2BIG;
		return NULL;
	}
	field = BPFL_VEC_PUSH(&layout->fields);
	if (field)
		field->name = field_name(walk->path, drop_raw);
	if (!field || !field->name) {
		walk->ret = -ENOMEM;
		return NULL;
	}
	dot = strrchr(field->name, '.');
	field->leaf = dot ? dot + 1 : field->name;
	field->form = form;
	field->type_id = type_id;
	field->byte_off = (uint32_t)byte_off;
	field->size = size;
	field->len_field = BPFL_NO_FIELD;
	set_width(field);
	step = add_step(walk, BPFL_STEP_FIELD, field->leaf);
	if (step)
		step->field_idx = (uint32_t)layout->fields.nr - 1;
	return field;
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
	enum bpfl_form named = form_by_typedef(btf, type_id), form = BPFL_FORM_VALUE;
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
	if (kind == BPFL_KIND_INT && bit_size == 0 && container != size * 8) { /* bit-field as compilers before 2019 wrote them */
		bit_off += bpfl_btf_int_bit_off(type);
		bit_size = container;
	}
	if (bit_size > 0 && form == BPFL_FORM_CHAR)
		form = BPFL_FORM_SINT;
	field = add_field(walk, form, type_id, byte_off, size, named != BPFL_NR_FORMS);
	if (!field)
		return;
	field->bit_off = bit_off;
	field->bit_size = bit_size;
	if (form == BPFL_FORM_ENUM)
		field->width = enum_width(btf, type);
	if (named != BPFL_NR_FORMS)
		bpfl_field_set_form(field, named);
}

static void walk_array(struct walk *walk, uint32_t type_id, const struct bpfl_btf_type *type, uint64_t byte_off)
{
	const struct bpfl_btf_array *array = bpfl_btf_array(type);
	bool is_text = bpfl_btf_is_char(walk->layout->btf, array->type);
	uint32_t size = 0;

	bpfl_btf_size(walk->layout->btf, type_id, &size);
	add_field(walk, is_text ? BPFL_FORM_STRING : BPFL_FORM_VALUE, type_id, byte_off, size, false);
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

/* struct gadget_l3endpoint_t and gadget_l4endpoint_t: an address of version 4 or 6, perhaps with a port. False: not one of them. */
static bool walk_endpoint(struct walk *walk, uint32_t type_id, const struct bpfl_btf_type *type, uint64_t byte_off)
{
	const struct bpfl_btf *btf = walk->layout->btf;
	const char *name = bpfl_btf_string(btf, type->name_off);
	int version, port;
	struct bpfl_field *field;

	if (strcmp(name, "gadget_l3endpoint_t") != 0 && strcmp(name, "gadget_l4endpoint_t") != 0)
		return false;
	version = member_off(btf, type, "version");
	port = member_off(btf, type, "port");
	if (version < 0 || type->size < 17 || type->size > 255 || member_off(btf, type, "addr_raw") != 0)
		return false;
	field = add_field(walk, BPFL_FORM_ENDPOINT, type_id, byte_off, type->size, true);
	if (field) {
		field->version_off = (uint16_t)version;
		field->port_off = port > 0 ? (uint16_t)port : 0;
	}
	return true;
}

static void walk_members(struct walk *walk, const struct bpfl_btf_type *type, uint64_t byte_off)
{
	const struct bpfl_btf *btf = walk->layout->btf;
	size_t path_len = strlen(walk->path);

	for (uint32_t i = 0; i < bpfl_btf_vlen(type) && walk->ret == 0; i++) {
		const struct bpfl_btf_member *member = &bpfl_btf_members(type)[i];
		const char *name = bpfl_btf_string(btf, member->name_off);
		enum bpfl_btf_kind kind = bpfl_btf_kind(bpfl_btf_skip_modifiers(btf, member->type, NULL));
		uint32_t bit_off = bpfl_btf_member_bit_off(type, i);

		if (!name[0] && kind != BPFL_KIND_STRUCT && kind != BPFL_KIND_UNION)
			continue; /* padding */
		if (name[0])
			snprintf(walk->path + path_len, sizeof(walk->path) - path_len, "%s%s", path_len ? "." : "", name);
		walk_type(walk, member->type, name[0] != '\0', byte_off + bit_off / 8, bit_off % 8,
			  bpfl_btf_member_bit_size(type, i));
		walk->path[path_len] = '\0';
	}
}

static void walk_composite(struct walk *walk, uint32_t type_id, const struct bpfl_btf_type *type, uint64_t byte_off,
			   bool is_named)
{
	const char *dot = strrchr(walk->path, '.');

	if (walk_endpoint(walk, type_id, type, byte_off))
		return;
	if (walk->depth >= DEPTH_MAX) {
		add_field(walk, BPFL_FORM_VALUE, type_id, byte_off, type->size, false);
		return;
	}
	walk->depth++;
	if (is_named)
		add_step(walk, BPFL_STEP_OPEN, dot ? dot + 1 : walk->path);
	walk_members(walk, type, byte_off);
	if (is_named)
		add_step(walk, BPFL_STEP_CLOSE, NULL);
	walk->depth--;
}

static void walk_type(struct walk *walk, uint32_t type_id, bool is_named, uint64_t byte_off, uint32_t bit_off,
		      uint32_t bit_size)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(walk->layout->btf, type_id, NULL);

	if (byte_off > UINT32_MAX) {
		walk->ret = -E2BIG;
		return;
	}
	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_STRUCT:
	case BPFL_KIND_UNION:
		walk_composite(walk, type_id, type, byte_off, is_named);
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
	default:
		add_field(walk, BPFL_FORM_VALUE, type_id, byte_off, 0, false);
		return;
	}
}

/* ---- what fields say about each other ---- */

static bool ends_with_any(const char *name, const char *stem)
{
	static const char *const ends[] = { "_size", "_len", "_sz", "_length", NULL };
	size_t len = strlen(stem);

	if (strncmp(name, stem, len) != 0)
		return false;
	for (int i = 0; ends[i]; i++) {
		if (strcmp(name + len, ends[i]) == 0)
			return true;
	}
	return false;
}

/* "args" and "args_size": only so many bytes of the array are meant. */
static void find_lengths(struct bpfl_layout *layout)
{
	for (size_t i = 0; i < layout->fields.nr; i++) {
		struct bpfl_field *text = &layout->fields.items[i];

		for (size_t j = 0; text->form == BPFL_FORM_STRING && j < layout->fields.nr; j++) {
			struct bpfl_field *length = &layout->fields.items[j];
			bool is_number = length->form == BPFL_FORM_UINT || length->form == BPFL_FORM_SINT;

			if (is_number && length->bit_size == 0 && ends_with_any(length->name, text->name)) {
				text->len_field = (uint32_t)j;
				length->is_length = true;
			}
		}
	}
}

static void find_tail(struct bpfl_layout *layout)
{
	struct bpfl_field *last = NULL;

	for (size_t i = 0; i < layout->fields.nr; i++) {
		struct bpfl_field *field = &layout->fields.items[i];

		if (!last || (uint64_t)field->byte_off + field->size >= (uint64_t)last->byte_off + last->size)
			last = field;
	}
	if (last)
		last->is_tail = true;
}

/* ---- entry ---- */

static void clear(struct bpfl_layout *layout)
{
	for (size_t i = 0; i < layout->fields.nr; i++)
		free(layout->fields.items[i].name);
	for (size_t i = 0; i < layout->steps.nr; i++)
		free(layout->steps.items[i].key);
	layout->fields.nr = 0;
	layout->steps.nr = 0;
}

int bpfl_layout_init(struct bpfl_layout *layout, const struct bpfl_btf *btf, uint32_t type_id)
{
	struct walk walk = { .layout = layout };

	memset(layout, 0, sizeof(*layout));
	layout->btf = btf;
	layout->type_id = type_id;
	if (bpfl_btf_size(btf, type_id, &layout->size) < 0)
		return -EINVAL;
	walk_type(&walk, type_id, false, 0, 0, 0);
	if (walk.ret == -E2BIG) { /* more than anybody wants as columns: one value */
		clear(layout);
		walk = (struct walk){ .layout = layout };
		add_field(&walk, BPFL_FORM_VALUE, type_id, 0, layout->size, false);
	}
	if (walk.ret < 0) {
		bpfl_layout_deinit(layout);
		return walk.ret;
	}
	find_lengths(layout);
	find_tail(layout);
	return 0;
}

void bpfl_layout_deinit(struct bpfl_layout *layout)
{
	clear(layout);
	free(layout->fields.items);
	free(layout->steps.items);
	memset(layout, 0, sizeof(*layout));
}

uint32_t bpfl_layout_find(const struct bpfl_layout *layout, const char *name)
{
	uint32_t by_leaf = BPFL_NO_FIELD;
	unsigned nr = 0;

	for (size_t i = 0; i < layout->fields.nr; i++) {
		if (strcmp(layout->fields.items[i].name, name) == 0)
			return (uint32_t)i;
		if (strcmp(layout->fields.items[i].leaf, name) == 0) {
			by_leaf = (uint32_t)i;
			nr++;
		}
	}
	return nr == 1 ? by_leaf : BPFL_NO_FIELD;
}
