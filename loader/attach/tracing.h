/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/tracing: what the kinds share whose target is fixed when the program is loaded.
 */
#ifndef BPFL_ATTACH_TRACING_H
#define BPFL_ATTACH_TRACING_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Makes the link of a program that knows its target: LINK_CREATE, and RAW_TRACEPOINT_OPEN when that is EINVAL
 * and no cookie would get lost.
 * Return: a link's fd, or -errno.
 */
int bpfl_tracing_open(int prog_fd, uint32_t attach_type, bool has_cookie, uint64_t cookie);

#endif
