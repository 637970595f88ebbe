/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/ext.c: .BTF.ext -> records about instructions.
 *
 * A table begins with the length of its records. Then come groups: the name of an ELF section, a count, and that many
 * records. Newer compilers may write longer records, whose known part comes first, and longer headers. Nothing is
 * allocated by a count from the file: there is room for as many records as the table has bytes for, and each is
 * appended when it was read.
 */
#include "btf/ext.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include "base/cursor.h"
#include "base/text.h"
#include "btf/own.h"

#define HEADER_SIZE 24u
#define HEADER_CORE_SIZE 32u /* with the place of the CO-RE table */
#define INSN_SIZE 8u

#define BAD(...) bpfl_error_set(reader->err, BPFL_ERR_OBJECT, EINVAL, __VA_ARGS__)

struct reader {
	const struct bpfl_btf *btf;
	struct bpfl_btf_ext *ext;
	size_t cap_funcs, cap_lines, cap_cores;
	struct bpfl_error *err;
};

/* Reads and checks the known part of one record. 0 or -errno with text. */
typedef int (*record_fn)(struct reader *reader, struct bpfl_cursor *cursor, uint32_t section_name_off);

static int check_text(const struct reader *reader, const char *what, uint32_t off)
{
	uint64_t end = (uint64_t)reader->btf->first_str + reader->btf->strings_size;

	if (off != 0 && off >= end)
		return BAD("%s at string offset 0x%x, but the strings end at 0x%" PRIx64, what, off, end);
	return 0;
}

static int read_func(struct reader *reader, struct bpfl_cursor *cursor, uint32_t section_name_off)
{
	struct bpfl_ext_func func = { section_name_off, 0, 0 };
	const struct bpfl_btf_type *type;
	struct bpfl_ext_func *slot;

	bpfl_cursor_u32(cursor, &func.byte_off);
	bpfl_cursor_u32(cursor, &func.type_id);
	type = bpfl_btf_type(reader->btf, func.type_id);
	if (type == NULL)
		return BAD("function is type %u, but the last type is %u", func.type_id,
			   reader->btf->nr_types - 1);
	if (bpfl_btf_kind(type) != BPFL_KIND_FUNC)
		return BAD("function is type %u (%s), expected a func", func.type_id,
			   bpfl_btf_kind_name(bpfl_btf_kind(type)));
	slot = bpfl_vec_grow(&reader->ext->funcs, &reader->ext->nr_funcs, &reader->cap_funcs, sizeof(*slot));
	if (slot == NULL)
		return bpfl_error_nomem(reader->err);
	*slot = func;
	return 0;
}

static int read_line(struct reader *reader, struct bpfl_cursor *cursor, uint32_t section_name_off)
{
	struct bpfl_ext_line line = { section_name_off, 0, 0, 0, 0 };
	struct bpfl_ext_line *slot;
	int ret;

	bpfl_cursor_u32(cursor, &line.byte_off);
	bpfl_cursor_u32(cursor, &line.file_name_off);
	bpfl_cursor_u32(cursor, &line.line_off);
	bpfl_cursor_u32(cursor, &line.line_col);
	if ((ret = check_text(reader, "file name", line.file_name_off)) < 0 ||
	    (ret = check_text(reader, "source line", line.line_off)) < 0)
		return ret;
	slot = bpfl_vec_grow(&reader->ext->lines, &reader->ext->nr_lines, &reader->cap_lines, sizeof(*slot));
	if (slot == NULL)
		return bpfl_error_nomem(reader->err);
	*slot = line;
	return 0;
}

static int read_core(struct reader *reader, struct bpfl_cursor *cursor, uint32_t section_name_off)
{
	struct bpfl_ext_core core = { section_name_off, 0, 0, 0, 0 };
	struct bpfl_ext_core *slot;
	int ret;

	bpfl_cursor_u32(cursor, &core.byte_off);
	bpfl_cursor_u32(cursor, &core.type_id);
	bpfl_cursor_u32(cursor, &core.access_off);
	bpfl_cursor_u32(cursor, &core.kind);
	if (core.type_id == 0 || bpfl_btf_type(reader->btf, core.type_id) == NULL)
		return BAD("relocation of type %u, but types are 1 to %u", core.type_id,
			   reader->btf->nr_types - 1);
	ret = check_text(reader, "access string", core.access_off);
	if (ret < 0)
		return ret;
	if (bpfl_btf_string(reader->btf, core.access_off)[0] == '\0')
		return BAD("access string is empty");
	slot = bpfl_vec_grow(&reader->ext->cores, &reader->ext->nr_cores, &reader->cap_cores, sizeof(*slot));
	if (slot == NULL)
		return bpfl_error_nomem(reader->err);
	*slot = core;
	return 0;
}

static const struct table {
	const char *name;
	uint32_t record_size; /* known part */
	record_fn read;
} tables[] = {
	{ "function table", 8, read_func },
	{ "line table", 16, read_line },
	{ "CO-RE table", 16, read_core },
};
#define NR_TABLES (sizeof(tables) / sizeof(tables[0]))

/* One group: the records of one ELF section. */
static int read_group(struct reader *reader, const struct table *table, uint32_t record_size,
		      struct bpfl_cursor *cursor)
{
	uint32_t name_off = 0;
	uint32_t nr_records = 0;
	uint32_t byte_off = 0;
	int ret;

	if (bpfl_cursor_left(cursor) < 8)
		return BAD("%" PRIu64 " bytes at the end are too few for a group of 8", bpfl_cursor_left(cursor));
	bpfl_cursor_u32(cursor, &name_off);
	bpfl_cursor_u32(cursor, &nr_records);
	ret = check_text(reader, "section name", name_off);
	if (ret < 0)
		return ret;
	if (bpfl_btf_string(reader->btf, name_off)[0] == '\0')
		return BAD("group without a section name");
	if (nr_records == 0)
		return BAD("no records for section '%s'", BPFL_ESC(bpfl_btf_string(reader->btf, name_off)));
	if (nr_records > bpfl_cursor_left(cursor) / record_size)
		return BAD("%u records of %u bytes for section '%s', but %" PRIu64 " bytes are left", nr_records,
			   record_size, BPFL_ESC(bpfl_btf_string(reader->btf, name_off)),
			   bpfl_cursor_left(cursor));
	for (uint32_t i = 0; i < nr_records; i++) {
		struct bpfl_cursor record = *cursor; /* checked above: its reads cannot fail */

		bpfl_cursor_skip(cursor, record_size);
		ret = table->read(reader, &record, name_off);
		record.pos = cursor->pos - record_size;
		bpfl_cursor_u32(&record, &byte_off);
		if (ret == 0 && byte_off % INSN_SIZE != 0)
			ret = BAD("instruction at byte 0x%x (expected a multiple of %u)", byte_off, INSN_SIZE);
		if (ret < 0) {
			bpfl_error_prefix(reader->err, "section '%s': record %u",
					  BPFL_ESC(bpfl_btf_string(reader->btf, name_off)), i);
			return ret;
		}
	}
	return 0;
}

static int read_table(struct reader *reader, const struct table *table, struct bpfl_cursor *cursor)
{
	uint32_t record_size = 0;
	int ret = 0;

	if (cursor->size == 0)
		return 0;
	if (bpfl_cursor_u32(cursor, &record_size) < 0)
		return BAD("%" PRIu64 " bytes are too few for the record size", cursor->size);
	if (record_size < table->record_size || record_size % 4 != 0)
		return BAD("records of %u bytes (expected at least %u and a multiple of 4)", record_size,
			   table->record_size);
	if (bpfl_cursor_left(cursor) == 0)
		return BAD("record size without any group");
	while (ret == 0 && bpfl_cursor_left(cursor) > 0)
		ret = read_group(reader, table, record_size, cursor);
	return ret;
}

static bool make_room(struct reader *reader, size_t table_idx, size_t nr)
{
	struct bpfl_btf_ext *ext = reader->ext;

	switch (table_idx) {
	case 0:
		return bpfl_vec_reserve(&ext->funcs, &reader->cap_funcs, nr, sizeof(*ext->funcs));
	case 1:
		return bpfl_vec_reserve(&ext->lines, &reader->cap_lines, nr, sizeof(*ext->lines));
	default:
		return bpfl_vec_reserve(&ext->cores, &reader->cap_cores, nr, sizeof(*ext->cores));
	}
}

/* The first eight bytes: 0 and the length of the header. */
static int read_preamble(struct reader *reader, struct bpfl_cursor *cursor, uint32_t *ret_header_size)
{
	uint16_t magic = 0;
	uint8_t version = 0;
	uint8_t flags = 0;
	uint32_t header_size = 0;

	if (cursor->size < HEADER_SIZE)
		return BAD("%" PRIu64 " bytes are too few for a header of %u", cursor->size, HEADER_SIZE);
	bpfl_cursor_u16(cursor, &magic);
	if (magic == BPFL_BTF_MAGIC_SWAPPED)
		return BAD("byte order differs from the one of the file that it is in");
	if (magic != BPFL_BTF_MAGIC)
		return BAD("magic number is 0x%04x (expected 0x%04x)", magic, BPFL_BTF_MAGIC);
	bpfl_cursor_u8(cursor, &version);
	bpfl_cursor_u8(cursor, &flags);
	bpfl_cursor_u32(cursor, &header_size);
	if (version != BPFL_BTF_VERSION)
		return BAD("version is %u (expected %u)", version, BPFL_BTF_VERSION);
	if (flags != 0)
		return BAD("flags are 0x%02x (expected none)", flags);
	if (header_size < HEADER_SIZE || header_size > cursor->size)
		return BAD("header says that it has %u bytes (expected %u to %" PRIu64 ")", header_size,
			   HEADER_SIZE, cursor->size);
	*ret_header_size = header_size;
	return 0;
}

static int read_all(struct reader *reader, const uint8_t *bytes, size_t size, bool swap)
{
	struct bpfl_cursor cursor = bpfl_cursor_make(bytes, size, swap);
	uint32_t header_size = 0;
	size_t nr_tables;
	int ret = read_preamble(reader, &cursor, &header_size);

	if (ret < 0)
		return ret;
	nr_tables = header_size >= HEADER_CORE_SIZE ? NR_TABLES : NR_TABLES - 1;
	for (size_t i = 0; i < nr_tables; i++) {
		struct bpfl_cursor table;
		uint32_t off = 0;
		uint32_t len = 0;

		bpfl_cursor_u32(&cursor, &off);
		bpfl_cursor_u32(&cursor, &len);
		if (!bpfl_in_range(off, len, size - header_size))
			return BAD("%s (%u bytes at 0x%x) leaves the %zu bytes behind the header",
				   tables[i].name, len, off, size - header_size);
		if (off % 4 != 0)
			return BAD("%s begins at 0x%x (expected a multiple of 4)", tables[i].name, off);
		if (!make_room(reader, i, len / tables[i].record_size))
			return bpfl_error_nomem(reader->err);
		table = bpfl_cursor_make(bytes + header_size + off, len, swap);
		ret = read_table(reader, &tables[i], &table);
		if (ret < 0) {
			bpfl_error_prefix(reader->err, "%s", tables[i].name);
			return ret;
		}
	}
	return 0;
}

int bpfl_btf_ext_read(const void *bytes, size_t size, bool swap, const struct bpfl_btf *btf,
		      struct bpfl_btf_ext **ret_ext, struct bpfl_error *err)
{
	struct reader reader = { .btf = btf, .err = err, .ext = calloc(1, sizeof(struct bpfl_btf_ext)) };
	int ret;

	if (reader.ext == NULL)
		return bpfl_error_nomem(err);
	ret = read_all(&reader, bytes, size, swap);
	if (ret < 0) {
		bpfl_btf_ext_destroy(reader.ext);
		bpfl_error_prefix(err, "BTF.ext");
		return ret;
	}
	*ret_ext = reader.ext;
	return 0;
}

void bpfl_btf_ext_destroy(struct bpfl_btf_ext *ext)
{
	if (ext == NULL)
		return;
	free(ext->funcs);
	free(ext->lines);
	free(ext->cores);
	free(ext);
}
