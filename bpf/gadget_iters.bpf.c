// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Iterators whose output is a table: two programs walk the elements of two maps and write records. Markers say which
 * map each walks and what the records are. A third program fills the maps.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/gadget.bpf.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} squares SEC(".maps"), cubes SEC(".maps");

struct entry { __u32 number; char kind[8]; gadget_duration took_raw; };
GADGET_ITER2(powers, entry, list_squares, list_cubes);
GADGET_ITER_TARGET_MAP(list_squares, squares);
GADGET_ITER_TARGET_MAP(list_cubes, cubes);

/* As far as they are used. */
struct bpf_iter_meta { struct seq_file *seq; };
struct bpf_iter__bpf_map_elem { struct bpf_iter_meta *meta; struct bpf_map *map; __u32 *key; __u64 *value; };

SEC("syscall")
int fill(void *ctx)
{
	for (__u32 i = 0; i < 3; i++) {
		__u64 square = i * i, cube = i * i * i;
		__u32 key = i;
		bpf_map_update_elem(&squares, &key, &square, BPF_ANY);
		bpf_map_update_elem(&cubes, &key, &cube, BPF_ANY);
	}
	return 0;
}

static int list(struct bpf_iter__bpf_map_elem *ctx, struct entry *entry)
{
	if (ctx->key && ctx->value) { /* the last call has none */
		entry->number = *ctx->key;
		entry->took_raw = *ctx->value * 1000;
		bpf_seq_write(ctx->meta->seq, entry, sizeof(*entry));
	}
	return 0;
}

SEC("iter/bpf_map_elem")
int list_squares(struct bpf_iter__bpf_map_elem *ctx)
{
	return list(ctx, &(struct entry){ .kind = "square" });
}

SEC("iter/bpf_map_elem")
int list_cubes(struct bpf_iter__bpf_map_elem *ctx)
{
	return list(ctx, &(struct entry){ .kind = "cube" });
}
