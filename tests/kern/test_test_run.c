/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running programs for a test on the running kernel (root): a packet goes in, is changed and comes out; each
 * run counts; a context reaches the program; what the kernel refuses is explained. Programs are written as
 * instructions. Nothing is attached.
 */
#include <errno.h>
#include <stdlib.h>
#include "bpfload/test.h"
#include "feature.h"
#include "harness.h"
#include "insns.h"
#include "kerngen.h"

#define PACKET_SIZE 60
#define PASS 2

static struct kerngen gen;
static struct bpfl_error err = BPFL_ERROR_INIT;

static void load(const char *name, const char *section, const struct bpfl_insn *insns, uint32_t nr, int counter_at)
{
	uint32_t func;

	kerngen_init(&gen, 0);
	specgen_map(gen.spec, ".bss", BPFL_MAP_BSS, BPFL_MAP_TYPE_ARRAY, 4, 8, 1);
	specgen_var(gen.spec, "runs", 0, 0, 8, 0);
	func = specgen_insns(gen.spec, name, insns, nr);
	specgen_prog(gen.spec, name, section, func);
	if (counter_at >= 0)
		specgen_ref(gen.spec, func, (uint32_t)counter_at, BPFL_REF_DATA, 0, 0);
	CHECK_OK(kerngen_load(&gen), gen.err);
}

/* Counts, and makes the first byte of the packet 0x55. */
static void load_xdp(void)
{
	static const struct bpfl_insn insns[] = {
		LOAD32(2, 1, 0),     LOAD32(3, 1, 4),        MOV_REG(4, 2), ADD(4, 14),
		IF_GREATER(4, 3, 5), STORE8_IMM(2, 0, 0x55), ADDRESS(1),    MOV(2, 1),
		ATOMIC_ADD(1, 2),    MOV(0, PASS),           EXIT
	};

	load("turn", "xdp", insns, sizeof(insns) / sizeof(insns[0]), 6);
}

static uint64_t runs(void)
{
	uint64_t value;

	CHECK_OK(bpfl_object_var_get(gen.object, "runs", &value, sizeof(value), &err), err);
	return value;
}

START_TEST(a_packet_comes_out_changed_and_every_run_counts)
{
	uint8_t packet[PACKET_SIZE] = { 1, 2, 3 };
	struct bpfl_test_opts opts = { .size = sizeof(opts), .data = packet, .data_size = sizeof(packet) };
	struct bpfl_test_result result;

	load_xdp();
	CHECK_OK(bpfl_object_test(gen.object, "turn", &opts, &result, &err), err);
	ck_assert_uint_eq(result.retval, PASS);
	ck_assert_uint_eq(result.nr_runs, 1);
	ck_assert_uint_eq(result.data_size, PACKET_SIZE);
	ck_assert_uint_eq(result.data[0], 0x55);
	ck_assert_mem_eq(result.data + 1, packet + 1, PACKET_SIZE - 1);
	ck_assert_uint_eq(packet[0], 1); /* what was given stays */
	ck_assert_uint_eq(runs(), 1);
	bpfl_test_result_deinit(&result);
	opts.repeat = 1000;
	CHECK_OK(bpfl_object_test(gen.object, "turn", &opts, &result, &err), err);
	ck_assert_uint_eq(result.nr_runs, 1000);
	ck_assert_uint_eq(runs(), 1001);
	bpfl_test_result_deinit(&result);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(what_the_kernel_does_not_take_is_explained)
{
	uint8_t packet[13] = { 0 };
	struct bpfl_test_opts opts = { .size = sizeof(opts), .data = packet, .data_size = sizeof(packet) };
	struct bpfl_test_result result;

	if (bpfl_test_lacks("test_run_size"))
		return;
	load_xdp();
	CHECK_FAILS(bpfl_object_test(gen.object, "turn", &opts, &result, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "program 'turn'");
	CHECK_HAS(err.why, "given 13 bytes of data");
	CHECK_FAILS(bpfl_object_test(gen.object, "turn", NULL, &result, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "program 'turn'");
	CHECK_HAS(err.why, "given no data");
	CHECK_FAILS(bpfl_object_test(gen.object, "other", NULL, &result, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "no program 'other'");
	ck_assert_uint_eq(runs(), 0);
	bpfl_error_clear(&err);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_context_reaches_the_program)
{
	static const struct bpfl_insn insns[] = { LOAD64(0, 1, 0), EXIT };
	static const struct bpfl_insn nothing[] = { MOV(0, 0), EXIT };
	uint64_t args[1] = { 4711 };
	struct bpfl_test_opts opts = { .size = sizeof(opts), .ctx = args, .ctx_size = sizeof(args) };
	struct bpfl_test_result result;

	load("first", "raw_tp/sched_switch", insns, 2, -1);
	CHECK_OK(bpfl_object_test(gen.object, "first", &opts, &result, &err), err);
	ck_assert_uint_eq(result.retval, 4711);
	ck_assert(!result.has_data && !result.ctx);
	bpfl_test_result_deinit(&result);
	kerngen_deinit(&gen);
	/* No kernel runs programs of tracepoints by themselves. */
	load("never", "tracepoint/syscalls/sys_enter_execve", nothing, 2, -1);
	CHECK_FAILS(bpfl_object_test(gen.object, "never", NULL, &result, &err), err, BPFL_ERR_UNSUPPORTED, 524,
		    "program 'never'");
	bpfl_error_clear(&err);
	kerngen_deinit(&gen);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_packet_comes_out_changed_and_every_run_counts,
				 what_the_kernel_does_not_take_is_explained, a_context_reaches_the_program };

	return bpfl_test_main(BPFL_TEST_SUITE("kern/test_run, live", tests));
}
