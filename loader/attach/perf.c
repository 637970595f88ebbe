/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/perf.c: a perf event and a program on it. See attach/perf.h.
 *
 * The better way to put a program onto an event is a BPF link: it can be pinned, and it carries a cookie.
 * Kernels before 5.15 have only the ioctl. Which of the two a kernel has is learnt from the first attempt and
 * kept in the target.
 */
#include "attach/perf.h"

#include <errno.h>
#include "base/text.h"
#include "sys/bpf.h"
#include "sys/enter.h"

int bpfl_perf_open(const struct bpfl_attach_ctx *ctx, struct bpfl_perf_attr *attr, int pid, int cpu, const char *what,
		   struct bpfl_link *link, struct bpfl_error *err)
{
	bool is_uprobe = ctx->attach->row->hook == BPFL_HOOK_UPROBE || ctx->attach->row->hook == BPFL_HOOK_USDT;
	int fd = bpfl_enter_perf_event_open(attr, pid, cpu, -1, BPFL_PERF_OPEN_FD_CLOEXEC);

	if (fd >= 0) {
		link->event_fd = fd;
		return 0;
	}
	bpfl_error_set(err, BPFL_ERR_SYSTEM, -fd, "perf_event_open for %s: %s", BPFL_ESC(what), bpfl_errno_text(-fd));
	bpfl_diagnose_refusal(err, is_uprobe ? BPFL_WANTED_UPROBE : BPFL_WANTED_PERF_EVENT, ctx->attach->row->prog_type,
			      -fd, ctx->object->target);
	return fd;
}

static int refuse_join(const struct bpfl_attach_ctx *ctx, const char *call, int errnum, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_SYSTEM, errnum, "%s: %s", call, bpfl_errno_text(errnum));
	if (errnum == E2BIG)
		bpfl_error_why(err, "an event takes at most 64 programs");
	if (errnum == EPROTO) {
		/* perf takes the stack itself where the program may ask for it, and must know so from the event. */
		bpfl_error_why(err, "the program uses bpf_get_stackid() or bpf_get_stack(), and the event collects no "
				    "call chain");
		bpfl_error_fix(err, "use another event, or no stack helper in this program");
	}
	bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, ctx->attach->row->prog_type, errnum, ctx->object->target);
	return -errnum;
}

/* Before Linux 5.15. */
static int join_by_ioctl(const struct bpfl_attach_ctx *ctx, uint64_t cookie, struct bpfl_link *link,
			 struct bpfl_error *err)
{
	int ret;

	if (cookie != 0 || bpfl_attach_option(ctx->attach, "cookie")) {
		bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
			       "this kernel has no links for perf events, and only a link carries a cookie");
		bpfl_error_fix(err, "Linux 5.15 or later, or no cookie=");
		return -EOPNOTSUPP;
	}
	ret = bpfl_enter_ioctl(link->event_fd, BPFL_PERF_IOC_SET_BPF, (unsigned long)ctx->prog_fd);
	if (ret < 0)
		return refuse_join(ctx, "putting the program on the event (ioctl)", -ret, err);
	ret = bpfl_enter_ioctl(link->event_fd, BPFL_PERF_IOC_ENABLE, 0);
	if (ret < 0)
		return refuse_join(ctx, "enabling the event (ioctl)", -ret, err);
	return 0;
}

/* EINVAL: an older kernel does not know the command (before 5.7) or the attach type (before 5.15). */
int bpfl_perf_join(const struct bpfl_attach_ctx *ctx, uint64_t cookie, struct bpfl_link *link, struct bpfl_error *err)
{
	enum bpfl_answer *known = &ctx->object->target->features[BPFL_FEATURE_PERF_LINK];
	struct bpfl_attr_link_create attr = {
		.prog_fd = (uint32_t)ctx->prog_fd,
		.target_fd = (uint32_t)link->event_fd,
		.attach_type = BPFL_ATTACH_PERF_EVENT,
	};
	int ret = -EINVAL;

	attr.perf_event.cookie = cookie;
	if (*known != BPFL_NO) {
		ret = bpfl_sys_link_create(&attr);
		if (ret >= 0) {
			*known = BPFL_YES;
			link->link_fd = ret;
			return 0;
		}
	}
	if (ret != -EINVAL || *known == BPFL_YES)
		return refuse_join(ctx, "making a link (LINK_CREATE)", -ret, err);
	ret = join_by_ioctl(ctx, cookie, link, err);
	if (ret == 0)
		*known = BPFL_NO;
	return ret;
}
