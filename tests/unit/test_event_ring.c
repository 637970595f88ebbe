/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rings made by hand: what a kernel writes, and what none would. The data of a ring buffer is mapped twice in a
 * row, as the kernel maps it, with a page behind it that may not be touched: reading past the end kills the test.
 */
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "event/ring.h"
#include "fake_sys.h"
#include "spec/section.h"
#include "sys/perf.h"

#define SIZE 4096u
#define NR_SEEN 128u

static struct bpfl_error err = BPFL_ERROR_INIT;
static unsigned long consumer, producer;
static uint8_t *memory;
static struct bpfl_ring_view ring;

/* What the callback saw. */
static struct {
	unsigned nr;
	size_t sizes[NR_SEEN];
	uint32_t words[NR_SEEN]; /* first word of each */
	int cpus[NR_SEEN];
	uint64_t nr_lost;
	int stop_at, stop_ret; /* the call that returns stop_ret */
	uint8_t last[8192];
} seen;

static int see(void *ctx, const void *data, size_t size, int cpu)
{
	ck_assert_ptr_eq(ctx, &seen);
	ck_assert_uint_lt(seen.nr, NR_SEEN);
	seen.sizes[seen.nr] = size;
	seen.cpus[seen.nr] = cpu;
	if (size >= 4)
		memcpy(&seen.words[seen.nr], data, 4);
	if (size <= sizeof(seen.last))
		memcpy(seen.last, data, size);
	seen.nr++;
	return (int)seen.nr == seen.stop_at ? seen.stop_ret : 0;
}

static void see_lost(void *ctx, uint64_t nr, int cpu)
{
	(void)ctx;
	(void)cpu;
	seen.nr_lost += nr;
}

/* Two mappings of one page of memory in a row, and one that faults. */
static void setup(void)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);

	ck_assert_int_eq(ftruncate(fd, SIZE), 0);
	memory = mmap(NULL, 3 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(memory, MAP_FAILED);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_ptr_ne(mmap(memory + i * SIZE, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0),
				 MAP_FAILED);
	close(fd);
	consumer = producer = 0;
	ring = (struct bpfl_ring_view){ &consumer, &producer, memory, SIZE };
	memset(&seen, 0, sizeof(seen));
}

static void teardown(void)
{
	munmap(memory, 3 * SIZE);
	bpfl_error_clear(&err);
}

/* What a program does: a record whose first word is given. */
static void put(uint32_t size, uint32_t flags, uint32_t word)
{
	uint8_t *at = memory + producer % SIZE;
	uint32_t header[2] = { size | flags, 0 };

	memcpy(at, header, sizeof(header));
	if (size >= 4)
		memcpy(at + 8, &word, sizeof(word));
	producer += (size + 8 + 7) / 8 * 8;
}

static int64_t consume(uint64_t max)
{
	return bpfl_ring_view_consume(&ring, max, see, &seen);
}

START_TEST(records_come_in_order)
{
	setup();
	ck_assert_int_eq(consume(0), 0);
	put(4, 0, 11);
	put(17, 0, 12);
	put(0, 0, 0);
	ck_assert_int_eq(consume(0), 3);
	ck_assert_uint_eq(seen.nr, 3);
	ck_assert_uint_eq(seen.words[0], 11);
	ck_assert_uint_eq(seen.words[1], 12);
	ck_assert_uint_eq(seen.sizes[1], 17);
	ck_assert_uint_eq(seen.sizes[2], 0);
	ck_assert_int_eq(seen.cpus[0], -1);
	ck_assert_uint_eq(consumer, producer);
	ck_assert_uint_eq(consumer, 16 + 32 + 8);
	ck_assert_int_eq(consume(0), 0);
	teardown();
}
END_TEST

START_TEST(a_busy_record_stops_and_a_discarded_one_is_passed)
{
	setup();
	put(8, 0, 1);
	put(8, BPFL_RING_DISCARD, 2);
	put(8, BPFL_RING_BUSY, 3);
	put(8, 0, 4);
	ck_assert_int_eq(consume(0), 1);
	ck_assert_uint_eq(consumer, 32);
	ck_assert_uint_eq(seen.words[0], 1);
	/* Still busy: nothing moves. */
	ck_assert_int_eq(consume(0), 0);
	ck_assert_uint_eq(consumer, 32);
	/* Submitted. */
	*(uint32_t *)(void *)(memory + 32) = 8;
	ck_assert_int_eq(consume(0), 2);
	ck_assert_uint_eq(seen.words[1], 3);
	ck_assert_uint_eq(seen.words[2], 4);
	teardown();
}
END_TEST

START_TEST(a_record_runs_on_into_the_second_copy)
{
	setup();
	consumer = producer = SIZE - 16;
	put(100, 0, 7);
	for (unsigned i = 0; i < 100; i++)
		memory[SIZE - 8 + i] = (uint8_t)i;
	ck_assert_int_eq(consume(0), 1);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_uint_eq(seen.last[i], i);
	ck_assert_uint_eq(consumer, SIZE - 16 + 112);
	teardown();
}
END_TEST

START_TEST(positions_wrap_around_the_machine_word)
{
	setup();
	consumer = producer = 0ul - 16;
	put(8, 0, 5);
	put(8, 0, 6);
	ck_assert_uint_eq(producer, 16);
	ck_assert_int_eq(consume(0), 2);
	ck_assert_uint_eq(seen.words[1], 6);
	ck_assert_uint_eq(consumer, 16);
	teardown();
}
END_TEST

START_TEST(a_limit_and_a_callback_that_stops)
{
	setup();
	for (uint32_t i = 0; i < 6; i++)
		put(8, 0, i);
	ck_assert_int_eq(consume(2), 2);
	ck_assert_uint_eq(consumer, 32);
	seen.stop_at = 4;
	seen.stop_ret = -ECANCELED;
	ck_assert_int_eq(consume(0), -ECANCELED);
	/* The record that stopped it counts as read. */
	ck_assert_uint_eq(consumer, 64);
	ck_assert_int_eq(consume(0), 2);
	ck_assert_uint_eq(seen.words[4], 4);
	teardown();
}
END_TEST

/* Space goes back while the reading goes on, not only at its end. */
static int look_at_release(void *ctx, const void *data, size_t size, int cpu)
{
	unsigned long *most = ctx, unreleased;

	(void)data;
	(void)cpu;
	(void)size;
	unreleased = producer - consumer;
	if (unreleased < *most)
		*most = unreleased;
	return 0;
}

START_TEST(space_is_released_on_the_way)
{
	unsigned long least = SIZE;

	setup();
	for (uint32_t i = 0; i < SIZE / 16; i++)
		put(8, 0, i);
	ck_assert_int_eq(bpfl_ring_view_consume(&ring, 0, look_at_release, &least), SIZE / 16);
	ck_assert_uint_le(least, SIZE / 4);
	teardown();
}
END_TEST

/* Rings that no kernel writes: an error, nothing delivered, nothing touched outside. */
START_TEST(broken_rings_are_refused)
{
	static const struct {
		unsigned long consumer, producer;
		uint32_t header;
	} rows[] = {
		{ 0, 16, 9 },			     /* longer than what was written */
		{ 0, 16, BPFL_RING_LEN_MASK },	     /* as long as can be said */
		{ 0, SIZE, SIZE - 7 },		     /* just over the ring */
		{ 0, SIZE + 8, 8 },		     /* more written than fits */
		{ 8, 0, 8 },			     /* the reader is ahead */
		{ 4, 20, 4 },			     /* not on a multiple of eight */
		{ 0, 0ul - 8, 8 },
		{ 0, 8, 1 },
		{ 0, 16, 9 | BPFL_RING_DISCARD },
	};

	setup();
	consumer = rows[_i].consumer;
	producer = rows[_i].producer;
	*(uint32_t *)(void *)(memory + (consumer % SIZE & ~3ul)) = rows[_i].header;
	ck_assert_int_eq(consume(0), -EBADMSG);
	ck_assert_uint_eq(seen.nr, 0);
	ck_assert_uint_eq(consumer, rows[_i].consumer);
	teardown();
}
END_TEST

/* Every length at every place of a full ring: either delivered inside, or refused. The guard page watches. */
START_TEST(any_length_stays_inside)
{
	setup();
	for (unsigned long start = 0; start < SIZE; start += 512) {
		for (uint32_t size = 0; size < 2 * SIZE; size += 61) {
			consumer = start;
			producer = start + SIZE;
			memset(memory, 0, SIZE);
			*(uint32_t *)(void *)(memory + start) = size;
			seen.nr = 0;
			seen.stop_at = 1;
			seen.stop_ret = -ECANCELED;
			ck_assert_int_eq(consume(0), size <= SIZE - 8 ? -ECANCELED : -EBADMSG);
		}
	}
	teardown();
}
END_TEST

/* ---- producer ---- */

START_TEST(a_producer_fills_and_waits_for_room)
{
	void *record, *second;
	uint32_t nr = 0;

	setup();
	ck_assert_int_eq(bpfl_ring_view_reserve(&ring, SIZE - 7, &record), -E2BIG);
	ck_assert_int_eq(bpfl_ring_view_reserve(&ring, SIZE_MAX, &record), -E2BIG);
	ck_assert_int_eq(bpfl_ring_view_reserve(&ring, SIZE - 8, &record), 0); /* all of it */
	bpfl_ring_view_commit(record, true);
	ck_assert_int_eq(consume(0), 0);
	while (bpfl_ring_view_reserve(&ring, 24, &record) == 0) {
		memcpy(record, &nr, 4);
		bpfl_ring_view_commit(record, nr % 2 == 1);
		nr++;
	}
	ck_assert_uint_eq(nr, SIZE / 32);
	ck_assert_int_eq(consume(3), 3);
	ck_assert_uint_eq(seen.words[2], 4);
	ck_assert_int_eq(bpfl_ring_view_reserve(&ring, 8, &record), 0);
	ck_assert_int_eq(bpfl_ring_view_reserve(&ring, 8, &second), 0);
	bpfl_ring_view_commit(second, false); /* the first is still busy */
	ck_assert_int_eq(consume(0), SIZE / 32 / 2 - 3);
	memset(record, 0, 8);
	bpfl_ring_view_commit(record, false);
	ck_assert_int_eq(consume(0), 2);
	teardown();
}
END_TEST

/* ---- perf ---- */

static uint64_t head, tail, reported;
static uint8_t scratch[BPFL_PERF_SCRATCH_SIZE];
static struct bpfl_perf_view perf;

static void perf_setup(void)
{
	setup();
	head = tail = 0;
	reported = 0;
	perf = (struct bpfl_perf_view){ &head, &tail, memory, SIZE, 3, &reported };
}

static void perf_bytes(const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		memory[(head + i) % SIZE] = ((const uint8_t *)bytes)[i];
	head += size;
}

static void perf_sample(uint32_t size, uint32_t word)
{
	uint32_t padded = (size + 4 + 7) / 8 * 8 - 4;
	struct bpfl_perf_header header = { BPFL_PERF_RECORD_SAMPLE, 0, (uint16_t)(8 + 4 + padded) };
	uint8_t bytes[4096] = { 0 };

	perf_bytes(&header, sizeof(header));
	perf_bytes(&padded, 4);
	memcpy(bytes, &word, 4);
	perf_bytes(bytes, padded);
}

static void perf_lost(uint64_t nr)
{
	struct bpfl_perf_header header = { BPFL_PERF_RECORD_LOST, 0, 24 };
	uint64_t words[2] = { 77, nr };

	perf_bytes(&header, sizeof(header));
	perf_bytes(words, sizeof(words));
}

static int64_t perf_consume(uint64_t max)
{
	return bpfl_perf_view_consume(&perf, scratch, max, see, see_lost, &seen);
}

START_TEST(perf_samples_and_losses)
{
	perf_setup();
	perf_sample(20, 1);
	perf_lost(5);
	perf_sample(16, 2);
	ck_assert_int_eq(perf_consume(0), 2);
	ck_assert_uint_eq(seen.nr_lost, 5);
	ck_assert_uint_eq(reported, 5);
	ck_assert_uint_eq(seen.sizes[0], 20);
	ck_assert_uint_eq(seen.sizes[1], 20); /* padded by the kernel */
	ck_assert_uint_eq(seen.words[1], 2);
	ck_assert_int_eq(seen.cpus[0], 3);
	ck_assert_uint_eq(tail, head);
	teardown();
}
END_TEST

START_TEST(a_perf_record_that_wraps_is_put_together)
{
	/* Before the end: inside the header's neighbour, inside the size, inside the data. */
	static const unsigned before_end[] = { 8, 16, 24, 40 };

	perf_setup();
	head = tail = SIZE - before_end[_i];
	perf_sample(60, 0xabcd);
	ck_assert_int_eq(perf_consume(0), 1);
	ck_assert_uint_eq(seen.words[0], 0xabcd);
	ck_assert_uint_eq(seen.sizes[0], 60);
	ck_assert_uint_eq(tail, head);
	teardown();
}
END_TEST

START_TEST(a_loss_without_its_number_is_damage)
{
	struct bpfl_perf_header header = { BPFL_PERF_RECORD_LOST, 0, 16 };
	uint64_t id = 77;

	perf_setup();
	perf_bytes(&header, sizeof(header));
	perf_bytes(&id, sizeof(id));
	perf_sample(4, 1); /* what a number read too far would be */
	ck_assert_int_eq(perf_consume(0), -EBADMSG);
	ck_assert_uint_eq(seen.nr_lost, 0);
	teardown();
}
END_TEST

/* Losses too, and what comes behind is read; a limit that is reached there stops there. */
START_TEST(a_loss_that_wraps)
{
	perf_setup();
	head = tail = SIZE - 8;
	perf_lost(7);
	for (uint32_t i = 0; i < 40; i++)
		perf_sample(i % 5 * 8 + 4, i);
	ck_assert_int_eq(perf_consume(3), 3);
	ck_assert_uint_eq(seen.nr_lost, 7);
	ck_assert_int_eq(perf_consume(0), 37);
	ck_assert_uint_eq(seen.sizes[4], 36);
	ck_assert_uint_eq(tail, head);
	head = tail = SIZE - 16;
	perf_sample(60, 77);
	perf_sample(4, 78);
	ck_assert_int_eq(perf_consume(1), 1);
	ck_assert_uint_eq(tail, SIZE - 16 + 72);
	ck_assert_int_eq(perf_consume(0), 1);
	teardown();
}
END_TEST

START_TEST(perf_limits)
{
	perf_setup();
	for (uint32_t i = 0; i < 5; i++)
		perf_sample(4, i);
	ck_assert_int_eq(perf_consume(2), 2);
	seen.stop_at = 3;
	seen.stop_ret = -EPIPE;
	ck_assert_int_eq(perf_consume(0), -EPIPE);
	ck_assert_int_eq(perf_consume(0), 2);
	ck_assert_uint_eq(seen.words[4], 4);
	teardown();
}
END_TEST

START_TEST(broken_perf_rings_are_refused)
{
	static const struct {
		uint64_t tail, head;
		uint32_t type;
		uint16_t size;
		uint32_t raw_size;
	} rows[] = {
		{ 0, 16, BPFL_PERF_RECORD_SAMPLE, 24, 4 },  /* more than was written */
		{ 0, 64, BPFL_PERF_RECORD_SAMPLE, 0, 4 },   /* would never end */
		{ 0, 64, BPFL_PERF_RECORD_SAMPLE, 4, 4 },
		{ 0, 64, BPFL_PERF_RECORD_SAMPLE, 20, 4 },  /* not a multiple of eight */
		{ 0, 64, BPFL_PERF_RECORD_SAMPLE, 8, 4 },   /* no room for its size */
		{ 0, 64, BPFL_PERF_RECORD_SAMPLE, 16, 5 },  /* data longer than the record */
		{ 0, 64, BPFL_PERF_RECORD_SAMPLE, 16, UINT32_MAX },
		{ 0, 64, BPFL_PERF_RECORD_LOST, 16, 0 },    /* no number in it */
		{ 0, SIZE + 8, BPFL_PERF_RECORD_SAMPLE, 16, 4 },
		{ 64, 0, BPFL_PERF_RECORD_SAMPLE, 16, 4 },
		{ 4, 68, BPFL_PERF_RECORD_SAMPLE, 16, 4 },
		{ 0, 68, BPFL_PERF_RECORD_SAMPLE, 16, 4 },  /* a head between words */
		{ SIZE - 16, SIZE + 8, BPFL_PERF_RECORD_SAMPLE, 32, 4 }, /* wraps, and ends behind what was written */
		{ SIZE - 16, SIZE + 48, BPFL_PERF_RECORD_SAMPLE, 20, 4 },
		{ SIZE - 16, SIZE + 48, BPFL_PERF_RECORD_SAMPLE, 32, 21 },
		{ SIZE - 16, SIZE + 48, BPFL_PERF_RECORD_SAMPLE, 0, 4 },
	};
	struct bpfl_perf_header header = { rows[_i].type, 0, rows[_i].size };

	perf_setup();
	memcpy(memory + rows[_i].tail, &header, sizeof(header));
	memcpy(memory + rows[_i].tail + 8, &rows[_i].raw_size, 4);
	head = rows[_i].head;
	tail = rows[_i].tail;
	ck_assert_int_eq(perf_consume(0), -EBADMSG);
	ck_assert_uint_eq(seen.nr, 0);
	teardown();
}
END_TEST

/* ---- perf buffers on the fake kernel: which CPUs ---- */

static int perf_map(uint32_t max_entries)
{
	struct bpfl_attr_map_create attr = { .map_type = BPFL_MAP_TYPE_PERF_EVENT_ARRAY, .key_size = 4, .value_size = 4,
					     .max_entries = max_entries };

	return bpfl_sys_map_create(&attr);
}

static unsigned warnings;

static void count_warnings(void *ctx, enum bpfl_log_level level, const char *text)
{
	(void)ctx;
	(void)text;
	warnings += level == BPFL_LOG_WARN;
}

START_TEST(each_cpu_gets_a_ring)
{
	struct bpfl_perfbuf *buffer;
	int map = perf_map(FAKE_SYS_NR_CPUS);

	CHECK_OK(bpfl_perfbuf_open(map, NULL, &buffer, &err), err);
	ck_assert_uint_eq(bpfl_perfbuf_nr_cpus(buffer), FAKE_SYS_NR_CPUS);
	ck_assert_uint_eq(fake_sys_count("perf_event_open"), FAKE_SYS_NR_CPUS);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_UPDATE_ELEM), FAKE_SYS_NR_CPUS);
	/* In bytes, an eighth of 256 KiB. */
	const struct bpfl_perf_attr *attr = (const void *)fake_sys_nth("perf_event_open", 0)->attr;
	ck_assert_uint_eq(attr->wakeup_events, 32768);
	ck_assert_uint_ne(attr->flag_bits & BPFL_PERF_FLAG_WATERMARK, 0);
	ck_assert_uint_eq(attr->config, BPFL_PERF_SW_BPF_OUTPUT);
	bpfl_perfbuf_close(buffer);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_DELETE_ELEM), FAKE_SYS_NR_CPUS);
	bpfl_enter_close(map);
}
END_TEST

START_TEST(an_absent_cpu_is_left_out_and_found_when_it_comes)
{
	struct bpfl_perfbuf *buffer;
	int map = perf_map(FAKE_SYS_NR_CPUS);

	memset(&seen, 0, sizeof(seen));
	fake_sys_fail_call("perf_event_open", 3, ENODEV);
	CHECK_OK(bpfl_perfbuf_open(map, NULL, &buffer, &err), err);
	ck_assert_uint_eq(bpfl_perfbuf_nr_cpus(buffer), 3);
	fake_sys_file("/sys/devices/system/cpu/online", "0-1,3\n");
	ck_assert_int_eq(bpfl_perfbuf_refresh(buffer, see, see_lost, &seen, &err), 0);
	ck_assert_uint_eq(bpfl_perfbuf_nr_cpus(buffer), 3);
	fake_sys_file("/sys/devices/system/cpu/online", "0-3\n");
	ck_assert_int_eq(bpfl_perfbuf_refresh(buffer, see, see_lost, &seen, &err), 0);
	ck_assert_uint_eq(bpfl_perfbuf_nr_cpus(buffer), 4);
	fake_sys_file("/sys/devices/system/cpu/online", "0\n");
	ck_assert_int_eq(bpfl_perfbuf_refresh(buffer, see, see_lost, &seen, &err), 0);
	ck_assert_uint_eq(bpfl_perfbuf_nr_cpus(buffer), 1);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_DELETE_ELEM), 3);
	/* Nobody says which CPUs there are: nothing changes. */
	fake_sys_file("/sys/devices/system/cpu/online", "\n");
	ck_assert_int_eq(bpfl_perfbuf_refresh(buffer, see, see_lost, &seen, &err), 0);
	ck_assert_uint_eq(bpfl_perfbuf_nr_cpus(buffer), 1);
	bpfl_perfbuf_close(buffer);
	bpfl_enter_close(map);
}
END_TEST

START_TEST(more_cpus_than_entries)
{
	struct bpfl_perfbuf_opts opts = { .size = sizeof(opts), .log = { count_warnings, NULL } };
	struct bpfl_perfbuf *buffer;
	int map = perf_map(2);

	warnings = 0;
	CHECK_OK(bpfl_perfbuf_open(map, &opts, &buffer, &err), err);
	ck_assert_uint_eq(bpfl_perfbuf_nr_cpus(buffer), 2);
	ck_assert_uint_eq(warnings, 1);
	bpfl_perfbuf_close(buffer);
	bpfl_enter_close(map);
}
END_TEST

START_TEST(little_memory_means_small_rings)
{
	struct bpfl_perfbuf_opts opts = { .size = sizeof(opts), .bytes_per_cpu = 64 << 10 };
	struct bpfl_perfbuf *buffer;
	int map = perf_map(FAKE_SYS_NR_CPUS);

	fake_sys_fail_call("mmap", 1, EPERM);
	fake_sys_fail_call("mmap", 2, EPERM);
	CHECK_OK(bpfl_perfbuf_open(map, &opts, &buffer, &err), err);
	ck_assert_uint_eq(bpfl_perfbuf_nr_cpus(buffer), FAKE_SYS_NR_CPUS);
	ck_assert_uint_eq(fake_sys_nth("mmap", 2)->arg[0], (16u << 10) + (unsigned long)sysconf(_SC_PAGESIZE));
	ck_assert_uint_eq(fake_sys_nth("mmap", 3)->arg[0], (16u << 10) + (unsigned long)sysconf(_SC_PAGESIZE));
	bpfl_perfbuf_close(buffer);
	bpfl_enter_close(map);
}
END_TEST

START_TEST(a_refused_perf_event_says_what_is_needed)
{
	struct bpfl_perfbuf *buffer;
	int map = perf_map(FAKE_SYS_NR_CPUS);

	fake_sys_fail_call("perf_event_open", 2, EACCES);
	CHECK_FAILS(bpfl_perfbuf_open(map, NULL, &buffer, &err), err, BPFL_ERR_PERMISSION, EACCES,
		    "perf buffer of CPU 1");
	CHECK_HAS(err.fix, "CAP_PERFMON");
	bpfl_enter_close(map);
	bpfl_error_clear(&err);
}
END_TEST

/* Every call that can fail does, once: an error each time, and nothing stays open (the harness looks). */
START_TEST(every_failure_is_cleaned_up)
{
	for (unsigned nth = 1;; nth++) {
		struct bpfl_perfbuf *buffer;
		struct bpfl_ringbuf *rb;
		struct bpfl_user_ringbuf *user;
		struct bpfl_attr_map_create attr = { .map_type = BPFL_MAP_TYPE_RINGBUF, .max_entries = SIZE };
		struct bpfl_attr_map_create user_attr = { .map_type = BPFL_MAP_TYPE_USER_RINGBUF, .max_entries = SIZE };
		int map = perf_map(FAKE_SYS_NR_CPUS), ring_map = bpfl_sys_map_create(&attr),
		    user_map = bpfl_sys_map_create(&user_attr);
		bool failed;
		int ret;

		fake_sys_fail_nth(nth, EIO);
		ret = bpfl_perfbuf_open(map, NULL, &buffer, &err);
		if (ret == 0)
			bpfl_perfbuf_close(buffer);
		if (!fake_sys_failed() && bpfl_ringbuf_open(ring_map, &rb, &err) == 0)
			bpfl_ringbuf_close(rb);
		if (!fake_sys_failed() && bpfl_user_ringbuf_open(user_map, &user, &err) == 0)
			bpfl_user_ringbuf_close(user);
		ck_assert_uint_eq(fake_sys_nr_mappings(), 0);
		failed = fake_sys_failed();
		fake_sys_fail_nth(0, 0);
		bpfl_enter_close(map);
		bpfl_enter_close(ring_map);
		bpfl_enter_close(user_map);
		fake_sys_reset();
		if (!failed)
			break;
	}
	bpfl_error_clear(&err);
}
END_TEST

START_TEST(the_wrong_kind_of_map)
{
	struct bpfl_attr_map_create attr = {
		.map_type = BPFL_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};
	struct bpfl_user_ringbuf *user;
	struct bpfl_perfbuf *buffer;
	struct bpfl_ringbuf *rb;
	int map = bpfl_sys_map_create(&attr);

	CHECK_FAILS(bpfl_ringbuf_open(map, &rb, &err), err, BPFL_ERR_USAGE, EINVAL, "not a ring buffer");
	CHECK_FAILS(bpfl_perfbuf_open(map, NULL, &buffer, &err), err, BPFL_ERR_USAGE, EINVAL, "not a perf event array");
	CHECK_FAILS(bpfl_user_ringbuf_open(map, &user, &err), err, BPFL_ERR_USAGE, EINVAL, "not a user ring buffer");
	bpfl_enter_close(map);
	bpfl_error_clear(&err);
}
END_TEST

/* ---- streams ---- */

static unsigned stream_reads;

static int stream_answer(void *ctx, void *attr, size_t attr_size)
{
	struct bpfl_attr_stream_read *read = attr;

	(void)ctx;
	(void)attr_size;
	ck_assert_uint_eq(read->stream, BPFL_STREAM_STDERR);
	if (stream_reads++ == 2)
		return 0;
	memcpy((void *)(uintptr_t)read->buf, "text", 4);
	return 4;
}

START_TEST(streams_are_read_to_their_end)
{
	memset(&seen, 0, sizeof(seen));
	stream_reads = 0;
	fake_sys_on_bpf(BPFL_CMD_PROG_STREAM_READ, stream_answer, NULL);
	ck_assert_int_eq(bpfl_prog_stream_read(5, BPFL_STREAM_STDERR, see, &seen, &err), 8);
	ck_assert_uint_eq(seen.nr, 2);
	ck_assert_mem_eq(seen.last, "text", 4);
}
END_TEST

START_TEST(a_kernel_without_streams)
{
	CHECK_FAILS(bpfl_prog_stream_read(5, BPFL_STREAM_STDOUT, see, &seen, &err), err, BPFL_ERR_UNSUPPORTED,
		    EOPNOTSUPP, "Linux 6.17");
	bpfl_error_clear(&err);
}
END_TEST

int main(void)
{
	const TTest *const rings[] = {
		records_come_in_order,
		a_busy_record_stops_and_a_discarded_one_is_passed,
		a_record_runs_on_into_the_second_copy,
		positions_wrap_around_the_machine_word,
		a_limit_and_a_callback_that_stops,
		space_is_released_on_the_way,
		any_length_stays_inside,
		a_producer_fills_and_waits_for_room,
	};
	const TTest *const perfs[] = {
		perf_samples_and_losses,
		a_loss_without_its_number_is_damage, a_loss_that_wraps,
		perf_limits,
		each_cpu_gets_a_ring,
		an_absent_cpu_is_left_out_and_found_when_it_comes,
		more_cpus_than_entries,
		little_memory_means_small_rings,
		a_refused_perf_event_says_what_is_needed,
		every_failure_is_cleaned_up,
		the_wrong_kind_of_map,
		streams_are_read_to_their_end,
		a_kernel_without_streams,
	};
	Suite *suite = BPFL_TEST_SUITE("event ring", rings);

	BPFL_TEST_ADD_CASE(suite, "perf and streams", perfs);
	bpfl_test_add_loop(suite, "broken rings", broken_rings_are_refused, 9);
	bpfl_test_add_loop(suite, "perf records that wrap", a_perf_record_that_wraps_is_put_together, 4);
	bpfl_test_add_loop(suite, "broken perf rings", broken_perf_rings_are_refused, 16);
	return bpfl_test_main(suite);
}
