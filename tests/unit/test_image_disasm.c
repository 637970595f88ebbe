/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/disasm: instructions by their numbers, and what they must read like.
 */
#include <stdlib.h>
#include "harness.h"
#include "image/disasm.h"
#include "image/helper_names.h"

/* Numbers are written out here on purpose: a wrong constant in a header must not cancel itself out. */
static const struct row {
	uint8_t code;
	unsigned dst, src;
	int16_t off;
	int32_t imm;
	const char *text;
} rows[] = {
	/* 64-bit arithmetic, constant and register */
	{ 0x07, 1, 0, 0, 5, "r1 += 5" },
	{ 0x0f, 1, 2, 0, 0, "r1 += r2" },
	{ 0x17, 1, 0, 0, -5, "r1 -= -5" },
	{ 0x27, 1, 0, 0, 4096, "r1 *= 0x1000" },
	{ 0x37, 1, 0, 0, 4095, "r1 /= 4095" },
	{ 0x3f, 1, 2, 1, 0, "r1 s/= r2" },
	{ 0x97, 1, 0, 0, 7, "r1 %= 7" },
	{ 0x97, 1, 0, 1, 7, "r1 s%= 7" },
	{ 0x47, 1, 0, 0, 1, "r1 |= 1" },
	{ 0x57, 1, 0, 0, 0x7fffffff, "r1 &= 0x7fffffff" },
	{ 0x67, 1, 0, 0, 32, "r1 <<= 32" },
	{ 0x77, 1, 0, 0, 32, "r1 >>= 32" },
	{ 0xc7, 1, 0, 0, 32, "r1 s>>= 32" },
	{ 0xaf, 1, 2, 0, 0, "r1 ^= r2" },
	{ 0x87, 3, 0, 0, 0, "r3 = -r3" },
	{ 0xb7, 0, 0, 0, -1, "r0 = -1" },
	{ 0xbf, 6, 1, 0, 0, "r6 = r1" },
	/* 32-bit arithmetic */
	{ 0x04, 1, 0, 0, 5, "w1 += 5" },
	{ 0x1c, 1, 2, 0, 0, "w1 -= w2" },
	{ 0x34, 1, 0, 1, 3, "w1 s/= 3" },
	{ 0x84, 3, 0, 0, 0, "w3 = -w3" },
	{ 0xb4, 0, 0, 0, 0, "w0 = 0" },
	{ 0xbc, 0, 9, 0, 0, "w0 = w9" },
	/* sign-extending moves, casts */
	{ 0xbf, 1, 2, 8, 0, "r1 = (s8)r2" },
	{ 0xbf, 1, 2, 16, 0, "r1 = (s16)r2" },
	{ 0xbf, 1, 2, 32, 0, "r1 = (s32)r2" },
	{ 0xbc, 1, 2, 16, 0, "w1 = (s16)w2" },
	{ 0xbf, 1, 2, 1, 0x10000, "r1 = addr_space_cast(r2, 1, 0)" },
	{ 0xbf, 1, 2, -1, 0, "r1 = &(void __percpu *)(r2)" },
	/* byte order */
	{ 0xd4, 1, 0, 0, 16, "r1 = le16 r1" },
	{ 0xdc, 1, 0, 0, 32, "r1 = be32 r1" },
	{ 0xdc, 1, 0, 0, 64, "r1 = be64 r1" },
	{ 0xd7, 1, 0, 0, 32, "r1 = bswap32 r1" },
	/* jumps; the row is instruction 10 */
	{ 0x05, 0, 0, 5, 0, "goto pc+5 <16>" },
	{ 0x05, 0, 0, -3, 0, "goto pc-3 <8>" },
	{ 0x06, 0, 0, 0, 100000, "gotol pc+100000 <100011>" },
	{ 0xe5, 0, 0, 2, 0, "may_goto pc+2 <13>" },
	{ 0x15, 1, 0, 2, 0, "if r1 == 0 goto pc+2 <13>" },
	{ 0x1d, 1, 2, 2, 0, "if r1 == r2 goto pc+2 <13>" },
	{ 0x25, 1, 0, 1, 9, "if r1 > 9 goto pc+1 <12>" },
	{ 0x35, 1, 0, 1, 9, "if r1 >= 9 goto pc+1 <12>" },
	{ 0x45, 1, 0, 1, 8, "if r1 & 8 goto pc+1 <12>" },
	{ 0x55, 1, 0, 1, 8, "if r1 != 8 goto pc+1 <12>" },
	{ 0x65, 1, 0, 1, -8, "if r1 s> -8 goto pc+1 <12>" },
	{ 0x75, 1, 0, 1, 8, "if r1 s>= 8 goto pc+1 <12>" },
	{ 0xa5, 1, 0, 1, 8, "if r1 < 8 goto pc+1 <12>" },
	{ 0xb5, 1, 0, 1, 8, "if r1 <= 8 goto pc+1 <12>" },
	{ 0xcd, 1, 2, 1, 0, "if r1 s< r2 goto pc+1 <12>" },
	{ 0xd5, 1, 0, 1, 8, "if r1 s<= 8 goto pc+1 <12>" },
	{ 0x16, 1, 0, 1, 8, "if w1 == 8 goto pc+1 <12>" },
	{ 0xae, 1, 2, 1, 0, "if w1 < w2 goto pc+1 <12>" },
	{ 0x0d, 4, 0, 0, 0, "gotox r4" },
	{ 0x95, 0, 0, 0, 0, "exit" },
	/* calls */
	{ 0x85, 0, 0, 0, 1, "call bpf_map_lookup_elem#1" },
	{ 0x85, 0, 0, 0, 211, "call bpf_cgrp_storage_delete#211" },
	{ 0x85, 0, 0, 0, 212, "call unknown#212" },
	{ 0x85, 0, 0, 0, 195896080, "call unknown#195896080" },
	{ 0x85, 0, 1, 0, 5, "call pc+5 <16>" },
	{ 0x85, 0, 2, 0, 1234, "call kernel-function#1234" },
	{ 0x8d, 3, 0, 0, 0, "callx r3" },
	/* loads and stores */
	{ 0x71, 1, 2, 3, 0, "r1 = *(u8 *)(r2 + 3)" },
	{ 0x69, 1, 2, -3, 0, "r1 = *(u16 *)(r2 - 3)" },
	{ 0x61, 1, 2, 0, 0, "r1 = *(u32 *)(r2 + 0)" },
	{ 0x79, 1, 10, -8, 0, "r1 = *(u64 *)(r10 - 8)" },
	{ 0x79, 1, 2, -32768, 0, "r1 = *(u64 *)(r2 - 32768)" },
	{ 0x91, 1, 2, 3, 0, "r1 = *(s8 *)(r2 + 3)" },
	{ 0x89, 1, 2, 3, 0, "r1 = *(s16 *)(r2 + 3)" },
	{ 0x81, 1, 2, 3, 0, "r1 = *(s32 *)(r2 + 3)" },
	{ 0x72, 10, 0, -1, 65, "*(u8 *)(r10 - 1) = 65" },
	{ 0x62, 10, 0, -4, -1, "*(u32 *)(r10 - 4) = -1" },
	{ 0x7a, 10, 0, -8, 0, "*(u64 *)(r10 - 8) = 0" },
	{ 0x73, 10, 1, -1, 0, "*(u8 *)(r10 - 1) = r1" },
	{ 0x7b, 10, 1, -8, 0, "*(u64 *)(r10 - 8) = r1" },
	{ 0x20, 0, 0, 0, 12, "r0 = *(u32 *)skb[12]" },
	{ 0x48, 0, 6, 0, 2, "r0 = *(u16 *)skb[r6 + 2]" },
	/* atomics */
	{ 0xdb, 1, 2, 8, 0x00, "lock *(u64 *)(r1 + 8) += r2" },
	{ 0xc3, 1, 2, -8, 0x00, "lock *(u32 *)(r1 - 8) += w2" },
	{ 0xdb, 1, 2, 0, 0x40, "lock *(u64 *)(r1 + 0) |= r2" },
	{ 0xdb, 1, 2, 0, 0x50, "lock *(u64 *)(r1 + 0) &= r2" },
	{ 0xdb, 1, 2, 0, 0xa0, "lock *(u64 *)(r1 + 0) ^= r2" },
	{ 0xdb, 1, 2, 0, 0x01, "r2 = atomic64_fetch_add((u64 *)(r1 + 0), r2)" },
	{ 0xc3, 1, 2, 4, 0x41, "w2 = atomic_fetch_or((u32 *)(r1 + 4), w2)" },
	{ 0xdb, 1, 2, 0, 0x51, "r2 = atomic64_fetch_and((u64 *)(r1 + 0), r2)" },
	{ 0xdb, 1, 2, 0, 0xa1, "r2 = atomic64_fetch_xor((u64 *)(r1 + 0), r2)" },
	{ 0xdb, 1, 2, 0, 0xe1, "r2 = atomic64_xchg((u64 *)(r1 + 0), r2)" },
	{ 0xc3, 1, 2, 0, 0xf1, "w0 = atomic_cmpxchg((u32 *)(r1 + 0), w0, w2)" },
	{ 0xdb, 1, 2, 0, 0xf1, "r0 = atomic64_cmpxchg((u64 *)(r1 + 0), r0, r2)" },
	{ 0xdb, 1, 2, 8, 0x100, "r1 = load_acquire((u64 *)(r2 + 8))" },
	{ 0xd3, 1, 2, -8, 0x110, "store_release((u8 *)(r1 - 8), w2)" },
	/* nothing that exists */
	{ 0xdb, 1, 2, 0, 0x33, "(unknown: code 0xdb dst 1 src 2 off 0 imm 0x33)" },
	{ 0xef, 1, 2, 3, 4, "(unknown: code 0xef dst 1 src 2 off 3 imm 0x4)" },
	{ 0x07, 1, 0, 9, 5, "(unknown: code 0x07 dst 1 src 0 off 9 imm 0x5)" },
	{ 0x99, 1, 2, 3, 0, "(unknown: code 0x99 dst 1 src 2 off 3 imm 0x0)" },
	{ 0x00, 0, 0, 0, 0, "(unknown: code 0x00 dst 0 src 0 off 0 imm 0x0)" },
	{ 0x96, 0, 0, 0, 0, "(unknown: code 0x96 dst 0 src 0 off 0 imm 0x0)" },
};

static const char *disasm(struct bpfl_buf *out, const struct bpfl_insn *insns, uint32_t nr, uint32_t idx,
			  const char *symbol, uint32_t wanted_slots)
{
	bpfl_buf_deinit(out);
	ck_assert_uint_eq(bpfl_disasm(insns, nr, idx, symbol, out), wanted_slots);
	ck_assert(bpfl_buf_ok(out));
	return out->data;
}

START_TEST(one_instruction)
{
	const struct row *row = &rows[_i];
	struct bpfl_insn insns[11] = { { 0 } };
	struct bpfl_buf out = BPFL_BUF_INIT;

	insns[10] = bpfl_insn_make(row->code, row->dst, row->src, row->off, row->imm);
	ck_assert_str_eq(disasm(&out, insns, 11, 10, NULL, 1), row->text);
	bpfl_buf_deinit(&out);
}
END_TEST

START_TEST(wide_loads_take_two_slots)
{
	static const struct { unsigned src; int32_t low, high; const char *text; } wide[] = {
		{ 0, -1, 0x12345678, "r3 = 0x12345678ffffffff ll" },
		{ 1, 7, 0, "r3 = map[fd 7]" },
		{ 2, 7, 16, "r3 = map[fd 7][0]+16" },
		{ 3, 99, 0, "r3 = kernel variable, BTF id 99" },
		{ 4, 8, 0, "r3 = function at pc+8" },
		{ 5, 2, 0, "r3 = map[idx 2]" },
		{ 6, 2, 4, "r3 = map[idx 2][0]+4" },
	};
	struct bpfl_buf out = BPFL_BUF_INIT;

	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		const struct bpfl_insn insns[2] = {
			bpfl_insn_make(0x18, 3, wide[i].src, 0, wide[i].low), bpfl_insn_make(0, 0, 0, 0, wide[i].high)
		};

		ck_assert_str_eq(disasm(&out, insns, 2, 0, NULL, 2), wide[i].text);
		ck_assert_str_eq(disasm(&out, insns, 2, 0, "map 'm'", 2), "r3 = map 'm'");
		/* The second half is missing: nothing is read behind the end. */
		CHECK_HAS(disasm(&out, insns, 1, 0, NULL, 1), "(unknown: code 0x18");
	}
	bpfl_buf_deinit(&out);
}
END_TEST

START_TEST(symbols_stand_where_numbers_would)
{
	const struct bpfl_insn call = bpfl_insn_make(0x85, 0, 1, 0, 5);
	const struct bpfl_insn kfunc = bpfl_insn_make(0x85, 0, 2, 0, 1234);
	struct bpfl_buf out = BPFL_BUF_INIT;

	ck_assert_str_eq(disasm(&out, &call, 1, 0, "helper_fn", 1), "call pc+5 <6> helper_fn");
	ck_assert_str_eq(disasm(&out, &kfunc, 1, 0, "bpf_cpumask_create", 1), "call bpf_cpumask_create#1234");
	bpfl_buf_deinit(&out);
}
END_TEST

START_TEST(helpers_have_names)
{
	ck_assert_ptr_null(bpfl_helper_name(0));
	ck_assert_str_eq(bpfl_helper_name(6), "trace_printk");
	ck_assert_str_eq(bpfl_helper_name(130), "ringbuf_output");
	ck_assert_ptr_null(bpfl_helper_name(212));
	ck_assert_ptr_null(bpfl_helper_name(UINT32_MAX));
	for (uint32_t i = 1; i <= 211; i++)
		ck_assert_ptr_nonnull(bpfl_helper_name(i));
}
END_TEST

/* No eight bytes may do harm, and each gives some text. */
START_TEST(any_bytes_give_text)
{
	uint32_t state = 12345;
	struct bpfl_buf out = BPFL_BUF_INIT;

	for (unsigned code = 0; code < 256 * 40; code++) {
		struct bpfl_insn insns[2];
		uint8_t *bytes = (uint8_t *)insns;

		for (size_t i = 0; i < sizeof(insns); i++) {
			state = state * 1103515245u + 12345u;
			bytes[i] = (uint8_t)(state >> 16);
		}
		insns[0].code = (uint8_t)code;
		bpfl_buf_deinit(&out);
		bpfl_disasm(insns, 2, 0, NULL, &out);
		ck_assert(bpfl_buf_ok(&out) && out.size > 0);
	}
	bpfl_buf_deinit(&out);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { wide_loads_take_two_slots, symbols_stand_where_numbers_would, helpers_have_names,
				 any_bytes_give_text };
	Suite *suite = BPFL_TEST_SUITE("image/disasm", tests);
	TCase *table = tcase_create("table");

	tcase_add_loop_test(table, one_instruction, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	suite_add_tcase(suite, table);
	return bpfl_test_main(suite);
}
