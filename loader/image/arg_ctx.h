/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/arg_ctx: functions that say which argument is the program's context, on kernels that do not listen (SUB-07).
 */
#ifndef BPFL_IMAGE_ARG_CTX_H
#define BPFL_IMAGE_ARG_CTX_H

#include "btf/build.h"
#include "image/image.h"

/*
 * Adds to the BTF that will be loaded what such functions look like to a kernel before 6.8, and lets func_info of each
 * program refer to it. builder: with the ids that func_info has by now. 0 or -ENOMEM.
 */
int bpfl_arg_ctx_define(struct bpfl_image *image, struct bpfl_btf_builder *builder);

#endif
