/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/usage: what an object's programs do with the maps that events go through, read from their instructions.
 */
#ifndef BPFL_EVENT_USAGE_H
#define BPFL_EVENT_USAGE_H

#include "spec/spec.h"

#define BPFL_USAGE_SIZES_MAX 8u

struct bpfl_map_usage {
	bool sends;	/* a program sends records through it, or may: it is used, and not seen to be only read */
	bool any_size;	/* at least once with a size that is not a constant */
	unsigned nr_sizes; /* distinct constant sizes, in bytes; more than fit are counted as any_size */
	uint32_t sizes[BPFL_USAGE_SIZES_MAX];
};

/*
 * Looks for calls that send records through map_idx: bpf_ringbuf_output, _reserve and _reserve_dynptr,
 * bpf_perf_event_output and its kin for packets. Arguments are traced back through the instructions before the
 * call; what cannot be traced is left out.
 */
void bpfl_map_usage_read(const struct bpfl_spec *spec, uint32_t map_idx, struct bpfl_map_usage *ret_usage);
/*
 * Whether records may go into a ring buffer without waking its reader (BPF_RB_NO_WAKEUP): a call has that flag,
 * or flags that are not constant.
 */
bool bpfl_usage_is_silent(const struct bpfl_spec *spec);

#endif
