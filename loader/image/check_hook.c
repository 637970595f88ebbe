/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/check_hook: is what a program is attached to on this kernel?
 *
 * fentry, tp_btf, lsm and iter programs are bound when they are loaded, and the pass that does it
 * for an image is asked program by program. The others are attached by name, through files and
 * tables of the kernel that a BTF does not have; but it has traces:
 *
 *   tracepoint/CATEGORY/NAME  every tracepoint leaves a typedef btf_trace_NAME; the category leaves
 *                             nothing
 *   tracepoint/syscalls/...   system calls share two tracepoints, but their entry functions have
 *                             names of their own
 *   raw_tp/NAME               the same typedef
 *   kprobe/FUNCTION           functions that kept their prototype are in the BTF. Others may still
 *                             be there, so absence proves nothing; for the running kernel its
 *                             symbol table decides, which needs no privileges for names
 *
 * What is not in the BTF of the kernel itself may be in a module: their types are looked at too, and where
 * those are not at hand it is not known. Whether a kernel
 * was built with probes at all shows by a function of each kind. Places that are no matter of the
 * kernel (an interface, a cgroup) are left out.
 */
#include "image/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "image/core_match.h"
#include "image/modules.h"
#include "image/passes.h"
#include "sys/kallsyms.h"

#define NAME_SIZE 256

/* How the function behind a system call is called: by architecture, and before it was wrapped. */
static const char *const syscall_prefixes[] = { "__x64_sys_",	"__arm64_sys_", "__s390x_sys_",
						"__riscv_sys_", "__ia32_sys_",	"__se_sys_",
						"__do_sys_",	"sys_" };

#define NR_PREFIXES (sizeof(syscall_prefixes) / sizeof(syscall_prefixes[0]))

/* What was found out about one target. */
struct finding {
	enum bpfl_check_status status;
	const char *text;
	char module[BPFL_CHECK_MODULE_SIZE]; /* that has it; "" the kernel itself */
};

/* Of the kernel itself, or of nothing in particular. */
#define FINDING(status, text) ((struct finding){ status, text, "" })

/* ---- names in the BTF ---- */

#define MAYBE_IN_MODULE "not in the BTF of the kernel itself; a module may have it (--module FILE)"

/* What a type of that kind and name shows, in the kernel or one of its modules. */
static struct finding named_find(struct bpfl_checking *checking, enum bpfl_btf_kind kind, const char *name,
				 const char *there, const char *not_there)
{
	struct finding found = { BPFL_CHECK_UNKNOWN, "the kernel has no BTF that could tell", "" };
	const struct bpfl_btf *btf;

	switch (bpfl_check_named_anywhere(checking, kind, name, found.module)) {
	case BPFL_PRESENCE_PRESENT:
		found.status = BPFL_CHECK_OK;
		found.text = there;
		break;
	case BPFL_PRESENCE_ABSENT:
		found.status = BPFL_CHECK_MISSING;
		found.text = not_there;
		break;
	default:
		if (bpfl_target_btf(checking->target, &btf, NULL) == 0) {
			found.text = MAYBE_IN_MODULE;
		}
		break;
	}
	return found;
}

static struct finding raw_tracepoint_find(struct bpfl_checking *checking, const char *name)
{
	char type_name[NAME_SIZE];

	snprintf(type_name, sizeof(type_name), "btf_trace_%s", name);
	return named_find(checking, BPFL_KIND_TYPEDEF, type_name, "a tracepoint",
			  "the kernel has no tracepoint of this name");
}

/*
 * The entry functions of system calls are never inlined, never in modules and all of one prototype,
 * so the BTF has all of them or none: read() tells which.
 */
static struct finding syscall_find(struct bpfl_checking *checking, const char *name)
{
	struct bpfl_core_name names[2 * NR_PREFIXES];
	char functions[2 * NR_PREFIXES][NAME_SIZE];
	bool has_read = false;

	for (size_t i = 0; i < 2 * NR_PREFIXES; i++) {
		snprintf(functions[i], sizeof(functions[i]), "%s%s", syscall_prefixes[i / 2],
			 i % 2 == 0 ? name : "read");
		names[i] = (struct bpfl_core_name){
			.text = functions[i], .size = bpfl_core_name_size(functions[i], strlen(functions[i]))
		};
	}
	/* All at once: one pass over the kernel's types. */
	if (bpfl_core_names_prepare(checking->target, names, 2 * NR_PREFIXES, NULL) < 0) {
		return FINDING(BPFL_CHECK_UNKNOWN, "the kernel has no BTF that could tell");
	}
	for (size_t i = 0; i < 2 * NR_PREFIXES; i++) {
		if (bpfl_check_named(checking, BPFL_KIND_FUNC, functions[i]) !=
		    BPFL_PRESENCE_PRESENT) {
			continue;
		}
		if (i % 2 == 0) {
			return FINDING(BPFL_CHECK_OK, "a system call of the kernel");
		}
		has_read = true;
	}
	if (has_read) {
		return FINDING(BPFL_CHECK_MISSING, "the kernel has no such system call");
	}
	return FINDING(BPFL_CHECK_UNKNOWN, "the BTF does not list system calls");
}

static struct finding tracepoint_find(struct bpfl_checking *checking, const char *target)
{
	static const char *const syscalls[] = { "syscalls/sys_enter_", "syscalls/sys_exit_" };
	const char *slash = strchr(target, '/');

	for (size_t i = 0; i < sizeof(syscalls) / sizeof(syscalls[0]); i++) {
		if (bpfl_text_has_prefix(target, syscalls[i])) {
			return syscall_find(checking, target + strlen(syscalls[i]));
		}
	}
	return raw_tracepoint_find(checking, slash ? slash + 1 : target);
}

/* ---- functions ---- */

/* The running kernel's own list. module: NULL, or the one that is meant. False when it cannot be read. */
static bool symbol_find(const struct bpfl_checking *checking, const char *module, const char *name, struct finding *ret)
{
	struct bpfl_symbol_facts facts;

	if (!checking->target->running) {
		return false;
	}
	bpfl_kallsyms_search(module, name, &facts);
	if (!facts.readable) {
		return false;
	}
	if (facts.nr_functions == 0) {
		*ret = FINDING(BPFL_CHECK_MISSING, module ? "the module has no function of this name, or is not loaded"
							  : "the kernel has no function of this name");
	} else if (facts.nr_functions == 1) {
		*ret = FINDING(BPFL_CHECK_OK, "a function of the kernel");
	} else {
		*ret = FINDING(BPFL_CHECK_UNKNOWN, "the kernel has several functions of this name");
	}
	return true;
}

/* A pattern of kprobe.multi: does any function of the BTF fit? */
static struct finding pattern_find(struct bpfl_checking *checking, const char *pattern)
{
	const struct bpfl_btf *btf;

	if (bpfl_target_btf(checking->target, &btf, NULL) < 0) {
		return FINDING(BPFL_CHECK_UNKNOWN, "the kernel has no BTF that could tell");
	}
	for (uint32_t id = 1; id < bpfl_btf_nr_types(btf); id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, id);

		if (type && bpfl_btf_kind(type) == BPFL_KIND_FUNC &&
		    bpfl_text_glob(pattern, bpfl_btf_string(btf, type->name_off))) {
			return FINDING(BPFL_CHECK_OK, "functions of the kernel fit");
		}
	}
	return FINDING(BPFL_CHECK_UNKNOWN, "no function of the BTF fits");
}

/* MODULE:FUNCTION */
static struct finding module_function_find(struct bpfl_checking *checking, const char *module, const char *function)
{
	struct finding found = { BPFL_CHECK_UNKNOWN,
				 "a function of a module whose BTF does not list it, or was not given (--module FILE)",
				 "" };
	uint32_t number, id;

	if (strcmp(module, "vmlinux") != 0 && symbol_find(checking, module, function, &found)) {
		return found;
	}
	if (bpfl_target_modules_find(checking->target, module, BPFL_KIND_FUNC, function, &number, &id, NULL) > 0) {
		found.status = BPFL_CHECK_OK;
		found.text = "a function";
		snprintf(found.module, sizeof(found.module), "%.*s", (int)sizeof(found.module) - 1, module);
	}
	return found;
}

static struct finding function_find(struct bpfl_checking *checking, const char *target)
{
	char name[NAME_SIZE];
	struct finding found;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(target, "+"), target);
	char *colon = strchr(name, ':');
	if (colon) {
		*colon = '\0';
		return module_function_find(checking, name, colon + 1);
	}
	if (strpbrk(name, "*?")) {
		return pattern_find(checking, name);
	}
	if (!symbol_find(checking, NULL, name, &found)) {
		found = named_find(checking, BPFL_KIND_FUNC, name, "a function", NULL);
		if (found.status != BPFL_CHECK_OK) {
			found.status = BPFL_CHECK_UNKNOWN;
			found.text = "not in the BTF, which does not list every function";
		}
	}
	/* "sys_read" is taken for the system call where no function is called so. */
	return found.status != BPFL_CHECK_OK && bpfl_text_has_prefix(name, "sys_") ?
		       syscall_find(checking, name + strlen("sys_")) :
		       found;
}

/* ---- by kind of hook ---- */

/* A place in a user's program: no matter of the kernel, as long as it has uprobes. */
static struct finding user_find(struct bpfl_checking *checking, const char *target)
{
	(void)checking;
	(void)target;
	return FINDING(BPFL_CHECK_OK, "the kernel has uprobes");
}

/* mechanism: a function of the kernel that is there only if this kind of hook was built in. */
static const struct {
	enum bpfl_hook hook;
	struct finding (*find)(struct bpfl_checking *checking, const char *target);
	const char *mechanism; /* NULL: nothing that a BTF shows */
	const char *other_way; /* a mechanism that does as well; not for sessions */
	const char *without;   /* what is said when it is missing */
} finders[] = {
	{ BPFL_HOOK_TRACEPOINT, tracepoint_find, NULL, NULL, NULL },
	{ BPFL_HOOK_RAW_TRACEPOINT, raw_tracepoint_find, NULL, NULL, NULL },
	{ BPFL_HOOK_KPROBE, function_find, "create_local_trace_kprobe", NULL,
	  "the kernel has no kprobes (CONFIG_KPROBE_EVENTS)" },
	{ BPFL_HOOK_KSYSCALL, syscall_find, "create_local_trace_kprobe", NULL,
	  "the kernel has no kprobes (CONFIG_KPROBE_EVENTS)" },
	{ BPFL_HOOK_KPROBE_MULTI, function_find, "register_fprobe_ips", "create_local_trace_kprobe",
	  "the kernel has no multi-kprobes (CONFIG_FPROBE)" },
	{ BPFL_HOOK_UPROBE, user_find, "create_local_trace_uprobe", NULL,
	  "the kernel has no uprobes (CONFIG_UPROBE_EVENTS)" },
	{ BPFL_HOOK_UPROBE_MULTI, user_find, "uprobe_register", "create_local_trace_uprobe",
	  "the kernel has no uprobes (CONFIG_UPROBES)" },
	{ BPFL_HOOK_USDT, user_find, "create_local_trace_uprobe", NULL,
	  "the kernel has no uprobes (CONFIG_UPROBE_EVENTS)" },
};

#define NR_FINDERS (sizeof(finders) / sizeof(finders[0]))

/*
 * Conclusive only for a BTF that lists functions of that part of the kernel: older ones list what can be
 * traced, and so nothing of the tracing itself (Linux 5.10). ring_buffer_write() is in every kernel that
 * traces, schedule() in every kernel.
 */
static bool mechanism_is_missing(struct bpfl_checking *checking, const char *function)
{
	const char *sibling = function && strcmp(function, "uprobe_register") == 0 ? "schedule" : "ring_buffer_write";

	return function &&
	       bpfl_check_named(checking, BPFL_KIND_FUNC, function) == BPFL_PRESENCE_ABSENT &&
	       bpfl_check_named(checking, BPFL_KIND_FUNC, sibling) == BPFL_PRESENCE_PRESENT;
}

static int hook_add(struct bpfl_checking *checking, const struct bpfl_image_prog *prog,
		    struct finding found, bool at_load, struct bpfl_error *err)
{
	const struct bpfl_prog *decl = &checking->spec->progs.items[prog->prog_idx];
	const char *section = decl->type_name ? decl->type_name : decl->section;
	char text[512];

	snprintf(text, sizeof(text), found.module[0] != '\0' ? "%s of module '%s'" : "%s%s", found.text,
		 BPFL_ESC(found.module));
	struct bpfl_check_item *item =
		bpfl_check_add(checking, BPFL_CHECK_ATTACH, found.status,
			       section[0] == '?' ? section + 1 : section, text);

	if (!item || bpfl_check_set_prog(checking, item, prog) < 0) {
		return bpfl_error_nomem(err);
	}
	item->needed = true;
	item->at_load = at_load;
	return 0;
}

static void module_name(const struct bpfl_target *target, uint32_t btf_id, char out[BPFL_CHECK_MODULE_SIZE])
{
	for (size_t i = 0; i < target->modules->list.nr; i++) {
		if (target->modules->list.items[i].loaded.id == btf_id) {
			snprintf(out, BPFL_CHECK_MODULE_SIZE, "%s", target->modules->list.items[i].loaded.name);
		}
	}
}

/* Hooks of security modules, and what "vmlinux:" stands before, are the kernel's own. */
static bool may_be_in_module(struct bpfl_checking *checking, const struct bpfl_image_prog *prog)
{
	const struct bpfl_prog *decl = &checking->spec->progs.items[prog->prog_idx];

	return decl->hit.row->hook != BPFL_HOOK_LSM && decl->hit.row->hook != BPFL_HOOK_LSM_CGROUP &&
	       !bpfl_text_has_prefix(decl->attach_target ? decl->attach_target : "", "vmlinux:") &&
	       bpfl_check_modules_unknown(checking, false);
}

/* Bound by BTF when it is loaded: the pass that does it answers. */
static int typed_add(struct bpfl_checking *checking, struct bpfl_image_prog *prog,
		     struct bpfl_error *err)
{
	struct bpfl_image one = *checking->image;
	struct bpfl_error refusal = BPFL_ERROR_INIT;
	struct finding found = { BPFL_CHECK_OK, "in the BTF", "" };
	const char *colon;

	one.progs = prog;
	one.nr_progs = 1;
	memset(&one.module_btf_ids, 0, sizeof(one.module_btf_ids));
	int result = bpfl_image_attach_targets(&one, checking->target, &refusal);
	if (result == -ENOMEM) {
		bpfl_error_clear(&refusal);
		return bpfl_error_nomem(err);
	}
	if (result == 0 && prog->attach_btf_module_idx > 0) {
		module_name(checking->target, one.module_btf_ids.items[prog->attach_btf_module_idx], found.module);
	} else if (result < 0) {
		bool is_known = refusal.kind == BPFL_ERR_TARGET && !may_be_in_module(checking, prog);

		found.status = is_known ? BPFL_CHECK_MISSING : BPFL_CHECK_UNKNOWN;
		colon = strstr(refusal.message,
			       "': "); /* behind "program 'x': ", which the item says itself */
		found.text = colon ? colon + 3 : refusal.message;
	}
	free(one.module_btf_ids.items);
	result = hook_add(checking, prog, found, true, err);
	bpfl_error_clear(&refusal);
	return result;
}

static int prog_add(struct bpfl_checking *checking, struct bpfl_image_prog *prog,
		    struct bpfl_error *err)
{
	const struct bpfl_prog *decl = &checking->spec->progs.items[prog->prog_idx];
	const struct bpfl_section_row *row = decl->hit.row;

	if (!row || row->hook == BPFL_HOOK_FREPLACE || row->hook == BPFL_HOOK_STRUCT_OPS) {
		return 0;
	}
	if (row->needs_btf_id) {
		return typed_add(checking, prog, err);
	}
	for (size_t i = 0; i < NR_FINDERS; i++) {
		struct finding found;

		if (finders[i].hook != row->hook) {
			continue;
		}
		bool is_session = row->attach_type == BPFL_ATTACH_TRACE_KPROBE_SESSION ||
				  row->attach_type == BPFL_ATTACH_TRACE_UPROBE_SESSION;

		if (mechanism_is_missing(checking, finders[i].mechanism) &&
		    (is_session || !finders[i].other_way || mechanism_is_missing(checking, finders[i].other_way))) {
			found = FINDING(BPFL_CHECK_MISSING, finders[i].without);
		} else if (decl->hit.target && decl->hit.target[0] != '\0') {
			found = finders[i].find(checking, decl->hit.target);
		} else {
			return 0; /* the section does not say where */
		}
		return hook_add(checking, prog, found, false, err);
	}
	return 0;
}

int bpfl_check_hooks(struct bpfl_checking *checking, struct bpfl_error *err)
{
	int result = 0;

	for (size_t i = 0; i < checking->image->nr_progs && result == 0; i++) {
		result = prog_add(checking, &checking->image->progs[i], err);
	}
	return result;
}
