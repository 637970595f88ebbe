// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who asks the kernel for random bytes, and for how many.
 *
 * Tracepoints come and go: random/urandom_read was there until Linux 5.17. So the program for it is optional ('?'): it is
 * loaded and attached only when asked for by --attach.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct event { __u32 pid; char comm[16]; __u64 nr_bytes; };
const struct event *unused; /* tells what the events look like */
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } events SEC(".maps");

static __always_inline int report(__u64 nr_bytes)
{
	struct event event = { bpf_get_current_pid_tgid() >> 32, "", nr_bytes };

	bpf_get_current_comm(event.comm, sizeof(event.comm));
	return bpf_ringbuf_output(&events, &event, sizeof(event), 0);
}

SEC("tracepoint/syscalls/sys_enter_getrandom")
int on_getrandom(struct { __u64 common; long nr; void *to; __u64 size; } *ctx)
{
	return report(ctx->size), 0;
}

SEC("?tracepoint/random/urandom_read")
int on_urandom(struct { __u64 common; int got_bits, pool_left, input_left; } *ctx)
{
	return report((__u64)ctx->got_bits / 8), 0;
}
