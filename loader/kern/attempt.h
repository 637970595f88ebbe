/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/attempt: one program on its way into the kernel: the request, and what came of the last try. Made by
 * kern/prog.c, changed by kern/prog_fallback.c after a refusal.
 */
#ifndef BPFL_KERN_ATTEMPT_H
#define BPFL_KERN_ATTEMPT_H

#include "kern/load.h"
#include "kern/vlog.h"
#include "sys/bpf.h"

struct bpfl_attempt {
	struct bpfl_loading *loading;
	const struct bpfl_image_prog *image_prog;
	const struct bpfl_prog *prog;
	struct bpfl_attr_prog_load attr;
	struct bpfl_insn *insns; /* with file descriptors */
	char *log;               /* of the last try that had one */
	size_t log_cap;
	struct bpfl_vlog vlog;   /* what it says */
	unsigned fallbacks_used; /* bit per row */
	int attach_prog_fd;      /* freplace: of the program to be changed; -1 none */
	BPFL_VEC(int) jump_fds;  /* of the maps made of image_prog->jump_tables */
};

static inline const char *bpfl_attempt_name(const struct bpfl_attempt *attempt)
{
	return attempt->prog->name;
}

/* Whether the kernel takes the program without its expected attach type too. */
static inline bool bpfl_attempt_attach_type_is_optional(const struct bpfl_attempt *attempt)
{
	return attempt->prog->hit.row && attempt->prog->hit.row->attach_type_optional;
}

/*
 * prog_fallback.c: changes the request into one that an older kernel may take. ret: what this one said (-errno).
 * True: it is worth another try; false: there is nothing left to leave out.
 */
bool bpfl_attempt_fall_back(struct bpfl_attempt *attempt, int ret);
/*
 * prog_fallback.c: the program is loaded: says what was left out. too_big: the kernel had called a request too big, so
 * that it lacks what was left out since; the target keeps that.
 */
void bpfl_attempt_note(const struct bpfl_attempt *attempt, bool too_big);

#endif
