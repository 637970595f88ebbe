/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/decode: what a decoder knows: made in decode.c, used for each record in decode_text.c.
 */
#ifndef BPFL_EVENT_DECODE_H
#define BPFL_EVENT_DECODE_H

#include <time.h>
#include "bpfload/decode.h"
#include "event/field.h"
#include "event/filter.h"
#include "event/shape.h"
#include "event/stack.h"

/* One type of records. */
struct bpfl_view {
	uint64_t value; /* of the selector */
	struct bpfl_layout layout;
	char name[96]; /* "exec_event": what lines begin with when there are several */
	BPFL_VEC(uint32_t) columns; /* fields in order; BPFL_NO_FIELD: this type has no such column */
	unsigned filter_idx;
	struct bpfl_stack_fields stacks; /* with names to be shown below a record */
};

struct bpfl_map_views {
	size_t map_idx;
	bool is_padded; /* perf buffer */
	struct bpfl_shape shape;
	struct bpfl_view *views;
	size_t nr_views;
};

struct bpfl_decoder {
	const struct bpfl_spec *spec; /* borrowed */
	bool is_json, is_table;
	bool has_columns; /* the caller chose them */
	enum bpfl_time_mode time;
	struct bpfl_stacks *stacks; /* borrowed; NULL */
	int64_t start_ns, boot_to_wall_ns;
	struct bpfl_map_views *maps;
	size_t nr_maps;
	struct bpfl_filter *filter;
	BPFL_VEC(char *) notes; /* owned */
	BPFL_VEC(char *) titles; /* of columns; owned */
	BPFL_VEC(uint8_t) widths;
	BPFL_VEC(struct bpfl_column_style) styles; /* of columns */
	struct bpfl_buf header, out, scratch, joined;
	struct bpfl_lookups lookups;
};

size_t bpfl_decoder_nr_views(const struct bpfl_decoder *decoder);

int64_t bpfl_clock_ns(clockid_t clock);
/* Blanks up to a column's width, counted from start, and one more. Returns by how many columns the cell is wider. */
size_t bpfl_put_padding(struct bpfl_buf *out, size_t start, size_t width);
/* The cell that was written from start on: cut to its column's width. */
void bpfl_cell_cut(struct bpfl_buf *out, size_t start, const struct bpfl_column_style *style);
/* Blanks in front of it. */
void bpfl_cell_right(struct bpfl_buf *out, size_t start, size_t width);
unsigned bpfl_time_width(enum bpfl_time_mode mode);

#endif
