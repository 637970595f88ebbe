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
	uint32_t type_id;
	enum bpfl_btf_depth depth;
};

struct bpfl_btf_min {
	struct bpfl_target *target; /* borrowed */
	const struct bpfl_btf *btf; /* the target's */
	uint8_t *depths;	    /* enum bpfl_btf_depth, by type id */
	bool **members; /* by type id: which members or enumerators stay; NULL: none. Owned */
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

/* btf_min_write.c: the marked part as bytes, malloc'ed. */
int bpfl_btf_min_write(const struct bpfl_btf_min *min, void **ret_bytes, size_t *ret_size,
		       struct bpfl_error *err);

#endif
