// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Numbers for a monitoring system: what write(2) does for each kind of caller, as counters, gauges and a histogram.
 *
 * The names of the types say what a number is: a counter only grows, a gauge goes up and down, and the slots of a histogram count sizes
 * by powers of two. Nothing else is needed; `bpfload metrics.bpf.o --export prom:9435` does the rest.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define NR_SLOTS 20

typedef __u64 gadget_counter__u64;
typedef __s64 gadget_gauge__s64;
typedef __u32 gadget_histogram_slot__u32;

char LICENSE[] SEC("license") = "GPL";

enum outcome { FAILED, EMPTY, COMPLETE };

struct caller {
	char comm[16];
	enum outcome outcome;
};
struct writes {
	gadget_counter__u64 calls;
	gadget_counter__u64 bytes;
	gadget_gauge__s64 last_result;
	__u32 last_pid; /* of no kind in particular */
};
struct sizes {
	gadget_histogram_slot__u32 slots[NR_SLOTS];
	__u64 sum;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct caller);
	__type(value, struct writes);
} writes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sizes);
} write_size SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32); /* enum outcome */
	__type(value, gadget_counter__u64);
} outcomes SEC(".maps");

gadget_gauge__s64 last_failure = 0;
__u64 nr_calls[2] = {}; /* that failed, that did not */

static void size_count(__u64 size)
{
	struct sizes *sizes = bpf_map_lookup_elem(&write_size, &(__u32){ 0 });
	__u32 slot = 0;

	while (slot < NR_SLOTS - 1 && size >> (slot + 1))
		slot++;
	if (!sizes)
		return;
	sizes->slots[slot]++;
	sizes->sum += size;
}

SEC("tracepoint/syscalls/sys_exit_write")
int on_exit(struct { __u64 head; long nr, ret; } *ctx)
{
	struct writes first = { .calls = 0 }, *of_caller;
	struct caller caller = {};
	__u64 *total;

	caller.outcome = ctx->ret < 0 ? FAILED : ctx->ret == 0 ? EMPTY : COMPLETE;
	bpf_get_current_comm(caller.comm, sizeof(caller.comm));
	total = bpf_map_lookup_elem(&outcomes, &caller.outcome);
	if (total)
		*total += 1;
	if (ctx->ret < 0)
		last_failure = ctx->ret;
	else
		size_count((__u64)ctx->ret);
	__sync_fetch_and_add(&nr_calls[ctx->ret >= 0], 1);
	bpf_map_update_elem(&writes, &caller, &first, BPF_NOEXIST);
	of_caller = bpf_map_lookup_elem(&writes, &caller);
	if (!of_caller)
		return 0;
	__sync_fetch_and_add(&of_caller->calls, 1);
	__sync_fetch_and_add(&of_caller->bytes, ctx->ret > 0 ? (__u64)ctx->ret : 0);
	of_caller->last_result = ctx->ret;
	of_caller->last_pid = bpf_get_current_pid_tgid() >> 32;
	return 0;
}
