/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/rows.c: records as the rows of a table: which, in which order, with which columns. See rows.h; the text
 * is made in rows_text.c.
 *
 * All records are copied, because the largest is known only when all have been seen. What they are sorted by is
 * worked out once for each record; rows that are equal there are sorted by their keys, so that a table that did
 * not change looks like the one before.
 */
#include "event/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/text.h"
#include "event/decode.h"
#include "spec/spec.h"

/* Names of functions have no end, of C++ least of all. */
#define STACK_WIDTH 40u

bool bpfl_field_is_amount(const struct bpfl_field *field)
{
	switch (field->form) {
	case BPFL_FORM_UINT:
	case BPFL_FORM_SINT:
	case BPFL_FORM_HEX:
	case BPFL_FORM_DURATION:
	case BPFL_FORM_TIME:
	case BPFL_FORM_BYTES:
	case BPFL_FORM_PORT:
		return true;
	default:
		return false;
	}
}

struct bpfl_field_ctx bpfl_rows_ctx(struct bpfl_rows *rows, size_t byte_off)
{
	return (struct bpfl_field_ctx){ .layout = &rows->layout, .data = (const uint8_t *)rows->data.data + byte_off,
					.size = rows->record_size, .boot_to_wall_ns = rows->boot_to_wall_ns,
					.scratch = &rows->scratch, .lookups = &rows->lookups };
}

/* ---- what opts say ---- */

static int refuse_field(const struct bpfl_rows *rows, const char *what, const char *why, const char *name,
			struct bpfl_error *err)
{
	struct bpfl_near near;
	char names[512] = "";
	size_t used = 0;

	bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "%s has no field '%s' %s", what, BPFL_ESC(name), why);
	bpfl_near_init(&near, name);
	for (size_t i = 0; i < rows->layout.fields.nr; i++)
		bpfl_near_offer(&near, rows->layout.fields.items[i].name);
	if (bpfl_near_text(&near, names, sizeof(names))[0]) {
		bpfl_error_fix(err, "did you mean %s?", names);
		return -ENOENT;
	}
	for (size_t i = 0; i < rows->layout.fields.nr && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
					 BPFL_ESC(rows->layout.fields.items[i].name));
	if (names[0])
		bpfl_error_fix(err, "it has %s", names);
	return -ENOENT;
}

/* A name that key and value have both is the value's: that is what changes. */
static uint32_t find(const struct bpfl_rows *rows, const char *name)
{
	for (size_t i = rows->nr_key_fields; i < rows->layout.fields.nr; i++) {
		if (strcmp(rows->layout.fields.items[i].name, name) == 0)
			return (uint32_t)i;
	}
	return bpfl_layout_find(&rows->layout, name);
}

void bpfl_rows_sort_field(struct bpfl_rows *rows, uint32_t field_idx)
{
	if (rows->nr_sort < BPFL_ROWS_SORT_MAX)
		rows->sort[rows->nr_sort++] = (struct bpfl_row_order){
			field_idx, bpfl_field_is_number(&rows->layout.fields.items[field_idx]) };
}

int bpfl_rows_sort_by(struct bpfl_rows *rows, const char *what, const char *name, struct bpfl_error *err)
{
	uint32_t idx = find(rows, name);

	if (idx == BPFL_NO_FIELD)
		return refuse_field(rows, what, "to sort by", name, err);
	bpfl_rows_sort_field(rows, idx);
	return 0;
}

/* "bytes,-pid" */
static int sort_read(struct bpfl_rows *rows, const char *what, const char *text, struct bpfl_error *err)
{
	while (*text) {
		size_t len = strcspn(text, ",");
		bool is_down = text[0] == '-', has_sign = is_down || text[0] == '+';
		char *name = bpfl_strndup(text + has_sign, len - has_sign);
		int ret = name ? 0 : bpfl_error_nomem(err);

		if (ret == 0 && !*name)
			ret = bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "--sort: an empty name in the list");
		if (ret == 0 && rows->nr_sort == BPFL_ROWS_SORT_MAX)
			ret = bpfl_error_set(err, BPFL_ERR_USAGE, E2BIG, "--sort: more than %u fields",
					     BPFL_ROWS_SORT_MAX);
		if (ret == 0)
			ret = bpfl_rows_sort_by(rows, what, name, err);
		free(name);
		if (ret < 0)
			return ret;
		rows->sort[rows->nr_sort - 1].is_down = is_down;
		text += len + (text[len] == ',');
	}
	return 0;
}

static int column_add(struct bpfl_rows *rows, uint32_t field_idx, const char *title)
{
	uint32_t *column = BPFL_VEC_PUSH(&rows->columns);
	char **slot = BPFL_VEC_PUSH(&rows->titles);

	if (!column || !slot)
		return -ENOMEM;
	*column = field_idx;
	*slot = title ? bpfl_strdup(title) : NULL;
	return title && !*slot ? -ENOMEM : 0;
}

/* "pid" or "pid:TITLE" */
static int column_named(struct bpfl_rows *rows, const char *what, const char *word, struct bpfl_error *err)
{
	const char *colon = strchr(word, ':');
	char *name = bpfl_strndup(word, colon ? (size_t)(colon - word) : strlen(word));
	uint32_t idx = name ? find(rows, name) : BPFL_NO_FIELD;
	int ret;

	if (!name)
		return bpfl_error_nomem(err);
	ret = idx == BPFL_NO_FIELD ? refuse_field(rows, what, "to show", name, err)
				   : column_add(rows, idx, colon ? colon + 1 : word);
	free(name);
	return ret == -ENOMEM ? bpfl_error_nomem(err) : ret;
}

/* Every field that is not hidden, and what "-name" and "+name" change. */
static int columns_all(struct bpfl_rows *rows, const char *what, struct bpfl_error *err)
{
	for (size_t i = 0; i < rows->opts.nr_columns; i++) {
		if (find(rows, rows->opts.columns[i] + 1) == BPFL_NO_FIELD)
			return refuse_field(rows, what, "to show", rows->opts.columns[i] + 1, err);
	}
	for (uint32_t f = 0; f < rows->layout.fields.nr; f++) {
		const struct bpfl_field *field = &rows->layout.fields.items[f];
		bool is_shown = !field->is_hidden && !field->is_length;

		for (size_t i = 0; i < rows->opts.nr_columns; i++) {
			if (find(rows, rows->opts.columns[i] + 1) == f)
				is_shown = rows->opts.columns[i][0] == '+';
		}
		if (is_shown && column_add(rows, f, NULL) < 0)
			return bpfl_error_nomem(err);
	}
	return 0;
}

static int columns_choose(struct bpfl_rows *rows, const char *what, struct bpfl_error *err)
{
	const char *const *words = rows->opts.columns;
	size_t nr = rows->opts.nr_columns, nr_changes = 0;
	int ret = 0;

	for (size_t i = 0; i < nr; i++)
		nr_changes += (words[i][0] == '-' || words[i][0] == '+') && words[i][1];
	rows->has_columns = nr > 0;
	if (nr_changes > 0 && nr_changes < nr) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "--columns: some words name columns, some change them");
		bpfl_error_fix(err,
			       "either name all columns (a,b), or change those that are shown by themselves (-a,+b)");
		return -EINVAL;
	}
	if (nr_changes == nr)
		return columns_all(rows, what, err);
	for (size_t i = 0; i < nr && ret == 0; i++)
		ret = column_named(rows, what, words[i], err);
	return ret;
}

static int forms_apply(struct bpfl_rows *rows, const char *what, struct bpfl_error *err)
{
	for (size_t i = 0; i < rows->opts.nr_forms; i++) {
		const char *text = rows->opts.forms[i], *equals = strchr(text, '=');
		enum bpfl_form form = equals ? bpfl_form_find(equals + 1) : BPFL_NR_FORMS;
		char *name = equals ? bpfl_strndup(text, (size_t)(equals - text)) : NULL;
		uint32_t idx = name ? find(rows, name) : BPFL_NO_FIELD;
		int ret = name && idx == BPFL_NO_FIELD && rows->opts.is_only ?
				  refuse_field(rows, what, "for --fmt", name, err) :
				  0;

		free(name);
		if (ret < 0)
			return ret;
		if (strcmp(text, "auto") == 0)
			bpfl_layout_guess_forms(&rows->layout);
		else if (equals && bpfl_stack_is_form(equals + 1))
			continue; /* bpfl_stack_fields_find() reads it */
		else if (form == BPFL_NR_FORMS)
			return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "--fmt: '%s' is not MEMBER=FORM",
					      BPFL_ESC(text));
		else if (idx != BPFL_NO_FIELD && bpfl_field_set_form(&rows->layout.fields.items[idx], form) < 0)
			return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "--fmt: '%s': the member has %u bytes",
					      BPFL_ESC(text), rows->layout.fields.items[idx].size);
	}
	return 0;
}

static void find_stacks(struct bpfl_rows *rows)
{
	bpfl_stack_fields_find(&rows->stacks, &rows->layout, rows->opts.forms, rows->opts.nr_forms,
			       rows->opts.stacks->maps.nr > 0);
	for (size_t i = 0; i < rows->stacks.nr; i++) {
		struct bpfl_field *field = &rows->layout.fields.items[rows->stacks.items[i].field_idx];

		if (!field->style.max_width) {
			field->style.max_width = STACK_WIDTH;
			field->style.ellipsis = BPFL_ELLIPSIS_END;
		}
	}
}

static int filter_prepare(struct bpfl_rows *rows, const char *what, struct bpfl_error *err)
{
	unsigned nr_fields;
	int ret = bpfl_filter_parse(rows->opts.filter, &rows->filter, err);

	if (ret == 0)
		ret = bpfl_filter_bind(rows->filter, 0, &rows->layout, &nr_fields, err);
	if (ret == 0 && bpfl_filter_unknown(rows->filter))
		ret = refuse_field(rows, what, "for --filter", bpfl_filter_unknown(rows->filter), err);
	else if (ret == 0)
		ret = bpfl_filter_check(rows->filter, err);
	return ret;
}

int bpfl_rows_prepare(struct bpfl_rows *rows, const char *what, struct bpfl_error *err)
{
	int ret = forms_apply(rows, what, err);

	rows->boot_to_wall_ns = bpfl_clock_ns(CLOCK_REALTIME) - bpfl_clock_ns(CLOCK_BOOTTIME);
	if (rows->opts.stacks)
		find_stacks(rows);
	if (ret == 0)
		ret = columns_choose(rows, what, err);
	if (ret == 0 && rows->opts.filter)
		ret = filter_prepare(rows, what, err);
	if (ret == 0 && rows->opts.sort)
		ret = sort_read(rows, what, rows->opts.sort, err);
	return ret;
}

/* ---- records ---- */

static int value_read(struct bpfl_rows *rows, struct bpfl_field_ctx *ctx, uint32_t field_idx)
{
	const struct bpfl_field *field = &rows->layout.fields.items[field_idx];
	struct bpfl_row_value *value = BPFL_VEC_PUSH(&rows->values);
	struct bpfl_buf text = BPFL_BUF_INIT;

	if (!value)
		return -ENOMEM;
	if (bpfl_field_number(ctx, field, &value->number, &value->is_signed))
		return 0;
	bpfl_field_put(ctx, field, BPFL_STYLE_CELL, &text);
	bpfl_buf_text(&text, "");
	value->text = bpfl_buf_take(&text);
	return value->text ? 0 : -ENOMEM;
}

int bpfl_rows_add_record(struct bpfl_rows *rows, const void *record)
{
	size_t byte_off = rows->data.size;
	struct bpfl_field_ctx ctx;
	struct bpfl_row *row;
	int ret = 0;

	bpfl_buf_append(&rows->data, record, rows->record_size);
	if (!bpfl_buf_ok(&rows->data))
		return -ENOMEM;
	ctx = bpfl_rows_ctx(rows, byte_off);
	if (rows->filter && !bpfl_filter_pass(rows->filter, 0, &ctx, &rows->filter_scratch)) {
		rows->data.size = byte_off;
		return 0;
	}
	row = BPFL_VEC_PUSH(&rows->rows);
	if (!row)
		return -ENOMEM;
	*row = (struct bpfl_row){ byte_off, rows->rows.nr - 1 };
	for (size_t i = 0; i < rows->nr_sort && ret == 0; i++)
		ret = value_read(rows, &ctx, rows->sort[i].field_idx);
	return ret;
}

/* ---- memory ---- */

void bpfl_rows_deinit(struct bpfl_rows *rows)
{
	for (size_t i = 0; i < rows->values.nr; i++)
		free(rows->values.items[i].text);
	for (size_t i = 0; i < rows->titles.nr; i++)
		free(rows->titles.items[i]);
	free(rows->values.items);
	free(rows->titles.items);
	free(rows->rows.items);
	free(rows->columns.items);
	bpfl_filter_destroy(rows->filter);
	bpfl_lookups_deinit(&rows->lookups);
	bpfl_layout_deinit(&rows->layout);
	bpfl_buf_deinit(&rows->data);
	bpfl_buf_deinit(&rows->scratch);
	bpfl_buf_deinit(&rows->filter_scratch);
}

/* ---- tables of records that others read ---- */

/* The public table: a struct bpfl_rows and what of a record has come so far. */
struct written {
	struct bpfl_rows rows;
	struct bpfl_buf rest;
	char *name;
};

int bpfl_rows_create(const struct bpfl_spec *spec, const char *type, const char *name,
		     const struct bpfl_view_opts *opts, struct bpfl_rows **ret_rows, struct bpfl_error *err)
{
	static const struct bpfl_view_opts none = { .size = sizeof(none) };
	const struct bpfl_btf *btf = spec->btf;
	uint32_t type_id = btf ? bpfl_btf_find(btf, BPFL_KIND_STRUCT, type, 1) : 0;
	struct written *written;
	char what[160];
	int ret;

	if (type_id == 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "the object has no struct '%s'", BPFL_ESC(type));
	written = calloc(1, sizeof(*written));
	if (!written)
		return bpfl_error_nomem(err);
	written->rows.opts = opts ? *opts : none;
	written->rows.json_type = "row";
	written->rows.source_key = "table";
	written->rows.is_unlimited = true;
	written->name = bpfl_strdup(name);
	written->rows.source = written->name;
	ret = written->name ? bpfl_layout_init(&written->rows.layout, btf, type_id) : -ENOMEM;
	written->rows.record_size = written->rows.layout.size;
	if (ret == 0 && written->rows.record_size == 0)
		ret = bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "struct %s has no bytes", BPFL_ESC(type));
	else if (ret < 0)
		ret = bpfl_error_nomem(err);
	snprintf(what, sizeof(what), "table '%.100s'", BPFL_ESC(name));
	if (ret == 0)
		ret = bpfl_rows_prepare(&written->rows, what, err);
	if (ret < 0) {
		bpfl_rows_destroy(&written->rows);
		return ret;
	}
	*ret_rows = &written->rows;
	return 0;
}

void bpfl_rows_destroy(struct bpfl_rows *rows)
{
	struct written *written = (struct written *)rows; /* its first member */

	if (!rows)
		return;
	bpfl_rows_deinit(rows);
	bpfl_buf_deinit(&written->rest);
	free(written->name);
	free(written);
}

int bpfl_rows_write(void *ctx, const char *bytes, size_t size)
{
	struct written *written = ctx;
	size_t at = 0, want = written->rows.record_size;
	int ret = 0;

	bpfl_buf_append(&written->rest, bytes, size);
	if (!bpfl_buf_ok(&written->rest))
		return -ENOMEM;
	for (; ret == 0 && written->rest.size - at >= want; at += want)
		ret = bpfl_rows_add_record(&written->rows, written->rest.data + at);
	if (at > 0) {
		memmove(written->rest.data, written->rest.data + at, written->rest.size - at);
		written->rest.size -= at;
	}
	return ret;
}

int bpfl_rows_text(struct bpfl_rows *rows, char **ret_text, struct bpfl_error *err)
{
	struct written *written = (struct written *)rows;
	struct bpfl_buf out = BPFL_BUF_INIT;
	size_t rest = written->rest.size;
	int ret;

	written->rest.size = 0;
	ret = bpfl_rows_put(rows, &out);
	if (ret == 0 && rest > 0) {
		bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
			       "table '%s': %zu bytes are left over after records of %zu bytes",
			       BPFL_ESC(written->name), rest, rows->record_size);
		bpfl_error_fix(err, "the programs have to write whole records, with bpf_seq_write()");
		ret = -EINVAL;
	} else if (ret == 0) {
		bpfl_buf_text(&out, "");
		*ret_text = bpfl_buf_take(&out);
		ret = *ret_text ? 0 : bpfl_error_nomem(err);
	} else {
		bpfl_error_nomem(err);
	}
	bpfl_buf_deinit(&out);
	return ret;
}
