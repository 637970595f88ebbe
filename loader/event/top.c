/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/top.c: the elements of a map as a table: the largest of them (--top), or all, as the object wants it.
 *
 * An element becomes one record: the key, the CPU (of per-CPU maps that are not added up), and the value, one
 * behind the other; so columns, filters and sorting know all of them alike. The table itself is event/rows.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "event/map_print.h"
#include "event/rows.h"

struct top {
	const struct bpfl_map *map;
	struct bpfl_rows rows;
	uint8_t *record; /* room for one */
	uint8_t *sum;
	size_t cpu_off, value_off; /* in it */
	bool per_cpu;
};

/* ---- the record ---- */

static bool is_composite(const struct bpfl_map *map, uint32_t type_id)
{
	enum bpfl_btf_kind kind = bpfl_btf_kind(bpfl_btf_skip_modifiers(map->btf, type_id, NULL));

	return kind == BPFL_KIND_STRUCT || kind == BPFL_KIND_UNION;
}

static enum bpfl_form bare_form(const struct bpfl_map *map, bool is_key, uint32_t size)
{
	if (is_key && bpfl_map_key_is_prefix(map))
		return BPFL_FORM_PREFIX;
	return size == 1 || size == 2 || size == 4 || size == 8 ? BPFL_FORM_UINT : BPFL_FORM_RAW;
}

/* Key or value. In JSON a struct is an object of its own, unless the table is flat. */
static int side_add(struct top *top, const char *name, uint32_t type_id, size_t byte_off, uint32_t size)
{
	struct bpfl_layout *layout = &top->rows.layout;
	bool is_key = strcmp(name, "key") == 0, is_object;
	/* In a table of text a prefix is one cell; where members can be asked for by name, they stay. */
	bool is_cell = is_key && top->rows.is_nested && top->rows.opts.format == BPFL_FORMAT_TEXT &&
		       bpfl_map_key_is_prefix(top->map);
	int ret = 0;

	if (size == 0)
		return 0;
	if (is_cell || !bpfl_map_type_fits(top->map, type_id, size))
		return bpfl_layout_add_bare(layout, bare_form(top->map, is_key, size), (uint32_t)byte_off, size, name);
	is_object = top->rows.is_nested && is_composite(top->map, type_id);
	if (is_object)
		ret = bpfl_layout_open(layout, name);
	if (ret == 0)
		ret = bpfl_layout_add(layout, type_id, (uint32_t)byte_off, name);
	if (ret == 0 && is_object)
		ret = bpfl_layout_close(layout);
	return ret;
}

static int layout_make(struct top *top)
{
	const struct bpfl_map *map = top->map;
	struct bpfl_rows *rows = &top->rows;
	int ret;

	top->per_cpu = map->nr_cpus > 0 && !rows->opts.sum;
	top->cpu_off = map->key_size;
	top->value_off = top->cpu_off + (top->per_cpu ? sizeof(uint32_t) : 0);
	rows->record_size = top->value_off + map->value_size;
	rows->key_size = top->value_off; /* with the CPU: its rows stay in order */
	bpfl_layout_begin(&rows->layout, map->btf);
	ret = side_add(top, "key", map->key_type_id, 0, map->key_size);
	rows->nr_key_fields = rows->layout.fields.nr;
	if (ret == 0 && top->per_cpu)
		ret = bpfl_layout_add_bare(&rows->layout, BPFL_FORM_UINT, (uint32_t)top->cpu_off, sizeof(uint32_t),
					   "cpu");
	if (ret == 0)
		ret = side_add(top, "value", map->value_type_id, top->value_off, map->value_size);
	bpfl_layout_end(&rows->layout, (uint32_t)rows->record_size);
	return ret;
}

static int element_add(void *ctx, const void *key, const void *value)
{
	struct top *top = ctx;
	const struct bpfl_map *map = top->map;
	const uint8_t *values = value;
	int ret = 0;

	if (key)
		memcpy(top->record, key, map->key_size);
	else
		memset(top->record, 0, map->key_size);
	if (map->nr_cpus > 0 && !top->per_cpu) {
		ret = bpfl_map_sum(map, value, top->sum, NULL);
		values = top->sum;
	}
	for (uint32_t cpu = 0; ret == 0 && cpu < (top->per_cpu ? map->nr_cpus : 1); cpu++) {
		if (top->per_cpu)
			memcpy(top->record + top->cpu_off, &cpu, sizeof(cpu));
		memcpy(top->record + top->value_off, values + cpu * (top->per_cpu ? bpfl_map_cpu_stride(map) : 0),
		       map->value_size);
		ret = bpfl_rows_add_record(&top->rows, top->record);
	}
	return ret;
}

/* ---- the order ---- */

/* The word, or the value's first number; of a value without numbers its first field. */
static int sort_choose(struct top *top, const char *what, struct bpfl_error *err)
{
	struct bpfl_rows *rows = &top->rows;
	size_t first = rows->nr_key_fields + top->per_cpu;

	if (rows->nr_sort > 0)
		return 0;
	if (rows->opts.words)
		return bpfl_rows_sort_by(rows, what, rows->opts.words, err);
	for (size_t i = first; i < rows->layout.fields.nr; i++) {
		const struct bpfl_field *field = &rows->layout.fields.items[i];

		if (bpfl_field_is_amount(field) && !field->is_hidden) {
			bpfl_rows_sort_field(rows, (uint32_t)i);
			return 0;
		}
	}
	if (rows->layout.fields.nr > 0)
		bpfl_rows_sort_field(rows, first < rows->layout.fields.nr ? (uint32_t)first : 0);
	return 0;
}

/* ---- the whole ---- */

static void top_deinit(struct top *top)
{
	bpfl_rows_deinit(&top->rows);
	free(top->record);
	free(top->sum);
}

static int top_init(struct top *top, const struct bpfl_map *map, const struct bpfl_view_opts *opts,
		    struct bpfl_error *err)
{
	static const struct bpfl_view_opts none = { .size = sizeof(none) };
	char what[128];
	const char *words;
	uint8_t *zeroes;
	enum bpfl_read_how how = bpfl_map_how(map, &words);
	int ret;

	top->map = map;
	top->rows.opts = opts ? *opts : none;
	if (how == BPFL_READ_NOTHING || how == BPFL_READ_MEMORY)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EOPNOTSUPP, "map '%s': %s", BPFL_ESC(map->name), words);
	if (bpfl_map_is_section(map)) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s' holds variables, which are no table",
			       BPFL_ESC(map->name));
		bpfl_error_fix(err, "--dump %s, or map dump, shows them", BPFL_ESC(map->name));
		return -EINVAL;
	}
	if (layout_make(top) < 0)
		return bpfl_error_nomem(err);
	snprintf(what, sizeof(what), "map '%.100s'", BPFL_ESC(map->name));
	ret = bpfl_rows_prepare(&top->rows, what, err);
	if (ret == 0)
		ret = sort_choose(top, what, err);
	if (ret < 0)
		return ret;
	top->record = calloc(1, top->rows.record_size + 8);
	top->sum = calloc(1, (size_t)map->value_size + 8);
	zeroes = bpfl_map_value_new(map);
	if (!top->record || !top->sum || !zeroes)
		ret = bpfl_error_nomem(err);
	else if (map->nr_cpus > 0 && !top->per_cpu)
		ret = bpfl_map_sum(map, zeroes, top->sum, err); /* a trial: whether its values can be added up */
	free(zeroes);
	return ret;
}

static int top_text(struct top *top, const struct bpfl_map *map, const struct bpfl_view_opts *opts, char **ret_text,
		    struct bpfl_error *err)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	int ret = top_init(top, map, opts, err);

	if (ret == 0) {
		ret = bpfl_map_each(map, 0, element_add, top, err);
		if (ret == -ENOMEM)
			bpfl_error_nomem(err);
	}
	if (ret >= 0) {
		ret = bpfl_rows_put(&top->rows, &out);
		bpfl_buf_text(&out, "");
		*ret_text = ret < 0 ? NULL : bpfl_buf_take(&out);
		ret = *ret_text ? 0 : bpfl_error_nomem(err);
	}
	bpfl_buf_deinit(&out);
	top_deinit(top);
	return ret;
}

int bpfl_map_top_text(const struct bpfl_map *map, const struct bpfl_view_opts *opts, char **ret_text,
		      struct bpfl_error *err)
{
	struct top top = { .rows = {
				   .json_type = "top", .source_key = "map", .source = map->name, .is_nested = true } };

	return top_text(&top, map, opts, ret_text, err);
}

/* Whether the value has an array of slots that are typed as such. */
static bool has_slots(const struct bpfl_map *map)
{
	struct bpfl_layout layout;
	bool ret = false;

	if (!bpfl_map_type_fits(map, map->value_type_id, map->value_size) ||
	    bpfl_layout_init(&layout, map->btf, map->value_type_id) < 0)
		return false;
	for (size_t i = 0; i < layout.fields.nr; i++)
		ret = ret || layout.fields.items[i].metric == BPFL_FIELD_SLOTS;
	bpfl_layout_deinit(&layout);
	return ret;
}

int bpfl_map_table_text(const struct bpfl_map *map, const char *name, const struct bpfl_view_opts *opts,
			char **ret_text, struct bpfl_error *err)
{
	struct top top = { .rows = {
				   .json_type = "row", .source_key = "table", .source = name, .is_unlimited = true } };

	if (has_slots(map) && !(opts && (opts->nr_columns > 0 || opts->filter || opts->sort)))
		return bpfl_map_hist_text(map, opts, ret_text, err);
	return top_text(&top, map, opts, ret_text, err);
}
