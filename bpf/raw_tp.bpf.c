// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A raw tracepoint: the arguments as the kernel passes them inside, without the copying and the
 * stable layout of "tracepoint" programs. sched_process_exec passes the task, the pid that it
 * had before, and the binary.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 runs;
__u32 last_pid;

SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *ctx)
{
	last_pid = (__u32)ctx->args[1];
	runs++;
	return 0;
}
