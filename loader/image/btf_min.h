/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/btf_min: what its two files share. btf_min.c marks what is needed, btf_min_write.c copies
 * it.
 */
#ifndef BPFL_IMAGE_BTF_MIN_H
#define BPFL_IMAGE_BTF_MIN_H

#include "bpfload/image.h"
#include "btf/btf.h"
#include "image/target.h"

enum bpfl_btf_depth { BPFL_DEPTH_NONE, BPFL_DEPTH_SHELL, BPFL_DEPTH_REFS, BPFL_DEPTH_WHOLE };

struct bpfl_btf_todo {
	uint32_t part, type_id;
	enum bpfl_btf_depth depth;
};

/* What stays of one BTF: of the kernel's, or of a module's, whose types refer to both. */
struct bpfl_btf_part {
	const struct bpfl_btf *btf;
	uint32_t module;    /* its number in the target; 0: the kernel */
	uint32_t first_id;  /* its own types are this one.. */
	uint32_t nr_own;    /* ..and the next */
	uint8_t *depths;    /* enum bpfl_btf_depth, by id - first_id */
	bool **members;	    /* by id - first_id: which members or enumerators stay; NULL: none. Owned */
	uint32_t *new_ids;  /* by id - first_id, 0: not there; while it is written */
};

struct bpfl_btf_min {
	struct bpfl_target *target; /* borrowed */
	BPFL_VEC(struct bpfl_btf_part) parts; /* [0]: the kernel */
	BPFL_VEC(struct bpfl_btf_todo) todo;
	bool keeps_ids;
	bool failed; /* out of memory while marking */
};

static inline bool bpfl_btf_is_composite(enum bpfl_btf_kind kind)
{
	return kind == BPFL_KIND_STRUCT || kind == BPFL_KIND_UNION;
}

static inline bool bpfl_btf_is_enum(enum bpfl_btf_kind kind)
{
	return kind == BPFL_KIND_ENUM || kind == BPFL_KIND_ENUM64;
}

/* The part that type id of a part's BTF belongs to: itself, or the kernel that it continues. */
static inline struct bpfl_btf_part *bpfl_btf_part_of(const struct bpfl_btf_min *min, uint32_t part, uint32_t id)
{
	return id < min->parts.items[part].first_id ? &min->parts.items[0] : &min->parts.items[part];
}

/* btf_min_write.c: the marked part as bytes, malloc'ed. */
int bpfl_btf_min_write(const struct bpfl_btf_min *min, void **ret_bytes, size_t *ret_size,
		       struct bpfl_error *err);

#endif
