/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/uprobe.c: SEC("uprobe/PATH:FUNCTION"), SEC("uretprobe/PATH:FUNCTION"), and their sleepable forms (.s).
 *
 * The probe is a perf event of the uprobe PMU with a path and a byte offset in the file (attach/probe.c), and
 * the program is put on it by a link. It fires in all processes that have the file mapped, now or later; pid=
 * limits it to one.
 *
 * The path is that of this mount namespace. A file of a container is reached with pid=, through /proc/PID/root.
 */
#include "attach/uprobe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include "attach/perf.h"
#include "attach/user_target.h"
#include "base/text.h"

#define REF_CTR_MAX UINT32_MAX /* the kernel has 32 bits for it */

/* Where a semaphore may be: in the file, and its offset fits the event. */
int bpfl_uprobe_check_ref_ctr(const struct bpfl_user_elf *elf, uint64_t ref_ctr_off, struct bpfl_error *err)
{
	if (ref_ctr_off < elf->file_size && ref_ctr_off <= REF_CTR_MAX)
		return 0;
	bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
		       "a reference counter at 0x%" PRIx64 " is not in '%s' (%" PRIu64 " bytes)", ref_ctr_off,
		       BPFL_ESC(elf->path), elf->file_size);
	bpfl_error_fix(err, "ref_ctr= counts bytes of the file, not addresses, and has 32 bits");
	return -EINVAL;
}

/* How a member was attached, for the text of a link. */
static const char *way_text(const struct bpfl_link *link, bool is_legacy)
{
	if (is_legacy)
		return link->link_fd < 0 ? " (event of tracefs, by ioctl)" : " (event of tracefs)";
	return link->link_fd < 0 ? " (by ioctl)" : "";
}

int bpfl_uprobe_attach_at(const struct bpfl_attach_ctx *ctx, const struct bpfl_uprobe *uprobe, struct bpfl_link *link,
			  const char **ret_way, struct bpfl_error *err)
{
	struct bpfl_probe probe = {
		.is_user = true,
		.is_return = uprobe->is_return,
		.where = uprobe->path,
		.offset = uprobe->file_off,
		.ref_ctr_off = uprobe->ref_ctr_off,
		.pid = uprobe->pid,
	};
	bool is_legacy = false;
	int ret = bpfl_probe_open(ctx, &probe, link, &is_legacy, err);

	if (ret == -ENOTSUP || ret == -524)
		bpfl_error_why(err, "the kernel cannot single-step the instruction there");
	if (ret == 0)
		ret = bpfl_perf_join(ctx, uprobe->cookie, link, err);
	if (ret == 0 && ret_way)
		*ret_way = way_text(link, is_legacy);
	return ret;
}

static int uprobe_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	struct bpfl_user_target target;
	uint64_t file_off;
	int ret = bpfl_user_target_open(attach, &target, err);

	if (ret < 0)
		return ret;
	ret = bpfl_user_target_place(&target, attach, &file_off, err);
	if (ret == 0 && bpfl_attach_option(attach, "ref_ctr"))
		ret = bpfl_uprobe_check_ref_ctr(target.elf, bpfl_attach_option_u64(attach, "ref_ctr"), err);
	bpfl_user_target_close(&target);
	return ret;
}

static int uprobe_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const struct bpfl_attach *attach = ctx->attach;
	struct bpfl_user_target target;
	struct bpfl_uprobe uprobe = { .is_return = attach->is_return,
				      .cookie = bpfl_attach_option_u64(attach, "cookie"),
				      .ref_ctr_off = bpfl_attach_option_u64(attach, "ref_ctr") };
	const char *way = "";
	char pid_text[32] = "";
	int ret = bpfl_user_target_open(attach, &target, err);

	if (ret < 0)
		return ret;
	ret = bpfl_user_target_place(&target, attach, &uprobe.file_off, err);
	uprobe.path = target.elf->path;
	uprobe.pid = target.pid;
	if (ret == 0)
		ret = bpfl_uprobe_attach_at(ctx, &uprobe, link, &way, err);
	if (target.pid > 0)
		snprintf(pid_text, sizeof(pid_text), " in process %d", target.pid);
	if (ret == 0 && bpfl_link_describe(link, ctx, "%s %s:%s%s%s", attach->is_return ? "uretprobe" : "uprobe",
					   target.elf->path, target.rest, pid_text, way) < 0)
		ret = bpfl_error_nomem(err);
	bpfl_user_target_close(&target);
	return ret;
}

const struct bpfl_hook_ops bpfl_hook_uprobe = {
	.hook = BPFL_HOOK_UPROBE,
	.options = (const char *const[]){ "pid", "cookie", "offset", "ref_ctr", NULL },
	.check = uprobe_check,
	.attach = uprobe_attach,
};
