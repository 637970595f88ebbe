/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_state: what the fake kernel remembers besides BPF objects: calls, rules, files, answers. fake_state.c
 * keeps it for tests to write and read (fake_sys.h); fake_sys.c acts on it.
 */
#ifndef BPFL_TESTS_FAKE_STATE_H
#define BPFL_TESTS_FAKE_STATE_H

#include <net/if.h>
#include "fake_sys.h"

#define FAKE_NR_CALLS 8192
#define FAKE_NR_RULES 16
#define FAKE_NR_FILES 256
#define FAKE_NR_CMDS 64
#define FAKE_NR_REAL_FDS 1024
#define FAKE_NR_FS_TYPES 8
#define FAKE_NR_INTERFACES 8
#define FAKE_PATH_SIZE 256

enum fake_file_kind { FAKE_FILE_TEXT, FAKE_FILE_PIPE, FAKE_FILE_DIR, FAKE_FILE_ERROR };

struct fake_file {
	char path[FAKE_PATH_SIZE]; /* "" unused */
	enum fake_file_kind kind;
	char *text;
	size_t size;
	char *written;
	size_t nr_written;
	int errnum;
};

struct fake_rule {
	const char *name; /* NULL: a bpf command */
	int cmd;
	unsigned left; /* 1: the next one; 0: used up */
	bool always;
	int errnum;
};

struct fake_state {
	struct fake_call calls[FAKE_NR_CALLS];
	size_t nr_calls;
	unsigned fail_left;
	int fail_errnum;
	bool failed;
	struct fake_rule rules[FAKE_NR_RULES];
	size_t nr_rules;
	struct {
		fake_bpf_fn fn;
		void *ctx;
		size_t attr_limit; /* 0: none */
	} cmds[FAKE_NR_CMDS];
	struct fake_file files[FAKE_NR_FILES];
	size_t nr_files;
	struct {
		char path[FAKE_PATH_SIZE];
		long fs_type;
	} fs_types[FAKE_NR_FS_TYPES];
	size_t nr_fs_types;
	struct {
		char name[IF_NAMESIZE];
		unsigned ifindex;
	} interfaces[FAKE_NR_INTERFACES];
	size_t nr_interfaces;
	char *reply;
	size_t reply_size;
	int netlink_errnum;
	char netlink_extack[128];
	char *real_paths[FAKE_NR_REAL_FDS]; /* of descriptors that libc gave: where they point; NULL: not ours */
	char trace[4096];
	unsigned nr_mappings;
};

extern struct fake_state fake;

/* Records a call; the pointer stays valid. call->result is -errno when a rule makes it fail, else 0. */
struct fake_call *fake_begin(const char *name, int cmd, int fd, const char *path);
/* Notes the answer and returns it. */
long fake_end(struct fake_call *call, long result);
void fake_keep_bytes(struct fake_call *call, const void *bytes, size_t size);

struct fake_file *fake_file_find(const char *path);
struct fake_file *fake_file_script(const char *path, enum fake_file_kind kind, const char *text, int errnum);
/* The name behind dir in path, up to the next slash; NULL when path does not lie below dir. */
const char *fake_below(const char *path, const char *dir, size_t *ret_size);
/* Whether a scripted file lies below dir. */
bool fake_is_parent(const char *dir);

#endif
