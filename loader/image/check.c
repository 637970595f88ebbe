/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/check: what an object needs, against what a kernel has.
 *
 *   image     the first passes of an image: programs flattened, maps sized      (here)
 *   structs   of functions: members that the kernel does not have, and their programs  (check_struct_ops.c)
 *   relocate  CO-RE, as for loading: the numbers stay in the image              (core_*.c)
 *   externs   one at a time where they do not all resolve                       (check_extern.c)
 *   reach     which instructions are alive with those answers                   (check_reach.c)
 *   items     relocations and helpers of the flat programs                      (here)
 *   types     types of programs and maps, capabilities, the oldest kernel       (check_types.c)
 *   hooks     what the programs are attached to                                 (check_hook.c)
 */
#include "image/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "image/core.h"
#include "image/core_match.h"
#include "image/helper_names.h"
#include "image/modules.h"
#include "image/passes.h"
#include "image/since.h"

/* Numbers that are counted: five times what the kernel has. Poison is beyond them. */
#define HELPERS_MAX 1024u

/* ---- items ---- */

struct bpfl_check_item *bpfl_check_add(struct bpfl_checking *checking, enum bpfl_check_kind kind,
				       enum bpfl_check_status status, const char *name,
				       const char *text)
{
	struct bpfl_check_item *item = BPFL_VEC_PUSH(&checking->check->items);

	if (!item) {
		return NULL;
	}
	item->kind = kind;
	item->status = status;
	item->at_load = true;
	item->name = bpfl_strdup(name);
	item->text = bpfl_strdup(text);
	item->prog = bpfl_strdup("");
	item->kernel = bpfl_strdup("");
	item->place = bpfl_strdup("");
	return item->name && item->text && item->prog && item->kernel && item->place ? item : NULL;
}

static int text_replace(const char **field, const char *text)
{
	char *copy = bpfl_strdup(text);

	if (!copy) {
		return -ENOMEM;
	}
	free((char *)*field);
	*field = copy;
	return 0;
}

int bpfl_check_set_prog(const struct bpfl_checking *checking, struct bpfl_check_item *item,
			const struct bpfl_image_prog *prog)
{
	return text_replace(&item->prog, checking->spec->progs.items[prog->prog_idx].name);
}

void bpfl_check_destroy(struct bpfl_check *check)
{
	if (!check) {
		return;
	}
	for (size_t i = 0; i < check->items.nr; i++) {
		struct bpfl_check_item *item = &check->items.items[i];

		free((char *)item->name);
		free((char *)item->text);
		free((char *)item->prog);
		free((char *)item->kernel);
		free((char *)item->place);
	}
	free(check->items.items);
	free(check);
}

/* ---- relocations ---- */

/* What the answer to a record means. */
static enum bpfl_check_status relocation_status(uint32_t kind,
						const struct bpfl_core_result *result)
{
	const struct bpfl_core_answer *answer = &result->query->answer;
	bool changed = answer->local.value != result->kernel_value;

	if (result->poisoned) {
		return BPFL_CHECK_MISSING;
	}
	switch (kind) {
	case BPFL_CORE_FIELD_EXISTS:
	case BPFL_CORE_TYPE_EXISTS:
	case BPFL_CORE_TYPE_MATCHES:
	case BPFL_CORE_ENUM_EXISTS:
	case BPFL_CORE_TYPE_ID_TARGET: /* ids always differ */
		return result->kernel_value == 0 ? BPFL_CHECK_MISSING : BPFL_CHECK_OK;
	case BPFL_CORE_TYPE_ID_LOCAL: return BPFL_CHECK_OK;
	case BPFL_CORE_TYPE_SIZE:
		return answer->target_id == 0 ? BPFL_CHECK_MISSING :
		       changed			   ? BPFL_CHECK_RESIZED :
						     BPFL_CHECK_OK;
	case BPFL_CORE_FIELD_BYTE_SIZE:
	case BPFL_CORE_FIELD_SIGNED: return changed ? BPFL_CHECK_RESIZED : BPFL_CHECK_OK;
	case BPFL_CORE_FIELD_BYTE_OFF:
		if (answer->local.width_bytes != answer->now.width_bytes) {
			return BPFL_CHECK_RESIZED;
		}
		return changed ? BPFL_CHECK_MOVED : BPFL_CHECK_OK;
	default: /* shifts of bit-fields, values of enumerators */
		return changed ? BPFL_CHECK_MOVED : BPFL_CHECK_OK;
	}
}

/* The same place in the kernel's type, as a path; "" when nothing matched. */
static int kernel_path(const struct bpfl_core_path *local,
		       const struct bpfl_core_answer *answer, struct bpfl_buf *out)
{
	struct bpfl_core_path found;
	struct bpfl_core_miss miss;

	if (answer->target_id == 0 ||
	    bpfl_core_path_match(local, answer->target, answer->target_id, &found, &miss) <= 0) {
		return 0;
	}
	bpfl_core_path_text(&found, out);
	return bpfl_buf_ok(out) ? 0 : -ENOMEM;
}

static int relocation_add(struct bpfl_checking *checking, const struct bpfl_image_prog *prog,
			  const struct bpfl_core_result *result, int32_t line_idx, bool reached,
			  struct bpfl_error *err)
{
	const struct bpfl_core *core = &checking->spec->cores.items[result->core_idx];
	struct bpfl_buf name = BPFL_BUF_INIT, kernel = BPFL_BUF_INIT, place = BPFL_BUF_INIT,
			text = BPFL_BUF_INIT;
	struct bpfl_core_path local;
	int status = bpfl_core_path_parse(checking->spec->btf, core->type_id, core->kind,
					  core->access, &local, err);

	if (status < 0) {
		return status;
	}
	bpfl_core_path_text(&local, &name);
	bpfl_core_line_text(checking->spec, line_idx, &place);
	bpfl_core_result_text(checking->image, prog, result, &text);
	status = kernel_path(&local, &result->query->answer, &kernel);
	struct bpfl_check_item *item = NULL;
	if (status == 0 && bpfl_buf_ok(&name) && bpfl_buf_ok(&place) && bpfl_buf_ok(&text)) {
		item = bpfl_check_add(checking, BPFL_CHECK_RELOCATION,
				      relocation_status(core->kind, result), name.data,
				      text.data ? text.data : "");
	}
	if (!item || bpfl_check_set_prog(checking, item, prog) < 0 ||
	    (kernel.data && text_replace(&item->kernel, kernel.data) < 0) ||
	    (place.data && text_replace(&item->place, place.data) < 0)) {
		status = bpfl_error_nomem(err);
	} else {
		item->insn_idx = result->insn_idx;
		item->guarded = !reached;
		item->needed = reached && (item->status != BPFL_CHECK_MISSING || result->poisoned);
	}
	bpfl_buf_deinit(&text);
	bpfl_buf_deinit(&place);
	bpfl_buf_deinit(&kernel);
	bpfl_buf_deinit(&name);
	return status;
}

static int relocations_add(struct bpfl_checking *checking, const struct bpfl_image_prog *prog,
			   const bool *reached, struct bpfl_error *err)
{
	int32_t line_idx = BPFL_NO_IDX;
	uint32_t insn_idx = 0;
	int result = 0;

	for (size_t i = 0; i < prog->core_results.nr && result == 0; i++) {
		const struct bpfl_core_result *found = &prog->core_results.items[i];

		if (found->core_idx == BPFL_CORE_RESULT_EXTERN) {
			continue;
		}
		for (; insn_idx <= found->insn_idx; insn_idx++) {
			line_idx = prog->insts[insn_idx].line_idx == BPFL_NO_IDX ?
					   line_idx :
					   prog->insts[insn_idx].line_idx;
		}
		result = relocation_add(checking, prog, found, line_idx, reached[found->insn_idx],
					err);
	}
	return result;
}

/* ---- helpers ---- */

struct helper_use {
	bool used, reached;
	const struct bpfl_image_prog *prog; /* one that uses it, alive if any is */
	uint32_t insn_idx;
};

static void helpers_mark(const struct bpfl_image_prog *prog, const bool *reached,
			 struct helper_use *uses)
{
	for (uint32_t i = 0; i < prog->nr_insts; i++) {
		const struct bpfl_insn *insn = &prog->insts[i].insn;

		if (insn->code != BPFL_CODE_CALL || bpfl_insn_src(insn) != 0 || insn->imm <= 0 ||
		    insn->imm >= (int32_t)HELPERS_MAX || prog->insts[i].ref_idx != BPFL_NO_IDX) {
			continue;
		}
		struct helper_use *use = &uses[insn->imm];
		if (!use->used || (reached[i] && !use->reached)) {
			use->prog = prog;
			use->insn_idx = i;
		}
		use->used = true;
		use->reached = use->reached || reached[i];
	}
}

/* A weak function may be absent, but not where a path leads to a call of it. */
static int kfuncs_mark(struct bpfl_checking *checking, const struct bpfl_image_prog *prog, const bool *reached)
{
	const struct bpfl_spec *spec = checking->spec;

	for (uint32_t i = 0; i < prog->nr_insts; i++) {
		int32_t ref_idx = prog->insts[i].ref_idx;

		if (!reached[i] || prog->insts[i].insn.code != BPFL_CODE_CALL || ref_idx == BPFL_NO_IDX ||
		    spec->refs.items[ref_idx].kind != BPFL_REF_EXTERN) {
			continue;
		}
		const struct bpfl_extern *ext = &spec->externs.items[spec->refs.items[ref_idx].target_idx];

		for (size_t k = 0; k < checking->check->items.nr; k++) {
			struct bpfl_check_item *item = &checking->check->items.items[k];

			if (item->kind != BPFL_CHECK_KFUNC || item->needed || item->status != BPFL_CHECK_MISSING ||
			    strcmp(item->name, ext->name) != 0) {
				continue;
			}
			item->needed = true;
			item->insn_idx = i;
			if (bpfl_check_set_prog(checking, item, prog) < 0) {
				return -ENOMEM;
			}
		}
	}
	return 0;
}

static int helpers_add(struct bpfl_checking *checking, const struct helper_use *uses,
		       struct bpfl_error *err)
{
	char name[64];

	for (uint32_t helper = 1; helper < HELPERS_MAX; helper++) {
		const char *short_name = bpfl_helper_name(helper);

		if (!uses[helper].used) {
			continue;
		}
		snprintf(name, sizeof(name), "bpf_%s", short_name ? short_name : "?");
		struct bpfl_check_item *item = bpfl_check_interface_add(
			checking, BPFL_CHECK_HELPER, short_name ? name : NULL, "bpf_func_id",
			helper, bpfl_helper_since(helper));
		if (!item || bpfl_check_set_prog(checking, item, uses[helper].prog) < 0) {
			return bpfl_error_nomem(err);
		}
		item->insn_idx = uses[helper].insn_idx;
		item->guarded = !uses[helper].reached;
		item->needed = uses[helper].reached;
	}
	return 0;
}

/* Relocations and helpers: everything that an instruction needs. */
static int instructions_add(struct bpfl_checking *checking, struct bpfl_error *err)
{
	struct helper_use *uses = calloc(HELPERS_MAX, sizeof(*uses));
	int result = uses ? 0 : bpfl_error_nomem(err);

	for (size_t i = 0; i < checking->image->nr_progs && result == 0; i++) {
		const struct bpfl_image_prog *prog = &checking->image->progs[i];
		bool *reached = calloc(prog->nr_insts + 1u, sizeof(*reached));

		if (!reached || bpfl_check_reach(checking, prog, reached) < 0) {
			result = bpfl_error_nomem(err);
		} else {
			helpers_mark(prog, reached, uses);
			result = kfuncs_mark(checking, prog, reached) < 0 ? bpfl_error_nomem(err) : 0;
		}
		if (result == 0) {
			result = relocations_add(checking, prog, reached, err);
		}
		free(reached);
	}
	if (result == 0) {
		result = helpers_add(checking, uses, err);
	}
	free(uses);
	return result;
}

/* ---- the order of things ---- */

/* A map size that is left open is no matter of the kernel: it is noted, and the check goes on. */
static int maps_resolve(struct bpfl_checking *checking, struct bpfl_error *err)
{
	struct bpfl_error open = BPFL_ERROR_INIT;
	int result =
		bpfl_image_maps_resolve(checking->image, checking->target, checking->log, &open);

	if (result == 0) {
		return 0;
	}
	if (open.kind != BPFL_ERR_USAGE) {
		if (err) {
			bpfl_error_clear(err);
			*err = open; /* with what it owns */
		} else {
			bpfl_error_clear(&open);
		}
		return result;
	}
	for (char *end = strchr(open.fix, '\n'); end; end = strchr(end, '\n')) {
		*end = ' '; /* one option a line */
	}
	struct bpfl_check_item *item = bpfl_check_add(checking, BPFL_CHECK_MAP_SIZE,
						      BPFL_CHECK_OPEN, open.message, open.fix);
	bpfl_error_clear(&open);
	return item ? 0 : bpfl_error_nomem(err);
}

static int kind_compare(const void *a, const void *b)
{
	const struct bpfl_check_item *x = a, *y = b;
	int order;

	if (x->kind != y->kind) {
		return x->kind < y->kind ? -1 : 1;
	}
	order = strcmp(x->prog, y->prog);
	if (order != 0) {
		return order;
	}
	return x->insn_idx != y->insn_idx ? (x->insn_idx < y->insn_idx ? -1 : 1) :
					    strcmp(x->name, y->name);
}

static int checking_run(struct bpfl_checking *checking, struct bpfl_error *err)
{
	int result = bpfl_image_begin(checking->spec, &checking->image, err);

	if (result == 0) {
		result = bpfl_check_struct_ops(checking, err);
	}
	if (result == 0) {
		result = bpfl_image_flatten(checking->image, err);
	}
	if (result == 0) {
		result = bpfl_image_maps_mark(checking->image, err);
	}
	if (result == 0) {
		result = maps_resolve(checking, err);
	}
	if (result == 0) {
		result = bpfl_core_apply(checking->spec, checking->target, checking->image,
					 checking->log, err);
	}
	if (result == 0) {
		result = bpfl_check_externs(checking, err);
	}
	if (result == 0) {
		result = instructions_add(checking, err);
	}
	if (result == 0) {
		result = bpfl_check_types(checking, err);
	}
	if (result == 0) {
		result = bpfl_check_hooks(checking, err);
	}
	/* Files that were named have to be what they are taken for, also when this object can do without. */
	if (result == 0 && checking->target->btf_path) {
		const struct bpfl_modules *modules;

		result = bpfl_target_modules(checking->target, &modules, err);
	}
	if (result == 0) {
		bpfl_check_since(checking);
		if (checking->check->items.nr > 0) {
			qsort(checking->check->items.items, checking->check->items.nr,
			      sizeof(*checking->check->items.items), kind_compare);
		}
	}
	return result;
}

int bpfl_check_run(const struct bpfl_spec *spec, struct bpfl_target *target,
		   const struct bpfl_log *log, struct bpfl_check **ret_check,
		   struct bpfl_error *err)
{
	struct bpfl_checking checking = { .spec = spec, .target = target, .log = log };
	int result = -ENOMEM;

	checking.check = calloc(1, sizeof(*checking.check));
	checking.externs = calloc(spec->externs.nr + 1, sizeof(*checking.externs));
	if (!checking.check || !checking.externs) {
		bpfl_error_nomem(err);
	} else {
		result = checking_run(&checking, err);
	}
	if (result < 0 && result != -ENOMEM) {
		bpfl_spec_error_prefix(spec, err);
	}
	bpfl_image_destroy(checking.image);
	free(checking.kconfig_known);
	free(checking.kconfig);
	free(checking.externs);
	if (result < 0) {
		bpfl_check_destroy(checking.check);
		return result;
	}
	*ret_check = checking.check;
	return 0;
}

/* ---- looking ---- */

static void verdict_raise(enum bpfl_check_verdict *verdict, enum bpfl_check_verdict at_least)
{
	*verdict = *verdict < at_least ? at_least : *verdict;
}

void bpfl_check_get(const struct bpfl_check *check, struct bpfl_check_view *ret_view)
{
	memset(ret_view, 0, sizeof(*ret_view));
	ret_view->since = check->since;
	ret_view->capabilities = check->capabilities;
	for (size_t i = 0; i < check->items.nr; i++) {
		const struct bpfl_check_item *item = &check->items.items[i];
		enum bpfl_check_verdict verdict = BPFL_CHECK_FITS;

		if (item->kind == BPFL_CHECK_RELOCATION) {
			ret_view->nr_relocations[item->status]++;
			ret_view->nr_guarded += item->status == BPFL_CHECK_MISSING && item->guarded;
		}
		ret_view->nr_open += item->status == BPFL_CHECK_OPEN;
		if (item->needed && item->status == BPFL_CHECK_MISSING) {
			ret_view->nr_lacking++;
			verdict = BPFL_CHECK_LACKS;
		} else if (item->needed && item->status == BPFL_CHECK_UNKNOWN) {
			ret_view->nr_unknown++;
			verdict = BPFL_CHECK_UNSURE;
		}
		verdict_raise(&ret_view->verdict, verdict);
		if (item->at_load) {
			verdict_raise(&ret_view->loads, verdict);
		}
	}
}

const struct bpfl_check_item *bpfl_check_item(const struct bpfl_check *check, size_t idx)
{
	return idx < check->items.nr ? &check->items.items[idx] : NULL;
}
