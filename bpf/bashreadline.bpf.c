// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What people type into bash: the string that readline() returns, as soon as it returns.
 *
 * A return probe in user space. The section names neither file nor function, so the place comes from the command line:
 *
 *     bpfload bashreadline.bpf.o --attach uretprobe/bash:readline
 *
 * The context is the registers at the moment of the return; PT_REGS_RC picks the one with the result, a pointer into bash's
 * memory. readline() returns NULL at the end of input.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define LINE_SIZE 80

SEC("uretprobe")
int BPF_KRETPROBE(printret, const void *line)
{
	char text[LINE_SIZE];

	if (!line)
		return 0;
	bpf_probe_read_user_str(text, sizeof(text), line);
	bpf_printk("PID %d (bash) read: %s", (int)(bpf_get_current_pid_tgid() >> 32), text);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
