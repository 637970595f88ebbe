/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/ldcache.c: the two formats of ld.so.cache.
 *
 *     old: "ld.so-1.7.0" NUL, count, { flags, name, path }[count] of 32 bits, strings. Offsets count from the strings.
 *     new: "glibc-ld.so.cache1.1", count, strings' size, 20 more bytes, { flags, name, path, osversion: 32
 *          bits; hwcap: 64 }[count], strings. Offsets count from the beginning of the format.
 *
 * glibc wrote the old one first and the new one behind it, aligned, until 2.32 (2020), since then the new one
 * alone. musl has no cache. Numbers are in the machine's byte order: the file is made where it is used.
 */
#include "elf/ldcache.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "base/cursor.h"

#define OLD_MAGIC "ld.so-1.7.0"
#define NEW_MAGIC "glibc-ld.so.cache1.1"
#define OLD_HEADER_SIZE 16u
#define OLD_ENTRY_SIZE 12u
#define NEW_HEADER_SIZE 48u
#define NEW_ENTRY_SIZE 24u

struct format {
	const uint8_t *bytes; /* of this format */
	uint64_t size;
	uint64_t header_size, entry_size, strings_off;
	uint32_t count;
	bool has_hwcap;
};

static bool has_magic(const uint8_t *bytes, uint64_t size, uint64_t off, const char *magic)
{
	return bpfl_in_range(off, strlen(magic), size) && memcmp(bytes + off, magic, strlen(magic)) == 0;
}

static int read_count(struct format *format, uint64_t count_off)
{
	struct bpfl_cursor cursor = bpfl_cursor_make(format->bytes, format->size, false);

	if (bpfl_cursor_seek(&cursor, count_off) < 0 || bpfl_cursor_u32(&cursor, &format->count) < 0 ||
	    !bpfl_in_range(format->header_size, format->count * format->entry_size, format->size))
		return -EINVAL;
	return 0;
}

/* The new format where there is one. */
static int find_format(const uint8_t *bytes, uint64_t size, struct format *format)
{
	struct format old = { bytes, size, OLD_HEADER_SIZE, OLD_ENTRY_SIZE, 0, 0, false };
	uint64_t new_off = 0;
	bool has_old = has_magic(bytes, size, 0, OLD_MAGIC);

	if (has_old) {
		if (read_count(&old, 12) < 0)
			return -EINVAL;
		old.strings_off = OLD_HEADER_SIZE + old.count * (uint64_t)OLD_ENTRY_SIZE;
		new_off = (old.strings_off + 7) & ~7ull;
	}
	if (!has_magic(bytes, size, new_off, NEW_MAGIC)) {
		*format = old;
		return has_old ? 0 : -EINVAL;
	}
	*format = (struct format){ bytes + new_off, size - new_off, NEW_HEADER_SIZE, NEW_ENTRY_SIZE, 0, 0, true };
	return read_count(format, sizeof(NEW_MAGIC) - 1);
}

static int string_at(const struct format *format, uint32_t off, const char **ret)
{
	struct bpfl_cursor cursor = bpfl_cursor_make(format->bytes, format->size, false);

	return bpfl_cursor_seek(&cursor, format->strings_off + off) < 0 || bpfl_cursor_cstr(&cursor, ret) < 0 ? -EINVAL
													      : 0;
}

int bpfl_ldcache_each(const void *bytes, size_t size, bpfl_ldcache_fn fn, void *ctx)
{
	struct format format;
	int ret = find_format(bytes, size, &format);

	for (uint32_t i = 0; ret == 0 && i < format.count; i++) {
		struct bpfl_cursor cursor = bpfl_cursor_make(format.bytes, format.size, false);
		uint32_t flags = 0, name_off = 0, path_off = 0, os_version = 0;
		const char *name, *path;
		uint64_t hwcap = 0;

		/* cannot fail: all entries are in the file */
		bpfl_cursor_seek(&cursor, format.header_size + i * format.entry_size);
		bpfl_cursor_u32(&cursor, &flags);
		bpfl_cursor_u32(&cursor, &name_off);
		bpfl_cursor_u32(&cursor, &path_off);
		if (format.has_hwcap) {
			bpfl_cursor_u32(&cursor, &os_version);
			bpfl_cursor_u64(&cursor, &hwcap);
		}
		if (string_at(&format, name_off, &name) < 0 || string_at(&format, path_off, &path) < 0)
			return -EINVAL;
		if (hwcap == 0)
			ret = fn(ctx, name, path);
	}
	return ret;
}
