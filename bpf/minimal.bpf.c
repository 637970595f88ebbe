// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A global variable that the user sets: --set my_pid=self makes the program answer to the
 * loader's own writes. With the 0 that it has in the file it never prints.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

int my_pid = 0;

SEC("tp/syscalls/sys_enter_write")
int handle_tp(void *ctx)
{
	int pid = bpf_get_current_pid_tgid() >> 32;

	if (pid != my_pid)
		return 0;
	bpf_printk("BPF triggered from PID %d\n", pid);
	return 0;
}
