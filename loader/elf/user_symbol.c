/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/user_symbol.c: the functions that a file's symbol tables define, with their versions.
 *
 * .dynsym is what the dynamic linker sees; it survives strip(1). .symtab has everything, static functions too,
 * where it was left.
 * A version stands beside .dynsym: .gnu.version has a number for each symbol, .gnu.version_d the names of the
 * numbers. A symbol table made by a static linker has it in the name instead ("memcpy@@GLIBC_2.14"). One '@',
 * or the hidden bit: an old version, kept for old programs.
 */
#include "elf/user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/text.h"
#include "elf/elf.h"

#define VERSION_HIDDEN 0x8000u
#define NR_VERSIONS_MAX 0x8000u
#define VERDEF_SIZE 20u

struct tables {
	struct bpfl_buf symbols, strings, version_idxs, version_defs;
	const char **versions; /* by number, NULL unknown */
	size_t nr_versions;
};

static void tables_deinit(struct tables *tables)
{
	bpfl_buf_deinit(&tables->symbols);
	bpfl_buf_deinit(&tables->strings);
	bpfl_buf_deinit(&tables->version_idxs);
	bpfl_buf_deinit(&tables->version_defs);
	free(tables->versions);
}

static const struct bpfl_user_section *section_of_type(const struct bpfl_user_elf *elf, uint32_t type)
{
	for (size_t i = 1; i < elf->nr_sections; i++) {
		if (elf->sections[i].type == type && elf->sections[i].size > 0)
			return &elf->sections[i];
	}
	return NULL;
}

static int read_linked_strings(const struct bpfl_user_elf *elf, const struct bpfl_user_section *section,
			       struct bpfl_buf *ret, struct bpfl_error *err)
{
	if (section->link == 0 || section->link >= elf->nr_sections) {
		bpfl_error_set(err, BPFL_ERR_TARGET, EINVAL,
			       "damaged ELF file: section '%s' links to section %u of %zu", BPFL_ESC(section->name),
			       section->link, elf->nr_sections);
		return -EINVAL;
	}
	return bpfl_user_section_read(elf, &elf->sections[section->link], ret, err);
}

/*
 * The chain of definitions: each says its number, and where its first name is. Damage ends the chain;
 * versions are a refinement.
 */
static void read_version_names(const struct bpfl_user_elf *elf, struct tables *tables)
{
	uint64_t pos = 0;

	tables->versions = calloc(NR_VERSIONS_MAX, sizeof(*tables->versions));
	if (!tables->versions)
		return;
	tables->nr_versions = NR_VERSIONS_MAX;
	for (size_t i = 0; i < NR_VERSIONS_MAX; i++) {
		struct bpfl_cursor cursor = bpfl_cursor_make(tables->version_defs.data, tables->version_defs.size,
							     elf->swap);
		uint16_t number = 0;
		uint32_t aux = 0, next = 0, name_off = 0;

		if (bpfl_cursor_seek(&cursor, pos) < 0 || bpfl_cursor_left(&cursor) < VERDEF_SIZE)
			return;
		bpfl_cursor_skip(&cursor, 2 + 2); /* version, flags */
		bpfl_cursor_u16(&cursor, &number);
		bpfl_cursor_skip(&cursor, 2 + 4); /* count, hash */
		bpfl_cursor_u32(&cursor, &aux);
		bpfl_cursor_u32(&cursor, &next);
		number &= VERSION_HIDDEN - 1;
		/* 1 is the file itself: no version of a symbol */
		if (number > 1 && bpfl_cursor_seek(&cursor, pos + aux) == 0 &&
		    bpfl_cursor_u32(&cursor, &name_off) == 0 && name_off < tables->strings.size)
			tables->versions[number] = tables->strings.data + name_off;
		if (next == 0)
			return;
		pos += next;
	}
}

static int read_tables(const struct bpfl_user_elf *elf, const struct bpfl_user_section *section, struct tables *tables,
		       struct bpfl_error *err)
{
	const struct bpfl_user_section *idxs = section_of_type(elf, BPFL_SHT_GNU_VERSYM);
	const struct bpfl_user_section *defs = section_of_type(elf, BPFL_SHT_GNU_VERDEF);
	int ret = bpfl_user_section_read(elf, section, &tables->symbols, err);

	if (ret == 0)
		ret = read_linked_strings(elf, section, &tables->strings, err);
	if (ret < 0 || section->type != BPFL_SHT_DYNSYM || !idxs || !defs)
		return ret;
	ret = bpfl_user_section_read(elf, idxs, &tables->version_idxs, err);
	if (ret == 0)
		ret = bpfl_user_section_read(elf, defs, &tables->version_defs, err);
	if (ret == 0)
		read_version_names(elf, tables);
	return ret;
}

static void set_version(const struct bpfl_user_elf *elf, const struct tables *tables, size_t idx,
			struct bpfl_user_symbol *symbol)
{
	struct bpfl_cursor cursor = bpfl_cursor_make(tables->version_idxs.data, tables->version_idxs.size, elf->swap);
	const char *at = strchr(symbol->name, '@');
	uint16_t number = 0;

	symbol->is_default = true;
	if (tables->versions && bpfl_cursor_seek(&cursor, 2 * (uint64_t)idx) == 0 &&
	    bpfl_cursor_u16(&cursor, &number) == 0) {
		symbol->version = tables->versions[number & (VERSION_HIDDEN - 1)];
		symbol->is_default = !(number & VERSION_HIDDEN);
	} else if (at && at != symbol->name && at[1]) {
		symbol->name_len = (size_t)(at - symbol->name);
		symbol->is_default = at[1] == '@';
		symbol->version = at + (symbol->is_default ? 2 : 1);
	}
}

/* False for what is no function of this file. */
static bool take_symbol(const struct bpfl_user_elf *elf, const struct tables *tables, struct bpfl_cursor *cursor,
			size_t idx, struct bpfl_user_symbol *symbol)
{
	uint32_t name_off = 0, narrow = 0;
	uint16_t section_idx = 0;
	uint8_t info = 0, other = 0;

	memset(symbol, 0, sizeof(*symbol));
	/* cannot fail: the table was counted in whole records */
	bpfl_cursor_u32(cursor, &name_off);
	if (!elf->is_64) {
		bpfl_cursor_u32(cursor, &narrow);
		symbol->vaddr = narrow;
		bpfl_cursor_u32(cursor, &narrow);
		symbol->size = narrow;
	}
	bpfl_cursor_u8(cursor, &info);
	bpfl_cursor_u8(cursor, &other);
	bpfl_cursor_u16(cursor, &section_idx);
	if (elf->is_64) {
		bpfl_cursor_u64(cursor, &symbol->vaddr);
		bpfl_cursor_u64(cursor, &symbol->size);
	}
	symbol->bind = info >> 4;
	symbol->type = info & 0x0f;
	if ((symbol->type != BPFL_STT_FUNC && symbol->type != BPFL_STT_GNU_IFUNC) || section_idx == BPFL_SHN_UNDEF ||
	    symbol->vaddr == 0 || name_off >= tables->strings.size)
		return false;
	symbol->name = tables->strings.data + name_off; /* the buffer has a NUL behind its end */
	symbol->name_len = strlen(symbol->name);
	if (symbol->name_len == 0)
		return false;
	set_version(elf, tables, idx, symbol);
	return true;
}

int bpfl_user_each_symbol(const struct bpfl_user_elf *elf, enum bpfl_user_table table, bpfl_user_symbol_fn fn,
			  void *ctx, struct bpfl_error *err)
{
	uint32_t type = table == BPFL_USER_DYNSYM ? (uint32_t)BPFL_SHT_DYNSYM : (uint32_t)BPFL_SHT_SYMTAB;
	const struct bpfl_user_section *section = section_of_type(elf, type);
	uint64_t record_size = elf->is_64 ? 24 : 16;
	struct tables tables = { .symbols = BPFL_BUF_INIT };
	struct bpfl_user_symbol symbol;
	struct bpfl_cursor cursor;
	int ret;

	if (!section)
		return 0;
	ret = read_tables(elf, section, &tables, err);
	if (ret < 0)
		bpfl_error_prefix(err, "%s", BPFL_ESC(elf->path));
	cursor = bpfl_cursor_make(tables.symbols.data, tables.symbols.size, elf->swap);
	for (size_t i = 0; ret == 0 && bpfl_cursor_left(&cursor) >= record_size; i++) {
		if (take_symbol(elf, &tables, &cursor, i, &symbol))
			ret = fn(ctx, &symbol);
	}
	tables_deinit(&tables);
	return ret;
}
