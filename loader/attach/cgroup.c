/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/cgroup.c: programs for all processes of a cgroup and of those below it: cgroup/..., cgroup_skb/...,
 * sockops, lsm_cgroup.
 *
 * A link (Linux 5.7) lets others attach too. Before, PROG_ATTACH with BPF_F_ALLOW_MULTI (4.15) does the same, else with
 * BPF_F_ALLOW_OVERRIDE (4.11), else alone (4.10); such a program stays on the cgroup when the process is
 * killed, so the log says so.
 *
 * EPERM has two meanings here: a capability is missing, or somebody attached a program to this cgroup or to one
 * above it in a way that allows no second one. Which it is can be asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "attach/cgroup_path.h"
#include "attach/holder.h"
#include "attach/to_fd.h"
#include "base/text.h"
#include "sys/enter.h"

#define FLAG_ALLOW_OVERRIDE (1u << 0)
#define FLAG_ALLOW_MULTI (1u << 1)

/* ---- before loading ---- */

/* SEC("cgroup/skb") leaves the direction open. */
static int check_direction(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	if (!attach->row->attach_name)
		return 0;
	bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' does not say in which direction", attach->row->name);
	bpfl_error_catalogue(err, 10);
	bpfl_error_why(err, "the program can look at packets that come in or at packets that go out");
	bpfl_error_fix(err, "write cgroup_skb/ingress:%s or cgroup_skb/egress:%s", BPFL_ESC(attach->where),
		       BPFL_ESC(attach->where));
	return -EINVAL;
}

static int cgroup_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	struct bpfl_buf path = BPFL_BUF_INIT;
	int ret = check_direction(attach, err);

	if (ret == 0)
		ret = bpfl_cgroup_open(attach->where, &path, err);
	if (ret >= 0)
		bpfl_enter_close(ret);
	bpfl_buf_deinit(&path);
	return ret < 0 ? ret : 0;
}

/* ---- refusals ---- */

/* Looks at the cgroup and those above it for a program that allows no second one. True: found, and told. */
static bool find_exclusive(const char *path, uint32_t attach_type, struct bpfl_error *err)
{
	struct bpfl_buf dir = BPFL_BUF_INIT;
	bool found = false;

	bpfl_buf_text(&dir, path);
	while (bpfl_buf_ok(&dir) && !found) {
		int fd = bpfl_enter_openat(AT_FDCWD, dir.data, O_RDONLY | O_DIRECTORY, 0), nr = -1;
		uint32_t ids[BPFL_QUERY_MAX], flags = 0;
		char *slash = strrchr(dir.data, '/');

		if (fd >= 0)
			nr = bpfl_to_fd_query(fd, attach_type, ids, &flags);
		bpfl_enter_close(fd);
		found = nr > 0 && !(flags & FLAG_ALLOW_MULTI);
		if (found) {
			bpfl_error_set(err, BPFL_ERR_TARGET, EPERM, "cgroup '%s' takes no second program for this hook",
				       BPFL_ESC(path));
			bpfl_error_catalogue(err, 32);
			bpfl_holder_why(err, ids[0],
					strcmp(path, dir.data) == 0 ? " to it without allowing others"
								    : " to a cgroup above it without allowing others");
			bpfl_error_fix(err,
				       "whoever attached it must allow others (BPF_F_ALLOW_MULTI), or let go of it: "
				       "bpftool cgroup show %s",
				       BPFL_ESC(dir.data));
		}
		if (nr < 0 || !slash || slash == dir.data) /* above the mount */
			break;
		*slash = '\0';
	}
	bpfl_buf_deinit(&dir);
	return found;
}

static int refuse(const struct bpfl_attach_ctx *ctx, const char *path, int errnum, struct bpfl_error *err)
{
	const struct bpfl_section_row *row = ctx->attach->row;

	if (errnum == EPERM && find_exclusive(path, (uint32_t)row->attach_type, err))
		return -errnum;
	bpfl_error_set(err, BPFL_ERR_SYSTEM, errnum, "cgroup '%s' does not take the program: %s", BPFL_ESC(path),
		       bpfl_errno_text(errnum));
	if (errnum == E2BIG) {
		err->kind = BPFL_ERR_TARGET;
		bpfl_error_catalogue(err, 32);
		bpfl_error_why(err, "a cgroup takes at most 64 programs for one hook");
	} else if (errnum == EINVAL) {
		bpfl_error_why(err, "the kernel may not know %s programs, or was built without CONFIG_CGROUP_BPF",
			       row->name);
	}
	bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, (unsigned)row->prog_type, errnum, ctx->object->target);
	return -errnum;
}

/* ---- attaching ---- */

static const struct {
	uint32_t flags;
	const char *words;
} ways[] = {
	{ FLAG_ALLOW_MULTI, "others may attach too" },
	{ FLAG_ALLOW_OVERRIDE, "a cgroup below may have another instead" },
	{ 0, "nobody else may attach" },
};

/* Before Linux 5.7. EINVAL: the kernel does not know the flag. */
static int attach_without_link(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, const char *path)
{
	uint32_t attach_type = (uint32_t)ctx->attach->row->attach_type;
	int ret = -EINVAL;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]) && ret == -EINVAL; i++) {
		ret = bpfl_to_fd_attach(ctx, link, link->event_fd, attach_type, ways[i].flags);
		if (ret == 0)
			bpfl_log_line(ctx->log, BPFL_LOG_WARN,
				      "this kernel has no cgroup links (Linux 5.7): the program stays on '%s' if this process is killed (%s)",
				      BPFL_ESC(path), ways[i].words);
	}
	return ret;
}

static int attach_at(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, const char *path,
		     struct bpfl_error *err)
{
	const struct bpfl_section_row *row = ctx->attach->row;
	struct bpfl_attr_link_create attr = {
		.prog_fd = (uint32_t)ctx->prog_fd,
		.target_fd = (uint32_t)link->event_fd,
		.attach_type = (uint32_t)row->attach_type,
	};
	int ret = bpfl_to_fd_link(ctx, link, &attr, BPFL_FEATURE_CGROUP_LINK);

	if (ret == 1 && row->hook == BPFL_HOOK_LSM_CGROUP)
		ret = -EINVAL; /* came after links */
	if (ret == 1) {
		ret = attach_without_link(ctx, link, path);
		if (ret == 0)
			ctx->object->target->features[BPFL_FEATURE_CGROUP_LINK] = BPFL_NO;
	}
	if (ret < 0)
		return refuse(ctx, path, -ret, err);
	ret = bpfl_link_describe(link, ctx, "%s%s%s on cgroup %s%s", row->name, *ctx->attach->target ? "/" : "",
				 ctx->attach->target, BPFL_ESC(path), link->detach ? " (by PROG_ATTACH)" : "");
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

static int cgroup_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	struct bpfl_buf path = BPFL_BUF_INIT;
	int ret = check_direction(ctx->attach, err);

	if (ret == 0)
		ret = bpfl_cgroup_open(ctx->attach->where, &path, err);
	if (ret >= 0) {
		link->event_fd = ret;
		ret = attach_at(ctx, link, path.data, err);
	}
	bpfl_buf_deinit(&path);
	return ret;
}

const struct bpfl_hook_ops bpfl_hook_cgroup = {
	.hook = BPFL_HOOK_CGROUP,
	.options = (const char *const[]){ NULL },
	.check = cgroup_check,
	.attach = cgroup_attach,
};

const struct bpfl_hook_ops bpfl_hook_lsm_cgroup = {
	.hook = BPFL_HOOK_LSM_CGROUP,
	.options = (const char *const[]){ NULL },
	.check = cgroup_check,
	.attach = cgroup_attach,
};
