// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A section name that resembles no type of program. --type PROG=TYPE would tell. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 runs;

SEC("my_program")
int count_packets(void *ctx)
{
	runs++;
	return 2;
}
