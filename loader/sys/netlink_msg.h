/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/netlink_msg: messages and attributes of rtnetlink, for the files sys/netlink*.c only.
 *
 * A message is a 16-byte header, a fixed body and attributes; an attribute is a 4-byte header (length with the
 * header, type) and a payload, padded to 4 bytes; nested attributes are a payload of attributes. Requests are
 * written into a bpfl_buf, answers are read through base/cursor.h: a length that does not fit ends the reading
 * with -EBADMSG.
 */
#ifndef BPFL_SYS_NETLINK_MSG_H
#define BPFL_SYS_NETLINK_MSG_H

#include "base/buf.h"
#include "base/cursor.h"

/* ---- writing ---- */

/* The header; its size is filled in when the message is sent. */
void bpfl_netlink_msg_begin(struct bpfl_buf *buf, uint16_t type, uint16_t flags);
/* Begins an attribute, returns what its end wants to know. */
size_t bpfl_netlink_attr_begin(struct bpfl_buf *buf, uint16_t type);
void bpfl_netlink_attr_end(struct bpfl_buf *buf, size_t start);
void bpfl_netlink_attr_u32(struct bpfl_buf *buf, uint16_t type, uint32_t value);
void bpfl_netlink_attr_text(struct bpfl_buf *buf, uint16_t type, const char *text); /* with its NUL */

/* ---- reading ---- */

struct bpfl_netlink_attr {
	uint16_t type; /* without the nested and byte-order bits */
	const uint8_t *bytes;
	uint64_t size;
};

/* 1 and the next attribute, 0 at the end, -EBADMSG. */
int bpfl_netlink_attr_next(struct bpfl_cursor *cursor, struct bpfl_netlink_attr *ret);
/* A number of 1 or 4 bytes; 0 when there is none. */
uint32_t bpfl_netlink_attr_value(const struct bpfl_netlink_attr *attr);
/* Text, cut to fit. */
void bpfl_netlink_attr_copy(const struct bpfl_netlink_attr *attr, char *out, size_t out_size);
struct bpfl_cursor bpfl_netlink_attr_nest(const struct bpfl_netlink_attr *attr);

/* A message that answers, without its header. 0: go on, 1: that was all, or -errno. */
typedef int (*bpfl_netlink_msg_fn)(void *ctx, uint16_t type, struct bpfl_cursor body);

/*
 * Reads one datagram of answers to the request numbered seq.
 * Return: 1 the answer is complete (acknowledged, end of a dump, or fn said so); 0 go on receiving; -errno the
 *         kernel's refusal (ret_text set), or -EBADMSG for bytes that are no netlink messages.
 */
int bpfl_netlink_walk(const void *bytes, size_t size, uint32_t seq, bpfl_netlink_msg_fn fn, void *ctx, char *ret_text);

/*
 * Sends the message in request and hands what comes back to fn (may be NULL) until the answer is complete. 0 or
 * -errno; ret_text (may be
 * NULL) gets the kernel's sentence about a refusal, else "". */
int bpfl_netlink_ask(struct bpfl_buf *request, bpfl_netlink_msg_fn fn, void *ctx, char *ret_text);

#endif
