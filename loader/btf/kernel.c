/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/kernel.c: the BTF of a kernel, from sysfs or from a file.
 *
 * /sys/kernel/btf/vmlinux is kernel memory: mapping it (Linux 6.16 and later) costs 50 us, reading it 2 ms, and
 * it cannot change or shrink.
 * A vmlinux file can, so it is read. In an ELF file the section .BTF is looked for here with a cursor: a
 * vmlinux is of any class and byte order, and ten fields of three structures are all that is needed.
 */
#include "btf/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include "base/cursor.h"
#include "base/text.h"
#include "btf/distilled.h"
#include "btf/own.h"
#include "sys/enter.h"
#include "sys/facts.h"
#include "sys/file.h"

#define SYSFS_BTF "/sys/kernel/btf/vmlinux"
/* A vmlinux with debug information has several hundred megabytes. */
#define VMLINUX_SIZE_MAX (1ull << 30)

/* Where distributions put a vmlinux; %s is the kernel's release. Tried in this order when sysfs has none. */
static const char *const vmlinux_paths[] = {
	"/boot/vmlinux-%s",
	"/lib/modules/%s/vmlinux-%s",
	"/lib/modules/%s/build/vmlinux",
	"/usr/lib/modules/%s/kernel/vmlinux",
	"/usr/lib/debug/boot/vmlinux-%s",
	"/usr/lib/debug/boot/vmlinux-%s.debug",
	"/usr/lib/debug/lib/modules/%s/vmlinux",
};

#define BAD(...) bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL, __VA_ARGS__)

/* ---- ELF: where is .BTF? ---- */

/* What differs between the two classes: offsets of the fields that are read. */
struct elf_class {
	bool is_64;
	uint8_t shoff_at, shentsize_at; /* in the file header: e_shentsize, e_shnum, e_shstrndx follow each other */
	uint8_t sh_offset_at, sh_link_at; /* in a section header: sh_offset, sh_size follow each other */
	uint8_t section_header_size;
};

static const struct elf_class elf_classes[] = {
	{ false, 32, 46, 16, 24, 40 },
	{ true, 40, 58, 24, 40, 64 },
};

struct elf_section {
	uint32_t name_off, type, link;
	uint64_t off, size;
};

/* An address-sized field. */
static int read_word(struct bpfl_cursor *cursor, const struct elf_class *class, uint64_t *ret)
{
	uint32_t narrow;
	int res;

	if (class->is_64)
		return bpfl_cursor_u64(cursor, ret);
	res = bpfl_cursor_u32(cursor, &narrow);
	if (res == 0)
		*ret = narrow;
	return res;
}

static int read_elf_section(struct bpfl_cursor cursor, const struct elf_class *class, uint64_t at,
			    struct elf_section *section)
{
	if (bpfl_cursor_seek(&cursor, at) < 0 || bpfl_cursor_u32(&cursor, &section->name_off) < 0 ||
	    bpfl_cursor_u32(&cursor, &section->type) < 0 ||
	    bpfl_cursor_seek(&cursor, at + class->sh_offset_at) < 0 ||
	    read_word(&cursor, class, &section->off) < 0 || read_word(&cursor, class, &section->size) < 0 ||
	    bpfl_cursor_u32(&cursor, &section->link) < 0)
		return -ERANGE;
	return 0;
}

static int read_elf_header(struct bpfl_cursor *cursor, const struct elf_class *class, uint64_t *ret_table_at,
			   uint64_t *ret_nr, uint32_t *ret_names_idx, struct bpfl_error *err)
{
	struct elf_section first;
	uint16_t entry_size = 0;
	uint16_t nr = 0;
	uint16_t names_idx = 0;

	if (bpfl_cursor_seek(cursor, class->shoff_at) < 0 || read_word(cursor, class, ret_table_at) < 0 ||
	    bpfl_cursor_seek(cursor, class->shentsize_at) < 0 || bpfl_cursor_u16(cursor, &entry_size) < 0 ||
	    bpfl_cursor_u16(cursor, &nr) < 0 || bpfl_cursor_u16(cursor, &names_idx) < 0)
		return BAD("ELF header is cut off after %" PRIu64 " bytes", cursor->size);
	if (entry_size != class->section_header_size)
		return BAD("ELF section headers have %u bytes (expected %u)", entry_size,
			   class->section_header_size);
	*ret_nr = nr;
	*ret_names_idx = names_idx;
	/* From 65,280 sections on, both numbers stand in section 0. */
	if (nr == 0 || names_idx == 0xffff) {
		if (read_elf_section(*cursor, class, *ret_table_at, &first) < 0)
			return BAD("ELF section table at 0x%" PRIx64 " is outside the file", *ret_table_at);
		*ret_nr = nr == 0 ? first.size : nr;
		*ret_names_idx = names_idx == 0xffff ? first.link : names_idx;
	}
	if (*ret_table_at > cursor->size ||
	    *ret_nr > (cursor->size - *ret_table_at) / class->section_header_size)
		return BAD("ELF section table (%" PRIu64 " entries at 0x%" PRIx64 ") is outside the file", *ret_nr,
			   *ret_table_at);
	if (*ret_names_idx >= *ret_nr)
		return BAD("ELF section names are in section %u of %" PRIu64, *ret_names_idx, *ret_nr);
	return 0;
}

/* The bytes of a section (.BTF or .BTF.base) in an ELF file; -ENODATA without it. */
static int find_in_elf(const uint8_t *bytes, uint64_t size, const char *wanted, const uint8_t **ret_btf,
		       uint64_t *ret_size, struct bpfl_error *err)
{
	bool is_big = bytes[5] == 2;
	struct bpfl_cursor cursor = bpfl_cursor_make(bytes, size, is_big != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__));
	const struct elf_class *class = &elf_classes[bytes[4] == 2];
	struct elf_section names = { 0 };
	uint64_t table_at = 0;
	uint64_t nr = 0;
	uint32_t names_idx = 0;
	int ret = read_elf_header(&cursor, class, &table_at, &nr, &names_idx, err);

	if (ret < 0)
		return ret;
	read_elf_section(cursor, class, table_at + (uint64_t)names_idx * class->section_header_size, &names);
	if (!bpfl_in_range(names.off, names.size, size))
		return BAD("ELF section names are outside the file");
	for (uint64_t i = 1; i < nr; i++) {
		struct bpfl_cursor text = bpfl_cursor_make(bytes + names.off, names.size, false);
		struct elf_section section = { 0 };
		const char *name;

		read_elf_section(cursor, class, table_at + i * class->section_header_size, &section);
		if (bpfl_cursor_seek(&text, section.name_off) < 0 || bpfl_cursor_cstr(&text, &name) < 0 ||
		    strcmp(name, wanted) != 0)
			continue;
		if (section.type != 1 || !bpfl_in_range(section.off, section.size, size))
			return BAD("ELF section %s (type %u, %" PRIu64 " bytes at 0x%" PRIx64
				   ") is not in the file",
				   wanted, section.type, section.size, section.off);
		*ret_btf = bytes + section.off;
		*ret_size = section.size;
		return 0;
	}
	return bpfl_error_set(err, BPFL_ERR_OBJECT, ENODATA, "ELF file without a section %s", wanted);
}

/* ---- files ---- */

/* A file, and what of it is BTF: all, or sections of an ELF file. */
struct btf_file {
	struct bpfl_buf content;
	const uint8_t *btf;
	uint64_t btf_size;
	const uint8_t *outline; /* .BTF.base of a module, or NULL: see btf/distilled.h */
	uint64_t outline_size;
};

static int read_file(const char *path, struct btf_file *file, struct bpfl_error *err)
{
	int ret = bpfl_file_read(path, VMLINUX_SIZE_MAX, &file->content, err);
	const uint8_t *bytes = (const uint8_t *)file->content.data;
	uint64_t size = file->content.size;

	if (ret < 0)
		return ret;
	file->btf = bytes;
	file->btf_size = size;
	if (size < 16 || memcmp(bytes, "\177ELF", 4) != 0)
		return 0;
	ret = find_in_elf(bytes, size, ".BTF", &file->btf, &file->btf_size, err);
	if (ret == 0) {
		ret = find_in_elf(bytes, size, ".BTF.base", &file->outline, &file->outline_size, NULL);
		if (ret == -ENODATA)
			ret = 0;
		else if (ret < 0) /* again, for the words */
			find_in_elf(bytes, size, ".BTF.base", &file->outline, &file->outline_size, err);
	}
	if (ret < 0)
		bpfl_error_prefix(err, "%s", BPFL_ESC(path));
	return ret;
}

static int open_file(const char *path, struct bpfl_btf_search *search, struct bpfl_btf **ret_btf,
		     struct bpfl_error *err)
{
	struct btf_file file = { .content = BPFL_BUF_INIT };
	int ret = read_file(path, &file, err);

	if (ret == 0) {
		ret = file.outline != NULL
			      ? BAD("section .BTF.base: these are the types of a module (expected those of a kernel)")
			      : bpfl_btf_open_searching(file.btf, file.btf_size, true, BPFL_BTF_STEP_SPARSE, search,
							ret_btf, err);
		if (ret < 0)
			bpfl_error_prefix(err, "%s", BPFL_ESC(path));
	}
	bpfl_buf_deinit(&file.content);
	return ret;
}

/* The kernel's own file. -ENOENT, -EACCES, ...: cannot be opened (no text); -ENODEV: cannot be mapped. */
static int map_sysfs(void **ret_bytes, size_t *ret_size)
{
	int fd = bpfl_enter_openat(AT_FDCWD, SYSFS_BTF, O_RDONLY, 0);
	struct stat stat;
	int ret;

	if (fd < 0)
		return fd;
	ret = bpfl_enter_fstat(fd, &stat);
	if (ret == 0 && stat.st_size > 0) {
		*ret_size = (size_t)stat.st_size;
		ret = bpfl_enter_mmap(NULL, *ret_size, PROT_READ, MAP_PRIVATE, fd, 0, ret_bytes);
	}
	bpfl_enter_close(fd);
	return ret < 0 || stat.st_size <= 0 ? -ENODEV : 0;
}

static int open_sysfs(struct bpfl_btf_search *search, struct bpfl_btf **ret_btf, struct bpfl_error *err)
{
	void *bytes = NULL;
	size_t size = 0;
	int ret = map_sysfs(&bytes, &size);

	if (ret == -ENOENT)
		return ret;
	if (ret < 0) /* before Linux 6.16; or the open failed, which the read will say in words */
		return open_file(SYSFS_BTF, search, ret_btf, err);
	ret = bpfl_btf_open_searching(bytes, size, false, BPFL_BTF_STEP_SPARSE, search, ret_btf, err);
	if (ret < 0) {
		bpfl_enter_munmap(bytes, size);
		bpfl_error_prefix(err, "%s", SYSFS_BTF);
		return ret;
	}
	(*ret_btf)->mapped = bytes;
	(*ret_btf)->mapped_size = size;
	return 0;
}

/* Puts the kernel's release for each %s. */
static void expand(const char *pattern, const char *release, char *out, size_t out_size)
{
	size_t len = 0;

	out[0] = '\0';
	while (*pattern != '\0' && len + 1 < out_size) {
		if (pattern[0] == '%' && pattern[1] == 's') {
			snprintf(out + len, out_size - len, "%s", release);
			len = strlen(out);
			pattern += 2;
		} else {
			out[len++] = *pattern++;
			out[len] = '\0';
		}
	}
}

static int no_kernel_btf(const char *release, struct bpfl_error *err)
{
	char path[256];
	int ret = bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, ENOENT, "no BTF of the running kernel found");

	bpfl_error_catalogue(err, 7);
	bpfl_error_why(err, "%s does not exist", SYSFS_BTF);
	for (size_t i = 0; i < sizeof(vmlinux_paths) / sizeof(vmlinux_paths[0]); i++) {
		expand(vmlinux_paths[i], release, path, sizeof(path));
		bpfl_error_why(err, "%s does not exist or has no .BTF", path);
	}
	bpfl_error_fix(err, "use a kernel built with CONFIG_DEBUG_INFO_BTF=y");
	bpfl_error_fix(err, "or give the BTF of this kernel in a file: --btf FILE");
	return ret;
}

int bpfl_btf_open_kernel(const char *path, struct bpfl_btf **ret_btf, struct bpfl_error *err)
{
	return bpfl_btf_open_kernel_searching(path, NULL, ret_btf, err);
}

int bpfl_btf_open_kernel_searching(const char *path, struct bpfl_btf_search *search, struct bpfl_btf **ret_btf,
				   struct bpfl_error *err)
{
	char release[128];
	char vmlinux[256];
	int ret;

	if (path != NULL)
		return open_file(path, search, ret_btf, err);
	ret = open_sysfs(search, ret_btf, err);
	if (ret != -ENOENT)
		return ret;
	bpfl_facts_kernel_release(release, sizeof(release));
	for (size_t i = 0; i < sizeof(vmlinux_paths) / sizeof(vmlinux_paths[0]); i++) {
		expand(vmlinux_paths[i], release, vmlinux, sizeof(vmlinux));
		ret = open_file(vmlinux, search, ret_btf, err);
		if (ret != -ENOENT && ret != -ENODATA)
			return ret;
	}
	return no_kernel_btf(release, err);
}

/*
 * Nothing in a module's types says which kernel they continue. But names are stored whole, one after the other:
 * on top of another kernel's, a name soon begins in the middle of one.
 */
static int continues_check(const struct bpfl_btf *btf, struct bpfl_error *err)
{
	for (uint32_t id = bpfl_btf_first_id(btf); id < bpfl_btf_nr_types(btf); id++) {
		uint32_t name_off = bpfl_btf_type(btf, id)->name_off;
		const char *name = bpfl_btf_string(btf, name_off);

		if (name_off == 0 || name[0] == '\0' || name_off == btf->first_str || name[-1] == '\0')
			continue;
		BAD("these types do not continue the given ones: the name of type %u begins inside of another name "
		    "('%s')",
		    id, BPFL_ESC(name));
		bpfl_error_fix(err, "take the module and the base from the same build of the kernel");
		return -EINVAL;
	}
	return 0;
}

int bpfl_btf_read_file(const char *path, const struct bpfl_btf *base, struct bpfl_btf **ret_btf, struct bpfl_error *err)
{
	struct btf_file file = { .content = BPFL_BUF_INIT };
	int ret;

	/* The running kernel is believed. */
	if (path == NULL || (base == NULL && strcmp(path, SYSFS_BTF) == 0))
		return bpfl_btf_open_kernel(NULL, ret_btf, err);
	ret = read_file(path, &file, err);
	if (ret == 0) {
		ret = file.outline != NULL ? bpfl_btf_read_distilled(file.outline, file.outline_size, file.btf,
								     file.btf_size, base, ret_btf, err)
					   : bpfl_btf_read(file.btf, file.btf_size, base, ret_btf, err);
		if (ret == 0 && base != NULL && file.outline == NULL && continues_check(*ret_btf, err) < 0) {
			bpfl_btf_destroy(*ret_btf);
			*ret_btf = NULL;
			ret = -EINVAL;
		}
		if (ret < 0)
			bpfl_error_prefix(err, "%s", BPFL_ESC(path));
	}
	bpfl_buf_deinit(&file.content);
	return ret;
}

int bpfl_btf_read_outlined(const char *path, const char *outline_path, const struct bpfl_btf *base,
			   struct bpfl_btf **ret_btf, struct bpfl_error *err)
{
	struct btf_file file = { .content = BPFL_BUF_INIT }, outline = { .content = BPFL_BUF_INIT };
	int ret = read_file(path, &file, err);

	if (ret == 0)
		ret = read_file(outline_path, &outline, err);
	if (ret == 0) {
		ret = bpfl_btf_read_distilled(outline.btf, outline.btf_size, file.btf, file.btf_size, base, ret_btf,
					      err);
		if (ret < 0)
			bpfl_error_prefix(err, "%s, %s", BPFL_ESC(outline_path), BPFL_ESC(path));
	}
	bpfl_buf_deinit(&outline.content);
	bpfl_buf_deinit(&file.content);
	return ret;
}
