/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec/edit, spec/build, spec/print and the ways in: what a caller does with a spec before it is loaded.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "harness.h"
#include "objgen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;

/* A program, a map and a few variables. */
static void read_object(enum elfgen_order order)
{
	struct objgen obj;

	objgen_init(&obj, order);
	elfgen_program(obj.elf, "xdp", "drop", 1);
	elfgen_program(obj.elf, "?tracepoint/a", "later", 0);
	objgen_array(&obj, "counts", 16);
	unsigned data = elfgen_section(obj.elf, ".data", BPFL_SHT_PROGBITS, ELFGEN_DATA, NULL, 0);
	uint32_t pair = btfgen_struct(&obj.btf, "pair", 8);

	btfgen_member(&obj.btf, "a", obj.u32, 0);
	btfgen_member(&obj.btf, "b", obj.u32, 32);
	elfgen_append(obj.elf, data, (char[32]){ 0 }, 32);
	static const struct {
		const char *name;
		uint64_t byte_off, size;
	} vars[] = { { "limit", 0, 8 }, { "pair", 8, 8 }, { "drop.name", 16, 8 }, { "untyped", 24, 2 }, { "odd", 26, 3 } };

	for (size_t i = 0; i < 5; i++)
		elfgen_symbol(obj.elf, vars[i].name, data, vars[i].byte_off, vars[i].size, BPFL_STB_GLOBAL,
			      BPFL_STT_OBJECT);
	objgen_list(&obj, ".data", "limit", obj.u64, BPFL_LINKAGE_GLOBAL, 0, 8);
	objgen_list(&obj, ".data", "pair", pair, BPFL_LINKAGE_GLOBAL, 0, 8);
	objgen_list(&obj, ".data", "drop.name", btfgen_array(&obj.btf, obj.chr, obj.u32, 8), BPFL_LINKAGE_GLOBAL, 0, 8);
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
}

static void finish(void)
{
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}

static void check_bytes(const char *name, const void *bytes, size_t size)
{
	uint8_t value[16] = { 0 };

	CHECK_OK(bpfl_spec_var_get(spec, name, value, size, &err), err);
	ck_assert_mem_eq(value, bytes, size);
}

START_TEST(variables_are_set_by_text)
{
	read_object(ELFGEN_NATIVE);
	CHECK_OK(bpfl_spec_var_set_text(spec, "limit", "0x123456789a", &err), err);
	check_bytes("limit", &(uint64_t){ 0x123456789a }, 8);
	CHECK_OK(bpfl_spec_var_set_text(spec, "pair.b", "7", &err), err);
	check_bytes("pair", (uint32_t[]){ 0, 7 }, 8);
	CHECK_OK(bpfl_spec_var_set_text(spec, "drop.name", "eth0", &err), err);
	check_bytes("drop.name", "eth0\0\0\0", 8);
	CHECK_OK(bpfl_spec_var_set_text(spec, "drop.name[1]", "120", &err), err);
	check_bytes("drop.name", "exh0\0\0\0", 8);
	finish();
}
END_TEST

START_TEST(self_is_a_pid_for_integers_only)
{
	read_object(ELFGEN_NATIVE);
	CHECK_OK(bpfl_spec_var_set_text(spec, "limit", "self", &err), err);
	check_bytes("limit", &(uint64_t){ (uint64_t)getpid() }, 8);
	CHECK_OK(bpfl_spec_var_set_text(spec, "drop.name", "self", &err), err);
	check_bytes("drop.name", "self\0\0\0", 8);
	finish();
}
END_TEST

START_TEST(variables_without_types_take_numbers)
{
	read_object(ELFGEN_NATIVE);
	CHECK_OK(bpfl_spec_var_set_text(spec, "untyped", "65535", &err), err);
	check_bytes("untyped", &(uint16_t){ 65535 }, 2);
	CHECK_OK(bpfl_spec_var_set_text(spec, "untyped", "-2", &err), err);
	check_bytes("untyped", &(uint16_t){ 65534 }, 2);
	CHECK_FAILS(bpfl_spec_var_set_text(spec, "untyped", "65536", &err), err, BPFL_ERR_USAGE, ERANGE,
		    "variable 'untyped': '65536' is no number of 2 bytes");
	CHECK_FAILS(bpfl_spec_var_set_text(spec, "untyped", "x", &err), err, BPFL_ERR_USAGE, EINVAL,
		    "'x' is no number");
	CHECK_FAILS(bpfl_spec_var_set_text(spec, "untyped.a", "1", &err), err, BPFL_ERR_USAGE, EINVAL,
		    "has no type, so no members");
	CHECK_FAILS(bpfl_spec_var_set_text(spec, "odd", "1", &err), err, BPFL_ERR_USAGE, EINVAL,
		    "'odd' has 3 bytes and no type");
	finish();
}
END_TEST

START_TEST(wrong_variables_are_refused)
{
	read_object(ELFGEN_NATIVE);
	CHECK_FAILS(bpfl_spec_var_set_text(spec, "limt", "1", &err), err, BPFL_ERR_USAGE, ENOENT, "no variable 'limt'");
	CHECK_HAS(err.fix, "'limit'");
	CHECK_FAILS(bpfl_spec_var_set(spec, "limit", "1234", 4, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "variable 'limit' has 8 bytes, given are 4");
	CHECK_FAILS(bpfl_spec_var_set(spec, "nothing", "1234", 4, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "no variable 'nothing'");
	CHECK_FAILS(bpfl_spec_var_set_text(spec, "pair.c", "1", &err), err, BPFL_ERR_USAGE, err.errnum,
		    "variable 'pair.c'");
	CHECK_FAILS(bpfl_spec_var_set_text(spec, "pair.a", "0x100000000", &err), err, BPFL_ERR_USAGE, err.errnum,
		    "variable 'pair.a'");
	finish();
}
END_TEST

START_TEST(foreign_variables_are_refused)
{
	read_object(ELFGEN_FOREIGN);
	CHECK_FAILS(bpfl_spec_var_set_text(spec, "limit", "1", &err), err, BPFL_ERR_USAGE, EINVAL,
		    "cannot be used on this machine");
	finish();
}
END_TEST

START_TEST(maps_are_changed)
{
	read_object(ELFGEN_NATIVE);
	struct bpfl_map_view view;

	CHECK_OK(bpfl_spec_map_set(spec, "counts", "max_entries", 99, &err), err);
	CHECK_OK(bpfl_spec_map_set(spec, "counts", "map_extra", UINT64_C(1) << 40, &err), err);
	CHECK_OK(bpfl_spec_map_set(spec, "counts", "value_size", 12, &err), err);
	CHECK_OK(bpfl_spec_map_view(spec, 0, &view), err);
	ck_assert_str_eq(view.name, "counts");
	ck_assert_uint_eq(view.max_entries, 99);
	ck_assert_uint_eq(view.map_extra, UINT64_C(1) << 40);
	ck_assert_uint_eq(view.value_size, 12);
	/* The types described the old size. */
	ck_assert_uint_eq(spec->maps.items[0].value_type_id, 0);
	CHECK_FAILS(bpfl_spec_map_set(spec, "count", "max_entries", 1, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "no map 'count'");
	CHECK_HAS(err.fix, "'counts'");
	CHECK_FAILS(bpfl_spec_map_set(spec, "counts", "maxentries", 1, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "no field 'maxentries'");
	CHECK_HAS(err.fix, "'max_entries'");
	CHECK_FAILS(bpfl_spec_map_set(spec, "counts", "flags", UINT64_C(1) << 32, &err), err, BPFL_ERR_USAGE, ERANGE,
		    "flags has 32 bits");
	CHECK_FAILS(bpfl_spec_map_set(spec, ".data", "value_size", 1, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "holds the object's variables");
	finish();
}
END_TEST

START_TEST(programs_are_changed)
{
	read_object(ELFGEN_NATIVE);
	struct bpfl_prog_view view;

	CHECK_OK(bpfl_spec_prog_view(spec, 0, &view), err);
	ck_assert_str_eq(view.hook, "xdp");
	ck_assert(view.needs_target && view.selected);
	ck_assert_str_eq(view.target_hint, "xdp:IF");
	CHECK_OK(bpfl_spec_prog_view(spec, 1, &view), err);
	ck_assert(!view.selected);
	ck_assert_str_eq(view.target_hint, "tracepoint/CATEGORY/a");
	ck_assert_int_eq(bpfl_spec_prog_view(spec, 2, &view), -ERANGE);

	char name[] = "tp_btf/sched_switch";

	CHECK_OK(bpfl_spec_prog_set_type(spec, "drop", name, &err), err);
	name[7] = 'X'; /* the spec has its own copy */
	CHECK_OK(bpfl_spec_prog_view(spec, 0, &view), err);
	ck_assert_uint_eq(view.type, BPFL_PROG_TRACING);
	ck_assert_uint_eq(view.attach_type, BPFL_ATTACH_TRACE_RAW_TP);
	ck_assert_str_eq(view.target, "sched_switch");
	ck_assert_str_eq(spec->progs.items[0].attach_target, "sched_switch");
	ck_assert_str_eq(view.section, "xdp");
	ck_assert(!view.needs_target);
	CHECK_FAILS(bpfl_spec_prog_set_type(spec, "drop", "xpd", &err), err, BPFL_ERR_USAGE, EINVAL,
		    "'xpd' is no section name");
	CHECK_HAS(err.fix, "'xdp'");
	CHECK_OK(bpfl_spec_prog_select(spec, "drop", false, &err), err);
	CHECK_OK(bpfl_spec_prog_select(spec, "later", true, &err), err);
	ck_assert(!spec->progs.items[0].selected && spec->progs.items[1].selected);
	CHECK_FAILS(bpfl_spec_prog_select(spec, "dropp", true, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "no program 'dropp'");
	finish();
}
END_TEST

/* ---- by hand ---- */

static const struct bpfl_insn two_insns[] = { { BPFL_CODE_MOV64_K, 0, 0, 0 }, { BPFL_CODE_EXIT, 0, 0, 0 } };

START_TEST(a_spec_is_built_by_hand)
{
	const struct bpfl_insn insns[] = { { BPFL_CODE_LD_IMM64, 1, 0, 0 }, { 0 }, { BPFL_CODE_MOV64_K, 0, 0, 0 },
					   { BPFL_CODE_EXIT, 0, 0, 0 } };
	const struct bpfl_map_use uses[] = { { 0, "counts" } };
	struct bpfl_map_def map = { .size = sizeof(map), .name = "counts", .type = BPFL_MAP_TYPE_ARRAY, .key_size = 4,
				    .value_size = 8, .max_entries = 1 };
	struct bpfl_prog_def prog = { .size = sizeof(prog),
				      .name = "pass",
				      .section = "xdp",
				      .insns = insns,
				      .nr_insns = 4,
				      .map_uses = uses,
				      .nr_map_uses = 1 };

	CHECK_OK(bpfl_spec_create("mine", "MIT", &spec, &err), err);
	CHECK_OK(bpfl_spec_add_map(spec, &map, &err), err);
	CHECK_OK(bpfl_spec_add_prog(spec, &prog, &err), err);
	ck_assert_str_eq(spec->license, "MIT");
	ck_assert_uint_eq(bpfl_spec_nr_maps(spec), 1);
	ck_assert_uint_eq(bpfl_spec_nr_progs(spec), 1);
	ck_assert_int_eq(spec->funcs.items[0].insts[0].ref_idx, 0);
	ck_assert_int_eq(spec->refs.items[0].kind, BPFL_REF_MAP);
	ck_assert_uint_eq(spec->progs.items[0].prog_type, BPFL_PROG_XDP);
	CHECK_FAILS(bpfl_spec_add_map(spec, &map, &err), err, BPFL_ERR_USAGE, EEXIST,
		    "there is a map 'counts' already");
	CHECK_FAILS(bpfl_spec_add_prog(spec, &prog, &err), err, BPFL_ERR_USAGE, EEXIST,
		    "there is a program 'pass' already");
	finish();
}
END_TEST

START_TEST(a_failed_program_leaves_nothing)
{
	const struct bpfl_map_use no_map[] = { { 0, "counts" } };
	struct bpfl_prog_def prog = { .size = sizeof(prog),
				      .name = "pass",
				      .section = "xdp",
				      .insns = two_insns,
				      .nr_insns = 2,
				      .map_uses = no_map,
				      .nr_map_uses = 1 };
	struct bpfl_map_def map = { .size = sizeof(map), .name = "counts", .type = BPFL_MAP_TYPE_ARRAY };

	CHECK_OK(bpfl_spec_create("mine", "GPL", &spec, &err), err);
	CHECK_FAILS(bpfl_spec_add_prog(spec, &prog, &err), err, BPFL_ERR_USAGE, ENOENT, "there is no map 'counts'");
	CHECK_OK(bpfl_spec_add_map(spec, &map, &err), err);
	CHECK_FAILS(bpfl_spec_add_prog(spec, &prog, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "instruction 0 does not load a map");
	ck_assert_uint_eq(bpfl_spec_nr_progs(spec), 0);
	ck_assert_uint_eq(spec->funcs.nr, 0);
	prog.nr_map_uses = 0;
	prog.nr_insns = 0;
	CHECK_FAILS(bpfl_spec_add_prog(spec, &prog, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "needs a section name and 1 to");
	prog.name = "";
	CHECK_FAILS(bpfl_spec_add_prog(spec, &prog, &err), err, BPFL_ERR_USAGE, EINVAL, "a program needs a name");
	map.type = 0;
	map.name = "other";
	CHECK_FAILS(bpfl_spec_add_map(spec, &map, &err), err, BPFL_ERR_USAGE, EINVAL, "map 'other' has no type");
	finish();
}
END_TEST

/* ---- from a file, and as text ---- */

START_TEST(files_are_named)
{
	char path[] = "/tmp/bpfl-spec-XXXXXX.bpf.o";
	int fd = mkstemps(path, 6);

	ck_assert_int_ge(fd, 0);
	close(fd);
	CHECK_FAILS(bpfl_spec_read("/nonexistent/x.bpf.o", NULL, &spec, &err), err, BPFL_ERR_SYSTEM, ENOENT,
		    "/nonexistent/x.bpf.o");
	struct elfgen *gen = elfgen_new(ELFGEN_NATIVE);

	elfgen_program(gen, "xdp", "drop", 1);
	elfgen_finish_file(gen, path);
	CHECK_OK(bpfl_spec_read(path, NULL, &spec, &err), err);
	ck_assert_str_eq(spec->file_name, path + 5);
	ck_assert_uint_eq(strlen(spec->name), strlen("bpfl-spec-XXXXXX"));
	finish();
	spec = NULL;
	gen = elfgen_new(ELFGEN_NATIVE);
	elfgen_section(gen, "version", BPFL_SHT_PROGBITS, 0, "1", 1);
	elfgen_finish_file(gen, path);
	CHECK_FAILS(bpfl_spec_read(path, NULL, &spec, &err), err, BPFL_ERR_OBJECT, EINVAL,
		    ": section 'version': 1 bytes");
	CHECK_HAS(err.message, path + 5);
	bpfl_error_clear(&err);
	unlink(path);
}
END_TEST

START_TEST(a_spec_is_written_as_text)
{
	char *text = NULL;

	read_object(ELFGEN_NATIVE);
	CHECK_OK(bpfl_spec_text(spec, BPFL_FORMAT_TEXT, &text, &err), err);
	CHECK_HAS(text, "license  GPL");
	CHECK_HAS(text, "section 'xdp'\n    type xdp, attach type xdp; 2 instructions");
	CHECK_HAS(text, "needs --attach drop=xdp:IF");
	CHECK_HAS(text, "; not selected");
	CHECK_HAS(text, "array, key 4, value 8, max_entries 16");
	CHECK_HAS(text, ".data+8, 8 bytes, struct pair = {a=0,b=0}");
	free(text);
	finish();
}
END_TEST

START_TEST(a_spec_is_written_as_json)
{
	char *text = NULL;

	read_object(ELFGEN_NATIVE);
	CHECK_OK(bpfl_spec_map_set(spec, "counts", "max_entries", 16, &err), err);
	CHECK_OK(bpfl_spec_text(spec, BPFL_FORMAT_JSON, &text, &err), err);
	CHECK_HAS(text, "\"license\":\"GPL\"");
	CHECK_HAS(text, "\"name\":\"drop\",\"section\":\"xdp\",\"type\":\"xdp\"");
	CHECK_HAS(text, "\"needs_attach\":\"xdp:IF\"");
	CHECK_HAS(text, "\"max_entries\":16");
	CHECK_HAS(text, "\"type\":\"struct pair\",\"value\":{\"a\":0,\"b\":0}");
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
	free(text);
	finish();
}
END_TEST

START_TEST(text_of_a_file_is_harmless)
{
	struct objgen obj;
	char *text = NULL;

	objgen_init(&obj, ELFGEN_NATIVE);
	elfgen_program(obj.elf, "evil\x1b[2J", "p\nq", 1);
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
	CHECK_OK(bpfl_spec_text(spec, BPFL_FORMAT_TEXT, &text, &err), err);
	ck_assert_ptr_null(strchr(text, '\x1b'));
	CHECK_HAS(text, "p\\nq");
	free(text);
	finish();
}
END_TEST

START_TEST(values_of_large_variables_are_left_out)
{
	struct objgen obj;

	objgen_init(&obj, ELFGEN_NATIVE);
	unsigned bss = elfgen_section(obj.elf, ".bss", BPFL_SHT_NOBITS, ELFGEN_DATA, NULL, 1u << 30);

	elfgen_symbol(obj.elf, "huge", bss, 0, 1u << 30, BPFL_STB_GLOBAL, BPFL_STT_OBJECT);
	objgen_list(&obj, ".bss", "huge", btfgen_array(&obj.btf, obj.u32, obj.u32, 1u << 28), BPFL_LINKAGE_GLOBAL, 0,
		    1u << 30);
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
	for (int format = BPFL_FORMAT_TEXT; format <= BPFL_FORMAT_JSON; format++) {
		char *text = NULL;

		CHECK_OK(bpfl_spec_text(spec, (enum bpfl_format)format, &text, &err), err);
		CHECK_HAS(text, "huge");
		ck_assert_uint_lt(strlen(text), 1000);
		free(text);
	}
	finish();
}
END_TEST

int main(void)
{
	const TTest *tests[] = { variables_are_set_by_text, self_is_a_pid_for_integers_only,
				 variables_without_types_take_numbers, wrong_variables_are_refused,
				 foreign_variables_are_refused, maps_are_changed, programs_are_changed };
	const TTest *hand[] = { a_spec_is_built_by_hand, a_failed_program_leaves_nothing };
	const TTest *text[] = { files_are_named, a_spec_is_written_as_text, a_spec_is_written_as_json,
				text_of_a_file_is_harmless, values_of_large_variables_are_left_out };
	Suite *suite = BPFL_TEST_SUITE("spec/edit", tests);

	BPFL_TEST_ADD_CASE(suite, "by hand", hand);
	BPFL_TEST_ADD_CASE(suite, "text", text);
	return bpfl_test_main(suite);
}
