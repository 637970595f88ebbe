/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/cgroup_path.c: finds cgroup2 and a cgroup in it. See attach/cgroup_path.h.
 *
 * cgroup2 is at /sys/fs/cgroup on most systems, at /sys/fs/cgroup/unified beside version 1 on others, and
 * nowhere in some containers. So its place is read from /proc/self/mounts, and a process's cgroup from the line
 * "0::/PATH" of /proc/PID/cgroup, which is relative to it. A directory of version 1 would be refused by the
 * kernel with EBADF, which says nothing: it is recognised here.
 */
#include "attach/cgroup_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "sys/enter.h"
#include "sys/file.h"

#define CGROUP_FILE_SIZE_MAX 65536
#define CGROUP2_MAGIC 0x63677270

/* ---- a place without cgroups ---- */

static int refuse_no_mount(int errnum, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "there is no cgroup2 filesystem here");
	bpfl_error_catalogue(err, 27);
	bpfl_error_why(err, "/proc/self/mounts has no line of type cgroup2, and BPF knows no cgroups of version 1");
	bpfl_error_fix(err, "mount -t cgroup2 cgroup2 /mnt, then write the path below /mnt");
	return -errnum;
}

/* ---- a process's cgroup ---- */

static int refuse_process(const char *pid, int errnum, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "there is no process %s", BPFL_ESC(pid));
	bpfl_error_catalogue(err, 27);
	bpfl_error_why(err, "/proc/%s/cgroup: %s", BPFL_ESC(pid), bpfl_errno_text(errnum));
	bpfl_error_fix(err, "find it: pgrep -l NAME");
	return -errnum;
}

/* Appends the path behind "0::" to path. */
static int append_cgroup_of(const char *pid, struct bpfl_buf *path, struct bpfl_error *err)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	char file[64];
	const char *line;
	int ret;

	snprintf(file, sizeof(file), "/proc/%s/cgroup", pid);
	ret = bpfl_file_read_virtual(AT_FDCWD, file, CGROUP_FILE_SIZE_MAX, &text);
	if (ret < 0)
		return refuse_process(pid, -ret, err);
	line = bpfl_text_has_prefix(text.data, "0::/") ? text.data : strstr(text.data, "\n0::/");
	if (line)
		line = strchr(line, '/');
	if (!line || bpfl_text_has_prefix(line, "/..")) {
		ret = bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT,
				     "process %s is in no cgroup that can be seen from here", BPFL_ESC(pid));
		bpfl_error_catalogue(err, 27);
		bpfl_error_why(err, line ? "its cgroup is outside of this cgroup namespace"
					 : "/proc/PID/cgroup has no line that begins with 0::");
		bpfl_error_fix(err, "give the directory of a cgroup instead");
	} else if (line[1] != '\n') {
		bpfl_buf_printf(path, "%.*s", (int)strcspn(line, "\n"), line);
	}
	bpfl_buf_deinit(&text);
	return ret;
}

/* ---- a directory ---- */

static void offer_name(struct bpfl_near *near, const char *name)
{
	/* Files of the cgroup itself. */
	static const char *const prefixes[] = { "cgroup.", "cpu.",     "cpuset.", "io.",  "memory.",
						"pids.",   "hugetlb.", "misc.",   "rdma." };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (bpfl_text_has_prefix(name, prefixes[i]))
			return;
	}
	bpfl_near_offer(near, name);
}

static int offer_sibling(void *ctx, const char *name)
{
	offer_name(ctx, name);
	return 0;
}

static int refuse_directory(const char *where, const char *path, int errnum, struct bpfl_error *err)
{
	struct bpfl_buf mount = BPFL_BUF_INIT, parent = BPFL_BUF_INIT;
	const char *slash = strrchr(path, '/');
	struct bpfl_near near;
	char names[512];

	bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "there is no cgroup '%s': %s", BPFL_ESC(where),
		       bpfl_errno_text(errnum));
	bpfl_error_catalogue(err, 27);
	if (bpfl_cgroup_mount(&mount) == 0)
		bpfl_error_why(err, "cgroup2 is mounted at '%s'; '%s' is not there", BPFL_ESC(mount.data),
			       BPFL_ESC(path));
	bpfl_near_init(&near, slash ? slash + 1 : path);
	bpfl_buf_printf(&parent, "%.*s", slash ? (int)(slash - path) : 0, path);
	if (parent.size)
		bpfl_enter_list_dir(AT_FDCWD, parent.data, offer_sibling, &near);
	if (near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&near, names, sizeof(names)));
	bpfl_error_fix(err, "make it: mkdir %s; or name one by a process in it: pid:N, self", BPFL_ESC(path));
	bpfl_buf_deinit(&mount);
	bpfl_buf_deinit(&parent);
	return -errnum;
}

static int refuse_version_1(const char *path, struct bpfl_error *err)
{
	struct bpfl_buf mount = BPFL_BUF_INIT;

	bpfl_error_set(err, BPFL_ERR_TARGET, EBADF, "'%s' is not a directory of cgroup2", BPFL_ESC(path));
	bpfl_error_catalogue(err, 27);
	bpfl_error_why(err, "BPF programs are attached to cgroups of version 2 only");
	if (bpfl_cgroup_mount(&mount) == 0)
		bpfl_error_fix(err, "cgroup2 is mounted at '%s': name a directory there", BPFL_ESC(mount.data));
	bpfl_buf_deinit(&mount);
	return -EBADF;
}

static int open_directory(const char *path)
{
	return bpfl_enter_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
}

/* Fills path with the directory that where means; 0 or the error. */
static int find_path(const char *where, struct bpfl_buf *path, struct bpfl_error *err)
{
	bool is_self = strcmp(where, "self") == 0, is_pid = bpfl_text_has_prefix(where, "pid:");
	int fd, ret;

	if (where[0] == '/') {
		/* As it stands; else as /proc/PID/cgroup writes it, from the mount on. */
		fd = open_directory(where);
		bpfl_enter_close(fd);
		if (fd >= 0 || bpfl_cgroup_mount(path) < 0 || bpfl_text_has_prefix(where, path->data)) {
			bpfl_buf_deinit(path);
			bpfl_buf_text(path, where);
			return 0;
		}
		bpfl_buf_text(path, where);
		return 0;
	}
	ret = bpfl_cgroup_mount(path);
	if (ret < 0)
		return refuse_no_mount(-ret, err);
	if (is_self || is_pid)
		return append_cgroup_of(is_self ? where : where + 4, path, err);
	bpfl_buf_printf(path, "/%s", where);
	return 0;
}

int bpfl_cgroup_open(const char *where, struct bpfl_buf *ret_path, struct bpfl_error *err)
{
	long fs_type = 0;
	int fd, ret = find_path(where, ret_path, err);

	if (ret < 0)
		return ret;
	if (!bpfl_buf_ok(ret_path))
		return bpfl_error_nomem(err);
	fd = open_directory(ret_path->data);
	if (fd < 0)
		return refuse_directory(where, ret_path->data, -fd, err);
	if (bpfl_enter_statfs_type(ret_path->data, &fs_type) == 0 && fs_type != CGROUP2_MAGIC) {
		bpfl_enter_close(fd);
		return refuse_version_1(ret_path->data, err);
	}
	return fd;
}
