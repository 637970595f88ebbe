/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * USDT: notes of a file, and the notation of arguments on each machine.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "elf/usdt.h"
#include "usergen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static char path[] = "/tmp/bpfload-test-XXXXXX";

static struct bpfl_user_elf *finish(struct usergen *gen)
{
	struct bpfl_user_elf *elf = NULL;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	usergen_finish(gen, path);
	CHECK_OK(bpfl_user_open(path, &elf, &err), err);
	unlink(path);
	return elf;
}

/* ---- notes ---- */

static const struct {
	bool is_64;
	enum elfgen_order order;
} sorts[] = { { true, ELFGEN_LITTLE }, { true, ELFGEN_BIG }, { false, ELFGEN_LITTLE }, { false, ELFGEN_BIG } };

START_TEST(notes_are_read_from_files_of_all_sorts)
{
	struct usergen *gen = usergen_new(sorts[_i].is_64, sorts[_i].order, BPFL_EM_X86_64);
	struct bpfl_usdt_sites sites;
	struct bpfl_user_elf *elf;

	usergen_note(gen, "demo", "tick", USERGEN_TEXT + 0x10, 0, USERGEN_DATA + 6, "-4@%eax 8@%rdi");
	usergen_note(gen, "demo", "tock", USERGEN_TEXT + 0x20, 0, 0, "");
	usergen_note(gen, "demo", "tick", USERGEN_TEXT + 0x30, 0, USERGEN_DATA + 6, "-4@$1");
	elf = finish(gen);
	CHECK_OK(bpfl_usdt_read(elf, "demo", "tick", &sites, &err), err);
	ck_assert_uint_eq(sites.nr, 2);
	ck_assert_str_eq(sites.items[0].provider, "demo");
	ck_assert_str_eq(sites.items[0].name, "tick");
	ck_assert_str_eq(sites.items[0].args, "-4@%eax 8@%rdi");
	ck_assert_uint_eq(sites.items[0].file_off, USERGEN_TEXT_OFF + 0x10);
	ck_assert_uint_eq(sites.items[0].semaphore_off, USERGEN_DATA_OFF + 6);
	ck_assert_uint_eq(sites.items[1].file_off, USERGEN_TEXT_OFF + 0x30);
	bpfl_usdt_sites_deinit(&sites);
	CHECK_OK(bpfl_usdt_read(elf, "d*", "to?k", &sites, &err), err);
	ck_assert_uint_eq(sites.nr, 1);
	ck_assert_uint_eq(sites.items[0].semaphore_off, 0);
	bpfl_usdt_sites_deinit(&sites);
	CHECK_OK(bpfl_usdt_read(elf, "dem", "tick", &sites, &err), err);
	ck_assert_uint_eq(sites.nr, 0);
	bpfl_user_close(elf);
}
END_TEST

START_TEST(addresses_follow_the_base_section)
{
	struct usergen *gen = usergen_new(true, ELFGEN_NATIVE, BPFL_EM_X86_64);
	struct bpfl_usdt_sites sites;
	struct bpfl_user_elf *elf;

	/* The section was at ...0000 when the notes were written, and is 0x100 further now. */
	usergen_section(gen, ".stapsdt.base", 1, USERGEN_TEXT + 0x100, "", 1);
	usergen_note(gen, "demo", "tick", USERGEN_TEXT + 0x10, USERGEN_TEXT, USERGEN_DATA, "");
	elf = finish(gen);
	CHECK_OK(bpfl_usdt_read(elf, "*", "*", &sites, &err), err);
	ck_assert_uint_eq(sites.nr, 1);
	ck_assert_uint_eq(sites.items[0].file_off, USERGEN_TEXT_OFF + 0x110);
	ck_assert_uint_eq(sites.items[0].vaddr, USERGEN_TEXT + 0x110);
	ck_assert_uint_eq(sites.items[0].semaphore_off, USERGEN_DATA_OFF + 0x100);
	bpfl_usdt_sites_deinit(&sites);
	bpfl_user_close(elf);
}
END_TEST

START_TEST(notes_that_point_outside_are_errors)
{
	static const struct {
		uint64_t pc, semaphore;
		const char *text;
	} rows[] = {
		{ 0x1234, 0, "its address" },
		{ USERGEN_TEXT + USERGEN_SIZE, 0, "its address" },
		{ USERGEN_TEXT, 0x99999999, "its semaphore" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct usergen *gen = usergen_new(true, ELFGEN_NATIVE, BPFL_EM_X86_64);
		struct bpfl_usdt_sites sites;
		struct bpfl_user_elf *elf;

		strcpy(path, "/tmp/bpfload-test-XXXXXX");
		usergen_note(gen, "demo", "tick", rows[i].pc, 0, rows[i].semaphore, "");
		elf = finish(gen);
		CHECK_FAILS(bpfl_usdt_read(elf, "*", "*", &sites, &err), err, BPFL_ERR_TARGET, EINVAL, rows[i].text);
		CHECK_HAS(err.message, "section '.note.stapsdt': note at byte 0x0: ");
		bpfl_user_close(elf);
	}
	bpfl_error_clear(&err);
}
END_TEST

/* A section .note.stapsdt with these bytes. */
static int read_raw(const void *bytes, size_t size, size_t *ret_nr)
{
	struct usergen *gen = usergen_new(true, ELFGEN_NATIVE, BPFL_EM_X86_64);
	struct bpfl_usdt_sites sites = { 0 };
	struct bpfl_user_elf *elf;
	int ret;

	strcpy(path, "/tmp/bpfload-test-XXXXXX");
	usergen_section(gen, ".note.stapsdt", BPFL_SHT_NOTE, 0, bytes, size);
	elf = finish(gen);
	ret = bpfl_usdt_read(elf, "*", "*", &sites, &err);
	*ret_nr = sites.nr;
	bpfl_usdt_sites_deinit(&sites);
	bpfl_user_close(elf);
	return ret;
}

START_TEST(cut_notes_are_errors)
{
	struct __attribute__((packed)) {
		uint32_t name_size, size, type;
		char name[8];
		uint64_t pc, base, semaphore;
		char text[16];
	} note = {
		8,
		24 + 16,
		3,
		"stapsdt",
		USERGEN_TEXT,
		0,
		0,
		"demo\0tick\0"
		"8@%rax",
	};
	size_t nr;

	CHECK_OK(read_raw(&note, 20 + 40, &nr), err);
	ck_assert_uint_eq(nr, 1);
	for (size_t size = 12; size < 60; size++)
		CHECK_FAILS(read_raw(&note, size, &nr), err, BPFL_ERR_TARGET, EINVAL, "past the end");
	note.size = 24 + 5; /* one string */
	CHECK_FAILS(read_raw(&note, 60, &nr), err, BPFL_ERR_TARGET, EINVAL, "three addresses and three strings");
	note.size = UINT32_MAX;
	CHECK_FAILS(read_raw(&note, 60, &nr), err, BPFL_ERR_TARGET, EINVAL, "past the end");
	note.size = 40;
	note.type = 4; /* somebody else's */
	CHECK_OK(read_raw(&note, 60, &nr), err);
	ck_assert_uint_eq(nr, 0);
	bpfl_error_clear(&err);
}
END_TEST

/* ---- arguments ---- */

#define UNKNOWN { BPFL_USDT_UNKNOWN, 0, 0, 0, 0, 0, false }

static const struct arg_row {
	uint16_t machine;
	const char *text;
	int nr;
	struct bpfl_usdt_arg args[3];
} arg_rows[] = {
	{ BPFL_EM_X86_64, "", 0, { UNKNOWN } },
	{ BPFL_EM_X86_64, "  ", 0, { UNKNOWN } },
	{ BPFL_EM_X86_64, "8@%rdi", 1, { { BPFL_USDT_REG, 0, 112, 0, 0, 8, false } } },
	{ BPFL_EM_X86_64, "-4@%eax 1@%r9b", 2,
	  { { BPFL_USDT_REG, 0, 80, 0, 0, 4, true }, { BPFL_USDT_REG, 0, 72 - 8, 0, 0, 1, false } } },
	{ BPFL_EM_X86_64, "-2@-20(%rbp)", 1, { { BPFL_USDT_DEREF, -20, 32, 0, 0, 2, true } } },
	{ BPFL_EM_X86_64, "8@(%rsp)", 1, { { BPFL_USDT_DEREF, 0, 152, 0, 0, 8, false } } },
	{ BPFL_EM_X86_64, "-4@$-9 8@$18446744073709551615 4@$0x10", 3,
	  { { BPFL_USDT_CONST, -9, 0, 0, 0, 4, true }, { BPFL_USDT_CONST, -1, 0, 0, 0, 8, false },
	    { BPFL_USDT_CONST, 16, 0, 0, 0, 4, false } } },
	{ BPFL_EM_X86_64, "1@-96(%rbp,%rax,8) 4@(%rbx,%r12) 8@8(%rcx, %rdx, 2)", 3,
	  { { BPFL_USDT_SIB, -96, 32, 80, 3, 1, false }, { BPFL_USDT_SIB, 0, 40, 24, 0, 4, false },
	    { BPFL_USDT_SIB, 8, 88, 96, 1, 8, false } } },
	{ BPFL_EM_X86_64, "8f@%xmm0 4@%ecx", 2, { UNKNOWN, { BPFL_USDT_REG, 0, 88, 0, 0, 4, false } } },
	{ BPFL_EM_X86_64, "8f@-8(%rbp) -4f@(%rax,%rbx,4) 8f@%rax", 3,
	  { { BPFL_USDT_DEREF, -8, 32, 0, 0, 8, false }, { BPFL_USDT_SIB, 0, 80, 40, 2, 4, false },
	    { BPFL_USDT_REG, 0, 80, 0, 0, 8, false } } },
	{ BPFL_EM_X86_64, "16f@-32(%rbp) 8@(,%rax,8) 8@%fs:40", 3, { UNKNOWN, UNKNOWN, UNKNOWN } },
	{ BPFL_EM_X86_64, "1@%ah 8g@%rax 8@%rsi", 3, { UNKNOWN, UNKNOWN, { BPFL_USDT_REG, 0, 104, 0, 0, 8, false } } },
	{ BPFL_EM_X86_64, "8@counter(%rip) -4@$1", 2, { UNKNOWN, { BPFL_USDT_CONST, 1, 0, 0, 0, 4, true } } },
	{ BPFL_EM_X86_64, "8@16+counter(%rip)", 1, { UNKNOWN } },
	{ BPFL_EM_X86_64, "8@%rax,", 1, { UNKNOWN } },
	{ BPFL_EM_X86_64, "3@%rax", 1, { UNKNOWN } },
	{ BPFL_EM_X86_64, "8@12", 1, { UNKNOWN } },
	{ BPFL_EM_X86_64, "8@(%rax,%rbx,3)", 1, { UNKNOWN } },
	{ BPFL_EM_X86_64, "8@(%rax", 1, { UNKNOWN } },
	{ BPFL_EM_X86_64, "8@%nosuchregister", 1, { UNKNOWN } },
	{ BPFL_EM_X86_64, "8@rax", 1, { UNKNOWN } },
	{ BPFL_EM_386, "-4@8(%ebp) 4@%edi", 2,
	  { { BPFL_USDT_DEREF, 8, 32, 0, 0, 4, true }, { BPFL_USDT_REG, 0, 112, 0, 0, 4, false } } },
	{ BPFL_EM_AARCH64, "8@x0 -4@w17 8@sp", 3,
	  { { BPFL_USDT_REG, 0, 0, 0, 0, 8, false }, { BPFL_USDT_REG, 0, 136, 0, 0, 4, true },
	    { BPFL_USDT_REG, 0, 248, 0, 0, 8, false } } },
	{ BPFL_EM_AARCH64, "-4@[sp, 60] 8@[x19] -4@5", 3,
	  { { BPFL_USDT_DEREF, 60, 248, 0, 0, 4, true }, { BPFL_USDT_DEREF, 0, 152, 0, 0, 8, false },
	    { BPFL_USDT_CONST, 5, 0, 0, 0, 4, true } } },
	{ BPFL_EM_AARCH64, "8@[x1, x2, lsl 3] 4@[x1,x2] 8@[x29, #-8]", 3,
	  { { BPFL_USDT_SIB, 0, 8, 16, 3, 8, false }, { BPFL_USDT_SIB, 0, 8, 16, 0, 4, false },
	    { BPFL_USDT_DEREF, -8, 232, 0, 0, 8, false } } },
	{ BPFL_EM_AARCH64, "8@[x1, x2, asr 3]", 1, { UNKNOWN } },
	{ BPFL_EM_AARCH64, "8@x31 8@[x1, x2, sxtw 3] 8@x1", 3, { UNKNOWN, UNKNOWN, { BPFL_USDT_REG, 0, 8, 0, 0, 8, false } } },
	{ BPFL_EM_S390, "-4@%r2 8@160(%r15) 1@-5", 3,
	  { { BPFL_USDT_REG, 0, 40, 0, 0, 4, true }, { BPFL_USDT_DEREF, 160, 144, 0, 0, 8, false },
	    { BPFL_USDT_CONST, -5, 0, 0, 0, 1, false } } },
	{ BPFL_EM_AARCH64, "8@xzr -4@wzr 8f@[sp, 16]", 3,
	  { { BPFL_USDT_CONST, 0, 0, 0, 0, 8, false }, { BPFL_USDT_CONST, 0, 0, 0, 0, 4, true },
	    { BPFL_USDT_DEREF, 16, 248, 0, 0, 8, false } } },
	{ BPFL_EM_AARCH64, "8f@d0 4f@s8 8@lr", 3, { UNKNOWN, UNKNOWN, { BPFL_USDT_REG, 0, 240, 0, 0, 8, false } } },
	{ BPFL_EM_S390, "8@%r16", 1, { UNKNOWN } },
	{ BPFL_EM_S390, "-8@8(%r2,%r15) 8f@%f0 -1@-3(%r11)", 3,
	  { { BPFL_USDT_SIB, 8, 40, 144, 0, 8, true }, UNKNOWN, { BPFL_USDT_DEREF, -3, 112, 0, 0, 1, true } } },
	{ BPFL_EM_RISCV, "-8@a0 8@-24(s0) 4@7", 3,
	  { { BPFL_USDT_REG, 0, 80, 0, 0, 8, true }, { BPFL_USDT_DEREF, -24, 64, 0, 0, 8, false },
	    { BPFL_USDT_CONST, 7, 0, 0, 0, 4, false } } },
	{ BPFL_EM_RISCV, "8@zero 8f@fa0 8f@-16(sp)", 3,
	  { { BPFL_USDT_CONST, 0, 0, 0, 0, 8, false }, UNKNOWN, { BPFL_USDT_DEREF, -16, 16, 0, 0, 8, false } } },
	{ BPFL_EM_RISCV, "8@t6 8@s11 8@ra", 3,
	  { { BPFL_USDT_REG, 0, 248, 0, 0, 8, false }, { BPFL_USDT_REG, 0, 216, 0, 0, 8, false },
	    { BPFL_USDT_REG, 0, 8, 0, 0, 8, false } } },
};

/* struct pt_regs in the order of the kernel's headers: what stands in the table one by one must come out so. */
START_TEST(registers_stand_in_the_kernels_order)
{
	static const struct {
		uint16_t machine;
		unsigned word; /* bytes of a register */
		const char *prefix, *names;
	} rows[] = {
		{ BPFL_EM_X86_64, 8, "%", "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi - rip - - rsp" },
		{ BPFL_EM_RISCV, 8, "",
		  "- ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6" },
	};

	for (size_t i = 0; i < 2; i++) {
		char names[256], text[32];
		struct bpfl_usdt_arg args[BPFL_USDT_NR_ARGS];
		uint16_t off = 0;

		snprintf(names, sizeof(names), "%s", rows[i].names);
		for (char *name = strtok(names, " "); name; name = strtok(NULL, " "), off += 8) {
			if (strcmp(name, "-") == 0)
				continue;
			snprintf(text, sizeof(text), "%u@%s%s", rows[i].word, rows[i].prefix, name);
			ck_assert_int_eq(bpfl_usdt_args(rows[i].machine, text, args), 1);
			ck_assert_msg(args[0].kind == BPFL_USDT_REG && args[0].reg_off == off, "%s: at %u, not %u", text,
				      args[0].reg_off, off);
		}
	}
}
END_TEST

START_TEST(arguments_are_understood_on_each_machine)
{
	const struct arg_row *row = &arg_rows[_i];
	struct bpfl_usdt_arg args[BPFL_USDT_NR_ARGS];
	int nr = bpfl_usdt_args(row->machine, row->text, args);

	ck_assert_msg(nr == row->nr, "'%s': %d arguments, not %d", row->text, nr, row->nr);
	for (int i = 0; i < nr; i++) {
		const struct bpfl_usdt_arg *got = &args[i], *want = &row->args[i];

		ck_assert_msg(got->kind == want->kind, "'%s': argument %d has kind %d, not %d", row->text, i,
			      (int)got->kind, (int)want->kind);
		ck_assert_msg(got->value == want->value, "'%s': argument %d: value %lld", row->text, i,
			      (long long)got->value);
		ck_assert_msg(got->reg_off == want->reg_off && got->idx_reg_off == want->idx_reg_off,
			      "'%s': argument %d: registers at %u, %u", row->text, i, got->reg_off, got->idx_reg_off);
		ck_assert_msg(got->scale_shift == want->scale_shift && got->size_bytes == want->size_bytes &&
				      got->is_signed == want->is_signed,
			      "'%s': argument %d: scale %u, size %u, signed %d", row->text, i, got->scale_shift,
			      got->size_bytes, got->is_signed);
	}
}
END_TEST

START_TEST(there_are_at_most_twelve_arguments)
{
	struct bpfl_usdt_arg args[BPFL_USDT_NR_ARGS];

	ck_assert_int_eq(bpfl_usdt_args(BPFL_EM_X86_64,
					"8@$1 8@$2 8@$3 8@$4 8@$5 8@$6 8@$7 8@$8 8@$9 8@$10 8@$11 8@$12 8@$13", args),
			 12);
	ck_assert_int_eq(args[11].value, 12);
	ck_assert_int_eq(bpfl_usdt_args(20, "8@$1", args), -EOPNOTSUPP);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		addresses_follow_the_base_section, notes_that_point_outside_are_errors, cut_notes_are_errors,
		there_are_at_most_twelve_arguments, registers_stand_in_the_kernels_order,
	};
	Suite *suite = BPFL_TEST_SUITE("elf usdt", tests);

	bpfl_test_add_loop(suite, "notes", notes_are_read_from_files_of_all_sorts, sizeof(sorts) / sizeof(sorts[0]));
	bpfl_test_add_loop(suite, "arguments", arguments_are_understood_on_each_machine,
			   sizeof(arg_rows) / sizeof(arg_rows[0]));
	return bpfl_test_main(suite);
}
