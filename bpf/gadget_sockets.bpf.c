// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A program that looks at what passes through the sockets of a map: the marker says of which map, so nobody has to attach it by
 * hand.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/gadget.bpf.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, __u32);
} sockets SEC(".maps");

GADGET_SK_TARGET_MAP(look, sockets);

__u64 messages;

SEC("sk_msg")
int look(struct sk_msg_md *msg)
{
	__sync_fetch_and_add(&messages, 1);
	return SK_PASS;
}
