/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/usdt.c: the notes of .note.stapsdt. See elf/usdt.h.
 *
 * A note: sizes of name and description, type 3, "stapsdt"; the description is three addresses (nop, base,
 * semaphore) and three strings.
 * Base is where the section .stapsdt.base was when the note was written: prelink moves sections and leaves
 * notes alone, so what it moved by is added to the addresses.
 */
#include "elf/usdt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/text.h"

#define NOTE_TYPE 3u
#define NOTE_NAME "stapsdt"

struct notes {
	const struct bpfl_user_elf *elf;
	const char *provider, *name; /* patterns */
	struct bpfl_usdt_sites sites;
};

struct note {
	uint64_t pc, base, semaphore;
	const char *provider, *name, *args;
};

static int take_address(const struct bpfl_user_elf *elf, struct bpfl_cursor *cursor, uint64_t *ret)
{
	uint32_t narrow;
	int ret_code;

	if (elf->is_64)
		return bpfl_cursor_u64(cursor, ret);
	ret_code = bpfl_cursor_u32(cursor, &narrow);
	if (ret_code == 0)
		*ret = narrow;
	return ret_code;
}

static int damaged(const struct bpfl_user_elf *elf, uint64_t pos, const char *what, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_TARGET, EINVAL, "'%s': section '.note.stapsdt': note at byte 0x%" PRIx64 ": %s",
		       BPFL_ESC(elf->path), pos, what);
	bpfl_error_catalogue(err, 23);
	bpfl_error_fix(err, "the file is damaged: install or build it again");
	return -EINVAL;
}

static int parse_description(const struct bpfl_user_elf *elf, const uint8_t *bytes, uint32_t size, struct note *note)
{
	struct bpfl_cursor cursor = bpfl_cursor_make(bytes, size, elf->swap);

	if (take_address(elf, &cursor, &note->pc) < 0 || take_address(elf, &cursor, &note->base) < 0 ||
	    take_address(elf, &cursor, &note->semaphore) < 0)
		return -EINVAL;
	if (bpfl_cursor_cstr(&cursor, &note->provider) < 0 || bpfl_cursor_cstr(&cursor, &note->name) < 0)
		return -EINVAL;
	/* A probe without arguments may end here. */
	if (bpfl_cursor_cstr(&cursor, &note->args) < 0)
		note->args = "";
	return 0;
}

static int add_site(struct notes *notes, const struct note *note, uint64_t pos, struct bpfl_error *err)
{
	const struct bpfl_user_section *base = bpfl_user_section(notes->elf, ".stapsdt.base");
	uint64_t moved = base && note->base ? base->addr - note->base : 0;
	struct bpfl_usdt_site site = { .vaddr = note->pc + moved };
	struct bpfl_usdt_site *slot;

	if (!bpfl_text_glob(notes->provider, note->provider) || !bpfl_text_glob(notes->name, note->name))
		return 0;
	if (bpfl_user_file_off(notes->elf, site.vaddr, &site.file_off) < 0)
		return damaged(notes->elf, pos, "its address is in no part of the file that is loaded", err);
	if (note->semaphore && bpfl_user_file_off(notes->elf, note->semaphore + moved, &site.semaphore_off) < 0)
		return damaged(notes->elf, pos, "its semaphore is in no part of the file that is loaded", err);
	site.provider = bpfl_strdup(note->provider);
	site.name = bpfl_strdup(note->name);
	site.args = bpfl_strdup(note->args);
	slot = BPFL_VEC_PUSH(&notes->sites);
	if (!slot || !site.provider || !site.name || !site.args) {
		free(site.provider);
		free(site.name);
		free(site.args);
		return bpfl_error_nomem(err);
	}
	*slot = site;
	return 0;
}

static int read_notes(struct notes *notes, const struct bpfl_buf *section, struct bpfl_error *err)
{
	struct bpfl_cursor cursor = bpfl_cursor_make(section->data, section->size, notes->elf->swap);
	int ret = 0;

	while (ret == 0 && bpfl_cursor_left(&cursor) >= 12) {
		uint64_t pos = cursor.pos;
		uint32_t name_size = 0, size = 0, type = 0;
		const uint8_t *name, *bytes;
		struct note note;

		bpfl_cursor_u32(&cursor, &name_size);
		bpfl_cursor_u32(&cursor, &size);
		bpfl_cursor_u32(&cursor, &type);
		/* Both are filled up to four bytes, the last one perhaps not. */
		if (bpfl_cursor_bytes(&cursor, name_size, &name) < 0 ||
		    bpfl_cursor_seek(&cursor, (cursor.pos + 3) & ~3ull) < 0 ||
		    bpfl_cursor_bytes(&cursor, size, &bytes) < 0)
			return damaged(notes->elf, pos, "its sizes go past the end of the section", err);
		if (bpfl_cursor_seek(&cursor, (cursor.pos + 3) & ~3ull) < 0)
			bpfl_cursor_seek(&cursor, cursor.size);
		if (type != NOTE_TYPE || name_size != sizeof(NOTE_NAME) ||
		    memcmp(name, NOTE_NAME, sizeof(NOTE_NAME)) != 0)
			continue;
		if (parse_description(notes->elf, bytes, size, &note) < 0)
			return damaged(notes->elf, pos, "three addresses and three strings do not fit into it", err);
		ret = add_site(notes, &note, pos, err);
	}
	return ret;
}

int bpfl_usdt_read(const struct bpfl_user_elf *elf, const char *provider, const char *name, struct bpfl_usdt_sites *ret,
		   struct bpfl_error *err)
{
	struct notes notes = { .elf = elf, .provider = provider, .name = name };
	int ret_code = 0;

	for (size_t i = 1; i < elf->nr_sections && ret_code == 0; i++) {
		struct bpfl_buf section = BPFL_BUF_INIT;

		if (elf->sections[i].type != BPFL_SHT_NOTE || strcmp(elf->sections[i].name, ".note.stapsdt") != 0)
			continue;
		ret_code = bpfl_user_section_read(elf, &elf->sections[i], &section, err);
		if (ret_code == 0)
			ret_code = read_notes(&notes, &section, err);
		bpfl_buf_deinit(&section);
	}
	if (ret_code < 0) {
		bpfl_usdt_sites_deinit(&notes.sites);
		return ret_code;
	}
	*ret = notes.sites;
	return 0;
}

void bpfl_usdt_sites_deinit(struct bpfl_usdt_sites *sites)
{
	for (size_t i = 0; i < sites->nr; i++) {
		free(sites->items[i].provider);
		free(sites->items[i].name);
		free(sites->items[i].args);
	}
	free(sites->items);
	memset(sites, 0, sizeof(*sites));
}
