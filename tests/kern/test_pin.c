/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pins on the running kernel (root): a program that counts when nobody holds it any more, maps shared by name,
 * links changed in place, and what a listing says of them. Each test has a mount namespace with a bpffs of its
 * own, and those that attach have a network of their own.
 */
#include "harness.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "bpfload/inspect.h"
#include "feature.h"
#include "kern/load.h"
#include "kern/pin.h"
#include "kerngen.h"
#include "live.h"
#include "netns.h"
#include "sys/bpf.h"
#include "sys/enter.h"

static char root[64];

static void own_bpffs(void)
{
	snprintf(root, sizeof(root), "/tmp/bpfload-test-%d", (int)getpid());
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mkdir(root, 0700), 0);
	ck_assert_int_eq(mount("bpf", root, "bpf", 0, NULL), 0);
}

static void own_bpffs_end(void)
{
	ck_assert_int_eq(umount2(root, MNT_DETACH), 0);
	ck_assert_int_eq(rmdir(root), 0);
}

static char *below(const char *path)
{
	static char text[192];

	snprintf(text, sizeof(text), "%s/%s", root, path);
	return text;
}

static int rename_below(const char *from, const char *to)
{
	char old[192];

	snprintf(old, sizeof(old), "%s", below(from));
	return rename(old, below(to));
}

static bool exists(const char *path)
{
	struct stat st;

	return stat(below(path), &st) == 0;
}

static void send_packets(unsigned times)
{
	bpfl_test_send_udp(9, times);
}

static uint64_t pinned_counter(const char *path)
{
	uint32_t key = 0;
	uint64_t value = 0;
	int fd = bpfl_sys_obj_get(below(path), 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bpfl_sys_map_lookup(fd, &key, &value, 0), 0);
	close(fd);
	return value;
}

/* The listed thing of that kind that is pinned there, with its object. */
static void check_listed(enum bpfl_live_kind kind, const char *path, const char *type)
{
	struct bpfl_listing *listing = NULL;
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_live_view view;
	bool found = false;

	CHECK_OK(bpfl_listing_read(BPFL_LIVE_BIT(kind), &listing, &err), err);
	for (size_t i = 0; bpfl_listing_view(listing, i, &view) == 0; i++) {
		if (view.nr_pins != 1 || strcmp(view.pins[0], below(path)) != 0)
			continue;
		found = true;
		ck_assert_str_eq(view.type, type);
		ck_assert_str_eq(view.object, below("d"));
		ck_assert_uint_eq(view.nr_holders, 0);
	}
	ck_assert_msg(found, "%s is not listed", path);
	bpfl_listing_destroy(listing);
}

START_TEST(a_pinned_program_runs_when_nobody_holds_it)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct live live;
	uint64_t before;
	size_t nr_pins = 0;
	int map_fd;

	if (bpfl_test_lacks("links"))
		return;
	own_bpffs();
	bpfl_test_own_network();
	CHECK_OK(live_start(&live, LIVE_COUNT, "xdp", "xdp:lo,mode=skb"), live.err);
	CHECK_OK(bpfl_object_pin(live.object, &live.link, 1, below("d"), &live.err), live.err);
	live_stop(&live);

	before = pinned_counter("d/maps/counter");
	send_packets(7);
	ck_assert_uint_eq(pinned_counter("d/maps/counter"), before + 7);
	check_listed(BPFL_LIVE_PROG, "d/progs/prog", "xdp");
	check_listed(BPFL_LIVE_MAP, "d/maps/counter", "array");
	check_listed(BPFL_LIVE_LINK, "d/links/prog", "xdp");

	map_fd = bpfl_sys_obj_get(below("d/maps/counter"), 0);
	CHECK_OK(bpfl_pins_remove(below("d"), NULL, &nr_pins, &err), err);
	ck_assert_uint_eq(nr_pins, 3);
	ck_assert(!exists("d"));
	ck_assert_int_eq(bpfl_sys_obj_pin(map_fd, below("counter")), 0);
	before = pinned_counter("counter");
	send_packets(7);
	ck_assert_uint_eq(pinned_counter("counter"), before);
	close(map_fd);
	own_bpffs_end();
}
END_TEST

START_TEST(a_directory_with_other_things_is_left_alone)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct live live;

	if (bpfl_test_lacks("links"))
		return;
	own_bpffs();
	bpfl_test_own_network();
	CHECK_OK(live_start(&live, LIVE_COUNT, "xdp", "xdp:lo,mode=skb"), live.err);
	CHECK_OK(bpfl_object_pin(live.object, &live.link, 1, below("d"), &live.err), live.err);
	CHECK_FAILS(bpfl_object_pin(live.object, &live.link, 1, below("d"), &live.err), live.err, BPFL_ERR_TARGET,
		    EEXIST, "is not empty");
	live_stop(&live);
	/* A map among the programs, then a directory. */
	ck_assert_int_eq(rename_below("d/maps/counter", "d/progs/counter"), 0);
	CHECK_FAILS(bpfl_pins_remove(below("d"), NULL, NULL, &err), err, BPFL_ERR_TARGET, ENOTEMPTY,
		    "is no directory of 'bpfload load --pin'");
	ck_assert(exists("d/links/prog") && exists("d/progs/counter"));
	ck_assert_int_eq(rename_below("d/progs/counter", "d/maps/counter"), 0);
	ck_assert_int_eq(mkdir(below("d/maps/more"), 0700), 0);
	CHECK_FAILS(bpfl_pins_remove(below("d"), NULL, NULL, &err), err, BPFL_ERR_TARGET, ENOTEMPTY,
		    "is no directory of 'bpfload load --pin'");
	ck_assert(exists("d/links/prog"));
	ck_assert_int_eq(rmdir(below("d/maps/more")), 0);
	CHECK_OK(bpfl_pins_remove(below("d"), NULL, NULL, &err), err);
	CHECK_FAILS(bpfl_pins_remove(below("d"), NULL, NULL, &err), err, BPFL_ERR_TARGET, ENOENT, "no such file");
	CHECK_FAILS(bpfl_pins_remove("/", NULL, NULL, &err), err, BPFL_ERR_UNSUPPORTED, ENODEV,
		    "in no BPF file system");
	bpfl_error_clear(&err);
	own_bpffs_end();
}
END_TEST

START_TEST(a_link_changes_its_program_in_place)
{
	struct live old, new;
	uint64_t old_count, new_count;
	int wrong_fd;

	if (bpfl_test_lacks("links"))
		return;
	bpfl_test_own_network();
	CHECK_OK(live_start(&old, LIVE_COUNT, "xdp", "xdp:lo,mode=skb"), old.err);
	/* The place is taken: this one is only loaded. */
	CHECK_FAILS(live_start(&new, LIVE_COUNT, "xdp", "xdp:lo,mode=skb"), new.err, BPFL_ERR_TARGET, EBUSY, "already");
	wrong_fd = bpfl_object_prog_fd(new.object, "prog");
	ck_assert_int_lt(bpfl_link_update(old.link, new.object, 0, wrong_fd, &old.err), 0);
	CHECK_HAS(old.err.why, "does not hold the program that it was expected to hold");
	send_packets(3);
	ck_assert_uint_ge(live_counter(&old), 3);
	ck_assert_uint_eq(live_counter(&new), 0);
	CHECK_OK(bpfl_link_update(old.link, new.object, 0, bpfl_object_prog_fd(old.object, "prog"), &old.err), old.err);
	old_count = live_counter(&old);
	new_count = live_counter(&new);
	send_packets(5);
	ck_assert_uint_eq(live_counter(&old), old_count);
	ck_assert_uint_eq(live_counter(&new), new_count + 5);
	live_stop(&old);
	live_stop(&new);
}
END_TEST

/* Kernels before 5.16 cannot exchange two directories: what happens there is another path. */
START_TEST(a_new_version_takes_the_pinned_places)
{
	struct live old, new, probe;

	if (bpfl_test_lacks("links"))
		return;
	own_bpffs();
	bpfl_test_own_network();
	CHECK_OK(live_start(&old, LIVE_COUNT, "xdp", "xdp:lo,mode=skb"), old.err);
	CHECK_FAILS(bpfl_object_pin_update(old.object, below("d"), &old.err), old.err, BPFL_ERR_TARGET, ENOENT,
		    "no such file");
	CHECK_OK(bpfl_object_pin(old.object, &old.link, 1, below("d"), &old.err), old.err);
	live_stop(&old);
	CHECK_FAILS(live_start(&new, LIVE_COUNT, "xdp", "xdp:lo,mode=skb"), new.err, BPFL_ERR_TARGET, EBUSY, "already");
	send_packets(3);
	ck_assert_uint_eq(live_counter(&new), 0);
	ck_assert_uint_eq(pinned_counter("d/maps/counter"), 3);

	/* A program of another type is refused, and nothing is different. */
	CHECK_OK(live_start(&probe, LIVE_COUNT, "raw_tp/task_rename", NULL), probe.err);
	ck_assert_int_lt(bpfl_object_pin_update(probe.object, below("d"), &probe.err), 0);
	CHECK_HAS(probe.err.message, "putting 'prog' in the place of 'prog: pinned as ");
	live_stop(&probe);
	ck_assert(!exists("d-new"));
	send_packets(3);
	ck_assert_uint_eq(pinned_counter("d/maps/counter"), 6);

	CHECK_OK(bpfl_object_pin_update(new.object, below("d"), &new.err), new.err);
	ck_assert(exists("d/links/prog") && exists("d/progs/prog") && !exists("d-new"));
	live_stop(&new);
	send_packets(5);
	ck_assert_uint_eq(pinned_counter("d/maps/counter"), 5);
	CHECK_OK(bpfl_pins_remove(below("d"), NULL, NULL, &old.err), old.err);
	bpfl_error_clear(&old.err);
	own_bpffs_end();
}
END_TEST

START_TEST(a_probe_is_not_changed_in_place)
{
	struct live live;

	if (bpfl_test_lacks("perf_link"))
		return;
	CHECK_OK(live_start(&live, LIVE_COUNT, "raw_tp/task_rename", NULL), live.err);
	ck_assert_int_lt(bpfl_link_update(live.link, live.object, 0, -1, &live.err), 0);
	CHECK_HAS(live.err.why, "the kernel exchanges programs of one type");
	live_stop(&live);
}
END_TEST

/* ---- by name ---- */

static struct kerngen gen;

static void begin_named(uint32_t type, uint32_t value_size)
{
	own_bpffs();
	kerngen_init(&gen, 0);
	gen.opts.pin_root = root;
	specgen_map(gen.spec, "shared", BPFL_MAP_BTF, type, 4, value_size, 8)->pinning = 1;
}

static uint32_t shared_id(void)
{
	struct bpfl_map_info info = { 0 };
	uint32_t size = sizeof(info);

	ck_assert_int_eq(bpfl_sys_obj_info(bpfl_object_map_fd(gen.object, "shared"), &info, &size), 0);
	return info.id;
}

/* The kernel adds flags to maps of devices: they are no difference. */
static const struct {
	uint32_t type, value_size;
} shareable[] = { { BPFL_MAP_TYPE_HASH, 8 }, { BPFL_MAP_TYPE_DEVMAP, 4 }, { BPFL_MAP_TYPE_PERF_EVENT_ARRAY, 4 }, { BPFL_MAP_TYPE_LRU_HASH, 8 } };

START_TEST(the_second_load_has_the_map_of_the_first)
{
	uint32_t id;

	begin_named(shareable[_i].type, shareable[_i].value_size);
	if (shareable[_i].type == BPFL_MAP_TYPE_LRU_HASH)
		gen.spec->maps.items[0].flags = 2; /* BPF_F_NO_COMMON_LRU: the kernel rounds the number of entries */
	CHECK_OK(kerngen_load(&gen), gen.err);
	id = shared_id();
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(shared_id(), id);
	gen.spec->maps.items[0].max_entries = 4711;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_TARGET, EINVAL, "another kind of map");
	kerngen_deinit(&gen);
	ck_assert(exists("shared"));
	own_bpffs_end();
}
END_TEST

/* S4, G-52: an array of programs empties itself when the last descriptor is closed, unless it is pinned. */
START_TEST(programs_stay_in_a_pinned_array)
{
	uint32_t key = 1, id = 0, size = sizeof(struct bpfl_prog_info);
	struct bpfl_prog_info info = { 0 };
	int fd;

	own_bpffs();
	kerngen_init(&gen, 0);
	specgen_map(gen.spec, "steps", BPFL_MAP_BTF, BPFL_MAP_TYPE_PROG_ARRAY, 4, 4, 3);
	specgen_prog(gen.spec, "step", "raw_tp", specgen_func(gen.spec, "step", 2));
	specgen_slot(gen.spec, 0, 1, true, 0);
	CHECK_OK(kerngen_load(&gen), gen.err);
	CHECK_OK(bpfl_object_pin(gen.object, NULL, 0, below("d"), &gen.err), gen.err);
	kerngen_deinit(&gen);

	fd = bpfl_sys_obj_get(below("d/progs/step"), 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bpfl_sys_obj_info(fd, &info, &size), 0);
	close(fd);
	fd = bpfl_sys_obj_get(below("d/maps/steps"), 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bpfl_sys_map_lookup(fd, &key, &id, 0), 0);
	ck_assert_uint_eq(id, info.id);
	close(fd);
	CHECK_OK(bpfl_pins_remove(below("d"), NULL, NULL, &gen.err), gen.err);
	own_bpffs_end();
}
END_TEST

START_TEST(a_pinned_program_is_no_map)
{
	struct live live;

	begin_named(BPFL_MAP_TYPE_HASH, 8);
	CHECK_OK(live_start(&live, LIVE_COUNT, "raw_tp/task_rename", NULL), live.err);
	ck_assert_int_eq(bpfl_sys_obj_pin(bpfl_object_prog_fd(live.object, "prog"), below("shared")), 0);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_TARGET, EINVAL, "is no map but a prog");
	live_stop(&live);
	kerngen_deinit(&gen);
	own_bpffs_end();
}
END_TEST

/* ---- who holds it ---- */

START_TEST(a_listing_names_the_process)
{
	struct bpfl_listing *listing = NULL;
	struct bpfl_live_view view;
	struct live live;
	bool found = false;
	char *text = NULL;

	CHECK_OK(live_start(&live, LIVE_COUNT, "raw_tp/task_rename", NULL), live.err);
	CHECK_OK(bpfl_listing_read(BPFL_LIVE_ALL, &listing, &live.err), live.err);
	for (size_t i = 0; bpfl_listing_view(listing, i, &view) == 0; i++) {
		if (view.kind != BPFL_LIVE_PROG || view.nr_holders != 1 || view.holders[0].pid != (int)getpid())
			continue;
		found = true;
		ck_assert_str_eq(view.name, "prog");
		ck_assert_str_eq(view.type, "raw_tracepoint");
		ck_assert_uint_eq(view.nr_map_ids, 1);
		ck_assert_str_eq(view.object, "");
	}
	ck_assert(found);
	CHECK_OK(bpfl_listing_text(listing, BPFL_FORMAT_TEXT, &text, &live.err), live.err);
	CHECK_HAS(text, "raw_tracepoint");
	free(text);
	bpfl_listing_destroy(listing);
	live_stop(&live);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_pinned_program_runs_when_nobody_holds_it,
		a_directory_with_other_things_is_left_alone,
		a_link_changes_its_program_in_place,
		a_new_version_takes_the_pinned_places,
		a_probe_is_not_changed_in_place,
		programs_stay_in_a_pinned_array,
		a_pinned_program_is_no_map,
		a_listing_names_the_process,
	};
	Suite *suite = BPFL_TEST_SUITE("pin", tests);

	bpfl_test_add_loop(suite, "shareable", the_second_load_has_the_map_of_the_first,
			   sizeof(shareable) / sizeof(shareable[0]));
	return bpfl_test_main(suite);
}
