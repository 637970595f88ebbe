// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sections that a loader has never heard of, of which the program has no need: other tools put
 * their notes into objects. They are left alone.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__u32 bus, vendor, product;
} devices[2] SEC(".hid_bpf_config") = { { 3, 1, 2 } };

char author[] SEC("metadata") = "nobody";
__u64 scratch[4] SEC(".my.scratch");

__u64 runs;

SEC("tracepoint/syscalls/sys_enter_execve")
int count_runs(void *ctx)
{
	runs++;
	return 0;
}
