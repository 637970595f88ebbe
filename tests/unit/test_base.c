/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The room base: what all the others stand on.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"

START_TEST(error_set_returns_minus_errno_and_prefixes_read_as_a_path)
{
	struct bpfl_error err = BPFL_ERROR_INIT;

	ck_assert_int_eq(bpfl_error_set(&err, BPFL_ERR_OBJECT, ERANGE, "symbol index %d out of range", 9), -ERANGE);
	bpfl_error_prefix(&err, "relocation %d", 3);
	bpfl_error_prefix(&err, "section '%s'", "xdp");
	ck_assert_str_eq(err.message, "section 'xdp': relocation 3: symbol index 9 out of range");
	ck_assert_int_eq(err.kind, BPFL_ERR_OBJECT);
	ck_assert_int_eq(err.errnum, ERANGE);
	bpfl_error_clear(&err);
	ck_assert_str_eq(err.message, "");
}
END_TEST

START_TEST(error_never_becomes_success)
{
	ck_assert_int_eq(bpfl_error_set(NULL, BPFL_ERR_OBJECT, 0, "x"), -EINVAL);
	ck_assert_int_eq(bpfl_error_set(NULL, BPFL_ERR_OBJECT, -5, "x"), -EINVAL);
}
END_TEST

START_TEST(error_text_longer_than_its_field_is_cut)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	char longer[3 * BPFL_ERROR_TEXT_SIZE];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	bpfl_error_set(&err, BPFL_ERR_OBJECT, EINVAL, "%s", longer);
	bpfl_error_prefix(&err, "%s", longer);
	bpfl_error_prefix(&err, "short");
	for (int i = 0; i < 5; i++)
		bpfl_error_why(&err, "%s", longer);
	ck_assert_uint_eq(strlen(err.message), BPFL_ERROR_TEXT_SIZE - 1);
	ck_assert_uint_eq(strlen(err.why), BPFL_ERROR_TEXT_SIZE - 1);
	ck_assert(strncmp(err.message, "short: xxx", 10) == 0);
}
END_TEST

START_TEST(error_message_may_quote_the_old_one)
{
	struct bpfl_error err = BPFL_ERROR_INIT;

	bpfl_error_set(&err, BPFL_ERR_OBJECT, EINVAL, "first");
	bpfl_error_set(&err, BPFL_ERR_OBJECT, EINVAL, "second after %s", err.message);
	ck_assert_str_eq(err.message, "second after first");
}
END_TEST

START_TEST(error_text_has_labelled_lines)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	char *text;

	bpfl_error_set(&err, BPFL_ERR_PERMISSION, EPERM, "program 'p': refused");
	bpfl_error_catalogue(&err, 1);
	bpfl_error_why(&err, "one");
	bpfl_error_why(&err, "two");
	bpfl_error_fix(&err, "three");
	ck_assert_int_eq(bpfl_error_text(&err, BPFL_FORMAT_TEXT, &text), 0);
	ck_assert_str_eq(text, "error: program 'p': refused [E1]\nwhy:   one\n       two\nfix:   three\n");
	free(text);
	ck_assert_int_eq(bpfl_error_text(&err, BPFL_FORMAT_JSON, &text), 0);
	ck_assert_str_eq(text, "{\"v\":1,\"type\":\"error\",\"kind\":\"permission\",\"errno\":1,\"id\":\"E1\","
			       "\"error\":\"program 'p': refused\",\"why\":[\"one\",\"two\"],\"fix\":[\"three\"]}\n");
	free(text);
}
END_TEST

START_TEST(errno_names_know_the_kernel_internal_ones)
{
	ck_assert_str_eq(bpfl_errno_name(524), "ENOTSUPP");
	ck_assert_str_eq(bpfl_errno_name(EPERM), "EPERM");
	ck_assert_str_eq(bpfl_errno_name(9999), "errno");
	ck_assert_str_eq(bpfl_errno_text(524), "not supported by this kernel (ENOTSUPP)");
}
END_TEST

START_TEST(cursor_reads_both_byte_orders_and_stops_at_the_end)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7 };
	struct bpfl_cursor plain = bpfl_cursor_make(bytes, sizeof(bytes), false);
	struct bpfl_cursor swapped = bpfl_cursor_make(bytes, sizeof(bytes), true);
	uint32_t a = 0, b = 0;
	uint64_t c = 77;

	ck_assert_int_eq(bpfl_cursor_u32(&plain, &a), 0);
	ck_assert_int_eq(bpfl_cursor_u32(&swapped, &b), 0);
	ck_assert_uint_eq(a, __builtin_bswap32(b));
	ck_assert_int_eq(bpfl_cursor_u64(&plain, &c), -ERANGE);
	ck_assert_uint_eq(c, 77);
	ck_assert_uint_eq(plain.pos, 4);
	ck_assert_int_eq(bpfl_cursor_u32(&plain, &a), -ERANGE);
	ck_assert_uint_eq(plain.pos, 4);
	ck_assert_int_eq(bpfl_cursor_skip(&plain, 3), 0);
	ck_assert_int_eq(bpfl_cursor_skip(&plain, 1), -ERANGE);
	ck_assert_int_eq(bpfl_cursor_seek(&plain, 7), 0);
	ck_assert_int_eq(bpfl_cursor_seek(&plain, 8), -ERANGE);
}
END_TEST

START_TEST(cursor_string_needs_its_nul)
{
	struct bpfl_cursor cursor = bpfl_cursor_make("ab\0cd", 5, false);
	const char *text = NULL;

	ck_assert_int_eq(bpfl_cursor_cstr(&cursor, &text), 0);
	ck_assert_str_eq(text, "ab");
	ck_assert_int_eq(bpfl_cursor_cstr(&cursor, &text), -ERANGE);
	ck_assert_uint_eq(cursor.pos, 3);
}
END_TEST

START_TEST(in_range_does_not_wrap)
{
	ck_assert(bpfl_in_range(0, 0, 0));
	ck_assert(bpfl_in_range(4, 4, 8));
	ck_assert(!bpfl_in_range(4, 5, 8));
	ck_assert(!bpfl_in_range(9, 0, 8));
	ck_assert(!bpfl_in_range(UINT64_MAX - 3, 8, 8));
	ck_assert(!bpfl_in_range(8, UINT64_MAX, 8));
}
END_TEST

START_TEST(hash_keeps_the_first_of_equal_keys_through_growth)
{
	struct bpfl_hash hash = BPFL_HASH_INIT;
	static char names[1000][12];
	uint32_t value;

	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(names[i], sizeof(names[i]), "key%u", i);
		ck_assert_int_eq(bpfl_hash_put(&hash, names[i], strlen(names[i]), i), 0);
	}
	ck_assert_int_eq(bpfl_hash_put(&hash, "key7", 4, 99), -EEXIST);
	for (uint32_t i = 0; i < 1000; i++) {
		ck_assert_int_eq(bpfl_hash_get(&hash, names[i], strlen(names[i]), &value), 0);
		ck_assert_uint_eq(value, i);
	}
	ck_assert_int_eq(bpfl_hash_get(&hash, "key", 3, &value), -ENOENT);
	bpfl_hash_deinit(&hash);
	ck_assert_int_eq(bpfl_hash_get(&hash, "key7", 4, &value), -ENOENT);
}
END_TEST

START_TEST(room_that_is_asked_for_is_made_once)
{
	BPFL_VEC(uint32_t) vec = { NULL, 0, 0 };
	struct bpfl_hash hash = BPFL_HASH_INIT;
	struct bpfl_buf buf = BPFL_BUF_INIT;
	static char names[300][8];
	uint32_t value;

	ck_assert(BPFL_VEC_RESERVE(&vec, 1000));
	const uint32_t *items = vec.items;
	for (uint32_t i = 0; i < 1000; i++)
		*BPFL_VEC_PUSH(&vec) = i;
	ck_assert_ptr_eq(vec.items, items);
	ck_assert_uint_eq(vec.cap, 1000);
	ck_assert(BPFL_VEC_RESERVE(&vec, 10)); /* never less */
	ck_assert_uint_eq(vec.items[999], 999);
	ck_assert(!BPFL_VEC_RESERVE(&vec, SIZE_MAX / 2));
	ck_assert_uint_eq(vec.nr, 1000);
	free(vec.items);

	ck_assert_int_eq(bpfl_hash_reserve(&hash, 0), 0);
	ck_assert_int_eq(bpfl_hash_reserve(&hash, 300), 0);
	size_t nr_slots = hash.nr_slots;
	for (uint32_t i = 0; i < 300; i++) {
		snprintf(names[i], sizeof(names[i]), "key%u", i);
		ck_assert_int_eq(bpfl_hash_put(&hash, names[i], strlen(names[i]), i), 0);
	}
	ck_assert_uint_eq(hash.nr_slots, nr_slots);
	ck_assert_int_eq(bpfl_hash_reserve(&hash, 2000), 0); /* what is in it stays */
	ck_assert_int_eq(bpfl_hash_get(&hash, "key299", 6, &value), 0);
	ck_assert_uint_eq(value, 299);
	ck_assert_int_eq(bpfl_hash_reserve(&hash, SIZE_MAX), -ENOMEM);
	bpfl_hash_deinit(&hash);

	ck_assert(bpfl_buf_reserve(&buf, 100));
	const char *data = buf.data;
	for (unsigned i = 0; i < 100; i++)
		bpfl_buf_char(&buf, 'x');
	ck_assert_ptr_eq(buf.data, data);
	ck_assert_uint_eq(buf.cap, 101); /* with its NUL */
	ck_assert(!bpfl_buf_reserve(&buf, SIZE_MAX));
	ck_assert(!bpfl_buf_ok(&buf));
	bpfl_buf_deinit(&buf);
}
END_TEST

static const struct {
	const char *text;
	int ret;
	uint64_t value;
} number_rows[] = {
	{ "0", 0, 0 }, { "10", 0, 10 }, { "0x1F", 0, 31 }, { "010", 0, 8 }, { "0b101", 0, 5 },
	{ "18446744073709551615", 0, UINT64_MAX }, { "18446744073709551616", -ERANGE, 0 },
	{ "", -EINVAL, 0 }, { "12x", -EINVAL, 0 }, { "0x", -EINVAL, 0 }, { " 1", -EINVAL, 0 }, { "-1", -EINVAL, 0 },
	{ "08", -EINVAL, 0 }, { "0b2", -EINVAL, 0 },
};

START_TEST(numbers_are_taken_whole_or_not)
{
	uint64_t value = 0;

	ck_assert_int_eq(bpfl_text_to_u64(number_rows[_i].text, &value), number_rows[_i].ret);
	ck_assert_uint_eq(value, number_rows[_i].value);
}
END_TEST

START_TEST(signed_numbers_have_both_ends)
{
	int64_t value;

	ck_assert_int_eq(bpfl_text_to_s64("-9223372036854775808", &value), 0);
	ck_assert_int_eq(value, INT64_MIN);
	ck_assert_int_eq(bpfl_text_to_s64("-9223372036854775809", &value), -ERANGE);
	ck_assert_int_eq(bpfl_text_to_s64("9223372036854775808", &value), -ERANGE);
	ck_assert_int_eq(bpfl_text_to_s64("+5", &value), 0);
	ck_assert_int_eq(value, 5);
	ck_assert_int_eq(bpfl_text_to_s64("--5", &value), -EINVAL);
}
END_TEST

static const struct {
	const char *text;
	int ret;
	uint64_t ns;
} duration_rows[] = {
	{ "1s", 0, 1000000000 }, { "250ms", 0, 250000000 }, { "2m", 0, 120000000000 }, { "1h", 0, 3600000000000 },
	{ "7", 0, 7000000000 }, { "010s", 0, 10000000000 }, { "3us", 0, 3000 }, { "5ns", 0, 5 }, { "0", 0, 0 },
	{ "s", -EINVAL, 0 }, { "", -EINVAL, 0 }, { "1x", -EINVAL, 0 }, { "1 s", -EINVAL, 0 }, { "-1s", -EINVAL, 0 },
	{ "99999999999999999999s", -ERANGE, 0 }, { "18446744073709551615h", -ERANGE, 0 },
	{ "000000000000000000000000000001s", -ERANGE, 0 },
};

START_TEST(durations_have_units)
{
	uint64_t ns = 0;

	ck_assert_int_eq(bpfl_text_to_ns(duration_rows[_i].text, &ns), duration_rows[_i].ret);
	ck_assert_uint_eq(ns, duration_rows[_i].ns);
}
END_TEST

static const struct {
	const char *pattern, *text;
	bool match;
} glob_rows[] = {
	{ "vfs_*", "vfs_read", true }, { "*open*", "do_sys_openat2", true }, { "a?c", "abc", true },
	{ "a?c", "ac", false }, { "*", "", true }, { "", "", true }, { "", "x", false }, { "*a*b", "xaxxab", true },
	{ "a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false }, { "vfs_read", "vfs_readv", false },
};

START_TEST(globs_know_star_and_question_mark)
{
	ck_assert(bpfl_text_glob(glob_rows[_i].pattern, glob_rows[_i].text) == glob_rows[_i].match);
}
END_TEST

START_TEST(escape_makes_text_harmless_and_fits)
{
	char out[16];

	ck_assert_str_eq(bpfl_text_escape(out, sizeof(out), "a\033[1m\n", SIZE_MAX), "a\\x1b[1m\\n");
	ck_assert_str_eq(bpfl_text_escape(out, sizeof(out), "0123456789abcdefgh", SIZE_MAX), "0123456789ab...");
	ck_assert_str_eq(bpfl_text_escape(out, sizeof(out), "abcdef", 3), "abc");
	ck_assert_str_eq(bpfl_text_escape(out, sizeof(out), NULL, SIZE_MAX), "");
	ck_assert_str_eq(BPFL_ESC("x\377"), "x\\xff");
}
END_TEST

START_TEST(letters_have_columns)
{
	static const struct { const char *text; size_t columns, fit4; } rows[] = {
		{ "", 0, 0 }, { "abcdefghijklmnop", 16, 4 }, { "\xc5\xbelu\xc5\xa5ou", 6, 6 }, { "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 6, 6 },
		{ "a\xe6\x97\xa5\xe6\x9c\xac", 5, 4 },		/* half of a wide letter does not fit */
		{ "e\xcc\x81tude", 5, 6 },			/* a mark on the letter before */
		{ "abcd\xcc\x81""e", 5, 6 },			/* also where the room ends */
		{ "\xf0\x9f\x98\x80!", 3, 5 }, { "\xff\xfe\xe6\x97", 4, 4 }, { "long ascii \xc3\xa9", 12, 4 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_uint_eq(bpfl_utf8_columns(rows[i].text, strlen(rows[i].text)), rows[i].columns);
		ck_assert_uint_eq(bpfl_text_fit(rows[i].text, strlen(rows[i].text), 4), rows[i].fit4);
	}
	ck_assert_uint_eq(bpfl_text_fit("abc", 3, 0), 0);
}
END_TEST

START_TEST(what_may_be_sent_to_a_terminal)
{
	static const struct { const char *text; size_t left, len, printable; } rows[] = {
		{ "a", 1, 1, 1 },	   { "\n", 1, 1, 0 },	       { "\x7f", 1, 1, 0 },	       { "\xc2\x9b", 2, 2, 0 },
		{ "\xc2\xa0", 2, 2, 2 }, { "\xc2", 1, 0, 0 },	       { "\x80", 1, 0, 0 },	       { "\xc1\x81", 2, 0, 0 },
		{ "\xe0\x80\x80", 3, 0, 0 }, { "\xed\xa0\x80", 3, 0, 0 }, { "\xf4\x90\x80\x80", 4, 0, 0 }, { "\xf0\x9f\x98\x80", 4, 4, 4 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_uint_eq(bpfl_text_utf8_len((const unsigned char *)rows[i].text, rows[i].left), rows[i].len);
		ck_assert_uint_eq(bpfl_utf8_printable((const unsigned char *)rows[i].text, rows[i].left),
				  rows[i].printable);
	}
}
END_TEST

START_TEST(near_names_are_sorted_and_few)
{
	struct bpfl_near near;
	char text[256];

	bpfl_near_init(&near, "sys_enter_exceve");
	bpfl_near_offer(&near, "sys_enter_dup");
	bpfl_near_offer(&near, "sys_enter_execve");
	bpfl_near_offer(&near, "sys_enter_execve");
	bpfl_near_offer(&near, "completely_different");
	bpfl_near_offer(&near, "sys_exit_execve");
	ck_assert(strncmp(bpfl_near_text(&near, text, sizeof(text)), "'sys_enter_execve'", 18) == 0);
	ck_assert(!strstr(text, "different"));
	bpfl_near_init(&near, "q");
	ck_assert_str_eq(bpfl_near_text(&near, text, sizeof(text)), "");
	ck_assert_uint_eq(bpfl_text_distance("kitten", "sitting", 10), 3);
	ck_assert_uint_eq(bpfl_text_distance("kitten", "sitting", 2), 2);
}
END_TEST

START_TEST(json_places_commas_and_escapes)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	struct bpfl_json json;

	bpfl_json_init(&json, &out);
	bpfl_json_object_begin(&json);
	bpfl_json_key(&json, "a\"b");
	bpfl_json_array_begin(&json);
	bpfl_json_s64(&json, -1);
	bpfl_json_object_begin(&json);
	bpfl_json_object_end(&json);
	bpfl_json_u64(&json, UINT64_MAX);
	bpfl_json_array_end(&json);
	bpfl_json_key(&json, "t");
	bpfl_json_string(&json, "\n\x01\xff\xc3\xa9\xc0\xaf");
	bpfl_json_key(&json, "n");
	bpfl_json_null(&json);
	bpfl_json_key(&json, "y");
	bpfl_json_bool(&json, true);
	bpfl_json_object_end(&json);
	ck_assert_str_eq(out.data, "{\"a\\\"b\":[-1,{},18446744073709551615],"
				   "\"t\":\"\\n\\u0001\\u00ff\xc3\xa9\\u00c0\\u00af\",\"n\":null,\"y\":true}");
	bpfl_buf_deinit(&out);
}
END_TEST

START_TEST(vec_grows_zeroed_and_buf_hands_over)
{
	BPFL_VEC(uint64_t) vec = { NULL, 0, 0 };
	struct bpfl_buf buf = BPFL_BUF_INIT;
	char *text;

	for (uint64_t i = 0; i < 100; i++) {
		uint64_t *item = BPFL_VEC_PUSH(&vec);

		ck_assert_uint_eq(*item, 0);
		*item = i;
	}
	ck_assert_uint_eq(vec.nr, 100);
	ck_assert_uint_eq(vec.items[99], 99);
	free(vec.items);
	text = bpfl_buf_take(&buf);
	ck_assert_str_eq(text, "");
	free(text);
	bpfl_buf_printf(&buf, "%0500d", 7);
	bpfl_buf_align(&buf, 8);
	ck_assert_uint_eq(buf.size, 504);
	bpfl_buf_deinit(&buf);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("base");
	TCase *tcase = tcase_create("base");

	tcase_add_test(tcase, error_set_returns_minus_errno_and_prefixes_read_as_a_path);
	tcase_add_test(tcase, error_never_becomes_success);
	tcase_add_test(tcase, error_text_longer_than_its_field_is_cut);
	tcase_add_test(tcase, error_message_may_quote_the_old_one);
	tcase_add_test(tcase, error_text_has_labelled_lines);
	tcase_add_test(tcase, errno_names_know_the_kernel_internal_ones);
	tcase_add_test(tcase, cursor_reads_both_byte_orders_and_stops_at_the_end);
	tcase_add_test(tcase, cursor_string_needs_its_nul);
	tcase_add_test(tcase, in_range_does_not_wrap);
	tcase_add_test(tcase, hash_keeps_the_first_of_equal_keys_through_growth);
	tcase_add_test(tcase, room_that_is_asked_for_is_made_once);
	tcase_add_loop_test(tcase, numbers_are_taken_whole_or_not, 0, ROWS(number_rows));
	tcase_add_test(tcase, signed_numbers_have_both_ends);
	tcase_add_loop_test(tcase, durations_have_units, 0, ROWS(duration_rows));
	tcase_add_loop_test(tcase, globs_know_star_and_question_mark, 0, ROWS(glob_rows));
	tcase_add_test(tcase, escape_makes_text_harmless_and_fits);
	tcase_add_test(tcase, letters_have_columns);
	tcase_add_test(tcase, what_may_be_sent_to_a_terminal);
	tcase_add_test(tcase, near_names_are_sorted_and_few);
	tcase_add_test(tcase, json_places_commas_and_escapes);
	tcase_add_test(tcase, vec_grows_zeroed_and_buf_hands_over);
	suite_add_tcase(suite, tcase);
	return bpfl_test_main(suite);
}
