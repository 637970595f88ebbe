/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/perfbuf.c: reading what bpf_perf_event_output() sends: one ring for each CPU.
 *
 * A perf event of the software kind BPF_OUTPUT (Linux 4.4) is opened on each CPU, mapped (a page with
 * positions, then the ring), and its descriptor put into the map at the CPU's number. A program on that CPU
 * writes samples into that ring. A full ring drops records and says so: a LOST record among the others.
 *
 * What costs is waking the reader. By default the kernel does so for each record: 0.1 million events a second.
 * Here it wakes when an eighth of the ring is full, and whoever reads looks by himself every now and then
 * (event/poll.c has a timer for it).
 *
 * CPUs come and go. One that is not there gives ENODEV and is left out. The kernel takes an event off a CPU
 * that goes away and does not put it back, so bpfl_perfbuf_refresh() compares with the list of online CPUs,
 * closes and opens.
 */
#include "event/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include "base/buf.h"
#include "base/error.h"
#include "sys/bpf.h"
#include "sys/facts.h"
#include "spec/section.h"
#include "sys/file.h"
#include "sys/perf.h"

#define BYTES_DEFAULT (256u << 10)
#define BYTES_MAX (1u << 30)
#define CPU_LIST_SIZE_MAX 65536u

struct cpu_ring {
	int fd; /* -1: no ring */
	void *pages;
	uint64_t reported;   /* records lost, as read from the ring */
	bool knows_lost;     /* the descriptor tells how many were lost (Linux 6.0) */
};

struct bpfl_perfbuf {
	int map_fd; /* borrowed */
	int epoll_fd;
	unsigned nr_slots; /* rings: by CPU number */
	struct cpu_ring *rings;
	size_t page_size, ring_bytes;
	uint32_t wakeup_bytes; /* 0: an eighth */
	uint8_t *scratch;
	bool *online; /* nr_slots of them, for refresh */
	struct bpfl_log log;
};

/* ---- the format ---- */

#define PERF_HEADER_SIZE 8u
#define PERF_DATA_OFF 12u /* of a sample: behind the header and its own size */
#define PERF_SAMPLE_SIZE_MIN 16u

/* A record that wraps, in one piece. */
static void put_together(const uint8_t *data, uint64_t mask, uint64_t pos, size_t size, uint8_t *scratch)
{
	uint64_t at = pos & mask;
	size_t first = (size_t)(mask + 1 - at);

	memcpy(scratch, data + at, first);
	memcpy(scratch + first, data, size - first);
}

/* A record that is no sample. Other kinds than LOST (THROTTLE) say nothing about records. False: it is broken. */
static bool take_other(const struct bpfl_perf_view *ring, const uint8_t *record, uint32_t type, size_t size,
		       bpfl_lost_fn lost_fn, void *ctx)
{
	uint64_t nr_lost;

	if (type != BPFL_PERF_RECORD_LOST)
		return true;
	if (size < PERF_HEADER_SIZE + 2 * sizeof(nr_lost))
		return false;
	memcpy(&nr_lost, record + PERF_HEADER_SIZE + sizeof(uint64_t), sizeof(nr_lost));
	*ring->reported += nr_lost;
	if (lost_fn)
		lost_fn(ctx, nr_lost, ring->cpu);
	return true;
}

/* What a run of records needs, and what became of it. */
struct run {
	const struct bpfl_perf_view *ring;
	bpfl_record_fn fn;
	bpfl_lost_fn lost_fn;
	void *ctx;
	uint64_t left; /* records that may still be delivered */
	int ret;       /* what fn said, or -EBADMSG */
};

/*
 * The records from record on, up to end, which no record crosses but perhaps the last. Return: where it
 * stopped: at end, at a record that crosses it or is broken, or, when it was told to, earlier (left is 0, or
 * ret is negative).
 */
static const uint8_t *take_run(struct run *run, const uint8_t *record, const uint8_t *end)
{
	const bpfl_record_fn fn = run->fn; /* copies: for all the compiler knows, fn could change these */
	void *const ctx = run->ctx;
	const int cpu = run->ring->cpu;
	uint64_t left = run->left;
	uint32_t guess = 0;
	int ret = 0;

	while (record != end) {
		struct bpfl_perf_header header;
		uint32_t size, data_size;

		memcpy(&header, record, sizeof(header));
		size = bpfl_guess_size(header.size, &guess);
		if (size < sizeof(header) || size % 8 != 0 || size > (size_t)(end - record))
			break;
		/* Records are mostly alike, so it is known where a later header will be; large ones wait for memory. */
		if (size >= BPFL_PREFETCH_SIZE)
			__builtin_prefetch(record + 4 * (size_t)size);
		if (header.type != BPFL_PERF_RECORD_SAMPLE) {
			if (!take_other(run->ring, record, header.type, size, run->lost_fn, ctx))
				break;
			record += size;
			continue;
		}
		if (size < PERF_SAMPLE_SIZE_MIN)
			break;
		memcpy(&data_size, record + PERF_HEADER_SIZE, sizeof(data_size));
		if (data_size > size - PERF_DATA_OFF)
			break;
		ret = fn(ctx, record + PERF_DATA_OFF, data_size, cpu);
		record += size;
		if (--left == 0 || ret < 0)
			break;
	}
	run->left = left;
	run->ret = ret < 0 ? ret : 0;
	return record;
}

/* A record that wraps, in one piece. False: it is broken, or longer than what was written. */
static bool take_wrapped(struct run *run, uint64_t pos, uint64_t bytes, uint8_t *scratch, uint64_t *ret_size)
{
	uint64_t mask = run->ring->size - 1;
	struct bpfl_perf_header header;

	memcpy(&header, run->ring->data + (pos & mask), sizeof(header));
	if (header.size > bytes || header.size <= mask + 1 - (pos & mask))
		return false;
	put_together(run->ring->data, mask, pos, header.size, scratch);
	*ret_size = header.size;
	return take_run(run, scratch, scratch + header.size) == scratch + header.size;
}

int64_t bpfl_perf_view_consume(const struct bpfl_perf_view *ring, uint8_t *scratch, uint64_t max, bpfl_record_fn fn,
			       bpfl_lost_fn lost_fn, void *ctx)
{
	struct run run = { ring, fn, lost_fn, ctx, max ? max : UINT64_MAX, 0 };
	uint64_t head = *(volatile uint64_t *)ring->head, pos = *ring->tail;

	/* What stands in front of head is complete once head has been seen. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (head - pos > ring->size || pos % 8 != 0 || head % 8 != 0)
		return -EBADMSG;
	max = run.left;
	while (pos != head && run.left > 0 && run.ret == 0) {
		uint64_t at = pos & (ring->size - 1), size = 0;
		uint64_t room = head - pos < ring->size - at ? head - pos : ring->size - at;
		const uint8_t *stop = take_run(&run, ring->data + at, ring->data + at + room);

		pos += (uint64_t)(stop - (ring->data + at));
		if (pos == head || run.left == 0 || run.ret < 0 || stop == ring->data + ring->size)
			continue;
		if (take_wrapped(&run, pos, head - pos, scratch, &size))
			pos += size;
		else
			run.ret = -EBADMSG;
	}
	/* All reading of the bytes comes before the kernel may overwrite them. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	*(volatile uint64_t *)ring->tail = pos;
	return run.ret < 0 ? run.ret : (int64_t)(max - run.left);
}

/* ---- rings of CPUs ---- */

static struct bpfl_perf_view view_of(const struct bpfl_perfbuf *perf, unsigned cpu)
{
	uint8_t *pages = perf->rings[cpu].pages;

	return (struct bpfl_perf_view){
		.head = (uint64_t *)(void *)(pages + BPFL_PERF_PAGE_HEAD),
		.tail = (uint64_t *)(void *)(pages + BPFL_PERF_PAGE_TAIL),
		.data = pages + perf->page_size,
		.size = perf->ring_bytes,
		.cpu = (int)cpu,
		.reported = &perf->rings[cpu].reported,
	};
}

/* Maps the first ring as large as it may be; all others are as large as the first. */
static int map_ring(struct bpfl_perfbuf *perf, int fd, bool may_shrink, void **ret_pages)
{
	for (;;) {
		int ret = bpfl_enter_mmap(NULL, perf->page_size + perf->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
					  fd, 0, ret_pages);

		if ((ret != -EPERM && ret != -ENOMEM) || !may_shrink || perf->ring_bytes <= perf->page_size)
			return ret;
		perf->ring_bytes /= 2;
		bpfl_log_line(&perf->log, BPFL_LOG_INFO,
			      "perf buffer: locking memory is limited, %zu bytes for each CPU", perf->ring_bytes);
	}
}

static unsigned nr_rings(const struct bpfl_perfbuf *perf)
{
	unsigned nr = 0;

	for (unsigned cpu = 0; cpu < perf->nr_slots; cpu++)
		nr += perf->rings[cpu].fd >= 0;
	return nr;
}

static void close_ring(struct bpfl_perfbuf *perf, unsigned cpu)
{
	struct cpu_ring *ring = &perf->rings[cpu];

	/* The map's entry holds the event by itself: closing our descriptor would not end it. */
	if (ring->fd >= 0)
		bpfl_sys_map_delete(perf->map_fd, &cpu);
	if (ring->pages)
		bpfl_enter_munmap(ring->pages, perf->page_size + perf->ring_bytes);
	bpfl_enter_close(ring->fd);
	ring->pages = NULL;
	ring->fd = -1;
}

/* -ENODEV: that CPU is not there. */
static int open_ring(struct bpfl_perfbuf *perf, unsigned cpu)
{
	struct bpfl_perf_attr attr = {
		.type = BPFL_PERF_TYPE_SOFTWARE,
		.config = BPFL_PERF_SW_BPF_OUTPUT,
		.sample_period = 1,
		.sample_type = BPFL_PERF_SAMPLE_RAW,
		.flag_bits = BPFL_PERF_FLAG_WATERMARK,
	};
	struct cpu_ring *ring = &perf->rings[cpu];
	uint32_t value;
	int ret;

	attr.wakeup_events = perf->wakeup_bytes ? perf->wakeup_bytes : (uint32_t)(perf->ring_bytes / 8);
	attr.read_format = BPFL_PERF_FORMAT_LOST;
	ret = bpfl_enter_perf_event_open(&attr, -1, (int)cpu, -1, 0);
	ring->knows_lost = ret >= 0;
	if (ret == -EINVAL) {
		attr.read_format = 0;
		ret = bpfl_enter_perf_event_open(&attr, -1, (int)cpu, -1, 0);
	}
	if (ret < 0)
		return ret;
	ring->fd = ret;
	ring->reported = 0;
	ret = map_ring(perf, ring->fd, nr_rings(perf) == 1, &ring->pages);
	if (ret == 0)
		ret = bpfl_enter_epoll_add(perf->epoll_fd, ring->fd, EPOLLIN);
	if (ret == 0) {
		value = (uint32_t)ring->fd;
		ret = bpfl_sys_map_update(perf->map_fd, &cpu, &value, 0);
	}
	if (ret < 0)
		close_ring(perf, cpu);
	return ret;
}

static int refused(int ret, unsigned cpu, struct bpfl_error *err)
{
	enum bpfl_error_kind kind = ret == -EPERM || ret == -EACCES ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM;

	bpfl_error_set(err, kind, -ret, "perf buffer of CPU %u: %s", cpu, bpfl_errno_text(-ret));
	if (kind == BPFL_ERR_PERMISSION)
		bpfl_error_fix(err, "needs CAP_PERFMON, or kernel.perf_event_paranoid below 1");
	return ret;
}

/* ---- open and close ---- */

static size_t ring_bytes(size_t wanted, size_t page_size)
{
	size_t bytes = page_size;

	if (wanted == 0)
		wanted = BYTES_DEFAULT;
	while (bytes < wanted && bytes < BYTES_MAX)
		bytes *= 2;
	return bytes;
}

static int open_rings(struct bpfl_perfbuf *perf, struct bpfl_error *err)
{
	for (unsigned cpu = 0; cpu < perf->nr_slots; cpu++) {
		int ret = open_ring(perf, cpu);

		if (ret < 0 && ret != -ENODEV)
			return refused(ret, cpu, err);
	}
	if (nr_rings(perf) == 0)
		return bpfl_error_set(err, BPFL_ERR_SYSTEM, ENODEV, "perf buffer: no CPU takes one");
	return 0;
}

static int allocate(struct bpfl_perfbuf *perf, uint32_t max_entries)
{
	unsigned nr_cpus = bpfl_facts_cpu_slots();

	perf->nr_slots = nr_cpus < max_entries ? nr_cpus : max_entries;
	if (perf->nr_slots < nr_cpus)
		bpfl_log_line(&perf->log, BPFL_LOG_WARN,
			      "perf buffer: the map has %u entries and there may be %u CPUs: the others are not heard",
			      max_entries, nr_cpus);
	perf->rings = calloc((size_t)perf->nr_slots + 1, sizeof(*perf->rings));
	perf->online = calloc((size_t)perf->nr_slots + 1, sizeof(*perf->online));
	perf->scratch = malloc(BPFL_PERF_SCRATCH_SIZE);
	if (!perf->rings || !perf->online || !perf->scratch) {
		perf->nr_slots = 0;
		return -ENOMEM;
	}
	for (unsigned cpu = 0; cpu < perf->nr_slots; cpu++)
		perf->rings[cpu].fd = -1;
	return 0;
}

int bpfl_perfbuf_open(int map_fd, const struct bpfl_perfbuf_opts *opts, struct bpfl_perfbuf **ret_perf,
		      struct bpfl_error *err)
{
	struct bpfl_map_info info = { 0 };
	uint32_t info_size = sizeof(info);
	struct bpfl_perfbuf *perf;
	int ret = bpfl_sys_obj_info(map_fd, &info, &info_size);

	if (ret < 0)
		return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "what map is it: %s", bpfl_errno_text(-ret));
	if (info.type != BPFL_MAP_TYPE_PERF_EVENT_ARRAY)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "the map is of type %u, not a perf event array",
				      info.type);
	perf = calloc(1, sizeof(*perf));
	if (!perf)
		return bpfl_error_nomem(err);
	perf->map_fd = map_fd;
	perf->epoll_fd = -1;
	perf->page_size = bpfl_facts_page_size();
	perf->ring_bytes = ring_bytes(opts ? opts->bytes_per_cpu : 0, perf->page_size);
	perf->wakeup_bytes = opts ? opts->wakeup_bytes : 0;
	if (opts)
		perf->log = opts->log;
	ret = allocate(perf, info.max_entries);
	if (ret == 0)
		ret = perf->epoll_fd = bpfl_enter_epoll_create();
	if (ret < 0)
		bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "perf buffer: %s", bpfl_errno_text(-ret));
	else
		ret = open_rings(perf, err);
	if (ret < 0) {
		bpfl_perfbuf_close(perf);
		return ret;
	}
	*ret_perf = perf;
	return 0;
}

void bpfl_perfbuf_close(struct bpfl_perfbuf *perf)
{
	if (!perf)
		return;
	for (unsigned cpu = 0; cpu < perf->nr_slots; cpu++)
		close_ring(perf, cpu);
	bpfl_enter_close(perf->epoll_fd);
	free(perf->rings);
	free(perf->online);
	free(perf->scratch);
	free(perf);
}

int bpfl_perfbuf_fd(const struct bpfl_perfbuf *perf)
{
	return perf->epoll_fd;
}

unsigned bpfl_perfbuf_nr_cpus(const struct bpfl_perfbuf *perf)
{
	return nr_rings(perf);
}

/* ---- reading ---- */

static int64_t consume_ring(struct bpfl_perfbuf *perf, unsigned cpu, uint64_t max, bpfl_record_fn fn,
			    bpfl_lost_fn lost_fn, void *ctx, struct bpfl_error *err)
{
	struct bpfl_perf_view view = view_of(perf, cpu);
	int64_t ret = bpfl_perf_view_consume(&view, perf->scratch, max, fn, lost_fn, ctx);

	if (ret == -EBADMSG)
		return bpfl_error_set(err, BPFL_ERR_SYSTEM, EBADMSG,
				      "the perf buffer of CPU %u is damaged at byte %llu", cpu,
				      (unsigned long long)*view.tail);
	return ret;
}

int64_t bpfl_perfbuf_consume(struct bpfl_perfbuf *perf, uint64_t max, bpfl_record_fn fn, bpfl_lost_fn lost_fn,
			     void *ctx, struct bpfl_error *err)
{
	uint64_t nr = 0;

	for (unsigned cpu = 0; cpu < perf->nr_slots && (max == 0 || nr < max); cpu++) {
		int64_t ret;

		if (perf->rings[cpu].fd < 0)
			continue;
		ret = consume_ring(perf, cpu, max ? max - nr : 0, fn, lost_fn, ctx, err);
		if (ret < 0)
			return ret;
		nr += (uint64_t)ret;
	}
	return (int64_t)nr;
}

void bpfl_perfbuf_lost(struct bpfl_perfbuf *perf, bpfl_lost_fn lost_fn, void *ctx)
{
	for (unsigned cpu = 0; cpu < perf->nr_slots; cpu++) {
		struct cpu_ring *ring = &perf->rings[cpu];
		uint64_t counts[2]; /* value, lost */

		if (ring->fd < 0 || !ring->knows_lost ||
		    bpfl_enter_read(ring->fd, counts, sizeof(counts)) != (ssize_t)sizeof(counts) ||
		    counts[1] <= ring->reported)
			continue;
		lost_fn(ctx, counts[1] - ring->reported, (int)cpu);
		ring->reported = counts[1];
	}
}

/* "0-3,5" into online[]. False when the kernel does not say: then nothing is known to have changed. */
static bool read_online(struct bpfl_perfbuf *perf)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	int ret = bpfl_file_read_virtual(AT_FDCWD, "/sys/devices/system/cpu/online", CPU_LIST_SIZE_MAX, &text);
	const char *at = ret < 0 || !text.data ? "" : text.data;

	memset(perf->online, 0, perf->nr_slots * sizeof(*perf->online));
	ret = *at >= '0' && *at <= '9';
	while (*at >= '0' && *at <= '9') {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long cpu = first; cpu <= last && cpu < perf->nr_slots; cpu++)
			perf->online[cpu] = true;
		at = *end == ',' ? end + 1 : end;
	}
	bpfl_buf_deinit(&text);
	return ret;
}

int64_t bpfl_perfbuf_refresh(struct bpfl_perfbuf *perf, bpfl_record_fn fn, bpfl_lost_fn lost_fn, void *ctx,
			     struct bpfl_error *err)
{
	int64_t nr = 0;

	if (!read_online(perf))
		return 0;
	for (unsigned cpu = 0; cpu < perf->nr_slots; cpu++) {
		bool has_ring = perf->rings[cpu].fd >= 0;
		int64_t ret;

		if (has_ring && !perf->online[cpu]) {
			ret = consume_ring(perf, cpu, 0, fn, lost_fn, ctx, err);
			close_ring(perf, cpu);
			bpfl_log_line(&perf->log, BPFL_LOG_INFO, "perf buffer: CPU %u has gone", cpu);
			if (ret < 0)
				return ret;
			nr += ret;
		} else if (!has_ring && perf->online[cpu]) {
			ret = open_ring(perf, cpu);
			if (ret < 0 && ret != -ENODEV) /* and when it went again at once */
				return refused((int)ret, cpu, err);
			if (ret == 0)
				bpfl_log_line(&perf->log, BPFL_LOG_INFO, "perf buffer: CPU %u has come", cpu);
		}
	}
	return nr;
}
