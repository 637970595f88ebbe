/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/side.c: key or value of a map as fields. See event/side.h.
 */
#include <errno.h>
#include <string.h>
#include "event/rows.h"
#include "event/side.h"

static int side_init(struct bpfl_side *side, const struct bpfl_map *map, const char *name, uint32_t type_id,
		     size_t size, struct bpfl_error *err)
{
	int ret;

	memset(side, 0, sizeof(*side));
	side->map = map;
	side->name = name;
	side->type_id = type_id;
	side->size = size;
	side->is_prefix = strcmp(name, "key") == 0 && bpfl_map_key_is_prefix(map);
	if (side->is_prefix || !bpfl_map_type_fits(map, type_id, size))
		return 0;
	ret = bpfl_layout_init(&side->layout, map->btf, type_id);
	return ret == -ENOMEM ? bpfl_error_nomem(err) : 0;
}

int bpfl_side_init_key(struct bpfl_side *side, const struct bpfl_map *map, struct bpfl_error *err)
{
	return side_init(side, map, "key", map->key_type_id, map->key_size, err);
}

int bpfl_side_init_value(struct bpfl_side *side, const struct bpfl_map *map, struct bpfl_error *err)
{
	return side_init(side, map, "value", map->value_type_id, map->value_size, err);
}

void bpfl_side_deinit(struct bpfl_side *side)
{
	if (side->layout.fields.items)
		bpfl_layout_deinit(&side->layout);
	bpfl_buf_deinit(&side->scratch);
}

size_t bpfl_side_nr_fields(const struct bpfl_side *side)
{
	if (side->size == 0)
		return 0;
	return side->layout.fields.nr ? side->layout.fields.nr : 1;
}

static const struct bpfl_field *field_of(const struct bpfl_side *side, size_t idx)
{
	return side->layout.fields.nr ? &side->layout.fields.items[idx] : NULL;
}

const char *bpfl_side_field_name(const struct bpfl_side *side, size_t idx)
{
	const struct bpfl_field *field = field_of(side, idx);

	/* What has no name of its own is called "value" by the layout. */
	if (!field || (side->layout.fields.nr == 1 && strcmp(field->name, "value") == 0))
		return side->name;
	return field->name;
}

size_t bpfl_side_find(const struct bpfl_side *side, const char *name)
{
	uint32_t idx = side->layout.fields.nr ? bpfl_layout_find(&side->layout, name) : BPFL_NO_FIELD;

	if (idx != BPFL_NO_FIELD && strcmp(bpfl_side_field_name(side, idx), side->layout.fields.items[idx].name) == 0)
		return idx;
	return bpfl_side_nr_fields(side) == 1 && strcmp(bpfl_side_field_name(side, 0), name) == 0 ? 0 : SIZE_MAX;
}

static struct bpfl_field_ctx ctx_of(const struct bpfl_side *side, const uint8_t *bytes)
{
	return (struct bpfl_field_ctx){ .layout = &side->layout, .data = bytes, .size = side->size,
					.scratch = (struct bpfl_buf *)&side->scratch };
}

void bpfl_side_put(struct bpfl_side *side, size_t idx, const uint8_t *bytes, enum bpfl_style style,
		   struct bpfl_buf *out)
{
	struct bpfl_field_ctx ctx = ctx_of(side, bytes);
	const struct bpfl_field *field = field_of(side, idx);
	struct bpfl_json json;

	if (field && bpfl_field_put(&ctx, field, style, out))
		return;
	if (side->is_prefix) {
		side->scratch.size = 0;
		bpfl_map_put_key(side->map, bytes, &side->scratch);
		if (bpfl_buf_ok(&side->scratch))
			bpfl_put_text(out, side->scratch.data, side->scratch.size, style);
		else
			out->failed = true;
	} else if (style == BPFL_STYLE_JSON) {
		bpfl_json_init(&json, out);
		bpfl_map_put_json(side->map, 0, bytes, side->size, &json);
	} else {
		bpfl_map_put_text(side->map, 0, bytes, side->size, out);
	}
}

bool bpfl_side_number(const struct bpfl_side *side, size_t idx, const uint8_t *bytes, uint64_t *ret_value,
		      bool *ret_signed)
{
	struct bpfl_field_ctx ctx = ctx_of(side, bytes);
	const struct bpfl_field *field = field_of(side, idx);

	*ret_signed = false;
	if (side->is_prefix)
		return false;
	return field ? bpfl_field_number(&ctx, field, ret_value, ret_signed)
		     : bpfl_bytes_number(bytes, side->size, ret_value);
}

bool bpfl_side_is_number(const struct bpfl_side *side, size_t idx)
{
	const struct bpfl_field *field = field_of(side, idx);
	size_t size = side->size;

	if (!field)
		return !side->is_prefix && (size == 1 || size == 2 || size == 4 || size == 8);
	return bpfl_field_is_amount(field);
}
