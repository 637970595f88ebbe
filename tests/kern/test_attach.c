/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links and the printk stream on the running kernel. That a program ran is shown by a counter that moved, that it is
 * detached by one that no longer does. Programs are built here, instruction by instruction, so no compiler is needed.
 *
 * XDP is tested in a network namespace of the test's own process.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "attach/link.h"
#include "base/buf.h"
#include "bpfload/event.h"
#include "feature.h"
#include "insns.h"
#include "live.h"
#include "netns.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/file.h"
#include "sys/netlink.h"
#include "sys/tracefs.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct bpfl_target *target;
static struct bpfl_image *image;
static struct bpfl_object *object;
static struct live live; /* where nothing but attaching is to be seen */

/* ---- programs ---- */

static void finish_load(void)
{
	CHECK_OK(bpfl_target_running(NULL, &target, &err), err);
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	CHECK_OK(bpfl_object_load(image, target, NULL, &object, &err), err);
}

static void load(const char *section, enum live_program program, int32_t result)
{
	CHECK_OK(bpfl_spec_create("test", "GPL", &spec, &err), err);
	live_add_counter(spec);
	live_add_prog(spec, "prog", section, program, result);
	finish_load();
}

static void load_count(const char *section)
{
	load(section, LIVE_COUNT, 0);
}

static void unload(void)
{
	bpfl_object_close(object);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}

static uint64_t counter(void)
{
	return live_counter_of(object);
}

static int attach(const char *text, struct bpfl_link **ret_link)
{
	struct bpfl_attach *parsed = NULL;
	int ret;

	bpfl_error_clear(&err);
	CHECK_OK(bpfl_attach_parse(text, &parsed, &err), err);
	CHECK_OK(bpfl_attach_check(parsed, spec, 0, &err), err);
	ret = bpfl_link_attach(object, 0, parsed, NULL, ret_link, &err);
	bpfl_attach_destroy(parsed);
	return ret;
}

/* ---- tracepoints ---- */

START_TEST(a_tracepoint_fires_until_its_link_is_closed)
{
	bool by_link = !bpfl_test_lacks("perf_link");

	CHECK_OK(live_start(&live, LIVE_COUNT, "tracepoint/syscalls/sys_enter_" LIVE_RARE_CALL, NULL), live.err);
	ck_assert_int_eq(bpfl_link_fd(live.link) >= 3, by_link);
	live_prove(&live, live_rare_call, 10);
	bpfl_test_shows("tracepoint", by_link ? "by link" : "by ioctl");
}
END_TEST

START_TEST(a_tracepoint_fires_by_ioctl_too)
{
	const char *section = "tp/syscalls/sys_exit_" LIVE_RARE_CALL;

	/* as if the kernel were older than 5.15 */
	CHECK_OK(live_start_without(&live, BPFL_FEATURE_PERF_LINK, section, NULL), live.err);
	CHECK_HAS(bpfl_link_text(live.link), "by ioctl");
	live_prove(&live, live_rare_call, 10);
}
END_TEST

START_TEST(a_missing_tracepoint_brings_near_names)
{
	struct bpfl_attach *parsed = NULL;

	load_count("tracepoint/syscalls/sys_enter_execv");
	CHECK_OK(bpfl_attach_parse("tracepoint/syscalls/sys_enter_execv", &parsed, &err), err);
	CHECK_FAILS(bpfl_attach_check(parsed, spec, 0, &err), err, BPFL_ERR_TARGET, ENOENT,
		    "there is no tracepoint 'syscalls/sys_enter_execv'");
	CHECK_HAS(err.fix, "'syscalls/sys_enter_execve'");
	bpfl_attach_destroy(parsed);
	bpfl_error_clear(&err);
	/* Right but for its category. */
	CHECK_OK(bpfl_attach_parse("tracepoint/net/sched_switch", &parsed, &err), err);
	CHECK_FAILS(bpfl_attach_check(parsed, spec, 0, &err), err, BPFL_ERR_TARGET, ENOENT, "net/sched_switch");
	CHECK_HAS(err.fix, "'sched/sched_switch'");
	bpfl_attach_destroy(parsed);
	unload();
}
END_TEST

START_TEST(a_raw_tracepoint_fires_until_its_link_is_closed)
{
	CHECK_OK(live_start(&live, LIVE_COUNT, "raw_tp/sys_enter", NULL), live.err);
	live_prove(&live, live_rare_call, 10);
	bpfl_test_shows("raw_tp", "by link");
}
END_TEST

START_TEST(a_missing_raw_tracepoint_brings_near_names)
{
	struct bpfl_link *link = NULL;

	load_count("raw_tp/sched_swich");
	CHECK_FAILS(attach("raw_tp/sched_swich", &link), err, BPFL_ERR_TARGET, ENOENT,
		    "there is no raw tracepoint 'sched_swich'");
	ck_assert_int_eq(err.catalogue_id, 20);
	CHECK_HAS(err.fix, "'sched_switch'");
	CHECK_FAILS(attach("raw_tp/sys_enter_execve", &link), err, BPFL_ERR_TARGET, ENOENT, "sys_enter_execve");
	CHECK_HAS(err.why, "raw_tp/sys_enter");
	unload();
}
END_TEST

/* The process leaves its CPU each time. */
static void sleep_briefly(unsigned times)
{
	while (times--)
		usleep(1000);
}

START_TEST(a_typed_tracepoint_fires_until_its_link_is_closed)
{
	if (bpfl_test_lacks("kernel_btf"))
		return;
	CHECK_OK(live_start(&live, LIVE_COUNT, "tp_btf/sched_switch", NULL), live.err);
	live_prove(&live, sleep_briefly, 20);
	bpfl_test_shows("tp_btf", "by link");
}
END_TEST

START_TEST(a_cookie_reaches_the_program)
{
	struct bpfl_link *link = NULL;

	if (bpfl_test_lacks("attach_cookie"))
		return;
	load("tracepoint/syscalls/sys_enter_" LIVE_RARE_CALL, LIVE_COOKIE, 0);
	CHECK_OK(attach("tracepoint/syscalls/sys_enter_" LIVE_RARE_CALL ",cookie=1000000", &link), err);
	live_rare_call(1);
	ck_assert_uint_ge(counter(), 1000000);
	ck_assert_uint_eq(counter() % 1000000, 0);
	bpfl_link_close(link);
	unload();

	if (bpfl_test_lacks("raw_tp_cookie"))
		return;
	load("raw_tp/sys_enter", LIVE_COOKIE, 0);
	CHECK_OK(attach("raw_tp/sys_enter,cookie=7", &link), err);
	live_rare_call(1);
	ck_assert_uint_ge(counter(), 7);
	ck_assert_uint_eq(counter() % 7, 0);
	bpfl_link_close(link);
	unload();

	load("tp_btf/sched_switch", LIVE_COOKIE, 0);
	CHECK_OK(attach("tp_btf/sched_switch,cookie=11", &link), err);
	usleep(2000);
	ck_assert_uint_ge(counter(), 11);
	ck_assert_uint_eq(counter() % 11, 0);
	bpfl_link_close(link);
	unload();
}
END_TEST

/* ---- XDP ---- */

static void send_to_lo(unsigned times)
{
	bpfl_test_send_udp(9, times);
}

static struct bpfl_xdp_state xdp_state(const char *name)
{
	struct bpfl_xdp_state state;

	ck_assert_int_eq(bpfl_netlink_xdp_query(if_nametoindex(name), &state), 0);
	return state;
}

static void load_xdp(void)
{
	load("xdp", LIVE_COUNT, 2 /* XDP_PASS */);
}

START_TEST(xdp_on_lo_counts_packets_until_its_link_is_closed)
{
	struct bpfl_link *link = NULL;
	uint64_t before;

	bpfl_test_own_network();
	load_xdp();
	CHECK_OK(attach("xdp:lo", &link), err);
	ck_assert_str_eq(bpfl_link_text(link), "prog: xdp on lo (skb mode)");
	ck_assert_int_eq(xdp_state("lo").attached, BPFL_XDP_SKB);
	send_to_lo(10);
	ck_assert_uint_ge(counter(), 10);
	bpfl_link_close(link);
	ck_assert_int_eq(xdp_state("lo").attached, BPFL_XDP_NONE);
	before = counter();
	send_to_lo(5);
	ck_assert_uint_eq(counter(), before);
	unload();
	bpfl_test_shows("xdp", "by link");
}
END_TEST

START_TEST(xdp_on_veth_runs_in_each_mode)
{
	static const struct {
		const char *attach, *text;
	} rows[] = {
		{ "xdp:v1", "prog: xdp on v1 (native mode)" },
		{ "xdp:v1,mode=native", "prog: xdp on v1 (native mode)" },
		{ "xdp:v1,mode=auto", "prog: xdp on v1 (native mode)" },
		{ "xdp:v1,mode=skb", "prog: xdp on v1 (skb mode)" },
	};

	bpfl_test_own_network();
	bpfl_test_veth("v0", "v1");
	load_xdp();
	for (size_t i = 0; i < NR(rows); i++) {
		struct bpfl_link *link = NULL;
		uint64_t before = counter();

		CHECK_OK(attach(rows[i].attach, &link), err);
		ck_assert_str_eq(bpfl_link_text(link), rows[i].text);
		bpfl_test_send_frames("v0", 10);
		/* veth takes its queues down and up when it gets a program, and loses what comes meanwhile. */
		for (int tries = 0; tries < 50 && counter() < before + 10; tries++)
			bpfl_test_send_frames("v0", 1);
		ck_assert_uint_ge(counter(), before + 10);
		bpfl_link_close(link);
		ck_assert_int_eq(xdp_state("v1").attached, BPFL_XDP_NONE);
	}
	unload();
}
END_TEST

START_TEST(xdp_by_netlink_is_taken_away_too)
{
	struct bpfl_link *link = NULL;

	bpfl_test_own_network();
	load_xdp();
	target->features[BPFL_FEATURE_XDP_LINK] = BPFL_NO; /* as if the kernel were older than 5.9 */
	CHECK_OK(attach("xdp:lo,mode=skb", &link), err);
	ck_assert_str_eq(bpfl_link_text(link), "prog: xdp on lo (skb mode) by netlink");
	ck_assert_int_eq(bpfl_link_fd(link), -ENOENT);
	send_to_lo(10);
	ck_assert_uint_ge(counter(), 10);
	bpfl_link_close(link);
	ck_assert_int_eq(xdp_state("lo").attached, BPFL_XDP_NONE);
	unload();
}
END_TEST

START_TEST(an_interface_that_is_taken_is_left_alone)
{
	struct bpfl_link *link = NULL, *second = NULL;

	bpfl_test_own_network();
	load_xdp();
	CHECK_OK(attach("xdp:lo", &link), err);
	CHECK_FAILS(attach("xdp:lo", &second), err, BPFL_ERR_TARGET, EBUSY,
		    "interface 'lo' has an XDP program already");
	ck_assert_int_eq(err.catalogue_id, 32);
	CHECK_HAS(err.why, "in skb mode");
	ck_assert_int_eq(xdp_state("lo").attached, BPFL_XDP_SKB);
	/* By netlink the same. */
	target->features[BPFL_FEATURE_XDP_LINK] = BPFL_NO;
	ck_assert_int_lt(attach("xdp:lo", &second), 0);
	ck_assert_int_eq(err.catalogue_id, 32);
	bpfl_link_close(link);
	unload();
}
END_TEST

START_TEST(a_driver_without_native_mode_says_why)
{
	struct bpfl_link *link = NULL;

	bpfl_test_own_network();
	load_xdp();
	ck_assert_int_lt(attach("xdp:lo,mode=native", &link), 0);
	ck_assert_int_eq(err.catalogue_id, 26);
	CHECK_HAS(err.why, "the kernel says: ");
	CHECK_HAS(err.fix, "mode=skb");
	ck_assert_int_eq(xdp_state("lo").attached, BPFL_XDP_NONE);
	CHECK_OK(attach("xdp:lo,mode=auto", &link), err);
	CHECK_HAS(bpfl_link_text(link), "skb mode");
	bpfl_link_close(link);
	unload();
}
END_TEST

/* ---- printk ---- */

struct seen {
	int nr;
	char task[64];
	int pid;
	char message[128];
};

static int see(void *ctx, const struct bpfl_trace_line *line)
{
	struct seen *seen = ctx;

	if (!line->parsed || strcmp(line->message, "hi") != 0)
		return 0; /* somebody else's */
	seen->nr++;
	seen->pid = line->pid;
	snprintf(seen->task, sizeof(seen->task), "%s", line->task);
	snprintf(seen->message, sizeof(seen->message), "%s", line->message);
	return 0;
}

static bool wait_readable(const struct bpfl_trace *trace)
{
	struct pollfd poll_fd = { bpfl_trace_fd(trace), POLLIN, 0 };

	return poll(&poll_fd, 1, 2000) == 1;
}

struct instances {
	int pid;
	unsigned nr; /* of that process */
};

static int count_instance(void *ctx, const char *name)
{
	struct instances *instances = ctx;
	int pid;

	if (sscanf(name, "bpfload_%d_", &pid) == 1 && pid == instances->pid)
		instances->nr++;
	return 0;
}

/* How many trace instances of a process there are. */
static unsigned nr_instances(int pid)
{
	struct instances instances = { pid, 0 };
	int dir_fd;

	CHECK_OK(bpfl_tracefs_open(&dir_fd, &err), err);
	ck_assert_int_eq(bpfl_enter_list_dir(dir_fd, "instances", count_instance, &instances), 0);
	bpfl_enter_close(dir_fd);
	return instances.nr;
}

/* bpf_trace_printk("hi\n", 4) */
static const struct bpfl_insn print_insns[] = {
	STORE32_IMM(10, -8, TEXT_HI),
	MOV_REG(1, 10), ADD(1, -8), MOV(2, 4), CALL(HELPER_TRACE_PRINTK), MOV(0, 0), EXIT,
};

static void load_print(void)
{
	struct bpfl_prog_def prog = { .size = sizeof(prog), .name = "prog", .insns = print_insns,
				      .section = "tracepoint/syscalls/sys_enter_" LIVE_RARE_CALL, .nr_insns = NR(print_insns) };

	CHECK_OK(bpfl_spec_create("test", "GPL", &spec, &err), err);
	CHECK_OK(bpfl_spec_add_prog(spec, &prog, &err), err);
	finish_load();
}

START_TEST(what_a_program_prints_is_seen_by_each_stream)
{
	struct bpfl_trace *trace = NULL, *second = NULL;
	struct bpfl_link *link = NULL;
	struct seen seen = { 0 }, seen_second = { 0 };

	prctl(PR_SET_NAME, "a - [0] b");
	load_print();
	CHECK_OK(attach("tracepoint/syscalls/sys_enter_" LIVE_RARE_CALL, &link), err);
	live_rare_call(3); /* before the stream: not seen */
	CHECK_OK(bpfl_trace_open(NULL, &trace, &err), err);
	CHECK_OK(bpfl_trace_open(NULL, &second, &err), err);
	ck_assert_uint_eq(nr_instances(getpid()), 2);
	ck_assert_int_eq(bpfl_trace_read(trace, see, &seen, &err), 0);
	usleep(20000); /* the kernel learns the name of a task when it is switched */
	live_rare_call(2);
	ck_assert(wait_readable(trace));
	CHECK_OK(bpfl_trace_read(trace, see, &seen, &err), err);
	ck_assert_int_eq(seen.nr, 2);
	ck_assert_int_eq(seen.pid, getpid());
	ck_assert_str_eq(seen.task, "a - [0] b");
	ck_assert(wait_readable(second));
	CHECK_OK(bpfl_trace_read(second, see, &seen_second, &err), err);
	ck_assert_int_eq(seen_second.nr, 2);
	bpfl_trace_close(trace);
	ck_assert_uint_eq(nr_instances(getpid()), 1);
	bpfl_trace_close(second);
	ck_assert_uint_eq(nr_instances(getpid()), 0);
	bpfl_link_close(link);
	unload();
}
END_TEST

START_TEST(the_instance_of_a_killed_process_is_swept)
{
	struct bpfl_trace *trace = NULL;
	int ready[2], status;
	pid_t child;
	char byte;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		if (bpfl_trace_open(NULL, &trace, NULL) == 0)
			(void)!write(ready[1], "x", 1);
		close(ready[1]);
		pause();
		_exit(1);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	ck_assert_uint_eq(nr_instances(child), 1);
	/* Alive: left alone. */
	CHECK_OK(bpfl_trace_open(NULL, &trace, &err), err);
	ck_assert_uint_eq(nr_instances(child), 1);
	bpfl_trace_close(trace);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_uint_eq(nr_instances(child), 1);
	CHECK_OK(bpfl_trace_open(NULL, &trace, &err), err);
	ck_assert_uint_eq(nr_instances(child), 0);
	bpfl_trace_close(trace);
	ck_assert_uint_eq(nr_instances(getpid()), 0);
}
END_TEST

START_TEST(a_flood_of_lines_is_read_or_said_to_be_lost)
{
	struct bpfl_trace *trace = NULL;
	struct bpfl_link *link = NULL;
	struct seen seen = { 0 };

	load_print();
	CHECK_OK(attach("tracepoint/syscalls/sys_enter_" LIVE_RARE_CALL, &link), err);
	CHECK_OK(bpfl_trace_open(NULL, &trace, &err), err);
	for (int i = 0; i < 20; i++) {
		live_rare_call(100);
		CHECK_OK(bpfl_trace_read(trace, see, &seen, &err), err);
	}
	while (seen.nr < 2000 && wait_readable(trace))
		CHECK_OK(bpfl_trace_read(trace, see, &seen, &err), err);
	ck_assert_int_eq(seen.nr, 2000);
	bpfl_trace_close(trace);
	bpfl_link_close(link);
	unload();
}
END_TEST

static char *mounts(void)
{
	struct bpfl_buf text = BPFL_BUF_INIT;

	ck_assert_int_ge(bpfl_file_read_virtual(AT_FDCWD, "/proc/self/mounts", 1 << 20, &text), 0);
	return bpfl_buf_take(&text);
}

START_TEST(the_mount_table_stays_as_it_is)
{
	struct bpfl_trace *trace = NULL;
	char *before = mounts(), *during, *after;

	CHECK_OK(bpfl_trace_open(NULL, &trace, &err), err);
	during = mounts();
	bpfl_trace_close(trace);
	after = mounts();
	ck_assert_str_eq(during, before);
	ck_assert_str_eq(after, before);
	free(before);
	free(during);
	free(after);
}
END_TEST

/* ---- maps in words ---- */

START_TEST(values_of_every_cpu_are_shown)
{
	struct bpfl_map_def map = { .size = sizeof(map),
				    .name = "hits",
				    .type = BPFL_MAP_TYPE_PERCPU_ARRAY,
				    .key_size = 4,
				    .value_size = 4,
				    .max_entries = 2 };
	char *text = NULL, want[64];
	long nr_cpus = sysconf(_SC_NPROCESSORS_CONF);

	CHECK_OK(bpfl_spec_create("test", "GPL", &spec, &err), err);
	CHECK_OK(bpfl_spec_add_map(spec, &map, &err), err);
	CHECK_OK(bpfl_target_running(NULL, &target, &err), err);
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	CHECK_OK(bpfl_object_load(image, target, NULL, &object, &err), err);
	CHECK_OK(bpfl_object_map_text(object, "hits", BPFL_FORMAT_TEXT, &text, &err), err);
	snprintf(want, sizeof(want), "hits[1] cpu %ld = 0\n", nr_cpus - 1);
	CHECK_HAS(text, want);
	free(text);
	unload();
}
END_TEST

int main(void)
{
	const TTest *tracepoint_tests[] = {
		a_tracepoint_fires_until_its_link_is_closed,
		a_tracepoint_fires_by_ioctl_too,
		a_missing_tracepoint_brings_near_names,
		a_raw_tracepoint_fires_until_its_link_is_closed,
		a_missing_raw_tracepoint_brings_near_names,
		a_typed_tracepoint_fires_until_its_link_is_closed,
		a_cookie_reaches_the_program,
	};
	const TTest *xdp_tests[] = {
		xdp_on_lo_counts_packets_until_its_link_is_closed,
		xdp_on_veth_runs_in_each_mode,
		xdp_by_netlink_is_taken_away_too,
		an_interface_that_is_taken_is_left_alone,
		a_driver_without_native_mode_says_why,
	};
	const TTest *trace_tests[] = {
		what_a_program_prints_is_seen_by_each_stream,
		the_instance_of_a_killed_process_is_swept,
		a_flood_of_lines_is_read_or_said_to_be_lost,
		the_mount_table_stays_as_it_is,
		values_of_every_cpu_are_shown,
	};
	Suite *suite = BPFL_TEST_SUITE("attach", tracepoint_tests);

	BPFL_TEST_ADD_CASE(suite, "xdp", xdp_tests);
	BPFL_TEST_ADD_CASE(suite, "printk", trace_tests);
	return bpfl_test_main(suite);
}
