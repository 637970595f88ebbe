/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/check_extern: what each extern of an object becomes on a kernel.
 *
 * bpfl_extern_resolve() resolves all externs of an image and stops at the first that it must
 * refuse. Here it is given images of the check's own making: one program that does nothing but load
 * the address of each extern that the real programs refer to. If they do not all resolve, each gets
 * an image of its own, and the error of one says nothing about the next.
 *
 * Not known is not the same as not there: a kernel described by its BTF alone has no symbol table
 * and no configuration to look into.
 */
#include "image/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/text.h"
#include "image/core.h"
#include "image/core_match.h"
#include "image/extern.h"

static enum bpfl_check_kind kind_of(const struct bpfl_extern *ext)
{
	switch (ext->kind) {
	case BPFL_EXTERN_KCONFIG: return BPFL_CHECK_KCONFIG;
	case BPFL_EXTERN_KFUNC: return BPFL_CHECK_KFUNC;
	default: return BPFL_CHECK_KSYM;
	}
}

/* The reference that the programs use for each extern; BPFL_NO_IDX where none uses it. */
static void refs_find(const struct bpfl_checking *checking, int32_t *ref_of)
{
	const struct bpfl_spec *spec = checking->spec;

	for (size_t i = 0; i < spec->externs.nr; i++) {
		ref_of[i] = BPFL_NO_IDX;
	}
	for (size_t p = 0; p < checking->image->nr_progs; p++) {
		const struct bpfl_image_prog *prog = &checking->image->progs[p];

		for (uint32_t i = 0; i < prog->nr_insts; i++) {
			int32_t ref_idx = prog->insts[i].ref_idx;

			if (ref_idx != BPFL_NO_IDX &&
			    spec->refs.items[ref_idx].kind == BPFL_REF_EXTERN) {
				ref_of[spec->refs.items[ref_idx].target_idx] = ref_idx;
			}
		}
	}
}

/*
 * Values that come from the kernel's version, which a BTF does not tell. Of wrappers of system calls a BTF can
 * tell that they are there, not that they are not: then it may be one without functions.
 */
static bool is_made_of_version(const struct bpfl_extern *ext)
{
	return ext->kind == BPFL_EXTERN_KCONFIG &&
	       (strcmp(ext->name, "LINUX_KERNEL_VERSION") == 0 ||
		strcmp(ext->name, "LINUX_HAS_SYSCALL_WRAPPER") == 0);
}

static bool value_is_zero(const struct bpfl_image *image, const struct bpfl_extern *ext)
{
	const struct bpfl_spec *spec = image->spec;
	uint64_t value = 0;

	for (size_t i = 0; i < spec->maps.nr; i++) {
		if (spec->maps.items[i].origin == BPFL_MAP_KCONFIG && image->maps[i].own_data &&
		    ext->size_bytes <= sizeof(value) &&
		    bpfl_in_range(ext->byte_off, ext->size_bytes, spec->maps.items[i].value_size)) {
			memcpy(&value, image->maps[i].own_data + ext->byte_off, ext->size_bytes);
		}
	}
	return value == 0;
}

/* ---- asking ---- */

/* Loads of the addresses of these externs: ld_imm64 each. */
static struct bpfl_inst *loads_make(const int32_t *refs, size_t nr_refs)
{
	struct bpfl_inst *insts = calloc(2 * nr_refs, sizeof(*insts));

	for (size_t i = 0; insts && i < nr_refs; i++) {
		for (size_t half = 0; half < 2; half++) {
			struct bpfl_inst *inst = &insts[2 * i + half];

			inst->insn.code = half == 0 ? BPFL_CODE_LD_IMM64 : 0;
			inst->ref_idx = half == 0 ? refs[i] : BPFL_NO_IDX;
			inst->core_idx = BPFL_NO_IDX;
			inst->line_idx = BPFL_NO_IDX;
		}
	}
	return insts;
}

/* Keeps what the configuration gave to an extern. */
static void kconfig_keep(struct bpfl_checking *checking, const struct bpfl_image *image,
			 const struct bpfl_extern *ext)
{
	const struct bpfl_spec *spec = checking->spec;

	for (size_t i = 0; i < spec->maps.nr; i++) {
		if (spec->maps.items[i].origin != BPFL_MAP_KCONFIG || !image->maps[i].own_data ||
		    ext->byte_off > checking->kconfig_size ||
		    ext->size_bytes > checking->kconfig_size - ext->byte_off) {
			continue;
		}
		memcpy(checking->kconfig + ext->byte_off, image->maps[i].own_data + ext->byte_off,
		       ext->size_bytes);
		memset(checking->kconfig_known + ext->byte_off, true, ext->size_bytes);
	}
}

static int item_add(struct bpfl_checking *checking, uint32_t extern_idx,
		    enum bpfl_check_presence presence, const char *text, struct bpfl_error *err)
{
	static const enum bpfl_check_status statuses[] = {
		[BPFL_PRESENCE_UNKNOWN] = BPFL_CHECK_UNKNOWN,
		[BPFL_PRESENCE_ABSENT] = BPFL_CHECK_MISSING,
		[BPFL_PRESENCE_PRESENT] = BPFL_CHECK_OK,
	};
	const struct bpfl_extern *ext = &checking->spec->externs.items[extern_idx];
	struct bpfl_check_item *item =
		bpfl_check_add(checking, kind_of(ext), statuses[presence], ext->name, text);

	if (!item) {
		return bpfl_error_nomem(err);
	}
	item->needed = !ext->weak;
	checking->externs[extern_idx] = presence;
	return 0;
}

/* All of them resolved: one result each, in order. */
static int results_take(struct bpfl_checking *checking, const struct bpfl_image *image,
			struct bpfl_error *err)
{
	const struct bpfl_image_prog *prog = &image->progs[0];
	int result = 0;

	for (size_t i = 0; i < prog->core_results.nr && result == 0; i++) {
		const struct bpfl_core_result *found = &prog->core_results.items[i];
		int32_t ref_idx = prog->insts[found->insn_idx].ref_idx;
		uint32_t idx = checking->spec->refs.items[ref_idx].target_idx;
		const struct bpfl_extern *ext = &checking->spec->externs.items[idx];
		enum bpfl_check_presence presence =
			found->absent ? BPFL_PRESENCE_ABSENT : BPFL_PRESENCE_PRESENT;

		if (is_made_of_version(ext) && bpfl_target_kernel_version(checking->target) == 0 &&
		    value_is_zero(image, ext)) {
			presence = BPFL_PRESENCE_UNKNOWN;
		} else if (ext->kind == BPFL_EXTERN_KCONFIG) {
			kconfig_keep(checking, image, ext);
		}
		result = item_add(checking, idx, presence, found->text, err);
	}
	return result;
}

/* 0 when these resolve, with an item for each; else the resolver's error. */
static int ask(struct bpfl_checking *checking, const int32_t *refs, size_t nr_refs,
	       struct bpfl_error *err)
{
	const struct bpfl_spec *spec = checking->spec;
	struct bpfl_image image = { .spec = spec, .nr_progs = 1 };
	struct bpfl_image_prog prog = { .prog_idx = 0 };
	int result = -ENOMEM;

	image.progs = &prog;
	image.maps = calloc(spec->maps.nr + 1, sizeof(*image.maps));
	prog.insts = loads_make(refs, nr_refs);
	prog.nr_insts = (uint32_t)(2 * nr_refs);
	if (!image.maps || !prog.insts) {
		bpfl_error_nomem(err);
	} else {
		result = bpfl_extern_resolve(spec, checking->target, &image, checking->log, err);
	}
	if (result == 0) {
		result = results_take(checking, &image, err);
	}
	for (size_t i = 0; i < spec->maps.nr && image.maps; i++) {
		free(image.maps[i].own_data);
	}
	for (size_t i = 0; i < prog.core_results.nr; i++) {
		free(prog.core_results.items[i].text);
	}
	free(prog.core_results.items);
	free(prog.fixups.items);
	free(prog.insts);
	free(image.module_btf_ids.items);
	free(image.maps);
	return result;
}

/* ---- one that does not resolve ---- */

/* What a refusal says about the kernel. False when it is about the object. */
static bool presence_of(const struct bpfl_checking *checking, const struct bpfl_extern *ext,
			const struct bpfl_error *err, enum bpfl_check_presence *ret_presence)
{
	if (err->kind == BPFL_ERR_PERMISSION ||
	    err->kind == BPFL_ERR_SYSTEM) { /* hidden, unreadable */
		*ret_presence = BPFL_PRESENCE_UNKNOWN;
		return true;
	}
	if (err->kind != BPFL_ERR_UNSUPPORTED) {
		return false;
	}
	/* ENOENT: there is nothing to look into. The version of a described kernel is not in its
	 * BTF. */
	bool is_unknown =
		err->errnum == ENOENT ||
		(is_made_of_version(ext) && bpfl_target_kernel_version(checking->target) == 0);
	*ret_presence = is_unknown ? BPFL_PRESENCE_UNKNOWN : BPFL_PRESENCE_ABSENT;
	return true;
}

/* A refusal that is about all of them ("the kernel hides the addresses of its symbols") becomes one of this extern. */
static int refusal_add(struct bpfl_checking *checking, uint32_t extern_idx, enum bpfl_check_presence presence,
		       struct bpfl_error *refusal, struct bpfl_error *err)
{
	const char *name = BPFL_ESC(checking->spec->externs.items[extern_idx].name);

	if (!strstr(refusal->message, name)) {
		bpfl_error_prefix(refusal, "%s", name);
	}
	return item_add(checking, extern_idx, presence, refusal->message, err);
}

static int ask_one(struct bpfl_checking *checking, uint32_t extern_idx, int32_t ref,
		   struct bpfl_error *err)
{
	const struct bpfl_extern *ext = &checking->spec->externs.items[extern_idx];
	struct bpfl_error refusal = BPFL_ERROR_INIT;
	enum bpfl_check_presence presence;
	int result = ask(checking, &ref, 1, &refusal);

	if (result < 0 && result != -ENOMEM && presence_of(checking, ext, &refusal, &presence)) {
		result = refusal_add(checking, extern_idx, presence, &refusal, err);
	} else if (result < 0 && err) {
		bpfl_error_clear(err);
		*err = refusal;
		return result;
	}
	bpfl_error_clear(&refusal);
	return result;
}

/* A weak one resolves to zero where nothing can be looked up; that is no knowledge either. */
static void doubt(struct bpfl_checking *checking)
{
	const struct bpfl_target *target = checking->target;

	for (size_t i = 0; i < checking->check->items.nr; i++) {
		struct bpfl_check_item *item = &checking->check->items.items[i];
		bool no_config = item->kind == BPFL_CHECK_KCONFIG && !target->running &&
				 !target->kconfig_path;
		bool no_symbols = item->kind == BPFL_CHECK_KSYM && !target->running;

		for (uint32_t e = 0;
		     e < checking->spec->externs.nr && item->status == BPFL_CHECK_MISSING; e++) {
			const struct bpfl_extern *ext = &checking->spec->externs.items[e];

			if (kind_of(ext) != item->kind || strcmp(ext->name, item->name) != 0 ||
			    !(no_config ||
			      (no_symbols && ext->kind == BPFL_EXTERN_KSYM_TYPELESS))) {
				continue;
			}
			item->status = BPFL_CHECK_UNKNOWN;
			checking->externs[e] = BPFL_PRESENCE_UNKNOWN;
			if (ext->kind == BPFL_EXTERN_KCONFIG &&
			    ext->byte_off <= checking->kconfig_size &&
			    ext->size_bytes <= checking->kconfig_size - ext->byte_off) {
				memset(checking->kconfig_known + ext->byte_off, false,
				       ext->size_bytes);
			}
		}
	}
}

/* ---- what modules may have ---- */

/* Kernel functions for programs that mainline has in files which are usually built as modules. */
static const struct {
	const char *pattern, *module;
} module_kfuncs[] = {
	{ "bpf_ct_set_nat_info", "nf_nat" },	  { "bpf_ct_*", "nf_conntrack" },
	{ "bpf_skb_ct_*", "nf_conntrack" },	  { "bpf_xdp_ct_*", "nf_conntrack" },
	{ "bpf_xdp_flow_lookup", "nf_flow_table" }, { "bpf_skb_?et_fou_encap", "fou" },
	{ "bpf_skb_?et_xfrm_info", "xfrm_interface" }, { "hid_bpf_*", "hid" },
	{ "cubictcp_*", "tcp_cubic" },		  { "dctcp_*", "tcp_dctcp" },
	{ "bbr_*", "tcp_bbr" },
};

/* The module that would have a function; NULL: no function of a module, as far as is known here. */
static const char *module_of(const char *function)
{
	for (size_t i = 0; i < sizeof(module_kfuncs) / sizeof(module_kfuncs[0]); i++) {
		if (bpfl_text_glob(module_kfuncs[i].pattern, function)) {
			return module_kfuncs[i].module;
		}
	}
	return NULL;
}

static int maybe_in_module(struct bpfl_checking *checking, struct bpfl_check_item *item, const char *module)
{
	char name[256], text[512];

	snprintf(name, sizeof(name), "%.*s", (int)bpfl_core_name_size(item->name, strlen(item->name)), item->name);
	if (bpfl_check_named(checking, item->kind == BPFL_CHECK_KFUNC ? BPFL_KIND_FUNC : BPFL_KIND_VAR, name) !=
	    BPFL_PRESENCE_ABSENT) {
		return 0; /* it is there, and does not fit */
	}
	snprintf(text, sizeof(text), "%s: not in the BTF of the kernel itself; %s%s%s may have it (--module FILE)",
		 name, module ? "module '" : "a module", module ? module : "", module ? "'" : "");
	char *copy = bpfl_strdup(text);
	if (!copy) {
		return -ENOMEM;
	}
	free((char *)item->text);
	item->text = copy;
	item->status = BPFL_CHECK_UNKNOWN;
	return 0;
}

/*
 * Of a running kernel whose modules cannot be read nothing is known about what vmlinux does not have. A kernel
 * that is described by its BTF alone would leave every check open that way; of mainline's functions for
 * programs it is known which ones are in modules.
 */
static int modules_doubt(struct bpfl_checking *checking)
{
	int result = 0;

	for (size_t i = 0; i < checking->check->items.nr && result == 0; i++) {
		struct bpfl_check_item *item = &checking->check->items.items[i];
		const char *module = module_of(item->name);

		if (item->status != BPFL_CHECK_MISSING ||
		    (item->kind != BPFL_CHECK_KFUNC && item->kind != BPFL_CHECK_KSYM) ||
		    !(module || (checking->target->running && !checking->target->btf_path)) ||
		    !bpfl_check_modules_unknown(checking, false)) {
			continue;
		}
		result = maybe_in_module(checking, item, module);
		for (size_t e = 0; e < checking->spec->externs.nr; e++) {
			const struct bpfl_extern *ext = &checking->spec->externs.items[e];

			if (item->status == BPFL_CHECK_UNKNOWN && kind_of(ext) == item->kind &&
			    strcmp(ext->name, item->name) == 0) {
				checking->externs[e] = BPFL_PRESENCE_UNKNOWN;
			}
		}
	}
	return result;
}

static int kconfig_alloc(struct bpfl_checking *checking)
{
	for (size_t i = 0; i < checking->spec->maps.nr; i++) {
		if (checking->spec->maps.items[i].origin == BPFL_MAP_KCONFIG) {
			checking->kconfig_size = checking->spec->maps.items[i].value_size;
		}
	}
	checking->kconfig = calloc(checking->kconfig_size + 1u, 1);
	checking->kconfig_known =
		calloc(checking->kconfig_size + 1u, sizeof(*checking->kconfig_known));
	return checking->kconfig && checking->kconfig_known ? 0 : -ENOMEM;
}

int bpfl_check_externs(struct bpfl_checking *checking, struct bpfl_error *err)
{
	size_t nr_externs = checking->spec->externs.nr, nr_refs = 0;
	int32_t *ref_of = calloc(nr_externs + 1, sizeof(*ref_of));
	int32_t *refs = calloc(nr_externs + 1, sizeof(*refs));
	int result = -ENOMEM;

	if (!ref_of || !refs || kconfig_alloc(checking) < 0) {
		bpfl_error_nomem(err);
		goto out;
	}
	refs_find(checking, ref_of);
	for (size_t i = 0; i < nr_externs; i++) {
		if (ref_of[i] != BPFL_NO_IDX) {
			refs[nr_refs++] = ref_of[i];
		}
	}
	result = nr_refs > 0 ? ask(checking, refs, nr_refs, NULL) : 0;
	if (result < 0 && result != -ENOMEM) {
		result = 0;
		for (uint32_t i = 0; i < nr_externs && result == 0; i++) {
			result =
				ref_of[i] == BPFL_NO_IDX ? 0 : ask_one(checking, i, ref_of[i], err);
		}
	} else if (result < 0) {
		bpfl_error_nomem(err);
	}
	if (result == 0) { /* after -ENOMEM an item may be without its name */
		doubt(checking);
		result = modules_doubt(checking) < 0 ? bpfl_error_nomem(err) : 0;
	}
out:
	free(refs);
	free(ref_of);
	return result;
}
