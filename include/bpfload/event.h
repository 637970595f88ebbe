/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events: what programs say. Here: the stream of bpf_printk() lines, and the contents of maps.
 */
#ifndef BPFLOAD_EVENT_H
#define BPFLOAD_EVENT_H

#include "object.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bpfl_trace;

/* One bpf_printk() line. Text is borrowed, valid during the call. */
struct bpfl_trace_line {
	const char *task; /* "bash", may hold any byte but newline */
	int pid;
	int cpu;
	double timestamp_s; /* since boot */
	const char *message; /* what the program printed */
	const char *raw;     /* the whole line as the kernel wrote it */
	bool parsed;	     /* false: only raw (and message = raw) are set */
	const char *time_json; /* NULL; or what JSON has as the time instead, as it is to be written there */
};
/* Return 0 to go on, a negative value to stop: bpfl_trace_read() returns it. */
typedef int (*bpfl_trace_fn)(void *ctx, const struct bpfl_trace_line *line);

/*
 * Opens a private stream of bpf_printk() lines: an own tracefs instance, so that no old line is seen and none
 * is taken from another reader. Removed by bpfl_trace_close(); instances of dead processes of ours are removed
 * on the way. Where instances cannot be made, the shared trace_pipe is used and the log says so.
 * tracefs need not be mounted when the caller may mount (CAP_SYS_ADMIN, Linux 5.2): a detached mount is used.
 * @log: may be NULL; copied, and used until the stream is closed.
 * @ret_trace: to be given to bpfl_trace_close().
 * Return: 0; UNSUPPORTED/PERMISSION (E21) otherwise; -EBUSY (kind TARGET) when only the shared pipe is left and
 *         another process reads it.
 * Needs: read and write access to tracefs, which is root's; CAP_SYS_ADMIN where it is not mounted. Private
 *         streams: Linux 5.9.
 */
BPFL_API int bpfl_trace_open(const struct bpfl_log *log, struct bpfl_trace **ret_trace, struct bpfl_error *err);
/* Removes the instance with the lines that nobody read. NULL is fine. */
BPFL_API void bpfl_trace_close(struct bpfl_trace *trace);
/*
 * For poll(2) or epoll(7): readable when lines wait.
 * Return: a descriptor, owned by the trace.
 */
BPFL_API int bpfl_trace_fd(const struct bpfl_trace *trace);
/*
 * Delivers all lines that wait, without blocking.
 * @fn: called for each; text is borrowed for the call. What it has not seen when it stops comes with the next call.
 * Return: number of lines; what fn returned when that was negative; -errno (kind SYSTEM).
 */
BPFL_API int bpfl_trace_read(struct bpfl_trace *trace, bpfl_trace_fn fn, void *ctx, struct bpfl_error *err);
/*
 * Delivers the bpf_printk() lines that the shared trace buffer holds now, whoever printed them and before it
 * was called, the oldest first. They stay there for other readers. The kernel overwrites the oldest lines of a
 * full buffer; where it says that it did, the log says so.
 * @log: may be NULL.
 * @fn: called for each; text is borrowed for the call.
 * Return: 0; what fn returned when that was negative; -errno: UNSUPPORTED/PERMISSION (E21), PERMISSION, SYSTEM.
 * Needs: read access to tracefs, which is root's; CAP_SYS_ADMIN where it is not mounted.
 */
BPFL_API int bpfl_trace_buffered(const struct bpfl_log *log, bpfl_trace_fn fn, void *ctx, struct bpfl_error *err);

/*
 * One line as text ("task-pid: message", control characters escaped) or as a JSON object; each with a newline.
 * @ret_text: malloc'ed; free() it.
 * Return: 0 or -ENOMEM.
 */
BPFL_API int bpfl_trace_line_text(const struct bpfl_trace_line *line, enum bpfl_format format, char **ret_text);

/*
 * Contents of a map, typed by its BTF, as text lines "name[key] = value" or one JSON object per entry. Per-CPU
 * values are shown for each possible CPU. Elements that come or go meanwhile may be missing.
 * @ret_text: malloc'ed; free() it.
 * Return: 0; -ENOENT (kind USAGE) no such map, or not loaded; -errno (SYSTEM) of reading; -ENOMEM.
 * Needs: nothing but the object; CAP_BPF where kernel.unprivileged_bpf_disabled is set and Linux is older than 5.19.
 */
BPFL_API int bpfl_object_map_text(const struct bpfl_object *object, const char *map, enum bpfl_format format,
				  char **ret_text, struct bpfl_error *err);

#ifdef __cplusplus
}
#endif

#endif
