/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/diff_text.c: the differences in words.
 *
 * Text and JSON have the same order of keys and values, so each function writes both; what differs
 * is what stands around them.
 *
 *     ~ struct task_struct size 9856 -> 9920
 *       + new_field at 24, size 4, type int
 *       ~ comm at 2000 -> 2008, size 16 -> 32, type char [16] -> char [32]
 *     - struct gone, size 8
 */
#include "btf/diff.h"

#include <stdlib.h>

static void put_key(struct bpfl_diff *diff, const char *key, bool is_first)
{
	bpfl_dump_put_text(&diff->out, is_first ? "\"" : ",\"");
	bpfl_dump_put_text(&diff->out, key);
	bpfl_dump_put_text(&diff->out, "\":");
}

static void put_type_begin(struct bpfl_diff *diff, const char *change, char sign, enum bpfl_btf_kind kind,
			   const char *name)
{
	const char *word = bpfl_btf_kind_name(bpfl_diff_shown_kind(kind));

	diff->nr++;
	if (!diff->is_json) {
		bpfl_dump_put(&diff->out, (char[]){ sign, ' ' }, 2);
		bpfl_dump_put_text(&diff->out, word);
		bpfl_dump_put_char(&diff->out, ' ');
		bpfl_dump_put_plain(&diff->out, name);
		return;
	}
	bpfl_dump_put_char(&diff->out, '{');
	put_key(diff, "change", true);
	bpfl_dump_put_json(&diff->out, change);
	put_key(diff, "kind", false);
	bpfl_dump_put_json(&diff->out, word);
	put_key(diff, "name", false);
	bpfl_dump_put_json(&diff->out, name);
}

/* A bit offset as bytes and bits, or an enumerator's value. */
static void put_place(struct bpfl_diff *diff, const struct bpfl_diff_profile *profile,
		      const struct bpfl_diff_item *item)
{
	if (profile->has_values && profile->is_signed) {
		bpfl_dump_put_s64(&diff->out, (int64_t)item->place);
	} else if (profile->has_values || diff->is_json) {
		bpfl_dump_put_u64(&diff->out, item->place);
	} else {
		bpfl_dump_put_u64(&diff->out, item->place / 8);
		if (item->is_bits) {
			bpfl_dump_put_char(&diff->out, '.');
			bpfl_dump_put_u64(&diff->out, item->place % 8);
		}
	}
}

static void put_size(struct bpfl_diff *diff, const struct bpfl_diff_item *item)
{
	bpfl_dump_put_u64(&diff->out, item->size);
	if (item->is_bits && !diff->is_json)
		bpfl_dump_put_text(&diff->out, item->size == 1 ? " bit" : " bits");
}

static void put_whole_item_json(struct bpfl_diff *diff, const struct bpfl_diff_side *side,
				const struct bpfl_diff_item *item, const char *change)
{
	const struct bpfl_diff_profile *profile = &side->profile;

	put_key(diff, "change", true);
	bpfl_dump_put_json(&diff->out, change);
	put_key(diff, "name", false);
	bpfl_dump_put_json(&diff->out, bpfl_diff_text(side, item->name_at));
	put_key(diff, profile->has_values ? "value" : "bit_off", false);
	put_place(diff, profile, item);
	if (profile->has_values)
		return;
	put_key(diff, item->is_bits ? "bits" : "size", false);
	put_size(diff, item);
	put_key(diff, "type", false);
	bpfl_dump_put_json(&diff->out, bpfl_diff_text(side, item->type_at));
}

/* A member or enumerator that only one side has. */
static void put_whole_item(struct bpfl_diff *diff, const struct bpfl_diff_side *side,
			   const struct bpfl_diff_item *item, bool is_added)
{
	if (diff->is_json) {
		put_whole_item_json(diff, side, item, is_added ? "added" : "removed");
		return;
	}
	bpfl_dump_put_text(&diff->out, is_added ? "  + " : "  - ");
	if (side->profile.has_values) {
		bpfl_dump_put_text(&diff->out, bpfl_diff_text(side, item->name_at));
		bpfl_dump_put_text(&diff->out, " = ");
		put_place(diff, &side->profile, item);
	} else {
		bpfl_dump_put_text(&diff->out, bpfl_diff_text(side, item->name_at));
		bpfl_dump_put_text(&diff->out, " at ");
		put_place(diff, &side->profile, item);
		bpfl_dump_put_text(&diff->out, ", size ");
		put_size(diff, item);
		bpfl_dump_put_text(&diff->out, ", type ");
		bpfl_dump_put_text(&diff->out, bpfl_diff_text(side, item->type_at));
	}
	bpfl_dump_put_char(&diff->out, '\n');
}

/* One property before and after: ", size " 4 " -> " 8, or ,"size":[4,8]. */
static void put_between(struct bpfl_diff *diff, const char *text_key, const char *json_key, bool *is_first)
{
	if (diff->is_json) {
		put_key(diff, json_key, false);
		bpfl_dump_put_char(&diff->out, '[');
	} else {
		bpfl_dump_put_text(&diff->out, *is_first ? " " : ", ");
		bpfl_dump_put_text(&diff->out, text_key);
	}
	*is_first = false;
}

static void put_arrow(struct bpfl_diff *diff) { bpfl_dump_put_text(&diff->out, diff->is_json ? "," : " -> "); }

static void put_after(struct bpfl_diff *diff)
{
	if (diff->is_json)
		bpfl_dump_put_char(&diff->out, ']');
}

static void put_texts(struct bpfl_diff *diff, const char *a, const char *b)
{
	void (*put)(struct bpfl_dump_out *, const char *) =
		diff->is_json ? bpfl_dump_put_json : bpfl_dump_put_plain;

	put(&diff->out, a);
	put_arrow(diff);
	put(&diff->out, b);
	put_after(diff);
}

static void put_changed_item(struct bpfl_diff *diff, const struct bpfl_diff_item *a,
			     const struct bpfl_diff_item *b)
{
	bool has_values = diff->b.profile.has_values;
	const char *a_type = bpfl_diff_text(&diff->a, a->type_at);
	const char *b_type = bpfl_diff_text(&diff->b, b->type_at);
	bool is_first = true;

	if (diff->is_json) {
		bpfl_dump_put_text(&diff->out, "\"change\":\"changed\",\"name\":");
		bpfl_dump_put_json(&diff->out, bpfl_diff_text(&diff->a, a->name_at));
	} else {
		bpfl_dump_put_text(&diff->out, "  ~ ");
		bpfl_dump_put_text(&diff->out, bpfl_diff_text(&diff->a, a->name_at));
	}
	if (a->place != b->place) {
		put_between(diff, has_values ? "= " : "at ", has_values ? "value" : "bit_off", &is_first);
		put_place(diff, &diff->a.profile, a);
		put_arrow(diff);
		put_place(diff, &diff->b.profile, b);
		put_after(diff);
	}
	if (a->size != b->size || a->is_bits != b->is_bits) {
		put_between(diff, "size ", "size", &is_first);
		put_size(diff, a);
		put_arrow(diff);
		put_size(diff, b);
		put_after(diff);
	}
	if (!has_values && strcmp(a_type, b_type) != 0) {
		put_between(diff, "type ", "type", &is_first);
		put_texts(diff, a_type, b_type);
	}
	if (!diff->is_json)
		bpfl_dump_put_char(&diff->out, '\n');
}

/* ---- comparing two types ---- */

struct items {
	bool has_any; /* written already */
};

static void item_begin(struct bpfl_diff *diff, struct items *items)
{
	if (diff->is_json && !items->has_any) {
		put_key(diff, diff->b.profile.has_values ? "values" : "members", false);
		bpfl_dump_put_char(&diff->out, '[');
	}
	if (diff->is_json)
		bpfl_dump_put_text(&diff->out, items->has_any ? ",{" : "{");
	items->has_any = true;
}

static void item_end(struct bpfl_diff *diff)
{
	if (diff->is_json)
		bpfl_dump_put_char(&diff->out, '}');
}

static void put_pair(struct bpfl_diff *diff, const struct bpfl_diff_item *a, const struct bpfl_diff_item *b,
		     struct items *items)
{
	if (bpfl_diff_same_item(a, b) &&
	    (diff->b.profile.has_values ||
	     strcmp(bpfl_diff_text(&diff->a, a->type_at), bpfl_diff_text(&diff->b, b->type_at)) == 0))
		return;
	item_begin(diff, items);
	put_changed_item(diff, a, b);
	item_end(diff);
}

/*
 * Items by name, whatever their order. Of two with the same name (only a damaged BTF has that), one
 * is seen.
 */
static int put_items(struct bpfl_diff *diff)
{
	struct bpfl_diff_profile *a = &diff->a.profile, *b = &diff->b.profile;
	struct bpfl_hash names = BPFL_HASH_INIT;
	uint8_t *is_seen = calloc(b->items.nr + 1, 1);
	struct items items = { false };
	int ret = is_seen != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; i < b->items.nr && ret == 0; i++) {
		const char *name = bpfl_diff_text(&diff->b, b->items.items[i].name_at);

		ret = bpfl_hash_put(&names, name, strlen(name), (uint32_t)i) == -ENOMEM ? -ENOMEM : 0;
	}
	for (size_t i = 0; i < a->items.nr && ret == 0; i++) {
		const char *name = bpfl_diff_text(&diff->a, a->items.items[i].name_at);
		uint32_t idx;

		if (bpfl_hash_get(&names, name, strlen(name), &idx) == 0) {
			is_seen[idx] = 1;
			put_pair(diff, &a->items.items[i], &b->items.items[idx], &items);
			continue;
		}
		item_begin(diff, &items);
		put_whole_item(diff, &diff->a, &a->items.items[i], false);
		item_end(diff);
	}
	for (size_t i = 0; i < b->items.nr && ret == 0; i++) {
		if (is_seen[i])
			continue;
		item_begin(diff, &items);
		put_whole_item(diff, &diff->b, &b->items.items[i], true);
		item_end(diff);
	}
	if (diff->is_json && items.has_any)
		bpfl_dump_put_char(&diff->out, ']');
	bpfl_hash_deinit(&names);
	free(is_seen);
	return ret;
}

/* Both profiles are there, and differ. */
int bpfl_diff_put_changed(struct bpfl_diff *diff, const char *name)
{
	const struct bpfl_diff_profile *a = &diff->a.profile, *b = &diff->b.profile;
	const char *a_decl = bpfl_diff_text(&diff->a, a->decl_at), *b_decl = bpfl_diff_text(&diff->b, b->decl_at);
	bool is_first = true;
	int ret;

	put_type_begin(diff, "changed", '~', b->kind, name);
	if (bpfl_diff_shown_kind(a->kind) != bpfl_diff_shown_kind(b->kind)) {
		put_between(diff, "kind ", "kinds", &is_first);
		put_texts(diff, bpfl_btf_kind_name(a->kind), bpfl_btf_kind_name(b->kind));
	}
	if (a->size != b->size) {
		put_between(diff, "size ", "size", &is_first);
		bpfl_dump_put_u64(&diff->out, a->size);
		put_arrow(diff);
		bpfl_dump_put_u64(&diff->out, b->size);
		put_after(diff);
	}
	if (strcmp(a_decl, b_decl) != 0) {
		put_between(diff, "", "declaration", &is_first);
		put_texts(diff, a_decl, b_decl);
	}
	if (!diff->is_json)
		bpfl_dump_put_char(&diff->out, '\n');
	ret = put_items(diff);
	if (diff->is_json)
		bpfl_dump_put_text(&diff->out, "}\n");
	return ret;
}

void bpfl_diff_put_whole(struct bpfl_diff *diff, struct bpfl_diff_side *side, uint32_t id, bool is_added)
{
	const struct bpfl_diff_profile *profile = &side->profile;

	bpfl_diff_make_profile(side, id);
	put_type_begin(diff, is_added ? "added" : "removed", is_added ? '+' : '-', profile->kind,
		       bpfl_btf_name(side->dump.btf, id));
	if (profile->has_size) {
		if (diff->is_json)
			put_key(diff, "size", false);
		else
			bpfl_dump_put_text(&diff->out, ", size ");
		bpfl_dump_put_u64(&diff->out, profile->size);
	}
	bpfl_dump_put_text(&diff->out, diff->is_json ? "}\n" : "\n");
}
