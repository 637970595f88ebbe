/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/redirect_words: the values of maps that packets are redirected by.
 */
#ifndef BPFL_EVENT_REDIRECT_WORDS_H
#define BPFL_EVENT_REDIRECT_WORDS_H

#include "base/json.h"
#include "kern/map_handle.h"

/* A devmap, devmap_hash or cpumap whose values have 4 bytes, or 8 with room for a program. */
bool bpfl_redirect_is(const struct bpfl_map *map);

/*
 * "IF[,prog=PROG]" of a devmap, "QUEUE_SIZE[,prog=PROG]" of a cpumap, into value (value_size bytes, zeroed). IF
 * is a name or a number, PROG 'id N' or the path of a pin.
 * ret_fd: the program's descriptor, which the value holds; the caller closes it when the element is written.
 * -1: no program.
 */
int bpfl_redirect_parse(const struct bpfl_map *map, const char *text, uint8_t *value, int *ret_fd,
			struct bpfl_error *err);

/*
 * The same words back, from a value that the kernel has filled in: PROG is 'id N'. An interface that has no
 * name (any more) is its number.
 */
void bpfl_redirect_put(const struct bpfl_map *map, const uint8_t *value, struct bpfl_buf *out);
/* {"ifindex":1,"interface":"lo","prog_id":7} or {"queue_size":192}. */
void bpfl_redirect_put_json(const struct bpfl_map *map, const uint8_t *value, struct bpfl_json *json);

#endif
