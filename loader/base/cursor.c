/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/cursor.c: checked reads. Each goes through cursor_bytes, so there is one comparison to get right.
 */
#include "base/cursor.h"

#include <errno.h>
#include <string.h>

int bpfl_cursor_seek(struct bpfl_cursor *cursor, uint64_t pos)
{
	if (pos > cursor->size)
		return -ERANGE;
	cursor->pos = pos;
	return 0;
}

int bpfl_cursor_bytes(struct bpfl_cursor *cursor, uint64_t size, const uint8_t **ret)
{
	if (!bpfl_in_range(cursor->pos, size, cursor->size))
		return -ERANGE;
	*ret = cursor->bytes + cursor->pos;
	cursor->pos += size;
	return 0;
}

int bpfl_cursor_skip(struct bpfl_cursor *cursor, uint64_t size)
{
	const uint8_t *ignored;

	return bpfl_cursor_bytes(cursor, size, &ignored);
}

int bpfl_cursor_u8(struct bpfl_cursor *cursor, uint8_t *ret)
{
	const uint8_t *bytes;

	if (bpfl_cursor_bytes(cursor, sizeof(*ret), &bytes) < 0)
		return -ERANGE;
	*ret = *bytes;
	return 0;
}

int bpfl_cursor_u16(struct bpfl_cursor *cursor, uint16_t *ret)
{
	const uint8_t *bytes;
	uint16_t value;

	if (bpfl_cursor_bytes(cursor, sizeof(value), &bytes) < 0)
		return -ERANGE;
	memcpy(&value, bytes, sizeof(value));
	*ret = cursor->swap ? __builtin_bswap16(value) : value;
	return 0;
}

int bpfl_cursor_u32(struct bpfl_cursor *cursor, uint32_t *ret)
{
	const uint8_t *bytes;
	uint32_t value;

	if (bpfl_cursor_bytes(cursor, sizeof(value), &bytes) < 0)
		return -ERANGE;
	memcpy(&value, bytes, sizeof(value));
	*ret = cursor->swap ? __builtin_bswap32(value) : value;
	return 0;
}

int bpfl_cursor_u64(struct bpfl_cursor *cursor, uint64_t *ret)
{
	const uint8_t *bytes;
	uint64_t value;

	if (bpfl_cursor_bytes(cursor, sizeof(value), &bytes) < 0)
		return -ERANGE;
	memcpy(&value, bytes, sizeof(value));
	*ret = cursor->swap ? __builtin_bswap64(value) : value;
	return 0;
}

int bpfl_cursor_cstr(struct bpfl_cursor *cursor, const char **ret)
{
	const uint8_t *start = cursor->bytes + cursor->pos;
	const uint8_t *end;

	if (bpfl_cursor_left(cursor) == 0)
		return -ERANGE;
	end = memchr(start, '\0', (size_t)bpfl_cursor_left(cursor));
	if (!end)
		return -ERANGE;
	*ret = (const char *)start;
	cursor->pos += (uint64_t)(end - start) + 1;
	return 0;
}
