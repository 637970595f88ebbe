// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An object that describes itself: which process opened which file, with what result. Columns, times, names of errors and the
 * parameter come from the object; nothing has to be said on the command line.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/gadget.bpf.h>

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 only_pid; /* 0: all */
GADGET_PARAM(only_pid);
const volatile _Bool only_failed;
GADGET_PARAM(only_failed);

const char bpf_metadata_purpose[] SEC(".rodata") = "who opens what";

struct event {
	gadget_timestamp timestamp_raw;
	struct gadget_process proc;
	gadget_errno error_raw;
	__s32 fd;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

GADGET_TRACER(opens, events, event);

struct exit { __u64 common, nr; long ret; };

SEC("tracepoint/syscalls/sys_exit_openat")
int on_exit(struct exit *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), ids = bpf_get_current_uid_gid();
	struct event *event;

	if ((only_pid && id >> 32 != only_pid) || (only_failed && ctx->ret >= 0))
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return 0;
	__builtin_memset(event, 0, sizeof(*event));
	event->timestamp_raw = bpf_ktime_get_boot_ns();
	event->proc.pid = id >> 32;
	event->proc.tid = id;
	event->proc.creds.uid = ids;
	event->proc.creds.gid = ids >> 32;
	bpf_get_current_comm(event->proc.comm, sizeof(event->proc.comm));
	event->error_raw = ctx->ret < 0 ? -ctx->ret : 0;
	event->fd = ctx->ret < 0 ? -1 : ctx->ret;
	bpf_ringbuf_submit(event, 0);
	return 0;
}
