/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/forms.c: the ways in which a field can be shown: their names for --fmt, what they fit, how wide they are.
 */
#include "event/layout.h"

#include <errno.h>
#include <string.h>

/* ---- forms ---- */

static const struct form_row {
	const char *name;
	uint8_t width;	     /* of a column; 0: by the field's size */
	uint32_t sizes;	     /* bits of the sizes (1 << bytes) that a field may have; 0: any */
	bool is_number;
} form_rows[BPFL_NR_FORMS] = {
#define NUMBERS (1u << 1 | 1u << 2 | 1u << 4 | 1u << 8)
	[BPFL_FORM_UINT] = { "dec", 0, NUMBERS, true },
	[BPFL_FORM_SINT] = { "sdec", 0, NUMBERS, true },
	[BPFL_FORM_HEX] = { "hex", 18, NUMBERS, true },
	[BPFL_FORM_BOOL] = { "bool", 5, NUMBERS, true },
	[BPFL_FORM_CHAR] = { "char", 4, 1u << 1, true },
	[BPFL_FORM_ENUM] = { NULL, 16, 0, true },
	[BPFL_FORM_STRING] = { "str", 16, 0, false },
	[BPFL_FORM_STRINGS] = { "strs", 16, 0, false },
	[BPFL_FORM_VALUE] = { NULL, 16, 0, false },
	[BPFL_FORM_IPV4] = { "ipv4", 15, 1u << 4, false },
	[BPFL_FORM_IPV6] = { "ipv6", 26, 1u << 16, false },
	[BPFL_FORM_MAC] = { "mac", 17, 1u << 6, false },
	[BPFL_FORM_PORT] = { "port", 5, 1u << 2, true },
	[BPFL_FORM_ENDPOINT] = { NULL, 21, 0, false },
	[BPFL_FORM_TIME] = { "time", 15, 1u << 8, true },
	[BPFL_FORM_DURATION] = { "duration", 9, NUMBERS, true },
	[BPFL_FORM_BYTES] = { "bytes", 9, NUMBERS, true },
	[BPFL_FORM_ERRNO] = { "errno", 12, NUMBERS, true },
	[BPFL_FORM_SIGNAL] = { "signal", 9, NUMBERS, true },
	[BPFL_FORM_SYSCALL] = { "syscall", 16, NUMBERS, true },
	[BPFL_FORM_USER] = { "user", 12, NUMBERS, true },
	[BPFL_FORM_GROUP] = { "group", 12, NUMBERS, true },
	[BPFL_FORM_MODE] = { "mode", 10, NUMBERS, true },
	[BPFL_FORM_OPEN_FLAGS] = { "oflags", 18, NUMBERS, true },
	[BPFL_FORM_PROTOCOL] = { "proto", 6, NUMBERS, true },
	[BPFL_FORM_KERNEL_STACK] = { NULL, 24, 1u << 4, true },
	[BPFL_FORM_USER_STACK] = { NULL, 24, 0, false },
	[BPFL_FORM_RAW] = { "raw", 16, 0, false },
	[BPFL_FORM_PREFIX] = { NULL, 18, 0, false },
};

enum bpfl_form bpfl_form_find(const char *name)
{
	for (int i = 0; i < BPFL_NR_FORMS; i++) {
		if (form_rows[i].name && strcmp(form_rows[i].name, name) == 0)
			return (enum bpfl_form)i;
	}
	return BPFL_NR_FORMS;
}

const char *bpfl_form_names(void)
{
	return "dec, sdec, hex, bool, char, str, strs, ipv4, ipv6, mac, port, time, duration, bytes, errno, signal, "
	       "syscall, user, "
	       "group, mode, oflags, proto, raw";
}

/* Most numbers of 4 bytes are small; those of namespaces and files, and nanoseconds, have all their ten digits. */
static bool has_all_digits(const char *name)
{
	static const char *const ends[] = { "_ns", "netns", "mntns", "pidns", "utsns", "inum", "_ino", "inode" };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t end = strlen(ends[i]);

		if (len >= end && strcmp(name + len - end, ends[i]) == 0)
			return true;
	}
	return false;
}

void bpfl_field_set_width(struct bpfl_field *field)
{
	unsigned width = form_rows[field->form].width;

	if (width == 0)
		width = field->size <= 1 ? 4 : field->size <= 2 ? 6 : field->size <= 4 ? 7 : 12;
	if (width == 7 && has_all_digits(field->leaf))
		width = 10;
	field->width = (uint8_t)width;
}

int bpfl_field_set_form(struct bpfl_field *field, enum bpfl_form form)
{
	uint32_t sizes = form_rows[form].sizes;

	if (sizes && (field->size > 16 || !(sizes >> field->size & 1)))
		return -EINVAL;
	if (field->bit_size != 0 && !form_rows[form].is_number)
		return -EINVAL;
	field->form = form;
	bpfl_field_set_width(field);
	return 0;
}

/* ---- what names say ---- */

static bool has_word(const char *name, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(name, word); at; at = strstr(at + 1, word)) {
		bool begins = at == name || at[-1] == '_' || at[-1] == '.';
		bool ends = at[len] == '\0' || at[len] == '_' || at[len] == '4' || at[len] == '6';

		if (begins && ends)
			return true;
	}
	return false;
}

void bpfl_layout_guess_forms(struct bpfl_layout *layout)
{
	static const char *const address_words[] = { "ip",  "addr", "saddr",  "daddr", "sip",
						     "dip", "ipv",  "src_ip", "dst_ip" };

	for (size_t i = 0; i < layout->fields.nr; i++) {
		struct bpfl_field *field = &layout->fields.items[i];
		bool is_plain = field->form == BPFL_FORM_UINT || field->form == BPFL_FORM_VALUE;

		for (size_t w = 0; is_plain && w < sizeof(address_words) / sizeof(address_words[0]); w++) {
			if (has_word(field->leaf, address_words[w]) &&
			    bpfl_field_set_form(field, field->size == 16 ? BPFL_FORM_IPV6 : BPFL_FORM_IPV4) == 0)
				is_plain = false;
		}
		if (is_plain && (has_word(field->leaf, "mac") || has_word(field->leaf, "lladdr")))
			bpfl_field_set_form(field, BPFL_FORM_MAC);
	}
}
