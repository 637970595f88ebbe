/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/user: executables and shared libraries, as far as probes in them need: which function is where in the file.
 *
 * The kernel places a user-space probe by file and byte offset in that file. An offset comes from a symbol's
 * virtual address and the loadable segments, which is what the dynamic linker goes by too.
 *
 * - Files are untrusted, may be large, and may belong to other machines: 32 and 64 bits, either byte order.
 *   Nothing is mapped; tables are read in pieces when somebody asks, and every number in them is checked
 *   against the file's size.
 * - Section headers are for linkers and debuggers: a file without them can still be probed by offset.
 * - Names of functions are bytes. `main.(*T).f` and `operator*` are names like any other.
 */
#ifndef BPFL_ELF_USER_H
#define BPFL_ELF_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/error.h"

enum {
	BPFL_EM_386 = 3, BPFL_EM_ARM = 40, BPFL_EM_S390 = 22, BPFL_EM_X86_64 = 62, BPFL_EM_AARCH64 = 183,
	BPFL_EM_RISCV = 243
};
enum { BPFL_PT_LOAD = 1 };
enum { BPFL_PF_X = 1, BPFL_PF_W = 2 };
enum { BPFL_SHT_NOTE = 7, BPFL_SHT_DYNSYM = 11 };
enum { BPFL_STT_GNU_IFUNC = 10 };
#define BPFL_SHT_GNU_VERDEF 0x6ffffffdu
#define BPFL_SHT_GNU_VERSYM 0x6fffffffu

struct bpfl_user_section {
	const char *name; /* "" when it has none */
	uint32_t type, link, info;
	uint64_t flags, addr, off, size, entry_size;
};

struct bpfl_user_segment {
	uint32_t type, flags;
	uint64_t vaddr, off, file_size, mem_size; /* addresses and bytes */
};

struct bpfl_user_elf {
	char *path; /* as given */
	int fd; /* -1: memory */
	const uint8_t *bytes; /* of a memory image, borrowed; NULL: a file */
	struct bpfl_buf unpacked; /* whose bytes they are, when they are its own */
	uint64_t file_size;
	bool is_fixed; /* loaded at the addresses in the file (ET_EXEC); else anywhere */
	bool is_64, swap; /* swap: the file's byte order is not this machine's */
	uint16_t machine;
	struct bpfl_user_section *sections; /* [0] is the null section */
	size_t nr_sections;
	struct bpfl_buf names; /* of the sections */
	struct bpfl_user_segment *segments;
	size_t nr_segments;
	struct bpfl_user_elf *debug; /* its separate debug file, or what .gnu_debugdata holds, once sought and found */
	bool debug_sought;
};

/*
 * Opens an executable or a shared library.
 * @path: a regular file; /proc/PID/root/... and /proc/PID/exe will do.
 * Return: 0; -ENOENT, -EACCES, ...; -ENOEXEC for what is no ELF executable; -EINVAL for damaged tables. Kind
 *         TARGET (PERMISSION for -EACCES).
 */
int bpfl_user_open(const char *path, struct bpfl_user_elf **ret_elf, struct bpfl_error *err);
void bpfl_user_close(struct bpfl_user_elf *elf);
/* The same of an image in memory (the vDSO), which must outlive it. It has no debug file. */
int bpfl_user_open_bytes(const void *bytes, size_t size, const char *name, struct bpfl_user_elf **ret_elf,
			 struct bpfl_error *err);

/* The first section of that name, or NULL. */
const struct bpfl_user_section *bpfl_user_section(const struct bpfl_user_elf *elf, const char *name);
/* All bytes of a section. 0, or -EINVAL when they are not in the file. ret is the caller's to deinit. */
int bpfl_user_section_read(const struct bpfl_user_elf *elf, const struct bpfl_user_section *section,
			   struct bpfl_buf *ret, struct bpfl_error *err);
/*
 * Where a virtual address is in the file. -ENOENT: in no part of it that is loaded (.bss has an address and
 * no bytes).
 */
int bpfl_user_file_off(const struct bpfl_user_elf *elf, uint64_t vaddr, uint64_t *ret_off);
/* The segment behind a file offset, or NULL. */
const struct bpfl_user_segment *bpfl_user_segment_at(const struct bpfl_user_elf *elf, uint64_t file_off);
/* Bytes of an address in the file: 4 or 8. */
unsigned bpfl_user_word(const struct bpfl_user_elf *elf);
/* Whether Go's linker made it: its functions move their stacks, which a return probe does not survive. */
bool bpfl_user_is_go(const struct bpfl_user_elf *elf);

/* ---- elf/user_debug.c ---- */

/*
 * The symbols of a stripped binary: its separate debug file (by build-id or .gnu_debuglink), else what is
 * packed into .gnu_debugdata. Opened when first asked for; NULL when there are none.
 */
const struct bpfl_user_elf *bpfl_user_debug(struct bpfl_user_elf *elf);

#define BPFL_USER_BUILD_ID_MAX 64
/* The number that the linker gave the file: how many bytes it has, 0 for none. */
size_t bpfl_user_build_id(const struct bpfl_user_elf *elf, uint8_t ret_id[BPFL_USER_BUILD_ID_MAX]);
/* The debug file with that number below /usr/lib/debug, or NULL; to be closed. */
struct bpfl_user_elf *bpfl_user_open_build_id(const uint8_t *id, size_t size);

/* ---- elf/user_dynamic.c ---- */

/* What a file tells the dynamic linker about the libraries that it uses. */
struct bpfl_user_needs {
	struct bpfl_buf strings; /* behind the rest */
	const char **names;	 /* DT_NEEDED */
	size_t nr, cap;
	const char *rpath, *runpath; /* directories, with colons between; NULL */
};

/* Reads it. A static program has nothing. 0; -EINVAL when it is damaged. ret_needs: bpfl_user_needs_deinit(). */
int bpfl_user_needs_read(const struct bpfl_user_elf *elf, struct bpfl_user_needs *ret_needs, struct bpfl_error *err);
void bpfl_user_needs_deinit(struct bpfl_user_needs *needs);

/* ---- elf/user_symbol.c ---- */

struct bpfl_user_symbol {
	const char *name; /* valid during the call */
	size_t name_len;  /* without a version that is written into the name */
	const char *version; /* "GLIBC_2.14", or NULL */
	bool is_default;  /* name@@version: what the linker takes today */
	uint8_t bind, type; /* BPFL_STB_*, BPFL_STT_FUNC or BPFL_STT_GNU_IFUNC */
	uint64_t vaddr, size;
};

/*
 * Calls fn for every function that the file itself (not its debug file) defines: .dynsym, then .symtab. A
 * non-zero return of fn ends it and is returned. -EINVAL for damaged tables.
 */
typedef int (*bpfl_user_symbol_fn)(void *ctx, const struct bpfl_user_symbol *symbol);
enum bpfl_user_table { BPFL_USER_DYNSYM, BPFL_USER_SYMTAB };
int bpfl_user_each_symbol(const struct bpfl_user_elf *elf, enum bpfl_user_table table, bpfl_user_symbol_fn fn,
			  void *ctx, struct bpfl_error *err);

/* ---- elf/user_find.c ---- */

struct bpfl_user_func {
	char *name;
	uint64_t vaddr, file_off, size;
	bool is_ifunc; /* at vaddr is the function that chooses, not the one that works */
};

/*
 * A function by name: "strlen", "memcpy@GLIBC_2.2.5" (that version), "memcpy@@GLIBC_2.14" (that version, if it
 * is the default one).
 * Looked for in .dynsym, .symtab and the debug file; the first table that has it decides. There a strong symbol
 * beats a weak one, a default version an old one; what remains must be at one place.
 * @ret_func: name is not set.
 * Return: 0; -ENOENT with near names and what was looked at (E23); -EEXIST when it is at several places.
 */
int bpfl_user_find(struct bpfl_user_elf *elf, const char *name, struct bpfl_user_func *ret_func,
		   struct bpfl_error *err);

struct bpfl_user_funcs {
	struct bpfl_user_func *items; /* sorted by file offset, one for each place */
	size_t nr, cap;
	size_t nr_ifuncs; /* that fit too, and are left out */
};
/*
 * All functions that fit a pattern of '*' and '?'. -ENOENT when none does (E23). ret_funcs:
 * bpfl_user_funcs_deinit().
 */
int bpfl_user_glob(struct bpfl_user_elf *elf, const char *pattern, struct bpfl_user_funcs *ret_funcs,
		   struct bpfl_error *err);
void bpfl_user_funcs_deinit(struct bpfl_user_funcs *funcs);

/* ---- elf/user_ifunc.c ---- */

/*
 * What has to be added to an address in the file to get that in a process (0: this one). -ENOENT: the
 * process does not use the file.
 */
int bpfl_user_bias(const struct bpfl_user_elf *elf, int pid, uint64_t *ret_bias);

/*
 * Which implementation an indirect function stands for: read from the memory of a process in which the dynamic
 * linker has chosen.
 * @pid: that process, 0 for this one, where the choice is the same if it uses the library too.
 * @func: is_ifunc; on success vaddr and file_off are those of the implementation.
 * Return: 0; -ENOENT when it cannot be seen, with the implementations that are near by name.
 */
int bpfl_user_ifunc_resolve(struct bpfl_user_elf *elf, int pid, const char *name, struct bpfl_user_func *func,
			    struct bpfl_error *err);

#endif
