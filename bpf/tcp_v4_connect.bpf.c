// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Prints each TCP connection over IPv4 that a process opens: who, from where, to where.
 *
 * The function that connects knows the socket when it begins, but the addresses are in the socket only when it
 * returns. So one program keeps the socket of the thread, and the other one, at the return, reads it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct sock_common { __be32 skc_daddr, skc_rcv_saddr; __be16 skc_dport; } __attribute__((preserve_access_index));
struct sock { struct sock_common __sk_common; } __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct sock *);
} connecting SEC(".maps");

__u64 nr_connects, nr_failed;

SEC("kprobe/tcp_v4_connect")
int BPF_KPROBE(on_connect, struct sock *sk)
{
	__u64 task = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&connecting, &task, &sk, BPF_ANY);
	return 0;
}

SEC("kretprobe/tcp_v4_connect")
int BPF_KRETPROBE(on_connected, int result)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct sock **sk = bpf_map_lookup_elem(&connecting, &task);

	if (!sk)
		return 0;
	if (result == 0) {
		__be32 from = BPF_CORE_READ(*sk, __sk_common.skc_rcv_saddr);
		__be32 to = BPF_CORE_READ(*sk, __sk_common.skc_daddr);
		__be16 port = BPF_CORE_READ(*sk, __sk_common.skc_dport);

		__sync_fetch_and_add(&nr_connects, 1);
		bpf_printk("%pI4 -> %pI4 port %d", &from, &to, bpf_ntohs(port));
	} else {
		__sync_fetch_and_add(&nr_failed, 1);
	}
	bpf_map_delete_elem(&connecting, &task);
	return 0;
}
