/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/on_demand.c: reading links whose program runs only when it is asked: iterators, and programs that are run.
 *
 * Text goes to the caller as it comes from the kernel. As JSON each line becomes an object of its own; a line
 * may come in several pieces, so the beginning of one is kept until its end is there.
 */
#include <errno.h>
#include <string.h>
#include "attach/link.h"
#include "base/json.h"

struct json_lines {
	const char *link_text;
	struct bpfl_buf rest; /* the beginning of a line */
	bpfl_write_fn write;
	void *ctx;
};

static int line_write(struct json_lines *lines)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	struct bpfl_json json;
	int ret = -ENOMEM;

	bpfl_json_init(&json, &out);
	bpfl_json_object_begin(&json);
	bpfl_json_member_u64(&json, "v", 1);
	bpfl_json_member_string(&json, "type", "link");
	bpfl_json_member_string(&json, "link", lines->link_text);
	bpfl_json_key(&json, "text");
	bpfl_json_string_sized(&json, lines->rest.data ? lines->rest.data : "", lines->rest.size);
	bpfl_json_object_end(&json);
	bpfl_buf_char(&out, '\n');
	if (bpfl_buf_ok(&out) && bpfl_buf_ok(&lines->rest))
		ret = lines->write(lines->ctx, out.data, out.size);
	bpfl_buf_deinit(&out);
	bpfl_buf_deinit(&lines->rest);
	lines->rest = (struct bpfl_buf)BPFL_BUF_INIT;
	return ret;
}

static int lines_write(void *ctx, const char *text, size_t size)
{
	struct json_lines *lines = ctx;

	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t line_size = end ? (size_t)(end - text) : size;
		int ret;

		bpfl_buf_append(&lines->rest, text, line_size);
		if (!end)
			break;
		ret = line_write(lines);
		if (ret < 0)
			return ret;
		text = end + 1;
		size -= line_size + 1;
	}
	return 0;
}

bool bpfl_link_is_on_demand(const struct bpfl_link *link)
{
	return link->read != NULL;
}

int bpfl_link_read(struct bpfl_link *link, enum bpfl_format format, bpfl_write_fn write, void *ctx,
		   struct bpfl_error *err)
{
	struct json_lines lines = { .link_text = link->text, .rest = BPFL_BUF_INIT, .write = write, .ctx = ctx };
	int ret;

	if (!link->read)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EOPNOTSUPP, "%s: it runs by itself and has no text",
				      link->text);
	if (format != BPFL_FORMAT_JSON)
		return link->read(link, write, ctx, err);
	ret = link->read(link, lines_write, &lines, err);
	if (ret >= 0 && lines.rest.size > 0)
		ret = line_write(&lines);
	bpfl_buf_deinit(&lines.rest);
	return ret == -ENOMEM ? bpfl_error_nomem(err) : ret;
}
