/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/cmd_map.c: map: the elements of any map of this system, in words.
 *
 * A map is named by "id N", "name N", its pinned path, or a bare name; an action takes so many words behind
 * that. Everything about keys, values and types is the library's.
 */
#include "child.h"
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NR_OPERANDS 2 /* at most, behind the map */

struct map_options {
	struct options run; /* json, sum, rows, interval_ns, count, duration_ns: what the views and the loop read */
	const char *hist, *top, *folded; /* NULL: not given; "": without a word */
	const char *cpu, *flags, *type, *name, *key_type, *value_type, *inner;
	uint64_t key_size, value_size, max_entries;
	bool noexist, exist, help;
};

#define FIELD(member) offsetof(struct map_options, member)

static const struct option_row rows[] = {
	{ "json", 'j', VALUE_FLAG, FIELD(run.json), NULL, "one JSON object for each element" },
	{ "sum", 0, VALUE_FLAG, FIELD(run.sum), NULL, "of per-CPU maps: one value, the sum" },
	{ "cpu", 0, VALUE_TEXT, FIELD(cpu), "N", "of per-CPU maps: show or set the value of this CPU only; set: all (if not given)" },
	{ "noexist", 0, VALUE_FLAG, FIELD(noexist), NULL, "set: only if the key is not there" },
	{ "exist", 0, VALUE_FLAG, FIELD(exist), NULL, "set: only if the key is there; into a full queue: drop the oldest" },
	{ "hist", 0, VALUE_OPTIONAL, FIELD(hist), "[=WORDS]", "dump, watch: as a histogram; words: log2, linear[=STEP], unit=us, a member" },
	{ "top", 0, VALUE_OPTIONAL, FIELD(top), "[=FIELD]", "dump, watch: as a table, largest first" },
	{ "folded", 0, VALUE_OPTIONAL, FIELD(folded), "[=FIELD]", "dump, watch: its stacks as lines \"process;function;function count\"" },
	{ "flamegraph", 0, VALUE_TEXT, FIELD(run.flamegraph), "FILE", "dump, watch: the same as an SVG file" },
	{ "stacks", 0, VALUE_TEXT, FIELD(run.stacks), "MAP", "where its stack ids lead (default: the stack-trace maps of the programs that use it)" },
	{ "fmt", 0, VALUE_WORDS, FIELD(run.fmt), "MEMBER=FORM", "a member is a stack: kstack, ustack; or none: dec; of --top also ipv4, mac, hex, ... and auto" },
	{ "rows", 0, VALUE_U64, FIELD(run.rows), "N", "--top shows so many rows" },
	{ "interval", 'i', VALUE_NS, FIELD(run.interval_ns), "TIME", "watch: how often (1s)" },
	{ "duration", 'd', VALUE_NS, FIELD(run.duration_ns), "TIME", "watch: stop after this time" },
	{ "count", 'n', VALUE_U64, FIELD(run.count), "N", "watch: stop after N rounds" },
	{ "timestamps", 0, VALUE_OPTIONAL, FIELD(run.timestamps), "[=MODE]", "watch: when it was shown: wall (the default), rel, mono" },
	{ "type", 0, VALUE_TEXT, FIELD(type), "TYPE", "create: hash, array, percpu_hash, lru_hash, queue, ..." },
	{ "key", 0, VALUE_TEXT, FIELD(key_type), "CTYPE", "create: a C type for the key: u32, 'struct {u32 pid; char comm[16];}'" },
	{ "value", 0, VALUE_TEXT, FIELD(value_type), "CTYPE", "create: a C type for the value" },
	{ "key-size", 0, VALUE_U64, FIELD(key_size), "N", "create: bytes of a key without a type" },
	{ "value-size", 0, VALUE_U64, FIELD(value_size), "N", "create: bytes of a value without a type" },
	{ "max-entries", 0, VALUE_U64, FIELD(max_entries), "N", "create: how many elements" },
	{ "map-flags", 0, VALUE_TEXT, FIELD(flags), "N", "create: BPF_F_... as a number (1: no preallocation)" },
	{ "name", 0, VALUE_TEXT, FIELD(name), "NAME", "create: a name of up to 15 letters (default: that of the file)" },
	{ "inner", 0, VALUE_TEXT, FIELD(inner), "MAP", "create: of a map of maps: one like those that it will hold, a path or a name" },
	OPTION_ROWS_END(FIELD(run.verbosity), FIELD(help)),
};

static const struct option_table table = { rows, sizeof(rows) / sizeof(rows[0]), "bpfload map --help" };

struct command {
	const struct map_options *options;
	struct bpfl_map_words words;
	struct bpfl_map *map;
	struct stacks stacks;
	const char *operands[NR_OPERANDS]; /* NULL: not given */
	struct out *out;
};

static int map_help(void)
{
	printf("usage: bpfload map dump MAP [--hist|--top|--folded]   all elements\n"
	       "       bpfload map get MAP [KEY]                one; without a key, of a queue, the next; of a Bloom filter, whether KEY is in it\n"
	       "       bpfload map set MAP [KEY] VALUE          write one; without a key, put into a queue\n"
	       "       bpfload map del MAP [KEY]                delete one; without a key, take the next out\n"
	       "       bpfload map watch MAP [--hist|--top]     all elements, each --interval\n"
	       "       bpfload map pin MAP PATH                 give it a path in a bpffs\n"
	       "       bpfload map freeze MAP                   no system call writes it any more\n"
	       "       bpfload map create PATH --type TYPE ...  make one and pin it\n\n"
	       "MAP is 'id N', 'name NAME', the path where it is pinned, or a name.\n"
	       "KEY and VALUE are written as they are shown: 7, LEVEL_HIGH, {pid=1,comm=bash}, \"text\"; hex:01 02 always\n"
	       "works; 10.0.0.0/8 in a trie; pid:17, a file, a cgroup's directory or pid:17/fd:3 where the map is storage of\n"
	       "tasks, files, cgroups or sockets, or the value in a sockmap; 'id 7' or a pinned path for a program or a map;\n"
	       "eth0 or eth0,prog=PATH in a devmap, 192 or 192,prog=PATH (a queue's size) in a cpumap; of .data, .bss and\n"
	       ".rodata the key may be a variable: my_pid, cfg.port. A negative number comes after '--'.\n\n"
	       "options:\n");
	option_table_help(&table);
	printf("\nexit codes: as of bpfload; 7 when there is no such map or element, or it is there already\n\n"
	       "examples:\n"
	       "  bpfload map dump counts --json\n"
	       "  bpfload map set /sys/fs/bpf/limits '{pid=1,comm=bash}' 100\n"
	       "  bpfload map watch id 17 --top=bytes --sum\n"
	       "  bpfload map create /sys/fs/bpf/seen --type hash --key u32 --value 'struct {u64 packets; u64 bytes;}' --max-entries 1024\n");
	return out_help_end();
}

/* ---- actions ---- */

static int text_out(struct command *command, int ret, char *text)
{
	if (ret == 0 && text)
		ret = out_text(command->out, text);
	free(text);
	return ret;
}

/* Elements are written by their types, so that they can be read again: of forms only those of stacks mean something. */
static int forms_check(const struct words *forms, enum view_kind kind, struct bpfl_error *err)
{
	static const char *const of_stacks[] = { "=kstack", "=ustack", "=stack", "=dec" };

	for (size_t i = 0; i < forms->nr && kind != VIEW_TOP; i++) {
		const char *form = strchr(forms->items[i], '=');
		bool is_one = false;

		for (size_t k = 0; form && k < sizeof(of_stacks) / sizeof(of_stacks[0]); k++)
			is_one = is_one || strcmp(form, of_stacks[k]) == 0;
		if (is_one)
			continue;
		out_usage(err, "--fmt: '%.100s': elements are written by their types", forms->items[i]);
		snprintf(err->fix, sizeof(err->fix), "--top shows a table, where members may have other forms");
		return -EINVAL;
	}
	return 0;
}

static int view_add(struct command *command, struct views *views, struct bpfl_error *err)
{
	const struct map_options *options = command->options;
	const char *words = options->hist ? options->hist : options->top ? options->top : options->folded;
	enum view_kind kind = options->hist     ? VIEW_HIST
			      : options->top    ? VIEW_TOP
			      : options->folded ? VIEW_FOLDED
						: VIEW_DUMP;
	struct bpfl_map *map = command->map;
	int ret;

	if (!!options->hist + !!options->top + !!options->folded > 1)
		return out_usage(err, "one of --hist, --top and --folded at once");
	if (command->words.one_cpu && (words || options->run.flamegraph))
		return out_usage(err, "--cpu is about elements: histograms, tables and stacks are of all CPUs");
	ret = forms_check(&options->run.fmt, kind, err);
	if (ret == 0)
		ret = stacks_prepare(&command->stacks, &options->run, command->out, err);
	if (ret == 0)
		ret = stacks_open_map(&command->stacks, map, err);
	/* Which programs use the map only root may see; whoever may open its pin shall see the rest. */
	if (ret == -EPERM && !options->run.stacks && !options->run.flamegraph && kind != VIEW_FOLDED) {
		out_note(command->out, 1, "stack ids stay numbers: %s", err->message);
		bpfl_error_clear(err);
		ret = 0;
	}
	if (ret >= 0)
		ret = views_open(views, &options->run, NULL, NULL, command->out, err);
	views->stacks = &command->stacks;
	views->is_only = true;
	views->one_cpu = command->words.one_cpu;
	views->cpu = command->words.cpu;
	if (ret == 0 && options->run.flamegraph) {
		command->stacks.map = map;
		command->stacks.words = options->folded && *options->folded ? options->folded : NULL;
		if (kind == VIEW_DUMP) /* the file is all that is wanted */
			return stacks_say(&command->stacks, map, err) < 0 ? -ENOMEM : 0;
	}
	if (ret < 0)
		return ret;
	command->map = NULL; /* theirs now */
	if (views_add(views, kind, map, words && *words ? words : NULL) < 0)
		return out_nomem(err);
	return views_stacks(views, views->nr - 1, err);
}

static int map_dump(struct command *command, struct bpfl_error *err)
{
	struct views views = { 0 };
	int ret = view_add(command, &views, err);

	views.is_live = false; /* once, and the whole of it */
	if (ret == 0)
		ret = views_show(&views, 0, err);
	views_deinit(&views);
	return ret;
}

static int map_watch(struct command *command, struct bpfl_error *err)
{
	struct views views = { 0 };
	struct events events = { 0 };
	struct plan plan = { 0 };
	struct options options = command->options->run;
	struct child child;
	struct loop loop = { .signal_fd = -1, .events = &events, .views = &views, .plan = &plan, .options = &options,
			     .out = command->out, .child = &child };
	int ret = stamp_mode(options.timestamps, &loop.time, err);

	loop.start_ns = stamp_now_ns();
	child_init(&child, NULL);
	if (options.interval_ns == 0)
		options.interval_ns = 1000000000;
	if (ret == 0)
		ret = signals_init(&loop.signal_fd, err);
	if (ret == 0)
		ret = view_add(command, &views, err);
	if (ret == 0)
		ret = loop_dump(&loop, err); /* now, and then each interval */
	if (ret == 0 && !(options.count && loop.nr_dumps >= options.count))
		ret = loop_run(&loop, err);
	views_deinit(&views);
	if (loop.signal_fd >= 0)
		close(loop.signal_fd);
	return ret;
}

static int map_get(struct command *command, struct bpfl_error *err)
{
	char *text = NULL;
	int ret = bpfl_map_get_text(command->map, command->operands[0], &command->words, &text, err);

	return text_out(command, ret, text);
}

/* "set MAP VALUE" of a queue, "set MAP KEY VALUE" of anything else. */
static int map_set(struct command *command, struct bpfl_error *err)
{
	const char *key = command->operands[1] ? command->operands[0] : NULL;
	const char *value = command->operands[1] ? command->operands[1] : command->operands[0];
	struct bpfl_map_facts facts;

	bpfl_map_get_facts(command->map, &facts);
	if (!key && facts.key_size > 0)
		return out_usage(err, "set: map '%s' needs a key and a value", facts.name);
	return bpfl_map_set_text(command->map, key, value, &command->words, err);
}

static int map_del(struct command *command, struct bpfl_error *err)
{
	char *text = NULL;
	int ret = bpfl_map_del_text(command->map, command->operands[0], &command->words, &text, err);

	return text_out(command, ret, text);
}

static int map_pin(struct command *command, struct bpfl_error *err)
{
	return bpfl_map_pin(command->map, command->operands[0], err);
}

static int map_freeze(struct command *command, struct bpfl_error *err)
{
	return bpfl_map_freeze(command->map, err);
}

static int create_def(const struct map_options *options, struct bpfl_map_def *def, struct bpfl_error *err)
{
	uint64_t flags = 0;

	if (!options->type)
		return out_usage(err, "create: which --type? hash, array, percpu_array, lru_hash, queue, ...");
	*def = (struct bpfl_map_def){ .size = sizeof(*def), .name = options->name };
	def->type = bpfl_map_type_find(options->type);
	if (def->type == 0)
		return out_usage(err,
				 "create: '%.100s' is no type of map: hash, array, percpu_hash, lru_hash, queue, ...",
				 options->type);
	if (options->flags && (bpfl_text_to_u64(options->flags, &flags) < 0 || flags > UINT32_MAX))
		return out_usage(err, "--map-flags: '%.100s' is not a number of 32 bits", options->flags);
	if (options->key_size > UINT32_MAX || options->value_size > UINT32_MAX || options->max_entries > UINT32_MAX)
		return out_usage(err, "create: a size of more than 32 bits");
	def->key_size = (uint32_t)options->key_size;
	def->value_size = (uint32_t)options->value_size;
	def->max_entries = (uint32_t)options->max_entries;
	def->flags = (uint32_t)flags;
	return 0;
}

/* A map without a name is called as its file is, as far as the kernel takes names: 15 bytes, no signs but "_". */
static void name_of_path(const char *path, char name[static 16])
{
	const char *slash = strrchr(path, '/');
	size_t size = 0;

	for (const char *c = slash ? slash + 1 : path; *c && size < 15; c++)
		name[size++] = (char)(isalnum((unsigned char)*c) ? *c : '_');
	name[size] = '\0';
}

static int map_create(struct command *command, struct bpfl_error *err)
{
	const struct map_options *options = command->options;
	struct bpfl_map *inner = NULL;
	struct bpfl_map_def def;
	char name[16], *word = (char *)options->inner;
	int ret = create_def(options, &def, err);

	if (ret < 0)
		return ret;
	name_of_path(command->operands[0], name);
	if (!options->name && name[0])
		def.name = name;
	if (word) {
		ret = map_open_words(&inner, &word, 1, err);
		def.inner_map_fd = ret < 0 ? 0 : bpfl_map_fd(inner);
	}
	if (ret >= 0)
		ret = bpfl_map_create(&def, options->key_type, options->value_type, &command->map, err);
	if (ret == -EINVAL && err->kind == BPFL_ERR_USAGE && !word && !err->fix[0] && strstr(options->type, "_of_maps"))
		snprintf(err->fix, sizeof(err->fix), "--inner MAP names it");
	bpfl_map_close(inner);
	return ret < 0 ? ret : bpfl_map_pin(command->map, command->operands[0], err);
}

#define VIEWS "hist top folded flamegraph stacks fmt rows"
#define OF_ALL "json verbose quiet help"

static const struct action {
	const char *name;
	int (*run)(struct command *command, struct bpfl_error *err);
	int nr_least, nr_most; /* words behind the map */
	const char *wants;     /* for a message */
	bool is_new;	       /* no map is named */
	const char *options;   /* that say something to it, besides those that all take */
} actions[] = {
	{ "dump", map_dump, 0, 0, "dump MAP", false, "sum cpu " VIEWS },
	{ "get", map_get, 0, 1, "get MAP [KEY]", false, "sum cpu" },
	{ "set", map_set, 1, 2, "set MAP [KEY] VALUE", false, "cpu noexist exist" },
	{ "del", map_del, 0, 1, "del MAP [KEY]", false, "" },
	{ "watch", map_watch, 0, 0, "watch MAP", false, "sum cpu " VIEWS " interval duration count timestamps" },
	{ "pin", map_pin, 1, 1, "pin MAP PATH", false, "" },
	{ "freeze", map_freeze, 0, 0, "freeze MAP", false, "" },
	{ "create", map_create, 1, 1, "create PATH --type TYPE", true,
	  "type key value key-size value-size max-entries map-flags name inner" },
};

#define NR_ACTIONS (sizeof(actions) / sizeof(actions[0]))

/* ---- words ---- */

static const struct action *action_find(const char *name, struct bpfl_error *err)
{
	const char *names[NR_ACTIONS];
	int idx;

	for (size_t i = 0; i < NR_ACTIONS; i++)
		names[i] = actions[i].name;
	idx = action_idx("map", name, names, NR_ACTIONS, err);
	return idx < 0 ? NULL : &actions[idx];
}

static bool is_given(const struct map_options *options, const struct option_row *row)
{
	const void *field = (const char *)options + row->field;

	switch (row->kind) {
	case VALUE_FLAG:
		return *(const bool *)field;
	case VALUE_TEXT:
	case VALUE_OPTIONAL:
		return *(const char *const *)field != NULL;
	case VALUE_WORDS:
		return ((const struct words *)field)->nr > 0;
	case VALUE_NS:
	case VALUE_U64:
		return *(const uint64_t *)field > 0;
	default:
		return false;
	}
}

static bool has_name(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = names; (at = strstr(at, name)); at += len) {
		if ((at == names || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	}
	return false;
}

/* What an action does not look at was meant for something: it is refused. */
static int options_check(const struct map_options *options, const struct action *action, struct bpfl_error *err)
{
	for (size_t i = 0; i < table.nr_rows; i++) {
		const struct option_row *row = &rows[i];

		if (!has_name(OF_ALL, row->name) && !has_name(action->options, row->name) && is_given(options, row))
			return out_usage(err, "bpfload map %s has no option '--%s'", action->name, row->name);
	}
	return 0;
}

static int words_fill(struct command *command, struct bpfl_error *err)
{
	const struct map_options *options = command->options;
	bool is_one = options->cpu && strcmp(options->cpu, "all") != 0;
	uint64_t cpu = 0;

	if (options->noexist && options->exist)
		return out_usage(err, "--noexist and --exist contradict each other");
	if (options->cpu && options->run.sum)
		return out_usage(err, "--sum is of all CPUs, --cpu of one");
	if (is_one && (bpfl_text_to_u64(options->cpu, &cpu) < 0 || cpu > UINT32_MAX))
		return out_usage(err, "--cpu: '%.100s' is not the number of a CPU, nor all", options->cpu);
	command->words = (struct bpfl_map_words){
		.size = sizeof(command->words),
		.format = options->run.json ? BPFL_FORMAT_JSON : BPFL_FORMAT_TEXT,
		.flags = options->noexist ? BPFL_MAP_NOEXIST : options->exist ? BPFL_MAP_EXIST : BPFL_MAP_ANY,
		.sum = options->run.sum,
		.one_cpu = is_one,
		.cpu = (unsigned)cpu,
	};
	return 0;
}

static int action_run(struct command *command, char **words, int nr_words, struct bpfl_error *err)
{
	const struct action *action = nr_words > 0 ? action_find(words[0], err) : NULL;
	struct bpfl_map_facts facts;
	int ret, used = 0;

	if (nr_words == 0)
		return out_usage(err, "map: dump, get, set, del, watch, pin, freeze or create?");
	ret = action ? options_check(command->options, action, err) : -EINVAL;
	if (ret == 0)
		ret = words_fill(command, err);
	if (ret == 0 && !action->is_new) {
		used = map_open_words(&command->map, words + 1, nr_words - 1, err);
		ret = used < 0 ? used : 0;
	}
	if (ret < 0)
		return ret;
	words += 1 + used;
	nr_words -= 1 + used;
	if (nr_words < action->nr_least || nr_words > action->nr_most)
		return out_usage(err, "%s: bpfload map %s",
				 nr_words < action->nr_least ? "a word is missing" : "too many words", action->wants);
	for (int i = 0; i < nr_words; i++)
		command->operands[i] = words[i];
	if (command->map) {
		bpfl_map_get_facts(command->map, &facts);
		if (facts.why_untyped)
			out_note(command->out, 1, "map '%s': %s", facts.name, facts.why_untyped);
	}
	return action->run(command, err);
}

int cmd_map(int argc, char **argv)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct map_options options = { 0 };
	struct command command = { .options = &options };
	int first = argc, code = EXIT_OK, ret;
	struct out out;

	out_init(&out);
	command.out = &out;
	ret = option_table_parse(&table, &options, argc, argv, &first, &err);
	out.json = options.run.json;
	out.verbosity = options.run.verbosity;
	if (ret == 0 && options.help)
		return map_help();
	if (ret == 0)
		ret = action_run(&command, argv + first, argc - first, &err);
	ret = out_end(&out, ret);
	if (ret < 0)
		code = out_error(&out, &err);
	stacks_deinit(&command.stacks);
	words_deinit(&options.run.fmt);
	bpfl_map_close(command.map);
	bpfl_error_clear(&err);
	return code;
}
