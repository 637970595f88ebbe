// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counts what the processes of a cgroup send and receive over IP. 1 lets a packet through.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 bytes_in, bytes_out;

SEC("cgroup_skb/ingress")
int count_in(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&bytes_in, skb->len);
	return 1;
}

SEC("cgroup_skb/egress")
int count_out(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&bytes_out, skb->len);
	return 1;
}
