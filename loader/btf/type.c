/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/type.c: questions about one type: what is it really, how large, what is it called.
 *
 * All of these also work on a kernel's BTF, whose references nobody has checked: every loop has a limit and
 * every id may be missing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "btf/own.h"

#define ALIGN_BUDGET 4096u /* members looked at for one alignment */

static const char *const kind_names[BPFL_NR_KINDS] = {
	"void", "int",	     "ptr",  "array",	"struct", "union",    "enum",	  "fwd",    "typedef", "volatile",
	"const", "restrict", "func", "func_proto", "var", "datasec", "float", "decl_tag", "type_tag", "enum64",
};

const char *bpfl_btf_kind_name(enum bpfl_btf_kind kind)
{
	return (unsigned)kind < BPFL_NR_KINDS ? kind_names[kind] : "unknown kind";
}

const struct bpfl_btf_type *bpfl_btf_skip_modifiers(const struct bpfl_btf *btf, uint32_t type_id, uint32_t *ret_id)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, type_id);

	for (int step = 0; type != NULL && bpfl_btf_is_modifier(bpfl_btf_kind(type)); step++) {
		if (step > BPFL_BTF_CHAIN_MAX) {
			type = NULL;
			break;
		}
		type_id = type->type;
		type = bpfl_btf_type(btf, type_id);
	}
	if (type == NULL) {
		type_id = 0;
		type = bpfl_btf_type(btf, 0);
	}
	if (ret_id != NULL)
		*ret_id = type_id;
	return type;
}

int bpfl_btf_size(const struct bpfl_btf *btf, uint32_t type_id, uint32_t *ret_size)
{
	uint64_t nr = 1;
	uint64_t size;

	for (int step = 0; step <= BPFL_BTF_CHAIN_MAX; step++) {
		const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, NULL);

		switch (bpfl_btf_kind(type)) {
		case BPFL_KIND_ARRAY:
			nr *= bpfl_btf_array(type)->nr_elems;
			if (nr > UINT32_MAX) /* elements of size 0 do not make it smaller: nobody has 2^32 of those */
				return -E2BIG;
			type_id = bpfl_btf_array(type)->type;
			continue;
		case BPFL_KIND_VAR:
			type_id = type->type;
			continue;
		case BPFL_KIND_PTR:
			size = nr * btf->ptr_size;
			break;
		case BPFL_KIND_INT:
		case BPFL_KIND_STRUCT:
		case BPFL_KIND_UNION:
		case BPFL_KIND_ENUM:
		case BPFL_KIND_ENUM64:
		case BPFL_KIND_FLOAT:
		case BPFL_KIND_DATASEC:
			size = nr * type->size;
			break;
		default:
			return -EINVAL;
		}
		if (size > UINT32_MAX)
			return -E2BIG;
		*ret_size = (uint32_t)size;
		return 0;
	}
	return -EINVAL;
}

bool bpfl_btf_is_char(const struct bpfl_btf *btf, uint32_t type_id)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, NULL);

	return bpfl_btf_kind(type) == BPFL_KIND_INT && type->size == 1 &&
	       ((bpfl_btf_int_encoding(type) & BPFL_INT_CHAR) ||
		strcmp(bpfl_btf_string(btf, type->name_off), "char") == 0);
}

/* ---- alignment ---- */

static uint32_t align_of_size(uint32_t size, uint32_t max)
{
	uint32_t align = 1;

	while (align < max && size % (align * 2) == 0)
		align *= 2;
	return size == 0 ? 0 : align;
}

static uint32_t align_at(const struct bpfl_btf *btf, uint32_t type_id, int depth, unsigned *budget);

/* The largest of the members' alignments; 1 when a member or the end is not where that would put it (packed). */
static uint32_t align_of_members(const struct bpfl_btf *btf, const struct bpfl_btf_type *type, int depth,
				 unsigned *budget)
{
	uint32_t largest = 1;

	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		uint32_t align;

		if (*budget == 0)
			return 0;
		(*budget)--;
		align = align_at(btf, bpfl_btf_members(type)[i].type, depth + 1, budget);
		if (align == 0)
			return 0;
		if (bpfl_btf_member_bit_size(type, i) == 0 &&
		    bpfl_btf_member_bit_off(type, i) % (align * 8) != 0)
			return 1;
		largest = align > largest ? align : largest;
	}
	return type->size % largest == 0 ? largest : 1;
}

static uint32_t align_at(const struct bpfl_btf *btf, uint32_t type_id, int depth, unsigned *budget)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, NULL);

	if (depth > BPFL_BTF_CHAIN_MAX)
		return 0;
	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_PTR:
		return btf->ptr_size;
	case BPFL_KIND_INT:
	case BPFL_KIND_ENUM:
	case BPFL_KIND_ENUM64:
	case BPFL_KIND_FLOAT:
		return align_of_size(type->size, 8);
	case BPFL_KIND_ARRAY:
		return align_at(btf, bpfl_btf_array(type)->type, depth + 1, budget);
	case BPFL_KIND_VAR:
		return align_at(btf, type->type, depth + 1, budget);
	case BPFL_KIND_STRUCT:
	case BPFL_KIND_UNION:
		return align_of_members(btf, type, depth, budget);
	default:
		return 0;
	}
}

uint32_t bpfl_btf_align(const struct bpfl_btf *btf, uint32_t type_id)
{
	unsigned budget = ALIGN_BUDGET;

	return align_at(btf, type_id, 0, &budget);
}

/* ---- text ---- */

/* Puts words into text at a place, pushing the rest back; what does not fit is cut. */
static void insert(char *text, size_t text_size, size_t at, const char *words)
{
	size_t words_len = strlen(words);
	size_t len = strlen(text);
	size_t kept;

	if (words_len > text_size - 1 - at)
		words_len = text_size - 1 - at;
	kept = len - at;
	if (kept > text_size - 1 - at - words_len)
		kept = text_size - 1 - at - words_len;
	memmove(text + at + words_len, text + at, kept);
	memcpy(text + at, words, words_len);
	text[at + words_len + kept] = '\0';
}

/* "int[3]" as element of an array of 2 is "int[2][3]": the outer length comes first. */
static void put_dimension(char *out, size_t out_size, uint32_t nr_elems)
{
	char dimension[16];
	size_t at = strlen(out);

	while (at > 0 && out[at - 1] == ']') {
		while (at > 0 && out[at - 1] != '[')
			at--;
		at -= at > 0;
	}
	snprintf(dimension, sizeof(dimension), "[%u]", nr_elems);
	insert(out, out_size, at, dimension);
}

static bool is_pointer_text(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && text[len - 1] == '*';
}

/* Adds what a pointer, array or modifier says to the text of the type it refers to. */
static void decorate(const struct bpfl_btf_type *type, char *out, size_t out_size)
{
	static const char *const words[BPFL_NR_KINDS] = {
		[BPFL_KIND_CONST] = "const",
		[BPFL_KIND_VOLATILE] = "volatile",
		[BPFL_KIND_RESTRICT] = "restrict",
	};
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);
	char word[16];

	if (kind == BPFL_KIND_PTR) {
		insert(out, out_size, strlen(out), is_pointer_text(out) ? "*" : " *");
	} else if (kind == BPFL_KIND_ARRAY) {
		put_dimension(out, out_size, bpfl_btf_array(type)->nr_elems);
	} else if (words[kind] != NULL && is_pointer_text(out)) {
		insert(out, out_size, strlen(out), words[kind]);
	} else if (words[kind] != NULL) {
		snprintf(word, sizeof(word), "%s ", words[kind]);
		insert(out, out_size, 0, word);
	}
}

/* The type at the end of the chain: it has a name of its own, or none at all. */
static void base_text(const struct bpfl_btf *btf, const struct bpfl_btf_type *type, char *out, size_t out_size)
{
	static const char *const tags[BPFL_NR_KINDS] = {
		[BPFL_KIND_STRUCT] = "struct ", [BPFL_KIND_UNION] = "union ", [BPFL_KIND_ENUM] = "enum ",
		[BPFL_KIND_ENUM64] = "enum ",	[BPFL_KIND_FUNC] = "func ",   [BPFL_KIND_VAR] = "var ",
		[BPFL_KIND_DATASEC] = "section ",
	};
	enum bpfl_btf_kind kind = type != NULL ? bpfl_btf_kind(type) : BPFL_KIND_VOID;
	const char *tag = kind < BPFL_NR_KINDS && tags[kind] != NULL ? tags[kind] : "";
	const char *name;

	if (type == NULL || kind == BPFL_KIND_VOID) {
		snprintf(out, out_size, "%s", type != NULL ? "void" : "<missing type>");
		return;
	}
	name = bpfl_btf_string(btf, type->name_off);
	if (kind == BPFL_KIND_FWD)
		tag = bpfl_btf_kflag(type) ? "union " : "struct ";
	if (name[0] != '\0')
		snprintf(out, out_size, "%s%s", tag, BPFL_ESC(name));
	else if (kind == BPFL_KIND_FUNC_PROTO)
		snprintf(out, out_size, "function");
	else
		snprintf(out, out_size, "anonymous %s", bpfl_btf_kind_name(kind));
}

char *bpfl_btf_type_text(const struct bpfl_btf *btf, uint32_t type_id, char *out, size_t out_size)
{
	const struct bpfl_btf_type *chain[BPFL_BTF_CHAIN_MAX];
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, type_id);
	char text[256];
	size_t nr = 0;

	while (type != NULL && nr < BPFL_BTF_CHAIN_MAX) {
		enum bpfl_btf_kind kind = bpfl_btf_kind(type);

		if (kind != BPFL_KIND_ARRAY && kind != BPFL_KIND_PTR &&
		    (kind == BPFL_KIND_TYPEDEF || !bpfl_btf_is_modifier(kind)))
			break;
		chain[nr++] = type;
		type = bpfl_btf_type(btf, kind == BPFL_KIND_ARRAY ? bpfl_btf_array(type)->type : type->type);
	}
	base_text(btf, type, text, sizeof(text));
	while (nr > 0)
		decorate(chain[--nr], text, sizeof(text));
	snprintf(out, out_size, "%s", text);
	return out;
}
