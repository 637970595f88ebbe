/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/symbolize_file.c: functions of executables and libraries by their offset in the file. See symbolize.h.
 *
 * A process may be gone when its stacks are read, and with it its view of the file system; so a file is opened
 * when it is first seen (its headers are read, a descriptor is kept) and its symbols are read when the first
 * address in it comes. Then the descriptor is closed.
 * Symbols take memory: over the limit those of the file that was not used for the longest time are dropped, to
 * be read again if need be.
 *
 * One file is one pair of device and inode: the C library of fifty processes is read once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/text.h"
#include "elf/elf.h"
#include "elf/user.h"
#include "event/symbolize.h"
#include "sys/enter.h"

#define NR_FILES_MAX 8192u
#define NR_OPEN_MAX 256u
#define NR_SYMBOLS_MAX (4u << 20) /* of one file */
#define PATH_SIZE 4300
#define SEGMENT_PAGE 4096u

/* ---- which files there are ---- */

struct bpfl_sym_file *bpfl_sym_file_get(struct bpfl_symbolizer *symbolizer, const char *path, uint32_t major,
					uint32_t minor, uint64_t inode)
{
	struct bpfl_sym_file *file, **slot;

	for (size_t i = 0; i < symbolizer->files.nr; i++) {
		file = symbolizer->files.items[i];
		if (file->inode == inode && file->major == major && file->minor == minor &&
		    strcmp(file->path, path) == 0)
			return file;
	}
	if (symbolizer->files.nr >= NR_FILES_MAX)
		return NULL;
	file = calloc(1, sizeof(*file));
	if (file)
		file->path = bpfl_strdup(path);
	slot = file && file->path ? BPFL_VEC_PUSH(&symbolizer->files) : NULL;
	if (!slot) {
		bpfl_sym_file_destroy(file);
		return NULL;
	}
	file->inode = inode;
	file->major = major;
	file->minor = minor;
	*slot = file;
	return file;
}

void bpfl_sym_file_destroy(struct bpfl_sym_file *file)
{
	if (!file)
		return;
	bpfl_user_close(file->elf);
	bpfl_sym_table_deinit(&file->table);
	free(file->path);
	free(file);
}

/* ---- opening ---- */

static bool is_deleted(const char *path)
{
	static const char mark[] = " (deleted)";
	size_t len = strlen(path);

	return len > sizeof(mark) - 1 && strcmp(path + len - (sizeof(mark) - 1), mark) == 0;
}

/* Device nodes are mapped too, and opening them does things; memory of its own is a file without a place. */
static bool is_openable(const char *path)
{
	return path[0] == '/' && (!bpfl_text_has_prefix(path, "/dev/") || bpfl_text_has_prefix(path, "/dev/shm/")) &&
	       !bpfl_text_has_prefix(path, "/memfd:") && !bpfl_text_has_prefix(path, "/SYSV") &&
	       !bpfl_text_has_prefix(path, "/anon_hugepage");
}

static struct bpfl_user_elf *try_open(const char *path, uint64_t inode)
{
	struct bpfl_user_elf *elf = NULL;
	struct stat st;

	if (bpfl_user_open(path, &elf, NULL) < 0)
		return NULL;
	/* The device is not compared: overlay file systems show another one in mappings than in stat(2). */
	if (inode && bpfl_enter_fstat(elf->fd, &st) == 0 && (uint64_t)st.st_ino != inode) {
		bpfl_user_close(elf);
		return NULL;
	}
	return elf;
}

void bpfl_sym_file_open(struct bpfl_symbolizer *symbolizer, struct bpfl_sym_file *file, int pid, const char *range)
{
	char path[PATH_SIZE];

	if (file->elf || file->is_hopeless || file->has_table)
		return;
	if (!is_openable(file->path)) {
		file->is_hopeless = true;
		return;
	}
	if (!is_deleted(file->path)) {
		snprintf(path, sizeof(path), "/proc/%d/root%s", pid, file->path);
		file->elf = try_open(path, file->inode);
	}
	if (!file->elf && range) {
		snprintf(path, sizeof(path), "/proc/%d/map_files/%s", pid, range);
		file->elf = try_open(path, 0); /* the very file; some file systems count its inodes in two ways */
	}
	if (!file->elf && !is_deleted(file->path))
		file->elf = try_open(file->path, file->inode); /* the process has gone */
	if (!file->elf)
		return;
	file->build_id_size = bpfl_user_build_id(file->elf, file->build_id);
	symbolizer->nr_open++;
	if (symbolizer->nr_open <= NR_OPEN_MAX)
		return;
	/* It will be sought by its path. */
	bpfl_user_close(file->elf);
	file->elf = NULL;
	symbolizer->nr_open--;
}

/* ---- symbols ---- */

struct filling {
	struct bpfl_sym_table *table;
	const struct bpfl_user_elf *elf;
};

/* Strong names before weak and local ones, short runs of underscores before long ones. */
static int take_symbol(void *ctx, const struct bpfl_user_symbol *symbol)
{
	struct filling *filling = ctx;
	uint32_t rank = symbol->bind == BPFL_STB_GLOBAL ? 0 : symbol->bind == BPFL_STB_WEAK ? 16 : 32;
	uint64_t vaddr = symbol->vaddr;

	if (filling->table->syms.nr >= NR_SYMBOLS_MAX)
		return -E2BIG;
	if (filling->elf->machine == BPFL_EM_ARM)
		vaddr &= ~1ull; /* Thumb functions say so in the lowest bit */
	for (size_t i = 0; i < 15 && i < symbol->name_len && symbol->name[i] == '_'; i++)
		rank++;
	return bpfl_sym_table_add(filling->table, vaddr, symbol->size, symbol->name, symbol->name_len, NULL, rank);
}

static int fill(struct bpfl_sym_table *table, struct bpfl_user_elf *elf)
{
	struct filling filling = { table, elf };
	const struct bpfl_user_elf *debug = bpfl_user_debug(elf);
	int ret = bpfl_user_each_symbol(elf, BPFL_USER_SYMTAB, take_symbol, &filling, NULL);

	if (ret != -ENOMEM)
		ret = bpfl_user_each_symbol(elf, BPFL_USER_DYNSYM, take_symbol, &filling, NULL);
	if (ret != -ENOMEM && debug)
		ret = bpfl_user_each_symbol(debug, BPFL_USER_SYMTAB, take_symbol, &filling, NULL);
	return ret == -ENOMEM ? ret : 0; /* of a damaged file what could be read */
}

/* Makes room: drops tables until what is left and what comes fit. */
static void evict(struct bpfl_symbolizer *symbolizer, const struct bpfl_sym_file *keep)
{
	while (symbolizer->cache_used > symbolizer->cache_bytes) {
		struct bpfl_sym_file *oldest = NULL;

		for (size_t i = 0; i < symbolizer->files.nr; i++) {
			struct bpfl_sym_file *file = symbolizer->files.items[i];

			if (file != keep && file->has_table && file->table.syms.nr > 0 &&
			    (!oldest || file->used < oldest->used))
				oldest = file;
		}
		if (!oldest)
			return;
		symbolizer->cache_used -= bpfl_sym_table_bytes(&oldest->table);
		bpfl_sym_table_deinit(&oldest->table);
		bpfl_user_close(oldest->elf);
		oldest->elf = NULL;
		oldest->has_table = false;
	}
}

static int load(struct bpfl_symbolizer *symbolizer, struct bpfl_sym_file *file)
{
	int ret;

	if (file->elf)
		symbolizer->nr_open -= !file->elf->bytes;
	else if (is_openable(file->path) && !is_deleted(file->path))
		file->elf = try_open(file->path, file->inode);
	if (!file->elf) {
		file->is_hopeless = true;
		return 0;
	}
	ret = fill(&file->table, file->elf);
	/* Its segments are needed, its bytes are not. */
	bpfl_enter_close(file->elf->fd);
	file->elf->fd = -1;
	bpfl_user_close(file->elf->debug);
	file->elf->debug = NULL;
	if (ret < 0) {
		bpfl_user_close(file->elf);
		file->elf = NULL;
		bpfl_sym_table_deinit(&file->table);
		return ret;
	}
	bpfl_sym_table_sort(&file->table);
	file->has_table = true;
	symbolizer->cache_used += bpfl_sym_table_bytes(&file->table);
	evict(symbolizer, file);
	return 0;
}

/*
 * The address that an offset has when the file is loaded where it says. Code first: the first page of a
 * segment may also be the last of another.
 */
static bool vaddr_of(const struct bpfl_user_elf *elf, uint64_t file_off, uint64_t *ret_vaddr)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < elf->nr_segments; i++) {
			const struct bpfl_user_segment *segment = &elf->segments[i];

			if (segment->type != BPFL_PT_LOAD || (pass == 0) != !!(segment->flags & BPFL_PF_X) ||
			    file_off < segment->off || file_off - segment->off >= segment->file_size)
				continue;
			*ret_vaddr = segment->vaddr + (file_off - segment->off);
			return true;
		}
	}
	return false;
}

/*
 * The same of a debug file, whose segments have lost their bytes, and with them their offsets. Linkers put one
 * segment behind the other and keep offset and address equal within a page; so the offsets can be told.
 */
static bool vaddr_of_debug(const struct bpfl_user_elf *elf, uint64_t file_off, uint64_t *ret_vaddr)
{
	uint64_t end = 0;

	for (size_t i = 0; i < elf->nr_segments; i++) {
		const struct bpfl_user_segment *segment = &elf->segments[i];
		uint64_t off = end + ((segment->vaddr - end) & (SEGMENT_PAGE - 1));

		if (segment->type != BPFL_PT_LOAD)
			continue;
		if ((segment->flags & BPFL_PF_X) && file_off >= off && file_off - off < segment->mem_size) {
			*ret_vaddr = segment->vaddr + (file_off - off);
			return true;
		}
		end = off + segment->mem_size;
	}
	return false;
}

int bpfl_sym_file_find(struct bpfl_symbolizer *symbolizer, struct bpfl_sym_file *file, uint64_t file_off,
		       unsigned flags, struct bpfl_frame *ret_frame)
{
	uint64_t back = flags & BPFL_FRAME_RETURN ? 1 : 0, vaddr;
	const struct bpfl_sym *sym;
	int ret = 0;

	ret_frame->module = file->path;
	ret_frame->byte_off = file_off;
	file->used = ++symbolizer->clock;
	if (!file->has_table && !file->is_hopeless)
		ret = load(symbolizer, file);
	if (ret < 0 || file->is_hopeless)
		return ret;
	if (!(file->is_debug ? vaddr_of_debug : vaddr_of)(file->elf, file_off - back, &vaddr))
		return 0;
	sym = bpfl_sym_table_find(&file->table, vaddr);
	if (!sym)
		return 0;
	ret_frame->symbol = file->table.names.data + sym->name_off;
	ret_frame->byte_off = vaddr + back - sym->start;
	return 1;
}

struct bpfl_sym_file *bpfl_sym_file_vdso(struct bpfl_symbolizer *symbolizer)
{
	struct bpfl_sym_file *file = symbolizer->vdso;
	const void *image;
	size_t size;

	if (file)
		return file;
	file = calloc(1, sizeof(*file));
	if (file)
		file->path = bpfl_strdup("[vdso]");
	if (!file || !file->path) {
		bpfl_sym_file_destroy(file);
		return NULL;
	}
	if (!bpfl_sym_own_vdso(&image, &size) || bpfl_user_open_bytes(image, size, file->path, &file->elf, NULL) < 0)
		file->is_hopeless = true;
	symbolizer->vdso = file;
	return file;
}
