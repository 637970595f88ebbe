/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/field.c: bytes of one field -> text. See field.h.
 *
 * This runs for every field of every record, so numbers are written by hand instead of through printf(): a table of eight columns
 * comes out at several million lines a second. Strings are what a program read from other processes: no control character gets through.
 */
#include "event/field.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/cursor.h"
#include "base/error.h"
#include "base/json.h"
#include "btf/bits.h"
#include "btf/value.h"

#define PERF_PADDING_MAX 7u

/* ---- numbers ---- */

void bpfl_put_u64(struct bpfl_buf *out, uint64_t value)
{
	char digits[20];
	char *at = digits + sizeof(digits);

	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	bpfl_buf_append(out, at, (size_t)(digits + sizeof(digits) - at));
}

static void put_s64(struct bpfl_buf *out, int64_t value)
{
	if (value < 0)
		bpfl_buf_char(out, '-');
	bpfl_put_u64(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* With leading zeroes, for times. */
static void put_padded(struct bpfl_buf *out, uint64_t value, unsigned nr_digits)
{
	char digits[20];

	for (unsigned i = nr_digits; i-- > 0; value /= 10)
		digits[i] = (char)('0' + value % 10);
	bpfl_buf_append(out, digits, nr_digits);
}

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

bool bpfl_field_number(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, uint64_t *ret_value,
		       bool *ret_signed)
{
	uint64_t value;

	switch (field->form) {
	case BPFL_FORM_STRING:
	case BPFL_FORM_STRINGS:
	case BPFL_FORM_VALUE:
	case BPFL_FORM_IPV4:
	case BPFL_FORM_IPV6:
	case BPFL_FORM_MAC:
	case BPFL_FORM_ENDPOINT:
	case BPFL_NR_FORMS:
		return false;
	default:
		break;
	}
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

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* In a table a quote is harmless; a backslash is doubled everywhere, so that an escape cannot be forged. */
static void put_escaped(struct bpfl_buf *out, const unsigned char *text, size_t size, bool quoted)
{
	for (size_t i = 0; i < size; i++) {
		bool is_c1 = text[i] == 0xc2 && i + 1 < size && text[i + 1] >= 0x80 && text[i + 1] <= 0x9f;

		if (text[i] == '\n')
			bpfl_buf_text(out, "\\n");
		else if (text[i] == '\t')
			bpfl_buf_text(out, "\\t");
		else if (text[i] == '\\' || (text[i] == '"' && quoted))
			bpfl_buf_append(out, (char[]){ '\\', (char)text[i] }, 2);
		else if (text[i] < 0x20 || text[i] == 0x7f || is_c1)
			bpfl_buf_printf(out, "\\x%02x", text[i]);
		else
			bpfl_buf_char(out, (char)text[i]);
		if (is_c1)
			bpfl_buf_printf(out, "\\x%02x", text[++i]);
	}
}

void bpfl_put_text(struct bpfl_buf *out, const char *text, size_t size, enum bpfl_style style)
{
	bool quoted = style != BPFL_STYLE_CELL;
	struct bpfl_json json;
	size_t plain = 0;

	while (plain < size && is_plain((unsigned char)text[plain]))
		plain++;
	if (plain < size && style == BPFL_STYLE_JSON) {
		bpfl_json_init(&json, out);
		bpfl_json_string_sized(&json, text, size);
		return;
	}
	if (quoted)
		bpfl_buf_char(out, '"');
	bpfl_buf_append(out, text, plain);
	if (plain < size)
		put_escaped(out, (const unsigned char *)text + plain, size - plain, quoted);
	if (quoted)
		bpfl_buf_char(out, '"');
}

/* A word of ours: in JSON it is a string. */
static void put_word(struct bpfl_buf *out, const char *word, enum bpfl_style style)
{
	if (style == BPFL_STYLE_JSON)
		bpfl_put_text(out, word, strlen(word), style);
	else
		bpfl_buf_text(out, word);
}

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
			const char *name = bpfl_btf_string(ctx->layout->btf, is_narrow ? narrow->name_off : wide->name_off);

			bpfl_put_text(out, name, strlen(name), style == BPFL_STYLE_JSON ? style : BPFL_STYLE_CELL);
			return;
		}
	}
	if (bpfl_btf_kflag(type))
		put_s64(out, as_signed(field, value & mask));
	else
		bpfl_put_u64(out, value & mask);
}

static void put_ipv6(const uint8_t bytes[16], char text[48])
{
	int best = -1, best_len = 1, at = 0;
	uint16_t groups[8];

	for (int i = 0; i < 8; i++)
		groups[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
	for (int i = 0; i < 8; i++) { /* the longest run of at least two zeroes becomes "::" */
		int len = 0;

		while (i + len < 8 && groups[i + len] == 0)
			len++;
		if (len > best_len) {
			best = i;
			best_len = len;
		}
	}
	if (best == 0 && best_len == 5 && groups[5] == 0xffff) {
		snprintf(text, 48, "::ffff:%u.%u.%u.%u", bytes[12], bytes[13], bytes[14], bytes[15]);
		return;
	}
	text[0] = '\0';
	for (int i = 0; i < 8; i++) {
		if (i == best) {
			at += snprintf(text + at, 48 - (size_t)at, "::");
			i += best_len - 1;
		} else {
			bool colon = i > 0 && !(best >= 0 && i == best + best_len);

			at += snprintf(text + at, 48 - (size_t)at, "%s%x", colon ? ":" : "", groups[i]);
		}
	}
}

static void put_address(const uint8_t *bytes, bool is_v6, const uint16_t *port, enum bpfl_style style,
			struct bpfl_buf *out)
{
	char address[48], text[64];

	if (is_v6)
		put_ipv6(bytes, address);
	else
		snprintf(address, sizeof(address), "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
	if (port)
		snprintf(text, sizeof(text), is_v6 ? "[%s]:%u" : "%s:%u", address, *port);
	else
		snprintf(text, sizeof(text), "%s", address);
	put_word(out, text, style);
}

static bool put_bytes_form(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, enum bpfl_style style,
			   struct bpfl_buf *out)
{
	const uint8_t *bytes = ctx->data + field->byte_off;
	uint16_t port;
	char text[24];

	if (!bpfl_in_range(field->byte_off, field->size, ctx->size))
		return false;
	switch (field->form) {
	case BPFL_FORM_IPV4:
	case BPFL_FORM_IPV6:
		put_address(bytes, field->form == BPFL_FORM_IPV6, NULL, style, out);
		return true;
	case BPFL_FORM_MAC:
		snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3], bytes[4],
			 bytes[5]);
		put_word(out, text, style);
		return true;
	default: /* ENDPOINT; the port is in host order */
		memcpy(&port, bytes + field->port_off, sizeof(port));
		put_address(bytes, bytes[field->version_off] == 6, field->port_off ? &port : NULL, style, out);
		return true;
	}
}

void bpfl_put_wall_time(struct bpfl_buf *out, int64_t ns, enum bpfl_style style)
{
	time_t seconds = (time_t)(ns / 1000000000);
	uint64_t rest = (uint64_t)(ns % 1000000000);
	struct tm parts;

	if (ns < 0) {
		put_s64(out, ns);
		return;
	}
	if (style == BPFL_STYLE_JSON) {
		gmtime_r(&seconds, &parts);
		bpfl_buf_printf(out, "\"%04d-%02d-%02dT%02d:%02d:%02d.%09" PRIu64 "Z\"", parts.tm_year + 1900, parts.tm_mon + 1,
				parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, rest);
		return;
	}
	localtime_r(&seconds, &parts);
	put_padded(out, (uint64_t)parts.tm_hour, 2);
	bpfl_buf_char(out, ':');
	put_padded(out, (uint64_t)parts.tm_min, 2);
	bpfl_buf_char(out, ':');
	put_padded(out, (uint64_t)parts.tm_sec, 2);
	bpfl_buf_char(out, '.');
	put_padded(out, rest / 1000, 6);
}

/* "1.5ms", "3KiB": three digits and a unit. */
static void put_scaled(struct bpfl_buf *out, uint64_t value, uint64_t step, const char *const *units, unsigned nr_units)
{
	double scaled = (double)value;
	unsigned unit = 0;

	while (scaled >= (double)step && unit + 1 < nr_units) {
		scaled /= (double)step;
		unit++;
	}
	if (unit == 0)
		bpfl_put_u64(out, value);
	else
		bpfl_buf_printf(out, scaled < 10 ? "%.2f" : scaled < 100 ? "%.1f" : "%.0f", scaled);
	bpfl_buf_text(out, units[unit]);
}

static void put_errno(struct bpfl_buf *out, int64_t value, enum bpfl_style style)
{
	int64_t number = value < 0 ? -value : value;
	const char *name = number > 0 && number < 4096 ? bpfl_errno_name((int)number) : NULL;
	char text[48];

	if (!name || strcmp(name, "errno") == 0) { /* the table has no name for it */
		put_s64(out, value);
		return;
	}
	snprintf(text, sizeof(text), "%s%s", value < 0 ? "-" : "", name);
	put_word(out, text, style);
}

static const char *signal_name(uint64_t number)
{
	static const char *const names[] = {
#define NAME(signal) [signal] = #signal
		NAME(SIGHUP), NAME(SIGINT), NAME(SIGQUIT), NAME(SIGILL), NAME(SIGTRAP), NAME(SIGABRT), NAME(SIGBUS),
		NAME(SIGFPE), NAME(SIGKILL), NAME(SIGUSR1), NAME(SIGSEGV), NAME(SIGUSR2), NAME(SIGPIPE), NAME(SIGALRM),
		NAME(SIGTERM), NAME(SIGCHLD), NAME(SIGCONT), NAME(SIGSTOP), NAME(SIGTSTP), NAME(SIGTTIN), NAME(SIGTTOU),
		NAME(SIGURG), NAME(SIGXCPU), NAME(SIGXFSZ), NAME(SIGVTALRM), NAME(SIGPROF), NAME(SIGWINCH), NAME(SIGIO),
		NAME(SIGPWR), NAME(SIGSYS),
#undef NAME
	};

	return number < sizeof(names) / sizeof(names[0]) ? names[number] : NULL;
}

static void put_number(const struct bpfl_field_ctx *ctx, const struct bpfl_field *field, uint64_t value,
		       bool is_signed, enum bpfl_style style, struct bpfl_buf *out)
{
	static const char *const time_units[] = { "ns", "us", "ms", "s" };
	static const char *const size_units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	char text[24];

	switch (field->form) {
	case BPFL_FORM_HEX:
		snprintf(text, sizeof(text), "0x%" PRIx64, value);
		put_word(out, text, style);
		return;
	case BPFL_FORM_BOOL:
		bpfl_buf_text(out, value ? "true" : "false");
		return;
	case BPFL_FORM_CHAR:
		if (style == BPFL_STYLE_JSON || value < 0x20 || value >= 0x7f)
			put_s64(out, as_signed(field, value));
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
		put_errno(out, as_signed(field, value), style);
		return;
	case BPFL_FORM_SIGNAL:
		if (signal_name(value))
			put_word(out, signal_name(value), style);
		else
			bpfl_put_u64(out, value);
		return;
	default:
		break;
	}
	if (style != BPFL_STYLE_JSON && field->form == BPFL_FORM_DURATION && !(is_signed && (int64_t)value < 0))
		put_scaled(out, value, 1000, time_units, 4);
	else if (style != BPFL_STYLE_JSON && field->form == BPFL_FORM_BYTES && !(is_signed && (int64_t)value < 0))
		put_scaled(out, value, 1024, size_units, 5);
	else if (is_signed)
		put_s64(out, (int64_t)value);
	else
		bpfl_put_u64(out, value);
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
	default:
		break;
	}
	if (!bpfl_field_number(ctx, field, &value, &is_signed))
		return false;
	put_number(ctx, field, value, is_signed, style, out);
	return true;
}
