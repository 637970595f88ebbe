// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What people type into bash: the string that readline() returns, as soon as it returns.
 *
 * A return probe in user space. The section names neither file nor function, so the place comes from the command line:
 *
 *     bpfload bashreadline.bpf.o --attach uretprobe/bash:readline --timestamps
 *
 * The context is the registers at the moment of the return; PT_REGS_RC picks the one with the result, a pointer into bash's
 * memory. readline() returns NULL at the end of input.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct event { int pid; char command[80]; };

const struct event *unused __attribute__((unused)); /* keeps the type in the object: the map does not say it */
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); } events SEC(".maps");
char LICENSE[] SEC("license") = "GPL";

SEC("uretprobe")
int BPF_KRETPROBE(printret, const void *line)
{
	struct event event = { (int)(bpf_get_current_pid_tgid() >> 32), "" };

	if (line && bpf_probe_read_user_str(event.command, sizeof(event.command), line) >= 0)
		bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return 0;
}
