/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/kprobe_why.c: E19, why a function of the kernel cannot be probed. See attach/kprobe.h.
 *
 * The kernel answers ENOENT for a name that it does not know and EINVAL for nearly everything else. What stands
 * behind that is read from /proc/kallsyms, from the list of functions that must not be probed and from the list
 * of those that can be traced.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "attach/kprobe.h"
#include "base/text.h"
#include "sys/enter.h"
#include "sys/file.h"
#include "sys/kallsyms.h"
#include "sys/tracefs.h"

#define BLACKLIST "/sys/kernel/debug/kprobes/blacklist"

int bpfl_kprobe_absent(struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "this kernel has no kprobes");
	bpfl_error_catalogue(err, 19);
	bpfl_error_why(err, "neither /sys/bus/event_source/devices/kprobe nor kprobe_events in tracefs is there: it is "
			    "built without CONFIG_KPROBES or CONFIG_KPROBE_EVENTS");
	bpfl_error_fix(err, "use a tracepoint, a raw tracepoint or fentry instead, or another kernel");
	return -EOPNOTSUPP;
}

/* ---- lists ---- */

struct listed {
	const char *name;
	bool name_is_last; /* the blacklist: "0x...-0x...\tNAME"; the other list: "NAME [MODULE]" */
};

static int is_listed_line(void *ctx, char *line)
{
	const struct listed *listed = ctx;
	char *name = line;

	if (listed->name_is_last) {
		name = strpbrk(line, " \t");
		name = name ? name + strspn(name, " \t") : line;
	}
	name[strcspn(name, " \t")] = '\0';
	return strcmp(name, listed->name) == 0;
}

/* 1 listed, 0 not, -errno when the list cannot be read. */
static int on_blacklist(const char *name)
{
	struct listed listed = { name, true };

	return bpfl_file_each_line(AT_FDCWD, BLACKLIST, is_listed_line, &listed);
}

static int is_traceable(const char *name)
{
	struct listed listed = { name, false };
	int dir_fd, ret = bpfl_tracefs_open(&dir_fd, NULL);

	if (ret < 0)
		return ret;
	ret = bpfl_file_each_line(dir_fd, "available_filter_functions", is_listed_line, &listed);
	bpfl_enter_close(dir_fd);
	return ret;
}

/* ---- the name is not there ---- */

static void explain_missing(const struct bpfl_kernel_place *place, const struct bpfl_symbol_facts *facts,
			    struct bpfl_error *err)
{
	struct bpfl_buf copies = BPFL_BUF_INIT;
	char names[600];

	for (unsigned i = 0; i < facts->nr_copies; i++)
		bpfl_buf_printf(&copies, "%s'%s'", i ? ", " : "", BPFL_ESC(facts->copies[i]));
	if (facts->elsewhere[0]) {
		bpfl_error_why(err, "not in module '%s'", BPFL_ESC(place->module));
		bpfl_error_fix(err, "did you mean '%s'?", BPFL_ESC(facts->elsewhere));
	} else if (facts->nr_copies && copies.data) {
		bpfl_error_why(err, "the compiler has changed or divided the function; what is there: %s", copies.data);
		bpfl_error_fix(err,
			       "probe one of those (arguments may be missing or elsewhere), or a function around it");
	} else if (facts->is_data) {
		bpfl_error_why(err, "'%s' is a variable", BPFL_ESC(place->function));
	} else {
		bpfl_error_why(err, "/proc/kallsyms does not list it: renamed, inlined by the compiler, or in a module "
				    "that is not loaded");
	}
	if (!facts->elsewhere[0] && *bpfl_near_text(&facts->near, names, sizeof(names)))
		bpfl_error_fix(err, "did you mean %s?", names);
	bpfl_buf_deinit(&copies);
}

/* ---- the name is there, but the kernel does not want it probed ---- */

static void explain_refused(const struct bpfl_kernel_place *place, const struct bpfl_symbol_facts *facts, int errnum,
			    struct bpfl_error *err)
{
	if (errnum == EADDRNOTAVAIL || (facts->nr_functions > 1 && errnum == ENOENT)) {
		bpfl_error_why(err, "%u functions have this name, and the kernel takes none of them by name (6.7)",
			       facts->nr_functions);
		bpfl_error_fix(err,
			       "name the module (MODULE:%s), or the address from /proc/kallsyms (kprobe/0xADDRESS)",
			       BPFL_ESC(place->function));
	} else if (errnum == EILSEQ) {
		bpfl_error_why(err, "there is no instruction that begins 0x%llx bytes into the function",
			       (unsigned long long)place->offset);
		bpfl_error_fix(err, "take an offset from a disassembly of this kernel");
	} else if (on_blacklist(place->function) == 1) {
		bpfl_error_why(err, "it is on the kernel's list of functions that must not be probed (" BLACKLIST ")");
		bpfl_error_fix(err, "probe a function that calls it, or that it calls");
	} else if (is_traceable(place->function) == 0) {
		bpfl_error_why(err,
			       "it is not traceable (notrace): available_filter_functions in tracefs does not list it");
		bpfl_error_fix(err, "probe a function that calls it, or that it calls");
	} else if (place->offset != 0) {
		bpfl_error_why(err, "byte 0x%llx may lie outside of the function, or not at an instruction",
			       (unsigned long long)place->offset);
	}
}

int bpfl_kprobe_refused(const struct bpfl_kernel_place *place, int errnum, struct bpfl_error *err)
{
	struct bpfl_symbol_facts facts;

	if (!place->function[0]) {
		bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "no probe can stand at address 0x%llx: %s",
			       (unsigned long long)place->offset, bpfl_errno_text(errnum));
		bpfl_error_catalogue(err, 19);
		return -errnum;
	}
	if (!err)
		return -errnum;
	bpfl_kallsyms_search(place->module[0] ? place->module : NULL, place->function, &facts);
	if (facts.readable && facts.nr_functions == 0) {
		bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "there is no kernel function '%s'",
			       BPFL_ESC(place->symbol));
		explain_missing(place, &facts, err);
	} else {
		bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "the kernel function '%s' cannot be probed: %s",
			       BPFL_ESC(place->symbol), bpfl_errno_text(errnum));
		explain_refused(place, &facts, errnum, err);
	}
	bpfl_error_catalogue(err, 19);
	return -errnum;
}
