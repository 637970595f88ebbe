/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A check against a kernel with modules: what the kernel itself does not have is in one of them, or is not
 * there, or cannot be known.
 *
 * The kernel is a directory as /sys/kernel/btf is one, with a module "alpha" beside vmlinux; or its vmlinux
 * alone; or vmlinux and the file of one module.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "bpfload/check.h"
#include "btfc.h"
#include "btfgen.h"
#include "fake_sys.h"
#include "image/image.h"
#include "specgen.h"
#include "sys/insn.h"

#define KERNEL                                                                                                 \
	"typedef u32 btf_trace_module_load; typedef u32 btf_trace_own; struct in_alpha_func { u32 a; };"       \
	"func own_func(u32) u32; func bpf_lsm_own(u32) u32; func ring_buffer_write(u32) u32; func own_kfunc(u32) u32;"

static struct bpfl_error err = BPFL_ERROR_INIT;
static char dir[64], ko_dir[64], kernel_path[96], alpha_path[96], ko_path[96];

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

static void add_func(struct btfgen *gen, uint32_t u32, const char *name)
{
	uint32_t proto = btfgen_func_proto(gen, u32);

	btfgen_param(gen, "", u32);
	btfgen_func(gen, name, proto, BPFL_LINKAGE_STATIC);
}

/* Numbers and strings of a module go on where the kernel's end. */
static void write_alpha(const struct bpfl_btf *kernel, const uint32_t *kernel_header)
{
	uint32_t u32 = bpfl_btf_find(kernel, BPFL_KIND_INT, "u32", 1);
	struct btfgen gen;
	const void *bytes;
	size_t size;

	btfgen_init(&gen, false);
	gen.first_id = bpfl_btf_nr_types(kernel);
	gen.first_str = kernel_header[5]; /* str_len */
	add_func(&gen, u32, "in_alpha_func");
	add_func(&gen, u32, "alpha_kfunc");
	add_func(&gen, u32, "bpf_ct_release");
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "btf_trace_alpha_event", u32);
	btfgen_struct(&gen, "alpha_struct", 8);
	btfgen_member(&gen, "pad", u32, 0);
	btfgen_member(&gen, "b", u32, 32);
	bytes = btfgen_bytes(&gen, &size);
	write_file(alpha_path, bytes, size);
	write_file(ko_path, bytes, size);
	btfgen_deinit(&gen);
}

static void start(void)
{
	struct bpfl_btf *kernel = btfc_read(KERNEL, false);
	const void *bytes;
	size_t size;

	strcpy(dir, "/tmp/test_check_modules.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(kernel_path, sizeof(kernel_path), "%s/vmlinux", dir);
	snprintf(alpha_path, sizeof(alpha_path), "%s/alpha", dir);
	strcpy(ko_dir, "/tmp/test_check_modules.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(ko_dir));
	snprintf(ko_path, sizeof(ko_path), "%s/my-beta.ko.debug", ko_dir);
	bytes = bpfl_btf_bytes(kernel, &size);
	write_file(kernel_path, bytes, size);
	write_alpha(kernel, bytes);
	bpfl_btf_destroy(kernel);
}

static void finish(void)
{
	unlink(kernel_path);
	unlink(alpha_path);
	unlink(ko_path);
	ck_assert_int_eq(rmdir(dir), 0);
	ck_assert_int_eq(rmdir(ko_dir), 0);
	bpfl_error_clear(&err);
}

/* ---- kernels ---- */

enum given { DIR_GIVEN, VMLINUX_GIVEN, FILE_GIVEN, NR_GIVEN };

static struct bpfl_target *target_make(enum given given)
{
	const char *const modules[] = { ko_path };
	struct bpfl_target_opts opts = { .size = sizeof(opts), .btf_path = given == DIR_GIVEN ? dir : kernel_path };
	struct bpfl_target *target;

	if (given == FILE_GIVEN) {
		opts.module_paths = modules;
		opts.nr_module_paths = 1;
	}
	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	return target;
}

/* Whether the first item of that kind is as expected. */
static void expect(const struct bpfl_spec *spec, enum given given, enum bpfl_check_kind kind, const char *what,
		   enum bpfl_check_status status, const char *text)
{
	struct bpfl_target *target = target_make(given);
	const struct bpfl_check_item *item = NULL;
	struct bpfl_check *check;
	size_t i = 0;

	CHECK_OK(bpfl_check_run(spec, target, NULL, &check, &err), err);
	while ((item = bpfl_check_item(check, i)) && item->kind != kind)
		i++;
	ck_assert_msg(item != NULL, "%s: no item", what);
	ck_assert_msg(item->status == status && (!text || strstr(item->text, text)), "%s, kernel %d: %s: %s", what,
		      given, bpfl_check_status_name(item->kind, item->status), item->text);
	bpfl_check_destroy(check);
	bpfl_target_destroy(target);
}

/* ---- hooks ---- */

#define OK BPFL_CHECK_OK
#define NO BPFL_CHECK_MISSING
#define DUNNO BPFL_CHECK_UNKNOWN

START_TEST(targets_are_found_in_modules_and_named_with_them)
{
	static const struct {
		const char *section;
		enum bpfl_check_status status[NR_GIVEN];
		const char *text[NR_GIVEN];
	} rows[] = {
		{ "fentry/own_func", { OK, OK, OK }, { "in the BTF" } },
		/* The kernel has a struct of that name, which is no function. */
		{ "fentry/in_alpha_func", { OK, DUNNO, OK }, { "of module 'alpha'", NULL, "of module 'my_beta'" } },
		{ "fexit/alpha:in_alpha_func", { OK, DUNNO, DUNNO }, { "of module 'alpha'" } },
		{ "fentry/alpha:own_func", { NO, DUNNO, DUNNO }, { "not in the BTF of module 'alpha'" } },
		{ "fentry/gamma:own_func", { NO, DUNNO, DUNNO }, { "no module 'gamma'" } },
		{ "fentry/nowhere", { NO, DUNNO, DUNNO }, { NULL } },
		{ "fentry/vmlinux:in_alpha_func", { NO, NO, NO }, { NULL } },
		{ "lsm/own", { OK, OK, OK }, { NULL } },
		{ "lsm/nowhere", { NO, NO, NO }, { NULL } },
		{ "tp_btf/alpha_event", { OK, DUNNO, OK }, { "of module 'alpha'" } },
		{ "raw_tp/own", { OK, OK, OK }, { "a tracepoint" } },
		{ "raw_tp/alpha_event", { OK, DUNNO, OK }, { "a tracepoint of module 'alpha'", "may have it (--module FILE)" } },
		{ "tracepoint/alpha/alpha_event", { OK, DUNNO, OK }, { "a tracepoint of module 'alpha'" } },
		{ "raw_tp/nowhere", { NO, DUNNO, DUNNO }, { "no tracepoint of this name" } },
		{ "kprobe.multi/alpha_kfunc", { NO, NO, NO }, { "multi-kprobes" } },
	};

	start();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bpfl_spec *spec = specgen_new("test");

		specgen_prog(spec, "prog", rows[i].section, specgen_func(spec, "prog", 2));
		for (enum given given = DIR_GIVEN; given < NR_GIVEN; given++)
			expect(spec, given, BPFL_CHECK_ATTACH, rows[i].section, rows[i].status[given],
			       rows[i].text[given]);
		bpfl_spec_destroy(spec);
	}
	finish();
}
END_TEST

/* The same name once bound by number, and once attached by name. */
START_TEST(one_name_is_asked_for_in_both_ways)
{
	struct bpfl_spec *spec = specgen_new("test");

	start();
	specgen_prog(spec, "a", "fentry/alpha_kfunc", specgen_func(spec, "a", 2));
	specgen_prog(spec, "b", "tp_btf/alpha_event", specgen_func(spec, "b", 2));
	specgen_prog(spec, "c", "raw_tp/alpha_event", specgen_func(spec, "c", 2));
	specgen_prog(spec, "d", "fentry/bpf_ct_release", specgen_func(spec, "d", 2));
	struct bpfl_target *target = target_make(DIR_GIVEN);
	for (int round = 0; round < 2; round++) {
		struct bpfl_check *check;
		struct bpfl_check_view view;

		CHECK_OK(bpfl_check_run(spec, target, NULL, &check, &err), err);
		bpfl_check_get(check, &view);
		ck_assert_int_eq(view.verdict, BPFL_CHECK_UNSURE); /* of program types, no interface is in this BTF */
		for (size_t i = 0; i < 4; i++) {
			ck_assert_int_eq(bpfl_check_item(check, i)->status, OK);
			CHECK_HAS(bpfl_check_item(check, i)->text, "of module 'alpha'");
		}
		bpfl_check_destroy(check);
	}
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	finish();
}
END_TEST

/* ---- externs and relocations ---- */

START_TEST(kernel_functions_are_found_in_modules)
{
	static const struct {
		const char *name;
		enum bpfl_check_status status[NR_GIVEN];
		const char *text[NR_GIVEN];
	} rows[] = {
		{ "own_kfunc", { OK, OK, OK }, { "kernel BTF id" } },
		{ "alpha_kfunc", { OK, NO, OK }, { "of module 'alpha'", "there is no such function", "of module 'my_beta'" } },
		{ "nowhere_kfunc", { NO, NO, NO }, { NULL } },
		/* Known to be in a module of mainline. */
		{ "bpf_ct_release", { OK, DUNNO, OK }, { "of module 'alpha'", "module 'nf_conntrack' may have it" } },
		{ "bpf_skb_ct_lookup", { NO, DUNNO, DUNNO }, { NULL } },
	};

	start();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bpfl_spec *spec = specgen_new("test");
		char decl[64];

		snprintf(decl, sizeof(decl), "func %s(u32) u32;", rows[i].name);
		spec->btf = btfc_read(decl, false);
		uint32_t func = specgen_func(spec, "prog", 4),
			 id = bpfl_btf_find(spec->btf, BPFL_KIND_FUNC, rows[i].name, 1);

		specgen_extern(spec, rows[i].name, BPFL_EXTERN_KFUNC, false, id);
		spec->externs.items[0].type_id = bpfl_btf_type(spec->btf, id)->type;
		specgen_ref(spec, func, 1, BPFL_REF_EXTERN, 0, 0);
		specgen_prog(spec, "prog", "xdp", func);
		for (enum given given = DIR_GIVEN; given < NR_GIVEN; given++)
			expect(spec, given, BPFL_CHECK_KFUNC, rows[i].name, rows[i].status[given], rows[i].text[given]);
		bpfl_spec_destroy(spec);
	}
	finish();
}
END_TEST

/* A type of a module gets its number in that module's BTF, and its fields their places. */
START_TEST(relocations_reach_types_of_modules)
{
	static const struct {
		uint32_t kind, old;
		const char *access;
		uint8_t code;
		enum bpfl_check_status status[NR_GIVEN];
	} rows[] = {
		{ 0 /* offset */, 0, "0:0", 0xb7, { BPFL_CHECK_MOVED, NO, BPFL_CHECK_MOVED } },
		{ 7 /* kernel type id */, 0, "0", 0xb7, { OK, NO, OK } },
		{ 8 /* type exists */, 1, "0", 0xb7, { OK, NO, OK } },
	};

	start();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bpfl_spec *spec = specgen_new("test");
		uint32_t func = specgen_func(spec, "prog", 2);

		spec->btf = btfc_read("struct alpha_struct { u32 b; };", false);
		uint32_t id = btfc_id(spec->btf, "struct alpha_struct");
		struct bpfl_core *core = BPFL_VEC_PUSH(&spec->cores);

		*core = (struct bpfl_core){ id, rows[i].kind, rows[i].access };
		spec->funcs.items[func].insts[0].insn =
			bpfl_insn_make(rows[i].code, 0, 0, 0, rows[i].kind == 7 ? (int32_t)id : (int32_t)rows[i].old);
		spec->funcs.items[func].insts[0].core_idx = 0;
		specgen_prog(spec, "prog", "xdp", func);
		for (enum given given = DIR_GIVEN; given < NR_GIVEN; given++)
			expect(spec, given, BPFL_CHECK_RELOCATION, rows[i].access, rows[i].status[given], NULL);

		struct bpfl_target *target = target_make(DIR_GIVEN);
		const struct bpfl_btf *kernel;
		struct bpfl_image *image;

		CHECK_OK(bpfl_target_btf(target, &kernel, &err), err);
		CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
		if (rows[i].kind == 0)
			ck_assert_int_eq(image->progs[0].insns[0].imm, 4);
		if (rows[i].kind == 7) { /* the module's own eighth type */
			ck_assert_int_eq(image->progs[0].insns[0].imm, (int32_t)bpfl_btf_nr_types(kernel) + 7);
		}
		bpfl_image_destroy(image);
		bpfl_target_destroy(target);
		bpfl_spec_destroy(spec);
	}
	finish();
}
END_TEST

/* ---- what the user names has to be right ---- */

START_TEST(files_that_are_no_module_are_an_error)
{
	struct bpfl_spec *spec = specgen_new("test");
	struct bpfl_target_opts opts = { .size = sizeof(opts), .nr_module_paths = 1 };
	struct bpfl_target *target;
	struct bpfl_image *image;

	start();
	specgen_prog(spec, "prog", "fentry/nowhere", specgen_func(spec, "prog", 2));
	write_file(alpha_path, "no BTF", 6);
	target = target_make(DIR_GIVEN);
	CHECK_FAILS(bpfl_image_build(spec, target, NULL, &image, &err), err, BPFL_ERR_OBJECT, EINVAL, alpha_path);
	bpfl_error_clear(&err);
	bpfl_target_destroy(target);
	/* Types of modules continue somebody's. */
	CHECK_FAILS(bpfl_target_create(&opts, &target, &err), err, BPFL_ERR_USAGE, EINVAL, "1 files of modules");
	bpfl_spec_destroy(spec);
	finish();
}
END_TEST

int main(void)
{
	const TTest *tests[] = { targets_are_found_in_modules_and_named_with_them, one_name_is_asked_for_in_both_ways,
				 kernel_functions_are_found_in_modules,
				 relocations_reach_types_of_modules, files_that_are_no_module_are_an_error };

	return bpfl_test_main(BPFL_TEST_SUITE("image/check_modules", tests));
}
