/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Producers for tests/bench/events.c, run by BPF_PROG_TEST_RUN: records of 16, 64 and 256 bytes, BATCH for each run.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define BATCH 64

struct event16 { __u64 time, number; };
struct event64 { __u64 time, number, rest[6]; };
struct event256 { __u64 time, number, rest[30]; };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 20);
} ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); } perf SEC(".maps");

__u64 produced, dropped;

#define PRODUCER(size) \
	SEC("tc") int ring##size(struct __sk_buff *ctx) \
	{ \
		struct event##size event = { 0 }; \
		for (int i = 0; i < BATCH; i++) { \
			event.number = produced++; \
			if (bpf_ringbuf_output(&ring, &event, sizeof(event), BPF_RB_NO_WAKEUP)) \
				dropped++; \
		} \
		return 0; \
	} \
	SEC("tc") int perf##size(struct __sk_buff *ctx) \
	{ \
		struct event##size event = { 0 }; \
		for (int i = 0; i < BATCH; i++) { \
			event.number = produced++; \
			bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &event, sizeof(event)); \
		} \
		return 0; \
	}

PRODUCER(16)
PRODUCER(64)
PRODUCER(256)

/* One record that wakes its reader, with the time it was made. */
SEC("tc") int ring_once(struct __sk_buff *ctx)
{
	struct event16 event = { bpf_ktime_get_ns(), produced++ };

	bpf_ringbuf_output(&ring, &event, sizeof(event), 0);
	return 0;
}
