/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/info: what is in the kernel (include/bpfload/inspect.h).
 *
 *     info.c        walks the ids of each kind and asks for their infos
 *     info_link.c   what a link holds on to, in words
 *     info_place.c  names for the numbers in that
 *     info_owner.c  which processes have it open, where it is pinned, what it belongs to
 *     info_text.c   lines and JSON
 */
#ifndef BPFL_KERN_INFO_H
#define BPFL_KERN_INFO_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "bpfload/inspect.h"

struct bpfl_live { /* one row */
	enum bpfl_live_kind kind;
	uint32_t id, prog_id, btf_id, key_size, value_size, max_entries, flags;
	uint64_t size_bytes;
	uint8_t tag[8];
	char name[64];
	char type[32];
	char *detail; /* owned, NULL none */
	char *metadata, *metadata_json; /* of a program: "purpose=\"count\"", and as an object; owned, NULL none */
	char *object; /* owned, NULL none */
	BPFL_VEC(uint32_t) map_ids;
	BPFL_VEC(char *) pins; /* owned paths */
	BPFL_VEC(struct bpfl_holder) holders; /* comm owned */
};

struct bpfl_listing {
	BPFL_VEC(struct bpfl_live) rows; /* by kind, then id */
};

/* The row with that id, or NULL. */
struct bpfl_live *bpfl_listing_find(const struct bpfl_listing *listing, enum bpfl_live_kind kind, uint32_t id);
/* Fills metadata of a program whose map_ids are known. What cannot be read is left out. */
void bpfl_listing_metadata(struct bpfl_live *row);
/* Fills type, prog_id, detail and map_ids of a link. 0 or -errno. */
int bpfl_listing_link(struct bpfl_live *row, int fd);
/* Names for the places of links (info_place.c): true and out written when it is certain. */
#define BPFL_PLACE_IF_SIZE 16
/* attach_type 0: xdp, which is known by its program. */
bool bpfl_place_interface(uint32_t ifindex, uint32_t attach_type, uint32_t link_id, uint32_t prog_id,
			  char out[BPFL_PLACE_IF_SIZE]);
bool bpfl_place_cgroup(uint64_t cgroup_id, char *out, size_t size);
bool bpfl_place_function(uint32_t btf_obj_id, uint32_t type_id, char *out, size_t size);
/* Fills pins, holders and object of all rows. What cannot be read is left out. 0 or -ENOMEM. */
int bpfl_listing_owners(struct bpfl_listing *listing);

#endif
