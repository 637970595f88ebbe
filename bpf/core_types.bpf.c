// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Questions about whole types: does the kernel have it, how large is it, which number has it in the kernel's
 * BTF and in the program's own. A type that the kernel does not have has size 0 and id 0.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct task_struct {
	int pid;
};

struct no_kernel_has_this {
	int x;
};

typedef unsigned long long u64;
typedef int (*initcall_t)(void);

struct seen {
	__u32 runs;
	__u32 task_exists, task_size, task_id_in_kernel, task_id_here;
	__u32 other_exists, other_size, other_id_in_kernel;
	__u32 typedef_exists, typedef_size, function_exists;
} seen;

SEC("raw_tp/sched_process_exec")
int on_exec(void *ctx)
{
	seen.task_exists = bpf_core_type_exists(struct task_struct);
	seen.task_size = bpf_core_type_size(struct task_struct);
	seen.task_id_in_kernel = bpf_core_type_id_kernel(struct task_struct);
	seen.task_id_here = bpf_core_type_id_local(struct task_struct);
	seen.other_exists = bpf_core_type_exists(struct no_kernel_has_this);
	seen.other_size = bpf_core_type_size(struct no_kernel_has_this);
	seen.other_id_in_kernel = bpf_core_type_id_kernel(struct no_kernel_has_this);
	seen.typedef_exists = bpf_core_type_exists(u64);
	seen.typedef_size = bpf_core_type_size(u64);
	seen.function_exists = bpf_core_type_exists(initcall_t);
	seen.runs++;
	return 0;
}
