// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Calls into other sections than .text, as compilers of other languages and -ffunction-sections
 * make them: a static function in a section of its own, and a global one in another.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 runs;
__u64 result;

SEC(".text.pad")
__noinline int shift(int x)
{
	return x + (int)(runs & 0);
}

SEC(".text.square")
static __noinline int not_first_in_section(int x)
{
	return shift(x) + 1;
}

SEC(".text.square")
static __noinline int square(int x)
{
	return shift(x) * not_first_in_section(x - 1);
}

SEC("tracepoint/syscalls/sys_enter_execve")
int call_far(void *ctx)
{
	runs++;
	result = square(12);	/* 144 */
	return 0;
}
