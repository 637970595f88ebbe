/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening a kernel's BTF: raw files, ELF files of both classes and byte orders, broken ones, and what happens
 * when there is none. The real kernel's is in tests/kern/test_btf_vmlinux.c.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "btf/kernel.h"
#include "btfgen.h"
#include "fake_sys.h"
#include "sys/facts.h"

#define SYSFS_BTF "/sys/kernel/btf/vmlinux"

/* ---- files ---- */

static char path[64];

static void write_file(const void *bytes, size_t size)
{
	FILE *file;
	int fd;

	strcpy(path, "/tmp/test_btf_kernel.XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	file = fdopen(fd, "wb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

static int open_bytes(const void *bytes, size_t size, struct bpfl_btf **ret_btf, struct bpfl_error *err)
{
	int ret;

	write_file(bytes, size);
	ret = bpfl_btf_open_kernel(path, ret_btf, err);
	unlink(path);
	return ret;
}

static const void *sample(struct btfgen *gen, bool swap, size_t *ret_size)
{
	btfgen_init(gen, swap);
	btfgen_int(gen, "int", 4, BPFL_INT_SIGNED);
	btfgen_struct(gen, "task_struct", 4);
	btfgen_member(gen, "pid", 1, 0);
	return btfgen_bytes(gen, ret_size);
}

/* ---- an ELF file with the sections null, .BTF, .shstrtab ---- */

struct elf {
	bool is_64, swap;
	uint16_t entry_size, nr_sections, names_idx; /* of the header */
	uint64_t table_at;
	const char *btf_name;
	uint32_t btf_type;
	uint64_t btf_size; /* 0: as it is */
	const void *outline; /* of a fourth section .BTF.base, or NULL */
	size_t outline_size;
	struct bpfl_buf out;
};

static void put(struct elf *elf, uint64_t value, size_t size)
{
	uint8_t bytes[8];
	bool big = elf->swap != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);

	for (size_t i = 0; i < size; i++)
		bytes[big ? size - 1 - i : i] = (uint8_t)(value >> (8 * i));
	bpfl_buf_append(&elf->out, bytes, size);
}

static void put_section(struct elf *elf, uint32_t name, uint32_t type, uint64_t off, uint64_t size, uint32_t link)
{
	size_t word = elf->is_64 ? 8 : 4;

	put(elf, name, 4);
	put(elf, type, 4);
	put(elf, 0, word); /* flags */
	put(elf, 0, word); /* address */
	put(elf, off, word);
	put(elf, size, word);
	put(elf, link, 4);
	put(elf, 0, 4); /* info */
	put(elf, 0, word); /* alignment */
	put(elf, 0, word); /* entry size */
}

static void elf_init(struct elf *elf, bool is_64, bool swap)
{
	memset(elf, 0, sizeof(*elf));
	elf->is_64 = is_64;
	elf->swap = swap;
	elf->entry_size = is_64 ? 64 : 40;
	elf->nr_sections = 3;
	elf->names_idx = 2;
	elf->btf_name = ".BTF";
	elf->btf_type = 1;
}

static void elf_build(struct elf *elf, const void *btf, size_t btf_size)
{
	bool big = elf->swap != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	size_t word = elf->is_64 ? 8 : 4;
	size_t header = elf->is_64 ? 64 : 52;
	char names[40] = "\0.shstrtab\0";

	strcpy(names + 11, elf->btf_name);
	strcpy(names + 24, ".BTF.base");
	bpfl_buf_printf(&elf->out, "\177ELF%c%c%c", elf->is_64 ? 2 : 1, big ? 2 : 1, 1);
	bpfl_buf_align(&elf->out, 16);
	put(elf, 2, 2);
	put(elf, 62, 2);
	put(elf, 1, 4);
	put(elf, 0, word);
	put(elf, 0, word);
	put(elf, elf->table_at != 0 ? elf->table_at : header + btf_size + sizeof(names) + elf->outline_size, word);
	put(elf, 0, 4);
	put(elf, header, 2);
	put(elf, 0, 2);
	put(elf, 0, 2);
	put(elf, elf->entry_size, 2);
	put(elf, elf->nr_sections, 2);
	put(elf, elf->names_idx, 2);
	ck_assert_uint_eq(elf->out.size, header);
	bpfl_buf_append(&elf->out, btf, btf_size);
	bpfl_buf_append(&elf->out, names, sizeof(names));
	if (elf->outline != NULL)
		bpfl_buf_append(&elf->out, elf->outline, elf->outline_size);
	put_section(elf, 0, 0, 0, 3, 2); /* section 0 holds the real numbers when the header's do not fit */
	put_section(elf, 11, elf->btf_type, header, elf->btf_size != 0 ? elf->btf_size : btf_size, 0);
	put_section(elf, 1, 3, header + btf_size, sizeof(names), 0);
	if (elf->outline != NULL)
		put_section(elf, 24, 1, header + btf_size + sizeof(names), elf->outline_size, 0);
}

static int open_elf(struct elf *elf, struct bpfl_btf **ret_btf, struct bpfl_error *err)
{
	struct btfgen gen;
	size_t size;
	const void *bytes = sample(&gen, elf->swap, &size);
	int ret;

	elf_build(elf, bytes, size);
	ret = open_bytes(elf->out.data, elf->out.size, ret_btf, err);
	bpfl_buf_deinit(&elf->out);
	btfgen_deinit(&gen);
	return ret;
}

/* ---- tests ---- */

START_TEST(raw_files_open_in_both_byte_orders)
{
	struct bpfl_error err = BPFL_ERROR_INIT;

	for (int swap = 0; swap < 2; swap++) {
		struct bpfl_btf *btf;
		struct btfgen gen;
		size_t size;
		const void *bytes = sample(&gen, swap, &size);

		CHECK_OK(open_bytes(bytes, size, &btf, &err), err);
		ck_assert_uint_eq(bpfl_btf_find(btf, BPFL_KIND_STRUCT, "task_struct", 1), 2);
		bpfl_btf_destroy(btf);
		btfgen_deinit(&gen);
	}
}
END_TEST

START_TEST(elf_files_of_all_classes_and_orders_open)
{
	struct bpfl_error err = BPFL_ERROR_INIT;

	for (int variant = 0; variant < 8; variant++) {
		struct bpfl_btf *btf;
		struct elf elf;

		elf_init(&elf, variant & 1, variant & 2);
		if (variant & 4) { /* more sections than the header's fields can hold */
			elf.nr_sections = 0;
			elf.names_idx = 0xffff;
		}
		CHECK_OK(open_elf(&elf, &btf, &err), err);
		ck_assert_uint_eq(bpfl_btf_find(btf, BPFL_KIND_STRUCT, "task_struct", 1), 2);
		ck_assert_int_eq(bpfl_btf_is_foreign(btf), (variant & 2) != 0);
		bpfl_btf_destroy(btf);
	}
}
END_TEST

/* A module that was built outside of the kernel's tree: on its kernel, alone, and where it does not belong. */
START_TEST(a_module_finds_its_kernels_types)
{
	struct bpfl_error err = BPFL_ERROR_INIT;

	for (int variant = 0; variant < 4; variant++) {
		struct btfgen kernel_gen, outline, module;
		struct bpfl_btf *kernel, *btf;
		struct elf elf;
		const void *bytes;
		size_t size;

		btfgen_init(&kernel_gen, false);
		btfgen_int(&kernel_gen, "filler", 8, 0);
		btfgen_struct(&kernel_gen, "sock", 8);
		kernel = btfgen_read(&kernel_gen);
		elf_init(&elf, variant & 1, variant & 2);
		btfgen_init(&outline, elf.swap);
		btfgen_struct(&outline, "sock", 8);
		elf.outline = btfgen_bytes(&outline, &elf.outline_size);
		elf.nr_sections = 4;
		btfgen_init(&module, elf.swap);
		module.first_id = 2;
		module.first_str = (uint32_t)outline.strings.size;
		btfgen_struct(&module, "own", 8);
		btfgen_member(&module, "sock", 1, 0);
		bytes = btfgen_bytes(&module, &size);
		elf_build(&elf, bytes, size);
		write_file(elf.out.data, elf.out.size);

		CHECK_OK(bpfl_btf_read_file(path, kernel, &btf, &err), err);
		ck_assert_uint_eq(bpfl_btf_find(btf, BPFL_KIND_STRUCT, "own", 1), 3);
		ck_assert_uint_eq(bpfl_btf_members(bpfl_btf_type(btf, 3))->type, 2); /* the kernel's */
		bpfl_btf_destroy(btf);
		CHECK_OK(bpfl_btf_read_file(path, NULL, &btf, &err), err);
		ck_assert_uint_eq(bpfl_btf_members(bpfl_btf_type(btf, 2))->type, 1); /* the outline */
		bpfl_btf_destroy(btf);
		CHECK_FAILS(bpfl_btf_open_kernel(path, &btf, &err), err, BPFL_ERR_OBJECT, EINVAL,
			    "these are the types of a module");
		CHECK_HAS(err.message, path);
		unlink(path);

		/* The same in two raw files. */
		char outline_path[sizeof(path)];
		write_file(elf.outline, elf.outline_size);
		strcpy(outline_path, path);
		write_file(bytes, size);
		bpfl_error_clear(&err);
		CHECK_OK(bpfl_btf_read_outlined(path, outline_path, kernel, &btf, &err), err);
		ck_assert_uint_eq(bpfl_btf_members(bpfl_btf_type(btf, 3))->type, 2);
		bpfl_btf_destroy(btf);
		CHECK_OK(bpfl_btf_read_outlined(path, outline_path, NULL, &btf, &err), err);
		ck_assert_uint_eq(bpfl_btf_members(bpfl_btf_type(btf, 2))->type, 1);
		bpfl_btf_destroy(btf);
		CHECK_FAILS(bpfl_btf_read_outlined(path, "/nonexistent", kernel, &btf, &err), err, BPFL_ERR_SYSTEM,
			    ENOENT, "/nonexistent");
		unlink(outline_path);
		unlink(path);
		bpfl_buf_deinit(&elf.out);
		bpfl_btf_destroy(kernel);
		btfgen_deinit(&kernel_gen);
		btfgen_deinit(&outline);
		btfgen_deinit(&module);
	}
}
END_TEST

static void table_outside(struct elf *elf) { elf->table_at = 0x7fffff00; }
static void entry_size(struct elf *elf) { elf->entry_size = 41; }
static void too_many(struct elf *elf) { elf->nr_sections = 900; }
static void names_outside(struct elf *elf) { elf->names_idx = 3; }
static void no_btf(struct elf *elf) { elf->btf_name = ".BTFX"; }
static void btf_without_bytes(struct elf *elf) { elf->btf_type = 8; }
static void btf_outside(struct elf *elf) { elf->btf_size = 0x10000; }
static void table_outside_extended(struct elf *elf)
{
	elf->nr_sections = 0;
	elf->table_at = 0x7fffff00;
}

START_TEST(broken_elf_files_are_named)
{
	const struct {
		void (*breaks)(struct elf *elf);
		int errnum;
		const char *text;
	} rows[] = {
		{ table_outside, EINVAL, "ELF section table (3 entries at 0x7fffff00) is outside the file" },
		{ table_outside_extended, EINVAL, "ELF section table at 0x7fffff00 is outside the file" },
		{ entry_size, EINVAL, "ELF section headers have 41 bytes" },
		{ too_many, EINVAL, "ELF section table (900 entries" },
		{ names_outside, EINVAL, "ELF section names are in section 3 of 3" },
		{ no_btf, ENODATA, "ELF file without a section .BTF" },
		{ btf_without_bytes, EINVAL, "ELF section .BTF (type 8" },
		{ btf_outside, EINVAL, "ELF section .BTF (type 1, 65536 bytes" },
	};
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int variant = 0; variant < 4; variant++) {
			struct elf elf;

			elf_init(&elf, variant & 1, variant & 2);
			rows[i].breaks(&elf);
			CHECK_FAILS(open_elf(&elf, &btf, &err), err, BPFL_ERR_OBJECT, rows[i].errnum, rows[i].text);
			CHECK_HAS(err.message, path);
		}
	}
}
END_TEST

START_TEST(cut_elf_files_end_in_an_error)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct btfgen gen;
	size_t size;
	const void *bytes = sample(&gen, false, &size);

	for (int is_64 = 0; is_64 < 2; is_64++) {
		struct bpfl_btf *btf;
		struct elf elf;

		elf_init(&elf, is_64, false);
		elf_build(&elf, bytes, size);
		for (size_t cut = 0; cut < elf.out.size; cut += 3)
			ck_assert_int_eq(open_bytes(elf.out.data, cut, &btf, &err), -EINVAL);
		bpfl_buf_deinit(&elf.out);
	}
	btfgen_deinit(&gen);
}
END_TEST

START_TEST(a_file_that_is_neither_is_named)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;

	CHECK_FAILS(open_bytes("this is a text of more than 24 bytes", 36, &btf, &err), err, BPFL_ERR_OBJECT, EINVAL,
		    "BTF: magic number is 0x");
	CHECK_HAS(err.message, path);
	CHECK_FAILS(bpfl_btf_open_kernel("/nonexistent/vmlinux", &btf, &err), err, BPFL_ERR_SYSTEM, ENOENT,
		    "/nonexistent/vmlinux");
}
END_TEST

/* No BTF anywhere: E7 with all that was tried. */
START_TEST(a_kernel_without_btf_is_explained)
{
	static const char *const patterns[] = {
		"/boot/vmlinux-%s",
		"/lib/modules/%s/build/vmlinux",
		"/usr/lib/modules/%s/kernel/vmlinux",
		"/usr/lib/debug/boot/vmlinux-%s",
		"/usr/lib/debug/boot/vmlinux-%s.debug",
		"/usr/lib/debug/lib/modules/%s/vmlinux",
	};
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;
	char release[128], file[320];

	bpfl_facts_kernel_release(release, sizeof(release));
	fake_sys_file_error(SYSFS_BTF, ENOENT);
	snprintf(file, sizeof(file), "/lib/modules/%s/vmlinux-%s", release, release);
	fake_sys_file_error(file, ENOENT);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		size_t before = strcspn(patterns[i], "%");

		snprintf(file, sizeof(file), "%.*s%s%s", (int)before, patterns[i], release, patterns[i] + before + 2);
		fake_sys_file_error(file, ENOENT);
	}
	CHECK_FAILS(bpfl_btf_open_kernel(NULL, &btf, &err), err, BPFL_ERR_UNSUPPORTED, ENOENT,
		    "no BTF of the running kernel");
	ck_assert_int_eq(err.catalogue_id, 7);
	CHECK_HAS(err.why, SYSFS_BTF);
	CHECK_HAS(err.why, file);
	CHECK_HAS(err.fix, "CONFIG_DEBUG_INFO_BTF");
	CHECK_HAS(err.fix, "--btf FILE");
}
END_TEST

/* Where the file exists but may not be read, the vmlinux files are no answer. */
START_TEST(a_kernel_file_that_may_not_be_read_is_an_error)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;

	fake_sys_file_error(SYSFS_BTF, EACCES);
	ck_assert_int_eq(bpfl_btf_open_kernel(NULL, &btf, &err), -EACCES);
	CHECK_HAS(err.message, SYSFS_BTF);
}
END_TEST

/* Before Linux 6.16 the file cannot be mapped. This is the one test here that looks at the machine's own file. */
START_TEST(a_file_that_cannot_be_mapped_is_read)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;

	if (access(SYSFS_BTF, R_OK) != 0)
		return;
	fake_sys_fail_call("mmap", 1, ENODEV);
	CHECK_OK(bpfl_btf_open_kernel(NULL, &btf, &err), err);
	ck_assert_uint_gt(fake_sys_count("read"), 10);
	ck_assert_uint_ne(bpfl_btf_find(btf, BPFL_KIND_STRUCT, "task_struct", 1), 0);
	bpfl_btf_destroy(btf);
}
END_TEST

/* Two kernels: names of the one are as far from the start as parts of names of the other. */
START_TEST(types_that_continue_another_kernel_are_refused)
{
	static const struct {
		const char *base_name;
		bool fits;
	} rows[] = { { "task_struct", true }, { "task_strukt", true }, { "task_struct_of_another", false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bpfl_error err = BPFL_ERROR_INIT;
		struct btfgen base_gen, gen;
		struct bpfl_btf *base, *btf;
		const void *bytes;
		size_t size;
		int ret;

		btfgen_init(&base_gen, false);
		btfgen_struct(&base_gen, rows[i].base_name, 8);
		base = btfgen_read(&base_gen);
		ck_assert_ptr_nonnull(base);
		btfgen_init(&gen, false);
		gen.first_id = 2;
		gen.first_str = 1 + sizeof("task_struct");
		btfgen_struct(&gen, "own", 8);
		btfgen_struct(&gen, "other", 8);
		bytes = btfgen_bytes(&gen, &size);
		write_file(bytes, size);
		ret = bpfl_btf_read_file(path, base, &btf, &err);
		if (rows[i].fits) {
			CHECK_OK(ret, err);
			bpfl_btf_destroy(btf);
		} else {
			CHECK_FAILS(ret, err, BPFL_ERR_OBJECT, EINVAL,
				    "these types do not continue the given ones: the name of type 2");
			bpfl_error_clear(&err);
		}
		unlink(path);
		bpfl_btf_destroy(base);
		btfgen_deinit(&base_gen);
		btfgen_deinit(&gen);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		raw_files_open_in_both_byte_orders,
		elf_files_of_all_classes_and_orders_open,
		a_module_finds_its_kernels_types,
		broken_elf_files_are_named,
		cut_elf_files_end_in_an_error,
		a_file_that_is_neither_is_named,
		a_kernel_without_btf_is_explained,
		a_kernel_file_that_may_not_be_read_is_an_error,
		a_file_that_cannot_be_mapped_is_read,
				 types_that_continue_another_kernel_are_refused };
	return bpfl_test_main(BPFL_TEST_SUITE("btf/kernel", tests));
}
