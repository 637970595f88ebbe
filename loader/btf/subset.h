/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/subset: some types of a BTF with all that they refer to, under new numbers.
 *
 *     bpfl_btf_subset_create(btf, &subset, err);
 *     bpfl_btf_subset_want(subset, func_id);              (and everything behind it)
 *     bpfl_btf_subset_want_string(subset, line_off);      (strings that something outside the BTF refers to)
 *     bpfl_btf_subset_close(subset, err);                 (now numbers are known)
 *     info.type_id = bpfl_btf_subset_id(subset, func_id);
 *     info.line_off = bpfl_btf_subset_string(subset, line_off);
 *     bpfl_btf_subset_copy(subset, builder, err);
 *     bpfl_btf_subset_destroy(subset);
 *
 * Types keep their order. What the kernel finds by another way than by reference is wanted too: tags of a
 * wanted type, and the struct that a tag "contains:NAME:MEMBER" (of a list or tree in a map value) names.
 */
#ifndef BPFL_BTF_SUBSET_H
#define BPFL_BTF_SUBSET_H

#include "btf/build.h"

struct bpfl_btf_subset;

/* btf: checked (bpfl_btf_read), without a base; borrowed. */
int bpfl_btf_subset_create(const struct bpfl_btf *btf, struct bpfl_btf_subset **ret_subset, struct bpfl_error *err);
void bpfl_btf_subset_destroy(struct bpfl_btf_subset *subset);

/*
 * Ids and offsets that the BTF does not have are passed over. Nothing fails here: close() says whether
 * memory was enough.
 */
void bpfl_btf_subset_want(struct bpfl_btf_subset *subset, uint32_t type_id);
void bpfl_btf_subset_want_string(struct bpfl_btf_subset *subset, uint32_t name_off);
bool bpfl_btf_subset_is_empty(const struct bpfl_btf_subset *subset);
/* -EOPNOTSUPP when a type of an unknown kind is among them: nobody can say what it refers to. -ENOMEM. */
int bpfl_btf_subset_close(struct bpfl_btf_subset *subset, struct bpfl_error *err);

/* The new number of a type; 0 for void and for a type that was not wanted. */
uint32_t bpfl_btf_subset_id(const struct bpfl_btf_subset *subset, uint32_t type_id);
/* The new place of a string; 0 for one that was not wanted. */
uint32_t bpfl_btf_subset_string(const struct bpfl_btf_subset *subset, uint32_t name_off);
/* Appends types and strings to an empty builder. */
int bpfl_btf_subset_copy(const struct bpfl_btf_subset *subset, struct bpfl_btf_builder *builder,
			 struct bpfl_error *err);

#endif
