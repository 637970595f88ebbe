/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * harness: what every test program shares.
 *
 * A test file holds START_TEST bodies and one main:
 *
 *     int main(void)
 *     {
 *             const TTest *tests[] = { an_empty_file_is_named, a_short_header_is_refused };
 *             return bpfl_test_main(BPFL_TEST_SUITE("elf", tests));
 *     }
 *
 * Each test runs in a process of its own (CK_FORK=no runs all in one, for a debugger). After each, the harness
 * compares the open file descriptors with those before it, the real ones and those of tests/lib/fake_sys.c
 * where that is linked in: a leak fails the test.
 */
#ifndef BPFL_TESTS_HARNESS_H
#define BPFL_TESTS_HARNESS_H

#include <check.h>
#include <stddef.h>
#include <string.h>
#include "bpfload/error.h"

#define NR(table) (sizeof(table) / sizeof((table)[0]))

/* Runs a suite, prints libcheck's closing line ("100%: Checks: ..."), frees it. The exit status for main(). */
int bpfl_test_main(Suite *suite);

/* A suite of one case with the fd check around each test. */
Suite *bpfl_test_suite(const char *name, const TTest *const tests[], size_t nr_tests);
#define BPFL_TEST_SUITE(name, tests) bpfl_test_suite(name, tests, sizeof(tests) / sizeof((tests)[0]))
/* A further case of the suite: its name shows in a failure. */
void bpfl_test_add_case(Suite *suite, const char *name, const TTest *const tests[], size_t nr_tests);
#define BPFL_TEST_ADD_CASE(suite, name, tests) \
	bpfl_test_add_case(suite, name, tests, sizeof(tests) / sizeof((tests)[0]))

/* Runs one test nr times; _i inside it counts from 0. For tables of inputs. */
void bpfl_test_add_loop(Suite *suite, const char *name, const TTest *test, size_t nr);

/* A call that must not fail. err: the struct bpfl_error that it was given. */
#define CHECK_OK(call, err)                                                                              \
	do {                                                                                             \
		long check_ret = (long)(call);                                                           \
		ck_assert_msg(check_ret >= 0, "%s gave %ld: %s", #call, check_ret, (err).message);        \
	} while (0)

/* A call that must fail with -errnum, leaving an error of that kind whose message contains text. */
#define CHECK_FAILS(call, err, want_kind, want_errnum, text)                                             \
	do {                                                                                             \
		long check_ret = (long)(call);                                                           \
		ck_assert_msg(check_ret == -(long)(want_errnum), "%s gave %ld, not -%s: %s", #call,       \
			      check_ret, #want_errnum, (err).message);                                   \
		CHECK_ERROR(err, want_kind, want_errnum, text);                                          \
	} while (0)

#define CHECK_ERROR(err, want_kind, want_errnum, text)                                                   \
	do {                                                                                             \
		ck_assert_msg((err).kind == (want_kind), "kind %d, not %s: %s", (int)(err).kind,          \
			      #want_kind, (err).message);                                                \
		ck_assert_msg((err).errnum == (want_errnum), "errno %d, not %s: %s", (err).errnum,        \
			      #want_errnum, (err).message);                                              \
		CHECK_HAS((err).message, text);                                                          \
	} while (0)

/* text contains part / does not. */
#define CHECK_HAS(text, part) \
	ck_assert_msg(strstr((text), (part)) != NULL, "'%s' is not in:\n%s", (part), (text))
#define CHECK_HAS_NOT(text, part) \
	ck_assert_msg(strstr((text), (part)) == NULL, "'%s' is in:\n%s", (part), (text))

/* Number of open descriptors of this process, without the one used to count them. */
unsigned bpfl_test_nr_open_fds(void);

#endif
