/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Letting go of many programs at once, and leaving that to another process, as include/bpfload/link.h describes it.
 */
#include "harness.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>
#include "feature.h"
#include "live.h"

#define NR_LINKS 3
#define TRACEPOINT "tracepoint/syscalls/sys_enter_" LIVE_RARE_CALL

static struct live live[NR_LINKS];
static struct bpfl_link *links[NR_LINKS];

static void start(bool by_link)
{
	for (int i = 0; i < NR_LINKS; i++) {
		int ret = by_link ? live_start(&live[i], LIVE_COUNT, TRACEPOINT, NULL) :
				    live_start_without(&live[i], BPFL_FEATURE_PERF_LINK, TRACEPOINT, NULL);

		CHECK_OK(ret, live[i].err);
		links[i] = live[i].link;
		ck_assert_int_eq(bpfl_link_fd(links[i]) >= 0, by_link);
	}
}

static void stop(void)
{
	for (int i = 0; i < NR_LINKS; i++)
		live_stop(&live[i]);
}

static uint64_t total(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < NR_LINKS; i++)
		sum += live_counter(&live[i]);
	return sum;
}

static void runs(bool expected)
{
	uint64_t before = total();

	live_rare_call(10);
	if (expected)
		ck_assert_uint_ge(total(), before + 10 * NR_LINKS);
	else
		ck_assert_uint_eq(total(), before);
}

/*
 * A thread that has begun to close may be put aside before the kernel hears of it: so within a second,
 * where closing one takes a tenth.
 */
static void end_soon(void)
{
	for (int i = 0; i < 100; i++) {
		uint64_t before = total();

		live_rare_call(10);
		if (total() == before)
			return;
		usleep(10000);
	}
	ck_abort_msg("the programs still run");
}

static void detached_programs_run_no_more(bool by_link)
{
	start(by_link);
	runs(true);
	ck_assert_uint_eq(bpfl_links_detach(links, NR_LINKS, 8), by_link ? NR_LINKS : 0);
	runs(false);
	stop();
}

START_TEST(when_links_are_detached_their_programs_are_off)
{
	if (!bpfl_test_lacks("perf_link"))
		detached_programs_run_no_more(true);
	detached_programs_run_no_more(false);
}
END_TEST

static void wait_for_close(int fd)
{
	char nothing;

	while (read(fd, &nothing, 1) > 0)
		;
	close(fd);
}

/* The child has what was open when it was made; of that, the descriptors and the ends of the pipes count. */
static void close_in_child(const int *fds, size_t nr, int go_fd, int begun_fd)
{
	for (int fd = 3; fd < 1024; fd++) {
		bool is_kept = fd == go_fd || fd == begun_fd;

		for (size_t i = 0; i < nr; i++)
			is_kept = is_kept || fds[i] == fd;
		if (!is_kept)
			close(fd);
	}
	wait_for_close(go_fd);
	bpfl_slow_fds_close(fds, nr, 8, begun_fd);
	_exit(0);
}

static void programs_run_as_long_as_a_child_has_them(bool by_link)
{
	size_t nr = 0, max = NR_LINKS * 2;
	int fds[NR_LINKS * 2], go[2], begun[2], status;
	pid_t pid;

	start(by_link);
	for (int i = 0; i < NR_LINKS; i++)
		nr += bpfl_link_slow_fds(links[i], fds + nr, max - nr);
	ck_assert_uint_eq(nr, by_link ? NR_LINKS * 2 : NR_LINKS);
	ck_assert_uint_eq(bpfl_link_slow_fds(links[0], NULL, 0), nr / NR_LINKS);
	ck_assert_int_eq(pipe(go), 0);
	ck_assert_int_eq(pipe(begun), 0);
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		close_in_child(fds, nr, go[0], begun[1]);
	}
	close(go[0]);
	close(begun[1]);
	for (int i = 0; i < NR_LINKS; i++)
		live_detach(&live[i]);
	runs(true);
	close(go[1]);
	wait_for_close(begun[0]);
	end_soon();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	stop();
}

START_TEST(another_process_can_close_them)
{
	if (!bpfl_test_lacks("perf_link"))
		programs_run_as_long_as_a_child_has_them(true);
	programs_run_as_long_as_a_child_has_them(false);
}
END_TEST

START_TEST(what_is_closed_quickly_is_not_handed_over)
{
	struct live it;
	int fds[2];

	ck_assert_uint_eq(bpfl_link_slow_fds(NULL, fds, 2), 0);
	CHECK_OK(live_start(&it, LIVE_COUNT, "raw_tp/sys_enter", NULL), it.err);
	ck_assert_uint_eq(bpfl_link_slow_fds(it.link, fds, 2), 0);
	live_stop(&it);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		when_links_are_detached_their_programs_are_off,
		another_process_can_close_them,
		what_is_closed_quickly_is_not_handed_over,
	};

	return bpfl_test_main(BPFL_TEST_SUITE("leaving", tests));
}
