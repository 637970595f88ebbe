// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One program on all functions of a file that fit a pattern, by one link. The cookie of the command line (cookie=N) is the same for all; which
 * function it is would be said by bpf_get_func_ip().
 *
 * A session (Linux 6.13) runs at entry and at return, and says which it is.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 nr_calls, nr_returns, nr_entries, nr_exits, last_cookie;

extern _Bool bpf_session_is_return(void) __ksym __weak;

SEC("uprobe.multi/libc.so.6:getpw*")
int calls(void *ctx)
{
	__sync_fetch_and_add(&nr_calls, 1);
	last_cookie = bpf_get_attach_cookie(ctx);
	return 0;
}

SEC("uretprobe.multi/libc.so.6:getpw*")
int returns(void *ctx)
{
	__sync_fetch_and_add(&nr_returns, 1);
	return 0;
}

SEC("?uprobe.session/libc.so.6:getpw*")
int session(void *ctx)
{
	if (bpf_session_is_return())
		__sync_fetch_and_add(&nr_exits, 1);
	else
		__sync_fetch_and_add(&nr_entries, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
