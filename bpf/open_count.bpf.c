// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How often files are opened: a kprobe that counts in a map of the old kind, which is printed each second.
 *
 * The section names the system call; the function that serves it has another name on most machines, which the
 * loader finds (__x64_sys_openat).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct bpf_map_def {
	unsigned int type, key_size, value_size, max_entries, map_flags;
};

struct bpf_map_def SEC("maps") kprobe_map = {
	.type = BPF_MAP_TYPE_ARRAY,
	.key_size = sizeof(__u32),
	.value_size = sizeof(__u64),
	.max_entries = 1,
};

SEC("kprobe/sys_openat")
int kprobe_openat(void *ctx)
{
	__u32 first = 0;
	__u64 *count = bpf_map_lookup_elem(&kprobe_map, &first);

	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}
