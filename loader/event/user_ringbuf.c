/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/user_ringbuf.c: writing into a user ring buffer (Linux 6.1), which a program empties with
 * bpf_user_ringbuf_drain().
 *
 * The mirror image of event/ringbuf.c: here the producers' position and the data are ours, the consumer's is
 * the kernel's. The kernel checks every header it reads: a length that leaves the buffer ends its draining. It
 * stops at a record with the busy bit.
 */
#include "event/ring.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include "base/error.h"
#include "spec/section.h"
#include "sys/enter.h"

struct bpfl_user_ringbuf {
	struct bpfl_ring_map map;
};

int bpfl_ring_view_reserve(const struct bpfl_ring_view *ring, size_t size, void **ret_record)
{
	/* Acquire: what the program has read is free only after it has read it. */
	unsigned long consumer = __atomic_load_n(ring->consumer_pos, __ATOMIC_ACQUIRE);
	unsigned long producer = __atomic_load_n(ring->producer_pos, __ATOMIC_RELAXED);
	unsigned long used = producer - consumer, step;
	uint32_t *header;

	if (size > BPFL_RING_LEN_MASK || size > ring->size - BPFL_RING_HEADER_SIZE)
		return -E2BIG;
	step = ((unsigned long)size + BPFL_RING_HEADER_SIZE + 7) & ~7ul;
	if (used > ring->size || step > ring->size - used)
		return -ENOSPC;
	header = (uint32_t *)(void *)(ring->data + (producer & (ring->size - 1)));
	header[0] = (uint32_t)size | BPFL_RING_BUSY;
	header[1] = 0;
	__atomic_store_n(ring->producer_pos, producer + step, __ATOMIC_RELEASE);
	*ret_record = header + 2;
	return 0;
}

void bpfl_ring_view_commit(void *record, bool discard)
{
	uint32_t *header = (uint32_t *)record - 2;
	uint32_t size = header[0] & BPFL_RING_LEN_MASK;

	__atomic_store_n(header, size | (discard ? BPFL_RING_DISCARD : 0), __ATOMIC_RELEASE);
}

int bpfl_user_ringbuf_open(int map_fd, struct bpfl_user_ringbuf **ret_ring, struct bpfl_error *err)
{
	struct bpfl_user_ringbuf *ring = calloc(1, sizeof(*ring));
	int ret = ring ? bpfl_ring_map_init(&ring->map, map_fd, BPFL_MAP_TYPE_USER_RINGBUF, err)
		       : bpfl_error_nomem(err);

	if (ret < 0) {
		free(ring);
		return ret;
	}
	*ret_ring = ring;
	return 0;
}

void bpfl_user_ringbuf_close(struct bpfl_user_ringbuf *ring)
{
	if (!ring)
		return;
	bpfl_ring_map_deinit(&ring->map);
	free(ring);
}

int bpfl_user_ringbuf_fd(const struct bpfl_user_ringbuf *ring)
{
	return ring->map.fd;
}

int bpfl_user_ringbuf_reserve(struct bpfl_user_ringbuf *ring, size_t size, void **ret_record)
{
	return bpfl_ring_view_reserve(&ring->map.view, size, ret_record);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int bpfl_user_ringbuf_reserve_wait(struct bpfl_user_ringbuf *ring, size_t size, int timeout_ms, void **ret_record)
{
	int64_t end = now_ms() + timeout_ms;

	for (;;) {
		struct pollfd fd = { ring->map.fd, POLLOUT, 0 };
		int ret = bpfl_ring_view_reserve(&ring->map.view, size, ret_record);
		int64_t left = end - now_ms();

		if (ret != -ENOSPC)
			return ret;
		if (timeout_ms >= 0 && left <= 0)
			return -ETIMEDOUT;
		/* Writable means any room at all: with room for a small record only, this would spin. */
		if (bpfl_enter_poll(&fd, 1, 0) > 0)
			ret = bpfl_enter_poll(NULL, 0, 1);
		else
			ret = bpfl_enter_poll(&fd, 1, timeout_ms < 0 ? -1 : (int)left);
		if (ret < 0 && ret != -EINTR)
			return ret;
	}
}

void bpfl_user_ringbuf_submit(struct bpfl_user_ringbuf *ring, void *record)
{
	(void)ring;
	bpfl_ring_view_commit(record, false);
}

void bpfl_user_ringbuf_discard(struct bpfl_user_ringbuf *ring, void *record)
{
	(void)ring;
	bpfl_ring_view_commit(record, true);
}
