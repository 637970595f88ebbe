// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Refused by the verifier: fields, an enumerator and a function that no kernel has, used without asking whether they are there. Each
 * use becomes an instruction that cannot be; the verifier reaches it, and says so in the words of its version.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct task_struct {
	int no_kernel_has_this;
} __attribute__((preserve_access_index));

enum bpf_func_id___mine { BPF_FUNC_no_kernel_has_this = 1 };

__u64 seen;

SEC("tp_btf/sched_process_exec")
int BPF_PROG(by_offset, struct task_struct *task)
{
	seen += BPF_CORE_READ(task, no_kernel_has_this);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(by_load, struct task_struct *task)
{
	seen += task->no_kernel_has_this;
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(by_enum, struct task_struct *task)
{
	seen += bpf_core_enum_value(enum bpf_func_id___mine, BPF_FUNC_no_kernel_has_this);
	return 0;
}

extern int bpf_no_kernel_has_this(struct task_struct *task) __ksym __weak;

SEC("tp_btf/sched_process_exec")
int BPF_PROG(by_call, struct task_struct *task)
{
	seen += bpf_no_kernel_has_this(task);
	return 0;
}
