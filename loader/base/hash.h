/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/hash: name -> index.
 *
 * The keys are borrowed: the table keeps the pointer and the length, so the text must outlive the table and
 * must not move.
 * Open addressing; grows at 3/4. A key has at most one value; the first one put stays.
 */
#ifndef BPFL_BASE_HASH_H
#define BPFL_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct bpfl_hash_slot {
	const char *key; /* NULL: free */
	uint32_t key_len;
	uint32_t value;
};

struct bpfl_hash {
	struct bpfl_hash_slot *slots;
	size_t nr_slots; /* power of two, or 0 */
	size_t nr_used;
};

#define BPFL_HASH_INIT { NULL, 0, 0 }

void bpfl_hash_deinit(struct bpfl_hash *hash);
/* Room for nr keys in all, so that putting them does not grow the table step by step. 0 or -ENOMEM. */
int bpfl_hash_reserve(struct bpfl_hash *hash, size_t nr);
/* 0, -EEXIST when the key is there already (its value is unchanged), -ENOMEM. */
int bpfl_hash_put(struct bpfl_hash *hash, const char *key, size_t key_len, uint32_t value);
/* 0 and the value, or -ENOENT. */
int bpfl_hash_get(const struct bpfl_hash *hash, const char *key, size_t key_len, uint32_t *ret_value);

#endif
