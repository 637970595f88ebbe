/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/error_text.c: an error for people and for machines.
 *
 *     error: hello.bpf.o: ... [E8]
 *     why:   one fact a line
 *     fix:   one thing to do a line
 *
 * The verifier's log is not part of it: it can be megabytes long, and the caller decides where it goes.
 */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/json.h"

static const char *kind_name(enum bpfl_error_kind kind)
{
	switch (kind) {
	case BPFL_ERR_NONE: return "none";
	case BPFL_ERR_SYSTEM: return "system";
	case BPFL_ERR_USAGE: return "usage";
	case BPFL_ERR_OBJECT: return "object";
	case BPFL_ERR_VERIFIER: return "verifier";
	case BPFL_ERR_PERMISSION: return "permission";
	case BPFL_ERR_UNSUPPORTED: return "unsupported";
	case BPFL_ERR_TARGET: return "target";
	}
	return "unknown";
}

/* Calls one for each line of text. */
static void each_line(const char *text, void (*one)(void *ctx, const char *line, size_t len), void *ctx)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		one(ctx, text, len);
		text += len + (text[len] == '\n');
	}
}

struct labelled {
	struct bpfl_buf *out;
	const char *label; /* "why:", then spaces of the same width */
};

static void labelled_line(void *ctx, const char *line, size_t len)
{
	struct labelled *state = ctx;

	bpfl_buf_printf(state->out, "%-6s %.*s\n", state->label, (int)len, line);
	state->label = "";
}

static void json_line(void *ctx, const char *line, size_t len)
{
	bpfl_json_string_sized(ctx, line, len);
}

static void text_write(const struct bpfl_error *err, struct bpfl_buf *out)
{
	bpfl_buf_printf(out, "error: %s", err->message);
	if (err->catalogue_id)
		bpfl_buf_printf(out, " [E%d]", err->catalogue_id);
	bpfl_buf_char(out, '\n');
	each_line(err->why, labelled_line, &(struct labelled){ out, "why:" });
	each_line(err->fix, labelled_line, &(struct labelled){ out, "fix:" });
}

static void lines_write(struct bpfl_json *json, const char *key, const char *text)
{
	bpfl_json_key(json, key);
	bpfl_json_array_begin(json);
	each_line(text, json_line, json);
	bpfl_json_array_end(json);
}

static void json_write(const struct bpfl_error *err, struct bpfl_buf *out)
{
	struct bpfl_json json;

	bpfl_json_init(&json, out);
	bpfl_json_object_begin(&json);
	bpfl_json_member_u64(&json, "v", 1);
	bpfl_json_member_string(&json, "type", "error");
	bpfl_json_member_string(&json, "kind", kind_name(err->kind));
	bpfl_json_member_s64(&json, "errno", err->errnum);
	bpfl_json_key(&json, "id");
	if (err->catalogue_id) {
		char id[16];

		snprintf(id, sizeof(id), "E%d", err->catalogue_id);
		bpfl_json_string(&json, id);
	} else {
		bpfl_json_null(&json);
	}
	bpfl_json_member_string(&json, "error", err->message);
	lines_write(&json, "why", err->why);
	lines_write(&json, "fix", err->fix);
	bpfl_json_object_end(&json);
	bpfl_buf_char(out, '\n');
}

int bpfl_error_text(const struct bpfl_error *err, enum bpfl_format format, char **ret_text)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	char *text;

	if (format == BPFL_FORMAT_JSON)
		json_write(err, &out);
	else
		text_write(err, &out);
	text = bpfl_buf_take(&out);
	if (!text)
		return -ENOMEM;
	*ret_text = text;
	return 0;
}
