/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * harness: runs libcheck suites and looks for leaked file descriptors. See harness.h.
 *
 * The fake kernel is optional: tests of the real kernel are linked without it, hence the weak symbols.
 */
#include "harness.h"

#include <dirent.h>
#include <stdlib.h>

/* Seconds; libcheck kills a test that takes longer. Sanitizers and valgrind need room. */
#define CASE_TIMEOUT_SECONDS 60

extern unsigned fake_sys_nr_open_fds(void) __attribute__((weak));
extern unsigned fake_sys_nr_mappings(void) __attribute__((weak));
extern void fake_sys_reset(void) __attribute__((weak));

static unsigned nr_fds_before;

unsigned bpfl_test_nr_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned nr = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr - 3; /* ".", ".." and the directory itself */
}

static void before_each(void)
{
	if (fake_sys_reset)
		fake_sys_reset();
	nr_fds_before = bpfl_test_nr_open_fds();
}

static void after_each(void)
{
	unsigned nr_fds = bpfl_test_nr_open_fds();

	ck_assert_msg(nr_fds == nr_fds_before, "%u descriptors open before the test, %u after it",
		      nr_fds_before, nr_fds);
	if (fake_sys_nr_open_fds)
		ck_assert_msg(fake_sys_nr_open_fds() == 0, "%u descriptors of the fake kernel leaked",
			      fake_sys_nr_open_fds());
	if (fake_sys_nr_mappings)
		ck_assert_msg(fake_sys_nr_mappings() == 0, "%u mappings leaked", fake_sys_nr_mappings());
}

static TCase *case_new(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, CASE_TIMEOUT_SECONDS);
	tcase_add_checked_fixture(tcase, before_each, after_each);
	suite_add_tcase(suite, tcase);
	return tcase;
}

void bpfl_test_add_case(Suite *suite, const char *name, const TTest *const tests[], size_t nr_tests)
{
	TCase *tcase = case_new(suite, name);

	for (size_t i = 0; i < nr_tests; i++)
		tcase_add_test(tcase, tests[i]);
}

void bpfl_test_add_loop(Suite *suite, const char *name, const TTest *test, size_t nr)
{
	tcase_add_loop_test(case_new(suite, name), test, 0, (int)nr);
}

Suite *bpfl_test_suite(const char *name, const TTest *const tests[], size_t nr_tests)
{
	Suite *suite = suite_create(name);

	bpfl_test_add_case(suite, name, tests, nr_tests);
	return suite;
}

int bpfl_test_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int nr_failed;

	srunner_run_all(runner, CK_NORMAL);
	nr_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return nr_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
