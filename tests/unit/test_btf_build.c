/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A builder keeps ids, takes replacements of any length, shares strings, and finishes into a BTF that reads back.
 */
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include "btf/build.h"
#include "btfgen.h"

#define INFO(kind, vlen) ((uint32_t)(kind) << 24 | (vlen))

static struct bpfl_btf *finish(const struct bpfl_btf_builder *builder)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;
	void *bytes;
	size_t size;

	ck_assert_int_eq(bpfl_btf_builder_finish(builder, &bytes, &size), 0);
	CHECK_OK(bpfl_btf_read(bytes, size, NULL, &btf, &err), err);
	free(bytes);
	return btf;
}

static struct bpfl_btf *read_sample(bool swap)
{
	struct btfgen gen;
	struct bpfl_btf *btf;

	btfgen_init(&gen, swap);
	btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	btfgen_var(&gen, "counter", 1, BPFL_LINKAGE_GLOBAL);
	btfgen_datasec(&gen, ".data", 0);
	btfgen_datasec_var(&gen, 2, 0, 4);
	btfgen_ptr(&gen, 1);
	btf = btfgen_read(&gen);
	ck_assert_ptr_nonnull(btf);
	btfgen_deinit(&gen);
	return btf;
}

/* Taking gives what finishing gives, whether room was made beforehand or not. */
START_TEST(a_taken_result_is_the_finished_one)
{
	struct bpfl_btf *btf = read_sample(false);

	for (int with_room = 0; with_room < 2; with_room++) {
		struct bpfl_error err = BPFL_ERROR_INIT;
		struct bpfl_btf_builder *builder;
		void *finished, *taken;
		size_t finished_size, taken_size;

		CHECK_OK(bpfl_btf_builder_create(btf, &builder, &err), err);
		if (with_room)
			ck_assert_int_eq(bpfl_btf_builder_reserve(builder, 10, 200, 300), 0);
		ck_assert_int_ge(bpfl_btf_builder_string_add(builder, "one more"), 0);
		ck_assert_int_eq(bpfl_btf_builder_finish(builder, &finished, &finished_size), 0);
		ck_assert_int_eq(bpfl_btf_builder_take(builder, &taken, &taken_size), 0);
		ck_assert_uint_eq(taken_size, finished_size);
		ck_assert_mem_eq(taken, finished, taken_size);
		bpfl_btf_builder_destroy(builder);
		free(finished);
		free(taken);
	}
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(an_unchanged_copy_is_the_same)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf = read_sample(true);
	struct bpfl_btf_builder *builder;
	const void *before;
	size_t before_size, size;
	void *bytes;

	CHECK_OK(bpfl_btf_builder_create(btf, &builder, &err), err);
	ck_assert_uint_eq(bpfl_btf_builder_nr_types(builder), 5);
	ck_assert_int_eq(bpfl_btf_builder_finish(builder, &bytes, &size), 0);
	before = bpfl_btf_bytes(btf, &before_size);
	ck_assert_uint_eq(size, before_size);
	ck_assert_mem_eq(bytes, before, size);
	free(bytes);
	bpfl_btf_builder_destroy(builder);
	bpfl_btf_builder_destroy(NULL);
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(records_are_edited_and_replaced_under_their_ids)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf = read_sample(false);
	struct bpfl_btf *built;
	struct bpfl_btf_builder *builder;
	const struct bpfl_btf_type *type;
	struct {
		struct bpfl_btf_type type;
		struct bpfl_btf_member members[2];
	} wide = { { 0, INFO(BPFL_KIND_STRUCT, 2), { 8 } }, { { 0, 1, 0 }, { 0, 1, 32 } } };
	struct bpfl_btf_type plain = { 0, INFO(BPFL_KIND_CONST, 0), { 0 } };

	CHECK_OK(bpfl_btf_builder_create(btf, &builder, &err), err);
	/* in place: a data section gets its size */
	bpfl_btf_builder_type(builder, 3)->size = 4;
	/* the same length, shorter, longer */
	plain.type = 1;
	ck_assert_int_eq(bpfl_btf_builder_replace(builder, 4, &plain, sizeof(plain)), 0);
	ck_assert_int_eq(bpfl_btf_builder_replace(builder, 2, &wide, sizeof(wide)), 0);
	bpfl_btf_builder_type(builder, 3)->info = INFO(BPFL_KIND_STRUCT, 0);
	ck_assert_int_eq(bpfl_btf_builder_replace(builder, 3, bpfl_btf_builder_type(builder, 3), 12), 0);
	ck_assert_int_eq(bpfl_btf_builder_replace(builder, 9, &plain, sizeof(plain)), -ENOENT);
	ck_assert_int_eq(bpfl_btf_builder_replace(builder, 0, &plain, sizeof(plain)), -ENOENT);
	ck_assert_int_eq(bpfl_btf_builder_replace(builder, 1, &plain, 8), -EINVAL);
	ck_assert_int_eq(bpfl_btf_builder_replace(builder, 1, &wide, 14), -EINVAL);
	ck_assert_ptr_null(bpfl_btf_builder_type(builder, 0));
	ck_assert_ptr_null(bpfl_btf_builder_type(builder, 5));
	built = finish(builder);
	ck_assert_uint_eq(bpfl_btf_nr_types(built), 5);
	ck_assert_str_eq(bpfl_btf_name(built, 1), "int");
	type = bpfl_btf_type(built, 2);
	ck_assert_uint_eq(type->info, INFO(BPFL_KIND_STRUCT, 2));
	ck_assert_uint_eq(bpfl_btf_members(type)[1].offset, 32);
	ck_assert_str_eq(bpfl_btf_name(built, 3), ".data");
	ck_assert_uint_eq(bpfl_btf_type(built, 3)->size, 4);
	ck_assert_int_eq(bpfl_btf_kind(bpfl_btf_type(built, 4)), BPFL_KIND_CONST);
	bpfl_btf_destroy(built);
	/* a record of the builder itself, many times over: the memory it lies in moves */
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(bpfl_btf_builder_add(builder, bpfl_btf_builder_type(builder, 2), sizeof(wide)), 5 + i);
	ck_assert_mem_eq(bpfl_btf_builder_type(builder, 1004), &wide, sizeof(wide));
	bpfl_btf_builder_destroy(builder);
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(strings_are_shared)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf = read_sample(false);
	struct bpfl_btf_builder *builder;
	int counter, end, new_one;

	CHECK_OK(bpfl_btf_builder_create(btf, &builder, &err), err);
	counter = bpfl_btf_builder_string_add(builder, "counter");
	ck_assert_uint_eq((uint32_t)counter, bpfl_btf_type(btf, 2)->name_off);
	end = bpfl_btf_builder_string_add(builder, "ter");
	ck_assert_int_eq(end, counter + 4);
	ck_assert_int_eq(bpfl_btf_builder_string_add(builder, ""), 0);
	new_one = bpfl_btf_builder_string_add(builder, "count"); /* no whole string ends with it */
	ck_assert_int_gt(new_one, counter);
	ck_assert_int_eq(bpfl_btf_builder_string_add(builder, "count"), new_one);
	ck_assert_str_eq(bpfl_btf_builder_string(builder, (uint32_t)new_one), "count");
	ck_assert_str_eq(bpfl_btf_builder_string(builder, 0), "");
	ck_assert_str_eq(bpfl_btf_builder_string(builder, 99999), "");
	bpfl_btf_builder_destroy(builder);
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(a_btf_is_made_from_nothing)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf_builder *builder;
	struct bpfl_btf *built;
	struct {
		struct bpfl_btf_type type;
		uint32_t word;
	} integer = { { 0, INFO(BPFL_KIND_INT, 0), { 4 } }, 32 };
	struct bpfl_btf_type ptr = { 0, INFO(BPFL_KIND_PTR, 0), { 1 } };

	CHECK_OK(bpfl_btf_builder_create_empty(&builder, &err), err);
	ck_assert_uint_eq(bpfl_btf_builder_nr_types(builder), 1);
	integer.type.name_off = (uint32_t)bpfl_btf_builder_string_add(builder, "u32");
	ck_assert_int_eq(bpfl_btf_builder_add(builder, &integer, sizeof(integer)), 1);
	ck_assert_int_eq(bpfl_btf_builder_add(builder, &ptr, sizeof(ptr)), 2);
	ck_assert_int_eq(bpfl_btf_builder_add(builder, &ptr, 3), -EINVAL);
	built = finish(builder);
	ck_assert_uint_eq(bpfl_btf_nr_types(built), 3);
	ck_assert_str_eq(bpfl_btf_name(built, 1), "u32");
	bpfl_btf_destroy(built);
	bpfl_btf_builder_destroy(builder);
}
END_TEST

START_TEST(the_layout_section_is_left_behind)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf_builder *builder;
	struct bpfl_btf *btf, *built;
	struct btfgen gen;
	size_t size;

	btfgen_init(&gen, false);
	btfgen_layout(&gen, 19, 0, 12);
	btfgen_int(&gen, "int", 4, 0);
	btf = btfgen_read(&gen);
	ck_assert_ptr_nonnull(btf);
	CHECK_OK(bpfl_btf_builder_create(btf, &builder, &err), err);
	built = finish(builder);
	bpfl_btf_bytes(built, &size);
	ck_assert_uint_eq(size, 24 + 16 + 5);
	bpfl_btf_destroy(built);
	bpfl_btf_builder_destroy(builder);
	bpfl_btf_destroy(btf);
	btfgen_deinit(&gen);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		an_unchanged_copy_is_the_same,
		a_taken_result_is_the_finished_one,
		records_are_edited_and_replaced_under_their_ids,
		strings_are_shared,
		a_btf_is_made_from_nothing,
		the_layout_section_is_left_behind,
	};
	return bpfl_test_main(BPFL_TEST_SUITE("btf/build", tests));
}
