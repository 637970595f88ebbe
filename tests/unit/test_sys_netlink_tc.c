/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/netlink_tc and sys/owner: requests as they go out, answers of every shape, and who counts as gone.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/buf.h"
#include "fake_sys.h"
#include "sys/netlink.h"
#include "sys/netlink_tc.h"
#include "sys/owner.h"

enum { MSG_DONE = 3, NEWQDISC = 36, NEWTFILTER = 44 };

static struct bpfl_buf reply;

static void put_u16(unsigned value)
{
	uint16_t u16 = (uint16_t)value;

	bpfl_buf_append(&reply, &u16, sizeof(u16));
}

static void put_u32(uint32_t value)
{
	bpfl_buf_append(&reply, &value, sizeof(value));
}

static size_t msg_begin(unsigned type)
{
	size_t start = reply.size;

	put_u32(0);
	put_u16(type);
	put_u16(0);
	put_u32(1);
	put_u32(0);
	return start;
}

static void msg_end(size_t start)
{
	uint32_t size = (uint32_t)(reply.size - start);

	memcpy(reply.data + start, &size, sizeof(size));
}

static void put_body(uint32_t ifindex, uint32_t handle, uint32_t parent, uint32_t info)
{
	put_u32(0);
	put_u32(ifindex);
	put_u32(handle);
	put_u32(parent);
	put_u32(info);
}

static void put_attr(unsigned type, const void *bytes, size_t size)
{
	put_u16((unsigned)size + 4);
	put_u16(type);
	bpfl_buf_append(&reply, bytes, size);
	bpfl_buf_align(&reply, 4);
}

/* A filter named "f" with program id 99. */
static void put_filter(const char *kind, uint32_t prio, uint32_t handle)
{
	size_t start = msg_begin(NEWTFILTER), nest;
	uint32_t id = 99, chain = 5;
	uint16_t size;

	put_body(7, handle, BPFL_TC_EGRESS, prio << 16 | 0x300);
	put_attr(1, kind, strlen(kind) + 1);
	put_attr(11, &chain, 4);
	nest = reply.size;
	put_u16(0);
	put_u16(2 | 0x8000u);
	put_attr(7, "f", 2);
	put_attr(11, &id, 4);
	size = (uint16_t)(reply.size - nest);
	memcpy(reply.data + nest, &size, sizeof(size));
	msg_end(start);
}

static void put_qdisc(uint32_t ifindex, uint32_t parent, const char *kind)
{
	size_t start = msg_begin(NEWQDISC);

	put_body(ifindex, 0xffff0000u, parent, 1);
	put_attr(1, kind, strlen(kind) + 1);
	msg_end(start);
}

static void send_reply(void)
{
	fake_sys_reply(reply.data, reply.size);
	bpfl_buf_deinit(&reply);
}

static struct bpfl_tc_filter seen[8];
static unsigned nr_seen;

static void see_filter(void *ctx, const struct bpfl_tc_filter *filter)
{
	(void)ctx;
	seen[nr_seen++ % 8] = *filter;
}

static void see_qdisc(void *ctx, uint32_t ifindex, const char *kind)
{
	(void)ctx;
	seen[nr_seen % 8].ifindex = ifindex;
	snprintf(seen[nr_seen++ % 8].kind, sizeof(seen[0].kind), "%s", kind);
}

START_TEST(filters_are_listed)
{
	put_filter("bpf", 3, 0); /* the head of the priority */
	put_filter("bpf", 3, 1);
	put_filter("u32", 4, 0x80000800u);
	send_reply();
	ck_assert_int_eq(bpfl_netlink_tc_each(7, BPFL_TC_EGRESS, see_filter, NULL), 0);
	ck_assert_uint_eq(nr_seen, 2);
	ck_assert_uint_eq(seen[0].prio, 3);
	ck_assert_uint_eq(seen[0].handle, 1);
	ck_assert_uint_eq(seen[0].chain, 5);
	ck_assert_uint_eq(seen[0].prog_id, 99);
	ck_assert_str_eq(seen[0].name, "f");
	/* The same numbers mean something else in options of others. */
	ck_assert_str_eq(seen[1].kind, "u32");
	ck_assert_str_eq(seen[1].name, "");
	ck_assert_uint_eq(seen[1].prog_id, 0);
}
END_TEST

START_TEST(only_qdiscs_in_the_place_of_clsact_are_listed)
{
	put_qdisc(1, 0xffffffffu, "noqueue");
	put_qdisc(2, 0xfffffff1u, "clsact");
	put_qdisc(3, 0xfffffff1u, "ingress");
	send_reply();
	ck_assert_int_eq(bpfl_netlink_qdisc_each(see_qdisc, NULL), 0);
	ck_assert_uint_eq(nr_seen, 2);
	ck_assert_uint_eq(seen[0].ifindex, 2);
	ck_assert_str_eq(seen[1].kind, "ingress");
}
END_TEST

START_TEST(what_the_kernel_chose_comes_back)
{
	struct bpfl_tc_filter filter = { .ifindex = 7, .parent = BPFL_TC_EGRESS, .name = "mine" };
	const struct fake_call *call;

	put_filter("bpf", 49152, 1);
	send_reply();
	ck_assert_int_eq(bpfl_netlink_tc_add(&filter, 42, false, NULL), 0);
	ck_assert_uint_eq(filter.prio, 49152);
	ck_assert_uint_eq(filter.handle, 1);
	ck_assert_str_eq(filter.name, "mine");
	call = fake_sys_nth("sendto", 0);
	ck_assert_uint_eq(call->attr[4], NEWTFILTER);
	/* REQUEST, ACK, ECHO; EXCL, CREATE */
	ck_assert_uint_eq(call->attr[6] | call->attr[7] << 8, 0x60d);
	ck_assert_int_eq(bpfl_netlink_tc_add(&filter, 42, true, NULL), 0);
	ck_assert_uint_eq(fake_sys_nth("sendto", 1)->attr[7], 0x5); /* REPLACE instead of EXCL */
}
END_TEST

START_TEST(priority_zero_is_never_removed_because_it_means_all)
{
	struct bpfl_tc_filter filter = { .ifindex = 7, .parent = BPFL_TC_EGRESS };

	ck_assert_int_eq(bpfl_netlink_tc_remove(&filter), -EINVAL);
	ck_assert_uint_eq(fake_sys_count("sendto"), 0);
}
END_TEST

START_TEST(a_refusal_has_the_kernels_words)
{
	char text[BPFL_NETLINK_TEXT_SIZE];

	fake_sys_netlink_error(ENOENT, "Specified qdisc kind is unknown");
	ck_assert_int_eq(bpfl_netlink_clsact_make(7, text), -ENOENT);
	ck_assert_str_eq(text, "Specified qdisc kind is unknown");
}
END_TEST

START_TEST(a_dump_ends_with_its_own_error)
{
	size_t start = msg_begin(MSG_DONE);

	put_u32((uint32_t)-EINVAL);
	msg_end(start);
	send_reply();
	ck_assert_int_eq(bpfl_netlink_tc_each(7, BPFL_TC_EGRESS, see_filter, NULL), -EINVAL);
}
END_TEST

/*
 * Each way to cut an answer, and each byte of it changed: an error or fewer filters, and no step outside
 * (seen by a sanitizer).
 */
START_TEST(damaged_answers_do_no_harm)
{
	struct bpfl_buf whole;

	put_filter("bpf", 3, 1);
	put_filter("bpf", 3, 2);
	whole = reply;
	reply = (struct bpfl_buf)BPFL_BUF_INIT;
	for (size_t size = 0; size < whole.size; size++) {
		nr_seen = 0;
		fake_sys_reply(whole.data, size);
		ck_assert_int_le(bpfl_netlink_tc_each(7, BPFL_TC_EGRESS, see_filter, NULL), 0);
		ck_assert_uint_lt(nr_seen, 2);
	}
	for (size_t i = 0; i < whole.size * 2; i++) {
		char *byte = &whole.data[i / 2], kept = *byte;

		*byte = i % 2 ? (char)0xff : 0;
		fake_sys_reply(whole.data, whole.size);
		ck_assert_int_le(bpfl_netlink_tc_each(7, BPFL_TC_EGRESS, see_filter, NULL), 0);
		*byte = kept;
		if (i % 64 == 63)
			fake_sys_reset();
	}
	bpfl_buf_deinit(&whole);
}
END_TEST

/* ---- owners ---- */

START_TEST(this_process_is_not_gone)
{
	struct bpfl_owner self, read;
	char text[BPFL_OWNER_TEXT_SIZE];
	const char *end;

	ck_assert_int_eq(bpfl_owner_self(&self), 0);
	ck_assert_int_eq(self.pid, getpid());
	ck_assert(bpfl_owner_parse(bpfl_owner_text(&self, text, sizeof(text)), &read, &end));
	ck_assert_str_eq(end, "");
	ck_assert(read.pid_ns == self.pid_ns && read.pid == self.pid && read.start == self.start);
	ck_assert(!bpfl_owner_is_gone(&self));
}
END_TEST

START_TEST(only_what_is_certain_counts_as_gone)
{
	struct bpfl_owner self, other;

	ck_assert_int_eq(bpfl_owner_self(&self), 0);
	other = self;
	other.start++; /* the number was used again */
	ck_assert(bpfl_owner_is_gone(&other));
	other = self;
	other.pid = 0x7ffffff0; /* there is none */
	ck_assert(bpfl_owner_is_gone(&other));
	other.pid_ns++; /* nobody knows */
	ck_assert(!bpfl_owner_is_gone(&other));
	other.pid_ns--;
	fake_sys_file_error("/proc/1/stat", ENOENT); /* hidepid */
	ck_assert(!bpfl_owner_is_gone(&other));
	other = self;
	fake_sys_file_error("/proc/17/stat", EACCES);
	other.pid = 17;
	ck_assert(!bpfl_owner_is_gone(&other));
}
END_TEST

START_TEST(a_process_with_a_difficult_name_is_read)
{
	struct bpfl_owner owner = { 0, 17, 4242 };
	struct bpfl_owner self;

	fake_sys_file("/proc/17/stat", "17 (a) 1 (b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20\n");
	ck_assert_int_eq(bpfl_owner_self(&self), 0);
	owner.pid_ns = self.pid_ns;
	ck_assert(!bpfl_owner_is_gone(&owner));
	owner.start = 4243;
	ck_assert(bpfl_owner_is_gone(&owner));
	fake_sys_file("/proc/17/stat", "17 (a\n");
	ck_assert(!bpfl_owner_is_gone(&owner));
}
END_TEST

int main(void)
{
	const TTest *tc_tests[] = {
		filters_are_listed,
		only_qdiscs_in_the_place_of_clsact_are_listed,
		what_the_kernel_chose_comes_back,
		priority_zero_is_never_removed_because_it_means_all,
		a_refusal_has_the_kernels_words,
		a_dump_ends_with_its_own_error,
		damaged_answers_do_no_harm,
	};
	const TTest *owner_tests[] = {
		this_process_is_not_gone,
		only_what_is_certain_counts_as_gone,
		a_process_with_a_difficult_name_is_read,
	};
	Suite *suite = BPFL_TEST_SUITE("netlink tc", tc_tests);

	BPFL_TEST_ADD_CASE(suite, "owner", owner_tests);
	return bpfl_test_main(suite);
}
