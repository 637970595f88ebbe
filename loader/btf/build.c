/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/build.c: a BTF that can be changed.
 *
 * Records stay where they were written in one arena; a table says which piece of it is the record of each type.
 * Replacing a record by a longer one writes the new one at the end of the arena and forgets the old place:
 * nothing is ever moved, and what is forgotten is not in the result, because finishing copies the records in
 * order of their ids.
 */
#include "btf/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "btf/own.h"

struct place {
	uint32_t byte_off; /* in the arena */
	uint32_t size;
};

struct bpfl_btf_builder {
	struct bpfl_buf arena;
	struct bpfl_buf strings; /* own part */
	BPFL_VEC(struct place) places;
	const struct bpfl_btf *base; /* borrowed: strings and ids below the own ones */
	uint32_t first_id;
	uint32_t first_str;
};

static struct place *place_of(const struct bpfl_btf_builder *builder, uint32_t type_id)
{
	if (type_id < builder->first_id || type_id - builder->first_id >= builder->places.nr)
		return NULL;
	return &builder->places.items[type_id - builder->first_id];
}

/* Appends bytes to the arena and notes where they are. */
static int write_record(struct bpfl_btf_builder *builder, const void *record, size_t size_bytes,
			struct place *ret_place)
{
	struct place place = { (uint32_t)builder->arena.size, (uint32_t)size_bytes };
	const char *start = builder->arena.data;
	bool is_own = start != NULL && (const char *)record >= start &&
		      (const char *)record < start + builder->arena.size;
	void *copy = NULL;

	if (size_bytes < sizeof(struct bpfl_btf_type) || size_bytes % 4 != 0)
		return -EINVAL;
	if (size_bytes > INT32_MAX || builder->arena.size > INT32_MAX)
		return -E2BIG;
	if (is_own) { /* the arena moves when it grows */
		copy = bpfl_memdup(record, size_bytes);
		if (copy == NULL)
			return -ENOMEM;
	}
	bpfl_buf_append(&builder->arena, is_own ? copy : record, size_bytes);
	free(copy);
	if (!bpfl_buf_ok(&builder->arena))
		return -ENOMEM;
	*ret_place = place;
	return 0;
}

int bpfl_btf_builder_create_empty(struct bpfl_btf_builder **ret_builder, struct bpfl_error *err)
{
	struct bpfl_btf_builder *builder = calloc(1, sizeof(*builder));

	if (builder == NULL)
		return bpfl_error_nomem(err);
	builder->first_id = 1;
	bpfl_buf_char(&builder->strings, '\0');
	if (!bpfl_buf_ok(&builder->strings)) {
		bpfl_btf_builder_destroy(builder);
		return bpfl_error_nomem(err);
	}
	*ret_builder = builder;
	return 0;
}

int bpfl_btf_builder_create(const struct bpfl_btf *btf, struct bpfl_btf_builder **ret_builder,
			    struct bpfl_error *err)
{
	struct bpfl_btf_builder *builder = calloc(1, sizeof(*builder));
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, btf->first_id);

	if (builder == NULL)
		return bpfl_error_nomem(err);
	builder->base = btf->base;
	builder->first_id = btf->first_id;
	builder->first_str = btf->first_str;
	bpfl_buf_append(&builder->arena, btf->types, btf->types_size);
	bpfl_buf_append(&builder->strings, btf->strings, btf->strings_size);
	if (!bpfl_buf_ok(&builder->arena) || !bpfl_buf_ok(&builder->strings))
		goto fail;
	for (uint32_t id = btf->first_id; id < btf->nr_types; id++, type = bpfl_btf_next(btf, type)) {
		struct place *place = BPFL_VEC_PUSH(&builder->places);

		if (place == NULL)
			goto fail;
		place->byte_off = (uint32_t)((const uint8_t *)type - btf->types);
		place->size = (uint32_t)bpfl_btf_record_size(btf, type);
	}
	*ret_builder = builder;
	return 0;
fail:
	bpfl_btf_builder_destroy(builder);
	return bpfl_error_nomem(err);
}

/* Strings are most of a BTF: their memory has room for the rest of the blob too, see bpfl_btf_builder_take(). */
int bpfl_btf_builder_reserve(struct bpfl_btf_builder *builder, size_t nr_types, size_t types_size, size_t strings_size)
{
	return BPFL_VEC_RESERVE(&builder->places, nr_types) && bpfl_buf_reserve(&builder->arena, types_size) &&
			       bpfl_buf_reserve(&builder->strings, BPFL_BTF_HEADER_SIZE + types_size + strings_size)
		       ? 0
		       : -ENOMEM;
}

void bpfl_btf_builder_destroy(struct bpfl_btf_builder *builder)
{
	if (builder == NULL)
		return;
	bpfl_buf_deinit(&builder->arena);
	bpfl_buf_deinit(&builder->strings);
	free(builder->places.items);
	free(builder);
}

uint32_t bpfl_btf_builder_nr_types(const struct bpfl_btf_builder *builder)
{
	return builder->first_id + (uint32_t)builder->places.nr;
}

struct bpfl_btf_type *bpfl_btf_builder_type(struct bpfl_btf_builder *builder, uint32_t type_id)
{
	const struct place *place = place_of(builder, type_id);

	return place != NULL ? (struct bpfl_btf_type *)(void *)(builder->arena.data + place->byte_off) : NULL;
}

const char *bpfl_btf_builder_string(const struct bpfl_btf_builder *builder, uint32_t name_off)
{
	if (name_off < builder->first_str)
		return bpfl_btf_string(builder->base, name_off);
	if (name_off - builder->first_str >= builder->strings.size)
		return "";
	return builder->strings.data + (name_off - builder->first_str);
}

int bpfl_btf_builder_replace(struct bpfl_btf_builder *builder, uint32_t type_id, const void *record,
			     size_t size_bytes)
{
	struct place *place = place_of(builder, type_id);

	if (place == NULL)
		return -ENOENT;
	if (size_bytes < sizeof(struct bpfl_btf_type) || size_bytes % 4 != 0)
		return -EINVAL;
	if (size_bytes <= place->size) {
		memmove(builder->arena.data + place->byte_off, record, size_bytes);
		place->size = (uint32_t)size_bytes;
		return 0;
	}
	return write_record(builder, record, size_bytes, place);
}

int bpfl_btf_builder_add(struct bpfl_btf_builder *builder, const void *record, size_t size_bytes)
{
	struct place place;
	struct place *slot;
	int ret = write_record(builder, record, size_bytes, &place);

	if (ret < 0)
		return ret;
	slot = BPFL_VEC_PUSH(&builder->places);
	if (slot == NULL)
		return -ENOMEM;
	*slot = place;
	return (int)(bpfl_btf_builder_nr_types(builder) - 1);
}

/* A text may also be the end of a longer one: the search is for its bytes with the NUL. */
int bpfl_btf_builder_string_add(struct bpfl_btf_builder *builder, const char *text)
{
	size_t size = strlen(text) + 1;
	const char *found = NULL;

	if (size == 1)
		return 0;
	if (builder->strings.size != 0)
		found = memmem(builder->strings.data, builder->strings.size, text, size);
	if (found != NULL)
		return (int)(builder->first_str + (uint32_t)(found - builder->strings.data));
	return bpfl_btf_builder_string_append(builder, text);
}

int bpfl_btf_builder_string_append(struct bpfl_btf_builder *builder, const char *text)
{
	size_t size = strlen(text) + 1;
	size_t off = builder->strings.size;

	if (builder->first_str + off + size > INT32_MAX)
		return -E2BIG;
	bpfl_buf_append(&builder->strings, text, size);
	return bpfl_buf_ok(&builder->strings) ? (int)(builder->first_str + off) : -ENOMEM;
}

struct header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t header_size, type_off, type_size, str_off, str_size;
};

static int header_make(const struct bpfl_btf_builder *builder, struct header *header)
{
	size_t types_size = 0;

	_Static_assert(sizeof(*header) == BPFL_BTF_HEADER_SIZE, "the header is the file's");
	for (size_t i = 0; i < builder->places.nr; i++)
		types_size += builder->places.items[i].size;
	if (types_size > UINT32_MAX || builder->strings.size > UINT32_MAX)
		return -E2BIG;
	*header = (struct header){
		BPFL_BTF_MAGIC, BPFL_BTF_VERSION, 0, BPFL_BTF_HEADER_SIZE,
		0, (uint32_t)types_size, (uint32_t)types_size, (uint32_t)builder->strings.size,
	};
	return 0;
}

/* Header and types, in a place of that length. */
static void write_front(const struct bpfl_btf_builder *builder, const struct header *header, char *at)
{
	memcpy(at, header, sizeof(*header));
	at += sizeof(*header);
	for (size_t i = 0; i < builder->places.nr; i++) {
		memcpy(at, builder->arena.data + builder->places.items[i].byte_off, builder->places.items[i].size);
		at += builder->places.items[i].size;
	}
}

int bpfl_btf_builder_finish(const struct bpfl_btf_builder *builder, void **ret_bytes, size_t *ret_size)
{
	struct header header;
	size_t front_size;
	char *bytes;
	int ret = header_make(builder, &header);

	if (ret < 0)
		return ret;
	front_size = sizeof(header) + header.type_size;
	bytes = malloc(front_size + header.str_size);
	if (bytes == NULL)
		return -ENOMEM;
	write_front(builder, &header, bytes);
	if (header.str_size != 0)
		memcpy(bytes + front_size, builder->strings.data, header.str_size);
	*ret_size = front_size + header.str_size;
	*ret_bytes = bytes;
	return 0;
}

int bpfl_btf_builder_take(struct bpfl_btf_builder *builder, void **ret_bytes, size_t *ret_size)
{
	struct header header;
	size_t front_size;
	int ret = header_make(builder, &header);

	if (ret < 0)
		return ret;
	front_size = sizeof(header) + header.type_size;
	if (!bpfl_buf_reserve(&builder->strings, front_size + header.str_size))
		return -ENOMEM;
	memmove(builder->strings.data + front_size, builder->strings.data, header.str_size);
	write_front(builder, &header, builder->strings.data);
	builder->strings.size = front_size + header.str_size;
	*ret_size = builder->strings.size;
	*ret_bytes = bpfl_buf_take(&builder->strings);
	return 0;
}

const char *bpfl_btf_blob_string(const void *bytes, size_t size, uint32_t name_off)
{
	struct header header;

	if (size < sizeof(header))
		return "";
	memcpy(&header, bytes, sizeof(header));
	if (name_off >= header.str_size ||
	    !bpfl_in_range(sizeof(header) + (uint64_t)header.str_off, header.str_size, size))
		return "";
	return (const char *)bytes + sizeof(header) + header.str_off + name_off;
}

/* After the magic number and two single bytes all is 32-bit words, up to the strings. */
void bpfl_btf_blob_swap(void *bytes, size_t size)
{
	struct header header;
	uint8_t *at = bytes;
	uint32_t word;

	if (size < sizeof(header))
		return;
	memcpy(&header, bytes, sizeof(header));
	if (header.type_size > size - sizeof(header))
		return;
	header.magic = __builtin_bswap16(header.magic);
	memcpy(bytes, &header.magic, sizeof(header.magic));
	for (size_t off = 4; off < sizeof(header) + header.type_size; off += sizeof(word)) {
		memcpy(&word, at + off, sizeof(word));
		word = __builtin_bswap32(word);
		memcpy(at + off, &word, sizeof(word));
	}
}
