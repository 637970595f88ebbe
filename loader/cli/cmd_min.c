/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/cmd_min.c: btf min: the part of a kernel's BTF that some objects need, into a file.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct min_options {
	struct options edits; /* --type, --only, --skip: what will be loaded */
	struct words module;
	const char *btf_path, *out_path;
	int verbosity;
	bool help;
};

#define FIELD(member) offsetof(struct min_options, member)

static const struct option_row rows[] = {
	{ "btf", 0, VALUE_TEXT, FIELD(btf_path), "KERNEL",
	  "the whole BTF, raw or ELF, or a directory like /sys/kernel/btf; without: the running kernel's" },
	{ "module", 0, VALUE_WORDS, FIELD(module), "FILE",
	  "types of a module of that kernel: /sys/kernel/btf/NAME or NAME.ko (repeatable)" },
	{ "output", 'o', VALUE_TEXT, FIELD(out_path), "OUT", "the file to write (-: stdout)" },
	{ "type", 0, VALUE_WORDS, FIELD(edits.type), "PROG=TYPE",
	  "a program will be loaded as this type" },
	{ "only", 0, VALUE_LIST, FIELD(edits.only), "P,Q", "only these programs will be loaded" },
	{ "skip", 0, VALUE_LIST, FIELD(edits.skip), "P,Q", "these programs will not be loaded" },
	{ "verbose", 'v', VALUE_VERBOSE, FIELD(verbosity), NULL, "say more on stderr" },
	{ "help", 'h', VALUE_FLAG, FIELD(help), NULL, "this text" },
};

static const struct option_table table = { rows, sizeof(rows) / sizeof(rows[0]),
					   "bpfload btf min --help" };

static int min_help(void)
{
	printf("usage: bpfload btf min FILE... [--btf KERNEL] -o OUT\n\n"
	       "Writes the types of a kernel that the relocations of these objects lead to, and "
	       "nothing else: for\n"
	       "kernels that come without BTF. Loading with --btf OUT gives the same "
	       "instructions.\n\n"
	       "options:\n");
	option_table_help(&table);
	printf("\nexample:\n"
	       "  bpfload btf min tool.bpf.o --btf 6.1-amd64.btf -o tool-6.1.btf\n");
	return out_help_end();
}

static int object_add(struct bpfl_btf_min *min, const struct options *edits, const char *path,
		      struct out *out, struct bpfl_error *err)
{
	struct bpfl_spec_opts opts = { .size = sizeof(opts), .log = out_log(out) };
	struct bpfl_spec *spec = NULL;
	int ret = bpfl_spec_read(path, &opts, &spec, err);

	if (ret == 0)
		ret = edits_apply(edits, spec, err);
	if (ret == 0)
		ret = bpfl_btf_min_add(min, spec, &opts.log, err);
	bpfl_spec_destroy(spec);
	return ret;
}

static int min_make(const struct min_options *options, char **files, int nr_files, struct out *out,
		    struct bpfl_error *err)
{
	struct bpfl_target_opts target_opts = { .size = sizeof(target_opts),
						.btf_path = options->btf_path,
						.module_paths = (const char *const *)options->module.items,
						.nr_module_paths = options->module.nr };
	struct bpfl_target *target = NULL;
	struct bpfl_btf_min *min = NULL;
	void *bytes = NULL;
	size_t size = 0;
	int ret = options->btf_path ? bpfl_target_create(&target_opts, &target, err) :
				      bpfl_target_running(NULL, &target, err);

	if (ret == 0)
		ret = bpfl_btf_min_create(target, &min, err);
	for (int i = 0; i < nr_files && ret == 0; i++)
		ret = object_add(min, &options->edits, files[i], out, err);
	if (ret == 0)
		ret = bpfl_btf_min_finish(min, &bytes, &size, err);
	if (ret == 0)
		ret = file_write("output", options->out_path, bytes, size, err);
	if (ret == 0)
		out_note(out, 1, "%s: %zu bytes", options->out_path, size);
	free(bytes);
	bpfl_btf_min_destroy(min);
	bpfl_target_destroy(target);
	return ret;
}

int cmd_btf_min(int argc, char **argv)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct min_options options;
	struct out out;
	int first = argc, code = EXIT_OK;

	memset(&options, 0, sizeof(options));
	out_init(&out);
	int ret = option_table_parse(&table, &options, argc, argv, &first, &err);
	out.verbosity = options.verbosity;
	if (ret == 0 && options.help) {
		code = min_help();
		goto done;
	}
	if (ret == 0 && first == argc)
		ret = out_usage(&err, "btf min: for which object files?");
	if (ret == 0 && options.out_path && strcmp(options.out_path, "-") == 0 && isatty(STDOUT_FILENO))
		ret = out_usage(&err, "btf min: the file is binary, and stdout a terminal: -o FILE, or | ...");
	if (ret == 0 && !options.out_path)
		ret = out_usage(&err, "btf min: where to? Give -o FILE");
	if (ret == 0)
		ret = min_make(&options, argv + first, argc - first, &out, &err);
	if (ret < 0)
		code = out_error(&out, &err);
done:
	words_deinit(&options.module);
	options_deinit(&options.edits);
	bpfl_error_clear(&err);
	return code;
}
