/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/text: words for people and words from people.
 *
 * - bpfl_text_escape() makes text of a file harmless for a terminal.
 * - struct bpfl_near collects candidates and keeps the few that are nearest to a misspelt word.
 * - parse functions accept the whole string or nothing: trailing junk is an error. Some are public: bpfload/text.h.
 */
#ifndef BPFL_BASE_TEXT_H
#define BPFL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "bpfload/text.h"

/* Writes text with everything outside printable ASCII as \xNN (and \n, \t), cut with "..." to fit. Returns out. */
char *bpfl_text_escape(char *out, size_t out_size, const char *text, size_t text_size);

/*
 * An expression that escapes a C string into a scratch array of the calling block: BPFL_ESC(name) inside a
 * printf argument.
 */
#define BPFL_ESC_SIZE 128
#define BPFL_ESC(text) bpfl_text_escape((char[BPFL_ESC_SIZE]){ 0 }, BPFL_ESC_SIZE, (text), SIZE_MAX)

/* bpfl_text_to_u64() for numbers of up to 128 bits, and with an optional sign in front. */
int bpfl_text_to_u128(const char *text, uint64_t *ret_lo, uint64_t *ret_hi);
int bpfl_text_to_s64(const char *text, int64_t *ret_value);

/* What a hexadecimal digit is worth; BPFL_NO_DIGIT (more than any base) for another character. */
#define BPFL_NO_DIGIT 99
int bpfl_text_digit(char c);
/*
 * Length of a valid UTF-8 sequence at text, 0 when it is none. Overlong forms and surrogates are no UTF-8.
 * left: bytes, at least 1.
 */
size_t bpfl_text_utf8_len(const unsigned char *text, size_t left);

bool bpfl_text_has_prefix(const char *text, const char *prefix);
/* Glob with '*' and '?' only, on the whole text. */
bool bpfl_text_glob(const char *pattern, const char *text);

/* Edit distance, cut off at limit (returns limit when it is that or more). */
unsigned bpfl_text_distance(const char *a, const char *b, unsigned limit);

#define BPFL_NEAR_MAX 5
struct bpfl_near {
	const char *wanted; /* borrowed */
	unsigned nr;
	struct {
		unsigned distance;
		char name[96];
	} hits[BPFL_NEAR_MAX];
};

/* Starts a search for names near to wanted. */
void bpfl_near_init(struct bpfl_near *near, const char *wanted);
/* Considers one candidate; keeps it if it is near and among the best. */
void bpfl_near_offer(struct bpfl_near *near, const char *candidate);
/* "'a', 'b' or 'c'" into out, "" when nothing is near. Returns out. */
char *bpfl_near_text(const struct bpfl_near *near, char *out, size_t out_size);

#endif
