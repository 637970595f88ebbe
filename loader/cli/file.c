/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/file.c: results that go into a file of their own: a flame graph, a small BTF, the packet after a test.
 *
 * A file that is there is a whole one: it is written under another name in the same directory and gets its own name
 * last. What is there already and is no regular file (a pipe, /dev/stdout, a link) stays what it is, and is written
 * into.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_replaceable(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 || S_ISREG(st.st_mode);
}

/* Opens a new file beside path. The name is to be freed. */
static int open_beside(const char *path, char **ret_name)
{
	size_t size = strlen(path) + sizeof(".XXXXXX");
	char *name = malloc(size);
	int fd;

	if (!name)
		return -ENOMEM;
	snprintf(name, size, "%s.XXXXXX", path);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0) {
		fd = -errno;
		free(name);
		return fd;
	}
	*ret_name = name;
	return fd;
}

/* Writes and closes. 0 or -errno. */
static int bytes_write(FILE *file, const void *bytes, size_t size)
{
	int errnum = 0;

	errno = 0;
	if (fwrite(bytes, 1, size, file) != size || fflush(file) != 0)
		errnum = errno ? errno : EIO;
	if (file != stdout && fclose(file) != 0 && errnum == 0)
		errnum = errno;
	return -errnum;
}

static int write_into(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	int ret = file ? bytes_write(file, bytes, size) : -errno;

	if (!file && fd >= 0)
		close(fd);
	return ret;
}

static int write_anew(const char *path, const void *bytes, size_t size)
{
	char *part = NULL;
	mode_t mask = umask(0);
	FILE *file = NULL;
	int fd, ret;

	umask(mask);
	fd = open_beside(path, &part);
	if (fd < 0)
		return fd;
	if (fchmod(fd, 0666 & ~mask) == 0)
		file = fdopen(fd, "w");
	ret = file ? bytes_write(file, bytes, size) : -errno;
	if (!file)
		close(fd);
	if (ret == 0 && rename(part, path) != 0)
		ret = -errno;
	if (ret < 0)
		unlink(part);
	free(part);
	return ret;
}

int file_write(const char *option, const char *path, const void *bytes, size_t size, struct bpfl_error *err)
{
	int ret = strcmp(path, "-") == 0 ? bytes_write(stdout, bytes, size)
		  : is_replaceable(path) ? write_anew(path, bytes, size)
					 : write_into(path, bytes, size);

	if (ret == -EPIPE && strcmp(path, "-") == 0) /* who reads has seen enough */
		return 0;
	return ret < 0 ? out_errno(err, -ret, "--%s: '%.300s'", option, path) : 0;
}

int file_check(const char *option, const char *path, struct bpfl_error *err)
{
	struct stat st;
	char *part = NULL;
	int fd = -1, ret = 0;

	if (strcmp(path, "-") == 0)
		return 0;
	if (is_replaceable(path))
		ret = fd = open_beside(path, &part);
	else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		ret = -EISDIR;
	if (fd >= 0) {
		close(fd);
		unlink(part);
		free(part);
	}
	return ret < 0 ? out_errno(err, -ret, "--%s: '%.300s'", option, path) : 0;
}
