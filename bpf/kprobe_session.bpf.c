// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One program at the entry of a function and at its return. At the entry it decides whether it wants to see the return: 0 is yes.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern _Bool bpf_session_is_return(void) __ksym;

__u64 nr_entries, nr_returns;

SEC("kprobe.session/vfs_read*")
int on_read(void *ctx)
{
	if (bpf_session_is_return()) {
		__sync_fetch_and_add(&nr_returns, 1);
		return 0;
	}
	/* every second return only */
	return __sync_fetch_and_add(&nr_entries, 1) & 1;
}
