/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/loop.c: waiting while the programs run.
 *
 * One poll(2) over: signals (INT, TERM, HUP end the run), printk lines, stdout (its reader may leave while
 * nothing is printed), the --interval timer, the --duration timer, events, the end of the command behind "--",
 * readers of metrics, the timer of --until and the input of --feed. The signals are blocked from the start and
 * read here, so that there is no handler and nothing is interrupted half way.
 */
#include "child.h"
#include "feed.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* What is waited for; those of timers are opened here. */
enum {
	FD_SIGNAL,
	FD_PRINTK,
	FD_STDOUT, /* whether its reader is still there */
	FD_INTERVAL,
	FD_DURATION,
	FD_EVENTS,
	FD_CHILD,
	FD_EXPORT,
	FD_UNTIL,
	FD_FEED,
	NR_FDS
};
#define UNTIL_NS 50000000 /* how often --until is looked at */

int signals_init(int *ret_signal_fd, struct bpfl_error *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return out_errno(err, errno, "blocking signals");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return out_errno(err, errno, "signalfd");
	*ret_signal_fd = fd;
	return 0;
}

bool signals_pending(int signal_fd)
{
	struct signalfd_siginfo info;
	sigset_t set;

	if (read(signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return false;
	/* Detaching can take a while: from here on the next signal ends the process at once. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return true;
}

/*
 * A timer that has begun, or -1 for none when no time is given. A run that was to end would not without it:
 * failure is an error.
 */
static int timer_open(uint64_t ns, bool repeat, int *ret_fd, struct bpfl_error *err)
{
	struct itimerspec spec = { 0 };
	int fd, ret;

	*ret_fd = -1;
	if (ns == 0)
		return 0;
	spec.it_value.tv_sec = (time_t)(ns / 1000000000);
	spec.it_value.tv_nsec = (long)(ns % 1000000000);
	if (repeat)
		spec.it_interval = spec.it_value;
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0)
		return out_errno(err, errno, "timerfd_create");
	if (timerfd_settime(fd, 0, &spec, NULL) < 0) {
		ret = out_errno(err, errno, "timerfd_settime");
		close(fd);
		return ret;
	}
	*ret_fd = fd;
	return 0;
}

int loop_line(void *ctx, const struct bpfl_trace_line *line)
{
	struct loop *loop = ctx;
	struct bpfl_trace_line stamped = *line;
	char *text = NULL, stamp[STAMP_SIZE] = "";
	bool json = loop->options->json;
	int ret;

	if (loop->time != BPFL_TIME_NONE)
		stamped.time_json = stamp_text(stamp, loop->time, loop->start_ns, json);
	if (loop->options->raw && !json) {
		ret = out_text(loop->out, line->raw);
		if (ret == 0)
			ret = out_text(loop->out, "\n");
	} else {
		ret = bpfl_trace_line_text(&stamped, json ? BPFL_FORMAT_JSON : BPFL_FORMAT_TEXT, &text);
		if (ret == 0 && *stamp && !json)
			ret = out_text(loop->out, stamp);
		if (ret == 0 && *stamp && !json)
			ret = out_text(loop->out, " ");
		if (ret == 0)
			ret = out_text(loop->out, text);
		free(text);
	}
	if (ret < 0)
		return ret;
	loop->nr_lines++;
	/* With an interval, --count counts rounds. */
	if ((loop->options->count && !loop->options->interval_ns && loop->nr_lines >= loop->options->count) ||
	    (loop->options->nr_events && loop->nr_lines >= loop->options->nr_events))
		return -ECANCELED;
	return 0;
}

int loop_dump(struct loop *loop, struct bpfl_error *err)
{
	int ret;

	if (loop->time != BPFL_TIME_NONE)
		stamp_text(loop->views->stamp, loop->time, loop->start_ns, loop->options->json);
	ret = views_show(loop->views, loop->nr_lines, err);
	if (ret == 0)
		loop->nr_dumps++;
	return ret;
}

/* Without an interval, what runs on demand runs once; when that is all there is, the run has come to its end. */
static int begin(struct loop *loop, struct bpfl_error *err)
{
	int ret;

	if (loop->out->closed)
		return -EPIPE;
	if (loop->options->interval_ns)
		return 0;
	ret = plan_read(loop->plan, loop->spec, loop->tables, loop->out, err);
	if (ret < 0 || !plan_is_on_demand(loop->plan) || child_fd(loop->child) >= 0)
		return ret;
	if (loop->trace)
		ret = bpfl_trace_read(loop->trace, loop_line, loop, err);
	if (ret >= 0)
		ret = events_read(loop->events, err);
	return ret < 0 ? ret : -ECANCELED;
}

/* The command has ended: what it made the programs say may still wait. */
static int last_words(struct loop *loop, struct bpfl_error *err)
{
	int ret = 0;

	if (loop->trace)
		ret = bpfl_trace_read(loop->trace, loop_line, loop, err);
	if (ret >= 0)
		ret = out_flush(loop->out);
	return ret < 0 ? ret : -ECANCELED;
}

static bool condition_holds(const struct loop *loop)
{
	struct bpfl_error ignored = BPFL_ERROR_INIT;
	bool holds = until_holds(loop->until, &ignored);

	bpfl_error_clear(&ignored);
	return holds;
}

/* Whether the time of a timer has come. */
static bool ticked(const struct pollfd *timer)
{
	uint64_t ticks;

	return timer->revents && read(timer->fd, &ticks, sizeof(ticks)) == (ssize_t)sizeof(ticks);
}

/* One round of what poll() reported. 0 to go on, -ECANCELED when the run has come to its end. */
static int events_handle(struct loop *loop, const struct pollfd fds[NR_FDS], struct bpfl_error *err)
{
	int ret;

	if (fds[FD_PRINTK].revents && loop->trace) {
		ret = bpfl_trace_read(loop->trace, loop_line, loop, err);
		if (ret < 0) {
			out_flush(loop->out);
			return ret;
		}
		ret = out_flush(loop->out);
		if (ret < 0)
			return ret;
	}
	if (fds[FD_EVENTS].revents) {
		ret = events_read(loop->events, err);
		if (ret < 0)
			return ret;
	}
	if (fds[FD_STDOUT].revents & (POLLERR | POLLHUP | POLLNVAL)) {
		loop->out->closed = true;
		return -EPIPE;
	}
	if (fds[FD_SIGNAL].revents && !child_hears(loop->child, loop->signal_fd) && signals_pending(loop->signal_fd))
		return -ECANCELED;
	if (ticked(&fds[FD_INTERVAL])) {
		ret = plan_read(loop->plan, loop->spec, loop->tables, loop->out, err);
		if (ret == 0)
			ret = loop_dump(loop, err);
		if (ret < 0)
			return ret;
		if (loop->options->count && loop->nr_dumps >= loop->options->count)
			return -ECANCELED;
	}
	if (fds[FD_EXPORT].revents)
		export_serve(loop->export);
	if (ticked(&fds[FD_UNTIL]) && condition_holds(loop))
		return last_words(loop, err);
	if (fds[FD_FEED].revents || feed_wait_ms(loop->feed) >= 0)
		feed_read(loop->feed);
	if (fds[FD_CHILD].revents && child_ended(loop->child))
		return last_words(loop, err);
	return fds[FD_DURATION].revents ? -ECANCELED : 0;
}

int loop_end(const struct out *out, int ret, struct bpfl_error *err)
{
	if (ret == -ECANCELED || ret == -EPIPE)
		return 0;
	if (ret < 0 && err->kind == BPFL_ERR_NONE)
		return out_refused(out, -ret, err);
	return ret;
}

int loop_run(struct loop *loop, struct bpfl_error *err)
{
	static const int timers[] = { FD_INTERVAL, FD_DURATION, FD_UNTIL };
	struct pollfd fds[NR_FDS] = {
		[FD_SIGNAL] = { loop->signal_fd, POLLIN, 0 },
		[FD_PRINTK] = { loop->trace ? bpfl_trace_fd(loop->trace) : -1, POLLIN, 0 },
		[FD_STDOUT] = { STDOUT_FILENO, 0, 0 },
		[FD_INTERVAL] = { -1, POLLIN, 0 },
		[FD_DURATION] = { -1, POLLIN, 0 },
		[FD_EVENTS] = { events_fd(loop->events), POLLIN, 0 },
		[FD_CHILD] = { child_fd(loop->child), POLLIN, 0 },
		[FD_EXPORT] = { export_fd(loop->export), POLLIN, 0 },
		[FD_UNTIL] = { -1, POLLIN, 0 },
		[FD_FEED] = { -1, POLLIN, 0 },
	};
	int ret = stamp_mode(loop->options->timestamps, &loop->time, err);

	if (loop->start_ns == 0) /* who shows something before has set it */
		loop->start_ns = stamp_now_ns();
	events_begin(loop->events, loop->start_ns);
	if (ret == 0)
		ret = begin(loop, err);
	if (ret == 0)
		ret = timer_open(loop->options->interval_ns, true, &fds[FD_INTERVAL].fd, err);
	if (ret == 0)
		ret = timer_open(loop->options->duration_ns, false, &fds[FD_DURATION].fd, err);
	if (ret == 0 && loop->until && loop->until->nr > 0)
		ret = timer_open(UNTIL_NS, true, &fds[FD_UNTIL].fd, err);
	while (ret == 0) {
		int wait_ms = loop->views->stacks
				      ? stacks_note(loop->views->stacks, loop->views, loop->options->child_pid)
				      : -1;

		fds[FD_FEED].fd = feed_fd(loop->feed);
		if (feed_wait_ms(loop->feed) >= 0)
			wait_ms = feed_wait_ms(loop->feed);
		if (poll(fds, NR_FDS, wait_ms) < 0) {
			if (errno != EINTR)
				ret = out_errno(err, errno, "poll");
			continue;
		}
		ret = events_handle(loop, fds, err);
	}
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		if (fds[timers[i]].fd >= 0)
			close(fds[timers[i]].fd);
	}
	return loop_end(loop->out, ret, err);
}
