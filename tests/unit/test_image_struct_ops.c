/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A struct of functions as the object declares it against the one that a kernel has: rows of (object's types,
 * kernel's types, what becomes of the value or what is said). No kernel is asked.
 */
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include "base/buf.h"
#include "bpfload/check.h"
#include "btfc.h"
#include "image/image.h"
#include "specgen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct bpfl_target *target;
static struct bpfl_image *image;

/* The value that a map holds, as kernels since 6.8 have it. */
#define VALUE "struct bpf_struct_ops_ops { u64 common; struct ops data; };"
#define KERNEL(members) "struct ops { " members " };" VALUE

struct row {
	const char *local, *kernel;
	/* The object's bytes, and programs at offsets (-1 none). */
	const char *bytes;
	int off_a, off_b;
	/* What is expected: an error with this text, or a value (without its first 8 bytes). */
	const char *error, *value;
};

static const struct row rows[] = {
	{ "struct ops { u32 a; u32 b; };", KERNEL("u32 a; u32 b;"), "aaaabbbb", -1, -1, NULL, "aaaabbbb" },
	/* By name, not by place. */
	{ "struct ops { u32 b; u32 a; };", KERNEL("u32 a; u32 new; u32 b;"), "bbbbaaaa", -1, -1, NULL, "aaaa\0\0\0\0bbbb" },
	/* A flavour is no part of the name. */
	{ "struct ops___mine { u32 a; };", KERNEL("u32 a;"), "aaaa", -1, -1, NULL, "aaaa" },
	{ "struct ops { char name[8]; };", KERNEL("char name[8];"), "reno\0\0\0\0", -1, -1, NULL, "reno\0\0\0\0" },
	/* Nested structs are copied as they are when they are as large. */
	{ "struct in { u32 x; u32 y; }; struct ops { struct in i; };", "struct in { u32 p; u32 q; };" KERNEL("struct in i;"), "xxxxyyyy", -1, -1,
	  NULL, "xxxxyyyy" },
	{ "struct ops { u32 a; };", KERNEL("u64 a;"), "aaaa", -1, -1, "member 'a' has 4 bytes, in the kernel's struct it has 8", NULL },
	{ "struct ops { char name[4]; };", KERNEL("char name[8];"), "reno", -1, -1, "member 'name' has 4 bytes", NULL },
	{ "struct ops { u64 a; };", KERNEL("void *a;"), "aaaaaaaa", -1, -1, "member 'a' is int, in the kernel's struct it is ptr", NULL },
	{ "struct ops { u32 a : 3; u32 b; };", KERNEL("u32 a; u32 b;"), "aaaabbbb", -1, -1, "member 'a' is a bit-field", NULL },
	{ "struct ops { u32 a; };", KERNEL("u32 a : 3;"), "aaaa", -1, -1, "in the kernel's struct it is a bit-field", NULL },
	/* Missing in the kernel. */
	{ "struct ops { u32 a; u32 gone; };", KERNEL("u32 a;"), "aaaa\0\0\0\0", -1, -1, NULL, "aaaa" },
	{ "struct ops { u32 a; u32 gone; };", KERNEL("u32 a;"), "aaaa\0\0\0\1", -1, -1, "struct ops has no member 'gone'", NULL },
	{ "struct ops { void *gone; u32 a; };", KERNEL("u32 a;"), "\0\0\0\0\0\0\0\0aaaa\0\0\0", 0, -1, "struct ops has no member 'gone'", NULL },
	/* Pointers. */
	{ "struct ops { void *p; };", KERNEL("void *p;"), "\0\0\0\0\0\0\0\0", -1, -1, NULL, "\0\0\0\0\0\0\0\0" },
	{ "struct ops { void *p; };", KERNEL("void *p;"), "\0\0\0\1\0\0\0\0", -1, -1, "member 'p' is a pointer, and only one to a program", NULL },
	{ "struct ops { void *p; };", KERNEL("void *p;"), "\0\0\0\0\0\0\0\0", 0, -1, "member 'p' is a program here, and no function in the kernel", NULL },
};

static struct bpfl_map_spec *describe(const struct row *row)
{
	const char *name = strstr(row->local, "struct ops___mine") ? "struct ops___mine" : "struct ops";
	struct bpfl_target_opts opts = { .size = sizeof(opts) };
	struct bpfl_map_spec *map;
	uint32_t size = 0;

	spec = specgen_new("test");
	spec->btf = btfc_read(row->local, false);
	specgen_prog(spec, "a", "struct_ops", specgen_func(spec, "a", 2));
	specgen_prog(spec, "b", "struct_ops", specgen_func(spec, "b", 2));
	map = BPFL_VEC_PUSH(&spec->maps);
	map->name = bpfl_strdup("my_ops");
	map->section = bpfl_strdup(".struct_ops");
	map->origin = BPFL_MAP_STRUCT_OPS;
	map->type = BPFL_MAP_TYPE_STRUCT_OPS;
	map->key_size = 4;
	map->max_entries = 1;
	map->value_type_id = btfc_id(spec->btf, name);
	ck_assert_int_eq(bpfl_btf_size(spec->btf, map->value_type_id, &size), 0);
	map->value_size = map->data_size = size;
	map->data = bpfl_memdup(row->bytes, size);
	const int offs[] = { row->off_a, row->off_b };
	for (uint32_t i = 0; i < 2; i++) {
		if (offs[i] < 0) {
			spec->progs.items[i].selected = false;
			continue;
		}
		struct bpfl_ops_member *member = BPFL_VEC_PUSH(&map->ops);

		*member = (struct bpfl_ops_member){ (uint32_t)offs[i], i };
	}
	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	target->btf = btfc_read(row->kernel, false);
	return map;
}

static void done(void)
{
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
	image = NULL;
}

/* The check says the same beforehand, for each member. */
static void check_agrees(const struct row *row, int built)
{
	struct bpfl_error check_err = BPFL_ERROR_INIT;
	struct bpfl_check *check = NULL;
	struct bpfl_check_view view;
	const struct bpfl_check_item *item;
	unsigned nr_members = 0, nr_missing = 0;
	int ret = bpfl_check_run(spec, target, NULL, &check, &check_err);

	if (built < 0 && err.kind == BPFL_ERR_OBJECT) {
		ck_assert_int_eq(ret, built);
		ck_assert_str_eq(check_err.message, err.message);
		bpfl_error_clear(&check_err);
		return;
	}
	CHECK_OK(ret, check_err);
	bpfl_check_get(check, &view);
	ck_assert_msg((view.loads == BPFL_CHECK_LACKS) == (built < 0), "%s: %s", row->local,
		      bpfl_check_verdict_name(view.loads));
	for (size_t i = 0; (item = bpfl_check_item(check, i)); i++) {
		if (item->kind != BPFL_CHECK_OPS_MEMBER)
			continue;
		ck_assert_msg(strncmp(item->name, "ops.", 4) == 0, "%s", item->name);
		nr_members++;
		nr_missing += item->status == BPFL_CHECK_MISSING;
		if (item->status == BPFL_CHECK_MISSING && item->needed) {
			ck_assert_msg(row->error && strstr(item->text, row->error), "%s: %s", row->local, item->text);
		} else if (item->status == BPFL_CHECK_MISSING) {
			ck_assert_str_eq(item->name, "ops.gone");
		}
	}
	ck_assert_uint_eq(nr_members, bpfl_btf_vlen(bpfl_btf_type(spec->btf, spec->maps.items[0].value_type_id)));
	ck_assert_uint_eq(nr_missing, built < 0 || strstr(row->local, "gone"));
	bpfl_check_destroy(check);
}

START_TEST(members_are_matched_by_name)
{
	const struct row *row = &rows[_i];

	describe(row);
	int ret = bpfl_image_build(spec, target, NULL, &image, &err);
	check_agrees(row, ret);
	if (row->error) {
		ck_assert_msg(ret < 0, "%s: no error", row->local);
		CHECK_HAS(err.message, "struct_ops 'my_ops': ");
		CHECK_HAS(err.message, row->error);
		done();
		return;
	}
	CHECK_OK(ret, err);
	const struct bpfl_image_map *map = &image->maps[0];
	uint32_t kernel_id = btfc_id(target->btf, "struct ops");

	ck_assert(map->needed);
	ck_assert_uint_eq(map->value_size,
			  bpfl_btf_type(target->btf, btfc_id(target->btf, "struct bpf_struct_ops_ops"))->size);
	ck_assert_uint_eq(map->kernel_value_type_id, btfc_id(target->btf, "struct bpf_struct_ops_ops"));
	ck_assert_mem_eq(map->own_data + 8, row->value, bpfl_btf_type(target->btf, kernel_id)->size);
	ck_assert_uint_eq(map->value_type_id, 0);
	ck_assert(image->btf_needed);
	done();
}
END_TEST

START_TEST(a_kernel_without_the_value_lets_nobody_implement_it)
{
	const struct row row = { "struct ops { u32 a; };",
				 "struct ops { u32 a; }; struct bpf_struct_ops_opt { u32 a; };",
				 "aaaa",
				 -1,
				 -1,
				 NULL,
				 NULL };

	describe(&row);
	CHECK_FAILS(bpfl_image_build(spec, target, NULL, &image, &err), err, BPFL_ERR_UNSUPPORTED, ENOENT,
		    "struct_ops 'my_ops': this kernel lets nobody implement struct ops");
	struct bpfl_check *check;
	CHECK_OK(bpfl_check_run(spec, target, NULL, &check, NULL), err);
	ck_assert_str_eq(bpfl_check_item(check, 0)->name, "struct_ops/ops");
	ck_assert_int_eq(bpfl_check_item(check, 0)->status, BPFL_CHECK_MISSING);
	bpfl_check_destroy(check);
	CHECK_HAS(err.fix, "'opt'");
	done();
}
END_TEST

START_TEST(a_value_without_data_is_not_understood)
{
	const struct row row = { "struct ops { u32 a; };",
				 "struct ops { u32 a; }; struct bpf_struct_ops_ops { u64 common; struct ops *data; };",
				 "aaaa",
				 -1,
				 -1,
				 NULL,
				 NULL };

	describe(&row);
	CHECK_FAILS(bpfl_image_build(spec, target, NULL, &image, &err), err, BPFL_ERR_UNSUPPORTED, EINVAL,
		    "does not hold a struct 'ops'");
	done();
}
END_TEST

START_TEST(a_struct_without_types_is_not_understood)
{
	describe(&rows[0])->value_type_id = 0;
	CHECK_FAILS(bpfl_image_build(spec, target, NULL, &image, &err), err, BPFL_ERR_OBJECT, EINVAL,
		    "has to be a struct");
	ck_assert_int_eq(err.catalogue_id, 8);
	done();
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_kernel_without_the_value_lets_nobody_implement_it,
				 a_value_without_data_is_not_understood, a_struct_without_types_is_not_understood };
	Suite *suite = BPFL_TEST_SUITE("image/struct_ops", tests);

	bpfl_test_add_loop(suite, "members", members_are_matched_by_name, sizeof(rows) / sizeof(rows[0]));
	return bpfl_test_main(suite);
}
