/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/target: what a described kernel says, and what callers of other versions may pass.
 */
#include <errno.h>
#include <stdlib.h>
#include "harness.h"
#include "image/target.h"
#include "sys/facts.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_target *target;

START_TEST(a_described_kernel_says_what_it_was_given)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts), .kernel_version = BPFL_KERNEL_VERSION(5, 4, 7),
					 .nr_possible_cpus = 96, .page_size = 65536, .kconfig_path = "/nowhere" };

	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	ck_assert_uint_eq(bpfl_target_kernel_version(target), BPFL_KERNEL_VERSION(5, 4, 7));
	ck_assert_uint_eq(bpfl_target_possible_cpus(target), 96);
	ck_assert_uint_eq(bpfl_target_page_size(target), 65536);
	ck_assert_str_eq(target->kconfig_path, "/nowhere");
	ck_assert(target->kconfig_path != opts.kconfig_path);
	bpfl_target_destroy(target);
}
END_TEST

START_TEST(what_a_described_kernel_leaves_open_is_not_read_from_here)
{
	const struct bpfl_btf *btf = NULL;

	CHECK_OK(bpfl_target_create(NULL, &target, &err), err);
	ck_assert_uint_eq(bpfl_target_kernel_version(target), 0);
	ck_assert_uint_eq(bpfl_target_possible_cpus(target), 1);
	ck_assert_uint_eq(bpfl_target_page_size(target), 4096);
	CHECK_FAILS(bpfl_target_btf(target, &btf, &err), err, BPFL_ERR_UNSUPPORTED, ENOENT, "comes without BTF");
	ck_assert_ptr_null(btf);
	bpfl_target_destroy(target);
	bpfl_error_clear(&err);
}
END_TEST

START_TEST(the_running_kernel_is_read_when_asked)
{
	CHECK_OK(bpfl_target_running(NULL, &target, &err), err);
	ck_assert(target->running);
	ck_assert_uint_eq(target->kernel_version, 0);
	ck_assert_uint_eq(target->nr_possible_cpus, 0);
	ck_assert_uint_eq(bpfl_target_kernel_version(target), bpfl_facts_kernel_version());
	ck_assert_uint_eq(bpfl_target_possible_cpus(target), bpfl_facts_possible_cpus());
	ck_assert_uint_eq(bpfl_target_page_size(target), bpfl_facts_page_size());
	bpfl_target_destroy(target);
}
END_TEST

START_TEST(a_missing_btf_file_is_named)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts), .btf_path = "/nowhere/vmlinux" };
	const struct bpfl_btf *btf = NULL;

	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	ck_assert_int_lt(bpfl_target_btf(target, &btf, &err), 0);
	CHECK_HAS(err.message, "/nowhere/vmlinux");
	bpfl_target_destroy(target);
	bpfl_error_clear(&err);
}
END_TEST

START_TEST(options_of_another_version_are_checked)
{
	struct { struct bpfl_target_opts opts; uint64_t newer; } later = { .opts = { .size = sizeof(later), .page_size = 8192 } };
	struct bpfl_target_opts earlier = { .size = offsetof(struct bpfl_target_opts, page_size), .page_size = 8192 };
	struct bpfl_target_opts unset = { .page_size = 8192 };
	struct bpfl_target_opts odd = { .size = sizeof(odd), .page_size = 5000 };

	CHECK_OK(bpfl_target_create(&later.opts, &target, &err), err);
	ck_assert_uint_eq(bpfl_target_page_size(target), 8192);
	bpfl_target_destroy(target);

	CHECK_OK(bpfl_target_create(&earlier, &target, &err), err);
	ck_assert_uint_eq(bpfl_target_page_size(target), 4096); /* the caller did not know the field */
	bpfl_target_destroy(target);

	later.newer = 1;
	CHECK_FAILS(bpfl_target_create(&later.opts, &target, &err), err, BPFL_ERR_USAGE, E2BIG,
		    "this library knows only");
	CHECK_FAILS(bpfl_target_create(&unset, &target, &err), err, BPFL_ERR_USAGE, EINVAL, "size is 0");
	CHECK_FAILS(bpfl_target_create(&odd, &target, &err), err, BPFL_ERR_USAGE, EINVAL, "5000 is not a power of two");
	bpfl_target_destroy(NULL);
	bpfl_error_clear(&err);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_described_kernel_says_what_it_was_given,
		what_a_described_kernel_leaves_open_is_not_read_from_here,
		the_running_kernel_is_read_when_asked,
		a_missing_btf_file_is_named,
		options_of_another_version_are_checked,
	};
	return bpfl_test_main(BPFL_TEST_SUITE("image/target", tests));
}
