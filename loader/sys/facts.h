/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/facts: what the running system is, read when somebody asks.
 *
 * Nothing is cached here; whoever asks twice keeps the answer (image/target.h does). Facts for error messages
 * are read only after a refusal.
 */
#ifndef BPFL_SYS_FACTS_H
#define BPFL_SYS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/* The third number saturates at 255, as in the kernel's own LINUX_VERSION_CODE (stable series passed 4.14.255). */
#define BPFL_KERNEL_VERSION(a, b, c) (((uint32_t)(a) << 16) + ((uint32_t)(b) << 8) + ((c) > 255 ? 255u : (uint32_t)(c)))

/*
 * LINUX_VERSION_CODE of the running kernel. uname -r is not enough: Ubuntu keeps the real number in
 * /proc/version_signature, Debian in uname's version field ("Debian 6.1.90-1").
 */
uint32_t bpfl_facts_kernel_version(void);
/*
 * The same from given text: release as of uname -r, version as of uname -v, signature the content of
 * /proc/version_signature or NULL.
 */
uint32_t bpfl_facts_parse_version(const char *release, const char *version, const char *signature);
/* uname -r into out. */
char *bpfl_facts_kernel_release(char *out, size_t out_size);

unsigned bpfl_facts_page_size(void);
/*
 * CPUs that can ever be there (/sys/devices/system/cpu/possible), not those online now: so many values has an
 * element of a per-CPU map.
 * At least 1; a guess without /sys. */
unsigned bpfl_facts_possible_cpus(void);
/*
 * The same without guessing: for memory that the kernel fills with a value for each of them, where too small
 * a number would be written past. 0, or -errno of the file.
 */
#define BPFL_POSSIBLE_CPUS_PATH "/sys/devices/system/cpu/possible"
int bpfl_facts_count_possible_cpus(unsigned *ret_nr_cpus);
/*
 * The number of the highest possible CPU plus one: so many slots needs an array that programs index by CPU
 * (perf event arrays). More than bpfl_facts_possible_cpus() where the numbers have gaps.
 */
unsigned bpfl_facts_cpu_slots(void);
/* Parses "0-3,5" into how many CPUs it lists (5) and the highest plus one (6). -EINVAL on anything else. */
int bpfl_facts_parse_cpu_list(const char *text, unsigned *ret_nr_cpus, unsigned *ret_nr_slots);

/* Capabilities of this process by number (linux/capability.h). */
enum {
	BPFL_CAP_NET_ADMIN = 12, BPFL_CAP_SYS_ADMIN = 21, BPFL_CAP_SYS_RESOURCE = 24, BPFL_CAP_PERFMON = 38,
	BPFL_CAP_BPF = 39
};
/* Effective set from /proc/self/status. false when it could not be read. */
bool bpfl_facts_capabilities(uint64_t *ret_effective);
bool bpfl_facts_has_cap(unsigned cap); /* false also when unknown */
/* Seccomp mode of this process (0, 1, 2), -1 unknown. */
int bpfl_facts_seccomp(void);
/* "none", "integrity", "confidentiality" or "" when it could not be read. Returns out. */
char *bpfl_facts_lockdown(char *out, size_t out_size);
/*
 * When a process started, in clock ticks since boot: with the pid it names a process for good. 0; -ENOENT
 * or -ESRCH when it is gone.
 */
int bpfl_facts_process_start(int pid, unsigned long long *ret_start);
/* A sysctl as number, or -1 when it cannot be read: "kernel/unprivileged_bpf_disabled". */
long bpfl_facts_sysctl(const char *name);
/* RLIMIT_MEMLOCK: the soft limit in bytes, UINT64_MAX for none or when it could not be read. */
uint64_t bpfl_facts_memlock_limit(void);

#endif
