// SPDX-License-Identifier: BSD-2-Clause
/*
 * image/core_names: types of a target by name, remembered.
 *
 * A kernel's BTF has 126,000 types and no index. Looking for one name takes a pass over all of
 * them, looking for a thousand names in the same pass hardly longer. So whoever needs names says
 * all of them first (prepare), which costs one pass, or none when they have been asked for before:
 * the answers stay in the target, for the next object of the process.
 *
 * Names are compared without flavours, on both sides; kinds are the asker's business.
 */
#include "image/core_match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"

/* Functions and variables are here for externs. */
#define KINDS                                                                                      \
	(BPFL_BTF_KINDS_DATA | BPFL_BTF_KIND_BIT(BPFL_KIND_FUNC) | BPFL_BTF_KIND_BIT(BPFL_KIND_VAR))

struct found {
	char *name; /* owned; the key in by_name */
	uint32_t *ids;
	size_t nr_ids;
};

struct bpfl_core_names {
	struct bpfl_hash by_name;
	BPFL_VEC(struct found) found;
};

void bpfl_core_names_destroy(struct bpfl_core_names *names)
{
	if (!names) {
		return;
	}
	for (size_t i = 0; i < names->found.nr; i++) {
		free(names->found.items[i].name);
		free(names->found.items[i].ids);
	}
	free(names->found.items);
	bpfl_hash_deinit(&names->by_name);
	free(names);
}

static const struct found *names_find(const struct bpfl_core_names *names, const char *text,
				      size_t size)
{
	uint32_t idx;

	if (!names || bpfl_hash_get(&names->by_name, text, size, &idx) < 0) {
		return NULL;
	}
	return &names->found.items[idx];
}

static int name_keep(struct bpfl_core_names *names, const struct bpfl_core_name *name,
		     const uint32_t *ids, size_t nr_ids)
{
	if (names_find(names, name->text, name->size)) {
		return 0; /* named twice in one list */
	}
	struct found *found = BPFL_VEC_PUSH(&names->found);
	if (!found) {
		return -ENOMEM;
	}
	found->name = bpfl_strndup(name->text, name->size);
	found->ids = nr_ids > 0 ? bpfl_memdup(ids, nr_ids * sizeof(*ids)) : NULL;
	found->nr_ids = nr_ids;
	if (!found->name || (nr_ids > 0 && !found->ids) ||
	    bpfl_hash_put(&names->by_name, found->name, name->size,
			  (uint32_t)(names->found.nr - 1)) < 0) {
		free(found->name);
		free(found->ids);
		names->found.nr--;
		return -ENOMEM;
	}
	return 0;
}

/* Tells the search what is not known yet. The number of such names, or -ENOMEM. */
static int unknown_want(struct bpfl_btf_search *search, const struct bpfl_core_names *known,
			const struct bpfl_core_name *names, size_t nr_names)
{
	int nr_unknown = 0;

	for (size_t i = 0; i < nr_names; i++) {
		if (names[i].size == 0 || names_find(known, names[i].text, names[i].size)) {
			continue;
		}
		if (bpfl_btf_search_want(search, names[i].text, names[i].size) < 0) {
			return -ENOMEM;
		}
		nr_unknown++;
	}
	return nr_unknown;
}

static int answers_keep(struct bpfl_btf_search *search, struct bpfl_core_names *known,
			const struct bpfl_core_name *names, size_t nr_names)
{
	for (size_t i = 0; i < nr_names; i++) {
		size_t nr_ids;

		if (names[i].size == 0 || names_find(known, names[i].text, names[i].size)) {
			continue;
		}
		int idx = bpfl_btf_search_want(search, names[i].text, names[i].size);
		if (idx < 0) {
			return idx;
		}
		const uint32_t *ids = bpfl_btf_search_ids(search, idx, &nr_ids);
		if (name_keep(known, &names[i], ids, nr_ids) < 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

int bpfl_core_names_prepare(struct bpfl_target *target, const struct bpfl_core_name *names,
			    size_t nr_names, struct bpfl_error *err)
{
	struct bpfl_btf_search search;
	const struct bpfl_btf *btf = NULL;

	if (!target->names) {
		target->names = calloc(1, sizeof(*target->names));
		if (!target->names) {
			return bpfl_error_nomem(err);
		}
	}
	bpfl_btf_search_init(&search, KINDS, bpfl_core_name_size);
	int result = unknown_want(&search, target->names, names, nr_names);
	if (result <= 0) {
		goto out;
	}
	result = bpfl_target_btf(target, &btf, err);
	if (result < 0) {
		bpfl_btf_search_deinit(&search);
		return result;
	}
	result = bpfl_btf_search_run(&search, btf);
	if (result == 0) {
		result = answers_keep(&search, target->names, names, nr_names);
	}
out:
	bpfl_btf_search_deinit(&search);
	return result < 0 ? bpfl_error_nomem(err) : 0;
}

const uint32_t *bpfl_core_names_get(const struct bpfl_target *target, const char *text, size_t size,
				    size_t *ret_nr)
{
	const struct found *found = names_find(target->names, text, size);

	*ret_nr = found ? found->nr_ids : 0;
	return found ? found->ids : NULL;
}
