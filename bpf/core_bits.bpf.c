// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Bit-fields: one access asks five things. Where are the bytes that hold it, how many are they, how far is the
 * value to be shifted left and right, and is it signed? Also works where a bit-field has become an
 * ordinary member. Linux 5.5.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct task_struct {
	unsigned int in_execve : 1;
	unsigned int in_iowait : 1;
	unsigned int sched_reset_on_fork : 1;
	int exit_code;
} __attribute__((preserve_access_index));

__u64 runs;
__u64 execve_bits, iowait_bits, reset_bits;
long long last_exit_code;

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	execve_bits += BPF_CORE_READ_BITFIELD(task, in_execve);
	iowait_bits += BPF_CORE_READ_BITFIELD_PROBED(task, in_iowait);
	reset_bits += BPF_CORE_READ_BITFIELD_PROBED(task, sched_reset_on_fork);
	last_exit_code = BPF_CORE_READ_BITFIELD_PROBED(task, exit_code);
	runs++;
	return 0;
}
