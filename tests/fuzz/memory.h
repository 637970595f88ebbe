/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz/memory: what the library calls instead of malloc() and its kin.
 */
#ifndef BPFL_TESTS_FUZZ_MEMORY_H
#define BPFL_TESTS_FUZZ_MEMORY_H

#include <stddef.h>

/* The nth allocation of the library from now (1 is the next) gives NULL, once; 0: none does. */
void fuzz_memory_fail(unsigned nth);
/* Between these the test itself uses the library: no allocation counts, and none fails. */
void fuzz_memory_pause(void);
void fuzz_memory_go_on(void);
/* Allocations since then. */
unsigned fuzz_memory_nr_asked(void);

void *fuzz_malloc(size_t size);
void *fuzz_calloc(size_t nr, size_t size);
void *fuzz_realloc(void *old, size_t size);

#endif
