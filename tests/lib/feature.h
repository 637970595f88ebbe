/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feature: what kernel tests may leave out, and what they have shown. Kernel tests only.
 *
 * A test may be left out for one reason: it needs a feature that the table in feature.c has, and the running
 * kernel is older than the version that the table gives for it on this architecture. On a newer kernel the
 * feature is there or the test fails.
 */
#ifndef BPFL_TESTS_FEATURE_H
#define BPFL_TESTS_FEATURE_H

#include <stdbool.h>

/*
 * True when the running kernel is too old for the feature or built without it: the test prints why ("skip:
 * ...") and returns. Aborts on an unknown name.
 */
bool bpfl_test_lacks(const char *feature);

/*
 * Says that a kernel refuses a feature by its build or policy, where the test has seen that the refusal is
 * explained.
 */
void bpfl_test_refused(const char *feature, const char *why);

/*
 * Writes "kind: KIND: HOW": a program of that kind was seen running (by a counter that moved) and stopping.
 * scripts/write-support makes the table of docs/support.md from these lines. KIND is the name of a SEC() row;
 * how: "by link", "by ioctl".
 */
void bpfl_test_shows(const char *kind, const char *how);

#endif
