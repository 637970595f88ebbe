/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/symbolize_process.c: which file is where in a process. See symbolize.h.
 *
 * Only mappings that can be run are kept: some ten of a usual process. A process changes: execve(2) replaces
 * everything, dlopen(3) adds. So it is read again when an address is in none of its mappings, and with the 1st,
 * 2nd, 4th, 8th, ... note; what it was before is kept, since stacks from then may come later. After its end it
 * stays as it was read last.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "event/decode.h"
#include "event/symbolize.h"
#include "sys/enter.h"
#include "sys/file.h"

#define NR_PROCESSES_MAX 16384u
#define NR_RANGES_MAX 65536u
/* How often it is read again for addresses that are nowhere: a stack without frame pointers has many such. */
#define WAIT_FIRST_NS 1000000
#define WAIT_LAST_NS 200000000
#define JIT_SIZE_MAX (64ull << 20)
#define JIT_AGAIN_NS 1000000000
#define NARROW_END (1ull << 32) /* of the addresses of a process of 32 bits */

/* ---- mappings ---- */

struct line {
	uint64_t start, end, file_off, inode;
	unsigned major, minor;
	char can_run;
	const char *path; /* "" for memory without a file */
	char range[40];	  /* "start-end" as in map_files: without the leading zeros of maps */
};

/* "7f0e1000-7f0e2000 r-xp 00001000 fd:01 1234   /usr/lib/x.so" */
static bool split_line(char *text, struct line *line)
{
	unsigned long long start, end, file_off, inode;
	char perms[8];
	int path_at = 0;

	memset(line, 0, sizeof(*line));
	if (sscanf(text, "%llx-%llx %7s %llx %x:%x %llu %n", &start, &end, perms, &file_off, &line->major, &line->minor,
		   &inode, &path_at) < 7 ||
	    path_at == 0 || end <= start)
		return false;
	line->start = start;
	line->end = end;
	line->file_off = file_off;
	line->inode = inode;
	line->can_run = perms[2];
	line->path = text + path_at;
	snprintf(line->range, sizeof(line->range), "%llx-%llx", start, end);
	return true;
}

struct reading {
	struct bpfl_symbolizer *symbolizer;
	int pid;
	struct bpfl_sym_ranges *ranges;
};

static int take_line(void *ctx, char *text)
{
	struct reading *reading = ctx;
	struct bpfl_sym_range *range;
	struct line line;

	if (!split_line(text, &line) || line.can_run != 'x')
		return 0;
	if (reading->ranges->list.nr >= NR_RANGES_MAX)
		return -E2BIG;
	range = BPFL_VEC_PUSH(&reading->ranges->list);
	if (!range)
		return -ENOMEM;
	range->start = line.start;
	range->end = line.end;
	range->file_off = line.file_off;
	if (line.path[0] == '/') {
		range->file = bpfl_sym_file_get(reading->symbolizer, line.path, line.major, line.minor, line.inode);
		if (range->file)
			bpfl_sym_file_open(reading->symbolizer, range->file, reading->pid, line.range);
	} else if (strcmp(line.path, "[vdso]") == 0 && (sizeof(void *) == 4) == (line.end <= NARROW_END)) {
		range->file = bpfl_sym_file_vdso(reading->symbolizer);
		range->file_off = 0;
	}
	return 0;
}

static int by_start(const void *left, const void *right)
{
	const struct bpfl_sym_range *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

static void read_comm(struct bpfl_sym_process *process)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", process->pid);
	if (bpfl_file_read_virtual(AT_FDCWD, path, 4096, &text) == 0 && text.size > 0)
		snprintf(process->comm, sizeof(process->comm), "%.*s", (int)strcspn(text.data, "\n"), text.data);
	bpfl_buf_deinit(&text);
}

int bpfl_sym_process_read(struct bpfl_symbolizer *symbolizer, struct bpfl_sym_process *process)
{
	struct bpfl_sym_ranges ranges = { { NULL, 0, 0 } };
	struct reading reading = { symbolizer, process->pid, &ranges };
	char path[64];
	int ret;

	process->read_ns = bpfl_clock_ns(CLOCK_MONOTONIC);
	snprintf(path, sizeof(path), "/proc/%d/maps", process->pid);
	ret = bpfl_file_each_line(AT_FDCWD, path, take_line, &reading);
	/* a dying process has no mappings any more, a thread of the kernel never had */
	if (ret == -ENOMEM || ranges.list.nr == 0) {
		free(ranges.list.items);
		process->has_exited = ret < 0 && ret != -ENOMEM;
		if (ret == 0 && !process->comm[0])
			read_comm(process);
		return ret == -ENOMEM ? ret : ret < 0 ? -ESRCH : 0;
	}
	read_comm(process);
	qsort(ranges.list.items, ranges.list.nr, sizeof(*ranges.list.items), by_start);
	if (process->now.list.nr == ranges.list.nr &&
	    memcmp(process->now.list.items, ranges.list.items, ranges.list.nr * sizeof(*ranges.list.items)) == 0) {
		free(ranges.list.items);
		return 0;
	}
	free(process->before.list.items);
	process->before = process->now;
	process->now = ranges;
	return 0;
}

/* ---- processes ---- */

static size_t position(const struct bpfl_symbolizer *symbolizer, int pid)
{
	size_t low = 0, high = symbolizer->processes.nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbolizer->processes.items[middle]->pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct bpfl_sym_process *bpfl_sym_process_get(struct bpfl_symbolizer *symbolizer, int pid)
{
	size_t at = position(symbolizer, pid);
	struct bpfl_sym_process **items = symbolizer->processes.items, *process;

	if (at < symbolizer->processes.nr && items[at]->pid == pid)
		return items[at];
	if (pid <= 0 || symbolizer->processes.nr >= NR_PROCESSES_MAX)
		return NULL;
	process = calloc(1, sizeof(*process));
	if (!process || !BPFL_VEC_PUSH(&symbolizer->processes)) {
		free(process);
		return NULL;
	}
	items = symbolizer->processes.items;
	memmove(items + at + 1, items + at, (symbolizer->processes.nr - 1 - at) * sizeof(*items));
	items[at] = process;
	process->pid = pid;
	process->next_note = 1;
	process->wait_ns = WAIT_FIRST_NS;
	bpfl_sym_process_read(symbolizer, process);
	return process;
}

static const struct bpfl_sym_range *range_of(const struct bpfl_sym_ranges *ranges, uint64_t addr)
{
	size_t low = 0, high = ranges->list.nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->list.items[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ranges->list.nr && ranges->list.items[low].start <= addr ? &ranges->list.items[low] : NULL;
}

const struct bpfl_sym_range *bpfl_sym_process_find(struct bpfl_symbolizer *symbolizer, struct bpfl_sym_process *process,
						   uint64_t addr)
{
	const struct bpfl_sym_range *range = range_of(&process->now, addr);

	if (!range && !process->has_exited && bpfl_clock_ns(CLOCK_MONOTONIC) - process->read_ns > process->wait_ns &&
	    bpfl_sym_process_read(symbolizer, process) == 0) {
		range = range_of(&process->now, addr);
		process->wait_ns = range                             ? WAIT_FIRST_NS
				   : process->wait_ns < WAIT_LAST_NS ? process->wait_ns * 2
								     : WAIT_LAST_NS;
	}
	return range ? range : range_of(&process->before, addr);
}

void bpfl_sym_process_destroy(struct bpfl_sym_process *process)
{
	if (!process)
		return;
	free(process->now.list.items);
	free(process->before.list.items);
	bpfl_sym_table_deinit(&process->jit);
	free(process);
}

static int note_name(void *ctx, const char *name)
{
	uint64_t pid;

	if (bpfl_text_to_u64(name, &pid) == 0 && pid > 0 && pid < INT32_MAX)
		bpfl_symbolizer_note(ctx, (int)pid);
	return 0;
}

void bpfl_sym_process_note_all(struct bpfl_symbolizer *symbolizer)
{
	bpfl_enter_list_dir(AT_FDCWD, "/proc", note_name, symbolizer);
}

/* ---- compilers at run time ---- */

static int find_inner_pid(void *ctx, char *line)
{
	unsigned long *pid = ctx;

	if (!bpfl_text_has_prefix(line, "NSpid:"))
		return 0;
	line = strrchr(line, '\t'); /* the innermost namespace is the last */
	*pid = line ? strtoul(line, NULL, 10) : *pid;
	return 1;
}

/* The process writes /tmp/perf-PID.map, with the number that it knows itself by, where its /tmp is. */
int bpfl_sym_process_jit(struct bpfl_sym_process *process)
{
	unsigned long inner = (unsigned long)process->pid;
	struct bpfl_buf text = BPFL_BUF_INIT;
	char path[96];
	int ret;

	/* A compiler goes on writing; a process that has none is asked once. */
	if (process->jit_ns &&
	    (process->jit.syms.nr == 0 || bpfl_clock_ns(CLOCK_MONOTONIC) - process->jit_ns < JIT_AGAIN_NS))
		return 0;
	process->jit_ns = bpfl_clock_ns(CLOCK_MONOTONIC);
	snprintf(path, sizeof(path), "/proc/%d/status", process->pid);
	bpfl_file_each_line(AT_FDCWD, path, find_inner_pid, &inner);
	snprintf(path, sizeof(path), "/proc/%d/root/tmp/perf-%lu.map", process->pid, inner);
	ret = bpfl_file_read(path, JIT_SIZE_MAX, &text, NULL);
	if (ret < 0) {
		snprintf(path, sizeof(path), "/tmp/perf-%d.map", process->pid);
		ret = bpfl_file_read(path, JIT_SIZE_MAX, &text, NULL);
	}
	if (ret == 0) {
		bpfl_sym_table_deinit(&process->jit);
		ret = bpfl_sym_table_read_jit(&process->jit, text.data ? text.data : "", text.size);
	}
	bpfl_buf_deinit(&text);
	return ret == -ENOMEM ? ret : ret == 0 && process->jit.syms.nr > 0;
}

/* ---- the vDSO ---- */

struct image {
	const void *at;
	size_t size;
};

static int find_vdso(void *ctx, char *text)
{
	struct image *image = ctx;
	struct line line;

	if (!split_line(text, &line) || strcmp(line.path, "[vdso]") != 0)
		return 0;
	image->at = (const void *)(uintptr_t)line.start;
	image->size = (size_t)(line.end - line.start);
	return 1;
}

bool bpfl_sym_own_vdso(const void **ret_image, size_t *ret_size)
{
	struct image image = { NULL, 0 };

	if (bpfl_file_each_line(AT_FDCWD, "/proc/self/maps", find_vdso, &image) != 1)
		return false;
	*ret_image = image.at;
	*ret_size = image.size;
	return true;
}
