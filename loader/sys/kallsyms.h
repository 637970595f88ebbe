/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/kallsyms: names of the running kernel's functions.
 *
 * /proc/kallsyms has every symbol of the kernel and its modules, one to a line; reading all of it takes the
 * kernel some fifty milliseconds. So the usual question ("is there such a function?") is first asked of the
 * kernel's BTF, whose strings hold most names of functions and are read in two.
 */
#ifndef BPFL_SYS_KALLSYMS_H
#define BPFL_SYS_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/text.h"

#define BPFL_SYMBOL_SIZE 128 /* longer names are cut; the kernel's limit is 512 since 6.1, mostly for Rust */

/* Answers about one name. */
struct bpfl_symbol_facts {
	bool readable;	       /* false: nothing below is known */
	unsigned nr_functions; /* of that name, in that module when one was given */
	bool is_data;	       /* a variable has the name */
	/* "MODULE:NAME" or "NAME": where else a function of that name is, "" nowhere */
	char elsewhere[BPFL_SYMBOL_SIZE];
	unsigned nr_copies;    /* functions whose name is this one and a suffix of the compiler (".isra.0") */
	char copies[BPFL_NEAR_MAX][BPFL_SYMBOL_SIZE];
	struct bpfl_near near; /* function names that are spelt alike */
};

/*
 * Reads all of kallsyms for a name.
 * @module: NULL: the kernel or any module; else the name of one ("vmlinux" is the kernel itself).
 */
void bpfl_kallsyms_search(const char *module, const char *name, struct bpfl_symbol_facts *ret_facts);

/* True when there is a function of that name, or when it cannot be known. Fast for most that are there. */
bool bpfl_kallsyms_has(const char *module, const char *name);

/*
 * The first of names (in their order, not the kernel's) that is a function; -ENOENT when none is, another
 * -errno when kallsyms cannot be read.
 */
int bpfl_kallsyms_first(const char *const names[], size_t nr_names);

/*
 * Calls fn for every function of the kernel and its modules (module: NULL for the kernel itself), in the order
 * of the file: its address, 0 for
 * who may not see it, and its name. A non-zero return of fn ends it and is returned; 0 at the end, -errno when
 * kallsyms cannot be read. */
typedef int (*bpfl_kallsyms_fn)(void *ctx, uint64_t addr, const char *name, const char *module);
int bpfl_kallsyms_each_function(bpfl_kallsyms_fn fn, void *ctx);

#endif
