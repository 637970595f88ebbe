/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/distilled.c: outlines of a kernel's types -> ids of the kernel at hand.
 *
 * In come two blobs, the outline (a BTF of its own) and the module's types that continue it; out goes one BTF
 * that continues the target. What a match is follows the kernel (btf_relocate.c, Linux 6.11): integers are the
 * same in size and encoding, floats and enums in size (both widths of enumerators are one), structs and unions
 * in kind, and in size where the module holds one by value; a forward declaration takes the type that it
 * declares. A name that fits twice is decided by size, and if that does not decide, it is an error:
 * a guess would be read as truth by whoever verifies a program against it.
 *
 * Renumbering: ids of the outline become those that were found, own ids and all name offsets move by a
 * constant, because the outline's strings are put whole in front of the module's own.
 */
#include "btf/distilled.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "btf/own.h"

#define KINDS_OUTLINE \
	(BPFL_BTF_KIND_BIT(BPFL_KIND_INT) | BPFL_BTF_KIND_BIT(BPFL_KIND_FLOAT) | BPFL_BTF_KIND_BIT(BPFL_KIND_FWD) | \
	 BPFL_BTF_KIND_BIT(BPFL_KIND_STRUCT) | BPFL_BTF_KIND_BIT(BPFL_KIND_UNION) | \
	 BPFL_BTF_KIND_BIT(BPFL_KIND_ENUM) | BPFL_BTF_KIND_BIT(BPFL_KIND_ENUM64))

struct relocation {
	const struct bpfl_btf *outline, *module, *target;
	struct bpfl_btf_search search; /* the outline's names among the target's types */
	bool *by_value;		       /* per type of the outline: is in a struct of the module */
	uint32_t *ids;		       /* per type of the outline: the target's */
	uint32_t first_str;	       /* where the strings of outline and module go */
	struct bpfl_error *err;
};

#define BAD(errnum, ...) bpfl_error_set(relocation->err, BPFL_ERR_OBJECT, errnum, __VA_ARGS__)

/* ---- what the outline may hold ---- */

static int check_outline(const struct relocation *relocation)
{
	const struct bpfl_btf *outline = relocation->outline;

	for (uint32_t id = 1; id < outline->nr_types; id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(outline, id);
		enum bpfl_btf_kind kind = bpfl_btf_kind(type);

		if (kind >= BPFL_NR_KINDS || !(KINDS_OUTLINE & BPFL_BTF_KIND_BIT(kind)))
			return BAD(EINVAL, "type %u is a %s, which cannot be found by name and size", id,
				   bpfl_btf_kind_name(kind));
		if (bpfl_btf_name(outline, id)[0] == '\0')
			return BAD(EINVAL, "type %u (%s) has no name to be found by", id, bpfl_btf_kind_name(kind));
	}
	return 0;
}

/* Notes the structs and unions of the outline that a member of the module's own types holds by value, in arrays too. */
static void note_by_value(struct relocation *relocation)
{
	const struct bpfl_btf *module = relocation->module;

	for (uint32_t id = module->first_id; id < module->nr_types; id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(module, id);
		enum bpfl_btf_kind kind = bpfl_btf_kind(type);

		for (uint32_t i = 0; (kind == BPFL_KIND_STRUCT || kind == BPFL_KIND_UNION) && i < bpfl_btf_vlen(type);
		     i++) {
			uint32_t at = bpfl_btf_members(type)[i].type;
			const struct bpfl_btf_type *member = bpfl_btf_skip_modifiers(module, at, &at);

			/* A checked BTF has an end to this. */
			while (bpfl_btf_kind(member) == BPFL_KIND_ARRAY)
				member = bpfl_btf_skip_modifiers(module, bpfl_btf_array(member)->type, &at);
			if (at < module->first_id)
				relocation->by_value[at] = true;
		}
	}
}

/* ---- finding ---- */

/* Whether the target's type can be what the outline says; a size that only matters between several is left aside. */
static bool fits(const struct relocation *relocation, uint32_t outline_id, const struct bpfl_btf_type *found)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(relocation->outline, outline_id);
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);
	enum bpfl_btf_kind found_kind = bpfl_btf_kind(found);

	switch (kind) {
	case BPFL_KIND_INT:
		return found_kind == kind && found->size == type->size &&
		       *(const uint32_t *)bpfl_btf_extra(found) == *(const uint32_t *)bpfl_btf_extra(type);
	case BPFL_KIND_FLOAT:
		return found_kind == kind && found->size == type->size;
	case BPFL_KIND_ENUM:
	case BPFL_KIND_ENUM64:
		return (found_kind == BPFL_KIND_ENUM || found_kind == BPFL_KIND_ENUM64) && found->size == type->size;
	case BPFL_KIND_FWD:
		return found_kind == (bpfl_btf_kflag(type) ? BPFL_KIND_UNION : BPFL_KIND_STRUCT) ||
		       (found_kind == BPFL_KIND_FWD && bpfl_btf_kflag(found) == bpfl_btf_kflag(type));
	default: /* struct and union */
		return found_kind == kind && (!relocation->by_value[outline_id] || found->size == type->size);
	}
}

/*
 * Between several that fit: does this one more than that? A definition more than a declaration, the same
 * size more than another.
 */
static unsigned rank(const struct bpfl_btf_type *type, const struct bpfl_btf_type *found)
{
	if (bpfl_btf_kind(type) == BPFL_KIND_FWD)
		return bpfl_btf_kind(found) != BPFL_KIND_FWD;
	return found->size == type->size;
}

/* "struct 'x' of 24 bytes" */
static int not_found(const struct relocation *relocation, uint32_t outline_id, size_t nr_of_name)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(relocation->outline, outline_id);
	const char *name = bpfl_btf_name(relocation->outline, outline_id);
	const char *kind = bpfl_btf_kind_name(bpfl_btf_kind(type));

	if (nr_of_name == 0)
		return BAD(ENOENT, "type %u (%s '%s') is not among the kernel's types", outline_id, kind,
			   BPFL_ESC(name));
	if (bpfl_btf_kind(type) == BPFL_KIND_FWD)
		return BAD(ENOENT, "type %u (%s '%s') is of another kind in the kernel", outline_id, kind,
			   BPFL_ESC(name));
	return BAD(ENOENT, "type %u (%s '%s' of %u bytes) is of another kind, size or encoding in the kernel",
		   outline_id, kind, BPFL_ESC(name), type->size);
}

static int find_type(struct relocation *relocation, uint32_t outline_id, int name_idx)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(relocation->outline, outline_id);
	size_t nr_found = 0;
	const uint32_t *found = bpfl_btf_search_ids(&relocation->search, name_idx, &nr_found);
	unsigned best = 0;
	uint32_t rival = 0;

	for (size_t i = 0; i < nr_found; i++) {
		const struct bpfl_btf_type *candidate = bpfl_btf_type(relocation->target, found[i]);
		unsigned its = rank(type, candidate);

		if (!fits(relocation, outline_id, candidate))
			continue;
		if (relocation->ids[outline_id] == 0 || its > best) {
			relocation->ids[outline_id] = found[i];
			best = its;
			rival = 0;
		} else if (its == best && rival == 0) {
			rival = found[i];
		}
	}
	if (relocation->ids[outline_id] == 0)
		return not_found(relocation, outline_id, nr_found);
	if (rival != 0)
		return BAD(EINVAL, "type %u (%s '%s') could be type %u or type %u of the kernel", outline_id,
			   bpfl_btf_kind_name(bpfl_btf_kind(type)),
			   BPFL_ESC(bpfl_btf_name(relocation->outline, outline_id)), relocation->ids[outline_id],
			   rival);
	return 0;
}

static int find_types(struct relocation *relocation)
{
	uint32_t nr = relocation->outline->nr_types;
	int *name_idx = malloc(nr * sizeof(*name_idx));
	int ret = name_idx != NULL ? 0 : -ENOMEM;

	for (uint32_t id = 1; ret >= 0 && id < nr; id++) {
		const char *name = bpfl_btf_name(relocation->outline, id);

		ret = name_idx[id] = bpfl_btf_search_want(&relocation->search, name, strlen(name));
	}
	if (ret >= 0)
		ret = bpfl_btf_search_run(&relocation->search, relocation->target);
	if (ret < 0)
		bpfl_error_nomem(relocation->err);
	for (uint32_t id = 1; ret >= 0 && id < nr; id++)
		ret = find_type(relocation, id, name_idx[id]);
	free(name_idx);
	return ret < 0 ? ret : 0;
}

/* ---- writing ---- */

static void move_id(void *ctx, uint32_t *ref)
{
	const struct relocation *relocation = ctx;

	if (*ref >= relocation->module->first_id)
		*ref += relocation->target->nr_types - relocation->module->first_id;
	else
		*ref = relocation->ids[*ref];
}

static void move_name(void *ctx, uint32_t *ref)
{
	const struct relocation *relocation = ctx;

	if (*ref != 0)
		*ref += relocation->first_str;
}

/* types: the module's, in a buffer of one's own. */
static int move_refs(struct relocation *relocation, char *types)
{
	const struct bpfl_btf *module = relocation->module;

	for (uint32_t id = module->first_id; id < module->nr_types; id++) {
		struct bpfl_btf_type *type = (struct bpfl_btf_type *)(void *)types;

		if (bpfl_btf_kind(type) >= BPFL_NR_KINDS)
			return BAD(EOPNOTSUPP,
				   "type %u is of kind %u, and what types of that kind refer to is not known", id,
				   bpfl_btf_kind(type));
		types += bpfl_btf_record_size(module, type); /* of the length alone */
		bpfl_btf_each_ref(type, relocation, move_name, move_id);
	}
	return 0;
}

/* One BTF of both: with the outline's types in front, or with the references moved to the target. */
static int write_result(struct relocation *relocation, struct bpfl_btf **ret_btf)
{
	const struct bpfl_btf *outline = relocation->outline;
	const struct bpfl_btf *module = relocation->module;
	bool joined = relocation->target == NULL;
	uint64_t types_size = (joined ? (uint64_t)outline->types_size : 0) + module->types_size;
	uint64_t strings_size = (uint64_t)outline->strings_size + module->strings_size;
	struct bpfl_buf out = BPFL_BUF_INIT;
	uint16_t preamble[2] = { BPFL_BTF_MAGIC, 0 };
	uint32_t header[5] = { BPFL_BTF_HEADER_SIZE, 0, (uint32_t)types_size, (uint32_t)types_size,
			       (uint32_t)strings_size };
	int ret = 0;

	*(uint8_t *)&preamble[1] = BPFL_BTF_VERSION;
	if (types_size > INT32_MAX || relocation->first_str + strings_size > INT32_MAX)
		return BAD(E2BIG, "more than 2 GiB of types or strings");
	bpfl_buf_append(&out, preamble, sizeof(preamble));
	bpfl_buf_append(&out, header, sizeof(header));
	if (joined)
		bpfl_buf_append(&out, outline->types, outline->types_size);
	bpfl_buf_append(&out, module->types, module->types_size);
	bpfl_buf_append(&out, outline->strings, outline->strings_size);
	bpfl_buf_append(&out, module->strings, module->strings_size);
	if (!bpfl_buf_ok(&out))
		ret = bpfl_error_nomem(relocation->err);
	if (ret == 0 && !joined)
		ret = move_refs(relocation, out.data + BPFL_BTF_HEADER_SIZE);
	if (ret == 0)
		ret = bpfl_btf_read(out.data, out.size, relocation->target, ret_btf, relocation->err);
	if (ret == 0)
		(*ret_btf)->is_foreign = module->is_foreign;
	bpfl_buf_deinit(&out);
	return ret;
}

/* ---- all of it ---- */

static int relocate(struct relocation *relocation)
{
	const struct bpfl_btf *target = relocation->target;

	relocation->by_value = calloc(relocation->outline->nr_types, sizeof(*relocation->by_value));
	relocation->ids = calloc(relocation->outline->nr_types, sizeof(*relocation->ids));
	if (relocation->by_value == NULL || relocation->ids == NULL)
		return bpfl_error_nomem(relocation->err);
	relocation->first_str = target->first_str + target->strings_size;
	note_by_value(relocation);
	return find_types(relocation);
}

int bpfl_btf_read_distilled(const void *base_bytes, size_t base_size, const void *bytes, size_t size,
			    const struct bpfl_btf *target, struct bpfl_btf **ret_btf, struct bpfl_error *err)
{
	struct relocation relocation = { .target = target, .err = err };
	struct bpfl_btf *outline = NULL;
	struct bpfl_btf *module = NULL;
	int ret = bpfl_btf_read(base_bytes, base_size, NULL, &outline, err);

	bpfl_btf_search_init(&relocation.search, KINDS_OUTLINE, NULL);
	relocation.outline = outline;
	if (ret == 0)
		ret = check_outline(&relocation);
	if (ret < 0) {
		bpfl_error_prefix(err, ".BTF.base");
		goto out;
	}
	ret = bpfl_btf_read(bytes, size, outline, &module, err);
	relocation.module = module;
	if (ret < 0)
		goto out;
	if (target != NULL) {
		ret = relocate(&relocation);
		if (ret < 0)
			bpfl_error_prefix(err, ".BTF.base");
	}
	if (ret == 0)
		ret = write_result(&relocation, ret_btf);
out:
	bpfl_btf_search_deinit(&relocation.search);
	free(relocation.by_value);
	free(relocation.ids);
	bpfl_btf_destroy(module);
	bpfl_btf_destroy(outline);
	return ret;
}
