/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/netns.c: sk_lookup:NETNS and flow_dissector:NETNS, programs of a network namespace.
 *
 * NETNS is "self", "pid:N", the path of a namespace file, or a name as `ip netns` knows it. Both hooks take
 * links (flow_dissector Linux 5.8, sk_lookup 5.9). A flow dissector could be attached before (4.20), but only
 * to the namespace of the caller, and stays there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "attach/holder.h"
#include "attach/to_fd.h"
#include "base/text.h"
#include "sys/enter.h"

#define NAMED_DIR "/run/netns"

static void find_path(const char *where, char *out, size_t out_size)
{
	if (strcmp(where, "self") == 0)
		snprintf(out, out_size, "/proc/self/ns/net");
	else if (bpfl_text_has_prefix(where, "pid:"))
		snprintf(out, out_size, "/proc/%s/ns/net", where + 4);
	else if (where[0] == '/')
		snprintf(out, out_size, "%s", where);
	else
		snprintf(out, out_size, NAMED_DIR "/%s", where);
}

static int offer_name(void *ctx, const char *name)
{
	bpfl_near_offer(ctx, name);
	return 0;
}

/* E27 */
static int refuse_missing(const char *where, const char *path, int errnum, struct bpfl_error *err)
{
	struct bpfl_near near;
	char names[512];

	bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "there is no network namespace '%s'", BPFL_ESC(where));
	bpfl_error_catalogue(err, 27);
	bpfl_error_why(err, "'%s': %s", BPFL_ESC(path), bpfl_errno_text(errnum));
	bpfl_near_init(&near, where);
	bpfl_enter_list_dir(AT_FDCWD, NAMED_DIR, offer_name, &near);
	if (near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&near, names, sizeof(names)));
	else
		bpfl_error_fix(err, "write self, pid:N, a name that ip netns lists, or the path of a namespace file");
	return -errnum;
}

static int open_netns(const char *where, struct bpfl_error *err)
{
	char path[4200];
	int fd;

	find_path(where, path, sizeof(path));
	fd = bpfl_enter_openat(AT_FDCWD, path, O_RDONLY, 0);
	return fd < 0 ? refuse_missing(where, path, -fd, err) : fd;
}

static int netns_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	int fd = open_netns(attach->where, err);

	if (fd < 0)
		return fd;
	bpfl_enter_close(fd);
	return 0;
}

/* One flow dissector at a time, and none anywhere else while the first namespace has one: E2BIG, EEXIST. */
static int refuse(const struct bpfl_attach_ctx *ctx, int netns_fd, int errnum, struct bpfl_error *err)
{
	const struct bpfl_section_row *row = ctx->attach->row;
	const char *where = ctx->attach->where;
	uint32_t ids[BPFL_QUERY_MAX], flags;
	int nr;

	if (errnum == E2BIG || errnum == EEXIST || errnum == EBUSY) {
		bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "network namespace '%s' takes no further %s program",
			       BPFL_ESC(where), row->name);
		bpfl_error_catalogue(err, 32);
		nr = bpfl_to_fd_query(netns_fd, (uint32_t)row->attach_type, ids, &flags);
		for (int i = 0; i < nr && i < 3; i++)
			bpfl_holder_why(err, ids[i], " there");
		if (nr == 0)
			bpfl_error_why(err, "none is attached there, so the first network namespace has one");
		bpfl_error_fix(err, "stop the program that holds it");
		return -errnum;
	}
	bpfl_error_set(err, BPFL_ERR_SYSTEM, errnum, "network namespace '%s' does not take the program: %s",
		       BPFL_ESC(where), bpfl_errno_text(errnum));
	if (errnum == EINVAL)
		bpfl_error_why(err,
			       "either '%s' is no network namespace, or this kernel is too old (flow_dissector: Linux "
			       "4.20, with links 5.8; "
			       "sk_lookup: 5.9)",
			       BPFL_ESC(where));
	bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, (unsigned)row->prog_type, errnum, ctx->object->target);
	return -errnum;
}

static int attach_without_link(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link)
{
	int ret;

	if (ctx->attach->row->attach_type != BPFL_ATTACH_FLOW_DISSECTOR || strcmp(ctx->attach->where, "self") != 0)
		return -EINVAL;
	ret = bpfl_to_fd_attach(ctx, link, 0, BPFL_ATTACH_FLOW_DISSECTOR, 0);
	if (ret < 0)
		return ret;
	ctx->object->target->features[BPFL_FEATURE_FLOW_DISSECTOR_LINK] = BPFL_NO;
	bpfl_log_line(ctx->log, BPFL_LOG_WARN,
		      "this kernel has no links for flow dissectors (Linux 5.8): the program stays if this process is killed");
	return 0;
}

static int netns_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const struct bpfl_section_row *row = ctx->attach->row;
	struct bpfl_attr_link_create attr = { .prog_fd = (uint32_t)ctx->prog_fd,
					      .attach_type = (uint32_t)row->attach_type };
	int ret = open_netns(ctx->attach->where, err);

	if (ret < 0)
		return ret;
	link->event_fd = ret;
	attr.target_fd = (uint32_t)ret;
	ret = bpfl_to_fd_link(ctx, link, &attr,
			      row->attach_type == BPFL_ATTACH_SK_LOOKUP ? BPFL_FEATURE_SK_LOOKUP_LINK
									: BPFL_FEATURE_FLOW_DISSECTOR_LINK);
	if (ret == 1)
		ret = attach_without_link(ctx, link);
	if (ret < 0)
		return refuse(ctx, link->event_fd, -ret, err);
	ret = bpfl_link_describe(link, ctx, "%s in network namespace %s%s", row->name, ctx->attach->where,
				 link->detach ? " (by PROG_ATTACH)" : "");
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

const struct bpfl_hook_ops bpfl_hook_netns = {
	.hook = BPFL_HOOK_NETNS,
	.options = (const char *const[]){ NULL },
	.check = netns_check,
	.attach = netns_attach,
};
