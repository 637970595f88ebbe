// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How often files are opened: an array of one element, shown each second. The value is a struct, so that the line says what the number is.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct calls { __u64 times; };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct calls);
} called SEC(".maps");
char LICENSE[] SEC("license") = "GPL";

SEC("tracepoint/syscalls/sys_enter_openat")
int count_open(void *ctx)
{
	__u32 key = 0;
	struct calls *calls = bpf_map_lookup_elem(&called, &key);

	if (calls)
		__sync_fetch_and_add(&calls->times, 1);
	return 0;
}
