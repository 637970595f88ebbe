// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Types that say how values are meant: one event with fixed values, one field of each. The loader shows it without being told
 * anything: names of errors, signals and system calls, addresses, sizes, modes. Runs once, when it is told to.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/gadget.bpf.h>

char LICENSE[] SEC("license") = "GPL";

struct event {
	gadget_errno error_raw;
	gadget_signal sig_raw;
	gadget_syscall syscall_raw;
	gadget_uid uid;
	gadget_gid gid;
	gadget_file_mode mode_raw;
	gadget_file_flags flags_raw;
	gadget_bytes size_raw;
	gadget_duration latency_raw;
	struct gadget_l4endpoint_t src, dst;
	struct gadget_l3endpoint_t gateway;
	char path[32] GADGET_COLUMN("width=12,ellipsis=start");
	__u32 cookie GADGET_COLUMN("hex,alignment=right,width=10");
	__u32 secret GADGET_COLUMN("hidden");
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

GADGET_TRACER(types, events, event);

SEC("syscall")
int say(void *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 1;
	*event = (struct event){ .error_raw = 2, .sig_raw = 9, .syscall_raw = 435, .mode_raw = 0100644,
				 .flags_raw = 0102 | 02000000, .size_raw = 1536, .latency_raw = 2500000,
				 .src = { { .v4 = bpf_htonl(0x0a010203) }, 46076, 6, 4 },
				 .dst = { { .v6 = { [0] = 0xfe, [1] = 0x80, [15] = 1 } }, 443, 17, 6 },
				 .gateway = { { .v4 = bpf_htonl(0x0a010201) }, 4 }, .path = "/usr/lib/firmware",
				 .cookie = 0xbeef, .secret = 7 };
	bpf_ringbuf_submit(event, 0);
	return 0;
}
