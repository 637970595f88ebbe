/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/subprog: which functions a program gets, in which order, and where its calls lead.
 */
#include <errno.h>
#include <stdlib.h>
#include "btfgen.h"
#include "harness.h"
#include "image/image.h"
#include "specgen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_target *target;

static void setup(void)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts), .nr_possible_cpus = 2, .page_size = 4096 };

	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
}

static struct bpfl_image *build(const struct bpfl_spec *spec)
{
	struct bpfl_image *image = NULL;

	setup();
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	return image;
}

static void build_fails(const struct bpfl_spec *spec, enum bpfl_error_kind kind, int errnum, const char *text)
{
	struct bpfl_image *image = NULL;

	setup();
	CHECK_FAILS(bpfl_image_build(spec, target, NULL, &image, &err), err, kind, errnum, text);
	ck_assert_ptr_null(image);
}

static void done(struct bpfl_image *image, struct bpfl_spec *spec)
{
	bpfl_image_destroy(image);
	bpfl_spec_destroy(spec);
	bpfl_target_destroy(target);
	bpfl_error_clear(&err);
}

/* The names of a program's functions in their order. */
static const char *order(const struct bpfl_image *image, size_t prog)
{
	static char text[256];

	text[0] = '\0';
	for (size_t i = 0; i < image->progs[prog].subprogs.nr; i++) {
		const struct bpfl_subprog *subprog = &image->progs[prog].subprogs.items[i];

		strcat(text, i ? " " : "");
		strcat(text, image->spec->funcs.items[subprog->func_idx].name);
	}
	return text;
}

/* The instruction to which the call (or address load) at insn_idx leads. */
static int64_t leads_to(const struct bpfl_image *image, size_t prog, uint32_t insn_idx)
{
	return (int64_t)insn_idx + 1 + image->progs[prog].insns[insn_idx].imm;
}

START_TEST(a_program_without_calls_is_copied)
{
	struct bpfl_spec *spec = specgen_new("obj");
	specgen_prog(spec, "pass", "xdp", specgen_func(spec, "pass", 3));
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(image->nr_progs, 1);
	ck_assert_uint_eq(image->progs[0].nr_insns, 3);
	ck_assert_int_eq(image->progs[0].insns[1].imm, 1);
	ck_assert_int_eq(image->progs[0].insns[2].code, BPFL_CODE_EXIT);
	ck_assert_str_eq(image->progs[0].kernel_name, "pass");
	done(image, spec);
}
END_TEST

START_TEST(callees_follow_depth_first_and_once)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t main_fn = specgen_func(spec, "main", 6);
	uint32_t b = specgen_func(spec, "b", 3);
	uint32_t c = specgen_func(spec, "c", 2);
	uint32_t a = specgen_func(spec, "a", 4);

	specgen_ref(spec, main_fn, 1, BPFL_REF_CALL, a, 0);
	specgen_ref(spec, main_fn, 2, BPFL_REF_CALL, b, 0);
	specgen_ref(spec, main_fn, 3, BPFL_REF_CALL, a, 0);
	specgen_ref(spec, a, 0, BPFL_REF_CALL, c, 0);
	specgen_ref(spec, b, 1, BPFL_REF_CALL, c, 0);
	specgen_prog(spec, "main", "xdp", main_fn);
	struct bpfl_image *image = build(spec);

	ck_assert_str_eq(order(image, 0), "main a c b");
	ck_assert_uint_eq(image->progs[0].nr_insns, 6 + 4 + 2 + 3);
	ck_assert_int_eq(leads_to(image, 0, 1), 6);
	ck_assert_int_eq(leads_to(image, 0, 2), 12);
	ck_assert_int_eq(leads_to(image, 0, 3), 6);
	ck_assert_int_eq(leads_to(image, 0, 6), 10);  /* a calls c */
	ck_assert_int_eq(leads_to(image, 0, 13), 10); /* b calls c, backwards */
	ck_assert_uint_eq(bpfl_insn_src(&image->progs[0].insns[1]), BPFL_PSEUDO_CALL);
	done(image, spec);
}
END_TEST

START_TEST(a_shared_callee_is_copied_into_each_program)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t one = specgen_func(spec, "one", 3);
	uint32_t two = specgen_func(spec, "two", 9);
	uint32_t shared = specgen_func(spec, "shared", 2);

	specgen_ref(spec, one, 0, BPFL_REF_CALL, shared, 0);
	specgen_ref(spec, two, 4, BPFL_REF_CALL, shared, 0);
	specgen_prog(spec, "one", "xdp", one);
	specgen_prog(spec, "two", "tc", two);
	struct bpfl_image *image = build(spec);

	ck_assert_str_eq(order(image, 0), "one shared");
	ck_assert_str_eq(order(image, 1), "two shared");
	ck_assert_int_eq(leads_to(image, 0, 0), 3);
	ck_assert_int_eq(leads_to(image, 1, 4), 9);
	/* The spec is as it was. */
	ck_assert_int_eq(spec->funcs.items[one].insts[0].insn.imm, -1);
	done(image, spec);
}
END_TEST

START_TEST(a_callback_address_is_relative)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t main_fn = specgen_func(spec, "main", 5);
	uint32_t callback = specgen_func(spec, "callback", 2);

	specgen_ref(spec, main_fn, 1, BPFL_REF_FUNC_ADDR, callback, 0);
	specgen_ref(spec, main_fn, 3, BPFL_REF_CALL, callback, 0);
	specgen_prog(spec, "main", "xdp", main_fn);
	struct bpfl_image *image = build(spec);
	const struct bpfl_insn *load = &image->progs[0].insns[1];

	ck_assert_uint_eq(bpfl_insn_src(load), BPFL_PSEUDO_FUNC);
	ck_assert_uint_eq(bpfl_insn_dst(load), 1);
	ck_assert_int_eq(leads_to(image, 0, 1), 5);
	ck_assert_int_eq(load[1].imm, 0);
	ck_assert_int_eq(leads_to(image, 0, 3), 5);
	ck_assert_str_eq(order(image, 0), "main callback");
	done(image, spec);
}
END_TEST

START_TEST(recursion_ends)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t main_fn = specgen_func(spec, "main", 3);
	uint32_t ping = specgen_func(spec, "ping", 2);
	uint32_t pong = specgen_func(spec, "pong", 2);

	specgen_ref(spec, main_fn, 0, BPFL_REF_CALL, main_fn, 0);
	specgen_ref(spec, main_fn, 1, BPFL_REF_CALL, ping, 0);
	specgen_ref(spec, ping, 0, BPFL_REF_CALL, pong, 0);
	specgen_ref(spec, pong, 0, BPFL_REF_CALL, ping, 0);
	specgen_prog(spec, "main", "xdp", main_fn);
	struct bpfl_image *image = build(spec);

	ck_assert_str_eq(order(image, 0), "main ping pong");
	ck_assert_int_eq(leads_to(image, 0, 0), 0);
	ck_assert_int_eq(leads_to(image, 0, 5), 3);
	done(image, spec);
}
END_TEST

START_TEST(a_long_chain_of_calls_needs_no_stack_of_ours)
{
	enum { LENGTH = 100000 };
	struct bpfl_spec *spec = specgen_new("obj");

	for (uint32_t i = 0; i < LENGTH; i++)
		specgen_func(spec, "link", 2);
	for (uint32_t i = 0; i + 1 < LENGTH; i++)
		specgen_ref(spec, i, 0, BPFL_REF_CALL, i + 1, 0);
	specgen_prog(spec, "main", "xdp", 0);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(image->progs[0].subprogs.nr, LENGTH);
	ck_assert_int_eq(leads_to(image, 0, 2 * (LENGTH - 2)), 2 * (LENGTH - 1));
	done(image, spec);
}
END_TEST

START_TEST(only_selected_programs_are_in_the_image)
{
	struct bpfl_spec *spec = specgen_new("obj");
	specgen_prog(spec, "one", "xdp", specgen_func(spec, "one", 2));
	specgen_prog(spec, "two", "nonsense", specgen_func(spec, "two", 3));
	specgen_prog(spec, "three", "tc", specgen_func(spec, "three", 4));
	spec->progs.items[0].selected = false;
	spec->progs.items[1].selected = false;
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(image->nr_progs, 1);
	ck_assert_uint_eq(image->progs[0].prog_idx, 2);
	done(image, spec);
}
END_TEST

START_TEST(a_program_of_unknown_type_cannot_be_built)
{
	struct bpfl_spec *spec = specgen_new("obj");
	specgen_prog(spec, "act", "actoin", specgen_func(spec, "act", 2));

	build_fails(spec, BPFL_ERR_OBJECT, EINVAL, "program 'act': section 'actoin'");
	ck_assert_int_eq(err.catalogue_id, 9);
	done(NULL, spec);
}
END_TEST

START_TEST(annotations_travel_with_their_instruction)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t main_fn = specgen_func(spec, "main", 3);
	uint32_t sub = specgen_func(spec, "sub", 4);

	specgen_ref(spec, main_fn, 0, BPFL_REF_CALL, sub, 0);
	specgen_line(spec, sub, 2, 0, 0, 77);
	specgen_prog(spec, "main", "xdp", main_fn);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(image->progs[0].nr_insts, 7);
	ck_assert_int_eq(image->progs[0].insts[0].ref_idx, 0);
	ck_assert_int_eq(image->progs[0].insts[5].line_idx, 0);
	ck_assert_int_eq(image->progs[0].insts[4].line_idx, BPFL_NO_IDX);
	done(image, spec);
}
END_TEST

START_TEST(calls_laid_out_by_the_caller_stay)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t main_fn = specgen_func(spec, "main", 4);

	spec->funcs.items[main_fn].insts[0].insn = bpfl_insn_make(BPFL_CODE_CALL, 0, BPFL_PSEUDO_CALL, 0, 1);
	specgen_prog(spec, "main", "xdp", main_fn);
	struct bpfl_image *image = build(spec);

	ck_assert_int_eq(image->progs[0].insns[0].imm, 1);
	done(image, spec);
}
END_TEST

START_TEST(a_program_above_the_kernels_limit_is_refused)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t main_fn = specgen_func(spec, "main", 600000);
	uint32_t sub = specgen_func(spec, "huge", 600000);

	specgen_ref(spec, main_fn, 0, BPFL_REF_CALL, sub, 0);
	specgen_prog(spec, "main", "xdp", main_fn);
	build_fails(spec, BPFL_ERR_OBJECT, E2BIG,
		    "test.bpf.o: program 'main': function 'huge' makes the program longer than 1000000");
	done(NULL, spec);
}
END_TEST

START_TEST(many_programs_with_one_huge_function_are_refused)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t huge = specgen_func(spec, "huge", 900000);

	for (unsigned i = 0; i < 40; i++)
		specgen_prog(spec, "main", "xdp", huge);
	build_fails(spec, BPFL_ERR_OBJECT, E2BIG, "together are longer than");
	done(NULL, spec);
}
END_TEST

START_TEST(a_reference_that_is_no_load_is_refused)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t main_fn = specgen_func(spec, "main", 4);
	uint32_t sub = specgen_func(spec, "sub", 2);

	specgen_ref(spec, main_fn, 0, BPFL_REF_FUNC_ADDR, sub, 0);
	spec->funcs.items[main_fn].insts[0].insn.code = BPFL_CODE_MOV64_K;
	specgen_prog(spec, "main", "xdp", main_fn);
	build_fails(spec, BPFL_ERR_OBJECT, EINVAL, "instruction 0 takes the address of function 'sub'");
	done(NULL, spec);
}
END_TEST

START_TEST(an_empty_function_is_refused)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t main_fn = specgen_func(spec, "main", 4);

	specgen_ref(spec, main_fn, 0, BPFL_REF_CALL, specgen_func(spec, "nothing", 0), 0);
	specgen_prog(spec, "main", "xdp", main_fn);
	build_fails(spec, BPFL_ERR_OBJECT, EINVAL, "function 'nothing' has no instructions");
	done(NULL, spec);
}
END_TEST

/* BTF with main_fn, and a tag of it that names an exception callback. */
static struct bpfl_spec *spec_with_tag(const char *tag)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t int_id = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	uint32_t func_id = btfgen_func(&gen, "main", btfgen_func_proto(&gen, int_id), BPFL_LINKAGE_GLOBAL);
	btfgen_decl_tag(&gen, tag, func_id, -1);
	spec->btf = btfgen_read(&gen);
	btfgen_deinit(&gen);
	ck_assert_ptr_nonnull(spec->btf);

	uint32_t main_fn = specgen_func(spec, "main", 3);
	spec->funcs.items[main_fn].btf_func_id = func_id;
	specgen_func(spec, "on_throw", 2);
	specgen_prog(spec, "main", "xdp", main_fn);
	return spec;
}

START_TEST(an_exception_callback_comes_along)
{
	struct bpfl_spec *spec = spec_with_tag("exception_callback:on_throw");
	struct bpfl_image *image = build(spec);

	ck_assert_str_eq(order(image, 0), "main on_throw");
	done(image, spec);

	spec = spec_with_tag("another_tag:on_throw");
	image = build(spec);
	ck_assert_str_eq(order(image, 0), "main");
	done(image, spec);
}
END_TEST

START_TEST(a_missing_exception_callback_is_named)
{
	struct bpfl_spec *spec = spec_with_tag("exception_callback:nowhere");

	build_fails(spec, BPFL_ERR_OBJECT, ENOENT, "function 'main' names the exception callback 'nowhere'");
	done(NULL, spec);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_program_without_calls_is_copied,
		callees_follow_depth_first_and_once,
		a_shared_callee_is_copied_into_each_program,
		a_callback_address_is_relative,
		recursion_ends,
		a_long_chain_of_calls_needs_no_stack_of_ours,
		only_selected_programs_are_in_the_image,
		a_program_of_unknown_type_cannot_be_built,
		annotations_travel_with_their_instruction,
		calls_laid_out_by_the_caller_stay,
		a_program_above_the_kernels_limit_is_refused,
		many_programs_with_one_huge_function_are_refused,
		a_reference_that_is_no_load_is_refused,
		an_empty_function_is_refused,
		an_exception_callback_comes_along,
		a_missing_exception_callback_is_named,
	};
	return bpfl_test_main(BPFL_TEST_SUITE("image/subprog", tests));
}
