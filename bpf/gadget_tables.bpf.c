// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A map that is a table: which process opens how many files, shown again each second. The markers name the map; metrics
 * say what the numbers are.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/gadget.bpf.h>

char LICENSE[] SEC("license") = "GPL";

struct who {
	gadget_comm comm[16];
	gadget_uid uid;
};

struct count {
	gadget_counter__u64 opens;
	gadget_bytes names_raw;
	gadget_errno last_error_raw;
	gadget_mntns_id mntns_id;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct who);
	__type(value, struct count);
} counts SEC(".maps");

GADGET_MAPITER(opens, counts);

struct exit { __u64 common, nr; long ret; };

SEC("tracepoint/syscalls/sys_exit_openat")
int on_open(struct exit *ctx)
{
	struct who who = { .uid = bpf_get_current_uid_gid() };
	struct count *count, zero = { 0 };

	bpf_get_current_comm(who.comm, sizeof(who.comm));
	bpf_map_update_elem(&counts, &who, &zero, BPF_NOEXIST);
	count = bpf_map_lookup_elem(&counts, &who);
	if (!count)
		return 0;
	__sync_fetch_and_add(&count->opens, 1);
	__sync_fetch_and_add(&count->names_raw, 100);
	if (ctx->ret < 0)
		count->last_error_raw = -ctx->ret;
	return 0;
}
