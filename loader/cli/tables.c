/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/tables.c: tables that an object describes itself: its markers say which maps are tables, and which
 * iterators write rows.
 *
 * A map becomes a view like --top (views.c). Iterators are read by plan_read(): what one writes is no text
 * then, but records, and those of all programs of a table are its rows.
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bpfl_view_opts table_opts(const struct options *options, const struct out *out)
{
	return (struct bpfl_view_opts){
		.size = sizeof(struct bpfl_view_opts),
		.format = out->json ? BPFL_FORMAT_JSON : BPFL_FORMAT_TEXT,
		.sum = options->sum,
		.max_rows = options->rows > UINT32_MAX ? 0 : (unsigned)options->rows,
		.columns = options->columns.items,
		.nr_columns = options->columns.nr,
		.forms = options->fmt.items,
		.nr_forms = options->fmt.nr,
		.filter = options->filter,
		.sort = options->sort,
	};
}

/* BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_RINGBUF */
#define PERF_EVENT_ARRAY 4
#define RINGBUF 27

static bool has_tables(const struct options *options, const struct bpfl_spec *spec)
{
	struct bpfl_marker_view marker;
	bool has = options->top.nr > 0;

	for (size_t i = 0; bpfl_spec_marker_view(spec, i, &marker) == 0; i++)
		has = has || marker.kind == BPFL_MARKER_MAPITER || marker.kind == BPFL_MARKER_ITER;
	return has;
}

bool tables_have_words(const struct options *options, const struct bpfl_spec *spec)
{
	struct bpfl_map_view map;

	for (size_t i = 0; !options->no_events && bpfl_spec_map_view(spec, i, &map) == 0; i++) {
		if (map.type == PERF_EVENT_ARRAY || map.type == RINGBUF)
			return false;
	}
	return has_tables(options, spec);
}

/* An option that would change nothing was meant to change something. */
static int check_useful(const struct options *options, const struct bpfl_spec *spec, struct bpfl_error *err)
{
	bool tables = has_tables(options, spec);
	bool maps = tables || options->dump.nr + options->hist.nr + options->folded.nr > 0 || options->flamegraph;
	const struct {
		bool is_vain;
		const char *message, *fix;
	} rows[] = {
		{ options->sort && !tables, "--sort: there is no table to sort", "events are shown as they come; --top MAP makes a table of a map" },
		{ options->rows && !tables, "--rows: there is no table", "--top MAP makes a table of a map; -n N ends after so many events" },
		{ options->sum && !maps, "--sum: no map is shown", "--dump MAP, --hist MAP or --top MAP shows one" },
		{ options->no_events && !tables && (options->filter || options->columns.nr || options->event.nr),
		  "--filter, --columns and --event are about events, which --no-events leaves out", "--top MAP makes a table of a map, which they may be about" },
		{ options->stacks && !options->flamegraph, "--stacks: there is no flame graph", "--flamegraph FILE.svg makes one; --folded MAP shows lines" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].is_vain) {
			out_usage(err, "%s", rows[i].message);
			snprintf(err->fix, sizeof(err->fix), "%s", rows[i].fix);
			return -EINVAL;
		}
	}
	return 0;
}

static int table_add(struct tables *tables, const struct bpfl_marker_view *marker, const struct bpfl_view_opts *opts,
		     const struct bpfl_spec *spec, struct bpfl_error *err)
{
	struct table *items = realloc(tables->items, (tables->nr + 1) * sizeof(*items)), *table;

	if (!items)
		return out_nomem(err);
	tables->items = items;
	table = &items[tables->nr];
	memset(table, 0, sizeof(*table));
	for (size_t i = 0; i < marker->nr_progs; i++)
		table->progs[i] = marker->progs[i];
	tables->nr++;
	return bpfl_rows_create(spec, marker->type, marker->name, opts, &table->rows, err);
}

int tables_prepare(struct tables *tables, const struct options *options, const struct bpfl_spec *spec, struct out *out,
		   struct bpfl_error *err)
{
	struct bpfl_view_opts opts = table_opts(options, out);
	struct bpfl_marker_view marker;
	int ret = check_useful(options, spec, err);

	tables->out = out;
	if (!tables_have_words(options, spec)) { /* they are about events */
		opts.nr_columns = opts.nr_forms = 0;
		opts.filter = NULL;
	}
	for (size_t i = 0; ret == 0 && bpfl_spec_marker_view(spec, i, &marker) == 0; i++) {
		if (marker.kind == BPFL_MARKER_ITER && marker.nr_progs > 0)
			ret = table_add(tables, &marker, &opts, spec, err);
	}
	return ret;
}

static struct table *table_of(const struct tables *tables, const char *prog)
{
	for (size_t i = 0; tables && i < tables->nr; i++) {
		for (size_t p = 0; p < BPFL_MARKER_PROGS_MAX; p++) {
			if (tables->items[i].progs[p] && strcmp(tables->items[i].progs[p], prog) == 0)
				return &tables->items[i];
		}
	}
	return NULL;
}

int tables_read(struct tables *tables, const char *prog, struct bpfl_link *link, struct bpfl_error *err)
{
	struct table *table = table_of(tables, prog);
	int ret;

	if (!table)
		return 0;
	ret = bpfl_link_read(link, BPFL_FORMAT_TEXT, bpfl_rows_write, table->rows, err);
	table->is_read = true;
	return ret < 0 ? ret : 1;
}

int tables_show(struct tables *tables, struct bpfl_error *err)
{
	int ret = 0;

	for (size_t i = 0; tables && i < tables->nr && ret == 0; i++) {
		struct table *table = &tables->items[i];
		char *text = NULL;

		if (!table->is_read)
			continue;
		table->is_read = false;
		ret = bpfl_rows_text(table->rows, &text, err);
		if (ret == 0 && tables->any_shown && !tables->out->json)
			ret = out_text(tables->out, "\n");
		if (ret == 0)
			ret = out_text(tables->out, text);
		tables->any_shown = true;
		free(text);
	}
	return ret;
}

void tables_deinit(struct tables *tables)
{
	for (size_t i = 0; i < tables->nr; i++)
		bpfl_rows_destroy(tables->items[i].rows);
	free(tables->items);
	tables->items = NULL;
	tables->nr = 0;
}
