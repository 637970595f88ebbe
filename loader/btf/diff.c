/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/diff.c: what changed from one BTF to another.
 *
 * Ids say nothing across two BTFs, so types are compared by what they are called and by what they
 * say: two types are the same when their profiles are. A name may belong to several types (private
 * ones of different files). So a type is first given to a type of the other side that is the same,
 * and only those that are left over are set against one another, in order of their ids.
 */
#include "btf/diff.h"

#include <stdlib.h>
#include "base/error.h"

#define NAMESAKES_MAX 64 /* types of one name that are looked at for one that is the same */

/*
 * Not compared are, among others, integers: gcc and clang call them differently, and their changes
 * show in what is made from them.
 */
static int class_of(const struct bpfl_diff_side *side, uint32_t id)
{
	static const int classes[BPFL_NR_KINDS] = {
		[BPFL_KIND_STRUCT] = 1, [BPFL_KIND_UNION] = 1, [BPFL_KIND_ENUM] = 1, [BPFL_KIND_ENUM64] = 1,
		[BPFL_KIND_TYPEDEF] = 2, [BPFL_KIND_FUNC] = 3, [BPFL_KIND_VAR] = 4,
	};
	unsigned kind = bpfl_btf_kind(side->dump.types[id]);

	return kind < BPFL_NR_KINDS && bpfl_dump_is_named(&side->dump, side->dump.types[id]) ? classes[kind] : 0;
}

/* From the last id to the first, so that the lists come out rising. */
static int index_names(struct bpfl_diff *diff)
{
	for (uint32_t id = diff->b.dump.nr_types; id-- > 1;) {
		const char *name = bpfl_btf_string(diff->b.dump.btf, diff->b.dump.types[id]->name_off);
		uint32_t idx = (uint32_t)diff->firsts.nr;
		int class = class_of(&diff->b, id);

		if (class == 0)
			continue;
		if (bpfl_hash_get(&diff->names, name, strlen(name), &idx) < 0 &&
		    (BPFL_VEC_PUSH(&diff->firsts) == NULL ||
		     bpfl_hash_put(&diff->names, name, strlen(name), idx) < 0))
			return -ENOMEM;
		diff->next[id] = diff->firsts.items[idx].id[class];
		diff->firsts.items[idx].id[class] = id;
	}
	return 0;
}

/*
 * The first type at or behind id, in the list of one name, that is not yet given to a type of a; or
 * 0.
 */
static uint32_t next_free(const struct bpfl_diff *diff, uint32_t id)
{
	while (id != 0 && diff->b.is_matched[id])
		id = diff->next[id];
	return id;
}

/*
 * Of the list for a type of a. What is given away at its beginning is dropped: nobody walks over it
 * again.
 */
static uint32_t first_free(struct bpfl_diff *diff, uint32_t a_id)
{
	const char *name = bpfl_btf_string(diff->a.dump.btf, diff->a.dump.types[a_id]->name_off);
	uint32_t *first;
	uint32_t idx;

	if (bpfl_hash_get(&diff->names, name, strlen(name), &idx) < 0)
		return 0;
	first = &diff->firsts.items[idx].id[class_of(&diff->a, a_id)];
	*first = next_free(diff, *first);
	return *first;
}

static bool is_failed(const struct bpfl_diff *diff)
{
	return diff->a.dump.out.ret < 0 || diff->b.dump.out.ret < 0 || diff->out.ret < 0;
}

static void match_same(struct bpfl_diff *diff)
{
	for (uint32_t a_id = 1; a_id < diff->a.dump.nr_types && !is_failed(diff); a_id++) {
		uint32_t b_id = class_of(&diff->a, a_id) != 0 ? first_free(diff, a_id) : 0;

		if (b_id != 0)
			bpfl_diff_make_profile(&diff->a, a_id);
		for (unsigned tries = 0; b_id != 0 && tries < NAMESAKES_MAX && !is_failed(diff); tries++) {
			bpfl_diff_make_profile(&diff->b, b_id);
			if (!is_failed(diff) && bpfl_diff_same_profile(&diff->a, &diff->b)) {
				diff->a.is_matched[a_id] = diff->b.is_matched[b_id] = 1;
				break;
			}
			b_id = next_free(diff, diff->next[b_id]);
		}
	}
}

static int put_rest(struct bpfl_diff *diff)
{
	int ret = 0;

	for (uint32_t a_id = 1; a_id < diff->a.dump.nr_types && ret == 0 && !is_failed(diff); a_id++) {
		uint32_t b_id;

		if (class_of(&diff->a, a_id) == 0 || diff->a.is_matched[a_id])
			continue;
		b_id = first_free(diff, a_id);
		if (b_id == 0) {
			bpfl_diff_put_whole(diff, &diff->a, a_id, false);
			continue;
		}
		diff->b.is_matched[b_id] = 1;
		bpfl_diff_make_profile(&diff->a, a_id);
		bpfl_diff_make_profile(&diff->b, b_id);
		if (!is_failed(diff))
			ret = bpfl_diff_put_changed(diff, bpfl_btf_name(diff->a.dump.btf, a_id));
	}
	for (uint32_t b_id = 1; b_id < diff->b.dump.nr_types && ret == 0 && !is_failed(diff); b_id++) {
		if (class_of(&diff->b, b_id) != 0 && !diff->b.is_matched[b_id])
			bpfl_diff_put_whole(diff, &diff->b, b_id, true);
	}
	return ret;
}

static int run(struct bpfl_diff *diff, struct bpfl_error *err)
{
	int ret = index_names(diff);

	if (ret == 0)
		match_same(diff);
	if (ret == 0)
		ret = put_rest(diff);
	if (ret == 0)
		ret = bpfl_dump_finish(&diff->a.dump, err);
	if (ret == 0)
		ret = bpfl_dump_finish(&diff->b.dump, err);
	if (ret == 0)
		ret = bpfl_dump_out_flush(&diff->out);
	return ret == -ENOMEM ? bpfl_error_nomem(err) : ret;
}

int bpfl_btf_diff(const struct bpfl_btf *before, const struct bpfl_btf *after, enum bpfl_format format,
		  bpfl_write_fn write, void *ctx, size_t *ret_nr, struct bpfl_error *err)
{
	struct bpfl_diff diff = { .is_json = format == BPFL_FORMAT_JSON };
	int ret = -ENOMEM;

	diff.next = calloc(bpfl_btf_nr_types(after), sizeof(*diff.next));
	if (diff.next == NULL || bpfl_diff_side_init(&diff.a, before) < 0 ||
	    bpfl_diff_side_init(&diff.b, after) < 0 ||
	    bpfl_dump_out_init(&diff.out, BPFL_DUMP_OUT_SIZE, write, ctx) < 0) {
		bpfl_error_nomem(err);
		goto out;
	}
	ret = run(&diff, err);
	if (ret == 0 && ret_nr != NULL)
		*ret_nr = diff.nr;
out:
	bpfl_diff_side_deinit(&diff.a);
	bpfl_diff_side_deinit(&diff.b);
	bpfl_dump_out_deinit(&diff.out);
	bpfl_hash_deinit(&diff.names);
	free(diff.firsts.items);
	free(diff.next);
	return ret;
}
