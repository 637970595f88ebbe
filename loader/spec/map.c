/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the passes that make maps share: adding one, and finding one by the place of its definition.
 */
#include <stdlib.h>
#include "spec/reader.h"

struct bpfl_map_spec *bpfl_reader_add_map(struct bpfl_reader *reader, const char *name, enum bpfl_map_origin origin,
					  uint32_t section_idx, uint32_t byte_off)
{
	struct bpfl_map_spec *map = BPFL_VEC_PUSH(&reader->spec->maps);

	if (map == NULL)
		return NULL;
	map->name = bpfl_strdup(name);
	map->section = bpfl_strdup(section_idx != 0 ? reader->elf->sections[section_idx].name : name);
	if (map->name == NULL || map->section == NULL)
		return NULL; /* the half-made map is freed with the spec */
	map->origin = origin;
	map->section_idx = section_idx;
	map->byte_off = byte_off;
	return map;
}

int bpfl_reader_add_place(struct bpfl_reader *reader, const struct bpfl_map_place *place)
{
	struct bpfl_map_place *slot = BPFL_VEC_PUSH(&reader->map_places);

	if (slot == NULL)
		return bpfl_error_nomem(reader->err);
	*slot = *place;
	return 0;
}

static int place_compare(const void *a_ptr, const void *b_ptr)
{
	const struct bpfl_map_place *a = a_ptr, *b = b_ptr;

	if (a->section_idx != b->section_idx)
		return a->section_idx < b->section_idx ? -1 : 1;
	return (a->byte_off > b->byte_off) - (a->byte_off < b->byte_off);
}

void bpfl_reader_sort_places(struct bpfl_reader *reader)
{
	if (reader->map_places.nr > 0)
		qsort(reader->map_places.items, reader->map_places.nr, sizeof(*reader->map_places.items),
		      place_compare);
}

const struct bpfl_map_place *bpfl_reader_place_of(const struct bpfl_reader *reader, uint32_t section_idx,
						  uint64_t byte_off)
{
	const struct bpfl_map_place *places = reader->map_places.items;
	size_t low = 0, high = reader->map_places.nr;

	/* The last place that begins at or before the byte. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct bpfl_map_place *place = &places[middle];

		if (place->section_idx < section_idx ||
		    (place->section_idx == section_idx && place->byte_off <= byte_off))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || places[low - 1].section_idx != section_idx ||
	    byte_off - places[low - 1].byte_off >= places[low - 1].size_bytes)
		return NULL;
	return &places[low - 1];
}

uint32_t bpfl_reader_map_at(const struct bpfl_reader *reader, uint32_t section_idx, uint64_t byte_off)
{
	const struct bpfl_map_place *place = bpfl_reader_place_of(reader, section_idx, byte_off);

	return place != NULL && place->byte_off == byte_off ? place->map_idx : BPFL_READER_NONE;
}
