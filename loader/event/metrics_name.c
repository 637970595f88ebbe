/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/metrics_name.c: names of metrics and labels, and what the caller said to them.
 *
 * A metric that changed its name between two pages would be two metrics. So names are decided once, and made of
 * map, variable and member: they stay what they are when the object is compiled again. When two come out the
 * same, the later one gets a number.
 */
#include "event/metrics.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- names ---- */

bool bpfl_metric_is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:");

	return len > 0 && name[len] == '\0' && !(name[0] >= '0' && name[0] <= '9');
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Only letters, digits and '_'; what begins with a digit gets a '_' in front. */
static void sanitize(const char *name, struct bpfl_buf *out)
{
	if (*name >= '0' && *name <= '9')
		bpfl_buf_char(out, '_');
	for (; *name; name++) {
		bool fine = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
			    (*name >= '0' && *name <= '9');

		bpfl_buf_char(out, fine ? *name : '_');
	}
}

static bool is_taken(const struct bpfl_metrics *metrics, const char *name)
{
	for (size_t i = 0; i < metrics->names.nr; i++) {
		if (strcmp(metrics->names.items[i], name) == 0)
			return true;
	}
	return false;
}

static int name_take(struct bpfl_metrics *metrics, const char *name, const char *end)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	char **slot = BPFL_VEC_PUSH(&metrics->names);

	bpfl_buf_printf(&text, "%s%s", name, end);
	if (slot)
		*slot = bpfl_buf_take(&text);
	if (slot && !*slot)
		metrics->names.nr--;
	bpfl_buf_deinit(&text);
	return slot && *slot ? 0 : -ENOMEM;
}

/* A histogram is four names: the series NAME_bucket, NAME_sum and NAME_count belong to it. */
static const char *const hist_ends[] = { "", "_bucket", "_sum", "_count" };

static bool are_taken(const struct bpfl_metrics *metrics, const char *name, bool is_hist)
{
	char text[512];

	for (size_t i = 0; i < (is_hist ? 4 : 1); i++) {
		snprintf(text, sizeof(text), "%s%s", name, hist_ends[i]);
		if (is_taken(metrics, text))
			return true;
	}
	return false;
}

/* PREFIX_BASE[_MEMBER][_total], with a number when that is taken. NULL without memory. */
char *bpfl_metric_name_make(struct bpfl_metrics *metrics, const char *base, const char *member,
			    enum bpfl_metric_kind kind)
{
	const char *end = kind == BPFL_METRIC_COUNTER ? "_total" : "";
	bool is_hist = kind == BPFL_METRIC_HISTOGRAM;
	struct bpfl_buf stem = BPFL_BUF_INIT, name = BPFL_BUF_INIT;
	char *ret = NULL;

	bpfl_buf_printf(&stem, "%s_", metrics->prefix);
	sanitize(*base == '.' ? base + 1 : base, &stem);
	if (*member) {
		bpfl_buf_char(&stem, '_');
		sanitize(member, &stem);
	}
	if (stem.data && *end && ends_with(stem.data, end))
		stem.data[stem.size -= strlen(end)] = '\0';
	for (unsigned i = 1; bpfl_buf_ok(&stem); i++) {
		name.size = 0;
		bpfl_buf_text(&name, stem.data);
		if (i > 1)
			bpfl_buf_printf(&name, "_%u", i);
		bpfl_buf_text(&name, end);
		if (!bpfl_buf_ok(&name) || !are_taken(metrics, name.data, is_hist))
			break;
	}
	if (bpfl_buf_ok(&stem) && bpfl_buf_ok(&name)) {
		int taken = 0;

		for (size_t i = 0; i < (is_hist ? 4 : 1) && taken == 0; i++)
			taken = name_take(metrics, name.data, hist_ends[i]);
		ret = taken == 0 ? bpfl_buf_take(&name) : NULL;
	}
	bpfl_buf_deinit(&stem);
	bpfl_buf_deinit(&name);
	return ret;
}

/* ---- what the caller said ---- */

/* Whether a word is "NAME", "NAME.PATH" or, with words behind, "NAME:WORDS". */
static bool word_is(const char *word, const char *name, const char *path, const char **ret_words)
{
	size_t len = strlen(name);

	if (strncmp(word, name, len) != 0)
		return false;
	word += len;
	if (ret_words && (*word == ':' || !*word)) {
		*ret_words = *word ? word + 1 : NULL;
		return true;
	}
	return !*word || (*path && *word == '.' && strcmp(word + 1, path) == 0);
}

bool bpfl_metric_is_told(struct bpfl_metrics *metrics, enum bpfl_metric_kind kind, const char *name, const char *path,
			 const char **ret_words)
{
	for (size_t i = 0; i < metrics->told[kind].nr; i++) {
		if (word_is(metrics->told[kind].words[i], name, path, ret_words)) {
			metrics->told[kind].used[i] = true;
			return true;
		}
	}
	return false;
}

const char *bpfl_metrics_unused(const struct bpfl_metrics *metrics)
{
	for (int kind = 0; kind < BPFL_NR_METRIC_KINDS; kind++) {
		for (size_t i = 0; i < metrics->told[kind].nr; i++) {
			if (!metrics->told[kind].used[i])
				return metrics->told[kind].words[i];
		}
	}
	return NULL;
}

/* ---- labels ---- */

static char *label_make(const struct bpfl_metric_source *source, const char *name, size_t nr_labels)
{
	static const char *const reserved[] = { "le", "cpu", "index" };
	struct bpfl_buf text = BPFL_BUF_INIT;
	size_t stem_size;
	bool again = true;

	while (*name == '_')
		name++;
	sanitize(*name ? name : "key", &text);
	stem_size = text.size;
	for (unsigned i = 1; again && bpfl_buf_ok(&text); i++) {
		if (i > 1) {
			text.size = stem_size;
			bpfl_buf_printf(&text, "_%u", i);
		}
		again = false;
		for (size_t k = 0; k < sizeof(reserved) / sizeof(reserved[0]); k++)
			again = again || strcmp(text.data, reserved[k]) == 0;
		for (size_t k = 0; k < nr_labels; k++)
			again = again || (source->labels.items[k] && strcmp(text.data, source->labels.items[k]) == 0);
	}
	return bpfl_buf_take(&text);
}

int bpfl_metric_labels_make(struct bpfl_metric_source *source)
{
	const struct bpfl_map *map = source->map;
	bool is_single = map->max_entries == 1 &&
			 (map->type == BPFL_MAP_TYPE_ARRAY || map->type == BPFL_MAP_TYPE_PERCPU_ARRAY);
	size_t nr = bpfl_side_nr_fields(&source->key);

	for (size_t i = 0; i < nr; i++) {
		bool is_slot = source->is_hist &&
			       (source->shape.kind == BPFL_HIST_ELEMENTS ||
				(source->shape.kind == BPFL_HIST_KEYS && source->shape.slot_field == i));
		char **slot = BPFL_VEC_PUSH(&source->labels);

		if (!slot)
			return -ENOMEM;
		if (is_single || is_slot)
			continue;
		*slot = label_make(source, bpfl_side_field_name(&source->key, i), i);
		if (!*slot)
			return -ENOMEM;
	}
	return 0;
}
