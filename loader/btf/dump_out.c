/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/dump_out.c: text, collected in one buffer and handed over when that is full.
 *
 * A kernel's header has three million characters in half a million pieces. So a piece costs a
 * comparison and a copy, nobody asks for errors in between (the first one is kept, what follows is
 * dropped), and each write is a large one.
 */
#include "btf/dump.h"

#include <errno.h>
#include <stdlib.h>

/*
 * How a byte of a name is written: letters, digits and '_' as they are, NUL as 0 (the end),
 * anything else as '_'. Rust and C++ names have such bytes.
 */
#define ROW_OF_16(c) c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c
static const char ident_map[256] = {
	0,   '_', '_', '_', '_', '_', '_', '_', '_', '_', '_', '_', '_', '_', '_', '_', ROW_OF_16('_'),
	ROW_OF_16('_'), '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '_', '_', '_', '_', '_', '_',
	'_', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
	'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', '_', '_', '_', '_', '_',
	'_', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
	'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '_', '_', '_', '_', '_',
	ROW_OF_16('_'), ROW_OF_16('_'), ROW_OF_16('_'), ROW_OF_16('_'),
	ROW_OF_16('_'), ROW_OF_16('_'), ROW_OF_16('_'), ROW_OF_16('_'),
};

int bpfl_dump_out_init(struct bpfl_dump_out *out, size_t size, bpfl_write_fn write, void *ctx)
{
	memset(out, 0, sizeof(*out));
	out->bytes = malloc(size);
	if (out->bytes == NULL)
		return -ENOMEM;
	out->at = out->bytes;
	out->end = out->bytes + size;
	out->write = write;
	out->ctx = ctx;
	out->left = UINT64_MAX;
	return 0;
}

void bpfl_dump_out_deinit(struct bpfl_dump_out *out)
{
	free(out->bytes);
	memset(out, 0, sizeof(*out));
}

int bpfl_dump_out_flush(struct bpfl_dump_out *out)
{
	size_t size = (size_t)(out->at - out->bytes);

	if (out->ret == 0 && size > out->left)
		out->ret = -E2BIG;
	if (out->ret == 0 && size > 0 && out->write != NULL) {
		out->left -= size;
		out->ret = out->write(out->ctx, out->bytes, size);
	}
	if (out->write != NULL || out->ret < 0)
		out->at = out->bytes;
	return out->ret;
}

void bpfl_dump_put_slow(struct bpfl_dump_out *out, const char *text, size_t size)
{
	while (size > 0) {
		size_t part = (size_t)(out->end - out->at);

		if (part == 0) {
			if (out->write == NULL || bpfl_dump_out_flush(out) < 0)
				return;
			continue;
		}
		part = size < part ? size : part;
		memcpy(out->at, text, part);
		out->at += part;
		text += part;
		size -= part;
	}
}

void bpfl_dump_put_u64(struct bpfl_dump_out *out, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	bpfl_dump_put(out, digits + at, sizeof(digits) - at);
}

void bpfl_dump_put_s64(struct bpfl_dump_out *out, int64_t value)
{
	if (value < 0)
		bpfl_dump_put_char(out, '-');
	bpfl_dump_put_u64(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void bpfl_dump_put_ident(struct bpfl_dump_out *out, const char *name)
{
	const unsigned char *from = (const unsigned char *)name;
	char c;

	if (*from >= '0' && *from <= '9') {
		bpfl_dump_put_char(out, '_');
		from++;
	}
	while ((c = ident_map[*from++]) != 0) {
		if (out->at == out->end) {
			bpfl_dump_put_slow(out, &c, 1);
			continue;
		}
		*out->at++ = c;
	}
}

void bpfl_dump_put_plain(struct bpfl_dump_out *out, const char *name)
{
	for (; *name != '\0'; name++)
		bpfl_dump_put_char(out, (unsigned char)*name < 0x20 || *name == 0x7f ? '?' : *name);
}

/*
 * Bytes that are not ASCII are written as the character of that number: what they were meant to be
 * is not known.
 */
void bpfl_dump_put_json(struct bpfl_dump_out *out, const char *text)
{
	static const char hex[] = "0123456789abcdef";

	bpfl_dump_put_char(out, '"');
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\') {
			bpfl_dump_put(out, (char[]){ '\\', (char)c }, 2);
		} else if (c < 0x20 || c >= 0x7f) {
			bpfl_dump_put(out, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
		} else {
			bpfl_dump_put_char(out, (char)c);
		}
	}
	bpfl_dump_put_char(out, '"');
}
