// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One program on many functions, with their arguments at the end too. It is compiled for none of them, so arguments and result are
 * asked for by number. A session runs at both ends of a call. Linux 7.2.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64); /* address of the function */
	__type(value, __u64);
} calls SEC(".maps");

__u64 nr_calls, nr_returns, nr_failures, nr_both;

SEC("fentry.multi/vfs_*")
int on_call(void *ctx)
{
	__u64 function = bpf_get_func_ip(ctx), one = 1;
	__u64 *count = bpf_map_lookup_elem(&calls, &function);

	__sync_fetch_and_add(&nr_calls, 1);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&calls, &function, &one, BPF_NOEXIST);
	return 0;
}

SEC("fexit.multi/vfs_*")
int on_return(void *ctx)
{
	__u64 result;

	__sync_fetch_and_add(&nr_returns, 1);
	if (bpf_get_func_ret(ctx, &result) == 0 && (long)result < 0)
		__sync_fetch_and_add(&nr_failures, 1);
	return 0;
}

SEC("fsession.multi/vfs_read*")
int on_both(void *ctx)
{
	__sync_fetch_and_add(&nr_both, 1);
	return 0;
}
