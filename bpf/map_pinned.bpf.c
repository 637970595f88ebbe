// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A map that several loads share: it is pinned as /sys/fs/bpf/shared_runs, and the next load
 * that asks for the same map goes on counting in it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} shared_runs SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_execve")
int count_runs(void *ctx)
{
	__u32 key = 0;
	__u64 *runs = bpf_map_lookup_elem(&shared_runs, &key);

	if (runs)
		__sync_fetch_and_add(runs, 1);
	return 0;
}
