// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A CPU map that is larger than any machine: the author could not know how many CPUs there would
 * be. The kernel refuses more entries than it has CPUs, so the loader cuts the size.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1024 * 1024);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

__u64 packets;

SEC("xdp")
int spread(struct xdp_md *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id() ^ 1;

	packets++;
	/* an empty slot: the packet goes on as if nobody had asked (the flags say so) */
	return bpf_redirect_map(&cpus, cpu, XDP_PASS);
}
