/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/cdecl.c: a C type in words -> BTF. See cdecl.h.
 *
 * A recursive descent over characters: there is no token list, peek() and take() look at the text itself. Types
 * are written into a builder as they are met; the builder starts as a copy of the object's BTF, so old ids stay
 * and names can be looked up in the original.
 *
 * A declarator is read as C has it, from the inside out: "char *names[4]" is an array of pointers. Function
 * types and parentheses are left out: no event holds them.
 */
#include "btf/cdecl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "btf/cdecl_types.h"

#define NAME_SIZE 96u
#define DEPTH_MAX 16
#define DIMENSIONS_MAX 8u

static bool parse_type(struct bpfl_cdecl *p, struct bpfl_ctype *ret);

/* ---- words ---- */

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Behind blanks and comments: what is written here was often copied from a source. */
static const char *behind_blanks(const char *at)
{
	const char *end;

	for (;;) {
		at += strspn(at, " \t\n\r");
		if (at[0] != '/' || (at[1] != '/' && at[1] != '*'))
			return at;
		end = strstr(at + 2, at[1] == '*' ? "*/" : "\n");
		at = !end ? at + strlen(at) : at[1] == '*' ? end + 2 : end;
	}
}

static void skip_blanks(struct bpfl_cdecl *p)
{
	p->at = behind_blanks(p->at);
}

static bool take_char(struct bpfl_cdecl *p, char c)
{
	skip_blanks(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

static bool want_char(struct bpfl_cdecl *p, char c)
{
	if (take_char(p, c))
		return true;
	return bpfl_cdecl_refuse(p, EINVAL, p->at, "'%c' expected", c);
}

static size_t word_len(const char *at)
{
	size_t len = 0;

	if (*at >= '0' && *at <= '9')
		return 0;
	while (is_word_char(at[len]))
		len++;
	return len;
}

static bool take_word(struct bpfl_cdecl *p, const char *word)
{
	size_t len = strlen(word);

	skip_blanks(p);
	if (word_len(p->at) != len || memcmp(p->at, word, len) != 0)
		return false;
	p->at += len;
	return true;
}

/* Any name; "" when there is none. */
static bool take_name(struct bpfl_cdecl *p, char name[NAME_SIZE])
{
	size_t len;

	skip_blanks(p);
	len = word_len(p->at);
	if (len >= NAME_SIZE)
		return bpfl_cdecl_refuse(p, EINVAL, p->at, "a name of %zu characters", len);
	memcpy(name, p->at, len);
	name[len] = '\0';
	p->at += len;
	return true;
}

/* Lengths that declarations of events have by name; in an object that does not use vmlinux.h they have no type. */
static const struct { const char *name; int64_t value; } constants[] = {
	{ "TASK_COMM_LEN", 16 }, { "ETH_ALEN", 6 }, { "IFNAMSIZ", 16 }, { "NAME_MAX", 255 }, { "PATH_MAX", 4096 },
};

static bool named_number(const struct bpfl_cdecl *p, const char *name, int64_t *ret)
{
	if (p->known && bpfl_btf_enumerator_find(p->known, name, ret))
		return true;
	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
		if (strcmp(constants[i].name, name) != 0)
			continue;
		*ret = constants[i].value;
		return true;
	}
	return false;
}

/* A number, or an enumerator of the object. */
static bool take_number(struct bpfl_cdecl *p, int64_t *ret)
{
	const char *start;
	char word[NAME_SIZE];
	size_t len = 0;

	skip_blanks(p);
	start = p->at;
	if (*p->at == '-')
		len++;
	while (is_word_char(p->at[len]))
		len++;
	if (len == 0 || len >= sizeof(word))
		return bpfl_cdecl_refuse(p, EINVAL, start, "a number expected");
	memcpy(word, start, len);
	word[len] = '\0';
	p->at += len;
	if (bpfl_text_to_s64(word, ret) < 0 && !named_number(p, word, ret))
		return bpfl_cdecl_refuse(p, EINVAL, start, "'%s' is not a number", word);
	return true;
}

/* ---- basic types ---- */

static const struct basic {
	const char *names; /* blank-separated */
	uint32_t size, encoding;
} basics[] = {
	{ "u8 __u8 uint8_t uchar", 1, 0 },
	{ "s8 __s8 int8_t", 1, BPFL_INT_SIGNED },
	{ "u16 __u16 uint16_t __be16 __le16 be16 le16 ushort umode_t", 2, 0 },
	{ "s16 __s16 int16_t", 2, BPFL_INT_SIGNED },
	{ "u32 __u32 uint32_t __be32 __le32 be32 le32 uint uid_t gid_t dev_t", 4, 0 },
	{ "s32 __s32 int32_t pid_t", 4, BPFL_INT_SIGNED },
	{ "u64 __u64 uint64_t __be64 __le64 be64 le64 ulong size_t uintptr_t ino_t", 8, 0 },
	{ "s64 __s64 int64_t ssize_t off_t loff_t time_t intptr_t", 8, BPFL_INT_SIGNED },
	{ "bool _Bool", 1, BPFL_INT_BOOL },
};

static bool list_has(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = names; *at; at += strspn(at, " ")) {
		size_t one = strcspn(at, " ");

		if (one == len && memcmp(at, name, len) == 0)
			return true;
		at += one;
	}
	return false;
}

static const struct basic *basic_find(const char *name)
{
	for (size_t i = 0; i < sizeof(basics) / sizeof(basics[0]); i++) {
		if (list_has(basics[i].names, name))
			return &basics[i];
	}
	return NULL;
}

/* "unsigned long long int", in any order. False without a complaint when the next word is none of these. */
static bool parse_words(struct bpfl_cdecl *p, struct bpfl_ctype *ret)
{
	unsigned nr_long = 0, nr_short = 0, nr_char = 0, nr_int = 0, nr_signed = 0, nr_unsigned = 0, nr;
	struct { const char *word; unsigned *count; } words[] = {
		{ "unsigned", &nr_unsigned }, { "signed", &nr_signed }, { "long", &nr_long }, { "short", &nr_short },
		{ "int", &nr_int },	      { "char", &nr_char },
	};
	const char *start = p->at;
	uint32_t size, encoding;
	size_t i;

	for (nr = 0, i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (take_word(p, words[i].word)) {
			*words[i].count += 1;
			nr++;
			i = (size_t)-1; /* from the beginning */
		}
	}
	if (nr == 0)
		return false;
	if (nr_char + nr_int > 1 || nr_char + nr_short + (nr_long > 0) > 1 || nr_long > 2 ||
	    nr_signed + nr_unsigned > 1)
		return bpfl_cdecl_refuse(p, EINVAL, start, "these words are no type");
	size = nr_char ? 1 : nr_short ? 2 : nr_long ? 8 : 4;
	encoding = nr_unsigned ? 0 : BPFL_INT_SIGNED;
	if (nr_char && !nr_signed && !nr_unsigned)
		return bpfl_cdecl_add_int(p, "char", 1, BPFL_INT_SIGNED, ret);
	return bpfl_cdecl_add_int(p,
				  nr_char       ? nr_unsigned ? "unsigned char" : "signed char"
				  : nr_unsigned ? "unsigned int"
						: "int",
				  size, encoding, ret);
}

/* ---- what the object has ---- */

static bool use_known(struct bpfl_cdecl *p, uint32_t id, struct bpfl_ctype *ret)
{
	uint32_t size = 0, align = bpfl_btf_align(p->known, id);

	ret->id = id;
	if (bpfl_btf_size(p->known, id, &size) < 0)
		return bpfl_cdecl_refuse(p, EINVAL, p->at, "a type without a size");
	ret->size = size;
	ret->align = align ? align : 1;
	return true;
}

static bool no_such_type(struct bpfl_cdecl *p, const char *start, const char *what, const char *name, uint32_t kinds)
{
	uint32_t nr = p->known ? bpfl_btf_nr_types(p->known) : 0;
	struct bpfl_near near;
	char names[256];

	bpfl_near_init(&near, name);
	for (uint32_t id = 1; id < nr; id++) {
		if (kinds & BPFL_BTF_KIND_BIT(bpfl_btf_kind(bpfl_btf_type(p->known, id))))
			bpfl_near_offer(&near, bpfl_btf_name(p->known, id));
	}
	bpfl_cdecl_refuse(p, ENOENT, start, "no %s '%s' in the object", what, BPFL_ESC(name));
	if (near.nr > 0)
		bpfl_error_fix(p->err, "did you mean %s?", bpfl_near_text(&near, names, sizeof(names)));
	return false;
}

/* A typedef or basic type by name. */
static bool parse_named(struct bpfl_cdecl *p, struct bpfl_ctype *ret)
{
	const struct basic *basic;
	const char *start = p->at;
	char name[NAME_SIZE];
	uint32_t id = 0;

	if (!take_name(p, name))
		return false;
	if (!name[0])
		return bpfl_cdecl_refuse(p, EINVAL, start, "a type expected");
	/* The object's own typedef first: it may say more (gadget_timestamp). */
	if (p->known)
		id = bpfl_btf_find(p->known, BPFL_KIND_TYPEDEF, name, 1);
	if (id)
		return use_known(p, id, ret);
	basic = basic_find(name);
	if (basic)
		return bpfl_cdecl_add_int(p, name, basic->size, basic->encoding, ret);
	return no_such_type(p, start, "type", name, BPFL_BTF_KIND_BIT(BPFL_KIND_TYPEDEF));
}

/* "struct event": the first definition of that name. */
static bool parse_tag(struct bpfl_cdecl *p, enum bpfl_btf_kind kind, const char *start, const char *name,
		      struct bpfl_ctype *ret)
{
	uint32_t id = p->known ? bpfl_btf_find(p->known, kind, name, 1) : 0;

	if (!id && kind == BPFL_KIND_ENUM && p->known)
		id = bpfl_btf_find(p->known, BPFL_KIND_ENUM64, name, 1);
	if (id)
		return use_known(p, id, ret);
	return no_such_type(p, start, bpfl_btf_kind_name(kind), name,
			    BPFL_BTF_KIND_BIT(kind) |
				    (kind == BPFL_KIND_ENUM ? BPFL_BTF_KIND_BIT(BPFL_KIND_ENUM64) : 0));
}

/* ---- enums ---- */

static bool parse_enum_body(struct bpfl_cdecl *p, const char *name, struct bpfl_ctype *ret)
{
	struct {
		struct bpfl_btf_type type;
		struct bpfl_btf_enum items[BPFL_CDECL_MEMBERS_MAX];
	} *record = calloc(1, sizeof(*record));
	bool ok = record != NULL, is_signed = false;
	int64_t value = 0;
	uint32_t nr = 0;

	if (!ok)
		bpfl_cdecl_refuse(p, ENOMEM, p->at, "out of memory");
	while (ok && !take_char(p, '}')) {
		char item[NAME_SIZE];

		ok = take_name(p, item) &&
		     (item[0] ? true : bpfl_cdecl_refuse(p, EINVAL, p->at, "a name or '}' expected"));
		if (ok && take_char(p, '='))
			ok = take_number(p, &value);
		if (ok && (nr == BPFL_CDECL_MEMBERS_MAX || value > UINT32_MAX || value < INT32_MIN))
			ok = bpfl_cdecl_refuse(p, ERANGE, p->at, "too many enumerators, or too large a value");
		if (!ok)
			break;
		is_signed = is_signed || value < 0;
		record->items[nr].value = (int32_t)value++;
		ok = bpfl_cdecl_add_string(p, item, &record->items[nr].name_off);
		nr++;
		if (!take_char(p, ',')) {
			ok = ok && want_char(p, '}');
			break;
		}
	}
	ret->size = ret->align = 4;
	if (ok) {
		record->type.info = bpfl_cdecl_info(BPFL_KIND_ENUM, nr, is_signed);
		record->type.size = 4;
		ok = bpfl_cdecl_add_string(p, name, &record->type.name_off) &&
		     bpfl_cdecl_add_record(p, record, sizeof(record->type) + nr * sizeof(record->items[0]), &ret->id);
	}
	free(record);
	return ok;
}

/* ---- structs and unions ---- */

/* "[4][8]" behind a name: the last dimension is the innermost. */
static bool parse_dimensions(struct bpfl_cdecl *p, struct bpfl_ctype *type)
{
	uint32_t dimensions[DIMENSIONS_MAX];
	unsigned nr = 0;

	while (take_char(p, '[')) {
		int64_t nr_elems = 0;

		if (nr == DIMENSIONS_MAX)
			return bpfl_cdecl_refuse(p, EINVAL, p->at, "too many dimensions");
		skip_blanks(p);
		if (*p->at != ']' && !take_number(p, &nr_elems))
			return false;
		if (nr_elems < 0 || nr_elems > INT32_MAX)
			return bpfl_cdecl_refuse(p, ERANGE, p->at, "a length of %lld", (long long)nr_elems);
		if (!want_char(p, ']'))
			return false;
		dimensions[nr++] = (uint32_t)nr_elems;
	}
	while (nr > 0) {
		if (!bpfl_cdecl_add_array(p, dimensions[--nr], type))
			return false;
	}
	return true;
}

static void skip_qualifiers(struct bpfl_cdecl *p)
{
	while (take_word(p, "const") || take_word(p, "volatile") || take_word(p, "restrict"))
		;
}

static bool parse_pointers(struct bpfl_cdecl *p, struct bpfl_ctype *type)
{
	while (take_char(p, '*')) {
		if (!bpfl_cdecl_add_ptr(p, type))
			return false;
		skip_qualifiers(p);
	}
	return true;
}

/* "*a, b[4], c : 3;" behind a type. */
static bool parse_declarators(struct bpfl_cdecl *p, struct bpfl_cdecl_body *body, const struct bpfl_ctype *base)
{
	do {
		struct bpfl_ctype type = *base;
		char name[NAME_SIZE];
		int64_t width = 0;
		bool is_field;

		if (!parse_pointers(p, &type) || !take_name(p, name) || !parse_dimensions(p, &type))
			return false;
		is_field = take_char(p, ':');
		if (is_field && (!take_number(p, &width) || width < 0 || width > (int64_t)type.size * 8 || width > 64))
			return bpfl_cdecl_refuse(p, ERANGE, p->at, "a bit-field that is wider than its type");
		if (type.id == 0)
			return bpfl_cdecl_refuse(p, EINVAL, p->at, "a member of type void");
		if (!bpfl_cdecl_add_member(p, body, name, &type, is_field, (uint32_t)width))
			return false;
	} while (take_char(p, ','));
	return want_char(p, ';');
}

static bool take_packed(struct bpfl_cdecl *p)
{
	const char *start = p->at;

	if (take_word(p, "__packed"))
		return true;
	if (!take_word(p, "__attribute__"))
		return false;
	if (take_char(p, '(') && take_char(p, '(') && (take_word(p, "packed") || take_word(p, "__packed__")) &&
	    take_char(p, ')') && take_char(p, ')'))
		return true;
	return bpfl_cdecl_refuse(p, EINVAL, start, "the only attribute that is known here is packed");
}

/* Packed may stand behind the body, after everything has been placed: so the body is looked over first. */
static bool is_packed_behind(const char *at)
{
	int level = 1;

	for (; *at && level > 0; at++)
		level += *at == '{' ? 1 : *at == '}' ? -1 : 0;
	at = behind_blanks(at);
	return bpfl_text_has_prefix(at, "__packed") || bpfl_text_has_prefix(at, "__attribute__");
}

static bool parse_body(struct bpfl_cdecl *p, bool is_union, bool is_packed, const char *name, struct bpfl_ctype *ret)
{
	struct bpfl_cdecl_body body = { .is_union = is_union, .is_packed = is_packed || is_packed_behind(p->at) };
	bool ok = true;

	while (ok && !take_char(p, '}')) {
		struct bpfl_ctype type;

		ok = parse_type(p, &type);
		if (ok && take_char(p, ';')) /* anonymous member */
			ok = bpfl_cdecl_add_member(p, &body, "", &type, false, 0);
		else if (ok)
			ok = parse_declarators(p, &body, &type);
	}
	if (ok)
		take_packed(p);
	ok = ok && !p->failed && bpfl_cdecl_finish_body(p, &body, name, ret);
	free(body.members.items);
	free(body.widths.items);
	return ok;
}

/* ---- a whole type ---- */

static bool parse_composite(struct bpfl_cdecl *p, enum bpfl_btf_kind kind, struct bpfl_ctype *ret)
{
	bool is_packed = kind != BPFL_KIND_ENUM && take_packed(p);
	const char *start;
	char name[NAME_SIZE];

	skip_blanks(p);
	start = p->at;
	if (p->failed || !take_name(p, name))
		return false;
	if (!take_char(p, '{')) {
		if (!name[0])
			return bpfl_cdecl_refuse(p, EINVAL, p->at, "a name or '{' expected");
		return parse_tag(p, kind, start, name, ret);
	}
	return kind == BPFL_KIND_ENUM ? parse_enum_body(p, name, ret)
				      : parse_body(p, kind == BPFL_KIND_UNION, is_packed, name, ret);
}

static bool parse_base(struct bpfl_cdecl *p, struct bpfl_ctype *ret)
{
	if (take_word(p, "struct"))
		return parse_composite(p, BPFL_KIND_STRUCT, ret);
	if (take_word(p, "union"))
		return parse_composite(p, BPFL_KIND_UNION, ret);
	if (take_word(p, "enum"))
		return parse_composite(p, BPFL_KIND_ENUM, ret);
	if (take_word(p, "void")) {
		*ret = (struct bpfl_ctype){ 0, 0, 1 };
		return true;
	}
	if (take_word(p, "float"))
		return bpfl_cdecl_add_float(p, "float", 4, ret);
	if (take_word(p, "double"))
		return bpfl_cdecl_add_float(p, "double", 8, ret);
	if (parse_words(p, ret) || p->failed)
		return !p->failed;
	return parse_named(p, ret);
}

static bool parse_type(struct bpfl_cdecl *p, struct bpfl_ctype *ret)
{
	bool ok;

	if (++p->depth > DEPTH_MAX)
		return bpfl_cdecl_refuse(p, E2BIG, p->at, "nested too deeply");
	skip_qualifiers(p);
	ok = parse_base(p, ret);
	skip_qualifiers(p);
	p->depth--;
	return ok;
}

static bool parse_all(struct bpfl_cdecl *p, struct bpfl_ctype *type)
{
	if (!parse_type(p, type) || !parse_pointers(p, type) || !parse_dimensions(p, type))
		return false;
	take_char(p, ';');
	skip_blanks(p);
	if (*p->at)
		return bpfl_cdecl_refuse(p, EINVAL, p->at, "nothing expected behind the type");
	if (type->id == 0)
		return bpfl_cdecl_refuse(p, EINVAL, p->text, "void has no value");
	return true;
}

int bpfl_cdecl_read(const struct bpfl_btf *known, const char *text, struct bpfl_btf **ret_btf, uint32_t *ret_type_id,
		    struct bpfl_error *err)
{
	struct bpfl_error own_err = BPFL_ERROR_INIT;
	struct bpfl_cdecl p = { .known = known, .text = text, .at = text, .err = err ? err : &own_err };
	struct bpfl_ctype type = { 0, 0, 1 };
	void *bytes = NULL;
	size_t size;
	int ret = known ? bpfl_btf_builder_create(known, &p.builder, err)
			: bpfl_btf_builder_create_empty(&p.builder, err);

	if (ret < 0)
		return ret;
	if (!parse_all(&p, &type)) {
		ret = -p.err->errnum;
	} else {
		ret = bpfl_btf_builder_finish(p.builder, &bytes, &size);
		if (ret < 0)
			bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "type '%s': %s", BPFL_ESC(text),
				       bpfl_errno_text(-ret));
		else
			ret = bpfl_btf_read(bytes, size, NULL, ret_btf, err);
	}
	if (ret == 0)
		*ret_type_id = type.id;
	free(bytes);
	bpfl_btf_builder_destroy(p.builder);
	bpfl_error_clear(&own_err);
	return ret;
}
