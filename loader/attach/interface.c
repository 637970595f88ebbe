/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/interface.c: finds network interfaces and says what is wrong with them. See attach/interface.h.
 */
#include "attach/interface.h"

#include <errno.h>
#include "attach/option.h"
#include "base/text.h"
#include "sys/enter.h"
#include "sys/netlink.h"

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

/* E27, with those that there are. Returns -ENODEV. */
static int refuse_missing(const char *name, struct bpfl_error *err)
{
	struct interface_list list = { .names = BPFL_BUF_INIT };
	char near_names[512];

	bpfl_near_init(&list.near, name);
	bpfl_netlink_each_interface(offer_interface, &list);
	bpfl_error_set(err, BPFL_ERR_TARGET, ENODEV, "there is no network interface '%s'", BPFL_ESC(name));
	bpfl_error_catalogue(err, 27);
	bpfl_error_why(err, "interfaces here: %s", list.names.size ? list.names.data : "none");
	if (bpfl_option_explain(name, err))
		bpfl_error_fix(err, "an option stands behind the interface: IF,mode=skb");
	else if (list.near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&list.near, near_names, sizeof(near_names)));
	else
		bpfl_error_fix(err, "interfaces of another network namespace: ip netns exec NAME bpfload ...");
	bpfl_buf_deinit(&list.names);
	return -ENODEV;
}

int bpfl_interface_find(const struct bpfl_attach *attach, uint32_t *ret_ifindex, struct bpfl_error *err)
{
	int ret = bpfl_enter_if_nametoindex(attach->where, ret_ifindex);

	if (ret == 0)
		return 0;
	if (ret == -ENODEV)
		return refuse_missing(attach->where, err);
	return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "looking for the network interface '%s': %s",
			      BPFL_ESC(attach->where), bpfl_errno_text(-ret));
}

int bpfl_interface_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	uint32_t ifindex;

	return bpfl_interface_find(attach, &ifindex, err);
}

int bpfl_interface_refuse(const struct bpfl_attach_ctx *ctx, int errnum, const char *text, struct bpfl_error *err)
{
	const char *name = ctx->attach->where;

	if (errnum == ENODEV)
		return refuse_missing(name, err);
	bpfl_error_set(err, errnum == EOPNOTSUPP ? BPFL_ERR_UNSUPPORTED : BPFL_ERR_TARGET, errnum,
		       "interface '%s' does not take the program: %s", BPFL_ESC(name), bpfl_errno_text(errnum));
	bpfl_error_catalogue(err, 26);
	if (*text)
		bpfl_error_why(err, "the kernel says: %s", BPFL_ESC(text));
	if (errnum == EPERM || errnum == EACCES)
		bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, (unsigned)ctx->attach->row->prog_type, errnum,
				      ctx->object->target);
	return -errnum;
}
