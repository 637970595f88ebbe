// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who writes most: for each process how often it called write(2), and how many bytes went out.
 *
 * The counters are kept per CPU, so that no two CPUs touch the same memory; whoever reads them adds them up.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct process {
	__u32 pid;
	char comm[16];
};
struct written {
	__u64 calls;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct process);
	__type(value, struct written);
} writers SEC(".maps");

SEC("tracepoint/syscalls/sys_exit_write")
int on_write(struct { __u64 head; long nr, ret; } *ctx)
{
	struct process process = { .pid = bpf_get_current_pid_tgid() >> 32 };
	struct written first = { .calls = 1, .bytes = ctx->ret > 0 ? (__u64)ctx->ret : 0 };
	struct written *written;

	bpf_get_current_comm(process.comm, sizeof(process.comm));
	written = bpf_map_lookup_elem(&writers, &process);
	if (written) {
		written->calls++;
		written->bytes += first.bytes;
	} else {
		bpf_map_update_elem(&writers, &process, &first, BPF_ANY);
	}
	return 0;
}
