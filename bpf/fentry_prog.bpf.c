// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Looks at calls of a function of another program: arguments before, the result after. Start freplace_target.bpf.o, find its number
 * N (bpfload ls prog), and say --attach 'before=fentry/verdict,prog=id N' --attach 'after=fexit/verdict,prog=id N'. The '?' leaves a
 * program out until it is asked for: the section alone does not say where. Linux 5.6.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

__u64 calls, returns;
__s64 argument, result;

SEC("?fentry/verdict")
int BPF_PROG(before, int number)
{
	__sync_fetch_and_add(&calls, 1);
	argument = number;
	return 0;
}

SEC("?fexit/verdict")
int BPF_PROG(after, int number, int ret)
{
	__sync_fetch_and_add(&returns, 1);
	result = ret;
	return 0;
}
