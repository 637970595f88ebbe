/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/top.c: the largest elements of a map as a table.
 *
 *     COMM             CALLS   BYTES
 *     bash               120    4096
 *     sshd                 7      80
 *     3 more
 *
 * The columns are the fields of the key, the CPU (of per-CPU maps that are not added up), and the fields of the value. All elements are copied,
 * because the largest is known only when all have been seen; then they are sorted by one column and the first rows become text. Numbers
 * are sorted downwards, text upwards; elements that are equal there, by their keys, so that a table that did not change looks
 * like the one before.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "base/utf8.h"
#include "event/side.h"
#include "sys/bpf.h"

#define ROWS_DEFAULT 20
#define NO_CPU UINT32_MAX

struct row {
	uint8_t *key, *value; /* one allocation; value: of one CPU */
	uint32_t cpu;
	/* By what it is sorted. */
	uint64_t number;
	bool is_signed;
	char *text; /* NULL: a number */
};

struct top {
	const struct bpfl_map *map;
	struct bpfl_view_opts opts;
	struct bpfl_side key, value;
	enum bpfl_read_how how;
	const struct bpfl_side *sort_side;
	size_t sort_field;
	uint8_t *sum;
	BPFL_VEC(struct row) rows;
};

/* ---- reading ---- */

static int row_add(struct top *top, const void *key, const uint8_t *value, uint32_t cpu)
{
	size_t key_size = top->map->key_size, value_size = top->map->value_size;
	struct row *row = BPFL_VEC_PUSH(&top->rows);
	const uint8_t *bytes;

	if (!row)
		return -ENOMEM;
	row->key = calloc(1, key_size + value_size + 8);
	if (!row->key)
		return -ENOMEM;
	row->value = row->key + key_size;
	if (key)
		memcpy(row->key, key, key_size);
	memcpy(row->value, value, value_size);
	row->cpu = cpu;
	bytes = top->sort_side == &top->key ? row->key : row->value;
	if (!bpfl_side_number(top->sort_side, top->sort_field, bytes, &row->number, &row->is_signed)) {
		struct bpfl_buf text = BPFL_BUF_INIT;

		bpfl_side_put((struct bpfl_side *)top->sort_side, top->sort_field, bytes, BPFL_STYLE_CELL, &text);
		bpfl_buf_text(&text, "");
		row->text = bpfl_buf_take(&text);
		if (!row->text)
			return -ENOMEM;
	}
	return 0;
}

static int element_add(void *ctx, const void *key, const void *value)
{
	struct top *top = ctx;
	const struct bpfl_map *map = top->map;
	int ret = 0;

	if (map->nr_cpus == 0)
		return row_add(top, key, value, NO_CPU);
	if (top->opts.sum) {
		ret = bpfl_map_sum(map, value, top->sum, NULL);
		return ret < 0 ? ret : row_add(top, key, top->sum, NO_CPU);
	}
	for (unsigned cpu = 0; cpu < map->nr_cpus && ret == 0; cpu++)
		ret = row_add(top, key, (const uint8_t *)value + cpu * bpfl_map_cpu_stride(map), cpu);
	return ret;
}

/* ---- sorting ---- */

static int compare_numbers(uint64_t a, bool a_signed, uint64_t b, bool b_signed)
{
	bool a_negative = a_signed && (int64_t)a < 0, b_negative = b_signed && (int64_t)b < 0;

	if (a_negative != b_negative)
		return a_negative ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* Fields of the key, one after the other: numbers as numbers. */
static int compare_keys(const struct bpfl_side *side, const struct row *a, const struct row *b)
{
	for (size_t i = 0; i < bpfl_side_nr_fields(side); i++) {
		uint64_t left, right;
		bool left_signed, right_signed;
		int order;

		if (!bpfl_side_number(side, i, a->key, &left, &left_signed) || !bpfl_side_number(side, i, b->key, &right, &right_signed))
			break;
		order = compare_numbers(left, left_signed, right, right_signed);
		if (order != 0)
			return order;
	}
	return side->size ? memcmp(a->key, b->key, side->size) : 0;
}

static int compare_rows(const void *left, const void *right, void *ctx)
{
	const struct row *a = left, *b = right;
	int order = a->text && b->text ? strcmp(a->text, b->text) :
					 -compare_numbers(a->number, a->is_signed, b->number, b->is_signed);

	if (order == 0)
		order = compare_keys(ctx, a, b);
	return order ? order : a->cpu < b->cpu ? -1 : a->cpu > b->cpu;
}

/* "bytes", or without a word the value's first number; of a value without numbers its first field. */
static int sort_choose(struct top *top, struct bpfl_error *err)
{
	struct bpfl_side *sides[] = { &top->value, &top->key };
	const char *word = top->opts.words;
	struct bpfl_near near;
	char names[512];

	top->sort_side = bpfl_side_nr_fields(&top->value) ? &top->value : &top->key;
	for (size_t i = 0; !word && i < bpfl_side_nr_fields(&top->value); i++) {
		if (bpfl_side_is_number(&top->value, i)) {
			top->sort_field = i;
			return 0;
		}
	}
	if (!word)
		return 0;
	bpfl_near_init(&near, word);
	for (size_t s = 0; s < 2; s++) {
		top->sort_side = sides[s];
		top->sort_field = bpfl_side_find(sides[s], word);
		if (top->sort_field != SIZE_MAX)
			return 0;
		for (size_t i = 0; i < bpfl_side_nr_fields(sides[s]); i++)
			bpfl_near_offer(&near, bpfl_side_field_name(sides[s], i));
	}
	bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "map '%s' has no field '%s' to sort by", BPFL_ESC(top->map->name), BPFL_ESC(word));
	if (bpfl_near_text(&near, names, sizeof(names))[0])
		bpfl_error_fix(err, "did you mean %s?", names);
	return -ENOENT;
}

/* ---- text ---- */

/* Cells of one column, all rows; the heading is the first. */
struct column {
	struct bpfl_side *side; /* NULL: the CPU */
	size_t field;
	size_t width;
	bool is_number;
};

struct table {
	BPFL_VEC(struct column) columns;
	BPFL_VEC(char *) cells; /* row by row, the heading first */
};

static int column_add(struct table *table, struct bpfl_side *side, size_t field, bool is_number)
{
	struct column *column = BPFL_VEC_PUSH(&table->columns);

	if (!column)
		return -ENOMEM;
	*column = (struct column){ .side = side, .field = field, .is_number = is_number };
	return 0;
}

static int columns_make(struct top *top, struct table *table)
{
	struct bpfl_side *sides[] = { &top->key, &top->value };
	int ret = 0;

	for (size_t s = 0; s < 2; s++) {
		if (s == 1 && top->map->nr_cpus && !top->opts.sum)
			ret = column_add(table, NULL, 0, true);
		for (size_t i = 0; ret == 0 && i < bpfl_side_nr_fields(sides[s]); i++)
			ret = column_add(table, sides[s], i, bpfl_side_is_number(sides[s], i));
	}
	return ret;
}

static int cell_add(struct table *table, struct column *column, struct bpfl_buf *text)
{
	char **cell = BPFL_VEC_PUSH(&table->cells);
	size_t width;

	bpfl_buf_text(text, "");
	if (cell)
		*cell = bpfl_buf_take(text);
	if (!cell || !*cell)
		return -ENOMEM;
	width = bpfl_utf8_columns(*cell, strlen(*cell));
	column->width = width > column->width ? width : column->width;
	return 0;
}

static int heading_add(struct table *table)
{
	for (size_t i = 0; i < table->columns.nr; i++) {
		struct column *column = &table->columns.items[i];
		const char *name = column->side ? bpfl_side_field_name(column->side, column->field) : "cpu";
		struct bpfl_buf text = BPFL_BUF_INIT;
		int ret;

		for (; *name; name++)
			bpfl_buf_char(&text, (char)toupper((unsigned char)*name));
		ret = cell_add(table, column, &text);
		bpfl_buf_deinit(&text);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int row_cells(const struct top *top, struct table *table, const struct row *row)
{
	for (size_t i = 0; i < table->columns.nr; i++) {
		struct column *column = &table->columns.items[i];
		struct bpfl_buf text = BPFL_BUF_INIT;
		int ret;

		if (!column->side)
			bpfl_buf_printf(&text, "%u", row->cpu);
		else
			bpfl_side_put(column->side, column->field, column->side == &top->key ? row->key : row->value, BPFL_STYLE_CELL,
				      &text);
		ret = cell_add(table, column, &text);
		bpfl_buf_deinit(&text);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static void line_put(const struct table *table, char *const *cells, unsigned width, struct bpfl_buf *out)
{
	size_t begin = out->size;

	for (size_t i = 0; i < table->columns.nr; i++) {
		const struct column *column = &table->columns.items[i];
		size_t used = bpfl_utf8_columns(cells[i], strlen(cells[i]));

		if (i > 0)
			bpfl_buf_text(out, "  ");
		for (size_t n = used; column->is_number && n < column->width; n++)
			bpfl_buf_char(out, ' ');
		bpfl_buf_text(out, cells[i]);
		for (size_t n = used; !column->is_number && n < column->width && i + 1 < table->columns.nr; n++)
			bpfl_buf_char(out, ' ');
	}
	/* Columns beyond the screen: cut, not wrapped. */
	if (width && bpfl_buf_ok(out))
		out->size = begin + bpfl_text_fit(out->data + begin, out->size - begin, width);
	bpfl_buf_char(out, '\n');
}

static void table_deinit(struct table *table)
{
	for (size_t i = 0; i < table->cells.nr; i++)
		free(table->cells.items[i]);
	free(table->cells.items);
	free(table->columns.items);
}

static int table_text(struct top *top, size_t nr_rows, struct bpfl_buf *out)
{
	struct table table = { 0 };
	int ret = columns_make(top, &table);

	if (ret == 0)
		ret = heading_add(&table);
	for (size_t i = 0; ret == 0 && i < nr_rows; i++)
		ret = row_cells(top, &table, &top->rows.items[i]);
	for (size_t at = 0; ret == 0 && at < table.cells.nr; at += table.columns.nr)
		line_put(&table, table.cells.items + at, top->opts.width, out);
	if (nr_rows < top->rows.nr)
		bpfl_buf_printf(out, "%zu more\n", top->rows.nr - nr_rows);
	table_deinit(&table);
	return ret;
}

static void rows_json(const struct top *top, size_t nr_rows, struct bpfl_buf *out)
{
	const struct bpfl_map *map = top->map;

	for (size_t i = 0; i < nr_rows; i++) {
		const struct row *row = &top->rows.items[i];
		struct bpfl_json json;

		bpfl_map_json_begin(map, "top", &json, out);
		bpfl_json_member_u64(&json, "rank", i + 1);
		if (map->key_size) {
			bpfl_json_key(&json, "key");
			bpfl_map_put_key_json(map, row->key, &json);
		}
		if (row->cpu != NO_CPU) {
			bpfl_json_member_u64(&json, "cpu", row->cpu);
		}
		bpfl_json_key(&json, "value");
		bpfl_map_put_json(map, map->value_type_id, row->value, map->value_size, &json);
		bpfl_map_json_end(&json);
	}
}

/* ---- the whole ---- */

static void top_deinit(struct top *top)
{
	for (size_t i = 0; i < top->rows.nr; i++) {
		free(top->rows.items[i].key);
		free(top->rows.items[i].text);
	}
	free(top->rows.items);
	free(top->sum);
	bpfl_side_deinit(&top->key);
	bpfl_side_deinit(&top->value);
}

static int top_init(struct top *top, const struct bpfl_map *map, const struct bpfl_view_opts *opts, struct bpfl_error *err)
{
	static const struct bpfl_view_opts none = { .size = sizeof(none) };
	const char *words;
	uint8_t *zeroes;
	int ret;

	*top = (struct top){ .map = map, .opts = opts ? *opts : none };
	top->how = bpfl_map_how(map, &words);
	if (top->how == BPFL_READ_NOTHING || top->how == BPFL_READ_MEMORY)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EOPNOTSUPP, "map '%s': %s", BPFL_ESC(map->name), words);
	ret = bpfl_side_init_key(&top->key, map, err);
	if (ret == 0)
		ret = bpfl_side_init_value(&top->value, map, err);
	if (ret == 0)
		ret = sort_choose(top, err);
	if (ret < 0)
		return ret;
	top->sum = calloc(1, (size_t)map->value_size + 8);
	zeroes = bpfl_map_value_new(map);
	if (!top->sum || !zeroes)
		ret = bpfl_error_nomem(err);
	else if (top->opts.sum)
		ret = bpfl_map_sum(map, zeroes, top->sum, err); /* a trial: whether its values can be added up */
	free(zeroes);
	return ret;
}

int bpfl_map_top_text(const struct bpfl_map *map, const struct bpfl_view_opts *opts, char **ret_text, struct bpfl_error *err)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	struct top top;
	char *text;
	int ret = top_init(&top, map, opts, err);

	if (ret == 0) {
		ret = bpfl_map_each(map, 0, element_add, &top, err);
		if (ret == -ENOMEM)
			bpfl_error_nomem(err);
	}
	if (ret >= 0) {
		size_t nr_rows = top.opts.max_rows ? top.opts.max_rows : ROWS_DEFAULT;

		nr_rows = nr_rows < top.rows.nr ? nr_rows : top.rows.nr;
		if (top.rows.nr > 1)
			qsort_r(top.rows.items, top.rows.nr, sizeof(*top.rows.items), compare_rows, &top.key);
		if (top.opts.format == BPFL_FORMAT_JSON)
			rows_json(&top, nr_rows, &out);
		else
			ret = table_text(&top, nr_rows, &out);
		bpfl_buf_text(&out, "");
		text = ret < 0 ? NULL : bpfl_buf_take(&out);
		ret = text ? 0 : bpfl_error_nomem(err);
		if (text)
			*ret_text = text;
	}
	bpfl_buf_deinit(&out);
	top_deinit(&top);
	return ret;
}
