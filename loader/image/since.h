/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/since: which kernel brought what, and which capability it needs.
 *
 * Only for words ("map type ringbuf needs Linux 5.8"): whether something works is asked of the
 * kernel by doing it, or of the kernel's own types, never of these tables, because distributions
 * carry features back.
 */
#ifndef BPFL_IMAGE_SINCE_H
#define BPFL_IMAGE_SINCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
 * A flag of programs ("sleepable", "frags") that programs of this type have: the version that took it first, 0
 * when there is none or it is not known.
 */
uint32_t bpfl_prog_flags_since(uint32_t prog_type, uint32_t flags, const char **ret_name);
/* A helper that came with just this version, which shows it in a kernel's own list of helpers; 0: none did. */
uint32_t bpfl_helper_of_version(uint32_t version);

#define BPFL_CAP_BIT(cap) (1ull << (cap)) /* of a BPFL_CAP_... (sys/facts.h) */

/*
 * The capabilities for loading a program, or creating a map, of a type: BPFL_CAP_BIT()s. version 0:
 * Linux 5.8 or newer.
 */
uint64_t bpfl_prog_type_caps(uint32_t prog_type, uint32_t version);
uint64_t bpfl_map_type_caps(uint32_t map_type, uint32_t version);
/* "CAP_BPF, CAP_PERFMON", "none". file_names: as setcap(8) writes them. Returns out. */
char *bpfl_caps_text(uint64_t caps, const char *separator, bool file_names, char *out,
		     size_t out_size);

#endif
