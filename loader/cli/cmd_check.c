/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/cmd_check.c: check: will these objects load on those kernels? Offline and without root.
 *
 * Every object is checked against every kernel. On the terminal comes a table of verdicts first,
 * then what each pair lacks; with --json one line for each pair. Something that is needed and
 * missing gives exit code 1; an object that no kernel would take is reported as any other command
 * does it, with its exit code, and the others are checked nevertheless.
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check_options {
	struct options edits; /* what changes an object: --set, --map, --type, --only, --skip */
	struct words btf, kconfig, module;
	int verbosity;
	bool json, strict, help;
};

#define FIELD(member) offsetof(struct check_options, member)

static const struct option_row rows[] = {
	{ "btf", 0, VALUE_WORDS, FIELD(btf), "FILE",
	  "a kernel by its BTF, raw or ELF, or by a directory like /sys/kernel/btf (repeatable); without: the running kernel" },
	{ "module", 0, VALUE_WORDS, FIELD(module), "FILE",
	  "types of a module of that kernel: /sys/kernel/btf/NAME or NAME.ko (repeatable; for one --btf)" },
	{ "kconfig", 0, VALUE_WORDS, FIELD(kconfig), "FILE",
	  "the configuration of a kernel: the first for the first --btf, and so on" },
	{ "json", 'j', VALUE_FLAG, FIELD(json), NULL,
	  "one JSON object a line, for each object and kernel" },
	{ "strict", 0, VALUE_FLAG, FIELD(strict), NULL, "what cannot be known counts as missing" },
	{ "verbose", 'v', VALUE_VERBOSE, FIELD(verbosity), NULL,
	  "every item, not only what is missing" },
	{ "set", 's', VALUE_WORDS, FIELD(edits.set), "VAR=VALUE",
	  "as for run, like the four below" },
	{ "map", 0, VALUE_WORDS, FIELD(edits.map), "NAME.FIELD=N", "change a map" },
	{ "type", 0, VALUE_WORDS, FIELD(edits.type), "PROG=TYPE", "check a program as this type" },
	{ "only", 0, VALUE_LIST, FIELD(edits.only), "P,Q", "check only these programs" },
	{ "skip", 0, VALUE_LIST, FIELD(edits.skip), "P,Q", "leave these programs out" },
	{ "help", 'h', VALUE_FLAG, FIELD(help), NULL, "this text" },
};

static const struct option_table table = { rows, sizeof(rows) / sizeof(rows[0]),
					   "bpfload check --help" };

struct kernel {
	char *name;		    /* owned: for the table */
	struct bpfl_target *target; /* owned */
};

struct object {
	const char *name;	    /* of the file, without its directories */
	struct bpfl_check **checks; /* by kernel; NULL: an error was printed. Owned */
};

/* Everything of one run. */
struct run {
	struct check_options options;
	struct out out;
	struct kernel *kernels;
	size_t nr_kernels;
	struct object *objects;
	size_t nr_objects;
	int error_code; /* of the first object that could not be checked, 0 none */
};

static int check_help(void)
{
	printf("usage: bpfload check FILE... [--btf KERNEL]... [options]\n\n"
	       "Tells whether objects will load and attach on kernels of which there is a BTF "
	       "file, and what is\n"
	       "missing if not: fields and types that moved, changed size or are gone, attach "
	       "targets, kernel\n"
	       "functions, configuration, helpers, map and program types. Nothing is loaded.\n\n"
	       "options:\n");
	option_table_help(&table);
	printf("\nverdicts: fits; unsure, something cannot be known from the BTF; lacks, something "
	       "needed is missing;\n"
	       "  open: the size of a map is to be given with --map\n"
	       "exit codes: 0 nothing needed is missing, 1 something is, others as of bpfload\n\n"
	       "examples:\n"
	       "  bpfload check tool.bpf.o\n"
	       "  bpfload check *.bpf.o --btf 6.1-amd64.btf --btf 6.12-arm64.btf\n"
	       "  scripts/kernel-btf DIR     (fetches the BTF of Debian's kernels)\n");
	return out_help_end();
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] != '\0' ? slash + 1 : path;
}

/* ---- kernels and objects ---- */

/* "dir/6.1-amd64.btf" -> "6.1-amd64" */
static char *kernel_name(const char *btf_path)
{
	char *name = strdup(btf_path ? base_name(btf_path) : "running");
	char *dot = name && btf_path ? strrchr(name, '.') : NULL;

	if (dot && dot != name && strcmp(dot, ".btf") == 0)
		*dot = '\0';
	return name;
}

static int kernel_open(struct kernel *kernel, const char *btf_path, const char *kconfig_path,
		       const struct words *modules, struct bpfl_error *err)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts),
					 .btf_path = btf_path,
					 .kconfig_path = kconfig_path,
					 .module_paths = (const char *const *)modules->items,
					 .nr_module_paths = modules->nr };

	kernel->name = kernel_name(btf_path);
	if (!kernel->name)
		return out_nomem(err);
	return btf_path ? bpfl_target_create(&opts, &kernel->target, err) :
			  bpfl_target_running(&opts, &kernel->target, err);
}

static int kernels_open(struct run *run, struct bpfl_error *err)
{
	const struct words *btf = &run->options.btf, *kconfig = &run->options.kconfig;
	size_t nr = btf->nr ? btf->nr : 1;
	int ret = 0;

	if (kconfig->nr > nr)
		return out_usage(err, "--kconfig: %zu configurations for %zu kernels", kconfig->nr,
				 nr);
	if (run->options.module.nr > 0 && btf->nr != 1)
		return out_usage(err, "--module: for one kernel, given with --btf; for several make a directory of "
				      "each: vmlinux, and its "
				      "modules beside it");
	run->kernels = calloc(nr, sizeof(*run->kernels));
	if (!run->kernels)
		return out_nomem(err);
	run->nr_kernels = nr;
	for (size_t i = 0; i < nr && ret == 0; i++)
		ret = kernel_open(&run->kernels[i], btf->nr ? btf->items[i] : NULL,
				  i < kconfig->nr ? kconfig->items[i] : NULL, &run->options.module, err);
	return ret;
}

static void run_deinit(struct run *run)
{
	for (size_t i = 0; i < run->nr_objects; i++) {
		for (size_t k = 0; k < run->nr_kernels && run->objects[i].checks; k++)
			bpfl_check_destroy(run->objects[i].checks[k]);
		free(run->objects[i].checks);
	}
	for (size_t k = 0; k < run->nr_kernels; k++) {
		bpfl_target_destroy(run->kernels[k].target);
		free(run->kernels[k].name);
	}
	free(run->objects);
	free(run->kernels);
	words_deinit(&run->options.btf);
	words_deinit(&run->options.kconfig);
	words_deinit(&run->options.module);
	options_deinit(&run->options.edits);
}

static void object_error(struct run *run, const struct bpfl_error *err)
{
	int code = out_error(&run->out, err);

	if (run->error_code == 0)
		run->error_code = code;
}

static int print_json(struct run *run, const struct object *object, size_t kernel_idx,
		      struct bpfl_error *err)
{
	char *text = NULL;
	int ret = bpfl_check_text(object->checks[kernel_idx], BPFL_FORMAT_JSON, true, object->name,
				  run->kernels[kernel_idx].name, &text, err);

	if (ret == 0)
		ret = out_text(&run->out, text);
	free(text);
	return ret;
}

/* One file against all kernels. Failures of the object are printed and do not end the run. */
static int object_check(struct run *run, struct object *object, const char *path,
			struct bpfl_error *err)
{
	struct bpfl_spec_opts opts = { .size = sizeof(opts), .log = out_log(&run->out) };
	struct bpfl_spec *spec = NULL;
	int ret = bpfl_spec_read(path, &opts, &spec, err);

	object->name = base_name(path);
	object->checks = calloc(run->nr_kernels, sizeof(struct bpfl_check *));
	if (!object->checks) {
		bpfl_spec_destroy(spec);
		return out_nomem(err);
	}
	if (ret == 0)
		ret = edits_apply(&run->options.edits, spec, err);
	if (ret < 0)
		object_error(run, err);
	for (size_t k = 0; k < run->nr_kernels && ret == 0; k++) {
		if (bpfl_check_run(spec, run->kernels[k].target, &opts.log, &object->checks[k],
				   err) < 0)
			object_error(run, err);
		else if (run->options.json)
			ret = print_json(run, object, k, err);
	}
	bpfl_spec_destroy(spec);
	return ret == -EPIPE ? ret : 0;
}

/* ---- the table ---- */

#define CELL_SIZE 48

static void cell_text(const struct bpfl_check *check, char out[CELL_SIZE])
{
	struct bpfl_check_view view;

	snprintf(out, CELL_SIZE, "error");
	if (!check)
		return;
	bpfl_check_get(check, &view);
	const char *verdict = bpfl_check_verdict_name(view.verdict),
		   *open = view.nr_open ? ", open" : "";
	if (view.verdict == BPFL_CHECK_FITS)
		snprintf(out, CELL_SIZE, "%s%s", verdict, open);
	else
		snprintf(out, CELL_SIZE, "%s %u%s", verdict,
			 view.verdict == BPFL_CHECK_LACKS ? view.nr_lacking : view.nr_unknown,
			 open);
}

/* What an object needs of any kernel, from the first check that there is. */
static void needs_text(const struct run *run, const struct object *object, char since[16],
		       char capabilities[CELL_SIZE])
{
	struct bpfl_check_view view;

	snprintf(since, 16, "-");
	snprintf(capabilities, CELL_SIZE, "-");
	for (size_t k = 0; k < run->nr_kernels; k++) {
		if (!object->checks || !object->checks[k])
			continue;
		bpfl_check_get(object->checks[k], &view);
		if (view.since)
			snprintf(since, 16, "%u.%u", view.since >> 16, view.since >> 8 & 0xff);
		snprintf(capabilities, CELL_SIZE, "%s", view.capabilities);
		return;
	}
}

static int max_int(int a, size_t b)
{
	return b > (size_t)a && b < 1000 ? (int)b : a;
}

static void table_print(const struct run *run)
{
	int name_width = 6, caps_width = 12;
	char since[16], capabilities[CELL_SIZE], cell[CELL_SIZE];

	for (size_t i = 0; i < run->nr_objects; i++) {
		needs_text(run, &run->objects[i], since, capabilities);
		name_width = max_int(name_width, strlen(run->objects[i].name));
		caps_width = max_int(caps_width, strlen(capabilities));
	}
	printf("%-*s  %-5s  %-*s", name_width, "object", "since", caps_width, "capabilities");
	for (size_t k = 0; k < run->nr_kernels; k++)
		printf("  %-*s", k + 1 < run->nr_kernels ? 12 : 0, run->kernels[k].name);
	printf("\n");
	for (size_t i = 0; i < run->nr_objects; i++) {
		const struct object *object = &run->objects[i];

		needs_text(run, object, since, capabilities);
		printf("%-*s  %-5s  %-*s", name_width, object->name, since, caps_width,
		       capabilities);
		for (size_t k = 0; k < run->nr_kernels; k++) {
			cell_text(object->checks ? object->checks[k] : NULL, cell);
			printf("  %-*s", k + 1 < run->nr_kernels ? max_int(12, strlen(run->kernels[k].name)) : 0, cell);
		}
		printf("\n");
	}
}

/* What one pair lacks; with -v everything. */
static int pair_print(struct run *run, const struct object *object, size_t kernel_idx,
		      struct bpfl_error *err)
{
	const struct bpfl_check *check = object->checks[kernel_idx];
	struct bpfl_check_view view;
	char cell[CELL_SIZE], *text = NULL;
	const uint32_t *nr;
	int ret = bpfl_check_text(check, BPFL_FORMAT_TEXT, run->options.verbosity > 0, object->name,
				  run->kernels[kernel_idx].name, &text, err);

	if (ret == 0 && text[0] != '\0') {
		bpfl_check_get(check, &view);
		cell_text(check, cell);
		nr = view.nr_relocations;
		printf("\n%s on %s: %s; relocations: %u ok, %u moved, %u resized, %u missing (%u "
		       "guarded)\n",
		       object->name, run->kernels[kernel_idx].name, cell, nr[BPFL_CHECK_OK],
		       nr[BPFL_CHECK_MOVED], nr[BPFL_CHECK_RESIZED], nr[BPFL_CHECK_MISSING],
		       view.nr_guarded);
		ret = out_text(&run->out, text);
	}
	free(text);
	return ret;
}

static int report(struct run *run, struct bpfl_error *err)
{
	int ret = 0;

	table_print(run);
	for (size_t i = 0; i < run->nr_objects && ret == 0; i++) {
		for (size_t k = 0; k < run->nr_kernels && ret == 0; k++) {
			if (run->objects[i].checks && run->objects[i].checks[k])
				ret = pair_print(run, &run->objects[i], k, err);
		}
	}
	return ret;
}

/* ---- all of it ---- */

static int exit_code_of(const struct run *run)
{
	enum bpfl_check_verdict worst = BPFL_CHECK_FITS;
	struct bpfl_check_view view;

	for (size_t i = 0; i < run->nr_objects; i++) {
		for (size_t k = 0; k < run->nr_kernels; k++) {
			if (!run->objects[i].checks || !run->objects[i].checks[k])
				continue;
			bpfl_check_get(run->objects[i].checks[k], &view);
			worst = view.verdict > worst ? view.verdict : worst;
		}
	}
	if (worst == BPFL_CHECK_LACKS || (worst == BPFL_CHECK_UNSURE && run->options.strict))
		return EXIT_OTHER;
	return run->error_code;
}

static int files_check(struct run *run, char **files, size_t nr_files, struct bpfl_error *err)
{
	int ret = kernels_open(run, err);

	if (ret < 0)
		return ret;
	run->objects = calloc(nr_files, sizeof(*run->objects));
	if (!run->objects)
		return out_nomem(err);
	run->nr_objects = nr_files;
	for (size_t i = 0; i < nr_files && ret == 0; i++)
		ret = object_check(run, &run->objects[i], files[i], err);
	if (ret == 0 && !run->options.json)
		ret = report(run, err);
	return ret;
}

int cmd_check(int argc, char **argv)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct run run;
	int operand = argc, code;

	memset(&run, 0, sizeof(run));
	out_init(&run.out);
	int ret = option_table_parse(&table, &run.options, argc, argv, &operand, &err);
	run.out.json = run.options.json;
	if (ret == 0 && run.options.help) {
		code = check_help();
		goto done;
	}
	if (ret == 0 && operand == argc)
		ret = out_usage(&err, "which object files?");
	if (ret == 0)
		ret = out_end(&run.out, files_check(&run, argv + operand, (size_t)(argc - operand), &err));
	code = ret < 0 ? out_error(&run.out, &err) : exit_code_of(&run);
done:
	run_deinit(&run);
	bpfl_error_clear(&err);
	return code;
}
