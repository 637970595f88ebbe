/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/btf_min: the part of a kernel's BTF that objects need.
 *
 * Rows of object's types, kernel's types and records. With the small BTF every record must have the same answer
 * as with the whole one, and the small BTF must not hold what nobody asked for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "btfc.h"
#include "btfgen.h"
#include "harness.h"
#include "image/image.h"
#include "specgen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;

#define MAX_RECORDS 6

struct record {
	const char *root;
	uint32_t kind;
	const char *access;
	uint32_t old;
};

struct row {
	const char *name, *local, *kernel;
	struct record records[MAX_RECORDS];
	uint32_t max_types; /* of the small BTF, void included; 0: any number */
};

/* A program of one "r1 = number" for each record. */
static struct bpfl_spec *spec_make(const struct row *row)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t func = specgen_func(spec, "main_fn", MAX_RECORDS + 1);

	spec->btf = btfc_read(row->local, false);
	for (uint32_t i = 0; i < MAX_RECORDS && row->records[i].root; i++) {
		struct bpfl_core *core = BPFL_VEC_PUSH(&spec->cores);
		struct bpfl_inst *inst = &spec->funcs.items[func].insts[i];

		core->type_id = btfc_id(spec->btf, row->records[i].root);
		core->kind = row->records[i].kind;
		core->access = row->records[i].access;
		inst->core_idx = (int32_t)i;
		inst->insn = bpfl_insn_make(BPFL_CODE_MOV64_K, 1, 0, 0,
					    core->kind == 7 ? (int32_t)core->type_id : (int32_t)row->records[i].old);
	}
	specgen_prog(spec, "main_fn", "socket", func);
	return spec;
}

static struct bpfl_target *target_make(struct bpfl_btf *btf)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts), .kernel_version = 0x060c00, .page_size = 4096 };
	struct bpfl_target *target;

	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	target->btf = btf;
	return target;
}

static struct bpfl_btf *min_make(struct bpfl_target *target, const struct bpfl_spec *spec)
{
	struct bpfl_btf_min *min;
	struct bpfl_btf *btf;
	void *bytes;
	size_t size;

	CHECK_OK(bpfl_btf_min_create(target, &min, &err), err);
	CHECK_OK(bpfl_btf_min_add(min, spec, NULL, &err), err);
	CHECK_OK(bpfl_btf_min_finish(min, &bytes, &size, &err), err);
	CHECK_OK(bpfl_btf_read(bytes, size, NULL, &btf, &err), err); /* the strict reader takes it */
	ck_assert_int_eq(bpfl_btf_is_foreign(btf), bpfl_btf_is_foreign(target->btf)); /* and it is for that machine */
	free(bytes);
	bpfl_btf_min_destroy(min);
	return btf;
}

/* The instructions of an image, copied. */
static struct bpfl_insn *insns_of(const struct bpfl_spec *spec, struct bpfl_target *target)
{
	struct bpfl_image *image;

	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	struct bpfl_insn *insns = bpfl_memdup(image->progs[0].insns, image->progs[0].nr_insns * sizeof(*insns));
	bpfl_image_destroy(image);
	return insns;
}

static void row_check(const struct row *row, bool swap)
{
	struct bpfl_spec *spec = spec_make(row);
	struct bpfl_target *whole = target_make(btfc_read(row->kernel, swap));
	struct bpfl_btf *small_btf = min_make(whole, spec);
	uint32_t nr_types = bpfl_btf_nr_types(small_btf);
	struct bpfl_target *small = target_make(small_btf);
	struct bpfl_insn *before = insns_of(spec, whole), *after = insns_of(spec, small);

	for (int i = 0; i < MAX_RECORDS; i++) {
		ck_assert_msg(memcmp(&before[i], &after[i], sizeof(*before)) == 0,
			      "%s: record %d: opcode 0x%02x %d, not 0x%02x %d", row->name, i, after[i].code,
			      after[i].imm, before[i].code, before[i].imm);
	}
	ck_assert_msg(row->max_types == 0 || nr_types <= row->max_types, "%s: %u types, not %u", row->name, nr_types,
		      row->max_types);
	free(after);
	free(before);
	bpfl_target_destroy(small);
	bpfl_target_destroy(whole);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}

static void rows_check(const struct row *rows, size_t nr_rows)
{
	for (size_t i = 0; i < nr_rows; i++) {
		row_check(&rows[i], false);
		row_check(&rows[i], true);
	}
}
#define ROWS_CHECK(rows) rows_check(rows, sizeof(rows) / sizeof((rows)[0]))

START_TEST(fields_keep_their_places)
{
	static const struct row rows[] = {
		{ "one of many", "struct s { u32 c; };", "struct x { u64 a[9]; }; struct s { u64 a; struct x b; u32 c; u32 d; };",
		  { { "struct s", 0, "0:0", 0 }, { "struct s", 1, "0:0", 4 }, { "struct s", 2, "0:0", 1 }, { "struct s", 3, "0:0", 0 } }, 3 },
		{ "nested", "struct i { u32 y; }; struct s { struct i i; };",
		  "struct i { u64 x; u32 y; }; struct s { u64 a; struct i i; u64 z; };", { { "struct s", 0, "0:0:0", 0 } }, 4 },
		{ "anonymous on the way", "struct s { u32 b; };", "struct s { u64 a; struct { u64 c; union { u64 d; u32 b; }; }; };",
		  { { "struct s", 0, "0:0", 0 } }, 5 },
		{ "typedef and const", "struct s { u32 b; };", "typedef u32 t; struct s { u64 a; const t b; };",
		  { { "struct s", 0, "0:0", 0 }, { "struct s", 1, "0:0", 4 } }, 5 },
		{ "pointer to nothing", "struct s { struct s *p; };", "struct o { u64 a; }; struct s { u64 a; struct o *p; };",
		  { { "struct s", 0, "0:0", 0 }, { "struct s", 1, "0:0", 8 } }, 3 },
		{ "bit-field", "struct s { u32 a : 3; u32 b : 7; };", "struct s { u64 x; u32 a : 5; u32 b : 4; };",
		  { { "struct s", 0, "0:1", 0 }, { "struct s", 4, "0:1", 54 }, { "struct s", 5, "0:1", 57 } }, 3 },
		{ "size of a whole member", "struct i { u32 x; }; struct s { struct i i; };",
		  "struct i { u64 a; u64 b; }; struct s { u64 c; struct i i; };", { { "struct s", 1, "0:0", 4 } }, 3 },
		{ "element", "struct s { u32 a[4]; };", "struct s { u64 x; u32 a[8]; };", { { "struct s", 0, "0:0:3", 12 } }, 6 },
		{ "missing stays missing", "struct s { u32 a; u32 b; };", "struct s { u32 a; u32 c; };",
		  { { "struct s", 0, "0:1", 4 }, { "struct s", 2, "0:1", 1 }, { "struct s", 0, "0:0", 0 } }, 3 },
		{ "another sort of type stays that", "struct s { u32 a; };", "struct s { u32 *a; };", { { "struct s", 2, "0:0", 1 } }, 2 },
		{ "no type", "struct s { u32 a; };", "struct t { u32 a; };", { { "struct s", 0, "0:0", 0 }, { "struct s", 8, "0", 1 } }, 1 },
	};
	ROWS_CHECK(rows);
}
END_TEST

/* Leaving members out must not make an array flexible that is not. */
START_TEST(the_end_of_a_struct_stays_its_end)
{
	static const struct row rows[] = {
		{ "empty, in the middle", "struct s { u32 a[4]; };", "struct s { u32 a[0]; u64 n; };",
		  { { "struct s", 2, "0:0", 1 }, { "struct s", 2, "0:0:3", 1 } }, 0 },
		{ "flexible", "struct s { u32 a[4]; };", "struct s { u64 n; u32 a[]; };",
		  { { "struct s", 2, "0:0", 1 }, { "struct s", 0, "0:0:3", 12 } }, 0 },
	};
	ROWS_CHECK(rows);
}
END_TEST

START_TEST(all_candidates_stay)
{
	static const struct row rows[] = {
		{ "each has one of the fields", "struct s { u32 a; u32 b; };",
		  "struct s { u32 a; u64 x; }; struct s___2 { u64 y; u32 z; u32 b; };",
		  { { "struct s", 0, "0:0", 0 }, { "struct s", 0, "0:1", 4 } }, 0 },
		{ "equal ones", "struct s { u32 a; };", "struct s { u64 x; u32 a; }; struct s___2 { u64 y; u32 a; u64 z; };",
		  { { "struct s", 0, "0:0", 0 } }, 4 },
	};
	ROWS_CHECK(rows);
}
END_TEST

START_TEST(types_and_enumerators)
{
	static const struct row rows[] = {
		{ "exists and has a size", "struct s { u32 a; };", "struct s { u64 b[5]; };",
		  { { "struct s", 8, "0", 1 }, { "struct s", 9, "0", 4 } }, 2 },
		{ "behind pointers", "struct s { u32 a; }; typedef struct s **f;", "struct s { u64 a; }; typedef struct s **f;",
		  { { "typedef f", 8, "0", 1 }, { "typedef f", 9, "0", 8 } }, 5 },
		{ "another one behind pointers", "struct s { u32 a; }; typedef struct s **f;", "typedef u64 **f;",
		  { { "typedef f", 8, "0", 1 } }, 0 },
		{ "ids stay", "struct s { u32 a; };", "struct x { u64 b; }; struct y { u64 c; }; struct s { u32 a; };",
		  { { "struct s", 7, "0", 0 }, { "struct s", 0, "0:0", 0 } }, 0 },
		{ "matches", "struct i { u32 x; }; struct s { u32 a; struct i i; struct i *p; };",
		  "struct i { u32 x; u64 y; }; struct s { u64 q; u32 a; struct i i; struct i *p; };", { { "struct s", 12, "0", 1 } }, 0 },
		{ "does not match deep inside", "struct i { u32 x; }; struct s { struct i i; };",
		  "struct i { u64 x; }; struct s { struct i i; };", { { "struct s", 12, "0", 1 } }, 0 },
		{ "enum matches", "enum e { A, B };", "enum e { A, B, C };", { { "enum e", 12, "0", 1 } }, 0 },
		{ "enumerators", "enum e { A = 1, B = 2 };", "enum e { C = 1, B = 7, D = 9 };",
		  { { "enum e", 11, "1", 2 }, { "enum e", 10, "1", 1 }, { "enum e", 10, "0", 1 }, { "enum e", 8, "0", 1 } }, 2 },
		{ "enumerators of 64 bits", "enum64 e { A = 1 };", "enum64 e { C = 1, A = 7 };", { { "enum e", 11, "0", 1 } }, 2 },
	};
	ROWS_CHECK(rows);
}
END_TEST

START_TEST(what_nobody_asked_for_is_left_out)
{
	static const struct row row = { "one field", "struct s { u32 b; };", "struct s { u64 a; u32 b; u64 c; };",
					{ { "struct s", 0, "0:0", 0 } }, 0 };
	struct bpfl_spec *spec = spec_make(&row);
	struct bpfl_target *whole = target_make(btfc_read(row.kernel, false));
	struct bpfl_btf *btf = min_make(whole, spec);
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, btfc_id(btf, "struct s"));
	size_t size;

	ck_assert_uint_eq(bpfl_btf_vlen(type), 1);
	ck_assert_uint_eq(type->size, 24); /* the size is the kernel's */
	ck_assert_uint_eq(bpfl_btf_member_bit_off(type, 0), 64);
	ck_assert_str_eq(bpfl_btf_string(btf, bpfl_btf_members(type)[0].name_off), "b");
	bpfl_btf_bytes(btf, &size);
	ck_assert_uint_lt(size, 100);
	bpfl_btf_destroy(btf);
	bpfl_target_destroy(whole);
	bpfl_spec_destroy(spec);
}
END_TEST

START_TEST(objects_add_up)
{
	static const struct row first = { "first", "struct s { u32 a; };", "", { { "struct s", 0, "0:0", 0 } }, 0 },
				second = { "second", "struct s { u32 b; };", "", { { "struct s", 0, "0:0", 0 } }, 0 };
	struct bpfl_target *whole = target_make(btfc_read("struct s { u64 x; u32 a; u64 y; u32 b; };", false));
	struct bpfl_spec *specs[] = { spec_make(&first), spec_make(&second) };
	struct bpfl_btf_min *min;
	struct bpfl_btf *btf;
	void *bytes;
	size_t size;

	CHECK_OK(bpfl_btf_min_create(whole, &min, &err), err);
	for (int i = 0; i < 2; i++) {
		CHECK_OK(bpfl_btf_min_add(min, specs[i], NULL, &err), err);
		bpfl_spec_destroy(specs[i]);
	}
	CHECK_OK(bpfl_btf_min_finish(min, &bytes, &size, &err), err);
	CHECK_OK(bpfl_btf_read(bytes, size, NULL, &btf, &err), err);
	ck_assert_uint_eq(bpfl_btf_vlen(bpfl_btf_type(btf, btfc_id(btf, "struct s"))), 2);
	bpfl_btf_destroy(btf);
	free(bytes);
	bpfl_btf_min_destroy(min);
	bpfl_target_destroy(whole);
}
END_TEST

/*
 * Types that a kernel cannot have: references out of range, in circles, to themselves. Nothing hangs,
 * nothing crashes.
 */
START_TEST(hostile_types_of_the_kernel)
{
	static const struct row row = { "hostile", "struct s { u32 a; };", "",
					{ { "struct s", 0, "0:0", 0 }, { "struct s", 8, "0", 1 }, { "struct s", 12, "0", 1 } }, 0 };
	static const uint32_t member_types[] = { 1, 2, 3, 77, UINT32_MAX };

	for (size_t i = 0; i < sizeof(member_types) / sizeof(member_types[0]); i++) {
		struct bpfl_btf *btf = btfc_read("struct s { u32 a; }; typedef u32 t; struct q { t *x; };", false);
		struct bpfl_btf_type *type = (struct bpfl_btf_type *)bpfl_btf_type(btf, btfc_id(btf, "struct s"));
		struct bpfl_btf_member *member = (struct bpfl_btf_member *)bpfl_btf_members(type);
		struct bpfl_btf_type *loop = (struct bpfl_btf_type *)bpfl_btf_type(btf, btfc_id(btf, "typedef t"));

		member->type = member_types[i];
		loop->type = btfc_id(btf, "typedef t");
		struct bpfl_target *target = target_make(btf);
		struct bpfl_spec *spec = spec_make(&row);
		struct bpfl_btf_min *min;
		void *bytes = NULL;
		size_t size;

		CHECK_OK(bpfl_btf_min_create(target, &min, &err), err);
		if (bpfl_btf_min_add(min, spec, NULL, &err) == 0) {
			CHECK_OK(bpfl_btf_min_finish(min, &bytes, &size, &err), err);
		}
		free(bytes);
		bpfl_btf_min_destroy(min);
		bpfl_spec_destroy(spec);
		bpfl_target_destroy(target);
		bpfl_error_clear(&err);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		fields_keep_their_places,    the_end_of_a_struct_stays_its_end, all_candidates_stay,
		types_and_enumerators,       what_nobody_asked_for_is_left_out, objects_add_up,
		hostile_types_of_the_kernel,
	};

	return bpfl_test_main(BPFL_TEST_SUITE("image_btf_min", tests));
}
