/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/cmd_ls.c: what is loaded, by whom, and where it is pinned.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ls_options {
	int verbosity;
	bool json, help;
};

#define FIELD(member) offsetof(struct ls_options, member)

static const struct option_row rows[] = {
	{ "json", 'j', VALUE_FLAG, FIELD(json), NULL, "one JSON object a line" },
	OPTION_ROWS_END(FIELD(verbosity), FIELD(help)),
};

static const struct option_table table = { rows, sizeof(rows) / sizeof(rows[0]), "bpfload ls --help" };

static const struct {
	const char *name;
	unsigned bit;
} kinds[] = {
	{ "prog", BPFL_LIVE_BIT(BPFL_LIVE_PROG) }, { "map", BPFL_LIVE_BIT(BPFL_LIVE_MAP) },
	{ "link", BPFL_LIVE_BIT(BPFL_LIVE_LINK) }, { "btf", BPFL_LIVE_BIT(BPFL_LIVE_BTF) },
};

/* Without a word: everything but BTF, which is long and seldom wanted. */
static int kinds_take(char **words, int nr, unsigned *ret_kinds, struct bpfl_error *err)
{
	unsigned wanted = 0;

	for (int i = 0; i < nr; i++) {
		unsigned bit = 0;

		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			if (strcmp(kinds[k].name, words[i]) == 0)
				bit = kinds[k].bit;
		}
		if (!bit)
			return out_usage(err, "ls: '%.200s' is not one of prog, map, link and btf", words[i]);
		wanted |= bit;
	}
	*ret_kinds = wanted ? wanted : BPFL_LIVE_ALL & ~BPFL_LIVE_BIT(BPFL_LIVE_BTF);
	return 0;
}

static int listing_show(unsigned wanted, struct out *out, struct bpfl_error *err)
{
	struct bpfl_listing *listing = NULL;
	char *text = NULL;
	int ret = bpfl_listing_read(wanted, &listing, err);

	if (ret == 0)
		ret = bpfl_listing_text(listing, out->json ? BPFL_FORMAT_JSON : BPFL_FORMAT_TEXT, &text, err);
	bpfl_listing_destroy(listing);
	if (ret < 0)
		return ret;
	ret = out_text(out, text);
	free(text);
	return out_end(out, ret);
}

int cmd_ls(int argc, char **argv)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct ls_options options = { 0 };
	int operand = argc, code = EXIT_OK, ret;
	unsigned wanted = 0;
	struct out out;

	out_init(&out);
	ret = option_table_parse(&table, &options, argc, argv, &operand, &err);
	out.json = options.json;
	out.verbosity = options.verbosity;
	if (ret == 0 && options.help) {
		printf("usage: bpfload ls [prog] [map] [link] [btf] [options]\n");
		option_table_help(&table);
		return out_help_end();
	}
	if (ret == 0)
		ret = kinds_take(argv + operand, argc - operand, &wanted, &err);
	if (ret == 0)
		ret = listing_show(wanted, &out, &err);
	if (ret < 0)
		code = out_error(&out, &err);
	bpfl_error_clear(&err);
	return code;
}
