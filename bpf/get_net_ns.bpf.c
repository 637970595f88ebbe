// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who makes sockets, and in which network namespace: its number is what `readlink /proc/PID/ns/net` says.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct ns_common { unsigned int inum; };
struct net { struct ns_common ns; };
struct nsproxy { struct net *net_ns; };
struct task_struct { struct nsproxy *nsproxy; };
#pragma clang attribute pop

enum family { UNIX = 1, INET = 2, INET6 = 10, NETLINK = 16, PACKET = 17 };
struct event { __u32 pid; char comm[16]; __u32 net_ns; enum family family; };
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __type(key, int); __type(value, int); } events SEC(".maps");
const struct event *unused; /* tells what the events look like */

SEC("tracepoint/syscalls/sys_enter_socket")
int on_socket(struct { __u64 common; long nr, family; } *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event event = { .pid = bpf_get_current_pid_tgid() >> 32, .family = ctx->family };

	event.net_ns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return 0;
}
