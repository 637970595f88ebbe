/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/netlink_msg.c: writing, sending and reading rtnetlink messages. See sys/netlink_msg.h.
 *
 * A socket lives for one question. The numbers below are the kernel's ABI (netlink.h).
 */
#include "sys/netlink_msg.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include "sys/enter.h"
#include "sys/netlink.h"

enum { ERR_ATTR_TEXT = 1 };
#define ATTR_TYPE_MASK 0x3fffu /* without the nested and byte-order bits */
#define OPT_CAP_ACK 10	       /* 4.3: an error does not repeat the request */
#define OPT_EXT_ACK 11	       /* 4.12: an error may carry text */
#define FLAG_CAPPED 0x100u
#define FLAG_ACK_TLVS 0x200u
#define HEADER_SIZE 16u
#define ANSWER_SIZE_MAX 32768u
#define ANSWERS_MAX 4096 /* datagrams until we stop believing that ours ends */
#define RETRIES_MAX 3
#define SEQUENCE 1u

/* ---- writing ---- */

void bpfl_netlink_msg_begin(struct bpfl_buf *buf, uint16_t type, uint16_t flags)
{
	struct { uint32_t size; uint16_t type, flags; uint32_t seq, port; } header = {
		0, type, flags, SEQUENCE, 0,
	};

	_Static_assert(sizeof(header) == HEADER_SIZE, "kernel layout");
	bpfl_buf_append(buf, &header, sizeof(header));
}

size_t bpfl_netlink_attr_begin(struct bpfl_buf *buf, uint16_t type)
{
	uint16_t header[2] = { 0, type };
	size_t start = buf->size;

	bpfl_buf_append(buf, header, sizeof(header));
	return start;
}

void bpfl_netlink_attr_end(struct bpfl_buf *buf, size_t start)
{
	uint16_t size = (uint16_t)(buf->size - start);

	if (!bpfl_buf_ok(buf))
		return;
	memcpy(buf->data + start, &size, sizeof(size));
	bpfl_buf_align(buf, 4);
}

void bpfl_netlink_attr_u32(struct bpfl_buf *buf, uint16_t type, uint32_t value)
{
	size_t start = bpfl_netlink_attr_begin(buf, type);

	bpfl_buf_append(buf, &value, sizeof(value));
	bpfl_netlink_attr_end(buf, start);
}

void bpfl_netlink_attr_text(struct bpfl_buf *buf, uint16_t type, const char *text)
{
	size_t start = bpfl_netlink_attr_begin(buf, type);

	bpfl_buf_append(buf, text, strlen(text) + 1);
	bpfl_netlink_attr_end(buf, start);
}

/* ---- reading ---- */

int bpfl_netlink_attr_next(struct bpfl_cursor *cursor, struct bpfl_netlink_attr *ret)
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

uint32_t bpfl_netlink_attr_value(const struct bpfl_netlink_attr *attr)
{
	uint32_t value = 0;

	if (attr->size >= sizeof(value))
		memcpy(&value, attr->bytes, sizeof(value));
	else if (attr->size >= 1)
		value = attr->bytes[0];
	return value;
}

void bpfl_netlink_attr_copy(const struct bpfl_netlink_attr *attr, char *out, size_t out_size)
{
	snprintf(out, out_size, "%.*s", (int)strnlen((const char *)attr->bytes, attr->size),
		 (const char *)attr->bytes);
}

struct bpfl_cursor bpfl_netlink_attr_nest(const struct bpfl_netlink_attr *attr)
{
	return bpfl_cursor_make(attr->bytes, attr->size, false);
}

/* NLMSG_ERROR: an acknowledgement (0) or a refusal, with text behind what it repeats of the request. */
static int parse_error(struct bpfl_cursor body, uint16_t flags, char *ret_text)
{
	uint32_t code, request_size;
	struct bpfl_netlink_attr attr;

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
	while (bpfl_netlink_attr_next(&body, &attr) > 0) {
		if (attr.type == ERR_ATTR_TEXT)
			bpfl_netlink_attr_copy(&attr, ret_text, BPFL_NETLINK_TEXT_SIZE);
	}
	return (int)code;
}

/* NLMSG_DONE: a dump ends, well or (since 4.16) with an errno. */
static int parse_done(struct bpfl_cursor body)
{
	uint32_t code;

	if (bpfl_cursor_u32(&body, &code) < 0 || code == 0)
		return 1;
	return code < (uint32_t)-4095 ? -EBADMSG : (int)code;
}

int bpfl_netlink_walk(const void *bytes, size_t size, uint32_t seq, bpfl_netlink_msg_fn fn, void *ctx, char *ret_text)
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
			ret = parse_error(bpfl_cursor_make(body, msg_size - HEADER_SIZE, false), flags, ret_text);
		else if (msg_seq == seq && type == NLMSG_DONE)
			ret = parse_done(bpfl_cursor_make(body, msg_size - HEADER_SIZE, false));
		else if (msg_seq == seq && fn)
			ret = fn(ctx, type, bpfl_cursor_make(body, msg_size - HEADER_SIZE, false));
		if (ret != 0)
			return ret;
		if (bpfl_cursor_skip(&cursor, (4 - msg_size % 4) % 4) < 0)
			break;
	}
	return 0;
}

/* ---- asking ---- */

/*
 * A datagram of the answer. A recv that fails takes nothing from the queue, and the kernel has answered
 * already: giving up here would leave what was asked for in place with nobody who knows of it. So it is tried
 * again, without waiting: when the answer itself is lost, nothing comes.
 */
static ssize_t receive_one(int fd, char *answer)
{
	ssize_t size = bpfl_enter_recv(fd, answer, ANSWER_SIZE_MAX, 0), first = size;

	for (int i = 0; i < RETRIES_MAX && size < 0; i++)
		size = bpfl_enter_recv(fd, answer, ANSWER_SIZE_MAX, MSG_DONTWAIT);
	return size < 0 ? first : size;
}

/* answer: ANSWER_SIZE_MAX bytes. */
static int receive(int fd, char *answer, bpfl_netlink_msg_fn fn, void *ctx, char *ret_text)
{
	int ret = 0;

	for (int i = 0; i < ANSWERS_MAX && ret == 0; i++) {
		ssize_t size = receive_one(fd, answer);

		if (size == -EINTR)
			continue;
		ret = size < 0 ? (int)size : bpfl_netlink_walk(answer, (size_t)size, SEQUENCE, fn, ctx, ret_text);
	}
	return ret > 0 ? 0 : ret < 0 ? ret : -EBADMSG;
}

/*
 * The kernel answers within sendto; a dump goes on with each recv. Memory is fetched first: once it is
 * sent, it is done.
 */
int bpfl_netlink_ask(struct bpfl_buf *request, bpfl_netlink_msg_fn fn, void *ctx, char *ret_text)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int on = 1, fd;
	char *answer;
	ssize_t ret;

	if (ret_text)
		ret_text[0] = '\0';
	if (!bpfl_buf_ok(request))
		return -ENOMEM;
	memcpy(request->data, &(uint32_t){ (uint32_t)request->size }, sizeof(uint32_t));
	answer = malloc(ANSWER_SIZE_MAX);
	if (!answer)
		return -ENOMEM;
	fd = bpfl_enter_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	if (fd < 0) {
		free(answer);
		return fd;
	}
	/* Courtesies: without them the errno is all there is. */
	bpfl_enter_setsockopt(fd, SOL_NETLINK, OPT_EXT_ACK, &on, sizeof(on));
	bpfl_enter_setsockopt(fd, SOL_NETLINK, OPT_CAP_ACK, &on, sizeof(on));
	ret = bpfl_enter_sendto(fd, request->data, request->size, (const struct sockaddr *)&kernel,
				sizeof(kernel));
	if (ret >= 0)
		ret = receive(fd, answer, fn, ctx, ret_text);
	bpfl_enter_close(fd);
	free(answer);
	return (int)ret;
}
