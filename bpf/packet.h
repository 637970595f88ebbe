/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet on its way through the kernel (struct sk_buff), as far as programs here show it: device, length, protocol, addresses.
 * IPv4 addresses are written as IPv6 has them, ::ffff:1.2.3.4.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct net_device { char name[16]; } __attribute__((preserve_access_index));
struct sk_buff { struct net_device *dev; unsigned char *head, *data; __u16 network_header; int len; } __attribute__((preserve_access_index));
struct ip4 { __u8 version, tos; __u16 len, id, frag; __u8 ttl, proto; __u16 sum; __u32 from, to; };
struct ip6 { __u32 version; __u16 len; __u8 proto, hops, from[16], to[16]; };

enum proto { NOT_IP = 0, ICMP = 1, TCP = 6, UDP = 17, ICMPV6 = 58 };
enum where { SENT, RECEIVED, FILTERED };
enum verdict { NONE, ACCEPT, DROP, STOLEN };
struct packet { enum where where; enum verdict verdict; char dev[16]; int len; enum proto proto; __u8 saddr[16], daddr[16]; };

/* What is sent has the headers of all layers; else the device's is taken off, and IP's comes first. */
static __always_inline struct packet look_at(struct sk_buff *skb, enum where where)
{
	struct packet packet = { where, NONE, "", BPF_CORE_READ(skb, len) };
	unsigned char *sent = BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header);
	union { struct ip4 v4; struct ip6 v6; } header = {};

	bpf_probe_read_kernel(&header, sizeof(header), where == SENT ? sent : BPF_CORE_READ(skb, data));
	BPF_CORE_READ_STR_INTO(&packet.dev, skb, dev, name);
	if (header.v4.version >> 4 == 4) {
		packet.proto = header.v4.proto;
		*(__u16 *)(packet.saddr + 10) = *(__u16 *)(packet.daddr + 10) = 0xffff;
		*(__u32 *)(packet.saddr + 12) = header.v4.from;
		*(__u32 *)(packet.daddr + 12) = header.v4.to;
	} else if (header.v4.version >> 4 == 6) {
		packet.proto = header.v6.proto;
		__builtin_memcpy(packet.saddr, header.v6.from, 32); /* and to, behind it */
	}
	return packet;
}
