/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/child.c: `bpfload FILE -- CMD ARGS`.
 *
 * The process is made first of all, so that its id can be given to programs (--set pid=child, --pid child), and
 * waits at a pipe, the gate.
 * Only when everything is attached a byte comes through and it becomes CMD: its first instruction is seen already. When
 * something goes wrong before, or bpfload is killed, the gate closes and CMD never runs. It was made before
 * anything was opened, so it has what the caller of bpfload had: descriptors, signals, and standard output even
 * with --output.
 *
 * That exec worked is told by a second pipe, which exec closes; an errno comes through when it did not.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 2000

static int command_error(const struct child *child, enum bpfl_error_kind kind, int errnum, struct bpfl_error *err)
{
	out_errno(err, errnum, "command '%.300s'", child->argv[0]);
	err->kind = kind;
	return -errnum;
}

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void child_init(struct child *child, char **argv)
{
	memset(child, 0, sizeof(*child));
	child->argv = argv;
	child->gate_fd = child->fault_fd = child->ended_fd = -1;
}

/* The new process, to its end. mask: the signals that the caller of bpfload had blocked. */
static void wait_and_exec(char **argv, int gate_fd, int fault_fd, const sigset_t *mask)
{
	char word;
	int errnum;

	/* out_init() ignores them, and what is ignored stays so over exec. */
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (read(gate_fd, &word, 1) != 1)
		_exit(0);
	execvp(argv[0], argv);
	errnum = errno;
	if (write(fault_fd, &errnum, sizeof(errnum)) < 0)
		_exit(126);
	_exit(127);
}

int child_start(struct child *child, struct bpfl_error *err)
{
	int gate[2] = { -1, -1 }, fault[2] = { -1, -1 };
	sigset_t set, mask;
	pid_t pid = -1;

	if (!child->argv)
		return 0;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &mask);
	signal(SIGCHLD, SIG_DFL); /* if ignored, the kernel would keep no status for us */
	if (pipe2(gate, O_CLOEXEC) == 0 && pipe2(fault, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0) {
		close(gate[1]);
		close(fault[0]);
		wait_and_exec(child->argv, gate[0], fault[1], &mask);
	}
	child->gate_fd = gate[1];
	child->fault_fd = fault[0];
	if (pid > 0)
		child->ended_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (pid < 0 || child->ended_fd < 0)
		command_error(child, BPFL_ERR_SYSTEM, errno, err);
	fd_close(&gate[0]);
	fd_close(&fault[1]);
	child->pid = pid > 0 ? pid : 0;
	return child->ended_fd < 0 ? -err->errnum : 0;
}

int child_go(struct child *child, struct bpfl_error *err)
{
	int errnum = 0;

	if (!child->argv)
		return 0;
	/* One that was killed while it waited has ended: the loop will see that. */
	child->was_let_go = write(child->gate_fd, "", 1) == 1;
	fd_close(&child->gate_fd);
	if (read(child->fault_fd, &errnum, sizeof(errnum)) == (ssize_t)sizeof(errnum)) {
		child->was_let_go = false;
		child->exec_errnum = errnum;
		return command_error(child, BPFL_ERR_TARGET, errnum, err);
	}
	fd_close(&child->fault_fd);
	return 0;
}

int child_fd(const struct child *child)
{
	return child->ended_fd;
}

bool child_ended(struct child *child)
{
	struct signalfd_siginfo info;

	/* SIGCHLD comes too when it stops or goes on, so its coming says nothing by itself. */
	if (child->ended_fd >= 0)
		while (read(child->ended_fd, &info, sizeof(info)) > 0)
			;
	if (child->pid > 0 && waitpid(child->pid, &child->status, WNOHANG) == child->pid) {
		child->has_ended = true;
		child->pid = 0;
	}
	return child->has_ended;
}

bool child_hears(struct child *child, int signal_fd)
{
	struct signalfd_siginfo info;

	if (!child->was_let_go || child->pid <= 0 || child->has_heard ||
	    read(signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return false;
	child->has_heard = true;
	/* The terminal sends Ctrl-C to all of its foreground itself. */
	if (info.ssi_code != SI_KERNEL || getpgid(child->pid) != getpgrp())
		kill(child->pid, (int)info.ssi_signo);
	return true;
}

int child_code(const struct child *child, int code)
{
	if (child->exec_errnum)
		return child->exec_errnum == ENOENT ? 127 : 126;
	if (!child->has_ended)
		return code;
	return WIFSIGNALED(child->status) ? 128 + WTERMSIG(child->status) : WEXITSTATUS(child->status);
}

void child_deinit(struct child *child)
{
	const struct timespec pause = { 0, 10 * 1000 * 1000 };
	int waited_ms = 0;

	fd_close(&child->gate_fd);
	fd_close(&child->fault_fd);
	if (child->pid > 0) {
		kill(child->pid, SIGTERM);
		kill(child->pid, SIGCONT);
		while (waitpid(child->pid, NULL, WNOHANG) == 0) {
			nanosleep(&pause, NULL);
			waited_ms += 10;
			if (waited_ms == PATIENCE_MS)
				kill(child->pid, SIGKILL);
		}
		child->pid = 0;
	}
	fd_close(&child->ended_fd);
}
