// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Addresses of kernel symbols, from /proc/kallsyms. Such an extern has no type: its address is a number to compare
 * with, not a pointer to follow. One that is weak and not there has address 0. Linux 5.2.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern const void _stext __ksym;
extern const void _etext __ksym __weak;
extern const void no_kernel_has_this __ksym __weak;

__u64 runs, start, size, nothing;

SEC("raw_tp/sched_process_exec")
int on_exec(void *ctx)
{
	start = (__u64)&_stext;
	if (&_etext)
		size = (__u64)&_etext - (__u64)&_stext;
	nothing = (__u64)&no_kernel_has_this;
	runs++;
	return 0;
}
