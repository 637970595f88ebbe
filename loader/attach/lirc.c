/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/lirc.c: lirc_mode2:/dev/lircN, decoders of infrared remote controls (Linux 4.18).
 *
 * There are no links for it: PROG_ATTACH puts the program on the device, where it stays until it is taken away.
 * Several can be there.
 */
#include <errno.h>
#include <fcntl.h>
#include "attach/to_fd.h"
#include "base/text.h"
#include "sys/enter.h"

#define DEVICE_DIR "/dev"
#define DEVICE_PREFIX "lirc"

static int list_device(void *ctx, const char *name)
{
	struct bpfl_buf *list = ctx;

	if (bpfl_text_has_prefix(name, DEVICE_PREFIX))
		bpfl_buf_printf(list, "%s" DEVICE_DIR "/%s", list->size ? ", " : "", BPFL_ESC(name));
	return 0;
}

/* E27 */
static int open_device(const char *path, struct bpfl_error *err)
{
	struct bpfl_buf list = BPFL_BUF_INIT;
	int fd = bpfl_enter_openat(AT_FDCWD, path, O_RDONLY, 0);

	if (fd >= 0)
		return fd;
	bpfl_error_set(err, fd == -EACCES ? BPFL_ERR_PERMISSION : BPFL_ERR_TARGET, -fd, "'%s' cannot be opened: %s",
		       BPFL_ESC(path), bpfl_errno_text(-fd));
	bpfl_error_catalogue(err, 27);
	bpfl_enter_list_dir(AT_FDCWD, DEVICE_DIR, list_device, &list);
	bpfl_error_why(err, "infrared receivers here: %s", list.size ? list.data : "none");
	bpfl_error_fix(err, list.size ? "name one of them"
				      : "a receiver is needed, and a kernel with CONFIG_BPF_LIRC_MODE2");
	bpfl_buf_deinit(&list);
	return fd;
}

static int lirc_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	int fd = open_device(attach->where, err);

	if (fd < 0)
		return fd;
	bpfl_enter_close(fd);
	return 0;
}

static int lirc_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const char *path = ctx->attach->where;
	int ret = open_device(path, err);

	if (ret < 0)
		return ret;
	link->event_fd = ret;
	ret = bpfl_to_fd_attach(ctx, link, link->event_fd, BPFL_ATTACH_LIRC_MODE2, 0);
	if (ret < 0) {
		bpfl_error_set(err, ret == -EEXIST || ret == -E2BIG ? BPFL_ERR_TARGET : BPFL_ERR_SYSTEM, -ret,
			       "'%s' does not take the program: %s", BPFL_ESC(path), bpfl_errno_text(-ret));
		if (ret == -EINVAL)
			bpfl_error_why(err, "either it is no infrared receiver that gives raw pulses, or the kernel "
					    "lacks CONFIG_BPF_LIRC_MODE2");
		if (ret == -E2BIG)
			bpfl_error_why(err, "a receiver takes at most 64 programs");
		bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, BPFL_PROG_LIRC_MODE2, -ret, ctx->object->target);
		return ret;
	}
	bpfl_log_line(ctx->log, BPFL_LOG_WARN,
		      "the kernel has no links for '%s': the program stays there if this process is killed", path);
	ret = bpfl_link_describe(link, ctx, "lirc_mode2 on %s", path);
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

const struct bpfl_hook_ops bpfl_hook_lirc = {
	.hook = BPFL_HOOK_LIRC,
	.options = (const char *const[]){ NULL },
	.check = lirc_check,
	.attach = lirc_attach,
};
