// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A global function that is __hidden is verified where it is called, with what is known there.
 * fill() as an ordinary global function would be refused: the verifier would know nothing of
 * `size`, and nothing of how much memory `to` points to.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 runs;
char comm[16];

__hidden __noinline int fill(char *to, __u32 size)
{
	return bpf_get_current_comm(to, size);
}

SEC("tracepoint/syscalls/sys_enter_execve")
int call_hidden(void *ctx)
{
	if (fill(comm, sizeof(comm)) == 0)
		runs++;
	return 0;
}
