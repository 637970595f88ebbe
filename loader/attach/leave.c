/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/leave.c: letting go of many programs at once.
 *
 * Closing one tracepoint takes the kernel 60 to 85 ms: in the release of the link it takes the program off at
 * once, then waits about 30 ms until no CPU is in it any more; after that come 44 ms for the perf event. Done
 * one after the other, six tracepoints take half a second and forty uprobes four.
 * The first waits can go on side by side, so bpfl_links_detach() closes all kernel links first, in as many
 * threads as the caller allows, and leaves the perf events to bpfl_link_close().
 *
 * A program that was attached by an ioctl has no link, and disabling the event does not stop it: it is taken
 * off when the event is closed. That too happens at the beginning of the close, so threads help here as well,
 * but their other waits are one after the other.
 *
 * Who does not want to wait at all leaves the closing to another process, for which bpfl_link_slow_fds() says
 * what, and bpfl_slow_fds_close() does it.
 */
#include "attach/link.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "sys/enter.h"

#define MAX_THREADS 64

struct closing {
	const int *fds;
	size_t nr;
	atomic_size_t next, nr_begun;
	int begun_fd; /* -1 none */
};

struct leaving {
	BPFL_VEC(int) fds;
	size_t nr_events; /* perf events that are still open */
};

/* Takes out of a link and its parts the fd that holds the program. Without memory it stays for bpfl_link_close(). */
static void collect(struct leaving *leaving, struct bpfl_link *link)
{
	int *held = link->link_fd >= 0 ? &link->link_fd : &link->event_fd;

	for (size_t i = 0; i < link->nr_parts; i++)
		collect(leaving, link->parts[i]);
	if (*held >= 0) {
		int *fd = BPFL_VEC_PUSH(&leaving->fds);

		if (fd) {
			*fd = *held;
			*held = -1;
		}
	}
	if (link->event_fd >= 0)
		leaving->nr_events++;
}

static void *close_next(void *argument)
{
	struct closing *closing = argument;
	size_t i;

	while ((i = atomic_fetch_add(&closing->next, 1)) < closing->nr) {
		if (atomic_fetch_add(&closing->nr_begun, 1) + 1 == closing->nr)
			bpfl_enter_close(closing->begun_fd);
		bpfl_enter_close(closing->fds[i]);
	}
	return NULL;
}

static void close_all(const int *fds, size_t nr, unsigned nr_threads, int begun_fd)
{
	struct closing closing = { .fds = fds, .nr = nr, .begun_fd = begun_fd };
	pthread_t threads[MAX_THREADS];
	unsigned nr_started = 0;

	if (nr_threads > MAX_THREADS)
		nr_threads = MAX_THREADS;
	if (nr_threads > nr)
		nr_threads = (unsigned)nr;
	/* This thread is one of them; a thread that cannot be had is one less. */
	while (nr_started + 1 < nr_threads &&
	       pthread_create(&threads[nr_started], NULL, close_next, &closing) == 0)
		nr_started++;
	close_next(&closing);
	for (unsigned i = 0; i < nr_started; i++)
		pthread_join(threads[i], NULL);
}

size_t bpfl_links_detach(struct bpfl_link *const *links, size_t nr_links, unsigned nr_threads)
{
	struct leaving leaving = { { NULL, 0, 0 }, 0 };

	for (size_t i = 0; i < nr_links; i++) {
		if (!links[i])
			continue;
		if (links[i]->detach)
			links[i]->detach(links[i]);
		links[i]->detach = NULL;
		collect(&leaving, links[i]);
	}
	close_all(leaving.fds.items, leaving.fds.nr, nr_threads, -1);
	free(leaving.fds.items);
	return leaving.nr_events;
}

/* ---- leaving it to another process ---- */

static bool is_slow(const struct bpfl_link *link)
{
	/* What is done after closing must find it closed. */
	if (link->release || link->detach || (link->link_fd >= 0 && link->event_fd < 0))
		return false;
	for (size_t i = 0; i < link->nr_parts; i++) {
		if (!is_slow(link->parts[i]))
			return false;
	}
	return true;
}

struct fd_list {
	int *fds;
	size_t nr, max;
};

static void fd_add(struct fd_list *list, int fd)
{
	if (fd >= 0 && list->nr++ < list->max)
		list->fds[list->nr - 1] = fd;
}

/* Those that hold programs, or the events below them. */
static void slow_fds(const struct bpfl_link *link, bool holding, struct fd_list *list)
{
	bool has_link = link->link_fd >= 0;

	for (size_t i = 0; i < link->nr_parts; i++)
		slow_fds(link->parts[i], holding, list);
	if (holding)
		fd_add(list, has_link ? link->link_fd : link->event_fd);
	else if (has_link)
		fd_add(list, link->event_fd);
}

size_t bpfl_link_slow_fds(const struct bpfl_link *link, int *ret_fds, size_t max)
{
	struct fd_list list = { ret_fds, 0, max };

	if (!link || !is_slow(link))
		return 0;
	slow_fds(link, true, &list);
	slow_fds(link, false, &list);
	return list.nr;
}

void bpfl_slow_fds_close(const int *fds, size_t nr_fds, unsigned nr_threads, int begun_fd)
{
	close_all(fds, nr_fds, nr_threads, begun_fd);
}
