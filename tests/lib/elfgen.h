/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elfgen: writes ELF64 BPF objects in a few lines, well-formed or broken on purpose, in either byte order.
 *
 *     struct elfgen *gen = elfgen_new(ELFGEN_LITTLE);
 *     unsigned xdp = elfgen_section(gen, "xdp", BPFL_SHT_PROGBITS, ELFGEN_CODE, NULL, 0);
 *     elfgen_insn(gen, xdp, BPFL_CODE_MOV64_K, 0, 0, 0, 2);
 *     elfgen_insn(gen, xdp, BPFL_CODE_EXIT, 0, 0, 0, 0);
 *     elfgen_symbol(gen, "pass", xdp, 0, 16, BPFL_STB_GLOBAL, BPFL_STT_FUNC);
 *     elfgen_patch_shdr(gen, xdp, ELFGEN_SH_SIZE, 1 << 20);      (only where a broken object is wanted)
 *     bytes = elfgen_finish(gen, &size);                         (malloc'ed; gen is gone)
 *
 * The file: header, the sections in the order in which they were made, section header table. Section 1 is
 * .strtab (names of sections and symbols), section 2 is .symtab; .rel sections come into being with their first
 * relocation. Patches are applied last, so they may contradict everything. Out of memory aborts: this is for tests.
 */
#ifndef BPFL_TESTS_ELFGEN_H
#define BPFL_TESTS_ELFGEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "elf/elf.h"
#include "sys/insn.h"

enum elfgen_order { ELFGEN_LITTLE, ELFGEN_BIG };
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ELFGEN_NATIVE ELFGEN_LITTLE
#define ELFGEN_FOREIGN ELFGEN_BIG
#else
#define ELFGEN_NATIVE ELFGEN_BIG
#define ELFGEN_FOREIGN ELFGEN_LITTLE
#endif

#define ELFGEN_STRTAB 1u
#define ELFGEN_SYMTAB 2u

/* Section flags of program code and of writable data. */
#define ELFGEN_CODE (BPFL_SHF_ALLOC | BPFL_SHF_EXECINSTR)
#define ELFGEN_DATA (BPFL_SHF_ALLOC | BPFL_SHF_WRITE)

struct elfgen;

struct elfgen *elfgen_new(enum elfgen_order order);

/* Adds a section; data may be NULL (size zero bytes then; nothing at all in the file for NOBITS). Returns its index. */
unsigned elfgen_section(struct elfgen *gen, const char *name, uint32_t type, uint64_t flags, const void *data,
			size_t size);
/*
 * Appends to a section: raw bytes, a number in the file's byte order, an instruction in the file's byte order.
 * Each returns the byte offset at which it begins.
 */
size_t elfgen_append(struct elfgen *gen, unsigned section, const void *data, size_t size);
size_t elfgen_number(struct elfgen *gen, unsigned section, unsigned width_bytes, uint64_t value);
size_t elfgen_insn(struct elfgen *gen, unsigned section, uint8_t code, unsigned dst, unsigned src, int16_t off,
		   int32_t imm);

/* Adds a symbol and returns its index; section may be BPFL_SHN_UNDEF and so on. */
unsigned elfgen_symbol(struct elfgen *gen, const char *name, unsigned section, uint64_t value, uint64_t size,
		       unsigned bind, unsigned type);
void elfgen_visibility(struct elfgen *gen, unsigned symbol, unsigned visibility);

/* Adds a relocation of section at byte_off. Returns its number in ".rel" + the section's name. */
unsigned elfgen_reloc(struct elfgen *gen, unsigned section, uint64_t byte_off, uint32_t type, unsigned symbol);
/* The index of the section that holds the relocations of section; 0 when there are none. */
unsigned elfgen_reloc_section(const struct elfgen *gen, unsigned section);

/*
 * A whole small program in one call: code section "name" with "r0 = ret; exit" and a global function
 * symbol. Returns the section.
 */
unsigned elfgen_program(struct elfgen *gen, const char *section, const char *function, int32_t ret);

/* Fields that can be overwritten. The value is cut to the field's width. */
enum elfgen_ehdr_field {
	ELFGEN_EI_MAG0, ELFGEN_EI_CLASS, ELFGEN_EI_DATA, ELFGEN_EI_VERSION, ELFGEN_E_TYPE, ELFGEN_E_MACHINE,
	ELFGEN_E_VERSION, ELFGEN_E_SHOFF, ELFGEN_E_EHSIZE, ELFGEN_E_SHENTSIZE, ELFGEN_E_SHNUM,
	ELFGEN_E_SHSTRNDX,
};
enum elfgen_shdr_field {
	ELFGEN_SH_NAME, ELFGEN_SH_TYPE, ELFGEN_SH_FLAGS, ELFGEN_SH_ADDR, ELFGEN_SH_OFFSET, ELFGEN_SH_SIZE,
	ELFGEN_SH_LINK, ELFGEN_SH_INFO, ELFGEN_SH_ADDRALIGN, ELFGEN_SH_ENTSIZE,
};
enum elfgen_sym_field { ELFGEN_ST_NAME, ELFGEN_ST_INFO, ELFGEN_ST_OTHER, ELFGEN_ST_SHNDX, ELFGEN_ST_VALUE, ELFGEN_ST_SIZE };
enum elfgen_rel_field { ELFGEN_R_OFFSET, ELFGEN_R_TYPE, ELFGEN_R_SYM };

void elfgen_patch_ehdr(struct elfgen *gen, enum elfgen_ehdr_field field, uint64_t value);
void elfgen_patch_shdr(struct elfgen *gen, unsigned section, enum elfgen_shdr_field field, uint64_t value);
void elfgen_patch_sym(struct elfgen *gen, unsigned symbol, enum elfgen_sym_field field, uint64_t value);
/* reloc: the number that elfgen_reloc() returned. */
void elfgen_patch_rel(struct elfgen *gen, unsigned section, unsigned reloc, enum elfgen_rel_field field,
		      uint64_t value);
/* Cuts the finished file to size bytes, or fills it up with zeroes. */
void elfgen_patch_file_size(struct elfgen *gen, size_t size);

/* Lays the file out, frees gen, returns the bytes (free() them). */
uint8_t *elfgen_finish(struct elfgen *gen, size_t *ret_size);
/* The same into a file that is created or overwritten. */
void elfgen_finish_file(struct elfgen *gen, const char *path);

/* Writes a number into bytes in the given order. */
void elfgen_put(uint8_t *bytes, enum elfgen_order order, unsigned width_bytes, uint64_t value);

#endif
