/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz: the table of doors, and what all of them share.
 */
#include "doors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "btfc.h"
#include "fake_sys.h"
#include "memory.h"

const struct fuzz_door fuzz_doors[] = {
	{ "object", fuzz_object },	 { "btf", fuzz_btf },		{ "kernel_btf", fuzz_kernel_btf },
	{ "distilled", fuzz_distilled }, { "user", fuzz_user },		{ "lzma", fuzz_lzma },
	{ "xz", fuzz_xz },		 { "ldcache", fuzz_ldcache },	{ "usdt_args", fuzz_usdt_args },
	{ "kallsyms", fuzz_kallsyms },	 { "maps", fuzz_maps },		{ "kconfig", fuzz_kconfig },
	{ "netlink", fuzz_netlink },	 { "jit", fuzz_jit },		{ "vlog", fuzz_vlog },
	{ "trace", fuzz_trace },	 { "ring", fuzz_ring },		{ "perf", fuzz_perf },
	{ "decode", fuzz_decode },	 { "rows", fuzz_rows },		{ "map_words", fuzz_map_words },
	{ "attach", fuzz_attach },	 { "cdecl", fuzz_cdecl },	{ "value", fuzz_value },
};
const size_t fuzz_nr_doors = sizeof(fuzz_doors) / sizeof(fuzz_doors[0]);

const struct fuzz_door *fuzz_door_find(const char *name)
{
	for (size_t i = 0; i < fuzz_nr_doors; i++) {
		if (strcmp(fuzz_doors[i].name, name) == 0)
			return &fuzz_doors[i];
	}
	return NULL;
}

void fuzz_enter(const struct fuzz_door *door, const uint8_t *bytes, size_t size)
{
	fake_sys_reset();
	door->enter(bytes, size);
	if (fake_sys_nr_open_fds() != 0 || fake_sys_nr_mappings() != 0) {
		fprintf(stderr, "fuzz: %u descriptors and %u mappings were left\n", fake_sys_nr_open_fds(),
			fake_sys_nr_mappings());
		abort();
	}
}

struct bpfl_btf *fuzz_types(const char *text)
{
	struct bpfl_btf *btf;

	fuzz_memory_pause();
	btf = btfc_read(text, false);
	fuzz_memory_go_on();
	return btf;
}

struct fuzz_words fuzz_words_of(const uint8_t *bytes, size_t size)
{
	char *copy = malloc(size + 1);

	if (!copy)
		abort();
	memcpy(copy, bytes, size);
	copy[size] = '\0';
	return (struct fuzz_words){ copy, copy, copy + size };
}

const char *fuzz_word(struct fuzz_words *words)
{
	const char *word = words->at;

	if (word > words->end)
		return "";
	words->at += strlen(word) + 1;
	return word;
}

void fuzz_words_free(struct fuzz_words *words)
{
	free(words->copy);
}
