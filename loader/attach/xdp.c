/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/xdp.c: SEC("xdp"), on a network interface.
 *
 * A BPF link first (Linux 5.9): it goes away with its descriptor. Where the kernel has no XDP links, netlink
 * puts the program on the interface, and takes it away when the link is closed; such a program stays when the
 * process is killed, so the log says so.
 * When a link is refused for another reason than permission or a program that is there already, netlink is
 * asked too: it says why, in the driver's words.
 *
 * Modes: "native" runs in the driver, "skb" (generic) behind it on any interface, "hw" on the card. Without
 * mode= the kernel takes native where the driver can, else skb, and does not fall back when a driver that can
 * refuses; mode=auto does. What came out is asked for and told.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "attach/holder.h"
#include "attach/interface.h"
#include "base/text.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/netlink.h"

static const struct {
	const char *name; /* of mode= */
	uint32_t flags[2]; /* tried in this order */
	size_t nr_flags;
} modes[] = {
	{ NULL, { 0 }, 1 },
	{ "native", { BPFL_XDP_DRV_MODE }, 1 },
	{ "skb", { BPFL_XDP_SKB_MODE }, 1 },
	{ "hw", { BPFL_XDP_HW_MODE }, 1 },
	{ "auto", { BPFL_XDP_DRV_MODE, BPFL_XDP_SKB_MODE }, 2 },
};

static const char *const attached_names[] = {
	[BPFL_XDP_NONE] = NULL,
	[BPFL_XDP_DRV] = "native mode",
	[BPFL_XDP_SKB] = "skb mode",
	[BPFL_XDP_HW] = "hardware mode",
	[BPFL_XDP_MULTI] = NULL,
};

/* ---- refusals ---- */

/* Refusals that netlink would only repeat. */
static bool is_final(int ret)
{
	static const int finals[] = { EPERM, EACCES, EBUSY, EEXIST, ENODEV, ENOMEM, EMFILE, ENFILE };

	for (size_t i = 0; i < sizeof(finals) / sizeof(finals[0]); i++) {
		if (ret == -finals[i])
			return true;
	}
	return false;
}

/* The one in that mode (flags), or the only one; 0 none. */
static uint32_t id_in_mode(const struct bpfl_xdp_state *state, uint32_t flags)
{
	if (flags & BPFL_XDP_DRV_MODE)
		return state->drv_prog_id;
	if (flags & BPFL_XDP_SKB_MODE)
		return state->skb_prog_id;
	if (flags & BPFL_XDP_HW_MODE)
		return state->hw_prog_id;
	return state->prog_id;
}

static const char *attached_words(const struct bpfl_xdp_state *state)
{
	return state->attached <= BPFL_XDP_MULTI ? attached_names[state->attached] : NULL;
}

/* E32 */
static int refuse_busy(const struct bpfl_attach_ctx *ctx, uint32_t ifindex, int errnum, struct bpfl_error *err)
{
	const char *name = ctx->attach->where, *words;
	struct bpfl_xdp_state state;
	char how[32] = "";

	bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "interface '%s' has an XDP program already", BPFL_ESC(name));
	bpfl_error_catalogue(err, 32);
	if (bpfl_netlink_xdp_query(ifindex, &state) == 0 && state.prog_id) {
		words = attached_words(&state);
		if (words)
			snprintf(how, sizeof(how), " in %s", words);
		bpfl_holder_why(err, state.prog_id, how);
	}
	if (bpfl_attach_option(ctx->attach, "replace")) {
		bpfl_error_why(err, "it is held by a link, which nobody else can replace");
		bpfl_error_fix(err, "stop the program that holds it");
		return -errnum;
	}
	bpfl_error_fix(err,
		       "stop the program that holds it, or, if nobody does: --attach xdp:%s,replace=any, or ip link "
		       "set dev %s xdp off",
		       BPFL_ESC(name), BPFL_ESC(name));
	return -errnum;
}

/* E26. text: the driver's words, or "". */
static int refuse(const struct bpfl_attach_ctx *ctx, uint32_t ifindex, uint32_t flags, int errnum,
		  const char *text, struct bpfl_error *err)
{
	if (errnum == EBUSY || errnum == EEXIST)
		return refuse_busy(ctx, ifindex, errnum, err);
	bpfl_interface_refuse(ctx, errnum, text, err);
	if (errnum != ENODEV && errnum != EPERM && errnum != EACCES && !(flags & BPFL_XDP_SKB_MODE))
		bpfl_error_fix(err, "mode=skb works on any interface: --attach %s:%s,mode=skb", ctx->attach->row->name,
			       BPFL_ESC(ctx->attach->where));
	return -errnum;
}

/* ---- before loading ---- */

static int xdp_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	const char *replace = bpfl_attach_option(attach, "replace");
	uint64_t id;

	if (replace && strcmp(replace, "any") != 0 && bpfl_text_to_u64(replace, &id) < 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
				      "option 'replace' is the id of the program that is there, or any, not '%s'", BPFL_ESC(replace));
	return bpfl_interface_check(attach, err);
}

/* ---- attaching ---- */

/*
 * Takes the program away again, but only ours: somebody may have replaced it. REPLACE came with 5.7;
 * before, ask and compare.
 */
static int detach_by_netlink(struct bpfl_link *link)
{
	struct bpfl_xdp_state state;
	int ret = bpfl_netlink_xdp_set(link->ifindex, -1, link->netlink_flags | BPFL_XDP_REPLACE, link->prog_fd,
				       NULL);

	if (ret != -EINVAL)
		return ret;
	ret = bpfl_netlink_xdp_query(link->ifindex, &state);
	if (ret == 0 && state.prog_id && state.prog_id == bpfl_holder_prog_id(link->prog_fd))
		ret = bpfl_netlink_xdp_set(link->ifindex, -1, link->netlink_flags, -1, NULL);
	return ret;
}

/* One mode. ret_text: what the kernel says about a refusal. */
static int attach_in_mode(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, uint32_t flags,
			  char ret_text[BPFL_NETLINK_TEXT_SIZE])
{
	enum bpfl_answer *known = &ctx->object->target->features[BPFL_FEATURE_XDP_LINK];
	struct bpfl_attr_link_create attr = {
		.prog_fd = (uint32_t)ctx->prog_fd,
		.target_fd = link->ifindex,
		.attach_type = BPFL_ATTACH_XDP,
		.flags = flags,
	};
	int ret;

	ret_text[0] = '\0';
	if (*known != BPFL_NO) {
		ret = bpfl_sys_link_create(&attr);
		if (ret >= 0) {
			*known = BPFL_YES;
			link->link_fd = ret;
			return 0;
		}
		if (is_final(ret))
			return ret;
	}
	ret = bpfl_netlink_xdp_set(link->ifindex, ctx->prog_fd, flags | BPFL_XDP_IF_NOEXIST, -1, ret_text);
	if (ret < 0)
		return ret;
	*known = BPFL_NO;
	link->netlink_flags = flags;
	link->detach = detach_by_netlink;
	bpfl_log_line(ctx->log, BPFL_LOG_WARN,
		      "this kernel has no XDP links (Linux 5.9): the program stays on '%s' if this process is killed",
		      ctx->attach->where);
	return 0;
}

/* The words for the mode in force, NULL when it cannot be found out. */
static const char *mode_in_force(const struct bpfl_link *link)
{
	struct bpfl_xdp_state state;
	uint32_t id;

	if (bpfl_netlink_xdp_query(link->ifindex, &state) < 0 || state.attached > BPFL_XDP_MULTI)
		return NULL;
	if (state.attached != BPFL_XDP_MULTI)
		return attached_words(&state);
	id = bpfl_holder_prog_id(link->prog_fd);
	if (id == 0)
		return NULL;
	return attached_names[id == state.drv_prog_id	? BPFL_XDP_DRV
			      : id == state.skb_prog_id ? BPFL_XDP_SKB
			      : id == state.hw_prog_id	? BPFL_XDP_HW
							: BPFL_XDP_NONE];
}

/*
 * replace=: takes the place of a program that was attached by netlink, in one step, so that no packet passes
 * unseen. Only netlink can do that (5.7); a link would need the place to be free.
 */
static int attach_replacing(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, uint32_t flags, char *ret_text,
			    struct bpfl_error *err)
{
	const char *replace = bpfl_attach_option(ctx->attach, "replace");
	uint64_t wanted = bpfl_attach_option_u64(ctx->attach, "replace");
	struct bpfl_xdp_state state;
	uint32_t there = 0;
	int old_fd, ret;

	ret_text[0] = '\0';
	if (bpfl_netlink_xdp_query(link->ifindex, &state) == 0)
		there = id_in_mode(&state, flags);
	if (there == 0 && strcmp(replace, "any") == 0)
		return attach_in_mode(ctx, link, flags, ret_text);
	if (there == 0 || (strcmp(replace, "any") != 0 && there != wanted)) {
		bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "program id %s is not on interface '%s'",
			       BPFL_ESC(replace), BPFL_ESC(ctx->attach->where));
		if (there)
			bpfl_holder_why(err, there, "");
		else
			bpfl_error_why(err, "no XDP program is attached there%s", flags ? " in this mode" : "");
		return -ENOENT;
	}
	/* A place is a mode: without one, that of the program that is there. */
	if (flags == 0)
		flags = state.attached == BPFL_XDP_SKB  ? BPFL_XDP_SKB_MODE
			: state.attached == BPFL_XDP_HW ? BPFL_XDP_HW_MODE
							: BPFL_XDP_DRV_MODE;
	old_fd = bpfl_sys_fd_by_id(BPFL_CMD_PROG_GET_FD_BY_ID, there);
	if (old_fd < 0)
		return old_fd == -ENOENT ? -EAGAIN : old_fd; /* it went away in this moment */
	ret = bpfl_netlink_xdp_set(link->ifindex, ctx->prog_fd, flags | BPFL_XDP_REPLACE, old_fd, ret_text);
	bpfl_enter_close(old_fd);
	if (ret < 0)
		return ret;
	link->netlink_flags = flags;
	link->detach = detach_by_netlink;
	bpfl_log_line(ctx->log, BPFL_LOG_WARN,
		      "program id %u on '%s' is replaced; ours stays there if this process is killed", there,
		      ctx->attach->where);
	return 0;
}

static int xdp_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const char *mode = bpfl_attach_option(ctx->attach, "mode"), *words;
	char text[BPFL_NETLINK_TEXT_SIZE];
	uint32_t flags = 0;
	size_t row = 0;
	int ret = -EINVAL;

	ret = xdp_check(ctx->attach, err);
	if (ret == 0)
		ret = bpfl_interface_find(ctx->attach, &link->ifindex, err);
	if (ret < 0)
		return ret;
	ret = -EINVAL;
	for (size_t i = 1; mode && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, mode) == 0)
			row = i;
	}
	for (size_t i = 0; i < modes[row].nr_flags && ret < 0; i++) {
		flags = modes[row].flags[i];
		ret = bpfl_attach_option(ctx->attach, "replace") ? attach_replacing(ctx, link, flags, text, err)
								  : attach_in_mode(ctx, link, flags, text);
		if (ret == -ENOENT) /* replace= found another program, and said so */
			return ret;
		if (ret < 0 && is_final(ret))
			break;
	}
	if (ret < 0)
		return refuse(ctx, link->ifindex, flags, -ret, text, err);
	words = mode_in_force(link);
	ret = bpfl_link_describe(link, ctx, "%s on %s%s%s%s%s", ctx->attach->row->name, ctx->attach->where,
				 words ? " (" : "", words ? words : "", words ? ")" : "",
				 link->detach ? " by netlink" : "");
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

/*
 * A program that asks the driver about a packet (bpf_xdp_metadata_rx_timestamp() and its like, Linux 6.3) is loaded for
 * one interface. That it is not there will be said later.
 */
static int xdp_prepare(const struct bpfl_attach *attach, struct bpfl_spec *spec, size_t prog_idx,
		       struct bpfl_error *err)
{
	struct bpfl_prog *prog = &spec->progs.items[prog_idx];

	(void)err;
	if (prog->ifindex == 0)
		bpfl_interface_find(attach, &prog->ifindex, NULL); /* 0 where there is none */
	return 0;
}

const struct bpfl_hook_ops bpfl_hook_xdp = {
	.hook = BPFL_HOOK_XDP,
	.options = (const char *const[]){ "mode", "replace", NULL },
	.prepare = xdp_prepare,
	.check = xdp_check,
	.attach = xdp_attach,
};
