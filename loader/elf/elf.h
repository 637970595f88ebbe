/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf: bytes -> checked tables of sections, symbols and relocations. No policy.
 *
 * - bpfl_elf_read() copies the bytes, bpfl_elf_borrow() does not; libelf is finished with when they return.
 *   Names and section data point into the file, so that a file cannot make them larger than itself.
 * - After it, every offset, size, index and name in the tables is inside its bounds; a section's bytes can be
 *   read from [data, data + size). Data stands at the file's offset, without any alignment: read it through
 *   base/cursor.h.
 * - Numbers are native; the bytes of the sections stay in the file's byte order (elf->swap says whether that is
 *   foreign).
 */
#ifndef BPFL_ELF_ELF_H
#define BPFL_ELF_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"

/* ELF constants that the later stages look at (System V gABI; EM_BPF and R_BPF_* from the BPF psABI). */
enum {
	BPFL_SHT_PROGBITS = 1, BPFL_SHT_SYMTAB = 2, BPFL_SHT_STRTAB = 3, BPFL_SHT_RELA = 4,
	BPFL_SHT_NOBITS = 8, BPFL_SHT_REL = 9
};
enum { BPFL_SHF_WRITE = 1, BPFL_SHF_ALLOC = 2, BPFL_SHF_EXECINSTR = 4, BPFL_SHF_COMPRESSED = 0x800 };
enum { BPFL_STB_LOCAL = 0, BPFL_STB_GLOBAL = 1, BPFL_STB_WEAK = 2 };
enum { BPFL_STT_NOTYPE = 0, BPFL_STT_OBJECT = 1, BPFL_STT_FUNC = 2, BPFL_STT_SECTION = 3, BPFL_STT_FILE = 4 };
enum { BPFL_STV_DEFAULT = 0, BPFL_STV_INTERNAL = 1, BPFL_STV_HIDDEN = 2, BPFL_STV_PROTECTED = 3 };
#define BPFL_SHN_UNDEF 0u
#define BPFL_SHN_ABS 0xfff1u
#define BPFL_SHN_COMMON 0xfff2u
enum {
	BPFL_R_BPF_64_64 = 1, BPFL_R_BPF_64_ABS64 = 2, BPFL_R_BPF_64_ABS32 = 3, BPFL_R_BPF_64_NODYLD32 = 4,
	BPFL_R_BPF_64_32 = 10
};

struct bpfl_elf_section {
	const char *name; /* "" when it has none; not unique */
	uint32_t type;	  /* SHT_* */
	uint64_t flags;	  /* SHF_* */
	uint64_t size;	  /* bytes; of NOBITS too */
	uint64_t align;	  /* 0 or a power of two */
	uint32_t link, info;
	uint32_t reloc_table; /* 1 + index into reloc_tables of what relocates it; 0: nothing */
	const uint8_t *data; /* NULL for NOBITS, for empty sections and for compressed debug information */
};

struct bpfl_elf_symbol {
	const char *name; /* "" for section symbols */
	uint64_t value;	  /* byte offset in its section: [value, value + size) lies inside it, compressed ones aside */
	uint64_t size;	  /* bytes */
	uint32_t section_idx; /* index into sections, or BPFL_SHN_UNDEF / _ABS / _COMMON */
	uint8_t bind, type, visibility;
};

/* Not to be seen outside of the object, once it is linked. */
static inline bool bpfl_elf_symbol_is_hidden(const struct bpfl_elf_symbol *symbol)
{
	return symbol->visibility == BPFL_STV_HIDDEN || symbol->visibility == BPFL_STV_INTERNAL;
}

struct bpfl_elf_reloc {
	uint64_t byte_off; /* in the section that is relocated, less than its size */
	uint32_t type;	   /* R_BPF_*, or whatever the file says: not judged here */
	uint32_t symbol_idx; /* index into symbols; 0: none */
};

/* Relocations of one section (SHT_REL only: BPF uses no addends in the table). A section has at most one table. */
struct bpfl_elf_reloc_table {
	uint32_t section_idx;	     /* the SHT_REL section itself */
	uint32_t target_section_idx; /* the section it relocates */
	struct bpfl_elf_reloc *relocs; /* sorted as in the file */
	size_t nr_relocs;
};

struct bpfl_elf {
	char *name; /* of the file, for messages, as given */
	const uint8_t *bytes; /* the file: names and data point into it */
	uint8_t *owned;	      /* the same, when it is a copy */
	bool big_endian; /* of the file */
	bool swap;	 /* the file's byte order is not this machine's */
	uint16_t machine; /* EM_BPF, or 0 from old compilers */
	struct bpfl_elf_section *sections; /* [0] is the null section */
	size_t nr_sections;
	struct bpfl_elf_symbol *symbols; /* [0] is the null symbol */
	size_t nr_symbols;
	struct bpfl_elf_reloc_table *reloc_tables;
	size_t nr_reloc_tables;
};

/*
 * Says what sort of file the bytes are: 0 for a relocatable ELF64 BPF object of either byte order, else
 * -ENOEXEC and a text of its own for each wrong sort (E28). bpfl_elf_read() begins with it (elf/ident.c).
 */
int bpfl_elf_identify(const void *bytes, size_t size, struct bpfl_error *err);

/* Reads an object from memory. bytes are the caller's, and only read during the call.
 * Errors (kind OBJECT): -ENOEXEC for a wrong sort of file; -EINVAL for damaged tables; -ENOENT without a symbol
 * table ("stripped");
 * -EOPNOTSUPP for compressed sections (but debug information, which nobody reads, may be). Each is prefixed
 * with name. */
int bpfl_elf_read(const void *bytes, size_t size, const char *name, struct bpfl_elf **ret_elf,
		  struct bpfl_error *err);
/* The same without a copy: bytes must stay as they are as long as the result is used, and begin at a multiple of 8. */
int bpfl_elf_borrow(const void *bytes, size_t size, const char *name, struct bpfl_elf **ret_elf,
		    struct bpfl_error *err);
void bpfl_elf_destroy(struct bpfl_elf *elf);

/* What `bpfload elf` shows (elf/print.c). */
int bpfl_elf_print(const struct bpfl_elf *elf, enum bpfl_format format, struct bpfl_buf *out);

#endif
