/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/uprobe_multi.c: SEC("uprobe.multi/PATH:PATTERN"), uretprobe.multi, uprobe.session, and their sleepable forms.
 *
 * All functions of a file that fit a pattern of '*' and '?', by whatever table names them. Names that are one
 * place are one probe. Indirect functions are left out, since the probe would be on the function that chooses;
 * so are Go's functions from return probes.
 * How a set of places is attached is told in attach/uprobe_set.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "attach/uprobe.h"
#include "attach/user_target.h"

static bool is_session(const struct bpfl_attach *attach)
{
	return attach->row->attach_type == BPFL_ATTACH_TRACE_UPROBE_SESSION;
}

/* A session runs at the return too. */
static int check_functions(const struct bpfl_attach *attach, const struct bpfl_user_target *target,
			   const struct bpfl_user_funcs *funcs, struct bpfl_error *err)
{
	int ret = 0;

	for (size_t i = 0; i < funcs->nr && ret == 0 && (attach->is_return || is_session(attach)); i++)
		ret = bpfl_user_target_check_return(target, funcs->items[i].name, err);
	return ret;
}

static int find_functions(const struct bpfl_attach *attach, struct bpfl_user_target *target,
			  struct bpfl_user_funcs *funcs, struct bpfl_error *err)
{
	int ret = bpfl_user_target_open(attach, target, err);

	if (ret < 0)
		return ret;
	ret = bpfl_user_glob(target->elf, target->rest, funcs, err);
	if (ret == 0)
		ret = check_functions(attach, target, funcs, err);
	if (ret < 0) {
		bpfl_user_funcs_deinit(funcs);
		bpfl_user_target_close(target);
	}
	return ret;
}

static int uprobe_multi_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	struct bpfl_user_target target;
	struct bpfl_user_funcs funcs = { 0 };
	int ret = find_functions(attach, &target, &funcs, err);

	if (ret < 0)
		return ret;
	bpfl_user_funcs_deinit(&funcs);
	bpfl_user_target_close(&target);
	return 0;
}

/* Arrays as the kernel wants them. */
static int set_fill(struct bpfl_uprobe_set *set, const struct bpfl_attach *attach, const struct bpfl_user_funcs *funcs)
{
	bool has_cookie = bpfl_attach_option(attach, "cookie") != NULL;

	set->nr = funcs->nr;
	set->file_offs = calloc(funcs->nr, sizeof(*set->file_offs));
	set->names = calloc(funcs->nr, sizeof(*set->names));
	if (has_cookie)
		set->cookies = calloc(funcs->nr, sizeof(*set->cookies));
	if (!set->file_offs || !set->names || (has_cookie && !set->cookies))
		return -ENOMEM;
	for (size_t i = 0; i < funcs->nr; i++) {
		set->file_offs[i] = funcs->items[i].file_off;
		set->names[i] = funcs->items[i].name;
		if (has_cookie)
			set->cookies[i] = bpfl_attach_option_u64(attach, "cookie");
	}
	return 0;
}

static int uprobe_multi_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const struct bpfl_attach *attach = ctx->attach;
	struct bpfl_user_target target;
	struct bpfl_user_funcs funcs = { 0 };
	struct bpfl_uprobe_set set = { .is_return = attach->is_return, .is_session = is_session(attach) };
	char way[64] = "", pid_text[32] = "";
	int ret = find_functions(attach, &target, &funcs, err);

	if (ret < 0)
		return ret;
	set.path = target.elf->path;
	set.pid = target.pid;
	if (funcs.nr_ifuncs > 0)
		bpfl_log_line(ctx->log, BPFL_LOG_INFO,
			      "%zu indirect functions (IFUNC) of '%s' fit '%s' and are left out", funcs.nr_ifuncs,
			      set.path, target.rest);
	ret = set_fill(&set, attach, &funcs);
	if (ret == 0)
		ret = bpfl_uprobe_set_attach(ctx, &set, link, way, sizeof(way), err);
	if (target.pid > 0)
		snprintf(pid_text, sizeof(pid_text), " in process %d", target.pid);
	if (ret == 0)
		ret = bpfl_link_describe(link, ctx, "%s %s:%s, %zu functions%s%s", attach->row->name, set.path,
					 target.rest, set.nr, pid_text, way);
	if (ret == -ENOMEM)
		bpfl_error_nomem(err);
	free(set.file_offs);
	free(set.names);
	free(set.cookies);
	bpfl_user_funcs_deinit(&funcs);
	bpfl_user_target_close(&target);
	return ret;
}

const struct bpfl_hook_ops bpfl_hook_uprobe_multi = {
	.hook = BPFL_HOOK_UPROBE_MULTI,
	.options = (const char *const[]){ "pid", "cookie", NULL },
	.check = uprobe_multi_check,
	.attach = uprobe_multi_attach,
};
