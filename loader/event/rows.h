/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/rows: records of one type as a table that is sorted: elements of a map, what an iterator has written.
 *
 * The caller makes the layout (a map's element is its key, the CPU and the value, one behind the other), gives
 * each record, and takes the text of all of them.
 */
#ifndef BPFL_EVENT_ROWS_H
#define BPFL_EVENT_ROWS_H

#include "bpfload/table.h"
#include "event/field.h"
#include "event/filter.h"
#include "event/stack.h"

#define BPFL_ROWS_SORT_MAX 8u

struct bpfl_row_value { /* by which rows are sorted */
	uint64_t number;
	bool is_signed;
	char *text; /* owned; NULL: a number */
};

struct bpfl_row {
	size_t byte_off; /* of the record in data */
	size_t idx;	 /* in the order in which they came */
};

struct bpfl_rows {
	struct bpfl_view_opts opts; /* what it points to is the caller's */
	struct bpfl_layout layout;  /* owned */
	size_t record_size;
	/* rows that are equal otherwise are sorted by these: fields, and bytes at the beginning */
	size_t nr_key_fields, key_size;
	/* {"v":1,"type":json_type,source_key:source,"rank":1, ... */
	const char *json_type, *source_key, *source;
	bool is_nested; /* the layout's steps are members of that object; false: they are in "row" */
	bool is_unlimited; /* without max_rows all rows are shown, not 20 */
	struct bpfl_stack_fields stacks; /* with opts.stacks */
	struct bpfl_filter *filter;
	bool has_columns; /* the caller chose them */
	BPFL_VEC(uint32_t) columns;
	BPFL_VEC(char *) titles; /* owned; NULL: the field's */
	struct bpfl_row_order { uint32_t field_idx; bool is_down; } sort[BPFL_ROWS_SORT_MAX];
	size_t nr_sort;
	struct bpfl_buf data; /* the records */
	BPFL_VEC(struct bpfl_row) rows;
	BPFL_VEC(struct bpfl_row_value) values; /* nr_sort for each row */
	int64_t boot_to_wall_ns;
	struct bpfl_lookups lookups;
	struct bpfl_buf scratch, filter_scratch;
};

/*
 * Once the layout is there: columns, forms, filter and order as opts say. what: for messages, "map 'x'".
 * Return: 0; -EINVAL, -ENOENT (kind USAGE); -ENOMEM. bpfl_rows_deinit() in any case.
 */
int bpfl_rows_prepare(struct bpfl_rows *rows, const char *what, struct bpfl_error *err);
/* Sorted by the field of this name: numbers largest first, text upwards; after what is sorted by already. -ENOENT. */
int bpfl_rows_sort_by(struct bpfl_rows *rows, const char *what, const char *name, struct bpfl_error *err);
/* The same by index. */
void bpfl_rows_sort_field(struct bpfl_rows *rows, uint32_t field_idx);
/* record_size bytes, copied; dropped when the filter says so. 0 or -ENOMEM. */
int bpfl_rows_add_record(struct bpfl_rows *rows, const void *record);
/* Sorts, writes, and forgets the rows. 0 or -ENOMEM. */
int bpfl_rows_put(struct bpfl_rows *rows, struct bpfl_buf *out);
void bpfl_rows_deinit(struct bpfl_rows *rows);

/*
 * Whether a table has its cells to the right, and sorts it largest first: a number that is not the code of
 * something.
 */
bool bpfl_field_is_amount(const struct bpfl_field *field);
struct bpfl_field_ctx bpfl_rows_ctx(struct bpfl_rows *rows, size_t byte_off);

#endif
