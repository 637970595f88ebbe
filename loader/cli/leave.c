/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/leave.c: giving the prompt back at once.
 *
 * Programs on perf events take the kernel 60 to 85 ms each to let go of. A child gets copies of their
 * descriptors, which makes closing ours cheap; then it closes its own, side by side. The kernel takes the
 * programs off as soon as that begins; the child waits in our place for all that follows. It holds nothing but
 * these descriptors: no terminal, no pipe, no file of the caller, no map, no program. Everything else is
 * detached here, and seen to the end.
 *
 * The child's parent is gone before it ends, so the system's first process reaps it, as it does any daemon.
 */
#include "cli.h"

#include <dirent.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NR_THREADS 64

struct handover {
	int *fds;
	size_t nr;
	/* Pipes that carry one message each, their being closed. */
	int ready_fd, go_fd, begun_fd;
};

static bool is_kept(const struct handover *handover, int fd)
{
	for (size_t i = 0; i < handover->nr; i++) {
		if (handover->fds[i] == fd)
			return true;
	}
	return false;
}

/* In the child. False when it cannot be known what is open. */
static bool close_others(const struct handover *handover, int go_fd, int begun_fd)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd != go_fd && fd != begun_fd && fd != dirfd(dir) &&
		    !is_kept(handover, fd))
			close(fd);
	}
	closedir(dir);
	return true;
}

static void wait_for_close(int pipe_fd)
{
	char nothing;

	while (read(pipe_fd, &nothing, 1) > 0)
		;
}

static void pipe_close(int fds[2])
{
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

/* The child; when it has let go of all else it says so by that. */
static void hold(const struct handover *handover, int go_fd, int begun_fd)
{
	setsid();
	if (chdir("/") == 0 && close_others(handover, go_fd, begun_fd)) {
		wait_for_close(go_fd);
		bpfl_slow_fds_close(handover->fds, handover->nr, NR_THREADS, begun_fd);
	}
	_exit(0);
}

/*
 * On return the child has let go of everything else: it must not be in the way when a trace instance is
 * removed. False: nobody holds them.
 */
static bool holder_start(struct handover *handover)
{
	int ready[2] = { -1, -1 }, go[2] = { -1, -1 }, begun[2] = { -1, -1 };
	pid_t pid = -1;

	if (pipe(ready) == 0 && pipe(go) == 0 && pipe(begun) == 0) {
		fflush(stdout);
		pid = fork();
	}
	if (pid == 0)
		hold(handover, go[0], begun[1]);
	if (pid < 0) {
		pipe_close(ready);
		pipe_close(go);
		pipe_close(begun);
		return false;
	}
	close(ready[1]);
	close(go[0]);
	close(begun[1]);
	wait_for_close(ready[0]);
	close(ready[0]);
	handover->go_fd = go[1];
	handover->begun_fd = begun[0];
	return true;
}

/*
 * All our descriptors are closed: now the child's are the last. Returns when the programs are off and no
 * CPU is in one any more.
 */
static void holder_go(const struct handover *handover)
{
	close(handover->go_fd);
	wait_for_close(handover->begun_fd);
	close(handover->begun_fd);
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

/*
 * The descriptors that a child may close; the links that have none are appended to ret_others, which has
 * room for all.
 */
static size_t collect(const struct plan *plan, struct handover *handover, struct bpfl_link **ret_others)
{
	size_t nr_others = 0, max = 0;

	for (size_t i = 0; i < plan->nr; i++)
		max += bpfl_link_slow_fds(plan->items[i].link, NULL, 0);
	handover->fds = calloc(max ? max : 1, sizeof(*handover->fds));
	if (!handover->fds)
		max = 0;
	/* Backwards: what was attached last may rely on what was attached before. */
	for (size_t i = plan->nr; i > 0; i--) {
		struct bpfl_link *link = plan->items[i - 1].link;
		size_t nr = bpfl_link_slow_fds(link, handover->fds + handover->nr, max - handover->nr);

		if (nr == 0 || nr > max - handover->nr)
			ret_others[nr_others++] = link;
		else
			handover->nr += nr;
	}
	return nr_others;
}

void plan_detach(struct plan *plan)
{
	struct bpfl_link **others = calloc(plan->nr ? plan->nr : 1, sizeof(*others));
	struct handover handover = { NULL, 0, -1, -1, -1 };
	bool is_held = false;
	size_t nr_others;

	if (others) {
		nr_others = collect(plan, &handover, others);
		is_held = handover.nr > 0 && holder_start(&handover);
		if (handover.nr > 0 && !is_held) /* then all here */
			for (nr_others = 0; nr_others < plan->nr; nr_others++)
				others[nr_others] = plan->items[plan->nr - 1 - nr_others].link;
		bpfl_links_detach(others, nr_others, NR_THREADS);
	}
	for (size_t i = plan->nr; i > 0; i--) {
		bpfl_link_close(plan->items[i - 1].link);
		plan->items[i - 1].link = NULL;
	}
	if (is_held)
		holder_go(&handover);
	free(handover.fds);
	free(others);
}
