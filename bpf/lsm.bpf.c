// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A security hook: the kernel asks before it opens a file, and this program counts and agrees with whoever
 * was asked before. A kernel that was not booted with "bpf" in lsm= never asks, which the loader says.
 * Linux 5.7; some kernels refuse such programs by policy.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct file;

__u64 asked, denied_before;

SEC("lsm/file_open")
int BPF_PROG(count_open, struct file *file, int ret)
{
	__sync_fetch_and_add(&asked, 1);
	if (ret != 0)
		__sync_fetch_and_add(&denied_before, 1);
	return ret;
}
