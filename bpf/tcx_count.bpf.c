// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counts the packets and bytes of an interface in both directions. TCX_NEXT (-1) leaves the decision to the next program; kernels
 * without tcx take it as TC_ACT_UNSPEC, which means the same.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct traffic {
	__u64 packets;
	__u64 bytes;
};

struct traffic in, out;

static int count(struct traffic *traffic, struct __sk_buff *skb)
{
	__sync_fetch_and_add(&traffic->packets, 1);
	__sync_fetch_and_add(&traffic->bytes, skb->len);
	return -1;
}

SEC("tcx/ingress")
int count_in(struct __sk_buff *skb)
{
	return count(&in, skb);
}

SEC("tcx/egress")
int count_out(struct __sk_buff *skb)
{
	return count(&out, skb);
}
