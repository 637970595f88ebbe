/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers that have names, columns by declaration tags, and tables of records.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bpfload/table.h"
#include "btfc.h"
#include "btfgen.h"
#include "event/gadget_types.h"
#include "event/words.h"
#include "specgen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;

START_TEST(numbers_have_names)
{
	ck_assert_str_eq(bpfl_errno_word(ENOENT), "ENOENT");
	ck_assert_str_eq(bpfl_errno_word(EHWPOISON), "EHWPOISON");
	ck_assert_str_eq(bpfl_errno_word(512), "ERESTARTSYS");
	ck_assert_ptr_null(bpfl_errno_word(0));
	ck_assert_ptr_null(bpfl_errno_word(4095));
	ck_assert_ptr_null(bpfl_errno_word(UINT64_MAX));
	ck_assert_str_eq(bpfl_signal_name(SIGKILL), "SIGKILL");
	ck_assert_ptr_null(bpfl_signal_name(64));
	ck_assert_str_eq(bpfl_protocol_name(17), "UDP");
	ck_assert_ptr_null(bpfl_protocol_name(1u << 20));
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__) || defined(__arm__) || defined(__s390x__) || \
	defined(__powerpc64__) || defined(__mips__)
	ck_assert_str_eq(bpfl_syscall_name(SYS_openat), "openat");
	ck_assert_str_eq(bpfl_syscall_name(SYS_write), "write");
#ifdef SYS_newfstatat
	ck_assert_str_eq(bpfl_syscall_name(SYS_newfstatat), "newfstatat");
#else
	ck_assert_str_eq(bpfl_syscall_name(SYS_fstatat64), "fstatat64");
#endif
	ck_assert_str_eq(bpfl_syscall_name(SYS_bpf), "bpf");
	ck_assert_str_eq(bpfl_syscall_name(SYS_clone3), "clone3");
#endif
	ck_assert_ptr_null(bpfl_syscall_name(SYS_clone3 + 1000));
	ck_assert_ptr_null(bpfl_syscall_name(100000));
}
END_TEST

static const struct {
	bool is_mode;
	uint64_t value;
	const char *text;
} file_words[] = {
	{ true, S_IFREG | 0644, "-rw-r--r--" }, { true, S_IFDIR | 01777, "drwxrwxrwt" }, { true, S_IFREG | 04755, "-rwsr-xr-x" },
	{ true, S_IFLNK | 0777, "lrwxrwxrwx" }, { true, S_IFREG | 02644, "-rw-r-Sr--" }, { true, 0600, "-rw-------" },
	{ true, S_IFSOCK | 01000, "s--------T" }, { true, UINT64_MAX, "-rwsrwsrwt" },
	{ false, 0, "O_RDONLY" }, { false, O_WRONLY | O_CREAT | O_TRUNC, "O_WRONLY|O_CREAT|O_TRUNC" },
	{ false, O_RDWR | O_CLOEXEC, "O_RDWR|O_CLOEXEC" }, { false, O_TMPFILE | O_RDWR, "O_RDWR|O_TMPFILE" },
	{ false, O_SYNC, "O_RDONLY|O_SYNC" }, { false, O_DSYNC, "O_RDONLY|O_DSYNC" }, { false, O_DIRECTORY, "O_RDONLY|O_DIRECTORY" },
	{ false, 1ull << 40, "O_RDONLY|0x10000000000" },
};

START_TEST(modes_and_flags_of_files)
{
	struct bpfl_buf out = BPFL_BUF_INIT;

	(file_words[_i].is_mode ? bpfl_put_file_mode : bpfl_put_open_flags)(&out, file_words[_i].value);
	bpfl_buf_char(&out, '\0');
	ck_assert_str_eq(out.data, file_words[_i].text);
	bpfl_buf_deinit(&out);
}
END_TEST

START_TEST(users_come_from_a_file)
{
	static const char text[] = "root:x:0:0:root:/root:/bin/sh\n# a "
				   "comment\n+::::::\nbad\nnobody:x:65534:1::\nbig:x:4294967296:0::\n"
				   "toor:x:0:0::\nneg:x:-1:0::\nempty:x::0\nlast:x:4294967295:7";
	char path[] = "/tmp/bpfl-users-XXXXXX";
	struct bpfl_accounts accounts = { 0 }, none = { 0 };
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
	close(fd);
	ck_assert_str_eq(bpfl_account_name(&accounts, path, 0), "root");
	unlink(path); /* it is read once */
	ck_assert_str_eq(bpfl_account_name(&accounts, path, 65534), "nobody");
	ck_assert_str_eq(bpfl_account_name(&accounts, path, UINT32_MAX), "last");
	ck_assert_ptr_null(bpfl_account_name(&accounts, path, 1));
	ck_assert_uint_eq(accounts.items.nr, 4);
	ck_assert_ptr_null(bpfl_account_name(&none, path, 0));
	bpfl_accounts_deinit(&accounts);
	bpfl_accounts_deinit(&none);
}
END_TEST

START_TEST(every_name_of_a_type_is_found)
{
	const struct bpfl_gadget_type *row;

	for (size_t i = 0; (row = bpfl_gadget_type_row(i)); i++) {
		struct btfgen gen;
		struct bpfl_btf *btf;
		uint32_t u64, id, const_id;

		btfgen_init(&gen, false);
		u64 = btfgen_int(&gen, "u64", 8, 0);
		id = btfgen_type(&gen, BPFL_KIND_TYPEDEF, row->name, u64);
		const_id = btfgen_type(&gen, BPFL_KIND_CONST, "", id);
		btfgen_array(&gen, const_id, u64, 4);
		btfgen_struct(&gen, row->name, 8);
		btfgen_member(&gen, "x", u64, 0);
		btf = btfgen_read(&gen);
		ck_assert_ptr_eq(bpfl_gadget_type_find(btf, id), row);
		ck_assert_ptr_eq(bpfl_gadget_type_find(btf, const_id), row);
		ck_assert_ptr_eq(bpfl_gadget_type_find(btf, const_id + 1), row);
		ck_assert_ptr_eq(bpfl_gadget_type_find(btf, const_id + 2), row);
		ck_assert_ptr_null(bpfl_gadget_type_find(btf, u64));
		ck_assert_ptr_null(bpfl_gadget_type_find(btf, 0));
		ck_assert_ptr_null(bpfl_gadget_type_find(btf, 1000));
		bpfl_btf_destroy(btf);
		btfgen_deinit(&gen);
	}
	ck_assert_uint_gt(bpfl_gadget_type_row(0) != NULL, 0);
}
END_TEST

/* ---- tags ---- */

/* struct event { char path[16]; u32 number; } with these tags on the members. */
static void layout_make(struct bpfl_layout *layout, struct bpfl_btf **ret_btf, const char *path_tag,
			const char *number_tag)
{
	struct btfgen gen;
	uint32_t u32, text, event;

	btfgen_init(&gen, false);
	u32 = btfgen_int(&gen, "u32", 4, 0);
	text = btfgen_array(&gen, btfgen_int(&gen, "char", 1, BPFL_INT_SIGNED), u32, 16);
	event = btfgen_struct(&gen, "event", 20);
	btfgen_member(&gen, "path", text, 0);
	btfgen_member(&gen, "number", u32, 128);
	btfgen_decl_tag(&gen, path_tag, event, 0);
	btfgen_decl_tag(&gen, number_tag, event, 1);
	*ret_btf = btfgen_read(&gen);
	ck_assert_int_eq(bpfl_layout_init(layout, *ret_btf, event), 0);
	btfgen_deinit(&gen);
}

START_TEST(tags_say_how_columns_look)
{
	struct bpfl_layout layout;
	struct bpfl_btf *btf;

	layout_make(&layout, &btf, "bpfload:width=9,ellipsis=start", "bpfload:hex,alignment=right,minwidth=30");
	ck_assert_uint_eq(layout.fields.items[0].width, 9);
	ck_assert_uint_eq(layout.fields.items[0].style.max_width, 9);
	ck_assert_uint_eq(layout.fields.items[0].style.ellipsis, BPFL_ELLIPSIS_START);
	ck_assert_int_eq(layout.fields.items[1].form, BPFL_FORM_HEX);
	ck_assert(layout.fields.items[1].style.is_right);
	ck_assert_uint_eq(layout.fields.items[1].width, 30);
	bpfl_layout_deinit(&layout);
	bpfl_btf_destroy(btf);
	layout_make(&layout, &btf, "columns.maxwidth=5", "columns.hidden=true,columns.alignment=left");
	ck_assert_uint_eq(layout.fields.items[0].style.max_width, 5);
	ck_assert_uint_eq(layout.fields.items[0].width, 5);
	ck_assert(layout.fields.items[1].is_hidden);
	bpfl_layout_deinit(&layout);
	bpfl_btf_destroy(btf);
	/* Words of others, words that are none, numbers that do not fit. */
	layout_make(&layout, &btf, "bpfload:width=1000,fmt=nothing,what=ever,,=,width", "others:hidden");
	ck_assert_uint_eq(layout.fields.items[0].width, 16);
	ck_assert(!layout.fields.items[1].is_hidden);
	bpfl_layout_deinit(&layout);
	bpfl_btf_destroy(btf);
}
END_TEST

/* ---- tables ---- */

struct entry {
	uint32_t pid, error;
	char name[8];
};

static const struct entry entries[] = { { 7, 2, "b" }, { 3, 0, "a" }, { 7, 13, "c" } };

static char *table_text(const struct bpfl_view_opts *opts)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct bpfl_rows *rows;
	char *text;

	spec->btf = btfc_read("typedef u32 gadget_errno; struct entry { u32 pid; gadget_errno error_raw; char name[8]; "
			      "};",
			      false);
	CHECK_OK(bpfl_rows_create(spec, "entry", "t", opts, &rows, &err), err);
	/* In pieces that are no records. */
	for (size_t at = 0; at < sizeof(entries); at += 5) {
		size_t left = sizeof(entries) - at;

		ck_assert_int_eq(bpfl_rows_write(rows, (const char *)entries + at, left < 5 ? left : 5), 0);
	}
	CHECK_OK(bpfl_rows_text(rows, &text, &err), err);
	bpfl_rows_destroy(rows);
	bpfl_spec_destroy(spec);
	return text;
}

static const struct {
	struct bpfl_view_opts opts;
	const char *text;
} tables[] = {
	{ { 0 }, "PID  ERROR   NAME\n  7  ENOENT  b\n  3  0       a\n  7  EACCES  c\n" },
	{ { .sort = "name" }, "PID  ERROR   NAME\n  3  0       a\n  7  ENOENT  b\n  7  EACCES  c\n" },
	{ { .sort = "-pid,name", .max_rows = 2 }, "PID  ERROR   NAME\n  7  ENOENT  b\n  7  EACCES  c\n1 more\n" },
	{ { .sort = "-pid,-error_raw" }, "PID  ERROR   NAME\n  7  EACCES  c\n  7  ENOENT  b\n  3  0       a\n" },
	{ { .filter = "error!=0,name~^[bx]", .columns = (const char *const[]){ "name:WHO", "error_raw" }, .nr_columns = 2 },
	  "WHO  ERROR_RAW\nb            2\n" },
	{ { .columns = (const char *const[]){ "-pid", "+error_raw" }, .nr_columns = 2, .max_rows = 1 },
	  "ERROR_RAW  ERROR   NAME\n        2  ENOENT  b\n2 more\n" },
	{ { .format = BPFL_FORMAT_JSON, .filter = "pid==3" },
	  "{\"v\":1,\"type\":\"row\",\"table\":\"t\",\"rank\":1,\"row\":{\"pid\":3,\"error_raw\":0,\"error\":\"0\",\"name\":\"a\"}}\n" },
	{ { .format = BPFL_FORMAT_JSON, .filter = "pid==3", .columns = (const char *const[]){ "error" }, .nr_columns = 1 },
	  "{\"v\":1,\"type\":\"row\",\"table\":\"t\",\"rank\":1,\"row\":{\"error\":\"0\"}}\n" },
};

START_TEST(records_become_a_table)
{
	char *text = table_text(&tables[_i].opts);

	ck_assert_str_eq(text, tables[_i].text);
	free(text);
}
END_TEST

static const struct {
	struct bpfl_view_opts opts;
	const char *words;
} bad_tables[] = {
	{ { .sort = "pdi" }, "table 't' has no field 'pdi' to sort by" }, { { .sort = "pid,,name" }, "an empty name in the list" },
	{ { .sort = "-" }, "an empty name" }, { { .filter = "pdi==1" }, "has no field 'pdi' for --filter" },
	{ { .filter = "pid~[" }, "is no regular expression" },
	{ { .columns = (const char *const[]){ "pid", "-name" }, .nr_columns = 2 }, "some words name columns, some change them" },
	{ { .columns = (const char *const[]){ "-nam" }, .nr_columns = 1 }, "has no field 'nam' to show" },
	{ { .forms = (const char *const[]){ "pid=ipv6" }, .nr_forms = 1 }, "the member has 4 bytes" },
	{ { .sort = "pid,pid,pid,pid,pid,pid,pid,pid,pid" }, "more than 8 fields" },
};

START_TEST(tables_refuse_wrong_words)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct bpfl_rows *rows;

	spec->btf = btfc_read("struct entry { u32 pid; u32 error; char name[8]; };", false);
	ck_assert_int_lt(bpfl_rows_create(spec, "entry", "t", &bad_tables[_i].opts, &rows, &err), 0);
	CHECK_HAS(err.message, bad_tables[_i].words);
	bpfl_error_clear(&err);
	CHECK_FAILS(bpfl_rows_create(spec, "none", "t", NULL, &rows, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "no struct 'none'");
	bpfl_error_clear(&err);
	bpfl_spec_destroy(spec);
}
END_TEST

START_TEST(half_a_record_is_an_error)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct bpfl_rows *rows;
	char *text = NULL;

	spec->btf = btfc_read("struct entry { u32 pid; u32 error; char name[8]; };", false);
	CHECK_OK(bpfl_rows_create(spec, "entry", "t", NULL, &rows, &err), err);
	ck_assert_int_eq(bpfl_rows_write(rows, (const char *)entries, 20), 0);
	CHECK_FAILS(bpfl_rows_text(rows, &text, &err), err, BPFL_ERR_OBJECT, EINVAL,
		    "4 bytes are left over after records of 16 bytes");
	bpfl_error_clear(&err);
	CHECK_OK(bpfl_rows_text(rows, &text, &err), err); /* it begins anew */
	ck_assert_str_eq(text, "PID  ERROR  NAME\n");
	free(text);
	bpfl_rows_destroy(rows);
	bpfl_spec_destroy(spec);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { numbers_have_names, users_come_from_a_file, every_name_of_a_type_is_found,
					      tags_say_how_columns_look, half_a_record_is_an_error };
	Suite *suite = BPFL_TEST_SUITE("event words", tests);

	bpfl_test_add_loop(suite, "files", modes_and_flags_of_files, (int)NR(file_words));
	bpfl_test_add_loop(suite, "tables", records_become_a_table, (int)NR(tables));
	bpfl_test_add_loop(suite, "bad tables", tables_refuse_wrong_words, (int)NR(bad_tables));
	return bpfl_test_main(suite);
}
