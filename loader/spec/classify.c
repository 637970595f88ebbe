/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First pass: what is each section for? By its name, and for code by its flags.
 *
 * An unknown section is never an error: compilers, linkers and other loaders put things into objects that are
 * none of our business (ELF-05). It is noted, unless it is one of those that every object has (ELF-06).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/hash.h"
#include "base/text.h"
#include "spec/reader.h"

enum name_match { EXACT, PREFIX, DOTTED /* the name itself, or the name, a dot and more */ };

static const struct class_row {
	const char *name;
	enum name_match match;
	enum bpfl_section_class class;
} class_rows[] = {
	{ "license", EXACT, BPFL_SEC_LICENSE },
	{ "version", EXACT, BPFL_SEC_VERSION },
	{ ".maps", EXACT, BPFL_SEC_MAPS },
	{ "maps", EXACT, BPFL_SEC_LEGACY_MAPS },
	{ "maps/", PREFIX, BPFL_SEC_LEGACY_MAPS },
	{ "lirc_mode2/maps", EXACT, BPFL_SEC_LEGACY_MAPS }, /* decoders of ir-keytable */
	{ ".data", DOTTED, BPFL_SEC_DATA },
	{ ".rodata", DOTTED, BPFL_SEC_DATA },
	{ ".bss", DOTTED, BPFL_SEC_DATA },
	{ ".percpu", DOTTED, BPFL_SEC_DATA },
	{ ".struct_ops", DOTTED, BPFL_SEC_STRUCT_OPS },
	{ "?.struct_ops", DOTTED, BPFL_SEC_STRUCT_OPS },
	{ ".addr_space.1", EXACT, BPFL_SEC_ARENA },
	{ ".jumptables", EXACT, BPFL_SEC_JUMPTABLES },
	{ ".BTF", EXACT, BPFL_SEC_BTF },
	{ ".BTF.ext", EXACT, BPFL_SEC_BTF_EXT },
	{ ".debug_", PREFIX, BPFL_SEC_QUIET },
	{ ".llvm_addrsig", EXACT, BPFL_SEC_QUIET },
	{ ".llvm.", PREFIX, BPFL_SEC_QUIET },
	{ ".comment", EXACT, BPFL_SEC_QUIET },
	{ ".note", PREFIX, BPFL_SEC_QUIET },
	{ ".gnu", PREFIX, BPFL_SEC_QUIET },
	{ ".maps.", PREFIX, BPFL_SEC_QUIET }, /* key and value types of legacy maps: read from BTF */
};

static bool row_matches(const struct class_row *row, const char *name)
{
	size_t len = strlen(row->name);

	if (strncmp(name, row->name, len) != 0)
		return false;
	switch (row->match) {
	case EXACT:
		return name[len] == '\0';
	case DOTTED:
		return name[len] == '\0' || name[len] == '.';
	case PREFIX:
		return true;
	}
	return false;
}

static enum bpfl_section_class classify(const struct bpfl_elf_section *section)
{
	switch (section->type) {
	case BPFL_SHT_PROGBITS:
	case BPFL_SHT_NOBITS:
		break;
	case 0: /* unused */
	case BPFL_SHT_SYMTAB:
	case BPFL_SHT_STRTAB:
	case BPFL_SHT_REL:
		return BPFL_SEC_QUIET;
	default:
		return section->name[0] == '.' ? BPFL_SEC_QUIET : BPFL_SEC_OTHER;
	}
	if (section->flags & BPFL_SHF_EXECINSTR)
		return BPFL_SEC_CODE;
	for (size_t i = 0; i < sizeof(class_rows) / sizeof(class_rows[0]); i++) {
		if (row_matches(&class_rows[i], section->name))
			return class_rows[i].class;
	}
	return BPFL_SEC_OTHER;
}

/* The file's own words, up to a NUL or the end of the section, whatever comes first. */
static int read_license(struct bpfl_reader *reader, const struct bpfl_elf_section *section)
{
	if (section->data == NULL)
		return 0; /* empty: as if it was not there */
	size_t len = strnlen((const char *)section->data, section->size);
	char *license = bpfl_strndup((const char *)section->data, len);

	if (license == NULL)
		return bpfl_error_nomem(reader->err);
	free(reader->spec->license);
	reader->spec->license = license;
	reader->spec->has_license = true;
	return 0;
}

/* Kernels before 5.0 wanted to be told their own version by kprobe programs. */
static int read_version(struct bpfl_reader *reader, const struct bpfl_elf_section *section)
{
	struct bpfl_cursor cursor = bpfl_cursor_make(section->data, section->data != NULL ? section->size : 0,
						     reader->elf->swap);

	if (bpfl_cursor_left(&cursor) != sizeof(uint32_t))
		return bpfl_reader_fail(reader, "section 'version': %llu bytes (a kernel version has 4)",
					(unsigned long long)section->size);
	return bpfl_cursor_u32(&cursor, &reader->spec->kern_version);
}

/*
 * GCC 12 and the assembler of its time (binutils 2.40) write the place of a symbol both into the symbol and into the
 * instruction that refers to it, so every variable but the first of a section is sought at twice its place. GCC 14 does
 * not. There is no telling from one instruction, but from who compiled it.
 */
static void note_old_gcc(struct bpfl_reader *reader, const struct bpfl_elf_section *section)
{
	static const char mark[] = "GCC: (";
	const char *version;
	char text[128];
	size_t skip = 0;

	if (section->data == NULL || strcmp(section->name, ".comment") != 0)
		return;
	while (skip < section->size && section->data[skip] == '\0') /* a section of strings begins with an empty one */
		skip++;
	snprintf(text, sizeof(text), "%.*s",
		 (int)(section->size - skip < sizeof(text) ? section->size - skip : sizeof(text) - 1),
		 (const char *)section->data + skip);
	version = strncmp(text, mark, sizeof(mark) - 1) == 0 ? strstr(text, ") ") : NULL;
	if (version != NULL && strtoul(version + 2, NULL, 10) - 1 < 12) {
		reader->old_gcc = true;
		bpfl_spec_note(reader->spec, BPFL_LOG_WARN, BPFL_OLD_GCC_TEXT);
	}
}

static void note_section(struct bpfl_reader *reader, uint32_t idx, const struct bpfl_elf_section *section)
{
	switch (reader->sections[idx].class) {
	case BPFL_SEC_OTHER:
		bpfl_spec_note(reader->spec, BPFL_LOG_INFO,
			       "section '%s' (%llu bytes) is of no use to a loader: skipped", BPFL_ESC(section->name),
			       (unsigned long long)section->size);
		break;
	default:
		break;
	}
}

int bpfl_read_sections(struct bpfl_reader *reader)
{
	const struct bpfl_elf *elf = reader->elf;
	struct bpfl_spec *spec = reader->spec;

	reader->sections = calloc(elf->nr_sections + 1, sizeof(*reader->sections));
	if (reader->sections == NULL)
		return bpfl_error_nomem(reader->err);

	for (uint32_t i = 0; i < elf->nr_sections; i++) {
		const struct bpfl_elf_section *section = &elf->sections[i];
		int ret = 0;

		reader->sections[i].class = classify(section);
		reader->sections[i].map_idx = BPFL_READER_NONE;
		note_section(reader, i, section);
		note_old_gcc(reader, section);
		if (reader->sections[i].class == BPFL_SEC_LICENSE)
			ret = read_license(reader, section);
		else if (reader->sections[i].class == BPFL_SEC_VERSION)
			ret = read_version(reader, section);
		if (ret < 0)
			return ret;
	}
	if (!spec->has_license)
		bpfl_spec_note(spec, BPFL_LOG_WARN,
			       "no license: add char LICENSE[] SEC(\"license\") = \"GPL\"; many helpers are for GPL-compatible programs only");
	return 0;
}

static const struct bpfl_elf_section *section_of_class(const struct bpfl_reader *reader, enum bpfl_section_class class)
{
	for (uint32_t i = 0; i < reader->elf->nr_sections; i++) {
		if (reader->sections[i].class == class)
			return &reader->elf->sections[i];
	}
	return NULL;
}

/* E8: .maps can only be read with types. */
static int fail_no_btf(struct bpfl_reader *reader)
{
	bpfl_error_set(reader->err, BPFL_ERR_OBJECT, ENOENT,
		       "section '.maps' cannot be read without types: the object has no section '.BTF'");
	bpfl_error_catalogue(reader->err, 8);
	bpfl_error_why(reader->err, "the object was compiled without -g, or stripped of its .BTF section");
	bpfl_error_fix(reader->err, "recompile it with clang -g; to strip debug information use llvm-strip -g");
	return -ENOENT;
}

static struct bpfl_hash *hash_of_kind(struct bpfl_reader *reader, enum bpfl_btf_kind kind, const char *name)
{
	switch (kind) {
	case BPFL_KIND_DATASEC:
		return &reader->datasec_ids;
	case BPFL_KIND_VAR:
		return &reader->var_ids;
	case BPFL_KIND_STRUCT:
		return bpfl_text_has_prefix(name, BPFL_LEGACY_TYPE_PREFIX) ? &reader->legacy_ids : NULL;
	default:
		return NULL;
	}
}

/* Sections and variables are looked up by name many times: once through all types, then never again. */
static int hash_types(struct bpfl_reader *reader)
{
	const struct bpfl_btf *btf = reader->spec->btf;

	for (uint32_t id = 1; id < bpfl_btf_nr_types(btf); id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, id);
		const char *name = bpfl_btf_name(btf, id);
		struct bpfl_hash *hash = type != NULL ? hash_of_kind(reader, bpfl_btf_kind(type), name) : NULL;

		if (hash != NULL && bpfl_hash_put(hash, name, strlen(name), id) == -ENOMEM)
			return bpfl_error_nomem(reader->err);
	}
	return 0;
}

uint32_t bpfl_reader_btf_id(const struct bpfl_reader *reader, enum bpfl_btf_kind kind, const char *name)
{
	/* The cast loses a const that hash_of_kind() only passes through. */
	const struct bpfl_hash *hash = hash_of_kind((struct bpfl_reader *)(uintptr_t)reader, kind, name);
	uint32_t id = 0;

	if (hash != NULL)
		bpfl_hash_get(hash, name, strlen(name), &id);
	return id;
}

/*
 * Types are often the largest part of a file. Then the spec keeps the file instead of a copy of them; where
 * debug information is, a copy is less.
 */
static int read_types(struct bpfl_reader *reader, const struct bpfl_elf_section *btf)
{
	struct bpfl_spec *spec = reader->spec;
	int ret;

	if (reader->file == NULL || reader->elf->swap || btf->size < reader->file->size / 3)
		return bpfl_btf_read(btf->data, btf->size, NULL, &spec->btf, reader->err);
	ret = bpfl_btf_borrow(btf->data, btf->size, NULL, &spec->btf, reader->err);
	if (ret == 0)
		spec->file = bpfl_buf_take(reader->file);
	return ret;
}

int bpfl_read_btf(struct bpfl_reader *reader)
{
	const struct bpfl_elf_section *btf = section_of_class(reader, BPFL_SEC_BTF);
	const struct bpfl_elf_section *ext = section_of_class(reader, BPFL_SEC_BTF_EXT);
	const struct bpfl_elf_section *maps = section_of_class(reader, BPFL_SEC_MAPS);

	if (btf == NULL || btf->size == 0) {
		if (maps != NULL && maps->size != 0)
			return fail_no_btf(reader);
		return 0;
	}
	if (btf->data == NULL)
		return bpfl_reader_fail(reader, "section '.BTF' has no contents in the file");
	int ret = read_types(reader, btf);
	if (ret == 0)
		ret = hash_types(reader);
	if (ret < 0 || ext == NULL || ext->size == 0)
		return ret;
	if (ext->data == NULL)
		return bpfl_reader_fail(reader, "section '.BTF.ext' has no contents in the file");
	ret = bpfl_btf_ext_read(ext->data, ext->size, reader->elf->swap, reader->spec->btf, &reader->ext, reader->err);
	if (ret == 0)
		reader->spec->has_ext = true;
	return ret;
}
