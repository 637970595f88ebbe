/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/layout_end.c: what the fields of a layout say about each other, once all are there; and finding one by
 * its name.
 */
#include "event/layout.h"

#include <string.h>

/* ---- what fields say about each other ---- */

static bool ends_with_any(const char *name, const char *stem)
{
	static const char *const ends[] = { "_size", "_len", "_sz", "_length", NULL };
	size_t len = strlen(stem);

	if (strncmp(name, stem, len) != 0)
		return false;
	for (int i = 0; ends[i]; i++) {
		if (strcmp(name + len, ends[i]) == 0)
			return true;
	}
	return false;
}

/* "args" and "args_size": only so many bytes of the array are meant. */
static void find_lengths(struct bpfl_layout *layout)
{
	for (size_t i = 0; i < layout->fields.nr; i++) {
		struct bpfl_field *text = &layout->fields.items[i];

		for (size_t j = 0; text->form == BPFL_FORM_STRING && j < layout->fields.nr; j++) {
			struct bpfl_field *length = &layout->fields.items[j];
			bool is_number = length->form == BPFL_FORM_UINT || length->form == BPFL_FORM_SINT;

			if (is_number && length->bit_size == 0 && ends_with_any(length->name, text->name)) {
				text->len_field = (uint32_t)j;
				length->is_length = true;
			}
		}
	}
}

static void find_tail(struct bpfl_layout *layout)
{
	struct bpfl_field *last = NULL;

	for (size_t i = 0; i < layout->fields.nr; i++) {
		struct bpfl_field *field = &layout->fields.items[i];

		if (!last || (uint64_t)field->byte_off + field->size >= (uint64_t)last->byte_off + last->size)
			last = field;
	}
	if (last)
		last->is_tail = true;
}

/* "PROC.COMM" is headed COMM where no other column is. */
static void find_titles(struct bpfl_layout *layout)
{
	for (size_t i = 0; i < layout->fields.nr; i++) {
		struct bpfl_field *field = &layout->fields.items[i];
		unsigned nr = 0;

		for (size_t j = 0; field->is_short && j < layout->fields.nr; j++)
			nr += !layout->fields.items[j].is_hidden &&
			      strcmp(layout->fields.items[j].leaf, field->leaf) == 0;
		if (field->is_short && nr <= 1 && !field->is_hidden)
			field->title = field->leaf;
	}
}

void bpfl_layout_end(struct bpfl_layout *layout, uint32_t size)
{
	layout->size = size;
	find_lengths(layout);
	find_tail(layout);
	find_titles(layout);
}

/*
 * Fields that tables leave out have their say only when no shown one has the name: "comm" is proc.comm, not
 * proc.parent.comm.
 */
uint32_t bpfl_layout_find(const struct bpfl_layout *layout, const char *name)
{
	uint32_t by_leaf = BPFL_NO_FIELD, by_hidden_leaf = BPFL_NO_FIELD;
	unsigned nr = 0, nr_hidden = 0;

	for (size_t i = 0; i < layout->fields.nr; i++) {
		const struct bpfl_field *field = &layout->fields.items[i];

		if (strcmp(field->name, name) == 0)
			return (uint32_t)i;
		if (strcmp(field->leaf, name) != 0)
			continue;
		if (field->is_hidden) {
			by_hidden_leaf = (uint32_t)i;
			nr_hidden++;
		} else {
			by_leaf = (uint32_t)i;
			nr++;
		}
	}
	if (nr == 0)
		return nr_hidden == 1 ? by_hidden_leaf : BPFL_NO_FIELD;
	return nr == 1 ? by_leaf : BPFL_NO_FIELD;
}
