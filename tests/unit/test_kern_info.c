/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/info: what is loaded, as far as it depends on what the kernel answers while things come and go. What a listing
 * says is tested on the running kernel (tests/kern/test_pin.c).
 */
#include "harness.h"

#include <errno.h>
#include "bpfload/inspect.h"
#include "bpfload/map.h"
#include "fake_sys.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_map *maps[2];

static void start(void)
{
	struct bpfl_map_def def = { .size = sizeof(def), .name = "m", .type = bpfl_map_type_find("array"), .key_size = 4,
				    .value_size = 4, .max_entries = 1 };

	for (int i = 0; i < 2; i++)
		CHECK_OK(bpfl_map_create(&def, NULL, NULL, &maps[i], &err), err);
}

static void end(void)
{
	for (int i = 0; i < 2; i++)
		bpfl_map_close(maps[i]);
	bpfl_error_clear(&err);
}

/* A number may be given before the thing can be opened, and stay for a moment after it has gone. */
START_TEST(what_cannot_be_opened_yet_or_any_more_is_left_out)
{
	static const int errnums[] = { ENOENT, EAGAIN };
	struct bpfl_listing *listing = NULL;

	start();
	for (size_t i = 0; i < 2; i++) {
		fake_sys_fail_bpf(BPFL_CMD_MAP_GET_FD_BY_ID, 1, errnums[i]);
		CHECK_OK(bpfl_listing_read(BPFL_LIVE_BIT(BPFL_LIVE_MAP), &listing, &err), err);
		ck_assert_uint_eq(bpfl_listing_nr(listing), 1);
		bpfl_listing_destroy(listing);
	}
	end();
}
END_TEST

START_TEST(a_refusal_is_no_empty_listing)
{
	struct bpfl_listing *listing = NULL;

	start();
	fake_sys_fail_bpf(BPFL_CMD_MAP_GET_FD_BY_ID, 2, EMFILE);
	CHECK_FAILS(bpfl_listing_read(BPFL_LIVE_BIT(BPFL_LIVE_MAP), &listing, &err), err, BPFL_ERR_SYSTEM, EMFILE,
		    "asking the kernel what is loaded: ");
	fake_sys_fail_bpf(BPFL_CMD_MAP_GET_NEXT_ID, 1, EPERM);
	CHECK_FAILS(bpfl_listing_read(BPFL_LIVE_BIT(BPFL_LIVE_MAP), &listing, &err), err, BPFL_ERR_PERMISSION, EPERM,
		    "asking the kernel what is loaded: ");
	CHECK_HAS(err.fix, "run as root");
	fake_sys_fail_bpf(BPFL_CMD_LINK_GET_NEXT_ID, 1, EINVAL); /* before 5.8 links have no numbers */
	CHECK_OK(bpfl_listing_read(BPFL_LIVE_BIT(BPFL_LIVE_LINK), &listing, &err), err);
	ck_assert_uint_eq(bpfl_listing_nr(listing), 0);
	bpfl_listing_destroy(listing);
	end();
}
END_TEST

int main(void)
{
	const TTest *tests[] = { what_cannot_be_opened_yet_or_any_more_is_left_out, a_refusal_is_no_empty_listing };

	return bpfl_test_main(BPFL_TEST_SUITE("kern_info", tests));
}
