/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/trace.c: the stream of bpf_printk() lines.
 *
 * bpf_printk() writes into the kernel's trace buffer. The well-known file trace_pipe reads the shared one:
 * lines of everybody, old ones too, and each line goes to one reader only. tracefs can make private buffers
 * ("instances"): a directory with a trace_pipe of its own. One is made here, with nothing but the event
 * bpf_trace/bpf_trace_printk (Linux 5.9) switched on, and removed when the stream is closed. The event does not
 * say which program printed: lines of other programs are among them.
 *
 * An instance outlives a killed process. Its name says whose it was, bpfload_PID_START_N with the start time of
 * the process, so the next stream removes what dead processes left. The kernel does not remove one whose
 * trace_pipe is open, so a mistake (a process in another pid namespace) does no harm.
 *
 * bpfl_trace_buffered() is for what was printed before: the file "trace" of the shared buffer can be read as
 * often as one likes, and takes no line away. Lines of other events may be in it; they are left out.
 */
#include "event/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "sys/enter.h"
#include "sys/file.h"
#include "sys/owner.h"
#include "sys/tracefs.h"

#define LINE_SIZE_MAX 16384u /* a longer line comes in pieces; bpf_printk() ends at 1024 */
#define READS_MAX 256	     /* per call, so that a flood of lines cannot keep the caller from its other work */
#define STREAMS_MAX 64	     /* of one process */
#define NAME_SIZE 64
#define PATH_SIZE 160
#define COMM_SIZE_MAX 64
#define FIRST_PID_NS 0xEFFFFFFCu /* its inode, the same on every machine since Linux 3.8 */

struct bpfl_trace {
	int dir_fd; /* root of tracefs */
	int pipe_fd;
	struct bpfl_owner self;	  /* this process; zeroes while it is not known */
	char instance[NAME_SIZE]; /* "" for the shared pipe */
	struct bpfl_log log;
	size_t used; /* bytes in data: the beginning of a line */
	char data[LINE_SIZE_MAX + 1];
};

/* ---- instances of dead processes ---- */

static int sweep_one(void *ctx, const char *name)
{
	const struct bpfl_trace *trace = ctx;
	struct bpfl_owner owner = { .pid_ns = trace->self.pid_ns };
	char path[PATH_SIZE];

	if (strlen(name) >= NAME_SIZE || !bpfl_trace_instance_parse(name, &owner) || !bpfl_owner_is_gone(&owner))
		return 0;
	snprintf(path, sizeof(path), "instances/%s", name);
	if (bpfl_enter_unlinkat(trace->dir_fd, path, AT_REMOVEDIR) == 0)
		bpfl_log_line(&trace->log, BPFL_LOG_INFO, "removed trace instance '%s' of a process that is gone",
			      name);
	return 0;
}

/* ---- opening ---- */

static int remove_instance(const struct bpfl_trace *trace)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "instances/%s", trace->instance);
	return bpfl_enter_unlinkat(trace->dir_fd, path, AT_REMOVEDIR);
}

/* Makes the directory under the first free name. */
static int make_instance(struct bpfl_trace *trace)
{
	int ret = -EEXIST;

	for (unsigned n = 0; n < STREAMS_MAX && ret == -EEXIST; n++) {
		char path[PATH_SIZE];

		snprintf(trace->instance, sizeof(trace->instance), "bpfload_%d_%" PRIu64 "_%u", trace->self.pid,
			 trace->self.start, n);
		snprintf(path, sizeof(path), "instances/%s", trace->instance);
		ret = bpfl_enter_mkdirat(trace->dir_fd, path, 0700);
	}
	if (ret < 0)
		trace->instance[0] = '\0';
	return ret;
}

/* An instance with its event on and its pipe open; nothing is left behind on failure. */
static int open_private(struct bpfl_trace *trace)
{
	char path[PATH_SIZE];
	int ret;

	if (bpfl_owner_self(&trace->self) == 0)
		bpfl_enter_list_dir(trace->dir_fd, "instances", sweep_one, trace);
	else
		trace->self.pid = (int)getpid(); /* no /proc: nobody can tell the dead from the living */
	ret = make_instance(trace);
	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "instances/%s/trace_pipe", trace->instance);
	ret = bpfl_enter_openat(trace->dir_fd, path, O_RDONLY | O_NONBLOCK, 0);
	if (ret >= 0) {
		trace->pipe_fd = ret;
		snprintf(path, sizeof(path), "instances/%s/events/bpf_trace/bpf_trace_printk/enable", trace->instance);
		ret = bpfl_file_write_text(trace->dir_fd, path, "1");
	}
	if (ret < 0) {
		bpfl_enter_close(trace->pipe_fd);
		trace->pipe_fd = -1;
		remove_instance(trace);
		trace->instance[0] = '\0';
	}
	return ret < 0 ? ret : 0;
}

static int open_shared(struct bpfl_trace *trace, int private_ret, struct bpfl_error *err)
{
	int ret = bpfl_enter_openat(trace->dir_fd, "trace_pipe", O_RDONLY | O_NONBLOCK, 0);
	enum bpfl_error_kind kind = ret == -EPERM || ret == -EACCES ? BPFL_ERR_PERMISSION
				    : ret == -EBUSY		    ? BPFL_ERR_TARGET
								    : BPFL_ERR_SYSTEM;

	if (ret < 0) {
		bpfl_error_set(err, kind, -ret, "the output of bpf_printk() cannot be read: trace_pipe: %s",
			       bpfl_errno_text(-ret));
		bpfl_error_why(err, "a trace instance of our own: %s", bpfl_errno_text(-private_ret));
		if (ret == -EBUSY)
			bpfl_error_why(err, "another process reads trace_pipe, and the kernel allows one");
		return ret;
	}
	trace->pipe_fd = ret;
	bpfl_log_line(&trace->log, BPFL_LOG_WARN,
		      "no trace instance of our own (%s): reading the shared trace_pipe, where older lines and those "
		      "of others appear, and where another reader takes lines away",
		      private_ret == -ENOENT ? "this kernel is older than 5.9, or has none"
					     : bpfl_errno_text(-private_ret));
	return 0;
}

/* With tracefs, and nothing of it open yet. */
static int trace_create(const struct bpfl_log *log, struct bpfl_trace **ret_trace, struct bpfl_error *err)
{
	struct bpfl_trace *trace = calloc(1, sizeof(*trace));
	int ret;

	if (!trace)
		return bpfl_error_nomem(err);
	trace->dir_fd = trace->pipe_fd = -1;
	if (log)
		trace->log = *log;
	ret = bpfl_tracefs_open(&trace->dir_fd, err);
	if (ret < 0) {
		bpfl_trace_close(trace);
		return ret;
	}
	*ret_trace = trace;
	return 0;
}

int bpfl_trace_open(const struct bpfl_log *log, struct bpfl_trace **ret_trace, struct bpfl_error *err)
{
	struct bpfl_trace *trace = NULL;
	int ret = trace_create(log, &trace, err);

	if (ret < 0)
		return ret;
	ret = open_private(trace);
	if (ret < 0)
		ret = open_shared(trace, ret, err);
	if (ret < 0)
		goto fail;
	*ret_trace = trace;
	return 0;
fail:
	bpfl_trace_close(trace);
	return ret;
}

void bpfl_trace_close(struct bpfl_trace *trace)
{
	if (!trace)
		return;
	/* The pipe first: an open one keeps its instance. */
	bpfl_enter_close(trace->pipe_fd);
	if (trace->instance[0])
		remove_instance(trace);
	bpfl_enter_close(trace->dir_fd);
	free(trace);
}

int bpfl_trace_fd(const struct bpfl_trace *trace)
{
	return trace->pipe_fd;
}

/* ---- reading ---- */

/*
 * The kernel keeps a cache of task names that a busy machine overflows; it writes "<...>" for a task that fell
 * out. Its process may still be there to be asked. Lines carry the numbers of the first pid namespace: from
 * inside another one they would mean somebody else.
 */
static void name_task(const struct bpfl_trace *trace, int pid, char *task)
{
	struct bpfl_buf comm = BPFL_BUF_INIT;
	char path[64];

	if (strcmp(task, "<...>") != 0 || trace->self.pid_ns != FIRST_PID_NS)
		return;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (bpfl_file_read_virtual(AT_FDCWD, path, COMM_SIZE_MAX, &comm) == 0 && comm.data && comm.data[0] != '\n')
		snprintf(task, BPFL_TRACE_TASK_SIZE, "%.*s", (int)strcspn(comm.data, "\n"), comm.data);
	bpfl_buf_deinit(&comm);
}

/* One whole line without its newline. 1 when it was given to fn, 0 when it was not for it, or what fn says. */
static int deliver(struct bpfl_trace *trace, const char *raw, bpfl_trace_fn fn, void *ctx)
{
	char task[BPFL_TRACE_TASK_SIZE];
	struct bpfl_trace_line line;
	int ret;

	switch (bpfl_trace_line_parse(raw, task, &line)) {
	case BPFL_TRACE_EMPTY: /* a message that ends with a newline of its own leaves one behind */
		return 0;
	case BPFL_TRACE_LOST:
		bpfl_log_line(&trace->log, BPFL_LOG_WARN, "the trace buffer was full: %s", BPFL_ESC(raw));
		return 0;
	case BPFL_TRACE_LINE:
		break;
	}
	if (line.parsed)
		name_task(trace, line.pid, task);
	ret = fn(ctx, &line);
	return ret < 0 ? ret : 1;
}

/* Delivers the whole lines in data and moves the rest to the front. Number of lines, or what fn says. */
static int deliver_all(struct bpfl_trace *trace, bpfl_trace_fn fn, void *ctx)
{
	size_t start = 0;
	int nr_lines = 0, ret = 0;

	while (ret >= 0 && start < trace->used) {
		char *line = trace->data + start;
		char *end = memchr(line, '\n', trace->used - start);

		if (!end) {
			if (start > 0 || trace->used < LINE_SIZE_MAX)
				break;
			end = trace->data + trace->used; /* too long: this much of it */
		}
		*end = '\0';
		start = (size_t)(end - trace->data) + 1;
		ret = deliver(trace, line, fn, ctx);
		nr_lines += ret > 0;
	}
	if (start > trace->used)
		start = trace->used;
	trace->used -= start;
	memmove(trace->data, trace->data + start, trace->used);
	return ret < 0 ? ret : nr_lines;
}

int bpfl_trace_read(struct bpfl_trace *trace, bpfl_trace_fn fn, void *ctx, struct bpfl_error *err)
{
	int nr_lines = deliver_all(trace, fn, ctx); /* what a callback that stopped left */

	for (int i = 0; i < READS_MAX && nr_lines >= 0; i++) {
		ssize_t size = bpfl_enter_read(trace->pipe_fd, trace->data + trace->used, LINE_SIZE_MAX - trace->used);
		int nr_new;

		if (size == -EAGAIN || size == 0)
			break;
		if (size < 0)
			return bpfl_error_set(err, BPFL_ERR_SYSTEM, (int)-size, "reading trace_pipe: %s",
					      bpfl_errno_text((int)-size));
		for (ssize_t j = 0; j < size; j++) { /* a line is text for everybody behind us */
			if (!trace->data[trace->used + (size_t)j])
				trace->data[trace->used + (size_t)j] = ' ';
		}
		trace->used += (size_t)size;
		nr_new = deliver_all(trace, fn, ctx);
		nr_lines = nr_new < 0 ? nr_new : nr_lines + nr_new;
	}
	return nr_lines;
}

/* ---- what the shared buffer holds ---- */

struct buffered {
	bpfl_trace_fn fn;
	void *ctx;
	bool in_head;	 /* "# tracer: nop" and what follows, before the first line */
	bool was_printk; /* the lines behind one that is not understood belong to it: messages may hold newlines */
};

/* "##### CPU 1 buffer started ####": from here on lines of that CPU are whole, older ones have been overwritten. */
static bool is_mark(const char *raw)
{
	size_t digits = bpfl_text_has_prefix(raw, "##### CPU ") ? strspn(raw + 10, "0123456789") : 0;

	return digits > 0 && strcmp(raw + 10 + digits, " buffer started ####") == 0;
}

static int choose_printk(void *ctx, const struct bpfl_trace_line *line)
{
	struct buffered *buffered = ctx;

	if ((buffered->in_head && line->raw[0] == '#') || (!line->parsed && is_mark(line->raw)))
		return 0;
	buffered->in_head = false;
	if (line->parsed)
		buffered->was_printk = bpfl_trace_line_is_printk(line);
	return buffered->was_printk ? buffered->fn(buffered->ctx, line) : 0;
}

int bpfl_trace_buffered(const struct bpfl_log *log, bpfl_trace_fn fn, void *ctx, struct bpfl_error *err)
{
	struct buffered buffered = { .fn = fn, .ctx = ctx, .in_head = true };
	struct bpfl_trace *trace = NULL;
	int ret = trace_create(log, &trace, err);

	if (ret < 0)
		return ret;
	ret = bpfl_enter_openat(trace->dir_fd, "trace", O_RDONLY, 0);
	if (ret < 0) {
		bpfl_error_set(err, ret == -EPERM || ret == -EACCES ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM, -ret,
			       "the trace buffer cannot be read: trace: %s", bpfl_errno_text(-ret));
		goto out;
	}
	trace->pipe_fd = ret;
	bpfl_owner_self(&trace->self); /* without /proc: tasks that the kernel does not name stay so */
	do
		ret = bpfl_trace_read(trace, choose_printk, &buffered, err);
	while (ret > 0);
out:
	bpfl_trace_close(trace);
	return ret;
}
