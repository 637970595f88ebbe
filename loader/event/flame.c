/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/flame.c: a profile as a flame graph, one SVG file. See stack.h.
 *
 * The lines are sorted, so one pass draws the graph: a frame begins where a line has it and the line before has
 * not, and ends with the first line that has another one there. The outermost frames stand on top: a deep stack
 * goes down the page, and what one begins with is in sight. A frame is a group with a rectangle, its name as
 * far as there is room, and a title that says everything; the numbers that zooming needs (where it begins and
 * how wide it is, in samples) stand in its attributes. The page works without its script: names are cut here,
 * and titles are shown by the browser.
 *
 * Names come from anywhere. In XML, "<" and "&" must be escaped, control characters and broken UTF-8 make the
 * whole file unreadable: those become question marks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "event/stack.h"

#define WIDTH_DEFAULT 1200u
#define ROW 18u
#define TOP 62u
#define BOTTOM 12u
#define DETAILS_X 200u /* behind the number of samples */
#define SIDE 10u
#define LETTER_10 72u /* tenths of a pixel, of a monospaced font of 12 pixels */
#define NARROWEST 0.1 /* pixels: what is less cannot be seen */

struct open_frame {
	const char *name; /* with the byte that says what it is; in a line */
	size_t len;
	uint64_t start; /* in samples */
};

struct drawing {
	struct bpfl_buf *out;
	double scale; /* pixels per sample */
	uint64_t total;
	const char *unit;
	BPFL_VEC(struct open_frame) open;
	unsigned nr_hidden;
};

/* ---- text ---- */

/* The bytes of the character that begins here; 0: none that XML takes. */
static size_t character(const unsigned char *at, size_t left)
{
	size_t len = at[0] < 0x80                    ? 1
		     : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
		     : (at[0] & 0xf0) == 0xe0        ? 3
		     : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
						     : 0;

	if (len == 0 || len > left || at[0] < 0x20 || at[0] == 0x7f)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
	    (at[0] == 0xf4 && at[1] > 0x8f) || (at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe))
		return 0;
	return len;
}

/* Up to so many characters; returns how many there were. */
static size_t put_xml(struct bpfl_buf *out, const char *text, size_t size, size_t nr_most)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t nr = 0;

	for (; size > 0 && nr < nr_most; nr++) {
		size_t len = character(at, size);

		if (*at == '<')
			bpfl_buf_text(out, "&lt;");
		else if (*at == '>')
			bpfl_buf_text(out, "&gt;");
		else if (*at == '&')
			bpfl_buf_text(out, "&amp;");
		else if (*at == '"')
			bpfl_buf_text(out, "&quot;");
		else if (len == 0)
			bpfl_buf_char(out, '?');
		else
			bpfl_buf_append(out, at, len);
		at += len ? len : 1;
		size -= len ? len : 1;
	}
	return nr;
}

static size_t nr_characters(const char *text, size_t size)
{
	struct bpfl_buf none = BPFL_BUF_INIT;
	size_t nr = put_xml(&none, text, size, SIZE_MAX);

	bpfl_buf_deinit(&none);
	return nr;
}

/* ---- colours ---- */

/*
 * The same name has the same colour in every graph: a hash of it shifts the hue and the lightness of its
 * kind a little.
 */
static void put_colour(struct bpfl_buf *out, const char *name, size_t len)
{
	static const struct { char what; unsigned hue, hue_range, saturation, lightness; } kinds[] = {
		{ BPFL_FLAME_USER, 12, 38, 85, 64 },   { BPFL_FLAME_KERNEL, 196, 24, 60, 70 }, { BPFL_FLAME_JIT, 88, 40, 50, 66 },
		{ BPFL_FLAME_PROCESS, 40, 10, 12, 82 }, { BPFL_FLAME_UNKNOWN, 0, 1, 0, 80 },
	};
	unsigned kind = 0;
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
	while (kind + 1 < sizeof(kinds) / sizeof(kinds[0]) && kinds[kind].what != name[0])
		kind++;
	bpfl_buf_printf(out, "hsl(%u,%u%%,%u%%)", kinds[kind].hue + hash % kinds[kind].hue_range,
			kinds[kind].saturation, kinds[kind].lightness + hash / 64 % 8);
}

/* ---- frames ---- */

static void put_frame(struct drawing *drawing, const struct open_frame *frame, size_t depth, uint64_t end)
{
	struct bpfl_buf *out = drawing->out;
	uint64_t nr = end - frame->start;
	double x = SIDE + (double)frame->start * drawing->scale, width = (double)nr * drawing->scale;
	size_t y = TOP + depth * ROW, room = width > 6 ? (size_t)((width - 6) * 10) / LETTER_10 : 0;
	size_t nr_name = nr_characters(frame->name + 1, frame->len - 1);

	if (width < NARROWEST) {
		drawing->nr_hidden++;
		return;
	}
	bpfl_buf_printf(out, "<g class=\"f\" data-s=\"%llu\" data-n=\"%llu\" data-d=\"%zu\"><title>",
			(unsigned long long)frame->start, (unsigned long long)nr, depth);
	put_xml(out, frame->name + 1, frame->len - 1, SIZE_MAX);
	bpfl_buf_printf(out,
			" (%llu %s, %.2f%%)</title><rect x=\"%.2f\" y=\"%zu\" width=\"%.2f\" height=\"%u\" fill=\"",
			(unsigned long long)nr, drawing->unit, 100.0 * (double)nr / (double)drawing->total, x, y, width,
			ROW - 1);
	put_colour(out, frame->name, frame->len);
	bpfl_buf_printf(out, "\"/><text x=\"%.2f\" y=\"%zu\">", x + 3, y + 13);
	if (room >= nr_name)
		put_xml(out, frame->name + 1, frame->len - 1, SIZE_MAX);
	else if (room >= 4) {
		put_xml(out, frame->name + 1, frame->len - 1, room - 2);
		bpfl_buf_text(out, "..");
	}
	bpfl_buf_text(out, "</text></g>\n");
}

/* Closes all frames from depth on, the innermost first. */
static void close_frames(struct drawing *drawing, size_t depth, uint64_t end)
{
	while (drawing->open.nr > depth) {
		drawing->open.nr--;
		put_frame(drawing, &drawing->open.items[drawing->open.nr], drawing->open.nr, end);
	}
}

/* Depth 0 is the frame of all lines. 0 or -ENOMEM. */
static int draw_line(struct drawing *drawing, const char *text, uint64_t start)
{
	size_t depth = 1;

	while (*text) {
		size_t len = strcspn(text, ";");
		const struct open_frame *open = depth < drawing->open.nr ? &drawing->open.items[depth] : NULL;

		if (!open || open->len != len || memcmp(open->name, text, len) != 0) {
			struct open_frame *frame;

			close_frames(drawing, depth, start);
			frame = BPFL_VEC_PUSH(&drawing->open);
			if (!frame)
				return -ENOMEM;
			*frame = (struct open_frame){ text, len, start };
		}
		depth++;
		text += len + (text[len] == ';');
	}
	close_frames(drawing, depth, start);
	return 0;
}

static int draw_lines(struct drawing *drawing, const struct bpfl_profile *profile)
{
	struct open_frame *all = BPFL_VEC_PUSH(&drawing->open);
	uint64_t start = 0;
	int ret = all ? 0 : -ENOMEM;

	if (all)
		*all = (struct open_frame){ "pall", 4, 0 };
	for (size_t i = 0; i < profile->lines.nr && ret == 0; i++) {
		ret = draw_line(drawing, profile->lines.items[i].text, start);
		start += profile->lines.items[i].count;
	}
	close_frames(drawing, 0, start);
	free(drawing->open.items);
	return ret;
}

/* ---- the page ---- */

static size_t depth_of(const struct bpfl_profile *profile)
{
	size_t deepest = 0;

	for (size_t i = 0; i < profile->lines.nr; i++) {
		size_t depth = 1;

		for (const char *at = profile->lines.items[i].text; *at; at++)
			depth += *at == ';';
		deepest = depth > deepest ? depth : deepest;
	}
	return deepest + 1; /* "all" */
}

static void put_head(struct bpfl_buf *out, const struct drawing *drawing, unsigned width, size_t height,
		     const char *title)
{
	bpfl_buf_printf(out,
			"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%zu\" "
			"viewBox=\"0 0 %u %zu\" id=\"graph\" data-total=\"%llu\">\n<title>",
			width, height, width, height, (unsigned long long)drawing->total);
	put_xml(out, title, strlen(title), SIZE_MAX);
	bpfl_buf_text(out, "</title>\n<style>");
	bpfl_buf_text(out, bpfl_flame_style);
	bpfl_buf_printf(out,
			"</style>\n<rect class=\"back\" width=\"%u\" height=\"%zu\"/>\n<text class=\"head\" x=\"%u\" "
			"y=\"24\">",
			width, height, width / 2);
	put_xml(out, title, strlen(title), SIZE_MAX);
	bpfl_buf_printf(out, "</text>\n<text class=\"say\" x=\"%u\" y=\"48\">%llu ", SIDE,
			(unsigned long long)drawing->total);
	put_xml(out, drawing->unit, strlen(drawing->unit), SIZE_MAX);
	bpfl_buf_printf(out, "</text>\n<text id=\"reset\" class=\"button off\" x=\"%u\" y=\"24\">reset zoom</text>\n",
			SIDE);
	bpfl_buf_printf(out, "<text id=\"matched\" class=\"say\" x=\"%u\" y=\"48\" text-anchor=\"end\"></text>\n",
			width - SIDE);
	bpfl_buf_printf(out, "<text id=\"details\" class=\"say\" x=\"%u\" y=\"48\"></text>\n<g id=\"frames\">\n",
			DETAILS_X);
}

static bool is_empty(const struct bpfl_profile *profile)
{
	return profile->nr_samples == 0;
}

int bpfl_profile_svg(struct bpfl_profile *profile, const struct bpfl_svg_opts *opts, char **ret_text,
		     struct bpfl_error *err)
{
	unsigned width = opts && opts->width >= 200 ? opts->width : WIDTH_DEFAULT;
	struct bpfl_buf out = BPFL_BUF_INIT;
	struct drawing drawing = { .out = &out, .unit = opts && opts->unit ? opts->unit : "samples" };
	size_t height;
	int ret;

	bpfl_profile_sort(profile);
	drawing.total = profile->nr_samples;
	drawing.scale = (double)(width - 2 * SIDE) / (double)(drawing.total ? drawing.total : 1);
	height = TOP + depth_of(profile) * ROW + BOTTOM;
	put_head(&out, &drawing, width, height, opts && opts->title ? opts->title : "Flame graph");
	ret = is_empty(profile) ? 0 : draw_lines(&drawing, profile);
	if (is_empty(profile))
		bpfl_buf_printf(&out, "<text class=\"say\" x=\"%u\" y=\"%u\">no stacks were seen</text>\n", SIDE,
				TOP + 13);
	bpfl_buf_text(&out, "</g>\n");
	if (drawing.nr_hidden > 0)
		bpfl_buf_printf(&out, "<!-- %u frames are too narrow to be seen -->\n", drawing.nr_hidden);
	bpfl_buf_text(&out, "<script><![CDATA[\n");
	bpfl_buf_text(&out, bpfl_flame_script);
	bpfl_buf_text(&out, "]]></script>\n</svg>\n");
	if (ret < 0 || !bpfl_buf_ok(&out)) {
		bpfl_buf_deinit(&out);
		return bpfl_error_nomem(err);
	}
	*ret_text = bpfl_buf_take(&out);
	return 0;
}
