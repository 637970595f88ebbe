// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Numbers for a monitoring system: who writes how much. The names of the types say what a number is: a counter only grows, a gauge
 * goes up and down, the slots of a histogram count sizes by powers of two.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef __u64 gadget_counter__u64;
typedef __s64 gadget_gauge__s64;
typedef __u32 gadget_histogram_slot__u32;

char LICENSE[] SEC("license") = "GPL";

struct caller { char comm[16]; enum outcome { FAILED, COMPLETE } outcome; };
struct writes { gadget_counter__u64 calls, bytes; gadget_gauge__s64 last_result; __u32 last_pid; };
struct sizes { gadget_histogram_slot__u32 slots[20]; __u64 sum; };

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

gadget_gauge__s64 last_failure = 0;
__u64 nr_calls[2] = {}; /* by outcome */

SEC("tracepoint/syscalls/sys_exit_write")
int on_exit(struct { __u64 head; long nr, ret; } *ctx)
{
	struct sizes *sizes = bpf_map_lookup_elem(&write_size, &(__u32){ 0 });
	struct caller caller = { .outcome = ctx->ret < 0 ? FAILED : COMPLETE };
	struct writes none = { .calls = 0 }, *sum;
	__u32 slot = 0;

	bpf_get_current_comm(caller.comm, sizeof(caller.comm));
	bpf_map_update_elem(&writes, &caller, &none, BPF_NOEXIST);
	sum = bpf_map_lookup_elem(&writes, &caller);
	if (!sum || !sizes)
		return 0;
	__sync_fetch_and_add(&nr_calls[caller.outcome == COMPLETE], 1);
	__sync_fetch_and_add(&sum->calls, 1);
	sum->last_result = ctx->ret;
	sum->last_pid = bpf_get_current_pid_tgid() >> 32;
	if (ctx->ret < 0)
		return (int)(last_failure = ctx->ret);
	__sync_fetch_and_add(&sum->bytes, (__u64)ctx->ret);
	while (slot < 19 && (__u64)ctx->ret >> (slot + 1))
		slot++;
	sizes->slots[slot]++, sizes->sum += (__u64)ctx->ret;
	return 0;
}
