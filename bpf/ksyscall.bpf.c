// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Arguments and result of a system call, with names and types.
 *
 * Since Linux 4.17 the function behind a system call gets the caller's registers, not the arguments; before, and on some
 * machines still, it gets the arguments. BPF_KSYSCALL reads the right ones in either case: the loader puts in which it is.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

__u64 nr_kills;
int last_pid, last_signal;
long last_result;

SEC("ksyscall/kill")
int BPF_KSYSCALL(on_kill, int pid, int sig)
{
	__sync_fetch_and_add(&nr_kills, 1);
	last_pid = pid;
	last_signal = sig;
	return 0;
}

SEC("kretsyscall/kill")
int BPF_KRETPROBE(on_kill_done, long result)
{
	last_result = result;
	return 0;
}
