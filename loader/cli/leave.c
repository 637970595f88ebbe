/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/leave.c: giving the prompt back at once.
 *
 * First all programs are detached, side by side: after that nothing of ours runs. What remains are perf events, and the kernel takes
 * 44 ms to close each. A child keeps copies of them while we close ours, which makes our closing cheap; then we go, and the child
 * waits for the kernel in our place. It holds nothing but these events: no terminal, no pipe, no file of the caller, no map, no program.
 */
#include "cli.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Closes everything but perf events and keep_fd. False when it cannot be known what is open. */
static bool keep_events_only(int keep_fd)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		char target[64] = "";
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || fd == keep_fd || fd == dirfd(dir))
			continue;
		if (readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1) < 0 ||
		    strcmp(target, "anon_inode:[perf_event]") != 0)
			close(fd);
	}
	closedir(dir);
	return true;
}

/* Reads until the other end is closed: the only message that the two pipes carry. */
static void wait_for_close(int pipe_fd)
{
	char nothing;

	while (read(pipe_fd, &nothing, 1) > 0)
		;
}

/* In the child: holds the events until the parent has closed its own, then ends. */
static void hold_events(int parent_done_fd)
{
	setsid();
	if (chdir("/") == 0 && keep_events_only(parent_done_fd))
		wait_for_close(parent_done_fd);
	_exit(0);
}

/*
 * The pipe end to be closed when our events are closed, or -1: nobody holds them, closing just takes longer. On return the child has let go
 * of everything else: it must not be in the way when a trace instance is removed.
 */
static int holder_start(void)
{
	int child_ready[2], parent_done[2];
	pid_t pid;

	if (pipe(child_ready) < 0)
		return -1;
	if (pipe(parent_done) < 0) {
		close(child_ready[0]);
		close(child_ready[1]);
		return -1;
	}
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(parent_done[1]);
		hold_events(parent_done[0]);
	}
	close(child_ready[1]);
	close(parent_done[0]);
	if (pid > 0)
		wait_for_close(child_ready[0]);
	close(child_ready[0]);
	if (pid < 0) {
		close(parent_done[1]);
		return -1;
	}
	return parent_done[1];
}

void plan_detach(struct plan *plan)
{
	struct bpfl_link **links = calloc(plan->nr ? plan->nr : 1, sizeof(*links));
	int holder_fd = -1;

	if (links) {
		/* Backwards: what was attached last may rely on what was attached before. */
		for (size_t i = 0; i < plan->nr; i++)
			links[i] = plan->items[plan->nr - 1 - i].link;
		if (bpfl_links_detach(links, plan->nr, 64) > 0)
			holder_fd = holder_start();
		free(links);
	}
	for (size_t i = plan->nr; i > 0; i--) {
		bpfl_link_close(plan->items[i - 1].link);
		plan->items[i - 1].link = NULL;
	}
	if (holder_fd >= 0)
		close(holder_fd);
}
