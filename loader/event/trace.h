/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/trace: parts of the printk stream that tests look at.
 */
#ifndef BPFL_EVENT_TRACE_H
#define BPFL_EVENT_TRACE_H

#include "bpfload/event.h"
#include "sys/owner.h"

#define BPFL_TRACE_TASK_SIZE 64

enum bpfl_trace_what {
	BPFL_TRACE_LINE, /* a printk line, or one that is not understood */
	BPFL_TRACE_LOST, /* "CPU:1 [LOST 42 EVENTS]" */
	BPFL_TRACE_EMPTY,
};

/*
 * Takes one line of trace_pipe apart.
 * @raw: without newline; message of the result points into it.
 * @task: BPFL_TRACE_TASK_SIZE bytes; the result's task points to it.
 * @ret_line: set for BPFL_TRACE_LINE.
 */
enum bpfl_trace_what bpfl_trace_line_parse(const char *raw, char *task, struct bpfl_trace_line *ret_line);

/* False for lines of other events, and for those that are not understood. */
bool bpfl_trace_line_is_printk(const struct bpfl_trace_line *line);

/* "bpfload_PID_START_N" -> pid and start of an owner. False for names that are not ours. */
bool bpfl_trace_instance_parse(const char *name, struct bpfl_owner *ret_owner);

#endif
