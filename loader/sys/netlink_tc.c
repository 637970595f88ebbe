/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/netlink_tc.c: requests and answers of traffic control. See sys/netlink_tc.h.
 *
 * All messages have the same body, struct tcmsg: interface, handle, parent, and a word that holds a filter's
 * priority and protocol.
 * The numbers are the kernel's ABI (rtnetlink.h, pkt_sched.h, pkt_cls.h).
 */
#include "sys/netlink_tc.h"

#include <errno.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include "sys/netlink_msg.h"

enum {
	MSG_NEWQDISC = 36, MSG_DELQDISC = 37, MSG_GETQDISC = 38, MSG_NEWTFILTER = 44, MSG_DELTFILTER = 45,
	MSG_GETTFILTER = 46
};
enum { TC_ATTR_KIND = 1, TC_ATTR_OPTIONS = 2, TC_ATTR_CHAIN = 11 /* 4.12 */ };
enum { BPF_ATTR_FD = 6, BPF_ATTR_NAME = 7, BPF_ATTR_FLAGS = 8, BPF_ATTR_ID = 11 /* 4.13 */ };
#define BPF_FLAG_DIRECT 1u /* the program's return value is what happens to the packet */
#define CLSACT_HANDLE 0xffff0000u
#define CLSACT_PARENT 0xfffffff1u
#define PROTOCOL_ALL 3u /* ETH_P_ALL */

struct tc_body {
	uint8_t family, pad;
	uint16_t pad2;
	uint32_t ifindex, handle, parent;
	uint32_t info; /* filters: priority << 16 | protocol, in network order */
};

static void tc_begin(struct bpfl_buf *buf, uint16_t type, int flags, struct tc_body body)
{
	_Static_assert(sizeof(body) == 20, "kernel layout");
	bpfl_netlink_msg_begin(buf, type, (uint16_t)(NLM_F_REQUEST | flags));
	bpfl_buf_append(buf, &body, sizeof(body));
}

static int tc_body_read(struct bpfl_cursor *cursor, struct tc_body *ret)
{
	const uint8_t *bytes;

	if (bpfl_cursor_bytes(cursor, sizeof(*ret), &bytes) < 0)
		return -EBADMSG;
	memcpy(ret, bytes, sizeof(*ret));
	return 0;
}

/* ---- clsact ---- */

static int clsact_ask(uint16_t type, int flags, uint32_t ifindex, char *ret_text)
{
	struct bpfl_buf request = BPFL_BUF_INIT;
	int ret;

	tc_begin(&request, type, NLM_F_ACK | flags,
		 (struct tc_body){ .ifindex = ifindex, .handle = CLSACT_HANDLE, .parent = CLSACT_PARENT });
	bpfl_netlink_attr_text(&request, TC_ATTR_KIND, "clsact");
	ret = bpfl_netlink_ask(&request, NULL, NULL, ret_text);
	bpfl_buf_deinit(&request);
	return ret;
}

int bpfl_netlink_clsact_make(uint32_t ifindex, char *ret_text)
{
	return clsact_ask(MSG_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, ifindex, ret_text);
}

int bpfl_netlink_clsact_remove(uint32_t ifindex)
{
	return clsact_ask(MSG_DELQDISC, 0, ifindex, NULL);
}

struct qdisc_walk {
	bpfl_netlink_qdisc_fn fn;
	void *ctx;
};

static int on_qdisc(void *ctx, uint16_t type, struct bpfl_cursor cursor)
{
	const struct qdisc_walk *walk = ctx;
	struct bpfl_netlink_attr attr;
	struct tc_body body;
	char kind[16] = "";
	int ret;

	if (type != MSG_NEWQDISC)
		return 0;
	ret = tc_body_read(&cursor, &body);
	while (ret >= 0 && (ret = bpfl_netlink_attr_next(&cursor, &attr)) > 0) {
		if (attr.type == TC_ATTR_KIND)
			bpfl_netlink_attr_copy(&attr, kind, sizeof(kind));
	}
	if (ret == 0 && body.parent == CLSACT_PARENT)
		walk->fn(walk->ctx, body.ifindex, kind);
	return ret;
}

int bpfl_netlink_qdisc_each(bpfl_netlink_qdisc_fn fn, void *ctx)
{
	struct qdisc_walk walk = { fn, ctx };
	struct bpfl_buf request = BPFL_BUF_INIT;
	int ret;

	tc_begin(&request, MSG_GETQDISC, NLM_F_DUMP, (struct tc_body){ 0 });
	ret = bpfl_netlink_ask(&request, on_qdisc, &walk, NULL);
	bpfl_buf_deinit(&request);
	return ret;
}

/* ---- filters ---- */

static int read_bpf_options(const struct bpfl_netlink_attr *nest, struct bpfl_tc_filter *filter)
{
	struct bpfl_cursor cursor = bpfl_netlink_attr_nest(nest);
	struct bpfl_netlink_attr attr;
	int ret;

	while ((ret = bpfl_netlink_attr_next(&cursor, &attr)) > 0) {
		if (attr.type == BPF_ATTR_NAME)
			bpfl_netlink_attr_copy(&attr, filter->name, sizeof(filter->name));
		else if (attr.type == BPF_ATTR_ID)
			filter->prog_id = bpfl_netlink_attr_value(&attr);
	}
	return ret;
}

static int read_filter(struct bpfl_cursor cursor, struct bpfl_tc_filter *ret_filter)
{
	struct bpfl_netlink_attr attr, options = { 0 };
	struct tc_body body;
	int ret = tc_body_read(&cursor, &body);

	if (ret < 0)
		return ret;
	*ret_filter = (struct bpfl_tc_filter){ .ifindex = body.ifindex, .parent = body.parent, .handle = body.handle,
					       .prio = (uint16_t)(body.info >> 16) };
	while ((ret = bpfl_netlink_attr_next(&cursor, &attr)) > 0) {
		if (attr.type == TC_ATTR_KIND)
			bpfl_netlink_attr_copy(&attr, ret_filter->kind, sizeof(ret_filter->kind));
		else if (attr.type == TC_ATTR_CHAIN)
			ret_filter->chain = bpfl_netlink_attr_value(&attr);
		else if (attr.type == TC_ATTR_OPTIONS)
			options = attr;
	}
	/* Numbers in the options mean something else for each kind. */
	if (ret == 0 && options.bytes && strcmp(ret_filter->kind, "bpf") == 0)
		ret = read_bpf_options(&options, ret_filter);
	return ret;
}

struct filter_walk {
	bpfl_netlink_tc_fn fn;
	void *ctx;
};

static int on_filter(void *ctx, uint16_t type, struct bpfl_cursor cursor)
{
	const struct filter_walk *walk = ctx;
	struct bpfl_tc_filter filter;
	int ret;

	if (type != MSG_NEWTFILTER)
		return 0;
	ret = read_filter(cursor, &filter);
	/* Handle 0 is the head of all filters with that priority. */
	if (ret == 0 && filter.handle != 0)
		walk->fn(walk->ctx, &filter);
	return ret;
}

int bpfl_netlink_tc_each(uint32_t ifindex, uint32_t parent, bpfl_netlink_tc_fn fn, void *ctx)
{
	struct filter_walk walk = { fn, ctx };
	struct bpfl_buf request = BPFL_BUF_INIT;
	int ret;

	tc_begin(&request, MSG_GETTFILTER, NLM_F_DUMP, (struct tc_body){ .ifindex = ifindex, .parent = parent });
	ret = bpfl_netlink_ask(&request, on_filter, &walk, NULL);
	bpfl_buf_deinit(&request);
	return ret;
}

static void filter_begin(struct bpfl_buf *request, uint16_t type, int flags, const struct bpfl_tc_filter *filter)
{
	tc_begin(request, type, NLM_F_ACK | flags,
		 (struct tc_body){ .ifindex = filter->ifindex, .handle = filter->handle, .parent = filter->parent,
				   .info = (uint32_t)filter->prio << 16 | htons(PROTOCOL_ALL) });
	bpfl_netlink_attr_text(request, TC_ATTR_KIND, "bpf");
	if (filter->chain)
		bpfl_netlink_attr_u32(request, TC_ATTR_CHAIN, filter->chain);
}

/* The echo of a request: what became of it. */
static void take_echo(void *ctx, const struct bpfl_tc_filter *echo)
{
	struct bpfl_tc_filter *filter = ctx;

	filter->prio = echo->prio;
	filter->handle = echo->handle;
	filter->prog_id = echo->prog_id;
}

int bpfl_netlink_tc_add(struct bpfl_tc_filter *filter, int prog_fd, bool replace, char *ret_text)
{
	struct bpfl_tc_filter made = *filter;
	struct filter_walk walk = { take_echo, &made };
	struct bpfl_buf request = BPFL_BUF_INIT;
	size_t nest;
	int ret;

	filter_begin(&request, MSG_NEWTFILTER, NLM_F_ECHO | NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL),
		     filter);
	nest = bpfl_netlink_attr_begin(&request, TC_ATTR_OPTIONS | NLA_F_NESTED);
	bpfl_netlink_attr_u32(&request, BPF_ATTR_FD, (uint32_t)prog_fd);
	bpfl_netlink_attr_text(&request, BPF_ATTR_NAME, filter->name);
	bpfl_netlink_attr_u32(&request, BPF_ATTR_FLAGS, BPF_FLAG_DIRECT);
	bpfl_netlink_attr_end(&request, nest);
	ret = bpfl_netlink_ask(&request, on_filter, &walk, ret_text);
	bpfl_buf_deinit(&request);
	if (ret == 0)
		*filter = made;
	return ret;
}

int bpfl_netlink_tc_remove(const struct bpfl_tc_filter *filter)
{
	struct bpfl_buf request = BPFL_BUF_INIT;
	int ret;

	if (filter->prio == 0) /* would mean: all of them */
		return -EINVAL;
	filter_begin(&request, MSG_DELTFILTER, 0, filter);
	ret = bpfl_netlink_ask(&request, NULL, NULL, NULL);
	bpfl_buf_deinit(&request);
	return ret;
}
