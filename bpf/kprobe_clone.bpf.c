// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Says hello each time a process or thread is made with clone(2), and counts.
 *
 * `sys_clone` is what the function was called when many programs were written. Where the kernel has it under another name
 * (__x64_sys_clone, __arm64_sys_clone), the loader takes that one.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 nr_clones;

SEC("kprobe/sys_clone")
int hello(void *ctx)
{
	__sync_fetch_and_add(&nr_clones, 1);
	bpf_printk("Hello, World!");
	return 0;
}
