/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types: of an object (checked whole), of a kernel or module as a file (read as it is asked for), of a module that
 * was built elsewhere.
 */
#include "doors.h"

#include <stdlib.h>
#include <string.h>
#include "btf/btf.h"
#include "btf/distilled.h"
#include "btf/kernel.h"
#include "btf/value.h"
#include "btfc.h"
#include "event/layout.h"
#include "fake_sys.h"
#include "image/target.h"

#define TEXT_MAX (1u << 20)
#define NR_SHOWN 64u

/* Takes a megabyte of text, then says that it is enough. */
static int take(void *ctx, const char *text, size_t size)
{
	size_t *left = ctx;

	(void)text;
	if (size > *left)
		return -1;
	*left -= size;
	return 0;
}

static void print_all(const struct bpfl_btf *btf)
{
	static const enum bpfl_btf_format formats[] = { BPFL_BTF_C, BPFL_BTF_RAW, BPFL_BTF_JSON };
	struct bpfl_error err = BPFL_ERROR_INIT;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		size_t left = TEXT_MAX;

		bpfl_btf_print(btf, formats[i], NULL, take, &left, &err);
		left = TEXT_MAX;
		bpfl_btf_print_named(btf, "*", formats[i], take, &left, &err);
	}
	bpfl_error_clear(&err);
}

/* Values and columns of the first types, of bytes that the input has. */
static void show_types(const struct bpfl_btf *btf, const uint8_t *bytes, size_t size)
{
	uint32_t nr = bpfl_btf_nr_types(btf), first = bpfl_btf_first_id(btf);

	for (uint32_t id = first; id < nr && id - first < NR_SHOWN; id++) {
		struct bpfl_buf out = BPFL_BUF_INIT;
		struct bpfl_layout layout;
		char text[64];

		bpfl_btf_type_text(btf, id, text, sizeof(text));
		bpfl_btf_value_text(btf, id, bytes, size, &out);
		bpfl_buf_deinit(&out);
		if (bpfl_layout_init(&layout, btf, id) == 0)
			bpfl_layout_deinit(&layout);
	}
}

void fuzz_btf(const uint8_t *bytes, size_t size)
{
	struct bpfl_btf *base = fuzz_types("struct list { struct list *next; u32 nr; }; enum e { A, B = 7 };");
	struct bpfl_btf *btf = NULL;
	struct bpfl_error err = BPFL_ERROR_INIT;
	bool is_split = size > 0 && bytes[size - 1] & 1;
	size_t left = TEXT_MAX, nr;

	if (bpfl_btf_read(bytes, size, is_split ? base : NULL, &btf, &err) == 0) {
		print_all(btf);
		show_types(btf, bytes, size);
		bpfl_btf_diff(base, btf, BPFL_FORMAT_TEXT, take, &left, &nr, &err);
		left = TEXT_MAX;
		bpfl_btf_diff(btf, base, BPFL_FORMAT_JSON, take, &left, &nr, &err);
		bpfl_btf_destroy(btf);
	}
	bpfl_btf_destroy(base);
	bpfl_error_clear(&err);
}

void fuzz_kernel_btf(const uint8_t *bytes, size_t size)
{
	static const char *const wanted[] = { "task_struct", "list", "int", "e", "A" };
	struct bpfl_btf_search search;
	struct bpfl_btf *btf = NULL, *file = NULL;
	struct bpfl_error err = BPFL_ERROR_INIT;

	fake_sys_file_bytes("/fuzz/vmlinux", bytes, size);
	bpfl_btf_search_init(&search, BPFL_BTF_KINDS_DATA, NULL);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		bpfl_btf_search_want(&search, wanted[i], strlen(wanted[i]));
	if (bpfl_btf_open_kernel_searching("/fuzz/vmlinux", &search, &btf, &err) == 0) {
		bpfl_btf_search_run(&search, btf);
		show_types(btf, bytes, size);
		bpfl_btf_find(btf, BPFL_KIND_STRUCT, "task_struct", 1);
		bpfl_btf_destroy(btf);
	}
	bpfl_btf_search_deinit(&search);
	if (bpfl_btf_read_file("/fuzz/vmlinux", NULL, &file, &err) == 0) {
		print_all(file);
		bpfl_btf_destroy(file);
	}
	bpfl_error_clear(&err);
}

/* The first two bytes say where the outline ends. */
void fuzz_distilled(const uint8_t *bytes, size_t size)
{
	struct bpfl_btf *target, *btf = NULL;
	struct bpfl_error err = BPFL_ERROR_INIT;
	uint8_t *base, *own;
	size_t base_size;

	if (size < 2)
		return;
	base_size = bytes[0] | (size_t)bytes[1] << 8;
	bytes += 2, size -= 2;
	if (base_size > size)
		base_size = size;
	base = malloc(base_size + 1);
	own = malloc(size - base_size + 1);
	if (!base || !own)
		abort();
	memcpy(base, bytes, base_size);
	memcpy(own, bytes + base_size, size - base_size);
	target = fuzz_types("struct list { struct list *next; u32 nr; }; enum e { A, B = 7 }; typedef u32 word;");
	for (int i = 0; i < 2; i++) {
		if (bpfl_btf_read_distilled(base, base_size, own, size - base_size, i ? target : NULL, &btf, &err) < 0)
			continue;
		print_all(btf);
		bpfl_btf_destroy(btf);
		btf = NULL;
	}
	bpfl_btf_destroy(target);
	free(base);
	free(own);
	bpfl_error_clear(&err);
}
