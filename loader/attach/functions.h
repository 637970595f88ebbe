/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/functions: the kernel's functions that fit a pattern.
 */
#ifndef BPFL_ATTACH_FUNCTIONS_H
#define BPFL_ATTACH_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

struct bpfl_functions {
	struct {
		char **items; /* without module */
		size_t nr;
	} names;
	uint64_t *addrs; /* as many, or NULL: not known */
	size_t room;
};

/*
 * All functions that can be traced and fit [MODULE:]PATTERN, from available_filter_functions_addrs (6.5), else
 * available_filter_functions of tracefs, else /proc/kallsyms. A pattern without '*' and '?' is taken as it is.
 * @ret_functions: zeroed by the caller; to be given to bpfl_functions_deinit().
 * Return: 0 with at least one, or -ENOENT and others with text.
 */
int bpfl_functions_match(const char *pattern, struct bpfl_functions *ret_functions, struct bpfl_error *err);
void bpfl_functions_deinit(struct bpfl_functions *functions);

/* True when some function fits, or when it cannot be known. Stops at the first. */
bool bpfl_functions_match_any(const char *pattern);

#endif
