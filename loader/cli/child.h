/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/child: the command behind "--", which runs while the programs are attached.
 */
#ifndef BPFLOAD_CLI_CHILD_H
#define BPFLOAD_CLI_CHILD_H

#include "cli.h"

struct child {
	char **argv;  /* NULL: no command was given */
	int pid;      /* 0: none, or it has ended */
	int gate_fd;  /* a byte written here lets it go, closing it ends it; -1 */
	int fault_fd; /* says why exec failed; -1 */
	int ended_fd; /* signalfd of SIGCHLD; -1 */
	int status;   /* as of waitpid(), when has_ended */
	int exec_errnum; /* why it could not begin; 0: it could */
	bool was_let_go, has_ended, has_heard; /* has_heard: a signal was passed on */
};

void child_init(struct child *child, char **argv);
/* Makes the process, which waits. Before any descriptor is opened and before signals_init(): it shall have neither. */
int child_start(struct child *child, struct bpfl_error *err);
/* Everything is attached: the command begins. TARGET when there is no such command. Nothing without a command. */
int child_go(struct child *child, struct bpfl_error *err);
/* For poll(2); -1 without a command. */
int child_fd(const struct child *child);
/* True when the command has ended: the run ends with it. */
bool child_ended(struct child *child);
/* True when a signal has come and was passed on to the command. The next one is not: it ends the run. */
bool child_hears(struct child *child, int signal_fd);
/*
 * The exit code: of the command, 128 + N when signal N killed it; 127 when there is no such command, 126 when it
 * cannot be executed, as of a shell; or code when it did not end by itself.
 */
int child_code(const struct child *child, int code);
/* Ends what still runs: asks by SIGTERM, after two seconds kills. */
void child_deinit(struct child *child);

#endif
