/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usergen: see usergen.h. The file: header, two program headers, code and data (zeroes), sections, section
 * header table.
 */
#include "usergen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NR_SECTIONS_MAX 32
#define SECTIONS_OFF (USERGEN_DATA_OFF + USERGEN_SIZE)

struct section {
	char name[32];
	uint32_t type;
	unsigned link;
	uint64_t addr, entry_size;
	struct bpfl_buf data;
};

struct usergen {
	bool is_64;
	enum elfgen_order order;
	unsigned machine;
	struct section sections[NR_SECTIONS_MAX];
	unsigned nr_sections;
	unsigned dynsym, symtab, versym, verdef, notes; /* 0: not yet */
	uint64_t last_verdef; /* where the chain goes on */
};

static void put(const struct usergen *gen, struct bpfl_buf *buf, unsigned width, uint64_t value)
{
	uint8_t bytes[8];

	elfgen_put(bytes, gen->order, width, value);
	bpfl_buf_append(buf, bytes, width);
	if (!bpfl_buf_ok(buf))
		abort();
}

static unsigned word(const struct usergen *gen)
{
	return gen->is_64 ? 8 : 4;
}

struct usergen *usergen_new(bool is_64, enum elfgen_order order, unsigned machine)
{
	struct usergen *gen = calloc(1, sizeof(*gen));

	if (!gen)
		abort();
	gen->is_64 = is_64;
	gen->order = order;
	gen->machine = machine;
	gen->nr_sections = 1;
	return gen;
}

unsigned usergen_section(struct usergen *gen, const char *name, uint32_t type, uint64_t addr, const void *data,
			 size_t size)
{
	struct section *section = &gen->sections[gen->nr_sections];

	if (gen->nr_sections == NR_SECTIONS_MAX - 1)
		abort();
	snprintf(section->name, sizeof(section->name), "%s", name);
	section->type = type;
	section->addr = addr;
	usergen_append(gen, gen->nr_sections, data, size);
	return gen->nr_sections++;
}

void usergen_link(struct usergen *gen, unsigned section, unsigned link)
{
	gen->sections[section].link = link;
}

void usergen_number(struct usergen *gen, unsigned section, unsigned width, uint64_t value)
{
	put(gen, &gen->sections[section].data, width, value);
}

void usergen_append(struct usergen *gen, unsigned section, const void *data, size_t size)
{
	if (size > 0)
		bpfl_buf_append(&gen->sections[section].data, data, size);
	if (!bpfl_buf_ok(&gen->sections[section].data))
		abort();
}

/* ---- symbols ---- */

/* A table with its null entry, and its strings in the section behind it. */
static unsigned new_table(struct usergen *gen, uint32_t type)
{
	bool is_dynamic = type == BPFL_SHT_DYNSYM;
	unsigned table = usergen_section(gen, is_dynamic ? ".dynsym" : ".symtab", type, 0, NULL, 0);
	unsigned strings = usergen_section(gen, is_dynamic ? ".dynstr" : ".strtab", BPFL_SHT_STRTAB, 0, "", 1);

	for (unsigned i = 0; i < (gen->is_64 ? 24u : 16u); i++)
		usergen_number(gen, table, 1, 0);
	usergen_link(gen, table, strings);
	gen->sections[table].entry_size = gen->is_64 ? 24 : 16;
	if (is_dynamic) {
		gen->versym = usergen_section(gen, ".gnu.version", BPFL_SHT_GNU_VERSYM, 0, NULL, 0);
		usergen_link(gen, gen->versym, table);
		usergen_number(gen, gen->versym, 2, 0);
	}
	return table;
}

static unsigned table_of(struct usergen *gen, uint32_t type)
{
	unsigned *table = type == BPFL_SHT_DYNSYM ? &gen->dynsym : &gen->symtab;

	if (*table == 0)
		*table = new_table(gen, type);
	return *table;
}

static uint32_t add_string(struct usergen *gen, unsigned strings, const char *text)
{
	uint32_t off = (uint32_t)gen->sections[strings].data.size;

	usergen_append(gen, strings, text, strlen(text) + 1);
	return off;
}

void usergen_symbol(struct usergen *gen, uint32_t type, const char *name, uint64_t vaddr, uint64_t size, unsigned bind,
		    unsigned symbol_type, unsigned version)
{
	unsigned table = table_of(gen, type);

	usergen_number(gen, table, 4, add_string(gen, gen->sections[table].link, name));
	if (!gen->is_64) {
		usergen_number(gen, table, 4, vaddr);
		usergen_number(gen, table, 4, size);
	}
	usergen_number(gen, table, 1, bind << 4 | symbol_type);
	usergen_number(gen, table, 1, 0);
	usergen_number(gen, table, 2, vaddr ? 1 : 0);
	if (gen->is_64) {
		usergen_number(gen, table, 8, vaddr);
		usergen_number(gen, table, 8, size);
	}
	if (type == BPFL_SHT_DYNSYM)
		usergen_number(gen, gen->versym, 2, version ? version : 1);
}

void usergen_version(struct usergen *gen, unsigned number, const char *name)
{
	unsigned strings = gen->sections[table_of(gen, BPFL_SHT_DYNSYM)].link;
	struct bpfl_buf *data;

	if (!gen->verdef) {
		gen->verdef = usergen_section(gen, ".gnu.version_d", BPFL_SHT_GNU_VERDEF, 0, NULL, 0);
		usergen_link(gen, gen->verdef, strings);
	}
	data = &gen->sections[gen->verdef].data;
	if (data->size > 0) /* vd_next of the one before */
		elfgen_put((uint8_t *)data->data + gen->last_verdef + 16, gen->order, 4, data->size - gen->last_verdef);
	gen->last_verdef = data->size;
	put(gen, data, 2, 1);
	put(gen, data, 2, 0);
	put(gen, data, 2, number);
	put(gen, data, 2, 1);
	put(gen, data, 4, 0);
	put(gen, data, 4, 20);
	put(gen, data, 4, 0);
	put(gen, data, 4, add_string(gen, strings, name));
	put(gen, data, 4, 0);
}

void usergen_note(struct usergen *gen, const char *provider, const char *name, uint64_t pc, uint64_t base,
		  uint64_t semaphore, const char *args)
{
	struct bpfl_buf *data;

	if (!gen->notes)
		gen->notes = usergen_section(gen, ".note.stapsdt", BPFL_SHT_NOTE, 0, NULL, 0);
	data = &gen->sections[gen->notes].data;
	put(gen, data, 4, 8);
	put(gen, data, 4, 3 * word(gen) + strlen(provider) + strlen(name) + strlen(args) + 3);
	put(gen, data, 4, 3);
	bpfl_buf_append(data, "stapsdt", 8);
	put(gen, data, word(gen), pc);
	put(gen, data, word(gen), base);
	put(gen, data, word(gen), semaphore);
	bpfl_buf_append(data, provider, strlen(provider) + 1);
	bpfl_buf_append(data, name, strlen(name) + 1);
	bpfl_buf_append(data, args, strlen(args) + 1);
	bpfl_buf_align(data, 4);
}

/* ---- the file ---- */

static void put_header(const struct usergen *gen, struct bpfl_buf *file, uint64_t shoff)
{
	const uint8_t ident[16] = { 0x7f, 'E', 'L', 'F', gen->is_64 ? 2 : 1, gen->order == ELFGEN_BIG ? 2 : 1, 1 };

	bpfl_buf_append(file, ident, sizeof(ident));
	put(gen, file, 2, 3); /* ET_DYN */
	put(gen, file, 2, gen->machine);
	put(gen, file, 4, 1);
	put(gen, file, word(gen), USERGEN_TEXT);
	put(gen, file, word(gen), gen->is_64 ? 64 : 52);
	put(gen, file, word(gen), shoff);
	put(gen, file, 4, 0);
	put(gen, file, 2, gen->is_64 ? 64 : 52);
	put(gen, file, 2, gen->is_64 ? 56 : 32);
	put(gen, file, 2, 2);
	put(gen, file, 2, gen->is_64 ? 64 : 40);
	put(gen, file, 2, gen->nr_sections);
	put(gen, file, 2, gen->nr_sections - 1);
}

static void put_segment(const struct usergen *gen, struct bpfl_buf *file, uint64_t off, uint64_t vaddr, unsigned flags)
{
	put(gen, file, 4, BPFL_PT_LOAD);
	if (gen->is_64)
		put(gen, file, 4, flags);
	put(gen, file, word(gen), off);
	put(gen, file, word(gen), vaddr);
	put(gen, file, word(gen), vaddr);
	put(gen, file, word(gen), USERGEN_SIZE);
	put(gen, file, word(gen), USERGEN_SIZE);
	if (!gen->is_64)
		put(gen, file, 4, flags);
	put(gen, file, word(gen), 0x1000);
}

static void put_section(const struct usergen *gen, struct bpfl_buf *file, const struct section *section,
			uint32_t name_off, uint64_t off)
{
	put(gen, file, 4, name_off);
	put(gen, file, 4, section->type);
	put(gen, file, word(gen), section->addr ? BPFL_SHF_ALLOC : 0);
	put(gen, file, word(gen), section->addr);
	put(gen, file, word(gen), off);
	put(gen, file, word(gen), section->data.size);
	put(gen, file, 4, section->link);
	put(gen, file, 4, 0);
	put(gen, file, word(gen), 1);
	put(gen, file, word(gen), section->entry_size);
}

void usergen_finish(struct usergen *gen, const char *path)
{
	struct bpfl_buf file = BPFL_BUF_INIT;
	uint64_t offs[NR_SECTIONS_MAX] = { 0 }, shoff = SECTIONS_OFF;
	uint32_t name_offs[NR_SECTIONS_MAX] = { 0 };
	unsigned names = usergen_section(gen, ".shstrtab", BPFL_SHT_STRTAB, 0, "", 1);
	FILE *out = fopen(path, "we");

	for (unsigned i = 1; i < gen->nr_sections; i++)
		name_offs[i] = add_string(gen, names, gen->sections[i].name);
	for (unsigned i = 1; i < gen->nr_sections; i++) {
		offs[i] = shoff;
		shoff += gen->sections[i].data.size;
	}
	shoff = (shoff + 7) & ~7ull;
	put_header(gen, &file, shoff);
	put_segment(gen, &file, USERGEN_TEXT_OFF, USERGEN_TEXT, 4 | BPFL_PF_X);
	put_segment(gen, &file, USERGEN_DATA_OFF, USERGEN_DATA, 4 | BPFL_PF_W);
	while (file.size < SECTIONS_OFF)
		bpfl_buf_char(&file, 0);
	for (unsigned i = 1; i < gen->nr_sections; i++)
		bpfl_buf_append(&file, gen->sections[i].data.data, gen->sections[i].data.size);
	bpfl_buf_align(&file, 8);
	for (unsigned i = 0; i < gen->nr_sections; i++)
		put_section(gen, &file, &gen->sections[i], name_offs[i], offs[i]);
	if (!out || !bpfl_buf_ok(&file) || fwrite(file.data, 1, file.size, out) != file.size || fclose(out) != 0)
		abort();
	for (unsigned i = 0; i < gen->nr_sections; i++)
		bpfl_buf_deinit(&gen->sections[i].data);
	bpfl_buf_deinit(&file);
	free(gen);
}
