/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/ring: the two ring formats as plain memory, apart from where the memory comes from. Tests hand in rings
 * that they made themselves, with wrong lengths and positions.
 */
#ifndef BPFL_EVENT_RING_H
#define BPFL_EVENT_RING_H

#include "bpfload/ring.h"

/* A ring buffer's record header: u32 length and flags, u32 page offset (the kernel's own). */
#define BPFL_RING_HEADER_SIZE 8u
#define BPFL_RING_BUSY (1u << 31)
#define BPFL_RING_DISCARD (1u << 30)
/* From this size on, records are asked for ahead: the processor does not foresee steps of several cache lines. */
#define BPFL_PREFETCH_SIZE 128u
#define BPFL_RING_LEN_MASK (BPFL_RING_DISCARD - 1)

/*
 * Returns size. Where the next record begins depends on how long this one is, so a reader waits for each length
 * in turn. Records are mostly as long as the one before: then this returns what is known already, and the
 * processor, which foresees the branch, reads several records at the same time. The empty asm keeps the
 * compiler from noticing that both are the same number.
 */
static inline uint32_t bpfl_guess_size(uint32_t size, uint32_t *guess)
{
	if (size == *guess)
		__asm__("" : "+r"(*guess));
	else
		*guess = size;
	return *guess;
}

/* Positions are the kernel's unsigned long: they wrap at 4 GiB on 32-bit machines, and only their differences count. */
struct bpfl_ring_view {
	unsigned long *consumer_pos;
	unsigned long *producer_pos;
	uint8_t *data; /* size bytes, and the same again behind them */
	unsigned long size; /* power of two */
};

/* A ring buffer of the kernel in memory. */
struct bpfl_ring_map {
	struct bpfl_ring_view view;
	int fd; /* of the map, borrowed */
	void *consumer_page, *producer_pages;
	size_t page_size, producer_size; /* bytes of the mappings */
};

/*
 * type: BPFL_MAP_TYPE_RINGBUF, whose consumer's page is ours to write, or BPFL_MAP_TYPE_USER_RINGBUF, whose
 * other pages are. After a failure there is nothing to undo.
 */
int bpfl_ring_map_init(struct bpfl_ring_map *ring, int fd, uint32_t type, struct bpfl_error *err);
void bpfl_ring_map_deinit(struct bpfl_ring_map *ring);

/* Number of records, what fn returned, or -EBADMSG. */
int64_t bpfl_ring_view_consume(const struct bpfl_ring_view *ring, uint64_t max, bpfl_record_fn fn, void *ctx);

/* A user ring buffer's producer side. 0, -ENOSPC, -E2BIG. */
int bpfl_ring_view_reserve(const struct bpfl_ring_view *ring, size_t size, void **ret_record);
void bpfl_ring_view_commit(void *record, bool discard);

struct bpfl_perf_view {
	uint64_t *head, *tail;
	const uint8_t *data; /* size bytes */
	uint64_t size; /* power of two */
	int cpu;
	uint64_t *reported; /* losses found in the ring are added here */
};

#define BPFL_PERF_SCRATCH_SIZE 65536u /* a record's size is 16 bits wide */

/* scratch: BPFL_PERF_SCRATCH_SIZE bytes, for records that wrap. Number of records, what fn returned, or -EBADMSG. */
int64_t bpfl_perf_view_consume(const struct bpfl_perf_view *ring, uint8_t *scratch, uint64_t max, bpfl_record_fn fn,
			       bpfl_lost_fn lost_fn, void *ctx);

#endif
