/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/uprobe_set.c: one program on many places of a file.
 *
 * One LINK_CREATE takes them all (Linux 6.6), or none: one place that cannot be probed spoils the call, and the
 * kernel does not say which.
 * So a refused set is halved, and the halves are tried, until the bad ones stand alone; the good ones come out
 * in a few links. Whether the kernel knows such links at all is asked before that, and only then: with a path
 * that is no file it answers EBADF, not EINVAL.
 *
 * An older kernel gets a perf event for each place.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include "attach/uprobe.h"
#include "base/text.h"
#include "sys/bpf.h"
#include "sys/enter.h"

#define MULTI_RETURN 1u /* BPF_F_UPROBE_MULTI_RETURN */
#define ENOTSUPP_KERNEL 524

struct attempt {
	const struct bpfl_attach_ctx *ctx;
	const struct bpfl_uprobe_set *set;
	struct bpfl_link *link;
	size_t nr_attached, nr_refused;
	int first_refusal; /* -errno of the first bad member */
};

/* ---- by one link ---- */

static int create_link(const struct attempt *attempt, size_t first, size_t nr)
{
	const struct bpfl_uprobe_set *set = attempt->set;
	struct bpfl_attr_link_create attr = {
		.prog_fd = (uint32_t)attempt->ctx->prog_fd,
		.attach_type = set->is_session ? BPFL_ATTACH_TRACE_UPROBE_SESSION : BPFL_ATTACH_TRACE_UPROBE_MULTI,
	};

	attr.uprobe_multi.path = BPFL_PTR(set->path);
	attr.uprobe_multi.offsets = BPFL_PTR(set->file_offs + first);
	attr.uprobe_multi.ref_ctr_offsets = set->ref_ctr_offs ? BPFL_PTR(set->ref_ctr_offs + first) : 0;
	attr.uprobe_multi.cookies = set->cookies ? BPFL_PTR(set->cookies + first) : 0;
	attr.uprobe_multi.cnt = (uint32_t)nr;
	attr.uprobe_multi.flags = set->is_return ? MULTI_RETURN : 0;
	attr.uprobe_multi.pid = set->pid > 0 ? (uint32_t)set->pid : 0;
	return bpfl_sys_link_create(&attr);
}

/* Asked after a refusal only. */
static bool kernel_has_multi(const struct attempt *attempt)
{
	enum bpfl_answer *known = &attempt->ctx->object->target->features[BPFL_FEATURE_UPROBE_MULTI];
	uint64_t off = 1;
	struct bpfl_uprobe_set no_file = {
		.path = "/", .nr = 1, .file_offs = &off, .is_session = attempt->set->is_session
	};
	struct attempt question = { .ctx = attempt->ctx, .set = &no_file };

	if (*known == BPFL_UNKNOWN)
		*known = create_link(&question, 0, 1) == -EBADF ? BPFL_YES : BPFL_NO;
	return *known == BPFL_YES;
}

/* Refusals that one member may be the reason of. */
static bool is_about_member(int ret)
{
	return ret == -EINVAL || ret == -ENOTSUPP_KERNEL || ret == -EOPNOTSUPP || ret == -EBUSY || ret == -EILSEQ ||
	       ret == -ERANGE;
}

static void report_refused(struct attempt *attempt, size_t member, int ret)
{
	const struct bpfl_uprobe_set *set = attempt->set;

	if (attempt->nr_refused++ == 0)
		attempt->first_refusal = ret;
	bpfl_log_line(attempt->ctx->log, BPFL_LOG_WARN, "%s:%s at 0x%" PRIx64 " is left out: the kernel refuses it: %s",
		      set->path, set->names[member], set->file_offs[member], bpfl_errno_text(-ret));
}

/* 0, also when members were refused; or what stops everything. */
static int link_range(struct attempt *attempt, size_t first, size_t nr)
{
	struct bpfl_link *part;
	int ret = create_link(attempt, first, nr);

	if (ret >= 0) {
		if (bpfl_link_part(attempt->link, &part) < 0) {
			bpfl_enter_close(ret);
			return -ENOMEM;
		}
		part->link_fd = ret;
		attempt->nr_attached += nr;
		return 0;
	}
	if (!is_about_member(ret))
		return ret;
	if (nr == 1) {
		report_refused(attempt, first, ret);
		return 0;
	}
	ret = link_range(attempt, first, nr / 2);
	return ret < 0 ? ret : link_range(attempt, first + nr / 2, nr - nr / 2);
}

/* ---- one by one ---- */

static int probe_each(struct attempt *attempt, struct bpfl_error *err)
{
	const struct bpfl_uprobe_set *set = attempt->set;

	for (size_t i = 0; i < set->nr; i++) {
		struct bpfl_uprobe uprobe = { set->path,
					      set->file_offs[i],
					      set->ref_ctr_offs ? set->ref_ctr_offs[i] : 0,
					      set->cookies ? set->cookies[i] : 0,
					      set->pid,
					      set->is_return };
		struct bpfl_link *part;
		int ret;

		if (bpfl_link_part(attempt->link, &part) < 0)
			return bpfl_error_nomem(err);
		ret = bpfl_uprobe_attach_at(attempt->ctx, &uprobe, part, NULL, err);
		if (ret == 0) {
			attempt->nr_attached++;
			continue;
		}
		bpfl_link_close(part);
		attempt->link->nr_parts--;
		if (!is_about_member(ret) || (err && err->kind == BPFL_ERR_UNSUPPORTED))
			return ret;
		report_refused(attempt, i, ret);
		bpfl_error_clear(err); /* the rest is attached */
	}
	return 0;
}

/* ---- both ---- */

static int refuse(const struct attempt *attempt, int ret, struct bpfl_error *err)
{
	const struct bpfl_uprobe_set *set = attempt->set;

	bpfl_error_set(err, ret == -ENOENT || attempt->nr_refused ? BPFL_ERR_TARGET : BPFL_ERR_SYSTEM, -ret,
		       "probing %zu places of '%s': %s", set->nr, BPFL_ESC(set->path), bpfl_errno_text(-ret));
	if (attempt->nr_refused > 0)
		bpfl_error_why(err, "the kernel refuses each of them: %s at 0x%" PRIx64 ", ...",
			       BPFL_ESC(set->names[0]), set->file_offs[0]);
	bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, attempt->ctx->attach->row->prog_type, -ret,
			      attempt->ctx->object->target);
	return ret;
}

static int refuse_session(struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "this kernel has no uprobe sessions");
	bpfl_error_why(err, "they came with Linux 6.13; a session cannot be made of single probes");
	bpfl_error_fix(err, "a uprobe and a uretprobe instead");
	return -EOPNOTSUPP;
}

int bpfl_uprobe_set_attach(const struct bpfl_attach_ctx *ctx, const struct bpfl_uprobe_set *set, struct bpfl_link *link,
			   char *ret_text, size_t ret_text_size, struct bpfl_error *err)
{
	enum bpfl_answer *known = &ctx->object->target->features[BPFL_FEATURE_UPROBE_MULTI];
	struct attempt attempt = { .ctx = ctx, .set = set, .link = link };
	bool one_by_one = set->one_by_one || *known == BPFL_NO;
	int ret = 0;

	if (!one_by_one) {
		ret = create_link(&attempt, 0, set->nr);
		if (ret >= 0) {
			*known = BPFL_YES;
			link->link_fd = ret;
			ret_text[0] = '\0';
			return 0;
		}
		if (is_about_member(ret))
			one_by_one = !kernel_has_multi(&attempt);
	}
	if (one_by_one && set->is_session)
		return refuse_session(err);
	if (one_by_one) {
		if (!set->one_by_one)
			bpfl_log_line(ctx->log, BPFL_LOG_INFO,
				      "this kernel has no links of many uprobes (Linux 6.6): %zu single ones instead",
				      set->nr);
		ret = probe_each(&attempt, err);
		if (ret < 0)
			return ret;
	} else if (is_about_member(ret)) {
		ret = link_range(&attempt, 0, set->nr);
	}
	if (ret == 0 && attempt.nr_attached == 0)
		ret = attempt.first_refusal;
	if (ret < 0)
		return refuse(&attempt, ret, err);
	if (attempt.nr_refused > 0)
		snprintf(ret_text, ret_text_size, " (%zu of %zu%s)", attempt.nr_attached, set->nr,
			 one_by_one ? ", one by one" : "");
	else
		snprintf(ret_text, ret_text_size, "%s", one_by_one ? " (one by one)" : "");
	return 0;
}
