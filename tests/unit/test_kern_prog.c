/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/prog and kern/rejection on the fake kernel: the request, the log, fallbacks, and what a refusal is turned into.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "fake_sys.h"
#include "harness.h"
#include "image/core_match.h"
#include "kern/load.h"
#include "kerngen.h"

static struct kerngen gen;

/* A verifier that answers what it is told. */
struct verifier {
	const char *log;     /* NULL: none */
	int errnum;	     /* 0: accepts */
	size_t log_needs;    /* bytes; a smaller buffer gives ENOSPC */
	bool says_true_size; /* Linux 6.4 */
	unsigned nr_again;   /* first so many calls are interrupted */
	bool is_held;	     /* signals, in the last call */
	bool no_debug_info, no_attach_type, no_names; /* refuses these with E2BIG and without a log */
	bool bad_debug_info; /* refuses them with a log */
	unsigned nr_calls, nr_logged;
	uint32_t last_log_size;
};

static struct verifier verifier;

static bool alarms_are_held(void)
{
	sigset_t held;

	sigprocmask(SIG_BLOCK, NULL, &held);
	return sigismember(&held, SIGALRM);
}

static int verify(void *ctx, void *attr_bytes, size_t attr_size)
{
	struct bpfl_attr_prog_load *attr = attr_bytes;
	const char *log = verifier.log;
	int errnum = verifier.errnum;
	char *out = (char *)(uintptr_t)attr->log_buf;

	(void)ctx;
	(void)attr_size;
	verifier.nr_calls++;
	verifier.is_held = alarms_are_held();
	verifier.last_log_size = attr->log_size;
	if (verifier.nr_again > 0) {
		verifier.nr_again--;
		return -EAGAIN;
	}
	if ((verifier.no_debug_info && attr->prog_btf_fd) || (verifier.no_attach_type && attr->expected_attach_type) ||
	    (verifier.no_names && attr->prog_name[0]))
		return -E2BIG;
	if (verifier.bad_debug_info && attr->func_info_cnt) {
		log = "same or smaller insn offset (0) than previous func info record (0)\nprocessed 0 insns (limit "
		      "1000000)\n";
		errnum = EINVAL;
	}
	if (attr->log_level) {
		size_t size = log ? strlen(log) + 1 : 1;

		verifier.nr_logged++;
		if (verifier.log_needs > size)
			size = verifier.log_needs;
		if (verifier.says_true_size)
			attr->log_true_size = (uint32_t)size;
		if (size > attr->log_size) {
			memset(out, 'x', attr->log_size);
			return -ENOSPC;
		}
		strcpy(out, log ? log : "");
	}
	return errnum ? -errnum : FAKE_SYS_DEFAULT;
}

static void setup(uint32_t version, const char *section)
{
	kerngen_init(&gen, version);
	memset(&verifier, 0, sizeof(verifier));
	specgen_prog(gen.spec, "main_fn", section, specgen_func(gen.spec, "main_fn", 3));
	fake_sys_on_bpf(BPFL_CMD_PROG_LOAD, verify, NULL);
}

/* Gives the program a BTF function and source lines: instruction 0 at a.c:5, 1 at a.c:6. */
static void add_debug_info(void)
{
	struct btfgen *btf = &gen.btf;
	uint32_t proto = btfgen_func_proto(btf, btfgen_int(btf, "int", 4, BPFL_INT_SIGNED));
	uint32_t file = btfgen_string(btf, "/home/me/a.c");

	gen.spec->funcs.items[0].btf_func_id = btfgen_func(btf, "main_fn", proto, BPFL_LINKAGE_GLOBAL);
	specgen_line(gen.spec, 0, 0, file, btfgen_string(btf, "\tint x = 0;"), 5);
	specgen_line(gen.spec, 0, 1, file, btfgen_string(btf, "\tx = *p;"), 6);
	kerngen_btf(&gen);
}

static const struct bpfl_attr_prog_load *request(size_t nth)
{
	const struct fake_call *call = fake_sys_nth_bpf(BPFL_CMD_PROG_LOAD, nth);

	ck_assert_ptr_nonnull(call);
	return (const void *)call->attr;
}

static const struct bpfl_attr_prog_load *loaded(void)
{
	ck_assert_ptr_nonnull(fake_sys_created(FAKE_PROG, 0));
	return (const void *)fake_sys_created(FAKE_PROG, 0)->attr;
}

/* ---- the request ---- */

START_TEST(the_first_try_asks_for_no_log)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(verifier.nr_calls, 1);
	ck_assert_uint_eq(request(0)->log_level, 0);
	ck_assert_uint_eq(request(0)->prog_type, BPFL_PROG_XDP);
	ck_assert_uint_eq(request(0)->expected_attach_type, BPFL_ATTACH_XDP);
	ck_assert_uint_eq(request(0)->kern_version, 0);
	ck_assert_uint_eq(request(0)->insn_cnt, 3);
	ck_assert_str_eq(request(0)->prog_name, "main_fn");
	ck_assert_ptr_null(bpfl_object_verifier_log(gen.object, "main_fn"));
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(function_and_line_records_go_along)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	add_debug_info();
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(request(0)->func_info_cnt, 1);
	ck_assert_uint_eq(request(0)->func_info_rec_size, 8);
	ck_assert_uint_eq(request(0)->line_info_cnt, 2);
	ck_assert_uint_eq(request(0)->line_info_rec_size, 16);
	ck_assert_int_eq((int)request(0)->prog_btf_fd, gen.object->btf_fd);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(old_kprobes_name_the_kernel)
{
	setup(BPFL_KERNEL_VERSION(4, 19, 12), "kprobe/x");
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(request(0)->kern_version, BPFL_KERNEL_VERSION(4, 19, 12));
	kerngen_deinit(&gen);
	setup(BPFL_KERNEL_VERSION(5, 0, 0), "kprobe/x");
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(((const struct bpfl_attr_prog_load *)(const void *)fake_sys_nth_bpf(BPFL_CMD_PROG_LOAD, 1)
				   ->attr)
				  ->kern_version,
			  0);
	kerngen_deinit(&gen);
	setup(BPFL_KERNEL_VERSION(4, 19, 12), "xdp");
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(((const struct bpfl_attr_prog_load *)(const void *)fake_sys_nth_bpf(BPFL_CMD_PROG_LOAD, 2)
				   ->attr)
				  ->kern_version,
			  0);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(an_interrupted_load_is_repeated)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	verifier.nr_again = 4;
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(verifier.nr_calls, 5);
	ck_assert(!verifier.is_held); /* so Ctrl-C is heard */
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_load_that_is_interrupted_each_time_is_left_in_peace_once)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	verifier.nr_again = 5;
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert(verifier.is_held);
	ck_assert(!alarms_are_held());
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(an_interrupted_load_is_not_repeated_for_ever)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	verifier.nr_again = 1000;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_SYSTEM, EAGAIN,
		    "program 'main_fn': loading it: try again (EAGAIN)");
	ck_assert_uint_le(verifier.nr_calls, 20);
	kerngen_deinit(&gen);
}
END_TEST

/* ---- the log ---- */

START_TEST(a_wanted_log_is_kept)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	gen.opts.verifier_log_level = 4;
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(verifier.nr_calls, 1);
	ck_assert_uint_eq(request(0)->log_level, 4);
	ck_assert_str_eq(bpfl_object_verifier_log(gen.object, "main_fn"), "processed 3 insns\n");
	ck_assert_ptr_null(bpfl_object_verifier_log(gen.object, "nothing"));
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(the_log_grows_until_it_fits)
{
	setup(BPFL_KERNEL_VERSION(5, 10, 0), "xdp");
	verifier.log = "0: (95) exit\nR0 !read_ok\nprocessed 1 insns (limit 1000000)\n";
	verifier.errnum = EACCES;
	verifier.log_needs = 900000;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_VERIFIER, EACCES, "R0 !read_ok");
	ck_assert_uint_eq(verifier.nr_logged, 3); /* 64 KiB, 256 KiB, 1 MiB */
	ck_assert_uint_eq(verifier.last_log_size, 1u << 20);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_kernel_that_says_how_long_the_log_is_gets_it_at_once)
{
	setup(BPFL_KERNEL_VERSION(6, 4, 0), "xdp");
	verifier.log = "0: (95) exit\nR0 !read_ok\nprocessed 1 insns (limit 1000000)\n";
	verifier.errnum = EACCES;
	verifier.log_needs = 900000;
	verifier.says_true_size = true;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_VERIFIER, EACCES, "R0 !read_ok");
	ck_assert_uint_eq(verifier.nr_logged, 2);
	ck_assert_uint_eq(verifier.last_log_size, 900000);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_log_that_never_fits_does_not_hide_the_verdict)
{
	setup(BPFL_KERNEL_VERSION(5, 10, 0), "xdp");
	verifier.errnum = EACCES;
	verifier.log_needs = SIZE_MAX;
	gen.opts.verifier_log_max = 100000;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_VERIFIER, EACCES,
		    "program 'main_fn': rejected by the verifier");
	ck_assert_uint_eq(verifier.nr_logged, 2); /* 64 KiB and 100000 */
	ck_assert_uint_eq(verifier.nr_calls, 3);  /* the verdict is that of the first call */
	CHECK_HAS(gen.err.why, "the kernel's log is cut");
	kerngen_deinit(&gen);
	/* And a good program is loaded, however long its log. */
	setup(BPFL_KERNEL_VERSION(5, 10, 0), "xdp");
	verifier.log_needs = SIZE_MAX;
	gen.opts.verifier_log_level = 2;
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(verifier.last_log_size, 0);
	kerngen_deinit(&gen);
}
END_TEST

/* ---- fallbacks ---- */

START_TEST(records_that_do_not_fit_are_left_out_with_a_warning)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	add_debug_info();
	verifier.bad_debug_info = true;
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(loaded()->func_info_cnt, 0);
	ck_assert_uint_eq(loaded()->line_info_cnt, 0);
	ck_assert_uint_eq(loaded()->prog_btf_fd, 0);
	CHECK_HAS(kerngen_log(&gen), "warning: program 'main_fn': the kernel refused its function and line records "
				     "(same or smaller insn offset");
	/* It was this program, not this kernel. */
	ck_assert_int_ne(gen.target->features[BPFL_FEATURE_BTF_FUNC], BPFL_NO);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(unknown_fields_are_left_out_newest_first_and_remembered)
{
	setup(BPFL_KERNEL_VERSION(4, 14, 0), "xdp");
	add_debug_info();
	verifier.no_debug_info = verifier.no_attach_type = verifier.no_names = true;
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(loaded()->prog_btf_fd, 0);
	ck_assert_uint_eq(loaded()->expected_attach_type, 0);
	ck_assert_str_eq(loaded()->prog_name, "");
	ck_assert_int_eq(gen.target->features[BPFL_FEATURE_BTF_FUNC], BPFL_NO);
	ck_assert_int_eq(gen.target->features[BPFL_FEATURE_EXPECTED_ATTACH_TYPE], BPFL_NO);
	ck_assert_int_eq(gen.target->features[BPFL_FEATURE_OBJ_NAMES], BPFL_NO);
	verifier.nr_calls = 0;
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(verifier.nr_calls, 1);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(an_attach_type_that_matters_is_not_left_out)
{
	setup(BPFL_KERNEL_VERSION(4, 14, 0), "cgroup/connect4");
	verifier.no_attach_type = true;
	ck_assert(!gen.spec->progs.items[0].hit.row->attach_type_optional);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_SYSTEM, E2BIG, "program 'main_fn': loading it");
	for (size_t i = 0; i < verifier.nr_calls; i++)
		ck_assert_uint_eq(request(i)->expected_attach_type, BPFL_ATTACH_CGROUP_INET4_CONNECT);
	kerngen_deinit(&gen);
}
END_TEST

static int old_helpers_only(void *ctx, void *attr_bytes, size_t attr_size)
{
	struct bpfl_attr_prog_load *attr = attr_bytes;
	const struct bpfl_insn *insns = (const void *)(uintptr_t)attr->insns;

	(void)ctx;
	(void)attr_size;
	for (uint32_t i = 0; i < attr->insn_cnt; i++) {
		if (insns[i].code != BPFL_CODE_CALL || insns[i].imm < 112)
			continue;
		if (attr->log_buf)
			sprintf((char *)(uintptr_t)attr->log_buf, "%u: (85) call unknown#%d\ninvalid func unknown#%d\n",
				i, insns[i].imm, insns[i].imm);
		return -EINVAL;
	}
	return FAKE_SYS_DEFAULT;
}

START_TEST(probe_read_is_written_the_old_way_where_the_new_is_unknown)
{
	static const int32_t helpers[] = { 112, 113, 114, 115, 1 }, expected[] = { 4, 4, 45, 45, 1 };
	const struct bpfl_insn *insns;
	uint32_t func;

	kerngen_init(&gen, BPFL_KERNEL_VERSION(5, 4, 0));
	func = specgen_func(gen.spec, "main_fn", 6);
	for (int i = 0; i < 5; i++)
		gen.spec->funcs.items[func].insts[i].insn = bpfl_insn_make(BPFL_CODE_CALL, 0, 0, 0, helpers[i]);
	specgen_prog(gen.spec, "main_fn", "kprobe/x", func);
	fake_sys_on_bpf(BPFL_CMD_PROG_LOAD, old_helpers_only, NULL);
	CHECK_OK(kerngen_load(&gen), gen.err);
	insns = fake_sys_created(FAKE_PROG, 0)->bytes;
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(insns[i].imm, expected[i]);
	CHECK_HAS(kerngen_log(&gen), "info: program 'main_fn': this kernel has no bpf_probe_read_kernel");
	kerngen_deinit(&gen);
}
END_TEST

/* ---- refusals ---- */

START_TEST(a_rejection_names_place_source_and_hint)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	add_debug_info();
	verifier.log = "1: (61) r0 = *(u32 *)(r0 +0)\nR0 invalid mem access 'map_value_or_null'\nprocessed 2 insns "
		       "(limit 1000000)\n";
	verifier.errnum = EACCES;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_VERIFIER, EACCES,
		    "test.bpf.o: program 'main_fn': rejected by the verifier: R0 invalid mem access 'map_value_or_null' (a.c:6)");
	ck_assert_int_eq(gen.err.catalogue_id, 11);
	CHECK_HAS(gen.err.why, "source: x = *p;");
	CHECK_HAS(gen.err.why, "instruction 1: (61) r0 = *(u32 *)(r0 +0)");
	CHECK_HAS(gen.err.fix, "for NULL");
	ck_assert_str_eq(gen.err.verifier_log, verifier.log);
	ck_assert_uint_eq(verifier.nr_calls, 2);
	ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_caller_without_an_error_gets_the_number)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	verifier.log = "R0 !read_ok\n";
	verifier.errnum = EACCES;
	CHECK_OK(bpfl_image_build(gen.spec, gen.target, NULL, &gen.image, NULL), gen.err);
	ck_assert_int_eq(bpfl_object_load(gen.image, gen.target, NULL, &gen.object, NULL), -EACCES);
	verifier.log = NULL;
	verifier.errnum = EPERM;
	ck_assert_int_eq(bpfl_object_load(gen.image, gen.target, NULL, &gen.object, NULL), -EPERM);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(the_report_of_new_kernels_comes_through)
{
	setup(BPFL_KERNEL_VERSION(7, 3, 0), "xdp");
	verifier.log = "0: (95) exit\nR0 !read_ok\n\nVerification failed: Register Type Safety: Unreadable register\n\n"
		       "Reason:\n  R0 was never set.\n\nAt:\n  insn 0\n\nSuggestion:\n  Set R0 first.\n\nprocessed 1 insns (limit 1000000)\n";
	verifier.errnum = EACCES;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_VERIFIER, EACCES, "R0 !read_ok");
	CHECK_HAS(gen.err.why, "Register Type Safety: Unreadable register: R0 was never set.");
	ck_assert_str_eq(gen.err.fix, "Set R0 first.");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_license_that_forbids_a_helper_is_quoted)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	verifier.log = "1: (85) call bpf_trace_printk#6\ncannot call GPL-restricted function from non-GPL compatible "
		       "program\n";
	verifier.errnum = EINVAL;
	free(gen.spec->license);
	gen.spec->license = strdup("Proprietary");
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_VERIFIER, EINVAL,
		    "program 'main_fn': helper bpf_trace_printk may be called by GPL-compatible programs only");
	ck_assert_int_eq(gen.err.catalogue_id, 14);
	CHECK_HAS(gen.err.why, "license is 'Proprietary'");
	CHECK_HAS(gen.err.fix, "SEC(\"license\")");
	gen.spec->has_license = false;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_VERIFIER, EINVAL, "bpf_trace_printk");
	CHECK_HAS(gen.err.why, "no license section");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_missing_helper_is_told_with_its_version)
{
	setup(BPFL_KERNEL_VERSION(5, 4, 0), "xdp");
	verifier.log = "1: (85) call unknown#130\ninvalid func unknown#130\n";
	verifier.errnum = EINVAL;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_UNSUPPORTED, EINVAL,
		    "this kernel has no helper bpf_ringbuf_output (#130)");
	ck_assert_int_eq(gen.err.catalogue_id, 15);
	CHECK_HAS(gen.err.why, "bpf_ringbuf_output came with Linux 5.8, this is Linux 5.4");
	verifier.log = "1: (85) call unknown#9999\ninvalid func unknown#9999\n";
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_UNSUPPORTED, EINVAL, "this kernel has no helper number 9999");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_helper_of_other_programs_is_told_with_its_users)
{
	static const char *const logs[] = {
		"1: (85) call bpf_xdp_adjust_head#44\nprogram of this type cannot use helper bpf_xdp_adjust_head#44\n",
		"1: (85) call bpf_xdp_adjust_head#44\nunknown func bpf_xdp_adjust_head#44\n", /* before 6.9 */
	};

	for (size_t i = 0; i < 2; i++) {
		setup(BPFL_KERNEL_VERSION(6, 1, 0), "kprobe/x");
		verifier.log = logs[i];
		verifier.errnum = EINVAL;
		CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_VERIFIER, EINVAL,
			    "programs of type kprobe cannot use helper bpf_xdp_adjust_head");
		ck_assert_int_eq(gen.err.catalogue_id, 15);
		CHECK_HAS(gen.err.why, "is for XDP programs");
		CHECK_HAS(gen.err.fix, "its section is 'kprobe/x'");
		kerngen_deinit(&gen);
	}
}
END_TEST

START_TEST(a_helper_that_lockdown_takes_away_is_told_as_such)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "kprobe/x");
	fake_sys_file("/sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
	verifier.log = "1: (85) call bpf_probe_read_kernel#113\nprogram of this type cannot use helper "
		       "bpf_probe_read_kernel#113\n";
	verifier.errnum = EINVAL;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_PERMISSION, EINVAL,
		    "lockdown forbids helper bpf_probe_read_kernel");
	ck_assert_int_eq(gen.err.catalogue_id, 6);
	kerngen_deinit(&gen);
}
END_TEST

/*
 * A record that found no match, at instruction 1: struct inode { struct { int hidden; }; int array[2];
 * struct sub { int i_nope; } s; }.
 */
static void add_core(uint32_t kind, const char *access)
{
	struct btfgen *btf = &gen.btf;
	uint32_t int_id = btfgen_int(btf, "int", 4, BPFL_INT_SIGNED), sub, array, unnamed, inode;
	struct bpfl_core_result *result;
	struct bpfl_core *core;

	sub = btfgen_struct(btf, "sub", 4);
	btfgen_member(btf, "i_nope", int_id, 0);
	array = btfgen_array(btf, sub, int_id, 2);
	unnamed = btfgen_struct(btf, "", 4);
	btfgen_member(btf, "hidden", int_id, 0);
	inode = btfgen_struct(btf, "inode___old", 16);
	btfgen_member(btf, "", unnamed, 0);
	btfgen_member(btf, "array", array, 32);
	btfgen_member(btf, "s", sub, 96);
	if (kind >= 10) {
		inode = btfgen_enum(btf, "state", 4);
		btfgen_enumerator(btf, "STATE_A", 0);
		btfgen_enumerator(btf, "STATE_B", 1);
	}
	kerngen_btf(&gen);
	core = BPFL_VEC_PUSH(&gen.spec->cores);
	*core = (struct bpfl_core){ .type_id = inode, .kind = kind, .access = access };
	/* As the image leaves it: the instruction is replaced, and the result says why. */
	CHECK_OK(bpfl_image_build(gen.spec, gen.target, NULL, &gen.image, &gen.err), gen.err);
	gen.image->progs[0].insns[1] = bpfl_insn_make(BPFL_CODE_CALL, 0, 0, 0, BPFL_POISON_CORE_IMM);
	result = BPFL_VEC_PUSH(&gen.image->progs[0].core_results);
	*result = (struct bpfl_core_result){
		.insn_idx = 1, .poisoned = true, .core_idx = 0, .text = strdup("no match")
	};
}

static const struct {
	uint32_t kind;
	const char *access, *message, *fix;
	enum bpfl_core_miss_reason reason;
	const char *obstacle;
} core_rows[] = {
	{ 0, "0:2:0", "program 'main_fn': this kernel's struct inode has no field s.i_nope", "bpf_core_field_exists(x->s.i_nope)",
	  BPFL_CORE_MISS_FIELD, NULL },
	{ 0, "0:1:1:0", "has no field array[1].i_nope", "array[1].i_nope", BPFL_CORE_MISS_FIELD, NULL },
	{ 1, "0:0:0", "has no field hidden", "hidden", BPFL_CORE_MISS_FIELD, NULL },
	{ 1, "0:0:0", "this kernel has no struct inode, and so no field hidden", "bpf_core_field_exists(x->hidden)", BPFL_CORE_MISS_TYPE, NULL },
	{ 0, "0:2:0", "this kernel's struct inode has field s.i_nope in another form", "bpf_core_type_matches(struct inode___new)",
	  BPFL_CORE_MISS_FIELD_TYPE, NULL },
	{ 0, "0:2:0", "this kernel's struct inode has field s.i_nope in another form", "struct inode___new", BPFL_CORE_MISS_NONE, "too far" },
	{ 8, "0", "this kernel has no type struct inode that fits", "bpf_core_type_exists(struct inode)", BPFL_CORE_MISS_SHAPE, NULL },
	{ 11, "1", "this kernel's enum state has no value STATE_B", "bpf_core_enum_value_exists(enum state, STATE_B)", BPFL_CORE_MISS_ENUMERATOR,
	  NULL },
	{ 11, "1", "this kernel's value of enum state.STATE_B cannot be written into the program", "bpf_core_enum_value_exists",
	  BPFL_CORE_MISS_NONE, "too large" },
};

START_TEST(a_missing_field_is_named)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	add_core(core_rows[_i].kind, core_rows[_i].access);
	const struct bpfl_core *core = &gen.spec->cores.items[0];
	struct bpfl_core_query query = { .type_id = core->type_id, .kind = core->kind, .access = core->access };
	query.answer.miss = (struct bpfl_core_miss){
		.btf = gen.spec->btf, .type_id = 1, .step = 1, .reason = (uint8_t)core_rows[_i].reason
	};
	struct bpfl_core_result *result = &gen.image->progs[0].core_results.items[0];
	result->query = &query;
	result->obstacle = core_rows[_i].obstacle;
	verifier.log = "1: (85) call unknown#195896080\ninvalid func unknown#195896080\nprocessed 2 insns (limit "
		       "1000000)\n";
	verifier.errnum = EINVAL;
	CHECK_FAILS(bpfl_object_load(gen.image, gen.target, &gen.opts, &gen.object, &gen.err), gen.err,
		    BPFL_ERR_UNSUPPORTED, EINVAL, core_rows[_i].message);
	ck_assert_int_eq(gen.err.catalogue_id, 17);
	CHECK_HAS(gen.err.fix, core_rows[_i].fix);
	CHECK_HAS(gen.err.why, "relocation: ");
	ck_assert_str_eq(gen.err.verifier_log, verifier.log);
	kerngen_deinit(&gen);
}
END_TEST

/* A log of statistics alone (level 4) does not say which instruction was refused: then another one is asked for. */
START_TEST(a_reason_is_found_whatever_log_was_asked_for)
{
	static const struct {
		uint32_t asked, last, nr_logged;
	} rows[] = { { 0, 1, 1 }, { 1, 1, 1 }, { 2, 2, 1 }, { 4, 5, 2 }, { 6, 6, 1 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
		gen.opts.verifier_log_level = rows[i].asked;
		verifier.log = "1: (b7) r0 = 1\nR1 !read_ok\nprocessed 2 insns (limit 1000000)\n";
		verifier.errnum = EACCES;
		CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_VERIFIER, EACCES, "rejected by the verifier");
		ck_assert_uint_eq(verifier.nr_logged, rows[i].nr_logged);
		ck_assert_uint_eq(request(verifier.nr_calls - 1)->log_level, rows[i].last);
		kerngen_deinit(&gen);
		fake_sys_reset();
	}
}
END_TEST

START_TEST(a_missing_kernel_function_is_named)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	specgen_extern(gen.spec, "bpf_first", BPFL_EXTERN_KFUNC, true, 0);
	specgen_extern(gen.spec, "bpf_second", BPFL_EXTERN_KFUNC, true, 0);
	verifier.log = "1: (85) call unknown#2002000001\ninvalid func unknown#2002000001\n";
	verifier.errnum = EINVAL;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_UNSUPPORTED, EINVAL,
		    "this kernel has no function 'bpf_second'");
	ck_assert_int_eq(gen.err.catalogue_id, 18);
	kerngen_deinit(&gen);
}
END_TEST

/* Types and symbols of a kernel are configured apart: the image finds the variable, the verifier no address. */
START_TEST(a_variable_without_an_address_names_the_configuration)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	verifier.log = "0: (18) r1 = 0x0\nldimm64 failed to find the address for kernel symbol 'runqueues'.\n";
	verifier.errnum = ENOENT;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_UNSUPPORTED, ENOENT, "kernel symbol 'runqueues'");
	ck_assert_int_eq(gen.err.catalogue_id, 18);
	CHECK_HAS(gen.err.why, "CONFIG_KALLSYMS_ALL");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(too_many_instructions_are_counted)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(4, 19, 0));
	specgen_prog(gen.spec, "main_fn", "xdp", specgen_func(gen.spec, "main_fn", 5000));
	fake_sys_fail_bpf(BPFL_CMD_PROG_LOAD, 0, E2BIG);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_VERIFIER, E2BIG, "program 'main_fn'");
	ck_assert_int_eq(gen.err.catalogue_id, 13);
	CHECK_HAS(gen.err.why, "5000 instructions, and this kernel takes 4096");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_program_type_that_is_too_new_is_told_with_its_version)
{
	setup(BPFL_KERNEL_VERSION(5, 4, 0), "sk_lookup");
	verifier.errnum = EINVAL;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_UNSUPPORTED, EINVAL,
		    "program 'main_fn': loading it: invalid argument (EINVAL)");
	CHECK_HAS(gen.err.why, "program type sk_lookup came with Linux 5.9, this is Linux 5.4");
	kerngen_deinit(&gen);
}
END_TEST

/* ---- metadata ---- */

/* A program that calls a function with a jump table. */
static void setup_jump_table(uint32_t version)
{
	static const uint32_t places[] = { 5, 3 };

	setup(version, "xdp");
	uint32_t sub = specgen_func(gen.spec, "sub", 6);

	specgen_ref(gen.spec, 0, 1, BPFL_REF_CALL, sub, 0);
	specgen_jump_table(gen.spec, "places", sub, places, 2);
	specgen_ref(gen.spec, sub, 0, BPFL_REF_JUMP_TABLE, 0, 0);
}

START_TEST(a_jump_table_becomes_a_frozen_map)
{
	setup_jump_table(BPFL_KERNEL_VERSION(7, 0, 0));
	CHECK_OK(kerngen_load(&gen), gen.err);
	const struct fake_object *map = fake_sys_created(FAKE_MAP, 0);
	const struct bpfl_attr_map_create *attr = (const void *)map->attr;
	const uint32_t *elems = map->bytes; /* key, value; key, value */
	const struct bpfl_insn *insns = fake_sys_created(FAKE_PROG, 0)->bytes;

	ck_assert_uint_eq(attr->map_type, BPFL_MAP_TYPE_INSN_ARRAY);
	ck_assert_uint_eq(attr->key_size, 4);
	ck_assert_uint_eq(attr->value_size, 16);
	ck_assert_uint_eq(attr->max_entries, 2);
	ck_assert(map->frozen);
	ck_assert_uint_eq(map->nr_refs, 0); /* the program keeps it, we do not */
	ck_assert_uint_eq(elems[0 + 1], 3 + 5);
	ck_assert_uint_eq(elems[5 + 1], 3 + 3);
	ck_assert_int_ge(insns[3].imm, FAKE_SYS_FIRST_FD);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_kernel_without_jump_tables_is_told_as_such)
{
	setup_jump_table(BPFL_KERNEL_VERSION(6, 18, 0));
	fake_sys_fail_bpf(BPFL_CMD_MAP_CREATE, 0, EINVAL);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_UNSUPPORTED, EINVAL,
		    "program 'main_fn': jump table 'places': creating its map: invalid argument (EINVAL)");
	CHECK_HAS(gen.err.why, "insn_array came with Linux 6.19");
	CHECK_HAS(gen.err.fix, "-mcpu=v3");
	ck_assert_uint_eq(verifier.nr_calls, 0);
	kerngen_deinit(&gen);
}
END_TEST

static int token_cmds[] = { BPFL_CMD_PROG_LOAD, BPFL_CMD_MAP_CREATE, BPFL_CMD_BTF_LOAD };

/* A kernel that takes BTF, maps and programs with a token only. The token is a map here: any descriptor does. */
static int needs_token(void *ctx, void *attr_bytes, size_t attr_size)
{
	const struct bpfl_attr_prog_load *prog = attr_bytes;
	const struct bpfl_attr_map_create *map = attr_bytes;
	const struct bpfl_attr_btf_load *btf = attr_bytes;
	int cmd = *(const int *)ctx;
	uint32_t flags = cmd == BPFL_CMD_PROG_LOAD ? prog->prog_flags : cmd == BPFL_CMD_BTF_LOAD ? btf->btf_flags : map->map_flags;
	int32_t fd = cmd == BPFL_CMD_PROG_LOAD ? prog->prog_token_fd : cmd == BPFL_CMD_BTF_LOAD ? btf->btf_token_fd
												: map->map_token_fd;

	(void)attr_size;
	return flags & BPFL_F_TOKEN_FD && fd >= FAKE_SYS_FIRST_FD ? FAKE_SYS_DEFAULT : -EPERM;
}

static int token_create(void *ctx, void *attr_bytes, size_t attr_size)
{
	const uint32_t *attr = attr_bytes;
	struct bpfl_attr_map_create any = { .map_type = BPFL_MAP_TYPE_HASH, .key_size = 4, .value_size = 4, .max_entries = 1 };
	int fd;

	(void)ctx;
	(void)attr_size;
	ck_assert_uint_eq(attr[0], 0);
	ck_assert_uint_ne(attr[1], 0);
	fake_sys_on_bpf(BPFL_CMD_MAP_CREATE, NULL, NULL);
	fd = bpfl_sys_map_create(&any);
	fake_sys_on_bpf(BPFL_CMD_MAP_CREATE, needs_token, &token_cmds[1]);
	return fd;
}

static void setup_token(void)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 9, 0));
	memset(&verifier, 0, sizeof(verifier));
	specgen_map(gen.spec, "counts", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 8, 16);
	kerngen_user(&gen, "main_fn", "xdp", 0);
	add_debug_info();
	for (size_t i = 0; i < sizeof(token_cmds) / sizeof(token_cmds[0]); i++)
		fake_sys_on_bpf(token_cmds[i], needs_token, &token_cmds[i]);
	fake_sys_file("/fake/token/file", "");
}

START_TEST(a_token_is_taken_after_a_refusal)
{
	setup_token();
	gen.opts.token_path = "/fake/token";
	fake_sys_on_bpf(BPFL_CMD_TOKEN_CREATE, token_create, NULL);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_str_eq(fake_sys_trace(), "BTF_LOAD bpf MAP_CREATE BTF_LOAD MAP_CREATE PROG_LOAD");
	CHECK_HAS(kerngen_log(&gen), "rights of a BPF token from '/fake/token'");
	ck_assert_uint_eq(gen.object->maps[0].flags, 0); /* the flag is the call's */
	kerngen_deinit(&gen); /* the harness counts descriptors */
}
END_TEST

START_TEST(without_a_token_the_refusal_is_told)
{
	setup_token();
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_PERMISSION, EPERM, "BTF: loading the object's types");
	ck_assert_uint_le(fake_sys_count_bpf(BPFL_CMD_TOKEN_CREATE), 1);
	gen.opts.token_path = "/fake/token";
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_PERMISSION, EPERM, "BTF: loading the object's types");
	CHECK_HAS(kerngen_log(&gen), "no BPF token from '/fake/token'");
	size_t nr = fake_sys_count_bpf(BPFL_CMD_TOKEN_CREATE);

	gen.opts.token_path = "";
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_PERMISSION, EPERM, "BTF: loading the object's types");
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_TOKEN_CREATE), nr);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(metadata_is_bound_to_programs_that_do_not_read_it)
{
	const struct fake_call *call;

	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	specgen_map(gen.spec, ".rodata", BPFL_MAP_RODATA, BPFL_MAP_TYPE_ARRAY, 4, 4, 1)->data[0] = 1;
	specgen_var(gen.spec, "bpf_metadata_version", 0, 0, 4, 0);
	kerngen_user(&gen, "reader", "xdp", 0);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_PROG_BIND_MAP), 1);
	call = fake_sys_nth_bpf(BPFL_CMD_PROG_BIND_MAP, 0);
	ck_assert_int_eq((int)((const struct bpfl_attr_bind_map *)(const void *)call->attr)->prog_fd,
			 bpfl_object_prog_fd(gen.object, "main_fn"));
	/* A kernel before 5.10 does without. */
	fake_sys_fail_bpf(BPFL_CMD_PROG_BIND_MAP, 0, EINVAL);
	CHECK_OK(kerngen_load(&gen), gen.err);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(metadata_that_nobody_reads_is_loaded_all_the_same)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	specgen_map(gen.spec, ".rodata", BPFL_MAP_RODATA, BPFL_MAP_TYPE_ARRAY, 4, 4, 1)->data[0] = 1;
	specgen_var(gen.spec, "bpf_metadata_version", 0, 0, 4, 0);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_str_eq(fake_sys_trace(), "MAP_CREATE MAP_UPDATE_ELEM MAP_FREEZE PROG_LOAD PROG_BIND_MAP");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(other_constants_are_not_bound)
{
	setup(BPFL_KERNEL_VERSION(6, 1, 0), "xdp");
	specgen_map(gen.spec, ".rodata", BPFL_MAP_RODATA, BPFL_MAP_TYPE_ARRAY, 4, 4, 1)->data[0] = 1;
	specgen_var(gen.spec, "version", 0, 0, 4, 0);
	kerngen_user(&gen, "reader", "xdp", 0);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_PROG_BIND_MAP), 0);
	kerngen_deinit(&gen);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_first_try_asks_for_no_log,
		function_and_line_records_go_along,
		old_kprobes_name_the_kernel,
		an_interrupted_load_is_repeated,
		a_load_that_is_interrupted_each_time_is_left_in_peace_once,
		an_interrupted_load_is_not_repeated_for_ever,
		a_wanted_log_is_kept,
		the_log_grows_until_it_fits,
		a_kernel_that_says_how_long_the_log_is_gets_it_at_once,
		a_log_that_never_fits_does_not_hide_the_verdict,
		records_that_do_not_fit_are_left_out_with_a_warning,
		unknown_fields_are_left_out_newest_first_and_remembered,
		an_attach_type_that_matters_is_not_left_out,
		probe_read_is_written_the_old_way_where_the_new_is_unknown,
		a_rejection_names_place_source_and_hint,
		a_caller_without_an_error_gets_the_number,
		the_report_of_new_kernels_comes_through,
		a_license_that_forbids_a_helper_is_quoted,
		a_missing_helper_is_told_with_its_version,
		a_helper_of_other_programs_is_told_with_its_users,
		a_helper_that_lockdown_takes_away_is_told_as_such,
		a_missing_kernel_function_is_named, a_reason_is_found_whatever_log_was_asked_for,
		a_variable_without_an_address_names_the_configuration,
		too_many_instructions_are_counted,
		a_program_type_that_is_too_new_is_told_with_its_version,
		a_jump_table_becomes_a_frozen_map,
		a_kernel_without_jump_tables_is_told_as_such,
		a_token_is_taken_after_a_refusal,
		without_a_token_the_refusal_is_told,
		metadata_is_bound_to_programs_that_do_not_read_it,
		metadata_that_nobody_reads_is_loaded_all_the_same,
		other_constants_are_not_bound,
	};
	Suite *suite = BPFL_TEST_SUITE("kern_prog", tests);
	TCase *table = tcase_create("missing types");

	tcase_add_loop_test(table, a_missing_field_is_named, 0, (int)(sizeof(core_rows) / sizeof(core_rows[0])));
	suite_add_tcase(suite, table);
	return bpfl_test_main(suite);
}
