// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Fields of kernel structs by name. Only the members that are read are declared here, in any order
 * and at made-up offsets: the loader looks up where each one is in the running kernel and writes the
 * offset into the instruction. `bpfload image` shows "struct task_struct.pid (0:1): byte 8 -> ...".
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct ns_common {
	unsigned int inum;
};
struct pid_namespace {
	struct ns_common ns;
};
struct nsproxy {
	struct pid_namespace *pid_ns_for_children;
};
struct task_struct {
	struct task_struct *real_parent;
	int pid;
	int tgid;
	struct nsproxy *nsproxy;
	char comm[16];
};
#pragma clang attribute pop

__u64 runs;
int last_pid, last_parent;
unsigned int last_pid_namespace;
char last_comm[16];

SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];

	last_pid = BPF_CORE_READ(task, pid);
	last_parent = BPF_CORE_READ(task, real_parent, tgid);
	last_pid_namespace = BPF_CORE_READ(task, nsproxy, pid_ns_for_children, ns.inum);
	bpf_core_read_str(last_comm, sizeof(last_comm), &task->comm);
	runs++;
	return 0;
}
