/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types of kernel modules: split BTF that continues the kernel's, found by number when the kernel itself has
 * nothing of a name.
 *
 * The fake kernel holds four BTFs: a program's, the kernel's, and those of the modules "alpha" and "beta".
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "bpfload/image.h"
#include "bpfload/object.h"
#include "btfc.h"
#include "btfgen.h"
#include "fake_sys.h"
#include "image/core_match.h"
#include "image/modules.h"
#include "specgen.h"
#include "sys/insn.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_target *target;
static uint32_t in_alpha_id, alpha_func_id, beta_func_id, alpha_struct_id;

static struct loaded {
	const char *name;
	bool is_kernel;
	int fd;
	struct btfgen gen;
	const void *bytes;
	size_t size;
} loaded[4];

#define KERNEL                                                                                                  \
	"struct in_kernel { u32 a; }; struct both { u32 a; }; func kernel_func(u32) u32; func mixed(u32) u32; " \
	"typedef u32 unsigned_t;"

/* A module's types: numbers and strings go on where those of the kernel's BTF end (G-35). */
static struct btfgen *split(struct loaded *module)
{
	size_t size;
	const struct bpfl_btf *kernel = target->btf;

	(void)bpfl_btf_bytes(kernel, &size);
	btfgen_init(&module->gen, false);
	module->gen.first_id = bpfl_btf_nr_types(kernel);
	module->gen.first_str = ((const uint32_t *)bpfl_btf_bytes(kernel, &size))[5]; /* str_len of the header */
	return &module->gen;
}

static uint32_t add_func(struct btfgen *gen, const char *name)
{
	uint32_t u32 = bpfl_btf_find(target->btf, BPFL_KIND_INT, "u32", 1);
	uint32_t proto = btfgen_func_proto(gen, u32);

	btfgen_param(gen, "", u32);
	return btfgen_func(gen, name, proto, BPFL_LINKAGE_STATIC);
}

/* OBJ_GET_INFO_BY_FD for BTF, as the kernel answers it. */
static int info(void *ctx, void *attr_ptr, size_t attr_size)
{
	struct bpfl_attr_info *attr = attr_ptr;
	struct bpfl_btf_info *out = (struct bpfl_btf_info *)(uintptr_t)attr->info;
	const struct fake_object *object = fake_sys_object((int)attr->fd);
	char *name = (char *)(uintptr_t)out->name;

	(void)ctx, (void)attr_size;
	ck_assert_ptr_nonnull(object);
	ck_assert_uint_ge(object->id, 1);
	struct loaded *found = NULL;
	for (size_t i = 0; i < 4; i++) {
		if (fake_sys_object(loaded[i].fd)->id == object->id)
			found = &loaded[i];
	}
	ck_assert_ptr_nonnull(found);
	if (out->btf)
		memcpy((void *)(uintptr_t)out->btf, found->bytes,
		       found->size < out->btf_size ? found->size : out->btf_size);
	if (name)
		strcpy(name, found->name);
	out->btf_size = (uint32_t)found->size;
	out->id = object->id;
	out->kernel_btf = found->is_kernel;
	return 0;
}

static void start(void)
{
	static const char *const names[] = { "", "vmlinux", "alpha", "beta" };
	uint32_t u32;

	CHECK_OK(bpfl_target_running(NULL, &target, &err), err);
	target->btf = btfc_read(KERNEL, false);
	u32 = bpfl_btf_find(target->btf, BPFL_KIND_INT, "u32", 1);
	for (size_t i = 0; i < 4; i++) {
		struct btfgen *gen = split(&loaded[i]);

		loaded[i].name = names[i];
		loaded[i].is_kernel = i > 0;
		if (i == 2) {
			alpha_struct_id = btfgen_struct(gen, "in_alpha", 8);
			btfgen_member(gen, "pad", u32, 0);
			btfgen_member(gen, "b", u32, 32);
			btfgen_struct(gen, "both", 4);
			btfgen_struct(gen, "mixed", 8);
			btfgen_member(gen, "pad", u32, 0);
			btfgen_member(gen, "b", u32, 32);
			in_alpha_id = add_func(gen, "in_alpha_func");
			alpha_func_id = add_func(gen, "in_both_modules");
		} else if (i == 3) {
			beta_func_id = add_func(gen, "in_both_modules");
			uint32_t array = btfgen_array(gen, u32, u32, 2);
			btfgen_struct(gen, "in_beta", 16);
			btfgen_member(gen, "b", array, 64);
		} else {
			btfgen_struct(gen, "unused", 4);
		}
		loaded[i].bytes = btfgen_bytes(gen, &loaded[i].size);
		struct bpfl_attr_btf_load attr = { .btf = BPFL_PTR(loaded[i].bytes),
						   .btf_size = (uint32_t)loaded[i].size };
		loaded[i].fd = bpfl_sys_btf_load(&attr);
		ck_assert_int_ge(loaded[i].fd, 0);
	}
	fake_sys_on_bpf(BPFL_CMD_OBJ_GET_INFO_BY_FD, info, NULL);
}

static void finish(void)
{
	bpfl_target_destroy(target);
	for (size_t i = 0; i < 4; i++) {
		bpfl_enter_close(loaded[i].fd);
		btfgen_deinit(&loaded[i].gen);
	}
	bpfl_error_clear(&err);
}

static struct bpfl_core_name name_of(const char *text)
{
	return (struct bpfl_core_name){ .text = text, .size = strlen(text) };
}

START_TEST(only_modules_are_listed)
{
	const struct bpfl_modules *modules;
	char text[64];

	start();
	CHECK_OK(bpfl_target_modules(target, &modules, &err), err);
	ck_assert_uint_eq(modules->list.nr, 2);
	ck_assert_str_eq(modules->list.items[0].loaded.name, "alpha");
	ck_assert_str_eq(modules->list.items[1].loaded.name, "beta");
	ck_assert_str_eq(bpfl_btf_name(modules->list.items[0].btf, alpha_struct_id), "in_alpha");
	ck_assert_str_eq(bpfl_target_module_text(target, 1, text, sizeof(text)), "module 'alpha'");
	/* The second question costs nothing. */
	size_t nr_calls = fake_sys_nr_calls();
	CHECK_OK(bpfl_target_modules(target, &modules, &err), err);
	ck_assert_uint_eq(fake_sys_nr_calls(), nr_calls);
	finish();
}
END_TEST

START_TEST(modules_are_asked_only_for_what_the_kernel_lacks)
{
	struct bpfl_core_name in_kernel[] = { name_of("in_kernel"), name_of("both") }, in_alpha = name_of("in_alpha");
	size_t nr;

	start();
	CHECK_OK(bpfl_core_names_prepare(target, in_kernel, 2, &err), err);
	CHECK_OK(bpfl_core_names_in_modules(target, in_kernel, 2, &err), err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_BTF_GET_NEXT_ID), 0);
	bpfl_core_names_get(target, "both", 4, &nr);
	ck_assert_uint_eq(nr, 1); /* alpha's is hidden by the kernel's (G-39) */

	CHECK_OK(bpfl_core_names_prepare(target, &in_alpha, 1, &err), err);
	CHECK_OK(bpfl_core_names_in_modules(target, &in_alpha, 1, &err), err);
	const uint32_t *ids = bpfl_core_names_get(target, "in_alpha", 8, &nr);
	ck_assert_uint_eq(nr, 1);
	ck_assert_uint_eq(ids[0], alpha_struct_id);
	ck_assert_uint_eq(bpfl_core_names_module(target, "in_alpha", 8, 0), 1);
	finish();
}
END_TEST

/* A kernel without the file, or whose files nobody may read: nothing is known. */
START_TEST(who_may_not_list_has_no_modules)
{
	const struct bpfl_modules *modules;

	start();
	fake_sys_fail_bpf(BPFL_CMD_BTF_GET_NEXT_ID, 0, EPERM);
	fake_sys_file_error("/sys/kernel/btf/alpha", EACCES);
	CHECK_OK(bpfl_target_modules(target, &modules, &err), err);
	ck_assert_uint_eq(modules->list.nr, 1);
	ck_assert_ptr_null(modules->list.items[0].btf);
	ck_assert(!modules->complete);
	finish();
}
END_TEST

/* The same bytes are in files that everybody may read, without the numbers that loading needs. */
START_TEST(who_may_not_list_reads_files)
{
	struct bpfl_core_name name = name_of("in_alpha");
	const struct bpfl_modules *modules;
	size_t nr;

	start();
	fake_sys_fail_bpf(BPFL_CMD_BTF_GET_NEXT_ID, 0, EPERM);
	fake_sys_file("/sys/kernel/btf/vmlinux", "is read by others");
	for (size_t i = 2; i < 4; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/sys/kernel/btf/%s", loaded[i].name);
		fake_sys_file_bytes(path, loaded[i].bytes, loaded[i].size);
	}
	fake_sys_file("/proc/modules", "beta 16384 0 - Live 0x0000000000000000\nalpha 1 0 - Live 0x0\n");
	CHECK_OK(bpfl_target_modules(target, &modules, &err), err);
	ck_assert_uint_eq(modules->list.nr, 2);
	ck_assert_str_eq(modules->list.items[0].loaded.name, "alpha");
	ck_assert_uint_ge(modules->list.items[0].loaded.id, BPFL_MODULE_ID_OF_FILE);
	ck_assert_uint_ne(modules->list.items[0].loaded.id, modules->list.items[1].loaded.id);
	ck_assert(modules->complete);
	CHECK_OK(bpfl_core_names_prepare(target, &name, 1, &err), err);
	CHECK_OK(bpfl_core_names_in_modules(target, &name, 1, &err), err);
	ck_assert_uint_eq(bpfl_core_names_get(target, "in_alpha", 8, &nr)[0], alpha_struct_id);
	finish();
}
END_TEST

START_TEST(a_loaded_module_without_types_is_noticed)
{
	static const struct {
		const char *text;
		bool noticed;
	} rows[] = {
		{ "alpha 1 0 - Live 0x0\nbeta 1 0 - Live 0x0\n", false },
		{ "alpha 1 0 - Live 0x0\n", false },
		{ "alpha 1 0 - Live 0x0\nclosed 1 0 - Live 0x0 (PO)\n", true },
		{ "", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bpfl_modules *modules;

		start();
		fake_sys_file("/proc/modules", rows[i].text);
		CHECK_OK(bpfl_target_modules(target, &modules, &err), err);
		ck_assert_uint_eq(modules->list.nr, 2);
		ck_assert(modules->complete);
		ck_assert_msg(modules->some_have_no_types == rows[i].noticed, "row %zu", i);
		finish();
		fake_sys_reset();
	}
}
END_TEST

/* What such a module has is known, but a program that names it by number cannot be loaded. */
START_TEST(numbers_out_of_files_are_not_loaded)
{
	struct bpfl_spec *spec = specgen_new("test");
	struct bpfl_image *image = NULL;
	struct bpfl_object *object = NULL;

	start();
	fake_sys_fail_bpf(BPFL_CMD_BTF_GET_NEXT_ID, 0, EPERM);
	fake_sys_file("/sys/kernel/btf/vmlinux", "is read by others");
	fake_sys_file_bytes("/sys/kernel/btf/alpha", loaded[2].bytes, loaded[2].size);
	specgen_prog(spec, "prog", "fentry/in_alpha_func", specgen_func(spec, "prog", 2));
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	CHECK_FAILS(bpfl_object_load(image, target, NULL, &object, &err), err, BPFL_ERR_PERMISSION, EPERM,
		    "the types of a kernel module");
	bpfl_image_destroy(image);
	bpfl_spec_destroy(spec);
	finish();
}
END_TEST

START_TEST(a_module_that_cannot_be_read_is_passed_over)
{
	struct bpfl_core_name name = name_of("in_both_modules");
	size_t nr;

	start();
	loaded[2].size = 10; /* no header */
	CHECK_OK(bpfl_core_names_prepare(target, &name, 1, &err), err);
	CHECK_OK(bpfl_core_names_in_modules(target, &name, 1, &err), err);
	const uint32_t *ids = bpfl_core_names_get(target, name.text, name.size, &nr);
	ck_assert_uint_eq(nr, 1);
	ck_assert_uint_eq(ids[0], beta_func_id);
	ck_assert_uint_eq(bpfl_core_names_module(target, name.text, name.size, 0), 2);
	finish();
}
END_TEST

/* ---- attach targets ---- */

static int build(const char *section, struct bpfl_spec **ret_spec, struct bpfl_image **ret_image)
{
	*ret_spec = specgen_new("test");
	specgen_prog(*ret_spec, "prog", section, specgen_func(*ret_spec, "prog", 2));
	return bpfl_image_build(*ret_spec, target, NULL, ret_image, &err);
}

START_TEST(functions_of_modules_are_traced)
{
	static const struct {
		const char *section;
		const uint32_t *id;
		size_t module; /* in loaded */
	} rows[] = {
		{ "fentry/in_alpha_func", &in_alpha_id, 2 },
		{ "fentry/alpha:in_alpha_func", &in_alpha_id, 2 },
		{ "fentry/in_both_modules", &alpha_func_id, 2 }, /* the first */
		{ "fentry/beta:in_both_modules", &beta_func_id, 3 },
	};

	start();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bpfl_image *image = NULL;
		struct bpfl_spec *spec = NULL;

		CHECK_OK(build(rows[i].section, &spec, &image), err);
		ck_assert_uint_eq(image->progs[0].attach_btf_id, *rows[i].id);
		ck_assert_uint_eq(image->progs[0].attach_btf_module_idx, 1);
		ck_assert_uint_eq(image->module_btf_ids.nr, 2);
		ck_assert_uint_eq(image->module_btf_ids.items[1], fake_sys_object(loaded[rows[i].module].fd)->id);
		bpfl_image_destroy(image);
		bpfl_spec_destroy(spec);
	}
	finish();
}
END_TEST

START_TEST(a_module_is_named_whole_and_searched_alone)
{
	static const struct {
		const char *section, *text;
	} rows[] = {
		{ "fentry/alph:in_alpha_func", "there is no module 'alph' with BTF" },
		{ "fentry/beta:in_alpha_func", "kernel function 'in_alpha_func' is not in the BTF of module 'beta'" },
		{ "fentry/vmlinux:in_alpha_func", "kernel function 'in_alpha_func' is not in the kernel's BTF" },
		{ "fentry/alpha:kernel_func", "kernel function 'kernel_func' is not in the BTF of module 'alpha'" },
	};

	start();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bpfl_image *image = NULL;
		struct bpfl_spec *spec = NULL;

		CHECK_FAILS(build(rows[i].section, &spec, &image), err, BPFL_ERR_TARGET, ENOENT, rows[i].text);
		bpfl_spec_destroy(spec);
		bpfl_error_clear(&err);
	}
	finish();
}
END_TEST

/* ---- CO-RE ---- */

/* A program that takes the offset of member b of a struct. */
static struct bpfl_spec *offset_spec(const char *struct_name)
{
	struct bpfl_spec *spec = specgen_new("test");
	char text[64];

	snprintf(text, sizeof(text), "struct %s { u32 b%s; };", struct_name,
		 strcmp(struct_name, "in_beta") == 0 ? "[2]" : "");
	spec->btf = btfc_read(text, false);
	uint32_t func = specgen_func(spec, "prog", 2);
	struct bpfl_core *core = BPFL_VEC_PUSH(&spec->cores);
	snprintf(text, sizeof(text), "struct %s", struct_name);
	*core = (struct bpfl_core){ btfc_id(spec->btf, text), BPFL_CORE_FIELD_BYTE_OFF, "0:0" };
	spec->funcs.items[func].insts[0].insn = bpfl_insn_make(0xb7, 0, 0, 0, 0); /* r0 = offset of b */
	spec->funcs.items[func].insts[0].core_idx = 0;
	specgen_prog(spec, "prog", "xdp", func);
	return spec;
}

/* mixed: the kernel itself has a function of that name, which is no candidate for a struct (G-39). */
static const struct {
	const char *name;
	int32_t byte_off;
} fields[] = { { "in_alpha", 4 }, { "mixed", 4 }, { "in_beta", 8 } };

#define NR_FIELDS (sizeof(fields) / sizeof(fields[0]))

static void fields_check(void)
{
	for (size_t i = 0; i < NR_FIELDS; i++) {
		struct bpfl_spec *spec = offset_spec(fields[i].name);
		struct bpfl_image *image = NULL;

		CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
		ck_assert_msg(!image->progs[0].core_results.items[0].poisoned, "%s", fields[i].name);
		ck_assert_msg(image->progs[0].insns[0].imm == fields[i].byte_off, "%s: %d", fields[i].name,
			      image->progs[0].insns[0].imm);
		bpfl_image_destroy(image);
		bpfl_spec_destroy(spec);
	}
}

START_TEST(a_field_of_a_type_of_a_module_is_found)
{
	start();
	/* Also after the name was asked for with functions, as the externs of another object do. */
	struct bpfl_core_name mixed = name_of("mixed");
	CHECK_OK(bpfl_core_names_prepare(target, &mixed, 1, &err), err);
	fields_check();
	fields_check();
	finish();
}
END_TEST

/* The small BTF holds them as if they were the kernel's own. */
static void in_small_btf(bool keeps_ids)
{
	struct bpfl_btf_min *min = NULL;
	void *bytes = NULL;
	size_t size = 0;

	start();
	CHECK_OK(bpfl_btf_min_create(target, &min, &err), err);
	for (size_t i = 0; i < NR_FIELDS; i++) {
		struct bpfl_spec *spec = offset_spec(fields[i].name);

		CHECK_OK(bpfl_btf_min_add(min, spec, NULL, &err), err);
		bpfl_spec_destroy(spec);
	}
	if (keeps_ids) {
		struct bpfl_spec *spec = offset_spec("in_kernel");

		spec->cores.items[0].kind = BPFL_CORE_TYPE_ID_TARGET;
		spec->cores.items[0].access = "0";
		CHECK_OK(bpfl_btf_min_add(min, spec, NULL, &err), err);
		bpfl_spec_destroy(spec);
	}
	CHECK_OK(bpfl_btf_min_finish(min, &bytes, &size, &err), err);
	bpfl_btf_min_destroy(min);
	uint32_t kernel_id = bpfl_btf_find(target->btf, BPFL_KIND_STRUCT, "in_kernel", 1);
	bpfl_target_destroy(target);

	CHECK_OK(bpfl_target_create(NULL, &target, &err), err);
	CHECK_OK(bpfl_btf_read(bytes, size, NULL, &target->btf, &err), err);
	ck_assert_uint_eq(bpfl_btf_find(target->btf, BPFL_KIND_STRUCT, "in_kernel", 1), keeps_ids ? kernel_id : 0);
	free(bytes);
	fields_check();
	finish();
}

START_TEST(small_btf_alone)
{
	in_small_btf(false);
}
END_TEST

START_TEST(small_btf_with_ids)
{
	in_small_btf(true);
}
END_TEST

/* ---- externs ---- */

START_TEST(a_function_of_a_module_is_called_by_its_place_in_fd_array)
{
	struct bpfl_spec *spec;
	struct bpfl_image *image = NULL;
	struct bpfl_extern *ext;

	start();
	spec = specgen_new("test");
	spec->btf = btfc_read("func in_alpha_func(u32) u32;", false);
	uint32_t func = specgen_func(spec, "prog", 4);
	ext = BPFL_VEC_PUSH(&spec->externs);
	*ext = (struct bpfl_extern){ .name = bpfl_strdup("in_alpha_func"), .kind = BPFL_EXTERN_KFUNC,
				     .btf_id = btfc_id(spec->btf, "func in_alpha_func") };
	ext->type_id = bpfl_btf_type(spec->btf, ext->btf_id)->type;
	specgen_ref(spec, func, 1, BPFL_REF_EXTERN, 0, 0);
	spec->funcs.items[func].insts[1].insn = bpfl_insn_make(BPFL_CODE_CALL, 0, BPFL_PSEUDO_CALL, 0, -1);
	spec->funcs.items[func].insts[2].insn = bpfl_insn_make(0xb7, 0, 0, 0, 0);
	specgen_prog(spec, "prog", "xdp", func);
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	const struct bpfl_insn *call = &image->progs[0].insns[1];
	ck_assert_int_eq(call->imm, (int32_t)in_alpha_id);
	ck_assert_int_eq(call->off, 1);
	ck_assert_uint_eq(bpfl_insn_src(call), BPFL_PSEUDO_KFUNC_CALL);
	ck_assert_uint_eq(image->module_btf_ids.items[1], fake_sys_object(loaded[2].fd)->id);
	CHECK_HAS(image->progs[0].core_results.items[0].text, "of module 'alpha'");
	bpfl_image_destroy(image);
	bpfl_spec_destroy(spec);
	finish();
}
END_TEST

int main(void)
{
	const TTest *tests[] = { only_modules_are_listed,
				 modules_are_asked_only_for_what_the_kernel_lacks,
				 who_may_not_list_has_no_modules,
				 who_may_not_list_reads_files,
				 a_loaded_module_without_types_is_noticed,
				 numbers_out_of_files_are_not_loaded,
				 a_module_that_cannot_be_read_is_passed_over,
				 functions_of_modules_are_traced,
				 a_module_is_named_whole_and_searched_alone,
				 a_field_of_a_type_of_a_module_is_found,
				 small_btf_alone,
				 small_btf_with_ids,
				 a_function_of_a_module_is_called_by_its_place_in_fd_array };

	return bpfl_test_main(BPFL_TEST_SUITE("image/modules", tests));
}
