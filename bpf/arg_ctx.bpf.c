// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A global function that gets the context of the program that it is in, whatever that is. Kernels before 6.8
 * do not know the tag: there the loader writes down the type of the context that the kernel expects.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#ifndef __arg_ctx
#define __arg_ctx __attribute__((btf_decl_tag("arg:ctx")))
#endif

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
} events SEC(".maps");

__u64 sent;

/* Only a program's own context can be passed to bpf_perf_event_output(). */
__attribute__((noinline)) int send(void *ctx __arg_ctx, __u32 kind)
{
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &kind, sizeof(kind));
	__sync_fetch_and_add(&sent, 1);
	return 0;
}

SEC("raw_tp/sched_process_exec")
int on_exec(void *ctx)
{
	return send(ctx, 1);
}

SEC("xdp")
int on_packet(struct xdp_md *ctx)
{
	send(ctx, 2);
	return XDP_PASS;
}
