/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/alone: programs that no system call attaches: a route, an action of tc or a map refers to them.
 */
#ifndef BPFL_ATTACH_ALONE_H
#define BPFL_ATTACH_ALONE_H

#include "base/error.h"
#include "spec/section.h"

/* Refuses to attach such a program, with the command that uses a pinned one. Returns -EOPNOTSUPP. */
int bpfl_alone_refuse(const struct bpfl_section_row *row, struct bpfl_error *err);

#endif
