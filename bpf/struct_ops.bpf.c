// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A congestion control for TCP: the kernel's struct of functions, filled with programs. The struct below has
 * the members that are needed, in any order; the loader finds the kernel's by name. What the programs do is
 * what Reno does, and they count. Registered as long as the loader runs; a socket asks for it with
 * setsockopt(TCP_CONGESTION, "bpf_count"). Linux 6.4.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct sock {}; /* more than a declaration: the types of the kernel's functions are compared */

struct tcp_congestion_ops {
	char name[16];
	void (*init)(struct sock *sk);
	__u32 (*ssthresh)(struct sock *sk);
	__u32 (*undo_cwnd)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	void (*no_kernel_has_this)(struct sock *sk);
};

extern __u32 tcp_reno_ssthresh(struct sock *sk) __ksym;
extern __u32 tcp_reno_undo_cwnd(struct sock *sk) __ksym;
extern void tcp_reno_cong_avoid(struct sock *sk, __u32 ack, __u32 acked) __ksym;

__u64 connections, acks;

SEC("struct_ops")
void BPF_PROG(count_init, struct sock *sk)
{
	__sync_fetch_and_add(&connections, 1);
}

SEC("struct_ops")
__u32 BPF_PROG(count_ssthresh, struct sock *sk) { return tcp_reno_ssthresh(sk); }

SEC("struct_ops")
__u32 BPF_PROG(count_undo_cwnd, struct sock *sk) { return tcp_reno_undo_cwnd(sk); }

SEC("struct_ops")
void BPF_PROG(count_cong_avoid, struct sock *sk, __u32 ack, __u32 acked)
{
	__sync_fetch_and_add(&acks, 1);
	tcp_reno_cong_avoid(sk, ack, acked);
}

SEC("?struct_ops")
void BPF_PROG(count_nothing, struct sock *sk) {}

SEC(".struct_ops.link")
struct tcp_congestion_ops count_ops = {
	.name = "bpf_count", .init = (void *)count_init, .ssthresh = (void *)count_ssthresh,
	.undo_cwnd = (void *)count_undo_cwnd, .cong_avoid = (void *)count_cong_avoid,
	.no_kernel_has_this = (void *)count_nothing,
};
