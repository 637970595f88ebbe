/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/http: a web server for one page of text.
 */
#ifndef BPFLOAD_CLI_HTTP_H
#define BPFLOAD_CLI_HTTP_H

#include "cli.h"

struct http;

/* Makes the page "/metrics": malloc'ed text. 0, or -errno: the reader is told 500. */
typedef int (*http_page_fn)(void *ctx, char **ret_text);

struct http_opts {
	http_page_fn page;
	void *ctx;
	const char *page_type; /* Content-Type */
	unsigned timeout_ms; /* for a request, from its first byte to its last, and for taking the answer; 0: 10 s */
};

/*
 * Listens. where: "PORT", "ADDR:PORT", "[IPV6]:PORT"; without an address loopback; port 0: one that is free.
 * 0; -EINVAL (kind USAGE) for words that are no address; -errno (kind TARGET: in use, not an address of this
 * machine; PERMISSION).
 */
int http_open(const char *where, const struct http_opts *opts, struct http **ret_http, struct bpfl_error *err);
void http_close(struct http *http);
/* "http://127.0.0.1:9435/metrics" */
const char *http_url(const struct http *http);
/* For poll(2): readable when http_serve() should be called. */
int http_fd(const struct http *http);
/* Does what can be done without waiting. */
void http_serve(struct http *http);

#endif
