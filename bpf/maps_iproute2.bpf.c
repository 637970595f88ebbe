// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Maps as the ip and tc commands of iproute2 define them: its own struct, with other names and
 * four more fields, in the same section "maps". An inner map is named by its id.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct bpf_elf_map {
	__u32 type;
	__u32 size_key;
	__u32 size_value;
	__u32 max_elem;
	__u32 flags;
	__u32 id;
	__u32 pinning;		/* 0 none, 1 in the object's directory, 2 global */
	__u32 inner_id;
	__u32 inner_idx;
};

struct bpf_elf_map SEC("maps") packets = {
	.type = BPF_MAP_TYPE_ARRAY,
	.size_key = sizeof(__u32),
	.size_value = sizeof(__u64),
	.max_elem = 2,
};

struct bpf_elf_map SEC("maps") per_cpu = {
	.type = BPF_MAP_TYPE_PERCPU_HASH,
	.size_key = sizeof(__u32),
	.size_value = sizeof(__u64),
	.max_elem = 16,
	.flags = BPF_F_NO_PREALLOC,
};

SEC("xdp")
int count_packets(struct xdp_md *ctx)
{
	__u32 zero = 0, queue = ctx->rx_queue_index;
	__u64 one = 1, *count = bpf_map_lookup_elem(&packets, &zero);

	if (count)
		__sync_fetch_and_add(count, 1);
	bpf_map_update_elem(&per_cpu, &queue, &one, BPF_NOEXIST);
	return XDP_PASS;
}
