/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/utf8.c: what UTF-8 does on a terminal. See utf8.h.
 *
 * The width of a letter is that of wcwidth(3) for the large ranges: where the Unicode standard says Wide or
 * Fullwidth, and the combining marks. Nearly all text is ASCII, so eight bytes are looked at together.
 */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>
#include "base/text.h"

size_t bpfl_utf8_printable(const unsigned char *text, size_t left)
{
	size_t len = bpfl_text_utf8_len(text, left);

	if (len == 1 && (text[0] < 0x20 || text[0] == 0x7f))
		return 0;
	return len == 2 && text[0] == 0xc2 && text[1] < 0xa0 ? 0 : len;
}

static uint32_t letter_of(const unsigned char *text, size_t len)
{
	uint32_t letter = len == 1 ? text[0] : len == 2 ? text[0] & 0x1f : len == 3 ? text[0] & 0x0f : text[0] & 0x07;

	for (size_t i = 1; i < len; i++)
		letter = letter << 6 | (text[i] & 0x3f);
	return letter;
}

static unsigned letter_columns(uint32_t letter)
{
	static const struct { uint32_t first, last; uint8_t columns; } ranges[] = {
		{ 0x0300, 0x036f, 0 },	 { 0x0483, 0x0489, 0 },	  { 0x0591, 0x05bd, 0 },   { 0x064b, 0x065f, 0 },
		{ 0x1100, 0x115f, 2 },	 { 0x1ab0, 0x1aff, 0 },	  { 0x1dc0, 0x1dff, 0 },   { 0x200b, 0x200f, 0 },
		{ 0x2028, 0x202e, 0 },	 { 0x2060, 0x2064, 0 },	  { 0x20d0, 0x20f0, 0 },   { 0x231a, 0x231b, 2 },
		{ 0x23e9, 0x23ec, 2 },	 { 0x2e80, 0x303e, 2 },	  { 0x3041, 0x33ff, 2 },   { 0x3400, 0x4dbf, 2 },
		{ 0x4e00, 0x9fff, 2 },	 { 0xa000, 0xa4cf, 2 },	  { 0xa960, 0xa97c, 2 },   { 0xac00, 0xd7a3, 2 },
		{ 0xf900, 0xfaff, 2 },	 { 0xfe00, 0xfe0f, 0 },	  { 0xfe20, 0xfe2f, 0 },   { 0xfe30, 0xfe6f, 2 },
		{ 0xfeff, 0xfeff, 0 },	 { 0xff01, 0xff60, 2 },	  { 0xffe0, 0xffe6, 2 },   { 0x1f300, 0x1f64f, 2 },
		{ 0x1f680, 0x1f6ff, 2 }, { 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 }, { 0xe0100, 0xe01ef, 0 },
	};

	if (letter < ranges[0].first)
		return 1;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]) && ranges[i].first <= letter; i++) {
		if (letter <= ranges[i].last)
			return ranges[i].columns;
	}
	return 1;
}

static size_t ascii_prefix(const char *text, size_t size)
{
	size_t i = 0;
	uint64_t word;

	for (; i + sizeof(word) <= size; i += sizeof(word)) {
		memcpy(&word, text + i, sizeof(word));
		if (word & 0x8080808080808080ull)
			break;
	}
	while (i < size && (unsigned char)text[i] < 0x80)
		i++;
	return i;
}

/* How far so many columns go; *columns: in, the limit; out, what was taken. */
static size_t walk(const char *text, size_t size, size_t *columns)
{
	size_t room = *columns, used = 0, i = 0;

	while (i < size) {
		size_t plain = ascii_prefix(text + i, size - i), len, width;

		if (plain > room - used)
			plain = room - used;
		used += plain;
		i += plain;
		if (i == size || (used == room && (unsigned char)text[i] < 0x80))
			break;
		len = bpfl_text_utf8_len((const unsigned char *)text + i, size - i);
		width = len ? letter_columns(letter_of((const unsigned char *)text + i, len)) : 1;
		if (width > room - used)
			break;
		used += width;
		i += len ? len : 1;
	}
	*columns = used;
	return i;
}

size_t bpfl_utf8_columns(const char *text, size_t size)
{
	size_t columns = SIZE_MAX;

	walk(text, size, &columns);
	return columns;
}

size_t bpfl_text_fit(const char *text, size_t size, size_t columns)
{
	return walk(text, size, &columns);
}
