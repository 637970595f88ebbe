/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/print: what `bpfload elf FILE` shows.
 */
#include "elf/elf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "bpfload/spec.h"
#include "elfgen.h"
#include "harness.h"

/*
 * A program with a map reference, a call through a section symbol, names that are meant for the terminal,
 * and numbers without a name.
 */
static struct elfgen *object(enum elfgen_order order)
{
	struct elfgen *gen = elfgen_new(order);
	unsigned xdp = elfgen_program(gen, "xdp", "pass", 2);
	unsigned bss = elfgen_section(gen, ".bss", BPFL_SHT_NOBITS, ELFGEN_DATA, NULL, 64);
	unsigned odd = elfgen_section(gen, "\033[31m\"red\"", 0x60000001, 0, "x", 1);
	unsigned count = elfgen_symbol(gen, "count", bss, 8, 4, BPFL_STB_LOCAL, BPFL_STT_OBJECT);
	unsigned section = elfgen_symbol(gen, "", bss, 0, 0, BPFL_STB_LOCAL, BPFL_STT_SECTION);

	elfgen_symbol(gen, "helper", BPFL_SHN_UNDEF, 0, 0, BPFL_STB_WEAK, BPFL_STT_NOTYPE);
	elfgen_symbol(gen, "odd\n", odd, 0, 1, 10, 13);
	elfgen_symbol(gen, "x.c", BPFL_SHN_ABS, 0, 0, BPFL_STB_LOCAL, BPFL_STT_FILE);
	elfgen_visibility(gen, count, BPFL_STV_HIDDEN);
	elfgen_reloc(gen, xdp, 0, BPFL_R_BPF_64_64, count);
	elfgen_reloc(gen, xdp, 8, 99, section);
	return gen;
}

/* The file's text; the file is gone again afterwards. */
static int text_of(struct elfgen *gen, enum bpfl_format format, char **ret_text, struct bpfl_error *err)
{
	char path[] = "/tmp/test_elf_print.XXXXXX";
	int fd = mkstemp(path), ret;

	ck_assert_int_ge(fd, 0);
	close(fd);
	elfgen_finish_file(gen, path);
	ret = bpfl_elf_text(path, format, ret_text, err);
	unlink(path);
	return ret;
}

START_TEST(the_text_shows_sections_symbols_and_relocations)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	char *text = NULL;

	CHECK_OK(text_of(object(ELFGEN_LITTLE), BPFL_FORMAT_TEXT, &text, &err), err);
	CHECK_HAS(text, "test_elf_print.");
	CHECK_HAS(text, ": ELF64, little-endian, machine BPF, 6 sections, 6 symbols\n");
	CHECK_HAS(text, "    3  PROGBITS     AX            16      8    0    0  xdp\n");
	CHECK_HAS(text, "    4  NOBITS       WA            64      8    0    0  .bss\n");
	CHECK_HAS(text, "    5  0x60000001                  1      8    0    0  \\x1b[31m\"red\"\n");
	CHECK_HAS(text, "    1  FUNC     GLOBAL DEFAULT            0       16  xdp                      pass\n");
	CHECK_HAS(text, "    2  OBJECT   LOCAL  HIDDEN           0x8        4  .bss                     count\n");
	CHECK_HAS(text, "    4  NOTYPE   WEAK   DEFAULT            0        0  (undefined)              helper\n");
	CHECK_HAS(text, "    5  0xd      0xa    DEFAULT            0        1  \\x1b[31m\"red\"            odd\\n\n");
	CHECK_HAS(text, "(absolute)               x.c\n");
	CHECK_HAS(text, "relocations of section 3 'xdp'\n");
	CHECK_HAS(text, "         0  R_BPF_64_64        count\n");
	CHECK_HAS(text, "       0x8  0x63               .bss\n");
	CHECK_HAS_NOT(text, "\033");
	free(text);
}
END_TEST

START_TEST(a_long_section_name_does_not_touch_the_symbol)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct elfgen *gen = elfgen_new(ELFGEN_LITTLE);
	char *text = NULL;

	elfgen_program(gen, "tracepoint/syscalls/sys_enter_execve", "hello", 2);
	CHECK_OK(text_of(gen, BPFL_FORMAT_TEXT, &text, &err), err);
	CHECK_HAS(text, "  tracepoint/syscalls/sys_enter_execve hello\n");
	free(text);
}
END_TEST

START_TEST(a_big_endian_object_is_shown_too)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	char *text = NULL;

	CHECK_OK(text_of(object(ELFGEN_BIG), BPFL_FORMAT_TEXT, &text, &err), err);
	CHECK_HAS(text, "big-endian");
	CHECK_HAS(text, "    2  OBJECT   LOCAL  HIDDEN           0x8        4  .bss                     count\n");
	free(text);
}
END_TEST

START_TEST(the_json_has_the_same)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	char *text = NULL;
	int depth = 0;

	CHECK_OK(text_of(object(ELFGEN_LITTLE), BPFL_FORMAT_JSON, &text, &err), err);
	CHECK_HAS(text, "\"byte_order\":\"little\"");
	CHECK_HAS(text, "\"machine\":247");
	CHECK_HAS(text, "{\"index\":3,\"name\":\"xdp\",\"type\":1,\"type_name\":\"PROGBITS\",\"flags\":6,\"size\":16,");
	CHECK_HAS(text, "\\u001b[31m\\\"red\\\"");
	CHECK_HAS(text,
		  "{\"index\":2,\"name\":\"count\",\"type\":\"OBJECT\",\"bind\":\"LOCAL\",\"visibility\":\"HIDDEN\","
		  "\"section_index\":4,\"section\":\".bss\",\"value\":8,\"size\":4}");
	CHECK_HAS(text, "{\"section_index\":3,\"section\":\"xdp\",\"byte_off\":8,\"type\":99,\"type_name\":\"0x63\","
			"\"symbol_index\":3,\"symbol\":\".bss\"}");
	for (const char *c = text; *c; c++)
		depth += (*c == '{') - (*c == '}');
	ck_assert_int_eq(depth, 0);
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
	free(text);
}
END_TEST

START_TEST(a_broken_object_gives_no_text)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct elfgen *gen = object(ELFGEN_LITTLE);
	char *text = NULL;

	elfgen_patch_ehdr(gen, ELFGEN_E_SHENTSIZE, 1);
	CHECK_FAILS(text_of(gen, BPFL_FORMAT_TEXT, &text, &err), err, BPFL_ERR_OBJECT, EINVAL,
		    ": section headers of 1 bytes");
	ck_assert_ptr_null(text);
}
END_TEST

START_TEST(a_missing_file_gives_no_text)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	char *text = NULL;

	CHECK_FAILS(bpfl_elf_text("/nowhere/x.bpf.o", BPFL_FORMAT_TEXT, &text, &err), err, BPFL_ERR_SYSTEM, ENOENT,
		    "/nowhere/x.bpf.o: no such file");
	ck_assert_ptr_null(text);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_text_shows_sections_symbols_and_relocations,
		a_long_section_name_does_not_touch_the_symbol,
		a_big_endian_object_is_shown_too,
		the_json_has_the_same,
		a_broken_object_gives_no_text,
		a_missing_file_gives_no_text,
	};

	return bpfl_test_main(BPFL_TEST_SUITE("print", tests));
}
