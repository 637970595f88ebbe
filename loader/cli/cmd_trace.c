/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/cmd_trace.c: `bpfload trace`: what all programs of this machine print with bpf_printk(), from now on.
 *
 * It is a run without an object: the loop of run over a stream of its own, which takes no line from another
 * reader. --once shows instead what was printed before, as far as the kernel still has it.
 */
#include "child.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIELD(member) offsetof(struct options, member)

static const struct option_row rows[] = {
	{ "once", 0, VALUE_FLAG, FIELD(once), NULL, "show the lines that are in the trace buffer already, and end" },
	{ "json", 'j', VALUE_FLAG, FIELD(json), NULL, "one JSON object a line" },
	{ "raw", 0, VALUE_FLAG, FIELD(raw), NULL, "lines exactly as the kernel writes them" },
	{ "timestamps", 0, VALUE_OPTIONAL, FIELD(timestamps), "[=MODE]", "when lines came: wall (the default), rel, mono" },
	{ "duration", 'd', VALUE_NS, FIELD(duration_ns), "TIME", "stop after this time: 10s, 500ms" },
	{ "count", 'n', VALUE_U64, FIELD(count), "N", "stop after N lines" },
	{ "output", 'o', VALUE_TEXT, FIELD(out_path), "FILE", "write there what would go to stdout" },
	{ "ready-fd", 0, VALUE_FD, FIELD(ready_fd), "FD", "write a newline there when lines are read" },
	{ "strict", 0, VALUE_FLAG, FIELD(strict), NULL, "exit with 8 when there were warnings" },
	OPTION_ROWS_END(FIELD(verbosity), FIELD(help)),
};

static const struct option_table table = { rows, sizeof(rows) / sizeof(rows[0]), "bpfload trace --help" };

static int follow(const struct options *options, struct out *out, struct bpfl_error *err)
{
	struct events events;
	struct views views;
	struct child child;
	struct plan plan = { 0 };
	struct loop loop;
	struct bpfl_log log = out_log(out);
	int ret;

	memset(&events, 0, sizeof(events));
	memset(&views, 0, sizeof(views));
	memset(&loop, 0, sizeof(loop));
	child_init(&child, NULL);
	loop.signal_fd = -1;
	loop.events = &events;
	loop.views = &views;
	loop.plan = &plan;
	loop.options = options;
	loop.out = out;
	loop.child = &child;
	ret = signals_init(&loop.signal_fd, err);
	if (ret == 0)
		ret = bpfl_trace_open(&log, &loop.trace, err);
	if (ret == 0 && options->ready_fd >= 0 && write(options->ready_fd, "\n", 1) != 1)
		out_note(out, 0, "warning: --ready-fd: nobody could be told: %s", strerror(errno));
	if (ret == 0)
		ret = loop_run(&loop, err);
	bpfl_trace_close(loop.trace);
	if (loop.signal_fd >= 0)
		close(loop.signal_fd);
	return ret;
}

/* Without blocked signals: what is read does not wait for anything, and INT just ends it. */
static int once(const struct options *options, struct out *out, struct bpfl_error *err)
{
	struct loop loop = { .signal_fd = -1, .options = options, .out = out };
	struct bpfl_log log = out_log(out);
	int ret = bpfl_trace_buffered(&log, loop_line, &loop, err);
	int flushed = out_flush(out);

	if (ret == 0 && loop.nr_lines == 0)
		out_note(out, 0, "nothing that bpf_printk() wrote is in the trace buffer");
	if (ret == 0 || (ret == -ECANCELED && err->kind == BPFL_ERR_NONE))
		ret = flushed;
	return loop_end(out, ret, err);
}

int cmd_trace(int argc, char **argv)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct options options;
	int operand = argc, code = EXIT_OK, ret;
	struct out out;

	memset(&options, 0, sizeof(options));
	options.ready_fd = -1;
	out_init(&out);
	ret = option_table_parse(&table, &options, argc, argv, &operand, &err);
	out.json = options.json;
	out.verbosity = options.verbosity;
	if (ret == 0 && options.help) {
		printf("usage: bpfload trace [options]\n");
		option_table_help(&table);
		return out_help_end();
	}
	if (ret == 0 && operand < argc)
		ret = out_usage(&err, "trace shows the lines of all programs: what is '%.200s'?", argv[operand]);
	if (ret == 0 && options.once && (options.duration_ns || options.ready_fd >= 0))
		ret = out_usage(&err, "--once waits for nothing: what is %s for?",
				options.duration_ns ? "--duration" : "--ready-fd");
	if (ret == 0 && options.once && options.timestamps)
		ret = out_usage(&err,
				"--once: when the lines came is not known; --raw and --json have the kernel's time");
	if (ret == 0)
		ret = stamp_mode(options.timestamps, &(enum bpfl_time_mode){ BPFL_TIME_NONE }, &err);
	if (ret == 0 && options.out_path)
		ret = out_redirect(&out, options.out_path, &err);
	if (ret == 0)
		ret = out_end(&out, options.once ? once(&options, &out, &err) : follow(&options, &out, &err));
	if (ret < 0)
		code = out_error(&out, &err);
	else if (options.strict && out.nr_warnings > 0)
		code = EXIT_STRICT;
	bpfl_error_clear(&err);
	return code;
}
