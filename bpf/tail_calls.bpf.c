// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A table of programs with initial values. The kernel jumps to a slot's program and never comes
 * back; an empty slot makes the jump do nothing. All of them are of the same type, and only start()
 * is attached: the sections of the others name no tracepoint.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

int step_one(void *ctx);
int step_two(void *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 3);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} steps SEC(".maps") = {
	.values = { [0] = (void *)&step_one, [2] = (void *)&step_two },
};

__u64 runs[3];
__u64 missed;

SEC("raw_tp/sched_process_exec")
int start(void *ctx)
{
	runs[0]++;
	bpf_tail_call(ctx, &steps, 1);	/* empty */
	missed++;
	bpf_tail_call_static(ctx, &steps, 0);
	return 0;
}

SEC("raw_tp")
int step_one(void *ctx)
{
	runs[1]++;
	bpf_tail_call_static(ctx, &steps, 2);
	return 0;
}

SEC("raw_tp")
int step_two(void *ctx)
{
	runs[2]++;
	return 0;
}
