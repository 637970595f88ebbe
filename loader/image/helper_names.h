/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/helper_names: number of a helper function -> its name. A program calls helpers by number; people know
 * them by name.
 */
#ifndef BPFL_IMAGE_HELPER_NAMES_H
#define BPFL_IMAGE_HELPER_NAMES_H

#include <stdint.h>

/* "trace_printk" (the kernel puts "bpf_" in front); NULL when unknown. Static. */
const char *bpfl_helper_name(uint32_t helper);

#endif
