/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/put.c: numbers, text, addresses and times as characters.
 *
 * This runs for every field of every record, so numbers are written by hand instead of through printf(): a
 * table of eight columns comes out at several million lines a second. Strings are what a program read from
 * other processes: no control character gets through.
 */
#include "event/field.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/json.h"
#include "base/utf8.h"

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

void bpfl_put_s64(struct bpfl_buf *out, int64_t value)
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

/* ---- text ---- */

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* In a table a quote is harmless; a backslash is doubled everywhere, so that an escape cannot be forged. */
static void put_escaped(struct bpfl_buf *out, const unsigned char *text, size_t size, bool quoted)
{
	for (size_t i = 0, len; i < size; i += len ? len : 1) {
		len = bpfl_utf8_printable(text + i, size - i);
		if (text[i] == '\n')
			bpfl_buf_text(out, "\\n");
		else if (text[i] == '\t')
			bpfl_buf_text(out, "\\t");
		else if (text[i] == '\\' || (text[i] == '"' && quoted))
			bpfl_buf_append(out, (char[]){ '\\', (char)text[i] }, 2);
		else if (len == 0)
			bpfl_buf_printf(out, "\\x%02x", text[i]);
		else
			bpfl_buf_append(out, text + i, len);
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
void bpfl_put_word(struct bpfl_buf *out, const char *word, enum bpfl_style style)
{
	if (style == BPFL_STYLE_JSON)
		bpfl_put_text(out, word, strlen(word), style);
	else
		bpfl_buf_text(out, word);
}

/* ---- addresses ---- */

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

void bpfl_put_address(const uint8_t *bytes, bool is_v6, const uint16_t *port, enum bpfl_style style,
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
	bpfl_put_word(out, text, style);
}

/* ---- times and sizes ---- */

void bpfl_put_wall_time(struct bpfl_buf *out, int64_t ns, enum bpfl_style style)
{
	time_t seconds = (time_t)(ns / 1000000000);
	uint64_t rest = (uint64_t)(ns % 1000000000);
	struct tm parts;

	if (ns < 0) {
		bpfl_put_s64(out, ns);
		return;
	}
	if (style == BPFL_STYLE_JSON) {
		gmtime_r(&seconds, &parts);
		bpfl_buf_printf(out, "\"%04d-%02d-%02dT%02d:%02d:%02d.%09" PRIu64 "Z\"", parts.tm_year + 1900,
				parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, rest);
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
void bpfl_put_scaled(struct bpfl_buf *out, uint64_t value, uint64_t step, const char *const *units, unsigned nr_units)
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

