/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/refs and image/lineinfo: what an instruction stream carries along.
 */
#include <errno.h>
#include <stdlib.h>
#include "btfgen.h"
#include "harness.h"
#include "image/image.h"
#include "specgen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_target *target;
static char log_text[1024];

static void log_take(void *ctx, enum bpfl_log_level level, const char *text)
{
	(void)ctx;
	ck_assert_int_eq(level, BPFL_LOG_WARN);
	strncat(log_text, text, sizeof(log_text) - strlen(log_text) - 1);
}

static const struct bpfl_log listener = { log_take, NULL };

static int build_into(const struct bpfl_spec *spec, struct bpfl_image **ret_image)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts) };

	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	return bpfl_image_build(spec, target, &listener, ret_image, &err);
}

static struct bpfl_image *build(const struct bpfl_spec *spec)
{
	struct bpfl_image *image = NULL;

	CHECK_OK(build_into(spec, &image), err);
	return image;
}

static void done(struct bpfl_image *image, struct bpfl_spec *spec)
{
	bpfl_image_destroy(image);
	bpfl_spec_destroy(spec);
	bpfl_target_destroy(target);
	bpfl_error_clear(&err);
}

static void check_fixup(const struct bpfl_image_prog *prog, size_t i, uint32_t insn_idx, enum bpfl_fixup_kind kind,
			uint32_t idx)
{
	ck_assert_uint_lt(i, prog->fixups.nr);
	ck_assert_uint_eq(prog->fixups.items[i].insn_idx, insn_idx);
	ck_assert_int_eq(prog->fixups.items[i].kind, kind);
	ck_assert_uint_eq(prog->fixups.items[i].idx, idx);
}

/* ---- maps ---- */

START_TEST(maps_and_data_become_fixups)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t main_fn = specgen_func(spec, "main", 4);
	uint32_t sub = specgen_func(spec, "sub", 6);

	specgen_map(spec, "m", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 1);
	specgen_map(spec, ".bss", BPFL_MAP_BSS, 0, 0, 64, 0);
	specgen_ref(spec, main_fn, 0, BPFL_REF_MAP, 0, 0);
	specgen_ref(spec, main_fn, 2, BPFL_REF_CALL, sub, 0);
	specgen_ref(spec, sub, 1, BPFL_REF_DATA, 1, 40);
	specgen_ref(spec, sub, 3, BPFL_REF_MAP, 0, 0);
	specgen_prog(spec, "main", "xdp", main_fn);
	struct bpfl_image *image = build(spec);
	const struct bpfl_image_prog *prog = &image->progs[0];

	ck_assert_uint_eq(prog->fixups.nr, 3);
	check_fixup(prog, 0, 0, BPFL_FIXUP_MAP_FD, 0);
	check_fixup(prog, 1, 5, BPFL_FIXUP_MAP_VALUE, 1);
	check_fixup(prog, 2, 7, BPFL_FIXUP_MAP_FD, 0);

	ck_assert_uint_eq(bpfl_insn_src(&prog->insns[0]), BPFL_PSEUDO_MAP_FD);
	ck_assert_uint_eq(bpfl_insn_dst(&prog->insns[0]), 1);
	ck_assert_int_eq(prog->insns[0].imm, 0);
	ck_assert_int_eq(prog->insns[1].imm, 0); /* the addend of a map means nothing */
	ck_assert_uint_eq(bpfl_insn_src(&prog->insns[5]), BPFL_PSEUDO_MAP_VALUE);
	ck_assert_int_eq(prog->insns[5].imm, 0);
	ck_assert_int_eq(prog->insns[6].imm, 40);
	done(image, spec);
}
END_TEST

START_TEST(a_map_reference_must_be_a_whole_load)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t main_fn = specgen_func(spec, "main", 3);
	struct bpfl_image *image = NULL;

	specgen_map(spec, "m", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 1);
	specgen_ref(spec, main_fn, 1, BPFL_REF_MAP, 0, 0);
	specgen_prog(spec, "main", "xdp", main_fn);
	spec->funcs.items[main_fn].insts[1].insn.code = BPFL_CODE_MOV64_K;
	CHECK_FAILS(build_into(spec, &image), err, BPFL_ERR_OBJECT, EINVAL,
		    "program 'main': instruction 1 refers to map 'm' but is no 64-bit load (opcode 0xb7)");
	bpfl_target_destroy(target);

	spec->funcs.items[main_fn].insts[1].insn.code = BPFL_CODE_LD_IMM64;
	spec->funcs.items[main_fn].nr_insts = 2;
	CHECK_FAILS(build_into(spec, &image), err, BPFL_ERR_OBJECT, EINVAL, "instruction 1 refers to map 'm'");
	done(NULL, spec);
}
END_TEST

START_TEST(a_jump_table_is_made_for_each_program)
{
	static const uint32_t places[] = { 5, 3 };
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t one = specgen_func(spec, "one", 4), two = specgen_func(spec, "two", 8), sub = specgen_func(spec, "sub", 6);

	specgen_map(spec, "m", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 1);
	specgen_jump_table(spec, "unused", one, places, 1);
	specgen_jump_table(spec, "table", sub, places, 2);
	specgen_ref(spec, one, 0, BPFL_REF_MAP, 0, 0);
	specgen_ref(spec, one, 2, BPFL_REF_CALL, sub, 0);
	specgen_ref(spec, two, 2, BPFL_REF_CALL, sub, 0);
	specgen_ref(spec, sub, 0, BPFL_REF_JUMP_TABLE, 1, 0);
	specgen_ref(spec, sub, 3, BPFL_REF_JUMP_TABLE, 1, 0);
	specgen_prog(spec, "one", "xdp", one);
	specgen_prog(spec, "two", "xdp", two);
	struct bpfl_image *image = build(spec);
	static const uint32_t starts[] = { 4, 8 };

	for (size_t i = 0; i < 2; i++) {
		const struct bpfl_image_prog *prog = &image->progs[i];

		ck_assert_uint_eq(prog->jump_tables.nr, 1);
		ck_assert_uint_eq(prog->jump_tables.items[0].table_idx, 1);
		ck_assert_uint_eq(prog->jump_tables.items[0].insn_idx, starts[i]);
		check_fixup(prog, 1 - i, starts[i], BPFL_FIXUP_JUMP_TABLE, 0);
		check_fixup(prog, 2 - i, starts[i] + 3, BPFL_FIXUP_JUMP_TABLE, 0);
		ck_assert_uint_eq(bpfl_insn_src(&prog->insns[starts[i]]), BPFL_PSEUDO_MAP_VALUE);
		ck_assert_int_eq(prog->insns[starts[i] + 1].imm, 0);
	}
	done(image, spec);
}
END_TEST

/* ---- functions and lines ---- */

/* A program "main" of five instructions (the first two a 64-bit load) that calls "sub" of three. */
static struct bpfl_spec *spec_with_lines(uint32_t main_btf_id, uint32_t sub_btf_id)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t int_id = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	uint32_t proto = btfgen_func_proto(&gen, int_id);
	btfgen_func(&gen, "main", proto, BPFL_LINKAGE_GLOBAL);
	btfgen_func(&gen, "sub", proto, BPFL_LINKAGE_STATIC);
	spec->btf = btfgen_read(&gen);
	btfgen_deinit(&gen);
	ck_assert_ptr_nonnull(spec->btf);

	uint32_t main_fn = specgen_func(spec, "main", 5);
	uint32_t sub = specgen_func(spec, "sub", 3);
	spec->funcs.items[main_fn].btf_func_id = main_btf_id;
	spec->funcs.items[sub].btf_func_id = sub_btf_id;
	specgen_map(spec, "m", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 1);
	specgen_ref(spec, main_fn, 0, BPFL_REF_MAP, 0, 0);
	specgen_ref(spec, main_fn, 3, BPFL_REF_CALL, sub, 0);
	specgen_prog(spec, "main", "xdp", main_fn);
	return spec;
}

static void check_line(const struct bpfl_image_prog *prog, size_t i, uint32_t insn_off, uint32_t line)
{
	ck_assert_uint_lt(i, prog->line_info.nr);
	ck_assert_uint_eq(prog->line_info.items[i].insn_off, insn_off);
	ck_assert_uint_eq(prog->line_info.items[i].line_col >> 10, line);
}

START_TEST(each_function_has_its_record)
{
	struct bpfl_spec *spec = spec_with_lines(3, 4);
	struct bpfl_image *image = build(spec);
	const struct bpfl_image_prog *prog = &image->progs[0];

	ck_assert_uint_eq(prog->func_info.nr, 2);
	ck_assert_uint_eq(prog->func_info.items[0].insn_off, 0);
	ck_assert_uint_eq(prog->func_info.items[0].type_id, 3);
	ck_assert_uint_eq(prog->func_info.items[1].insn_off, 5);
	ck_assert_uint_eq(prog->func_info.items[1].type_id, 4);
	ck_assert_uint_eq(prog->line_info.nr, 0);
	ck_assert(image->btf_needed);
	ck_assert_str_eq(log_text, "");
	done(image, spec);
}
END_TEST

START_TEST(without_a_record_of_the_main_function_there_is_no_table)
{
	struct bpfl_spec *spec = spec_with_lines(0, 4);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(image->progs[0].func_info.nr, 0);
	ck_assert_str_eq(log_text, "");
	ck_assert(!image->btf_needed);
	done(image, spec);
}
END_TEST

START_TEST(a_subprogram_without_a_record_costs_the_table_and_a_warning)
{
	struct bpfl_spec *spec = spec_with_lines(3, 0);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(image->progs[0].func_info.nr, 0);
	CHECK_HAS(log_text, "program 'main': function 'sub' has no func_info record");
	done(image, spec);
}
END_TEST

START_TEST(lines_count_from_the_start_of_the_program)
{
	struct bpfl_spec *spec = spec_with_lines(3, 4);

	specgen_line(spec, 0, 0, 0, 0, 10);
	specgen_line(spec, 0, 3, 0, 0, 12);
	specgen_line(spec, 1, 0, 0, 0, 20);
	specgen_line(spec, 1, 2, 0, 0, 22);
	struct bpfl_image *image = build(spec);
	const struct bpfl_image_prog *prog = &image->progs[0];

	ck_assert_uint_eq(prog->line_info.nr, 4);
	check_line(prog, 0, 0, 10);
	check_line(prog, 1, 3, 12);
	check_line(prog, 2, 5, 20);
	check_line(prog, 3, 7, 22);
	done(image, spec);
}
END_TEST

START_TEST(a_function_whose_lines_begin_late_begins_with_its_first)
{
	struct bpfl_spec *spec = spec_with_lines(3, 4);

	specgen_line(spec, 0, 2, 0, 0, 10);
	specgen_line(spec, 1, 1, 0, 0, 20);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(image->progs[0].line_info.nr, 2);
	check_line(&image->progs[0], 0, 0, 10);
	check_line(&image->progs[0], 1, 5, 20);
	done(image, spec);
}
END_TEST

START_TEST(no_line_begins_inside_a_64_bit_load)
{
	struct bpfl_spec *spec = spec_with_lines(3, 4);

	specgen_line(spec, 0, 0, 0, 0, 10);
	specgen_line(spec, 0, 1, 0, 0, 11);
	specgen_line(spec, 1, 0, 0, 0, 20);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(image->progs[0].line_info.nr, 2);
	check_line(&image->progs[0], 1, 5, 20);
	done(image, spec);
}
END_TEST

START_TEST(a_subprogram_without_lines_costs_the_table_and_a_warning)
{
	struct bpfl_spec *spec = spec_with_lines(3, 4);

	specgen_line(spec, 0, 0, 0, 0, 10);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(image->progs[0].line_info.nr, 0);
	ck_assert_uint_eq(image->progs[0].func_info.nr, 2);
	CHECK_HAS(log_text, "function 'sub' has no source lines");
	done(image, spec);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		maps_and_data_become_fixups,
		a_map_reference_must_be_a_whole_load,
		a_jump_table_is_made_for_each_program,
		each_function_has_its_record,
		without_a_record_of_the_main_function_there_is_no_table,
		a_subprogram_without_a_record_costs_the_table_and_a_warning,
		lines_count_from_the_start_of_the_program,
		a_function_whose_lines_begin_late_begins_with_its_first,
		no_line_begins_inside_a_64_bit_load,
		a_subprogram_without_lines_costs_the_table_and_a_warning,
	};
	return bpfl_test_main(BPFL_TEST_SUITE("image/refs", tests));
}
