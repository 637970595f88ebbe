/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/btf.c: bytes of a BTF -> a table of types.
 *
 * A BTF is a header, a section of types (records of different lengths, numbered from 1 in file order) and a section of
 * NUL-terminated strings. This file reads the header, swaps a foreign byte order in an own copy, and walks once
 * over the records to see that they are all there and to note where they are. What stands inside the records of
 * an untrusted file is checked afterwards by check.c; the kernel's own BTF stops here.
 *
 * Since Linux 7.1 a header may be 32 bytes long and point at a third section, the layout: for each kind two
 * numbers from which the length of its records follows. With it, types of kinds that did not exist when
 * this was written are passed over; without it they are refused, because nothing behind them could be found.
 */
#include "btf/btf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "btf/own.h"
#include "sys/enter.h"

#define HEADER_LAYOUT_SIZE 32u
#define LAYOUT_ENTRY_SIZE 4u
#define NR_LAYOUT_KINDS 128u

static const struct bpfl_btf_type void_type;

struct section {
	const char *name;
	uint32_t off; /* from the end of the header, as in the file */
	uint32_t size;
};

struct header {
	uint32_t size;
	struct section types, strings, layout;
};

#define BAD(...) bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL, __VA_ARGS__)

/* ---- header ---- */

/* The first eight bytes: is it a BTF, of which byte order, and how long is its header? */
static int read_preamble(struct bpfl_cursor *cursor, struct header *header, struct bpfl_error *err)
{
	uint16_t magic = 0;
	uint8_t version = 0;
	uint8_t flags = 0;

	if (cursor->size < BPFL_BTF_HEADER_SIZE)
		return BAD("%" PRIu64 " bytes are too few for a header of %u", cursor->size,
			   BPFL_BTF_HEADER_SIZE);
	bpfl_cursor_u16(cursor, &magic);
	if (magic != BPFL_BTF_MAGIC && magic != BPFL_BTF_MAGIC_SWAPPED)
		return BAD("magic number is 0x%04x (expected 0x%04x)", magic, BPFL_BTF_MAGIC);
	cursor->swap = magic == BPFL_BTF_MAGIC_SWAPPED;
	bpfl_cursor_u8(cursor, &version);
	bpfl_cursor_u8(cursor, &flags);
	bpfl_cursor_u32(cursor, &header->size);
	if (version != BPFL_BTF_VERSION)
		return BAD("version is %u (expected %u)", version, BPFL_BTF_VERSION);
	if (flags != 0)
		return BAD("flags are 0x%02x (expected none)", flags);
	if (header->size < BPFL_BTF_HEADER_SIZE)
		return BAD("header says that it has %u bytes (expected at least %u)", header->size,
			   BPFL_BTF_HEADER_SIZE);
	if (header->size > cursor->size)
		return BAD("header says that it has %u bytes, but the file ends after %" PRIu64,
			   header->size, cursor->size);
	return 0;
}

static int check_section(const struct header *header, const struct section *section, uint64_t file_size,
			 struct bpfl_error *err)
{
	uint64_t room = file_size - header->size;

	if (!bpfl_in_range(section->off, section->size, room))
		return BAD("%s section (%u bytes at 0x%x) leaves the %" PRIu64 " bytes behind the header",
			   section->name, section->size, section->off, room);
	return 0;
}

static int check_apart(const struct section *a, const struct section *b, struct bpfl_error *err)
{
	uint64_t a_end = (uint64_t)a->off + a->size;
	uint64_t b_end = (uint64_t)b->off + b->size;

	if (a->size != 0 && b->size != 0 && a->off < b_end && b->off < a_end)
		return BAD("%s section (%u bytes at 0x%x) and %s section (%u bytes at 0x%x) overlap",
			   a->name, a->size, a->off, b->name, b->size, b->off);
	return 0;
}

static int read_header(struct bpfl_cursor *cursor, struct header *header, struct bpfl_error *err)
{
	int ret = read_preamble(cursor, header, err);

	if (ret < 0)
		return ret;
	header->types.name = "type";
	header->strings.name = "string";
	header->layout.name = "layout";
	bpfl_cursor_u32(cursor, &header->types.off);
	bpfl_cursor_u32(cursor, &header->types.size);
	bpfl_cursor_u32(cursor, &header->strings.off);
	bpfl_cursor_u32(cursor, &header->strings.size);
	if (header->size >= HEADER_LAYOUT_SIZE) {
		bpfl_cursor_u32(cursor, &header->layout.off);
		bpfl_cursor_u32(cursor, &header->layout.size);
	}
	if ((ret = check_section(header, &header->types, cursor->size, err)) < 0 ||
	    (ret = check_section(header, &header->strings, cursor->size, err)) < 0 ||
	    (ret = check_section(header, &header->layout, cursor->size, err)) < 0 ||
	    (ret = check_apart(&header->types, &header->strings, err)) < 0 ||
	    (ret = check_apart(&header->types, &header->layout, err)) < 0 ||
	    (ret = check_apart(&header->strings, &header->layout, err)) < 0)
		return ret;
	if (((uint64_t)header->size + header->types.off) % 4 != 0)
		return BAD("type section begins at byte 0x%" PRIx64 " of the file (expected a multiple of 4)",
			   (uint64_t)header->size + header->types.off);
	return 0;
}

/* ---- byte order ---- */

/* nr_words 32-bit words at a place that is a multiple of four from the start of a malloc'ed block. */
static void swap_words(uint8_t *at, uint64_t nr_words)
{
	uint32_t *words = (uint32_t *)(void *)at;

	for (uint64_t i = 0; i < nr_words; i++)
		words[i] = __builtin_bswap32(words[i]);
}

/* The magic number is one half word; version and flags are bytes; the rest of the header is words. */
static void swap_header(uint8_t *bytes, const struct header *header)
{
	uint16_t magic = BPFL_BTF_MAGIC;

	memcpy(bytes, &magic, sizeof(magic));
	swap_words(bytes + 4, (header->size - 4) / 4);
}

/* ---- sections ---- */

static int read_layout(struct bpfl_btf *btf, const struct header *header, struct bpfl_error *err)
{
	struct bpfl_cursor cursor = bpfl_cursor_make(btf->bytes + header->size + header->layout.off,
						     header->layout.size, btf->is_foreign);

	if (header->layout.size % LAYOUT_ENTRY_SIZE != 0)
		return BAD("layout section has %u bytes (expected a multiple of %u)", header->layout.size,
			   LAYOUT_ENTRY_SIZE);
	for (uint32_t kind = 0; kind < NR_LAYOUT_KINDS; kind++) {
		struct bpfl_btf_layout layout = { 0, 0, 1 };
		uint16_t flags;

		if (bpfl_cursor_u8(&cursor, &layout.info_size) < 0 ||
		    bpfl_cursor_u8(&cursor, &layout.elem_size) < 0 || bpfl_cursor_u16(&cursor, &flags) < 0)
			break;
		if (kind < BPFL_NR_KINDS) /* kind 0 is none, and the others do not change */
			continue;
		if (layout.info_size % 4 != 0 || layout.elem_size % 4 != 0)
			return BAD("layout of kind %u has records of %u + %u bytes (expected multiples of 4)",
				   kind, layout.info_size, layout.elem_size);
		btf->layouts[kind] = layout;
	}
	return 0;
}

/*
 * Own strings may be missing where a base has some, or where there is nothing to name: modules have been
 * seen with none.
 */
static int check_strings(const struct bpfl_btf *btf, struct bpfl_error *err)
{
	if (btf->strings_size == 0) {
		if (btf->base != NULL || btf->types_size == 0)
			return 0;
		return BAD("string section is empty (expected at least the empty string)");
	}
	if (btf->base == NULL && btf->strings[0] != '\0')
		return BAD("string section begins with byte 0x%02x (expected the empty string)",
			   (unsigned char)btf->strings[0]);
	if (btf->strings[btf->strings_size - 1] != '\0')
		return BAD("string section ends with byte 0x%02x (expected a NUL)",
			   (unsigned char)btf->strings[btf->strings_size - 1]);
	return 0;
}

/* "long" is as wide as a pointer on every machine that Linux runs on; "long long" is not. */
static void note_ptr_size(struct bpfl_btf *btf, const struct bpfl_btf_type *type)
{
	const char *word = strstr(bpfl_btf_string(btf, type->name_off), "long");

	if (word != NULL && strstr(word + 4, "long") == NULL && (type->size == 4 || type->size == 8))
		btf->ptr_size = type->size;
}

/*
 * Walks over all records: after this every id has a place, and every record lies inside the section. A search
 * goes along, because walking over a kernel's types costs as much as looking at them.
 */
static int index_types(struct bpfl_btf *btf, struct bpfl_btf_search *search, struct bpfl_error *err)
{
	uint32_t mask = (1u << btf->step_shift) - 1;
	uint32_t idx = 0;
	uint64_t record_size;

	/* A record has 25 bytes on average in kernels: room for all places at once, or nearly. */
	if (!BPFL_VEC_RESERVE(&btf->offsets, (size_t)(btf->types_size / 20 >> btf->step_shift) + 1))
		return bpfl_error_nomem(err);
	for (uint64_t pos = 0; pos < btf->types_size; pos += record_size, idx++) {
		const struct bpfl_btf_type *type = (const struct bpfl_btf_type *)(btf->types + pos);
		uint64_t left = btf->types_size - pos;

		if (left < sizeof(*type))
			return BAD("type %u: %" PRIu64
				   " bytes at the end of the type section are too few for a record of %zu",
				   btf->first_id + idx, left, sizeof(*type));
		if (btf->is_foreign)
			swap_words(btf->owned + (btf->types - btf->bytes) + pos, sizeof(*type) / 4);
		record_size = bpfl_btf_record_size(btf, type);
		if (record_size == 0)
			return BAD("type %u: unknown kind %u (kinds 1 to %d are known, and no layout section describes "
				   "it)",
				   btf->first_id + idx, bpfl_btf_kind(type), BPFL_NR_KINDS - 1);
		if (record_size > left)
			return BAD("type %u (%s with vlen %u): needs %" PRIu64
				   " bytes, but the type section ends after %" PRIu64,
				   btf->first_id + idx, bpfl_btf_kind_name(bpfl_btf_kind(type)), bpfl_btf_vlen(type),
				   record_size, left);
		if (btf->is_foreign)
			swap_words(btf->owned + (btf->types - btf->bytes) + pos + sizeof(*type),
				   (record_size - sizeof(*type)) / 4);
		if ((idx & mask) == 0) {
			uint32_t *offset = BPFL_VEC_PUSH(&btf->offsets);

			if (offset == NULL)
				return bpfl_error_nomem(err);
			*offset = (uint32_t)pos;
		}
		if (bpfl_btf_kind(type) == BPFL_KIND_INT)
			note_ptr_size(btf, type);
		if (search != NULL && bpfl_btf_search_has_kind(search, type) &&
		    bpfl_btf_search_look(search, btf, type, btf->first_id + idx) < 0)
			return bpfl_error_nomem(err);
	}
	btf->nr_types = btf->first_id + idx;
	return 0;
}

/* ---- life ---- */

static int parse(struct bpfl_btf *btf, bool copy, struct bpfl_btf_search *search, struct bpfl_error *err)
{
	struct bpfl_cursor cursor = bpfl_cursor_make(btf->bytes, btf->size, false);
	struct header header = { 0 };
	int ret = read_header(&cursor, &header, err);

	if (ret < 0)
		return ret;
	btf->is_foreign = cursor.swap;
	if (copy || btf->is_foreign) {
		btf->owned = bpfl_memdup(btf->bytes, btf->size);
		if (btf->owned == NULL)
			return bpfl_error_nomem(err);
		btf->bytes = btf->owned;
	}
	if (btf->is_foreign)
		swap_header(btf->owned, &header);
	btf->types = btf->bytes + header.size + header.types.off;
	btf->types_size = header.types.size;
	btf->strings = (const char *)btf->bytes + header.size + header.strings.off;
	btf->strings_size = header.strings.size;
	if ((ret = read_layout(btf, &header, err)) < 0 || (ret = check_strings(btf, err)) < 0)
		return ret;
	return index_types(btf, search, err);
}

static int btf_open(const void *bytes, size_t size, bool copy, unsigned step_shift, const struct bpfl_btf *base,
		    struct bpfl_btf_search *search, struct bpfl_btf **ret_btf, struct bpfl_error *err)
{
	struct bpfl_btf *btf = calloc(1, sizeof(*btf));
	int ret;

	if (btf == NULL)
		return bpfl_error_nomem(err);
	btf->base = base;
	btf->bytes = bytes;
	btf->size = size;
	btf->step_shift = step_shift;
	btf->first_id = base != NULL ? base->nr_types : 1;
	btf->first_str = base != NULL ? base->first_str + base->strings_size : 0;
	btf->ptr_size = base != NULL ? base->ptr_size : 8;
	if (search != NULL)
		bpfl_btf_search_restart(search);
	ret = parse(btf, copy, search, err);
	if (ret < 0) {
		bpfl_btf_destroy(btf);
		bpfl_error_prefix(err, "BTF");
		return ret;
	}
	*ret_btf = btf;
	return 0;
}

int bpfl_btf_open(const void *bytes, size_t size, bool copy, unsigned step_shift, const struct bpfl_btf *base,
		  struct bpfl_btf **ret_btf, struct bpfl_error *err)
{
	return btf_open(bytes, size, copy, step_shift, base, NULL, ret_btf, err);
}

int bpfl_btf_open_searching(const void *bytes, size_t size, bool copy, unsigned step_shift,
			    struct bpfl_btf_search *search, struct bpfl_btf **ret_btf, struct bpfl_error *err)
{
	return btf_open(bytes, size, copy, step_shift, NULL, search, ret_btf, err);
}

static int read_checked(const void *bytes, size_t size, bool copy, const struct bpfl_btf *base,
			struct bpfl_btf **ret_btf, struct bpfl_error *err)
{
	struct bpfl_btf *btf = NULL;
	int ret = bpfl_btf_open(bytes, size, copy, BPFL_BTF_STEP_DENSE, base, &btf, err);

	if (ret < 0)
		return ret;
	ret = bpfl_btf_check(btf, err);
	if (ret < 0) {
		bpfl_btf_destroy(btf);
		bpfl_error_prefix(err, "BTF");
		return ret;
	}
	*ret_btf = btf;
	return 0;
}

int bpfl_btf_read(const void *bytes, size_t size, const struct bpfl_btf *base, struct bpfl_btf **ret_btf,
		  struct bpfl_error *err)
{
	return read_checked(bytes, size, true, base, ret_btf, err);
}

int bpfl_btf_borrow(const void *bytes, size_t size, const struct bpfl_btf *base, struct bpfl_btf **ret_btf,
		    struct bpfl_error *err)
{
	return read_checked(bytes, size, (uintptr_t)bytes % sizeof(uint32_t) != 0, base, ret_btf, err);
}

void bpfl_btf_destroy(struct bpfl_btf *btf)
{
	if (btf == NULL)
		return;
	if (btf->mapped != NULL)
		bpfl_enter_munmap(btf->mapped, btf->mapped_size);
	free(btf->owned);
	free(btf->offsets.items);
	free(btf);
}

/* ---- looking ---- */

uint32_t bpfl_btf_nr_types(const struct bpfl_btf *btf) { return btf->nr_types; }
uint32_t bpfl_btf_first_id(const struct bpfl_btf *btf) { return btf->first_id; }
uint32_t bpfl_btf_ptr_size(const struct bpfl_btf *btf) { return btf->ptr_size; }
bool bpfl_btf_is_foreign(const struct bpfl_btf *btf) { return btf->is_foreign; }

const void *bpfl_btf_bytes(const struct bpfl_btf *btf, size_t *ret_size)
{
	*ret_size = btf->size;
	return btf->bytes;
}

const struct bpfl_btf_type *bpfl_btf_type(const struct bpfl_btf *btf, uint32_t type_id)
{
	const struct bpfl_btf_type *type;
	uint32_t idx;

	if (type_id == 0)
		return &void_type;
	while (btf != NULL && type_id < btf->first_id)
		btf = btf->base;
	if (btf == NULL || type_id >= btf->nr_types)
		return NULL;
	idx = type_id - btf->first_id;
	type = (const struct bpfl_btf_type *)(btf->types + btf->offsets.items[idx >> btf->step_shift]);
	for (uint32_t rest = idx & ((1u << btf->step_shift) - 1); rest > 0; rest--)
		type = bpfl_btf_next(btf, type);
	return type;
}

const char *bpfl_btf_string(const struct bpfl_btf *btf, uint32_t name_off)
{
	while (btf->base != NULL && name_off < btf->first_str)
		btf = btf->base;
	if (name_off < btf->first_str || name_off - btf->first_str >= btf->strings_size)
		return "";
	return btf->strings + (name_off - btf->first_str);
}

const char *bpfl_btf_name(const struct bpfl_btf *btf, uint32_t type_id)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, type_id);

	return type != NULL ? bpfl_btf_string(btf, type->name_off) : "";
}

uint32_t bpfl_btf_member_bit_off(const struct bpfl_btf_type *t, uint32_t member_idx)
{
	uint32_t offset = bpfl_btf_members(t)[member_idx].offset;

	return bpfl_btf_kflag(t) ? offset & 0xffffff : offset;
}

uint32_t bpfl_btf_member_bit_size(const struct bpfl_btf_type *t, uint32_t member_idx)
{
	return bpfl_btf_kflag(t) ? bpfl_btf_members(t)[member_idx].offset >> 24 : 0;
}

uint32_t bpfl_btf_find(const struct bpfl_btf *btf, enum bpfl_btf_kind kind, const char *name, uint32_t start_id)
{
	const struct bpfl_btf_type *type;

	if (btf->base != NULL && start_id < btf->first_id) {
		uint32_t found = bpfl_btf_find(btf->base, kind, name, start_id);

		if (found != 0)
			return found;
	}
	if (start_id < btf->first_id)
		start_id = btf->first_id;
	type = bpfl_btf_type(btf, start_id);
	for (uint32_t id = start_id; id < btf->nr_types; id++, type = bpfl_btf_next(btf, type)) {
		if (bpfl_btf_kind(type) == kind && strcmp(bpfl_btf_string(btf, type->name_off), name) == 0)
			return id;
	}
	return 0;
}

bool bpfl_btf_enumerator_find(const struct bpfl_btf *btf, const char *name, int64_t *ret_value)
{
	for (uint32_t id = 1; id < bpfl_btf_nr_types(btf); id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, id);
		bool is_narrow = bpfl_btf_kind(type) == BPFL_KIND_ENUM;

		if (!is_narrow && bpfl_btf_kind(type) != BPFL_KIND_ENUM64)
			continue;
		for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
			const struct bpfl_btf_enum *narrow = &bpfl_btf_enums(type)[i];
			const struct bpfl_btf_enum64 *wide = &bpfl_btf_enums64(type)[i];

			if (strcmp(bpfl_btf_string(btf, is_narrow ? narrow->name_off : wide->name_off), name) != 0)
				continue;
			*ret_value = is_narrow ? (int64_t)narrow->value
					       : (int64_t)((uint64_t)wide->value_hi32 << 32 | wide->value_lo32);
			return true;
		}
	}
	return false;
}
