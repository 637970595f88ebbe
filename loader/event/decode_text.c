/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/decode_text.c: one record -> one line, by what decode.c has worked out.
 *
 * A record costs a walk over its fields into one buffer that is used again and again.
 *
 * Three ways to write a line. When all records have one type, or columns were asked for: a table with a
 * heading. When there are several types: "exec_event pid=1 comm=\"sh\"". Records without a type: a hexdump.
 * JSON is the same for all: one object a line.
 */
#include "event/decode.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/text.h"
#include "base/utf8.h"

#define HEX_PER_LINE 16u
#define CUT "<cut>"

int64_t bpfl_clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

size_t bpfl_put_padding(struct bpfl_buf *out, size_t start, size_t width)
{
	static const char blanks[] = "                                                                ";
	size_t used = out->failed ? width : bpfl_utf8_columns(out->data + start, out->size - start);

	for (size_t left = used < width ? width - used : 0, nr; left > 0; left -= nr) {
		nr = left < sizeof(blanks) - 1 ? left : sizeof(blanks) - 1;
		bpfl_buf_append(out, blanks, nr);
	}
	bpfl_buf_char(out, ' ');
	return used > width ? used - width : 0;
}

void bpfl_cell_cut(struct bpfl_buf *out, size_t start, const struct bpfl_column_style *style)
{
	size_t size = out->size - start,
	       width = out->failed || !style->max_width ? 0 : bpfl_utf8_columns(out->data + start, size);
	size_t room = style->max_width, head = room, tail;
	char *text;

	if (width <= room)
		return;
	text = bpfl_strndup(out->data + start, size);
	if (!text) {
		out->failed = true;
		return;
	}
	if (style->ellipsis != BPFL_ELLIPSIS_NONE)
		head = style->ellipsis == BPFL_ELLIPSIS_END     ? room - 1
		       : style->ellipsis == BPFL_ELLIPSIS_START ? 0
								: room / 2;
	tail = style->ellipsis == BPFL_ELLIPSIS_NONE ? 0 : room - 1 - head;
	out->size = start + bpfl_text_fit(text, size, head);
	if (style->ellipsis != BPFL_ELLIPSIS_NONE)
		bpfl_buf_text(out, "…");
	if (tail > 0)
		bpfl_buf_text(out, text + bpfl_text_fit(text, size, width - tail));
	free(text);
}

void bpfl_cell_right(struct bpfl_buf *out, size_t start, size_t width)
{
	size_t size = out->size - start, used = out->failed ? width : bpfl_utf8_columns(out->data + start, size);

	for (size_t i = used; i < width; i++)
		bpfl_buf_char(out, ' ');
	if (used >= width || out->failed)
		return;
	memmove(out->data + start + (width - used), out->data + start, size);
	memset(out->data + start, ' ', width - used);
}

unsigned bpfl_time_width(enum bpfl_time_mode mode)
{
	return mode == BPFL_TIME_NONE ? 0 : mode == BPFL_TIME_WALL ? 15 : 12;
}

/* ---- writing ---- */

static void put_time(const struct bpfl_decoder *decoder, struct bpfl_buf *out, enum bpfl_style style)
{
	int64_t ns;

	if (decoder->time == BPFL_TIME_WALL) {
		bpfl_put_wall_time(out, bpfl_clock_ns(CLOCK_REALTIME), style);
		return;
	}
	ns = bpfl_clock_ns(CLOCK_MONOTONIC) - (decoder->time == BPFL_TIME_REL ? decoder->start_ns : 0);
	bpfl_buf_printf(out, "%" PRId64 ".%06" PRId64, ns / 1000000000, ns % 1000000000 / 1000);
}

static void put_cell(const struct bpfl_field_ctx *ctx, uint32_t field_idx, enum bpfl_style style, struct bpfl_buf *out)
{
	if (field_idx == BPFL_NO_FIELD)
		bpfl_buf_char(out, '-');
	else if (!bpfl_field_put(ctx, &ctx->layout->fields.items[field_idx], style, out))
		bpfl_buf_text(out, CUT);
}

/*
 * A cell that is wider than its column pushes the next ones to the right; they give up their blanks until
 * the columns are in line again.
 */
static void row_text(struct bpfl_decoder *decoder, const struct bpfl_view *view, const struct bpfl_field_ctx *ctx)
{
	struct bpfl_buf *out = &decoder->out;
	size_t start = out->size, late = 0;

	if (decoder->time != BPFL_TIME_NONE) {
		put_time(decoder, out, BPFL_STYLE_CELL);
		bpfl_put_padding(out, start, bpfl_time_width(decoder->time));
	}
	if (!decoder->is_table)
		bpfl_buf_text(out, view->name);
	for (size_t i = 0; i < view->columns.nr; i++) {
		if (decoder->is_table) {
			size_t width = decoder->widths.items[i], room = width > late ? width - late : 0;

			start = out->size;
			put_cell(ctx, view->columns.items[i], BPFL_STYLE_CELL, out);
			bpfl_cell_cut(out, start, &decoder->styles.items[i]);
			if (decoder->styles.items[i].is_right)
				bpfl_cell_right(out, start, room);
			if (i + 1 < view->columns.nr)
				late = late + room + bpfl_put_padding(out, start, room) - width;
		} else {
			bpfl_buf_char(out, ' ');
			bpfl_buf_text(out, ctx->layout->fields.items[view->columns.items[i]].name);
			bpfl_buf_char(out, '=');
			put_cell(ctx, view->columns.items[i], BPFL_STYLE_QUOTED, out);
		}
	}
	while (decoder->is_table && out->size == start && start > 0 && out->data[start - 1] == ' ')
		start = --out->size; /* the last cells are empty: no blanks at the end */
	bpfl_buf_char(out, '\n');
	if (decoder->stacks &&
	    bpfl_stacks_put_text(decoder->stacks, &view->stacks, ctx, bpfl_stack_pid(&view->stacks, ctx), out) < 0)
		out->failed = true;
}

/* {"v":1,"type":"event" and what all records have; without the closing brace. */
static void json_begin(struct bpfl_decoder *decoder, const char *type, const struct bpfl_record *record,
		       const char *source_key)
{
	struct bpfl_buf *out = &decoder->out;

	bpfl_buf_text(out, "{\"v\":1,\"type\":\"");
	bpfl_buf_text(out, type);
	bpfl_buf_char(out, '"');
	if (decoder->time != BPFL_TIME_NONE) {
		bpfl_buf_text(out, ",\"time\":");
		put_time(decoder, out, BPFL_STYLE_JSON);
	}
	bpfl_buf_printf(out, ",\"%s\":", source_key);
	bpfl_put_text(out, record->source, strlen(record->source), BPFL_STYLE_JSON);
	if (record->cpu >= 0) {
		bpfl_buf_text(out, ",\"cpu\":");
		bpfl_put_u64(out, (uint64_t)record->cpu);
	}
}

static void stacks_json(struct bpfl_decoder *decoder, const struct bpfl_view *view, const struct bpfl_field_ctx *ctx)
{
	struct bpfl_json json;

	bpfl_buf_text(&decoder->out, ",\"stacks\":");
	bpfl_json_init(&json, &decoder->out);
	bpfl_json_object_begin(&json);
	if (bpfl_stacks_put_json(decoder->stacks, &view->stacks, ctx, bpfl_stack_pid(&view->stacks, ctx), &json) < 0)
		decoder->out.failed = true;
	bpfl_json_object_end(&json);
}

static void row_json(struct bpfl_decoder *decoder, const struct bpfl_view *view, const struct bpfl_field_ctx *ctx,
		     const struct bpfl_record *record)
{
	bool cut;

	json_begin(decoder, "event", record, "map");
	if (bpfl_decoder_nr_views(decoder) > 1) {
		bpfl_buf_text(&decoder->out, ",\"event_type\":");
		bpfl_put_text(&decoder->out, view->name, strlen(view->name), BPFL_STYLE_JSON);
	}
	bpfl_buf_text(&decoder->out, ",\"event\":");
	cut = decoder->has_columns ? bpfl_columns_json(ctx, view->columns.items, view->columns.nr, &decoder->out)
				   : bpfl_record_json(ctx, &decoder->out);
	if (view->stacks.nr > 0)
		stacks_json(decoder, view, ctx);
	bpfl_buf_text(&decoder->out, cut ? ",\"cut\":true}\n" : "}\n");
}

static void dump_json(struct bpfl_decoder *decoder, const struct bpfl_record *record)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = record->data;

	json_begin(decoder, "event", record, "map");
	bpfl_buf_text(&decoder->out, ",\"size\":");
	bpfl_put_u64(&decoder->out, record->size);
	bpfl_buf_text(&decoder->out, ",\"hex\":\"");
	for (size_t i = 0; i < record->size; i++)
		bpfl_buf_append(&decoder->out, (char[]){ digits[bytes[i] >> 4], digits[bytes[i] & 15] }, 2);
	bpfl_buf_text(&decoder->out, "\"}\n");
}

static void dump_text(struct bpfl_decoder *decoder, const struct bpfl_record *record)
{
	struct bpfl_buf *out = &decoder->out;
	const uint8_t *bytes = record->data;
	size_t start = out->size;

	if (decoder->time != BPFL_TIME_NONE) {
		put_time(decoder, out, BPFL_STYLE_CELL);
		bpfl_put_padding(out, start, bpfl_time_width(decoder->time));
	}
	bpfl_put_text(out, record->source, strlen(record->source), BPFL_STYLE_CELL);
	bpfl_buf_printf(out, ": %zu bytes\n", record->size);
	for (size_t line = 0; line < record->size; line += HEX_PER_LINE) {
		size_t nr = record->size - line < HEX_PER_LINE ? record->size - line : HEX_PER_LINE;

		bpfl_buf_printf(out, "  %04zx ", line);
		for (size_t i = 0; i < HEX_PER_LINE; i++) {
			if (i < nr)
				bpfl_buf_printf(out, " %02x", bytes[line + i]);
			else
				bpfl_buf_text(out, "   ");
		}
		bpfl_buf_text(out, "  |");
		for (size_t i = 0; i < nr; i++) {
			uint8_t c = bytes[line + i];

			bpfl_buf_char(out, c >= 0x20 && c < 0x7f ? (char)c : '.');
		}
		bpfl_buf_text(out, "|\n");
	}
}

/* ---- which type a record has ---- */

static const struct bpfl_map_views *map_of(const struct bpfl_decoder *decoder, size_t map_idx)
{
	for (size_t i = 0; i < decoder->nr_maps; i++) {
		if (decoder->maps[i].map_idx == map_idx)
			return &decoder->maps[i];
	}
	return NULL;
}

static const struct bpfl_view *view_of(const struct bpfl_map_views *map, const struct bpfl_record *record)
{
	uint64_t selector = 0;
	uint8_t bytes[8] = { 0 };
	const uint8_t *at;
	uint32_t size = map ? map->shape.selector_size : 0;

	if (!map || map->nr_views == 0)
		return NULL;
	if (size == 0)
		return &map->views[0];
	if (!bpfl_in_range(map->shape.selector_off, size, record->size))
		return NULL;
	at = (const uint8_t *)record->data + map->shape.selector_off;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	memcpy(bytes + sizeof(bytes) - size, at, size);
#else
	memcpy(bytes, at, size);
#endif
	memcpy(&selector, bytes, sizeof(selector));
	for (size_t i = 0; i < map->nr_views; i++) {
		if (map->views[i].value == selector)
			return &map->views[i];
	}
	return NULL;
}

static bool data_text(struct bpfl_decoder *decoder, const struct bpfl_record *record)
{
	const struct bpfl_map_views *map = map_of(decoder, record->source_idx);
	const struct bpfl_view *view = view_of(map, record);
	struct bpfl_field_ctx ctx = { .data = record->data,
				      .size = record->size,
				      .boot_to_wall_ns = decoder->boot_to_wall_ns,
				      .is_padded = map && map->is_padded,
				      .scratch = &decoder->joined,
				      .lookups = &decoder->lookups };

	if (!view) {
		if (decoder->filter)
			return false;
		if (decoder->is_json)
			dump_json(decoder, record);
		else
			dump_text(decoder, record);
		return true;
	}
	ctx.layout = &view->layout;
	if (decoder->filter && !bpfl_filter_pass(decoder->filter, view->filter_idx, &ctx, &decoder->scratch))
		return false;
	if (decoder->is_json)
		row_json(decoder, view, &ctx, record);
	else
		row_text(decoder, view, &ctx);
	return true;
}

static void lost_text(struct bpfl_decoder *decoder, const struct bpfl_record *record)
{
	if (decoder->is_json) {
		json_begin(decoder, "lost", record, "map");
		bpfl_buf_printf(&decoder->out, ",\"count\":%" PRIu64 "}\n", record->nr_lost);
		return;
	}
	bpfl_put_text(&decoder->out, record->source, strlen(record->source), BPFL_STYLE_CELL);
	bpfl_buf_printf(&decoder->out, ": %" PRIu64 " events lost", record->nr_lost);
	if (record->cpu >= 0)
		bpfl_buf_printf(&decoder->out, " on CPU %d", record->cpu);
	bpfl_buf_char(&decoder->out, '\n');
}

/* A program's own text: lines stay lines. */
static void stream_text(struct bpfl_decoder *decoder, const struct bpfl_record *record)
{
	const char *text = record->data, *end = text + record->size;
	bool is_stdout = record->kind == BPFL_RECORD_STREAM_STDOUT;

	if (decoder->is_json) {
		json_begin(decoder, "stream", record, "prog");
		bpfl_buf_printf(&decoder->out, ",\"stream\":\"%s\",\"text\":", is_stdout ? "stdout" : "stderr");
		bpfl_put_text(&decoder->out, text, record->size, BPFL_STYLE_JSON);
		bpfl_buf_text(&decoder->out, "}\n");
		return;
	}
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t len = newline ? (size_t)(newline - text) : (size_t)(end - text);

		bpfl_put_text(&decoder->out, text, len, BPFL_STYLE_CELL);
		bpfl_buf_char(&decoder->out, '\n');
		text += len + 1;
	}
}

int bpfl_decoder_text(struct bpfl_decoder *decoder, const struct bpfl_record *record, const char **ret_text,
		      size_t *ret_size)
{
	bool shown = true;

	decoder->out.size = 0;
	switch (record->kind) {
	case BPFL_RECORD_DATA:
		shown = data_text(decoder, record);
		break;
	case BPFL_RECORD_LOST:
		lost_text(decoder, record);
		break;
	case BPFL_RECORD_STREAM_STDOUT:
	case BPFL_RECORD_STREAM_STDERR:
		stream_text(decoder, record);
		break;
	}
	if (!bpfl_buf_ok(&decoder->out) || !bpfl_buf_ok(&decoder->scratch) || !bpfl_buf_ok(&decoder->joined)) {
		bpfl_buf_deinit(&decoder->out); /* what failed once may work for a smaller record */
		bpfl_buf_deinit(&decoder->scratch);
		bpfl_buf_deinit(&decoder->joined);
		return -ENOMEM;
	}
	*ret_text = decoder->out.data ? decoder->out.data : "";
	*ret_size = decoder->out.size;
	return shown;
}
