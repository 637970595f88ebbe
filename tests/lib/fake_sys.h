/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_sys: a kernel made of arrays, behind the same symbols as loader/sys/enter.c.
 *
 * Linked in front of libbpfload.a it takes over every bpfl_enter_*() function:
 *
 * - bpf(): maps, programs, BTF, links and pins exist in memory. Maps keep their elements (array elements exist from the
 *   start, per-CPU values have FAKE_SYS_NR_CPUS slots), infos and ids are answered, everything else says 0 or a new fd.
 * - perf_event_open, socket, fsopen, fsmount give fds; ioctl, mkdirat, unlinkat, sendto, ... succeed. A netlink
 *   recv answers the last sendto with an acknowledgement, unless a reply is queued.
 * - Files: a path that was scripted is read from memory (and what is written to it is kept); all others go to
 *   libc, and only for reading.
 *   /sys/devices/system/cpu/possible is scripted from the start, "0-3", so that tests do not depend on the machine.
 *
 * Every call is recorded. Any call can be made to fail, by command or by number; a handler can take over a command. All
 * descriptors that came out and were not closed are counted; the harness resets before each test and fails a
 * test that leaks.
 * Closing a descriptor twice, or one that never was, aborts.
 */
#ifndef BPFL_TESTS_FAKE_SYS_H
#define BPFL_TESTS_FAKE_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/perf.h"

#define FAKE_SYS_NR_CPUS 4u
/* Descriptors of the fake kernel begin here; below are real ones. */
#define FAKE_SYS_FIRST_FD 1000

void fake_sys_reset(void); /* forget everything; the harness calls it before each test */

/* ---- what was called ---- */

struct fake_call {
	const char *name;  /* "bpf", "openat", "ioctl", ... : the part behind bpfl_enter_ */
	int cmd;	   /* bpf: the command; -1 for all others */
	int fd;		   /* first argument where that is an fd; -1 */
	unsigned long arg[3]; /* further numbers: ioctl request and argument; perf type, config, pid; flags, mode */
	char path[128];	   /* path or name argument, cut; full for relative ones */
	/* bpf and perf: the attribute as passed, before the answer; sendto, write: the first bytes */
	_Alignas(8) uint8_t attr[160];
	size_t attr_size;  /* bpf: bytes up to the last non-zero one, rounded; else bytes in attr */
	long result;	   /* what was answered */
};

size_t fake_sys_nr_calls(void);
const struct fake_call *fake_sys_call(size_t idx);
/* Calls of that name, and bpf calls of that command. */
size_t fake_sys_count(const char *name);
size_t fake_sys_count_bpf(int cmd);
/* The nth (from 0) call of that name / bpf command; NULL when there were fewer. */
const struct fake_call *fake_sys_nth(const char *name, size_t nth);
const struct fake_call *fake_sys_nth_bpf(int cmd, size_t nth);
/*
 * "MAP_CREATE PROG_LOAD ioctl" : the calls that a fake kernel answered, files left out. For whole-sequence
 * checks. Static buffer.
 */
const char *fake_sys_trace(void);

unsigned fake_sys_nr_open_fds(void);
/* Mappings that were made and not taken away. */
unsigned fake_sys_nr_mappings(void);

/* ---- failing ---- */

/* The nth call from now (1 is the next) of any kind but close and munmap fails with errnum. A loop over n until
 * fake_sys_failed() stays false drives every error path. */
void fake_sys_fail_nth(unsigned nth, int errnum);
bool fake_sys_failed(void);
/* The nth call from now of that bpf command / of that name fails; nth 0: all of them. Up to 16 rules. */
void fake_sys_fail_bpf(int cmd, unsigned nth, int errnum);
void fake_sys_fail_call(const char *name, unsigned nth, int errnum);
/* A kernel that knows only so many bytes of a command's attribute: -E2BIG when more are used. */
void fake_sys_limit_attr(int cmd, size_t attr_size);

/*
 * Takes over a bpf command. attr may be written (logs, infos). Returns the answer, or FAKE_SYS_DEFAULT for
 * the built-in one.
 */
#define FAKE_SYS_DEFAULT (-100000)
typedef int (*fake_bpf_fn)(void *ctx, void *attr, size_t attr_size);
void fake_sys_on_bpf(int cmd, fake_bpf_fn fn, void *ctx);

/* From now on BPF_F_CPU and BPF_F_ALL_CPUS are taken (Linux 7.0); without this they are EINVAL. */
void fake_sys_knows_cpu_flags(void);

/* ---- what is inside ---- */

/* A fake kernel object behind a descriptor, or NULL. Owned by the fake. */
struct fake_object {
	enum { FAKE_MAP, FAKE_PROG, FAKE_BTF, FAKE_LINK, FAKE_OTHER } kind;
	uint32_t id;
	unsigned nr_refs; /* descriptors and pins */
	_Alignas(8) uint8_t attr[160]; /* what it was made with: struct bpfl_attr_map_create, ... */
	void *bytes;	  /* programs: instructions; BTF: its bytes; maps: keys and values */
	size_t nr_bytes;
	size_t nr_elems;
	bool frozen;
};
const struct fake_object *fake_sys_object(int fd);
/* By kind and order of creation; also after it was closed. NULL: fewer were made. */
const struct fake_object *fake_sys_created(int kind, size_t nth);

/* ---- files and answers ---- */

/*
 * From now on path reads as text (stat: a regular file); its parents are directories. dir_fd of openat is
 * resolved to a path first; a fake mount made with fsopen("tracefs") has the path "fs:tracefs".
 */
void fake_sys_file(const char *path, const char *text);
/* The same with NULs in it; bytes are copied. */
void fake_sys_file_bytes(const char *path, const void *bytes, size_t size);
/* Like a pipe: at its end, -EAGAIN instead of 0 (an O_NONBLOCK trace_pipe). */
void fake_sys_pipe(const char *path, const char *text);
/* Opening path fails. */
void fake_sys_file_error(const char *path, int errnum);
/* What was written to a scripted file since then, NUL-terminated; NULL: not scripted. */
const char *fake_sys_written(const char *path);
/* The filesystem type that bpfl_enter_statfs_type() reports for path. */
void fake_sys_fs_type(const char *path, long fs_type);
void fake_sys_interface(const char *name, unsigned ifindex);
/* The next recv gives these bytes, with the last request's netlink sequence number put in. */
void fake_sys_reply(const void *bytes, size_t size);
/* The next netlink acknowledgement carries -errnum and, when not NULL, an extended-ack message. */
void fake_sys_netlink_error(int errnum, const char *extack);
/* poll() reports POLLIN for a fake fd. */
void fake_sys_readable(int fd, bool readable);

#endif
