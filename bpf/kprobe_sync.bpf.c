// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tells when somebody calls sync(2), and how long it took.
 *
 * SEC("ksyscall/NAME") names a system call and no function: which function that is differs by machine and by kernel.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

__u64 nr_syncs, nr_returns, last_ns;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} started SEC(".maps");

SEC("ksyscall/sync")
int BPF_KSYSCALL(on_sync)
{
	__u64 task = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();

	__sync_fetch_and_add(&nr_syncs, 1);
	bpf_map_update_elem(&started, &task, &now, BPF_ANY);
	bpf_printk("sync() called");
	return 0;
}

SEC("kretsyscall/sync")
int BPF_KRETPROBE(on_sync_done)
{
	__u64 task = bpf_get_current_pid_tgid();
	__u64 *start = bpf_map_lookup_elem(&started, &task);

	__sync_fetch_and_add(&nr_returns, 1);
	if (!start)
		return 0;
	last_ns = bpf_ktime_get_ns() - *start;
	bpf_map_delete_elem(&started, &task);
	return 0;
}
