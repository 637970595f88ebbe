/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/value_print.c: bytes + type -> text or JSON.
 *
 * One walk over the type writes into a sink that knows both forms, so they cannot disagree about what is shown.
 * Members of anonymous structs and unions appear as members of what they are in, as they do in C.
 *
 * Neither the bytes nor the type are trusted: a value may be shorter than its type (the rest is "<cut>"), and a
 * type of a few hundred bytes can describe 2^32 members. So depth, number of values and size of the output are
 * limited; what is left out is marked "<more>". A long tail of zeroes in an array is "0,..." in text.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/text.h"
#include "base/utf8.h"
#include "btf/bits.h"
#include "btf/own.h"
#include "btf/value.h"

#define VALUES_MAX (1u << 20)
#define OUTPUT_MAX (8u << 20) /* bytes */
#define CUT "<cut>"
#define MORE "<more>"
#define REPEATED "..."
#define ZEROES_MIN 8u /* elements: shorter tails are written out */

struct printer {
	const struct bpfl_btf *btf;
	const uint8_t *bytes;
	size_t size;
	struct bpfl_buf *out;
	struct bpfl_json *json; /* NULL: text */
	bool comma_due, after_key; /* text only */
	size_t out_end; /* size of out at which to stop */
	unsigned nr_left; /* values that may still be printed */
};

/* Something to print. */
struct spot {
	uint32_t type_id;
	uint64_t byte_off;
	uint64_t bit_off;  /* from byte_off */
	uint32_t bit_size; /* 0: not a bit-field */
	bool is_tail; /* nothing of the value follows: an array without length takes what is left */
};

typedef void (*print_fn)(struct printer *printer, const struct spot *spot, const struct bpfl_btf_type *type, int depth);

/* ---- sink ---- */

static void item_begin(struct printer *printer)
{
	if (!printer->after_key && printer->comma_due)
		bpfl_buf_char(printer->out, ',');
	printer->after_key = false;
	printer->comma_due = true;
}

static void put_open(struct printer *printer, char bracket)
{
	if (printer->json != NULL && bracket == '{') {
		bpfl_json_object_begin(printer->json);
	} else if (printer->json != NULL) {
		bpfl_json_array_begin(printer->json);
	} else {
		item_begin(printer);
		bpfl_buf_char(printer->out, bracket);
		printer->comma_due = false;
	}
}

static void put_close(struct printer *printer, char bracket)
{
	if (printer->json != NULL && bracket == '}') {
		bpfl_json_object_end(printer->json);
	} else if (printer->json != NULL) {
		bpfl_json_array_end(printer->json);
	} else {
		bpfl_buf_char(printer->out, bracket);
		printer->comma_due = true;
	}
}

static void put_key(struct printer *printer, const char *key)
{
	if (printer->json != NULL) {
		bpfl_json_key(printer->json, key);
		return;
	}
	item_begin(printer);
	bpfl_buf_printf(printer->out, "%s=", BPFL_ESC(key));
	printer->after_key = true;
}

/* A word that is not text of the value: an enumerator, a mark, a hexadecimal number. */
static void put_word(struct printer *printer, const char *word)
{
	if (printer->json != NULL) {
		bpfl_json_string(printer->json, word);
		return;
	}
	item_begin(printer);
	bpfl_buf_text(printer->out, BPFL_ESC(word));
}

static void put_number(struct printer *printer, const char *number)
{
	if (printer->json != NULL)
		bpfl_json_number(printer->json, number);
	else
		put_word(printer, number);
}

static void put_s64(struct printer *printer, int64_t value)
{
	char number[24];

	snprintf(number, sizeof(number), "%" PRId64, value);
	put_number(printer, number);
}

static void put_u64(struct printer *printer, uint64_t value)
{
	char number[24];

	snprintf(number, sizeof(number), "%" PRIu64, value);
	put_number(printer, number);
}

static void put_bool(struct printer *printer, bool value)
{
	put_number(printer, value ? "true" : "false");
}

static void put_hex(struct printer *printer, struct bpfl_btf_bits value)
{
	char number[40];

	if (value.hi != 0)
		snprintf(number, sizeof(number), "0x%" PRIx64 "%016" PRIx64, value.hi, value.lo);
	else
		snprintf(number, sizeof(number), "0x%" PRIx64, value.lo);
	put_word(printer, number);
}

/* One byte of a literal. */
static void put_escaped(struct bpfl_buf *out, unsigned char c, char quote)
{
	if (c == (unsigned char)quote || c == '\\')
		bpfl_buf_printf(out, "\\%c", c);
	else if (c == '\n')
		bpfl_buf_text(out, "\\n");
	else if (c == '\t')
		bpfl_buf_text(out, "\\t");
	else if (c < 0x20 || c >= 0x7f)
		bpfl_buf_printf(out, "\\x%02x", c);
	else
		bpfl_buf_char(out, (char)c);
}

static void put_string(struct printer *printer, const char *text, size_t size)
{
	if (printer->json != NULL) {
		bpfl_json_string_sized(printer->json, text, size);
		return;
	}
	item_begin(printer);
	bpfl_buf_char(printer->out, '"');
	for (size_t i = 0; i < size;) {
		size_t len = bpfl_utf8_printable((const unsigned char *)text + i, size - i);

		if (len > 1)
			bpfl_buf_append(printer->out, text + i, len);
		else
			put_escaped(printer->out, (unsigned char)text[i], '"');
		i += len ? len : 1;
	}
	bpfl_buf_char(printer->out, '"');
}

/* ---- scalars ---- */

static bool is_full(const struct printer *printer)
{
	return printer->nr_left == 0 || printer->out->size >= printer->out_end || printer->out->failed;
}

/* The bits of a spot; false, with a mark printed, when the bytes end before. */
static bool load(struct printer *printer, const struct spot *spot, uint64_t bit_off, uint32_t bit_size,
		 struct bpfl_btf_bits *ret_value)
{
	if (!bpfl_in_range(spot->byte_off, (bit_off + bit_size + 7) / 8, printer->size)) {
		put_word(printer, CUT);
		return false;
	}
	*ret_value = bpfl_btf_bits_load(printer->bytes + spot->byte_off, bit_off, bit_size, BPFL_BTF_BIG_ENDIAN);
	return true;
}

static void print_char(struct printer *printer, char c)
{
	if (printer->json != NULL || c < 0x20 || c >= 0x7f) {
		put_s64(printer, c);
		return;
	}
	item_begin(printer);
	bpfl_buf_char(printer->out, '\'');
	put_escaped(printer->out, (unsigned char)c, '\'');
	bpfl_buf_char(printer->out, '\'');
}

static void print_int(struct printer *printer, const struct spot *spot, const struct bpfl_btf_type *type, int depth)
{
	uint64_t bit_off = spot->bit_off;
	uint32_t bit_size = spot->bit_size;
	uint32_t encoding = bpfl_btf_int_encoding(type);
	struct bpfl_btf_bits value;

	(void)depth;
	bpfl_btf_int_place(type, &bit_off, &bit_size);
	if (!load(printer, spot, bit_off, bit_size, &value))
		return;
	if (encoding & BPFL_INT_BOOL)
		put_bool(printer, (value.lo | value.hi) != 0);
	else if (bit_size > 64)
		put_hex(printer, value);
	else if (bit_size == 8 && bpfl_btf_is_char(printer->btf, spot->type_id))
		print_char(printer, (char)value.lo);
	else if (encoding & BPFL_INT_SIGNED)
		put_s64(printer, bpfl_btf_bits_signed(value.lo, bit_size));
	else
		put_u64(printer, value.lo);
}

static void print_ptr(struct printer *printer, const struct spot *spot, const struct bpfl_btf_type *type, int depth)
{
	struct bpfl_btf_bits value;

	(void)type;
	(void)depth;
	if (load(printer, spot, 0, printer->btf->ptr_size * 8, &value))
		put_hex(printer, value);
}

/* The name of a value that is bit_size wide; NULL when no enumerator has it. */
static const char *enumerator_name(const struct bpfl_btf *btf, const struct bpfl_btf_type *type, uint64_t value,
				   uint32_t bit_size)
{
	uint64_t mask = bit_size >= 64 ? UINT64_MAX : (1ull << bit_size) - 1;

	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		const struct bpfl_btf_enum64 *wide = &bpfl_btf_enums64(type)[i];
		const struct bpfl_btf_enum *narrow = &bpfl_btf_enums(type)[i];

		if (bpfl_btf_kind(type) == BPFL_KIND_ENUM) {
			if ((((uint64_t)(int64_t)narrow->value ^ value) & mask) == 0)
				return bpfl_btf_string(btf, narrow->name_off);
		} else if ((((uint64_t)wide->value_hi32 << 32 | wide->value_lo32) & mask) == value) {
			return bpfl_btf_string(btf, wide->name_off);
		}
	}
	return NULL;
}

static void print_enum(struct printer *printer, const struct spot *spot, const struct bpfl_btf_type *type, int depth)
{
	uint32_t bit_size = spot->bit_size != 0 ? spot->bit_size : type->size * 8;
	struct bpfl_btf_bits value;
	const char *name;

	(void)depth;
	if (bit_size > 64) { /* only in a kernel's BTF, where nobody looked at the size */
		put_word(printer, "?");
		return;
	}
	if (!load(printer, spot, spot->bit_off, bit_size, &value))
		return;
	name = enumerator_name(printer->btf, type, value.lo, bit_size);
	if (name != NULL)
		put_word(printer, name);
	else if (bpfl_btf_kflag(type))
		put_s64(printer, bpfl_btf_bits_signed(value.lo, bit_size));
	else
		put_u64(printer, value.lo);
}

/* The shortest form that reads back as the same number. */
static void put_float(struct printer *printer, double value, bool is_single)
{
	char number[40];

	for (int digits = is_single ? 6 : 15; digits <= 17; digits++) {
		double again;

		snprintf(number, sizeof(number), "%.*g", digits, value);
		again = strtod(number, NULL);
		if (again == value || (is_single && (float)again == (float)value))
			break;
	}
	for (char *c = number; *c != '\0'; c++) {
		if (*c == ',') /* the host program's locale */
			*c = '.';
	}
	if (__builtin_isfinite(value))
		put_number(printer, number);
	else
		put_word(printer, number);
}

static void print_float(struct printer *printer, const struct spot *spot, const struct bpfl_btf_type *type, int depth)
{
	struct bpfl_btf_bits bits;
	double wide;
	float narrow;

	(void)depth;
	if (type->size > 16)
		put_word(printer, "?");
	else if (!bpfl_in_range(spot->byte_off, type->size, printer->size))
		put_word(printer, CUT);
	else if (type->size == sizeof(wide))
		put_float(printer, (memcpy(&wide, printer->bytes + spot->byte_off, sizeof(wide)), wide), false);
	else if (type->size == sizeof(narrow))
		put_float(printer, (double)(memcpy(&narrow, printer->bytes + spot->byte_off, sizeof(narrow)), narrow),
			  true);
	else if (load(printer, spot, 0, type->size * 8, &bits))
		put_hex(printer, bits);
}

/* ---- composites ---- */

static void print_spot(struct printer *printer, const struct spot *spot, int depth);

/* Room ran out inside a composite: say so once and stop. */
static bool stop_here(struct printer *printer, bool in_object)
{
	if (!is_full(printer))
		return false;
	if (in_object && printer->json != NULL)
		bpfl_json_key(printer->json, MORE);
	put_word(printer, MORE);
	return true;
}

static void print_members(struct printer *printer, const struct spot *spot, const struct bpfl_btf_type *type, int depth)
{
	uint32_t nr = bpfl_btf_vlen(type);

	for (uint32_t i = 0; i < nr && !stop_here(printer, true); i++) {
		const struct bpfl_btf_member *member = &bpfl_btf_members(type)[i];
		const struct bpfl_btf_type *target = bpfl_btf_skip_modifiers(printer->btf, member->type, NULL);
		uint32_t bit_off = bpfl_btf_member_bit_off(type, i);
		const char *name = bpfl_btf_string(printer->btf, member->name_off);
		struct spot inner = {
			.type_id = member->type,
			.byte_off = spot->byte_off + bit_off / 8,
			.bit_off = bit_off % 8,
			.bit_size = bpfl_btf_member_bit_size(type, i),
			.is_tail = spot->is_tail && i + 1 == nr,
		};
		enum bpfl_btf_kind kind = bpfl_btf_kind(target);

		if (bpfl_btf_is_kernel_only(printer->btf, member->type))
			continue;
		if (name[0] != '\0') {
			put_key(printer, name);
			print_spot(printer, &inner, depth + 1);
		} else if ((kind == BPFL_KIND_STRUCT || kind == BPFL_KIND_UNION) && depth < BPFL_BTF_CHAIN_MAX) {
			printer->nr_left--;
			print_members(printer, &inner, target, depth + 1);
		} /* else: a bit-field without name is padding */
	}
}

static void print_struct(struct printer *printer, const struct spot *spot, const struct bpfl_btf_type *type, int depth)
{
	put_open(printer, '{');
	print_members(printer, spot, type, depth);
	put_close(printer, '}');
}

static void print_text(struct printer *printer, uint64_t byte_off, uint64_t nr_chars)
{
	const char *text = (const char *)printer->bytes + byte_off;
	uint64_t room = byte_off < printer->size ? printer->size - byte_off : 0;

	if (room == 0 && nr_chars > 0) {
		put_word(printer, CUT);
		return;
	}
	if (nr_chars > room)
		nr_chars = room;
	put_string(printer, text, nr_chars > 0 ? strnlen(text, nr_chars) : 0);
}

/*
 * How many elements of an array are written: all, or the last one that is not zero, and one of the zeroes behind
 * it. For people only, and for arrays whose length the type knows.
 */
static uint64_t nr_written(const struct printer *printer, const struct spot *spot, uint64_t nr, uint32_t elem_size)
{
	const uint8_t *bytes = printer->bytes + spot->byte_off;
	uint64_t end = nr * elem_size, used = end; /* below 2^64: both are of 32 bits */

	if (printer->json || nr < ZEROES_MIN || elem_size == 0 ||
	    !bpfl_in_range(spot->byte_off, end, printer->size))
		return nr;
	while (used > 0 && bytes[used - 1] == 0)
		used--;
	used = (used + elem_size - 1) / elem_size;
	return nr - used >= ZEROES_MIN ? used + 1 : nr;
}

static void print_array(struct printer *printer, const struct spot *spot, const struct bpfl_btf_type *type, int depth)
{
	const struct bpfl_btf_array *array = bpfl_btf_array(type);
	uint64_t nr = array->nr_elems, nr_shown;
	uint32_t elem_size = 0;

	if (bpfl_btf_size(printer->btf, array->type, &elem_size) < 0) {
		put_word(printer, "?");
		return;
	}
	if (nr == 0 && spot->is_tail && elem_size > 0 && spot->byte_off < printer->size)
		nr = (printer->size - spot->byte_off) / elem_size;
	if (bpfl_btf_is_char(printer->btf, array->type)) {
		print_text(printer, spot->byte_off, nr);
		return;
	}
	nr_shown = array->nr_elems ? nr_written(printer, spot, nr, elem_size) : nr;
	put_open(printer, '[');
	for (uint64_t i = 0; i < nr_shown && !stop_here(printer, false); i++) {
		struct spot inner = { .type_id = array->type, .byte_off = spot->byte_off + i * elem_size };

		if (elem_size > 0 && inner.byte_off >= printer->size) {
			put_word(printer, CUT);
			break;
		}
		print_spot(printer, &inner, depth + 1);
	}
	if (nr_shown < nr)
		put_word(printer, REPEATED);
	put_close(printer, ']');
}

static void print_var(struct printer *printer, const struct spot *spot, const struct bpfl_btf_type *type, int depth)
{
	struct spot inner = *spot;

	inner.type_id = type->type;
	print_spot(printer, &inner, depth + 1);
}

static void print_datasec(struct printer *printer, const struct spot *spot, const struct bpfl_btf_type *type, int depth)
{
	put_open(printer, '{');
	for (uint32_t i = 0; i < bpfl_btf_vlen(type) && !stop_here(printer, true); i++) {
		const struct bpfl_btf_datasec_var *var = &bpfl_btf_datasec_vars(type)[i];
		struct spot inner = { .type_id = var->type, .byte_off = spot->byte_off + var->byte_off };

		put_key(printer, bpfl_btf_name(printer->btf, var->type));
		print_spot(printer, &inner, depth + 1);
	}
	put_close(printer, '}');
}

static void print_spot(struct printer *printer, const struct spot *spot, int depth)
{
	static const print_fn by_kind[BPFL_NR_KINDS] = {
		[BPFL_KIND_INT] = print_int,	   [BPFL_KIND_PTR] = print_ptr,	      [BPFL_KIND_ARRAY] = print_array,
		[BPFL_KIND_STRUCT] = print_struct, [BPFL_KIND_UNION] = print_struct,  [BPFL_KIND_ENUM] = print_enum,
		[BPFL_KIND_ENUM64] = print_enum,   [BPFL_KIND_FLOAT] = print_float,   [BPFL_KIND_VAR] = print_var,
		[BPFL_KIND_DATASEC] = print_datasec,
	};
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(printer->btf, spot->type_id, NULL);
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);

	if (depth > BPFL_BTF_CHAIN_MAX || is_full(printer)) {
		put_word(printer, MORE);
		return;
	}
	printer->nr_left--;
	if (kind < BPFL_NR_KINDS && by_kind[kind] != NULL)
		by_kind[kind](printer, spot, type, depth);
	else
		put_word(printer, "?");
}

/* ---- entry ---- */

static int print(const struct bpfl_btf *btf, uint32_t type_id, const void *bytes, size_t size, struct bpfl_buf *out,
		 struct bpfl_json *json)
{
	struct printer printer = {
		.btf = btf,
		.bytes = bytes,
		.size = size,
		.out = out,
		.json = json,
		.out_end = out->size + OUTPUT_MAX,
		.nr_left = VALUES_MAX,
	};
	struct spot root = { .type_id = type_id, .is_tail = true };
	uint32_t type_size;

	if (bpfl_btf_size(btf, type_id, &type_size) == -EINVAL)
		return -EINVAL;
	print_spot(&printer, &root, 0);
	return bpfl_buf_ok(out) ? 0 : -ENOMEM;
}

int bpfl_btf_value_text(const struct bpfl_btf *btf, uint32_t type_id, const void *bytes, size_t size,
			struct bpfl_buf *out)
{
	return print(btf, type_id, bytes, size, out, NULL);
}

int bpfl_btf_value_json(const struct bpfl_btf *btf, uint32_t type_id, const void *bytes, size_t size,
			struct bpfl_json *json)
{
	return print(btf, type_id, bytes, size, json->out, json);
}
