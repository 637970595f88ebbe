/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/field: the value of one field of one record.
 */
#ifndef BPFL_EVENT_FIELD_H
#define BPFL_EVENT_FIELD_H

#include "event/layout.h"
#include "event/words.h"

enum bpfl_style {
	BPFL_STYLE_CELL,  /* of a table: strings as they are, control characters escaped */
	BPFL_STYLE_QUOTED, /* strings in quotes, where a blank would be misread */
	BPFL_STYLE_JSON,
};

/* What is asked of the machine while values are shown, and kept. */
struct bpfl_lookups {
	struct bpfl_accounts users, groups;
};

void bpfl_lookups_deinit(struct bpfl_lookups *lookups);

struct bpfl_field_ctx {
	const struct bpfl_layout *layout;
	const uint8_t *data; /* the record */
	size_t size;
	bool is_padded;	  /* from a perf buffer: the last bytes, up to 7, may be anything */
	int64_t boot_to_wall_ns; /* to be added to times since boot */
	struct bpfl_buf *scratch; /* for strings that are put together */
	struct bpfl_lookups *lookups; /* NULL: users and groups stay numbers */
};

/* The record ends inside of an array or a number that is shown as far as it goes. */
bool bpfl_field_is_cut(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field);
/* Writes a field. false, and nothing written: the record ends before it. */
bool bpfl_field_put(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, enum bpfl_style style,
		    struct bpfl_buf *out);
/* The members as they nest, as a JSON object. What the record does not reach is left out; true when something was. */
bool bpfl_record_json(const struct bpfl_field_ctx *ctx, struct bpfl_buf *out);
/* The same without the braces. */
bool bpfl_record_members(const struct bpfl_field_ctx *ctx, struct bpfl_buf *out);
/* Only these fields, flat; BPFL_NO_FIELD is left out. */
bool bpfl_columns_json(const struct bpfl_field_ctx *ctx, const uint32_t *field_idx, size_t nr, struct bpfl_buf *out);
/*
 * The field as a number. false: it has none (text, an array) or the record ends before it. ret_signed: read
 * it as signed.
 */
bool bpfl_field_number(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, uint64_t *ret_value,
		       bool *ret_signed);
/*
 * The bytes of a string field, without its NUL; false for other fields, or when there are none. Borrowed
 * from the record.
 */
bool bpfl_field_text(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, const char **ret_text,
		     size_t *ret_size);

/* Whether it is a number at all: by its form, not by a record. */
bool bpfl_field_is_number(const struct bpfl_field *field);

/* Text with control characters escaped; also with quotes, and as JSON. */
void bpfl_put_text(struct bpfl_buf *out, const char *text, size_t size, enum bpfl_style style);
void bpfl_put_u64(struct bpfl_buf *out, uint64_t value);
void bpfl_put_s64(struct bpfl_buf *out, int64_t value);
/* A word of ours: in JSON it is a string, elsewhere bare. */
void bpfl_put_word(struct bpfl_buf *out, const char *word, enum bpfl_style style);
/* port NULL: none. */
void bpfl_put_address(const uint8_t *bytes, bool is_v6, const uint16_t *port, enum bpfl_style style,
		      struct bpfl_buf *out);
/* "1.5ms", "3KiB": three digits and a unit, which is step times the one before. */
void bpfl_put_scaled(struct bpfl_buf *out, uint64_t value, uint64_t step, const char *const *units, unsigned nr_units);
/* Wall time of nanoseconds since 1970: "12:34:56.123456", in JSON "2026-01-31T12:34:56.123456789Z" in quotes. */
void bpfl_put_wall_time(struct bpfl_buf *out, int64_t ns, enum bpfl_style style);

#endif
