/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/btf_min_write: copies the types that are marked, in the order of their ids.
 *
 * A reference to a type that is not marked becomes a reference to void: a pointer whose target
 * nobody asked for points to nothing. Names are written anew, each once.
 */
#include "image/btf_min.h"

#include <errno.h>
#include <stdlib.h>
#include "base/text.h"
#include "btf/build.h"

struct writing {
	const struct bpfl_btf_min *min;
	struct bpfl_btf_builder *builder;
	uint32_t *new_ids; /* by old id, 0: not there */
	int result;	   /* the first failure */
};

static uint32_t new_name(struct writing *writing, uint32_t name_off)
{
	int off = bpfl_btf_builder_string_add(writing->builder,
					      bpfl_btf_string(writing->min->btf, name_off));

	if (off < 0) {
		writing->result = off;
		return 0;
	}
	return (uint32_t)off;
}

static uint32_t new_id(const struct writing *writing, uint32_t old_id)
{
	return old_id < bpfl_btf_nr_types(writing->min->btf) ? writing->new_ids[old_id] : 0;
}

/* The members or enumerators that stay, with new names and types. Their number. */
static uint32_t elements_append(struct writing *writing, uint32_t id,
				const struct bpfl_btf_type *type, struct bpfl_buf *out)
{
	const bool *stays = writing->min->members[id];
	bool enum64 = bpfl_btf_kind(type) == BPFL_KIND_ENUM64;
	uint32_t nr = 0;

	for (uint32_t i = 0; stays && i < bpfl_btf_vlen(type); i++) {
		if (!stays[i]) {
			continue;
		}
		nr++;
		if (bpfl_btf_is_composite(bpfl_btf_kind(type))) {
			struct bpfl_btf_member member = bpfl_btf_members(type)[i];

			member.name_off = new_name(writing, member.name_off);
			member.type = new_id(writing, member.type);
			bpfl_buf_append(out, &member, sizeof(member));
		} else if (enum64) {
			struct bpfl_btf_enum64 value = bpfl_btf_enums64(type)[i];

			value.name_off = new_name(writing, value.name_off);
			bpfl_buf_append(out, &value, sizeof(value));
		} else {
			struct bpfl_btf_enum value = bpfl_btf_enums(type)[i];

			value.name_off = new_name(writing, value.name_off);
			bpfl_buf_append(out, &value, sizeof(value));
		}
	}
	return nr;
}

/* What follows the header of the other kinds. */
static void tail_append(struct writing *writing, const struct bpfl_btf_type *type,
			struct bpfl_buf *out)
{
	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_INT: bpfl_buf_append(out, bpfl_btf_extra(type), sizeof(uint32_t)); break;
	case BPFL_KIND_VAR:
		bpfl_buf_append(out, bpfl_btf_extra(type), sizeof(struct bpfl_btf_var));
		break;
	case BPFL_KIND_DECL_TAG:
		bpfl_buf_append(out, bpfl_btf_extra(type), sizeof(struct bpfl_btf_decl_tag));
		break;
	case BPFL_KIND_ARRAY: {
		struct bpfl_btf_array array = *bpfl_btf_array(type);

		array.type = new_id(writing, array.type);
		array.index_type = new_id(writing, array.index_type);
		bpfl_buf_append(out, &array, sizeof(array));
		break;
	}
	case BPFL_KIND_FUNC_PROTO:
		for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
			struct bpfl_btf_param param = bpfl_btf_params(type)[i];

			param.name_off = new_name(writing, param.name_off);
			param.type = new_id(writing, param.type);
			bpfl_buf_append(out, &param, sizeof(param));
		}
		break;
	default: break;
	}
}

static bool refers_by_header(enum bpfl_btf_kind kind)
{
	return kind == BPFL_KIND_PTR || kind == BPFL_KIND_TYPEDEF || kind == BPFL_KIND_VOLATILE ||
	       kind == BPFL_KIND_CONST || kind == BPFL_KIND_RESTRICT || kind == BPFL_KIND_FUNC ||
	       kind == BPFL_KIND_FUNC_PROTO || kind == BPFL_KIND_VAR ||
	       kind == BPFL_KIND_DECL_TAG || kind == BPFL_KIND_TYPE_TAG;
}

static void type_write(struct writing *writing, uint32_t id)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(writing->min->btf, id);
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);
	struct bpfl_buf record = BPFL_BUF_INIT;
	struct bpfl_btf_type header = *type;

	header.name_off = new_name(writing, type->name_off);
	if (refers_by_header(kind)) {
		header.type = new_id(writing, type->type);
	}
	bpfl_buf_append(&record, &header, sizeof(header));
	if (bpfl_btf_is_composite(kind) || bpfl_btf_is_enum(kind)) {
		uint32_t nr = elements_append(writing, id, type, &record);

		if (record.data) {
			((struct bpfl_btf_type *)(void *)record.data)->info =
				(type->info & ~0xffffffu) | nr;
		}
	} else {
		tail_append(writing, type, &record);
	}
	int result = bpfl_buf_ok(&record) ?
			     bpfl_btf_builder_add(writing->builder, record.data, record.size) :
			     -ENOMEM;
	if (result < 0) {
		writing->result = result;
	}
	bpfl_buf_deinit(&record);
}

/* A kind that this file does not know how to copy is never marked: relocations do not lead to it.
 */
static bool is_there(const struct bpfl_btf_min *min, uint32_t id)
{
	return min->depths[id] != BPFL_DEPTH_NONE &&
	       bpfl_btf_kind(bpfl_btf_type(min->btf, id)) != BPFL_KIND_DATASEC &&
	       bpfl_btf_kind(bpfl_btf_type(min->btf, id)) < BPFL_NR_KINDS;
}

static void types_write(struct writing *writing)
{
	static const struct bpfl_btf_type filler = { 0, (uint32_t)BPFL_KIND_CONST << 24, { 0 } };
	const struct bpfl_btf_min *min = writing->min;
	uint32_t nr_types = bpfl_btf_nr_types(min->btf), nr = 1, last = 0;

	for (uint32_t id = 1; id < nr_types; id++) {
		if (is_there(min, id)) {
			writing->new_ids[id] = min->keeps_ids ? id : nr++;
			last = id;
		}
	}
	for (uint32_t id = 1; id <= last && writing->result == 0; id++) {
		if (writing->new_ids[id] != 0) {
			type_write(writing, id);
		} else if (min->keeps_ids &&
			   bpfl_btf_builder_add(writing->builder, &filler, sizeof(filler)) < 0) {
			writing->result = -ENOMEM;
		}
	}
}

int bpfl_btf_min_write(const struct bpfl_btf_min *min, void **ret_bytes, size_t *ret_size,
		       struct bpfl_error *err)
{
	struct writing writing = { .min = min };
	int result;

	writing.new_ids = calloc(bpfl_btf_nr_types(min->btf), sizeof(*writing.new_ids));
	if (!writing.new_ids) {
		free(writing.new_ids);
		return bpfl_error_nomem(err);
	}
	result = bpfl_btf_builder_create_empty(&writing.builder, err);
	if (result == 0) {
		types_write(&writing);
		result = writing.result == 0 ?
				 bpfl_btf_builder_finish(writing.builder, ret_bytes, ret_size) :
				 writing.result;
		if (result == 0 && bpfl_btf_is_foreign(min->btf)) {
			bpfl_btf_blob_swap(*ret_bytes, *ret_size);
		}
		if (result < 0) {
			result = bpfl_error_set(err, BPFL_ERR_SYSTEM, -result, "writing BTF: %s",
						bpfl_errno_text(-result));
		}
	}
	bpfl_btf_builder_destroy(writing.builder);
	free(writing.new_ids);
	return result;
}
