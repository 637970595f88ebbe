/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/tc.c: tc/ingress:IF and tc/egress:IF, as tc(8) does it: a filter of cls_bpf on clsact (Linux 4.5),
 * whose return value says what happens to the packet (TC_ACT_...). Any order with the filters of others: prio=,
 * handle=, chain=.
 *
 * Nothing here goes away with a descriptor. The filter is removed when the link is closed, if it is still ours;
 * clsact is made only when it is missing, and removed by the last of us when nothing else hangs on it. What a
 * killed process leaves is found by its name (attach/tc_sweep.c). tcx/... (attach/tcx.c) has none of these
 * worries, and needs Linux 6.6.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "attach/holder.h"
#include "attach/interface.h"
#include "attach/tc.h"
#include "base/text.h"
#include "sys/netlink.h"
#include "sys/netlink_tc.h"
#include "sys/owner.h"

#define PRIO_MAX 65535

const char *bpfl_tc_direction(const struct bpfl_section_row *row)
{
	return row->attach_type == BPFL_ATTACH_TCX_INGRESS  ? "ingress"
	       : row->attach_type == BPFL_ATTACH_TCX_EGRESS ? "egress"
							    : NULL;
}

/* ---- before loading ---- */

static int refuse_option(const struct bpfl_attach *attach, const char *key, const char *expected,
			 struct bpfl_error *err)
{
	return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "option '%s' is %s, not '%s'", key, expected,
			      BPFL_ESC(bpfl_attach_option(attach, key)));
}

static int check_options(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	const char *prio = bpfl_attach_option(attach, "prio"), *replace = bpfl_attach_option(attach, "replace");
	const char *handle = bpfl_attach_option(attach, "handle");
	int64_t prio_value;
	uint64_t id;

	if (prio && (bpfl_text_to_s64(prio, &prio_value) < 0 || prio_value < 1 || prio_value > PRIO_MAX))
		return refuse_option(attach, "prio", "a number from 1 (first) to 65535 (last)", err);
	if (handle &&
	    (bpfl_attach_option_u64(attach, "handle") == 0 || bpfl_attach_option_u64(attach, "handle") > UINT32_MAX))
		return refuse_option(attach, "handle", "a number of 32 bits above 0", err);
	if (bpfl_attach_option_u64(attach, "chain") > UINT32_MAX)
		return refuse_option(attach, "chain", "a number of 32 bits", err);
	if (replace && strcmp(replace, "any") != 0 && bpfl_text_to_u64(replace, &id) < 0)
		return refuse_option(attach, "replace", "the id of the program that is there, or any", err);
	if (replace && (!prio || !handle)) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "option 'replace' is for one place: prio= and handle= are missing");
		bpfl_error_fix(err, "what is there: tc filter show dev %s %s", BPFL_ESC(attach->where),
			       bpfl_tc_direction(attach->row));
		return -EINVAL;
	}
	return 0;
}

static int tc_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	int ret;

	if (!bpfl_tc_direction(attach->row)) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' does not say in which direction", attach->row->name);
		bpfl_error_catalogue(err, 10);
		bpfl_error_why(err, "a %s program can look at what comes in or at what goes out", attach->row->name);
		bpfl_error_fix(err, "write tc/ingress:%s or tc/egress:%s", BPFL_ESC(attach->where),
			       BPFL_ESC(attach->where));
		return -EINVAL;
	}
	ret = check_options(attach, err);
	return ret < 0 ? ret : bpfl_interface_check(attach, err);
}

/* ---- what is there ---- */

struct filter_search {
	const struct bpfl_tc_filter *wanted;
	uint32_t prog_id; /* at that place, 0 none */
	bool clsact_is_ours; /* some filter says so */
};

static void look_at_filter(void *ctx, const struct bpfl_tc_filter *filter)
{
	struct filter_search *search = ctx;
	struct bpfl_owner owner;
	bool made;

	if (filter->prio == search->wanted->prio && filter->handle == search->wanted->handle &&
	    filter->chain == search->wanted->chain)
		search->prog_id = filter->prog_id;
	if (bpfl_tc_name_parse(filter->name, &owner, &made) && made)
		search->clsact_is_ours = true;
}

/* Which program is at the place of filter; 0: none, or unknown (before 4.13). */
static uint32_t prog_at(const struct bpfl_tc_filter *filter)
{
	struct filter_search search = { .wanted = filter };

	bpfl_netlink_tc_each(filter->ifindex, filter->parent, look_at_filter, &search);
	return search.prog_id;
}

/* Another run of ours made the clsact and is still there: whoever leaves last removes it. */
static bool clsact_was_made_by_us(uint32_t ifindex)
{
	struct bpfl_tc_filter nowhere = { 0 };
	struct filter_search search = { .wanted = &nowhere };

	bpfl_netlink_tc_each(ifindex, BPFL_TC_INGRESS, look_at_filter, &search);
	bpfl_netlink_tc_each(ifindex, BPFL_TC_EGRESS, look_at_filter, &search);
	return search.clsact_is_ours;
}

struct qdisc_search {
	uint32_t ifindex;
	bool is_ingress; /* the old kind, without egress */
};

static void look_at_qdisc(void *ctx, uint32_t ifindex, const char *kind)
{
	struct qdisc_search *search = ctx;

	if (ifindex == search->ifindex && strcmp(kind, "ingress") == 0)
		search->is_ingress = true;
}

/* ---- attaching ---- */

struct tc_link {
	struct bpfl_tc_filter filter;
	bool clsact_is_ours;
};

/* The filter first, and only when it is ours: somebody may have replaced it. */
static int detach(struct bpfl_link *link)
{
	const struct tc_link *tc = link->data;
	uint32_t prog_id = prog_at(&tc->filter);
	int ret = 0;

	if (prog_id == 0 || prog_id == bpfl_holder_prog_id(link->prog_fd))
		ret = bpfl_netlink_tc_remove(&tc->filter);
	if (tc->clsact_is_ours && bpfl_tc_is_empty(tc->filter.ifindex))
		bpfl_netlink_clsact_remove(tc->filter.ifindex);
	return ret;
}

static void release(struct bpfl_link *link)
{
	free(link->data);
}

/* 0 and whether one of us made it. */
static int make_clsact(const struct bpfl_attach_ctx *ctx, const struct bpfl_tc_filter *filter, bool *ret_is_ours,
		       struct bpfl_error *err)
{
	struct qdisc_search search = { .ifindex = filter->ifindex };
	char text[BPFL_NETLINK_TEXT_SIZE];
	int ret = bpfl_netlink_clsact_make(filter->ifindex, text);

	if (ret == 0) {
		*ret_is_ours = true;
		return 0;
	}
	if (ret != -EEXIST) {
		bpfl_interface_refuse(ctx, -ret, text, err);
		bpfl_error_prefix(err, "adding the clsact qdisc");
		if (ret == -ENOENT || ret == -EOPNOTSUPP)
			bpfl_error_fix(err, "the kernel needs CONFIG_NET_SCH_INGRESS and CONFIG_NET_CLS_ACT (module "
					    "sch_ingress)");
		return ret;
	}
	bpfl_netlink_qdisc_each(look_at_qdisc, &search);
	if (search.is_ingress && filter->parent == BPFL_TC_EGRESS) {
		bpfl_error_set(err, BPFL_ERR_TARGET, EEXIST,
			       "interface '%s' has an ingress qdisc, which has no egress side",
			       BPFL_ESC(ctx->attach->where));
		bpfl_error_catalogue(err, 32);
		bpfl_error_why(err, "it stands where clsact would, and filters of others may hang on it");
		bpfl_error_fix(err,
			       "if nobody needs it: tc qdisc del dev %s ingress; or attach by tcx/egress (Linux 6.6)",
			       BPFL_ESC(ctx->attach->where));
		return -EEXIST;
	}
	*ret_is_ours = clsact_was_made_by_us(filter->ifindex);
	return 0;
}

static int refuse_filter(const struct bpfl_attach_ctx *ctx, const struct bpfl_tc_filter *filter, int errnum,
			 const char *text, struct bpfl_error *err)
{
	uint32_t prog_id;

	if (errnum != EEXIST) {
		bpfl_interface_refuse(ctx, errnum, text, err);
		if (errnum == ENOENT || errnum == EOPNOTSUPP)
			bpfl_error_fix(err, "the kernel needs CONFIG_NET_CLS_BPF (module cls_bpf)");
		return -errnum;
	}
	bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "interface '%s' has a filter at prio %u, handle %u already",
		       BPFL_ESC(ctx->attach->where), filter->prio, filter->handle);
	bpfl_error_catalogue(err, 32);
	prog_id = prog_at(filter);
	if (prog_id)
		bpfl_holder_why(err, prog_id, " there");
	bpfl_error_fix(err, "leave prio= and handle= to the kernel, or take its place with replace=%u", prog_id);
	return -errnum;
}

/* replace=ID: the program that is there must be that one. Not atomic: tc has no compare-and-exchange. */
static int check_replaced(const struct bpfl_attach_ctx *ctx, const struct bpfl_tc_filter *filter,
			  struct bpfl_error *err)
{
	const char *replace = bpfl_attach_option(ctx->attach, "replace");
	uint64_t wanted = bpfl_attach_option_u64(ctx->attach, "replace");
	uint32_t prog_id;

	if (!replace || strcmp(replace, "any") == 0)
		return 0;
	prog_id = prog_at(filter);
	if (prog_id == wanted)
		return 0;
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "program id %llu is not at prio %u, handle %u of '%s'",
		       (unsigned long long)wanted, filter->prio, filter->handle, BPFL_ESC(ctx->attach->where));
	if (prog_id)
		bpfl_holder_why(err, prog_id, " there");
	else
		bpfl_error_why(err, "no filter is there");
	return -ENOENT;
}

static int add_filter(const struct bpfl_attach_ctx *ctx, struct tc_link *tc, struct bpfl_error *err)
{
	char text[BPFL_NETLINK_TEXT_SIZE];
	struct bpfl_owner owner;
	int ret = bpfl_owner_self(&owner);

	/* A name without an owner would never be swept: better none of ours. */
	if (ret == 0)
		bpfl_tc_name(&owner, tc->clsact_is_ours, tc->filter.name, sizeof(tc->filter.name));
	else
		memcpy(tc->filter.name, "bpfload", sizeof("bpfload"));
	ret = check_replaced(ctx, &tc->filter, err);
	if (ret < 0)
		return ret;
	ret = bpfl_netlink_tc_add(&tc->filter, ctx->prog_fd, bpfl_attach_option(ctx->attach, "replace") != NULL, text);
	return ret < 0 ? refuse_filter(ctx, &tc->filter, -ret, text, err) : 0;
}

int bpfl_tc_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const struct bpfl_attach *attach = ctx->attach;
	const char *prio = bpfl_attach_option(attach, "prio");
	int64_t prio_value = 0;
	struct tc_link *tc;
	int ret;

	bpfl_tc_sweep(ctx->log);
	tc = calloc(1, sizeof(*tc));
	if (!tc)
		return bpfl_error_nomem(err);
	link->data = tc;
	link->release = release;
	if (prio)
		bpfl_text_to_s64(prio, &prio_value);
	tc->filter.prio = (uint16_t)prio_value;
	tc->filter.handle = (uint32_t)bpfl_attach_option_u64(attach, "handle");
	tc->filter.chain = (uint32_t)bpfl_attach_option_u64(attach, "chain");
	tc->filter.parent = attach->row->attach_type == BPFL_ATTACH_TCX_EGRESS ? BPFL_TC_EGRESS : BPFL_TC_INGRESS;
	ret = bpfl_interface_find(attach, &tc->filter.ifindex, err);
	if (ret == 0)
		ret = make_clsact(ctx, &tc->filter, &tc->clsact_is_ours, err);
	if (ret < 0)
		return ret;
	ret = add_filter(ctx, tc, err);
	if (ret < 0) {
		if (tc->clsact_is_ours && bpfl_tc_is_empty(tc->filter.ifindex))
			bpfl_netlink_clsact_remove(tc->filter.ifindex);
		return ret;
	}
	link->detach = detach;
	ret = bpfl_link_describe(link, ctx, "tc %s on %s (clsact, prio %u, handle %u)", bpfl_tc_direction(attach->row),
				 attach->where, tc->filter.prio, tc->filter.handle);
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

static int tc_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	int ret = tc_check(ctx->attach, err);

	return ret < 0 ? ret : bpfl_tc_attach(ctx, link, err);
}

const struct bpfl_hook_ops bpfl_hook_tc = {
	.hook = BPFL_HOOK_TC,
	.options = (const char *const[]){ "prio", "handle", "chain", "replace", NULL },
	.check = tc_check,
	.attach = tc_attach,
};
