/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/column_tags: what an object's declaration tags say about columns.
 *
 *     char path[64] __attribute__((btf_decl_tag("bpfload:width=30,ellipsis=start")));
 *
 * Words, joined by commas: width=N minwidth=N maxwidth=N alignment=left|right ellipsis=none|start|middle|end
 * hidden hex fmt=FORM.
 * "columns.width=30" is understood too, the spelling that the metadata of public gadgets has. Unknown words are
 * left alone: they may be meant for others.
 */
#ifndef BPFL_EVENT_COLUMN_TAGS_H
#define BPFL_EVENT_COLUMN_TAGS_H

#include "event/layout.h"

struct bpfl_column_tag {
	uint32_t type_id, member;
	const char *text; /* in the BTF */
};

struct bpfl_column_tags {
	BPFL_VEC(struct bpfl_column_tag) items;
};

/* Collects the tags of an object's members; without memory some are missing. */
void bpfl_column_tags_read(struct bpfl_column_tags *tags, const struct bpfl_btf *btf);
void bpfl_column_tags_deinit(struct bpfl_column_tags *tags);
/* Gives the fields from first on, which come from this member, what its tags say. */
void bpfl_column_tags_apply(const struct bpfl_column_tags *tags, uint32_t type_id, uint32_t member,
			    struct bpfl_layout *layout, size_t first);

#endif
