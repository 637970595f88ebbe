/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/tracepoint: the error that classic and raw tracepoints share.
 */
#ifndef BPFL_ATTACH_TRACEPOINT_H
#define BPFL_ATTACH_TRACEPOINT_H

#include "base/error.h"

/*
 * E20: there is no such tracepoint, with the nearest ones of this kernel where tracefs can be read.
 * @category: NULL for a raw tracepoint, which has none.
 * Return: -ENOENT.
 */
int bpfl_tracepoint_missing(const char *category, const char *name, struct bpfl_error *err);

#endif
