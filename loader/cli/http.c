/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/http.c: HTTP/1.0 and 1.1, as much as a monitoring system needs, and nothing that can hold up the loop
 * that it lives in.
 *
 * The loop polls one epoll(7) descriptor; http_serve() accepts, reads and writes without blocking. A connection
 * has a buffer of fixed size for the head of a request, and one answer at a time. It has ten seconds for a
 * request, counted from when it may begin to its last byte (so one byte a second does not help), and as many to
 * take the answer; then it is closed. There is a fixed number of connections: when all are taken, the next one
 * takes the place of the one that has least time left. GET and HEAD are answered, requests with a body are not:
 * the connection is closed behind every refusal, so that nothing that follows can be taken for a request of its own.
 */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NR_CONNS 32
#define HEAD_MAX 8192 /* bytes of a request up to its empty line */
#define TIMEOUT_DEFAULT_MS 10000
#define TICK_MS 250

#define WORD_LISTEN UINT32_MAX
#define WORD_TIMER (UINT32_MAX - 1)

struct conn {
	int fd; /* -1: free */
	char head[HEAD_MAX + 1];
	size_t head_size;
	char *answer; /* owned; NULL: reading */
	size_t answer_size, answer_sent;
	bool is_last; /* close when the answer is out */
	uint64_t deadline_ms;
};

struct http {
	struct http_opts opts;
	int epoll_fd, listen_fd, timer_fd;
	bool timer_runs;
	char url[96];
	struct conn conns[NR_CONNS];
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- opening ---- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "9435", "10.0.0.1:9435", "[::1]:9435", "localhost:9435". No name is looked up: that could take minutes. */
static int address_parse(const char *where, union address *address, socklen_t *ret_size, struct bpfl_error *err)
{
	const char *colon = strrchr(where, ':'), *port_text = colon ? colon + 1 : where;
	size_t len = colon ? (size_t)(colon - where) : 0;
	bool is_v6 = len > 2 && where[0] == '[' && where[len - 1] == ']';
	char host[64] = "127.0.0.1";
	uint64_t port;

	if (bpfl_text_to_u64(port_text, &port) < 0 || port > 65535)
		return out_usage(err,
				 "--export: '%.100s' does not end with a port: prom:9435, prom:10.0.0.1:9435, "
				 "prom:[::1]:9435",
				 where);
	if (len >= sizeof(host))
		return out_usage(err, "--export: '%.100s': too long for an address", where);
	if (is_v6)
		snprintf(host, sizeof(host), "%.*s", (int)len - 2, where + 1);
	else if (len > 0 && strncmp(where, "localhost:", 10) != 0)
		snprintf(host, sizeof(host), "%.*s", (int)len, where);
	memset(address, 0, sizeof(*address));
	if (is_v6 && inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1) {
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_port = htons((uint16_t)port);
		*ret_size = sizeof(address->v6);
		return 0;
	}
	if (!is_v6 && inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons((uint16_t)port);
		*ret_size = sizeof(address->v4);
		return 0;
	}
	out_usage(err, "--export: '%.63s' is not an IP address", host);
	snprintf(err->fix, sizeof(err->fix),
		 "0.0.0.0 is every IPv4 address of this machine, [::] every one; an IPv6 address stands in brackets");
	return -EINVAL;
}

static int listen_error(const char *where, int errnum, struct bpfl_error *err)
{
	out_errno(err, errnum, "--export: listening on '%.100s'", where);
	err->kind = errnum == EACCES                                  ? BPFL_ERR_PERMISSION
		    : errnum == EADDRINUSE || errnum == EADDRNOTAVAIL ? BPFL_ERR_TARGET
								      : BPFL_ERR_SYSTEM;
	if (errnum == EADDRINUSE)
		snprintf(err->fix, sizeof(err->fix),
			 "another process listens there: choose another port, or 0 for one that is free");
	if (errnum == EADDRNOTAVAIL)
		snprintf(err->fix, sizeof(err->fix),
			 "it is not an address of this machine: 0.0.0.0 is every one that it has");
	if (errnum == EACCES)
		snprintf(err->fix, sizeof(err->fix), "ports below 1024 need CAP_NET_BIND_SERVICE");
	return -errnum;
}

static void url_make(struct http *http)
{
	union address address;
	socklen_t size = sizeof(address);
	char host[INET6_ADDRSTRLEN] = "";

	if (getsockname(http->listen_fd, &address.any, &size) < 0)
		return;
	if (address.any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof(host));
		snprintf(http->url, sizeof(http->url), "http://[%s]:%u/metrics", host, ntohs(address.v6.sin6_port));
	} else {
		inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof(host));
		snprintf(http->url, sizeof(http->url), "http://%s:%u/metrics", host, ntohs(address.v4.sin_port));
	}
}

static int watch(const struct http *http, int op, int fd, uint32_t events, uint32_t word)
{
	struct epoll_event event = { .events = events, .data.u32 = word };

	return epoll_ctl(http->epoll_fd, op, fd, &event);
}

static bool socket_open(struct http *http, const union address *address, socklen_t size)
{
	int on = 1;

	http->listen_fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (http->listen_fd < 0)
		return false;
	/* A port that was ours a minute ago may be taken again. */
	setsockopt(http->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return bind(http->listen_fd, &address->any, size) == 0 && listen(http->listen_fd, 64) == 0;
}

int http_open(const char *where, const struct http_opts *opts, struct http **ret_http, struct bpfl_error *err)
{
	union address address;
	socklen_t size = 0;
	struct http *http;
	int ret = address_parse(where, &address, &size, err);
	bool ok;

	if (ret < 0)
		return ret;
	http = calloc(1, sizeof(*http));
	if (!http)
		return out_nomem(err);
	http->opts = *opts;
	if (http->opts.timeout_ms == 0)
		http->opts.timeout_ms = TIMEOUT_DEFAULT_MS;
	for (int i = 0; i < NR_CONNS; i++)
		http->conns[i].fd = -1;
	http->listen_fd = -1;
	http->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	http->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	ok = http->epoll_fd >= 0 && http->timer_fd >= 0 && socket_open(http, &address, size) &&
	     watch(http, EPOLL_CTL_ADD, http->listen_fd, EPOLLIN, WORD_LISTEN) == 0 &&
	     watch(http, EPOLL_CTL_ADD, http->timer_fd, EPOLLIN, WORD_TIMER) == 0;
	if (!ok) {
		ret = listen_error(where, errno, err);
		http_close(http);
		return ret;
	}
	url_make(http);
	*ret_http = http;
	return 0;
}

static void conn_close(struct conn *conn)
{
	if (conn->fd >= 0)
		close(conn->fd);
	free(conn->answer);
	conn->fd = -1;
	conn->answer = NULL;
	conn->head_size = 0;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	for (int i = 0; i < NR_CONNS; i++)
		conn_close(&http->conns[i]);
	if (http->listen_fd >= 0)
		close(http->listen_fd);
	if (http->timer_fd >= 0)
		close(http->timer_fd);
	if (http->epoll_fd >= 0)
		close(http->epoll_fd);
	free(http);
}

const char *http_url(const struct http *http)
{
	return http->url;
}

int http_fd(const struct http *http)
{
	return http ? http->epoll_fd : -1;
}

/* ---- answering ---- */

struct request {
	const char *method, *path;
	bool is_head, keeps;
};

static void answer(struct conn *conn, const struct request *request, const char *status, const char *type,
		   const char *more, const char *body)
{
	size_t size = strlen(body), room = size + 512;
	int used;

	conn->answer = malloc(room);
	conn->is_last = !request->keeps;
	if (!conn->answer) { /* there is nothing that it could be told */
		conn->answer_size = conn->answer_sent = 0;
		conn->is_last = true;
		return;
	}
	used = snprintf(conn->answer, room,
			"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%sConnection: %s\r\n\r\n%s", status,
			type, size, more, conn->is_last ? "close" : "keep-alive", request->is_head ? "" : body);
	conn->answer_size = (size_t)used;
	conn->answer_sent = 0;
}

static void refuse(struct conn *conn, struct request *request, const char *status, const char *more)
{
	char body[128];

	request->keeps = false;
	snprintf(body, sizeof(body), "%s\n", status);
	answer(conn, request, status, "text/plain; charset=utf-8", more, body);
}

static void page_answer(struct http *http, struct conn *conn, struct request *request)
{
	char *text = NULL;

	if (http->opts.page(http->opts.ctx, &text) < 0)
		refuse(conn, request, "500 Internal Server Error", "");
	else
		answer(conn, request, "200 OK", http->opts.page_type, "", text);
	free(text);
}

static void request_answer(struct http *http, struct conn *conn, struct request *request)
{
	size_t len = strcspn(request->path, "?");

	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
		refuse(conn, request, "405 Method Not Allowed", "Allow: GET, HEAD\r\n");
	else if (len == 8 && strncmp(request->path, "/metrics", len) == 0)
		page_answer(http, conn, request);
	else if (len == 1 && request->path[0] == '/')
		answer(conn, request, "200 OK", "text/plain; charset=utf-8", "",
		       "bpfload: metrics of BPF programs are at /metrics\n");
	else
		answer(conn, request, "404 Not Found", "text/plain; charset=utf-8", "",
		       "404 Not Found: metrics are at /metrics\n");
}

/* ---- requests ---- */

/* A line of the head: ended by LF, perhaps with CR before it, both of which become NULs. NULL: there is none. */
static char *line_take(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*at = end + 1;
	*end = '\0';
	if (end > line && end[-1] == '\r')
		end[-1] = '\0';
	return line;
}

static bool is_token(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", *text))
			return false;
	}
	return true;
}

/* "GET /metrics HTTP/1.1". The status of a refusal, or NULL. */
static const char *first_line(char *line, struct request *request)
{
	char *path = strchr(line, ' '), *version = path ? strchr(path + 1, ' ') : NULL;

	if (!version)
		return "400 Bad Request";
	*path++ = '\0';
	*version++ = '\0';
	request->method = line;
	request->path = path;
	request->is_head = strcmp(line, "HEAD") == 0;
	if (strncasecmp(path, "http://", 7) == 0 && strchr(path + 7, '/')) /* as proxies ask */
		request->path = path = strchr(path + 7, '/');
	if (!*line || !is_token(line) || path[0] != '/' || strncmp(version, "HTTP/", 5) != 0 || strlen(version) != 8 ||
	    version[6] != '.')
		return "400 Bad Request";
	if (version[5] != '1')
		return "505 HTTP Version Not Supported";
	request->keeps = version[7] != '0';
	return NULL;
}

/* What a header line means to us. The status of a refusal, or NULL. */
static const char *header_line(char *line, struct request *request, unsigned *nr_hosts)
{
	char *colon = strchr(line, ':'), *value;

	if (!colon || colon == line || line[0] == ' ' || line[0] == '\t')
		return "400 Bad Request";
	*colon = '\0';
	if (!is_token(line))
		return "400 Bad Request";
	value = colon + 1 + strspn(colon + 1, " \t");
	if (strcasecmp(line, "Host") == 0)
		*nr_hosts += 1;
	else if (strcasecmp(line, "Connection") == 0 && strcasestr(value, "close"))
		request->keeps = false;
	else if (strcasecmp(line, "Transfer-Encoding") == 0 ||
		 (strcasecmp(line, "Content-Length") == 0 && value[strspn(value, "0")]))
		return "413 Content Too Large"; /* no request of ours has a body */
	return NULL;
}

/* Answers the request at the beginning of conn->head, whose head has so many bytes with its empty line. */
static void request_take(struct http *http, struct conn *conn, size_t size)
{
	struct request request = { .method = "", .path = "" };
	char saved = conn->head[size], *at = conn->head, *line;
	bool has_nul = memchr(conn->head, '\0', size) != NULL, is_newer;
	const char *status;
	unsigned nr_hosts = 0;

	conn->head[size] = '\0';
	status = has_nul ? "400 Bad Request" : first_line(line_take(&at), &request);
	is_newer = request.keeps;
	while (!status && (line = line_take(&at)) && *line)
		status = header_line(line, &request, &nr_hosts);
	if (!status && (nr_hosts > 1 || (is_newer && nr_hosts == 0)))
		status = "400 Bad Request";
	if (status)
		refuse(conn, &request, status, "");
	else
		request_answer(http, conn, &request);
	conn->head[size] = saved;
	memmove(conn->head, conn->head + size, conn->head_size - size);
	conn->head_size -= size;
	conn->deadline_ms = now_ms() + http->opts.timeout_ms;
}

/*
 * Bytes of the first request's head with its empty line; 0: it has not all come. Empty lines in front of a
 * request are skipped.
 */
static size_t head_end(struct conn *conn)
{
	size_t skip = 0;

	while (skip < conn->head_size && (conn->head[skip] == '\r' || conn->head[skip] == '\n'))
		skip++;
	memmove(conn->head, conn->head + skip, conn->head_size - skip);
	conn->head_size -= skip;
	for (size_t i = 0; i + 1 < conn->head_size; i++) {
		if (conn->head[i] != '\n')
			continue;
		if (conn->head[i + 1] == '\n')
			return i + 2;
		if (conn->head[i + 1] == '\r' && i + 2 < conn->head_size && conn->head[i + 2] == '\n')
			return i + 3;
	}
	return 0;
}

/* ---- connections ---- */

/* Writes what the socket takes. False: the connection is over. */
static bool conn_write(struct http *http, struct conn *conn)
{
	while (conn->answer_sent < conn->answer_size) {
		ssize_t ret = send(conn->fd, conn->answer + conn->answer_sent, conn->answer_size - conn->answer_sent,
				   MSG_NOSIGNAL);

		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		conn->answer_sent += (size_t)ret;
	}
	free(conn->answer);
	conn->answer = NULL;
	conn->deadline_ms = now_ms() + http->opts.timeout_ms;
	if (!conn->is_last)
		return true;
	/*
	 * What the other side still sends would make the kernel reset the connection, and our answer with
	 * it: wait for its end.
	 */
	shutdown(conn->fd, SHUT_WR);
	conn->head_size = HEAD_MAX + 1;
	return true;
}

/* Answers one request that has come, if one has. False: the connection is over. */
static bool conn_answer(struct http *http, struct conn *conn)
{
	struct request none = { .method = "" };
	size_t size = head_end(conn);

	if (size > 0)
		request_take(http, conn, size);
	else if (conn->head_size == HEAD_MAX)
		refuse(conn, &none, "431 Request Header Fields Too Large", "");
	else
		return true;
	return conn->answer && conn_write(http, conn);
}

static bool conn_read(struct conn *conn)
{
	char rest[1024];
	bool is_over = conn->head_size > HEAD_MAX;
	ssize_t ret = recv(conn->fd, is_over ? rest : conn->head + conn->head_size,
			   is_over ? sizeof(rest) : HEAD_MAX - conn->head_size, 0);

	if (ret < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
	if (!is_over)
		conn->head_size += (size_t)ret;
	return ret > 0;
}

/*
 * A step at a time, one request at most: then it is the turn of others. What has come behind it is seen to
 * when the socket can be written.
 */
static void conn_serve(struct http *http, uint32_t idx, uint32_t events)
{
	struct conn *conn = &http->conns[idx];
	bool alive = conn->fd >= 0 && !(events & EPOLLERR), waits;

	if (alive && conn->answer)
		alive = conn_write(http, conn);
	else if (alive && (conn->head_size > HEAD_MAX || head_end(conn) == 0))
		alive = conn_read(conn);
	if (alive && !conn->answer && conn->head_size <= HEAD_MAX)
		alive = conn_answer(http, conn);
	waits = conn->answer || (conn->head_size <= HEAD_MAX && head_end(conn) > 0);
	if (alive && watch(http, EPOLL_CTL_MOD, conn->fd, waits ? EPOLLOUT : EPOLLIN, idx) == 0)
		return;
	conn_close(conn);
}

/* A free place, or that of the connection with the least time left. */
static uint32_t place_make(struct http *http)
{
	uint32_t first = 0;

	for (uint32_t i = 0; i < NR_CONNS; i++) {
		if (http->conns[i].fd < 0)
			return i;
		if (http->conns[i].deadline_ms < http->conns[first].deadline_ms)
			first = i;
	}
	conn_close(&http->conns[first]);
	return first;
}

static void timer_set(struct http *http, bool runs)
{
	struct itimerspec spec = { 0 };

	if (runs == http->timer_runs)
		return;
	if (runs)
		spec.it_value.tv_nsec = spec.it_interval.tv_nsec = TICK_MS * 1000000;
	timerfd_settime(http->timer_fd, 0, &spec, NULL);
	http->timer_runs = runs;
}

static void accept_all(struct http *http)
{
	for (int i = 0; i < NR_CONNS; i++) {
		int fd = accept4(http->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		uint32_t place;

		if (fd < 0)
			return; /* none; or no descriptor is left: the next tick tries again */
		place = place_make(http);
		http->conns[place].fd = fd;
		http->conns[place].head_size = 0;
		http->conns[place].deadline_ms = now_ms() + http->opts.timeout_ms;
		if (watch(http, EPOLL_CTL_ADD, fd, EPOLLIN, place) < 0)
			conn_close(&http->conns[place]);
	}
}

static void timeouts(struct http *http)
{
	uint64_t now = now_ms(), ticks;
	bool any = false;

	if (read(http->timer_fd, &ticks, sizeof(ticks)) < 0)
		return;
	for (int i = 0; i < NR_CONNS; i++) {
		if (http->conns[i].fd >= 0 && http->conns[i].deadline_ms <= now)
			conn_close(&http->conns[i]);
		any = any || http->conns[i].fd >= 0;
	}
	timer_set(http, any);
}

void http_serve(struct http *http)
{
	struct epoll_event events[NR_CONNS + 2];
	int nr = epoll_wait(http->epoll_fd, events, NR_CONNS + 2, 0);

	for (int i = 0; i < nr; i++) {
		if (events[i].data.u32 < NR_CONNS)
			conn_serve(http, events[i].data.u32, events[i].events);
	}
	/* Only now: a place that is given away must not get an event of the one before. */
	for (int i = 0; i < nr; i++) {
		if (events[i].data.u32 == WORD_LISTEN)
			accept_all(http);
		if (events[i].data.u32 == WORD_TIMER)
			timeouts(http);
	}
	for (int i = 0; i < NR_CONNS && !http->timer_runs; i++)
		timer_set(http, http->conns[i].fd >= 0);
}
