/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/cmd_run.c: the whole way in one function: spec, plan, target, image, object, links, events, and back.
 *
 * Each step needs the one before; what has been made is released backwards, whatever happened. Between the
 * steps a pending Ctrl-C is looked at, so that a slow verifier does not have to be waited for twice.
 */
#include "child.h"
#include "feed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_HEADING "--- verifier log of %s ---\n"

struct run {
	struct options options;
	struct out out;
	int signal_fd;
	struct bpfl_spec *spec;
	struct plan plan;
	struct bpfl_target *target;
	struct bpfl_image *image;
	struct bpfl_object *object;
	struct bpfl_trace *trace;
	struct events events;
	struct views views;
	struct stacks stacks;
	struct tables tables;
	struct child child;
	struct export *export; /* NULL: none */
	struct until until;
	int exit_code; /* with --exit-code */
	struct feed *feed;     /* NULL: none */
};

static int spec_step(struct run *run, struct bpfl_error *err)
{
	struct bpfl_spec_opts opts = { .size = sizeof(opts), .log = out_log(&run->out) };
	int ret = bpfl_spec_read(run->options.file, &opts, &run->spec, err);

	if (ret == 0)
		ret = edits_apply(&run->options, run->spec, err);
	if (ret == 0)
		ret = plan_make(&run->plan, &run->options, run->spec, &run->out, err);
	return ret;
}

/* A view of a map that is not there would be noticed only at the end. */
static int dumps_check(struct run *run, struct bpfl_error *err)
{
	struct options *options = &run->options;
	bool has_views = options->dump.nr + options->hist.nr + options->top.nr + options->folded.nr > 0 ||
			 options->flamegraph || views_are_described(options, run->spec);
	int ret = views_check(options, run->spec, err);

	if (ret == 0 && options->interval_ns && !has_views && !plan_has_readable(&run->plan, run->spec))
		return out_usage(err, "--interval needs --dump MAP, --hist MAP, --top MAP or --folded MAP: what should "
				      "be printed?");
	/* What an object shows by itself is shown again and again. */
	if (views_are_described(options, run->spec) && !options->interval_ns)
		options->interval_ns = 1000000000;
	/* A table that is looked at lives. */
	if (options->top.nr > 0 && !options->interval_ns && !options->json && isatty(STDOUT_FILENO))
		options->interval_ns = 1000000000;
	return ret;
}

static int image_step(struct run *run, struct bpfl_error *err)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts), .btf_path = run->options.btf_path,
					 .kconfig_path = run->options.kconfig_path };
	struct bpfl_log log = out_log(&run->out);
	int ret = dumps_check(run, err);

	if (ret == 0)
		ret = tables_prepare(&run->tables, &run->options, run->spec, &run->out, err);
	if (ret == 0)
		ret = stacks_prepare(&run->stacks, &run->options, &run->out, err);
	run->views.stacks = run->events.stacks = &run->stacks;
	if (ret == 0)
		ret = events_prepare(&run->events, &run->options, run->spec, &run->out, err);
	if (ret == 0)
		ret = until_prepare(&run->until, &run->options, run->spec, err);
	if (ret == 0)
		ret = export_prepare(&run->export, &run->options, run->spec, &run->out, err);
	if (ret == 0)
		ret = bpfl_target_running(&opts, &run->target, err);
	if (ret == 0)
		ret = bpfl_image_build(run->spec, run->target, &log, &run->image, err);
	return ret;
}

/*
 * The first log replaces what was in the file, those of the other programs follow it. @prog: its heading,
 * NULL for a single log.
 */
static int log_file_write(const struct run *run, const char *prog, const char *log, bool first, struct bpfl_error *err)
{
	const char *path = run->options.verifier_log_path;
	FILE *file = strcmp(path, "-") == 0 ? stderr : fopen(path, first ? "we" : "ae");
	bool ok = file && (!prog || fprintf(file, LOG_HEADING, prog) >= 0) && fputs(log, file) != EOF &&
		  fflush(file) != EOF;
	int errnum = errno;

	if (file && file != stderr && fclose(file) == EOF && ok) {
		ok = false;
		errnum = errno;
	}
	return ok ? 0 : out_errno(err, errnum, "--verifier-log: '%.300s'", path);
}

static int logs_show(struct run *run, struct bpfl_error *err)
{
	struct bpfl_prog_view view;
	bool first = true;

	for (size_t i = 0; bpfl_spec_prog_view(run->spec, i, &view) == 0; i++) {
		const char *log = bpfl_object_verifier_log(run->object, view.name);

		if (!log || !*log)
			continue;
		if (run->options.verifier_log_path) {
			int ret = log_file_write(run, view.name, log, first, err);

			if (ret < 0)
				return ret;
		} else {
			fprintf(stderr, LOG_HEADING "%s", view.name, log);
		}
		first = false;
	}
	return 0;
}

static int object_step(struct run *run, struct bpfl_error *err)
{
	/* The name of the variable is libbpf's: managers of containers set it. */
	const char *token = run->options.token ? run->options.token : getenv("LIBBPF_BPF_TOKEN_PATH");
	struct bpfl_load_opts opts = { .size = sizeof(opts), .log = out_log(&run->out),
				       .verifier_log_level = run->options.verifier_log_level,
				       .pin_root = run->options.pin_root, .token_path = token,
				       .no_pin = run->options.no_pin };
	int ret = bpfl_object_load(run->image, run->target, &opts, &run->object, err);

	if (ret == 0)
		return logs_show(run, err);
	if (err->verifier_log && run->options.verifier_log_path) {
		struct bpfl_error other = BPFL_ERROR_INIT;

		if (log_file_write(run, NULL, err->verifier_log, true, &other) < 0)
			fprintf(stderr, "%s\n", other.message);
	}
	return ret;
}

/* A program that attaches without tracefs can also run without a reader of its words. */
static int stream_open(struct run *run, const struct bpfl_log *log, struct bpfl_error *err)
{
	int ret = bpfl_trace_open(log, &run->trace, err);
	size_t used = strlen(err->fix);

	if (ret < 0)
		snprintf(err->fix + used, sizeof(err->fix) - used, "%sor go without the lines: --no-printk",
			 used ? "\n" : "");
	return ret;
}

/* The stream is opened before the programs are attached: the first line counts too. */
static int events_step(struct run *run, struct bpfl_error *err)
{
	struct bpfl_log log = out_log(&run->out);
	int ret = 0;

	if (run->plan.nr > 0)
		bpfl_link_sweep(&log);
	if (!run->options.no_printk && bpfl_spec_prints(run->spec))
		ret = stream_open(run, &log, err);
	if (ret == 0)
		ret = stacks_open(&run->stacks, run->object, run->spec, err);
	if (ret == 0)
		ret = events_open(&run->events, run->object, err);
	if (ret == 0)
		ret = views_open(&run->views, &run->options, run->object, run->spec, &run->out, err);
	if (ret == 0)
		ret = views_try(&run->views, err);
	if (ret == 0)
		ret = until_open(&run->until, run->object, err);
	if (ret == 0)
		ret = export_open(run->export, run->object, run->spec, &run->events, &run->out, err);
	if (ret == 0)
		ret = feed_open(&run->options, run->object, &run->out, &run->feed, err);
	if (plan_has_readable(&run->plan, run->spec))
		run->views.is_live = false; /* their lines come in between */
	if (ret == 0)
		ret = plan_attach(&run->plan, run->object, run->options.best_effort, &run->out, err);
	if (ret < 0) {
		bpfl_object_unpin(run->object); /* all or nothing: its maps by name too */
		return ret;
	}
	if (run->plan.nr == 0)
		out_note(&run->out, 0, "loaded, nothing attached; Ctrl-C lets go of it");
	if (run->options.ready_fd >= 0 && write(run->options.ready_fd, "\n", 1) != 1)
		out_warn(&run->out, "--ready-fd: nobody could be told: %s", strerror(errno));
	return 0;
}

static int wait_step(struct run *run, struct bpfl_error *err)
{
	struct loop loop = { run->signal_fd,
			     run->trace,
			     &run->events,
			     &run->views,
			     &run->plan,
			     &run->options,
			     &run->out,
			     0,
			     0,
			     &run->child,
			     run->export,
			     run->feed,
			     run->spec,
			     &run->tables,
			     &run->until,
			     BPFL_TIME_NONE,
			     0 };
	int ret;

	run->events.nr_lines = &loop.nr_lines;
	ret = child_go(&run->child, err);
	if (ret == 0)
		ret = loop_run(&loop, err);

	/* Without an interval the maps are shown as they are at the end; programs have stopped by then. */
	plan_detach(&run->plan);
	if (ret == 0)
		ret = events_finish(&run->events, err);
	if (ret == 0 && (run->views.nr > 0 || run->options.flamegraph) && !run->options.interval_ns &&
	    !run->out.closed) {
		ret = loop_dump(&loop, err);
		if (ret == -EPIPE)
			ret = 0;
	}
	if (ret == 0 && run->options.exit_code)
		ret = until_exit_code(&run->options, run->spec, run->object, &run->exit_code, err);
	return ret;
}

/* What else it takes for programs that no system call attaches: the commands, ready to be copied. */
static int pin_commands(struct run *run, struct bpfl_error *err)
{
	char *text = NULL;
	int ret = bpfl_object_pin_commands(run->object, run->options.pin_dir,
					   run->out.json ? BPFL_FORMAT_JSON : BPFL_FORMAT_TEXT, &text, err);

	if (ret < 0)
		return ret;
	if (text[0] && !run->out.json)
		out_note(&run->out, 0, "routes and filters refer to pins; PREFIX and IF are yours to fill in:");
	ret = text[0] ? out_text(&run->out, text) : 0;
	free(text);
	if (ret == 0)
		ret = out_flush(&run->out);
	return ret == -EPIPE ? 0 : ret; /* what was to be done is done */
}

/* Before anything is loaded, or even attached for a moment. */
static int pin_dir_step(struct run *run, struct bpfl_error *err)
{
	return run->options.update ? 0 : bpfl_pin_dir_check(run->options.pin_dir, err);
}

static int update_step(struct run *run, struct bpfl_error *err)
{
	const char *dir = run->options.pin_dir;
	int ret = bpfl_object_pin_update(run->object, dir, err);

	if (ret < 0)
		bpfl_object_unpin(run->object);
	else
		out_note(&run->out, 0, "pinned in %s, in the place of what was there; bpfload unload %s takes it away",
			 dir, dir);
	return ret < 0 ? ret : pin_commands(run, err);
}

/* Attaches and pins: then all of it stays when this process ends. */
static int pin_step(struct run *run, struct bpfl_error *err)
{
	const struct options *options = &run->options;
	struct bpfl_log log = out_log(&run->out);
	int ret;

	if (options->update)
		return update_step(run, err);
	if (run->plan.nr > 0)
		bpfl_link_sweep(&log);
	ret = plan_attach(&run->plan, run->object, options->best_effort, &run->out, err);
	if (ret == 0)
		ret = plan_pin(&run->plan, run->object, options->pin_dir, options->best_effort, &run->out, err);
	if (ret < 0)
		bpfl_object_unpin(run->object);
	else
		out_note(&run->out, 0, "pinned in %s; bpfload unload %s takes it away", options->pin_dir,
			 options->pin_dir);
	return ret < 0 ? ret : pin_commands(run, err);
}

typedef int (*step_fn)(struct run *run, struct bpfl_error *err);

static const step_fn run_steps[] = { spec_step, image_step, object_step, events_step, wait_step, NULL };
static const step_fn dry_steps[] = { spec_step, image_step, NULL };
static const step_fn load_steps[] = { spec_step, image_step, pin_dir_step, object_step, pin_step, NULL };

/* What shall stay must not seem to be there when it is not. */
static int load_interrupted(struct run *run, struct bpfl_error *err)
{
	bpfl_object_unpin(run->object);
	out_usage(err, "interrupted by a signal: nothing is attached, nothing is pinned");
	err->kind = BPFL_ERR_SYSTEM; /* the words were right */
	err->errnum = EINTR;
	return -EINTR;
}

static int steps_run(struct run *run, const step_fn *steps, struct bpfl_error *err)
{
	int ret = signals_init(&run->signal_fd, err);

	for (size_t i = 0; steps[i] && ret == 0; i++) {
		/*
		 * Once everything is attached there is something to show, also when the signal has come
		 * already: the loop hears it.
		 */
		if (steps[i] != wait_step && signals_pending(run->signal_fd))
			return steps == load_steps ? load_interrupted(run, err) : 0;
		ret = steps[i](run, err);
	}
	return ret;
}

static void run_deinit(struct run *run)
{
	feed_close(run->feed);
	plan_deinit(&run->plan);
	child_deinit(&run->child);
	bpfl_trace_close(run->trace);
	events_deinit(&run->events);
	views_deinit(&run->views);
	export_close(run->export);
	until_deinit(&run->until);
	stacks_deinit(&run->stacks);
	tables_deinit(&run->tables);
	bpfl_object_close(run->object);
	bpfl_image_destroy(run->image);
	bpfl_target_destroy(run->target);
	bpfl_spec_destroy(run->spec);
	options_deinit(&run->options);
	if (run->signal_fd >= 0)
		close(run->signal_fd);
}

/* "FILE --help": what can be set in it. */
static void object_help(struct run *run)
{
	struct bpfl_spec_opts opts = { .size = sizeof(opts) };
	struct bpfl_error err = BPFL_ERROR_INIT;

	if (!run->options.file)
		return;
	if (bpfl_spec_read(run->options.file, &opts, &run->spec, &err) == 0)
		params_help(run->spec, run->options.file);
	else
		printf("\n%s\n", err.message);
	bpfl_error_clear(&err);
}

static int cmd_steps(enum option_set set, const step_fn *steps, int argc, char **argv)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct run run;
	int code = EXIT_OK;
	int ret;

	memset(&run, 0, sizeof(run));
	run.signal_fd = -1;
	child_init(&run.child, NULL);
	out_init(&run.out);
	ret = options_parse(&run.options, set, argc, argv, &err);
	run.out.json = run.options.json;
	run.out.verbosity = run.options.verbosity;
	if (ret == 0 && run.options.help) {
		printf(set == OPTIONS_LOAD ? "usage: bpfload load FILE --pin DIR [options]\n"
					   : "usage: bpfload [run] FILE [options] [-- CMD ARGS]\n");
		options_help(set);
		object_help(&run);
		code = out_help_end();
	} else if (ret == 0 && set == OPTIONS_LOAD && !run.options.pin_dir) {
		ret = out_usage(&err, "load: where shall it stay? --pin DIR, a directory below /sys/fs/bpf");
	} else if (ret == 0 && run.options.update && run.options.attach.nr > 0) {
		ret = out_usage(&err, "--update and --attach contradict each other: the places are those of the links "
				      "that are pinned");
	} else if (ret == 0) {
		child_init(&run.child, run.options.command);
		if (run.options.ready_fd >= 0)
			fcntl(run.options.ready_fd, F_SETFD, FD_CLOEXEC); /* ours, not the command's */
		ret = child_start(&run.child, &err);
		run.options.child_pid = run.child.pid;
		if (ret == 0 && run.options.out_path)
			ret = out_redirect(&run.out, run.options.out_path, &err);
		if (ret == 0)
			ret = out_end(&run.out, steps_run(&run, run.options.dry_run ? dry_steps : steps, &err));
	}
	if (ret < 0)
		code = out_error(&run.out, &err);
	if (run.child.exec_errnum)
		code = child_code(&run.child, code);
	else if (ret >= 0 && run.options.strict && run.out.nr_warnings > 0)
		code = EXIT_STRICT;
	else if (ret >= 0)
		code = run.options.exit_code ? run.exit_code : child_code(&run.child, code);
	run_deinit(&run);
	bpfl_error_clear(&err);
	return code;
}

int cmd_run(int argc, char **argv)
{
	return cmd_steps(OPTIONS_RUN, run_steps, argc, argv);
}

int cmd_load(int argc, char **argv)
{
	return cmd_steps(OPTIONS_LOAD, load_steps, argc, argv);
}
