/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/tracefs.c: finds tracefs, or mounts it where nobody sees it.
 *
 * The places where it usually is come first; they cost one statfs(2) each. Only then /proc/self/mounts is read.
 * The last way is the new mount API (Linux 5.2): fsopen, create, fsmount give a descriptor of a mount that
 * belongs to no mount namespace. tracefs has one superblock per system, so that mount shows the same events and
 * instances as every other.
 */
#include "sys/tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "base/buf.h"
#include "sys/enter.h"
#include "sys/facts.h"
#include "sys/file.h"

#define MOUNTS_SIZE_MAX (4u << 20)
#define NAME_LEN_MAX 127

static const char *const usual_places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
#define NR_USUAL_PLACES (sizeof(usual_places) / sizeof(usual_places[0]))

/* An fd of the directory when it is tracefs; -ENOENT when it is something else or nothing. */
static int open_if_tracefs(const char *path)
{
	long fs_type = 0;
	int ret = bpfl_enter_statfs_type(path, &fs_type);

	if (ret < 0)
		return ret;
	if (fs_type != BPFL_TRACEFS_MAGIC)
		return -ENOENT;
	return bpfl_enter_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
}

/* The kernel writes blanks, tabs, newlines and backslashes of a path as three octal digits. */
static void unescape_mount_path(char *path)
{
	char *out = path;

	for (const char *in = path; *in; out++) {
		if (in[0] == '\\' && strspn(in + 1, "01234567") >= 3) {
			*out = (char)(((in[1] - '0') << 6) | ((in[2] - '0') << 3) | (in[3] - '0'));
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
}

/* An fd of a tracefs that is mounted somewhere else; the last refusal, or -ENOENT. */
static int open_from_mounts(void)
{
	struct bpfl_buf mounts = BPFL_BUF_INIT;
	int ret = bpfl_file_read_virtual(AT_FDCWD, "/proc/self/mounts", MOUNTS_SIZE_MAX, &mounts);
	int fd = -ENOENT;
	char *next = mounts.data;

	if (ret < 0 || !mounts.data)
		goto out;
	for (char *line; fd < 0 && (line = strsep(&next, "\n")) != NULL;) {
		const char *device = strsep(&line, " ");
		char *path = strsep(&line, " ");
		const char *fs_name = strsep(&line, " ");

		if (!device || !path || !fs_name || strcmp(fs_name, "tracefs") != 0)
			continue;
		unescape_mount_path(path);
		fd = open_if_tracefs(path);
	}
out:
	bpfl_buf_deinit(&mounts);
	return fd;
}

static int open_detached(void)
{
	int fs_fd = bpfl_enter_fsopen("tracefs");
	int ret;

	if (fs_fd < 0)
		return fs_fd;
	ret = bpfl_enter_fs_create(fs_fd);
	if (ret >= 0)
		ret = bpfl_enter_fsmount(fs_fd);
	bpfl_enter_close(fs_fd);
	return ret;
}

static bool is_refusal(int ret)
{
	return ret == -EPERM || ret == -EACCES;
}

/* E21 with what each place answered. */
static int refuse(const int place_ret[NR_USUAL_PLACES], int detached_ret, struct bpfl_error *err)
{
	bool refused = is_refusal(detached_ret);

	for (size_t i = 0; i < NR_USUAL_PLACES; i++)
		refused = refused || is_refusal(place_ret[i]);
	bpfl_error_set(err, refused ? BPFL_ERR_PERMISSION : BPFL_ERR_UNSUPPORTED, -detached_ret,
		       "tracefs cannot be reached: it holds the ids of tracepoints and the output of bpf_printk()");
	bpfl_error_catalogue(err, 21);
	for (size_t i = 0; i < NR_USUAL_PLACES; i++) {
		if (place_ret[i] == -ENOENT)
			bpfl_error_why(err, "%s: no tracefs is mounted there", usual_places[i]);
		else
			bpfl_error_why(err, "%s: %s", usual_places[i], bpfl_errno_text(-place_ret[i]));
	}
	if (detached_ret == -ENOSYS)
		bpfl_error_why(err, "a mount of our own: this kernel is older than 5.2");
	else if (detached_ret == -ENODEV)
		bpfl_error_why(err, "a mount of our own: this kernel is built without CONFIG_TRACING");
	else
		bpfl_error_why(err, "a mount of our own: %s%s", bpfl_errno_text(-detached_ret),
			       bpfl_facts_has_cap(BPFL_CAP_SYS_ADMIN) ? "" : ", CAP_SYS_ADMIN is missing");
	bpfl_error_fix(err, "mount -t tracefs tracefs /sys/kernel/tracing");
	if (refused)
		bpfl_error_fix(err, "run as root, or give this user access: mount -o remount,gid=GROUP,mode=750 "
				    "/sys/kernel/tracing");
	return -(detached_ret < 0 ? -detached_ret : ENOENT);
}

int bpfl_tracefs_open(int *ret_dir_fd, struct bpfl_error *err)
{
	int place_ret[NR_USUAL_PLACES];
	int fd = -ENOENT;

	for (size_t i = 0; i < NR_USUAL_PLACES && fd < 0; i++)
		fd = place_ret[i] = open_if_tracefs(usual_places[i]);
	if (fd < 0)
		fd = open_from_mounts();
	if (fd < 0)
		fd = open_detached();
	if (fd < 0)
		return refuse(place_ret, fd, err);
	*ret_dir_fd = fd;
	return 0;
}

bool bpfl_tracefs_name_ok(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return len > 0 && len <= NAME_LEN_MAX && name[len] == '\0' && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

int bpfl_tracefs_event_id(int dir_fd, const char *category, const char *name, uint64_t *ret_id)
{
	char path[2 * NAME_LEN_MAX + 16];

	if (!bpfl_tracefs_name_ok(category) || !bpfl_tracefs_name_ok(name))
		return -EINVAL;
	snprintf(path, sizeof(path), "events/%s/%s/id", category, name);
	return bpfl_file_read_u64(dir_fd, path, ret_id);
}
