/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The producer for the latency part of tests/bench/events.c: a ring buffer and nothing else that could be opened.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} ring SEC(".maps");

__u64 produced;

/* One record that wakes its reader, with the time it was made. */
SEC("tc") int ring_once(struct __sk_buff *ctx)
{
	struct { __u64 time, number; } event = { bpf_ktime_get_ns(), produced++ };

	bpf_ringbuf_output(&ring, &event, sizeof(event), 0);
	return 0;
}
