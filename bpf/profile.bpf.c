// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the CPUs are doing: 99 times a second on each of them, which process is running.
 *
 * The section says only what kind of program this is; what is sampled, how often and where comes with --attach:
 * profile:hz:99, perf_event:page-faults,period=100, perf_event:cycles,cpu=0, perf_event:cpu-clock,freq=49,pid=1.
 */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, char[16]); /* name of the process */
	__type(value, __u64);
} samples SEC(".maps");

__u64 nr_samples, last_period;

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *ctx)
{
	char name[16] = "";
	__u64 one = 1, *count;

	__sync_fetch_and_add(&nr_samples, 1);
	last_period = ctx->sample_period;
	bpf_get_current_comm(name, sizeof(name));
	count = bpf_map_lookup_elem(&samples, name);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&samples, name, &one, BPF_NOEXIST);
	return 0;
}
