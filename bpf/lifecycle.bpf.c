// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Records of two types through one ring buffer: the first member tells which. The command line says which
 * number stands for which struct:
 *
 *     --event 'events=type:u32{STARTED:struct started,ENDED:struct ended}'
 *
 * The compiler writes only those types into the object that something global refers to: hence the two
 * unused pointers.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

enum type { STARTED = 1, ENDED = 2 };

struct started {
	enum type type;
	__u32 pid;
	char comm[16];
};

struct ended {
	enum type type;
	__u32 pid;
	__u64 time_ns;
};

const struct started *unused_started __attribute__((unused));
const struct ended *unused_ended __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

SEC("raw_tp/sched_process_exec")
int on_exec(void *ctx)
{
	struct started event = { STARTED, bpf_get_current_pid_tgid() >> 32 };

	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int on_exit(void *ctx)
{
	struct ended event = { ENDED, bpf_get_current_pid_tgid() >> 32, bpf_ktime_get_ns() };

	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	return 0;
}
