/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/diff_profile.c: what a type says, without ids.
 *
 * A profile is a kind, a size, a declaration as C text, and one item per member or enumerator.
 * Members of anonymous structs are among those of the struct around them ("x.y" when they can be
 * reached only so), because that is how programs name them. All texts lie one after the other in
 * side->text, so that two profiles can be compared by a single memcmp().
 */
#include "btf/diff.h"

#include <stdio.h>
#include <stdlib.h>

static int append(void *ctx, const char *text, size_t size)
{
	struct bpfl_buf *buf = ctx;

	bpfl_buf_append(buf, text, size);
	return bpfl_buf_ok(buf) ? 0 : -ENOMEM;
}

int bpfl_diff_side_init(struct bpfl_diff_side *side, const struct bpfl_btf *btf)
{
	if (bpfl_dump_init(&side->dump, btf, append, &side->text) < 0)
		return -ENOMEM;
	side->dump.is_single = true;
	side->dump.is_brief = true;
	side->is_matched = calloc(side->dump.nr_types, 1);
	return side->is_matched != NULL ? 0 : -ENOMEM;
}

void bpfl_diff_side_deinit(struct bpfl_diff_side *side)
{
	bpfl_dump_deinit(&side->dump);
	bpfl_buf_deinit(&side->text);
	free(side->profile.items.items);
	free(side->is_matched);
}

/* Where the next byte of text will be. */
static size_t text_at(const struct bpfl_diff_side *side)
{
	return side->text.size + (size_t)(side->dump.out.at - side->dump.out.bytes);
}

static struct bpfl_diff_item *add_item(struct bpfl_diff_side *side, const char *path, const char *name)
{
	struct bpfl_diff_item *item = BPFL_VEC_PUSH(&side->profile.items);

	if (item == NULL) {
		side->dump.out.ret = -ENOMEM;
		return NULL;
	}
	item->name_at = text_at(side);
	bpfl_dump_put_text(&side->dump.out, path);
	bpfl_dump_put_plain(&side->dump.out, name);
	bpfl_dump_put_char(&side->dump.out, '\0');
	return item;
}

static void add_members(struct bpfl_diff_side *side, uint32_t id, const char *path, uint64_t base_bit);

static void add_member(struct bpfl_diff_side *side, const struct bpfl_btf_type *type, uint32_t idx,
		       const char *path, uint64_t base_bit)
{
	const struct bpfl_btf_member *member = &bpfl_btf_members(type)[idx];
	const char *name = bpfl_btf_string(side->dump.btf, member->name_off);
	uint32_t target = bpfl_dump_resolve(&side->dump, member->type);
	enum bpfl_btf_kind kind = bpfl_btf_kind(side->dump.types[target]);
	bool is_struct = kind == BPFL_KIND_STRUCT || kind == BPFL_KIND_UNION;
	struct bpfl_diff_item *item;
	char below[256];
	uint64_t bit_off;
	uint32_t bit_size;

	bpfl_dump_member_place(&side->dump, type, idx, &bit_off, &bit_size);
	bit_off += base_bit;
	if (name[0] != '\0') {
		item = add_item(side, path, name);
		if (item == NULL)
			return;
		item->place = bit_off;
		item->is_bits = bit_size != 0;
		item->size = bit_size != 0 ? bit_size : bpfl_dump_shape(&side->dump, member->type).size;
		item->type_at = text_at(side);
		bpfl_dump_declare(&side->dump, member->type, NULL, 0, 0, BPFL_DUMP_AT_TOP);
		bpfl_dump_put_char(&side->dump.out, '\0');
	}
	if (!is_struct || (name[0] != '\0' && bpfl_dump_is_named(&side->dump, side->dump.types[target])))
		return;
	snprintf(below, sizeof(below), "%s%s%s", path, name, name[0] != '\0' ? "." : "");
	add_members(side, target, below, bit_off);
}

static void add_members(struct bpfl_diff_side *side, uint32_t id, const char *path, uint64_t base_bit)
{
	const struct bpfl_btf_type *type = side->dump.types[id];

	if (!bpfl_dump_enter(&side->dump, id))
		return;
	for (uint32_t i = 0; i < bpfl_btf_vlen(type) && side->dump.out.ret == 0; i++)
		add_member(side, type, i, path, base_bit);
	bpfl_dump_leave(&side->dump);
}

static void add_enumerators(struct bpfl_diff_side *side, const struct bpfl_btf_type *type)
{
	size_t words_each = bpfl_btf_kind(type) == BPFL_KIND_ENUM64 ? 3 : 2;
	const uint32_t *words = bpfl_btf_extra(type);

	side->profile.has_values = true;
	side->profile.is_signed = bpfl_btf_kflag(type);
	for (uint32_t i = 0; i < bpfl_btf_vlen(type) && side->dump.out.ret == 0; i++, words += words_each) {
		struct bpfl_diff_item *item = add_item(side, "", bpfl_btf_string(side->dump.btf, words[0]));

		if (item != NULL)
			item->place = (uint64_t)bpfl_dump_enum_value(type, words);
	}
}

/* What stands inside a type: of a typedef, what stands inside the anonymous type that it names. */
static void add_contents(struct bpfl_diff_side *side, uint32_t id)
{
	const struct bpfl_btf_type *type = side->dump.types[id];

	if (bpfl_btf_kind(type) == BPFL_KIND_TYPEDEF) {
		id = type->type < side->dump.nr_types ? type->type : 0;
		type = side->dump.types[id];
		if (bpfl_dump_is_named(&side->dump, type))
			return;
	}
	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_STRUCT:
	case BPFL_KIND_UNION:
		add_members(side, id, "", 0);
		break;
	case BPFL_KIND_ENUM:
	case BPFL_KIND_ENUM64:
		add_enumerators(side, type);
		break;
	default:
		return;
	}
	side->profile.has_size = true;
	side->profile.size = type->size;
}

void bpfl_diff_make_profile(struct bpfl_diff_side *side, uint32_t id)
{
	const struct bpfl_btf_type *type = side->dump.types[id];
	struct bpfl_diff_profile *profile = &side->profile;

	profile->items.nr = 0;
	profile->has_size = profile->has_values = profile->is_signed = false;
	profile->size = 0;
	profile->kind = bpfl_btf_kind(type);
	side->text.size = 0;
	side->dump.out.at = side->dump.out.bytes;
	add_contents(side, id);
	profile->decl_at = text_at(side);
	if (profile->kind == BPFL_KIND_TYPEDEF || profile->kind == BPFL_KIND_FUNC ||
	    profile->kind == BPFL_KIND_VAR)
		bpfl_dump_declare(&side->dump, type->type, bpfl_btf_string(side->dump.btf, type->name_off), 0, 0,
				  BPFL_DUMP_AT_TOP);
	bpfl_dump_put_char(&side->dump.out, '\0');
	bpfl_dump_out_flush(&side->dump.out);
}

/* Two enums whose values need 8 bytes, or not, are both enums; the rest is a change. */
enum bpfl_btf_kind bpfl_diff_shown_kind(enum bpfl_btf_kind kind)
{
	return kind == BPFL_KIND_ENUM64 ? BPFL_KIND_ENUM : kind;
}

bool bpfl_diff_same_item(const struct bpfl_diff_item *a, const struct bpfl_diff_item *b)
{
	return a->place == b->place && a->size == b->size && a->is_bits == b->is_bits;
}

/* All texts of a profile lie one after the other, in the same order on both sides. */
bool bpfl_diff_same_profile(const struct bpfl_diff_side *a, const struct bpfl_diff_side *b)
{
	if (bpfl_diff_shown_kind(a->profile.kind) != bpfl_diff_shown_kind(b->profile.kind) ||
	    a->profile.size != b->profile.size || a->profile.items.nr != b->profile.items.nr ||
	    a->text.size != b->text.size || memcmp(a->text.data, b->text.data, a->text.size) != 0)
		return false;
	for (size_t i = 0; i < a->profile.items.nr; i++) {
		if (!bpfl_diff_same_item(&a->profile.items.items[i], &b->profile.items.items[i]))
			return false;
	}
	return true;
}
