/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/hist.c: the histograms of a map as bars.
 *
 *     latency[bash]: 21 in all, us
 *     [2, 4)     5 |############                |
 *     [4, 8)    12 |############################|
 *     [8, 16)    4 |#########                   |
 *
 * What a map counts is found out by hist_shape.c. Here the counts of all CPUs are added up and collected, one
 * histogram for each group: the fields of the key that are not the slot. The one that counts most comes first.
 * A row says which values it stands for; its last slot usually takes everything above, so that one has no upper end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"
#include "base/text.h"
#include "event/hist.h"
#include "event/stack.h"

#define SLOTS_MAX 65536u
#define WIDTH_DEFAULT 80u
#define BAR_LEAST 8u

struct hist {
	uint8_t *group; /* of KEYS: the key with its slot zeroed; else the key; owned */
	char *title, *json; /* words for the group: "[bash]", and as JSON; "" for none; owned */
	uint64_t *counts;
	size_t nr; /* of counts */
	uint64_t total;
};

struct reading {
	const struct bpfl_map *map;
	struct bpfl_hist_shape shape;
	struct bpfl_side key, value;
	struct bpfl_stacks *stacks; /* borrowed; NULL: stack ids stay numbers */
	struct bpfl_stack_fields key_stacks;
	const char *time_json; /* borrowed, or NULL */
	uint8_t *sum, *group;
	BPFL_VEC(struct hist) hists;
	struct bpfl_hash by_group;
	struct bpfl_error *err;
};

/* ---- groups ---- */

static struct bpfl_field_ctx key_ctx(struct reading *reading, const uint8_t *key)
{
	return (struct bpfl_field_ctx){ .layout = &reading->key.layout, .data = key, .size = reading->key.size,
					.scratch = &reading->key.scratch };
}

/* The fields of a key in words: "pid=12,comm=bash", or the only one's value. skip: one that is left out. 0 or -ENOMEM. */
static int fields_text(struct reading *reading, size_t skip, const uint8_t *bytes, struct bpfl_buf *out)
{
	struct bpfl_side *side = &reading->key;
	bool is_single = bpfl_side_nr_fields(side) - (skip != SIZE_MAX) == 1;
	struct bpfl_field_ctx ctx = key_ctx(reading, bytes);
	const char *separator = "";
	int ret = 0;

	for (size_t i = 0; i < bpfl_side_nr_fields(side) && ret == 0; i++) {
		const struct bpfl_stack_field *stack = bpfl_stack_fields_at(&reading->key_stacks, (uint32_t)i);

		if (i == skip)
			continue;
		bpfl_buf_text(out, separator);
		if (!is_single)
			bpfl_buf_printf(out, "%s=", bpfl_side_field_name(side, i));
		if (stack)
			ret = bpfl_stacks_put_name(reading->stacks, stack, &ctx,
						   bpfl_stack_pid(&reading->key_stacks, &ctx), out);
		else
			bpfl_side_put(side, i, bytes, BPFL_STYLE_CELL, out);
		separator = ",";
	}
	return ret;
}

static void fields_json(struct bpfl_side *side, size_t skip, const uint8_t *bytes, struct bpfl_buf *out)
{
	const char *separator = "";

	bpfl_buf_char(out, '{');
	for (size_t i = 0; i < bpfl_side_nr_fields(side); i++) {
		if (i == skip)
			continue;
		bpfl_buf_text(out, separator);
		bpfl_put_text(out, bpfl_side_field_name(side, i), strlen(bpfl_side_field_name(side, i)),
			      BPFL_STYLE_JSON);
		bpfl_buf_char(out, ':');
		bpfl_side_put(side, i, bytes, BPFL_STYLE_JSON, out);
		separator = ",";
	}
	bpfl_buf_char(out, '}');
}

/* Strings that stand beside the slots say what they are of: struct hist { u32 slots[27]; char comm[16]; }. */
static void names_beside(struct reading *reading, const uint8_t *value, struct bpfl_buf *title)
{
	struct bpfl_side *side = &reading->value;

	for (size_t i = 0; i < side->layout.fields.nr; i++) {
		const struct bpfl_field *field = &side->layout.fields.items[i];

		if (field->form != BPFL_FORM_STRING || !value[field->byte_off])
			continue;
		bpfl_buf_printf(title, " %s=", field->name);
		bpfl_side_put(side, i, value, BPFL_STYLE_CELL, title);
	}
}

static bool is_keyed(const struct reading *reading)
{
	const struct bpfl_map *map = reading->map;

	switch (reading->shape.kind) {
	case BPFL_HIST_ELEMENTS:
		return false;
	case BPFL_HIST_VALUES:
		return map->max_entries != 1 && map->key_size > 0;
	case BPFL_HIST_KEYS:
		return bpfl_side_nr_fields(&reading->key) > 1;
	}
	return false;
}

static int group_name(struct reading *reading, struct hist *hist, const uint8_t *value)
{
	size_t skip = reading->shape.kind == BPFL_HIST_KEYS ? reading->shape.slot_field : SIZE_MAX;
	struct bpfl_buf title = BPFL_BUF_INIT, json = BPFL_BUF_INIT;
	int ret = 0;

	if (is_keyed(reading)) {
		bpfl_buf_char(&title, '[');
		ret = fields_text(reading, skip, hist->group, &title);
		bpfl_buf_char(&title, ']');
		fields_json(&reading->key, skip, hist->group, &json);
	}
	if (bpfl_map_is_section(reading->map))
		bpfl_buf_printf(&title, ".%s", BPFL_ESC(reading->shape.member));
	else if (reading->shape.kind == BPFL_HIST_VALUES)
		names_beside(reading, value, &title);
	bpfl_buf_text(&title, "");
	bpfl_buf_text(&json, "");
	hist->title = bpfl_buf_take(&title);
	hist->json = bpfl_buf_take(&json);
	bpfl_buf_deinit(&title);
	bpfl_buf_deinit(&json);
	return ret == 0 && hist->title && hist->json ? 0 : -ENOMEM;
}

/* The histogram of a group, made when it is new. NULL without memory. */
static struct hist *hist_of(struct reading *reading, const uint8_t *group, size_t size, const uint8_t *value)
{
	struct hist *hist;
	uint32_t idx;

	if (bpfl_hash_get(&reading->by_group, (const char *)group, size, &idx) == 0)
		return &reading->hists.items[idx];
	hist = BPFL_VEC_PUSH(&reading->hists);
	if (!hist)
		return NULL;
	hist->group = calloc(1, size + 1);
	if (!hist->group)
		return NULL;
	memcpy(hist->group, group, size);
	if (group_name(reading, hist, value) < 0 ||
	    bpfl_hash_put(&reading->by_group, (const char *)hist->group, size, (uint32_t)reading->hists.nr - 1) < 0)
		return NULL;
	return hist;
}

/* ---- reading ---- */

static int count_add(struct reading *reading, struct hist *hist, uint64_t slot, uint64_t count)
{
	if (slot >= SLOTS_MAX)
		return bpfl_error_set(reading->err, BPFL_ERR_USAGE, ERANGE,
				      "map '%s': a histogram with a slot %llu: more than %u are not shown",
				      BPFL_ESC(reading->map->name), (unsigned long long)slot, SLOTS_MAX);
	if (slot >= hist->nr) {
		size_t nr = (size_t)slot + 1;
		uint64_t *counts = realloc(hist->counts, nr * sizeof(*counts));

		if (!counts)
			return bpfl_error_nomem(reading->err);
		memset(counts + hist->nr, 0, (nr - hist->nr) * sizeof(*counts));
		hist->counts = counts;
		hist->nr = nr;
	}
	hist->counts[slot] += count;
	hist->total += count;
	return 0;
}

static int values_add(struct reading *reading, const uint8_t *key, const uint8_t *value)
{
	const struct bpfl_hist_shape *shape = &reading->shape;
	struct hist *hist = hist_of(reading, key, reading->map->key_size, value);
	int ret = hist ? 0 : bpfl_error_nomem(reading->err);

	for (uint32_t i = 0; i < shape->nr_counts && ret == 0; i++) {
		uint64_t count = 0;

		bpfl_bytes_number(value + shape->byte_off + (size_t)i * shape->count_size, shape->count_size, &count);
		ret = count_add(reading, hist, i, count);
	}
	return ret;
}

static int number_add(struct reading *reading, const uint8_t *key, const uint8_t *value)
{
	const struct bpfl_hist_shape *shape = &reading->shape;
	size_t group_size = reading->map->key_size;
	uint64_t count = 0, slot = 0;
	struct hist *hist;
	bool is_signed;

	bpfl_bytes_number(value + shape->byte_off, shape->count_size, &count);
	memset(reading->group, 0, group_size);
	if (shape->kind == BPFL_HIST_ELEMENTS) {
		uint32_t index;

		memcpy(&index, key, sizeof(index));
		slot = index;
	} else {
		const struct bpfl_layout *layout = &reading->key.layout;

		bpfl_side_number(&reading->key, shape->slot_field, key, &slot, &is_signed);
		if (layout->fields.nr > 1) {
			const struct bpfl_field *field = &layout->fields.items[shape->slot_field];

			memcpy(reading->group, key, group_size);
			memset(reading->group + field->byte_off, 0, field->size);
		}
	}
	hist = hist_of(reading, reading->group, group_size, value);
	return hist ? count_add(reading, hist, slot, count) : bpfl_error_nomem(reading->err);
}

static int element_add(void *ctx, const void *key, const void *value)
{
	struct reading *reading = ctx;
	int ret = bpfl_map_sum(reading->map, value, reading->sum, reading->err);

	if (ret < 0)
		return ret;
	return reading->shape.kind == BPFL_HIST_VALUES ? values_add(reading, key, reading->sum) :
							 number_add(reading, key, reading->sum);
}

static int compare_hists(const void *left, const void *right)
{
	const struct hist *a = left, *b = right;

	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	return strcmp(a->title, b->title);
}

/* ---- text ---- */

/* The first value of a slot. False: beyond 64 bits. */
static bool slot_from(const struct bpfl_hist_shape *shape, size_t slot, uint64_t *ret)
{
	if (shape->is_linear)
		return !__builtin_mul_overflow((uint64_t)slot, shape->step, ret);
	if (slot > 63)
		return false;
	*ret = slot == 0 ? 0 : 1ull << slot;
	return true;
}

/* 1024 -> "1K": only where nothing is lost. */
static char *short_number(uint64_t value, char out[24])
{
	static const char suffixes[] = "\0KMGTPE";
	size_t i = 0;

	while (value >= 1024 && value % 1024 == 0) {
		value /= 1024;
		i++;
	}
	snprintf(out, 24, "%llu%.1s", (unsigned long long)value, &suffixes[i]);
	return out;
}

static void slot_label(const struct hist *hist, const struct bpfl_hist_shape *shape, size_t slot, char out[64])
{
	uint64_t from, below;
	char left[24], right[24];

	if (!slot_from(shape, slot, &from))
		snprintf(out, 64, "slot %zu", slot);
	else if (slot + 1 == hist->nr || !slot_from(shape, slot + 1, &below))
		snprintf(out, 64, "[%s, ...)", short_number(from, left));
	else if (shape->is_linear && shape->step == 1)
		snprintf(out, 64, "%llu", (unsigned long long)from);
	else
		snprintf(out, 64, "[%s, %s)", short_number(from, left), short_number(below, right));
}

/* From the first slot that counted to the last. False: none did. */
static bool bounds(const struct hist *hist, size_t *ret_first, size_t *ret_end)
{
	size_t first = 0, end = hist->nr;

	while (first < end && hist->counts[first] == 0)
		first++;
	while (end > first && hist->counts[end - 1] == 0)
		end--;
	*ret_first = first;
	*ret_end = end;
	return first < end;
}

static void bar(struct bpfl_buf *out, uint64_t count, uint64_t largest, size_t width)
{
	size_t used = (size_t)((double)count / (double)largest * (double)width + 0.5);

	bpfl_buf_char(out, '|');
	for (size_t i = 0; i < width; i++)
		bpfl_buf_char(out, i < used ? '#' : ' ');
	bpfl_buf_text(out, "|\n");
}

static void hist_text(const struct reading *reading, const struct hist *hist, unsigned width, struct bpfl_buf *out)
{
	const struct bpfl_hist_shape *shape = &reading->shape;
	size_t first, end, label_width = 0, bar_width, used;
	uint64_t largest = 0;
	int count_width;
	char label[64];

	bpfl_buf_printf(out, "%s%s: %llu in all%s%s\n", BPFL_ESC(reading->map->name), hist->title,
			(unsigned long long)hist->total, shape->unit[0] ? ", " : "",
			shape->unit[0] ? BPFL_ESC(shape->unit) : "");
	if (!bounds(hist, &first, &end))
		return;
	for (size_t i = first; i < end; i++) {
		slot_label(hist, shape, i, label);
		label_width = strlen(label) > label_width ? strlen(label) : label_width;
		largest = hist->counts[i] > largest ? hist->counts[i] : largest;
	}
	count_width = snprintf(NULL, 0, "%llu", (unsigned long long)largest);
	used = label_width + 2 + (size_t)count_width + 1 + 2;
	bar_width = width > used + BAR_LEAST ? width - used : BAR_LEAST;
	for (size_t i = first; i < end; i++) {
		slot_label(hist, shape, i, label);
		bpfl_buf_printf(out, "%-*s  %*llu ", (int)label_width, label, count_width,
				(unsigned long long)hist->counts[i]);
		bar(out, hist->counts[i], largest, bar_width);
	}
}

static int hist_json(struct reading *reading, const struct hist *hist, struct bpfl_buf *out)
{
	struct bpfl_field_ctx ctx = key_ctx(reading, hist->group);
	const struct bpfl_hist_shape *shape = &reading->shape;
	size_t first, end;
	struct bpfl_json json;
	uint64_t bound;
	int ret = 0;

	bpfl_map_json_begin(reading->map, "hist", reading->time_json, &json, out);
	if (bpfl_map_is_section(reading->map))
		bpfl_json_member_string(&json, "variable", shape->member);
	if (hist->json[0]) {
		bpfl_json_key(&json, "key");
		bpfl_json_number(&json, hist->json); /* made by our writer */
	}
	if (hist->json[0] && reading->key_stacks.nr > 0) {
		bpfl_json_key(&json, "stacks");
		bpfl_json_object_begin(&json);
		ret = bpfl_stacks_put_json(reading->stacks, &reading->key_stacks, &ctx,
					   bpfl_stack_pid(&reading->key_stacks, &ctx), &json);
		bpfl_json_object_end(&json);
	}
	bpfl_json_member_string(&json, "scale", shape->is_linear ? "linear" : "log2");
	if (shape->unit[0]) {
		bpfl_json_member_string(&json, "unit", shape->unit);
	}
	bpfl_json_member_u64(&json, "total", hist->total);
	bpfl_json_key(&json, "slots");
	bpfl_json_array_begin(&json);
	bounds(hist, &first, &end);
	for (size_t i = first; i < end; i++) {
		bpfl_json_object_begin(&json);
		if (slot_from(shape, i, &bound)) {
			bpfl_json_member_u64(&json, "from", bound);
		}
		if (i + 1 < hist->nr && slot_from(shape, i + 1, &bound)) {
			bpfl_json_member_u64(&json, "below", bound);
		}
		bpfl_json_member_u64(&json, "count", hist->counts[i]);
		bpfl_json_object_end(&json);
	}
	bpfl_json_array_end(&json);
	bpfl_map_json_end(&json);
	return ret;
}

/* ---- the whole ---- */

static void reading_deinit(struct reading *reading)
{
	bpfl_hash_deinit(&reading->by_group);
	for (size_t i = 0; i < reading->hists.nr; i++) {
		struct hist *hist = &reading->hists.items[i];

		free(hist->group);
		free(hist->title);
		free(hist->json);
		free(hist->counts);
	}
	free(reading->hists.items);
	free(reading->sum);
	free(reading->group);
	bpfl_side_deinit(&reading->key);
	bpfl_side_deinit(&reading->value);
}

static int reading_init(struct reading *reading, const struct bpfl_map *map, const struct bpfl_view_opts *opts,
			struct bpfl_error *err)
{
	const char *why;
	int ret;

	*reading = (struct reading){ .map = map, .err = err };
	if (map->key_size == 0 || bpfl_map_how(map, &why) != BPFL_READ_KEYS)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s': maps of this type hold no histograms",
				      BPFL_ESC(map->name));
	ret = bpfl_side_init_key(&reading->key, map, err);
	if (ret == 0)
		ret = bpfl_side_init_value(&reading->value, map, err);
	if (ret == 0)
		ret = bpfl_hist_shape_find(&reading->shape, map, &reading->key, opts ? opts->words : NULL, err);
	if (ret < 0)
		return ret;
	reading->stacks = opts ? opts->stacks : NULL;
	reading->time_json = opts ? opts->time_json : NULL;
	if (reading->stacks)
		bpfl_stack_fields_find(&reading->key_stacks, &reading->key.layout, opts->forms, opts->nr_forms,
				       reading->stacks->maps.nr > 0);
	reading->sum = calloc(1, (size_t)map->value_size + 8);
	reading->group = calloc(1, (size_t)map->key_size + 1);
	return reading->sum && reading->group ? 0 : bpfl_error_nomem(err);
}

/* Of keyed ones only those that counted. */
static int hists_put(struct reading *reading, const struct bpfl_view_opts *opts, struct bpfl_buf *out)
{
	unsigned width = opts && opts->width ? opts->width : WIDTH_DEFAULT;
	int ret = 0;

	if (reading->hists.nr == 0 && !(opts && opts->format == BPFL_FORMAT_JSON))
		bpfl_buf_printf(out, "%s: 0 in all\n", BPFL_ESC(reading->map->name));
	for (size_t i = 0; i < reading->hists.nr && ret == 0; i++) {
		const struct hist *hist = &reading->hists.items[i];

		if (hist->total == 0 && i > 0)
			break;
		if (opts && opts->format == BPFL_FORMAT_JSON)
			ret = hist_json(reading, hist, out);
		else
			hist_text(reading, hist, width, out);
	}
	return ret;
}

int bpfl_map_hist_text(const struct bpfl_map *map, const struct bpfl_view_opts *opts, char **ret_text,
		       struct bpfl_error *err)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	struct reading reading;
	char *text;
	int ret = reading_init(&reading, map, opts, err);

	if (ret == 0)
		ret = bpfl_map_each(map, 0, element_add, &reading, err);
	if (ret >= 0) {
		if (reading.hists.nr > 1)
			qsort(reading.hists.items, reading.hists.nr, sizeof(*reading.hists.items), compare_hists);
		ret = hists_put(&reading, opts, &out);
		bpfl_buf_text(&out, "");
		text = ret < 0 ? NULL : bpfl_buf_take(&out);
		ret = text ? 0 : bpfl_error_nomem(err);
		if (text)
			*ret_text = text;
	}
	bpfl_buf_deinit(&out);
	reading_deinit(&reading);
	return ret;
}
