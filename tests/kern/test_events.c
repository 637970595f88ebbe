/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events on the running kernel (root): every record that programs send is accounted for. Programs number their
 * records; threads run them by BPF_PROG_TEST_RUN, so nothing is attached, while this thread reads. At the end
 *
 *     received + reported lost = produced
 *
 * holds exactly, no number came twice, and none was changed on the way. BPFLOAD_SOAK=SECONDS makes it run that
 * long, and looks at memory; libcheck has to be told to wait: BPFLOAD_SOAK=60 CK_TIMEOUT_MULTIPLIER=40.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "bpfload/decode.h"
#include "feature.h"
#include "harness.h"
#include "insns.h"
#include "kerngen.h"
#include "sys/bpf.h"
#include "sys/enter.h"

#define NR_PRODUCERS 2
#define RECORD_SIZE 16
#define MAGIC 0x5eed5eed5eed5eedull

static struct kerngen gen;
static struct bpfl_error err = BPFL_ERROR_INIT;

/* r6 = context; number = produced++; record = { number, number ^ MAGIC } on the stack, r2 = its address. */
#define NUMBER_RECORD                                                                                            \
	MOV_REG(6, 1), ADDRESS(1), MOV(7, 1), FETCH_ADD(1, 7), STORE64(10, -16, 7), IMM64(2, MAGIC), INSN(0xaf, 2, 7, 0, 0), \
		STORE64(10, -8, 2), MOV_REG(2, 10), ADD(2, -16)
#define NUMBER_ADDRESS_AT 1
#define NUMBER_LEN 12

enum { DATA_PRODUCED = 0, DATA_LOST = 8 };

/* Sends through a ring buffer; counts in "dropped" what did not fit. */
static void ring_object(uint32_t ring_bytes)
{
	const struct bpfl_insn insns[] = { NUMBER_RECORD, ADDRESS(1), MOV(3, RECORD_SIZE), MOV(4, 0),        CALL(130),
					   IF_ZERO(0, 4), ADDRESS(1), MOV(2, 1),           ATOMIC_ADD(1, 2), MOV(0, 2),
					   EXIT };
	uint32_t func;

	kerngen_init(&gen, 0);
	specgen_map(gen.spec, ".bss", BPFL_MAP_BSS, BPFL_MAP_TYPE_ARRAY, 4, 16, 1);
	specgen_map(gen.spec, "events", BPFL_MAP_BTF, BPFL_MAP_TYPE_RINGBUF, 0, 0, ring_bytes);
	specgen_var(gen.spec, "produced", 0, DATA_PRODUCED, 8, 0);
	specgen_var(gen.spec, "dropped", 0, DATA_LOST, 8, 0);
	func = specgen_insns(gen.spec, "produce", insns, sizeof(insns) / sizeof(insns[0]));
	specgen_prog(gen.spec, "produce", "xdp", func);
	specgen_ref(gen.spec, func, NUMBER_ADDRESS_AT, BPFL_REF_DATA, 0, DATA_PRODUCED);
	specgen_ref(gen.spec, func, NUMBER_LEN, BPFL_REF_MAP, 1, 0);
	specgen_ref(gen.spec, func, NUMBER_LEN + 6, BPFL_REF_DATA, 0, DATA_LOST);
	CHECK_OK(kerngen_load(&gen), gen.err);
}

/* Sends through a perf buffer, where the kernel counts. */
static void perf_object(void)
{
	/* r4 = data, r2 = map, r3 = this CPU, r5 = size, r1 = context */
	const struct bpfl_insn insns[] = {
		NUMBER_RECORD, MOV_REG(4, 2), ADDRESS(2), IMM64(3, 0xffffffffull), MOV(5, RECORD_SIZE), MOV_REG(1, 6),
		CALL(25),      MOV(0, 2),     EXIT
	};
	uint32_t func;

	kerngen_init(&gen, 0);
	specgen_map(gen.spec, ".bss", BPFL_MAP_BSS, BPFL_MAP_TYPE_ARRAY, 4, 16, 1);
	specgen_map(gen.spec, "events", BPFL_MAP_BTF, BPFL_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 0);
	specgen_var(gen.spec, "produced", 0, DATA_PRODUCED, 8, 0);
	func = specgen_insns(gen.spec, "produce", insns, sizeof(insns) / sizeof(insns[0]));
	specgen_prog(gen.spec, "produce", "xdp", func);
	specgen_ref(gen.spec, func, NUMBER_ADDRESS_AT, BPFL_REF_DATA, 0, DATA_PRODUCED);
	specgen_ref(gen.spec, func, NUMBER_LEN + 1, BPFL_REF_MAP, 1, 0);
	CHECK_OK(kerngen_load(&gen), gen.err);
}

static uint64_t variable(const char *name)
{
	uint64_t value;

	CHECK_OK(bpfl_object_var_get(gen.object, name, &value, sizeof(value), &err), err);
	return value;
}

/* ---- producers ---- */

static struct {
	pthread_t threads[NR_PRODUCERS];
	int prog_fd;
	uint64_t until_ns;
	volatile unsigned nr_running;
	uint32_t repeat;
} producers;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void run_prog(uint32_t repeat)
{
	uint8_t packet[64] = { 0 };
	struct bpfl_attr_test_run attr = { .prog_fd = (uint32_t)producers.prog_fd, .data_in = (uintptr_t)packet,
					   .data_size_in = sizeof(packet), .repeat = repeat };

	ck_assert_int_eq(bpfl_sys_prog_test_run(&attr), 0);
}

static void *produce(void *unused)
{
	(void)unused;
	while (now_ns() < producers.until_ns)
		run_prog(producers.repeat);
	__atomic_fetch_sub(&producers.nr_running, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void producers_start(uint64_t duration_ns, uint32_t repeat)
{
	producers.prog_fd = bpfl_object_prog_fd(gen.object, "produce");
	producers.until_ns = now_ns() + duration_ns;
	producers.nr_running = NR_PRODUCERS;
	producers.repeat = repeat;
	for (unsigned i = 0; i < NR_PRODUCERS; i++)
		ck_assert_int_eq(pthread_create(&producers.threads[i], NULL, produce, NULL), 0);
}

static void producers_join(void)
{
	for (unsigned i = 0; i < NR_PRODUCERS; i++)
		pthread_join(producers.threads[i], NULL);
}

/* ---- accounting ---- */

static struct {
	uint64_t nr_received, nr_lost, nr_bad;
	uint8_t *bits; /* by number; NULL: only counted */
	uint64_t nr_bits;
	uint64_t sum; /* of all numbers */
} account;

static int on_record(void *ctx, const struct bpfl_record *record)
{
	uint64_t words[2];

	(void)ctx;
	if (record->kind == BPFL_RECORD_LOST) {
		account.nr_lost += record->nr_lost;
		return 0;
	}
	if (record->size < RECORD_SIZE) {
		account.nr_bad++;
		return 0;
	}
	memcpy(words, record->data, sizeof(words));
	if ((words[0] ^ words[1]) != MAGIC || words[0] >= account.nr_bits ||
	    (account.bits && account.bits[words[0] / 8] >> words[0] % 8 & 1)) {
		account.nr_bad++;
	} else if (account.bits) {
		account.bits[words[0] / 8] |= (uint8_t)(1u << words[0] % 8);
	}
	account.nr_received++;
	account.sum += words[0];
	return 0;
}

static long rss_kib(void)
{
	char line[256];
	long kib = 0;
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	}
	if (file)
		fclose(file);
	return kib;
}

static long soak_s(void)
{
	const char *text = getenv("BPFLOAD_SOAK");

	return text ? atol(text) : 0;
}

/* Reads while the producers run; a slow reader sleeps now and then, so that rings overflow. */
static void account_for_all(uint64_t duration_ns, unsigned sleep_us)
{
	/* For a slow reader a buffer of two hundred records: an emulated machine must fill it between two looks. */
	struct bpfl_events_opts opts = { .size = sizeof(opts), .perf_bytes = sleep_us >= 50000 ? 8 << 10 : 64 << 10 };
	struct bpfl_events *events;
	long rss_begin = 0;

	memset(&account, 0, sizeof(account));
	account.nr_bits = soak_s() ? UINT64_MAX : 1ull << 30;
	account.bits = soak_s() ? NULL : calloc(1, account.nr_bits / 8);
	CHECK_OK(bpfl_events_open(gen.object, &opts, &events, &err), err);
	ck_assert_uint_eq(bpfl_events_nr_sources(events), 1);
	producers_start(duration_ns, 1000);
	while (__atomic_load_n(&producers.nr_running, __ATOMIC_ACQUIRE) > 0) {
		CHECK_OK(bpfl_events_poll(events, 100, on_record, NULL, &err), err);
		if (sleep_us)
			usleep(sleep_us);
		if (!rss_begin && account.nr_received > 1000000)
			rss_begin = rss_kib();
	}
	producers_join();
	CHECK_OK(bpfl_events_finish(events, on_record, NULL, &err), err);
	if (soak_s()) {
		fprintf(stderr, "produced %llu, received %llu, lost %llu; RSS %ld -> %ld KiB\n",
			(unsigned long long)variable("produced"), (unsigned long long)account.nr_received,
			(unsigned long long)account.nr_lost, rss_begin, rss_kib());
		/* A byte for a thousand events would already be seen. */
		if (rss_begin)
			ck_assert_int_le(rss_kib(), rss_begin + 1024);
	}
	ck_assert_uint_gt(account.nr_received, 100); /* however slow the machine */
	ck_assert_uint_eq(account.nr_bad, 0);
	ck_assert_uint_eq(account.nr_received + account.nr_lost, variable("produced"));
	bpfl_events_close(events);
	free(account.bits);
	kerngen_deinit(&gen);
	bpfl_error_clear(&err);
}

static uint64_t duration_ns(void)
{
	return soak_s() ? (uint64_t)soak_s() * 1000000000 : 700000000;
}

START_TEST(ring_buffer_fast_reader)
{
	if (bpfl_test_lacks("atomic_fetch"))
		return;
	ring_object(16 << 20);
	account_for_all(duration_ns(), 0);
}
END_TEST

START_TEST(ring_buffer_that_overflows)
{
	if (bpfl_test_lacks("atomic_fetch"))
		return;
	ring_object(4096);
	account_for_all(soak_s() ? 1000000000 : 700000000, 1000);
	ck_assert_uint_gt(account.nr_lost, 0);
}
END_TEST

START_TEST(perf_buffer_fast_reader)
{
	if (bpfl_test_lacks("atomic_fetch") || bpfl_test_lacks("perf_lost"))
		return;
	perf_object();
	account_for_all(duration_ns(), 0);
}
END_TEST

START_TEST(perf_buffer_that_overflows)
{
	if (bpfl_test_lacks("atomic_fetch") || bpfl_test_lacks("perf_lost"))
		return;
	perf_object();
	account_for_all(soak_s() ? 1000000000 : 700000000, 50000);
	ck_assert_uint_gt(account.nr_lost, 0);
}
END_TEST

/* ---- waking ---- */

START_TEST(a_sleeping_reader_is_woken)
{
	struct bpfl_events *events;
	struct pollfd fd;

	if (bpfl_test_lacks("atomic_fetch"))
		return;
	ring_object(4096);
	CHECK_OK(bpfl_events_open(gen.object, NULL, &events, &err), err);
	memset(&account, 0, sizeof(account));
	account.nr_bits = UINT64_MAX;
	ck_assert_int_eq(bpfl_events_poll(events, 0, on_record, NULL, &err), 0);
	producers.prog_fd = bpfl_object_prog_fd(gen.object, "produce");
	run_prog(3);
	fd = (struct pollfd){ bpfl_events_fd(events), POLLIN, 0 };
	ck_assert_int_eq(poll(&fd, 1, 1000), 1);
	ck_assert_int_eq(bpfl_events_poll(events, 1000, on_record, NULL, &err), 3);
	ck_assert_int_eq(poll(&fd, 1, 0), 0);
	bpfl_events_close(events);
	kerngen_deinit(&gen);
}
END_TEST

/* Three small records are far below the mark that wakes: the timer finds them. */
START_TEST(a_few_perf_records_do_not_wait_long)
{
	struct bpfl_events *events;
	struct pollfd fd;
	uint64_t begin;
	int64_t nr = 0;

	if (bpfl_test_lacks("atomic_fetch"))
		return;
	perf_object();
	CHECK_OK(bpfl_events_open(gen.object, NULL, &events, &err), err);
	memset(&account, 0, sizeof(account));
	account.nr_bits = UINT64_MAX;
	producers.prog_fd = bpfl_object_prog_fd(gen.object, "produce");
	run_prog(3);
	begin = now_ns();
	while (nr < 3 && now_ns() - begin < 2000000000)
		nr += bpfl_events_poll(events, 100, on_record, NULL, &err);
	ck_assert_int_eq(nr, 3);
	ck_assert_uint_lt(now_ns() - begin, 500000000);
	ck_assert_uint_eq(account.nr_bad, 0);
	begin = now_ns();
	for (int i = 0; i < 4; i++) /* each sleeps up to the next tick of 50 ms, but the first */
		ck_assert_int_eq(bpfl_events_poll(events, 1000, on_record, NULL, &err), 0);
	ck_assert_uint_gt(now_ns() - begin, 90000000);
	fd = (struct pollfd){ bpfl_events_fd(events), POLLIN, 0 };
	begin = now_ns();
	for (int i = 0; i < 4; i++) { /* and so do those who wait themselves */
		ck_assert_int_eq(poll(&fd, 1, 1000), 1);
		ck_assert_int_eq(bpfl_events_consume(events, on_record, NULL, &err), 0);
	}
	ck_assert_uint_gt(now_ns() - begin, 90000000);
	bpfl_events_close(events);
	kerngen_deinit(&gen);
}
END_TEST

/* ---- faults ---- */

static int see_loss(void *ctx, const struct bpfl_record *record)
{
	uint64_t *nr_lost = ctx;

	*nr_lost += record->kind == BPFL_RECORD_LOST ? record->nr_lost : 0;
	return 0;
}

/* A counter is an array of numbers. What is only called so is not read: its elements may have any size. */
START_TEST(only_arrays_of_numbers_are_counters)
{
	const uint32_t zero = 0;
	uint64_t value[64] = { 7 }, nr_lost = 0;
	struct bpfl_events *events = NULL;

	kerngen_init(&gen, 0);
	specgen_map(gen.spec, "events", BPFL_MAP_BTF, BPFL_MAP_TYPE_RINGBUF, 0, 0, 4096);
	specgen_map(gen.spec, "lost", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 8, 4);
	specgen_map(gen.spec, "dropped", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, sizeof(value), 1);
	specgen_map(gen.spec, "events_lost", BPFL_MAP_BTF, BPFL_MAP_TYPE_PERCPU_ARRAY, 4, 4, 1);
	for (uint32_t map = 0; map < 4; map++) {
		static const char *const names[] = { "a", "b", "c", "d" };

		kerngen_user(&gen, names[map], "xdp", map);
	}
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_int_eq(bpfl_sys_map_update(bpfl_object_map_fd(gen.object, "lost"), &zero, value, 0), 0);
	ck_assert_int_eq(bpfl_sys_map_update(bpfl_object_map_fd(gen.object, "dropped"), &zero, value, 0), 0);
	CHECK_OK(bpfl_events_open(gen.object, NULL, &events, &err), err);
	CHECK_OK(bpfl_events_finish(events, see_loss, &nr_lost, &err), err);
	ck_assert_uint_eq(nr_lost, 0);
	bpfl_events_close(events);
	kerngen_deinit(&gen);
}
END_TEST

static int see_nothing(void *ctx, const void *data, size_t size, int cpu)
{
	(void)ctx, (void)data, (void)size, (void)cpu;
	return 0;
}

/* Another reader of the same ring may have written its consumer's position, which is nobody's alone. */
START_TEST(a_ring_that_another_reader_spoilt_is_an_error)
{
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	unsigned long *consumer = NULL;
	void *page = NULL;
	struct bpfl_ringbuf *ring;
	int map;

	kerngen_init(&gen, 0); /* which raises the limit of locked memory where a kernel wants that */
	specgen_map(gen.spec, "events", BPFL_MAP_BTF, BPFL_MAP_TYPE_RINGBUF, 0, 0, (uint32_t)page_size);
	kerngen_user(&gen, "user", "xdp", 0);
	CHECK_OK(kerngen_load(&gen), gen.err);
	map = bpfl_object_map_fd(gen.object, "events");
	CHECK_OK(bpfl_ringbuf_open(map, &ring, &err), err);
	ck_assert_int_eq(bpfl_ringbuf_fd(ring), map);
	ck_assert_int_eq(bpfl_enter_mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0, &page), 0);
	consumer = page;
	*consumer = 1u << 20;
	CHECK_FAILS(bpfl_ringbuf_consume(ring, 0, see_nothing, NULL, &err), err, BPFL_ERR_SYSTEM, EBADMSG,
		    "the ring buffer is damaged at byte 1048576");
	*consumer = 0;
	ck_assert_int_eq(bpfl_ringbuf_consume(ring, 0, see_nothing, NULL, &err), 0);
	bpfl_enter_munmap(page, page_size);
	bpfl_ringbuf_close(ring);
	kerngen_deinit(&gen);
}
END_TEST

/* ---- the other direction ---- */

START_TEST(a_user_ring_buffer_is_filled_to_the_brim)
{
	struct bpfl_attr_map_create attr = { .map_type = BPFL_MAP_TYPE_USER_RINGBUF, .max_entries = 4096 };
	struct bpfl_user_ringbuf *ring;
	void *record;
	uint64_t begin;
	int map, nr = 0;

	if (bpfl_test_lacks("user_ringbuf"))
		return;
	map = bpfl_sys_map_create(&attr);
	ck_assert_int_ge(map, 0);
	CHECK_OK(bpfl_user_ringbuf_open(map, &ring, &err), err);
	ck_assert_int_eq(bpfl_user_ringbuf_fd(ring), map);
	while (bpfl_user_ringbuf_reserve(ring, 24, &record) == 0) {
		memset(record, 0, 24);
		/* What is taken back is for the programs to skip: until then it fills the ring all the same. */
		if (nr++ % 2)
			bpfl_user_ringbuf_submit(ring, record);
		else
			bpfl_user_ringbuf_discard(ring, record);
	}
	ck_assert_int_eq(nr, 4096 / 32);
	begin = now_ns();
	ck_assert_int_eq(bpfl_user_ringbuf_reserve_wait(ring, 24, 50, &record), -ETIMEDOUT);
	ck_assert_uint_ge(now_ns() - begin, 45000000);
	ck_assert_int_eq(bpfl_user_ringbuf_reserve(ring, 5000, &record), -E2BIG);
	bpfl_user_ringbuf_close(ring);
	bpfl_enter_close(map);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		ring_buffer_fast_reader,
		ring_buffer_that_overflows,
		perf_buffer_fast_reader,
		perf_buffer_that_overflows,
		a_sleeping_reader_is_woken,
		a_few_perf_records_do_not_wait_long,
		only_arrays_of_numbers_are_counters,
		a_ring_that_another_reader_spoilt_is_an_error,
		a_user_ring_buffer_is_filled_to_the_brim,
	};

	return bpfl_test_main(BPFL_TEST_SUITE("events", tests));
}
