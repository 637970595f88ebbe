/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/cmd_unload.c: removes a directory of pins that `bpfload load` made. With the links the programs are detached.
 */
#include "cli.h"

#include <stdio.h>

struct unload_options {
	int verbosity;
	bool json, help;
};

#define FIELD(member) offsetof(struct unload_options, member)

static const struct option_row rows[] = {
	{ "json", 'j', VALUE_FLAG, FIELD(json), NULL, "errors as JSON" },
	OPTION_ROWS_END(FIELD(verbosity), FIELD(help)),
};

static const struct option_table table = { rows, sizeof(rows) / sizeof(rows[0]), "bpfload unload --help" };

int cmd_unload(int argc, char **argv)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct unload_options options = { 0 };
	struct out out;
	int operand = argc, code = EXIT_OK, ret;
	size_t nr_pins = 0;
	struct bpfl_log log;

	out_init(&out);
	log = out_log(&out);
	ret = option_table_parse(&table, &options, argc, argv, &operand, &err);
	out.json = options.json;
	out.verbosity = options.verbosity;
	if (ret == 0 && options.help) {
		printf("usage: bpfload unload DIR...\n");
		option_table_help(&table);
		return out_help_end();
	}
	if (ret == 0 && operand == argc)
		ret = out_usage(&err, "unload: which directory? It is the one that load --pin was given");
	for (; ret == 0 && operand < argc; operand++) {
		ret = bpfl_pins_remove(argv[operand], &log, &nr_pins, &err);
		if (ret == 0)
			out_note(&out, 0, "removed %s (%zu pins)", argv[operand], nr_pins);
	}
	if (ret < 0)
		code = out_error(&out, &err);
	bpfl_error_clear(&err);
	return code;
}
