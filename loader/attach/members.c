/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/members.c: sets of functions, halved until the bad ones are known. See attach/members.h.
 */
#include "attach/members.h"

#include <errno.h>
#include <stdio.h>
#include "sys/enter.h"

#define NAMED_MAX 8 /* so many bad functions are named in a message */
#define HOPELESS 32 /* after so many refused functions without a good one, the set is not the problem */
#define ENOTSUPP_KERNEL 524 /* of the kernel itself: a function that no trampoline can be put on */

bool bpfl_members_are_meant(int ret)
{
	return ret == -ESRCH || ret == -ENOENT || ret == -EINVAL || ret == -EADDRNOTAVAIL || ret == -EILSEQ ||
	       ret == -EBUSY || ret == -ENOTSUPP_KERNEL;
}

void bpfl_members_note_bad(struct bpfl_members *members, size_t idx, int ret)
{
	if (members->nr_bad < NAMED_MAX)
		bpfl_buf_printf(&members->bad, "%s%s", members->nr_bad ? ", " : "", members->names[idx]);
	else if (members->nr_bad == NAMED_MAX)
		bpfl_buf_text(&members->bad, ", ...");
	members->nr_bad++;
	members->bad_errnum = -ret;
}

int bpfl_members_part(struct bpfl_members *members, struct bpfl_link **ret_part)
{
	struct bpfl_link *link = members->link;

	*ret_part = link;
	return members->nr_good == 0 && link->link_fd < 0 && link->event_fd < 0 ? 0 : bpfl_link_part(link, ret_part);
}

static int refuse_set(const struct bpfl_members *members, int ret, struct bpfl_error *err)
{
	const struct bpfl_attach_ctx *ctx = members->ctx;

	bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "making a link (LINK_CREATE): %s", bpfl_errno_text(-ret));
	bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, ctx->attach->row->prog_type, -ret, ctx->object->target);
	return ret;
}

/* Recursion goes as deep as nr can be halved. */
int bpfl_members_put(struct bpfl_members *members, size_t from, size_t nr, struct bpfl_error *err)
{
	struct bpfl_link *part;
	int fd, ret;

	if (members->nr_good == 0 && members->nr_bad >= HOPELESS)
		return refuse_set(members, -members->bad_errnum, err);
	fd = members->create(members, from, nr);
	if (fd >= 0) {
		ret = bpfl_members_part(members, &part);
		if (ret < 0) {
			bpfl_enter_close(fd);
			return bpfl_error_nomem(err);
		}
		part->link_fd = fd;
		members->nr_good += nr;
		return 0;
	}
	if (!bpfl_members_are_meant(fd))
		return refuse_set(members, fd, err);
	if (nr == 1) {
		bpfl_members_note_bad(members, from, fd);
		return 0;
	}
	ret = bpfl_members_put(members, from, nr / 2, err);
	return ret < 0 ? ret : bpfl_members_put(members, from + nr / 2, nr - nr / 2, err);
}

int bpfl_members_describe(const struct bpfl_members *members, const char *note, struct bpfl_error *err)
{
	const struct bpfl_attach_ctx *ctx = members->ctx;
	const struct bpfl_attach *attach = ctx->attach;
	char count[96];

	if (members->nr_bad > 0) {
		snprintf(count, sizeof(count), "%zu of %zu functions", members->nr_good, members->nr);
		bpfl_log_line(ctx->log, BPFL_LOG_WARN,
			      "%s %s: the kernel refused %zu of %zu functions (%s); the others are attached",
			      attach->row->name, attach->target, members->nr_bad, members->nr,
			      members->bad.data ? members->bad.data : "");
	} else {
		snprintf(count, sizeof(count), "%zu function%s", members->nr, members->nr == 1 ? "" : "s");
	}
	if (bpfl_link_describe(members->link, ctx, "%s %s (%s%s)", attach->row->name, attach->target, count, note) < 0)
		return bpfl_error_nomem(err);
	return 0;
}
