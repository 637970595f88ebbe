// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Events through one ring per CPU, the way before ring buffers (Linux 4.4). The file leaves the
 * number of CPUs open: the loader sets max_entries to the number of possible ones.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct event {
	__u32 pid;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

__u64 sent, not_sent;

SEC("tracepoint/syscalls/sys_enter_execve")
int send_event(void *ctx)
{
	struct event event = { .pid = bpf_get_current_pid_tgid() >> 32 };

	bpf_get_current_comm(event.comm, sizeof(event.comm));
	if (bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event)))
		not_sent++;	/* nobody listens on this CPU */
	else
		sent++;
	return 0;
}
