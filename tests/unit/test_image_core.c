/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/core_*: CO-RE.
 *
 * Most tests are rows of one table: the object's types, the kernel's types, a record, the instruction that
 * carries it, and what becomes of the instruction. Each row runs twice, with BTF in the machine's byte order
 * and in the other.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "btfc.h"
#include "btfgen.h"
#include "harness.h"
#include "image/core.h"
#include "image/core_match.h"
#include "image/image.h"
#include "specgen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;

/* The instruction that carries the record; the number it holds is the row's `old`. */
enum form { MOV, MOV32, ADD, LDX1, LDX2, LDX4, LDX8, LDSX4, ST4, STX4, ATOMIC4, IMM64, IMM64_MAP, IMM64_HALF, CALL, MOV_REG };

static const uint8_t opcodes[] = {
	[MOV] = 0xb7,	[MOV32] = 0xb4,	  [ADD] = 0x07,	    [LDX1] = 0x71,	[LDX2] = 0x69,	     [LDX4] = 0x61,
	[LDX8] = 0x79,	[LDSX4] = 0x81,	  [ST4] = 0x62,	    [STX4] = 0x63,	[ATOMIC4] = 0xc3,   [IMM64] = 0x18,
	[IMM64_MAP] = 0x18, [IMM64_HALF] = 0x18, [CALL] = 0x85, [MOV_REG] = 0xbf,
};

enum outcome { GIVES, POISONS, FAILS };

struct row {
	const char *name, *local, *kernel;
	const char *root;
	uint32_t kind;
	const char *access;
	enum form form;
	int64_t old;
	enum outcome outcome;
	int64_t now;	  /* GIVES */
	const char *text; /* part of the sentence, or of the error */
	uint8_t opcode;	  /* GIVES: the new opcode where the width changes; 0: as before */
};

/* ---- one row ---- */

static bool form_is_off(enum form form)
{
	return form >= LDX1 && form <= ATOMIC4;
}

static bool form_is_imm64(enum form form)
{
	return form >= IMM64 && form <= IMM64_HALF;
}

static struct bpfl_spec *spec_make(const struct row *row, bool swap)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t func = specgen_func(spec, "main_fn", 6);
	struct bpfl_inst *insts = spec->funcs.items[func].insts;
	struct bpfl_core *core = BPFL_VEC_PUSH(&spec->cores);

	spec->btf = btfc_read(row->local, swap);
	core->type_id = btfc_id(spec->btf, row->root);
	core->kind = row->kind;
	core->access = row->access;
	specgen_prog(spec, "main_fn", "socket", func);
	insts[2].core_idx = 0;
	insts[2].insn = bpfl_insn_make(opcodes[row->form], 1,
				       row->form == IMM64_MAP ? 1
				       : row->form == MOV_REG ? 2
							      : 0,
				       0, 0);
	if (form_is_off(row->form)) {
		insts[2].insn.off = (int16_t)row->old;
		insts[2].insn.imm = row->form == ST4 ? -1 : 0;
	} else {
		insts[2].insn.imm = (int32_t)row->old;
	}
	if (row->form == IMM64 || row->form == IMM64_MAP) {
		insts[3].insn = bpfl_insn_make(0, 0, 0, 0, (int32_t)(row->old >> 32));
	}
	return spec;
}

static struct bpfl_target *target_make(const char *kernel, bool swap)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts), .kernel_version = 0x060c00, .page_size = 4096 };
	struct bpfl_target *target = NULL;

	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	target->btf = kernel ? btfc_read(kernel, swap) : NULL;
	return target;
}

static int64_t number_of(const struct bpfl_insn *insn, enum form form)
{
	return form_is_off(form)   ? insn->off :
	       form_is_imm64(form) ? (int64_t)((uint64_t)(uint32_t)insn[1].imm << 32 | (uint32_t)insn->imm) :
				     insn->imm;
}

static void poison_check(const struct row *row, const struct bpfl_insn *insns)
{
	for (unsigned i = 0; i < (row->form == IMM64 ? 2u : 1u); i++) {
		ck_assert_msg(insns[i].code == BPFL_CODE_CALL && insns[i].imm == BPFL_POISON_CORE_IMM &&
				      insns[i].regs == 0 && insns[i].off == 0,
			      "%s: slot %u is not poisoned: opcode 0x%02x", row->name, i, insns[i].code);
	}
}

/* What a result of the first program says; valid until the next call. */
static const char *words_of(const struct bpfl_image *image, size_t idx)
{
	static char words[1024];
	struct bpfl_buf text = BPFL_BUF_INIT;

	ck_assert_uint_lt(idx, image->progs[0].core_results.nr);
	bpfl_core_result_text(image, &image->progs[0], &image->progs[0].core_results.items[idx], &text);
	ck_assert(bpfl_buf_ok(&text));
	snprintf(words, sizeof(words), "%s", text.data ? text.data : "");
	bpfl_buf_deinit(&text);
	return words;
}

static void row_check(const struct row *row, bool swap)
{
	struct bpfl_spec *spec = spec_make(row, swap);
	struct bpfl_target *target = target_make(row->kernel, swap);
	struct bpfl_image *image = NULL;
	int result = bpfl_image_build(spec, target, NULL, &image, &err);

	if (row->outcome == FAILS) {
		ck_assert_msg(result < 0, "%s: succeeded", row->name);
		ck_assert_msg(strstr(err.message, row->text) != NULL, "%s: '%s' is not in: %s", row->name, row->text,
			      err.message);
		CHECK_HAS(err.message, "program 'main_fn': instruction 2: CO-RE record 0 (");
	} else {
		ck_assert_msg(result == 0, "%s: %s", row->name, err.message);
		const struct bpfl_insn *insn = &image->progs[0].insns[2];
		ck_assert_uint_eq(image->progs[0].core_results.nr, 1);
		const struct bpfl_core_result *core = &image->progs[0].core_results.items[0];
		const char *words = words_of(image, 0);

		ck_assert_msg(core->poisoned == (row->outcome == POISONS), "%s: %s", row->name, words);
		ck_assert_uint_eq(core->insn_idx, 2);
		if (row->outcome == POISONS) {
			poison_check(row, insn);
		} else {
			ck_assert_msg(number_of(insn, row->form) == row->now, "%s: %lld, not %lld (%s)", row->name,
				      (long long)number_of(insn, row->form), (long long)row->now, words);
			ck_assert_msg(insn->code == (row->opcode ? row->opcode : opcodes[row->form]),
				      "%s: opcode 0x%02x", row->name, insn->code);
		}
		ck_assert_msg(!row->text || strstr(words, row->text), "%s: '%s' is not in: %s", row->name, row->text,
			      words);
	}
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
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

/* ---- fields: where ---- */

START_TEST(a_field_is_found_by_its_name)
{
	static const struct row rows[] = {
		{ "same place", "struct s { u32 a; u32 b; };", "struct s { u32 a; u32 b; };", "struct s", 0, "0:1", LDX4, 4, GIVES, 4,
		  "struct s.b (0:1): byte 4 -> 4", 0 },
		{ "moved", "struct s { u32 a; u32 b; };", "struct s { u64 x[4]; u32 b; };", "struct s", 0, "0:1", LDX4, 4, GIVES, 32,
		  "byte 4 -> 32", 0 },
		{ "root without members before it", "struct s { u32 b; };", "struct s { u64 x; u32 b; };", "struct s", 0, "0:0", ADD, 0,
		  GIVES, 8, NULL, 0 },
		{ "the root itself", "struct s { u32 b; };", "struct s { u64 x; };", "struct s", 0, "0", MOV, 0, GIVES, 0, NULL, 0 },
		{ "second root", "struct s { u32 b; };", "struct s { u64 x; u32 b; };", "struct s", 0, "1:0", MOV, 4, GIVES, 24,
		  "struct s[1].b (1:0): byte 4 -> 24", 0 },
		{ "nested", "struct i { u32 x; u32 y; }; struct s { u32 a; struct i i; };",
		  "struct i { u64 z; u32 y; }; struct s { u64 b; struct i i; };", "struct s", 0, "0:1:1", LDX4, 8, GIVES, 16,
		  "struct s.i.y (0:1:1): byte 8 -> 16", 0 },
		{ "struct became union", "struct i { u32 x; u32 y; }; struct s { struct i i; };",
		  "union i { u32 x; u32 y; }; struct s { u64 p; union i i; };", "struct s", 0, "0:0:1", LDX4, 4, GIVES, 8, NULL, 0 },
		{ "into an anonymous struct", "struct s { u32 a; u32 b; };", "struct s { u32 a; struct { u64 c; union { u32 d; u32 b; }; }; };",
		  "struct s", 0, "0:1", LDX4, 4, GIVES, 16, NULL, 0 },
		{ "out of an anonymous struct", "struct s { u32 a; struct { u32 b; u32 c; }; };", "struct s { u32 c; u32 a; };", "struct s",
		  0, "0:1:1", LDX4, 8, GIVES, 0, "struct s.c (0:1:1): byte 8 -> 0", 0 },
		{ "behind an anonymous struct without it", "struct s { u32 a; };", "struct s { u64 y; struct { u64 x; u32 z; }; u32 a; };",
		  "struct s", 0, "0:0", LDX4, 0, GIVES, 24, NULL, 0 },
		{ "through typedefs and const", "typedef u32 t; struct s { const t a; volatile t b; };",
		  "typedef u32 v; struct s { u64 x; const v b; };", "struct s", 0, "0:1", LDX4, 4, GIVES, 8, NULL, 0 },
		{ "typedef as the root", "typedef struct { u32 a; u32 b; } t;", "typedef struct { u64 c; u32 b; } t;", "typedef t", 0, "0:1",
		  LDX4, 4, GIVES, 8, "t.b (0:1)", 0 },
		{ "local flavour", "struct s___old { u32 a; };", "struct s { u64 x; u32 a; };", "struct s___old", 0, "0:0", LDX4, 0, GIVES,
		  8, NULL, 0 },
		{ "kernel flavour", "struct s { u32 a; };", "struct s___v2 { u64 x; u32 a; };", "struct s", 0, "0:0", LDX4, 0, GIVES, 8,
		  NULL, 0 },
		{ "no such field, with a flavour", "struct s___x { u32 a; };", "struct s { u32 b; };", "struct s___x", 0, "0:0", LDX4, 0, POISONS,
		  0, "struct s has no field 'a' in", 0 },
		{ "no such field", "struct s { u32 a; u32 b; };", "struct s { u32 a; u32 c; };", "struct s", 0, "0:1", LDX4, 4, POISONS, 0,
		  "struct s has no field 'b' in the BTF of kernel 6.12.0", 0 },
		{ "no such field, nested", "struct i { u32 x; u32 y; }; struct s { struct i i; };", "struct i { u32 x; }; struct s { struct i i; };",
		  "struct s", 0, "0:0:1", LDX4, 4, POISONS, 0, "struct s.i has no field 'y'", 0 },
		{ "no such type", "struct s { u32 a; };", "struct t { u32 a; };", "struct s", 0, "0:0", MOV, 0, POISONS, 0,
		  "there is no struct s in the BTF", 0 },
		{ "same name, other kind of type", "struct s { u32 a; };", "union s { u32 a; };", "struct s", 0, "0:0", MOV, 0, POISONS, 0,
		  "there is no struct s", 0 },
		{ "only declared there", "struct s { u32 a; };", "struct t { struct s *p; };", "struct s", 0, "0:0", MOV, 0, POISONS, 0,
		  "there is no struct s", 0 },
		{ "store", "struct s { u32 a; u32 b; };", "struct s { u64 x; u32 b; };", "struct s", 0, "0:1", STX4, 4, GIVES, 8, NULL, 0 },
		{ "offset in 64 bits", "struct s { u32 a; u32 b; };", "struct s { u64 x; u32 b; };", "struct s", 0, "0:1", IMM64, 4, GIVES,
		  8, NULL, 0 },
	};
	ROWS_CHECK(rows);
}
END_TEST

START_TEST(field_types_must_be_of_one_sort)
{
	static const struct row rows[] = {
		{ "integers of any size", "struct s { u32 a; };", "struct s { u8 x; s64 a; };", "struct s", 0, "0:0", MOV, 0, GIVES, 8, NULL,
		  0 },
		{ "pointers to anything", "struct s { u32 *a; };", "struct t { u8 x; }; struct s { u64 x; struct t *a; };", "struct s", 0,
		  "0:0", LDX8, 0, GIVES, 8, NULL, 0 },
		{ "pointer became integer", "struct s { u32 *a; };", "struct s { u64 a; };", "struct s", 0, "0:0", LDX8, 0, POISONS, 0,
		  "struct s.a is 'u64', which cannot be read as", 0 },
		{ "integer became struct", "struct s { u32 a; };", "struct i { u32 v; }; struct s { struct i a; };", "struct s", 0, "0:0",
		  LDX4, 0, POISONS, 0, "cannot be read as 'u32'", 0 },
		{ "floats", "struct s { float f; };", "struct s { u64 x; double f; };", "struct s", 0, "0:0", MOV, 0, GIVES, 8, NULL, 0 },
		{ "enums of one name", "enum e { A }; struct s { enum e v; };", "enum e { B }; struct s { u32 x; enum e v; };", "struct s", 0,
		  "0:0", LDX4, 0, GIVES, 4, NULL, 0 },
		{ "enum and enum64", "enum e { A }; struct s { enum e v; };", "enum64 e { B }; struct s { u32 x; enum64 e v; };", "struct s", 0,
		  "0:0", MOV, 0, GIVES, 8, NULL, 0 },
		{ "enum flavours", "enum e___x { A }; struct s { enum e___x v; };", "enum e { B }; struct s { u32 x; enum e v; };", "struct s",
		  0, "0:0", LDX4, 0, GIVES, 4, NULL, 0 },
		{ "enums of two names", "enum e { A }; struct s { enum e v; };", "enum f { A }; struct s { enum f v; };", "struct s", 0, "0:0",
		  LDX4, 0, POISONS, 0, "cannot be read as 'enum e'", 0 },
		{ "anonymous enum", "enum e { A }; struct s { enum e v; };", "struct s { u32 x; enum { A } v; };", "struct s", 0, "0:0", LDX4,
		  0, GIVES, 4, NULL, 0 },
		{ "array of structs to array of unions", "struct i { u8 b; }; struct s { struct i a[2]; };",
		  "union i { u8 b; }; struct s { u32 x; union i a[2]; };", "struct s", 0, "0:0:1:0", LDX1, 1, GIVES, 5, NULL, 0 },
		{ "wrong one in an anonymous struct, right one behind it", "struct s { u32 a; };",
		  "struct s { struct { u64 x; u32 *a; }; u32 b; };", "struct s", 0, "0:0", MOV, 0, POISONS, 0, "cannot be read", 0 },
	};
	ROWS_CHECK(rows);
}
END_TEST

START_TEST(arrays_are_bounded_unless_they_end_a_struct)
{
	static const struct row rows[] = {
		{ "element", "struct s { u32 a[4]; };", "struct s { u64 x; u32 a[4]; };", "struct s", 0, "0:0:3", LDX4, 12, GIVES, 20,
		  "struct s.a[3] (0:0:3)", 0 },
		{ "larger elements", "struct i { u32 x; u32 y; }; struct s { struct i a[4]; };",
		  "struct i { u64 z; u32 x; u32 y; }; struct s { struct i a[4]; };", "struct s", 0, "0:0:2:1", LDX4, 20, GIVES, 44, NULL, 0 },
		{ "two dimensions", "struct s { u16 a[3][4]; };", "struct s { u32 x; u16 a[3][5]; };", "struct s", 0, "0:0:2:1", LDX2, 18,
		  GIVES, 26, NULL, 0 },
		{ "array became shorter", "struct s { u32 a[4]; };", "struct s { u32 a[3]; };", "struct s", 0, "0:0:3", LDX4, 12, POISONS, 0,
		  "struct s.a is 'u32[3]', which has no element 3", 0 },
		{ "still long enough", "struct s { u32 a[4]; };", "struct s { u32 a[3]; };", "struct s", 0, "0:0:2", LDX4, 8, GIVES, 8, NULL,
		  0 },
		{ "flexible on both sides", "struct s { u32 n; u32 a[]; };", "struct s { u64 n; u32 a[]; };", "struct s", 0, "0:1:5", LDX4,
		  24, GIVES, 28, NULL, 0 },
		{ "became flexible", "struct s { u32 a[4]; };", "struct s { u64 n; u32 a[]; };", "struct s", 0, "0:0:3", LDX4, 12, GIVES,
		  20, NULL, 0 },
		{ "empty but not last", "struct s { u32 a[4]; };", "struct s { u32 a[0]; u64 n; };", "struct s", 0, "0:0:3", LDX4, 12,
		  POISONS, 0, "no element 3", 0 },
		{ "trailing [1] is not flexible", "struct s { u32 a[4]; };", "struct s { u32 a[1]; };", "struct s", 0, "0:0:3", LDX4, 12,
		  POISONS, 0, "no element 3", 0 },
		{ "no array any more", "struct s { u32 a[4]; };", "struct s { u32 a; };", "struct s", 0, "0:0:0", LDX4, 0, POISONS, 0,
		  "struct s.a is 'u32'", 0 },
	};
	ROWS_CHECK(rows);
}
END_TEST

START_TEST(a_load_follows_the_width_of_its_field_or_is_poisoned)
{
	static const struct row rows[] = {
		{ "u32 to u64", "struct s { u32 a; };", "struct s { u64 a; };", "struct s", 0, "0:0", LDX4, 0, GIVES, 0, "4 -> 8 bytes", 0x79 },
		{ "u64 to u16", "struct s { u64 a; };", "struct s { u16 x; u16 a; };", "struct s", 0, "0:0", LDX8, 0, GIVES, 2, NULL, 0x69 },
		{ "u16 to u8", "struct s { u16 a; };", "struct s { u8 a; };", "struct s", 0, "0:0", LDX2, 0, GIVES, 0, NULL, 0x71 },
		{ "u8 to u32", "struct s { u8 a; };", "struct s { u32 a; };", "struct s", 0, "0:0", LDX1, 0, GIVES, 0, NULL, 0x61 },
		{ "bool is not signed", "struct s { bool a; };", "struct s { u32 a; };", "struct s", 0, "0:0", LDX1, 0, GIVES, 0, NULL, 0x61 },
		{ "store", "struct s { u32 a; };", "struct s { u64 a; };", "struct s", 0, "0:0", STX4, 0, GIVES, 0, NULL, 0x7b },
		{ "element", "struct s { u32 a[2]; };", "struct s { u64 a[2]; };", "struct s", 0, "0:0:1", LDX4, 4, GIVES, 8, NULL, 0x79 },
		{ "array as its first element", "struct s { u32 a[2]; };", "struct s { u64 x; u32 a[7]; };", "struct s", 0, "0:0", LDX4, 0,
		  GIVES, 8, NULL, 0 },
		{ "s32 to s64", "struct s { s32 a; };", "struct s { s64 a; };", "struct s", 0, "0:0", LDX4, 0, POISONS, 0,
		  "struct s.a (0:0): it has another size there", 0 },
		{ "u32 to s64", "struct s { u32 a; };", "struct s { s64 a; };", "struct s", 0, "0:0", LDX4, 0, POISONS, 0, "another size", 0 },
		{ "s32 to u64", "struct s { s32 a; };", "struct s { u64 a; };", "struct s", 0, "0:0", LDX4, 0, POISONS, 0, "another size", 0 },
		{ "sign alone is no matter", "struct s { u32 a; };", "struct s { u64 x; s32 a; };", "struct s", 0, "0:0", LDX4, 0, GIVES, 8,
		  NULL, 0 },
		{ "sign-extending load", "struct s { u32 a; };", "struct s { u64 a; };", "struct s", 0, "0:0", LDSX4, 0, POISONS, 0,
		  "cannot follow", 0 },
		{ "sign-extending load, same size", "struct s { s32 a; };", "struct s { u64 x; s32 a; };", "struct s", 0, "0:0", LDSX4, 0,
		  GIVES, 8, NULL, 0 },
		{ "atomic", "struct s { u32 a; };", "struct s { u64 a; };", "struct s", 0, "0:0", ATOMIC4, 0, POISONS, 0, "cannot follow", 0 },
		{ "constant -1 to a wider field", "struct s { u32 a; };", "struct s { u64 a; };", "struct s", 0, "0:0", ST4, 0, POISONS, 0,
		  "cannot follow", 0 },
		{ "constant -1 to a narrower field", "struct s { u32 a; };", "struct s { u16 a; };", "struct s", 0, "0:0", ST4, 0, GIVES, 0,
		  NULL, 0x6a },
		{ "part of a field", "struct s { u32 a; };", "struct s { u64 a; };", "struct s", 0, "0:0", LDX1, 0, POISONS, 0,
		  "cannot follow", 0 },
		{ "part of a field of the same size", "struct s { u32 a; };", "struct s { u64 x; u32 a; };", "struct s", 0, "0:0", LDX1, 0,
		  GIVES, 8, NULL, 0 },
		{ "enum", "enum e { A }; struct s { enum e v; };", "enum e : 8 { A }; struct s { enum e v; };", "struct s", 0, "0:0", LDX4, 0,
		  POISONS, 0, "another size", 0 },
		{ "became a bit-field", "struct s { u32 a; };", "struct s { u32 a : 3; };", "struct s", 0, "0:0", LDX4, 0, POISONS, 0,
		  "it is a bit-field there", 0 },
		{ "address of what became a bit-field", "struct s { u32 a; };", "struct s { u64 x; u32 a : 3; };", "struct s", 0, "0:0", MOV, 0,
		  GIVES, 8, NULL, 0 },
		{ "addresses have no width", "struct s { s32 a; };", "struct s { s64 x; s64 a; };", "struct s", 0, "0:0", ADD, 0, GIVES, 8,
		  NULL, 0 },
		{ "farther than an offset reaches", "struct s { u32 a; };", "struct s { u64 x[4096]; u32 a; };", "struct s", 0, "0:0", LDX4, 0,
		  POISONS, 0, "too far", 0 },
		{ "as far as an offset reaches", "struct s { u8 a; };", "struct s { u8 x[32767]; u8 a; };", "struct s", 0, "0:0", LDX1, 0,
		  GIVES, 32767, NULL, 0 },
	};
	ROWS_CHECK(rows);
}
END_TEST

/* ---- fields: what ---- */

#define BITS_LOCAL "struct s { u32 a : 3; u32 b : 7; s32 c : 4; u8 d; };"
#define BITS_MOVED "struct s { u64 x; u32 y : 20; u32 b : 10; s32 c : 4; u8 d; };" /* b at bit 84, c at bit 96 */

START_TEST(size_sign_and_shifts_of_a_field)
{
	static const struct row rows[] = {
		{ "size", "struct s { u32 a; };", "struct s { u64 a; };", "struct s", 1, "0:0", MOV, 4, GIVES, 8, "struct s.a (0:0): size 4 -> 8",
		  0 },
		{ "size of an element", "struct s { u32 a[4]; };", "struct s { u16 a[4]; };", "struct s", 1, "0:0:1", MOV, 4, GIVES, 2, NULL, 0 },
		{ "size of an array", "struct s { char a[4]; };", "struct s { char a[16]; };", "struct s", 1, "0:0", MOV, 4, GIVES, 16, NULL, 0 },
		{ "size of what is missing", "struct s { u32 a; };", "struct s { u32 b; };", "struct s", 1, "0:0", MOV, 4, POISONS, 0, NULL, 0 },
		{ "exists", "struct s { u32 a; };", "struct s { u64 x; u32 a; };", "struct s", 2, "0:0", MOV, 1, GIVES, 1, "exists 1 -> 1", 0 },
		{ "does not exist", "struct s { u32 a; };", "struct s { u64 x; };", "struct s", 2, "0:0", MOV, 1, GIVES, 0,
		  "exists 1 -> 0 (struct s has no field 'a')", 0 },
		{ "exists with another sort of type", "struct s { u32 a; };", "struct s { u32 *a; };", "struct s", 2, "0:0", MOV, 1, GIVES, 0,
		  NULL, 0 },
		{ "field of a missing type", "struct s { u32 a; };", "struct t { u64 x; };", "struct s", 2, "0:0", MOV32, 1, GIVES, 0, NULL, 0 },
		{ "signed", "struct s { u32 a; };", "struct s { s64 a; };", "struct s", 3, "0:0", MOV, 0, GIVES, 1, "signed 0 -> 1", 0 },
		{ "signed enum", "enum e { A }; struct s { enum e a; };", "enum e : s4 { A = -1 }; struct s { enum e a; };", "struct s", 3, "0:0",
		  MOV, 0, GIVES, 1, NULL, 0 },
		{ "sign of an element", "struct s { u32 a[2]; };", "struct s { s32 a[2]; };", "struct s", 3, "0:0:1", MOV, 0, GIVES, 1, NULL, 0 },
		{ "bit-field offset", BITS_LOCAL, BITS_MOVED, "struct s", 0, "0:1", MOV, 0, GIVES, 8, NULL, 0 },
		{ "bit-field size", BITS_LOCAL, BITS_MOVED, "struct s", 1, "0:1", MOV, 4, GIVES, 4, NULL, 0 },
		{ "bit-field left shift", BITS_LOCAL, BITS_MOVED, "struct s", 4, "0:1", MOV, 54, GIVES, 64 - 30, NULL, 0 },
		{ "bit-field right shift", BITS_LOCAL, BITS_MOVED, "struct s", 5, "0:1", MOV, 57, GIVES, 54, NULL, 0 },
		{ "bit-field sign", BITS_LOCAL, BITS_MOVED, "struct s", 3, "0:2", MOV, 1, GIVES, 1, NULL, 0 },
		{ "bit-field in its own unit", BITS_LOCAL, BITS_MOVED, "struct s", 0, "0:2", MOV, 0, GIVES, 12, NULL, 0 },
		{ "the compiler may have chosen another container", BITS_LOCAL, BITS_MOVED, "struct s", 0, "0:2", MOV, 1, GIVES, 12, NULL, 0 },
		{ "but the right shift is certain", BITS_LOCAL, BITS_MOVED, "struct s", 5, "0:1", MOV, 56, FAILS, 0, "holds 56", 0 },
		{ "bit-field became plain: left shift", BITS_LOCAL, "struct s { u16 b; };", "struct s", 4, "0:1", MOV, 54, GIVES, 48, NULL, 0 },
		{ "bit-field became plain: right shift", BITS_LOCAL, "struct s { u16 b; };", "struct s", 5, "0:1", MOV, 57, GIVES, 48, NULL, 0 },
		{ "plain became bit-field: size", "struct s { u16 b; };", BITS_LOCAL, "struct s", 1, "0:0", MOV, 2, GIVES, 4, NULL, 0 },
		{ "shift of a struct", "struct s { u32 a; };", "struct i { u64 x[2]; }; struct s { struct i a; };", "struct s", 4, "0:0", MOV,
		  32, POISONS, 0, NULL, 0 },
		{ "direct access to bits at the same place", BITS_LOCAL, "struct s { u64 x; u32 y : 3; u32 b : 7; };", "struct s", 0, "0:1",
		  LDX4, 0, GIVES, 8, NULL, 0 },
		{ "direct access to more bits", BITS_LOCAL, "struct s { u64 x; u32 y : 3; u32 b : 9; };", "struct s", 0, "0:1", LDX4, 0, POISONS, 0,
		  "its bits have moved", 0 },
		{ "direct access to bits that moved", BITS_LOCAL, BITS_MOVED, "struct s", 0, "0:1", LDX4, 0, POISONS, 0,
		  "its bits have moved", 0 },
	};
	ROWS_CHECK(rows);
}
END_TEST

/*
 * Packed bits across a byte boundary need a larger container; nine bytes is too far. BTF made by hand: C
 * has no such layout here.
 */
static uint64_t bit_value(uint32_t kind, uint32_t bit_off, uint32_t bit_size, uint32_t type_size, bool big_endian,
			  int *ret_result)
{
	struct btfgen gen;
	struct bpfl_core_path path;
	struct bpfl_core_value value = { 0 };
	struct bpfl_core_miss miss;

	btfgen_init(&gen, false);
	uint32_t type = btfgen_int(&gen, "t", type_size, 0);
	uint32_t s = btfgen_struct(&gen, "s", 64);
	btfgen_bit_field(&gen, "f", type, bit_off, bit_size);
	struct bpfl_btf *btf = btfgen_read(&gen);
	ck_assert_ptr_nonnull(btf);
	btfgen_deinit(&gen);
	CHECK_OK(bpfl_core_path_parse(btf, s, kind, "0:0", &path, &err), err);
	*ret_result = bpfl_core_value_get(&path, big_endian, &value, &miss);
	ck_assert(*ret_result == 0 || miss.reason == BPFL_CORE_MISS_BITS);
	bpfl_btf_destroy(btf);
	return value.value;
}

START_TEST(the_container_of_a_bit_field_is_the_smallest_that_holds_it)
{
	static const struct {
		uint32_t bit_off, bit_size, type_size;
		uint64_t byte_off, size, left_le, left_be, right;
	} rows[] = {
		{ 3, 7, 4, 0, 4, 54, 35, 57 },	 /* inside one int */
		{ 10, 4, 1, 1, 1, 58, 58, 60 },	 /* bits 2..5 of byte 1 */
		{ 6, 4, 1, 0, 2, 54, 54, 60 },	 /* across two bytes: two bytes */
		{ 14, 4, 1, 0, 4, 46, 46, 60 },	 /* across bytes 1 and 2: four bytes, from 0 */
		{ 30, 4, 4, 0, 8, 30, 30, 60 },	 /* across two ints */
		{ 64, 64, 8, 8, 8, 0, 0, 0 },
		{ 120, 8, 1, 15, 1, 56, 56, 56 },
	};
	int result;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t off = rows[i].bit_off, bits = rows[i].bit_size, size = rows[i].type_size;

		ck_assert_uint_eq(bit_value(0, off, bits, size, false, &result), rows[i].byte_off);
		ck_assert_uint_eq(bit_value(1, off, bits, size, false, &result), rows[i].size);
		ck_assert_uint_eq(bit_value(4, off, bits, size, false, &result), rows[i].left_le);
		ck_assert_uint_eq(bit_value(4, off, bits, size, true, &result), rows[i].left_be);
		ck_assert_uint_eq(bit_value(5, off, bits, size, false, &result), rows[i].right);
		ck_assert_int_eq(result, 0);
	}
	bit_value(0, 62, 4, 8, false, &result);
	ck_assert_int_eq(result, -ENOENT);
}
END_TEST

/* ---- types ---- */

START_TEST(types_exist_have_a_size_and_an_id)
{
	static const struct row rows[] = {
		{ "exists", "struct s { u32 a; };", "struct s { u64 x; };", "struct s", 8, "0", MOV, 1, GIVES, 1, "struct s (0): exists 1 -> 1",
		  0 },
		{ "does not exist", "struct s { u32 a; };", "union s { u64 x; };", "struct s", 8, "0", MOV, 1, GIVES, 0,
		  "exists 1 -> 0 (there is no struct s)", 0 },
		{ "size", "struct s { u32 a; };", "struct s { u64 x[3]; };", "struct s", 9, "0", MOV, 4, GIVES, 24, "size 4 -> 24", 0 },
		{ "a missing type has size 0", "struct s { u32 a; };", "u32;", "struct s", 9, "0", MOV, 4, GIVES, 0, "there is no", 0 },
		{ "id in the kernel's BTF", "struct s { u32 a; };", "struct x { u64 y; }; struct s { u64 x; };", "struct s", 7, "0", IMM64, 2,
		  GIVES, 3, "kernel type id", 0 },
		{ "a missing type has id 0", "struct s { u32 a; };", "struct x { u64 y; };", "struct s", 7, "0", IMM64, 2, GIVES, 0, NULL, 0 },
		{ "what was in the instruction does not matter to ids", "struct s { u32 a; };", "struct s { u64 x; };", "struct s", 7, "0",
		  IMM64, 77, GIVES, 2, NULL, 0 },
		{ "local id", "struct x { u8 y; }; struct s { u32 a; };", NULL, "struct s", 6, "0", IMM64, 1, GIVES, 2, "local type id 4 -> 2", 0 },
		{ "typedefs", "typedef u32 t;", "typedef u64 t;", "typedef t", 9, "0", MOV, 4, GIVES, 8, NULL, 0 },
		{ "typedef of another sort", "typedef u32 t;", "typedef u32 *t;", "typedef t", 8, "0", MOV, 1, GIVES, 0,
		  "t is made differently", 0 },
		{ "enum and enum64", "enum e { A };", "enum64 e { A };", "enum e", 9, "0", MOV, 4, GIVES, 8, NULL, 0 },
		{ "pointers are followed", "struct x { u8 b; }; typedef struct x *t;", "union x { u8 b; }; typedef union x *t;", "typedef t", 8,
		  "0", MOV, 1, GIVES, 0, NULL, 0 },
		{ "function types", "typedef func (u32, u64 *) u32 t;", "typedef func (s64, u8 *) u8 t;", "typedef t", 8, "0", MOV, 1, GIVES, 1,
		  NULL, 0 },
		{ "function types with another parameter", "typedef func (u32, u64 *) u32 t;", "typedef func (u32, u64) u32 t;", "typedef t", 8,
		  "0", MOV, 1, GIVES, 0, NULL, 0 },
		{ "function types with fewer parameters", "typedef func (u32, u64) u32 t;", "typedef func (u32) u32 t;", "typedef t", 8, "0",
		  MOV, 1, GIVES, 0, NULL, 0 },
		{ "function types that return something else", "typedef func (u32) u32 t;", "typedef func (u32) void t;", "typedef t", 8, "0",
		  MOV, 1, GIVES, 0, NULL, 0 },
		{ "integers by name", "u32;", "u32;", "u32", 8, "0", MOV, 1, GIVES, 1, NULL, 0 },
		{ "flavour", "struct s___v9 { u32 a; };", "struct s { u64 x; };", "struct s___v9", 8, "0", MOV, 1, GIVES, 1, NULL, 0 },
	};
	ROWS_CHECK(rows);
}
END_TEST

START_TEST(a_type_matches_when_it_has_all_that_the_local_one_has)
{
	static const struct row rows[] = {
		{ "equal", "struct s { u32 a; };", "struct s { u32 a; };", "struct s", 12, "0", MOV, 1, GIVES, 1, "matches 1 -> 1", 0 },
		{ "more members, other order", "struct s { u32 a; u8 b; };", "struct s { u64 c; u8 b; u32 a; };", "struct s", 12, "0", MOV, 1,
		  GIVES, 1, NULL, 0 },
		{ "a member less", "struct s { u32 a; u8 b; };", "struct s { u64 c; u32 a; };", "struct s", 12, "0", MOV, 1, GIVES, 0, NULL, 0 },
		{ "other size", "struct s { u32 a; };", "struct s { u64 a; };", "struct s", 12, "0", MOV, 1, GIVES, 0, NULL, 0 },
		{ "other sign", "struct s { u32 a; };", "struct s { s32 a; };", "struct s", 12, "0", MOV, 1, GIVES, 0, NULL, 0 },
		{ "behind a pointer names suffice", "struct x { u32 q; }; struct s { struct x *a; };",
		  "struct x { u64 r; }; struct s { struct x *a; };", "struct s", 12, "0", MOV, 1, GIVES, 1, NULL, 0 },
		{ "behind a pointer another name", "struct x { u32 q; }; struct s { struct x *a; };",
		  "struct y { u32 q; }; struct s { struct y *a; };", "struct s", 12, "0", MOV, 1, GIVES, 0, NULL, 0 },
		{ "declared here, defined there", "struct s { struct x *a; };", "struct x { u32 q; }; struct s { struct x *a; };", "struct s",
		  12, "0", MOV, 1, GIVES, 1, NULL, 0 },
		{ "declared as a union here, a struct there", "struct s { union x *a; };", "struct x { u32 q; }; struct s { struct x *a; };",
		  "struct s", 12, "0", MOV, 1, GIVES, 0, NULL, 0 },
		{ "declared as a union here, as a struct there", "struct s { union x *a; };", "struct s { struct x *a; };", "struct s", 12, "0", MOV,
		  1, GIVES, 0, NULL, 0 },
		{ "declared on both sides", "struct s { union x *a; };", "struct s { union x *a; };", "struct s", 12, "0", MOV, 1, GIVES, 1, NULL, 0 },
		{ "defined here, declared there", "union x { u32 q; }; struct s { union x *a; };", "struct s { union x *a; };", "struct s", 12,
		  "0", MOV, 1, GIVES, 1, NULL, 0 },
		{ "array length counts", "struct s { u32 a[4]; };", "struct s { u32 a[5]; };", "struct s", 12, "0", MOV, 1, GIVES, 0, NULL, 0 },
		{ "member by value is compared", "struct x { u32 q; }; struct s { struct x a; };",
		  "struct x { u64 q; }; struct s { struct x a; };", "struct s", 12, "0", MOV, 1, GIVES, 0, NULL, 0 },
		{ "anonymous members", "struct s { struct { u32 q; }; };", "struct s { struct { u8 q; }; struct { u32 q; u32 r; }; };",
		  "struct s", 12, "0", MOV, 1, GIVES, 1, NULL, 0 },
		{ "enumerators by name", "enum e { A, B };", "enum e { B = 7, A, C };", "enum e", 12, "0", MOV, 1, GIVES, 1, NULL, 0 },
		{ "an enumerator less", "enum e { A, B };", "enum e { B, C };", "enum e", 12, "0", MOV, 1, GIVES, 0, NULL, 0 },
		{ "enum of another size", "enum e { A };", "enum64 e { A };", "enum e", 12, "0", MOV, 1, GIVES, 0, NULL, 0 },
		{ "functions", "typedef func (u32, char *) void t;", "typedef func (u32, char *) void t;", "typedef t", 12, "0", MOV, 1, GIVES,
		  1, NULL, 0 },
		{ "functions of other parameters", "typedef func (u32) void t;", "typedef func (u64) void t;", "typedef t", 12, "0", MOV, 1,
		  GIVES, 0, NULL, 0 },
		{ "no such type", "struct s { u32 a; };", "u32;", "struct s", 12, "0", MOV, 1, GIVES, 0, NULL, 0 },
	};
	ROWS_CHECK(rows);
}
END_TEST

/* ---- enumerators ---- */

START_TEST(enumerators_are_found_by_name)
{
	static const struct row rows[] = {
		{ "exists", "enum e { A, B };", "enum e { B };", "enum e", 10, "1", MOV, 1, GIVES, 1, "enum e.B (1): exists 1 -> 1", 0 },
		{ "does not exist", "enum e { A, B };", "enum e { A };", "enum e", 10, "1", MOV, 1, GIVES, 0,
		  "exists 1 -> 0 (enum e has no enumerator 'B')", 0 },
		{ "value", "enum e { A = 1, B = 2 };", "enum e { X, B = 9 };", "enum e", 11, "1", IMM64, 2, GIVES, 9, "value 2 -> 9", 0 },
		{ "value in 32 bits", "enum e { A = 1, B = 2 };", "enum e { B = -9 };", "enum e", 11, "1", MOV, 2, GIVES, -9, NULL, 0 },
		{ "missing value", "enum e { A = 1, B = 2 };", "enum e { A = 1 };", "enum e", 11, "1", IMM64, 2, POISONS, 0,
		  "enum e has no enumerator 'B' in the BTF", 0 },
		{ "negative", "enum e { A = -5 };", "enum e : s4 { A = -7 };", "enum e", 11, "0", IMM64, -5, GIVES, -7, NULL, 0 },
		{ "zero became negative", "enum e { A };", "enum e : s4 { A = -7 };", "enum e", 11, "0", IMM64, 0, GIVES, -7, NULL, 0 },
		{ "unsigned with the top bit", "enum e { A = 0xffffffff };", "enum e { A = 0xfffffff0 };", "enum e", 11, "0", IMM64, 0xffffffff,
		  GIVES, 0xfffffff0, NULL, 0 },
		{ "64 bits", "enum64 e { A = 0x100000000 };", "enum64 e { A = 0x300000004 };", "enum e", 11, "0", IMM64, 0x100000000, GIVES,
		  0x300000004, NULL, 0 },
		{ "32 became 64 bits", "enum e { A = 1 };", "enum64 e { A = 0x300000004 };", "enum e", 11, "0", IMM64, 1, GIVES, 0x300000004,
		  NULL, 0 },
		{ "64 bits cut by an old compiler", "enum e : 8 { A = 4 };", "enum64 e { A = 0x300000004 };", "enum e", 11, "0", IMM64,
		  0x300000004, GIVES, 0x300000004, NULL, 0 },
		{ "64 bits cut on both sides", "enum e : 8 { A = 4 };", "enum e : 8 { A = 4 };", "enum e", 11, "0", IMM64, 0x300000004, POISONS,
		  0, "keeps only 32 of the 64 bits", 0 },
		{ "does not fit the instruction", "enum e { A = 1 };", "enum64 e { A = 0x300000004 };", "enum e", 11, "0", MOV, 1, POISONS, 0,
		  "does not fit", 0 },
		{ "fits without a sign only", "enum e { A = 1 };", "enum64 e { A = 0xffffffff };", "enum e", 11, "0", MOV, 1, POISONS, 0,
		  "does not fit", 0 },
		{ "fits a 32-bit move", "enum e { A = 1 };", "enum64 e { A = 0xffffffff };", "enum e", 11, "0", MOV32, 1, GIVES, -1, NULL, 0 },
		{ "flavours of type and enumerator", "enum e___x { A___x = 1 };", "enum e { A = 6 };", "enum e___x", 11, "0", IMM64, 1, GIVES, 6,
		  NULL, 0 },
		{ "typedef of an enum", "typedef enum { A = 1 } t;", "typedef enum { A = 8 } t;", "typedef t", 11, "0", IMM64, 1, GIVES, 8,
		  NULL, 0 },
	};
	ROWS_CHECK(rows);
}
END_TEST

/* ---- records that no compiler writes ---- */

#define S "struct s { u32 a; u32 b[3]; };"

START_TEST(malformed_records_are_errors)
{
	static const struct row rows[] = {
		{ "kind", S, S, "struct s", 13, "0:0", MOV, 0, FAILS, 0, "unknown kind", 0 },
		{ "huge kind", S, S, "struct s", 0xffffffff, "0:0", MOV, 0, FAILS, 0, "kind 4294967295 is not known", 0 },
		{ "empty access", S, S, "struct s", 0, "", MOV, 0, FAILS, 0, "index 0 of the access string is no number", 0 },
		{ "negative index", S, S, "struct s", 0, "-1:0", MOV, 0, FAILS, 0, "no number", 0 },
		{ "negative second index", S, S, "struct s", 0, "0:-1", MOV, 0, FAILS, 0, "index 1 of the access string is no number", 0 },
		{ "words", S, S, "struct s", 0, "0:a", MOV, 0, FAILS, 0, "no number", 0 },
		{ "end missing", S, S, "struct s", 0, "0:", MOV, 0, FAILS, 0, "no number", 0 },
		{ "two colons", S, S, "struct s", 0, "0::1", MOV, 0, FAILS, 0, "no number", 0 },
		{ "spaces", S, S, "struct s", 0, "0: 1", MOV, 0, FAILS, 0, "no number", 0 },
		{ "33 bits", S, S, "struct s", 0, "4294967296:0", MOV, 0, FAILS, 0, "too large", 0 },
		{ "more than 64 bits", S, S, "struct s", 0, "99999999999999999999999999", MOV, 0, FAILS, 0, "too large", 0 },
		{ "huge root index", S, S, "struct s", 0, "4294967295:0", MOV, 0, FAILS, 0, "leads out of every type", 0 },
		{ "so huge that its bits are 0 again", "struct s { u32 a[536870912]; };", S, "struct s", 0, "1073741824:0:0", MOV, 0, FAILS, 0,
		  "leads out of every type", 0 },
		{ "member out of range", S, S, "struct s", 0, "0:2", MOV, 0, FAILS, 0, "member 2 of 'struct s', which has 2", 0 },
		{ "element out of range", S, S, "struct s", 0, "0:1:3", MOV, 0, FAILS, 0, "element 3 of an array of 3", 0 },
		{ "into an integer", S, S, "struct s", 0, "0:0:0", MOV, 0, FAILS, 0, "goes into 'u32', which has no members", 0 },
		{ "too deep", S, S, "struct s", 0,
		  "0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0",
		  MOV, 0, FAILS, 0, "more than 64 indexes", 0 },
		{ "type with members", S, S, "struct s", 8, "0:1", MOV, 1, FAILS, 0, "not '0'", 0 },
		{ "type with an index", S, S, "struct s", 9, "1", MOV, 8, FAILS, 0, "not '0'", 0 },
		{ "enumerator of a struct", S, S, "struct s", 11, "0", MOV, 0, FAILS, 0, "'struct s' is no enum", 0 },
		{ "enumerator out of range", "enum e { A };", "enum e { A };", "enum e", 11, "1", MOV, 0, FAILS, 0, "which has 1", 0 },
		{ "enumerator with two indexes", "enum e { A };", "enum e { A };", "enum e", 11, "0:0", MOV, 0, FAILS, 0, "not the number", 0 },
		{ "jump", S, S, "struct s", 0, "0:0", CALL, 0, FAILS, 0, "no place for a number", 0 },
		{ "register move", S, S, "struct s", 0, "0:0", MOV_REG, 0, FAILS, 0, "no place for a number", 0 },
		{ "ld_imm64 of a map", S, S, "struct s", 0, "0:0", IMM64_MAP, 0, FAILS, 0, "no place for a number", 0 },
		{ "half an ld_imm64", S, S, "struct s", 0, "0:0", IMM64_HALF, 0, FAILS, 0, "without its second half", 0 },
		{ "wrong old offset", S, S, "struct s", 0, "0:1", LDX4, 8, FAILS, 0, "holds 8 where the object's types give 4", 0 },
		{ "wrong old immediate", S, S, "struct s", 0, "0:1", MOV, -4, FAILS, 0, "holds -4", 0 },
		{ "negative old offset", S, S, "struct s", 0, "0:0", LDX4, -4, FAILS, 0, "holds -4", 0 },
		{ "wrong old 64 bits", S, S, "struct s", 0, "0:1", IMM64, 0x100000004, FAILS, 0, "holds 4294967300", 0 },
		{ "wrong old enumerator", "enum e { A = 1 };", "enum e { A };", "enum e", 11, "0", IMM64, 0x100000001, FAILS, 0, "holds", 0 },
		{ "checked even if poisoned", S, "u32;", "struct s", 0, "0:1", LDX4, 8, FAILS, 0, "holds 8", 0 },
	};
	ROWS_CHECK(rows);
}
END_TEST

static int core_build(struct bpfl_spec *spec, struct bpfl_target *target, struct bpfl_image **ret_image)
{
	*ret_image = NULL;
	return bpfl_image_build(spec, target, NULL, ret_image, &err);
}

START_TEST(bad_type_ids_are_errors)
{
	static const struct row row = { "ids", S, S, "struct s", 0, "0:0", MOV, 0, GIVES, 0, NULL, 0 };
	static const uint32_t ids[] = { 0, 1000, 0xffffffff };
	struct bpfl_image *image;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct bpfl_spec *spec = spec_make(&row, false);
		struct bpfl_target *target = target_make(S, false);

		spec->cores.items[0].type_id = ids[i];
		CHECK_FAILS(core_build(spec, target, &image), err, BPFL_ERR_OBJECT, EINVAL, "is not in 1..");
		bpfl_target_destroy(target);
		bpfl_spec_destroy(spec);
	}
	bpfl_error_clear(&err);
}
END_TEST

START_TEST(a_type_without_a_name_is_an_error_but_has_a_local_id)
{
	static const struct row row = {
		"anonymous", "typedef struct { u32 a; } t;", S, "typedef t", 0, "0:0", MOV, 0, GIVES, 0, NULL, 0
	};
	struct bpfl_image *image;
	struct bpfl_spec *spec = spec_make(&row, false);
	struct bpfl_target *target = target_make(S, false);

	spec->cores.items[0].type_id = bpfl_btf_type(spec->btf, btfc_id(spec->btf, "typedef t"))->type;
	CHECK_FAILS(core_build(spec, target, &image), err, BPFL_ERR_OBJECT, EOPNOTSUPP, "a type without a name");
	spec->cores.items[0].kind = BPFL_CORE_TYPE_ID_LOCAL;
	spec->cores.items[0].access = "0";
	CHECK_OK(core_build(spec, target, &image), err);
	ck_assert_uint_eq((uint32_t)image->progs[0].insns[2].imm,
			  bpfl_image_btf_id(image, spec->cores.items[0].type_id));
	ck_assert_int_gt(image->progs[0].insns[2].imm, 0);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}
END_TEST

/* ---- several types of one name ---- */

/* Two structs s; the second one is written by hand because C has no second one. */
static struct bpfl_btf *two_structs(uint32_t b_off_of_second, bool second_has_c)
{
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t u32 = btfgen_int(&gen, "u32", 4, 0);
	btfgen_struct(&gen, "s", 64);
	btfgen_member(&gen, "a", u32, 0);
	btfgen_member(&gen, "b", u32, 64);
	btfgen_struct(&gen, "s", 64);
	btfgen_member(&gen, "b", u32, b_off_of_second);
	if (second_has_c) {
		btfgen_member(&gen, "c", u32, 96);
	}
	struct bpfl_btf *btf = btfgen_read(&gen);
	ck_assert_ptr_nonnull(btf);
	btfgen_deinit(&gen);
	return btf;
}

/* A program whose first instructions ask for the fields in that order. */
static struct bpfl_spec *fields_spec(const char *const accesses[], const int16_t olds[], unsigned nr)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t func = specgen_func(spec, "main_fn", nr + 2);

	spec->btf = btfc_read("struct s { u32 a; u32 b; u32 c; };", false);
	for (unsigned i = 0; i < nr; i++) {
		struct bpfl_core *core = BPFL_VEC_PUSH(&spec->cores);
		struct bpfl_inst *inst = &spec->funcs.items[func].insts[i];

		core->type_id = btfc_id(spec->btf, "struct s");
		core->access = accesses[i];
		inst->insn = bpfl_insn_make(0x61, 1, 1, olds[i], 0);
		inst->core_idx = (int32_t)i;
	}
	specgen_prog(spec, "main_fn", "socket", func);
	return spec;
}

START_TEST(candidates_that_differ_are_an_error_that_lists_them)
{
	static const char *const accesses[] = { "0:1" };
	static const int16_t olds[] = { 4 };
	struct bpfl_spec *spec = fields_spec(accesses, olds, 1);
	struct bpfl_target *target = target_make(NULL, false);
	struct bpfl_image *image;

	target->btf = two_structs(128, false);
	CHECK_FAILS(core_build(spec, target, &image), err, BPFL_ERR_OBJECT, EINVAL,
		    "struct s.b (0:1) is ambiguous: the kernel's types 2 and 3 give 8 and 16");
	CHECK_HAS(err.why, "type 2: struct s, 2 members");
	CHECK_HAS(err.why, "type 3: struct s, 1 members");
	ck_assert(err.fix[0] != '\0');
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}
END_TEST

START_TEST(candidates_that_have_the_field_elsewhere_differ_even_in_whether_it_exists)
{
	static const char *const accesses[] = { "0:1" };
	static const int16_t olds[] = { 1 };
	struct bpfl_spec *spec = fields_spec(accesses, olds, 1);
	struct bpfl_target *target = target_make(NULL, false);
	struct bpfl_image *image;

	spec->cores.items[0].kind = BPFL_CORE_FIELD_EXISTS;
	target->btf = two_structs(128, false);
	CHECK_FAILS(core_build(spec, target, &image), err, BPFL_ERR_OBJECT, EINVAL,
		    "struct s.b (0:1) is ambiguous: it lies at bit 64 of the kernel's type 2 and at bit 128 of type 3");
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}
END_TEST

START_TEST(candidates_that_agree_are_fine)
{
	static const char *const accesses[] = { "0:1" };
	static const int16_t olds[] = { 4 };
	struct bpfl_spec *spec = fields_spec(accesses, olds, 1);
	struct bpfl_target *target = target_make(NULL, false);
	struct bpfl_image *image;

	target->btf = two_structs(64, false);
	CHECK_OK(core_build(spec, target, &image), err);
	ck_assert_int_eq(image->progs[0].insns[0].off, 8);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
}
END_TEST

START_TEST(the_miss_that_got_farthest_is_told)
{
	static const struct row row = { "miss",  "struct i { u32 x; u32 y; }; struct s { struct i i; };",
					NULL,    "struct s",
					0,       "0:0:1",
					LDX4,    4,
					POISONS, 0,
					NULL,    0 };
	struct bpfl_spec *spec = spec_make(&row, false);
	struct bpfl_target *target = target_make(NULL, false);
	struct bpfl_image *image;
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t u32 = btfgen_int(&gen, "u32", 4, 0);
	uint32_t inner = btfgen_struct(&gen, "i", 4);
	btfgen_member(&gen, "x", u32, 0);
	btfgen_struct(&gen, "s", 4);
	btfgen_member(&gen, "i", inner, 0);
	btfgen_struct(&gen, "s", 4);
	btfgen_member(&gen, "other", u32, 0);
	target->btf = btfgen_read(&gen);
	btfgen_deinit(&gen);
	CHECK_OK(core_build(spec, target, &image), err);
	CHECK_HAS(words_of(image, 0), "struct s.i has no field 'y'");
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
}
END_TEST

/*
 * A program may ask for a while it can do without: that one candidate has more of what it asks for does not
 * make it the one.
 */
START_TEST(the_candidate_that_has_most_is_not_taken_for_the_one)
{
	static const char *const orders[2][2] = { { "0:0", "0:1" }, { "0:1", "0:0" } };
	static const int16_t olds[2][2] = { { 0, 4 }, { 4, 0 } };

	for (unsigned i = 0; i < 4; i++) {
		struct bpfl_spec *spec = fields_spec(orders[i % 2], olds[i % 2], 2);
		struct bpfl_target *target = target_make(NULL, false);
		struct bpfl_image *image;

		if (i >= 2) { /* whether it has a is only a question */
			spec->cores.items[i % 2].kind = BPFL_CORE_FIELD_EXISTS;
			spec->funcs.items[0].insts[i % 2].insn = bpfl_insn_make(0xb7, 1, 0, 0, 1);
		}
		target->btf = two_structs(128, false); /* only the first has a */
		CHECK_FAILS(core_build(spec, target, &image), err, BPFL_ERR_OBJECT, EINVAL,
			    "struct s.b (0:1) is ambiguous: the kernel's types 2 and 3 give 8 and 16");
		bpfl_target_destroy(target);
		bpfl_spec_destroy(spec);
		bpfl_error_clear(&err);
	}
}
END_TEST

/* What only one of them has is no question of which (G-38). */
START_TEST(candidates_that_cannot_answer_do_not_count)
{
	static const char *const accesses[] = { "0:0" };
	static const int16_t olds[] = { 0 };
	struct bpfl_spec *spec = fields_spec(accesses, olds, 1);
	struct bpfl_target *target = target_make(NULL, false);
	struct bpfl_image *image;

	target->btf = two_structs(128, true);
	CHECK_OK(core_build(spec, target, &image), err);
	ck_assert_int_eq(image->progs[0].insns[0].off, 0);
	ck_assert(!image->progs[0].core_results.items[0].poisoned);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
}
END_TEST

START_TEST(candidates_with_as_much_that_differ_are_an_error_too)
{
	static const char *const accesses[] = { "0:0", "0:2", "0:1" };
	static const int16_t olds[] = { 0, 8, 4 };
	struct bpfl_spec *spec = fields_spec(accesses, olds, 3);
	struct bpfl_target *target = target_make(NULL, false);
	struct bpfl_image *image;

	target->btf = two_structs(128, true); /* one has a, the other c, both b */
	CHECK_FAILS(core_build(spec, target, &image), err, BPFL_ERR_OBJECT, EINVAL, "is ambiguous");
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}
END_TEST

/* ---- what is opened, what is kept ---- */

START_TEST(a_kernel_without_btf_matters_only_to_records_that_need_it)
{
	struct row row = { "local", S, NULL, "struct s", 6, "0", IMM64, 1, GIVES, 3, NULL, 0 };
	struct bpfl_image *image;

	row.now = (int64_t)0;
	struct bpfl_spec *spec = spec_make(&row, false);
	struct bpfl_target *target = target_make(NULL, false);
	CHECK_OK(core_build(spec, target, &image), err);
	bpfl_image_destroy(image);
	ck_assert_ptr_null(target->btf);
	spec->cores.items[0].kind = BPFL_CORE_TYPE_EXISTS;
	CHECK_FAILS(core_build(spec, target, &image), err, BPFL_ERR_UNSUPPORTED, ENOENT, "comes without BTF");
	ck_assert_int_eq(err.catalogue_id, 7);
	spec->progs.items[0].selected = false;
	CHECK_OK(core_build(spec, target, &image), err);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}
END_TEST

START_TEST(names_are_found_once_for_all_objects_of_a_target)
{
	struct bpfl_target *target = target_make("struct s { u32 a; }; struct t { u32 a; }; struct s___v2 { u64 a; };",
						 false);
	char of_first_object[] = "s\0nothing";
	struct bpfl_core_name first[] = { { of_first_object, 1, 0 },
					  { of_first_object + 2, 7, 0 },
					  { of_first_object, 1, 0 } };
	struct bpfl_core_name second[] = { { "t", 1, 0 }, { "s___zzz", 1, 0 } };
	size_t nr;

	CHECK_OK(bpfl_core_names_prepare(target, first, 3, &err), err);
	memset(of_first_object, 'x', sizeof(of_first_object)); /* the object goes, the answers stay */
	const uint32_t *ids = bpfl_core_names_get(target, "s", 1, &nr);
	ck_assert_uint_eq(nr, 2);
	ck_assert_str_eq(bpfl_btf_name(target->btf, ids[1]), "s___v2");
	ck_assert_ptr_null(bpfl_core_names_get(target, "nothing", 7, &nr));
	ck_assert_uint_eq(nr, 0);
	ck_assert_ptr_null(bpfl_core_names_get(target, "t", 1, &nr));
	CHECK_OK(bpfl_core_names_prepare(target, second, 2, &err), err);
	ck_assert_ptr_eq(bpfl_core_names_get(target, "s", 1, &nr), ids);
	bpfl_core_names_get(target, "t", 1, &nr);
	ck_assert_uint_eq(nr, 1);
	bpfl_target_destroy(target);
}
END_TEST

START_TEST(a_name_is_looked_for_again_when_other_kinds_are_wanted)
{
	struct bpfl_target *target = target_make("struct s { u32 a; };", false);
	struct bpfl_core_name names[] = { { "s", 1, 0 }, { "f", 1, 0 } };
	size_t nr;

	CHECK_OK(bpfl_core_names_prepare_kinds(target, names, 2, BPFL_BTF_KIND_BIT(BPFL_KIND_UNION), &err), err);
	bpfl_core_names_get(target, "s", 1, &nr);
	ck_assert_uint_eq(nr, 0);
	CHECK_OK(bpfl_core_names_prepare_kinds(target, names, 1, BPFL_BTF_KINDS_DATA, &err), err);
	const uint32_t *ids = bpfl_core_names_get(target, "s", 1, &nr);
	ck_assert_uint_eq(nr, 1);
	ck_assert_str_eq(bpfl_btf_name(target->btf, ids[0]), "s");
	/* Fewer kinds, or the same: known. */
	CHECK_OK(bpfl_core_names_prepare_kinds(target, names, 1, BPFL_BTF_KIND_BIT(BPFL_KIND_STRUCT), &err), err);
	ck_assert_ptr_eq(bpfl_core_names_get(target, "s", 1, &nr), ids);
	bpfl_core_names_get(target, "f", 1, &nr);
	ck_assert_uint_eq(nr, 0);
	CHECK_OK(bpfl_core_names_prepare(target, names, 2, &err), err);
	bpfl_core_names_get(target, "s", 1, &nr);
	ck_assert_uint_eq(nr, 1);
	bpfl_target_destroy(target);
}
END_TEST

START_TEST(poison_says_which_line_wanted_what)
{
	static const struct row row = { "line",
					"struct inode { u32 i_atime; };",
					"struct inode { u32 i_mtime; };",
					"struct inode",
					0,
					"0:0",
					LDX4,
					0,
					POISONS,
					0,
					NULL,
					0 };
	struct btfgen gen;
	struct bpfl_spec *spec = spec_make(&row, false);
	struct bpfl_target *target = target_make(row.kernel, false);
	struct bpfl_image *image;

	bpfl_btf_destroy(spec->btf);
	btfgen_init(&gen, false);
	uint32_t u32 = btfgen_int(&gen, "u32", 4, 0);
	spec->cores.items[0].type_id = btfgen_struct(&gen, "inode", 4);
	btfgen_member(&gen, "i_atime", u32, 0);
	uint32_t file = btfgen_string(&gen, "prog.bpf.c"), text = btfgen_string(&gen, "return inode->i_atime;");
	spec->btf = btfgen_read(&gen);
	btfgen_deinit(&gen);
	specgen_line(spec, 0, 1, file, text, 88);
	CHECK_OK(core_build(spec, target, &image), err);
	ck_assert_str_eq(words_of(image, 0),
			 "struct inode has no field 'i_atime' (prog.bpf.c:88) in the BTF of kernel 6.12.0");
	bpfl_image_destroy(image);
	spec->funcs.items[0].insts[2].insn.off = 4;
	CHECK_FAILS(core_build(spec, target, &image), err, BPFL_ERR_OBJECT, EINVAL,
		    "program 'main_fn': instruction 2 (prog.bpf.c:88): CO-RE record 0 (field byte offset, type 2, "
		    "access '0:0')");
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}
END_TEST

/* ---- names ---- */

START_TEST(flavours_are_cut_at_the_last_three_underscores)
{
	static const struct {
		const char *name;
		size_t size;
	} rows[] = {
		{ "a", 1 },	    { "task_struct", 11 }, { "task_struct___old", 11 }, { "a___b___c", 5 }, { "___x", 4 },
		{ "x___", 4 },	    { "a____b", 6 },	   { "a__b", 4 },		{ "a___b_", 1 },    { "a___", 4 },
		{ "a_b___c_d", 3 }, { "", 0 },		   { "a___b____c", 1 },		{ "_a___b", 2 },    { "a___b", 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(bpfl_core_name_size(rows[i].name, strlen(rows[i].name)) == rows[i].size, "'%s': %zu",
			      rows[i].name, bpfl_core_name_size(rows[i].name, strlen(rows[i].name)));
	}
}
END_TEST

/* ---- shapes that are meant to hurt ---- */

/* nr levels of struct nI { struct n(I-1) x; struct n(I-1) x; ... } with width equal members each. */
static struct bpfl_btf *ladder(unsigned nr_levels, unsigned width, const char *member, bool last_differs)
{
	struct btfgen gen;
	char name[16];

	btfgen_init(&gen, false);
	uint32_t type = btfgen_int(&gen, "u32", last_differs ? 8 : 4, 0);
	for (unsigned level = 0; level < nr_levels; level++) {
		snprintf(name, sizeof(name), level + 1 == nr_levels ? "top" : "n%u", level);
		uint32_t next = btfgen_struct(&gen, name, 8);

		for (unsigned i = 0; i < width; i++) {
			btfgen_member(&gen, member, type, 0);
		}
		type = next;
	}
	struct bpfl_btf *btf = btfgen_read(&gen);
	btfgen_deinit(&gen);
	return btf;
}

START_TEST(a_ladder_of_equal_members_does_not_take_forever)
{
	struct bpfl_btf *local = ladder(24, 8, "x", false), *kernel = ladder(24, 8, "x", true);

	ck_assert_ptr_nonnull(local);
	ck_assert_ptr_nonnull(kernel);
	ck_assert_int_eq(bpfl_core_types_match(local, btfc_id(local, "struct top"), kernel,
					       btfc_id(kernel, "struct top")),
			 -E2BIG);
	bpfl_btf_destroy(kernel);
	bpfl_btf_destroy(local);
}
END_TEST

START_TEST(a_ladder_of_anonymous_members_does_not_take_forever)
{
	struct bpfl_btf *local = btfc_read("struct top { u32 a; };", false), *kernel = ladder(24, 8, "", false);
	struct bpfl_core_path path, found;
	struct bpfl_core_miss miss;

	CHECK_OK(bpfl_core_path_parse(local, btfc_id(local, "struct top"), 0, "0:0", &path, &err), err);
	ck_assert_int_eq(bpfl_core_path_match(&path, kernel, btfc_id(kernel, "struct top"), &found, &miss), -E2BIG);
	bpfl_btf_destroy(kernel);
	bpfl_btf_destroy(local);
}
END_TEST

START_TEST(anonymous_members_in_a_row_are_no_depth)
{
	char kernel[4096] = "struct s { ";
	struct bpfl_btf *local = btfc_read("struct s { u32 a; };", false);
	struct bpfl_core_path path, found;
	struct bpfl_core_miss miss;

	for (unsigned i = 0; i < 70; i++) {
		snprintf(kernel + strlen(kernel), sizeof(kernel) - strlen(kernel), "struct { u32 x%u; }; ", i);
	}
	strcat(kernel, "u32 a; };");
	struct bpfl_btf *btf = btfc_read(kernel, false);
	CHECK_OK(bpfl_core_path_parse(local, btfc_id(local, "struct s"), 0, "0:0", &path, &err), err);
	ck_assert_int_eq(bpfl_core_path_match(&path, btf, btfc_id(btf, "struct s"), &found, &miss), 1);
	ck_assert_uint_eq(found.bit_off, 70 * 32);
	ck_assert_uint_eq(found.nr_indexes, 2);
	ck_assert_uint_eq(found.indexes[1], 70);
	bpfl_btf_destroy(btf);
	bpfl_btf_destroy(local);
}
END_TEST

/* nr function types, each returning a pointer to the one before, under a typedef. */
static struct bpfl_btf *functions(unsigned nr)
{
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t type = btfgen_int(&gen, "u32", 4, 0);
	for (unsigned i = 0; i < nr; i++) {
		type = btfgen_ptr(&gen, btfgen_func_proto(&gen, type));
	}
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "t", type);
	struct bpfl_btf *btf = btfgen_read(&gen);
	btfgen_deinit(&gen);
	ck_assert_ptr_nonnull(btf);
	return btf;
}

START_TEST(nesting_has_a_limit)
{
	static const struct {
		unsigned nr;
		int result;
	} rows[] = { { 1, 1 }, { 15, 1 }, { 16, -E2BIG }, { 1000, -E2BIG } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bpfl_btf *btf = functions(rows[i].nr);
		uint32_t id = btfc_id(btf, "typedef t");

		ck_assert_int_eq(bpfl_core_types_compatible(btf, id, btf, id), rows[i].result);
		ck_assert_int_eq(bpfl_core_types_match(btf, id, btf, id), rows[i].result);
		bpfl_btf_destroy(btf);
	}
}
END_TEST

/* A list node points to itself: every pass through it must end. */
START_TEST(a_type_that_refers_to_itself_is_no_loop)
{
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t ptr = btfgen_ptr(&gen, 2); /* to the struct that comes next */
	uint32_t node = btfgen_struct(&gen, "node", 8);
	btfgen_member(&gen, "next", ptr, 0);
	struct bpfl_btf *btf = btfgen_read(&gen);
	btfgen_deinit(&gen);
	ck_assert_ptr_nonnull(btf);
	ck_assert_int_eq(bpfl_core_types_compatible(btf, node, btf, node), 1);
	ck_assert_int_eq(bpfl_core_types_match(btf, node, btf, node), 1);
	bpfl_btf_destroy(btf);
}
END_TEST

int main(void)
{
	const TTest *fields[] = {
		a_field_is_found_by_its_name,
		field_types_must_be_of_one_sort,
		arrays_are_bounded_unless_they_end_a_struct,
		a_load_follows_the_width_of_its_field_or_is_poisoned,
		size_sign_and_shifts_of_a_field,
		the_container_of_a_bit_field_is_the_smallest_that_holds_it,
	};
	const TTest *types[] = {
		types_exist_have_a_size_and_an_id,
		a_type_matches_when_it_has_all_that_the_local_one_has,
		enumerators_are_found_by_name,
		flavours_are_cut_at_the_last_three_underscores,
	};
	const TTest *records[] = {
		malformed_records_are_errors,
		bad_type_ids_are_errors,
		a_type_without_a_name_is_an_error_but_has_a_local_id,
		poison_says_which_line_wanted_what,
	};
	const TTest *candidates[] = {
		candidates_that_differ_are_an_error_that_lists_them,
		candidates_that_have_the_field_elsewhere_differ_even_in_whether_it_exists,
		candidates_that_agree_are_fine,
		the_miss_that_got_farthest_is_told,
		the_candidate_that_has_most_is_not_taken_for_the_one, candidates_that_cannot_answer_do_not_count,
		candidates_with_as_much_that_differ_are_an_error_too,
		a_kernel_without_btf_matters_only_to_records_that_need_it,
		names_are_found_once_for_all_objects_of_a_target,
		a_name_is_looked_for_again_when_other_kinds_are_wanted,
	};
	const TTest *hostile[] = {
		a_ladder_of_equal_members_does_not_take_forever,
		a_ladder_of_anonymous_members_does_not_take_forever,
		anonymous_members_in_a_row_are_no_depth,
		nesting_has_a_limit,
		a_type_that_refers_to_itself_is_no_loop,
	};
	Suite *suite = BPFL_TEST_SUITE("fields", fields);

	BPFL_TEST_ADD_CASE(suite, "types", types);
	BPFL_TEST_ADD_CASE(suite, "records", records);
	BPFL_TEST_ADD_CASE(suite, "candidates", candidates);
	BPFL_TEST_ADD_CASE(suite, "hostile", hostile);
	return bpfl_test_main(suite);
}
