// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Maps as they were written before BTF: a struct of plain numbers in a section called "maps". The
 * struct came from a header that later lost it, so the file brings its own.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct bpf_map_def {
	unsigned int type;
	unsigned int key_size;
	unsigned int value_size;
	unsigned int max_entries;
	unsigned int map_flags;
};

struct bpf_map_def SEC("maps") exec_count = {
	.type = BPF_MAP_TYPE_ARRAY,
	.key_size = sizeof(__u32),
	.value_size = sizeof(__u64),
	.max_entries = 1,
};

struct bpf_map_def SEC("maps") by_pid = {
	.type = BPF_MAP_TYPE_HASH,
	.key_size = sizeof(__u32),
	.value_size = sizeof(__u64),
	.max_entries = 1024,
	.map_flags = BPF_F_NO_PREALLOC,
};

SEC("tracepoint/syscalls/sys_enter_execve")
int count_exec(void *ctx)
{
	__u32 key = 0, pid = bpf_get_current_pid_tgid() >> 32;
	__u64 now = bpf_ktime_get_ns();
	__u64 *count = bpf_map_lookup_elem(&exec_count, &key);

	if (count)
		__sync_fetch_and_add(count, 1);
	bpf_map_update_elem(&by_pid, &pid, &now, BPF_ANY);
	return 0;
}
