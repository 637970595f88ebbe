// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An iterator over the elements of one map: a second program fills the map, this one writes its report. Which
 * map is walked is said when it is attached. Linux 5.8.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} squares SEC(".maps");

/* Two kernel structs as far as they are used; iterators have them as a stable interface. */
struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
};

SEC("syscall")
int fill(void *ctx)
{
	for (__u32 i = 1; i <= 4; i++) {
		__u32 key = i;
		__u64 square = i * i;

		bpf_map_update_elem(&squares, &key, &square, BPF_ANY);
	}
	return 0;
}

SEC("iter/bpf_map_elem")
int report(struct bpf_iter__bpf_map_elem *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	__u32 *key = ctx->key;
	__u64 *value = ctx->value;

	if (key && value)
		BPF_SEQ_PRINTF(seq, "%u squared is %llu\n", *key, *value);
	return 0;
}
