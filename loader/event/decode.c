/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/decode.c: making a decoder. See include/bpfload/decode.h.
 *
 * All the thinking is done here, once: the shape of each map, its layouts, forms, columns and the filter. What
 * a record then costs is in event/decode_text.c.
 */
#include "event/decode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/error.h"
#include "base/text.h"

/* ---- making: types ---- */

static bool has_events(uint32_t map_type)
{
	return map_type == BPFL_MAP_TYPE_RINGBUF || map_type == BPFL_MAP_TYPE_PERF_EVENT_ARRAY;
}

/* "events=struct event" for this map: what stands behind the '='. The last one counts. */
static const char *told_for(const struct bpfl_decoder_opts *opts, const char *map)
{
	const char *told = NULL;
	size_t len = strlen(map);

	for (size_t i = 0; i < opts->nr_events; i++) {
		if (strncmp(opts->events[i], map, len) == 0 && opts->events[i][len] == '=')
			told = opts->events[i] + len + 1;
	}
	return told;
}

/* A type without the name of its map. */
static int refuse_bare(const struct bpfl_spec *spec, const char *told, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' is not MAP=TYPE", BPFL_ESC(told));
	for (size_t m = 0; m < spec->maps.nr; m++) {
		if (has_events(spec->maps.items[m].type))
			bpfl_error_fix(err, "--event '%s=%s'", BPFL_ESC(spec->maps.items[m].name), BPFL_ESC(told));
	}
	return -EINVAL;
}

static int check_told(const struct bpfl_spec *spec, const struct bpfl_decoder_opts *opts, struct bpfl_error *err)
{
	for (size_t i = 0; i < opts->nr_events; i++) {
		const char *equals = strchr(opts->events[i], '=');
		char *name = equals ? bpfl_strndup(opts->events[i], (size_t)(equals - opts->events[i])) : NULL;
		int32_t map_idx = name ? bpfl_spec_map_idx(spec, name) : BPFL_NO_IDX;
		struct bpfl_near near;
		char names[256];

		if (!name)
			return refuse_bare(spec, opts->events[i], err);
		if (map_idx >= 0 && has_events(spec->maps.items[map_idx].type)) {
			free(name);
			continue;
		}
		bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT,
			       map_idx < 0 ? "event type: there is no map '%s'"
					   : "event type: map '%s' is neither a ring buffer nor a perf event array",
			       BPFL_ESC(name));
		bpfl_near_init(&near, name);
		for (size_t m = 0; m < spec->maps.nr; m++) {
			if (has_events(spec->maps.items[m].type))
				bpfl_near_offer(&near, spec->maps.items[m].name);
		}
		if (near.nr > 0)
			bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&near, names, sizeof(names)));
		free(name);
		return -ENOENT;
	}
	return 0;
}

static void note_rule(struct bpfl_decoder *decoder, const struct bpfl_map_views *map)
{
	const char *map_name = decoder->spec->maps.items[map->map_idx].name;
	struct bpfl_buf text = BPFL_BUF_INIT;
	char type_text[128], **note;

	bpfl_buf_printf(&text, "%s: ", BPFL_ESC(map_name));
	if (map->nr_views == 0) {
		bpfl_buf_printf(&text, "unknown type, shown as bytes (rule %d, %s; --event %s=TYPE names one)",
				map->shape.rule, map->shape.why, BPFL_ESC(map_name));
	} else {
		bpfl_buf_text(&text, "decoding as ");
		for (size_t i = 0; i < map->nr_views; i++)
			bpfl_buf_printf(&text, "%s%s", i ? ", " : "",
					bpfl_btf_type_text(map->views[i].layout.btf, map->views[i].layout.type_id,
							   type_text, sizeof(type_text)));
		bpfl_buf_printf(&text, " (rule %d, %s%s)", map->shape.rule, map->shape.why,
				map->shape.rule == BPFL_SHAPE_TOLD ? "" : "; --event overrides");
	}
	note = BPFL_VEC_PUSH(&decoder->notes);
	if (note)
		*note = bpfl_buf_take(&text);
	bpfl_buf_deinit(&text);
}

static int view_init(struct bpfl_view *view, const struct bpfl_shape_case *item, struct bpfl_error *err)
{
	const char *name = bpfl_btf_name(item->btf, item->type_id);
	int ret = bpfl_layout_init(&view->layout, item->btf, item->type_id);

	if (ret == -EINVAL)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "an event cannot be of a type without values");
	if (ret < 0)
		return bpfl_error_nomem(err);
	view->value = item->value;
	bpfl_text_escape(view->name, sizeof(view->name), name, SIZE_MAX);
	return 0;
}

static int map_init(struct bpfl_decoder *decoder, struct bpfl_map_views *map, size_t map_idx,
		    const struct bpfl_decoder_opts *opts, struct bpfl_error *err)
{
	const struct bpfl_map_spec *spec_map = &decoder->spec->maps.items[map_idx];
	int ret;

	map->map_idx = map_idx;
	map->is_padded = spec_map->type == BPFL_MAP_TYPE_PERF_EVENT_ARRAY;
	if (opts->raw) {
		map->shape.rule = BPFL_SHAPE_UNKNOWN;
		return 0;
	}
	ret = bpfl_shape_find(&map->shape, decoder->spec, (uint32_t)map_idx, told_for(opts, spec_map->name), err);
	if (ret < 0)
		return ret;
	map->views = calloc(map->shape.cases.nr + 1, sizeof(*map->views));
	if (!map->views)
		return bpfl_error_nomem(err);
	for (size_t i = 0; i < map->shape.cases.nr && ret == 0; i++) {
		map->nr_views = i + 1;
		ret = view_init(&map->views[i], &map->shape.cases.items[i], err);
		/* One type in this map: the map's name says more than the type's. */
		if (ret == 0 && (!map->views[i].name[0] || map->shape.cases.nr == 1))
			bpfl_text_escape(map->views[i].name, sizeof(map->views[i].name), spec_map->name, SIZE_MAX);
	}
	if (ret == 0)
		note_rule(decoder, map);
	return ret;
}

static int maps_init(struct bpfl_decoder *decoder, const struct bpfl_decoder_opts *opts, struct bpfl_error *err)
{
	size_t nr = decoder->spec->maps.nr;
	int ret = check_told(decoder->spec, opts, err);

	decoder->maps = calloc(nr + 1, sizeof(*decoder->maps));
	if (!decoder->maps)
		return bpfl_error_nomem(err);
	for (size_t i = 0; i < nr && ret == 0; i++) {
		const struct bpfl_map_spec *map = &decoder->spec->maps.items[i];
		struct bpfl_map_usage usage = { .sends = true };

		/* Perf event arrays that nothing is written to are for reading counters. */
		if (map->type == BPFL_MAP_TYPE_PERF_EVENT_ARRAY && map->origin != BPFL_MAP_CALLER)
			bpfl_map_usage_read(decoder->spec, (uint32_t)i, &usage);
		if (has_events(map->type) && (usage.sends || told_for(opts, map->name)))
			ret = map_init(decoder, &decoder->maps[decoder->nr_maps++], i, opts, err);
	}
	return ret;
}

/* ---- making: stacks ---- */

static bool has_stack_maps(const struct bpfl_spec *spec)
{
	for (size_t i = 0; i < spec->maps.nr; i++) {
		if (spec->maps.items[i].type == BPFL_MAP_TYPE_STACK_TRACE)
			return true;
	}
	return false;
}

static void note_stacks(struct bpfl_decoder *decoder, const struct bpfl_map_views *map, const struct bpfl_view *view)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	char **note;

	bpfl_buf_printf(&text, "%s: stacks: ", BPFL_ESC(decoder->spec->maps.items[map->map_idx].name));
	for (size_t i = 0; i < view->stacks.nr; i++)
		bpfl_buf_printf(&text, "%s%s (%s)", i ? ", " : "",
				BPFL_ESC(view->layout.fields.items[view->stacks.items[i].field_idx].name),
				view->stacks.items[i].why);
	note = BPFL_VEC_PUSH(&decoder->notes);
	if (note)
		*note = bpfl_buf_take(&text);
	bpfl_buf_deinit(&text);
}

static void find_stacks(struct bpfl_decoder *decoder, const struct bpfl_decoder_opts *opts)
{
	bool has_ids = has_stack_maps(decoder->spec);

	decoder->stacks = opts->stacks;
	for (size_t i = 0; i < decoder->nr_maps && opts->stacks; i++) {
		for (size_t v = 0; v < decoder->maps[i].nr_views; v++) {
			struct bpfl_view *view = &decoder->maps[i].views[v];

			bpfl_stack_fields_find(&view->stacks, &view->layout, opts->forms, opts->nr_forms, has_ids);
			if (view->stacks.nr > 0)
				note_stacks(decoder, &decoder->maps[i], view);
		}
	}
}

/* Addresses fill no column. */
static bool is_below(const struct bpfl_view *view, size_t field_idx)
{
	for (size_t i = 0; i < view->stacks.nr; i++) {
		if (view->stacks.items[i].field_idx == field_idx && view->stacks.items[i].shape != BPFL_STACK_ID)
			return true;
	}
	return false;
}

/* Calls fn for every view. */
#define EACH_VIEW(decoder, view) \
	for (size_t each_map = 0; each_map < (decoder)->nr_maps; each_map++) \
		for (struct bpfl_view *view = (decoder)->maps[each_map].views; \
		     view && view < (decoder)->maps[each_map].views + (decoder)->maps[each_map].nr_views; view++)

size_t bpfl_decoder_nr_views(const struct bpfl_decoder *decoder)
{
	size_t nr = 0;

	for (size_t i = 0; i < decoder->nr_maps; i++)
		nr += decoder->maps[i].nr_views;
	return nr;
}

/* ---- making: forms, filter, columns ---- */

static int refuse_field(const struct bpfl_decoder *decoder, const char *option, const char *name,
			struct bpfl_error *err)
{
	struct bpfl_near near;
	char names[256];

	bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "%s: no event has a member '%s'", option, BPFL_ESC(name));
	bpfl_near_init(&near, name);
	EACH_VIEW(decoder, view) {
		for (size_t i = 0; i < view->layout.fields.nr; i++)
			bpfl_near_offer(&near, view->layout.fields.items[i].name);
	}
	if (near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&near, names, sizeof(names)));
	else if (bpfl_decoder_nr_views(decoder) == 0)
		bpfl_error_fix(err, "the type of the events is not known: --event MAP=TYPE names it");
	return -ENOENT;
}

/* "saddr=ipv4" */
static int form_apply(struct bpfl_decoder *decoder, const char *text, struct bpfl_error *err)
{
	const char *equals = strchr(text, '=');
	char *name = equals ? bpfl_strndup(text, (size_t)(equals - text)) : NULL;
	enum bpfl_form form = equals ? bpfl_form_find(equals + 1) : BPFL_NR_FORMS;
	int ret = 0;
	unsigned nr = 0;

	if (!equals || form == BPFL_NR_FORMS) {
		ret = bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "--fmt: '%s' is not MEMBER=FORM", BPFL_ESC(text));
		bpfl_error_fix(err, "forms are %s; or --fmt auto", bpfl_form_names());
	} else if (!name) {
		ret = bpfl_error_nomem(err);
	}
	EACH_VIEW(decoder, view) {
		uint32_t idx = ret == 0 ? bpfl_layout_find(&view->layout, name) : BPFL_NO_FIELD;

		if (idx == BPFL_NO_FIELD)
			continue;
		nr++;
		if (bpfl_field_set_form(&view->layout.fields.items[idx], form) < 0)
			ret = bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "--fmt: '%s' has %u bytes: not fit for %s",
					     BPFL_ESC(name), view->layout.fields.items[idx].size, equals + 1);
	}
	if (ret == 0 && nr == 0)
		ret = refuse_field(decoder, "--fmt", name, err);
	free(name);
	return ret;
}

static int forms_apply(struct bpfl_decoder *decoder, const struct bpfl_decoder_opts *opts, struct bpfl_error *err)
{
	int ret = 0;

	for (size_t i = 0; i < opts->nr_forms && ret == 0; i++) {
		const char *equals = strchr(opts->forms[i], '=');

		if (opts->stacks && equals && bpfl_stack_is_form(equals + 1))
			continue; /* find_stacks() has heard it; it may be meant for a map */
		if (strcmp(opts->forms[i], "auto") == 0) {
			EACH_VIEW(decoder, view)
				bpfl_layout_guess_forms(&view->layout);
		} else {
			ret = form_apply(decoder, opts->forms[i], err);
		}
	}
	return ret;
}

static int filter_init(struct bpfl_decoder *decoder, const char *text, struct bpfl_error *err)
{
	unsigned idx = 0, nr_fields;
	int ret = bpfl_filter_parse(text, &decoder->filter, err);

	EACH_VIEW(decoder, view) {
		if (ret < 0)
			return ret;
		view->filter_idx = idx++;
		ret = bpfl_filter_bind(decoder->filter, view->filter_idx, &view->layout, &nr_fields, err);
	}
	if (ret == 0 && bpfl_filter_unknown(decoder->filter))
		ret = refuse_field(decoder, "--filter", bpfl_filter_unknown(decoder->filter), err);
	else if (ret == 0)
		ret = bpfl_filter_check(decoder->filter, err);
	return ret;
}

static int add_column(struct bpfl_decoder *decoder, const char *title, size_t title_len)
{
	char **slot = BPFL_VEC_PUSH(&decoder->titles);
	uint8_t *width = BPFL_VEC_PUSH(&decoder->widths);
	struct bpfl_column_style *style = BPFL_VEC_PUSH(&decoder->styles);

	if (slot)
		*slot = bpfl_strndup(title, title_len);
	if (!slot || !width || !style || !*slot)
		return -ENOMEM;
	*width = (uint8_t)(title_len < 64 ? title_len : 64);
	return 0;
}

/* What a field wants of the last column. */
static void column_field(struct bpfl_decoder *decoder, const struct bpfl_field *field)
{
	uint8_t *width = &decoder->widths.items[decoder->widths.nr - 1];
	struct bpfl_column_style *style = &decoder->styles.items[decoder->styles.nr - 1];

	*width = field->width > *width ? field->width : *width;
	if (field->style.max_width || field->style.is_right)
		*style = field->style;
}

/* Adds the field of this name to the columns of each view. How many have it; -ENOMEM. */
static int column_fields(struct bpfl_decoder *decoder, const char *name)
{
	int nr = 0;

	EACH_VIEW(decoder, view) {
		uint32_t *slot = BPFL_VEC_PUSH(&view->columns);

		if (!slot)
			return -ENOMEM;
		*slot = bpfl_layout_find(&view->layout, name);
		if (*slot == BPFL_NO_FIELD)
			continue;
		nr++;
		column_field(decoder, &view->layout.fields.items[*slot]);
	}
	return nr;
}

static char *upper(char *text)
{
	for (char *c = text; c && *c; c++)
		*c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
	return text;
}

/* "pid" or "pid:TITLE" */
static int column_named(struct bpfl_decoder *decoder, const char *word, struct bpfl_error *err)
{
	const char *colon = strchr(word, ':');
	char *name = bpfl_strndup(word, colon ? (size_t)(colon - word) : strlen(word));
	const char *title = colon ? colon + 1 : word;
	int ret = name ? add_column(decoder, title, strlen(title)) : -ENOMEM;

	if (ret == 0 && !colon)
		upper(decoder->titles.items[decoder->titles.nr - 1]);
	if (ret == 0)
		ret = column_fields(decoder, name);
	if (ret == 0)
		ret = refuse_field(decoder, "--columns", name, err);
	else if (ret < 0)
		bpfl_error_nomem(err);
	free(name);
	return ret < 0 ? ret : 0;
}

/* Whether "-name" or "+name" among the words is about this field: -1, 1; 0: none is. */
static int field_wish(const struct bpfl_decoder_opts *opts, const struct bpfl_layout *layout, uint32_t field_idx)
{
	int wish = 0;

	for (size_t i = 0; i < opts->nr_columns; i++) {
		if (bpfl_layout_find(layout, opts->columns[i] + 1) == field_idx)
			wish = opts->columns[i][0] == '-' ? -1 : 1;
	}
	return wish;
}

/*
 * Every field of the one type, but lengths that belong to another field and what is hidden; and what the
 * words add or take away.
 */
static int columns_all(struct bpfl_decoder *decoder, const struct bpfl_decoder_opts *opts, struct bpfl_error *err)
{
	EACH_VIEW(decoder, view) {
		for (size_t i = 0; i < view->layout.fields.nr; i++) {
			const struct bpfl_field *field = &view->layout.fields.items[i];
			int wish = field_wish(opts, &view->layout, (uint32_t)i);
			uint32_t *slot;

			if (wish < 0 || (wish == 0 && (field->is_length || field->is_hidden || is_below(view, i))))
				continue;
			slot = BPFL_VEC_PUSH(&view->columns);
			if (!slot)
				return bpfl_error_nomem(err);
			*slot = (uint32_t)i;
			if (!decoder->is_table)
				continue;
			if (add_column(decoder, field->title, strlen(field->title)) < 0)
				return bpfl_error_nomem(err);
			upper(decoder->titles.items[decoder->titles.nr - 1]);
			column_field(decoder, field);
		}
	}
	return 0;
}

static bool is_change(const char *word)
{
	return (word[0] == '-' || word[0] == '+') && word[1];
}

/* "-mntns_id": the name must be one. Words that change the columns and words that name them do not mix. */
static int check_changes(const struct bpfl_decoder *decoder, const struct bpfl_decoder_opts *opts,
			 struct bpfl_error *err)
{
	for (size_t i = 0; i < opts->nr_columns; i++) {
		bool is_known = false;

		if (!is_change(opts->columns[i])) {
			bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "--columns: '%s' beside '%s'",
				       BPFL_ESC(opts->columns[i]), BPFL_ESC(opts->columns[0]));
			bpfl_error_fix(err, "either name all columns (a,b), or change those that are shown by "
					    "themselves (-a,+b)");
			return -EINVAL;
		}
		EACH_VIEW(decoder, view)
			is_known = is_known || bpfl_layout_find(&view->layout, opts->columns[i] + 1) != BPFL_NO_FIELD;
		if (!is_known)
			return refuse_field(decoder, "--columns", opts->columns[i] + 1, err);
	}
	return 0;
}

static int columns_init(struct bpfl_decoder *decoder, const struct bpfl_decoder_opts *opts, struct bpfl_error *err)
{
	bool is_changed = opts->nr_columns > 0 && is_change(opts->columns[0]);
	int ret = is_changed ? check_changes(decoder, opts, err) : 0;

	decoder->has_columns = opts->nr_columns > 0;
	decoder->is_table = (decoder->has_columns && !is_changed) || bpfl_decoder_nr_views(decoder) == 1;
	for (size_t i = 0; i < opts->nr_columns && ret == 0 && !is_changed; i++)
		ret = column_named(decoder, opts->columns[i], err);
	if (ret == 0 && (opts->nr_columns == 0 || is_changed))
		ret = columns_all(decoder, opts, err);
	if (ret < 0 || decoder->is_json || !decoder->is_table)
		return ret;
	if (decoder->time != BPFL_TIME_NONE) {
		bpfl_buf_text(&decoder->header, "TIME");
		bpfl_put_padding(&decoder->header, 0, bpfl_time_width(decoder->time));
	}
	for (size_t i = 0; i < decoder->titles.nr; i++) {
		size_t start = decoder->header.size;

		bpfl_buf_text(&decoder->header, decoder->titles.items[i]);
		if (decoder->styles.items[i].is_right)
			bpfl_cell_right(&decoder->header, start, decoder->widths.items[i]);
		if (i + 1 < decoder->titles.nr)
			bpfl_put_padding(&decoder->header, start, decoder->widths.items[i]);
	}
	bpfl_buf_char(&decoder->header, '\n');
	return bpfl_buf_ok(&decoder->header) ? 0 : bpfl_error_nomem(err);
}

int bpfl_decoder_create(const struct bpfl_spec *spec, const struct bpfl_decoder_opts *opts,
			struct bpfl_decoder **ret_decoder, struct bpfl_error *err)
{
	static const struct bpfl_decoder_opts defaults = { .size = sizeof(defaults) };
	struct bpfl_decoder *decoder = calloc(1, sizeof(*decoder));
	int ret;

	if (!decoder)
		return bpfl_error_nomem(err);
	if (!opts)
		opts = &defaults;
	decoder->spec = spec;
	decoder->is_json = opts->format == BPFL_FORMAT_JSON;
	decoder->time = opts->time;
	decoder->start_ns = bpfl_clock_ns(CLOCK_MONOTONIC);
	decoder->boot_to_wall_ns = bpfl_clock_ns(CLOCK_REALTIME) - bpfl_clock_ns(CLOCK_BOOTTIME);
	ret = maps_init(decoder, opts, err);
	if (ret == 0)
		find_stacks(decoder, opts);
	if (ret == 0)
		ret = forms_apply(decoder, opts, err);
	if (ret == 0 && opts->filter)
		ret = filter_init(decoder, opts->filter, err);
	if (ret == 0)
		ret = columns_init(decoder, opts, err);
	if (ret < 0) {
		bpfl_decoder_destroy(decoder);
		return ret;
	}
	*ret_decoder = decoder;
	return 0;
}

void bpfl_decoder_set_start(struct bpfl_decoder *decoder, int64_t start_ns)
{
	decoder->start_ns = start_ns;
}

void bpfl_decoder_destroy(struct bpfl_decoder *decoder)
{
	if (!decoder)
		return;
	EACH_VIEW(decoder, view) {
		bpfl_layout_deinit(&view->layout);
		free(view->columns.items);
	}
	for (size_t i = 0; i < decoder->nr_maps; i++) {
		free(decoder->maps[i].views);
		bpfl_shape_deinit(&decoder->maps[i].shape);
	}
	for (size_t i = 0; i < decoder->notes.nr; i++)
		free(decoder->notes.items[i]);
	for (size_t i = 0; i < decoder->titles.nr; i++)
		free(decoder->titles.items[i]);
	free(decoder->notes.items);
	free(decoder->titles.items);
	free(decoder->widths.items);
	free(decoder->styles.items);
	free(decoder->maps);
	bpfl_filter_destroy(decoder->filter);
	bpfl_buf_deinit(&decoder->header);
	bpfl_buf_deinit(&decoder->out);
	bpfl_buf_deinit(&decoder->scratch);
	bpfl_buf_deinit(&decoder->joined);
	bpfl_lookups_deinit(&decoder->lookups);
	free(decoder);
}

const char *bpfl_decoder_note(const struct bpfl_decoder *decoder, size_t idx)
{
	return idx < decoder->notes.nr ? decoder->notes.items[idx] : NULL;
}

const char *bpfl_decoder_header(const struct bpfl_decoder *decoder)
{
	return decoder->header.data ? decoder->header.data : "";
}

