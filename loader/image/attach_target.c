/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/attach_target: names of kernel functions -> BTF ids.
 *
 * fentry, fexit, fmod_ret, tp_btf, lsm and iter programs are bound to their target when they are loaded, not
 * when they are attached: the verifier takes the types of the arguments from the target's prototype.
 * PROG_LOAD wants the BTF id. What is looked up differs by kind: the function itself, the typedef
 * "btf_trace_NAME" of a tracepoint, the functions "bpf_lsm_NAME" and "bpf_iter_NAME" that exist only to carry
 * the prototype (G-61).
 *
 * All names of all programs are looked for in one pass over the kernel's types, which is the pass that CO-RE or
 * externs take, if the object has any: they ask for these names as well (bpfl_attach_names_collect), and the
 * target remembers.
 */
#include "image/passes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "image/core_match.h"
#include "image/extern.h"
#include "image/modules.h"

struct wanted {
	struct bpfl_image_prog *prog;
	const struct bpfl_section_row *row;
	const char *module; /* named in the target: module_size characters; "" */
	size_t module_size;
	char *full_name; /* prefix and target */
};

static bool prog_wants_target(const struct bpfl_prog *prog)
{
	const struct bpfl_section_row *row = prog->hit.row;

	/*
	 * freplace, and fentry on a program, look in the BTF of another program, struct_ops in that of its map:
	 * all are resolved elsewhere.
	 */
	return row && row->needs_btf_id && row->hook != BPFL_HOOK_FREPLACE && !prog->attach_prog &&
	       row->hook != BPFL_HOOK_STRUCT_OPS;
}

static enum bpfl_btf_kind wanted_kind(const struct bpfl_section_row *row)
{
	return strcmp(row->btf_prefix, "btf_trace_") == 0 ? BPFL_KIND_TYPEDEF : BPFL_KIND_FUNC;
}

/* What a target of this kind is called in messages. */
static const char *wanted_word(const struct bpfl_section_row *row)
{
	switch (row->hook) {
	case BPFL_HOOK_LSM:
	case BPFL_HOOK_LSM_CGROUP:
		return "LSM hook";
	case BPFL_HOOK_ITER:
		return "iterator";
	default:
		return wanted_kind(row) == BPFL_KIND_TYPEDEF ? "tracepoint" : "kernel function";
	}
}

/* "MODULE:NAME": modules are named exactly, never by prefix (TRC-02). 0: anywhere, the kernel itself first. */
static size_t module_size(const char *target)
{
	const char *colon = strchr(target, ':');

	return colon ? (size_t)(colon - target) : 0;
}

static int wanted_add(struct wanted *wanted, struct bpfl_image_prog *prog, const struct bpfl_spec *spec,
		      struct bpfl_error *err)
{
	const struct bpfl_prog *spec_prog = &spec->progs.items[prog->prog_idx];
	const char *name;

	if (!spec_prog->attach_target || spec_prog->attach_target[0] == '\0')
		return bpfl_spec_target_error(spec, prog->prog_idx, err);
	wanted->module = spec_prog->attach_target;
	wanted->module_size = module_size(wanted->module);
	name = spec_prog->attach_target + wanted->module_size + (wanted->module_size > 0);
	struct bpfl_buf full = BPFL_BUF_INIT;
	bpfl_buf_text(&full, spec_prog->hit.row->btf_prefix);
	bpfl_buf_text(&full, name);
	wanted->prog = prog;
	wanted->row = spec_prog->hit.row;
	wanted->full_name = bpfl_buf_take(&full);
	return wanted->full_name ? 0 : bpfl_error_nomem(err);
}

int bpfl_attach_names_collect(const struct bpfl_image *image, struct bpfl_extern_names *names, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = image->spec;

	for (size_t i = 0; i < image->nr_progs; i++) {
		struct bpfl_image_prog *prog = &image->progs[i];
		struct wanted wanted = { .prog = NULL };

		/* What is wrong with a target is said when it is looked up. */
		if (!prog_wants_target(&spec->progs.items[prog->prog_idx]) || wanted_add(&wanted, prog, spec, NULL) < 0)
			continue;
		char **owned = BPFL_VEC_PUSH(&names->owned);
		struct bpfl_core_name *name = owned ? BPFL_VEC_PUSH(names) : NULL;
		if (!name) {
			free(wanted.full_name);
			names->owned.nr -= owned != NULL;
			return bpfl_error_nomem(err);
		}
		*owned = wanted.full_name;
		*name = (struct bpfl_core_name){ .text = *owned, .size = bpfl_core_name_size(*owned, strlen(*owned)) };
	}
	return 0;
}

/* The whole kernel is walked again, but only to be helpful about a failure. */
static int missing_error(const struct wanted *wanted, const struct bpfl_btf *btf, struct bpfl_error *err)
{
	size_t prefix_size = strlen(wanted->row->btf_prefix);
	const char *name = wanted->full_name + prefix_size;
	struct bpfl_near near;
	char near_text[512];

	bpfl_near_init(&near, name);
	for (uint32_t id = 1; id < bpfl_btf_nr_types(btf); id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, id);

		if (!type || bpfl_btf_kind(type) != wanted_kind(wanted->row))
			continue;
		const char *candidate = bpfl_btf_string(btf, type->name_off);
		if (strncmp(candidate, wanted->row->btf_prefix, prefix_size) == 0)
			bpfl_near_offer(&near, candidate + prefix_size);
	}

	int result = bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "%s '%s' is not in the kernel's BTF",
				    wanted_word(wanted->row), BPFL_ESC(name));
	bpfl_error_catalogue(err, 24);
	if (wanted->row->btf_prefix[0] == '\0') {
		bpfl_error_why(err,
			       "'%s' does not exist in this kernel, is inlined everywhere, or belongs to a module",
			       BPFL_ESC(name));
	}
	if (prefix_size > 0 && strncmp(name, wanted->row->btf_prefix, prefix_size) == 0)
		bpfl_error_fix(err, "without '%s' in front: %s/%s", wanted->row->btf_prefix, wanted->row->name,
			       BPFL_ESC(name + prefix_size));
	else if (bpfl_near_text(&near, near_text, sizeof(near_text))[0] != '\0')
		bpfl_error_fix(err, "did you mean %s?", near_text);
	else if (prefix_size > 0)
		bpfl_error_fix(err, "bpfload btf find '%s*' shows which there are, with '%s' in front",
			       wanted->row->btf_prefix, wanted->row->btf_prefix);
	return result;
}

static int found_note(const struct wanted *wanted, struct bpfl_image *image, struct bpfl_target *target, uint32_t id,
		      uint32_t module, struct bpfl_error *err)
{
	int module_idx = bpfl_image_module(image, target, module);

	if (module_idx < 0)
		return bpfl_error_nomem(err);
	wanted->prog->attach_btf_id = id;
	wanted->prog->attach_btf_module_idx = (uint32_t)module_idx;
	return 0;
}

/* In the module that the target names, and nowhere else. */
static int module_resolve(const struct wanted *wanted, struct bpfl_image *image, struct bpfl_target *target,
			  uint32_t module, struct bpfl_error *err)
{
	const struct bpfl_btf *btf = bpfl_target_btf_of(target, module);
	uint32_t id = bpfl_btf_find(btf, wanted_kind(wanted->row), wanted->full_name, bpfl_btf_first_id(btf));
	char text[BPFL_ESC_SIZE + 16];

	if (id != 0)
		return found_note(wanted, image, target, id, module, err);
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "%s '%s' is not in the BTF of %s", wanted_word(wanted->row),
		       BPFL_ESC(wanted->full_name + strlen(wanted->row->btf_prefix)),
		       bpfl_target_module_text(target, module, text, sizeof(text)));
	bpfl_error_catalogue(err, 24);
	return -ENOENT;
}

static int wanted_resolve(const struct wanted *wanted, struct bpfl_image *image, struct bpfl_target *target,
			  const struct bpfl_btf *btf, struct bpfl_error *err)
{
	const char *name = wanted->full_name;
	struct bpfl_core_name core_name = { .text = name, .size = bpfl_core_name_size(name, strlen(name)) };
	size_t nr_ids;

	uint32_t named;
	int result = bpfl_target_module_named(target, wanted->module, wanted->module_size, &named, err);

	if (result == 0 && named > 0)
		return module_resolve(wanted, image, target, named, err);
	if (result == 0 && wanted->module_size == 0)
		result = bpfl_core_names_in_modules(target, &core_name, 1, err);
	if (result < 0)
		return result;
	const uint32_t *ids = bpfl_core_names_get(target, core_name.text, core_name.size, &nr_ids);

	/*
	 * What the target knows by a name is of all kinds, and of all flavours: this is for one kind and
	 * the whole name.
	 */
	for (size_t i = 0; i < nr_ids; i++) {
		uint32_t module = bpfl_core_names_module(target, core_name.text, core_name.size, i);
		const struct bpfl_btf *found_in = bpfl_target_btf_of(target, module);
		const struct bpfl_btf_type *type = bpfl_btf_type(found_in, ids[i]);

		if (type && bpfl_btf_kind(type) == wanted_kind(wanted->row) &&
		    strcmp(bpfl_btf_name(found_in, ids[i]), name) == 0)
			return found_note(wanted, image, target, ids[i], module, err);
	}
	/* The kernel itself may have something else of that name, and no module was asked. */
	if (wanted->module_size == 0 && nr_ids > 0) {
		uint32_t module, id;

		result = bpfl_target_modules_find(target, NULL, wanted_kind(wanted->row), name, &module, &id, err);
		if (result != 0)
			return result < 0 ? result : found_note(wanted, image, target, id, module, err);
	}
	return missing_error(wanted, btf, err);
}

static int names_prepare(struct bpfl_image *image, struct bpfl_target *target, struct bpfl_error *err)
{
	struct bpfl_extern_names names = { .items = NULL };
	int result = bpfl_attach_names_collect(image, &names, err);

	if (result == 0) {
		result = bpfl_core_names_prepare_kinds(
			target, names.items, names.nr,
			BPFL_BTF_KIND_BIT(BPFL_KIND_FUNC) | BPFL_BTF_KIND_BIT(BPFL_KIND_TYPEDEF), err);
	}
	bpfl_extern_names_deinit(&names);
	return result;
}

static int resolve_all(struct bpfl_image *image, struct bpfl_target *target, struct wanted *wanted,
		       struct bpfl_error *err)
{
	const struct bpfl_spec *spec = image->spec;
	const struct bpfl_btf *btf;
	size_t nr_wanted = 0;
	int result = 0;

	for (size_t i = 0; i < image->nr_progs && result == 0; i++) {
		struct bpfl_image_prog *prog = &image->progs[i];

		if (!prog_wants_target(&spec->progs.items[prog->prog_idx]))
			continue;
		result = wanted_add(&wanted[nr_wanted++], prog, spec, err);
	}
	if (result < 0 || nr_wanted == 0)
		return result;
	result = names_prepare(image, target, err);
	if (result == 0)
		result = bpfl_target_btf(target, &btf, err);
	for (size_t i = 0; i < nr_wanted && result == 0; i++) {
		result = wanted_resolve(&wanted[i], image, target, btf, err);
		if (result < 0) {
			bpfl_error_prefix(err, "program '%s'",
					  BPFL_ESC(spec->progs.items[wanted[i].prog->prog_idx].name));
		}
	}
	return result;
}

/*
 * fentry.multi and its siblings are bound to no function until they are attached, only to the BTF that has them
 * all: a module's when the pattern names one (MUL-08).
 */
static int multi_modules(struct bpfl_image *image, struct bpfl_target *target, struct bpfl_error *err)
{
	int result = 0;

	for (size_t i = 0; i < image->nr_progs && result == 0; i++) {
		const struct bpfl_prog *prog = &image->spec->progs.items[image->progs[i].prog_idx];
		struct wanted wanted = { .prog = &image->progs[i], .module = prog->attach_target };
		uint32_t module;

		if (!prog->hit.row || prog->hit.row->hook != BPFL_HOOK_TRACING_MULTI || !prog->attach_target)
			continue;
		result = bpfl_target_module_named(target, wanted.module, module_size(wanted.module), &module, err);
		if (result == 0)
			result = found_note(&wanted, image, target, 0, module, err);
		if (result < 0)
			bpfl_error_prefix(err, "program '%s'", BPFL_ESC(prog->name));
	}
	return result;
}

int bpfl_image_attach_targets(struct bpfl_image *image, struct bpfl_target *target, struct bpfl_error *err)
{
	struct wanted *wanted = calloc(image->nr_progs ? image->nr_progs : 1, sizeof(*wanted));

	if (!wanted)
		return bpfl_error_nomem(err);
	int result = resolve_all(image, target, wanted, err);
	if (result == 0)
		result = multi_modules(image, target, err);
	for (size_t i = 0; i < image->nr_progs; i++)
		free(wanted[i].full_name);
	free(wanted);
	return result;
}
