/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz: the library's allocations, one of which can be made to fail. The Makefile renames malloc and its kin in a copy
 * of libbpfload.a, so that test code and libelf keep the real ones.
 */
#include "memory.h"

#include <stdlib.h>

static unsigned fail_left, nr_asked;
static int is_paused;

void fuzz_memory_fail(unsigned nth)
{
	fail_left = nth;
	nr_asked = 0;
}

unsigned fuzz_memory_nr_asked(void)
{
	return nr_asked;
}

void fuzz_memory_pause(void)
{
	is_paused = 1;
}

void fuzz_memory_go_on(void)
{
	is_paused = 0;
}

static int is_refused(void)
{
	if (is_paused)
		return 0;
	nr_asked++;
	return fail_left && --fail_left == 0;
}

void *fuzz_malloc(size_t size)
{
	return is_refused() ? NULL : malloc(size);
}

void *fuzz_calloc(size_t nr, size_t size)
{
	return is_refused() ? NULL : calloc(nr, size);
}

void *fuzz_realloc(void *old, size_t size)
{
	return is_refused() ? NULL : realloc(old, size);
}
