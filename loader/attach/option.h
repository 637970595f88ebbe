/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/option: the "key=value" pairs behind an attach spec, all kinds together.
 *
 * All keys are known in one place, because a comma begins an option only in front of a known one. Which of them
 * a kind takes stands with the kind.
 */
#ifndef BPFL_ATTACH_OPTION_H
#define BPFL_ATTACH_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

enum bpfl_option_form {
	BPFL_OPTION_U64,
	BPFL_OPTION_S32,
	BPFL_OPTION_MODE, /* native, skb, hw, auto */
	BPFL_OPTION_TEXT,
};

struct bpfl_option {
	const char *key;
	enum bpfl_option_form form;
};

/* The option that text begins with ("key="), or NULL. Static. */
const struct bpfl_option *bpfl_option_at(const char *text);
/* NULL when value is right; else what is expected, in words. */
const char *bpfl_option_expects(const struct bpfl_option *option, const char *value);
/*
 * When text has a comma with "KEY=" behind it, which is no option then: says so, with the nearest ones.
 * True if it has.
 */
bool bpfl_option_explain(const char *text, struct bpfl_error *err);

#endif
