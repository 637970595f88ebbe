/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/usdt_files.c: see attach/usdt_files.h.
 *
 * With a path, a file that cannot be read is an error, and so is one without such a probe. With "*" only
 * finding no probe anywhere is: what other people's files look like is not the user's business. Files for other
 * machines cannot run here and are passed over.
 */
#include "attach/usdt_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "attach/mapped.h"
#include "base/text.h"

struct search {
	char *provider;
	const char *name, *rest; /* rest: "PROVIDER:NAME" */
	int pid;
	struct bpfl_usdt_files files;
	size_t nr_looked_at, nr_others; /* files; probes of other names */
	struct bpfl_near near;
};

/* ---- not found: E23 ---- */

static void offer_probes(struct bpfl_near *near, const struct bpfl_usdt_sites *all)
{
	char text[512];

	for (size_t i = 0; i < all->nr; i++) {
		snprintf(text, sizeof(text), "%s:%s", all->items[i].provider, all->items[i].name);
		bpfl_near_offer(near, text);
	}
}

static void add_near(const struct search *search, const char *otherwise, struct bpfl_error *err)
{
	char names[512];

	if (search->near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&search->near, names, sizeof(names)));
	else
		bpfl_error_fix(err, "%s", otherwise);
}

static int not_in_file(struct search *search, const struct bpfl_user_elf *elf, struct bpfl_error *err)
{
	struct bpfl_usdt_sites all = { 0 };
	char otherwise[512];

	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "'%s' has no USDT probe '%s'", BPFL_ESC(elf->path),
		       BPFL_ESC(search->rest));
	bpfl_error_catalogue(err, 23);
	if (!err || bpfl_usdt_read(elf, "*", "*", &all, NULL) < 0)
		return -ENOENT;
	if (all.nr == 0) {
		bpfl_error_why(err, "it has no probes at all: there is no note in a section .note.stapsdt");
		bpfl_error_fix(err, "build the program with its probes (often: --enable-dtrace or --with-systemtap), "
				    "or name the library that has them");
	} else {
		bpfl_error_why(err, "it has %zu probes of other names, the first is %s:%s", all.nr,
			       BPFL_ESC(all.items[0].provider), BPFL_ESC(all.items[0].name));
		offer_probes(&search->near, &all);
		snprintf(otherwise, sizeof(otherwise), "readelf -n '%s' lists them", BPFL_ESC(elf->path));
		add_near(search, otherwise, err);
	}
	bpfl_usdt_sites_deinit(&all);
	return -ENOENT;
}

static int not_anywhere(const struct search *search, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "no file has a USDT probe '%s'", BPFL_ESC(search->rest));
	bpfl_error_catalogue(err, 23);
	if (search->pid > 0)
		bpfl_error_why(err, "process %d has mapped %zu files, with %zu probes of other names", search->pid,
			       search->nr_looked_at, search->nr_others);
	else
		bpfl_error_why(err,
			       "looked at the %zu files that processes have mapped or /etc/ld.so.cache names, with %zu "
			       "probes of other names",
			       search->nr_looked_at, search->nr_others);
	add_near(search, "start the program first, or write its path instead of '*'", err);
	return -ENOENT;
}

/* ---- found ---- */

/* Takes the target and the sites over, or neither. */
static int add_file(struct bpfl_usdt_files *files, const struct bpfl_user_target *target,
		    const struct bpfl_usdt_sites *sites)
{
	struct bpfl_usdt_file *slot = BPFL_VEC_PUSH(files);

	if (!slot)
		return -ENOMEM;
	slot->target = *target;
	slot->sites = *sites;
	files->nr_sites += sites->nr;
	return 0;
}

static int take_mapped(void *ctx, struct bpfl_user_elf *elf)
{
	struct search *search = ctx;
	struct bpfl_user_target target = { elf, search->rest, search->pid };
	struct bpfl_usdt_sites sites = { 0 };
	int ret = 0;

	search->nr_looked_at++;
	if (!bpfl_usdt_is_native(elf->machine) ||
	    bpfl_usdt_read(elf, search->provider, search->name, &sites, NULL) < 0) {
		bpfl_user_close(elf);
		return 0;
	}
	if (sites.nr > 0) {
		ret = add_file(&search->files, &target, &sites);
		if (ret == 0)
			return 0;
	} else if (search->files.nr == 0 && bpfl_usdt_read(elf, "*", "*", &sites, NULL) == 0) {
		search->nr_others += sites.nr;
		offer_probes(&search->near, &sites);
	}
	bpfl_usdt_sites_deinit(&sites);
	bpfl_user_close(elf);
	return ret;
}

static int find_everywhere(const struct bpfl_attach *attach, struct search *search, struct bpfl_error *err)
{
	int ret = bpfl_user_target_pid(attach, &search->pid, err);

	search->files.is_everywhere = true;
	if (ret == 0)
		ret = bpfl_mapped_each(search->pid > 0 ? search->pid : 0, take_mapped, search, err);
	if (ret == 0 && search->files.nr == 0)
		ret = not_anywhere(search, err);
	return ret;
}

/* "PROVIDER:NAME" into the search. What is left of a target whose path and library are taken off. */
static int split(struct search *search, const char *rest, struct bpfl_error *err)
{
	const char *colon = strchr(rest, ':');

	if (!colon) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' is not PROVIDER:NAME", BPFL_ESC(rest));
		bpfl_error_fix(err, "write usdt/PATH:PROVIDER:NAME, or usdt/PROGRAM:LIBRARY.so:PROVIDER:NAME");
		return -EINVAL;
	}
	search->provider = bpfl_strndup(rest, (size_t)(colon - rest));
	search->name = colon + 1;
	search->rest = rest;
	bpfl_near_init(&search->near, rest);
	return search->provider ? 0 : bpfl_error_nomem(err);
}

static int find_in_file(const struct bpfl_attach *attach, struct search *search, struct bpfl_error *err)
{
	struct bpfl_user_target target;
	struct bpfl_usdt_sites sites = { 0 };
	int ret = bpfl_user_target_open(attach, &target, err);

	if (ret < 0)
		return ret;
	ret = split(search, target.rest, err);
	if (ret == 0)
		ret = bpfl_usdt_read(target.elf, search->provider, search->name, &sites, err);
	if (ret == 0 && sites.nr == 0)
		ret = not_in_file(search, target.elf, err);
	if (ret == 0 && add_file(&search->files, &target, &sites) < 0)
		ret = bpfl_error_nomem(err);
	if (ret < 0) {
		bpfl_usdt_sites_deinit(&sites);
		bpfl_user_target_close(&target);
	}
	return ret;
}

int bpfl_usdt_files_find(const struct bpfl_attach *attach, struct bpfl_usdt_files *ret_files, struct bpfl_error *err)
{
	struct search search = { .pid = -1 };
	int ret;

	if (bpfl_text_has_prefix(attach->target, "*:")) {
		ret = split(&search, attach->target + 2, err);
		if (ret == 0)
			ret = find_everywhere(attach, &search, err);
	} else {
		ret = find_in_file(attach, &search, err);
	}
	free(search.provider);
	if (ret < 0) {
		bpfl_usdt_files_deinit(&search.files);
		return ret;
	}
	*ret_files = search.files;
	return 0;
}

void bpfl_usdt_files_deinit(struct bpfl_usdt_files *files)
{
	for (size_t i = 0; i < files->nr; i++) {
		bpfl_usdt_sites_deinit(&files->items[i].sites);
		bpfl_user_target_close(&files->items[i].target);
	}
	free(files->items);
	memset(files, 0, sizeof(*files));
}
