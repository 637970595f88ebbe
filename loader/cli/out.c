/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/out.c: stdout carries data and nothing else; notes, warnings and errors go to stderr.
 *
 * A reader that closes its end of the pipe (head, less) has seen enough: that is a normal end, so SIGPIPE is
 * ignored and EPIPE sets out->closed. Everything else that stdout refuses (a full disk) is an error.
 *
 * Who reads a file while it grows, or rotates it, shall find whole lines. So what is collected before it is written
 * ends with a line: a buffer of twice PIECE is emptied at the last end of a line when PIECE bytes are in it. Only a
 * line that is longer than PIECE may be written in parts.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PIECE 32768u

/* A terminal is left as it is: there each line is written at once. Before the first byte. */
static void collect(void)
{
	static char room[2 * PIECE];

	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, room, _IOFBF, sizeof(room));
}

void out_init(struct out *out)
{
	memset(out, 0, sizeof(*out));
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file as large as it may be (ulimit -f): an error, and the end in order */
	out->closed = fcntl(STDOUT_FILENO, F_GETFD) < 0;
	/* A closed 0, 1 or 2 would be given to the next file that is opened. */
	for (int fd = open("/dev/null", O_RDWR); fd >= 0; fd = dup(fd)) {
		if (fd > STDERR_FILENO) {
			close(fd);
			break;
		}
	}
	collect();
}

static int write_result(struct out *out)
{
	int errnum = errno;

	if (errnum == EPIPE) {
		out->closed = true;
		return -EPIPE;
	}
	out->refused_errnum = errnum ? errnum : EIO;
	return -out->refused_errnum;
}

int out_text(struct out *out, const char *text)
{
	return out_write(out, text, strlen(text));
}

int out_write(void *ctx, const char *text, size_t size)
{
	struct out *out = ctx;
	int ret = out->closed ? -EPIPE : 0;

	while (size > 0 && ret == 0) {
		size_t most = size < PIECE ? size : PIECE;
		bool is_full = out->nr_collected + most > PIECE;
		const char *end = is_full ? memrchr(text, '\n', most) : NULL;
		size_t piece = end ? (size_t)(end - text) + 1 : most;

		if (fwrite(text, 1, piece, stdout) != piece)
			return write_result(out);
		out->nr_collected += piece;
		if (end)
			ret = out_flush(out);
		text += piece;
		size -= piece;
	}
	return ret;
}

int out_flush(struct out *out)
{
	if (out->closed)
		return -EPIPE;
	out->nr_collected = 0;
	if (fflush(stdout) == EOF)
		return write_result(out);
	return 0;
}

int out_end(struct out *out, int ret)
{
	int flushed = ret >= 0 ? out_flush(out) : 0;

	if (flushed < 0)
		ret = flushed;
	if (ret == -EPIPE && out->closed)
		ret = 0;
	return ret >= 0 && out->refused_errnum ? -out->refused_errnum : ret;
}

unsigned out_rows(void)
{
	struct winsize size = { 0 };

	/* Of a pipe or a file this is an error. */
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ? 0 : size.ws_row;
}

int out_refused(const struct out *out, int errnum, struct bpfl_error *err)
{
	return out->path ? out_errno(err, errnum, "--output: '%.300s'", out->path)
			 : out_errno(err, errnum, "writing to stdout");
}

int out_redirect(struct out *out, const char *path, struct bpfl_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
	bool ok = fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0;
	int errnum = errno;

	if (fd > STDERR_FILENO)
		close(fd);
	collect();
	out->closed = false;
	out->path = ok ? path : NULL;
	return ok ? 0 : out_errno(err, errnum, "--output: '%.300s'", path);
}

void out_note(const struct out *out, int verbosity, const char *fmt, ...)
{
	va_list args;

	if (out->verbosity < verbosity)
		return;
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

void out_warn(struct out *out, const char *fmt, ...)
{
	char text[BPFL_ERROR_TEXT_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	out->nr_warnings++;
	out_note(out, 0, "warning: %s", text);
}

int out_help_end(void)
{
	if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE)
		return EXIT_OK;
	fprintf(stderr, "error: writing to stdout: %s\n", strerror(errno));
	return EXIT_OTHER;
}

static void log_line(void *ctx, enum bpfl_log_level level, const char *text)
{
	struct out *out = ctx;

	if (level == BPFL_LOG_WARN)
		out_warn(out, "%s", text);
	else
		out_note(out, level == BPFL_LOG_INFO ? 1 : 2, "%s", text);
}

struct bpfl_log out_log(struct out *out)
{
	struct bpfl_log log = { log_line, out };

	return log;
}

static int exit_code(enum bpfl_error_kind kind)
{
	switch (kind) {
	case BPFL_ERR_NONE: return EXIT_OK;
	case BPFL_ERR_SYSTEM: return EXIT_OTHER;
	case BPFL_ERR_USAGE: return EXIT_USAGE;
	case BPFL_ERR_OBJECT: return EXIT_OBJECT;
	case BPFL_ERR_VERIFIER: return EXIT_VERIFIER;
	case BPFL_ERR_PERMISSION: return EXIT_PERMISSION;
	case BPFL_ERR_UNSUPPORTED: return EXIT_UNSUPPORTED;
	case BPFL_ERR_TARGET: return EXIT_TARGET;
	}
	return EXIT_OTHER;
}

/* Who writes says nothing in words when stdout refuses: a failure without any is that one. */
static int write_error(const struct out *out)
{
	struct bpfl_error err = BPFL_ERROR_INIT;

	out_refused(out, out->refused_errnum, &err);
	return out_error(out, &err);
}

int out_error(const struct out *out, const struct bpfl_error *err)
{
	char *text = NULL;

	fflush(stdout);
	if (err->kind == BPFL_ERR_NONE)
		return write_error(out);
	if (bpfl_error_text(err, out->json ? BPFL_FORMAT_JSON : BPFL_FORMAT_TEXT, &text) == 0)
		fputs(text, stderr);
	else
		fprintf(stderr, "error: %s\n", err->message);
	free(text);
	if (err->verifier_log && out->verbosity >= 1)
		fprintf(stderr, "--- verifier log ---\n%s\n--- end of verifier log ---\n", err->verifier_log);
	return exit_code(err->kind);
}

int out_usage(struct bpfl_error *err, const char *fmt, ...)
{
	va_list args;

	bpfl_error_clear(err);
	err->kind = BPFL_ERR_USAGE;
	err->errnum = EINVAL;
	va_start(args, fmt);
	vsnprintf(err->message, sizeof(err->message), fmt, args);
	va_end(args);
	return -EINVAL;
}

int out_errno(struct bpfl_error *err, int errnum, const char *fmt, ...)
{
	char words[BPFL_ERROR_TEXT_SIZE];
	va_list args;

	if (errnum == 0)
		errnum = EIO;
	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	out_usage(err, "%s: %s", words, strerror(errnum));
	err->kind = BPFL_ERR_SYSTEM;
	err->errnum = errnum;
	return -errnum;
}

int out_nomem(struct bpfl_error *err)
{
	out_usage(err, "out of memory");
	err->kind = BPFL_ERR_SYSTEM;
	err->errnum = ENOMEM;
	return -ENOMEM;
}
