/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/since: which kernel brought what.
 *
 * Only for words after a refusal ("map type ringbuf needs Linux 5.8"): whether something works is
 * asked of the kernel by doing it, never of these tables, because distributions carry features
 * back.
 */
#ifndef BPFL_KERN_SINCE_H
#define BPFL_KERN_SINCE_H

#include <stdbool.h>
#include <stdint.h>
#include "image/helper_names.h" /* bpfl_helper_name() */

/* For printf("Linux %u.%u", BPFL_VERSION_ARGS(version)). */
#define BPFL_VERSION_ARGS(version) ((version) >> 16), (((version) >> 8) & 0xffu)

/* Version codes (see BPFL_KERNEL_VERSION); 0: not in the table. */
uint32_t bpfl_helper_since(uint32_t helper);
uint32_t bpfl_map_type_since(uint32_t map_type);
uint32_t bpfl_prog_type_since(uint32_t prog_type);
/*
 * The newest of the flags: its version and name ("BPF_F_MMAPABLE"). 0 when flags is 0 or holds
 * unknown bits only.
 */
uint32_t bpfl_map_flags_since(uint32_t flags, const char **ret_name);

/*
 * For which programs a helper is meant ("XDP programs"), NULL when that is not known. name without
 * "bpf_".
 */
const char *bpfl_helper_users(const char *name);
/*
 * True for helpers that lockdown's confidentiality mode takes away (they read or write kernel
 * memory at any address).
 */
bool bpfl_helper_is_locked_down(const char *name);

#endif
