/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/freplace: the loaded program that a freplace program wants to change.
 */
#ifndef BPFL_IMAGE_FREPLACE_H
#define BPFL_IMAGE_FREPLACE_H

#include "image/image.h"

/*
 * Opens the program that prog->attach_prog names: "id N" (PROG_GET_FD_BY_ID, needs CAP_SYS_ADMIN) or the path of a pin. >= 0: its fd, to
 * be closed by the caller; -errno, kind TARGET.
 */
int bpfl_freplace_open(const struct bpfl_prog *prog, struct bpfl_error *err);

#endif
