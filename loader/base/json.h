/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/json: writes JSON into a buffer.
 *
 * The writer knows where commas go. begin/end pairs nest up to 64 levels. Strings are escaped; bytes that are not UTF-8
 * come out as \u00XX of the byte. There is no reader: nothing of ours reads JSON.
 */
#ifndef BPFL_BASE_JSON_H
#define BPFL_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"

struct bpfl_json {
	struct bpfl_buf *out; /* borrowed */
	unsigned depth;
	uint64_t has_items; /* bit per level: a comma is due before the next item */
	bool after_key;
};

void bpfl_json_init(struct bpfl_json *json, struct bpfl_buf *out);
void bpfl_json_object_begin(struct bpfl_json *json);
void bpfl_json_object_end(struct bpfl_json *json);
void bpfl_json_array_begin(struct bpfl_json *json);
void bpfl_json_array_end(struct bpfl_json *json);
void bpfl_json_key(struct bpfl_json *json, const char *key);
void bpfl_json_string(struct bpfl_json *json, const char *text);
void bpfl_json_string_sized(struct bpfl_json *json, const char *text, size_t size);
void bpfl_json_u64(struct bpfl_json *json, uint64_t value);
void bpfl_json_s64(struct bpfl_json *json, int64_t value);
/* A number that is text already ("0.5"); the caller vouches that JSON knows its form. */
void bpfl_json_number(struct bpfl_json *json, const char *text);
void bpfl_json_bool(struct bpfl_json *json, bool value);
void bpfl_json_null(struct bpfl_json *json);

/* A key and its value in one: what most members are. */
void bpfl_json_member_string(struct bpfl_json *json, const char *key, const char *text);
void bpfl_json_member_u64(struct bpfl_json *json, const char *key, uint64_t value);
void bpfl_json_member_s64(struct bpfl_json *json, const char *key, int64_t value);
void bpfl_json_member_bool(struct bpfl_json *json, const char *key, bool value);

#endif
