/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/hash.c: open addressing with linear probing.
 *
 * The hash is FNV-1a with a final mix. Names come from untrusted files, and someone could choose many that
 * collide; the cost of that is bounded by the number of names that fit into a file, and probing stays correct.
 * A slot does not keep its hash: tables are mostly made in their final size, so that it would be read seldom
 * and take a third of the memory.
 */
#include "base/hash.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NR_SLOTS_MIN 16 /* a power of two */

static uint32_t hash_key(const char *key, size_t key_len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < key_len; i++)
		hash = (hash ^ (uint8_t)key[i]) * 16777619u;
	hash ^= hash >> 15;
	hash *= 0x2c1b3c6du;
	return hash ^ (hash >> 13);
}

void bpfl_hash_deinit(struct bpfl_hash *hash)
{
	free(hash->slots);
	memset(hash, 0, sizeof(*hash));
}

/* The slot that holds the key, or the free slot where it belongs. There is always a free slot. */
static struct bpfl_hash_slot *slot_of(const struct bpfl_hash *hash, const char *key, size_t key_len,
				      uint32_t hash_value)
{
	size_t mask = hash->nr_slots - 1;

	for (size_t i = hash_value & mask;; i = (i + 1) & mask) {
		struct bpfl_hash_slot *slot = &hash->slots[i];

		if (!slot->key)
			return slot;
		if (slot->key_len == key_len && memcmp(slot->key, key, key_len) == 0)
			return slot;
	}
}

static int hash_resize(struct bpfl_hash *hash, size_t nr_slots)
{
	struct bpfl_hash grown = { NULL, nr_slots, hash->nr_used };

	grown.slots = calloc(grown.nr_slots, sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	for (size_t i = 0; i < hash->nr_slots; i++) {
		const struct bpfl_hash_slot *old = &hash->slots[i];

		if (old->key)
			*slot_of(&grown, old->key, old->key_len, hash_key(old->key, old->key_len)) = *old;
	}
	free(hash->slots);
	*hash = grown;
	return 0;
}

static bool is_full(size_t nr_used, size_t nr_slots)
{
	return nr_used >= nr_slots / 4 * 3;
}

int bpfl_hash_reserve(struct bpfl_hash *hash, size_t nr)
{
	size_t nr_slots = hash->nr_slots ? hash->nr_slots : NR_SLOTS_MIN;

	if (nr > SIZE_MAX / 4 / sizeof(*hash->slots))
		return -ENOMEM;
	while (nr > 0 && is_full(nr - 1, nr_slots))
		nr_slots *= 2;
	return nr_slots > hash->nr_slots ? hash_resize(hash, nr_slots) : 0;
}

int bpfl_hash_put(struct bpfl_hash *hash, const char *key, size_t key_len, uint32_t value)
{
	uint32_t hash_value = hash_key(key, key_len);
	struct bpfl_hash_slot *slot;

	if (key_len > UINT32_MAX)
		return -ENOMEM;
	if (is_full(hash->nr_used, hash->nr_slots)) {
		int ret = hash_resize(hash, hash->nr_slots ? hash->nr_slots * 2 : NR_SLOTS_MIN);

		if (ret < 0)
			return ret;
	}
	slot = slot_of(hash, key, key_len, hash_value);
	if (slot->key)
		return -EEXIST;
	*slot = (struct bpfl_hash_slot){ key, (uint32_t)key_len, value };
	hash->nr_used++;
	return 0;
}

int bpfl_hash_get(const struct bpfl_hash *hash, const char *key, size_t key_len, uint32_t *ret_value)
{
	const struct bpfl_hash_slot *slot;

	if (hash->nr_used == 0)
		return -ENOENT;
	slot = slot_of(hash, key, key_len, hash_key(key, key_len));
	if (!slot->key)
		return -ENOENT;
	*ret_value = slot->value;
	return 0;
}
