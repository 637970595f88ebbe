/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/tc: filters of clsact, for tc.c and for tcx.c on kernels that know no tcx.
 */
#ifndef BPFL_ATTACH_TC_H
#define BPFL_ATTACH_TC_H

#include "attach/link.h"

/* "ingress" or "egress", by the row's attach type; NULL for rows that leave it open ("tc", "classifier"). */
const char *bpfl_tc_direction(const struct bpfl_section_row *row);
/* Adds the program as a filter; closing the link removes it. 0, or -errno with the error made. */
int bpfl_tc_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err);

/*
 * attach/tc_sweep.c: removes filters of runs that were killed, from all interfaces of this network
 * namespace. Errors do not matter.
 */
void bpfl_tc_sweep(const struct bpfl_log *log);
/* True when there is no filter in either direction. */
bool bpfl_tc_is_empty(uint32_t ifindex);

/*
 * The name of a filter says whose it is, and whether the clsact that it hangs on was made by one of us, so that
 * the last of us removes it: "bpfload:4026531836.1234.567890:made".
 */
struct bpfl_owner;
void bpfl_tc_name(const struct bpfl_owner *owner, bool clsact_is_ours, char *out, size_t out_size);
/* False: not one of ours. */
bool bpfl_tc_name_parse(const char *name, struct bpfl_owner *ret_owner, bool *ret_clsact_is_ours);

#endif
