// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How long read(2) takes, for each command: histograms in the values of a hash, and one in a per-CPU array.
 *
 * A slot of a log2 histogram counts the values from 2^slot up to the next power of two; the last takes all above. The sizes
 * of what was read are counted in steps of 64 bytes: a linear histogram.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define NR_SLOTS 26
#define NR_STEPS 17

struct command { char comm[16]; };
struct histogram { __u64 slots[NR_SLOTS]; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4096); __type(key, __u32); __type(value, __u64); } begun SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 256); __type(key, struct command); __type(value, struct histogram); } usecs SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, NR_STEPS); __type(key, __u32); __type(value, __u64); } sizes SEC(".maps");

static const struct histogram empty;
char LICENSE[] SEC("license") = "GPL";

static __always_inline __u32 log2_slot(__u64 value)
{
	__u32 slot = 0;

	for (int i = 0; i < NR_SLOTS - 1; i++)
		slot += (value >> (i + 1)) != 0;
	return slot;
}

SEC("tracepoint/syscalls/sys_enter_read")
int on_enter(void *ctx)
{
	__u32 thread = (__u32)bpf_get_current_pid_tgid();
	__u64 now = bpf_ktime_get_ns();

	return bpf_map_update_elem(&begun, &thread, &now, BPF_ANY), 0;
}

SEC("tracepoint/syscalls/sys_exit_read")
int on_exit(struct { __u64 head; long nr, ret; } *ctx)
{
	__u32 thread = (__u32)bpf_get_current_pid_tgid(), step = ctx->ret > 0 ? (__u32)ctx->ret / 64 : 0;
	__u64 *begin = bpf_map_lookup_elem(&begun, &thread), *size;
	struct histogram *histogram;
	struct command command = { "" };

	if (!begin)
		return 0;
	bpf_get_current_comm(command.comm, sizeof(command.comm));
	bpf_map_update_elem(&usecs, &command, &empty, BPF_NOEXIST);
	histogram = bpf_map_lookup_elem(&usecs, &command);
	if (histogram)
		__sync_fetch_and_add(&histogram->slots[log2_slot((bpf_ktime_get_ns() - *begin) / 1000)], 1);
	step = step < NR_STEPS ? step : NR_STEPS - 1;
	if ((size = bpf_map_lookup_elem(&sizes, &step)))
		++*size;
	return bpf_map_delete_elem(&begun, &thread), 0;
}
