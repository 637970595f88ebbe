/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/feeder.c: records for a user ring buffer, from words.
 *
 * A record is written the way a value is shown, "{number=7,name=x}", or as JSON, {"number":7,"name":"x"}:
 * outside of strings these differ in the quotes around names and in what stands behind them, so the one is
 * turned into the other. "hex:01 02" needs no type and may have any length.
 */
#include "bpfload/map.h"
#include "bpfload/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/text.h"
#include "btf/cdecl.h"
#include "btf/value.h"
#include "kern/map_handle.h"
#include "spec/section.h"

#define HEX_PREFIX "hex:"

struct bpfl_feeder {
	struct bpfl_user_ringbuf *ring;
	const struct bpfl_btf *btf; /* of the map, or own_btf */
	struct bpfl_btf *own_btf;
	uint32_t type_id; /* 0: bytes only */
	uint8_t *record;
	uint32_t size; /* of the type */
	struct bpfl_buf words;
	char *name;
};

int bpfl_feeder_open(const struct bpfl_map *map, const char *type, struct bpfl_feeder **ret_feeder,
		     struct bpfl_error *err)
{
	struct bpfl_feeder *feeder;
	int ret = 0;

	if (map->type != BPFL_MAP_TYPE_USER_RINGBUF)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
				      "map '%s' is not a user ring buffer: records cannot be put in",
				      BPFL_ESC(map->name));
	feeder = calloc(1, sizeof(*feeder));
	if (!feeder)
		return bpfl_error_nomem(err);
	feeder->name = bpfl_strdup(map->name);
	feeder->btf = map->btf;
	/* The kernel takes no types for such a map: the object's declaration has them. */
	feeder->type_id = map->object ? map->object->image->spec->maps.items[map->map_idx].value_type_id : 0;
	if (type) {
		ret = bpfl_cdecl_read(map->btf, type, &feeder->own_btf, &feeder->type_id, err);
		feeder->btf = feeder->own_btf;
	}
	if (ret == 0 && feeder->type_id && bpfl_btf_size(feeder->btf, feeder->type_id, &feeder->size) < 0)
		feeder->type_id = 0;
	feeder->record = calloc(1, (size_t)feeder->size + 1);
	if (ret == 0 && (!feeder->record || !feeder->name))
		ret = bpfl_error_nomem(err);
	if (ret == 0)
		ret = bpfl_user_ringbuf_open(map->fd, &feeder->ring, err);
	if (ret < 0) {
		bpfl_feeder_close(feeder);
		return ret;
	}
	*ret_feeder = feeder;
	return 0;
}

void bpfl_feeder_close(struct bpfl_feeder *feeder)
{
	if (!feeder)
		return;
	bpfl_user_ringbuf_close(feeder->ring);
	bpfl_btf_destroy(feeder->own_btf);
	bpfl_buf_deinit(&feeder->words);
	free(feeder->record);
	free(feeder->name);
	free(feeder);
}

static size_t string_len(const char *at)
{
	size_t len = 1;

	while (at[len] && at[len] != '"')
		len += at[len] == '\\' && at[len + 1] ? 2 : 1;
	return at[len] ? len + 1 : len;
}

/* JSON's members into ours: "name": becomes name=. Text without them stays as it is. */
static void unquote_names(const char *text, struct bpfl_buf *out)
{
	out->size = 0;
	while (*text) {
		size_t len = *text == '"' ? string_len(text) : strcspn(text, "\"");
		size_t blanks = strspn(text + len, " \t");

		if (*text == '"' && len >= 2 && text[len + blanks] == ':') {
			bpfl_buf_append(out, text + 1, len - 2);
			bpfl_buf_char(out, '=');
			len += blanks + 1;
			len += strspn(text + len, " \t");
		} else {
			bpfl_buf_append(out, text, len);
		}
		text += len;
	}
	bpfl_buf_char(out, '\0');
}

/* "hex:01 02" into the words buffer, as bytes. */
static int hex_read(struct bpfl_feeder *feeder, const char *text, struct bpfl_error *err)
{
	feeder->words.size = 0;
	for (const char *at = text + strspn(text, " "); *at; at += 2 + strspn(at + 2, " ")) {
		int high = bpfl_text_digit(at[0]), low = high < 16 ? bpfl_text_digit(at[1]) : BPFL_NO_DIGIT;

		if (low >= 16)
			return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
					      "map '%s': '%s': not a byte of two hexadecimal digits",
					      BPFL_ESC(feeder->name), BPFL_ESC(at));
		bpfl_buf_char(&feeder->words, (char)(high << 4 | low));
	}
	return bpfl_buf_ok(&feeder->words) ? 0 : bpfl_error_nomem(err);
}

static int value_read(struct bpfl_feeder *feeder, const char *words, struct bpfl_error *err)
{
	struct bpfl_btf_place place = { .type_id = feeder->type_id };
	int ret;

	if (!feeder->type_id) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s': '%s': the type of its records is not known",
			       BPFL_ESC(feeder->name), BPFL_ESC(words));
		bpfl_error_fix(err,
			       "declare it, __type(value, struct ...), name it, or write the bytes: hex:01 02 ...");
		return -EINVAL;
	}
	unquote_names(words, &feeder->words);
	if (!bpfl_buf_ok(&feeder->words))
		return bpfl_error_nomem(err);
	memset(feeder->record, 0, feeder->size);
	ret = bpfl_btf_place_set(feeder->btf, &place, NULL, feeder->words.data, feeder->record, feeder->size, err);
	if (ret < 0)
		bpfl_error_prefix(err, "map '%s'", BPFL_ESC(feeder->name));
	return ret;
}

int bpfl_feeder_put(struct bpfl_feeder *feeder, const char *words, int timeout_ms, struct bpfl_error *err)
{
	bool is_hex = bpfl_text_has_prefix(words, HEX_PREFIX);
	int ret = is_hex ? hex_read(feeder, words + strlen(HEX_PREFIX), err) : value_read(feeder, words, err);
	size_t size = is_hex ? feeder->words.size : feeder->size;
	void *record;

	if (ret < 0)
		return ret;
	ret = bpfl_user_ringbuf_reserve_wait(feeder->ring, size, timeout_ms, &record);
	if (ret == -ETIMEDOUT)
		return bpfl_error_set(err, BPFL_ERR_TARGET, ENOSPC,
				      "map '%s' is full: no program takes the records out", BPFL_ESC(feeder->name));
	if (ret < 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, -ret, "map '%s': a record of %zu bytes: %s",
				      BPFL_ESC(feeder->name), size, bpfl_errno_text(-ret));
	if (size > 0)
		memcpy(record, is_hex ? (const void *)feeder->words.data : feeder->record, size);
	bpfl_user_ringbuf_submit(feeder->ring, record);
	return 0;
}
