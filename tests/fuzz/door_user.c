/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Executables and libraries, and what is packed into them.
 */
#include "doors.h"

#include <stdlib.h>
#include "elf/ldcache.h"
#include "elf/lzma.h"
#include "elf/usdt.h"
#include "elf/user.h"
#include "elf/xz.h"

#define UNPACKED_MAX (1u << 20)

static int see_symbol(void *ctx, const struct bpfl_user_symbol *symbol)
{
	uint64_t *sum = ctx;

	*sum += symbol->vaddr + symbol->name_len + (symbol->version ? (uint8_t)symbol->version[0] : 0);
	return 0;
}

static void see_functions(struct bpfl_user_elf *elf, struct bpfl_error *err)
{
	struct bpfl_user_funcs funcs = { 0 };
	struct bpfl_user_func func = { 0 };
	uint64_t sum = 0;

	bpfl_user_each_symbol(elf, BPFL_USER_DYNSYM, see_symbol, &sum, err);
	bpfl_user_each_symbol(elf, BPFL_USER_SYMTAB, see_symbol, &sum, err);
	bpfl_user_find(elf, "main", &func, err);
	bpfl_user_find(elf, "memcpy@GLIBC_2.2.5", &func, err);
	if (bpfl_user_glob(elf, "*a*", &funcs, err) == 0)
		bpfl_user_funcs_deinit(&funcs);
}

static void see_probes(const struct bpfl_user_elf *elf, struct bpfl_error *err)
{
	struct bpfl_usdt_sites sites = { 0 };
	struct bpfl_usdt_arg args[BPFL_USDT_NR_ARGS];

	if (bpfl_usdt_read(elf, "*", "*", &sites, err) < 0)
		return;
	for (size_t i = 0; i < sites.nr; i++)
		bpfl_usdt_args(elf->machine, sites.items[i].args, args);
	bpfl_usdt_sites_deinit(&sites);
}

void fuzz_user(const uint8_t *bytes, size_t size)
{
	struct bpfl_user_needs needs = { 0 };
	struct bpfl_user_elf *elf = NULL;
	struct bpfl_error err = BPFL_ERROR_INIT;
	uint8_t id[BPFL_USER_BUILD_ID_MAX];
	uint64_t off = 0;

	if (bpfl_user_open_bytes(bytes, size, "fuzz", &elf, &err) == 0) {
		see_functions(elf, &err);
		see_probes(elf, &err);
		bpfl_user_build_id(elf, id);
		bpfl_user_is_go(elf);
		if (bpfl_user_file_off(elf, 0x401000, &off) == 0)
			bpfl_user_segment_at(elf, off);
		if (bpfl_user_needs_read(elf, &needs, &err) == 0)
			bpfl_user_needs_deinit(&needs);
		bpfl_user_close(elf);
	}
	bpfl_error_clear(&err);
}

void fuzz_lzma(const uint8_t *bytes, size_t size)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	size_t used;

	bpfl_lzma2_unpack(bytes, size, UNPACKED_MAX, &out, &used);
	bpfl_buf_deinit(&out);
}

void fuzz_xz(const uint8_t *bytes, size_t size)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	struct bpfl_error err = BPFL_ERROR_INIT;

	if (bpfl_xz_unpack(bytes, size, UNPACKED_MAX, &out, &err) == 0)
		bpfl_buf_deinit(&out);
	bpfl_error_clear(&err);
}

static int see_library(void *ctx, const char *name, const char *path)
{
	size_t *sum = ctx;

	*sum += (uint8_t)name[0] + (uint8_t)path[0];
	return 0;
}

void fuzz_ldcache(const uint8_t *bytes, size_t size)
{
	size_t sum = 0;

	bpfl_ldcache_each(bytes, size, see_library, &sum);
}

/* The first byte chooses the machine. */
void fuzz_usdt_args(const uint8_t *bytes, size_t size)
{
	static const uint16_t machines[] = { BPFL_EM_386, BPFL_EM_X86_64, BPFL_EM_AARCH64, BPFL_EM_S390, BPFL_EM_RISCV, 0 };
	struct bpfl_usdt_arg args[BPFL_USDT_NR_ARGS];
	struct fuzz_words words;

	if (size == 0)
		return;
	words = fuzz_words_of(bytes + 1, size - 1);
	bpfl_usdt_args(machines[bytes[0] % 6], fuzz_word(&words), args);
	fuzz_words_free(&words);
}
