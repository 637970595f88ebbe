/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/options.c: the words of the command line -> struct options.
 *
 * One table says everything about an option: who takes it, its names, its argument, where its value goes, its
 * help. The parser and the help text both read it, so they cannot disagree.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(member) offsetof(struct options, member)

#define RUN_LOAD (OPTIONS_RUN | OPTIONS_LOAD)
#define EDITS (RUN_LOAD | OPTIONS_IMAGE | OPTIONS_SPEC)

static const struct {
	unsigned commands; /* enum option_set: who takes it; others refuse it by name */
	struct option_row row;
} all[] = {
	{ OPTIONS_LOAD, { "pin", 'p', VALUE_TEXT, FIELD(pin_dir), "DIR", "pin programs, maps and links in this directory of a bpffs" } },
	{ OPTIONS_LOAD, { "update", 0, VALUE_FLAG, FIELD(update), NULL, "take the places of the programs that are pinned in DIR, without a gap" } },
	{ RUN_LOAD | OPTIONS_IMAGE, { "attach", 'a', VALUE_WORDS, FIELD(attach), "[PROG=]SPEC", "attach there (repeatable); none: load only; auto: as the sections say" } },
	{ EDITS, { "set", 's', VALUE_WORDS, FIELD(set), "VAR=VALUE", "set a global variable before loading: pid=12, cfg.port=80, a[2]=1, pid=self" } },
	{ EDITS, { "param", 0, VALUE_WORDS, FIELD(param), "VAR=VALUE", "the same for a parameter of the object (FILE --help lists them)" } },
	{ EDITS, { "map", 0, VALUE_WORDS, FIELD(map), "NAME.FIELD=N", "change a map before loading: counts.max_entries=1024; NAME=PATH, NAME=id:N: a map that exists" } },
	{ EDITS, { "type", 0, VALUE_WORDS, FIELD(type), "PROG=TYPE", "load a program as this type (a SEC() name: xdp, tc, ...)" } },
	{ EDITS, { "only", 0, VALUE_LIST, FIELD(only), "P,Q", "load only these programs" } },
	{ EDITS, { "skip", 0, VALUE_LIST, FIELD(skip), "P,Q", "do not load these programs" } },
	{ RUN_LOAD, { "skip-incomplete", 0, VALUE_FLAG, FIELD(skip_incomplete), NULL, "do not attach programs whose section names no target" } },
	{ OPTIONS_ALL, { "json", 'j', VALUE_FLAG, FIELD(json), NULL, "one JSON object a line" } },
	{ RUN_LOAD | OPTIONS_IMAGE, { "btf", 0, VALUE_TEXT, FIELD(btf_path), "FILE", "kernel BTF for relocations (raw or ELF)" } },
	{ RUN_LOAD | OPTIONS_IMAGE, { "kconfig", 0, VALUE_TEXT, FIELD(kconfig_path), "FILE", "kernel configuration for __kconfig variables" } },
	{ RUN_LOAD, { "verifier-log", 0, VALUE_TEXT, FIELD(verifier_log_path), "FILE", "write the verifier's log there (-: stderr)" } },
	{ RUN_LOAD, { "log-level", 0, VALUE_LEVEL, FIELD(verifier_log_level), "N", "ask the verifier for a log: 1 steps, 2 all states, 4 statistics" } },
	{ RUN_LOAD, { "pin-root", 0, VALUE_TEXT, FIELD(pin_root), "DIR", "where maps are that are pinned by name (default: /sys/fs/bpf)" } },
	{ RUN_LOAD, { "token", 0, VALUE_TEXT, FIELD(token), "DIR", "in a container: a bpffs that hands on rights (BPF token; default: /sys/fs/bpf)" } },
	{ RUN_LOAD, { "no-pin", 0, VALUE_FLAG, FIELD(no_pin), NULL, "do not pin or share maps that are to be pinned by name" } },
	{ RUN_LOAD, { "best-effort", 0, VALUE_FLAG, FIELD(best_effort), NULL, "keep what could be attached, and say what could not" } },
	{ RUN_LOAD, { "strict", 0, VALUE_FLAG, FIELD(strict), NULL, "exit with 8 when there were warnings" } },
	{ OPTIONS_ALL, { "verbose", 'v', VALUE_VERBOSE, FIELD(verbosity), NULL, "say more on stderr (-vv: everything)" } },
	{ OPTIONS_ALL, { "quiet", 'q', VALUE_QUIET, FIELD(verbosity), NULL, "say nothing but errors on stderr" } },
	{ OPTIONS_ALL, { "help", 'h', VALUE_FLAG, FIELD(help), NULL, "this text" } },
	{ OPTIONS_RUN, { "pid", 0, VALUE_TEXT, FIELD(pid), "N", "this process only, where a spec does not say one itself; child: the command behind --" } },
	{ OPTIONS_RUN, { "dump", 0, VALUE_LIST, FIELD(dump), "MAP", "print a map each --interval, or once at the end" } },
	{ OPTIONS_RUN, { "hist", 0, VALUE_LIST, FIELD(hist), "MAP[:WORDS]", "the same as a histogram; words: log2, linear[=STEP], unit=us, a member" } },
	{ OPTIONS_RUN, { "top", 0, VALUE_LIST, FIELD(top), "MAP[:FIELD]", "the same as a table, largest first; on a terminal it redraws itself" } },
	{ OPTIONS_RUN, { "folded", 0, VALUE_LIST, FIELD(folded), "MAP[:FIELD]", "its stacks as lines \"process;function;function count\", each --interval or at the end" } },
	{ OPTIONS_RUN, { "flamegraph", 0, VALUE_TEXT, FIELD(flamegraph), "FILE", "the same as a picture: an SVG file for the browser" } },
	{ OPTIONS_RUN, { "stacks", 0, VALUE_TEXT, FIELD(stacks), "MAP[:FIELD]", "whose stacks --flamegraph shows (default: the only map that has any)" } },
	{ OPTIONS_RUN, { "rows", 0, VALUE_U64, FIELD(rows), "N", "tables have so many rows (--top: 20, or what the terminal holds)" } },
	{ OPTIONS_RUN, { "max-entries", 0, VALUE_U64, FIELD(rows), "N", "the same as --rows" } },
	{ OPTIONS_RUN, { "sort", 0, VALUE_TEXT, FIELD(sort), "A,-B", "sort tables by these members; -: largest first" } },
	{ OPTIONS_RUN, { "sum", 0, VALUE_FLAG, FIELD(sum), NULL, "add up the values of all CPUs" } },
	{ OPTIONS_RUN, { "interval", 'i', VALUE_NS, FIELD(interval_ns), "TIME", "how often to print maps: 1s, 500ms" } },
	{ OPTIONS_RUN, { "duration", 'd', VALUE_NS, FIELD(duration_ns), "TIME", "stop after this time" } },
	{ OPTIONS_RUN, { "count", 'n', VALUE_U64, FIELD(count), "N", "stop after N rounds of --interval, or else after N lines and events" } },
	{ OPTIONS_RUN, { "events", 0, VALUE_U64, FIELD(nr_events), "N", "stop after N lines and events, also with --interval" } },
	{ OPTIONS_RUN, { "until", 0, VALUE_TEXT, FIELD(until), "COND", "stop when this holds: done==1, 'counts[3].calls>=100 && left<5'" } },
	{ OPTIONS_RUN, { "exit-code", 0, VALUE_TEXT, FIELD(exit_code), "VAR", "exit with the value that this variable has at the end" } },
	{ OPTIONS_RUN, { "feed", 0, VALUE_TEXT, FIELD(feed), "MAP=FILE", "lines of FILE (-: stdin) become records of a user ring buffer: {pid=1,comm=sh}, or JSON" } },
	{ OPTIONS_RUN, { "event", 'e', VALUE_WORDS, FIELD(event), "MAP=TYPE", "what events look like: rb='struct event', rb='struct {u32 pid; char comm[16];}'" } },
	{ OPTIONS_RUN, { "columns", 0, VALUE_LIST, FIELD(columns), "A,B", "show these members of events, in this order; A:TITLE for another heading; -A,+B: change what is shown" } },
	{ OPTIONS_RUN, { "fields", 0, VALUE_LIST, FIELD(columns), "A,B", "the same as --columns" } },
	{ OPTIONS_RUN, { "filter", 'f', VALUE_TEXT, FIELD(filter), "EXPR", "show only events (rows of tables) for which this holds: pid==1 && comm~^ssh" } },
	{ OPTIONS_RUN, { "fmt", 0, VALUE_WORDS, FIELD(fmt), "MEMBER=FORM", "show a member as ipv4, mac, port, hex, kstack, ustack, ...; auto: by its name" } },
	{ OPTIONS_RUN, { "timestamps", 0, VALUE_OPTIONAL, FIELD(timestamps), "[=MODE]", "when events came, and maps were shown: wall (the default), rel, mono" } },
	{ OPTIONS_RUN, { "export", 0, VALUE_TEXT, FIELD(export_words), "prom:[ADDR:]PORT", "serve maps and variables as Prometheus metrics (bpfload export --help says which words may follow)" } },
	{ OPTIONS_RUN, { "output", 'o', VALUE_TEXT, FIELD(out_path), "FILE", "write there what would go to stdout" } },
	{ OPTIONS_RUN, { "raw", 0, VALUE_FLAG, FIELD(raw), NULL, "bpf_printk lines exactly as the kernel writes them, events as bytes" } },
	{ OPTIONS_RUN, { "no-printk", 0, VALUE_FLAG, FIELD(no_printk), NULL, "do not listen to bpf_printk" } },
	{ OPTIONS_RUN, { "perf-buffer", 0, VALUE_U64, FIELD(perf_bytes), "BYTES", "the size of perf buffers, for each CPU (262144)" } },
	{ OPTIONS_RUN, { "no-events", 0, VALUE_FLAG, FIELD(no_events), NULL, "do not read ring buffers and perf buffers" } },
	{ OPTIONS_RUN, { "ready-fd", 0, VALUE_FD, FIELD(ready_fd), "FD", "write a newline there when everything is attached" } },
	{ OPTIONS_RUN, { "dry-run", 0, VALUE_FLAG, FIELD(dry_run), NULL, "read and relocate, then stop: nothing is loaded" } },
};

#define NR_ALL (sizeof(all) / sizeof(all[0]))

static const struct {
	enum option_set set;
	const char *command, *help_command;
} sets[] = {
	{ OPTIONS_RUN, "bpfload run", "bpfload --help" },
	{ OPTIONS_LOAD, "bpfload load", "bpfload load --help" },
	{ OPTIONS_IMAGE, "bpfload image", "bpfload image --help" },
	{ OPTIONS_SPEC, "bpfload spec", "bpfload spec --help" },
	{ OPTIONS_ELF, "bpfload elf", "bpfload elf --help" },
};

/* What a command takes (or, with wanted false, what it does not take) into rows. Their number. */
static size_t rows_pick(enum option_set set, bool wanted, struct option_row *rows)
{
	size_t nr = 0;

	for (size_t i = 0; i < NR_ALL; i++) {
		if (((all[i].commands & set) != 0) == wanted)
			rows[nr++] = all[i].row;
	}
	return nr;
}

static size_t set_idx(unsigned commands)
{
	size_t i = 0;

	while (!(sets[i].set & commands))
		i++;
	return i;
}

/* "--interval" for a command that has nothing to do at intervals. */
static int foreign_option(enum option_set set, const struct option_row *row, struct bpfl_error *err)
{
	size_t here = set_idx(set), home = 0;

	for (size_t i = 0; i < NR_ALL; i++) {
		if (strcmp(all[i].row.name, row->name) == 0)
			home = set_idx(all[i].commands);
	}
	out_usage(err, "%s has no option '--%s'", sets[here].command, row->name);
	snprintf(err->fix, sizeof(err->fix), "it is an option of %s; %s lists those of %s", sets[home].command,
		 sets[here].help_command, sets[here].command);
	return -EINVAL;
}

static int words_add(struct words *words, const char *word)
{
	const char **items = realloc(words->items, (words->nr + 1) * sizeof(*items));

	if (!items)
		return -ENOMEM;
	items[words->nr++] = word;
	words->items = items;
	return 0;
}

void words_deinit(struct words *words)
{
	free(words->items);
	words->items = NULL;
	words->nr = 0;
}

/* "a,b" -> two words; the commas in argv become NULs, which nobody else needs. */
static int list_add(struct words *words, char *list, const char *name, struct bpfl_error *err)
{
	for (char *word = list; word;) {
		char *comma = strchr(word, ',');

		if (comma)
			*comma++ = '\0';
		if (!*word)
			return out_usage(err, "--%s: an empty name in the list", name);
		if (words_add(words, word) < 0)
			return out_nomem(err);
		word = comma;
	}
	return 0;
}

static int number_take(const struct option_row *row, const char *text, void *field, struct bpfl_error *err)
{
	uint64_t value;
	int ret = row->kind == VALUE_NS ? bpfl_text_to_ns(text, &value) : bpfl_text_to_u64(text, &value);

	if (ret < 0)
		return out_usage(err, "--%s: '%s' is not a %s", row->name, text,
				 row->kind == VALUE_NS ? "time (write 1s, 500ms, 2m)" : "number");
	if (row->kind == VALUE_NS && value < 1000000)
		return out_usage(err, "--%s: '%s' is shorter than a millisecond", row->name, text);
	switch (row->kind) {
	case VALUE_NS:
	case VALUE_U64:
		if (value == 0)
			return out_usage(err, "--%s: must be more than 0", row->name);
		*(uint64_t *)field = value;
		return 0;
	case VALUE_LEVEL:
		if (value > 7)
			return out_usage(err, "--%s: %s is not a sum of 1, 2 and 4", row->name, text);
		*(unsigned *)field = (unsigned)value;
		return 0;
	default:
		if (value > INT32_MAX || fcntl((int)value, F_GETFD) < 0)
			return out_usage(err, "--%s: file descriptor %s is not open", row->name, text);
		*(int *)field = (int)value;
		return 0;
	}
}

static int option_take(void *values, const struct option_row *row, char *argument,
		       struct bpfl_error *err)
{
	void *field = (char *)values + row->field;

	switch (row->kind) {
	case VALUE_FLAG:
		*(bool *)field = true;
		return 0;
	case VALUE_TEXT:
		*(const char **)field = argument;
		return 0;
	case VALUE_OPTIONAL:
		*(const char **)field = argument ? argument : "";
		return 0;
	case VALUE_WORDS:
		return words_add(field, argument) < 0 ? out_nomem(err) : 0;
	case VALUE_LIST:
		return list_add(field, argument, row->name, err);
	case VALUE_VERBOSE:
		*(int *)field += 1;
		return 0;
	case VALUE_QUIET:
		*(int *)field = -1;
		return 0;
	case VALUE_NS:
	case VALUE_U64:
	case VALUE_FD:
	case VALUE_LEVEL:
		return number_take(row, argument, field, err);
	}
	return -EINVAL;
}

/* What getopt_long() did not like, with the option that was probably meant. */
static int unknown_option(const struct option_table *table, const char *word, struct bpfl_error *err)
{
	const char *names[OPTION_ROWS_MAX];
	const char *near;

	for (size_t i = 0; i < table->nr_rows; i++)
		names[i] = table->rows[i].name;
	out_usage(err, "unknown option '%s'", word);
	near = word[0] == '-' && word[1] == '-' ? bpfl_text_nearest(word + 2, names, table->nr_rows) : NULL;
	if (near)
		snprintf(err->fix, sizeof(err->fix), "did you mean '--%s'? %s lists all options", near,
			 table->help_command);
	else if (word[1] >= '0' && word[1] <= '9')
		snprintf(err->fix, sizeof(err->fix), "a negative number comes after '--'");
	else
		snprintf(err->fix, sizeof(err->fix), "%s lists all options", table->help_command);
	return -EINVAL;
}

static void tables_fill(const struct option_table *table, struct option long_options[OPTION_ROWS_MAX + 1],
			char short_options[2 * OPTION_ROWS_MAX + 3])
{
	char *letter = short_options;

	*letter++ = ':'; /* a missing argument gives ':' */
	for (size_t i = 0; i < table->nr_rows; i++) {
		const struct option_row *row = &table->rows[i];
		int has_arg = row->kind == VALUE_OPTIONAL ? optional_argument
			      : row->argument             ? required_argument
							  : no_argument;

		long_options[i] = (struct option){ row->name, has_arg, NULL, 256 + (int)i };
		if (row->letter) {
			*letter++ = row->letter;
			if (row->argument)
				*letter++ = ':';
		}
	}
	long_options[table->nr_rows] = (struct option){ NULL, 0, NULL, 0 };
	*letter = '\0';
}

static const struct option_row *row_of(const struct option_table *table, int code)
{
	if (code >= 256)
		return &table->rows[code - 256];
	for (size_t i = 0; i < table->nr_rows; i++) {
		if (table->rows[i].letter == code)
			return &table->rows[i];
	}
	return NULL;
}

/*
 * Takes options until one is not the command's; that is *ret_foreign then (NULL otherwise): a row behind
 * those of the table.
 */
static int words_parse(const struct option_table *table, size_t nr_foreign, void *values, int argc, char **argv,
		       const struct option_row **ret_foreign, struct bpfl_error *err)
{
	struct option_table known = { table->rows, table->nr_rows + nr_foreign, table->help_command };
	struct option long_options[OPTION_ROWS_MAX + 1];
	char short_options[2 * OPTION_ROWS_MAX + 3];
	int code;

	*ret_foreign = NULL;
	tables_fill(&known, long_options, short_options);
	opterr = 0;
	optind = 1;
	while ((code = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		const struct option_row *row;
		int ret;

		if (code == ':')
			return out_usage(err, "option '%s' needs a value", argv[optind - 1]);
		row = code == '?' ? NULL : row_of(&known, code);
		if (!row && optopt && !(argv[optind - 1][0] == '-' && argv[optind - 1][1] == '-'))
			return unknown_option(table, (char[]){ '-', (char)optopt, '\0' }, err);
		if (!row)
			return unknown_option(table, argv[optind - 1], err);
		if (row >= table->rows + table->nr_rows) {
			*ret_foreign = row;
			return 0;
		}
		ret = option_take(values, row, optarg, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int option_table_parse(const struct option_table *table, void *values, int argc, char **argv, int *ret_first_operand,
		       struct bpfl_error *err)
{
	const struct option_row *foreign;
	int ret = words_parse(table, 0, values, argc, argv, &foreign, err);

	if (ret == 0)
		*ret_first_operand = optind;
	return ret;
}

/* Takes "-- CMD ARGS" off the words. What precedes must name the file: before that "--" only ends the options. */
static int command_take(struct options *options, enum option_set set, int *argc, char **argv, struct bpfl_error *err)
{
	int end = 1;

	while (end < *argc && strcmp(argv[end], "--") != 0)
		end++;
	if (end == *argc)
		return 0;
	if (end + 1 == *argc)
		return out_usage(err, "'--' is followed by a command: which?");
	if (!(set & OPTIONS_RUN))
		return 0;
	options->command = argv + end + 1;
	*argc = end;
	return 0;
}

int options_parse(struct options *options, enum option_set set, int argc, char **argv, struct bpfl_error *err)
{
	struct option_row rows[OPTION_ROWS_MAX];
	struct option_table table = { rows, rows_pick(set, true, rows), sets[set_idx(set)].help_command };
	const struct option_row *foreign;
	int ret;

	memset(options, 0, sizeof(*options));
	options->ready_fd = -1;
	ret = command_take(options, set, &argc, argv, err);
	if (ret < 0)
		return ret;
	ret = words_parse(&table, rows_pick(set, false, rows + table.nr_rows), options, argc, argv, &foreign, err);
	if (ret == 0 && foreign)
		ret = foreign_option(set, foreign, err);
	if (ret < 0 || options->help) {
		options->file = optind < argc ? argv[optind] : NULL; /* its parameters belong to the help */
		return ret;
	}
	/* "-- FILE": its name may begin with a dash */
	if (optind == argc && options->command && !options->command[1]) {
		options->file = options->command[0];
		options->command = NULL;
		return 0;
	}
	if (optind == argc)
		return out_usage(err, "which object file?");
	if (optind + 1 < argc)
		return out_usage(err, "one object file at a time: '%s' and '%s'", argv[optind], argv[optind + 1]);
	options->file = argv[optind];
	return 0;
}

void options_deinit(struct options *options)
{
	struct words *words[] = { &options->attach, &options->set,   &options->param,   &options->map,  &options->type,
				  &options->only,   &options->skip,  &options->dump,    &options->hist, &options->top,
				  &options->folded, &options->event, &options->columns, &options->fmt };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		words_deinit(words[i]);
}

int action_idx(const char *command, const char *word, const char *const names[], size_t nr_names,
	       struct bpfl_error *err)
{
	const char *near = bpfl_text_nearest(word, names, nr_names);
	char list[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < nr_names; i++) {
		if (strcmp(names[i], word) == 0)
			return (int)i;
		if (used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "", names[i]);
	}
	out_usage(err, "%s: '%.100s' is none of %s", command, word, list);
	if (near)
		snprintf(err->fix, sizeof(err->fix), "did you mean 'bpfload %s %s'?", command, near);
	else
		snprintf(err->fix, sizeof(err->fix), "bpfload %s --help says more", command);
	return -1;
}

void option_table_help(const struct option_table *table)
{
	for (size_t i = 0; i < table->nr_rows; i++) {
		const struct option_row *row = &table->rows[i];
		char names[64];

		snprintf(names, sizeof(names), "%c%c%s --%s%s%s", row->letter ? '-' : ' ',
			 row->letter ? row->letter : ' ', row->letter ? "," : " ", row->name,
			 row->argument && row->kind != VALUE_OPTIONAL ? " " : "", row->argument ? row->argument : "");
		printf("  %-28s %s\n", names, row->help);
	}
}

void options_help(enum option_set set)
{
	struct option_row rows[OPTION_ROWS_MAX];
	struct option_table table = { rows, rows_pick(set, true, rows), NULL };

	option_table_help(&table);
}
