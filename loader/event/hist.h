/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/hist: where a map keeps the slots of histograms (hist_shape.c), and the histograms that were found (hist.c).
 */
#ifndef BPFL_EVENT_HIST_H
#define BPFL_EVENT_HIST_H

#include "event/side.h"

enum bpfl_hist_kind {
	BPFL_HIST_ELEMENTS, /* an array of numbers: one histogram, slot i is element i */
	BPFL_HIST_VALUES,   /* an array of numbers in each value: one histogram for each element */
	BPFL_HIST_KEYS,	    /* a number for each key, a member of which is the slot */
};

struct bpfl_hist_shape {
	enum bpfl_hist_kind kind;
	/* The counts in the value of one CPU. */
	uint32_t byte_off, count_size, nr_counts;
	size_t slot_field; /* KEYS: in the key */
	/* From the caller's words. */
	bool is_linear;
	uint64_t step;
	char unit[32];
	char member[128];
};

/* key: of the map. 0; -EINVAL, -ENOENT (kind USAGE). */
int bpfl_hist_shape_find(struct bpfl_hist_shape *shape, const struct bpfl_map *map, const struct bpfl_side *key,
			 const char *words, struct bpfl_error *err);

#endif
