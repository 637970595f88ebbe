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

/* Opens the event of a probe and puts the program of ctx on it. *ret_way (may be NULL): how, for the text of the link; "" the usual way. */
int bpfl_uprobe_attach_at(const struct bpfl_attach_ctx *ctx, const struct bpfl_uprobe *uprobe, struct bpfl_link *link,
			  const char **ret_way, struct bpfl_error *err);
/* Whether a semaphore may be at that offset. */
int bpfl_uprobe_check_ref_ctr(const struct bpfl_user_elf *elf, uint64_t ref_ctr_off, struct bpfl_error *err);

#endif
