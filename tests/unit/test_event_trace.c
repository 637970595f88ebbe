/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The printk stream: lines taken apart, and the instance that is made, swept and removed, on a fake tracefs.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>
#include "event/trace.h"
#include "fake_sys.h"
#include "sys/tracefs.h"

/* ---- lines ---- */

struct row {
	const char *raw;
	bool parsed;
	const char *task;
	int pid, cpu;
	double time_s;
	const char *message;
};

static const struct row rows[] = {
	{ "            bash-4711    [001] d..21  1234.567890: bpf_trace_printk: hello", true, "bash", 4711, 1,
	  1234.567890, "hello" },
	{ "           <...>-12      [000] ...1.     0.000001: bpf_trace_printk: x", true, "<...>", 12, 0, 0.000001, "x" },
	{ "          <idle>-0       [127] ..s2. 99999.999999: bpf_trace_printk: idle", true, "<idle>", 0, 127,
	  99999.999999, "idle" },
	/* options of the trace: thread group, no flags, nanoseconds, a counter for a clock */
	{ "            bash-4711    (   4700) [001] d..21  1234.567890: bpf_trace_printk: tgid", true, "bash", 4711, 1,
	  1234.567890, "tgid" },
	{ "            bash-4711    (-------) [001] .....  1234.567890: bpf_trace_printk: tgid", true, "bash", 4711, 1,
	  1234.567890, "tgid" },
	{ "            bash-4711    [001]  1234.567890: bpf_trace_printk: no flags", true, "bash", 4711, 1, 1234.567890,
	  "no flags" },
	{ "            bash-4711    [001] .....  1234.567890123: bpf_trace_printk: ns", true, "bash", 4711, 1,
	  1234.567890123, "ns" },
	{ "            bash-4711    [001] .....       123456789: bpf_trace_printk: counter", true, "bash", 4711, 1, 0,
	  "counter" },
	/* names that look like the rest of a line */
	{ "   my task - [0]-99      [002] .....    1.000000: bpf_trace_printk: m", true, "my task - [0]", 99, 2, 1, "m" },
	{ " -5 [001] 1.23: -77      [003] .....    7.500000: bpf_trace_printk: m", true, "-5 [001] 1.23: ", 77, 3, 7.5, "m" },
	{ "kworker/0:1-even-33      [000] .....    1.000000: bpf_trace_printk: m", true, "kworker/0:1-even", 33, 0, 1, "m" },
	{ "         (sd-pam)-1234567 [000] .....    1.000000: bpf_trace_printk: m", true, "(sd-pam)", 1234567, 0, 1, "m" },
	{ "x-1 [000] .... 1.000000: bpf_trace_printk: a shorter field", true, "x", 1, 0, 1, "a shorter field" },
	{ "a-b-c-12 [000] .... 1.000000: bpf_trace_printk: m", true, "a-b-c", 12, 0, 1, "m" },
	/* messages */
	{ "            bash-4711    [001] d..21  1234.567890: bpf_trace_printk: ", true, "bash", 4711, 1, 1234.567890, "" },
	{ "            bash-4711    [001] d..21  1234.567890: bpf_trace_printk:   two blanks", true, "bash", 4711, 1,
	  1234.567890, "  two blanks" },
	{ "            bash-4711    [001] d..21  1234.567890: bpf_trace_printk: a-1 [000] 2.0: b", true, "bash", 4711, 1,
	  1234.567890, "a-1 [000] 2.0: b" },
	{ "            bash-4711    [001] d..21  1234.567890: bpf_trace_printk: bpf_trace_printk: x", true, "bash", 4711, 1,
	  1234.567890, "bpf_trace_printk: x" },
	/* before Linux 5.9 */
	{ "            bash-4711    [001] d..21  1234.567890: 0x00000001: old", true, "bash", 4711, 1, 1234.567890, "old" },
	{ "            bash-4711    [001] d..21  1234.567890: 0: old: x", true, "bash", 4711, 1, 1234.567890, "old: x" },
	/* other events of the shared pipe keep their name */
	{ "            bash-4711    [001] d..21  1234.567890: sched_switch: prev=a", true, "bash", 4711, 1, 1234.567890,
	  "sched_switch: prev=a" },
	/* no such lines */
	{ "second line of a message", false, "", 0, 0, 0, "second line of a message" },
	{ "-", false, "", 0, 0, 0, "-" },
	{ "            bash-", false, "", 0, 0, 0, "            bash-" },
	{ "            bash-4711    [", false, "", 0, 0, 0, "            bash-4711    [" },
	{ "            bash-4711    [001", false, "", 0, 0, 0, "            bash-4711    [001" },
	{ "            bash-4711    [001] d..21  ", false, "", 0, 0, 0, "            bash-4711    [001] d..21  " },
	{ "            bash-4711    (12 [001] d..21  1.0: x", false, "", 0, 0, 0,
	  "            bash-4711    (12 [001] d..21  1.0: x" },
	{ "            bash-99999999999999999999 [001] d 1.0: x", false, "", 0, 0, 0,
	  "            bash-99999999999999999999 [001] d 1.0: x" },
	{ "# tracer: nop", false, "", 0, 0, 0, "# tracer: nop" },
	{ "CPU:1 [LOAD]", false, "", 0, 0, 0, "CPU:1 [LOAD]" },
};

START_TEST(a_line_is_taken_apart)
{
	const struct row *row = &rows[_i];
	char task[BPFL_TRACE_TASK_SIZE];
	struct bpfl_trace_line line = { 0 };

	ck_assert_int_eq(bpfl_trace_line_parse(row->raw, task, &line), BPFL_TRACE_LINE);
	ck_assert_msg(line.parsed == row->parsed, "parsed: %d", line.parsed);
	ck_assert_str_eq(line.raw, row->raw);
	ck_assert_str_eq(line.message, row->message);
	ck_assert_str_eq(line.task, row->task);
	ck_assert_int_eq(line.pid, row->pid);
	ck_assert_int_eq(line.cpu, row->cpu);
	ck_assert_msg(fabs(line.timestamp_s - row->time_s) < 1e-9, "time %.9f", line.timestamp_s);
}
END_TEST

START_TEST(lost_and_empty_lines_are_no_messages)
{
	char task[BPFL_TRACE_TASK_SIZE];
	struct bpfl_trace_line line;

	ck_assert_int_eq(bpfl_trace_line_parse("", task, &line), BPFL_TRACE_EMPTY);
	ck_assert_int_eq(bpfl_trace_line_parse("CPU:1 [LOST 42 EVENTS]", task, &line), BPFL_TRACE_LOST);
	ck_assert_int_eq(bpfl_trace_line_parse("CPU:12 [LOST EVENTS]", task, &line), BPFL_TRACE_LOST);
}
END_TEST

START_TEST(a_long_task_does_not_overflow)
{
	char raw[400], task[BPFL_TRACE_TASK_SIZE];
	struct bpfl_trace_line line;

	memset(raw, 'x', 300);
	strcpy(raw + 300, "-1 [000] .... 1.000000: bpf_trace_printk: m");
	ck_assert_int_eq(bpfl_trace_line_parse(raw, task, &line), BPFL_TRACE_LINE);
	ck_assert(line.parsed);
	ck_assert_uint_eq(strlen(line.task), BPFL_TRACE_TASK_SIZE - 1);
	ck_assert_str_eq(line.message, "m");
}
END_TEST

START_TEST(only_our_names_are_ours)
{
	static const char *const others[] = { "foo", "bpfload", "bpfload_", "bpfload_1", "bpfload_1_2", "bpfload_1_2_",
					      "bpfload_1_2_3x", "bpfload_x_2_3", "bpfload_0_1_0", "bpfload_-1_2_0",
					      "xbpfload_1_2_3", "bpfload_99999999999_1_0" };
	struct bpfl_owner owner;

	ck_assert(bpfl_trace_instance_parse("bpfload_12_345_0", &owner));
	ck_assert_int_eq(owner.pid, 12);
	ck_assert_uint_eq(owner.start, 345);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ck_assert_msg(!bpfl_trace_instance_parse(others[i], &owner), "%s", others[i]);
}
END_TEST

/* ---- streams on a fake tracefs ---- */

#define TRACING "/sys/kernel/tracing"

struct seen {
	int nr;
	char messages[512]; /* one behind the other, ';' */
	int stop_at;	    /* return -ECANCELED at that line, 0 never */
};

static int see(void *ctx, const struct bpfl_trace_line *line)
{
	struct seen *seen = ctx;

	size_t used = strlen(seen->messages);

	snprintf(seen->messages + used, sizeof(seen->messages) - used, "%s;", line->message);
	return ++seen->nr == seen->stop_at ? -ECANCELED : 0;
}

static char log_text[2048];

static void hear(void *ctx, enum bpfl_log_level level, const char *text)
{
	(void)ctx;
	(void)level;
	snprintf(log_text + strlen(log_text), sizeof(log_text) - strlen(log_text), "%s\n", text);
}

static const struct bpfl_log log_all = { hear, NULL };

#define FIRST_PID_NS "4026531836"

/* The files that a new instance would have. */
static void fake_tracefs(const char *pipe)
{
	char path[256];

	log_text[0] = '\0';
	fake_sys_fs_type(TRACING, BPFL_TRACEFS_MAGIC);
	fake_sys_file("/proc/self/ns/pid", FIRST_PID_NS);
	fake_sys_file("/proc/self/stat", "77 (test) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 555 20\n");
	fake_sys_file("/proc/77/stat", "77 (test) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 555 20\n");
	snprintf(path, sizeof(path), "%s/instances/bpfload_77_555_0/trace_pipe", TRACING);
	fake_sys_pipe(path, pipe);
	snprintf(path, sizeof(path), "%s/instances/bpfload_77_555_0/events/bpf_trace/bpf_trace_printk/enable", TRACING);
	fake_sys_file(path, "0");
}

#define LINE(message) "            bash-4711    [001] d..21  1234.567890: bpf_trace_printk: " message "\n"

START_TEST(a_private_instance_is_made_and_removed)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_trace *trace;
	struct seen seen = { 0 };

	fake_tracefs(LINE("one") LINE("two\n") "CPU:1 [LOST 3 EVENTS]\n" LINE("three"));
	CHECK_OK(bpfl_trace_open(&log_all, &trace, &err), err);
	ck_assert_int_ge(bpfl_trace_fd(trace), 3);
	ck_assert_uint_eq(fake_sys_count("mkdirat"), 1);
	CHECK_HAS(fake_sys_nth("mkdirat", 0)->path, "bpfload_77_555_0");
	ck_assert_str_eq(fake_sys_written(TRACING
					  "/instances/bpfload_77_555_0/events/bpf_trace/bpf_trace_printk/enable"),
			 "1");
	ck_assert_str_eq(log_text, "");
	ck_assert_int_eq(bpfl_trace_read(trace, see, &seen, &err), 3);
	ck_assert_str_eq(seen.messages, "one;two;three;");
	CHECK_HAS(log_text, "[LOST 3 EVENTS]");
	ck_assert_int_eq(bpfl_trace_read(trace, see, &seen, &err), 0);
	bpfl_trace_close(trace);
	ck_assert_uint_eq(fake_sys_count("unlinkat"), 1);
	CHECK_HAS(fake_sys_nth("unlinkat", 0)->path, "instances/bpfload_77_555_0");
	bpfl_trace_close(NULL);
}
END_TEST

/*
 * Process numbers are used again: one that lives today is not the one that made the instance if it started
 * at another time.
 */
START_TEST(instances_of_the_dead_are_removed)
{
	static const char *const instances[] = { "bpfload_12_300_0", "bpfload_13_300_0", "bpfload_14_300_0",
						 "bpfload_15_300_1", "of_somebody_else" };
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_trace *trace;
	char path[256];

	for (size_t i = 0; i < sizeof(instances) / sizeof(instances[0]); i++) {
		snprintf(path, sizeof(path), TRACING "/instances/%s", instances[i]);
		fake_sys_file(path, "");
	}
	fake_tracefs("");
	fake_sys_file("/proc/1/stat", "1 (init) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 1 20\n");
	fake_sys_file("/proc/12/stat", "12 (alive) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 300 20\n");
	fake_sys_file("/proc/13/stat", "13 (younger) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 301 20\n");
	fake_sys_file_error("/proc/14/stat", ENOENT);
	fake_sys_file_error("/proc/15/stat", EACCES); /* nobody knows */
	CHECK_OK(bpfl_trace_open(&log_all, &trace, &err), err);
	ck_assert_uint_eq(fake_sys_count("unlinkat"), 2);
	CHECK_HAS(fake_sys_nth("unlinkat", 0)->path, "bpfload_13_300_0");
	CHECK_HAS(fake_sys_nth("unlinkat", 1)->path, "bpfload_14_300_0");
	CHECK_HAS(log_text, "removed trace instance 'bpfload_13_300_0'");
	bpfl_trace_close(trace);
}
END_TEST

static int note_task(void *ctx, const struct bpfl_trace_line *line)
{
	char *tasks = ctx;

	strcat(strcat(tasks, line->task), ";");
	return 0;
}

#define NAMELESS(pid) "           <...>-" pid "    [001] d..21  1234.567890: bpf_trace_printk: x\n"

START_TEST(a_task_that_the_kernel_forgot_is_asked_for_its_name)
{
	static const struct {
		const char *pid_ns, *tasks;
	} places[] = {
		{ FIRST_PID_NS, "still there;<...>;bash;" },
		{ "4026532000", "<...>;<...>;bash;" }, /* 31 is somebody else here */
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct bpfl_error err = BPFL_ERROR_INIT;
		struct bpfl_trace *trace;
		char tasks[256] = "";

		fake_sys_reset();
		fake_tracefs(NAMELESS("31") NAMELESS("32") LINE("x"));
		fake_sys_file("/proc/self/ns/pid", places[i].pid_ns);
		fake_sys_file("/proc/31/comm", "still there\n");
		fake_sys_file_error("/proc/32/comm", ENOENT);
		CHECK_OK(bpfl_trace_open(NULL, &trace, &err), err);
		ck_assert_int_eq(bpfl_trace_read(trace, note_task, tasks, &err), 3);
		ck_assert_str_eq(tasks, places[i].tasks);
		bpfl_trace_close(trace);
	}
}
END_TEST

START_TEST(a_callback_that_stops_loses_no_line)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_trace *trace;
	struct seen seen = { .stop_at = 1 };

	fake_tracefs(LINE("one") LINE("two"));
	CHECK_OK(bpfl_trace_open(NULL, &trace, &err), err);
	ck_assert_int_eq(bpfl_trace_read(trace, see, &seen, &err), -ECANCELED);
	ck_assert_int_eq(bpfl_trace_read(trace, see, &seen, &err), 1);
	ck_assert_str_eq(seen.messages, "one;two;");
	bpfl_trace_close(trace);
}
END_TEST

START_TEST(an_endless_line_comes_in_pieces)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_trace *trace;
	struct seen seen = { 0 };
	static char text[40001];

	memset(text, 'y', 40000);
	fake_tracefs(text);
	CHECK_OK(bpfl_trace_open(NULL, &trace, &err), err);
	ck_assert_int_eq(bpfl_trace_read(trace, see, &seen, &err), 2);
	bpfl_trace_close(trace);
}
END_TEST

START_TEST(without_instances_the_shared_pipe_is_read_with_a_warning)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_trace *trace;
	struct seen seen = { 0 };

	fake_tracefs("");
	fake_sys_pipe(TRACING "/trace_pipe", LINE("shared"));
	fake_sys_fail_call("mkdirat", 0, EROFS);
	CHECK_OK(bpfl_trace_open(&log_all, &trace, &err), err);
	CHECK_HAS(log_text, "shared trace_pipe");
	CHECK_HAS(log_text, "read-only");
	ck_assert_int_eq(bpfl_trace_read(trace, see, &seen, &err), 1);
	ck_assert_str_eq(seen.messages, "shared;");
	bpfl_trace_close(trace);
	ck_assert_uint_eq(fake_sys_count("unlinkat"), 0);
}
END_TEST

START_TEST(a_kernel_without_the_event_leaves_no_instance)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_trace *trace;

	fake_tracefs("");
	fake_sys_file_error(TRACING "/instances/bpfload_77_555_0/events/bpf_trace/bpf_trace_printk/enable", ENOENT);
	fake_sys_pipe(TRACING "/trace_pipe", "");
	CHECK_OK(bpfl_trace_open(&log_all, &trace, &err), err);
	ck_assert_uint_eq(fake_sys_count("unlinkat"), 1);
	CHECK_HAS(log_text, "older than 5.9");
	bpfl_trace_close(trace);
	ck_assert_uint_eq(fake_sys_count("unlinkat"), 1);
}
END_TEST

START_TEST(a_shared_pipe_that_is_taken_is_said_to_be)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_trace *trace;

	fake_tracefs("");
	fake_sys_fail_call("mkdirat", 0, EPERM);
	fake_sys_file_error(TRACING "/trace_pipe", EBUSY);
	CHECK_FAILS(bpfl_trace_open(NULL, &trace, &err), err, BPFL_ERR_TARGET, EBUSY, "trace_pipe");
	CHECK_HAS(err.why, "another process reads trace_pipe");
}
END_TEST

START_TEST(without_a_mount_a_detached_one_serves)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	int dir_fd = -1;

	fake_sys_fs_type("/sys/kernel/tracing", 0x62656572);
	fake_sys_fs_type("/sys/kernel/debug/tracing", 0x64626720);
	fake_sys_file("/proc/self/mounts", "proc /proc proc rw 0 0\nshort\n\n");
	CHECK_OK(bpfl_tracefs_open(&dir_fd, &err), err);
	ck_assert_int_ge(dir_fd, 3);
	ck_assert_uint_eq(fake_sys_count("fsopen"), 1);
	ck_assert_uint_eq(fake_sys_count("fsmount"), 1);
	ck_assert_int_eq(bpfl_enter_close(dir_fd), 0);
}
END_TEST

START_TEST(a_mount_elsewhere_is_found)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	int dir_fd = -1;

	fake_sys_fs_type("/sys/kernel/tracing", 0x62656572);
	fake_sys_fs_type("/sys/kernel/debug/tracing", 0x64626720);
	fake_sys_file("/proc/self/mounts", "proc /proc proc rw 0 0\nx /mnt/my\\040traces tracefs rw 0 0\n");
	fake_sys_fs_type("/mnt/my traces", BPFL_TRACEFS_MAGIC);
	fake_sys_file("/mnt/my traces/README", "");
	CHECK_OK(bpfl_tracefs_open(&dir_fd, &err), err);
	ck_assert_uint_eq(fake_sys_count("fsopen"), 0);
	ck_assert_int_eq(bpfl_enter_close(dir_fd), 0);
}
END_TEST

START_TEST(no_way_to_tracefs_is_e21)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	int dir_fd;

	fake_sys_fs_type("/sys/kernel/tracing", 0x62656572);
	fake_sys_fs_type("/sys/kernel/debug/tracing", 0x64626720);
	fake_sys_file("/proc/self/mounts", "");
	fake_sys_fail_call("fsopen", 0, EPERM);
	CHECK_FAILS(bpfl_tracefs_open(&dir_fd, &err), err, BPFL_ERR_PERMISSION, EPERM, "tracefs cannot be reached");
	ck_assert_int_eq(err.catalogue_id, 21);
	CHECK_HAS(err.why, "/sys/kernel/tracing: no tracefs is mounted there");
	CHECK_HAS(err.why, "/sys/kernel/debug/tracing");
	CHECK_HAS(err.fix, "mount -t tracefs tracefs /sys/kernel/tracing");
	bpfl_error_clear(&err);
	ck_assert_int_eq(bpfl_tracefs_open(&dir_fd, NULL), -EPERM);
}
END_TEST

START_TEST(every_failing_call_is_an_error_and_leaves_nothing)
{
	unsigned n = 1;

	do {
		struct bpfl_error err = BPFL_ERROR_INIT;
		struct bpfl_trace *trace = NULL;
		struct seen seen = { 0 };
		int ret;

		fake_sys_reset();
		fake_tracefs(LINE("one"));
		fake_sys_pipe(TRACING "/trace_pipe", LINE("one"));
		fake_sys_fail_nth(n, EIO);
		ret = bpfl_trace_open(NULL, &trace, &err);
		if (ret == 0)
			bpfl_trace_read(trace, see, &seen, &err);
		else
			ck_assert_int_ne(err.kind, BPFL_ERR_NONE);
		bpfl_trace_close(trace);
		bpfl_error_clear(&err);
		ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
		n++;
	} while (fake_sys_failed());
	ck_assert_uint_gt(n, 6);
}
END_TEST

/* ---- what is in the shared buffer ---- */

#define HEAD "# tracer: nop\n#\n# entries-in-buffer/entries-written: 4/4   #P:2\n#\n"
#define OTHER "            bash-4711    [001] d..21  1234.567890: sched_switch: bpf_trace_printk: x\n"

START_TEST(lines_that_are_there_are_shown_and_stay)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct seen seen = { 0 };

	fake_tracefs("");
	fake_sys_file(TRACING "/trace", HEAD LINE("one") OTHER
		      "of another event\n" LINE("two\n# half") "##### CPU 1 buffer started ####\n" OTHER
							       "CPU:1 [LOST 3 EVENTS]\n" LINE(""));
	CHECK_OK(bpfl_trace_buffered(&log_all, see, &seen, &err), err);
	ck_assert_str_eq(seen.messages, "one;two;# half;;");
	CHECK_HAS(log_text, "[LOST 3 EVENTS]");
	ck_assert_uint_eq(fake_sys_count("mkdirat"), 0);
	/* Again, until the callback has enough. */
	memset(&seen, 0, sizeof(seen));
	seen.stop_at = 2;
	ck_assert_int_eq(bpfl_trace_buffered(NULL, see, &seen, &err), -ECANCELED);
	ck_assert_str_eq(seen.messages, "one;two;");
	fake_sys_file(TRACING "/trace", HEAD);
	memset(&seen, 0, sizeof(seen));
	CHECK_OK(bpfl_trace_buffered(NULL, see, &seen, &err), err);
	ck_assert_int_eq(seen.nr, 0);
}
END_TEST

START_TEST(a_buffer_that_may_not_be_read_is_an_error)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct seen seen = { 0 };

	fake_tracefs("");
	fake_sys_file_error(TRACING "/trace", EACCES);
	CHECK_FAILS(bpfl_trace_buffered(NULL, see, &seen, &err), err, BPFL_ERR_PERMISSION, EACCES,
		    "the trace buffer cannot be read");
	fake_sys_file_error(TRACING "/trace", EBUSY);
	CHECK_FAILS(bpfl_trace_buffered(NULL, see, &seen, &err), err, BPFL_ERR_SYSTEM, EBUSY, "trace: ");
	bpfl_error_clear(&err);
}
END_TEST

int main(void)
{
	const TTest *line_tests[] = {
		lost_and_empty_lines_are_no_messages, a_long_task_does_not_overflow,
		only_our_names_are_ours,
	};
	const TTest *stream_tests[] = {
		a_private_instance_is_made_and_removed, lines_that_are_there_are_shown_and_stay,
		a_buffer_that_may_not_be_read_is_an_error,
		instances_of_the_dead_are_removed,
		a_task_that_the_kernel_forgot_is_asked_for_its_name,
		a_callback_that_stops_loses_no_line,
		an_endless_line_comes_in_pieces,
		without_instances_the_shared_pipe_is_read_with_a_warning,
		a_kernel_without_the_event_leaves_no_instance,
		a_shared_pipe_that_is_taken_is_said_to_be,
		without_a_mount_a_detached_one_serves,
		a_mount_elsewhere_is_found,
		no_way_to_tracefs_is_e21,
		every_failing_call_is_an_error_and_leaves_nothing,
	};
	Suite *suite = BPFL_TEST_SUITE("event trace", line_tests);
	TCase *table = tcase_create("line table");

	BPFL_TEST_ADD_CASE(suite, "streams", stream_tests);
	tcase_add_loop_test(table, a_line_is_taken_apart, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	suite_add_tcase(suite, table);
	return bpfl_test_main(suite);
}
