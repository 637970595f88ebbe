/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/user_dynamic.c: the libraries that a file uses, and where it wants them looked for.
 *
 * A segment (PT_DYNAMIC) holds pairs of numbers, a tag and a value, which count in a table of strings. The
 * table is given by its address, since the dynamic linker looks at segments only; sections are not asked.
 */
#include "elf/user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/text.h"

#define PT_DYNAMIC 2u

enum { DT_NULL = 0, DT_NEEDED = 1, DT_STRTAB = 5, DT_STRSZ = 10, DT_RPATH = 15, DT_RUNPATH = 29 };

struct pairs {
	struct bpfl_cursor cursor;
	bool is_64;
};

static bool take_pair(struct pairs *pairs, uint64_t *ret_tag, uint64_t *ret_value)
{
	uint32_t tag = 0, value = 0;
	bool taken;

	if (pairs->is_64)
		return bpfl_cursor_u64(&pairs->cursor, ret_tag) == 0 &&
		       bpfl_cursor_u64(&pairs->cursor, ret_value) == 0 && *ret_tag != DT_NULL;
	taken = bpfl_cursor_u32(&pairs->cursor, &tag) == 0 && bpfl_cursor_u32(&pairs->cursor, &value) == 0;
	*ret_tag = tag;
	*ret_value = value;
	return taken && tag != DT_NULL;
}

/* Bytes of the file that no section has to name. */
static int read_range(const struct bpfl_user_elf *elf, uint64_t off, uint64_t size, struct bpfl_buf *ret,
		      struct bpfl_error *err)
{
	struct bpfl_user_section range = { .name = "(dynamic)", .off = off, .size = size };

	return bpfl_user_section_read(elf, &range, ret, err);
}

static int read_strings(const struct bpfl_user_elf *elf, struct pairs pairs, struct bpfl_buf *ret,
			struct bpfl_error *err)
{
	uint64_t tag, value, vaddr = 0, size = 0, off = 0;

	while (take_pair(&pairs, &tag, &value)) {
		if (tag == DT_STRTAB)
			vaddr = value;
		else if (tag == DT_STRSZ)
			size = value;
	}
	if (bpfl_user_file_off(elf, vaddr, &off) < 0)
		return bpfl_error_set(err, BPFL_ERR_TARGET, EINVAL,
				      "damaged ELF file: the strings of its dynamic segment are nowhere");
	return read_range(elf, off, size, ret, err);
}

static const char **push_name(struct bpfl_user_needs *needs)
{
	return bpfl_vec_grow(&needs->names, &needs->nr, &needs->cap, sizeof(*needs->names));
}

static int take_needs(struct pairs pairs, struct bpfl_user_needs *needs)
{
	uint64_t tag, value;

	while (take_pair(&pairs, &tag, &value)) {
		const char *text, **slot;

		if ((tag != DT_NEEDED && tag != DT_RPATH && tag != DT_RUNPATH) || value >= needs->strings.size)
			continue;
		text = needs->strings.data + value; /* the buffer has a NUL behind its end */
		if (tag == DT_RPATH)
			needs->rpath = text;
		else if (tag == DT_RUNPATH)
			needs->runpath = text;
		else if ((slot = push_name(needs)))
			*slot = text;
		else
			return -ENOMEM;
	}
	return 0;
}

int bpfl_user_needs_read(const struct bpfl_user_elf *elf, struct bpfl_user_needs *ret_needs, struct bpfl_error *err)
{
	const struct bpfl_user_segment *dynamic = NULL;
	struct bpfl_user_needs needs = { .strings = BPFL_BUF_INIT };
	struct bpfl_buf bytes = BPFL_BUF_INIT;
	struct pairs pairs = { .is_64 = elf->is_64 };
	int ret;

	for (size_t i = 0; i < elf->nr_segments && !dynamic; i++) {
		if (elf->segments[i].type == PT_DYNAMIC)
			dynamic = &elf->segments[i];
	}
	*ret_needs = needs;
	if (!dynamic)
		return 0;
	ret = read_range(elf, dynamic->off, dynamic->file_size, &bytes, err);
	pairs.cursor = bpfl_cursor_make(bytes.data, bytes.size, elf->swap);
	if (ret == 0)
		ret = read_strings(elf, pairs, &needs.strings, err);
	if (ret == 0 && take_needs(pairs, &needs) < 0)
		ret = bpfl_error_nomem(err);
	bpfl_buf_deinit(&bytes);
	if (ret < 0) {
		bpfl_error_prefix(err, "%s", BPFL_ESC(elf->path));
		bpfl_user_needs_deinit(&needs);
		return ret;
	}
	*ret_needs = needs;
	return 0;
}

void bpfl_user_needs_deinit(struct bpfl_user_needs *needs)
{
	bpfl_buf_deinit(&needs->strings);
	free(needs->names);
	memset(needs, 0, sizeof(*needs));
}
