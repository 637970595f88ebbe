/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/attach_target: the BTF id of the function that a program is loaded for. The kernel here is a handful of types.
 */
#include <errno.h>
#include "btfgen.h"
#include "harness.h"
#include "image/core_match.h"
#include "image/image.h"
#include "specgen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_target *target;
static uint32_t vfs_read_id, trace_id, lsm_id, iter_id, decoy_id;

/* A kernel that names everything twice: the type that is wanted and one of the other kind. */
static void kernel_make(void)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts) };
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t int_id = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	uint32_t proto = btfgen_func_proto(&gen, int_id);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "vfs_read", int_id);
	btfgen_func(&gen, "vfs_read___flavour", proto, BPFL_LINKAGE_STATIC); /* for CO-RE the same name, not here */
	vfs_read_id = btfgen_func(&gen, "vfs_read", proto, BPFL_LINKAGE_STATIC);
	btfgen_func(&gen, "vfs_write", proto, BPFL_LINKAGE_STATIC);
	decoy_id = btfgen_func(&gen, "sched_switch", proto, BPFL_LINKAGE_STATIC);
	btfgen_func(&gen, "btf_trace_sched_switch", proto, BPFL_LINKAGE_STATIC);
	trace_id = btfgen_type(&gen, BPFL_KIND_TYPEDEF, "btf_trace_sched_switch", int_id);
	lsm_id = btfgen_func(&gen, "bpf_lsm_file_open", proto, BPFL_LINKAGE_STATIC);
	iter_id = btfgen_func(&gen, "bpf_iter_task", proto, BPFL_LINKAGE_STATIC);
	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	target->btf = btfgen_read(&gen);
	ck_assert_ptr_nonnull(target->btf);
	btfgen_deinit(&gen);
}

static struct bpfl_spec *spec_with(const char *section)
{
	struct bpfl_spec *spec = specgen_new("obj");

	specgen_prog(spec, "prog", section, specgen_func(spec, "prog", 2));
	return spec;
}

static void done(struct bpfl_image *image, struct bpfl_spec *spec)
{
	bpfl_image_destroy(image);
	bpfl_spec_destroy(spec);
	bpfl_target_destroy(target);
	bpfl_error_clear(&err);
}

static void check_found(const char *section, uint32_t id)
{
	struct bpfl_spec *spec = spec_with(section);
	struct bpfl_image *image = NULL;

	kernel_make();
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	ck_assert_msg(image->progs[0].attach_btf_id == id, "%s: id %u, not %u", section,
		      image->progs[0].attach_btf_id, id);
	done(image, spec);
}

START_TEST(each_kind_looks_for_its_own_name)
{
	kernel_make();
	bpfl_target_destroy(target);
	check_found("fentry/vfs_read", vfs_read_id);
	check_found("fexit/vmlinux:vfs_read", vfs_read_id);
	check_found("fentry/sched_switch", decoy_id);
	check_found("tp_btf/sched_switch", trace_id);
	check_found("lsm/file_open", lsm_id);
	check_found("iter/task", iter_id);
	check_found("xdp", 0);
}
END_TEST

static void check_missing(const char *section, enum bpfl_error_kind kind, int errnum, const char *text)
{
	struct bpfl_spec *spec = spec_with(section);
	struct bpfl_image *image = NULL;

	kernel_make();
	CHECK_FAILS(bpfl_image_build(spec, target, NULL, &image, &err), err, kind, errnum, text);
	bpfl_spec_destroy(spec);
	bpfl_target_destroy(target);
}

START_TEST(what_is_missing_is_named_with_its_neighbours)
{
	check_missing("fentry/vfs_reed", BPFL_ERR_TARGET, ENOENT,
		      "test.bpf.o: program 'prog': kernel function 'vfs_reed' is not in the kernel's BTF");
	CHECK_HAS(err.why, "inlined");
	CHECK_HAS(err.fix, "'vfs_read'");
	ck_assert_int_eq(err.catalogue_id, 24);
	check_missing("tp_btf/sched_swich", BPFL_ERR_TARGET, ENOENT, "tracepoint 'sched_swich'");
	CHECK_HAS(err.fix, "'sched_switch'");
	check_missing("lsm/file_opn", BPFL_ERR_TARGET, ENOENT, "LSM hook 'file_opn'");
	CHECK_HAS(err.fix, "'file_open'");
	check_missing("iter/taks", BPFL_ERR_TARGET, ENOENT, "iterator 'taks'");
	bpfl_error_clear(&err);
}
END_TEST

START_TEST(module_names_are_compared_whole)
{
	check_missing("fentry/vml:vfs_read", BPFL_ERR_TARGET, ENOENT, "there is no module 'vml' with BTF");
	check_missing("fentry/vmlinux2:vfs_read", BPFL_ERR_TARGET, ENOENT, "there is no module 'vmlinux2' with BTF");
	bpfl_error_clear(&err);
}
END_TEST

START_TEST(a_program_without_a_target_is_incomplete)
{
	check_missing("fentry", BPFL_ERR_USAGE, EINVAL, "test.bpf.o: program 'prog': section 'fentry' does not say");
	bpfl_error_clear(&err);
}
END_TEST

START_TEST(a_kernel_without_btf_is_only_missed_when_needed)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts) };
	struct bpfl_spec *spec = spec_with("fentry/vfs_read");
	struct bpfl_image *image = NULL;

	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	CHECK_FAILS(bpfl_image_build(spec, target, NULL, &image, &err), err, BPFL_ERR_UNSUPPORTED, ENOENT,
		    "comes without BTF");
	ck_assert_int_eq(err.catalogue_id, 7);
	CHECK_HAS(err.fix, "--btf FILE");
	bpfl_spec_destroy(spec);

	spec = spec_with("xdp");
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	ck_assert_ptr_null(target->btf);
	done(image, spec);
}
END_TEST

START_TEST(many_programs_are_found_in_one_go)
{
	struct bpfl_spec *spec = spec_with("fentry/vfs_read");
	struct bpfl_image *image = NULL;

	specgen_prog(spec, "two", "tp_btf/sched_switch", 0);
	specgen_prog(spec, "three", "xdp", 0);
	specgen_prog(spec, "four", "fexit/vfs_read", 0);
	kernel_make();
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	ck_assert_uint_eq(image->progs[0].attach_btf_id, vfs_read_id);
	ck_assert_uint_eq(image->progs[1].attach_btf_id, trace_id);
	ck_assert_uint_eq(image->progs[2].attach_btf_id, 0);
	ck_assert_uint_eq(image->progs[3].attach_btf_id, vfs_read_id);
	done(image, spec);
}
END_TEST

/* Whoever comes first asks for the names of all: the target has them before the attach targets are looked up. */
START_TEST(one_pass_finds_externs_and_attach_targets)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct bpfl_image *image = NULL;
	struct btfgen gen;
	size_t nr;

	btfgen_init(&gen, false);
	uint32_t proto = btfgen_func_proto(&gen, 0);
	uint32_t func_id = btfgen_func(&gen, "no_such_kfunc", proto, BPFL_LINKAGE_EXTERN);
	spec->btf = btfgen_read(&gen);
	btfgen_deinit(&gen);
	uint32_t ext = specgen_extern(spec, "no_such_kfunc", BPFL_EXTERN_KFUNC, false, func_id);
	spec->externs.items[ext].type_id = proto;
	uint32_t func = specgen_func(spec, "prog", 4);
	specgen_ref(spec, func, 0, BPFL_REF_EXTERN, ext, 0);
	specgen_prog(spec, "prog", "fentry/vfs_read", func);
	kernel_make();

	/* It ends at the extern, so nobody has looked up vfs_read yet. */
	ck_assert_int_lt(bpfl_image_build(spec, target, NULL, &image, &err), 0);
	CHECK_HAS(err.message, "no_such_kfunc");
	const uint32_t *ids = bpfl_core_names_get(target, "vfs_read", 8, &nr);
	ck_assert_uint_eq(nr, 3); /* the typedef, the flavour, the function */
	ck_assert_uint_eq(ids[2], vfs_read_id);
	done(image, spec);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		each_kind_looks_for_its_own_name,
		what_is_missing_is_named_with_its_neighbours,
		module_names_are_compared_whole,
		a_program_without_a_target_is_incomplete,
		a_kernel_without_btf_is_only_missed_when_needed,
		many_programs_are_found_in_one_go,
		one_pass_finds_externs_and_attach_targets,
	};
	return bpfl_test_main(BPFL_TEST_SUITE("image/attach_target", tests));
}
