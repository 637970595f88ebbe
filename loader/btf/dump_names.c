/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/dump_names.c: every name once.
 *
 * A kernel is linked from thousands of files, and what is private to one of them may have the name
 * of something else in another: two different "struct node", or a typedef and an enumerator. In one
 * header that cannot be. The second gets "___2" behind its name, which CO-RE does not take as a
 * part of it, so that a relocation against "struct node___2" still finds both.
 *
 * The table is made in one size for all names, compares them as they will be written (see
 * bpfl_dump_put_ident()), and holds the words of the language from the beginning, so that a type
 * called "auto" is written as "auto___2".
 */
#include "btf/dump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What cannot be the name of anything in C17 with GNU extensions, and what clang for BPF has as a type of its own.
 * Sorted: names->first_keyword[] says where the words with a letter begin. */
static const char *const keywords[] = {
	"_Alignas", "_Alignof", "_Atomic", "_Bool", "_Complex", "_Generic", "_Noreturn",
	"_Static_assert", "_Thread_local", "__asm__", "__attribute__", "__builtin_va_list",
	"__inline", "__int128", "__typeof__", "asm", "auto", "break", "case", "char", "const",
	"continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto",
	"if", "inline", "int", "long", "register", "restrict", "return", "short", "signed",
	"sizeof", "static", "struct", "switch", "typedef", "typeof", "union", "unsigned", "void",
	"volatile", "while",
};

#define NR_KEYWORDS (sizeof(keywords) / sizeof(keywords[0]))

/* As bpfl_dump_put_ident() writes it. */
static unsigned char written(const char *text, size_t at)
{
	unsigned char c = (unsigned char)text[at];

	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '\0')
		return c;
	return c >= '0' && c <= '9' && at > 0 ? c : '_';
}

static uint32_t hash_of(enum bpfl_dump_space space, const char *text)
{
	uint32_t hash = 2166136261u ^ (uint32_t)space;

	for (size_t i = 0; text[i] != '\0'; i++)
		hash = (hash ^ written(text, i)) * 16777619u;
	return hash;
}

static bool same(const char *a, const char *b)
{
	if (a == b)
		return true;
	for (size_t i = 0;; i++) {
		if (written(a, i) != written(b, i))
			return false;
		if (a[i] == '\0')
			return true;
	}
}

/*
 * The name's slot, or the free one where it would be. The space is part of the hash, and its low
 * bits are kept as they are.
 */
static struct bpfl_dump_name *slot_of(struct bpfl_dump_names *names, enum bpfl_dump_space space, const char *text)
{
	uint32_t hash = (hash_of(space, text) & ~3u) | (uint32_t)space;
	uint32_t at = (hash ^ hash >> 15) & names->mask;

	while (names->slots[at].text != NULL &&
	       (names->slots[at].hash != hash || !same(names->slots[at].text, text)))
		at = (at + 1) & names->mask;
	names->slots[at].hash = hash;
	return &names->slots[at];
}

int bpfl_dump_names_init(struct bpfl_dump_names *names, uint64_t nr_names)
{
	uint64_t nr_slots = 256;

	nr_names += 2 * NR_KEYWORDS;
	while (nr_slots < nr_names + nr_names / 4)
		nr_slots *= 2;
	if (nr_slots > UINT32_MAX)
		return -ENOMEM;
	names->slots = calloc(nr_slots, sizeof(*names->slots));
	if (names->slots == NULL)
		return -ENOMEM;
	names->mask = (uint32_t)nr_slots - 1;
	for (size_t i = NR_KEYWORDS; i-- > 0;) {
		names->first_keyword[(unsigned char)keywords[i][0]] = (uint8_t)(i + 1);
		bpfl_dump_names_add(names, BPFL_DUMP_TAG, keywords[i], BPFL_KIND_VOID);
		bpfl_dump_names_add(names, BPFL_DUMP_IDENT, keywords[i], BPFL_KIND_VOID);
	}
	return 0;
}

void bpfl_dump_names_deinit(struct bpfl_dump_names *names)
{
	free(names->slots);
	memset(names, 0, sizeof(*names));
}

bool bpfl_dump_names_add(struct bpfl_dump_names *names, enum bpfl_dump_space space, const char *text,
			 enum bpfl_btf_kind kind)
{
	struct bpfl_dump_name *slot = slot_of(names, space, text);

	if (slot->text != NULL)
		return false;
	slot->text = text;
	slot->kind = (uint16_t)kind;
	slot->nr = 1;
	return true;
}

uint32_t bpfl_dump_names_version(struct bpfl_dump_names *names, enum bpfl_dump_space space, const char *text)
{
	struct bpfl_dump_name *slot = slot_of(names, space, text);
	char candidate[512];

	do {
		if (slot->nr == UINT16_MAX)
			break;
		slot->nr++;
		snprintf(candidate, sizeof(candidate), "%s___%u", text, (unsigned)slot->nr);
	} while (slot_of(names, space, candidate)->text != NULL);
	return slot->nr;
}

unsigned bpfl_dump_names_kind(struct bpfl_dump_names *names, enum bpfl_dump_space space, const char *text)
{
	const struct bpfl_dump_name *slot = slot_of(names, space, text);

	return slot->text != NULL ? slot->kind : BPFL_NR_KINDS;
}

bool bpfl_dump_is_keyword(const struct bpfl_dump_names *names, const char *text)
{
	size_t first = names->first_keyword[(unsigned char)text[0]];

	if (first == 0)
		return false;
	for (size_t i = first - 1; i < NR_KEYWORDS && keywords[i][0] == text[0]; i++) {
		if (strcmp(keywords[i], text) == 0)
			return true;
	}
	return false;
}

/* ---- basic types ---- */

/*
 * The words of an integer type may stand in different orders: gcc has "long unsigned int" in its
 * BTF where clang has "unsigned long". All are written in the shorter way, so that a diff of two
 * kernels does not depend on their compilers.
 */
static const struct spelling {
	const char *name;
	uint8_t size; /* 0: of a pointer */
	const char *written;
} spellings[] = {
	{ "char", 1, "char" },
	{ "unsigned char", 1, "unsigned char" },
	{ "signed char", 1, "signed char" },
	{ "_Bool", 1, "_Bool" },
	{ "int", 4, "int" },
	{ "unsigned int", 4, "unsigned int" },
	{ "long unsigned int", 0, "unsigned long" },
	{ "unsigned long", 0, "unsigned long" },
	{ "long int", 0, "long" },
	{ "long", 0, "long" },
	{ "short unsigned int", 2, "unsigned short" },
	{ "unsigned short", 2, "unsigned short" },
	{ "short int", 2, "short" },
	{ "short", 2, "short" },
	{ "long long unsigned int", 8, "unsigned long long" },
	{ "unsigned long long", 8, "unsigned long long" },
	{ "long long int", 8, "long long" },
	{ "long long", 8, "long long" },
	{ "__int128", 16, "__int128" },
	{ "__int128 unsigned", 16, "unsigned __int128" },
	{ "unsigned __int128", 16, "unsigned __int128" },
};

/* For names that are not C's (those of Rust, "__ARRAY_SIZE_TYPE__" of clang): by size and sign. */
static const char *const by_size[][2] = {
	{ "unsigned char", "signed char" },
	{ "unsigned short", "short" },
	{ "unsigned int", "int" },
	{ "unsigned long long", "long long" },
	{ "unsigned __int128", "__int128" },
};

static const char *name_by_size(uint32_t size, bool is_signed)
{
	for (unsigned i = 0; i < sizeof(by_size) / sizeof(by_size[0]); i++) {
		if (size == 1u << i)
			return by_size[i][is_signed];
	}
	return by_size[0][is_signed];
}

const char *bpfl_dump_int_name(const struct bpfl_btf *btf, const struct bpfl_btf_type *type)
{
	const char *name = bpfl_btf_string(btf, type->name_off);
	uint32_t ptr_size = bpfl_btf_ptr_size(btf);

	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		uint32_t size = spellings[i].size != 0 ? spellings[i].size : ptr_size;

		if (type->size == size && strcmp(spellings[i].name, name) == 0)
			return spellings[i].written;
	}
	if (type->size == 1 && (bpfl_btf_int_encoding(type) & BPFL_INT_BOOL))
		return "_Bool";
	return name_by_size(type->size, bpfl_btf_int_encoding(type) & BPFL_INT_SIGNED);
}

/* For BPF, long double is a double: integers keep at least the place of the other formats. */
const char *bpfl_dump_float_name(const struct bpfl_btf_type *type)
{
	if (type->size == 4)
		return "float";
	return type->size == 8 ? "double" : name_by_size(type->size, false);
}
