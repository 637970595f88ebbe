/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/kprobe_multi.c: SEC("kprobe.multi/PATTERN"), SEC("kretprobe.multi/PATTERN") and SEC("kprobe.session/PATTERN").
 *
 * One link on many functions (Linux 5.18, with CONFIG_FPROBE): attaching to thousands takes milliseconds. The pattern is matched against the
 * functions that can be traced. The kernel takes all of a set or nothing, and does not say which member it dislikes: so a refused
 * set is halved, and the halves are tried, until the bad members are known. The good ones stay attached as parts of the link;
 * the bad ones are named.
 *
 * A kernel without such links gets one kprobe per function. That has to be known before the program is loaded, since its expected attach
 * type says which of the two it is for: prepare() asks the kernel with a link that cannot exist.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "attach/kprobe.h"
#include "base/text.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/insn.h"
#include "sys/kallsyms.h"
#include "attach/functions.h"

#define NAMED_MAX 8   /* so many bad functions are named in a message */
#define SINGLE_MAX 512 /* more kprobes one by one would take minutes to remove */
#define HOPELESS 32   /* after so many refused functions without a good one, the set is not the problem */

static bool is_session(const struct bpfl_attach *attach)
{
	return attach->row->attach_type == BPFL_ATTACH_TRACE_KPROBE_SESSION;
}

/* ---- before loading ---- */

/* A link on a function that does not exist: a kernel that has such links says that there is no such function. */
static enum bpfl_answer ask_kernel(void)
{
	static const struct bpfl_insn insns[] = { { .code = BPFL_CODE_MOV64_K }, { .code = BPFL_CODE_EXIT } };
	const char *name = "bpfload_no_such_function";
	struct bpfl_attr_prog_load load = { .prog_type = BPFL_PROG_KPROBE, .insn_cnt = 2, .insns = BPFL_PTR(insns),
					    .license = BPFL_PTR("GPL"),
					    .expected_attach_type = BPFL_ATTACH_TRACE_KPROBE_MULTI };
	struct bpfl_attr_link_create attr = { .attach_type = BPFL_ATTACH_TRACE_KPROBE_MULTI };
	int prog_fd = bpfl_sys_prog_load(&load), ret;

	if (prog_fd < 0)
		return BPFL_UNKNOWN; /* loading the program itself will say why */
	attr.prog_fd = (uint32_t)prog_fd;
	attr.kprobe_multi.cnt = 1;
	attr.kprobe_multi.syms = BPFL_PTR(&name);
	ret = bpfl_sys_link_create(&attr);
	bpfl_enter_close(prog_fd);
	if (ret >= 0)
		bpfl_enter_close(ret);
	return ret == -EINVAL || ret == -EOPNOTSUPP ? BPFL_NO : BPFL_YES;
}

static int multi_prepare(const struct bpfl_attach *attach, struct bpfl_spec *spec, size_t prog_idx, struct bpfl_error *err)
{
	if (ask_kernel() != BPFL_NO)
		return 0;
	if (is_session(attach)) {
		bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "this kernel has no kprobe.session");
		bpfl_error_fix(err, "it needs Linux 6.10 with CONFIG_FPROBE; a kprobe and a kretprobe program do the same on older ones");
		return -EOPNOTSUPP;
	}
	return bpfl_spec_prog_set_type(spec, spec->progs.items[prog_idx].name, attach->is_return ? "kretprobe" : "kprobe", err);
}

static int multi_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	struct bpfl_kernel_place place;
	int ret;

	if (!bpfl_probe_available(false))
		return bpfl_kprobe_absent(err);
	if (bpfl_functions_match_any(attach->target))
		return 0;
	if (strpbrk(attach->target, "*?")) {
		bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "no kernel function that can be traced fits '%s'", BPFL_ESC(attach->target));
		bpfl_error_catalogue(err, 19);
		return -ENOENT;
	}
	ret = bpfl_kernel_place_parse(attach->target, &place, err);
	return ret < 0 ? ret : bpfl_kprobe_refused(&place, ENOENT, err);
}

/* ---- attaching ---- */

struct putting {
	const struct bpfl_attach_ctx *ctx;
	const struct bpfl_functions *functions;
	struct bpfl_link *link;
	bool single;	  /* one kprobe each */
	size_t nr_good, nr_bad;
	struct bpfl_buf bad; /* the first few names */
	int bad_errnum;
	struct bpfl_error *err;
};

static const char *name_of(const struct putting *putting, size_t idx)
{
	return putting->functions->names.items[idx];
}

static bool is_about_members(int ret)
{
	return ret == -ESRCH || ret == -ENOENT || ret == -EINVAL || ret == -EADDRNOTAVAIL || ret == -EILSEQ;
}

static void note_bad(struct putting *putting, size_t idx, int ret)
{
	if (putting->nr_bad < NAMED_MAX)
		bpfl_buf_printf(&putting->bad, "%s%s", putting->nr_bad ? ", " : "", name_of(putting, idx));
	else if (putting->nr_bad == NAMED_MAX)
		bpfl_buf_text(&putting->bad, ", ...");
	putting->nr_bad++;
	putting->bad_errnum = -ret;
}

/* A place in the link for one more part. */
static int new_part(struct putting *putting, struct bpfl_link **ret_part)
{
	*ret_part = putting->link;
	return putting->nr_good == 0 && putting->link->link_fd < 0 && putting->link->event_fd < 0 ? 0
												    : bpfl_link_part(putting->link, ret_part);
}

/* LINK_CREATE for functions [from, from + nr). fd or -errno. */
static int create_link(const struct putting *putting, size_t from, size_t nr)
{
	const struct bpfl_attach *attach = putting->ctx->attach;
	const struct bpfl_functions *functions = putting->functions;
	uint64_t cookie = bpfl_attach_option_u64(attach, "cookie");
	struct bpfl_attr_link_create attr = {
		.prog_fd = (uint32_t)putting->ctx->prog_fd,
		.attach_type = (uint32_t)attach->row->attach_type,
	};
	uint64_t *cookies = NULL;
	int ret;

	attr.kprobe_multi.flags = attach->is_return; /* BPF_F_KPROBE_MULTI_RETURN */
	attr.kprobe_multi.cnt = (uint32_t)nr;
	if (functions->addrs)
		attr.kprobe_multi.addrs = BPFL_PTR(functions->addrs + from);
	else
		attr.kprobe_multi.syms = BPFL_PTR(functions->names.items + from);
	if (cookie) {
		cookies = calloc(nr, sizeof(*cookies));
		if (!cookies)
			return -ENOMEM;
		for (size_t i = 0; i < nr; i++)
			cookies[i] = cookie;
		attr.kprobe_multi.cookies = BPFL_PTR(cookies);
	}
	ret = bpfl_sys_link_create(&attr);
	free(cookies);
	return ret;
}

static int refuse_set(struct putting *putting, int ret)
{
	const struct bpfl_attach_ctx *ctx = putting->ctx;

	bpfl_error_set(putting->err, BPFL_ERR_SYSTEM, -ret, "making a link (LINK_CREATE): %s", bpfl_errno_text(-ret));
	bpfl_diagnose_refusal(putting->err, BPFL_WANTED_LINK, ctx->attach->row->prog_type, -ret, ctx->object->target);
	return ret;
}

/* Attaches [from, from + nr), in halves where the kernel does not take the whole. Recursion goes as deep as nr can be halved. */
static int put_range(struct putting *putting, size_t from, size_t nr)
{
	struct bpfl_link *part;
	int fd, ret;

	if (putting->nr_good == 0 && putting->nr_bad >= HOPELESS)
		return refuse_set(putting, -putting->bad_errnum);
	fd = create_link(putting, from, nr);
	if (fd >= 0) {
		ret = new_part(putting, &part);
		if (ret < 0) {
			bpfl_enter_close(fd);
			return bpfl_error_nomem(putting->err);
		}
		part->link_fd = fd;
		putting->nr_good += nr;
		return 0;
	}
	if (!is_about_members(fd))
		return refuse_set(putting, fd);
	if (nr == 1) {
		note_bad(putting, from, fd);
		return 0;
	}
	ret = put_range(putting, from, nr / 2);
	return ret < 0 ? ret : put_range(putting, from + nr / 2, nr - nr / 2);
}

/* One kprobe each, where the kernel has no links on many. */
static int put_single(struct putting *putting)
{
	size_t nr = putting->functions->names.nr;

	if (nr > SINGLE_MAX) {
		bpfl_error_set(putting->err, BPFL_ERR_UNSUPPORTED, E2BIG, "%zu functions fit, and this kernel has no kprobe.multi", nr);
		bpfl_error_why(putting->err, "one kprobe each would do for at most %d", SINGLE_MAX);
		bpfl_error_fix(putting->err, "choose fewer functions, or use Linux 5.18 or later with CONFIG_FPROBE");
		return -E2BIG;
	}
	for (size_t i = 0; i < nr; i++) {
		struct bpfl_kernel_place place;
		struct bpfl_link *part;
		int ret = new_part(putting, &part);

		if (ret < 0)
			return bpfl_error_nomem(putting->err);
		ret = bpfl_kernel_place_parse(name_of(putting, i), &place, putting->err);
		if (ret == 0)
			ret = bpfl_kprobe_put(putting->ctx, &place, putting->ctx->attach->is_return,
					      bpfl_attach_option_u64(putting->ctx->attach, "cookie"), part, NULL, putting->err);
		if (ret == 0)
			putting->nr_good++;
		else if (is_about_members(ret))
			note_bad(putting, i, ret);
		else
			return ret;
	}
	return 0;
}

/* Nothing could be attached: what is wrong with the only function, or with the first ones. */
static int refuse_all(struct putting *putting)
{
	struct bpfl_kernel_place place;

	if (putting->functions->names.nr == 1 && bpfl_kernel_place_parse(name_of(putting, 0), &place, putting->err) == 0)
		return bpfl_kprobe_refused(&place, putting->bad_errnum == ESRCH ? ENOENT : putting->bad_errnum, putting->err);
	bpfl_error_set(putting->err, BPFL_ERR_TARGET, putting->bad_errnum, "the kernel takes none of the %zu functions that fit: %s",
		       putting->functions->names.nr, bpfl_errno_text(putting->bad_errnum));
	bpfl_error_why(putting->err, "refused: %s", BPFL_ESC(putting->bad.data ? putting->bad.data : ""));
	bpfl_error_catalogue(putting->err, 19);
	return -putting->bad_errnum;
}

static int describe(struct putting *putting)
{
	const struct bpfl_attach *attach = putting->ctx->attach;
	size_t nr = putting->functions->names.nr;
	char count[96];

	if (putting->nr_bad > 0) {
		snprintf(count, sizeof(count), "%zu of %zu functions", putting->nr_good, nr);
		bpfl_log_line(putting->ctx->log, BPFL_LOG_WARN, "%s %s: the kernel refused %zu of %zu functions (%s); the others are attached",
			      attach->row->name, attach->target, putting->nr_bad, nr, putting->bad.data ? putting->bad.data : "");
	} else {
		snprintf(count, sizeof(count), "%zu function%s", nr, nr == 1 ? "" : "s");
	}
	if (bpfl_link_describe(putting->link, putting->ctx, "%s %s (%s%s)", attach->row->name, attach->target, count,
			       putting->single ? ", a kprobe each" : "") < 0)
		return bpfl_error_nomem(putting->err);
	return 0;
}

static int multi_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const struct bpfl_prog *prog = &ctx->object->image->spec->progs.items[ctx->prog_idx];
	struct bpfl_functions functions = { 0 };
	struct putting putting = { .ctx = ctx, .functions = &functions, .link = link, .bad = BPFL_BUF_INIT, .err = err };
	int ret = bpfl_functions_match(ctx->attach->target, &functions, err);

	if (ret < 0)
		return ret;
	putting.single = prog->attach_type != (uint32_t)ctx->attach->row->attach_type; /* prepare() has found out */
	ret = putting.single ? put_single(&putting) : put_range(&putting, 0, functions.names.nr);
	if (ret == 0 && putting.nr_good == 0)
		ret = refuse_all(&putting);
	if (ret == 0) {
		bpfl_error_clear(err); /* of refused members */
		ret = describe(&putting);
	}
	bpfl_buf_deinit(&putting.bad);
	bpfl_functions_deinit(&functions);
	return ret;
}

const struct bpfl_hook_ops bpfl_hook_kprobe_multi = {
	.hook = BPFL_HOOK_KPROBE_MULTI,
	.options = (const char *const[]){ "cookie", NULL },
	.option_note = "a kprobe's program runs in all processes and on all CPUs: look at bpf_get_current_pid_tgid() in the program",
	.prepare = multi_prepare,
	.check = multi_check,
	.attach = multi_attach,
};
