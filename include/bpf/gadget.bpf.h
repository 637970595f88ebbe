/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Objects that describe themselves: what their events, tables and parameters are, so that any tool that knows the convention shows them.
 *
 * The names are those of Inspektor Gadget's public gadgets; an object written with this header can be run by both. A marker is a variable that
 * nobody uses: its name, and its type in BTF, are the message. A typedef says how a number is meant.
 *
 *     struct event { gadget_timestamp timestamp_raw; struct gadget_process proc; gadget_errno error_raw; };
 *     GADGET_TRACER(opens, events, event);
 *     const volatile unsigned int min_us = 100;
 *     GADGET_PARAM(min_us);
 *
 * docs/gadgets.md lists all of it. Include <linux/types.h> and bpf_helpers.h first.
 */
#ifndef BPFLOAD_GADGET_BPF_H
#define BPFLOAD_GADGET_BPF_H

/* ---- markers ---- */

#define GADGET_MARK(name) const void *name __attribute__((unused))

/* Events of the ring buffer or perf event array `map` are `struct type`. */
#define GADGET_TRACER(name, map, type)                  \
	GADGET_MARK(gadget_tracer_##name##___##map##___##type); \
	const struct type *__gadget_tracer_type_##name __attribute__((unused))

/* The const volatile variable `var` is to be set by who runs the object. */
#define GADGET_PARAM(var) GADGET_MARK(gadget_param_##var)

/* The elements of `map` are a table that is shown again and again. */
#define GADGET_MAPITER(name, map) GADGET_MARK(gadget_mapiter_##name##___##map)

/* The iterator `prog` writes `struct type`, one behind the other, with bpf_seq_write(). Up to three programs make one table. */
#define GADGET_ITER(name, type, prog)                     \
	const struct type *unusedevent_##name##___##type __attribute__((unused)); \
	GADGET_MARK(gadget_iter_##name##___##type##___##prog)
#define GADGET_ITER2(name, type, prog, prog2)             \
	const struct type *unusedevent_##name##___##type __attribute__((unused)); \
	GADGET_MARK(gadget_iter_##name##___##type##___##prog##___##prog2)
#define GADGET_ITER3(name, type, prog, prog2, prog3)      \
	const struct type *unusedevent_##name##___##type __attribute__((unused)); \
	GADGET_MARK(gadget_iter_##name##___##type##___##prog##___##prog2##___##prog3)

/* The program of section iter/bpf_map_elem walks `map`; the sk_skb or sk_msg program is attached to `map`. */
#define GADGET_ITER_TARGET_MAP(prog, map) GADGET_MARK(gadget_mapelem_iter_target_##prog##___##map)
#define GADGET_SK_TARGET_MAP(prog, map) GADGET_MARK(gadget_sk_prog_target_##prog##___##map)

/* How the column of a member looks: char path[64] GADGET_COLUMN("width=30,ellipsis=start"); */
#if defined(__clang__) && __clang_major__ >= 14
#define GADGET_COLUMN(words) __attribute__((btf_decl_tag("bpfload:" words)))
#else
#define GADGET_COLUMN(words)
#endif

/* ---- how values are meant ---- */

typedef __u64 gadget_timestamp; /* ns since boot: bpf_ktime_get_boot_ns() */
typedef __u64 gadget_duration;	/* ns */
typedef __u64 gadget_bytes;
typedef __u32 gadget_errno;
typedef __u32 gadget_signal;
typedef __u64 gadget_syscall; /* its number */
typedef __u32 gadget_uid;
typedef __u32 gadget_gid;
typedef __u32 gadget_file_mode;
typedef __u32 gadget_file_flags; /* of open(2) */
typedef __u32 gadget_pid;
typedef __u32 gadget_ppid;
typedef __u32 gadget_tid;
typedef __u32 gadget_ptid;
typedef char gadget_comm;
typedef char gadget_pcomm;
typedef __u64 gadget_mntns_id; /* inode of a mount namespace */
typedef __u32 gadget_netns_id;
typedef __u32 gadget_kernel_stack; /* bpf_get_stackid() */
typedef __u32 gadget_counter__u32; /* numbers that a monitoring system collects */
typedef __u64 gadget_counter__u64;
typedef __u32 gadget_gauge__u32;
typedef __u64 gadget_gauge__u64;
typedef __u32 gadget_histogram_slot__u32; /* arrays of them: slot n counts values below 2^n */
typedef __u64 gadget_histogram_slot__u64;

struct gadget_user_stack {
	__u64 exe_inode;
	__u64 mtime_sec;
	__u32 mtime_nsec;
	__u32 stack_id; /* bpf_get_stackid() with BPF_F_USER_STACK */
	__u32 pid_level0; /* the process, in the outermost PID namespace and in the one below it */
	__u32 pidns_level0;
	__u32 pid_level1;
	__u32 pidns_level1;
};

/* An address; which of the two the struct around it says. */
union gadget_ip_addr_t {
	__u8 v6[16];
	__u32 v4;
};

struct gadget_l3endpoint_t {
	union gadget_ip_addr_t addr_raw;
	__u8 version; /* 4 or 6 */
};

struct gadget_l4endpoint_t {
	union gadget_ip_addr_t addr_raw;
	__u16 port; /* in the byte order of this machine */
	__u16 proto_raw;
	__u8 version;
};

struct gadget_creds {
	gadget_uid uid;
	gadget_gid gid;
};

struct gadget_parent {
	gadget_pcomm comm[16];
	gadget_ppid pid;
};

struct gadget_process {
	gadget_comm comm[16];
	gadget_pid pid;
	gadget_tid tid;
	gadget_mntns_id mntns_id;
	struct gadget_creds creds;
	struct gadget_parent parent;
};

#endif
