// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The streams stdout and stderr of a program (Linux 6.17). Unlike the lines of bpf_printk() they belong to the
 * program: nothing of others is among them. The function has had two names, and its last parameter comes and goes: the part of
 * a name behind ___ is for telling declarations apart.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define STDOUT 1
#define STDERR 2

extern int bpf_stream_vprintk(int stream, const char *fmt__str, const void *args, __u32 len__sz) __ksym __weak; /* 7.0 */
extern int bpf_stream_vprintk_impl(int stream, const char *fmt__str, const void *args, __u32 len__sz,
				   void *aux__prog) __ksym __weak; /* 6.18 */
extern int bpf_stream_vprintk___aux(int stream, const char *fmt__str, const void *args, __u32 len__sz,
				    void *aux__prog) __ksym __weak; /* 6.17 */

static const char line[] = "process %d starts\n", warning[] = "process %d is odd\n";

#define PRINT(stream, text, args) \
	(bpf_ksym_exists(bpf_stream_vprintk)	      ? bpf_stream_vprintk(stream, text, args, sizeof(args)) \
	 : bpf_ksym_exists(bpf_stream_vprintk_impl)   ? bpf_stream_vprintk_impl(stream, text, args, sizeof(args), 0) \
	 : bpf_ksym_exists(bpf_stream_vprintk___aux) ? bpf_stream_vprintk___aux(stream, text, args, sizeof(args), 0) \
						      : -1)

__u64 printed, refused; /* refused: the kernel has no memory for the text */

SEC("tracepoint/syscalls/sys_enter_execve")
int print(void *ctx)
{
	__u64 args[] = { bpf_get_current_pid_tgid() >> 32 };

	if (PRINT(STDOUT, line, args) >= 0)
		printed++;
	else
		refused++;
	if (args[0] & 1)
		PRINT(STDERR, warning, args);
	return 0;
}
