/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/rejection.c: a rejected program -> an error that a person can act on.
 *
 * The log says what the verifier saw. The image knows more: which source line an instruction came
 * from, which field was missing when a CO-RE relocation had to poison it, which helper or kernel
 * function a strange number stands for, what the license says. The table of causes below is asked
 * in order; what none of them takes is explained by kern/hints.c.
 */
#include "kern/vlog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "image/core.h"
#include "image/core_match.h"
#include "image/helper_names.h"
#include "image/since.h"
#include "kern/helper_users.h"
#include "sys/facts.h"

#define NR(table) (sizeof(table) / sizeof((table)[0]))

struct rejection {
	const struct bpfl_image *image;
	const struct bpfl_image_prog *image_prog;
	const struct bpfl_prog *prog;
	struct bpfl_target *target;
	struct bpfl_vlog vlog;
	int errnum;
	char place[192]; /* "nullchk.bpf.c:9", "" unknown */
	char source[192];
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * Where the fault is in the source: from the object's line records, which are there even when the
 * kernel's log has no source lines (because they were not accepted, or the kernel is older than
 * 5.0); else from the log.
 */
static void place_find(struct rejection *rej)
{
	const struct bpfl_vlog *vlog = &rej->vlog;
	const struct bpfl_image *image = rej->image;
	const struct bpfl_line_info *found = NULL;

	for (size_t i = 0; vlog->insn_idx >= 0 && i < rej->image_prog->line_info.nr; i++) {
		const struct bpfl_line_info *info = &rej->image_prog->line_info.items[i];

		if (info->insn_off > (uint32_t)vlog->insn_idx)
			break;
		if (info->line_col >> 10 != 0) /* line 0: made by the compiler */
			found = info;
	}
	if (found) {
		snprintf(rej->place, sizeof(rej->place), "%s:%u",
			 BPFL_ESC(base_name(bpfl_image_btf_string(image, found->file_name_off))),
			 found->line_col >> 10);
		const char *text = bpfl_image_btf_string(image, found->line_off);
		bpfl_text_escape(rej->source, sizeof(rej->source), text + strspn(text, " \t"),
				 SIZE_MAX);
	} else if (vlog->line != 0) {
		snprintf(rej->place, sizeof(rej->place), "%s:%u", base_name(vlog->file),
			 vlog->line);
		memcpy(rej->source, vlog->source, sizeof(rej->source));
	} else {
		memcpy(rej->source, vlog->source, sizeof(rej->source));
	}
}

/* The facts that every rejection has. */
static void facts_add(const struct rejection *rej, struct bpfl_error *err)
{
	const struct bpfl_vlog *vlog = &rej->vlog;

	if (rej->source[0])
		bpfl_error_why(err, "source: %s", rej->source);
	if (vlog->insn[0])
		bpfl_error_why(err, "instruction %d: %s", vlog->insn_idx, vlog->insn);
	else if (vlog->insn_idx >= 0)
		bpfl_error_why(err, "instruction %d", vlog->insn_idx);
	if (vlog->reg[0])
		bpfl_error_why(err, "registers: %s", vlog->reg);
	if (vlog->cut)
		bpfl_error_why(err, "the kernel's log is cut");
}

/* "program 'x' (xdp.bpf.c:9): ", set as the beginning of a message. */
static void message_set(const struct rejection *rej, enum bpfl_error_kind kind, int catalogue_id,
			struct bpfl_error *err, const char *fmt, ...) BPFL_PRINTF(5, 6);

static void message_set(const struct rejection *rej, enum bpfl_error_kind kind, int catalogue_id,
			struct bpfl_error *err, const char *fmt, ...)
{
	char text[768];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (rej->place[0])
		bpfl_error_set(err, kind, rej->errnum, "program '%s': %s (%s)",
			       BPFL_ESC(rej->prog->name), text, rej->place);
	else
		bpfl_error_set(err, kind, rej->errnum, "program '%s': %s",
			       BPFL_ESC(rej->prog->name), text);
	bpfl_error_catalogue(err, catalogue_id);
}

/*
 * The number behind '#' in "invalid func unknown#195896080", "unknown func bpf_x#114", "(85) call
 * bpf_x#6"; 0 none.
 */
static uint32_t helper_number(const char *text)
{
	const char *hash = strrchr(text, '#');
	unsigned long number = hash ? strtoul(hash + 1, NULL, 10) : 0;

	return number <= UINT32_MAX ? (uint32_t)number : 0;
}

/* ---- CO-RE ---- */

/*
 * "struct inode" without the flavour that a program may add to tell versions apart ("inode___old").
 */
static void type_text(const struct bpfl_btf *btf, uint32_t type_id, char *out, size_t out_size)
{
	char text[96];
	char *flavour;

	bpfl_btf_type_text(btf, type_id, text, sizeof(text));
	flavour = strstr(text, "___");
	if (flavour)
		*flavour = '\0';
	bpfl_text_escape(out, out_size, text, SIZE_MAX);
}

/*
 * Follows an access string ("0:1:2") by names: "f_inode.i_atime". The first number is an index of
 * the root and has no name.
 */
static void access_text(const struct bpfl_btf *btf, uint32_t type_id, const char *access, char *out,
			size_t out_size)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, &type_id);
	size_t used = 0;

	out[0] = '\0';
	for (access = strchr(access, ':'); access && used < out_size;
	     access = strchr(access + 1, ':')) {
		unsigned long idx = strtoul(access + 1, NULL, 10);
		enum bpfl_btf_kind kind = bpfl_btf_kind(type);

		if ((kind == BPFL_KIND_STRUCT || kind == BPFL_KIND_UNION) &&
		    idx < bpfl_btf_vlen(type)) {
			const struct bpfl_btf_member *member = &bpfl_btf_members(type)[idx];
			const char *name = bpfl_btf_string(btf, member->name_off);

			if (name[0]) /* members of unnamed structs are written without them */
				used += (size_t)snprintf(out + used, out_size - used, "%s%s",
							 used ? "." : "", BPFL_ESC(name));
			type = bpfl_btf_skip_modifiers(btf, member->type, &type_id);
		} else if (kind == BPFL_KIND_ARRAY) {
			used += (size_t)snprintf(out + used, out_size - used, "[%lu]", idx);
			type = bpfl_btf_skip_modifiers(btf, bpfl_btf_array(type)->type, &type_id);
		} else {
			return;
		}
	}
}

static const char *enumerator_name(const struct bpfl_btf *btf, uint32_t type_id, const char *access)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, NULL);
	unsigned long idx = strtoul(access, NULL, 10);

	if (idx >= bpfl_btf_vlen(type))
		return "?";
	if (bpfl_btf_kind(type) == BPFL_KIND_ENUM)
		return bpfl_btf_string(btf, bpfl_btf_enums(type)[idx].name_off);
	if (bpfl_btf_kind(type) == BPFL_KIND_ENUM64)
		return bpfl_btf_string(btf, bpfl_btf_enums64(type)[idx].name_off);
	return "?";
}

/*
 * What a headline can say about a field: is it missing, is all of its type missing, or is it there in a form
 * that the program cannot read?
 */
enum core_lack { LACKS_FIELD, LACKS_TYPE, LACKS_FORM };

static enum core_lack core_lack(const struct bpfl_core_result *found)
{
	if (found->obstacle)
		return LACKS_FORM;
	switch (found->query ? found->query->answer.miss.reason : BPFL_CORE_MISS_FIELD) {
	case BPFL_CORE_MISS_TYPE: return LACKS_TYPE;
	case BPFL_CORE_MISS_FIELD_TYPE:
	case BPFL_CORE_MISS_INDEX:
	case BPFL_CORE_MISS_BITS:
	case BPFL_CORE_MISS_SIZE: return LACKS_FORM;
	default: return LACKS_FIELD;
	}
}

static void field_message(const struct rejection *rej, const struct bpfl_core_result *found,
			  const char *type, const char *access, struct bpfl_error *err)
{
	switch (core_lack(found)) {
	case LACKS_FORM:
		message_set(rej, BPFL_ERR_UNSUPPORTED, 17, err,
			    "this kernel's %s has field %s in another form", type, access);
		bpfl_error_fix(err,
			       "declare it as it is there in %s___new, and choose: if (bpf_core_type_matches(%s___new)) { ... }",
			       type, type);
		return;
	case LACKS_TYPE:
		message_set(rej, BPFL_ERR_UNSUPPORTED, 17, err,
			    "this kernel has no %s, and so no field %s", type, access);
		break;
	case LACKS_FIELD:
		message_set(rej, BPFL_ERR_UNSUPPORTED, 17, err, "this kernel's %s has no field %s",
			    type, access);
		break;
	}
	bpfl_error_fix(err, "ask before reading: if (bpf_core_field_exists(x->%s)) { ... }", access);
}

static void enumerator_message(const struct rejection *rej, const struct bpfl_core_result *found,
			       const char *type, const char *name, struct bpfl_error *err)
{
	bool no_room = core_lack(found) == LACKS_FORM;

	message_set(rej, BPFL_ERR_UNSUPPORTED, 17, err,
		    no_room ? "this kernel's value of %s.%s cannot be written into the program" :
			      "this kernel's %s has no value %s",
		    type, name);
	bpfl_error_fix(err, "ask before using it: if (bpf_core_enum_value_exists(%s, %s)) { ... }", type, name);
}

static void core_message(const struct rejection *rej, const struct bpfl_core_result *found,
			 const struct bpfl_core *core, struct bpfl_error *err)
{
	const struct bpfl_btf *btf = rej->image->spec->btf;
	char type[128], access[192];

	type_text(btf, core->type_id, type, sizeof(type));
	if (core->kind <= 5) { /* field offset, size, existence, sign, shifts */
		access_text(btf, core->type_id, core->access, access, sizeof(access));
		field_message(rej, found, type, access, err);
	} else if (core->kind == 10 || core->kind == 11) {
		enumerator_message(rej, found, type,
				   BPFL_ESC(enumerator_name(btf, core->type_id, core->access)), err);
	} else {
		message_set(rej, BPFL_ERR_UNSUPPORTED, 17, err,
			    "this kernel has no type %s that fits", type);
		bpfl_error_fix(err, "ask before using it: if (bpf_core_type_exists(%s)) { ... }",
			       type);
	}
	bpfl_error_fix(err,
		       "or compile for this kernel's types, where the field may have another name");
}

static bool cause_core(const struct rejection *rej, struct bpfl_error *err)
{
	const struct bpfl_core_result *found = NULL;
	const struct bpfl_spec *spec = rej->image->spec;

	if (helper_number(rej->vlog.reason) != BPFL_POISON_CORE_IMM &&
	    helper_number(rej->vlog.insn) != BPFL_POISON_CORE_IMM)
		return false;
	/* A poisoned ld_imm64 has two slots, so the nearest one at or before. */
	for (size_t i = 0; i < rej->image_prog->core_results.nr; i++) {
		const struct bpfl_core_result *result = &rej->image_prog->core_results.items[i];

		if (result->poisoned && (int64_t)result->insn_idx <= rej->vlog.insn_idx &&
		    (!found || result->insn_idx > found->insn_idx))
			found = result;
	}
	if (found && spec->btf && found->core_idx < spec->cores.nr) {
		core_message(rej, found, &spec->cores.items[found->core_idx], err);
	} else {
		message_set(rej, BPFL_ERR_UNSUPPORTED, 17, err,
			    "a CO-RE relocation found no match in this kernel's types");
	}
	if (found) {
		struct bpfl_buf text = BPFL_BUF_INIT;
		char shown[512];

		bpfl_core_result_text(rej->image, rej->image_prog, found, &text);
		if (text.size > 0 && bpfl_buf_ok(&text))
			bpfl_error_why(err, "relocation: %s",
				       bpfl_text_escape(shown, sizeof(shown), text.data, text.size));
		bpfl_buf_deinit(&text);
	}
	bpfl_error_why(err, "the verifier reached the instruction that needs it");
	return true;
}

/* ---- functions of the kernel ---- */

static bool cause_kfunc(const struct rejection *rej, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = rej->image->spec;
	uint32_t number = helper_number(rej->vlog.reason);
	const char *name;

	if (number < BPFL_POISON_KFUNC_BASE || number - BPFL_POISON_KFUNC_BASE >= spec->externs.nr)
		return false;
	name = spec->externs.items[number - BPFL_POISON_KFUNC_BASE].name;
	message_set(rej, BPFL_ERR_UNSUPPORTED, 18, err,
		    "this kernel has no function '%s' for BPF programs", BPFL_ESC(name));
	bpfl_error_why(err, "the function is weak, but the verifier reached a call of it");
	bpfl_error_fix(err, "ask before calling it: if (bpf_ksym_exists(%s)) { ... }",
		       BPFL_ESC(name));
	return true;
}

/* A variable that the kernel's types have (or the image had said so) and its symbols do not. */
static bool cause_ksym(const struct rejection *rej, struct bpfl_error *err)
{
	const struct bpfl_hint *hint = bpfl_hint_find(rej->vlog.reason);

	if (!hint || hint->catalogue_id != 18)
		return false;
	message_set(rej, BPFL_ERR_UNSUPPORTED, 18, err, "%s", rej->vlog.reason);
	bpfl_error_why(err, "%s", hint->meaning);
	bpfl_error_fix(err, "%s", hint->fix);
	return true;
}

static void helper_missing(const struct rejection *rej, uint32_t number, struct bpfl_error *err)
{
	const char *name = bpfl_helper_name(number);
	uint32_t since = bpfl_helper_since(number);
	uint32_t version = bpfl_target_kernel_version(rej->target);

	if (!name) {
		message_set(rej, BPFL_ERR_UNSUPPORTED, 15, err,
			    "this kernel has no helper number %u", number);
		bpfl_error_fix(err,
			       "compare with the helpers that the kernel's own linux/bpf.h lists");
		return;
	}
	message_set(rej, BPFL_ERR_UNSUPPORTED, 15, err, "this kernel has no helper bpf_%s (#%u)",
		    name, number);
	if (version != 0 && version < since)
		bpfl_error_why(err, "bpf_%s came with Linux %u.%u, this is Linux %u.%u", name,
			       BPFL_VERSION_ARGS(since), BPFL_VERSION_ARGS(version));
	else
		bpfl_error_why(err,
			       "bpf_%s came with Linux %u.%u and may have been configured away",
			       name, BPFL_VERSION_ARGS(since));
	bpfl_error_fix(
		err,
		"use a newer kernel, or a call that this one has (programs can ask with bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_%s))",
		name);
}

static void helper_forbidden(const struct rejection *rej, uint32_t number, struct bpfl_error *err)
{
	char lockdown[32], number_text[16];
	const char *name = bpfl_helper_name(number);
	const char *users = name ? bpfl_helper_users(name) : NULL;
	const char *type = bpfl_prog_type_name(rej->prog->prog_type);

	snprintf(number_text, sizeof(number_text), "number %u", number);
	bpfl_facts_lockdown(lockdown, sizeof(lockdown));
	if (name && bpfl_helper_is_locked_down(name) && strcmp(lockdown, "confidentiality") == 0) {
		message_set(rej, BPFL_ERR_PERMISSION, 6, err, "lockdown forbids helper bpf_%s",
			    name);
		bpfl_error_why(
			err,
			"/sys/kernel/security/lockdown is at [confidentiality]: no program may read kernel memory");
		bpfl_error_fix(
			err,
			"boot with lockdown=integrity or without Secure Boot's lockdown; it cannot be lowered while the system runs");
		return;
	}
	message_set(rej, BPFL_ERR_VERIFIER, 15, err, "programs of type %s cannot use helper %s%s",
		    type ? type : "?", name ? "bpf_" : "", name ? name : number_text);
	if (users)
		bpfl_error_why(err, "bpf_%s is for %s", name, users);
	if (lockdown[0] == '\0' && name && bpfl_helper_is_locked_down(name))
		bpfl_error_why(
			err,
			"lockdown could be the cause too; /sys/kernel/security/lockdown could not be read");
	bpfl_error_fix(
		err, "call another helper, or give the program another type (its section is '%s')",
		BPFL_ESC(rej->prog->section));
}

static bool cause_helper(const struct rejection *rej, struct bpfl_error *err)
{
	const char *reason = rej->vlog.reason;
	uint32_t number = helper_number(reason);

	if (bpfl_text_glob("*invalid func unknown#*", reason)) {
		helper_missing(rej, number, err);
		return true;
	}
	/* The first wording is that of kernels since 6.9, the second that of older ones. */
	if (bpfl_text_glob("*program of this type cannot use helper *", reason) ||
	    bpfl_text_glob("*unknown func *#*", reason)) {
		helper_forbidden(rej, number, err);
		return true;
	}
	return false;
}

static bool cause_license(const struct rejection *rej, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = rej->image->spec;
	const struct bpfl_hint *hint = bpfl_hint_find(rej->vlog.reason);
	const char *name = bpfl_helper_name(helper_number(rej->vlog.insn));

	if (!hint || hint->catalogue_id != 14)
		return false;
	message_set(rej, BPFL_ERR_VERIFIER, 14, err,
		    "helper %s%s may be called by GPL-compatible programs only", name ? "bpf_" : "",
		    name ? name : "of this kind");
	if (spec->has_license)
		bpfl_error_why(err, "the object's license is '%s'", BPFL_ESC(spec->license));
	else
		bpfl_error_why(err, "the object has no license section");
	bpfl_error_fix(err, "%s", hint->fix);
	return true;
}

/* ---- all others ---- */

static void cause_other(const struct rejection *rej, struct bpfl_error *err)
{
	const struct bpfl_vlog *vlog = &rej->vlog;
	const struct bpfl_hint *hint = bpfl_hint_find(vlog->reason);

	message_set(rej, BPFL_ERR_VERIFIER, hint ? hint->catalogue_id : 11, err,
		    "rejected by the verifier: %s",
		    vlog->reason[0] ? vlog->reason : bpfl_errno_text(rej->errnum));
	if (vlog->explanation[0])
		bpfl_error_why(err, "%s: %s", vlog->category, vlog->explanation);
	else if (hint)
		bpfl_error_why(err, "%s", hint->meaning);
	if (vlog->suggestion[0])
		bpfl_error_fix(err, "%s", vlog->suggestion);
	else if (hint)
		bpfl_error_fix(err, "%s", hint->fix);
	else
		bpfl_error_fix(err, "the whole verifier log shows the way to the instruction");
}

int bpfl_rejection_explain(const struct bpfl_image *image, const struct bpfl_image_prog *prog,
			   struct bpfl_target *target, const char *log, int errnum,
			   struct bpfl_error *err)
{
	static bool (*const causes[])(const struct rejection *,
				      struct bpfl_error *) = { cause_core, cause_kfunc, cause_ksym,
							       cause_helper, cause_license };
	struct rejection rej = {
		.image = image,
		.image_prog = prog,
		.prog = &image->spec->progs.items[prog->prog_idx],
		.target = target,
		.errnum = errnum,
	};
	bool known = false;

	if (!err)
		return -errnum;
	bpfl_vlog_read(log, &rej.vlog);
	place_find(&rej);
	for (size_t i = 0; i < NR(causes) && !known; i++)
		known = causes[i](&rej, err);
	if (!known)
		cause_other(&rej, err);
	facts_add(&rej, err);
	err->verifier_log = bpfl_strdup(log); /* without memory the sentences must do */
	return -errnum;
}
