// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Weak functions and variables: ordinary ones unless another file brings a strong definition. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__weak __u64 runs;
__weak int factor = 7;
__u64 result;

__weak int scale(int x)
{
	return x * factor;
}

SEC("tracepoint/syscalls/sys_enter_execve")
__weak int use_weak(void *ctx)
{
	runs++;
	result = scale(6);	/* 42 */
	return 0;
}
