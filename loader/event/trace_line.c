/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/trace_line.c: one line of trace_pipe, taken apart.
 *
 *             bash-4711    [001] d..21  1234.567890: bpf_trace_printk: hello
 *             bash-4711    (   4700) [001] 1234.567890: bpf_trace_printk: hello
 *     CPU:1 [LOST 42 EVENTS]
 *
 * Task, "-", pid, the thread group in parentheses (an option), CPU, a word of flags (an option), time, event,
 * text. A task may call itself " - [000] ", so the line is not searched from the left: the kernel pads the task
 * to 16 characters, which puts the "-" at byte 16. Only when nothing fits there, other dashes are tried, from the left.
 *
 * A message may hold newlines; what follows the first is a line of its own here, and comes out as "not
 * understood", whole.
 */
#include "event/trace.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define TASK_WIDTH 16u
#define NUMBER_LEN_MAX 18

/* Digits at *at into *ret, and *at behind them. */
static bool take_number(const char **at, unsigned long long *ret)
{
	size_t len = strspn(*at, "0123456789");

	if (len == 0 || len > NUMBER_LEN_MAX)
		return false;
	*ret = strtoull(*at, NULL, 10);
	*at += len;
	return true;
}

static bool take_char(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static void skip_blanks(const char **at)
{
	*at += strspn(*at, " ");
}

/* "1234.567890:" into seconds; "1234:" (a clock that counts something else) into 0. */
static bool take_time(const char **at, double *ret)
{
	const char *pos = *at;
	unsigned long long whole, part;
	double scale = 1;

	if (!take_number(&pos, &whole))
		return false;
	*ret = 0;
	if (take_char(&pos, '.')) {
		const char *start = pos;

		if (!take_number(&pos, &part))
			return false;
		for (; start < pos; start++)
			scale *= 10;
		*ret = (double)whole + (double)part / scale;
	}
	if (!take_char(&pos, ':'))
		return false;
	*at = pos;
	return true;
}

/* What stands behind the task, from its "-" on. */
static bool take_context(const char *at, struct bpfl_trace_line *line)
{
	unsigned long long pid, cpu;

	if (!take_char(&at, '-') || !take_number(&at, &pid) || *at != ' ')
		return false;
	skip_blanks(&at);
	if (take_char(&at, '(')) {
		at += strspn(at, " 0123456789-");
		if (!take_char(&at, ')'))
			return false;
		skip_blanks(&at);
	}
	if (!take_char(&at, '[') || !take_number(&at, &cpu) || !take_char(&at, ']') || *at != ' ')
		return false;
	skip_blanks(&at);
	if (!take_time(&at, &line->timestamp_s)) {
		at += strcspn(at, " :"); /* flags */
		skip_blanks(&at);
		if (!take_time(&at, &line->timestamp_s))
			return false;
	}
	take_char(&at, ' ');
	line->pid = (int)pid;
	line->cpu = (int)cpu;
	line->message = at;
	return true;
}

/*
 * bpf_trace_printk is the event since 5.9; before, the place of the caller stands there as a number
 * ("0x00000001", "0").
 */
static const char *without_event(const char *message)
{
	size_t len = strcspn(message, ":");
	bool is_number = len > 0 && isdigit((unsigned char)message[0]) &&
			 strspn(message, "0123456789abcdefx") == len;

	if (message[len] != ':' || (!is_number && strncmp(message, "bpf_trace_printk", len) != 0) || len == 0)
		return message;
	message += len + 1;
	return *message == ' ' ? message + 1 : message;
}

static bool is_lost(const char *raw)
{
	size_t digits;

	if (!bpfl_text_has_prefix(raw, "CPU:"))
		return false;
	digits = strspn(raw + 4, "0123456789");
	return digits > 0 && bpfl_text_has_prefix(raw + 4 + digits, " [LOST ");
}

/* The task is right-aligned: blanks in front of it are padding. */
static void copy_task(char *task, const char *raw, size_t len)
{
	size_t blanks = strspn(raw, " ");

	if (blanks > len)
		blanks = len;
	snprintf(task, BPFL_TRACE_TASK_SIZE, "%.*s", (int)(len - blanks), raw + blanks);
}

/* The "-" between task and pid, with the rest of the context taken into line; -1: this is no such line. */
static long find_dash(const char *raw, struct bpfl_trace_line *line)
{
	if (strnlen(raw, TASK_WIDTH) == TASK_WIDTH && take_context(raw + TASK_WIDTH, line))
		return TASK_WIDTH;
	for (const char *dash = strchr(raw, '-'); dash; dash = strchr(dash + 1, '-')) {
		if (take_context(dash, line))
			return dash - raw;
	}
	return -1;
}

enum bpfl_trace_what bpfl_trace_line_parse(const char *raw, char *task, struct bpfl_trace_line *ret_line)
{
	struct bpfl_trace_line line = { .raw = raw, .task = task, .message = raw };
	long dash;

	task[0] = '\0';
	if (!*raw)
		return BPFL_TRACE_EMPTY;
	if (is_lost(raw))
		return BPFL_TRACE_LOST;
	dash = find_dash(raw, &line);
	line.parsed = dash >= 0;
	if (line.parsed) {
		copy_task(task, raw, (size_t)dash);
		line.message = without_event(line.message);
	}
	*ret_line = line;
	return BPFL_TRACE_LINE;
}

bool bpfl_trace_line_is_printk(const struct bpfl_trace_line *line)
{
	struct bpfl_trace_line whole = { .raw = line->raw };

	/* Of bpf_printk() and nothing else the name of the event was taken away. */
	return line->parsed && find_dash(line->raw, &whole) >= 0 && whole.message != line->message;
}

bool bpfl_trace_instance_parse(const char *name, struct bpfl_owner *ret_owner)
{
	const char *at = name + strlen("bpfload_");
	unsigned long long pid, start, number;

	if (!bpfl_text_has_prefix(name, "bpfload_") || !take_number(&at, &pid) || !take_char(&at, '_') ||
	    !take_number(&at, &start) || !take_char(&at, '_') || !take_number(&at, &number) || *at)
		return false;
	if (pid == 0 || pid > INT32_MAX)
		return false;
	ret_owner->pid = (int)pid;
	ret_owner->start = start;
	return true;
}
