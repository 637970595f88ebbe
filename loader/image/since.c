/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/since.c: tables of first kernel versions, and of capabilities.
 *
 * Helper numbers rise with time, so one row per kernel with its last helper says the version of all
 * of them. Map and program types are numbered in order of arrival as well and have a column each.
 */
#include "image/since.h"

#include <stdio.h>
#include "spec/section.h"
#include "sys/facts.h"

#define V(major, minor) BPFL_KERNEL_VERSION(major, minor, 0)
#define NR(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	uint32_t last_helper;
	uint32_t since;
} helper_versions[] = {
	{ 3, V(3, 19) }, { 11, V(4, 1) }, { 16, V(4, 2) }, { 22, V(4, 3) },
	{ 25, V(4, 4) }, { 26, V(4, 5) }, { 30, V(4, 6) }, { 36, V(4, 8) },
	{ 41, V(4, 9) }, { 44, V(4, 10) }, { 45, V(4, 11) }, { 47, V(4, 12) },
	{ 50, V(4, 13) }, { 53, V(4, 14) }, { 57, V(4, 15) }, { 59, V(4, 16) },
	{ 64, V(4, 17) }, { 80, V(4, 18) }, { 83, V(4, 19) }, { 90, V(4, 20) },
	{ 92, V(5, 0) }, { 98, V(5, 1) }, { 108, V(5, 2) }, { 110, V(5, 3) },
	{ 115, V(5, 5) }, { 119, V(5, 6) }, { 124, V(5, 7) }, { 135, V(5, 8) },
	{ 141, V(5, 9) }, { 155, V(5, 10) }, { 162, V(5, 11) }, { 163, V(5, 12) },
	{ 165, V(5, 13) }, { 168, V(5, 14) }, { 175, V(5, 15) }, { 179, V(5, 16) },
	{ 185, V(5, 17) }, { 193, V(5, 18) }, { 203, V(5, 19) }, { 207, V(6, 0) },
	{ 209, V(6, 1) }, { 211, V(6, 2) },
};

static const uint32_t map_type_versions[] = {
	[BPFL_MAP_TYPE_HASH] = V(3, 19),
	[BPFL_MAP_TYPE_ARRAY] = V(3, 19),
	[BPFL_MAP_TYPE_PROG_ARRAY] = V(4, 2),
	[BPFL_MAP_TYPE_PERF_EVENT_ARRAY] = V(4, 3),
	[BPFL_MAP_TYPE_PERCPU_HASH] = V(4, 6),
	[BPFL_MAP_TYPE_PERCPU_ARRAY] = V(4, 6),
	[BPFL_MAP_TYPE_STACK_TRACE] = V(4, 6),
	[BPFL_MAP_TYPE_CGROUP_ARRAY] = V(4, 8),
	[BPFL_MAP_TYPE_LRU_HASH] = V(4, 10),
	[BPFL_MAP_TYPE_LRU_PERCPU_HASH] = V(4, 10),
	[BPFL_MAP_TYPE_LPM_TRIE] = V(4, 11),
	[BPFL_MAP_TYPE_ARRAY_OF_MAPS] = V(4, 12),
	[BPFL_MAP_TYPE_HASH_OF_MAPS] = V(4, 12),
	[BPFL_MAP_TYPE_DEVMAP] = V(4, 14),
	[BPFL_MAP_TYPE_SOCKMAP] = V(4, 14),
	[BPFL_MAP_TYPE_CPUMAP] = V(4, 15),
	[BPFL_MAP_TYPE_XSKMAP] = V(4, 18),
	[BPFL_MAP_TYPE_SOCKHASH] = V(4, 18),
	[BPFL_MAP_TYPE_CGROUP_STORAGE] = V(4, 19),
	[BPFL_MAP_TYPE_REUSEPORT_SOCKARRAY] = V(4, 19),
	[BPFL_MAP_TYPE_PERCPU_CGROUP_STORAGE] = V(4, 20),
	[BPFL_MAP_TYPE_QUEUE] = V(4, 20),
	[BPFL_MAP_TYPE_STACK] = V(4, 20),
	[BPFL_MAP_TYPE_SK_STORAGE] = V(5, 2),
	[BPFL_MAP_TYPE_DEVMAP_HASH] = V(5, 4),
	[BPFL_MAP_TYPE_STRUCT_OPS] = V(5, 6),
	[BPFL_MAP_TYPE_RINGBUF] = V(5, 8),
	[BPFL_MAP_TYPE_INODE_STORAGE] = V(5, 10),
	[BPFL_MAP_TYPE_TASK_STORAGE] = V(5, 11),
	[BPFL_MAP_TYPE_BLOOM_FILTER] = V(5, 16),
	[BPFL_MAP_TYPE_USER_RINGBUF] = V(6, 1),
	[BPFL_MAP_TYPE_CGRP_STORAGE] = V(6, 2),
	[BPFL_MAP_TYPE_ARENA] = V(6, 9),
	[BPFL_MAP_TYPE_INSN_ARRAY] = V(6, 19),
};

static const uint32_t prog_type_versions[] = {
	[BPFL_PROG_SOCKET_FILTER] = V(3, 19),
	[BPFL_PROG_KPROBE] = V(4, 1),
	[BPFL_PROG_SCHED_CLS] = V(4, 1),
	[BPFL_PROG_SCHED_ACT] = V(4, 1),
	[BPFL_PROG_TRACEPOINT] = V(4, 7),
	[BPFL_PROG_XDP] = V(4, 8),
	[BPFL_PROG_PERF_EVENT] = V(4, 9),
	[BPFL_PROG_CGROUP_SKB] = V(4, 10),
	[BPFL_PROG_CGROUP_SOCK] = V(4, 10),
	[BPFL_PROG_LWT_IN] = V(4, 10),
	[BPFL_PROG_LWT_OUT] = V(4, 10),
	[BPFL_PROG_LWT_XMIT] = V(4, 10),
	[BPFL_PROG_SOCK_OPS] = V(4, 13),
	[BPFL_PROG_SK_SKB] = V(4, 14),
	[BPFL_PROG_CGROUP_DEVICE] = V(4, 15),
	[BPFL_PROG_SK_MSG] = V(4, 17),
	[BPFL_PROG_RAW_TRACEPOINT] = V(4, 17),
	[BPFL_PROG_CGROUP_SOCK_ADDR] = V(4, 17),
	[BPFL_PROG_LWT_SEG6LOCAL] = V(4, 18),
	[BPFL_PROG_LIRC_MODE2] = V(4, 18),
	[BPFL_PROG_SK_REUSEPORT] = V(4, 19),
	[BPFL_PROG_FLOW_DISSECTOR] = V(4, 20),
	[BPFL_PROG_CGROUP_SYSCTL] = V(5, 2),
	[BPFL_PROG_RAW_TRACEPOINT_WRITABLE] = V(5, 2),
	[BPFL_PROG_CGROUP_SOCKOPT] = V(5, 3),
	[BPFL_PROG_TRACING] = V(5, 5),
	[BPFL_PROG_STRUCT_OPS] = V(5, 6),
	[BPFL_PROG_EXT] = V(5, 6),
	[BPFL_PROG_LSM] = V(5, 7),
	[BPFL_PROG_SK_LOOKUP] = V(5, 9),
	[BPFL_PROG_SYSCALL] = V(5, 14),
	[BPFL_PROG_NETFILTER] = V(6, 4),
};

/* By bit. */
static const struct {
	const char *name;
	uint32_t since;
} map_flags[] = {
	{ "BPF_F_NO_PREALLOC", V(4, 6) },
	{ "BPF_F_NO_COMMON_LRU", V(4, 10) },
	{ "BPF_F_NUMA_NODE", V(4, 14) },
	{ "BPF_F_RDONLY", V(4, 15) },
	{ "BPF_F_WRONLY", V(4, 15) },
	{ "BPF_F_STACK_BUILD_ID", V(4, 17) },
	{ "BPF_F_ZERO_SEED", V(5, 0) },
	{ "BPF_F_RDONLY_PROG", V(5, 2) },
	{ "BPF_F_WRONLY_PROG", V(5, 2) },
	{ "BPF_F_CLONE", V(5, 4) },
	{ "BPF_F_MMAPABLE", V(5, 5) },
	{ "BPF_F_PRESERVE_ELEMS", V(5, 10) },
	{ "BPF_F_INNER_MAP", V(5, 10) },
	{ "BPF_F_LINK", V(6, 4) },
	{ "BPF_F_PATH_FD", V(6, 5) },
	{ "BPF_F_VTYPE_BTF_OBJ_FD", V(6, 9) },
	{ "BPF_F_TOKEN_FD", V(6, 9) },
	{ "BPF_F_SEGV_ON_FAULT", V(6, 9) },
	{ "BPF_F_NO_USER_CONV", V(6, 9) },
	{ "BPF_F_RB_OVERWRITE", V(6, 19) },
};

static const struct {
	unsigned cap;
	const char *name, *file_name; /* file_name: as setcap(8) writes it */
} cap_names[] = {
	{ BPFL_CAP_NET_ADMIN, "CAP_NET_ADMIN", "cap_net_admin" },
	{ BPFL_CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "cap_sys_admin" },
	{ BPFL_CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", "cap_sys_resource" },
	{ BPFL_CAP_PERFMON, "CAP_PERFMON", "cap_perfmon" },
	{ BPFL_CAP_BPF, "CAP_BPF", "cap_bpf" },
};

/* Types that need CAP_PERFMON or CAP_NET_ADMIN besides CAP_BPF (since Linux 5.8). */
#define TYPE_BIT(type) (1ull << (type))
#define PERFMON_PROGS                                                                              \
	(TYPE_BIT(BPFL_PROG_KPROBE) | TYPE_BIT(BPFL_PROG_TRACEPOINT) |                             \
	 TYPE_BIT(BPFL_PROG_PERF_EVENT) | TYPE_BIT(BPFL_PROG_RAW_TRACEPOINT) |                     \
	 TYPE_BIT(BPFL_PROG_RAW_TRACEPOINT_WRITABLE) | TYPE_BIT(BPFL_PROG_TRACING) |               \
	 TYPE_BIT(BPFL_PROG_LSM) | TYPE_BIT(BPFL_PROG_STRUCT_OPS) | TYPE_BIT(BPFL_PROG_EXT))
#define NET_ADMIN_PROGS                                                                            \
	(TYPE_BIT(BPFL_PROG_SCHED_CLS) | TYPE_BIT(BPFL_PROG_SCHED_ACT) | TYPE_BIT(BPFL_PROG_XDP) | \
	 TYPE_BIT(BPFL_PROG_LWT_IN) | TYPE_BIT(BPFL_PROG_LWT_OUT) | TYPE_BIT(BPFL_PROG_LWT_XMIT) | \
	 TYPE_BIT(BPFL_PROG_LWT_SEG6LOCAL) | TYPE_BIT(BPFL_PROG_SK_SKB) |                          \
	 TYPE_BIT(BPFL_PROG_SK_MSG) | TYPE_BIT(BPFL_PROG_FLOW_DISSECTOR) |                         \
	 TYPE_BIT(BPFL_PROG_CGROUP_DEVICE) | TYPE_BIT(BPFL_PROG_CGROUP_SOCK) |                     \
	 TYPE_BIT(BPFL_PROG_CGROUP_SOCK_ADDR) | TYPE_BIT(BPFL_PROG_CGROUP_SOCKOPT) |               \
	 TYPE_BIT(BPFL_PROG_CGROUP_SYSCTL) | TYPE_BIT(BPFL_PROG_SOCK_OPS) |                        \
	 TYPE_BIT(BPFL_PROG_EXT) | TYPE_BIT(BPFL_PROG_NETFILTER))
#define NET_ADMIN_MAPS                                                                             \
	(TYPE_BIT(BPFL_MAP_TYPE_DEVMAP) | TYPE_BIT(BPFL_MAP_TYPE_DEVMAP_HASH) |                    \
	 TYPE_BIT(BPFL_MAP_TYPE_XSKMAP) | TYPE_BIT(BPFL_MAP_TYPE_SOCKMAP) |                        \
	 TYPE_BIT(BPFL_MAP_TYPE_SOCKHASH) | TYPE_BIT(BPFL_MAP_TYPE_CPUMAP))

uint32_t bpfl_helper_since(uint32_t helper)
{
	if (helper == 0)
		return 0;
	for (size_t i = 0; i < NR(helper_versions); i++) {
		if (helper <= helper_versions[i].last_helper)
			return helper_versions[i].since;
	}
	return 0;
}

uint32_t bpfl_map_type_since(uint32_t map_type)
{
	return map_type < NR(map_type_versions) ? map_type_versions[map_type] : 0;
}

uint32_t bpfl_prog_type_since(uint32_t prog_type)
{
	return prog_type < NR(prog_type_versions) ? prog_type_versions[prog_type] : 0;
}

/* By type of the program and bit of the flag. */
static const struct {
	uint32_t prog_type, flag;
	const char *name;
	uint32_t since;
} prog_flags[] = {
	{ BPFL_PROG_TRACING, BPFL_F_SLEEPABLE, "sleepable", V(5, 10) },
	{ BPFL_PROG_LSM, BPFL_F_SLEEPABLE, "sleepable", V(5, 10) },
	{ BPFL_PROG_SYSCALL, BPFL_F_SLEEPABLE, "sleepable", V(5, 14) },
	{ BPFL_PROG_KPROBE, BPFL_F_SLEEPABLE, "sleepable", V(6, 0) },
	{ BPFL_PROG_XDP, BPFL_F_XDP_HAS_FRAGS, "frags", V(5, 18) },
};

uint32_t bpfl_prog_flags_since(uint32_t prog_type, uint32_t flags, const char **ret_name)
{
	for (size_t i = 0; i < NR(prog_flags); i++) {
		if (prog_flags[i].prog_type == prog_type && (flags & prog_flags[i].flag)) {
			*ret_name = prog_flags[i].name;
			return prog_flags[i].since;
		}
	}
	return 0;
}

uint32_t bpfl_helper_of_version(uint32_t version)
{
	for (size_t i = 1; i < NR(helper_versions); i++) {
		if (helper_versions[i].since == version)
			return helper_versions[i - 1].last_helper + 1;
	}
	return 0;
}

uint32_t bpfl_map_flags_since(uint32_t flags, const char **ret_name)
{
	uint32_t newest = 0;

	for (size_t bit = 0; bit < NR(map_flags); bit++) {
		if ((flags >> bit & 1) && map_flags[bit].since > newest) {
			newest = map_flags[bit].since;
			*ret_name = map_flags[bit].name;
		}
	}
	return newest;
}

/* Before 5.8 one capability stood for all. */
static bool is_before_cap_bpf(uint32_t version)
{
	return version != 0 && version < V(5, 8);
}

uint64_t bpfl_prog_type_caps(uint32_t prog_type, uint32_t version)
{
	uint64_t bit = prog_type < 64 ? TYPE_BIT(prog_type) : 0;

	if (is_before_cap_bpf(version))
		return BPFL_CAP_BIT(BPFL_CAP_SYS_ADMIN);
	return BPFL_CAP_BIT(BPFL_CAP_BPF) |
	       (bit & PERFMON_PROGS ? BPFL_CAP_BIT(BPFL_CAP_PERFMON) : 0) |
	       (bit & NET_ADMIN_PROGS ? BPFL_CAP_BIT(BPFL_CAP_NET_ADMIN) : 0);
}

uint64_t bpfl_map_type_caps(uint32_t map_type, uint32_t version)
{
	uint64_t bit = map_type < 64 ? TYPE_BIT(map_type) : 0;

	if (is_before_cap_bpf(version))
		return BPFL_CAP_BIT(BPFL_CAP_SYS_ADMIN);
	return BPFL_CAP_BIT(BPFL_CAP_BPF) |
	       (bit & NET_ADMIN_MAPS ? BPFL_CAP_BIT(BPFL_CAP_NET_ADMIN) : 0);
}

char *bpfl_caps_text(uint64_t caps, const char *separator, bool file_names, char *out,
		     size_t out_size)
{
	size_t used = 0;

	snprintf(out, out_size, "none");
	for (size_t i = 0; i < NR(cap_names) && used < out_size; i++) {
		if (caps & BPFL_CAP_BIT(cap_names[i].cap))
			used += (size_t)snprintf(
				out + used, out_size - used, "%s%s", used ? separator : "",
				file_names ? cap_names[i].file_name : cap_names[i].name);
	}
	return out;
}
