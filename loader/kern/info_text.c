/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/info_text.c: a listing as lines ("map 12 hash counts key=4 ...") or as JSON objects, one a line.
 */
#include "kern/info.h"

#include <stdio.h>
#include "base/json.h"
#include "base/text.h"

static const char *const kind_names[BPFL_NR_LIVE_KINDS] = {
	[BPFL_LIVE_PROG] = "prog", [BPFL_LIVE_MAP] = "map", [BPFL_LIVE_LINK] = "link", [BPFL_LIVE_BTF] = "btf",
};

static const char *tag_text(const struct bpfl_live *row, char out[17])
{
	for (size_t i = 0; i < sizeof(row->tag); i++)
		snprintf(out + 2 * i, 3, "%02x", row->tag[i]);
	return out;
}

/* ---- lines ---- */

static void numbers_line(struct bpfl_buf *out, const struct bpfl_live *row)
{
	char tag[17];

	switch (row->kind) {
	case BPFL_LIVE_PROG:
		bpfl_buf_printf(out, "  tag %s", tag_text(row, tag));
		break;
	case BPFL_LIVE_MAP:
		bpfl_buf_printf(out, "  key %u value %u entries %u", row->key_size, row->value_size, row->max_entries);
		if (row->flags)
			bpfl_buf_printf(out, " flags 0x%x", row->flags);
		break;
	case BPFL_LIVE_LINK:
		if (row->prog_id)
			bpfl_buf_printf(out, "  prog %u", row->prog_id);
		break;
	default:
		bpfl_buf_printf(out, "  %llu bytes", (unsigned long long)row->size_bytes);
	}
	for (size_t i = 0; i < row->map_ids.nr && row->kind == BPFL_LIVE_PROG; i++)
		bpfl_buf_printf(out, "%s%u", i ? "," : "  maps ", row->map_ids.items[i]);
}

static void row_line(struct bpfl_buf *out, const struct bpfl_live *row)
{
	bpfl_buf_printf(out, "%-4s %-6u %-16s %-16s", kind_names[row->kind], row->id, row->type,
			row->kind == BPFL_LIVE_LINK ? BPFL_ESC(row->detail ? row->detail : "") : BPFL_ESC(row->name));
	numbers_line(out, row);
	for (size_t i = 0; i < row->pins.nr; i++)
		bpfl_buf_printf(out, "%s%s", i ? "," : "  pin ", BPFL_ESC(row->pins.items[i]));
	for (size_t i = 0; i < row->holders.nr; i++)
		bpfl_buf_printf(out, "%s%s(%d)", i ? "," : "  by ", BPFL_ESC(row->holders.items[i].comm),
				row->holders.items[i].pid);
	if (row->metadata)
		bpfl_buf_printf(out, "  metadata %s", row->metadata);
	if (row->object)
		bpfl_buf_printf(out, "  object %s", BPFL_ESC(row->object));
	bpfl_buf_char(out, '\n');
}

/* ---- JSON ---- */

static void number(struct bpfl_json *json, const char *key, uint64_t value)
{
	bpfl_json_key(json, key);
	bpfl_json_u64(json, value);
}

static void text(struct bpfl_json *json, const char *key, const char *value)
{
	bpfl_json_key(json, key);
	bpfl_json_string(json, value);
}

static void text_or_null(struct bpfl_json *json, const char *key, const char *value)
{
	bpfl_json_key(json, key);
	if (value && value[0])
		bpfl_json_string(json, value);
	else
		bpfl_json_null(json);
}

static void numbers_json(struct bpfl_json *json, const struct bpfl_live *row)
{
	char tag[17];

	switch (row->kind) {
	case BPFL_LIVE_PROG:
		text(json, "tag", tag_text(row, tag));
		number(json, "xlated_bytes", row->size_bytes);
		number(json, "btf_id", row->btf_id);
		break;
	case BPFL_LIVE_MAP:
		number(json, "key_size", row->key_size);
		number(json, "value_size", row->value_size);
		number(json, "max_entries", row->max_entries);
		number(json, "flags", row->flags);
		number(json, "btf_id", row->btf_id);
		break;
	case BPFL_LIVE_LINK:
		number(json, "prog_id", row->prog_id);
		text_or_null(json, "detail", row->detail);
		break;
	default:
		number(json, "bytes", row->size_bytes);
	}
}

static void row_json(struct bpfl_json *json, const struct bpfl_live *row)
{
	bpfl_json_object_begin(json);
	number(json, "v", 1);
	text(json, "type", kind_names[row->kind]);
	number(json, "id", row->id);
	text_or_null(json, "kind", row->type);
	if (row->kind != BPFL_LIVE_LINK)
		text_or_null(json, "name", row->name);
	numbers_json(json, row);
	bpfl_json_key(json, "map_ids");
	bpfl_json_array_begin(json);
	for (size_t i = 0; i < row->map_ids.nr; i++)
		bpfl_json_u64(json, row->map_ids.items[i]);
	bpfl_json_array_end(json);
	bpfl_json_key(json, "pins");
	bpfl_json_array_begin(json);
	for (size_t i = 0; i < row->pins.nr; i++)
		bpfl_json_string(json, row->pins.items[i]);
	bpfl_json_array_end(json);
	bpfl_json_key(json, "holders");
	bpfl_json_array_begin(json);
	for (size_t i = 0; i < row->holders.nr; i++) {
		bpfl_json_object_begin(json);
		number(json, "pid", (uint64_t)row->holders.items[i].pid);
		text(json, "comm", row->holders.items[i].comm);
		bpfl_json_object_end(json);
	}
	bpfl_json_array_end(json);
	if (row->metadata_json) {
		bpfl_json_key(json, "metadata");
		bpfl_json_number(json, row->metadata_json); /* verbatim: it is JSON already */
	}
	text_or_null(json, "object", row->object);
	bpfl_json_object_end(json);
}

int bpfl_listing_text(const struct bpfl_listing *listing, enum bpfl_format format, char **ret_text,
		      struct bpfl_error *err)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	char *result;

	for (size_t i = 0; i < listing->rows.nr; i++) {
		if (format == BPFL_FORMAT_JSON) {
			struct bpfl_json json;

			bpfl_json_init(&json, &out);
			row_json(&json, &listing->rows.items[i]);
			bpfl_buf_char(&out, '\n');
		} else {
			row_line(&out, &listing->rows.items[i]);
		}
	}
	bpfl_buf_text(&out, ""); /* nothing loaded is no text, not no memory */
	result = bpfl_buf_take(&out);
	if (!result)
		return bpfl_error_nomem(err);
	*ret_text = result;
	return 0;
}
