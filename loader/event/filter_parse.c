/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/filter_parse.c: the text of a filter -> a tree of nodes in one array. See filter.h for the grammar.
 * Nothing is known of types here:
 * what a word is is found out when the filter is bound to layouts (filter.c). Regular expressions are compiled
 * here, so that a wrong one is an error before anything is loaded.
 */
#include "event/filter_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define NODES_MAX 256u
#define DEPTH_MAX 32
#define WORD_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:*?-+@%[]"

struct parser {
	struct bpfl_filter *filter;
	const char *at;
	int depth;
	struct bpfl_error *err;
	int ret; /* what ended the parsing: -errno; 0 */
};

static unsigned parse_or(struct parser *p);

/* ---- parsing ---- */

/* Always 0, the node that is none. */
static unsigned refuse(struct parser *p, const char *words)
{
	if (p->ret == 0)
		p->ret = bpfl_error_set(p->err, BPFL_ERR_USAGE, EINVAL, "filter '%s': at character %zu: %s",
					BPFL_ESC(p->filter->text), (size_t)(p->at - p->filter->text) + 1, words);
	return 0;
}

/* The same where memory is refused. */
static unsigned no_memory(struct parser *p)
{
	if (p->ret == 0)
		p->ret = bpfl_error_nomem(p->err);
	return 0;
}

static bool take(struct parser *p, const char *token)
{
	size_t len = strlen(token);

	p->at += strspn(p->at, " \t\n");
	if (strncmp(p->at, token, len) != 0)
		return false;
	p->at += len;
	return true;
}

static unsigned add_node(struct parser *p, enum node_kind kind, unsigned left, unsigned right)
{
	struct node *node;

	if (p->ret < 0)
		return 0;
	if (p->filter->nodes.nr > NODES_MAX)
		return refuse(p, "too long");
	node = BPFL_VEC_PUSH(&p->filter->nodes);
	if (!node)
		return no_memory(p);
	node->kind = kind;
	node->left = left;
	node->right = right;
	return (unsigned)p->filter->nodes.nr - 1;
}

/*
 * A text in quotes, with \" and \\ . In a pattern a backslash that is not before the quote is the pattern's own.
 */
static char *take_quoted(struct parser *p, bool is_pattern)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	char quote = *p->at++;

	while (*p->at && *p->at != quote) {
		bool is_escape = *p->at == '\\' && p->at[1];

		if (is_escape && is_pattern && p->at[1] != quote)
			bpfl_buf_char(&text, *p->at++);
		else if (is_escape)
			p->at++;
		bpfl_buf_char(&text, *p->at++);
	}
	if (*p->at != quote) {
		bpfl_buf_deinit(&text);
		refuse(p, "a quote is missing at the end");
		return NULL;
	}
	p->at++;
	return bpfl_buf_take(&text);
}

static unsigned parse_term(struct parser *p, bool is_left)
{
	unsigned idx = add_node(p, NODE_TERM, 0, 0);
	struct node *node;
	size_t len;

	if (!idx)
		return 0;
	node = &p->filter->nodes.items[idx];
	node->is_left = is_left;
	memset(node->fields, 0xff, sizeof(node->fields));
	p->at += strspn(p->at, " \t\n");
	node->is_quoted = *p->at == '"' || *p->at == '\'';
	if (node->is_quoted) {
		node->text = take_quoted(p, false);
	} else {
		len = strspn(p->at, WORD_CHARS);
		if (len == 0)
			return refuse(p, "a field or a value expected");
		node->text = bpfl_strndup(p->at, len);
		p->at += len;
	}
	if (!node->text)
		return no_memory(p);
	node->is_number = !node->is_quoted && bpfl_text_to_s64(node->text, &node->number) == 0;
	if (!node->is_quoted && !node->is_number && bpfl_text_to_u64(node->text, (uint64_t *)&node->number) == 0)
		node->is_number = node->is_huge = true;
	return idx;
}

/* "flags & 0x10" */
static unsigned parse_masked(struct parser *p, bool is_left)
{
	unsigned idx = parse_term(p, is_left), mask_idx;

	p->at += strspn(p->at, " \t\n");
	if (!idx || p->at[0] != '&' || p->at[1] == '&')
		return idx;
	p->at++;
	mask_idx = parse_term(p, false);
	if (!mask_idx)
		return 0;
	if (!p->filter->nodes.items[mask_idx].is_number || p->filter->nodes.items[mask_idx].number == 0)
		return refuse(p, "'&' takes a number that is not 0");
	p->filter->nodes.items[idx].mask = (uint64_t)p->filter->nodes.items[mask_idx].number;
	return idx;
}

/* "\\d" is a digit to most people, and nothing to POSIX; "\\," is a comma where lists are joined by them. */
static char *pattern_translate(const char *text)
{
	struct bpfl_buf out = BPFL_BUF_INIT;

	for (; *text; text++) {
		if (text[0] == '\\' && text[1] == 'd') {
			bpfl_buf_text(&out, "[0-9]");
			text++;
		} else if (text[0] == '\\' && text[1] == ',') {
			bpfl_buf_char(&out, *++text);
		} else if (text[0] == '\\' && text[1]) {
			bpfl_buf_append(&out, text++, 2);
		} else {
			bpfl_buf_char(&out, *text);
		}
	}
	bpfl_buf_text(&out, "");
	return bpfl_buf_take(&out);
}

/* "(?i)" in front: letters of either case. */
static unsigned pattern_compile(struct parser *p, unsigned idx)
{
	struct node *node = &p->filter->nodes.items[idx];
	bool any_case = bpfl_text_has_prefix(node->text, "(?i)");
	char *pattern = pattern_translate(node->text + (any_case ? 4 : 0));
	char words[128], message[256];
	int ret;

	node->regex = calloc(1, sizeof(*node->regex));
	if (!pattern || !node->regex) {
		free(pattern);
		free(node->regex);
		node->regex = NULL;
		return no_memory(p);
	}
	ret = regcomp(node->regex, pattern, REG_EXTENDED | REG_NOSUB | (any_case ? REG_ICASE : 0));
	free(pattern);
	if (ret == 0)
		return idx;
	regerror(ret, node->regex, words, sizeof(words));
	free(node->regex);
	node->regex = NULL;
	snprintf(message, sizeof(message), "'%.80s' is no regular expression: %s", BPFL_ESC(node->text), words);
	return refuse(p, message);
}

/*
 * Where a pattern that is not in quotes ends: at a blank, a comma, "&&" or "||" outside of its own brackets, or
 * a bracket that it did not open: so comm~^(bash|sh)$,pid>1 needs no quotes.
 */
static size_t pattern_size(const char *text)
{
	int level = 0;
	bool in_set = false;
	size_t i;

	for (i = 0; text[i] && !strchr(" \t\n", text[i]); i++) {
		if (text[i] == '\\' && text[i + 1]) {
			i++;
			continue;
		}
		if (in_set || text[i] == '[') {
			in_set = text[i] != ']';
			continue;
		}
		if (level == 0 &&
		    (strchr(",)", text[i]) || strncmp(text + i, "&&", 2) == 0 || strncmp(text + i, "||", 2) == 0))
			break;
		level += strchr("({", text[i]) ? 1 : strchr(")}", text[i]) ? -1 : 0;
	}
	return i;
}

static unsigned parse_pattern(struct parser *p)
{
	unsigned idx = add_node(p, NODE_TERM, 0, 0);
	struct node *node;
	size_t size;

	if (!idx)
		return 0;
	node = &p->filter->nodes.items[idx];
	memset(node->fields, 0xff, sizeof(node->fields));
	node->is_quoted = true; /* never a field */
	p->at += strspn(p->at, " \t\n");
	if (*p->at == '"' || *p->at == '\'') {
		node->text = take_quoted(p, true);
	} else {
		size = pattern_size(p->at);
		if (size == 0)
			return refuse(p, "a regular expression expected");
		node->text = bpfl_strndup(p->at, size);
		p->at += size;
	}
	return node->text ? pattern_compile(p, idx) : no_memory(p);
}

static enum op take_op(struct parser *p)
{
	/* Longer ones first. */
	static const struct { const char *token; enum op op; } ops[] = {
		{ "==", OP_EQ }, { "!=", OP_NE }, { "!~", OP_UNLIKE }, { "<=", OP_LE }, { ">=", OP_GE },
		{ "<", OP_LT },	 { ">", OP_GT },  { "~", OP_LIKE },    { "=", OP_EQ },
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (take(p, ops[i].token))
			return ops[i].op;
	}
	return OP_NONE;
}

static unsigned parse_comparison(struct parser *p)
{
	unsigned left = parse_masked(p, true), right = 0, idx;
	enum op op;

	if (!left)
		return 0;
	op = take_op(p);
	if (op != OP_NONE) {
		right = op == OP_LIKE || op == OP_UNLIKE ? parse_pattern(p) : parse_masked(p, false);
		if (!right)
			return 0;
	}
	idx = add_node(p, NODE_COMPARE, left, right);
	if (idx)
		p->filter->nodes.items[idx].op = op;
	return idx;
}

static unsigned parse_not(struct parser *p)
{
	unsigned idx;

	if (++p->depth > DEPTH_MAX)
		return refuse(p, "nested too deeply");
	if (take(p, "(")) {
		idx = parse_or(p);
		if (idx && !take(p, ")"))
			return refuse(p, "')' expected");
	} else if (take(p, "!")) {
		idx = parse_not(p);
		idx = idx ? add_node(p, NODE_NOT, idx, 0) : 0;
	} else {
		idx = parse_comparison(p);
	}
	p->depth--;
	return idx;
}

static unsigned parse_and(struct parser *p)
{
	unsigned idx = parse_not(p);

	while (idx && (take(p, "&&") || take(p, ","))) {
		unsigned right = parse_not(p);

		idx = right ? add_node(p, NODE_AND, idx, right) : 0;
	}
	return idx;
}

static unsigned parse_or(struct parser *p)
{
	unsigned idx = parse_and(p);

	while (idx && take(p, "||")) {
		unsigned right = parse_and(p);

		idx = right ? add_node(p, NODE_OR, idx, right) : 0;
	}
	return idx;
}

int bpfl_filter_parse(const char *text, struct bpfl_filter **ret_filter, struct bpfl_error *err)
{
	struct bpfl_filter *filter = calloc(1, sizeof(*filter));
	struct parser p = { .filter = filter, .err = err };

	if (filter)
		filter->text = bpfl_strdup(text);
	if (!filter || !filter->text || !BPFL_VEC_PUSH(&filter->nodes)) {
		bpfl_filter_destroy(filter);
		return bpfl_error_nomem(err);
	}
	p.at = filter->text;
	filter->root = parse_or(&p);
	p.at += strspn(p.at, " \t\n");
	if (filter->root && *p.at)
		filter->root = refuse(&p, "an operator expected");
	if (!filter->root) {
		bpfl_filter_destroy(filter);
		return p.ret;
	}
	*ret_filter = filter;
	return 0;
}
