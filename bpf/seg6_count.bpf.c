// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counts the packets of IPv6 segment routing that end at a local segment. No system call attaches it: a route names its pin; `bpfload load` prints the
 * command for it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

long packets;

SEC("lwt_seg6local")
int seg6_count(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&packets, 1);
	return BPF_OK;
}
