/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elfgen: see elfgen.h.
 *
 * Sections and symbols are kept as C structs with growing buffers until elfgen_finish() lays them out; patches
 * are kept as a list of (what, index, field, value) and written over the finished bytes. Nothing of the
 * loader's reader is used here, so that a mistake in one cannot hide a mistake in the other.
 */
#include "elfgen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EHDR_SIZE 64u
#define SHDR_SIZE 64u
#define SYM_SIZE 24u
#define REL_SIZE 16u
#define ET_REL_VALUE 1u
#define EM_BPF_VALUE 247u

struct bytes {
	uint8_t *data;
	size_t size;
	size_t cap;
};

struct section {
	uint32_t name; /* offset in .strtab */
	uint32_t type;
	uint64_t flags;
	uint32_t link, info;
	uint64_t align, entsize;
	uint64_t nobits_size;
	size_t file_off; /* set by the layout */
	unsigned reloc_section; /* index, 0 none */
	char *text;
	struct bytes bytes;
};

enum patch_kind { PATCH_EHDR, PATCH_SHDR, PATCH_SYM, PATCH_REL };

struct patch {
	enum patch_kind kind;
	unsigned index;
	unsigned section; /* of PATCH_REL: whose relocations */
	unsigned field;
	uint64_t value;
};

struct elfgen {
	enum elfgen_order order;
	struct section *sections;
	size_t nr_sections;
	struct patch *patches;
	size_t nr_patches;
	unsigned nr_symbols; /* with the null symbol */
	unsigned first_global; /* 0: none yet */
	size_t file_size;
	bool file_size_set;
};

struct field {
	uint8_t off, width;
};

static const struct field ehdr_fields[] = {
	[ELFGEN_EI_MAG0] = { 0, 1 },	 [ELFGEN_EI_CLASS] = { 4, 1 },	   [ELFGEN_EI_DATA] = { 5, 1 },
	[ELFGEN_EI_VERSION] = { 6, 1 },	 [ELFGEN_E_TYPE] = { 16, 2 },	   [ELFGEN_E_MACHINE] = { 18, 2 },
	[ELFGEN_E_VERSION] = { 20, 4 },	 [ELFGEN_E_SHOFF] = { 40, 8 },	   [ELFGEN_E_EHSIZE] = { 52, 2 },
	[ELFGEN_E_SHENTSIZE] = { 58, 2 }, [ELFGEN_E_SHNUM] = { 60, 2 },	   [ELFGEN_E_SHSTRNDX] = { 62, 2 },
};

static const struct field shdr_fields[] = {
	[ELFGEN_SH_NAME] = { 0, 4 },   [ELFGEN_SH_TYPE] = { 4, 4 },   [ELFGEN_SH_FLAGS] = { 8, 8 },
	[ELFGEN_SH_ADDR] = { 16, 8 },  [ELFGEN_SH_OFFSET] = { 24, 8 }, [ELFGEN_SH_SIZE] = { 32, 8 },
	[ELFGEN_SH_LINK] = { 40, 4 },  [ELFGEN_SH_INFO] = { 44, 4 },  [ELFGEN_SH_ADDRALIGN] = { 48, 8 },
	[ELFGEN_SH_ENTSIZE] = { 56, 8 },
};

static const struct field sym_fields[] = {
	[ELFGEN_ST_NAME] = { 0, 4 },  [ELFGEN_ST_INFO] = { 4, 1 },  [ELFGEN_ST_OTHER] = { 5, 1 },
	[ELFGEN_ST_SHNDX] = { 6, 2 }, [ELFGEN_ST_VALUE] = { 8, 8 }, [ELFGEN_ST_SIZE] = { 16, 8 },
};

static void *grown(void *memory, size_t size)
{
	memory = realloc(memory, size ? size : 1);
	if (!memory)
		abort();
	return memory;
}

static size_t bytes_append(struct bytes *bytes, const void *data, size_t size)
{
	size_t off = bytes->size;

	if (bytes->size + size > bytes->cap) {
		bytes->cap = (bytes->size + size) * 2;
		bytes->data = grown(bytes->data, bytes->cap);
	}
	if (data && size)
		memcpy(bytes->data + off, data, size);
	else if (size)
		memset(bytes->data + off, 0, size);
	bytes->size += size;
	return off;
}

void elfgen_put(uint8_t *bytes, enum elfgen_order order, unsigned width_bytes, uint64_t value)
{
	for (unsigned i = 0; i < width_bytes; i++) {
		unsigned at = order == ELFGEN_LITTLE ? i : width_bytes - 1 - i;

		bytes[at] = (uint8_t)(value >> (8 * i));
	}
}

static struct section *section_at(struct elfgen *gen, unsigned section)
{
	if (section >= gen->nr_sections)
		abort();
	return &gen->sections[section];
}

/* Adds a string to .strtab. "" is the byte that every string table begins with. */
static uint32_t string_add(struct elfgen *gen, const char *text)
{
	struct bytes *strtab = &gen->sections[ELFGEN_STRTAB].bytes;

	if (!*text)
		return 0;
	return (uint32_t)bytes_append(strtab, text, strlen(text) + 1);
}

unsigned elfgen_section(struct elfgen *gen, const char *name, uint32_t type, uint64_t flags, const void *data,
			size_t size)
{
	struct section *section;
	unsigned index = (unsigned)gen->nr_sections;

	gen->sections = grown(gen->sections, (gen->nr_sections + 1) * sizeof(*gen->sections));
	gen->nr_sections++;
	section = &gen->sections[index];
	memset(section, 0, sizeof(*section));
	section->type = type;
	section->flags = flags;
	section->align = 8;
	section->text = strcpy(grown(NULL, strlen(name) + 1), name);
	if (index > ELFGEN_STRTAB)
		section->name = string_add(gen, name);
	if (type == BPFL_SHT_NOBITS)
		section->nobits_size = size;
	else
		bytes_append(&section->bytes, data, size);
	return index;
}

struct elfgen *elfgen_new(enum elfgen_order order)
{
	struct elfgen *gen = grown(NULL, sizeof(*gen));
	struct section *symtab;

	memset(gen, 0, sizeof(*gen));
	gen->order = order;
	elfgen_section(gen, "", 0, 0, NULL, 0);
	gen->sections[0].align = 0;
	elfgen_section(gen, ".strtab", BPFL_SHT_STRTAB, 0, "", 1);
	gen->sections[ELFGEN_STRTAB].name = string_add(gen, ".strtab");
	gen->sections[ELFGEN_STRTAB].align = 1;
	elfgen_section(gen, ".symtab", BPFL_SHT_SYMTAB, 0, NULL, SYM_SIZE);
	symtab = &gen->sections[ELFGEN_SYMTAB];
	symtab->link = ELFGEN_STRTAB;
	symtab->entsize = SYM_SIZE;
	gen->nr_symbols = 1;
	return gen;
}

size_t elfgen_append(struct elfgen *gen, unsigned section, const void *data, size_t size)
{
	return bytes_append(&section_at(gen, section)->bytes, data, size);
}

size_t elfgen_number(struct elfgen *gen, unsigned section, unsigned width_bytes, uint64_t value)
{
	uint8_t bytes[8];

	elfgen_put(bytes, gen->order, width_bytes, value);
	return elfgen_append(gen, section, bytes, width_bytes);
}

size_t elfgen_insn(struct elfgen *gen, unsigned section, uint8_t code, unsigned dst, unsigned src, int16_t off,
		   int32_t imm)
{
	unsigned regs = gen->order == ELFGEN_LITTLE ? (src << 4 | dst) : (dst << 4 | src);
	size_t at = elfgen_number(gen, section, 1, code);

	elfgen_number(gen, section, 1, regs);
	elfgen_number(gen, section, 2, (uint16_t)off);
	elfgen_number(gen, section, 4, (uint32_t)imm);
	return at;
}

unsigned elfgen_symbol(struct elfgen *gen, const char *name, unsigned section, uint64_t value, uint64_t size,
		       unsigned bind, unsigned type)
{
	elfgen_number(gen, ELFGEN_SYMTAB, 4, string_add(gen, name));
	elfgen_number(gen, ELFGEN_SYMTAB, 1, bind << 4 | type);
	elfgen_number(gen, ELFGEN_SYMTAB, 1, BPFL_STV_DEFAULT);
	elfgen_number(gen, ELFGEN_SYMTAB, 2, section);
	elfgen_number(gen, ELFGEN_SYMTAB, 8, value);
	elfgen_number(gen, ELFGEN_SYMTAB, 8, size);
	if (bind != BPFL_STB_LOCAL && !gen->first_global)
		gen->first_global = gen->nr_symbols;
	return gen->nr_symbols++;
}

void elfgen_visibility(struct elfgen *gen, unsigned symbol, unsigned visibility)
{
	elfgen_patch_sym(gen, symbol, ELFGEN_ST_OTHER, visibility);
}

static void put_rel_info(uint8_t *bytes, enum elfgen_order order, uint32_t type, unsigned symbol)
{
	elfgen_put(bytes, order, 8, (uint64_t)symbol << 32 | type);
}

unsigned elfgen_reloc(struct elfgen *gen, unsigned section, uint64_t byte_off, uint32_t type, unsigned symbol)
{
	unsigned rel = section_at(gen, section)->reloc_section;
	uint8_t record[REL_SIZE];

	if (!rel) {
		const char *of = gen->sections[section].text;
		char *name = strcat(strcpy(grown(NULL, strlen(of) + 5), ".rel"), of);

		rel = elfgen_section(gen, name, BPFL_SHT_REL, 0, NULL, 0);
		free(name);
		gen->sections[rel].link = ELFGEN_SYMTAB;
		gen->sections[rel].info = section;
		gen->sections[rel].entsize = REL_SIZE;
		gen->sections[section].reloc_section = rel;
	}
	elfgen_put(record, gen->order, 8, byte_off);
	put_rel_info(record + 8, gen->order, type, symbol);
	return (unsigned)(elfgen_append(gen, rel, record, REL_SIZE) / REL_SIZE);
}

unsigned elfgen_reloc_section(const struct elfgen *gen, unsigned section)
{
	return section < gen->nr_sections ? gen->sections[section].reloc_section : 0;
}

unsigned elfgen_program(struct elfgen *gen, const char *section, const char *function, int32_t ret)
{
	unsigned index = elfgen_section(gen, section, BPFL_SHT_PROGBITS, ELFGEN_CODE, NULL, 0);

	elfgen_insn(gen, index, BPFL_CODE_MOV64_K, 0, 0, 0, ret);
	elfgen_insn(gen, index, BPFL_CODE_EXIT, 0, 0, 0, 0);
	elfgen_symbol(gen, function, index, 0, 16, BPFL_STB_GLOBAL, BPFL_STT_FUNC);
	return index;
}

static void patch_add(struct elfgen *gen, struct patch patch)
{
	gen->patches = grown(gen->patches, (gen->nr_patches + 1) * sizeof(patch));
	gen->patches[gen->nr_patches++] = patch;
}

void elfgen_patch_ehdr(struct elfgen *gen, enum elfgen_ehdr_field field, uint64_t value)
{
	patch_add(gen, (struct patch){ .kind = PATCH_EHDR, .field = field, .value = value });
}

void elfgen_patch_shdr(struct elfgen *gen, unsigned section, enum elfgen_shdr_field field, uint64_t value)
{
	patch_add(gen, (struct patch){ .kind = PATCH_SHDR, .index = section, .field = field, .value = value });
}

void elfgen_patch_sym(struct elfgen *gen, unsigned symbol, enum elfgen_sym_field field, uint64_t value)
{
	patch_add(gen, (struct patch){ .kind = PATCH_SYM, .index = symbol, .field = field, .value = value });
}

void elfgen_patch_rel(struct elfgen *gen, unsigned section, unsigned reloc, enum elfgen_rel_field field,
		      uint64_t value)
{
	patch_add(gen, (struct patch){ .kind = PATCH_REL, .index = reloc, .section = section, .field = field,
				       .value = value });
}

void elfgen_patch_file_size(struct elfgen *gen, size_t size)
{
	gen->file_size = size;
	gen->file_size_set = true;
}

static void put_ehdr(const struct elfgen *gen, uint8_t *out, size_t table_off)
{
	enum elfgen_order order = gen->order;
	const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 2, order == ELFGEN_LITTLE ? 1 : 2, 1 };

	memcpy(out, ident, sizeof(ident));
	elfgen_put(out + 16, order, 2, ET_REL_VALUE);
	elfgen_put(out + 18, order, 2, EM_BPF_VALUE);
	elfgen_put(out + 20, order, 4, 1);
	elfgen_put(out + 40, order, 8, table_off);
	elfgen_put(out + 52, order, 2, EHDR_SIZE);
	elfgen_put(out + 58, order, 2, SHDR_SIZE);
	elfgen_put(out + 60, order, 2, gen->nr_sections);
	elfgen_put(out + 62, order, 2, ELFGEN_STRTAB);
}

static void put_shdr(const struct elfgen *gen, uint8_t *out, const struct section *section)
{
	enum elfgen_order order = gen->order;
	bool nobits = section->type == BPFL_SHT_NOBITS;

	elfgen_put(out + 0, order, 4, section->name);
	elfgen_put(out + 4, order, 4, section->type);
	elfgen_put(out + 8, order, 8, section->flags);
	elfgen_put(out + 24, order, 8, section->file_off);
	elfgen_put(out + 32, order, 8, nobits ? section->nobits_size : section->bytes.size);
	elfgen_put(out + 40, order, 4, section->link);
	elfgen_put(out + 44, order, 4, section->info);
	elfgen_put(out + 48, order, 8, section->align);
	elfgen_put(out + 56, order, 8, section->entsize);
}

static void put_patch(const struct elfgen *gen, uint8_t *out, size_t table_off, const struct patch *patch)
{
	struct field field;
	uint8_t *base;

	switch (patch->kind) {
	case PATCH_EHDR:
		base = out;
		field = ehdr_fields[patch->field];
		break;
	case PATCH_SHDR:
		base = out + table_off + patch->index * SHDR_SIZE;
		field = shdr_fields[patch->field];
		break;
	case PATCH_SYM:
		base = out + gen->sections[ELFGEN_SYMTAB].file_off + patch->index * SYM_SIZE;
		field = sym_fields[patch->field];
		break;
	default: /* r_info is one number: symbol << 32 | type, so its halves swap places on big endian */
		base = out + gen->sections[gen->sections[patch->section].reloc_section].file_off +
		       patch->index * REL_SIZE;
		field = (struct field){ 0, 8 };
		if (patch->field != ELFGEN_R_OFFSET) {
			bool low_half = (patch->field == ELFGEN_R_TYPE) == (gen->order == ELFGEN_LITTLE);

			field = (struct field){ low_half ? 8 : 12, 4 };
		}
		break;
	}
	elfgen_put(base + field.off, gen->order, field.width, patch->value);
}

static size_t align8(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

uint8_t *elfgen_finish(struct elfgen *gen, size_t *ret_size)
{
	size_t table_off = EHDR_SIZE, size;
	uint8_t *out;

	for (size_t i = 1; i < gen->nr_sections; i++) {
		gen->sections[i].file_off = table_off;
		table_off = align8(table_off + gen->sections[i].bytes.size);
	}
	gen->sections[ELFGEN_SYMTAB].info = gen->first_global ? gen->first_global : gen->nr_symbols;
	size = table_off + gen->nr_sections * SHDR_SIZE;
	out = grown(NULL, size);
	memset(out, 0, size);
	put_ehdr(gen, out, table_off);
	for (size_t i = 0; i < gen->nr_sections; i++) {
		const struct section *section = &gen->sections[i];

		if (section->bytes.size)
			memcpy(out + section->file_off, section->bytes.data, section->bytes.size);
		put_shdr(gen, out + table_off + i * SHDR_SIZE, section);
	}
	for (size_t i = 0; i < gen->nr_patches; i++)
		put_patch(gen, out, table_off, &gen->patches[i]);
	if (gen->file_size_set) {
		out = grown(out, gen->file_size);
		if (gen->file_size > size)
			memset(out + size, 0, gen->file_size - size);
		size = gen->file_size;
	}
	for (size_t i = 0; i < gen->nr_sections; i++) {
		free(gen->sections[i].text);
		free(gen->sections[i].bytes.data);
	}
	free(gen->sections);
	free(gen->patches);
	free(gen);
	*ret_size = size;
	return out;
}

void elfgen_finish_file(struct elfgen *gen, const char *path)
{
	size_t size;
	uint8_t *bytes = elfgen_finish(gen, &size);
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file))
		abort();
	free(bytes);
}
