/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/tc_sweep.c: what killed runs left on clsact.
 *
 * A filter stays when its process is killed, and goes on dropping packets. Ours have a name that says whose
 * they are (sys/owner.h), so whoever attaches by tc next looks through all interfaces and removes those whose
 * process is gone, and the clsact below when one of us made it and nothing hangs on it any more. Filters with
 * any other name are never touched.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "attach/tc.h"
#include "base/text.h"
#include "sys/netlink_tc.h"
#include "sys/owner.h"

#define NAME_PREFIX "bpfload:"
#define MADE ":made"   /* one of us made the clsact */
#define FOUND ":found" /* it was there */

void bpfl_tc_name(const struct bpfl_owner *owner, bool clsact_is_ours, char *out, size_t out_size)
{
	char text[BPFL_OWNER_TEXT_SIZE];

	snprintf(out, out_size, NAME_PREFIX "%s%s", bpfl_owner_text(owner, text, sizeof(text)),
		 clsact_is_ours ? MADE : FOUND);
}

bool bpfl_tc_name_parse(const char *name, struct bpfl_owner *ret_owner, bool *ret_clsact_is_ours)
{
	const char *end;

	if (!bpfl_text_has_prefix(name, NAME_PREFIX) || !bpfl_owner_parse(name + strlen(NAME_PREFIX), ret_owner, &end))
		return false;
	*ret_clsact_is_ours = strcmp(end, MADE) == 0;
	return *ret_clsact_is_ours || strcmp(end, FOUND) == 0;
}

static void count_filter(void *ctx, const struct bpfl_tc_filter *filter)
{
	(void)filter;
	++*(unsigned *)ctx;
}

bool bpfl_tc_is_empty(uint32_t ifindex)
{
	unsigned nr = 0;

	return bpfl_netlink_tc_each(ifindex, BPFL_TC_INGRESS, count_filter, &nr) == 0 &&
	       bpfl_netlink_tc_each(ifindex, BPFL_TC_EGRESS, count_filter, &nr) == 0 && nr == 0;
}

/* ---- sweeping: first all is listed, then removed, because removing moves what a listing walks over ---- */

struct sweep {
	BPFL_VEC(uint32_t) interfaces;
	BPFL_VEC(struct bpfl_tc_filter) dead;
};

static void note_interface(void *ctx, uint32_t ifindex, const char *kind)
{
	struct sweep *sweep = ctx;
	uint32_t *slot = BPFL_VEC_PUSH(&sweep->interfaces);

	(void)kind;
	if (slot)
		*slot = ifindex;
}

static void note_dead(void *ctx, const struct bpfl_tc_filter *filter)
{
	struct sweep *sweep = ctx;
	struct bpfl_tc_filter *slot;
	struct bpfl_owner owner;
	bool made;

	if (!bpfl_tc_name_parse(filter->name, &owner, &made) || !bpfl_owner_is_gone(&owner))
		return;
	slot = BPFL_VEC_PUSH(&sweep->dead);
	if (slot)
		*slot = *filter;
}

static void remove_dead(const struct bpfl_tc_filter *filter, const struct bpfl_log *log)
{
	struct bpfl_owner owner;
	bool made = false;

	if (bpfl_netlink_tc_remove(filter) < 0)
		return;
	bpfl_tc_name_parse(filter->name, &owner, &made);
	bpfl_log_line(log, BPFL_LOG_INFO,
		      "removed a tc %s filter (program id %u) that process %d left on interface %u when it was killed",
		      filter->parent == BPFL_TC_EGRESS ? "egress" : "ingress", filter->prog_id, owner.pid,
		      filter->ifindex);
	if (made && bpfl_tc_is_empty(filter->ifindex))
		bpfl_netlink_clsact_remove(filter->ifindex);
}

void bpfl_tc_sweep(const struct bpfl_log *log)
{
	struct sweep sweep = { { NULL, 0, 0 }, { NULL, 0, 0 } };

	bpfl_netlink_qdisc_each(note_interface, &sweep);
	for (size_t i = 0; i < sweep.interfaces.nr; i++) {
		bpfl_netlink_tc_each(sweep.interfaces.items[i], BPFL_TC_INGRESS, note_dead, &sweep);
		bpfl_netlink_tc_each(sweep.interfaces.items[i], BPFL_TC_EGRESS, note_dead, &sweep);
	}
	for (size_t i = 0; i < sweep.dead.nr; i++)
		remove_dead(&sweep.dead.items[i], log);
	free(sweep.interfaces.items);
	free(sweep.dead.items);
}

void bpfl_link_sweep(const struct bpfl_log *log)
{
	bpfl_tc_sweep(log);
}
