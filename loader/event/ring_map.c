/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/ring_map.c: a ring buffer's pages, mapped; in both directions.
 *
 * The map's memory is a page with the consumer's position, a page with the producers' position, and the data,
 * which the kernel maps twice in a row. Whoever is not the kernel may write his own part only: the reader of a
 * ring buffer the first page, the writer of a user ring buffer all the rest. The kernel refuses other
 * protections with EPERM.
 */
#include "event/ring.h"

#include <errno.h>
#include <sys/mman.h>
#include "base/error.h"
#include "spec/section.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/facts.h"

int bpfl_ring_map_init(struct bpfl_ring_map *ring, int fd, uint32_t type, struct bpfl_error *err)
{
	bool is_user = type == BPFL_MAP_TYPE_USER_RINGBUF;
	const char *kind = is_user ? "user ring buffer" : "ring buffer";
	struct bpfl_map_info info = { 0 };
	uint32_t info_size = sizeof(info);
	int ret = bpfl_sys_obj_info(fd, &info, &info_size);

	if (ret < 0)
		return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "what map is it: %s", bpfl_errno_text(-ret));
	if (info.type != type)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "the map is of type %u, not a %s", info.type, kind);
	*ring = (struct bpfl_ring_map){ .fd = fd, .page_size = bpfl_facts_page_size() };
	/* max_entries is at most 2^31, so on 32 bits this sum is what could overflow. */
	if (info.max_entries > (SIZE_MAX - ring->page_size) / 2) {
		ret = -EFBIG;
		goto fail;
	}
	ring->producer_size = ring->page_size + 2 * (size_t)info.max_entries;
	ret = bpfl_enter_mmap(NULL, ring->page_size, is_user ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0,
			      &ring->consumer_page);
	if (ret == 0)
		ret = bpfl_enter_mmap(NULL, ring->producer_size, is_user ? PROT_READ | PROT_WRITE : PROT_READ,
				      MAP_SHARED, fd, ring->page_size, &ring->producer_pages);
	if (ret < 0)
		goto fail;
	ring->view = (struct bpfl_ring_view){ ring->consumer_page, ring->producer_pages,
					      (uint8_t *)ring->producer_pages + ring->page_size, info.max_entries };
	return 0;
fail:
	bpfl_ring_map_deinit(ring);
	return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "mapping the %s: %s", kind, bpfl_errno_text(-ret));
}

void bpfl_ring_map_deinit(struct bpfl_ring_map *ring)
{
	if (ring->consumer_page)
		bpfl_enter_munmap(ring->consumer_page, ring->page_size);
	if (ring->producer_pages)
		bpfl_enter_munmap(ring->producer_pages, ring->producer_size);
	ring->consumer_page = ring->producer_pages = NULL;
}
