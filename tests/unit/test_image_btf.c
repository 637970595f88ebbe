/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/btf_load, btf/subset: what the blob for BPF_BTF_LOAD says, read back with the reader of loader/btf.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "btfgen.h"
#include "harness.h"
#include "image/image.h"
#include "specgen.h"
#include "sys/facts.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_target *target;
static struct bpfl_btf *loaded; /* the blob, read again */

static struct bpfl_image *build_for(const struct bpfl_spec *spec, uint32_t kernel_version)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts), .kernel_version = kernel_version };
	struct bpfl_image *image = NULL;

	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	ck_assert_ptr_nonnull(image->btf_bytes);
	CHECK_OK(bpfl_btf_read(image->btf_bytes, image->btf_size, NULL, &loaded, &err), err);
	return image;
}

static struct bpfl_image *build(const struct bpfl_spec *spec)
{
	return build_for(spec, 0);
}

/* The number under which a type of the object is in the blob. */
static uint32_t now(const struct bpfl_image *image, uint32_t id)
{
	ck_assert_uint_ne(bpfl_image_btf_id(image, id), 0);
	return bpfl_image_btf_id(image, id);
}

static void done(struct bpfl_image *image, struct bpfl_spec *spec)
{
	bpfl_btf_destroy(loaded);
	bpfl_image_destroy(image);
	bpfl_spec_destroy(spec);
	bpfl_target_destroy(target);
}

/* A selected program that refers to nothing, or to a byte of map 0. */
static void give_prog(struct bpfl_spec *spec, bool uses_map)
{
	uint32_t func = specgen_func(spec, "main", 4);

	if (uses_map)
		specgen_ref(spec, func, 0, BPFL_REF_DATA, 0, 0);
	specgen_prog(spec, "main", "xdp", func);
}

static void take_btf(struct bpfl_spec *spec, struct btfgen *gen)
{
	spec->btf = btfgen_read(gen);
	btfgen_deinit(gen);
	ck_assert_ptr_nonnull(spec->btf);
}

static void check_entry(uint32_t datasec, uint32_t i, uint32_t type, uint32_t byte_off, uint32_t size)
{
	const struct bpfl_btf_datasec_var *entry = &bpfl_btf_datasec_vars(bpfl_btf_type(loaded, datasec))[i];

	ck_assert_uint_eq(entry->type, type);
	ck_assert_uint_eq(entry->byte_off, byte_off);
	ck_assert_uint_eq(entry->size_bytes, size);
}

START_TEST(a_data_section_is_sized_filled_and_sorted)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t int_id = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	uint32_t first = btfgen_var(&gen, "first", int_id, BPFL_LINKAGE_GLOBAL);
	uint32_t second = btfgen_var(&gen, "second", int_id, BPFL_LINKAGE_GLOBAL);
	uint32_t local = btfgen_var(&gen, "local", int_id, BPFL_LINKAGE_STATIC);
	uint32_t datasec = btfgen_datasec(&gen, ".data", 0);
	btfgen_datasec_var(&gen, second, 0, 4);
	btfgen_datasec_var(&gen, first, 0, 4);
	btfgen_datasec_var(&gen, local, 8, 4);
	take_btf(spec, &gen);
	specgen_map(spec, ".data", BPFL_MAP_DATA, 0, 0, 32, 0)->value_type_id = datasec;
	specgen_var(spec, "first", 0, 0, 4, first);
	specgen_var(spec, "second", 0, 16, 4, second);
	give_prog(spec, true);
	struct bpfl_image *image = build(spec);
	const struct bpfl_btf_type *type = bpfl_btf_type(loaded, datasec);

	ck_assert_int_eq(bpfl_btf_kind(type), BPFL_KIND_DATASEC);
	ck_assert_uint_eq(type->size, 32);
	ck_assert_uint_eq(bpfl_btf_vlen(type), 3);
	check_entry(datasec, 0, first, 0, 4);
	check_entry(datasec, 1, local, 8, 4);
	check_entry(datasec, 2, second, 16, 4);
	ck_assert_uint_eq(image->maps[0].value_type_id, datasec);
	ck_assert(image->btf_needed);
	/* The object's own BTF is as it was. */
	ck_assert_uint_eq(bpfl_btf_type(spec->btf, datasec)->size, 0);
	done(image, spec);
}
END_TEST

START_TEST(entries_that_belong_elsewhere_or_do_not_fit_are_left_out)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t int_id = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	uint32_t good = btfgen_var(&gen, "good", int_id, BPFL_LINKAGE_GLOBAL);
	uint32_t elsewhere = btfgen_var(&gen, "elsewhere", int_id, BPFL_LINKAGE_GLOBAL);
	uint32_t overlaps = btfgen_var(&gen, "overlaps", int_id, BPFL_LINKAGE_STATIC);
	uint32_t outside = btfgen_var(&gen, "outside", int_id, BPFL_LINKAGE_STATIC);
	uint32_t datasec = btfgen_datasec(&gen, ".rodata", 0);
	btfgen_datasec_var(&gen, good, 0, 4);
	btfgen_datasec_var(&gen, elsewhere, 0, 4);
	btfgen_datasec_var(&gen, overlaps, 6, 4);
	btfgen_datasec_var(&gen, outside, 13, 4);
	take_btf(spec, &gen);
	specgen_map(spec, ".rodata", BPFL_MAP_RODATA, 0, 0, 16, 0)->value_type_id = datasec;
	specgen_map(spec, ".rodata.cst16", BPFL_MAP_RODATA, 0, 0, 16, 0);
	specgen_var(spec, "good", 0, 4, 4, good);
	specgen_var(spec, "elsewhere", 1, 8, 4, elsewhere);
	give_prog(spec, true);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(bpfl_btf_type(loaded, datasec)->size, 16);
	ck_assert_uint_eq(bpfl_btf_vlen(bpfl_btf_type(loaded, datasec)), 1);
	check_entry(datasec, 0, good, 4, 4);
	done(image, spec);
}
END_TEST

START_TEST(a_section_that_becomes_empty_is_no_value_type)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t int_id = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	uint32_t var = btfgen_var(&gen, "elsewhere", int_id, BPFL_LINKAGE_GLOBAL);
	uint32_t datasec = btfgen_datasec(&gen, ".rodata", 0);
	btfgen_datasec_var(&gen, var, 0, 4);
	take_btf(spec, &gen);
	specgen_map(spec, ".rodata", BPFL_MAP_RODATA, 0, 0, 16, 0)->value_type_id = datasec;
	specgen_map(spec, ".rodata.cst16", BPFL_MAP_RODATA, 0, 0, 16, 0);
	specgen_var(spec, "elsewhere", 1, 0, 4, var);
	give_prog(spec, true);
	struct bpfl_image *image = build(spec);

	ck_assert_int_eq(bpfl_btf_kind(bpfl_btf_type(loaded, now(image, datasec))), BPFL_KIND_STRUCT);
	ck_assert_uint_eq(image->maps[0].value_type_id, 0);
	done(image, spec);
}
END_TEST

/* Whether any type of the blob has this name. */
static bool is_loaded(const char *name)
{
	for (uint32_t id = 1; id < bpfl_btf_nr_types(loaded); id++) {
		if (strcmp(bpfl_btf_name(loaded, id), name) == 0)
			return true;
	}
	return false;
}

START_TEST(sections_that_are_no_map_stay_behind)
{
	static const char *const sections[] = { ".ksyms", ".maps", "license", "?.struct_ops" };
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t long_id = btfgen_int(&gen, "long", 8, BPFL_INT_SIGNED);
	uint32_t proto = btfgen_func_proto(&gen, long_id);
	uint32_t kfunc = btfgen_func(&gen, "a_kfunc", proto, BPFL_LINKAGE_EXTERN);
	uint32_t main_fn = btfgen_func(&gen, "main", proto, BPFL_LINKAGE_GLOBAL);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		uint32_t var = btfgen_var(&gen, "variable", long_id, BPFL_LINKAGE_EXTERN);

		btfgen_datasec(&gen, sections[i], 0);
		btfgen_datasec_var(&gen, var, 0, 8);
		if (i == 0)
			btfgen_datasec_var(&gen, kfunc, 0, 0);
	}
	take_btf(spec, &gen);
	specgen_extern(spec, "a_kfunc", BPFL_EXTERN_KFUNC, true, kfunc);
	give_prog(spec, false);
	spec->funcs.items[0].btf_func_id = main_fn;
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(bpfl_btf_nr_types(loaded), 4); /* void, long, the prototype, main */
	ck_assert_uint_eq(image->progs[0].func_info.items[0].type_id, 3);
	ck_assert_str_eq(bpfl_btf_name(loaded, 3), "main");
	ck_assert(image->btf_needed);
	done(image, spec);
}
END_TEST

/* One type of each kind behind a map's value, and one of each kind, of the same shape, that nobody needs. */
static uint32_t every_kind(struct btfgen *gen, const char *mark)
{
	char name[32];
	uint32_t int_id, ptr, array, enum_id, enum64, fwd, real, proto, top;

	snprintf(name, sizeof(name), "%s_int", mark);
	int_id = btfgen_int(gen, name, 4, BPFL_INT_SIGNED);
	snprintf(name, sizeof(name), "%s_fwd", mark);
	fwd = btfgen_type(gen, BPFL_KIND_FWD, name, 0);
	ptr = btfgen_ptr(gen, btfgen_type(gen, BPFL_KIND_TYPE_TAG, mark, btfgen_type(gen, BPFL_KIND_CONST, "", fwd)));
	array = btfgen_array(gen, btfgen_type(gen, BPFL_KIND_VOLATILE, "", int_id), int_id, 2);
	snprintf(name, sizeof(name), "%s_enum", mark);
	enum_id = btfgen_enum(gen, name, 4);
	snprintf(name, sizeof(name), "%s_value", mark);
	btfgen_enumerator(gen, name, 7);
	snprintf(name, sizeof(name), "%s_enum64", mark);
	enum64 = btfgen_enum64(gen, name, false);
	snprintf(name, sizeof(name), "%s_value64", mark);
	btfgen_enumerator(gen, name, 1ll << 40);
	snprintf(name, sizeof(name), "%s_float", mark);
	real = btfgen_type(gen, BPFL_KIND_FLOAT, name, 8);
	snprintf(name, sizeof(name), "%s_typedef", mark);
	enum_id = btfgen_type(gen, BPFL_KIND_TYPEDEF, name, enum_id);
	proto = btfgen_func_proto(gen, int_id);
	snprintf(name, sizeof(name), "%s_param", mark);
	btfgen_param(gen, name, enum_id);
	snprintf(name, sizeof(name), "%s_union", mark);
	top = btfgen_union(gen, name, 8);
	btfgen_member(gen, name, real, 0);
	btfgen_member(gen, "", enum64, 0);
	snprintf(name, sizeof(name), "%s_struct", mark);
	proto = btfgen_ptr(gen, proto);
	enum64 = btfgen_type(gen, BPFL_KIND_RESTRICT, "", ptr);
	real = top;
	top = btfgen_struct(gen, name, 40);
	btfgen_member(gen, name, ptr, 0);
	btfgen_member(gen, "array", array, 64);
	btfgen_member(gen, "callback", proto, 128);
	btfgen_member(gen, "both", real, 192);
	btfgen_member(gen, "restricted", enum64, 256);
	return top;
}

/* A type in words that do not depend on numbers, with everything behind it. */
static void describe(const struct bpfl_btf *btf, uint32_t id, unsigned depth, struct bpfl_buf *out)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, id);
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);
	bool refers = kind == BPFL_KIND_PTR || kind == BPFL_KIND_TYPEDEF || kind == BPFL_KIND_CONST ||
		      kind == BPFL_KIND_VOLATILE || kind == BPFL_KIND_RESTRICT || kind == BPFL_KIND_TYPE_TAG ||
		      kind == BPFL_KIND_FUNC || kind == BPFL_KIND_FUNC_PROTO || kind == BPFL_KIND_VAR ||
		      kind == BPFL_KIND_DECL_TAG;

	ck_assert_ptr_nonnull(type);
	ck_assert_uint_lt(depth, 20);
	bpfl_buf_printf(out, "(%s '%s' %x %u", bpfl_btf_kind_name(kind), bpfl_btf_string(btf, type->name_off),
			type->info, refers ? 0 : type->size);
	if (refers)
		describe(btf, type->type, depth + 1, out);
	if (kind == BPFL_KIND_ARRAY) {
		describe(btf, bpfl_btf_array(type)->type, depth + 1, out);
		describe(btf, bpfl_btf_array(type)->index_type, depth + 1, out);
	}
	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		if (kind == BPFL_KIND_STRUCT || kind == BPFL_KIND_UNION) {
			bpfl_buf_printf(out, " %s@%u", bpfl_btf_string(btf, bpfl_btf_members(type)[i].name_off),
					bpfl_btf_members(type)[i].offset);
			describe(btf, bpfl_btf_members(type)[i].type, depth + 1, out);
		} else if (kind == BPFL_KIND_ENUM) {
			bpfl_buf_printf(out, " %s", bpfl_btf_string(btf, bpfl_btf_enums(type)[i].name_off));
		} else if (kind == BPFL_KIND_ENUM64) {
			bpfl_buf_printf(out, " %s", bpfl_btf_string(btf, bpfl_btf_enums64(type)[i].name_off));
		} else if (kind == BPFL_KIND_FUNC_PROTO) {
			bpfl_buf_printf(out, " %s", bpfl_btf_string(btf, bpfl_btf_params(type)[i].name_off));
			describe(btf, bpfl_btf_params(type)[i].type, depth + 1, out);
		} else if (kind == BPFL_KIND_DATASEC) {
			describe(btf, bpfl_btf_datasec_vars(type)[i].type, depth + 1, out);
		}
	}
	bpfl_buf_char(out, ')');
}

static void check_same(const struct bpfl_image *image, uint32_t id)
{
	struct bpfl_buf before = BPFL_BUF_INIT, after = BPFL_BUF_INIT;

	describe(image->spec->btf, id, 0, &before);
	describe(loaded, now(image, id), 0, &after);
	ck_assert_str_eq(after.data, before.data);
	bpfl_buf_deinit(&before);
	bpfl_buf_deinit(&after);
}

START_TEST(what_a_map_needs_goes_along_and_nothing_else)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	every_kind(&gen, "before");
	uint32_t used = every_kind(&gen, "used");
	uint32_t after = every_kind(&gen, "after");
	uint32_t key = btfgen_type(&gen, BPFL_KIND_TYPEDEF, "key", 1);
	take_btf(spec, &gen);
	struct bpfl_map_spec *map = specgen_map(spec, "m", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 40, 1);
	map->value_type_id = used;
	map->key_type_id = key;
	specgen_map(spec, "unused", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 40, 1)->value_type_id = after;
	uint32_t func = specgen_func(spec, "main", 4);
	specgen_ref(spec, func, 0, BPFL_REF_MAP, 0, 0);
	specgen_prog(spec, "main", "xdp", func);
	uint32_t other = specgen_func(spec, "other", 4);
	specgen_ref(spec, other, 0, BPFL_REF_MAP, 1, 0);
	uint32_t unselected = specgen_prog(spec, "other", "xdp", other);
	spec->progs.items[unselected].selected = false;
	struct bpfl_image *image = build(spec);

	check_same(image, used);
	check_same(image, key);
	/* The key refers to the first int; nothing else of that lot, and of the last, is there. */
	ck_assert(is_loaded("before_int"));
	ck_assert(!is_loaded("before_struct"));
	ck_assert(!is_loaded("after_int"));
	ck_assert_uint_eq(bpfl_image_btf_id(image, after), 0);
	ck_assert_ptr_null(memmem(image->btf_bytes, image->btf_size, "after", 5));
	ck_assert_ptr_null(memmem(image->btf_bytes, image->btf_size, "before_enum", 11));
	/* For printing, the map keeps the object's numbers. */
	ck_assert_uint_eq(image->maps[0].value_type_id, used);
	done(image, spec);
}
END_TEST

START_TEST(the_types_of_inner_maps_go_along)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t unused = btfgen_int(&gen, "unused", 8, 0);
	uint32_t int_id = btfgen_int(&gen, "int", 4, 0);
	uint32_t inner = btfgen_struct(&gen, "inner", 4);
	btfgen_member(&gen, "a", int_id, 0);
	take_btf(spec, &gen);
	struct bpfl_map_spec *outer = specgen_map(spec, "outer", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 1);
	outer->inner = calloc(1, sizeof(*outer->inner));
	ck_assert_ptr_nonnull(outer->inner);
	*outer->inner = (struct bpfl_map_spec){ .name = bpfl_strdup("outer.inner"),
						.origin = BPFL_MAP_BTF,
						.type = BPFL_MAP_TYPE_ARRAY,
						.key_size = 4,
						.value_size = 4,
						.max_entries = 1,
						.key_type_id = int_id,
						.value_type_id = inner };
	uint32_t func = specgen_func(spec, "main", 4);
	specgen_ref(spec, func, 0, BPFL_REF_MAP, 0, 0);
	specgen_prog(spec, "main", "xdp", func);
	struct bpfl_image *image = build(spec);

	ck_assert_ptr_nonnull(image->maps[0].inner);
	check_same(image, image->maps[0].inner->value_type_id);
	ck_assert_uint_eq(image->maps[0].inner->value_type_id, inner);
	ck_assert_uint_eq(bpfl_image_btf_id(image, unused), 0);
	done(image, spec);
}
END_TEST

/* Tags are found by what they are tags of; a list's tag names a struct that nothing refers to. */
START_TEST(tags_go_along_and_bring_what_they_name)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t int_id = btfgen_int(&gen, "int", 4, 0);
	uint32_t unused = btfgen_struct(&gen, "unused", 4);
	btfgen_member(&gen, "u", int_id, 0);
	uint32_t tag_of_unused = btfgen_decl_tag(&gen, "of unused", unused, -1);
	uint32_t deep = btfgen_struct(&gen, "deep", 4);
	btfgen_member(&gen, "d", int_id, 0);
	uint32_t element = btfgen_struct(&gen, "element", 8);
	btfgen_member(&gen, "list", int_id, 0);
	uint32_t second = btfgen_decl_tag(&gen, "contains:deep:d", element, 0);
	uint32_t value = btfgen_struct(&gen, "value", 4);
	btfgen_member(&gen, "head", int_id, 0);
	uint32_t first = btfgen_decl_tag(&gen, "contains:element:list", value, 0);
	uint32_t nowhere = btfgen_decl_tag(&gen, "contains:nothing:list", value, -1);
	uint32_t proto = btfgen_func_proto(&gen, int_id);
	btfgen_param(&gen, "ctx", int_id);
	uint32_t func_id = btfgen_func(&gen, "main", proto, BPFL_LINKAGE_GLOBAL);
	uint32_t ctx_tag = btfgen_decl_tag(&gen, "arg:ctx", func_id, 0);
	take_btf(spec, &gen);
	struct bpfl_map_spec *map = specgen_map(spec, "m", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 4, 1);
	map->key_type_id = int_id;
	map->value_type_id = value;
	give_prog(spec, false);
	spec->funcs.items[0].btf_func_id = func_id;
	struct bpfl_image *image = build(spec);

	const uint32_t there[] = { first, second, nowhere, ctx_tag, element, deep };
	for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++)
		check_same(image, there[i]);
	ck_assert_int_eq(bpfl_btf_tag_component(bpfl_btf_type(loaded, now(image, ctx_tag))), 0);
	ck_assert_int_eq(bpfl_btf_tag_component(bpfl_btf_type(loaded, now(image, nowhere))), -1);
	ck_assert_uint_eq(bpfl_image_btf_id(image, unused), 0);
	ck_assert_uint_eq(bpfl_image_btf_id(image, tag_of_unused), 0);
	done(image, spec);
}
END_TEST

START_TEST(lines_and_functions_point_into_the_blob)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	every_kind(&gen, "before");
	uint32_t proto = btfgen_func_proto(&gen, 1);
	uint32_t func_id = btfgen_func(&gen, "main", proto, BPFL_LINKAGE_GLOBAL);
	btfgen_string(&gen, "nobody refers to this");
	uint32_t file = btfgen_string(&gen, "dir/file.c");
	uint32_t one = btfgen_string(&gen, "	one();");
	/* The same text twice, and the end of another one. */
	specgen_map(spec, "m", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 4, 1);
	take_btf(spec, &gen);
	uint32_t func = specgen_func(spec, "main", 4);
	spec->funcs.items[func].btf_func_id = func_id;
	specgen_line(spec, func, 0, file, one, 3);
	specgen_line(spec, func, 1, file + 4, one + 4, 4);
	specgen_line(spec, func, 2, file, 0, 5);
	specgen_line(spec, func, 3, file, one, 6);
	specgen_prog(spec, "main", "xdp", func);
	struct bpfl_image *image = build(spec);
	static const char *const texts[][2] = {
		{ "dir/file.c", "	one();" }, { "file.c", "();" }, { "dir/file.c", "" }, { "dir/file.c", "	one();" }
	};
	const struct bpfl_image_prog *prog = &image->progs[0];

	ck_assert_uint_eq(prog->line_info.nr, 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_str_eq(bpfl_btf_string(loaded, prog->line_info.items[i].file_name_off), texts[i][0]);
		ck_assert_str_eq(bpfl_btf_string(loaded, prog->line_info.items[i].line_off), texts[i][1]);
		ck_assert_str_eq(bpfl_image_btf_string(image, prog->line_info.items[i].line_off), texts[i][1]);
		ck_assert_uint_eq(prog->line_info.items[i].line_col >> 10, 3 + i);
	}
	ck_assert_uint_eq(prog->line_info.items[0].line_off, prog->line_info.items[3].line_off);
	ck_assert_uint_eq(prog->func_info.items[0].type_id, now(image, func_id));
	check_same(image, func_id);
	ck_assert_ptr_null(memmem(image->btf_bytes, image->btf_size, "nobody", 6));
	ck_assert_str_eq(bpfl_image_btf_string(image, UINT32_MAX), "");
	done(image, spec);
}
END_TEST

/* G-40: bpf_obj_new() is told the number of a type of the loaded BTF by an instruction. */
START_TEST(numbers_of_types_in_instructions_follow)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	every_kind(&gen, "before");
	uint32_t type = every_kind(&gen, "used");
	take_btf(spec, &gen);
	for (unsigned i = 0; i < 2; i++) {
		struct bpfl_core *core = BPFL_VEC_PUSH(&spec->cores);
		uint32_t func = specgen_func(spec, i ? "other" : "main", 4);

		*core = (struct bpfl_core){ .type_id = i ? 1 : type, .kind = 6, .access = "0" };
		spec->funcs.items[func].insts[0].insn = bpfl_insn_make(0xb7, 1, 0, 0, (int32_t)type); /* r1 = type */
		spec->funcs.items[func].insts[0].core_idx = (int32_t)i;
		uint32_t prog = specgen_prog(spec, i ? "other" : "main", "xdp", func);
		spec->progs.items[prog].selected = i == 0;
	}
	struct bpfl_image *image = build(spec);

	check_same(image, type);
	ck_assert_uint_ne(now(image, type), type);
	ck_assert_uint_eq((uint32_t)image->progs[0].insns[0].imm, now(image, type));
	ck_assert_uint_eq(image->progs[0].core_results.items[0].kernel_value, now(image, type));
	ck_assert(!is_loaded("before_int")); /* only the unselected program names it */
	done(image, spec);
}
END_TEST

START_TEST(a_type_of_an_unknown_kind_cannot_go_along)
{
	for (unsigned is_needed = 0; is_needed < 2; is_needed++) {
		struct bpfl_spec *spec = specgen_new("obj");
		struct bpfl_target_opts opts = { .size = sizeof(opts) };
		struct bpfl_image *image = NULL;
		struct btfgen gen;

		btfgen_init(&gen, false);
		btfgen_layout(&gen, 25, 0, 0);
		uint32_t odd = btfgen_record(&gen, 0, 25u << 24, 0);
		uint32_t ptr = btfgen_ptr(&gen, is_needed ? odd : 0);
		take_btf(spec, &gen);
		struct bpfl_map_spec *map = specgen_map(spec, "m", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 8, 1);
		map->key_type_id = map->value_type_id = ptr;
		give_prog(spec, false);
		CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
		int ret = bpfl_image_build(spec, target, NULL, &image, &err);
		if (is_needed)
			CHECK_FAILS(ret, err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "type 1 is of kind 25");
		else
			CHECK_OK(ret, err);
		bpfl_image_destroy(image);
		bpfl_spec_destroy(spec);
		bpfl_target_destroy(target);
		bpfl_error_clear(&err);
	}
}
END_TEST

START_TEST(kconfig_variables_are_global_and_placed)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t int_id = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	uint32_t hz = btfgen_var(&gen, "CONFIG_HZ", int_id, BPFL_LINKAGE_EXTERN);
	uint32_t smp = btfgen_var(&gen, "CONFIG_SMP", int_id, BPFL_LINKAGE_EXTERN);
	uint32_t kconfig = btfgen_datasec(&gen, ".kconfig", 0);
	btfgen_datasec_var(&gen, hz, 0, 4);
	btfgen_datasec_var(&gen, smp, 0, 4);
	take_btf(spec, &gen);
	specgen_map(spec, ".kconfig", BPFL_MAP_KCONFIG, 0, 0, 8, 0)->value_type_id = kconfig;
	uint32_t hz_extern = specgen_extern(spec, "CONFIG_HZ", BPFL_EXTERN_KCONFIG, true, hz);
	uint32_t smp_extern = specgen_extern(spec, "CONFIG_SMP", BPFL_EXTERN_KCONFIG, true, smp);
	spec->externs.items[hz_extern].byte_off = 4;
	spec->externs.items[hz_extern].type_id = spec->externs.items[smp_extern].type_id = int_id;
	spec->externs.items[hz_extern].size_bytes = spec->externs.items[smp_extern].size_bytes = 4;
	uint32_t func = specgen_func(spec, "main", 4);
	specgen_ref(spec, func, 0, BPFL_REF_EXTERN, hz_extern, 0);
	specgen_prog(spec, "main", "xdp", func);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(bpfl_btf_type(loaded, now(image, kconfig))->size, 8);
	check_entry(now(image, kconfig), 0, now(image, smp), 0, 4);
	check_entry(now(image, kconfig), 1, now(image, hz), 4, 4);
	ck_assert_uint_eq(bpfl_btf_var_linkage(bpfl_btf_type(loaded, now(image, hz))), BPFL_LINKAGE_GLOBAL);
	ck_assert_uint_eq(bpfl_btf_type(loaded, now(image, hz))->type, now(image, int_id));
	done(image, spec);
}
END_TEST

START_TEST(hidden_things_become_static)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t int_id = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	uint32_t proto = btfgen_func_proto(&gen, int_id);
	uint32_t open_fn = btfgen_func(&gen, "open_fn", proto, BPFL_LINKAGE_GLOBAL);
	uint32_t hidden_fn = btfgen_func(&gen, "hidden_fn", proto, BPFL_LINKAGE_GLOBAL);
	uint32_t hidden_var = btfgen_var(&gen, "hidden_var", int_id, BPFL_LINKAGE_GLOBAL);
	uint32_t open_var = btfgen_var(&gen, "open_var", int_id, BPFL_LINKAGE_GLOBAL);
	uint32_t datasec = btfgen_datasec(&gen, ".data", 0);
	btfgen_datasec_var(&gen, hidden_var, 0, 4);
	btfgen_datasec_var(&gen, open_var, 0, 4);
	take_btf(spec, &gen);
	specgen_map(spec, ".data", BPFL_MAP_DATA, 0, 0, 8, 0)->value_type_id = datasec;
	uint32_t var = specgen_var(spec, "hidden_var", 0, 0, 4, hidden_var);
	spec->vars.items[var].is_hidden = true;
	specgen_var(spec, "open_var", 0, 4, 4, open_var);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t func = specgen_func(spec, i ? "hidden_fn" : "open_fn", 4);

		spec->funcs.items[func].is_local = false;
		spec->funcs.items[func].is_hidden = i > 0;
		spec->funcs.items[func].btf_func_id = i ? hidden_fn : open_fn;
		specgen_ref(spec, func, 0, BPFL_REF_DATA, 0, 0);
		specgen_prog(spec, spec->funcs.items[func].name, "xdp", func);
	}
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(bpfl_btf_vlen(bpfl_btf_type(loaded, now(image, open_fn))), BPFL_LINKAGE_GLOBAL);
	ck_assert_uint_eq(bpfl_btf_vlen(bpfl_btf_type(loaded, now(image, hidden_fn))), BPFL_LINKAGE_STATIC);
	ck_assert_uint_eq(bpfl_btf_var_linkage(bpfl_btf_type(loaded, now(image, open_var))), BPFL_LINKAGE_GLOBAL);
	ck_assert_uint_eq(bpfl_btf_var_linkage(bpfl_btf_type(loaded, now(image, hidden_var))), BPFL_LINKAGE_STATIC);
	done(image, spec);
}
END_TEST

/* enum e; struct s { enum e *p; } x; : the kernel refuses the size 0 that clang gives to e. */
START_TEST(an_enum_that_is_declared_only_gets_a_size)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t declared = btfgen_enum(&gen, "e", 0);
	uint32_t var_id = btfgen_var(&gen, "x", btfgen_type(&gen, BPFL_KIND_PTR, NULL, declared), BPFL_LINKAGE_GLOBAL);
	uint32_t datasec = btfgen_datasec(&gen, ".data", 0);

	btfgen_datasec_var(&gen, var_id, 0, 8);
	take_btf(spec, &gen);
	specgen_map(spec, ".data", BPFL_MAP_DATA, 0, 0, 8, 0)->value_type_id = datasec;
	specgen_var(spec, "x", 0, 0, 8, var_id);
	uint32_t func = specgen_func(spec, "main", 4);

	specgen_ref(spec, func, 0, BPFL_REF_DATA, 0, 0);
	specgen_prog(spec, "main", "xdp", func);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_ne(now(image, declared), 0);
	ck_assert_uint_eq(bpfl_btf_type(loaded, now(image, declared))->size, 4);
	done(image, spec);
}
END_TEST

/* A program of that section that calls int f(void *ctx __arg_ctx, int n), global. */
static struct bpfl_spec *spec_with_arg_ctx(const char *section, uint32_t *ret_f)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t int_id = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	uint32_t ptr_id = btfgen_type(&gen, BPFL_KIND_PTR, NULL, 0);
	uint32_t main_id = btfgen_func(&gen, "main", btfgen_func_proto(&gen, int_id), BPFL_LINKAGE_GLOBAL);
	uint32_t proto = btfgen_func_proto(&gen, int_id);

	btfgen_param(&gen, "ctx", ptr_id);
	btfgen_param(&gen, "n", int_id);
	*ret_f = btfgen_func(&gen, "f", proto, BPFL_LINKAGE_GLOBAL);
	btfgen_decl_tag(&gen, "arg:ctx", *ret_f, 0);
	take_btf(spec, &gen);
	uint32_t main_fn = specgen_func(spec, "main", 3), f = specgen_func(spec, "f", 2);

	spec->funcs.items[main_fn].btf_func_id = main_id;
	spec->funcs.items[f].btf_func_id = *ret_f;
	specgen_ref(spec, main_fn, 0, BPFL_REF_CALL, f, 0);
	specgen_prog(spec, "main", section, main_fn);
	return spec;
}

/* What the first argument of the second function of a program points to, for the kernel. */
static const struct bpfl_btf_type *context_in(const struct bpfl_image *image)
{
	const struct bpfl_btf_type *f, *proto;

	ck_assert_uint_eq(image->progs[0].func_info.nr, 2);
	f = bpfl_btf_type(loaded, image->progs[0].func_info.items[1].type_id);
	ck_assert_int_eq(bpfl_btf_kind(f), BPFL_KIND_FUNC);
	ck_assert_str_eq(bpfl_btf_string(loaded, f->name_off), "f");
	ck_assert_uint_eq(bpfl_btf_vlen(f), BPFL_LINKAGE_GLOBAL);
	proto = bpfl_btf_type(loaded, f->type);
	ck_assert_uint_eq(bpfl_btf_vlen(proto), 2);
	ck_assert_int_eq(bpfl_btf_kind(bpfl_btf_type(loaded, bpfl_btf_params(proto)[1].type)), BPFL_KIND_INT);
	return bpfl_btf_type(loaded, bpfl_btf_type(loaded, bpfl_btf_params(proto)[0].type)->type);
}

START_TEST(old_kernels_are_told_which_argument_is_the_context)
{
	static const struct {
		const char *section;
		uint32_t version;
		const char *context; /* NULL: void, as the object has it */
	} rows[] = {
		{ "xdp", BPFL_KERNEL_VERSION(6, 7, 0), "xdp_md" },
		{ "raw_tp/x", BPFL_KERNEL_VERSION(5, 10, 0), "bpf_raw_tracepoint_args" },
		{ "kprobe/x", BPFL_KERNEL_VERSION(6, 1, 0), "bpf_user_pt_regs_t" },
		{ "xdp", BPFL_KERNEL_VERSION(6, 8, 0), NULL },
		{ "tracepoint/a/b", BPFL_KERNEL_VERSION(6, 1, 0), NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t f;
		struct bpfl_spec *spec = spec_with_arg_ctx(rows[i].section, &f);
		struct bpfl_image *image = build_for(spec, rows[i].version);
		const struct bpfl_btf_type *context = context_in(image);

		if (rows[i].context) {
			ck_assert_int_eq(bpfl_btf_kind(context), BPFL_KIND_STRUCT);
			ck_assert_str_eq(bpfl_btf_string(loaded, context->name_off), rows[i].context);
			ck_assert_uint_ne(image->progs[0].func_info.items[1].type_id, now(image, f));
		} else {
			ck_assert_uint_eq(image->progs[0].func_info.items[1].type_id, now(image, f));
		}
		done(image, spec);
	}
}
END_TEST

START_TEST(an_object_without_types_has_no_blob)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct bpfl_target_opts opts = { .size = sizeof(opts) };
	struct bpfl_image *image = NULL;

	give_prog(spec, false);
	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	ck_assert_ptr_null(image->btf_bytes);
	ck_assert(!image->btf_needed);
	done(image, spec);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_data_section_is_sized_filled_and_sorted,
		entries_that_belong_elsewhere_or_do_not_fit_are_left_out,
		a_section_that_becomes_empty_is_no_value_type,
		sections_that_are_no_map_stay_behind,
		what_a_map_needs_goes_along_and_nothing_else,
		the_types_of_inner_maps_go_along,
		tags_go_along_and_bring_what_they_name,
		lines_and_functions_point_into_the_blob,
		numbers_of_types_in_instructions_follow,
		a_type_of_an_unknown_kind_cannot_go_along,
		kconfig_variables_are_global_and_placed,
		hidden_things_become_static,
		old_kernels_are_told_which_argument_is_the_context,
		an_enum_that_is_declared_only_gets_a_size,
		an_object_without_types_has_no_blob,
	};
	return bpfl_test_main(BPFL_TEST_SUITE("image/btf_load", tests));
}
