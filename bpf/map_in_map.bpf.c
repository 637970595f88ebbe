// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Maps whose values are maps. The initial values are addresses in the source, relocations in
 * the file, and file descriptors in the kernel. Slot 1 of the array stays empty.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} inner_a SEC(".maps"), inner_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 3);
	__type(key, __u32);
	__array(values, struct inner);
} outer_array SEC(".maps") = { .values = { [0] = &inner_a, [2] = &inner_b } };

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__uint(key_size, sizeof(__u32));
	__array(values, struct inner);
} outer_hash SEC(".maps") = { .values = { [1] = &inner_b } };

__u64 runs;
__u64 empty_slots;

static __always_inline void add_inside(void *outer, __u32 slot, __u64 amount)
{
	void *inner = bpf_map_lookup_elem(outer, &slot);
	__u32 zero = 0;
	__u64 *value;

	if (!inner) {
		empty_slots++;
		return;
	}
	value = bpf_map_lookup_elem(inner, &zero);
	if (value)
		__sync_fetch_and_add(value, amount);
}

SEC("tracepoint/syscalls/sys_enter_execve")
int look_inside(void *ctx)
{
	add_inside(&outer_array, 0, 1);		/* inner_a */
	add_inside(&outer_array, 1, 1000);
	add_inside(&outer_array, 2, 10);	/* inner_b */
	add_inside(&outer_hash, 1, 100);	/* inner_b again */
	runs++;
	return 0;
}
