/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/user_find.c: from the name of a function, or a pattern, to offsets in the file.
 *
 * Names are not unique: versions of one symbol, static functions of several source files, weak ones beside
 * strong ones. A single name must come out at a single place, and when it does not the places are told, for an
 * offset is always exact.
 */
#include "elf/user.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "elf/elf.h"

#define NR_PLACES_SHOWN 8

/* ---- one name ---- */

struct lookup {
	const char *name;
	size_t name_len; /* of it without "@VERSION" */
	const char *version; /* asked for, or NULL */
	bool default_only;   /* "@@" */
	unsigned best;	     /* rank of what was found; 0: nothing */
	struct bpfl_user_symbol found;
	uint64_t places[NR_PLACES_SHOWN];
	size_t nr_places; /* of that rank; more than NR_PLACES_SHOWN are only counted */
};

static bool name_is(const struct bpfl_user_symbol *symbol, const char *name, size_t name_len)
{
	return symbol->name_len == name_len && memcmp(symbol->name, name, name_len) == 0;
}

static bool lookup_fits(const struct lookup *lookup, const struct bpfl_user_symbol *symbol)
{
	if (!lookup->version)
		return name_is(symbol, lookup->name, lookup->name_len);
	/* A name with an '@' of its own. */
	if (strcmp(symbol->name, lookup->name) == 0)
		return true;
	return name_is(symbol, lookup->name, lookup->name_len) && symbol->version &&
	       strcmp(symbol->version, lookup->version) == 0 && (!lookup->default_only || symbol->is_default);
}

static int lookup_offer(void *ctx, const struct bpfl_user_symbol *symbol)
{
	struct lookup *lookup = ctx;
	unsigned rank = 1;
	size_t i;

	if (!lookup_fits(lookup, symbol))
		return 0;
	/* Versions weigh more: an old version may be strong, and is not what anybody calls today. */
	rank += symbol->is_default || lookup->version ? 2 : 0;
	rank += symbol->bind != BPFL_STB_WEAK ? 1 : 0;
	if (rank < lookup->best)
		return 0;
	if (rank > lookup->best) {
		lookup->best = rank;
		lookup->nr_places = 0;
		lookup->found = *symbol;
	}
	for (i = 0; i < lookup->nr_places && i < NR_PLACES_SHOWN; i++) {
		if (lookup->places[i] == symbol->vaddr)
			return 0;
	}
	if (i < NR_PLACES_SHOWN)
		lookup->places[i] = symbol->vaddr;
	lookup->nr_places++;
	return 0;
}

static void lookup_init(struct lookup *lookup, const char *name)
{
	const char *at = strchr(name, '@');

	memset(lookup, 0, sizeof(*lookup));
	lookup->name = name;
	lookup->name_len = strlen(name);
	if (!at || at == name || !at[1])
		return;
	lookup->default_only = at[1] == '@';
	lookup->version = at + (lookup->default_only ? 2 : 1);
	lookup->name_len = (size_t)(at - name);
}

/* ---- what is not there ---- */

#define VERSIONS_SHOWN_BYTES 256

struct hints {
	struct lookup lookup; /* what was not found */
	struct bpfl_near near;
	struct bpfl_buf versions; /* those of its name that are there */
};

static int hint_offer(void *ctx, const struct bpfl_user_symbol *symbol)
{
	struct hints *hints = ctx;
	const struct lookup *lookup = &hints->lookup;

	bpfl_near_offer(&hints->near, symbol->name);
	if (lookup->version && symbol->version && name_is(symbol, lookup->name, lookup->name_len) &&
	    hints->versions.size < VERSIONS_SHOWN_BYTES)
		bpfl_buf_printf(&hints->versions, "%s'%.*s%s%s'", hints->versions.size ? ", " : "",
				(int)symbol->name_len, BPFL_ESC(symbol->name), symbol->is_default ? "@@" : "@",
				BPFL_ESC(symbol->version));
	return 0;
}

static void hints_take(struct hints *hints, const struct bpfl_user_elf *elf, enum bpfl_user_table table)
{
	bpfl_user_each_symbol(elf, table, hint_offer, hints, NULL);
	if (hints->versions.size > 0)
		hints->lookup.version = NULL; /* the next table has the same ones */
}

static int count_one(void *ctx, const struct bpfl_user_symbol *symbol)
{
	size_t *nr = ctx;

	(void)symbol;
	(*nr)++;
	return 0;
}

static size_t count_functions(const struct bpfl_user_elf *elf, enum bpfl_user_table table)
{
	size_t nr = 0;

	return bpfl_user_each_symbol(elf, table, count_one, &nr, NULL) < 0 ? 0 : nr;
}

/* E23: near names, and what there was to look at. */
static int not_found(struct bpfl_user_elf *elf, const char *what, const char *name, struct bpfl_error *err)
{
	const struct bpfl_user_elf *debug = bpfl_user_debug(elf);
	size_t nr_symtab = count_functions(elf, BPFL_USER_SYMTAB);
	struct hints hints = { .versions = BPFL_BUF_INIT };
	char names[512];

	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "'%s' has no function %s'%s'", BPFL_ESC(elf->path), what,
		       BPFL_ESC(name));
	bpfl_error_catalogue(err, 23);
	if (!err)
		return -ENOENT;
	bpfl_error_why(err, "looked at .dynsym (%zu functions), .symtab (%s%zu), debug file (%s)",
		       count_functions(elf, BPFL_USER_DYNSYM), nr_symtab ? "" : "stripped: ", nr_symtab,
		       debug ? BPFL_ESC(debug->path) : "none");
	lookup_init(&hints.lookup, name);
	bpfl_near_init(&hints.near, name);
	hints_take(&hints, elf, BPFL_USER_DYNSYM);
	hints_take(&hints, elf, BPFL_USER_SYMTAB);
	if (debug)
		hints_take(&hints, debug, BPFL_USER_SYMTAB);
	if (!*what && strpbrk(name, "*?"))
		bpfl_error_fix(err, "patterns: uprobe.multi/PATH:PATTERN");
	else if (hints.versions.size > 0)
		bpfl_error_fix(err, "versions that it has: %s", hints.versions.data);
	else if (hints.near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&hints.near, names, sizeof(names)));
	else if (nr_symtab == 0 && !debug)
		bpfl_error_fix(err,
			       "the file is stripped: install its debug symbols, or give the place as PATH:0xOFFSET");
	else
		bpfl_error_fix(err, "nm -C '%s' lists its functions", BPFL_ESC(elf->path));
	bpfl_buf_deinit(&hints.versions);
	return -ENOENT;
}

static int ambiguous(const struct bpfl_user_elf *elf, const struct lookup *lookup, struct bpfl_error *err)
{
	struct bpfl_buf places = BPFL_BUF_INIT;
	uint64_t file_off;

	for (size_t i = 0; i < lookup->nr_places && i < NR_PLACES_SHOWN; i++) {
		if (bpfl_user_file_off(elf, lookup->places[i], &file_off) == 0)
			bpfl_buf_printf(&places, "%s0x%" PRIx64, places.size ? ", " : "", file_off);
	}
	bpfl_error_set(err, BPFL_ERR_TARGET, EEXIST, "'%s' has %zu functions '%s'", BPFL_ESC(elf->path),
		       lookup->nr_places, BPFL_ESC(lookup->name));
	bpfl_error_catalogue(err, 23);
	bpfl_error_why(err, "they are at %s%s", places.data ? places.data : "",
		       lookup->nr_places > NR_PLACES_SHOWN ? ", ..." : "");
	bpfl_error_fix(err, "say which: PATH:0xOFFSET instead of the name; uprobe.multi takes all of them");
	bpfl_buf_deinit(&places);
	return -EEXIST;
}

int bpfl_user_find(struct bpfl_user_elf *elf, const char *name, struct bpfl_user_func *ret_func, struct bpfl_error *err)
{
	const struct bpfl_user_elf *debug;
	struct lookup lookup;
	uint64_t file_off;
	int ret;

	lookup_init(&lookup, name);
	ret = bpfl_user_each_symbol(elf, BPFL_USER_DYNSYM, lookup_offer, &lookup, err);
	if (ret == 0 && lookup.best == 0)
		ret = bpfl_user_each_symbol(elf, BPFL_USER_SYMTAB, lookup_offer, &lookup, err);
	if (ret < 0)
		return ret;
	/* A damaged debug file is as good as none. */
	debug = lookup.best == 0 ? bpfl_user_debug(elf) : NULL;
	if (debug)
		bpfl_user_each_symbol(debug, BPFL_USER_SYMTAB, lookup_offer, &lookup, NULL);
	if (lookup.best == 0)
		return not_found(elf, "", name, err);
	if (lookup.nr_places > 1)
		return ambiguous(elf, &lookup, err);
	if (bpfl_user_file_off(elf, lookup.found.vaddr, &file_off) < 0) {
		bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT,
			       "'%s': function '%s' is at 0x%" PRIx64 ", which is in no part that is loaded",
			       BPFL_ESC(elf->path), BPFL_ESC(name), lookup.found.vaddr);
		bpfl_error_catalogue(err, 23);
		return -ENOENT;
	}
	*ret_func = (struct bpfl_user_func){
		.vaddr = lookup.found.vaddr,
		.file_off = file_off,
		.size = lookup.found.size,
		.is_ifunc = lookup.found.type == BPFL_STT_GNU_IFUNC,
	};
	return 0;
}

/* ---- many names ---- */

struct sweep {
	const struct bpfl_user_elf *elf; /* whose segments count, also for symbols of its debug file */
	const char *pattern;
	struct bpfl_user_funcs *funcs;
};

static int sweep_offer(void *ctx, const struct bpfl_user_symbol *symbol)
{
	struct sweep *sweep = ctx;
	struct bpfl_user_func *func;
	uint64_t file_off;
	char *name = bpfl_strndup(symbol->name, symbol->name_len);
	int ret = 0;

	if (!name)
		return -ENOMEM;
	if (!bpfl_text_glob(sweep->pattern, name) || bpfl_user_file_off(sweep->elf, symbol->vaddr, &file_off) < 0)
		goto out;
	if (symbol->type == BPFL_STT_GNU_IFUNC) {
		sweep->funcs->nr_ifuncs++;
		goto out;
	}
	func = BPFL_VEC_PUSH(sweep->funcs);
	if (!func) {
		ret = -ENOMEM;
		goto out;
	}
	*func = (struct bpfl_user_func){
		.name = name, .vaddr = symbol->vaddr, .file_off = file_off, .size = symbol->size
	};
	return 0;
out:
	free(name);
	return ret;
}

static int by_place(const void *left, const void *right)
{
	const struct bpfl_user_func *a = left, *b = right;

	if (a->file_off != b->file_off)
		return a->file_off < b->file_off ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Several names of one function would count each call several times. */
static void drop_doubles(struct bpfl_user_funcs *funcs)
{
	size_t nr = 0;

	if (funcs->nr > 0)
		qsort(funcs->items, funcs->nr, sizeof(*funcs->items), by_place);
	for (size_t i = 0; i < funcs->nr; i++) {
		if (nr > 0 && funcs->items[nr - 1].file_off == funcs->items[i].file_off)
			free(funcs->items[i].name);
		else
			funcs->items[nr++] = funcs->items[i];
	}
	funcs->nr = nr;
}

int bpfl_user_glob(struct bpfl_user_elf *elf, const char *pattern, struct bpfl_user_funcs *ret_funcs,
		   struct bpfl_error *err)
{
	struct bpfl_user_funcs funcs = { 0 };
	struct sweep sweep = { elf, pattern, &funcs };
	const struct bpfl_user_elf *debug = bpfl_user_debug(elf);
	int ret = bpfl_user_each_symbol(elf, BPFL_USER_DYNSYM, sweep_offer, &sweep, err);

	if (ret == 0)
		ret = bpfl_user_each_symbol(elf, BPFL_USER_SYMTAB, sweep_offer, &sweep, err);
	if (ret == 0 && debug && bpfl_user_each_symbol(debug, BPFL_USER_SYMTAB, sweep_offer, &sweep, NULL) == -ENOMEM)
		ret = -ENOMEM;
	if (ret == -ENOMEM)
		bpfl_error_nomem(err);
	drop_doubles(&funcs);
	if (ret == 0 && funcs.nr == 0) {
		ret = not_found(elf, "that fits ", pattern, err);
		if (funcs.nr_ifuncs > 0)
			bpfl_error_why(err,
				       "%zu indirect functions (IFUNC) fit, which uprobe/PATH:NAME takes one by one",
				       funcs.nr_ifuncs);
	}
	if (ret < 0) {
		bpfl_user_funcs_deinit(&funcs);
		return ret;
	}
	*ret_funcs = funcs;
	return 0;
}

void bpfl_user_funcs_deinit(struct bpfl_user_funcs *funcs)
{
	for (size_t i = 0; i < funcs->nr; i++)
		free(funcs->items[i].name);
	free(funcs->items);
	memset(funcs, 0, sizeof(*funcs));
}
