/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/elf: good objects are read as they are, broken ones are refused with a text of their own.
 *
 * Every broken object is the same small good one with one thing changed. A sweep at the end changes everything,
 * one bit at a time.
 */
#include "elf/elf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "elfgen.h"
#include "harness.h"

#define NAME "t.o"

/* Indices in the small object. */
enum { XDP = 3, LICENSE, BSS, RELXDP };
enum { SYM_PASS = 1, SYM_LICENSE, SYM_COUNT };

static struct elfgen *small_object(enum elfgen_order order)
{
	struct elfgen *gen = elfgen_new(order);
	unsigned license, bss;

	elfgen_program(gen, "xdp", "pass", 2);
	license = elfgen_section(gen, "license", BPFL_SHT_PROGBITS, ELFGEN_DATA, "GPL", 4);
	bss = elfgen_section(gen, ".bss", BPFL_SHT_NOBITS, ELFGEN_DATA, NULL, 64);
	elfgen_symbol(gen, "LICENSE", license, 0, 4, BPFL_STB_GLOBAL, BPFL_STT_OBJECT);
	elfgen_symbol(gen, "count", bss, 8, 8, BPFL_STB_LOCAL, BPFL_STT_OBJECT);
	elfgen_reloc(gen, XDP, 8, BPFL_R_BPF_64_64, SYM_COUNT);
	return gen;
}

static int read_gen(struct elfgen *gen, struct bpfl_elf **ret_elf, struct bpfl_error *err)
{
	size_t size;
	uint8_t *bytes = elfgen_finish(gen, &size);
	int ret = bpfl_elf_read(bytes, size, NAME, ret_elf, err);

	free(bytes);
	return ret;
}

/* The relocations of a section, or NULL. */
static const struct bpfl_elf_reloc_table *relocs_of(const struct bpfl_elf *elf, uint32_t section_idx)
{
	uint32_t nth = elf->sections[section_idx].reloc_table;

	return nth ? &elf->reloc_tables[nth - 1] : NULL;
}

/* ---- what must be read ---- */

static void check_small_object(const struct bpfl_elf *elf)
{
	const struct bpfl_elf_reloc_table *table = relocs_of(elf, XDP);
	const struct bpfl_elf_section *xdp = &elf->sections[XDP];

	ck_assert_uint_eq(elf->nr_sections, 7);
	ck_assert_str_eq(xdp->name, "xdp");
	ck_assert_uint_eq(xdp->size, 16);
	ck_assert_uint_eq(xdp->flags, ELFGEN_CODE);
	ck_assert_uint_eq(xdp->data[0], BPFL_CODE_MOV64_K);
	ck_assert_uint_eq(xdp->data[8], BPFL_CODE_EXIT);
	ck_assert_uint_eq(elf->sections[BSS].size, 64);
	ck_assert_ptr_null(elf->sections[BSS].data);
	ck_assert_mem_eq(elf->sections[LICENSE].data, "GPL", 4);
	ck_assert_uint_eq(elf->nr_symbols, 4);
	ck_assert_str_eq(elf->symbols[SYM_PASS].name, "pass");
	ck_assert_uint_eq(elf->symbols[SYM_PASS].type, BPFL_STT_FUNC);
	ck_assert_uint_eq(elf->symbols[SYM_PASS].bind, BPFL_STB_GLOBAL);
	ck_assert_uint_eq(elf->symbols[SYM_COUNT].section_idx, BSS);
	ck_assert_uint_eq(elf->symbols[SYM_COUNT].value, 8);
	ck_assert_uint_eq(elf->symbols[SYM_COUNT].bind, BPFL_STB_LOCAL);
	ck_assert_ptr_nonnull(table);
	ck_assert_uint_eq(table->section_idx, RELXDP);
	ck_assert_uint_eq(table->nr_relocs, 1);
	ck_assert_uint_eq(table->relocs[0].byte_off, 8);
	ck_assert_uint_eq(table->relocs[0].type, BPFL_R_BPF_64_64);
	ck_assert_uint_eq(table->relocs[0].symbol_idx, SYM_COUNT);
	ck_assert_ptr_null(relocs_of(elf, LICENSE));
}

START_TEST(a_native_object_is_read)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_elf *elf = NULL;

	CHECK_OK(read_gen(small_object(ELFGEN_NATIVE), &elf, &err), err);
	ck_assert(!elf->swap);
	ck_assert_uint_eq(elf->machine, 247);
	ck_assert_str_eq(elf->name, NAME);
	check_small_object(elf);
	bpfl_elf_destroy(elf);
}
END_TEST

START_TEST(a_foreign_object_reads_the_same)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_elf *elf = NULL;

	CHECK_OK(read_gen(small_object(ELFGEN_FOREIGN), &elf, &err), err);
	ck_assert(elf->swap);
	ck_assert(elf->big_endian == (ELFGEN_FOREIGN == ELFGEN_BIG));
	check_small_object(elf);
	bpfl_elf_destroy(elf);
}
END_TEST

START_TEST(the_bytes_of_the_caller_stay_as_they_are_and_are_not_needed_later)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_elf *elf = NULL;
	size_t size;
	uint8_t *bytes = elfgen_finish(small_object(ELFGEN_FOREIGN), &size);
	uint8_t *copy = malloc(size);

	memcpy(copy, bytes, size);
	CHECK_OK(bpfl_elf_read(bytes, size, NAME, &elf, &err), err);
	ck_assert_mem_eq(bytes, copy, size);
	memset(bytes, 0xaa, size);
	free(bytes);
	free(copy);
	check_small_object(elf);
	bpfl_elf_destroy(elf);
}
END_TEST

START_TEST(a_section_table_at_an_odd_offset_is_read)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_elf *elf = NULL;
	size_t size, table_size = 7 * 64;
	uint8_t *bytes = elfgen_finish(small_object(ELFGEN_LITTLE), &size);
	size_t table = size - table_size;

	bytes = realloc(bytes, size + 1);
	memmove(bytes + table + 1, bytes + table, table_size);
	elfgen_put(bytes + 40, ELFGEN_LITTLE, 8, table + 1);
	CHECK_OK(bpfl_elf_read(bytes, size + 1, NAME, &elf, &err), err);
	check_small_object(elf);
	bpfl_elf_destroy(elf);
	free(bytes);
}
END_TEST

START_TEST(a_section_count_in_section_0_is_read)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_elf *elf = NULL;
	struct elfgen *gen = small_object(ELFGEN_NATIVE);

	elfgen_patch_ehdr(gen, ELFGEN_E_SHNUM, 0);
	elfgen_patch_shdr(gen, 0, ELFGEN_SH_SIZE, 7);
	elfgen_patch_ehdr(gen, ELFGEN_E_SHSTRNDX, 0xffff);
	elfgen_patch_shdr(gen, 0, ELFGEN_SH_LINK, ELFGEN_STRTAB);
	CHECK_OK(read_gen(gen, &elf, &err), err);
	check_small_object(elf);
	bpfl_elf_destroy(elf);
}
END_TEST

/* LLVM before 3.9 left the machine 0. */
START_TEST(a_machine_of_none_is_accepted)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_elf *elf = NULL;
	struct elfgen *gen = small_object(ELFGEN_NATIVE);

	elfgen_patch_ehdr(gen, ELFGEN_E_MACHINE, 0);
	CHECK_OK(read_gen(gen, &elf, &err), err);
	ck_assert_uint_eq(elf->machine, 0);
	check_small_object(elf);
	bpfl_elf_destroy(elf);
}
END_TEST

START_TEST(what_is_odd_but_harmless_is_accepted)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_elf *elf = NULL;
	struct elfgen *gen = small_object(ELFGEN_NATIVE);
	unsigned twin = elfgen_program(gen, "xdp", "pass", 1), debug, empty, huge, note;

	empty = elfgen_section(gen, "empty", BPFL_SHT_PROGBITS, 0, NULL, 0);
	huge = elfgen_section(gen, ".huge", BPFL_SHT_NOBITS, ELFGEN_DATA, NULL, 0);
	elfgen_patch_shdr(gen, huge, ELFGEN_SH_SIZE, UINT64_MAX);
	elfgen_patch_shdr(gen, huge, ELFGEN_SH_OFFSET, UINT64_MAX);
	note = elfgen_section(gen, "", 0x6fffffff, 0, "x", 1);
	debug = elfgen_section(gen, ".debug_info", BPFL_SHT_PROGBITS, BPFL_SHF_COMPRESSED, "zzzzzzzz", 8);
	elfgen_symbol(gen, "far", debug, 4096, 8, BPFL_STB_LOCAL, BPFL_STT_NOTYPE);
	elfgen_reloc(gen, debug, 4096, BPFL_R_BPF_64_ABS32, 1);
	elfgen_symbol(gen, "end", XDP, 16, 0, BPFL_STB_LOCAL, BPFL_STT_NOTYPE);
	elfgen_symbol(gen, "common", BPFL_SHN_COMMON, 1 << 20, 1 << 20, BPFL_STB_GLOBAL, BPFL_STT_OBJECT);
	elfgen_symbol(gen, "t.c", BPFL_SHN_ABS, UINT64_MAX, 1, BPFL_STB_LOCAL, BPFL_STT_FILE);
	elfgen_reloc(gen, XDP, 0, 77, 0);
	CHECK_OK(read_gen(gen, &elf, &err), err);
	ck_assert_str_eq(elf->sections[XDP].name, "xdp");
	ck_assert_str_eq(elf->sections[twin].name, "xdp");
	ck_assert_ptr_null(elf->sections[empty].data);
	ck_assert_ptr_null(elf->sections[debug].data);
	ck_assert_ptr_null(relocs_of(elf, debug));
	ck_assert_uint_eq(elf->sections[huge].size, UINT64_MAX);
	ck_assert_uint_eq(elf->sections[note].type, 0x6fffffff);
	ck_assert_uint_eq(relocs_of(elf, XDP)->relocs[1].type, 77);
	bpfl_elf_destroy(elf);
}
END_TEST

START_TEST(visibility_is_read)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_elf *elf = NULL;
	struct elfgen *gen = small_object(ELFGEN_NATIVE);

	elfgen_visibility(gen, SYM_PASS, BPFL_STV_HIDDEN);
	CHECK_OK(read_gen(gen, &elf, &err), err);
	ck_assert_uint_eq(elf->symbols[SYM_PASS].visibility, BPFL_STV_HIDDEN);
	bpfl_elf_destroy(elf);
}
END_TEST

START_TEST(a_string_table_at_the_very_end_is_read)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_elf *elf = NULL;
	struct elfgen *gen = small_object(ELFGEN_LITTLE);
	size_t size;
	uint8_t *bytes, *table;
	uint64_t off = 0, len = 0;

	bytes = elfgen_finish(gen, &size);
	table = bytes + size - 7 * 64 + 64 * ELFGEN_STRTAB;
	memcpy(&off, table + 24, 8);
	memcpy(&len, table + 32, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	off = __builtin_bswap64(off);
	len = __builtin_bswap64(len);
#endif
	elfgen_put(table + 24, ELFGEN_LITTLE, 8, size);
	bytes = realloc(bytes, size + len);
	memcpy(bytes + size, bytes + off, len);
	memset(bytes + off, 'x', len);
	CHECK_OK(bpfl_elf_read(bytes, size + len, NAME, &elf, &err), err);
	check_small_object(elf);
	bpfl_elf_destroy(elf);
	free(bytes);
}
END_TEST

START_TEST(destroying_nothing_is_fine)
{
	bpfl_elf_destroy(NULL);
	ck_assert_int_eq(bpfl_elf_read("", 0, NAME, &(struct bpfl_elf *){ NULL }, NULL), -ENOEXEC);
}
END_TEST

/* ---- what must be refused ---- */

static void shnum_0_huge(struct elfgen *gen)
{
	elfgen_patch_ehdr(gen, ELFGEN_E_SHNUM, 0);
	elfgen_patch_shdr(gen, 0, ELFGEN_SH_SIZE, UINT64_C(1) << 58);
}

static void shnum_0_far(struct elfgen *gen)
{
	elfgen_patch_ehdr(gen, ELFGEN_E_SHNUM, 0);
	elfgen_patch_shdr(gen, 0, ELFGEN_SH_SIZE, 60000);
}

static void shstrndx_extended_far(struct elfgen *gen)
{
	elfgen_patch_ehdr(gen, ELFGEN_E_SHSTRNDX, 0xffff);
	elfgen_patch_shdr(gen, 0, ELFGEN_SH_LINK, 0x7fffffff);
}

static void strtab_without_nul(struct elfgen *gen) { elfgen_append(gen, ELFGEN_STRTAB, "endless", 7); }

static void code_compressed(struct elfgen *gen)
{
	elfgen_patch_shdr(gen, XDP, ELFGEN_SH_FLAGS, ELFGEN_CODE | BPFL_SHF_COMPRESSED);
}

static void symtab_compressed_as_debug(struct elfgen *gen)
{
	elfgen_section(gen, ".debug_x", BPFL_SHT_SYMTAB, BPFL_SHF_COMPRESSED, "zzzzzzzz", 8);
	elfgen_patch_shdr(gen, ELFGEN_SYMTAB, ELFGEN_SH_TYPE, BPFL_SHT_PROGBITS);
}

static void code_compressed_as_debug(struct elfgen *gen)
{
	elfgen_section(gen, ".debug_code", BPFL_SHT_PROGBITS, ELFGEN_CODE | BPFL_SHF_COMPRESSED, "zzzzzzzz", 8);
}

static void stripped(struct elfgen *gen)
{
	elfgen_patch_shdr(gen, ELFGEN_SYMTAB, ELFGEN_SH_TYPE, BPFL_SHT_PROGBITS);
}

static void two_symtabs(struct elfgen *gen) { elfgen_section(gen, ".symtab2", BPFL_SHT_SYMTAB, 0, NULL, 24); }

static void symbol_strtab_without_nul(struct elfgen *gen)
{
	unsigned other = elfgen_section(gen, ".strtab2", BPFL_SHT_STRTAB, 0, "abcdefgh", 8);

	elfgen_patch_shdr(gen, ELFGEN_SYMTAB, ELFGEN_SH_LINK, other);
}

static void rel_twice(struct elfgen *gen)
{
	elfgen_reloc(gen, LICENSE, 0, BPFL_R_BPF_64_ABS32, SYM_PASS);
	elfgen_patch_shdr(gen, elfgen_reloc_section(gen, LICENSE), ELFGEN_SH_INFO, XDP);
}

static void rela(struct elfgen *gen) { elfgen_section(gen, ".relaxdp", BPFL_SHT_RELA, 0, NULL, 24); }

/* Forty tables over the same 2048 zeroes of section "big": more relocations than the file has room for. */
static void rel_overlapping(struct elfgen *gen)
{
	elfgen_section(gen, "big", BPFL_SHT_PROGBITS, ELFGEN_DATA, NULL, 4096);
	for (unsigned i = 0; i < 40; i++) {
		unsigned data = elfgen_section(gen, "d", BPFL_SHT_PROGBITS, ELFGEN_DATA, NULL, 8);

		elfgen_reloc(gen, data, 0, BPFL_R_BPF_64_ABS64, SYM_PASS);
		elfgen_patch_shdr(gen, elfgen_reloc_section(gen, data), ELFGEN_SH_SIZE, 2048);
		elfgen_patch_shdr(gen, elfgen_reloc_section(gen, data), ELFGEN_SH_OFFSET, 1024);
	}
}

/* Eighty symbols that share one name of 200,000 bytes. */
static void names_too_long(struct elfgen *gen)
{
	char *name = malloc(200001);
	unsigned first;

	memset(name, 'n', 200000);
	name[200000] = 0;
	first = elfgen_symbol(gen, name, XDP, 0, 0, BPFL_STB_LOCAL, BPFL_STT_NOTYPE);
	free(name);
	for (unsigned i = 1; i < 80; i++) {
		elfgen_symbol(gen, "", XDP, 0, 0, BPFL_STB_LOCAL, BPFL_STT_NOTYPE);
		elfgen_patch_sym(gen, first + i, ELFGEN_ST_NAME, 100);
	}
}

static void hostile_name(struct elfgen *gen)
{
	unsigned section = elfgen_section(gen, "\033[2Jgone\n", BPFL_SHT_PROGBITS, 0, "x", 1);

	elfgen_patch_shdr(gen, section, ELFGEN_SH_ADDRALIGN, 6);
}

/* What is broken: one field of a header, or what a function does. */
enum { OF_EHDR, OF_SHDR, OF_SYM, OF_REL };
#define EHDR(field, value) NULL, OF_EHDR, 0, ELFGEN_##field, value
#define SHDR(section, field, value) NULL, OF_SHDR, section, ELFGEN_##field, value
#define SYM(field, value) NULL, OF_SYM, SYM_PASS, ELFGEN_##field, value
#define REL(field, value) NULL, OF_REL, XDP, ELFGEN_##field, value
#define BY(function) function, 0, 0, 0, 0

static const struct {
	void (*break_it)(struct elfgen *gen); /* NULL: the field of the record idx gets the value */
	unsigned of, idx, field;
	uint64_t value;
	int errnum;
	const char *text; /* the whole message behind "t.o: "; its end may be left out */
} broken[] = {
	{ EHDR(E_SHOFF, 0), EINVAL, "no section header table" },
	{ EHDR(E_SHOFF, 1 << 20), EINVAL, "section header table at 0x100000 lies outside the file (" },
	{ EHDR(E_SHOFF, UINT64_MAX - 8), EINVAL, "section header table at 0xfffffffffffffff7 lies outside the file (" },
	{ EHDR(E_SHENTSIZE, 40), EINVAL, "section headers of 40 bytes (e_shentsize), expected 64" },
	{ EHDR(E_SHENTSIZE, 0), EINVAL, "section headers of 0 bytes (e_shentsize), expected 64" },
	{ EHDR(E_SHNUM, 0xfe00), EINVAL, "65024 section headers at 0x" },
	{ EHDR(E_SHNUM, 0xff01), EINVAL, "65281 section headers, expected 1 to 65279" },
	{ EHDR(E_SHNUM, 0), EINVAL, "0 section headers, expected 1 to 65279" },
	{ BY(shnum_0_huge), EINVAL, "288230376151711744 section headers, expected 1 to 65279" },
	{ BY(shnum_0_far), EINVAL, "60000 section headers at 0x" },
	{ EHDR(E_SHSTRNDX, 0), EINVAL, "string table of the section names: section index 0 out of range (have 7)" },
	{ EHDR(E_SHSTRNDX, 200), EINVAL, "string table of the section names: section index 200 out of range (have 7)" },
	{ EHDR(E_SHSTRNDX, XDP), EINVAL, "string table of the section names: section 3 has type 1, expected 3 (STRTAB)" },
	{ BY(shstrndx_extended_far), EINVAL,
	  "string table of the section names: section index 2147483647 out of range (have 7)" },
	{ SHDR(ELFGEN_STRTAB, SH_SIZE, 0), EINVAL, "string table of the section names is empty" },
	{ SHDR(ELFGEN_STRTAB, SH_OFFSET, 1 << 30), EINVAL, "string table of the section names: " },
	{ BY(strtab_without_nul), EINVAL, "string table of the section names does not end in a NUL" },
	{ SHDR(ELFGEN_STRTAB, SH_FLAGS, BPFL_SHF_COMPRESSED), EINVAL, "string table of the section names is compressed" },
	{ SHDR(XDP, SH_NAME, 0x1000), EINVAL, "section 3: name at 0x1000 lies outside its string table (" },
	{ SHDR(XDP, SH_OFFSET, 1 << 21), EINVAL, "section 'xdp': 16 bytes at 0x200000 lie outside the file (" },
	{ SHDR(XDP, SH_SIZE, 1 << 22), EINVAL, "section 'xdp': 4194304 bytes at 0x" },
	{ SHDR(LICENSE, SH_SIZE, UINT64_MAX - 15), EINVAL, "section 'license': 18446744073709551600 bytes at 0x" },
	{ SHDR(XDP, SH_ADDRALIGN, 3), EINVAL, "section 'xdp': alignment 3 is not a power of two" },
	{ BY(code_compressed), EOPNOTSUPP, "section 'xdp' is compressed" },
	{ SHDR(BSS, SH_FLAGS, BPFL_SHF_COMPRESSED), EOPNOTSUPP, "section '.bss' is compressed" },
	{ BY(symtab_compressed_as_debug), EOPNOTSUPP, "section '.debug_x' is compressed" },
	{ BY(code_compressed_as_debug), EOPNOTSUPP, "section '.debug_code' is compressed" },
	{ BY(stripped), ENOENT, "no symbol table: the object was stripped" },
	{ BY(two_symtabs), EINVAL, "two symbol tables (sections 2 and 7), expected one" },
	{ SHDR(ELFGEN_SYMTAB, SH_ENTSIZE, 0), EINVAL, "section '.symtab': entries of 0 bytes (sh_entsize), expected 24" },
	{ SHDR(ELFGEN_SYMTAB, SH_ENTSIZE, 16), EINVAL, "section '.symtab': entries of 16 bytes (sh_entsize), expected 24" },
	{ SHDR(ELFGEN_SYMTAB, SH_SIZE, 100 - 9), EINVAL, "section '.symtab': size 91 is not a multiple of its entry size 24" },
	{ SHDR(ELFGEN_SYMTAB, SH_SIZE, 0), EINVAL, "symbol table '.symtab' is empty" },
	{ SHDR(ELFGEN_SYMTAB, SH_LINK, 0), EINVAL, "string table of the symbols: section index 0 out of range (have 7)" },
	{ SHDR(ELFGEN_SYMTAB, SH_LINK, 500), EINVAL, "string table of the symbols: section index 500 out of range (have 7)" },
	{ SHDR(ELFGEN_SYMTAB, SH_LINK, XDP), EINVAL, "string table of the symbols: section 3 has type 1, expected 3 (STRTAB)" },
	{ BY(symbol_strtab_without_nul), EINVAL, "string table of the symbols does not end in a NUL" },
	{ SYM(ST_NAME, 0xffffffff), EINVAL, "symbol 1: name at 0xffffffff lies outside its string table (" },
	{ SYM(ST_SHNDX, 77), EINVAL, "symbol 1 'pass': section index 77 out of range (have 7)" },
	{ SYM(ST_SHNDX, 0xffff), EINVAL, "symbol 1 'pass': section index 65535 out of range (have 7)" },
	{ SYM(ST_VALUE, 0xffffffffffffffb8), EINVAL,
	  "symbol 1 'pass': 0x10 bytes at 0xffffffffffffffb8 lie outside section 'xdp' (0x10 bytes)" },
	{ SYM(ST_SIZE, 17), EINVAL, "symbol 1 'pass': 0x11 bytes at 0x0 lie outside section 'xdp' (0x10 bytes)" },
	{ SYM(ST_VALUE, 24), EINVAL, "symbol 1 'pass': 0x10 bytes at 0x18 lie outside section 'xdp' (0x10 bytes)" },
	{ SHDR(RELXDP, SH_LINK, LICENSE), EINVAL, "section '.relxdp': its symbol table is section 4 (sh_link), expected 2" },
	{ SHDR(RELXDP, SH_INFO, 0), EINVAL, "section '.relxdp': relocates section 0 (sh_info), out of range (have 7)" },
	{ SHDR(RELXDP, SH_INFO, 7), EINVAL, "section '.relxdp': relocates section 7 (sh_info), out of range (have 7)" },
	{ SHDR(RELXDP, SH_INFO, BSS), EINVAL, "section '.relxdp': relocates section '.bss', which has no bytes in the file" },
	{ SHDR(RELXDP, SH_ENTSIZE, 0), EINVAL, "section '.relxdp': entries of 0 bytes (sh_entsize), expected 16" },
	{ SHDR(RELXDP, SH_ENTSIZE, 24), EINVAL, "section '.relxdp': entries of 24 bytes (sh_entsize), expected 16" },
	{ SHDR(RELXDP, SH_SIZE, 15), EINVAL, "section '.relxdp': size 15 is not a multiple of its entry size 16" },
	{ REL(R_OFFSET, 16), EINVAL, "section 'xdp': relocation 0 at byte 0x10: outside the section (0x10 bytes)" },
	{ REL(R_OFFSET, UINT64_MAX), EINVAL,
	  "section 'xdp': relocation 0 at byte 0xffffffffffffffff: outside the section (0x10 bytes)" },
	{ REL(R_SYM, 9), EINVAL, "section 'xdp': relocation 0 at byte 0x8: symbol index 9 out of range (have 4)" },
	{ BY(rel_twice), EINVAL, "section '.rellicense': section 'xdp' has a relocation section already" },
	{ BY(rela), EINVAL, "section '.relaxdp': relocations with addends (RELA), BPF objects have REL" },
	{ BY(rel_overlapping), EINVAL, "section '.reld': relocation sections overlap" },
	{ BY(names_too_long), EINVAL, "symbol 25: the names are longer than a file of " },
	{ BY(hostile_name), EINVAL, "section '\\x1b[2Jgone\\n': alignment 6 is not a power of two" },
};
#define NR_BROKEN (sizeof(broken) / sizeof(broken[0]))

static void break_it(struct elfgen *gen, size_t i)
{
	unsigned idx = broken[i].idx, field = broken[i].field;
	uint64_t value = broken[i].value;

	if (broken[i].break_it)
		broken[i].break_it(gen);
	else if (broken[i].of == OF_EHDR)
		elfgen_patch_ehdr(gen, (enum elfgen_ehdr_field)field, value);
	else if (broken[i].of == OF_SHDR)
		elfgen_patch_shdr(gen, idx, (enum elfgen_shdr_field)field, value);
	else if (broken[i].of == OF_SYM)
		elfgen_patch_sym(gen, idx, (enum elfgen_sym_field)field, value);
	else
		elfgen_patch_rel(gen, idx, 0, (enum elfgen_rel_field)field, value);
}

static void check_broken(size_t i, enum elfgen_order order, char *ret_message)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct elfgen *gen = small_object(order);
	struct bpfl_elf *elf = NULL;
	size_t text_size = strlen(broken[i].text);
	int ret;

	break_it(gen, i);
	ret = read_gen(gen, &elf, &err);
	ck_assert_msg(ret < 0, "shape %zu (%s) was accepted", i, broken[i].text);
	ck_assert_ptr_null(elf);
	ck_assert_msg(ret == -broken[i].errnum && err.errnum == broken[i].errnum, "errno %d: %s", ret, err.message);
	ck_assert_int_eq(err.kind, BPFL_ERR_OBJECT);
	ck_assert_msg(strncmp(err.message, NAME ": ", 5) == 0 &&
			      strncmp(err.message + 5, broken[i].text, text_size) == 0,
		      "'%s' is not '%s'", err.message, broken[i].text);
	ck_assert_msg(err.fix[0] != 0, "no fix: %s", err.message);
	if (ret_message)
		strcpy(ret_message, err.message);
	bpfl_error_clear(&err);
}

START_TEST(a_broken_object_is_refused_with_its_own_text)
{
	check_broken((size_t)_i, ELFGEN_NATIVE, NULL);
	check_broken((size_t)_i, ELFGEN_FOREIGN, NULL);
}
END_TEST

START_TEST(no_two_broken_objects_give_the_same_text)
{
	static char messages[NR_BROKEN][BPFL_ERROR_TEXT_SIZE];

	ck_assert_uint_ge(NR_BROKEN, 35);
	for (size_t i = 0; i < NR_BROKEN; i++) {
		check_broken(i, ELFGEN_NATIVE, messages[i]);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(messages[i], messages[j]);
	}
}
END_TEST

START_TEST(a_stripped_object_gets_advice)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct elfgen *gen = small_object(ELFGEN_NATIVE);
	struct bpfl_elf *elf = NULL;

	stripped(gen);
	ck_assert_int_eq(read_gen(gen, &elf, &err), -ENOENT);
	ck_assert_str_eq(err.message, NAME ": no symbol table: the object was stripped");
	CHECK_HAS(err.why, "none of its 6 sections is a symbol table");
	CHECK_HAS(err.fix, "llvm-strip -g");
}
END_TEST

START_TEST(a_compressed_section_gets_advice)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct elfgen *gen = small_object(ELFGEN_NATIVE);
	struct bpfl_elf *elf = NULL;

	code_compressed(gen);
	ck_assert_int_eq(read_gen(gen, &elf, &err), -EOPNOTSUPP);
	CHECK_HAS(err.why, "SHF_COMPRESSED");
	CHECK_HAS(err.fix, "-gz");
}
END_TEST

/* ---- the sweep ---- */

/* Touches everything that the header promises, so that a sanitizer sees a promise broken. */
static unsigned long long touch(const struct bpfl_elf *elf)
{
	unsigned long long sum = 0;
	struct bpfl_buf out = BPFL_BUF_INIT;

	for (size_t i = 0; i < elf->nr_sections; i++) {
		const struct bpfl_elf_section *section = &elf->sections[i];

		sum += strlen(section->name);
		for (uint64_t j = 0; section->data && j < section->size; j++)
			sum += section->data[j];
	}
	for (size_t i = 0; i < elf->nr_symbols; i++) {
		const struct bpfl_elf_symbol *symbol = &elf->symbols[i];

		sum += strlen(symbol->name);
		if (symbol->section_idx < elf->nr_sections)
			sum += elf->sections[symbol->section_idx].size;
	}
	for (size_t i = 0; i < elf->nr_reloc_tables; i++) {
		const struct bpfl_elf_reloc_table *table = &elf->reloc_tables[i];
		const struct bpfl_elf_section *target = &elf->sections[table->target_section_idx];

		for (size_t j = 0; j < table->nr_relocs; j++)
			sum += target->data[table->relocs[j].byte_off] + elf->symbols[table->relocs[j].symbol_idx].type;
	}
	ck_assert_int_eq(bpfl_elf_print(elf, BPFL_FORMAT_TEXT, &out), 0);
	ck_assert_int_eq(bpfl_elf_print(elf, BPFL_FORMAT_JSON, &out), 0);
	sum += out.size;
	bpfl_buf_deinit(&out);
	return sum;
}

/* Reads bytes that may be anything. Returns whether they were accepted. */
static bool read_anything(const uint8_t *bytes, size_t size)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_elf *elf = NULL;
	int ret = bpfl_elf_read(bytes, size, NAME, &elf, &err);

	if (ret == 0) {
		ck_assert_ptr_nonnull(elf);
		touch(elf);
	} else {
		ck_assert_msg(ret < 0 && err.message[0] && err.errnum == -ret, "%d without an error", ret);
		ck_assert_ptr_null(elf);
	}
	bpfl_elf_destroy(elf);
	bpfl_error_clear(&err);
	return ret == 0;
}

START_TEST(every_truncation_is_refused)
{
	size_t size;
	uint8_t *bytes = elfgen_finish(small_object(_i ? ELFGEN_BIG : ELFGEN_LITTLE), &size);

	ck_assert(read_anything(bytes, size));
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *shorter = malloc(cut ? cut : 1); /* of its own, so that a sanitizer knows its end */

		memcpy(shorter, bytes, cut);
		ck_assert_msg(!read_anything(shorter, cut), "accepted when cut to %zu of %zu bytes", cut, size);
		free(shorter);
	}
	free(bytes);
}
END_TEST

START_TEST(every_flipped_bit_is_survived)
{
	size_t size, nr_accepted = 0;
	uint8_t *bytes = elfgen_finish(small_object(_i ? ELFGEN_BIG : ELFGEN_LITTLE), &size);

	for (size_t bit = 0; bit < size * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		nr_accepted += read_anything(bytes, size);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	/* code, data and names may be anything; headers may not */
	ck_assert_uint_gt(nr_accepted, size);
	ck_assert_uint_lt(nr_accepted, size * 8);
	free(bytes);
}
END_TEST

/* Each byte of the headers set to the values that break arithmetic. */
START_TEST(every_extreme_byte_is_survived)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	size_t size;
	uint8_t *bytes = elfgen_finish(small_object(_i ? ELFGEN_BIG : ELFGEN_LITTLE), &size);

	for (size_t at = 0; at < size; at++) {
		uint8_t before = bytes[at];

		for (size_t i = 0; i < sizeof(values); i++) {
			bytes[at] = values[i];
			read_anything(bytes, size);
		}
		bytes[at] = before;
	}
	free(bytes);
}
END_TEST

int main(void)
{
	const TTest *good[] = {
		a_native_object_is_read,
		a_foreign_object_reads_the_same,
		the_bytes_of_the_caller_stay_as_they_are_and_are_not_needed_later,
		a_section_table_at_an_odd_offset_is_read,
		a_section_count_in_section_0_is_read,
		a_machine_of_none_is_accepted,
		what_is_odd_but_harmless_is_accepted,
		visibility_is_read,
		a_string_table_at_the_very_end_is_read,
		destroying_nothing_is_fine,
	};
	const TTest *advice[] = {
		no_two_broken_objects_give_the_same_text,
		a_stripped_object_gets_advice,
		a_compressed_section_gets_advice,
	};
	Suite *suite = BPFL_TEST_SUITE("elf", good);

	bpfl_test_add_loop(suite, "broken", a_broken_object_is_refused_with_its_own_text, NR_BROKEN);
	BPFL_TEST_ADD_CASE(suite, "advice", advice);
	bpfl_test_add_loop(suite, "truncations", every_truncation_is_refused, 2);
	bpfl_test_add_loop(suite, "bits", every_flipped_bit_is_survived, 2);
	bpfl_test_add_loop(suite, "bytes", every_extreme_byte_is_survived, 2);
	return bpfl_test_main(suite);
}
