/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/user_debug.c: the file with the symbols that strip(1) took away.
 *
 * Distributions ship them apart, in one of two places: /usr/lib/debug/.build-id/ab/cdef.debug, by the number
 * that the linker gave the binary (a note), or beside the binary or below /usr/lib/debug under the name in
 * .gnu_debuglink, which comes with a checksum. A file that is found but belongs to another build has wrong
 * addresses, so the number or the checksum must agree.
 *
 * Fedora and its relatives leave a few symbols in the binary itself: .gnu_debugdata is an ELF file with the
 * functions that .dynsym lacks, packed by xz. Taken when there is no debug file, which has more.
 *
 * A binary of another mount namespace (/proc/PID/root/...) has its debug files there, or here.
 */
#include "elf/user.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/text.h"
#include "elf/xz.h"
#include "sys/enter.h"

#define DEBUG_DIR "/usr/lib/debug"
#define NT_GNU_BUILD_ID 3
#define BUILD_ID_SIZE_MAX BPFL_USER_BUILD_ID_MAX
#define PATH_SIZE 4096
#define CRC_POLYNOMIAL 0xedb88320u /* CRC-32 of IEEE 802.3, bits reversed */
#define CHUNK_SIZE 65536
#define UNPACKED_SIZE_MAX ((size_t)64 << 20) /* that of a large program is a few MiB */

struct build_id {
	uint8_t bytes[BUILD_ID_SIZE_MAX];
	size_t size; /* 0: none */
};

/* ---- the two marks ---- */

static void read_build_id(const struct bpfl_user_elf *elf, struct build_id *id)
{
	const struct bpfl_user_section *section = bpfl_user_section(elf, ".note.gnu.build-id");
	struct bpfl_buf note = BPFL_BUF_INIT;
	struct bpfl_cursor cursor;
	uint32_t name_size = 0, size = 0, type = 0;
	const uint8_t *name = NULL, *bytes = NULL;

	id->size = 0;
	if (!section || bpfl_user_section_read(elf, section, &note, NULL) < 0)
		return;
	cursor = bpfl_cursor_make(note.data, note.size, elf->swap);
	if (bpfl_cursor_u32(&cursor, &name_size) == 0 && bpfl_cursor_u32(&cursor, &size) == 0 &&
	    bpfl_cursor_u32(&cursor, &type) == 0 && type == NT_GNU_BUILD_ID && name_size == 4 &&
	    bpfl_cursor_bytes(&cursor, 4, &name) == 0 && memcmp(name, "GNU", 4) == 0 && size >= 2 &&
	    size <= BUILD_ID_SIZE_MAX && bpfl_cursor_bytes(&cursor, size, &bytes) == 0) {
		memcpy(id->bytes, bytes, size);
		id->size = size;
	}
	bpfl_buf_deinit(&note);
}

/* The name and the checksum of .gnu_debuglink. False: it has none. */
static bool read_debuglink(const struct bpfl_user_elf *elf, char *name, size_t name_size, uint32_t *ret_crc)
{
	const struct bpfl_user_section *section = bpfl_user_section(elf, ".gnu_debuglink");
	struct bpfl_buf link = BPFL_BUF_INIT;
	struct bpfl_cursor cursor;
	const char *text;
	bool found = false;

	if (!section || bpfl_user_section_read(elf, section, &link, NULL) < 0)
		return false;
	cursor = bpfl_cursor_make(link.data, link.size, elf->swap);
	if (bpfl_cursor_cstr(&cursor, &text) == 0 && *text && !strchr(text, '/') && strlen(text) < name_size &&
	    bpfl_cursor_seek(&cursor, (cursor.pos + 3) & ~3ull) == 0 && bpfl_cursor_u32(&cursor, ret_crc) == 0) {
		strcpy(name, text);
		found = true;
	}
	bpfl_buf_deinit(&link);
	return found;
}

static bool crc_is(const struct bpfl_user_elf *elf, uint32_t wanted)
{
	uint32_t table[256], crc = 0xffffffffu;
	uint8_t *chunk = malloc(CHUNK_SIZE);
	uint64_t pos = 0;
	ssize_t got = 0;

	if (!chunk)
		return false;
	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? CRC_POLYNOMIAL : 0);
	}
	while ((got = bpfl_enter_pread(elf->fd, chunk, CHUNK_SIZE, pos)) > 0) {
		for (ssize_t i = 0; i < got; i++)
			crc = crc >> 8 ^ table[(crc ^ chunk[i]) & 0xff];
		pos += (uint64_t)got;
	}
	free(chunk);
	return got == 0 && ~crc == wanted;
}

/* ---- the places ---- */

static struct bpfl_user_elf *open_by_build_id(const char *root, const struct build_id *id)
{
	struct bpfl_user_elf *found = NULL;
	struct build_id other;
	char hex[2 * BUILD_ID_SIZE_MAX + 1], path[PATH_SIZE];

	for (size_t i = 0; i < id->size; i++)
		snprintf(hex + 2 * i, 3, "%02x", id->bytes[i]);
	if (snprintf(path, sizeof(path), "%s" DEBUG_DIR "/.build-id/%.2s/%s.debug", root, hex, hex + 2) >= PATH_SIZE ||
	    bpfl_user_open(path, &found, NULL) < 0)
		return NULL;
	read_build_id(found, &other);
	if (other.size == id->size && memcmp(other.bytes, id->bytes, id->size) == 0)
		return found;
	bpfl_user_close(found);
	return NULL;
}

/* dir: of the binary, without its last slash. */
static struct bpfl_user_elf *open_by_link(const char *root, const char *dir, const char *name, uint32_t crc)
{
	static const struct {
		const char *before, *between;
		bool below_root; /* dir is put behind root */
	} places[] = { { "", "/", false }, { "", "/.debug/", false }, { DEBUG_DIR, "/", true } };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct bpfl_user_elf *found = NULL;
		const char *inside = places[i].below_root && bpfl_text_has_prefix(dir, root) ? dir + strlen(root) : dir;
		char path[PATH_SIZE];

		if (snprintf(path, sizeof(path), "%s%s%s%s%s", places[i].below_root ? root : "", places[i].before,
			     inside, places[i].between, name) >= PATH_SIZE ||
		    bpfl_user_open(path, &found, NULL) < 0)
			continue;
		if (crc_is(found, crc))
			return found;
		bpfl_user_close(found);
	}
	return NULL;
}

/* "/proc/17/root" of "/proc/17/root/usr/bin/x", else "". */
static void root_of(const char *path, char *out, size_t out_size)
{
	const char *rest = bpfl_text_has_prefix(path, "/proc/") ? path + 6 : "";
	size_t digits = strspn(rest, "0123456789");

	out[0] = '\0';
	if (digits > 0 && digits < 16 && strncmp(rest + digits, "/root/", 6) == 0)
		snprintf(out, out_size, "%.*s", (int)(6 + digits + 5), path);
}

size_t bpfl_user_build_id(const struct bpfl_user_elf *elf, uint8_t ret_id[BPFL_USER_BUILD_ID_MAX])
{
	struct build_id id;

	read_build_id(elf, &id);
	memcpy(ret_id, id.bytes, id.size);
	return id.size;
}

struct bpfl_user_elf *bpfl_user_open_build_id(const uint8_t *bytes, size_t size)
{
	struct build_id id = { .size = size };

	if (size < 2 || size > sizeof(id.bytes))
		return NULL;
	memcpy(id.bytes, bytes, size);
	return open_by_build_id("", &id);
}

static struct bpfl_user_elf *open_packed(const struct bpfl_user_elf *elf)
{
	const struct bpfl_user_section *section = bpfl_user_section(elf, ".gnu_debugdata");
	struct bpfl_buf packed = BPFL_BUF_INIT, bytes = BPFL_BUF_INIT;
	struct bpfl_user_elf *found = NULL;

	if (!section || bpfl_user_section_read(elf, section, &packed, NULL) < 0)
		return NULL;
	if (bpfl_xz_unpack(packed.data, packed.size, UNPACKED_SIZE_MAX, &bytes, NULL) == 0 && bytes.size > 0 &&
	    bpfl_user_open_bytes(bytes.data, bytes.size, ".gnu_debugdata", &found, NULL) == 0)
		found->unpacked = bytes;
	else
		bpfl_buf_deinit(&bytes);
	bpfl_buf_deinit(&packed);
	return found;
}

const struct bpfl_user_elf *bpfl_user_debug(struct bpfl_user_elf *elf)
{
	struct build_id id;
	char root[64], dir[PATH_SIZE], name[256];
	const char *slash = strrchr(elf->path, '/');
	uint32_t crc = 0;

	if (elf->debug_sought)
		return elf->debug;
	elf->debug_sought = true;
	root_of(elf->path, root, sizeof(root));
	read_build_id(elf, &id);
	if (id.size > 0)
		elf->debug = open_by_build_id(root, &id);
	if (!elf->debug && id.size > 0 && root[0])
		elf->debug = open_by_build_id("", &id);
	if (!elf->debug && strlen(elf->path) < sizeof(dir) && read_debuglink(elf, name, sizeof(name), &crc)) {
		snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - elf->path) : 1, slash ? elf->path : ".");
		elf->debug = open_by_link(root, dir, name, crc);
	}
	if (!elf->debug)
		elf->debug = open_packed(elf);
	return elf->debug;
}
