/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/trace: parts of the printk stream that tests look at.
 */
#ifndef BPFL_EVENT_TRACE_H
#define BPFL_EVENT_TRACE_H

#include "bpfload/event.h"

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

/* Pid and start time (ticks since boot) out of the text of a /proc/PID/stat. 0 or -EINVAL. */
int bpfl_trace_stat_parse(const char *stat, int *ret_pid, unsigned long long *ret_start);

/* "bpfload_PID_START_N" -> PID and START. False for names that are not ours. */
bool bpfl_trace_instance_parse(const char *name, int *ret_pid, unsigned long long *ret_start);

#endif
