/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/token.c: rights by a token.
 *
 * In a user namespace nobody has CAP_BPF where the kernel looks for it. Since Linux 6.9 the system's root can mount a
 * bpffs for such a namespace and say what may be done from there (delegate_cmds=, delegate_maps=, delegate_progs=,
 * delegate_attachs=). Whoever has CAP_BPF in the namespace makes a token of that file system, and gives it to each call
 * that would be refused otherwise: MAP_CREATE, BTF_LOAD, PROG_LOAD. Container managers mount it at /sys/fs/bpf.
 *
 * So a token is asked for when a call has been refused with EPERM, and once. Where there is none, what is told is the
 * refusal.
 */
#include "kern/load.h"

#include <errno.h>
#include <fcntl.h>
#include "base/text.h"
#include "kern/pin.h"
#include "sys/bpf.h"
#include "sys/enter.h"

bool bpfl_loading_take_token(struct bpfl_loading *loading, int ret)
{
	const char *path = loading->opts.token_path ? loading->opts.token_path : BPFL_BPFFS_PATH;
	int dir_fd, fd;

	if (ret != -EPERM || loading->token_asked || path[0] == '\0')
		return false;
	loading->token_asked = true;
	dir_fd = bpfl_enter_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	fd = dir_fd < 0 ? dir_fd : bpfl_sys_token_create(dir_fd);
	bpfl_enter_close(dir_fd);
	if (fd < 0) {
		bpfl_log_line(&loading->opts.log, loading->opts.token_path ? BPFL_LOG_WARN : BPFL_LOG_DEBUG,
			      "no BPF token from '%s': %s", BPFL_ESC(path), bpfl_errno_text(-fd));
		return false;
	}
	loading->token_fd = fd;
	bpfl_log_line(&loading->opts.log, BPFL_LOG_INFO, "loading with the rights of a BPF token from '%s'",
		      BPFL_ESC(path));
	return true;
}
