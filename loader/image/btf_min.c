/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/btf_min: the part of a kernel's BTF that some objects need.
 *
 * A kernel's BTF has five megabytes; the relocations of a program look at a few hundred bytes of
 * it. Where a kernel comes without BTF, that part of the BTF of the same build can travel with the
 * program (CORE-27).
 *
 *   add     solves an object's relocations against the whole BTF, and marks every type and member
 *           that an answer came from
 *   finish  copies what is marked, in the order of ids: members that nobody asked for are left out,
 *           offsets and sizes stay
 *
 * The small BTF must give the same answers as the whole one, also the negative ones. So all types
 * that were candidates for a name stay (those that can answer must agree), and nothing is
 * added: what was missing is still missing.
 *
 * A type may be needed to different depths:
 *
 *   SHELL  its name, kind and size: a struct without members, a pointer to void
 *   REFS   and what it refers to, through pointers and prototypes: relocations that compare types,
 *          externs, attach targets
 *   WHOLE  and all its members: relocations that ask whether a type matches
 *
 * Ids are new, except when an object uses ids of the kernel's types as such
 * (bpf_core_type_id_kernel(), externs with a type, attach targets that are bound by BTF): then all
 * stay, and what is not needed in between becomes "const void", twelve bytes each.
 *
 * Types of modules, which are asked where the kernel itself has nothing of a name, stand behind the kernel's as
 * if they were its own: a field is at the same place wherever its struct was declared. Only their numbers are others.
 */
#include "image/btf_min.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "image/core_match.h"
#include "image/extern.h"
#include "image/modules.h"
#include "image/passes.h"

/* ---- life ---- */

static void part_deinit(struct bpfl_btf_part *part)
{
	for (uint32_t i = 0; part->members && i < part->nr_own; i++) {
		free(part->members[i]);
	}
	free(part->members);
	free(part->depths);
	free(part->new_ids);
}

/* The part for the kernel (0) or a module of it, made when it is asked for first: its index, or -ENOMEM. */
static int part_get(struct bpfl_btf_min *min, uint32_t module)
{
	struct bpfl_btf_part part = { .btf = bpfl_target_btf_of(min->target, module), .module = module };

	for (size_t i = 0; i < min->parts.nr; i++) {
		if (min->parts.items[i].module == module) {
			return (int)i;
		}
	}
	part.first_id = module == 0 ? 0 : bpfl_btf_first_id(part.btf);
	part.nr_own = bpfl_btf_nr_types(part.btf) - part.first_id;
	part.depths = calloc(part.nr_own + 1u, sizeof(*part.depths));
	part.members = calloc(part.nr_own + 1u, sizeof(*part.members));
	struct bpfl_btf_part *slot = part.depths && part.members ? BPFL_VEC_PUSH(&min->parts) : NULL;
	if (!slot) {
		part_deinit(&part);
		return -ENOMEM;
	}
	*slot = part;
	return (int)min->parts.nr - 1;
}

int bpfl_btf_min_create(struct bpfl_target *target, struct bpfl_btf_min **ret_min,
			struct bpfl_error *err)
{
	const struct bpfl_btf *btf;
	int result = bpfl_target_btf(target, &btf, err);

	if (result < 0) {
		return result;
	}
	struct bpfl_btf_min *min = calloc(1, sizeof(*min));
	if (!min) {
		return bpfl_error_nomem(err);
	}
	min->target = target;
	if (part_get(min, 0) < 0) {
		bpfl_btf_min_destroy(min);
		return bpfl_error_nomem(err);
	}
	*ret_min = min;
	return 0;
}

void bpfl_btf_min_destroy(struct bpfl_btf_min *min)
{
	if (!min) {
		return;
	}
	for (size_t i = 0; i < min->parts.nr; i++) {
		part_deinit(&min->parts.items[i]);
	}
	free(min->parts.items);
	free(min->todo.items);
	free(min);
}

/* ---- marking ---- */

/* A type by its id in the BTF of a part. */
static const struct bpfl_btf_type *type_at(const struct bpfl_btf_min *min, uint32_t part, uint32_t type_id)
{
	return bpfl_btf_type(min->parts.items[part].btf, type_id);
}

static void mark(struct bpfl_btf_min *min, uint32_t part, uint32_t type_id, enum bpfl_btf_depth depth)
{
	struct bpfl_btf_part *owner = bpfl_btf_part_of(min, part, type_id);

	if (type_id == 0 || type_id - owner->first_id >= owner->nr_own ||
	    owner->depths[type_id - owner->first_id] >= (uint8_t)depth) {
		return;
	}
	struct bpfl_btf_todo *todo = BPFL_VEC_PUSH(&min->todo);
	if (!todo) {
		min->failed = true;
		return;
	}
	owner->depths[type_id - owner->first_id] = (uint8_t)depth;
	todo->part = (uint32_t)(owner - min->parts.items);
	todo->type_id = type_id;
	todo->depth = depth;
}

static void mark_member(struct bpfl_btf_min *min, uint32_t part, uint32_t type_id, uint32_t member_idx)
{
	const struct bpfl_btf_type *type = type_at(min, part, type_id);
	uint32_t vlen = type ? bpfl_btf_vlen(type) : 0;

	if (member_idx >= vlen) {
		return;
	}
	struct bpfl_btf_part *owner = bpfl_btf_part_of(min, part, type_id);
	bool **members = &owner->members[type_id - owner->first_id];
	if (!*members) {
		*members = calloc(vlen, sizeof(bool));
	}
	if (!*members) {
		min->failed = true;
		return;
	}
	(*members)[member_idx] = true;
}

static void mark_all_members(struct bpfl_btf_min *min, uint32_t part, uint32_t type_id,
			     const struct bpfl_btf_type *type, enum bpfl_btf_depth depth)
{
	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		mark_member(min, part, type_id, i);
		if (bpfl_btf_is_composite(bpfl_btf_kind(type))) {
			mark(min, part, bpfl_btf_members(type)[i].type, depth);
		}
	}
}

/* What a type needs beside itself. */
static void follow(struct bpfl_btf_min *min, struct bpfl_btf_todo todo)
{
	const struct bpfl_btf_type *type = type_at(min, todo.part, todo.type_id);
	/* Behind a pointer, and in a prototype, only names and kinds are ever compared. */
	enum bpfl_btf_depth beyond =
		todo.depth >= BPFL_DEPTH_REFS ? BPFL_DEPTH_REFS : BPFL_DEPTH_NONE;

	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_TYPEDEF:
	case BPFL_KIND_VOLATILE:
	case BPFL_KIND_CONST:
	case BPFL_KIND_RESTRICT:
	case BPFL_KIND_TYPE_TAG: mark(min, todo.part, type->type, todo.depth); break;
	case BPFL_KIND_ARRAY:
		mark(min, todo.part, bpfl_btf_array(type)->type, todo.depth);
		mark(min, todo.part, bpfl_btf_array(type)->index_type, BPFL_DEPTH_SHELL);
		break;
	case BPFL_KIND_PTR:
	case BPFL_KIND_FUNC:
	case BPFL_KIND_VAR: mark(min, todo.part, type->type, beyond); break;
	case BPFL_KIND_FUNC_PROTO:
		mark(min, todo.part, type->type, beyond);
		for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
			mark(min, todo.part, bpfl_btf_params(type)[i].type, beyond);
		}
		break;
	case BPFL_KIND_STRUCT:
	case BPFL_KIND_UNION:
		if (todo.depth == BPFL_DEPTH_WHOLE) {
			mark_all_members(min, todo.part, todo.type_id, type, BPFL_DEPTH_WHOLE);
		}
		break;
	case BPFL_KIND_ENUM:
	case BPFL_KIND_ENUM64:
		if (todo.depth >= BPFL_DEPTH_REFS) {
			mark_all_members(min, todo.part, todo.type_id, type, BPFL_DEPTH_NONE);
		}
		break;
	default: break;
	}
}

static void follow_all(struct bpfl_btf_min *min)
{
	while (min->todo.nr > 0) {
		follow(min, min->todo.items[--min->todo.nr]);
	}
}

/* ---- relocations ---- */

/* An array of no elements is flexible at the end of its struct only; without the members behind it,
 * it would seem to be. */
static void mark_end_of_array(struct bpfl_btf_min *min, uint32_t part, uint32_t type_id,
			      const struct bpfl_btf_type *type, uint32_t member_idx)
{
	uint32_t last = bpfl_btf_vlen(type) - 1;
	const struct bpfl_btf_type *member =
		bpfl_btf_skip_modifiers(min->parts.items[part].btf,
					bpfl_btf_members(type)[member_idx].type, NULL);

	if (bpfl_btf_kind(member) == BPFL_KIND_ARRAY && bpfl_btf_array(member)->nr_elems == 0) {
		mark_member(min, part, type_id, last);
		mark(min, part, bpfl_btf_members(type)[last].type, BPFL_DEPTH_SHELL);
	}
}

/* Members and elements on the way along a path of the kernel's types. */
static void mark_path(struct bpfl_btf_min *min, uint32_t part, const struct bpfl_core_path *path)
{
	uint32_t type_id = path->root_id;

	mark(min, part, type_id, BPFL_DEPTH_SHELL);
	for (uint32_t i = 1; i < path->nr_indexes; i++) {
		const struct bpfl_btf_type *type =
			bpfl_btf_skip_modifiers(path->btf, type_id, &type_id);

		if (bpfl_btf_kind(type) == BPFL_KIND_ARRAY) {
			type_id = bpfl_btf_array(type)->type;
		} else if (bpfl_btf_is_composite(bpfl_btf_kind(type)) &&
			   path->indexes[i] < bpfl_btf_vlen(type)) {
			mark_member(min, part, type_id, path->indexes[i]);
			mark_end_of_array(min, part, type_id, type, path->indexes[i]);
			type_id = bpfl_btf_members(type)[path->indexes[i]].type;
		} else {
			return;
		}
		mark(min, part, type_id, BPFL_DEPTH_SHELL);
	}
}

static void mark_answer(struct bpfl_btf_min *min, uint32_t part, const struct bpfl_core_path *path)
{
	switch (path->kind) {
	case BPFL_CORE_TYPE_ID_TARGET:
		min->keeps_ids = true;
		mark(min, part, path->root_id, BPFL_DEPTH_REFS);
		break;
	case BPFL_CORE_TYPE_EXISTS:
	case BPFL_CORE_TYPE_SIZE: mark(min, part, path->root_id, BPFL_DEPTH_REFS); break;
	case BPFL_CORE_TYPE_MATCHES: mark(min, part, path->root_id, BPFL_DEPTH_WHOLE); break;
	case BPFL_CORE_ENUM_EXISTS:
	case BPFL_CORE_ENUM_VALUE: {
		uint32_t enum_id;

		bpfl_btf_skip_modifiers(path->btf, path->root_id, &enum_id);
		mark(min, part, path->root_id, BPFL_DEPTH_SHELL);
		mark_member(min, part, enum_id, path->indexes[0]);
		break;
	}
	default: mark_path(min, part, path); break;
	}
}

/* The kernel's own types of a name: those of its modules come behind them, and have numbers in other BTFs. */
static const uint32_t *own_ids(const struct bpfl_btf_min *min, const char *name, size_t *ret_nr)
{
	size_t size = bpfl_core_name_size(name, strlen(name)), nr_own = 0;
	const uint32_t *ids = bpfl_core_names_get(min->target, name, size, ret_nr);

	while (nr_own < *ret_nr && bpfl_core_names_module(min->target, name, size, nr_own) == 0) {
		nr_own++;
	}
	*ret_nr = nr_own;
	return ids;
}

/* One question, asked of one candidate. */
static void mark_candidate(struct bpfl_btf_min *min, uint32_t part, uint32_t type_id,
			   const struct bpfl_core_path *local)
{
	struct bpfl_core_path found;
	struct bpfl_core_miss miss;

	mark(min, part, type_id, local->kind == BPFL_CORE_TYPE_MATCHES ? BPFL_DEPTH_WHOLE : BPFL_DEPTH_SHELL);
	if (bpfl_core_path_match(local, min->parts.items[part].btf, type_id, &found, &miss) > 0) {
		mark_answer(min, part, &found);
	}
}

/* One question, asked of every candidate: the kernel's, and only when it has none the modules'. */
static int mark_query(struct bpfl_btf_min *min, const struct bpfl_spec *spec,
		      const struct bpfl_core_query *query, struct bpfl_error *err)
{
	const char *name = bpfl_btf_name(spec->btf, query->type_id);
	size_t size = bpfl_core_name_size(name, strlen(name));
	enum bpfl_btf_kind kind = bpfl_btf_kind(bpfl_btf_type(spec->btf, query->type_id));
	struct bpfl_core_path local;
	bool any_own = false;
	size_t nr_ids;
	int result = bpfl_core_path_parse(spec->btf, query->type_id, query->kind, query->access,
					  &local, err);

	if (result < 0 || query->kind == BPFL_CORE_TYPE_ID_LOCAL) {
		return result;
	}
	const uint32_t *ids = bpfl_core_names_get(min->target, name, size, &nr_ids);
	for (size_t i = 0; i < nr_ids; i++) {
		uint32_t module = bpfl_core_names_module(min->target, name, size, i);
		const struct bpfl_btf *btf = bpfl_target_btf_of(min->target, module);

		if ((module != 0 && any_own) ||
		    !bpfl_core_kinds_compatible(kind, bpfl_btf_kind(bpfl_btf_type(btf, ids[i])))) {
			continue;
		}
		any_own = any_own || module == 0;
		int part = part_get(min, module);
		if (part < 0) {
			return bpfl_error_nomem(err);
		}
		mark_candidate(min, (uint32_t)part, ids[i], &local);
	}
	return 0;
}

/* ---- what else has a type ---- */

static void mark_named(struct bpfl_btf_min *min, const char *name, enum bpfl_btf_kind kind,
		       enum bpfl_btf_depth depth)
{
	size_t nr_ids;
	const uint32_t *ids = own_ids(min, name, &nr_ids);

	for (size_t i = 0; i < nr_ids; i++) {
		if (bpfl_btf_kind(type_at(min, 0, ids[i])) == kind) {
			mark(min, 0, ids[i], depth);
			min->keeps_ids = min->keeps_ids || kind != BPFL_KIND_ENUM;
		}
	}
}

/* LINUX_HAS_SYSCALL_WRAPPER looks whether one is there, not for its number. */
static int mark_wrappers(struct bpfl_btf_min *min, struct bpfl_error *err)
{
	size_t nr_names, nr_ids;
	const struct bpfl_core_name *names = bpfl_kconfig_wrapper_names(&nr_names);
	int result = bpfl_core_names_prepare(min->target, names, nr_names, err);

	for (size_t i = 0; i < nr_names && result == 0; i++) {
		const uint32_t *ids = own_ids(min, names[i].text, &nr_ids);

		if (nr_ids > 0) {
			mark(min, 0, ids[0], BPFL_DEPTH_REFS);
		}
	}
	return result;
}

static int mark_externs(struct bpfl_btf_min *min, const struct bpfl_image *image,
			struct bpfl_error *err)
{
	static const struct bpfl_core_name helper_list = {
		"bpf_func_id", 11, 0
	}; /* LINUX_HAS_BPF_COOKIE looks at it */
	struct bpfl_extern_names names = { .items = NULL };
	bool asks_for_cookie = false, asks_for_wrapper = false;
	int result = bpfl_extern_names_collect(image, &names, err);

	if (result == 0 && names.nr > 0) {
		result = bpfl_core_names_prepare(min->target, names.items, names.nr, err);
	}
	for (size_t i = 0; i < names.nr && result == 0; i++) {
		mark_named(min, names.items[i].text, BPFL_KIND_FUNC, BPFL_DEPTH_REFS);
		mark_named(min, names.items[i].text, BPFL_KIND_VAR, BPFL_DEPTH_REFS);
	}
	bpfl_extern_names_deinit(&names);
	for (size_t i = 0; i < image->spec->externs.nr; i++) {
		const char *name = image->spec->externs.items[i].name;

		asks_for_cookie = asks_for_cookie || strcmp(name, "LINUX_HAS_BPF_COOKIE") == 0;
		asks_for_wrapper = asks_for_wrapper || strcmp(name, "LINUX_HAS_SYSCALL_WRAPPER") == 0;
	}
	if (result == 0 && asks_for_cookie) {
		result = bpfl_core_names_prepare(min->target, &helper_list, 1, err);
		mark_named(min, helper_list.text, BPFL_KIND_ENUM, BPFL_DEPTH_REFS);
	}
	return result == 0 && asks_for_wrapper ? mark_wrappers(min, err) : result;
}

/* A target that this kernel does not have stays missing: that is for whoever loads the object. */
static int mark_hooks(struct bpfl_btf_min *min, const struct bpfl_image *image,
		      struct bpfl_error *err)
{
	int result = 0;

	for (size_t i = 0; i < image->nr_progs && result == 0; i++) {
		struct bpfl_image one = *image;
		struct bpfl_error refusal = BPFL_ERROR_INIT;

		one.progs = &image->progs[i];
		one.nr_progs = 1;
		memset(&one.module_btf_ids, 0, sizeof(one.module_btf_ids));
		if (bpfl_image_attach_targets(&one, min->target, &refusal) == -ENOMEM) {
			result = bpfl_error_nomem(err);
		} else if (one.progs->attach_btf_id != 0 && one.progs->attach_btf_module_idx == 0) {
			mark(min, 0, one.progs->attach_btf_id, BPFL_DEPTH_REFS);
			min->keeps_ids = true;
		}
		free(one.module_btf_ids.items);
		bpfl_error_clear(&refusal);
	}
	return result;
}

/* The kernel's struct behind a struct_ops variable, with what its functions look like. */
static int mark_struct_ops(struct bpfl_btf_min *min, const struct bpfl_spec *spec,
			   struct bpfl_error *err)
{
	int result = 0;

	for (size_t i = 0; i < spec->maps.nr && spec->btf && result == 0; i++) {
		const struct bpfl_map_spec *map = &spec->maps.items[i];
		const char *type_name = bpfl_btf_name(spec->btf, map->value_type_id);
		char text[256];

		if (map->origin != BPFL_MAP_STRUCT_OPS) {
			continue;
		}
		snprintf(text, sizeof(text), "bpf_struct_ops_%.*s",
			 (int)bpfl_core_name_size(type_name, strlen(type_name)), type_name);
		struct bpfl_core_name name = { .text = text, .size = strlen(text) };
		result = bpfl_core_names_prepare(min->target, &name, 1, err);
		mark_named(min, text, BPFL_KIND_STRUCT, BPFL_DEPTH_WHOLE);
	}
	return result;
}

int bpfl_btf_min_add(struct bpfl_btf_min *min, const struct bpfl_spec *spec,
		     const struct bpfl_log *log, struct bpfl_error *err)
{
	struct bpfl_image *image = NULL;
	struct bpfl_core_solver solver = { NULL, 0, NULL };
	int result = bpfl_image_begin(spec, &image, err);

	if (result == 0) {
		result = bpfl_image_flatten(image, err);
	}
	if (result == 0) {
		result = bpfl_core_solve(spec, min->target, image, log, &solver, err);
	}
	for (size_t i = 0; i < solver.nr_queries && result == 0; i++) {
		const struct bpfl_core_query *query = &solver.queries[i];

		if (query->kind == BPFL_CORE_TYPE_ID_TARGET && query->answer.target &&
		    query->answer.target != min->parts.items[0].btf) {
			bpfl_log_line(log, BPFL_LOG_WARN, "the number of '%s', a type of a module, will be another one",
				      BPFL_ESC(bpfl_btf_name(spec->btf, query->type_id)));
		}
		result = mark_query(min, spec, query, err);
		follow_all(min);
	}
	if (result == 0) {
		result = mark_externs(min, image, err);
	}
	if (result == 0) {
		result = mark_hooks(min, image, err);
	}
	if (result == 0) {
		result = mark_struct_ops(min, spec, err);
	}
	follow_all(min);
	bpfl_core_solver_deinit(&solver);
	bpfl_image_destroy(image);
	if (result < 0) {
		bpfl_spec_error_prefix(spec, err);
		return result;
	}
	return min->failed ? bpfl_error_nomem(err) : 0;
}

/* Pointers of four bytes are known by the integer type "long" (btf/btf.c). */
static void mark_long(struct bpfl_btf_min *min)
{
	const struct bpfl_btf *btf = min->parts.items[0].btf;

	for (uint32_t id = 1; id < bpfl_btf_nr_types(btf) && bpfl_btf_ptr_size(btf) != 8; id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, id);

		if (type && bpfl_btf_kind(type) == BPFL_KIND_INT &&
		    strstr(bpfl_btf_name(btf, id), "long")) {
			mark(min, 0, id, BPFL_DEPTH_SHELL);
		}
	}
	follow_all(min);
}

int bpfl_btf_min_finish(struct bpfl_btf_min *min, void **ret_bytes, size_t *ret_size,
			struct bpfl_error *err)
{
	mark_long(min);
	return min->failed ? bpfl_error_nomem(err) :
			     bpfl_btf_min_write(min, ret_bytes, ret_size, err);
}
