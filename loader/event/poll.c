/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/poll.c: all sources of one object behind one descriptor.
 *
 * The ring buffers, the perf buffers (each an epoll(7) set of its own) and a timer. The timer is there only when
 * something needs it: records of perf buffers below the mark that wakes a reader, records of ring buffers that
 * programs send with BPF_RB_NO_WAKEUP, and streams, which cannot be waited for. It also looks for CPUs that came
 * or went, and calls again at once when a flood was cut into portions.
 *
 * They are waited for in two ways. A caller's own loop gets one descriptor: an epoll set over them. Our own
 * waiting is poll(2) over the few of them, which comes back sooner after a wake-up than a set does (make bench:
 * latency).
 *
 * What is lost is never silent. Perf buffers report it themselves. A ring buffer cannot: the program's reserve
 * fails and nobody else learns of it. So a ring that is found nearly full is a warning, and at the end the
 * counters that programs keep by convention are read: a map or variable MAP_lost or MAP_dropped, a variable
 * lost or dropped.
 */
#include "bpfload/ring.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "event/usage.h"
#include "kern/map_handle.h"
#include "kern/object.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/facts.h"

#define PORTION 65536u /* records of one source in a row */
#define FLUSH_NS_DEFAULT 50000000ull
#define REFRESH_NS 1000000000ull
#define FULL_PERCENT 90u

struct source {
	const char *name; /* borrowed from the spec */
	size_t idx;	  /* map or program in the spec */
	struct bpfl_ringbuf *ring; /* one of these three */
	struct bpfl_perfbuf *perf;
	int prog_fd;		   /* -1 */
	bool was_full;
	bool is_dead; /* this kernel has no streams */
};

struct bpfl_events {
	const struct bpfl_object *object; /* borrowed; NULL: one map of somebody else's */
	BPFL_VEC(struct source) sources;
	BPFL_VEC(struct pollfd) waits; /* their descriptors, and the timer's */
	int epoll_fd;		       /* over the same */
	int timer_fd;		       /* -1 when nothing needs it */
	uint64_t flush_ns;
	uint64_t ticks; /* of the timer, for REFRESH_NS */
	bool has_perf;
	struct bpfl_log log;
	/* During a call, for the callbacks. */
	const struct source *current;
	struct bpfl_record record;
	bpfl_event_fn fn;
	void *ctx;
	int lost_ret; /* what fn said to a LOST record: that callback cannot stop the reading */
};

/* ---- opening ---- */

/* Perf event arrays are for reading counters too: those that programs only read are not opened. */
static bool is_written(const struct bpfl_object *object, size_t map_idx)
{
	struct bpfl_map_usage usage;

	bpfl_map_usage_read(object->image->spec, (uint32_t)map_idx, &usage);
	return usage.sends;
}

/* 0 or -errno. */
static int add_wait(struct bpfl_events *events, int fd)
{
	struct pollfd *wait = BPFL_VEC_PUSH(&events->waits);

	if (!wait)
		return -ENOMEM;
	*wait = (struct pollfd){ .fd = fd, .events = POLLIN };
	return bpfl_enter_epoll_add(events->epoll_fd, fd, EPOLLIN);
}

static int add_buffer(struct bpfl_events *events, const char *name, size_t map_idx, int fd, uint32_t type,
		      const struct bpfl_events_opts *opts, struct bpfl_error *err)
{
	struct bpfl_perfbuf_opts perf_opts = { .size = sizeof(perf_opts), .log = events->log };
	struct source *source = BPFL_VEC_PUSH(&events->sources);
	int ret;

	if (!source)
		return bpfl_error_nomem(err);
	*source = (struct source){ .name = name, .idx = map_idx, .prog_fd = -1 };
	if (type == BPFL_MAP_TYPE_RINGBUF) {
		ret = bpfl_ringbuf_open(fd, &source->ring, err);
	} else {
		perf_opts.bytes_per_cpu = opts ? opts->perf_bytes : 0;
		perf_opts.wakeup_bytes = opts ? opts->perf_wakeup_bytes : 0;
		ret = bpfl_perfbuf_open(fd, &perf_opts, &source->perf, err);
		events->has_perf = true;
	}
	if (ret < 0) {
		bpfl_error_prefix(err, "map '%s'", BPFL_ESC(name));
		return ret;
	}
	ret = add_wait(events, source->ring ? fd : bpfl_perfbuf_fd(source->perf));
	return ret < 0 ? bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "waiting for map '%s': %s", BPFL_ESC(name),
					bpfl_errno_text(-ret))
		       : 0;
}

static int add_map(struct bpfl_events *events, size_t map_idx, const struct bpfl_events_opts *opts,
		   struct bpfl_error *err)
{
	const struct bpfl_live_map *live = &events->object->maps[map_idx];

	if (live->fd < 0 || (live->type != BPFL_MAP_TYPE_RINGBUF && live->type != BPFL_MAP_TYPE_PERF_EVENT_ARRAY))
		return 0;
	if (live->type == BPFL_MAP_TYPE_PERF_EVENT_ARRAY && !is_written(events->object, map_idx))
		return 0;
	return add_buffer(events, events->object->image->spec->maps.items[map_idx].name, map_idx, live->fd, live->type,
			  opts, err);
}

/* Streams cost a system call per tick: only objects that can print into them are asked. */
static bool has_streams(const struct bpfl_spec *spec)
{
	for (size_t i = 0; i < spec->externs.nr; i++) {
		if (bpfl_text_has_prefix(spec->externs.items[i].name, "bpf_stream_"))
			return true;
	}
	for (size_t i = 0; i < spec->maps.nr; i++) {
		if (spec->maps.items[i].type == BPFL_MAP_TYPE_ARENA) /* the kernel reports faults there */
			return true;
	}
	return false;
}

static int add_streams(struct bpfl_events *events, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = events->object->image->spec;

	for (size_t i = 0; i < spec->progs.nr && has_streams(spec); i++) {
		int fd = bpfl_object_prog_fd_at(events->object, i);
		struct source *source;

		if (fd < 0)
			continue; /* not loaded */
		source = BPFL_VEC_PUSH(&events->sources);
		if (!source)
			return bpfl_error_nomem(err);
		*source = (struct source){ .name = spec->progs.items[i].name, .idx = i, .prog_fd = fd };
	}
	return 0;
}

static int add_timer(struct bpfl_events *events, struct bpfl_error *err)
{
	int ret = bpfl_enter_timerfd_create();

	if (ret >= 0) {
		events->timer_fd = ret;
		ret = bpfl_enter_timerfd_set(events->timer_fd, events->flush_ns, events->flush_ns);
	}
	if (ret >= 0)
		ret = add_wait(events, events->timer_fd);
	return ret < 0 ? bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "events: a timer: %s", bpfl_errno_text(-ret)) : 0;
}

/* Whether a record may wait without anybody being woken. Of programs of somebody else's that is not known. */
static bool needs_timer(const struct bpfl_events *events)
{
	for (size_t i = 0; i < events->sources.nr; i++) {
		if (!events->sources.items[i].ring)
			return true;
	}
	return events->sources.nr > 0 && (!events->object || bpfl_usage_is_silent(events->object->image->spec));
}

static int add_object(struct bpfl_events *events, const struct bpfl_events_opts *opts, struct bpfl_error *err)
{
	int ret = 0;

	for (size_t i = 0; i < events->object->image->spec->maps.nr && ret >= 0; i++)
		ret = add_map(events, i, opts, err);
	return ret < 0 ? ret : add_streams(events, err);
}

/* Of an object, or of one map. */
static int open_all(const struct bpfl_object *object, const struct bpfl_map *map, const char *name,
		    const struct bpfl_events_opts *opts, struct bpfl_events **ret_events, struct bpfl_error *err)
{
	struct bpfl_events *events = calloc(1, sizeof(*events));
	int ret;

	if (!events)
		return bpfl_error_nomem(err);
	events->object = object;
	events->timer_fd = -1;
	events->flush_ns = opts && opts->flush_ns ? opts->flush_ns : FLUSH_NS_DEFAULT;
	if (opts)
		events->log = opts->log;
	ret = events->epoll_fd = bpfl_enter_epoll_create();
	if (ret < 0)
		bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "events: epoll: %s", bpfl_errno_text(-ret));
	else
		ret = object ? add_object(events, opts, err)
			     : add_buffer(events, name, 0, map->fd, map->type, opts, err);
	if (ret >= 0 && needs_timer(events))
		ret = add_timer(events, err);
	if (ret < 0) {
		bpfl_events_close(events);
		return ret;
	}
	*ret_events = events;
	return 0;
}

int bpfl_events_open(const struct bpfl_object *object, const struct bpfl_events_opts *opts,
		     struct bpfl_events **ret_events, struct bpfl_error *err)
{
	return open_all(object, NULL, NULL, opts, ret_events, err);
}

int bpfl_events_open_map(const struct bpfl_map *map, const char *name, const struct bpfl_events_opts *opts,
			 struct bpfl_events **ret_events, struct bpfl_error *err)
{
	if (map->type != BPFL_MAP_TYPE_RINGBUF && map->type != BPFL_MAP_TYPE_PERF_EVENT_ARRAY) {
		const char *type = bpfl_map_type_name(map->type);

		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s' is of type %s: there are no events in it",
			       BPFL_ESC(map->name), type ? type : "?");
		bpfl_error_fix(err, "events come through maps of type ringbuf and perf_event_array; bpfload map dump "
				    "shows elements");
		return -EINVAL;
	}
	return open_all(NULL, map, name ? name : map->name, opts, ret_events, err);
}

void bpfl_events_close(struct bpfl_events *events)
{
	if (!events)
		return;
	for (size_t i = 0; i < events->sources.nr; i++) {
		bpfl_ringbuf_close(events->sources.items[i].ring);
		bpfl_perfbuf_close(events->sources.items[i].perf);
	}
	bpfl_enter_close(events->timer_fd);
	bpfl_enter_close(events->epoll_fd);
	free(events->sources.items);
	free(events->waits.items);
	free(events);
}

size_t bpfl_events_nr_sources(const struct bpfl_events *events)
{
	return events->sources.nr;
}

int bpfl_events_fd(const struct bpfl_events *events)
{
	return events->epoll_fd;
}

/* ---- reading ---- */

static int give_data(void *ctx, const void *data, size_t size, int cpu)
{
	struct bpfl_events *events = ctx;

	events->record.data = data;
	events->record.size = size;
	events->record.cpu = cpu;
	return events->fn(events->ctx, &events->record);
}

static void give_lost(void *ctx, uint64_t nr, int cpu)
{
	struct bpfl_events *events = ctx;
	struct bpfl_record lost = events->record;
	int ret;

	lost.kind = BPFL_RECORD_LOST;
	lost.data = NULL;
	lost.size = 0;
	lost.cpu = cpu;
	lost.nr_lost = nr;
	ret = events->fn(events->ctx, &lost);
	if (ret < 0 && events->lost_ret == 0)
		events->lost_ret = ret;
}

static void look_at_fill(struct bpfl_events *events, struct source *source)
{
	struct bpfl_ring_state state;

	bpfl_ringbuf_state(source->ring, &state);
	if (source->was_full || state.used_bytes < state.size_bytes / 100 * FULL_PERCENT)
		return;
	source->was_full = true;
	bpfl_log_line(&events->log, BPFL_LOG_WARN,
		      "ring buffer '%s' was more than %u %% full: records may have been dropped (--map %s.max_entries=%llu)",
		      BPFL_ESC(source->name), FULL_PERCENT, BPFL_ESC(source->name),
		      (unsigned long long)state.size_bytes * 4);
}

static int64_t read_streams(struct bpfl_events *events, struct source *source, struct bpfl_error *err)
{
	int64_t nr = 0;

	if (source->is_dead)
		return 0;
	for (int stream = BPFL_STREAM_STDOUT; stream <= BPFL_STREAM_STDERR; stream++) {
		int64_t ret;

		events->record.kind = stream == BPFL_STREAM_STDOUT ? BPFL_RECORD_STREAM_STDOUT
								   : BPFL_RECORD_STREAM_STDERR;
		ret = bpfl_prog_stream_read(source->prog_fd, (enum bpfl_stream)stream, give_data, events, err);
		if (ret == -EOPNOTSUPP) { /* before 6.17: an object that can do without is fine there */
			source->is_dead = true;
			bpfl_error_clear(err);
			return 0;
		}
		if (ret < 0)
			return ret;
		nr += ret > 0;
	}
	return nr;
}

static int64_t read_source(struct bpfl_events *events, struct source *source, struct bpfl_error *err)
{
	int64_t ret;

	events->record = (struct bpfl_record){ .kind = BPFL_RECORD_DATA,
					       .source = source->name,
					       .source_idx = source->idx };
	if (source->ring) {
		look_at_fill(events, source);
		ret = bpfl_ringbuf_consume(source->ring, PORTION, give_data, events, err);
	} else if (source->perf) {
		ret = bpfl_perfbuf_consume(source->perf, PORTION, give_data, give_lost, events, err);
	} else {
		ret = read_streams(events, source, err);
	}
	if (ret < 0 && err && err->kind != BPFL_ERR_NONE)
		bpfl_error_prefix(err, "'%s'", BPFL_ESC(source->name));
	return ret < 0 ? ret : events->lost_ret < 0 ? events->lost_ret : ret;
}

/* The losses that the rings of perf buffers do not tell yet. */
static int64_t read_losses(struct bpfl_events *events)
{
	for (size_t i = 0; i < events->sources.nr; i++) {
		const struct source *source = &events->sources.items[i];

		events->record = (struct bpfl_record){ .kind = BPFL_RECORD_DATA, .source = source->name,
						       .source_idx = source->idx };
		if (source->perf)
			bpfl_perfbuf_lost(source->perf, give_lost, events);
	}
	return events->lost_ret;
}

/* What the timer asks for besides reading: CPUs that came and went. Nothing when it is not its time. */
static int64_t tick(struct bpfl_events *events, struct bpfl_error *err)
{
	uint64_t nr_ticks = 0;
	int64_t nr = 0;

	if (bpfl_enter_read(events->timer_fd, &nr_ticks, sizeof(nr_ticks)) != sizeof(nr_ticks))
		return 0;
	events->ticks += nr_ticks;
	if (!events->has_perf || events->ticks * events->flush_ns < REFRESH_NS)
		return 0;
	events->ticks = 0;
	for (size_t i = 0; i < events->sources.nr; i++) {
		struct source *source = &events->sources.items[i];
		int64_t ret;

		if (!source->perf)
			continue;
		events->record = (struct bpfl_record){ .kind = BPFL_RECORD_DATA, .source = source->name,
						       .source_idx = source->idx };
		ret = bpfl_perfbuf_refresh(source->perf, give_data, give_lost, events, err);
		if (ret < 0)
			return ret;
		nr += ret;
	}
	return nr;
}

static int64_t read_all(struct bpfl_events *events, bool is_time, bpfl_event_fn fn, void *ctx, struct bpfl_error *err)
{
	bool is_cut = false;
	int64_t nr;

	events->fn = fn;
	events->ctx = ctx;
	events->lost_ret = 0;
	nr = is_time ? tick(events, err) : 0;
	for (size_t i = 0; i < events->sources.nr && nr >= 0; i++) {
		int64_t ret = read_source(events, &events->sources.items[i], err);

		is_cut = is_cut || ret >= (int64_t)PORTION;
		nr = ret < 0 ? ret : nr + ret;
	}
	/* come back at once: a perf buffer does not say again what it has said */
	if (events->timer_fd >= 0 && (is_cut || nr < 0))
		bpfl_enter_timerfd_set(events->timer_fd, 1, events->flush_ns);
	return nr;
}

int64_t bpfl_events_consume(struct bpfl_events *events, bpfl_event_fn fn, void *ctx, struct bpfl_error *err)
{
	return read_all(events, events->timer_fd >= 0, fn, ctx, err);
}

/*
 * Whether it is the timer's turn is what poll says: between an event and its callback stands no system call that
 * asks.
 */
int64_t bpfl_events_poll(struct bpfl_events *events, int timeout_ms, bpfl_event_fn fn, void *ctx,
			 struct bpfl_error *err)
{
	int ret = bpfl_enter_poll(events->waits.items, (unsigned)events->waits.nr, timeout_ms);
	bool is_time = false;

	if (ret == -EINTR)
		return 0;
	if (ret < 0)
		return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "waiting for events: %s", bpfl_errno_text(-ret));
	for (size_t i = 0; i < events->waits.nr; i++) {
		const struct pollfd *wait = &events->waits.items[i];

		is_time = is_time || (wait->fd == events->timer_fd && wait->revents);
	}
	return ret == 0 ? 0 : read_all(events, is_time, fn, ctx, err);
}

/* ---- what the programs counted ---- */

/* "events_lost" of map "events"; plain "lost" and "dropped" of the object. */
static bool is_counter_name(const struct bpfl_events *events, const char *name)
{
	const char *end = strrchr(name, '_');

	if (strcmp(name, "lost") == 0 || strcmp(name, "dropped") == 0)
		return true;
	if (!end || (strcmp(end, "_lost") != 0 && strcmp(end, "_dropped") != 0))
		return false;
	for (size_t i = 0; i < events->sources.nr; i++) {
		const struct source *source = &events->sources.items[i];

		if (source->prog_fd < 0 && strlen(source->name) == (size_t)(end - name) &&
		    memcmp(source->name, name, (size_t)(end - name)) == 0)
			return true;
	}
	return false;
}

static uint64_t number_at(const void *bytes, uint32_t size)
{
	uint64_t wide = 0;
	uint32_t narrow = 0;

	if (size == sizeof(wide))
		memcpy(&wide, bytes, sizeof(wide));
	else if (size == sizeof(narrow))
		wide = (memcpy(&narrow, bytes, sizeof(narrow)), narrow);
	return wide;
}

static uint64_t variable_value(const struct bpfl_object *object, const struct bpfl_var *var)
{
	uint64_t value = 0;

	if ((var->size_bytes != 8 && var->size_bytes != 4) ||
	    bpfl_object_var_get(object, var->name, &value, var->size_bytes, NULL) < 0)
		return 0;
	return number_at(&value, var->size_bytes);
}

/* The sum over all elements and CPUs of an array of counters. */
static uint64_t map_sum(const struct bpfl_events *events, const struct bpfl_live_map *live, const char *name)
{
	bool is_per_cpu = live->type == BPFL_MAP_TYPE_PERCPU_ARRAY;
	unsigned nr_values = 1;
	uint64_t sum = 0, *values;

	if (live->fd < 0 || (live->value_size != 8 && live->value_size != 4) || live->key_size != 4 ||
	    (!is_per_cpu && live->type != BPFL_MAP_TYPE_ARRAY))
		return 0;
	if (is_per_cpu && bpfl_facts_count_possible_cpus(&nr_values) < 0) {
		bpfl_log_line(&events->log, BPFL_LOG_WARN, "counter '%s' is not read: %s says how many values it has",
			      BPFL_ESC(name), BPFL_POSSIBLE_CPUS_PATH);
		return 0;
	}
	values = calloc(nr_values, sizeof(*values)); /* the kernel writes a multiple of 8 bytes for each CPU */
	for (uint32_t key = 0; values && key < live->max_entries && key < 64; key++) {
		if (bpfl_sys_map_lookup(live->fd, &key, values, 0) < 0)
			break;
		for (unsigned i = 0; i < nr_values; i++)
			sum += number_at(&values[i], live->value_size);
	}
	free(values);
	return sum;
}

static int report_counter(struct bpfl_events *events, const char *name, uint64_t value)
{
	struct bpfl_record lost = { .kind = BPFL_RECORD_LOST, .source = name, .source_idx = SIZE_MAX, .cpu = -1,
				    .nr_lost = value };

	return value > 0 ? events->fn(events->ctx, &lost) : 0;
}

static int read_counters(struct bpfl_events *events)
{
	const struct bpfl_object *object = events->object;
	const struct bpfl_spec *spec = object ? object->image->spec : NULL;
	int ret = 0;

	if (!spec)
		return 0;
	for (size_t i = 0; i < spec->vars.nr && ret >= 0; i++) {
		const struct bpfl_var *var = &spec->vars.items[i];

		if (is_counter_name(events, var->name))
			ret = report_counter(events, var->name, variable_value(object, var));
	}
	for (size_t i = 0; i < spec->maps.nr && ret >= 0; i++) {
		if (is_counter_name(events, spec->maps.items[i].name))
			ret = report_counter(events, spec->maps.items[i].name,
					     map_sum(events, &object->maps[i], spec->maps.items[i].name));
	}
	return ret;
}

int64_t bpfl_events_finish(struct bpfl_events *events, bpfl_event_fn fn, void *ctx, struct bpfl_error *err)
{
	int64_t nr = 0, ret;

	do {
		ret = bpfl_events_consume(events, fn, ctx, err);
		nr += ret;
	} while (ret >= (int64_t)PORTION);
	if (ret >= 0)
		ret = read_losses(events);
	if (ret >= 0)
		ret = read_counters(events);
	return ret < 0 ? ret : nr;
}
