/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec/func, spec/reloc, spec/annotate: code, what it refers to, and what is written beside it.
 */
#include <errno.h>
#include <stdlib.h>
#include "harness.h"
#include "objgen.h"

#define CALL(gen, section, src, imm) elfgen_insn(gen, section, BPFL_CODE_CALL, 0, src, 0, imm)
#define EXIT(gen, section) elfgen_insn(gen, section, BPFL_CODE_EXIT, 0, 0, 0, 0)
#define MOV(gen, section, imm) elfgen_insn(gen, section, BPFL_CODE_MOV64_K, 0, 0, 0, imm)

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct objgen obj;

static void start(void)
{
	spec = NULL;
	objgen_init(&obj, ELFGEN_NATIVE);
}

static void finish(void)
{
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}

static unsigned code(const char *name)
{
	return elfgen_section(obj.elf, name, BPFL_SHT_PROGBITS, ELFGEN_CODE, NULL, 0);
}

static unsigned func(const char *name, unsigned section, uint64_t byte_off, uint64_t size)
{
	return elfgen_symbol(obj.elf, name, section, byte_off, size, BPFL_STB_GLOBAL, BPFL_STT_FUNC);
}

static unsigned static_func(const char *name, unsigned section, uint64_t byte_off, uint64_t size)
{
	return elfgen_symbol(obj.elf, name, section, byte_off, size, BPFL_STB_LOCAL, BPFL_STT_FUNC);
}

static unsigned section_symbol(unsigned section)
{
	return elfgen_symbol(obj.elf, "", section, 0, 0, BPFL_STB_LOCAL, BPFL_STT_SECTION);
}

static void ld_imm64(unsigned section, unsigned src, int32_t imm)
{
	elfgen_insn(obj.elf, section, BPFL_CODE_LD_IMM64, 1, src, 0, imm);
	elfgen_insn(obj.elf, section, 0, 0, 0, 0, 0);
}

/* The reference of an instruction of a function found by name. */
static const struct bpfl_ref *ref_of(const char *func_name, uint32_t insn_idx)
{
	const struct bpfl_func *found = &spec->funcs.items[bpfl_spec_func_idx(spec, func_name)];
	int32_t ref_idx = found->insts[insn_idx].ref_idx;

	return ref_idx == BPFL_NO_IDX ? NULL : &spec->refs.items[ref_idx];
}

static const char *func_name_of(const struct bpfl_ref *ref)
{
	return spec->funcs.items[ref->target_idx].name;
}

static void must_fail(int errnum, const char *text)
{
	CHECK_FAILS(objgen_read(&obj, &spec, &err), err, BPFL_ERR_OBJECT, errnum, text);
	CHECK_HAS(err.message, "t: ");
	finish();
}

static void must_read(void)
{
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
}

/* ---- functions and programs ---- */

START_TEST(programs_are_global_functions_outside_text)
{
	start();
	unsigned xdp = code("xdp"), text = code(".text"), far = code(".text.far"), optional = code("?tracepoint/a/b");

	for (int i = 0; i < 3; i++)
		EXIT(obj.elf, xdp);
	EXIT(obj.elf, text);
	EXIT(obj.elf, far);
	EXIT(obj.elf, optional);
	func("second", xdp, 8, 8);
	func("first", xdp, 0, 8);
	static_func("helper", xdp, 16, 8);
	func("sub", text, 0, 8);
	func("far_sub", far, 0, 8);
	func("later", optional, 0, 8);
	must_read();
	ck_assert_uint_eq(spec->funcs.nr, 6);
	ck_assert_uint_eq(spec->progs.nr, 3);
	ck_assert_str_eq(spec->progs.items[0].name, "first");
	ck_assert_str_eq(spec->progs.items[1].name, "second");
	ck_assert(spec->progs.items[0].selected && !spec->progs.items[0].optional);
	ck_assert_uint_eq(spec->progs.items[0].prog_type, BPFL_PROG_XDP);
	ck_assert_uint_eq(spec->progs.items[0].attach_type, BPFL_ATTACH_XDP);
	ck_assert_str_eq(spec->progs.items[0].attach_hint, "xdp:IF");
	ck_assert_str_eq(spec->progs.items[2].name, "later");
	ck_assert_str_eq(spec->progs.items[2].section, "?tracepoint/a/b");
	ck_assert_str_eq(spec->progs.items[2].hit.target, "a/b");
	ck_assert(!spec->progs.items[2].selected && spec->progs.items[2].optional);
	ck_assert_ptr_null(spec->progs.items[2].attach_hint);
	finish();
}
END_TEST

START_TEST(labels_do_not_split_functions)
{
	start();
	unsigned xdp = code("xdp");

	for (int i = 0; i < 4; i++)
		EXIT(obj.elf, xdp);
	func("whole", xdp, 0, 32);
	elfgen_symbol(obj.elf, "LBB0_1", xdp, 16, 0, BPFL_STB_LOCAL, BPFL_STT_NOTYPE);
	must_read();
	ck_assert_uint_eq(spec->funcs.nr, 1);
	ck_assert_uint_eq(spec->funcs.items[0].nr_insts, 4);
	finish();
}
END_TEST

START_TEST(untyped_symbols_without_size_reach_to_the_next)
{
	start();
	unsigned xdp = code("xdp");

	for (int i = 0; i < 5; i++)
		EXIT(obj.elf, xdp);
	elfgen_symbol(obj.elf, "a", xdp, 0, 0, BPFL_STB_GLOBAL, BPFL_STT_NOTYPE);
	elfgen_symbol(obj.elf, "b", xdp, 16, 0, BPFL_STB_GLOBAL, BPFL_STT_NOTYPE);
	must_read();
	ck_assert_uint_eq(spec->progs.nr, 2);
	ck_assert_uint_eq(spec->funcs.items[0].nr_insts, 2);
	ck_assert_uint_eq(spec->funcs.items[1].nr_insts, 3);
	finish();
}
END_TEST

START_TEST(an_alias_gets_the_same_instructions)
{
	start();
	unsigned xdp = code("xdp"), map = objgen_array(&obj, "counts", 1);

	ld_imm64(xdp, 0, 0);
	EXIT(obj.elf, xdp);
	func("one", xdp, 0, 24);
	func("two", xdp, 0, 24);
	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64, map);
	must_read();
	ck_assert_uint_eq(spec->progs.nr, 2);
	ck_assert_int_eq(ref_of("one", 0)->kind, BPFL_REF_MAP);
	ck_assert_int_eq(ref_of("two", 0)->kind, BPFL_REF_MAP);
	finish();
}
END_TEST

START_TEST(lenient_and_unknown_sections_are_noted)
{
	start();
	unsigned lenient = code("xdp_mine"), unknown = code("nothing_known");

	EXIT(obj.elf, lenient);
	EXIT(obj.elf, unknown);
	func("p", lenient, 0, 8);
	func("q", unknown, 0, 8);
	must_read();
	ck_assert_uint_eq(spec->progs.items[0].prog_type, BPFL_PROG_XDP);
	ck_assert_uint_eq(spec->progs.items[1].prog_type, BPFL_PROG_UNSPEC);
	ck_assert_uint_eq(spec->notes.nr, 2);
	CHECK_HAS(spec->notes.items[0].text, "section 'xdp_mine' taken for 'xdp'");
	ck_assert_int_eq(spec->notes.items[0].level, BPFL_LOG_WARN);
	CHECK_HAS(spec->notes.items[1].text, "'nothing_known' does not say what type");
	CHECK_FAILS(bpfl_spec_prog_type_error(spec, 1, &err), err, BPFL_ERR_OBJECT, EINVAL, "program 'q'");
	ck_assert_int_eq(err.catalogue_id, 9);
	CHECK_HAS(err.fix, "--type q=");
	CHECK_HAS(err.fix, "--attach q=");
	CHECK_FAILS(bpfl_spec_target_error(spec, 0, &err), err, BPFL_ERR_USAGE, EINVAL, "does not say where to attach");
	ck_assert_int_eq(err.catalogue_id, 10);
	CHECK_HAS(err.fix, "--attach p=xdp:IF");
	finish();
}
END_TEST

START_TEST(a_static_program_is_noted)
{
	start();
	unsigned xdp = code("xdp");

	EXIT(obj.elf, xdp);
	static_func("hidden_prog", xdp, 0, 8);
	must_read();
	ck_assert_uint_eq(spec->progs.nr, 0);
	CHECK_HAS(spec->notes.items[0].text, "'hidden_prog' in section 'xdp' is static");
	finish();
}
END_TEST

START_TEST(foreign_instructions_are_turned_round)
{
	objgen_init(&obj, ELFGEN_FOREIGN);
	spec = NULL;
	unsigned xdp = code("xdp");

	elfgen_insn(obj.elf, xdp, 0x61, 1, 2, -4, 0); /* r1 = *(u32 *)(r2 - 4) */
	elfgen_insn(obj.elf, xdp, BPFL_CODE_MOV64_K, 0, 0, 0, 0x12345678);
	EXIT(obj.elf, xdp);
	func("p", xdp, 0, 24);
	must_read();
	const struct bpfl_inst *insts = spec->funcs.items[0].insts;

	ck_assert(spec->foreign);
	ck_assert_uint_eq(bpfl_insn_dst(&insts[0].insn), 1);
	ck_assert_uint_eq(bpfl_insn_src(&insts[0].insn), 2);
	ck_assert_int_eq(insts[0].insn.off, -4);
	ck_assert_int_eq(insts[1].insn.imm, 0x12345678);
	finish();
}
END_TEST

START_TEST(broken_functions_are_refused)
{
	static const struct {
		uint64_t byte_off, size;
		const char *text;
	} cases[] = {
		{ 4, 8, "function 'f' at byte 0x4 with 0x8 bytes: not whole instructions" },
		{ 0, 12, "with 0xc bytes: not whole instructions" },
		{ 8, 16, "function 'f' at byte 0x8 with 0x10 bytes: the section ends at 0x10" },
		{ 0xffffffffffffffb8, 0x50, "at byte 0xffffffffffffffb8 with 0x50 bytes: the section ends" },
		{ 16, 0, "function 'f' has no instructions" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start();
		unsigned xdp = code("xdp");

		EXIT(obj.elf, xdp);
		EXIT(obj.elf, xdp);
		unsigned symbol = func("f", xdp, 0, 16);

		elfgen_patch_sym(obj.elf, symbol, ELFGEN_ST_VALUE, cases[i].byte_off);
		elfgen_patch_sym(obj.elf, symbol, ELFGEN_ST_SIZE, cases[i].size);
		int ret = objgen_read(&obj, &spec, &err);

		ck_assert_int_lt(ret, 0);
		ck_assert_int_eq(err.kind, BPFL_ERR_OBJECT);
		/* Some of these are refused by the ELF room already, with words of its own. */
		ck_assert_msg(strstr(err.message, cases[i].text) != NULL || strstr(err.message, "symbol") != NULL, "%s",
			      err.message);
		finish();
	}
}
END_TEST

START_TEST(functions_must_not_overlap)
{
	start();
	unsigned xdp = code("xdp");

	for (int i = 0; i < 4; i++)
		EXIT(obj.elf, xdp);
	func("outer", xdp, 0, 32);
	func("within", xdp, 8, 8);
	must_fail(EINVAL, "function 'within' at byte 0x8 lies inside function 'outer'");
}
END_TEST

START_TEST(a_function_in_data_is_refused)
{
	start();
	unsigned data = elfgen_section(obj.elf, ".data", BPFL_SHT_PROGBITS, ELFGEN_DATA, "12345678", 8);

	func("f", data, 0, 8);
	must_fail(EINVAL, "function 'f' is not in an executable section");
}
END_TEST

START_TEST(two_programs_of_one_name_are_refused)
{
	start();
	unsigned xdp = code("xdp"), socket = code("socket");

	EXIT(obj.elf, xdp);
	EXIT(obj.elf, socket);
	func("p", xdp, 0, 8);
	func("p", socket, 0, 8);
	must_fail(EINVAL, "two programs have the name 'p' (sections 'xdp' and 'socket')");
}
END_TEST

START_TEST(names_are_escaped_in_messages)
{
	start();
	unsigned xdp = code("xdp\x1b[31m");

	EXIT(obj.elf, xdp);
	EXIT(obj.elf, xdp);
	func("a\nb", xdp, 0, 16);
	func("c", xdp, 8, 8);
	CHECK_FAILS(objgen_read(&obj, &spec, &err), err, BPFL_ERR_OBJECT, EINVAL, "inside function 'a\\nb'");
	CHECK_HAS(err.message, "xdp\\x1b[31m");
	finish();
}
END_TEST

/* ---- calls ---- */

START_TEST(calls_by_relocation)
{
	start();
	unsigned xdp = code("xdp"), text = code(".text"), other = code("other");

	CALL(obj.elf, xdp, BPFL_PSEUDO_CALL, -1); /* global symbol: its own offset counts */
	CALL(obj.elf, xdp, BPFL_PSEUDO_CALL, 1);  /* section symbol: target - 1 */
	CALL(obj.elf, xdp, BPFL_PSEUDO_CALL, -1); /* any executable section will do */
	EXIT(obj.elf, xdp);
	for (int i = 0; i < 3; i++)
		EXIT(obj.elf, text);
	EXIT(obj.elf, other);
	func("p", xdp, 0, 32);
	static_func("zero", text, 0, 8);
	unsigned one = func("one", text, 8, 8);
	static_func("two", text, 16, 8);
	unsigned elsewhere = static_func("elsewhere", other, 0, 8);

	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_32, one);
	elfgen_reloc(obj.elf, xdp, 8, BPFL_R_BPF_64_32, section_symbol(text));
	elfgen_reloc(obj.elf, xdp, 16, BPFL_R_BPF_64_32, elsewhere);
	must_read();
	ck_assert_int_eq(ref_of("p", 0)->kind, BPFL_REF_CALL);
	ck_assert_str_eq(func_name_of(ref_of("p", 0)), "one");
	ck_assert_str_eq(func_name_of(ref_of("p", 1)), "two");
	ck_assert_str_eq(func_name_of(ref_of("p", 2)), "elsewhere");
	finish();
}
END_TEST

START_TEST(calls_without_relocation)
{
	start();
	unsigned text = code(".text");

	CALL(obj.elf, text, BPFL_PSEUDO_CALL, 1);
	EXIT(obj.elf, text);
	CALL(obj.elf, text, 0, 6);		     /* a helper */
	CALL(obj.elf, text, BPFL_PSEUDO_CALL, -4); /* back to the first */
	EXIT(obj.elf, text);
	static_func("first", text, 0, 16);
	static_func("second", text, 16, 24);
	must_read();
	ck_assert_str_eq(func_name_of(ref_of("first", 0)), "second");
	ck_assert_ptr_null(ref_of("second", 0));
	ck_assert_str_eq(func_name_of(ref_of("second", 1)), "first");
	finish();
}
END_TEST

START_TEST(wild_calls_are_refused)
{
	static const struct {
		int32_t imm;
		const char *text;
	} cases[] = {
		{ 1, "byte 0x10 of section '.text' is in the middle of function 'f'" },
		{ 100, "no function begins at byte 0x328" },
		{ -100, "no function begins at byte 0x" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start();
		unsigned text = code(".text");

		CALL(obj.elf, text, BPFL_PSEUDO_CALL, cases[i].imm);
		EXIT(obj.elf, text);
		EXIT(obj.elf, text);
		static_func("f", text, 0, 24);
		must_fail(EINVAL, cases[i].text);
	}
}
END_TEST

START_TEST(function_addresses_count_bytes)
{
	start();
	unsigned xdp = code("xdp"), text = code(".text");

	ld_imm64(xdp, BPFL_PSEUDO_FUNC, 0);  /* named: symbol's offset */
	ld_imm64(xdp, BPFL_PSEUDO_FUNC, 16); /* section: bytes in imm */
	EXIT(obj.elf, xdp);
	for (int i = 0; i < 3; i++)
		EXIT(obj.elf, text);
	func("p", xdp, 0, 40);
	static_func("zero", text, 0, 8);
	unsigned one = func("one", text, 8, 8);

	static_func("two", text, 16, 8);
	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64, one);
	elfgen_reloc(obj.elf, xdp, 16, BPFL_R_BPF_64_64, section_symbol(text));
	must_read();
	ck_assert_int_eq(ref_of("p", 0)->kind, BPFL_REF_FUNC_ADDR);
	ck_assert_str_eq(func_name_of(ref_of("p", 0)), "one");
	ck_assert_str_eq(func_name_of(ref_of("p", 2)), "two");
	finish();
}
END_TEST

/* ---- maps and data ---- */

START_TEST(maps_and_variables_are_found)
{
	start();
	unsigned xdp = code("xdp"), counts = objgen_array(&obj, "counts", 1), more = objgen_array(&obj, "more", 1);
	unsigned bss = elfgen_section(obj.elf, ".bss", BPFL_SHT_NOBITS, ELFGEN_DATA, NULL, 32);
	unsigned var = elfgen_symbol(obj.elf, "var", bss, 8, 8, BPFL_STB_GLOBAL, BPFL_STT_OBJECT);

	ld_imm64(xdp, 0, 77); /* the addend of a named map means nothing */
	ld_imm64(xdp, 0, 0);
	ld_imm64(xdp, 0, 4);  /* var + 4 */
	ld_imm64(xdp, 0, 24); /* section + 24 */
	EXIT(obj.elf, xdp);
	func("p", xdp, 0, 72);
	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64, counts);
	elfgen_reloc(obj.elf, xdp, 16, BPFL_R_BPF_64_64, more);
	elfgen_reloc(obj.elf, xdp, 32, BPFL_R_BPF_64_64, var);
	elfgen_reloc(obj.elf, xdp, 48, BPFL_R_BPF_64_64, section_symbol(bss));
	must_read();
	ck_assert_int_eq(ref_of("p", 0)->kind, BPFL_REF_MAP);
	ck_assert_str_eq(spec->maps.items[ref_of("p", 0)->target_idx].name, "counts");
	ck_assert_str_eq(spec->maps.items[ref_of("p", 2)->target_idx].name, "more");
	ck_assert_int_eq(ref_of("p", 4)->kind, BPFL_REF_DATA);
	ck_assert_str_eq(spec->maps.items[ref_of("p", 4)->target_idx].name, ".bss");
	ck_assert_uint_eq(ref_of("p", 4)->byte_off, 12);
	ck_assert_uint_eq(ref_of("p", 6)->byte_off, 24);
	finish();
}
END_TEST

/*
 * Two functions of .text, 3 and 5 instructions; the second loads the address of a table of nr places. Returns the
 * table's section.
 */
static unsigned text_with_jump_table(const uint64_t *places, size_t nr, uint64_t symbol_size)
{
	start();
	unsigned text = code(".text"), jumps = elfgen_section(obj.elf, ".jumptables", BPFL_SHT_PROGBITS, 0, NULL, 0);

	for (int i = 0; i < 3; i++)
		EXIT(obj.elf, text);
	for (int i = 0; i < 2; i++)
		ld_imm64(text, 0, 0);
	EXIT(obj.elf, text);
	elfgen_number(obj.elf, jumps, 8, 0); /* another's */
	for (size_t i = 0; i < nr; i++)
		elfgen_number(obj.elf, jumps, 8, places[i]);
	func("first", text, 0, 24);
	func("second", text, 24, 40);
	unsigned table = elfgen_symbol(obj.elf, "table", jumps, 8, symbol_size, BPFL_STB_GLOBAL, BPFL_STT_OBJECT);

	elfgen_reloc(obj.elf, text, 24, BPFL_R_BPF_64_64, table);
	elfgen_reloc(obj.elf, text, 40, BPFL_R_BPF_64_64, table);
	return jumps;
}

START_TEST(a_jump_table_holds_instructions_of_its_function)
{
	static const uint64_t places[] = { 56, 24, 40 };

	text_with_jump_table(places, 3, 24);
	must_read();
	ck_assert_int_eq(ref_of("second", 0)->kind, BPFL_REF_JUMP_TABLE);
	ck_assert_uint_eq(spec->jump_tables.nr, 1); /* once, however often it is loaded */
	ck_assert_uint_eq(ref_of("second", 2)->target_idx, 0);
	ck_assert_str_eq(spec->jump_tables.items[0].name, "table");
	ck_assert_uint_eq(spec->jump_tables.items[0].nr_targets, 3);
	ck_assert_uint_eq(spec->jump_tables.items[0].targets[0], 4);
	ck_assert_uint_eq(spec->jump_tables.items[0].targets[1], 0);
	ck_assert_uint_eq(spec->jump_tables.items[0].targets[2], 2);
	finish();
}
END_TEST

START_TEST(jump_tables_that_lead_elsewhere_are_refused)
{
	static const uint64_t before[] = { 24, 16 }, behind[] = { 64 }, between[] = { 28 }, huge[] = { UINT64_MAX - 7 };

	text_with_jump_table(before, 2, 16);
	must_fail(EINVAL, "jump table 'table': entry 1: byte 0x10 is no instruction of 'second'");
	text_with_jump_table(behind, 1, 8);
	must_fail(EINVAL, "entry 0: byte 0x40 is no instruction of 'second'");
	text_with_jump_table(between, 1, 8);
	must_fail(EINVAL, "entry 0: byte 0x1c is no instruction of 'second'");
	text_with_jump_table(huge, 1, 8);
	must_fail(EINVAL, "entry 0: byte 0xfffffffffffffff8 is no instruction of 'second'");
	text_with_jump_table(before, 2, 12);
	must_fail(EINVAL, "jump table 'table': 12 bytes at byte 0x8 of '.jumptables', which has 24");
	text_with_jump_table(before, 2, 0);
	must_fail(EINVAL, "jump table 'table': 0 bytes at byte 0x8");
}
END_TEST

START_TEST(relocations_of_overridden_code_are_dropped)
{
	start();
	unsigned xdp = code("xdp");
	unsigned nowhere = elfgen_symbol(obj.elf, "nowhere", BPFL_SHN_UNDEF, 0, 0, BPFL_STB_GLOBAL, BPFL_STT_NOTYPE);

	EXIT(obj.elf, xdp);
	ld_imm64(xdp, 0, 0); /* no function has these */
	func("p", xdp, 0, 8);
	elfgen_reloc(obj.elf, xdp, 8, BPFL_R_BPF_64_64, nowhere);
	must_read();
	ck_assert_uint_eq(spec->refs.nr, 0);
	finish();
}
END_TEST

/* What a test of a broken relocation starts from: "p" = ld_imm64; call; exit. */
static unsigned xdp_for_relocs(void)
{
	start();
	unsigned xdp = code("xdp");

	ld_imm64(xdp, 0, 0);
	CALL(obj.elf, xdp, 0, 6);
	EXIT(obj.elf, xdp);
	func("p", xdp, 0, 32);
	return xdp;
}

START_TEST(a_reloc_to_an_undefined_symbol)
{
	unsigned xdp = xdp_for_relocs();

	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64,
		     elfgen_symbol(obj.elf, "nowhere", BPFL_SHN_UNDEF, 0, 0, BPFL_STB_GLOBAL, BPFL_STT_NOTYPE));
	CHECK_FAILS(objgen_read(&obj, &spec, &err), err, BPFL_ERR_OBJECT, ENOENT,
		    "section 'xdp': relocation 0 at byte 0x0: instruction 0 of 'p': undefined symbol 'nowhere'");
	CHECK_HAS(err.why, "neither in this object nor declared");
	finish();
}
END_TEST

START_TEST(a_reloc_to_no_symbol)
{
	unsigned xdp = xdp_for_relocs();

	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64, 0);
	must_fail(EINVAL, "refers to no symbol");
}
END_TEST

START_TEST(a_reloc_to_a_common_symbol)
{
	unsigned xdp = xdp_for_relocs();

	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64,
		     elfgen_symbol(obj.elf, "shared", BPFL_SHN_COMMON, 4, 4, BPFL_STB_GLOBAL, BPFL_STT_OBJECT));
	CHECK_FAILS(objgen_read(&obj, &spec, &err), err, BPFL_ERR_OBJECT, EINVAL, "variable 'shared' is in no section");
	CHECK_HAS(err.fix, "initialise 'shared'");
	finish();
}
END_TEST

START_TEST(a_reloc_to_an_absolute_symbol)
{
	unsigned xdp = xdp_for_relocs();

	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64,
		     elfgen_symbol(obj.elf, "fixed", BPFL_SHN_ABS, 4, 4, BPFL_STB_GLOBAL, BPFL_STT_OBJECT));
	must_fail(EINVAL, "symbol 'fixed' is in section");
}
END_TEST

START_TEST(a_reloc_of_an_unknown_type)
{
	unsigned xdp = xdp_for_relocs(), map = objgen_array(&obj, "m", 1);

	elfgen_reloc(obj.elf, xdp, 0, 77, map);
	int ret = objgen_read(&obj, &spec, &err);

	ck_assert_int_lt(ret, 0);
	CHECK_HAS(err.message, "77");
	finish();
}
END_TEST

START_TEST(a_reloc_of_data_in_code)
{
	unsigned xdp = xdp_for_relocs(), map = objgen_array(&obj, "m", 1);

	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_ABS64, map);
	must_fail(EINVAL, "relocation type 2 does not belong into code");
}
END_TEST

START_TEST(a_reloc_inside_an_instruction)
{
	unsigned xdp = xdp_for_relocs(), map = objgen_array(&obj, "m", 1);

	elfgen_reloc(obj.elf, xdp, 4, BPFL_R_BPF_64_64, map);
	must_fail(EINVAL, "not at the beginning of an instruction");
}
END_TEST

START_TEST(two_relocs_of_one_instruction)
{
	unsigned xdp = xdp_for_relocs(), map = objgen_array(&obj, "m", 1);

	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64, map);
	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64, map);
	must_fail(EINVAL, "relocation 1 at byte 0x0: instruction 0 of 'p': a second relocation");
}
END_TEST

START_TEST(a_reloc_of_an_exit)
{
	unsigned xdp = xdp_for_relocs(), map = objgen_array(&obj, "m", 1);

	elfgen_reloc(obj.elf, xdp, 24, BPFL_R_BPF_64_64, map);
	must_fail(EINVAL, "instruction with opcode 0x95 cannot refer to 'm'");
}
END_TEST

START_TEST(a_reloc_of_a_helper_call)
{
	unsigned xdp = xdp_for_relocs(), text = code(".text");

	EXIT(obj.elf, text);
	elfgen_reloc(obj.elf, xdp, 16, BPFL_R_BPF_64_32, func("f", text, 0, 8));
	must_fail(EINVAL, "the call of helper 6 has a relocation to 'f'");
}
END_TEST

START_TEST(half_an_ld_imm64)
{
	start();
	unsigned xdp = code("xdp"), map = objgen_array(&obj, "m", 1);

	elfgen_insn(obj.elf, xdp, BPFL_CODE_LD_IMM64, 1, 0, 0, 0);
	EXIT(obj.elf, xdp);
	func("p", xdp, 0, 16);
	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64, map);
	must_fail(EINVAL, "ld_imm64 without its second half");
}
END_TEST

START_TEST(a_reloc_between_maps)
{
	unsigned xdp = xdp_for_relocs();

	objgen_array(&obj, "m", 1);
	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64,
		     elfgen_symbol(obj.elf, "label", obj.maps, 8, 0, BPFL_STB_LOCAL, BPFL_STT_NOTYPE));
	must_fail(EINVAL, "no map is defined at byte 8 of section '.maps'");
}
END_TEST

START_TEST(a_reloc_behind_the_data)
{
	unsigned xdp = xdp_for_relocs();
	unsigned bss = elfgen_section(obj.elf, ".bss", BPFL_SHT_NOBITS, ELFGEN_DATA, NULL, 8);

	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64,
		     elfgen_symbol(obj.elf, "end", bss, 8, 0, BPFL_STB_LOCAL, BPFL_STT_NOTYPE));
	must_fail(EINVAL, "byte 8 of section '.bss' (from 'end'): the section has 8 bytes");
}
END_TEST

START_TEST(a_reloc_before_the_data)
{
	start();
	unsigned xdp = code("xdp"), bss = elfgen_section(obj.elf, ".bss", BPFL_SHT_NOBITS, ELFGEN_DATA, NULL, 8);

	ld_imm64(xdp, 0, -8);
	func("p", xdp, 0, 16);
	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64, section_symbol(bss));
	must_fail(EINVAL, "byte -8 of section '.bss'");
}
END_TEST

START_TEST(a_reloc_into_an_unknown_section)
{
	unsigned xdp = xdp_for_relocs();
	unsigned odd = elfgen_section(obj.elf, "odd", BPFL_SHT_PROGBITS, ELFGEN_DATA, "12345678", 8);

	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64,
		     elfgen_symbol(obj.elf, "thing", odd, 0, 8, BPFL_STB_GLOBAL, BPFL_STT_OBJECT));
	must_fail(EINVAL, "refers to 'thing' in section 'odd'");
}
END_TEST

START_TEST(a_reloc_into_an_arena)
{
	unsigned xdp = xdp_for_relocs();
	struct objgen_attr attrs[] = { { "type", objgen_uint(&obj, BPFL_MAP_TYPE_ARENA) },
				       { "max_entries", objgen_uint(&obj, 4) } };

	objgen_map(&obj, "arena", objgen_struct(&obj, attrs, 2), 16);
	unsigned data = elfgen_section(obj.elf, ".addr_space.1", BPFL_SHT_PROGBITS, ELFGEN_DATA, "12345678", 8);

	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64,
		     elfgen_symbol(obj.elf, "thing", data, 4, 4, BPFL_STB_GLOBAL, BPFL_STT_OBJECT));
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
	ck_assert_uint_eq(spec->maps.nr, 1);
	ck_assert_uint_eq(spec->maps.items[0].data_size, 8);
	ck_assert_mem_eq(spec->maps.items[0].data, "12345678", 8);
	ck_assert_uint_eq(spec->refs.nr, 1);
	ck_assert_int_eq(spec->refs.items[0].kind, BPFL_REF_DATA);
	ck_assert_uint_eq(spec->refs.items[0].byte_off, 4);
	ck_assert_str_eq(spec->vars.items[0].name, "thing");
	ck_assert_uint_eq(spec->vars.items[0].byte_off, 4);
	finish();
}
END_TEST

START_TEST(variables_of_an_arena_without_an_arena)
{
	unsigned xdp = xdp_for_relocs();
	unsigned arena = elfgen_section(obj.elf, ".addr_space.1", BPFL_SHT_PROGBITS, ELFGEN_DATA, "12345678", 8);

	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64,
		     elfgen_symbol(obj.elf, "thing", arena, 0, 8, BPFL_STB_GLOBAL, BPFL_STT_OBJECT));
	must_fail(EINVAL, "the object declares 0 arenas");
}
END_TEST

START_TEST(a_call_of_data)
{
	start();
	unsigned xdp = code("xdp"), bss = elfgen_section(obj.elf, ".bss", BPFL_SHT_NOBITS, ELFGEN_DATA, NULL, 8);

	CALL(obj.elf, xdp, BPFL_PSEUDO_CALL, -1);
	func("p", xdp, 0, 8);
	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_32,
		     elfgen_symbol(obj.elf, "v", bss, 0, 8, BPFL_STB_GLOBAL, BPFL_STT_OBJECT));
	must_fail(EINVAL, "calls 'v' in section '.bss'");
}
END_TEST

/* ---- annotations ---- */

START_TEST(records_come_to_their_instructions)
{
	start();
	unsigned xdp = code("xdp");
	uint32_t proto = btfgen_func_proto(&obj.btf, obj.u32), type = btfgen_func(&obj.btf, "p", proto, 1);

	MOV(obj.elf, xdp, 0);
	MOV(obj.elf, xdp, 1);
	MOV(obj.elf, xdp, 2);
	EXIT(obj.elf, xdp);
	func("before", xdp, 0, 8);
	func("p", xdp, 8, 24);
	objgen_ext(&obj, "xdp", type, 8, 16, 24);
	must_read();
	const struct bpfl_func *p = &spec->funcs.items[bpfl_spec_func_idx(spec, "p")];

	ck_assert(spec->has_ext);
	ck_assert_uint_eq(p->btf_func_id, type);
	ck_assert_uint_eq(spec->funcs.items[0].btf_func_id, 0);
	ck_assert_int_eq(p->insts[0].line_idx, BPFL_NO_IDX);
	ck_assert_uint_eq(spec->lines.items[p->insts[1].line_idx].line_col, 7u << 10 | 3);
	ck_assert_uint_eq(spec->cores.items[p->insts[2].core_idx].kind, 6);
	ck_assert_str_eq(spec->cores.items[p->insts[2].core_idx].access, "0:0");
	finish();
}
END_TEST

START_TEST(records_of_overridden_code_are_dropped)
{
	start();
	unsigned xdp = code("xdp");
	uint32_t proto = btfgen_func_proto(&obj.btf, obj.u32), type = btfgen_func(&obj.btf, "p", proto, 1);

	for (int i = 0; i < 4; i++)
		EXIT(obj.elf, xdp);
	func("p", xdp, 0, 8);
	objgen_ext(&obj, "xdp", type, 8, 16, 24);
	must_read();
	ck_assert_uint_eq(spec->cores.nr + spec->lines.nr, 0);
	finish();
}
END_TEST

START_TEST(records_outside_the_section_are_refused)
{
	static const struct {
		uint32_t line_off, core_off;
		const char *text;
	} cases[] = {
		{ 0, 5, "instruction at byte 0x5 (expected a multiple of 8)" },
		{ 0, 16, "a CO-RE relocation at byte 0x10 of section 'xdp', which ends before" },
		{ 3, 0, "instruction at byte 0x3 (expected a multiple of 8)" },
		{ 800, 0, "a source line at byte 0x320 of section 'xdp', which ends before" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start();
		unsigned xdp = code("xdp");
		uint32_t proto = btfgen_func_proto(&obj.btf, obj.u32), type = btfgen_func(&obj.btf, "p", proto, 1);

		EXIT(obj.elf, xdp);
		EXIT(obj.elf, xdp);
		func("p", xdp, 0, 16);
		objgen_ext(&obj, "xdp", type, 0, cases[i].line_off, cases[i].core_off);
		int ret = objgen_read(&obj, &spec, &err);

		ck_assert_int_lt(ret, 0);
		CHECK_HAS(err.message, cases[i].text);
		finish();
	}
}
END_TEST

START_TEST(a_line_on_the_second_half_is_dropped)
{
	start();
	unsigned xdp = code("xdp");
	uint32_t proto = btfgen_func_proto(&obj.btf, obj.u32), type = btfgen_func(&obj.btf, "p", proto, 1);

	ld_imm64(xdp, 0, 0);
	EXIT(obj.elf, xdp);
	func("p", xdp, 0, 24);
	objgen_ext(&obj, "xdp", type, 0, 8, 16);
	must_read();
	ck_assert_uint_eq(spec->lines.nr, 0);
	finish();
}
END_TEST

/* Legal, but much: no pass may take time that grows with the square. A quadratic one would need minutes here. */
START_TEST(many_relocations_take_little_time)
{
	enum { NR = 200000 };

	start();
	unsigned xdp = code("xdp"), map = objgen_array(&obj, "m", 1);

	for (uint32_t i = 0; i < NR; i++) {
		ld_imm64(xdp, 0, 0);
		elfgen_reloc(obj.elf, xdp, (uint64_t)i * 16, BPFL_R_BPF_64_64, map);
	}
	for (uint32_t i = 0; i < NR; i += 100)
		static_func("part", xdp, (uint64_t)i * 16, 1600);
	must_read();
	ck_assert_uint_eq(spec->refs.nr, NR);
	ck_assert_uint_eq(spec->funcs.nr, NR / 100);
	finish();
}
END_TEST

int main(void)
{
	const TTest *funcs[] = { programs_are_global_functions_outside_text, labels_do_not_split_functions,
				 untyped_symbols_without_size_reach_to_the_next, an_alias_gets_the_same_instructions,
				 lenient_and_unknown_sections_are_noted, a_static_program_is_noted,
				 foreign_instructions_are_turned_round, broken_functions_are_refused,
				 functions_must_not_overlap, a_function_in_data_is_refused,
				 two_programs_of_one_name_are_refused, names_are_escaped_in_messages };
	const TTest *refs[] = { calls_by_relocation, calls_without_relocation, wild_calls_are_refused,
				function_addresses_count_bytes, maps_and_variables_are_found,
				a_jump_table_holds_instructions_of_its_function, jump_tables_that_lead_elsewhere_are_refused,
				relocations_of_overridden_code_are_dropped, many_relocations_take_little_time };
	const TTest *broken[] = { a_reloc_to_an_undefined_symbol,
				  a_reloc_to_no_symbol,
				  a_reloc_to_a_common_symbol,
				  a_reloc_to_an_absolute_symbol,
				  a_reloc_of_an_unknown_type,
				  a_reloc_of_data_in_code,
				  a_reloc_inside_an_instruction,
				  two_relocs_of_one_instruction,
				  a_reloc_of_an_exit,
				  a_reloc_of_a_helper_call,
				  half_an_ld_imm64,
				  a_reloc_between_maps,
				  a_reloc_behind_the_data,
				  a_reloc_before_the_data,
				  a_reloc_into_an_unknown_section,
				  a_reloc_into_an_arena,
				  variables_of_an_arena_without_an_arena,
				  a_call_of_data };
	const TTest *records[] = { records_come_to_their_instructions, records_of_overridden_code_are_dropped,
				   records_outside_the_section_are_refused, a_line_on_the_second_half_is_dropped };
	Suite *suite = BPFL_TEST_SUITE("spec/code", funcs);

	BPFL_TEST_ADD_CASE(suite, "references", refs);
	BPFL_TEST_ADD_CASE(suite, "broken references", broken);
	BPFL_TEST_ADD_CASE(suite, "annotations", records);
	return bpfl_test_main(suite);
}
