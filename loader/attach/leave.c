/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/leave.c: letting go of many programs at once.
 *
 * Closing one tracepoint takes the kernel 60 to 85 ms: about 30 ms to wait until no CPU runs the program any more (in the
 * release of the link), then 44 ms for the perf event. Done one after the other, six tracepoints take half a second and forty uprobes four.
 * The first wait is what matters: when the link has gone, the program runs no more. Those waits can go on
 * side by side, so bpfl_links_detach() closes all kernel links first, in as many threads as the caller allows, and leaves the perf events to
 * bpfl_link_close(), or to another process that holds copies of them.
 *
 * A program that was attached by an ioctl has no link: there the event is disabled, which takes effect at once.
 */
#include "attach/link.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "sys/enter.h"
#include "sys/perf.h"

#define MAX_THREADS 64

struct leaving {
	BPFL_VEC(int) link_fds;
	size_t nr_events;  /* perf events that are still open */
	bool must_release; /* something can be removed only when all is closed */
	atomic_size_t next;
};

/* Takes the link fds out of a link and its parts. 0 or -ENOMEM: what was not taken is closed by bpfl_link_close(). */
static void collect(struct leaving *leaving, struct bpfl_link *link)
{
	for (size_t i = 0; i < link->nr_parts; i++)
		collect(leaving, link->parts[i]);
	if (link->release)
		leaving->must_release = true;
	if (link->event_fd >= 0)
		leaving->nr_events++;
	if (link->link_fd >= 0) {
		int *fd = BPFL_VEC_PUSH(&leaving->link_fds);

		if (!fd)
			return;
		*fd = link->link_fd;
		link->link_fd = -1;
	} else if (link->event_fd >= 0) {
		bpfl_enter_ioctl(link->event_fd, BPFL_PERF_IOC_DISABLE, 0);
	}
}

static void *close_next(void *argument)
{
	struct leaving *leaving = argument;
	size_t i;

	while ((i = atomic_fetch_add(&leaving->next, 1)) < leaving->link_fds.nr)
		bpfl_enter_close(leaving->link_fds.items[i]);
	return NULL;
}

static void close_all(struct leaving *leaving, unsigned nr_threads)
{
	pthread_t threads[MAX_THREADS];
	unsigned nr_started = 0;

	if (nr_threads > MAX_THREADS)
		nr_threads = MAX_THREADS;
	if (nr_threads > leaving->link_fds.nr)
		nr_threads = (unsigned)leaving->link_fds.nr;
	/* This thread is one of them; a thread that cannot be had is one less. */
	while (nr_started + 1 < nr_threads &&
	       pthread_create(&threads[nr_started], NULL, close_next, leaving) == 0)
		nr_started++;
	close_next(leaving);
	for (unsigned i = 0; i < nr_started; i++)
		pthread_join(threads[i], NULL);
}

size_t bpfl_links_detach(struct bpfl_link *const *links, size_t nr_links, unsigned nr_threads)
{
	struct leaving leaving = { { NULL, 0, 0 }, 0, false, 0 };

	for (size_t i = 0; i < nr_links; i++) {
		if (!links[i])
			continue;
		if (links[i]->detach)
			links[i]->detach(links[i]);
		links[i]->detach = NULL;
		collect(&leaving, links[i]);
	}
	close_all(&leaving, nr_threads);
	free(leaving.link_fds.items);
	return leaving.must_release ? 0 : leaving.nr_events;
}
