/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/netlink.c: builds and reads a handful of rtnetlink messages.
 *
 * A message is a 16-byte header, a fixed body and attributes; an attribute is a 4-byte header (length with the header, type) and a
 * payload, padded to 4 bytes; nested attributes are a payload of attributes. Requests are written into a bpfl_buf, answers are read through
 * base/cursor.h: a length that does not fit ends the reading with -EBADMSG.
 *
 * The numbers below are the kernel's ABI (rtnetlink.h, if_link.h, netlink.h).
 */
#include "sys/netlink.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include "base/buf.h"
#include "base/cursor.h"
#include "sys/enter.h"

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
enum { ERR_ATTR_TEXT = 1 };
#define EXT_MASK_SKIP_STATS (1u << 3)
#define ATTR_TYPE_MASK 0x3fffu /* without the nested and byte-order bits */
#define OPT_CAP_ACK 10	       /* 4.3: an error does not repeat the request */
#define OPT_EXT_ACK 11	       /* 4.12: an error may carry text */
#define FLAG_CAPPED 0x100u
#define FLAG_ACK_TLVS 0x200u
#define HEADER_SIZE 16u
#define LINK_BODY_SIZE 16u
#define ANSWER_SIZE_MAX 32768u
#define ANSWERS_MAX 64 /* datagrams until we stop believing that ours comes */

/* ---- writing ---- */

static size_t attr_begin(struct bpfl_buf *buf, uint16_t type)
{
	uint16_t header[2] = { 0, type };
	size_t start = buf->size;

	bpfl_buf_append(buf, header, sizeof(header));
	return start;
}

static void attr_end(struct bpfl_buf *buf, size_t start)
{
	uint16_t size = (uint16_t)(buf->size - start);

	if (!bpfl_buf_ok(buf))
		return;
	memcpy(buf->data + start, &size, sizeof(size));
	bpfl_buf_align(buf, 4);
}

static void attr_u32(struct bpfl_buf *buf, uint16_t type, uint32_t value)
{
	size_t start = attr_begin(buf, type);

	bpfl_buf_append(buf, &value, sizeof(value));
	attr_end(buf, start);
}

static void link_begin(struct bpfl_buf *buf, uint16_t type, uint16_t flags, uint32_t seq, uint32_t ifindex)
{
	struct { uint32_t size; uint16_t type, flags; uint32_t seq, port; } header = {
		0, type, flags, seq, 0,
	};
	struct { uint8_t family, pad; uint16_t kind; uint32_t ifindex, flags, change; } body = {
		AF_UNSPEC, 0, 0, ifindex, 0, 0,
	};

	_Static_assert(sizeof(header) == HEADER_SIZE && sizeof(body) == LINK_BODY_SIZE, "kernel layout");
	bpfl_buf_append(buf, &header, sizeof(header));
	bpfl_buf_append(buf, &body, sizeof(body));
}

/* ---- reading ---- */

struct attr {
	uint16_t type;
	const uint8_t *bytes;
	uint64_t size;
};

/* 1 and the next attribute, 0 at the end, -EBADMSG. */
static int attr_next(struct bpfl_cursor *cursor, struct attr *ret)
{
	uint16_t size, type;

	if (bpfl_cursor_left(cursor) < 4)
		return 0; /* nothing, or padding */
	if (bpfl_cursor_u16(cursor, &size) < 0 || bpfl_cursor_u16(cursor, &type) < 0 || size < 4)
		return -EBADMSG;
	ret->type = type & ATTR_TYPE_MASK;
	ret->size = size - 4u;
	if (bpfl_cursor_bytes(cursor, ret->size, &ret->bytes) < 0)
		return -EBADMSG;
	/* The last attribute may come without its padding. */
	if (bpfl_cursor_skip(cursor, (4u - size % 4u) % 4u) < 0)
		bpfl_cursor_skip(cursor, bpfl_cursor_left(cursor));
	return 1;
}

static uint32_t attr_value(const struct attr *attr)
{
	uint32_t value = 0;

	if (attr->size >= sizeof(value))
		memcpy(&value, attr->bytes, sizeof(value));
	else if (attr->size >= 1)
		value = attr->bytes[0];
	return value;
}

static int parse_xdp(const struct attr *nest, struct bpfl_xdp_state *state)
{
	struct bpfl_cursor cursor = bpfl_cursor_make(nest->bytes, nest->size, false);
	struct attr attr;
	int ret;

	while ((ret = attr_next(&cursor, &attr)) > 0) {
		switch (attr.type) {
		case XDP_ATTR_ATTACHED:
			state->attached = (enum bpfl_xdp_attached)attr_value(&attr);
			break;
		case XDP_ATTR_PROG_ID:
			state->prog_id = attr_value(&attr);
			break;
		case XDP_ATTR_DRV_PROG_ID:
			state->drv_prog_id = attr_value(&attr);
			break;
		case XDP_ATTR_SKB_PROG_ID:
			state->skb_prog_id = attr_value(&attr);
			break;
		case XDP_ATTR_HW_PROG_ID:
			state->hw_prog_id = attr_value(&attr);
			break;
		default:
			break;
		}
	}
	return ret;
}

/* RTM_NEWLINK: the answer to a query. */
static int parse_link(struct bpfl_cursor body, struct bpfl_xdp_state *state)
{
	struct attr attr;
	int ret;

	if (bpfl_cursor_skip(&body, LINK_BODY_SIZE) < 0)
		return -EBADMSG;
	while ((ret = attr_next(&body, &attr)) > 0) {
		if (attr.type != LINK_ATTR_XDP)
			continue;
		ret = parse_xdp(&attr, state);
		if (ret < 0)
			return ret;
	}
	return ret < 0 ? ret : 1;
}

/* NLMSG_ERROR: an acknowledgement (0) or a refusal, with text behind what it repeats of the request. */
static int parse_error(struct bpfl_cursor body, uint16_t flags, char *ret_text)
{
	uint32_t code, request_size;
	struct attr attr;

	if (bpfl_cursor_u32(&body, &code) < 0 || bpfl_cursor_u32(&body, &request_size) < 0)
		return -EBADMSG;
	if (code == 0)
		return 1;
	if (code < (uint32_t)-4095) /* not -errno */
		return -EBADMSG;
	if (!(flags & FLAG_ACK_TLVS) || !ret_text)
		return (int)code;
	/* Behind the code stands the header of the request, and all of it when the kernel did not cap it. */
	if (bpfl_cursor_skip(&body, HEADER_SIZE - 4) < 0)
		return (int)code;
	if (!(flags & FLAG_CAPPED) && request_size > HEADER_SIZE &&
	    bpfl_cursor_skip(&body, ((uint64_t)request_size + 3) / 4 * 4 - HEADER_SIZE) < 0)
		return (int)code;
	while (attr_next(&body, &attr) > 0) {
		if (attr.type == ERR_ATTR_TEXT)
			snprintf(ret_text, BPFL_NETLINK_TEXT_SIZE, "%.*s",
				 (int)strnlen((const char *)attr.bytes, attr.size),
				 (const char *)attr.bytes);
	}
	return (int)code;
}

int bpfl_netlink_parse(const void *bytes, size_t size, uint32_t seq, struct bpfl_xdp_state *ret_state,
		       char *ret_text)
{
	struct bpfl_cursor cursor = bpfl_cursor_make(bytes, size, false);

	while (bpfl_cursor_left(&cursor) > 0) {
		uint32_t msg_size, msg_seq, port;
		uint16_t type, flags;
		const uint8_t *body;
		int ret = 0;

		if (bpfl_cursor_u32(&cursor, &msg_size) < 0 || bpfl_cursor_u16(&cursor, &type) < 0 ||
		    bpfl_cursor_u16(&cursor, &flags) < 0 || bpfl_cursor_u32(&cursor, &msg_seq) < 0 ||
		    bpfl_cursor_u32(&cursor, &port) < 0 || msg_size < HEADER_SIZE ||
		    bpfl_cursor_bytes(&cursor, msg_size - HEADER_SIZE, &body) < 0)
			return -EBADMSG;
		if (msg_seq == seq && type == NLMSG_ERROR)
			ret = parse_error(bpfl_cursor_make(body, msg_size - HEADER_SIZE, false), flags,
					  ret_text);
		else if (msg_seq == seq && type == MSG_NEWLINK && ret_state)
			ret = parse_link(bpfl_cursor_make(body, msg_size - HEADER_SIZE, false), ret_state);
		if (ret != 0)
			return ret;
		if (bpfl_cursor_skip(&cursor, (4 - msg_size % 4) % 4) < 0)
			break;
	}
	return 0;
}

/* ---- asking ---- */

static int receive(int fd, uint32_t seq, struct bpfl_xdp_state *ret_state, char *ret_text)
{
	char *answer = malloc(ANSWER_SIZE_MAX);
	int ret = -ENOMEM;

	if (!answer)
		return ret;
	ret = 0;
	for (int i = 0; i < ANSWERS_MAX && ret == 0; i++) {
		ssize_t size = bpfl_enter_recv(fd, answer, ANSWER_SIZE_MAX, 0);

		if (size == -EINTR)
			continue;
		ret = size < 0 ? (int)size : bpfl_netlink_parse(answer, (size_t)size, seq, ret_state, ret_text);
	}
	free(answer);
	return ret > 0 ? 0 : ret < 0 ? ret : -EBADMSG;
}

/* Sends the message in request (its size field is filled in here) and waits for the answer. The kernel answers within sendto. */
static int ask(struct bpfl_buf *request, uint32_t seq, struct bpfl_xdp_state *ret_state, char *ret_text)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int on = 1, fd;
	ssize_t ret;

	if (!bpfl_buf_ok(request))
		return -ENOMEM;
	memcpy(request->data, &(uint32_t){ (uint32_t)request->size }, sizeof(uint32_t));
	fd = bpfl_enter_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	if (fd < 0)
		return fd;
	/* Courtesies: without them the errno is all there is. */
	bpfl_enter_setsockopt(fd, SOL_NETLINK, OPT_EXT_ACK, &on, sizeof(on));
	bpfl_enter_setsockopt(fd, SOL_NETLINK, OPT_CAP_ACK, &on, sizeof(on));
	ret = bpfl_enter_sendto(fd, request->data, request->size, (const struct sockaddr *)&kernel,
				sizeof(kernel));
	if (ret >= 0)
		ret = receive(fd, seq, ret_state, ret_text);
	bpfl_enter_close(fd);
	return (int)ret;
}

int bpfl_netlink_xdp_set(uint32_t ifindex, int prog_fd, uint32_t flags, int expected_fd, char *ret_text)
{
	struct bpfl_buf request = BPFL_BUF_INIT;
	size_t nest;
	int ret;

	if (ret_text)
		ret_text[0] = '\0';
	link_begin(&request, MSG_SETLINK, NLM_F_REQUEST | NLM_F_ACK, 1, ifindex);
	nest = attr_begin(&request, LINK_ATTR_XDP | NLA_F_NESTED);
	attr_u32(&request, XDP_ATTR_FD, (uint32_t)prog_fd);
	if (flags)
		attr_u32(&request, XDP_ATTR_FLAGS, flags);
	if (flags & BPFL_XDP_REPLACE)
		attr_u32(&request, XDP_ATTR_EXPECTED_FD, (uint32_t)expected_fd);
	attr_end(&request, nest);
	ret = ask(&request, 1, NULL, ret_text);
	bpfl_buf_deinit(&request);
	return ret;
}

int bpfl_netlink_xdp_query(uint32_t ifindex, struct bpfl_xdp_state *ret_state)
{
	struct bpfl_buf request = BPFL_BUF_INIT;
	struct bpfl_xdp_state state = { 0 };
	int ret;

	link_begin(&request, MSG_GETLINK, NLM_F_REQUEST, 1, ifindex);
	attr_u32(&request, LINK_ATTR_EXT_MASK, EXT_MASK_SKIP_STATS);
	ret = ask(&request, 1, &state, NULL);
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
