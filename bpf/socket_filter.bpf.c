// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counts packets by IP protocol, as a packet socket on an interface sees them. What a socket filter returns is how many bytes
 * the socket keeps: none.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} by_protocol SEC(".maps");

__u64 packets;

SEC("socket")
int count_protocol(struct __sk_buff *skb)
{
	__u8 protocol = 0;
	__u32 key;
	__u64 *count;

	__sync_fetch_and_add(&packets, 1);
	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct iphdr, protocol), &protocol, 1) < 0)
		return 0;
	key = protocol;
	count = bpf_map_lookup_elem(&by_protocol, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}
