/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/user_ifunc.c: which implementation an indirect function stands for.
 *
 * strlen() of glibc is no function but a chooser (STT_GNU_IFUNC): the dynamic linker calls it once per process,
 * and it answers with the address of the implementation for this CPU. A probe on the symbol's address would
 * fire at that one call. What was chosen cannot be computed from the file, but it can be read: the answer
 * stands in the slots (GOT) that calls go through. Looked at, in the memory of the process:
 *
 * - the library's own slots: an IRELATIVE relocation names the chooser's address, others name the symbol;
 * - those of the other files of the process that import the name.
 *
 * A value counts when it points into the library's code and not into a PLT, which is where a slot points before
 * its first use.
 */
#include "elf/user.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include "base/cursor.h"
#include "base/text.h"
#include "elf/elf.h"
#include "sys/enter.h"
#include "sys/file.h"

#define MAPS_SIZE_MAX (64u << 20)
#define PAGE_SIZE_MIN 4096u

static const struct {
	uint16_t machine;
	uint32_t type;
} irelatives[] = {
	{ BPFL_EM_X86_64, 37 }, { BPFL_EM_AARCH64, 1032 }, { BPFL_EM_S390, 61 }, { BPFL_EM_RISCV, 58 },
};

/* One line of /proc/PID/maps. */
struct mapping {
	uint64_t start, off, inode;
	unsigned dev_major, dev_minor;
	char perms[8];
	const char *path; /* "" for none */
};

struct process {
	char *maps;  /* text, consumed line by line on a copy */
	int mem_fd;
	const struct bpfl_user_elf *library; /* that has the function */
	uint64_t bias; /* address in the process minus address in the file */
	const char *name;
	uint64_t chooser, found; /* vaddrs; found 0: not yet */
};

/* ---- where files are in the process ---- */

static bool parse_mapping(char *line, struct mapping *mapping)
{
	int path_at = 0;

	memset(mapping, 0, sizeof(*mapping));
	if (sscanf(line, "%" SCNx64 "-%*x %7s %" SCNx64 " %x:%x %" SCNu64 " %n", &mapping->start, mapping->perms,
		   &mapping->off, &mapping->dev_major, &mapping->dev_minor, &mapping->inode, &path_at) < 6)
		return false;
	mapping->path = line + path_at;
	return true;
}

/* Some filesystems report another device to stat(2) than the kernel knows; then the name decides with the inode. */
static bool is_of_file(const struct mapping *mapping, const struct bpfl_user_elf *elf)
{
	const char *base = strrchr(elf->path, '/');
	const char *mapped = strrchr(mapping->path, '/');
	struct stat st;

	if (mapping->inode == 0 || bpfl_enter_fstat(elf->fd, &st) < 0 || mapping->inode != (uint64_t)st.st_ino)
		return false;
	return (mapping->dev_major == major(st.st_dev) && mapping->dev_minor == minor(st.st_dev)) ||
	       strcmp(base ? base : elf->path, mapped ? mapped : mapping->path) == 0;
}

/* How far the file is shifted in the process. */
static bool find_bias(const char *maps, const struct bpfl_user_elf *elf, uint64_t *ret_bias)
{
	char *copy = bpfl_strdup(maps), *next = copy, *line;
	bool found = false;

	while (copy && !found && (line = strsep(&next, "\n")) != NULL) {
		struct mapping mapping;

		if (!parse_mapping(line, &mapping) || mapping.perms[2] != 'x' || !is_of_file(&mapping, elf))
			continue;
		for (size_t i = 0; i < elf->nr_segments && !found; i++) {
			const struct bpfl_user_segment *segment = &elf->segments[i];
			uint64_t first = segment->off - segment->off % PAGE_SIZE_MIN;

			if (segment->type != BPFL_PT_LOAD || !(segment->flags & BPFL_PF_X) || mapping.off < first ||
			    mapping.off - first >= segment->file_size + PAGE_SIZE_MIN)
				continue;
			*ret_bias = mapping.start - (segment->vaddr - segment->off + mapping.off);
			found = true;
		}
	}
	free(copy);
	return found;
}

int bpfl_user_bias(const struct bpfl_user_elf *elf, int pid, uint64_t *ret_bias)
{
	struct bpfl_buf maps = BPFL_BUF_INIT;
	char path[64] = "/proc/self/maps";
	int ret;

	if (pid > 0)
		snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	ret = bpfl_file_read_virtual(AT_FDCWD, path, MAPS_SIZE_MAX, &maps);
	if (ret == 0 && !find_bias(maps.data, elf, ret_bias))
		ret = -ENOENT;
	bpfl_buf_deinit(&maps);
	return ret;
}

/* ---- slots ---- */

static bool in_plt(const struct bpfl_user_elf *elf, uint64_t vaddr)
{
	for (size_t i = 1; i < elf->nr_sections; i++) {
		const struct bpfl_user_section *section = &elf->sections[i];

		if (bpfl_text_has_prefix(section->name, ".plt") && vaddr >= section->addr &&
		    vaddr - section->addr < section->size)
			return true;
	}
	return false;
}

/* Takes what stands in a slot, if it is an implementation. */
static void try_slot(struct process *process, uint64_t addr)
{
	const struct bpfl_user_elf *library = process->library;
	const struct bpfl_user_segment *segment;
	uint8_t bytes[8];
	unsigned width = bpfl_user_word(library);
	struct bpfl_cursor cursor = bpfl_cursor_make(bytes, width, library->swap);
	uint64_t value = 0, vaddr, file_off;
	uint32_t narrow = 0;

	if (bpfl_enter_pread(process->mem_fd, bytes, width, addr) != (ssize_t)width)
		return;
	if (width == 8) {
		bpfl_cursor_u64(&cursor, &value);
	} else {
		bpfl_cursor_u32(&cursor, &narrow);
		value = narrow;
	}
	vaddr = value - process->bias;
	if (vaddr == process->chooser || bpfl_user_file_off(library, vaddr, &file_off) < 0 || in_plt(library, vaddr))
		return;
	segment = bpfl_user_segment_at(library, file_off);
	if (segment && (segment->flags & BPFL_PF_X))
		process->found = vaddr;
}

static bool is_irelative(const struct bpfl_user_elf *elf, uint32_t type)
{
	for (size_t i = 0; i < sizeof(irelatives) / sizeof(irelatives[0]); i++) {
		if (irelatives[i].machine == elf->machine && irelatives[i].type == type)
			return true;
	}
	return false;
}

/* Whether symbol idx of a table (64-bit records) is called name. */
static bool symbol_is(const struct bpfl_user_elf *elf, const struct bpfl_buf *symbols, const struct bpfl_buf *strings,
		      uint64_t idx, const char *name)
{
	struct bpfl_cursor cursor = bpfl_cursor_make(symbols->data, symbols->size, elf->swap);
	uint32_t name_off = 0;

	return idx > 0 && idx < UINT32_MAX && bpfl_cursor_seek(&cursor, idx * 24) == 0 &&
	       bpfl_cursor_u32(&cursor, &name_off) == 0 && name_off < strings->size &&
	       strcmp(strings->data + name_off, name) == 0;
}

/*
 * All relocations of one table whose slot may hold the function. elf is the library itself, or a file that
 * imports from it.
 */
static void try_relocs(struct process *process, const struct bpfl_user_elf *elf, uint64_t bias,
		       const struct bpfl_user_section *section)
{
	struct bpfl_buf relocs = BPFL_BUF_INIT, symbols = BPFL_BUF_INIT, strings = BPFL_BUF_INIT;
	const struct bpfl_user_section *symtab = section->link < elf->nr_sections ? &elf->sections[section->link]
										  : NULL;
	struct bpfl_cursor cursor;
	uint64_t slot = 0, info = 0, addend = 0;

	if (bpfl_user_section_read(elf, section, &relocs, NULL) < 0)
		return;
	if (symtab && symtab->type == BPFL_SHT_DYNSYM && symtab->link < elf->nr_sections &&
	    bpfl_user_section_read(elf, symtab, &symbols, NULL) == 0)
		bpfl_user_section_read(elf, &elf->sections[symtab->link], &strings, NULL);
	cursor = bpfl_cursor_make(relocs.data, relocs.size, elf->swap);
	while (!process->found && bpfl_cursor_u64(&cursor, &slot) == 0 && bpfl_cursor_u64(&cursor, &info) == 0 &&
	       bpfl_cursor_u64(&cursor, &addend) == 0) {
		if ((elf == process->library && is_irelative(elf, (uint32_t)info) && addend == process->chooser) ||
		    (strings.data && symbol_is(elf, &symbols, &strings, info >> 32, process->name)))
			try_slot(process, bias + slot);
	}
	bpfl_buf_deinit(&relocs);
	bpfl_buf_deinit(&symbols);
	bpfl_buf_deinit(&strings);
}

static void try_file(struct process *process, const struct bpfl_user_elf *elf, uint64_t bias)
{
	/* 32-bit files keep addends in the slots themselves, which are overwritten by now. */
	for (size_t i = 1; elf->is_64 && i < elf->nr_sections && !process->found; i++) {
		if (elf->sections[i].type == BPFL_SHT_RELA)
			try_relocs(process, elf, bias, &elf->sections[i]);
	}
}

/* Every file that the process has mapped to run, beginning with the executable. pid: for its root directory. */
static void try_others(struct process *process, int pid)
{
	char *copy = bpfl_strdup(process->maps), *next = copy, *line;
	char *last = NULL;

	while (copy && !process->found && (line = strsep(&next, "\n")) != NULL) {
		struct bpfl_user_elf *elf = NULL;
		struct mapping mapping;
		char path[4200];
		uint64_t bias;

		if (!parse_mapping(line, &mapping) || mapping.perms[2] != 'x' || mapping.path[0] != '/' ||
		    (last && strcmp(last, mapping.path) == 0))
			continue;
		last = line + (mapping.path - line);
		snprintf(path, sizeof(path), "/proc/%d/root%s", pid, mapping.path);
		if (bpfl_user_open(pid > 0 ? path : mapping.path, &elf, NULL) < 0)
			continue;
		if (find_bias(process->maps, elf, &bias))
			try_file(process, elf, bias);
		bpfl_user_close(elf);
	}
	free(copy);
}

/* ---- the answer ---- */

struct names {
	const char *name;
	size_t name_len;
	struct bpfl_buf list;
	size_t nr;
};

/* __strlen_avx2 */
static int names_offer(void *ctx, const struct bpfl_user_symbol *symbol)
{
	struct names *names = ctx;
	const char *text = symbol->name + strspn(symbol->name, "_");

	if (symbol->type == BPFL_STT_GNU_IFUNC || text == symbol->name ||
	    strncmp(text, names->name, names->name_len) != 0 || text[names->name_len] != '_')
		return 0;
	if (names->nr++ < 8)
		bpfl_buf_printf(&names->list, "%s%s", names->list.size ? ", " : "", BPFL_ESC(symbol->name));
	return 0;
}

static int refuse(struct bpfl_user_elf *elf, int pid, const char *name, const char *seen, struct bpfl_error *err)
{
	struct names names = { .name = name, .name_len = strcspn(name, "@"), .list = BPFL_BUF_INIT };
	const struct bpfl_user_elf *debug = bpfl_user_debug(elf);

	bpfl_user_each_symbol(elf, BPFL_USER_SYMTAB, names_offer, &names, NULL);
	if (debug)
		bpfl_user_each_symbol(debug, BPFL_USER_SYMTAB, names_offer, &names, NULL);
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT,
		       "'%s': '%s' is an indirect function (IFUNC): the symbol is what chooses an implementation",
		       BPFL_ESC(elf->path), BPFL_ESC(name));
	bpfl_error_catalogue(err, 23);
	bpfl_error_why(err, "which one was chosen could not be read: %s", seen);
	if (names.nr > 0) {
		bpfl_error_why(err, "implementations by name: %s%s", names.list.data, names.nr > 8 ? ", ..." : "");
		bpfl_error_fix(err, "name one of them instead of %s", BPFL_ESC(name));
	} else if (pid == 0) {
		bpfl_error_fix(err, "add pid=N of a process that uses the library: what its dynamic linker chose is "
				    "read from its memory");
	}
	bpfl_buf_deinit(&names.list);
	return -ENOENT;
}

int bpfl_user_ifunc_resolve(struct bpfl_user_elf *elf, int pid, const char *name, struct bpfl_user_func *func,
			    struct bpfl_error *err)
{
	struct process process = { .mem_fd = -1, .library = elf, .chooser = func->vaddr };
	char dir[32] = "self", path[64], whose[48] = "this process";
	char *bare = bpfl_strndup(name, strcspn(name, "@"));
	struct bpfl_buf maps = BPFL_BUF_INIT;
	const char *seen = "its memory cannot be read";
	int ret = 0;

	if (!bare)
		return bpfl_error_nomem(err);
	if (pid > 0) {
		snprintf(dir, sizeof(dir), "%d", pid);
		snprintf(whose, sizeof(whose), "process %d", pid);
	}
	process.name = bare;
	snprintf(path, sizeof(path), "/proc/%s/maps", dir);
	if (bpfl_file_read_virtual(AT_FDCWD, path, MAPS_SIZE_MAX, &maps) == 0) {
		process.maps = maps.data;
		snprintf(path, sizeof(path), "/proc/%s/mem", dir);
		process.mem_fd = bpfl_enter_openat(AT_FDCWD, path, O_RDONLY, 0);
	}
	if (process.mem_fd >= 0 && find_bias(process.maps, elf, &process.bias)) {
		seen = "no slot of it holds the choice yet";
		try_file(&process, elf, process.bias);
		if (!process.found)
			try_others(&process, pid);
	} else if (process.mem_fd >= 0) {
		seen = "it does not use this file";
	}
	if (process.found) {
		func->vaddr = process.found;
		func->is_ifunc = false;
		bpfl_user_file_off(elf, func->vaddr, &func->file_off);
	} else {
		char text[96];

		snprintf(text, sizeof(text), "%s: %s", whose, seen);
		ret = refuse(elf, pid, name, text, err);
	}
	bpfl_enter_close(process.mem_fd);
	bpfl_buf_deinit(&maps);
	free(bare);
	return ret;
}
