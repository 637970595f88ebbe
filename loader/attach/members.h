/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/members: one link on many functions of the kernel, of which it may refuse some.
 *
 * The kernel takes all of a set or nothing, and does not say which member it dislikes. So a refused set is
 * halved, and the halves are tried, until the bad members are known. The good ones stay attached as parts of
 * the link; the bad ones are named.
 */
#ifndef BPFL_ATTACH_MEMBERS_H
#define BPFL_ATTACH_MEMBERS_H

#include "attach/link.h"

struct bpfl_members {
	const struct bpfl_attach_ctx *ctx;
	struct bpfl_link *link;
	char *const *names;
	size_t nr;
	/* LINK_CREATE for [from, from + nr): the link's fd, or -errno. */
	int (*create)(const struct bpfl_members *members, size_t from, size_t nr);
	const void *data; /* of create() */
	/* What came of it. Counters zero, bad BPFL_BUF_INIT at first; bad is to be given to bpfl_buf_deinit(). */
	size_t nr_good, nr_bad;
	struct bpfl_buf bad; /* the first few names */
	int bad_errnum;
};

/* Attaches [from, from + nr). 0, also when members were refused, or -errno with text: what stops everything. */
int bpfl_members_put(struct bpfl_members *members, size_t from, size_t nr, struct bpfl_error *err);

/*
 * For those who attach one by one. Whether a refusal may be due to a member; what notes one; where the next
 * good one goes (0 or -ENOMEM).
 */
bool bpfl_members_are_meant(int ret);
void bpfl_members_note_bad(struct bpfl_members *members, size_t idx, int ret);
int bpfl_members_part(struct bpfl_members *members, struct bpfl_link **ret_part);

/*
 * Makes the link's text, and warns of refused members. note: "" or what stands behind their number (", a
 * kprobe each"). 0 or -ENOMEM.
 */
int bpfl_members_describe(const struct bpfl_members *members, const char *note, struct bpfl_error *err);

#endif
