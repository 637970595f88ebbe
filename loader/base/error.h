/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/error: making errors.
 *
 * - bpfl_error_set() where the fault is found: it replaces whatever was in the error.
 * - bpfl_error_prefix() in every caller that knows more about where ("map 'x'", "section 'y'").
 * - bpfl_error_why() / bpfl_error_fix() add a line each; called by the room that knows the cause.
 *
 * All accept a NULL error, so no caller needs an if.
 */
#ifndef BPFL_BASE_ERROR_H
#define BPFL_BASE_ERROR_H

#include <stdarg.h>
#include "bpfload/error.h"

#define BPFL_PRINTF(fmt_idx, arg_idx) __attribute__((format(printf, fmt_idx, arg_idx)))

/*
 * Replaces the error by kind, errnum and a formatted message. Returns -errnum, so that
 * "return bpfl_error_set(...)" is the whole error path. errnum 0 is taken as EINVAL: an error is never
 * mistaken for success.
 */
int bpfl_error_set(struct bpfl_error *err, enum bpfl_error_kind kind, int errnum, const char *fmt, ...)
	BPFL_PRINTF(4, 5);

/* The commonest case: out of memory. Returns -ENOMEM. */
int bpfl_error_nomem(struct bpfl_error *err);

/* Puts "text: " in front of the message. No effect on an empty error. */
void bpfl_error_prefix(struct bpfl_error *err, const char *fmt, ...) BPFL_PRINTF(2, 3);

/* Adds a line to why / fix. */
void bpfl_error_why(struct bpfl_error *err, const char *fmt, ...) BPFL_PRINTF(2, 3);
void bpfl_error_fix(struct bpfl_error *err, const char *fmt, ...) BPFL_PRINTF(2, 3);

/* Names the error guide's entry, see docs/errors.md. */
void bpfl_error_catalogue(struct bpfl_error *err, int catalogue_id);

/*
 * The name of an errno value with the kernel-internal ones (512..530) that strerror() does not know:
 * "ENOTSUPP". Static.
 */
const char *bpfl_errno_name(int errnum);

/* "not supported by this kernel (ENOTSUPP)": words for an errno with its name behind them. Static. */
const char *bpfl_errno_text(int errnum);

/* Formats one line for the listener, if there is one. */
void bpfl_log_line(const struct bpfl_log *log, enum bpfl_log_level level, const char *fmt, ...) BPFL_PRINTF(3, 4);

#endif
