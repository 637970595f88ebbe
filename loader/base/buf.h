/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/buf: growing memory.
 *
 * struct bpfl_buf is a byte buffer that is also used to build text: it always keeps a NUL behind its last byte
 * (not counted in size). A failed allocation is remembered in `failed`: callers append freely and
 * ask once at the end (bpfl_buf_ok), so that building text has no error path per line.
 *
 * BPFL_VEC_PUSH grows a plain {T *items; size_t nr, cap} array.
 */
#ifndef BPFL_BASE_BUF_H
#define BPFL_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpfl_buf {
	char *data; /* NULL while empty */
	size_t size;
	size_t cap;
	bool failed;
};

#define BPFL_BUF_INIT { NULL, 0, 0, false }

void bpfl_buf_deinit(struct bpfl_buf *buf);
void bpfl_buf_append(struct bpfl_buf *buf, const void *bytes, size_t size);
void bpfl_buf_text(struct bpfl_buf *buf, const char *text);
void bpfl_buf_char(struct bpfl_buf *buf, char c);
void bpfl_buf_printf(struct bpfl_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void bpfl_buf_vprintf(struct bpfl_buf *buf, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));
/* Appends zeroes until size is a multiple of align (a power of two). */
void bpfl_buf_align(struct bpfl_buf *buf, size_t align);
/* False when any append ran out of memory. */
bool bpfl_buf_ok(const struct bpfl_buf *buf);
/*
 * Hands the memory over (to be freed with free()); never NULL unless an append failed. The buffer is empty
 * afterwards.
 */
char *bpfl_buf_take(struct bpfl_buf *buf);

/* Makes room for size bytes in all, exactly: for contents whose length is known beforehand. false without memory. */
bool bpfl_buf_reserve(struct bpfl_buf *buf, size_t size);

/*
 * Makes room for one more element in an array. Returns the new element (zeroed) or NULL without memory; nothing
 * changes then.
 * Used through BPFL_VEC_PUSH(&vec) where vec has members items, nr and cap; items_field is the address of items.
 */
void *bpfl_vec_grow(void *items_field, size_t *nr, size_t *cap, size_t item_size);

#define BPFL_VEC(type) struct { type *items; size_t nr; size_t cap; }
#define BPFL_VEC_PUSH(vec) \
	((__typeof__((vec)->items))bpfl_vec_grow(&(vec)->items, &(vec)->nr, &(vec)->cap, \
						 sizeof(*(vec)->items)))

/*
 * Makes room for nr elements in all, exactly: for arrays whose length is known beforehand. Nothing is added.
 * false without memory.
 */
bool bpfl_vec_reserve(void *items_field, size_t *cap, size_t nr, size_t item_size);

#define BPFL_VEC_RESERVE(vec, nr) bpfl_vec_reserve(&(vec)->items, &(vec)->cap, (nr), sizeof(*(vec)->items))

/* calloc for nr * size with overflow check is calloc itself; these two are here for symmetry. NULL without memory. */
char *bpfl_strdup(const char *text);
char *bpfl_strndup(const char *text, size_t size);
void *bpfl_memdup(const void *bytes, size_t size);

#endif
