/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The spec object: memory, look-ups by name, notes, and the errors that can be told from a spec alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "spec/reader.h"

void bpfl_map_spec_deinit(struct bpfl_map_spec *map)
{
	free(map->name);
	free(map->section);
	free(map->slots);
	free(map->inner_where);
	free(map->reuse);
	free(map->data);
	for (size_t i = 0; i < map->pointer_faults.nr; i++)
		free(map->pointer_faults.items[i].text);
	free(map->pointer_faults.items);
	if (map->inner != NULL) {
		bpfl_map_spec_deinit(map->inner);
		free(map->inner);
	}
	free(map->ops.items);
	memset(map, 0, sizeof(*map));
}

void bpfl_prog_deinit(struct bpfl_prog *prog)
{
	free(prog->name);
	free(prog->section);
	free(prog->type_name);
	free(prog->attach_hint);
	free(prog->attach_target);
	free(prog->attach_prog);
	free(prog->attach_where);
}

void bpfl_func_deinit(struct bpfl_func *func)
{
	free(func->name);
	free(func->section);
	free(func->insts);
}

void bpfl_spec_destroy(struct bpfl_spec *spec)
{
	if (spec == NULL)
		return;
	for (size_t i = 0; i < spec->funcs.nr; i++)
		bpfl_func_deinit(&spec->funcs.items[i]);
	for (size_t i = 0; i < spec->progs.nr; i++)
		bpfl_prog_deinit(&spec->progs.items[i]);
	for (size_t i = 0; i < spec->maps.nr; i++)
		bpfl_map_spec_deinit(&spec->maps.items[i]);
	for (size_t i = 0; i < spec->vars.nr; i++)
		free(spec->vars.items[i].name);
	for (size_t i = 0; i < spec->externs.nr; i++)
		free(spec->externs.items[i].name);
	for (size_t i = 0; i < spec->jump_tables.nr; i++)
		bpfl_jump_table_deinit(&spec->jump_tables.items[i]);
	for (size_t i = 0; i < spec->notes.nr; i++)
		free(spec->notes.items[i].text);
	for (size_t i = 0; i < spec->markers.nr; i++)
		bpfl_marker_deinit(&spec->markers.items[i]);
	free(spec->funcs.items);
	free(spec->progs.items);
	free(spec->maps.items);
	free(spec->vars.items);
	free(spec->externs.items);
	free(spec->refs.items);
	free(spec->jump_tables.items);
	free(spec->cores.items);
	free(spec->lines.items);
	free(spec->notes.items);
	free(spec->markers.items);
	bpfl_btf_destroy(spec->btf);
	free(spec->file);
	free(spec->name);
	free(spec->file_name);
	free(spec->license);
	free(spec);
}

void bpfl_spec_error_prefix(const struct bpfl_spec *spec, struct bpfl_error *err)
{
	if (spec->file_name && spec->file_name[0] != '\0')
		bpfl_error_prefix(err, "%s", BPFL_ESC(spec->file_name));
}

/* One look-up by name for each kind of item: linear, because callers ask a few times for a few names. */
#define DEFINE_LOOKUP(what, list) \
	int32_t bpfl_spec_##what##_idx(const struct bpfl_spec *spec, const char *name) \
	{ \
		for (size_t i = 0; i < spec->list.nr; i++) { \
			if (strcmp(spec->list.items[i].name, name) == 0) { \
				return (int32_t)i; \
			} \
		} \
		return BPFL_NO_IDX; \
	}

DEFINE_LOOKUP(map, maps)
DEFINE_LOOKUP(prog, progs)
DEFINE_LOOKUP(var, vars)
DEFINE_LOOKUP(func, funcs)

void bpfl_spec_note(struct bpfl_spec *spec, enum bpfl_log_level level, const char *fmt, ...)
{
	va_list args;
	char text[512];

	if (spec->notes.nr >= BPFL_SPEC_MAX_NOTES)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	char *copy = bpfl_strdup(text);
	struct bpfl_note *note = copy == NULL ? NULL : BPFL_VEC_PUSH(&spec->notes);
	if (note == NULL) {
		free(copy);
		return;
	}
	note->level = level;
	note->text = copy;
}

int bpfl_prog_set_hit(struct bpfl_prog *prog, const char *section_name)
{
	struct bpfl_section_hit hit = bpfl_section_find(section_name);
	const struct bpfl_section_row *row = hit.row;
	char suggestion[256];
	char *hint = NULL, *target = NULL;

	if (bpfl_section_suggest(&hit, suggestion, sizeof(suggestion))[0] != '\0') {
		hint = bpfl_strdup(suggestion);
		if (hint == NULL)
			return -ENOMEM;
	}
	if (row != NULL && (row->needs_btf_id || row->hook == BPFL_HOOK_TRACING_MULTI) && hit.target[0] != '\0') {
		target = bpfl_strdup(hit.target);
		if (target == NULL) {
			free(hint);
			return -ENOMEM;
		}
	}
	free(prog->attach_hint);
	free(prog->attach_target);
	prog->attach_hint = hint;
	prog->attach_target = target;
	prog->hit = hit;
	prog->prog_type = row != NULL ? (uint32_t)row->prog_type : BPFL_PROG_UNSPEC;
	prog->attach_type = row != NULL ? (uint32_t)row->attach_type : 0;
	prog->prog_flags = row != NULL ? row->prog_flags : 0;
	return 0;
}

int bpfl_spec_prog_type_error(const struct bpfl_spec *spec, size_t prog_idx, struct bpfl_error *err)
{
	const struct bpfl_prog *prog = &spec->progs.items[prog_idx];
	const char *section = prog->section[0] == '?' ? prog->section + 1 : prog->section;
	char near[512];

	bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
		       "program '%s': section '%s' does not say what type of program it is", BPFL_ESC(prog->name),
		       BPFL_ESC(section));
	bpfl_error_catalogue(err, 9);
	bpfl_error_why(err, "no known section name fits '%s'", BPFL_ESC(section));
	if (bpfl_section_near(section, near, sizeof(near))[0] != '\0')
		bpfl_error_fix(err, "did you mean SEC(%s)?", near);
	bpfl_error_fix(err, "give the type: --type %s=xdp (any section name), or attach it: --attach %s=xdp:IF",
		       BPFL_ESC(prog->name), BPFL_ESC(prog->name));
	return -EINVAL;
}

int bpfl_spec_target_error(const struct bpfl_spec *spec, size_t prog_idx, struct bpfl_error *err)
{
	const struct bpfl_prog *prog = &spec->progs.items[prog_idx];

	if (prog->hit.row == NULL)
		return bpfl_spec_prog_type_error(spec, prog_idx, err);
	bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "program '%s': section '%s' does not say where to attach",
		       BPFL_ESC(prog->name), BPFL_ESC(prog->section));
	bpfl_error_catalogue(err, 10);
	bpfl_error_why(err, "a program of section '%s' needs a target", prog->hit.row->name);
	bpfl_error_fix(err, "--attach %s=%s", BPFL_ESC(prog->name),
		       prog->attach_hint != NULL ? prog->attach_hint : prog->hit.row->name);
	return -EINVAL;
}
