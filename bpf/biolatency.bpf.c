// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How long disks take: from a request's way to the device to its completion, as a histogram of microseconds.
 *
 * Slot i of a log2 histogram counts from 2^i up to the next power of two. The map is per CPU, so counting needs no atomic
 * operation; the loader adds the CPUs up.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define NR_SLOTS 26

struct request { __u32 dev, unused; __u64 sector; };
struct context { __u64 common; struct request request; }; /* both tracepoints begin like this */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct request);
	__type(value, __u64);
} issued SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NR_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} usecs SEC(".maps");
char LICENSE[] SEC("license") = "GPL";

SEC("tracepoint/block/block_rq_issue")
int on_issue(struct context *ctx)
{
	struct request request = { ctx->request.dev, 0, ctx->request.sector };
	__u64 now = bpf_ktime_get_ns();

	return bpf_map_update_elem(&issued, &request, &now, BPF_ANY), 0;
}

SEC("tracepoint/block/block_rq_complete")
int on_complete(struct context *ctx)
{
	struct request request = { ctx->request.dev, 0, ctx->request.sector };
	__u64 *since = bpf_map_lookup_elem(&issued, &request), us, *count;
	__u32 slot = 0;

	if (!since)
		return 0;
	us = (bpf_ktime_get_ns() - *since) / 1000;
	for (int i = 1; i < NR_SLOTS; i++)
		slot += (us >> i) != 0;
	if ((count = bpf_map_lookup_elem(&usecs, &slot)))
		++*count;
	return bpf_map_delete_elem(&issued, &request), 0;
}
