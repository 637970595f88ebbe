/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/record.c: a record as JSON: all of its members as they nest, or chosen ones side by side.
 */
#include "event/field.h"

#include <string.h>

bool bpfl_record_members(const struct bpfl_field_ctx *ctx, struct bpfl_buf *out)
{
	bool comma = false, cut = false;

	for (size_t i = 0; i < ctx->layout->steps.nr; i++) {
		const struct bpfl_step *step = &ctx->layout->steps.items[i];
		size_t start = out->size;

		if (step->kind == BPFL_STEP_CLOSE) {
			bpfl_buf_char(out, '}');
			comma = true;
			continue;
		}
		if (comma)
			bpfl_buf_char(out, ',');
		bpfl_buf_text(out, step->key);
		if (step->kind == BPFL_STEP_OPEN) {
			bpfl_buf_char(out, '{');
			comma = false;
		} else if (bpfl_field_put(ctx, &ctx->layout->fields.items[step->field_idx], BPFL_STYLE_JSON, out)) {
			comma = true;
			cut = cut || bpfl_field_is_cut(ctx, &ctx->layout->fields.items[step->field_idx]);
		} else {
			if (!out->failed)
				out->size = start;
			cut = true;
		}
	}
	return cut;
}

bool bpfl_record_json(const struct bpfl_field_ctx *ctx, struct bpfl_buf *out)
{
	bool cut;

	bpfl_buf_char(out, '{');
	cut = bpfl_record_members(ctx, out);
	bpfl_buf_char(out, '}');
	return cut;
}

bool bpfl_columns_json(const struct bpfl_field_ctx *ctx, const uint32_t *field_idx, size_t nr, struct bpfl_buf *out)
{
	bool comma = false, cut = false;

	bpfl_buf_char(out, '{');
	for (size_t i = 0; i < nr; i++) {
		const struct bpfl_field *field;
		size_t start = out->size;

		if (field_idx[i] == BPFL_NO_FIELD)
			continue;
		field = &ctx->layout->fields.items[field_idx[i]];
		if (comma)
			bpfl_buf_char(out, ',');
		bpfl_put_text(out, field->name, strlen(field->name), BPFL_STYLE_JSON);
		bpfl_buf_char(out, ':');
		if (bpfl_field_put(ctx, field, BPFL_STYLE_JSON, out)) {
			comma = true;
			cut = cut || bpfl_field_is_cut(ctx, field);
		} else {
			if (!out->failed)
				out->size = start;
			cut = true;
		}
	}
	bpfl_buf_char(out, '}');
	return cut;
}
