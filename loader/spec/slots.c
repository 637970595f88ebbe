/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * values = { [1] = &inner, [2] = prog }: what maps of maps and program arrays hold from the start.
 *
 * The initialisers are relocations of .maps: each falls into the array `values` of one definition, its place
 * there is the slot, and its symbol is a map or an entry program. Filling the slots comes last of all, when
 * everything has a descriptor (INI-04, INI-05).
 */
#include <errno.h>
#include <stdlib.h>
#include "base/cursor.h"
#include "base/text.h"
#include "spec/reader.h"

#define POINTER_SIZE 8u /* of BPF, whatever the machine */

struct slot_site {
	struct bpfl_reader *reader;
	const struct bpfl_elf_reloc *reloc;
	const struct bpfl_elf_symbol *symbol;
	uint32_t section_idx; /* of the definitions */
	struct bpfl_map_spec *map;
	uint32_t map_idx;
};

/* A slot before it is given to its map. */
struct found_slot {
	uint32_t map_idx;
	struct bpfl_map_slot slot;
};

/* Where the symbol points to: sections' own symbols keep the offset in the bytes that are relocated. */
static int target_off(const struct slot_site *site, uint64_t *ret_byte_off)
{
	const struct bpfl_elf_section *section = &site->reader->elf->sections[site->section_idx];
	struct bpfl_cursor cursor = bpfl_cursor_make(section->data, section->size, site->reader->elf->swap);
	uint64_t addend = 0;

	if (site->symbol->type == BPFL_STT_SECTION &&
	    (bpfl_cursor_seek(&cursor, site->reloc->byte_off) < 0 || bpfl_cursor_u64(&cursor, &addend) < 0))
		return bpfl_reader_fail(site->reader, "the pointer reaches behind the end of the section");
	*ret_byte_off = site->symbol->value + addend;
	return 0;
}

static int target_map(const struct slot_site *site, struct bpfl_map_slot *slot)
{
	uint64_t byte_off = 0;
	int ret = target_off(site, &byte_off);

	if (ret < 0)
		return ret;
	slot->target_idx = bpfl_reader_map_at(site->reader, site->symbol->section_idx, byte_off);
	if (slot->target_idx == BPFL_READER_NONE)
		return bpfl_reader_fail(site->reader, "'%s' is no map", BPFL_ESC(site->symbol->name));
	if (slot->target_idx == site->map_idx)
		return bpfl_reader_fail(site->reader, "a map cannot hold itself");
	if (site->map->type == BPFL_MAP_TYPE_HASH_OF_MAPS && site->map->key_size != sizeof(uint32_t))
		return bpfl_reader_fail(site->reader, "slots are numbered by 4 bytes, the map's keys have %u",
					site->map->key_size);
	return 0;
}

static int target_prog(const struct slot_site *site, struct bpfl_map_slot *slot)
{
	uint64_t byte_off = 0;
	uint32_t func_idx = 0;
	int ret = target_off(site, &byte_off);

	if (ret == 0)
		ret = bpfl_reader_func_start(site->reader, site->symbol->section_idx, byte_off, &func_idx);
	if (ret < 0)
		return ret;
	slot->is_prog = true;
	slot->target_idx = site->reader->func_prog[func_idx];
	if (slot->target_idx == BPFL_READER_NONE)
		return bpfl_reader_fail(site->reader, "function '%s' is not an entry program",
					BPFL_ESC(site->reader->spec->funcs.items[func_idx].name));
	return 0;
}

static int find_target(const struct slot_site *site, struct bpfl_map_slot *slot)
{
	const struct bpfl_reader *reader = site->reader;
	enum bpfl_section_class class = BPFL_SEC_OTHER;

	if (site->symbol->section_idx == BPFL_SHN_UNDEF)
		return bpfl_reader_fail(site->reader, "undefined symbol '%s'", BPFL_ESC(site->symbol->name));
	if (site->symbol->section_idx < reader->elf->nr_sections)
		class = reader->sections[site->symbol->section_idx].class;
	switch (site->map->type) {
	case BPFL_MAP_TYPE_ARRAY_OF_MAPS:
	case BPFL_MAP_TYPE_HASH_OF_MAPS:
		if (class == BPFL_SEC_MAPS)
			return target_map(site, slot);
		return bpfl_reader_fail(site->reader, "'%s' is no map", BPFL_ESC(site->symbol->name));
	case BPFL_MAP_TYPE_PROG_ARRAY:
		if (class == BPFL_SEC_CODE)
			return target_prog(site, slot);
		return bpfl_reader_fail(site->reader, "'%s' is no program", BPFL_ESC(site->symbol->name));
	default:
		return bpfl_reader_fail(site->reader, "a map of this type has no initial values");
	}
}

static int read_slot(struct slot_site *site, struct found_slot *ret_slot)
{
	struct bpfl_reader *reader = site->reader;
	const struct bpfl_map_place *place = bpfl_reader_place_of(reader, site->section_idx, site->reloc->byte_off);

	if (site->reloc->type != BPFL_R_BPF_64_ABS64)
		return bpfl_reader_fail(reader, "relocation type %u does not belong into map definitions",
					site->reloc->type);
	if (place == NULL)
		return bpfl_reader_fail(reader, "falls into no map definition");
	site->map = &reader->spec->maps.items[place->map_idx];
	site->map_idx = place->map_idx;
	uint64_t inside = site->reloc->byte_off - place->byte_off;
	if (place->values_off == 0 || inside < place->values_off)
		return bpfl_reader_fail(reader, "byte 0x%llx of map '%s' is not one of its initial values",
					(unsigned long long)inside, BPFL_ESC(site->map->name));
	if ((inside - place->values_off) % POINTER_SIZE != 0 || !bpfl_in_range(inside, POINTER_SIZE, place->size_bytes))
		return bpfl_reader_fail(reader, "byte 0x%llx of map '%s' is not at a whole slot",
					(unsigned long long)inside, BPFL_ESC(site->map->name));
	ret_slot->map_idx = place->map_idx;
	ret_slot->slot.key = (uint32_t)((inside - place->values_off) / POINTER_SIZE);
	int ret = find_target(site, &ret_slot->slot);

	if (ret < 0)
		bpfl_error_prefix(reader->err, "slot %u of map '%s'", ret_slot->slot.key, BPFL_ESC(site->map->name));
	return ret;
}

static int slot_compare(const void *a_ptr, const void *b_ptr)
{
	const struct found_slot *a = a_ptr, *b = b_ptr;

	if (a->map_idx != b->map_idx)
		return a->map_idx < b->map_idx ? -1 : 1;
	return (a->slot.key > b->slot.key) - (a->slot.key < b->slot.key);
}

/* Gives the slots of one map, sorted by key, to it. */
static int give_slots(struct bpfl_reader *reader, const struct found_slot *slots, size_t nr)
{
	struct bpfl_map_spec *map = &reader->spec->maps.items[slots[0].map_idx];
	uint32_t last = slots[nr - 1].slot.key;

	map->slots = calloc(nr, sizeof(*map->slots));
	if (map->slots == NULL)
		return bpfl_error_nomem(reader->err);
	for (size_t i = 0; i < nr; i++) {
		if (i > 0 && slots[i].slot.key == slots[i - 1].slot.key)
			return bpfl_reader_fail(reader, "map '%s': two initial values for slot %u", BPFL_ESC(map->name),
						slots[i].slot.key);
		map->slots[i] = slots[i].slot;
	}
	map->nr_slots = nr;
	if (map->type != BPFL_MAP_TYPE_HASH_OF_MAPS && map->has_max_entries && map->max_entries != 0 &&
	    last >= map->max_entries)
		return bpfl_reader_fail(reader, "map '%s': an initial value for slot %u, but it has %u entries",
					BPFL_ESC(map->name), last, map->max_entries);
	return 0;
}

static int distribute(struct bpfl_reader *reader, struct found_slot *slots, size_t nr)
{
	int ret = 0;

	qsort(slots, nr, sizeof(*slots), slot_compare);
	for (size_t first = 0, end; first < nr && ret == 0; first = end) {
		for (end = first + 1; end < nr && slots[end].map_idx == slots[first].map_idx; end++)
			;
		ret = give_slots(reader, &slots[first], end - first);
	}
	return ret;
}

static int read_table(struct bpfl_reader *reader, const struct bpfl_elf_reloc_table *table)
{
	struct found_slot *slots = calloc(table->nr_relocs + 1, sizeof(*slots));
	int ret = 0;

	if (slots == NULL)
		return bpfl_error_nomem(reader->err);
	for (size_t i = 0; i < table->nr_relocs && ret == 0; i++) {
		struct slot_site site = { .reader = reader, .reloc = &table->relocs[i],
					  .symbol = &reader->elf->symbols[table->relocs[i].symbol_idx],
					  .section_idx = table->target_section_idx };

		ret = read_slot(&site, &slots[i]);
		if (ret < 0)
			bpfl_error_prefix(reader->err, "section '.maps': relocation %zu at byte 0x%llx", i,
					  (unsigned long long)table->relocs[i].byte_off);
	}
	if (ret == 0)
		ret = distribute(reader, slots, table->nr_relocs);
	free(slots);
	return ret;
}

int bpfl_read_slots(struct bpfl_reader *reader)
{
	const struct bpfl_elf *elf = reader->elf;

	for (size_t i = 0; i < elf->nr_reloc_tables; i++) {
		if (reader->sections[elf->reloc_tables[i].target_section_idx].class != BPFL_SEC_MAPS)
			continue;
		int ret = read_table(reader, &elf->reloc_tables[i]);

		if (ret < 0)
			return ret;
	}
	return 0;
}
