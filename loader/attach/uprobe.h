/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/uprobe: one probe at one place of a file, for the kinds that are made of such.
 */
#ifndef BPFL_ATTACH_UPROBE_H
#define BPFL_ATTACH_UPROBE_H

#include "attach/link.h"
#include "elf/user.h"

struct bpfl_uprobe {
	const char *path;
	uint64_t file_off;    /* bytes */
	uint64_t ref_ctr_off; /* byte offset of a semaphore in the file, 0 none */
	uint64_t cookie;
	int pid;	      /* -1: all processes */
	bool is_return;
};

/*
 * Opens the event of a probe and puts the program of ctx on it. *ret_way (may be NULL): how, for the text
 * of the link; "" the usual way.
 */
int bpfl_uprobe_attach_at(const struct bpfl_attach_ctx *ctx, const struct bpfl_uprobe *uprobe, struct bpfl_link *link,
			  const char **ret_way, struct bpfl_error *err);
/* Whether a semaphore may be at that offset. */
int bpfl_uprobe_check_ref_ctr(const struct bpfl_user_elf *elf, uint64_t ref_ctr_off, struct bpfl_error *err);

/* Many probes in one file that count as one. */
struct bpfl_uprobe_set {
	const char *path;
	int pid; /* -1: all processes */
	bool is_return, is_session;
	bool one_by_one; /* the program was not loaded for links of many (expected attach type) */
	size_t nr;
	uint64_t *file_offs;
	uint64_t *ref_ctr_offs; /* or NULL */
	uint64_t *cookies;	/* or NULL */
	char **names;		/* for messages */
};

/*
 * Attaches all of a set: with one link (Linux 6.6), else one by one. Members that the kernel refuses are left
 * out and named in the log; none left is an error. The parts become parts of link.
 * @ret_text: " (3 of 4)", " (one by one)", or "": for the text of the link.
 */
int bpfl_uprobe_set_attach(const struct bpfl_attach_ctx *ctx, const struct bpfl_uprobe_set *set, struct bpfl_link *link,
			   char *ret_text, size_t ret_text_size, struct bpfl_error *err);

#endif
