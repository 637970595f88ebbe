/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec/section: the SEC() table. One row is the whole truth about a section name: what type of program stands
 * in it, with which expected attach type and flags it is loaded, what stands behind the slash, and where it can
 * be attached.
 */
#ifndef BPFL_SPEC_SECTION_H
#define BPFL_SPEC_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* enum bpf_prog_type of the kernel. */
enum bpfl_prog_type {
	BPFL_PROG_UNSPEC, BPFL_PROG_SOCKET_FILTER, BPFL_PROG_KPROBE, BPFL_PROG_SCHED_CLS, BPFL_PROG_SCHED_ACT,
	BPFL_PROG_TRACEPOINT, BPFL_PROG_XDP, BPFL_PROG_PERF_EVENT, BPFL_PROG_CGROUP_SKB, BPFL_PROG_CGROUP_SOCK,
	BPFL_PROG_LWT_IN, BPFL_PROG_LWT_OUT, BPFL_PROG_LWT_XMIT, BPFL_PROG_SOCK_OPS, BPFL_PROG_SK_SKB,
	BPFL_PROG_CGROUP_DEVICE, BPFL_PROG_SK_MSG, BPFL_PROG_RAW_TRACEPOINT, BPFL_PROG_CGROUP_SOCK_ADDR,
	BPFL_PROG_LWT_SEG6LOCAL, BPFL_PROG_LIRC_MODE2, BPFL_PROG_SK_REUSEPORT, BPFL_PROG_FLOW_DISSECTOR,
	BPFL_PROG_CGROUP_SYSCTL, BPFL_PROG_RAW_TRACEPOINT_WRITABLE, BPFL_PROG_CGROUP_SOCKOPT, BPFL_PROG_TRACING,
	BPFL_PROG_STRUCT_OPS, BPFL_PROG_EXT, BPFL_PROG_LSM, BPFL_PROG_SK_LOOKUP, BPFL_PROG_SYSCALL,
	BPFL_PROG_NETFILTER,
	BPFL_NR_PROG_TYPES,
};

/* enum bpf_attach_type of the kernel (expected_attach_type; 0 is also "none"). */
enum bpfl_attach_type {
	BPFL_ATTACH_CGROUP_INET_INGRESS, BPFL_ATTACH_CGROUP_INET_EGRESS, BPFL_ATTACH_CGROUP_INET_SOCK_CREATE,
	BPFL_ATTACH_CGROUP_SOCK_OPS, BPFL_ATTACH_SK_SKB_STREAM_PARSER, BPFL_ATTACH_SK_SKB_STREAM_VERDICT,
	BPFL_ATTACH_CGROUP_DEVICE, BPFL_ATTACH_SK_MSG_VERDICT, BPFL_ATTACH_CGROUP_INET4_BIND,
	BPFL_ATTACH_CGROUP_INET6_BIND, BPFL_ATTACH_CGROUP_INET4_CONNECT, BPFL_ATTACH_CGROUP_INET6_CONNECT,
	BPFL_ATTACH_CGROUP_INET4_POST_BIND, BPFL_ATTACH_CGROUP_INET6_POST_BIND, BPFL_ATTACH_CGROUP_UDP4_SENDMSG,
	BPFL_ATTACH_CGROUP_UDP6_SENDMSG, BPFL_ATTACH_LIRC_MODE2, BPFL_ATTACH_FLOW_DISSECTOR,
	BPFL_ATTACH_CGROUP_SYSCTL, BPFL_ATTACH_CGROUP_UDP4_RECVMSG, BPFL_ATTACH_CGROUP_UDP6_RECVMSG,
	BPFL_ATTACH_CGROUP_GETSOCKOPT, BPFL_ATTACH_CGROUP_SETSOCKOPT, BPFL_ATTACH_TRACE_RAW_TP,
	BPFL_ATTACH_TRACE_FENTRY, BPFL_ATTACH_TRACE_FEXIT, BPFL_ATTACH_MODIFY_RETURN, BPFL_ATTACH_LSM_MAC,
	BPFL_ATTACH_TRACE_ITER, BPFL_ATTACH_CGROUP_INET4_GETPEERNAME, BPFL_ATTACH_CGROUP_INET6_GETPEERNAME,
	BPFL_ATTACH_CGROUP_INET4_GETSOCKNAME, BPFL_ATTACH_CGROUP_INET6_GETSOCKNAME, BPFL_ATTACH_XDP_DEVMAP,
	BPFL_ATTACH_CGROUP_INET_SOCK_RELEASE, BPFL_ATTACH_XDP_CPUMAP, BPFL_ATTACH_SK_LOOKUP, BPFL_ATTACH_XDP,
	BPFL_ATTACH_SK_SKB_VERDICT, BPFL_ATTACH_SK_REUSEPORT_SELECT, BPFL_ATTACH_SK_REUSEPORT_SELECT_OR_MIGRATE,
	BPFL_ATTACH_PERF_EVENT, BPFL_ATTACH_TRACE_KPROBE_MULTI, BPFL_ATTACH_LSM_CGROUP, BPFL_ATTACH_STRUCT_OPS,
	BPFL_ATTACH_NETFILTER, BPFL_ATTACH_TCX_INGRESS, BPFL_ATTACH_TCX_EGRESS, BPFL_ATTACH_TRACE_UPROBE_MULTI,
	BPFL_ATTACH_CGROUP_UNIX_CONNECT, BPFL_ATTACH_CGROUP_UNIX_SENDMSG, BPFL_ATTACH_CGROUP_UNIX_RECVMSG,
	BPFL_ATTACH_CGROUP_UNIX_GETPEERNAME, BPFL_ATTACH_CGROUP_UNIX_GETSOCKNAME, BPFL_ATTACH_NETKIT_PRIMARY,
	BPFL_ATTACH_NETKIT_PEER, BPFL_ATTACH_TRACE_KPROBE_SESSION, BPFL_ATTACH_TRACE_UPROBE_SESSION,
	BPFL_ATTACH_TRACE_FSESSION, /* from here: newer than 6.18 */
	BPFL_ATTACH_TRACE_FENTRY_MULTI, BPFL_ATTACH_TRACE_FEXIT_MULTI, BPFL_ATTACH_TRACE_FSESSION_MULTI,
	BPFL_NR_ATTACH_TYPES,
};

/* enum bpf_map_type of the kernel. */
enum bpfl_map_type {
	BPFL_MAP_TYPE_UNSPEC, BPFL_MAP_TYPE_HASH, BPFL_MAP_TYPE_ARRAY, BPFL_MAP_TYPE_PROG_ARRAY,
	BPFL_MAP_TYPE_PERF_EVENT_ARRAY, BPFL_MAP_TYPE_PERCPU_HASH, BPFL_MAP_TYPE_PERCPU_ARRAY,
	BPFL_MAP_TYPE_STACK_TRACE, BPFL_MAP_TYPE_CGROUP_ARRAY, BPFL_MAP_TYPE_LRU_HASH,
	BPFL_MAP_TYPE_LRU_PERCPU_HASH, BPFL_MAP_TYPE_LPM_TRIE, BPFL_MAP_TYPE_ARRAY_OF_MAPS,
	BPFL_MAP_TYPE_HASH_OF_MAPS, BPFL_MAP_TYPE_DEVMAP, BPFL_MAP_TYPE_SOCKMAP, BPFL_MAP_TYPE_CPUMAP,
	BPFL_MAP_TYPE_XSKMAP, BPFL_MAP_TYPE_SOCKHASH, BPFL_MAP_TYPE_CGROUP_STORAGE,
	BPFL_MAP_TYPE_REUSEPORT_SOCKARRAY, BPFL_MAP_TYPE_PERCPU_CGROUP_STORAGE, BPFL_MAP_TYPE_QUEUE,
	BPFL_MAP_TYPE_STACK, BPFL_MAP_TYPE_SK_STORAGE, BPFL_MAP_TYPE_DEVMAP_HASH, BPFL_MAP_TYPE_STRUCT_OPS,
	BPFL_MAP_TYPE_RINGBUF, BPFL_MAP_TYPE_INODE_STORAGE, BPFL_MAP_TYPE_TASK_STORAGE,
	BPFL_MAP_TYPE_BLOOM_FILTER, BPFL_MAP_TYPE_USER_RINGBUF, BPFL_MAP_TYPE_CGRP_STORAGE, BPFL_MAP_TYPE_ARENA,
	BPFL_MAP_TYPE_INSN_ARRAY,
	BPFL_NR_MAP_TYPES,
};

/* Map flags that this room sets or reads. */
#define BPFL_F_NUMA_NODE (1u << 2)
#define BPFL_F_RDONLY_PROG (1u << 7)
/* A program flag: for the interface that comes with the call, without being offloaded to it. Linux 6.3. */
#define BPFL_F_XDP_DEV_BOUND_ONLY (1u << 6)
#define BPFL_F_LINK (1u << 13) /* a struct_ops map that is registered by a link, 6.4 */

/* Program load flags. */
#define BPFL_F_SLEEPABLE (1u << 4)
#define BPFL_F_XDP_HAS_FRAGS (1u << 5)

/*
 * How a program of this section is attached: the file loader/attach/<kind>.c. The names are in a table
 * beside the SEC() table.
 */
enum bpfl_hook {
	BPFL_HOOK_NONE, /* loaded, never attached by itself (act_bpf, xdp/devmap, lwt, ...) */
	BPFL_HOOK_KPROBE,
	BPFL_HOOK_KPROBE_MULTI,
	BPFL_HOOK_KSYSCALL,
	BPFL_HOOK_UPROBE,
	BPFL_HOOK_UPROBE_MULTI,
	BPFL_HOOK_USDT,
	BPFL_HOOK_TRACEPOINT,
	BPFL_HOOK_RAW_TRACEPOINT,
	BPFL_HOOK_TRACING,
	BPFL_HOOK_TRACING_MULTI,
	BPFL_HOOK_FREPLACE,
	BPFL_HOOK_LSM,
	BPFL_HOOK_LSM_CGROUP,
	BPFL_HOOK_ITER,
	BPFL_HOOK_PERF_EVENT,
	BPFL_HOOK_XDP,
	BPFL_HOOK_TC,
	BPFL_HOOK_TCX,
	BPFL_HOOK_NETKIT,
	BPFL_HOOK_CGROUP,
	BPFL_HOOK_NETNS,
	BPFL_HOOK_SOCKMAP,
	BPFL_HOOK_SOCKET,
	BPFL_HOOK_SK_REUSEPORT,
	BPFL_HOOK_NETFILTER,
	BPFL_HOOK_LIRC,
	BPFL_HOOK_STRUCT_OPS,
	BPFL_HOOK_SYSCALL,
	BPFL_HOOK_LWT,
	BPFL_NR_HOOKS,
};

/* What stands behind the name: in SEC("name/target"), or in --attach name:where. */
enum bpfl_target_form {
	BPFL_TARGET_NONE,     /* complete as it is */
	BPFL_TARGET_SLASH,    /* SEC("kprobe/target"): complete when a target is there */
	BPFL_TARGET_WHERE,    /* never complete from the section: --attach xdp:IF */
};

struct bpfl_section_row {
	const char *name; /* without slash and target */
	enum bpfl_prog_type prog_type;
	int attach_type;  /* enum bpfl_attach_type, 0 none */
	uint32_t prog_flags;
	bool accepts_slash; /* name alone or name + "/" + rest */
	bool needs_btf_id;  /* attach_btf_id of the target must be found before loading */
	bool attach_type_optional; /* may be sent as 0 to kernels before 4.17 */
	const char *btf_prefix; /* "btf_trace_", "bpf_lsm_", "bpf_iter_" or "" */
	enum bpfl_hook hook;
	enum bpfl_target_form target_form;
	const char *target_hint; /* what to write as target, for messages: "FUNCTION[+OFFSET]", "IF" */
	/*
	 * SLASH: the characters that a complete target contains, in order: "/" in CATEGORY/NAME, ":" in
	 * PATH:FUNCTION; "" none
	 */
	const char *target_seps;
	/* the name to attach by, where this one leaves a direction open ("tc" -> "tc/ingress"); NULL: name */
	const char *attach_name;
};

/* How a name was found. */
enum bpfl_section_match { BPFL_MATCH_NONE, BPFL_MATCH_EXACT, BPFL_MATCH_LENIENT /* P6: "xdp_prog1", "action/egress" */ };

struct bpfl_section_hit {
	enum bpfl_section_match match;
	const struct bpfl_section_row *row; /* NULL for NONE; static */
	const char *target;		    /* behind the slash, in the given name; "" when there is none */
	bool is_return;			    /* kretprobe, uretprobe, kretsyscall, kretprobe.multi, ... */
};

/* Looks a section name up (a leading '?' must be stripped before). */
struct bpfl_section_hit bpfl_section_find(const char *section_name);
/* Row by its exact bare name ("xdp", "kprobe", "tc/ingress"), or NULL. */
const struct bpfl_section_row *bpfl_section_row(const char *name);
/* True when the name says where to attach: nothing has to be added by --attach. */
bool bpfl_section_is_complete(const struct bpfl_section_hit *hit);
/*
 * What has to be written to --attach instead ("uretprobe/PATH:readline", "xdp:IF"), "" when hit is complete
 * or nothing. Returns out.
 */
char *bpfl_section_suggest(const struct bpfl_section_hit *hit, char *out, size_t out_size);
/* The nearest section names: "'xdp' or 'xdp.frags'", "" when none is near. Returns out. */
char *bpfl_section_near(const char *section_name, char *out, size_t out_size);
/* The same among the rows "NAME/..." only. */
char *bpfl_section_near_below(const char *name, const char *section_name, char *out, size_t out_size);
/* All rows, for lists, near names and documentation. */
const struct bpfl_section_row *bpfl_section_rows(size_t *ret_nr);

/* "xdp"; "prog type 77" is the caller's business: NULL when unknown */
const char *bpfl_prog_type_name(unsigned prog_type);
const char *bpfl_attach_type_name(unsigned attach_type);
const char *bpfl_map_type_name(unsigned map_type);	/* "ringbuf"; NULL when unknown */
/* The number of a map type's name ("ringbuf"), or -ENOENT. */
int bpfl_map_type_by_name(const char *name);
const char *bpfl_hook_name(enum bpfl_hook hook);	/* "kprobe", "xdp": also the file in loader/attach */

#endif
