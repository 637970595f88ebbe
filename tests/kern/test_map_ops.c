/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps in hand on the running kernel (root): every kind that has elements, in batches and by keys, with a
 * writer at work, and the types that the kernel keeps with them.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "bpfload/map.h"
#include "feature.h"
#include "harness.h"
#include "kern/map_handle.h"
#include "spec/section.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/facts.h"
#include "sys/insn.h"

static struct bpfl_error err = BPFL_ERROR_INIT;

static struct bpfl_map *make(const char *type, const char *key, const char *value, uint32_t max_entries, uint32_t flags)
{
	struct bpfl_map_def def = { .size = sizeof(def),
				    .name = "bpfl_ops",
				    .type = bpfl_map_type_find(type),
				    .max_entries = max_entries,
				    .flags = flags };
	struct bpfl_map *map = NULL;

	CHECK_OK(bpfl_map_create(&def, key, value, &map, &err), err);
	return map;
}

static void done(struct bpfl_map *map)
{
	bpfl_map_close(map);
	bpfl_error_clear(&err);
}

/* ---- walks ---- */

#define NR_STAYING 2000u
#define NR_GOING 2000u

struct walk {
	unsigned times[NR_STAYING + NR_GOING];
	size_t nr;
};

static int see(void *ctx, const void *key, const void *value)
{
	struct walk *walk = ctx;
	uint32_t number;

	memcpy(&number, key, sizeof(number));
	ck_assert_uint_lt(number, NR_STAYING + NR_GOING);
	ck_assert_int_eq(memcmp(value, &number, sizeof(number)), 0);
	walk->times[number]++;
	walk->nr++;
	return 0;
}

static const struct { const char *type; uint32_t flags; } hashes[] = {
	{ "hash", 0 }, { "hash", BPFL_F_NO_PREALLOC }, { "lru_hash", 0 },
};

/* More elements than go into one batch. */
START_TEST(all_elements_are_read)
{
	struct bpfl_map *map = make(hashes[_i].type, "u32", "struct {u32 n; char filler[1020];}", 4096,
				    hashes[_i].flags);
	struct walk walk = { 0 };
	struct { uint32_t n; char filler[1020]; } value = { 0 };
	uint32_t nr = _i == 2 ? 500 : NR_STAYING; /* LRU: well below where it begins to evict */

	for (uint32_t i = 0; i < nr; i++) {
		value.n = i;
		CHECK_OK(bpfl_map_update(map, &i, 4, &value, sizeof(value), 0, &err), err);
	}
	ck_assert_int_eq(bpfl_map_each(map, 0, see, &walk, &err), 0);
	ck_assert_uint_eq(walk.nr, nr);
	for (uint32_t i = 0; i < nr; i++)
		ck_assert_uint_eq(walk.times[i], 1);
	memset(&walk, 0, sizeof(walk));
	ck_assert_int_eq(bpfl_map_each(map, BPFL_EACH_TAKE, see, &walk, &err), 0);
	ck_assert_uint_eq(walk.nr, nr);
	memset(&walk, 0, sizeof(walk));
	ck_assert_int_eq(bpfl_map_each(map, 0, see, &walk, &err), 0);
	ck_assert_uint_eq(walk.nr, 0);
	done(map);
}
END_TEST

struct turmoil {
	const struct bpfl_map *map;
	atomic_bool stop;
	atomic_uint nr_rounds;
};

/* Puts elements in and takes them out again, as fast as it can. */
static void *churn(void *ctx)
{
	struct turmoil *turmoil = ctx;

	while (!turmoil->stop) {
		for (uint32_t i = NR_STAYING; i < NR_STAYING + NR_GOING; i++)
			bpfl_sys_map_update(turmoil->map->fd, &i, &i, 0);
		for (uint32_t i = NR_STAYING; i < NR_STAYING + NR_GOING; i++)
			bpfl_sys_map_delete(turmoil->map->fd, &i);
		turmoil->nr_rounds++;
	}
	return NULL;
}

/*
 * While half of the elements come and go, the other half is all shown, and once. Read in batches, and by keys
 * (the type of the handle is changed for that: an unknown one is walked). A walk by keys of a hash may be led
 * astray by the kernel itself, when an element is used anew in another chain between the look-up of its key and
 * the step to its neighbour: once among the walks is forgiven.
 */
START_TEST(elements_that_stay_are_shown_whatever_is_deleted)
{
	struct bpfl_map *map = make("hash", "u32", "u32", 8192, 0);
	struct turmoil turmoil = { .map = map };
	unsigned nr_cut = 0, nr_astray = 0, nr_walks = _i == 0 ? 50 : 8;
	pthread_t thread;

	for (uint32_t i = 0; i < NR_STAYING; i++)
		CHECK_OK(bpfl_map_update(map, &i, 4, &i, 4, 0, &err), err);
	if (_i == 1)
		map->type = BPFL_MAP_TYPE_LPM_TRIE;
	ck_assert_int_eq(pthread_create(&thread, NULL, churn, &turmoil), 0);
	while (turmoil.nr_rounds == 0)
		sched_yield();
	for (unsigned round = 0; round < nr_walks; round++) {
		struct walk walk = { 0 };
		int ret = bpfl_map_each(map, 0, see, &walk, &err);

		CHECK_OK(ret, err);
		nr_cut += ret == 1;
		for (uint32_t i = 0; i < NR_STAYING + NR_GOING; i++)
			ck_assert_msg(walk.times[i] <= 1, "element %u was shown %u times", i, walk.times[i]);
		bool is_astray = false;
		for (uint32_t i = 0; i < NR_STAYING && ret == 0 && !is_astray; i++) {
			is_astray = walk.times[i] != 1;
			nr_astray += is_astray;
			ck_assert_msg(nr_astray <= (unsigned)_i, "element %u was missed", i);
		}
	}
	turmoil.stop = true;
	pthread_join(thread, NULL);
	ck_assert_uint_lt(nr_cut, nr_walks); /* not every walk was given up */
	done(map);
}
END_TEST

/* ---- kinds ---- */

START_TEST(per_cpu_values_have_a_place_for_each_possible_cpu)
{
	struct bpfl_map *map = make("percpu_array", "u32", "struct {u32 a; char b;}", 3, 0);
	struct bpfl_map_words words = { .sum = true };
	struct bpfl_map_facts facts;
	uint32_t key = 1;
	uint8_t *values;
	char *text = NULL;

	bpfl_map_get_facts(map, &facts);
	ck_assert_uint_eq(facts.nr_cpus, bpfl_facts_possible_cpus());
	ck_assert_uint_eq(facts.value_bytes, 8 * facts.nr_cpus);
	values = calloc(facts.nr_cpus, 8);
	for (uint32_t cpu = 0; cpu < facts.nr_cpus; cpu++)
		memcpy(values + 8 * cpu, &(uint32_t){ cpu + 1 }, 4);
	CHECK_OK(bpfl_map_update(map, &key, 4, values, facts.value_bytes, 0, &err), err);
	memset(values, 0, facts.value_bytes);
	CHECK_OK(bpfl_map_lookup(map, &key, 4, values, facts.value_bytes, 0, &err), err);
	for (uint32_t cpu = 0; cpu < facts.nr_cpus; cpu++)
		ck_assert_int_eq(memcmp(values + 8 * cpu, &(uint32_t){ cpu + 1 }, 4), 0);
	CHECK_OK(bpfl_map_get_text(map, "1", &words, &text, &err), err);
	key = facts.nr_cpus * (facts.nr_cpus + 1) / 2;
	ck_assert_int_eq(strncmp(text, "bpfl_ops[1] = {a=", 17), 0);
	ck_assert_uint_eq(strtoul(text + 17, NULL, 10), key);
	free(text);
	free(values);
	done(map);
}
END_TEST

static void text_is(const struct bpfl_map *map, const char *want)
{
	char *text = NULL;

	CHECK_OK(bpfl_map_text(map, NULL, &text, &err), err);
	ck_assert_str_eq(text, want);
	free(text);
}

START_TEST(queues_and_stacks_have_a_next_element)
{
	static const char *const types[] = { "queue", "stack" };
	struct bpfl_map *map = make(types[_i], NULL, "u32", 3, 0);
	uint32_t value;

	text_is(map, "");
	for (value = 1; value <= 3; value++)
		CHECK_OK(bpfl_map_update(map, NULL, 0, &value, 4, 0, &err), err);
	CHECK_FAILS(bpfl_map_update(map, NULL, 0, &value, 4, 0, &err), err, BPFL_ERR_TARGET, E2BIG, "no room");
	CHECK_OK(bpfl_map_update(map, NULL, 0, &value, 4, BPFL_MAP_EXIST, &err), err); /* the oldest, 1, goes */
	text_is(map, _i == 0 ? "bpfl_ops = 2\n" : "bpfl_ops = 4\n");
	CHECK_OK(bpfl_map_lookup(map, NULL, 0, &value, 4, 0, &err), err);
	for (uint32_t i = 0; i < 3; i++) {
		CHECK_OK(bpfl_map_take(map, NULL, 0, &value, 4, &err), err);
		ck_assert_uint_eq(value, _i == 0 ? i + 2 : 4 - i);
	}
	CHECK_FAILS(bpfl_map_take(map, NULL, 0, &value, 4, &err), err, BPFL_ERR_TARGET, ENOENT, "is empty");
	done(map);
}
END_TEST

START_TEST(a_bloom_filter_is_asked)
{
	struct bpfl_map *map;
	uint32_t value = 7;

	if (bpfl_test_lacks("bloom_filter"))
		return;
	map = make("bloom_filter", NULL, "u32", 100, 0);
	CHECK_OK(bpfl_map_update(map, NULL, 0, &value, 4, 0, &err), err);
	CHECK_OK(bpfl_map_lookup(map, NULL, 0, &value, 4, 0, &err), err);
	value = 8;
	CHECK_FAILS(bpfl_map_lookup(map, NULL, 0, &value, 4, 0, &err), err, BPFL_ERR_TARGET, ENOENT, "no such element");
	done(map);
}
END_TEST

START_TEST(a_trie_finds_the_longest_prefix)
{
	struct bpfl_map_def def = { .size = sizeof(def),
				    .type = BPFL_MAP_TYPE_LPM_TRIE,
				    .key_size = 8,
				    .value_size = 4,
				    .max_entries = 4,
				    .flags = BPFL_F_NO_PREALLOC };
	struct bpfl_map *map = NULL;
	char *text = NULL;

	CHECK_OK(bpfl_map_create(&def, NULL, "u32", &map, &err), err);
	CHECK_OK(bpfl_map_set_text(map, "10.0.0.0/8", "8", NULL, &err), err);
	CHECK_OK(bpfl_map_set_text(map, "10.1.0.0/16", "16", NULL, &err), err);
	CHECK_OK(bpfl_map_get_text(map, "10.1.2.3/32", NULL, &text, &err), err);
	CHECK_HAS(text, "[10.1.2.3/32] = 16");
	free(text);
	CHECK_FAILS(bpfl_map_get_text(map, "11.1.2.3/32", NULL, &text, &err), err, BPFL_ERR_TARGET, ENOENT,
		    "no such element");
	done(map);
}
END_TEST

START_TEST(values_with_a_lock_are_read_under_it)
{
	struct bpfl_map *map = make("hash", "u32", "struct {struct bpf_spin_lock {u32 val;} lock; u32 n;}", 4, 0);

	/* An object in a kernel that knows locks: the map has one, so flag 4 is taken. */
	ck_assert(map->has_lock);
	CHECK_OK(bpfl_map_set_text(map, "1", "{n=5}", NULL, &err), err);
	text_is(map, "bpfl_ops[1] = {n=5}\n");
	done(map);
	map = make("hash", "u32", "u32", 4, 0);
	ck_assert_int_eq(bpfl_map_update(map, &(uint32_t){ 1 }, 4, &(uint32_t){ 1 }, 4, BPFL_MAP_LOCK, &err), -EINVAL);
	done(map);
}
END_TEST

START_TEST(maps_in_maps_are_put_in_by_id)
{
	struct bpfl_map *inner = make("array", "u32", "u32", 1, 0);
	struct bpfl_attr_map_create attr = { .map_type = BPFL_MAP_TYPE_ARRAY_OF_MAPS,
					     .key_size = 4,
					     .value_size = 4,
					     .max_entries = 2,
					     .inner_map_fd = (uint32_t)inner->fd,
					     .map_name = "bpfl_outer" };
	struct bpfl_map *outer = NULL;
	char id[32], want[64];
	int fd = bpfl_sys_map_create(&attr);

	ck_assert_int_ge(fd, 0);
	CHECK_OK(bpfl_map_adopt(fd, &outer, &err), err);
	snprintf(id, sizeof(id), "id %u", inner->id);
	CHECK_OK(bpfl_map_set_text(outer, "1", id, NULL, &err), err);
	snprintf(want, sizeof(want), "bpfl_outer[1] = map id %u\n", inner->id);
	text_is(outer, want);
	CHECK_OK(bpfl_map_del_text(outer, "1", NULL, NULL, &err), err);
	text_is(outer, "");
	/* Another kind of map does not fit the template. */
	snprintf(id, sizeof(id), "id %u", outer->id);
	ck_assert_int_lt(bpfl_map_set_text(outer, "0", id, NULL, &err), 0);
	CHECK_HAS(err.message, "bpfl_outer");
	bpfl_map_close(inner);
	done(outer);
}
END_TEST

START_TEST(programs_are_put_in_by_id)
{
	static const struct bpfl_insn insns[] = { { .code = 0xb7 }, { .code = 0x95 } };
	struct bpfl_attr_prog_load attr = {
		.prog_type = 1, .insn_cnt = 2, .insns = BPFL_PTR(insns), .license = BPFL_PTR("GPL")
	};
	struct bpfl_map *map = make("prog_array", "u32", "u32", 2, 0);
	struct bpfl_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	char id[32], want[64];
	int fd = bpfl_sys_prog_load(&attr);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bpfl_sys_obj_info(fd, &info, &size), 0);
	snprintf(id, sizeof(id), "%u", info.id);
	CHECK_OK(bpfl_map_set_text(map, "0", id, NULL, &err), err);
	snprintf(want, sizeof(want), "bpfl_ops[0] = program id %u\n", info.id);
	text_is(map, want);
	bpfl_enter_close(fd);
	done(map);
}
END_TEST

START_TEST(a_frozen_map_is_read_only)
{
	struct bpfl_map *map = make("array", "u32", "u32", 1, 0);

	CHECK_OK(bpfl_map_set_text(map, "0", "5", NULL, &err), err);
	CHECK_OK(bpfl_map_freeze(map, &err), err);
	CHECK_FAILS(bpfl_map_set_text(map, "0", "6", NULL, &err), err, BPFL_ERR_PERMISSION, EPERM,
		    "writing an element");
	CHECK_HAS(err.why, "frozen");
	text_is(map, "bpfl_ops[0] = 5\n");
	done(map);
}
END_TEST

START_TEST(many_are_written_at_once)
{
	struct bpfl_map *map = make("hash", "u32", "u32", 8192, 0);
	uint32_t *keys = calloc(NR_STAYING, 4);
	struct walk walk = { 0 };
	size_t nr = 0;

	for (uint32_t i = 0; i < NR_STAYING; i++)
		keys[i] = i;
	CHECK_OK(bpfl_map_update_batch(map, keys, keys, NR_STAYING, 0, &nr, &err), err);
	ck_assert_uint_eq(nr, NR_STAYING);
	CHECK_FAILS(bpfl_map_update_batch(map, keys, keys, 5, BPFL_MAP_NOEXIST, &nr, &err), err, BPFL_ERR_TARGET,
		    EEXIST, "there already");
	CHECK_OK(bpfl_map_delete_batch(map, keys, NR_STAYING - 1, &nr, &err), err);
	ck_assert_int_eq(bpfl_map_each(map, 0, see, &walk, &err), 0);
	ck_assert_uint_eq(walk.nr, 1);
	free(keys);
	done(map);
}
END_TEST

/* ---- types ---- */

START_TEST(types_are_read_from_the_kernel)
{
	struct bpfl_map *map = make("hash", "struct {u32 pid; char comm[8];}", "enum {OFF, ON}", 4, 0), *again = NULL;

	CHECK_OK(bpfl_map_open_id(map->id, &again, &err), err);
	CHECK_OK(bpfl_map_set_text(again, "{pid=7,comm=sh}", "ON", NULL, &err), err);
	text_is(again, "bpfl_ops[{pid=7,comm=\"sh\"}] = ON\n");
	bpfl_map_close(again);
	done(map);
}
END_TEST

START_TEST(a_name_or_an_id_that_nobody_has)
{
	struct bpfl_map *map = NULL;

	CHECK_FAILS(bpfl_map_open_name("bpfl_no_such", &map, &err), err, BPFL_ERR_TARGET, ENOENT,
		    "no map in the kernel");
	CHECK_FAILS(bpfl_map_open_id(UINT32_MAX - 1, &map, &err), err, BPFL_ERR_TARGET, ENOENT, "no map with id");
	CHECK_FAILS(bpfl_map_open_pinned("/tmp/bpfl_no_such", &map, &err), err, BPFL_ERR_TARGET, ENOENT,
		    "nothing is pinned");
	CHECK_FAILS(bpfl_map_open_pinned("/etc/passwd", &map, &err), err, BPFL_ERR_TARGET, EACCES, "/etc/passwd");
	bpfl_error_clear(&err);
}
END_TEST

static const char *const per_cpu_types[] = { "percpu_array", "percpu_hash", "lru_percpu_hash" };

/*
 * One CPU's value, by the kernel's flags (Linux 7.0) or without them, in a full map. A hash's new element lies
 * where another one was, whose values must not be seen.
 */
START_TEST(the_value_of_a_cpu_is_written_alone)
{
	struct bpfl_map *map = make(per_cpu_types[_i], "u32", "struct {u32 a, b, c;}", 1, 0);
	uint32_t key = 0, first[3] = { 1, 2, 3 }, second[3] = { 4, 5, 6 }, got[3], *all;
	unsigned nr = bpfl_facts_possible_cpus(), last = nr - 1;

	all = calloc(nr, 16);
	CHECK_OK(bpfl_map_update(map, &key, 4, first, 12, BPFL_MAP_ALL_CPUS, &err), err);
	for (unsigned cpu = 0; cpu < nr; cpu++) {
		CHECK_OK(bpfl_map_lookup(map, &key, 4, got, 12, BPFL_MAP_OF_CPU(cpu), &err), err);
		ck_assert_int_eq(memcmp(got, first, 12), 0);
	}
	CHECK_OK(bpfl_map_update(map, &key, 4, second, 12, BPFL_MAP_OF_CPU(last), &err), err);
	CHECK_OK(bpfl_map_lookup(map, &key, 4, all, nr * 16, 0, &err), err);
	for (unsigned cpu = 0; cpu < nr; cpu++)
		ck_assert_int_eq(memcmp(all + 4 * cpu, cpu == last ? second : first, 12), 0);
	if (_i > 0) {
		CHECK_OK(bpfl_map_delete(map, &key, 4, &err), err);
		key = 9;
		CHECK_FAILS(bpfl_map_update(map, &key, 4, second, 12, BPFL_MAP_OF_CPU(0) | BPFL_MAP_EXIST, &err), err,
			    BPFL_ERR_TARGET, ENOENT, "no such element");
		CHECK_OK(bpfl_map_update(map, &key, 4, second, 12, BPFL_MAP_OF_CPU(0), &err), err);
		if (_i == 1) /* of an LRU hash the element itself makes room for it */
			CHECK_FAILS(bpfl_map_update(map, &key, 4, second, 12, BPFL_MAP_OF_CPU(0) | BPFL_MAP_NOEXIST,
						    &err),
				    err, BPFL_ERR_TARGET, EEXIST, "there already");
		CHECK_OK(bpfl_map_lookup(map, &key, 4, all, nr * 16, 0, &err), err);
		for (unsigned cpu = 0; cpu < nr; cpu++)
			ck_assert_int_eq(memcmp(all + 4 * cpu, cpu == 0 ? second : (uint32_t[3]){ 0 }, 12), 0);
	}
	CHECK_OK(bpfl_map_update_batch(map, &key, first, 1, BPFL_MAP_ALL_CPUS, NULL, &err), err);
	CHECK_OK(bpfl_map_lookup(map, &key, 4, got, 12, BPFL_MAP_OF_CPU(last), &err), err);
	ck_assert_int_eq(memcmp(got, first, 12), 0);
	free(all);
	done(map);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		per_cpu_values_have_a_place_for_each_possible_cpu,
		a_bloom_filter_is_asked,
		a_trie_finds_the_longest_prefix,
		values_with_a_lock_are_read_under_it,
		maps_in_maps_are_put_in_by_id,
		programs_are_put_in_by_id,
		a_frozen_map_is_read_only,
		many_are_written_at_once,
		types_are_read_from_the_kernel,
		a_name_or_an_id_that_nobody_has,
	};
	Suite *suite = BPFL_TEST_SUITE("map ops", tests);

	bpfl_test_add_loop(suite, "hashes", all_elements_are_read, sizeof(hashes) / sizeof(hashes[0]));
	bpfl_test_add_loop(suite, "turmoil", elements_that_stay_are_shown_whatever_is_deleted, 2);
	bpfl_test_add_loop(suite, "queues", queues_and_stacks_have_a_next_element, 2);
	bpfl_test_add_loop(suite, "cpus", the_value_of_a_cpu_is_written_alone, 3);
	return bpfl_test_main(suite);
}
