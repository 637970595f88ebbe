// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Section names that no loader defines and many programs have. xdp_prog1 clearly means xdp;
 * action/egress is a name for tc to pick by, of type "action".
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 packets;

SEC("xdp_prog1")
int count_packets(struct xdp_md *ctx)
{
	packets++;
	return XDP_PASS;
}

SEC("action/egress")
int pass_out(struct __sk_buff *skb)
{
	return 0;	/* TC_ACT_OK */
}
