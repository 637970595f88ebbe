// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counts the packets that reach this machine's sockets, beside the chains of iptables and nftables. The context is struct bpf_nf_ctx,
 * of which nothing is needed here.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define NF_ACCEPT 1

char LICENSE[] SEC("license") = "GPL";

__u64 packets;

SEC("netfilter")
int count_packets(void *ctx)
{
	__sync_fetch_and_add(&packets, 1);
	return NF_ACCEPT;
}
