/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/search.c: which types have one of these names? One pass for all of them.
 *
 * Most of a kernel's types are of no interest, so the cheapest tests come first: the kind, which stands in the
 * record that is walked over anyway; then the name's first bytes, loaded as one number, against those of the
 * wanted names. Wanted names of 8 bytes and more are told apart by their first 8, of 4 to 7 by 4, shorter ones
 * by 2: a kernel has thousands of names that begin with "bpf_" or "tc".
 * Only what passes is cut, hashed and looked up.
 *
 * A BTF that is not open yet is walked over once more, to make its index: bpfl_btf_open_searching() takes the
 * search along on that walk, so that a kernel's types are read from memory once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "btf/own.h"

/* Bytes that each of search->prefixes looks at. */
static const unsigned prefix_sizes[] = { 2, 4, 8 };
#define NR_PREFIXES (sizeof(prefix_sizes) / sizeof(prefix_sizes[0]))

void bpfl_btf_search_init(struct bpfl_btf_search *search, uint32_t kinds, bpfl_btf_cut_fn cut)
{
	search->kinds = kinds;
	search->cut = cut;
	search->names = (struct bpfl_hash)BPFL_HASH_INIT;
	memset(&search->lists, 0, sizeof(search->lists));
	/* The bits are 24 KiB: cleared when a first name needs them. */
	for (size_t tier = 0; tier < NR_PREFIXES; tier++)
		search->prefixes[tier].used = false;
}

void bpfl_btf_search_deinit(struct bpfl_btf_search *search)
{
	for (size_t i = 0; i < search->lists.nr; i++)
		free(search->lists.items[i].items);
	free(search->lists.items);
	bpfl_hash_deinit(&search->names);
	memset(&search->lists, 0, sizeof(search->lists));
}

/* The bit for the first bytes of a name: word holds 8 of them as they lie in memory. */
static unsigned prefix_bit(uint64_t word, unsigned prefix_size)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	word <<= 64 - 8 * prefix_size;
#else
	word >>= 64 - 8 * prefix_size;
#endif
	return (unsigned)(word * 0x9e3779b97f4a7c15u >> 48); /* Fibonacci hashing: the upper bits depend on all bytes */
}

static void filter_add(struct bpfl_btf_search *search, const char *name, size_t name_size)
{
	size_t tier = NR_PREFIXES - 1;
	uint64_t word = 0;

	while (tier > 0 && prefix_sizes[tier] > name_size)
		tier--;
	memcpy(&word, name, prefix_sizes[tier]);
	unsigned bit = prefix_bit(word, prefix_sizes[tier]);
	if (!search->prefixes[tier].used) {
		memset(search->prefixes[tier].bits, 0, sizeof(search->prefixes[tier].bits));
		search->prefixes[tier].used = true;
	}
	search->prefixes[tier].bits[bit / 64] |= 1ull << (bit % 64);
}

/* left: bytes from name to the end of the strings. */
static bool filter_has(const struct bpfl_btf_search *search, const char *name, size_t left)
{
	uint64_t word = 0;

	/* Bytes behind the name's end do no harm: they only make it unlike a longer name that is wanted. */
	memcpy(&word, name, left < sizeof(word) ? left : sizeof(word));
	for (size_t tier = 0; tier < NR_PREFIXES; tier++) {
		if (!search->prefixes[tier].used)
			continue;
		unsigned bit = prefix_bit(word, prefix_sizes[tier]);
		if (search->prefixes[tier].bits[bit / 64] >> (bit % 64) & 1)
			return true;
	}
	return false;
}

int bpfl_btf_search_reserve(struct bpfl_btf_search *search, size_t nr_names)
{
	return BPFL_VEC_RESERVE(&search->lists, nr_names) ? bpfl_hash_reserve(&search->names, nr_names) : -ENOMEM;
}

int bpfl_btf_search_want(struct bpfl_btf_search *search, const char *name, size_t name_size)
{
	uint32_t idx = 0;
	int ret;

	if (name_size == 0)
		return -EINVAL;
	if (bpfl_hash_get(&search->names, name, name_size, &idx) == 0)
		return (int)idx;
	idx = (uint32_t)search->lists.nr;
	if (BPFL_VEC_PUSH(&search->lists) == NULL)
		return -ENOMEM;
	ret = bpfl_hash_put(&search->names, name, name_size, idx);
	if (ret < 0) {
		search->lists.nr--;
		return ret;
	}
	if (name_size > 1) {
		filter_add(search, name, name_size);
	} else { /* "x___old" may be cut to "x" */
		for (unsigned second = 0; second < 256; second++)
			filter_add(search, (char[2]){ name[0], (char)second }, 2);
	}
	return (int)idx;
}

static int note(struct bpfl_btf_search *search, const char *name, const struct bpfl_btf_type *type, uint32_t type_id)
{
	size_t size = strlen(name);
	uint32_t *slot;
	uint32_t idx;

	if (search->cut != NULL)
		size = search->cut(name, size);
	if (bpfl_hash_get(&search->names, name, size, &idx) < 0)
		return 0;
	/* Most names have one type, hardly any more than eight. */
	if (!BPFL_VEC_RESERVE(&search->lists.items[idx], 1))
		return -ENOMEM;
	slot = BPFL_VEC_PUSH(&search->lists.items[idx]);
	if (slot == NULL)
		return -ENOMEM;
	*slot = type_id;
	search->lists.items[idx].kinds |= BPFL_BTF_KIND_BIT(bpfl_btf_kind(type));
	return 0;
}

/* bpfl_btf_string() that also says how many bytes there are up to the end of the strings. */
static const char *name_of(const struct bpfl_btf *btf, uint32_t name_off, size_t *ret_left)
{
	while (btf->base != NULL && name_off < btf->first_str)
		btf = btf->base;
	if (name_off < btf->first_str || name_off - btf->first_str >= btf->strings_size) {
		*ret_left = 1;
		return "";
	}
	*ret_left = btf->strings_size - (name_off - btf->first_str);
	return btf->strings + (name_off - btf->first_str);
}

int bpfl_btf_search_look(struct bpfl_btf_search *search, const struct bpfl_btf *btf,
			 const struct bpfl_btf_type *type, uint32_t id)
{
	size_t left;
	const char *name = name_of(btf, type->name_off, &left);

	return filter_has(search, name, left) ? note(search, name, type, id) : 0;
}

static int search_own(struct bpfl_btf_search *search, const struct bpfl_btf *btf)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, btf->first_id);

	for (uint32_t id = btf->first_id; id < btf->nr_types; id++, type = bpfl_btf_next(btf, type)) {
		int ret = bpfl_btf_search_has_kind(search, type) ? bpfl_btf_search_look(search, btf, type, id) : 0;

		if (ret < 0)
			return ret;
	}
	return 0;
}

static int search_all(struct bpfl_btf_search *search, const struct bpfl_btf *btf)
{
	int ret = btf->base != NULL ? search_all(search, btf->base) : 0;

	return ret < 0 ? ret : search_own(search, btf);
}

void bpfl_btf_search_restart(struct bpfl_btf_search *search)
{
	for (size_t i = 0; i < search->lists.nr; i++) {
		search->lists.items[i].nr = 0;
		search->lists.items[i].kinds = 0;
	}
}

int bpfl_btf_search_run(struct bpfl_btf_search *search, const struct bpfl_btf *btf)
{
	bpfl_btf_search_restart(search);
	return search_all(search, btf);
}

int bpfl_btf_search_run_own(struct bpfl_btf_search *search, const struct bpfl_btf *btf)
{
	bpfl_btf_search_restart(search);
	return search_own(search, btf);
}

uint32_t bpfl_btf_search_kinds(const struct bpfl_btf_search *search, int idx)
{
	return idx >= 0 && (size_t)idx < search->lists.nr ? search->lists.items[idx].kinds : 0;
}

const uint32_t *bpfl_btf_search_ids(const struct bpfl_btf_search *search, int idx, size_t *ret_nr)
{
	*ret_nr = 0;
	if (idx < 0 || (size_t)idx >= search->lists.nr)
		return NULL;
	*ret_nr = search->lists.items[idx].nr;
	return search->lists.items[idx].items;
}

uint32_t *bpfl_btf_search_take(struct bpfl_btf_search *search, int idx, size_t *ret_nr)
{
	struct bpfl_btf_ids *list;
	uint32_t *items;

	*ret_nr = 0;
	if (idx < 0 || (size_t)idx >= search->lists.nr)
		return NULL;
	list = &search->lists.items[idx];
	items = list->items;
	*ret_nr = list->nr;
	memset(list, 0, sizeof(*list));
	return items;
}
