/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/vlog: a verifier log -> one or two sentences.
 *
 * Three steps, each of which can be tested alone:
 *   bpfl_vlog_read()          text of a log -> what it says; knows nothing of the program
 *   bpfl_hint_find()          one sentence of the verifier -> plain words and what to do
 *   bpfl_rejection_explain()  both, and what the image knows (source lines, CO-RE, helpers,
 *                             license) -> a struct bpfl_error
 */
#ifndef BPFL_KERN_VLOG_H
#define BPFL_KERN_VLOG_H

#include "kern/object.h"

struct bpfl_vlog {
	/* The last words that are not statistics: "R0 invalid mem access 'inv'"; "" when there are none. */
	char reason[384];
	char category[128];    /* Linux 7.3: "Register Type Safety: Unreadable register"; else "" */
	char explanation[384]; /* Linux 7.3: its "Reason:" paragraph */
	char suggestion[384];  /* Linux 7.3: its "Suggestion:" paragraph */
	int32_t insn_idx;      /* where it happened, -1 unknown */
	char insn[160];	       /* "(61) r0 = *(u32 *)(r0 +0)" */
	char source[192];      /* source line from the log's own comment, "" none */
	char file[128];	       /* its file, "" unknown (kernels before 6.9 do not say) */
	uint32_t line;	       /* 0 unknown */
	/* Last known state of the register that reason names: "R0=map_value_or_null(...)". */
	char reg[192];
	bool cut; /* the log does not end with the verifier's own last line */
};

void bpfl_vlog_read(const char *log, struct bpfl_vlog *ret_vlog);

/* A message of the verifier that we have better words for. */
struct bpfl_hint {
	const char *pattern; /* glob over the reason */
	int catalogue_id;
	const char *meaning; /* what the verifier means */
	const char *fix;     /* what to do */
};
/* The first row whose pattern is in reason, or NULL. Static. */
const struct bpfl_hint *bpfl_hint_find(const char *reason);

/*
 * Fills err (kind, message, why, fix, catalogue, a copy of the log) for a program that PROG_LOAD
 * refused with errnum and a log that is not empty. The message begins with "program 'x': ". Returns
 * -errnum.
 */
int bpfl_rejection_explain(const struct bpfl_image *image, const struct bpfl_image_prog *prog,
			   struct bpfl_target *target, const char *log, int errnum,
			   struct bpfl_error *err);

#endif
