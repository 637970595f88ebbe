/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/filter: which records are shown.
 *
 *     filter     := and { "||" and }
 *     and        := not { ("&&" | ",") not }
 *     not        := "!" not | "(" filter ")" | comparison
 *     comparison := term [ op term | like PATTERN ]   a term alone: is it not 0, not empty
 *     op         := "==" "=" "!=" "<" "<=" ">" ">="
 *     like       := "~" "!~"
 *     term       := FIELD | FIELD "&" NUMBER | NUMBER | WORD | "text"
 *
 * A word that is no field is text: comm==bash. Text is compared with what the table would show (an enumerator,
 * an address); "~" takes an extended regular expression of POSIX, which may fit anywhere in the text ("(?i)" in
 * front: letters of either case; \d: a digit); it ends at a blank, a comma, && or || unless it stands in
 * quotes. Numbers compare as numbers, enumerators by < and > as well.
 */
#ifndef BPFL_EVENT_FILTER_H
#define BPFL_EVENT_FILTER_H

#include "base/error.h"
#include "event/field.h"

struct bpfl_filter;

/* 0; -EINVAL (kind USAGE) with the place in the text. Knows no fields yet. */
int bpfl_filter_parse(const char *text, struct bpfl_filter **ret_filter, struct bpfl_error *err);
void bpfl_filter_destroy(struct bpfl_filter *filter);

/*
 * Gives the words of a filter their meaning in one layout. To be called once for each of nr layouts, numbered from 0.
 * ret_nr_fields: how many of its words are fields of it.
 * Layouts stay where they are until bpfl_filter_check(). Return: 0; -E2BIG (kind USAGE).
 */
int bpfl_filter_bind(struct bpfl_filter *filter, unsigned layout_idx, const struct bpfl_layout *layout,
		     unsigned *ret_nr_fields, struct bpfl_error *err);
/* A word on the left of a comparison that no layout has as a field: the misspelt one. NULL: all are known. */
const char *bpfl_filter_unknown(const struct bpfl_filter *filter);

/*
 * After the last layout: a comparison that can hold in none of them, because of a misspelt enumerator, text beside
 * a number, or < and > beside text, is -EINVAL (kind USAGE).
 */
int bpfl_filter_check(const struct bpfl_filter *filter, struct bpfl_error *err);

/* Whether a record passes. scratch: for texts that are put together. */
bool bpfl_filter_pass(const struct bpfl_filter *filter, unsigned layout_idx, const struct bpfl_field_ctx *ctx,
		      struct bpfl_buf *scratch);

#endif
