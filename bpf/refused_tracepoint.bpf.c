// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A tracepoint that does not exist; the one that was meant is one letter away. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 runs;

SEC("tracepoint/syscalls/sys_enter_execv")
int count_runs(void *ctx)
{
	runs++;
	return 0;
}
