/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/map_print: what the files share that make words of maps.
 */
#ifndef BPFL_EVENT_MAP_PRINT_H
#define BPFL_EVENT_MAP_PRINT_H

#include "base/json.h"
#include "bpfload/btf.h"
#include "kern/map_handle.h"

enum bpfl_read_how {
	BPFL_READ_KEYS,	    /* elements with keys; what is not in the table */
	BPFL_READ_NEXT,	    /* no keys: what would come out next */
	BPFL_READ_MAP_IDS,  /* values are ids of maps */
	BPFL_READ_PROG_IDS, /* values are ids of programs */
	BPFL_READ_COOKIES,  /* sockets: a value of 8 bytes shows the cookie of each, another size nothing (ENOSPC) */
	BPFL_READ_MEMORY,   /* an arena: the variables of the object in it; words when it has none */
	BPFL_READ_NOTHING,  /* see words */
};

/* How a map is read; ret_words: for NOTHING, and COOKIES without 8 bytes, why. */
enum bpfl_read_how bpfl_map_how(const struct bpfl_map *map, const char **ret_words);

/* A number of 1, 2, 4 or 8 bytes; false for other sizes. And back: false when it does not fit. */
bool bpfl_bytes_number(const uint8_t *bytes, size_t size, uint64_t *ret);
bool bpfl_number_bytes(uint64_t number, uint8_t *bytes, size_t size);

/* Whether the type describes exactly so many bytes: else it would hide some. */
bool bpfl_map_type_fits(const struct bpfl_map *map, uint32_t type_id, size_t size);
/* A key or the value of one CPU. Without a type: a number, or bytes in hexadecimal. */
void bpfl_map_put_text(const struct bpfl_map *map, uint32_t type_id, const uint8_t *bytes, size_t size,
		       struct bpfl_buf *out);
/*
 * Whether keys are those of a trie and shown as "10.0.0.0/8": of a type { u32; an address of 4 or 16 bytes }, or
 * without a type ("0a00/8" then when it is no address).
 */
bool bpfl_map_key_is_prefix(const struct bpfl_map *map);
/*
 * "10.0.0.0/8", "2001:db8::/32" into a key. 1: done; 0: not such words, or no trie of addresses; an error for an
 * address whose length is missing or too large.
 */
int bpfl_map_prefix_parse(const struct bpfl_map *map, const char *text, uint8_t *key, struct bpfl_error *err);
void bpfl_map_put_key(const struct bpfl_map *map, const uint8_t *key, struct bpfl_buf *out);
/* "key":..., and beside the members of a typed prefix "prefix":"10.0.0.0/8". */
void bpfl_map_put_key_json(const struct bpfl_map *map, const uint8_t *key, struct bpfl_json *json);
void bpfl_map_put_json(const struct bpfl_map *map, uint32_t type_id, const uint8_t *bytes, size_t size,
		       struct bpfl_json *json);

/* Whether its one element is a section of variables. */
bool bpfl_map_is_section(const struct bpfl_map *map);
/* "my_pid", "cfg.port": where in such a section, inside of its value_size. -EINVAL, -ENOENT (kind USAGE). */
struct bpfl_btf_place;
int bpfl_map_variable_find(const struct bpfl_map *map, const char *name, struct bpfl_btf_place *ret_place,
			   uint32_t *ret_size, struct bpfl_error *err);

/* One element of a map, on its way into text. */
struct bpfl_map_print {
	const struct bpfl_map *map;
	enum bpfl_read_how how;
	struct bpfl_map_words opts;
	uint8_t *sum; /* room for one value, with opts.sum */
	const char *key_words; /* shown instead of the key; NULL: the key itself */
	struct bpfl_stack_sides *stacks; /* with opts.stacks */
	struct bpfl_buf *out;
	bpfl_write_fn write; /* takes what is in out, piece by piece; NULL: all of it stays there */
	void *write_ctx;
};
int bpfl_map_print_init(struct bpfl_map_print *print, const struct bpfl_map *map, const struct bpfl_map_words *opts,
			struct bpfl_buf *out, struct bpfl_error *err);
void bpfl_map_print_deinit(struct bpfl_map_print *print);
/* key NULL: none; value: value_bytes. */
void bpfl_map_print_element(const struct bpfl_map_print *print, const uint8_t *key, const uint8_t *value);

/*
 * Adds up the values of all CPUs: integers one by one, each in its size (what does not fit stays at the largest
 * number); of anything else (text, enums, pointers) the first CPU's that is not zero. ret: value_size bytes.
 * -EOPNOTSUPP (kind USAGE): no type, and not a number.
 */
int bpfl_map_sum(const struct bpfl_map *map, const uint8_t *values, uint8_t *ret, struct bpfl_error *err);

/* Begins {"v":1,"type":TYPE,"time":TIME,"map":NAME; time_json NULL: without. The end closes it and adds a newline. */
void bpfl_map_json_begin(const struct bpfl_map *map, const char *type, const char *time_json, struct bpfl_json *json,
			 struct bpfl_buf *out);
void bpfl_map_json_end(struct bpfl_json *json);

#endif
