/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kinds whose target is fixed when the program is loaded, and kinds that run on demand, on the fake kernel:
 * which call makes the link, what an older kernel gets instead, and what is never given up silently.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "attach/link.h"
#include "base/buf.h"
#include "btfc.h"
#include "fake_sys.h"
#include "kern/pin.h"
#include "specgen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct bpfl_target *target;
static struct bpfl_image *image;
static struct bpfl_object *object;
static struct bpfl_link *the_link;

#define KERNEL                                                                                                         \
	"struct s { u32 a; }; func f(u32) u32; func bpf_lsm_hook(u32) u32; func bpf_iter_thing(u32) u32; typedef u32 " \
	"btf_trace_event;"

static void load(const char *section)
{
	spec = specgen_new("test");
	specgen_prog(spec, "prog", section, specgen_func(spec, "prog", 2));
	CHECK_OK(bpfl_target_running(NULL, &target, &err), err);
	target->btf = btfc_read(KERNEL, false);
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	CHECK_OK(bpfl_object_load(image, target, NULL, &object, &err), err);
}

static int attach(const char *text)
{
	struct bpfl_attach *parsed = NULL;
	int ret;

	CHECK_OK(bpfl_attach_parse(text, &parsed, &err), err);
	ret = bpfl_link_attach(object, 0, parsed, NULL, &the_link, &err);
	bpfl_attach_destroy(parsed);
	return ret;
}

static void unload(void)
{
	bpfl_link_close(the_link);
	bpfl_object_close(object);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
	the_link = NULL, object = NULL, image = NULL;
}

/* section, --attach, what LINK_CREATE answers, then the calls that are made and the result. */
static const struct way {
	const char *section, *text;
	int link_errnum;
	unsigned nr_link, nr_open; /* LINK_CREATE, RAW_TRACEPOINT_OPEN */
	int ret;
	const char *message;
} ways[] = {
	{ "fentry/f", "fentry/f", 0, 1, 0, 0, NULL },
	{ "fentry/f", "fentry/f", EINVAL, 1, 1, 0, NULL },
	{ "fexit/f", "fexit/f,cookie=7", 0, 1, 0, 0, NULL },
	/* RAW_TRACEPOINT_OPEN would lose the cookie. */
	{ "fexit/f", "fexit/f,cookie=7", EINVAL, 1, 0, -EOPNOTSUPP, "this kernel takes no cookie for fexit" },
	{ "fmod_ret/f", "fmod_ret/f", EBUSY, 1, 0, -EBUSY, "attaching to fmod_ret/f: " },
	{ "tp_btf/event", "tp_btf/event", 0, 1, 0, 0, NULL },
	{ "tp_btf/event", "tp_btf/event", EINVAL, 1, 1, 0, NULL },
	/* LINK_CREATE would lose it there. */
	{ "tp_btf/event", "tp_btf/event,cookie=7", 0, 0, 1, 0, NULL },
	{ "lsm/hook", "lsm/hook", 0, 1, 0, 0, NULL },
	{ "lsm/hook", "lsm/hook", EINVAL, 1, 1, 0, NULL },
	{ "lsm/hook", "lsm/hook", EBUSY, 1, 0, -EBUSY, "attaching to security hook 'hook': " },
	/* An iterator has no other way. */
	{ "iter/thing", "iter/thing", 0, 1, 0, 0, NULL },
	{ "iter/thing", "iter/thing", EINVAL, 1, 0, -EINVAL, "iterator 'thing': " },
};

START_TEST(the_link_is_made_the_way_the_kernel_knows)
{
	const struct way *way = &ways[_i];

	load(way->section);
	if (way->link_errnum)
		fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 0, way->link_errnum);
	int ret = attach(way->text);
	ck_assert_msg(ret == way->ret, "%s: %d, not %d: %s", way->text, ret, way->ret, err.message);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_LINK_CREATE), way->nr_link);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_RAW_TRACEPOINT_OPEN), way->nr_open);
	if (way->ret == 0) {
		ck_assert_int_ge(bpfl_link_fd(the_link), 3);
	} else {
		CHECK_HAS(err.message, "program 'prog': attach");
		CHECK_HAS(err.message, way->message);
	}
	unload();
}
END_TEST

START_TEST(a_cookie_is_part_of_the_call)
{
	const struct bpfl_attr_link_create *link_attr;
	const struct bpfl_attr_raw_tracepoint *open_attr;

	load("fentry/f");
	CHECK_OK(attach("fentry/f,cookie=0x1234567890"), err);
	link_attr = (const void *)fake_sys_nth_bpf(BPFL_CMD_LINK_CREATE, 0)->attr;
	ck_assert_uint_eq(link_attr->attach_type, BPFL_ATTACH_TRACE_FENTRY);
	ck_assert_uint_eq(link_attr->tracing.cookie, 0x1234567890);
	unload();
	load("tp_btf/event");
	CHECK_OK(attach("tp_btf/event,cookie=9"), err);
	open_attr = (const void *)fake_sys_nth_bpf(BPFL_CMD_RAW_TRACEPOINT_OPEN, 0)->attr;
	ck_assert_uint_eq(open_attr->cookie, 9);
	ck_assert_uint_eq(open_attr->name, 0);
	unload();
}
END_TEST

static int prepare(const char *section, const char *text)
{
	struct bpfl_attach *parsed = NULL;
	int ret;

	spec = specgen_new("test");
	specgen_prog(spec, "prog", section, specgen_func(spec, "prog", 2));
	CHECK_OK(bpfl_target_running(NULL, &target, &err), err);
	target->btf = btfc_read(KERNEL, false);
	CHECK_OK(bpfl_attach_parse(text, &parsed, &err), err);
	ret = bpfl_attach_prepare(parsed, spec, 0, &err);
	bpfl_attach_destroy(parsed);
	return ret;
}

/* The function is looked for in that program, also when the kernel has one of that name. */
START_TEST(a_function_may_be_a_programs)
{
	CHECK_OK(prepare("fexit/f", "fexit/f,prog=id 5"), err);
	ck_assert_str_eq(spec->progs.items[0].attach_prog, "id 5");
	CHECK_FAILS(bpfl_image_build(spec, target, NULL, &image, &err), err, BPFL_ERR_TARGET, ENOENT,
		    "no program has 'id 5'");
	unload();
	CHECK_OK(prepare("fentry/f", "fentry/f,prog=5"), err);
	CHECK_FAILS(bpfl_image_build(spec, target, NULL, &image, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "'5' names no loaded program");
	unload();
	CHECK_FAILS(prepare("tp_btf/event", "tp_btf/event,prog=id 5"), err, BPFL_ERR_USAGE, EINVAL,
		    "'tp_btf' has no targets in programs");
	CHECK_HAS(err.fix, "freplace");
	unload();
}
END_TEST

START_TEST(what_an_iterator_walks_is_part_of_the_call)
{
	const struct bpfl_attr_link_create *attr;

	fake_sys_file("/proc/4711/stat", "4711 (there) S\n");
	load("iter/thing");
	CHECK_OK(attach("iter/thing,pid=4711"), err);
	attr = (const void *)fake_sys_nth_bpf(BPFL_CMD_LINK_CREATE, 0)->attr;
	ck_assert_uint_eq(attr->attach_type, BPFL_ATTACH_TRACE_ITER);
	ck_assert_uint_eq(attr->iter_info_size, 16);
	ck_assert(bpfl_link_is_on_demand(the_link));
	CHECK_HAS(bpfl_link_text(the_link), "iter thing of 4711");
	unload();
}
END_TEST

/* The place of a function is taken when the program is loaded; here is only the link, which is refused. */
START_TEST(a_function_whose_place_is_taken_is_named_with_its_program)
{
	struct bpfl_attach_ctx ctx = { 0 };
	struct bpfl_attach *parsed = NULL;

	load("fentry/f");
	CHECK_OK(bpfl_attach_parse("freplace/verdict:id 5", &parsed, &err), err);
	ctx.object = object;
	ctx.prog_fd = bpfl_object_prog_fd(object, "prog");
	ctx.attach = parsed;
	the_link = bpfl_link_create(ctx.prog_fd);
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 0, EBUSY);
	fake_sys_fail_bpf(BPFL_CMD_RAW_TRACEPOINT_OPEN, 0, EBUSY);
	CHECK_FAILS(bpfl_hook_freplace.attach(&ctx, the_link, &err), err, BPFL_ERR_TARGET, EBUSY,
		    "taking the place of function 'verdict' of program 'id 5': ");
	CHECK_HAS(err.why, "another program has taken the place");
	bpfl_attach_destroy(parsed);
	unload();
}
END_TEST

/* PROG_TEST_RUN: what the program returns, or -errno. */
static int test_run(void *ctx, void *attr, size_t attr_size)
{
	int *answer = ctx;

	(void)attr_size;
	((struct bpfl_attr_test_run *)attr)->retval = 42;
	return *answer;
}

static int no_text(void *ctx, const char *text, size_t size)
{
	(void)ctx, (void)text, (void)size;
	return -EPIPE;
}

START_TEST(a_program_that_runs_by_itself_has_no_text)
{
	load("fentry/f");
	CHECK_OK(attach("fentry/f"), err);
	CHECK_FAILS(bpfl_link_read(the_link, BPFL_FORMAT_TEXT, no_text, NULL, &err), err, BPFL_ERR_USAGE, EOPNOTSUPP,
		    "it runs by itself and has no text");
	unload();
}
END_TEST

START_TEST(a_syscall_program_gets_as_much_as_its_argument_says)
{
	const struct bpfl_attr_test_run *attr;
	int answer = 0;

	load("syscall");
	fake_sys_on_bpf(BPFL_CMD_PROG_TEST_RUN, test_run, &answer);
	CHECK_OK(attach("syscall"), err);
	/* The caller's answer ends the reading and comes back. */
	ck_assert_int_eq(bpfl_link_read(the_link, BPFL_FORMAT_TEXT, no_text, NULL, &err), -EPIPE);
	attr = (const void *)fake_sys_nth_bpf(BPFL_CMD_PROG_TEST_RUN, 0)->attr;
	ck_assert_uint_eq(attr->ctx_size_in, 0); /* no types, no argument */
	answer = -EINVAL;
	CHECK_FAILS(bpfl_link_read(the_link, BPFL_FORMAT_TEXT, no_text, NULL, &err), err, BPFL_ERR_SYSTEM, EINVAL,
		    "program 'prog': running it");
	CHECK_HAS(err.why, "a block of 0 bytes");
	unload();
}
END_TEST

/* ---- pins of an earlier load ---- */

#define PINS "/sys/fs/bpf/mine"

struct pinned_link { /* the head of struct bpf_link_info */
	uint32_t type, id, prog_id;
};

/* The fake's links do not say whose they are; here they do. */
static int link_info(void *ctx, void *bytes, size_t attr_size)
{
	const struct bpfl_attr_info *attr = bytes;
	const struct fake_object *about = fake_sys_object((int)attr->fd);
	struct pinned_link *info = (void *)(uintptr_t)attr->info;

	(void)attr_size;
	if (!about || about->kind != FAKE_LINK)
		return FAKE_SYS_DEFAULT;
	info->id = about->id;
	info->prog_id = *(const uint32_t *)ctx;
	return 0;
}

START_TEST(pins_that_cannot_be_taken_over_are_named)
{
	uint32_t prog_id = 0;
	char fdinfo[64];
	int fd;

	load("fentry/f");
	CHECK_OK(attach("fentry/f"), err);
	fake_sys_fs_type("/sys/fs/bpf", BPFL_BPFFS_MAGIC);
	fake_sys_fs_type(PINS, BPFL_BPFFS_MAGIC);
	fake_sys_file(PINS "/links/prog", "");
	CHECK_FAILS(bpfl_object_pin_update(object, PINS, &err), err, BPFL_ERR_TARGET, ENOENT,
		    "'" PINS "/links/prog' is not the pin of a link: ");

	ck_assert_int_eq(bpfl_sys_obj_pin(bpfl_link_fd(the_link), PINS "/links/prog"), 0);
	fd = bpfl_sys_obj_get(PINS "/links/prog", 0); /* the next one has the same number */
	snprintf(fdinfo, sizeof(fdinfo), "/proc/self/fdinfo/%d", fd);
	fake_sys_file(fdinfo, "pos:\t0\nlink_type:\ttracing\n");
	bpfl_enter_close(fd);
	fake_sys_on_bpf(BPFL_CMD_OBJ_GET_INFO_BY_FD, link_info, &prog_id);
	CHECK_FAILS(bpfl_object_pin_update(object, PINS, &err), err, BPFL_ERR_SYSTEM, ENOENT,
		    "the program of '" PINS "/links/prog': ");

	prog_id = fake_sys_object(bpfl_object_prog_fd(object, "prog"))->id;
	fake_sys_fail_call("renameat2", 1, EIO);
	CHECK_FAILS(bpfl_object_pin_update(object, PINS, &err), err, BPFL_ERR_SYSTEM, EIO,
		    "'" PINS "-new' cannot be renamed to '" PINS "': ");
	CHECK_HAS(err.why, "their pins are in " PINS "-new");
	unload();
}
END_TEST

/* ---- E25 ---- */

static int check_lsm(const char *list)
{
	struct bpfl_attach *parsed = NULL;
	int ret;

	bpfl_error_clear(&err);
	fake_sys_file("/sys/kernel/security/lsm", list);
	CHECK_OK(bpfl_attach_parse("lsm/hook", &parsed, &err), err);
	ret = bpfl_attach_check(parsed, spec, 0, &err);
	bpfl_attach_destroy(parsed);
	return ret;
}

START_TEST(a_kernel_that_never_asks_is_known_beforehand)
{
	load("lsm/hook");
	ck_assert_int_eq(check_lsm("lockdown,capability,bpf\n"), 0);
	ck_assert_int_eq(check_lsm("bpf"), 0);
	CHECK_FAILS(check_lsm("lockdown,bpfx,ebpf\n"), err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
		    "runs no BPF programs at security hooks");
	ck_assert_int_eq(err.catalogue_id, 25);
	CHECK_HAS(err.fix, "lsm=lockdown,bpfx,ebpf,bpf");
	unload();
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_cookie_is_part_of_the_call, a_function_may_be_a_programs,
				 what_an_iterator_walks_is_part_of_the_call,
				 a_function_whose_place_is_taken_is_named_with_its_program,
				 a_program_that_runs_by_itself_has_no_text,
				 pins_that_cannot_be_taken_over_are_named,
				 a_syscall_program_gets_as_much_as_its_argument_says,
				 a_kernel_that_never_asks_is_known_beforehand };
	Suite *suite = BPFL_TEST_SUITE("attach/tracing", tests);

	bpfl_test_add_loop(suite, "ways", the_link_is_made_the_way_the_kernel_knows, sizeof(ways) / sizeof(ways[0]));
	return bpfl_test_main(suite);
}
