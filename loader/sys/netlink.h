/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/netlink: the two rtnetlink questions that XDP needs, "attach this" and "what is attached".
 *
 * Networks cards refuse XDP for many reasons and bpf(2) says only an errno; netlink answers with a sentence (extended
 * acknowledgement, Linux 4.12). So this is the fallback for kernels without XDP links (before 5.9) and the way
 * to the reason.
 * An attachment made here outlives the process: who makes it takes it away again.
 */
#ifndef BPFL_SYS_NETLINK_H
#define BPFL_SYS_NETLINK_H

#include <stddef.h>
#include <stdint.h>

/*
 * IFLA_XDP_FLAGS; the mode bits are also the flags of an XDP link. No mode bit: the kernel chooses, native
 * when the driver can.
 */
#define BPFL_XDP_IF_NOEXIST (1u << 0)
#define BPFL_XDP_SKB_MODE (1u << 1)
#define BPFL_XDP_DRV_MODE (1u << 2)
#define BPFL_XDP_HW_MODE (1u << 3)	/* 4.13 */
#define BPFL_XDP_REPLACE (1u << 4)	/* 5.7: only when the program of IFLA_XDP_EXPECTED_FD is there */

/* IFLA_XDP_ATTACHED. */
enum bpfl_xdp_attached { BPFL_XDP_NONE, BPFL_XDP_DRV, BPFL_XDP_SKB, BPFL_XDP_HW, BPFL_XDP_MULTI };

struct bpfl_xdp_state {
	enum bpfl_xdp_attached attached; /* MULTI: more than one mode at once */
	uint32_t prog_id;		 /* 0 for NONE and MULTI */
	uint32_t drv_prog_id, skb_prog_id, hw_prog_id; /* 4.20 */
};

#define BPFL_NETLINK_TEXT_SIZE 256

/*
 * Attaches or takes away an XDP program.
 * @prog_fd: -1 takes away.
 * @flags: BPFL_XDP_*.
 * @expected_fd: with BPFL_XDP_REPLACE, the program that must be there; else -1.
 * @ret_text: the kernel's sentence about a refusal, "" when it gave none; BPFL_NETLINK_TEXT_SIZE bytes, or
 *            NULL. Text of a driver: escape before it is shown.
 * Return: 0 or -errno: -EBUSY another program is there, -EOPNOTSUPP the driver cannot. Needs CAP_NET_ADMIN.
 */
int bpfl_netlink_xdp_set(uint32_t ifindex, int prog_fd, uint32_t flags, int expected_fd, char *ret_text);

/* What is attached to an interface. 0 or -errno: -ENODEV. Needs nothing. */
int bpfl_netlink_xdp_query(uint32_t ifindex, struct bpfl_xdp_state *ret_state);

/* Calls fn for each network interface of this network namespace. 0 or -errno. */
typedef void (*bpfl_netlink_interface_fn)(void *ctx, const char *name);
int bpfl_netlink_each_interface(bpfl_netlink_interface_fn fn, void *ctx);

/*
 * Reads one datagram of answers: the part of the above that meets bytes from outside.
 * Return: 1 the answer to seq was found and is complete; 0 go on receiving; -errno the kernel's refusal
 *         (ret_text set), or -EBADMSG for bytes that are no netlink messages.
 */
int bpfl_netlink_parse(const void *bytes, size_t size, uint32_t seq, struct bpfl_xdp_state *ret_state,
		       char *ret_text);

#endif
