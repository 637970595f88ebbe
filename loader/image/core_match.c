/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/core_match: does a type of the target do for a local one?
 *
 * Three questions, from lax to strict:
 *
 * - path: can this field or enumerator be found in the target type by its names? Members may have
 *   moved, also into or out of anonymous structs; their types need only be of the same sort,
 *   because what may differ (size, sign, place) is what other records ask for.
 * - compatible: same kind all the way down to the first struct, whose contents do not matter. In the type of an
 *   extern a forward declaration may stand for the struct of its name.
 * - match: everything that the local type has, the target type has too, of the same type; behind a
 *   pointer names suffice.
 *
 * A target's BTF can nest in ways that no C compiler makes, and a struct full of equally named
 * members would be compared again and again. So nesting has a limit, and so has the number of types
 * that one question may look at.
 */
#include "image/core_match.h"

#include <errno.h>
#include <string.h>

#define DEPTH_MAX 32u
/* The largest struct of a kernel, task_struct, takes some thousand looks. */
#define LOOKS_MAX 1000000u

/* The two sides of one question, and how much of its allowance is left. */
struct comparison {
	const struct bpfl_btf *local, *target;
	uint32_t looks_left;
	bool forwards_do; /* "compatible": a declaration may stand for the struct of its name */
};

static bool look(struct comparison *cmp)
{
	if (cmp->looks_left == 0) {
		return false;
	}
	cmp->looks_left--;
	return true;
}

static bool kind_is_enum(enum bpfl_btf_kind kind)
{
	return kind == BPFL_KIND_ENUM || kind == BPFL_KIND_ENUM64;
}

static bool kind_is_composite(enum bpfl_btf_kind kind)
{
	return kind == BPFL_KIND_STRUCT || kind == BPFL_KIND_UNION;
}

bool bpfl_core_kinds_compatible(enum bpfl_btf_kind local, enum bpfl_btf_kind target)
{
	return local == target || (kind_is_enum(local) && kind_is_enum(target));
}

/* One side of a pair while it is being followed. */
struct side {
	uint32_t id;
	const struct bpfl_btf_type *type;
	enum bpfl_btf_kind kind;
};

static struct side side_of(const struct bpfl_btf *btf, uint32_t type_id)
{
	struct side side = { 0, NULL, BPFL_KIND_VOID };

	side.type = bpfl_btf_skip_modifiers(btf, type_id, &side.id);
	side.kind = bpfl_btf_kind(side.type);
	return side;
}

static const char *side_name(const struct bpfl_btf *btf, struct side side)
{
	return bpfl_btf_string(btf, side.type->name_off);
}

/* Integers that do not begin at bit 0 were a way to say "bit-field" before 2018; nobody writes
 * them, nobody can compare them. */
static bool ints_are_plain(struct side local, struct side target)
{
	return bpfl_btf_int_bit_off(local.type) == 0 && bpfl_btf_int_bit_off(target.type) == 0;
}

/* ---- compatible ---- */

static bool names_match(const char *local, const char *target);
static bool forward_matches(struct side forward, struct side other, bool behind_ptr);

/* "struct sock;" in one of both, and the struct or its declaration in the other. */
static bool declares(const struct comparison *cmp, struct side local, struct side target)
{
	return names_match(side_name(cmp->local, local), side_name(cmp->target, target)) &&
	       ((local.kind == BPFL_KIND_FWD && forward_matches(local, target, true)) ||
		(target.kind == BPFL_KIND_FWD && forward_matches(target, local, true)));
}

static int compatible(struct comparison *cmp, uint32_t local_id, uint32_t target_id,
		      uint32_t depth);

/* The parameters of two function types; the caller goes on with what they return. */
static int params_compatible(struct comparison *cmp, struct side local, struct side target,
			     uint32_t depth)
{
	uint32_t nr_params = bpfl_btf_vlen(local.type);

	if (nr_params != bpfl_btf_vlen(target.type)) {
		return 0;
	}
	for (uint32_t i = 0; i < nr_params; i++) {
		int result = compatible(cmp, bpfl_btf_params(local.type)[i].type,
					bpfl_btf_params(target.type)[i].type, depth - 1);
		if (result <= 0) {
			return result;
		}
	}
	return 1;
}

static int compatible(struct comparison *cmp, uint32_t local_id, uint32_t target_id, uint32_t depth)
{
	for (; depth > 0; depth--) {
		struct side local = side_of(cmp->local, local_id);
		struct side target = side_of(cmp->target, target_id);

		if (!look(cmp)) {
			return -E2BIG;
		}
		if (!bpfl_core_kinds_compatible(local.kind, target.kind)) {
			return cmp->forwards_do && declares(cmp, local, target);
		}
		switch (local.kind) {
		case BPFL_KIND_INT:
			return ints_are_plain(local, target);
		case BPFL_KIND_PTR:
			local_id = local.type->type;
			target_id = target.type->type;
			break;
		case BPFL_KIND_ARRAY:
			local_id = bpfl_btf_array(local.type)->type;
			target_id = bpfl_btf_array(target.type)->type;
			break;
		case BPFL_KIND_FUNC_PROTO: {
			int result = params_compatible(cmp, local, target, depth);
			if (result <= 0) {
				return result;
			}
			local_id = local.type->type;
			target_id = target.type->type;
			break;
		}
		default: /* void, structs, unions, enums, forward declarations, floats: being of one
			    kind is enough */
			return 1;
		}
	}
	return -E2BIG;
}

int bpfl_core_types_compatible(const struct bpfl_btf *local, uint32_t local_id,
			       const struct bpfl_btf *target, uint32_t target_id)
{
	struct comparison cmp = { local, target, LOOKS_MAX, true };

	return compatible(&cmp, local_id, target_id, DEPTH_MAX);
}

/* ---- match ---- */

/* Names of two types or members: equal without flavours, or both absent. */
static bool names_match(const char *local, const char *target)
{
	if (target[0] == '\0' || local[0] == '\0') {
		return target[0] == local[0];
	}
	return bpfl_core_names_equal(local, target);
}

static const char *enumerator_name(const struct bpfl_btf *btf, struct side side, uint32_t idx)
{
	return bpfl_btf_string(btf, side.kind == BPFL_KIND_ENUM
					    ? bpfl_btf_enums(side.type)[idx].name_off
					    : bpfl_btf_enums64(side.type)[idx].name_off);
}

/* The number of the target enumerator of that name, or -1; -2 when it took too long to look. */
static int64_t enumerator_find(struct comparison *cmp, struct side target, const char *name)
{
	for (uint32_t i = 0; i < bpfl_btf_vlen(target.type); i++) {
		if (!look(cmp)) {
			return -2;
		}
		if (bpfl_core_names_equal(name, enumerator_name(cmp->target, target, i))) {
			return i;
		}
	}
	return -1;
}

static int enums_match(struct comparison *cmp, struct side local, struct side target)
{
	if (!kind_is_enum(target.kind) || local.type->size != target.type->size ||
	    bpfl_btf_vlen(local.type) > bpfl_btf_vlen(target.type)) {
		return 0;
	}
	for (uint32_t i = 0; i < bpfl_btf_vlen(local.type); i++) {
		int64_t found = enumerator_find(cmp, target, enumerator_name(cmp->local, local, i));

		if (found < 0) {
			return found == -2 ? -E2BIG : 0;
		}
	}
	return 1;
}

static int match(struct comparison *cmp, uint32_t local_id, uint32_t target_id, bool behind_ptr,
		 uint32_t depth);

static int composites_match(struct comparison *cmp, struct side local, struct side target,
			    uint32_t depth)
{
	const struct bpfl_btf_member *ours = bpfl_btf_members(local.type);
	const struct bpfl_btf_member *theirs = bpfl_btf_members(target.type);
	uint32_t nr_theirs = bpfl_btf_vlen(target.type);

	if (bpfl_btf_vlen(local.type) > nr_theirs) {
		return 0;
	}
	for (uint32_t i = 0; i < bpfl_btf_vlen(local.type); i++) {
		const char *name = bpfl_btf_string(cmp->local, ours[i].name_off);
		int found = 0;

		for (uint32_t j = 0; j < nr_theirs && !found; j++) {
			if (!look(cmp)) {
				return -E2BIG;
			}
			if (names_match(name, bpfl_btf_string(cmp->target, theirs[j].name_off))) {
				found = match(cmp, ours[i].type, theirs[j].type, false, depth - 1);
			}
		}
		if (found <= 0) {
			return found;
		}
	}
	return 1;
}

/* A forward declaration has its kind of composite in kind_flag: a union when set. Only behind
 * pointers may it stand for the real thing. */
static bool forward_matches(struct side forward, struct side other, bool behind_ptr)
{
	bool is_union = bpfl_btf_kflag(forward.type);

	if (other.kind == BPFL_KIND_FWD) {
		return bpfl_btf_kflag(other.type) == is_union;
	}
	return behind_ptr && other.kind == (is_union ? BPFL_KIND_UNION : BPFL_KIND_STRUCT);
}

static int params_match(struct comparison *cmp, struct side local, struct side target,
			bool behind_ptr, uint32_t depth)
{
	uint32_t nr_params = bpfl_btf_vlen(local.type);

	if (nr_params != bpfl_btf_vlen(target.type)) {
		return 0;
	}
	for (uint32_t i = 0; i < nr_params; i++) {
		int result = match(cmp, bpfl_btf_params(local.type)[i].type,
				   bpfl_btf_params(target.type)[i].type, behind_ptr, depth - 1);
		if (result <= 0) {
			return result;
		}
	}
	return 1;
}

/* What a pair of types decides by itself; GO_ON: the types they refer to are to be compared next.
 */
#define GO_ON 2

static int pair_match(struct comparison *cmp, struct side local, struct side target,
		      bool behind_ptr, uint32_t depth)
{
	if (local.kind == BPFL_KIND_FWD) {
		return forward_matches(local, target, behind_ptr);
	}
	if (kind_is_composite(local.kind) && target.kind == BPFL_KIND_FWD) {
		return forward_matches(target, local, behind_ptr);
	}
	if (kind_is_enum(local.kind)) {
		return enums_match(cmp, local, target);
	}
	if (local.kind != target.kind) {
		return 0;
	}
	switch (local.kind) {
	case BPFL_KIND_VOID:
		return 1;
	case BPFL_KIND_STRUCT:
	case BPFL_KIND_UNION:
		return behind_ptr ? 1 : composites_match(cmp, local, target, depth);
	case BPFL_KIND_INT:
		return local.type->size == target.type->size &&
		       !((bpfl_btf_int_encoding(local.type) ^ bpfl_btf_int_encoding(target.type)) &
			 BPFL_INT_SIGNED);
	case BPFL_KIND_FLOAT:
		return local.type->size == target.type->size;
	case BPFL_KIND_ARRAY:
		return bpfl_btf_array(local.type)->nr_elems == bpfl_btf_array(target.type)->nr_elems
			       ? GO_ON
			       : 0;
	case BPFL_KIND_FUNC_PROTO: {
		int result = params_match(cmp, local, target, behind_ptr, depth);

		return result == 1 ? GO_ON : result;
	}
	case BPFL_KIND_PTR:
		return GO_ON;
	default: /* functions, variables, sections: not data */
		return 0;
	}
}

static uint32_t referred_id(struct side side)
{
	return side.kind == BPFL_KIND_ARRAY ? bpfl_btf_array(side.type)->type : side.type->type;
}

static int match(struct comparison *cmp, uint32_t local_id, uint32_t target_id, bool behind_ptr,
		 uint32_t depth)
{
	for (; depth > 0; depth--) {
		struct side local = side_of(cmp->local, local_id);
		struct side target = side_of(cmp->target, target_id);

		if (!look(cmp)) {
			return -E2BIG;
		}
		if (!names_match(side_name(cmp->local, local), side_name(cmp->target, target))) {
			return 0;
		}
		int result = pair_match(cmp, local, target, behind_ptr, depth);
		if (result != GO_ON) {
			return result;
		}
		behind_ptr = behind_ptr || local.kind == BPFL_KIND_PTR;
		local_id = referred_id(local);
		target_id = referred_id(target);
	}
	return -E2BIG;
}

int bpfl_core_types_match(const struct bpfl_btf *local, uint32_t local_id,
			  const struct bpfl_btf *target, uint32_t target_id)
{
	struct comparison cmp = { local, target, LOOKS_MAX, false };

	return match(&cmp, local_id, target_id, false, DEPTH_MAX);
}

/* ---- path ---- */

/* Whether a member of the target can be read as the local one was meant. */
static int fields_compatible(struct comparison *cmp, uint32_t local_id, uint32_t target_id)
{
	for (uint32_t depth = DEPTH_MAX; depth > 0; depth--) {
		struct side local = side_of(cmp->local, local_id);
		struct side target = side_of(cmp->target, target_id);

		if (kind_is_composite(local.kind) && kind_is_composite(target.kind)) {
			return 1;
		}
		if (!bpfl_core_kinds_compatible(local.kind, target.kind)) {
			return 0;
		}
		switch (local.kind) {
		case BPFL_KIND_PTR:
		case BPFL_KIND_FLOAT:
			return 1;
		case BPFL_KIND_FWD:
		case BPFL_KIND_ENUM:
		case BPFL_KIND_ENUM64: {
			const char *ours = side_name(cmp->local, local);
			const char *theirs = side_name(cmp->target, target);

			return ours[0] == '\0' || theirs[0] == '\0' ||
			       bpfl_core_names_equal(ours, theirs);
		}
		case BPFL_KIND_INT:
			return ints_are_plain(local, target);
		case BPFL_KIND_ARRAY:
			local_id = bpfl_btf_array(local.type)->type;
			target_id = bpfl_btf_array(target.type)->type;
			break;
		default:
			return 0;
		}
	}
	return -E2BIG;
}

/* Looking for one local member in a target type. */
struct member_search {
	struct comparison *cmp;
	const char *name;
	uint32_t local_type_id;      /* of the member */
	struct bpfl_core_path *path; /* grows with what is found */
	uint32_t *found_type_id;
	struct bpfl_core_miss *miss;
};

static int member_find(struct member_search *search, uint32_t target_id)
{
	struct bpfl_core_path *path = search->path;
	struct side target = side_of(path->btf, target_id);

	if (!kind_is_composite(target.kind)) {
		return 0;
	}
	const struct bpfl_btf_member *members = bpfl_btf_members(target.type);
	for (uint32_t i = 0; i < bpfl_btf_vlen(target.type); i++) {
		const char *name = bpfl_btf_string(path->btf, members[i].name_off);
		int result = 0;

		if (!look(search->cmp) || path->nr_indexes == BPFL_CORE_PATH_MAX) {
			return -E2BIG;
		}
		if (name[0] != '\0' && strcmp(name, search->name) != 0) {
			continue;
		}
		path->indexes[path->nr_indexes++] = i;
		path->bit_off += bpfl_btf_member_bit_off(target.type, i);
		if (name[0] == '\0') {
			result = member_find(search, members[i].type);
		} else {
			result = fields_compatible(search->cmp, search->local_type_id,
						   members[i].type);
			if (result == 0) {
				search->miss->reason = BPFL_CORE_MISS_FIELD_TYPE;
				search->miss->type_id = members[i].type;
			} else if (result > 0) {
				struct bpfl_core_step step = { target.id, i, name };

				path->steps[path->nr_steps++] = step;
				*search->found_type_id = members[i].type;
			}
		}
		if (result != 0) {
			return result;
		}
		path->nr_indexes--;
		path->bit_off -= bpfl_btf_member_bit_off(target.type, i);
	}
	return 0;
}

/* One step that is a member: *target_id is the type it is looked for in, and becomes the member's.
 */
static int member_step(struct comparison *cmp, const struct bpfl_core_step *step,
		       struct bpfl_core_path *path, uint32_t *target_id,
		       struct bpfl_core_miss *miss)
{
	const struct bpfl_btf_type *local = bpfl_btf_type(cmp->local, step->type_id);
	struct member_search search = {
		.cmp = cmp,
		.name = step->name,
		.local_type_id = bpfl_btf_members(local)[step->idx].type,
		.path = path,
		.found_type_id = target_id,
		.miss = miss,
	};

	miss->reason = BPFL_CORE_MISS_FIELD;
	miss->type_id = *target_id;
	return member_find(&search, *target_id);
}

/* One step that is an array index. The root's index is step 0: there the type is the element
 * itself. */
static int index_step(const struct bpfl_core_step *step, uint32_t step_idx,
		      struct bpfl_core_path *path, uint32_t *target_id, struct bpfl_core_miss *miss)
{
	struct side target = side_of(path->btf, *target_id);

	miss->reason = BPFL_CORE_MISS_INDEX;
	miss->type_id = target.id;
	if (step_idx > 0) {
		if (target.kind != BPFL_KIND_ARRAY) {
			return 0;
		}
		const struct bpfl_btf_array *array = bpfl_btf_array(target.type);
		if (step->idx >= array->nr_elems && !bpfl_core_path_is_flexible(path, array)) {
			return 0;
		}
		target = side_of(path->btf, array->type);
	}
	*target_id = target.id;
	return bpfl_core_path_push_index(path, target.id, step->idx) < 0 ? 0 : 1;
}

static int enumerator_match(struct comparison *cmp, const struct bpfl_core_path *local,
			    struct bpfl_core_path *path, struct bpfl_core_miss *miss)
{
	struct side target = side_of(path->btf, path->root_id);

	miss->reason = BPFL_CORE_MISS_ENUMERATOR;
	miss->type_id = target.id;
	if (!kind_is_enum(target.kind)) {
		return 0;
	}
	int64_t found = enumerator_find(cmp, target, local->steps[0].name);
	if (found < 0) {
		return found == -2 ? -E2BIG : 0;
	}
	struct bpfl_core_step step = { target.id, (uint32_t)found,
				       enumerator_name(path->btf, target, (uint32_t)found) };
	path->steps[path->nr_steps++] = step;
	path->indexes[path->nr_indexes++] = (uint32_t)found;
	return 1;
}

static int type_match(struct comparison *cmp, const struct bpfl_core_path *local,
		      struct bpfl_core_path *path, struct bpfl_core_miss *miss)
{
	int result = local->kind == BPFL_CORE_TYPE_MATCHES
			     ? match(cmp, local->root_id, path->root_id, false, DEPTH_MAX)
			     : compatible(cmp, local->root_id, path->root_id, DEPTH_MAX);

	miss->reason = BPFL_CORE_MISS_SHAPE;
	miss->type_id = path->root_id;
	if (result > 0) {
		struct bpfl_core_step step = { path->root_id, 0, NULL };

		path->steps[path->nr_steps++] = step;
		path->indexes[path->nr_indexes++] = 0;
	}
	return result;
}

int bpfl_core_path_match(const struct bpfl_core_path *local, const struct bpfl_btf *target,
			 uint32_t target_id, struct bpfl_core_path *ret_target,
			 struct bpfl_core_miss *ret_miss)
{
	struct comparison cmp = { local->btf, target, LOOKS_MAX, false };
	struct bpfl_core_path *path = ret_target;
	struct bpfl_core_miss miss = { .btf = target, .type_id = target_id };
	int result = 1;

	path->btf = target;
	path->root_id = target_id;
	path->kind = local->kind;
	path->nr_steps = 0;
	path->nr_indexes = 0;
	path->bit_off = 0;
	switch (bpfl_core_subject(local->kind)) {
	case BPFL_CORE_ABOUT_TYPE:
		result = type_match(&cmp, local, path, &miss);
		break;
	case BPFL_CORE_ABOUT_ENUMERATOR:
		result = enumerator_match(&cmp, local, path, &miss);
		break;
	case BPFL_CORE_ABOUT_FIELD:
		for (uint32_t i = 0; i < local->nr_steps && result > 0; i++) {
			const struct bpfl_core_step *step = &local->steps[i];

			miss.step = (uint16_t)i; /* less than BPFL_CORE_PATH_MAX */
			result = step->name ? member_step(&cmp, step, path, &target_id, &miss)
					    : index_step(step, i, path, &target_id, &miss);
		}
		break;
	}
	if (result == 0) {
		*ret_miss = miss;
	}
	return result;
}
