/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/words: numbers that have names: errors, signals, system calls, users, modes and flags of files, protocols.
 */
#ifndef BPFL_EVENT_WORDS_H
#define BPFL_EVENT_WORDS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"

/* Each NULL when the number has no name here. */
const char *bpfl_errno_word(uint64_t number); /* 2: "ENOENT" */
const char *bpfl_signal_name(uint64_t number); /* 9: "SIGKILL" */
const char *bpfl_syscall_name(uint64_t number); /* of this machine's architecture */
const char *bpfl_protocol_name(uint64_t number); /* 6: "TCP"; of IP */

/* "-rw-r--r--" of st_mode, and "O_WRONLY|O_CREAT" of open(2): never longer than 256 bytes, NUL included. */
void bpfl_put_file_mode(struct bpfl_buf *out, uint64_t mode);
void bpfl_put_open_flags(struct bpfl_buf *out, uint64_t flags);

struct bpfl_account {
	uint32_t id, line;
	char *name; /* owned */
};

/* One of two files that give numbers names: /etc/passwd, /etc/group. */
struct bpfl_accounts {
	bool is_read; /* the file was looked at; nr 0: it was not there */
	BPFL_VEC(struct bpfl_account) items; /* sorted by id, then line */
};

/*
 * The name of a user or group as the machine's file has it: no name service is asked, so this works in a static
 * program, and users of a directory service stay numbers. The file is read at the first question.
 */
const char *bpfl_account_name(struct bpfl_accounts *accounts, const char *path, uint32_t id);
void bpfl_accounts_deinit(struct bpfl_accounts *accounts);

#endif
