/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/edits.c: the options that change a spec before it becomes an image: --type, --only, --skip, --map, --set.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "LEFT=RIGHT": a copy of LEFT into out, and RIGHT. */
static int split(const char *option, const char *form, const char *word, char *left, size_t left_size,
		 const char **ret_right, struct bpfl_error *err)
{
	const char *equals = strchr(word, '=');

	if (!equals || equals == word)
		return out_usage(err, "--%s: '%.200s' is not %s", option, word, form);
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
		int ret = split("type", "PROG=TYPE", types->items[i], prog, sizeof(prog), &type, err);

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

/* "id 7", "id:7", or a path: a map that exists. */
static bool names_a_map(const char *word)
{
	return strchr(word, '/') || (strncmp(word, "id", 2) == 0 && strspn(word + 2, " :=") > 0);
}

/*
 * "counts.max_entries=1024"; the map's own name may hold dots (".data.x"), the field's may not.
 * "counts=/sys/fs/bpf/counts": one that exists in its place. "outer.inner=MAP": what an outer map's maps are like.
 */
static int maps_apply(const struct words *maps, struct bpfl_spec *spec, struct bpfl_error *err)
{
	for (size_t i = 0; i < maps->nr; i++) {
		const char *word = maps->items[i], *number;
		char name[512], *field;
		uint64_t value;
		int ret = split("map", "NAME.FIELD=N", word, name, sizeof(name), &number, err);

		if (ret < 0)
			return ret;
		field = strrchr(name, '.');
		if (field && strcmp(field, ".inner") == 0) {
			*field = '\0';
			ret = bpfl_spec_map_set_inner(spec, name, number, err);
			if (ret < 0)
				return ret;
			continue;
		}
		if (names_a_map(number)) {
			ret = bpfl_spec_map_reuse(spec, name, number, err);
			if (ret < 0)
				return ret;
			continue;
		}
		if (!field || field == name || !field[1])
			return out_usage(err, "--map: '%.200s' names no field: write NAME.max_entries=N, or NAME=PATH", word);
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
static int variables_apply(const char *option, const struct words *sets, int child_pid, struct bpfl_spec *spec,
			   struct bpfl_error *err)
{
	for (size_t i = 0; i < sets->nr; i++) {
		char path[512], pid[16];
		const char *value;
		int ret = split(option, "VAR=VALUE", sets->items[i], path, sizeof(path), &value, err);

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

/*
 * "VAR=..." where VAR is what the object calls a parameter; an object that declares none has its constants
 * for parameters.
 */
static int param_check(const char *word, const struct bpfl_spec *spec, struct bpfl_error *err)
{
	size_t len = strcspn(word, "=.["), nr_params = 0, used = 0;
	struct bpfl_marker_view marker;
	struct bpfl_var_view var;
	char list[512] = "";

	for (size_t i = 0; bpfl_spec_marker_view(spec, i, &marker) == 0; i++) {
		if (marker.kind != BPFL_MARKER_PARAM)
			continue;
		if (strlen(marker.var) == len && strncmp(marker.var, word, len) == 0)
			return 0;
		if (used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s'%s'", nr_params ? ", " : "",
						 marker.var);
		nr_params++;
	}
	for (size_t i = 0; nr_params == 0 && bpfl_spec_var_view(spec, i, &var) == 0; i++) {
		if (var.read_only && strlen(var.name) == len && strncmp(var.name, word, len) == 0)
			return 0;
	}
	out_usage(err, "--param: the object has no parameter '%.*s'", (int)(len < 200 ? len : 200), word);
	if (nr_params > 0)
		snprintf(err->fix, sizeof(err->fix), "it has %.400s; --set sets any variable", list);
	else
		snprintf(err->fix, sizeof(err->fix),
			 "it declares none, and has no such constant; --set sets any variable");
	return -1;
}

static int params_apply(const struct options *options, struct bpfl_spec *spec, struct bpfl_error *err)
{
	int ret = 0;

	for (size_t i = 0; i < options->param.nr && ret == 0; i++)
		ret = param_check(options->param.items[i], spec, err);
	return ret < 0 ? ret : variables_apply("param", &options->param, options->child_pid, spec, err);
}

static const char *default_of(const struct bpfl_spec *spec, const char *var, char text[64])
{
	struct bpfl_var_view view;

	text[0] = '\0';
	for (size_t i = 0; bpfl_spec_var_view(spec, i, &view) == 0; i++) {
		char *value = NULL;

		if (strcmp(view.name, var) != 0)
			continue;
		if (bpfl_spec_var_text(spec, view.name, &value, NULL) == 0)
			snprintf(text, 64, "%s", value);
		free(value);
	}
	return text;
}

void params_help(const struct bpfl_spec *spec, const char *file)
{
	struct bpfl_marker_view marker;
	struct bpfl_var_view var;
	bool any = false, any_marker = false;
	char text[64];

	for (size_t i = 0; bpfl_spec_marker_view(spec, i, &marker) == 0; i++) {
		if (marker.kind != BPFL_MARKER_PARAM)
			continue;
		printf("%s  --param %s=VALUE%*s (%s)\n", any ? "" : "\nparameters of the object:\n", marker.var,
		       (int)(strlen(marker.var) < 16 ? 16 - strlen(marker.var) : 0), "",
		       default_of(spec, marker.var, text));
		any = any_marker = true;
	}
	for (size_t i = 0; !any_marker && bpfl_spec_var_view(spec, i, &var) == 0; i++) {
		if (!var.read_only || strchr(var.name, '.') || strncmp(var.name, "bpf_metadata_", 13) == 0 ||
		    strcmp(var.map, ".rodata") != 0)
			continue;
		printf("%s  --set %s=VALUE%*s (%s)\n", any ? "" : "\nconstants of the object:\n", var.name,
		       (int)(strlen(var.name) < 16 ? 16 - strlen(var.name) : 0), "", default_of(spec, var.name, text));
		any = true;
	}
	if (!any)
		printf("\n%s has no parameters\n", file);
}

int edits_apply(const struct options *options, struct bpfl_spec *spec, struct bpfl_error *err)
{
	int ret = types_apply(&options->type, spec, err);

	if (ret == 0)
		ret = selection_apply(options, spec, err);
	if (ret == 0)
		ret = maps_apply(&options->map, spec, err);
	if (ret == 0)
		ret = variables_apply("set", &options->set, options->child_pid, spec, err);
	if (ret == 0)
		ret = params_apply(options, spec, err);
	return ret;
}
