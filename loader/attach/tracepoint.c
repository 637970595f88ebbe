/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/tracepoint.c: SEC("tracepoint/CATEGORY/NAME").
 *
 * A tracepoint has a number, the file events/CATEGORY/NAME/id of tracefs. perf_event_open(2) makes an event of that number, and the
 * program is put on the event: by a BPF link (Linux 5.15), or with ioctl(2) before that. Closing the descriptors detaches.
 *
 * The event wants a process or a CPU (pid -1, cpu 0 here), but that limits only what perf itself counts: the kernel runs the
 * program for every hit, in all processes and on all CPUs. So there is no pid= or cpu= here; they would promise what does not happen.
 */
#include "attach/tracepoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "attach/link.h"
#include "base/text.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/perf.h"
#include "sys/tracefs.h"

/* ---- a name that does not exist ---- */

struct search {
	int dir_fd;
	const char *category; /* the one being listed */
	const char *wanted_category, *wanted_name; /* category NULL: any */
	char elsewhere[96]; /* the very name in another category, "" none */
	unsigned nr_categories, nr_looked_at; /* categories there are; events compared with what was wanted */
	struct bpfl_near near;
};

static void offer_event(void *ctx, const char *name)
{
	struct search *search = ctx;
	char text[256];

	search->nr_looked_at++;
	if (!search->wanted_category) {
		bpfl_near_offer(&search->near, name);
		return;
	}
	if (snprintf(text, sizeof(text), "%s/%s", search->category, name) < (int)sizeof(text))
		bpfl_near_offer(&search->near, text);
}

/* A category is worth listing when it may be meant: the one given, one that is spelt alike, or one that has the very name. */
static void offer_category(void *ctx, const char *category)
{
	struct search *search = ctx;
	char path[300];

	search->nr_categories++;
	if (search->wanted_category && strcmp(category, search->wanted_category) != 0 &&
	    bpfl_text_distance(category, search->wanted_category, 3) >= 3) {
		snprintf(path, sizeof(path), "events/%s/%s/id", category, search->wanted_name);
		if (bpfl_tracefs_has(search->dir_fd, path))
			snprintf(search->elsewhere, sizeof(search->elsewhere), "%s/%s", category, search->wanted_name);
		return;
	}
	search->category = category;
	snprintf(path, sizeof(path), "events/%s", category);
	bpfl_tracefs_each(search->dir_fd, path, offer_event, search);
}

static void add_near_names(struct search *search, const char *wanted, struct bpfl_error *err)
{
	char names[512];

	bpfl_near_init(&search->near, wanted);
	bpfl_tracefs_each(search->dir_fd, "events", offer_category, search);
	if (search->elsewhere[0])
		bpfl_error_fix(err, "did you mean '%s'?", search->elsewhere);
	else if (search->near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&search->near, names, sizeof(names)));
}

static void add_system_call_hint(const struct search *search, struct bpfl_error *err)
{
	bool is_call = bpfl_text_has_prefix(search->wanted_name, "sys_enter_") ||
		       bpfl_text_has_prefix(search->wanted_name, "sys_exit_");

	if (!search->wanted_category && is_call) {
		bpfl_error_why(err, "single system calls have no raw tracepoint, only raw_tp/sys_enter and raw_tp/sys_exit for all");
		return;
	}
	if (search->wanted_category && strcmp(search->wanted_category, "syscalls") == 0 &&
	    !bpfl_tracefs_has(search->dir_fd, "events/syscalls"))
		bpfl_error_why(err, "this kernel has no events/syscalls: it is built without CONFIG_FTRACE_SYSCALLS");
}

/* How much was looked at: a fact that tells a misspelt name from a kernel without the event. */
static void add_extent(const struct search *search, struct bpfl_error *err)
{
	if (err->why[0])
		return;
	if (!search->wanted_category)
		bpfl_error_why(err, "none of the %u tracepoints in tracefs has this name", search->nr_looked_at);
	else if (search->nr_looked_at == 0)
		bpfl_error_why(err, "tracefs has %u categories, and none is spelt like '%s'", search->nr_categories,
			       BPFL_ESC(search->wanted_category));
	else
		bpfl_error_why(err, "none of the %u tracepoints in the categories that are spelt like it has this name",
			       search->nr_looked_at);
}

int bpfl_tracepoint_missing(const char *category, const char *name, struct bpfl_error *err)
{
	struct search search = { .dir_fd = -1, .wanted_category = category, .wanted_name = name };
	char wanted[300];

	snprintf(wanted, sizeof(wanted), "%s%s%s", category ? category : "", category ? "/" : "", name);
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "there is no %stracepoint '%s'", category ? "" : "raw ",
		       BPFL_ESC(wanted));
	bpfl_error_catalogue(err, 20);
	if (!err || !bpfl_tracefs_name_ok(name) || bpfl_tracefs_open(&search.dir_fd, NULL) < 0)
		return -ENOENT;
	add_system_call_hint(&search, err);
	add_near_names(&search, wanted, err);
	add_extent(&search, err);
	if (!err->fix[0])
		bpfl_error_fix(err, "names: ls /sys/kernel/tracing/events/*");
	bpfl_enter_close(search.dir_fd);
	return -ENOENT;
}

/* ---- the number ---- */

/* 0 and the id; E20, E21 otherwise. */
static int find_id(const struct bpfl_attach *attach, uint64_t *ret_id, struct bpfl_error *err)
{
	const char *slash = strchr(attach->target, '/');
	char *category = slash ? bpfl_strndup(attach->target, (size_t)(slash - attach->target)) : NULL;
	int dir_fd, ret;

	if (!category)
		return slash ? bpfl_error_nomem(err)
			     : bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' is not CATEGORY/NAME",
					      BPFL_ESC(attach->target));
	ret = bpfl_tracefs_open(&dir_fd, err);
	if (ret < 0)
		goto out;
	ret = bpfl_tracefs_event_id(dir_fd, category, slash + 1, ret_id);
	bpfl_enter_close(dir_fd);
	if (ret == -ENOENT || ret == -EINVAL)
		ret = bpfl_tracepoint_missing(category, slash + 1, err);
	else if (ret < 0)
		bpfl_error_set(err, ret == -EACCES ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM, -ret,
			       "reading the id of tracepoint '%s': %s", BPFL_ESC(attach->target), bpfl_errno_text(-ret));
out:
	free(category);
	return ret;
}

static int tracepoint_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	struct bpfl_error own = BPFL_ERROR_INIT;
	uint64_t id;
	int ret = find_id(attach, &id, &own);

	/* Without tracefs nothing is known; loading may well be what is forbidden, and says so better. */
	if (ret == 0 || own.catalogue_id != 20) {
		bpfl_error_clear(&own);
		return 0;
	}
	if (err) {
		bpfl_error_clear(err);
		*err = own;
	}
	return ret;
}

/* ---- attaching ---- */

static int open_event(const struct bpfl_attach_ctx *ctx, uint64_t id, struct bpfl_error *err)
{
	struct bpfl_perf_attr attr = { .type = BPFL_PERF_TYPE_TRACEPOINT, .config = id };
	int fd = bpfl_enter_perf_event_open(&attr, -1, 0, -1, BPFL_PERF_OPEN_FD_CLOEXEC);

	if (fd >= 0)
		return fd;
	bpfl_error_set(err, BPFL_ERR_SYSTEM, -fd, "perf_event_open for tracepoint %llu: %s",
		       (unsigned long long)id, bpfl_errno_text(-fd));
	bpfl_diagnose_refusal(err, BPFL_WANTED_PERF_EVENT, BPFL_PROG_TRACEPOINT, -fd, ctx->object->target);
	return fd;
}

static int refuse_link(const struct bpfl_attach_ctx *ctx, const char *call, int errnum, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_SYSTEM, errnum, "%s: %s", call, bpfl_errno_text(errnum));
	if (errnum == E2BIG)
		bpfl_error_why(err, "a tracepoint takes at most 64 programs");
	bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, BPFL_PROG_TRACEPOINT, errnum, ctx->object->target);
	return -errnum;
}

/* Before Linux 5.15. */
static int attach_by_ioctl(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	int ret;

	if (bpfl_attach_option(ctx->attach, "cookie")) {
		bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
			       "this kernel has no links for perf events, and only a link carries a cookie");
		bpfl_error_fix(err, "Linux 5.15 or later, or no cookie=");
		return -EOPNOTSUPP;
	}
	ret = bpfl_enter_ioctl(link->event_fd, BPFL_PERF_IOC_SET_BPF, (unsigned long)ctx->prog_fd);
	if (ret < 0)
		return refuse_link(ctx, "putting the program on the event (ioctl)", -ret, err);
	ret = bpfl_enter_ioctl(link->event_fd, BPFL_PERF_IOC_ENABLE, 0);
	if (ret < 0)
		return refuse_link(ctx, "enabling the event (ioctl)", -ret, err);
	return 0;
}

/* EINVAL: an older kernel does not know the command (before 5.7) or the attach type (before 5.15). */
static int attach_to_event(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	enum bpfl_answer *known = &ctx->object->target->features[BPFL_FEATURE_PERF_LINK];
	struct bpfl_attr_link_create attr = {
		.prog_fd = (uint32_t)ctx->prog_fd,
		.target_fd = (uint32_t)link->event_fd,
		.attach_type = BPFL_ATTACH_PERF_EVENT,
	};
	int ret = -EINVAL;

	attr.perf_event.cookie = bpfl_attach_option_u64(ctx->attach, "cookie");
	if (*known != BPFL_NO) {
		ret = bpfl_sys_link_create(&attr);
		if (ret >= 0) {
			*known = BPFL_YES;
			link->link_fd = ret;
			return 0;
		}
	}
	if (ret != -EINVAL || *known == BPFL_YES)
		return refuse_link(ctx, "making a link (LINK_CREATE)", -ret, err);
	ret = attach_by_ioctl(ctx, link, err);
	if (ret == 0)
		*known = BPFL_NO;
	return ret;
}

static int tracepoint_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	uint64_t id;
	int ret = find_id(ctx->attach, &id, err);

	if (ret < 0)
		return ret;
	ret = open_event(ctx, id, err);
	if (ret < 0)
		return ret;
	link->event_fd = ret;
	ret = attach_to_event(ctx, link, err);
	if (ret < 0)
		return ret;
	ret = bpfl_link_describe(link, ctx, "tracepoint %s%s", ctx->attach->target,
				 link->link_fd < 0 ? " (by ioctl)" : "");
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

const struct bpfl_hook_ops bpfl_hook_tracepoint = {
	.hook = BPFL_HOOK_TRACEPOINT,
	.options = (const char *const[]){ "cookie", NULL },
	.option_note = "the kernel runs a tracepoint's program in all processes and on all CPUs: look at "
		       "bpf_get_current_pid_tgid() or bpf_get_smp_processor_id() in the program",
	.check = tracepoint_check,
	.attach = tracepoint_attach,
};
