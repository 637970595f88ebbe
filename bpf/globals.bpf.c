// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Global variables of every kind. Each data section becomes a map with one element:
 * .bss starts as zeroes, .data with its values, .rodata is frozen before the program is loaded,
 * so that the verifier takes its values as constants. Named sections are maps of their own.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct stats {
	__u64 runs;
	__u64 total;
};

__u64 runs;					/* .bss */
static __u64 hidden_runs;			/* .bss, no symbol of its own */
int step = 3;					/* .data */
static int hidden_step = 4;			/* .data */
const volatile int limit = 1000;		/* .rodata */
static const volatile int hidden_limit = 2000;	/* .rodata */

struct stats stats SEC(".data.stats") = { .runs = 100 };
const volatile __u32 weights[4] SEC(".rodata.weights") = { 1, 10, 100, 1000 };

/* what the program found in each of them: a copy that a reader can check */
struct {
	__u64 hidden_runs;
	int step, hidden_step, limit, hidden_limit;
	__u32 weight_sum;
} seen;

SEC("tracepoint/syscalls/sys_enter_execve")
int use_globals(void *ctx)
{
	runs++;
	hidden_runs++;
	stats.runs++;
	stats.total += step;
	seen.hidden_runs = hidden_runs;
	seen.step = step;
	seen.hidden_step = hidden_step;
	seen.limit = limit;
	seen.hidden_limit = hidden_limit;
	seen.weight_sum = weights[0] + weights[1] + weights[2] + weights[3];
	hidden_step++;
	return 0;
}
