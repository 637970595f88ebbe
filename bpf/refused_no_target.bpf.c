// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A section name that looks complete and is not: readline is a function, but of which binary?
 * Needs --attach printret=uretprobe/PATH:readline
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 runs;

SEC("uretprobe/readline")
int printret(void *ctx)
{
	runs++;
	return 0;
}
