/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/column_tags.c: declaration tags -> how columns look. See column_tags.h.
 */
#include "event/column_tags.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define OWN_PREFIX "bpfload:"
#define COLUMNS_PREFIX "columns."
#define WORD_SIZE 64u

static bool is_about_columns(const char *text)
{
	return bpfl_text_has_prefix(text, OWN_PREFIX) || bpfl_text_has_prefix(text, COLUMNS_PREFIX);
}

void bpfl_column_tags_read(struct bpfl_column_tags *tags, const struct bpfl_btf *btf)
{
	for (uint32_t id = 1; btf && id < bpfl_btf_nr_types(btf); id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, id);
		struct bpfl_column_tag *tag;

		if (bpfl_btf_kind(type) != BPFL_KIND_DECL_TAG || bpfl_btf_tag_component(type) < 0 ||
		    !is_about_columns(bpfl_btf_string(btf, type->name_off)))
			continue;
		tag = BPFL_VEC_PUSH(&tags->items);
		if (!tag)
			return;
		*tag = (struct bpfl_column_tag){ type->type, (uint32_t)bpfl_btf_tag_component(type),
						 bpfl_btf_string(btf, type->name_off) };
	}
}

void bpfl_column_tags_deinit(struct bpfl_column_tags *tags)
{
	free(tags->items.items);
	*tags = (struct bpfl_column_tags){ 0 };
}

/* ---- words ---- */

static bool number_of(const char *text, uint8_t *ret)
{
	uint64_t value;

	if (bpfl_text_to_u64(text, &value) < 0 || value > UINT8_MAX)
		return false;
	*ret = (uint8_t)value;
	return true;
}

static void set_ellipsis(struct bpfl_field *field, const char *value)
{
	static const char *const names[] = {
		[BPFL_ELLIPSIS_NONE] = "none", [BPFL_ELLIPSIS_END] = "end", [BPFL_ELLIPSIS_MIDDLE] = "middle",
		[BPFL_ELLIPSIS_START] = "start",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], value) == 0)
			field->style.ellipsis = (uint8_t)i;
	}
	/* A place for the mark means that there is something to cut. */
	if (field->style.ellipsis != BPFL_ELLIPSIS_NONE && field->style.max_width == 0)
		field->style.max_width = field->width;
}

static void set_word(struct bpfl_field *field, const char *key, const char *value)
{
	bool is_yes = strcmp(value, "true") == 0 || strcmp(value, "") == 0;
	uint8_t number = 0;

	if (strcmp(key, "width") == 0 && number_of(value, &number)) {
		field->width = number;
		if (field->style.max_width != 0)
			field->style.max_width = number;
	} else if (strcmp(key, "minwidth") == 0 && number_of(value, &number)) {
		field->width = number > field->width ? number : field->width;
	} else if (strcmp(key, "maxwidth") == 0 && number_of(value, &number)) {
		field->style.max_width = number;
		field->width = field->width > number ? number : field->width;
	} else if (strcmp(key, "alignment") == 0) {
		field->style.is_right = strcmp(value, "right") == 0;
	} else if (strcmp(key, "ellipsis") == 0) {
		set_ellipsis(field, value);
	} else if (strcmp(key, "hidden") == 0) {
		field->is_hidden = is_yes;
	} else if (strcmp(key, "hex") == 0 && is_yes) {
		bpfl_field_set_form(field, BPFL_FORM_HEX);
	} else if (strcmp(key, "fmt") == 0 && bpfl_form_find(value) != BPFL_NR_FORMS) {
		bpfl_field_set_form(field, bpfl_form_find(value));
	}
}

/* "width=30,ellipsis=start" for one field. */
static void set_words(struct bpfl_field *field, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, ",");
		char word[WORD_SIZE], *equals;

		if (len < sizeof(word)) {
			char *key = word;

			memcpy(word, text, len);
			word[len] = '\0';
			if (bpfl_text_has_prefix(key, COLUMNS_PREFIX))
				key += strlen(COLUMNS_PREFIX);
			equals = strchr(key, '=');
			if (equals)
				*equals++ = '\0';
			set_word(field, key, equals ? equals : "");
		}
		text += len + (text[len] == ',');
	}
}

void bpfl_column_tags_apply(const struct bpfl_column_tags *tags, uint32_t type_id, uint32_t member,
			    struct bpfl_layout *layout, size_t first)
{
	for (size_t i = 0; i < tags->items.nr; i++) {
		const struct bpfl_column_tag *tag = &tags->items.items[i];
		const char *text = tag->text;
		bool has_words = false;

		if (tag->type_id != type_id || tag->member != member)
			continue;
		if (bpfl_text_has_prefix(text, OWN_PREFIX))
			text += strlen(OWN_PREFIX);
		for (size_t f = first; f < layout->fields.nr; f++)
			has_words = has_words || layout->fields.items[f].is_words;
		/* Of a number and its words it is the words that are a column. */
		for (size_t f = first; f < layout->fields.nr; f++) {
			if (!has_words || layout->fields.items[f].is_words)
				set_words(&layout->fields.items[f], text);
		}
	}
}
