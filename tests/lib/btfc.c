/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btfc: a small compiler from declarations to BTF.
 *
 * One token of look-ahead, one function per construct. Members are collected first and written when all their
 * types exist, because btfgen wants a struct's members right behind it.
 */
#include "btfc.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "btfgen.h"

#define NR_TYPES_MAX 512
#define NR_MEMBERS_MAX 80
#define WORD_SIZE 64

struct compiler {
	const char *text, *at;
	struct btfgen gen;
	struct known {
		char name[WORD_SIZE + 16]; /* "struct s", "u32"; "" for unnamed ones */
		uint32_t size, align;
	} types[NR_TYPES_MAX]; /* by id */
};

struct member {
	char name[WORD_SIZE];
	uint32_t type, bit_size;
};

static const struct {
	const char *name;
	uint32_t size, encoding;
} ints[] = {
	{ "u8", 1, 0 },		       { "u16", 2, 0 },		      { "u32", 4, 0 },		     { "u64", 8, 0 },
	{ "s8", 1, BPFL_INT_SIGNED },  { "s16", 2, BPFL_INT_SIGNED }, { "s32", 4, BPFL_INT_SIGNED }, { "s64", 8, BPFL_INT_SIGNED },
	{ "bool", 1, BPFL_INT_BOOL },  { "char", 1, BPFL_INT_SIGNED },
};

static _Noreturn void fail(const struct compiler *c, const char *what)
{
	fprintf(stderr, "btfc: %s expected at \"%s\" of: %s\n", what, c->at, c->text);
	abort();
}

static void blanks_skip(struct compiler *c)
{
	c->at += strspn(c->at, " \t\n");
}

static bool take(struct compiler *c, const char *symbol)
{
	blanks_skip(c);
	size_t size = strlen(symbol);
	if (strncmp(c->at, symbol, size) != 0 ||
	    (isalpha((unsigned char)symbol[0]) && (isalnum((unsigned char)c->at[size]) || c->at[size] == '_'))) {
		return false;
	}
	c->at += size;
	return true;
}

static void need(struct compiler *c, const char *symbol)
{
	if (!take(c, symbol)) {
		fail(c, symbol);
	}
}

/* An identifier, or "" when there is none. */
static void word_take(struct compiler *c, char out[WORD_SIZE])
{
	size_t size = 0;

	blanks_skip(c);
	while ((isalnum((unsigned char)*c->at) || *c->at == '_') && size < WORD_SIZE - 1) {
		out[size++] = *c->at++;
	}
	out[size] = '\0';
}

static int64_t number_take(struct compiler *c)
{
	char *end;

	blanks_skip(c);
	long long number = *c->at == '-' ? strtoll(c->at, &end, 0) : (long long)strtoull(c->at, &end, 0);
	if (end == c->at) {
		fail(c, "number");
	}
	c->at = end;
	return number;
}

static uint32_t remember(struct compiler *c, uint32_t id, const char *prefix, const char *name, uint32_t size,
			 uint32_t align)
{
	if (id >= NR_TYPES_MAX) {
		fail(c, "fewer types");
	}
	struct known *known = &c->types[id];
	snprintf(known->name, sizeof(known->name), "%s%s", name[0] ? prefix : "", name);
	known->size = size;
	known->align = align;
	return id;
}

static uint32_t known_find(const struct compiler *c, const char *prefix, const char *name)
{
	char full[WORD_SIZE + 16];

	snprintf(full, sizeof(full), "%s%s", prefix, name);
	for (uint32_t id = 1; id <= c->gen.nr_types && name[0]; id++) {
		if (strcmp(c->types[id].name, full) == 0) {
			return id;
		}
	}
	return 0;
}

static uint32_t type_take(struct compiler *c);

/* Dimensions behind a name: the first one is the outermost. */
static uint32_t dims_take(struct compiler *c, uint32_t type)
{
	if (!take(c, "[")) {
		return type;
	}
	uint32_t nr = 0;
	if (!take(c, "]")) {
		nr = (uint32_t)number_take(c);
		need(c, "]");
	}
	type = dims_take(c, type);
	uint32_t index = known_find(c, "", "u32");
	if (!index) {
		index = remember(c, btfgen_int(&c->gen, "u32", 4, 0), "", "u32", 4, 4);
	}
	return remember(c, btfgen_array(&c->gen, type, index, nr), "", "", c->types[type].size * nr,
			c->types[type].align);
}

static uint32_t composite_write(struct compiler *c, bool is_union, const char *name, const struct member *members,
				size_t nr)
{
	uint32_t places[NR_MEMBERS_MAX], align = 1;
	uint64_t bit_off = 0, end = 0;

	for (size_t i = 0; i < nr; i++) {
		const struct known *type = &c->types[members[i].type];
		uint64_t bits = members[i].bit_size ? members[i].bit_size : (uint64_t)type->size * 8;
		uint32_t unit = type->align * 8;

		bit_off = is_union ? 0 : bit_off;
		if (!members[i].bit_size || bit_off / unit != (bit_off + bits - 1) / unit) {
			bit_off = (bit_off + unit - 1) / unit * unit;
		}
		places[i] = (uint32_t)bit_off;
		bit_off += bits;
		end = bit_off > end ? bit_off : end;
		align = type->align > align ? type->align : align;
	}
	uint32_t size = (uint32_t)((end / 8 + (end % 8 != 0) + align - 1) / align * align);
	uint32_t id = is_union ? btfgen_union(&c->gen, name, size) : btfgen_struct(&c->gen, name, size);
	for (size_t i = 0; i < nr; i++) {
		if (members[i].bit_size) {
			btfgen_bit_field(&c->gen, members[i].name, members[i].type, places[i], members[i].bit_size);
		} else {
			btfgen_member(&c->gen, members[i].name, members[i].type, places[i]);
		}
	}
	return remember(c, id, is_union ? "union " : "struct ", name, size, align);
}

static uint32_t composite_take(struct compiler *c, bool is_union)
{
	char name[WORD_SIZE];
	struct member members[NR_MEMBERS_MAX];
	size_t nr = 0;

	word_take(c, name);
	if (!take(c, "{")) {
		uint32_t id = known_find(c, is_union ? "union " : "struct ", name);

		if (id) {
			return id;
		}
		id = btfgen_type(&c->gen, BPFL_KIND_FWD, name, 0);
		if (is_union) {
			btfgen_put(&c->gen, 1, 1u << 31 | (uint32_t)BPFL_KIND_FWD << 24);
		}
		return remember(c, id, "fwd ", name, 0, 1);
	}
	while (!take(c, "}")) {
		struct member *member = &members[nr++];

		if (nr == NR_MEMBERS_MAX) {
			fail(c, "fewer members");
		}
		member->type = type_take(c);
		word_take(c, member->name);
		member->type = dims_take(c, member->type);
		member->bit_size = take(c, ":") ? (uint32_t)number_take(c) : 0;
		need(c, ";");
	}
	return composite_write(c, is_union, name, members, nr);
}

static uint32_t enum_take(struct compiler *c, bool is_64)
{
	char name[WORD_SIZE], item[WORD_SIZE];
	int64_t value = 0;
	uint32_t size = is_64 ? 8 : 4;

	word_take(c, name);
	bool is_signed = false;
	if (take(c, ":")) {
		blanks_skip(c);
		is_signed = *c->at == 's';
		c->at += is_signed;
		size = (uint32_t)number_take(c);
	}
	if (!take(c, "{")) {
		uint32_t id = known_find(c, "enum ", name);

		if (!id) {
			fail(c, "known enum");
		}
		return id;
	}
	uint32_t id = is_64 ? btfgen_enum64(&c->gen, name, is_signed) : btfgen_enum(&c->gen, name, size);
	uint32_t nr = 0;
	while (!take(c, "}")) {
		word_take(c, item);
		value = take(c, "=") ? number_take(c) : value;
		btfgen_enumerator(&c->gen, item, value++);
		take(c, ",");
		nr++;
	}
	if (is_signed && !is_64) {
		btfgen_put(&c->gen, 1, 1u << 31 | (uint32_t)BPFL_KIND_ENUM << 24 | nr);
	}
	return remember(c, id, "enum ", name, size, size);
}

static uint32_t basic_take(struct compiler *c)
{
	char name[WORD_SIZE];

	word_take(c, name);
	uint32_t id = known_find(c, "", name);
	if (!id) {
		id = known_find(c, "typedef ", name);
	}
	for (size_t i = 0; i < sizeof(ints) / sizeof(ints[0]) && !id; i++) {
		if (strcmp(name, ints[i].name) == 0) {
			id = remember(c, btfgen_int(&c->gen, name, ints[i].size, ints[i].encoding), "", name,
				      ints[i].size, ints[i].size);
		}
	}
	if (!id && (strcmp(name, "float") == 0 || strcmp(name, "double") == 0)) {
		uint32_t size = name[0] == 'f' ? 4 : 8;

		id = remember(c, btfgen_type(&c->gen, BPFL_KIND_FLOAT, name, size), "", name, size, size);
	}
	if (!id) {
		fail(c, "type");
	}
	return id;
}

/* A type with its pointers, as it stands in front of a name. 0 is void. */
static uint32_t type_take(struct compiler *c)
{
	bool is_const = take(c, "const"), is_volatile = take(c, "volatile");
	uint32_t id = take(c, "void")	? 0 :
		      take(c, "struct") ? composite_take(c, false) :
		      take(c, "union")	? composite_take(c, true) :
		      take(c, "enum64") ? enum_take(c, true) :
		      take(c, "enum")	? enum_take(c, false) :
					  basic_take(c);

	if (is_const) {
		id = remember(c, btfgen_type(&c->gen, BPFL_KIND_CONST, "", id), "", "", c->types[id].size,
			      c->types[id].align);
	}
	if (is_volatile) {
		id = remember(c, btfgen_type(&c->gen, BPFL_KIND_VOLATILE, "", id), "", "", c->types[id].size,
			      c->types[id].align);
	}
	while (take(c, "*")) {
		id = remember(c, btfgen_ptr(&c->gen, id), "", "", 8, 8);
	}
	return id;
}

/* "(u32, struct s *) u32": the id of a function's type. */
static uint32_t proto_take(struct compiler *c)
{
	uint32_t params[16];
	size_t nr = 0;

	need(c, "(");
	while (!take(c, ")")) {
		params[nr++] = type_take(c);
		take(c, ",");
	}
	uint32_t id = remember(c, btfgen_func_proto(&c->gen, type_take(c)), "", "", 0, 1);
	for (size_t i = 0; i < nr; i++) {
		btfgen_param(&c->gen, "", params[i]);
	}
	return id;
}

static void declaration_take(struct compiler *c)
{
	char name[WORD_SIZE];

	if (take(c, "func")) {
		word_take(c, name);
		uint32_t proto = proto_take(c);
		remember(c, btfgen_func(&c->gen, name, proto, BPFL_LINKAGE_STATIC), "func ", name, 0, 1);
	} else if (take(c, "var")) {
		uint32_t type = type_take(c);
		word_take(c, name);
		type = dims_take(c, type);
		remember(c, btfgen_var(&c->gen, name, type, BPFL_LINKAGE_GLOBAL), "var ", name, 0, 1);
	} else if (take(c, "typedef")) {
		if (take(c, "func")) {
			uint32_t proto = proto_take(c);
			word_take(c, name);
			remember(c, btfgen_type(&c->gen, BPFL_KIND_TYPEDEF, name, proto), "typedef ", name, 0, 1);
		} else {
			uint32_t type = type_take(c);
			word_take(c, name);
			type = dims_take(c, type);
			remember(c, btfgen_type(&c->gen, BPFL_KIND_TYPEDEF, name, type), "typedef ", name,
				 c->types[type].size, c->types[type].align);
		}
	} else {
		type_take(c);
	}
	need(c, ";");
}

struct bpfl_btf *btfc_read(const char *text, bool swap)
{
	struct compiler *c = calloc(1, sizeof(*c));

	if (!c) {
		abort();
	}
	c->text = text;
	c->at = text;
	btfgen_init(&c->gen, swap);
	for (blanks_skip(c); *c->at != '\0'; blanks_skip(c)) {
		declaration_take(c);
	}
	struct bpfl_btf *btf = btfgen_read(&c->gen);
	btfgen_deinit(&c->gen);
	if (!btf) {
		fprintf(stderr, "btfc: not accepted: %s\n", text);
		abort();
	}
	free(c);
	return btf;
}

uint32_t btfc_id(const struct bpfl_btf *btf, const char *what)
{
	static const struct {
		const char *word;
		enum bpfl_btf_kind kind;
	} kinds[] = {
		{ "struct ", BPFL_KIND_STRUCT }, { "union ", BPFL_KIND_UNION }, { "enum ", BPFL_KIND_ENUM },
		{ "enum ", BPFL_KIND_ENUM64 },	 { "func ", BPFL_KIND_FUNC },	{ "typedef ", BPFL_KIND_TYPEDEF },
		{ "var ", BPFL_KIND_VAR },	 { "", BPFL_KIND_INT },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t size = strlen(kinds[i].word);
		uint32_t id = strncmp(what, kinds[i].word, size) == 0
				      ? bpfl_btf_find(btf, kinds[i].kind, what + size, 1)
				      : 0;

		if (id) {
			return id;
		}
	}
	fprintf(stderr, "btfc: no type '%s'\n", what);
	abort();
}
