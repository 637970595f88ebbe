/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The room kern on the running kernel (root): what is loaded is there, and each refusal that this room explains
 * is provoked for real. Programs are written as instructions, so that no compiler is needed. Nothing is attached.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "elfgen.h"
#include "harness.h"
#include "insns.h"
#include "kern/load.h"
#include "feature.h"
#include "kerngen.h"
#include "sys/bpf.h"

static struct kerngen gen;

/* Initialisers, for tables. */

/* A program of the given instructions. Its index, and that of its function. */
static uint32_t add_prog(const char *name, const char *section, const struct bpfl_insn *insns, uint32_t nr)
{
	return specgen_prog(gen.spec, name, section, specgen_insns(gen.spec, name, insns, nr));
}
#define ADD_PROG(name, section, insns) add_prog(name, section, insns, NR(insns))

static const struct bpfl_insn nothing[] = { MOV(0, 0), EXIT };

static struct bpfl_map_info map_info(const char *name)
{
	struct bpfl_map_info info = { 0 };
	uint32_t size = sizeof(info);

	ck_assert_int_eq(bpfl_sys_obj_info(bpfl_object_map_fd(gen.object, name), &info, &size), 0);
	return info;
}

static struct bpfl_prog_info prog_info(const char *name)
{
	struct bpfl_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	ck_assert_int_eq(bpfl_sys_obj_info(bpfl_object_prog_fd(gen.object, name), &info, &size), 0);
	return info;
}

/* ---- what is loaded is there ---- */

/* ---- signals ---- */

static void on_alarm(int signal)
{
	(void)signal;
}

static void set_alarms(long every_us)
{
	struct itimerval timer = { { 0, every_us }, { 0, every_us } };

	ck_assert_int_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

/* As a profiler does: more often than the verifier takes for a program of some thousand instructions. */
START_TEST(signals_do_not_keep_a_program_out)
{
	struct sigaction action = { .sa_handler = on_alarm }, before;
	enum { NR = 4000 }; /* kernels before 5.2 take 4096 */
	struct bpfl_insn *insns = calloc(NR + 2, sizeof(*insns));
	const struct bpfl_insn count = ADD(0, 1), zero = MOV(0, 0), end = EXIT;

	kerngen_init(&gen, 0);
	insns[0] = zero;
	for (int i = 1; i <= NR; i++)
		insns[i] = count;
	insns[NR + 1] = end;
	add_prog("long_one", "socket", insns, NR + 2);
	ck_assert_int_eq(sigaction(SIGALRM, &action, &before), 0);
	set_alarms(100);
	CHECK_OK(kerngen_load(&gen), gen.err);
	set_alarms(0);
	sigaction(SIGALRM, &before, NULL);
	kerngen_deinit(&gen);
	free(insns);
}
END_TEST

START_TEST(a_frozen_constant_decides_branches)
{
	/* if (enabled) call a helper that does not exist: only dead code may do that. */
	const struct bpfl_insn insns[] = {
		ADDRESS(1), LOAD32(2, 1, 0), IF_ZERO(2, 1), CALL(195896080), MOV(0, 0), EXIT
	};
	struct bpfl_map_spec *map;
	uint32_t key = 0, value[2] = { 1, 1 };

	kerngen_init(&gen, 0);
	map = specgen_map(gen.spec, ".rodata", BPFL_MAP_RODATA, BPFL_MAP_TYPE_ARRAY, 4, 8, 1);
	map->flags = BPFL_F_RDONLY_PROG;
	map->data[4] = map->data[7] = 1; /* so that it is written as well; the same in either byte order */
	specgen_ref(gen.spec, ADD_PROG("main_fn", "xdp", insns), 0, BPFL_REF_DATA, 0, 0);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_str_eq(map_info(".rodata").name, "obj.rodata");
	ck_assert_str_eq(prog_info("main_fn").name, "main_fn");
	ck_assert_uint_eq(prog_info("main_fn").type, BPFL_PROG_XDP);
	ck_assert_int_eq(bpfl_sys_map_update(bpfl_object_map_fd(gen.object, ".rodata"), &key, value, 0), -EPERM);
	ck_assert_int_eq(bpfl_sys_map_lookup(bpfl_object_map_fd(gen.object, ".rodata"), &key, value, 0), 0);
	ck_assert_uint_eq(value[0], 0);
	ck_assert_uint_eq(value[1], 0x01000001);

	/* With the other value the same branch is alive. */
	gen.spec->maps.items[0].data[0] = 1;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_UNSUPPORTED, EINVAL, "program 'main_fn'");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(inner_maps_are_in_their_slots)
{
	struct bpfl_map_spec *outer;
	uint32_t key = 2, id = 0;

	kerngen_init(&gen, 0);
	specgen_map(gen.spec, "inner", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 8, 2);
	outer = specgen_map(gen.spec, "outer", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 3);
	outer->inner = calloc(1, sizeof(*outer->inner));
	*outer->inner = (struct bpfl_map_spec){ .name = strdup("outer.inner"),
						.type = BPFL_MAP_TYPE_ARRAY,
						.key_size = 4,
						.value_size = 8,
						.max_entries = 2,
						.has_max_entries = true };
	specgen_slot(gen.spec, 1, 2, false, 0);
	kerngen_user(&gen, "main_fn", "xdp", 1);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_int_eq(bpfl_sys_map_lookup(bpfl_object_map_fd(gen.object, "outer"), &key, &id, 0), 0);
	ck_assert_uint_eq(id, map_info("inner").id);
	/* An inner map that does not fit its template. */
	gen.spec->maps.items[0].value_size = 16;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_SYSTEM, EINVAL,
		    "map 'outer': slot 2: putting in map 'inner'");
	CHECK_HAS(gen.err.why, "template");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(programs_are_in_their_slots)
{
	uint32_t key = 1, id = 0, target;

	kerngen_init(&gen, 0);
	specgen_map(gen.spec, "jumps", BPFL_MAP_BTF, BPFL_MAP_TYPE_PROG_ARRAY, 4, 4, 4);
	kerngen_user(&gen, "main_fn", "xdp", 0);
	target = ADD_PROG("target", "xdp", nothing);
	specgen_slot(gen.spec, 0, 1, true, target);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_int_eq(bpfl_sys_map_lookup(bpfl_object_map_fd(gen.object, "jumps"), &key, &id, 0), 0);
	ck_assert_uint_eq(id, prog_info("target").id);

	gen.spec->progs.items[target].selected = false;
	CHECK_OK(kerngen_load(&gen), gen.err);
	CHECK_HAS(kerngen_log(&gen), "warning: map 'jumps': slot 1 stays empty: program 'target' is not loaded");
	ck_assert_int_eq(bpfl_sys_map_lookup(bpfl_object_map_fd(gen.object, "jumps"), &key, &id, 0), -ENOENT);
	ck_assert_int_eq(bpfl_object_prog_fd(gen.object, "target"), -ENOENT);

	/* A slot beyond the array. */
	gen.spec->progs.items[target].selected = true;
	gen.spec->maps.items[0].max_entries = 1;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_SYSTEM, E2BIG, "map 'jumps': slot 1");
	CHECK_HAS(gen.err.fix, "--map jumps.max_entries=2");
	kerngen_deinit(&gen);
}
END_TEST

static void variables(uint32_t flags)
{
	uint32_t value = 5, seven = 7;

	kerngen_init(&gen, 0);
	memcpy(specgen_map(gen.spec, ".data", BPFL_MAP_DATA, BPFL_MAP_TYPE_ARRAY, 4, 12, 1)->data + 4, &seven,
	       sizeof(seven));
	gen.spec->maps.items[0].flags = flags;
	gen.spec->maps.items[0].mmapable = flags != 0;
	kerngen_user(&gen, "main_fn", "xdp", 0);
	specgen_var(gen.spec, "before", 0, 0, 4, 0);
	specgen_var(gen.spec, "counter", 0, 4, 4, 0);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(map_info(".data").map_flags, flags);
	CHECK_OK(bpfl_object_var_get(gen.object, "counter", &value, 4, &gen.err), gen.err);
	ck_assert_uint_eq(value, 7);
	value = 0xabcdef01;
	CHECK_OK(bpfl_object_var_set(gen.object, "counter", &value, 4, &gen.err), gen.err);
	value = 0;
	CHECK_OK(bpfl_object_var_get(gen.object, "counter", &value, 4, &gen.err), gen.err);
	ck_assert_uint_eq(value, 0xabcdef01);
	CHECK_OK(bpfl_object_var_get(gen.object, "before", &value, 4, &gen.err), gen.err);
	ck_assert_uint_eq(value, 0);
	kerngen_deinit(&gen);
}

START_TEST(variables_are_written_by_mapping_and_by_call)
{
	variables(BPFL_F_MMAPABLE);
	variables(0);
}
END_TEST

START_TEST(a_wanted_log_is_there)
{
	kerngen_init(&gen, 0);
	ADD_PROG("main_fn", "xdp", nothing);
	gen.opts.verifier_log_level = 2;
	CHECK_OK(kerngen_load(&gen), gen.err);
	CHECK_HAS(bpfl_object_verifier_log(gen.object, "main_fn"), "(95) exit");
	CHECK_HAS(bpfl_object_verifier_log(gen.object, "main_fn"), "processed 2 insns");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_log_beyond_the_first_buffer_is_fetched_whole)
{
	/* 8000 instructions, each with its state: more than 64 KiB. */
	struct bpfl_insn insns[8002];
	unsigned nr = NR(insns);

	kerngen_init(&gen, 0);
	for (unsigned i = 0; i < nr; i++)
		insns[i] = bpfl_insn_make(BPFL_CODE_MOV64_K, i % 6, 0, 0, (int32_t)i);
	insns[8001] = bpfl_insn_make(BPFL_CODE_EXIT, 0, 0, 0, 0);
	ADD_PROG("main_fn", "xdp", insns);
	gen.opts.verifier_log_level = 2;
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_gt(strlen(bpfl_object_verifier_log(gen.object, "main_fn")), 200000);
	CHECK_HAS(bpfl_object_verifier_log(gen.object, "main_fn"), "8001: (95) exit");
	/* A limit below that: loaded all the same, with the part that there is. */
	gen.opts.verifier_log_max = 100000;
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_lt(strlen(bpfl_object_verifier_log(gen.object, "main_fn")), 100000);
	kerngen_deinit(&gen);
}
END_TEST

/* ---- BTF ---- */

/* Every kind that has a replacement. */
static void add_types(void)
{
	struct btfgen *btf = &gen.btf;
	uint32_t int_id = btfgen_int(btf, "int", 4, BPFL_INT_SIGNED), proto, real, enum64, tag, value, var, small,
		 section;

	proto = btfgen_func_proto(btf, int_id);
	btfgen_param(btf, "ctx", int_id);
	gen.spec->funcs.items[0].btf_func_id = btfgen_func(btf, "main_fn", proto, BPFL_LINKAGE_GLOBAL);
	real = btfgen_type(btf, BPFL_KIND_FLOAT, "double", 8);
	enum64 = btfgen_enum64(btf, "wide", false);
	btfgen_enumerator(btf, "WIDE_A", 1ll << 40);
	small = btfgen_enum(btf, "small", 4);
	btfgen_enumerator(btf, "SMALL_A", -1);
	btfgen_put(btf, 1, (1u << 31) | ((uint32_t)BPFL_KIND_ENUM << 24) | 1);
	tag = btfgen_ptr(btf, btfgen_type(btf, BPFL_KIND_TYPE_TAG, "user", int_id));
	value = btfgen_struct(btf, "value", 32);
	btfgen_member(btf, "real", real, 0);
	btfgen_member(btf, "wide", enum64, 64);
	btfgen_member(btf, "tagged", tag, 128);
	btfgen_member(btf, "small", small, 192);
	btfgen_decl_tag(btf, "a note", value, -1);
	var = btfgen_var(btf, "variable", int_id, BPFL_LINKAGE_GLOBAL);
	section = btfgen_datasec(btf, ".data.x", 4);
	btfgen_datasec_var(btf, var, 0, 4);
	specgen_map(gen.spec, "counts", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 32, 16)->key_type_id = int_id;
	gen.spec->maps.items[0].value_type_id = value;
	specgen_map(gen.spec, ".data.x", BPFL_MAP_DATA, 0, 0, 4, 0)->value_type_id = section;
	kerngen_user(&gen, "user", "xdp", 0);
	kerngen_user(&gen, "data_user", "xdp", 1);
}

/* Something that no kernel takes, and that has nothing to do with kinds: a type tag behind a modifier. */
static void add_wrong_type(void)
{
	uint32_t tag = btfgen_type(&gen.btf, BPFL_KIND_TYPE_TAG, "late", 1);
	uint32_t ptr = btfgen_ptr(&gen.btf, btfgen_type(&gen.btf, BPFL_KIND_CONST, "", tag));

	specgen_map(gen.spec, "wrong", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 8, 16)->key_type_id = 1;
	gen.spec->maps.items[2].value_type_id = ptr;
}

/* Linux 7 takes a type tag anywhere: then there is nothing to refuse, and so nothing that would have to be replaced. */
static bool takes_any_tag_order(void)
{
	return bpfl_facts_kernel_version() >= BPFL_KERNEL_VERSION(7, 0, 0);
}

/* Something that Linux 7 does not take either: a member whose name is none. */
static void add_wrong_name(void)
{
	uint32_t odd = btfgen_struct(&gen.btf, "odd", 8);

	btfgen_member(&gen.btf, "no name", 1, 0);
	specgen_map(gen.spec, "wrong", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 8, 16)->key_type_id = 1;
	gen.spec->maps.items[2].value_type_id = odd;
}

START_TEST(every_kind_of_type_is_loaded_as_it_is)
{
	kerngen_init(&gen, 0);
	ADD_PROG("main_fn", "xdp", nothing);
	add_types();
	kerngen_btf(&gen);
	CHECK_OK(kerngen_load(&gen), gen.err);
	if (!bpfl_test_lacks("btf_optional_section"))
		ck_assert_str_eq(kerngen_log(&gen), "");
	CHECK_HAS_NOT(kerngen_log(&gen), "warning");
	ck_assert_int_ge(gen.object->btf_fd, 3);
	ck_assert_uint_eq(map_info("counts").btf_value_type_id,
			  bpfl_image_btf_id(gen.image, gen.spec->maps.items[0].value_type_id));
	ck_assert_uint_eq(prog_info("main_fn").nr_func_info, 1);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(this_kernel_knows_every_kind_that_is_asked_for)
{
	static const enum bpfl_feature features[] = {
		BPFL_FEATURE_BTF,          BPFL_FEATURE_BTF_FUNC,  BPFL_FEATURE_BTF_FUNC_GLOBAL,
		BPFL_FEATURE_BTF_DATASEC,  BPFL_FEATURE_BTF_FLOAT, BPFL_FEATURE_BTF_DECL_TAG,
		BPFL_FEATURE_BTF_TYPE_TAG, BPFL_FEATURE_BTF_ENUM64
	};

	if (bpfl_test_lacks("btf_enum64"))
		return;
	kerngen_init(&gen, 0);
	ADD_PROG("main_fn", "xdp", nothing);
	add_types();
	add_wrong_name();
	kerngen_btf(&gen);
	CHECK_OK(kerngen_load(&gen), gen.err);
	for (size_t i = 0; i < NR(features); i++)
		ck_assert_msg(gen.target->features[features[i]] == BPFL_YES, "feature %d", features[i]);
	ck_assert_int_eq(gen.object->btf_fd, -1);
	CHECK_HAS(kerngen_log(&gen),
		  "warning: BTF: the kernel refused the object's types: invalid argument (EINVAL): ");
	CHECK_HAS(kerngen_log(&gen), "Invalid name");
	ck_assert_uint_eq(map_info("counts").btf_id, 0);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(what_replaces_unknown_kinds_is_accepted)
{
	struct bpfl_map_info info;

	kerngen_init(&gen, 0);
	ADD_PROG("main_fn", "xdp", nothing);
	add_types();
	add_wrong_type(); /* goes away with the tags */
	kerngen_btf(&gen);
	for (int feature = BPFL_FEATURE_BTF_FUNC; feature <= BPFL_FEATURE_BTF_ENUM64; feature++)
		gen.target->features[feature] = BPFL_NO;
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_int_ge(gen.object->btf_fd, 3);
	info = map_info("counts");
	ck_assert_uint_ne(info.btf_id, 0);
	ck_assert_uint_eq(info.btf_value_type_id, bpfl_image_btf_id(gen.image, gen.spec->maps.items[0].value_type_id));
	if (takes_any_tag_order()) {
		kerngen_deinit(&gen);
		return;
	}
	ck_assert_uint_eq(prog_info("main_fn").nr_func_info, 0);
	CHECK_HAS(kerngen_log(&gen), "does not know 64-bit enumerations (Linux 6.0): replaced");
	CHECK_HAS_NOT(kerngen_log(&gen), "the kernel refused the object's types");
	/* A data section is described by a DATASEC or not at all. */
	CHECK_HAS(kerngen_log(&gen), "warning: map '.data.x': the kernel refused its key and value types");
	CHECK_HAS_NOT(kerngen_log(&gen), "map 'counts'");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(records_that_do_not_fit_are_left_out)
{
	kerngen_init(&gen, 0);
	ADD_PROG("main_fn", "xdp", nothing);
	add_types();
	kerngen_btf(&gen);
	CHECK_OK(bpfl_image_build(gen.spec, gen.target, NULL, &gen.image, &gen.err), gen.err);
	ck_assert_uint_eq(gen.image->progs[0].func_info.nr, 1);
	gen.image->progs[0].func_info.items[0].insn_off = 1; /* must be 0 */
	CHECK_OK(bpfl_object_load(gen.image, gen.target, &gen.opts, &gen.object, &gen.err), gen.err);
	CHECK_HAS(kerngen_log(&gen), "warning: program 'main_fn': the kernel refused its function and line records");
	ck_assert_uint_eq(prog_info("main_fn").nr_func_info, 0);
	kerngen_deinit(&gen);
}
END_TEST

/* ---- E11 to E15: the verifier of this kernel, one mistake each ---- */

static const struct rejected {
	const char *section;
	struct bpfl_insn insns[12];
	uint32_t nr;
	int map_at; /* instruction that loads the map's address; -1 none */
	int catalogue_id;
	enum bpfl_error_kind kind;
	const char *message, *why, *fix;
} rejected[] = {
	{ "xdp", { STORE32_IMM(10, -4, 0), MOV_REG(2, 10), ADD(2, -4), ADDRESS(1), CALL(1), LOAD32(0, 0, 0), EXIT }, 8, 3, 11,
	  BPFL_ERR_VERIFIER, "R0 invalid mem access 'map_value_or_null'", "R0=map_value_or_null(", "NULL" },
	{ "xdp", { STORE32_IMM(10, -4, 0), MOV_REG(2, 10), ADD(2, -4), ADDRESS(1), CALL(1), IF_ZERO(0, 1), LOAD32(0, 0, 64), MOV(0, 0), EXIT },
	  10, 3, 11, BPFL_ERR_VERIFIER, "invalid access to map value", "outside", "size of the value" },
	{ "xdp", { CALL(5), LOAD32(0, 0, 0), EXIT }, 3, -1, 11, BPFL_ERR_VERIFIER, "R0 invalid mem access 'scalar'", "a number is used",
	  "bpf_probe_read_kernel()" },
	{ "xdp", { LOAD32(1, 1, 0), LOAD32(0, 1, 0), EXIT }, 3, -1, 11, BPFL_ERR_VERIFIER, "invalid access to packet", "did not prove",
	  "data_end" },
	{ "xdp", { EXIT }, 1, -1, 11, BPFL_ERR_VERIFIER, "R0 !read_ok", "instruction 0: (95) exit", "return a value" },
	{ "xdp", { LOAD32(0, 1, 200), EXIT }, 2, -1, 11, BPFL_ERR_VERIFIER, "invalid bpf_context access", "context", "context" },
	{ "xdp", { MOV(0, 0), STORE32(10, -600, 0), EXIT }, 3, -1, 11, BPFL_ERR_VERIFIER, "invalid write to stack", "outside of its stack",
	  "512 bytes" },
	{ "xdp", { MOV(0, 0), IF_ZERO(0, -1), EXIT }, 3, -1, 11, BPFL_ERR_VERIFIER, "infinite loop detected", "for ever", "bpf_loop()" },
	{ "xdp", { MOV(0, 0), EXIT, MOV(0, 0), EXIT }, 4, -1, 11, BPFL_ERR_VERIFIER, "unreachable insn 2", "no path", "endless loop" },
	{ "xdp", { MOV(0, 0), MOV(0, 1) }, 2, -1, 11, BPFL_ERR_VERIFIER, "last insn is not an exit or jmp", "past its end", "-O2" },
	{ "xdp", { MOV_REG(2, 10), CALL(1), EXIT }, 3, -1, 11, BPFL_ERR_VERIFIER, "R1 type=ctx expected=map_ptr", "R1=ctx()",
	  "order and types" },
	/* if (i < 100000000) i++: never the same state twice, because r6 is compared in the end */
	{ "xdp", { MOV(6, 0), ADD(6, 1), IF_LESS(6, 100000000, -2), MOV_REG(0, 6), EXIT }, 5, -1, 13, BPFL_ERR_VERIFIER,
	  "BPF program is too large. Processed 1000001 insn", "1 million", "tail calls" },
	{ "kprobe/x", { MOV(2, 4), CALL(44), EXIT }, 3, -1, 15, BPFL_ERR_VERIFIER,
	  "programs of type kprobe cannot use helper bpf_xdp_adjust_head", "bpf_xdp_adjust_head is for XDP programs", "'kprobe/x'" },
	{ "xdp", { CALL(9999), EXIT }, 2, -1, 15, BPFL_ERR_UNSUPPORTED, "this kernel has no helper number 9999", "call unknown#9999", "" },
};

/*
 * The verifier's own words, which the table above is made of, differ before; and since 7.3 the kernel explains
 * much itself, which is then passed on. Kind and number of the error do not depend on that.
 */
static bool words_are_those_of_6_18(void)
{
	return !bpfl_test_lacks("verifier_names") && bpfl_facts_kernel_version() < BPFL_KERNEL_VERSION(7, 2, 0);
}

START_TEST(a_rejection_is_explained)
{
	const struct rejected *row = &rejected[_i];
	uint32_t prog;

	if (row->catalogue_id == 13 && bpfl_test_lacks("long_log"))
		return;
	kerngen_init(&gen, 0);
	specgen_map(gen.spec, "counts", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 16);
	prog = add_prog("main_fn", row->section, row->insns, row->nr);
	if (row->map_at >= 0)
		specgen_ref(gen.spec, prog, (uint32_t)row->map_at, BPFL_REF_MAP, 0, 0);
	ck_assert_int_lt(kerngen_load(&gen), 0);
	ck_assert_msg(gen.err.kind == row->kind && gen.err.catalogue_id == row->catalogue_id, "kind %d, E%d: %s",
		      (int)gen.err.kind, gen.err.catalogue_id, gen.err.message);
	CHECK_HAS(gen.err.message, "test.bpf.o: program 'main_fn': ");
	if (words_are_those_of_6_18()) {
		CHECK_HAS(gen.err.message, row->message);
		CHECK_HAS(gen.err.why, row->why);
		CHECK_HAS(gen.err.fix, row->fix);
	} else {
		ck_assert_str_ne(gen.err.why, "");
	}
	ck_assert_ptr_nonnull(gen.err.verifier_log);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(e14_a_license_that_forbids_a_helper)
{
	const struct bpfl_insn insns[] = {
		STORE32_IMM(10, -4, 0), MOV_REG(1, 10), ADD(1, -4), MOV(2, 4), CALL(6), MOV(0, 0), EXIT
	};

	kerngen_init(&gen, 0);
	ADD_PROG("main_fn", "tracepoint/syscalls/sys_enter_execve", insns);
	CHECK_OK(kerngen_load(&gen), gen.err);
	free(gen.spec->license);
	gen.spec->license = strdup("Proprietary");
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_VERIFIER, EINVAL,
		    "helper bpf_trace_printk may be called by GPL-compatible programs only");
	ck_assert_int_eq(gen.err.catalogue_id, 14);
	CHECK_HAS(gen.err.why, "license is 'Proprietary'");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(e17_a_field_that_this_kernel_does_not_have)
{
	const struct bpfl_insn insns[] = { MOV(0, 0), ADD(1, 4), EXIT };
	struct btfgen *btf = &gen.btf;
	uint32_t int_id, inode, file;
	struct bpfl_core *core;

	if (bpfl_test_lacks("kernel_btf"))
		return;
	kerngen_init(&gen, 0);
	ADD_PROG("main_fn", "kprobe/x", insns);
	int_id = btfgen_int(btf, "int", 4, BPFL_INT_SIGNED);
	inode = btfgen_struct(btf, "inode", 8);
	btfgen_member(btf, "i_mode", int_id, 0);
	btfgen_member(btf, "i_never_was", int_id, 32);
	file = btfgen_string(btf, "src/file.c");
	specgen_line(gen.spec, 0, 0, file, btfgen_string(btf, "read(inode->i_never_was);"), 88);
	gen.spec->funcs.items[0].btf_func_id = btfgen_func(btf, "main_fn", btfgen_func_proto(btf, int_id),
							   BPFL_LINKAGE_GLOBAL);
	kerngen_btf(&gen);
	core = BPFL_VEC_PUSH(&gen.spec->cores);
	*core = (struct bpfl_core){ .type_id = inode, .kind = 0, .access = "0:1" };
	gen.spec->funcs.items[0].insts[1].core_idx = 0;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_UNSUPPORTED, EINVAL,
		    "test.bpf.o: program 'main_fn': this kernel's struct inode has no field i_never_was (file.c:88)");
	ck_assert_int_eq(gen.err.catalogue_id, 17);
	CHECK_HAS(gen.err.why, "source: read(inode->i_never_was);");
	CHECK_HAS(gen.err.fix, "bpf_core_field_exists(x->i_never_was)");
	kerngen_deinit(&gen);
}
END_TEST

/* ---- maps that cannot be ---- */

START_TEST(e33_a_map_that_is_too_large)
{
	kerngen_init(&gen, 0);
	specgen_map(gen.spec, "counts", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 1u << 20, 1u << 20); /* 1 TiB */
	kerngen_user(&gen, "main_fn", "xdp", 0);
	ck_assert_int_lt(kerngen_load(&gen), 0);
	ck_assert_int_eq(gen.err.catalogue_id, 33);
	CHECK_HAS(gen.err.message, "map 'counts': creating it");
	CHECK_HAS(gen.err.why, "about 1099515822080 bytes");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(e16_a_map_type_from_the_future)
{
	kerngen_init(&gen, 0);
	specgen_map(gen.spec, "counts", BPFL_MAP_BTF, 200, 4, 4, 1);
	kerngen_user(&gen, "main_fn", "xdp", 0);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_SYSTEM, EINVAL,
		    "map 'counts': creating it: invalid argument (EINVAL)");
	CHECK_HAS(gen.err.why, "map type 200 is newer than this loader");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(e29_an_object_of_the_other_byte_order)
{
	size_t size;
	struct elfgen *elf = elfgen_new(ELFGEN_FOREIGN);
	struct bpfl_spec_opts opts = { .size = sizeof(opts), .name = "other.bpf.o" };
	struct bpfl_spec *spec = NULL;
	struct bpfl_image *image = NULL;
	struct bpfl_object *object = NULL;
	void *bytes;

	kerngen_init(&gen, 0);
	elfgen_program(elf, "xdp", "main_fn", 2);
	bytes = elfgen_finish(elf, &size);
	CHECK_OK(bpfl_spec_read_memory(bytes, size, &opts, &spec, &gen.err), gen.err);
	CHECK_OK(bpfl_image_build(spec, gen.target, NULL, &image, &gen.err), gen.err);
	CHECK_FAILS(bpfl_object_load(image, gen.target, NULL, &object, &gen.err), gen.err, BPFL_ERR_OBJECT, ENOEXEC,
		    "-endian");
	ck_assert_int_eq(gen.err.catalogue_id, 29);
	CHECK_HAS(gen.err.fix, ELFGEN_FOREIGN == ELFGEN_BIG ? "-target bpfel" : "-target bpfeb");
	bpfl_image_destroy(image);
	bpfl_spec_destroy(spec);
	free(bytes);
	kerngen_deinit(&gen);
}
END_TEST

/* ---- processes with fewer rights ---- */

/* Leaves this process only the given capabilities. */
static void capabilities_keep(uint64_t caps)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted = (uint32_t)(caps >> (32 * i));
	ck_assert_int_eq((int)syscall(SYS_capset, &header, data), 0);
}

#define CAP(number) (1ull << (number))

/* Rights that are given away do not come back, so that happens in a process of its own, also with CK_FORK=no. */
static void in_a_child(void (*body)(void))
{
	pid_t pid = fork();
	int status = -1;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		body();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with status 0x%x",
		      (unsigned)status);
}

/* In the child asserts cannot be told to libcheck. */
#define CHILD_CHECK(condition)                                                                         \
	do {                                                                                           \
		if (!(condition)) {                                                                    \
			fprintf(stderr, "%s:%d: %s\n  error: %s\n  why: %s\n  fix: %s\n", __FILE__,  \
				__LINE__, #condition, gen.err.message, gen.err.why, gen.err.fix);      \
			_exit(1);                                                                      \
		}                                                                                      \
	} while (0)

static void e1_body(void)
{
	CHILD_CHECK(setgroups(0, NULL) == 0 && setresgid(65534, 65534, 65534) == 0 &&
		    setresuid(65534, 65534, 65534) == 0);
	CHILD_CHECK(bpfl_object_load(gen.image, gen.target, &gen.opts, &gen.object, &gen.err) == -EPERM);
	CHILD_CHECK(gen.err.kind == BPFL_ERR_PERMISSION && gen.err.catalogue_id == 1);
	CHILD_CHECK(strstr(gen.err.why, "needs CAP_BPF"));
	CHILD_CHECK(strstr(gen.err.why, "(have: none)"));
	CHILD_CHECK(strstr(gen.err.fix, "sudo"));
	CHILD_CHECK(!strstr(gen.err.fix, "ulimit"));
}

static void e2_tracing_body(void)
{
	capabilities_keep(CAP(BPFL_CAP_BPF) | CAP(BPFL_CAP_NET_ADMIN));
	CHILD_CHECK(bpfl_object_load(gen.image, gen.target, &gen.opts, &gen.object, &gen.err) == -EPERM);
	CHILD_CHECK(gen.err.kind == BPFL_ERR_PERMISSION && gen.err.catalogue_id == 2);
	CHILD_CHECK(strstr(gen.err.message, "program 'main_fn': loading it"));
	CHILD_CHECK(strstr(gen.err.why, "needs CAP_PERFMON (have: CAP_NET_ADMIN, CAP_BPF)"));
	CHILD_CHECK(strstr(gen.err.fix, "setcap cap_perfmon,cap_bpf+ep"));
}

static void e2_network_body(void)
{
	capabilities_keep(CAP(BPFL_CAP_BPF) | CAP(BPFL_CAP_PERFMON));
	CHILD_CHECK(bpfl_object_load(gen.image, gen.target, &gen.opts, &gen.object, &gen.err) == -EPERM);
	CHILD_CHECK(gen.err.kind == BPFL_ERR_PERMISSION && gen.err.catalogue_id == 2);
	CHILD_CHECK(strstr(gen.err.why, "needs CAP_NET_ADMIN"));
}

static void enough_body(void)
{
	capabilities_keep(CAP(BPFL_CAP_BPF) | CAP(BPFL_CAP_PERFMON) | CAP(BPFL_CAP_NET_ADMIN));
	CHILD_CHECK(bpfl_object_load(gen.image, gen.target, &gen.opts, &gen.object, &gen.err) == 0);
}

static void descriptors_body(void)
{
	struct rlimit limit = { 8, 8 };

	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (int i = 0; i < 10; i++)
		dup(0);
	CHILD_CHECK(bpfl_object_load(gen.image, gen.target, &gen.opts, &gen.object, &gen.err) == -EMFILE);
	CHILD_CHECK(strstr(gen.err.message, "map 'counts': creating it: too many open files in this process (EMFILE)"));
	CHILD_CHECK(strstr(gen.err.fix, "ulimit -n"));
}

static void with_less(const char *section, void (*body)(void))
{
	kerngen_init(&gen, 0);
	specgen_map(gen.spec, "counts", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 16);
	kerngen_user(&gen, "main_fn", section, 0);
	CHECK_OK(bpfl_image_build(gen.spec, gen.target, NULL, &gen.image, &gen.err), gen.err);
	in_a_child(body);
	kerngen_deinit(&gen);
}

START_TEST(e1_without_any_right)
{
	with_less("xdp", e1_body);
}
END_TEST

START_TEST(e2_without_the_right_to_trace)
{
	with_less("tracepoint/syscalls/sys_enter_execve", e2_tracing_body);
}
END_TEST

START_TEST(e2_without_the_right_to_the_network)
{
	with_less("xdp", e2_network_body);
}
END_TEST

START_TEST(three_capabilities_are_enough)
{
	with_less("xdp", enough_body);
	with_less("tracepoint/syscalls/sys_enter_execve", enough_body);
}
END_TEST

START_TEST(without_descriptors)
{
	with_less("xdp", descriptors_body);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		signals_do_not_keep_a_program_out,
		a_frozen_constant_decides_branches,
		inner_maps_are_in_their_slots,
		programs_are_in_their_slots,
		variables_are_written_by_mapping_and_by_call,
		a_wanted_log_is_there,
		a_log_beyond_the_first_buffer_is_fetched_whole,
		every_kind_of_type_is_loaded_as_it_is,
		this_kernel_knows_every_kind_that_is_asked_for,
		what_replaces_unknown_kinds_is_accepted,
		records_that_do_not_fit_are_left_out,
		e14_a_license_that_forbids_a_helper,
		e17_a_field_that_this_kernel_does_not_have,
		e33_a_map_that_is_too_large,
		e16_a_map_type_from_the_future,
		e29_an_object_of_the_other_byte_order,
		e1_without_any_right,
		e2_without_the_right_to_trace,
		e2_without_the_right_to_the_network,
		three_capabilities_are_enough,
		without_descriptors,
	};
	Suite *suite = BPFL_TEST_SUITE("kern_load", tests);
	TCase *table = tcase_create("rejections");

	tcase_set_timeout(table, 30);
	tcase_add_loop_test(table, a_rejection_is_explained, 0, (int)NR(rejected));
	suite_add_tcase(suite, table);
	return bpfl_test_main(suite);
}
