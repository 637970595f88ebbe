/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/attach.c: the table of hooks, and what all links have in common.
 *
 * A kind of hook is a struct bpfl_hook_ops in a file of its own. What is not in the table yet is refused by
 * name, before anything is loaded. A link is closed in the order: own detach function, parts, link fd, perf
 * event, own release function. The order matters for perf events: the link lets go of the program first, then
 * the event may go. An event of tracefs goes last: it is busy while a perf event is open.
 */
#include <errno.h>
#include <stdlib.h>
#include "attach/alone.h"
#include "attach/link.h"
#include "base/text.h"
#include "sys/enter.h"

static const struct bpfl_hook_ops *const kinds[] = {
	&bpfl_hook_tracepoint,
	&bpfl_hook_raw_tracepoint,
	&bpfl_hook_tracing,
	&bpfl_hook_tracing_multi,
	&bpfl_hook_lsm,
	&bpfl_hook_iter,
	&bpfl_hook_freplace,
	&bpfl_hook_syscall,
	&bpfl_hook_xdp,
	&bpfl_hook_usdt,
	&bpfl_hook_tc,
	&bpfl_hook_tcx,
	&bpfl_hook_netkit,
	&bpfl_hook_cgroup,
	&bpfl_hook_lsm_cgroup,
	&bpfl_hook_netns,
	&bpfl_hook_sockmap,
	&bpfl_hook_socket,
	&bpfl_hook_sk_reuseport,
	&bpfl_hook_netfilter,
	&bpfl_hook_lirc,
	&bpfl_hook_kprobe,
	&bpfl_hook_ksyscall,
	&bpfl_hook_kprobe_multi,
	&bpfl_hook_perf_event,
	&bpfl_hook_uprobe_multi,
	&bpfl_hook_uprobe,
};

const struct bpfl_hook_ops *bpfl_hook_ops_find(const struct bpfl_section_row *row)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i]->hook == row->hook &&
		    (kinds[i]->attach_type == 0 || kinds[i]->attach_type == row->attach_type))
			return kinds[i];
	}
	return NULL;
}

static int refuse_kind(const struct bpfl_section_row *row, struct bpfl_error *err)
{
	if (row->target_form == BPFL_TARGET_NONE)
		return bpfl_alone_refuse(row, err);
	return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "attaching %s programs is not built yet",
			      row->name);
}

static void name_others(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	struct bpfl_buf list = BPFL_BUF_INIT;

	for (size_t i = 0; i < attach->nr_others; i++)
		bpfl_buf_printf(&list, "%s%s", i ? ", " : "", BPFL_ESC(attach->others[i]));
	bpfl_error_why(err, "not there either: %s", list.size ? list.data : "the alternatives");
	bpfl_buf_deinit(&list);
}

/* Of "f|g" the first whose target is there, as an attach spec of its own that borrows all from the given one. */
static int choose(const struct bpfl_attach *attach, const struct bpfl_hook_ops *ops, struct bpfl_attach *ret_one,
		  struct bpfl_error *err)
{
	struct bpfl_error ignored = BPFL_ERROR_INIT;
	int ret;

	*ret_one = *attach;
	ret = ops->check ? ops->check(attach, err) : 0;
	for (size_t i = 0; ret == -ENOENT && i < attach->nr_others; i++) {
		ret_one->target = attach->others[i];
		ret = ops->check(ret_one, &ignored);
	}
	bpfl_error_clear(&ignored);
	if (ret == 0)
		bpfl_error_clear(err); /* of those that are not there */
	else if (attach->nr_others > 0)
		name_others(attach, err);
	return ret;
}

int bpfl_attach_check(const struct bpfl_attach *attach, const struct bpfl_spec *spec, size_t prog_idx,
		      struct bpfl_error *err)
{
	struct bpfl_attach one;
	const struct bpfl_hook_ops *ops = bpfl_hook_ops_find(attach->row);
	int ret = 0;

	if (!ops)
		ret = refuse_kind(attach->row, err);
	else if (ops->check)
		ret = choose(attach, ops, &one, err);
	if (ret < 0 && prog_idx < spec->progs.nr)
		bpfl_error_prefix(err, "program '%s'", BPFL_ESC(spec->progs.items[prog_idx].name));
	if (ret < 0)
		bpfl_spec_error_prefix(spec, err);
	return ret;
}

static int attach_prog(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const struct bpfl_section_row *row = ctx->attach->row;
	const struct bpfl_hook_ops *ops = bpfl_hook_ops_find(row);
	const struct bpfl_prog *prog = &ctx->object->image->spec->progs.items[ctx->prog_idx];
	const char *type_name = bpfl_prog_type_name(prog->prog_type);

	if (!ops)
		return refuse_kind(row, err);
	if (prog->prog_type != (uint32_t)row->prog_type)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "it is a %s program, which '%s' does not take",
				      type_name ? type_name : "(type unknown)", row->name);
	if (ctx->attach->nr_others > 0) {
		struct bpfl_attach one;
		struct bpfl_attach_ctx chosen = *ctx;
		int ret = choose(ctx->attach, ops, &one, err);

		chosen.attach = &one;
		return ret < 0 ? ret : ops->attach(&chosen, link, err);
	}
	return ops->attach(ctx, link, err);
}

struct bpfl_link *bpfl_link_create(int prog_fd)
{
	struct bpfl_link *link = calloc(1, sizeof(*link));

	if (link) {
		link->link_fd = link->event_fd = -1;
		link->prog_fd = prog_fd;
	}
	return link;
}

int bpfl_link_part(struct bpfl_link *link, struct bpfl_link **ret_part)
{
	struct bpfl_link **parts = realloc(link->parts, (link->nr_parts + 1) * sizeof(*parts));

	if (!parts)
		return -ENOMEM;
	link->parts = parts;
	parts[link->nr_parts] = bpfl_link_create(link->prog_fd);
	if (!parts[link->nr_parts])
		return -ENOMEM;
	*ret_part = parts[link->nr_parts++];
	return 0;
}

int bpfl_link_attach(struct bpfl_object *object, size_t prog_idx, const struct bpfl_attach *attach,
		     const struct bpfl_log *log, struct bpfl_link **ret_link, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = object->image->spec;
	struct bpfl_attach_ctx ctx = { object, prog_idx, -1, attach, log };
	struct bpfl_link *link;
	int ret;

	if (!attach || prog_idx >= spec->progs.nr)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "nothing to attach, or no program %zu (of %zu)",
				      prog_idx, spec->progs.nr);
	ctx.prog_fd = bpfl_object_prog_fd_at(object, prog_idx);
	if (ctx.prog_fd < 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "program '%s' is not loaded",
				      BPFL_ESC(spec->progs.items[prog_idx].name));
	link = bpfl_link_create(ctx.prog_fd);
	if (!link)
		return bpfl_error_nomem(err);
	link->name = bpfl_strdup(spec->progs.items[prog_idx].name);
	ret = link->name ? attach_prog(&ctx, link, err) : bpfl_error_nomem(err);
	if (ret < 0) {
		bpfl_error_prefix(err, "program '%s': attach '%s'", BPFL_ESC(spec->progs.items[prog_idx].name),
				  BPFL_ESC(attach->text));
		bpfl_spec_error_prefix(spec, err);
		bpfl_link_close(link);
		return ret;
	}
	*ret_link = link;
	return 0;
}

void bpfl_link_close(struct bpfl_link *link)
{
	if (!link)
		return;
	if (link->detach)
		link->detach(link);
	while (link->nr_parts > 0)
		bpfl_link_close(link->parts[--link->nr_parts]);
	bpfl_enter_close(link->link_fd);
	bpfl_enter_close(link->event_fd);
	if (link->release)
		link->release(link);
	free(link->parts);
	free(link->text);
	free(link->name);
	free(link);
}

const char *bpfl_link_text(const struct bpfl_link *link)
{
	return link->text;
}

int bpfl_link_fd(const struct bpfl_link *link)
{
	return link->link_fd >= 0 ? link->link_fd : -ENOENT;
}

int bpfl_link_describe(struct bpfl_link *link, const struct bpfl_attach_ctx *ctx, const char *fmt, ...)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	va_list args;

	bpfl_buf_printf(&text, "%s: ", BPFL_ESC(ctx->object->image->spec->progs.items[ctx->prog_idx].name));
	va_start(args, fmt);
	bpfl_buf_vprintf(&text, fmt, args);
	va_end(args);
	link->text = bpfl_buf_take(&text);
	return link->text ? 0 : -ENOMEM;
}
