/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/field.c: bytes of one field -> text. See field.h.
 *
 * The bytes become a number, a piece of text or an address here; how those are written is in put.c, what
 * numbers are called in words.c.
 */
#include "event/field.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/cursor.h"
#include "base/json.h"
#include "btf/bits.h"
#include "btf/value.h"

#define PERF_PADDING_MAX 7u
#define USER_STACK_ID_OFF 20u /* in struct gadget_user_stack: behind an inode and a time of 64 and of 32 bits */

/* ---- numbers ---- */

static bool is_signed_field(const struct bpfl_layout *layout, const struct bpfl_field *field)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(layout->btf, field->type_id, NULL);
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);

	if (kind == BPFL_KIND_INT)
		return bpfl_btf_int_encoding(type) & BPFL_INT_SIGNED;
	return (kind == BPFL_KIND_ENUM || kind == BPFL_KIND_ENUM64) && bpfl_btf_kflag(type);
}

/* The unsigned bits of a scalar of up to 8 bytes. */
static bool load(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, uint64_t *ret)
{
	const uint8_t *bytes = ctx->data + field->byte_off;
	union { uint8_t u8; uint16_t u16; uint32_t u32; uint64_t u64; } value;

	if (field->bit_size > 0) {
		uint32_t nr_bytes = (field->bit_off + field->bit_size + 7) / 8;

		if (!bpfl_in_range(field->byte_off, nr_bytes, ctx->size))
			return false;
		*ret = bpfl_btf_bits_load(bytes, field->bit_off, field->bit_size, BPFL_BTF_BIG_ENDIAN).lo;
		return true;
	}
	if (!bpfl_in_range(field->byte_off, field->size, ctx->size))
		return false;
	switch (field->size) {
	case 1:
		*ret = *bytes;
		return true;
	case 2:
		memcpy(&value.u16, bytes, 2);
		*ret = value.u16;
		return true;
	case 4:
		memcpy(&value.u32, bytes, 4);
		*ret = value.u32;
		return true;
	case 8:
		memcpy(&value.u64, bytes, 8);
		*ret = value.u64;
		return true;
	default:
		return false;
	}
}

static int64_t as_signed(const struct bpfl_field *field, uint64_t value)
{
	uint32_t bits = field->bit_size > 0 ? field->bit_size : field->size * 8;

	return bpfl_btf_bits_signed(bits < 64 ? value & ((1ull << bits) - 1) : value, bits);
}

bool bpfl_field_is_number(const struct bpfl_field *field)
{
	switch (field->form) {
	case BPFL_FORM_STRING:
	case BPFL_FORM_STRINGS:
	case BPFL_FORM_VALUE:
	case BPFL_FORM_IPV4:
	case BPFL_FORM_IPV6:
	case BPFL_FORM_MAC:
	case BPFL_FORM_ENDPOINT:
	case BPFL_FORM_USER_STACK:
	case BPFL_FORM_RAW:
	case BPFL_FORM_PREFIX:
	case BPFL_NR_FORMS:
		return false;
	default:
		return true;
	}
}

bool bpfl_field_number(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, uint64_t *ret_value,
		       bool *ret_signed)
{
	uint64_t value;

	if (!bpfl_field_is_number(field))
		return false;
	if (!load(ctx, field, &value))
		return false;
	*ret_signed = field->form == BPFL_FORM_SINT ||
		      (field->form != BPFL_FORM_UINT && is_signed_field(ctx->layout, field));
	if (field->form == BPFL_FORM_PORT && !BPFL_BTF_BIG_ENDIAN)
		value = (value & 0xff) << 8 | value >> 8;
	*ret_value = *ret_signed ? (uint64_t)as_signed(field, value) : value;
	return true;
}

/* ---- text ---- */

/* The bytes that a string field has in this record, before looking for NULs. False: the record ends before it. */
static bool text_bounds(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, const char **ret_text,
			size_t *ret_size, bool *ret_is_list)
{
	size_t room, size = field->size;
	uint64_t length;

	if (field->byte_off > ctx->size || (field->byte_off == ctx->size && !(field->is_tail && ctx->size > 0)))
		return false;
	room = ctx->size - field->byte_off;
	*ret_is_list = field->form == BPFL_FORM_STRINGS || (field->is_tail && (size == 0 || size > room));
	if (size == 0 || size > room)
		size = room;
	if (field->len_field != BPFL_NO_FIELD && load(ctx, &ctx->layout->fields.items[field->len_field], &length)) {
		size = length < size ? (size_t)length : size;
		*ret_is_list = true;
	} else if (*ret_is_list && ctx->is_padded && size == room) {
		const char *text = (const char *)ctx->data + field->byte_off;
		const char *end = memrchr(text, '\0', size);

		/* Behind the last NUL is padding, if it is that short. */
		if (end && (size_t)(text + size - end) <= PERF_PADDING_MAX + 1)
			size = (size_t)(end - text);
	}
	*ret_text = (const char *)ctx->data + field->byte_off;
	*ret_size = size;
	return true;
}

bool bpfl_field_text(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, const char **ret_text,
		     size_t *ret_size)
{
	bool is_list;

	if ((field->form != BPFL_FORM_STRING && field->form != BPFL_FORM_STRINGS) ||
	    !text_bounds(ctx, field, ret_text, ret_size, &is_list))
		return false;
	if (!is_list)
		*ret_size = strnlen(*ret_text, *ret_size);
	while (*ret_size > 0 && (*ret_text)[*ret_size - 1] == '\0')
		*ret_size -= 1;
	return true;
}

static bool put_string(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, enum bpfl_style style,
		       struct bpfl_buf *out)
{
	struct bpfl_buf *joined = ctx->scratch;
	const char *text;
	size_t size;

	if (!bpfl_field_text(ctx, field, &text, &size))
		return false;
	if (memchr(text, '\0', size)) { /* several strings: joined by blanks */
		joined->size = 0;
		bpfl_buf_append(joined, text, size);
		if (joined->failed) {
			out->failed = true;
			return true;
		}
		text = joined->data;
		for (size_t i = 0; i < size; i++)
			joined->data[i] = joined->data[i] ? joined->data[i] : ' ';
	}
	bpfl_put_text(out, text, size, style);
	return true;
}

/* ---- forms ---- */

static void put_enum(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, uint64_t value,
		     enum bpfl_style style, struct bpfl_buf *out)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(ctx->layout->btf, field->type_id, NULL);
	uint32_t bits = field->bit_size ? field->bit_size : field->size * 8;
	uint64_t mask = bits >= 64 ? UINT64_MAX : (1ull << bits) - 1;

	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		const struct bpfl_btf_enum64 *wide = &bpfl_btf_enums64(type)[i];
		const struct bpfl_btf_enum *narrow = &bpfl_btf_enums(type)[i];
		bool is_narrow = bpfl_btf_kind(type) == BPFL_KIND_ENUM;
		uint64_t item = is_narrow ? (uint64_t)(int64_t)narrow->value
					  : (uint64_t)wide->value_hi32 << 32 | wide->value_lo32;

		if (((item ^ value) & mask) == 0) {
			const char *name = bpfl_btf_string(ctx->layout->btf,
							   is_narrow ? narrow->name_off : wide->name_off);

			bpfl_put_text(out, name, strlen(name), style == BPFL_STYLE_JSON ? style : BPFL_STYLE_CELL);
			return;
		}
	}
	if (bpfl_btf_kflag(type))
		bpfl_put_s64(out, as_signed(field, value & mask));
	else
		bpfl_put_u64(out, value & mask);
}

static bool put_bytes_form(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, enum bpfl_style style,
			   struct bpfl_buf *out)
{
	const uint8_t *bytes = ctx->data + field->byte_off;
	static const uint8_t zeroes[12];
	uint16_t port;
	bool is_v6;
	char text[24];

	if (!bpfl_in_range(field->byte_off, field->size, ctx->size))
		return false;
	switch (field->form) {
	case BPFL_FORM_IPV4:
	case BPFL_FORM_IPV6:
		bpfl_put_address(bytes, field->form == BPFL_FORM_IPV6, NULL, style, out);
		return true;
	case BPFL_FORM_MAC:
		snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3],
			 bytes[4], bytes[5]);
		bpfl_put_word(out, text, style);
		return true;
	default: /* ENDPOINT; the port is in host order; the version may stand behind the field */
		if (field->version_off != UINT16_MAX &&
		    !bpfl_in_range(field->byte_off, (size_t)field->version_off + 1, ctx->size))
			return false;
		is_v6 = field->version_off == UINT16_MAX ? memcmp(bytes + 4, zeroes, sizeof(zeroes)) != 0 :
							   bytes[field->version_off] == 6;
		memcpy(&port, bytes + field->port_off, sizeof(port));
		bpfl_put_address(bytes, is_v6, field->port_off ? &port : NULL, style, out);
		return true;
	}
}

/* What a number is called; NULL: nothing is known. */
static const char *word_of(const struct bpfl_field_ctx *ctx, enum bpfl_form form, uint64_t value)
{
	struct bpfl_lookups *lookups = ctx->lookups;

	switch (form) {
	case BPFL_FORM_ERRNO: return bpfl_errno_word(value);
	case BPFL_FORM_SIGNAL: return bpfl_signal_name(value);
	case BPFL_FORM_SYSCALL: return bpfl_syscall_name(value);
	case BPFL_FORM_PROTOCOL: return bpfl_protocol_name(value);
	case BPFL_FORM_USER:
		return lookups && value <= UINT32_MAX
			       ? bpfl_account_name(&lookups->users, "/etc/passwd", (uint32_t)value)
			       : NULL;
	case BPFL_FORM_GROUP:
		return lookups && value <= UINT32_MAX
			       ? bpfl_account_name(&lookups->groups, "/etc/group", (uint32_t)value)
			       : NULL;
	default: return NULL;
	}
}

/*
 * A number by its name, or as a number when it has none. Errors are often negative, as functions of the
 * kernel return them.
 */
static void put_named(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, uint64_t value,
		      enum bpfl_style style, struct bpfl_buf *out)
{
	bool is_negative = field->form == BPFL_FORM_ERRNO && as_signed(field, value) < 0;
	const char *word = word_of(ctx, field->form, is_negative ? 0 - (uint64_t)as_signed(field, value) : value);
	bool quoted = style == BPFL_STYLE_JSON && (word || field->is_words);

	if (word && !is_negative) { /* accounts may be called anything */
		bpfl_put_text(out, word, strlen(word), quoted ? BPFL_STYLE_JSON : BPFL_STYLE_CELL);
		return;
	}
	if (quoted)
		bpfl_buf_char(out, '"');
	if (is_negative)
		bpfl_buf_char(out, '-');
	if (word)
		bpfl_put_text(out, word, strlen(word), BPFL_STYLE_CELL);
	else
		bpfl_put_u64(out, is_negative ? 0 - (uint64_t)as_signed(field, value) : value);
	if (quoted)
		bpfl_buf_char(out, '"');
}

static void put_flags(const struct bpfl_field *field, uint64_t value, enum bpfl_style style, struct bpfl_buf *out)
{
	if (style == BPFL_STYLE_JSON)
		bpfl_buf_char(out, '"');
	if (field->form == BPFL_FORM_MODE)
		bpfl_put_file_mode(out, value);
	else
		bpfl_put_open_flags(out, value);
	if (style == BPFL_STYLE_JSON)
		bpfl_buf_char(out, '"');
}

/* A stack is the id by which a map has it: its frames come below the line (event/stack.c). */
static void put_stack(int32_t id, enum bpfl_style style, struct bpfl_buf *out)
{
	char text[32];

	if (id < 0)
		snprintf(text, sizeof(text), "no stack (%s)",
			 bpfl_errno_word((uint64_t)-(int64_t)id) ? bpfl_errno_word((uint64_t)-(int64_t)id) : "-");
	else
		snprintf(text, sizeof(text), "stack %d", id);
	bpfl_put_word(out, text, style);
}

/* A duration or a size: scaled for people. In JSON only where the plain number stands beside it. */
static bool put_unit(const struct bpfl_field *field, uint64_t value, enum bpfl_style style, struct bpfl_buf *out)
{
	static const char *const time_units[] = { "ns", "us", "ms", "s" };
	static const char *const size_units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	bool quoted = style == BPFL_STYLE_JSON;

	if (quoted && !field->is_words)
		return false;
	if (quoted)
		bpfl_buf_char(out, '"');
	if (field->form == BPFL_FORM_DURATION)
		bpfl_put_scaled(out, value, 1000, time_units, 4);
	else
		bpfl_put_scaled(out, value, 1024, size_units, 5);
	if (quoted)
		bpfl_buf_char(out, '"');
	return true;
}

static void put_number(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, uint64_t value,
		       bool is_signed, enum bpfl_style style, struct bpfl_buf *out)
{
	char text[24];

	switch (field->form) {
	case BPFL_FORM_HEX:
		snprintf(text, sizeof(text), "0x%" PRIx64, value);
		bpfl_put_word(out, text, style);
		return;
	case BPFL_FORM_BOOL:
		bpfl_buf_text(out, value ? "true" : "false");
		return;
	case BPFL_FORM_CHAR:
		if (style == BPFL_STYLE_JSON || value < 0x20 || value >= 0x7f)
			bpfl_put_s64(out, as_signed(field, value));
		else
			bpfl_put_text(out, (char[]){ (char)value }, 1, BPFL_STYLE_CELL);
		return;
	case BPFL_FORM_ENUM:
		put_enum(ctx, field, value, style, out);
		return;
	case BPFL_FORM_TIME:
		bpfl_put_wall_time(out, (int64_t)value + ctx->boot_to_wall_ns, style);
		return;
	case BPFL_FORM_ERRNO:
	case BPFL_FORM_SIGNAL:
	case BPFL_FORM_SYSCALL:
	case BPFL_FORM_USER:
	case BPFL_FORM_GROUP:
	case BPFL_FORM_PROTOCOL:
		put_named(ctx, field, value, style, out);
		return;
	case BPFL_FORM_MODE:
	case BPFL_FORM_OPEN_FLAGS:
		put_flags(field, value, style, out);
		return;
	case BPFL_FORM_KERNEL_STACK:
		put_stack((int32_t)value, style, out);
		return;
	case BPFL_FORM_DURATION:
	case BPFL_FORM_BYTES:
		if (!(is_signed && (int64_t)value < 0) && put_unit(field, value, style, out))
			return;
		break;
	default:
		break;
	}
	if (is_signed)
		bpfl_put_s64(out, (int64_t)value);
	else
		bpfl_put_u64(out, value);
}

/* ---- what needs no type ---- */

static bool put_bare(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, enum bpfl_style style,
		     struct bpfl_buf *out)
{
	const uint8_t *bytes = ctx->data + field->byte_off;
	uint32_t size = field->size, nr_bits;

	if (!bpfl_in_range(field->byte_off, size, ctx->size))
		return false;
	if (style == BPFL_STYLE_JSON)
		bpfl_buf_char(out, '"');
	if (field->form == BPFL_FORM_PREFIX && size > sizeof(nr_bits)) {
		memcpy(&nr_bits, bytes, sizeof(nr_bits));
		bytes += sizeof(nr_bits);
		size -= (uint32_t)sizeof(nr_bits);
		if (size == 4 || size == 16) {
			bpfl_put_address(bytes, size == 16, NULL, BPFL_STYLE_CELL, out);
		} else {
			for (uint32_t i = 0; i < size; i++)
				bpfl_buf_printf(out, "%02x", bytes[i]);
		}
		bpfl_buf_printf(out, "/%u", nr_bits);
	} else {
		for (uint32_t i = 0; i < size; i++)
			bpfl_buf_printf(out, "%s%02x", i ? " " : "", bytes[i]);
	}
	if (style == BPFL_STYLE_JSON)
		bpfl_buf_char(out, '"');
	return true;
}

static bool put_user_stack(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, enum bpfl_style style,
			   struct bpfl_buf *out)
{
	const uint8_t *bytes = ctx->data + field->byte_off;
	int32_t id;

	if (!bpfl_in_range(field->byte_off, field->size, ctx->size))
		return false;
	memcpy(&id, bytes + USER_STACK_ID_OFF, sizeof(id));
	put_stack(id, style, out);
	return true;
}

static bool put_value(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, enum bpfl_style style,
		      struct bpfl_buf *out)
{
	const uint8_t *bytes = ctx->data + field->byte_off;
	size_t room = field->byte_off < ctx->size ? ctx->size - field->byte_off : 0;
	struct bpfl_json json;

	if (room == 0 && !(field->size == 0 && field->is_tail))
		return false;
	if (!field->is_tail && field->size < room)
		room = field->size;
	if (style == BPFL_STYLE_JSON) {
		bpfl_json_init(&json, out);
		if (bpfl_btf_value_json(ctx->layout->btf, field->type_id, bytes, room, &json) == -EINVAL)
			bpfl_buf_text(out, "null");
	} else if (bpfl_btf_value_text(ctx->layout->btf, field->type_id, bytes, room, out) == -EINVAL) {
		bpfl_buf_char(out, '?');
	}
	return true;
}

bool bpfl_field_is_cut(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field)
{
	return field->form == BPFL_FORM_VALUE && !bpfl_in_range(field->byte_off, field->size, ctx->size);
}

bool bpfl_field_put(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, enum bpfl_style style,
		    struct bpfl_buf *out)
{
	uint64_t value;
	bool is_signed;

	switch (field->form) {
	case BPFL_FORM_STRING:
	case BPFL_FORM_STRINGS:
		return put_string(ctx, field, style, out);
	case BPFL_FORM_VALUE:
		return put_value(ctx, field, style, out);
	case BPFL_FORM_IPV4:
	case BPFL_FORM_IPV6:
	case BPFL_FORM_MAC:
	case BPFL_FORM_ENDPOINT:
		return put_bytes_form(ctx, field, style, out);
	case BPFL_FORM_RAW:
	case BPFL_FORM_PREFIX:
		return put_bare(ctx, field, style, out);
	case BPFL_FORM_USER_STACK:
		return put_user_stack(ctx, field, style, out);
	default:
		break;
	}
	if (!bpfl_field_number(ctx, field, &value, &is_signed))
		return false;
	put_number(ctx, field, value, is_signed, style, out);
	return true;
}

void bpfl_lookups_deinit(struct bpfl_lookups *lookups)
{
	bpfl_accounts_deinit(&lookups->users);
	bpfl_accounts_deinit(&lookups->groups);
}
