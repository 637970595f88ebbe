/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/kallsyms.c: reads /proc/kallsyms. See sys/kallsyms.h.
 *
 * A line is "ffffffff81234560 T vfs_read" or "ffffffffc0123450 t veth_xmit\t[veth]". The letter says what it
 * is: t and w in either case are functions. Addresses are zero for the unprivileged; names are not hidden.
 */
#include "sys/kallsyms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sys/file.h"

#define KALLSYMS "/proc/kallsyms"
#define KERNEL_BTF "/sys/kernel/btf/vmlinux"
#define BTF_SIZE_MAX (64u << 20)

/* One line, taken apart in place; false for what is none. */
static bool split_line(char *line, char *ret_letter, char **ret_name, char **ret_module)
{
	char *at = strchr(line, ' ');
	char *tab;

	if (!at || !at[1] || at[2] != ' ' || !at[3])
		return false;
	*ret_letter = at[1];
	*ret_name = at + 3;
	tab = strchr(at + 3, '\t');
	*ret_module = NULL;
	if (tab) {
		*tab = '\0';
		if (tab[1] == '[') {
			*ret_module = tab + 2;
			(*ret_module)[strcspn(*ret_module, "]")] = '\0';
		}
	}
	return true;
}

static bool is_function(char letter)
{
	return letter != '\0' && strchr("tTwW", letter) != NULL;
}

/* Space in front of functions that the compiler gives a name of its own; nobody means it. */
static bool is_padding(const char *name)
{
	return bpfl_text_has_prefix(name, "__pfx_") || bpfl_text_has_prefix(name, "__cfi_");
}

static bool same_module(const char *wanted, const char *module)
{
	if (!wanted)
		return true;
	return strcmp(wanted, module ? module : "vmlinux") == 0;
}

/* The compiler's suffixes, each behind a dot. A dot and anything else may be a name of its own ("str.3"). */
static bool is_copy(const char *name, const char *wanted, size_t wanted_len)
{
	static const char *const suffixes[] = { ".isra.", ".constprop.", ".part.", ".cold", ".llvm.", ".lto_priv." };

	if (strncmp(name, wanted, wanted_len) != 0)
		return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (bpfl_text_has_prefix(name + wanted_len, suffixes[i]))
			return true;
	}
	return false;
}

/* ---- all about one name ---- */

struct search {
	const char *module, *name;
	size_t name_len;
	struct bpfl_symbol_facts *facts;
};

static int note_line(void *ctx, char *line)
{
	struct search *search = ctx;
	struct bpfl_symbol_facts *facts = search->facts;
	char letter, *name, *module;

	if (!split_line(line, &letter, &name, &module))
		return 0;
	if (strcmp(name, search->name) == 0) {
		if (!is_function(letter))
			facts->is_data = true;
		else if (same_module(search->module, module))
			facts->nr_functions++;
		else
			snprintf(facts->elsewhere, sizeof(facts->elsewhere), "%.60s%s%.60s", module ? module : "",
				 module ? ":" : "", name);
	} else if (is_function(letter) && is_copy(name, search->name, search->name_len)) {
		if (facts->nr_copies < BPFL_NEAR_MAX)
			snprintf(facts->copies[facts->nr_copies++], BPFL_SYMBOL_SIZE, "%.127s", name);
	} else if (is_function(letter) && !is_padding(name) && same_module(search->module, module)) {
		bpfl_near_offer(&facts->near, name);
	}
	return 0;
}

void bpfl_kallsyms_search(const char *module, const char *name, struct bpfl_symbol_facts *ret_facts)
{
	struct search search = { module, name, strlen(name), ret_facts };

	memset(ret_facts, 0, sizeof(*ret_facts));
	bpfl_near_init(&ret_facts->near, name);
	ret_facts->readable = bpfl_file_each_line(AT_FDCWD, KALLSYMS, note_line, &search) == 0;
}

/* ---- whether it is there ---- */

/*
 * Whether the name is among the strings of the kernel's BTF. Types have names too, so a yes may be wrong;
 * attaching tells then.
 */
static bool btf_mentions(const char *name)
{
	struct bpfl_buf btf = BPFL_BUF_INIT;
	char quoted[BPFL_SYMBOL_SIZE + 2] = "";
	size_t len = strlen(name);
	bool found = false;

	if (len >= BPFL_SYMBOL_SIZE)
		return false;
	memcpy(quoted + 1, name, len); /* between two NULs */
	if (bpfl_file_read_virtual(AT_FDCWD, KERNEL_BTF, BTF_SIZE_MAX, &btf) == 0)
		found = memmem(btf.data, btf.size, quoted, len + 2) != NULL;
	bpfl_buf_deinit(&btf);
	return found;
}

static int stop_at_name(void *ctx, char *line)
{
	const struct search *search = ctx;
	char letter, *name, *module;

	return split_line(line, &letter, &name, &module) && is_function(letter) && strcmp(name, search->name) == 0 &&
	       same_module(search->module, module);
}

bool bpfl_kallsyms_has(const char *module, const char *name)
{
	struct search search = { .module = module, .name = name };

	if ((!module || strcmp(module, "vmlinux") == 0) && btf_mentions(name))
		return true;
	return bpfl_file_each_line(AT_FDCWD, KALLSYMS, stop_at_name, &search) != 0; /* 1, or an error */
}

struct first {
	const char *const *names;
	size_t nr_names;
	size_t found; /* nr_names: none yet */
};

static int note_first(void *ctx, char *line)
{
	struct first *first = ctx;
	char letter, *name, *module;

	if (!split_line(line, &letter, &name, &module) || !is_function(letter))
		return 0;
	for (size_t i = 0; i < first->found; i++) {
		if (strcmp(name, first->names[i]) == 0)
			first->found = i;
	}
	return first->found == 0;
}

int bpfl_kallsyms_first(const char *const names[], size_t nr_names)
{
	struct first first = { names, nr_names, nr_names };
	int ret = bpfl_file_each_line(AT_FDCWD, KALLSYMS, note_first, &first);

	if (ret < 0)
		return ret;
	return first.found < nr_names ? (int)first.found : -ENOENT;
}

/* ---- all of them ---- */

struct each {
	bpfl_kallsyms_fn fn;
	void *ctx;
};

static int pass_line(void *ctx, char *line)
{
	const struct each *each = ctx;
	uint64_t addr = strtoull(line, NULL, 16);
	char letter, *name, *module;

	if (!split_line(line, &letter, &name, &module) || !is_function(letter) || is_padding(name))
		return 0;
	return each->fn(each->ctx, addr, name, module);
}

int bpfl_kallsyms_each_function(bpfl_kallsyms_fn fn, void *ctx)
{
	struct each each = { fn, ctx };

	return bpfl_file_each_line(AT_FDCWD, KALLSYMS, pass_line, &each);
}
