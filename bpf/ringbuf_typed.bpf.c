// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A ring buffer that says what its events look like. The kernel refuses a ring buffer with a
 * value size, so the loader creates it without and keeps the type for those who read the events.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct event {
	__u32 pid;
	__u32 number;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
	__type(value, struct event);
} events SEC(".maps");

__u64 runs;

SEC("tracepoint/syscalls/sys_enter_execve")
int send_event(void *ctx)
{
	struct event event = { .pid = bpf_get_current_pid_tgid() >> 32, .number = runs };

	if (!bpf_ringbuf_output(&events, &event, sizeof(event), 0))
		runs++;
	return 0;
}
