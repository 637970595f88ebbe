/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words from people: the few parsers that every command around the library needs as well, so that all of them read
 * numbers and durations alike. The whole string is taken or nothing.
 */
#ifndef BPFLOAD_TEXT_H
#define BPFLOAD_TEXT_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Unsigned number: decimal, 0x, 0 octal, 0b. 0; -EINVAL not a number; -ERANGE too large. */
BPFL_API int bpfl_text_to_u64(const char *text, uint64_t *ret_value);

/* Duration: "250ms", "1s", "2m", "1h", "100us", "5ns"; a bare number is seconds. Nanoseconds out. 0, -EINVAL, -ERANGE. */
BPFL_API int bpfl_text_to_ns(const char *text, uint64_t *ret_ns);

/* The candidate that is nearest to word, or NULL when none is near: for "did you mean". nr_candidates strings, borrowed. */
BPFL_API const char *bpfl_text_nearest(const char *word, const char *const *candidates, size_t nr_candidates);

#ifdef __cplusplus
}
#endif

#endif
