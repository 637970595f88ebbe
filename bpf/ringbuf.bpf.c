// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Events through a ring buffer that all CPUs share (Linux 5.8). The kernel wants a size that is a
 * power of two and a multiple of the page, which the author of a file cannot know for every
 * machine: the loader rounds up.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct event {
	__u64 time_ns;
	__u32 pid;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 5000);
} events SEC(".maps");

__u64 sent, dropped;

SEC("tracepoint/syscalls/sys_enter_execve")
int send_event(void *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		dropped++;
		return 0;
	}
	event->time_ns = bpf_ktime_get_ns();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	sent++;
	return 0;
}
