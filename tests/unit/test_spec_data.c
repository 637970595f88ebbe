/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec/classify, spec/data, spec/var, spec/extern, spec/pointers: everything in an object that is neither code
 * nor a map definition.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "harness.h"
#include "objgen.h"

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

static void must_fail(int errnum, const char *text)
{
	CHECK_FAILS(objgen_read(&obj, &spec, &err), err, BPFL_ERR_OBJECT, errnum, text);
	finish();
}

static void must_read(void)
{
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
}

static unsigned data_section(const char *name, const void *bytes, size_t size)
{
	return elfgen_section(obj.elf, name, BPFL_SHT_PROGBITS, ELFGEN_DATA, bytes, size);
}

static unsigned bss_section(const char *name, size_t size)
{
	return elfgen_section(obj.elf, name, BPFL_SHT_NOBITS, ELFGEN_DATA, NULL, size);
}

static unsigned variable(const char *name, unsigned section, uint64_t byte_off, uint64_t size)
{
	return elfgen_symbol(obj.elf, name, section, byte_off, size, BPFL_STB_GLOBAL, BPFL_STT_OBJECT);
}

static unsigned static_variable(const char *name, unsigned section, uint64_t byte_off, uint64_t size)
{
	return elfgen_symbol(obj.elf, name, section, byte_off, size, BPFL_STB_LOCAL, BPFL_STT_OBJECT);
}

static const struct bpfl_map_spec *map_named(const char *name)
{
	int32_t idx = bpfl_spec_map_idx(spec, name);

	ck_assert_msg(idx >= 0, "no map %s", name);
	return &spec->maps.items[idx];
}

static const struct bpfl_var *var_named(const char *name)
{
	int32_t idx = bpfl_spec_var_idx(spec, name);

	ck_assert_msg(idx >= 0, "no variable %s", name);
	return &spec->vars.items[idx];
}

static bool noted(const char *text)
{
	for (size_t i = 0; i < spec->notes.nr; i++) {
		if (strstr(spec->notes.items[i].text, text) != NULL)
			return true;
	}
	return false;
}

/* ---- sections ---- */

START_TEST(a_missing_license_is_noted)
{
	start();
	elfgen_patch_shdr(obj.elf, 3, ELFGEN_SH_TYPE, 0); /* the license that objgen put there */
	must_read();
	ck_assert(!spec->has_license);
	ck_assert_str_eq(spec->license, "");
	ck_assert(noted("no license"));
	finish();
}
END_TEST

START_TEST(a_license_may_lack_its_nul)
{
	start();
	elfgen_patch_shdr(obj.elf, 3, ELFGEN_SH_SIZE, 2);
	must_read();
	ck_assert_str_eq(spec->license, "GP");
	finish();
}
END_TEST

START_TEST(the_version_is_read)
{
	for (int order = ELFGEN_LITTLE; order <= ELFGEN_BIG; order++) {
		objgen_init(&obj, (enum elfgen_order)order);
		elfgen_number(obj.elf, data_section("version", NULL, 0), 4, 0x060102);
		must_read();
		ck_assert_uint_eq(spec->kern_version, 0x060102);
		finish();
	}
}
END_TEST

START_TEST(a_version_of_two_bytes)
{
	start();
	data_section("version", "12", 2);
	must_fail(EINVAL, "section 'version': 2 bytes");
}
END_TEST

START_TEST(unknown_sections_are_noted_and_debug_is_not)
{
	start();
	data_section(".hid_bpf_config", "1234", 4);
	bss_section(".scratch", 64);
	elfgen_section(obj.elf, ".debug_info", BPFL_SHT_PROGBITS, 0, "1234", 4);
	elfgen_section(obj.elf, ".llvm_addrsig", 0x6fff4c03, 0, "1234", 4);
	elfgen_section(obj.elf, "odd", 0x70000001, 0, "1234", 4);
	must_read();
	ck_assert_uint_eq(spec->notes.nr, 3);
	ck_assert(noted("section '.hid_bpf_config' (4 bytes)"));
	ck_assert(noted("section '.scratch' (64 bytes)"));
	ck_assert(noted("section 'odd'"));
	finish();
}
END_TEST

static char heard[256];

static void listen(void *ctx, enum bpfl_log_level level, const char *text)
{
	(void)ctx;
	snprintf(heard, sizeof(heard), "%d %s", (int)level, text);
}

START_TEST(an_old_gcc_is_warned_of)
{
	static const struct {
		char comment[40];
		bool warns;
	} rows[] = { { "\0GCC: (12.2.0-14+deb12u1+) 12.2.0", true }, { "GCC: (Debian) 11.1", true },
		     { "\0GCC: (14.2.0-19+2) 14.2.0", false }, { "clang version 14.0.6", false }, { "GCC: (", false },
		     { "", false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start();
		elfgen_section(obj.elf, ".comment", BPFL_SHT_PROGBITS, 0, rows[i].comment,
			       sizeof(rows[i].comment));
		must_read();
		ck_assert_int_eq(noted("compiled by GCC 12"), rows[i].warns);
		finish();
	}
}
END_TEST

START_TEST(notes_reach_the_listener)
{
	struct bpfl_spec_opts opts = { .size = sizeof(opts), .name = "mine", .log = { listen, NULL } };
	struct elfgen *gen = elfgen_new(ELFGEN_NATIVE);
	size_t size = 0;

	elfgen_program(gen, "xdp", "drop", 1);
	uint8_t *bytes = elfgen_finish(gen, &size);

	CHECK_OK(bpfl_spec_read_memory(bytes, size, &opts, &spec, &err), err);
	ck_assert_str_eq(spec->name, "mine");
	CHECK_HAS(heard, "0 no license");
	bpfl_spec_destroy(spec);
	CHECK_OK(bpfl_spec_read_memory(bytes, size, NULL, &spec, &err), err);
	ck_assert_str_eq(spec->name, "object");
	free(bytes);
	finish();
}
END_TEST

/* ---- data maps ---- */

START_TEST(each_data_section_is_a_map)
{
	start();
	data_section(".data", "12345678", 8);
	data_section(".data.mine", "1234", 4);
	data_section(".rodata", "123456", 6);
	data_section(".rodata.str1.1", "hi", 3);
	data_section(".datafoo", "1234", 4);
	data_section(".data.empty", NULL, 0);
	bss_section(".bss", 100);
	bss_section(".bss.mine", 10);
	must_read();
	ck_assert_uint_eq(spec->maps.nr, 6);
	const struct bpfl_map_spec *map = map_named(".rodata");

	ck_assert_int_eq(map->origin, BPFL_MAP_RODATA);
	ck_assert_uint_eq(map->type, BPFL_MAP_TYPE_ARRAY);
	ck_assert_uint_eq(map->key_size, 4);
	ck_assert_uint_eq(map->value_size, 6);
	ck_assert_uint_eq(map->max_entries, 1);
	ck_assert_uint_eq(map->flags, BPFL_F_RDONLY_PROG);
	ck_assert(map->frozen);
	ck_assert_mem_eq(map->data, "123456", 6);
	ck_assert_uint_eq(map_named(".data")->flags, 0);
	ck_assert_int_eq(map_named(".rodata.str1.1")->origin, BPFL_MAP_RODATA);
	ck_assert_int_eq(map_named(".bss.mine")->origin, BPFL_MAP_BSS);
	ck_assert_uint_eq(map_named(".bss")->data_size, 100);
	ck_assert_uint_eq(map_named(".bss")->data[99], 0);
	ck_assert(noted("'.datafoo'"));
	finish();
}
END_TEST

START_TEST(variables_get_places_from_symbols_and_types_from_btf)
{
	start();
	unsigned data = data_section(".data", "1234567812345678", 16);

	variable("count", data, 8, 8);
	static_variable("f.state", data, 4, 4);
	objgen_list(&obj, ".data", "count", obj.u64, BPFL_LINKAGE_GLOBAL, 0, 8); /* as clang leaves it: offset 0 */
	objgen_list(&obj, ".data", "f.state", obj.u32, BPFL_LINKAGE_STATIC, 4, 4);
	must_read();
	ck_assert_uint_eq(spec->vars.nr, 2);
	ck_assert_uint_eq(var_named("count")->byte_off, 8);
	ck_assert_uint_eq(var_named("count")->type_id, obj.u64);
	ck_assert(!var_named("count")->is_static);
	ck_assert_uint_eq(var_named("f.state")->type_id, obj.u32);
	ck_assert(var_named("f.state")->is_static);
	ck_assert(map_named(".data")->mmapable);
	ck_assert_uint_ne(map_named(".data")->value_type_id, 0);
	finish();
}
END_TEST

START_TEST(variables_per_cpu_are_in_an_array_per_cpu)
{
	start();
	unsigned data = data_section(".percpu.mine", "12345678", 8);

	variable("count", data, 4, 4);
	objgen_list(&obj, ".percpu.mine", "count", obj.u32, BPFL_LINKAGE_GLOBAL, 0, 4);
	must_read();
	ck_assert_uint_eq(map_named(".percpu.mine")->type, BPFL_MAP_TYPE_PERCPU_ARRAY);
	ck_assert_uint_eq(map_named(".percpu.mine")->value_size, 8);
	ck_assert_uint_ne(map_named(".percpu.mine")->value_type_id, 0);
	ck_assert(!map_named(".percpu.mine")->mmapable);
	ck_assert_uint_eq(var_named("count")->byte_off, 4);
	ck_assert_uint_eq(var_named("count")->type_id, obj.u32);
	finish();
}
END_TEST

START_TEST(private_variables_make_no_map_shareable)
{
	start();
	unsigned data = data_section(".data", "12345678", 8), symbol = variable("hidden", data, 0, 4);

	static_variable("own", data, 4, 4);
	elfgen_visibility(obj.elf, symbol, BPFL_STV_HIDDEN);
	objgen_list(&obj, ".data", "hidden", obj.u32, BPFL_LINKAGE_GLOBAL, 0, 4);
	objgen_list(&obj, ".data", "own", obj.u32, BPFL_LINKAGE_STATIC, 4, 4);
	must_read();
	ck_assert(var_named("hidden")->is_hidden);
	ck_assert(!map_named(".data")->mmapable);
	finish();
}
END_TEST

START_TEST(static_variables_without_symbols_come_from_btf)
{
	start();
	bss_section(".bss", 16);
	objgen_list(&obj, ".bss", "lost", obj.u32, BPFL_LINKAGE_STATIC, 12, 4);
	must_read();
	ck_assert_uint_eq(var_named("lost")->byte_off, 12);
	ck_assert_uint_eq(var_named("lost")->type_id, obj.u32);
	finish();
}
END_TEST

START_TEST(a_constant_filed_under_another_section)
{
	start();
	data_section(".rodata", "1234", 4);
	static_variable("table", data_section(".rodata.cst16", "1234567812345678", 16), 0, 16);
	uint32_t var_id = objgen_list(&obj, ".rodata", "table", obj.u64, BPFL_LINKAGE_STATIC, 0, 16);

	must_read();
	ck_assert_uint_eq(spec->vars.nr, 1);
	ck_assert_str_eq(spec->maps.items[var_named("table")->map_idx].name, ".rodata.cst16");
	ck_assert_uint_eq(var_named("table")->btf_id, var_id);
	finish();
}
END_TEST

START_TEST(static_variables_of_one_name)
{
	start();
	unsigned bss = bss_section(".bss", 16);

	static_variable("x", bss, 0, 4);
	static_variable("x", bss, 8, 8);
	objgen_list(&obj, ".bss", "x", obj.u64, BPFL_LINKAGE_STATIC, 8, 8);
	objgen_list(&obj, ".bss", "x", obj.u32, BPFL_LINKAGE_STATIC, 0, 4);
	must_read();
	ck_assert_uint_eq(spec->vars.nr, 2);
	ck_assert_uint_eq(spec->vars.items[0].type_id, obj.u32);
	ck_assert_uint_eq(spec->vars.items[1].type_id, obj.u64);
	finish();
}
END_TEST

START_TEST(a_variable_behind_its_section)
{
	start();
	bss_section(".bss", 16);
	/* The ELF room looks at symbols; this one is only known to BTF. */
	objgen_list(&obj, ".bss", "v", obj.u64, BPFL_LINKAGE_STATIC, 12, 8);
	must_fail(EINVAL, "section '.bss': variable 'v' at byte 0xc with 8 bytes: the section has 16");
}
END_TEST

START_TEST(a_type_larger_than_the_variable)
{
	start();
	variable("v", bss_section(".bss", 16), 0, 4);
	objgen_list(&obj, ".bss", "v", obj.u64, BPFL_LINKAGE_GLOBAL, 0, 8);
	must_fail(EINVAL, "section '.bss': variable 'v' has 4 bytes, its type has 8");
}
END_TEST

START_TEST(a_list_of_other_things)
{
	start();
	bss_section(".bss", 16);
	objgen_list(&obj, ".bss", "v", obj.u64, BPFL_LINKAGE_STATIC, 0, 8);
	obj.listed[0].btf_id = obj.u64;
	int ret = objgen_read(&obj, &spec, &err);

	/* BTF is checked by its own room first, which may refuse it in its own words. */
	ck_assert_int_lt(ret, 0);
	ck_assert_int_eq(err.kind, BPFL_ERR_OBJECT);
	finish();
}
END_TEST

START_TEST(a_bss_of_exabytes)
{
	start();
	unsigned bss = bss_section(".bss", 16);

	elfgen_patch_shdr(obj.elf, bss, ELFGEN_SH_SIZE, 1ull << 60);
	int ret = objgen_read(&obj, &spec, &err);

	ck_assert_int_lt(ret, 0);
	CHECK_HAS(err.message, "'.bss'");
	finish();
}
END_TEST

START_TEST(a_bss_that_no_map_can_hold)
{
	start();
	unsigned bss = bss_section(".bss", 16);

	elfgen_patch_shdr(obj.elf, bss, ELFGEN_SH_SIZE, 1ull << 31);
	must_fail(E2BIG, "section '.bss': 2147483648 bytes of variables are more than a map can hold");
}
END_TEST

START_TEST(rodata_without_contents)
{
	start();
	bss_section(".rodata", 16);
	must_fail(EINVAL, "section '.rodata' has no contents in the file");
}
END_TEST

/* ---- pointers in data ---- */

START_TEST(a_pointer_in_data_is_named)
{
	start();
	unsigned data = data_section(".data", "1234567812345678", 16), target = variable("target", data, 0, 4);

	variable("pointer", data, 8, 8);
	elfgen_reloc(obj.elf, data, 8, BPFL_R_BPF_64_ABS64, target);
	must_read();
	ck_assert(noted("variable 'pointer' at byte 0 (byte 0x8 of '.data') holds the address of 'target'"));
	ck_assert_uint_eq(map_named(".data")->pointer_faults.nr, 1);
	CHECK_HAS(map_named(".data")->pointer_faults.items[0].text, "variable 'pointer'");
	ck_assert_uint_eq(map_named(".data")->pointer_faults.items[0].byte_off, 8);
	ck_assert_uint_eq(map_named(".data")->pointer_faults.items[0].size_bytes, 8);
	finish();
}
END_TEST

START_TEST(a_pointer_outside_variables_is_named_by_place)
{
	start();
	unsigned data = data_section(".data", "1234567812345678", 16);

	elfgen_reloc(obj.elf, data, 8, BPFL_R_BPF_64_ABS64,
		     elfgen_symbol(obj.elf, "", data, 0, 0, BPFL_STB_LOCAL, BPFL_STT_SECTION));
	must_read();
	ck_assert_uint_eq(map_named(".data")->pointer_faults.items[0].size_bytes, UINT32_MAX);
	CHECK_HAS(map_named(".data")->pointer_faults.items[0].text, "byte 0x8 of '.data' holds the address of '.data'");
	finish();
}
END_TEST

START_TEST(many_pointers_make_few_notes)
{
	uint8_t zeroes[800] = { 0 };

	start();
	unsigned data = data_section(".data", zeroes, sizeof(zeroes)), target = variable("target", data, 0, 8);

	for (uint64_t i = 1; i < 100; i++)
		elfgen_reloc(obj.elf, data, i * 8, BPFL_R_BPF_64_ABS64, target);
	must_read();
	ck_assert_uint_eq(spec->notes.nr, 9);
	ck_assert(noted("section '.data': 91 more addresses"));
	finish();
}
END_TEST

START_TEST(a_code_relocation_in_data)
{
	start();
	unsigned data = data_section(".data", "1234567812345678", 16), target = variable("target", data, 0, 4);

	elfgen_reloc(obj.elf, data, 8, BPFL_R_BPF_64_32, target);
	must_fail(EINVAL, "section '.data': relocation 0: type 10 does not belong into data");
}
END_TEST

/* ---- externs ---- */

static unsigned undefined(const char *name, unsigned bind)
{
	return elfgen_symbol(obj.elf, name, BPFL_SHN_UNDEF, 0, 0, bind, BPFL_STT_NOTYPE);
}

static unsigned kconfig(const char *name, uint32_t type_id)
{
	objgen_list(&obj, ".kconfig", name, type_id, BPFL_LINKAGE_EXTERN, 0, 0);
	return undefined(name, BPFL_STB_GLOBAL);
}

/* "p" = ld_imm64 of symbol; call of symbol or of a helper; exit. */
static unsigned program_using(unsigned symbol, bool calls)
{
	unsigned xdp = elfgen_section(obj.elf, "xdp", BPFL_SHT_PROGBITS, ELFGEN_CODE, NULL, 0);

	elfgen_insn(obj.elf, xdp, BPFL_CODE_LD_IMM64, 1, 0, 0, 0);
	elfgen_insn(obj.elf, xdp, 0, 0, 0, 0, 0);
	elfgen_insn(obj.elf, xdp, BPFL_CODE_CALL, 0, calls ? BPFL_PSEUDO_CALL : 0, 0, calls ? -1 : 6);
	elfgen_insn(obj.elf, xdp, BPFL_CODE_EXIT, 0, 0, 0, 0);
	elfgen_symbol(obj.elf, "p", xdp, 0, 32, BPFL_STB_GLOBAL, BPFL_STT_FUNC);
	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64, symbol);
	if (calls)
		elfgen_reloc(obj.elf, xdp, 16, BPFL_R_BPF_64_32, symbol);
	return xdp;
}

START_TEST(configuration_values_share_a_map)
{
	start();
	uint32_t boolean = btfgen_int(&obj.btf, "bool", 1, BPFL_INT_BOOL);
	uint32_t text = btfgen_array(&obj.btf, obj.chr, obj.u32, 5);
	uint32_t tristate = btfgen_enum(&obj.btf, "libbpf_tristate", 4);

	btfgen_enumerator(&obj.btf, "TRI_NO", 0);
	kconfig("CONFIG_TEXT", text);
	kconfig("CONFIG_BOOL", boolean);
	kconfig("CONFIG_STATE", tristate);
	unsigned hz = kconfig("CONFIG_LONG", obj.u64);

	kconfig("CONFIG_HZ", obj.u32);
	program_using(hz, false);
	must_read();
	/* by alignment, then size, then name: LONG 0, HZ 8, STATE 12, BOOL 16, TEXT 17..22 */
	static const struct {
		const char *name;
		uint32_t byte_off, size;
	} places[] = { { "CONFIG_TEXT", 17, 5 }, { "CONFIG_BOOL", 16, 1 }, { "CONFIG_STATE", 12, 4 },
		       { "CONFIG_LONG", 0, 8 }, { "CONFIG_HZ", 8, 4 } };

	for (size_t i = 0; i < 5; i++) {
		const struct bpfl_extern *ext = &spec->externs.items[i];

		ck_assert_str_eq(ext->name, places[i].name);
		ck_assert_int_eq(ext->kind, BPFL_EXTERN_KCONFIG);
		ck_assert_uint_eq(ext->byte_off, places[i].byte_off);
		ck_assert_uint_eq(ext->size_bytes, places[i].size);
	}
	ck_assert_uint_eq(map_named(".kconfig")->value_size, 22);
	ck_assert_uint_eq(map_named(".kconfig")->flags, BPFL_F_RDONLY_PROG);
	ck_assert(map_named(".kconfig")->frozen);
	ck_assert_int_eq(spec->refs.items[0].kind, BPFL_REF_EXTERN);
	ck_assert_uint_eq(spec->refs.items[0].target_idx, 3);
	finish();
}
END_TEST

START_TEST(kernel_symbols_are_of_three_kinds)
{
	start();
	uint32_t nothing = btfgen_type(&obj.btf, BPFL_KIND_CONST, "", 0);
	uint32_t proto = btfgen_func_proto(&obj.btf, obj.u32);

	objgen_list(&obj, ".ksyms", "init_task", nothing, BPFL_LINKAGE_EXTERN, 0, 0);
	objgen_list(&obj, ".ksyms", "runqueues", obj.u64, BPFL_LINKAGE_EXTERN, 0, 0);
	objgen_list(&obj, ".ksyms", "unused", obj.u64, BPFL_LINKAGE_EXTERN, 0, 0);
	obj.listed[2].btf_id = btfgen_func(&obj.btf, "bpf_kfunc", proto, BPFL_LINKAGE_EXTERN);
	undefined("init_task", BPFL_STB_GLOBAL);
	undefined("runqueues", BPFL_STB_GLOBAL);
	program_using(undefined("bpf_kfunc", BPFL_STB_WEAK), true);
	must_read();
	ck_assert_uint_eq(spec->externs.nr, 3);
	ck_assert_int_eq(spec->externs.items[0].kind, BPFL_EXTERN_KSYM_TYPELESS);
	ck_assert_int_eq(spec->externs.items[1].kind, BPFL_EXTERN_KSYM_VAR);
	ck_assert_uint_eq(spec->externs.items[1].type_id, obj.u64);
	ck_assert_int_eq(spec->externs.items[2].kind, BPFL_EXTERN_KFUNC);
	ck_assert_uint_eq(spec->externs.items[2].type_id, proto);
	ck_assert(spec->externs.items[2].weak && !spec->externs.items[0].weak);
	ck_assert_uint_eq(spec->refs.nr, 2);
	finish();
}
END_TEST

START_TEST(a_configuration_value_of_a_wrong_type)
{
	start();
	kconfig("CONFIG_X", btfgen_ptr(&obj.btf, obj.u32));
	must_fail(EINVAL, "extern 'CONFIG_X': a configuration value cannot be of type");
	start();
	kconfig("CONFIG_Y", btfgen_struct(&obj.btf, "s", 4));
	must_fail(EINVAL, "extern 'CONFIG_Y': a configuration value cannot be of type 'struct s'");
}
END_TEST

START_TEST(a_configuration_value_of_gigabytes)
{
	start();
	kconfig("CONFIG_X", btfgen_array(&obj.btf, obj.chr, obj.u32, 0x80000000u));
	must_fail(EINVAL, "extern 'CONFIG_X': a configuration value has at most");
}
END_TEST

START_TEST(a_call_of_a_configuration_value)
{
	start();
	program_using(kconfig("CONFIG_X", obj.u32), true);
	must_fail(EINVAL, "calls extern 'CONFIG_X', which is no function");
}
END_TEST

START_TEST(a_function_declared_as_configuration)
{
	start();
	uint32_t proto = btfgen_func_proto(&obj.btf, obj.u32);

	kconfig("f", obj.u32);
	obj.listed[0].btf_id = btfgen_func(&obj.btf, "f", proto, BPFL_LINKAGE_EXTERN);
	must_fail(EINVAL, "extern 'f' is a function, but declared __kconfig");
}
END_TEST

START_TEST(a_struct_ops_variable_is_a_map_and_a_variable)
{
	start();
	uint32_t type = btfgen_struct(&obj.btf, "tcp_congestion_ops", 16);

	variable("my_ops", data_section(".struct_ops.link", "1234567812345678", 16), 0, 16);
	objgen_list(&obj, ".struct_ops.link", "my_ops", type, BPFL_LINKAGE_GLOBAL, 0, 16);
	must_read();
	ck_assert_int_eq(map_named("my_ops")->origin, BPFL_MAP_STRUCT_OPS);
	ck_assert_uint_eq(map_named("my_ops")->type, BPFL_MAP_TYPE_STRUCT_OPS);
	ck_assert_uint_eq(map_named("my_ops")->value_type_id, type);
	ck_assert_uint_eq(map_named("my_ops")->flags, BPFL_F_LINK);
	ck_assert(!map_named("my_ops")->unselected);
	ck_assert_uint_eq(spec->vars.nr, 1);
	ck_assert_str_eq(spec->vars.items[0].name, "my_ops");
	ck_assert_uint_eq(spec->vars.items[0].byte_off, 0);
	ck_assert_uint_eq(spec->vars.items[0].type_id, type);
	finish();
}
END_TEST

/* A struct with two pointers, of which the second is relocated to a program of SEC(section). */
static void struct_ops_with_program(const char *section, const char *prog_section)
{
	start();
	uint32_t proto = btfgen_func_proto(&obj.btf, 0), pointer = btfgen_ptr(&obj.btf, proto);
	uint32_t type = btfgen_struct(&obj.btf, "ops", 16);
	static const uint8_t exit_insns[16] = { 0xb7, [8] = 0x95 };
	unsigned code, func;

	btfgen_member(&obj.btf, "first", pointer, 0);
	btfgen_member(&obj.btf, "second", pointer, 64);
	code = elfgen_section(obj.elf, prog_section, BPFL_SHT_PROGBITS, ELFGEN_CODE, exit_insns, sizeof(exit_insns));
	func = elfgen_symbol(obj.elf, "implementation", code, 0, 16, BPFL_STB_GLOBAL, BPFL_STT_FUNC);
	unsigned data = data_section(section, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	variable("my_ops", data, 0, 16);
	objgen_list(&obj, section, "my_ops", type, BPFL_LINKAGE_GLOBAL, 0, 16);
	elfgen_reloc(obj.elf, data, 8, BPFL_R_BPF_64_ABS64, func);
}

START_TEST(a_member_of_struct_ops_is_a_program)
{
	struct_ops_with_program(".struct_ops", "?struct_ops");
	must_read();
	const struct bpfl_map_spec *map = map_named("my_ops");

	ck_assert_uint_eq(map->flags, 0);
	ck_assert_uint_eq(map->ops.nr, 1);
	ck_assert_uint_eq(map->ops.items[0].byte_off, 8);
	ck_assert_uint_eq(map->ops.items[0].prog_idx, 0);
	ck_assert_str_eq(bpfl_spec_ops_member_name(spec, map, 8), "second");
	ck_assert(spec->progs.items[0].optional);
	ck_assert(spec->progs.items[0].selected); /* the struct wants it */

	CHECK_OK(bpfl_spec_struct_ops_set(spec, "my_ops", "first", "implementation", &err), err);
	ck_assert_uint_eq(map->ops.nr, 2);
	CHECK_OK(bpfl_spec_struct_ops_set(spec, "my_ops", "second", NULL, &err), err);
	ck_assert_uint_eq(map->ops.nr, 1);
	ck_assert_uint_eq(map->ops.items[0].byte_off, 0);
	CHECK_FAILS(bpfl_spec_struct_ops_set(spec, "my_ops", "third", NULL, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "no member 'third'");
	bpfl_error_clear(&err);
	CHECK_FAILS(bpfl_spec_struct_ops_set(spec, "my_op", "first", NULL, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "'my_op'");
	CHECK_HAS(err.fix, "'my_ops'");
	finish();
}
END_TEST

START_TEST(an_optional_struct_ops_is_made_on_request)
{
	struct_ops_with_program("?.struct_ops.link", "?struct_ops");
	must_read();
	const struct bpfl_map_spec *map = map_named("my_ops");

	ck_assert_uint_eq(map->flags, BPFL_F_LINK);
	ck_assert(map->unselected);
	ck_assert(!spec->progs.items[0].selected);
	CHECK_OK(bpfl_spec_struct_ops_select(spec, "my_ops", true, &err), err);
	ck_assert(!map->unselected);
	ck_assert(spec->progs.items[0].selected);
	finish();
}
END_TEST

START_TEST(a_member_that_is_no_program)
{
	struct_ops_with_program(".struct_ops", ".text");
	must_fail(EINVAL, "function 'implementation' is not an entry program");
}
END_TEST

int main(void)
{
	const TTest *sections[] = { a_missing_license_is_noted, a_license_may_lack_its_nul, the_version_is_read,
				    a_version_of_two_bytes, unknown_sections_are_noted_and_debug_is_not,
				    an_old_gcc_is_warned_of, notes_reach_the_listener, a_struct_ops_variable_is_a_map_and_a_variable,
				    a_member_of_struct_ops_is_a_program, an_optional_struct_ops_is_made_on_request,
				    a_member_that_is_no_program };
	const TTest *data[] = { each_data_section_is_a_map, variables_get_places_from_symbols_and_types_from_btf,
				variables_per_cpu_are_in_an_array_per_cpu, private_variables_make_no_map_shareable, static_variables_without_symbols_come_from_btf,
				a_constant_filed_under_another_section, static_variables_of_one_name,
				a_variable_behind_its_section, a_type_larger_than_the_variable, a_list_of_other_things,
				a_bss_of_exabytes, a_bss_that_no_map_can_hold, rodata_without_contents };
	const TTest *pointers[] = { a_pointer_in_data_is_named, a_pointer_outside_variables_is_named_by_place,
				    many_pointers_make_few_notes, a_code_relocation_in_data };
	const TTest *externs[] = { configuration_values_share_a_map, kernel_symbols_are_of_three_kinds,
				   a_configuration_value_of_a_wrong_type, a_configuration_value_of_gigabytes,
				   a_call_of_a_configuration_value, a_function_declared_as_configuration };
	Suite *suite = BPFL_TEST_SUITE("spec/data", sections);

	BPFL_TEST_ADD_CASE(suite, "data", data);
	BPFL_TEST_ADD_CASE(suite, "pointers", pointers);
	BPFL_TEST_ADD_CASE(suite, "externs", externs);
	return bpfl_test_main(suite);
}
