// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the driver knows about a packet: when it came, and its hash (Linux 6.3). Such a program is loaded for the
 * interface where it will be attached, and only runs there, in the driver: a veth pair will do, lo will not.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

enum xdp_rss_hash_type { XDP_RSS_TYPE_NONE }; /* the kernel's; it has more values */

extern int bpf_xdp_metadata_rx_timestamp(const struct xdp_md *ctx, __u64 *timestamp) __ksym;
extern int bpf_xdp_metadata_rx_hash(const struct xdp_md *ctx, __u32 *hash, enum xdp_rss_hash_type *type) __ksym;

__u64 packets, stamped, hashed;

SEC("xdp")
int ask_driver(struct xdp_md *ctx)
{
	enum xdp_rss_hash_type type;
	__u64 when;
	__u32 hash;

	__sync_fetch_and_add(&packets, 1);
	if (bpf_xdp_metadata_rx_timestamp(ctx, &when) == 0)
		__sync_fetch_and_add(&stamped, 1);
	if (bpf_xdp_metadata_rx_hash(ctx, &hash, &type) == 0)
		__sync_fetch_and_add(&hashed, 1);
	return XDP_PASS;
}
