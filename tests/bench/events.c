/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading events, against libbpf in the same process, in alternating rounds on the same maps; ratios are
 * bpfload / libbpf, the median over the rounds.
 *
 *     drain      a full buffer is read: nanoseconds for each record, ring buffer and perf buffer, 16, 64 and 256 bytes
 *     perf rate  a producer on another CPU as fast as it can: events a second, each side with its defaults
 *     latency    one record at a time to a sleeping reader: median of the time from the program to the callback
 *     text       records of six members as lines of a table, written to /dev/null
 *
 * usage: events OBJECT PART...
 */
#include <bpf/libbpf.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/bpf.h>
#include "bpfload.h"
#include "median.h"

#define BATCH 64
#define ROUNDS 21
#define CHECK(call)                                                                      \
	do {                                                                             \
		if ((call) < 0) {                                                        \
			fprintf(stderr, "events: %s: %s\n", #call, err.message);          \
			exit(1);                                                         \
		}                                                                        \
	} while (0)

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct bpfl_object *object;
static uint64_t nr_seen, sum;
static double latencies[20000];
static unsigned nr_latencies;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void load(const char *path)
{
	struct bpfl_target *target;
	struct bpfl_image *image;

	CHECK(bpfl_spec_read(path, NULL, &spec, &err));
	CHECK(bpfl_target_running(NULL, &target, &err));
	CHECK(bpfl_image_build(spec, target, NULL, &image, &err));
	CHECK(bpfl_object_load(image, target, NULL, &object, &err));
}

static void produce(const char *prog, uint32_t repeat)
{
	static unsigned char packet[64];
	union bpf_attr attr = { 0 };

	attr.test.prog_fd = (uint32_t)bpfl_object_prog_fd(object, prog);
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	attr.test.repeat = repeat;
	if (syscall(__NR_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) < 0) {
		perror("events: BPF_PROG_TEST_RUN");
		exit(1);
	}
}

/* ---- what both sides do with a record ---- */

static inline void see(const void *data)
{
	uint64_t words[2];

	memcpy(words, data, sizeof(words));
	sum += words[1];
	nr_seen++;
	if (words[0] && nr_latencies < sizeof(latencies) / sizeof(latencies[0]))
		latencies[nr_latencies++] = (double)(now_ns() - words[0]);
}

static int our_record(void *ctx, const void *data, size_t size, int cpu)
{
	(void)ctx;
	(void)size;
	(void)cpu;
	see(data);
	return 0;
}

static int our_event(void *ctx, const struct bpfl_record *record)
{
	(void)ctx;
	if (record->kind == BPFL_RECORD_DATA)
		see(record->data);
	return 0;
}

static int their_ring(void *ctx, void *data, size_t size)
{
	(void)ctx;
	(void)size;
	see(data);
	return 0;
}

static void their_perf(void *ctx, int cpu, void *data, uint32_t size)
{
	(void)ctx;
	(void)cpu;
	(void)size;
	see(data);
}

static void their_lost(void *ctx, int cpu, unsigned long long nr)
{
	(void)ctx;
	(void)cpu;
	(void)nr;
}

/* ---- drain ---- */

static double per_record(uint64_t begin, uint64_t seen_before)
{
	return (double)(now_ns() - begin) / (double)(nr_seen - seen_before);
}

static void report(const char *what, double *ours, double *theirs, const char *unit)
{
	double ratios[ROUNDS];

	for (unsigned i = 0; i < ROUNDS; i++)
		ratios[i] = ours[i] / theirs[i];
	printf("%-34s %.3f   (%.2f %s against %.2f)\n", what, median(ratios, ROUNDS), median(ours, ROUNDS), unit,
	       median(theirs, ROUNDS));
	fflush(stdout);
}

/*
 * Both sides read in each round, in turns the one and the other first: what was read last decides whose memory
 * is in the caches. The first rounds warm up.
 */
static void alternate(const char *what, unsigned size, double (*ours)(const char *prog, unsigned size),
		      double (*theirs)(const char *prog, unsigned size), const char *prog)
{
	double a[ROUNDS], b[ROUNDS];
	char label[64];

	for (int i = -2; i < ROUNDS; i++) {
		double *at_a = &a[i < 0 ? 0 : i], *at_b = &b[i < 0 ? 0 : i];

		if (i & 1)
			*at_a = ours(prog, size);
		*at_b = theirs(prog, size);
		if (!(i & 1))
			*at_a = ours(prog, size);
	}
	snprintf(label, sizeof(label), "drain, %s, %u bytes", what, size);
	report(label, a, b, "ns");
}

static uint32_t ring_repeat(unsigned size)
{
	return (48u << 20) / (size + 8) / BATCH;
}

static double ring_ours(const char *prog, unsigned size)
{
	struct bpfl_ringbuf *ring;
	uint64_t before, begin;
	double ret;

	CHECK(bpfl_ringbuf_open(bpfl_object_map_fd(object, "ring"), &ring, &err));
	produce(prog, ring_repeat(size));
	before = nr_seen;
	begin = now_ns();
	CHECK(bpfl_ringbuf_consume(ring, 0, our_record, NULL, &err));
	ret = per_record(begin, before);
	bpfl_ringbuf_close(ring);
	return ret;
}

static double ring_theirs(const char *prog, unsigned size)
{
	struct ring_buffer *ring = ring_buffer__new(bpfl_object_map_fd(object, "ring"), their_ring, NULL, NULL);
	uint64_t before, begin;
	double ret;

	produce(prog, ring_repeat(size));
	before = nr_seen;
	begin = now_ns();
	ring_buffer__consume(ring);
	ret = per_record(begin, before);
	ring_buffer__free(ring);
	return ret;
}

/*
 * Both are woken for each record here: that makes the producer slow, and what it leaves in the caches decides
 * about the reader. A ring is filled to three quarters and read, PERF_FILLS times.
 */
#define PERF_BYTES (1u << 20)
#define PERF_FILLS 8

static uint32_t perf_repeat(unsigned size)
{
	return PERF_BYTES / 4 * 3 / (size + 16) / BATCH;
}

static double perf_ours(const char *prog, unsigned size)
{
	struct bpfl_perfbuf_opts opts = { .size = sizeof(opts), .bytes_per_cpu = PERF_BYTES, .wakeup_bytes = 1 };
	struct bpfl_perfbuf *perf;
	uint64_t before = nr_seen, ns = 0;

	CHECK(bpfl_perfbuf_open(bpfl_object_map_fd(object, "perf"), &opts, &perf, &err));
	for (int i = 0; i < PERF_FILLS; i++) {
		uint64_t begin;

		produce(prog, perf_repeat(size));
		begin = now_ns();
		CHECK(bpfl_perfbuf_consume(perf, 0, our_record, NULL, NULL, &err));
		ns += now_ns() - begin;
	}
	bpfl_perfbuf_close(perf);
	return (double)ns / (double)(nr_seen - before);
}

static double perf_theirs(const char *prog, unsigned size)
{
	struct perf_buffer *perf = perf_buffer__new(bpfl_object_map_fd(object, "perf"), PERF_BYTES / 4096, their_perf,
						    their_lost, NULL, NULL);
	uint64_t before = nr_seen, ns = 0;

	for (int i = 0; i < PERF_FILLS; i++) {
		uint64_t begin;

		produce(prog, perf_repeat(size));
		begin = now_ns();
		perf_buffer__consume(perf);
		ns += now_ns() - begin;
	}
	perf_buffer__free(perf);
	return (double)ns / (double)(nr_seen - before);
}

static void drain_rings(void)
{
	alternate("ring buffer", 16, ring_ours, ring_theirs, "ring16");
	alternate("ring buffer", 64, ring_ours, ring_theirs, "ring64");
	alternate("ring buffer", 256, ring_ours, ring_theirs, "ring256");
}

static void drain_perfs(void)
{
	alternate("perf buffer", 16, perf_ours, perf_theirs, "perf16");
	alternate("perf buffer", 64, perf_ours, perf_theirs, "perf64");
	alternate("perf buffer", 256, perf_ours, perf_theirs, "perf256");
}

/* ---- rate ---- */

static volatile bool producing;

static void *produce_all_the_time(void *prog)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(1, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	while (producing)
		produce(prog, 256);
	return NULL;
}

static double rate(bool is_ours)
{
	int map_fd = bpfl_object_map_fd(object, "perf");
	struct perf_buffer *theirs = NULL;
	struct bpfl_events *ours = NULL;
	uint64_t before, begin, end;
	pthread_t thread;

	if (is_ours)
		CHECK(bpfl_events_open(object, NULL, &ours, &err));
	else
		theirs = perf_buffer__new(map_fd, 64, their_perf, their_lost, NULL, NULL);
	producing = true;
	pthread_create(&thread, NULL, produce_all_the_time, (void *)"perf16");
	before = nr_seen;
	begin = now_ns();
	end = begin + 300000000;
	while (now_ns() < end) {
		if (is_ours)
			CHECK(bpfl_events_poll(ours, 100, our_event, NULL, &err));
		else
			perf_buffer__poll(theirs, 100);
	}
	end = now_ns();
	producing = false;
	before = nr_seen - before;
	pthread_join(thread, NULL);
	bpfl_events_close(ours);
	perf_buffer__free(theirs);
	return (double)before * 1e3 / (double)(end - begin);
}

static void rates(void)
{
	double a[ROUNDS], b[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		a[i] = rate(true);
		b[i] = rate(false);
	}
	report("rate, perf buffer, defaults", a, b, "M/s");
}

/* ---- latency ---- */

static void *produce_slowly(void *unused)
{
	cpu_set_t set;

	(void)unused;
	CPU_ZERO(&set);
	CPU_SET(1, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	for (int i = 0; i < 200; i++) {
		produce("ring_once", 1);
		usleep(100);
	}
	producing = false;
	produce("ring_once", 1); /* wakes the reader for the end */
	return NULL;
}

static void nothing_comes(void *ctx, int cpu, void *data, __u32 size)
{
	(void)ctx, (void)cpu, (void)data, (void)size;
}

/*
 * What an object has is open on both sides and waited for together, as one loop over all its buffers does. (Perf
 * events that come or go change the latency of all later rounds, whoever opens them.)
 */
static void their_poll(struct ring_buffer *ring, struct perf_buffer *silent)
{
	struct pollfd fds[2] = { { .fd = ring_buffer__epoll_fd(ring), .events = POLLIN } };

	if (!silent) {
		ring_buffer__poll(ring, 100);
		return;
	}
	fds[1] = (struct pollfd){ .fd = perf_buffer__epoll_fd(silent), .events = POLLIN };
	poll(fds, 2, 100);
	if (fds[0].revents)
		ring_buffer__consume(ring);
	if (fds[1].revents)
		perf_buffer__consume(silent);
}

static double latency(bool is_ours)
{
	struct ring_buffer *theirs = NULL;
	struct perf_buffer *silent = NULL;
	int perf_fd = bpfl_object_map_fd(object, "perf");
	struct bpfl_events *ours = NULL;
	pthread_t thread;

	if (is_ours)
		CHECK(bpfl_events_open(object, NULL, &ours, &err));
	else
		theirs = ring_buffer__new(bpfl_object_map_fd(object, "ring"), their_ring, NULL, NULL);
	if (!is_ours && perf_fd >= 0)
		silent = perf_buffer__new(perf_fd, 8, nothing_comes, NULL, NULL, NULL);
	nr_latencies = 0;
	producing = true;
	pthread_create(&thread, NULL, produce_slowly, NULL);
	while (producing) {
		if (is_ours)
			CHECK(bpfl_events_poll(ours, 100, our_event, NULL, &err));
		else
			their_poll(theirs, silent);
	}
	pthread_join(thread, NULL);
	bpfl_events_close(ours);
	ring_buffer__free(theirs);
	perf_buffer__free(silent);
	return median(latencies, nr_latencies) / 1e3;
}

static void latency_compare(void)
{
	double a[ROUNDS], b[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		a[i] = latency(true);
		b[i] = latency(false);
	}
	report(bpfl_object_map_fd(object, "perf") < 0 ? "latency, ring buffer" : "latency, ring and perf buffer", a, b, "us");
}

/* ---- text ---- */

static void text(enum bpfl_format format, const char *label)
{
	static const char *const events[] = { "ring=struct {u64 time_ns; u32 pid; u32 uid; char comm[16]; s32 ret; u16 "
					      "port; u16 flags;}" };
	struct { uint64_t time_ns; uint32_t pid, uid; char comm[16]; int32_t ret; uint16_t port, flags; } event = {
		123456789012345, 4711, 1000, "a-program", -2, 443, 3,
	};
	struct bpfl_decoder_opts opts = { .size = sizeof(opts), .events = events, .nr_events = 1, .format = format };
	struct bpfl_record record = {
		.kind = BPFL_RECORD_DATA, .source = "ring", .cpu = -1, .data = &event, .size = sizeof(event)
	};
	const unsigned nr = 1000000;
	struct bpfl_decoder *decoder;
	FILE *out = fopen("/dev/null", "w");
	uint64_t begin;

	for (size_t i = 0; i < bpfl_spec_nr_maps(spec); i++) {
		struct bpfl_map_view view;

		if (bpfl_spec_map_view(spec, i, &view) == 0 && strcmp(view.name, "ring") == 0)
			record.source_idx = i;
	}
	CHECK(bpfl_decoder_create(spec, &opts, &decoder, &err));
	begin = now_ns();
	for (unsigned i = 0; i < nr; i++) {
		const char *line;
		size_t size;

		event.pid++;
		CHECK(bpfl_decoder_text(decoder, &record, &line, &size));
		fwrite(line, 1, size, out);
	}
	fflush(out);
	printf("%-34s %.2f M events/s\n", label, nr * 1e3 / (double)(now_ns() - begin));
	fclose(out);
	bpfl_decoder_destroy(decoder);
}

static void texts(void)
{
	text(BPFL_FORMAT_TEXT, "text, table");
	text(BPFL_FORMAT_JSON, "text, JSON");
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); } parts[] = {
		{ "ring", drain_rings }, { "perf", drain_perfs }, { "rate", rates }, { "latency", latency_compare }, { "text", texts },
	};
	cpu_set_t set;

	if (argc < 3) {
		fprintf(stderr, "usage: events OBJECT ring|perf|rate|latency|text...\n");
		return 2;
	}
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
	load(argv[1]);
	for (int i = 2; i < argc; i++) {
		for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++) {
			if (strcmp(argv[i], parts[k].name) == 0)
				parts[k].run();
		}
	}
	return 0;
}
