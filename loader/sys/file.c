/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/file: whole files into memory. See sys/file.h.
 *
 * A path from the command line may name anything. It is opened without blocking, looked at through the
 * descriptor (so that it cannot be exchanged in between), and read in pieces until its end, whatever size it
 * claimed to have.
 */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "base/text.h"
#include "sys/enter.h"

#define PIECE_SIZE 16384
#define NUMBER_FILE_SIZE 256
#define LINE_SIZE_MAX 8192u

/*
 * Reads to the end of fd: into the room that out has already, then piece by piece. -EFBIG when there is more
 * than size_max.
 */
static int read_all(int fd, uint64_t size_max, struct bpfl_buf *out)
{
	char piece[PIECE_SIZE];

	for (;;) {
		size_t room = out->cap > out->size + 1 ? out->cap - out->size - 1 : 0;
		ssize_t got = room > 0 ? bpfl_enter_read(fd, out->data + out->size, room)
				       : bpfl_enter_read(fd, piece, sizeof(piece));

		if (got <= 0)
			return (int)got;
		if ((uint64_t)got > size_max - out->size)
			return -EFBIG;
		if (room > 0) {
			out->size += (size_t)got;
			out->data[out->size] = '\0';
		} else {
			bpfl_buf_append(out, piece, (size_t)got);
		}
		if (!bpfl_buf_ok(out))
			return -ENOMEM;
	}
}

static const struct {
	unsigned mode;
	int errnum;
	const char *what;
} odd_kinds[] = {
	{ S_IFDIR, EISDIR, "is a directory" },
	{ S_IFIFO, EINVAL, "is a FIFO" },
	{ S_IFCHR, EINVAL, "is a character device" },
	{ S_IFBLK, EINVAL, "is a block device" },
	{ S_IFSOCK, EINVAL, "is a socket" },
};

static int check_kind(const struct stat *st, uint64_t size_max, struct bpfl_error *err)
{
	int ret;

	for (size_t i = 0; i < sizeof(odd_kinds) / sizeof(odd_kinds[0]); i++) {
		if ((st->st_mode & S_IFMT) != odd_kinds[i].mode)
			continue;
		ret = bpfl_error_set(err, BPFL_ERR_OBJECT, odd_kinds[i].errnum, "%s, not a file", odd_kinds[i].what);
		bpfl_error_catalogue(err, 28);
		bpfl_error_why(err, "stat gives mode 0%o", (unsigned)st->st_mode);
		bpfl_error_fix(err, "name a regular file, as clang -target bpf -c writes it");
		return ret;
	}
	if (!S_ISREG(st->st_mode))
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL, "not a regular file");
	if (st->st_size < 0 || (uint64_t)st->st_size > size_max) {
		ret = bpfl_error_set(err, BPFL_ERR_OBJECT, EFBIG, "too large: %lld bytes, at most %llu are read",
				     (long long)st->st_size, (unsigned long long)size_max);
		bpfl_error_catalogue(err, 28);
		bpfl_error_fix(err, "an object of clang has a few hundred KiB: is this the right file?");
		return ret;
	}
	return 0;
}

static int open_error(int ret, struct bpfl_error *err)
{
	switch (-ret) {
	case ENOENT:
		bpfl_error_set(err, BPFL_ERR_SYSTEM, ENOENT, "no such file");
		bpfl_error_why(err, "open: %s", bpfl_errno_text(ENOENT));
		bpfl_error_fix(err, "check the path");
		break;
	case ENOTDIR:
		bpfl_error_set(err, BPFL_ERR_SYSTEM, ENOTDIR, "a part of the path is not a directory");
		bpfl_error_fix(err, "check the path");
		break;
	case EACCES:
	case EPERM:
		bpfl_error_set(err, BPFL_ERR_PERMISSION, -ret, "no permission to read the file");
		bpfl_error_why(err, "open: %s", bpfl_errno_text(-ret));
		bpfl_error_fix(err, "make it readable for this user, with its directories searchable");
		break;
	case ENXIO: /* what open(2) says to a socket */
		bpfl_error_set(err, BPFL_ERR_OBJECT, ENXIO, "is a socket or a device without a driver, not a file");
		bpfl_error_fix(err, "name a regular file, as clang -target bpf -c writes it");
		break;
	default:
		bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "cannot open: %s", bpfl_errno_text(-ret));
		return ret;
	}
	bpfl_error_catalogue(err, 28);
	return ret;
}

int bpfl_file_read(const char *path, uint64_t size_max, struct bpfl_buf *ret_buf, struct bpfl_error *err)
{
	struct bpfl_buf buf = BPFL_BUF_INIT;
	struct stat st;
	int fd, ret;

	/* O_NONBLOCK: a FIFO without a writer would wait for one. O_NOCTTY: a terminal would become ours. */
	fd = bpfl_enter_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0) {
		ret = open_error(fd, err);
		goto out;
	}
	ret = bpfl_enter_fstat(fd, &st);
	if (ret < 0) {
		ret = bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "cannot stat: %s", bpfl_errno_text(-ret));
		goto out;
	}
	ret = check_kind(&st, size_max, err);
	if (ret < 0)
		goto out;
	/* As much as it says that it has; a file that grows meanwhile is read to its end all the same. */
	ret = bpfl_buf_reserve(&buf, (size_t)st.st_size) ? read_all(fd, size_max, &buf) : -ENOMEM;
	if (ret == -EFBIG)
		bpfl_error_set(err, BPFL_ERR_OBJECT, EFBIG, "too large: it goes on behind %llu bytes",
			       (unsigned long long)size_max);
	else if (ret == -ENOMEM)
		bpfl_error_nomem(err);
	else if (ret < 0)
		bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "cannot read: %s", bpfl_errno_text(-ret));
out:
	bpfl_enter_close(fd);
	if (ret < 0) {
		bpfl_error_prefix(err, "%s", BPFL_ESC(path));
		bpfl_buf_deinit(&buf);
		return ret;
	}
	*ret_buf = buf;
	return 0;
}

int bpfl_file_read_virtual(int dir_fd, const char *path, uint64_t size_max, struct bpfl_buf *ret_buf)
{
	struct bpfl_buf buf = BPFL_BUF_INIT;
	int fd = bpfl_enter_openat(dir_fd, path, O_RDONLY, 0), ret;

	if (fd < 0)
		return fd;
	ret = read_all(fd, size_max, &buf);
	bpfl_enter_close(fd);
	bpfl_buf_text(&buf, ""); /* an empty file gives "" and not NULL */
	if (ret == 0 && (!bpfl_buf_ok(&buf) || !buf.data))
		ret = -ENOMEM;
	if (ret < 0) {
		bpfl_buf_deinit(&buf);
		return ret;
	}
	*ret_buf = buf;
	return 0;
}

/*
 * Hands out the whole lines of data[0..size); what is left of the last one is moved to the front. Returns
 * each()'s verdict.
 */
static int take_lines(char *data, size_t *size, int (*each)(void *ctx, char *line), void *ctx)
{
	char *line = data, *end = data + *size, *newline;
	int ret = 0;

	while (ret == 0 && (newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		*newline = '\0';
		ret = each(ctx, line);
		line = newline + 1;
	}
	*size = (size_t)(end - line);
	memmove(data, line, *size);
	return ret;
}

int bpfl_file_each_line(int dir_fd, const char *path, int (*each)(void *ctx, char *line), void *ctx)
{
	char data[4 * PIECE_SIZE + 1];
	int fd = bpfl_enter_openat(dir_fd, path, O_RDONLY, 0), ret = 0;
	size_t used = 0;
	ssize_t got = 0;

	if (fd < 0)
		return fd;
	while (ret == 0 && (got = bpfl_enter_read(fd, data + used, sizeof(data) - 1 - used)) > 0) {
		used += (size_t)got;
		ret = take_lines(data, &used, each, ctx);
		if (used > LINE_SIZE_MAX)
			used = 0; /* not what these files are for */
	}
	bpfl_enter_close(fd);
	if (ret == 0 && got == 0 && used > 0) {
		data[used] = '\0'; /* no newline at the end */
		ret = each(ctx, data);
	}
	return ret != 0 ? ret : (int)got;
}

int bpfl_file_read_u64(int dir_fd, const char *path, uint64_t *ret_value)
{
	struct bpfl_buf buf = BPFL_BUF_INIT;
	int ret = bpfl_file_read_virtual(dir_fd, path, NUMBER_FILE_SIZE, &buf);

	if (ret < 0)
		return ret;
	buf.data[strcspn(buf.data, " \t\n")] = 0;
	ret = bpfl_text_to_u64(buf.data, ret_value);
	bpfl_buf_deinit(&buf);
	return ret;
}

int bpfl_file_write_text(int dir_fd, const char *path, const char *text)
{
	/* No O_TRUNC: in tracefs that alone clears a file such as kprobe_events. */
	int fd = bpfl_enter_openat(dir_fd, path, O_WRONLY, 0);
	size_t size = strlen(text);
	ssize_t written;

	if (fd < 0)
		return fd;
	written = bpfl_enter_write(fd, text, size);
	bpfl_enter_close(fd);
	if (written < 0)
		return (int)written;
	return (size_t)written == size ? 0 : -EIO; /* the kernel takes such a text whole or not */
}

bool bpfl_file_is_there(int dir_fd, const char *path)
{
	int fd = bpfl_enter_openat(dir_fd, path, O_PATH, 0);

	if (fd < 0)
		return false;
	bpfl_enter_close(fd);
	return true;
}
