// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Functions that a helper calls back. Their addresses are loaded as values, with an offset in
 * bytes where a call has one in instructions. A callback has to be static for the verifier; a
 * global one that is __hidden is declared static by the loader. Linux 5.17 (bpf_loop).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");

__u64 runs;
__u64 loop_sum;
__u64 hidden_loop_sum;
__u64 map_elements;

static long add_index(__u32 index, void *unused)
{
	loop_sum += index;
	return 0;
}

__hidden long add_square(__u32 index, void *unused)
{
	hidden_loop_sum += index * index;
	return 0;
}

static long count_element(void *map, __u32 *key, __u64 *value, void *unused)
{
	*value += *key;
	map_elements++;
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_execve")
int call_back(void *ctx)
{
	bpf_loop(10, add_index, 0, 0);	/* +45 each run */
	bpf_loop(5, add_square, 0, 0);	/* +30 */
	bpf_for_each_map_elem(&numbers, count_element, 0, 0);	/* +4 */
	runs++;
	return 0;
}
