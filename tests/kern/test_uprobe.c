/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probes in user space on the running kernel, placed into this very program: its functions and its USDT probes.
 * Counters are exact: they move by the number of calls while a probe is there, and not at all before and after.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "attach/link.h"
#include "base/buf.h"
#include "elf/user.h"
#include "image/target.h"
#include "live.h"
#include "sys/enter.h"
#include "sys/file.h"
#include "sys/tracefs.h"
#include "feature.h"
#include "usdt_note.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct bpfl_target *target;
static struct bpfl_image *image;
static struct bpfl_object *object;
static struct bpfl_buf log_lines = BPFL_BUF_INIT;
static char self[4096]; /* the path of this program */

/* ---- what is probed ---- */

#define PROBED __attribute__((noinline, used))

PROBED int probed_first(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 1;
}

PROBED int probed_second(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 2;
}

#if defined(__x86_64__)
/* Begins with a breakpoint, on which no uprobe can be put. Never called. */
__asm__(".globl probed_bad\n.type probed_bad, @function\nprobed_bad: int3\nret\n.size probed_bad, 2\n");
#endif

__attribute__((section(".probes"), used, visibility("hidden"))) unsigned short test_semaphore;

PROBED void usdt_here(int x)
{
	__asm__ volatile(USDT_NOTE("bpfloadtest", "here", "test_semaphore", "-4@%0") : : "nor"(x));
}

PROBED void usdt_there(int x)
{
	__asm__ volatile(USDT_NOTE("bpfloadtest", "here", "test_semaphore", "-4@%0") : : "nor"(x + 1));
}

PROBED void usdt_alone(void)
{
	__asm__ volatile(USDT_NOTE("bpfloadtest", "alone", "0", ""));
}

/* Through pointers, so that no copy of a function is called in its place. */
static int (*volatile first)(int) = probed_first;
static int (*volatile second)(int) = probed_second;

static void call_first(int times)
{
	while (times--)
		first(times);
}

static void call_second(int times)
{
	while (times--)
		second(times);
}

/* ---- programs ---- */

/* A program that adds 1, or its cookie, to the counter. Loaded by attach(). */
static void program(const char *section, bool adds_cookie)
{
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	ck_assert_int_gt(len, 0);
	CHECK_OK(bpfl_spec_create("test", "GPL", &spec, &err), err);
	live_add_counter(spec);
	live_add_prog(spec, "prog", section, adds_cookie ? LIVE_COOKIE : LIVE_COUNT, 0);
	CHECK_OK(bpfl_target_running(NULL, &target, &err), err);
}

static void unload(void)
{
	bpfl_object_close(object);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
	bpfl_buf_deinit(&log_lines);
	object = NULL;
	image = NULL;
}

static uint64_t counter(void)
{
	return live_counter_of(object);
}

static void keep_line(void *ctx, enum bpfl_log_level level, const char *text)
{
	(void)level;
	bpfl_buf_printf(ctx, "%s\n", text);
}

/* fmt has one %s, which becomes the path of this program. */
static int attach(const char *fmt, struct bpfl_link **ret_link)
{
	struct bpfl_log log = { keep_line, &log_lines };
	struct bpfl_attach *parsed = NULL;
	char text[4200];
	int ret;

	snprintf(text, sizeof(text), fmt, self);
	bpfl_error_clear(&err);
	CHECK_OK(bpfl_attach_parse(text, &parsed, &err), err);
	CHECK_OK(bpfl_attach_prepare(parsed, spec, 0, &err), err);
	if (!object) {
		CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
		CHECK_OK(bpfl_object_load(image, target, NULL, &object, &err), err);
	}
	ret = bpfl_attach_check(parsed, spec, 0, &err);
	if (ret == 0)
		ret = bpfl_link_attach(object, 0, parsed, &log, ret_link, &err);
	bpfl_attach_destroy(parsed);
	return ret;
}

/* ---- one place ---- */

static const struct {
	const char *section, *attach;
} single[] = {
	{ "uprobe", "uprobe/%s:probed_first" },
	{ "uretprobe", "uretprobe/%s:probed_first" },
	{ "uprobe.s", "uprobe.s/%s:probed_first" },
	{ "uretprobe.s", "uretprobe.s/%s:probed_first" },
	{ "uprobe", "uprobe/%s:probed_first,offset=0" },
};

START_TEST(each_call_is_counted_until_the_link_is_closed)
{
	struct bpfl_link *link = NULL;
	bool by_link;

	if (strstr(single[_i].section, ".s") && bpfl_test_lacks("sleepable_uprobe"))
		return;
	program(single[_i].section, false);
	CHECK_OK(attach(single[_i].attach, &link), err);
	call_first(7);
	call_second(5);
	ck_assert_uint_eq(counter(), 7);
	by_link = !bpfl_test_lacks("perf_link");
	ck_assert_int_eq(bpfl_link_fd(link) >= 3, by_link);
	bpfl_link_close(link);
	call_first(3);
	ck_assert_uint_eq(counter(), 7);
	unload();
	bpfl_test_shows(single[_i].section, by_link ? "by link" : "by ioctl");
}
END_TEST

START_TEST(a_place_can_be_an_offset_in_the_file)
{
	struct bpfl_link *link = NULL;
	struct bpfl_user_elf *elf;
	struct bpfl_user_func func;
	char text[64];

	program("uprobe", false);
	CHECK_OK(bpfl_user_open(self, &elf, &err), err);
	CHECK_OK(bpfl_user_find(elf, "probed_second", &func, &err), err);
	bpfl_user_close(elf);
	snprintf(text, sizeof(text), "uprobe/%%s:0x%llx", (unsigned long long)func.file_off);
	CHECK_OK(attach(text, &link), err);
	call_second(4);
	ck_assert_uint_eq(counter(), 4);
	bpfl_link_close(link);
	unload();
}
END_TEST

START_TEST(a_cookie_reaches_the_program)
{
	struct bpfl_link *link = NULL;

	if (bpfl_test_lacks("attach_cookie"))
		return;
	program("uprobe", true);
	CHECK_OK(attach("uprobe/%s:probed_first,cookie=1000", &link), err);
	call_first(3);
	ck_assert_uint_eq(counter(), 3000);
	bpfl_link_close(link);
	unload();
}
END_TEST

START_TEST(the_ioctl_does_where_there_are_no_links)
{
	struct bpfl_link *link = NULL;

	program("uprobe", false);
	target->features[BPFL_FEATURE_PERF_LINK] = BPFL_NO; /* as if the kernel were older than 5.15 */
	CHECK_OK(attach("uprobe/%s:probed_first", &link), err);
	CHECK_HAS(bpfl_link_text(link), "by ioctl");
	call_first(7);
	ck_assert_uint_eq(counter(), 7);
	bpfl_link_close(link);
	call_first(1);
	ck_assert_uint_eq(counter(), 7);
	unload();
}
END_TEST

/* How many events of ours are in uprobe_events. */
static unsigned nr_events(void)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	unsigned nr = 0;
	int dir_fd;

	CHECK_OK(bpfl_tracefs_open(&dir_fd, &err), err);
	ck_assert_int_eq(bpfl_file_read_virtual(dir_fd, "uprobe_events", 1 << 20, &text), 0);
	bpfl_enter_close(dir_fd);
	for (const char *at = text.data; (at = strstr(at, ":bpfload/")) != NULL; at++)
		nr++;
	bpfl_buf_deinit(&text);
	return nr;
}

START_TEST(an_event_of_tracefs_does_where_there_is_no_pmu)
{
	struct bpfl_link *link = NULL;
	unsigned before;

	program("uretprobe", false);
	target->features[BPFL_FEATURE_PROBE_PMU] = BPFL_NO; /* as if the kernel were older than 4.17 */
	before = nr_events();
	CHECK_OK(attach("uretprobe/%s:probed_first", &link), err);
	CHECK_HAS(bpfl_link_text(link), "event of tracefs");
	ck_assert_uint_eq(nr_events(), before + 1);
	call_first(7);
	ck_assert_uint_eq(counter(), 7);
	bpfl_link_close(link);
	ck_assert_uint_eq(nr_events(), before);
	call_first(1);
	ck_assert_uint_eq(counter(), 7);
	unload();
}
END_TEST

/* A child that calls probed_first() times times whenever a byte comes, and answers with one. */
struct child {
	pid_t pid;
	int to_fd, from_fd;
};

static struct child child_start(void (*begin)(void))
{
	int to[2], from[2];
	struct child child;
	char c = 0;

	ck_assert_int_eq(pipe(to), 0);
	ck_assert_int_eq(pipe(from), 0);
	child.pid = fork();
	ck_assert_int_ge(child.pid, 0);
	if (child.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(to[1]);
		if (begin)
			begin();
		while (write(from[1], "", 1) == 1 && read(to[0], &c, 1) == 1)
			call_first(c);
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	child.to_fd = to[1];
	child.from_fd = from[0];
	ck_assert_int_eq(read(child.from_fd, &c, 1), 1);
	return child;
}

static void child_call(const struct child *child, char times)
{
	ck_assert_int_eq(write(child->to_fd, &times, 1), 1);
	ck_assert_int_eq(read(child->from_fd, &times, 1), 1);
}

static void child_end(struct child *child)
{
	close(child->to_fd);
	close(child->from_fd);
	waitpid(child->pid, NULL, 0);
}

static const char *const with_pid[] = { "uprobe", "uprobe.multi" };

START_TEST(a_probe_can_be_in_one_process_only)
{
	struct bpfl_link *link = NULL;
	struct child child = child_start(NULL);
	char text[64];

	program(with_pid[_i], false);
	snprintf(text, sizeof(text), "%s/exe:probed_first,pid=%d", with_pid[_i], child.pid);
	CHECK_OK(attach(text, &link), err);
	call_first(3);
	child_call(&child, 5);
	ck_assert_uint_eq(counter(), 5);
	bpfl_link_close(link);
	child_call(&child, 5);
	ck_assert_uint_eq(counter(), 5);
	child_end(&child);
	unload();
}
END_TEST

/* In a mount namespace of its own, this program's directory is found at /mnt as well, which nobody else sees. */
static void own_mounts(void)
{
	char dir[4096];

	strcpy(dir, self);
	*strrchr(dir, '/') = '\0';
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount(dir, "/mnt", NULL, MS_BIND, NULL) != 0)
		_exit(1);
}

START_TEST(a_file_of_another_mount_namespace_is_found_by_its_process)
{
	struct bpfl_link *link = NULL;
	struct child child;
	char text[128];

	program("uprobe", false);
	child = child_start(own_mounts);
	snprintf(text, sizeof(text), "uprobe//mnt%s:probed_first", strrchr(self, '/'));
	CHECK_FAILS(attach(text, &link), err, BPFL_ERR_TARGET, ENOENT, "/mnt");
	snprintf(text, sizeof(text), "uprobe//mnt%s:probed_first,pid=%d", strrchr(self, '/'), child.pid);
	CHECK_OK(attach(text, &link), err);
	child_call(&child, 5);
	ck_assert_uint_eq(counter(), 5);
	bpfl_link_close(link);
	child_end(&child);
	unload();
}
END_TEST

START_TEST(a_reference_counter_is_counted_up)
{
	struct bpfl_link *link = NULL;
	struct bpfl_user_elf *elf;
	uint64_t bias, off;
	char text[64];

	program("uprobe", false);
	CHECK_OK(bpfl_user_open(self, &elf, &err), err);
	ck_assert_int_eq(bpfl_user_bias(elf, 0, &bias), 0);
	ck_assert_int_eq(bpfl_user_file_off(elf, (uint64_t)(uintptr_t)&test_semaphore - bias, &off), 0);
	bpfl_user_close(elf);
	snprintf(text, sizeof(text), "uprobe/%%s:probed_first,ref_ctr=%llu", (unsigned long long)off);
	ck_assert_uint_eq(*(volatile unsigned short *)&test_semaphore, 0);
	CHECK_OK(attach(text, &link), err);
	ck_assert_uint_eq(*(volatile unsigned short *)&test_semaphore, 1);
	bpfl_link_close(link);
	ck_assert_uint_eq(*(volatile unsigned short *)&test_semaphore, 0);
	unload();
}
END_TEST

/* strlen() of the C library is an indirect function; which one it stands for is read from this process. */
START_TEST(an_indirect_function_is_probed_where_it_works)
{
	struct bpfl_link *link = NULL;
	size_t (*volatile length)(const char *) = strlen;
	char text[64];
	uint64_t before;

	program("uprobe", false);
	snprintf(text, sizeof(text), "uprobe/libc.so.6:strlen,pid=%d", getpid());
	CHECK_OK(attach(text, &link), err);
	before = counter();
	for (int i = 0; i < 100; i++)
		ck_assert_uint_eq(length(text), strlen(text));
	ck_assert_uint_ge(counter(), before + 100);
	bpfl_link_close(link);
	unload();
}
END_TEST

/* ---- many places ---- */

static const struct {
	const char *section, *attach;
	bool one_by_one;
} multi[] = {
	{ "uprobe.multi", "uprobe.multi/%s:probed_?????*,cookie=1", false },
	{ "uretprobe.multi", "uretprobe.multi/%s:probed_?????*", false },
	{ "uprobe.multi.s", "uprobe.multi.s/%s:probed_?????*", false },
	{ "uretprobe.multi.s", "uretprobe.multi.s/%s:probed_?????*", false },
	{ "uprobe.multi", "uprobe.multi/%s:probed_?????*", true },
	{ "uretprobe.multi", "uretprobe.multi/%s:probed_?????*", true },
};

START_TEST(all_functions_that_fit_are_counted)
{
	struct bpfl_link *link = NULL;

	if (strstr(multi[_i].section, ".s") && bpfl_test_lacks("sleepable_uprobe"))
		return;
	if (strstr(multi[_i].attach, "cookie") && bpfl_test_lacks("attach_cookie"))
		return;
	program(multi[_i].section, false);
	/* as if the kernel were older than 6.6, and than 5.15: a program for many takes no single link now */
	if (multi[_i].one_by_one) {
		target->features[BPFL_FEATURE_UPROBE_MULTI] = BPFL_NO;
		target->features[BPFL_FEATURE_PERF_LINK] = BPFL_NO;
	}
	CHECK_OK(attach(multi[_i].attach, &link), err);
	if (multi[_i].one_by_one)
		CHECK_HAS(bpfl_link_text(link), "one by one");
	call_first(7);
	call_second(5);
	ck_assert_uint_eq(counter(), 12);
	bpfl_link_close(link);
	call_first(1);
	ck_assert_uint_eq(counter(), 12);
	unload();
	if (!multi[_i].one_by_one)
		bpfl_test_shows(multi[_i].section, bpfl_test_lacks("uprobe_multi") ? "as single uprobes" : "by link");
}
END_TEST

static const char *const sessions[] = { "uprobe.session", "uprobe.session.s" };

START_TEST(a_session_runs_at_both_ends_of_a_call)
{
	struct bpfl_link *link = NULL;
	char text[64];

	if (bpfl_test_lacks("uprobe_session"))
		return;
	program(sessions[_i], false);
	snprintf(text, sizeof(text), "%s/%%s:probed_?????*", sessions[_i]);
	CHECK_OK(attach(text, &link), err);
	call_first(7);
	call_second(5);
	ck_assert_uint_eq(counter(), 24);
	bpfl_link_close(link);
	call_first(1);
	ck_assert_uint_eq(counter(), 24);
	unload();
	bpfl_test_shows(sessions[_i], "by link");
}
END_TEST

START_TEST(a_cookie_reaches_a_program_at_many_places)
{
	struct bpfl_link *link = NULL;

	if (bpfl_test_lacks("attach_cookie"))
		return;
	program("uprobe.multi", true);
	CHECK_OK(attach("uprobe.multi/%s:probed_first,cookie=100", &link), err);
	call_first(3);
	ck_assert_uint_eq(counter(), 300);
	bpfl_link_close(link);
	unload();
}
END_TEST

#if defined(__x86_64__)
START_TEST(a_place_that_cannot_be_probed_is_left_out)
{
	struct bpfl_link *link = NULL;

	program("uprobe.multi", false);
	CHECK_OK(attach("uprobe.multi/%s:probed_*", &link), err);
	CHECK_HAS(bpfl_link_text(link), "(2 of 3");
	CHECK_HAS(log_lines.data, ":probed_bad at 0x");
	call_first(7);
	call_second(5);
	ck_assert_uint_eq(counter(), 12);
	bpfl_link_close(link);
	unload();
}
END_TEST
#endif

/* ---- USDT ---- */

START_TEST(a_probe_at_one_place_fires)
{
	struct bpfl_link *link = NULL;

	if (bpfl_test_lacks("attach_cookie"))
		return;
	program("usdt", true);
	CHECK_OK(attach("usdt/%s:bpfloadtest:alone,cookie=10", &link), err);
	for (int i = 0; i < 4; i++)
		usdt_alone();
	ck_assert_uint_eq(counter(), 40);
	bpfl_link_close(link);
	usdt_alone();
	ck_assert_uint_eq(counter(), 40);
	unload();
}
END_TEST

static const struct {
	const char *attach;
	bool one_by_one;
	unsigned nr_sites;
} usdts[] = {
	{ "usdt/%s:bpfloadtest:here", false, 2 },
	{ "usdt.s/%s:bpfloadtest:here", false, 2 },
	{ "usdt/%s:bpfloadtest:here", true, 2 },
	{ "usdt/%s:bpfload*:h?re", false, 2 },
	{ "usdt/%s:bpfloadtest:*", false, 3 },
};

START_TEST(a_probe_fires_at_all_its_places_and_counts_listeners)
{
	struct bpfl_link *link = NULL;
	char nr_sites[32];

	if (strncmp(usdts[_i].attach, "usdt.s", 6) == 0 && bpfl_test_lacks("sleepable_uprobe"))
		return;
	program(strncmp(usdts[_i].attach, "usdt.s", 6) == 0 ? "usdt.s" : "usdt", false);
	if (usdts[_i].one_by_one) {
		target->features[BPFL_FEATURE_UPROBE_MULTI] = BPFL_NO;
		target->features[BPFL_FEATURE_PERF_LINK] = BPFL_NO;
	}
	CHECK_OK(attach(usdts[_i].attach, &link), err);
	snprintf(nr_sites, sizeof(nr_sites), "%u sites", usdts[_i].nr_sites);
	CHECK_HAS(bpfl_link_text(link), nr_sites);
	ck_assert_uint_eq(*(volatile unsigned short *)&test_semaphore, 2); /* one for each place */
	for (int i = 0; i < 6; i++) {
		usdt_here(i);
		if (i % 2)
			usdt_there(i);
	}
	ck_assert_uint_eq(counter(), 9);
	bpfl_link_close(link);
	ck_assert_uint_eq(*(volatile unsigned short *)&test_semaphore, 0);
	usdt_here(1);
	ck_assert_uint_eq(counter(), 9);
	unload();
	bpfl_test_shows(strncmp(usdts[_i].attach, "usdt.s", 6) == 0 ? "usdt.s" : "usdt",
			bpfl_test_lacks("uprobe_multi") ? "as uprobes" : "by link");
}
END_TEST

/* ---- a killed process ---- */

START_TEST(nothing_stays_when_the_process_is_killed)
{
	struct bpfl_link *link = NULL;
	int ready[2];
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		program("usdt", false);
		if (attach("usdt/%s:bpfloadtest:here", &link) == 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
	ck_assert_uint_eq(*(volatile unsigned short *)&test_semaphore, 2);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 100 && *(volatile unsigned short *)&test_semaphore != 0; i++)
		usleep(10000);
	ck_assert_uint_eq(*(volatile unsigned short *)&test_semaphore, 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_place_can_be_an_offset_in_the_file,
		a_cookie_reaches_the_program,
		the_ioctl_does_where_there_are_no_links,
		an_event_of_tracefs_does_where_there_is_no_pmu,
		a_file_of_another_mount_namespace_is_found_by_its_process,
		a_reference_counter_is_counted_up,
		an_indirect_function_is_probed_where_it_works,
		a_cookie_reaches_a_program_at_many_places,
#if defined(__x86_64__)
		a_place_that_cannot_be_probed_is_left_out,
#endif
		a_probe_at_one_place_fires,
		nothing_stays_when_the_process_is_killed,
	};
	Suite *suite = BPFL_TEST_SUITE("uprobe", tests);

	bpfl_test_add_loop(suite, "single", each_call_is_counted_until_the_link_is_closed, NR(single));
	bpfl_test_add_loop(suite, "pid", a_probe_can_be_in_one_process_only, NR(with_pid));
	bpfl_test_add_loop(suite, "sessions", a_session_runs_at_both_ends_of_a_call,
			   sizeof(sessions) / sizeof(sessions[0]));
	bpfl_test_add_loop(suite, "multi", all_functions_that_fit_are_counted, NR(multi));
	bpfl_test_add_loop(suite, "usdt", a_probe_fires_at_all_its_places_and_counts_listeners, NR(usdts));
	return bpfl_test_main(suite);
}
