/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf: reads the tables of an object file and checks every number in them. See elf/elf.h.
 *
 * In come untrusted bytes. They are copied once, their section header table is measured, and libelf translates
 * the headers to native numbers; symbols and relocations are decoded through a cursor. Out come tables whose
 * every offset, size, index and name was looked at, or an error that names the table, the entry, what was found
 * and what was expected.
 *
 * The file's size bounds everything: tables are allocated after their bytes were found inside the file, and
 * what can overlap (relocation tables, names) has a budget, so that a small file cannot ask for a lot of memory
 * or time.
 *
 * libelf is used for the headers only: gelf copies (never a pointer into its memory), and after the section count was
 * measured here, because it allocates by that count.
 */
#include "elf/elf.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/text.h"

/* ELF64 record sizes; the files' own sh_entsize must agree. */
#define SHDR_SIZE 64u
#define SYM_SIZE 24u
#define REL_SIZE 16u
/* From here on section indices have other meanings. */
#define SHN_RESERVED 0xff00u
/* Names may share their bytes (LLVM merges tails), hostile ones all of them: so often may the names repeat the file. */
#define NAME_BUDGET_FACTOR 16u
#define NAME_BUDGET_BASE (1u << 20)

struct reader {
	struct bpfl_elf *elf;
	uint64_t size; /* of elf->bytes */
	GElf_Shdr *shdrs; /* as libelf translated them, [elf->nr_sections] */
	uint64_t shstrndx; /* the section with the sections' names */
	uint32_t symtab_idx;
	uint64_t name_budget; /* bytes that names may still have */
	uint64_t rel_budget;  /* bytes that relocation tables may still have */
	struct bpfl_error *err;
};

static int damaged(struct reader *reader, const char *fmt, ...) BPFL_PRINTF(2, 3);

static int damaged(struct reader *reader, const char *fmt, ...)
{
	char text[512];
	va_list args;
	int ret;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ret = bpfl_error_set(reader->err, BPFL_ERR_OBJECT, EINVAL, "%s", text);
	bpfl_error_fix(reader->err, "the object is damaged: compile or copy it again");
	return ret;
}

/* ---- header ---- */

/*
 * How many section headers there are, that they lie inside the file, and which of them has the names. Numbers
 * that do not fit the ELF header stand in section 0: the count in its size, the index in its link.
 */
static int measure_sections(struct reader *reader)
{
	struct bpfl_elf *elf = reader->elf;
	struct bpfl_cursor cursor = bpfl_cursor_make(elf->bytes, reader->size, elf->swap);
	uint64_t shoff = 0, nr = 0;
	uint32_t link = 0;
	uint16_t shentsize = 0, shnum = 0, shstrndx = 0;

	/* the header's 64 bytes are there: bpfl_elf_identify() has seen to it */
	bpfl_cursor_seek(&cursor, 40);
	bpfl_cursor_u64(&cursor, &shoff);
	bpfl_cursor_seek(&cursor, 58);
	bpfl_cursor_u16(&cursor, &shentsize);
	bpfl_cursor_u16(&cursor, &shnum);
	bpfl_cursor_u16(&cursor, &shstrndx);
	if (shoff == 0)
		return damaged(reader, "no section header table");
	if (shentsize != SHDR_SIZE)
		return damaged(reader, "section headers of %u bytes (e_shentsize), expected %u", shentsize, SHDR_SIZE);
	if (!bpfl_in_range(shoff, SHDR_SIZE, reader->size))
		return damaged(reader, "section header table at 0x%llx lies outside the file (%llu bytes)",
			       (unsigned long long)shoff, (unsigned long long)reader->size);
	bpfl_cursor_seek(&cursor, shoff + 32);
	bpfl_cursor_u64(&cursor, &nr);
	bpfl_cursor_u32(&cursor, &link);
	if (shnum != 0)
		nr = shnum;
	if (nr == 0 || nr >= SHN_RESERVED)
		return damaged(reader, "%llu section headers, expected 1 to %u", (unsigned long long)nr,
			       SHN_RESERVED - 1);
	if (!bpfl_in_range(shoff, nr * SHDR_SIZE, reader->size))
		return damaged(reader, "%llu section headers at 0x%llx go past the end of the file (%llu bytes)",
			       (unsigned long long)nr, (unsigned long long)shoff, (unsigned long long)reader->size);
	elf->nr_sections = (size_t)nr;
	reader->shstrndx = shstrndx == SHN_XINDEX ? link : shstrndx;
	return 0;
}

/* Lets libelf translate the section headers into reader->shdrs. libelf sets its own error number, not errno. */
static int translate_headers(struct reader *reader)
{
	struct bpfl_elf *elf = reader->elf;
	GElf_Ehdr ehdr;
	size_t nr = 0;
	Elf *file;
	int ret = 0;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return damaged(reader, "libelf is too old: %s", elf_errmsg(-1));
	file = elf_memory((char *)elf->bytes, (size_t)reader->size);
	if (!file || !gelf_getehdr(file, &ehdr) || elf_getshdrnum(file, &nr) != 0) {
		ret = damaged(reader, "libelf cannot read the header: %s", elf_errmsg(-1));
		goto out;
	}
	if (nr != elf->nr_sections) {
		ret = damaged(reader, "libelf finds %zu sections instead of %zu", nr, elf->nr_sections);
		goto out;
	}
	elf->machine = ehdr.e_machine;
	for (size_t i = 0; i < nr; i++) {
		Elf_Scn *scn = elf_getscn(file, i);

		if (!scn || !gelf_getshdr(scn, &reader->shdrs[i])) {
			ret = damaged(reader, "section %zu: libelf cannot read its header: %s", i, elf_errmsg(-1));
			goto out;
		}
	}
out:
	if (file)
		elf_end(file);
	return ret;
}

/* ---- names ---- */

/*
 * A string table: inside the file, and ending in a NUL, so that every offset inside it begins a string that
 * ends inside it.
 * what says whose table it is.
 */
static int check_strtab(struct reader *reader, uint64_t section_idx, const char *what)
{
	const GElf_Shdr *shdr;

	if (section_idx == 0 || section_idx >= reader->elf->nr_sections)
		return damaged(reader, "string table of the %s: section index %llu out of range (have %zu)", what,
			       (unsigned long long)section_idx, reader->elf->nr_sections);
	shdr = &reader->shdrs[section_idx];
	if (shdr->sh_type != SHT_STRTAB)
		return damaged(reader, "string table of the %s: section %llu has type %u, expected %u (STRTAB)", what,
			       (unsigned long long)section_idx, shdr->sh_type, SHT_STRTAB);
	if (shdr->sh_flags & SHF_COMPRESSED)
		return damaged(reader, "string table of the %s is compressed", what);
	if (!bpfl_in_range(shdr->sh_offset, shdr->sh_size, reader->size))
		return damaged(reader,
			       "string table of the %s: %llu bytes at 0x%llx lie outside the file (%llu bytes)", what,
			       (unsigned long long)shdr->sh_size, (unsigned long long)shdr->sh_offset,
			       (unsigned long long)reader->size);
	if (shdr->sh_size == 0)
		return damaged(reader, "string table of the %s is empty", what);
	if (reader->elf->bytes[shdr->sh_offset + shdr->sh_size - 1] != 0)
		return damaged(reader, "string table of the %s does not end in a NUL", what);
	return 0;
}

/* A name in a table that check_strtab() accepted. what and idx say whose name it is. */
static int name_at(struct reader *reader, const GElf_Shdr *strtab, uint32_t name_off, const char *what, size_t idx,
		   const char **ret_name)
{
	const char *name;
	size_t size;

	if (name_off >= strtab->sh_size)
		return damaged(reader, "%s %zu: name at 0x%x lies outside its string table (%llu bytes)", what, idx,
			       name_off, (unsigned long long)strtab->sh_size);
	name = (const char *)reader->elf->bytes + strtab->sh_offset + name_off;
	size = strlen(name);
	if (size > reader->name_budget)
		return damaged(reader, "%s %zu: the names are longer than a file of %llu bytes can mean", what, idx,
			       (unsigned long long)reader->size);
	reader->name_budget -= size;
	*ret_name = name;
	return 0;
}

/* ---- sections ---- */

static int compressed(struct reader *reader, const char *name)
{
	bpfl_error_set(reader->err, BPFL_ERR_OBJECT, EOPNOTSUPP, "section '%s' is compressed", BPFL_ESC(name));
	bpfl_error_why(reader->err, "it has the flag SHF_COMPRESSED; only debug information may be compressed");
	bpfl_error_fix(reader->err, "llvm-objcopy --decompress-debug-sections, or compile without -gz");
	return -EOPNOTSUPP;
}

/* ".debug_*" and its relocations: read by debuggers, not by loaders. */
static bool is_debug_name(const char *name)
{
	return bpfl_text_has_prefix(name, ".debug_") || bpfl_text_has_prefix(name, ".rel.debug_") ||
	       bpfl_text_has_prefix(name, ".rela.debug_");
}

/* Compressed bytes would be taken for content: only sections that no stage reads may have them. */
static bool may_be_compressed(const struct bpfl_elf_section *section)
{
	return is_debug_name(section->name) && (section->type == SHT_PROGBITS || section->type == SHT_REL) &&
	       !(section->flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR));
}

static int read_section(struct reader *reader, size_t idx, const GElf_Shdr *shstrtab)
{
	struct bpfl_elf_section *section = &reader->elf->sections[idx];
	const GElf_Shdr *shdr = &reader->shdrs[idx];
	int ret = name_at(reader, shstrtab, shdr->sh_name, "section", idx, &section->name);

	if (ret < 0)
		return ret;
	section->type = shdr->sh_type;
	section->flags = shdr->sh_flags;
	section->size = shdr->sh_size;
	section->align = shdr->sh_addralign;
	section->link = shdr->sh_link;
	section->info = shdr->sh_info;
	if (section->align & (section->align - 1))
		return damaged(reader, "section '%s': alignment %llu is not a power of two",
			       BPFL_ESC(section->name), (unsigned long long)section->align);
	if ((section->flags & SHF_COMPRESSED) && !may_be_compressed(section))
		return compressed(reader, section->name);
	if (section->type == SHT_NOBITS || section->type == SHT_NULL)
		return 0;
	if (!bpfl_in_range(shdr->sh_offset, shdr->sh_size, reader->size))
		return damaged(reader, "section '%s': %llu bytes at 0x%llx lie outside the file (%llu bytes)",
			       BPFL_ESC(section->name), (unsigned long long)shdr->sh_size,
			       (unsigned long long)shdr->sh_offset, (unsigned long long)reader->size);
	if (section->size > 0 && !(section->flags & SHF_COMPRESSED))
		section->data = reader->elf->bytes + shdr->sh_offset;
	return 0;
}

static int read_sections(struct reader *reader)
{
	struct bpfl_elf *elf = reader->elf;
	int ret;

	elf->sections = calloc(elf->nr_sections, sizeof(*elf->sections));
	reader->shdrs = calloc(elf->nr_sections, sizeof(*reader->shdrs));
	if (!elf->sections || !reader->shdrs)
		return bpfl_error_nomem(reader->err);
	elf->sections[0].name = "";
	ret = translate_headers(reader);
	if (ret < 0)
		return ret;
	ret = check_strtab(reader, reader->shstrndx, "section names");
	if (ret < 0)
		return ret;
	for (size_t i = 1; i < elf->nr_sections; i++) {
		ret = read_section(reader, i, &reader->shdrs[reader->shstrndx]);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* A table of fixed-size records: the entry size must be ours, the size a multiple of it. Gives the count. */
static int count_entries(struct reader *reader, size_t idx, uint64_t entry_size, size_t *ret_nr)
{
	const struct bpfl_elf_section *section = &reader->elf->sections[idx];
	uint64_t entsize = reader->shdrs[idx].sh_entsize;

	if (entsize != entry_size)
		return damaged(reader, "section '%s': entries of %llu bytes (sh_entsize), expected %llu",
			       BPFL_ESC(section->name), (unsigned long long)entsize,
			       (unsigned long long)entry_size);
	if (section->size % entry_size)
		return damaged(reader, "section '%s': size %llu is not a multiple of its entry size %llu",
			       BPFL_ESC(section->name), (unsigned long long)section->size,
			       (unsigned long long)entry_size);
	*ret_nr = (size_t)(section->size / entry_size);
	return 0;
}

/* ---- symbols ---- */

static int find_symtab(struct reader *reader)
{
	struct bpfl_elf *elf = reader->elf;
	int ret;

	for (uint32_t i = 1; i < elf->nr_sections; i++) {
		if (elf->sections[i].type != SHT_SYMTAB)
			continue;
		if (reader->symtab_idx)
			return damaged(reader, "two symbol tables (sections %u and %u), expected one",
				       reader->symtab_idx, i);
		reader->symtab_idx = i;
	}
	if (reader->symtab_idx)
		return 0;
	ret = bpfl_error_set(reader->err, BPFL_ERR_OBJECT, ENOENT, "no symbol table: the object was stripped");
	bpfl_error_why(reader->err, "none of its %zu sections is a symbol table (SHT_SYMTAB)", elf->nr_sections - 1);
	bpfl_error_fix(reader->err,
		       "use the object as clang wrote it; to make it smaller, llvm-strip -g keeps what is needed");
	return ret;
}

/* [value, value + size) must lie in the symbol's section, if it has one. */
static int check_symbol_place(struct reader *reader, size_t idx, const struct bpfl_elf_symbol *symbol)
{
	const struct bpfl_elf *elf = reader->elf;
	const struct bpfl_elf_section *section;

	if (symbol->section_idx == BPFL_SHN_UNDEF || symbol->section_idx == BPFL_SHN_ABS ||
	    symbol->section_idx == BPFL_SHN_COMMON)
		return 0;
	if (symbol->section_idx >= elf->nr_sections)
		return damaged(reader, "symbol %zu '%s': section index %u out of range (have %zu)", idx,
			       BPFL_ESC(symbol->name), symbol->section_idx, elf->nr_sections);
	section = &elf->sections[symbol->section_idx];
	if (section->flags & SHF_COMPRESSED) /* its size is not that of its content */
		return 0;
	if (!bpfl_in_range(symbol->value, symbol->size, section->size))
		return damaged(reader,
			       "symbol %zu '%s': 0x%llx bytes at 0x%llx lie outside section '%s' (0x%llx bytes)", idx,
			       BPFL_ESC(symbol->name), (unsigned long long)symbol->size,
			       (unsigned long long)symbol->value, BPFL_ESC(section->name),
			       (unsigned long long)section->size);
	return 0;
}

static int read_symbol(struct reader *reader, struct bpfl_cursor *cursor, size_t idx, const GElf_Shdr *strtab)
{
	struct bpfl_elf_symbol *symbol = &reader->elf->symbols[idx];
	uint32_t name_off = 0;
	uint16_t shndx = 0;
	uint8_t info = 0, other = 0;
	int ret;

	/* cannot fail: the table was counted in whole records */
	bpfl_cursor_u32(cursor, &name_off);
	bpfl_cursor_u8(cursor, &info);
	bpfl_cursor_u8(cursor, &other);
	bpfl_cursor_u16(cursor, &shndx);
	bpfl_cursor_u64(cursor, &symbol->value);
	bpfl_cursor_u64(cursor, &symbol->size);
	ret = name_at(reader, strtab, name_off, "symbol", idx, &symbol->name);
	if (ret < 0)
		return ret;
	symbol->section_idx = shndx;
	symbol->bind = info >> 4;
	symbol->type = info & 0x0f;
	symbol->visibility = other & 0x03;
	return check_symbol_place(reader, idx, symbol);
}

static int read_symbols(struct reader *reader)
{
	struct bpfl_elf *elf = reader->elf;
	const struct bpfl_elf_section *symtab;
	struct bpfl_cursor cursor;
	size_t nr = 0;
	int ret = find_symtab(reader);

	if (ret < 0)
		return ret;
	symtab = &elf->sections[reader->symtab_idx];
	ret = count_entries(reader, reader->symtab_idx, SYM_SIZE, &nr);
	if (ret < 0)
		return ret;
	if (nr == 0)
		return damaged(reader, "symbol table '%s' is empty", BPFL_ESC(symtab->name));
	ret = check_strtab(reader, symtab->link, "symbols");
	if (ret < 0)
		return ret;
	elf->symbols = calloc(nr, sizeof(*elf->symbols));
	if (!elf->symbols)
		return bpfl_error_nomem(reader->err);
	elf->nr_symbols = nr;
	elf->symbols[0].name = "";
	cursor = bpfl_cursor_make(symtab->data, symtab->size, elf->swap);
	bpfl_cursor_seek(&cursor, SYM_SIZE); /* the null symbol stays zero, whatever the file says */
	for (size_t i = 1; i < nr; i++) {
		ret = read_symbol(reader, &cursor, i, &reader->shdrs[symtab->link]);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* ---- relocations ---- */

/* The header of one relocation section. */
static int check_reloc_section(struct reader *reader, size_t idx, size_t *ret_nr)
{
	struct bpfl_elf *elf = reader->elf;
	const struct bpfl_elf_section *section = &elf->sections[idx];
	const struct bpfl_elf_section *target;

	if (section->link != reader->symtab_idx)
		return damaged(reader, "section '%s': its symbol table is section %u (sh_link), expected %u",
			       BPFL_ESC(section->name), section->link, reader->symtab_idx);
	if (section->info == 0 || section->info >= elf->nr_sections)
		return damaged(reader, "section '%s': relocates section %u (sh_info), out of range (have %zu)",
			       BPFL_ESC(section->name), section->info, elf->nr_sections);
	target = &elf->sections[section->info];
	if (!target->data && section->size > 0)
		return damaged(reader, "section '%s': relocates section '%s', which has no bytes in the file",
			       BPFL_ESC(section->name), BPFL_ESC(target->name));
	if (target->reloc_table)
		return damaged(reader, "section '%s': section '%s' has a relocation section already",
			       BPFL_ESC(section->name), BPFL_ESC(target->name));
	if (section->size > reader->rel_budget)
		return damaged(reader, "section '%s': relocation sections overlap", BPFL_ESC(section->name));
	reader->rel_budget -= section->size;
	return count_entries(reader, idx, REL_SIZE, ret_nr);
}

static int read_relocs(struct reader *reader, size_t idx)
{
	struct bpfl_elf *elf = reader->elf;
	const struct bpfl_elf_section *section = &elf->sections[idx];
	struct bpfl_elf_section *target;
	struct bpfl_elf_reloc_table *table;
	struct bpfl_cursor cursor;
	size_t nr = 0;
	int ret = check_reloc_section(reader, idx, &nr);

	if (ret < 0)
		return ret;
	target = &elf->sections[section->info];
	table = &elf->reloc_tables[elf->nr_reloc_tables];
	table->relocs = calloc(nr ? nr : 1, sizeof(*table->relocs));
	if (!table->relocs)
		return bpfl_error_nomem(reader->err);
	table->section_idx = (uint32_t)idx;
	table->target_section_idx = section->info;
	table->nr_relocs = nr;
	target->reloc_table = (uint32_t)++elf->nr_reloc_tables;
	cursor = bpfl_cursor_make(section->data, section->size, elf->swap);
	for (size_t i = 0; i < nr; i++) {
		struct bpfl_elf_reloc *reloc = &table->relocs[i];
		uint64_t info = 0;

		bpfl_cursor_u64(&cursor, &reloc->byte_off);
		bpfl_cursor_u64(&cursor, &info);
		reloc->type = (uint32_t)info;
		reloc->symbol_idx = (uint32_t)(info >> 32);
		if (reloc->byte_off >= target->size)
			return damaged(reader,
				       "section '%s': relocation %zu at byte 0x%llx: outside the section (0x%llx "
				       "bytes)",
				       BPFL_ESC(target->name), i, (unsigned long long)reloc->byte_off,
				       (unsigned long long)target->size);
		if (reloc->symbol_idx >= elf->nr_symbols)
			return damaged(reader,
				       "section '%s': relocation %zu at byte 0x%llx: symbol index %u out of range (have %zu)",
				       BPFL_ESC(target->name), i, (unsigned long long)reloc->byte_off,
				       reloc->symbol_idx, elf->nr_symbols);
	}
	return 0;
}

/*
 * Relocations of debug information are for debuggers, and where that is compressed their offsets are meant for
 * bytes that are not there.
 * Those of .BTF and .BTF.ext say again what stands in the sections already. Each line of source has one.
 */
static bool is_for_others(const struct bpfl_elf *elf, const struct bpfl_elf_section *section)
{
	return (section->flags & SHF_COMPRESSED) || is_debug_name(section->name) ||
	       strcmp(section->name, ".rel.BTF") == 0 || strcmp(section->name, ".rel.BTF.ext") == 0 ||
	       (section->info < elf->nr_sections && (elf->sections[section->info].flags & SHF_COMPRESSED));
}

static int read_reloc_tables(struct reader *reader)
{
	struct bpfl_elf *elf = reader->elf;
	size_t nr = 0;
	int ret;

	for (size_t i = 1; i < elf->nr_sections; i++)
		nr += elf->sections[i].type == SHT_REL;
	elf->reloc_tables = calloc(nr ? nr : 1, sizeof(*elf->reloc_tables));
	if (!elf->reloc_tables)
		return bpfl_error_nomem(reader->err);
	for (size_t i = 1; i < elf->nr_sections; i++) {
		const struct bpfl_elf_section *section = &elf->sections[i];

		if (section->type == SHT_RELA && !is_debug_name(section->name))
			return damaged(reader, "section '%s': relocations with addends (RELA), BPF objects have REL",
				       BPFL_ESC(section->name));
		if (section->type != SHT_REL || is_for_others(elf, section))
			continue;
		ret = read_relocs(reader, i);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* ---- the whole ---- */

static int read_tables(struct reader *reader)
{
	int ret = measure_sections(reader);

	if (ret == 0)
		ret = read_sections(reader);
	if (ret == 0)
		ret = read_symbols(reader);
	if (ret == 0)
		ret = read_reloc_tables(reader);
	return ret;
}

static int elf_make(const void *bytes, size_t size, bool copy, const char *name, struct bpfl_elf **ret_elf,
		    struct bpfl_error *err)
{
	struct reader reader = { .size = size, .err = err };
	struct bpfl_elf *elf = NULL;
	int ret = bpfl_elf_identify(bytes, size, err);

	if (ret < 0)
		goto fail;
	elf = calloc(1, sizeof(*elf));
	if (elf) {
		elf->name = bpfl_strdup(name);
		elf->owned = copy ? bpfl_memdup(bytes, size) : NULL;
		elf->bytes = copy ? elf->owned : bytes;
	}
	if (!elf || !elf->name || !elf->bytes) {
		ret = bpfl_error_nomem(err);
		goto fail;
	}
	elf->big_endian = elf->bytes[EI_DATA] == ELFDATA2MSB;
	elf->swap = elf->big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	reader.elf = elf;
	reader.name_budget = (uint64_t)size * NAME_BUDGET_FACTOR + NAME_BUDGET_BASE;
	reader.rel_budget = size;
	ret = read_tables(&reader);
	free(reader.shdrs);
	if (ret < 0)
		goto fail;
	*ret_elf = elf;
	return 0;
fail:
	bpfl_error_prefix(err, "%s", BPFL_ESC(name));
	bpfl_elf_destroy(elf);
	return ret;
}

int bpfl_elf_read(const void *bytes, size_t size, const char *name, struct bpfl_elf **ret_elf,
		  struct bpfl_error *err)
{
	return elf_make(bytes, size, true, name, ret_elf, err);
}

int bpfl_elf_borrow(const void *bytes, size_t size, const char *name, struct bpfl_elf **ret_elf,
		    struct bpfl_error *err)
{
	return elf_make(bytes, size, false, name, ret_elf, err);
}

void bpfl_elf_destroy(struct bpfl_elf *elf)
{
	if (!elf)
		return;
	for (size_t i = 0; i < elf->nr_reloc_tables; i++)
		free(elf->reloc_tables[i].relocs);
	free(elf->reloc_tables);
	free(elf->symbols);
	free(elf->sections);
	free(elf->owned);
	free(elf->name);
	free(elf);
}
