/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/error.c: the error that travels from the fault to the user.
 *
 * All text lives in fixed arrays of the caller's struct, so making an error never allocates and cannot fail.
 * Text that does not fit is cut at the end; a prefix pushes the tail out, because the path to the fault matters
 * more than its last words.
 */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *bpfl_version(void)
{
	return BPFL_VERSION_STRING;
}

void bpfl_error_clear(struct bpfl_error *err)
{
	if (!err)
		return;
	free(err->verifier_log);
	memset(err, 0, sizeof(*err));
}

int bpfl_error_set(struct bpfl_error *err, enum bpfl_error_kind kind, int errnum, const char *fmt, ...)
{
	if (errnum <= 0)
		errnum = EINVAL;
	if (err) {
		char message[BPFL_ERROR_TEXT_SIZE];
		va_list args;

		/* The arguments may point into the old message: format first, clear then. */
		va_start(args, fmt);
		vsnprintf(message, sizeof(message), fmt, args);
		va_end(args);
		bpfl_error_clear(err);
		err->kind = kind;
		err->errnum = errnum;
		memcpy(err->message, message, sizeof(message));
	}
	return -errnum;
}

int bpfl_error_nomem(struct bpfl_error *err)
{
	return bpfl_error_set(err, BPFL_ERR_SYSTEM, ENOMEM, "out of memory");
}

void bpfl_error_prefix(struct bpfl_error *err, const char *fmt, ...)
{
	char prefix[BPFL_ERROR_TEXT_SIZE];
	char message[BPFL_ERROR_TEXT_SIZE];
	size_t prefix_len;
	va_list args;

	if (!err || err->kind == BPFL_ERR_NONE)
		return;
	va_start(args, fmt);
	vsnprintf(prefix, sizeof(prefix) - 2, fmt, args);
	va_end(args);
	prefix_len = strlen(prefix);
	memcpy(prefix + prefix_len, ": ", 3);
	prefix_len += 2;
	memcpy(message, err->message, sizeof(message));
	memcpy(err->message, prefix, prefix_len);
	snprintf(err->message + prefix_len, sizeof(err->message) - prefix_len, "%s", message);
}

static void line_add(char *text, const char *fmt, va_list args) BPFL_PRINTF(2, 0);

static void line_add(char *text, const char *fmt, va_list args)
{
	size_t used = strlen(text);

	if (used > 0 && used + 1 < BPFL_ERROR_TEXT_SIZE)
		text[used++] = '\n';
	vsnprintf(text + used, BPFL_ERROR_TEXT_SIZE - used, fmt, args);
}

void bpfl_error_why(struct bpfl_error *err, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return;
	va_start(args, fmt);
	line_add(err->why, fmt, args);
	va_end(args);
}

void bpfl_error_fix(struct bpfl_error *err, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return;
	va_start(args, fmt);
	line_add(err->fix, fmt, args);
	va_end(args);
}

void bpfl_error_catalogue(struct bpfl_error *err, int catalogue_id)
{
	if (err)
		err->catalogue_id = catalogue_id;
}

/*
 * The values that bpf(2), perf_event_open(2) and file calls give, and the ones from 512 up that the kernel should keep
 * to itself but does not (ENOTSUPP comes out of BPF trampolines and map creation). strerror() knows nothing of the
 * latter and is not thread-safe everywhere, hence a table.
 */
#define ERRNO(number, name, text) { number, name, text " (" name ")" }

static const struct {
	int errnum;
	const char *name, *text;
} errno_table[] = {
	ERRNO(EPERM, "EPERM", "operation not permitted"),
	ERRNO(ENOENT, "ENOENT", "no such file or object"),
	ERRNO(ESRCH, "ESRCH", "no such process or symbol"),
	ERRNO(EINTR, "EINTR", "interrupted"),
	ERRNO(EIO, "EIO", "input/output error"),
	ERRNO(ENXIO, "ENXIO", "no such device or address"),
	ERRNO(E2BIG, "E2BIG", "too big for this kernel"),
	ERRNO(ENOEXEC, "ENOEXEC", "not a BPF object"),
	ERRNO(EBADF, "EBADF", "bad file descriptor"),
	ERRNO(EAGAIN, "EAGAIN", "try again"),
	ERRNO(ENOMEM, "ENOMEM", "out of memory"),
	ERRNO(EACCES, "EACCES", "permission denied"),
	ERRNO(EFAULT, "EFAULT", "bad address"),
	ERRNO(EBUSY, "EBUSY", "in use"),
	ERRNO(EEXIST, "EEXIST", "exists already"),
	ERRNO(EXDEV, "EXDEV", "cross-device link"),
	ERRNO(ENODEV, "ENODEV", "no such device"),
	ERRNO(ENOTDIR, "ENOTDIR", "not a directory"),
	ERRNO(EISDIR, "EISDIR", "is a directory"),
	ERRNO(EINVAL, "EINVAL", "invalid argument"),
	ERRNO(ENFILE, "ENFILE", "too many open files in the system"),
	ERRNO(EMFILE, "EMFILE", "too many open files in this process"),
	ERRNO(EFBIG, "EFBIG", "file too large"),
	ERRNO(ENOSPC, "ENOSPC", "no space left"),
	ERRNO(EROFS, "EROFS", "read-only file system"),
	ERRNO(EPIPE, "EPIPE", "the reader has gone"),
	ERRNO(ERANGE, "ERANGE", "out of range"),
	ERRNO(EDOM, "EDOM", "outside the domain"),
	ERRNO(ENAMETOOLONG, "ENAMETOOLONG", "name too long"),
	ERRNO(ENOSYS, "ENOSYS", "system call not available"),
	ERRNO(ELOOP, "ELOOP", "too many levels"),
	ERRNO(EPROTO, "EPROTO", "protocol error"),
	ERRNO(EOVERFLOW, "EOVERFLOW", "value too large"),
	ERRNO(EILSEQ, "EILSEQ", "invalid sequence"),
	ERRNO(EOPNOTSUPP, "EOPNOTSUPP", "not supported"),
	ERRNO(ENETDOWN, "ENETDOWN", "network is down"),
	ERRNO(ENODATA, "ENODATA", "no data"),
	ERRNO(ESTALE, "ESTALE", "stale handle"),
	ERRNO(ETIMEDOUT, "ETIMEDOUT", "timed out"),
	ERRNO(ECANCELED, "ECANCELED", "cancelled"),
	ERRNO(512, "ERESTARTSYS", "interrupted inside the kernel"),
	ERRNO(513, "ERESTARTNOINTR", "interrupted inside the kernel"),
	ERRNO(514, "ERESTARTNOHAND", "interrupted inside the kernel"),
	ERRNO(515, "ENOIOCTLCMD", "no such ioctl"),
	ERRNO(517, "EPROBE_DEFER", "driver not ready"),
	ERRNO(518, "EOPENSTALE", "stale handle"),
	ERRNO(519, "ENOPARAM", "no such parameter"),
	ERRNO(521, "EBADHANDLE", "bad handle"),
	ERRNO(522, "ENOTSYNC", "not in sync"),
	ERRNO(523, "EBADCOOKIE", "bad cookie"),
	ERRNO(524, "ENOTSUPP", "not supported by this kernel"),
	ERRNO(525, "ETOOSMALL", "too small"),
	ERRNO(526, "ESERVERFAULT", "server fault"),
	ERRNO(527, "EBADTYPE", "bad type"),
	ERRNO(528, "EJUKEBOX", "try again later"),
	ERRNO(529, "EIOCBQUEUED", "queued"),
	ERRNO(530, "ERECALLCONFLICT", "conflict"),
};

const char *bpfl_errno_name(int errnum)
{
	for (size_t i = 0; i < sizeof(errno_table) / sizeof(errno_table[0]); i++) {
		if (errno_table[i].errnum == errnum)
			return errno_table[i].name;
	}
	return "errno";
}

const char *bpfl_errno_text(int errnum)
{
	for (size_t i = 0; i < sizeof(errno_table) / sizeof(errno_table[0]); i++) {
		if (errno_table[i].errnum == errnum)
			return errno_table[i].text;
	}
	return "unknown error";
}

void bpfl_log_line(const struct bpfl_log *log, enum bpfl_log_level level, const char *fmt, ...)
{
	char text[BPFL_ERROR_TEXT_SIZE];
	va_list args;

	if (!log || !log->fn)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log->fn(log->ctx, level, text);
}
