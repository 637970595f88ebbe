/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/map_prefix.c: keys, and among them those of a trie, which people write as 10.0.0.0/8.
 *
 * A trie's key is a length in bits and then bytes, the most significant first: struct bpf_lpm_trie_key, or what
 * the object calls it. Four or sixteen bytes are an address. With a type of its own such a key could be shown as
 * {prefixlen=8,addr=10}, where the address is a number that nobody knows again; as text it is 10.0.0.0/8, and JSON
 * has both. Either way of writing is understood.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include "base/text.h"
#include "event/map_print.h"

/* ---- reading ---- */

int bpfl_map_prefix_parse(const struct bpfl_map *map, const char *text, uint8_t *key, struct bpfl_error *err)
{
	char address[64];
	size_t text_size = strcspn(text, "/"), address_size = map->key_size - sizeof(uint32_t);
	uint64_t bits, bits_max = address_size * 8;
	uint8_t bytes[16];
	uint32_t prefix_len;

	if (map->type != BPFL_MAP_TYPE_LPM_TRIE || (address_size != 4 && address_size != 16) ||
	    text_size >= sizeof(address))
		return 0;
	memcpy(address, text, text_size);
	address[text_size] = '\0';
	if (inet_pton(address_size == 4 ? AF_INET : AF_INET6, address, bytes) != 1)
		return 0;
	if (text[text_size] != '/' || bpfl_text_to_u64(text + text_size + 1, &bits) < 0 || bits > bits_max) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "key: '%s' has no length of 0 to %u bits behind a slash",
			       BPFL_ESC(text), (unsigned)bits_max);
		bpfl_error_fix(err, "%s/%u is this address alone", address, (unsigned)bits_max);
		return -EINVAL;
	}
	prefix_len = (uint32_t)bits;
	memcpy(key, &prefix_len, sizeof(prefix_len));
	memcpy(key + sizeof(prefix_len), bytes, address_size);
	return 1;
}

/* ---- showing ---- */

/* What addresses are kept in: a number, an array of numbers, the C library's structs. */
static bool is_address(const struct bpfl_btf *btf, uint32_t type_id, uint32_t size)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, NULL);
	const char *name;
	uint32_t own = 0;

	if (bpfl_btf_size(btf, type_id, &own) < 0 || own != size || (size != 4 && size != 16))
		return false;
	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_INT:
		return size == 4;
	case BPFL_KIND_ARRAY:
		return bpfl_btf_kind(bpfl_btf_skip_modifiers(btf, bpfl_btf_array(type)->type, NULL)) == BPFL_KIND_INT &&
		       !bpfl_btf_is_char(btf, bpfl_btf_array(type)->type);
	case BPFL_KIND_STRUCT:
		name = bpfl_btf_string(btf, type->name_off);
		return strcmp(name, "in_addr") == 0 || strcmp(name, "in6_addr") == 0;
	default:
		return false;
	}
}

/* "struct { u32 prefixlen; u32 addr; }" */
static bool is_typed_prefix(const struct bpfl_map *map)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(map->btf, map->key_type_id, NULL);
	const struct bpfl_btf_member *members = bpfl_btf_members(type);
	uint32_t size = 0;

	return bpfl_btf_kind(type) == BPFL_KIND_STRUCT && bpfl_btf_vlen(type) == 2 &&
	       bpfl_btf_kind(bpfl_btf_skip_modifiers(map->btf, members[0].type, NULL)) == BPFL_KIND_INT &&
	       bpfl_btf_size(map->btf, members[0].type, &size) == 0 && size == sizeof(uint32_t) &&
	       bpfl_btf_member_bit_off(type, 1) == 32 && bpfl_btf_member_bit_size(type, 0) == 0 &&
	       is_address(map->btf, members[1].type, map->key_size - (uint32_t)sizeof(uint32_t));
}

/* The length in bits, and the bytes that it is of: of a type that says no more than that, or of none. */
bool bpfl_map_key_is_prefix(const struct bpfl_map *map)
{
	return map->type == BPFL_MAP_TYPE_LPM_TRIE && map->key_size > sizeof(uint32_t) &&
	       (!bpfl_map_type_fits(map, map->key_type_id, map->key_size) || is_typed_prefix(map));
}

static void prefix_text(const struct bpfl_map *map, const uint8_t *key, struct bpfl_buf *out)
{
	size_t size = map->key_size - sizeof(uint32_t);
	const uint8_t *address = key + sizeof(uint32_t);
	char text[INET6_ADDRSTRLEN];
	uint32_t nr_bits;

	memcpy(&nr_bits, key, sizeof(nr_bits));
	if ((size == 4 || size == 16) && inet_ntop(size == 4 ? AF_INET : AF_INET6, address, text, sizeof(text))) {
		bpfl_buf_text(out, text);
	} else {
		for (size_t i = 0; i < size; i++)
			bpfl_buf_printf(out, "%02x", address[i]);
	}
	bpfl_buf_printf(out, "/%u", nr_bits);
}

void bpfl_map_put_key(const struct bpfl_map *map, const uint8_t *key, struct bpfl_buf *out)
{
	if (bpfl_map_key_is_prefix(map))
		prefix_text(map, key, out);
	else
		bpfl_map_put_text(map, map->key_type_id, key, map->key_size, out);
}

void bpfl_map_put_key_json(const struct bpfl_map *map, const uint8_t *key, struct bpfl_json *json)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	bool is_prefix = bpfl_map_key_is_prefix(map);
	bool is_typed = bpfl_map_type_fits(map, map->key_type_id, map->key_size);

	bpfl_json_key(json, "key");
	if (!is_prefix || is_typed)
		bpfl_map_put_json(map, map->key_type_id, key, map->key_size, json);
	if (!is_prefix)
		return;
	if (is_typed)
		bpfl_json_key(json, "prefix");
	prefix_text(map, key, &text);
	bpfl_json_string(json, text.data ? text.data : "");
	bpfl_buf_deinit(&text);
}
