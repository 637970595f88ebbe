/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/core_spec: what a CO-RE record says.
 *
 * In: a local type, a question and an access string such as "0:1:2". Out: a path in two forms. The
 * low form is the numbers: index into the root (as in p[0]), then member and array indexes, one for
 * each level of nesting. The high form is what the programmer wrote: names, without the anonymous
 * structs and unions in between. Names survive a change of the kernel, numbers do not, so the high
 * form is what core_match.c looks for in the target.
 *
 *     struct sk_buff *skb;  skb->__anon.dev  "0:0:2"  ->  steps: [0], .dev
 *
 * For questions about a type the string is "0"; for enumerators it is the number of the enumerator.
 * The compiler writes nothing else, so everything else is a damaged object.
 */
#include "image/core_match.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "base/text.h"

/* Farther from its root than this no field can be: types are at most 4 GiB, and offsets in bits
 * stay far from overflow. */
#define BYTE_OFF_MAX ((uint64_t)UINT32_MAX)

static const struct {
	const char *name;
	enum bpfl_core_subject subject;
} kinds[BPFL_CORE_NR_KINDS] = {
	[BPFL_CORE_FIELD_BYTE_OFF] = { "field byte offset", BPFL_CORE_ABOUT_FIELD },
	[BPFL_CORE_FIELD_BYTE_SIZE] = { "field byte size", BPFL_CORE_ABOUT_FIELD },
	[BPFL_CORE_FIELD_EXISTS] = { "field exists", BPFL_CORE_ABOUT_FIELD },
	[BPFL_CORE_FIELD_SIGNED] = { "field signed", BPFL_CORE_ABOUT_FIELD },
	[BPFL_CORE_FIELD_LSHIFT_U64] = { "field left shift", BPFL_CORE_ABOUT_FIELD },
	[BPFL_CORE_FIELD_RSHIFT_U64] = { "field right shift", BPFL_CORE_ABOUT_FIELD },
	[BPFL_CORE_TYPE_ID_LOCAL] = { "local type id", BPFL_CORE_ABOUT_TYPE },
	[BPFL_CORE_TYPE_ID_TARGET] = { "target type id", BPFL_CORE_ABOUT_TYPE },
	[BPFL_CORE_TYPE_EXISTS] = { "type exists", BPFL_CORE_ABOUT_TYPE },
	[BPFL_CORE_TYPE_SIZE] = { "type size", BPFL_CORE_ABOUT_TYPE },
	[BPFL_CORE_ENUM_EXISTS] = { "enumerator exists", BPFL_CORE_ABOUT_ENUMERATOR },
	[BPFL_CORE_ENUM_VALUE] = { "enumerator value", BPFL_CORE_ABOUT_ENUMERATOR },
	[BPFL_CORE_TYPE_MATCHES] = { "type matches", BPFL_CORE_ABOUT_TYPE },
};

enum bpfl_core_subject bpfl_core_subject(enum bpfl_core_kind kind)
{
	return kinds[kind].subject;
}

const char *bpfl_core_kind_name(uint32_t kind)
{
	return kind < BPFL_CORE_NR_KINDS ? kinds[kind].name : "unknown kind";
}

/* ---- names ---- */

size_t bpfl_core_name_size(const char *name, size_t name_size)
{
	/* Of any three underscores in a row one stands at every third place, so most names are
	 * passed over in thirds. */
	for (size_t i = name_size; i >= 3; i -= 3) {
		if (name[i - 2] != '_') {
			continue;
		}
		/* The run of underscores around it. */
		size_t first = i - 2, next = i - 1;

		while (first > 0 && name[first - 1] == '_') {
			first--;
		}
		while (next < name_size && name[next] == '_') {
			next++;
		}
		if (next - first == 3 && first > 0 && next < name_size) {
			return first;
		}
	}
	return name_size;
}

bool bpfl_core_names_equal(const char *local, const char *target)
{
	size_t local_size = bpfl_core_name_size(local, strlen(local));
	size_t target_size = bpfl_core_name_size(target, strlen(target));

	return local_size == target_size && memcmp(local, target, local_size) == 0;
}

/* ---- access strings ---- */

/* "0:1:2" into numbers. Only digits and single colons: a sign, a space or an empty part is no
 * number of a compiler. */
static int indexes_parse(const char *access, struct bpfl_core_path *path, struct bpfl_error *err)
{
	const char *at = access;

	for (;;) {
		uint64_t number = 0;
		const char *start = at;

		while (*at >= '0' && *at <= '9' && number <= UINT32_MAX) {
			number = number * 10 + (uint64_t)(*at++ - '0');
		}
		if (number > UINT32_MAX) {
			return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
					      "index %" PRIu32 " of the access string is too large",
					      path->nr_indexes);
		}
		if (at == start || (*at != ':' && *at != '\0')) {
			return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
					      "index %" PRIu32
					      " of the access string is no number (byte %td)",
					      path->nr_indexes, at - access);
		}
		if (path->nr_indexes == BPFL_CORE_PATH_MAX) {
			return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
					      "access string has more than %u indexes",
					      BPFL_CORE_PATH_MAX);
		}
		path->indexes[path->nr_indexes++] = (uint32_t)number;
		if (*at++ == '\0') {
			return 0;
		}
	}
}

/* Adds idx elements of a type to the offset. False when that leads too far. */
static bool path_advance(struct bpfl_core_path *path, uint32_t elem_type_id, uint32_t idx)
{
	uint32_t elem_size = 0;

	if (idx == 0) {
		return true; /* also for types without a size: &p[0] needs none */
	}
	if (bpfl_btf_size(path->btf, elem_type_id, &elem_size) < 0) {
		return false;
	}
	uint64_t bytes = (uint64_t)elem_size * idx + path->bit_off / 8;
	if (bytes > BYTE_OFF_MAX) {
		return false;
	}
	path->bit_off += (uint64_t)elem_size * idx * 8;
	return true;
}

static void step_push(struct bpfl_core_path *path, uint32_t type_id, uint32_t idx, const char *name)
{
	struct bpfl_core_step step = { type_id, idx, name };

	path->steps[path->nr_steps++] = step;
}

int bpfl_core_path_push_index(struct bpfl_core_path *path, uint32_t elem_type_id, uint32_t idx)
{
	if (path->nr_indexes == BPFL_CORE_PATH_MAX || path->nr_steps == BPFL_CORE_PATH_MAX ||
	    !path_advance(path, elem_type_id, idx)) {
		return -E2BIG;
	}
	path->indexes[path->nr_indexes++] = idx;
	step_push(path, elem_type_id, idx, NULL);
	return 0;
}

bool bpfl_core_path_is_flexible(const struct bpfl_core_path *path,
				const struct bpfl_btf_array *array)
{
	const struct bpfl_core_step *last = &path->steps[path->nr_steps - 1];

	if (array->nr_elems != 0 || !last->name) {
		return false;
	}
	const struct bpfl_btf_type *type = bpfl_btf_type(path->btf, last->type_id);
	return type && last->idx + 1 == bpfl_btf_vlen(type);
}

/* ---- walking the local type ---- */

static int out_of_types_error(uint32_t i, struct bpfl_error *err)
{
	return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
			      "index %" PRIu32 " of the access string leads out of every type", i);
}

/* Each of these goes one level deeper with index i of the access string. type is what the path has
 * reached; *type_id, so far the id of type, becomes what the index leads to. */
static int member_step(struct bpfl_core_path *path, uint32_t i, const struct bpfl_btf_type *type,
		       uint32_t *type_id, struct bpfl_error *err)
{
	uint32_t idx = path->indexes[i];
	char name[BPFL_ESC_SIZE];

	if (idx >= bpfl_btf_vlen(type)) {
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
				      "index %" PRIu32 " of the access string is member %" PRIu32
				      " of '%s', which has %" PRIu32,
				      i, idx, bpfl_btf_type_text(path->btf, *type_id, name, sizeof(name)),
				      bpfl_btf_vlen(type));
	}
	const struct bpfl_btf_member *member = bpfl_btf_members(type) + idx;
	const char *member_name = bpfl_btf_string(path->btf, member->name_off);

	path->bit_off += bpfl_btf_member_bit_off(type, idx);
	if (member_name[0] != '\0') {
		step_push(path, *type_id, idx, member_name);
	}
	*type_id = member->type;
	return 0;
}

static int elem_step(struct bpfl_core_path *path, uint32_t i, const struct bpfl_btf_type *type,
		     uint32_t *type_id, struct bpfl_error *err)
{
	uint32_t idx = path->indexes[i];
	const struct bpfl_btf_array *array = bpfl_btf_array(type);

	if (idx >= array->nr_elems && !bpfl_core_path_is_flexible(path, array)) {
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
				      "index %" PRIu32 " of the access string is element %" PRIu32
				      " of an array of %" PRIu32,
				      i, idx, array->nr_elems);
	}
	bpfl_btf_skip_modifiers(path->btf, array->type, type_id);
	if (!path_advance(path, *type_id, idx)) {
		return out_of_types_error(i, err);
	}
	step_push(path, *type_id, idx, NULL);
	return 0;
}

static int field_step(struct bpfl_core_path *path, uint32_t i, uint32_t *type_id,
		      struct bpfl_error *err)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(path->btf, *type_id, type_id);
	char name[BPFL_ESC_SIZE];
	int result;

	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_STRUCT:
	case BPFL_KIND_UNION:
		result = member_step(path, i, type, type_id, err);
		break;
	case BPFL_KIND_ARRAY:
		result = elem_step(path, i, type, type_id, err);
		break;
	default:
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
				      "index %" PRIu32
				      " of the access string goes into '%s', which has no members",
				      i, bpfl_btf_type_text(path->btf, *type_id, name, sizeof(name)));
	}
	if (result == 0 && path->bit_off / 8 > BYTE_OFF_MAX) {
		return out_of_types_error(i, err);
	}
	return result;
}

static int field_parse(struct bpfl_core_path *path, struct bpfl_error *err)
{
	uint32_t type_id = 0;

	bpfl_btf_skip_modifiers(path->btf, path->root_id, &type_id);
	step_push(path, type_id, path->indexes[0], NULL);
	if (!path_advance(path, type_id, path->indexes[0])) {
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
				      "index 0 of the access string is %" PRIu32
				      ", which leads out of every type",
				      path->indexes[0]);
	}
	for (uint32_t i = 1; i < path->nr_indexes; i++) {
		int result = field_step(path, i, &type_id, err);

		if (result < 0) {
			return result;
		}
	}
	return 0;
}

static int enumerator_parse(struct bpfl_core_path *path, struct bpfl_error *err)
{
	uint32_t id = 0;
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(path->btf, path->root_id, &id);
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);
	char name[BPFL_ESC_SIZE];

	if (kind != BPFL_KIND_ENUM && kind != BPFL_KIND_ENUM64) {
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL, "'%s' is no enum",
				      bpfl_btf_type_text(path->btf, id, name, sizeof(name)));
	}
	uint32_t idx = path->indexes[0];
	if (path->nr_indexes != 1 || idx >= bpfl_btf_vlen(type)) {
		return bpfl_error_set(
			err, BPFL_ERR_OBJECT, EINVAL,
			"access string is not the number of an enumerator of '%s', which has %" PRIu32,
			bpfl_btf_type_text(path->btf, id, name, sizeof(name)), bpfl_btf_vlen(type));
	}
	uint32_t name_off = kind == BPFL_KIND_ENUM ? bpfl_btf_enums(type)[idx].name_off
						   : bpfl_btf_enums64(type)[idx].name_off;
	step_push(path, id, idx, bpfl_btf_string(path->btf, name_off));
	return 0;
}

int bpfl_core_path_parse(const struct bpfl_btf *btf, uint32_t type_id, uint32_t kind,
			 const char *access, struct bpfl_core_path *ret_path,
			 struct bpfl_error *err)
{
	struct bpfl_core_path *path = ret_path;

	if (kind >= BPFL_CORE_NR_KINDS) {
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
				      "kind %" PRIu32 " is not known (0 to %d are)", kind,
				      BPFL_CORE_NR_KINDS - 1);
	}
	if (type_id == 0 || !bpfl_btf_type(btf, type_id)) {
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
				      "type id %" PRIu32 " is not in 1..%" PRIu32, type_id,
				      bpfl_btf_nr_types(btf) - 1);
	}
	path->btf = btf;
	path->root_id = type_id;
	path->kind = (enum bpfl_core_kind)kind;
	path->nr_steps = 0;
	path->nr_indexes = 0;
	path->bit_off = 0;
	int result = indexes_parse(access, path, err);
	if (result < 0) {
		return result;
	}
	switch (bpfl_core_subject(path->kind)) {
	case BPFL_CORE_ABOUT_FIELD:
		return field_parse(path, err);
	case BPFL_CORE_ABOUT_ENUMERATOR:
		return enumerator_parse(path, err);
	case BPFL_CORE_ABOUT_TYPE:
		break;
	}
	if (path->nr_indexes != 1 || path->indexes[0] != 0) {
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
				      "access string of a question about a type is not '0'");
	}
	step_push(path, type_id, 0, NULL);
	return 0;
}
