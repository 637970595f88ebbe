/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/cmd_btf.c: btf: types as C, by name, and compared. None of it needs root.
 *
 * diff answers like diff(1): 0 the same, 1 different, 2 trouble; so whatever goes wrong there is 2.
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct btf_options {
	const char *format, *base_path, *outline_path;
	bool json, no_kfuncs, help;
};

#define FIELD(member) offsetof(struct btf_options, member)

static const struct option_row rows[] = {
	{ "format", 'f', VALUE_TEXT, FIELD(format), "c|raw|json", "dump, find: a C header (the default), the records as lines, or as JSON" },
	{ "json", 'j', VALUE_FLAG, FIELD(json), NULL, "JSON; of diff, one object on a line for each type" },
	{ "base", 'B', VALUE_TEXT, FIELD(base_path), "FILE",
	  "the BTF that FILE continues: the kernel's for /sys/kernel/btf/MODULE, or any kernel's for a MODULE.ko with a section .BTF.base" },
	{ "outline", 0, VALUE_TEXT, FIELD(outline_path), "FILE",
	  "dump, find: the .BTF.base of a module as a raw file, when its .BTF is one; without --base shown as it is" },
	{ "no-kfuncs", 0, VALUE_FLAG, FIELD(no_kfuncs), NULL, "dump: without prototypes of the kernel's functions for BPF programs" },
	{ "help", 'h', VALUE_FLAG, FIELD(help), NULL, "this text" },
};

static const struct option_table table = { rows, sizeof(rows) / sizeof(rows[0]), "bpfload btf --help" };

enum { DIFF_SAME = 0, DIFF_DIFFERENT = 1, DIFF_TROUBLE = 2 };

static int btf_help(void)
{
	printf("usage: bpfload btf dump [FILE] [--format c|raw|json]\n"
	       "       bpfload btf find NAME [FILE] [--format c|raw|json]\n"
	       "       bpfload btf diff BEFORE AFTER [--json]\n"
	       "       bpfload btf min FILE... [--btf KERNEL] -o OUT\n\n"
	       "Shows the types that a kernel or an object describes in its BTF.\n\n"
	       "  dump   all types: as a C header (vmlinux.h) in which each has the same layout, or as a listing\n"
	       "  find   the types of one name, or of a pattern with * and ?, with the place of each member\n"
	       "  diff   types and members that were added (+), removed (-), or changed (~)\n"
	       "  min    the part of a kernel's BTF that objects need (bpfload btf min --help)\n\n"
	       "FILE is raw BTF or an ELF file with a section .BTF; without one, the running kernel's is taken.\n\n"
	       "options:\n");
	option_table_help(&table);
	printf("\nexit codes: as of bpfload; find: 2 when there is no such type;\n"
	       "  diff: 0 both say the same, 1 they differ, 2 trouble\n\n"
	       "examples:\n"
	       "  bpfload btf dump > vmlinux.h\n"
	       "  bpfload btf find task_struct\n"
	       "  bpfload btf diff old/vmlinux /sys/kernel/btf/vmlinux\n");
	return out_help_end();
}

static int format_of(const struct btf_options *options, enum bpfl_btf_format *ret_format, struct bpfl_error *err)
{
	static const char *const names[] = {
		[BPFL_BTF_C] = "c",
		[BPFL_BTF_RAW] = "raw",
		[BPFL_BTF_JSON] = "json",
	};

	*ret_format = options->json ? BPFL_BTF_JSON : BPFL_BTF_C;
	if (!options->format)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], options->format) != 0)
			continue;
		if (options->json && i != BPFL_BTF_JSON)
			return out_usage(err, "--json and --format %s at once", options->format);
		*ret_format = (enum bpfl_btf_format)i;
		return 0;
	}
	return out_usage(err, "--format: '%.100s' is none of c, raw, json", options->format);
}

/* A file, or the running kernel's, on top of the base if one was given. */
static int read_types(const char *path, const struct btf_options *options, struct bpfl_btf **ret_base,
		      struct bpfl_btf **ret_btf, struct bpfl_error *err)
{
	int ret = 0;

	*ret_base = NULL;
	if ((options->base_path || options->outline_path) && !path)
		return out_usage(err, "--%s: which file continues '%s'?", options->base_path ? "base" : "outline",
				 options->base_path ? options->base_path : options->outline_path);
	if (options->base_path)
		ret = bpfl_btf_read_file(options->base_path, NULL, ret_base, err);
	if (ret == 0 && options->outline_path)
		ret = bpfl_btf_read_outlined(path, options->outline_path, *ret_base, ret_btf, err);
	else if (ret == 0)
		ret = bpfl_btf_read_file(path, *ret_base, ret_btf, err);
	return ret;
}

static int btf_dump(const struct btf_options *options, char **operands, int nr_operands, struct out *out,
		    struct bpfl_error *err)
{
	struct bpfl_btf_print_opts opts = { .size = sizeof(opts), .no_kfuncs = options->no_kfuncs };
	const char *path = nr_operands > 0 ? operands[0] : NULL;
	struct bpfl_btf *base = NULL, *btf = NULL;
	enum bpfl_btf_format format;
	int ret = format_of(options, &format, err);

	if (ret == 0 && nr_operands > 1)
		ret = out_usage(err, "one file at a time: '%s' and '%s'", operands[0], operands[1]);
	if (ret == 0)
		ret = read_types(path, options, &base, &btf, err);
	if (ret == 0)
		ret = bpfl_btf_print(btf, format, &opts, out_write, out, err);
	bpfl_btf_destroy(btf);
	bpfl_btf_destroy(base);
	return ret;
}

static int btf_find(const struct btf_options *options, char **operands, int nr_operands, struct out *out,
		    struct bpfl_error *err)
{
	const char *path = nr_operands > 1 ? operands[1] : NULL;
	struct bpfl_btf *base = NULL, *btf = NULL;
	enum bpfl_btf_format format;
	int ret = format_of(options, &format, err);

	if (ret == 0 && nr_operands == 0)
		ret = out_usage(err, "which type?");
	if (ret == 0 && nr_operands > 2)
		ret = out_usage(err, "one name and one file at a time");
	if (ret == 0)
		ret = read_types(path, options, &base, &btf, err);
	if (ret == 0)
		ret = bpfl_btf_print_named(btf, operands[0], format, out_write, out, err);
	bpfl_btf_destroy(btf);
	bpfl_btf_destroy(base);
	return ret;
}

/* 0, or 1 when they differ. */
static int btf_diff(const struct btf_options *options, char **operands, int nr_operands, struct out *out,
		    struct bpfl_error *err)
{
	enum bpfl_btf_format format;
	struct bpfl_btf *base = NULL, *before = NULL, *after = NULL;
	size_t nr = 0;
	int ret = format_of(options, &format, err);

	if (ret == 0 && options->format && format != BPFL_BTF_JSON)
		ret = out_usage(err, "--format: diff writes text, or json");
	if (ret == 0 && nr_operands != 2)
		ret = out_usage(err, "diff compares two files");
	if (ret == 0 && options->outline_path)
		ret = out_usage(err, "--outline: not with diff; compare what dump writes");
	if (ret == 0)
		ret = read_types(operands[0], options, &base, &before, err);
	if (ret == 0)
		ret = bpfl_btf_read_file(operands[1], base, &after, err);
	if (ret == 0)
		ret = bpfl_btf_diff(before, after, format == BPFL_BTF_JSON ? BPFL_FORMAT_JSON : BPFL_FORMAT_TEXT,
				    out_write, out, &nr, err);
	bpfl_btf_destroy(before);
	bpfl_btf_destroy(after);
	bpfl_btf_destroy(base);
	return ret < 0 ? ret : nr != 0;
}

static const struct action {
	const char *name;
	int (*run)(const struct btf_options *options, char **operands, int nr_operands, struct out *out,
		   struct bpfl_error *err);
	bool is_diff;
} actions[] = {
	{ "dump", btf_dump, false },
	{ "find", btf_find, false },
	{ "diff", btf_diff, true },
};

#define NR_ACTIONS (sizeof(actions) / sizeof(actions[0]))

static const struct action *action_find(const char *name, struct bpfl_error *err)
{
	const char *names[NR_ACTIONS + 1];
	int idx;

	for (size_t i = 0; i < NR_ACTIONS; i++)
		names[i] = actions[i].name;
	names[NR_ACTIONS] = "min"; /* has options of its own: cmd_min.c, reached before this */
	idx = action_idx("btf", name, names, NR_ACTIONS + 1, err);
	if (idx == NR_ACTIONS)
		out_usage(err, "btf: 'min' stands before its options");
	return idx < 0 || idx == NR_ACTIONS ? NULL : &actions[idx];
}

/* The exit code for what an action returned. */
static int finish(const struct action *action, int ret, struct out *out, struct bpfl_error *err)
{
	int code = EXIT_OK;

	ret = out_end(out, ret);
	if (ret < 0)
		code = out_error(out, err);
	if (action && action->is_diff && code != EXIT_OK)
		code = DIFF_TROUBLE;
	else if (action && action->is_diff && ret > 0)
		code = DIFF_DIFFERENT;
	return code;
}

int cmd_btf(int argc, char **argv)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct btf_options options = { 0 };
	const struct action *action = NULL;
	int first = argc;
	struct out out;
	int code;
	int ret;

	if (argc > 1 && strcmp(argv[1], "min") == 0)
		return cmd_btf_min(argc - 1, argv + 1);
	out_init(&out);
	ret = option_table_parse(&table, &options, argc, argv, &first, &err);
	out.json = options.json || (options.format && strcmp(options.format, "json") == 0);
	if (ret == 0 && options.help)
		return btf_help();
	if (ret == 0 && first == argc)
		ret = out_usage(&err, "btf: dump, find, diff or min?");
	if (ret == 0) {
		action = action_find(argv[first], &err);
		ret = action ? action->run(&options, argv + first + 1, argc - first - 1, &out, &err) : -EINVAL;
	}
	code = finish(action, ret, &out, &err);
	bpfl_error_clear(&err);
	return code;
}
