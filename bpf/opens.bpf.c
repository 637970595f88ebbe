// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which files are opened, through a ring buffer whose value type says what its records look like. Space is
 * reserved, filled in place and submitted: nothing is copied. When the ring is full a record is lost,
 * which only the program can know, so it counts; the loader reports counters of this name.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

enum access { READ, WRITE, READ_WRITE };

struct open {
	__u32 pid;
	char comm[16];
	enum access access : 2;
	__u32 create : 1;
	char file[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
	__type(value, struct open);
} opens SEC(".maps");

__u64 opens_lost;

struct enter { __u64 common, nr; long dir; const char *file; unsigned long flags; };

SEC("tracepoint/syscalls/sys_enter_openat")
int on_open(struct enter *ctx)
{
	struct open *open = bpf_ringbuf_reserve(&opens, sizeof(*open), 0);

	if (!open) {
		__sync_fetch_and_add(&opens_lost, 1);
		return 0;
	}
	open->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(open->comm, sizeof(open->comm));
	open->access = ctx->flags & 3;
	open->create = (ctx->flags & 0100) != 0; /* O_CREAT */
	if (bpf_probe_read_user_str(open->file, sizeof(open->file), ctx->file) < 0)
		open->file[0] = '\0';
	bpf_ringbuf_submit(open, 0);
	return 0;
}
