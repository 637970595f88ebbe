/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * median: the middle of what was measured, which one slow round does not move.
 */
#ifndef BPFL_BENCH_MEDIAN_H
#define BPFL_BENCH_MEDIAN_H

#include <stdlib.h>

static inline int median_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Sorts the values. */
static inline double median(double *values, int nr)
{
	qsort(values, (size_t)nr, sizeof(*values), median_order);
	return nr % 2 ? values[nr / 2] : (values[nr / 2 - 1] + values[nr / 2]) / 2;
}

#endif
