// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Three programs in one section: a program is a symbol, and the section says how to attach it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 runs[3];

SEC("tracepoint/syscalls/sys_enter_execve")
int one(void *ctx)
{
	runs[0]++;
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_execve")
int two(void *ctx)
{
	bpf_printk("two\n");
	runs[1] += 2;
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_execve")
int three(void *ctx)
{
	runs[2] += runs[1] > runs[0] ? 3 : 4;
	return 0;
}
