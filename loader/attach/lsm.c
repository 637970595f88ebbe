/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/lsm.c: SEC("lsm/HOOK"), SEC("lsm.s/HOOK").
 *
 * A program of a security hook is bound to bpf_lsm_HOOK when it is loaded (Linux 5.7). It is attached like any
 * other tracing program, but whether it ever runs is decided at boot: the kernel calls the hooks of the modules
 * that its lsm= list names, and a list without "bpf" gives a program that loads, attaches and never sees
 * anything. So the list is read before anything is loaded (E25). securityfs need not be mounted; then nobody
 * knows, and the kernel is believed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "attach/link.h"
#include "attach/tracing.h"
#include "base/text.h"
#include "sys/file.h"

#define LSM_LIST "/sys/kernel/security/lsm"

/* "lockdown,capability,bpf\n" */
static bool list_has(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (*list) {
		size_t word = strcspn(list, ",\n");

		if (word == len && strncmp(list, name, len) == 0)
			return true;
		list += word + (list[word] != '\0');
	}
	return false;
}

static int check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	struct bpfl_buf list = BPFL_BUF_INIT;
	int ret = 0;

	(void)attach;
	if (bpfl_file_read_virtual(AT_FDCWD, LSM_LIST, 4096, &list) == 0 && list.data && !list_has(list.data, "bpf")) {
		list.data[strcspn(list.data, "\n")] = '\0';
		ret = bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
				     "this kernel runs no BPF programs at security hooks");
		bpfl_error_catalogue(err, 25);
		bpfl_error_why(err, "%s is '%s': 'bpf' is missing, so the program would be loaded and never called",
			       LSM_LIST, BPFL_ESC(list.data));
		bpfl_error_fix(err, "boot with lsm=%s,bpf", BPFL_ESC(list.data));
	}
	bpfl_buf_deinit(&list);
	return ret;
}

static int refuse(const struct bpfl_attach_ctx *ctx, int errnum, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_SYSTEM, errnum, "attaching to security hook '%s': %s",
		       BPFL_ESC(ctx->attach->target), bpfl_errno_text(errnum));
	bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, ctx->attach->row->prog_type, errnum, ctx->object->target);
	return -errnum;
}

static int attach_lsm(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	uint64_t cookie = bpfl_attach_option_u64(ctx->attach, "cookie");
	int ret = bpfl_tracing_open(ctx->prog_fd, BPFL_ATTACH_LSM_MAC, cookie != 0, cookie);

	if (ret < 0)
		return refuse(ctx, -ret, err);
	link->link_fd = ret;
	ret = bpfl_link_describe(link, ctx, "%s %s", ctx->attach->row->name, ctx->attach->target);
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

const struct bpfl_hook_ops bpfl_hook_lsm = {
	.hook = BPFL_HOOK_LSM,
	.options = (const char *const[]){ "cookie", NULL },
	.check = check,
	.attach = attach_lsm,
};
