// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A 64-bit number in a map definition. An array length is at most 32 bits, so the number is the
 * value of an enumerator. Here it is the count of hash functions of a Bloom filter (Linux 5.16).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 100);
	__ulong(map_extra, 5);
	__type(value, __u32);
} filter SEC(".maps");

__u64 runs;

SEC("tracepoint/syscalls/sys_enter_execve")
int remember_pid(void *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	if (!bpf_map_push_elem(&filter, &pid, BPF_ANY))
		runs++;
	return 0;
}
