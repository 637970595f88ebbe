// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counts by port to what the processes of a cgroup connect over IPv4. 1 lets them.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} connects SEC(".maps");

SEC("cgroup/connect4")
int count_connect(struct bpf_sock_addr *ctx)
{
	__u32 port = bpf_ntohs(ctx->user_port);
	__u64 one = 1, *count = bpf_map_lookup_elem(&connects, &port);

	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&connects, &port, &one, BPF_ANY);
	return 1;
}
