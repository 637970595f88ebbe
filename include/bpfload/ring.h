/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buffers between programs and user space: ring buffers, perf buffers, user ring buffers, program streams.
 *
 * Two levels. bpfl_events_...() reads everything that one object has, behind one file descriptor. Below it, a
 * reader for each kind of buffer, for callers who have nothing but a map's descriptor.
 *
 * No reader allocates or copies per record: a callback gets a pointer into the buffer itself, valid during the call (a
 * perf buffer's record that wraps around its end is put together in a scratch area first). A callback must not call
 * the reader that called it.
 *
 * Threads: one reader, one thread at a time; different readers are independent.
 */
#ifndef BPFLOAD_RING_H
#define BPFLOAD_RING_H

#include "object.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Takes one record. cpu: the CPU of a perf buffer's ring, -1 for a ring buffer.
 * Return: 0 to go on; a negative value to stop, which the reading function returns. The record counts as read
 *         either way.
 */
typedef int (*bpfl_record_fn)(void *ctx, const void *data, size_t size, int cpu);
/* Hears that the kernel dropped nr records of a perf buffer's ring because it was full. */
typedef void (*bpfl_lost_fn)(void *ctx, uint64_t nr, int cpu);

/* ---- ring buffer: BPF_MAP_TYPE_RINGBUF, Linux 5.8 ---- */

struct bpfl_ringbuf;

/*
 * Maps a ring buffer into memory.
 * @map_fd: borrowed; must stay open while bpfl_ringbuf_fd() is used.
 * @ret_ring: to be given to bpfl_ringbuf_close().
 * Return: 0; -EINVAL (kind USAGE) for another type of map; what mmap(2) says.
 */
BPFL_API int bpfl_ringbuf_open(int map_fd, struct bpfl_ringbuf **ret_ring, struct bpfl_error *err);
/* Unmaps it; what was not read stays for the next reader. NULL is fine. */
BPFL_API void bpfl_ringbuf_close(struct bpfl_ringbuf *ring);
/*
 * For poll(2) and epoll(7): readable while records wait. The kernel wakes when a record meets an empty ring.
 * Return: the map's descriptor, as it was given.
 */
BPFL_API int bpfl_ringbuf_fd(const struct bpfl_ringbuf *ring);
/*
 * Delivers what waits, at most max records (0: no limit), without blocking. Calling it in a loop is busy polling.
 * Stops at a record that its program has not submitted yet. Space goes back to the programs in steps, and
 * before the return.
 * Return: number of records; what fn returned; -EBADMSG when the buffer's own bookkeeping is broken.
 */
BPFL_API int64_t bpfl_ringbuf_consume(struct bpfl_ringbuf *ring, uint64_t max, bpfl_record_fn fn, void *ctx,
				      struct bpfl_error *err);

struct bpfl_ring_state {
	uint64_t size_bytes;
	uint64_t used_bytes; /* written or being written, not read; with 8 bytes for each record */
	uint64_t consumer_pos, producer_pos; /* bytes since the beginning */
};
/* How full it is at this moment. */
BPFL_API void bpfl_ringbuf_state(const struct bpfl_ringbuf *ring, struct bpfl_ring_state *ret_state);

/* ---- perf buffer: BPF_MAP_TYPE_PERF_EVENT_ARRAY, Linux 4.4 ---- */

struct bpfl_perfbuf;

struct bpfl_perfbuf_opts {
	size_t size;		/* sizeof(struct bpfl_perfbuf_opts) */
	size_t bytes_per_cpu;	/* rounded up to a power of two of pages; 0: 256 KiB */
	/*
	 * A reader is woken after so many bytes; 0: an eighth of the buffer; 1: each record, which costs twenty
	 * times the events per second. Records below that are found by whoever calls bpfl_perfbuf_consume():
	 * call it every now and then.
	 */
	uint32_t wakeup_bytes;
	struct bpfl_log log;
};

/*
 * Opens a ring for each CPU that is online and enters it in the map. CPUs without a slot in the map are left
 * out, with a warning. The buffers shrink when memory may not be locked (perf_event_mlock_kb).
 * @map_fd: borrowed; must stay open as long as the buffer is.
 * @opts: may be NULL.
 * @ret_perf: to be given to bpfl_perfbuf_close().
 * Return: 0; -EINVAL (kind USAGE) for another type of map; -errno (PERMISSION, SYSTEM) of opening or mapping a ring.
 * Needs: CAP_PERFMON, or kernel.perf_event_paranoid below 1.
 */
BPFL_API int bpfl_perfbuf_open(int map_fd, const struct bpfl_perfbuf_opts *opts, struct bpfl_perfbuf **ret_perf,
			       struct bpfl_error *err);
/* Takes the rings out of the map and frees them. NULL is fine. */
BPFL_API void bpfl_perfbuf_close(struct bpfl_perfbuf *perf);
/*
 * Return: an epoll(7) descriptor over all CPUs, owned by the buffer: readable when one of them has wakeup_bytes.
 */
BPFL_API int bpfl_perfbuf_fd(const struct bpfl_perfbuf *perf);
/*
 * Delivers what waits, CPU by CPU, at most max records (0: no limit). lost_fn may be NULL. Return: as
 * bpfl_ringbuf_consume().
 */
BPFL_API int64_t bpfl_perfbuf_consume(struct bpfl_perfbuf *perf, uint64_t max, bpfl_record_fn fn, bpfl_lost_fn lost_fn,
				      void *ctx, struct bpfl_error *err);
/*
 * Looks which CPUs are online now: opens rings for new ones and lets go of those that went, after their last records.
 * To be called about once a second where CPUs come and go.
 * Return: number of records delivered on the way, or as bpfl_perfbuf_consume().
 */
BPFL_API int64_t bpfl_perfbuf_refresh(struct bpfl_perfbuf *perf, bpfl_record_fn fn, bpfl_lost_fn lost_fn, void *ctx,
				      struct bpfl_error *err);
/*
 * Reports losses that are not in the rings yet: the kernel writes them there with the next record that fits,
 * which at the end never comes. Linux 6.0; nothing before. To be called after the last bpfl_perfbuf_consume(),
 * or what it reports is reported twice.
 */
BPFL_API void bpfl_perfbuf_lost(struct bpfl_perfbuf *perf, bpfl_lost_fn lost_fn, void *ctx);
/* Return: how many CPUs have a ring now. */
BPFL_API unsigned bpfl_perfbuf_nr_cpus(const struct bpfl_perfbuf *perf);

/* ---- user ring buffer: BPF_MAP_TYPE_USER_RINGBUF, Linux 6.1: from here to the programs ---- */

struct bpfl_user_ringbuf;

/*
 * Maps a user ring buffer into memory.
 * @map_fd: borrowed; must stay open as long as the ring is.
 * @ret_ring: to be given to bpfl_user_ringbuf_close().
 * Return: 0; -EINVAL (kind USAGE) for another type of map; what mmap(2) says.
 */
BPFL_API int bpfl_user_ringbuf_open(int map_fd, struct bpfl_user_ringbuf **ret_ring, struct bpfl_error *err);
/* Unmaps it. Programs stop in front of what was reserved and neither submitted nor discarded. NULL is fine. */
BPFL_API void bpfl_user_ringbuf_close(struct bpfl_user_ringbuf *ring);
/*
 * For poll(2) and epoll(7): writable while there is room; the kernel wakes when a program has drained the buffer.
 * Return: the map's descriptor, as it was given.
 */
BPFL_API int bpfl_user_ringbuf_fd(const struct bpfl_user_ringbuf *ring);
/*
 * Room for a record of size bytes, 8-byte aligned; the programs stop in front of it until it is submitted or discarded.
 * Records may be reserved and submitted in different threads if the caller serialises the reserving.
 * @ret_record: where to write; valid until it is submitted or discarded.
 * Return: 0; -ENOSPC: full now; -E2BIG: will never fit.
 */
BPFL_API int bpfl_user_ringbuf_reserve(struct bpfl_user_ringbuf *ring, size_t size, void **ret_record);
/*
 * The same, waiting for room.
 * @timeout_ms: milliseconds; < 0: without limit.
 * Return: 0; -ETIMEDOUT when there was none; -E2BIG.
 */
BPFL_API int bpfl_user_ringbuf_reserve_wait(struct bpfl_user_ringbuf *ring, size_t size, int timeout_ms,
					    void **ret_record);
/* Hands a reserved record to the programs, or has them skip it. @record: from one of the two above. */
BPFL_API void bpfl_user_ringbuf_submit(struct bpfl_user_ringbuf *ring, void *record);
BPFL_API void bpfl_user_ringbuf_discard(struct bpfl_user_ringbuf *ring, void *record);

/* ---- streams: what a program prints into its own stdout and stderr, Linux 6.17 ---- */

enum bpfl_stream { BPFL_STREAM_STDOUT = 1, BPFL_STREAM_STDERR = 2 };
/*
 * Delivers what waits in a program's stream, in pieces of up to 4 KiB of text. There is nothing to poll: ask
 * now and then.
 * Return: number of bytes; what fn returned; -EOPNOTSUPP (kind UNSUPPORTED) before Linux 6.17.
 */
BPFL_API int64_t bpfl_prog_stream_read(int prog_fd, enum bpfl_stream stream, bpfl_record_fn fn, void *ctx,
				       struct bpfl_error *err);

/* ---- everything of one object ---- */

struct bpfl_events;

enum bpfl_record_kind {
	BPFL_RECORD_DATA,	   /* data and size: what a program sent */
	BPFL_RECORD_LOST,	   /* nr_lost records are missing */
	BPFL_RECORD_STREAM_STDOUT, /* text of a program; data and size */
	BPFL_RECORD_STREAM_STDERR,
};

struct bpfl_record {
	enum bpfl_record_kind kind;
	/* the map's name, or the program's for a stream; for counters of the object, the counter's */
	const char *source;
	size_t source_idx;  /* its index in the spec */
	int cpu;	    /* -1 when it is not known */
	const void *data;
	size_t size; /* from a perf buffer up to 7 bytes more than were sent: the kernel pads */
	uint64_t nr_lost;
};
/* Return: 0 to go on; a negative value to stop. */
typedef int (*bpfl_event_fn)(void *ctx, const struct bpfl_record *record);

struct bpfl_events_opts {
	size_t size;		  /* sizeof(struct bpfl_events_opts) */
	size_t perf_bytes;	  /* as in struct bpfl_perfbuf_opts */
	uint32_t perf_wakeup_bytes;
	/* how long a record may wait that wakes nobody (of perf buffers, streams, with BPF_RB_NO_WAKEUP); 0: 50 ms */
	uint64_t flush_ns;
	struct bpfl_log log;	  /* hears, as a warning, when a ring is nearly full */
};

/*
 * Opens what a loaded object sends through: ring buffers, perf event arrays that its programs write to, streams
 * of programs that print into them.
 * @object: must outlive the events.
 * @opts: may be NULL.
 * @ret_events: to be given to bpfl_events_close().
 * Return: 0, also when there is nothing to read (see bpfl_events_nr_sources()); -errno as of the functions above.
 */
BPFL_API int bpfl_events_open(const struct bpfl_object *object, const struct bpfl_events_opts *opts,
			      struct bpfl_events **ret_events, struct bpfl_error *err);
struct bpfl_map;
/*
 * The same for one ring buffer or perf event array that somebody else loaded. What is read from it is gone for
 * its own reader, and two readers at the same time break each other: see bpfl_map_reader().
 * @map: must outlive the events. Records have source_idx 0.
 * @name: what records name as their source; NULL: the kernel's name of the map. Borrowed until the events are closed.
 * Return: as bpfl_events_open(); -EINVAL (kind USAGE) for another kind of map.
 */
BPFL_API int bpfl_events_open_map(const struct bpfl_map *map, const char *name, const struct bpfl_events_opts *opts,
				  struct bpfl_events **ret_events, struct bpfl_error *err);
/*
 * Whether another process reads a ring buffer or perf event array: one that holds it open and has such a buffer
 * mapped for reading. A process that holds several such maps and reads one of them is named too.
 * @ret_pid, @ret_comm: the process, and its name, of at most comm_size bytes with the NUL; written when there is one.
 * Return: 1; 0: none was seen; -errno of listing the maps of this system (PERMISSION).
 */
BPFL_API int bpfl_map_reader(const struct bpfl_map *map, int *ret_pid, char *ret_comm, size_t comm_size,
			     struct bpfl_error *err);
/* NULL is fine. Before the object, or the map, is closed. */
BPFL_API void bpfl_events_close(struct bpfl_events *events);
/* Return: how many maps and streams are read. */
BPFL_API size_t bpfl_events_nr_sources(const struct bpfl_events *events);
/*
 * For poll(2) and epoll(7): readable when bpfl_events_consume() should be called.
 * Return: a descriptor, owned by the events.
 */
BPFL_API int bpfl_events_fd(const struct bpfl_events *events);
/*
 * Waits, then consumes.
 * @timeout_ms: milliseconds; < 0: without limit.
 * Return: number of records (0: time is up, or a signal came), or as bpfl_events_consume().
 */
BPFL_API int64_t bpfl_events_poll(struct bpfl_events *events, int timeout_ms, bpfl_event_fn fn, void *ctx,
				  struct bpfl_error *err);
/*
 * Delivers what waits in all sources, without blocking; a flood is cut into portions.
 * Return: number of records; what fn returned when that was negative; -errno.
 */
BPFL_API int64_t bpfl_events_consume(struct bpfl_events *events, bpfl_event_fn fn, void *ctx, struct bpfl_error *err);
/*
 * At the end: delivers the last records of all sources, then what the object counted as lost by itself: a map
 * or a variable named MAP_lost or MAP_dropped, or a variable named lost or dropped, as LOST records. Programs
 * should be detached.
 * Return: as bpfl_events_consume().
 */
BPFL_API int64_t bpfl_events_finish(struct bpfl_events *events, bpfl_event_fn fn, void *ctx, struct bpfl_error *err);

#ifdef __cplusplus
}
#endif

#endif
