/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/btf_load: what the blob for BPF_BTF_LOAD says, read back with the reader of loader/btf.
 */
#include <errno.h>
#include <stdlib.h>
#include "btfgen.h"
#include "harness.h"
#include "image/image.h"
#include "specgen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_target *target;
static struct bpfl_btf *loaded; /* the blob, read again */

static struct bpfl_image *build(const struct bpfl_spec *spec)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts) };
	struct bpfl_image *image = NULL;

	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	ck_assert_ptr_nonnull(image->btf_bytes);
	CHECK_OK(bpfl_btf_read(image->btf_bytes, image->btf_size, NULL, &loaded, &err), err);
	return image;
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
	uint32_t after = btfgen_ptr(&gen, int_id);
	take_btf(spec, &gen);
	specgen_map(spec, ".rodata", BPFL_MAP_RODATA, 0, 0, 16, 0)->value_type_id = datasec;
	specgen_map(spec, ".rodata.cst16", BPFL_MAP_RODATA, 0, 0, 16, 0);
	specgen_var(spec, "elsewhere", 1, 0, 4, var);
	give_prog(spec, true);
	struct bpfl_image *image = build(spec);

	ck_assert_int_eq(bpfl_btf_kind(bpfl_btf_type(loaded, datasec)), BPFL_KIND_STRUCT);
	ck_assert_int_eq(bpfl_btf_kind(bpfl_btf_type(loaded, after)), BPFL_KIND_PTR);
	ck_assert_uint_eq(image->maps[0].value_type_id, 0);
	done(image, spec);
}
END_TEST

START_TEST(other_sections_are_laid_out_one_behind_the_other)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t int_id = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	uint32_t one = btfgen_var(&gen, "one", int_id, BPFL_LINKAGE_GLOBAL);
	uint32_t two = btfgen_var(&gen, "two", int_id, BPFL_LINKAGE_GLOBAL);
	uint32_t maps = btfgen_datasec(&gen, ".maps", 0);
	btfgen_datasec_var(&gen, one, 0, 20);
	btfgen_datasec_var(&gen, two, 0, 4);
	uint32_t license = btfgen_datasec(&gen, "license", 0);
	btfgen_datasec_var(&gen, one, 0, 4);
	take_btf(spec, &gen);
	give_prog(spec, false);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(bpfl_btf_type(loaded, maps)->size, 28);
	check_entry(maps, 0, one, 0, 20);
	check_entry(maps, 1, two, 24, 4);
	ck_assert_uint_eq(bpfl_btf_type(loaded, license)->size, 4);
	ck_assert(!image->btf_needed);
	done(image, spec);
}
END_TEST

START_TEST(kernel_symbols_become_ints)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t long_id = btfgen_int(&gen, "long", 8, BPFL_INT_SIGNED);
	uint32_t var = btfgen_var(&gen, "runqueues", long_id, BPFL_LINKAGE_EXTERN);
	uint32_t proto = btfgen_func_proto(&gen, long_id);
	btfgen_param(&gen, "", long_id);
	btfgen_param(&gen, "named", long_id);
	uint32_t func = btfgen_func(&gen, "a_kfunc", proto, BPFL_LINKAGE_EXTERN);
	uint32_t ksyms = btfgen_datasec(&gen, ".ksyms", 0);
	btfgen_datasec_var(&gen, func, 0, 0);
	btfgen_datasec_var(&gen, var, 0, 8);
	take_btf(spec, &gen);
	specgen_extern(spec, "runqueues", BPFL_EXTERN_KSYM_VAR, true, var);
	specgen_extern(spec, "a_kfunc", BPFL_EXTERN_KFUNC, true, func);
	give_prog(spec, false);
	uint32_t nr_before = bpfl_btf_nr_types(spec->btf);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(bpfl_btf_type(loaded, ksyms)->size, 8);
	ck_assert_uint_eq(bpfl_btf_vlen(bpfl_btf_type(loaded, ksyms)), 2);
	uint32_t int_id = bpfl_btf_type(loaded, var)->type;
	ck_assert_uint_ge(int_id, nr_before); /* there was no 4-byte int to use */
	ck_assert_int_eq(bpfl_btf_kind(bpfl_btf_type(loaded, int_id)), BPFL_KIND_INT);
	ck_assert_uint_eq(bpfl_btf_type(loaded, int_id)->size, 4);
	ck_assert_uint_eq(bpfl_btf_var_linkage(bpfl_btf_type(loaded, var)), BPFL_LINKAGE_GLOBAL);
	check_entry(ksyms, 1, var, 4, 4);
	/* The function's place is taken by a variable, and the function itself is no extern any more. */
	uint32_t standin = bpfl_btf_datasec_vars(bpfl_btf_type(loaded, ksyms))[0].type;
	ck_assert_int_eq(bpfl_btf_kind(bpfl_btf_type(loaded, standin)), BPFL_KIND_VAR);
	ck_assert_uint_eq(bpfl_btf_vlen(bpfl_btf_type(loaded, func)), BPFL_LINKAGE_GLOBAL);
	const struct bpfl_btf_param *params = bpfl_btf_params(bpfl_btf_type(loaded, proto));
	ck_assert_str_ne(bpfl_btf_string(loaded, params[0].name_off), "");
	ck_assert_str_eq(bpfl_btf_string(loaded, params[1].name_off), "named");
	done(image, spec);
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
	spec->externs.items[hz_extern].byte_off = 4;
	specgen_extern(spec, "CONFIG_SMP", BPFL_EXTERN_KCONFIG, true, smp);
	give_prog(spec, false);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(bpfl_btf_type(loaded, kconfig)->size, 8);
	check_entry(kconfig, 0, smp, 0, 4);
	check_entry(kconfig, 1, hz, 4, 4);
	ck_assert_uint_eq(bpfl_btf_var_linkage(bpfl_btf_type(loaded, hz)), BPFL_LINKAGE_GLOBAL);
	ck_assert_uint_eq(bpfl_btf_type(loaded, hz)->type, int_id);
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
	take_btf(spec, &gen);
	specgen_map(spec, ".data", BPFL_MAP_DATA, 0, 0, 8, 0);
	uint32_t var = specgen_var(spec, "hidden_var", 0, 0, 4, hidden_var);
	spec->vars.items[var].is_hidden = true;
	specgen_var(spec, "open_var", 0, 4, 4, open_var);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t func = specgen_func(spec, i ? "hidden_fn" : "open_fn", 2);

		spec->funcs.items[func].bind = BPFL_STB_GLOBAL;
		spec->funcs.items[func].visibility = i ? BPFL_STV_HIDDEN : BPFL_STV_DEFAULT;
		spec->funcs.items[func].btf_func_id = i ? hidden_fn : open_fn;
	}
	give_prog(spec, true);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(bpfl_btf_vlen(bpfl_btf_type(loaded, open_fn)), BPFL_LINKAGE_GLOBAL);
	ck_assert_uint_eq(bpfl_btf_vlen(bpfl_btf_type(loaded, hidden_fn)), BPFL_LINKAGE_STATIC);
	ck_assert_uint_eq(bpfl_btf_var_linkage(bpfl_btf_type(loaded, open_var)), BPFL_LINKAGE_GLOBAL);
	ck_assert_uint_eq(bpfl_btf_var_linkage(bpfl_btf_type(loaded, hidden_var)), BPFL_LINKAGE_STATIC);
	done(image, spec);
}
END_TEST

START_TEST(ids_and_names_stay)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t int_id = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	btfgen_struct(&gen, "event", 8);
	btfgen_member(&gen, "pid", int_id, 0);
	uint32_t var = btfgen_var(&gen, "v", int_id, BPFL_LINKAGE_EXTERN);
	btfgen_datasec(&gen, ".ksyms", 0);
	btfgen_datasec_var(&gen, var, 0, 4);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "event_t", 2);
	take_btf(spec, &gen);
	give_prog(spec, false);
	struct bpfl_image *image = build(spec);

	for (uint32_t id = 1; id < bpfl_btf_nr_types(spec->btf); id++) {
		ck_assert_int_eq(bpfl_btf_kind(bpfl_btf_type(loaded, id)), bpfl_btf_kind(bpfl_btf_type(spec->btf, id)));
		ck_assert_str_eq(bpfl_btf_name(loaded, id), bpfl_btf_name(spec->btf, id));
		ck_assert_uint_eq(bpfl_btf_type(loaded, id)->name_off, bpfl_btf_type(spec->btf, id)->name_off);
	}
	done(image, spec);
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
		other_sections_are_laid_out_one_behind_the_other,
		kernel_symbols_become_ints,
		kconfig_variables_are_global_and_placed,
		hidden_things_become_static,
		ids_and_names_stay,
		an_object_without_types_has_no_blob,
	};
	return bpfl_test_main(BPFL_TEST_SUITE("image/btf_load", tests));
}
