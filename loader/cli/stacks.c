/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/stacks.c: stacks with names, folded lines, and the flame graph in a file.
 *
 * Stacks are read when they are shown, and a process may be gone by then. So while programs run, the maps whose
 * stacks will be wanted are looked through often for processes that are new.
 *
 * A flame graph is written beside its place and moved there when it is complete: whoever looks at the file, a
 * browser that reloads it each second for example, sees a whole one.
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAME_SIZE 256
/* How often: a twentieth of the time may go into it. */
#define NOTE_LEAST_MS 10
#define NOTE_MOST_MS 1000
#define NOTE_SHARE 20

int stacks_prepare(struct stacks *stacks, const struct options *options, struct out *out, struct bpfl_error *err)
{
	struct bpfl_symbolizer_opts opts = { .size = sizeof(opts), .log = out_log(out) };
	struct bpfl_stacks_opts stack_opts = { .size = sizeof(stack_opts),
					       .forms = options->fmt.items,
					       .nr_forms = options->fmt.nr };
	int ret = bpfl_symbolizer_create(&opts, &stacks->symbolizer, err);

	stacks->options = options;
	stacks->out = out;
	if (ret == 0)
		ret = bpfl_stacks_create(stacks->symbolizer, &stack_opts, &stacks->stacks, err);
	return ret;
}

void stacks_deinit(struct stacks *stacks)
{
	bpfl_stacks_destroy(stacks->stacks);
	bpfl_symbolizer_destroy(stacks->symbolizer);
	if (stacks->owns_map)
		bpfl_map_close(stacks->map);
	memset(stacks, 0, sizeof(*stacks));
}

/* ---- which map ---- */

int stacks_say(struct stacks *stacks, const struct bpfl_map *map, struct bpfl_error *err)
{
	struct bpfl_map_facts facts;
	char *note = NULL;
	int ret = bpfl_stacks_in_map(stacks->stacks, map, &note, err);

	bpfl_map_get_facts(map, &facts);
	if (ret > 0)
		out_note(stacks->out, 0, "stacks of %s: %s", facts.name, note);
	free(note);
	return ret;
}

/* A stack-trace map has stacks too, but not how often each was seen. */
static bool has_counted_stacks(const struct bpfl_map *map)
{
	struct bpfl_map_facts facts;

	bpfl_map_get_facts(map, &facts);
	return strcmp(facts.type_name, "stack_trace") != 0;
}

/* Of all loaded maps that have stacks the only one. */
static int choose_map(struct stacks *stacks, const struct bpfl_object *object, const struct bpfl_spec *spec,
		      struct bpfl_error *err)
{
	struct bpfl_map_view view;
	char names[512] = "";
	unsigned nr = 0;

	for (size_t i = 0; bpfl_spec_map_view(spec, i, &view) == 0; i++) {
		struct bpfl_error ignored = BPFL_ERROR_INIT;
		struct bpfl_map *map = NULL;
		size_t used = strlen(names);

		if (bpfl_map_open_object(object, view.name, &map, &ignored) == 0 && has_counted_stacks(map) &&
		    bpfl_stacks_in_map(stacks->stacks, map, NULL, &ignored) > 0) {
			snprintf(names + used, sizeof(names) - used, "%s%.100s", nr ? ", " : "", view.name);
			nr++;
			bpfl_map_close(stacks->map);
			stacks->map = map;
			stacks->owns_map = true;
			map = NULL;
		}
		bpfl_map_close(map);
		bpfl_error_clear(&ignored);
	}
	if (nr == 1)
		return 0;
	out_usage(err, nr ? "--flamegraph: which map? %s have stacks" : "--flamegraph: no map of the object has stacks",
		  names);
	snprintf(err->fix, sizeof(err->fix), nr ? "name it: --stacks MAP" :
		 "keys with members kern_stack_id, user_stack_id and the like are taken for stacks; --fmt MEMBER=kstack or MEMBER=ustack says it of others");
	return -EINVAL;
}

int stacks_open(struct stacks *stacks, const struct bpfl_object *object, const struct bpfl_spec *spec,
		struct bpfl_error *err)
{
	const struct options *options = stacks->options;
	const char *text = options->stacks           ? options->stacks
			   : options->folded.nr == 1 ? options->folded.items[0]
						     : NULL;
	const char *colon = text ? strchr(text, ':') : NULL;
	char name[NAME_SIZE];
	int ret = bpfl_stacks_add_object(stacks->stacks, object, err);

	if (ret < 0 || !options->flamegraph)
		return ret < 0 ? ret : 0;
	/* A place where nothing can be written is said before the measuring. */
	ret = file_check("flamegraph", options->flamegraph, err);
	if (ret < 0)
		return ret;
	if (text) {
		snprintf(name, sizeof(name), "%.*s", (int)(colon ? (size_t)(colon - text) : strlen(text)), text);
		stacks->words = colon ? colon + 1 : NULL;
		ret = bpfl_map_open_object(object, name, &stacks->map, err);
		stacks->owns_map = ret == 0;
	} else {
		ret = choose_map(stacks, object, spec, err);
	}
	if (ret >= 0 && options->folded.nr == 0) /* of folded lines it has been said */
		ret = stacks_say(stacks, stacks->map, err);
	return ret < 0 ? ret : 0;
}

int stacks_open_map(struct stacks *stacks, const struct bpfl_map *map, struct bpfl_error *err)
{
	char text[NAME_SIZE], *words[2] = { text, NULL };
	struct bpfl_map *stack_map = NULL;
	int ret, nr = 1;

	if (!stacks->options->stacks)
		return bpfl_stacks_add_related(stacks->stacks, map, err);
	snprintf(text, sizeof(text), "%s", stacks->options->stacks);
	words[1] = strchr(text, ' '); /* "id 7" */
	if (words[1]) {
		*words[1]++ = '\0';
		nr = 2;
	}
	ret = map_open_words(&stack_map, words, nr, err);
	return ret < 0 ? ret : bpfl_stacks_add_map(stacks->stacks, stack_map, err);
}

/* ---- showing ---- */

/* What is counted: the member, or a map of numbers by its name ("waited_us"). */
static const char *unit_of(const struct bpfl_map_facts *facts, const char *words)
{
	return words ? words : facts->value_size <= sizeof(uint64_t) ? facts->name : "samples";
}

static int profile_of(struct stacks *stacks, const struct bpfl_map *map, const char *words,
		      struct bpfl_profile **ret_profile, struct bpfl_error *err)
{
	struct bpfl_map_facts facts;
	int ret = bpfl_profile_create(ret_profile, err);

	if (ret == 0)
		ret = bpfl_profile_add_map(*ret_profile, map, stacks->stacks, words, err);
	bpfl_map_get_facts(map, &facts);
	if (ret == 0 && bpfl_profile_nr_lost(*ret_profile) > 0 && !stacks->said_lost) {
		stacks->said_lost = true;
		out_warn(stacks->out,
			 "%llu of %llu %s of map '%s' have a stack that was lost: the stack-trace map has too few "
			 "places; --map NAME.max_entries=N makes more",
			 (unsigned long long)bpfl_profile_nr_lost(*ret_profile),
			 (unsigned long long)bpfl_profile_nr_samples(*ret_profile), unit_of(&facts, words), facts.name);
	}
	return ret;
}

int stacks_try(struct stacks *stacks, struct bpfl_error *err)
{
	struct bpfl_profile *profile = NULL;
	int ret = stacks->map ? profile_of(stacks, stacks->map, stacks->words, &profile, err) : 0;

	bpfl_profile_destroy(profile);
	return ret;
}

int stacks_folded(struct stacks *stacks, const struct bpfl_map *map, const char *words, char **ret_text,
		  struct bpfl_error *err)
{
	struct bpfl_profile *profile = NULL;
	int ret = profile_of(stacks, map, words, &profile, err);

	if (ret == 0)
		ret = bpfl_profile_folded_text(profile, ret_text, err);
	bpfl_profile_destroy(profile);
	return ret;
}

int stacks_flamegraph(struct stacks *stacks, struct bpfl_error *err)
{
	const char *path = stacks->options->flamegraph;
	struct bpfl_svg_opts opts = { .size = sizeof(opts) };
	struct bpfl_profile *profile = NULL;
	struct bpfl_map_facts facts;
	char *svg = NULL, title[NAME_SIZE];
	int ret;

	if (!path || !stacks->map)
		return 0;
	bpfl_map_get_facts(stacks->map, &facts);
	snprintf(title, sizeof(title), "%.200s: stacks", facts.name);
	opts.title = title;
	opts.unit = unit_of(&facts, stacks->words);
	ret = profile_of(stacks, stacks->map, stacks->words, &profile, err);
	if (ret == 0)
		ret = bpfl_profile_svg(profile, &opts, &svg, err);
	if (ret == 0)
		ret = file_write("flamegraph", path, svg, strlen(svg), err);
	if (ret == 0)
		out_note(stacks->out, 0, "flame graph of %llu %s: %s",
			 (unsigned long long)bpfl_profile_nr_samples(profile), opts.unit, path);
	free(svg);
	bpfl_profile_destroy(profile);
	return ret;
}

/* ---- processes ---- */

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int stacks_note(struct stacks *stacks, const struct views *views, int child_pid)
{
	int64_t start = now_us(), wait_ms;
	bool any = stacks->stacks && stacks->options->flamegraph;

	for (size_t i = 0; stacks->stacks && i < views->nr; i++)
		any = any || views->items[i].has_stacks;
	if (!any)
		return -1;
	if (start < stacks->next_note_us)
		return (int)((stacks->next_note_us - start) / 1000) + 1;
	if (child_pid > 0)
		bpfl_symbolizer_note(stacks->symbolizer, child_pid);
	/* What cannot be read now will be an error when it is shown. */
	if (stacks->map)
		bpfl_stacks_note_map(stacks->stacks, stacks->map, NULL);
	for (size_t i = 0; i < views->nr; i++) {
		if (views->items[i].has_stacks)
			bpfl_stacks_note_map(stacks->stacks, views->items[i].map, NULL);
	}
	wait_ms = (now_us() - start) * NOTE_SHARE / 1000;
	wait_ms = wait_ms < NOTE_LEAST_MS ? NOTE_LEAST_MS : wait_ms > NOTE_MOST_MS ? NOTE_MOST_MS : wait_ms;
	stacks->next_note_us = now_us() + wait_ms * 1000;
	return (int)wait_ms;
}
