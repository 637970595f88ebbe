// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Started programs with the container that they are in: the numbers of their network and UTS namespaces, as in
 * /proc/PID/ns, and the host name that the container gave itself. Longer chains of pointers than in execsnoop_ppid, and
 * strings at their ends.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct ns_common { unsigned int inum; };
struct net { struct ns_common ns; };
struct new_utsname { char nodename[65]; };
struct uts_namespace { struct new_utsname name; struct ns_common ns; };
struct nsproxy { struct uts_namespace *uts_ns; struct net *net_ns; };
struct task_struct { struct task_struct *real_parent; int tgid; struct nsproxy *nsproxy; };
struct linux_binprm { const char *filename; };
#pragma clang attribute pop

struct event {
	__u32 pid, ppid;
	__u32 net_ns, uts_ns;
	char node[65];
	char comm[16];
	char file[64];
};

const struct event *unused; /* tells what the events look like */
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 256 * 1024); } events SEC(".maps");

SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	struct linux_binprm *program = (void *)ctx->args[2];
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 0;
	event->pid = BPF_CORE_READ(task, tgid);
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->net_ns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	event->uts_ns = BPF_CORE_READ(task, nsproxy, uts_ns, ns.inum);
	BPF_CORE_READ_STR_INTO(&event->node, task, nsproxy, uts_ns, name.nodename);
	bpf_probe_read_kernel_str(event->file, sizeof(event->file), BPF_CORE_READ(program, filename));
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	return 0;
}
