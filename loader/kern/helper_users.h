/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/helper_users: which programs may call which helper, for words after a refusal. Which kernel
 * brought what is in image/since.h.
 */
#ifndef BPFL_KERN_HELPER_USERS_H
#define BPFL_KERN_HELPER_USERS_H

#include <stdbool.h>

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
