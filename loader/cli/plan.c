/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/plan.c: which program is attached where. Everything that can be wrong with the words is found before
 * anything is loaded.
 *
 * Without --attach every selected program goes where its section says. With --attach only the named ones are attached;
 * `--attach auto` adds the rest, `--attach none` attaches nothing.
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct plan_item *plan_add(struct plan *plan)
{
	struct plan_item *items = realloc(plan->items, (plan->nr + 1) * sizeof(*items));

	if (!items)
		return NULL;
	plan->items = items;
	memset(&items[plan->nr], 0, sizeof(*items));
	return &items[plan->nr++];
}

static bool is_planned(const struct plan *plan, size_t prog_idx)
{
	for (size_t i = 0; i < plan->nr; i++) {
		if (plan->items[i].prog_idx == prog_idx)
			return true;
	}
	return false;
}

#define STRUCT_OPS_PREFIX "struct_ops:"

static int struct_ops_add(struct plan *plan, const char *name, struct bpfl_spec *spec, struct bpfl_error *err)
{
	struct plan_item *item;
	struct bpfl_map_view view;
	int ret = bpfl_spec_struct_ops_select(spec, name, true, err);

	if (ret < 0)
		return ret;
	item = plan_add(plan);
	if (!item)
		return out_nomem(err);
	item->prog_idx = SIZE_MAX;
	for (size_t i = 0; bpfl_spec_map_view(spec, i, &view) == 0; i++) {
		if (strcmp(view.name, name) == 0)
			item->map = view.name;
	}
	return 0;
}

/* Every struct_ops variable that is made, except those that were named already. */
static int struct_ops_add_all(struct plan *plan, struct bpfl_spec *spec, struct bpfl_error *err)
{
	struct bpfl_map_view view;
	int ret = 0;

	for (size_t i = 0; ret == 0 && bpfl_spec_map_view(spec, i, &view) == 0; i++) {
		bool planned = false;

		for (size_t k = 0; k < plan->nr; k++)
			planned = planned || (plan->items[k].map && strcmp(plan->items[k].map, view.name) == 0);
		if (view.is_struct_ops && view.selected && !planned)
			ret = struct_ops_add(plan, view.name, spec, err);
	}
	return ret;
}

/* One --attach SPEC. A program that is attached is loaded, even if its section says '?'. */
static int spec_add(struct plan *plan, const char *text, struct bpfl_spec *spec, struct bpfl_error *err)
{
	struct plan_item *item = plan_add(plan);
	struct bpfl_prog_view view;
	int ret;

	if (!item)
		return out_nomem(err);
	ret = bpfl_attach_parse(text, &item->attach, err);
	if (ret == 0)
		ret = bpfl_attach_select(item->attach, spec, &item->prog_idx, err);
	if (ret == 0)
		ret = bpfl_attach_prepare(item->attach, spec, item->prog_idx, err);
	if (ret == 0 && bpfl_spec_prog_view(spec, item->prog_idx, &view) == 0 && !view.selected)
		ret = bpfl_spec_prog_select(spec, view.name, true, err);
	return ret;
}

/* One program by its section. */
static int section_add(struct plan *plan, struct bpfl_spec *spec, size_t prog_idx,
		       const struct bpfl_prog_view *view, const struct options *options, struct out *out,
		       struct bpfl_error *err)
{
	struct plan_item *item;
	int ret;

	if (!view->hook[0] && view->type != 0) {
		out_note(out, 1, "%s: loaded, nothing to attach it to by itself", view->name);
		return 0;
	}
	if (view->needs_target && options->skip_incomplete) {
		out_warn(out, "%s: not attached, its section '%s' names no target", view->name, view->section);
		return 0;
	}
	item = plan_add(plan);
	if (!item)
		return out_nomem(err);
	item->prog_idx = prog_idx;
	ret = bpfl_attach_from_section(spec, prog_idx, &item->attach, err);
	if (ret == 0 && !item->attach) {
		plan->nr--;
		out_note(out, 1, "%s: loaded, nothing to attach it to by itself", view->name);
		return 0;
	}
	return ret < 0 ? ret : bpfl_attach_prepare(item->attach, spec, prog_idx, err);
}

static int sections_add(struct plan *plan, const struct options *options, struct bpfl_spec *spec,
			struct out *out, struct bpfl_error *err)
{
	size_t nr_given = plan->nr;
	struct plan given = { plan->items, nr_given };

	for (size_t i = 0; i < bpfl_spec_nr_progs(spec); i++) {
		struct bpfl_prog_view view;
		int ret;

		if (bpfl_spec_prog_view(spec, i, &view) < 0 || !view.selected)
			continue;
		given.items = plan->items;
		if (is_planned(&given, i))
			continue;
		ret = section_add(plan, spec, i, &view, options, out, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Takes an item that cannot be attached out of the plan, when others are left. 0, or ret when that is not wanted. */
static int item_give_up(struct plan *plan, size_t idx, bool best_effort, int ret, struct out *out,
			struct bpfl_error *err)
{
	if (!best_effort || plan->nr == 1)
		return ret;
	out_warn(out, "not attached: %s", err->message);
	bpfl_error_clear(err);
	bpfl_attach_destroy(plan->items[idx].attach);
	plan->nr--;
	memmove(&plan->items[idx], &plan->items[idx + 1], (plan->nr - idx) * sizeof(*plan->items));
	return 0;
}

static int plan_check(struct plan *plan, const struct options *options, const struct bpfl_spec *spec, struct out *out,
		      struct bpfl_error *err)
{
	size_t i = 0;

	while (i < plan->nr) {
		const struct plan_item *item = &plan->items[i];
		int ret = item->attach ? bpfl_attach_check(item->attach, spec, item->prog_idx, err) : 0;

		if (ret == 0)
			i++;
		else if (item_give_up(plan, i, options->best_effort, ret, out, err) < 0)
			return ret;
	}
	return 0;
}

/* --pid: for all that can be narrowed to a process. Nothing that can is a mistake. */
static int pid_apply(struct plan *plan, const struct options *options, struct bpfl_error *err)
{
	uint64_t pid = 0;
	int nr_taken = 0;

	if (strcmp(options->pid, "child") == 0)
		pid = (uint64_t)options->child_pid;
	else if (strcmp(options->pid, "self") == 0)
		pid = (uint64_t)getpid();
	else if (bpfl_text_to_u64(options->pid, &pid) < 0 || pid == 0 || pid > INT32_MAX)
		return out_usage(err, "--pid: '%.200s' is no process id", options->pid);
	if (pid == 0)
		return out_usage(err, "--pid child: there is no command; write it at the end: -- CMD ARGS");
	for (size_t i = 0; i < plan->nr; i++) {
		int ret = plan->items[i].attach ? bpfl_attach_default_pid(plan->items[i].attach, (int)pid, err) : 0;

		if (ret < 0)
			return ret;
		nr_taken += ret;
	}
	if (nr_taken > 0)
		return 0;
	out_usage(err, "--pid: nothing that is attached can be narrowed to a process");
	snprintf(err->fix, sizeof(err->fix),
		 "programs can look themselves: --set VAR=%s, if the object has such a variable", options->pid);
	return -EINVAL;
}

int plan_make(struct plan *plan, const struct options *options, struct bpfl_spec *spec, struct out *out,
	      struct bpfl_error *err)
{
	bool by_section = options->attach.nr == 0 && !options->update; /* then the pins say where */
	int ret = 0;

	for (size_t i = 0; i < options->attach.nr && ret == 0; i++) {
		const char *text = options->attach.items[i];

		if (strcmp(text, "auto") == 0)
			by_section = true;
		else if (strcmp(text, "none") == 0 && options->attach.nr > 1)
			ret = out_usage(err, "--attach none and --attach '%.200s' contradict each other",
					options->attach.items[i == 0 ? 1 : 0]);
		else if (strncmp(text, STRUCT_OPS_PREFIX, strlen(STRUCT_OPS_PREFIX)) == 0)
			ret = struct_ops_add(plan, text + strlen(STRUCT_OPS_PREFIX), spec, err);
		else if (strcmp(text, "none") != 0)
			ret = spec_add(plan, text, spec, err);
	}
	if (ret == 0 && by_section)
		ret = sections_add(plan, options, spec, out, err);
	if (ret == 0 && by_section)
		ret = struct_ops_add_all(plan, spec, err);
	if (ret == 0 && options->pid)
		ret = pid_apply(plan, options, err);
	return ret == 0 && !options->dry_run ? plan_check(plan, options, spec, out, err) : ret;
}

int plan_attach(struct plan *plan, struct bpfl_object *object, bool best_effort, struct out *out,
		struct bpfl_error *err)
{
	struct bpfl_log log = out_log(out);
	size_t i = 0;

	while (i < plan->nr) {
		struct plan_item *item = &plan->items[i];
		int ret = item->map ? bpfl_link_attach_map(object, item->map, &log, &item->link, err)
				    : bpfl_link_attach(object, item->prog_idx, item->attach, &log, &item->link, err);

		if (ret < 0) {
			ret = item_give_up(plan, i, best_effort, ret, out, err);
			if (ret < 0)
				return ret;
			continue;
		}
		out_note(out, 0, "attached %s", bpfl_link_text(item->link));
		i++;
	}
	return 0;
}

int plan_pin(struct plan *plan, const struct bpfl_object *object, const char *dir, bool best_effort, struct out *out,
	     struct bpfl_error *err)
{
	struct bpfl_link **links = calloc(plan->nr + 1, sizeof(*links));
	size_t nr = 0;
	int ret;

	if (!links)
		return out_nomem(err);
	for (size_t i = 0; i < plan->nr; i++) {
		struct plan_item *item = &plan->items[i];

		if (best_effort && !bpfl_link_outlives(item->link)) {
			out_warn(out, "%s: detached, it cannot outlive this process", bpfl_link_text(item->link));
			bpfl_link_close(item->link);
			item->link = NULL;
			continue;
		}
		links[nr++] = item->link;
	}
	ret = bpfl_object_pin(object, links, nr, dir, err);
	free(links);
	return ret;
}

int plan_read(const struct plan *plan, const struct bpfl_spec *spec, struct tables *tables, struct out *out,
	      struct bpfl_error *err)
{
	enum bpfl_format format = out->json ? BPFL_FORMAT_JSON : BPFL_FORMAT_TEXT;

	for (size_t i = 0; i < plan->nr; i++) {
		struct bpfl_link *link = plan->items[i].link;
		struct bpfl_prog_view view;
		int ret;

		if (!bpfl_link_is_on_demand(link) || bpfl_spec_prog_view(spec, plan->items[i].prog_idx, &view) < 0)
			continue;
		ret = tables_read(tables, view.name, link, err);
		if (ret == 0)
			ret = bpfl_link_read(link, format, out_write, out, err);
		if (ret < 0)
			return ret;
	}
	int ret = tables_show(tables, err);

	return ret < 0 ? ret : out_flush(out);
}

bool plan_is_on_demand(const struct plan *plan)
{
	for (size_t i = 0; i < plan->nr; i++) {
		if (!bpfl_link_is_on_demand(plan->items[i].link))
			return false;
	}
	return plan->nr > 0;
}

bool plan_has_readable(const struct plan *plan, const struct bpfl_spec *spec)
{
	for (size_t i = 0; i < plan->nr; i++) {
		struct bpfl_prog_view view;

		if (bpfl_spec_prog_view(spec, plan->items[i].prog_idx, &view) == 0 &&
		    (strcmp(view.hook, "iter") == 0 || strcmp(view.hook, "syscall") == 0))
			return true;
	}
	return false;
}

void plan_deinit(struct plan *plan)
{
	plan_detach(plan);
	for (size_t i = 0; i < plan->nr; i++)
		bpfl_attach_destroy(plan->items[i].attach);
	free(plan->items);
	plan->items = NULL;
	plan->nr = 0;
}
