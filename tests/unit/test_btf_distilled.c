/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A module's types on an outline of a kernel's: each outline finds the type of the kernel at hand, or is named
 * when it finds none or two. The rows of the table are one outline against one kernel.
 */
#include "harness.h"

#include <errno.h>
#include "btf/distilled.h"
#include "btf/own.h"
#include "btfgen.h"

/* ---- one outline, one kernel ---- */

static void int4(struct btfgen *gen) { btfgen_int(gen, "x", 4, BPFL_INT_SIGNED); }
static void int4_unsigned(struct btfgen *gen) { btfgen_int(gen, "x", 4, 0); }
static void int8(struct btfgen *gen) { btfgen_int(gen, "x", 8, BPFL_INT_SIGNED); }
static void float4(struct btfgen *gen) { btfgen_type(gen, BPFL_KIND_FLOAT, "x", 4); }
static void float8(struct btfgen *gen) { btfgen_type(gen, BPFL_KIND_FLOAT, "x", 8); }
static void fwd_struct(struct btfgen *gen) { btfgen_type(gen, BPFL_KIND_FWD, "x", 0); }
static void fwd_union(struct btfgen *gen)
{
	btfgen_type(gen, BPFL_KIND_FWD, "x", 0);
	btfgen_put(gen, 1, (uint32_t)BPFL_KIND_FWD << 24 | 1u << 31);
}
static void enum4(struct btfgen *gen) { btfgen_enum(gen, "x", 4); }
static void enum8(struct btfgen *gen) { btfgen_enum(gen, "x", 8); }
static void enum64(struct btfgen *gen) { btfgen_enum64(gen, "x", false); }
static void struct16(struct btfgen *gen) { btfgen_struct(gen, "x", 16); }
static void struct24(struct btfgen *gen) { btfgen_struct(gen, "x", 24); }
static void union16(struct btfgen *gen) { btfgen_union(gen, "x", 16); }
static void of_other_name(struct btfgen *gen) { btfgen_struct(gen, "xx", 16); }
static void sizes_16_24(struct btfgen *gen) { struct16(gen); struct24(gen); }
static void twice_16(struct btfgen *gen) { struct16(gen); struct16(gen); }
static void twice_16_and_24(struct btfgen *gen) { twice_16(gen); struct24(gen); }
static void fwd_and_16(struct btfgen *gen) { fwd_struct(gen); struct16(gen); }
static void union_and_24(struct btfgen *gen) { union16(gen); struct24(gen); }
static void pointer(struct btfgen *gen) { btfgen_ptr(gen, 0); }
static void type_def(struct btfgen *gen) { btfgen_type(gen, BPFL_KIND_TYPEDEF, "x", 0); }
static void nameless(struct btfgen *gen) { btfgen_struct(gen, "", 16); }

enum use { BY_POINTER, BY_VALUE, IN_ARRAY };

/* The module: struct own { x *p; } or { x v; } or { const x v[2]; }, on an outline of `int` and x. */
static int read_row(void (*outline_has)(struct btfgen *), void (*kernel_has)(struct btfgen *), enum use use, bool swap,
		    struct bpfl_btf **ret_kernel, struct bpfl_btf **ret_btf, struct bpfl_error *err)
{
	struct btfgen outline, kernel, module;
	const void *outline_bytes, *module_bytes;
	size_t outline_size, module_size;
	uint32_t held;
	int ret;

	btfgen_init(&kernel, false);
	for (int i = 0; i < 70; i++) /* so that nothing keeps its number */
		btfgen_int(&kernel, "filler", 4, 0);
	btfgen_int(&kernel, "int", 4, BPFL_INT_SIGNED);
	kernel_has(&kernel);
	*ret_kernel = btfgen_read(&kernel);
	btfgen_init(&outline, swap);
	btfgen_int(&outline, "int", 4, BPFL_INT_SIGNED);
	outline_has(&outline);
	outline_bytes = btfgen_bytes(&outline, &outline_size);
	btfgen_init(&module, swap);
	module.first_id = 3;
	module.first_str = (uint32_t)outline.strings.size;
	held = use == BY_POINTER ? btfgen_ptr(&module, 2) : btfgen_type(&module, BPFL_KIND_CONST, NULL, 2);
	if (use == IN_ARRAY)
		held = btfgen_array(&module, held, 1, 2);
	btfgen_struct(&module, "own", 48);
	btfgen_member(&module, "v", held, 0);
	btfgen_put(&module, 3, 1); /* the first string of the outline: "int" */
	module_bytes = btfgen_bytes(&module, &module_size);
	ret = bpfl_btf_read_distilled(outline_bytes, outline_size, module_bytes, module_size, *ret_kernel, ret_btf,
				      err);
	btfgen_deinit(&kernel);
	btfgen_deinit(&outline);
	btfgen_deinit(&module);
	return ret;
}

START_TEST(an_outline_finds_its_type)
{
	static const struct {
		void (*outline)(struct btfgen *), (*kernel)(struct btfgen *);
		enum use use;
		uint32_t found; /* 72: the kernel's first x */
	} rows[] = {
		{ int4, int4, BY_VALUE, 72 },
		{ float4, float4, BY_VALUE, 72 },
		{ enum4, enum4, BY_VALUE, 72 },
		{ enum8, enum64, BY_VALUE, 72 },
		{ enum64, enum8, BY_VALUE, 72 },
		{ struct16, struct16, BY_VALUE, 72 },
		{ struct16, struct16, IN_ARRAY, 72 },
		{ struct16, struct24, BY_POINTER, 72 }, /* behind a pointer the size may change */
		{ union16, union16, BY_VALUE, 72 },
		{ struct24, sizes_16_24, BY_POINTER, 73 },
		{ struct16, sizes_16_24, BY_POINTER, 72 },
		{ struct24, sizes_16_24, IN_ARRAY, 73 },
		{ struct24, twice_16_and_24, BY_POINTER, 74 }, /* one that fits better settles it */
		{ struct24, union_and_24, BY_POINTER, 73 },
		{ struct16, fwd_and_16, BY_POINTER, 73 },
		{ fwd_struct, struct24, BY_POINTER, 72 },
		{ fwd_struct, fwd_struct, BY_POINTER, 72 },
		{ fwd_struct, fwd_and_16, BY_POINTER, 73 }, /* the definition */
		{ fwd_union, union16, BY_POINTER, 72 },
		{ fwd_union, fwd_union, BY_POINTER, 72 },
	};

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct bpfl_error err = BPFL_ERROR_INIT;
		struct bpfl_btf *kernel, *btf;
		const struct bpfl_btf_type *own;
		uint32_t id, held;

		CHECK_OK(read_row(rows[i / 2].outline, rows[i / 2].kernel, rows[i / 2].use, i % 2, &kernel, &btf, &err),
			 err);
		ck_assert_ptr_eq(btf->base, kernel);
		ck_assert_int_eq(bpfl_btf_is_foreign(btf), i % 2);
		ck_assert_uint_eq(bpfl_btf_first_id(btf), bpfl_btf_nr_types(kernel));
		id = bpfl_btf_find(btf, BPFL_KIND_STRUCT, "own", bpfl_btf_first_id(btf));
		ck_assert_uint_eq(id, bpfl_btf_nr_types(btf) - 1);
		own = bpfl_btf_type(btf, id);
		ck_assert_str_eq(bpfl_btf_string(btf, bpfl_btf_members(own)->name_off), "int");
		held = bpfl_btf_members(own)->type;
		if (rows[i / 2].use == IN_ARRAY) {
			ck_assert_uint_eq(bpfl_btf_array(bpfl_btf_type(btf, held))->index_type, 71);
			held = bpfl_btf_array(bpfl_btf_type(btf, held))->type;
		}
		ck_assert_uint_eq(bpfl_btf_type(btf, held)->type, rows[i / 2].found);
		bpfl_btf_destroy(btf);
		bpfl_btf_destroy(kernel);
	}
}
END_TEST

START_TEST(an_outline_without_a_match_is_named)
{
	static const struct {
		void (*outline)(struct btfgen *), (*kernel)(struct btfgen *);
		enum use use;
		int errnum;
		const char *text;
	} rows[] = {
		{ int4, int8, BY_VALUE, ENOENT, "type 2 (int 'x' of 4 bytes) is of another kind, size or encoding" },
		{ int4, int4_unsigned, BY_VALUE, ENOENT, "type 2 (int 'x' of 4 bytes)" },
		{ int4, float4, BY_VALUE, ENOENT, "type 2 (int 'x' of 4 bytes)" },
		{ float8, float4, BY_VALUE, ENOENT, "type 2 (float 'x' of 8 bytes)" },
		{ enum4, enum8, BY_VALUE, ENOENT, "type 2 (enum 'x' of 4 bytes)" },
		{ enum4, enum64, BY_VALUE, ENOENT, "type 2 (enum 'x' of 4 bytes)" },
		{ struct16, struct24, BY_VALUE, ENOENT, "type 2 (struct 'x' of 16 bytes)" },
		{ struct16, struct24, IN_ARRAY, ENOENT, "type 2 (struct 'x' of 16 bytes)" },
		{ struct16, union16, BY_POINTER, ENOENT, "type 2 (struct 'x' of 16 bytes)" },
		{ struct16, fwd_struct, BY_POINTER, ENOENT, "type 2 (struct 'x' of 16 bytes)" },
		{ struct16, of_other_name, BY_POINTER, ENOENT, "type 2 (struct 'x') is not among the kernel's types" },
		{ fwd_struct, union16, BY_POINTER, ENOENT, "type 2 (fwd 'x') is of another kind" },
		{ fwd_union, fwd_struct, BY_POINTER, ENOENT, "type 2 (fwd 'x') is of another kind" },
		{ struct16, twice_16, BY_POINTER, EINVAL, "type 2 (struct 'x') could be type 72 or type 73" },
		{ struct16, twice_16, BY_VALUE, EINVAL, "type 2 (struct 'x') could be type 72 or type 73" },
		{ fwd_struct, sizes_16_24, BY_POINTER, EINVAL, "could be type 72 or type 73" },
		{ pointer, struct16, BY_POINTER, EINVAL, "type 2 is a ptr, which cannot be found by name" },
		{ type_def, struct16, BY_POINTER, EINVAL, "type 2 is a typedef, which cannot be found by name" },
		{ nameless, struct16, BY_POINTER, EINVAL, "type 2 (struct) has no name" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bpfl_error err = BPFL_ERROR_INIT;
		struct bpfl_btf *kernel, *btf;

		CHECK_FAILS(read_row(rows[i].outline, rows[i].kernel, rows[i].use, false, &kernel, &btf, &err), err,
			    BPFL_ERR_OBJECT, rows[i].errnum, rows[i].text);
		CHECK_HAS(err.message, ".BTF.base: ");
		bpfl_btf_destroy(kernel);
	}
}
END_TEST

/* ---- without a kernel, and broken ---- */

struct pair {
	struct btfgen outline, module;
	const void *outline_bytes, *module_bytes;
	size_t outline_size, module_size;
};

static void pair_init(struct pair *pair)
{
	btfgen_init(&pair->outline, false);
	btfgen_int(&pair->outline, "int", 4, BPFL_INT_SIGNED);
	btfgen_struct(&pair->outline, "sock", 8);
	pair->outline_bytes = btfgen_bytes(&pair->outline, &pair->outline_size);
	btfgen_init(&pair->module, false);
	pair->module.first_id = 3;
	pair->module.first_str = (uint32_t)pair->outline.strings.size;
	btfgen_struct(&pair->module, "own", 16);
	btfgen_member(&pair->module, "sock", 2, 0);
	btfgen_member(&pair->module, "nr", 1, 64);
	btfgen_func_proto(&pair->module, 1);
	btfgen_param(&pair->module, "self", 3);
	btfgen_func(&pair->module, "own_count", 4, BPFL_LINKAGE_STATIC);
	pair->module_bytes = btfgen_bytes(&pair->module, &pair->module_size);
}

static void pair_deinit(struct pair *pair)
{
	btfgen_deinit(&pair->outline);
	btfgen_deinit(&pair->module);
}

START_TEST(without_a_kernel_the_outlines_stay)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;
	struct pair pair;

	pair_init(&pair);
	CHECK_OK(bpfl_btf_read_distilled(pair.outline_bytes, pair.outline_size, pair.module_bytes, pair.module_size,
					 NULL, &btf, &err),
		 err);
	ck_assert_ptr_null(btf->base);
	ck_assert_uint_eq(bpfl_btf_nr_types(btf), 6);
	ck_assert_str_eq(bpfl_btf_name(btf, 2), "sock");
	ck_assert_str_eq(bpfl_btf_name(btf, 3), "own");
	ck_assert_uint_eq(bpfl_btf_members(bpfl_btf_type(btf, 3))[0].type, 2);
	ck_assert_str_eq(bpfl_btf_name(btf, 5), "own_count");
	bpfl_btf_destroy(btf);
	pair_deinit(&pair);
}
END_TEST

START_TEST(a_kind_from_the_future_cannot_be_moved)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *kernel, *btf;
	struct pair pair;

	pair_init(&pair);
	kernel = btfgen_read(&pair.outline);
	pair.outline_bytes = btfgen_bytes(&pair.outline, &pair.outline_size);
	for (unsigned kind = 0; kind <= 33; kind++)
		btfgen_layout(&pair.module, kind, 4, 0);
	btfgen_record(&pair.module, 0, 33u << 24, 0);
	btfgen_word(&pair.module, 1);
	pair.module_bytes = btfgen_bytes(&pair.module, &pair.module_size);
	CHECK_FAILS(bpfl_btf_read_distilled(pair.outline_bytes, pair.outline_size, pair.module_bytes, pair.module_size,
					    kernel, &btf, &err),
		    err, BPFL_ERR_OBJECT, EOPNOTSUPP, "type 6 is of kind 33");
	bpfl_btf_destroy(kernel);
	pair_deinit(&pair);
}
END_TEST

/* Every byte of both blobs, each with several values; and every shorter length: an error or a BTF, never more. */
START_TEST(broken_sections_end_in_an_error)
{
	static const uint8_t values[] = { 0, 1, 5, 0x7f, 0x80, 0xff };
	struct bpfl_btf *kernel, *btf;
	size_t nr_refused = 0;
	struct pair pair;

	pair_init(&pair);
	kernel = btfgen_read(&pair.outline);
	pair.outline_bytes = btfgen_bytes(&pair.outline, &pair.outline_size);
	for (size_t at = 0; at < pair.outline_size + pair.module_size; at++) {
		bool in_module = at >= pair.outline_size;
		uint8_t *byte = in_module ? (uint8_t *)(uintptr_t)pair.module_bytes + (at - pair.outline_size)
					  : (uint8_t *)(uintptr_t)pair.outline_bytes + at;
		uint8_t before = *byte;

		for (size_t i = 0; i < sizeof(values); i++) {
			*byte = values[i];
			for (int with_kernel = 0; with_kernel < 2; with_kernel++) {
				struct bpfl_error err = BPFL_ERROR_INIT;

				if (bpfl_btf_read_distilled(pair.outline_bytes, pair.outline_size, pair.module_bytes,
							    pair.module_size, with_kernel ? kernel : NULL, &btf,
							    &err) == 0) {
					bpfl_btf_destroy(btf);
				} else {
					ck_assert_int_ne(err.message[0], '\0');
					nr_refused++;
				}
			}
		}
		*byte = before;
		ck_assert_int_lt(bpfl_btf_read_distilled(pair.outline_bytes, in_module ? pair.outline_size : at,
							 pair.module_bytes,
							 in_module ? at - pair.outline_size : pair.module_size, kernel,
							 &btf, NULL),
				 0);
	}
	ck_assert_uint_gt(nr_refused, 500);
	bpfl_btf_destroy(kernel);
	pair_deinit(&pair);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		an_outline_finds_its_type,
		an_outline_without_a_match_is_named,
		without_a_kernel_the_outlines_stay,
		a_kind_from_the_future_cannot_be_moved,
		broken_sections_end_in_an_error,
	};
	return bpfl_test_main(BPFL_TEST_SUITE("btf/distilled", tests));
}
