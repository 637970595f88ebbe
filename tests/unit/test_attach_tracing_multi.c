/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fentry.multi and its siblings on a fake kernel: which functions are chosen of its types and of its list, what
 * the link is made of, and what is said when the kernel takes a part, nothing, or has no such links.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "attach/link.h"
#include "base/buf.h"
#include "btfc.h"
#include "fake_sys.h"
#include "specgen.h"
#include "sys/tracefs.h"

#define TRACING "/sys/kernel/tracing"

/* Four good ones, and what a trampoline cannot pass on, or tracefs does not list, or lists twice. */
#define KERNEL                                                                                                  \
	"struct pair { u64 a; u64 b; }; struct big { u64 a; u64 b; u64 c; };"                                    \
	"func many_a(u32) u32; func many_large(struct big) u32; func many_b(struct pair, struct big *) u64;"    \
	"func many_result(u32) struct pair; func many_float(double) u32; func many_c() void;"                    \
	"func many_args(u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32) u32; func hidden_d(u32) u32;" \
	"func many_twice(u32) u32; func many_d(u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32) u32; typedef u32 many_e;"

static const char list[] = "ffffffff81000010 many_d\nffffffff81000020 many_twice\nffffffff81000030 "
			   "many_twice\nffffffff81000040 many_a\n"
			   "ffffffff81000050 many_large\nffffffff81000060 many_b\nffffffff81000070 "
			   "many_result\nffffffff81000080 many_float\n"
			   "ffffffff81000090 many_args\nffffffff810000a0 many_c\nffffffff810000b0 many_unknown\n"
			   "ffffffffc0000000 many_m [mod]\n";

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_buf said = BPFL_BUF_INIT;
static struct bpfl_spec *spec;
static struct bpfl_target *target;
static struct bpfl_image *image;
static struct bpfl_object *object;
static struct bpfl_link *the_link;

static void note(void *ctx, enum bpfl_log_level level, const char *text)
{
	bpfl_buf_printf(ctx, "%s: %s\n", level == BPFL_LOG_WARN ? "warning" : "info", text);
}

static void fake_kernel(bool has_list)
{
	fake_sys_fs_type(TRACING, has_list ? BPFL_TRACEFS_MAGIC : 1);
	fake_sys_fs_type("/sys/kernel/debug/tracing", 1);
	fake_sys_file_error("/proc/self/mounts", ENOENT);
	if (has_list)
		fake_sys_file(TRACING "/available_filter_functions_addrs", list);
	else
		fake_sys_fail_call("fsopen", 0, ENODEV);
}

static int start(const char *section, const char *text)
{
	struct bpfl_log log = { note, &said };
	struct bpfl_attach *attach = NULL;
	int ret;

	spec = specgen_new("test");
	specgen_prog(spec, "prog", section, specgen_func(spec, "prog", 2));
	CHECK_OK(bpfl_target_running(NULL, &target, &err), err);
	target->btf = btfc_read(KERNEL, false);
	CHECK_OK(bpfl_attach_parse(text ? text : section, &attach, &err), err);
	ret = bpfl_attach_prepare(attach, spec, 0, &err);
	if (ret == 0)
		ret = bpfl_attach_check(attach, spec, 0, &err);
	if (ret == 0)
		ret = bpfl_image_build(spec, target, NULL, &image, &err);
	if (ret == 0)
		ret = bpfl_object_load(image, target, NULL, &object, &err);
	if (ret == 0)
		ret = bpfl_link_attach(object, 0, attach, &log, &the_link, &err);
	bpfl_attach_destroy(attach);
	return ret;
}

static void stop(void)
{
	bpfl_link_close(the_link);
	bpfl_object_close(object);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
	bpfl_buf_deinit(&said);
	the_link = NULL, object = NULL, image = NULL, target = NULL, spec = NULL;
}

/* What LINK_CREATE was given, as names; an id in refused[] makes the call fail. */
struct asked {
	const char *refused[4];
	int errnum;
	char taken[256];
	uint64_t cookie;
	uint32_t attach_type;
	bool no_links;
	unsigned nr_calls;
};

static int on_link(void *ctx, void *bytes, size_t attr_size)
{
	const struct bpfl_attr_link_create *attr = bytes;
	const uint32_t *ids = (const uint32_t *)(uintptr_t)attr->tracing_multi.ids;
	const uint64_t *cookies = (const uint64_t *)(uintptr_t)attr->tracing_multi.cookies;
	struct asked *asked = ctx;

	(void)attr_size;
	if (ids[0] == INT32_MAX) /* the question whether there are such links */
		return asked->no_links ? -EOPNOTSUPP : -EINVAL;
	asked->nr_calls++;
	for (uint32_t i = 0; i < attr->tracing_multi.cnt; i++) {
		for (size_t k = 0; k < 4 && asked->refused[k]; k++) {
			if (strcmp(asked->refused[k], "*") == 0 ||
			    strcmp(asked->refused[k], bpfl_btf_name(target->btf, ids[i])) == 0)
				return -asked->errnum;
		}
		ck_assert(i == 0 || ids[i] > ids[i - 1]);
	}
	for (uint32_t i = 0; i < attr->tracing_multi.cnt; i++)
		sprintf(asked->taken + strlen(asked->taken), "%s ", bpfl_btf_name(target->btf, ids[i]));
	asked->cookie = cookies ? cookies[attr->tracing_multi.cnt - 1] : 0;
	asked->attach_type = attr->attach_type;
	return FAKE_SYS_DEFAULT;
}

static const struct {
	const char *section, *text;
	bool has_list;
	uint32_t attach_type;
	const char *taken, *link_text;
} good[] = {
	{ "fentry.multi/many_*", NULL, true, BPFL_ATTACH_TRACE_FENTRY_MULTI, "many_a many_b many_c many_d ",
	  "prog: fentry.multi many_* (4 functions)" },
	{ "fexit.multi/many_?", NULL, true, BPFL_ATTACH_TRACE_FEXIT_MULTI, "many_a many_b many_c many_d ",
	  "prog: fexit.multi many_? (4 functions)" },
	{ "fsession.multi/many_b", NULL, true, BPFL_ATTACH_TRACE_FSESSION_MULTI, "many_b ", "prog: fsession.multi many_b (1 function)" },
	{ "fentry.multi.s/vmlinux:many_*", "fentry.multi.s/vmlinux:many_*a*", true, BPFL_ATTACH_TRACE_FENTRY_MULTI, "many_a ",
	  "prog: fentry.multi.s vmlinux:many_*a* (1 function)" },
	/* Where the list cannot be read, the types are all that is known. */
	{ "fentry.multi/*_d", NULL, false, BPFL_ATTACH_TRACE_FENTRY_MULTI, "hidden_d many_d ", "prog: fentry.multi *_d (2 functions)" },
	{ "fentry.multi/many_d", "fexit.multi/many_a", true, BPFL_ATTACH_TRACE_FEXIT_MULTI, "many_a ",
	  "prog: fexit.multi many_a (1 function)" },
};

START_TEST(a_link_has_the_ids_of_what_can_be_traced)
{
	struct asked asked = { .errnum = 0 };
	const struct bpfl_attr_prog_load *load;

	fake_kernel(good[_i].has_list);
	fake_sys_on_bpf(BPFL_CMD_LINK_CREATE, on_link, &asked);
	CHECK_OK(start(good[_i].section, good[_i].text), err);
	ck_assert_str_eq(asked.taken, good[_i].taken);
	ck_assert_uint_eq(asked.attach_type, good[_i].attach_type);
	ck_assert_uint_eq(asked.cookie, 0);
	ck_assert_str_eq(bpfl_link_text(the_link), good[_i].link_text);
	/* Loaded for no function. The first call is the question whether the kernel has such programs. */
	load = (const void *)fake_sys_nth_bpf(BPFL_CMD_PROG_LOAD, 1)->attr;
	ck_assert_uint_eq(load->expected_attach_type, good[_i].attach_type);
	ck_assert_uint_eq(load->attach_btf_id, 0);
	ck_assert_uint_eq(load->attach_prog_fd, 0);
	stop();
}
END_TEST

START_TEST(each_function_gets_the_cookie)
{
	struct asked asked = { .errnum = 0 };

	fake_kernel(true);
	fake_sys_on_bpf(BPFL_CMD_LINK_CREATE, on_link, &asked);
	CHECK_OK(start("fentry.multi/many_*", "fentry.multi/many_*,cookie=0x1234567890"), err);
	ck_assert_uint_eq(asked.cookie, 0x1234567890);
	stop();
}
END_TEST

START_TEST(what_the_kernel_refuses_is_named_and_left_out)
{
	struct asked asked = { .refused = { "many_b", "many_d" }, .errnum = EINVAL };

	fake_kernel(true);
	fake_sys_on_bpf(BPFL_CMD_LINK_CREATE, on_link, &asked);
	CHECK_OK(start("fentry.multi/many_*", NULL), err);
	ck_assert_str_eq(asked.taken, "many_a many_c ");
	ck_assert_str_eq(bpfl_link_text(the_link), "prog: fentry.multi many_* (2 of 4 functions)");
	CHECK_HAS(said.data, "warning: fentry.multi many_*: the kernel refused 2 of 4 functions (many_b, many_d)");
	CHECK_HAS(said.data, "info: fentry.multi many_*: 1 function is left out, since others have its name");
	ck_assert_str_eq(err.message, "");
	stop();
}
END_TEST

static int know_no_multi(void *ctx, void *bytes, size_t attr_size)
{
	const struct bpfl_attr_prog_load *attr = bytes;

	(void)ctx, (void)attr_size;
	return attr->attach_btf_id == 0 ? -EINVAL : FAKE_SYS_DEFAULT;
}

static const struct {
	const char *section, *refused;
	int errnum; /* what the kernel says to the link; 0: it is not asked */
	enum { GOOD, NO_PROGS, NO_LINKS } kernel;
	int ret;
	const char *message, *why, *fix;
} bad[] = {
	{ "fentry.multi/many_*", NULL, 0, NO_PROGS, -EOPNOTSUPP, "this kernel has no fentry.multi", "", "Linux 7.2" },
	{ "fentry.multi/many_*", NULL, 0, NO_LINKS, -EOPNOTSUPP, "this kernel has no fentry.multi", "on this architecture", "Linux 7.2" },
	{ "fsession.multi.s/many_*", NULL, 0, NO_PROGS, -EOPNOTSUPP, "this kernel has no fsession.multi.s", "", "kprobe.multi" },
	{ "fentry.multi/nothing_*", NULL, 0, GOOD, -ENOENT, "can be traced fits 'nothing_*'", "", "" },
	{ "fentry.multi/many_f*", NULL, 0, GOOD, -ENOENT, "by its types fits 'many_f*'", "1 is not traceable", "" },
	{ "fentry.multi/many_tw*", NULL, 0, GOOD, -ENOENT, "by its types fits 'many_tw*'", "1 shares its name", "" },
	{ "fentry.multi/mani_a", NULL, 0, GOOD, -ENOENT, "by its types fits 'mani_a'", "", "'many_a'" },
	{ "fentry.multi/nomod:many_*", NULL, 0, GOOD, -ENOENT, "can be traced fits 'nomod:many_*'", "", "" },
	{ "fentry.multi/nomod:many_a", NULL, 0, GOOD, -ENOENT, "no module 'nomod'", "", "modprobe nomod" },
	{ "fentry.multi/many_*", "*", EINVAL, GOOD, -EINVAL, "takes none of the 4 functions that fit 'many_*'", "many_a, many_b, many_c", "" },
	{ "fentry.multi/many_*", "*", EMFILE, GOOD, -EMFILE, "making a link (LINK_CREATE)", "", "" },
};

START_TEST(what_cannot_be_attached_is_explained)
{
	struct asked asked = { .refused = { bad[_i].refused },
			       .errnum = bad[_i].errnum,
			       .no_links = bad[_i].kernel == NO_LINKS };

	fake_kernel(true);
	fake_sys_on_bpf(BPFL_CMD_LINK_CREATE, on_link, &asked);
	if (bad[_i].kernel == NO_PROGS)
		fake_sys_on_bpf(BPFL_CMD_PROG_LOAD, know_no_multi, NULL);
	ck_assert_int_eq(start(bad[_i].section, NULL), bad[_i].ret);
	CHECK_HAS(err.message, bad[_i].message);
	CHECK_HAS(err.why, bad[_i].why);
	CHECK_HAS(err.fix, bad[_i].fix);
	if (!bad[_i].errnum)
		ck_assert_uint_eq(asked.nr_calls, 0);
	stop();
	ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
}
END_TEST

/* Whatever call fails: an error with words, and nothing stays open. */
START_TEST(any_call_may_fail)
{
	for (unsigned n = 1;; n++) {
		int ret;

		fake_sys_reset();
		fake_kernel(true);
		fake_sys_fail_nth(n, EIO);
		ret = start("fexit.multi/many_*", NULL);
		ck_assert_msg(ret == 0 || err.message[0], "call %u fails: no words", n);
		stop();
		ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
		if (!fake_sys_failed())
			break;
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = { each_function_gets_the_cookie, what_the_kernel_refuses_is_named_and_left_out,
				 any_call_may_fail };
	Suite *suite = BPFL_TEST_SUITE("attach/tracing_multi", tests);

	bpfl_test_add_loop(suite, "good", a_link_has_the_ids_of_what_can_be_traced, sizeof(good) / sizeof(good[0]));
	bpfl_test_add_loop(suite, "bad", what_cannot_be_attached_is_explained, sizeof(bad) / sizeof(bad[0]));
	return bpfl_test_main(suite);
}
