// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Types that say that a member is a stack: who opens files from where, in the kernel and in the process. The numbers lead into the
 * stack-trace map; names come below each event.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/gadget.bpf.h>

char LICENSE[] SEC("license") = "GPL";

struct event {
	gadget_comm comm[16];
	gadget_pid pid;
	gadget_kernel_stack where_raw;
	struct gadget_user_stack caller_raw;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 4096);
	__uint(key_size, 4);
	__uint(value_size, 127 * 8);
} stacks SEC(".maps");

GADGET_TRACER(opens, events, event);

SEC("tracepoint/syscalls/sys_enter_openat")
int on_open(void *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 0;
	__builtin_memset(event, 0, sizeof(*event));
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->where_raw = bpf_get_stackid(ctx, &stacks, 0);
	event->caller_raw.pid_level0 = event->pid;
	event->caller_raw.stack_id = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	bpf_ringbuf_submit(event, 0);
	return 0;
}
