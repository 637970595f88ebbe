/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/tcx.c: tcx/ingress:IF and tcx/egress:IF (Linux 6.6), netkit/primary:IF and netkit/peer:IF (6.7).
 *
 * Both are links, which go away with their descriptors, in a list that is run from its beginning until a
 * program decides; a new one goes to the end. before= and after= say another place: "all", a program's id, or
 * link:ID. tcx runs before the filters of clsact, and a packet that it does not decide about (TCX_NEXT) goes on
 * to those. Kernels without tcx get a filter of clsact, and the log says so.
 */
#include <errno.h>
#include <string.h>
#include "attach/holder.h"
#include "attach/interface.h"
#include "attach/tc.h"
#include "attach/to_fd.h"
#include "base/text.h"

#define FLAG_BEFORE (1u << 3)
#define FLAG_AFTER (1u << 4)
#define FLAG_ID (1u << 5)
#define FLAG_LINK (1u << 13)

/* ---- the place in the list ---- */

/* "all", "17", "prog:17", "link:17" */
static bool parse_place(const char *text, uint32_t *ret_flags, uint32_t *ret_id)
{
	uint64_t id = 0;

	*ret_flags = 0;
	*ret_id = 0;
	if (strcmp(text, "all") == 0)
		return true;
	*ret_flags = FLAG_ID;
	if (bpfl_text_has_prefix(text, "link:")) {
		*ret_flags |= FLAG_LINK;
		text += 5;
	} else if (bpfl_text_has_prefix(text, "prog:")) {
		text += 5;
	}
	if (bpfl_text_to_u64(text, &id) < 0 || id == 0 || id > UINT32_MAX)
		return false;
	*ret_id = (uint32_t)id;
	return true;
}

/* The flags and the id that before= or after= mean; 0 without them. */
static int find_place(const struct bpfl_attach *attach, uint32_t *ret_flags, uint32_t *ret_id, struct bpfl_error *err)
{
	const char *before = bpfl_attach_option(attach, "before"), *after = bpfl_attach_option(attach, "after");

	*ret_flags = *ret_id = 0;
	if (before && after) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "before= and after= are both given");
		bpfl_error_fix(err, "give one of them: a place in the list of programs is before or after another");
		return -EINVAL;
	}
	if (!before && !after)
		return 0;
	if (!parse_place(before ? before : after, ret_flags, ret_id)) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
			       "option '%s' is all, the id of a program, or link:ID, not '%s'",
			       before ? "before" : "after", BPFL_ESC(before ? before : after));
		bpfl_error_fix(err, "bpfload ls link shows what is on %s, with the ids", BPFL_ESC(attach->where));
		return -EINVAL;
	}
	*ret_flags |= before ? FLAG_BEFORE : FLAG_AFTER;
	return 0;
}

static int list_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	uint32_t flags, id;
	int ret = find_place(attach, &flags, &id, err);

	return ret < 0 ? ret : bpfl_interface_check(attach, err);
}

/* ---- refusals ---- */

static void list_programs(uint32_t ifindex, uint32_t attach_type, struct bpfl_error *err)
{
	uint32_t ids[BPFL_QUERY_MAX], flags;
	int nr = bpfl_to_fd_query((int)ifindex, attach_type, ids, &flags);

	for (int i = 0; i < nr && i < 4; i++)
		bpfl_holder_why(err, ids[i], " there");
}

static int refuse(const struct bpfl_attach_ctx *ctx, uint32_t ifindex, int errnum, struct bpfl_error *err)
{
	const char *name = ctx->attach->where;
	uint32_t attach_type = (uint32_t)ctx->attach->row->attach_type;

	switch (errnum) {
	case EEXIST:
	case EBUSY:
		bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "interface '%s' has this program already", BPFL_ESC(name));
		bpfl_error_catalogue(err, 32);
		list_programs(ifindex, attach_type, err);
		bpfl_error_fix(err, "attach it once: a program cannot be in the list twice");
		return -errnum;
	case ERANGE:
		bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "interface '%s' has 64 programs, which is all it takes",
			       BPFL_ESC(name));
		bpfl_error_catalogue(err, 32);
		list_programs(ifindex, attach_type, err);
		return -errnum;
	case ENOENT:
	case ESTALE:
		bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "interface '%s' has no such program to go before or after",
			       BPFL_ESC(name));
		list_programs(ifindex, attach_type, err);
		bpfl_error_fix(err, "before=all and after=all need none");
		return -errnum;
	default:
		return bpfl_interface_refuse(ctx, errnum, "", err);
	}
}

/* ---- attaching ---- */

static int refuse_old(const struct bpfl_attach_ctx *ctx, const char *what, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "this kernel does not know %s", what);
	bpfl_error_catalogue(err, 26);
	bpfl_error_why(err, "LINK_CREATE for interface '%s' gave EINVAL", BPFL_ESC(ctx->attach->where));
	return -EOPNOTSUPP;
}

/* 0, 1 when the kernel does not know this kind of link, -errno with the error made. */
static int attach_link(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, enum bpfl_feature feature,
		       struct bpfl_error *err)
{
	struct bpfl_attr_link_create attr = {
		.prog_fd = (uint32_t)ctx->prog_fd,
		.attach_type = (uint32_t)ctx->attach->row->attach_type,
	};
	int ret = bpfl_interface_find(ctx->attach, &link->ifindex, err);

	if (ret == 0)
		ret = find_place(ctx->attach, &attr.flags, &attr.mprog.relative_fd, err);
	if (ret < 0)
		return ret;
	attr.target_fd = link->ifindex;
	ret = bpfl_to_fd_link(ctx, link, &attr, feature);
	if (ret < 0)
		return refuse(ctx, link->ifindex, -ret, err);
	if (ret == 0 && bpfl_link_describe(link, ctx, "%s on %s", ctx->attach->row->name, ctx->attach->where) < 0)
		return bpfl_error_nomem(err);
	return ret;
}

static int tcx_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	int ret = attach_link(ctx, link, BPFL_FEATURE_TCX_LINK, err);

	if (ret <= 0)
		return ret;
	if (ctx->attach->nr_options > 0) {
		refuse_old(ctx, "tcx (Linux 6.6), and the filters of clsact know no before= and after=", err);
		bpfl_error_fix(err, "an order among filters: tc/%s:%s,prio=N", bpfl_tc_direction(ctx->attach->row),
			       BPFL_ESC(ctx->attach->where));
		return -EOPNOTSUPP;
	}
	ret = bpfl_tc_attach(ctx, link, err);
	if (ret < 0)
		return ret;
	ctx->object->target->features[BPFL_FEATURE_TCX_LINK] = BPFL_NO;
	bpfl_log_line(ctx->log, BPFL_LOG_WARN,
		      "this kernel has no tcx (Linux 6.6, CONFIG_NET_XGRESS): '%s' gets a filter of clsact, which stays if this process is "
		      "killed, until bpfload attaches by tc again",
		      ctx->attach->where);
	return 0;
}

static int netkit_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	int ret = attach_link(ctx, link, BPFL_FEATURE_NETKIT_LINK, err);

	if (ret > 0) {
		refuse_old(ctx, "netkit (Linux 6.7, CONFIG_NETKIT)", err);
		bpfl_error_fix(err, "on other devices: tcx/ingress:%s", BPFL_ESC(ctx->attach->where));
		return -EOPNOTSUPP;
	}
	if (ret == -ENXIO) {
		bpfl_error_why(err, "'%s' is no netkit device", BPFL_ESC(ctx->attach->where));
		bpfl_error_fix(err, "on other devices: tcx/ingress:%s", BPFL_ESC(ctx->attach->where));
	} else if (ret == -EACCES) {
		bpfl_error_why(err,
			       "programs of both ends are attached at the primary device of the pair, and '%s' is the "
			       "peer",
			       BPFL_ESC(ctx->attach->where));
	}
	return ret;
}

const struct bpfl_hook_ops bpfl_hook_tcx = {
	.hook = BPFL_HOOK_TCX,
	.options = (const char *const[]){ "before", "after", NULL },
	.option_note = "tcx is a list without priorities: before= and after= say the place; tc/ingress and tc/egress "
		       "have prio=",
	.check = list_check,
	.attach = tcx_attach,
};

const struct bpfl_hook_ops bpfl_hook_netkit = {
	.hook = BPFL_HOOK_NETKIT,
	.options = (const char *const[]){ "before", "after", NULL },
	.check = list_check,
	.attach = netkit_attach,
};
