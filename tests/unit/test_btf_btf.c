/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A BTF that was read: ids, names, sizes, texts, split BTF, searches; the sparse index gives what the dense one gives.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "btf/btf.h"
#include "btf/own.h"
#include "btfgen.h"

/* Ids of the sample's types. */
struct sample {
	uint32_t integer, character, u64, boolean, fwd, node, ptr, comm, matrix, event, alias, constant, volatile_ptr,
		proto, func, var, section, float_id, flexible, packed;
};

static struct sample make_sample(struct btfgen *gen)
{
	struct sample ids;

	ids.integer = btfgen_int(gen, "int", 4, BPFL_INT_SIGNED);
	ids.character = btfgen_int(gen, "char", 1, BPFL_INT_SIGNED);
	ids.u64 = btfgen_int(gen, "unsigned long long", 8, 0);
	ids.boolean = btfgen_int(gen, "_Bool", 1, BPFL_INT_BOOL);
	ids.fwd = btfgen_type(gen, BPFL_KIND_FWD, "opaque", 0);
	ids.node = btfgen_struct(gen, "node", 16);
	btfgen_member(gen, "value", ids.integer, 0);
	btfgen_member(gen, "next", ids.node + 1, 64);
	ids.ptr = btfgen_ptr(gen, ids.node);
	ids.comm = btfgen_array(gen, ids.character, ids.integer, 16);
	ids.matrix = btfgen_array(gen, btfgen_array(gen, ids.integer, ids.integer, 3), ids.integer, 2);
	ids.event = btfgen_struct(gen, "event", 24);
	btfgen_member(gen, "comm", ids.comm, 0);
	btfgen_bit_field(gen, "low", ids.integer, 128, 3);
	btfgen_bit_field(gen, "high", ids.integer, 131, 29);
	ids.alias = btfgen_type(gen, BPFL_KIND_TYPEDEF, "event_t", ids.event);
	ids.constant = btfgen_type(gen, BPFL_KIND_CONST, NULL, ids.alias);
	ids.volatile_ptr = btfgen_type(gen, BPFL_KIND_VOLATILE, NULL, btfgen_ptr(gen, ids.constant));
	ids.proto = btfgen_func_proto(gen, ids.integer);
	btfgen_param(gen, "ctx", ids.ptr);
	ids.func = btfgen_func(gen, "prog", ids.proto, BPFL_LINKAGE_GLOBAL);
	ids.var = btfgen_var(gen, "last", ids.constant, BPFL_LINKAGE_STATIC);
	ids.section = btfgen_datasec(gen, ".rodata", 24);
	btfgen_datasec_var(gen, ids.var, 0, 24);
	ids.float_id = btfgen_type(gen, BPFL_KIND_FLOAT, "double", 8);
	ids.flexible = btfgen_array(gen, ids.u64, ids.integer, 0);
	ids.packed = btfgen_struct(gen, "packed", 9);
	btfgen_member(gen, "c", ids.character, 0);
	btfgen_member(gen, "v", ids.u64, 8);
	return ids;
}

static struct bpfl_btf *read_sample(bool swap, struct sample *ret_ids)
{
	struct btfgen gen;
	struct bpfl_btf *btf;

	btfgen_init(&gen, swap);
	*ret_ids = make_sample(&gen);
	btf = btfgen_read(&gen);
	btfgen_deinit(&gen);
	ck_assert_ptr_nonnull(btf);
	ck_assert_int_eq(bpfl_btf_is_foreign(btf), swap);
	return btf;
}

START_TEST(records_read_the_same_in_both_byte_orders)
{
	struct sample ids, foreign_ids;
	struct bpfl_btf *native = read_sample(false, &ids);
	struct bpfl_btf *foreign = read_sample(true, &foreign_ids);
	size_t native_size, foreign_size;
	const void *native_bytes = bpfl_btf_bytes(native, &native_size);
	const void *foreign_bytes = bpfl_btf_bytes(foreign, &foreign_size);

	ck_assert_uint_eq(native_size, foreign_size);
	ck_assert_mem_eq(native_bytes, foreign_bytes, native_size);
	ck_assert_uint_eq(bpfl_btf_ptr_size(foreign), 8);
	bpfl_btf_destroy(native);
	bpfl_btf_destroy(foreign);
}
END_TEST

START_TEST(ids_names_and_records_are_found)
{
	struct sample ids;
	struct bpfl_btf *btf = read_sample(false, &ids);
	const struct bpfl_btf_type *event = bpfl_btf_type(btf, ids.event);

	ck_assert_uint_eq(bpfl_btf_nr_types(btf), ids.packed + 1);
	ck_assert_uint_eq(bpfl_btf_first_id(btf), 1);
	ck_assert_ptr_null(btf->base);
	ck_assert_ptr_null(bpfl_btf_type(btf, ids.packed + 1));
	ck_assert_ptr_null(bpfl_btf_type(btf, UINT32_MAX));
	ck_assert_int_eq(bpfl_btf_kind(bpfl_btf_type(btf, 0)), BPFL_KIND_VOID);
	ck_assert_str_eq(bpfl_btf_name(btf, ids.event), "event");
	ck_assert_str_eq(bpfl_btf_name(btf, 9999), "");
	ck_assert_str_eq(bpfl_btf_string(btf, 0xffffff), "");
	ck_assert_uint_eq(bpfl_btf_vlen(event), 3);
	ck_assert_uint_eq(bpfl_btf_member_bit_off(event, 2), 131);
	ck_assert_uint_eq(bpfl_btf_member_bit_size(event, 2), 29);
	ck_assert_uint_eq(bpfl_btf_member_bit_size(event, 0), 0);
	ck_assert_uint_eq(bpfl_btf_int_encoding(bpfl_btf_type(btf, ids.boolean)), BPFL_INT_BOOL);
	ck_assert_uint_eq(bpfl_btf_int_bits(bpfl_btf_type(btf, ids.u64)), 64);
	ck_assert_uint_eq(bpfl_btf_var_linkage(bpfl_btf_type(btf, ids.var)), BPFL_LINKAGE_STATIC);
	ck_assert_uint_eq(bpfl_btf_datasec_vars(bpfl_btf_type(btf, ids.section))[0].type, ids.var);
	ck_assert_uint_eq(bpfl_btf_find(btf, BPFL_KIND_STRUCT, "event", 0), ids.event);
	ck_assert_uint_eq(bpfl_btf_find(btf, BPFL_KIND_UNION, "event", 0), 0);
	ck_assert_uint_eq(bpfl_btf_find(btf, BPFL_KIND_STRUCT, "event", ids.event), ids.event);
	ck_assert_uint_eq(bpfl_btf_find(btf, BPFL_KIND_STRUCT, "event", ids.event + 1), 0);
	ck_assert_uint_eq(bpfl_btf_find(btf, BPFL_KIND_STRUCT, "event", 9999), 0);
	bpfl_btf_destroy(btf);
	bpfl_btf_destroy(NULL);
}
END_TEST

START_TEST(sizes_and_alignments)
{
	struct sample ids;
	struct bpfl_btf *btf = read_sample(false, &ids);
	const struct {
		uint32_t id;
		int ret;
		uint32_t size, align;
	} rows[] = {
		{ ids.integer, 0, 4, 4 },	  { ids.u64, 0, 8, 8 },		 { ids.ptr, 0, 8, 8 },
		{ ids.comm, 0, 16, 1 },		  { ids.matrix, 0, 24, 4 },	 { ids.event, 0, 24, 4 },
		{ ids.constant, 0, 24, 4 },	  { ids.node, 0, 16, 8 },	 { ids.packed, 0, 9, 1 },
		{ ids.float_id, 0, 8, 8 },	  { ids.flexible, 0, 0, 8 },	 { ids.var, 0, 24, 4 },
		{ ids.section, 0, 24, 0 },	  { ids.fwd, -EINVAL, 0, 0 },	 { ids.proto, -EINVAL, 0, 0 },
		{ 0, -EINVAL, 0, 0 },		  { 9999, -EINVAL, 0, 0 },	 { ids.volatile_ptr, 0, 8, 8 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t size = 0;

		ck_assert_msg(bpfl_btf_size(btf, rows[i].id, &size) == rows[i].ret && size == rows[i].size,
			      "row %zu: size %u", i, size);
		ck_assert_msg(bpfl_btf_align(btf, rows[i].id) == rows[i].align, "row %zu: align %u", i,
			      bpfl_btf_align(btf, rows[i].id));
	}
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(arrays_above_four_gigabytes_have_no_size)
{
	struct btfgen gen;
	struct bpfl_btf *btf;
	uint32_t size = 7;

	btfgen_init(&gen, false);
	btfgen_int(&gen, "int", 4, 0);
	btfgen_array(&gen, 1, 1, 0x40000000);
	btfgen_array(&gen, 2, 1, 0x40000000);
	btf = btfgen_read(&gen);
	ck_assert_ptr_nonnull(btf);
	ck_assert_int_eq(bpfl_btf_size(btf, 2, &size), -E2BIG);
	ck_assert_int_eq(bpfl_btf_size(btf, 3, &size), -E2BIG);
	ck_assert_uint_eq(size, 7);
	bpfl_btf_destroy(btf);
	btfgen_deinit(&gen);
}
END_TEST

START_TEST(texts_read_like_c)
{
	struct sample ids;
	struct bpfl_btf *btf = read_sample(false, &ids);
	char text[128];
	const struct {
		uint32_t id;
		const char *text;
	} rows[] = {
		{ 0, "void" },
		{ ids.integer, "int" },
		{ ids.fwd, "struct opaque" },
		{ ids.ptr, "struct node *" },
		{ ids.comm, "char[16]" },
		{ ids.matrix, "int[2][3]" },
		{ ids.alias, "event_t" },
		{ ids.constant, "const event_t" },
		{ ids.volatile_ptr, "const event_t *volatile" },
		{ ids.proto, "function" },
		{ ids.func, "func prog" },
		{ ids.var, "var last" },
		{ ids.section, "section .rodata" },
		{ 9999, "<missing type>" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(bpfl_btf_type_text(btf, rows[i].id, text, sizeof(text)), rows[i].text);
	ck_assert_str_eq(bpfl_btf_type_text(btf, ids.ptr, text, 8), "struct ");
	ck_assert_str_eq(bpfl_btf_kind_name((enum bpfl_btf_kind)77), "unknown kind");
	ck_assert_str_eq(bpfl_btf_kind_name(BPFL_KIND_ENUM64), "enum64");
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(modifiers_are_followed_to_the_type_they_decorate)
{
	struct sample ids;
	struct bpfl_btf *btf = read_sample(false, &ids);
	uint32_t id = 0;

	ck_assert_str_eq(bpfl_btf_string(btf, bpfl_btf_skip_modifiers(btf, ids.constant, &id)->name_off), "event");
	ck_assert_uint_eq(id, ids.event);
	ck_assert_int_eq(bpfl_btf_kind(bpfl_btf_skip_modifiers(btf, 9999, &id)), BPFL_KIND_VOID);
	ck_assert_uint_eq(id, 0);
	bpfl_btf_destroy(btf);
}
END_TEST

/* ---- split ---- */

START_TEST(a_split_btf_continues_its_base)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct sample ids;
	struct bpfl_btf *base = read_sample(false, &ids);
	struct bpfl_btf *split;
	struct btfgen gen;
	const void *bytes;
	size_t size;
	uint32_t mine, again, value_size;
	char text[64];

	btfgen_init(&gen, true);
	gen.first_id = bpfl_btf_nr_types(base);
	gen.first_str = base->strings_size;
	mine = btfgen_struct(&gen, "mine", 24);
	btfgen_member(&gen, "event", ids.event, 0);
	again = btfgen_record(&gen, bpfl_btf_type(base, ids.event)->name_off, (uint32_t)BPFL_KIND_STRUCT << 24, 0);
	btfgen_ptr(&gen, mine);
	bytes = btfgen_bytes(&gen, &size);
	CHECK_OK(bpfl_btf_read(bytes, size, base, &split, &err), err);
	ck_assert_ptr_eq(split->base, base);
	ck_assert_uint_eq(bpfl_btf_first_id(split), bpfl_btf_nr_types(base));
	ck_assert_uint_eq(bpfl_btf_nr_types(split), bpfl_btf_nr_types(base) + 3);
	ck_assert_str_eq(bpfl_btf_name(split, mine), "mine");
	ck_assert_str_eq(bpfl_btf_name(split, again), "event"); /* a string of the base */
	ck_assert_str_eq(bpfl_btf_name(split, ids.node), "node");
	ck_assert_str_eq(bpfl_btf_type_text(split, again + 1, text, sizeof(text)), "struct mine *");
	CHECK_OK(bpfl_btf_size(split, mine, &value_size), err);
	ck_assert_uint_eq(bpfl_btf_find(split, BPFL_KIND_STRUCT, "event", 1), ids.event);
	ck_assert_uint_eq(bpfl_btf_find(split, BPFL_KIND_STRUCT, "event", ids.event + 1), again);
	bpfl_btf_destroy(split);
	btfgen_deinit(&gen);
	bpfl_btf_destroy(base);
}
END_TEST

START_TEST(a_module_without_strings_is_accepted)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct sample ids;
	struct bpfl_btf *base = read_sample(false, &ids);
	struct bpfl_btf *split;
	struct btfgen gen;
	const void *bytes;
	size_t size;

	btfgen_init(&gen, false);
	gen.first_id = bpfl_btf_nr_types(base);
	gen.strings.size = 0;
	btfgen_ptr(&gen, ids.event);
	bytes = btfgen_bytes(&gen, &size);
	CHECK_OK(bpfl_btf_read(bytes, size, base, &split, &err), err);
	ck_assert_str_eq(bpfl_btf_name(split, gen.first_id), "");
	bpfl_btf_destroy(split);
	btfgen_deinit(&gen);
	bpfl_btf_destroy(base);
}
END_TEST

/* ---- sparse ---- */

START_TEST(the_sparse_index_finds_what_the_dense_one_finds)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *dense, *sparse;
	struct btfgen gen;
	const void *bytes;
	size_t size;
	char name[16];

	btfgen_init(&gen, false);
	for (uint32_t i = 0; i < 64 * 3 + 5; i++) { /* records of different lengths */
		snprintf(name, sizeof(name), "s%u", i);
		btfgen_struct(&gen, name, 100);
		for (uint32_t j = 0; j < i % 7; j++)
			btfgen_member(&gen, "m", i + 2, 0);
	}
	btfgen_struct(&gen, "last", 0);
	bytes = btfgen_bytes(&gen, &size);
	CHECK_OK(bpfl_btf_open(bytes, size, true, BPFL_BTF_STEP_DENSE, NULL, &dense, &err), err);
	CHECK_OK(bpfl_btf_open(bytes, size, false, BPFL_BTF_STEP_SPARSE, NULL, &sparse, &err), err);
	ck_assert_uint_eq(dense->offsets.nr, 64 * 3 + 6);
	ck_assert_uint_eq(sparse->offsets.nr, 4);
	ck_assert_ptr_eq(sparse->bytes, bytes); /* nothing was copied */
	for (uint32_t id = 0; id <= bpfl_btf_nr_types(dense); id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(sparse, id);

		if (id >= bpfl_btf_nr_types(dense))
			ck_assert_ptr_null(type);
		else
			ck_assert_mem_eq(type, bpfl_btf_type(dense, id), sizeof(*type));
	}
	bpfl_btf_destroy(dense);
	bpfl_btf_destroy(sparse);
	btfgen_deinit(&gen);
}
END_TEST

START_TEST(pointers_have_the_size_of_long)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;
	struct btfgen gen;
	const void *bytes;
	size_t size;
	uint32_t ptr_size;

	btfgen_init(&gen, true);
	btfgen_int(&gen, "long long unsigned int", 8, 0);
	btfgen_int(&gen, "long unsigned int", 4, 0);
	btfgen_ptr(&gen, 0);
	bytes = btfgen_bytes(&gen, &size);
	CHECK_OK(bpfl_btf_read(bytes, size, NULL, &btf, &err), err);
	ck_assert_uint_eq(bpfl_btf_ptr_size(btf), 4);
	CHECK_OK(bpfl_btf_size(btf, 3, &ptr_size), err);
	ck_assert_uint_eq(ptr_size, 4);
	bpfl_btf_destroy(btf);
	btfgen_deinit(&gen);
}
END_TEST

/* References in a kernel's BTF are not checked when it is opened: looking at them must still end. */
START_TEST(unchecked_circles_do_not_hang)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;
	struct btfgen gen;
	const void *bytes;
	size_t size;
	uint32_t id = 9, type_size;
	char text[512];

	btfgen_init(&gen, false);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "t", 1);
	btfgen_array(&gen, 2, 2, 1);
	btfgen_struct(&gen, "s", 8);
	for (int i = 0; i < 4; i++)
		btfgen_member(&gen, "m", 3, 0);
	btfgen_ptr(&gen, 4);
	btfgen_ptr(&gen, 12345);
	bytes = btfgen_bytes(&gen, &size);
	CHECK_OK(bpfl_btf_open(bytes, size, true, BPFL_BTF_STEP_SPARSE, NULL, &btf, &err), err);
	ck_assert_int_eq(bpfl_btf_kind(bpfl_btf_skip_modifiers(btf, 1, &id)), BPFL_KIND_VOID);
	ck_assert_uint_eq(id, 0);
	ck_assert_int_eq(bpfl_btf_size(btf, 2, &type_size), -EINVAL);
	ck_assert_uint_eq(bpfl_btf_align(btf, 3), 0);
	bpfl_btf_type_text(btf, 4, text, sizeof(text));
	ck_assert_str_eq(bpfl_btf_type_text(btf, 5, text, sizeof(text)), "<missing type> *");
	bpfl_btf_destroy(btf);
	btfgen_deinit(&gen);
}
END_TEST

/* ---- search ---- */

static size_t cut_at_three_underscores(const char *name, size_t name_size)
{
	const char *found = strstr(name, "___");

	return found != NULL && found != name ? (size_t)(found - name) : name_size;
}

START_TEST(one_pass_finds_all_wanted_names)
{
	struct bpfl_btf_search search;
	struct bpfl_btf *btf;
	struct bpfl_btf *opened;
	struct btfgen gen;
	const uint32_t *ids;
	size_t nr, size;
	int task, x, missing, func;

	btfgen_init(&gen, false);
	btfgen_struct(&gen, "task_struct", 0);
	btfgen_struct(&gen, "task_struct___old", 0);
	btfgen_type(&gen, BPFL_KIND_FWD, "task_struct", 0);
	btfgen_struct(&gen, "x___y", 0);
	btfgen_struct(&gen, "task_structure", 0);
	btfgen_func_proto(&gen, 0);
	btfgen_func(&gen, "task_struct", 6, 1);
	btfgen_struct(&gen, NULL, 0);
	btf = btfgen_read(&gen);
	ck_assert_ptr_nonnull(btf);
	bpfl_btf_search_init(&search, BPFL_BTF_KINDS_DATA, cut_at_three_underscores);
	task = bpfl_btf_search_want(&search, "task_struct", 11);
	x = bpfl_btf_search_want(&search, "x", 1);
	missing = bpfl_btf_search_want(&search, "task", 4);
	ck_assert_int_eq(bpfl_btf_search_want(&search, "task_struct", 11), task);
	ck_assert_int_eq(bpfl_btf_search_want(&search, "", 0), -EINVAL);
	for (int run = 0; run < 2; run++) { /* again: starts anew */
		ck_assert_int_eq(bpfl_btf_search_run(&search, btf), 0);
		ids = bpfl_btf_search_ids(&search, task, &nr);
		ck_assert_uint_eq(nr, 3);
		ck_assert_uint_eq(ids[0], 1);
		ck_assert_uint_eq(ids[1], 2);
		ck_assert_uint_eq(ids[2], 3);
		ids = bpfl_btf_search_ids(&search, x, &nr);
		ck_assert_uint_eq(nr, 1);
		ck_assert_uint_eq(ids[0], 4);
		bpfl_btf_search_ids(&search, missing, &nr);
		ck_assert_uint_eq(nr, 0);
		ck_assert_ptr_null(bpfl_btf_search_ids(&search, 77, &nr));
	}
	/* The same on the walk that opening takes; then what was found is handed over. */
	const void *bytes = btfgen_bytes(&gen, &size);
	ck_assert_int_eq(bpfl_btf_open_searching(bytes, size, true, BPFL_BTF_STEP_SPARSE, &search, &opened, NULL), 0);
	bpfl_btf_destroy(opened);
	uint32_t *taken = bpfl_btf_search_take(&search, task, &nr);
	ck_assert_uint_eq(nr, 3);
	ck_assert_uint_eq(taken[2], 3);
	free(taken);
	ck_assert_ptr_null(bpfl_btf_search_take(&search, task, &nr));
	ck_assert_uint_eq(nr, 0);
	ck_assert_ptr_null(bpfl_btf_search_take(&search, 77, &nr));
	bpfl_btf_search_deinit(&search);
	bpfl_btf_search_init(&search, BPFL_BTF_KIND_BIT(BPFL_KIND_FUNC), NULL);
	ck_assert_int_eq(bpfl_btf_search_reserve(&search, 3), 0);
	func = bpfl_btf_search_want(&search, "task_struct", 11);
	ck_assert_int_eq(bpfl_btf_search_run(&search, btf), 0);
	ids = bpfl_btf_search_ids(&search, func, &nr);
	ck_assert_uint_eq(nr, 1);
	ck_assert_uint_eq(ids[0], 7);
	bpfl_btf_search_deinit(&search);
	bpfl_btf_destroy(btf);
	btfgen_deinit(&gen);
}
END_TEST

/* The filter looks at 2, 4 or 8 bytes at once, and the last names stand at the very end of the strings. */
START_TEST(names_of_any_length_are_found_up_to_the_last_byte)
{
	static const char longest[] = "abcdefghijkl";
	char names[12][13];
	struct bpfl_btf_search search;
	struct btfgen gen;
	size_t nr;

	for (unsigned order = 0; order < 2; order++) { /* the shortest or the longest name last */
		btfgen_init(&gen, false);
		for (unsigned i = 0; i < 12; i++) {
			memcpy(names[i], longest, 12);
			names[i][order ? 12 - i : i + 1] = '\0';
			btfgen_struct(&gen, names[i], 0);
		}
		struct bpfl_btf *btf = btfgen_read(&gen);
		ck_assert_ptr_nonnull(btf);
		for (unsigned i = 0; i < 12; i++) { /* alone, and with all before it */
			bpfl_btf_search_init(&search, BPFL_BTF_KINDS_DATA, NULL);
			for (unsigned first = i % 2 ? 0 : i; first <= i; first++)
				ck_assert_int_ge(bpfl_btf_search_want(&search, names[first], strlen(names[first])), 0);
			ck_assert_int_eq(bpfl_btf_search_run(&search, btf), 0);
			int idx = bpfl_btf_search_want(&search, names[i], strlen(names[i]));
			const uint32_t *ids = bpfl_btf_search_ids(&search, idx, &nr);
			ck_assert_uint_eq(nr, 1);
			ck_assert_uint_eq(ids[0], i + 1);
			bpfl_btf_search_deinit(&search);
		}
		bpfl_btf_destroy(btf);
		btfgen_deinit(&gen);
	}
}
END_TEST

/* The bytes of the file are the types, unless they have to be turned or moved; then they may go away. */
START_TEST(borrowed_types_stay_where_they_are)
{
	static const struct {
		bool swap;
		size_t shift;
		bool in_place;
	} rows[] = { { false, 0, true }, { false, 4, true }, { false, 1, false }, { true, 0, false }, { true, 3, false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bpfl_error err = BPFL_ERROR_INIT;
		struct bpfl_btf *btf, *split;
		struct btfgen gen;
		const void *bytes;
		size_t size, got_size;
		uint8_t *room;

		btfgen_init(&gen, rows[i].swap);
		make_sample(&gen);
		bytes = btfgen_bytes(&gen, &size);
		room = malloc(size + rows[i].shift);
		ck_assert_ptr_nonnull(room);
		memcpy(room + rows[i].shift, bytes, size);
		CHECK_OK(bpfl_btf_borrow(room + rows[i].shift, size, NULL, &btf, &err), err);
		ck_assert_int_eq(bpfl_btf_is_foreign(btf), rows[i].swap);
		ck_assert_int_eq(bpfl_btf_bytes(btf, &got_size) == room + rows[i].shift, rows[i].in_place);
		ck_assert_uint_eq(got_size, size);
		ck_assert_int_eq(memcmp(room + rows[i].shift, bytes, size), 0); /* never written to */
		if (!rows[i].in_place)
			memset(room, 0xff, size + rows[i].shift);
		ck_assert_uint_ne(bpfl_btf_find(btf, BPFL_KIND_STRUCT, "event", 1), 0);

		/* Of what continues them too. */
		struct btfgen more;
		btfgen_init(&more, rows[i].swap);
		more.first_id = bpfl_btf_nr_types(btf);
		more.first_str = (uint32_t)gen.strings.size;
		btfgen_struct(&more, "more", 8);
		bytes = btfgen_bytes(&more, &size);
		CHECK_OK(bpfl_btf_borrow(bytes, size, btf, &split, &err), err);
		ck_assert_int_eq(bpfl_btf_bytes(split, &got_size) == bytes, !rows[i].swap);
		ck_assert_str_eq(bpfl_btf_name(split, bpfl_btf_first_id(split)), "more");
		bpfl_btf_destroy(split);
		bpfl_btf_destroy(btf);
		free(room);
		btfgen_deinit(&more);
		btfgen_deinit(&gen);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		borrowed_types_stay_where_they_are,
		names_of_any_length_are_found_up_to_the_last_byte,
		records_read_the_same_in_both_byte_orders,
		ids_names_and_records_are_found,
		sizes_and_alignments,
		arrays_above_four_gigabytes_have_no_size,
		texts_read_like_c,
		modifiers_are_followed_to_the_type_they_decorate,
		a_split_btf_continues_its_base,
		a_module_without_strings_is_accepted,
		the_sparse_index_finds_what_the_dense_one_finds,
		pointers_have_the_size_of_long,
		unchecked_circles_do_not_hang,
		one_pass_finds_all_wanted_names,
	};
	return bpfl_test_main(BPFL_TEST_SUITE("btf/btf", tests));
}
