/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/netlink.c: network interfaces: XDP on and off, what is on, and which interfaces there are. Traffic
 * control has a file of its own, sys/netlink_tc.c.
 *
 * The numbers below are the kernel's ABI (rtnetlink.h, if_link.h).
 */
#include "sys/netlink.h"

#include <errno.h>
#include <net/if.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include "sys/netlink_msg.h"

enum { MSG_NEWLINK = 16, MSG_GETLINK = 18, MSG_SETLINK = 19 };
enum { LINK_ATTR_EXT_MASK = 29, LINK_ATTR_XDP = 43 };
enum {
	XDP_ATTR_FD = 1,
	XDP_ATTR_ATTACHED = 2,
	XDP_ATTR_FLAGS = 3,
	XDP_ATTR_PROG_ID = 4, /* 4.13 */
	XDP_ATTR_DRV_PROG_ID = 5,
	XDP_ATTR_SKB_PROG_ID = 6,
	XDP_ATTR_HW_PROG_ID = 7,
	XDP_ATTR_EXPECTED_FD = 8, /* 5.7 */
};
#define EXT_MASK_SKIP_STATS (1u << 3)
#define LINK_BODY_SIZE 16u

static void link_begin(struct bpfl_buf *buf, uint16_t type, uint16_t flags, uint32_t ifindex)
{
	struct { uint8_t family, pad; uint16_t kind; uint32_t ifindex, flags, change; } body = {
		AF_UNSPEC, 0, 0, ifindex, 0, 0,
	};

	_Static_assert(sizeof(body) == LINK_BODY_SIZE, "kernel layout");
	bpfl_netlink_msg_begin(buf, type, flags);
	bpfl_buf_append(buf, &body, sizeof(body));
}

static int parse_xdp(const struct bpfl_netlink_attr *nest, struct bpfl_xdp_state *state)
{
	struct bpfl_cursor cursor = bpfl_netlink_attr_nest(nest);
	struct bpfl_netlink_attr attr;
	int ret;

	while ((ret = bpfl_netlink_attr_next(&cursor, &attr)) > 0) {
		switch (attr.type) {
		case XDP_ATTR_ATTACHED:
			state->attached = (enum bpfl_xdp_attached)bpfl_netlink_attr_value(&attr);
			break;
		case XDP_ATTR_PROG_ID:
			state->prog_id = bpfl_netlink_attr_value(&attr);
			break;
		case XDP_ATTR_DRV_PROG_ID:
			state->drv_prog_id = bpfl_netlink_attr_value(&attr);
			break;
		case XDP_ATTR_SKB_PROG_ID:
			state->skb_prog_id = bpfl_netlink_attr_value(&attr);
			break;
		case XDP_ATTR_HW_PROG_ID:
			state->hw_prog_id = bpfl_netlink_attr_value(&attr);
			break;
		default:
			break;
		}
	}
	return ret;
}

/* RTM_NEWLINK: the answer to a query. ctx: struct bpfl_xdp_state, or NULL. */
static int parse_link(void *ctx, uint16_t type, struct bpfl_cursor body)
{
	struct bpfl_xdp_state *state = ctx;
	struct bpfl_netlink_attr attr;
	int ret;

	if (type != MSG_NEWLINK || !state)
		return 0;
	if (bpfl_cursor_skip(&body, LINK_BODY_SIZE) < 0)
		return -EBADMSG;
	while ((ret = bpfl_netlink_attr_next(&body, &attr)) > 0) {
		if (attr.type != LINK_ATTR_XDP)
			continue;
		ret = parse_xdp(&attr, state);
		if (ret < 0)
			return ret;
	}
	return ret < 0 ? ret : 1;
}

int bpfl_netlink_parse(const void *bytes, size_t size, uint32_t seq, struct bpfl_xdp_state *ret_state,
		       char *ret_text)
{
	return bpfl_netlink_walk(bytes, size, seq, parse_link, ret_state, ret_text);
}

int bpfl_netlink_xdp_set(uint32_t ifindex, int prog_fd, uint32_t flags, int expected_fd, char *ret_text)
{
	struct bpfl_buf request = BPFL_BUF_INIT;
	size_t nest;
	int ret;

	link_begin(&request, MSG_SETLINK, NLM_F_REQUEST | NLM_F_ACK, ifindex);
	nest = bpfl_netlink_attr_begin(&request, LINK_ATTR_XDP | NLA_F_NESTED);
	bpfl_netlink_attr_u32(&request, XDP_ATTR_FD, (uint32_t)prog_fd);
	if (flags)
		bpfl_netlink_attr_u32(&request, XDP_ATTR_FLAGS, flags);
	if (flags & BPFL_XDP_REPLACE)
		bpfl_netlink_attr_u32(&request, XDP_ATTR_EXPECTED_FD, (uint32_t)expected_fd);
	bpfl_netlink_attr_end(&request, nest);
	ret = bpfl_netlink_ask(&request, NULL, NULL, ret_text);
	bpfl_buf_deinit(&request);
	return ret;
}

int bpfl_netlink_xdp_query(uint32_t ifindex, struct bpfl_xdp_state *ret_state)
{
	struct bpfl_buf request = BPFL_BUF_INIT;
	struct bpfl_xdp_state state = { 0 };
	int ret;

	link_begin(&request, MSG_GETLINK, NLM_F_REQUEST, ifindex);
	bpfl_netlink_attr_u32(&request, LINK_ATTR_EXT_MASK, EXT_MASK_SKIP_STATS);
	ret = bpfl_netlink_ask(&request, parse_link, &state, NULL);
	bpfl_buf_deinit(&request);
	if (ret == 0)
		*ret_state = state;
	return ret;
}

int bpfl_netlink_each_interface(bpfl_netlink_interface_fn fn, void *ctx)
{
	struct if_nameindex *interfaces = if_nameindex();

	if (!interfaces)
		return -errno;
	for (size_t i = 0; interfaces[i].if_name; i++)
		fn(ctx, interfaces[i].if_name);
	if_freenameindex(interfaces);
	return 0;
}
