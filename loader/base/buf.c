/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/buf.c: growing memory, doubled as needed. See buf.h for the contract.
 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bpfl_buf_deinit(struct bpfl_buf *buf)
{
	if (!buf)
		return;
	free(buf->data);
	memset(buf, 0, sizeof(*buf));
}

static bool buf_resize(struct bpfl_buf *buf, size_t cap)
{
	char *data = realloc(buf->data, cap);

	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->cap = cap;
	return true;
}

bool bpfl_buf_reserve(struct bpfl_buf *buf, size_t size)
{
	if (buf->failed || size >= SIZE_MAX / 2) {
		buf->failed = true;
		return false;
	}
	return size < buf->cap || buf_resize(buf, size + 1);
}

/* Room for extra bytes and a NUL. */
static bool buf_grow(struct bpfl_buf *buf, size_t extra)
{
	size_t cap = buf->cap ? buf->cap : 64;

	if (buf->failed)
		return false;
	if (extra >= SIZE_MAX / 2 - buf->size) {
		buf->failed = true;
		return false;
	}
	if (buf->data && buf->size + extra < buf->cap)
		return true;
	while (cap <= buf->size + extra)
		cap *= 2;
	return buf_resize(buf, cap);
}

void bpfl_buf_append(struct bpfl_buf *buf, const void *bytes, size_t size)
{
	if (!buf_grow(buf, size))
		return;
	if (size > 0)
		memcpy(buf->data + buf->size, bytes, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
}

void bpfl_buf_text(struct bpfl_buf *buf, const char *text)
{
	bpfl_buf_append(buf, text, strlen(text));
}

void bpfl_buf_char(struct bpfl_buf *buf, char c)
{
	bpfl_buf_append(buf, &c, 1);
}

void bpfl_buf_vprintf(struct bpfl_buf *buf, const char *fmt, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0) {
		buf->failed = true;
		return;
	}
	if (!buf_grow(buf, (size_t)len))
		return;
	vsnprintf(buf->data + buf->size, (size_t)len + 1, fmt, args);
	buf->size += (size_t)len;
}

void bpfl_buf_printf(struct bpfl_buf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	bpfl_buf_vprintf(buf, fmt, args);
	va_end(args);
}

void bpfl_buf_align(struct bpfl_buf *buf, size_t align)
{
	static const char zeroes[64];
	size_t missing = (align - buf->size % align) % align;

	while (missing > 0) {
		size_t part = missing < sizeof(zeroes) ? missing : sizeof(zeroes);

		bpfl_buf_append(buf, zeroes, part);
		missing -= part;
	}
}

bool bpfl_buf_ok(const struct bpfl_buf *buf)
{
	return !buf->failed;
}

char *bpfl_buf_take(struct bpfl_buf *buf)
{
	char *data;

	if (buf_grow(buf, 0))
		buf->data[buf->size] = '\0';
	data = buf->failed ? NULL : buf->data;
	if (buf->failed)
		free(buf->data);
	memset(buf, 0, sizeof(*buf));
	return data;
}

void *bpfl_vec_grow(void *items_field, size_t *nr, size_t *cap, size_t item_size)
{
	char *items;

	/* The field is a T *, read and written as bytes: a void ** to it would break the aliasing rules. */
	memcpy(&items, items_field, sizeof(items));
	if (*nr == *cap) {
		size_t new_cap = *cap ? *cap * 2 : 8;
		char *grown;

		if (new_cap > SIZE_MAX / 2 / item_size)
			return NULL;
		grown = realloc(items, new_cap * item_size);
		if (!grown)
			return NULL;
		items = grown;
		*cap = new_cap;
		memcpy(items_field, &items, sizeof(items));
	}
	memset(items + *nr * item_size, 0, item_size);
	*nr += 1;
	return items + (*nr - 1) * item_size;
}

bool bpfl_vec_reserve(void *items_field, size_t *cap, size_t nr, size_t item_size)
{
	char *items;

	if (nr <= *cap)
		return true;
	if (nr > SIZE_MAX / 2 / item_size)
		return false;
	memcpy(&items, items_field, sizeof(items));
	items = realloc(items, nr * item_size);
	if (!items)
		return false;
	memcpy(items_field, &items, sizeof(items));
	*cap = nr;
	return true;
}

char *bpfl_strdup(const char *text)
{
	return bpfl_strndup(text, SIZE_MAX);
}

char *bpfl_strndup(const char *text, size_t size)
{
	size_t len = strnlen(text, size);
	char *copy = malloc(len + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

void *bpfl_memdup(const void *bytes, size_t size)
{
	void *copy = malloc(size ? size : 1);

	if (copy && size)
		memcpy(copy, bytes, size);
	return copy;
}
