/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/cmd_events.c: `bpfload events MAP`: what programs that somebody else loaded send through a ring buffer or
 * perf event array.
 *
 * It is a run without an object: the loop of run over the events of one map. Reading is taking: what is shown
 * here nobody else gets. So a map that another process reads is refused, unless --force says that this is meant.
 */
#include "child.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct events_options {
	struct options run;
	bool force;
};

#define FIELD(member) offsetof(struct events_options, run.member)

static const struct option_row rows[] = {
	{ "event", 'e', VALUE_WORDS, FIELD(event), "[MAP=]TYPE", "what events look like: 'struct event', 'struct {u32 pid; char comm[16];}'" },
	{ "columns", 0, VALUE_LIST, FIELD(columns), "A,B", "show these members, in this order; A:TITLE for another heading" },
	{ "filter", 'f', VALUE_TEXT, FIELD(filter), "EXPR", "show only events for which this holds: pid==1 && comm~\"ssh*\"" },
	{ "fmt", 0, VALUE_WORDS, FIELD(fmt), "MEMBER=FORM", "show a member as ipv4, ipv6, mac, port, hex, ...; auto: by its name" },
	{ "timestamps", 0, VALUE_OPTIONAL, FIELD(timestamps), "[=MODE]", "when events came: wall (the default), rel, mono" },
	{ "json", 'j', VALUE_FLAG, FIELD(json), NULL, "one JSON object a line" },
	{ "raw", 0, VALUE_FLAG, FIELD(raw), NULL, "events as bytes" },
	{ "duration", 'd', VALUE_NS, FIELD(duration_ns), "TIME", "stop after this time: 10s, 500ms" },
	{ "count", 'n', VALUE_U64, FIELD(count), "N", "stop after N events" },
	{ "output", 'o', VALUE_TEXT, FIELD(out_path), "FILE", "write there what would go to stdout" },
	{ "ready-fd", 0, VALUE_FD, FIELD(ready_fd), "FD", "write a newline there when events are read" },
	{ "perf-buffer", 0, VALUE_U64, FIELD(perf_bytes), "BYTES", "the size of a perf buffer, for each CPU (262144)" },
	{ "force", 0, VALUE_FLAG, offsetof(struct events_options, force), NULL, "also when another process reads them: each event goes to one of the two" },
	{ "strict", 0, VALUE_FLAG, FIELD(strict), NULL, "exit with 8 when there were warnings, or events were lost" },
	OPTION_ROWS_END(FIELD(verbosity), FIELD(help)),
};

static const struct option_table table = { rows, sizeof(rows) / sizeof(rows[0]), "bpfload events --help" };

static int events_help(void)
{
	printf("usage: bpfload events MAP [options]\n\n"
	       "MAP, a ring buffer or perf event array, is 'id N', 'name NAME', the path where it is pinned, or a name.\n"
	       "What is read here is gone for everybody else.\n\n"
	       "options:\n");
	option_table_help(&table);
	printf("\nexamples:\n"
	       "  bpfload events events --json\n"
	       "  bpfload events /sys/fs/bpf/watch/maps/rb --filter 'uid==0' --count 10\n"
	       "  bpfload events id 17 --event 'struct {u64 time; u32 pid; char comm[16];}'\n");
	return out_help_end();
}

/* Nobody else may read it. */
static int reader_check(const struct bpfl_map *map, const struct events_options *options, struct out *out,
			struct bpfl_error *err)
{
	struct bpfl_map_facts facts;
	char comm[32] = "";
	int pid = 0, ret = bpfl_map_reader(map, &pid, comm, sizeof(comm), err);

	bpfl_map_get_facts(map, &facts);
	if (ret < 0) {
		out_note(out, 1, "whether another process reads map '%s' is not known: %s", facts.name, err->message);
		bpfl_error_clear(err);
		return 0;
	}
	if (ret == 0)
		return 0;
	if (options->force) {
		out_warn(out, "process %d (%s) reads map '%s' too: each event goes to one of the two", pid, comm,
			 facts.name);
		return 0;
	}
	bpfl_error_clear(err);
	err->kind = BPFL_ERR_TARGET;
	err->errnum = EBUSY;
	snprintf(err->message, sizeof(err->message), "process %d (%s) reads the events of map '%s' already", pid, comm,
		 facts.name);
	snprintf(err->why, sizeof(err->why), "an event can be read once: two readers take them from each other");
	snprintf(err->fix, sizeof(err->fix), "end that process first; --force reads nevertheless");
	return -EBUSY;
}

/* "TYPE" -> "MAP=TYPE", as the decoder wants it. The texts are kept in ret_words. */
static int types_name(struct words *types, const char *map, char ***ret_words, struct bpfl_error *err)
{
	size_t len = strlen(map);

	*ret_words = calloc(types->nr + 1, sizeof(char *));
	for (size_t i = 0; *ret_words && i < types->nr; i++) {
		size_t size = len + strlen(types->items[i]) + 2;
		bool has_name = strncmp(types->items[i], map, len) == 0 && types->items[i][len] == '=';

		(*ret_words)[i] = malloc(size);
		if (!(*ret_words)[i])
			return out_nomem(err);
		snprintf((*ret_words)[i], size, "%s%s%s", has_name ? "" : map, has_name ? "" : "=", types->items[i]);
		types->items[i] = (*ret_words)[i];
	}
	return *ret_words ? 0 : out_nomem(err);
}

static int follow(struct bpfl_map *map, const struct bpfl_spec *spec, struct events_options *options, struct out *out,
		  struct bpfl_error *err)
{
	struct events events;
	struct views views = { 0 };
	struct plan plan = { 0 };
	struct child child;
	struct loop loop = { .signal_fd = -1,
			     .events = &events,
			     .views = &views,
			     .plan = &plan,
			     .options = &options->run,
			     .out = out,
			     .child = &child };
	int ret;

	memset(&events, 0, sizeof(events));
	events.nr_lines = &loop.nr_lines;
	child_init(&child, NULL);
	ret = signals_init(&loop.signal_fd, err);
	if (ret == 0)
		ret = events_prepare(&events, &options->run, spec, out, err);
	if (ret == 0)
		ret = reader_check(map, options, out, err);
	if (ret == 0)
		ret = events_open_map(&events, map, spec, err);
	if (ret == 0 && options->run.ready_fd >= 0 && write(options->run.ready_fd, "\n", 1) != 1)
		out_note(out, 0, "warning: --ready-fd: nobody could be told: %s", strerror(errno));
	if (ret == 0)
		ret = loop_run(&loop, err);
	/* what is not wanted stays for another reader */
	if (ret == 0 && !(options->run.count && loop.nr_lines >= options->run.count))
		ret = events_finish(&events, err);
	events_deinit(&events);
	if (loop.signal_fd >= 0)
		close(loop.signal_fd);
	return ret;
}

static int events_run(struct events_options *options, char **words, int nr_words, struct out *out,
		      struct bpfl_error *err)
{
	struct bpfl_map *map = NULL;
	struct bpfl_spec *spec = NULL;
	struct bpfl_map_view view;
	char **types = NULL;
	int used = map_open_words(&map, words, nr_words, err), ret = used < 0 ? used : 0;

	if (ret == 0 && used < nr_words)
		ret = out_usage(err, "one map at a time: what is '%.200s'?", words[used]);
	if (ret == 0)
		ret = bpfl_spec_of_map(map, &spec, err);
	if (ret == 1)
		out_warn(out, "no program uses this map: nothing comes but what it holds already");
	if (ret >= 0)
		ret = bpfl_spec_map_view(spec, 0, &view);
	if (ret == 0)
		ret = types_name(&options->run.event, view.name, &types, err);
	if (ret == 0 && options->run.out_path)
		ret = out_redirect(out, options->run.out_path, err);
	if (ret == 0)
		ret = follow(map, spec, options, out, err);
	for (size_t i = 0; types && i < options->run.event.nr; i++)
		free(types[i]);
	free(types);
	bpfl_map_close(map);
	bpfl_spec_destroy(spec);
	return ret;
}

int cmd_events(int argc, char **argv)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct events_options options;
	int first = argc, code = EXIT_OK, ret;
	struct out out;

	memset(&options, 0, sizeof(options));
	options.run.ready_fd = -1;
	out_init(&out);
	ret = option_table_parse(&table, &options, argc, argv, &first, &err);
	out.json = options.run.json;
	out.verbosity = options.run.verbosity;
	if (ret == 0 && options.run.help)
		code = events_help();
	else if (ret == 0)
		ret = out_end(&out, events_run(&options, argv + first, argc - first, &out, &err));
	if (ret < 0)
		code = out_error(&out, &err);
	else if (options.run.strict && out.nr_warnings > 0)
		code = EXIT_STRICT;
	options_deinit(&options.run);
	bpfl_error_clear(&err);
	return code;
}
