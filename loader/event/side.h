/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/side: the two sides of an element, key and value, as fields that can be shown and compared.
 *
 * A struct has a field for each member. Anything else, and bytes without a type, is one field called "key" or "value".
 */
#ifndef BPFL_EVENT_SIDE_H
#define BPFL_EVENT_SIDE_H

#include "event/field.h"
#include "event/map_print.h"

struct bpfl_side {
	const struct bpfl_map *map;
	const char *name; /* "key" or "value" */
	uint32_t type_id;
	size_t size;		   /* bytes; 0: there is no such side */
	bool is_prefix;		   /* one field, "10.0.0.0/8": the key of a trie */
	struct bpfl_layout layout; /* no fields: bytes without a type */
	struct bpfl_buf scratch;
};

/* 0 or -ENOMEM (with its error). */
int bpfl_side_init_key(struct bpfl_side *side, const struct bpfl_map *map, struct bpfl_error *err);
int bpfl_side_init_value(struct bpfl_side *side, const struct bpfl_map *map, struct bpfl_error *err);
void bpfl_side_deinit(struct bpfl_side *side);

size_t bpfl_side_nr_fields(const struct bpfl_side *side);
const char *bpfl_side_field_name(const struct bpfl_side *side, size_t idx);
/* By the whole path or its last part; SIZE_MAX: there is none. */
size_t bpfl_side_find(const struct bpfl_side *side, const char *name);
void bpfl_side_put(struct bpfl_side *side, size_t idx, const uint8_t *bytes, enum bpfl_style style,
		   struct bpfl_buf *out);
bool bpfl_side_number(const struct bpfl_side *side, size_t idx, const uint8_t *bytes, uint64_t *ret_value,
		      bool *ret_signed);
/* Whether the field is a number at all: by its form, not by an element. */
bool bpfl_side_is_number(const struct bpfl_side *side, size_t idx);

#endif
