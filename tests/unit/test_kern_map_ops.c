/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps in hand: sizes are checked, batches are used and done without, a walk shows every element once whatever
 * is deleted meanwhile. The maps live in the fake kernel.
 */
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include "bpfload/map.h"
#include "btfgen.h"
#include "fake_sys.h"
#include "kern/map_handle.h"
#include "spec/section.h"

static struct bpfl_error err = BPFL_ERROR_INIT;

static struct bpfl_map *new_map(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries)
{
	struct bpfl_map_def def = { .size = sizeof(def),
				    .name = "m",
				    .type = type,
				    .key_size = key_size,
				    .value_size = value_size,
				    .max_entries = max_entries };
	struct bpfl_map *map = NULL;

	CHECK_OK(bpfl_map_create(&def, NULL, NULL, &map, &err), err);
	return map;
}

static void put(const struct bpfl_map *map, uint32_t key, uint32_t value)
{
	CHECK_OK(bpfl_map_update(map, &key, sizeof(key), &value, sizeof(value), 0, &err), err);
}

static void done(struct bpfl_map *map)
{
	bpfl_map_close(map);
	bpfl_error_clear(&err);
}

/* ---- elements ---- */

START_TEST(elements_come_and_go)
{
	struct bpfl_map *map = new_map(BPFL_MAP_TYPE_HASH, 4, 4, 2);
	uint32_t key = 7, value = 0;

	put(map, 7, 70);
	CHECK_OK(bpfl_map_lookup(map, &key, 4, &value, 4, 0, &err), err);
	ck_assert_uint_eq(value, 70);
	CHECK_FAILS(bpfl_map_update(map, &key, 4, &value, 4, BPFL_MAP_NOEXIST, &err), err, BPFL_ERR_TARGET, EEXIST,
		    "there already");
	key = 8;
	CHECK_FAILS(bpfl_map_update(map, &key, 4, &value, 4, BPFL_MAP_EXIST, &err), err, BPFL_ERR_TARGET, ENOENT,
		    "no such element");
	put(map, 8, 80);
	key = 9;
	CHECK_FAILS(bpfl_map_update(map, &key, 4, &value, 4, 0, &err), err, BPFL_ERR_TARGET, E2BIG, "no room");
	CHECK_HAS(err.why, "2 elements");
	key = 7;
	CHECK_OK(bpfl_map_take(map, &key, 4, &value, 4, &err), err);
	ck_assert_uint_eq(value, 70);
	CHECK_FAILS(bpfl_map_lookup(map, &key, 4, &value, 4, 0, &err), err, BPFL_ERR_TARGET, ENOENT, "no such element");
	done(map);
}
END_TEST

/* The kernel takes the sizes from the map: a smaller buffer would be overrun. */
START_TEST(other_sizes_are_refused_before_the_kernel_sees_them)
{
	struct bpfl_map *map = new_map(BPFL_MAP_TYPE_PERCPU_HASH, 4, 4, 8);
	uint64_t values[FAKE_SYS_NR_CPUS];
	struct bpfl_map_facts facts;
	uint32_t key = 1;
	size_t nr_calls;

	bpfl_map_get_facts(map, &facts);
	ck_assert_uint_eq(facts.nr_cpus, FAKE_SYS_NR_CPUS);
	ck_assert_uint_eq(facts.value_bytes, sizeof(values));
	nr_calls = fake_sys_nr_calls();
	CHECK_FAILS(bpfl_map_lookup(map, &key, 4, values, 4, 0, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "its values have 32 bytes for all CPUs, not 4");
	CHECK_FAILS(bpfl_map_lookup(map, &key, 8, values, sizeof(values), 0, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "4 bytes, not 8");
	CHECK_FAILS(bpfl_map_delete(map, NULL, 0, &err), err, BPFL_ERR_USAGE, EINVAL, "have keys");
	ck_assert_uint_eq(fake_sys_nr_calls(), nr_calls);
	done(map);
}
END_TEST

START_TEST(keys_follow_each_other)
{
	struct bpfl_map *map = new_map(BPFL_MAP_TYPE_ARRAY, 4, 4, 2);
	uint32_t key = 99;

	CHECK_OK(bpfl_map_next_key(map, NULL, &key, 4, &err), err);
	ck_assert_uint_eq(key, 0);
	CHECK_OK(bpfl_map_next_key(map, &key, &key, 4, &err), err);
	ck_assert_uint_eq(key, 1);
	ck_assert_int_eq(bpfl_map_next_key(map, &key, &key, 4, &err), -ENOENT);
	ck_assert_int_eq(err.kind, BPFL_ERR_NONE);
	CHECK_FAILS(bpfl_map_next_key(map, NULL, &key, 8, &err), err, BPFL_ERR_USAGE, EINVAL, "4 bytes, not 8");
	done(map);
}
END_TEST

START_TEST(taking_is_two_calls_on_old_kernels)
{
	struct bpfl_map *map = new_map(BPFL_MAP_TYPE_HASH, 4, 4, 2);
	uint32_t key = 7, value = 0;

	put(map, 7, 70);
	fake_sys_fail_bpf(BPFL_CMD_MAP_LOOKUP_AND_DELETE_ELEM, 0, 524);
	CHECK_OK(bpfl_map_take(map, &key, 4, &value, 4, &err), err);
	ck_assert_uint_eq(value, 70);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_DELETE_ELEM), 1);
	done(map);
}
END_TEST

START_TEST(a_frozen_map_says_so)
{
	struct bpfl_map *map = new_map(BPFL_MAP_TYPE_HASH, 4, 4, 2);
	uint32_t key = 7;

	CHECK_OK(bpfl_map_freeze(map, &err), err);
	CHECK_FAILS(bpfl_map_update(map, &key, 4, &key, 4, 0, &err), err, BPFL_ERR_PERMISSION, EPERM,
		    "writing an element");
	ck_assert_int_ne(err.why[0], 0);
	CHECK_FAILS(bpfl_map_freeze(map, &err), err, BPFL_ERR_SYSTEM, EBUSY, "freezing");
	done(map);
}
END_TEST

/* ---- walks ---- */

struct seen {
	const struct bpfl_map *map;
	unsigned times[64];
	unsigned nr;
	bool deletes_it, deletes_next;
	int stop_at;
};

static int see(void *ctx, const void *key, const void *value)
{
	struct seen *seen = ctx;
	uint32_t number, contents;

	memcpy(&number, key, sizeof(number));
	memcpy(&contents, value, sizeof(contents));
	ck_assert_uint_lt(number, 64);
	ck_assert_uint_eq(contents, number * 10);
	seen->times[number]++;
	seen->nr++;
	if (seen->deletes_it)
		ck_assert_int_eq(bpfl_sys_map_delete(seen->map->fd, &number), 0);
	number++;
	if (seen->deletes_next)
		bpfl_sys_map_delete(seen->map->fd, &number);
	return seen->stop_at && seen->nr == (unsigned)seen->stop_at ? -ECANCELED : 0;
}

static struct bpfl_map *filled(uint32_t nr)
{
	struct bpfl_map *map = new_map(BPFL_MAP_TYPE_HASH, 4, 4, 64);

	for (uint32_t i = 0; i < nr; i++)
		put(map, i, i * 10);
	return map;
}

static void without_batches(void)
{
	fake_sys_fail_bpf(BPFL_CMD_MAP_LOOKUP_BATCH, 0, EINVAL);
	fake_sys_fail_bpf(BPFL_CMD_MAP_LOOKUP_AND_DELETE_BATCH, 0, EINVAL);
}

START_TEST(elements_are_read_in_batches)
{
	struct bpfl_map *map = filled(40);
	struct seen seen = { .map = map };

	ck_assert_int_eq(bpfl_map_each(map, 0, see, &seen, &err), 0);
	ck_assert_uint_eq(seen.nr, 40);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_LOOKUP_BATCH), 1);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_LOOKUP_ELEM), 0);
	done(map);
}
END_TEST

START_TEST(without_batches_they_are_read_by_keys)
{
	struct bpfl_map *map = filled(40);
	struct seen seen = { .map = map };

	without_batches();
	ck_assert_int_eq(bpfl_map_each(map, 0, see, &seen, &err), 0);
	for (unsigned i = 0; i < 40; i++)
		ck_assert_uint_eq(seen.times[i], 1);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_LOOKUP_ELEM), 40);
	done(map);
}
END_TEST

/* The walk deletes what it is shown: nothing is skipped. */
START_TEST(the_current_element_may_be_deleted)
{
	struct bpfl_map *map = filled(40);
	struct seen seen = { .map = map, .deletes_it = true };

	without_batches();
	ck_assert_int_eq(bpfl_map_each(map, 0, see, &seen, &err), 0);
	ck_assert_uint_eq(seen.nr, 40);
	done(map);
}
END_TEST

/*
 * Somebody deletes the element that the walk holds as the next: the kernel begins again at the first one. Those
 * that stay are all shown, and once.
 */
START_TEST(a_walk_that_begins_again_shows_all_once)
{
	struct bpfl_map *map = filled(40);
	struct seen seen = { .map = map, .deletes_next = true };

	without_batches();
	ck_assert_int_eq(bpfl_map_each(map, 0, see, &seen, &err), 0);
	for (unsigned i = 0; i < 40; i += 2)
		ck_assert_uint_eq(seen.times[i], 1);
	for (unsigned i = 1; i < 40; i += 2)
		ck_assert_uint_eq(seen.times[i], 0);
	done(map);
}
END_TEST

static int same_key_again(void *ctx, void *attr, size_t attr_size)
{
	const struct bpfl_attr_map_elem *elem = attr;

	(void)ctx;
	(void)attr_size;
	memset((void *)(uintptr_t)elem->value, 0, 4);
	return 0;
}

START_TEST(a_walk_that_never_ends_is_given_up)
{
	struct bpfl_map *map = filled(3);
	struct seen seen = { .map = map };

	without_batches();
	fake_sys_on_bpf(BPFL_CMD_MAP_GET_NEXT_KEY, same_key_again, NULL);
	ck_assert_int_eq(bpfl_map_each(map, 0, see, &seen, &err), 1);
	ck_assert_uint_eq(seen.nr, 1);
	done(map);
}
END_TEST

START_TEST(a_caller_stops_a_walk)
{
	struct bpfl_map *map = filled(40);

	for (int i = 0; i < 2; i++) {
		struct seen seen = { .map = map, .stop_at = 5 };

		ck_assert_int_eq(bpfl_map_each(map, 0, see, &seen, &err), -ECANCELED);
		ck_assert_uint_eq(seen.nr, 5);
		without_batches();
	}
	done(map);
}
END_TEST

static int out_of_room(void *ctx, void *attr_bytes, size_t attr_size)
{
	struct bpfl_attr_map_batch *attr = attr_bytes;
	uint32_t *least = ctx;

	(void)attr_size;
	if (attr->count >= *least)
		return FAKE_SYS_DEFAULT;
	attr->count = 0;
	return -ENOSPC;
}

/* A bucket that does not fit into the batch. */
START_TEST(a_batch_grows_with_the_bucket)
{
	struct bpfl_map *map = filled(40);
	struct seen seen = { .map = map };
	uint32_t least = 200;

	fake_sys_on_bpf(BPFL_CMD_MAP_LOOKUP_BATCH, out_of_room, &least);
	ck_assert_int_eq(bpfl_map_each(map, 0, see, &seen, &err), 0);
	ck_assert_uint_eq(seen.nr, 40);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_LOOKUP_BATCH), 3); /* 64, 128, 256 */
	done(map);
}
END_TEST

/* What the kernel says, before 6.14, when elements went away under its hands more often than it tries. */
static int interrupted(void *ctx, void *attr_bytes, size_t attr_size)
{
	struct bpfl_attr_map_batch *attr = attr_bytes;
	unsigned *left = ctx;

	(void)attr_size;
	if (*left == 0)
		return FAKE_SYS_DEFAULT;
	(*left)--;
	attr->count = 0;
	return -EINTR;
}

START_TEST(an_interrupted_batch_is_asked_again)
{
	struct bpfl_map *map = filled(40);
	struct seen seen = { .map = map };
	unsigned left = 3;

	fake_sys_on_bpf(BPFL_CMD_MAP_LOOKUP_BATCH, interrupted, &left);
	ck_assert_int_eq(bpfl_map_each(map, 0, see, &seen, &err), 0);
	ck_assert_uint_eq(seen.nr, 40);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_LOOKUP_ELEM), 0); /* not one by one */
	left = 1000000; /* not for ever: then by keys */
	seen = (struct seen){ .map = map };
	ck_assert_int_eq(bpfl_map_each(map, 0, see, &seen, &err), 0);
	ck_assert_uint_eq(seen.nr, 40);
	done(map);
}
END_TEST

START_TEST(what_is_shown_can_be_taken)
{
	for (int i = 0; i < 2; i++) {
		struct bpfl_map *map = filled(40);
		struct seen seen = { .map = map };

		ck_assert_int_eq(bpfl_map_each(map, BPFL_EACH_TAKE, see, &seen, &err), 0);
		ck_assert_uint_eq(seen.nr, 40);
		ck_assert_uint_eq(fake_sys_object(bpfl_map_fd(map))->nr_elems, 0);
		done(map);
		without_batches();
	}
}
END_TEST

START_TEST(an_array_is_not_taken)
{
	struct bpfl_map *map = new_map(BPFL_MAP_TYPE_ARRAY, 4, 4, 4);
	struct seen seen = { .map = map };

	CHECK_FAILS(bpfl_map_each(map, BPFL_EACH_TAKE, see, &seen, &err), err, BPFL_ERR_USAGE, EINVAL, "array");
	done(map);
}
END_TEST

START_TEST(a_refused_walk_is_an_error)
{
	struct bpfl_map *map = filled(4);
	struct seen seen = { .map = map };

	without_batches();
	fake_sys_fail_bpf(BPFL_CMD_MAP_GET_NEXT_KEY, 3, EPERM);
	CHECK_FAILS(bpfl_map_each(map, 0, see, &seen, &err), err, BPFL_ERR_PERMISSION, EPERM, "reading an element");
	done(map);
}
END_TEST

/* ---- many ---- */

START_TEST(many_are_written_in_one_call_or_one_by_one)
{
	uint32_t keys[4] = { 1, 2, 3, 4 }, values[4] = { 10, 20, 30, 40 };

	for (int i = 0; i < 2; i++) {
		struct bpfl_map *map = new_map(BPFL_MAP_TYPE_HASH, 4, 4, 3);
		size_t nr = 99;

		CHECK_OK(bpfl_map_update_batch(map, keys, values, 3, 0, &nr, &err), err);
		ck_assert_uint_eq(nr, 3);
		ck_assert(i > 0 || fake_sys_count_bpf(BPFL_CMD_MAP_UPDATE_ELEM) == 0); /* in one call */
		/* The fourth does not fit. The first three are there already, which is fine. */
		CHECK_FAILS(bpfl_map_update_batch(map, keys, values, 4, 0, &nr, &err), err, BPFL_ERR_TARGET, E2BIG,
			    "no room");
		ck_assert_uint_eq(nr, 3);
		/* Flags that the call for many does not know. */
		CHECK_FAILS(bpfl_map_update_batch(map, keys, values, 3, BPFL_MAP_NOEXIST, &nr, &err), err,
			    BPFL_ERR_TARGET, EEXIST, "there already");
		ck_assert_uint_eq(nr, 0);
		CHECK_OK(bpfl_map_delete_batch(map, keys, 2, &nr, &err), err);
		ck_assert_uint_eq(nr, 2);
		ck_assert_uint_eq(fake_sys_object(bpfl_map_fd(map))->nr_elems, 1);
		done(map);
		fake_sys_fail_bpf(BPFL_CMD_MAP_UPDATE_BATCH, 0, EINVAL);
		fake_sys_fail_bpf(BPFL_CMD_MAP_DELETE_BATCH, 0, EINVAL);
	}
}
END_TEST

/* ---- opening ---- */

START_TEST(maps_are_found_by_name_and_id)
{
	struct bpfl_map *map = new_map(BPFL_MAP_TYPE_HASH, 4, 8, 2), *twin, *found = NULL;
	struct bpfl_map_facts facts;

	CHECK_OK(bpfl_map_open_name("m", &found, &err), err);
	bpfl_map_get_facts(found, &facts);
	ck_assert_str_eq(facts.name, "m");
	ck_assert_str_eq(facts.type_name, "hash");
	ck_assert_uint_eq(facts.value_size, 8);
	ck_assert_ptr_nonnull(facts.why_untyped);
	bpfl_map_close(found);
	CHECK_OK(bpfl_map_open_id(facts.id, &found, &err), err);
	bpfl_map_close(found);
	CHECK_FAILS(bpfl_map_open_id(4711, &found, &err), err, BPFL_ERR_TARGET, ENOENT, "no map with id 4711");
	CHECK_FAILS(bpfl_map_open_name("mm", &found, &err), err, BPFL_ERR_TARGET, ENOENT, "'mm'");
	CHECK_HAS(err.fix, "did you mean 'm'?");
	twin = new_map(BPFL_MAP_TYPE_ARRAY, 4, 4, 1);
	CHECK_FAILS(bpfl_map_open_name("m", &found, &err), err, BPFL_ERR_USAGE, EEXIST, "2 maps are called 'm'");
	CHECK_HAS(err.why, "their ids: ");
	bpfl_map_close(twin);
	fake_sys_fail_bpf(BPFL_CMD_MAP_GET_NEXT_ID, 0, EPERM);
	CHECK_FAILS(bpfl_map_open_name("m", &found, &err), err, BPFL_ERR_PERMISSION, EPERM, "listing the maps");
	done(map);
}
END_TEST

START_TEST(types_in_words_stay_with_a_map)
{
	struct bpfl_map_def def = {
		.size = sizeof(def), .name = "typed", .type = BPFL_MAP_TYPE_HASH, .max_entries = 2
	};
	struct bpfl_map *map = NULL;
	struct bpfl_map_facts facts;

	CHECK_OK(bpfl_map_create(&def, "u32", "struct {u64 n; char comm[8];}", &map, &err), err);
	bpfl_map_get_facts(map, &facts);
	ck_assert_uint_eq(facts.key_size, 4);
	ck_assert_uint_eq(facts.value_size, 16);
	def.key_size = 8;
	CHECK_FAILS(bpfl_map_create(&def, "u32", NULL, &map, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "'u32' has 4 bytes, not 8");
	def.key_size = 0;
	CHECK_FAILS(bpfl_map_create(&def, "struct none", NULL, &map, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "type of the key");
	def.name = "longer_than_fifteen";
	CHECK_FAILS(bpfl_map_create(&def, "u32", "u32", &map, &err), err, BPFL_ERR_USAGE, EINVAL, "15 bytes");
	done(map);
}
END_TEST

START_TEST(every_refusal_leaves_nothing_open)
{
	struct bpfl_map_def def = {
		.size = sizeof(def), .name = "typed", .type = BPFL_MAP_TYPE_HASH, .max_entries = 2
	};
	bool failed = true;

	for (unsigned nth = 1; failed; nth++) {
		struct bpfl_map *map = NULL, *again = NULL;
		int ret;

		ck_assert_uint_lt(nth, 100);
		fake_sys_reset();
		fake_sys_fail_nth(nth, EMFILE);
		ret = bpfl_map_create(&def, "u32", "u64", &map, &err);
		if (ret == 0)
			ret = bpfl_map_open_name("typed", &again, &err);
		failed = fake_sys_failed();
		bpfl_map_close(again);
		bpfl_map_close(map);
		ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
		if (!failed)
			ck_assert_int_eq(ret, 0);
	}
	bpfl_error_clear(&err);
}
END_TEST

/* One CPU's value, and one for all: on a kernel with the flags (_i 1), and on one without. */
START_TEST(values_of_one_cpu)
{
	static const uint32_t types[] = { BPFL_MAP_TYPE_PERCPU_HASH, BPFL_MAP_TYPE_PERCPU_ARRAY };
	struct bpfl_map *map = new_map(types[_i / 2], 4, 12, 3);
	uint32_t keys[2] = { 1, 2 }, value[6] = { 5, 6, 7, 50, 60, 70 }, got[3] = { 0 }, all[4 * FAKE_SYS_NR_CPUS];
	size_t nr = 0;

	if (_i % 2)
		fake_sys_knows_cpu_flags();
	/* A new element is zero on the other CPUs. */
	CHECK_OK(bpfl_map_update(map, keys, 4, value, 12, BPFL_MAP_OF_CPU(2), &err), err);
	CHECK_OK(bpfl_map_lookup(map, keys, 4, all, sizeof(all), 0, &err), err);
	for (uint32_t i = 0; i < 4 * FAKE_SYS_NR_CPUS; i++)
		ck_assert_uint_eq(all[i], i >= 8 && i < 11 ? i - 3 : 0);
	CHECK_OK(bpfl_map_update(map, keys, 4, value + 3, 12, BPFL_MAP_OF_CPU(3), &err), err);
	CHECK_OK(bpfl_map_lookup(map, keys, 4, got, 12, BPFL_MAP_OF_CPU(2), &err), err);
	ck_assert_int_eq(memcmp(got, value, 12), 0);
	CHECK_OK(bpfl_map_lookup(map, keys, 4, got, 12, BPFL_MAP_OF_CPU(3), &err), err);
	ck_assert_int_eq(memcmp(got, value + 3, 12), 0);
	CHECK_OK(bpfl_map_update(map, keys, 4, value, 12, BPFL_MAP_ALL_CPUS, &err), err);
	for (unsigned cpu = 0; cpu < FAKE_SYS_NR_CPUS; cpu++) {
		CHECK_OK(bpfl_map_lookup(map, keys, 4, got, 12, BPFL_MAP_OF_CPU(cpu), &err), err);
		ck_assert_int_eq(memcmp(got, value, 12), 0);
	}
	if (_i / 2 == 0) {
		CHECK_FAILS(bpfl_map_update(map, keys, 4, value, 12, BPFL_MAP_OF_CPU(1) | BPFL_MAP_NOEXIST, &err), err,
			    BPFL_ERR_TARGET, EEXIST, "there already");
		CHECK_FAILS(bpfl_map_update(map, keys + 1, 4, value, 12, BPFL_MAP_OF_CPU(1) | BPFL_MAP_EXIST, &err),
			    err, BPFL_ERR_TARGET, ENOENT, "no such element");
		CHECK_FAILS(bpfl_map_lookup(map, keys + 1, 4, got, 12, BPFL_MAP_OF_CPU(1), &err), err, BPFL_ERR_TARGET,
			    ENOENT, "no such element");
		CHECK_FAILS(bpfl_map_update(map, keys, 4, value, 12, BPFL_MAP_ALL_CPUS | BPFL_MAP_NOEXIST, &err), err,
			    BPFL_ERR_TARGET, EEXIST, "there already");
	}
	CHECK_OK(bpfl_map_update_batch(map, keys, value, 2, BPFL_MAP_OF_CPU(0), &nr, &err), err);
	ck_assert_uint_eq(nr, 2);
	CHECK_OK(bpfl_map_lookup(map, keys + 1, 4, all, sizeof(all), 0, &err), err);
	for (uint32_t i = 0; i < 4 * FAKE_SYS_NR_CPUS; i++)
		ck_assert_uint_eq(all[i], i < 3 ? value[i + 3] : 0);
	/* An element that is there is written alone where the kernel can do it; that of a hash is looked for first. */
	size_t before = fake_sys_nr_calls();
	CHECK_OK(bpfl_map_update(map, keys, 4, value, 12, BPFL_MAP_OF_CPU(1), &err), err);
	ck_assert_uint_eq(fake_sys_nr_calls() - before, _i % 2 ? (_i / 2 ? 1 : 2) : 3);
	done(map);
}
END_TEST

START_TEST(flags_of_cpus_that_mean_nothing)
{
	struct bpfl_map *map = new_map(BPFL_MAP_TYPE_PERCPU_ARRAY, 4, 4, 1);
	uint32_t key = 0, value = 0;

	CHECK_FAILS(bpfl_map_lookup(map, &key, 4, &value, 4, BPFL_MAP_OF_CPU(FAKE_SYS_NR_CPUS), &err), err,
		    BPFL_ERR_USAGE, ERANGE, "no values of CPU 4, only of 4 CPUs");
	CHECK_FAILS(bpfl_map_lookup(map, &key, 4, &value, 4, BPFL_MAP_ALL_CPUS, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "one CPU is read");
	CHECK_FAILS(bpfl_map_update(map, &key, 4, &value, 4, BPFL_MAP_ALL_CPUS | BPFL_MAP_CPU, &err), err,
		    BPFL_ERR_USAGE, EINVAL, "one or all are written");
	CHECK_FAILS(bpfl_map_update(map, &key, 4, &value, 8, BPFL_MAP_ALL_CPUS, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "has 4 bytes, not 8");
	CHECK_FAILS(bpfl_map_update_batch(map, &key, &value, 1, BPFL_MAP_OF_CPU(9), NULL, &err), err, BPFL_ERR_USAGE,
		    ERANGE, "CPU 9");
	done(map);
	map = new_map(BPFL_MAP_TYPE_HASH, 4, 4, 1);
	CHECK_FAILS(bpfl_map_lookup(map, &key, 4, &value, 4, BPFL_MAP_OF_CPU(0), &err), err, BPFL_ERR_USAGE, ERANGE,
		    "one value for all CPUs");
	done(map);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		elements_come_and_go,
		other_sizes_are_refused_before_the_kernel_sees_them,
		keys_follow_each_other,
		taking_is_two_calls_on_old_kernels,
		a_frozen_map_says_so,
		elements_are_read_in_batches,
		without_batches_they_are_read_by_keys,
		the_current_element_may_be_deleted,
		a_walk_that_begins_again_shows_all_once,
		a_walk_that_never_ends_is_given_up,
		a_caller_stops_a_walk,
		a_batch_grows_with_the_bucket, an_interrupted_batch_is_asked_again,
		what_is_shown_can_be_taken,
		an_array_is_not_taken,
		a_refused_walk_is_an_error,
		many_are_written_in_one_call_or_one_by_one,
		maps_are_found_by_name_and_id,
		types_in_words_stay_with_a_map,
		every_refusal_leaves_nothing_open,
		flags_of_cpus_that_mean_nothing,
	};
	Suite *suite = BPFL_TEST_SUITE("kern map ops", tests);

	bpfl_test_add_loop(suite, "cpus", values_of_one_cpu, 4);
	return bpfl_test_main(suite);
}
