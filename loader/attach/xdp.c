/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/xdp.c: SEC("xdp"), on a network interface.
 *
 * A BPF link first (Linux 5.9): it goes away with its descriptor. Where the kernel has no XDP links, netlink puts the program on the
 * interface, and takes it away when the link is closed; such a program stays when the process is killed, so the log says so.
 * When a link is refused for another reason than permission or a program that is there already, netlink is asked too: it says why,
 * in the driver's words.
 *
 * Modes: "native" runs in the driver, "skb" (generic) behind it on any interface, "hw" on the card. Without mode= the kernel takes native where
 * the driver can, else skb, and does not fall back when a driver that can refuses; mode=auto does. What came out is asked for and told.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "attach/link.h"
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

/* ---- the interface ---- */

struct interface_list {
	struct bpfl_near near;
	struct bpfl_buf names;
};

static void offer_interface(void *ctx, const char *name)
{
	struct interface_list *list = ctx;

	bpfl_near_offer(&list->near, name);
	bpfl_buf_printf(&list->names, "%s%s", list->names.size ? ", " : "", BPFL_ESC(name));
}

/* E27 */
static int refuse_interface(const char *name, struct bpfl_error *err)
{
	struct interface_list list = { .names = BPFL_BUF_INIT };
	char near_names[512];

	bpfl_near_init(&list.near, name);
	bpfl_netlink_each_interface(offer_interface, &list);
	bpfl_error_set(err, BPFL_ERR_TARGET, ENODEV, "there is no network interface '%s'", BPFL_ESC(name));
	bpfl_error_catalogue(err, 27);
	bpfl_error_why(err, "interfaces here: %s", list.names.size ? list.names.data : "none");
	if (list.near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&list.near, near_names, sizeof(near_names)));
	if (strchr(name, ','))
		bpfl_error_fix(err, "the only option behind the interface is mode=native, skb, hw or auto");
	bpfl_buf_deinit(&list.names);
	return -ENODEV;
}

static int xdp_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	return bpfl_enter_if_nametoindex(attach->where) ? 0 : refuse_interface(attach->where, err);
}

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

static uint32_t prog_id(int prog_fd)
{
	struct bpfl_prog_info info = { 0 };
	uint32_t info_size = sizeof(info);

	return bpfl_sys_obj_info(prog_fd, &info, &info_size) < 0 ? 0 : info.id;
}

/* E32 */
static int refuse_busy(uint32_t ifindex, const char *name, int errnum, struct bpfl_error *err)
{
	struct bpfl_xdp_state state;

	bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "interface '%s' has an XDP program already", BPFL_ESC(name));
	bpfl_error_catalogue(err, 32);
	if (bpfl_netlink_xdp_query(ifindex, &state) == 0 && state.prog_id)
		bpfl_error_why(err, "program id %u is attached%s%s", state.prog_id,
			       state.attached <= BPFL_XDP_MULTI && attached_names[state.attached] ? " in " : "",
			       state.attached <= BPFL_XDP_MULTI && attached_names[state.attached]
				       ? attached_names[state.attached] : "");
	bpfl_error_fix(err, "stop the program that holds it, or, if nobody does: ip link set dev %s xdp off",
		       BPFL_ESC(name));
	return -errnum;
}

/* E26. text: the driver's words, or "". */
static int refuse(const struct bpfl_attach_ctx *ctx, uint32_t ifindex, uint32_t flags, int errnum,
		  const char *text, struct bpfl_error *err)
{
	const char *name = ctx->attach->where;

	if (errnum == EBUSY || errnum == EEXIST)
		return refuse_busy(ifindex, name, errnum, err);
	if (errnum == ENODEV)
		return refuse_interface(name, err);
	bpfl_error_set(err, errnum == EOPNOTSUPP ? BPFL_ERR_UNSUPPORTED : BPFL_ERR_TARGET, errnum,
		       "interface '%s' does not take the program: %s", BPFL_ESC(name), bpfl_errno_text(errnum));
	bpfl_error_catalogue(err, 26);
	if (*text)
		bpfl_error_why(err, "the kernel says: %s", BPFL_ESC(text));
	if (errnum == EPERM || errnum == EACCES)
		bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, BPFL_PROG_XDP, errnum, ctx->object->target);
	else if (!(flags & BPFL_XDP_SKB_MODE))
		bpfl_error_fix(err, "mode=skb works on any interface: --attach xdp:%s,mode=skb", BPFL_ESC(name));
	return -errnum;
}

/* ---- attaching ---- */

/* Takes the program away again, but only ours: somebody may have replaced it. REPLACE came with 5.7; before, ask and compare. */
static int detach_by_netlink(struct bpfl_link *link)
{
	struct bpfl_xdp_state state;
	int ret = bpfl_netlink_xdp_set(link->ifindex, -1, link->netlink_flags | BPFL_XDP_REPLACE, link->prog_fd,
				       NULL);

	if (ret != -EINVAL)
		return ret;
	ret = bpfl_netlink_xdp_query(link->ifindex, &state);
	if (ret == 0 && state.prog_id && state.prog_id == prog_id(link->prog_fd))
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
		return attached_names[state.attached];
	id = prog_id(link->prog_fd);
	if (id == 0)
		return NULL;
	return attached_names[id == state.drv_prog_id	? BPFL_XDP_DRV
			      : id == state.skb_prog_id ? BPFL_XDP_SKB
			      : id == state.hw_prog_id	? BPFL_XDP_HW
							: BPFL_XDP_NONE];
}

static int xdp_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const char *mode = bpfl_attach_option(ctx->attach, "mode"), *words;
	char text[BPFL_NETLINK_TEXT_SIZE];
	uint32_t flags = 0;
	size_t row = 0;
	int ret = -EINVAL;

	link->ifindex = bpfl_enter_if_nametoindex(ctx->attach->where);
	if (!link->ifindex)
		return refuse_interface(ctx->attach->where, err);
	for (size_t i = 1; mode && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, mode) == 0)
			row = i;
	}
	for (size_t i = 0; i < modes[row].nr_flags && ret < 0; i++) {
		flags = modes[row].flags[i];
		ret = attach_in_mode(ctx, link, flags, text);
		if (ret < 0 && is_final(ret))
			break;
	}
	if (ret < 0)
		return refuse(ctx, link->ifindex, flags, -ret, text, err);
	words = mode_in_force(link);
	ret = bpfl_link_describe(link, ctx, "xdp on %s%s%s%s%s", ctx->attach->where, words ? " (" : "",
				 words ? words : "", words ? ")" : "", link->detach ? " by netlink" : "");
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

const struct bpfl_hook_ops bpfl_hook_xdp = {
	.hook = BPFL_HOOK_XDP,
	.options = (const char *const[]){ "mode", NULL },
	.check = xdp_check,
	.attach = xdp_attach,
};
