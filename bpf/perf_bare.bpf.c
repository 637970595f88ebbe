// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A perf event array that says nothing but its type: the loader fills in 4-byte keys and values
 * and one entry for each possible CPU. A value type would say what the events look like.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct event {
	__u32 pid;
	__u32 number;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
} bare SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(value, struct event);
} typed SEC(".maps");

__u64 runs;

SEC("tracepoint/syscalls/sys_enter_execve")
int send_event(void *ctx)
{
	struct event event = { .pid = bpf_get_current_pid_tgid() >> 32, .number = runs };

	bpf_perf_event_output(ctx, &bare, BPF_F_CURRENT_CPU, &event, sizeof(event));
	bpf_perf_event_output(ctx, &typed, BPF_F_CURRENT_CPU, &event, sizeof(event));
	runs++;
	return 0;
}
