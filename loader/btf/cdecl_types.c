/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/cdecl_types.c: records of BTF for types that btf/cdecl.c has read, and where the members of a struct go.
 *
 * Layout is that of BPF programs: pointers and longs of 64 bits, each member at a multiple of its alignment,
 * bit-fields inside a unit of their type. Packed ends all that.
 */
#include "btf/cdecl_types.h"

#include <errno.h>
#include <stdio.h>
#include "base/text.h"

#define PTR_SIZE 8u

/* The first complaint stays. Always false. */
bool bpfl_cdecl_refuse(struct bpfl_cdecl *p, int errnum, const char *at, const char *fmt, ...)
{
	char words[256];
	va_list args;

	if (p->failed)
		return false;
	p->failed = true;
	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	bpfl_error_set(p->err, errnum == ENOMEM ? BPFL_ERR_SYSTEM : BPFL_ERR_USAGE, errnum,
		       "type '%s': at character %zu: %s", BPFL_ESC(p->text), (size_t)(at - p->text) + 1, words);
	return false;
}

uint32_t bpfl_cdecl_info(enum bpfl_btf_kind kind, uint32_t vlen, bool kflag)
{
	return (uint32_t)kflag << 31 | (uint32_t)kind << 24 | vlen;
}

bool bpfl_cdecl_add_record(struct bpfl_cdecl *p, const void *record, size_t size, uint32_t *ret_id)
{
	int id = bpfl_btf_builder_add(p->builder, record, size);

	if (id < 0)
		return bpfl_cdecl_refuse(p, -id, p->at, "%s", bpfl_errno_text(-id));
	*ret_id = (uint32_t)id;
	return true;
}

bool bpfl_cdecl_add_string(struct bpfl_cdecl *p, const char *text, uint32_t *ret_off)
{
	int off = bpfl_btf_builder_string_add(p->builder, text);

	if (off < 0)
		return bpfl_cdecl_refuse(p, -off, p->at, "%s", bpfl_errno_text(-off));
	*ret_off = (uint32_t)off;
	return true;
}

bool bpfl_cdecl_add_int(struct bpfl_cdecl *p, const char *name, uint32_t size, uint32_t encoding,
			struct bpfl_ctype *ret)
{
	uint32_t record[4] = { 0, bpfl_cdecl_info(BPFL_KIND_INT, 0, false), size, encoding << 24 | size * 8 };

	ret->size = ret->align = size;
	return bpfl_cdecl_add_string(p, name, &record[0]) && bpfl_cdecl_add_record(p, record, sizeof(record), &ret->id);
}

bool bpfl_cdecl_add_ptr(struct bpfl_cdecl *p, struct bpfl_ctype *type)
{
	uint32_t record[3] = { 0, bpfl_cdecl_info(BPFL_KIND_PTR, 0, false), type->id };

	type->size = type->align = PTR_SIZE;
	return bpfl_cdecl_add_record(p, record, sizeof(record), &type->id);
}

bool bpfl_cdecl_add_array(struct bpfl_cdecl *p, uint32_t nr_elems, struct bpfl_ctype *type)
{
	struct bpfl_ctype index = { 0, 0, 0 };
	uint32_t record[6] = { 0, bpfl_cdecl_info(BPFL_KIND_ARRAY, 0, false), 0, type->id, 0, nr_elems };

	if (!bpfl_cdecl_add_int(p, "unsigned int", 4, 0, &index))
		return false;
	record[4] = index.id;
	if (__builtin_mul_overflow(type->size, (uint64_t)nr_elems, &type->size) || type->size > INT32_MAX)
		return bpfl_cdecl_refuse(p, E2BIG, p->at, "the array is too large");
	return bpfl_cdecl_add_record(p, record, sizeof(record), &type->id);
}

bool bpfl_cdecl_add_float(struct bpfl_cdecl *p, const char *name, uint32_t size, struct bpfl_ctype *ret)
{
	uint32_t record[3] = { 0, bpfl_cdecl_info(BPFL_KIND_FLOAT, 0, false), size };

	ret->size = ret->align = size;
	return bpfl_cdecl_add_string(p, name, &record[0]) && bpfl_cdecl_add_record(p, record, sizeof(record), &ret->id);
}

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return unit ? (value + unit - 1) / unit * unit : value;
}

/* Where a member goes. A bit-field may not cross a unit of its type, unless packed; one of width 0 closes the unit. */
static void place_member(struct bpfl_cdecl_body *body, const struct bpfl_ctype *type, bool is_field, uint32_t width,
			 uint64_t *ret_off)
{
	uint64_t unit = type->size * 8, align = (uint64_t)type->align * 8;
	uint64_t at = body->is_union ? 0 : body->bit_off;
	uint64_t size = is_field ? width : unit;

	if (is_field && width == 0)
		at = round_up(at, unit);
	else if (!is_field)
		at = round_up(at, body->is_packed ? 8 : align);
	else if (!body->is_packed && unit && at / unit != (at + width - 1) / unit)
		at = round_up(at, unit);
	*ret_off = at;
	if (!body->is_packed && type->align > body->align && !(is_field && width == 0))
		body->align = type->align;
	body->bit_off = at + size;
	if (body->bit_off > body->bit_size)
		body->bit_size = body->bit_off;
}

bool bpfl_cdecl_add_member(struct bpfl_cdecl *p, struct bpfl_cdecl_body *body, const char *name,
			   const struct bpfl_ctype *type, bool is_field, uint32_t width)
{
	struct bpfl_btf_member *member;
	uint8_t *slot;
	uint64_t off;

	place_member(body, type, is_field, width, &off);
	if (is_field && width == 0)
		return true;
	if (off > 0xffffff || body->members.nr == BPFL_CDECL_MEMBERS_MAX)
		return bpfl_cdecl_refuse(p, E2BIG, p->at, "too many or too large members");
	member = BPFL_VEC_PUSH(&body->members);
	slot = BPFL_VEC_PUSH(&body->widths);
	if (!member || !slot)
		return bpfl_cdecl_refuse(p, ENOMEM, p->at, "out of memory");
	member->type = type->id;
	member->offset = (uint32_t)off;
	*slot = (uint8_t)width;
	body->has_fields = body->has_fields || is_field;
	return bpfl_cdecl_add_string(p, name, &member->name_off);
}

bool bpfl_cdecl_finish_body(struct bpfl_cdecl *p, struct bpfl_cdecl_body *body, const char *name,
			    struct bpfl_ctype *ret)
{
	struct bpfl_btf_type head = { 0, 0, { 0 } };
	struct bpfl_buf record = BPFL_BUF_INIT;
	bool ok;

	ret->align = body->align ? body->align : 1;
	ret->size = round_up((body->bit_size + 7) / 8, ret->align);
	head.info = bpfl_cdecl_info(body->is_union ? BPFL_KIND_UNION : BPFL_KIND_STRUCT, (uint32_t)body->members.nr,
				    body->has_fields);
	head.size = (uint32_t)ret->size;
	ok = bpfl_cdecl_add_string(p, name, &head.name_off);
	for (size_t i = 0; i < body->members.nr && body->has_fields; i++)
		body->members.items[i].offset |= (uint32_t)body->widths.items[i] << 24;
	bpfl_buf_append(&record, &head, sizeof(head));
	bpfl_buf_append(&record, body->members.items, body->members.nr * sizeof(body->members.items[0]));
	if (ok && !bpfl_buf_ok(&record))
		ok = bpfl_cdecl_refuse(p, ENOMEM, p->at, "out of memory");
	ok = ok && bpfl_cdecl_add_record(p, record.data, record.size, &ret->id);
	bpfl_buf_deinit(&record);
	return ok;
}
