// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Hello from two tracepoints: a program is about to be started, and what came of it. The contexts are the kernel's own
 * types, by name (trace_event_raw_sys_enter is what a generated vmlinux.h has): a loader looks up where their members are.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct trace_event_raw_sys_enter { long id; unsigned long args[6]; } __attribute__((preserve_access_index));
struct trace_event_raw_sys_exit { long id, ret; } __attribute__((preserve_access_index));

SEC("tracepoint/syscalls/sys_enter_execve")
int on_enter(struct trace_event_raw_sys_enter *ctx)
{
	char file[64] = "";

	bpf_probe_read_user_str(file, sizeof(file), (const void *)ctx->args[0]);
	bpf_printk("Process[%d]: starts %s", (int)(bpf_get_current_pid_tgid() >> 32), file);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_execve")
int on_exit(struct trace_event_raw_sys_exit *ctx)
{
	bpf_printk("Process[%d]: execve returned %ld", (int)(bpf_get_current_pid_tgid() >> 32), ctx->ret);
	return 0;
}
