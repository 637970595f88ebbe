/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/netlink_tc: BPF programs as filters of traffic control (cls_bpf in direct-action mode, Linux 4.4).
 *
 * A filter hangs on a qdisc. clsact (4.5) is the one that only carries filters, one set for what comes in and
 * one for what goes out. There is one per interface and everybody shares it: it is made when it is missing, and
 * removing it would remove the filters of others.
 * Filters are found by interface, direction, chain, priority and handle; they outlive the process that made them.
 *
 * ret_text: as in sys/netlink.h. All need CAP_NET_ADMIN in the user namespace of the network namespace, except
 * the ..._each() functions.
 */
#ifndef BPFL_SYS_NETLINK_TC_H
#define BPFL_SYS_NETLINK_TC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a filter hangs: tcm_parent. */
#define BPFL_TC_INGRESS 0xfffffff2u
#define BPFL_TC_EGRESS 0xfffffff3u

#define BPFL_TC_NAME_SIZE 128

struct bpfl_tc_filter {
	uint32_t ifindex;
	uint32_t parent; /* BPFL_TC_INGRESS, BPFL_TC_EGRESS */
	uint32_t chain;
	uint32_t handle; /* 0: the kernel chooses */
	uint16_t prio;	 /* 0: the kernel chooses, above all that are there */
	uint32_t prog_id; /* answers: 4.13, else 0 */
	char kind[16];	  /* answers: "bpf" */
	char name[BPFL_TC_NAME_SIZE]; /* of a bpf filter, as tc(8) shows it */
};

/* 0; -EEXIST: the interface has a clsact or ingress qdisc already. */
int bpfl_netlink_clsact_make(uint32_t ifindex, char *ret_text);
int bpfl_netlink_clsact_remove(uint32_t ifindex);
/*
 * Calls fn for each interface that has a qdisc in clsact's place: kind is "clsact", or "ingress", which has
 * no egress side. 0 or -errno.
 */
typedef void (*bpfl_netlink_qdisc_fn)(void *ctx, uint32_t ifindex, const char *kind);
int bpfl_netlink_qdisc_each(bpfl_netlink_qdisc_fn fn, void *ctx);

/*
 * Adds a filter.
 * @filter: prio and handle are written: what the kernel chose.
 * @replace: take the place of the filter that is there; else -EEXIST.
 */
int bpfl_netlink_tc_add(struct bpfl_tc_filter *filter, int prog_fd, bool replace, char *ret_text);
int bpfl_netlink_tc_remove(const struct bpfl_tc_filter *filter);
/* Calls fn for each filter of one direction. 0 or -errno. */
typedef void (*bpfl_netlink_tc_fn)(void *ctx, const struct bpfl_tc_filter *filter);
int bpfl_netlink_tc_each(uint32_t ifindex, uint32_t parent, bpfl_netlink_tc_fn fn, void *ctx);

#endif
