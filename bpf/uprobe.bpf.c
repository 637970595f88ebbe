// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counts calls of a function in user space, and where they return.
 *
 * The section says it all: the file (here a library, which is looked up as the dynamic linker does) and the function. Other
 * places work as well: uprobe/bash:main+4, uprobe//bin/bash:0x31000 (a byte offset in the file). With pid=N the probe is in one
 * process, and the file is the one that process sees.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 nr_calls, nr_returns, nr_sleepable;

SEC("uprobe/libc.so.6:getpwnam")
int enter(void *ctx)
{
	__sync_fetch_and_add(&nr_calls, 1);
	return 0;
}

SEC("uretprobe/libc.so.6:getpwnam")
int leave(void *ctx)
{
	__sync_fetch_and_add(&nr_returns, 1);
	return 0;
}

/* May fault: it can read memory that is not there yet. */
SEC("uprobe.s/libc.so.6:getpwnam")
int enter_sleepable(void *ctx)
{
	__sync_fetch_and_add(&nr_sleepable, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
