// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Refused by the kernel: bpf_trace_printk is for programs under the GPL or a compatible license. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Proprietary";

SEC("tracepoint/syscalls/sys_enter_execve")
int print_something(void *ctx)
{
	bpf_printk("hello\n");
	return 0;
}
