/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/option.c: keys and the look of their values. What a value means is the business of the kind that takes it.
 */
#include "attach/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "attach/link.h"
#include "base/text.h"

static const struct bpfl_option options[] = {
	{ "pid", BPFL_OPTION_S32 },	{ "cpu", BPFL_OPTION_S32 },    { "cookie", BPFL_OPTION_U64 },
	{ "offset", BPFL_OPTION_U64 },	{ "freq", BPFL_OPTION_U64 },   { "period", BPFL_OPTION_U64 },
	{ "mode", BPFL_OPTION_MODE },	{ "prio", BPFL_OPTION_S32 },   { "handle", BPFL_OPTION_U64 },
	{ "chain", BPFL_OPTION_U64 },	{ "replace", BPFL_OPTION_TEXT }, { "nofail", BPFL_OPTION_U64 },
	{ "retmax", BPFL_OPTION_U64 },	{ "ref_ctr", BPFL_OPTION_U64 },
	{ "before", BPFL_OPTION_TEXT }, { "after", BPFL_OPTION_TEXT }, { "map", BPFL_OPTION_TEXT },
	{ "tid", BPFL_OPTION_S32 },	{ "cgroup", BPFL_OPTION_TEXT }, { "order", BPFL_OPTION_TEXT },
	{ "prog", BPFL_OPTION_TEXT },
};
#define NR_OPTIONS (sizeof(options) / sizeof(options[0]))

static const char *const mode_names[] = { "native", "skb", "hw", "auto" };

const struct bpfl_option *bpfl_option_at(const char *text)
{
	for (size_t i = 0; i < NR_OPTIONS; i++) {
		size_t len = strlen(options[i].key);

		if (strncmp(text, options[i].key, len) == 0 && text[len] == '=')
			return &options[i];
	}
	return NULL;
}

const char *bpfl_option_expects(const struct bpfl_option *option, const char *value)
{
	uint64_t u64;
	int64_t s64;

	switch (option->form) {
	case BPFL_OPTION_U64:
		return bpfl_text_to_u64(value, &u64) < 0 ? "a number" : NULL;
	case BPFL_OPTION_S32:
		return bpfl_text_to_s64(value, &s64) < 0 || s64 < INT32_MIN || s64 > INT32_MAX ? "a number of 32 bits"
											       : NULL;
	case BPFL_OPTION_MODE:
		for (size_t i = 0; i < sizeof(mode_names) / sizeof(mode_names[0]); i++) {
			if (strcmp(value, mode_names[i]) == 0)
				return NULL;
		}
		return "native, skb, hw or auto";
	case BPFL_OPTION_TEXT:
		break;
	}
	return *value ? NULL : "some text";
}

/* The nearest keys: "'mode'", "" when none is near. Returns out. */
static char *near_keys(const char *key, char *out, size_t out_size)
{
	struct bpfl_near near;

	bpfl_near_init(&near, key);
	for (size_t i = 0; i < NR_OPTIONS; i++)
		bpfl_near_offer(&near, options[i].key);
	return bpfl_near_text(&near, out, out_size);
}

bool bpfl_option_explain(const char *text, struct bpfl_error *err)
{
	const char *comma = strchr(text, ',');
	size_t key_len = comma ? strspn(comma + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
	char key[32], names[512];

	if (key_len == 0 || comma[1 + key_len] != '=' || key_len >= sizeof(key))
		return false;
	memcpy(key, comma + 1, key_len);
	key[key_len] = '\0';
	bpfl_error_why(err, "there is no option '%s'", key);
	if (*near_keys(key, names, sizeof(names)))
		bpfl_error_fix(err, "did you mean %s?", names);
	return true;
}

/* ---- in a parsed spec ---- */

const char *bpfl_attach_option(const struct bpfl_attach *attach, const char *key)
{
	for (size_t i = 0; i < attach->nr_options; i++) {
		if (strcmp(attach->options[i].key, key) == 0)
			return attach->options[i].value;
	}
	return NULL;
}

uint64_t bpfl_attach_option_u64(const struct bpfl_attach *attach, const char *key)
{
	const char *text = bpfl_attach_option(attach, key);
	uint64_t value = 0;

	if (text)
		bpfl_text_to_u64(text, &value);
	return value;
}

/* ---- a default ---- */

/* An iterator can be narrowed to one thing only, and only those over tasks to a process. */
static bool takes_pid(const struct bpfl_attach *attach)
{
	static const char *const narrowed_by[] = { "tid", "map", "cgroup" };
	const struct bpfl_hook_ops *ops = bpfl_hook_ops_find(attach->row);
	size_t k = 0;

	while (ops && ops->options[k] && strcmp(ops->options[k], "pid") != 0)
		k++;
	if (!ops || !ops->options[k])
		return false;
	if (ops->hook != BPFL_HOOK_ITER)
		return true;
	for (size_t i = 0; i < sizeof(narrowed_by) / sizeof(narrowed_by[0]); i++) {
		if (bpfl_attach_option(attach, narrowed_by[i]))
			return false;
	}
	return strncmp(attach->target, "task", strlen("task")) == 0;
}

int bpfl_attach_default_pid(struct bpfl_attach *attach, int pid, struct bpfl_error *err)
{
	char text[16], *key, *value;

	if (bpfl_attach_option(attach, "pid"))
		return 1;
	if (!takes_pid(attach) || attach->nr_options == BPFL_ATTACH_MAX_OPTIONS)
		return 0;
	snprintf(text, sizeof(text), "%d", pid);
	key = bpfl_strdup("pid");
	value = bpfl_strdup(text);
	if (!key || !value) {
		free(key);
		free(value);
		return bpfl_error_nomem(err);
	}
	attach->options[attach->nr_options].key = key;
	attach->options[attach->nr_options].value = value;
	attach->nr_options++;
	return 1;
}
