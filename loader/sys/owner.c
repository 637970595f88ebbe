/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/owner.c: reads /proc for who a process is and whether it still lives. See sys/owner.h.
 */
#include "sys/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "sys/enter.h"
#include "sys/file.h"

#define STAT_SIZE_MAX 4096
#define START_FIELD 22 /* of /proc/PID/stat */

/*
 * "1234 (name) S 1 ...": the name may contain anything, also spaces and parentheses, so counting begins behind
 * the last ')', where the third field stands.
 */
static int parse_stat(const char *text, int *ret_pid, uint64_t *ret_start)
{
	const char *at = strrchr(text, ')');

	if (!at || sscanf(text, "%d", ret_pid) != 1)
		return -EBADMSG;
	for (int field = 2; field < START_FIELD; field++) {
		at = strchr(at + 1, ' ');
		if (!at)
			return -EBADMSG;
	}
	return sscanf(at, "%" SCNu64, ret_start) == 1 ? 0 : -EBADMSG;
}

/* dir: "self" or a number. */
static int read_stat(const char *dir, int *ret_pid, uint64_t *ret_start)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "/proc/%s/stat", dir);
	ret = bpfl_file_read_virtual(AT_FDCWD, path, STAT_SIZE_MAX, &text);
	if (ret >= 0)
		ret = parse_stat(text.data, ret_pid, ret_start);
	bpfl_buf_deinit(&text);
	return ret < 0 ? ret : 0;
}

int bpfl_owner_self(struct bpfl_owner *ret)
{
	struct bpfl_owner owner;
	struct stat stat;
	int fd = bpfl_enter_openat(AT_FDCWD, "/proc/self/ns/pid", O_RDONLY, 0), error;

	if (fd < 0)
		return fd;
	error = bpfl_enter_fstat(fd, &stat);
	bpfl_enter_close(fd);
	if (error == 0)
		error = read_stat("self", &owner.pid, &owner.start);
	if (error < 0)
		return error;
	owner.pid_ns = stat.st_ino;
	*ret = owner;
	return 0;
}

char *bpfl_owner_text(const struct bpfl_owner *owner, char *out, size_t out_size)
{
	snprintf(out, out_size, "%" PRIu64 ".%d.%" PRIu64, owner->pid_ns, owner->pid, owner->start);
	return out;
}

bool bpfl_owner_parse(const char *text, struct bpfl_owner *ret, const char **ret_end)
{
	struct bpfl_owner owner;
	int size = 0;

	/* %u would take signs and spaces too. */
	if (strspn(text, "0123456789.") == 0 ||
	    sscanf(text, "%20" SCNu64 ".%10d.%20" SCNu64 "%n", &owner.pid_ns, &owner.pid, &owner.start, &size) != 3 ||
	    strspn(text, "0123456789.") != (size_t)size || owner.pid <= 0)
		return false;
	*ret = owner;
	*ret_end = text + size;
	return true;
}

bool bpfl_owner_is_gone(const struct bpfl_owner *owner)
{
	struct bpfl_owner self;
	char dir[16];
	uint64_t start;
	int pid, ret;

	if (bpfl_owner_self(&self) < 0 || self.pid_ns != owner->pid_ns)
		return false;
	snprintf(dir, sizeof(dir), "%d", owner->pid);
	ret = read_stat(dir, &pid, &start);
	if (ret == 0)
		return start != owner->start;
	/* A /proc mounted with hidepid shows no process of others, not even the first. */
	return (ret == -ENOENT || ret == -ESRCH) && read_stat("1", &pid, &start) == 0;
}
