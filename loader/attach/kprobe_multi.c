/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/kprobe_multi.c: SEC("kprobe.multi/PATTERN"), SEC("kretprobe.multi/PATTERN") and SEC("kprobe.session/PATTERN").
 *
 * One link on many functions (Linux 5.18, with CONFIG_FPROBE): attaching to thousands takes milliseconds. The
 * pattern is matched against the functions that can be traced. What the kernel does not take of them is found
 * out and left out (attach/members.h).
 *
 * A kernel without such links gets one kprobe per function. That has to be known before the program is loaded,
 * since its expected attach type says which of the two it is for: prepare() asks the kernel with a link that
 * cannot exist.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "attach/functions.h"
#include "attach/kprobe.h"
#include "attach/members.h"
#include "base/text.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/insn.h"

#define SINGLE_MAX 512 /* more kprobes one by one would take minutes to remove */

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

static int multi_prepare(const struct bpfl_attach *attach, struct bpfl_spec *spec, size_t prog_idx,
			 struct bpfl_error *err)
{
	if (ask_kernel() != BPFL_NO)
		return 0;
	if (is_session(attach)) {
		bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "this kernel has no kprobe.session");
		bpfl_error_fix(err, "it needs Linux 6.10 with CONFIG_FPROBE; a kprobe and a kretprobe program do the "
				    "same on older ones");
		return -EOPNOTSUPP;
	}
	return bpfl_spec_prog_set_type(spec, spec->progs.items[prog_idx].name,
				       attach->is_return ? "kretprobe" : "kprobe", err);
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
		bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "no kernel function that can be traced fits '%s'",
			       BPFL_ESC(attach->target));
		bpfl_error_catalogue(err, 19);
		return -ENOENT;
	}
	ret = bpfl_kernel_place_parse(attach->target, &place, err);
	return ret < 0 ? ret : bpfl_kprobe_refused(&place, ENOENT, err);
}

/* ---- attaching ---- */

/* LINK_CREATE for functions [from, from + nr). fd or -errno. */
static int create_link(const struct bpfl_members *members, size_t from, size_t nr)
{
	const struct bpfl_attach *attach = members->ctx->attach;
	const struct bpfl_functions *functions = members->data;
	uint64_t cookie = bpfl_attach_option_u64(attach, "cookie");
	struct bpfl_attr_link_create attr = {
		.prog_fd = (uint32_t)members->ctx->prog_fd,
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

/* One kprobe each, where the kernel has no links on many. */
static int put_single(struct bpfl_members *members, struct bpfl_error *err)
{
	const struct bpfl_attach *attach = members->ctx->attach;

	if (members->nr > SINGLE_MAX) {
		bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, E2BIG,
			       "%zu functions fit, and this kernel has no kprobe.multi", members->nr);
		bpfl_error_why(err, "one kprobe each would do for at most %d", SINGLE_MAX);
		bpfl_error_fix(err, "choose fewer functions, or use Linux 5.18 or later with CONFIG_FPROBE");
		return -E2BIG;
	}
	for (size_t i = 0; i < members->nr; i++) {
		struct bpfl_kernel_place place;
		struct bpfl_link *part;
		int ret = bpfl_members_part(members, &part);

		if (ret < 0)
			return bpfl_error_nomem(err);
		ret = bpfl_kernel_place_parse(members->names[i], &place, err);
		if (ret == 0)
			ret = bpfl_kprobe_put(members->ctx, &place, attach->is_return,
					      bpfl_attach_option_u64(attach, "cookie"), part, NULL, err);
		if (ret == 0)
			members->nr_good++;
		else if (bpfl_members_are_meant(ret))
			bpfl_members_note_bad(members, i, ret);
		else
			return ret;
	}
	return 0;
}

/* Nothing could be attached: what is wrong with the only function, or with the first ones. */
static int refuse_all(const struct bpfl_members *members, struct bpfl_error *err)
{
	struct bpfl_kernel_place place;

	if (members->nr == 1 && bpfl_kernel_place_parse(members->names[0], &place, err) == 0)
		return bpfl_kprobe_refused(&place, members->bad_errnum == ESRCH ? ENOENT : members->bad_errnum, err);
	bpfl_error_set(err, BPFL_ERR_TARGET, members->bad_errnum,
		       "the kernel takes none of the %zu functions that fit: %s", members->nr,
		       bpfl_errno_text(members->bad_errnum));
	bpfl_error_why(err, "refused: %s", BPFL_ESC(members->bad.data ? members->bad.data : ""));
	bpfl_error_catalogue(err, 19);
	return -members->bad_errnum;
}

static int multi_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const struct bpfl_prog *prog = &ctx->object->image->spec->progs.items[ctx->prog_idx];
	/* prepare() has found out. */
	bool is_single = prog->attach_type != (uint32_t)ctx->attach->row->attach_type;
	struct bpfl_functions functions = { 0 };
	struct bpfl_members members = {
		.ctx = ctx, .link = link, .create = create_link, .data = &functions, .bad = BPFL_BUF_INIT
	};
	int ret = bpfl_functions_match(ctx->attach->target, &functions, err);

	if (ret < 0)
		return ret;
	members.names = functions.names.items;
	members.nr = functions.names.nr;
	ret = is_single ? put_single(&members, err) : bpfl_members_put(&members, 0, members.nr, err);
	if (ret == 0 && members.nr_good == 0)
		ret = refuse_all(&members, err);
	if (ret == 0) {
		bpfl_error_clear(err); /* of refused members */
		ret = bpfl_members_describe(&members, is_single ? ", a kprobe each" : "", err);
	}
	bpfl_buf_deinit(&members.bad);
	bpfl_functions_deinit(&functions);
	return ret;
}

const struct bpfl_hook_ops bpfl_hook_kprobe_multi = {
	.hook = BPFL_HOOK_KPROBE_MULTI,
	.options = (const char *const[]){ "cookie", NULL },
	.option_note = "a kprobe's program runs in all processes and on all CPUs: look at bpf_get_current_pid_tgid() "
		       "in the program",
	.prepare = multi_prepare,
	.check = multi_check,
	.attach = multi_attach,
};
