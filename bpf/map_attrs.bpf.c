// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How a map definition can be written: flags, a NUMA node, sizes in place of types, both at once
 * if they agree, fields in any order, the struct behind a typedef, a tag that loaders ignore.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_RDONLY_PROG);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} mapped SEC(".maps");

struct {
	__type(value, __u64);
	__uint(value_size, 8);
	__uint(map_flags, BPF_F_NUMA_NODE);
	__uint(numa_node, 0);
	__uint(key_size, 4);
	__uint(max_entries, 32);
	__uint(type, BPF_MAP_TYPE_HASH);
} any_order SEC(".maps");

typedef struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__uint(key_size, 12);
	__uint(value_size, 20);
} counters_t;

BPF_DECL_TAG("a note about the map") counters_t by_typedef SEC(".maps");

__u64 runs;

SEC("tracepoint/syscalls/sys_enter_execve")
int look(void *ctx)
{
	__u32 key = 3;
	__u64 *value = bpf_map_lookup_elem(&mapped, &key);
	__u64 now = value ? *value : 0;
	char long_key[12] = "key", long_value[20] = "value";

	bpf_map_update_elem(&any_order, &key, &now, BPF_ANY);
	bpf_map_update_elem(&by_typedef, long_key, long_value, BPF_ANY);
	runs++;
	return 0;
}
