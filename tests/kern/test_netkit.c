/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netkit on the running kernel: programs of both ends of a pair, which is made in a network namespace of the
 * test's own. Frames that go out of an end are seen by its program.
 */
#include "harness.h"

#include <errno.h>
#include <unistd.h>
#include "feature.h"
#include "live.h"
#include "netns.h"

static struct live live;

static void send_to_primary(unsigned times)
{
	bpfl_test_send_frames("nk0", times);
}

static void send_to_peer(unsigned times)
{
	bpfl_test_send_frames("nk1", times);
}

/* A device of a namespace sends a few packets by itself when it comes up. */
static void own_pair(void)
{
	bpfl_test_own_network();
	bpfl_test_netkit("nk0", "nk1");
}

START_TEST(both_ends_count_until_their_links_are_closed)
{
	if (bpfl_test_lacks("netkit"))
		return;
	own_pair();
	CHECK_OK(live_start(&live, LIVE_COUNT, "netkit/primary", "netkit/primary:nk0"), live.err);
	ck_assert_str_eq(bpfl_link_text(live.link), "prog: netkit/primary on nk0");
	usleep(300000);
	live_prove(&live, send_to_primary, 10);
	bpfl_test_shows("netkit/primary", "by link");
	CHECK_OK(live_start(&live, LIVE_COUNT, "netkit/peer", "netkit/peer:nk0"), live.err);
	live_prove(&live, send_to_peer, 10);
	bpfl_test_shows("netkit/peer", "by link");
}
END_TEST

START_TEST(the_end_that_is_meant_is_the_primary_one)
{
	if (bpfl_test_lacks("netkit"))
		return;
	own_pair();
	ck_assert_int_eq(live_start(&live, LIVE_COUNT, "netkit/peer", "netkit/peer:nk1"), -EACCES);
	CHECK_HAS(live.err.why, "'nk1' is the peer");
	live_stop(&live);
	ck_assert_int_lt(live_start(&live, LIVE_COUNT, "netkit/primary", "netkit/primary:lo"), 0);
	CHECK_HAS(live.err.why, "'lo' is no netkit device");
	CHECK_HAS(live.err.fix, "tcx/ingress:lo");
	live_stop(&live);
}
END_TEST

START_TEST(the_first_program_decides)
{
	struct live first;
	uint64_t before;

	if (bpfl_test_lacks("netkit"))
		return;
	own_pair();
	CHECK_OK(live_start(&live, LIVE_COUNT, "netkit/primary", "netkit/primary:nk0"), live.err);
	/* Its result, NETKIT_PASS, ends the list. */
	CHECK_OK(live_start(&first, LIVE_COUNT, "netkit/primary", "netkit/primary:nk0,before=all"), first.err);
	usleep(300000);
	before = live_counter(&live);
	send_to_primary(10);
	ck_assert_uint_ge(live_counter(&first), 10);
	ck_assert_uint_eq(live_counter(&live), before);
	live_stop(&first);
	live_prove(&live, send_to_primary, 10);
}
END_TEST

START_TEST(another_program_takes_the_place)
{
	struct live other;

	if (bpfl_test_lacks("netkit"))
		return;
	own_pair();
	CHECK_OK(live_start(&live, LIVE_COUNT, "netkit/primary", "netkit/primary:nk0"), live.err);
	CHECK_OK(live_start(&other, LIVE_COUNT, "netkit/primary", "netkit/primary:nk0"), other.err);
	live_detach(&other);
	CHECK_OK(bpfl_link_update(live.link, other.object, 0, bpfl_object_prog_fd(live.object, "prog"), &live.err),
		 live.err);
	send_to_primary(10);
	ck_assert_uint_ge(live_counter(&other), 10);
	live_stop(&live);
	live_stop(&other);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		both_ends_count_until_their_links_are_closed,
		the_end_that_is_meant_is_the_primary_one,
		the_first_program_decides,
		another_program_takes_the_place,
	};

	return bpfl_test_main(BPFL_TEST_SUITE("netkit", tests));
}
