/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/symbolize_table.c: names by address: an array that is sorted once and searched by halving. See symbolize.h.
 *
 * Tables come from files that anybody may have written: sizes are cut to what the record holds, and a symbol
 * without a size ends where the next begins, but not more than a megabyte on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "event/symbolize.h"

#define BARE_SIZE_MAX (1u << 20) /* of a symbol that does not say its size */
#define NR_BACK 16		 /* how far to look for a function that holds others */

static int add_name(struct bpfl_buf *names, const char *name, size_t len, uint32_t *ret_off)
{
	if (names->size == 0)
		bpfl_buf_char(names, '\0');
	if (names->size + len >= UINT32_MAX)
		return -ENOMEM;
	*ret_off = (uint32_t)names->size;
	bpfl_buf_append(names, name, len);
	bpfl_buf_char(names, '\0');
	return names->failed ? -ENOMEM : 0;
}

int bpfl_sym_table_add(struct bpfl_sym_table *table, uint64_t start, uint64_t size, const char *name, size_t name_len,
		       const char *module, uint32_t rank)
{
	const struct bpfl_sym *last = table->syms.nr ? &table->syms.items[table->syms.nr - 1] : NULL;
	struct bpfl_sym sym = { .start = start, .size = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX, .rank = rank };
	struct bpfl_sym *slot;
	int ret = 0;

	/* Symbols of a module stand together. */
	if (module && last && last->module_off && strcmp(table->names.data + last->module_off, module) == 0)
		sym.module_off = last->module_off;
	else if (module)
		ret = add_name(&table->names, module, strlen(module), &sym.module_off);
	if (ret == 0)
		ret = add_name(&table->names, name, name_len, &sym.name_off);
	slot = ret == 0 ? BPFL_VEC_PUSH(&table->syms) : NULL;
	if (!slot)
		return -ENOMEM;
	*slot = sym;
	return 0;
}

static int by_start(const void *left, const void *right)
{
	const struct bpfl_sym *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	/* The one to be shown stands last: that is where a search ends. A size is better than none. */
	if ((a->size == 0) != (b->size == 0))
		return a->size == 0 ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank > b->rank ? -1 : 1;
	return a->name_off > b->name_off ? -1 : a->name_off < b->name_off;
}

void bpfl_sym_table_sort(struct bpfl_sym_table *table)
{
	if (table->syms.nr > 1)
		qsort(table->syms.items, table->syms.nr, sizeof(*table->syms.items), by_start);
}

const struct bpfl_sym *bpfl_sym_table_find(const struct bpfl_sym_table *table, uint64_t addr)
{
	const struct bpfl_sym *syms = table->syms.items;
	size_t low = 0, high = table->syms.nr;

	while (low < high) { /* low: the first behind the address */
		size_t middle = low + (high - low) / 2;

		if (syms[middle].start <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t back = 0; back < NR_BACK && low > back; back++) {
		const struct bpfl_sym *sym = &syms[low - 1 - back];
		uint64_t off = addr - sym->start;

		if (sym->size ? off < sym->size : back == 0 && off < BARE_SIZE_MAX)
			return sym;
	}
	return NULL;
}

static const char *take_hex(const char *at, const char *end, uint64_t *ret)
{
	const char *start;

	*ret = 0;
	if (end - at > 2 && at[0] == '0' && at[1] == 'x')
		at += 2;
	for (start = at; at < end && at - start < 16; at++) {
		unsigned digit = (unsigned)(*at >= '0' && *at <= '9'                 ? *at - '0'
					    : (*at | 32) >= 'a' && (*at | 32) <= 'f' ? (*at | 32) - 'a' + 10
										     : 16);

		if (digit > 15)
			break;
		*ret = *ret << 4 | digit;
	}
	return at > start && at < end && *at == ' ' ? at + 1 : NULL;
}

int bpfl_sym_table_read_jit(struct bpfl_sym_table *table, const char *text, size_t size)
{
	const char *end = text + size;
	uint32_t line_nr = 0;
	int ret = 0;

	while (text < end && ret == 0) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;
		uint64_t start, length;
		const char *at = take_hex(text, line_end, &start);

		at = at ? take_hex(at, line_end, &length) : NULL;
		/* Code is replaced: what was written last is at the place now. */
		if (at && at < line_end && length > 0)
			ret = bpfl_sym_table_add(table, start, length, at, (size_t)(line_end - at), NULL,
						 UINT32_MAX - ++line_nr);
		text = line_end + 1;
	}
	bpfl_sym_table_sort(table);
	return ret;
}

size_t bpfl_sym_table_bytes(const struct bpfl_sym_table *table)
{
	return table->syms.cap * sizeof(*table->syms.items) + table->names.cap;
}

void bpfl_sym_table_deinit(struct bpfl_sym_table *table)
{
	free(table->syms.items);
	bpfl_buf_deinit(&table->names);
	memset(table, 0, sizeof(*table));
}
