// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where processes wait: how long each was off the CPU, by the stack with which it went. The time is counted in microseconds when
 * it comes back, so a process that never does is not seen.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct task_struct { int pid, tgid; char comm[16]; } __attribute__((preserve_access_index));
struct place { __u32 pid; int user_stack_id, kern_stack_id; char comm[16]; };
struct departure { __u64 when_ns; struct place place; };

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16384);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 127 * sizeof(__u64));
} stacks SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16384); __type(key, int); __type(value, struct departure); } away SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16384); __type(key, struct place); __type(value, __u64); } waited_us SEC(".maps");

char LICENSE[] SEC("license") = "GPL";
const volatile __u32 only_pid, min_us = 100; /* only_pid 0: all */

SEC("raw_tp/sched_switch")
int BPF_PROG(on_switch, int preempt, struct task_struct *prev, struct task_struct *next)
{
	struct departure leaving = { .when_ns = bpf_ktime_get_ns() }, *back;
	int thread = BPF_CORE_READ(prev, pid), arriving = BPF_CORE_READ(next, pid);
	__u64 us, *sum;

	leaving.place.pid = BPF_CORE_READ(prev, tgid);
	if (thread && (!only_pid || leaving.place.pid == only_pid)) {
		bpf_get_current_comm(leaving.place.comm, sizeof(leaving.place.comm));
		leaving.place.user_stack_id = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
		leaving.place.kern_stack_id = bpf_get_stackid(ctx, &stacks, 0);
		bpf_map_update_elem(&away, &thread, &leaving, BPF_ANY);
	}
	if (!(back = bpf_map_lookup_elem(&away, &arriving)))
		return 0;
	us = (leaving.when_ns - back->when_ns) / 1000;
	if (us >= min_us) {
		if ((sum = bpf_map_lookup_elem(&waited_us, &back->place)))
			__sync_fetch_and_add(sum, us);
		else
			bpf_map_update_elem(&waited_us, &back->place, &us, BPF_NOEXIST);
	}
	bpf_map_delete_elem(&away, &arriving);
	return 0;
}
