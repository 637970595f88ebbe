// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A question mark in front of a section name: the program is not loaded unless asked for. This
 * second one could not be: no kernel has such a tracepoint.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 runs;
__u64 optional_runs;

SEC("tracepoint/syscalls/sys_enter_execve")
int always(void *ctx)
{
	runs++;
	return 0;
}

SEC("?tracepoint/syscalls/sys_enter_no_such_call")
int never(void *ctx)
{
	runs += 1000;
	return 0;
}

SEC("?raw_tp/sched_process_exec")
int on_request(void *ctx)
{
	optional_runs++;
	return 0;
}
