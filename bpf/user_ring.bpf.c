// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A ring buffer in the other direction (Linux 6.1): user space writes, the program takes the records when it
 * runs and answers each through a ring buffer. bpfload writes what comes in as lines:
 *
 *     echo '{number=21}' | bpfload user_ring.bpf.o --feed requests=-
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct message {
	__u32 number;
	__u32 twice;
};

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 64 * 1024);
	__type(value, struct message); /* for whoever writes */
} requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 128 * 1024);
	__type(value, struct message);
} answers SEC(".maps");

__u64 runs, taken;

static long answer(struct bpf_dynptr *record, void *ctx)
{
	struct message message;

	if (bpf_dynptr_read(&message, sizeof(message), record, 0, 0))
		return 0;
	message.twice = message.number * 2;
	bpf_ringbuf_output(&answers, &message, sizeof(message), 0);
	taken++;
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_execve")
int take(void *ctx)
{
	runs++;
	bpf_user_ringbuf_drain(&requests, answer, 0, 0);
	return 0;
}
