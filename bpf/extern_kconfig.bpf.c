// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The kernel's configuration as variables. The loader reads /boot/config-RELEASE or /proc/config.gz (or
 * the file after --kconfig) and fills a read-only map, so the verifier takes the values as constants. A weak
 * one is 0 where the kernel has no such option; LINUX_... are made by the loader. Linux 5.2.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern int LINUX_KERNEL_VERSION __kconfig;
extern bool LINUX_HAS_BPF_COOKIE __kconfig __weak;
extern bool CONFIG_BPF_SYSCALL __kconfig;
extern enum libbpf_tristate CONFIG_NET __kconfig __weak;
extern int CONFIG_HZ __kconfig;
extern unsigned long CONFIG_PHYSICAL_START __kconfig __weak;
extern char CONFIG_CC_VERSION_TEXT[20] __kconfig __weak;
extern char CONFIG_LOCALVERSION[8] __kconfig __weak;
extern int CONFIG_NO_KERNEL_HAS_THIS __kconfig __weak;

struct seen {
	__u32 runs, version, hz, nothing;
	__u64 physical_start;
	__u8 cookie, bpf, net;
	char compiler[20];
} seen;

SEC("raw_tp/sched_process_exec")
int on_exec(void *ctx)
{
	seen.version = LINUX_KERNEL_VERSION;
	seen.cookie = LINUX_HAS_BPF_COOKIE;
	seen.bpf = CONFIG_BPF_SYSCALL;
	seen.net = CONFIG_NET == TRI_YES;
	seen.hz = CONFIG_HZ;
	seen.physical_start = CONFIG_PHYSICAL_START;
	for (int i = 0; i < sizeof(seen.compiler); i++)
		seen.compiler[i] = CONFIG_CC_VERSION_TEXT[i];
	seen.nothing = CONFIG_NO_KERNEL_HAS_THIS + CONFIG_LOCALVERSION[0];
	seen.runs++;
	return 0;
}
