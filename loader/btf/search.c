// SPDX-License-Identifier: BSD-2-Clause
/*
 * btf/search.c: which types have one of these names? One pass for all of them.
 *
 * Most of a kernel's types are of no interest, so the cheapest tests come first: the kind, which stands in the record that is walked over
 * anyway; then the name's first two bytes against a table of those that are wanted. Only what passes both is cut, hashed and looked up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "btf/own.h"

void bpfl_btf_search_init(struct bpfl_btf_search *search, uint32_t kinds, bpfl_btf_cut_fn cut)
{
	memset(search, 0, sizeof(*search));
	search->kinds = kinds;
	search->cut = cut;
}

void bpfl_btf_search_deinit(struct bpfl_btf_search *search)
{
	for (size_t i = 0; i < search->lists.nr; i++)
		free(search->lists.items[i].items);
	free(search->lists.items);
	bpfl_hash_deinit(&search->names);
	memset(search, 0, sizeof(*search));
}

static void filter_add(struct bpfl_btf_search *search, unsigned char first, unsigned char second)
{
	unsigned pair = first * 256u + second;

	search->first_two[pair / 64] |= 1ull << (pair % 64);
}

static bool filter_has(const struct bpfl_btf_search *search, const char *name)
{
	unsigned pair = (unsigned char)name[0] * 256u + (name[0] != '\0' ? (unsigned char)name[1] : 0u);

	return search->first_two[pair / 64] >> (pair % 64) & 1;
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
		filter_add(search, (unsigned char)name[0], (unsigned char)name[1]);
	} else { /* "x___old" may be cut to "x" */
		for (unsigned second = 0; second < 256; second++)
			filter_add(search, (unsigned char)name[0], (unsigned char)second);
	}
	return (int)idx;
}

static int note(struct bpfl_btf_search *search, const char *name, uint32_t type_id)
{
	size_t size = strlen(name);
	uint32_t *slot;
	uint32_t idx;

	if (search->cut != NULL)
		size = search->cut(name, size);
	if (bpfl_hash_get(&search->names, name, size, &idx) < 0)
		return 0;
	slot = BPFL_VEC_PUSH(&search->lists.items[idx]);
	if (slot == NULL)
		return -ENOMEM;
	*slot = type_id;
	return 0;
}

static int search_own(struct bpfl_btf_search *search, const struct bpfl_btf *btf)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, btf->first_id);

	for (uint32_t id = btf->first_id; id < btf->nr_types; id++, type = bpfl_btf_next(btf, type)) {
		unsigned kind = bpfl_btf_kind(type);
		const char *name;

		if (kind >= BPFL_NR_KINDS || !(search->kinds & BPFL_BTF_KIND_BIT(kind)))
			continue;
		name = bpfl_btf_string(btf, type->name_off);
		if (filter_has(search, name)) {
			int ret = note(search, name, id);

			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

static int search_all(struct bpfl_btf_search *search, const struct bpfl_btf *btf)
{
	int ret = btf->base != NULL ? search_all(search, btf->base) : 0;

	return ret < 0 ? ret : search_own(search, btf);
}

int bpfl_btf_search_run(struct bpfl_btf_search *search, const struct bpfl_btf *btf)
{
	for (size_t i = 0; i < search->lists.nr; i++)
		search->lists.items[i].nr = 0;
	return search_all(search, btf);
}

const uint32_t *bpfl_btf_search_ids(const struct bpfl_btf_search *search, int idx, size_t *ret_nr)
{
	*ret_nr = 0;
	if (idx < 0 || (size_t)idx >= search->lists.nr)
		return NULL;
	*ret_nr = search->lists.items[idx].nr;
	return search->lists.items[idx].items;
}
