/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/export.c: maps as metrics: --export of run, and the command export for maps that somebody else loaded.
 *
 *     --export
 *     prom:[ADDR:]PORT[,maps=A+B][,counter=A.bytes+B][,gauge=..][,hist=A:unit=us][,prefix=WORD][,limit=N][,cpu]
 *
 * The words are checked before anything is loaded, and the port is opened then: a port that is taken should not
 * cost a load.
 */
#include "child.h"
#include "http.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define PREFIX "prom"

struct export {
	char *words; /* a copy of the option, cut into pieces */
	const char *where; /* in words; NULL: print the page once */
	struct words maps, told[BPFL_NR_METRIC_KINDS];
	const char *prefix;
	uint64_t limit;
	bool per_cpu;
	struct bpfl_metrics *metrics;
	struct bpfl_map **opened; /* owned */
	size_t nr_opened;
	const struct events *events; /* NULL: none; lost events are on the page */
	struct http *http;
};

/* ---- words ---- */

/* "a+b" -> two words, in place. */
static int list_add(struct words *words, char *list, struct bpfl_error *err)
{
	for (char *word = list; word;) {
		char *plus = strchr(word, '+');
		const char **items = realloc(words->items, (words->nr + 1) * sizeof(*items));

		if (!items)
			return out_nomem(err);
		words->items = items;
		if (plus)
			*plus++ = '\0';
		if (!*word)
			return out_usage(err, "--export: an empty name in a list");
		items[words->nr++] = word;
		word = plus;
	}
	return 0;
}

static const struct {
	const char *name;
	size_t field; /* of struct export: a struct words */
} lists[] = {
	{ "maps", offsetof(struct export, maps) },
	{ "counter", offsetof(struct export, told[BPFL_METRIC_COUNTER]) },
	{ "gauge", offsetof(struct export, told[BPFL_METRIC_GAUGE]) },
	{ "hist", offsetof(struct export, told[BPFL_METRIC_HISTOGRAM]) },
};
#define NR_LISTS (sizeof(lists) / sizeof(lists[0]))

static int word_take(struct export *export, char *word, struct bpfl_error *err)
{
	static const char *const names[] = { "maps", "counter", "gauge", "hist", "prefix", "limit", "cpu" };
	char *value = strchr(word, '=');
	const char *near;

	if (value)
		*value++ = '\0';
	for (size_t i = 0; value && i < NR_LISTS; i++) {
		if (strcmp(word, lists[i].name) == 0)
			return list_add((struct words *)((char *)export + lists[i].field), value, err);
	}
	if (strcmp(word, "cpu") == 0 && !value) {
		export->per_cpu = true;
		return 0;
	}
	if (value && strcmp(word, "prefix") == 0) {
		export->prefix = value;
		return 0;
	}
	if (value && strcmp(word, "limit") == 0) {
		if (bpfl_text_to_u64(value, &export->limit) == 0 && export->limit > 0 && export->limit <= UINT32_MAX)
			return 0;
		return out_usage(err, "--export: limit=%.100s: not a number of elements", value);
	}
	near = bpfl_text_nearest(word, names, sizeof(names) / sizeof(names[0]));
	out_usage(err, "--export: '%.100s' is none of maps=, counter=, gauge=, hist=, prefix=, limit=, cpu", word);
	if (near)
		snprintf(err->fix, sizeof(err->fix), "did you mean '%s'?", near);
	return -EINVAL;
}

static void export_deinit(struct export *export)
{
	http_close(export->http);
	bpfl_metrics_destroy(export->metrics);
	for (size_t i = 0; i < export->nr_opened; i++)
		bpfl_map_close(export->opened[i]);
	free(export->opened);
	words_deinit(&export->maps);
	for (int i = 0; i < BPFL_NR_METRIC_KINDS; i++)
		words_deinit(&export->told[i]);
	free(export->words);
}

static int metrics_make(struct export *export, struct bpfl_error *err)
{
	struct bpfl_metrics_opts opts = { .size = sizeof(opts),
					  .prefix = export->prefix,
					  .max_elements = (uint32_t)export->limit,
					  .per_cpu = export->per_cpu };

	for (int i = 0; i < BPFL_NR_METRIC_KINDS; i++) {
		opts.told[i] = export->told[i].items;
		opts.nr_told[i] = export->told[i].nr;
	}
	return bpfl_metrics_create(&opts, &export->metrics, err);
}

/* "prom:9435,maps=a" ; "prom" alone only where a page may be printed. */
static int words_parse(struct export *export, const char *text, bool may_print, struct bpfl_error *err)
{
	size_t len = strcspn(text, ":,");
	char *at;
	int ret = 0;

	if (len != strlen(PREFIX) || strncmp(text, PREFIX, len) != 0 || (!may_print && text[len] != ':')) {
		out_usage(err, "--export: '%.100s' is not prom:[ADDR:]PORT", text);
		snprintf(err->fix, sizeof(err->fix), "prom:9435 serves http://127.0.0.1:9435/metrics");
		return -EINVAL;
	}
	export->words = strdup(text);
	if (!export->words)
		return out_nomem(err);
	at = export->words + len;
	if (*at == ':') {
		export->where = ++at;
		at += strcspn(at, ",");
	}
	while (ret == 0 && *at == ',') {
		char *word = at + 1, *end = word + strcspn(word, ","), was = *end;

		*at = *end = '\0';
		ret = word_take(export, word, err);
		*end = was;
		at = end;
	}
	return ret == 0 ? metrics_make(export, err) : ret;
}

/* ---- the page ---- */

static int page_make(void *ctx, char **ret_text)
{
	struct export *export = ctx;

	bpfl_metrics_put(export->metrics, "bpfload_build_info", BPFL_METRIC_GAUGE, "Version of bpfload.", "version",
			 bpfl_version(), 1, NULL);
	if (export->events) {
		bpfl_metrics_put(export->metrics, "bpfload_lost_events_total", BPFL_METRIC_COUNTER,
				 "Events that were lost because a buffer was full.", NULL, NULL, export->events->nr_lost, NULL);
		bpfl_metrics_put(export->metrics, "bpfload_warnings_total", BPFL_METRIC_COUNTER,
				 "Warnings that were printed.", NULL, NULL, export->events->out->nr_warnings, NULL);
	}
	return bpfl_metrics_text(export->metrics, ret_text, NULL);
}

static int port_open(struct export *export, struct out *out, struct bpfl_error *err)
{
	struct http_opts opts = { .page = page_make, .ctx = export, .page_type = PAGE_TYPE };
	int ret = http_open(export->where, &opts, &export->http, err);

	if (ret == 0)
		out_note(out, 0, "metrics at %s", http_url(export->http));
	return ret;
}

/* ---- of a run ---- */

static bool is_wanted(const struct export *export, const char *name)
{
	for (size_t i = 0; i < export->maps.nr; i++) {
		if (strcmp(export->maps.items[i], name) == 0)
			return true;
	}
	return export->maps.nr == 0;
}

static int maps_check(const struct export *export, const struct bpfl_spec *spec, struct bpfl_error *err)
{
	for (size_t i = 0; i < export->maps.nr; i++) {
		struct bpfl_map_view view = { .name = "" };
		size_t m = 0;

		while (bpfl_spec_map_view(spec, m, &view) == 0 && strcmp(view.name, export->maps.items[i]) != 0)
			m++;
		if (bpfl_spec_map_view(spec, m, &view) == 0)
			continue;
		out_usage(err, "--export: the object has no map '%.200s'", export->maps.items[i]);
		snprintf(err->fix, sizeof(err->fix), "bpfload spec lists its maps");
		return -ENOENT;
	}
	return 0;
}

int export_prepare(struct export **ret_export, const struct options *options, const struct bpfl_spec *spec,
		   struct out *out, struct bpfl_error *err)
{
	struct export *export;
	int ret;

	*ret_export = NULL;
	if (!options->export_words)
		return 0;
	export = calloc(1, sizeof(*export));
	if (!export)
		return out_nomem(err);
	*ret_export = export;
	ret = words_parse(export, options->export_words, false, err);
	if (ret == 0)
		ret = maps_check(export, spec, err);
	return ret == 0 && !options->dry_run ? port_open(export, out, err) : ret;
}

static int map_keep(struct export *export, struct bpfl_map *map, struct bpfl_error *err)
{
	struct bpfl_map **opened = realloc(export->opened, (export->nr_opened + 1) * sizeof(struct bpfl_map *));

	if (!opened) {
		bpfl_map_close(map);
		return out_nomem(err);
	}
	export->opened = opened;
	opened[export->nr_opened++] = map;
	return bpfl_metrics_add_map(export->metrics, map, err);
}

static int told_check(const struct export *export, struct bpfl_error *err)
{
	const char *unused = bpfl_metrics_unused(export->metrics);

	return unused ? out_usage(err, "--export: '%.200s' is neither a map nor a variable that is exported", unused)
		      : 0;
}

int export_open(struct export *export, const struct bpfl_object *object, const struct bpfl_spec *spec,
		const struct events *events, struct out *out, struct bpfl_error *err)
{
	struct bpfl_map_view view;
	int nr = 0, ret = 0;

	if (!export)
		return 0;
	export->events = events;
	bpfl_metrics_add_object(export->metrics, object);
	for (size_t i = 0; ret >= 0 && bpfl_spec_map_view(spec, i, &view) == 0; i++) {
		struct bpfl_map *map = NULL;

		if (!is_wanted(export, view.name) || bpfl_object_map_fd(object, view.name) < 0)
			continue;
		ret = bpfl_map_open_object(object, view.name, &map, err);
		if (ret == 0)
			ret = map_keep(export, map, err);
		nr += ret > 0 ? ret : 0;
	}
	if (ret >= 0)
		ret = told_check(export, err);
	if (ret == 0 && nr == 0)
		out_warn(out, "--export: no map and no variable of the object holds a number");
	return ret;
}

int export_fd(const struct export *export)
{
	return export ? http_fd(export->http) : -1;
}

void export_serve(struct export *export)
{
	http_serve(export->http);
}

void export_close(struct export *export)
{
	if (export)
		export_deinit(export);
	free(export);
}

/* ---- the command ---- */

#define FIELD(member) offsetof(struct options, member)

static const struct option_row rows[] = {
	{ "duration", 'd', VALUE_NS, FIELD(duration_ns), "TIME", "stop after this time" },
	{ "ready-fd", 0, VALUE_FD, FIELD(ready_fd), "FD", "write a newline there when the port is open" },
	OPTION_ROWS_END(FIELD(verbosity), FIELD(help)),
};

static const struct option_table table = { rows, sizeof(rows) / sizeof(rows[0]), "bpfload export --help" };

static int command_help(void)
{
	printf("usage: bpfload export prom:[ADDR:]PORT[,WORDS] MAP...   serve maps as Prometheus metrics\n"
	       "       bpfload export prom[,WORDS] MAP...               print them once\n\n"
	       "MAP is 'id N', 'name NAME', the path where it is pinned, a directory of bpfload load --pin, or a name.\n"
	       "Without ADDR only this machine is served; [::1]:9435 is IPv6; port 0 is one that is free.\n\n"
	       "words, with commas between them:\n"
	       "  counter=A+B.bytes  these maps, members or variables only grow; gauge=... go up and down\n"
	       "  hist=A:unit=us     this map is a histogram (as --hist)\n"
	       "  prefix=WORD        names begin so, not with bpf\n"
	       "  limit=N            so many elements of a map at most (10000)\n"
	       "  cpu                values of per-CPU maps one by one, not their sum\n\n"
	       "options:\n");
	option_table_help(&table);
	printf("\nexamples:\n"
	       "  bpfload export prom:9435 /sys/fs/bpf/xdp_count\n"
	       "  bpfload export prom,counter=pkt_count name pkt_count >/var/lib/node_exporter/bpf.prom\n");
	return out_help_end();
}

/* All maps of a directory that `bpfload load --pin` made. */
static int directory_add(struct export *export, const char *dir, struct bpfl_error *err)
{
	char path[4096];
	struct dirent *entry;
	DIR *stream;
	int nr = 0, ret = 0;

	snprintf(path, sizeof(path), "%s/maps", dir);
	stream = opendir(path);
	if (!stream) {
		out_usage(err, "'%.300s' is a directory, but not of bpfload load --pin: it has no directory 'maps'",
			  dir);
		err->kind = BPFL_ERR_TARGET;
		return -ENOENT;
	}
	while (ret >= 0 && (entry = readdir(stream))) {
		struct bpfl_map *map = NULL;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/maps/%s", dir, entry->d_name);
		ret = bpfl_map_open_pinned(path, &map, err);
		if (ret == 0)
			ret = map_keep(export, map, err);
		nr += ret > 0 ? ret : 0;
	}
	closedir(stream);
	return ret < 0 ? ret : nr;
}

/* The maps that the words name. How many metrics they give; -errno. */
static int words_add(struct export *export, char **words, int nr_words, struct bpfl_error *err)
{
	int nr = 0, ret = 0;

	if (nr_words == 0)
		return out_usage(err, "which map? 'id N', 'name NAME', a path, or a directory of bpfload load --pin");
	while (nr_words > 0 && ret >= 0) {
		struct bpfl_map *map = NULL;
		struct stat facts;
		int used;

		if (strchr(words[0], '/') && stat(words[0], &facts) == 0 && S_ISDIR(facts.st_mode)) {
			ret = directory_add(export, words[0], err);
			used = 1;
		} else {
			used = map_open_words(&map, words, nr_words, err);
			ret = used < 0 ? used : map_keep(export, map, err);
		}
		nr += ret > 0 ? ret : 0;
		words += used;
		nr_words -= used;
	}
	return ret < 0 ? ret : nr;
}

static int page_print(struct export *export, struct out *out, struct bpfl_error *err)
{
	char *text = NULL;
	int ret = page_make(export, &text);

	if (ret < 0)
		return out_nomem(err);
	ret = out_text(out, text);
	free(text);
	return ret;
}

static int serve(struct export *export, const struct options *options, struct out *out, struct bpfl_error *err)
{
	struct events events = { 0 };
	struct views views = { 0 };
	struct plan plan = { 0 };
	struct child child;
	struct loop loop = { .signal_fd = -1,
			     .events = &events,
			     .views = &views,
			     .plan = &plan,
			     .options = options,
			     .out = out,
			     .child = &child,
			     .export = export };
	int ret = signals_init(&loop.signal_fd, err);

	child_init(&child, NULL);
	out->closed = false; /* nothing is written there */
	if (ret == 0)
		ret = port_open(export, out, err);
	if (ret == 0 && options->ready_fd >= 0 && write(options->ready_fd, "\n", 1) != 1)
		out_note(out, 0, "warning: --ready-fd: nobody could be told: %s", strerror(errno));
	if (ret == 0)
		ret = loop_run(&loop, err);
	if (loop.signal_fd >= 0)
		close(loop.signal_fd);
	return ret;
}

static int export_words(struct export *export, const struct options *options, char **words, int nr_words,
			struct out *out, struct bpfl_error *err)
{
	int ret = nr_words == 0 ? out_usage(err, "export: prom:[ADDR:]PORT, or prom to print the page?") :
				  words_parse(export, words[0], true, err);

	if (ret == 0 && export->maps.nr > 0)
		ret = out_usage(err, "export: maps are named behind the words, not with maps=");
	if (ret == 0)
		ret = words_add(export, words + 1, nr_words - 1, err);
	if (ret == 0) {
		out_usage(err, "export: none of these maps holds a number");
		ret = -EINVAL;
	}
	if (ret > 0)
		ret = told_check(export, err);
	if (ret < 0)
		return ret;
	return export->where ? serve(export, options, out, err) : page_print(export, out, err);
}

int cmd_export(int argc, char **argv)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct export export = { .where = NULL };
	struct options options;
	int first = argc, code = EXIT_OK, ret;
	struct out out;

	memset(&options, 0, sizeof(options));
	options.ready_fd = -1;
	out_init(&out);
	ret = option_table_parse(&table, &options, argc, argv, &first, &err);
	out.verbosity = options.verbosity;
	if (ret == 0 && options.help)
		return command_help();
	if (ret == 0)
		ret = out_end(&out, export_words(&export, &options, argv + first, argc - first, &out, &err));
	if (ret < 0)
		code = out_error(&out, &err);
	export_deinit(&export);
	bpfl_error_clear(&err);
	return code;
}
