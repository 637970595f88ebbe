/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/place.c: the look of targets and places.
 *
 * Names become parts of paths below tracefs, lines that the kernel parses, and words of messages.
 * "tracepoint/../../x" would walk out of a directory and "f+-100" has crashed a parser, so each kind has a rule
 * here, and nothing that breaks it gets further. The rules are about form only; whether the thing exists is
 * asked in the file of the kind.
 */
#include "attach/place.h"

#include <ctype.h>
#include <string.h>
#include "attach/netfilter.h"
#include "base/text.h"

#define IDENT_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define IF_NAME_LEN_MAX 15u /* IFNAMSIZ without the NUL */

/* CATEGORY/NAME */
static size_t fit_tracepoint(const char *text)
{
	size_t category = strspn(text, IDENT_CHARS "-");

	if (category == 0 || text[category] != '/')
		return category;
	return category + 1 + strspn(text + category + 1, IDENT_CHARS "-");
}

static bool whole_tracepoint(const char *text)
{
	size_t category = strspn(text, IDENT_CHARS "-");

	return category > 0 && text[category] == '/' && text[category + 1] &&
	       fit_tracepoint(text) == strlen(text);
}

/* NAME */
static size_t fit_name(const char *text)
{
	return strspn(text, IDENT_CHARS);
}

static bool whole_name(const char *text)
{
	return text[0] && fit_name(text) == strlen(text);
}

/* NAME, or MODULE:NAME for what is looked up in BTF. A function's name may have a compiler's suffix (".isra.0"). */
static size_t fit_typed(const char *text)
{
	size_t len = strspn(text, IDENT_CHARS ".");

	if (len > 0 && text[len] == ':')
		len += 1 + strspn(text + len + 1, IDENT_CHARS ".");
	return len;
}

static bool whole_typed(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && fit_typed(text) == len && text[len - 1] != ':' && text[0] != '.' &&
	       !strstr(text, ":.");
}

/* [MODULE:]FUNCTION[+OFFSET], or 0xADDRESS: no name begins with a digit. */
static size_t fit_function(const char *text)
{
	size_t len = fit_typed(text);

	if (bpfl_text_has_prefix(text, "0x"))
		return 2 + strspn(text + 2, "0123456789abcdefABCDEF");
	if (len > 0 && text[len] == '+')
		len += 1 + strspn(text + len + 1, "0123456789abcdefABCDEFx");
	return len;
}

static bool whole_function(const char *text)
{
	const char *plus = strchr(text, '+');
	uint64_t offset;

	if (bpfl_text_has_prefix(text, "0x"))
		return bpfl_text_to_u64(text, &offset) == 0;
	if (isdigit((unsigned char)text[0]) || text[0] == '+' || strstr(text, ":+"))
		return false;
	if (plus)
		return fit_function(text) == strlen(text) && bpfl_text_to_u64(plus + 1, &offset) == 0;
	return whole_typed(text);
}

/* FUNCTION with '*' and '?' */
static size_t fit_glob(const char *text)
{
	return strspn(text, IDENT_CHARS ".*?:");
}

static bool whole_glob(const char *text)
{
	return text[0] && fit_glob(text) == strlen(text);
}

static size_t fit_interface(const char *text)
{
	size_t len = strcspn(text, "/: \t");

	return len < IF_NAME_LEN_MAX ? len : IF_NAME_LEN_MAX;
}

static bool whole_interface(const char *text)
{
	return text[0] && fit_interface(text) == strlen(text) && strcmp(text, ".") != 0 &&
	       strcmp(text, "..") != 0;
}

/* An interface, or fd=N, a socket of this process. */
static size_t fit_socket(const char *text)
{
	return strncmp(text, "fd=", 3) == 0 ? 3 + strspn(text + 3, "0123456789") : fit_interface(text);
}

static bool whole_socket(const char *text)
{
	return strncmp(text, "fd=", 3) == 0 ? text[3] && fit_socket(text) == strlen(text) : whole_interface(text);
}

/* A path or a name, or pid:N. */
static size_t fit_of_process(const char *text)
{
	return strncmp(text, "pid:", 4) == 0 ? 4 + strspn(text + 4, "0123456789") : strlen(text);
}

static bool whole_of_process(const char *text)
{
	return text[0] && (strncmp(text, "pid:", 4) != 0 || (text[4] && fit_of_process(text) == strlen(text)));
}

static size_t fit_netfilter(const char *text)
{
	struct bpfl_netfilter place;
	bool whole;

	return bpfl_netfilter_parse(text, &place, &whole);
}

static bool whole_netfilter(const char *text)
{
	struct bpfl_netfilter place;
	bool whole;

	bpfl_netfilter_parse(text, &place, &whole);
	return whole;
}

static size_t fit_any(const char *text);

static bool whole_device(const char *text)
{
	return text[0] == '/' && text[1];
}

/* PATH:SYMBOL: the path ends at the first colon; a symbol may contain anything ("std::vector<int, int>::at"). */
static size_t fit_any(const char *text)
{
	return strlen(text);
}

static bool whole_path_symbol(const char *text)
{
	const char *colon = strchr(text, ':');

	return colon && colon != text && colon[1];
}

static bool whole_usdt(const char *text)
{
	const char *colon = strchr(text, ':');
	const char *second = colon ? strchr(colon + 1, ':') : NULL;

	return second && colon != text && second != colon + 1 && second[1];
}

static bool whole_any(const char *text)
{
	return text[0] != '\0';
}

static const struct bpfl_place_rule any_rule = { fit_any, whole_any, "a target" };

static const struct bpfl_place_rule target_rules[BPFL_NR_HOOKS] = {
	[BPFL_HOOK_TRACEPOINT] = { fit_tracepoint, whole_tracepoint, "CATEGORY/NAME" },
	[BPFL_HOOK_RAW_TRACEPOINT] = { fit_name, whole_name, "the name of a tracepoint" },
	[BPFL_HOOK_TRACING] = { fit_typed, whole_typed, "[MODULE:]NAME" },
	[BPFL_HOOK_LSM] = { fit_name, whole_name, "the name of a hook" },
	[BPFL_HOOK_LSM_CGROUP] = { fit_name, whole_name, "the name of a hook" },
	[BPFL_HOOK_FREPLACE] = { fit_name, whole_name, "the name of a function" },
	[BPFL_HOOK_ITER] = { fit_name, whole_name, "the name of an iterator" },
	[BPFL_HOOK_KSYSCALL] = { fit_name, whole_name, "the name of a system call" },
	[BPFL_HOOK_KPROBE] = { fit_function, whole_function, "[MODULE:]FUNCTION[+OFFSET]" },
	[BPFL_HOOK_KPROBE_MULTI] = { fit_glob, whole_glob, "FUNCTION with '*' and '?'" },
	[BPFL_HOOK_TRACING_MULTI] = { fit_glob, whole_glob, "FUNCTION with '*' and '?'" },
	[BPFL_HOOK_UPROBE] = { fit_any, whole_path_symbol, "PATH:FUNCTION[+OFFSET]" },
	[BPFL_HOOK_UPROBE_MULTI] = { fit_any, whole_path_symbol, "PATH:FUNCTION with '*' and '?'" },
	[BPFL_HOOK_USDT] = { fit_any, whole_usdt, "PATH:PROVIDER:NAME" },
};

static const struct bpfl_place_rule where_rules[BPFL_NR_HOOKS] = {
	[BPFL_HOOK_XDP] = { fit_interface, whole_interface, "the name of a network interface" },
	[BPFL_HOOK_TC] = { fit_interface, whole_interface, "the name of a network interface" },
	[BPFL_HOOK_TCX] = { fit_interface, whole_interface, "the name of a network interface" },
	[BPFL_HOOK_NETKIT] = { fit_interface, whole_interface, "the name of a network interface" },
	[BPFL_HOOK_SOCKET] = { fit_socket, whole_socket, "the name of a network interface, or fd=N" },
	[BPFL_HOOK_CGROUP] = { fit_of_process, whole_of_process, "the path of a cgroup, self, or pid:N" },
	[BPFL_HOOK_NETNS] = { fit_of_process, whole_of_process, "a network namespace: self, pid:N, its name or path" },
	[BPFL_HOOK_NETFILTER] = { fit_netfilter, whole_netfilter, BPFL_NETFILTER_WORDS },
	[BPFL_HOOK_LIRC] = { fit_any, whole_device, "the path of a device" },
};

const struct bpfl_place_rule *bpfl_place_rule_target(const struct bpfl_section_row *row)
{
	return target_rules[row->hook].fit ? &target_rules[row->hook] : &any_rule;
}

const struct bpfl_place_rule *bpfl_place_rule_where(const struct bpfl_section_row *row)
{
	return where_rules[row->hook].fit ? &where_rules[row->hook] : &any_rule;
}

/* ---- help ---- */

static const struct {
	enum bpfl_hook hook;
	const char *junk; /* characters that it begins with; "": nothing is left over, but something is missing */
	const char *fix;
} fixes[] = {
	{ BPFL_HOOK_KPROBE, "*?", "patterns: kprobe.multi/PATTERN" },
	{ BPFL_HOOK_KSYSCALL, "*?", "one system call a program; patterns: kprobe.multi/__*_sys_PATTERN" },
	{ BPFL_HOOK_TRACEPOINT, "*?", "one tracepoint an --attach, which can be given several times; all system calls: raw_tp/sys_enter, raw_tp/sys_exit" },
	{ BPFL_HOOK_RAW_TRACEPOINT, "/:", "raw tracepoints have no category: raw_tp/NAME; single system calls: tracepoint/syscalls/sys_enter_NAME" },
	{ BPFL_HOOK_TRACING, "*?", "one function a program; patterns: kprobe.multi/PATTERN" },
	{ BPFL_HOOK_TRACING, "+", "these are at the entry or the return of a function; kprobe/FUNCTION+OFFSET" },
	{ BPFL_HOOK_TRACEPOINT, "", "ls -d /sys/kernel/tracing/events/*/NAME shows the category" },
};

void bpfl_place_explain(const struct bpfl_section_row *row, const char *place, const char *junk, struct bpfl_error *err)
{
	struct bpfl_section_hit bare = bpfl_section_find(row->attach_name ? row->attach_name : row->name);
	char words[512];

	for (size_t i = 0; i < sizeof(fixes) / sizeof(fixes[0]); i++) {
		bool fits = junk[0] ? fixes[i].junk[0] && strchr(fixes[i].junk, junk[0])
				    : place[0] && !fixes[i].junk[0];

		if (fixes[i].hook == row->hook && fits) {
			bpfl_error_fix(err, "%s", fixes[i].fix);
			return;
		}
	}
	if (*bpfl_section_suggest(&bare, words, sizeof(words)))
		bpfl_error_fix(err, "write %s", words);
}
