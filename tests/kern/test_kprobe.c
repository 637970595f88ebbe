/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probes of kernel functions on the running kernel: kprobe, kretprobe, ksyscall, kprobe.multi, kprobe.session.
 *
 * A kernel without kprobes is tested too: there each kind says so. In the machines of scripts/vm-run all
 * kernels have them, so there that is no way out.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "attach/perf.h"
#include "feature.h"
#include "live.h"
#include "sys/enter.h"
#include "sys/file.h"
#include "sys/kallsyms.h"
#include "sys/tracefs.h"

#define WRAPPED_CALL "sys_" LIVE_RARE_CALL

static struct live live;

/* True on a kernel without kprobes, after a check that the attempt says so. */
static bool no_kprobes(const char *section)
{
	if (bpfl_probe_available(false))
		return false;
	ck_assert_ptr_null(getenv("BPFLOAD_VM"));
	CHECK_FAILS(live_start(&live, LIVE_COUNT, section, NULL), live.err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
		    "this kernel has no kprobes");
	ck_assert_int_eq(live.err.catalogue_id, 19);
	CHECK_HAS(live.err.why, "CONFIG_KPROBES");
	ck_assert_ptr_null(live.object); /* nothing was loaded */
	live_stop(&live);
	bpfl_test_refused("kprobe", "this kernel has no kprobes");
	return true;
}

static const char *way(void)
{
	return live.link->link_fd >= 0 ? "by link" : "by ioctl";
}

/* Lines of kprobe_events that are this project's. */
static int count_line(void *ctx, char *line)
{
	*(unsigned *)ctx += strstr(line, ":bpfload/") != NULL;
	return 0;
}

static unsigned nr_events(void)
{
	unsigned nr = 0;
	int dir_fd;

	CHECK_OK(bpfl_tracefs_open(&dir_fd, &live.err), live.err);
	ck_assert_int_eq(bpfl_file_each_line(dir_fd, "kprobe_events", count_line, &nr), 0);
	bpfl_enter_close(dir_fd);
	return nr;
}

START_TEST(a_kprobe_fires_until_its_link_is_closed)
{
	static const struct {
		const char *section, *kind;
	} rows[] = {
		{ "kprobe/" WRAPPED_CALL, "kprobe" },
		{ "kretprobe/" WRAPPED_CALL, "kretprobe" },
		{ "ksyscall/" LIVE_RARE_CALL, "ksyscall" },
		{ "kretsyscall/" LIVE_RARE_CALL, "kretsyscall" },
		{ "kprobe/bpfload_no_such_function|" WRAPPED_CALL, NULL },
	};
	const char *section = rows[_i].section, *how;

	if (no_kprobes(section))
		return;
	CHECK_OK(live_start(&live, LIVE_COUNT, section, NULL), live.err);
	how = way();
	if (!bpfl_test_lacks("perf_link"))
		ck_assert_str_eq(how, "by link");
	live_prove(&live, live_rare_call, 10);
	ck_assert_uint_eq(nr_events(), 0);
	if (rows[_i].kind)
		bpfl_test_shows(rows[_i].kind, how);
}
END_TEST

START_TEST(a_cookie_reaches_a_kprobe)
{
	if (no_kprobes("kprobe/vfs_read") || bpfl_test_lacks("attach_cookie"))
		return;
	CHECK_OK(live_start(&live, LIVE_COOKIE, "kprobe/" WRAPPED_CALL, "kprobe/" WRAPPED_CALL ",cookie=1000"),
		 live.err);
	live_rare_call(5);
	ck_assert_uint_ge(live_counter(&live), 5000);
	ck_assert_uint_eq(live_counter(&live) % 1000, 0);
	live_stop(&live);
}
END_TEST

START_TEST(an_event_of_tracefs_does_where_there_is_no_pmu)
{
	if (no_kprobes("kprobe/vfs_read"))
		return;
	CHECK_OK(live_start_without(&live, BPFL_FEATURE_PROBE_PMU, "kprobe/" WRAPPED_CALL, NULL), live.err);
	CHECK_HAS(bpfl_link_text(live.link), "(by an event of tracefs)");
	ck_assert_uint_eq(nr_events(), 1);
	live_prove(&live, live_rare_call, 10);
	ck_assert_uint_eq(nr_events(), 0);
	/* How many calls at once are followed can be told to such an event only. */
	CHECK_OK(live_start(&live, LIVE_COUNT, "kretprobe/vfs_read", "kretprobe/" WRAPPED_CALL ",retmax=64"), live.err);
	ck_assert_uint_eq(nr_events(), 1);
	live_prove(&live, live_rare_call, 10);
	ck_assert_uint_eq(nr_events(), 0);
	/* And by ioctl, as on the oldest kernels. */
	CHECK_OK(live_start_without(&live, BPFL_FEATURE_PERF_LINK, "kprobe/" WRAPPED_CALL, NULL), live.err);
	CHECK_HAS(bpfl_link_text(live.link), "(by ioctl)");
	live_prove(&live, live_rare_call, 10);
}
END_TEST

START_TEST(the_event_of_a_killed_process_is_swept)
{
	int ready[2], status;
	pid_t child;
	char byte;

	if (no_kprobes("kprobe/vfs_read"))
		return;
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		if (live_start_without(&live, BPFL_FEATURE_PROBE_PMU, "kprobe/vfs_read", NULL) == 0)
			(void)!write(ready[1], "x", 1);
		close(ready[1]);
		pause();
		_exit(1);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	ck_assert_uint_eq(nr_events(), 1);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_uint_eq(nr_events(), 1);
	CHECK_OK(live_start_without(&live, BPFL_FEATURE_PROBE_PMU, "kprobe/vfs_read", NULL), live.err);
	ck_assert_uint_eq(nr_events(), 1);
	CHECK_HAS(live.log.data, "of a process that is gone");
	live_stop(&live);
	ck_assert_uint_eq(nr_events(), 0);
}
END_TEST

static const struct {
	const char *attach, *message, *why, *fix;
	bool before_loading;
} refused[] = {
	{ "kprobe/vfs_reed", "there is no kernel function 'vfs_reed'", "/proc/kallsyms does not list it", "'vfs_read'", true },
	{ "kprobe/nosuchmodule:vfs_read", "there is no kernel function 'nosuchmodule:vfs_read'", "not in module 'nosuchmodule'",
	  "'vfs_read'", true },
	{ "ksyscall/klone", "this kernel has no system call 'klone'", "nor an older spelling", "sys_clone'", true },
	{ "kprobe.multi/no_such_function_*", "no kernel function that can be traced fits 'no_such_function_*'", "", "", true },
	{ "kprobe/vfs_reed|vfs_wride", "there is no kernel function 'vfs_reed'", "not there either: vfs_wride", "", true },
	{ "kretprobe/vfs_read+4", "a return probe stands on a function", "", "without an offset", true },
	{ "kprobe/vfs_read+0x40000000", "the kernel function 'vfs_read' cannot be probed", "", "", false },
};

START_TEST(a_function_that_cannot_be_probed_is_explained)
{
	if (no_kprobes("kprobe/vfs_read"))
		return;
	ck_assert_int_lt(live_start(&live, LIVE_COUNT, "kprobe/vfs_read", refused[_i].attach), 0);
	CHECK_HAS(live.err.message, refused[_i].message);
	CHECK_HAS(live.err.why, refused[_i].why);
	CHECK_HAS(live.err.fix, refused[_i].fix);
	ck_assert(refused[_i].before_loading == (live.object == NULL));
	live_stop(&live);
}
END_TEST

/* atomic_notifier_call_chain can be traced, but not be probed, and no pattern without it has as many notifiers. */
START_TEST(what_cannot_be_probed_of_many_is_left_out)
{
	const char *section = "kprobe.multi/*notifier_call_chain";

	if (no_kprobes("kprobe.multi/vfs_read"))
		return;
	CHECK_OK(live_start(&live, LIVE_COUNT, section, NULL), live.err);
	if (strstr(bpfl_link_text(live.link), "a kprobe each")) {
		CHECK_HAS(live.log.data, "warning: kprobe.multi *notifier_call_chain: the kernel refused ");
		CHECK_HAS(live.log.data, "atomic_notifier_call_chain");
		CHECK_HAS(bpfl_link_text(live.link), " of ");
		ck_assert_uint_eq(nr_events(), 0);
	} else {
		ck_assert_ptr_null(live.log.data); /* such a link looks at no list of what must not be probed */
	}
	live_stop(&live);
}
END_TEST

START_TEST(one_link_is_on_many_functions)
{
	if (no_kprobes("kprobe.multi/vfs_read"))
		return;
	CHECK_OK(live_start(&live, LIVE_COUNT, "kprobe.multi/*sys_" LIVE_RARE_CALL, NULL), live.err);
	if (bpfl_test_lacks("kprobe_multi")) {
		CHECK_HAS(bpfl_link_text(live.link), "a kprobe each");
		live_prove(&live, live_rare_call, 10);
		bpfl_test_shows("kprobe.multi", "as single kprobes");
	} else {
		CHECK_HAS_NOT(bpfl_link_text(live.link), "a kprobe each");
		live_prove(&live, live_rare_call, 10);
		bpfl_test_shows("kprobe.multi", "by link");
	}
	CHECK_OK(live_start(&live, LIVE_COUNT, "kretprobe.multi/*sys_" LIVE_RARE_CALL, NULL), live.err);
	live_prove(&live, live_rare_call, 10);
	if (bpfl_test_lacks("kprobe_session")) {
		CHECK_FAILS(live_start(&live, LIVE_COUNT, "kprobe.session/*sys_" LIVE_RARE_CALL, NULL), live.err, BPFL_ERR_UNSUPPORTED,
			    EOPNOTSUPP, "this kernel has no kprobe.session");
		live_stop(&live);
		return;
	}
	/* Entry and return. */
	CHECK_OK(live_start(&live, LIVE_COUNT, "kprobe.session/*sys_" LIVE_RARE_CALL, NULL), live.err);
	live_rare_call(10);
	ck_assert_uint_ge(live_counter(&live), 20);
	live_prove(&live, live_rare_call, 10);
	bpfl_test_shows("kprobe.session", "by link");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_cookie_reaches_a_kprobe,
		an_event_of_tracefs_does_where_there_is_no_pmu,
		the_event_of_a_killed_process_is_swept,
		one_link_is_on_many_functions,
		what_cannot_be_probed_of_many_is_left_out,
	};
	Suite *suite = BPFL_TEST_SUITE("kprobe", tests);

	bpfl_test_add_loop(suite, "kinds", a_kprobe_fires_until_its_link_is_closed, 5);
	bpfl_test_add_loop(suite, "refused", a_function_that_cannot_be_probed_is_explained,
			   sizeof(refused) / sizeof(refused[0]));
	return bpfl_test_main(suite);
}
