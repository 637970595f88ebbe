// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Maps of many kinds, each with what its kind needs: sizes that the kernel fixes, flags that it
 * demands, sizes that the loader fills in or clamps. For most of these the kernel refuses BTF.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define MAP(name, kind, entries, key_t, value_t, more...) \
	struct { \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(max_entries, entries); \
		__type(key, key_t); \
		__type(value, value_t); \
		more \
	} name SEC(".maps")

struct prefix {
	__u32 length;
	__u8 address[4];
};

typedef __u64 stack_trace[127];

MAP(hash, HASH, 8, __u32, __u64);
MAP(percpu_hash, PERCPU_HASH, 8, __u32, __u64);
MAP(percpu_array, PERCPU_ARRAY, 2, __u32, __u64);
MAP(lru_hash, LRU_HASH, 64, __u32, __u64);
MAP(lru_percpu_hash, LRU_PERCPU_HASH, 64, __u32, __u64);
MAP(lpm_trie, LPM_TRIE, 8, struct prefix, __u64, __uint(map_flags, BPF_F_NO_PREALLOC););
MAP(stack_traces, STACK_TRACE, 16, __u32, stack_trace);
MAP(devices, DEVMAP, 4, __u32, __u32);
MAP(devices_hash, DEVMAP_HASH, 4, __u32, struct bpf_devmap_val);
MAP(cpus, CPUMAP, 1, __u32, __u32);
MAP(xsks, XSKMAP, 4, __u32, __u32);
MAP(sockets, SOCKMAP, 4, __u32, __u32);
MAP(sockets_hash, SOCKHASH, 4, __u32, __u64);
MAP(cgroups, CGROUP_ARRAY, 4, __u32, __u32);
MAP(task_data, TASK_STORAGE, 0, int, __u64, __uint(map_flags, BPF_F_NO_PREALLOC););

__u64 runs;

SEC("tracepoint/syscalls/sys_enter_execve")
int touch_maps(void *ctx)
{
	__u32 key = 1;
	__u64 value = 5;

	bpf_map_update_elem(&hash, &key, &value, BPF_ANY);
	bpf_map_update_elem(&percpu_array, &key, &value, BPF_ANY);
	bpf_map_update_elem(&lru_hash, &key, &value, BPF_ANY);
	bpf_get_stackid(ctx, &stack_traces, 0);
	runs++;
	return 0;
}
