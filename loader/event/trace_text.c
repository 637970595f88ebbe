/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/trace_text.c: one bpf_printk() line for people and for machines.
 *
 * What a program prints may hold data of other processes (file names, arguments): control characters, the C1
 * range among them, never reach a terminal. UTF-8 text does.
 */
#include "bpfload/event.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/json.h"
#include "base/utf8.h"

static void text_safe(struct bpfl_buf *out, const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;

	for (size_t left = strlen(text), len; left > 0; bytes += len, left -= len) {
		len = *bytes == '\t' ? 1 : bpfl_utf8_printable(bytes, left);
		if (len > 0) {
			bpfl_buf_append(out, bytes, len);
		} else {
			bpfl_buf_printf(out, "\\x%02x", *bytes);
			len = 1;
		}
	}
}

static void line_text(const struct bpfl_trace_line *line, struct bpfl_buf *out)
{
	if (line->parsed) {
		text_safe(out, line->task);
		bpfl_buf_printf(out, "-%d: ", line->pid);
	}
	text_safe(out, line->message);
	bpfl_buf_char(out, '\n');
}

static void line_json(const struct bpfl_trace_line *line, struct bpfl_buf *out)
{
	struct bpfl_json json;
	char seconds[32];

	bpfl_json_init(&json, out);
	bpfl_json_object_begin(&json);
	bpfl_json_member_u64(&json, "v", 1);
	bpfl_json_member_string(&json, "type", "printk");
	if (line->parsed || line->time_json) {
		bpfl_json_key(&json, "time");
		/* Seconds since boot with the microseconds that the trace line has. */
		snprintf(seconds, sizeof(seconds), "%.6f", line->timestamp_s);
		bpfl_json_number(&json, line->time_json ? line->time_json : seconds);
	}
	if (line->parsed) {
		bpfl_json_member_string(&json, "task", line->task);
		bpfl_json_member_s64(&json, "pid", line->pid);
		bpfl_json_member_s64(&json, "cpu", line->cpu);
	}
	bpfl_json_member_string(&json, "message", line->message);
	bpfl_json_object_end(&json);
	bpfl_buf_char(out, '\n');
}

int bpfl_trace_line_text(const struct bpfl_trace_line *line, enum bpfl_format format, char **ret_text)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	char *text;

	if (format == BPFL_FORMAT_JSON)
		line_json(line, &out);
	else
		line_text(line, &out);
	text = bpfl_buf_take(&out);
	if (!text)
		return -ENOMEM;
	*ret_text = text;
	return 0;
}
