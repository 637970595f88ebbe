// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Calls of a Go method, with its text argument.
 *
 * Symbols of Go have characters that C has not, main.(*Shell).Run, and are written as they are (quoted for the shell):
 *
 *     bpfload go_call.bpf.o --attach 'uprobe//tmp/shell:main.(*Shell).Run'
 *
 * Since Go 1.17 arguments are in registers, in an order of its own; a string takes two, for its address and its length, and ends
 * without a NUL. A method's receiver is its first argument. Return probes break Go programs (it moves stacks), so there is none here.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#if defined(__TARGET_ARCH_arm64)
#define GO_ARG2(ctx) (((struct user_pt_regs *)(ctx))->regs[1])
#define GO_ARG3(ctx) (((struct user_pt_regs *)(ctx))->regs[2])
#elif defined(__TARGET_ARCH_x86)
#define GO_ARG2(ctx) (((struct pt_regs *)(ctx))->rbx)
#define GO_ARG3(ctx) (((struct pt_regs *)(ctx))->rcx)
#else /* arguments are on the stack, behind the saved link register */
#define GO_ARG2(ctx) 0
#define GO_ARG3(ctx) 0
#endif

struct event { __u32 pid; char comm[16]; __u64 len; char text[80]; };
const struct event *unused; /* tells what the events look like */
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } events SEC(".maps");

SEC("uprobe")
int on_call(void *ctx)
{
	struct event event = { .pid = bpf_get_current_pid_tgid() >> 32, .len = GO_ARG3(ctx) };
	__u64 size = event.len < sizeof(event.text) ? event.len : sizeof(event.text) - 1;

	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_probe_read_user(event.text, size, (const void *)GO_ARG2(ctx));
	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	return 0;
}
