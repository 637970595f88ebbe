/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/owner_key.c: from words to the owner of an element. See owner_key.h.
 *
 * Storage maps (of sockets 5.2, of files 5.10, of tasks 5.11, of cgroups 6.2) have no list of elements: each
 * hangs on what it belongs to, and the key of a system call is a descriptor of that: a pidfd, a file, a
 * directory in cgroup2, a socket. A socket of another process is borrowed from it by pidfd_getfd(2) (Linux 5.6).
 */
#include "event/owner_key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/error.h"
#include "base/text.h"
#include "sys/enter.h"

#define PID_PREFIX "pid:"
#define FD_PREFIX "fd:"
#define CGROUP2_MAGIC 0x63677270

bool bpfl_owner_is_key(const struct bpfl_map *map)
{
	return map->type == BPFL_MAP_TYPE_TASK_STORAGE || map->type == BPFL_MAP_TYPE_INODE_STORAGE ||
	       map->type == BPFL_MAP_TYPE_CGRP_STORAGE || map->type == BPFL_MAP_TYPE_SK_STORAGE;
}

/* The number behind a prefix, up to end; -1: there is none. */
static int number_of(const char *text, const char *prefix, const char *end)
{
	char digits[12];
	uint64_t number;
	size_t len;

	if (!bpfl_text_has_prefix(text, prefix))
		return -1;
	text += strlen(prefix);
	len = (size_t)(end - text);
	if (len == 0 || len >= sizeof(digits))
		return -1;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return bpfl_text_to_u64(digits, &number) == 0 && number <= INT32_MAX ? (int)number : -1;
}

static int refused(const char *text, const char *what, int ret, struct bpfl_error *err)
{
	enum bpfl_error_kind kind = ret == -EPERM || ret == -EACCES ? BPFL_ERR_PERMISSION : BPFL_ERR_TARGET;

	return bpfl_error_set(err, kind, -ret, "%s '%s': %s", what, BPFL_ESC(text), bpfl_errno_text(-ret));
}

static int other_words(const struct bpfl_map *map, const char *text, const char *wanted, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' names no %s", BPFL_ESC(text),
		       bpfl_owner_is_key(map) ? "owner" : "socket");
	bpfl_error_fix(err, "write %s", wanted);
	return -EINVAL;
}

static int task_open(const struct bpfl_map *map, const char *text, struct bpfl_error *err)
{
	bool is_self = strcmp(text, "self") == 0;
	int pid = is_self ? 0 : number_of(text, PID_PREFIX, text + strlen(text)), fd;

	if (pid < 0 || (pid == 0 && !is_self))
		return other_words(map, text, "pid:17 or self", err);
	fd = bpfl_enter_pidfd(pid, -1);
	return fd < 0 ? refused(text, "process", fd, err) : fd;
}

int bpfl_socket_open(const struct bpfl_map *map, const char *text, struct bpfl_error *err)
{
	const char *slash = strchr(text, '/');
	int pid = slash ? number_of(text, PID_PREFIX, slash) : 0;
	const char *rest = slash ? slash + 1 : text;
	struct stat info;
	int target = number_of(rest, FD_PREFIX, rest + strlen(rest)), fd;

	if (pid < 0 || (slash && pid == 0) || target < 0)
		return other_words(map, text, "pid:17/fd:3, or fd:3 for a socket of this process", err);
	fd = bpfl_enter_pidfd(pid, target);
	if (fd >= 0 && (bpfl_enter_fstat(fd, &info) < 0 || !S_ISSOCK(info.st_mode))) {
		bpfl_enter_close(fd);
		return bpfl_error_set(err, BPFL_ERR_TARGET, ENOTSOCK, "'%s' is not a socket", BPFL_ESC(text));
	}
	return fd < 0 ? refused(text, "socket", fd, err) : fd;
}

int bpfl_owner_open(const struct bpfl_map *map, const char *text, struct bpfl_error *err)
{
	bool is_cgroup = map->type == BPFL_MAP_TYPE_CGRP_STORAGE;
	long fs_type = CGROUP2_MAGIC;
	int fd;

	if (map->type == BPFL_MAP_TYPE_TASK_STORAGE)
		return task_open(map, text, err);
	if (map->type == BPFL_MAP_TYPE_SK_STORAGE)
		return bpfl_socket_open(map, text, err);
	if (is_cgroup && bpfl_enter_statfs_type(text, &fs_type) == 0 && fs_type != CGROUP2_MAGIC)
		return bpfl_error_set(err, BPFL_ERR_TARGET, EINVAL, "'%s' is not a directory of cgroup2",
				      BPFL_ESC(text));
	/* A path, not opened: a FIFO or a device would notice. */
	fd = bpfl_enter_openat(AT_FDCWD, text, is_cgroup ? O_RDONLY | O_DIRECTORY : O_PATH, 0);
	return fd < 0 ? refused(text, is_cgroup ? "cgroup" : "file", fd, err) : fd;
}
