/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/file: whole files, and a text of its own for each path that is none (E28).
 */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "fake_sys.h"
#include "harness.h"

static char dir[64], path[128];

static void make_dir(void)
{
	strcpy(dir, "/tmp/test_sys_file.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x", dir);
}

static void remove_dir(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void write_file(const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

/* Reading must fail; the message is the path and text. */
static void check_refused(const char *what, uint64_t size_max, enum bpfl_error_kind kind, int errnum, const char *text)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_buf buf = BPFL_BUF_INIT;
	char message[BPFL_ERROR_TEXT_SIZE];

	ck_assert_int_eq(bpfl_file_read(what, size_max, &buf, &err), -errnum);
	snprintf(message, sizeof(message), "%s: %s", what, text);
	ck_assert_str_eq(err.message, message);
	ck_assert_int_eq(err.kind, kind);
	ck_assert_int_eq(err.errnum, errnum);
	ck_assert_ptr_null(buf.data);
}

START_TEST(a_file_is_read_whole)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_buf buf = BPFL_BUF_INIT;
	size_t size = 100001; /* several pieces and a rest */
	char *bytes = malloc(size);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 7);
	make_dir();
	write_file(bytes, size);
	CHECK_OK(bpfl_file_read(path, size, &buf, &err), err);
	ck_assert_uint_eq(buf.size, size);
	ck_assert_mem_eq(buf.data, bytes, size);
	bpfl_buf_deinit(&buf);
	free(bytes);
	remove_dir();
}
END_TEST

START_TEST(an_empty_file_is_read_as_nothing)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_buf buf = BPFL_BUF_INIT;

	make_dir();
	write_file("", 0);
	CHECK_OK(bpfl_file_read(path, 10, &buf, &err), err);
	ck_assert_uint_eq(buf.size, 0);
	bpfl_buf_deinit(&buf);
	remove_dir();
}
END_TEST

START_TEST(a_missing_file_is_named)
{
	check_refused("/nowhere/x.o", 10, BPFL_ERR_SYSTEM, ENOENT, "no such file");
	check_refused("/dev/null/x.o", 10, BPFL_ERR_SYSTEM, ENOTDIR, "a part of the path is not a directory");
}
END_TEST

START_TEST(a_directory_is_named)
{
	check_refused("/tmp", 10, BPFL_ERR_OBJECT, EISDIR, "is a directory, not a file");
}
END_TEST

START_TEST(a_fifo_is_named_at_once)
{
	make_dir();
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	check_refused(path, 10, BPFL_ERR_OBJECT, EINVAL, "is a FIFO, not a file");
	remove_dir();
}
END_TEST

START_TEST(a_device_is_named)
{
	check_refused("/dev/zero", 10, BPFL_ERR_OBJECT, EINVAL, "is a character device, not a file");
}
END_TEST

START_TEST(a_socket_is_named)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	make_dir();
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/x", dir);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	check_refused(path, 10, BPFL_ERR_OBJECT, ENXIO, "is a socket or a device without a driver, not a file");
	close(fd);
	remove_dir();
}
END_TEST

START_TEST(a_file_that_may_not_be_read_is_named)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_buf buf = BPFL_BUF_INIT;

	fake_sys_file_error("/secret/x.o", EACCES); /* root may read everything */
	check_refused("/secret/x.o", 10, BPFL_ERR_PERMISSION, EACCES, "no permission to read the file");
	bpfl_file_read("/secret/x.o", 10, &buf, &err);
	ck_assert_int_eq(err.catalogue_id, 28);
	CHECK_HAS(err.fix, "readable");
}
END_TEST

START_TEST(a_file_that_is_too_large_is_not_read)
{
	make_dir();
	write_file("x", 1);
	ck_assert_int_eq(truncate(path, (off_t)4 << 30), 0); /* sparse */
	check_refused(path, BPFL_FILE_SIZE_MAX, BPFL_ERR_OBJECT, EFBIG,
		      "too large: 4294967296 bytes, at most 268435456 are read");
	ck_assert_uint_eq(fake_sys_count("read"), 0);
	remove_dir();
}
END_TEST

/* Files of /proc say that they have no bytes. */
START_TEST(a_file_that_goes_on_behind_its_size_is_bounded)
{
	check_refused("/proc/self/maps", 10, BPFL_ERR_OBJECT, EFBIG, "too large: it goes on behind 10 bytes");
}
END_TEST

START_TEST(a_read_that_fails_is_reported)
{
	make_dir();
	write_file("x", 1);
	fake_sys_fail_call("read", 1, EIO);
	check_refused(path, 10, BPFL_ERR_SYSTEM, EIO, "cannot read: input/output error (EIO)");
	fake_sys_fail_call("fstat", 1, EIO);
	check_refused(path, 10, BPFL_ERR_SYSTEM, EIO, "cannot stat: input/output error (EIO)");
	fake_sys_fail_call("openat", 1, EMFILE);
	check_refused(path, 10, BPFL_ERR_SYSTEM, EMFILE, "cannot open: too many open files in this process (EMFILE)");
	remove_dir();
}
END_TEST

START_TEST(the_path_is_escaped)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_buf buf = BPFL_BUF_INIT;

	ck_assert_int_eq(bpfl_file_read("/tmp/\033[2J/x", 10, &buf, &err), -ENOENT);
	ck_assert_str_eq(err.message, "/tmp/\\x1b[2J/x: no such file");
}
END_TEST

START_TEST(a_virtual_file_is_read_up_to_its_end)
{
	struct bpfl_buf buf = BPFL_BUF_INIT;

	fake_sys_file("/proc/thing", "first\nsecond\n");
	ck_assert_int_eq(bpfl_file_read_virtual(AT_FDCWD, "/proc/thing", 13, &buf), 0);
	ck_assert_str_eq(buf.data, "first\nsecond\n");
	ck_assert_uint_eq(buf.size, 13);
	bpfl_buf_deinit(&buf);
	ck_assert_int_eq(bpfl_file_read_virtual(AT_FDCWD, "/proc/thing", 12, &buf), -EFBIG);
	ck_assert_int_eq(bpfl_file_read_virtual(AT_FDCWD, "/proc/no/thing", 12, &buf), -ENOENT);
	fake_sys_file("/proc/nothing", "");
	ck_assert_int_eq(bpfl_file_read_virtual(AT_FDCWD, "/proc/nothing", 12, &buf), 0);
	ck_assert_str_eq(buf.data, "");
	bpfl_buf_deinit(&buf);
}
END_TEST

START_TEST(a_virtual_file_is_found_below_a_directory)
{
	struct bpfl_buf buf = BPFL_BUF_INIT;
	int fd;

	fake_sys_file("/t/events/a/id", "77\n");
	fd = bpfl_enter_openat(AT_FDCWD, "/t/events", O_RDONLY | O_DIRECTORY, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bpfl_file_read_virtual(fd, "a/id", 100, &buf), 0);
	ck_assert_str_eq(buf.data, "77\n");
	bpfl_buf_deinit(&buf);
	bpfl_enter_close(fd);
}
END_TEST

START_TEST(a_number_is_read)
{
	uint64_t value = 1;

	fake_sys_file("/n/plain", "1234\n");
	fake_sys_file("/n/more", "8 0\n");
	fake_sys_file("/n/word", "none\n");
	fake_sys_file("/n/mixed", "12abc\n");
	fake_sys_file("/n/empty", "");
	fake_sys_file("/n/huge", "18446744073709551616\n");
	ck_assert_int_eq(bpfl_file_read_u64(AT_FDCWD, "/n/plain", &value), 0);
	ck_assert_uint_eq(value, 1234);
	ck_assert_int_eq(bpfl_file_read_u64(AT_FDCWD, "/n/more", &value), 0);
	ck_assert_uint_eq(value, 8);
	ck_assert_int_eq(bpfl_file_read_u64(AT_FDCWD, "/n/word", &value), -EINVAL);
	ck_assert_int_eq(bpfl_file_read_u64(AT_FDCWD, "/n/mixed", &value), -EINVAL);
	ck_assert_int_eq(bpfl_file_read_u64(AT_FDCWD, "/n/empty", &value), -EINVAL);
	ck_assert_int_eq(bpfl_file_read_u64(AT_FDCWD, "/n/huge", &value), -ERANGE);
	ck_assert_int_eq(bpfl_file_read_u64(AT_FDCWD, "/n/none", &value), -ENOENT);
	ck_assert_uint_eq(value, 8);
}
END_TEST

START_TEST(text_is_written_in_one_piece_and_nothing_is_cleared)
{
	fake_sys_file("/t/tracing_on", "0\n");
	ck_assert_int_eq(bpfl_file_write_text(AT_FDCWD, "/t/tracing_on", "1"), 0);
	ck_assert_str_eq(fake_sys_written("/t/tracing_on"), "1");
	ck_assert_uint_eq(fake_sys_count("write"), 1);
	ck_assert_uint_eq(fake_sys_nth("openat", 0)->arg[0] & (O_TRUNC | O_CREAT), 0);
	fake_sys_fail_call("write", 1, EINVAL);
	ck_assert_int_eq(bpfl_file_write_text(AT_FDCWD, "/t/tracing_on", "x"), -EINVAL);
	ck_assert_int_eq(bpfl_file_write_text(AT_FDCWD, "/t/none", "x"), -EROFS);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_file_is_read_whole,
		an_empty_file_is_read_as_nothing,
		a_missing_file_is_named,
		a_directory_is_named,
		a_fifo_is_named_at_once,
		a_device_is_named,
		a_socket_is_named,
		a_file_that_may_not_be_read_is_named,
		a_file_that_is_too_large_is_not_read,
		a_file_that_goes_on_behind_its_size_is_bounded,
		a_read_that_fails_is_reported,
		the_path_is_escaped,
		a_virtual_file_is_read_up_to_its_end,
		a_virtual_file_is_found_below_a_directory,
		a_number_is_read,
		text_is_written_in_one_piece_and_nothing_is_cleared,
	};

	return bpfl_test_main(BPFL_TEST_SUITE("file", tests));
}
