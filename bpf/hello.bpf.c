// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The first program: says something whenever a process starts another program.
 *
 * The text in msg[] lives on the stack, and the compiler fills it from a constant that it puts
 * into a section of its own, .rodata.str1.1. The format string is in .rodata. So the loader makes
 * two read-only maps for this small file.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("tracepoint/syscalls/sys_enter_execve")
int hello(void *ctx)
{
	char msg[] = "a program starts";

	bpf_printk("Hello, %s\n", msg);
	return 0;
}
