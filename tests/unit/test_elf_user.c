/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Executables and libraries: functions by name, version and pattern, addresses to offsets, debug files, and
 * files that lie. The files are written here (tests/lib/usergen).
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "elf/elf.h"
#include "elf/user.h"
#include "fake_sys.h"
#include "sys/file.h"
#include "usergen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static char dir[] = "/tmp/bpfload-test-XXXXXX";
static char path[64], debug_path[96];

#define GLOBAL BPFL_STB_GLOBAL
#define WEAK BPFL_STB_WEAK
#define FUNC BPFL_STT_FUNC

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/binary", dir);
	snprintf(debug_path, sizeof(debug_path), "%s/.debug/binary.debug", dir);
}

static void cleanup(void)
{
	char sub[64];

	snprintf(sub, sizeof(sub), "%s/.debug", dir);
	unlink(path);
	unlink(debug_path);
	rmdir(sub);
	rmdir(dir);
	bpfl_error_clear(&err);
}

static struct usergen *gen_new(void)
{
	return usergen_new(true, ELFGEN_NATIVE, BPFL_EM_X86_64);
}

static void dynamic(struct usergen *gen, const char *name, uint64_t off, unsigned bind, unsigned version)
{
	usergen_symbol(gen, BPFL_SHT_DYNSYM, name, USERGEN_TEXT + off, 16, bind, FUNC, version);
}

static struct bpfl_user_elf *finish(struct usergen *gen)
{
	struct bpfl_user_elf *elf = NULL;

	usergen_finish(gen, path);
	CHECK_OK(bpfl_user_open(path, &elf, &err), err);
	return elf;
}

/* The offset in the code at which a function is. */
static uint64_t find(struct bpfl_user_elf *elf, const char *name)
{
	struct bpfl_user_func func;

	CHECK_OK(bpfl_user_find(elf, name, &func, &err), err);
	ck_assert_uint_eq(func.vaddr - USERGEN_TEXT, func.file_off - USERGEN_TEXT_OFF);
	return func.file_off - USERGEN_TEXT_OFF;
}

/* ---- every sort of file ---- */

static const struct {
	bool is_64;
	enum elfgen_order order;
	unsigned machine;
} sorts[] = {
	{ true, ELFGEN_LITTLE, BPFL_EM_X86_64 }, { true, ELFGEN_BIG, BPFL_EM_S390 }, { false, ELFGEN_LITTLE, BPFL_EM_386 },
	{ false, ELFGEN_BIG, 20 /* ppc */ },
};

START_TEST(a_function_is_found_in_files_of_all_machines)
{
	struct usergen *gen = usergen_new(sorts[_i].is_64, sorts[_i].order, sorts[_i].machine);
	struct bpfl_user_elf *elf;
	struct bpfl_user_func func;

	setup();
	dynamic(gen, "first", 0x10, GLOBAL, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "static_one", USERGEN_TEXT + 0x123, 77, BPFL_STB_LOCAL, FUNC, 0);
	elf = finish(gen);
	ck_assert_int_eq(elf->is_64, sorts[_i].is_64);
	ck_assert_uint_eq(elf->machine, sorts[_i].machine);
	ck_assert_uint_eq(bpfl_user_word(elf), sorts[_i].is_64 ? 8 : 4);
	ck_assert_uint_eq(find(elf, "first"), 0x10);
	CHECK_OK(bpfl_user_find(elf, "static_one", &func, &err), err);
	ck_assert_uint_eq(func.file_off, USERGEN_TEXT_OFF + 0x123);
	ck_assert_uint_eq(func.size, 77);
	ck_assert(!func.is_ifunc);
	bpfl_user_close(elf);
	cleanup();
}
END_TEST

/* ---- names ---- */

START_TEST(names_are_bytes)
{
	static const char *const names[] = {
		"main.(*T).f", "operator+",        "std::vector<int, std::allocator<int> >::at", "a b", "*", "f@",
		"x@y@z",       "\xc3\xa9t\xc3\xa9"
	};
	struct usergen *gen = gen_new();
	struct bpfl_user_elf *elf;

	setup();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		usergen_symbol(gen, BPFL_SHT_SYMTAB, names[i], USERGEN_TEXT + 0x100 + i, 1, GLOBAL, FUNC, 0);
	elf = finish(gen);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_uint_eq(find(elf, names[i]), 0x100 + i);
	bpfl_user_close(elf);
	cleanup();
}
END_TEST

START_TEST(a_version_chooses_and_the_default_one_is_meant)
{
	struct usergen *gen = gen_new();
	struct bpfl_user_elf *elf;
	struct bpfl_user_func func;

	setup();
	usergen_version(gen, 2, "LIB_1.0");
	usergen_version(gen, 3, "LIB_2.0");
	dynamic(gen, "copy", 0x10, GLOBAL, 2 | 0x8000);
	dynamic(gen, "copy", 0x20, GLOBAL, 3);
	elf = finish(gen);
	ck_assert_uint_eq(find(elf, "copy"), 0x20);
	ck_assert_uint_eq(find(elf, "copy@LIB_1.0"), 0x10);
	ck_assert_uint_eq(find(elf, "copy@LIB_2.0"), 0x20);
	ck_assert_uint_eq(find(elf, "copy@@LIB_2.0"), 0x20);
	CHECK_FAILS(bpfl_user_find(elf, "copy@@LIB_1.0", &func, &err), err, BPFL_ERR_TARGET, ENOENT, "copy@@LIB_1.0");
	CHECK_FAILS(bpfl_user_find(elf, "copy@LIB_9", &func, &err), err, BPFL_ERR_TARGET, ENOENT, "copy@LIB_9");
	CHECK_HAS(err.fix, "'copy@LIB_1.0', 'copy@@LIB_2.0'");
	bpfl_user_close(elf);
	cleanup();
}
END_TEST

START_TEST(a_version_may_stand_in_the_name)
{
	struct usergen *gen = gen_new();
	struct bpfl_user_elf *elf;

	setup();
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "copy@LIB_1", USERGEN_TEXT + 1, 1, GLOBAL, FUNC, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "copy@@LIB_2", USERGEN_TEXT + 2, 1, GLOBAL, FUNC, 0);
	elf = finish(gen);
	ck_assert_uint_eq(find(elf, "copy"), 2);
	ck_assert_uint_eq(find(elf, "copy@LIB_1"), 1);
	bpfl_user_close(elf);
	cleanup();
}
END_TEST

START_TEST(strong_beats_weak_and_two_strong_ones_are_told)
{
	struct usergen *gen = gen_new();
	struct bpfl_user_elf *elf;
	struct bpfl_user_func func;

	setup();
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "one", USERGEN_TEXT + 0x10, 1, WEAK, FUNC, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "one", USERGEN_TEXT + 0x20, 1, GLOBAL, FUNC, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "one", USERGEN_TEXT + 0x30, 1, WEAK, FUNC, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "two", USERGEN_TEXT + 0x40, 1, BPFL_STB_LOCAL, FUNC, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "two", USERGEN_TEXT + 0x50, 1, BPFL_STB_LOCAL, FUNC, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "same", USERGEN_TEXT + 0x60, 1, GLOBAL, FUNC, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "same", USERGEN_TEXT + 0x60, 1, GLOBAL, FUNC, 0);
	elf = finish(gen);
	ck_assert_uint_eq(find(elf, "one"), 0x20);
	ck_assert_uint_eq(find(elf, "same"), 0x60);
	CHECK_FAILS(bpfl_user_find(elf, "two", &func, &err), err, BPFL_ERR_TARGET, EEXIST, "2 functions 'two'");
	ck_assert_int_eq(err.catalogue_id, 23);
	CHECK_HAS(err.why, "0x1040, 0x1050");
	bpfl_user_close(elf);
	cleanup();
}
END_TEST

START_TEST(what_is_no_function_here_does_not_count)
{
	struct usergen *gen = gen_new();
	struct bpfl_user_elf *elf;
	struct bpfl_user_func func;

	setup();
	usergen_symbol(gen, BPFL_SHT_DYNSYM, "imported", 0, 0, GLOBAL, FUNC, 0);
	usergen_symbol(gen, BPFL_SHT_DYNSYM, "variable", USERGEN_DATA, 4, GLOBAL, BPFL_STT_OBJECT, 0);
	usergen_symbol(gen, BPFL_SHT_DYNSYM, "nowhere", 0x12345678, 4, GLOBAL, FUNC, 0);
	elf = finish(gen);
	CHECK_FAILS(bpfl_user_find(elf, "imported", &func, &err), err, BPFL_ERR_TARGET, ENOENT,
		    "no function 'imported'");
	CHECK_FAILS(bpfl_user_find(elf, "variable", &func, &err), err, BPFL_ERR_TARGET, ENOENT,
		    "no function 'variable'");
	CHECK_FAILS(bpfl_user_find(elf, "nowhere", &func, &err), err, BPFL_ERR_TARGET, ENOENT, "0x12345678");
	bpfl_user_close(elf);
	cleanup();
}
END_TEST

START_TEST(near_names_and_what_was_looked_at_are_told)
{
	struct usergen *gen = gen_new();
	struct bpfl_user_elf *elf;
	struct bpfl_user_func func;

	setup();
	dynamic(gen, "readline", 0x10, GLOBAL, 0);
	dynamic(gen, "rl_insert", 0x20, GLOBAL, 0);
	elf = finish(gen);
	CHECK_FAILS(bpfl_user_find(elf, "readlin", &func, &err), err, BPFL_ERR_TARGET, ENOENT, "no function 'readlin'");
	ck_assert_int_eq(err.catalogue_id, 23);
	CHECK_HAS(err.fix, "'readline'");
	CHECK_HAS(err.why, ".dynsym (2 functions)");
	CHECK_HAS(err.why, "stripped");
	CHECK_FAILS(bpfl_user_find(elf, "xyzzy", &func, &err), err, BPFL_ERR_TARGET, ENOENT, "no function 'xyzzy'");
	CHECK_HAS(err.fix, "debug symbols");
	bpfl_user_close(elf);
	cleanup();
}
END_TEST

START_TEST(a_pattern_takes_each_place_once)
{
	struct usergen *gen = gen_new();
	struct bpfl_user_elf *elf;
	struct bpfl_user_funcs funcs;

	setup();
	dynamic(gen, "get_b", 0x20, GLOBAL, 0);
	dynamic(gen, "get_alias", 0x20, GLOBAL, 0);
	dynamic(gen, "put", 0x30, GLOBAL, 0);
	usergen_symbol(gen, BPFL_SHT_DYNSYM, "get_best", USERGEN_TEXT + 0x40, 8, GLOBAL, BPFL_STT_GNU_IFUNC, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "get_a", USERGEN_TEXT + 0x10, 8, BPFL_STB_LOCAL, FUNC, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "get_b", USERGEN_TEXT + 0x20, 8, GLOBAL, FUNC, 0);
	elf = finish(gen);
	CHECK_OK(bpfl_user_glob(elf, "get_*", &funcs, &err), err);
	ck_assert_uint_eq(funcs.nr, 2);
	ck_assert_str_eq(funcs.items[0].name, "get_a");
	ck_assert_uint_eq(funcs.items[0].file_off, USERGEN_TEXT_OFF + 0x10);
	ck_assert_uint_eq(funcs.items[1].file_off, USERGEN_TEXT_OFF + 0x20);
	ck_assert_uint_eq(funcs.nr_ifuncs, 1);
	bpfl_user_funcs_deinit(&funcs);
	CHECK_FAILS(bpfl_user_glob(elf, "set_*", &funcs, &err), err, BPFL_ERR_TARGET, ENOENT, "'set_*'");
	bpfl_user_close(elf);
	cleanup();
}
END_TEST

START_TEST(an_indirect_function_is_known_as_one)
{
	struct usergen *gen = gen_new();
	struct bpfl_user_elf *elf;
	struct bpfl_user_func func;

	setup();
	usergen_symbol(gen, BPFL_SHT_DYNSYM, "strlen", USERGEN_TEXT + 0x40, 8, GLOBAL, BPFL_STT_GNU_IFUNC, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "__strlen_fast", USERGEN_TEXT + 0x80, 8, BPFL_STB_LOCAL, FUNC, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "__strlen_plain", USERGEN_TEXT + 0x90, 8, BPFL_STB_LOCAL, FUNC, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "__strlenx_no", USERGEN_TEXT + 0xa0, 8, BPFL_STB_LOCAL, FUNC, 0);
	elf = finish(gen);
	CHECK_OK(bpfl_user_find(elf, "strlen", &func, &err), err);
	ck_assert(func.is_ifunc);
	/* This process does not use the file. */
	CHECK_FAILS(bpfl_user_ifunc_resolve(elf, 0, "strlen", &func, &err), err, BPFL_ERR_TARGET, ENOENT,
		    "indirect function");
	CHECK_HAS(err.why, "__strlen_fast, __strlen_plain");
	CHECK_HAS_NOT(err.why, "__strlenx_no");
	bpfl_user_close(elf);
	cleanup();
}
END_TEST

/* ---- addresses ---- */

START_TEST(addresses_become_offsets_by_segment)
{
	struct bpfl_user_elf *elf;
	uint64_t off;

	setup();
	elf = finish(gen_new());
	ck_assert_int_eq(bpfl_user_file_off(elf, USERGEN_TEXT + 5, &off), 0);
	ck_assert_uint_eq(off, USERGEN_TEXT_OFF + 5);
	ck_assert_int_eq(bpfl_user_file_off(elf, USERGEN_DATA + USERGEN_SIZE - 1, &off), 0);
	ck_assert_uint_eq(off, USERGEN_DATA_OFF + USERGEN_SIZE - 1);
	ck_assert_int_eq(bpfl_user_file_off(elf, USERGEN_DATA + USERGEN_SIZE, &off), -ENOENT);
	ck_assert_int_eq(bpfl_user_file_off(elf, USERGEN_TEXT - 1, &off), -ENOENT);
	ck_assert_int_eq(bpfl_user_file_off(elf, 0, &off), -ENOENT);
	ck_assert_uint_eq(bpfl_user_segment_at(elf, USERGEN_TEXT_OFF)->flags & BPFL_PF_X, BPFL_PF_X);
	ck_assert_ptr_null(bpfl_user_segment_at(elf, 0));
	bpfl_user_close(elf);
	cleanup();
}
END_TEST

START_TEST(go_programs_are_known_by_their_tables)
{
	struct usergen *gen = gen_new();
	struct bpfl_user_elf *elf;

	setup();
	elf = finish(gen_new());
	ck_assert(!bpfl_user_is_go(elf));
	bpfl_user_close(elf);
	usergen_section(gen, ".gopclntab", 1, 0, "x", 1);
	elf = finish(gen);
	ck_assert(bpfl_user_is_go(elf));
	bpfl_user_close(elf);
	cleanup();
}
END_TEST

/* ---- separate debug files ---- */

/* CRC-32 as .gnu_debuglink has it, bit by bit. */
static uint32_t crc_of(const char *file_path)
{
	FILE *file = fopen(file_path, "re");
	uint32_t crc = 0xffffffffu;
	int c;

	while ((c = fgetc(file)) != EOF) {
		crc ^= (uint32_t)c;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	fclose(file);
	return ~crc;
}

static void make_debug_file(void)
{
	struct usergen *gen = gen_new();
	char sub[64];

	snprintf(sub, sizeof(sub), "%s/.debug", dir);
	ck_assert_int_eq(mkdir(sub, 0700), 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "hidden_one", USERGEN_TEXT + 0x77, 4, BPFL_STB_LOCAL, FUNC, 0);
	usergen_finish(gen, debug_path);
}

static struct bpfl_user_elf *binary_with_link(uint32_t crc)
{
	struct usergen *gen = gen_new();
	unsigned link = usergen_section(gen, ".gnu_debuglink", 1, 0, "binary.debug\0\0\0", 16);

	usergen_number(gen, link, 4, crc);
	dynamic(gen, "exported", 0x10, GLOBAL, 0);
	return finish(gen);
}

START_TEST(a_debug_file_beside_the_binary_has_the_rest)
{
	struct bpfl_user_elf *elf;
	struct bpfl_user_funcs funcs;
	struct bpfl_user_func func;

	setup();
	make_debug_file();
	elf = binary_with_link(crc_of(debug_path));
	ck_assert_uint_eq(find(elf, "exported"), 0x10);
	ck_assert_uint_eq(find(elf, "hidden_one"), 0x77);
	CHECK_OK(bpfl_user_glob(elf, "*_one", &funcs, &err), err);
	ck_assert_uint_eq(funcs.nr, 1);
	bpfl_user_funcs_deinit(&funcs);
	CHECK_FAILS(bpfl_user_find(elf, "hidden_two", &func, &err), err, BPFL_ERR_TARGET, ENOENT, "hidden_two");
	CHECK_HAS(err.why, debug_path);
	CHECK_HAS(err.fix, "'hidden_one'");
	bpfl_user_close(elf);
	cleanup();
}
END_TEST

START_TEST(a_debug_file_of_another_build_is_not_taken)
{
	struct bpfl_user_elf *elf;
	struct bpfl_user_func func;

	setup();
	make_debug_file();
	elf = binary_with_link(crc_of(debug_path) ^ 1);
	ck_assert_ptr_null(bpfl_user_debug(elf));
	CHECK_FAILS(bpfl_user_find(elf, "hidden_one", &func, &err), err, BPFL_ERR_TARGET, ENOENT, "hidden_one");
	bpfl_user_close(elf);
	cleanup();
}
END_TEST

static void build_id_note(struct usergen *gen, const char *id)
{
	unsigned note = usergen_section(gen, ".note.gnu.build-id", BPFL_SHT_NOTE, 0, NULL, 0);

	usergen_number(gen, note, 4, 4);
	usergen_number(gen, note, 4, 4);
	usergen_number(gen, note, 4, 3);
	usergen_append(gen, note, "GNU", 4);
	usergen_append(gen, note, id, 4);
}

/* The fake kernel shows the debug file at the place that the build-id says. */
START_TEST(a_debug_file_is_found_by_build_id)
{
	struct usergen *gen = gen_new();
	struct bpfl_user_elf *elf;

	setup();
	elf = finish(gen);
	bpfl_user_close(elf);
	gen = gen_new();
	build_id_note(gen, "\xab\xcd\xef\x01");
	elf = finish(gen);
	ck_assert_ptr_null(bpfl_user_debug(elf));
	ck_assert_uint_ge(fake_sys_count("openat"), 2);
	ck_assert_str_eq(fake_sys_nth("openat", fake_sys_count("openat") - 1)->path,
			 "/usr/lib/debug/.build-id/ab/cdef01.debug");
	bpfl_user_close(elf);
	cleanup();
}
END_TEST

/* ---- files that lie ---- */

/* Whatever is in the file: an error or an answer, and no fault. */
static void poke(void)
{
	struct bpfl_user_elf *elf = NULL;
	struct bpfl_user_funcs funcs;
	struct bpfl_user_func func;

	if (bpfl_user_open(path, &elf, &err) < 0) {
		ck_assert_str_ne(err.message, "");
		return;
	}
	if (bpfl_user_find(elf, "copy@LIB_1", &func, &err) == 0 && func.is_ifunc)
		bpfl_user_ifunc_resolve(elf, 0, "copy", &func, &err);
	if (bpfl_user_glob(elf, "c*", &funcs, &err) == 0)
		bpfl_user_funcs_deinit(&funcs);
	bpfl_user_debug(elf);
	bpfl_user_close(elf);
}

static uint8_t *rich_file(bool is_64, size_t *ret_size)
{
	struct usergen *gen = usergen_new(is_64, ELFGEN_NATIVE, BPFL_EM_X86_64);
	uint8_t *bytes;
	FILE *file;

	usergen_version(gen, 2, "LIB_1");
	dynamic(gen, "copy", 0x10, GLOBAL, 2);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "copy", USERGEN_TEXT + 0x20, 8, BPFL_STB_LOCAL, BPFL_STT_GNU_IFUNC, 0);
	usergen_section(gen, ".gnu_debuglink", 1, 0, "none\0\0\0\0\1\2\3\4", 12);
	build_id_note(gen, "\1\2\3\4");
	usergen_finish(gen, path);
	file = fopen(path, "re");
	bytes = malloc(65536);
	*ret_size = fread(bytes, 1, 65536, file);
	fclose(file);
	return bytes;
}

static void write_file(const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "we");

	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

/* What this very program needs: the C library is among it. Then each byte of its dynamic segment is turned. */
START_TEST(needs_of_a_program_are_read_and_damage_is_survived)
{
	struct bpfl_user_elf *elf = NULL;
	struct bpfl_user_needs needs = { 0 };
	const struct bpfl_user_segment *dynamic = NULL;
	bool found = false;
	uint8_t *bytes;
	size_t size;

	CHECK_OK(bpfl_user_open("/proc/self/exe", &elf, &err), err);
	CHECK_OK(bpfl_user_needs_read(elf, &needs, &err), err);
	for (size_t i = 0; i < needs.nr; i++)
		found |= strncmp(needs.names[i], "libc.", 5) == 0;
	bpfl_user_needs_deinit(&needs);
	for (size_t i = 0; i < elf->nr_segments; i++) {
		if (elf->segments[i].type == 2)
			dynamic = &elf->segments[i];
	}
	if (!dynamic) { /* linked statically, as in the virtual machines */
		bpfl_user_close(elf);
		return;
	}
	ck_assert(found);
	size = (size_t)elf->file_size;
	bytes = malloc(size);
	ck_assert_int_eq((int)(pread(elf->fd, bytes, size, 0) == (ssize_t)size), 1);
	for (uint64_t at = dynamic->off; at < dynamic->off + dynamic->file_size; at++) {
		struct bpfl_user_elf *bent = NULL;

		bytes[at] ^= 0xff;
		CHECK_OK(bpfl_user_open_bytes(bytes, size, "bent", &bent, &err), err);
		if (bpfl_user_needs_read(bent, &needs, NULL) == 0)
			bpfl_user_needs_deinit(&needs);
		bpfl_user_close(bent);
		bytes[at] ^= 0xff;
	}
	free(bytes);
	bpfl_user_close(elf);
}
END_TEST

START_TEST(no_file_breaks_the_reader)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	uint8_t *bytes;
	size_t size;

	setup();
	bytes = rich_file(_i, &size);
	/* The headers, then everything behind code and data. */
	for (size_t at = 0; at < size; at = at == 200 ? USERGEN_DATA_OFF + USERGEN_SIZE : at + 1) {
		uint8_t old = bytes[at];

		for (size_t v = 0; v < sizeof(values); v++) {
			bytes[at] = values[v];
			write_file(bytes, size);
			poke();
			fake_sys_reset();
		}
		bytes[at] = old;
	}
	for (size_t cut = 0; cut < size; cut += cut < 256 ? 1 : 61) {
		write_file(bytes, cut);
		poke();
		fake_sys_reset();
	}
	free(bytes);
	cleanup();
}
END_TEST

START_TEST(tables_that_cannot_be_are_told)
{
	struct usergen *gen = gen_new();
	static const uint8_t zeros[48];
	struct bpfl_user_elf *elf, *bent;
	struct bpfl_user_func func;
	struct bpfl_buf bytes = BPFL_BUF_INIT;
	unsigned idx;

	setup();
	idx = usergen_section(gen, ".symtab", BPFL_SHT_SYMTAB, 0, zeros, sizeof(zeros));
	usergen_link(gen, idx, 77);
	elf = finish(gen);
	CHECK_FAILS(bpfl_user_find(elf, "f", &func, &err), err, BPFL_ERR_TARGET, EINVAL, "links to section 77");
	CHECK_HAS(err.message, "damaged ELF file: section");
	CHECK_OK(bpfl_file_read(path, 1 << 20, &bytes, &err), err);
	bytes.data[54] = bytes.data[55] = 1; /* e_phentsize, 257 in either byte order */
	CHECK_FAILS(bpfl_user_open_bytes(bytes.data, bytes.size, "bent", &bent, &err), err, BPFL_ERR_TARGET, EINVAL,
		    "program headers of 257 bytes");
	CHECK_HAS(err.message, "damaged ELF file: ");
	bpfl_buf_deinit(&bytes);
	bpfl_user_close(elf);
	cleanup();
}
END_TEST

START_TEST(other_files_are_refused_by_name)
{
	struct bpfl_user_elf *elf;

	setup();
	write_file((const uint8_t *)"#!/bin/sh\necho hello, this is a script and no binary, whatever\n", 60);
	CHECK_FAILS(bpfl_user_open(path, &elf, &err), err, BPFL_ERR_TARGET, ENOEXEC, "script");
	write_file((const uint8_t *)"plain text that is long enough to be an ELF header, but is not one", 60);
	CHECK_FAILS(bpfl_user_open(path, &elf, &err), err, BPFL_ERR_TARGET, ENOEXEC, "not an ELF file");
	write_file((const uint8_t *)"", 0);
	CHECK_FAILS(bpfl_user_open(path, &elf, &err), err, BPFL_ERR_TARGET, ENOEXEC, "not an ELF file");
	CHECK_FAILS(bpfl_user_open(dir, &elf, &err), err, BPFL_ERR_TARGET, ENOEXEC, "directory");
	CHECK_FAILS(bpfl_user_open("/tmp/bpfload-test-none/none", &elf, &err), err, BPFL_ERR_TARGET, ENOENT,
		    "cannot open");
	ck_assert_int_eq(err.catalogue_id, 23);
	cleanup();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		needs_of_a_program_are_read_and_damage_is_survived,
		tables_that_cannot_be_are_told,
		names_are_bytes,
		a_version_chooses_and_the_default_one_is_meant,
		a_version_may_stand_in_the_name,
		strong_beats_weak_and_two_strong_ones_are_told,
		what_is_no_function_here_does_not_count,
		near_names_and_what_was_looked_at_are_told,
		a_pattern_takes_each_place_once,
		an_indirect_function_is_known_as_one,
		addresses_become_offsets_by_segment,
		go_programs_are_known_by_their_tables,
		a_debug_file_beside_the_binary_has_the_rest,
		a_debug_file_of_another_build_is_not_taken,
		a_debug_file_is_found_by_build_id,
		other_files_are_refused_by_name,
	};
	Suite *suite = BPFL_TEST_SUITE("elf user", tests);

	bpfl_test_add_loop(suite, "machines", a_function_is_found_in_files_of_all_machines,
			   sizeof(sorts) / sizeof(sorts[0]));
	bpfl_test_add_loop(suite, "damage", no_file_breaks_the_reader, 2);
	return bpfl_test_main(suite);
}
