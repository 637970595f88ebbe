/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/subset.c: marking, numbering, copying.
 *
 * Marking follows references with a work list, so each type is looked at once, whatever refers to whatever. It
 * needs to know where in a record the ids and name offsets stand; that is one table, and copying uses the same
 * table to rewrite them.
 *
 * Strings: a bit for each byte of the string section where a wanted string begins. The new place of a string is
 * found by its rank among these bits, which is counted per word beforehand: memory grows with the strings by a
 * fifth, and a look-up does not search.
 */
#include "btf/subset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "btf/own.h"

/* Where references stand. Words are numbered from 0 in an element; NONE: there are none. */
#define NONE 0xff
struct shape {
	bool refers;	    /* the record's third word is a type */
	uint8_t elem_words; /* of each of vlen elements behind the record */
	uint8_t name_word, type_word;
};

static const struct shape shapes[BPFL_NR_KINDS] = {
	[BPFL_KIND_INT] = { false, 0, NONE, NONE },	 [BPFL_KIND_PTR] = { true, 0, NONE, NONE },
	[BPFL_KIND_ARRAY] = { false, 0, NONE, NONE }, /* two ids that are no elements: see bpfl_btf_each_ref() */
	[BPFL_KIND_STRUCT] = { false, 3, 0, 1 },	 [BPFL_KIND_UNION] = { false, 3, 0, 1 },
	[BPFL_KIND_ENUM] = { false, 2, 0, NONE },	 [BPFL_KIND_FWD] = { false, 0, NONE, NONE },
	[BPFL_KIND_TYPEDEF] = { true, 0, NONE, NONE },	 [BPFL_KIND_VOLATILE] = { true, 0, NONE, NONE },
	[BPFL_KIND_CONST] = { true, 0, NONE, NONE },	 [BPFL_KIND_RESTRICT] = { true, 0, NONE, NONE },
	[BPFL_KIND_FUNC] = { true, 0, NONE, NONE }, /* its vlen is a linkage */
	[BPFL_KIND_FUNC_PROTO] = { true, 2, 0, 1 },	 [BPFL_KIND_VAR] = { true, 0, NONE, NONE },
	[BPFL_KIND_DATASEC] = { false, 3, NONE, 0 },	 [BPFL_KIND_FLOAT] = { false, 0, NONE, NONE },
	[BPFL_KIND_DECL_TAG] = { true, 0, NONE, NONE },	 [BPFL_KIND_TYPE_TAG] = { true, 0, NONE, NONE },
	[BPFL_KIND_ENUM64] = { false, 3, 0, NONE },
};

struct bpfl_btf_subset {
	const struct bpfl_btf *btf;
	uint32_t *ids; /* by old id: 0 not wanted; wanted at first 1, the new id when closed */
	uint32_t nr_wanted;
	BPFL_VEC(uint32_t) todo;
	/* Tags by what they are tags of, as chained lists of ids; NULL when the BTF has none. */
	uint32_t *first_tag, *next_tag;
	struct bpfl_hash structs; /* by name; filled for the first "contains:" */
	bool structs_known;
	/* Strings: where they begin, how many begin before each word of bits, and their new places by rank. */
	uint64_t *begins;
	uint32_t *ranks, *places;
	size_t types_size, strings_size; /* bytes of what is wanted, once closed */
	bool failed; /* out of memory while marking */
};

#define CONTAINS "contains:"

/* ---- life ---- */

/* Chains the tags of each type, if there are any. */
static int tags_collect(struct bpfl_btf_subset *subset)
{
	const struct bpfl_btf *btf = subset->btf;

	for (uint32_t id = btf->nr_types - 1; id > 0; id--) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, id);

		if (bpfl_btf_kind(type) != BPFL_KIND_DECL_TAG)
			continue;
		if (subset->first_tag == NULL) {
			subset->first_tag = calloc(btf->nr_types, sizeof(*subset->first_tag));
			subset->next_tag = calloc(btf->nr_types, sizeof(*subset->next_tag));
		}
		if (subset->first_tag == NULL || subset->next_tag == NULL)
			return -ENOMEM;
		subset->next_tag[id] = subset->first_tag[type->type];
		subset->first_tag[type->type] = id;
	}
	return 0;
}

int bpfl_btf_subset_create(const struct bpfl_btf *btf, struct bpfl_btf_subset **ret_subset, struct bpfl_error *err)
{
	struct bpfl_btf_subset *subset = calloc(1, sizeof(*subset));

	if (subset == NULL)
		return bpfl_error_nomem(err);
	subset->btf = btf;
	subset->ids = calloc(btf->nr_types, sizeof(*subset->ids));
	subset->begins = calloc(btf->strings_size / 64 + 1, sizeof(*subset->begins));
	if (subset->ids == NULL || subset->begins == NULL || tags_collect(subset) < 0) {
		bpfl_btf_subset_destroy(subset);
		return bpfl_error_nomem(err);
	}
	*ret_subset = subset;
	return 0;
}

void bpfl_btf_subset_destroy(struct bpfl_btf_subset *subset)
{
	if (subset == NULL)
		return;
	free(subset->ids);
	free(subset->todo.items);
	free(subset->first_tag);
	free(subset->next_tag);
	bpfl_hash_deinit(&subset->structs);
	free(subset->begins);
	free(subset->ranks);
	free(subset->places);
	free(subset);
}

/* ---- references ---- */

void bpfl_btf_each_ref(struct bpfl_btf_type *type, void *ctx, bpfl_btf_ref_fn on_name, bpfl_btf_ref_fn on_type)
{
	const struct shape *shape = &shapes[bpfl_btf_kind(type)];
	uint32_t *words = (uint32_t *)(type + 1);

	on_name(ctx, &type->name_off);
	if (shape->refers)
		on_type(ctx, &type->type);
	if (bpfl_btf_kind(type) == BPFL_KIND_ARRAY) {
		on_type(ctx, &words[0]);
		on_type(ctx, &words[1]);
	}
	for (uint32_t i = 0; shape->elem_words != 0 && i < bpfl_btf_vlen(type); i++, words += shape->elem_words) {
		if (shape->name_word != NONE)
			on_name(ctx, &words[shape->name_word]);
		if (shape->type_word != NONE)
			on_type(ctx, &words[shape->type_word]);
	}
}

/* ---- marking ---- */

static void mark_type(void *ctx, uint32_t *ref)
{
	struct bpfl_btf_subset *subset = ctx;
	uint32_t *todo;

	if (*ref == 0 || *ref >= subset->btf->nr_types || subset->ids[*ref] != 0)
		return;
	todo = BPFL_VEC_PUSH(&subset->todo);
	if (todo == NULL) {
		subset->failed = true;
		return;
	}
	*todo = *ref;
	subset->ids[*ref] = 1;
	subset->nr_wanted++;
}

static void mark_string(void *ctx, uint32_t *ref)
{
	struct bpfl_btf_subset *subset = ctx;

	if (*ref != 0 && *ref < subset->btf->strings_size)
		subset->begins[*ref / 64] |= 1ull << (*ref % 64);
}

/* The first struct of a name, which is the one that the kernel takes. */
static uint32_t struct_by_name(struct bpfl_btf_subset *subset, const char *name, size_t name_size)
{
	const struct bpfl_btf *btf = subset->btf;
	uint32_t found = 0;

	for (uint32_t id = 1; id < btf->nr_types && !subset->structs_known; id++) {
		const char *text = bpfl_btf_name(btf, id);

		if (bpfl_btf_kind(bpfl_btf_type(btf, id)) == BPFL_KIND_STRUCT && text[0] != '\0' &&
		    bpfl_hash_put(&subset->structs, text, strlen(text), id) == -ENOMEM)
			subset->failed = true;
	}
	subset->structs_known = true;
	return bpfl_hash_get(&subset->structs, name, name_size, &found) == 0 ? found : 0;
}

static void mark_tags(struct bpfl_btf_subset *subset, uint32_t type_id)
{
	for (uint32_t id = subset->first_tag[type_id]; id != 0; id = subset->next_tag[id]) {
		const char *text = bpfl_btf_name(subset->btf, id);

		mark_type(subset, &id);
		if (strncmp(text, CONTAINS, strlen(CONTAINS)) == 0) {
			const char *name = text + strlen(CONTAINS);
			uint32_t struct_id = struct_by_name(subset, name, strcspn(name, ":"));

			mark_type(subset, &struct_id);
		}
	}
}

void bpfl_btf_subset_want(struct bpfl_btf_subset *subset, uint32_t type_id)
{
	mark_type(subset, &type_id);
	while (subset->todo.nr > 0) {
		uint32_t id = subset->todo.items[--subset->todo.nr];
		const struct bpfl_btf_type *type = bpfl_btf_type(subset->btf, id);

		/* Marking only reads. */
		if (bpfl_btf_kind(type) < BPFL_NR_KINDS)
			bpfl_btf_each_ref((struct bpfl_btf_type *)(uintptr_t)type, subset, mark_string, mark_type);
		if (subset->first_tag != NULL)
			mark_tags(subset, id);
	}
}

void bpfl_btf_subset_want_string(struct bpfl_btf_subset *subset, uint32_t name_off)
{
	mark_string(subset, &name_off);
}

bool bpfl_btf_subset_is_empty(const struct bpfl_btf_subset *subset)
{
	return subset->nr_wanted == 0;
}

/* ---- numbering ---- */

static int number_types(struct bpfl_btf_subset *subset, struct bpfl_error *err)
{
	uint32_t nr = 0;

	for (uint32_t id = 1; id < subset->btf->nr_types; id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(subset->btf, id);
		unsigned kind = bpfl_btf_kind(type);

		if (subset->ids[id] == 0)
			continue;
		if (kind >= BPFL_NR_KINDS)
			return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
					      "BTF: type %u is of kind %u, and what types of that kind refer to is not known",
					      id, kind);
		subset->ids[id] = ++nr;
		subset->types_size += (size_t)bpfl_btf_record_size(subset->btf, type);
	}
	return 0;
}

static int number_strings(struct bpfl_btf_subset *subset)
{
	size_t nr_words = subset->btf->strings_size / 64 + 1;
	uint32_t nr = 0;
	uint32_t place = 1; /* behind the empty string */

	subset->ranks = malloc(nr_words * sizeof(*subset->ranks));
	for (size_t i = 0; subset->ranks != NULL && i < nr_words; i++) {
		subset->ranks[i] = nr;
		nr += (uint32_t)__builtin_popcountll(subset->begins[i]);
	}
	subset->places = malloc((nr + 1) * sizeof(*subset->places));
	if (subset->ranks == NULL || subset->places == NULL)
		return -ENOMEM;
	nr = 0;
	for (size_t i = 0; i < nr_words; i++) {
		for (uint64_t bits = subset->begins[i]; bits != 0; bits &= bits - 1) {
			size_t off = i * 64 + (size_t)__builtin_ctzll(bits);

			subset->places[nr++] = place;
			/* Strings may share their ends, so that all together could get longer than they were. */
			if (__builtin_add_overflow(place, strlen(subset->btf->strings + off) + 1, &place) ||
			    place > INT32_MAX)
				return -E2BIG;
		}
	}
	subset->strings_size = place;
	return 0;
}

int bpfl_btf_subset_close(struct bpfl_btf_subset *subset, struct bpfl_error *err)
{
	int ret = subset->failed ? -ENOMEM : number_strings(subset);

	if (ret == -E2BIG)
		return bpfl_error_set(err, BPFL_ERR_OBJECT, E2BIG, "BTF: its strings, each on its own, exceed 2 GiB");
	if (ret < 0)
		return bpfl_error_nomem(err);
	return number_types(subset, err);
}

uint32_t bpfl_btf_subset_id(const struct bpfl_btf_subset *subset, uint32_t type_id)
{
	return type_id < subset->btf->nr_types ? subset->ids[type_id] : 0;
}

uint32_t bpfl_btf_subset_string(const struct bpfl_btf_subset *subset, uint32_t name_off)
{
	uint64_t bit = 1ull << (name_off % 64);
	size_t word = name_off / 64;

	if (name_off >= subset->btf->strings_size || !(subset->begins[word] & bit))
		return 0;
	return subset->places[subset->ranks[word] +
			      (uint32_t)__builtin_popcountll(subset->begins[word] & (bit - 1))];
}

/* ---- copying ---- */

static void rewrite_type(void *ctx, uint32_t *ref)
{
	*ref = bpfl_btf_subset_id(ctx, *ref);
}

static void rewrite_string(void *ctx, uint32_t *ref)
{
	*ref = bpfl_btf_subset_string(ctx, *ref);
}

static int copy_types(const struct bpfl_btf_subset *subset, struct bpfl_btf_builder *builder)
{
	for (uint32_t id = 1; id < subset->btf->nr_types; id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(subset->btf, id);
		int ret;

		if (subset->ids[id] == 0)
			continue;
		ret = bpfl_btf_builder_add(builder, type, (size_t)bpfl_btf_record_size(subset->btf, type));
		if (ret < 0)
			return ret;
		/* Rewriting changes the record alone, whatever the functions could do. */
		bpfl_btf_each_ref(bpfl_btf_builder_type(builder, (uint32_t)ret), (void *)(uintptr_t)subset,
				  rewrite_string, rewrite_type);
	}
	return 0;
}

static int copy_strings(const struct bpfl_btf_subset *subset, struct bpfl_btf_builder *builder)
{
	size_t nr_words = subset->btf->strings_size / 64 + 1;

	for (size_t i = 0; i < nr_words; i++) {
		for (uint64_t bits = subset->begins[i]; bits != 0; bits &= bits - 1) {
			int ret = bpfl_btf_builder_string_append(builder, subset->btf->strings + i * 64 +
									  __builtin_ctzll(bits));

			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

int bpfl_btf_subset_copy(const struct bpfl_btf_subset *subset, struct bpfl_btf_builder *builder, struct bpfl_error *err)
{
	int ret = bpfl_btf_builder_reserve(builder, subset->nr_wanted, subset->types_size, subset->strings_size);

	if (ret == 0)
		ret = copy_types(subset, builder);
	if (ret == 0)
		ret = copy_strings(subset, builder);
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}
