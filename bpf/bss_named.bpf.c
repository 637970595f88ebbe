// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A zeroed data section with a name of its own: a second .bss map. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 counts[8] SEC(".bss.counts");
__u64 runs;

SEC("tracepoint/syscalls/sys_enter_execve")
int count_by_cpu(void *ctx)
{
	counts[bpf_get_smp_processor_id() & 7]++;
	runs++;
	return 0;
}
