// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A tracepoint with types: the loader finds the id of "btf_trace_sched_process_exec" in the
 * kernel's BTF, and the verifier knows what each argument points to. Linux 5.5.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct task_struct;

__u64 runs;
int last_pid;

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid)
{
	last_pid = old_pid;
	runs++;
	return 0;
}
