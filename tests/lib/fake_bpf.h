/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_bpf: the memory of the fake kernel: descriptors, and the BPF objects behind some of them. Used by
 * fake_sys.c only; tests see it through fake_sys.h.
 */
#ifndef BPFL_TESTS_FAKE_BPF_H
#define BPFL_TESTS_FAKE_BPF_H

#include "fake_sys.h"

#define FAKE_BPF_NR_FDS 1024

/* A descriptor that the fake kernel gave out. */
struct fake_fd {
	bool open;
	bool readable;
	struct fake_object *object; /* NULL: perf event, socket, file */
	void *file;		    /* of fake_sys.c; NULL */
	size_t pos;		    /* in file */
	bool nonblocking;
	uint32_t sequence; /* sockets: of the last netlink request */
	char path[256];	   /* files and mounts */
};

void fake_bpf_reset(void);

/* A new descriptor; object may be NULL, else it gains a reference. -EMFILE when the table is full. */
int fake_bpf_fd_new(struct fake_object *object);
/* The open descriptor, or NULL when fd is none of the fake kernel's. */
struct fake_fd *fake_bpf_fd(int fd);
void fake_bpf_fd_close(struct fake_fd *fd);
unsigned fake_bpf_nr_open(void);

/* Drops a pin. 0 or -ENOENT. */
int fake_bpf_unpin(const char *path);

/* Carries a command out. >= 0 or -errno. */
int fake_bpf_command(int cmd, void *attr);

#endif
