/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Perf events on the running kernel: clocks and counters, on all CPUs, on one, in one process.
 */
#include "harness.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "feature.h"
#include "live.h"
#include "sys/facts.h"

static struct live live;

static void busy(unsigned times_10ms)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < (long)times_10ms * 10);
}

/* Until the counter is there, however slow the machine: 10 s at most. */
static void busy_until(uint64_t count)
{
	for (unsigned i = 0; i < 200 && live_counter(&live) < count; i++)
		busy(5);
	ck_assert_uint_ge(live_counter(&live), count);
}

/* For so many samples more, or a second. */
static void busy_for(unsigned nr_samples)
{
	uint64_t end = live_counter(&live) + nr_samples;

	for (unsigned i = 0; i < 20 && live_counter(&live) < end; i++)
		busy(5);
}

static void fault_pages(unsigned times)
{
	size_t page = bpfl_facts_page_size(), size = page * times;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	madvise(memory, size, MADV_NOHUGEPAGE);
	for (unsigned i = 0; i < times; i++)
		memory[i * page] = 1;
	munmap(memory, size);
}

START_TEST(a_clock_samples_every_cpu_until_it_is_closed)
{
	char want[32];

	CHECK_OK(live_start(&live, LIVE_COUNT, "perf_event", "profile:hz:200"), live.err);
	snprintf(want, sizeof(want), "freq 200, on %ld CPU", sysconf(_SC_NPROCESSORS_ONLN));
	CHECK_HAS(bpfl_link_text(live.link), want);
	if (!bpfl_test_lacks("perf_link"))
		ck_assert_ptr_null(strstr(bpfl_link_text(live.link), "by ioctl"));
	busy_until(20);
	bpfl_test_shows("perf_event", bpfl_test_lacks("perf_link") ? "by ioctl" : "by link");
	live_prove(&live, busy_for, 5);
}
END_TEST

START_TEST(a_counter_runs_the_program_for_each_event)
{
	CHECK_OK(live_start(&live, LIVE_COUNT, "perf_event", "perf_event:page-faults,period=1"), live.err);
	live_prove(&live, fault_pages, 50);
}
END_TEST

START_TEST(an_event_may_be_on_one_cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	CHECK_OK(live_start(&live, LIVE_COUNT, "perf_event", "perf_event:cpu-clock,freq=200,cpu=0"), live.err);
	CHECK_HAS(bpfl_link_text(live.link), "on CPU 0");
	ck_assert_int_eq(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	busy_until(20);
	live_stop(&live);
	CHECK_FAILS(live_start(&live, LIVE_COUNT, "perf_event", "perf_event:cpu-clock,cpu=60000"), live.err,
		    BPFL_ERR_TARGET, ENODEV, "there is no CPU 60000");
	CHECK_HAS(live.err.why, "the highest number here is");
	live_stop(&live);
}
END_TEST

START_TEST(an_event_may_be_in_one_process)
{
	char text[96];
	uint64_t before;
	int status;
	pid_t child;

	/* Of others nothing is counted. */
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	snprintf(text, sizeof(text), "perf_event:page-faults,period=1,pid=%d", child);
	CHECK_OK(live_start(&live, LIVE_COUNT, "perf_event", text), live.err);
	CHECK_HAS(bpfl_link_text(live.link), "1 thread");
	before = live_counter(&live);
	fault_pages(50);
	ck_assert_uint_eq(live_counter(&live), before);
	live_stop(&live);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);

	/* Of itself and of what it starts later everything. */
	snprintf(text, sizeof(text), "perf_event:page-faults,period=1,pid=%d", getpid());
	CHECK_OK(live_start(&live, LIVE_COUNT, "perf_event", text), live.err);
	fault_pages(50);
	before = live_counter(&live);
	ck_assert_uint_ge(before, 50);
	child = fork();
	if (child == 0) {
		fault_pages(200);
		_exit(0);
	}
	waitpid(child, &status, 0);
	ck_assert_uint_ge(live_counter(&live), before + 200);
	live_stop(&live);

	snprintf(text, sizeof(text), "perf_event:page-faults,pid=%d", 4194303);
	CHECK_FAILS(live_start(&live, LIVE_COUNT, "perf_event", text), live.err, BPFL_ERR_TARGET, ESRCH,
		    "there is no process 4194303");
	live_stop(&live);
}
END_TEST

static const struct {
	const char *attach;
	enum bpfl_error_kind kind;
	const char *message, *fix;
} refused[] = {
	{ "perf_event:page-fault", BPFL_ERR_TARGET, "there is no perf event 'page-fault'", "'page-faults'" },
	{ "perf_event:cpu-clock,freq=9,period=9", BPFL_ERR_USAGE, "exclude each other", "" },
	{ "perf_event:cpu-clock,freq=0", BPFL_ERR_USAGE, "freq=0 would never run", "" },
	{ "perf_event:cpu-clock,freq=1000000000", BPFL_ERR_SYSTEM, "perf_event_open for cpu-clock", "sample at most" },
};

START_TEST(an_event_that_cannot_be_is_explained)
{
	ck_assert_int_lt(live_start(&live, LIVE_COUNT, "perf_event", refused[_i].attach), 0);
	CHECK_HAS(live.err.message, refused[_i].message);
	CHECK_HAS(live.err.fix, refused[_i].fix);
	ck_assert_int_eq(live.err.kind, refused[_i].kind);
	live_stop(&live);
}
END_TEST

START_TEST(a_cookie_reaches_a_perf_event)
{
	if (bpfl_test_lacks("attach_cookie"))
		return;
	CHECK_OK(live_start(&live, LIVE_COOKIE, "perf_event", "perf_event:page-faults,period=1,cookie=1000"), live.err);
	fault_pages(5);
	ck_assert_uint_ge(live_counter(&live), 5000);
	ck_assert_uint_eq(live_counter(&live) % 1000, 0);
	live_stop(&live);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_clock_samples_every_cpu_until_it_is_closed,
		a_counter_runs_the_program_for_each_event,
		an_event_may_be_on_one_cpu,
		an_event_may_be_in_one_process,
		a_cookie_reaches_a_perf_event,
	};
	Suite *suite = BPFL_TEST_SUITE("perf_event", tests);

	bpfl_test_add_loop(suite, "refused", an_event_that_cannot_be_is_explained,
			   sizeof(refused) / sizeof(refused[0]));
	return bpfl_test_main(suite);
}
