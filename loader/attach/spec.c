/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/spec.c: the words of --attach -> struct bpfl_attach.
 *
 *     attach := [ PROG "=" ] spec { "," key "=" value }
 *     spec   := NAME "/" target            as in SEC():  tracepoint/sched/sched_switch
 *             | NAME ":" where             where the section says nothing:  xdp:lo  tc/ingress:eth0
 *             | NAME ":" target            bpftrace's spelling:  tracepoint:sched:sched_switch  profile:hz:99
 *     target := one { "|" one }            the first that this kernel has
 *
 * Names of functions and files may contain commas, so a comma begins an option only in front of a known key and
 * "="; a comma that is meant literally there is written "\,". NAME is the longest row of the SEC() table that
 * ends at a separator.
 *
 * The parser is strict: what is left over is an error with its column. Names end up in paths below tracefs and
 * in the kernel's own parsers, so what may stand behind a NAME is checked here, by kind (attach/place.h),
 * before anything else sees it.
 */
#include "attach/place.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "attach/link.h"
#include "attach/option.h"
#include "base/text.h"

#define TEXT_LEN_MAX 4095

#define IDENT_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

struct parser {
	const char *text;	    /* all of it, as given */
	size_t spec_start;	    /* where the spec begins in text */
	char *spec;		    /* the spec without escapes */
	struct bpfl_attach *attach; /* half-built */
	struct bpfl_error *err;
};

/* ---- errors ---- */

/* The column of text (from 1) that a position in the unescaped spec came from. */
static size_t column_of(const struct parser *parser, size_t spec_off)
{
	size_t pos = parser->spec_start;

	for (size_t i = 0; i < spec_off && parser->text[pos]; i++)
		pos += parser->text[pos] == '\\' && parser->text[pos + 1] == ',' ? 2 : 1;
	return pos + 1;
}

static int refuse(const struct parser *parser, size_t column, const char *fmt, ...) BPFL_PRINTF(3, 4);

static int refuse(const struct parser *parser, size_t column, const char *fmt, ...)
{
	struct bpfl_buf words = BPFL_BUF_INIT;
	va_list args;

	va_start(args, fmt);
	bpfl_buf_vprintf(&words, fmt, args);
	va_end(args);
	bpfl_error_set(parser->err, BPFL_ERR_USAGE, EINVAL, "attach '%s': column %zu: %s",
		       BPFL_ESC(parser->text), column, words.data ? words.data : "malformed");
	bpfl_buf_deinit(&words);
	return -EINVAL;
}

/* ---- options ---- */

/* Where the piece that begins at pos ends: at a comma in front of a known key, or with the text. */
static size_t piece_end(const char *text, size_t pos)
{
	for (; text[pos]; pos++) {
		if (text[pos] == '\\' && text[pos + 1] == ',')
			pos++;
		else if (text[pos] == ',' && bpfl_option_at(text + pos + 1))
			break;
	}
	return pos;
}

/* A copy of [start, end) with "\," as ",". NULL without memory. */
static char *piece_copy(const char *text, size_t start, size_t end)
{
	char *copy = malloc(end - start + 1);
	size_t used = 0;

	if (!copy)
		return NULL;
	for (size_t pos = start; pos < end; pos++) {
		if (text[pos] == '\\' && pos + 1 < end && text[pos + 1] == ',')
			pos++;
		copy[used++] = text[pos];
	}
	copy[used] = '\0';
	return copy;
}

static int add_option(struct parser *parser, const char *key, char *value, size_t column)
{
	struct bpfl_attach *attach = parser->attach;
	char *key_copy;

	if (bpfl_attach_option(attach, key)) {
		free(value);
		return refuse(parser, column, "option '%s' is given twice", key);
	}
	key_copy = bpfl_strdup(key);
	if (!key_copy || !value || attach->nr_options == BPFL_ATTACH_MAX_OPTIONS) {
		free(key_copy);
		free(value);
		return bpfl_error_nomem(parser->err);
	}
	attach->options[attach->nr_options].key = key_copy;
	attach->options[attach->nr_options].value = value;
	attach->nr_options++;
	return 0;
}

/* text[pos] is the comma in front of a known key, or the end. */
static int parse_options(struct parser *parser, size_t pos)
{
	const char *text = parser->text;

	while (text[pos] == ',') {
		const struct bpfl_option *option = bpfl_option_at(text + pos + 1);
		size_t value_start = pos + 1 + strlen(option->key) + 1;
		size_t end = piece_end(text, value_start);
		char *value = piece_copy(text, value_start, end);
		const char *expected;
		int ret;

		if (!value)
			return bpfl_error_nomem(parser->err);
		expected = bpfl_option_expects(option, value);
		if (expected) {
			ret = refuse(parser, value_start + 1, "option '%s' is %s, not '%s'", option->key, expected,
				     BPFL_ESC(value));
			free(value);
			return ret;
		}
		ret = add_option(parser, option->key, value, pos + 2);
		if (ret < 0)
			return ret;
		pos = end;
	}
	return 0;
}

/* The kind must know each option; kinds that are not built are refused later, as a whole. */
static int check_option_keys(const struct parser *parser)
{
	const struct bpfl_attach *attach = parser->attach;
	const struct bpfl_hook_ops *ops = bpfl_hook_ops_find(attach->row);

	for (size_t i = 0; ops && i < attach->nr_options; i++) {
		const char *key = attach->options[i].key;
		struct bpfl_buf known = BPFL_BUF_INIT;
		size_t k = 0;

		while (ops->options[k] && strcmp(ops->options[k], key) != 0)
			k++;
		if (ops->options[k])
			continue;
		for (k = 0; ops->options[k]; k++)
			bpfl_buf_printf(&known, "%s%s", k ? ", " : "", ops->options[k]);
		bpfl_error_set(parser->err, BPFL_ERR_USAGE, EINVAL, "attach '%s': %s has no option '%s'",
			       BPFL_ESC(parser->text), attach->row->name, key);
		bpfl_error_why(parser->err, "options of %s: %s", attach->row->name,
			       known.data ? known.data : "none");
		if (ops->option_note)
			bpfl_error_why(parser->err, "%s", ops->option_note);
		bpfl_buf_deinit(&known);
		return -EINVAL;
	}
	return 0;
}

/* ---- what stands behind the name ---- */

static int refuse_alternatives(const struct parser *parser, size_t spec_off)
{
	int ret = refuse(parser, column_of(parser, spec_off), "this kind of hook takes no alternatives (a|b)");

	bpfl_error_why(parser->err,
		       "they are for targets that are looked up when the program is attached, such as kprobe/f|g");
	return ret;
}

/* What stands behind the name, from spec_off on; is_where: behind the colon of NAME:WHERE. */
static int check_place(const struct parser *parser, const struct bpfl_section_row *row, const char *place,
		       size_t spec_off, bool is_where)
{
	const struct bpfl_place_rule *rule = is_where ? bpfl_place_rule_where(row) : bpfl_place_rule_target(row);
	size_t good = rule->fit(place);
	int ret;

	if (rule->whole(place))
		return 0;
	if (place[good] == '|')
		return refuse_alternatives(parser, spec_off + good);
	if (place[good] == '\0')
		ret = refuse(parser, column_of(parser, spec_off), "expected %s, not '%s'", rule->words,
			     BPFL_ESC(place));
	else
		ret = refuse(parser, column_of(parser, spec_off + good), "'%s' does not belong into %s",
			     BPFL_ESC(place + good), rule->words);
	if (!bpfl_option_explain(place, parser->err))
		bpfl_place_explain(row, place, place + good, parser->err);
	return ret;
}

/* ---- names ---- */

/*
 * The longest beginning of the spec, ended by '/', ':' or its end, that is a row's bare name. 0: none. "uprobe/" in
 * "uprobe//bin/bash" is not one, hence the look at its last character. Names have at most two separators.
 */
static size_t name_length(const char *spec, struct bpfl_section_hit *ret_hit)
{
	size_t found = 0, len = 0;

	for (int separators = 0; separators < 3; separators++) {
		char *head;
		struct bpfl_section_hit hit;

		len += strcspn(spec + len, "/:");
		if (len == 0 || spec[len - 1] == '/' || spec[len - 1] == ':')
			break;
		head = bpfl_strndup(spec, len);
		if (!head)
			break;
		hit = bpfl_section_find(head);
		if (hit.match == BPFL_MATCH_EXACT && !*hit.target) {
			found = len;
			*ret_hit = hit;
			ret_hit->target = "";
		}
		free(head);
		if (!spec[len])
			break;
		len++;
	}
	return found;
}

static const struct {
	const char *bpftrace, *name;
} bpftrace_names[] = {
	{ "rawtracepoint", "raw_tracepoint" },
	{ "kfunc", "fentry" },
	{ "kretfunc", "fexit" },
};

/* bpftrace's timers and counters are perf events: what stands in front of the first colon, and the event it means. */
static const struct {
	const char *bpftrace, *event, *number_key;
	bool has_unit; /* profile:hz:99 */
} bpftrace_events[] = {
	{ "profile", "cpu-clock", "freq", true },
	{ "interval", "cpu-clock", "freq", true },
	{ "software", NULL, "period", false },
	{ "hardware", NULL, "period", false },
};

static const struct {
	const char *name;
	uint64_t period_ns; /* 0: the number is a frequency */
} time_units[] = { { "hz", 0 }, { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 } };

static int refuse_name(const struct parser *parser)
{
	char head[BPFL_ESC_SIZE], name[BPFL_ESC_SIZE], names[512];
	int ret;

	bpfl_text_escape(head, sizeof(head), parser->spec, strcspn(parser->spec, "/:"));
	bpfl_text_escape(name, sizeof(name), parser->spec, strcspn(parser->spec, ":"));
	ret = refuse(parser, column_of(parser, 0), "'%s' is no kind of hook", head);
	if (*bpfl_section_near(name, names, sizeof(names)))
		bpfl_error_fix(parser->err, "did you mean %s?", names);
	else
		bpfl_error_fix(parser->err, "write what may stand in SEC(), for example "
					    "tracepoint/syscalls/sys_enter_execve, or xdp:INTERFACE");
	return ret;
}

/* Fills section, target, where. Takes none of its arguments over. */
static int set_parts(struct parser *parser, const char *name, const char *target, const char *where)
{
	struct bpfl_attach *attach = parser->attach;
	struct bpfl_buf section = BPFL_BUF_INIT;
	struct bpfl_section_hit hit;

	bpfl_buf_text(&section, name);
	if (*target)
		bpfl_buf_printf(&section, "/%s", target);
	attach->section = bpfl_buf_take(&section);
	attach->target = bpfl_strdup(target);
	attach->where = bpfl_strdup(where);
	if (!attach->section || !attach->target || !attach->where)
		return bpfl_error_nomem(parser->err);
	hit = bpfl_section_find(name);
	attach->row = hit.row;
	attach->is_return = hit.is_return;
	return 0;
}

/* software:EVENT[:COUNT], profile:UNIT:NUMBER. rest: behind the first colon, at rest_off of the spec. */
static int parse_bpftrace_event(struct parser *parser, size_t kind, const char *rest, size_t rest_off)
{
	const char *colon = strchr(rest, ':');
	size_t word_len = colon ? (size_t)(colon - rest) : strlen(rest);
	const char *number_text = colon ? colon + 1 : "";
	const char *key = bpftrace_events[kind].number_key;
	char *word = bpfl_strndup(rest, word_len);
	uint64_t number = 0, period_ns = 0;
	struct bpfl_buf value = BPFL_BUF_INIT;
	size_t unit = 0;
	int ret = -ENOMEM;

	if (!word)
		return bpfl_error_nomem(parser->err);
	if (colon && (bpfl_text_to_u64(number_text, &number) < 0 || number == 0)) {
		ret = refuse(parser, column_of(parser, rest_off + word_len + 1), "'%s' is not a number above 0",
			     BPFL_ESC(number_text));
		goto out;
	}
	if (bpftrace_events[kind].has_unit) {
		while (unit < 4 && strcmp(time_units[unit].name, word) != 0)
			unit++;
		if (unit == 4 || !colon) {
			ret = refuse(parser, column_of(parser, rest_off), "expected hz, s, ms or us and a number");
			goto out;
		}
		period_ns = time_units[unit].period_ns;
		if (period_ns && __builtin_mul_overflow(number, period_ns, &number)) {
			ret = refuse(parser, column_of(parser, rest_off + word_len + 1), "too long a time");
			goto out;
		}
	} else if (word_len == 0) {
		ret = refuse(parser, column_of(parser, rest_off), "expected the name of an event");
		goto out;
	}
	ret = set_parts(parser, "perf_event", "", bpftrace_events[kind].event ? bpftrace_events[kind].event : word);
	if (ret == 0 && colon) {
		bpfl_buf_printf(&value, "%llu", (unsigned long long)number);
		ret = add_option(parser, period_ns ? "period" : key, bpfl_buf_take(&value),
				 column_of(parser, rest_off));
	}
out:
	free(word);
	return ret;
}

/*
 * True for kinds whose section names something and that may need a place too: freplace/FUNC:PIN,
 * iter/bpf_map_elem:MAP.
 */
static bool has_both(const struct bpfl_section_row *row)
{
	return row->accepts_slash && (row->target_form == BPFL_TARGET_WHERE || row->hook == BPFL_HOOK_ITER);
}

/* The target or the place is missing: E10. */
static int refuse_incomplete(const struct parser *parser, const char *name, const char *target)
{
	struct bpfl_section_hit hit = bpfl_section_find(name);
	char words[512];
	int ret = refuse(parser, column_of(parser, strlen(parser->spec)), "'%s' does not say where to attach",
			 BPFL_ESC(parser->spec));

	hit.target = target;
	bpfl_error_catalogue(parser->err, 10);
	bpfl_error_fix(parser->err, "write %s", bpfl_section_suggest(&hit, words, sizeof(words)));
	return ret;
}

/*
 * Alternatives are for kinds whose targets can be looked up before anything is loaded. In paths and C++
 * names '|' is a character.
 */
static bool takes_alternatives(const struct bpfl_section_row *row)
{
	const struct bpfl_hook_ops *ops = bpfl_hook_ops_find(row);

	return ops && ops->check && !row->needs_btf_id && !strchr(row->target_seps, ':');
}

/* "f|g|h" becomes "f", with the others in attach->others. */
static int parse_others(struct parser *parser, const struct bpfl_section_row *row, char *rest, size_t rest_off)
{
	struct bpfl_attach *attach = parser->attach;
	char *bar = strchr(rest, '|');

	while (bar) {
		char *other = bar + 1, *next = strchr(other, '|'), *copy;
		int ret;

		*bar = '\0';
		if (next)
			*next = '\0';
		ret = check_place(parser, row, other, rest_off + (size_t)(other - rest), false);
		if (ret < 0)
			return ret;
		if (attach->nr_others == BPFL_ATTACH_MAX_OTHERS)
			return refuse(parser, column_of(parser, rest_off + (size_t)(other - rest)),
				      "at most %d alternatives are looked for", BPFL_ATTACH_MAX_OTHERS + 1);
		copy = bpfl_strdup(other);
		if (!copy)
			return bpfl_error_nomem(parser->err);
		attach->others[attach->nr_others++] = copy;
		if (next)
			*next = '|';
		bar = next;
	}
	return 0;
}

/* NAME/TARGET, or bpftrace's NAME:TARGET. */
static int parse_target(struct parser *parser, const char *name, const struct bpfl_section_row *row,
			char *rest, size_t rest_off)
{
	char *colon = row->hook == BPFL_HOOK_TRACEPOINT ? strchr(rest, ':') : NULL;
	int ret;

	if (colon && parser->spec[rest_off - 1] == ':') /* tracepoint:category:name */
		*colon = '/';
	colon = has_both(row) ? strchr(rest, ':') : NULL;
	if (colon)
		*colon = '\0';
	ret = takes_alternatives(row) ? parse_others(parser, row, rest, rest_off) : 0;
	if (ret < 0)
		return ret;
	ret = check_place(parser, row, rest, rest_off, false);
	if (ret < 0)
		return ret;
	if (row->target_form == BPFL_TARGET_WHERE && !colon)
		return refuse_incomplete(parser, name, rest);
	if (colon && !colon[1])
		return refuse(parser, column_of(parser, rest_off + strlen(rest) + 1), "nothing stands behind ':'");
	return set_parts(parser, name, rest, colon ? colon + 1 : "");
}

/* Behind the name stands a separator, then rest, which begins at rest_off of the spec. */
static int parse_place(struct parser *parser, const char *name, const struct bpfl_section_row *row,
		       char *rest, size_t rest_off)
{
	bool is_slash = parser->spec[rest_off - 1] == '/';
	struct bpfl_section_hit bare = bpfl_section_find(name);
	char words[512], given[BPFL_ESC_SIZE];
	int ret;

	if (row->accepts_slash && (is_slash || row->target_form == BPFL_TARGET_SLASH))
		return parse_target(parser, name, row, rest, rest_off);
	if (!is_slash && !row->accepts_slash && row->target_form == BPFL_TARGET_WHERE) {
		ret = check_place(parser, row, rest, rest_off, true);
		return ret < 0 ? ret : set_parts(parser, name, "", rest);
	}
	ret = refuse(parser, column_of(parser, rest_off - 1), "'%s' does not belong behind '%s'",
		     BPFL_ESC(rest - 1), name);
	bpfl_text_escape(given, sizeof(given), parser->spec, strcspn(parser->spec, ":"));
	if (*bpfl_section_near_below(name, given, words, sizeof(words)))
		bpfl_error_fix(parser->err, "did you mean %s?", words);
	else if (*bpfl_section_suggest(&bare, words, sizeof(words)))
		bpfl_error_fix(parser->err, "write %s", words);
	return ret;
}

static int parse_spec(struct parser *parser)
{
	char *spec = parser->spec;
	size_t head_len = strcspn(spec, "/:");
	struct bpfl_section_hit hit = { 0 };
	size_t name_len = name_length(spec, &hit);
	const char *alias = NULL;
	char *name;
	int ret;

	for (size_t i = 0; i < sizeof(bpftrace_events) / sizeof(bpftrace_events[0]); i++) {
		if (spec[head_len] == ':' && strlen(bpftrace_events[i].bpftrace) == head_len &&
		    strncmp(spec, bpftrace_events[i].bpftrace, head_len) == 0)
			return parse_bpftrace_event(parser, i, spec + head_len + 1, head_len + 1);
	}
	for (size_t i = 0; i < sizeof(bpftrace_names) / sizeof(bpftrace_names[0]); i++) {
		if (spec[head_len] == ':' && strlen(bpftrace_names[i].bpftrace) == head_len &&
		    strncmp(spec, bpftrace_names[i].bpftrace, head_len) == 0) {
			alias = bpftrace_names[i].name;
			name_len = head_len;
			hit = bpfl_section_find(alias);
		}
	}
	if (name_len == 0 || !hit.row)
		return refuse_name(parser);
	name = alias ? bpfl_strdup(alias) : bpfl_strndup(spec, name_len);
	if (!name)
		return bpfl_error_nomem(parser->err);
	if (spec[name_len])
		ret = parse_place(parser, name, hit.row, spec + name_len + 1, name_len + 1);
	else if (hit.row->target_form == BPFL_TARGET_NONE)
		ret = set_parts(parser, name, "", "");
	else
		ret = refuse_incomplete(parser, name, "");
	free(name);
	return ret;
}

/* ---- the whole ---- */

/* Length of PROG in "PROG=spec", 0 when there is none. No section name is followed by "=". */
static size_t prog_length(const char *text)
{
	size_t len = strspn(text, IDENT_CHARS);

	return len > 0 && text[len] == '=' && !isdigit((unsigned char)text[0]) ? len : 0;
}

/* Empty, too long, or with characters that no name of anything has. */
static int check_text(const struct parser *parser)
{
	size_t len = strnlen(parser->text, TEXT_LEN_MAX + 1);

	if (len == 0)
		return refuse(parser, 1, "nothing to attach to");
	if (len > TEXT_LEN_MAX)
		return refuse(parser, TEXT_LEN_MAX + 1, "longer than %d characters", TEXT_LEN_MAX);
	for (size_t i = 0; i < len; i++) {
		if (iscntrl((unsigned char)parser->text[i]))
			return refuse(parser, i + 1, "control character 0x%02x", (unsigned char)parser->text[i]);
	}
	if (parser->text[0] == '=')
		return refuse(parser, 1, "the name of a program is missing in front of '='");
	return 0;
}

static int parse(struct parser *parser)
{
	struct bpfl_attach *attach = parser->attach;
	size_t prog_len, end;
	int ret = check_text(parser);

	if (ret < 0)
		return ret;
	attach->text = bpfl_strdup(parser->text);
	prog_len = prog_length(parser->text);
	if (prog_len > 0) {
		attach->prog = bpfl_strndup(parser->text, prog_len);
		parser->spec_start = prog_len + 1;
	}
	end = piece_end(parser->text, parser->spec_start);
	parser->spec = piece_copy(parser->text, parser->spec_start, end);
	if (!attach->text || (prog_len > 0 && !attach->prog) || !parser->spec)
		return bpfl_error_nomem(parser->err);
	if (!parser->spec[0])
		return refuse(parser, end + 1, "nothing to attach to");
	ret = parse_spec(parser);
	if (ret < 0)
		return ret;
	ret = parse_options(parser, end);
	return ret < 0 ? ret : check_option_keys(parser);
}

int bpfl_attach_parse(const char *text, struct bpfl_attach **ret_attach, struct bpfl_error *err)
{
	struct parser parser = { .text = text, .err = err };
	int ret;

	parser.attach = calloc(1, sizeof(*parser.attach));
	if (!parser.attach)
		return bpfl_error_nomem(err);
	ret = parse(&parser);
	free(parser.spec);
	if (ret < 0) {
		bpfl_attach_destroy(parser.attach);
		return ret;
	}
	*ret_attach = parser.attach;
	return 0;
}

void bpfl_attach_destroy(struct bpfl_attach *attach)
{
	if (!attach)
		return;
	for (size_t i = 0; i < attach->nr_options; i++) {
		free(attach->options[i].key);
		free(attach->options[i].value);
	}
	free(attach->text);
	free(attach->prog);
	free(attach->section);
	free(attach->target);
	free(attach->where);
	for (size_t i = 0; i < attach->nr_others; i++)
		free(attach->others[i]);
	free(attach);
}
