/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/core_names: types of a target by name, remembered.
 *
 * A kernel's BTF has 126,000 types and no index. Looking for one name takes a pass over all of
 * them, looking for a thousand names in the same pass hardly longer. So whoever needs names says
 * all of them first (prepare), which costs one pass, or none when they have been asked for before:
 * the answers stay in the target, for the next object of the process.
 *
 * Names are compared without flavours, on both sides. Which kinds of types answer is the asker's
 * business, but it can say which ones it can do with: two of three names of a kernel are those of
 * functions, and passing over them makes the pass a third shorter.
 */
#include "image/core_match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"
#include "image/modules.h"

/* Functions and variables are here for externs. */
#define KINDS_ALL                                                                                  \
	(BPFL_BTF_KINDS_DATA | BPFL_BTF_KIND_BIT(BPFL_KIND_FUNC) | BPFL_BTF_KIND_BIT(BPFL_KIND_VAR))

struct found {
	char *name; /* owned; the key in by_name */
	uint32_t *ids;
	uint32_t *modules; /* by index in ids; NULL: all are the kernel's own */
	uint32_t nr_ids;
	uint32_t kinds; /* that were looked at */
	uint32_t own_kinds; /* of what the kernel itself has */
	bool modules_asked;
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
		free(names->found.items[i].modules);
	}
	free(names->found.items);
	bpfl_hash_deinit(&names->by_name);
	free(names);
}

static struct found *names_find(const struct bpfl_core_names *names, const char *text, size_t size)
{
	uint32_t idx;

	if (!names || bpfl_hash_get(&names->by_name, text, size, &idx) < 0) {
		return NULL;
	}
	return &names->found.items[idx];
}

/* Whether nothing has to be looked for. */
static bool is_known(const struct bpfl_core_names *names, const struct bpfl_core_name *name,
		     uint32_t kinds)
{
	const struct found *found = names_find(names, name->text, name->size);

	return name->size == 0 || (found && (found->kinds & kinds) == kinds);
}

static struct found *name_add(struct bpfl_core_names *names, const struct bpfl_core_name *name)
{
	struct found *found = BPFL_VEC_PUSH(&names->found);

	if (!found) {
		return NULL;
	}
	found->name = bpfl_strndup(name->text, name->size);
	if (!found->name || bpfl_hash_put(&names->by_name, found->name, name->size,
					  (uint32_t)(names->found.nr - 1)) < 0) {
		free(found->name);
		names->found.nr--;
		return NULL;
	}
	return found;
}

/* Tells the search what is not known yet. The number of such names, or -ENOMEM. */
static int unknown_want(struct bpfl_btf_search *search, const struct bpfl_core_names *known,
			const struct bpfl_core_name *names, size_t nr_names)
{
	size_t nr_unknown = 0;

	for (size_t i = 0; i < nr_names; i++) {
		nr_unknown += !is_known(known, &names[i], search->kinds);
	}
	if (nr_unknown > 0 && bpfl_btf_search_reserve(search, nr_unknown) < 0) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < nr_names; i++) {
		if (!is_known(known, &names[i], search->kinds) &&
		    bpfl_btf_search_want(search, names[i].text, names[i].size) < 0) {
			return -ENOMEM;
		}
	}
	return (int)nr_unknown;
}

static void answer_take(struct bpfl_btf_search *search, int idx, struct found *found)
{
	size_t nr_ids;

	free(found->ids);
	free(found->modules);
	found->modules = NULL;
	found->modules_asked = false;
	found->own_kinds = bpfl_btf_search_kinds(search, idx);
	found->ids = bpfl_btf_search_take(search, idx, &nr_ids);
	found->nr_ids = (uint32_t)nr_ids; /* of a BTF's ids, which are 32 bits wide */
	found->kinds = search->kinds;
}

/*
 * The first object of a target usually names most of what is ever asked. Nothing was known before it, so the
 * search numbered the names as they will be numbered here, and its hash becomes ours, with our copies of the names.
 */
static int answers_keep_first(struct bpfl_btf_search *search, struct bpfl_core_names *known)
{
	if (!BPFL_VEC_RESERVE(&known->found, search->lists.nr)) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < search->lists.nr; i++) {
		BPFL_VEC_PUSH(&known->found);
	}
	for (size_t i = 0; i < search->names.nr_slots; i++) {
		struct bpfl_hash_slot *slot = &search->names.slots[i];

		if (!slot->key) {
			continue;
		}
		struct found *found = &known->found.items[slot->value];

		found->name = bpfl_strndup(slot->key, slot->key_len);
		if (!found->name) {
			return -ENOMEM;
		}
		slot->key = found->name;
		answer_take(search, (int)slot->value, found);
	}
	known->by_name = search->names;
	search->names = (struct bpfl_hash)BPFL_HASH_INIT;
	return 0;
}

static int answers_keep(struct bpfl_btf_search *search, struct bpfl_core_names *known,
			const struct bpfl_core_name *names, size_t nr_names)
{
	size_t nr_max = known->found.nr + search->lists.nr;

	if (known->found.nr == 0) {
		return answers_keep_first(search, known);
	}
	if (bpfl_hash_reserve(&known->by_name, nr_max) < 0) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < nr_names; i++) {
		if (is_known(known, &names[i], search->kinds)) {
			continue; /* before this, or named twice in one list */
		}
		struct found *found = names_find(known, names[i].text, names[i].size);
		int idx = bpfl_btf_search_want(search, names[i].text, names[i].size);

		if (!found) {
			found = name_add(known, &names[i]);
		}
		if (!found || idx < 0) {
			return -ENOMEM;
		}
		answer_take(search, idx, found);
	}
	return 0;
}

int bpfl_core_names_prepare_kinds(struct bpfl_target *target, const struct bpfl_core_name *names,
				  size_t nr_names, uint32_t kinds, struct bpfl_error *err)
{
	struct bpfl_btf_search search;

	if (!target->names) {
		target->names = calloc(1, sizeof(*target->names));
		if (!target->names) {
			return bpfl_error_nomem(err);
		}
	}
	bpfl_btf_search_init(&search, kinds, bpfl_core_name_size);
	int result = unknown_want(&search, target->names, names, nr_names);
	if (result < 0) {
		bpfl_error_nomem(err);
	} else if (result > 0) {
		result = bpfl_target_search(target, &search, err);
		if (result == 0 && answers_keep(&search, target->names, names, nr_names) < 0) {
			result = bpfl_error_nomem(err);
		}
	}
	bpfl_btf_search_deinit(&search);
	return result;
}

int bpfl_core_names_prepare(struct bpfl_target *target, const struct bpfl_core_name *names,
			    size_t nr_names, struct bpfl_error *err)
{
	return bpfl_core_names_prepare_kinds(target, names, nr_names, KINDS_ALL, err);
}

const uint32_t *bpfl_core_names_get(const struct bpfl_target *target, const char *text, size_t size,
				    size_t *ret_nr)
{
	const struct found *found = names_find(target->names, text, size);

	*ret_nr = found ? found->nr_ids : 0;
	return found ? found->ids : NULL;
}

/* ---- modules ---- */

static int ids_append(struct found *found, const uint32_t *ids, size_t nr_ids, uint32_t module)
{
	size_t nr = found->nr_ids + nr_ids;

	if (nr_ids == 0) {
		return 0;
	}
	uint32_t *all = realloc(found->ids, nr * sizeof(*all));
	if (!all) {
		return -ENOMEM;
	}
	found->ids = all;
	bool is_first = !found->modules; /* what is there is the kernel's own */
	uint32_t *modules = realloc(found->modules, nr * sizeof(*modules));
	if (!modules) {
		return -ENOMEM;
	}
	if (is_first) {
		memset(modules, 0, found->nr_ids * sizeof(*modules));
	}
	found->modules = modules;
	for (size_t i = 0; i < nr_ids; i++) {
		found->ids[found->nr_ids] = ids[i];
		found->modules[found->nr_ids++] = module;
	}
	return 0;
}

/* A name that is looked for, with its place in the search. */
struct wanted_name {
	struct found *found;
	int search_idx;
};

static int modules_search(const struct bpfl_modules *modules, struct bpfl_btf_search *search,
			  const struct wanted_name *wanted, size_t nr_wanted)
{
	for (size_t m = 0; m < modules->list.nr; m++) {
		const struct bpfl_btf *btf = modules->list.items[m].btf;

		if (!btf) {
			continue;
		}
		if (bpfl_btf_search_run_own(search, btf) < 0) {
			return -ENOMEM;
		}
		for (size_t i = 0; i < nr_wanted; i++) {
			size_t nr_ids;
			const uint32_t *ids = bpfl_btf_search_ids(search, wanted[i].search_idx,
								  &nr_ids);

			if (ids_append(wanted[i].found, ids, nr_ids, (uint32_t)m + 1) < 0) {
				return -ENOMEM;
			}
		}
	}
	return 0;
}

/*
 * Whether to look in modules: what the kernel itself has of a name can be of another kind than what is looked
 * for, and then is no candidate (G-39).
 */
static bool is_absent(const struct found *found, uint32_t kinds)
{
	return found && !found->modules_asked && (kinds == 0 ? found->own_kinds == 0 : !(found->own_kinds & kinds));
}

/* Of the names, those that the kernel has nothing of. Their number, or -ENOMEM. */
static int absent_want(struct bpfl_btf_search *search, const struct bpfl_core_names *known,
		       const struct bpfl_core_name *names, size_t nr_names,
		       struct wanted_name *wanted)
{
	int nr_wanted = 0;

	for (size_t i = 0; i < nr_names; i++) {
		struct found *found = names_find(known, names[i].text, names[i].size);

		if (!is_absent(found, names[i].kinds)) {
			continue;
		}
		found->modules_asked = true;
		wanted[nr_wanted].found = found;
		wanted[nr_wanted].search_idx = bpfl_btf_search_want(search, names[i].text,
								    names[i].size);
		if (wanted[nr_wanted++].search_idx < 0) {
			return -ENOMEM;
		}
	}
	return nr_wanted;
}

/* How many absent_want() will want at most. */
static size_t absent_count(const struct bpfl_core_names *known, const struct bpfl_core_name *names, size_t nr_names)
{
	size_t nr = 0;

	for (size_t i = 0; i < nr_names; i++) {
		nr += is_absent(names_find(known, names[i].text, names[i].size), names[i].kinds);
	}
	return nr;
}

int bpfl_core_names_in_modules(struct bpfl_target *target, const struct bpfl_core_name *names,
			       size_t nr_names, struct bpfl_error *err)
{
	size_t nr_absent = absent_count(target->names, names, nr_names);
	struct wanted_name *wanted = calloc(nr_absent + 1, sizeof(*wanted));
	const struct bpfl_modules *modules = NULL;
	struct bpfl_btf_search search;

	if (!wanted) {
		return bpfl_error_nomem(err);
	}
	bpfl_btf_search_init(&search, KINDS_ALL, bpfl_core_name_size);
	int result = nr_absent > 0 ? bpfl_target_modules(target, &modules, err) : 0;
	int nr_wanted = result == 0 ? absent_want(&search, target->names, names, nr_names, wanted) : 0;
	if (nr_wanted < 0 || (nr_wanted > 0 && modules_search(modules, &search, wanted, (size_t)nr_wanted) < 0)) {
		result = bpfl_error_nomem(err);
	}
	bpfl_btf_search_deinit(&search);
	free(wanted);
	return result;
}

uint32_t bpfl_core_names_module(const struct bpfl_target *target, const char *text, size_t size,
				size_t i)
{
	const struct found *found = names_find(target->names, text, size);

	return found && found->modules && i < found->nr_ids ? found->modules[i] : 0;
}
