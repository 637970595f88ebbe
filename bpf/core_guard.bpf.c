// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A field that has another name on other kernels: task_struct.state became __state in Linux 5.14.
 * What stands behind "___" in a type's name is for the programmer: both structs are task_struct to
 * the loader. The access that this kernel lacks is replaced by an invalid call, but the question before
 * it is answered with 0, so the verifier never gets there.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct task_struct___since_5_14 {
	unsigned int __state;
} __attribute__((preserve_access_index));

struct task_struct___before_5_14 {
	long state;
} __attribute__((preserve_access_index));

struct task_struct___never {
	int no_kernel_ever_had_this;
} __attribute__((preserve_access_index));

__u64 runs;
long last_state;
int nonsense;

SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct___since_5_14 *task = (void *)ctx->args[0];
	struct task_struct___before_5_14 *old = (void *)ctx->args[0];
	struct task_struct___never *never = (void *)ctx->args[0];

	if (bpf_core_field_exists(task->__state))
		last_state = BPF_CORE_READ(task, __state);
	else
		last_state = BPF_CORE_READ(old, state);
	if (bpf_core_field_exists(never->no_kernel_ever_had_this))
		nonsense = BPF_CORE_READ(never, no_kernel_ever_had_this);
	runs++;
	return 0;
}
