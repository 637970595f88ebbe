// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A map whose size is the user's decision. Without --map starts.max_entries=N it is not loaded,
 * and the error prints that option.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
} starts SEC(".maps");

__u64 runs;

SEC("tracepoint/syscalls/sys_enter_execve")
int remember_start(void *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u64 now = bpf_ktime_get_ns();

	bpf_map_update_elem(&starts, &pid, &now, BPF_ANY);
	runs++;
	return 0;
}
