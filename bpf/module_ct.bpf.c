// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Functions, a hook and a type of a module: connection tracking is "nf_conntrack" on most kernels, and part of the kernel itself on some.
 * The loader looks into the kernel's own types first and then into those of its modules: the calls get a number in the module's BTF and
 * the place of the module in a list of descriptors, the field of a struct its place in the module's. Linux 6.1, with the module loaded.
 *
 *     bpfload check module_ct.bpf.o --btf vmlinux                             unsure: a module may have it
 *     bpfload check module_ct.bpf.o --btf vmlinux --module nf_conntrack.ko    fits
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct nf_conn {
	__u32 mark;
} __attribute__((preserve_access_index));

struct nf_conntrack_net { /* only the module knows it */
	__u32 users6;
} __attribute__((preserve_access_index));

struct bpf_ct_opts___mine { /* the first half of the kernel's, which takes either */
	__s32 netns_id;
	__s32 error;
	__u8 l4proto;
	__u8 dir;
	__u8 reserved[2];
};

extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *skb, struct bpf_sock_tuple *tuple, __u32 tuple_size,
					 struct bpf_ct_opts___mine *opts, __u32 opts_size) __ksym;
extern void bpf_ct_release(struct nf_conn *ct) __ksym;

__u64 packets, tracked, marked, users_offset;

SEC("tc")
int count_tracked(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = { .ipv4 = { .saddr = bpf_htonl(0x7f000001), .daddr = bpf_htonl(0x7f000001) } };
	struct bpf_ct_opts___mine opts = { .netns_id = -1, .l4proto = 1 };
	struct nf_conn *ct;

	packets++;
	users_offset = bpf_core_field_offset(struct nf_conntrack_net, users6);
	ct = bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
	if (!ct)
		return -1; /* TC_ACT_UNSPEC: whatever else is attached decides */
	tracked++;
	marked += ct->mark != 0;
	bpf_ct_release(ct);
	return -1;
}
