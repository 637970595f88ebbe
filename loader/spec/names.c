/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers of the kernel's ABI <-> the words people use for them. Tables only; the numbers are those of section.h.
 */
#include <errno.h>
#include <string.h>
#include "spec/section.h"

static const char *const prog_type_names[BPFL_NR_PROG_TYPES] = {
	[BPFL_PROG_UNSPEC] = "unspec",
	[BPFL_PROG_SOCKET_FILTER] = "socket_filter",
	[BPFL_PROG_KPROBE] = "kprobe",
	[BPFL_PROG_SCHED_CLS] = "sched_cls",
	[BPFL_PROG_SCHED_ACT] = "sched_act",
	[BPFL_PROG_TRACEPOINT] = "tracepoint",
	[BPFL_PROG_XDP] = "xdp",
	[BPFL_PROG_PERF_EVENT] = "perf_event",
	[BPFL_PROG_CGROUP_SKB] = "cgroup_skb",
	[BPFL_PROG_CGROUP_SOCK] = "cgroup_sock",
	[BPFL_PROG_LWT_IN] = "lwt_in",
	[BPFL_PROG_LWT_OUT] = "lwt_out",
	[BPFL_PROG_LWT_XMIT] = "lwt_xmit",
	[BPFL_PROG_SOCK_OPS] = "sock_ops",
	[BPFL_PROG_SK_SKB] = "sk_skb",
	[BPFL_PROG_CGROUP_DEVICE] = "cgroup_device",
	[BPFL_PROG_SK_MSG] = "sk_msg",
	[BPFL_PROG_RAW_TRACEPOINT] = "raw_tracepoint",
	[BPFL_PROG_CGROUP_SOCK_ADDR] = "cgroup_sock_addr",
	[BPFL_PROG_LWT_SEG6LOCAL] = "lwt_seg6local",
	[BPFL_PROG_LIRC_MODE2] = "lirc_mode2",
	[BPFL_PROG_SK_REUSEPORT] = "sk_reuseport",
	[BPFL_PROG_FLOW_DISSECTOR] = "flow_dissector",
	[BPFL_PROG_CGROUP_SYSCTL] = "cgroup_sysctl",
	[BPFL_PROG_RAW_TRACEPOINT_WRITABLE] = "raw_tracepoint_writable",
	[BPFL_PROG_CGROUP_SOCKOPT] = "cgroup_sockopt",
	[BPFL_PROG_TRACING] = "tracing",
	[BPFL_PROG_STRUCT_OPS] = "struct_ops",
	[BPFL_PROG_EXT] = "ext",
	[BPFL_PROG_LSM] = "lsm",
	[BPFL_PROG_SK_LOOKUP] = "sk_lookup",
	[BPFL_PROG_SYSCALL] = "syscall",
	[BPFL_PROG_NETFILTER] = "netfilter",
};

static const char *const attach_type_names[BPFL_NR_ATTACH_TYPES] = {
	[BPFL_ATTACH_CGROUP_INET_INGRESS] = "cgroup_inet_ingress",
	[BPFL_ATTACH_CGROUP_INET_EGRESS] = "cgroup_inet_egress",
	[BPFL_ATTACH_CGROUP_INET_SOCK_CREATE] = "cgroup_inet_sock_create",
	[BPFL_ATTACH_CGROUP_SOCK_OPS] = "cgroup_sock_ops",
	[BPFL_ATTACH_SK_SKB_STREAM_PARSER] = "sk_skb_stream_parser",
	[BPFL_ATTACH_SK_SKB_STREAM_VERDICT] = "sk_skb_stream_verdict",
	[BPFL_ATTACH_CGROUP_DEVICE] = "cgroup_device",
	[BPFL_ATTACH_SK_MSG_VERDICT] = "sk_msg_verdict",
	[BPFL_ATTACH_CGROUP_INET4_BIND] = "cgroup_inet4_bind",
	[BPFL_ATTACH_CGROUP_INET6_BIND] = "cgroup_inet6_bind",
	[BPFL_ATTACH_CGROUP_INET4_CONNECT] = "cgroup_inet4_connect",
	[BPFL_ATTACH_CGROUP_INET6_CONNECT] = "cgroup_inet6_connect",
	[BPFL_ATTACH_CGROUP_INET4_POST_BIND] = "cgroup_inet4_post_bind",
	[BPFL_ATTACH_CGROUP_INET6_POST_BIND] = "cgroup_inet6_post_bind",
	[BPFL_ATTACH_CGROUP_UDP4_SENDMSG] = "cgroup_udp4_sendmsg",
	[BPFL_ATTACH_CGROUP_UDP6_SENDMSG] = "cgroup_udp6_sendmsg",
	[BPFL_ATTACH_LIRC_MODE2] = "lirc_mode2",
	[BPFL_ATTACH_FLOW_DISSECTOR] = "flow_dissector",
	[BPFL_ATTACH_CGROUP_SYSCTL] = "cgroup_sysctl",
	[BPFL_ATTACH_CGROUP_UDP4_RECVMSG] = "cgroup_udp4_recvmsg",
	[BPFL_ATTACH_CGROUP_UDP6_RECVMSG] = "cgroup_udp6_recvmsg",
	[BPFL_ATTACH_CGROUP_GETSOCKOPT] = "cgroup_getsockopt",
	[BPFL_ATTACH_CGROUP_SETSOCKOPT] = "cgroup_setsockopt",
	[BPFL_ATTACH_TRACE_RAW_TP] = "trace_raw_tp",
	[BPFL_ATTACH_TRACE_FENTRY] = "trace_fentry",
	[BPFL_ATTACH_TRACE_FEXIT] = "trace_fexit",
	[BPFL_ATTACH_MODIFY_RETURN] = "modify_return",
	[BPFL_ATTACH_LSM_MAC] = "lsm_mac",
	[BPFL_ATTACH_TRACE_ITER] = "trace_iter",
	[BPFL_ATTACH_CGROUP_INET4_GETPEERNAME] = "cgroup_inet4_getpeername",
	[BPFL_ATTACH_CGROUP_INET6_GETPEERNAME] = "cgroup_inet6_getpeername",
	[BPFL_ATTACH_CGROUP_INET4_GETSOCKNAME] = "cgroup_inet4_getsockname",
	[BPFL_ATTACH_CGROUP_INET6_GETSOCKNAME] = "cgroup_inet6_getsockname",
	[BPFL_ATTACH_XDP_DEVMAP] = "xdp_devmap",
	[BPFL_ATTACH_CGROUP_INET_SOCK_RELEASE] = "cgroup_inet_sock_release",
	[BPFL_ATTACH_XDP_CPUMAP] = "xdp_cpumap",
	[BPFL_ATTACH_SK_LOOKUP] = "sk_lookup",
	[BPFL_ATTACH_XDP] = "xdp",
	[BPFL_ATTACH_SK_SKB_VERDICT] = "sk_skb_verdict",
	[BPFL_ATTACH_SK_REUSEPORT_SELECT] = "sk_reuseport_select",
	[BPFL_ATTACH_SK_REUSEPORT_SELECT_OR_MIGRATE] = "sk_reuseport_select_or_migrate",
	[BPFL_ATTACH_PERF_EVENT] = "perf_event",
	[BPFL_ATTACH_TRACE_KPROBE_MULTI] = "trace_kprobe_multi",
	[BPFL_ATTACH_LSM_CGROUP] = "lsm_cgroup",
	[BPFL_ATTACH_STRUCT_OPS] = "struct_ops",
	[BPFL_ATTACH_NETFILTER] = "netfilter",
	[BPFL_ATTACH_TCX_INGRESS] = "tcx_ingress",
	[BPFL_ATTACH_TCX_EGRESS] = "tcx_egress",
	[BPFL_ATTACH_TRACE_UPROBE_MULTI] = "trace_uprobe_multi",
	[BPFL_ATTACH_CGROUP_UNIX_CONNECT] = "cgroup_unix_connect",
	[BPFL_ATTACH_CGROUP_UNIX_SENDMSG] = "cgroup_unix_sendmsg",
	[BPFL_ATTACH_CGROUP_UNIX_RECVMSG] = "cgroup_unix_recvmsg",
	[BPFL_ATTACH_CGROUP_UNIX_GETPEERNAME] = "cgroup_unix_getpeername",
	[BPFL_ATTACH_CGROUP_UNIX_GETSOCKNAME] = "cgroup_unix_getsockname",
	[BPFL_ATTACH_NETKIT_PRIMARY] = "netkit_primary",
	[BPFL_ATTACH_NETKIT_PEER] = "netkit_peer",
	[BPFL_ATTACH_TRACE_KPROBE_SESSION] = "trace_kprobe_session",
	[BPFL_ATTACH_TRACE_UPROBE_SESSION] = "trace_uprobe_session",
	[BPFL_ATTACH_TRACE_FSESSION] = "trace_fsession",
	[BPFL_ATTACH_TRACE_FENTRY_MULTI] = "trace_fentry_multi",
	[BPFL_ATTACH_TRACE_FEXIT_MULTI] = "trace_fexit_multi",
	[BPFL_ATTACH_TRACE_FSESSION_MULTI] = "trace_fsession_multi",
};

static const char *const map_type_names[BPFL_NR_MAP_TYPES] = {
	[BPFL_MAP_TYPE_UNSPEC] = "unspec",
	[BPFL_MAP_TYPE_HASH] = "hash",
	[BPFL_MAP_TYPE_ARRAY] = "array",
	[BPFL_MAP_TYPE_PROG_ARRAY] = "prog_array",
	[BPFL_MAP_TYPE_PERF_EVENT_ARRAY] = "perf_event_array",
	[BPFL_MAP_TYPE_PERCPU_HASH] = "percpu_hash",
	[BPFL_MAP_TYPE_PERCPU_ARRAY] = "percpu_array",
	[BPFL_MAP_TYPE_STACK_TRACE] = "stack_trace",
	[BPFL_MAP_TYPE_CGROUP_ARRAY] = "cgroup_array",
	[BPFL_MAP_TYPE_LRU_HASH] = "lru_hash",
	[BPFL_MAP_TYPE_LRU_PERCPU_HASH] = "lru_percpu_hash",
	[BPFL_MAP_TYPE_LPM_TRIE] = "lpm_trie",
	[BPFL_MAP_TYPE_ARRAY_OF_MAPS] = "array_of_maps",
	[BPFL_MAP_TYPE_HASH_OF_MAPS] = "hash_of_maps",
	[BPFL_MAP_TYPE_DEVMAP] = "devmap",
	[BPFL_MAP_TYPE_SOCKMAP] = "sockmap",
	[BPFL_MAP_TYPE_CPUMAP] = "cpumap",
	[BPFL_MAP_TYPE_XSKMAP] = "xskmap",
	[BPFL_MAP_TYPE_SOCKHASH] = "sockhash",
	[BPFL_MAP_TYPE_CGROUP_STORAGE] = "cgroup_storage",
	[BPFL_MAP_TYPE_REUSEPORT_SOCKARRAY] = "reuseport_sockarray",
	[BPFL_MAP_TYPE_PERCPU_CGROUP_STORAGE] = "percpu_cgroup_storage",
	[BPFL_MAP_TYPE_QUEUE] = "queue",
	[BPFL_MAP_TYPE_STACK] = "stack",
	[BPFL_MAP_TYPE_SK_STORAGE] = "sk_storage",
	[BPFL_MAP_TYPE_DEVMAP_HASH] = "devmap_hash",
	[BPFL_MAP_TYPE_STRUCT_OPS] = "struct_ops",
	[BPFL_MAP_TYPE_RINGBUF] = "ringbuf",
	[BPFL_MAP_TYPE_INODE_STORAGE] = "inode_storage",
	[BPFL_MAP_TYPE_TASK_STORAGE] = "task_storage",
	[BPFL_MAP_TYPE_BLOOM_FILTER] = "bloom_filter",
	[BPFL_MAP_TYPE_USER_RINGBUF] = "user_ringbuf",
	[BPFL_MAP_TYPE_CGRP_STORAGE] = "cgrp_storage",
	[BPFL_MAP_TYPE_ARENA] = "arena",
	[BPFL_MAP_TYPE_INSN_ARRAY] = "insn_array",
};

/* Also the file in loader/attach that attaches this kind. */
static const char *const hook_names[BPFL_NR_HOOKS] = {
	[BPFL_HOOK_NONE] = "",
	[BPFL_HOOK_KPROBE] = "kprobe",
	[BPFL_HOOK_KPROBE_MULTI] = "kprobe_multi",
	[BPFL_HOOK_KSYSCALL] = "ksyscall",
	[BPFL_HOOK_UPROBE] = "uprobe",
	[BPFL_HOOK_UPROBE_MULTI] = "uprobe_multi",
	[BPFL_HOOK_USDT] = "usdt",
	[BPFL_HOOK_TRACEPOINT] = "tracepoint",
	[BPFL_HOOK_RAW_TRACEPOINT] = "raw_tracepoint",
	[BPFL_HOOK_TRACING] = "tracing",
	[BPFL_HOOK_TRACING_MULTI] = "tracing_multi",
	[BPFL_HOOK_FREPLACE] = "freplace",
	[BPFL_HOOK_LSM] = "lsm",
	[BPFL_HOOK_LSM_CGROUP] = "lsm_cgroup",
	[BPFL_HOOK_ITER] = "iter",
	[BPFL_HOOK_PERF_EVENT] = "perf_event",
	[BPFL_HOOK_XDP] = "xdp",
	[BPFL_HOOK_TC] = "tc",
	[BPFL_HOOK_TCX] = "tcx",
	[BPFL_HOOK_NETKIT] = "netkit",
	[BPFL_HOOK_CGROUP] = "cgroup",
	[BPFL_HOOK_NETNS] = "netns",
	[BPFL_HOOK_SOCKMAP] = "sockmap",
	[BPFL_HOOK_SOCKET] = "socket",
	[BPFL_HOOK_SK_REUSEPORT] = "sk_reuseport",
	[BPFL_HOOK_NETFILTER] = "netfilter",
	[BPFL_HOOK_LIRC] = "lirc",
	[BPFL_HOOK_STRUCT_OPS] = "struct_ops",
	[BPFL_HOOK_SYSCALL] = "syscall",
	[BPFL_HOOK_LWT] = "lwt",
};

const char *bpfl_prog_type_name(unsigned prog_type)
{
	return prog_type < BPFL_NR_PROG_TYPES ? prog_type_names[prog_type] : NULL;
}

const char *bpfl_attach_type_name(unsigned attach_type)
{
	return attach_type < BPFL_NR_ATTACH_TYPES ? attach_type_names[attach_type] : NULL;
}

const char *bpfl_map_type_name(unsigned map_type)
{
	return map_type < BPFL_NR_MAP_TYPES ? map_type_names[map_type] : NULL;
}

int bpfl_map_type_by_name(const char *name)
{
	for (int i = 0; i < BPFL_NR_MAP_TYPES; i++) {
		if (strcmp(map_type_names[i], name) == 0) {
			return i;
		}
	}
	return -ENOENT;
}

const char *bpfl_hook_name(enum bpfl_hook hook)
{
	return hook < BPFL_NR_HOOKS ? hook_names[hook] : "";
}
