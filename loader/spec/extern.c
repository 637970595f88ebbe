/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Externs: what the object wants from the kernel. Undefined symbols that BTF lists in one of two pseudo-sections:
 *
 *     .kconfig   values of kernel configuration options: gathered in a map of their own, laid out here
 *     .ksyms     kernel functions (kfuncs), typed kernel variables, and symbols without type (const void)
 *
 * Here they are recorded: kind, type, whether weak. What becomes of them depends on the kernel and is decided
 * by the image. An undefined symbol that is in neither list is an error only where something refers to it
 * (reloc.c, REL-13).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"
#include "base/text.h"
#include "spec/reader.h"

#define KCONFIG_SECTION ".kconfig"
#define KSYMS_SECTION ".ksyms"
#define KCONFIG_SIZE_MAX 65536u /* one value; options are short strings at most */

/* All names that a pseudo-section lists, with their BTF id. */
static int hash_datasec(struct bpfl_reader *reader, const char *section, struct bpfl_hash *names)
{
	const struct bpfl_btf *btf = reader->spec->btf;
	const struct bpfl_btf_type *datasec = bpfl_btf_type(btf,
							    bpfl_reader_btf_id(reader, BPFL_KIND_DATASEC, section));

	if (datasec == NULL || bpfl_btf_kind(datasec) != BPFL_KIND_DATASEC)
		return 0;
	for (uint32_t i = 0; i < bpfl_btf_vlen(datasec); i++) {
		uint32_t id = bpfl_btf_datasec_vars(datasec)[i].type;
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, id);
		enum bpfl_btf_kind kind = type != NULL ? bpfl_btf_kind(type) : BPFL_KIND_VOID;
		const char *name = bpfl_btf_name(btf, id);

		if (kind != BPFL_KIND_VAR && kind != BPFL_KIND_FUNC)
			return bpfl_reader_fail(reader,
						"BTF: section '%s' lists type %u, which is no variable or function",
						section, id);
		if (bpfl_hash_put(names, name, strlen(name), id) == -ENOMEM)
			return bpfl_error_nomem(reader->err);
	}
	return 0;
}

static bool is_char_array(const struct bpfl_btf *btf, const struct bpfl_btf_type *type)
{
	if (bpfl_btf_kind(type) != BPFL_KIND_ARRAY || bpfl_btf_array(type)->nr_elems == 0)
		return false;
	const struct bpfl_btf_type *elem = bpfl_btf_skip_modifiers(btf, bpfl_btf_array(type)->type, NULL);
	return elem != NULL && bpfl_btf_kind(elem) == BPFL_KIND_INT && elem->size == 1;
}

/* EXT-02: bool, integers, enum libbpf_tristate, strings. */
static bool is_kconfig_type(const struct bpfl_btf *btf, uint32_t type_id)
{
	uint32_t id = 0;
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, &id);

	if (type == NULL)
		return false;
	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_INT:
		if (bpfl_btf_int_encoding(type) & BPFL_INT_BOOL)
			return type->size == 1;
		return type->size == 1 || type->size == 2 || type->size == 4 || type->size == 8;
	case BPFL_KIND_ENUM:
		return type->size == 4 && strcmp(bpfl_btf_name(btf, id), "libbpf_tristate") == 0;
	case BPFL_KIND_ARRAY:
		return is_char_array(btf, type);
	default:
		return false;
	}
}

static int set_kconfig(struct bpfl_reader *reader, struct bpfl_extern *ext)
{
	const struct bpfl_btf *btf = reader->spec->btf;
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, ext->btf_id);
	char text[128];

	ext->kind = BPFL_EXTERN_KCONFIG;
	if (bpfl_btf_kind(type) != BPFL_KIND_VAR)
		return bpfl_reader_fail(reader, "extern '%s' is a function, but declared __kconfig",
					BPFL_ESC(ext->name));
	ext->type_id = type->type;
	if (!is_kconfig_type(btf, ext->type_id))
		return bpfl_reader_fail(reader, "extern '%s': a configuration value cannot be of type '%s'",
					BPFL_ESC(ext->name),
					BPFL_ESC(bpfl_btf_type_text(btf, ext->type_id, text, sizeof(text))));
	if (bpfl_btf_size(btf, ext->type_id, &ext->size_bytes) < 0 || ext->size_bytes > KCONFIG_SIZE_MAX)
		return bpfl_reader_fail(reader, "extern '%s': a configuration value has at most %u bytes",
					BPFL_ESC(ext->name), KCONFIG_SIZE_MAX);
	return 0;
}

static int set_ksym(struct bpfl_reader *reader, struct bpfl_extern *ext)
{
	const struct bpfl_btf *btf = reader->spec->btf;
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, ext->btf_id);

	ext->type_id = type->type;
	if (bpfl_btf_kind(type) == BPFL_KIND_FUNC) {
		ext->kind = BPFL_EXTERN_KFUNC;
		return 0;
	}
	const struct bpfl_btf_type *value = bpfl_btf_skip_modifiers(btf, ext->type_id, NULL);
	bool is_void = value == NULL || bpfl_btf_kind(value) == BPFL_KIND_VOID;

	ext->kind = is_void ? BPFL_EXTERN_KSYM_TYPELESS : BPFL_EXTERN_KSYM_VAR;
	return 0;
}

static int add_extern(struct bpfl_reader *reader, uint32_t symbol_idx, uint32_t btf_id, bool is_kconfig)
{
	const struct bpfl_elf_symbol *symbol = &reader->elf->symbols[symbol_idx];
	struct bpfl_extern *ext = BPFL_VEC_PUSH(&reader->spec->externs);

	if (ext == NULL)
		return bpfl_error_nomem(reader->err);
	ext->name = bpfl_strdup(symbol->name);
	if (ext->name == NULL) {
		reader->spec->externs.nr--;
		return bpfl_error_nomem(reader->err);
	}
	ext->weak = symbol->bind == BPFL_STB_WEAK;
	ext->btf_id = btf_id;
	reader->symbol_extern[symbol_idx] = (uint32_t)reader->spec->externs.nr - 1;
	return is_kconfig ? set_kconfig(reader, ext) : set_ksym(reader, ext);
}

static int read_symbols(struct bpfl_reader *reader, const struct bpfl_hash *kconfig, const struct bpfl_hash *ksyms)
{
	for (uint32_t i = 1; i < reader->elf->nr_symbols; i++) {
		const struct bpfl_elf_symbol *symbol = &reader->elf->symbols[i];
		size_t len = strlen(symbol->name);
		uint32_t id = 0;
		int ret = 0;

		if (symbol->section_idx != BPFL_SHN_UNDEF || symbol->bind == BPFL_STB_LOCAL)
			continue;
		if (bpfl_hash_get(kconfig, symbol->name, len, &id) == 0)
			ret = add_extern(reader, i, id, true);
		else if (bpfl_hash_get(ksyms, symbol->name, len, &id) == 0)
			ret = add_extern(reader, i, id, false);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* ---- the map of configuration values ---- */

struct kconfig_place {
	struct bpfl_extern *ext;
	uint32_t align;
};

/* EXT-15: large alignment first, then small values, then by name: no holes, and the same order for everyone. */
static int place_compare(const void *a_ptr, const void *b_ptr)
{
	const struct kconfig_place *a = a_ptr, *b = b_ptr;

	if (a->align != b->align)
		return a->align > b->align ? -1 : 1;
	if (a->ext->size_bytes != b->ext->size_bytes)
		return a->ext->size_bytes < b->ext->size_bytes ? -1 : 1;
	return strcmp(a->ext->name, b->ext->name);
}

static uint32_t lay_out(struct kconfig_place *places, size_t nr)
{
	uint64_t end = 0;

	qsort(places, nr, sizeof(*places), place_compare);
	for (size_t i = 0; i < nr; i++) {
		end = (end + places[i].align - 1) / places[i].align * places[i].align;
		places[i].ext->byte_off = (uint32_t)end;
		end += places[i].ext->size_bytes;
		if (end > BPFL_SPEC_MAX_DATA)
			return 0;
	}
	return (uint32_t)end;
}

static int add_kconfig_map(struct bpfl_reader *reader, uint32_t size)
{
	struct bpfl_map_spec *map = bpfl_reader_add_map(reader, KCONFIG_SECTION, BPFL_MAP_KCONFIG, 0, 0);

	if (map == NULL)
		return bpfl_error_nomem(reader->err);
	map->type = BPFL_MAP_TYPE_ARRAY;
	map->key_size = sizeof(uint32_t);
	map->value_size = map->data_size = size;
	map->max_entries = 1;
	map->has_max_entries = true;
	map->frozen = true;
	map->flags = BPFL_F_RDONLY_PROG;
	map->mmapable = true;
	map->value_type_id = bpfl_reader_btf_id(reader, BPFL_KIND_DATASEC, KCONFIG_SECTION);
	map->data = calloc(1, size);
	return map->data != NULL ? 0 : bpfl_error_nomem(reader->err);
}

static int make_kconfig_map(struct bpfl_reader *reader)
{
	struct bpfl_spec *spec = reader->spec;
	struct kconfig_place *places = calloc(spec->externs.nr + 1, sizeof(*places));
	size_t nr = 0;
	int ret = 0;

	if (places == NULL)
		return bpfl_error_nomem(reader->err);
	for (size_t i = 0; i < spec->externs.nr; i++) {
		struct bpfl_extern *ext = &spec->externs.items[i];
		uint32_t align;

		if (ext->kind != BPFL_EXTERN_KCONFIG)
			continue;
		align = bpfl_btf_align(spec->btf, ext->type_id);
		places[nr++] = (struct kconfig_place){ ext, align != 0 ? align : 1 };
	}
	if (nr > 0) {
		uint32_t size = lay_out(places, nr);

		ret = size != 0 ? add_kconfig_map(reader, size) :
				  bpfl_reader_fail(reader, "section '.kconfig': too many values");
	}
	free(places);
	return ret;
}

int bpfl_read_externs(struct bpfl_reader *reader)
{
	struct bpfl_hash kconfig = BPFL_HASH_INIT, ksyms = BPFL_HASH_INIT;
	size_t nr_symbols = reader->elf->nr_symbols;
	int ret = 0;

	reader->symbol_extern = malloc((nr_symbols + 1) * sizeof(*reader->symbol_extern));
	if (reader->symbol_extern == NULL)
		return bpfl_error_nomem(reader->err);
	for (size_t i = 0; i < nr_symbols; i++)
		reader->symbol_extern[i] = BPFL_READER_NONE;
	if (reader->spec->btf == NULL)
		return 0;
	ret = hash_datasec(reader, KCONFIG_SECTION, &kconfig);
	if (ret == 0)
		ret = hash_datasec(reader, KSYMS_SECTION, &ksyms);
	if (ret == 0)
		ret = read_symbols(reader, &kconfig, &ksyms);
	if (ret == 0)
		ret = make_kconfig_map(reader);
	bpfl_hash_deinit(&kconfig);
	bpfl_hash_deinit(&ksyms);
	return ret;
}
