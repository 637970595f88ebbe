/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/profile.c: many stacks, counted. See stack.h.
 *
 * A stack is kept as the line that folded output has, "comm;main;work", with one byte in front of each frame
 * that says what it is (for colours).
 * Lines are collected as they come, sorted and added up when somebody looks: then the common beginnings stand
 * together, which is what a flame graph is drawn from.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "event/stack.h"

#define TEXT_BYTES_MAX (512ull << 20)

int bpfl_profile_create(struct bpfl_profile **ret_profile, struct bpfl_error *err)
{
	struct bpfl_profile *profile = calloc(1, sizeof(*profile));

	if (!profile)
		return bpfl_error_nomem(err);
	*ret_profile = profile;
	return 0;
}

void bpfl_profile_destroy(struct bpfl_profile *profile)
{
	if (!profile)
		return;
	for (size_t i = 0; i < profile->lines.nr; i++)
		free(profile->lines.items[i].text);
	free(profile->lines.items);
	bpfl_buf_deinit(&profile->line);
	free(profile);
}

/* ---- adding ---- */

/* A frame's name must not end it, and neither a line. */
void bpfl_profile_put_frame(struct bpfl_profile *profile, char what, const char *name)
{
	struct bpfl_buf *line = &profile->line;

	if (line->size > 0)
		bpfl_buf_char(line, ';');
	bpfl_buf_char(line, what);
	for (; *name; name++)
		bpfl_buf_char(line, *name == ';' ? ':' : (unsigned char)*name < 0x20 || *name == 0x7f ? '?' : *name);
}

int bpfl_profile_end_line(struct bpfl_profile *profile, uint64_t count, struct bpfl_error *err)
{
	struct bpfl_profile_line *line;
	char *text;

	if (count == 0 || profile->line.size == 0) {
		profile->line.size = 0;
		return 0;
	}
	if (profile->text_bytes + profile->line.size > TEXT_BYTES_MAX) {
		bpfl_profile_sort(profile);
		if (profile->text_bytes + profile->line.size > TEXT_BYTES_MAX)
			return bpfl_error_set(err, BPFL_ERR_USAGE, E2BIG, "too many different stacks: %zu",
					      profile->lines.nr);
	}
	profile->text_bytes += profile->line.size;
	text = bpfl_buf_ok(&profile->line) ? bpfl_strndup(profile->line.data, profile->line.size) : NULL;
	bpfl_buf_deinit(&profile->line);
	line = text ? BPFL_VEC_PUSH(&profile->lines) : NULL;
	if (!line) {
		free(text);
		return bpfl_error_nomem(err);
	}
	line->text = text;
	line->count = count;
	profile->is_sorted = false;
	if (__builtin_add_overflow(profile->nr_samples, count, &profile->nr_samples))
		profile->nr_samples = UINT64_MAX;
	return 0;
}

int bpfl_profile_add(struct bpfl_profile *profile, const char *const *frames, size_t nr_frames, uint64_t count,
		     struct bpfl_error *err)
{
	for (size_t i = 0; i < nr_frames; i++)
		bpfl_profile_put_frame(profile, i == 0 ? BPFL_FLAME_PROCESS : BPFL_FLAME_USER, frames[i]);
	return bpfl_profile_end_line(profile, count, err);
}

/* ---- looking ---- */

/*
 * Frame by frame: the end of a frame sorts before anything in it, so that what is below another frame stands
 * together. What a frame is decides between equal names only.
 */
static int compare_lines(const void *left, const void *right)
{
	const struct bpfl_profile_line *lines[2] = { left, right };
	const unsigned char *a = (const void *)lines[0]->text, *b = (const void *)lines[1]->text;
	int what = 0;

	while (*a && *b) {
		what = what ? what : *a - *b;
		a++;
		b++;
		while (*a && *a != ';' && *a == *b) {
			a++;
			b++;
		}
		if (*a != *b)
			break;
		a += *a == ';';
		b += *b == ';';
	}
	if (*a != *b)
		return (*a == ';' ? 1 : *a ? *a + 1 : 0) - (*b == ';' ? 1 : *b ? *b + 1 : 0);
	return what;
}

void bpfl_profile_sort(struct bpfl_profile *profile)
{
	struct bpfl_profile_line *lines = profile->lines.items;
	size_t nr = 0;

	if (profile->is_sorted || profile->lines.nr == 0)
		return;
	qsort(lines, profile->lines.nr, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < profile->lines.nr; i++) {
		if (nr > 0 && strcmp(lines[nr - 1].text, lines[i].text) == 0) {
			if (__builtin_add_overflow(lines[nr - 1].count, lines[i].count, &lines[nr - 1].count))
				lines[nr - 1].count = UINT64_MAX;
			profile->text_bytes -= strlen(lines[i].text);
			free(lines[i].text);
		} else {
			lines[nr++] = lines[i];
		}
	}
	profile->lines.nr = nr;
	profile->is_sorted = true;
}

uint64_t bpfl_profile_nr_samples(const struct bpfl_profile *profile)
{
	return profile->nr_samples;
}

uint64_t bpfl_profile_nr_lost(const struct bpfl_profile *profile)
{
	return profile->nr_lost;
}

/* The line without the bytes that say what its frames are. */
static void put_line(struct bpfl_buf *out, const struct bpfl_profile_line *line)
{
	for (const char *frame = line->text; *frame;) {
		size_t len = strcspn(frame, ";");

		bpfl_buf_append(out, frame + 1, len - 1);
		frame += len;
		if (*frame)
			bpfl_buf_char(out, *frame++);
	}
	bpfl_buf_printf(out, " %llu\n", (unsigned long long)line->count);
}

int bpfl_profile_folded_text(struct bpfl_profile *profile, char **ret_text, struct bpfl_error *err)
{
	struct bpfl_buf out = BPFL_BUF_INIT;

	bpfl_profile_sort(profile);
	bpfl_buf_text(&out, "");
	for (size_t i = 0; i < profile->lines.nr; i++)
		put_line(&out, &profile->lines.items[i]);
	if (!bpfl_buf_ok(&out)) {
		bpfl_buf_deinit(&out);
		return bpfl_error_nomem(err);
	}
	*ret_text = bpfl_buf_take(&out);
	return 0;
}
