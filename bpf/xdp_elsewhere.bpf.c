// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * XDP programs that run where a packet is redirected to: SEC("xdp/cpumap") on another CPU, SEC("xdp/devmap") in front of another
 * interface. They are not attached; the elements of the maps hold them (bpfload map set).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} devices SEC(".maps");

__u64 on_cpu;
__u64 on_device;

SEC("xdp")
int to_cpu(struct xdp_md *ctx)
{
	return bpf_redirect_map(&cpus, 0, XDP_PASS);
}

SEC("xdp")
int to_device(struct xdp_md *ctx)
{
	return bpf_redirect_map(&devices, 0, XDP_PASS);
}

SEC("xdp/cpumap")
int count_on_cpu(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&on_cpu, 1);
	return XDP_PASS;
}

SEC("xdp/devmap")
int count_on_device(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&on_device, 1);
	return XDP_PASS;
}
