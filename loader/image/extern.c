/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/extern: what a program takes from the kernel by name.
 *
 *   extern int CONFIG_HZ __kconfig;         a value of the configuration: an address in the
 *                                           .kconfig map
 *   extern const void init_mm __ksym;       no type: the symbol's address, as a number
 *   extern struct rq runqueues __ksym;      a type: the BTF id of the kernel's variable, whose
 *                                           address the verifier fills in
 *   void bpf_rcu_read_lock(void) __ksym;    a kernel function: a call of its BTF id, or the id
 *                                           itself where its address is tested
 *
 * In: flat programs with BPFL_REF_EXTERN references. Out: the same programs, patched. Two passes:
 * first each extern that any program refers to is resolved once, then the instructions are written.
 *
 * A weak extern that the kernel does not have becomes 0 where it is an address, so that the
 * verifier sees the branch behind "if (&x)" as dead, and a call of it becomes a call of a function
 * that cannot exist, which is harmless in that branch. A variable of another type is an error even
 * when weak, a function of another type counts as missing (G-18): functions are what programs probe
 * for, variables are not.
 */
#include "image/extern.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "image/core.h"
#include "image/modules.h"

/* What became of one extern. */
struct resolved {
	bool present;
	uint64_t addr;       /* KSYM_TYPELESS */
	uint32_t btf_id;     /* KSYM_VAR, KFUNC */
	uint32_t module_idx; /* in image->module_btf_ids; 0 vmlinux */
};

struct resolving {
	const struct bpfl_spec *spec;
	struct bpfl_image *image;
	struct bpfl_target *target;
	const struct bpfl_log *log;
	struct resolved *items; /* by extern */
	char **texts;           /* by extern: a sentence about what it became; owned */
	bool *used;             /* by extern, for kconfig.c */
	bool *absent;           /* by extern, from kconfig.c */
	uint32_t kconfig_map_idx;
};

/* The extern that an instruction refers to, or BPFL_NO_IDX. */
static int32_t extern_of(const struct bpfl_spec *spec, const struct bpfl_inst *inst)
{
	if (inst->ref_idx == BPFL_NO_IDX ||
	    spec->refs.items[inst->ref_idx].kind != BPFL_REF_EXTERN) {
		return BPFL_NO_IDX;
	}
	return (int32_t)spec->refs.items[inst->ref_idx].target_idx;
}

static bool extern_is_typed(const struct bpfl_extern *ext)
{
	return ext->kind == BPFL_EXTERN_KSYM_VAR || ext->kind == BPFL_EXTERN_KFUNC;
}

static struct bpfl_core_name essential_name(const struct bpfl_extern *ext)
{
	struct bpfl_core_name name = {
		.text = ext->name,
		.size = bpfl_core_name_size(ext->name, strlen(ext->name)),
		.kinds = BPFL_BTF_KIND_BIT(ext->kind == BPFL_EXTERN_KFUNC ? BPFL_KIND_FUNC : BPFL_KIND_VAR),
	};

	return name;
}

void bpfl_extern_names_deinit(struct bpfl_extern_names *names)
{
	for (size_t i = 0; i < names->owned.nr; i++) {
		free(names->owned.items[i]);
	}
	free(names->owned.items);
	free(names->items);
}

int bpfl_extern_names_collect(const struct bpfl_image *image, struct bpfl_extern_names *names,
			      struct bpfl_error *err)
{
	const struct bpfl_spec *spec = image->spec;
	bool *seen = calloc(spec->externs.nr + 1, sizeof(*seen));

	if (!seen) {
		return bpfl_error_nomem(err);
	}
	for (size_t p = 0; p < image->nr_progs; p++) {
		for (uint32_t i = 0; i < image->progs[p].nr_insts; i++) {
			int32_t idx = extern_of(spec, &image->progs[p].insts[i]);

			if (idx == BPFL_NO_IDX || seen[idx] ||
			    !extern_is_typed(&spec->externs.items[idx])) {
				continue;
			}
			seen[idx] = true;
			struct bpfl_core_name *name = BPFL_VEC_PUSH(names);
			if (!name) {
				free(seen);
				return bpfl_error_nomem(err);
			}
			*name = essential_name(&spec->externs.items[idx]);
		}
	}
	free(seen);
	return 0;
}

/* ---- resolving: words ---- */

static int text_keep(struct resolving *res, uint32_t idx, struct bpfl_error *err, const char *fmt,
		     ...) BPFL_PRINTF(4, 5);
static int text_keep(struct resolving *res, uint32_t idx, struct bpfl_error *err, const char *fmt,
		     ...)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	va_list args;

	bpfl_buf_printf(&text, "%s: ", BPFL_ESC(res->spec->externs.items[idx].name));
	va_start(args, fmt);
	bpfl_buf_vprintf(&text, fmt, args);
	va_end(args);
	if (!bpfl_buf_ok(&text)) {
		bpfl_buf_deinit(&text);
		return bpfl_error_nomem(err);
	}
	res->texts[idx] = bpfl_buf_take(&text);
	return 0;
}

/*
 * A strong extern that the kernel does not have (E18), or a weak one, which is only worth a word. is_other: it
 * has one of that name, but made otherwise.
 */
static int extern_missing(struct resolving *res, uint32_t idx, const char *what, bool is_other,
			  struct bpfl_error *err)
{
	const struct bpfl_extern *ext = &res->spec->externs.items[idx];
	struct bpfl_buf kernel = BPFL_BUF_INIT;

	if (ext->weak) {
		return text_keep(res, idx, err, "%s, and weak", what);
	}
	bpfl_core_kernel_text(res->target, &kernel);
	int result = bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, ESRCH, "extern '%s': %s in %s",
				    BPFL_ESC(ext->name), what,
				    kernel.data ? kernel.data : "the kernel");
	bpfl_buf_deinit(&kernel);
	bpfl_error_catalogue(err, 18);
	if (ext->kind == BPFL_EXTERN_KFUNC) {
		if (is_other) {
			bpfl_error_fix(err, "declare it as that kernel does: bpfload btf find %.*s",
				       (int)essential_name(ext).size, BPFL_ESC(ext->name));
		} else {
			bpfl_error_fix(err, "if it comes with a module, load the module first");
		}
		bpfl_error_fix(err, "declare it __weak and call it only after bpf_ksym_exists(%s)",
			       BPFL_ESC(ext->name));
	} else {
		bpfl_error_fix(err, "declare it __weak and use it only after if (&%s)",
			       BPFL_ESC(ext->name));
	}
	return result;
}

/* ---- resolving: by kind ---- */

static int typeless_resolve(struct resolving *res, struct bpfl_error *err)
{
	size_t nr_externs = res->spec->externs.nr, nr_syms = 0;
	bool any_strong = false;
	int result = 0;

	struct bpfl_ksym *syms = calloc(nr_externs + 1, sizeof(*syms));
	uint32_t *extern_of_sym = calloc(nr_externs + 1, sizeof(*extern_of_sym));
	if (!syms || !extern_of_sym) {
		result = bpfl_error_nomem(err);
		goto out;
	}
	for (uint32_t i = 0; i < nr_externs; i++) {
		const struct bpfl_extern *ext = &res->spec->externs.items[i];

		if (ext->kind == BPFL_EXTERN_KSYM_TYPELESS && res->used[i]) {
			syms[nr_syms].name = ext->name;
			extern_of_sym[nr_syms++] = i;
			any_strong = any_strong || !ext->weak;
		}
	}
	result = bpfl_ksyms_find(res->target, syms, nr_syms, err);
	if (result == -ENOENT && !any_strong) {
		bpfl_error_clear(err); /* no symbol table, and nobody insists */
		result = 0;
	}
	for (size_t i = 0; i < nr_syms && result == 0; i++) {
		uint32_t idx = extern_of_sym[i];

		res->items[idx].present = syms[i].found;
		res->items[idx].addr = syms[i].addr;
		result = syms[i].found
				 ? text_keep(res, idx, err, "address 0x%" PRIx64, syms[i].addr)
				 : extern_missing(res, idx, "there is no such symbol", false, err);
	}
out:
	free(extern_of_sym);
	free(syms);
	return result;
}

/* The kernel's type of that kind whose whole name is the extern's essential one, and of which
 * module it is; 0 when there is none. */
static uint32_t typed_find(struct resolving *res, const struct bpfl_extern *ext,
			   uint32_t *ret_module)
{
	struct bpfl_core_name name = essential_name(ext);
	enum bpfl_btf_kind kind = ext->kind == BPFL_EXTERN_KFUNC ? BPFL_KIND_FUNC : BPFL_KIND_VAR;
	size_t nr_ids;
	const uint32_t *ids = bpfl_core_names_get(res->target, name.text, name.size, &nr_ids);

	for (size_t i = 0; i < nr_ids; i++) {
		uint32_t module = bpfl_core_names_module(res->target, name.text, name.size, i);
		const struct bpfl_btf *btf = bpfl_target_btf_of(res->target, module);
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, ids[i]);

		if (type && bpfl_btf_kind(type) == kind &&
		    strlen(bpfl_btf_string(btf, type->name_off)) == name.size) {
			*ret_module = module;
			return ids[i];
		}
	}
	return 0;
}

static int type_mismatch_error(struct resolving *res, const struct bpfl_btf *kernel,
			       uint32_t kernel_type_id, const struct bpfl_extern *ext,
			       struct bpfl_error *err)
{
	struct bpfl_buf ours = BPFL_BUF_INIT, theirs = BPFL_BUF_INIT;

	bpfl_core_type_text(res->spec->btf, ext->type_id, &ours);
	bpfl_core_type_text(kernel, kernel_type_id, &theirs);
	int result = bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EINVAL,
				    "extern '%s': declared as '%s', but the kernel has '%s'",
				    BPFL_ESC(ext->name), ours.data ? ours.data : "?",
				    theirs.data ? theirs.data : "?");
	bpfl_buf_deinit(&ours);
	bpfl_buf_deinit(&theirs);
	return result;
}

/* Notes where a typed extern is. */
static int present_note(struct resolving *res, uint32_t idx, uint32_t module, struct bpfl_error *err)
{
	int module_idx = bpfl_image_module(res->image, res->target, module);
	char where[128];

	if (module_idx < 0) {
		return bpfl_error_nomem(err);
	}
	res->items[idx].module_idx = (uint32_t)module_idx;
	if (module == 0) {
		return text_keep(res, idx, err, "kernel BTF id %" PRIu32, res->items[idx].btf_id);
	}
	return text_keep(res, idx, err, "BTF id %" PRIu32 " of %s", res->items[idx].btf_id,
			 bpfl_target_module_text(res->target, module, where, sizeof(where)));
}

static int typed_resolve(struct resolving *res, const struct bpfl_btf *kernel, uint32_t idx,
			 struct bpfl_error *err)
{
	const struct bpfl_extern *ext = &res->spec->externs.items[idx];
	uint32_t module = 0;
	uint32_t btf_id = kernel ? typed_find(res, ext, &module) : 0;

	if (btf_id == 0) {
		return extern_missing(res, idx,
				      ext->kind == BPFL_EXTERN_KFUNC
					      ? "there is no such function for BPF programs"
					      : "there is no such variable in the BTF",
				      false, err);
	}
	kernel = bpfl_target_btf_of(res->target, module);
	uint32_t kernel_type_id = bpfl_btf_type(kernel, btf_id)->type;
	int compatible = bpfl_core_types_compatible(res->spec->btf, ext->type_id, kernel,
						    kernel_type_id);
	if (compatible < 0) {
		return bpfl_error_set(err, BPFL_ERR_OBJECT, -compatible,
				      "extern '%s': its type is nested too deeply",
				      BPFL_ESC(ext->name));
	}
	if (compatible == 0 && ext->kind == BPFL_EXTERN_KFUNC) {
		return extern_missing(res, idx, "the function has other parameters", true, err);
	}
	if (compatible == 0) {
		return type_mismatch_error(res, kernel, kernel_type_id, ext, err);
	}
	res->items[idx].present = true;
	res->items[idx].btf_id = btf_id;
	return present_note(res, idx, module, err);
}

/* All typed externs: in the kernel's BTF, and what that does not have in its modules' (EXT-08,
 * EXT-09). */
static int typed_resolve_all(struct resolving *res, struct bpfl_error *err)
{
	struct bpfl_extern_names names = { .items = NULL };
	const struct bpfl_btf *kernel = NULL;
	bool any_strong = false;
	int result = bpfl_extern_names_collect(res->image, &names, err);

	if (result == 0 && names.nr > 0) {
		result = bpfl_attach_names_collect(res->image, &names, err);
	}
	if (result < 0 || names.nr == 0) {
		bpfl_extern_names_deinit(&names);
		return result;
	}
	result = bpfl_core_names_prepare(res->target, names.items, names.nr, err);
	if (result == 0) {
		result = bpfl_target_btf(res->target, &kernel, err);
	}
	if (result == 0) {
		result = bpfl_core_names_in_modules(res->target, names.items, names.nr, err);
	}
	bpfl_extern_names_deinit(&names);
	for (size_t i = 0; i < res->spec->externs.nr; i++) {
		any_strong = any_strong ||
			     (res->used[i] && extern_is_typed(&res->spec->externs.items[i]) &&
			      !res->spec->externs.items[i].weak);
	}
	if (result == -ENOENT && !any_strong) {
		bpfl_error_clear(
			err); /* a kernel without BTF has none of them, and nobody insists */
		result = 0;
	}
	for (uint32_t i = 0; i < res->spec->externs.nr && result == 0; i++) {
		if (res->used[i] && extern_is_typed(&res->spec->externs.items[i])) {
			result = typed_resolve(res, kernel, i, err);
		}
	}
	return result;
}

static int kconfig_resolve(struct resolving *res, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = res->spec;
	bool any = false;

	for (size_t i = 0; i < spec->externs.nr; i++) {
		any = any || (res->used[i] && spec->externs.items[i].kind == BPFL_EXTERN_KCONFIG);
	}
	if (!any) {
		return 0;
	}
	while (res->kconfig_map_idx < spec->maps.nr &&
	       spec->maps.items[res->kconfig_map_idx].origin != BPFL_MAP_KCONFIG) {
		res->kconfig_map_idx++;
	}
	if (res->kconfig_map_idx == spec->maps.nr) {
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
				      "there are kconfig externs, but no map for their values");
	}
	struct bpfl_image_map *map = &res->image->maps[res->kconfig_map_idx];
	uint32_t data_size = spec->maps.items[res->kconfig_map_idx].value_size;

	free(map->own_data);
	map->own_data = calloc(1, data_size ? data_size : 1);
	if (!map->own_data) {
		return bpfl_error_nomem(err);
	}
	map->data = map->own_data;
	map->data_size = data_size;
	map->needed = true;
	return bpfl_kconfig_fill(spec, res->target, res->used, map->own_data, data_size, res->log,
				 res->texts, res->absent, err);
}

/* ---- writing instructions ---- */

static int fixup_add(struct bpfl_image_prog *prog, uint32_t insn_idx, enum bpfl_fixup_kind kind,
		     uint32_t idx)
{
	struct bpfl_fixup *fixup = BPFL_VEC_PUSH(&prog->fixups);

	if (!fixup) {
		return -ENOMEM;
	}
	fixup->insn_idx = insn_idx;
	fixup->kind = kind;
	fixup->idx = idx;
	return 0;
}

static void imm64_write(struct bpfl_inst *insts, uint32_t i, unsigned pseudo, uint32_t low,
			uint32_t high)
{
	insts[i].insn.regs = bpfl_insn_regs(bpfl_insn_dst(&insts[i].insn), pseudo);
	insts[i].insn.imm = (int32_t)low;
	insts[i + 1].insn.imm = (int32_t)high;
}

static int address_write(struct resolving *res, struct bpfl_image_prog *prog, uint32_t i,
			 uint32_t idx)
{
	const struct bpfl_extern *ext = &res->spec->externs.items[idx];
	const struct resolved *found = &res->items[idx];

	if (ext->kind == BPFL_EXTERN_KCONFIG) {
		imm64_write(prog->insts, i, BPFL_PSEUDO_MAP_VALUE, 0, ext->byte_off);
		return fixup_add(prog, i, BPFL_FIXUP_MAP_VALUE, res->kconfig_map_idx);
	}
	if (!found->present) {
		imm64_write(prog->insts, i, 0, 0, 0);
		return 0;
	}
	if (ext->kind == BPFL_EXTERN_KSYM_TYPELESS) {
		imm64_write(prog->insts, i, 0, (uint32_t)found->addr,
			    (uint32_t)(found->addr >> 32));
		return 0;
	}
	imm64_write(prog->insts, i, BPFL_PSEUDO_BTF_ID, found->btf_id, 0);
	return found->module_idx ? fixup_add(prog, i, BPFL_FIXUP_BTF_FD, found->module_idx) : 0;
}

static int call_write(struct resolving *res, struct bpfl_insn *insn, uint32_t idx,
		      struct bpfl_error *err)
{
	const struct bpfl_extern *ext = &res->spec->externs.items[idx];
	const struct resolved *found = &res->items[idx];

	if (ext->kind != BPFL_EXTERN_KFUNC) {
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
				      "extern '%s' is called, but it is no function",
				      BPFL_ESC(ext->name));
	}
	if (!found->present) {
		*insn = bpfl_insn_make(BPFL_CODE_CALL, 0, 0, 0,
				       (int32_t)(BPFL_POISON_KFUNC_BASE + idx));
		return 0;
	}
	/* off is an index into fd_array, where 0 stands for vmlinux and modules begin at 1 (G-17).
	 */
	if (found->module_idx > INT16_MAX) {
		return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, E2BIG,
				      "functions of more than %d modules", INT16_MAX);
	}
	*insn = bpfl_insn_make(BPFL_CODE_CALL, 0, BPFL_PSEUDO_KFUNC_CALL,
			       (int16_t)found->module_idx, (int32_t)found->btf_id);
	return 0;
}

static int result_add(struct resolving *res, struct bpfl_image_prog *prog, uint32_t i, uint32_t idx,
		      bool is_call)
{
	const struct bpfl_extern *ext = &res->spec->externs.items[idx];
	char *text = bpfl_strdup(res->texts[idx]);
	struct bpfl_core_result *item = text ? BPFL_VEC_PUSH(&prog->core_results) : NULL;

	if (!item) {
		free(text);
		return -ENOMEM;
	}
	item->insn_idx = i;
	item->poisoned = is_call && ext->kind == BPFL_EXTERN_KFUNC && !res->items[idx].present;
	item->core_idx = BPFL_CORE_RESULT_EXTERN;
	item->absent = ext->kind == BPFL_EXTERN_KCONFIG ? res->absent[idx]
							: !res->items[idx].present;
	item->text = text;
	return 0;
}

static int inst_write(struct resolving *res, struct bpfl_image_prog *prog, uint32_t i, uint32_t idx,
		      struct bpfl_error *err)
{
	struct bpfl_insn *insn = &prog->insts[i].insn;
	bool is_call = insn->code == BPFL_CODE_CALL;
	int result;

	if (is_call) {
		result = call_write(res, insn, idx, err);
	} else if (bpfl_insn_is_ld_imm64(insn) && i + 1 < prog->nr_insts) {
		result = address_write(res, prog, i, idx);
	} else {
		return bpfl_error_set(
			err, BPFL_ERR_OBJECT, EINVAL,
			"extern '%s' in an instruction with opcode 0x%02x: expected a call or ld_imm64",
			BPFL_ESC(res->spec->externs.items[idx].name), insn->code);
	}
	if (result == 0) {
		result = result_add(res, prog, i, idx, is_call);
	}
	return result == -ENOMEM ? bpfl_error_nomem(err) : result;
}

static int prog_write(struct resolving *res, uint32_t prog_nr, struct bpfl_error *err)
{
	struct bpfl_image_prog *prog = &res->image->progs[prog_nr];

	for (uint32_t i = 0; i < prog->nr_insts; i++) {
		int32_t idx = extern_of(res->spec, &prog->insts[i]);

		if (idx == BPFL_NO_IDX) {
			continue;
		}
		int result = inst_write(res, prog, i, (uint32_t)idx, err);
		if (result < 0) {
			struct bpfl_core_user user = { prog_nr, i };

			bpfl_core_prefix_user(res->spec, res->image, user, err);
			return result;
		}
	}
	return 0;
}

/* ---- all of it ---- */

/* Marks the externs in use. Their number. */
static size_t used_mark(struct resolving *res)
{
	size_t nr_used = 0;

	for (size_t p = 0; p < res->image->nr_progs; p++) {
		for (uint32_t i = 0; i < res->image->progs[p].nr_insts; i++) {
			int32_t idx = extern_of(res->spec, &res->image->progs[p].insts[i]);

			if (idx != BPFL_NO_IDX && !res->used[idx]) {
				res->used[idx] = true;
				nr_used++;
			}
		}
	}
	return nr_used;
}

static int resolve_and_write(struct resolving *res, struct bpfl_error *err)
{
	int result = kconfig_resolve(res, err);

	if (result == 0) {
		result = typeless_resolve(res, err);
	}
	if (result == 0) {
		result = typed_resolve_all(res, err);
	}
	for (size_t i = 0; i < res->spec->externs.nr && result == 0; i++) {
		if (res->texts[i]) {
			bpfl_log_line(res->log, BPFL_LOG_DEBUG, "extern %s", res->texts[i]);
		}
	}
	for (uint32_t i = 0; i < res->image->nr_progs && result == 0; i++) {
		result = prog_write(res, i, err);
	}
	return result;
}

int bpfl_extern_resolve(const struct bpfl_spec *spec, struct bpfl_target *target,
			struct bpfl_image *image, const struct bpfl_log *log,
			struct bpfl_error *err)
{
	struct resolving res = { .spec = spec, .image = image, .target = target, .log = log };
	size_t nr_externs = spec->externs.nr;
	int result = 0;

	if (nr_externs == 0) {
		return 0;
	}
	res.items = calloc(nr_externs, sizeof(*res.items));
	res.texts = calloc(nr_externs, sizeof(*res.texts));
	res.used = calloc(nr_externs, sizeof(*res.used));
	res.absent = calloc(nr_externs, sizeof(*res.absent));
	if (!res.items || !res.texts || !res.used || !res.absent) {
		result = bpfl_error_nomem(err);
	} else if (used_mark(&res) > 0) {
		result = resolve_and_write(&res, err);
	}
	for (size_t i = 0; i < nr_externs && res.texts; i++) {
		free(res.texts[i]);
	}
	free(res.texts);
	free(res.absent);
	free(res.used);
	free(res.items);
	return result;
}
