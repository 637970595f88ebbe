/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in maps, in words: typed and untyped, for each CPU, ids, queues, and kinds that cannot be looked at.
 * The maps live in the fake kernel; the object is put together by hand.
 */
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include "bpfload/event.h"
#include "btfgen.h"
#include "fake_sys.h"
#include "kern/object.h"
#include "specgen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct bpfl_image image;
static struct bpfl_image_map image_maps[8];
static struct bpfl_live_map live_maps[8];
static struct bpfl_object object;

static void setup(void)
{
	spec = specgen_new("obj");
	memset(&image, 0, sizeof(image));
	memset(live_maps, 0, sizeof(live_maps));
	image.spec = spec;
	image.maps = image_maps;
	object = (struct bpfl_object){ .image = &image, .maps = live_maps, .btf_fd = -1 };
}

/* A live map. Its number is the map_idx. */
static size_t add(const char *name, enum bpfl_map_origin origin, uint32_t type, uint32_t key_size, uint32_t value_size,
		  uint32_t max_entries)
{
	struct bpfl_attr_map_create attr = { .map_type = type, .key_size = key_size, .value_size = value_size,
					     .max_entries = max_entries };
	size_t idx = spec->maps.nr;

	specgen_map(spec, name, origin, type, key_size, value_size, max_entries);
	live_maps[idx] = (struct bpfl_live_map){ .fd = bpfl_sys_map_create(&attr), .type = type, .key_size = key_size,
						 .value_size = value_size, .max_entries = max_entries };
	ck_assert_int_ge(live_maps[idx].fd, 3);
	return idx;
}

static void put(size_t idx, const void *key, const void *value)
{
	ck_assert_int_eq(bpfl_sys_map_update(live_maps[idx].fd, key, value, 0), 0);
}

static void done(void)
{
	for (size_t i = 0; i < spec->maps.nr; i++)
		bpfl_enter_close(live_maps[i].fd);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}

static void shows(const char *map, enum bpfl_format format, const char *want)
{
	char *text = NULL;

	CHECK_OK(bpfl_object_map_text(&object, map, format, &text, &err), err);
	ck_assert_str_eq(text, want);
	free(text);
}

START_TEST(numbers_are_shown_without_types)
{
	size_t idx;

	setup();
	idx = add("pkt_count", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 8, 2);
	put(idx, &(uint32_t){ 1 }, &(uint64_t){ 123456789012 });
	shows("pkt_count", BPFL_FORMAT_TEXT, "pkt_count[0] = 0\npkt_count[1] = 123456789012\n");
	shows("pkt_count", BPFL_FORMAT_JSON,
	      "{\"v\":1,\"type\":\"map\",\"map\":\"pkt_count\",\"key\":0,\"value\":0}\n"
	      "{\"v\":1,\"type\":\"map\",\"map\":\"pkt_count\",\"key\":1,\"value\":123456789012}\n");
	done();
}
END_TEST

START_TEST(odd_sizes_are_shown_as_bytes)
{
	size_t idx;

	setup();
	idx = add("m", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 3, 5, 4);
	put(idx, "\1\2\xff", "\0\1\2\3\4");
	shows("m", BPFL_FORMAT_TEXT, "m[01 02 ff] = 00 01 02 03 04\n");
	shows("m", BPFL_FORMAT_JSON,
	      "{\"v\":1,\"type\":\"map\",\"map\":\"m\",\"key\":\"01 02 ff\",\"value\":\"00 01 02 03 04\"}\n");
	done();
}
END_TEST

START_TEST(an_empty_map_is_an_empty_text)
{
	setup();
	add("m", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 4);
	shows("m", BPFL_FORMAT_TEXT, "");
	done();
}
END_TEST

START_TEST(types_of_the_object_are_used)
{
	struct { uint32_t pid; int32_t delta; } value = { 7, -3 };
	struct btfgen gen;
	uint32_t u32, s32, event;
	size_t idx;

	setup();
	btfgen_init(&gen, false);
	u32 = btfgen_int(&gen, "unsigned int", 4, 0);
	s32 = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	event = btfgen_struct(&gen, "event", 8);
	btfgen_member(&gen, "pid", u32, 0);
	btfgen_member(&gen, "delta", s32, 32);
	spec->btf = btfgen_read(&gen);
	idx = add("m", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 8, 4);
	spec->maps.items[idx].key_type_id = s32;
	spec->maps.items[idx].value_type_id = event;
	put(idx, &(int32_t){ -1 }, &value);
	shows("m", BPFL_FORMAT_TEXT, "m[-1] = {pid=7,delta=-3}\n");
	shows("m", BPFL_FORMAT_JSON,
	      "{\"v\":1,\"type\":\"map\",\"map\":\"m\",\"key\":-1,\"value\":{\"pid\":7,\"delta\":-3}}\n");
	btfgen_deinit(&gen);
	done();
}
END_TEST

/* The kernel writes a value for each of its four CPUs, at multiples of eight bytes. */
START_TEST(values_of_each_cpu_are_shown)
{
	uint32_t values[FAKE_SYS_NR_CPUS][2] = { { 10, 0 }, { 11, 0 }, { 12, 0 }, { 13, 0 } };
	size_t idx;

	setup();
	idx = add("hits", BPFL_MAP_BTF, BPFL_MAP_TYPE_PERCPU_ARRAY, 4, 4, 1);
	put(idx, &(uint32_t){ 0 }, values);
	shows("hits", BPFL_FORMAT_TEXT,
	      "hits[0] cpu 0 = 10\nhits[0] cpu 1 = 11\nhits[0] cpu 2 = 12\nhits[0] cpu 3 = 13\n");
	shows("hits", BPFL_FORMAT_JSON,
	      "{\"v\":1,\"type\":\"map\",\"map\":\"hits\",\"key\":0,\"cpus\":[10,11,12,13]}\n");
	done();
}
END_TEST

START_TEST(maps_and_programs_in_maps_are_ids)
{
	size_t idx;

	setup();
	idx = add("inner", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH_OF_MAPS, 4, 4, 2);
	put(idx, &(uint32_t){ 5 }, &(uint32_t){ (uint32_t)live_maps[idx].fd });
	char *text = NULL;

	CHECK_OK(bpfl_object_map_text(&object, "inner", BPFL_FORMAT_TEXT, &text, &err), err);
	CHECK_HAS(text, "inner[5] = map id ");
	free(text);
	CHECK_OK(bpfl_object_map_text(&object, "inner", BPFL_FORMAT_JSON, &text, &err), err);
	CHECK_HAS(text, "\"key\":5,\"map_id\":");
	free(text);
	done();
}
END_TEST

START_TEST(streams_and_storages_say_what_they_are)
{
	setup();
	add("rb", BPFL_MAP_BTF, BPFL_MAP_TYPE_RINGBUF, 0, 0, 4096);
	add("events", BPFL_MAP_BTF, BPFL_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4);
	shows("rb", BPFL_FORMAT_TEXT, "rb: a ring buffer: a stream of events, not elements\n");
	shows("events", BPFL_FORMAT_JSON,
	      "{\"v\":1,\"type\":\"map\",\"map\":\"events\",\"note\":\"perf buffers: a stream of events, not elements\"}\n");
	done();
}
END_TEST

START_TEST(sockets_are_cookies_where_there_is_room)
{
	static const uint32_t types[] = { BPFL_MAP_TYPE_SOCKMAP, BPFL_MAP_TYPE_SOCKHASH,
					  BPFL_MAP_TYPE_REUSEPORT_SOCKARRAY };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t idx;

		setup();
		add("narrow", BPFL_MAP_BTF, types[i], 4, 4, 2);
		idx = add("wide", BPFL_MAP_BTF, types[i], 4, 8, 1);
		put(idx, &(uint32_t){ 0 }, &(uint64_t){ 4711 });
		shows("wide", BPFL_FORMAT_TEXT, "wide[0] = 4711\n");
		shows("narrow", BPFL_FORMAT_TEXT,
		      "narrow: sockets; the kernel shows their cookies only in a map whose values have 8 bytes\n");
		done();
	}
}
END_TEST

START_TEST(a_data_section_is_its_variables)
{
	size_t idx;
	uint8_t bytes[16] = { 0 };

	setup();
	idx = add(".data", BPFL_MAP_DATA, BPFL_MAP_TYPE_ARRAY, 4, 16, 1);
	specgen_var(spec, "my_pid", (uint32_t)idx, 0, 4, 0);
	specgen_var(spec, "limit", (uint32_t)idx, 8, 8, 0);
	specgen_var(spec, "beyond", (uint32_t)idx, 12, 8, 0); /* does not fit: not shown */
	memcpy(bytes, &(uint32_t){ 4711 }, 4);
	memcpy(bytes + 8, &(uint64_t){ 99 }, 8);
	put(idx, &(uint32_t){ 0 }, bytes);
	shows(".data", BPFL_FORMAT_TEXT, "my_pid = 4711\nlimit = 99\n");
	shows(".data", BPFL_FORMAT_JSON,
	      "{\"v\":1,\"type\":\"map\",\"map\":\".data\",\"variable\":\"my_pid\",\"value\":4711}\n"
	      "{\"v\":1,\"type\":\"map\",\"map\":\".data\",\"variable\":\"limit\",\"value\":99}\n");
	done();
}
END_TEST

START_TEST(names_that_are_wrong_are_named)
{
	char *text = NULL;

	setup();
	add("pkt_count", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 8, 1);
	CHECK_FAILS(bpfl_object_map_text(&object, "pkt_cont", BPFL_FORMAT_TEXT, &text, &err), err, BPFL_ERR_USAGE,
		    ENOENT, "there is no map 'pkt_cont'");
	CHECK_HAS(err.fix, "'pkt_count'");
	bpfl_enter_close(live_maps[0].fd);
	live_maps[0].fd = -1;
	CHECK_FAILS(bpfl_object_map_text(&object, "pkt_count", BPFL_FORMAT_TEXT, &text, &err), err, BPFL_ERR_USAGE,
		    ENOENT, "is not loaded");
	done();
}
END_TEST

/* Deleting the current key makes the kernel begin again: a fake one that always does. */
static int first_key_again(void *ctx, void *attr, size_t attr_size)
{
	const struct bpfl_attr_map_elem *elem = attr;

	(void)ctx;
	(void)attr_size;
	memset((void *)(uintptr_t)elem->value, 7, 4);
	return 0;
}

START_TEST(a_walk_that_begins_again_ends)
{
	char *text = NULL;
	size_t idx;

	setup();
	idx = add("m", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 10);
	put(idx, &(uint32_t){ 0x07070707 }, &(uint32_t){ 1 });
	fake_sys_fail_bpf(BPFL_CMD_MAP_LOOKUP_BATCH, 0, EINVAL);
	fake_sys_on_bpf(BPFL_CMD_MAP_GET_NEXT_KEY, first_key_again, NULL);
	CHECK_OK(bpfl_object_map_text(&object, "m", BPFL_FORMAT_TEXT, &text, &err), err);
	ck_assert_str_eq(text,
			 "m[117901063] = 1\nm: it changed faster than it could be read: elements may be missing\n");
	free(text);
	done();
}
END_TEST

START_TEST(a_refused_lookup_is_an_error)
{
	char *text = NULL;

	setup();
	add("m", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 4, 10);
	fake_sys_fail_bpf(BPFL_CMD_MAP_LOOKUP_BATCH, 0, EINVAL);
	fake_sys_fail_bpf(BPFL_CMD_MAP_LOOKUP_ELEM, 3, EPERM);
	CHECK_FAILS(bpfl_object_map_text(&object, "m", BPFL_FORMAT_TEXT, &text, &err), err, BPFL_ERR_PERMISSION, EPERM,
		    "map 'm': reading an element");
	ck_assert_ptr_null(text);
	done();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		numbers_are_shown_without_types,
		odd_sizes_are_shown_as_bytes,
		an_empty_map_is_an_empty_text,
		types_of_the_object_are_used,
		values_of_each_cpu_are_shown,
		maps_and_programs_in_maps_are_ids,
		streams_and_storages_say_what_they_are,
		sockets_are_cookies_where_there_is_room,
		a_data_section_is_its_variables,
		names_that_are_wrong_are_named,
		a_walk_that_begins_again_ends,
		a_refused_lookup_is_an_error,
	};
	return bpfl_test_main(BPFL_TEST_SUITE("event map text", tests));
}
