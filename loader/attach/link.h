/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach: object -> link. One file per kind of hook, each with one table row in attach/attach.c:
 *
 *     { BPFL_HOOK_TRACEPOINT, tracepoint_check, tracepoint_attach }
 *
 * check() says whether the target exists, before anything is loaded; attach() makes the link. What a link holds
 * is a few file descriptors to close in order, plus an optional detach function for mechanisms that outlive a
 * closed fd (netlink).
 */
#ifndef BPFL_ATTACH_LINK_H
#define BPFL_ATTACH_LINK_H

#include "bpfload/link.h"
#include "kern/object.h"

#define BPFL_ATTACH_MAX_OPTIONS 16
#define BPFL_ATTACH_MAX_OTHERS 15

struct bpfl_attach { /* attach/spec.c parses it */
	char *text;	 /* as given, for messages */
	char *prog;	 /* before '=', or NULL */
	const struct bpfl_section_row *row; /* what the name before target/place means */
	char *section;	 /* the section name: "tracepoint/syscalls/sys_enter_execve", "xdp" */
	char *target;	 /* behind the slash; "" none */
	char *where;	 /* behind the colon; "" none */
	bool is_return;
	size_t nr_others; /* of "f|g|h", where target is f: taken in their order when the kernel has no f */
	char *others[BPFL_ATTACH_MAX_OTHERS];
	size_t nr_options;
	struct { char *key, *value; } options[BPFL_ATTACH_MAX_OPTIONS];
};

/* The value of an option, or NULL. */
const char *bpfl_attach_option(const struct bpfl_attach *attach, const char *key);

struct bpfl_link {
	char *text;	/* for people */
	char *name;	/* of the program, or of the struct_ops variable: names the pin; NULL parts of a link */
	int link_fd;	/* bpf link, -1 none */
	int event_fd;	/* perf event, -1 none */
	int (*detach)(struct bpfl_link *link); /* NULL: closing the fds is enough */
	uint32_t ifindex, netlink_flags; /* for xdp by netlink */
	/* borrowed: what netlink must find when it detaches; the map of a struct_ops that is registered by its value */
	int prog_fd;
	/* Links that count as one (a probe in many places): bpfl_link_part() adds one, they are closed first. */
	struct bpfl_link **parts;
	size_t nr_parts;
	/*
	 * Kinds whose program runs only when it is asked: runs it and hands what it says to write(). NULL:
	 * the program runs by itself.
	 */
	int (*read)(struct bpfl_link *link, bpfl_write_fn write, void *ctx, struct bpfl_error *err);
	/*
	 * Called when the descriptors are closed: for what the kernel does not let go of before (events of
	 * tracefs), and for data.
	 */
	void (*release)(struct bpfl_link *link);
	void *data; /* of the kind that sets release */
};

/* What an attach function gets. */
struct bpfl_attach_ctx {
	struct bpfl_object *object;
	size_t prog_idx;
	int prog_fd;
	const struct bpfl_attach *attach;
	const struct bpfl_log *log;
};

struct bpfl_hook_ops {
	enum bpfl_hook hook;
	int attach_type; /* only for rows with this expected attach type; 0: all of the hook */
	/* Option keys this kind knows, NULL-terminated list; others are refused by name. */
	const char *const *options;
	const char *option_note; /* said when an option is refused; may be NULL */
	/* Changes the spec before an image is built of it: sizes of maps, attach types. May be NULL. */
	int (*prepare)(const struct bpfl_attach *attach, struct bpfl_spec *spec, size_t prog_idx,
		       struct bpfl_error *err);
	int (*check)(const struct bpfl_attach *attach, struct bpfl_error *err); /* may be NULL */
	int (*attach)(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err);
};

/* One per file: loader/attach/<kind>.c. */
extern const struct bpfl_hook_ops bpfl_hook_tracepoint;
extern const struct bpfl_hook_ops bpfl_hook_raw_tracepoint;
extern const struct bpfl_hook_ops bpfl_hook_tracing;
extern const struct bpfl_hook_ops bpfl_hook_tracing_multi;
extern const struct bpfl_hook_ops bpfl_hook_lsm;
extern const struct bpfl_hook_ops bpfl_hook_iter;
extern const struct bpfl_hook_ops bpfl_hook_freplace;
extern const struct bpfl_hook_ops bpfl_hook_syscall;
extern const struct bpfl_hook_ops bpfl_hook_xdp;
extern const struct bpfl_hook_ops bpfl_hook_usdt;
extern const struct bpfl_hook_ops bpfl_hook_tc;
extern const struct bpfl_hook_ops bpfl_hook_tcx;
extern const struct bpfl_hook_ops bpfl_hook_netkit; /* also in tcx.c */
extern const struct bpfl_hook_ops bpfl_hook_cgroup;
extern const struct bpfl_hook_ops bpfl_hook_lsm_cgroup; /* also in cgroup.c */
extern const struct bpfl_hook_ops bpfl_hook_netns;
extern const struct bpfl_hook_ops bpfl_hook_sockmap;
extern const struct bpfl_hook_ops bpfl_hook_socket;
extern const struct bpfl_hook_ops bpfl_hook_sk_reuseport; /* also in socket.c */
extern const struct bpfl_hook_ops bpfl_hook_netfilter;
extern const struct bpfl_hook_ops bpfl_hook_lirc;
extern const struct bpfl_hook_ops bpfl_hook_uprobe_multi;
extern const struct bpfl_hook_ops bpfl_hook_kprobe;
extern const struct bpfl_hook_ops bpfl_hook_ksyscall;
extern const struct bpfl_hook_ops bpfl_hook_kprobe_multi;
extern const struct bpfl_hook_ops bpfl_hook_perf_event;
extern const struct bpfl_hook_ops bpfl_hook_uprobe;

/* How programs of a row are attached; NULL: not built yet, or never attached by themselves. */
const struct bpfl_hook_ops *bpfl_hook_ops_find(const struct bpfl_section_row *row);

/* Says what is attached where: "PROG: " and the formatted text become the link's text. 0 or -ENOMEM. */
int bpfl_link_describe(struct bpfl_link *link, const struct bpfl_attach_ctx *ctx, const char *fmt, ...)
	BPFL_PRINTF(3, 4);
/* An empty link; prog_fd is borrowed. NULL without memory. */
struct bpfl_link *bpfl_link_create(int prog_fd);
/* Adds an empty link that is closed with this one, which owns it. 0 or -ENOMEM. */
int bpfl_link_part(struct bpfl_link *link, struct bpfl_link **ret_part);
/* The number that stands in an option, 0 when it is not given. The parser has seen to it that it is one. */
uint64_t bpfl_attach_option_u64(const struct bpfl_attach *attach, const char *key);

#endif
