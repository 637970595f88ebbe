// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Programs that are started, with their arguments. What is known when execve() is called waits in a hash map
 * until it returns; the record that is sent ends where the arguments end.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

enum { NR_ARGS = 20, ARG_SIZE = 128 };
struct task_struct { struct task_struct *real_parent; int tgid; } __attribute__((preserve_access_index));
struct syscall { __u64 common, nr, args[3]; }; /* of a tracepoint; args[0] is the result on exit */
struct event { int pid, ppid; char comm[16]; int ret; __u32 args_size; char args[NR_ARGS * ARG_SIZE]; };

struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); } events SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct event);
} calls SEC(".maps");
static const struct event nothing;
char LICENSE[] SEC("license") = "GPL";

SEC("tracepoint/syscalls/sys_enter_execve") int on_enter(struct syscall *ctx)
{
	__u32 thread = bpf_get_current_pid_tgid();
	__u64 size = 0;
	const char *const *argv = (void *)ctx->args[1], *arg;
	struct event *event;

	bpf_map_update_elem(&calls, &thread, &nothing, BPF_ANY);
	if (!(event = bpf_map_lookup_elem(&calls, &thread))) return 0;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->ppid = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), real_parent, tgid);
	for (int i = 0; i < NR_ARGS; i++) {
		barrier_var(size); /* older kernels know only of the register that was compared */
		if (size > sizeof(event->args) - ARG_SIZE || bpf_probe_read_user(&arg, sizeof(arg), &argv[i]) || !arg)
			break;
		long len = bpf_probe_read_user_str(event->args + size, ARG_SIZE, arg);
		size += len > 0 && len <= ARG_SIZE ? len : 0;
	}
	event->args_size = size;
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_execve") int on_exit(struct syscall *ctx)
{
	__u32 thread = bpf_get_current_pid_tgid();
	struct event *event = bpf_map_lookup_elem(&calls, &thread);
	__u64 size = event ? __builtin_offsetof(struct event, args) + event->args_size : 0;

	if (event == 0) return 0;
	event->ret = ctx->args[0];
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	if (size <= sizeof(*event))
		bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, event, size);
	return bpf_map_delete_elem(&calls, &thread), 0;
}
