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

enum outcome { FAILED, PARTIAL, COMPLETE };

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

/* What this process asked for, by task: the exit of the system call does not say it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} asked SEC(".maps");

gadget_gauge__s64 last_failure = 0;
__u64 nr_calls[2] = {};

SEC("tracepoint/syscalls/sys_enter_write")
int on_enter(struct { __u64 head; long nr, fd, buf, count; } *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 count = (__u64)ctx->count;

	bpf_map_update_elem(&asked, &tid, &count, BPF_ANY);
	__sync_fetch_and_add(&nr_calls[0], 1);
	return 0;
}

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
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 tid = (__u32)pid_tgid;
	__u64 *count = bpf_map_lookup_elem(&asked, &tid), *total;
	struct writes first = { .calls = 0 }, *of_caller;
	struct caller caller = {};

	caller.outcome = ctx->ret < 0 ? FAILED : count && (__u64)ctx->ret < *count ? PARTIAL : COMPLETE;
	bpf_get_current_comm(caller.comm, sizeof(caller.comm));
	bpf_map_delete_elem(&asked, &tid);
	total = bpf_map_lookup_elem(&outcomes, &caller.outcome);
	if (total)
		*total += 1;
	if (ctx->ret < 0)
		last_failure = ctx->ret;
	else
		size_count((__u64)ctx->ret);
	__sync_fetch_and_add(&nr_calls[1], 1);
	bpf_map_update_elem(&writes, &caller, &first, BPF_NOEXIST);
	of_caller = bpf_map_lookup_elem(&writes, &caller);
	if (!of_caller)
		return 0;
	__sync_fetch_and_add(&of_caller->calls, 1);
	__sync_fetch_and_add(&of_caller->bytes, ctx->ret > 0 ? (__u64)ctx->ret : 0);
	of_caller->last_result = ctx->ret;
	of_caller->last_pid = pid_tgid >> 32;
	return 0;
}
