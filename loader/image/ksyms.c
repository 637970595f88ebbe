/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/ksyms: addresses of kernel symbols, from /proc/kallsyms.
 *
 * A line is "address type name [module]". The file is made by the kernel while it is read, some ten
 * megabytes and a few milliseconds, so it is read once for all names. To a reader without
 * CAP_SYSLOG, or with kernel.kptr_restrict=2, the kernel shows all addresses as zero. A program
 * that got such a zero would run with a wrong pointer, so this is an error (G-20).
 */
#include "image/extern.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include "base/hash.h"
#include "base/text.h"
#include "sys/facts.h"
#include "sys/file.h"

#define KALLSYMS_PATH "/proc/kallsyms"
#define KALLSYMS_SIZE_MAX (256ull << 20)

struct line {
	uint64_t addr;
	char type;
	const char *name;
	size_t name_size;
};

/* Reads the line at *at and moves behind it. False for a line of another form. */
static bool line_read(const char **at, const char *end, struct line *ret_line)
{
	const char *stop = memchr(*at, '\n', (size_t)(end - *at));
	const char *text = *at;

	stop = stop ? stop : end;
	*at = stop < end ? stop + 1 : end;
	ret_line->addr = 0;
	for (; text < stop && *text != ' '; text++) {
		unsigned char c = (unsigned char)*text;
		unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? c - 'a' + 10u
							: 16u;

		if (digit > 15) {
			return false;
		}
		ret_line->addr = ret_line->addr << 4 | digit;
	}
	if (stop - text < 4 || text[2] != ' ') {
		return false;
	}
	ret_line->type = text[1];
	ret_line->name = text + 3;
	const char *name_end = ret_line->name;
	while (name_end < stop && *name_end != '\t' && *name_end != ' ') {
		name_end++;
	}
	ret_line->name_size = (size_t)(name_end - ret_line->name);
	return ret_line->name_size > 0;
}

/* Link-time optimisation renames static data to "name.llvm.NUMBER". */
static void lto_suffix_cut(struct line *line)
{
	static const char suffix[] = ".llvm.";

	if (line->type != 'd') {
		return;
	}
	for (size_t i = 1; i + sizeof(suffix) - 1 <= line->name_size; i++) {
		if (memcmp(line->name + i, suffix, sizeof(suffix) - 1) == 0) {
			line->name_size = i;
			return;
		}
	}
}

static int symbol_take(struct bpfl_ksym *sym, const struct line *line, struct bpfl_error *err)
{
	if (sym->found && sym->addr != line->addr) {
		int result = bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EINVAL,
					    "kernel symbol '%s' is ambiguous", BPFL_ESC(sym->name));

		bpfl_error_why(err, "%s has it at 0x%" PRIx64 " and at 0x%" PRIx64, KALLSYMS_PATH,
			       sym->addr, line->addr);
		return result;
	}
	sym->found = true;
	sym->addr = line->addr;
	return 0;
}

static int hidden_error(struct bpfl_error *err)
{
	int result = bpfl_error_set(err, BPFL_ERR_PERMISSION, EPERM,
				    "the kernel hides the addresses of its symbols");

	bpfl_error_catalogue(err, 12);
	bpfl_error_why(err, "all addresses in %s are zero", KALLSYMS_PATH);
	bpfl_error_why(err, "kernel.kptr_restrict is %ld",
		       bpfl_facts_sysctl("kernel/kptr_restrict"));
	bpfl_error_fix(
		err,
		"run as root (CAP_SYSLOG), and with kernel.kptr_restrict below 2: sysctl kernel.kptr_restrict=1");
	return result;
}

static int text_search(const struct bpfl_buf *text, const struct bpfl_hash *wanted,
		       struct bpfl_ksym *syms, struct bpfl_error *err)
{
	const char *at = text->data, *end = text->data + text->size;
	bool any_address = false, any_found = false;
	struct line line;

	while (at < end) {
		uint32_t idx;

		if (!line_read(&at, end, &line)) {
			continue;
		}
		any_address = any_address || line.addr != 0;
		lto_suffix_cut(&line);
		if (bpfl_hash_get(wanted, line.name, line.name_size, &idx) < 0) {
			continue;
		}
		int result = symbol_take(&syms[idx], &line, err);
		if (result < 0) {
			return result;
		}
		any_found = true;
	}
	return any_found && !any_address ? hidden_error(err) : 0;
}

int bpfl_ksyms_find(struct bpfl_target *target, struct bpfl_ksym *syms, size_t nr_syms,
		    struct bpfl_error *err)
{
	struct bpfl_hash wanted = BPFL_HASH_INIT;
	struct bpfl_buf text = BPFL_BUF_INIT;
	int result = 0;

	if (nr_syms == 0) {
		return 0;
	}
	if (!target->running) {
		return bpfl_error_set(
			err, BPFL_ERR_UNSUPPORTED, ENOENT,
			"kernel symbol '%s': addresses are known of the running kernel only",
			BPFL_ESC(syms[0].name));
	}
	for (size_t i = 0; i < nr_syms && result == 0; i++) {
		result = bpfl_hash_put(&wanted, syms[i].name, strlen(syms[i].name), (uint32_t)i);
	}
	if (result < 0) {
		result = result == -EEXIST ? bpfl_error_set(err, BPFL_ERR_OBJECT, EEXIST,
							    "two externs have one name")
					   : bpfl_error_nomem(err);
		goto out;
	}
	result = bpfl_file_read_virtual(AT_FDCWD, KALLSYMS_PATH, KALLSYMS_SIZE_MAX, &text);
	if (result < 0) {
		result = bpfl_error_set(err, BPFL_ERR_SYSTEM, -result, "cannot read %s: %s",
					KALLSYMS_PATH, bpfl_errno_text(-result));
		goto out;
	}
	result = text_search(&text, &wanted, syms, err);
out:
	bpfl_buf_deinit(&text);
	bpfl_hash_deinit(&wanted);
	return result;
}
