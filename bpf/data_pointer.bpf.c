// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A pointer in initialised data. It would have to hold an address inside another map, which no
 * kernel interface can put there, so at run time it holds the bare offset. The loader says so,
 * with the name of the variable.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

int target = 42;
int *pointer = &target;
struct {
	int number;
	const char *text;
} pair = { 1, "text" };

__u64 runs;
__u64 value;

SEC("tracepoint/syscalls/sys_enter_execve")
int use_pointer(void *ctx)
{
	value = (__u64)pointer + (__u64)pair.text;
	runs++;
	return 0;
}
