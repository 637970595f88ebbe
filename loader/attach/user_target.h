/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/user_target: the binary and the place of a user-space probe: what uprobe, uprobe.multi and USDT share.
 */
#ifndef BPFL_ATTACH_USER_TARGET_H
#define BPFL_ATTACH_USER_TARGET_H

#include "attach/link.h"
#include "elf/user.h"

struct bpfl_user_target {
	struct bpfl_user_elf *elf; /* elf->path: what the kernel is given */
	const char *rest;	   /* behind PATH: */
	int pid;		   /* -1: all processes */
};

/* The process of pid=, -1 without that option. -EINVAL when it is none. */
int bpfl_user_target_pid(const struct bpfl_attach *attach, int *ret_pid, struct bpfl_error *err);
/* Finds and opens the binary of PATH:REST, with pid= and the rest of the options. E23. To be closed. */
int bpfl_user_target_open(const struct bpfl_attach *attach, struct bpfl_user_target *ret_target,
			  struct bpfl_error *err);
void bpfl_user_target_close(struct bpfl_user_target *target);

/*
 * The byte offset in the file that "FUNCTION", "FUNCTION+0x10" or "0x1234" means. Indirect functions are
 * resolved, and return probes are refused where they would break the program (Go) or mean nothing (an offset).
 */
int bpfl_user_target_place(const struct bpfl_user_target *target, const struct bpfl_attach *attach,
			   uint64_t *ret_file_off, struct bpfl_error *err);

/* Refuses a return probe on a function of a Go program. */
int bpfl_user_target_check_return(const struct bpfl_user_target *target, const char *function, struct bpfl_error *err);

#endif
