// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the CPUs are doing: 99 times a second on each of them, which process is running, and where in it.
 *
 * The section says only what kind of program this is; what is sampled, how often and where comes with --attach:
 * profile:hz:99, perf_event:page-faults,period=100, perf_event:cycles,cpu=0, perf_event:cpu-clock,freq=49,pid=1.
 *
 * A stack is kept once, in a stack-trace map; its number there is part of the key. A negative number says why there is none:
 * EFAULT for the kernel's stack when the process was not in the kernel.
 */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct place {
	__u32 pid;
	int user_stack_id, kern_stack_id;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct place);
	__type(value, __u64);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16384);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 127 * sizeof(__u64));
} stacks SEC(".maps");

__u64 nr_samples, last_period;
const volatile __u32 only_pid; /* 0: everything but what is idle */

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *ctx)
{
	struct place place = { .pid = bpf_get_current_pid_tgid() >> 32 };
	__u64 one = 1, *count;

	if (only_pid ? place.pid != only_pid : place.pid == 0)
		return 0;
	__sync_fetch_and_add(&nr_samples, 1);
	last_period = ctx->sample_period;
	bpf_get_current_comm(place.comm, sizeof(place.comm));
	place.user_stack_id = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	place.kern_stack_id = bpf_get_stackid(ctx, &stacks, 0);
	if ((count = bpf_map_lookup_elem(&samples, &place)))
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&samples, &place, &one, BPF_NOEXIST);
	return 0;
}
