// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A kernel function at its beginning and at its end, where the arguments are still there and the result is
 * there too. No probe is placed: the kernel patches a call into the function. Linux 5.5; some kernels refuse
 * such programs by policy.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct file;

__u64 calls, returns, failures, bytes;

SEC("fentry/vfs_read")
int BPF_PROG(read_begins, struct file *file, char *buf, __u64 count)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

SEC("fexit/vfs_read")
int BPF_PROG(read_ends, struct file *file, char *buf, __u64 count, long long *pos, long ret)
{
	__sync_fetch_and_add(&returns, 1);
	if (ret < 0)
		__sync_fetch_and_add(&failures, 1);
	else
		__sync_fetch_and_add(&bytes, ret);
	return 0;
}
