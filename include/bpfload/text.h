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

/*
 * An unsigned number: decimal, 0x, 0 octal, 0b.
 * Return: 0; -EINVAL not a number; -ERANGE too large for 64 bits.
 */
BPFL_API int bpfl_text_to_u64(const char *text, uint64_t *ret_value);

/*
 * A duration: "250ms", "1s", "2m", "1h", "100us", "5ns"; a bare number is seconds.
 * @ret_ns: nanoseconds.
 * Return: 0; -EINVAL no duration; -ERANGE too long (584 years).
 */
BPFL_API int bpfl_text_to_ns(const char *text, uint64_t *ret_ns);

/*
 * For "did you mean".
 * @candidates: nr_candidates strings, only read during the call.
 * Return: the candidate that is nearest to word, one of the pointers given; NULL when none is near.
 */
BPFL_API const char *bpfl_text_nearest(const char *word, const char *const *candidates, size_t nr_candidates);

/*
 * For lines on a terminal: how much of a text fits. Text is UTF-8; letters of East Asia take two columns,
 * combining marks none, a byte that is no UTF-8 one.
 * @size: bytes of text. @columns: of the terminal.
 * Return: how many bytes; at most size, never half a letter.
 */
BPFL_API size_t bpfl_text_fit(const char *text, size_t size, size_t columns);

#ifdef __cplusplus
}
#endif

#endif
