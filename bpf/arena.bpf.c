// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An arena: memory that programs and the loader share, with pointers in it that mean the same to both. Its
 * variables are shown with --dump arena. Each run puts one more item, a page of its own, in front of a list.
 * Compilers know address spaces since clang 19: an older one makes a program that only counts. Linux 6.9.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, 33); /* BPF_MAP_TYPE_ARENA */
	__uint(map_flags, 1 << 10); /* BPF_F_MMAPABLE */
	__uint(max_entries, 64); /* pages */
} arena SEC(".maps");

#ifdef __BPF_FEATURE_ADDR_SPACE_CAST
#define __arena __attribute__((address_space(1)))

struct item {
	struct item __arena *next;
	__u64 number;
};

__u64 __arena runs = 1000;
__u64 __arena sum;
struct item __arena *__arena first;

extern void __arena *bpf_arena_alloc_pages(void *map, void __arena *addr, __u32 page_cnt, int node_id,
					   __u64 flags) __ksym;

SEC("syscall")
int grow(void *ctx)
{
	struct item __arena *item = bpf_arena_alloc_pages(&arena, (void __arena *)0, 1, -1, 0);

	if (!item)
		return 1;
	item->number = ++runs;
	item->next = first;
	first = item;
	sum = 0;
	for (int i = 0; i < 64 && item; i++, item = item->next)
		sum += item->number;
	return 0;
}
#else
__u64 runs = 1000;

SEC("syscall")
int grow(void *ctx)
{
	runs++;
	return 0;
}
#endif
