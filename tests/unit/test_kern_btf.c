/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/btf_load: BTF for kernels that do not know all of it.
 *
 * The fake kernel is given a list of what it refuses. One object holds every kind; whatever is refused must be
 * gone from what is loaded in the end, with all ids where they were.
 */
#include <errno.h>
#include <stdlib.h>
#include "fake_sys.h"
#include "harness.h"
#include "kern/load.h"
#include "kerngen.h"

static struct kerngen gen;
static struct {
	uint32_t int_id, hash_value, proto, func, global_func, var, section, question, real, decl_tag, type_tag, enum64,
		signed_enum;
} ids;

/* What the fake kernel refuses. */
struct refusal {
	uint32_t kinds;		/* BPFL_BTF_KIND_BIT()s */
	bool global_funcs, signed_enums, everything;
	int errnum; /* instead of EINVAL */
	unsigned nr_refused;
};

static bool type_refused(const struct refusal *refusal, const struct bpfl_btf *btf, uint32_t id)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, id);
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);

	return (refusal->kinds & BPFL_BTF_KIND_BIT(kind)) ||
	       (refusal->global_funcs && kind == BPFL_KIND_FUNC && bpfl_btf_vlen(type) == BPFL_LINKAGE_GLOBAL) ||
	       (refusal->signed_enums && kind == BPFL_KIND_ENUM && bpfl_btf_kflag(type));
}

static int refuse(void *ctx, void *attr_bytes, size_t attr_size)
{
	struct refusal *refusal = ctx;
	const struct bpfl_attr_btf_load *attr = attr_bytes;
	struct bpfl_btf *btf = NULL;
	struct bpfl_error err = BPFL_ERROR_INIT;
	bool refused = refusal->everything;

	(void)attr_size;
	CHECK_OK(bpfl_btf_read((const void *)(uintptr_t)attr->btf, attr->btf_size, NULL, &btf, &err), err);
	for (uint32_t id = 1; id < bpfl_btf_nr_types(btf); id++)
		refused = refused || type_refused(refusal, btf, id);
	bpfl_btf_destroy(btf);
	if (!refused)
		return FAKE_SYS_DEFAULT;
	refusal->nr_refused++;
	if (attr->log_buf)
		strcpy((char *)(uintptr_t)attr->log_buf, "magic: 0xeb9f\n[3] FLOAT double Invalid type\n");
	return -(refusal->errnum ? refusal->errnum : EINVAL);
}

static void make_object(void)
{
	struct btfgen *btf = &gen.btf;
	struct bpfl_map_spec *map;

	ids.int_id = btfgen_int(btf, "int", 4, BPFL_INT_SIGNED);
	ids.proto = btfgen_func_proto(btf, ids.int_id);
	btfgen_param(btf, "ctx", ids.int_id);
	ids.func = btfgen_func(btf, "local", ids.proto, BPFL_LINKAGE_STATIC);
	ids.global_func = btfgen_func(btf, "main_fn", ids.proto, BPFL_LINKAGE_GLOBAL);
	ids.real = btfgen_type(btf, BPFL_KIND_FLOAT, "double", 8);
	ids.enum64 = btfgen_enum64(btf, "wide", false);
	btfgen_enumerator(btf, "WIDE_A", 1);
	btfgen_enumerator(btf, "WIDE_B", 1ll << 40);
	ids.signed_enum = btfgen_enum(btf, "small", 4);
	btfgen_enumerator(btf, "SMALL_A", -1);
	btfgen_put(btf, 1, (1u << 31) | ((uint32_t)BPFL_KIND_ENUM << 24) | 1);
	ids.type_tag = btfgen_type(btf, BPFL_KIND_TYPE_TAG, "user", ids.int_id);
	ids.hash_value = btfgen_struct(btf, "value", 24);
	btfgen_member(btf, "real", ids.real, 0);
	btfgen_member(btf, "wide", ids.enum64, 64);
	btfgen_member(btf, "small", ids.signed_enum, 128);
	btfgen_member(btf, "tagged", ids.type_tag, 160);
	ids.decl_tag = btfgen_decl_tag(btf, "a note", ids.hash_value, -1);
	ids.var = btfgen_var(btf, "variable", ids.int_id, BPFL_LINKAGE_STATIC);
	ids.section = btfgen_datasec(btf, ".data.x", 4);
	btfgen_datasec_var(btf, ids.var, 0, 4);
	map = specgen_map(gen.spec, "counts", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 24, 16);
	map->key_type_id = ids.int_id;
	map->value_type_id = ids.hash_value;
	specgen_map(gen.spec, ".data.x", BPFL_MAP_DATA, 0, 0, 4, 0)->value_type_id = ids.section;
}

/* A program that everything of the object is needed for: both maps, and a function that it calls. */
static void make_prog(void)
{
	struct bpfl_spec *spec = gen.spec;
	uint32_t main_fn = specgen_func(spec, "main_fn", 7), local = specgen_func(spec, "local", 2);

	specgen_ref(spec, main_fn, 0, BPFL_REF_MAP, 0, 0);
	specgen_ref(spec, main_fn, 2, BPFL_REF_DATA, 1, 0);
	specgen_ref(spec, main_fn, 4, BPFL_REF_CALL, local, 0);
	spec->funcs.items[main_fn].btf_func_id = ids.global_func;
	spec->funcs.items[local].btf_func_id = ids.func;
	specgen_prog(spec, "main_fn", "xdp", main_fn);
}

/* The number under which a type of the object was loaded. */
static uint32_t loaded_id(uint32_t id)
{
	ck_assert_uint_ne(bpfl_image_btf_id(gen.image, id), 0);
	return bpfl_image_btf_id(gen.image, id);
}

static void setup(void)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(5, 4, 0));
	make_object();
}

static void load_with(struct refusal *refusal)
{
	kerngen_btf(&gen);
	if (ids.section != 0)
		make_prog();
	else
		kerngen_user(&gen, "main_fn", "xdp", 0); /* an object of the test's own, with one map */
	fake_sys_on_bpf(BPFL_CMD_BTF_LOAD, refuse, refusal);
}

/* The BTF that the object holds, read back. */
static struct bpfl_btf *loaded(void)
{
	const struct fake_object *object = fake_sys_object(gen.object->btf_fd);
	struct bpfl_btf *btf = NULL;

	ck_assert_ptr_nonnull(object);
	CHECK_OK(bpfl_btf_read(object->bytes, object->nr_bytes, NULL, &btf, &gen.err), gen.err);
	return btf;
}

/* One row per replacement: what is refused, which type it concerns, and what must stand there instead. */
static const struct row {
	struct refusal refusal;
	enum bpfl_feature feature;
	const uint32_t *id;
	enum bpfl_btf_kind kind;
	const char *name;
	uint32_t size; /* bytes or referred type where that is the same number; UINT32_MAX: not looked at */
} rows[] = {
	{ { .kinds = BPFL_BTF_KIND_BIT(BPFL_KIND_FUNC) | BPFL_BTF_KIND_BIT(BPFL_KIND_FUNC_PROTO) }, BPFL_FEATURE_BTF_FUNC, &ids.func,
	  BPFL_KIND_TYPEDEF, "local", UINT32_MAX },
	{ { .kinds = BPFL_BTF_KIND_BIT(BPFL_KIND_FUNC) | BPFL_BTF_KIND_BIT(BPFL_KIND_FUNC_PROTO) }, BPFL_FEATURE_BTF_FUNC, &ids.proto,
	  BPFL_KIND_ENUM, "", 4 },
	{ { .global_funcs = true }, BPFL_FEATURE_BTF_FUNC_GLOBAL, &ids.global_func, BPFL_KIND_FUNC, "main_fn", UINT32_MAX },
	{ { .kinds = BPFL_BTF_KIND_BIT(BPFL_KIND_VAR) | BPFL_BTF_KIND_BIT(BPFL_KIND_DATASEC) }, BPFL_FEATURE_BTF_DATASEC, &ids.var,
	  BPFL_KIND_INT, "variable", 1 },
	{ { .kinds = BPFL_BTF_KIND_BIT(BPFL_KIND_VAR) | BPFL_BTF_KIND_BIT(BPFL_KIND_DATASEC) }, BPFL_FEATURE_BTF_DATASEC, &ids.section,
	  BPFL_KIND_STRUCT, "_data_x", 4 },
	{ { .kinds = BPFL_BTF_KIND_BIT(BPFL_KIND_FLOAT) }, BPFL_FEATURE_BTF_FLOAT, &ids.real, BPFL_KIND_STRUCT, "", 8 },
	{ { .kinds = BPFL_BTF_KIND_BIT(BPFL_KIND_DECL_TAG) }, BPFL_FEATURE_BTF_DECL_TAG, &ids.decl_tag, BPFL_KIND_INT, "a note", 1 },
	{ { .kinds = BPFL_BTF_KIND_BIT(BPFL_KIND_TYPE_TAG) }, BPFL_FEATURE_BTF_TYPE_TAG, &ids.type_tag, BPFL_KIND_CONST, "",
	  UINT32_MAX },
	{ { .kinds = BPFL_BTF_KIND_BIT(BPFL_KIND_ENUM64), .signed_enums = true }, BPFL_FEATURE_BTF_ENUM64, &ids.enum64, BPFL_KIND_UNION,
	  "wide", 8 },
	{ { .kinds = BPFL_BTF_KIND_BIT(BPFL_KIND_ENUM64), .signed_enums = true }, BPFL_FEATURE_BTF_ENUM64, &ids.signed_enum,
	  BPFL_KIND_ENUM, "small", 4 },
};

START_TEST(an_unknown_kind_is_replaced)
{
	const struct row *row = &rows[_i];
	struct refusal refusal = row->refusal;
	const struct bpfl_btf_type *type;
	struct bpfl_btf *btf;
	unsigned nr_first;

	setup();
	load_with(&refusal);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_int_ge(gen.object->btf_fd, 3);
	btf = loaded();
	type = bpfl_btf_type(btf, loaded_id(*row->id));
	ck_assert_int_eq(bpfl_btf_kind(type), row->kind);
	ck_assert_str_eq(bpfl_btf_name(btf, loaded_id(*row->id)), row->name);
	if (row->size != UINT32_MAX)
		ck_assert_uint_eq(type->size, row->size);
	ck_assert(!bpfl_btf_kflag(type));
	/* Everything else is as it was. */
	ck_assert_str_eq(bpfl_btf_name(btf, loaded_id(ids.hash_value)), "value");
	ck_assert_uint_eq(bpfl_btf_vlen(bpfl_btf_type(btf, loaded_id(ids.hash_value))), 4);
	ck_assert_str_eq(bpfl_btf_name(btf, loaded_id(ids.int_id)), "int");
	bpfl_btf_destroy(btf);
	ck_assert_int_eq(gen.target->features[row->feature], BPFL_NO);
	CHECK_HAS(kerngen_log(&gen), "info: BTF: this kernel does not know ");
	CHECK_HAS_NOT(kerngen_log(&gen), "warning");

	/* Again: the answers are known, so only the whole blob is refused once, and nothing is asked. */
	nr_first = refusal.nr_refused;
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(refusal.nr_refused, nr_first + 1);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(members_of_what_was_replaced_make_sense)
{
	struct refusal refusal = { .kinds = BPFL_BTF_KIND_BIT(BPFL_KIND_ENUM64) | BPFL_BTF_KIND_BIT(BPFL_KIND_VAR) |
					    BPFL_BTF_KIND_BIT(BPFL_KIND_DATASEC) };
	const struct bpfl_btf_member *member;
	struct bpfl_btf *btf;
	uint32_t byte_id;

	setup();
	load_with(&refusal);
	CHECK_OK(kerngen_load(&gen), gen.err);
	btf = loaded();
	member = bpfl_btf_members(bpfl_btf_type(btf, loaded_id(ids.enum64)));
	ck_assert_str_eq(bpfl_btf_string(btf, member[1].name_off), "WIDE_B");
	ck_assert_uint_eq(member[1].offset, 0);
	byte_id = member[1].type;
	ck_assert_uint_eq(byte_id, bpfl_btf_nr_types(btf) - 1); /* added behind everything */
	ck_assert_uint_eq(bpfl_btf_type(btf, byte_id)->size, 1);
	member = bpfl_btf_members(bpfl_btf_type(btf, loaded_id(ids.section)));
	ck_assert_str_eq(bpfl_btf_string(btf, member[0].name_off), "variable");
	ck_assert_uint_eq(member[0].type, loaded_id(ids.var));
	bpfl_btf_destroy(btf);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_very_old_kernel_gets_old_kinds_only)
{
	struct refusal refusal = { .kinds = ~0u << BPFL_KIND_FUNC, .global_funcs = true, .signed_enums = true };
	const struct bpfl_attr_prog_load *attr;
	struct bpfl_btf *btf;

	setup();
	load_with(&refusal);
	CHECK_OK(kerngen_load(&gen), gen.err);
	btf = loaded();
	for (uint32_t id = 1; id < bpfl_btf_nr_types(btf); id++)
		ck_assert_int_lt(bpfl_btf_kind(bpfl_btf_type(btf, id)), BPFL_KIND_FUNC);
	bpfl_btf_destroy(btf);
	/* Its programs get no function records. */
	attr = (const void *)fake_sys_created(FAKE_PROG, 0)->attr;
	ck_assert_uint_eq(attr->prog_btf_fd, 0);
	ck_assert_uint_eq(attr->func_info_cnt, 0);
	/* Maps still have their types. */
	ck_assert_uint_eq(((const struct bpfl_attr_map_create *)(const void *)fake_sys_created(FAKE_MAP, 0)->attr)
				  ->btf_value_type_id,
			  loaded_id(ids.hash_value));
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_kernel_that_takes_everything_is_asked_nothing)
{
	struct refusal refusal = { .kinds = 0 };

	setup();
	load_with(&refusal);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_BTF_LOAD), 1);
	for (int feature = 0; feature < BPFL_NR_FEATURES; feature++)
		ck_assert_int_ne(gen.target->features[feature], BPFL_NO);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(an_object_without_use_for_its_types_keeps_them)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	btfgen_int(&gen.btf, "int", 4, BPFL_INT_SIGNED);
	kerngen_btf(&gen);
	specgen_prog(gen.spec, "main_fn", "xdp", specgen_func(gen.spec, "main_fn", 2));
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_str_eq(fake_sys_trace(), "PROG_LOAD");
	ck_assert_int_eq(gen.object->btf_fd, -1);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(without_any_btf_the_object_is_loaded_with_a_warning)
{
	struct refusal refusal = { .everything = true };

	setup();
	load_with(&refusal);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_int_eq(gen.object->btf_fd, -1);
	ck_assert_int_eq(gen.target->features[BPFL_FEATURE_BTF], BPFL_NO);
	CHECK_HAS(kerngen_log(&gen), "warning: BTF: the kernel refused the object's types: invalid argument (EINVAL): "
				     "this kernel takes no BTF");
	/* The second object is not even tried. */
	fake_sys_on_bpf(BPFL_CMD_BTF_LOAD, NULL, NULL);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_int_eq(gen.object->btf_fd, -1);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_map_that_needs_types_makes_it_an_error)
{
	struct refusal refusal = { .everything = true };

	setup();
	gen.spec->maps.items[0].type = BPFL_MAP_TYPE_TASK_STORAGE;
	gen.spec->maps.items[0].max_entries = 0;
	load_with(&refusal);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_UNSUPPORTED, EINVAL,
		    "test.bpf.o: BTF: the kernel refused the object's types");
	CHECK_HAS(gen.err.why, "map 'counts' does not work without them");
	ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_lock_in_a_value_needs_types_too)
{
	struct refusal refusal = { .everything = true };
	uint32_t lock, value;

	memset(&ids, 0, sizeof(ids));
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	lock = btfgen_int(&gen.btf, "int", 4, 0);
	value = btfgen_struct(&gen.btf, "bpf_spin_lock", 4);
	btfgen_member(&gen.btf, "val", lock, 0);
	lock = value;
	value = btfgen_struct(&gen.btf, "value", 4);
	btfgen_member(&gen.btf, "lock", lock, 0);
	specgen_map(gen.spec, "counts", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 16)->value_type_id = value;
	gen.spec->maps.items[0].key_type_id = 1;
	load_with(&refusal);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_UNSUPPORTED, EINVAL, "BTF");
	CHECK_HAS(gen.err.why, "map 'counts'");
	kerngen_deinit(&gen);
}
END_TEST

/* Only a refused form is searched for a reason; without rights all answers would be wrong and kept. */
START_TEST(a_refusal_for_want_of_rights_proves_nothing)
{
	struct refusal refusal = { .everything = true, .errnum = EPERM };

	setup();
	load_with(&refusal);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_PERMISSION, EPERM, "BTF: loading the object's types");
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_BTF_LOAD), 1);
	for (int feature = 0; feature < BPFL_NR_FEATURES; feature++)
		ck_assert_int_eq(gen.target->features[feature], BPFL_UNKNOWN);
	kerngen_deinit(&gen);
}
END_TEST

static int refuse_large(void *ctx, void *attr, size_t attr_size)
{
	(void)ctx;
	(void)attr_size;
	if (((struct bpfl_attr_btf_load *)attr)->btf_size < 100)
		return FAKE_SYS_DEFAULT;
	if (((struct bpfl_attr_btf_load *)attr)->log_buf)
		strcpy((char *)(uintptr_t)((struct bpfl_attr_btf_load *)attr)->log_buf,
		       "magic: 0xeb9f\n[3] STRUCT value Invalid member\n");
	return -EINVAL;
}

START_TEST(what_the_kernel_says_about_bad_types_is_passed_on)
{
	setup();
	load_with(&(struct refusal){ .kinds = 0 });
	fake_sys_on_bpf(BPFL_CMD_BTF_LOAD, refuse_large, NULL);
	CHECK_OK(kerngen_load(&gen), gen.err);
	CHECK_HAS(kerngen_log(&gen), "warning: BTF: the kernel refused the object's types: invalid argument (EINVAL): "
				     "[3] STRUCT value Invalid member; loading without them");
	ck_assert_int_eq(gen.target->features[BPFL_FEATURE_BTF], BPFL_YES);
	ck_assert_int_eq(gen.target->features[BPFL_FEATURE_BTF_FLOAT], BPFL_YES);
	kerngen_deinit(&gen);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		members_of_what_was_replaced_make_sense,
		a_very_old_kernel_gets_old_kinds_only,
		a_kernel_that_takes_everything_is_asked_nothing,
		an_object_without_use_for_its_types_keeps_them,
		without_any_btf_the_object_is_loaded_with_a_warning,
		a_map_that_needs_types_makes_it_an_error,
		a_lock_in_a_value_needs_types_too,
		a_refusal_for_want_of_rights_proves_nothing,
		what_the_kernel_says_about_bad_types_is_passed_on,
	};
	Suite *suite = BPFL_TEST_SUITE("kern_btf", tests);
	TCase *table = tcase_create("replacements");

	tcase_add_loop_test(table, an_unknown_kind_is_replaced, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	suite_add_tcase(suite, table);
	return bpfl_test_main(suite);
}
