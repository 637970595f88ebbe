// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Started programs in parts: a record for each argument, and one for the result. Records are small and none is kept
 * until the call returns; whoever reads them puts together what has the same PID. The enum says which part it is, and
 * is shown by its names.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define NR_ARGS 8
enum part { ARG, RET };
struct event { __u32 pid; char comm[16]; enum part part; int ret; char arg[64]; };
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __type(key, int); __type(value, int); } events SEC(".maps");
const struct event *unused; /* tells what the events look like */

static __always_inline void begin(struct event *event, enum part part)
{
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->part = part;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
}

SEC("tracepoint/syscalls/sys_enter_execve")
int on_enter(struct { __u64 common; long nr; const char *file; const char *const *argv; } *ctx)
{
	struct event event = {};
	const char *arg;

	begin(&event, ARG);
	for (int i = 0; i < NR_ARGS; i++) {
		if (bpf_probe_read_user(&arg, sizeof(arg), &ctx->argv[i]) || !arg)
			break;
		bpf_probe_read_user_str(event.arg, sizeof(event.arg), arg);
		bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	}
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_execve")
int on_exit(struct { __u64 common; long nr, result; } *ctx)
{
	struct event event = {};

	begin(&event, RET);
	event.ret = ctx->result;
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return 0;
}
