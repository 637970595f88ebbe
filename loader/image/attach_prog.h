/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/attach_prog: the loaded program that a freplace program changes, or that a fentry program looks at.
 */
#ifndef BPFL_IMAGE_ATTACH_PROG_H
#define BPFL_IMAGE_ATTACH_PROG_H

#include "image/image.h"

/*
 * Opens the program that prog->attach_prog names: "id N" (PROG_GET_FD_BY_ID, needs CAP_SYS_ADMIN) or the path
 * of a pin. >= 0: its fd, to be closed by the caller; -errno, kind TARGET.
 */
int bpfl_attach_prog_open(const struct bpfl_prog *prog, struct bpfl_error *err);

#endif
