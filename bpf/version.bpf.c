// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The "version" section: kernels before 5.0 wanted the version of the running kernel with each
 * kprobe program. Today the number is passed on and nothing looks at it.
 */
#include <linux/version.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
__u32 VERSION SEC("version") = LINUX_VERSION_CODE;

__u64 runs;

SEC("tracepoint/syscalls/sys_enter_execve")
int count_runs(void *ctx)
{
	runs++;
	return 0;
}
