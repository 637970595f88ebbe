/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/cgroup.c: see sys/cgroup.h.
 */
#include "sys/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "sys/enter.h"
#include "sys/file.h"

#define MOUNTS_SIZE_MAX (4u << 20)

/* A field of /proc/mounts has spaces and the like as "\040". */
static void append_unescaped(struct bpfl_buf *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned value;

		if (text[i] == '\\' && i + 3 < size && sscanf(text + i + 1, "%3o", &value) == 1) {
			bpfl_buf_char(out, (char)value);
			i += 3;
		} else {
			bpfl_buf_char(out, text[i]);
		}
	}
}

int bpfl_cgroup_mount(struct bpfl_buf *ret_path)
{
	struct bpfl_buf mounts = BPFL_BUF_INIT;
	int ret = bpfl_file_read_virtual(AT_FDCWD, "/proc/self/mounts", MOUNTS_SIZE_MAX, &mounts);
	const char *line = mounts.data;

	if (ret < 0)
		return ret;
	ret = -ENOENT;
	/* DEVICE DIRECTORY TYPE OPTIONS 0 0 */
	while (ret == -ENOENT && *line) {
		size_t device = strcspn(line, " \n"), dir, rest;

		rest = device + (line[device] == ' ');
		dir = strcspn(line + rest, " \n");
		if (bpfl_text_has_prefix(line + rest + dir, " cgroup2 ")) {
			append_unescaped(ret_path, line + rest, dir);
			ret = bpfl_buf_ok(ret_path) ? 0 : -ENOMEM;
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	bpfl_buf_deinit(&mounts);
	return ret;
}

int bpfl_cgroup_path_of(uint64_t cgroup_id, char *out, size_t size)
{
	struct bpfl_buf mount = BPFL_BUF_INIT;
	int ret = bpfl_cgroup_mount(&mount);

	if (ret == 0)
		ret = bpfl_enter_cgroup_path(mount.data, cgroup_id, out, size);
	bpfl_buf_deinit(&mount);
	return ret;
}
