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
 * that were candidates for a name stay (how many fit a name decides between them), and nothing is
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
 */
#include "image/btf_min.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "image/core_match.h"
#include "image/extern.h"
#include "image/passes.h"

/* ---- life ---- */

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
	min->btf = btf;
	min->depths = calloc(bpfl_btf_nr_types(btf), sizeof(*min->depths));
	min->members = calloc(bpfl_btf_nr_types(btf), sizeof(*min->members));
	if (!min->depths || !min->members) {
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
	for (uint32_t id = 0; min->members && id < bpfl_btf_nr_types(min->btf); id++) {
		free(min->members[id]);
	}
	free(min->members);
	free(min->depths);
	free(min->todo.items);
	free(min);
}

/* ---- marking ---- */

static void mark(struct bpfl_btf_min *min, uint32_t type_id, enum bpfl_btf_depth depth)
{
	if (type_id == 0 || type_id >= bpfl_btf_nr_types(min->btf) ||
	    min->depths[type_id] >= (uint8_t)depth) {
		return;
	}
	struct bpfl_btf_todo *todo = BPFL_VEC_PUSH(&min->todo);
	if (!todo) {
		min->failed = true;
		return;
	}
	min->depths[type_id] = (uint8_t)depth;
	todo->type_id = type_id;
	todo->depth = depth;
}

static void mark_member(struct bpfl_btf_min *min, uint32_t type_id, uint32_t member_idx)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(min->btf, type_id);
	uint32_t vlen = type ? bpfl_btf_vlen(type) : 0;

	if (member_idx >= vlen) {
		return;
	}
	if (!min->members[type_id]) {
		min->members[type_id] = calloc(vlen, sizeof(bool));
	}
	if (!min->members[type_id]) {
		min->failed = true;
		return;
	}
	min->members[type_id][member_idx] = true;
}

static void mark_all_members(struct bpfl_btf_min *min, uint32_t type_id,
			     const struct bpfl_btf_type *type, enum bpfl_btf_depth depth)
{
	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		mark_member(min, type_id, i);
		if (bpfl_btf_is_composite(bpfl_btf_kind(type))) {
			mark(min, bpfl_btf_members(type)[i].type, depth);
		}
	}
}

/* What a type needs beside itself. */
static void follow(struct bpfl_btf_min *min, struct bpfl_btf_todo todo)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(min->btf, todo.type_id);
	/* Behind a pointer, and in a prototype, only names and kinds are ever compared. */
	enum bpfl_btf_depth beyond =
		todo.depth >= BPFL_DEPTH_REFS ? BPFL_DEPTH_REFS : BPFL_DEPTH_NONE;

	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_TYPEDEF:
	case BPFL_KIND_VOLATILE:
	case BPFL_KIND_CONST:
	case BPFL_KIND_RESTRICT:
	case BPFL_KIND_TYPE_TAG: mark(min, type->type, todo.depth); break;
	case BPFL_KIND_ARRAY:
		mark(min, bpfl_btf_array(type)->type, todo.depth);
		mark(min, bpfl_btf_array(type)->index_type, BPFL_DEPTH_SHELL);
		break;
	case BPFL_KIND_PTR:
	case BPFL_KIND_FUNC:
	case BPFL_KIND_VAR: mark(min, type->type, beyond); break;
	case BPFL_KIND_FUNC_PROTO:
		mark(min, type->type, beyond);
		for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
			mark(min, bpfl_btf_params(type)[i].type, beyond);
		}
		break;
	case BPFL_KIND_STRUCT:
	case BPFL_KIND_UNION:
		if (todo.depth == BPFL_DEPTH_WHOLE) {
			mark_all_members(min, todo.type_id, type, BPFL_DEPTH_WHOLE);
		}
		break;
	case BPFL_KIND_ENUM:
	case BPFL_KIND_ENUM64:
		if (todo.depth >= BPFL_DEPTH_REFS) {
			mark_all_members(min, todo.type_id, type, BPFL_DEPTH_NONE);
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
static void mark_end_of_array(struct bpfl_btf_min *min, uint32_t type_id,
			      const struct bpfl_btf_type *type, uint32_t member_idx)
{
	uint32_t last = bpfl_btf_vlen(type) - 1;
	const struct bpfl_btf_type *member =
		bpfl_btf_skip_modifiers(min->btf, bpfl_btf_members(type)[member_idx].type, NULL);

	if (bpfl_btf_kind(member) == BPFL_KIND_ARRAY && bpfl_btf_array(member)->nr_elems == 0) {
		mark_member(min, type_id, last);
		mark(min, bpfl_btf_members(type)[last].type, BPFL_DEPTH_SHELL);
	}
}

/* Members and elements on the way along a path of the kernel's types. */
static void mark_path(struct bpfl_btf_min *min, const struct bpfl_core_path *path)
{
	uint32_t type_id = path->root_id;

	mark(min, type_id, BPFL_DEPTH_SHELL);
	for (uint32_t i = 1; i < path->nr_indexes; i++) {
		const struct bpfl_btf_type *type =
			bpfl_btf_skip_modifiers(min->btf, type_id, &type_id);

		if (bpfl_btf_kind(type) == BPFL_KIND_ARRAY) {
			type_id = bpfl_btf_array(type)->type;
		} else if (bpfl_btf_is_composite(bpfl_btf_kind(type)) &&
			   path->indexes[i] < bpfl_btf_vlen(type)) {
			mark_member(min, type_id, path->indexes[i]);
			mark_end_of_array(min, type_id, type, path->indexes[i]);
			type_id = bpfl_btf_members(type)[path->indexes[i]].type;
		} else {
			return;
		}
		mark(min, type_id, BPFL_DEPTH_SHELL);
	}
}

static void mark_answer(struct bpfl_btf_min *min, const struct bpfl_core_path *path)
{
	switch (path->kind) {
	case BPFL_CORE_TYPE_ID_TARGET:
		min->keeps_ids = true;
		mark(min, path->root_id, BPFL_DEPTH_REFS);
		break;
	case BPFL_CORE_TYPE_EXISTS:
	case BPFL_CORE_TYPE_SIZE: mark(min, path->root_id, BPFL_DEPTH_REFS); break;
	case BPFL_CORE_TYPE_MATCHES: mark(min, path->root_id, BPFL_DEPTH_WHOLE); break;
	case BPFL_CORE_ENUM_EXISTS:
	case BPFL_CORE_ENUM_VALUE: {
		uint32_t enum_id;

		bpfl_btf_skip_modifiers(min->btf, path->root_id, &enum_id);
		mark(min, path->root_id, BPFL_DEPTH_SHELL);
		mark_member(min, enum_id, path->indexes[0]);
		break;
	}
	default: mark_path(min, path); break;
	}
}

/* The kernel's own types of a name: those of a module have numbers in another BTF. */
static const uint32_t *own_ids(const struct bpfl_btf_min *min, const char *name, size_t *ret_nr)
{
	size_t size = bpfl_core_name_size(name, strlen(name));
	const uint32_t *ids = bpfl_core_names_get(min->target, name, size, ret_nr);

	/* Modules are asked only for what the kernel has nothing of, so it is all or none. */
	if (*ret_nr > 0 && bpfl_core_names_module(min->target, name, size, 0) != 0) {
		*ret_nr = 0;
	}
	return ids;
}

/* One question, asked of every candidate. */
static int mark_query(struct bpfl_btf_min *min, const struct bpfl_spec *spec,
		      const struct bpfl_core_query *query, struct bpfl_error *err)
{
	const char *name = bpfl_btf_name(spec->btf, query->type_id);
	enum bpfl_btf_kind kind = bpfl_btf_kind(bpfl_btf_type(spec->btf, query->type_id));
	struct bpfl_core_path local, found;
	struct bpfl_core_miss miss;
	size_t nr_ids;
	int result = bpfl_core_path_parse(spec->btf, query->type_id, query->kind, query->access,
					  &local, err);

	if (result < 0 || query->kind == BPFL_CORE_TYPE_ID_LOCAL) {
		return result;
	}
	const uint32_t *ids = own_ids(min, name, &nr_ids);
	for (size_t i = 0; i < nr_ids; i++) {
		if (!bpfl_core_kinds_compatible(kind,
						bpfl_btf_kind(bpfl_btf_type(min->btf, ids[i])))) {
			continue;
		}
		mark(min, ids[i],
		     query->kind == BPFL_CORE_TYPE_MATCHES ? BPFL_DEPTH_WHOLE : BPFL_DEPTH_SHELL);
		if (bpfl_core_path_match(&local, min->btf, ids[i], &found, &miss) > 0) {
			mark_answer(min, &found);
		}
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
		if (bpfl_btf_kind(bpfl_btf_type(min->btf, ids[i])) == kind) {
			mark(min, ids[i], depth);
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
			mark(min, ids[0], BPFL_DEPTH_REFS);
		}
	}
	return result;
}

static int mark_externs(struct bpfl_btf_min *min, const struct bpfl_image *image,
			struct bpfl_error *err)
{
	static const struct bpfl_core_name helper_list = {
		"bpf_func_id", 11
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
			mark(min, one.progs->attach_btf_id, BPFL_DEPTH_REFS);
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
		struct bpfl_core_name name = { text, strlen(text) };
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

		if (query->answer.target && query->answer.target != min->btf && (i == 0 || query[-1].type_id != query->type_id)) {
			bpfl_log_line(log, BPFL_LOG_WARN, "'%s' is a type of a module, and left out",
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
	for (uint32_t id = 1; id < bpfl_btf_nr_types(min->btf) && bpfl_btf_ptr_size(min->btf) != 8;
	     id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(min->btf, id);

		if (type && bpfl_btf_kind(type) == BPFL_KIND_INT &&
		    strstr(bpfl_btf_name(min->btf, id), "long")) {
			mark(min, id, BPFL_DEPTH_SHELL);
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
