/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/check: what an object needs against what a kernel has.
 *
 * Programs are written as lists of instructions, types of object and kernel as lines of C. What is looked at
 * are the items of the check.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "bpfload/check.h"
#include "btfc.h"
#include "elf/elf.h"
#include "harness.h"
#include "image/check.h"
#include "image/since.h"
#include "specgen.h"
#include "sys/facts.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct bpfl_check *check;
static struct bpfl_check_view view;

/* ---- writing programs ---- */

struct op {
	uint8_t code;
	uint8_t dst, src;
	int16_t off;
	int32_t imm;
	int core; /* record number + 1, 0 none */
};

#define MOV(r, n) { 0xb7, r, 0, 0, n, 0 }
#define MOV32(r, n) { 0xb4, r, 0, 0, n, 0 }
#define COPY(d, s) { 0xbf, d, s, 0, 0, 0 }
#define ALU(op, r, n) { 0x07 | (op), r, 0, 0, n, 0 }
#define ALU32(op, r, n) { 0x04 | (op), r, 0, 0, n, 0 }
#define ALUX(op, d, s) { 0x0f | (op), d, s, 0, 0, 0 }
#define JEQ(r, n, to) { 0x15, r, 0, to, n, 0 }
#define JNE(r, n, to) { 0x55, r, 0, to, n, 0 }
#define JGT(r, n, to) { 0x25, r, 0, to, n, 0 }
#define JSLT(r, n, to) { 0xc5, r, 0, to, n, 0 }
#define JEQ32(r, n, to) { 0x16, r, 0, to, n, 0 }
#define JA(to) { 0x05, 0, 0, to, 0, 0 }
#define HELPER(n) { 0x85, 0, 0, 0, n, 0 }
#define EXIT { 0x95, 0, 0, 0, 0, 0 }
#define WIDE { 0x18, 1, 0, 0, 0, 0 }
#define REST { 0, 0, 0, 0, 0, 0 }
#define LOAD4(d, s, o) { 0x61, d, s, o, 0, 0 }
#define LOAD1(d, s, o) { 0x71, d, s, o, 0, 0 }
/* Relocations: the answer "exists" into a register; the field's offset into a load. */
#define ASK(r) { 0xb7, r, 0, 0, 1, 1 }
#define USE { 0x61, 0, 1, 0, 0, 2 }

/* Records 1 and 2: does s.a exist, and where is it. */
#define LOCAL "struct s { u32 a; };"
#define WITHOUT "struct s { u32 b; };"

static void core_add(uint32_t kind, const char *root, const char *access)
{
	struct bpfl_core *core = BPFL_VEC_PUSH(&spec->cores);

	core->type_id = btfc_id(spec->btf, root);
	core->kind = kind;
	core->access = access;
}

static uint32_t func_add(const char *name, const struct op *ops, uint32_t nr_ops)
{
	uint32_t func = specgen_func(spec, name, nr_ops);
	struct bpfl_inst *insts = spec->funcs.items[func].insts;

	for (uint32_t i = 0; i < nr_ops; i++) {
		insts[i].insn = bpfl_insn_make(ops[i].code, ops[i].dst, ops[i].src, ops[i].off, ops[i].imm);
		insts[i].core_idx = ops[i].core - 1;
	}
	return func;
}

static void spec_begin(const char *types)
{
	spec = specgen_new("obj");
	spec->btf = btfc_read(types, false);
	if (strstr(types, "struct s ")) {
		core_add(2, "struct s", "0:0");
		core_add(0, "struct s", "0:0");
	}
}

#define FUNC(name, ...)                                    \
	func_add(name, (const struct op[]){ __VA_ARGS__ }, \
		 sizeof((const struct op[]){ __VA_ARGS__ }) / sizeof(struct op))

static struct bpfl_target *target_make(const char *kernel, uint32_t version, const char *kconfig_path)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts), .kernel_version = version, .page_size = 4096,
					 .kconfig_path = kconfig_path };
	struct bpfl_target *target;

	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	target->btf = kernel ? btfc_read(kernel, false) : NULL;
	return target;
}

static void run_on(struct bpfl_target *target)
{
	CHECK_OK(bpfl_check_run(spec, target, NULL, &check, &err), err);
	bpfl_check_get(check, &view);
	bpfl_target_destroy(target);
}

static void run(const char *kernel)
{
	run_on(target_make(kernel, BPFL_KERNEL_VERSION(6, 12, 0), NULL));
}

static void done(void)
{
	bpfl_check_destroy(check);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
	check = NULL;
	spec = NULL;
}

/* The n-th item of a kind; fails when there is none. */
static const struct bpfl_check_item *item_of(enum bpfl_check_kind kind, unsigned n)
{
	const struct bpfl_check_item *item;

	for (size_t i = 0; (item = bpfl_check_item(check, i)) != NULL; i++) {
		if (item->kind == kind && n-- == 0) {
			return item;
		}
	}
	ck_abort_msg("no item of kind %s", bpfl_check_kind_name(kind));
	return NULL;
}

/* Builds "main", runs it against a kernel without s.a, and says whether the use of s.a counts as dead. */
#define DEAD(...) (spec_begin(LOCAL), specgen_prog(spec, "main", "socket", FUNC("main", __VA_ARGS__)), use_is_dead())

static bool use_is_dead(void)
{
	bool guarded = false, any = false;
	const struct bpfl_check_item *item;

	run_on(target_make(WITHOUT, BPFL_KERNEL_VERSION(6, 19, 0), NULL)); /* has jump tables */
	for (size_t i = 0; (item = bpfl_check_item(check, i)) != NULL; i++) {
		if (item->kind == BPFL_CHECK_RELOCATION && strstr(item->text, "has no field") &&
		    !strstr(item->text, "exists")) {
			any = true;
			guarded = item->guarded;
			ck_assert_int_eq(item->status, BPFL_CHECK_MISSING);
			ck_assert_int_eq(item->needed, !item->guarded);
		}
	}
	ck_assert_msg(any, "the use is no item");
	ck_assert_int_eq(view.verdict, guarded ? BPFL_CHECK_FITS : BPFL_CHECK_LACKS);
	ck_assert_int_eq(view.loads, view.verdict);
	ck_assert_uint_eq(view.nr_guarded, guarded);
	done();
	return guarded;
}

/* ---- which code is dead ---- */

START_TEST(a_use_behind_its_question_is_guarded)
{
	ck_assert(DEAD(ASK(2), JEQ(2, 0, 1), USE, MOV(0, 0), EXIT));
	ck_assert(DEAD(ASK(2), JNE(2, 1, 1), USE, MOV(0, 0), EXIT));
	ck_assert(DEAD(ASK(2), JNE(2, 0, 2), MOV(0, 0), EXIT, USE, EXIT));
	ck_assert(DEAD(ASK(2), JEQ32(2, 0, 1), USE, MOV(0, 0), EXIT));
}
END_TEST

START_TEST(a_use_that_a_path_leads_to_is_not_guarded)
{
	ck_assert(!DEAD(USE, MOV(0, 0), EXIT));
	ck_assert(!DEAD(ASK(2), USE, MOV(0, 0), EXIT));
	ck_assert(!DEAD(ASK(2), JNE(2, 0, 1), USE, MOV(0, 0), EXIT)); /* the wrong way round */
	ck_assert(!DEAD(HELPER(7), JEQ(0, 0, 1), USE, MOV(0, 0), EXIT)); /* not known */
	/* an unknown jump around the question */
	ck_assert(!DEAD(MOV(2, 1), LOAD4(3, 1, 0), JEQ(3, 0, 1), ASK(2), JEQ(2, 0, 1), USE, MOV(0, 0), EXIT));
	/* the answer does not outlive a call in a register that calls destroy */
	ck_assert(!DEAD(ASK(2), HELPER(7), JEQ(2, 0, 1), USE, MOV(0, 0), EXIT));
	/* nor a load from the packet in the old way, which is a call */
	ck_assert(!DEAD(ASK(2), { 0x30, 0, 0, 0, 12, 0 }, JEQ(2, 0, 1), USE, MOV(0, 0), EXIT));
}
END_TEST

START_TEST(the_places_of_a_jump_table_are_reached)
{
	static const uint32_t to_use[] = { 5 }, around[] = { 6 };

	for (int i = 0; i < 2; i++) {
		spec_begin(LOCAL);
		uint32_t func = FUNC("main", { 0x18, 1, 0, 0, 0, 0 }, { 0 }, { 0x0d, 1, 0, 0, 0, 0 }, MOV(0, 0), EXIT, USE,
				     MOV(0, 0), EXIT);

		specgen_jump_table(spec, "table", func, i ? around : to_use, 1);
		specgen_ref(spec, func, 0, BPFL_REF_JUMP_TABLE, 0, 0);
		specgen_prog(spec, "main", "socket", func);
		ck_assert_int_eq(use_is_dead(), i);
	}
}
END_TEST

START_TEST(what_stands_behind_poison_is_dead)
{
	ck_assert(DEAD(ASK(2), JEQ(2, 0, 2), MOV(3, 0), JEQ(3, 0, 0), EXIT, USE, EXIT));
	/* The first use is reached, the second is behind it: one lack is enough, and only the first is told. */
	spec_begin(LOCAL);
	specgen_prog(spec, "main", "socket", FUNC("main", USE, USE, MOV(0, 0), EXIT));
	run(WITHOUT);
	ck_assert_uint_eq(view.nr_lacking, 1);
	ck_assert(!item_of(BPFL_CHECK_RELOCATION, 0)->guarded);
	ck_assert(item_of(BPFL_CHECK_RELOCATION, 1)->guarded);
	done();
}
END_TEST

START_TEST(answers_are_followed_through_arithmetic)
{
	ck_assert(DEAD(ASK(6), HELPER(7), JEQ(6, 0, 1), USE, MOV(0, 0), EXIT)); /* r6 survives calls */
	ck_assert(DEAD(ASK(2), COPY(3, 2), JEQ(3, 0, 1), USE, MOV(0, 0), EXIT));
	ck_assert(DEAD(ASK(2), ALU(0x00, 2, 5), JEQ(2, 5, 1), USE, MOV(0, 0), EXIT));      /* + */
	ck_assert(DEAD(ASK(2), ALU(0x10, 2, 1), JSLT(2, 0, 1), USE, MOV(0, 0), EXIT));     /* - */
	ck_assert(DEAD(ASK(2), ALU(0x20, 2, 3), JEQ(2, 0, 1), USE, MOV(0, 0), EXIT));      /* * */
	ck_assert(DEAD(ASK(2), ALU(0x40, 2, 4), JEQ(2, 4, 1), USE, MOV(0, 0), EXIT));      /* | */
	ck_assert(DEAD(ASK(2), ALU(0xa0, 2, 1), JGT(2, 0, 1), USE, MOV(0, 0), EXIT));      /* ^ */
	ck_assert(DEAD(ASK(2), ALU(0x60, 2, 3), JEQ(2, 0, 1), USE, MOV(0, 0), EXIT));      /* << */
	ck_assert(DEAD(ASK(2), ALU(0x00, 2, 8), ALU(0x70, 2, 3), JEQ(2, 1, 1), USE, MOV(0, 0), EXIT)); /* >> */
	/* arithmetic >> */
	ck_assert(DEAD(ASK(2), ALU(0x10, 2, 8), ALU(0xc0, 2, 2), JEQ(2, -2, 1), USE, MOV(0, 0), EXIT));
	ck_assert(DEAD(ASK(2), ALU32(0x10, 2, 1), JEQ32(2, -1, 1), USE, MOV(0, 0), EXIT)); /* 32 bits */
	/* ... have an upper half of zeroes */
	ck_assert(DEAD(ASK(2), ALU32(0x10, 2, 1), JGT(2, 0, 1), USE, MOV(0, 0), EXIT));
	/* anything & 0 is 0 */
	ck_assert(DEAD(ASK(2), LOAD4(3, 1, 0), ALUX(0x50, 3, 2), JEQ(3, 0, 1), USE, MOV(0, 0), EXIT));
}
END_TEST

START_TEST(where_paths_meet_only_what_they_agree_on_is_known)
{
	/* r3 is 0 on both sides of an unknown branch */
	ck_assert(DEAD(LOAD4(2, 1, 0), ASK(3), JEQ(2, 0, 1), MOV(3, 0), JEQ(3, 0, 1), USE, MOV(0, 0), EXIT));
	/* 0 and 1 */
	ck_assert(!DEAD(LOAD4(2, 1, 0), ASK(3), JEQ(2, 0, 1), MOV(3, 1), JEQ(3, 0, 1), USE, MOV(0, 0), EXIT));
	/* a loop whose counter changes ends */
	ck_assert(!DEAD(MOV(2, 0), ALU(0x00, 2, 1), JNE(2, 9, -2), USE, MOV(0, 0), EXIT));
}
END_TEST

START_TEST(functions_pass_constants_and_return_them)
{
	uint32_t has, use;

	/* static bool has(void) { return exists; } */
	spec_begin(LOCAL);
	use = FUNC("main", MOV(0, 0), JEQ(0, 0, 1), USE, MOV(0, 0), EXIT);
	has = FUNC("has", ASK(0), EXIT);
	specgen_ref(spec, use, 0, BPFL_REF_CALL, has, 0);
	specgen_prog(spec, "main", "socket", use);
	ck_assert(use_is_dead());

	/* static void use(bool has) { if (has) ... } */
	spec_begin(LOCAL);
	has = FUNC("main", ASK(1), MOV(0, 0), MOV(0, 0), EXIT);
	use = FUNC("use", JEQ(1, 0, 1), USE, MOV(0, 0), EXIT);
	specgen_ref(spec, has, 1, BPFL_REF_CALL, use, 0);
	specgen_prog(spec, "main", "socket", has);
	ck_assert(use_is_dead());

	/* the same function, global: verified with any argument */
	spec_begin(LOCAL);
	has = FUNC("main", ASK(1), MOV(0, 0), MOV(0, 0), EXIT);
	use = FUNC("use", JEQ(1, 0, 1), USE, MOV(0, 0), EXIT);
	spec->funcs.items[use].is_local = false;
	specgen_ref(spec, has, 1, BPFL_REF_CALL, use, 0);
	specgen_prog(spec, "main", "socket", has);
	ck_assert(!use_is_dead());

	/* a callback is called with any argument too */
	spec_begin(LOCAL);
	has = FUNC("main", MOV(0, 0), MOV(0, 0), MOV(0, 0), EXIT);
	use = FUNC("use", JEQ(1, 0, 1), USE, MOV(0, 0), EXIT);
	specgen_ref(spec, has, 0, BPFL_REF_FUNC_ADDR, use, 0);
	specgen_prog(spec, "main", "socket", has);
	ck_assert(!use_is_dead());
}
END_TEST

/* A global function that only dead code calls: verified before Linux 6.8, and not from there on. */
START_TEST(global_functions_nobody_calls_depend_on_the_version)
{
	static const struct { uint32_t version; bool lacks; } rows[] = {
		{ BPFL_KERNEL_VERSION(6, 12, 0), false }, { BPFL_KERNEL_VERSION(6, 8, 0), false },
		{ BPFL_KERNEL_VERSION(6, 7, 0), true },	  { 0, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		spec_begin(LOCAL);
		uint32_t caller = FUNC("main", ASK(2), JEQ(2, 0, 1), MOV(0, 0), MOV(0, 0), EXIT);
		uint32_t use = FUNC("use", USE, MOV(0, 0), EXIT);

		spec->funcs.items[use].is_local = false;
		specgen_ref(spec, caller, 2, BPFL_REF_CALL, use, 0);
		specgen_prog(spec, "main", "socket", caller);
		run_on(target_make(WITHOUT, rows[i].version, NULL));
		ck_assert_int_eq(view.verdict == BPFL_CHECK_LACKS, rows[i].lacks);
		done();
	}
}
END_TEST

/* if (constant) use(); with constant 0 in a data section. */
static bool dead_behind_data(enum bpfl_map_origin origin)
{
	spec_begin(LOCAL);
	struct bpfl_map_spec *map = specgen_map(spec, ".data", origin, BPFL_MAP_TYPE_ARRAY, 4, 8, 1);
	map->data[0] = 7;
	uint32_t func = FUNC("main", WIDE, REST, LOAD4(2, 1, 4), LOAD1(3, 1, 0), JEQ(3, 7, 1), JA(1), JEQ(2, 0, 1), USE,
			     MOV(0, 0), EXIT);

	specgen_ref(spec, func, 0, BPFL_REF_DATA, 0, 0);
	specgen_prog(spec, "main", "socket", func);
	return use_is_dead();
}

START_TEST(read_only_data_is_constant_and_other_data_is_not)
{
	ck_assert(dead_behind_data(BPFL_MAP_RODATA));
	ck_assert(!dead_behind_data(BPFL_MAP_DATA));
}
END_TEST

/* ---- relocations ---- */

START_TEST(a_relocation_is_ok_moved_resized_or_missing)
{
	static const struct {
		const char *local, *kernel, *root, *access;
		uint32_t kind;
		int32_t old;
		uint8_t code;
		enum bpfl_check_status status;
		bool needed;
		const char *kernel_path;
	} rows[] = {
		{ "struct t { u32 a; };", "struct t { u32 a; };", "struct t", "0:0", 0, 0, 0x61, BPFL_CHECK_OK, true, "struct t.a (0:0)" },
		{ "struct t { u32 a; };", "struct t { u32 b; u32 a; };", "struct t", "0:0", 0, 0, 0x61, BPFL_CHECK_MOVED, true,
		  "struct t.a (0:1)" },
		{ "struct t { u32 a; };", "struct t { u64 b; u64 a; };", "struct t", "0:0", 0, 0, 0x61, BPFL_CHECK_RESIZED, true,
		  "struct t.a (0:1)" },
		{ "struct t { s32 a; };", "struct t { s64 a; };", "struct t", "0:0", 0, 0, 0x61, BPFL_CHECK_MISSING, true,
		  "struct t.a (0:0)" },
		{ "struct t { u32 a; };", "struct t { u32 b; };", "struct t", "0:0", 0, 0, 0x61, BPFL_CHECK_MISSING, true, "" },
		{ "struct t { u32 a; };", "struct t { u64 a; };", "struct t", "0:0", 1, 4, 0xb7, BPFL_CHECK_RESIZED, true,
		  "struct t.a (0:0)" },
		{ "struct t { u32 a; };", "struct t { s32 a; };", "struct t", "0:0", 3, 0, 0xb7, BPFL_CHECK_RESIZED, true, NULL },
		{ "struct t { u32 a : 3; };", "struct t { u32 b : 1; u32 a : 3; };", "struct t", "0:0", 4, 61, 0xb7, BPFL_CHECK_MOVED,
		  true, NULL },
		{ "struct t { u32 a; };", "struct t { u32 a; };", "struct t", "0:0", 2, 1, 0xb7, BPFL_CHECK_OK, true, NULL },
		{ "struct t { u32 a; };", "struct t { u32 b; };", "struct t", "0:0", 2, 1, 0xb7, BPFL_CHECK_MISSING, false, "" },
		{ "struct t { u32 a; };", "struct u { u32 b; };", "struct t", "0", 8, 1, 0xb7, BPFL_CHECK_MISSING, false, "" },
		{ "struct t { u32 a; };", "struct t { u64 b; };", "struct t", "0", 9, 4, 0xb7, BPFL_CHECK_RESIZED, true, NULL },
		{ "struct t { u32 a; };", "struct u { u64 b; };", "struct t", "0", 9, 4, 0xb7, BPFL_CHECK_MISSING, false, "" },
		{ "struct t { u32 a; };", "struct x { u32 a; }; struct t { u32 b; };", "struct t", "0", 7, 1, 0xb7, BPFL_CHECK_OK, true,
		  "struct t (0)" },
		{ "struct t { u32 a; };", "struct u { u32 b; };", "struct t", "0", 6, 1, 0xb7, BPFL_CHECK_OK, true, NULL },
		{ "enum e { A = 1 };", "enum e { B = 1, A = 5 };", "enum e", "0", 11, 1, 0xb7, BPFL_CHECK_MOVED, true, NULL },
		{ "enum e { A = 1 };", "enum e { B = 1 };", "enum e", "0", 11, 1, 0xb7, BPFL_CHECK_MISSING, true, "" },
		{ "enum e { A = 1 };", "enum e { B = 1 };", "enum e", "0", 10, 1, 0xb7, BPFL_CHECK_MISSING, false, "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int32_t old = rows[i].kind == 6 ? 0 : rows[i].old;
		struct op op = { rows[i].code, 0, rows[i].code == 0x61, 0, old, 1 };

		spec_begin(rows[i].local);
		core_add(rows[i].kind, rows[i].root, rows[i].access);
		if (rows[i].kind == 6 || rows[i].kind == 7) {
			op.imm = (int32_t)spec->cores.items[0].type_id;
		}
		specgen_prog(spec, "main", "socket", FUNC("main", op, EXIT));
		run(rows[i].kernel);
		const struct bpfl_check_item *item = item_of(BPFL_CHECK_RELOCATION, 0);

		ck_assert_msg(item->status == rows[i].status, "row %zu: %s (%s)", i,
			      bpfl_check_status_name(item->kind, item->status), item->text);
		ck_assert_msg(item->needed == rows[i].needed, "row %zu: needed %d (%s)", i, item->needed, item->text);
		ck_assert_msg(!rows[i].kernel_path || strcmp(item->kernel, rows[i].kernel_path) == 0, "row %zu: %s", i,
			      item->kernel);
		ck_assert_uint_eq(view.nr_relocations[rows[i].status], 1);
		ck_assert_int_eq(view.verdict, rows[i].needed && rows[i].status == BPFL_CHECK_MISSING
						       ? BPFL_CHECK_LACKS
						       : BPFL_CHECK_FITS);
		ck_assert_str_eq(item->prog, "main");
		done();
	}
}
END_TEST

/* ---- externs ---- */

#define TYPES "func f(u32) u32; var u32 v; var u32 c;"

/* A program that loads the address of one extern and returns. */
static void extern_program(const char *name, enum bpfl_extern_kind kind, bool weak, const char *type)
{
	spec_begin(TYPES);
	uint32_t id = btfc_id(spec->btf, type);
	uint32_t func = FUNC("main", WIDE, REST, MOV(0, 0), EXIT);
	uint32_t ext = specgen_extern(spec, name, kind, weak, id);

	spec->externs.items[ext].type_id = bpfl_btf_type(spec->btf, id)->type;
	if (kind == BPFL_EXTERN_KCONFIG) {
		spec->externs.items[ext].size_bytes = 4;
		specgen_map(spec, ".kconfig", BPFL_MAP_KCONFIG, BPFL_MAP_TYPE_ARRAY, 4, 4, 1);
	}
	specgen_ref(spec, func, 0, BPFL_REF_EXTERN, ext, 0);
	specgen_prog(spec, "main", "socket", func);
}

START_TEST(externs_are_present_absent_or_unknown)
{
	static const struct {
		const char *name;
		enum bpfl_extern_kind kind;
		bool weak;
		const char *type, *kernel;
		enum bpfl_check_status status;
		enum bpfl_check_verdict verdict;
	} rows[] = {
		{ "f", BPFL_EXTERN_KFUNC, false, "func f", "func f(u32) u32;", BPFL_CHECK_OK, BPFL_CHECK_FITS },
		{ "f", BPFL_EXTERN_KFUNC, false, "func f", "func g(u32) u32;", BPFL_CHECK_MISSING, BPFL_CHECK_LACKS },
		{ "f", BPFL_EXTERN_KFUNC, false, "func f", "func f(u32, u32) u32;", BPFL_CHECK_MISSING, BPFL_CHECK_LACKS },
		{ "f", BPFL_EXTERN_KFUNC, true, "func f", "func g(u32) u32;", BPFL_CHECK_MISSING, BPFL_CHECK_FITS },
		{ "v", BPFL_EXTERN_KSYM_VAR, false, "var v", "var u32 v;", BPFL_CHECK_OK, BPFL_CHECK_FITS },
		{ "v", BPFL_EXTERN_KSYM_VAR, false, "var v", "var u32 w;", BPFL_CHECK_MISSING, BPFL_CHECK_LACKS },
		{ "v", BPFL_EXTERN_KSYM_VAR, true, "var v", "var u32 w;", BPFL_CHECK_MISSING, BPFL_CHECK_FITS },
		{ "x", BPFL_EXTERN_KSYM_TYPELESS, false, "var v", "var u32 w;", BPFL_CHECK_UNKNOWN, BPFL_CHECK_UNSURE },
		{ "x", BPFL_EXTERN_KSYM_TYPELESS, true, "var v", "var u32 w;", BPFL_CHECK_UNKNOWN, BPFL_CHECK_FITS },
		{ "CONFIG_X", BPFL_EXTERN_KCONFIG, false, "var c", "var u32 w;", BPFL_CHECK_UNKNOWN, BPFL_CHECK_UNSURE },
		{ "CONFIG_X", BPFL_EXTERN_KCONFIG, true, "var c", "var u32 w;", BPFL_CHECK_UNKNOWN, BPFL_CHECK_FITS },
		{ "LINUX_KERNEL_VERSION", BPFL_EXTERN_KCONFIG, false, "var c", "var u32 w;", BPFL_CHECK_OK, BPFL_CHECK_FITS },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		extern_program(rows[i].name, rows[i].kind, rows[i].weak, rows[i].type);
		run(rows[i].kernel);
		const struct bpfl_check_item *item =
			item_of(rows[i].kind == BPFL_EXTERN_KFUNC   ? BPFL_CHECK_KFUNC :
				rows[i].kind == BPFL_EXTERN_KCONFIG ? BPFL_CHECK_KCONFIG :
								      BPFL_CHECK_KSYM, 0);

		ck_assert_str_eq(item->name, rows[i].name);
		ck_assert_msg(item->status == rows[i].status, "row %zu: %s", i, item->text);
		ck_assert_msg(view.verdict == rows[i].verdict, "row %zu: verdict %d", i, view.verdict);
		done();
	}
}
END_TEST

START_TEST(a_missing_extern_does_not_hide_the_next)
{
	spec_begin("func f(u32) u32; func g(u32) u32; func h(u32) u32;");
	static const char *const names[] = { "f", "g", "h" }, *const types[] = { "func f", "func g", "func h" };
	uint32_t func = FUNC("main", WIDE, REST, WIDE, REST, WIDE, REST, MOV(0, 0), EXIT);

	for (uint32_t i = 0; i < 3; i++) {
		uint32_t id = btfc_id(spec->btf, types[i]),
			 ext = specgen_extern(spec, names[i], BPFL_EXTERN_KFUNC, false, id);

		spec->externs.items[ext].type_id = bpfl_btf_type(spec->btf, id)->type;
		specgen_ref(spec, func, 2 * i, BPFL_REF_EXTERN, ext, 0);
	}
	specgen_prog(spec, "main", "socket", func);
	run("func g(u32) u32;");
	ck_assert_uint_eq(view.nr_lacking, 2);
	ck_assert_int_eq(item_of(BPFL_CHECK_KFUNC, 0)->status, BPFL_CHECK_MISSING);
	ck_assert_int_eq(item_of(BPFL_CHECK_KFUNC, 1)->status, BPFL_CHECK_OK);
	ck_assert_int_eq(item_of(BPFL_CHECK_KFUNC, 2)->status, BPFL_CHECK_MISSING);
	done();
}
END_TEST

/* if (&f) f(); with f weak: a call of what is not there is dead, and a call without asking is not. */
START_TEST(calls_of_weak_functions)
{
	for (int asks = 0; asks < 2; asks++) {
		spec_begin(TYPES LOCAL);
		uint32_t id = btfc_id(spec->btf, "func f");
		uint32_t func = FUNC("main", WIDE, REST, JEQ(1, 0, 2), MOV(0, 0), USE, MOV(0, 0), EXIT);
		uint32_t ext = specgen_extern(spec, "f", BPFL_EXTERN_KFUNC, true, id);

		spec->externs.items[ext].type_id = bpfl_btf_type(spec->btf, id)->type;
		specgen_ref(spec, func, 0, BPFL_REF_EXTERN, ext, 0);
		if (!asks) {
			spec->funcs.items[func].insts[2].insn = bpfl_insn_make(0xb7, 0, 0, 0, 0);
		}
		specgen_prog(spec, "main", "socket", func);
		run(WITHOUT);
		ck_assert_int_eq(view.verdict, asks ? BPFL_CHECK_FITS : BPFL_CHECK_LACKS);
		bpfl_check_destroy(check);
		run(WITHOUT "func f(u32) u32;");
		ck_assert_int_eq(view.verdict, BPFL_CHECK_LACKS); /* f is there, so the branch is alive */
		done();
	}
}
END_TEST

/* The address of a function may be 0; a call of address 0 is one that the verifier must not reach. */
START_TEST(calls_without_asking_are_needed)
{
	static const struct { const char *kernel; bool guarded, lacks; } rows[] = {
		{ WITHOUT, false, true }, { WITHOUT, true, false }, { WITHOUT "func f(u32) u32;", false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		spec_begin(TYPES LOCAL);
		uint32_t id = btfc_id(spec->btf, "func f");
		uint32_t func = FUNC("main", ASK(2), JEQ(2, 0, 2), MOV(0, 0), MOV(0, 0), EXIT);
		uint32_t ext = specgen_extern(spec, "f", BPFL_EXTERN_KFUNC, true, id);
		struct bpfl_inst *insts = spec->funcs.items[func].insts;

		spec->externs.items[ext].type_id = bpfl_btf_type(spec->btf, id)->type;
		specgen_ref(spec, func, 2, BPFL_REF_EXTERN, ext, 0);
		insts[2].insn = bpfl_insn_make(BPFL_CODE_CALL, 0, BPFL_PSEUDO_CALL, 0, -1);
		insts[3].insn = bpfl_insn_make(0xb7, 0, 0, 0, 0);
		if (!rows[i].guarded) {
			insts[1].insn = bpfl_insn_make(0xb7, 0, 0, 0, 0);
		}
		specgen_prog(spec, "main", "socket", func);
		run(rows[i].kernel);
		ck_assert_msg(view.nr_lacking == rows[i].lacks, "row %zu: %u", i, view.nr_lacking);
		ck_assert_str_eq(item_of(BPFL_CHECK_KFUNC, 0)->prog, rows[i].lacks ? "main" : "");
		done();
	}
}
END_TEST

/* A configuration file makes values known, and the version. */
START_TEST(a_configuration_decides_branches)
{
	static const struct { const char *name, *config; bool dead; int32_t number; } rows[] = {
		{ "CONFIG_X", "\n# Linux/x86 6.1.9 Kernel Configuration\nCONFIG_X=100\n", true, 100 },
		{ "CONFIG_X", "CONFIG_X=101\n", false, 100 },
		{ "LINUX_KERNEL_VERSION", "#\n# Automatic\n# Linux/arm64 0.0.100 Kernel Configuration\n#\n", true, 100 },
		{ "LINUX_KERNEL_VERSION", "#\n# Automatic\n# Linux/arm64 6.1.9 Kernel Configuration\n#\n", false, 100 },
		{ "LINUX_KERNEL_VERSION", "", false, 0 }, /* not known is not 0 */
	};
	char path[] = "/tmp/bpfl-check-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(ftruncate(fd, 0), 0);
		ck_assert_int_eq(pwrite(fd, rows[i].config, strlen(rows[i].config), 0),
				 (ssize_t)strlen(rows[i].config));
		spec_begin("var u32 c;" LOCAL);
		uint32_t func = FUNC("main", WIDE, REST, LOAD4(2, 1, 0), JEQ(2, rows[i].number, 1), USE, MOV(0, 0),
				     EXIT);
		uint32_t ext = specgen_extern(spec, rows[i].name, BPFL_EXTERN_KCONFIG, false,
					      btfc_id(spec->btf, "var c"));

		spec->externs.items[ext].size_bytes = 4;
		spec->externs.items[ext].type_id = bpfl_btf_type(spec->btf, btfc_id(spec->btf, "var c"))->type;
		specgen_map(spec, ".kconfig", BPFL_MAP_KCONFIG, BPFL_MAP_TYPE_ARRAY, 4, 4, 1);
		specgen_ref(spec, func, 0, BPFL_REF_EXTERN, ext, 0);
		specgen_prog(spec, "main", "socket", func);
		run_on(target_make(WITHOUT, 0, path));
		ck_assert_msg(item_of(BPFL_CHECK_RELOCATION, 0)->guarded == rows[i].dead, "row %zu", i);
		done();
	}
	close(fd);
	unlink(path);
}
END_TEST

/* ---- hooks ---- */

#define MODULES "typedef u32 btf_trace_module_load;"

START_TEST(hooks_are_looked_for_where_the_btf_has_traces)
{
	static const struct { const char *section, *kernel; enum bpfl_check_status status; bool at_load; } rows[] = {
		{ "raw_tp/sched_switch", "typedef u32 btf_trace_sched_switch;", BPFL_CHECK_OK, false },
		{ "raw_tp/sched_swich", "typedef u32 btf_trace_sched_switch;", BPFL_CHECK_MISSING, false },
		{ "raw_tp/nfs_read", MODULES, BPFL_CHECK_UNKNOWN, false },
		{ "tracepoint/sched/sched_switch", "typedef u32 btf_trace_sched_switch;", BPFL_CHECK_OK, false },
		{ "tracepoint/sched/other", "typedef u32 btf_trace_sched_switch;", BPFL_CHECK_MISSING, false },
		{ "tracepoint/syscalls/sys_enter_openat", "func __x64_sys_openat(u32) u32;", BPFL_CHECK_OK, false },
		{ "tracepoint/syscalls/sys_exit_openat", "func __s390x_sys_openat(u32) u32;", BPFL_CHECK_OK, false },
		{ "tracepoint/syscalls/sys_enter_opennat", "func __arm64_sys_read(u32) u32;", BPFL_CHECK_MISSING, false },
		{ "tracepoint/syscalls/sys_enter_openat", "func main(u32) u32;", BPFL_CHECK_UNKNOWN, false },
		{ "kprobe/vfs_read", "func vfs_read(u32) u32;", BPFL_CHECK_OK, false },
		{ "kprobe/vfs_read+8", "func vfs_read(u32) u32;", BPFL_CHECK_OK, false },
		{ "kprobe/vfs_raed", "func vfs_read(u32) u32;", BPFL_CHECK_UNKNOWN, false },
		{ "kprobe/sys_sync", "func __do_sys_sync(u32) u32;", BPFL_CHECK_OK, false },
		{ "kprobe/sys_snyc", "func __do_sys_read(u32) u32;", BPFL_CHECK_MISSING, false },
		{ "kprobe/nfs:nfs_read", "func nfs_read(u32) u32;", BPFL_CHECK_UNKNOWN, false },
		{ "kprobe.multi/vfs_*", "func vfs_read(u32) u32;", BPFL_CHECK_OK, false },
		{ "kprobe.multi/vfs_?", "func vfs_read(u32) u32;", BPFL_CHECK_UNKNOWN, false },
		{ "ksyscall/read", "func __x64_sys_read(u32) u32;", BPFL_CHECK_OK, false },
		{ "kprobe/vfs_read", "func schedule(u32) u32; func ring_buffer_write(u32) u32; func vfs_read(u32) u32;", BPFL_CHECK_MISSING, false },
		{ "kprobe/vfs_read", "func schedule(u32) u32; func ring_buffer_write(u32) u32; func vfs_read(u32) u32; func create_local_trace_kprobe(u32) u32;",
		  BPFL_CHECK_OK, false },
		/* Many kprobes do for one on many functions, but not for a session. */
		{ "kprobe.multi/vfs_read", "func schedule(u32) u32; func ring_buffer_write(u32) u32; func vfs_read(u32) u32; func create_local_trace_kprobe(u32) u32;",
		  BPFL_CHECK_OK, false },
		{ "kprobe.multi/vfs_read", "func schedule(u32) u32; func ring_buffer_write(u32) u32; func vfs_read(u32) u32;", BPFL_CHECK_MISSING, false },
		{ "kprobe.session/vfs_read", "func schedule(u32) u32; func ring_buffer_write(u32) u32; func vfs_read(u32) u32; func create_local_trace_kprobe(u32) u32;",
		  BPFL_CHECK_MISSING, false },
		/* A BTF of what can be traced has nothing of the tracing itself. */
		{ "kprobe/vfs_read", "func schedule(u32) u32; func vfs_read(u32) u32;", BPFL_CHECK_OK, false },
		{ "uprobe/bash:readline", "func schedule(u32) u32; func ring_buffer_write(u32) u32;", BPFL_CHECK_MISSING, false },
		{ "uprobe/bash:readline", "func schedule(u32) u32; func ring_buffer_write(u32) u32; func create_local_trace_uprobe(u32) u32;", BPFL_CHECK_OK, false },
		{ "fentry/vfs_read", "func vfs_read(u32) u32;", BPFL_CHECK_OK, true },
		{ "fentry/vfs_raed", "func vfs_read(u32) u32;", BPFL_CHECK_MISSING, true },
		{ "tp_btf/sched_switch", "typedef u32 btf_trace_sched_switch;", BPFL_CHECK_OK, true },
		{ "tp_btf/sched_swich", "typedef u32 btf_trace_sched_switch;", BPFL_CHECK_MISSING, true },
		{ "lsm/file_open", "func bpf_lsm_file_open(u32) u32;", BPFL_CHECK_OK, true },
		{ "iter/task", "func bpf_iter_tusk(u32) u32;", BPFL_CHECK_MISSING, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		spec_begin("var u32 v;");
		specgen_prog(spec, "main", rows[i].section, FUNC("main", MOV(0, 0), EXIT));
		run(rows[i].kernel);
		const struct bpfl_check_item *item = item_of(BPFL_CHECK_ATTACH, 0);

		ck_assert_msg(item->status == rows[i].status, "%s: %s: %s", rows[i].section,
			      bpfl_check_status_name(item->kind, item->status), item->text);
		ck_assert_str_eq(item->name, rows[i].section);
		ck_assert_int_eq(item->at_load, rows[i].at_load);
		ck_assert_int_eq(view.loads == BPFL_CHECK_LACKS,
				 rows[i].at_load && rows[i].status == BPFL_CHECK_MISSING);
		ck_assert_int_eq(view.verdict == BPFL_CHECK_LACKS, rows[i].status == BPFL_CHECK_MISSING);
		done();
	}
}
END_TEST

START_TEST(places_that_are_no_matter_of_the_kernel_are_left_out)
{
	static const char *const sections[] = { "xdp", "cgroup_skb/ingress", "tc", "raw_tp" };

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		spec_begin("var u32 v;");
		specgen_prog(spec, "main", sections[i], FUNC("main", MOV(0, 0), EXIT));
		run("var u32 v;");
		for (size_t k = 0; bpfl_check_item(check, k); k++) {
			ck_assert_int_ne(bpfl_check_item(check, k)->kind, BPFL_CHECK_ATTACH);
		}
		done();
	}
}
END_TEST

/* ---- the kernel's interface ---- */

#define INTERFACE                                                                      \
	"enum bpf_func_id { BPF_FUNC_unspec, BPF_FUNC_map_lookup_elem, __BPF_FUNC_MAX_ID };" \
	"enum bpf_map_type { BPF_MAP_TYPE_UNSPEC, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY };"  \
	"enum bpf_prog_type { BPF_PROG_TYPE_UNSPEC, BPF_PROG_TYPE_SOCKET_FILTER };"

START_TEST(helpers_and_types_are_those_that_the_kernel_numbers)
{
	spec_begin(LOCAL);
	specgen_map(spec, "m", BPFL_MAP_BTF, BPFL_MAP_TYPE_RINGBUF, 0, 0, 4096);
	specgen_prog(spec, "main", "xdp",
		     FUNC("main", HELPER(1), HELPER(2), HELPER(131), ASK(6), JEQ(6, 0, 1), HELPER(181), EXIT));
	run(INTERFACE WITHOUT);
	ck_assert_str_eq(item_of(BPFL_CHECK_HELPER, 0)->name, "bpf_map_lookup_elem");
	ck_assert_int_eq(item_of(BPFL_CHECK_HELPER, 0)->status, BPFL_CHECK_OK);
	ck_assert_int_eq(item_of(BPFL_CHECK_HELPER, 1)->status, BPFL_CHECK_MISSING); /* 2 is only how many there are */
	ck_assert_int_eq(item_of(BPFL_CHECK_HELPER, 2)->status, BPFL_CHECK_MISSING);
	ck_assert_uint_eq(item_of(BPFL_CHECK_HELPER, 2)->since, BPFL_KERNEL_VERSION(5, 8, 0));
	ck_assert(item_of(BPFL_CHECK_HELPER, 3)->guarded);
	ck_assert(!item_of(BPFL_CHECK_HELPER, 3)->needed);
	ck_assert_int_eq(item_of(BPFL_CHECK_MAP_TYPE, 0)->status, BPFL_CHECK_MISSING);
	ck_assert_str_eq(item_of(BPFL_CHECK_MAP_TYPE, 0)->name, "ringbuf");
	ck_assert_int_eq(item_of(BPFL_CHECK_PROG_TYPE, 0)->status, BPFL_CHECK_MISSING);
	ck_assert_uint_eq(view.nr_lacking, 4);
	ck_assert_uint_eq(view.since, BPFL_KERNEL_VERSION(5, 8, 0)); /* bpf_loop (5.17) is guarded */
	ck_assert_str_eq(view.capabilities, "CAP_NET_ADMIN, CAP_BPF");
	done();
}
END_TEST

/* Without BTF the version decides what it can: nothing is taken back, but distributions carry things back. */
START_TEST(without_btf_the_version_decides)
{
	static const struct { uint32_t version; enum bpfl_check_status status; } rows[] = {
		{ BPFL_KERNEL_VERSION(5, 8, 0), BPFL_CHECK_OK },
		{ BPFL_KERNEL_VERSION(5, 7, 0), BPFL_CHECK_UNKNOWN },
		{ 0, BPFL_CHECK_UNKNOWN },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		spec_begin("var u32 v;");
		specgen_prog(spec, "main", "socket", FUNC("main", HELPER(131), EXIT));
		run_on(target_make(NULL, rows[i].version, NULL));
		ck_assert_int_eq(item_of(BPFL_CHECK_HELPER, 0)->status, rows[i].status);
		done();
	}
}
END_TEST

/* No map of the object, but one that loading makes. */
START_TEST(a_jump_table_takes_a_type_of_maps)
{
	static const uint32_t here[] = { 3 };

	spec_begin("var u32 v;");
	uint32_t func = FUNC("main", { 0x18, 1, 0, 0, 0, 0 }, { 0 }, { 0x0d, 1, 0, 0, 0, 0 }, MOV(0, 0), EXIT);

	specgen_jump_table(spec, "table", func, here, 1);
	specgen_ref(spec, func, 0, BPFL_REF_JUMP_TABLE, 0, 0);
	specgen_prog(spec, "main", "socket", func);
	run("enum bpf_map_type { BPF_MAP_TYPE_UNSPEC, BPF_MAP_TYPE_HASH };");
	ck_assert_str_eq(item_of(BPFL_CHECK_MAP_TYPE, 0)->name, "insn_array");
	ck_assert_int_eq(item_of(BPFL_CHECK_MAP_TYPE, 0)->status, BPFL_CHECK_MISSING);
	done();
}
END_TEST

START_TEST(variables_per_cpu_take_a_function_of_the_kernel)
{
	static const struct {
		const char *kernel;
		uint32_t version;
		enum bpfl_check_status status;
	} rows[] = {
		{ "func percpu_array_map_direct_value_addr(u32) u32;", 0, BPFL_CHECK_OK },
		{ "func array_map_direct_value_addr(u32) u32;", 0, BPFL_CHECK_MISSING },
		{ NULL, BPFL_KERNEL_VERSION(7, 3, 0), BPFL_CHECK_OK },
		{ NULL, BPFL_KERNEL_VERSION(7, 2, 0), BPFL_CHECK_UNKNOWN },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		spec_begin("var u32 v;");
		specgen_map(spec, ".percpu", BPFL_MAP_BSS, BPFL_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1);
		uint32_t func = FUNC("main", { 0x18, 1, 0, 0, 0, 0 }, { 0 }, MOV(0, 0), EXIT);

		specgen_ref(spec, func, 0, BPFL_REF_DATA, 0, 0);
		specgen_prog(spec, "main", "socket", func);
		run_on(target_make(rows[i].kernel, rows[i].version, NULL));
		ck_assert_str_eq(item_of(BPFL_CHECK_MAP_TYPE, 1)->name, "percpu_array of variables");
		ck_assert_msg(item_of(BPFL_CHECK_MAP_TYPE, 1)->status == rows[i].status, "row %zu", i);
		ck_assert(item_of(BPFL_CHECK_MAP_TYPE, 1)->needed);
		done();
	}
}
END_TEST

/* Flags are members of an enum without a name; old ones are in every kernel that has BTF. */
START_TEST(flags_of_maps_are_those_that_the_kernel_names)
{
	static const struct {
		const char *kernel;
		uint32_t version, type, flags;
		int status; /* -1: no item */
		bool needed;
	} rows[] = {
		{ "enum { A = 7 }; enum { BPF_F_NO_PREALLOC = 1, BPF_F_LINK = 8192 };", 0, BPFL_MAP_TYPE_HASH, 1u << 13, BPFL_CHECK_OK, true },
		{ "enum { A = 7 }; enum { BPF_F_NO_PREALLOC = 1 };", BPFL_KERNEL_VERSION(6, 12, 0), BPFL_MAP_TYPE_HASH, 1u << 13,
		  BPFL_CHECK_MISSING, true },
		{ "enum { A = 7 };", BPFL_KERNEL_VERSION(6, 12, 0), BPFL_MAP_TYPE_HASH, 1u << 13, BPFL_CHECK_OK, true },
		{ "enum { A = 7 };", BPFL_KERNEL_VERSION(6, 1, 0), BPFL_MAP_TYPE_HASH, 1u << 13, BPFL_CHECK_UNKNOWN, true },
		{ "enum { BPF_F_NO_PREALLOC = 1 };", 0, BPFL_MAP_TYPE_HASH, 1u, -1, false },
		{ "enum { BPF_F_NO_PREALLOC = 1 };", 0, BPFL_MAP_TYPE_HASH, 1u << 10, BPFL_CHECK_MISSING, true },
		{ "enum { BPF_F_NO_PREALLOC = 1 };", 0, BPFL_MAP_TYPE_ARRAY, 1u << 10, BPFL_CHECK_MISSING, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bpfl_check_item *item;

		spec_begin("var u32 v;");
		specgen_map(spec, "m", BPFL_MAP_BTF, rows[i].type, 4, 4, 1)->flags = rows[i].flags;
		specgen_prog(spec, "main", "socket", FUNC("main", MOV(0, 0), EXIT));
		run_on(target_make(rows[i].kernel, rows[i].version, NULL));
		size_t nr = 0;
		while ((item = bpfl_check_item(check, nr)) && item->kind != BPFL_CHECK_MAP_FLAG) {
			nr++;
		}
		ck_assert_msg((item ? (int)item->status : -1) == rows[i].status, "row %zu", i);
		ck_assert_msg(!item || item->needed == rows[i].needed, "row %zu", i);
		done();
	}
}
END_TEST

/* Flags of programs are macros, but helpers that came with the same version are in the kernel's list. */
START_TEST(flags_of_programs_are_as_old_as_helpers)
{
	static const struct {
		const char *section, *kernel;
		uint32_t version;
		enum bpfl_check_status status;
	} rows[] = {
		{ "uprobe.s", "enum bpf_func_id { BPF_FUNC_unspec, BPF_FUNC_get_current_task_btf = 158 };", 0, BPFL_CHECK_MISSING },
		{ "uprobe.s", "enum bpf_func_id { BPF_FUNC_unspec, BPF_FUNC_tcp_raw_gen_syncookie_ipv4 = 204 };", 0, BPFL_CHECK_OK },
		{ "uprobe.s", "var u32 v;", 0, BPFL_CHECK_UNKNOWN },
		{ "uprobe.s", "var u32 v;", BPFL_KERNEL_VERSION(6, 1, 0), BPFL_CHECK_OK },
		{ "xdp.frags", "enum bpf_func_id { BPF_FUNC_unspec, BPF_FUNC_ima_file_hash = 193 };", 0, BPFL_CHECK_MISSING },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bpfl_check_item *item;

		spec_begin("var u32 v;");
		uint32_t prog = specgen_prog(spec, "main", rows[i].section, FUNC("main", MOV(0, 0), EXIT));
		spec->progs.items[prog].prog_flags = spec->progs.items[prog].hit.row->prog_flags;
		run_on(target_make(rows[i].kernel, rows[i].version, NULL));
		for (unsigned n = 0; !strchr((item = item_of(BPFL_CHECK_PROG_TYPE, n))->name, ','); n++)
			;
		ck_assert_msg(item->status == rows[i].status && item->needed, "row %zu: %s", i,
			      bpfl_check_status_name(item->kind, item->status));
		done();
	}
}
END_TEST

START_TEST(an_open_map_size_is_noted_and_the_check_goes_on)
{
	spec_begin(LOCAL);
	specgen_map(spec, "m", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 0);
	specgen_prog(spec, "main", "socket", FUNC("main", USE, EXIT));
	run(WITHOUT);
	ck_assert_uint_eq(view.nr_open, 1);
	ck_assert_uint_eq(view.nr_lacking, 1);
	CHECK_HAS(item_of(BPFL_CHECK_MAP_SIZE, 0)->text, "--map m.max_entries=N");
	done();
}
END_TEST

START_TEST(what_no_kernel_would_take_is_an_error)
{
	struct bpfl_target *target = target_make(WITHOUT, 0, NULL);

	spec_begin(LOCAL);
	specgen_prog(spec, "main", "my_section", FUNC("main", MOV(0, 0), EXIT));
	CHECK_FAILS(bpfl_check_run(spec, target, NULL, &check, &err), err, BPFL_ERR_OBJECT, EINVAL,
		    "test.bpf.o: program 'main'");
	bpfl_target_destroy(target);
	check = NULL;
	done();
}
END_TEST

/* ---- words ---- */

START_TEST(as_lines_and_as_json)
{
	char *text;

	spec_begin(LOCAL);
	specgen_prog(spec, "main", "raw_tp/x", FUNC("main", ASK(2), JEQ(2, 0, 1), USE, HELPER(1), EXIT));
	run(WITHOUT);
	CHECK_OK(bpfl_check_text(check, BPFL_FORMAT_TEXT, false, "o", "k", &text, &err), err);
	ck_assert_str_eq(text, "  absent   attach       program 'main': raw_tp/x: the kernel has no tracepoint of this "
			       "name\n");
	free(text);
	CHECK_OK(bpfl_check_text(check, BPFL_FORMAT_TEXT, true, "o", "k", &text, &err), err);
	CHECK_HAS(text, "program 'main', instruction 2: struct s has no field 'a'");
	CHECK_HAS(text, "[guarded: no path leads there]");
	CHECK_HAS(text, "[the program asks]");
	CHECK_HAS(text, "bpf_map_lookup_elem: since Linux 3.19");
	free(text);
	CHECK_OK(bpfl_check_text(check, BPFL_FORMAT_JSON, true, "o\"", "k", &text, &err), err);
	CHECK_HAS(text, "{\"v\":1,\"type\":\"check\",\"object\":\"o\\\"\",\"kernel\":\"k\",\"verdict\":\"lacks\","
			"\"loads\":\"fits\"");
	CHECK_HAS(text, "\"relocations\":{\"ok\":0,\"moved\":0,\"resized\":0,\"missing\":2,\"guarded\":1}");
	CHECK_HAS(text, "\"capabilities\":[\"CAP_PERFMON\",\"CAP_BPF\"]");
	CHECK_HAS(text,
		  "\"kind\":\"attach\",\"name\":\"raw_tp/x\",\"status\":\"absent\",\"needed\":true,\"at\":\"attach\"");
	free(text);
	done();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_use_behind_its_question_is_guarded,
		a_use_that_a_path_leads_to_is_not_guarded, the_places_of_a_jump_table_are_reached,
		what_stands_behind_poison_is_dead,
		answers_are_followed_through_arithmetic,
		where_paths_meet_only_what_they_agree_on_is_known,
		functions_pass_constants_and_return_them,
		global_functions_nobody_calls_depend_on_the_version,
		read_only_data_is_constant_and_other_data_is_not,
		a_relocation_is_ok_moved_resized_or_missing,
		externs_are_present_absent_or_unknown,
		a_missing_extern_does_not_hide_the_next,
		calls_of_weak_functions,
		calls_without_asking_are_needed,
		flags_of_programs_are_as_old_as_helpers,
		a_jump_table_takes_a_type_of_maps,
		variables_per_cpu_take_a_function_of_the_kernel,
		flags_of_maps_are_those_that_the_kernel_names,
		a_configuration_decides_branches,
		hooks_are_looked_for_where_the_btf_has_traces,
		places_that_are_no_matter_of_the_kernel_are_left_out,
		helpers_and_types_are_those_that_the_kernel_numbers,
		without_btf_the_version_decides,
		an_open_map_size_is_noted_and_the_check_goes_on,
		what_no_kernel_would_take_is_an_error,
		as_lines_and_as_json,
	};

	return bpfl_test_main(BPFL_TEST_SUITE("image_check", tests));
}
