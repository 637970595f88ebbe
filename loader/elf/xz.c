/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/xz.c: the container around LZMA2.
 *
 *     "\xfd7zXZ\0", two bytes of flags (the kind of checksum), CRC-32 of them
 *     blocks:  header (its size, flags, two optional sizes, filters, CRC-32), LZMA2, zeros up to four bytes, checksum
 *     a zero where a block would begin: the index follows, with two numbers for each block, and a CRC-32. What
 *     comes behind it is not looked at
 *
 * Checksums of 32 and 64 bits are looked at; SHA-256, which xz makes only when told to, is skipped.
 */
#include "elf/xz.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "base/cursor.h"
#include "elf/lzma.h"

#define HEADER_SIZE 12u
#define FILTER_LZMA2 0x21u
#define CHECK_CRC32 1u
#define CHECK_CRC64 4u

static int damaged(struct bpfl_error *err, const char *what)
{
	return bpfl_error_set(err, BPFL_ERR_TARGET, EINVAL, "damaged xz data: %s", what);
}

/* CRC-32 of IEEE 802.3 and CRC-64 of ECMA-182, bits reversed: the same with another polynomial. */
static uint64_t crc(const void *bytes, size_t size, bool is_64)
{
	uint64_t polynomial = is_64 ? 0xc96c5795d7870f42ull : 0xedb88320u, all = is_64 ? UINT64_MAX : UINT32_MAX,
		 value = all;
	const uint8_t *at = bytes;
	uint64_t table[256];

	for (unsigned i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? polynomial : 0);
	}
	for (size_t i = 0; i < size; i++)
		value = value >> 8 ^ table[(value ^ at[i]) & 0xff];
	return value ^ all;
}

static uint64_t take_little(struct bpfl_cursor *cursor, unsigned width)
{
	const uint8_t *bytes;
	uint64_t value = 0;

	if (bpfl_cursor_bytes(cursor, width, &bytes) < 0)
		return 0;
	for (unsigned i = 0; i < width; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

/* Seven bits a byte, the highest bit says that more follow. -EINVAL when it does not end. */
static int take_number(struct bpfl_cursor *cursor, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 63; shift += 7) {
		const uint8_t *byte;

		if (bpfl_cursor_bytes(cursor, 1, &byte) < 0)
			return -EINVAL;
		value |= (uint64_t)(*byte & 0x7f) << shift;
		if (!(*byte & 0x80)) {
			*ret = value;
			return 0;
		}
	}
	return -EINVAL;
}

/* At the first byte of a block's header; behind it afterwards. */
static int take_block_header(struct bpfl_cursor *cursor, struct bpfl_error *err)
{
	const uint8_t *bytes = NULL;
	struct bpfl_cursor header;
	uint64_t size, ignored, filter = 0, props_size = 0;

	bpfl_cursor_bytes(cursor, 1, &bytes);
	size = ((uint64_t)*bytes + 1) * 4; /* not 0: that is the index */
	if (bpfl_cursor_seek(cursor, cursor->pos - 1) < 0 || bpfl_cursor_bytes(cursor, size, &bytes) < 0)
		return damaged(err, "the header of a block is cut");
	header = bpfl_cursor_make(bytes, size, false);
	bpfl_cursor_seek(&header, size - 4);
	if (take_little(&header, 4) != crc(bytes, (size_t)size - 4, false))
		return damaged(err, "the header of a block has another checksum");
	header = bpfl_cursor_make(bytes, size - 4, false);
	bpfl_cursor_seek(&header, 2);
	if (((bytes[1] & 0x40) && take_number(&header, &ignored) < 0) ||
	    ((bytes[1] & 0x80) && take_number(&header, &ignored) < 0) || take_number(&header, &filter) < 0 ||
	    take_number(&header, &props_size) < 0)
		return damaged(err, "the header of a block is malformed");
	if ((bytes[1] & 3) != 0 || filter != FILTER_LZMA2 || props_size != 1)
		return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "xz data with a filter besides LZMA2");
	return 0;
}

/* The size of a checksum, by its kind. */
static unsigned check_size(unsigned kind)
{
	return kind == 0 ? 0 : 4u << (kind - 1) / 3;
}

static int take_block(struct bpfl_cursor *cursor, unsigned check, size_t size_max, struct bpfl_buf *out,
		      struct bpfl_error *err)
{
	int ret = take_block_header(cursor, err);
	size_t begin = out->size, used = 0;
	const uint8_t *bytes = NULL;
	uint64_t left;

	if (ret < 0)
		return ret;
	left = bpfl_cursor_left(cursor);
	bpfl_cursor_bytes(cursor, left, &bytes);
	ret = bpfl_lzma2_unpack(bytes, (size_t)left, size_max, out, &used);
	if (ret == -ENOMEM)
		return bpfl_error_nomem(err);
	if (ret == -EFBIG)
		return bpfl_error_set(err, BPFL_ERR_TARGET, EFBIG, "more than %zu bytes come out of the xz data",
				      size_max);
	if (ret < 0)
		return damaged(err, "what is packed");
	if (bpfl_cursor_seek(cursor, cursor->pos - left + ((used + 3) & ~(size_t)3)) < 0 ||
	    bpfl_cursor_left(cursor) < check_size(check))
		return damaged(err, "the checksum is cut");
	if (check == CHECK_CRC32 || check == CHECK_CRC64) {
		size_t made = out->size - begin; /* an empty block may be the first: then there is no memory yet */

		if (take_little(cursor, check_size(check)) !=
		    crc(made ? out->data + begin : "", made, check == CHECK_CRC64))
			return damaged(err, "the checksum differs");
		return 0;
	}
	bpfl_cursor_skip(cursor, check_size(check));
	return 0;
}

/* The index is of no use here, but it says how many blocks there were. At its first byte, a zero. */
static int take_index(struct bpfl_cursor *cursor, uint64_t nr_blocks, struct bpfl_error *err)
{
	uint64_t begin = cursor->pos, nr_records = 0, ignored, size;
	const uint8_t *bytes = NULL;
	int ret = 0;

	bpfl_cursor_skip(cursor, 1);
	if (take_number(cursor, &nr_records) < 0 || nr_records != nr_blocks)
		return damaged(err, "the index has another number of blocks");
	for (uint64_t i = 0; ret == 0 && i < 2 * nr_blocks; i++)
		ret = take_number(cursor, &ignored);
	size = (cursor->pos - begin + 3) & ~3ull;
	if (ret < 0 || bpfl_cursor_seek(cursor, begin) < 0 || bpfl_cursor_bytes(cursor, size, &bytes) < 0 ||
	    bpfl_cursor_left(cursor) < 4)
		return damaged(err, "the index is cut");
	return take_little(cursor, 4) == crc(bytes, (size_t)size, false)
		       ? 0
		       : damaged(err, "the index has another checksum");
}

int bpfl_xz_unpack(const void *bytes, size_t size, size_t size_max, struct bpfl_buf *ret, struct bpfl_error *err)
{
	struct bpfl_cursor cursor = bpfl_cursor_make(bytes, size, false);
	struct bpfl_buf out = BPFL_BUF_INIT;
	const uint8_t *header = NULL, *next = NULL;
	bool is_done = false;
	uint64_t nr_blocks = 0;
	int ret_code = 0;

	if (bpfl_cursor_bytes(&cursor, HEADER_SIZE, &header) < 0 || memcmp(header, "\xfd" "7zXZ", 6) != 0)
		return damaged(err, "it does not begin like an .xz file");
	bpfl_cursor_seek(&cursor, 8);
	if (take_little(&cursor, 4) != crc(header + 6, 2, false) || header[6] != 0 || header[7] > 15)
		return damaged(err, "its header");
	while (ret_code == 0 && !is_done) {
		if (bpfl_cursor_bytes(&cursor, 1, &next) < 0) {
			ret_code = damaged(err, "its end is missing");
			break;
		}
		bpfl_cursor_seek(&cursor, cursor.pos - 1);
		is_done = *next == 0;
		ret_code = is_done ? take_index(&cursor, nr_blocks, err)
				   : take_block(&cursor, header[7], size_max, &out, err);
		nr_blocks++;
	}
	if (ret_code < 0) {
		bpfl_buf_deinit(&out);
		return ret_code;
	}
	*ret = out;
	return 0;
}
