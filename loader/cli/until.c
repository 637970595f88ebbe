/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/until.c: --until: a run that ends when a variable or an element says so; --exit-code: one that ends with
 * a variable's value.
 *
 *     condition := what op value { "&&" what op value }
 *     what      := VAR [ .MEMBER | "[" INDEX "]" ]... | MAP "[" KEY "]" [ .MEMBER | "[" INDEX "]" ]...
 *     op        := "==" | "=" | "!=" | "<" | "<=" | ">" | ">="
 *     value     := number | enumerator | true | false | text
 *
 * There is nothing that tells when a map changes, so it is looked at twenty times a second. Values are compared by the
 * map's types, per-CPU values summed. An element that is not there yet holds no condition.
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum until_op { UNTIL_EQ, UNTIL_NE, UNTIL_LT, UNTIL_LE, UNTIL_GT, UNTIL_GE };

struct until_term {
	char *text; /* owned, cut into the words below */
	const char *map, *key, *member, *value; /* member: "" none */
	enum until_op op;
	struct bpfl_map *handle; /* owned */
};

static int term_refuse(const char *text, const char *words, struct bpfl_error *err)
{
	out_usage(err, "--until '%.200s': %s", text, words);
	snprintf(err->fix, sizeof(err->fix),
		 "as in --until 'done==1', --until 'cfg.left<=0' or --until 'counts[3].calls>=100'");
	return -EINVAL;
}

/* The operator behind all brackets: its place, and where the value begins. NULL: there is none. */
static char *op_find(char *text, enum until_op *ret_op, char **ret_value)
{
	static const struct { const char *word; enum until_op op; } ops[] = {
		{ "==", UNTIL_EQ }, { "!=", UNTIL_NE }, { "<=", UNTIL_LE }, { ">=", UNTIL_GE }, { "<", UNTIL_LT }, { ">", UNTIL_GT }, { "=", UNTIL_EQ },
	};
	int level = 0;

	for (char *at = text; *at; at++) {
		level += *at == '[' || *at == '{' ? 1 : *at == ']' || *at == '}' ? -1 : 0;
		for (size_t i = 0; level == 0 && i < sizeof(ops) / sizeof(ops[0]); i++) {
			if (strncmp(at, ops[i].word, strlen(ops[i].word)) == 0) {
				*ret_op = ops[i].op;
				*ret_value = at + strlen(ops[i].word);
				return at;
			}
		}
	}
	return NULL;
}

/* The bracket that closes the one at open; NULL. */
static char *close_find(char *open)
{
	int level = 0;

	for (char *at = open; *at; at++) {
		level += *at == '[' || *at == '{' ? 1 : *at == ']' || *at == '}' ? -1 : 0;
		if (level == 0)
			return *at == ']' ? at : NULL;
	}
	return NULL;
}

static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && end[-1] == ' ')
		*--end = '\0';
	return text + strspn(text, " ");
}

/* The map of a variable; its whole name stays the key. */
static int variable_find(struct until_term *term, const char *text, char *what, const struct bpfl_spec *spec,
			 struct bpfl_error *err)
{
	const char **names = calloc(bpfl_spec_nr_vars(spec) + 1, sizeof(*names)), *near = NULL;
	size_t len = strcspn(what, ".[");
	struct bpfl_var_view var;

	for (size_t i = 0; bpfl_spec_var_view(spec, i, &var) == 0; i++) {
		if (names)
			names[i] = var.name;
		if (strlen(var.name) != len || strncmp(var.name, what, len) != 0)
			continue;
		term->map = var.map;
		term->key = what;
		term->member = "";
	}
	if (!term->map) {
		near = names ? bpfl_text_nearest(what, names, bpfl_spec_nr_vars(spec)) : NULL;
		term_refuse(text, "the object has no such variable", err);
		if (near)
			snprintf(err->fix, sizeof(err->fix),
				 "did you mean '%.200s'? An element of a map is written as MAP[KEY]", near);
	}
	free(names);
	return term->map ? 0 : -ENOENT;
}

static int term_parse(struct until_term *term, const char *text, const struct bpfl_spec *spec, struct bpfl_error *err)
{
	char *value, *open, *close, *op = op_find(term->text, &term->op, &value);
	struct bpfl_map_view map;
	char *what;

	if (!op || !*trim(value))
		return term_refuse(text, "not a comparison", err);
	*op = '\0';
	what = trim(term->text);
	term->value = trim(value);
	open = strchr(what, '[');
	close = open ? close_find(open) : NULL;
	*(open ? open : what + strlen(what)) = '\0';
	for (size_t i = 0; open && bpfl_spec_map_view(spec, i, &map) == 0; i++) {
		if (strcmp(map.name, what) == 0)
			term->map = map.name;
	}
	if (!open || !term->map) {
		if (open)
			*open = '[';
		return variable_find(term, text, what, spec, err);
	}
	if (!close || (close[1] && close[1] != '.' && close[1] != '['))
		return term_refuse(text, "a ']' is missing", err);
	*close = '\0';
	term->key = open + 1;
	term->member = close[1] == '.' ? close + 2 : close + 1;
	return 0;
}

int until_prepare(struct until *until, const struct options *options, const struct bpfl_spec *spec,
		  struct bpfl_error *err)
{
	const char *at = options->until;
	int ret = 0;

	while (at && ret == 0) {
		const char *end = strstr(at, "&&");
		struct until_term *terms = realloc(until->terms, (until->nr + 1) * sizeof(*terms));

		if (!terms)
			return out_nomem(err);
		until->terms = terms;
		memset(&terms[until->nr], 0, sizeof(*terms));
		terms[until->nr].text = strndup(at, end ? (size_t)(end - at) : strlen(at));
		ret = terms[until->nr++].text ? term_parse(&terms[until->nr - 1], options->until, spec, err)
					      : out_nomem(err);
		at = end ? end + 2 : NULL;
	}
	for (size_t i = 0; options->exit_code && ret == 0; i++) {
		struct bpfl_var_view var;

		if (bpfl_spec_var_view(spec, i, &var) < 0) {
			ret = out_usage(err, "--exit-code: the object has no variable '%.200s'", options->exit_code);
			snprintf(err->fix, sizeof(err->fix), "bpfload spec %.300s lists its variables", options->file);
		} else if (strcmp(var.name, options->exit_code) == 0) {
			return var.size_bytes <= 8 ? 0 : out_usage(err, "--exit-code: '%.200s' is no number", var.name);
		}
	}
	return ret;
}

static bool op_holds(enum until_op op, int order)
{
	switch (op) {
	case UNTIL_EQ: return order == 0;
	case UNTIL_NE: return order != 0;
	case UNTIL_LT: return order < 0;
	case UNTIL_LE: return order <= 0;
	case UNTIL_GT: return order > 0;
	case UNTIL_GE: return order >= 0;
	}
	return false;
}

static bool term_holds(const struct until_term *term, struct bpfl_error *err)
{
	int order;

	return bpfl_map_compare_text(term->handle, term->key, term->member, term->value, &order, err) == 0 &&
	       op_holds(term->op, order);
}

int until_open(struct until *until, const struct bpfl_object *object, struct bpfl_error *err)
{
	int ret = 0;

	for (size_t i = 0; i < until->nr && ret == 0; i++) {
		ret = bpfl_map_open_object(object, until->terms[i].map, &until->terms[i].handle, err);
		if (ret < 0)
			continue;
		/* words that do not fit the types are found now; an element may still come */
		term_holds(&until->terms[i], err);
		if (err->kind == BPFL_ERR_USAGE)
			ret = -EINVAL;
		else
			bpfl_error_clear(err);
	}
	return ret;
}

bool until_holds(const struct until *until, struct bpfl_error *err)
{
	for (size_t i = 0; i < until->nr; i++) {
		if (!until->terms[i].handle || !term_holds(&until->terms[i], err))
			return false;
	}
	return until->nr > 0;
}

int until_exit_code(const struct options *options, const struct bpfl_spec *spec, const struct bpfl_object *object,
		    int *ret_code, struct bpfl_error *err)
{
	struct bpfl_var_view var;
	union { uint64_t u64; uint32_t u32; uint16_t u16; uint8_t u8; } value = { 0 };
	uint64_t code;

	for (size_t i = 0; bpfl_spec_var_view(spec, i, &var) == 0; i++) {
		int ret;

		if (strcmp(var.name, options->exit_code) != 0)
			continue;
		ret = bpfl_object_var_get(object, var.name, &value, var.size_bytes, err);
		if (ret < 0)
			return ret;
		code = var.size_bytes == 8   ? value.u64
		       : var.size_bytes == 4 ? value.u32
		       : var.size_bytes == 2 ? value.u16
					     : value.u8;
		if (code > 255) {
			out_usage(err, "--exit-code: %.100s is %lld: an exit code is a number from 0 to 255", var.name,
				  var.size_bytes == 4 ? (long long)(int32_t)value.u32 : (long long)code);
			err->kind = BPFL_ERR_SYSTEM; /* the words were right */
			return -EINVAL;
		}
		*ret_code = (int)code;
		return 0;
	}
	return out_usage(err, "--exit-code: there is no variable '%.200s'", options->exit_code);
}

void until_deinit(struct until *until)
{
	for (size_t i = 0; i < until->nr; i++) {
		bpfl_map_close(until->terms[i].handle);
		free(until->terms[i].text);
	}
	free(until->terms);
	until->terms = NULL;
	until->nr = 0;
}
