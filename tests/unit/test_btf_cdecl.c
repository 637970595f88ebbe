/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * C types in words. Layouts are checked against what the compiler of this test makes of the same words, and
 * against numbers where the machine could differ.
 */
#include "harness.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "btf/cdecl.h"
#include "btf/value.h"
#include "btfc.h"

static struct bpfl_error err = BPFL_ERROR_INIT;

/* The object's types. */
static const char object[] = "enum kind { EXEC = 1, EXIT = 2 };"
			     "struct point { u32 x; u32 y; };"
			     "typedef u64 stamp;"
			     "union either { u32 a; u64 b; };";

static struct bpfl_btf *known;

static struct bpfl_btf *read_type(const char *text, uint32_t *ret_id)
{
	struct bpfl_btf *btf = NULL;

	known = btfc_read(object, false);
	CHECK_OK(bpfl_cdecl_read(known, text, &btf, ret_id, &err), err);
	return btf;
}

static void done(struct bpfl_btf *btf)
{
	bpfl_btf_destroy(btf);
	bpfl_btf_destroy(known);
	bpfl_error_clear(&err);
}

static const struct {
	const char *text;
	uint32_t size;
} sizes[] = {
	{ "u8", 1 }, { "__u16", 2 }, { "uint32_t", 4 }, { "s64", 8 }, { "char", 1 }, { "unsigned char", 1 },
	{ "short", 2 }, { "unsigned short int", 2 }, { "int", 4 }, { "unsigned", 4 }, { "long", 8 }, { "long long", 8 },
	{ "unsigned long long int", 8 }, { "int unsigned long", 8 }, { "bool", 1 }, { "_Bool", 1 }, { "float", 4 }, { "double", 8 },
	{ "void *", 8 }, { "const char *", 8 }, { "char * const *", 8 }, { "u32[4]", 16 }, { "u16 [2][3] ;", 12 },
	{ "struct point", 8 }, { "union either", 8 }, { "enum kind", 4 }, { "stamp", 8 }, { "struct point *", 8 },
	{ "struct point[3]", 24 }, { "pid_t", 4 }, { "size_t", 8 }, { "__be16", 2 }, { "be16", 2 }, { "le32", 4 }, { "be64", 8 }, { "const volatile u32", 4 }, { "u32 const", 4 },
	{ "struct { /* a { comment */ u32 a; // and another\n char b[4]; }", 8 }, { "char[TASK_COMM_LEN]", 16 }, { "u8[ETH_ALEN]", 6 }, { "u8[EXIT]", 2 },
	{ "struct {u8 a; u32 b;}", 8 }, { "struct {u8 a; u32 b;} __attribute__((packed))", 5 }, { "struct __packed {u8 a; u64 b;}", 9 },
	{ "struct {u8 a; u32 b;} __packed", 5 }, { "struct {u8 a; struct {u8 b; u32 c;} d;} __packed", 9 },
	{ "struct {u64 a; u8 b;}", 16 }, { "struct {u32 n; char rest[];}", 4 }, { "struct {}", 0 }, { "struct {u8 a:3, b:5; u8 c;}", 2 },
	{ "struct {u32 a:20; u32 b:20;}", 8 }, { "struct {u32 a:3; u32 :0; u32 b:3;}", 8 }, { "struct {u32 a:3; u8 b;}", 4 },
	{ "union {u8 a[5]; u32 b;}", 8 }, { "enum {A, B = 5, C}", 4 }, { "struct x {int a, *b, c[2];}", 24 },
	{ "struct { u32 pid; char comm[16]; }", 20 }, { "struct {struct point p; union {u8 a; u16 b;};}", 12 },
};

START_TEST(types_have_the_sizes_of_c)
{
	uint32_t id, size;
	struct bpfl_btf *btf = read_type(sizes[_i].text, &id);

	ck_assert_int_eq(bpfl_btf_size(btf, id, &size), 0);
	ck_assert_msg(size == sizes[_i].size, "%s: %u bytes, not %u", sizes[_i].text, size, sizes[_i].size);
	done(btf);
}
END_TEST

START_TEST(ids_of_the_object_stay)
{
	uint32_t id, old;
	struct bpfl_btf *btf = read_type("struct {struct point p; enum kind k;}", &id);

	old = btfc_id(known, "struct point");
	ck_assert_str_eq(bpfl_btf_name(btf, old), "point");
	ck_assert_uint_ge(id, bpfl_btf_nr_types(known));
	done(btf);
}
END_TEST

/* What a compiler makes of it. */
struct sample {
	uint8_t a;
	uint16_t b;
	uint32_t c : 5, d : 11;
	int64_t e;
	struct {
		char f[3];
		uint32_t g;
	} h;
	union {
		uint8_t i;
		uint32_t j;
	};
	int16_t k : 4;
	uint8_t l;
};

START_TEST(values_are_where_c_puts_them)
{
	static const char text[] = "struct {u8 a; u16 b; u32 c:5, d:11; s64 e; struct {char f[3]; u32 g;} h;"
				   "union {u8 i; u32 j;}; s16 k:4; u8 l;}";
	struct sample sample = { 1, 2, 3, 1000, -5, { "xy", 77 }, { .j = 9 }, -2, 255 };
	struct bpfl_buf out = BPFL_BUF_INIT;
	uint32_t id, size;
	struct bpfl_btf *btf = read_type(text, &id);

	ck_assert_int_eq(bpfl_btf_size(btf, id, &size), 0);
	ck_assert_uint_eq(size, sizeof(sample));
	ck_assert_int_eq(bpfl_btf_value_text(btf, id, &sample, sizeof(sample), &out), 0);
	ck_assert_str_eq(out.data, "{a=1,b=2,c=3,d=1000,e=-5,h={f=\"xy\",g=77},i=9,j=9,k=-2,l=255}");
	bpfl_buf_deinit(&out);
	done(btf);
}
END_TEST

START_TEST(enumerators_have_their_values)
{
	int32_t value = 6;
	struct bpfl_buf out = BPFL_BUF_INIT;
	uint32_t id;
	struct bpfl_btf *btf = read_type("enum {A = -1, B = 5, C}", &id);

	ck_assert_int_eq(bpfl_btf_value_text(btf, id, &value, 4, &out), 0);
	value = -1;
	ck_assert_int_eq(bpfl_btf_value_text(btf, id, &value, 4, &out), 0);
	ck_assert_str_eq(out.data, "CA");
	bpfl_buf_deinit(&out);
	done(btf);
}
END_TEST

START_TEST(an_object_without_types_is_enough)
{
	struct bpfl_btf *btf = NULL;
	uint32_t id, size;

	CHECK_OK(bpfl_cdecl_read(NULL, "struct {u32 pid; char comm[16];}", &btf, &id, &err), err);
	ck_assert_int_eq(bpfl_btf_size(btf, id, &size), 0);
	ck_assert_uint_eq(size, 20);
	bpfl_btf_destroy(btf);
	CHECK_FAILS(bpfl_cdecl_read(NULL, "struct point", &btf, &id, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "no struct 'point'");
	bpfl_error_clear(&err);
}
END_TEST

static const struct {
	const char *text;
	int errnum;
	const char *message, *fix;
} refused[] = {
	{ "", EINVAL, "a type expected", "" },
	{ "struct", EINVAL, "a name or '{' expected", "" },
	{ "struct {", EINVAL, "a type expected", "" },
	{ "struct {u32 a", EINVAL, "at character 14: ';' expected", "" },
	{ "struct {u32 a;", EINVAL, "a type expected", "" },
	{ "struct {u32 a;} b", EINVAL, "nothing expected behind the type", "" },
	{ "struct pont", ENOENT, "at character 8: no struct 'pont' in the object", "'point'" },
	{ "struct {stmp a;}", ENOENT, "no type 'stmp' in the object", "'stamp'" },
	{ "enum kin", ENOENT, "no enum 'kin'", "'kind'" },
	{ "void", EINVAL, "void has no value", "" },
	{ "struct {void a;}", EINVAL, "a member of type void", "" },
	{ "struct {u32 a:40;}", ERANGE, "wider than its type", "" },
	{ "struct {u32 a:-1;}", ERANGE, "wider than its type", "" },
	{ "u32[-1]", ERANGE, "a length of -1", "" },
	{ "u32[x]", EINVAL, "'x' is not a number", "" },
	{ "u32[4", EINVAL, "']' expected", "" },
	{ "u64[2147483647][2147483647]", E2BIG, "too large", "" },
	{ "u8[1][1][1][1][1][1][1][1][1]", EINVAL, "too many dimensions", "" },
	{ "long char", EINVAL, "these words are no type", "" },
	{ "unsigned signed int", EINVAL, "these words are no type", "" },
	{ "long long long", EINVAL, "these words are no type", "" },
	{ "struct {u32 a;} __attribute__((aligned(8)))", EINVAL, "packed", "" },
	{ "enum {A = 5000000000}", ERANGE, "too large a value", "" },
	{ "enum {A B}", EINVAL, "'}' expected", "" },
	{ "struct {u64 a[3000000];u64 b;u8 c;}", E2BIG, "too many or too large members", "" },
	{ "\x1b[31m", EINVAL, "type '\\x1b[31m'", "" },
};

START_TEST(what_is_no_type_is_refused_with_its_place)
{
	struct bpfl_btf *btf = NULL;
	uint32_t id;

	known = btfc_read(object, false);
	CHECK_FAILS(bpfl_cdecl_read(known, refused[_i].text, &btf, &id, &err), err, BPFL_ERR_USAGE, refused[_i].errnum,
		    refused[_i].message);
	CHECK_HAS(err.fix, refused[_i].fix);
	ck_assert_ptr_null(btf);
	ck_assert_int_lt(bpfl_cdecl_read(known, refused[_i].text, &btf, &id, NULL), 0);
	done(NULL);
}
END_TEST

/* Deep nesting ends; every beginning and every changed byte of a good type is answered without a crash. */
START_TEST(no_text_breaks_the_parser)
{
	static const char good[] = "struct a {const u32 *b[3], c:4; union {struct point p; enum {X=1,Y} q;}; char "
				   "d[];} __packed;";
	static const char bytes[] = "{}[]*:;,=()0x9 s\"\n";
	char text[sizeof(good)], deep[600] = "";
	struct bpfl_btf *btf = NULL;
	uint32_t id;

	known = btfc_read(object, false);
	for (int i = 0; i < 60; i++)
		strcat(deep, "struct {");
	CHECK_FAILS(bpfl_cdecl_read(known, deep, &btf, &id, &err), err, BPFL_ERR_USAGE, E2BIG, "nested too deeply");
	for (size_t i = 0; i < sizeof(good); i++) {
		memcpy(text, good, sizeof(good));
		text[i] = '\0';
		if (bpfl_cdecl_read(known, text, &btf, &id, &err) == 0)
			bpfl_btf_destroy(btf);
		for (size_t j = 0; j + 1 < sizeof(bytes) && i + 1 < sizeof(good); j++) {
			memcpy(text, good, sizeof(good));
			text[i] = bytes[j];
			if (bpfl_cdecl_read(known, text, &btf, &id, &err) == 0)
				bpfl_btf_destroy(btf);
		}
	}
	done(NULL);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		ids_of_the_object_stay, values_are_where_c_puts_them, enumerators_have_their_values,
		an_object_without_types_is_enough, no_text_breaks_the_parser,
	};
	Suite *suite = BPFL_TEST_SUITE("btf cdecl", tests);

	bpfl_test_add_loop(suite, "sizes", types_have_the_sizes_of_c, NR(sizes));
	bpfl_test_add_loop(suite, "refused", what_is_no_type_is_refused_with_its_place, NR(refused));
	return bpfl_test_main(suite);
}
