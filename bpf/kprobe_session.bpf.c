// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One program at the entry of a function and at its return. At the entry it decides whether it wants to see the return: 0 is yes.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* The function has a parameter since Linux 7.0. What stands behind ___ is no part of its name. */
extern _Bool bpf_session_is_return(void) __ksym __weak;
extern _Bool bpf_session_is_return___7_0(void *ctx) __ksym __weak;

__u64 nr_entries, nr_returns;

SEC("kprobe.session/vfs_read*")
int on_read(void *ctx)
{
	_Bool is_return = bpf_ksym_exists(bpf_session_is_return___7_0) ? bpf_session_is_return___7_0(ctx) : bpf_session_is_return();

	if (is_return) {
		__sync_fetch_and_add(&nr_returns, 1);
		return 0;
	}
	/* every second return only */
	return __sync_fetch_and_add(&nr_entries, 1) & 1;
}
