// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * XDP on packets that are larger than one buffer (Linux 5.18): the flag is in the section name,
 * and bpf_xdp_get_buff_len() counts all the fragments.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 packets;
__u64 bytes;

SEC("xdp.frags")
int measure(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&packets, 1);
	__sync_fetch_and_add(&bytes, bpf_xdp_get_buff_len(ctx));
	return XDP_PASS;
}
