/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/feed.c: --feed MAP=FILE: lines of a file, or of stdin, become records of a user ring buffer.
 *
 * The loop says when there is something to read. When the buffer is full the line waits, and no other is read,
 * until the programs have taken records out. A line that is no record is a warning: what is typed in need not
 * be right the first time.
 */
#include "feed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RETRY_MS 10
#define LINE_MAX_BYTES (1u << 20)

struct feed {
	struct out *out;
	struct bpfl_map *map;
	struct bpfl_feeder *feeder;
	const char *name; /* of the file, for messages */
	int fd;		  /* -1: at its end */
	char *text;	  /* what has been read; used bytes of size */
	size_t used, size;
	uint64_t line_idx; /* of the first line in text */
	bool waits;	   /* that line is a record for which there was no room */
};

static int input_open(struct feed *feed, struct bpfl_error *err)
{
	if (strcmp(feed->name, "-") == 0) {
		feed->name = "stdin";
		feed->fd = STDIN_FILENO;
		return 0;
	}
	feed->fd = open(feed->name, O_RDONLY | O_CLOEXEC);
	return feed->fd >= 0 ? 0 : out_errno(err, errno, "--feed: '%.300s'", feed->name);
}

int feed_open(const struct options *options, const struct bpfl_object *object, struct out *out, struct feed **ret_feed,
	      struct bpfl_error *err)
{
	const char *equals = options->feed ? strchr(options->feed, '=') : NULL;
	char name[256];
	struct feed *feed;
	int ret;

	if (!options->feed)
		return 0;
	if (!equals || equals == options->feed || !equals[1] || (size_t)(equals - options->feed) >= sizeof(name))
		return out_usage(err, "--feed: '%.200s' is not MAP=FILE or MAP=-", options->feed);
	feed = calloc(1, sizeof(*feed));
	if (!feed)
		return out_nomem(err);
	*ret_feed = feed;
	feed->out = out;
	feed->fd = -1;
	feed->line_idx = 1;
	feed->name = equals + 1;
	snprintf(name, sizeof(name), "%.*s", (int)(equals - options->feed), options->feed);
	ret = bpfl_map_open_object(object, name, &feed->map, err);
	if (ret == 0)
		ret = bpfl_feeder_open(feed->map, NULL, &feed->feeder, err);
	return ret == 0 ? input_open(feed, err) : ret;
}

void feed_close(struct feed *feed)
{
	if (!feed)
		return;
	bpfl_feeder_close(feed->feeder);
	bpfl_map_close(feed->map);
	if (feed->fd > STDERR_FILENO)
		close(feed->fd);
	free(feed->text);
	free(feed);
}

int feed_fd(const struct feed *feed)
{
	return feed && !feed->waits ? feed->fd : -1;
}

int feed_wait_ms(const struct feed *feed)
{
	return feed && feed->waits ? RETRY_MS : -1;
}

/* False: there is no room for it. */
static bool line_put(struct feed *feed, const char *line)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	int ret = line[strspn(line, " \t\r")] ? bpfl_feeder_put(feed->feeder, line, 0, &err) : 0;

	feed->waits = ret == -ENOSPC;
	if (ret < 0 && !feed->waits)
		out_warn(feed->out, "%s, line %llu: %s", feed->name, (unsigned long long)feed->line_idx, err.message);
	bpfl_error_clear(&err);
	return !feed->waits;
}

/* All whole lines; at the end of the input also what follows the last newline. */
static void lines_put(struct feed *feed)
{
	size_t at = 0;

	feed->waits = false;
	while (at < feed->used) {
		char *newline = memchr(feed->text + at, '\n', feed->used - at);

		if (!newline && feed->fd >= 0)
			break;
		if (newline)
			*newline = '\0';
		if (!line_put(feed, feed->text + at)) {
			if (newline)
				*newline = '\n';
			break;
		}
		feed->line_idx++;
		at = newline ? (size_t)(newline - feed->text) + 1 : feed->used;
	}
	feed->used -= at;
	if (feed->used > 0)
		memmove(feed->text, feed->text + at, feed->used);
}

void feed_read(struct feed *feed)
{
	ssize_t nr = 0;

	if (!feed)
		return;
	if (!feed->waits && feed->fd >= 0) {
		if (feed->size - feed->used < 4096 + 1 && feed->size < LINE_MAX_BYTES) {
			size_t size = feed->size ? 2 * feed->size : 16384;
			char *text = realloc(feed->text, size);

			feed->text = text ? text : feed->text;
			feed->size = text ? size : feed->size;
		}
		if (feed->size > feed->used + 1)
			nr = read(feed->fd, feed->text + feed->used, feed->size - feed->used - 1);
		if (nr < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (nr <= 0) { /* its end, an error, or a line without one */
			if (feed->fd > STDERR_FILENO)
				close(feed->fd);
			feed->fd = -1;
		} else {
			feed->used += (size_t)nr;
		}
	}
	if (feed->text) {
		feed->text[feed->used] = '\0';
		lines_put(feed);
	}
}
