/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/raw_tracepoint.c: SEC("raw_tp/NAME"), SEC("raw_tp.w/NAME").
 *
 * A raw tracepoint program gets the arguments of the tracepoint as they are, without the record that perf would
 * build. It is attached by name with RAW_TRACEPOINT_OPEN (Linux 4.17); no tracefs is needed. The descriptor is
 * a link; closing it detaches. Cookies came in
 * 6.10. (tp_btf, the typed form, is bound to its tracepoint when it is loaded: tracing.c.)
 */
#include <errno.h>
#include "attach/link.h"
#include "attach/tracepoint.h"
#include "base/text.h"
#include "sys/bpf.h"

static int refuse(const struct bpfl_attach_ctx *ctx, int errnum, struct bpfl_error *err)
{
	const struct bpfl_attach *attach = ctx->attach;

	if (errnum == ENOENT)
		return bpfl_tracepoint_missing(NULL, attach->target, err);
	if (bpfl_attach_option(attach, "cookie") && (errnum == EINVAL || errnum == E2BIG)) {
		bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
			       "this kernel takes no cookie for a raw tracepoint: %s", bpfl_errno_text(errnum));
		bpfl_error_fix(err, "Linux 6.10 or later, or no cookie=");
		return -EOPNOTSUPP;
	}
	bpfl_error_set(err, BPFL_ERR_SYSTEM, errnum, "opening raw tracepoint '%s': %s",
		       BPFL_ESC(attach->target), bpfl_errno_text(errnum));
	if (errnum == EINVAL && attach->row->prog_type == BPFL_PROG_RAW_TRACEPOINT_WRITABLE)
		bpfl_error_why(err, "only tracepoints that are declared writable take raw_tp.w, and only as many bytes "
				    "as they say");
	bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, attach->row->prog_type, errnum, ctx->object->target);
	return -errnum;
}

static int attach_named(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const char *name = ctx->attach->target;
	int ret = bpfl_sys_raw_tracepoint_open(name, ctx->prog_fd, bpfl_attach_option_u64(ctx->attach, "cookie"));

	if (ret < 0)
		return refuse(ctx, -ret, err);
	link->link_fd = ret;
	ret = bpfl_link_describe(link, ctx, "raw tracepoint %s", name);
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

const struct bpfl_hook_ops bpfl_hook_raw_tracepoint = {
	.hook = BPFL_HOOK_RAW_TRACEPOINT,
	.options = (const char *const[]){ "cookie", NULL },
	.option_note = "the kernel runs a tracepoint's program in all processes and on all CPUs",
	.attach = attach_named,
};
