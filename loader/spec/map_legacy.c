/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps from before BTF: a struct of numbers in section "maps" (each symbol one map) or "maps/NAME" (the section
 * is one map).
 *
 * Three layouts are in use, told apart by their size, which is the distance between two symbols:
 *
 *     type key_size value_size max_entries flags                       bpf_map_def: 20 bytes, or less; longer
 *     ones end in zeroes type key_size value_size max_entries flags inner numa_node       28 bytes: the
 *     kernel's own old samples type ... flags id pinning inner_id inner_idx                     bpf_elf_map of
 *     iproute2: 36 bytes
 *
 * bpf_elf_map counts pinning in its own way: 1 is a directory of the object, 2 is shared by name. Its maps name
 * their inner maps by id: the map whose id is the outer one's inner_id is the template.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/text.h"
#include "spec/reader.h"

#define MAP_DEF_MIN 16u  /* type, two sizes, number of entries */
#define MAP_DEF_SIZE 20u
#define SAMPLE_SIZE 28u
#define ELF_MAP_SIZE 36u
#define DEF_SIZE_MAX 512u /* some loaders put a path behind the numbers */

enum { PIN_OBJECT = 1, PIN_GLOBAL = 2 }; /* of bpf_elf_map */

/* All fields of all layouts, in order. What a layout does not have stays zero. */
struct legacy_def {
	uint32_t type, key_size, value_size, max_entries, flags;
	uint32_t id_or_inner, pinning_or_node, inner_id, inner_idx;
};

#define NR_FIELDS (sizeof(struct legacy_def) / sizeof(uint32_t))

struct legacy_symbol {
	uint32_t byte_off;
	const char *name;
};

static int symbol_compare(const void *a_ptr, const void *b_ptr)
{
	const struct legacy_symbol *a = a_ptr, *b = b_ptr;

	return (a->byte_off > b->byte_off) - (a->byte_off < b->byte_off);
}

/* The definitions of a section: named symbols that lie in it, by place. */
static int find_symbols(struct bpfl_reader *reader, uint32_t section_idx, struct legacy_symbol **ret_symbols,
			size_t *ret_nr)
{
	const struct bpfl_elf *elf = reader->elf;
	const struct bpfl_elf_section *section = &elf->sections[section_idx];
	BPFL_VEC(struct legacy_symbol) found = { NULL, 0, 0 };

	for (uint32_t i = 1; i < elf->nr_symbols; i++) {
		const struct bpfl_elf_symbol *symbol = &elf->symbols[i];

		if (symbol->section_idx != section_idx || symbol->name[0] == '\0' ||
		    (symbol->type != BPFL_STT_OBJECT && symbol->type != BPFL_STT_NOTYPE))
			continue;
		if (symbol->value >= section->size) {
			free(found.items);
			return bpfl_reader_fail(reader,
						"section '%s': map '%s' at byte 0x%llx: the section ends at 0x%llx",
						BPFL_ESC(section->name), BPFL_ESC(symbol->name),
						(unsigned long long)symbol->value, (unsigned long long)section->size);
		}
		struct legacy_symbol *slot = BPFL_VEC_PUSH(&found);
		if (slot == NULL) {
			free(found.items);
			return bpfl_error_nomem(reader->err);
		}
		*slot = (struct legacy_symbol){ (uint32_t)symbol->value, symbol->name };
	}
	if (found.nr > 0)
		qsort(found.items, found.nr, sizeof(*found.items), symbol_compare);
	*ret_symbols = found.items;
	*ret_nr = found.nr;
	return 0;
}

static int read_fields(const struct bpfl_reader *reader, const uint8_t *bytes, uint32_t size,
		       struct legacy_def *ret_def)
{
	struct bpfl_cursor cursor = bpfl_cursor_make(bytes, size, reader->elf->swap);
	uint32_t fields[NR_FIELDS] = { 0 };

	for (size_t i = 0; i < NR_FIELDS && bpfl_cursor_left(&cursor) >= sizeof(uint32_t); i++) {
		int ret = bpfl_cursor_u32(&cursor, &fields[i]);

		if (ret < 0)
			return ret;
	}
	memcpy(ret_def, fields, sizeof(*ret_def));
	return 0;
}

static bool all_zero(const uint8_t *bytes, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++) {
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

/* BPF_ANNOTATE_KV_PAIR(NAME, ...): struct ____btf_map_NAME { key; value; } gives an old map its types. */
static void read_types(const struct bpfl_reader *reader, struct bpfl_map_spec *map)
{
	const struct bpfl_btf *btf = reader->spec->btf;
	struct bpfl_buf name = BPFL_BUF_INIT;
	uint32_t key_size = 0, value_size = 0;

	if (btf == NULL)
		return;
	bpfl_buf_printf(&name, BPFL_LEGACY_TYPE_PREFIX "%s", map->name);
	uint32_t type_id = bpfl_buf_ok(&name) ? bpfl_reader_btf_id(reader, BPFL_KIND_STRUCT, name.data) : 0;
	bpfl_buf_deinit(&name);
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, type_id);

	if (type_id == 0 || bpfl_btf_vlen(type) != 2)
		return;
	const struct bpfl_btf_member *members = bpfl_btf_members(type);
	if (bpfl_btf_size(btf, members[0].type, &key_size) < 0 || key_size != map->key_size ||
	    bpfl_btf_size(btf, members[1].type, &value_size) < 0 || value_size != map->value_size)
		return;
	map->key_type_id = members[0].type;
	map->value_type_id = members[1].type;
}

static void apply_elf_map(struct bpfl_map_spec *map, const struct legacy_def *def)
{
	map->legacy_id = def->id_or_inner;
	map->legacy_inner_id = def->inner_id;
	map->pinning = def->pinning_or_node == PIN_GLOBAL ? 1 : def->pinning_or_node == PIN_OBJECT ? 2 : 0;
}

static int apply_layout(struct bpfl_reader *reader, struct bpfl_map_spec *map, const struct legacy_def *def,
			const uint8_t *bytes, uint32_t size)
{
	map->type = def->type;
	map->key_size = def->key_size;
	map->value_size = def->value_size;
	map->max_entries = def->max_entries;
	map->has_max_entries = def->max_entries != 0;
	map->flags = def->flags;
	if (size == ELF_MAP_SIZE) {
		apply_elf_map(map, def);
	} else if (size == SAMPLE_SIZE && (def->flags & BPFL_F_NUMA_NODE)) {
		map->numa_node = def->pinning_or_node;
	} else if (size > MAP_DEF_SIZE && !all_zero(bytes + MAP_DEF_SIZE, size - MAP_DEF_SIZE)) {
		bpfl_spec_note(reader->spec, BPFL_LOG_WARN,
			       "map '%s': the last %u bytes of its definition are unknown: ignored",
			       BPFL_ESC(map->name), size - MAP_DEF_SIZE);
	}
	if (map->type == BPFL_MAP_TYPE_UNSPEC)
		return bpfl_reader_fail(reader, "map '%s': no map type", BPFL_ESC(map->name));
	read_types(reader, map);
	return 0;
}

static int add_map(struct bpfl_reader *reader, uint32_t section_idx, const char *name, uint32_t byte_off, uint32_t size)
{
	const struct bpfl_elf_section *section = &reader->elf->sections[section_idx];
	struct legacy_def def = { 0 };

	if (size < MAP_DEF_MIN || size > DEF_SIZE_MAX || size % sizeof(uint32_t) != 0)
		return bpfl_reader_fail(reader,
					"section '%s': map '%s' is defined by %u bytes (bpf_map_def has 20, "
					"bpf_elf_map 36)",
					BPFL_ESC(section->name), BPFL_ESC(name), size);
	uint32_t map_idx = (uint32_t)reader->spec->maps.nr;
	struct bpfl_map_spec *map = bpfl_reader_add_map(reader, name, BPFL_MAP_LEGACY, section_idx, byte_off);
	if (map == NULL)
		return bpfl_error_nomem(reader->err);
	int ret = read_fields(reader, section->data + byte_off, size, &def);
	if (ret == 0)
		ret = apply_layout(reader, map, &def, section->data + byte_off, size);
	struct bpfl_map_place place = { section_idx, byte_off, size, map_idx, 0 };
	return ret < 0 ? ret : bpfl_reader_add_place(reader, &place);
}

/* "maps/NAME": one map that takes its name from the section, whatever the symbol is called. */
static int read_named_section(struct bpfl_reader *reader, uint32_t section_idx, const char *name)
{
	const struct bpfl_elf_section *section = &reader->elf->sections[section_idx];

	if (section->size > DEF_SIZE_MAX)
		return bpfl_reader_fail(reader, "section '%s': %llu bytes are no map definition",
					BPFL_ESC(section->name), (unsigned long long)section->size);
	return add_map(reader, section_idx, name, 0, (uint32_t)section->size);
}

static int read_section(struct bpfl_reader *reader, uint32_t section_idx)
{
	const struct bpfl_elf_section *section = &reader->elf->sections[section_idx];
	struct legacy_symbol *symbols = NULL;
	size_t nr = 0;

	if (section->data == NULL || section->size > UINT32_MAX)
		return bpfl_reader_fail(reader, "section '%s' has no contents in the file", BPFL_ESC(section->name));
	if (section->name[4] == '/' && section->name[5] != '\0')
		return read_named_section(reader, section_idx, section->name + 5);
	int ret = find_symbols(reader, section_idx, &symbols, &nr);

	if (ret == 0 && nr == 0)
		ret = bpfl_reader_fail(reader, "section '%s' has no symbols that name its maps",
				       BPFL_ESC(section->name));
	for (size_t i = 0; i < nr && ret == 0; i++) {
		uint64_t end = i + 1 < nr ? symbols[i + 1].byte_off : section->size;

		ret = add_map(reader, section_idx, symbols[i].name, symbols[i].byte_off,
			      (uint32_t)(end - symbols[i].byte_off));
	}
	free(symbols);
	return ret;
}

struct map_id {
	uint32_t id, map_idx;
};

static int id_compare(const void *a_ptr, const void *b_ptr)
{
	const struct map_id *a = a_ptr, *b = b_ptr;

	return (a->id > b->id) - (a->id < b->id);
}

/* The template is a copy: sizes and flags, no contents. */
static int link_inner_map(struct bpfl_reader *reader, struct bpfl_map_spec *outer, const struct map_id *found)
{
	const struct bpfl_map_spec *inner = found != NULL ? &reader->spec->maps.items[found->map_idx] : NULL;

	if (inner == NULL || inner->legacy_inner_id != 0)
		return bpfl_reader_fail(reader, "map '%s': its inner map, id %u, %s", BPFL_ESC(outer->name),
					outer->legacy_inner_id,
					inner == NULL ? "does not exist" : "holds maps itself");
	outer->inner = bpfl_memdup(inner, sizeof(*inner));
	if (outer->inner == NULL)
		return bpfl_error_nomem(reader->err);
	outer->inner->name = bpfl_strdup(inner->name);
	outer->inner->section = bpfl_strdup(inner->section);
	if (outer->inner->name == NULL || outer->inner->section == NULL)
		return bpfl_error_nomem(reader->err);
	return 0;
}

/* bpf_elf_map: the map whose id is inner_id is what the outer map holds. */
static int link_inner_maps(struct bpfl_reader *reader)
{
	struct bpfl_spec *spec = reader->spec;
	struct map_id *ids = calloc(spec->maps.nr + 1, sizeof(*ids));
	size_t nr = 0;
	int ret = 0;

	if (ids == NULL)
		return bpfl_error_nomem(reader->err);
	for (uint32_t i = 0; i < spec->maps.nr; i++) {
		if (spec->maps.items[i].legacy_id != 0)
			ids[nr++] = (struct map_id){ spec->maps.items[i].legacy_id, i };
	}
	qsort(ids, nr, sizeof(*ids), id_compare);
	for (uint32_t i = 0; i < spec->maps.nr && ret == 0; i++) {
		struct bpfl_map_spec *outer = &spec->maps.items[i];
		struct map_id key = { outer->legacy_inner_id, 0 };

		if (outer->legacy_inner_id != 0 &&
		    (outer->type == BPFL_MAP_TYPE_ARRAY_OF_MAPS || outer->type == BPFL_MAP_TYPE_HASH_OF_MAPS))
			ret = link_inner_map(reader, outer, bsearch(&key, ids, nr, sizeof(*ids), id_compare));
	}
	free(ids);
	return ret;
}

int bpfl_read_legacy_maps(struct bpfl_reader *reader)
{
	bool seen = false;

	for (uint32_t i = 0; i < reader->elf->nr_sections; i++) {
		if (reader->sections[i].class != BPFL_SEC_LEGACY_MAPS || reader->elf->sections[i].size == 0)
			continue;
		int ret = read_section(reader, i);

		if (ret < 0)
			return ret;
		seen = true;
	}
	if (!seen)
		return 0;
	bpfl_spec_note(reader->spec, BPFL_LOG_INFO,
		       "maps are defined in the old way, SEC(\"maps\"): SEC(\".maps\") with __uint() and __type() says more");
	bpfl_reader_sort_places(reader);
	return link_inner_maps(reader);
}
