/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/feed: lines of a file become records of a user ring buffer.
 */
#ifndef FEED_H
#define FEED_H

#include "cli.h"

struct feed;

/* *ret_feed stays NULL without --feed; after a failure it is to be closed all the same. */
int feed_open(const struct options *options, const struct bpfl_object *object, struct out *out, struct feed **ret_feed,
	      struct bpfl_error *err);
/* NULL is fine, here and below. */
void feed_close(struct feed *feed);
/* For poll(2), POLLIN; -1: nothing to wait for. */
int feed_fd(const struct feed *feed);
/* How soon to call feed_read() again whatever poll says; -1: not. */
int feed_wait_ms(const struct feed *feed);
void feed_read(struct feed *feed);

#endif
