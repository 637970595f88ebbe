/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/tracing.c: SEC("fentry/FUNC"), SEC("fexit/FUNC"), SEC("fmod_ret/FUNC"), SEC("fsession/FUNC") and
 * SEC("tp_btf/NAME").
 *
 * These programs were bound to their target when they were loaded (image/attach_target.c): the verifier took
 * the types of the arguments from there. So attaching has nothing to name, and what can go wrong with names has
 * gone wrong before. Two calls do the same: LINK_CREATE (Linux 5.19), and RAW_TRACEPOINT_OPEN without a name
 * (5.5), which is tried only when the kernel does not know the first.
 * Either gives a link; closing it detaches.
 *
 * With prog= the target of fentry, fexit and fsession is a function of another program.
 *
 * Cookies: fentry and its like take one with LINK_CREATE (5.19) only. tp_btf takes one with RAW_TRACEPOINT_OPEN
 * (6.10); LINK_CREATE of
 * 5.19 to 6.9 drops the cookie of a tp_btf program silently, so it is not asked. Nothing falls back when a
 * cookie is given: the
 * program would run without it.
 */
#include <errno.h>
#include <stdlib.h>
#include "attach/link.h"
#include "attach/tracing.h"
#include "base/text.h"
#include "sys/bpf.h"

static int refuse_cookie(const struct bpfl_attach_ctx *ctx, int errnum, struct bpfl_error *err)
{
	bool is_tracepoint = ctx->attach->row->attach_type == BPFL_ATTACH_TRACE_RAW_TP;

	bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "this kernel takes no cookie for %s: %s",
		       ctx->attach->row->name, bpfl_errno_text(errnum));
	bpfl_error_fix(err, "Linux %s or later, or no cookie=", is_tracepoint ? "6.10" : "5.19");
	return -EOPNOTSUPP;
}

static int refuse(const struct bpfl_attach_ctx *ctx, int errnum, struct bpfl_error *err)
{
	const struct bpfl_attach *attach = ctx->attach;

	if (bpfl_attach_option(attach, "cookie") && (errnum == EINVAL || errnum == E2BIG))
		return refuse_cookie(ctx, errnum, err);
	bpfl_error_set(err, errnum == EBUSY ? BPFL_ERR_TARGET : BPFL_ERR_SYSTEM, errnum, "attaching to %s: %s",
		       BPFL_ESC(attach->section), bpfl_errno_text(errnum));
	if (errnum == EBUSY)
		bpfl_error_why(err, "the function is being changed by something else that cannot share it (live "
				    "patching, ftrace "
				    "with IPMODIFY), or the program is attached already");
	else if (errnum == E2BIG)
		bpfl_error_why(err, "a function takes at most 38 of these programs");
	bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, attach->row->prog_type, errnum, ctx->object->target);
	return -errnum;
}

int bpfl_tracing_open(int prog_fd, uint32_t attach_type, bool has_cookie, uint64_t cookie)
{
	struct bpfl_attr_link_create attr = { .prog_fd = (uint32_t)prog_fd, .attach_type = attach_type };
	int ret = -EINVAL;

	attr.tracing.cookie = cookie;
	if (attach_type != BPFL_ATTACH_TRACE_RAW_TP || cookie == 0)
		ret = bpfl_sys_link_create(&attr);
	if (ret == -EINVAL && (attach_type == BPFL_ATTACH_TRACE_RAW_TP || !has_cookie))
		ret = bpfl_sys_raw_tracepoint_open(NULL, prog_fd, cookie);
	return ret;
}

/*
 * prog=: the function is one of a loaded program's, which has to be known when this one is loaded
 * (image/attach_prog.c).
 */
static int prepare(const struct bpfl_attach *attach, struct bpfl_spec *spec, size_t prog_idx, struct bpfl_error *err)
{
	struct bpfl_prog *prog = &spec->progs.items[prog_idx];
	const char *other = bpfl_attach_option(attach, "prog");
	int type = attach->row->attach_type;
	char *copy;

	if (!other)
		return 0;
	if (type != BPFL_ATTACH_TRACE_FENTRY && type != BPFL_ATTACH_TRACE_FEXIT && type != BPFL_ATTACH_TRACE_FSESSION) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' has no targets in programs", attach->row->name);
		bpfl_error_fix(err, "prog= is for fentry, fexit and fsession; freplace/FUNC:PROG changes a program's "
				    "function");
		return -EINVAL;
	}
	copy = bpfl_strdup(other);
	if (!copy)
		return bpfl_error_nomem(err);
	free(prog->attach_prog);
	prog->attach_prog = copy;
	return 0;
}

static int attach_tracing(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const struct bpfl_attach *attach = ctx->attach;
	const char *other = bpfl_attach_option(attach, "prog");
	uint64_t cookie = bpfl_attach_option_u64(attach, "cookie");
	int ret = bpfl_tracing_open(ctx->prog_fd, (uint32_t)attach->row->attach_type, cookie != 0, cookie);

	if (ret < 0)
		return refuse(ctx, -ret, err);
	link->link_fd = ret;
	if (other)
		ret = bpfl_link_describe(link, ctx, "%s %s of program %s", attach->row->name, attach->target,
					 BPFL_ESC(other));
	else
		ret = bpfl_link_describe(link, ctx, "%s %s", attach->row->name, attach->target);
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

const struct bpfl_hook_ops bpfl_hook_tracing = {
	.hook = BPFL_HOOK_TRACING,
	.options = (const char *const[]){ "cookie", "prog", NULL },
	.option_note = "the kernel runs such a program in all processes and on all CPUs",
	.prepare = prepare,
	.attach = attach_tracing,
};
