/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/cursor: the only door through which bytes of a file enter.
 *
 * A cursor reads forward through a range of bytes, in the file's byte order, and checks every step. On failure
 * nothing moves, the result is untouched, and the return is -ERANGE; `pos` is where the failed read
 * began, which is what an error message wants to say.
 */
#ifndef BPFL_BASE_CURSOR_H
#define BPFL_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpfl_cursor {
	const uint8_t *bytes;
	uint64_t size; /* of bytes */
	uint64_t pos;  /* next byte to read, <= size */
	bool swap;     /* the file's byte order is not ours */
};

static inline struct bpfl_cursor bpfl_cursor_make(const void *bytes, uint64_t size, bool swap)
{
	struct bpfl_cursor cursor = { (const uint8_t *)bytes, size, 0, swap };
	return cursor;
}

/* True when [off, off + len) lies inside [0, size), without overflow. */
static inline bool bpfl_in_range(uint64_t off, uint64_t len, uint64_t size)
{
	return off <= size && len <= size - off;
}

static inline uint64_t bpfl_cursor_left(const struct bpfl_cursor *cursor)
{
	return cursor->size - cursor->pos;
}

int bpfl_cursor_seek(struct bpfl_cursor *cursor, uint64_t pos);
int bpfl_cursor_skip(struct bpfl_cursor *cursor, uint64_t size);
int bpfl_cursor_u8(struct bpfl_cursor *cursor, uint8_t *ret);
int bpfl_cursor_u16(struct bpfl_cursor *cursor, uint16_t *ret);
int bpfl_cursor_u32(struct bpfl_cursor *cursor, uint32_t *ret);
int bpfl_cursor_u64(struct bpfl_cursor *cursor, uint64_t *ret);
/* A view of the next size bytes: borrowed from the range, valid as long as the range is. */
int bpfl_cursor_bytes(struct bpfl_cursor *cursor, uint64_t size, const uint8_t **ret);
/* A NUL-terminated string at the cursor: -ERANGE when the range ends before its NUL. Borrowed. */
int bpfl_cursor_cstr(struct bpfl_cursor *cursor, const char **ret);

#endif
