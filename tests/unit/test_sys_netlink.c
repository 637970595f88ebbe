/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/netlink: requests as they go out, and answers of every shape, right and wrong, as they come in.
 */
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include "base/buf.h"
#include "fake_sys.h"
#include "sys/netlink.h"

enum { MSG_ERROR = 2, MSG_DONE = 3, MSG_NEWLINK = 16 };
#define FLAG_CAPPED 0x100u
#define FLAG_ACK_TLVS 0x200u

static void put_u16(struct bpfl_buf *buf, unsigned value)
{
	uint16_t u16 = (uint16_t)value;

	bpfl_buf_append(buf, &u16, sizeof(u16));
}

static void put_u32(struct bpfl_buf *buf, uint32_t value)
{
	bpfl_buf_append(buf, &value, sizeof(value));
}

/* A message header; size 0: filled in by msg_end(). Returns where the message begins. */
static size_t msg_begin(struct bpfl_buf *buf, unsigned type, unsigned flags, uint32_t seq)
{
	size_t start = buf->size;

	put_u32(buf, 0);
	put_u16(buf, type);
	put_u16(buf, flags);
	put_u32(buf, seq);
	put_u32(buf, 0);
	return start;
}

static void msg_end(struct bpfl_buf *buf, size_t start)
{
	uint32_t size = (uint32_t)(buf->size - start);

	memcpy(buf->data + start, &size, sizeof(size));
}

static void put_attr(struct bpfl_buf *buf, unsigned type, const void *bytes, size_t size)
{
	put_u16(buf, (unsigned)size + 4);
	put_u16(buf, type);
	bpfl_buf_append(buf, bytes, size);
	bpfl_buf_align(buf, 4);
}

/* RTM_NEWLINK with an unrelated attribute and the XDP state. */
static void put_link(struct bpfl_buf *buf, uint32_t seq, uint8_t attached, uint32_t prog_id)
{
	size_t start = msg_begin(buf, MSG_NEWLINK, 0, seq);
	struct bpfl_buf nest = BPFL_BUF_INIT;

	for (int i = 0; i < 4; i++)
		put_u32(buf, 0);
	put_attr(buf, 3, "veth0", 6);
	put_attr(&nest, 2, &attached, 1);
	if (prog_id)
		put_attr(&nest, 4, &prog_id, 4);
	if (prog_id)
		put_attr(&nest, 6, &prog_id, 4);
	put_attr(buf, 43 | 0x8000u, nest.data, nest.size);
	bpfl_buf_deinit(&nest);
	msg_end(buf, start);
}

static void put_error(struct bpfl_buf *buf, uint32_t seq, int code, unsigned flags, size_t request_size,
		      const char *text)
{
	size_t start = msg_begin(buf, MSG_ERROR, flags, seq);

	put_u32(buf, (uint32_t)code);
	put_u32(buf, (uint32_t)request_size); /* the request's header */
	for (int i = 0; i < 3; i++)
		put_u32(buf, 0);
	for (size_t i = 16; !(flags & FLAG_CAPPED) && i < request_size; i++)
		bpfl_buf_char(buf, 'r');
	bpfl_buf_align(buf, 4);
	if (text) {
		put_attr(buf, 2, "\1\0\0\0", 4); /* the offset of the wrong attribute: not ours to know */
		put_attr(buf, 1, text, strlen(text) + 1);
	}
	msg_end(buf, start);
}

static struct bpfl_buf buf;
static struct bpfl_xdp_state state;
static char text[BPFL_NETLINK_TEXT_SIZE];

static int parse(uint32_t seq)
{
	memset(&state, 0, sizeof(state));
	text[0] = '\0';
	/* Of its exact size, so that a sanitizer sees a step too far. */
	char *copy = malloc(buf.size ? buf.size : 1);
	int ret;

	if (buf.size)
		memcpy(copy, buf.data, buf.size);
	ret = bpfl_netlink_parse(copy, buf.size, seq, &state, text);
	free(copy);
	return ret;
}

START_TEST(an_acknowledgement_ends_the_wait)
{
	put_error(&buf, 1, 0, FLAG_CAPPED, 48, NULL);
	ck_assert_int_eq(parse(1), 1);
	ck_assert_str_eq(text, "");
	bpfl_buf_deinit(&buf);
}
END_TEST

START_TEST(a_refusal_brings_the_kernels_words)
{
	put_error(&buf, 1, -EOPNOTSUPP, FLAG_CAPPED | FLAG_ACK_TLVS, 48, "Underlying driver does not support XDP");
	ck_assert_int_eq(parse(1), -EOPNOTSUPP);
	ck_assert_str_eq(text, "Underlying driver does not support XDP");
	bpfl_buf_deinit(&buf);

	/* The whole request is repeated in front of the words, its last attribute unpadded. */
	put_error(&buf, 1, -EINVAL, FLAG_ACK_TLVS, 53, "no");
	ck_assert_int_eq(parse(1), -EINVAL);
	ck_assert_str_eq(text, "no");
	bpfl_buf_deinit(&buf);

	/* No words, and no flag that says there are. */
	put_error(&buf, 1, -EBUSY, FLAG_CAPPED, 48, "not looked at");
	ck_assert_int_eq(parse(1), -EBUSY);
	ck_assert_str_eq(text, "");
	bpfl_buf_deinit(&buf);
}
END_TEST

START_TEST(long_words_are_cut)
{
	char words[1000];

	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	put_error(&buf, 1, -EINVAL, FLAG_CAPPED | FLAG_ACK_TLVS, 48, words);
	ck_assert_int_eq(parse(1), -EINVAL);
	ck_assert_uint_eq(strlen(text), BPFL_NETLINK_TEXT_SIZE - 1);
	bpfl_buf_deinit(&buf);
}
END_TEST

START_TEST(the_state_of_an_interface_is_read)
{
	put_link(&buf, 1, BPFL_XDP_SKB, 0x10277);
	ck_assert_int_eq(parse(1), 1);
	ck_assert_int_eq(state.attached, BPFL_XDP_SKB);
	ck_assert_uint_eq(state.prog_id, 0x10277);
	ck_assert_uint_eq(state.skb_prog_id, 0x10277);
	ck_assert_uint_eq(state.drv_prog_id, 0);
	bpfl_buf_deinit(&buf);

	put_link(&buf, 1, BPFL_XDP_NONE, 0);
	ck_assert_int_eq(parse(1), 1);
	ck_assert_int_eq(state.attached, BPFL_XDP_NONE);
	bpfl_buf_deinit(&buf);
}
END_TEST

START_TEST(answers_to_others_are_skipped)
{
	put_link(&buf, 9, BPFL_XDP_DRV, 1);
	put_error(&buf, 8, -EPERM, FLAG_CAPPED, 16, NULL);
	ck_assert_int_eq(parse(1), 0);
	put_link(&buf, 1, BPFL_XDP_DRV, 5);
	ck_assert_int_eq(parse(1), 1);
	ck_assert_uint_eq(state.prog_id, 5);
	bpfl_buf_deinit(&buf);
}
END_TEST

START_TEST(an_empty_datagram_is_no_answer)
{
	ck_assert_int_eq(parse(1), 0);
}
END_TEST

/* Cut everywhere: never a success that was not, never a read beyond the end (a sanitizer sees the exact size). */
START_TEST(a_cut_answer_is_refused)
{
	struct bpfl_buf whole = BPFL_BUF_INIT;

	put_link(&whole, 1, BPFL_XDP_SKB, 77);
	for (size_t size = 1; size < whole.size; size++) {
		bpfl_buf_append(&buf, whole.data, size);
		ck_assert_msg(parse(1) == -EBADMSG, "%zu bytes gave %d", size, parse(1));
		bpfl_buf_deinit(&buf);
	}
	bpfl_buf_deinit(&whole);
}
END_TEST

/* Each u16 and u32 of an answer set to extremes. */
START_TEST(wrong_lengths_do_no_harm)
{
	static const uint32_t extremes[] = { 0, 1, 3, 4, 5, 15, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0xffffffff };
	struct bpfl_buf whole = BPFL_BUF_INIT;

	put_link(&whole, 1, BPFL_XDP_SKB, 77);
	put_error(&whole, 1, -EINVAL, FLAG_ACK_TLVS, 53, "words");
	for (size_t pos = 0; pos + 4 <= whole.size; pos += 2) {
		for (size_t i = 0; i < sizeof(extremes) / sizeof(extremes[0]); i++) {
			bpfl_buf_append(&buf, whole.data, whole.size);
			memcpy(buf.data + pos, &extremes[i], i < 9 ? 2 : 4);
			ck_assert_int_le(parse(1), 1);
			bpfl_buf_deinit(&buf);
		}
	}
	bpfl_buf_deinit(&whole);
}
END_TEST

START_TEST(an_error_code_that_is_none_is_refused)
{
	put_error(&buf, 1, 5, FLAG_CAPPED, 48, NULL);
	ck_assert_int_eq(parse(1), -EBADMSG);
	bpfl_buf_deinit(&buf);
	put_error(&buf, 1, -100000, FLAG_CAPPED, 48, NULL);
	ck_assert_int_eq(parse(1), -EBADMSG);
	bpfl_buf_deinit(&buf);
}
END_TEST

/* ---- requests ---- */

START_TEST(a_request_to_attach_is_built)
{
	static const uint8_t want[] = {
		60, 0, 0, 0, 19, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, /* RTM_SETLINK, request and ack */
		0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   /* interface 7 */
		28, 0, 43, 128,					  /* IFLA_XDP, nested */
		8, 0, 1, 0, 42, 0, 0, 0,			  /* program */
		8, 0, 3, 0, 18, 0, 0, 0,			  /* SKB mode, replace */
		8, 0, 8, 0, 41, 0, 0, 0,			  /* expected */
	};
	const struct fake_call *call;

	ck_assert_int_eq(bpfl_netlink_xdp_set(7, 42, BPFL_XDP_SKB_MODE | BPFL_XDP_REPLACE, 41, text), 0);
	call = fake_sys_nth("sendto", 0);
	ck_assert_ptr_nonnull(call);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	ck_assert_mem_eq(call->attr, want, sizeof(want));
#endif
	ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
}
END_TEST

START_TEST(a_refused_request_brings_words)
{
	fake_sys_netlink_error(EOPNOTSUPP, "no XDP here");
	ck_assert_int_eq(bpfl_netlink_xdp_set(7, 42, 0, -1, text), -EOPNOTSUPP);
	ck_assert_str_eq(text, "no XDP here");
}
END_TEST

START_TEST(a_query_reads_the_answer)
{
	put_link(&buf, 1, BPFL_XDP_DRV, 12);
	fake_sys_reply(buf.data, buf.size);
	ck_assert_int_eq(bpfl_netlink_xdp_query(7, &state), 0);
	ck_assert_int_eq(state.attached, BPFL_XDP_DRV);
	ck_assert_uint_eq(state.prog_id, 12);
	bpfl_buf_deinit(&buf);
}
END_TEST

START_TEST(every_failing_call_is_an_error)
{
	unsigned n = 1;

	do {
		fake_sys_reset();
		fake_sys_fail_nth(n++, EMFILE);
		int ret = bpfl_netlink_xdp_set(7, 42, 0, -1, text);

		/* The options are courtesies. */
		ck_assert(ret == -EMFILE || ret == 0);
		ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
	} while (fake_sys_failed());
	ck_assert_uint_ge(n, 5);
}
END_TEST

int main(void)
{
	const TTest *parse_tests[] = {
		an_acknowledgement_ends_the_wait,
		a_refusal_brings_the_kernels_words,
		long_words_are_cut,
		the_state_of_an_interface_is_read,
		answers_to_others_are_skipped,
		an_empty_datagram_is_no_answer,
		a_cut_answer_is_refused,
		wrong_lengths_do_no_harm,
		an_error_code_that_is_none_is_refused,
	};
	const TTest *request_tests[] = {
		a_request_to_attach_is_built,
		a_refused_request_brings_words,
		a_query_reads_the_answer,
		every_failing_call_is_an_error,
	};
	Suite *suite = BPFL_TEST_SUITE("netlink answers", parse_tests);

	BPFL_TEST_ADD_CASE(suite, "requests", request_tests);
	return bpfl_test_main(suite);
}
