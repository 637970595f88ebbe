/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/owner: which process a thing in the kernel belongs to.
 *
 * Some things outlive a killed process (a filter of tc, an event of tracefs). Where such a thing can carry a
 * name, the name carries an owner, and a later run removes it when the owner is gone. A process is named by its
 * number, its start time (numbers are used again) and the number's namespace (7 in a container is not 7
 * outside, and both may see the same network).
 */
#ifndef BPFL_SYS_OWNER_H
#define BPFL_SYS_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpfl_owner {
	uint64_t pid_ns; /* inode of the namespace */
	int pid;
	uint64_t start; /* clock ticks after boot */
};

#define BPFL_OWNER_TEXT_SIZE 64

/* This process. 0 or -errno. */
int bpfl_owner_self(struct bpfl_owner *ret);
/* "4026531836.1234.567890". Returns out. */
char *bpfl_owner_text(const struct bpfl_owner *owner, char *out, size_t out_size);
/* The owner that text begins with; *ret_end: what stands behind it. False: none. */
bool bpfl_owner_parse(const char *text, struct bpfl_owner *ret, const char **ret_end);
/*
 * True only when it is certain that the process is gone: what cannot be seen (another namespace, a /proc
 * that hides others) counts as alive.
 */
bool bpfl_owner_is_gone(const struct bpfl_owner *owner);

#endif
