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
#include "btf/build.h"

struct writing {
	const struct bpfl_btf_min *min;
	struct bpfl_btf_builder *builder;
	uint32_t part;	   /* of the kernel or a module: that is written now */
	int result;	   /* the first failure */
};

static const struct bpfl_btf_part *part_now(const struct writing *writing)
{
	return &writing->min->parts.items[writing->part];
}

static uint32_t new_name(struct writing *writing, uint32_t name_off)
{
	int off = bpfl_btf_builder_string_add(writing->builder,
					      bpfl_btf_string(part_now(writing)->btf, name_off));

	if (off < 0) {
		writing->result = off;
		return 0;
	}
	return (uint32_t)off;
}

static uint32_t new_id(const struct writing *writing, uint32_t old_id)
{
	const struct bpfl_btf_part *owner = bpfl_btf_part_of(writing->min, writing->part, old_id);

	return old_id - owner->first_id < owner->nr_own ? owner->new_ids[old_id - owner->first_id] : 0;
}

/* The members or enumerators that stay, with new names and types. Their number. */
static uint32_t elements_append(struct writing *writing, uint32_t id,
				const struct bpfl_btf_type *type, struct bpfl_buf *out)
{
	const bool *stays = part_now(writing)->members[id - part_now(writing)->first_id];
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
	const struct bpfl_btf_type *type = bpfl_btf_type(part_now(writing)->btf, id);
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
static bool is_there(const struct bpfl_btf_part *part, uint32_t id)
{
	enum bpfl_btf_kind kind = bpfl_btf_kind(bpfl_btf_type(part->btf, id));

	return part->depths[id - part->first_id] != BPFL_DEPTH_NONE && kind != BPFL_KIND_DATASEC &&
	       kind < BPFL_NR_KINDS;
}

/* Gives the types that stay their numbers, from *nr on; the kernel's may keep theirs. The last id that stays. */
static uint32_t types_number(struct bpfl_btf_part *part, bool keeps_ids, uint32_t *nr)
{
	uint32_t last = 0, end = part->first_id + part->nr_own;

	for (uint32_t id = part->first_id == 0 ? 1 : part->first_id; id < end; id++) {
		if (is_there(part, id)) {
			*nr = keeps_ids ? id : *nr;
			part->new_ids[id - part->first_id] = (*nr)++;
			last = id;
		}
	}
	return last;
}

static void types_write(struct writing *writing, bool keeps_ids, uint32_t last)
{
	static const struct bpfl_btf_type filler = { 0, (uint32_t)BPFL_KIND_CONST << 24, { 0 } };
	const struct bpfl_btf_part *part = part_now(writing);

	for (uint32_t id = part->first_id == 0 ? 1 : part->first_id; id <= last && writing->result == 0; id++) {
		if (part->new_ids[id - part->first_id] != 0) {
			type_write(writing, id);
		} else if (keeps_ids && bpfl_btf_builder_add(writing->builder, &filler, sizeof(filler)) < 0) {
			writing->result = -ENOMEM;
		}
	}
}

/* The kernel's types, and behind them those of modules, which may refer to the kernel's but not to each other's. */
static void parts_write(struct writing *writing)
{
	const struct bpfl_btf_min *min = writing->min;
	uint32_t nr = 1;

	for (; writing->part < min->parts.nr && writing->result == 0; writing->part++) {
		struct bpfl_btf_part *part = &min->parts.items[writing->part];
		bool keeps_ids = min->keeps_ids && part->module == 0;

		free(part->new_ids);
		part->new_ids = calloc(part->nr_own + 1u, sizeof(*part->new_ids));
		if (part->new_ids) {
			types_write(writing, keeps_ids, types_number(part, keeps_ids, &nr));
		} else {
			writing->result = -ENOMEM;
		}
	}
}

int bpfl_btf_min_write(const struct bpfl_btf_min *min, void **ret_bytes, size_t *ret_size,
		       struct bpfl_error *err)
{
	struct writing writing = { .min = min };
	int result = bpfl_btf_builder_create_empty(&writing.builder, err);
	if (result == 0) {
		parts_write(&writing);
		result = writing.result == 0 ?
				 bpfl_btf_builder_finish(writing.builder, ret_bytes, ret_size) :
				 writing.result;
		if (result == 0 && bpfl_btf_is_foreign(min->parts.items[0].btf)) {
			bpfl_btf_blob_swap(*ret_bytes, *ret_size);
		}
		if (result < 0) {
			result = bpfl_error_set(err, BPFL_ERR_SYSTEM, -result, "writing BTF: %s",
						bpfl_errno_text(-result));
		}
	}
	bpfl_btf_builder_destroy(writing.builder);
	return result;
}
