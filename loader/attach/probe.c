/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/probe.c: the perf event of a kprobe or uprobe. See attach/perf.h.
 *
 * Since Linux 4.17 such an event is opened like any other: the type is a number from sysfs, the place stands in
 * the attribute, and the event goes away with its descriptor. Which bit means "return" and where a semaphore's
 * offset goes is said by sysfs too.
 *
 * Where that is missing (an older kernel, no sysfs), a line is written into kprobe_events or uprobe_events of
 * tracefs. That makes an event which outlives us, so its name tells whose it is:
 * bpfload/kPID_START_TID_N_FUNCTION, START being the start time of the process.
 * Before a line is added, those of dead processes are removed. The kernel parses the lines, so nothing but
 * [A-Za-z0-9_.:] of a function and no blank of a path gets into one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "attach/perf.h"
#include "sys/enter.h"
#include "sys/facts.h"
#include "sys/file.h"
#include "sys/tracefs.h"

#define EVENT_GROUP "bpfload"
#define EVENT_NAME_SIZE 64 /* MAX_EVENT_NAME_LEN of the kernel, with the NUL */
#define EVENTS_SIZE_MAX (16u << 20)
#define LINE_SIZE 5000
#define REMOVE_TRIES 40
#define REMOVE_WAIT_MS 5

static const struct kind {
	const char *pmu_type, *pmu_return, *pmu_ref_ctr; /* sysfs */
	const char *events;				 /* tracefs */
	char letter;
} kinds[] = {
	{ "/sys/bus/event_source/devices/kprobe/type", "/sys/bus/event_source/devices/kprobe/format/retprobe", NULL,
	  "kprobe_events", 'k' },
	{ "/sys/bus/event_source/devices/uprobe/type", "/sys/bus/event_source/devices/uprobe/format/retprobe",
	  "/sys/bus/event_source/devices/uprobe/format/ref_ctr_offset", "uprobe_events", 'u' },
};

bool bpfl_probe_available(bool is_user)
{
	uint64_t type;
	int dir_fd;
	bool there;

	if (bpfl_file_read_u64(AT_FDCWD, kinds[is_user].pmu_type, &type) == 0)
		return true;
	if (bpfl_tracefs_open(&dir_fd, NULL) < 0)
		return false;
	there = bpfl_file_is_there(dir_fd, kinds[is_user].events);
	bpfl_enter_close(dir_fd);
	return there;
}

/* ---- by the PMU ---- */

/* The first bit of a field from its file in sysfs: "config:0", "config:32-63". */
static int read_bit(const char *path, unsigned *ret_bit)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	unsigned bit = 64;
	int ret = bpfl_file_read_virtual(AT_FDCWD, path, 256, &text);

	if (ret < 0)
		return ret;
	if (sscanf(text.data, "config:%2u", &bit) != 1 || bit > 63)
		ret = -EINVAL;
	bpfl_buf_deinit(&text);
	if (ret == 0)
		*ret_bit = bit;
	return ret;
}

/* -ENOTSUP: this kernel (or this view of sysfs) has no such PMU, or not all that the probe needs of it. */
static int fill_attr(const struct bpfl_probe *probe, struct bpfl_perf_attr *attr)
{
	const struct kind *kind = &kinds[probe->is_user];
	uint64_t type;
	unsigned bit;

	if (bpfl_file_read_u64(AT_FDCWD, kind->pmu_type, &type) < 0 || type > UINT32_MAX)
		return -ENOTSUP;
	attr->type = (uint32_t)type;
	if (probe->is_return) {
		if (read_bit(kind->pmu_return, &bit) < 0)
			return -ENOTSUP;
		attr->config |= UINT64_C(1) << bit;
	}
	if (probe->ref_ctr_off) {
		if (read_bit(kind->pmu_ref_ctr, &bit) < 0)
			return -ENOTSUP; /* before 4.20 */
		attr->config |= probe->ref_ctr_off << bit;
	}
	attr->config1 = (uint64_t)(uintptr_t)probe->where;
	attr->config2 = probe->offset;
	return 0;
}

/* ---- by tracefs ---- */

struct event {
	bool is_user;
	char name[EVENT_NAME_SIZE];
};

/* The bpfload events of dead processes out of kprobe_events or uprobe_events. */
static void sweep(int dir_fd, const struct kind *kind, const struct bpfl_log *log)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	char *next;

	if (bpfl_file_read_virtual(dir_fd, kind->events, EVENTS_SIZE_MAX, &text) < 0)
		return;
	next = text.data;
	for (char *line; (line = strsep(&next, "\n")) != NULL;) {
		const char *at = strchr(line, ':'); /* p:GROUP/NAME ..., r16:GROUP/NAME ... */
		unsigned long long start, start_now;
		char name[EVENT_NAME_SIZE], removal[128], letter;
		int pid, ret;

		if (!at || sscanf(at, ":" EVENT_GROUP "/%63[A-Za-z0-9_]", name) != 1 ||
		    sscanf(name, "%c%d_%llu_", &letter, &pid, &start) != 3 || letter != kind->letter || pid <= 0)
			continue;
		ret = bpfl_facts_process_start(pid, &start_now);
		if (ret == 0 ? start_now == start : ret != -ENOENT && ret != -ESRCH)
			continue; /* alive, or nobody knows */
		snprintf(removal, sizeof(removal), "-:" EVENT_GROUP "/%s", name);
		if (bpfl_file_write_text(dir_fd, kind->events, removal) == 0)
			bpfl_log_line(log, BPFL_LOG_INFO, "removed event '%s/%s' of a process that is gone",
				      EVENT_GROUP, name);
	}
	bpfl_buf_deinit(&text);
}

/*
 * The kernel lets go of an event only when no descriptor holds it, which can take it a moment after the
 * last was closed.
 */
static void remove_event(const struct event *event)
{
	const struct kind *kind = &kinds[event->is_user];
	char removal[128];
	int dir_fd;

	if (bpfl_tracefs_open(&dir_fd, NULL) < 0)
		return;
	snprintf(removal, sizeof(removal), "-:" EVENT_GROUP "/%s", event->name);
	for (int tries = 0; tries < REMOVE_TRIES && bpfl_file_write_text(dir_fd, kind->events, removal) == -EBUSY;
	     tries++)
		bpfl_enter_poll(NULL, 0, REMOVE_WAIT_MS);
	bpfl_enter_close(dir_fd);
}

static void release_event(struct bpfl_link *link)
{
	remove_event(link->data);
	free(link->data);
	link->data = NULL;
}

/*
 * A name that nobody has. An existing name would not be refused: since 5.5 the kernel would add this place
 * to that event.
 */
static int name_event(int dir_fd, const struct bpfl_probe *probe, struct event *event)
{
	char path[128], head[48];
	const char *function = probe->where && !probe->is_user ? probe->where : "at";
	unsigned long long start;
	int ret = bpfl_facts_process_start(getpid(), &start);
	size_t len;

	if (ret < 0)
		return ret;
	for (unsigned n = 0; n < 10000; n++) {
		snprintf(head, sizeof(head), "%c%d_%llu_%d_%u_", kinds[probe->is_user].letter, getpid(), start,
			 gettid(), n);
		snprintf(event->name, sizeof(event->name), "%s%s", head, function);
		len = strlen(event->name);
		for (size_t i = strlen(head); i < len; i++) {
			if (event->name[i] == '.' || event->name[i] == ':')
				event->name[i] = '_';
		}
		snprintf(path, sizeof(path), "events/" EVENT_GROUP "/%s", event->name);
		if (!bpfl_file_is_there(dir_fd, path))
			return 0;
	}
	return -EEXIST;
}

/* "p:bpfload/NAME vfs_read+0x10", "r8:bpfload/NAME vfs_read", "p:bpfload/NAME /bin/bash:0x1234(0x5678)" */
static int event_line(const struct bpfl_probe *probe, const struct event *event, char *line, size_t line_size)
{
	char letter[16] = "p", offset[32] = "", ref_ctr[32] = "";

	if (probe->is_return)
		snprintf(letter, sizeof(letter), "r%s", "");
	if (probe->is_return && probe->retmax)
		snprintf(letter, sizeof(letter), "r%" PRIu32, probe->retmax);
	if (probe->is_user || !probe->where)
		snprintf(offset, sizeof(offset), "%s0x%" PRIx64, probe->is_user ? ":" : "", probe->offset);
	else if (probe->offset)
		snprintf(offset, sizeof(offset), "+%" PRIu64, probe->offset);
	if (probe->ref_ctr_off)
		snprintf(ref_ctr, sizeof(ref_ctr), "(0x%" PRIx64 ")", probe->ref_ctr_off);
	if (probe->where && strpbrk(probe->where, " \t\n#"))
		return -EINVAL;
	return snprintf(line, line_size, "%s:%s/%s %s%s%s", letter, EVENT_GROUP, event->name,
			probe->where ? probe->where : "", offset, ref_ctr) < (int)line_size
		       ? 0
		       : -ENAMETOOLONG;
}

/* Adds the event and reads its number. */
static int add_event(const struct bpfl_attach_ctx *ctx, const struct bpfl_probe *probe, int dir_fd, uint64_t *ret_id,
		     struct event **ret_event)
{
	const struct kind *kind = &kinds[probe->is_user];
	struct event *event = calloc(1, sizeof(*event));
	char line[LINE_SIZE];
	int ret;

	if (!event)
		return -ENOMEM;
	event->is_user = probe->is_user;
	sweep(dir_fd, kind, ctx->log);
	ret = name_event(dir_fd, probe, event);
	if (ret == 0)
		ret = event_line(probe, event, line, sizeof(line));
	if (ret == 0)
		ret = bpfl_file_write_text(dir_fd, kind->events, line);
	if (ret < 0) {
		free(event);
		return ret;
	}
	ret = bpfl_tracefs_event_id(dir_fd, EVENT_GROUP, event->name, ret_id);
	if (ret < 0) {
		remove_event(event);
		free(event);
		return ret == -ENOENT ? -EIO : ret; /* of the event, not of the place: that was taken */
	}
	*ret_event = event;
	return 0;
}

static int refuse_events(const struct bpfl_attach_ctx *ctx, const struct kind *kind, int errnum, struct bpfl_error *err)
{
	if (errnum == ENOENT && !bpfl_probe_available(kind->letter == 'u'))
		errnum = EOPNOTSUPP;
	bpfl_error_set(err, errnum == EOPNOTSUPP ? BPFL_ERR_UNSUPPORTED : BPFL_ERR_SYSTEM, errnum,
		       "adding an event to %s: %s", kind->events, bpfl_errno_text(errnum));
	bpfl_diagnose_refusal(err, BPFL_WANTED_TRACEFS, ctx->attach->row->prog_type, errnum, ctx->object->target);
	return -errnum;
}

static int open_legacy(const struct bpfl_attach_ctx *ctx, const struct bpfl_probe *probe, struct bpfl_link *link,
		       struct bpfl_error *err)
{
	struct bpfl_perf_attr attr = { .type = BPFL_PERF_TYPE_TRACEPOINT };
	struct event *event = NULL;
	int dir_fd, ret = bpfl_tracefs_open(&dir_fd, err);

	if (ret < 0)
		return ret;
	ret = add_event(ctx, probe, dir_fd, &attr.config, &event);
	bpfl_enter_close(dir_fd);
	if (ret < 0)
		return refuse_events(ctx, &kinds[probe->is_user], -ret, err);
	link->data = event;
	link->release = release_event;
	return bpfl_perf_open(ctx, &attr, probe->pid, probe->pid >= 0 ? -1 : 0,
			      probe->where ? probe->where : "an address", link, err);
}

/*
 * Since Linux 6.16, and since July 2025 in the older series, uprobes of perf need CAP_SYS_ADMIN. Those of
 * tracefs do not: they are a matter of the file's owner and mode. When neither is possible the first refusal is
 * the one to tell.
 */
static int open_refused_user(const struct bpfl_attach_ctx *ctx, const struct bpfl_probe *probe, struct bpfl_link *link,
			     bool *ret_legacy, struct bpfl_error *err)
{
	struct bpfl_error other = BPFL_ERROR_INIT;
	int ret = open_legacy(ctx, probe, link, &other);

	bpfl_error_clear(&other);
	if (ret < 0)
		return -EACCES;
	if (ret_legacy)
		*ret_legacy = true;
	bpfl_error_clear(err);
	return 0;
}

int bpfl_probe_open(const struct bpfl_attach_ctx *ctx, const struct bpfl_probe *probe, struct bpfl_link *link,
		    bool *ret_legacy, struct bpfl_error *err)
{
	enum bpfl_answer *known = &ctx->object->target->features[BPFL_FEATURE_PROBE_PMU];
	struct bpfl_perf_attr attr = { 0 };
	int ret = -ENOTSUP;

	/* Only an event of tracefs can be told how many calls to follow. */
	if (*known != BPFL_NO && !probe->retmax)
		ret = fill_attr(probe, &attr);
	if (ret_legacy)
		*ret_legacy = ret < 0;
	if (ret < 0)
		return open_legacy(ctx, probe, link, err);
	ret = bpfl_perf_open(ctx, &attr, probe->pid, probe->pid >= 0 ? -1 : 0,
			     probe->where ? probe->where : "an address", link, err);
	return ret == -EACCES && probe->is_user ? open_refused_user(ctx, probe, link, ret_legacy, err) : ret;
}
