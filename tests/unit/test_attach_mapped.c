/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files that processes have mapped, from texts of /proc/PID/maps, and the USDT probes of all of them.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "attach/mapped.h"
#include "attach/usdt_files.h"
#include "fake_sys.h"
#include "usergen.h"

#if defined(__x86_64__)
#define MACHINE BPFL_EM_X86_64
#elif defined(__aarch64__)
#define MACHINE BPFL_EM_AARCH64
#elif defined(__s390x__)
#define MACHINE BPFL_EM_S390
#else
#define MACHINE BPFL_EM_RISCV
#endif

static char dir[] = "/tmp/bpfload-test-XXXXXX";
static char maps_path[32];

static void write_binary(const char *name, unsigned machine, const char *probe, unsigned nr)
{
	struct usergen *user = usergen_new(true, ELFGEN_NATIVE, machine);
	char path[64];

	for (unsigned i = 0; i < nr; i++)
		usergen_note(user, "demo", probe, USERGEN_TEXT + 0x10 * i, 0, 0, "");
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	usergen_finish(user, path);
}

/*
 * Of this process, so that /proc/PID/root leads to the files: "one" twice, "two" of another machine, "three",
 * "four" with probes of other names, things that are no files, and lines that are cut.
 */
static void start(void)
{
	char text[2048];

	strcpy(dir, "/tmp/bpfload-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	write_binary("one", MACHINE, "tick", 2);
	write_binary("two", 2 /* SPARC */, "tick", 1);
	write_binary("three", MACHINE, "tick", 1);
	write_binary("four", MACHINE, "other", 1);
	write_binary("data", MACHINE, "tick", 1);
	snprintf(text, sizeof(text),
		 "55d0-55d1 r--p 00000000 fe:01 11                         %s/one\n"
		 "55d1-55d2 r-xp 00001000 fe:01 11                         %s/one\n"
		 "55d3-55d4 r-xp 00001000 fe:01 11                         %s/one\n"
		 "55d4-55d5 r-xp 00001000 fe:02 11                         %s/two\n"
		 "55d5-55d6 rwxs 00000000 fe:01 12                         %s/three\n"
		 "55d6-55d7 r-xp 00000000 fe:01 13 %s/four\n"
		 "55d7-55d8 rw-p 00000000 fe:01 14 %s/data\n"
		 "55d8-55d9 r-xp 00000000 fe:01 15 %s/gone\n"
		 "55d9-55da r-xp 00000000 fe:01 16 %s/one (deleted)\n"
		 "55da-55db r-xp 00000000 fe:01 17 /etc/passwd\n"
		 "55db-55dc rwxp 00000000 00:00 0 \n"
		 "7ffd-7ffe r-xp 00000000 00:00 0                          [vdso]\n"
		 "7fff r-xp\n"
		 "\n"
		 "80",
		 dir, dir, dir, dir, dir, dir, dir, dir, dir);
	snprintf(maps_path, sizeof(maps_path), "/proc/%d/maps", getpid());
	fake_sys_file(maps_path, text);
}

static void finish(void)
{
	static const char *const names[] = { "one", "two", "three", "four", "data" };
	char path[64];

	for (size_t i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

struct seen {
	unsigned nr, stop_at;
	char names[256];
};

static int see(void *ctx, struct bpfl_user_elf *elf)
{
	struct seen *seen = ctx;

	strcat(strcat(seen->names, strrchr(elf->path, '/') + 1), " ");
	ck_assert_int_eq(strncmp(elf->path, dir, strlen(dir)), 0); /* the plain path: it is the same file here */
	bpfl_user_close(elf);
	return ++seen->nr == seen->stop_at ? -ENOMEM : 0;
}

START_TEST(code_of_a_process_is_seen_once_each)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct seen seen = { 0 };

	start();
	CHECK_OK(bpfl_mapped_each(getpid(), see, &seen, &err), err);
	ck_assert_str_eq(seen.names, "one two three four ");
	seen = (struct seen){ .stop_at = 2 };
	CHECK_FAILS(bpfl_mapped_each(getpid(), see, &seen, &err), err, BPFL_ERR_SYSTEM, ENOMEM, "memory");
	ck_assert_uint_eq(seen.nr, 2);
	finish();
}
END_TEST

START_TEST(a_process_that_cannot_be_looked_at_is_named)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct seen seen = { 0 };

	fake_sys_file_error("/proc/77/maps", ENOENT);
	CHECK_FAILS(bpfl_mapped_each(77, see, &seen, &err), err, BPFL_ERR_TARGET, ESRCH, "what process 77 has mapped");
	fake_sys_file_error("/proc/78/maps", EACCES);
	CHECK_FAILS(bpfl_mapped_each(78, see, &seen, &err), err, BPFL_ERR_PERMISSION, EACCES,
		    "what process 78 has mapped");
	CHECK_HAS(err.why, "EACCES");
}
END_TEST

/* In all processes: this one's file is among them. */
static int see_own(void *ctx, struct bpfl_user_elf *elf)
{
	unsigned *nr_one = ctx;

	*nr_one += strncmp(elf->path, dir, strlen(dir)) == 0 && strstr(elf->path, "/one") ? 1 : 0;
	bpfl_user_close(elf);
	return 0;
}

START_TEST(all_processes_are_looked_at)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	unsigned nr_one = 0;

	start();
	CHECK_OK(bpfl_mapped_each(0, see_own, &nr_one, &err), err);
	ck_assert_uint_eq(nr_one, 1);
	finish();
}
END_TEST

/* ---- probes ---- */

static int find(const char *spec, struct bpfl_usdt_files *files, struct bpfl_error *err)
{
	struct bpfl_attach *attach = NULL;
	char text[128];
	int ret;

	snprintf(text, sizeof(text), "%s,pid=%d", spec, getpid());
	ret = bpfl_attach_parse(text, &attach, err);
	ck_assert_int_eq(ret, 0);
	ret = bpfl_usdt_files_find(attach, files, err);
	bpfl_attach_destroy(attach);
	return ret;
}

START_TEST(probes_of_all_files_are_found)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_usdt_files files = { 0 };

	start();
	CHECK_OK(find("usdt/*:demo:tick", &files, &err), err);
	ck_assert(files.is_everywhere);
	ck_assert_uint_eq(files.nr, 2);
	ck_assert_uint_eq(files.nr_sites, 3);
	ck_assert_ptr_nonnull(strstr(files.items[0].target.elf->path, "/one"));
	ck_assert_uint_eq(files.items[0].sites.nr, 2);
	ck_assert_int_eq(files.items[1].target.pid, getpid());
	bpfl_usdt_files_deinit(&files);
	CHECK_OK(find("usdt/*:d*:*", &files, &err), err);
	ck_assert_uint_eq(files.nr, 3);
	bpfl_usdt_files_deinit(&files);
	finish();
}
END_TEST

START_TEST(a_probe_that_is_nowhere_brings_near_names)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_usdt_files files = { 0 };

	start();
	CHECK_FAILS(find("usdt/*:demo:tikc", &files, &err), err, BPFL_ERR_TARGET, ENOENT, "no file has a USDT probe 'demo:tikc'");
	CHECK_HAS(err.why, "has mapped 4 files, with 4 probes of other names");
	CHECK_HAS(err.fix, "'demo:tick'");
	ck_assert_int_eq(err.catalogue_id, 23);
	CHECK_FAILS(find("usdt/*:zzzzzzzz:zzzzzz", &files, &err), err, BPFL_ERR_TARGET, ENOENT, "no file has");
	CHECK_HAS(err.fix, "write its path instead of '*'");
	finish();
}
END_TEST

/* Each system call fails once: fewer files, or an error with text; nothing stays open. */
START_TEST(any_call_may_fail)
{
	bool failed = true;

	for (unsigned nth = 1; failed && nth < 500; nth++) {
		struct bpfl_error err = BPFL_ERROR_INIT;
		struct bpfl_usdt_files files = { 0 };
		int ret;

		start();
		fake_sys_fail_nth(nth, EIO);
		ret = find("usdt/*:demo:tick", &files, &err);
		failed = fake_sys_failed();
		if (ret == 0)
			bpfl_usdt_files_deinit(&files);
		else
			ck_assert_str_ne(err.message, "");
		ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
		finish();
		fake_sys_reset();
	}
	ck_assert(!failed);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		code_of_a_process_is_seen_once_each,
		a_process_that_cannot_be_looked_at_is_named,
		all_processes_are_looked_at,
		probes_of_all_files_are_found,
		a_probe_that_is_nowhere_brings_near_names,
		any_call_may_fail,
	};

	return bpfl_test_main(BPFL_TEST_SUITE("attach mapped", tests));
}
