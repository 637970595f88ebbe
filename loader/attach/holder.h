/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/holder: who is in the way (E32).
 */
#ifndef BPFL_ATTACH_HOLDER_H
#define BPFL_ATTACH_HOLDER_H

#include "base/error.h"

/*
 * Adds a why line: program id and name, and the processes that have it open (links and pins keep a program
 * too, so there may be none).
 */
void bpfl_holder_why(struct bpfl_error *err, uint32_t prog_id, const char *how);
/* The id of a program by its descriptor, 0 when it cannot be found out. */
uint32_t bpfl_holder_prog_id(int prog_fd);

#endif
