// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bpf_printk with any number of values: up to three travel in registers, more of them through
 * an array on the stack and bpf_trace_vprintk (Linux 5.16).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 runs;

SEC("tracepoint/syscalls/sys_enter_execve")
int print_values(void *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	char comm[16];

	bpf_get_current_comm(comm, sizeof(comm));
	bpf_printk("no value");
	bpf_printk("one: %d", -1);
	bpf_printk("three: %s %u %x", comm, 7, 255);
	bpf_printk("five: %s %d %lu %c %llx", comm, (int)-5, 6UL, 'x', id >> 63);
	runs++;
	return 0;
}
