/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/perf: what all hooks that stand on a perf event share: opening the event, putting the program onto it,
 * and probes of functions in the kernel and in programs (kprobe, uprobe).
 */
#ifndef BPFL_ATTACH_PERF_H
#define BPFL_ATTACH_PERF_H

#include "attach/link.h"
#include "sys/perf.h"

/*
 * Opens an event; it becomes link->event_fd.
 * @attr: size is filled in.
 * @pid: -1: all processes; then cpu is a number. @cpu: -1: all, for one process.
 * @what: for the message: "tracepoint 17".
 * Return: 0 or -errno with what bpfl_diagnose_refusal() knows.
 */
int bpfl_perf_open(const struct bpfl_attach_ctx *ctx, struct bpfl_perf_attr *attr, int pid, int cpu, const char *what,
		   struct bpfl_link *link, struct bpfl_error *err);

/*
 * Puts the program onto link->event_fd: with a BPF link (Linux 5.15), else with ioctl(2), which carries no cookie.
 * link->link_fd says which: -1 after an ioctl.
 */
int bpfl_perf_join(const struct bpfl_attach_ctx *ctx, uint64_t cookie, struct bpfl_link *link, struct bpfl_error *err);

/* A place in the code of the kernel or of a file. */
struct bpfl_probe {
	bool is_user;	      /* uprobe, else kprobe */
	bool is_return;	      /* when the function returns */
	const char *where;    /* [MODULE:]FUNCTION, or the path of a file; NULL: offset is an address in the kernel */
	uint64_t offset;      /* bytes from there */
	uint64_t ref_ctr_off; /* user: byte offset of a semaphore in the file; 0 none */
	int pid;	      /* user: one process; -1 all */
	uint32_t retmax;      /* kernel, return: how many calls at once are followed (legacy events only); 0 default */
};

/*
 * Opens the event of a probe; it becomes link->event_fd. First by the PMU (Linux 4.17, sysfs), which leaves
 * nothing behind; only when the kernel has no such PMU by an event in tracefs, which is removed when the link
 * is closed.
 * @ret_legacy: may be NULL; true when it went by tracefs.
 * Return: 0, or -errno: -ENOENT, -EINVAL, -EADDRNOTAVAIL, -EILSEQ about the place; the caller knows more.
 *         -EOPNOTSUPP: this kernel has no such probes.
 */
int bpfl_probe_open(const struct bpfl_attach_ctx *ctx, const struct bpfl_probe *probe, struct bpfl_link *link,
		    bool *ret_legacy, struct bpfl_error *err);

/* True when the kernel has kprobes (uprobes) at all: a PMU, or the file of events in tracefs. */
bool bpfl_probe_available(bool is_user);

#endif
