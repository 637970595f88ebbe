/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running kernel's BTF: it opens, what is found agrees with a walk of the test's own over the same file,
 * and the strict checker for objects accepts it as well.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "btf/kernel.h"
#include "feature.h"

#define SYSFS_BTF "/sys/kernel/btf/vmlinux"

static uint8_t *read_whole(size_t *ret_size)
{
	FILE *file = fopen(SYSFS_BTF, "rb");
	uint8_t *bytes = malloc(64u << 20);

	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(bytes);
	*ret_size = fread(bytes, 1, 64u << 20, file);
	fclose(file);
	return bytes;
}

struct walk {
	uint32_t nr_types;
	uint32_t task_id, task_size, task_nr_members;
	uint32_t last_info;
};

/* Lengths by kind, written down once more and independently: words behind the 12 bytes, and words per member. */
static struct walk walk_over(const uint8_t *bytes)
{
	static const uint8_t fixed[20] = { [1] = 1, [3] = 3, [14] = 1, [17] = 1 };
	static const uint8_t each[20] = { [4] = 3, [5] = 3, [6] = 2, [13] = 2, [15] = 3, [19] = 3 };
	const uint32_t *header = (const uint32_t *)(const void *)bytes;
	const uint32_t *word = (const uint32_t *)(const void *)(bytes + header[1] + header[2]);
	const uint32_t *end = word + header[3] / 4;
	const char *strings = (const char *)bytes + header[1] + header[4];
	struct walk walk = { .nr_types = 1 };

	while (word < end) {
		uint32_t kind = word[1] >> 24 & 0x1f;

		if (kind == 4 && strcmp(strings + word[0], "task_struct") == 0) {
			walk.task_id = walk.nr_types;
			walk.task_size = word[2];
			walk.task_nr_members = word[1] & 0xffff;
		}
		walk.last_info = word[1];
		word += 3 + fixed[kind] + each[kind] * (word[1] & 0xffff);
		walk.nr_types++;
	}
	return walk;
}

START_TEST(the_running_kernel_has_what_a_plain_walk_finds)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;
	size_t size;
	uint8_t *bytes;
	struct walk walk;
	uint32_t id, task_size;

	if (bpfl_test_lacks("kernel_btf"))
		return;
	bytes = read_whole(&size);
	walk = walk_over(bytes);
	ck_assert_uint_gt(walk.task_size, 1000);
	CHECK_OK(bpfl_btf_open_kernel(NULL, &btf, &err), err);
	ck_assert_uint_eq(bpfl_btf_nr_types(btf), walk.nr_types);
	ck_assert_uint_eq(bpfl_btf_type(btf, walk.nr_types - 1)->info, walk.last_info);
	id = bpfl_btf_find(btf, BPFL_KIND_STRUCT, "task_struct", 1);
	ck_assert_uint_eq(id, walk.task_id);
	CHECK_OK(bpfl_btf_size(btf, id, &task_size), err);
	ck_assert_uint_eq(task_size, walk.task_size);
	ck_assert_uint_eq(bpfl_btf_vlen(bpfl_btf_type(btf, id)), walk.task_nr_members);
	ck_assert_uint_eq(bpfl_btf_ptr_size(btf), sizeof(void *));
	bpfl_btf_destroy(btf);
	free(bytes);
}
END_TEST

START_TEST(a_search_finds_each_name_once)
{
	static const char *const names[] = { "task_struct", "sk_buff", "file", "u32", "no such name" };
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf_search search;
	struct bpfl_btf *btf;

	if (bpfl_test_lacks("kernel_btf"))
		return;
	CHECK_OK(bpfl_btf_open_kernel(NULL, &btf, &err), err);
	bpfl_btf_search_init(&search, BPFL_BTF_KINDS_DATA, NULL);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(bpfl_btf_search_want(&search, names[i], strlen(names[i])), i);
	ck_assert_int_eq(bpfl_btf_search_run(&search, btf), 0);
	for (int i = 0; i < 5; i++) {
		size_t nr;
		const uint32_t *ids = bpfl_btf_search_ids(&search, i, &nr);

		ck_assert_int_eq(nr > 0, i < 4);
		for (size_t j = 0; j < nr; j++)
			ck_assert_str_eq(bpfl_btf_name(btf, ids[j]), names[i]);
	}
	bpfl_btf_search_deinit(&search);
	bpfl_btf_destroy(btf);
}
END_TEST

/* A file given by name is read, not mapped, and gives the same types. */
START_TEST(the_same_file_by_name_is_read)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *mapped, *read;

	if (bpfl_test_lacks("kernel_btf"))
		return;
	CHECK_OK(bpfl_btf_open_kernel(NULL, &mapped, &err), err);
	CHECK_OK(bpfl_btf_open_kernel(SYSFS_BTF, &read, &err), err);
	ck_assert_uint_eq(bpfl_btf_nr_types(mapped), bpfl_btf_nr_types(read));
	for (uint32_t id = 1; id < bpfl_btf_nr_types(read); id += 997)
		ck_assert_str_eq(bpfl_btf_name(mapped, id), bpfl_btf_name(read, id));
	bpfl_btf_destroy(mapped);
	bpfl_btf_destroy(read);
}
END_TEST

START_TEST(the_strict_check_accepts_a_real_kernel)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;
	uint8_t *bytes;
	size_t size;

	if (bpfl_test_lacks("kernel_btf"))
		return;
	bytes = read_whole(&size);
	CHECK_OK(bpfl_btf_read(bytes, size, NULL, &btf, &err), err);
	bpfl_btf_destroy(btf);
	free(bytes);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_running_kernel_has_what_a_plain_walk_finds,
		a_search_finds_each_name_once,
		the_same_file_by_name_is_read,
		the_strict_check_accepts_a_real_kernel,
	};
	return bpfl_test_main(BPFL_TEST_SUITE("btf/vmlinux", tests));
}
