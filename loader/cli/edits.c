/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/edits.c: the options that change a spec before it becomes an image: --type, --only, --skip, --map, --set.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "LEFT=RIGHT": a copy of LEFT into out, and RIGHT. */
static int split(const char *option, const char *word, char *left, size_t left_size, const char **ret_right,
		 struct bpfl_error *err)
{
	const char *equals = strchr(word, '=');

	if (!equals || equals == word)
		return out_usage(err, "--%s: '%.200s' has no '='", option, word);
	if ((size_t)(equals - word) >= left_size)
		return out_usage(err, "--%s: the name before '=' is too long", option);
	memcpy(left, word, (size_t)(equals - word));
	left[equals - word] = '\0';
	*ret_right = equals + 1;
	return 0;
}

static int types_apply(const struct words *types, struct bpfl_spec *spec, struct bpfl_error *err)
{
	for (size_t i = 0; i < types->nr; i++) {
		char prog[512];
		const char *type;
		int ret = split("type", types->items[i], prog, sizeof(prog), &type, err);

		if (ret == 0)
			ret = bpfl_spec_prog_set_type(spec, prog, type, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int selection_apply(const struct options *options, struct bpfl_spec *spec, struct bpfl_error *err)
{
	struct bpfl_prog_view view;
	int ret = 0;

	/* --only: everything off first, then what is named on again, so that a wrong name is still an error. */
	for (size_t i = 0; options->only.nr > 0 && bpfl_spec_prog_view(spec, i, &view) == 0; i++) {
		ret = bpfl_spec_prog_select(spec, view.name, false, err);
		if (ret < 0)
			return ret;
	}
	for (size_t i = 0; i < options->only.nr && ret == 0; i++)
		ret = bpfl_spec_prog_select(spec, options->only.items[i], true, err);
	for (size_t i = 0; i < options->skip.nr && ret == 0; i++)
		ret = bpfl_spec_prog_select(spec, options->skip.items[i], false, err);
	return ret;
}

/* "counts.max_entries=1024"; the map's own name may hold dots (".data.x"), the field's may not. */
static int maps_apply(const struct words *maps, struct bpfl_spec *spec, struct bpfl_error *err)
{
	for (size_t i = 0; i < maps->nr; i++) {
		const char *word = maps->items[i], *number;
		char name[512], *field;
		uint64_t value;
		int ret = split("map", word, name, sizeof(name), &number, err);

		if (ret < 0)
			return ret;
		field = strrchr(name, '.');
		if (!field || field == name || !field[1])
			return out_usage(err, "--map: '%.200s' names no field: write NAME.max_entries=N", word);
		*field++ = '\0';
		if (bpfl_text_to_u64(number, &value) < 0)
			return out_usage(err, "--map: '%.200s' is not a number", number);
		ret = bpfl_spec_map_set(spec, name, field, value, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* child_pid: what "child" stands for; 0: nothing. */
static int variables_apply(const struct words *sets, int child_pid, struct bpfl_spec *spec, struct bpfl_error *err)
{
	for (size_t i = 0; i < sets->nr; i++) {
		char path[512], pid[16];
		const char *value;
		int ret = split("set", sets->items[i], path, sizeof(path), &value, err);

		if (ret == 0 && child_pid && strcmp(value, "child") == 0) {
			snprintf(pid, sizeof(pid), "%d", child_pid);
			value = pid;
		}
		if (ret == 0)
			ret = bpfl_spec_var_set_text(spec, path, value, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int edits_apply(const struct options *options, struct bpfl_spec *spec, struct bpfl_error *err)
{
	int ret = types_apply(&options->type, spec, err);

	if (ret == 0)
		ret = selection_apply(options, spec, err);
	if (ret == 0)
		ret = maps_apply(&options->map, spec, err);
	if (ret == 0)
		ret = variables_apply(&options->set, options->child_pid, spec, err);
	return ret;
}
