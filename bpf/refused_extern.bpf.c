// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* An extern that nothing defines, neither the kernel's configuration nor its symbols. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern int nowhere;

SEC("tracepoint/syscalls/sys_enter_execve")
int read_nowhere(void *ctx)
{
	return nowhere;
}
