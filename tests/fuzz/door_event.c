/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs send: rings as the kernel maps them, records under types that somebody wrote, with filters and
 * columns that somebody wrote; elements of maps in words.
 */
#include "doors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "bpfload/decode.h"
#include "bpfload/map.h"
#include "bpfload/table.h"
#include "btfc.h"
#include "event/ring.h"
#include "memory.h"
#include "specgen.h"

#define RING_SIZE 4096u

static int see_bytes(void *ctx, const void *data, size_t size, int cpu)
{
	const uint8_t *bytes = data;
	unsigned *sum = ctx;

	(void)cpu;
	for (size_t i = 0; i < size; i++)
		*sum += bytes[i];
	return 0;
}

static void see_lost(void *ctx, uint64_t nr, int cpu)
{
	*(unsigned *)ctx += (unsigned)nr + (unsigned)cpu;
}

/* One page twice in a row, with one behind that may not be touched. */
static uint8_t *pages_new(const uint8_t *bytes, size_t size)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);
	uint8_t *pages = mmap(NULL, 3 * RING_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (fd < 0 || pages == MAP_FAILED || ftruncate(fd, RING_SIZE) < 0)
		abort();
	for (unsigned i = 0; i < 2; i++) {
		if (mmap(pages + i * RING_SIZE, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
		    MAP_FAILED)
			abort();
	}
	close(fd);
	memcpy(pages, bytes, size < RING_SIZE ? size : RING_SIZE);
	return pages;
}

/* The first eight bytes: both positions. */
static size_t take_positions(const uint8_t **bytes, size_t size, uint32_t pos[2])
{
	memcpy(pos, *bytes, 8);
	*bytes += 8;
	return size - 8;
}

void fuzz_ring(const uint8_t *bytes, size_t size)
{
	uint32_t pos[2];
	unsigned long consumer, producer;
	unsigned sum = 0;
	uint8_t *pages;

	if (size < 8)
		return;
	size = take_positions(&bytes, size, pos);
	pages = pages_new(bytes, size);
	consumer = pos[0], producer = consumer + pos[1] % (2 * RING_SIZE);
	bpfl_ring_view_consume(&(struct bpfl_ring_view){ &consumer, &producer, pages, RING_SIZE }, 0, see_bytes, &sum);
	munmap(pages, 3 * RING_SIZE);
}

void fuzz_perf(const uint8_t *bytes, size_t size)
{
	static uint8_t scratch[BPFL_PERF_SCRATCH_SIZE];
	uint32_t pos[2];
	uint64_t head, tail, reported = 0;
	unsigned sum = 0;
	uint8_t *pages;

	if (size < 8)
		return;
	size = take_positions(&bytes, size, pos);
	pages = pages_new(bytes, size);
	mprotect(pages + RING_SIZE, RING_SIZE, PROT_NONE); /* perf maps it once */
	tail = pos[0], head = tail + pos[1] % (2 * RING_SIZE);
	bpfl_perf_view_consume(&(struct bpfl_perf_view){ &head, &tail, pages, RING_SIZE, 1, &reported }, scratch, 0,
			       see_bytes, see_lost, &sum);
	munmap(pages, 3 * RING_SIZE);
}

static const char event_types[] = "struct event { u32 pid; u32 uid; char comm[16]; u64 delta_ns; s32 ret; u16 dport; u32 saddr;"
				  " enum state { RUN, SLEEP } state; u32 flag : 3; u8 data[8]; };";

static struct bpfl_spec *spec_new(void)
{
	struct bpfl_spec *spec;

	fuzz_memory_pause();
	spec = specgen_new("obj");
	spec->btf = btfc_read(event_types, false);
	specgen_map(spec, "events", BPFL_MAP_BTF, BPFL_MAP_TYPE_RINGBUF, 0, 0, 4096)->value_type_id =
		btfc_id(spec->btf, "struct event");
	fuzz_memory_go_on();
	return spec;
}

static const char *or_null(const char *word)
{
	return *word ? word : NULL;
}

/*
 * The C library doubles the memory for each repetition of a repetition ("a++++++"). Whoever writes such a filter has
 * himself to blame, but the fuzzer would find nothing else.
 */
static bool is_all_repetition(const char *filter)
{
	unsigned nr = 0;

	for (; *filter; filter++)
		nr += strchr("+*?{", *filter) != NULL;
	return nr > 6;
}

/* Words: type, filter, column, form; the rest are records, whole and cut. */
void fuzz_decode(const uint8_t *bytes, size_t size)
{
	struct fuzz_words words = fuzz_words_of(bytes, size);
	struct bpfl_spec *spec = spec_new();
	char event[4096];
	const char *type = fuzz_word(&words), *filter = fuzz_word(&words), *column = fuzz_word(&words),
		   *form = fuzz_word(&words), *told[] = { event };
	struct bpfl_decoder_opts opts = { .size = sizeof(opts), .filter = or_null(filter) };
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_decoder *decoder = NULL;
	size_t left = words.at < words.end ? (size_t)(words.end - words.at) : 0;

	snprintf(event, sizeof(event), "events=%s", type);
	opts.events = told, opts.nr_events = *type ? 1 : 0;
	opts.columns = &column, opts.nr_columns = *column ? 1 : 0;
	opts.forms = &form, opts.nr_forms = *form ? 1 : 0;
	for (int format = BPFL_FORMAT_TEXT; format <= BPFL_FORMAT_JSON && !is_all_repetition(filter); format++) {
		opts.format = (enum bpfl_format)format;
		if (bpfl_decoder_create(spec, &opts, &decoder, &err) < 0)
			break;
		for (size_t part = 0; part <= left; part += 1 + part / 2) {
			/* In memory of its own, so that reading behind it is seen. */
			uint8_t *copy = malloc(part ? part : 1);
			struct bpfl_record record = { .kind = BPFL_RECORD_DATA, .source = "events", .cpu = -1,
						      .data = copy, .size = part };
			const char *text;
			size_t text_size;

			if (!copy)
				abort();
			if (part)
				memcpy(copy, words.at, part);
			bpfl_decoder_text(decoder, &record, &text, &text_size);
			free(copy);
		}
		bpfl_decoder_destroy(decoder);
		decoder = NULL;
	}
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
	fuzz_words_free(&words);
}

/* Words: type, sort, filter, column; the rest are rows. */
void fuzz_rows(const uint8_t *bytes, size_t size)
{
	struct fuzz_words words = fuzz_words_of(bytes, size);
	struct bpfl_spec *spec = spec_new();
	const char *type = fuzz_word(&words), *sort = fuzz_word(&words), *filter = fuzz_word(&words),
		   *column = fuzz_word(&words);
	struct bpfl_view_opts opts = { .size = sizeof(opts), .sort = or_null(sort), .filter = or_null(filter),
				       .columns = &column, .nr_columns = *column ? 1 : 0, .width = 80 };
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_rows *rows = NULL;
	size_t left = words.at < words.end ? (size_t)(words.end - words.at) : 0;
	char *text = NULL;

	if (!is_all_repetition(filter) &&
	    bpfl_rows_create(spec, *type ? type : "struct event", "t", &opts, &rows, &err) == 0) {
		bpfl_rows_write(rows, words.at, left / 3);
		bpfl_rows_write(rows, words.at + left / 3, left - left / 3);
		if (bpfl_rows_text(rows, &text, &err) == 0)
			free(text);
		bpfl_rows_destroy(rows);
	}
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
	fuzz_words_free(&words);
}

/* Words: type of the map, its key, its value; a key and a value in words; words of a histogram. */
void fuzz_map_words(const uint8_t *bytes, size_t size)
{
	struct fuzz_words words = fuzz_words_of(bytes, size);
	struct bpfl_map_def def = { .size = sizeof(def), .name = "m", .max_entries = 4 };
	struct bpfl_view_opts view = { .size = sizeof(view), .width = 80 };
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_map *map = NULL;
	const char *key_type, *value_type, *key, *value;
	char *text = NULL;

	def.type = bpfl_map_type_find(fuzz_word(&words));
	key_type = fuzz_word(&words), value_type = fuzz_word(&words), key = fuzz_word(&words), value = fuzz_word(&words);
	view.words = or_null(fuzz_word(&words));
	if (bpfl_map_create(&def, or_null(key_type), or_null(value_type), &map, &err) == 0) {
		bpfl_map_set_text(map, key, value, NULL, &err);
		if (bpfl_map_get_text(map, key, NULL, &text, &err) == 0)
			free(text);
		if (bpfl_map_text(map, NULL, &text, &err) == 0)
			free(text);
		if (bpfl_map_hist_text(map, &view, &text, &err) == 0)
			free(text);
		if (bpfl_map_top_text(map, &view, &text, &err) == 0)
			free(text);
		if (bpfl_map_del_text(map, key, NULL, &text, &err) == 0)
			free(text);
		bpfl_map_close(map);
	}
	bpfl_error_clear(&err);
	fuzz_words_free(&words);
}
