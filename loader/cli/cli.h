/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli: the command. It knows the library by its public headers only.
 *
 *     main.c       which command, its help
 *     options.c    words -> struct options
 *     out.c        stdout is data, stderr is everything else; errors and exit codes
 *     cmd_stage.c  elf, spec, image: print a stage and stop
 *     cmd_btf.c    btf: types of kernels and objects
 *     cmd_min.c    btf min: the part of a kernel's BTF that objects need
 *     cmd_check.c  check: will objects load on other kernels?
 *     cmd_map.c    map: elements of any map, in words
 *     cmd_run.c    run: the whole way, in order; load: the same, but what is attached stays
 *     cmd_unload.c unload: takes away what load has left
 *     cmd_ls.c     ls: what is loaded, by whom
 *     cmd_trace.c  trace: bpf_printk() lines of all programs
 *     cmd_test.c   test: one program, with input from files
 *     cmd_events.c events: of a map that somebody else loaded
 *     plan.c       which program is attached where
 *     leave.c      detaching fast
 *     child.c      the command behind "--"
 *     events.c     what programs send through ring and perf buffers
 *     views.c      maps on the screen: --dump, --hist, --top, --folded
 *     stacks.c     names for stacks, --flamegraph
 *     file.c       results that go into a file of their own
 *     export.c     metrics: --export, and export for maps of others
 *     http.c       the page of metrics, for who asks
 *     tables.c     tables that an object describes itself
 *     feed.c       --feed: lines of a file become records for programs
 *     which_map.c  "id N", "name NAME", a path: which map is meant
 *     until.c      conditions that end a run, and variables that are its exit code
 *     loop.c       waiting: signals, printk lines, events, intervals
 */
#ifndef BPFLOAD_CLI_H
#define BPFLOAD_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bpfload.h"

/* Exit codes; docs/bpfload.8 lists them. */
enum {
	EXIT_OK = 0,
	EXIT_OTHER = 1,
	EXIT_USAGE = 2,
	EXIT_OBJECT = 3,
	EXIT_VERIFIER = 4,
	EXIT_PERMISSION = 5,
	EXIT_UNSUPPORTED = 6,
	EXIT_TARGET = 7,
	EXIT_STRICT = 8,
};

struct words { /* values of a repeatable option, borrowed from argv */
	const char **items;
	size_t nr;
};

struct options {
	const char *file;
	struct words attach, set, param, map, type, only, skip, dump, hist, top;
	struct words folded;		  /* MAP[:FIELD] */
	const char *flamegraph, *stacks;  /* NULL: not given */
	struct words event, columns, fmt; /* events: "MAP=TYPE", members, "MEMBER=FORM" */
	const char *sort; /* of tables; NULL: not given */
	const char *filter, *timestamps;  /* NULL: not given; timestamps "": without a word */
	const char *btf_path, *kconfig_path, *verifier_log_path, *out_path;
	const char *pin_dir, *pin_root, *token;
	const char *export_words; /* NULL: not given */
	const char *until, *exit_code; /* a condition, the name of a variable; NULL: not given */
	uint64_t nr_events; /* stop after so many lines and events; 0: no limit */
	const char *feed; /* NULL: not given; "MAP=FILE" */
	const char *pid;  /* NULL: not given; a number, "self" or "child" */
	char **command;	  /* what follows "--", NULL-terminated; NULL: nothing */
	int child_pid;	  /* of that command; 0 until it is made */
	uint64_t interval_ns, duration_ns; /* 0: not given */
	uint64_t count;			   /* 0: no limit */
	uint64_t rows;			   /* of --top; 0: not given */
	uint64_t perf_bytes;		   /* of a perf buffer of each CPU; 0: not given */
	unsigned verifier_log_level;
	int ready_fd; /* -1: not given */
	int verbosity; /* -1 quiet, 0, 1, 2 */
	bool json, raw, no_printk, no_events, skip_incomplete, strict, dry_run, help, no_pin, best_effort, sum, once,
		update;
};

/*
 * options.c: a table of options and the parser for it. A command has run's options (options_parse()), or a table
 * of its own whose values go into a struct of its own (option_table_parse()).
 */
enum value_kind {
	VALUE_FLAG,
	VALUE_TEXT,
	VALUE_WORDS,
	VALUE_LIST,
	VALUE_NS,
	VALUE_U64,
	VALUE_FD,
	VALUE_LEVEL,
	VALUE_VERBOSE,
	VALUE_QUIET,
	VALUE_OPTIONAL /* "--name" gives "", "--name=WORD" the word */
};

struct option_row {
	const char *name;
	char letter; /* 0: none */
	enum value_kind kind;
	size_t field; /* offset in the struct of the values */
	const char *argument; /* for the help; NULL: takes none */
	const char *help;
};

/* The rows that end a table; where the values of verbosity and help are. */
#define OPTION_ROWS_END(verbosity_field, help_field)                                                                    \
	{ "verbose", 'v', VALUE_VERBOSE, verbosity_field, NULL, "say more on stderr" },                                 \
	{ "quiet", 'q', VALUE_QUIET, verbosity_field, NULL, "say nothing but errors on stderr" },                       \
	{ "help", 'h', VALUE_FLAG, help_field, NULL, "this text" }

#define OPTION_ROWS_MAX 64

struct option_table {
	const struct option_row *rows;
	size_t nr_rows; /* at most OPTION_ROWS_MAX */
	const char *help_command; /* prints them: "bpfload --help" */
};

/* Fills values. The words that are no options are argv[*ret_first_operand] and after it, in their order. */
int option_table_parse(const struct option_table *table, void *values, int argc, char **argv, int *ret_first_operand,
		       struct bpfl_error *err);
void option_table_help(const struct option_table *table);
/*
 * The second word of a command that has several actions ("bpfload map dump"): which of the names it is, or -1
 * with an error that lists them all and names the nearest.
 */
int action_idx(const char *command, const char *word, const char *const names[], size_t nr_names,
	       struct bpfl_error *err);

/* The commands that share run's table: each takes the rows that say something to it, and refuses the others by name. */
enum option_set {
	OPTIONS_RUN = 1,
	OPTIONS_LOAD = 2,
	OPTIONS_IMAGE = 4,
	OPTIONS_SPEC = 8,
	OPTIONS_ELF = 16,
	OPTIONS_ALL = 31,
};
int options_parse(struct options *options, enum option_set set, int argc, char **argv, struct bpfl_error *err);
void options_deinit(struct options *options);
void options_help(enum option_set set);

/* out.c */
struct out {
	bool json;
	bool closed; /* the reader of stdout has gone: stop, with success */
	size_t nr_collected; /* bytes that wait to be written */
	int refused_errnum; /* why stdout took no more; 0: it takes all */
	const char *path; /* of --output, borrowed; NULL: stdout is what the caller gave */
	int verbosity;
	unsigned nr_warnings;
};
void out_init(struct out *out);
/* Writes data to stdout. 0; -EPIPE when the reader has gone; -errno. */
int out_text(struct out *out, const char *text);
/* The same for a piece of text that has no NUL; ctx is the struct out: a bpfl_write_fn. */
int out_write(void *ctx, const char *text, size_t size);
int out_flush(struct out *out);
/*
 * The end of a command that returns ret: data that stdout refused at any time is a failure, however the command
 * ended itself; a reader that leaves early has seen enough. ret; 0; -errno of the write, with nothing in the error:
 * out_error() knows.
 */
int out_end(struct out *out, int ret);
/* Lines of the terminal that stdout is; 0: it is none. */
unsigned out_rows(void);
/* An error for data that could not be written: where to, and why. Returns -errnum. */
int out_refused(const struct out *out, int errnum, struct bpfl_error *err);
/* From now on data goes into this file, which is made anew. path: kept. */
int out_redirect(struct out *out, const char *path, struct bpfl_error *err);
/* The end of a help text: the exit code, after saying on stderr what stdout refused. */
int out_help_end(void);
/* A warning on stderr, which --strict counts. */
void out_warn(struct out *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A line on stderr. */
void out_note(const struct out *out, int verbosity, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Hears the library. */
struct bpfl_log out_log(struct out *out);
/* Shows an error and returns the exit code for it. */
int out_error(const struct out *out, const struct bpfl_error *err);
/* The words are wrong. -EINVAL. */
int out_usage(struct bpfl_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A call of the system failed: the words, and behind a colon what errnum means. -errnum. */
int out_errno(struct bpfl_error *err, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* -ENOMEM. */
int out_nomem(struct bpfl_error *err);

/*
 * file.c. What --option PATH is to get: "-" is stdout; a regular file is replaced as a whole, what is no regular file
 * is written into. 0 or -errno.
 */
int file_write(const char *option, const char *path, const void *bytes, size_t size, struct bpfl_error *err);
/* Before the work: whether file_write() could begin. What is neither file nor directory shows it only then. */
int file_check(const char *option, const char *path, struct bpfl_error *err);

/* cmd_stage.c, cmd_btf.c, cmd_run.c: return the exit code. argv[0] is the command's name. */
int cmd_elf(int argc, char **argv);
int cmd_spec(int argc, char **argv);
int cmd_image(int argc, char **argv);
int cmd_btf(int argc, char **argv);
int cmd_btf_min(int argc, char **argv); /* argv[0] is "min" */
int cmd_check(int argc, char **argv);
int cmd_map(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_load(int argc, char **argv);
int cmd_unload(int argc, char **argv);
int cmd_ls(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_events(int argc, char **argv);

struct child; /* child.h */

/* plan.c: which program is attached where. */
struct plan_item {
	struct bpfl_attach *attach; /* owned; NULL: a map is registered, not a program attached */
	const char *map;	    /* struct_ops variable, borrowed from the spec; NULL */
	size_t prog_idx;
	struct bpfl_link *link; /* owned, NULL until attached */
};
struct plan {
	struct plan_item *items;
	size_t nr;
};
int plan_make(struct plan *plan, const struct options *options, struct bpfl_spec *spec, struct out *out,
	      struct bpfl_error *err);
/*
 * All or nothing; with best_effort what cannot be attached leaves the plan with a warning, and only nothing
 * at all is an error.
 */
int plan_attach(struct plan *plan, struct bpfl_object *object, bool best_effort, struct out *out,
		struct bpfl_error *err);
/* Pins all of it in dir. With best_effort what cannot outlive this process is detached, with a warning. */
int plan_pin(struct plan *plan, const struct bpfl_object *object, const char *dir, bool best_effort, struct out *out,
	     struct bpfl_error *err);
struct tables;
/*
 * Shows what programs say that run only when asked (iterators, syscall): nothing when there are none.
 * tables: may be NULL.
 */
int plan_read(const struct plan *plan, const struct bpfl_spec *spec, struct tables *tables, struct out *out,
	      struct bpfl_error *err);
/* True when something was attached and nothing of it runs by itself: one reading is all there is to see. */
bool plan_is_on_demand(const struct plan *plan);
/* The same before anything is attached: at least one program runs only when asked. */
bool plan_has_readable(const struct plan *plan, const struct bpfl_spec *spec);
void plan_deinit(struct plan *plan);
/* leave.c: detaches everything; when it returns no program runs any more. */
void plan_detach(struct plan *plan);

/* events.c */
struct stacks;
struct events {
	const struct options *options;
	struct out *out;
	struct stacks *stacks;	      /* borrowed; NULL */
	struct bpfl_decoder *decoder; /* NULL with --no-events */
	struct bpfl_events *sources;  /* NULL until events_open() */
	uint64_t *nr_lines;	      /* of the loop: what --count counts */
	struct loser { /* a buffer that has lost events */
		const char *source; /* borrowed from the spec */
		size_t idx;
		uint64_t nr_unsaid;
	} *losers;
	size_t nr_losers;
	uint64_t nr_lost; /* of all */
	bool any_lost;	  /* or counted by the programs */
	long lost_said_s; /* second in which something was said */
	bool is_terminal; /* stdout */
	unsigned nr_below; /* lines below the heading, on a terminal */
	bool is_done;	  /* --count events were shown */
};
/* Works out types, columns and filter; nothing is loaded yet. */
int events_prepare(struct events *events, const struct options *options, const struct bpfl_spec *spec, struct out *out,
		   struct bpfl_error *err);
/* Opens the sources of a loaded object, says which types were found, prints the heading. */
int events_open(struct events *events, const struct bpfl_object *object, struct bpfl_error *err);
/* Those of one map that is loaded already; spec: of bpfl_spec_of_map(). */
int events_open_map(struct events *events, const struct bpfl_map *map, const struct bpfl_spec *spec,
		    struct bpfl_error *err);
/* For poll(2); -1 when there is nothing to read. */
int events_fd(const struct events *events);
/* The zero of --timestamps=rel, as of stamp_now_ns(). */
void events_begin(struct events *events, int64_t start_ns);
/* Shows what waits. 0; -ECANCELED: --count is reached; -errno. */
int events_read(struct events *events, struct bpfl_error *err);
/* When the programs have stopped: the rest, and what was lost. */
int events_finish(struct events *events, struct bpfl_error *err);
void events_deinit(struct events *events);

/* views.c: what is shown of maps each interval, or once. */
enum view_kind { VIEW_DUMP, VIEW_HIST, VIEW_TOP, VIEW_FOLDED, VIEW_TABLE /* the object says so; words: its name */ };
struct view {
	enum view_kind kind;
	struct bpfl_map *map; /* owned */
	const char *words;    /* behind the map's name; NULL */
	bool has_stacks;      /* and shows them */
};
#define STAMP_SIZE 64
struct views {
	const struct options *options; /* json, sum, rows, ... */
	bool has_words; /* --columns, --filter and --fmt are about them, not about events */
	struct out *out;
	struct stacks *stacks; /* borrowed; NULL: ids stay numbers, and there is no flame graph */
	struct view *items;
	size_t nr;
	bool is_only;	  /* one map: forms of members that it does not have are an error */
	bool one_cpu;	  /* of per-CPU maps plain elements are shown with the value of this CPU only */
	unsigned cpu;
	bool is_live;	  /* draws over what it has drawn: stdout is a terminal */
	unsigned nr_drawn; /* lines that stand on the screen */
	uint64_t nr_lines_then; /* how many other lines there were by then */
	char stamp[STAMP_SIZE]; /* when this round is shown; "": that is not wanted */
	bool any_shown;
};
/* Whether maps are shown because the object says so: only when no option names any. */
bool views_are_described(const struct options *options, const struct bpfl_spec *spec);
/* Whether the object has the maps that the options name. Nothing is loaded yet. */
int views_check(const struct options *options, const struct bpfl_spec *spec, struct bpfl_error *err);
/* The maps of a loaded object that --dump, --hist and --top name; without an object (NULL) those of views_add(). */
int views_open(struct views *views, const struct options *options, const struct bpfl_object *object,
	       const struct bpfl_spec *spec, struct out *out, struct bpfl_error *err);
/* One more, whose map is taken over. 0 or -ENOMEM. */
int views_add(struct views *views, enum view_kind kind, struct bpfl_map *map, const char *words);
/* Words of views that fit their maps not at all are an error, before anything is attached. 0; -errno. */
int views_try(struct views *views, struct bpfl_error *err);
/* nr_lines: how many other lines have been written so far: over those nothing is drawn. 0; -EPIPE; -errno. */
int views_show(struct views *views, uint64_t nr_lines, struct bpfl_error *err);
/* Whether a view that was added shows stacks; says of which members. 0; -errno. */
int views_stacks(struct views *views, size_t idx, struct bpfl_error *err);
void views_deinit(struct views *views);

/* until.c */
struct until_term;
struct until {
	struct until_term *terms; /* all must hold */
	size_t nr; /* 0: no condition */
};
/* Checks the words of --until and --exit-code; nothing is loaded yet. */
int until_prepare(struct until *until, const struct options *options, const struct bpfl_spec *spec,
		  struct bpfl_error *err);
int until_open(struct until *until, const struct bpfl_object *object, struct bpfl_error *err);
/* err hears why not, when the words are to blame. */
bool until_holds(const struct until *until, struct bpfl_error *err);
int until_exit_code(const struct options *options, const struct bpfl_spec *spec, const struct bpfl_object *object,
		    int *ret_code, struct bpfl_error *err);
void until_deinit(struct until *until);

/* export.c */
struct export;
/*
 * Checks the words and opens the port; nothing is loaded yet. *ret_export: NULL without --export; to be
 * given to export_close() also after a failure.
 */
int export_prepare(struct export **ret_export, const struct options *options, const struct bpfl_spec *spec,
		   struct out *out, struct bpfl_error *err);
/* The maps of the loaded object. */
int export_open(struct export *export, const struct bpfl_object *object, const struct bpfl_spec *spec,
		const struct events *events, struct out *out, struct bpfl_error *err);
/* For poll(2); -1 when nothing is exported. */
int export_fd(const struct export *export);
void export_serve(struct export *export);
/* Before the object is closed. NULL is fine. */
void export_close(struct export *export);

/* which_map.c: "id N", "name N", a path, a name: how many words that took, or -errno. */
int map_open_words(struct bpfl_map **ret_map, char **words, int nr_words, struct bpfl_error *err);
/* tables.c: iterators whose output the object describes. */
struct table {
	struct bpfl_rows *rows;			   /* owned */
	const char *progs[BPFL_MARKER_PROGS_MAX]; /* borrowed from the spec */
	bool is_read;				   /* since it was shown */
};
struct tables {
	struct out *out;
	struct table *items;
	size_t nr;
	bool any_shown;
};
/* What the options say about tables; some of it is about events where there are any: tables_have_words(). */
struct bpfl_view_opts table_opts(const struct options *options, const struct out *out);
/* Whether --columns, --filter and --fmt are about tables: there is one, and there are no events. */
bool tables_have_words(const struct options *options, const struct bpfl_spec *spec);
int tables_prepare(struct tables *tables, const struct options *options, const struct bpfl_spec *spec, struct out *out,
		   struct bpfl_error *err);
/* What a program writes becomes rows. 1; 0: it belongs to no table; -errno. tables may be NULL. */
int tables_read(struct tables *tables, const char *prog, struct bpfl_link *link, struct bpfl_error *err);
/* The tables that were read, once. */
int tables_show(struct tables *tables, struct bpfl_error *err);
void tables_deinit(struct tables *tables);

/* stacks.c */
struct stacks {
	const struct options *options;
	struct out *out;
	struct bpfl_symbolizer *symbolizer;
	struct bpfl_stacks *stacks;
	struct bpfl_map *map; /* of the flame graph; NULL: none is wanted */
	bool owns_map, said_lost;
	const char *words; /* the member that is counted; NULL */
	int64_t next_note_us; /* of CLOCK_MONOTONIC */
};
/* Before anything is loaded. */
int stacks_prepare(struct stacks *stacks, const struct options *options, struct out *out, struct bpfl_error *err);
/* Where the stack ids of a loaded object lead, and which map the flame graph is of. */
int stacks_open(struct stacks *stacks, const struct bpfl_object *object, const struct bpfl_spec *spec,
		struct bpfl_error *err);
/* The same for a map that somebody else has loaded. */
int stacks_open_map(struct stacks *stacks, const struct bpfl_map *map, struct bpfl_error *err);
/* Says on stderr which members of a map are stacks. How many; -errno. */
int stacks_say(struct stacks *stacks, const struct bpfl_map *map, struct bpfl_error *err);
int stacks_folded(struct stacks *stacks, const struct bpfl_map *map, const char *words, char **ret_text,
		  struct bpfl_error *err);
/* Words of --stacks that do not fit their map are an error. 0; -errno. */
int stacks_try(struct stacks *stacks, struct bpfl_error *err);
/* Writes the file of --flamegraph, if that was asked for. */
int stacks_flamegraph(struct stacks *stacks, struct bpfl_error *err);
/* Looks for processes that are new, if it is time. In how many milliseconds to come again; -1: never. */
int stacks_note(struct stacks *stacks, const struct views *views, int child_pid);
void stacks_deinit(struct stacks *stacks);

/* loop.c: signals are blocked from signals_init() on and read by the loop. */
struct loop {
	int signal_fd;
	struct bpfl_trace *trace; /* borrowed, or NULL */
	struct events *events;	  /* borrowed */
	struct views *views;	  /* borrowed */
	const struct plan *plan;
	const struct options *options;
	struct out *out;
	uint64_t nr_lines, nr_dumps;
	struct child *child; /* borrowed */
	struct export *export; /* borrowed; NULL: none */
	struct feed *feed;     /* borrowed; NULL: none */
	const struct bpfl_spec *spec; /* borrowed; NULL without a plan */
	struct tables *tables;	      /* borrowed, or NULL */
	const struct until *until; /* borrowed; NULL: none */
	enum bpfl_time_mode time;  /* loop_run() sets these two: --timestamps of printk lines */
	int64_t start_ns;
};
/* stamp.c: --timestamps. NULL: not given. */
int stamp_mode(const char *word, enum bpfl_time_mode *ret_mode, struct bpfl_error *err);
int64_t stamp_now_ns(void);
/* The time as it is now, for any mode but BPFL_TIME_NONE; in JSON with its quotes. start_ns: of stamp_now_ns(). */
const char *stamp_text(char text[STAMP_SIZE], enum bpfl_time_mode mode, int64_t start_ns, bool json);
int signals_init(int *ret_signal_fd, struct bpfl_error *err);
/* True when INT, TERM or HUP has come. */
bool signals_pending(int signal_fd);
int loop_run(struct loop *loop, struct bpfl_error *err);
int loop_dump(struct loop *loop, struct bpfl_error *err);
/* Shows one printk line; ctx is the loop. -ECANCELED: it was the last one that --count or --events asks for. */
int loop_line(void *ctx, const struct bpfl_trace_line *line);
/*
 * What a run that stopped with ret returns: 0 when it had come to its end or its reader has gone, else the
 * failure, with err set.
 */
int loop_end(const struct out *out, int ret, struct bpfl_error *err);

/* edits.c: options that change a spec before loading. */
int edits_apply(const struct options *options, struct bpfl_spec *spec, struct bpfl_error *err);
/* The parameters of an object with their values, as lines of a help text. */
void params_help(const struct bpfl_spec *spec, const char *file);

/* options.c */
void words_deinit(struct words *words);

#endif
