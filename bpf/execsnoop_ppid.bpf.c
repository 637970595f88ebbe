// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Started programs, who started them, and what came of it; of one parent only with --set parent=PID.
 *
 * The number of the parent is not in the tracepoint. It is two pointers away from the current task, in members
 * whose place differs from kernel to kernel: BPF_CORE_READ() names them, and the loader fills in the offsets.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct task_struct { struct task_struct *real_parent; int tgid; } __attribute__((preserve_access_index));
struct syscall { __u64 common; long nr; union { const char *file; long result; }; };
struct event { char comm[16]; int pid, ppid, ret; char file[128]; };

struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __type(key, int); __type(value, int); } events SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct event);
} execs SEC(".maps");

const volatile int parent;	   /* 0: all */
const struct event *unused; /* tells what the events look like */

SEC("tracepoint/syscalls/sys_enter_execve")
int on_enter(struct syscall *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 thread = bpf_get_current_pid_tgid();
	struct event event = { .pid = bpf_get_current_pid_tgid() >> 32 };

	event.ppid = BPF_CORE_READ(task, real_parent, tgid);
	if (parent && event.ppid != parent)
		return 0;
	bpf_probe_read_user_str(event.file, sizeof(event.file), ctx->file);
	bpf_map_update_elem(&execs, &thread, &event, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_execve")
int on_exit(struct syscall *ctx)
{
	__u32 thread = bpf_get_current_pid_tgid();
	struct event *event = bpf_map_lookup_elem(&execs, &thread);

	if (!event)
		return 0;
	event->ret = ctx->result;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, event, sizeof(*event));
	bpf_map_delete_elem(&execs, &thread);
	return 0;
}
