/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that are bound to a kernel function when they are loaded, on the running kernel: tp_btf, fentry,
 * fexit, fmod_ret, lsm, freplace.
 *
 * Some kernels refuse all of them but tp_btf by policy, with EPERM and an empty verifier log; then it is tested
 * that the error says so.
 * In the machines of scripts/vm-run there is no such policy, so there that is no way out.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bpfload/inspect.h"
#include "feature.h"
#include "live.h"
#include "netns.h"
#include "sys/bpf.h"

/* Functions of system calls, which may sleep. */
#if defined(__aarch64__)
#define CALLS "__arm64_sys_"
#elif defined(__s390x__)
#define CALLS "__s390x_sys_"
#else
#define CALLS "__x64_sys_"
#endif
#define RARE_CALL CALLS LIVE_RARE_CALL

static struct live live;

/*
 * A file that is not there: one walk of its path per call; a file that is, and two system calls that hardly
 * anybody makes.
 */
static void stat_calls(unsigned times)
{
	struct stat info;

	while (times--) {
		(void)!access("/nowhere/at/all", F_OK);
		(void)!stat("/proc/self/stat", &info);
		syscall(SYS_sched_get_priority_max, 0);
		syscall(SYS_sched_get_priority_min, 0);
	}
}

static void switch_calls(unsigned times)
{
	while (times--)
		usleep(1000);
}

/* True when this kernel refuses programs that need a trampoline, after a check that the error says what is known. */
static bool refused_by_policy(int ret, const char *type)
{
	char words[128];

	if (ret != -EPERM || getenv("BPFLOAD_VM"))
		return false;
	snprintf(words, sizeof(words), "some kernels refuse %s programs by policy", type);
	CHECK_ERROR(live.err, BPFL_ERR_PERMISSION, EPERM, "program 'prog': loading it");
	CHECK_HAS(live.err.why, "the kernel gave no reason (the verifier's log is empty)");
	CHECK_HAS(live.err.why, words);
	CHECK_HAS(live.err.why, "capabilities are not the cause");
	ck_assert_ptr_null(live.object);
	live_stop(&live);
	bpfl_test_refused(type, "this kernel refuses such programs by policy");
	return true;
}

START_TEST(a_typed_tracepoint_fires_until_its_link_is_closed)
{
	if (bpfl_test_lacks("kernel_btf"))
		return;
	CHECK_OK(live_start(&live, LIVE_COUNT, "tp_btf/sched_switch", NULL), live.err);
	CHECK_HAS(bpfl_link_text(live.link), "tp_btf sched_switch");
	switch_calls(10);
	ck_assert_uint_ge(live_counter(&live), 10);
	live_detach(&live);
	uint64_t before = live_counter(&live);
	switch_calls(10);
	ck_assert_uint_eq(live_counter(&live), before);
	bpfl_test_shows("tp_btf", "by link");
	live_stop(&live);
}
END_TEST

/*
 * bpf_test_finish, the one writable tracepoint that every kernel has, is passed at the end of each test run
 * of a program of the network.
 */
static struct live tested;

static void run_tests(unsigned times)
{
	uint8_t packet[64] = { 0 };
	struct bpfl_attr_test_run attr = { .prog_fd = (uint32_t)bpfl_object_prog_fd(tested.object, "prog"),
					   .data_in = BPFL_PTR(packet),
					   .data_size_in = sizeof(packet),
					   .repeat = 1 };

	while (times--)
		ck_assert_int_eq(bpfl_sys_prog_test_run(&attr), 0);
}

static const char *const writables[] = { "raw_tp.w", "raw_tracepoint.w" };

START_TEST(a_writable_tracepoint_fires_until_its_link_is_closed)
{
	char section[64];

	bpfl_test_own_network();
	CHECK_OK(live_start(&tested, LIVE_COUNT, "tc", "tc/ingress:lo"), tested.err);
	snprintf(section, sizeof(section), "%s/bpf_test_finish", writables[_i]);
	CHECK_OK(live_start(&live, LIVE_COUNT, section, NULL), live.err);
	live_prove(&live, run_tests, 10);
	bpfl_test_shows(writables[_i], "by link");
	live_stop(&tested);
}
END_TEST

/*
 * fmod_ret changes results, so it is for security hooks and for functions that are made to be failed;
 * returning 0 changes nothing.
 */
static const struct traced {
	const char *section, *kind, *feature;
	unsigned runs_per_call;
} traced[] = {
	{ "fentry/do_faccessat", "fentry", "trampolines", 1 },
	{ "fexit/do_faccessat", "fexit", "trampolines", 1 },
	{ "fentry/vmlinux:do_faccessat", "fentry", "trampolines", 1 },
	{ "fmod_ret/security_inode_permission", "fmod_ret", "trampolines", 1 },
	{ "fsession/do_faccessat", "fsession", "fsession", 2 },
	{ "fentry.s/" RARE_CALL, "fentry.s", "sleepable_tracing", 1 },
	{ "fexit.s/" RARE_CALL, "fexit.s", "sleepable_tracing", 1 },
	{ "fmod_ret.s/" RARE_CALL, "fmod_ret.s", "sleepable_tracing", 1 },
	{ "fsession.s/" RARE_CALL, "fsession.s", "fsession", 2 },
	{ "lsm/inode_permission", "lsm", "trampolines", 1 },
	{ "lsm.s/inode_getattr", "lsm.s", "sleepable_lsm", 1 },
	{ "tp.s/syscalls/sys_enter_" LIVE_RARE_CALL, "tracepoint.s", "sleepable_tracepoint", 1 },
	{ "raw_tp.s/sys_enter", "raw_tp.s", "sleepable_tracepoint", 4 },
	{ "tp_btf.s/sys_enter", "tp_btf.s", "sleepable_tracepoint", 4 },
};

/* The counter moves by so many for each call, and by nothing more afterwards. */
static void prove(unsigned runs_per_call)
{
	uint64_t before = live_counter(&live);

	stat_calls(20);
	ck_assert_uint_ge(live_counter(&live), before + 20u * runs_per_call);
	live_prove(&live, stat_calls, 20);
}

START_TEST(a_function_is_traced_until_the_link_is_closed)
{
	const struct traced *row = &traced[_i];

	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks(row->feature))
		return;
	int ret = live_start(&live, LIVE_COUNT, row->section, NULL);

	if (refused_by_policy(ret, strncmp(row->section, "lsm", 3) == 0 ? "lsm" : "tracing"))
		return;
	CHECK_OK(ret, live.err);
	prove(row->runs_per_call);
	bpfl_test_shows(row->kind, "by link");
}
END_TEST

/* ---- many functions ---- */

static const struct {
	const char *kind;
	unsigned runs_per_call;
} multi[] = {
	{ "fentry.multi", 2 }, { "fexit.multi", 2 }, { "fsession.multi", 4 }, { "fentry.multi.s", 2 }, { "fexit.multi.s", 2 },
	{ "fsession.multi.s", 4 },
};

START_TEST(one_link_is_on_many_functions)
{
	const char *kind = multi[_i].kind;
	char section[128], words[64];

	if (bpfl_test_lacks("kernel_btf"))
		return;
	snprintf(section, sizeof(section), "%s/" CALLS "sched_get_priority_m*", kind);
	if (bpfl_test_lacks("tracing_multi")) {
		snprintf(words, sizeof(words), "this kernel has no %s", kind);
		if (!bpfl_test_lacks("trampolines"))
			CHECK_FAILS(live_start(&live, LIVE_COUNT, section, NULL), live.err, BPFL_ERR_UNSUPPORTED,
				    EOPNOTSUPP, words);
		live_stop(&live);
		return;
	}
	CHECK_OK(live_start(&live, LIVE_COUNT, section, NULL), live.err);
	ck_assert_ptr_null(live.log.data); /* nothing was left out */
	prove(multi[_i].runs_per_call);
	bpfl_test_shows(kind, "by link");
}
END_TEST

START_TEST(what_the_kernel_refuses_of_many_is_left_out)
{
	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("tracing_multi"))
		return;
	/* Functions that never return have no end. */
	CHECK_OK(live_start(&live, LIVE_COUNT, "fexit.multi/" CALLS "e*", NULL), live.err);
	CHECK_HAS(live.log.data, "warning: fexit.multi " CALLS "e*: the kernel refused ");
	CHECK_HAS(live.log.data, "sys_exit_group");
	CHECK_HAS(bpfl_link_text(live.link), " of ");
	live_stop(&live);
	CHECK_OK(live_start(&live, LIVE_COOKIE, "fentry.multi/x", "fentry.multi/" RARE_CALL ",cookie=1000"), live.err);
	stat_calls(3);
	ck_assert_uint_ge(live_counter(&live), 3000);
	ck_assert_uint_eq(live_counter(&live) % 1000, 0);
	live_stop(&live);
	CHECK_FAILS(live_start(&live, LIVE_COUNT, "fentry.multi/vfs_reed", NULL), live.err, BPFL_ERR_TARGET, ENOENT,
		    "fits 'vfs_reed'");
	CHECK_HAS(live.err.fix, "'vfs_read'");
	live_stop(&live);
}
END_TEST

/* The kernel tells the number of a type. */
START_TEST(a_listing_names_the_traced_function)
{
	struct bpfl_listing *listing = NULL;
	struct bpfl_live_view view;
	bool found = false;

	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("trampolines") || bpfl_test_lacks("tracing_target"))
		return;
	int ret = live_start(&live, LIVE_COUNT, "fentry/do_faccessat", NULL);

	if (refused_by_policy(ret, "tracing"))
		return;
	CHECK_OK(ret, live.err);
	CHECK_OK(bpfl_listing_read(BPFL_LIVE_ALL, &listing, &live.err), live.err);
	for (size_t i = 0; bpfl_listing_view(listing, i, &view) == 0; i++)
		found = found || (view.kind == BPFL_LIVE_LINK && strcmp(view.detail, "trace_fentry do_faccessat") == 0);
	ck_assert(found);
	bpfl_listing_destroy(listing);
	live_stop(&live);
}
END_TEST

START_TEST(a_cookie_reaches_a_traced_function)
{
	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("trampolines") || bpfl_test_lacks("tracing_cookie"))
		return;
	int ret = live_start(&live, LIVE_COOKIE, "fentry/do_faccessat", "fentry/do_faccessat,cookie=1000");

	if (refused_by_policy(ret, "tracing"))
		return;
	CHECK_OK(ret, live.err);
	stat_calls(3);
	ck_assert_uint_ge(live_counter(&live), 3000);
	ck_assert_uint_eq(live_counter(&live) % 1000, 0);
	live_stop(&live);
}
END_TEST

START_TEST(a_function_that_is_not_there_brings_near_names)
{
	if (bpfl_test_lacks("kernel_btf"))
		return;
	CHECK_FAILS(live_start(&live, LIVE_COUNT, "fentry/vfs_reed", NULL), live.err, BPFL_ERR_TARGET, ENOENT,
		    "kernel function 'vfs_reed' is not in the kernel's BTF");
	ck_assert_int_eq(live.err.catalogue_id, 24);
	CHECK_HAS(live.err.fix, "'vfs_read'");
	live_stop(&live);
	CHECK_FAILS(live_start(&live, LIVE_COUNT, "tp_btf/sched_swich", NULL), live.err, BPFL_ERR_TARGET, ENOENT,
		    "tracepoint 'sched_swich'");
	CHECK_HAS(live.err.fix, "'sched_switch'");
	live_stop(&live);
	if (bpfl_test_lacks("trampolines"))
		return;
	CHECK_FAILS(live_start(&live, LIVE_COUNT, "lsm/file_opn", NULL), live.err, BPFL_ERR_TARGET, ENOENT,
		    "LSM hook 'file_opn'");
	live_stop(&live);
}
END_TEST

/* The program only counts and says yes. */
START_TEST(a_security_hook_is_seen_or_known_to_be_off)
{
	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("trampolines"))
		return;
	int ret = live_start(&live, LIVE_COUNT, "lsm/inode_permission", NULL);

	if (refused_by_policy(ret, "lsm"))
		return;
	if (ret == -EOPNOTSUPP) {
		CHECK_ERROR(live.err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "runs no BPF programs at security hooks");
		ck_assert_int_eq(live.err.catalogue_id, 25);
		CHECK_HAS(live.err.why, "'bpf' is missing");
		live_stop(&live);
		return;
	}
	CHECK_OK(ret, live.err);
	bpfl_test_shows("lsm", "by link");
	live_prove(&live, stat_calls, 20);
}
END_TEST

/* ---- freplace ---- */

START_TEST(a_program_that_is_not_there_cannot_be_changed)
{
	CHECK_FAILS(live_start(&live, LIVE_COUNT, "freplace/verdict", "freplace/verdict:id 4294967295"), live.err,
		    BPFL_ERR_TARGET, ENOENT, "no program has 'id 4294967295'");
	live_stop(&live);
	CHECK_FAILS(live_start(&live, LIVE_COUNT, "freplace/verdict", "freplace/verdict:/sys/fs/bpf/nothing"), live.err,
		    BPFL_ERR_TARGET, ENOENT, "'/sys/fs/bpf/nothing'");
	live_stop(&live);
	CHECK_FAILS(live_start(&live, LIVE_COUNT, "freplace/verdict", "freplace/verdict:7"), live.err, BPFL_ERR_USAGE,
		    EINVAL, "'7' names no loaded program");
	live_stop(&live);
}
END_TEST

START_TEST(a_program_without_types_cannot_be_changed)
{
	struct live target;
	struct bpfl_prog_info info = { 0 };
	uint32_t info_size = sizeof(info);
	char text[64];

	CHECK_OK(live_start(&target, LIVE_COUNT, "raw_tp/sys_enter", NULL), target.err);
	ck_assert_int_eq(bpfl_sys_obj_info(bpfl_object_prog_fd(target.object, "prog"), &info, &info_size), 0);
	snprintf(text, sizeof(text), "freplace/verdict:id %u", info.id);
	CHECK_FAILS(live_start(&live, LIVE_COUNT, "freplace/verdict", text), live.err, BPFL_ERR_TARGET, ENODATA,
		    "was loaded without types");
	live_stop(&live);
	live_stop(&target);
}
END_TEST

/* ---- programs that run when they are told to ---- */

static int keep(void *ctx, const char *text, size_t size)
{
	bpfl_buf_append(ctx, text, size);
	return 0;
}

START_TEST(a_syscall_program_runs_when_it_is_read)
{
	struct bpfl_buf out = BPFL_BUF_INIT;

	if (bpfl_test_lacks("syscall_prog"))
		return;
	CHECK_OK(live_start(&live, LIVE_COUNT, "syscall", NULL), live.err);
	ck_assert(bpfl_link_is_on_demand(live.link));
	ck_assert_uint_eq(live_counter(&live), 0);
	CHECK_OK(bpfl_link_read(live.link, BPFL_FORMAT_TEXT, keep, &out, &live.err), live.err);
	CHECK_OK(bpfl_link_read(live.link, BPFL_FORMAT_JSON, keep, &out, &live.err), live.err);
	ck_assert_uint_eq(live_counter(&live), 2);
	ck_assert_str_eq(out.data, "prog returned 0\n"
				   "{\"v\":1,\"type\":\"link\",\"link\":\"prog: run on demand\",\"text\":\"prog returned 0\"}\n");
	bpfl_buf_deinit(&out);
	bpfl_test_shows("syscall", "by test run");
	live_stop(&live);
}
END_TEST

START_TEST(what_runs_by_itself_cannot_be_read)
{
	CHECK_OK(live_start(&live, LIVE_COUNT, "raw_tp/sys_enter", NULL), live.err);
	ck_assert(!bpfl_link_is_on_demand(live.link));
	CHECK_FAILS(bpfl_link_read(live.link, BPFL_FORMAT_TEXT, keep, NULL, &live.err), live.err, BPFL_ERR_USAGE,
		    EOPNOTSUPP, "runs by itself");
	live_stop(&live);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_typed_tracepoint_fires_until_its_link_is_closed,
				 a_cookie_reaches_a_traced_function,
				 a_listing_names_the_traced_function,
				 what_the_kernel_refuses_of_many_is_left_out,
				 a_function_that_is_not_there_brings_near_names,
				 a_security_hook_is_seen_or_known_to_be_off,
				 a_program_that_is_not_there_cannot_be_changed,
				 a_program_without_types_cannot_be_changed,
				 a_syscall_program_runs_when_it_is_read,
				 what_runs_by_itself_cannot_be_read };
	Suite *suite = BPFL_TEST_SUITE("tracing", tests);

	bpfl_test_add_loop(suite, "writable", a_writable_tracepoint_fires_until_its_link_is_closed,
			   sizeof(writables) / sizeof(writables[0]));
	bpfl_test_add_loop(suite, "many", one_link_is_on_many_functions, sizeof(multi) / sizeof(multi[0]));
	bpfl_test_add_loop(suite, "functions", a_function_is_traced_until_the_link_is_closed,
			   sizeof(traced) / sizeof(traced[0]));
	return bpfl_test_main(suite);
}
