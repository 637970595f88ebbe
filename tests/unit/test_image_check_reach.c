/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/check_reach: which instructions the verifier comes to, where that depends on numbers: each condition and
 * each operation with operands that tell signed from unsigned and 32 from 64 bits. What comes out was worked out
 * by hand, from the kernel's Documentation/bpf/standardization.
 */
#include "harness.h"

#include <stdlib.h>
#include "image/check.h"
#include "insns.h"
#include "specgen.h"

#define NR(table) (sizeof(table) / sizeof((table)[0]))
#define NR_INSNS 12
#define FIRST_FREE 4 /* r1 and r2 are set */

static struct bpfl_error err = BPFL_ERROR_INIT;
static bool reached[NR_INSNS];

/* r1 = a; r2 = b; the given instructions; r0 = 0 for the rest; exit. Which are reached? */
static void run(uint64_t a, uint64_t b, const struct bpfl_insn *insns, size_t nr)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts), .kernel_version = 0x060c00, .page_size = 4096 };
	const struct bpfl_insn begin[] = { IMM64(1, a), IMM64(2, b) };
	struct bpfl_target *target = NULL;
	struct bpfl_image *image = NULL;
	struct bpfl_checking checking = { 0 };
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t func = specgen_func(spec, "main_fn", NR_INSNS);
	struct bpfl_inst *insts = spec->funcs.items[func].insts;

	for (size_t i = 0; i < NR(begin); i++)
		insts[i].insn = begin[i];
	for (size_t i = 0; i < nr; i++)
		insts[FIRST_FREE + i].insn = insns[i];
	specgen_prog(spec, "main_fn", "socket", func);
	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	checking.spec = spec;
	checking.target = target;
	checking.image = image;
	ck_assert_uint_eq(image->progs[0].nr_insts, NR_INSNS);
	memset(reached, 0, sizeof(reached));
	ck_assert_int_eq(bpfl_check_reach(&checking, &image->progs[0], reached), 0);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
}

START_TEST(conditions_of_numbers_are_decided)
{
	static const struct { int64_t a, b; } pairs[] = { { 1, 2 }, { 2, 2 }, { 2, 1 }, { -1, 1 }, { 1, -1 } };
	static const struct {
		uint8_t op;
		const char *name, *taken; /* for each pair: + or - */
	} rows[] = {
		{ 0x10, "==", "-+---" },   { 0x50, "!=", "+-+++" },   { 0x20, ">", "--++-" },	 { 0x30, ">=", "-+++-" },
		{ 0xa0, "<", "+---+" },	   { 0xb0, "<=", "++--+" },   { 0x40, "&", "-+-++" },	 { 0x60, "s>", "--+-+" },
		{ 0x70, "s>=", "-++-+" },  { 0xc0, "s<", "+--+-" },   { 0xd0, "s<=", "++-+-" },
	};
	static const uint8_t classes[] = { 0x05, 0x06 }; /* of 64 and of 32 bits */

	for (size_t i = 0; i < 4 * NR(rows) * NR(pairs); i++) {
		size_t row = i / 4 / NR(pairs), pair = i / 4 % NR(pairs);
		bool by_register = i % 2, taken = rows[row].taken[pair] == '+';
		uint8_t class = classes[i / 2 % 2];
		int64_t a = pairs[pair].a, b = pairs[pair].b;
		/* if r1 OP r2 goto +1; (not taken); (both) */
		struct bpfl_insn insn = INSN((uint8_t)(rows[row].op | class | (by_register ? 0x08 : 0)), 1,
					     by_register ? 2 : 0, 1, by_register ? 0 : (int32_t)b);

		if (class == 0x06) /* what is above must not count */
			a = (a & 0xffffffff) | 5ll << 32;
		run((uint64_t)a, (uint64_t)b, &insn, 1);
		ck_assert_msg(reached[FIRST_FREE + 1] == !taken && reached[FIRST_FREE + 2], "%lld %s %lld, %d bits, by %s",
			      (long long)pairs[pair].a, rows[row].name, (long long)b, class == 0x05 ? 64 : 32,
			      by_register ? "register" : "number");
	}
}
END_TEST

START_TEST(what_operations_give_is_known)
{
	static const struct {
		uint8_t op;
		uint64_t wide; /* of -8 and 3 */
		uint32_t narrow;
	} rows[] = {
		{ 0x00, (uint64_t)-5, 0xfffffffb },	      /* + */
		{ 0x10, (uint64_t)-11, 0xfffffff5 },	      /* - */
		{ 0x20, (uint64_t)-24, 0xffffffe8 },	      /* * */
		{ 0x30, 0x5555555555555552ull, 0x55555552 },  /* / without a sign */
		{ 0x40, (uint64_t)-5, 0xfffffffb },	      /* | */
		{ 0x50, 0, 0 },				      /* & */
		{ 0x60, (uint64_t)-64, 0xffffffc0 },	      /* << */
		{ 0x70, 0x1fffffffffffffffull, 0x1fffffff },  /* >> */
		{ 0x90, 2, 2 },				      /* % without a sign */
		{ 0xa0, (uint64_t)-5, 0xfffffffb },	      /* ^ */
		{ 0xb0, 3, 3 },				      /* = */
		{ 0xc0, (uint64_t)-1, 0xffffffff },	      /* >> with the sign */
	};

	for (size_t i = 0; i < 4 * NR(rows); i++) {
		bool is_wide = i % 2, by_register = i / 2 % 2;
		uint8_t op = rows[i / 4].op;
		uint64_t want = is_wide ? rows[i / 4].wide : rows[i / 4].narrow;
		/* r1 = r1 OP r2; r3 = what is wanted; if r1 == r3 goto +1; (not taken) */
		const struct bpfl_insn insns[] = {
			INSN((uint8_t)(op | (is_wide ? 0x07 : 0x04) | (by_register ? 0x08 : 0)), 1, by_register ? 2 : 0, 0,
			     by_register ? 0 : 3),
			IMM64(3, want),
			INSN(0x1d, 1, 3, 1, 0),
		};

		run((uint64_t)-8, 3, insns, NR(insns));
		ck_assert_msg(!reached[FIRST_FREE + 4] && reached[FIRST_FREE + 5], "operation 0x%02x of %d bits, by %s", op,
			      is_wide ? 64 : 32, by_register ? "register" : "number");
	}
}
END_TEST

/* By zero gives 0, the rest is then what was there. */
START_TEST(a_division_by_zero_has_a_result)
{
	static const struct { uint8_t code; uint64_t want; } rows[] = { { 0x3f, 0 }, { 0x9f, 7 } };

	for (size_t i = 0; i < NR(rows); i++) {
		const struct bpfl_insn insns[] = { INSN(rows[i].code, 1, 2, 0, 0), IMM64(3, rows[i].want),
						   INSN(0x1d, 1, 3, 1, 0) };

		run(7, 0, insns, NR(insns));
		ck_assert(!reached[FIRST_FREE + 4] && reached[FIRST_FREE + 5]);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = { conditions_of_numbers_are_decided, what_operations_give_is_known,
				 a_division_by_zero_has_a_result };

	return bpfl_test_main(BPFL_TEST_SUITE("check reach", tests));
}
