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
};
/* Return 0 to go on, a negative value to stop: bpfl_trace_read() returns it. */
typedef int (*bpfl_trace_fn)(void *ctx, const struct bpfl_trace_line *line);

/*
 * Opens a private stream of bpf_printk() lines: an own tracefs instance, so that no old line is seen and none is taken from another
 * reader. Removed by bpfl_trace_close(); instances of dead processes of ours are removed on the way. Where instances cannot be made, the shared
 * trace_pipe is used and the log says so.
 * tracefs need not be mounted when the caller may mount (CAP_SYS_ADMIN, Linux 5.2): a detached mount is used.
 * Return: 0; UNSUPPORTED/PERMISSION (E21) otherwise.
 */
BPFL_API int bpfl_trace_open(const struct bpfl_log *log, struct bpfl_trace **ret_trace, struct bpfl_error *err);
BPFL_API void bpfl_trace_close(struct bpfl_trace *trace);
/* For poll(2) or epoll(7): readable when lines wait. Owned by the trace. */
BPFL_API int bpfl_trace_fd(const struct bpfl_trace *trace);
/* Delivers all lines that wait, without blocking. Number of lines, or -errno, or what the callback returned. */
BPFL_API int bpfl_trace_read(struct bpfl_trace *trace, bpfl_trace_fn fn, void *ctx, struct bpfl_error *err);

/* One line as text ("task-pid: message", control characters escaped) or as a JSON object; each with a newline. malloc'ed; free() it. */
BPFL_API int bpfl_trace_line_text(const struct bpfl_trace_line *line, enum bpfl_format format, char **ret_text);

/* Contents of a map, typed by its BTF, as text lines "name[key] = value" or one JSON object per entry. malloc'ed; free() it.
 * Per-CPU values are shown for each possible CPU. */
BPFL_API int bpfl_object_map_text(const struct bpfl_object *object, const char *map, enum bpfl_format format,
				  char **ret_text, struct bpfl_error *err);

#ifdef __cplusplus
}
#endif

#endif
