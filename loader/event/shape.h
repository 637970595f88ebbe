/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/shape: what the records of a map look like. The rules are in include/bpfload/decode.h.
 */
#ifndef BPFL_EVENT_SHAPE_H
#define BPFL_EVENT_SHAPE_H

#include "event/usage.h"
#include "spec/spec.h"

enum bpfl_shape_rule {
	BPFL_SHAPE_TOLD = 1,
	BPFL_SHAPE_MAP_VALUE,
	BPFL_SHAPE_TAG,
	BPFL_SHAPE_POINTER,
	BPFL_SHAPE_NAME,
	BPFL_SHAPE_SIZE,
	BPFL_SHAPE_UNKNOWN,
};

/* One type that records can have. */
struct bpfl_shape_case {
	uint64_t value; /* of the selector */
	const struct bpfl_btf *btf; /* the object's, or own_btf */
	struct bpfl_btf *own_btf;   /* of a declaration in words; NULL */
	uint32_t type_id;
};

struct bpfl_shape {
	enum bpfl_shape_rule rule;
	char why[192]; /* a few words: "__type(value)", "the only struct of 24 bytes" */
	BPFL_VEC(struct bpfl_shape_case) cases; /* one, or more with a selector; none: unknown */
	char selector[64]; /* name of the member that tells; "" when there is one type for all */
	uint32_t selector_size, selector_off; /* bytes; off: in the record */
};

/*
 * Finds the shape of a map's records.
 * @told: "struct event", a declaration, or a selector with types; NULL: rules 2 to 7.
 * Return: 0, also for UNKNOWN; -EINVAL, -ENOENT (kind USAGE) for a bad @told; -ENOMEM.
 */
int bpfl_shape_find(struct bpfl_shape *shape, const struct bpfl_spec *spec, uint32_t map_idx, const char *told,
		    struct bpfl_error *err);
void bpfl_shape_deinit(struct bpfl_shape *shape);

#endif
