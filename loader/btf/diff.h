/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/diff: two BTFs, type by type.
 *
 *     diff.c          which type of one is which of the other
 *     diff_profile.c  what a type says, in a form that can be compared
 *     diff_text.c     the differences, as text and as JSON
 */
#ifndef BPFL_BTF_DIFF_H
#define BPFL_BTF_DIFF_H

#include "base/hash.h"
#include "btf/dump.h"

/* A member or an enumerator. Texts are offsets in side.text. */
struct bpfl_diff_item {
	size_t name_at, type_at;
	uint64_t place; /* bit offset, or an enumerator's value */
	uint64_t size;	/* bytes; of a bit-field: bits */
	bool is_bits;
};

struct bpfl_diff_profile {
	enum bpfl_btf_kind kind;
	bool has_size;
	bool has_values; /* items are enumerators, signed or not */
	bool is_signed;
	uint32_t size;
	size_t decl_at;
	BPFL_VEC(struct bpfl_diff_item) items;
};

/* One of both BTFs. profile is that of the type that is being compared. */
struct bpfl_diff_side {
	struct bpfl_dump dump;
	struct bpfl_buf text;
	struct bpfl_diff_profile profile;
	uint8_t *is_matched; /* by id */
};

/* Types with the same name can be the same type only within one of these. 0: is not compared. */
#define BPFL_DIFF_NR_CLASSES 5

struct bpfl_diff {
	struct bpfl_diff_side a, b;
	struct bpfl_hash names; /* of b: name -> index in firsts */
	/* The lowest ids with a name, by class. */
	BPFL_VEC(struct bpfl_diff_first { uint32_t id[BPFL_DIFF_NR_CLASSES]; }) firsts;
	uint32_t *next; /* by id of b: the next one with the same name and class, or 0 */
	struct bpfl_dump_out out;
	bool is_json;
	size_t nr;
};

/* ---- diff_profile.c ---- */

/* 0 or -ENOMEM; deinit in any case. */
int bpfl_diff_side_init(struct bpfl_diff_side *side, const struct bpfl_btf *btf);
void bpfl_diff_side_deinit(struct bpfl_diff_side *side);
/* Fills side->profile, unless side->dump.out.ret is set by that. */
void bpfl_diff_make_profile(struct bpfl_diff_side *side, uint32_t id);
bool bpfl_diff_same_profile(const struct bpfl_diff_side *a, const struct bpfl_diff_side *b);
bool bpfl_diff_same_item(const struct bpfl_diff_item *a, const struct bpfl_diff_item *b);
/* An enum of 64 bits is an enum. */
enum bpfl_btf_kind bpfl_diff_shown_kind(enum bpfl_btf_kind kind);

static inline const char *bpfl_diff_text(const struct bpfl_diff_side *side, size_t at)
{
	return side->text.data + at;
}

/* ---- diff_text.c ---- */

/* The profiles of both sides are there, and differ. 0 or -ENOMEM. */
int bpfl_diff_put_changed(struct bpfl_diff *diff, const char *name);
/* A type that only one side has. */
void bpfl_diff_put_whole(struct bpfl_diff *diff, struct bpfl_diff_side *side, uint32_t id, bool is_added);

#endif
