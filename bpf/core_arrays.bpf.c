// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Arrays inside kernel structs, and structs that have moved into one another: an element's offset is the array's
 * plus the index times the size that an element has in this kernel. An index that the kernel's array does
 * not have is a field that does not exist.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct list_head {
	struct list_head *next;
};
struct vtime {
	unsigned int cpu;
	unsigned int state;
};
struct task_struct {
	char comm[32]; /* 16 in the kernel */
	struct list_head children;
	struct vtime vtimes[2];
};
#pragma clang attribute pop

__u32 runs;
char second_letter, last_letter;
_Bool has_letter_31, has_vtimes;
struct list_head *last_child;

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	second_letter = task->comm[1];
	has_letter_31 = bpf_core_field_exists(task->comm[31]);
	if (has_letter_31)
		last_letter = task->comm[31];
	has_vtimes = bpf_core_field_exists(task->vtimes[1].state);
	last_child = task->children.next;
	runs++;
	return 0;
}
