/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/netfilter: the words behind "netfilter:".
 */
#ifndef BPFL_ATTACH_NETFILTER_H
#define BPFL_ATTACH_NETFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpfl_netfilter {
	uint32_t pf; /* NFPROTO_* */
	uint32_t hook;
	int32_t prio;
	bool defrag;
	const char *pf_name, *hook_name; /* static */
};

#define BPFL_NETFILTER_WORDS \
	"{ip|ip6}/HOOK[:PRIO[:defrag]], with HOOK prerouting, input, forward, output or postrouting"

/* Return: how many characters from the start are right; all of them, with *ret_whole true, when nothing is missing. */
size_t bpfl_netfilter_parse(const char *text, struct bpfl_netfilter *ret, bool *ret_whole);

#endif
