/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/rows_text.c: the rows of a table in their order, as lines or as JSON.
 *
 *     COMM             CALLS   BYTES
 *     bash               120    4096
 *     sshd                 7      80
 *     3 more
 *
 * A column is as wide as its widest cell, so all cells are made first. Where the screen is too narrow for them, names
 * of functions give way: the numbers that the table is about stand at the end.
 */
#include "event/rows.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "base/utf8.h"
#include "event/decode.h"

#define ROWS_DEFAULT 20
#define STACK_WIDTH_LEAST 12u

/* ---- sorting ---- */

static int compare_numbers(uint64_t a, bool a_signed, uint64_t b, bool b_signed)
{
	bool a_negative = a_signed && (int64_t)a < 0, b_negative = b_signed && (int64_t)b < 0;

	if (a_negative != b_negative)
		return a_negative ? -1 : 1;
	return a < b ? -1 : a > b;
}

static int compare_values(const struct bpfl_row_value *a, const struct bpfl_row_value *b)
{
	if (a->text && b->text)
		return strcmp(a->text, b->text);
	return compare_numbers(a->number, a->is_signed, b->number, b->is_signed);
}

/* Fields of the key, one after the other: numbers as numbers. */
static int compare_keys(struct bpfl_rows *rows, const struct bpfl_row *a, const struct bpfl_row *b)
{
	struct bpfl_field_ctx left = bpfl_rows_ctx(rows, a->byte_off), right = bpfl_rows_ctx(rows, b->byte_off);

	for (size_t i = 0; i < rows->nr_key_fields; i++) {
		const struct bpfl_field *field = &rows->layout.fields.items[i];
		uint64_t a_number, b_number;
		bool a_signed, b_signed;
		int order;

		if (!bpfl_field_number(&left, field, &a_number, &a_signed) ||
		    !bpfl_field_number(&right, field, &b_number, &b_signed))
			break;
		order = compare_numbers(a_number, a_signed, b_number, b_signed);
		if (order != 0)
			return order;
	}
	return rows->key_size ? memcmp(left.data, right.data, rows->key_size) : 0;
}

static int compare_rows(const void *left, const void *right, void *ctx)
{
	const struct bpfl_row *a = left, *b = right;
	struct bpfl_rows *rows = ctx;

	for (size_t i = 0; i < rows->nr_sort; i++) {
		int order = compare_values(&rows->values.items[a->idx * rows->nr_sort + i],
					   &rows->values.items[b->idx * rows->nr_sort + i]);

		if (order != 0)
			return rows->sort[i].is_down ? -order : order;
	}
	int order = rows->nr_sort ? compare_keys(rows, a, b) : 0;

	return order ? order : a->idx < b->idx ? -1 : a->idx > b->idx;
}

/* ---- lines ---- */

/* The heading is the first line. */
struct cells {
	size_t nr_columns;
	size_t *widths;
	BPFL_VEC(char *) items; /* line by line; owned */
};

static int cell_add(struct cells *cells, size_t column, struct bpfl_buf *text)
{
	char **cell = BPFL_VEC_PUSH(&cells->items);
	size_t width;

	bpfl_buf_text(text, "");
	if (cell)
		*cell = bpfl_buf_take(text);
	if (!cell || !*cell)
		return -ENOMEM;
	width = bpfl_utf8_columns(*cell, strlen(*cell));
	cells->widths[column] = width > cells->widths[column] ? width : cells->widths[column];
	return 0;
}

static int heading_add(const struct bpfl_rows *rows, struct cells *cells)
{
	for (size_t i = 0; i < cells->nr_columns; i++) {
		const char *given = rows->titles.items[i];
		const char *title = given ? given : rows->layout.fields.items[rows->columns.items[i]].title;
		/* "pid:Process": as it was written */
		bool is_own = given && bpfl_layout_find(&rows->layout, given) == BPFL_NO_FIELD;
		/* what is shown of a stack_id is no number */
		bool is_id = !given && bpfl_stack_fields_at(&rows->stacks, rows->columns.items[i]);
		struct bpfl_buf text = BPFL_BUF_INIT;
		int ret;

		for (; *title && !(is_id && strcmp(title, "_id") == 0); title++)
			bpfl_buf_char(&text, is_own ? *title : (char)toupper((unsigned char)*title));
		ret = cell_add(cells, i, &text);
		bpfl_buf_deinit(&text);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int row_add(struct bpfl_rows *rows, const struct bpfl_row *row, struct cells *cells)
{
	struct bpfl_field_ctx ctx = bpfl_rows_ctx(rows, row->byte_off);

	for (size_t i = 0; i < cells->nr_columns; i++) {
		const struct bpfl_field *field = &rows->layout.fields.items[rows->columns.items[i]];
		const struct bpfl_stack_field *stack = bpfl_stack_fields_at(&rows->stacks, rows->columns.items[i]);
		struct bpfl_buf text = BPFL_BUF_INIT;
		int ret = 0;

		if (stack)
			ret = bpfl_stacks_put_name(rows->opts.stacks, stack, &ctx, bpfl_stack_pid(&rows->stacks, &ctx),
						   &text);
		else if (!bpfl_field_put(&ctx, field, BPFL_STYLE_CELL, &text))
			bpfl_buf_text(&text, "<cut>");
		bpfl_cell_cut(&text, 0, &field->style);
		if (ret == 0)
			ret = cell_add(cells, i, &text);
		bpfl_buf_deinit(&text);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static void line_put(const struct bpfl_rows *rows, const struct cells *cells, char *const *line, struct bpfl_buf *out)
{
	unsigned width = rows->opts.width;
	size_t begin = out->size;

	for (size_t i = 0; i < cells->nr_columns; i++) {
		const struct bpfl_field *field = &rows->layout.fields.items[rows->columns.items[i]];
		bool is_right = (bpfl_field_is_amount(field) || field->style.is_right) &&
				!bpfl_stack_fields_at(&rows->stacks, rows->columns.items[i]);
		size_t used = bpfl_utf8_columns(line[i], strlen(line[i]));

		if (i > 0)
			bpfl_buf_text(out, "  ");
		for (size_t n = used; is_right && n < cells->widths[i]; n++)
			bpfl_buf_char(out, ' ');
		bpfl_buf_text(out, line[i]);
		for (size_t n = used; !is_right && n < cells->widths[i] && i + 1 < cells->nr_columns; n++)
			bpfl_buf_char(out, ' ');
	}
	/* Columns beyond the screen: cut, not wrapped. */
	if (width && bpfl_buf_ok(out))
		out->size = begin + bpfl_text_fit(out->data + begin, out->size - begin, width);
	bpfl_buf_char(out, '\n');
}

static void cells_free(struct cells *cells)
{
	for (size_t i = 0; i < cells->items.nr; i++)
		free(cells->items.items[i]);
	free(cells->items.items);
	free(cells->widths);
}

static int cells_make(struct bpfl_rows *rows, size_t nr_rows, struct cells *cells)
{
	int ret;

	*cells = (struct cells){ .nr_columns = rows->columns.nr,
				 .widths = calloc(rows->columns.nr + 1, sizeof(size_t)) };
	ret = cells->widths ? heading_add(rows, cells) : -ENOMEM;
	for (size_t i = 0; ret == 0 && i < nr_rows; i++)
		ret = row_add(rows, &rows->rows.items[i], cells);
	return ret;
}

/* Takes from the widest name until the line fits. true: the cells have to be made again. */
static bool narrow(struct bpfl_rows *rows, const struct cells *cells)
{
	size_t total = cells->nr_columns ? 2 * (cells->nr_columns - 1) : 0, width = rows->opts.width;
	bool is_changed = false;

	for (size_t i = 0; i < cells->nr_columns; i++)
		total += cells->widths[i];
	while (width && total > width) {
		size_t widest = SIZE_MAX;

		for (size_t i = 0; i < cells->nr_columns; i++) {
			if (bpfl_stack_fields_at(&rows->stacks, rows->columns.items[i]) &&
			    cells->widths[i] > STACK_WIDTH_LEAST &&
			    (widest == SIZE_MAX || cells->widths[i] > cells->widths[widest]))
				widest = i;
		}
		if (widest == SIZE_MAX)
			break;
		total--;
		rows->layout.fields.items[rows->columns.items[widest]].style.max_width =
			(uint8_t)--cells->widths[widest];
		is_changed = true;
	}
	return is_changed;
}

static int put_lines(struct bpfl_rows *rows, size_t nr_rows, struct bpfl_buf *out)
{
	struct cells cells;
	int ret = cells_make(rows, nr_rows, &cells);

	if (ret == 0 && narrow(rows, &cells)) {
		cells_free(&cells);
		ret = cells_make(rows, nr_rows, &cells);
	}
	for (size_t at = 0; ret == 0 && cells.nr_columns && at < cells.items.nr; at += cells.nr_columns)
		line_put(rows, &cells, cells.items.items + at, out);
	if (ret == 0 && nr_rows < rows->rows.nr)
		bpfl_buf_printf(out, "%zu more\n", rows->rows.nr - nr_rows);
	cells_free(&cells);
	return ret;
}

/* ---- JSON ---- */

static int put_json(struct bpfl_rows *rows, size_t rank, const struct bpfl_row *row, struct bpfl_buf *out)
{
	struct bpfl_field_ctx ctx = bpfl_rows_ctx(rows, row->byte_off);
	struct bpfl_json json;
	int ret = 0;

	bpfl_buf_printf(out, "{\"v\":1,\"type\":\"%s\",", rows->json_type);
	if (rows->opts.time_json)
		bpfl_buf_printf(out, "\"time\":%s,", rows->opts.time_json);
	bpfl_buf_printf(out, "\"%s\":", rows->source_key);
	bpfl_put_text(out, rows->source, strlen(rows->source), BPFL_STYLE_JSON);
	bpfl_buf_printf(out, ",\"rank\":%zu,", rank);
	if (rows->has_columns) {
		bpfl_buf_text(out, "\"row\":");
		bpfl_columns_json(&ctx, rows->columns.items, rows->columns.nr, out);
	} else if (rows->is_nested) {
		bpfl_record_members(&ctx, out);
	} else {
		bpfl_buf_text(out, "\"row\":");
		bpfl_record_json(&ctx, out);
	}
	if (rows->stacks.nr > 0) {
		bpfl_buf_text(out, ",\"stacks\":");
		bpfl_json_init(&json, out);
		bpfl_json_object_begin(&json);
		ret = bpfl_stacks_put_json(rows->opts.stacks, &rows->stacks, &ctx, bpfl_stack_pid(&rows->stacks, &ctx),
					   &json);
		bpfl_json_object_end(&json);
	}
	bpfl_buf_text(out, "}\n");
	return ret;
}

/* ---- the whole ---- */

static void forget(struct bpfl_rows *rows)
{
	for (size_t i = 0; i < rows->values.nr; i++)
		free(rows->values.items[i].text);
	rows->values.nr = 0;
	rows->rows.nr = 0;
	rows->data.size = 0;
}

int bpfl_rows_put(struct bpfl_rows *rows, struct bpfl_buf *out)
{
	size_t most = rows->opts.max_rows ? rows->opts.max_rows : rows->is_unlimited ? SIZE_MAX : ROWS_DEFAULT;
	size_t nr_rows = most < rows->rows.nr ? most : rows->rows.nr;
	int ret = 0;

	if (rows->rows.nr > 1)
		qsort_r(rows->rows.items, rows->rows.nr, sizeof(*rows->rows.items), compare_rows, rows);
	if (rows->opts.format != BPFL_FORMAT_JSON)
		ret = put_lines(rows, nr_rows, out);
	for (size_t i = 0; ret == 0 && rows->opts.format == BPFL_FORMAT_JSON && i < nr_rows; i++)
		ret = put_json(rows, i + 1, &rows->rows.items[i], out);
	forget(rows);
	return ret < 0 || !bpfl_buf_ok(out) ? -ENOMEM : 0;
}
