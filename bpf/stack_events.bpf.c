// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who opens files from where: an event for each open, with the stack of the process in it. The addresses are copied into the record, so
 * nothing is shared with other events and none can be lost in a full stack-trace map; a record takes as many bytes as the stack has.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define DEPTH 32

struct event {
	__u32 pid;
	int ustack_sz; /* bytes; negative: why there is none */
	char comm[16];
	__u64 ustack[DEPTH];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
	__type(value, struct event);
} events SEC(".maps");

char LICENSE[] SEC("license") = "GPL";
const volatile __u32 only_pid; /* 0: all */

SEC("tracepoint/syscalls/sys_enter_openat")
int on_open(void *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct event *event;

	if (only_pid && pid != only_pid)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return 0;
	event->pid = pid;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event->ustack_sz = bpf_get_stack(ctx, event->ustack, sizeof(event->ustack), BPF_F_USER_STACK);
	bpf_ringbuf_submit(event, 0);
	return 0;
}
