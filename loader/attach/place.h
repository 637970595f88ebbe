/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/place: what may stand behind the name of a hook in an attach spec, by kind of hook.
 */
#ifndef BPFL_ATTACH_PLACE_H
#define BPFL_ATTACH_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "spec/section.h"

struct bpfl_place_rule {
	/* How many characters from the start may stand there: the rest is junk. */
	size_t (*fit)(const char *text);
	/* True when all of it is right. */
	bool (*whole)(const char *text);
	const char *words; /* what is expected */
};

/*
 * Adds to an error what may help: place is what was written there, junk the rest of it that does not fit
 * ("" all of it is too little).
 */
void bpfl_place_explain(const struct bpfl_section_row *row, const char *place, const char *junk,
			struct bpfl_error *err);
/* For what stands behind the slash, and behind the colon. Never NULL. */
const struct bpfl_place_rule *bpfl_place_rule_target(const struct bpfl_section_row *row);
const struct bpfl_place_rule *bpfl_place_rule_where(const struct bpfl_section_row *row);

#endif
