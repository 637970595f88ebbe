/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/utf8: text of any origin on a terminal: what may be sent there, and how many columns it takes.
 *
 * A terminal is taken to read UTF-8. It knows no locale, so the answers are the same everywhere.
 */
#ifndef BPFL_BASE_UTF8_H
#define BPFL_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * bpfl_text_utf8_len() for what may be sent to a terminal: 0 also for control characters, among them
 * U+0080..U+009F, which some terminals obey.
 */
size_t bpfl_utf8_printable(const unsigned char *text, size_t left);
/* Columns that text takes: 2 for letters of East Asia and emoji, 0 for marks that stand on the letter before. */
size_t bpfl_utf8_columns(const char *text, size_t size);

#endif
