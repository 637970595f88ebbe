// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Functions of a program. They are in .text, where calls between them need no relocation, and
 * the loader appends to each program the ones that it reaches, at a place of its own in each.
 * add() is global: the verifier checks it once, by itself. The static ones are checked per call.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 runs[2];
__u64 results[2];

static __noinline __u64 twice(__u64 x)
{
	return x + (x ^ runs[0] ^ runs[0]);
}

static __noinline __u64 four_times(__u64 x)
{
	return twice(twice(x));
}

__noinline int add(int a, int b)
{
	return a + (int)twice(b);
}

__noinline int add_one(int a)
{
	return add(a, 1);
}

static __noinline __u64 never_called_by_second(__u64 x)
{
	return four_times(x) + add_one(2);
}

SEC("tracepoint/syscalls/sys_enter_execve")
int first(void *ctx)
{
	runs[0]++;
	results[0] = never_called_by_second(5) + add(3, 4);	/* 20 + 4 + 11 */
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_execve")
int second(void *ctx)
{
	runs[1]++;
	results[1] = add_one(10);				/* 12 */
	return 0;
}
