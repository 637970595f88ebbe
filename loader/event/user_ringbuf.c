/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/user_ringbuf.c: writing into a user ring buffer (Linux 6.1), which a program empties with bpf_user_ringbuf_drain().
 *
 * The mirror image of event/ringbuf.c: here the producers' position and the data are ours, the consumer's is the kernel's. The
 * kernel checks every header it reads: a length that leaves the buffer ends its draining. It stops at a record with the busy bit.
 */
#include "event/ring.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include "base/error.h"
#include "spec/section.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/facts.h"

struct bpfl_user_ringbuf {
	int map_fd; /* borrowed */
	struct bpfl_ring_view view;
	void *consumer_page, *producer_pages;
	size_t page_size, producer_size; /* bytes of the mappings */
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
	struct bpfl_map_info info = { 0 };
	uint32_t info_size = sizeof(info);
	struct bpfl_user_ringbuf *ring;
	uint8_t *base;
	int ret = bpfl_sys_obj_info(map_fd, &info, &info_size);

	if (ret < 0)
		return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "what map is it: %s", bpfl_errno_text(-ret));
	if (info.type != BPFL_MAP_TYPE_USER_RINGBUF)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "the map is of type %u, not a user ring buffer",
				      info.type);
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return bpfl_error_nomem(err);
	ring->map_fd = map_fd;
	ring->page_size = bpfl_facts_page_size();
	if (info.max_entries > (SIZE_MAX - ring->page_size) / 2) {
		ret = -EFBIG;
		goto fail;
	}
	ring->producer_size = ring->page_size + 2 * (size_t)info.max_entries;
	ret = bpfl_enter_mmap(NULL, ring->page_size, PROT_READ, MAP_SHARED, map_fd, 0, &ring->consumer_page);
	if (ret == 0)
		ret = bpfl_enter_mmap(NULL, ring->producer_size, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd,
				      ring->page_size, &ring->producer_pages);
	if (ret < 0)
		goto fail;
	base = ring->producer_pages;
	ring->view = (struct bpfl_ring_view){ ring->consumer_page, ring->producer_pages, base + ring->page_size,
					      info.max_entries };
	*ret_ring = ring;
	return 0;
fail:
	bpfl_user_ringbuf_close(ring);
	return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "mapping the user ring buffer: %s", bpfl_errno_text(-ret));
}

void bpfl_user_ringbuf_close(struct bpfl_user_ringbuf *ring)
{
	if (!ring)
		return;
	if (ring->consumer_page)
		bpfl_enter_munmap(ring->consumer_page, ring->page_size);
	if (ring->producer_pages)
		bpfl_enter_munmap(ring->producer_pages, ring->producer_size);
	free(ring);
}

int bpfl_user_ringbuf_fd(const struct bpfl_user_ringbuf *ring)
{
	return ring->map_fd;
}

int bpfl_user_ringbuf_reserve(struct bpfl_user_ringbuf *ring, size_t size, void **ret_record)
{
	return bpfl_ring_view_reserve(&ring->view, size, ret_record);
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
		struct pollfd fd = { ring->map_fd, POLLOUT, 0 };
		int ret = bpfl_ring_view_reserve(&ring->view, size, ret_record);
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
