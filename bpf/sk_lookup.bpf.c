// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counts the look-ups of listening sockets in a network namespace: TCP connections and UDP packets that no connected socket takes. It
 * chooses no socket, so the usual one is found.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 lookups;
__u32 last_port;

SEC("sk_lookup")
int count_lookup(struct bpf_sk_lookup *ctx)
{
	__sync_fetch_and_add(&lookups, 1);
	last_port = ctx->local_port;
	return SK_PASS;
}
