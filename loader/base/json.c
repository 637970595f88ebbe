/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/json.c: JSON out. The only state is "is a comma due", one bit per level.
 */
#include "base/json.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

#define JSON_DEPTH_MAX 63u

void bpfl_json_init(struct bpfl_json *json, struct bpfl_buf *out)
{
	memset(json, 0, sizeof(*json));
	json->out = out;
}

/* Before any value: the comma that separates it from the one before. */
static void item_begin(struct bpfl_json *json)
{
	uint64_t level = 1ull << json->depth;

	if (json->after_key) {
		json->after_key = false;
		return;
	}
	if (json->has_items & level)
		bpfl_buf_char(json->out, ',');
	json->has_items |= level;
}

static void nest(struct bpfl_json *json, char open)
{
	item_begin(json);
	bpfl_buf_char(json->out, open);
	if (json->depth < JSON_DEPTH_MAX)
		json->depth++;
	else
		json->out->failed = true;
	json->has_items &= ~(1ull << json->depth);
}

static void unnest(struct bpfl_json *json, char close)
{
	bpfl_buf_char(json->out, close);
	if (json->depth > 0)
		json->depth--;
}

void bpfl_json_object_begin(struct bpfl_json *json) { nest(json, '{'); }
void bpfl_json_object_end(struct bpfl_json *json) { unnest(json, '}'); }
void bpfl_json_array_begin(struct bpfl_json *json) { nest(json, '['); }
void bpfl_json_array_end(struct bpfl_json *json) { unnest(json, ']'); }

static void quoted(struct bpfl_json *json, const char *text, size_t size)
{
	static const char shorthand[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: byte, letter */
	const unsigned char *bytes = (const unsigned char *)text;

	bpfl_buf_char(json->out, '"');
	for (size_t i = 0; i < size;) {
		size_t len = bpfl_text_utf8_len(bytes + i, size - i);
		const char *pair = NULL;

		for (size_t p = 0; p + 1 < sizeof(shorthand) && !pair; p += 2) {
			if (shorthand[p] == text[i])
				pair = &shorthand[p + 1];
		}
		if (pair)
			bpfl_buf_printf(json->out, "\\%c", *pair);
		else if (bytes[i] < 0x20 || bytes[i] == 0x7f || len == 0)
			bpfl_buf_printf(json->out, "\\u%04x", bytes[i]);
		else
			bpfl_buf_append(json->out, text + i, len);
		i += len ? len : 1;
	}
	bpfl_buf_char(json->out, '"');
}

void bpfl_json_key(struct bpfl_json *json, const char *key)
{
	item_begin(json);
	quoted(json, key, strlen(key));
	bpfl_buf_char(json->out, ':');
	json->after_key = true;
}

void bpfl_json_string_sized(struct bpfl_json *json, const char *text, size_t size)
{
	item_begin(json);
	quoted(json, text, size);
}

void bpfl_json_string(struct bpfl_json *json, const char *text)
{
	bpfl_json_string_sized(json, text, strlen(text));
}

void bpfl_json_u64(struct bpfl_json *json, uint64_t value)
{
	item_begin(json);
	bpfl_buf_printf(json->out, "%" PRIu64, value);
}

void bpfl_json_s64(struct bpfl_json *json, int64_t value)
{
	item_begin(json);
	bpfl_buf_printf(json->out, "%" PRId64, value);
}

void bpfl_json_number(struct bpfl_json *json, const char *text)
{
	item_begin(json);
	bpfl_buf_text(json->out, text);
}

void bpfl_json_bool(struct bpfl_json *json, bool value)
{
	item_begin(json);
	bpfl_buf_text(json->out, value ? "true" : "false");
}

void bpfl_json_null(struct bpfl_json *json)
{
	item_begin(json);
	bpfl_buf_text(json->out, "null");
}

void bpfl_json_member_string(struct bpfl_json *json, const char *key, const char *text)
{
	bpfl_json_key(json, key);
	bpfl_json_string(json, text);
}

void bpfl_json_member_u64(struct bpfl_json *json, const char *key, uint64_t value)
{
	bpfl_json_key(json, key);
	bpfl_json_u64(json, value);
}

void bpfl_json_member_s64(struct bpfl_json *json, const char *key, int64_t value)
{
	bpfl_json_key(json, key);
	bpfl_json_s64(json, value);
}

void bpfl_json_member_bool(struct bpfl_json *json, const char *key, bool value)
{
	bpfl_json_key(json, key);
	bpfl_json_bool(json, value);
}
