// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A program with a function that another program can take the place of: global, not inlined, and verified on
 * its own. Goes with freplace.bpf.c.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 runs, verdicts;

__attribute__((noinline)) int verdict(int number)
{
	__sync_fetch_and_add(&verdicts, 1);
	asm volatile("" : "+r"(number)); /* else the compiler knows the result without asking */
	return number;
}

__s64 last;

SEC("tp/sched/sched_process_exec")
int on_exec(void *ctx)
{
	__sync_fetch_and_add(&runs, 1);
	last = verdict((int)runs);
	return 0;
}
