/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/bpf: bpf(2), one struct and one function per command.
 *
 * The kernel ABI is declared here, not taken from the machine's <linux/bpf.h>, which is often older than the
 * running kernel. A struct has the layout that the kernel defines for the command, as far as this project uses
 * it; the comment behind a field is the kernel version that brought it. Callers zero the struct and fill what
 * they need. It is passed with a size that ends behind the last byte that is not zero: a kernel that does not
 * know a field never hears of it, and one that does reads it as zero.
 *
 * Pointers travel as u64 (BPFL_PTR). Every function returns >= 0 or -errno.
 */
#ifndef BPFL_SYS_BPF_H
#define BPFL_SYS_BPF_H

#include <stddef.h>
#include <stdint.h>

#define BPFL_PTR(pointer) ((uint64_t)(uintptr_t)(pointer))
#define BPFL_OBJ_NAME_SIZE 16 /* map and program names in the kernel, with the NUL */

enum bpfl_cmd {
	BPFL_CMD_MAP_CREATE = 0,
	BPFL_CMD_MAP_LOOKUP_ELEM = 1,
	BPFL_CMD_MAP_UPDATE_ELEM = 2,
	BPFL_CMD_MAP_DELETE_ELEM = 3,
	BPFL_CMD_MAP_GET_NEXT_KEY = 4,
	BPFL_CMD_PROG_LOAD = 5,
	BPFL_CMD_OBJ_PIN = 6,
	BPFL_CMD_OBJ_GET = 7,
	BPFL_CMD_PROG_ATTACH = 8,
	BPFL_CMD_PROG_DETACH = 9,
	BPFL_CMD_PROG_TEST_RUN = 10,
	BPFL_CMD_PROG_GET_NEXT_ID = 11,
	BPFL_CMD_MAP_GET_NEXT_ID = 12,
	BPFL_CMD_PROG_GET_FD_BY_ID = 13,
	BPFL_CMD_MAP_GET_FD_BY_ID = 14,
	BPFL_CMD_OBJ_GET_INFO_BY_FD = 15,
	BPFL_CMD_PROG_QUERY = 16,
	BPFL_CMD_RAW_TRACEPOINT_OPEN = 17,
	BPFL_CMD_BTF_LOAD = 18,
	BPFL_CMD_BTF_GET_FD_BY_ID = 19,
	BPFL_CMD_TASK_FD_QUERY = 20,
	BPFL_CMD_MAP_LOOKUP_AND_DELETE_ELEM = 21,
	BPFL_CMD_MAP_FREEZE = 22,
	BPFL_CMD_BTF_GET_NEXT_ID = 23,
	BPFL_CMD_MAP_LOOKUP_BATCH = 24,
	BPFL_CMD_MAP_LOOKUP_AND_DELETE_BATCH = 25,
	BPFL_CMD_MAP_UPDATE_BATCH = 26,
	BPFL_CMD_MAP_DELETE_BATCH = 27,
	BPFL_CMD_LINK_CREATE = 28,
	BPFL_CMD_LINK_UPDATE = 29,
	BPFL_CMD_LINK_GET_FD_BY_ID = 30,
	BPFL_CMD_LINK_GET_NEXT_ID = 31,
	BPFL_CMD_ITER_CREATE = 33,
	BPFL_CMD_LINK_DETACH = 34,
	BPFL_CMD_PROG_BIND_MAP = 35,
	BPFL_CMD_TOKEN_CREATE = 36,
	BPFL_CMD_PROG_STREAM_READ = 37,
	BPFL_CMD_PROG_ASSOC_STRUCT_OPS = 38,
};

/*
 * No holes: an initialiser need not clear them, and the kernel refuses bytes that are not zero behind the last
 * member that it knows. Where a structure would have one, it has a member pad.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
struct bpfl_attr_map_create {
	uint32_t map_type;		    /* 3.18 */
	uint32_t key_size;		    /* bytes */
	uint32_t value_size;		    /* bytes */
	uint32_t max_entries;
	uint32_t map_flags;		    /* 4.6 */
	uint32_t inner_map_fd;		    /* 4.12 */
	uint32_t numa_node;		    /* 4.14, read only with BPFL_F_NUMA_NODE */
	char map_name[BPFL_OBJ_NAME_SIZE];  /* 4.15 */
	uint32_t map_ifindex;		    /* 4.16 */
	uint32_t btf_fd;		    /* 4.18 */
	uint32_t btf_key_type_id;	    /* 4.18 */
	uint32_t btf_value_type_id;	    /* 4.18 */
	uint32_t btf_vmlinux_value_type_id; /* 5.6 */
	uint64_t map_extra;		    /* 5.16 */
	int32_t value_type_btf_obj_fd;	    /* 6.9 */
	int32_t map_token_fd;		    /* 6.9 */
};

struct bpfl_attr_map_elem {
	uint32_t map_fd; /* 3.18 */
	uint32_t pad;
	uint64_t key;	/* pointer */
	uint64_t value; /* pointer to value, or to the next key */
	uint64_t flags;
};

struct bpfl_attr_map_batch {
	uint64_t in_batch;  /* 5.6, pointer to where the last batch ended; NULL: begin */
	uint64_t out_batch; /* pointer to room for that: 4 bytes, or a key if that is larger */
	uint64_t keys;
	uint64_t values;
	uint32_t count; /* in: room; out: elements handled, unless the command is refused as such */
	uint32_t map_fd;
	uint64_t elem_flags;
	uint64_t flags;
};

struct bpfl_attr_prog_load {
	uint32_t prog_type; /* 3.18 */
	uint32_t insn_cnt;
	uint64_t insns;	  /* pointer */
	uint64_t license; /* pointer, NUL-terminated */
	uint32_t log_level;
	uint32_t log_size;
	uint64_t log_buf;		   /* pointer */
	uint32_t kern_version;		   /* 4.1, checked for kprobes before 5.0 */
	uint32_t prog_flags;		   /* 4.12 */
	char prog_name[BPFL_OBJ_NAME_SIZE]; /* 4.15 */
	uint32_t prog_ifindex;		   /* 4.15 */
	uint32_t expected_attach_type;	   /* 4.17 */
	uint32_t prog_btf_fd;		   /* 5.0 */
	uint32_t func_info_rec_size;	   /* 5.0 */
	uint64_t func_info;		   /* pointer */
	uint32_t func_info_cnt;
	uint32_t line_info_rec_size; /* 5.0 */
	uint64_t line_info;	     /* pointer */
	uint32_t line_info_cnt;
	uint32_t attach_btf_id;	  /* 5.5 */
	uint32_t attach_prog_fd;  /* 5.6; the same word is attach_btf_obj_fd (5.11) */
	uint32_t core_relo_cnt;	  /* 5.17 */
	uint64_t fd_array;	  /* 5.14, pointer */
	uint64_t core_relos;	  /* 5.17, pointer */
	uint32_t core_relo_rec_size;
	uint32_t log_true_size; /* 6.4, written by the kernel */
	int32_t prog_token_fd;	/* 6.9 */
	uint32_t fd_array_cnt;	/* 6.14 */
};

struct bpfl_attr_btf_load {
	uint64_t btf;	  /* 4.18, pointer */
	uint64_t log_buf; /* pointer */
	uint32_t btf_size;
	uint32_t log_size;
	uint32_t log_level;
	uint32_t log_true_size; /* 6.4, written by the kernel */
	uint32_t btf_flags;	/* 6.9 */
	int32_t btf_token_fd;	/* 6.9 */
};

struct bpfl_attr_obj_path { /* OBJ_PIN, OBJ_GET */
	uint64_t path; /* 4.4, pointer */
	uint32_t fd;
	uint32_t flags; /* 4.15 */
};

struct bpfl_attr_info {
	uint32_t fd; /* 4.13 */
	uint32_t info_size;
	uint64_t info; /* pointer */
};

struct bpfl_attr_id { /* ..._GET_NEXT_ID, ..._GET_FD_BY_ID */
	uint32_t id; /* 4.13: start id, or the id wanted */
	uint32_t next_id;
	uint32_t flags;
};

struct bpfl_attr_prog_attach {
	uint32_t target_fd; /* 4.10, or an ifindex */
	uint32_t attach_fd;
	uint32_t attach_type;
	uint32_t attach_flags;
	uint32_t replace_fd;   /* 5.5 */
	uint32_t relative_fd;  /* 6.6 */
	uint64_t expected_revision;
};

struct bpfl_attr_prog_query {
	uint32_t target_fd; /* 4.15, or an ifindex */
	uint32_t attach_type;
	uint32_t query_flags;
	uint32_t attach_flags; /* written by the kernel */
	uint64_t prog_ids;     /* pointer to room for prog_cnt ids */
	uint32_t prog_cnt;     /* written: how many there are */
	uint32_t pad;
	uint64_t prog_attach_flags; /* 6.0, pointer */
	uint64_t link_ids;	    /* 6.6, pointer */
	uint64_t link_attach_flags; /* 6.6, pointer */
	uint64_t revision;	    /* 6.6, written by the kernel */
};

struct bpfl_attr_raw_tracepoint {
	uint64_t name; /* 4.17, pointer; NULL for BTF-typed programs */
	uint32_t prog_fd;
	uint32_t pad;
	uint64_t cookie; /* 6.10 */
};

struct bpfl_attr_link_create {
	uint32_t prog_fd;     /* 5.7 */
	uint32_t target_fd;   /* or target_ifindex */
	uint32_t attach_type;
	uint32_t flags;
	union {
		uint64_t words[6]; /* first, so that an initialiser clears all of them */
		uint32_t target_btf_id; /* 5.12 */
		struct {
			uint64_t iter_info; /* pointer */
			uint32_t iter_info_size;
			uint32_t iter_pad;
		};
		struct {
			uint64_t cookie; /* 5.15 */
		} perf_event;
		struct {
			uint32_t target_btf_id;
			uint32_t pad;
			uint64_t cookie; /* 5.19 */
		} tracing;
		struct {
			uint32_t flags;
			uint32_t cnt;
			uint64_t syms;
			uint64_t addrs;
			uint64_t cookies;
		} kprobe_multi; /* 5.18 */
		struct {
			uint64_t path;
			uint64_t offsets;
			uint64_t ref_ctr_offsets;
			uint64_t cookies;
			uint32_t cnt;
			uint32_t flags;
			uint32_t pid;
			uint32_t pad;
		} uprobe_multi; /* 6.6 */
		struct {
			uint32_t pf;
			uint32_t hooknum;
			int32_t priority;
			uint32_t flags;
		} netfilter; /* 6.4 */
		struct {
			uint32_t relative_fd;
			uint32_t pad;
			uint64_t expected_revision;
		} mprog; /* tcx 6.6, netkit 6.7, cgroup 6.16 */
		struct {
			uint64_t ids; /* u32 each, rising: functions in the BTF that the program was loaded for */
			uint64_t cookies;
			uint32_t cnt;
			uint32_t pad;
		} tracing_multi; /* 7.2 */
	};
};

struct bpfl_attr_stream_read { /* 6.17 */
	uint64_t buf;
	uint32_t size;
	uint32_t stream;
	uint32_t prog_fd;
	uint32_t pad;
};

struct bpfl_attr_test_run {
	uint32_t prog_fd; /* 4.12 */
	uint32_t retval;  /* written by the kernel */
	uint32_t data_size_in;
	uint32_t data_size_out;
	uint64_t data_in;
	uint64_t data_out;
	uint32_t repeat;
	uint32_t duration;
	uint32_t ctx_size_in; /* 5.2 */
	uint32_t ctx_size_out;
	uint64_t ctx_in;
	uint64_t ctx_out;
	uint32_t flags; /* 5.11 */
	uint32_t cpu;
	uint32_t batch_size; /* 5.18 */
	uint32_t pad;
};

struct bpfl_attr_link_fd { /* ITER_CREATE */
	uint32_t link_fd;
	uint32_t flags;
};

struct bpfl_attr_link_update {
	uint32_t link_fd; /* 5.7 */
	uint32_t new_prog_fd; /* or the new map of a struct_ops link, 6.4 */
	uint32_t flags;
	uint32_t old_prog_fd;
};

struct bpfl_attr_assoc_struct_ops {
	uint32_t map_fd; /* 7.0 */
	uint32_t prog_fd;
	uint32_t flags;
};

struct bpfl_attr_bind_map {
	uint32_t prog_fd; /* 5.10 */
	uint32_t map_fd;
	uint32_t flags;
};

#pragma GCC diagnostic pop
/* What OBJ_GET_INFO_BY_FD writes; the kernel fills as much as it knows. */
struct bpfl_prog_info {
	uint32_t type;
	uint32_t id;
	uint8_t tag[8];
	uint32_t jited_prog_len;
	uint32_t xlated_prog_len;
	uint64_t jited_prog_insns;
	uint64_t xlated_prog_insns;
	uint64_t load_time;
	uint32_t created_by_uid;
	uint32_t nr_map_ids;
	uint64_t map_ids;
	char name[BPFL_OBJ_NAME_SIZE];
	uint32_t ifindex;
	uint32_t gpl_compatible; /* bit 0 */
	uint64_t netns_dev;
	uint64_t netns_ino;
	uint32_t nr_jited_ksyms;
	uint32_t nr_jited_func_lens;
	uint64_t jited_ksyms;
	uint64_t jited_func_lens;
	uint32_t btf_id;
	uint32_t func_info_rec_size;
	uint64_t func_info;
	uint32_t nr_func_info;
	uint32_t nr_line_info;
	uint64_t line_info;
	uint64_t jited_line_info;
	uint32_t nr_jited_line_info;
	uint32_t line_info_rec_size;
	uint32_t jited_line_info_rec_size;
	uint32_t nr_prog_tags;
	uint64_t prog_tags;
	uint64_t run_time_ns;
	uint64_t run_cnt;
	uint64_t recursion_misses;
	uint32_t verified_insns;
	uint32_t attach_btf_obj_id;
	uint32_t attach_btf_id;
};

struct bpfl_map_info {
	uint32_t type;
	uint32_t id;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t map_flags;
	char name[BPFL_OBJ_NAME_SIZE];
	uint32_t ifindex;
	uint32_t btf_vmlinux_value_type_id;
	uint64_t netns_dev;
	uint64_t netns_ino;
	uint32_t btf_id;
	uint32_t btf_key_type_id;
	uint32_t btf_value_type_id;
	uint32_t btf_vmlinux_id;
	uint64_t map_extra;
};

struct bpfl_btf_info {
	uint64_t btf; /* pointer to room for the bytes, or NULL */
	uint32_t btf_size; /* of the room; the kernel writes how many there are */
	uint32_t id;
	uint64_t name; /* pointer to room for the name */
	uint32_t name_len;
	uint32_t kernel_btf; /* 5.11 */
};

/*
 * How many bytes of a zeroed and filled attribute are passed: up to its last byte that is not zero, rounded up
 * to 8; at least as far as the kernel writes results back (next_id; log_true_size when there is a log). Used
 * by sys/enter.c.
 */
size_t bpfl_bpf_attr_size(int cmd, const void *attr, size_t attr_size);

int bpfl_sys_map_create(const struct bpfl_attr_map_create *attr);			     /* fd */
int bpfl_sys_map_lookup(int map_fd, const void *key, void *ret_value, uint64_t flags);	     /* 0 */
int bpfl_sys_map_update(int map_fd, const void *key, const void *value, uint64_t flags);     /* 0 */
int bpfl_sys_map_delete(int map_fd, const void *key);					     /* 0 */
/* 0. Queues and stacks (key NULL) 4.20, hashes 5.14. */
int bpfl_sys_map_lookup_and_delete(int map_fd, const void *key, void *ret_value, uint64_t flags);
/*
 * cmd: one of BPFL_CMD_MAP_..._BATCH. 0, or -ENOENT at the end, with attr->count written; -ENOSPC: too
 * little room; -EINVAL before 5.6, -524 for types without it.
 */
int bpfl_sys_map_batch(enum bpfl_cmd cmd, struct bpfl_attr_map_batch *attr);
int bpfl_sys_map_next_key(int map_fd, const void *key, void *ret_next_key); /* 0; -ENOENT at the end; key NULL: first */
int bpfl_sys_map_freeze(int map_fd);							     /* 0, since 5.2 */
/* fd. attr->log_true_size is written. No retry here: EAGAIN and ENOSPC are policy of kern/prog.c. */
int bpfl_sys_prog_load(struct bpfl_attr_prog_load *attr);
int bpfl_sys_btf_load(struct bpfl_attr_btf_load *attr);					     /* fd */
/* fd: rights that the mount of this bpffs (its root directory) hands on to its user namespace, since 6.9. */
int bpfl_sys_token_create(int bpffs_fd);
int bpfl_sys_obj_pin(int fd, const char *path);						     /* 0 */
int bpfl_sys_obj_get(const char *path, uint32_t flags);					     /* fd */
int bpfl_sys_obj_info(int fd, void *info, uint32_t *info_size); /* 0; info zeroed by the caller; size updated */
int bpfl_sys_next_id(enum bpfl_cmd cmd, uint32_t id, uint32_t *ret_next_id);		     /* 0 or -ENOENT */
int bpfl_sys_fd_by_id(enum bpfl_cmd cmd, uint32_t id);					     /* fd */
int bpfl_sys_raw_tracepoint_open(const char *name, int prog_fd, uint64_t cookie);	     /* fd */
int bpfl_sys_link_create(const struct bpfl_attr_link_create *attr);			     /* fd */
/*
 * A program that is no struct_ops program calls kernel functions of this struct_ops map. -EINVAL: unknown
 * (before 7.0), or a struct_ops program; -EBUSY: it is another map's.
 */
int bpfl_sys_prog_assoc_struct_ops(int prog_fd, int map_fd);
/* 0. flags 4 (BPF_F_REPLACE): only when the link holds old_fd, -1 otherwise. */
int bpfl_sys_link_update(int link_fd, int new_fd, uint32_t flags, int old_fd);
int bpfl_sys_iter_create(int link_fd);							     /* fd */
int bpfl_sys_prog_attach(const struct bpfl_attr_prog_attach *attr);			     /* 0 */
int bpfl_sys_prog_detach(const struct bpfl_attr_prog_attach *attr);			     /* 0 */
/* 0; attach_flags, prog_cnt and the ids are written. -ENOSPC: more programs than there was room for. */
int bpfl_sys_prog_query(struct bpfl_attr_prog_query *attr);
/*
 * 0; attr->retval is what the program returned. A context that the program may write is copied back to
 * ctx_out (5.14: syscall programs).
 */
int bpfl_sys_prog_test_run(struct bpfl_attr_test_run *attr);
int bpfl_sys_prog_bind_map(int prog_fd, int map_fd);					     /* 0 */
/*
 * Takes what waits in a program's stream (1 stdout, 2 stderr), up to size bytes; never waits. Bytes;
 * -EINVAL before 6.17.
 */
int bpfl_sys_prog_stream_read(int prog_fd, uint32_t stream, void *out, uint32_t size);

#endif
