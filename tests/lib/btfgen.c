/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/lib/btfgen.c: a writer of BTF that does what it is told, right or wrong.
 *
 * Types and strings grow in two buffers that are already in the byte order of the result; the header is written last.
 */
#include "btfgen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put16(struct bpfl_buf *buf, bool swap, uint16_t value)
{
	if (swap)
		value = __builtin_bswap16(value);
	bpfl_buf_append(buf, &value, sizeof(value));
}

static void put32(struct bpfl_buf *buf, bool swap, uint32_t value)
{
	if (swap)
		value = __builtin_bswap32(value);
	bpfl_buf_append(buf, &value, sizeof(value));
}

static uint32_t get32_at(const struct bpfl_buf *buf, bool swap, size_t off)
{
	uint32_t value;

	memcpy(&value, buf->data + off, sizeof(value));
	return swap ? __builtin_bswap32(value) : value;
}

static void put32_at(struct bpfl_buf *buf, bool swap, size_t off, uint32_t value)
{
	if (swap)
		value = __builtin_bswap32(value);
	memcpy(buf->data + off, &value, sizeof(value));
}

static uint32_t or_auto(uint32_t value, size_t automatic)
{
	return value == BTFGEN_AUTO ? (uint32_t)automatic : value;
}

/* ---- .BTF ---- */

void btfgen_init(struct btfgen *gen, bool swap)
{
	memset(gen, 0, sizeof(*gen));
	gen->swap = swap;
	gen->first_id = 1;
	gen->header.magic = 0xeb9f;
	gen->header.version = 1;
	gen->header.size = BTFGEN_AUTO;
	gen->header.type_off = BTFGEN_AUTO;
	gen->header.type_len = BTFGEN_AUTO;
	gen->header.str_off = BTFGEN_AUTO;
	gen->header.str_len = BTFGEN_AUTO;
	gen->header.layout_off = BTFGEN_AUTO;
	gen->header.layout_len = BTFGEN_AUTO;
	bpfl_buf_char(&gen->strings, '\0');
}

void btfgen_deinit(struct btfgen *gen)
{
	bpfl_buf_deinit(&gen->types);
	bpfl_buf_deinit(&gen->strings);
	bpfl_buf_deinit(&gen->layout);
	bpfl_buf_deinit(&gen->bytes);
}

/* Header, layout, types, strings. Layout entries are words, so the types stay aligned. */
const void *btfgen_bytes(struct btfgen *gen, size_t *ret_size)
{
	struct bpfl_buf *out = &gen->bytes;
	bool has_layout = gen->layout.size > 0;

	bpfl_buf_deinit(out);
	put16(out, gen->swap, gen->header.magic);
	bpfl_buf_char(out, (char)gen->header.version);
	bpfl_buf_char(out, (char)gen->header.flags);
	put32(out, gen->swap, or_auto(gen->header.size, has_layout ? 32 : 24));
	put32(out, gen->swap, or_auto(gen->header.type_off, gen->layout.size));
	put32(out, gen->swap, or_auto(gen->header.type_len, gen->types.size));
	put32(out, gen->swap, or_auto(gen->header.str_off, gen->layout.size + gen->types.size));
	put32(out, gen->swap, or_auto(gen->header.str_len, gen->strings.size));
	if (has_layout) {
		put32(out, gen->swap, or_auto(gen->header.layout_off, 0));
		put32(out, gen->swap, or_auto(gen->header.layout_len, gen->layout.size));
		bpfl_buf_append(out, gen->layout.data, gen->layout.size);
	}
	bpfl_buf_append(out, gen->types.data, gen->types.size);
	bpfl_buf_append(out, gen->strings.data, gen->strings.size);
	if (!bpfl_buf_ok(out) || !bpfl_buf_ok(&gen->types) || !bpfl_buf_ok(&gen->strings))
		abort();
	*ret_size = out->size;
	return out->data;
}

struct bpfl_btf *btfgen_read(struct btfgen *gen)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf = NULL;
	size_t size;
	const void *bytes = btfgen_bytes(gen, &size);

	if (bpfl_btf_read(bytes, size, NULL, &btf, &err) < 0)
		fprintf(stderr, "btfgen_read: %s\n", err.message);
	bpfl_error_clear(&err);
	return btf;
}

uint32_t btfgen_string(struct btfgen *gen, const char *text)
{
	uint32_t off = gen->first_str + (uint32_t)gen->strings.size;

	if (text == NULL || text[0] == '\0')
		return 0;
	bpfl_buf_append(&gen->strings, text, strlen(text) + 1);
	return off;
}

uint32_t btfgen_record(struct btfgen *gen, uint32_t name_off, uint32_t info, uint32_t size_or_type)
{
	gen->last = gen->types.size;
	put32(&gen->types, gen->swap, name_off);
	put32(&gen->types, gen->swap, info);
	put32(&gen->types, gen->swap, size_or_type);
	return gen->first_id + gen->nr_types++;
}

void btfgen_word(struct btfgen *gen, uint32_t word) { put32(&gen->types, gen->swap, word); }

void btfgen_put(struct btfgen *gen, unsigned word_idx, uint32_t word)
{
	put32_at(&gen->types, gen->swap, gen->last + 4 * word_idx, word);
}

static uint32_t last_info(const struct btfgen *gen) { return get32_at(&gen->types, gen->swap, gen->last + 4); }

/* One more member, parameter, ... in the last type. */
static void count_item(struct btfgen *gen) { btfgen_put(gen, 1, last_info(gen) + 1); }

void btfgen_layout(struct btfgen *gen, unsigned kind, uint8_t info_size, uint8_t elem_size)
{
	while (gen->layout.size < 4 * (kind + 1))
		bpfl_buf_char(&gen->layout, '\0');
	gen->layout.data[4 * kind] = (char)info_size;
	gen->layout.data[4 * kind + 1] = (char)elem_size;
}

uint32_t btfgen_type(struct btfgen *gen, enum bpfl_btf_kind kind, const char *name, uint32_t size_or_type)
{
	return btfgen_record(gen, btfgen_string(gen, name), (uint32_t)kind << 24, size_or_type);
}

uint32_t btfgen_int(struct btfgen *gen, const char *name, uint32_t size, uint32_t encoding)
{
	uint32_t id = btfgen_type(gen, BPFL_KIND_INT, name, size);

	btfgen_word(gen, encoding << 24 | size * 8);
	return id;
}

uint32_t btfgen_ptr(struct btfgen *gen, uint32_t type) { return btfgen_type(gen, BPFL_KIND_PTR, NULL, type); }

uint32_t btfgen_array(struct btfgen *gen, uint32_t type, uint32_t index_type, uint32_t nr_elems)
{
	uint32_t id = btfgen_type(gen, BPFL_KIND_ARRAY, NULL, 0);

	btfgen_word(gen, type);
	btfgen_word(gen, index_type);
	btfgen_word(gen, nr_elems);
	return id;
}

uint32_t btfgen_struct(struct btfgen *gen, const char *name, uint32_t size)
{
	return btfgen_type(gen, BPFL_KIND_STRUCT, name, size);
}

uint32_t btfgen_union(struct btfgen *gen, const char *name, uint32_t size)
{
	return btfgen_type(gen, BPFL_KIND_UNION, name, size);
}

void btfgen_member(struct btfgen *gen, const char *name, uint32_t type, uint32_t bit_off)
{
	count_item(gen);
	btfgen_word(gen, btfgen_string(gen, name));
	btfgen_word(gen, type);
	btfgen_word(gen, bit_off);
}

void btfgen_bit_field(struct btfgen *gen, const char *name, uint32_t type, uint32_t bit_off, uint32_t bit_size)
{
	btfgen_put(gen, 1, last_info(gen) | 1u << 31);
	btfgen_member(gen, name, type, bit_size << 24 | bit_off);
}

uint32_t btfgen_enum(struct btfgen *gen, const char *name, uint32_t size)
{
	return btfgen_type(gen, BPFL_KIND_ENUM, name, size);
}

uint32_t btfgen_enum64(struct btfgen *gen, const char *name, bool is_signed)
{
	return btfgen_record(gen, btfgen_string(gen, name),
			     (uint32_t)BPFL_KIND_ENUM64 << 24 | (is_signed ? 1u << 31 : 0), 8);
}

void btfgen_enumerator(struct btfgen *gen, const char *name, int64_t value)
{
	count_item(gen);
	btfgen_word(gen, btfgen_string(gen, name));
	btfgen_word(gen, (uint32_t)value);
	if ((last_info(gen) >> 24 & 0x7f) == BPFL_KIND_ENUM64)
		btfgen_word(gen, (uint32_t)((uint64_t)value >> 32));
}

uint32_t btfgen_func_proto(struct btfgen *gen, uint32_t return_type)
{
	return btfgen_type(gen, BPFL_KIND_FUNC_PROTO, NULL, return_type);
}

void btfgen_param(struct btfgen *gen, const char *name, uint32_t type)
{
	count_item(gen);
	btfgen_word(gen, btfgen_string(gen, name));
	btfgen_word(gen, type);
}

uint32_t btfgen_func(struct btfgen *gen, const char *name, uint32_t proto, uint32_t linkage)
{
	return btfgen_record(gen, btfgen_string(gen, name), (uint32_t)BPFL_KIND_FUNC << 24 | linkage, proto);
}

uint32_t btfgen_var(struct btfgen *gen, const char *name, uint32_t type, uint32_t linkage)
{
	uint32_t id = btfgen_type(gen, BPFL_KIND_VAR, name, type);

	btfgen_word(gen, linkage);
	return id;
}

uint32_t btfgen_datasec(struct btfgen *gen, const char *name, uint32_t size)
{
	return btfgen_type(gen, BPFL_KIND_DATASEC, name, size);
}

void btfgen_datasec_var(struct btfgen *gen, uint32_t var, uint32_t byte_off, uint32_t size)
{
	count_item(gen);
	btfgen_word(gen, var);
	btfgen_word(gen, byte_off);
	btfgen_word(gen, size);
}

uint32_t btfgen_decl_tag(struct btfgen *gen, const char *text, uint32_t type, int32_t component)
{
	uint32_t id = btfgen_type(gen, BPFL_KIND_DECL_TAG, text, type);

	btfgen_word(gen, (uint32_t)component);
	return id;
}

/* ---- .BTF.ext ---- */

static const unsigned nr_words[EXTGEN_NR_TABLES] = { 2, 4, 4 };

void extgen_init(struct extgen *ext, bool swap)
{
	memset(ext, 0, sizeof(*ext));
	ext->swap = swap;
	ext->header.magic = 0xeb9f;
	ext->header.version = 1;
	ext->header.size = 32;
	for (int i = 0; i < EXTGEN_NR_TABLES; i++) {
		ext->rec_size[i] = nr_words[i] * 4;
		ext->header.off[i] = BTFGEN_AUTO;
		ext->header.len[i] = BTFGEN_AUTO;
	}
}

void extgen_deinit(struct extgen *ext)
{
	for (int i = 0; i < EXTGEN_NR_TABLES; i++)
		bpfl_buf_deinit(&ext->tables[i]);
	bpfl_buf_deinit(&ext->bytes);
}

const void *extgen_bytes(struct extgen *ext, size_t *ret_size)
{
	struct bpfl_buf *out = &ext->bytes;
	int nr_tables = ext->header.size >= 32 ? EXTGEN_NR_TABLES : EXTGEN_CORES;
	size_t off = 0;

	bpfl_buf_deinit(out);
	put16(out, ext->swap, ext->header.magic);
	bpfl_buf_char(out, (char)ext->header.version);
	bpfl_buf_char(out, (char)ext->header.flags);
	put32(out, ext->swap, ext->header.size);
	for (int i = 0; i < nr_tables; i++) {
		put32(out, ext->swap, or_auto(ext->header.off[i], off));
		put32(out, ext->swap, or_auto(ext->header.len[i], ext->tables[i].size));
		off += ext->tables[i].size;
	}
	for (int i = 0; i < nr_tables; i++)
		bpfl_buf_append(out, ext->tables[i].data, ext->tables[i].size);
	if (!bpfl_buf_ok(out))
		abort();
	*ret_size = out->size;
	return out->data;
}

void extgen_word(struct extgen *ext, enum extgen_table table, uint32_t word)
{
	put32(&ext->tables[table], ext->swap, word);
}

void extgen_section(struct extgen *ext, enum extgen_table table, uint32_t name_off)
{
	if (ext->tables[table].size == 0)
		extgen_word(ext, table, ext->rec_size[table]);
	ext->section_at[table] = ext->tables[table].size;
	extgen_word(ext, table, name_off);
	extgen_word(ext, table, 0);
}

void extgen_record(struct extgen *ext, enum extgen_table table, const uint32_t *words)
{
	size_t count_at = ext->section_at[table] + 4;
	uint32_t count = get32_at(&ext->tables[table], ext->swap, count_at);

	put32_at(&ext->tables[table], ext->swap, count_at, count + 1);
	for (unsigned i = 0; i < ext->rec_size[table] / 4; i++)
		extgen_word(ext, table, i < nr_words[table] ? words[i] : 0xdeadbeefu);
}
