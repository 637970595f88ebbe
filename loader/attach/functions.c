/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/functions.c: patterns of function names. See attach/functions.h.
 *
 * A line of available_filter_functions is "NAME" or "NAME [MODULE]"; available_filter_functions_addrs has the
 * address in front. With addresses every function of a name is meant, where several have it; by name the kernel
 * would take one, or refuse.
 * Names that stand more than once are therefore used only with addresses.
 */
#include "attach/functions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "sys/enter.h"
#include "sys/file.h"
#include "sys/kallsyms.h"
#include "sys/tracefs.h"

#define FUNCTIONS_MAX (1u << 20) /* what the kernel takes for one link */

struct reading {
	const char *pattern; /* behind the module */
	char module[64];     /* "" any */
	bool with_addrs;
	bool only_first;
	struct bpfl_functions *functions; /* may be NULL with only_first */
};

void bpfl_functions_deinit(struct bpfl_functions *functions)
{
	for (size_t i = 0; i < functions->names.nr; i++)
		free(functions->names.items[i]);
	free(functions->names.items);
	free(functions->addrs);
	memset(functions, 0, sizeof(*functions));
}

static int add(struct bpfl_functions *functions, const char *name, uint64_t addr)
{
	size_t nr = functions->names.nr;

	if (nr == FUNCTIONS_MAX)
		return -E2BIG;
	if (nr == functions->room) {
		size_t room = nr ? 2 * nr : 64;
		char **names = realloc(functions->names.items, room * sizeof(*names));
		uint64_t *addrs;

		if (!names)
			return -ENOMEM;
		functions->names.items = names;
		addrs = realloc(functions->addrs, room * sizeof(*addrs));
		if (!addrs)
			return -ENOMEM;
		functions->addrs = addrs;
		functions->room = room;
	}
	functions->names.items[nr] = bpfl_strdup(name);
	if (!functions->names.items[nr])
		return -ENOMEM;
	functions->addrs[nr] = addr;
	functions->names.nr++;
	return 0;
}

/* 1: enough; 0: go on; -errno. */
static int read_line(void *ctx, char *line)
{
	const struct reading *reading = ctx;
	char *name = line, *module;
	uint64_t addr = 0;

	if (reading->with_addrs) {
		addr = strtoull(line, &name, 16);
		name += strspn(name, " ");
	}
	module = strchr(name, ' ');
	if (module) {
		*module++ = '\0';
		module += strspn(module, "[");
		module[strcspn(module, "]")] = '\0';
	}
	if (!bpfl_text_glob(reading->pattern, name))
		return 0;
	if (reading->module[0] && strcmp(reading->module, module ? module : "vmlinux") != 0)
		return 0;
	/* Functions that were discarded after they had been recorded; nothing can be attached to them. */
	if (bpfl_text_has_prefix(name, "__ftrace_invalid_address__"))
		return 0;
	if (reading->only_first)
		return 1;
	return add(reading->functions, name, addr);
}

static int start_reading(const char *pattern, struct reading *reading, struct bpfl_error *err)
{
	const char *colon = strchr(pattern, ':');
	size_t len = colon ? (size_t)(colon - pattern) : 0;

	if (len >= sizeof(reading->module))
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' names too long a module", BPFL_ESC(pattern));
	memcpy(reading->module, pattern, len);
	reading->pattern = colon ? colon + 1 : pattern;
	return 0;
}

/* The best list that can be read. 0, 1 for enough, -errno. */
static int read_list(struct reading *reading)
{
	int dir_fd, ret = bpfl_tracefs_open(&dir_fd, NULL);

	if (ret < 0)
		return ret;
	reading->with_addrs = true;
	ret = bpfl_file_each_line(dir_fd, "available_filter_functions_addrs", read_line, reading);
	if (ret == -ENOENT || ret == -EACCES || ret == -EPERM) {
		reading->with_addrs = false;
		ret = bpfl_file_each_line(dir_fd, "available_filter_functions", read_line, reading);
	}
	bpfl_enter_close(dir_fd);
	return ret;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Without addresses: sorted, and names that stand more than once left out. */
static void drop_doubles(struct bpfl_functions *functions)
{
	char **names = functions->names.items;
	size_t nr = functions->names.nr, kept = 0;

	free(functions->addrs);
	functions->addrs = NULL;
	qsort(names, nr, sizeof(*names), by_name);
	for (size_t i = 0, next; i < nr; i = next) {
		for (next = i + 1; next < nr && strcmp(names[i], names[next]) == 0;)
			next++;
		if (next == i + 1) {
			names[kept++] = names[i];
			continue;
		}
		for (size_t k = i; k < next; k++)
			free(names[k]);
	}
	functions->names.nr = kept;
}

int bpfl_functions_match(const char *pattern, struct bpfl_functions *ret_functions, struct bpfl_error *err)
{
	struct reading reading = { .functions = ret_functions };
	int ret = start_reading(pattern, &reading, err);

	if (ret < 0)
		return ret;
	if (!strpbrk(reading.pattern, "*?") && !reading.module[0]) {
		ret = add(ret_functions, pattern, 0);
		reading.with_addrs = false;
	} else {
		ret = read_list(&reading);
	}
	if (ret < 0) {
		bpfl_functions_deinit(ret_functions);
		return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret,
				      "reading which kernel functions can be traced (available_filter_functions): %s",
				      bpfl_errno_text(-ret));
	}
	if (!reading.with_addrs)
		drop_doubles(ret_functions);
	if (ret_functions->names.nr > 0)
		return 0;
	bpfl_functions_deinit(ret_functions);
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "no kernel function that can be traced fits '%s'",
		       BPFL_ESC(pattern));
	bpfl_error_catalogue(err, 19);
	return -ENOENT;
}

bool bpfl_functions_match_any(const char *pattern)
{
	struct reading reading = { .only_first = true };

	if (start_reading(pattern, &reading, NULL) < 0)
		return false;
	if (!strpbrk(reading.pattern, "*?"))
		return bpfl_kallsyms_has(reading.module[0] ? reading.module : NULL, reading.pattern);
	return read_list(&reading) != 0; /* 1, or an error: not known */
}
