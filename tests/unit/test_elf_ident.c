/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/ident: each wrong sort of file is told apart, in words of its own (E28).
 */
#include "elf/elf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "elfgen.h"
#include "harness.h"
#include "sys/file.h"

enum { I386 = 3, X86_64 = 62, AARCH64 = 183 };
enum { EXEC = 2, DYN = 3, CORE = 4 };

/* Files that are no ELF. */
static const struct {
	const char *bytes;
	size_t size;
	const char *message;
	const char *fix; /* part of it */
} others[] = {
	{ "", 0, "the file is empty", "compile it again" },
	{ "\x7f", 1, "not an ELF object: it has only 1 byte", "-target bpf" },
	{ "\x00\x01\x02", 3, "not an ELF object: it has only 3 bytes", "-target bpf" },
	{ "\x01\x02\x03\x04\x05", 5, "not an ELF object: it begins with 01 02 03 04", "-target bpf" },
	{ "\x7f" "ELf....", 8, "not an ELF object: it begins with 7f 45 4c 66", "-target bpf" },
	{ "#include <linux/bpf.h>\n", 23, "not an ELF object: it is text, '#include <linux/bpf.h>\\n'", "-target bpf" },
	{ "BC\xc0\xde\x35\x14\x00\x00", 8, "LLVM bitcode, not an object", "leave -emit-llvm and -flto away" },
	{ "\xde\xc0\x17\x0b\x00\x00\x00\x00", 8, "LLVM bitcode in a wrapper, not an object", "llc -march=bpf" },
	{ "!<arch>\nx.o/", 12, "an archive (.a), not an object", "ar x" },
	{ "!<thin>\nx.o/", 12, "a thin archive (.a), not an object", "load one of the objects" },
	{ "\x1f\x8b\x08\x00", 4, "gzip-compressed", "gunzip" },
	{ "\xfd" "7zXZ\x00", 6, "xz-compressed", "unxz" },
	{ "\x28\xb5\x2f\xfd", 4, "zstd-compressed", "unzstd" },
	{ "\x9f\xeb\x01\x00", 4, "bare BTF, not an object", "--btf" },
	{ "\x7f" "ELF\x02\x01\x01", 7, "cut off inside the ELF header: 7 bytes of 64", "again" },
};
#define NR_OTHERS (sizeof(others) / sizeof(others[0]))

START_TEST(what_is_no_elf_is_named)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	uint8_t *bytes = malloc(others[_i].size + 1); /* of its own, for the sanitizers */

	memcpy(bytes, others[_i].bytes, others[_i].size);
	ck_assert_int_eq(bpfl_elf_identify(bytes, others[_i].size, &err), -ENOEXEC);
	ck_assert_str_eq(err.message, others[_i].message);
	CHECK_HAS(err.fix, others[_i].fix);
	ck_assert(err.why[0]);
	ck_assert_int_eq(err.kind, BPFL_ERR_OBJECT);
	ck_assert_int_eq(err.catalogue_id, 28);
	free(bytes);
}
END_TEST

/* ELF files that are no BPF object: the small program with other numbers in its header. */
static const struct {
	unsigned type, machine, elf_class, data, version; /* 0: as it is */
	const char *message;
	const char *fix;
} elves[] = {
	{ .machine = X86_64, .message = "compiled for x86-64, not for BPF", .fix = "add -target bpf" },
	{ .machine = AARCH64, .message = "compiled for aarch64, not for BPF", .fix = "add -target bpf" },
	{ .machine = 1234, .message = "compiled for machine 1234, not for BPF", .fix = "add -target bpf" },
	{ .machine = I386, .elf_class = 1, .message = "compiled for i386, not for BPF", .fix = "add -target bpf" },
	{ .elf_class = 1, .message = "a 32-bit ELF object, BPF objects are 64-bit", .fix = "-target bpf" },
	{ .type = EXEC, .machine = X86_64, .message = "a linked executable for x86-64, not a BPF object", .fix = ".o" },
	{ .type = DYN, .machine = AARCH64, .fix = "before any linking",
	  .message = "a linked executable or shared object for aarch64, not a BPF object" },
	{ .type = EXEC, .message = "a linked executable for BPF, not a BPF object", .fix = "before any linking" },
	{ .type = CORE, .machine = X86_64, .fix = "-target bpf",
	  .message = "a core dump of a program for x86-64, not a BPF object" },
	{ .type = 9, .message = "ELF type 9 is unknown, expected a relocatable object (1)", .fix = "-target bpf" },
	{ .elf_class = 7, .message = "ELF class 7 is neither 32-bit (1) nor 64-bit (2)", .fix = "-target bpf" },
	{ .data = 3, .message = "ELF byte order 3 is neither little (1) nor big (2)", .fix = "-target bpf" },
	{ .version = 2, .message = "ELF version 2 is unknown, expected 1", .fix = "-target bpf" },
};
#define NR_ELVES (sizeof(elves) / sizeof(elves[0]))

static void check_elf(size_t i, enum elfgen_order order)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct elfgen *gen = elfgen_new(order);
	struct bpfl_elf *elf = NULL;
	char message[BPFL_ERROR_TEXT_SIZE];
	uint8_t *bytes;
	size_t size;

	elfgen_program(gen, "xdp", "pass", 2);
	if (elves[i].type)
		elfgen_patch_ehdr(gen, ELFGEN_E_TYPE, elves[i].type);
	if (elves[i].machine)
		elfgen_patch_ehdr(gen, ELFGEN_E_MACHINE, elves[i].machine);
	if (elves[i].elf_class)
		elfgen_patch_ehdr(gen, ELFGEN_EI_CLASS, elves[i].elf_class);
	if (elves[i].data)
		elfgen_patch_ehdr(gen, ELFGEN_EI_DATA, elves[i].data);
	if (elves[i].version)
		elfgen_patch_ehdr(gen, ELFGEN_EI_VERSION, elves[i].version);
	bytes = elfgen_finish(gen, &size);
	ck_assert_int_eq(bpfl_elf_identify(bytes, size, &err), -ENOEXEC);
	ck_assert_str_eq(err.message, elves[i].message);
	CHECK_HAS(err.fix, elves[i].fix);
	ck_assert(err.why[0]);
	ck_assert_int_eq(err.catalogue_id, 28);

	/* the same through the reader, with the file's name in front */
	ck_assert_int_eq(bpfl_elf_read(bytes, size, "dir\n/x.o", &elf, &err), -ENOEXEC);
	snprintf(message, sizeof(message), "dir\\n/x.o: %s", elves[i].message);
	ck_assert_str_eq(err.message, message);
	CHECK_HAS(err.fix, elves[i].fix);
	free(bytes);
}

START_TEST(an_elf_that_is_no_bpf_object_is_named)
{
	check_elf((size_t)_i, ELFGEN_LITTLE);
	check_elf((size_t)_i, ELFGEN_BIG);
}
END_TEST

START_TEST(the_test_program_itself_is_a_linked_executable)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_buf bytes = BPFL_BUF_INIT;

	CHECK_OK(bpfl_file_read("/proc/self/exe", BPFL_FILE_SIZE_MAX, &bytes, &err), err);
	CHECK_FAILS(bpfl_elf_identify(bytes.data, bytes.size, &err), err, BPFL_ERR_OBJECT, ENOEXEC,
		    "a linked executable");
	bpfl_buf_deinit(&bytes);
}
END_TEST

START_TEST(the_facts_are_told)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct elfgen *gen = elfgen_new(ELFGEN_LITTLE);
	uint8_t *bytes;
	size_t size;

	ck_assert_int_eq(bpfl_elf_identify("BC\xc0\xde....", 8, &err), -ENOEXEC);
	ck_assert_str_eq(err.why, "ELF begins with 7f 45 4c 46; this file has 8 bytes and begins with 42 43 c0 de");
	ck_assert_int_eq(bpfl_elf_identify(NULL, 0, &err), -ENOEXEC);
	ck_assert_str_eq(err.why, "ELF begins with 7f 45 4c 46; this file has 0 bytes");
	elfgen_patch_ehdr(gen, ELFGEN_E_MACHINE, X86_64);
	bytes = elfgen_finish(gen, &size);
	ck_assert_int_eq(bpfl_elf_identify(bytes, size, &err), -ENOEXEC);
	ck_assert_str_eq(err.why, "its ELF header says class 2, type 1, machine 62; a BPF object has 2, 1, 247");
	free(bytes);
}
END_TEST

START_TEST(a_bpf_object_is_taken)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct elfgen *gen = elfgen_new(_i ? ELFGEN_BIG : ELFGEN_LITTLE);
	uint8_t *bytes;
	size_t size;

	elfgen_program(gen, "xdp", "pass", 2);
	bytes = elfgen_finish(gen, &size);
	CHECK_OK(bpfl_elf_identify(bytes, size, &err), err);
	ck_assert_int_eq(err.kind, BPFL_ERR_NONE);
	free(bytes);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { the_test_program_itself_is_a_linked_executable, the_facts_are_told };
	Suite *suite = BPFL_TEST_SUITE("ident", tests);

	bpfl_test_add_loop(suite, "others", what_is_no_elf_is_named, NR_OTHERS);
	bpfl_test_add_loop(suite, "elves", an_elf_that_is_no_bpf_object_is_named, NR_ELVES);
	bpfl_test_add_loop(suite, "bpf", a_bpf_object_is_taken, 2);
	return bpfl_test_main(suite);
}
