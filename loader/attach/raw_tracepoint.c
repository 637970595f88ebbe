/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/raw_tracepoint.c: SEC("raw_tp/NAME"), SEC("raw_tp.w/NAME") and SEC("tp_btf/NAME").
 *
 * A raw tracepoint program gets the arguments of the tracepoint as they are, without the record that perf would build. It is attached by
 * name with RAW_TRACEPOINT_OPEN (Linux 4.17); no tracefs is needed. For tp_btf the tracepoint was chosen when the program was loaded
 * (Linux 5.5), so the call has no name; there LINK_CREATE (5.19) does the same, and is tried first. The descriptor is a link in any
 * case; closing it detaches.
 *
 * Cookies came to RAW_TRACEPOINT_OPEN in 6.10. LINK_CREATE of 5.19 to 6.9 takes a cookie for tp_btf and drops it silently, so a
 * program with a cookie always goes the way that refuses what it does not know.
 */
#include <errno.h>
#include <string.h>
#include "attach/link.h"
#include "attach/tracepoint.h"
#include "base/text.h"
#include "sys/bpf.h"

static int refuse(const struct bpfl_attach_ctx *ctx, const char *name, int errnum, struct bpfl_error *err)
{
	const struct bpfl_attach *attach = ctx->attach;

	if (errnum == ENOENT && name)
		return bpfl_tracepoint_missing(NULL, name, err);
	if (bpfl_attach_option(attach, "cookie") && (errnum == EINVAL || errnum == E2BIG)) {
		bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
			       "this kernel takes no cookie for a raw tracepoint: %s", bpfl_errno_text(errnum));
		bpfl_error_fix(err, "Linux 6.10 or later, or no cookie=");
		return -EOPNOTSUPP;
	}
	bpfl_error_set(err, BPFL_ERR_SYSTEM, errnum, "opening raw tracepoint '%s': %s",
		       BPFL_ESC(attach->target), bpfl_errno_text(errnum));
	if (errnum == EINVAL && attach->row->prog_type == BPFL_PROG_RAW_TRACEPOINT_WRITABLE)
		bpfl_error_why(err, "only tracepoints that are declared writable take raw_tp.w, and only as many bytes as they say");
	bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, attach->row->prog_type, errnum, ctx->object->target);
	return -errnum;
}

static int attach_named(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const char *name = ctx->attach->target;
	int ret = bpfl_sys_raw_tracepoint_open(name, ctx->prog_fd, bpfl_attach_option_u64(ctx->attach, "cookie"));

	if (ret < 0)
		return refuse(ctx, name, -ret, err);
	link->link_fd = ret;
	ret = bpfl_link_describe(link, ctx, "raw tracepoint %s", name);
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

static int attach_typed(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	struct bpfl_attr_link_create attr = {
		.prog_fd = (uint32_t)ctx->prog_fd,
		.attach_type = BPFL_ATTACH_TRACE_RAW_TP,
	};
	uint64_t cookie = bpfl_attach_option_u64(ctx->attach, "cookie");
	int ret = -EINVAL;

	if (cookie == 0)
		ret = bpfl_sys_link_create(&attr);
	if (ret == -EINVAL)
		ret = bpfl_sys_raw_tracepoint_open(NULL, ctx->prog_fd, cookie);
	if (ret < 0)
		return refuse(ctx, NULL, -ret, err);
	link->link_fd = ret;
	ret = bpfl_link_describe(link, ctx, "tp_btf %s", ctx->attach->target);
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

#define OPTION_NOTE "the kernel runs a tracepoint's program in all processes and on all CPUs"

const struct bpfl_hook_ops bpfl_hook_raw_tracepoint = {
	.hook = BPFL_HOOK_RAW_TRACEPOINT,
	.options = (const char *const[]){ "cookie", NULL },
	.option_note = OPTION_NOTE,
	.attach = attach_named,
};

const struct bpfl_hook_ops bpfl_hook_tp_btf = {
	.hook = BPFL_HOOK_TRACING,
	.attach_type = BPFL_ATTACH_TRACE_RAW_TP,
	.options = (const char *const[]){ "cookie", NULL },
	.option_note = OPTION_NOTE,
	.attach = attach_typed,
};
