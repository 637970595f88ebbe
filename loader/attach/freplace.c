/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/freplace.c: SEC("freplace/FUNC"), attached as freplace/FUNC:{id N|PIN}.
 *
 * The program that is changed has to be known when this one is loaded (image/attach_prog.c), so it is written
 * into the spec before. Attaching then has nothing to say: LINK_CREATE without a target (Linux 5.10) means the
 * one given at load; before, RAW_TRACEPOINT_OPEN did the same (5.6).
 * From then on calls of the function come here, until the link is closed.
 */
#include <errno.h>
#include <stdlib.h>
#include "attach/link.h"
#include "attach/tracing.h"
#include "base/text.h"

static int prepare(const struct bpfl_attach *attach, struct bpfl_spec *spec, size_t prog_idx, struct bpfl_error *err)
{
	struct bpfl_prog *prog = &spec->progs.items[prog_idx];
	char *copy = bpfl_strdup(attach->where);

	if (!copy)
		return bpfl_error_nomem(err);
	free(prog->attach_prog);
	prog->attach_prog = copy;
	return 0;
}

static int refuse(const struct bpfl_attach_ctx *ctx, int errnum, struct bpfl_error *err)
{
	bpfl_error_set(err, errnum == EBUSY ? BPFL_ERR_TARGET : BPFL_ERR_SYSTEM, errnum,
		       "taking the place of function '%s' of program '%s': %s", BPFL_ESC(ctx->attach->target),
		       BPFL_ESC(ctx->attach->where), bpfl_errno_text(errnum));
	if (errnum == EBUSY)
		bpfl_error_why(err, "another program has taken the place of this function, or stands before it "
				    "(fentry, fexit)");
	bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, ctx->attach->row->prog_type, errnum, ctx->object->target);
	return -errnum;
}

static int attach_freplace(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	int ret = bpfl_tracing_open(ctx->prog_fd, 0, false, 0);

	if (ret < 0)
		return refuse(ctx, -ret, err);
	link->link_fd = ret;
	ret = bpfl_link_describe(link, ctx, "freplace %s of program %s", ctx->attach->target,
				 BPFL_ESC(ctx->attach->where));
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

const struct bpfl_hook_ops bpfl_hook_freplace = {
	.hook = BPFL_HOOK_FREPLACE,
	.options = (const char *const[]){ NULL },
	.option_note = "what it sees is what the function's callers pass",
	.prepare = prepare,
	.attach = attach_freplace,
};
