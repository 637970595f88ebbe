/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/views.c: maps on the screen: their elements, histograms, tables.
 *
 * All views of a round make one block of text. On a terminal the next block is written over it, as long as
 * nothing else has been written since; so the last one stays when the run ends, and lines of programs are never
 * overwritten. For that no line may be wider and no block higher than the screen. Anywhere else blocks follow
 * one another, with an empty line between them when they are more than plain elements.
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NAME_SIZE 256

struct screen {
	unsigned width, height; /* 0: not a terminal */
};

static struct screen screen_get(void)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0)
		return (struct screen){ 80, 24 };
	return (struct screen){ size.ws_col, size.ws_row };
}

/* ---- making ---- */

static const struct {
	enum view_kind kind;
	const char *option;
	size_t field;
} view_options[] = {
	{ VIEW_DUMP, "dump", offsetof(struct options, dump) },
	{ VIEW_HIST, "hist", offsetof(struct options, hist) },
	{ VIEW_TOP, "top", offsetof(struct options, top) },
	{ VIEW_FOLDED, "folded", offsetof(struct options, folded) },
};

#define NR_VIEW_OPTIONS (sizeof(view_options) / sizeof(view_options[0]))

/* "MAP:WORDS" -> the name, and the words or NULL. A plain dump has no words. */
static const char *split(enum view_kind kind, const char *text, char name[NAME_SIZE])
{
	const char *colon = kind == VIEW_DUMP ? NULL : strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);

	snprintf(name, NAME_SIZE, "%.*s", (int)len, text);
	return colon ? colon + 1 : NULL;
}

static int no_such_map(const char *option, const char *name, const struct options *options,
		       const struct bpfl_spec *spec, struct bpfl_error *err)
{
	size_t nr = bpfl_spec_nr_maps(spec);
	const char **names = calloc(nr ? nr : 1, sizeof(*names));
	const char *near = NULL;
	struct bpfl_map_view view;

	for (size_t i = 0; names && i < nr && bpfl_spec_map_view(spec, i, &view) == 0; i++)
		names[i] = view.name;
	if (names)
		near = bpfl_text_nearest(name, names, nr);
	out_usage(err, "--%s: the object has no map '%.200s'", option, name);
	if (near)
		snprintf(err->fix, sizeof(err->fix), "did you mean '%.200s'? bpfload spec %.300s lists its maps", near,
			 options->file);
	else
		snprintf(err->fix, sizeof(err->fix), "bpfload spec %.300s lists its maps", options->file);
	free(names);
	return -ENOENT;
}

bool views_are_described(const struct options *options, const struct bpfl_spec *spec)
{
	struct bpfl_marker_view marker;

	if (options->dump.nr + options->hist.nr + options->top.nr + options->folded.nr > 0 || options->flamegraph)
		return false;
	for (size_t i = 0; bpfl_spec_marker_view(spec, i, &marker) == 0; i++) {
		if (marker.kind == BPFL_MARKER_MAPITER)
			return true;
	}
	return false;
}

int views_check(const struct options *options, const struct bpfl_spec *spec, struct bpfl_error *err)
{
	for (size_t o = 0; o < NR_VIEW_OPTIONS; o++) {
		const struct words *words = (const void *)((const char *)options + view_options[o].field);

		for (size_t i = 0; i < words->nr; i++) {
			struct bpfl_map_view view;
			char name[NAME_SIZE];
			size_t m = 0;

			split(view_options[o].kind, words->items[i], name);
			while (bpfl_spec_map_view(spec, m, &view) == 0 && strcmp(view.name, name) != 0)
				m++;
			if (bpfl_spec_map_view(spec, m, &view) < 0)
				return no_such_map(view_options[o].option, name, options, spec, err);
		}
	}
	return 0;
}

int views_add(struct views *views, enum view_kind kind, struct bpfl_map *map, const char *words)
{
	struct view *items = realloc(views->items, (views->nr + 1) * sizeof(*items));

	if (!items) {
		bpfl_map_close(map);
		return -ENOMEM;
	}
	views->items = items;
	items[views->nr++] = (struct view){ kind, map, words, false };
	return 0;
}

int views_stacks(struct views *views, size_t idx, struct bpfl_error *err)
{
	struct view *view = &views->items[idx];
	int ret;

	if (!views->stacks)
		return 0;
	ret = stacks_say(views->stacks, view->map, err);
	view->has_stacks = ret > 0;
	return ret < 0 ? ret : 0;
}

/* The maps that the object itself says are tables. */
static int described_add(struct views *views, const struct bpfl_object *object, const struct bpfl_spec *spec,
			 struct bpfl_error *err)
{
	struct bpfl_marker_view marker;

	for (size_t i = 0; bpfl_spec_marker_view(spec, i, &marker) == 0; i++) {
		struct bpfl_map *map = NULL;
		int ret;

		if (marker.kind != BPFL_MARKER_MAPITER)
			continue;
		ret = bpfl_map_open_object(object, marker.map, &map, err);
		if (ret < 0)
			return ret;
		if (views_add(views, VIEW_TABLE, map, marker.name) < 0)
			return out_nomem(err);
	}
	return 0;
}

int views_open(struct views *views, const struct options *options, const struct bpfl_object *object,
	       const struct bpfl_spec *spec, struct out *out, struct bpfl_error *err)
{
	views->options = options;
	views->out = out;
	views->is_live = !options->json && isatty(STDOUT_FILENO);
	views->has_words = !spec || tables_have_words(options, spec);
	if (object && spec && views_are_described(options, spec))
		return described_add(views, object, spec, err);
	for (size_t o = 0; object && o < NR_VIEW_OPTIONS; o++) {
		const struct words *words = (const void *)((const char *)options + view_options[o].field);

		for (size_t i = 0; i < words->nr; i++) {
			struct bpfl_map *map = NULL;
			char name[NAME_SIZE];
			const char *rest = split(view_options[o].kind, words->items[i], name);
			int ret = bpfl_map_open_object(object, name, &map, err);

			if (ret < 0)
				return ret;
			if (views_add(views, view_options[o].kind, map, rest) < 0)
				return out_nomem(err);
			ret = views_stacks(views, views->nr - 1, err);
			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

void views_deinit(struct views *views)
{
	for (size_t i = 0; i < views->nr; i++)
		bpfl_map_close(views->items[i].map);
	free(views->items);
	views->items = NULL;
	views->nr = 0;
}

/* ---- showing ---- */

static struct bpfl_map_words words_of(const struct views *views, const struct view *view)
{
	return (struct bpfl_map_words){
		.size = sizeof(struct bpfl_map_words),
		.format = views->options->json ? BPFL_FORMAT_JSON : BPFL_FORMAT_TEXT,
		.sum = views->options->sum,
		.one_cpu = views->one_cpu,
		.cpu = views->cpu,
		.stacks = view->has_stacks ? views->stacks->stacks : NULL,
		.time_json = views->options->json && views->stamp[0] ? views->stamp : NULL,
	};
}

static int view_text(const struct views *views, const struct view *view, struct screen screen, char **ret_text,
		     struct bpfl_error *err)
{
	const struct options *options = views->options;
	struct bpfl_map_words words = words_of(views, view);
	struct bpfl_view_opts opts = table_opts(options, views->out);

	opts.format = words.format;
	opts.is_only = views->is_only;
	opts.width = screen.width;
	opts.words = view->kind == VIEW_TABLE ? NULL : view->words;
	if (!views->has_words) {
		opts.nr_columns = opts.nr_forms = 0;
		opts.filter = NULL;
	}
	if (opts.max_rows == 0 && screen.height > 4) /* the heading, and where the cursor stands */
		opts.max_rows = screen.height - 3 - (views->stamp[0] != '\0');
	opts.stacks = words.stacks;
	opts.time_json = words.time_json;
	if (view->kind == VIEW_FOLDED)
		return stacks_folded(views->stacks, view->map, view->words, ret_text, err);
	if (view->kind == VIEW_DUMP)
		return bpfl_map_text(view->map, &words, ret_text, err);
	if (view->kind == VIEW_HIST)
		return bpfl_map_hist_text(view->map, &opts, ret_text, err);
	if (view->kind == VIEW_TABLE)
		return bpfl_map_table_text(view->map, view->words, &opts, ret_text, err);
	return bpfl_map_top_text(view->map, &opts, ret_text, err);
}

/*
 * Over the last block, or below what came since. Line by line, and what is left of the old block at the end:
 * clearing all of it first would flicker, and some terminals keep a copy of what is cleared.
 */
static int draw(struct views *views, const char *block, struct screen screen, uint64_t nr_lines)
{
	unsigned nr = 0, nr_shown, room = screen.height > 2 ? screen.height - 1 : 1; /* the cursor needs a line */
	char text[64];
	int ret = 0;

	for (const char *at = block; (at = strchr(at, '\n')); at++)
		nr++;
	nr_shown = nr <= room ? nr : room - 1;
	if (views->nr_drawn > 0 && views->nr_lines_then == nr_lines) {
		snprintf(text, sizeof(text), "\033[%uA\r", views->nr_drawn);
		ret = out_text(views->out, text);
	}
	for (unsigned i = 0; i < nr_shown && ret == 0; i++) {
		size_t len = strcspn(block, "\n");

		ret = out_write(views->out, block, bpfl_text_fit(block, len, screen.width));
		if (ret == 0)
			ret = out_text(views->out, "\033[K\n");
		block += len + (block[len] == '\n');
	}
	snprintf(text, sizeof(text), "(%u more lines)\033[K\n", nr - nr_shown);
	if (ret == 0)
		ret = out_text(views->out, nr_shown < nr ? text : "");
	views->nr_drawn = nr_shown + (nr_shown < nr);
	views->nr_lines_then = nr_lines;
	return ret < 0 ? ret : out_text(views->out, "\033[J");
}

/*
 * Words that fit no map are refused now, not when an hour of measuring is to be shown: made once, of maps that
 * are empty as yet, and forgotten.
 * Plain elements have no words.
 */
int views_try(struct views *views, struct bpfl_error *err)
{
	int ret = views->stacks ? stacks_try(views->stacks, err) : 0;

	for (size_t i = 0; i < views->nr && ret == 0; i++) {
		char *text = NULL;

		if (views->items[i].kind != VIEW_DUMP)
			ret = view_text(views, &views->items[i], (struct screen){ 0, 0 }, &text, err);
		free(text);
	}
	return ret;
}

/* The time above a block: JSON has it in each line, folded lines are for tools that know no such line. */
static const char *stamp_above(const struct views *views, char line[STAMP_SIZE + 1])
{
	bool is_wanted = views->stamp[0] && !views->options->json;

	for (size_t i = 0; i < views->nr; i++)
		is_wanted = is_wanted && views->items[i].kind != VIEW_FOLDED;
	snprintf(line, STAMP_SIZE + 1, "%s%s", is_wanted ? views->stamp : "", is_wanted ? "\n" : "");
	return line;
}

static int block_make(const struct views *views, struct screen screen, char **ret_block, struct bpfl_error *err)
{
	char *block = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&block, &size);
	char above[STAMP_SIZE + 1];
	int ret = file && fputs(stamp_above(views, above), file) != EOF ? 0 : -ENOMEM;

	for (size_t i = 0; i < views->nr && ret == 0; i++) {
		char *text = NULL;

		ret = view_text(views, &views->items[i], screen, &text, err);
		if (ret == 0 && fputs(text, file) == EOF)
			ret = -ENOMEM;
		free(text);
	}
	if (file && fclose(file) == EOF && ret == 0)
		ret = -ENOMEM;
	if (ret < 0)
		free(block);
	else
		*ret_block = block;
	return ret;
}

/* On the screen, over what stands there. */
static int show_live(struct views *views, uint64_t nr_lines, struct bpfl_error *err)
{
	struct screen screen = screen_get();
	char *block = NULL;
	int ret = block_make(views, screen, &block, err);

	if (ret == 0)
		ret = draw(views, block, screen, nr_lines);
	free(block);
	return ret;
}

/* One after the other; elements as they are read, of which there may be more than fits into memory. */
static int show_plain(const struct views *views, struct bpfl_error *err)
{
	char above[STAMP_SIZE + 1];
	int ret = out_text(views->out, stamp_above(views, above));

	for (size_t i = 0; i < views->nr && ret == 0; i++) {
		const struct view *view = &views->items[i];
		struct bpfl_map_words words = words_of(views, view);
		char *text = NULL;

		if (view->kind == VIEW_DUMP) {
			ret = bpfl_map_write(view->map, &words, out_write, views->out, err);
		} else {
			ret = view_text(views, view, (struct screen){ 0, 0 }, &text, err);
			ret = ret < 0 ? ret : out_text(views->out, text);
		}
		free(text);
	}
	return ret;
}

int views_show(struct views *views, uint64_t nr_lines, struct bpfl_error *err)
{
	bool has_tables = false;
	int ret;

	if (views->stacks) {
		ret = stacks_flamegraph(views->stacks, err);
		if (ret < 0)
			return ret;
	}
	if (views->nr == 0)
		return out_flush(views->out);
	for (size_t i = 0; i < views->nr; i++)
		has_tables = has_tables || views->items[i].kind == VIEW_HIST || views->items[i].kind == VIEW_TOP ||
			     views->items[i].kind == VIEW_TABLE;
	if (views->is_live) {
		ret = show_live(views, nr_lines, err);
	} else {
		ret = views->any_shown && has_tables && !views->options->json ? out_text(views->out, "\n") : 0;
		if (ret == 0)
			ret = show_plain(views, err);
	}
	views->any_shown = true;
	return ret < 0 ? ret : out_flush(views->out);
}
