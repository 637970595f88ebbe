// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counts packets by the route that they take: programs that no system call attaches. A route refers to each by its pin; `bpfload load` prints the
 * command for it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

long packets_in, packets_out, packets_sent;

SEC("lwt_in")
int route_in(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&packets_in, 1);
	return BPF_OK;
}

SEC("lwt_out")
int route_out(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&packets_out, 1);
	return BPF_OK;
}

SEC("lwt_xmit")
int route_xmit(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&packets_sent, 1);
	return BPF_OK;
}
