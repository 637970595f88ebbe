// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A writable raw tracepoint lets the program change what the kernel passes (Linux 5.2). Few do:
 * bpf_test_finish is the one for testing, at the end of each test run of a network program.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 runs;
int last_error;

SEC("raw_tp.w/bpf_test_finish")
int on_test_finish(struct bpf_raw_tracepoint_args *ctx)
{
	int *error = (int *)ctx->args[0];

	last_error = *error;
	runs++;
	return 0;
}
