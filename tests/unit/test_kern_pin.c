/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pins on the fake kernel: maps shared by name with their races and refusals, directories of pins, and that
 * nothing is left when a step fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include "attach/link.h"
#include "fake_sys.h"
#include "harness.h"
#include "kern/load.h"
#include "kern/pin.h"
#include "kerngen.h"

#define ROOT "/fake/bpf"

static struct kerngen gen;

static struct bpfl_map_spec *pinned_map(const char *name, uint32_t type)
{
	struct bpfl_map_spec *map = specgen_map(gen.spec, name, BPFL_MAP_BTF, type, 4, 8, 16);

	map->pinning = 1;
	return map;
}

/* A program that uses map "counts", which is to be pinned by name below ROOT. */
static void begin_with(const char *section)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	fake_sys_fs_type(ROOT, BPFL_BPFFS_MAGIC);
	gen.opts.pin_root = ROOT;
	pinned_map("counts", BPFL_MAP_TYPE_HASH);
	kerngen_user(&gen, "main_fn", section, 0);
}

static void begin(void)
{
	begin_with("raw_tp/x");
}

/* The id of what is pinned there, 0 nothing. */
static uint32_t pinned_id(const char *path)
{
	int fd = bpfl_sys_obj_get(path, 0);
	uint32_t id = fd >= 0 ? fake_sys_object(fd)->id : 0;

	bpfl_enter_close(fd);
	return id;
}

START_TEST(a_new_map_is_pinned_and_stays)
{
	uint32_t id;

	begin();
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_str_eq(fake_sys_trace(), "OBJ_GET MAP_CREATE mkdirat mkdirat OBJ_PIN PROG_LOAD");
	ck_assert_uint_eq(fake_sys_nth("mkdirat", 0)->arg[0], 0700);
	id = pinned_id(ROOT "/counts");
	ck_assert_uint_ne(id, 0);
	kerngen_deinit(&gen);
	ck_assert_uint_eq(pinned_id(ROOT "/counts"), id);
}
END_TEST

START_TEST(the_next_load_takes_it)
{
	begin();
	CHECK_OK(kerngen_load(&gen), gen.err);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_CREATE), 1);
	ck_assert(gen.object->maps[0].reused);
	ck_assert_uint_eq(gen.object->maps[0].value_size, 8);
	CHECK_HAS(kerngen_log(&gen), "map 'counts': the one pinned as /fake/bpf/counts");
	/* What was found is not taken back. */
	bpfl_object_unpin(gen.object);
	ck_assert_uint_ne(pinned_id(ROOT "/counts"), 0);
	kerngen_deinit(&gen);
}
END_TEST

static const struct {
	uint32_t type, key_size, value_size, max_entries, flags;
	uint64_t map_extra;
	const char *line, *option;
} different[] = {
	{ BPFL_MAP_TYPE_LRU_HASH, 4, 8, 16, 0, 0, "type         lru_hash             hash", "counts.type=1" },
	{ BPFL_MAP_TYPE_HASH, 8, 8, 16, 0, 0, "key_size     8                    4", "counts.key_size=4" },
	{ BPFL_MAP_TYPE_HASH, 4, 16, 16, 0, 0, "value_size   16                   8", "counts.value_size=8" },
	{ BPFL_MAP_TYPE_HASH, 4, 8, 17, 0, 0, "max_entries  17                   16", "counts.max_entries=16" },
	{ BPFL_MAP_TYPE_HASH, 4, 8, 16, 1, 0, "flags        0x1                  0x0", "counts.flags=0" },
	{ BPFL_MAP_TYPE_HASH, 4, 8, 16, 0, 3, "map_extra    3                    0", "counts.map_extra=0" },
};

START_TEST(a_different_map_is_refused_side_by_side)
{
	struct bpfl_map_spec *map;

	begin();
	CHECK_OK(kerngen_load(&gen), gen.err);
	map = &gen.spec->maps.items[0];
	map->type = different[_i].type;
	map->key_size = different[_i].key_size;
	map->value_size = different[_i].value_size;
	map->max_entries = different[_i].max_entries;
	map->flags = different[_i].flags;
	map->map_extra = different[_i].map_extra;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_TARGET, EINVAL,
		    "map 'counts': the map that is pinned as '/fake/bpf/counts'");
	ck_assert_int_eq(gen.err.catalogue_id, 31);
	CHECK_HAS(gen.err.why, different[_i].line);
	CHECK_HAS(gen.err.fix, different[_i].option);
	/* The heading and that line, no more. */
	ck_assert_ptr_eq(strchr(strchr(gen.err.why, '\n') + 1, '\n'), NULL);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_CREATE), 1);
	ck_assert_uint_ne(pinned_id(ROOT "/counts"), 0);
	kerngen_deinit(&gen);
}
END_TEST

/* PIN-06: any map, by the caller's words, whatever its size; nothing is created, written or frozen. */
START_TEST(a_map_that_the_caller_names_is_taken)
{
	begin();
	CHECK_OK(kerngen_load(&gen), gen.err);
	struct bpfl_map_spec *map = &gen.spec->maps.items[0];
	uint32_t id = pinned_id(ROOT "/counts");
	char by_id[32];

	map->pinning = 0;
	map->max_entries = 0; /* open: the other one's */
	snprintf(by_id, sizeof(by_id), "id %u", id);
	CHECK_OK(bpfl_spec_map_reuse(gen.spec, "counts", by_id, &gen.err), gen.err);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_CREATE), 1);
	ck_assert_uint_eq(fake_sys_object(gen.object->maps[0].fd)->id, id);
	ck_assert_uint_eq(gen.object->maps[0].max_entries, 16);
	CHECK_OK(bpfl_spec_map_reuse(gen.spec, "counts", ROOT "/counts", &gen.err), gen.err);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(fake_sys_object(gen.object->maps[0].fd)->id, id);

	map->value_size = 12;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_TARGET, EINVAL,
		    "map 'counts': '/fake/bpf/counts', which is to take its place, is another kind of map");
	ck_assert_int_eq(gen.err.catalogue_id, 31);
	CHECK_HAS(gen.err.why, "value_size   12                   8");
	CHECK_HAS(gen.err.fix, "--map counts.value_size=8");
	CHECK_OK(bpfl_spec_map_reuse(gen.spec, "counts", ROOT "/nothing", &gen.err), gen.err);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_TARGET, ENOENT, "'/fake/bpf/nothing': nothing is pinned there");
	CHECK_OK(bpfl_spec_map_reuse(gen.spec, "counts", "counts", &gen.err), gen.err);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_USAGE, EINVAL, "'counts' is neither an id nor the path");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_template_may_be_a_map_that_exists)
{
	begin();
	specgen_map(gen.spec, "outer", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH_OF_MAPS, 4, 4, 4);
	CHECK_OK(bpfl_spec_map_set_inner(gen.spec, "outer", "counts", &gen.err), gen.err);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_CREATE), 3); /* one like "counts" is made for it */

	CHECK_OK(bpfl_spec_map_set_inner(gen.spec, "outer", ROOT "/counts", &gen.err), gen.err);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_CREATE), 4); /* the outer one alone */
	const struct fake_object *outer = fake_sys_object(gen.object->maps[1].fd);

	ck_assert_uint_ne(((const struct bpfl_attr_map_create *)(const void *)outer->attr)->inner_map_fd, 0);
	CHECK_OK(bpfl_spec_map_set_inner(gen.spec, "outer", ROOT "/nothing", &gen.err), gen.err);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_TARGET, ENOENT,
		    "map 'outer': template of its inner maps: '/fake/bpf/nothing': nothing is pinned there");
	CHECK_FAILS(bpfl_spec_map_set_inner(gen.spec, "counts", "outer", &gen.err), gen.err, BPFL_ERR_USAGE, EINVAL,
		    "map 'counts' holds no maps");
	kerngen_deinit(&gen);
}
END_TEST

/* FIX-10, and flags of descriptors; the kernel's rounding of LRU lists per CPU. */
static const struct {
	uint32_t type, flags, pinned_flags, max_entries, pinned_entries;
} alike[] = {
	{ BPFL_MAP_TYPE_DEVMAP, 0, BPFL_F_RDONLY_PROG, 16, 16 },
	{ BPFL_MAP_TYPE_DEVMAP_HASH, 0, BPFL_F_RDONLY_PROG, 16, 16 },
	{ BPFL_MAP_TYPE_HASH, 1u << 3, 0, 16, 16 },
	{ BPFL_MAP_TYPE_LRU_HASH, 2, 2, 15, 16 },
};

START_TEST(what_the_kernel_changes_is_no_difference)
{
	struct bpfl_map_spec *map;

	begin();
	map = &gen.spec->maps.items[0];
	map->type = alike[_i].type;
	map->flags = alike[_i].pinned_flags;
	map->max_entries = alike[_i].pinned_entries;
	CHECK_OK(kerngen_load(&gen), gen.err);
	map->flags = alike[_i].flags;
	map->max_entries = alike[_i].max_entries;
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_CREATE), 1);
	kerngen_deinit(&gen);
}
END_TEST

/* ---- races ---- */

static int hidden_once(void *ctx, void *attr, size_t attr_size)
{
	unsigned *left = ctx;

	(void)attr;
	(void)attr_size;
	return *left && (*left)-- ? -ENOENT : FAKE_SYS_DEFAULT;
}

START_TEST(who_pins_later_takes_the_other_map)
{
	unsigned nr_hidden = 1;
	uint32_t id;

	begin();
	CHECK_OK(kerngen_load(&gen), gen.err);
	id = pinned_id(ROOT "/counts");
	fake_sys_on_bpf(BPFL_CMD_OBJ_GET, hidden_once, &nr_hidden);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_CREATE), 2);
	ck_assert_uint_eq(fake_sys_object(bpfl_object_map_fd(gen.object, "counts"))->id, id);
	ck_assert_uint_eq(fake_sys_created(FAKE_MAP, 1)->nr_refs, 0);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_pin_that_comes_and_goes_is_given_up)
{
	unsigned nr_hidden = 1000;

	begin();
	CHECK_OK(kerngen_load(&gen), gen.err);
	fake_sys_on_bpf(BPFL_CMD_OBJ_GET, hidden_once, &nr_hidden);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_SYSTEM, EBUSY, "comes and goes");
	ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(the_winner_of_a_race_is_compared_too)
{
	unsigned nr_hidden = 1;

	begin();
	CHECK_OK(kerngen_load(&gen), gen.err);
	gen.spec->maps.items[0].max_entries = 99;
	fake_sys_on_bpf(BPFL_CMD_OBJ_GET, hidden_once, &nr_hidden);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_TARGET, EINVAL, "another kind of map");
	kerngen_deinit(&gen);
}
END_TEST

/* ---- where ---- */

START_TEST(without_a_bpffs_nothing_is_made)
{
	begin();
	gen.opts.pin_root = "/fake/elsewhere";
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_UNSUPPORTED, ENODEV,
		    "map 'counts': '/fake/elsewhere/counts' is in no BPF file system");
	ck_assert_int_eq(gen.err.catalogue_id, 22);
	CHECK_HAS(gen.err.fix, "mount -t bpf bpf");
	CHECK_HAS(gen.err.fix, "--no-pin");
	ck_assert_str_eq(fake_sys_trace(), "");
	gen.opts.no_pin = true;
	CHECK_OK(kerngen_load(&gen), gen.err);
	CHECK_HAS(kerngen_log(&gen), "warning: map 'counts' is not pinned");
	ck_assert_str_eq(fake_sys_trace(), "MAP_CREATE PROG_LOAD");
	kerngen_deinit(&gen);
}
END_TEST

static const char *const bad_names[] = { "../counts", "a/b", "..", ".", "a.b", "a b", "\x1b[2J", "" };

START_TEST(a_name_that_walks_is_refused)
{
	begin();
	free(gen.spec->maps.items[0].name);
	gen.spec->maps.items[0].name = strdup(bad_names[_i]);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_OBJECT, EINVAL, "this is no name for a file of a bpffs");
	ck_assert_str_eq(fake_sys_trace(), "");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_long_name_is_refused)
{
	char *name = malloc(70001);

	memset(name, 'n', 70000);
	name[70000] = '\0';
	begin();
	free(gen.spec->maps.items[0].name);
	gen.spec->maps.items[0].name = name;
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_OBJECT, EINVAL, "this is no name for a file of a bpffs");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(maps_of_iproute2_have_their_own_scopes)
{
	begin();
	gen.spec->maps.items[0].origin = BPFL_MAP_LEGACY;
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_ne(pinned_id(ROOT "/tc/globals/counts"), 0);
	gen.spec->maps.items[0].pinning = 2;
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_ne(pinned_id(ROOT "/tc/obj/counts"), 0);
	kerngen_deinit(&gen);
}
END_TEST

/* ---- slots ---- */

START_TEST(programs_in_a_shared_array_are_replaced_and_inner_maps_are_not)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	fake_sys_fs_type(ROOT, BPFL_BPFFS_MAGIC);
	gen.opts.pin_root = ROOT;
	pinned_map("steps", BPFL_MAP_TYPE_PROG_ARRAY)->value_size = 4;
	specgen_map(gen.spec, "inner", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 8, 1);
	pinned_map("outer", BPFL_MAP_TYPE_ARRAY_OF_MAPS)->value_size = 4;
	kerngen_user(&gen, "one", "raw_tp/x", 0);
	kerngen_user(&gen, "two", "raw_tp/x", 2);
	specgen_slot(gen.spec, 0, 1, true, 0);
	specgen_slot(gen.spec, 2, 0, false, 1);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_UPDATE_ELEM), 2);
	/* Nobody sees the outer map empty: it is pinned after its slots were filled. */
	CHECK_HAS(fake_sys_trace(), "MAP_UPDATE_ELEM mkdirat mkdirat OBJ_PIN PROG_LOAD");
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_UPDATE_ELEM), 3);
	ck_assert_int_eq((int)((const struct bpfl_attr_map_elem *)(const void *)
				       fake_sys_nth_bpf(BPFL_CMD_MAP_UPDATE_ELEM, 2)
					       ->attr)
				 ->map_fd,
			 bpfl_object_map_fd(gen.object, "steps"));
	kerngen_deinit(&gen);
}
END_TEST

/* ---- nothing is left ---- */

START_TEST(a_load_that_fails_takes_its_pins_back)
{
	begin();
	fake_sys_fail_bpf(BPFL_CMD_PROG_LOAD, 0, EINVAL);
	ck_assert_int_lt(kerngen_load(&gen), 0);
	ck_assert_uint_eq(pinned_id(ROOT "/counts"), 0);
	ck_assert_uint_eq(fake_sys_count("unlinkat"), 3); /* the pin, and the two directories that were made */
	ck_assert_uint_eq(fake_sys_nth("unlinkat", 1)->arg[0], AT_REMOVEDIR);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(whatever_call_fails_nothing_is_left)
{
	for (unsigned nth = 1;; nth++) {
		int ret;

		fake_sys_reset();
		begin();
		fake_sys_fail_nth(nth, ENOMEM);
		ret = kerngen_load(&gen);
		if (!fake_sys_failed()) {
			CHECK_OK(ret, gen.err);
			kerngen_deinit(&gen);
			break;
		}
		/* A few answers are only for information (what kind of descriptor a pin is). */
		if (ret < 0)
			ck_assert_uint_eq(pinned_id(ROOT "/counts"), 0);
		kerngen_deinit(&gen);
		ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
		ck_assert_uint_lt(nth, 200);
	}
}
END_TEST

/* ---- a directory of pins ---- */

static struct bpfl_link *attach(const char *text)
{
	struct bpfl_attach *spec = NULL;
	struct bpfl_link *link = NULL;

	CHECK_OK(bpfl_attach_parse(text, &spec, &gen.err), gen.err);
	CHECK_OK(bpfl_link_attach(gen.object, 0, spec, NULL, &link, &gen.err), gen.err);
	bpfl_attach_destroy(spec);
	return link;
}

static void begin_dir_with(const char *section)
{
	begin_with(section);
	gen.spec->maps.items[0].pinning = 0;
	specgen_map(gen.spec, ".bss", BPFL_MAP_BSS, BPFL_MAP_TYPE_ARRAY, 4, 8, 1);
	specgen_map(gen.spec, "x/../y", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 8, 1);
	specgen_map(gen.spec, "x____y", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 8, 1);
	for (uint32_t i = 1; i < 4; i++)
		kerngen_user(&gen, (const char *[]){ "", "second", "third", "fourth" }[i], section, i);
	gen.spec->progs.items[1].selected = false;
	CHECK_OK(kerngen_load(&gen), gen.err);
}

static void begin_dir(void)
{
	begin_dir_with("raw_tp/x");
}

START_TEST(an_object_is_pinned_with_its_links)
{
	struct bpfl_link *links[3];

	begin_dir();
	links[0] = attach("main_fn=raw_tp/x");
	links[1] = NULL;
	links[2] = attach("main_fn=raw_tp/y");
	CHECK_OK(bpfl_object_pin(gen.object, links, 3, ROOT "/d", &gen.err), gen.err);
	ck_assert_uint_ne(pinned_id(ROOT "/d/progs/main_fn"), 0);
	ck_assert_uint_eq(pinned_id(ROOT "/d/progs/second"), 0); /* not loaded: no fault */
	ck_assert_uint_ne(pinned_id(ROOT "/d/links/main_fn"), 0);
	ck_assert_uint_ne(pinned_id(ROOT "/d/links/main_fn-2"), 0);
	ck_assert_uint_ne(pinned_id(ROOT "/d/maps/counts"), 0);
	ck_assert_uint_ne(pinned_id(ROOT "/d/maps/x____y"), 0);
	ck_assert_uint_ne(pinned_id(ROOT "/d/maps/x____y-2"), 0);
	bpfl_link_close(links[0]);
	bpfl_link_close(links[2]);
	kerngen_deinit(&gen);
	ck_assert_uint_ne(pinned_id(ROOT "/d/links/main_fn-2"), 0);
}
END_TEST

START_TEST(a_pin_that_fails_takes_the_others_back)
{
	struct bpfl_link *link;

	begin_dir();
	link = attach("main_fn=raw_tp/x");
	for (unsigned nth = 1; nth <= 6; nth++) {
		size_t nr_unlinked = fake_sys_count("unlinkat");

		fake_sys_fail_bpf(BPFL_CMD_OBJ_PIN, nth, ENOSPC);
		CHECK_FAILS(bpfl_object_pin(gen.object, &link, 1, ROOT "/d", &gen.err), gen.err, BPFL_ERR_SYSTEM,
			    ENOSPC, "pinning as");
		/* /fake, ROOT, d and its three directories are made anew each time. */
		ck_assert_uint_eq(fake_sys_count("unlinkat") - nr_unlinked, 6 + nth - 1);
		ck_assert_uint_eq(pinned_id(ROOT "/d/progs/main_fn"), 0);
	}
	CHECK_OK(bpfl_object_pin(gen.object, &link, 1, ROOT "/d", &gen.err), gen.err);
	bpfl_link_close(link);
	kerngen_deinit(&gen);
}
END_TEST

static int detach_nothing(struct bpfl_link *link)
{
	(void)link;
	return 0;
}

START_TEST(what_has_no_link_is_refused)
{
	struct bpfl_link *link, *part;

	begin_dir();
	link = attach("main_fn=raw_tp/x");
	ck_assert(bpfl_link_outlives(link));
	ck_assert_int_eq(bpfl_link_part(link, &part), 0);
	ck_assert(bpfl_link_outlives(link));
	part->detach = detach_nothing;
	ck_assert(!bpfl_link_outlives(link));
	CHECK_FAILS(bpfl_object_pin(gen.object, &link, 1, ROOT "/d", &gen.err), gen.err, BPFL_ERR_UNSUPPORTED,
		    EOPNOTSUPP, "cannot be pinned");
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_OBJ_PIN), 0);
	bpfl_link_close(link);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(an_ioctl_is_no_link)
{
	struct bpfl_link link = { .link_fd = -1, .event_fd = 7 };

	ck_assert(!bpfl_link_outlives(&link));
	link.link_fd = 8;
	ck_assert(bpfl_link_outlives(&link));
}
END_TEST

/* ---- in place ---- */

START_TEST(a_link_takes_another_program)
{
	struct bpfl_link *link;

	begin_dir_with("xdp");
	link = attach("main_fn=xdp:lo");
	CHECK_OK(bpfl_link_update(link, gen.object, 2, bpfl_object_prog_fd(gen.object, "main_fn"), &gen.err), gen.err);
	ck_assert_int_eq(link->prog_fd, bpfl_object_prog_fd(gen.object, "third"));
	ck_assert_msg(strncmp(bpfl_link_text(link), "third: ", 7) == 0, "%s", bpfl_link_text(link));
	/* It holds another one now. */
	CHECK_FAILS(bpfl_link_update(link, gen.object, 3, bpfl_object_prog_fd(gen.object, "main_fn"), &gen.err),
		    gen.err, BPFL_ERR_TARGET, EPERM, "putting 'fourth' in the place of 'third: ");
	CHECK_OK(bpfl_link_update(link, gen.object, 3, -1, &gen.err), gen.err);
	CHECK_FAILS(bpfl_link_update(link, gen.object, 1, -1, &gen.err), gen.err, BPFL_ERR_USAGE, ENOENT, "not loaded");
	bpfl_link_close(link);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(names_are_made_plain)
{
	char out[BPFL_PIN_NAME_SIZE], longest[300];

	ck_assert_str_eq(bpfl_pin_name("a.b/c-d_E9 \xff", out), "a_b_c-d_E9__");
	ck_assert_str_eq(bpfl_pin_name("", out), "_");
	ck_assert_str_eq(bpfl_pin_name("..", out), "__");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_uint_eq(strlen(bpfl_pin_name(longest, out)), BPFL_PIN_NAME_SIZE - 1);
}
END_TEST

int main(void)
{
	const TTest *by_name[] = {
		a_new_map_is_pinned_and_stays,
		the_next_load_takes_it, a_map_that_the_caller_names_is_taken, a_template_may_be_a_map_that_exists,
		who_pins_later_takes_the_other_map,
		a_pin_that_comes_and_goes_is_given_up,
		the_winner_of_a_race_is_compared_too,
		without_a_bpffs_nothing_is_made,
		a_long_name_is_refused,
		maps_of_iproute2_have_their_own_scopes,
		programs_in_a_shared_array_are_replaced_and_inner_maps_are_not,
		a_load_that_fails_takes_its_pins_back,
		whatever_call_fails_nothing_is_left,
	};
	const TTest *directory[] = {
		an_object_is_pinned_with_its_links, a_pin_that_fails_takes_the_others_back, what_has_no_link_is_refused,
		an_ioctl_is_no_link, a_link_takes_another_program, names_are_made_plain,
	};
	Suite *suite = BPFL_TEST_SUITE("kern_pin", by_name);

	BPFL_TEST_ADD_CASE(suite, "directory", directory);
	bpfl_test_add_loop(suite, "different", a_different_map_is_refused_side_by_side, NR(different));
	bpfl_test_add_loop(suite, "alike", what_the_kernel_changes_is_no_difference, NR(alike));
	bpfl_test_add_loop(suite, "bad names", a_name_that_walks_is_refused, NR(bad_names));
	return bpfl_test_main(suite);
}
