/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/user.c: opening executables and shared libraries. See elf/user.h.
 *
 * The header says where the two header tables are; both are read at once and checked, the rest of the file only
 * on demand. A 32-bit file has the same tables with narrower fields in a slightly different order, so one
 * reader with a word size does for both.
 */
#include "elf/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/text.h"
#include "elf/elf.h"
#include "sys/enter.h"

#define ET_EXEC 2
#define ET_DYN 3
#define EHDR_SIZE_MAX 64u
#define TABLE_SIZE_MAX (1ull << 30) /* of one section or table: what a symbol table of a browser has, several times */
#define NR_SEGMENTS_MAX 65536u
#define PIECE_SIZE_MAX (16u << 20)

static int damaged(struct bpfl_error *err, const char *fmt, ...) BPFL_PRINTF(2, 3);

static int damaged(struct bpfl_error *err, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	bpfl_error_set(err, BPFL_ERR_TARGET, EINVAL, "damaged ELF file: %s", text);
	bpfl_error_catalogue(err, 23);
	bpfl_error_fix(err, "install or build the file again");
	return -EINVAL;
}

/* ---- bytes ---- */

static ssize_t take(const struct bpfl_user_elf *elf, void *out, size_t size, uint64_t off)
{
	uint64_t left = off < elf->file_size ? elf->file_size - off : 0;

	if (!elf->bytes)
		return bpfl_enter_pread(elf->fd, out, size, off);
	size = size < left ? size : (size_t)left;
	memcpy(out, elf->bytes + (size > 0 ? off : 0), size);
	return (ssize_t)size;
}

/*
 * [off, off + size) of the file, which must be in it. Grows in pieces: a file that is shorter than its
 * header claims costs little.
 */
static int read_at(const struct bpfl_user_elf *elf, uint64_t off, uint64_t size, struct bpfl_buf *ret,
		   struct bpfl_error *err)
{
	struct bpfl_buf buf = BPFL_BUF_INIT;
	int ret_code = 0;

	if (!bpfl_in_range(off, size, elf->file_size) || size > TABLE_SIZE_MAX)
		return damaged(err, "%llu bytes at 0x%llx lie outside the file (%llu bytes)", (unsigned long long)size,
			       (unsigned long long)off, (unsigned long long)elf->file_size);
	buf.data = malloc((size_t)size + 1);
	if (!buf.data)
		return bpfl_error_nomem(err);
	buf.cap = (size_t)size + 1;
	while (buf.size < size) {
		uint64_t left = size - buf.size;
		ssize_t got = take(elf, buf.data + buf.size, (size_t)(left < PIECE_SIZE_MAX ? left : PIECE_SIZE_MAX),
				   off + buf.size);

		if (got <= 0) {
			ret_code = got < 0 ? (int)got : -EIO;
			bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret_code, "cannot read: %s",
				       got < 0 ? bpfl_errno_text(-ret_code) : "it has become shorter");
			bpfl_buf_deinit(&buf);
			return ret_code;
		}
		buf.size += (size_t)got;
	}
	buf.data[buf.size] = '\0';
	*ret = buf;
	return 0;
}

/* An address or offset: as wide as the file's words. */
static uint64_t take_word(const struct bpfl_user_elf *elf, struct bpfl_cursor *cursor)
{
	uint64_t wide = 0;
	uint32_t narrow = 0;

	if (elf->is_64) {
		bpfl_cursor_u64(cursor, &wide);
		return wide;
	}
	bpfl_cursor_u32(cursor, &narrow);
	return narrow;
}

unsigned bpfl_user_word(const struct bpfl_user_elf *elf)
{
	return elf->is_64 ? 8 : 4;
}

/* ---- headers ---- */

struct header {
	uint16_t type;
	uint64_t phoff, shoff;
	uint16_t phentsize, phnum, shentsize, shnum, shstrndx;
};

static int refuse_sort(struct bpfl_error *err, const char *what, const char *fact_name, unsigned fact)
{
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOEXEC, "%s", what);
	bpfl_error_catalogue(err, 23);
	bpfl_error_why(err, "%s 0%o", fact_name, fact);
	bpfl_error_fix(err, "name an executable or a shared library");
	return -ENOEXEC;
}

/* Its first bytes, of which there are size, are not those of an ELF file. */
static int refuse_bytes(const uint8_t *bytes, size_t size, struct bpfl_error *err)
{
	char start[64];

	if (size >= 4 && memcmp(bytes, "\177ELF", 4) == 0)
		return damaged(err, "a header of %zu bytes", size);
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOEXEC, "%s", size >= 2 && memcmp(bytes, "#!", 2) == 0
							   ? "it is a script, not an ELF file: probe its interpreter"
							   : "it is not an ELF file");
	bpfl_error_catalogue(err, 23);
	bpfl_error_why(err, "it begins with '%s'",
		       bpfl_text_escape(start, sizeof(start), (const char *)bytes, size < 12 ? size : 12));
	bpfl_error_fix(err, "name an executable or a shared library");
	return -ENOEXEC;
}

static int read_header(struct bpfl_user_elf *elf, struct header *header, struct bpfl_error *err)
{
	uint8_t bytes[EHDR_SIZE_MAX] = { 0 };
	ssize_t got = take(elf, bytes, sizeof(bytes), 0);
	struct bpfl_cursor cursor;
	bool big;

	if (got < 0)
		return bpfl_error_set(err, BPFL_ERR_SYSTEM, (int)-got, "cannot read: %s", bpfl_errno_text((int)-got));
	if (got < 52 || memcmp(bytes, "\177ELF", 4) != 0)
		return refuse_bytes(bytes, (size_t)got, err);
	if (bytes[4] < 1 || bytes[4] > 2 || bytes[5] < 1 || bytes[5] > 2)
		return damaged(err, "class %u and byte order %u", bytes[4], bytes[5]);
	elf->is_64 = bytes[4] == 2;
	if (elf->is_64 && got < (ssize_t)EHDR_SIZE_MAX)
		return damaged(err, "a header of %zd bytes", got);
	big = bytes[5] == 2;
	elf->swap = big != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	cursor = bpfl_cursor_make(bytes, sizeof(bytes), elf->swap);
	bpfl_cursor_seek(&cursor, 16);
	bpfl_cursor_u16(&cursor, &header->type);
	bpfl_cursor_u16(&cursor, &elf->machine);
	bpfl_cursor_skip(&cursor, 4);
	take_word(elf, &cursor); /* entry */
	header->phoff = take_word(elf, &cursor);
	header->shoff = take_word(elf, &cursor);
	bpfl_cursor_skip(&cursor, 4 + 2); /* flags, ehsize */
	bpfl_cursor_u16(&cursor, &header->phentsize);
	bpfl_cursor_u16(&cursor, &header->phnum);
	bpfl_cursor_u16(&cursor, &header->shentsize);
	bpfl_cursor_u16(&cursor, &header->shnum);
	bpfl_cursor_u16(&cursor, &header->shstrndx);
	elf->is_fixed = header->type == ET_EXEC;
	if (header->type != ET_EXEC && header->type != ET_DYN)
		return refuse_sort(err, "it is an ELF file, but no executable and no shared library", "its e_type is",
				   header->type);
	return 0;
}

static void take_section(const struct bpfl_user_elf *elf, struct bpfl_cursor *cursor, struct bpfl_user_section *section,
			 uint32_t *ret_name_off)
{
	bpfl_cursor_u32(cursor, ret_name_off);
	bpfl_cursor_u32(cursor, &section->type);
	section->flags = take_word(elf, cursor);
	section->addr = take_word(elf, cursor);
	section->off = take_word(elf, cursor);
	section->size = take_word(elf, cursor);
	bpfl_cursor_u32(cursor, &section->link);
	bpfl_cursor_u32(cursor, &section->info);
	take_word(elf, cursor); /* alignment */
	section->entry_size = take_word(elf, cursor);
}

/*
 * Counts that do not fit the header stand in section 0: that of sections in its size, the index of the names in
 * its link, that of segments in its info.
 */
static int read_sections(struct bpfl_user_elf *elf, struct header *header, uint64_t *nr_segments,
			 struct bpfl_error *err)
{
	uint64_t size = elf->is_64 ? 64 : 40, nr = header->shnum;
	struct bpfl_buf table = BPFL_BUF_INIT;
	struct bpfl_user_section first = { 0 };
	struct bpfl_cursor cursor;
	uint32_t *name_offs = NULL, names_idx = header->shstrndx, name_off = 0;
	int ret;

	if (header->shoff == 0)
		return 0; /* stripped of them */
	if (header->shentsize != size)
		return damaged(err, "section headers of %u bytes, expected %llu", header->shentsize,
			       (unsigned long long)size);
	ret = read_at(elf, header->shoff, size, &table, err);
	if (ret < 0)
		return ret;
	cursor = bpfl_cursor_make(table.data, table.size, elf->swap);
	take_section(elf, &cursor, &first, &name_off);
	bpfl_buf_deinit(&table);
	if (nr == 0)
		nr = first.size;
	if (names_idx == 0xffff)
		names_idx = first.link;
	if (header->phnum == 0xffff)
		*nr_segments = first.info;
	if (nr > TABLE_SIZE_MAX / size)
		return damaged(err, "%llu sections", (unsigned long long)nr);
	ret = read_at(elf, header->shoff, nr * size, &table, err);
	if (ret < 0)
		return ret;
	elf->sections = calloc((size_t)nr + 1, sizeof(*elf->sections));
	name_offs = calloc((size_t)nr + 1, sizeof(*name_offs));
	if (!elf->sections || !name_offs) {
		ret = bpfl_error_nomem(err);
		goto out;
	}
	elf->nr_sections = (size_t)nr;
	cursor = bpfl_cursor_make(table.data, table.size, elf->swap);
	for (size_t i = 0; i < nr; i++) {
		take_section(elf, &cursor, &elf->sections[i], &name_offs[i]);
		elf->sections[i].name = "";
	}
	if (names_idx > 0 && names_idx < nr)
		ret = bpfl_user_section_read(elf, &elf->sections[names_idx], &elf->names, err);
	for (size_t i = 0; ret == 0 && i < nr; i++) {
		/* the buffer has a NUL behind its end */
		if (name_offs[i] < elf->names.size)
			elf->sections[i].name = elf->names.data + name_offs[i];
	}
out:
	free(name_offs);
	bpfl_buf_deinit(&table);
	return ret;
}

static int read_segments(struct bpfl_user_elf *elf, const struct header *header, uint64_t nr, struct bpfl_error *err)
{
	uint64_t size = elf->is_64 ? 56 : 32;
	struct bpfl_buf table = BPFL_BUF_INIT;
	struct bpfl_cursor cursor;
	int ret;

	if (nr == 0)
		return 0;
	if (header->phentsize != size || nr > NR_SEGMENTS_MAX)
		return damaged(err, "%llu program headers of %u bytes", (unsigned long long)nr, header->phentsize);
	ret = read_at(elf, header->phoff, nr * size, &table, err);
	if (ret < 0)
		return ret;
	elf->segments = calloc((size_t)nr, sizeof(*elf->segments));
	if (!elf->segments) {
		bpfl_buf_deinit(&table);
		return bpfl_error_nomem(err);
	}
	elf->nr_segments = (size_t)nr;
	cursor = bpfl_cursor_make(table.data, table.size, elf->swap);
	for (size_t i = 0; i < nr; i++) {
		struct bpfl_user_segment *segment = &elf->segments[i];

		bpfl_cursor_u32(&cursor, &segment->type);
		if (elf->is_64)
			bpfl_cursor_u32(&cursor, &segment->flags);
		segment->off = take_word(elf, &cursor);
		segment->vaddr = take_word(elf, &cursor);
		take_word(elf, &cursor); /* physical address */
		segment->file_size = take_word(elf, &cursor);
		segment->mem_size = take_word(elf, &cursor);
		if (!elf->is_64)
			bpfl_cursor_u32(&cursor, &segment->flags);
		take_word(elf, &cursor); /* alignment */
	}
	bpfl_buf_deinit(&table);
	return 0;
}

/* ---- opening ---- */

static int open_error(int ret, struct bpfl_error *err)
{
	bpfl_error_set(err, ret == -EACCES || ret == -EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_TARGET, -ret,
		       "cannot open: %s", bpfl_errno_text(-ret));
	bpfl_error_catalogue(err, 23);
	bpfl_error_why(err, "open: %s", bpfl_errno_name(-ret));
	bpfl_error_fix(err, "check the path; a file of a container is seen with pid=N of one of its processes");
	return ret;
}

static int open_file(struct bpfl_user_elf *elf, struct bpfl_error *err)
{
	struct stat st;
	int ret;

	/* O_NONBLOCK: a FIFO without a writer would wait for one. */
	elf->fd = bpfl_enter_openat(AT_FDCWD, elf->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (elf->fd < 0)
		return open_error(elf->fd, err);
	ret = bpfl_enter_fstat(elf->fd, &st);
	if (ret < 0)
		return open_error(ret, err);
	if (!S_ISREG(st.st_mode))
		return refuse_sort(err, S_ISDIR(st.st_mode) ? "it is a directory" : "it is not a regular file",
				   "stat gives mode", (unsigned)st.st_mode);
	elf->file_size = (uint64_t)st.st_size;
	return 0;
}

/* bytes NULL: a file. */
static int open_any(const char *path, const void *bytes, size_t size, struct bpfl_user_elf **ret_elf,
		    struct bpfl_error *err)
{
	struct bpfl_user_elf *elf = calloc(1, sizeof(*elf));
	struct header header = { 0 };
	uint64_t nr_segments = 0;
	int ret = -ENOMEM;

	if (!elf)
		return bpfl_error_nomem(err);
	elf->fd = -1;
	elf->path = bpfl_strdup(path);
	elf->bytes = bytes;
	elf->file_size = size;
	elf->debug_sought = bytes != NULL;
	if (elf->path)
		ret = bytes ? 0 : open_file(elf, err);
	else
		bpfl_error_nomem(err);
	if (ret == 0)
		ret = read_header(elf, &header, err);
	if (ret == 0) {
		nr_segments = header.phnum;
		ret = read_sections(elf, &header, &nr_segments, err);
	}
	if (ret == 0)
		ret = read_segments(elf, &header, nr_segments, err);
	if (ret < 0) {
		bpfl_error_prefix(err, "%s", BPFL_ESC(path));
		bpfl_user_close(elf);
		return ret;
	}
	*ret_elf = elf;
	return 0;
}

int bpfl_user_open(const char *path, struct bpfl_user_elf **ret_elf, struct bpfl_error *err)
{
	return open_any(path, NULL, 0, ret_elf, err);
}

int bpfl_user_open_bytes(const void *bytes, size_t size, const char *name, struct bpfl_user_elf **ret_elf,
			 struct bpfl_error *err)
{
	return open_any(name, bytes, size, ret_elf, err);
}

void bpfl_user_close(struct bpfl_user_elf *elf)
{
	if (!elf)
		return;
	bpfl_user_close(elf->debug);
	bpfl_enter_close(elf->fd);
	bpfl_buf_deinit(&elf->unpacked);
	bpfl_buf_deinit(&elf->names);
	free(elf->sections);
	free(elf->segments);
	free(elf->path);
	free(elf);
}

/* ---- questions ---- */

const struct bpfl_user_section *bpfl_user_section(const struct bpfl_user_elf *elf, const char *name)
{
	for (size_t i = 1; i < elf->nr_sections; i++) {
		if (strcmp(elf->sections[i].name, name) == 0)
			return &elf->sections[i];
	}
	return NULL;
}

int bpfl_user_section_read(const struct bpfl_user_elf *elf, const struct bpfl_user_section *section,
			   struct bpfl_buf *ret, struct bpfl_error *err)
{
	int ret_code;

	if (section->type == BPFL_SHT_NOBITS || (section->flags & BPFL_SHF_COMPRESSED))
		return damaged(err, "section '%s' has no bytes in the file, or compressed ones",
			       BPFL_ESC(section->name));
	ret_code = read_at(elf, section->off, section->size, ret, err);
	if (ret_code < 0)
		bpfl_error_prefix(err, "section '%s'", BPFL_ESC(section->name));
	return ret_code;
}

/* Code first: a segment that is only read can overlap one that is run. */
int bpfl_user_file_off(const struct bpfl_user_elf *elf, uint64_t vaddr, uint64_t *ret_off)
{
	const struct bpfl_user_segment *found = NULL;

	for (size_t i = 0; i < elf->nr_segments; i++) {
		const struct bpfl_user_segment *segment = &elf->segments[i];

		if (segment->type != BPFL_PT_LOAD || vaddr < segment->vaddr ||
		    vaddr - segment->vaddr >= segment->file_size)
			continue;
		if (!found || (!(found->flags & BPFL_PF_X) && (segment->flags & BPFL_PF_X)))
			found = segment;
	}
	if (!found || __builtin_add_overflow(vaddr - found->vaddr, found->off, ret_off) || *ret_off >= elf->file_size)
		return -ENOENT;
	return 0;
}

const struct bpfl_user_segment *bpfl_user_segment_at(const struct bpfl_user_elf *elf, uint64_t file_off)
{
	for (size_t i = 0; i < elf->nr_segments; i++) {
		const struct bpfl_user_segment *segment = &elf->segments[i];

		if (segment->type == BPFL_PT_LOAD && file_off >= segment->off &&
		    file_off - segment->off < segment->file_size)
			return segment;
	}
	return NULL;
}

bool bpfl_user_is_go(const struct bpfl_user_elf *elf)
{
	return bpfl_user_section(elf, ".gopclntab") || bpfl_user_section(elf, ".data.rel.ro.gopclntab") ||
	       bpfl_user_section(elf, ".go.buildinfo") || bpfl_user_section(elf, ".note.go.buildid");
}
