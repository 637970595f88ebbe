/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/struct_ops: a struct of functions as the object declares it -> as this kernel has it.
 *
 *     struct tcp_congestion_ops my_ops           of the object: as many members as its author needed, in any order
 *     struct tcp_congestion_ops                  of the kernel: other members, other places
 *     struct bpf_struct_ops_tcp_congestion_ops   of the kernel: what a map's value is, with the struct as its
 *     member "data"
 *
 * Members are matched by name (STO-02, G-72). Plain ones are copied when kind and size agree; one that this
 * kernel does not have may be left out when it is zero. A member that points to a program becomes a slot of the
 * value, which gets the program's descriptor when there is one, and says what the program is loaded for: the
 * kernel's struct, and the number of the member in it (not in the object's struct).
 *
 * So programs of this type are loaded when a struct that is made points to them, and not otherwise. This pass
 * comes first of all, because it may drop programs: those of structs that are not made, and those marked '?'
 * whose member the kernel does not have.
 */
#include "image/passes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/text.h"
#include "image/core_match.h"
#include "image/modules.h"

#define VALUE_PREFIX "bpf_struct_ops_"
#define VALUE_SIZE_MAX (1u << 20)

/* One struct_ops variable while it is worked on. */
struct copying {
	struct bpfl_image *image;
	const struct bpfl_map_spec *map;
	struct bpfl_image_map *out;
	const struct bpfl_log *log;
	/* The object's struct. */
	const struct bpfl_btf *local;
	const struct bpfl_btf_type *local_struct;
	/* The kernel's. */
	const struct bpfl_btf *kernel;
	uint32_t kernel_id, module_idx;
	const struct bpfl_btf_type *kernel_struct;
	uint32_t data_off; /* of the struct in the value, bytes */
};

/* ---- finding the kernel's struct ---- */

static uint32_t struct_find(struct bpfl_target *target, const char *name, size_t size, uint32_t *ret_module)
{
	size_t nr_ids;
	const uint32_t *ids = bpfl_core_names_get(target, name, size, &nr_ids);

	for (size_t i = 0; i < nr_ids; i++) {
		uint32_t module = bpfl_core_names_module(target, name, size, i);
		const struct bpfl_btf *btf = bpfl_target_btf_of(target, module);
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, ids[i]);

		if (type && bpfl_btf_kind(type) == BPFL_KIND_STRUCT &&
		    strlen(bpfl_btf_string(btf, type->name_off)) == size) {
			*ret_module = module;
			return ids[i];
		}
	}
	return 0;
}

/* Members of that name in a struct; their number when there is none. */
static uint32_t member_find(const struct bpfl_btf *btf, const struct bpfl_btf_type *type, const char *name)
{
	uint32_t i = 0;

	while (i < bpfl_btf_vlen(type) && strcmp(bpfl_btf_string(btf, bpfl_btf_members(type)[i].name_off), name) != 0)
		i++;
	return i;
}

static int interface_missing(const struct copying *copying, const char *name, struct bpfl_error *err)
{
	struct bpfl_near near;
	char names[512];

	bpfl_near_init(&near, name);
	for (uint32_t id = 1; id < bpfl_btf_nr_types(copying->kernel); id++) {
		const char *candidate = bpfl_btf_name(copying->kernel, id);

		if (bpfl_text_has_prefix(candidate, VALUE_PREFIX) &&
		    bpfl_btf_kind(bpfl_btf_type(copying->kernel, id)) == BPFL_KIND_STRUCT)
			bpfl_near_offer(&near, candidate + strlen(VALUE_PREFIX));
	}
	bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, ENOENT, "this kernel lets nobody implement struct %s",
		       BPFL_ESC(name));
	bpfl_error_why(err,
		       "its BTF has no struct '%s%s'; the kernel may be too old, built without it, or have it in a "
		       "module that is not loaded",
		       VALUE_PREFIX, BPFL_ESC(name));
	if (near.nr > 0)
		bpfl_error_fix(err, "did you mean struct %s?", bpfl_near_text(&near, names, sizeof(names)));
	return -ENOENT;
}

/* Fills the kernel's side and the numbers of the value. size: how many characters of the name count. */
static int interface_find(struct copying *copying, struct bpfl_target *target, const char *name, struct bpfl_error *err)
{
	char value_name[256];
	int value_size = snprintf(value_name, sizeof(value_name), "%s%s", VALUE_PREFIX, name);
	uint32_t structs = BPFL_BTF_KIND_BIT(BPFL_KIND_STRUCT);
	struct bpfl_core_name names[] = { { name, strlen(name), structs },
					  { value_name, (size_t)value_size, structs } };
	uint32_t value_id, value_module = 0, module = 0, data;
	int result;

	if (value_size >= (int)sizeof(value_name))
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL, "the struct's name has more than %zu characters",
				      sizeof(value_name) - 16);
	result = bpfl_core_names_prepare(target, names, 2, err);
	if (result == 0)
		result = bpfl_target_btf(target, &copying->kernel, err);
	/* An interface of a module (STO-08): the struct that a map's value is made of can only be there. */
	if (result == 0)
		result = bpfl_core_names_in_modules(target, names, 2, err);
	if (result < 0)
		return result;
	value_id = struct_find(target, value_name, (size_t)value_size, &value_module);
	copying->kernel_id = struct_find(target, name, strlen(name), &module);
	/* The kernel may know the struct too, when a module implements what the kernel declares. */
	if (value_id == 0 || copying->kernel_id == 0 || (module != value_module && module != 0))
		return interface_missing(copying, name, err);
	result = bpfl_image_module(copying->image, target, value_module);
	if (result < 0)
		return bpfl_error_nomem(err);
	copying->kernel = bpfl_target_btf_of(target, value_module);
	copying->out->kernel_value_module_idx = copying->module_idx = (uint32_t)result;

	const struct bpfl_btf_type *value = bpfl_btf_type(copying->kernel, value_id);
	data = member_find(copying->kernel, value, "data");
	copying->kernel_struct = bpfl_btf_type(copying->kernel, copying->kernel_id);
	if (data == bpfl_btf_vlen(value) || value->size > VALUE_SIZE_MAX ||
	    bpfl_btf_skip_modifiers(copying->kernel, bpfl_btf_members(value)[data].type, NULL) !=
		    copying->kernel_struct ||
	    !bpfl_in_range(bpfl_btf_member_bit_off(value, data) / 8, copying->kernel_struct->size, value->size))
		return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EINVAL,
				      "the kernel's struct '%s' does not hold a struct '%s'", value_name,
				      BPFL_ESC(name));
	copying->data_off = bpfl_btf_member_bit_off(value, data) / 8;
	copying->out->value_size = value->size;
	copying->out->kernel_value_type_id = value_id;
	return 0;
}

/* ---- copying members ---- */

static bool is_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

static const struct bpfl_ops_member *ops_at(const struct bpfl_map_spec *map, uint32_t byte_off)
{
	for (size_t i = 0; i < map->ops.nr; i++) {
		if (map->ops.items[i].byte_off == byte_off)
			return &map->ops.items[i];
	}
	return NULL;
}

static struct bpfl_image_prog *image_prog_of(struct bpfl_image *image, uint32_t prog_idx)
{
	for (size_t i = 0; i < image->nr_progs; i++) {
		if (image->progs[i].prog_idx == prog_idx)
			return &image->progs[i];
	}
	return NULL; /* not selected */
}

static int member_missing(struct copying *copying, const char *name, const struct bpfl_ops_member *op, bool zero,
			  struct bpfl_error *err)
{
	const struct bpfl_prog *prog = op ? &copying->image->spec->progs.items[op->prog_idx] : NULL;

	if ((prog && (prog->optional || !prog->selected)) || (!prog && zero)) {
		bpfl_log_line(copying->log, BPFL_LOG_INFO,
			      "struct_ops '%s': this kernel has no member '%s': left out%s%s",
			      BPFL_ESC(copying->map->name), BPFL_ESC(name), prog ? ", with program " : "",
			      BPFL_ESC(prog ? prog->name : ""));
		return 0;
	}
	bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, ENOENT, "this kernel's struct %s has no member '%s'",
		       BPFL_ESC(bpfl_btf_string(copying->kernel, copying->kernel_struct->name_off)), BPFL_ESC(name));
	if (prog)
		bpfl_error_fix(err, "if it can do without: SEC(\"?struct_ops\") in front of '%s', or --skip %s",
			       BPFL_ESC(prog->name), BPFL_ESC(prog->name));
	else
		bpfl_error_fix(err, "a member that is zero may be missing: --set %s.%s=0", BPFL_ESC(copying->map->name),
			       BPFL_ESC(name));
	return -ENOENT;
}

/* STO-03: the program is loaded for this member, and for no other. */
static int prog_bind(struct copying *copying, struct bpfl_image_prog *prog, uint32_t member_idx, const char *name,
		     struct bpfl_error *err)
{
	const struct bpfl_prog *spec_prog = &copying->image->spec->progs.items[prog->prog_idx];

	if (spec_prog->prog_type != BPFL_PROG_STRUCT_OPS) {
		bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
			       "member '%s': '%s' (section '%s') is no struct_ops program", BPFL_ESC(name),
			       BPFL_ESC(spec_prog->name), BPFL_ESC(spec_prog->section));
		bpfl_error_fix(err, "SEC(\"struct_ops\")");
		return -EINVAL;
	}
	if (prog->attach_btf_id != 0 && (prog->attach_btf_id != copying->kernel_id || prog->attach_type != member_idx ||
					 prog->attach_btf_module_idx != copying->module_idx)) {
		bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL, "member '%s': program '%s' is another member already",
			       BPFL_ESC(name), BPFL_ESC(spec_prog->name));
		bpfl_error_why(err, "a program is verified for one member of one struct");
		return -EINVAL;
	}
	prog->attach_btf_id = copying->kernel_id;
	prog->attach_btf_module_idx = copying->module_idx;
	prog->attach_type = member_idx;
	return 0;
}

/* A pointer: to a program, or to nothing. to: its place in the value. */
static int pointer_copy(struct copying *copying, const struct bpfl_ops_member *op, const uint8_t *from,
			uint32_t member_idx, const char *name, uint32_t to, struct bpfl_error *err)
{
	const struct bpfl_btf_member *member = &bpfl_btf_members(copying->kernel_struct)[member_idx];
	const struct bpfl_btf_type *pointer = bpfl_btf_skip_modifiers(copying->kernel, member->type, NULL);
	struct bpfl_image_prog *prog = op ? image_prog_of(copying->image, op->prog_idx) : NULL;
	struct bpfl_ops_member *slot;
	int result;

	if (!is_zero(from, sizeof(uint64_t)) && !op)
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
				      "member '%s' is a pointer, and only one to a program has a meaning in the kernel",
				      BPFL_ESC(name));
	if (!prog)
		return 0; /* left open, or its program is not wanted */
	if (bpfl_btf_kind(bpfl_btf_skip_modifiers(copying->kernel, pointer->type, NULL)) != BPFL_KIND_FUNC_PROTO)
		return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EINVAL,
				      "member '%s' is a program here, and no function in the kernel", BPFL_ESC(name));
	result = prog_bind(copying, prog, member_idx, name, err);
	if (result < 0)
		return result;
	slot = BPFL_VEC_PUSH(&copying->out->ops);
	if (!slot)
		return bpfl_error_nomem(err);
	*slot = (struct bpfl_ops_member){ to, op->prog_idx };
	return 0;
}

static int plain_copy(struct copying *copying, const uint8_t *from, uint32_t size, uint32_t kernel_type_id,
		      const char *name, uint32_t to, struct bpfl_error *err)
{
	uint32_t kernel_size = 0;

	if (bpfl_btf_size(copying->kernel, kernel_type_id, &kernel_size) < 0 || kernel_size != size)
		return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EINVAL,
				      "member '%s' has %u bytes, in the kernel's struct it has %u", BPFL_ESC(name),
				      size, kernel_size);
	memcpy(copying->out->own_data + to, from, size);
	return 0;
}

static int member_copy(struct copying *copying, uint32_t local_idx, struct bpfl_error *err)
{
	const struct bpfl_btf_member *local = &bpfl_btf_members(copying->local_struct)[local_idx];
	const char *name = bpfl_btf_string(copying->local, local->name_off);
	uint32_t bit_off = bpfl_btf_member_bit_off(copying->local_struct, local_idx), size = 0;
	enum bpfl_btf_kind kind = bpfl_btf_kind(bpfl_btf_skip_modifiers(copying->local, local->type, NULL));
	const uint8_t *from = copying->map->data + bit_off / 8;
	const struct bpfl_ops_member *op = ops_at(copying->map, bit_off / 8);
	uint32_t kernel_idx = member_find(copying->kernel, copying->kernel_struct, name);

	if (bpfl_btf_member_bit_size(copying->local_struct, local_idx) != 0 || bit_off % 8 != 0)
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EOPNOTSUPP,
				      "member '%s' is a bit-field, which cannot be copied", BPFL_ESC(name));
	if (bpfl_btf_size(copying->local, local->type, &size) < 0 ||
	    !bpfl_in_range(bit_off / 8, size, copying->map->data_size))
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL, "member '%s' does not lie inside the variable",
				      BPFL_ESC(name));
	if (name[0] == '\0' || kernel_idx == bpfl_btf_vlen(copying->kernel_struct))
		return member_missing(copying, name[0] ? name : "(anonymous)", op, is_zero(from, size), err);

	const struct bpfl_btf_member *kernel = &bpfl_btf_members(copying->kernel_struct)[kernel_idx];
	uint32_t kernel_bit_off = bpfl_btf_member_bit_off(copying->kernel_struct, kernel_idx);
	enum bpfl_btf_kind kernel_kind = bpfl_btf_kind(bpfl_btf_skip_modifiers(copying->kernel, kernel->type, NULL));
	uint32_t kernel_bytes = kind == BPFL_KIND_PTR ? bpfl_btf_ptr_size(copying->kernel) : size;

	if (bpfl_btf_member_bit_size(copying->kernel_struct, kernel_idx) != 0 ||
	    !bpfl_core_kinds_compatible(kind, kernel_kind))
		return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EINVAL,
				      "member '%s' is %s, in the kernel's struct it is %s", BPFL_ESC(name),
				      bpfl_btf_kind_name(kind),
				      bpfl_btf_member_bit_size(copying->kernel_struct, kernel_idx)
					      ? "a bit-field"
					      : bpfl_btf_kind_name(kernel_kind));
	if (!bpfl_in_range(copying->data_off + kernel_bit_off / 8, kernel_bytes, copying->out->value_size))
		return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EINVAL,
				      "member '%s' does not lie inside the kernel's struct", BPFL_ESC(name));
	if (kind == BPFL_KIND_PTR)
		return pointer_copy(copying, op, from, kernel_idx, name, copying->data_off + kernel_bit_off / 8, err);
	return plain_copy(copying, from, size, kernel->type, name, copying->data_off + kernel_bit_off / 8, err);
}

/* Finds both structs, and makes room for the value. */
static int variable_begin(struct copying *copying, struct bpfl_target *target, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = copying->image->spec;
	const char *type_name;
	char *name;
	int result;

	copying->local = spec->btf;
	copying->local_struct = spec->btf ? bpfl_btf_type(spec->btf, copying->map->value_type_id) : NULL;
	if (!copying->local_struct || bpfl_btf_kind(copying->local_struct) != BPFL_KIND_STRUCT) {
		bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
			       "a variable of section '%s' has to be a struct, and its type to be known",
			       BPFL_ESC(copying->map->section));
		bpfl_error_catalogue(err, 8);
		bpfl_error_fix(err, "compile with clang -g");
		return -EINVAL;
	}
	type_name = bpfl_btf_string(copying->local, copying->local_struct->name_off);
	name = bpfl_strndup(type_name, bpfl_core_name_size(type_name, strlen(type_name)));
	if (!name)
		return bpfl_error_nomem(err);
	result = interface_find(copying, target, name, err);
	free(name);
	if (result < 0)
		return result;
	free(copying->out->own_data);
	copying->out->own_data = calloc(1, copying->out->value_size);
	return copying->out->own_data ? 0 : bpfl_error_nomem(err);
}

static int variable_copy(struct copying *copying, struct bpfl_target *target, struct bpfl_error *err)
{
	int result = variable_begin(copying, target, err);

	for (uint32_t i = 0; result == 0 && i < bpfl_btf_vlen(copying->local_struct); i++)
		result = member_copy(copying, i, err);
	return result;
}

/* ---- one member after the other, for the check ---- */

static int member_tell(struct copying *copying, uint32_t local_idx, bpfl_ops_member_fn each, void *ctx,
		       struct bpfl_error *err)
{
	const char *name = bpfl_btf_string(copying->local, bpfl_btf_members(copying->local_struct)[local_idx].name_off);
	const struct bpfl_ops_member *op = ops_at(copying->map,
						  bpfl_btf_member_bit_off(copying->local_struct, local_idx) / 8);
	bool there = name[0] != '\0' &&
		     member_find(copying->kernel, copying->kernel_struct, name) < bpfl_btf_vlen(copying->kernel_struct);
	struct bpfl_error refusal = BPFL_ERROR_INIT;
	int result = member_copy(copying, local_idx, &refusal);

	/* no kernel would take it; or there is no memory */
	if (result < 0 && err && refusal.kind != BPFL_ERR_UNSUPPORTED) {
		bpfl_error_clear(err);
		*err = refusal;
		return result;
	}
	result = each(ctx, name, op ? (int32_t)op->prog_idx : BPFL_NO_IDX, there, result < 0 ? &refusal : NULL);
	bpfl_error_clear(&refusal);
	return result;
}

int bpfl_image_struct_ops_each(struct bpfl_image *image, size_t map_idx, struct bpfl_target *target,
			       bpfl_ops_member_fn each, void *ctx, struct bpfl_error *err)
{
	struct bpfl_image_map scratch = { .needed = false };
	struct copying copying = { .image = image, .map = &image->spec->maps.items[map_idx], .out = &scratch };
	int result = variable_begin(&copying, target, err);

	for (uint32_t i = 0; result == 0 && i < bpfl_btf_vlen(copying.local_struct); i++)
		result = member_tell(&copying, i, each, ctx, err);
	bpfl_image_map_deinit(&scratch);
	return result;
}

/* ---- programs that no struct wants ---- */

static int prog_unused(const struct bpfl_spec *spec, const struct bpfl_prog *prog, uint32_t prog_idx,
		       struct bpfl_error *err)
{
	for (size_t i = 0; i < spec->maps.nr; i++) {
		const struct bpfl_map_spec *map = &spec->maps.items[i];

		for (size_t k = 0; k < map->ops.nr; k++) {
			if (map->ops.items[k].prog_idx == prog_idx)
				return 0;
		}
	}
	bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL, "program '%s': no struct_ops variable points to it",
		       BPFL_ESC(prog->name));
	bpfl_error_why(err, "such a program is loaded for a member of a struct of the kernel, and only a variable in "
			    "SEC(\".struct_ops\") says which");
	bpfl_error_fix(err, "leave it out: --skip %s", BPFL_ESC(prog->name));
	return -EINVAL;
}

/* Programs of structs that are not made, and of members that the kernel does not have. */
static int progs_drop(struct bpfl_image *image, struct bpfl_error *err)
{
	size_t nr_kept = 0;

	for (size_t i = 0; i < image->nr_progs; i++) {
		const struct bpfl_prog *prog = &image->spec->progs.items[image->progs[i].prog_idx];

		if (prog->prog_type == BPFL_PROG_STRUCT_OPS && image->progs[i].attach_btf_id == 0) {
			int result = prog_unused(image->spec, prog, image->progs[i].prog_idx, err);

			if (result < 0)
				return result;
			continue; /* nothing hangs on it yet */
		}
		image->progs[nr_kept++] = image->progs[i];
	}
	memset(&image->progs[nr_kept], 0, (image->nr_progs - nr_kept) * sizeof(*image->progs));
	image->nr_progs = nr_kept;
	return 0;
}

int bpfl_image_struct_ops(struct bpfl_image *image, struct bpfl_target *target, const struct bpfl_log *log,
			  struct bpfl_error *err)
{
	for (size_t i = 0; i < image->spec->maps.nr; i++) {
		const struct bpfl_map_spec *map = &image->spec->maps.items[i];
		struct copying copying = { .image = image, .map = map, .out = &image->maps[i], .log = log };

		if (map->origin != BPFL_MAP_STRUCT_OPS || map->unselected)
			continue;
		int result = variable_copy(&copying, target, err);
		if (result < 0) {
			bpfl_error_prefix(err, "struct_ops '%s'", BPFL_ESC(map->name));
			return result;
		}
	}
	return progs_drop(image, err);
}
