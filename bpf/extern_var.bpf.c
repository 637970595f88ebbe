// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Variables of the kernel with their types, by their number in the kernel's BTF; the verifier turns the number
 * into an address and checks every access. runqueues exists once per CPU. A kernel without CONFIG_KALLSYMS_ALL
 * knows the type but not the address and refuses the program, so this one is loaded only when it
 * is asked for (--only on_exec). Linux 5.10.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct rq {
	unsigned int nr_running;
} __attribute__((preserve_access_index));

extern const struct rq runqueues __ksym;
extern const int bpf_prog_active __ksym __weak;
extern const struct rq no_kernel_has_this __ksym __weak;

__u64 runs, running, active, nothing;

SEC("?raw_tp/sched_process_exec")
int on_exec(void *ctx)
{
	const struct rq *rq = bpf_this_cpu_ptr(&runqueues);

	running = rq->nr_running;
	if (&bpf_prog_active)
		active = *(int *)bpf_this_cpu_ptr(&bpf_prog_active);
	if (&no_kernel_has_this)
		nothing = no_kernel_has_this.nr_running;
	runs++;
	return 0;
}
