// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A field whose size is not what the program thought: start_time is a u64, declared here as 32 bits. The
 * load is an instruction of its own (the verifier knows what task points to), so the loader makes it as
 * wide as the kernel's field. That is right for unsigned numbers and pointers; a load of a signed field
 * of another size is replaced by an invalid call. Linux 5.5.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct task_struct {
	unsigned int start_time; /* u64 in the kernel */
	unsigned short flags;	 /* unsigned int */
} __attribute__((preserve_access_index));

struct task_struct___signed {
	long long pid; /* int: no load can be both */
} __attribute__((preserve_access_index));

__u64 runs, last_start_time;
__u32 last_flags;
long long last_pid;

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	struct task_struct___signed *other = (void *)task;

	last_start_time = task->start_time;
	last_flags = task->flags;
	if (bpf_core_field_size(other->pid) == sizeof(long long))
		last_pid = other->pid;
	runs++;
	return 0;
}
