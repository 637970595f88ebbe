/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/stamp.c: --timestamps, for lines that no decoder writes: those of bpf_printk(), in the forms that events have.
 *
 * It is the time at which a line was read. The kernel's own, in --raw and, without --timestamps, in --json, is of
 * the trace clock, which is no clock of this world.
 */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int stamp_mode(const char *word, enum bpfl_time_mode *ret_mode, struct bpfl_error *err)
{
	static const struct { const char *word; enum bpfl_time_mode mode; } modes[] = {
		{ "", BPFL_TIME_WALL }, { "wall", BPFL_TIME_WALL }, { "rel", BPFL_TIME_REL }, { "mono", BPFL_TIME_MONO },
	};

	*ret_mode = BPFL_TIME_NONE;
	for (size_t i = 0; word && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].word, word) == 0)
			*ret_mode = modes[i].mode;
	}
	if (word && *ret_mode == BPFL_TIME_NONE)
		return out_usage(err, "--timestamps: '%s' is not wall, rel or mono", word);
	return 0;
}

int64_t stamp_now_ns(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

const char *stamp_text(char text[STAMP_SIZE], enum bpfl_time_mode mode, int64_t start_ns, bool json)
{
	struct timespec now = { 0 };
	struct tm tm = { 0 };
	char clock[32];
	int64_t ns;

	if (mode == BPFL_TIME_WALL) {
		clock_gettime(CLOCK_REALTIME, &now);
		(json ? gmtime_r : localtime_r)(&now.tv_sec, &tm);
		strftime(clock, sizeof(clock), json ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &tm);
		if (json)
			snprintf(text, STAMP_SIZE, "\"%s.%09ldZ\"", clock, now.tv_nsec);
		else
			snprintf(text, STAMP_SIZE, "%s.%06ld", clock, now.tv_nsec / 1000);
	} else {
		ns = stamp_now_ns() - (mode == BPFL_TIME_REL ? start_ns : 0);
		snprintf(text, STAMP_SIZE, "%" PRId64 ".%06" PRId64, ns / 1000000000, ns % 1000000000 / 1000);
	}
	return text;
}
