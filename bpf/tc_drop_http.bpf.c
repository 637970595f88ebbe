// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Drops what goes out to TCP port 80, and counts it. The section is the one that such programs have in many tutorials: tc(8) takes
 * any name, so "action/egress" is met where a filter is meant. --attach tc/egress:IF says what it is.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 dropped, passed;

SEC("action/egress")
int tc_egress(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct tcphdr *tcp;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_TCP)
		goto pass;
	tcp = (void *)ip + ip->ihl * 4;
	if ((void *)(tcp + 1) > end || tcp->dest != bpf_htons(80))
		goto pass;
	__sync_fetch_and_add(&dropped, 1);
	return TC_ACT_SHOT;
pass:
	__sync_fetch_and_add(&passed, 1);
	return TC_ACT_OK;
}
