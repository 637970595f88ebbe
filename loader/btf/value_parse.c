/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/value_parse.c: a text -> the bytes of a typed variable. The grammar:
 *
 *     value  = "{" [ name "=" value { "," name "=" value } ] "}"      struct, union
 *            | "[" [ value { "," value } [ ",..." ] ] "]"             array; ...: and so on, zeroes
 *            | '"' text '"'                                           array of char
 *            | word                                                   everything else
 *
 * where a word ends at a comma or bracket inside of brackets and otherwise takes all that is left, so that a
 * string needs no quotes on the command line. As with initialisers in C, what a list does not name becomes
 * zero. The bytes are only changed when all of the text was good.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/text.h"
#include "btf/bits.h"
#include "btf/own.h"
#include "btf/value.h"

#define WORD_SIZE 128

/* ---- values ---- */

struct parser {
	const struct bpfl_btf *btf;
	const char *name; /* of the variable or member that is set, for _ns; may be NULL */
	const char *text; /* all of it, for columns */
	const char *at;	  /* what comes next */
	uint8_t *bytes;
	size_t size;
	struct bpfl_error *err;
};

#define BAD(errnum, ...) bpfl_error_set(parser->err, BPFL_ERR_USAGE, errnum, __VA_ARGS__)

typedef int (*parse_fn)(struct parser *parser, const struct bpfl_btf_place *place, const struct bpfl_btf_type *type,
			int depth);

static void skip_space(struct parser *parser)
{
	parser->at += strspn(parser->at, " \t");
}

/* The next word, without spaces around it: all of the text outside of brackets. */
static int take_word(struct parser *parser, int depth, char word[WORD_SIZE])
{
	size_t len;

	skip_space(parser);
	len = depth == 0 ? strlen(parser->at) : strcspn(parser->at, ",]}");
	if (len >= WORD_SIZE)
		return BAD(EINVAL, "word of %zu characters (at most %d)", len, WORD_SIZE - 1);
	memcpy(word, parser->at, len);
	parser->at += len;
	while (len > 0 && (word[len - 1] == ' ' || word[len - 1] == '\t'))
		len--;
	word[len] = '\0';
	return len > 0 ? 0 : BAD(EINVAL, "no value at column %td", parser->at - parser->text + 1);
}

static int store(struct parser *parser, const struct bpfl_btf_place *place, uint64_t bit_off, uint32_t bit_size,
		 struct bpfl_btf_bits value)
{
	if (!bpfl_in_range(place->byte_off, (bit_off + bit_size + 7) / 8, parser->size))
		return BAD(ERANGE, "byte %u lies behind the %zu bytes of the variable", place->byte_off, parser->size);
	bpfl_btf_bits_store(parser->bytes + place->byte_off, bit_off, bit_size, BPFL_BTF_BIG_ENDIAN, value);
	return 0;
}

/* One byte of a literal, an escape resolved. 0 at its end. -EINVAL for an escape that does not exist. */
static int take_char(struct parser *parser, char quote, char *ret_char)
{
	static const char escapes[] = "n\nt\tr\r\\\\\"\"''0\0";
	const char *at = parser->at;

	if (*at == '\0')
		return BAD(EINVAL, "no closing %c", quote);
	if (*at == quote) {
		parser->at++;
		return 0;
	}
	if (*at != '\\') {
		*ret_char = *at;
		parser->at++;
		return 1;
	}
	if (at[1] == 'x' && strspn(at + 2, "0123456789abcdefABCDEF") >= 2) {
		*ret_char = (char)strtoul((char[]){ at[2], at[3], '\0' }, NULL, 16);
		parser->at += 4;
		return 1;
	}
	for (size_t i = 0; i + 1 < sizeof(escapes); i += 2) {
		if (at[1] == escapes[i] && at[1] != '\0') {
			*ret_char = escapes[i + 1];
			parser->at += 2;
			return 1;
		}
	}
	return BAD(EINVAL, "unknown escape '\\%c' at column %td", at[1] != '\0' ? at[1] : '?', at - parser->text + 1);
}

/* ---- numbers ---- */

static int out_of_range(struct parser *parser, const struct bpfl_btf_place *place, const char *word, uint32_t bit_size,
			bool is_signed)
{
	char text[256], range[64];
	uint64_t max = bit_size >= 64 ? UINT64_MAX : (1ull << bit_size) - 1;

	if (bit_size > 64 && is_signed)
		snprintf(range, sizeof(range), "-2^%u to 2^%u-1", bit_size - 1, bit_size - 1);
	else if (bit_size > 64)
		snprintf(range, sizeof(range), "0 to 2^%u-1", bit_size);
	else if (is_signed)
		snprintf(range, sizeof(range), "%" PRId64 " to %" PRId64, -(int64_t)(max / 2) - 1, (int64_t)(max / 2));
	else
		snprintf(range, sizeof(range), "0 to %" PRIu64, max);
	return BAD(ERANGE, "%s does not fit into '%s' of %u bits (%s)", BPFL_ESC(word),
		   bpfl_btf_type_text(parser->btf, place->type_id, text, sizeof(text)), bit_size, range);
}

/* A number of up to 128 bits, a negative one in two's complement. -EINVAL not a number, -ERANGE too large. */
static int word_to_bits(const char *word, struct bpfl_btf_bits *ret_value, bool *ret_is_negative)
{
	struct bpfl_btf_bits value = { 0, 0 };
	bool has_minus = word[0] == '-';
	int ret = bpfl_text_to_u128(has_minus || word[0] == '+' ? word + 1 : word, &value.lo, &value.hi);

	if (ret < 0)
		return ret;
	*ret_is_negative = has_minus && (value.lo | value.hi) != 0;
	if (*ret_is_negative) {
		value.lo = 0 - value.lo;
		value.hi = ~value.hi + (value.lo == 0);
	}
	*ret_value = value;
	return 0;
}

/*
 * Unsigned numbers have no bit above their size; signed ones have their sign in all of those, and in their
 * own highest bit.
 */
static bool fits(struct bpfl_btf_bits value, bool is_negative, uint32_t bit_size, bool is_signed)
{
	uint32_t nr_free = is_signed ? bit_size - 1 : bit_size;
	uint64_t fill = is_negative ? UINT64_MAX : 0;

	if (is_negative && !is_signed)
		return false;
	value.lo ^= fill;
	value.hi ^= fill;
	if (nr_free >= 64)
		return nr_free >= 128 || value.hi >> (nr_free - 64) == 0;
	return value.hi == 0 && value.lo >> nr_free == 0;
}

/* "10s" for a variable that counts nanoseconds. */
static bool word_is_duration(const struct parser *parser, const char *word, struct bpfl_btf_bits *ret_value)
{
	size_t len = parser->name != NULL ? strlen(parser->name) : 0;

	ret_value->hi = 0;
	return len > 3 && strcmp(parser->name + len - 3, "_ns") == 0 && bpfl_text_to_ns(word, &ret_value->lo) == 0;
}

static int store_number(struct parser *parser, const struct bpfl_btf_place *place, const char *word, uint64_t bit_off,
			uint32_t bit_size, bool is_signed)
{
	struct bpfl_btf_bits value = { 0, 0 };
	bool is_negative = false;
	char text[256];
	int ret = word_to_bits(word, &value, &is_negative);

	if (ret == -EINVAL && word_is_duration(parser, word, &value))
		ret = 0;
	if (ret == -EINVAL)
		return BAD(EINVAL, "'%s' is not a number, as '%s' needs", BPFL_ESC(word),
			   bpfl_btf_type_text(parser->btf, place->type_id, text, sizeof(text)));
	if (ret == -ERANGE || !fits(value, is_negative, bit_size, is_signed))
		return out_of_range(parser, place, word, bit_size, is_signed);
	return store(parser, place, bit_off, bit_size, value);
}

static int parse_char_literal(struct parser *parser, const struct bpfl_btf_place *place)
{
	struct bpfl_btf_bits value = { 0, 0 };
	char c = '\0';
	char end;
	int ret;

	parser->at++;
	ret = take_char(parser, '\'', &c);
	if (ret == 0)
		return BAD(EINVAL, "empty character literal");
	if (ret > 0)
		ret = take_char(parser, '\'', &end);
	if (ret > 0)
		return BAD(EINVAL, "more than one character between quotes");
	if (ret < 0)
		return ret;
	value.lo = (unsigned char)c;
	return store(parser, place, 0, 8, value);
}

static int parse_int(struct parser *parser, const struct bpfl_btf_place *place, const struct bpfl_btf_type *type,
		     int depth)
{
	uint64_t bit_off = place->bit_off;
	uint32_t bit_size = place->bit_size;
	uint32_t encoding = bpfl_btf_int_encoding(type);
	char word[WORD_SIZE];
	char text[256];
	int ret;

	skip_space(parser);
	bpfl_btf_int_place(type, &bit_off, &bit_size);
	if (*parser->at == '\'' && bit_size == 8 && bit_off == 0)
		return parse_char_literal(parser, place);
	ret = take_word(parser, depth, word);
	if (ret < 0)
		return ret;
	if (encoding & BPFL_INT_BOOL) {
		bool is_true = strcmp(word, "true") == 0 || strcmp(word, "1") == 0;

		if (!is_true && strcmp(word, "false") != 0 && strcmp(word, "0") != 0)
			return BAD(EINVAL, "'%s' is not true, false, 0 or 1, as '%s' needs", BPFL_ESC(word),
				   bpfl_btf_type_text(parser->btf, place->type_id, text, sizeof(text)));
		return store(parser, place, bit_off, bit_size, (struct bpfl_btf_bits){ is_true, 0 });
	}
	return store_number(parser, place, word, bit_off, bit_size, encoding & BPFL_INT_SIGNED);
}

static int parse_ptr(struct parser *parser, const struct bpfl_btf_place *place, const struct bpfl_btf_type *type,
		     int depth)
{
	char word[WORD_SIZE];
	int ret = take_word(parser, depth, word);

	(void)type;
	return ret < 0 ? ret : store_number(parser, place, word, 0, parser->btf->ptr_size * 8, false);
}

static int parse_float(struct parser *parser, const struct bpfl_btf_place *place, const struct bpfl_btf_type *type,
		       int depth)
{
	char word[WORD_SIZE];
	char text[256];
	char *end;
	bool overflow;
	double wide;
	float narrow;
	int ret = take_word(parser, depth, word);

	if (ret < 0)
		return ret;
	errno = 0;
	wide = strtod(word, &end);
	overflow = errno == ERANGE && isinf(wide);
	if (*end != '\0')
		return BAD(EINVAL, "'%s' is not a number", BPFL_ESC(word));
	if (type->size != sizeof(wide) && type->size != sizeof(narrow))
		return BAD(EOPNOTSUPP, "floating-point numbers of %u bytes cannot be set", type->size);
	if (!bpfl_in_range(place->byte_off, type->size, parser->size))
		return BAD(ERANGE, "byte %u lies behind the %zu bytes of the variable", place->byte_off, parser->size);
	narrow = (float)wide;
	if (overflow || (type->size == sizeof(narrow) && isinf(narrow) && !isinf(wide))) /* "inf" itself is fine */
		return BAD(ERANGE, "%s is too large for '%s' of %u bits", BPFL_ESC(word),
			   bpfl_btf_type_text(parser->btf, place->type_id, text, sizeof(text)), type->size * 8);
	memcpy(parser->bytes + place->byte_off, type->size == sizeof(wide) ? (void *)&wide : (void *)&narrow,
	       type->size);
	return 0;
}

/* By name; otherwise by number, which need not be one of the names. */
static int parse_enum(struct parser *parser, const struct bpfl_btf_place *place, const struct bpfl_btf_type *type,
		      int depth)
{
	bool is_wide = bpfl_btf_kind(type) == BPFL_KIND_ENUM64;
	uint32_t bit_size = place->bit_size != 0 ? place->bit_size : type->size * 8;
	bool is_signed = bpfl_btf_kflag(type);
	struct bpfl_near near;
	char word[WORD_SIZE];
	char text[512];
	int ret = take_word(parser, depth, word);

	if (ret < 0)
		return ret;
	if (bit_size == 0)
		return BAD(EINVAL, "'%s' is declared only",
			   bpfl_btf_type_text(parser->btf, place->type_id, text, sizeof(text)));
	bpfl_near_init(&near, word);
	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		const struct bpfl_btf_enum64 *wide = &bpfl_btf_enums64(type)[i];
		const struct bpfl_btf_enum *narrow = &bpfl_btf_enums(type)[i];
		const char *name = bpfl_btf_string(parser->btf, is_wide ? wide->name_off : narrow->name_off);
		uint64_t value = is_wide ? (uint64_t)wide->value_hi32 << 32 | wide->value_lo32 :
					   (uint64_t)(int64_t)narrow->value;

		if (strcmp(name, word) == 0)
			return store(parser, place, place->bit_off, bit_size, (struct bpfl_btf_bits){ value, 0 });
		bpfl_near_offer(&near, name);
		/* clang before 15 does not flag signed enums */
		is_signed = is_signed || (!is_wide && narrow->value < 0);
	}
	if (strchr("+-0123456789", word[0]) != NULL)
		return store_number(parser, place, word, place->bit_off, bit_size, is_signed);
	ret = BAD(EINVAL, "'%s' is not in '%s'", BPFL_ESC(word),
		  bpfl_btf_type_text(parser->btf, place->type_id, text, sizeof(text)));
	if (bpfl_near_text(&near, text, sizeof(text))[0] != '\0')
		bpfl_error_fix(parser->err, "did you mean %s?", text);
	return ret;
}

/* ---- composites ---- */

static int parse_value(struct parser *parser, const struct bpfl_btf_place *place, int depth);

/* Makes all of a composite zero before its parts are set. */
static int clear(struct parser *parser, const struct bpfl_btf_place *place, uint32_t *ret_size)
{
	uint32_t size = 0;

	if (bpfl_btf_size(parser->btf, place->type_id, &size) < 0 ||
	    !bpfl_in_range(place->byte_off, size, parser->size))
		return BAD(ERANGE, "byte %u lies behind the %zu bytes of the variable", place->byte_off, parser->size);
	memset(parser->bytes + place->byte_off, 0, size);
	*ret_size = size;
	return 0;
}

static int expect(struct parser *parser, char c)
{
	skip_space(parser);
	if (*parser->at != c)
		return BAD(EINVAL, "expected '%c' at column %td", c, parser->at - parser->text + 1);
	parser->at++;
	return 0;
}

/* After an element: 1 for a comma, 0 for the closing bracket. */
static int more(struct parser *parser, char close)
{
	skip_space(parser);
	if (*parser->at == ',' || *parser->at == close)
		return *parser->at++ == ',';
	return BAD(EINVAL, "expected ',' or '%c' at column %td", close, parser->at - parser->text + 1);
}

/* "name=value" */
static int parse_member(struct parser *parser, const struct bpfl_btf_place *whole, int depth)
{
	struct bpfl_btf_place place = *whole;
	const char *outer_name = parser->name;
	char name[WORD_SIZE];
	size_t len;
	int ret;

	skip_space(parser);
	len = strcspn(parser->at, "=,}{[ \t");
	if (len == 0 || len >= sizeof(name))
		return BAD(EINVAL, "expected 'member=value' at column %td", parser->at - parser->text + 1);
	memcpy(name, parser->at, len);
	name[len] = '\0';
	ret = bpfl_btf_place_enter(parser->btf, &place, name, len, parser->err);
	parser->at += len;
	if (ret < 0 || (ret = expect(parser, '=')) < 0)
		return ret;
	parser->name = name;
	ret = parse_value(parser, &place, depth + 1);
	parser->name = outer_name;
	if (ret < 0)
		bpfl_error_prefix(parser->err, "member '%s'", BPFL_ESC(name));
	return ret;
}

static int parse_struct(struct parser *parser, const struct bpfl_btf_place *place, const struct bpfl_btf_type *type,
			int depth)
{
	uint32_t size;
	int ret = expect(parser, '{');

	(void)type;
	if (ret < 0 || (ret = clear(parser, place, &size)) < 0)
		return ret;
	skip_space(parser);
	if (*parser->at == '}') {
		parser->at++;
		return 0;
	}
	do {
		ret = parse_member(parser, place, depth);
		if (ret == 0)
			ret = more(parser, '}');
	} while (ret > 0);
	return ret;
}

/*
 * Text up to the closing quote; without quotes, up to the end of the word. A NUL must fit behind it; but in
 * quotes, as C has it and as full arrays are shown, it may fill the array.
 */
static int parse_string(struct parser *parser, const struct bpfl_btf_place *place, int depth)
{
	uint32_t size = 0;
	size_t len = 0;
	char c = '\0';
	int ret = clear(parser, place, &size);
	bool is_quoted;

	if (ret < 0)
		return ret;
	is_quoted = parser->at[strspn(parser->at, " \t")] == '"';
	if (is_quoted) {
		skip_space(parser);
		parser->at++;
		while ((ret = take_char(parser, '"', &c)) > 0) {
			if (len < size)
				parser->bytes[place->byte_off + len] = (uint8_t)c;
			len++;
		}
		if (ret < 0)
			return ret;
	} else {
		len = depth == 0 ? strlen(parser->at) : strcspn(parser->at, ",]}");
		memcpy(parser->bytes + place->byte_off, parser->at, len < size ? len : size);
		parser->at += len;
	}
	if (len + !is_quoted > size)
		return BAD(ERANGE, "text of %zu bytes needs %zu with its NUL, but the array has %u", len, len + 1,
			   size);
	return 0;
}

static int parse_array(struct parser *parser, const struct bpfl_btf_place *place, const struct bpfl_btf_type *type,
		       int depth)
{
	const struct bpfl_btf_array *array = bpfl_btf_array(type);
	struct bpfl_btf_place elem = { .type_id = array->type, .byte_off = place->byte_off };
	uint32_t elem_size = 0;
	uint32_t size;
	int ret;

	if (bpfl_btf_is_char(parser->btf, array->type))
		return parse_string(parser, place, depth);
	if ((ret = expect(parser, '[')) < 0 || (ret = clear(parser, place, &size)) < 0)
		return ret;
	bpfl_btf_size(parser->btf, array->type, &elem_size); /* clear() would have failed */
	skip_space(parser);
	if (*parser->at == ']') {
		parser->at++;
		return 0;
	}
	for (uint32_t i = 0;; i++) {
		skip_space(parser);
		if (i > 0 && strncmp(parser->at, "...", 3) == 0) {
			parser->at += 3;
			return expect(parser, ']');
		}
		if (i >= array->nr_elems)
			return BAD(ERANGE, "more than %u elements", array->nr_elems);
		ret = parse_value(parser, &elem, depth + 1);
		if (ret < 0)
			bpfl_error_prefix(parser->err, "element %u", i);
		if (ret < 0 || (ret = more(parser, ']')) <= 0)
			return ret;
		elem.byte_off += elem_size;
	}
}

static int parse_value(struct parser *parser, const struct bpfl_btf_place *place, int depth)
{
	static const parse_fn by_kind[BPFL_NR_KINDS] = {
		[BPFL_KIND_INT] = parse_int,	   [BPFL_KIND_PTR] = parse_ptr,	    [BPFL_KIND_ARRAY] = parse_array,
		[BPFL_KIND_STRUCT] = parse_struct, [BPFL_KIND_UNION] = parse_struct, [BPFL_KIND_ENUM] = parse_enum,
		[BPFL_KIND_ENUM64] = parse_enum,   [BPFL_KIND_FLOAT] = parse_float,
	};
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(parser->btf, place->type_id, NULL);
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);
	char text[256];

	if (depth > BPFL_BTF_CHAIN_MAX)
		return BAD(E2BIG, "more than %d brackets in one another", BPFL_BTF_CHAIN_MAX);
	if (kind >= BPFL_NR_KINDS || by_kind[kind] == NULL)
		return BAD(EINVAL, "a value of type '%s' cannot be set",
			   bpfl_btf_type_text(parser->btf, place->type_id, text, sizeof(text)));
	return by_kind[kind](parser, place, type, depth);
}

int bpfl_btf_place_set(const struct bpfl_btf *btf, const struct bpfl_btf_place *place, const char *name,
		       const char *text, void *bytes, size_t size, struct bpfl_error *err)
{
	struct parser parser = { btf, name, text, text, bpfl_memdup(bytes, size), size, err };
	struct bpfl_btf_place at = *place;
	int ret;

	if (parser.bytes == NULL)
		return bpfl_error_nomem(err);
	bpfl_btf_place_skip_var(btf, &at);
	ret = parse_value(&parser, &at, 0);
	skip_space(&parser);
	if (ret == 0 && *parser.at != '\0')
		ret = bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' is left over at column %td",
				     BPFL_ESC(parser.at), parser.at - text + 1);
	if (ret == 0)
		memcpy(bytes, parser.bytes, size);
	free(parser.bytes);
	return ret;
}
