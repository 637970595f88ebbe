// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A program that is attached to nothing: it runs when the loader tells it to, may sleep, and its result is
 * printed. Its argument is a block of zeroes, as large as its type says. Linux 5.14.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct arguments {
	__u64 factor;
	__u64 rest[3];
};

__u64 runs;

SEC("syscall")
int answer(struct arguments *arguments)
{
	runs++;
	arguments->rest[0] = runs; /* who asked can read it */
	return arguments->factor == 0 && arguments->rest[2] == 0 ? 42 : 0;
}
