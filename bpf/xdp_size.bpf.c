// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Prints the size of each packet that comes in.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int print_size(struct xdp_md *ctx)
{
	int size = (int)(ctx->data_end - ctx->data);

	bpf_printk("packet of %d bytes", size);
	return XDP_PASS;
}
