// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Maps without keys: a queue, a stack and a Bloom filter (Linux 5.16, hash count in map_extra). */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 16);
	__type(value, __u32);
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 16);
	__type(value, __u32);
} stack SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 100);
	__uint(map_extra, 3);
	__type(value, __u32);
} filter SEC(".maps");

__u64 runs;
__u64 known;

SEC("tracepoint/syscalls/sys_enter_execve")
int push_pid(void *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	bpf_map_push_elem(&queue, &pid, BPF_EXIST);
	bpf_map_push_elem(&stack, &pid, BPF_EXIST);
	bpf_map_push_elem(&filter, &pid, BPF_ANY);
	if (bpf_map_peek_elem(&filter, &pid) == 0)
		known++;
	runs++;
	return 0;
}
