/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feature: the table of what may be left out on older kernels. See feature.h.
 *
 * The numbers are those of Debian's kernels, on which these tests run: what a kernel could have but is not
 * built with there counts as missing up to the version that has it. Another kernel, outside the machines, may
 * be built without a feature that names its CONFIG.
 */
#include "feature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sys/facts.h"

#define NEVER 0xffffffffu
#define V(a, b) BPFL_KERNEL_VERSION(a, b, 0)

#if defined(__aarch64__)
#define ARCH_IDX 1
#elif defined(__s390x__)
#define ARCH_IDX 2
#else
#define ARCH_IDX 0
#endif

static const struct {
	const char *name;
	uint32_t since[3]; /* amd64, arm64, s390x */
	const char *what;
} features[] = {
	{ "perf_link", { V(5, 15), V(5, 15), V(5, 15) }, "links for perf events" },
	{ "links", { V(5, 9), V(5, 9), V(5, 9) }, "links of XDP, links that can be pinned, listed and updated" },
	{ "attach_cookie", { V(5, 15), V(5, 15), V(5, 15) }, "bpf_get_attach_cookie()" },
	{ "raw_tp_cookie", { V(6, 10), V(6, 10), V(6, 10) }, "cookies of raw tracepoints" },
	{ "log_true_size", { V(6, 4), V(6, 4), V(6, 4) }, "log_true_size" },
	{ "kprobe_multi", { V(6, 12), V(7, 2), V(6, 12) }, "kprobe.multi (fprobe)" },
	{ "kprobe_session", { V(6, 12), V(7, 2), V(6, 12) }, "kprobe.session" },
	{ "struct_ops", { V(5, 10), V(5, 10), NEVER }, "struct_ops (on s390x they take a JIT)" },
	{ "sleepable_uprobe", { V(6, 0), V(6, 0), V(6, 0) }, "uprobe programs that may sleep" },
	{ "uprobe_multi", { V(6, 6), V(6, 6), V(6, 6) }, "uprobe.multi" },
	{ "uprobe_session", { V(6, 13), V(6, 13), V(6, 13) }, "uprobe.session" },
	{ "atomic_fetch", { V(5, 12), V(5, 12), V(5, 12) }, "atomic additions that give the old value" },
	{ "perf_lost", { V(6, 0), V(6, 0), V(6, 0) }, "perf events that tell how many records were lost" },
	{ "user_ringbuf", { V(6, 1), V(6, 1), V(6, 1) }, "user ring buffers" },
	{ "user_stacks", { V(4, 6), V(4, 6), V(6, 12) }, "stacks of user space" },
	{ "kernel_btf", { V(5, 10), V(5, 10), V(6, 12) }, "BTF of the kernel" },
	{ "btf_float", { V(5, 13), V(5, 13), V(5, 13) }, "BTF of floating point types" },
	{ "btf_decl_tag", { V(5, 16), V(5, 16), V(5, 16) }, "BTF declaration tags" },
	{ "btf_type_tag", { V(5, 17), V(5, 17), V(5, 17) }, "BTF type tags" },
	{ "btf_enum64", { V(6, 0), V(6, 0), V(6, 0) }, "BTF of 64-bit enumerations" },
	{ "btf_optional_section", { V(6, 9), V(6, 9), V(6, 9) }, "'?' in names of BTF data sections" },
	{ "trampolines", { V(5, 5), V(6, 12), NEVER }, "trampolines (fentry, lsm, struct_ops): on s390x they take a JIT, which QEMU's machine lacks" },
	{ "tracing_multi", { V(7, 2), NEVER, NEVER }, "fentry.multi and its siblings" },
	{ "fsession", { V(7, 2), V(7, 2), NEVER }, "fsession" },
	{ "sleepable_tracing", { V(7, 2), V(7, 2), NEVER }, "fentry.s and its like on system calls" },
	{ "sleepable_tracepoint", { V(7, 2), V(7, 2), V(7, 2) }, "tp.s, raw_tp.s and tp_btf.s on system calls" },
	{ "sleepable_lsm", { V(6, 1), V(6, 12), NEVER }, "lsm.s/inode_getattr" },
	{ "lsm_cgroup", { V(6, 1), V(6, 12), NEVER }, "lsm_cgroup" },
	{ "tracing_target", { V(5, 13), V(6, 12), NEVER }, "links of traced functions that tell which" },
	{ "tracing_cookie", { V(5, 19), V(6, 0), V(6, 3) }, "cookies of fentry and its like" },
	{ "syscall_prog", { V(5, 14), V(5, 14), V(5, 14) }, "programs of section syscall" },
	{ "iter", { V(5, 8), V(5, 8), V(6, 12) }, "iterators" },
	{ "iter_task", { V(6, 1), V(6, 1), V(6, 12) }, "iterators over one task or cgroup" },
	{ "sleepable_iter", { V(6, 1), V(6, 1), V(6, 12) }, "iterators that may sleep" },
	{ "bloom_filter", { V(5, 16), V(5, 16), V(5, 16) }, "Bloom filters" },
	{ "struct_ops_link", { V(6, 4), V(6, 4), V(6, 4) }, "struct_ops registered by a link" },
	{ "assoc_struct_ops", { V(7, 0), V(7, 0), NEVER }, "programs associated with struct_ops" },
	{ "token", { V(6, 9), V(6, 9), V(6, 9) }, "BPF tokens" },
	{ "arena", { V(6, 9), V(6, 10), NEVER }, "arenas (on s390x they take a JIT)" },
	{ "long_log", { 0, 0, 0 }, "a verifier log about a million instructions: five seconds of the kernel's time" },
	{ "tcx", { V(6, 6), V(6, 6), V(6, 6) }, "tcx" },
	{ "netkit", { V(6, 12), V(6, 12), V(6, 12) }, "netkit devices" },
	{ "netkit_link", { V(6, 7), V(6, 7), V(6, 7) }, "links of netkit devices" },
	{ "cgroup_link", { V(5, 7), V(5, 7), V(5, 7) }, "links of cgroups" },
	{ "test_run_size", { V(6, 1), V(6, 1), V(6, 1) }, "test runs that refuse packets shorter than an Ethernet header to XDP" },
	{ "xdp_frags", { V(5, 18), V(5, 18), V(5, 18) }, "XDP on packets of several buffers" },
	{ "reuseport_migrate", { V(5, 14), V(5, 14), V(5, 14) }, "programs that choose the socket of a connection again" },
	{ "sk_skb", { V(6, 1), V(6, 1), V(6, 1) }, "programs on what sockets of a map receive, with a kernel that does not spin (5.10 does)" },
	{ "cgroup_unix", { V(6, 7), V(6, 7), V(6, 7) }, "programs of a cgroup on Unix sockets" },
	{ "netns_link", { V(5, 8), V(5, 8), V(5, 8) }, "links of network namespaces" },
	{ "sk_lookup", { V(5, 9), V(5, 9), V(5, 9) }, "sk_lookup" },
	{ "reuseport_detach", { V(5, 3), V(5, 3), V(5, 3) }, "taking a program off a group of sockets" },
	{ "sockmap_query", { V(5, 15), V(5, 15), V(5, 15) }, "asking which programs a map of sockets has" },
	{ "sockmap_link", { V(6, 10), V(6, 10), V(6, 10) }, "links of maps of sockets" },
	{ "netfilter", { V(6, 4), V(6, 4), V(6, 4) }, "netfilter programs" },
	{ "netfilter_defrag", { V(6, 6), V(6, 6), V(6, 6) }, "netfilter programs that see whole packets" },
	{ "verifier_names", { V(6, 18), V(6, 18), V(6, 18) }, "the verifier's words of 6.18" },
};

/* What a version does not say. */
static const struct {
	const char *name;
	const char *config; /* a kernel that is none of Debian's may be built without it */
	bool slow_in_vm;    /* QEMU without KVM takes minutes for it */
} exceptions[] = {
	{ "netkit", "CONFIG_NETKIT", false },
	{ "long_log", NULL, true },
};

static void say(const char *feature, const char *what, const char *why)
{
	char line[256];

	snprintf(line, sizeof(line), "skip: %s: %s: %s\n", feature, what, why);
	(void)!write(STDOUT_FILENO, line, strlen(line)); /* at once: a test's buffers die with its process */
}

/*
 * Why the running kernel has no such feature, whatever its version, or NULL. Debian's kernels, in machines,
 * have what the table says.
 */
static const char *exception(const char *feature, char *why, size_t size)
{
	char command[256];

	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++) {
		const char *config = exceptions[i].config;

		if (strcmp(exceptions[i].name, feature) != 0)
			continue;
		if (getenv("BPFLOAD_VM"))
			return exceptions[i].slow_in_vm ? "takes minutes in a machine without KVM" : NULL;
		snprintf(command, sizeof(command),
			 "{ zcat /proc/config.gz || cat /boot/config-$(uname -r); } 2>/dev/null | grep -q '^# %s is not set'",
			 config ? config : "?");
		if (!config || system(command) != 0)
			return NULL;
		snprintf(why, size, "this kernel is built without %s", config);
		return why;
	}
	return NULL;
}

bool bpfl_test_lacks(const char *feature)
{
	uint32_t version = bpfl_facts_kernel_version();

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		uint32_t since = features[i].since[ARCH_IDX];
		char words[96] = "not on this architecture";
		const char *why;

		if (strcmp(features[i].name, feature) != 0)
			continue;
		why = exception(feature, words, sizeof(words));
		if (!why && version >= since && since != NEVER)
			return false;
		if (!why && since != NEVER)
			snprintf(words, sizeof(words), "here since Linux %u.%u, this is %u.%u", since >> 16,
				 since >> 8 & 0xff, version >> 16, version >> 8 & 0xff);
		if (!why)
			why = words;
		say(feature, features[i].what, why);
		return true;
	}
	fprintf(stderr, "feature '%s' is not in the table of tests/lib/feature.c\n", feature);
	abort();
}

void bpfl_test_refused(const char *feature, const char *why)
{
	say(feature, "its refusal was tested instead", why);
}

void bpfl_test_shows(const char *kind, const char *how)
{
	char line[256];

	snprintf(line, sizeof(line), "kind: %s: %s\n", kind, how);
	(void)!write(STDOUT_FILENO, line, strlen(line)); /* at once: a test's buffers die with its process */
}
