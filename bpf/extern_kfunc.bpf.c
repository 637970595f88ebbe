// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Calls of kernel functions: the call gets the function's number in the kernel's BTF. A weak one that this
 * kernel does not have can be asked for; the call behind the question is replaced by an invalid one, which
 * the verifier never reaches. What stands behind "___" is not part of the name. Linux 6.2.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct task_struct;

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern void bpf_rcu_read_lock___strange(int why) __ksym __weak; /* other parameters: counts as missing */
extern int bpf_no_kernel_has_this(struct task_struct *task) __ksym __weak;

__u64 runs, has_none, has_strange;

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	bpf_rcu_read_lock();
	if (bpf_ksym_exists(bpf_no_kernel_has_this))
		has_none += bpf_no_kernel_has_this(task);
	if (bpf_ksym_exists(bpf_rcu_read_lock___strange)) {
		bpf_rcu_read_lock___strange(1);
		has_strange++;
	}
	bpf_rcu_read_unlock();
	runs++;
	return 0;
}
