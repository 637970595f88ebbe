/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct_ops on the running kernel: a congestion control of TCP made of programs, in a network namespace of the
 * test. That it runs is shown by a connection that uses it, that it is gone by a socket that can no longer ask for it.
 *
 * The object is made here: types from a line of C, programs of a few instructions.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "btfc.h"
#include "feature.h"
#include "insns.h"
#include "live.h"
#include "netns.h"
#include "spec/reader.h"
#include "sys/bpf.h"

#define NAME "bpfload_test"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct bpfl_target *target;
static struct bpfl_image *image;
static struct bpfl_object *object;
static struct bpfl_link *the_link;

/* Members in another order than the kernel's, and one that it does not have. */
#define TYPES                                                                                                   \
	"struct tcp_congestion_ops { char name[16]; void *cong_avoid; void *ssthresh; void *undo_cwnd; u32 flags; " \
	"u32 nobody; void *nothing; };"
enum { OFF_CONG_AVOID = 16, OFF_SSTHRESH = 24, OFF_UNDO_CWND = 32, OFF_FLAGS = 40, OFF_NOBODY = 44, OFF_NOTHING = 48, OPS_SIZE = 56 };

/* A window of 10 segments, whatever is asked. */
static const struct bpfl_insn ten_insns[] = { MOV(0, 10), EXIT };

static void add_ten(const char *name, const char *section)
{
	struct bpfl_prog_def prog = { .size = sizeof(prog), .name = name, .section = section, .insns = ten_insns,
				      .nr_insns = 2 };

	CHECK_OK(bpfl_spec_add_prog(spec, &prog, &err), err);
}

static void add_member(struct bpfl_map_spec *map, uint32_t byte_off, const char *prog)
{
	struct bpfl_ops_member *member = BPFL_VEC_PUSH(&map->ops);

	*member = (struct bpfl_ops_member){ byte_off, (uint32_t)bpfl_spec_prog_idx(spec, prog) };
}

/* An object with the variable "ops", as if it were in that section. */
static struct bpfl_map_spec *describe(const char *section)
{
	struct bpfl_map_spec *map;

	CHECK_OK(bpfl_spec_create("test", "GPL", &spec, &err), err);
	spec->btf = btfc_read(TYPES, false);
	live_add_counter(spec);
	live_add_prog(spec, "avoid", "struct_ops", LIVE_COUNT, 0);
	add_ten("ten", "struct_ops");
	add_ten("also_ten", "struct_ops");
	map = BPFL_VEC_PUSH(&spec->maps);
	map->name = bpfl_strdup("ops");
	map->section = bpfl_strdup(section);
	map->origin = BPFL_MAP_STRUCT_OPS;
	map->type = BPFL_MAP_TYPE_STRUCT_OPS;
	map->key_size = 4;
	map->max_entries = 1;
	map->value_size = map->data_size = OPS_SIZE;
	map->flags = strcmp(section, ".struct_ops.link") == 0 ? BPFL_F_LINK : 0;
	map->value_type_id = btfc_id(spec->btf, "struct tcp_congestion_ops");
	map->data = calloc(1, OPS_SIZE);
	memcpy(map->data, NAME, sizeof(NAME));
	add_member(map, OFF_CONG_AVOID, "avoid");
	add_member(map, OFF_SSTHRESH, "ten");
	add_member(map, OFF_UNDO_CWND, "also_ten");
	return map;
}

static int build(void)
{
	CHECK_OK(bpfl_target_running(NULL, &target, &err), err);
	return bpfl_image_build(spec, target, NULL, &image, &err);
}

static int load(void)
{
	int ret = build();

	return ret < 0 ? ret : bpfl_object_load(image, target, NULL, &object, &err);
}

static void unload(void)
{
	bpfl_link_close(the_link);
	bpfl_object_close(object);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
	the_link = NULL;
	object = NULL;
	image = NULL;
}

static uint64_t counter(void)
{
	return live_counter_of(object);
}

/* Whether a socket can ask for it. */
static bool is_registered(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ret = setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, NAME, sizeof(NAME) - 1);

	close(fd);
	return ret == 0;
}

/* Sends 400 KB to itself through a connection that uses it. */
static void connection(void)
{
	static char bytes[4096];
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t addr_size = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    from = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), to;

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&addr, &addr_size), 0);
	ck_assert_int_eq(setsockopt(from, IPPROTO_TCP, TCP_CONGESTION, NAME, sizeof(NAME) - 1), 0);
	ck_assert_int_eq(connect(from, (struct sockaddr *)&addr, sizeof(addr)), 0);
	to = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(to, 0);
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(send(from, bytes, sizeof(bytes), 0), sizeof(bytes));
		ck_assert_int_eq(recv(to, bytes, sizeof(bytes), MSG_WAITALL), sizeof(bytes));
	}
	close(to);
	close(from);
	close(listener);
}

static void prove(const char *how)
{
	uint64_t before;

	ck_assert(!is_registered());
	CHECK_OK(bpfl_link_attach_map(object, "ops", NULL, &the_link, &err), err);
	CHECK_HAS(bpfl_link_text(the_link), "ops: registered as struct tcp_congestion_ops");
	ck_assert(is_registered());
	connection();
	before = counter();
	ck_assert_uint_ge(before, 10);
	bpfl_link_close(the_link);
	the_link = NULL;
	ck_assert(!is_registered());
	ck_assert_uint_ge(counter(), before);
	bpfl_test_shows("struct_ops", how);
}

START_TEST(a_link_registers_and_unregisters)
{
	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("trampolines") || bpfl_test_lacks("struct_ops_link"))
		return;
	bpfl_test_own_network();
	describe(".struct_ops.link");
	CHECK_OK(load(), err);
	prove("by link");
	/* And again: the value is in the map still. */
	CHECK_OK(bpfl_link_attach_map(object, "ops", NULL, &the_link, &err), err);
	ck_assert(is_registered());
	ck_assert_int_ge(bpfl_link_fd(the_link), 3);
	unload();
	ck_assert(!is_registered());
}
END_TEST

START_TEST(a_value_registers_and_unregisters)
{
	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("trampolines"))
		return;
	bpfl_test_own_network();
	describe(".struct_ops");
	CHECK_OK(load(), err);
	prove("by value");
	unload();
}
END_TEST

START_TEST(a_name_that_is_taken_is_refused)
{
	struct bpfl_link *first;
	struct bpfl_object *first_object;
	struct bpfl_image *first_image;
	struct bpfl_target *first_target;
	struct bpfl_spec *first_spec;

	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("trampolines") || bpfl_test_lacks("struct_ops_link"))
		return;
	bpfl_test_own_network();
	describe(".struct_ops.link");
	CHECK_OK(load(), err);
	CHECK_OK(bpfl_link_attach_map(object, "ops", NULL, &first, &err), err);
	first_object = object, first_image = image, first_target = target, first_spec = spec;
	describe(".struct_ops.link");
	CHECK_OK(load(), err);
	CHECK_FAILS(bpfl_link_attach_map(object, "ops", NULL, &the_link, &err), err, BPFL_ERR_TARGET, EEXIST,
		    "struct_ops 'ops': registering it");
	CHECK_HAS(err.why, "one with this name is registered already");
	unload();
	the_link = first, object = first_object, image = first_image, target = first_target, spec = first_spec;
	unload();
}
END_TEST

/* ---- what is refused before anything is loaded ---- */

/* Two objects of one name. The first is registered; test() gets its link. */
static struct bpfl_link *first_link;
static struct bpfl_object *first_object;
static struct bpfl_image *first_image;
static struct bpfl_target *first_target;
static struct bpfl_spec *first_spec;

static void load_two(void)
{
	describe(".struct_ops.link");
	CHECK_OK(load(), err);
	CHECK_OK(bpfl_link_attach_map(object, "ops", NULL, &first_link, &err), err);
	first_object = object, first_image = image, first_target = target, first_spec = spec;
	describe(".struct_ops.link");
	CHECK_OK(load(), err);
}

static void unload_two(void)
{
	unload();
	the_link = first_link, object = first_object, image = first_image, target = first_target, spec = first_spec;
	unload();
}

static uint64_t first_counter(void)
{
	return live_counter_of(first_object);
}

START_TEST(another_struct_takes_the_place)
{
	uint64_t before;

	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("trampolines") || bpfl_test_lacks("struct_ops_link"))
		return;
	bpfl_test_own_network();
	load_two();
	connection();
	before = first_counter();
	ck_assert_uint_ge(before, 10);
	ck_assert_uint_eq(counter(), 0);
	/* Not if it is another's place, not what is not there. */
	ck_assert_int_lt(bpfl_link_update_map(first_link, object, "ops", bpfl_object_map_fd(object, "ops"), &err), 0);
	CHECK_HAS(err.message, "putting 'ops' in the place of 'ops: registered as struct tcp_congestion_ops'");
	CHECK_FAILS(bpfl_link_update_map(first_link, object, "counter", -1, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "is no struct_ops variable");
	CHECK_OK(bpfl_link_update_map(first_link, object, "ops", bpfl_object_map_fd(first_object, "ops"), &err), err);
	connection();
	ck_assert_uint_ge(counter(), 10);
	ck_assert_uint_eq(first_counter(), before);
	unload_two();
	ck_assert(!is_registered());
}
END_TEST

START_TEST(a_program_goes_with_a_struct)
{
	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("trampolines") || bpfl_test_lacks("struct_ops_link"))
		return;
	bpfl_test_own_network();
	describe(".struct_ops.link");
	add_ten("other", "syscall");
	CHECK_OK(load(), err);
	CHECK_FAILS(bpfl_object_assoc_struct_ops(object, "nobody", object, "ops", &err), err, BPFL_ERR_USAGE, ENOENT,
		    "'nobody'");
	CHECK_FAILS(bpfl_object_assoc_struct_ops(object, "other", object, "counter", &err), err, BPFL_ERR_USAGE, ENOENT,
		    "'counter'");
	if (bpfl_test_lacks("assoc_struct_ops")) {
		CHECK_FAILS(bpfl_object_assoc_struct_ops(object, "other", object, "ops", &err), err,
			    BPFL_ERR_UNSUPPORTED, EINVAL, "associating program");
		CHECK_HAS(err.why, "Linux 7.0");
	} else {
		CHECK_OK(bpfl_object_assoc_struct_ops(object, "other", object, "ops", &err), err);
		CHECK_FAILS(bpfl_object_assoc_struct_ops(object, "ten", object, "ops", &err), err, BPFL_ERR_UNSUPPORTED,
			    EINVAL, "associating program");
	}
	unload();
}
END_TEST

START_TEST(a_member_that_the_kernel_lacks_must_be_zero)
{
	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("struct_ops"))
		return;
	describe(".struct_ops")->data[OFF_NOBODY] = 1;
	CHECK_FAILS(build(), err, BPFL_ERR_UNSUPPORTED, ENOENT,
		    "struct_ops 'ops': this kernel's struct tcp_congestion_ops has no member 'nobody'");
	CHECK_HAS(err.fix, "--set ops.nobody=0");
	unload();
}
END_TEST

START_TEST(an_optional_program_for_a_missing_member_is_left_out)
{
	struct bpfl_map_spec *map;

	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("struct_ops"))
		return;
	map = describe(".struct_ops");
	add_ten("nothing", "struct_ops");
	add_member(map, OFF_NOTHING, "nothing");
	CHECK_FAILS(build(), err, BPFL_ERR_UNSUPPORTED, ENOENT, "has no member 'nothing'");
	CHECK_HAS(err.fix, "--skip nothing");
	bpfl_target_destroy(target);
	bpfl_error_clear(&err);
	spec->progs.items[3].optional = true;
	CHECK_OK(build(), err);
	ck_assert_uint_eq(image->nr_progs, 3);
	ck_assert_uint_eq(image->maps[1].ops.nr, 3);
	unload();
}
END_TEST

START_TEST(a_program_is_one_member_only)
{
	struct bpfl_map_spec *map;

	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("struct_ops"))
		return;
	map = describe(".struct_ops");
	map->ops.items[2].prog_idx = map->ops.items[1].prog_idx;
	CHECK_FAILS(build(), err, BPFL_ERR_OBJECT, EINVAL, "program 'ten' is another member already");
	unload();
}
END_TEST

START_TEST(programs_of_a_struct_that_is_not_made_stay_behind)
{
	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("struct_ops"))
		return;
	describe("?.struct_ops")->unselected = true;
	CHECK_OK(build(), err);
	ck_assert_uint_eq(image->nr_progs, 0);
	ck_assert(!image->maps[1].needed);
	unload();
}
END_TEST

START_TEST(a_program_that_no_struct_wants_is_an_error)
{
	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("struct_ops"))
		return;
	describe(".struct_ops");
	add_ten("stray", "struct_ops/stray");
	CHECK_FAILS(build(), err, BPFL_ERR_OBJECT, EINVAL, "program 'stray': no struct_ops variable points to it");
	unload();
}
END_TEST

START_TEST(an_interface_that_the_kernel_lacks_is_named)
{
	struct bpfl_map_spec *map;

	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("struct_ops"))
		return;
	map = describe(".struct_ops");
	bpfl_btf_destroy(spec->btf);
	spec->btf = btfc_read("struct tcp_congestion_op { char name[16]; void *cong_avoid; void *ssthresh; void "
			      "*undo_cwnd; u64 pad; u64 more; };",
			      false);
	map->value_type_id = btfc_id(spec->btf, "struct tcp_congestion_op");
	CHECK_FAILS(build(), err, BPFL_ERR_UNSUPPORTED, ENOENT,
		    "this kernel lets nobody implement struct tcp_congestion_op");
	CHECK_HAS(err.fix, "'tcp_congestion_ops'");
	unload();
}
END_TEST

START_TEST(a_struct_without_what_the_kernel_insists_on_is_refused)
{
	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("trampolines") || bpfl_test_lacks("struct_ops_link"))
		return;
	memset(describe(".struct_ops.link")->data, 0, 16); /* no name */
	CHECK_FAILS(load(), err, BPFL_ERR_SYSTEM, EINVAL, "struct_ops 'ops': handing it to the kernel");
	CHECK_HAS(err.why, "a member that the kernel insists on is missing");
	unload();
}
END_TEST

int main(void)
{
	const TTest *live_tests[] = { a_link_registers_and_unregisters, a_value_registers_and_unregisters,
				      a_name_that_is_taken_is_refused, another_struct_takes_the_place,
				      a_program_goes_with_a_struct };
	const TTest *tests[] = { a_member_that_the_kernel_lacks_must_be_zero,
				 an_optional_program_for_a_missing_member_is_left_out,
				 a_program_is_one_member_only,
				 programs_of_a_struct_that_is_not_made_stay_behind,
				 a_program_that_no_struct_wants_is_an_error,
				 an_interface_that_the_kernel_lacks_is_named,
				 a_struct_without_what_the_kernel_insists_on_is_refused };
	Suite *suite = BPFL_TEST_SUITE("struct_ops", live_tests);

	BPFL_TEST_ADD_CASE(suite, "refused", tests);
	return bpfl_test_main(suite);
}
