/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/usdt_files: the places that "PATH:PROVIDER:NAME" means: those in one file, or in all ("*:PROVIDER:NAME").
 */
#ifndef BPFL_ATTACH_USDT_FILES_H
#define BPFL_ATTACH_USDT_FILES_H

#include "attach/user_target.h"
#include "elf/usdt.h"

struct bpfl_usdt_file {
	struct bpfl_user_target target;
	struct bpfl_usdt_sites sites; /* at least one */
};

struct bpfl_usdt_files {
	struct bpfl_usdt_file *items;
	size_t nr, cap;
	size_t nr_sites; /* of all files */
	bool is_everywhere; /* PATH is "*" */
};

/*
 * Finds the sites. With "*": in the files that the process of pid= has mapped, or in those of all processes and
 * the libraries of ld.so.cache.
 * Return: 0; -ENOENT with near names (E23); what opening a file says. ret_files: bpfl_usdt_files_deinit().
 */
int bpfl_usdt_files_find(const struct bpfl_attach *attach, struct bpfl_usdt_files *ret_files, struct bpfl_error *err);
void bpfl_usdt_files_deinit(struct bpfl_usdt_files *files);

#endif
