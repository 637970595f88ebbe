/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/tracepoint.c: SEC("tracepoint/CATEGORY/NAME").
 *
 * A tracepoint has a number, the file events/CATEGORY/NAME/id of tracefs. perf_event_open(2) makes an event of
 * that number, and the program is put on the event: by a BPF link (Linux 5.15), or with ioctl(2) before that.
 * Closing the descriptors detaches.
 *
 * The event wants a process or a CPU (pid -1, cpu 0 here), but that limits only what perf itself counts: the
 * kernel runs the program for every hit, in all processes and on all CPUs. So there is no pid= or cpu= here;
 * they would promise what does not happen.
 */
#include "attach/tracepoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "attach/perf.h"
#include "base/text.h"
#include "sys/enter.h"
#include "sys/file.h"
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

static int offer_event(void *ctx, const char *name)
{
	struct search *search = ctx;
	char text[256];

	search->nr_looked_at++;
	if (!search->wanted_category) {
		bpfl_near_offer(&search->near, name);
		return 0;
	}
	if (snprintf(text, sizeof(text), "%s/%s", search->category, name) < (int)sizeof(text))
		bpfl_near_offer(&search->near, text);
	return 0;
}

/*
 * A category is worth listing when it may be meant: the one given, one that is spelt alike, or one that has
 * the very name.
 */
static int offer_category(void *ctx, const char *category)
{
	struct search *search = ctx;
	char path[300];

	search->nr_categories++;
	if (search->wanted_category && strcmp(category, search->wanted_category) != 0 &&
	    bpfl_text_distance(category, search->wanted_category, 3) >= 3) {
		snprintf(path, sizeof(path), "events/%s/%s/id", category, search->wanted_name);
		if (bpfl_file_is_there(search->dir_fd, path))
			snprintf(search->elsewhere, sizeof(search->elsewhere), "%s/%s", category, search->wanted_name);
		return 0;
	}
	search->category = category;
	snprintf(path, sizeof(path), "events/%s", category);
	bpfl_enter_list_dir(search->dir_fd, path, offer_event, search);
	return 0;
}

static void add_near_names(struct search *search, const char *wanted, struct bpfl_error *err)
{
	char names[512];

	bpfl_near_init(&search->near, wanted);
	bpfl_enter_list_dir(search->dir_fd, "events", offer_category, search);
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
		bpfl_error_why(err, "single system calls have no raw tracepoint, only raw_tp/sys_enter and "
				    "raw_tp/sys_exit for all");
		return;
	}
	if (search->wanted_category && strcmp(search->wanted_category, "syscalls") == 0 &&
	    !bpfl_file_is_there(search->dir_fd, "events/syscalls"))
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

static int tracepoint_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	struct bpfl_perf_attr attr = { .type = BPFL_PERF_TYPE_TRACEPOINT };
	uint64_t id;
	int ret = find_id(ctx->attach, &id, err);

	if (ret < 0)
		return ret;
	attr.config = id;
	ret = bpfl_perf_open(ctx, &attr, -1, 0, "a tracepoint", link, err);
	if (ret < 0)
		return ret;
	ret = bpfl_perf_join(ctx, bpfl_attach_option_u64(ctx->attach, "cookie"), link, err);
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
