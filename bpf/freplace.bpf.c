// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Takes the place of a function of another program, for as long as it is attached. Start
 * freplace_target.bpf.o, find its number N (bpftool prog), and say --attach 'freplace/verdict:id N'. Linux
 * 5.6; some kernels refuse such programs by policy.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 replaced;

SEC("freplace/verdict")
int new_verdict(int number)
{
	__sync_fetch_and_add(&replaced, 1);
	return -number;
}
