/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usergen: writes executables of 32 or 64 bits in either byte order, as far as probes look at them: segments,
 * symbols with versions, notes.
 *
 *     struct usergen *gen = usergen_new(true, ELFGEN_NATIVE, BPFL_EM_X86_64);
 *     usergen_symbol(gen, BPFL_SHT_DYNSYM, "readline", USERGEN_TEXT + 0x10, 32, BPFL_STB_GLOBAL, BPFL_STT_FUNC, 0);
 *     usergen_note(gen, "demo", "tick", USERGEN_TEXT + 0x20, 0, 0, "8@%rax");
 *     usergen_finish(gen, path);                          (gen is gone)
 *
 * Code is USERGEN_SIZE bytes at address USERGEN_TEXT and at file offset USERGEN_TEXT_OFF, data the same. Out of
 * memory aborts.
 */
#ifndef BPFL_TESTS_USERGEN_H
#define BPFL_TESTS_USERGEN_H

#include "elf/user.h"
#include "elfgen.h"

#define USERGEN_TEXT 0x401000u
#define USERGEN_TEXT_OFF 0x1000u
#define USERGEN_DATA 0x702000u
#define USERGEN_DATA_OFF 0x2000u
#define USERGEN_SIZE 0x1000u

struct usergen;

struct usergen *usergen_new(bool is_64, enum elfgen_order order, unsigned machine);

/* Any section; its index. addr 0: not loaded. */
unsigned usergen_section(struct usergen *gen, const char *name, uint32_t type, uint64_t addr, const void *data,
			 size_t size);
void usergen_link(struct usergen *gen, unsigned section, unsigned link);
/* A number of width bytes in the file's order at the end of a section. */
void usergen_number(struct usergen *gen, unsigned section, unsigned width, uint64_t value);
void usergen_append(struct usergen *gen, unsigned section, const void *data, size_t size);

/*
 * table: BPFL_SHT_DYNSYM or BPFL_SHT_SYMTAB, which come into being. version: index for .gnu.version, with
 * 0x8000 for hidden; 0 none.
 */
void usergen_symbol(struct usergen *gen, uint32_t table, const char *name, uint64_t vaddr, uint64_t size, unsigned bind,
		    unsigned type, unsigned version);
/* Names version number of .gnu.version: 2, 3, ... */
void usergen_version(struct usergen *gen, unsigned number, const char *name);
/* A USDT note. */
void usergen_note(struct usergen *gen, const char *provider, const char *name, uint64_t pc, uint64_t base,
		  uint64_t semaphore, const char *args);

/* Writes the file and frees gen. */
void usergen_finish(struct usergen *gen, const char *path);

#endif
