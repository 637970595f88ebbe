/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/events.c: what programs send through ring buffers, perf buffers and streams, as lines on stdout.
 *
 * The decoder is made right after the spec, so that a wrong --event, --columns or --filter is found before
 * anything is loaded. The sources are opened before the programs are attached: the first event counts too. At
 * the end they are read once more, when no program runs any longer, because a perf buffer wakes its reader only
 * now and then.
 *
 * Lost events are warnings, and so a failure with --strict; not one for each record of the kernel's, but at
 * most one a second for each buffer, and the rest at the end.
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PERF_BYTES_DEFAULT (256u << 10) /* as bpfl_perfbuf_open() has it */
#define PERF_BYTES_MAX (1u << 30)

int events_prepare(struct events *events, const struct options *options, const struct bpfl_spec *spec, struct out *out,
		   struct bpfl_error *err)
{
	struct bpfl_decoder_opts opts = {
		.size = sizeof(opts),
		.format = options->json ? BPFL_FORMAT_JSON : BPFL_FORMAT_TEXT,
		.events = options->event.items,
		.nr_events = options->event.nr,
		.columns = options->columns.items,
		.nr_columns = options->columns.nr,
		.forms = options->fmt.items,
		.nr_forms = options->fmt.nr,
		.filter = options->filter,
		.raw = options->raw,
		.stacks = events->stacks ? events->stacks->stacks : NULL,
	};
	bool for_tables = tables_have_words(options, spec);
	int ret = stamp_mode(options->timestamps, &opts.time, err);

	events->options = options;
	events->out = out;
	if (options->perf_bytes > PERF_BYTES_MAX)
		return out_usage(err, "--perf-buffer: more than %u bytes", PERF_BYTES_MAX);
	if (ret < 0 || options->no_events)
		return ret;
	if (for_tables) {
		opts.nr_columns = opts.nr_forms = 0;
		opts.filter = NULL;
	}
	return bpfl_decoder_create(spec, &opts, &events->decoder, err);
}

/* The sources are open: which types were found, and the heading. */
static int opened(struct events *events)
{
	const char *note;
	int ret;

	events->is_terminal = isatty(STDOUT_FILENO);
	for (size_t i = 0; (note = bpfl_decoder_note(events->decoder, i)); i++)
		out_note(events->out, 0, "events of %s", note);
	ret = out_text(events->out, bpfl_decoder_header(events->decoder));
	if (ret == 0)
		ret = out_flush(events->out);
	return ret == -EPIPE ? 0 : ret; /* the loop notices */
}

int events_open(struct events *events, const struct bpfl_object *object, struct bpfl_error *err)
{
	struct bpfl_events_opts opts = { .size = sizeof(opts), .perf_bytes = (size_t)events->options->perf_bytes,
					 .log = out_log(events->out) };
	int ret = events->decoder ? bpfl_events_open(object, &opts, &events->sources, err) : 0;

	return ret < 0 || !events->sources || bpfl_events_nr_sources(events->sources) == 0 ? ret : opened(events);
}

int events_open_map(struct events *events, const struct bpfl_map *map, const struct bpfl_spec *spec,
		    struct bpfl_error *err)
{
	struct bpfl_events_opts opts = { .size = sizeof(opts), .perf_bytes = (size_t)events->options->perf_bytes,
					 .log = out_log(events->out) };
	struct bpfl_map_view view = { .name = NULL };
	int ret;

	bpfl_spec_map_view(spec, 0, &view);
	ret = bpfl_events_open_map(map, view.name, &opts, &events->sources, err);
	return ret < 0 ? ret : opened(events);
}

int events_fd(const struct events *events)
{
	return events->sources && bpfl_events_nr_sources(events->sources) > 0 ? bpfl_events_fd(events->sources) : -1;
}

void events_begin(struct events *events, int64_t start_ns)
{
	if (events->decoder)
		bpfl_decoder_set_start(events->decoder, start_ns);
}

/* ---- lost events ---- */

static void lost_line(const struct events *events, const char *source, uint64_t nr)
{
	uint64_t bytes = events->options->perf_bytes ? events->options->perf_bytes : PERF_BYTES_DEFAULT;
	uint64_t more = bytes * 4 < PERF_BYTES_MAX ? bytes * 4 : PERF_BYTES_MAX;

	out_note(events->out, 0,
		 "warning: %s: %llu events lost: the buffer is full before they can be read (--perf-buffer %llu)", source,
		 (unsigned long long)nr, (unsigned long long)more);
}

/* now: also when something was said in this second. */
static void lost_say(struct events *events, bool now)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	if (!now && time.tv_sec == events->lost_said_s)
		return;
	for (size_t i = 0; i < events->nr_losers; i++) {
		struct loser *loser = &events->losers[i];

		if (loser->nr_unsaid == 0)
			continue;
		lost_line(events, loser->source, loser->nr_unsaid);
		loser->nr_unsaid = 0;
		events->lost_said_s = time.tv_sec;
	}
}

/* The buffer that this is about, which may be a new one. NULL: no memory. */
static struct loser *loser_find(struct events *events, const struct bpfl_record *record)
{
	struct loser *items;

	for (size_t i = 0; i < events->nr_losers; i++) {
		if (events->losers[i].idx == record->source_idx)
			return &events->losers[i];
	}
	items = realloc(events->losers, (events->nr_losers + 1) * sizeof(*items));
	if (!items)
		return NULL;
	events->losers = items;
	items[events->nr_losers] = (struct loser){ record->source, record->source_idx, 0 };
	return &items[events->nr_losers++];
}

static void lost_count(struct events *events, const struct bpfl_record *record, const char *text, size_t size)
{
	bool is_counter = record->source_idx == SIZE_MAX; /* of the object: said once, at the end */
	struct loser *loser = is_counter ? NULL : loser_find(events, record);

	if (!events->any_lost)
		events->out->nr_warnings++;
	events->any_lost = true;
	events->nr_lost += is_counter ? 0 : record->nr_lost;
	if (is_counter)
		out_note(events->out, 0, "warning: %s: the programs counted %llu lost events", record->source,
			 (unsigned long long)record->nr_lost);
	else if (loser)
		loser->nr_unsaid += record->nr_lost;
	else
		lost_line(events, record->source, record->nr_lost);
	lost_say(events, false);
	if (events->options->json)
		out_write(events->out, text, size);
}

/* ---- showing ---- */

/* On a terminal the heading comes again when it has left the screen. In a pipe or a file there is one. */
static int heading_again(struct events *events, const char *text, size_t size)
{
	const char *heading = bpfl_decoder_header(events->decoder);
	unsigned rows = heading[0] && events->is_terminal ? out_rows() : 0;

	if (rows < 4)
		return 0;
	if (events->nr_below + 2 < rows) { /* its own line, and the one with the cursor */
		for (const char *at = text; (at = memchr(at, '\n', size - (size_t)(at - text))); at++)
			events->nr_below++;
		return 0;
	}
	events->nr_below = 1;
	return out_text(events->out, heading);
}

static int record_show(void *ctx, const struct bpfl_record *record)
{
	struct events *events = ctx;
	const char *text;
	size_t size;
	int ret;

	/* Enough was seen: only what was lost is still of interest. */
	if ((events->is_done || events->out->closed) && record->kind != BPFL_RECORD_LOST)
		return 0;
	ret = bpfl_decoder_text(events->decoder, record, &text, &size);
	if (ret <= 0)
		return ret;
	if (record->kind == BPFL_RECORD_LOST) {
		lost_count(events, record, text, size);
		return 0;
	}
	if (record->kind == BPFL_RECORD_STREAM_STDERR && !events->options->json) {
		/* a line of ours for each line of the program's */
		for (size_t len; size > 0; text += len, size -= len) {
			const char *end = memchr(text, '\n', size);

			len = end ? (size_t)(end - text) + 1 : size;
			out_note(events->out, 0, "%s: %.*s", record->source, (int)(len - (end != NULL)), text);
		}
		return 0;
	}
	ret = heading_again(events, text, size);
	if (ret == 0)
		ret = out_write(events->out, text, size);
	if (ret < 0)
		return ret;
	/* With an interval, --count counts rounds. */
	*events->nr_lines += 1;
	events->is_done = (events->options->count && !events->options->interval_ns &&
			   *events->nr_lines >= events->options->count) ||
			  (events->options->nr_events && *events->nr_lines >= events->options->nr_events);
	return events->is_done ? -ECANCELED : 0;
}

int events_read(struct events *events, struct bpfl_error *err)
{
	int64_t ret = events->sources ? bpfl_events_consume(events->sources, record_show, events, err) : 0;
	int flushed = out_flush(events->out);

	return ret < 0 ? (int)ret : flushed;
}

int events_finish(struct events *events, struct bpfl_error *err)
{
	int64_t ret = 0;
	int flushed;

	if (!events->sources || bpfl_events_nr_sources(events->sources) == 0)
		return 0;
	ret = bpfl_events_finish(events->sources, record_show, events, err);
	lost_say(events, true);
	flushed = out_flush(events->out);
	if (ret == -ECANCELED || ret == -EPIPE || flushed == -EPIPE)
		return 0;
	return ret < 0 ? (int)ret : flushed;
}

void events_deinit(struct events *events)
{
	bpfl_events_close(events->sources);
	bpfl_decoder_destroy(events->decoder);
	free(events->losers);
}
