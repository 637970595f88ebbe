/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/ringbuf.c: reading a BPF ring buffer (Linux 5.8).
 *
 * The map is a page with the consumer's position, which is ours to write; a page with the producers' position;
 * and the data, which the kernel maps twice in a row, so that a record at the end runs on into the second copy
 * and never wraps. A record is an 8-byte header and its bytes, rounded up to 8 together. A program reserves
 * (header with the busy bit), fills, and submits (busy bit off, perhaps the discard bit on).
 *
 * Order of the loads, which is all there is to get right: the producers' position with acquire, so that headers
 * up to it are there; each header with acquire, so that a record without the busy bit is complete. A busy
 * record stops the reading: records come in the order of their reservation.
 *
 * The consumer's position lies in a cache line that every producer reads. Writing it for each record makes that
 * line travel each time, so it is written once per RELEASE_BYTES and at the end. The kernel wakes a sleeper
 * when a record is submitted exactly at the consumer's position; between two writes that can be missed, but
 * nobody sleeps then, and poll(2) looks at the positions itself.
 */
#include "event/ring.h"

#include <errno.h>
#include <stdlib.h>
#include "base/error.h"
#include "spec/section.h"

#define RELEASE_BYTES 4096u

struct bpfl_ringbuf {
	struct bpfl_ring_map map;
};

int64_t bpfl_ring_view_consume(const struct bpfl_ring_view *ring, uint64_t max, bpfl_record_fn fn, void *ctx)
{
	const uint8_t *data = ring->data; /* a copy: for all the compiler knows, fn could change the ring */
	const unsigned long mask = ring->size - 1;
	const unsigned long step_max = ring->size / 8 < RELEASE_BYTES ? ring->size / 8 : RELEASE_BYTES;
	unsigned long pos = __atomic_load_n(ring->consumer_pos, __ATOMIC_RELAXED), released = pos, end;
	uint32_t guess = 0;
	uint64_t nr = 0;
	int64_t ret = 0;

	if (max == 0)
		max = UINT64_MAX;
	while ((end = __atomic_load_n(ring->producer_pos, __ATOMIC_ACQUIRE)) != pos) {
		if (end - pos > ring->size || pos % 8 != 0) {
			ret = -EBADMSG;
			goto out;
		}
		while (pos != end) {
			const uint8_t *record = data + (pos & mask);
			uint32_t header = __atomic_load_n((const uint32_t *)(const void *)record, __ATOMIC_ACQUIRE);
			uint32_t size = bpfl_guess_size(header & BPFL_RING_LEN_MASK, &guess);
			unsigned long step = ((unsigned long)size + BPFL_RING_HEADER_SIZE + 7) & ~7ul;

			if (header & BPFL_RING_BUSY)
				goto out;
			if (step > end - pos) { /* then it stays inside the second copy too */
				ret = -EBADMSG;
				goto out;
			}
			if (step >= BPFL_PREFETCH_SIZE) /* where a later header will be, if records are alike */
				__builtin_prefetch(data + ((pos + 4 * step) & mask));
			pos += step;
			if (!(header & BPFL_RING_DISCARD)) {
				ret = fn(ctx, record + BPFL_RING_HEADER_SIZE, size, -1);
				if (ret < 0 || ++nr == max)
					goto out;
			}
			if (pos - released >= step_max) {
				__atomic_store_n(ring->consumer_pos, pos, __ATOMIC_RELEASE);
				released = pos;
			}
		}
	}
out:
	if (pos != released)
		__atomic_store_n(ring->consumer_pos, pos, __ATOMIC_RELEASE);
	return ret < 0 ? ret : (int64_t)nr;
}

int bpfl_ringbuf_open(int map_fd, struct bpfl_ringbuf **ret_ring, struct bpfl_error *err)
{
	struct bpfl_ringbuf *ring = calloc(1, sizeof(*ring));
	int ret = ring ? bpfl_ring_map_init(&ring->map, map_fd, BPFL_MAP_TYPE_RINGBUF, err) : bpfl_error_nomem(err);

	if (ret < 0) {
		free(ring);
		return ret;
	}
	*ret_ring = ring;
	return 0;
}

void bpfl_ringbuf_close(struct bpfl_ringbuf *ring)
{
	if (!ring)
		return;
	bpfl_ring_map_deinit(&ring->map);
	free(ring);
}

int bpfl_ringbuf_fd(const struct bpfl_ringbuf *ring)
{
	return ring->map.fd;
}

int64_t bpfl_ringbuf_consume(struct bpfl_ringbuf *ring, uint64_t max, bpfl_record_fn fn, void *ctx,
			     struct bpfl_error *err)
{
	int64_t ret = bpfl_ring_view_consume(&ring->map.view, max, fn, ctx);
	struct bpfl_ring_state state;

	if (ret == -EBADMSG) {
		bpfl_ringbuf_state(ring, &state);
		return bpfl_error_set(err, BPFL_ERR_SYSTEM, EBADMSG,
				      "the ring buffer is damaged at byte %llu: a record leaves what was written (up to byte %llu)",
				      (unsigned long long)state.consumer_pos, (unsigned long long)state.producer_pos);
	}
	return ret;
}

void bpfl_ringbuf_state(const struct bpfl_ringbuf *ring, struct bpfl_ring_state *ret_state)
{
	unsigned long consumer = __atomic_load_n(ring->map.view.consumer_pos, __ATOMIC_ACQUIRE);
	unsigned long producer = __atomic_load_n(ring->map.view.producer_pos, __ATOMIC_ACQUIRE);

	*ret_state = (struct bpfl_ring_state){ ring->map.view.size, producer - consumer, consumer, producer };
}
