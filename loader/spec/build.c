/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building a spec by hand: maps and programs from memory instead of from a file.
 *
 * A program comes as finished instructions; only its maps are named, because they have no descriptors yet.
 * Calls inside it keep their distances: one caller's program is one function here, whatever calls it makes
 * within itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "spec/reader.h"

/* What the kernel takes as the name of an object: its first 15 characters are used (G-47). */
static int check_name(const char *what, const char *name, struct bpfl_error *err)
{
	if (name == NULL || name[0] == '\0')
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "a %s needs a name", what);
	return 0;
}

/* Fields behind the end of the caller's struct are those of a newer library: zero. */
#define COPY_DEF(own, def) memcpy(&(own), (def), (def)->size < sizeof(own) ? (def)->size : sizeof(own))

int bpfl_spec_add_map(struct bpfl_spec *spec, const struct bpfl_map_def *caller_def, struct bpfl_error *err)
{
	struct bpfl_map_def def = { 0 };

	COPY_DEF(def, caller_def);
	int ret = check_name("map", def.name, err);
	if (ret < 0)
		return ret;
	if (bpfl_spec_map_idx(spec, def.name) != BPFL_NO_IDX)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EEXIST, "there is a map '%s' already", BPFL_ESC(def.name));
	if (def.type == BPFL_MAP_TYPE_UNSPEC)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s' has no type", BPFL_ESC(def.name));

	char *name = bpfl_strdup(def.name), *section = bpfl_strdup("");
	struct bpfl_map_spec *map = name != NULL && section != NULL ? BPFL_VEC_PUSH(&spec->maps) : NULL;
	if (map == NULL) {
		free(name);
		free(section);
		return bpfl_error_nomem(err);
	}
	map->name = name;
	map->section = section;
	map->origin = BPFL_MAP_CALLER;
	map->type = def.type;
	map->key_size = def.key_size;
	map->value_size = def.value_size;
	map->max_entries = def.max_entries;
	map->has_max_entries = true;
	map->flags = def.flags;
	map->map_extra = def.map_extra;
	return 0;
}

/* Makes the references of a function to maps. */
static int add_uses(struct bpfl_spec *spec, struct bpfl_func *func, const struct bpfl_prog_def *def,
		    struct bpfl_error *err)
{
	for (size_t i = 0; i < def->nr_map_uses; i++) {
		uint32_t insn_idx = def->map_uses[i].insn_idx;
		int32_t map_idx = bpfl_spec_map_idx(spec, def->map_uses[i].map);

		if (map_idx == BPFL_NO_IDX)
			return bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "program '%s': there is no map '%s'",
					      BPFL_ESC(def->name), BPFL_ESC(def->map_uses[i].map));
		if (insn_idx + UINT64_C(1) >= func->nr_insts || !bpfl_insn_is_ld_imm64(&func->insts[insn_idx].insn))
			return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
					      "program '%s': instruction %u does not load a map: no ld_imm64",
					      BPFL_ESC(def->name), insn_idx);
		struct bpfl_ref *ref = BPFL_VEC_PUSH(&spec->refs);
		if (ref == NULL)
			return bpfl_error_nomem(err);
		*ref = (struct bpfl_ref){ BPFL_REF_MAP, (uint32_t)map_idx, 0 };
		func->insts[insn_idx].ref_idx = (int32_t)(spec->refs.nr - 1);
	}
	return 0;
}

static int fill_func(struct bpfl_func *func, const struct bpfl_prog_def *def)
{
	const struct bpfl_insn *insns = def->insns;

	func->name = bpfl_strdup(def->name);
	func->section = bpfl_strdup(def->section);
	func->insts = malloc(def->nr_insns * sizeof(*func->insts));
	if (func->name == NULL || func->section == NULL || func->insts == NULL)
		return -ENOMEM;
	func->nr_insts = (uint32_t)def->nr_insns;
	for (size_t i = 0; i < def->nr_insns; i++) {
		func->insts[i] = (struct bpfl_inst){ { 0 }, BPFL_NO_IDX, BPFL_NO_IDX, BPFL_NO_IDX };
		memcpy(&func->insts[i].insn, &insns[i], sizeof(insns[i]));
	}
	return 0;
}

static int fill_prog(struct bpfl_prog *prog, const struct bpfl_prog_def *def, uint32_t func_idx)
{
	prog->name = bpfl_strdup(def->name);
	prog->section = bpfl_strdup(def->section);
	if (prog->name == NULL || prog->section == NULL)
		return -ENOMEM;
	prog->func_idx = func_idx;
	prog->optional = prog->section[0] == '?';
	prog->selected = !prog->optional;
	return bpfl_prog_set_hit(prog, prog->section + (prog->optional ? 1 : 0));
}

static int check_prog(const struct bpfl_spec *spec, const struct bpfl_prog_def *def, struct bpfl_error *err)
{
	int ret = check_name("program", def->name, err);

	if (ret < 0)
		return ret;
	if (def->section == NULL || def->insns == NULL || def->nr_insns == 0 || def->nr_insns > BPFL_SPEC_MAX_INSTS)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
				      "program '%s' needs a section name and 1 to %u instructions", BPFL_ESC(def->name),
				      BPFL_SPEC_MAX_INSTS);
	if (bpfl_spec_prog_idx(spec, def->name) != BPFL_NO_IDX)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EEXIST, "there is a program '%s' already",
				      BPFL_ESC(def->name));
	return 0;
}

int bpfl_spec_add_prog(struct bpfl_spec *spec, const struct bpfl_prog_def *caller_def, struct bpfl_error *err)
{
	struct bpfl_prog_def def = { 0 };
	size_t nr_refs = spec->refs.nr;

	COPY_DEF(def, caller_def);
	int ret = check_prog(spec, &def, err);
	if (ret < 0)
		return ret;

	struct bpfl_func *func = BPFL_VEC_PUSH(&spec->funcs);
	struct bpfl_prog *prog = func != NULL ? BPFL_VEC_PUSH(&spec->progs) : NULL;
	if (prog == NULL) {
		spec->funcs.nr -= func != NULL;
		return bpfl_error_nomem(err);
	}
	if (fill_func(func, &def) < 0 || fill_prog(prog, &def, (uint32_t)spec->funcs.nr - 1) < 0)
		ret = bpfl_error_nomem(err);
	else
		ret = add_uses(spec, func, &def, err);
	if (ret < 0) { /* as if nothing had been added */
		bpfl_prog_deinit(prog);
		bpfl_func_deinit(func);
		spec->progs.nr--;
		spec->funcs.nr--;
		spec->refs.nr = nr_refs;
	}
	return ret;
}
