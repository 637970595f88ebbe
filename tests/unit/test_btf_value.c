/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values as text, JSON and back: every kind, bit-fields in both bit orders, limits, and what the parser refuses
 * and why.
 */
#include "harness.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include "btf/bits.h"
#include "btf/cdecl.h"
#include "btf/value.h"
#include "btfgen.h"

/*
 * One struct with everything in it, and the same in C (this machine's compiler lays out bit-fields as BTF
 * says it does).
 */
enum mode { SLOW = 0, FAST = 7 };

struct inner {
	int16_t x, y;
};

struct everything {
	uint8_t u8;
	int8_t s8;
	uint16_t u16;
	int32_t s32;
	uint64_t u64;
	int64_t s64;
	_Bool flag;
	char letter;
	char comm[6];
	enum mode mode;
	uint32_t low : 3, mid : 7;
	int32_t neg : 5;
	uint32_t : 17;
	struct inner inner;
	union {
		uint32_t word;
		struct inner halves;
	};
	uint32_t list[3];
	float single;
	double twice;
	uint64_t pointer;
	uint64_t wide[2]; /* unsigned __int128 */
	int64_t big_mode; /* enum64 */
	uint64_t delay_ns;
	struct inner pairs[2];
};

static struct {
	uint32_t u8, s8, u16, s16, s32, u32, u64, s64, boolean, character, mode, big_mode, inner, everything, flexible,
		var, section, sized;
} ids;

static uint32_t make_anonymous_union(struct btfgen *gen)
{
	uint32_t id = btfgen_union(gen, NULL, 4);

	btfgen_member(gen, "word", ids.u32, 0);
	btfgen_member(gen, "halves", ids.inner, 0);
	return id;
}

#define BITS_OF(member) ((uint32_t)(8 * offsetof(struct everything, member)))

static void make_everything(struct btfgen *gen, uint32_t comm, uint32_t anonymous, uint32_t list, uint32_t pairs,
			    uint32_t single, uint32_t twice, uint32_t pointer, uint32_t wide)
{
	uint32_t bits = BITS_OF(mode) + 32;

	ids.everything = btfgen_struct(gen, "everything", sizeof(struct everything));
	btfgen_member(gen, "u8", ids.u8, BITS_OF(u8));
	btfgen_member(gen, "s8", ids.s8, BITS_OF(s8));
	btfgen_member(gen, "u16", ids.u16, BITS_OF(u16));
	btfgen_member(gen, "s32", ids.s32, BITS_OF(s32));
	btfgen_member(gen, "u64", ids.u64, BITS_OF(u64));
	btfgen_member(gen, "s64", ids.s64, BITS_OF(s64));
	btfgen_member(gen, "flag", ids.boolean, BITS_OF(flag));
	btfgen_member(gen, "letter", ids.character, BITS_OF(letter));
	btfgen_member(gen, "comm", comm, BITS_OF(comm));
	btfgen_member(gen, "mode", ids.mode, BITS_OF(mode));
	btfgen_bit_field(gen, "low", ids.u32, bits, 3);
	btfgen_bit_field(gen, "mid", ids.u32, bits + 3, 7);
	btfgen_bit_field(gen, "neg", ids.s32, bits + 10, 5);
	btfgen_bit_field(gen, NULL, ids.u32, bits + 15, 17);
	btfgen_member(gen, "inner", ids.inner, BITS_OF(inner));
	btfgen_member(gen, NULL, anonymous, BITS_OF(word));
	btfgen_member(gen, "list", list, BITS_OF(list));
	btfgen_member(gen, "single", single, BITS_OF(single));
	btfgen_member(gen, "twice", twice, BITS_OF(twice));
	btfgen_member(gen, "pointer", pointer, BITS_OF(pointer));
	btfgen_member(gen, "wide", wide, BITS_OF(wide));
	btfgen_member(gen, "big_mode", ids.big_mode, BITS_OF(big_mode));
	btfgen_member(gen, "delay_ns", ids.u64, BITS_OF(delay_ns));
	btfgen_member(gen, "pairs", pairs, BITS_OF(pairs));
}

static struct bpfl_btf *make_btf(void)
{
	struct btfgen gen;
	struct bpfl_btf *btf;
	uint32_t comm, list, pairs, anonymous, single, twice, pointer, wide, tail;

	btfgen_init(&gen, false);
	ids.u8 = btfgen_int(&gen, "unsigned char", 1, 0);
	ids.s8 = btfgen_int(&gen, "signed char", 1, BPFL_INT_SIGNED);
	ids.u16 = btfgen_int(&gen, "unsigned short", 2, 0);
	ids.s16 = btfgen_int(&gen, "short", 2, BPFL_INT_SIGNED);
	ids.s32 = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	ids.u32 = btfgen_int(&gen, "unsigned int", 4, 0);
	ids.u64 = btfgen_int(&gen, "unsigned long long", 8, 0);
	ids.s64 = btfgen_int(&gen, "long long", 8, BPFL_INT_SIGNED);
	ids.boolean = btfgen_int(&gen, "_Bool", 1, BPFL_INT_BOOL);
	ids.character = btfgen_int(&gen, "char", 1, BPFL_INT_SIGNED);
	wide = btfgen_int(&gen, "unsigned __int128", 16, 0);
	ids.mode = btfgen_enum(&gen, "mode", 4);
	btfgen_enumerator(&gen, "SLOW", SLOW);
	btfgen_enumerator(&gen, "FAST", FAST);
	ids.big_mode = btfgen_enum64(&gen, "big_mode", true);
	btfgen_enumerator(&gen, "LOWEST", INT64_MIN);
	btfgen_enumerator(&gen, "ZERO", 0);
	ids.inner = btfgen_struct(&gen, "inner", sizeof(struct inner));
	btfgen_member(&gen, "x", ids.s16, 0);
	btfgen_member(&gen, "y", ids.s16, 16);
	comm = btfgen_array(&gen, ids.character, ids.u32, 6);
	list = btfgen_array(&gen, ids.u32, ids.u32, 3);
	pairs = btfgen_array(&gen, ids.inner, ids.u32, 2);
	anonymous = make_anonymous_union(&gen);
	single = btfgen_type(&gen, BPFL_KIND_FLOAT, "float", 4);
	twice = btfgen_type(&gen, BPFL_KIND_FLOAT, "double", 8);
	pointer = btfgen_ptr(&gen, 0);
	make_everything(&gen, comm, anonymous, list, pairs, single, twice, pointer, wide);
	tail = btfgen_array(&gen, ids.u16, ids.u32, 0);
	ids.flexible = btfgen_struct(&gen, "flexible", 4);
	btfgen_member(&gen, "nr", ids.u32, 0);
	btfgen_member(&gen, "tail", tail, 32);
	ids.var = btfgen_var(&gen, "counter", btfgen_type(&gen, BPFL_KIND_VOLATILE, NULL, ids.u32),
			     BPFL_LINKAGE_GLOBAL);
	ids.section = btfgen_datasec(&gen, ".bss", 8);
	btfgen_datasec_var(&gen, ids.var, 4, 4);
	ids.sized = comm;
	btf = btfgen_read(&gen);
	ck_assert_ptr_nonnull(btf);
	btfgen_deinit(&gen);
	return btf;
}

static const struct everything sample = {
	.u8 = 200,
	.s8 = -3,
	.u16 = 65535,
	.s32 = -2147483647 - 1,
	.u64 = UINT64_MAX,
	.s64 = -5,
	.flag = 1,
	.letter = 'q',
	.comm = "ba\"\n",
	.mode = FAST,
	.low = 5,
	.mid = 100,
	.neg = -9,
	.inner = { -1, 2 },
	.word = 0x00020001,
	.list = { 1, 2, 3 },
	.single = 0.1f,
	.twice = 0.1,
	.pointer = 0xffff888000000010,
	.wide = { 1, 2 },
	.big_mode = INT64_MIN,
	.delay_ns = 10,
	.pairs = { { 1, 2 }, { 3, 4 } },
};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HALVES_TEXT "{x=1,y=2}"
#define HALVES_JSON "{\"x\":1,\"y\":2}"
#define WIDE_HEX "0x20000000000000001"
#else
#define HALVES_TEXT "{x=2,y=1}"
#define HALVES_JSON "{\"x\":2,\"y\":1}"
#define WIDE_HEX "0x10000000000000002"
#endif

/* ---- printing ---- */

static void check_text(const struct bpfl_btf *btf, uint32_t id, const void *bytes, size_t size, const char *expected)
{
	struct bpfl_buf out = BPFL_BUF_INIT;

	ck_assert_int_eq(bpfl_btf_value_text(btf, id, bytes, size, &out), 0);
	ck_assert_str_eq(out.data, expected);
	bpfl_buf_deinit(&out);
}

static void check_json(const struct bpfl_btf *btf, uint32_t id, const void *bytes, size_t size, const char *expected)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	struct bpfl_json json;

	bpfl_json_init(&json, &out);
	ck_assert_int_eq(bpfl_btf_value_json(btf, id, bytes, size, &json), 0);
	ck_assert_str_eq(out.data, expected);
	bpfl_buf_deinit(&out);
}

START_TEST(every_kind_is_printed_as_text)
{
	struct bpfl_btf *btf = make_btf();

	check_text(btf, ids.everything, &sample, sizeof(sample),
		   "{u8=200,s8=-3,u16=65535,s32=-2147483648,u64=18446744073709551615,s64=-5,flag=true,letter='q',"
		   "comm=\"ba\\\"\\n\",mode=FAST,low=5,mid=100,neg=-9,inner={x=-1,y=2},word=131073,halves=" HALVES_TEXT
		   ",list=[1,2,3],single=0.1,twice=0.1,pointer=0xffff888000000010,wide=" WIDE_HEX
		   ",big_mode=LOWEST,delay_ns=10,pairs=[{x=1,y=2},{x=3,y=4}]}");
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(every_kind_is_printed_as_json)
{
	struct bpfl_btf *btf = make_btf();

	check_json(btf, ids.everything, &sample, sizeof(sample),
		   "{\"u8\":200,\"s8\":-3,\"u16\":65535,\"s32\":-2147483648,\"u64\":18446744073709551615,\"s64\":-5,"
		   "\"flag\":true,\"letter\":113,\"comm\":\"ba\\\"\\n\",\"mode\":\"FAST\",\"low\":5,\"mid\":100,\"neg\":-9,"
		   "\"inner\":{\"x\":-1,\"y\":2},\"word\":131073,\"halves\":" HALVES_JSON ",\"list\":[1,2,3],\"single\":0.1,"
		   "\"twice\":0.1,\"pointer\":\"0xffff888000000010\",\"wide\":\"" WIDE_HEX "\",\"big_mode\":\"LOWEST\","
		   "\"delay_ns\":10,\"pairs\":[{\"x\":1,\"y\":2},{\"x\":3,\"y\":4}]}");
	bpfl_btf_destroy(btf);
}
END_TEST

/* Bytes of locks, timers and pointers to kernel objects: the kernel shows zeroes, so nothing is said of them. */
START_TEST(what_is_the_kernels_only_is_left_out)
{
	struct btfgen gen;
	struct bpfl_btf *btf;
	uint32_t u32, lock, timer, locks, tagged, plain, kptr, pointer, only, value;
	const uint32_t bytes[12] = { 1, 0, 7, 2, 3, 4, 5, 0, 6, 0, 8, 9 };

	btfgen_init(&gen, false);
	u32 = btfgen_int(&gen, "unsigned int", 4, 0);
	lock = btfgen_struct(&gen, "bpf_res_spin_lock", 4);
	btfgen_member(&gen, "val", u32, 0);
	timer = btfgen_struct(&gen, "bpf_timer", 4);
	btfgen_member(&gen, "opaque", u32, 0);
	locks = btfgen_array(&gen, lock, u32, 2);
	plain = btfgen_struct(&gen, "task_struct", 4);
	btfgen_member(&gen, "pid", u32, 0);
	tagged = btfgen_type(&gen, BPFL_KIND_TYPE_TAG, "kptr", plain);
	kptr = btfgen_ptr(&gen, tagged);
	pointer = btfgen_ptr(&gen, plain);
	only = btfgen_struct(&gen, "only", 4);
	btfgen_member(&gen, "timer", timer, 0);
	value = btfgen_struct(&gen, "value", 48);
	btfgen_member(&gen, "lock", lock, 0);
	btfgen_member(&gen, "n", u32, 64);
	btfgen_member(&gen, "timer", timer, 96);
	btfgen_member(&gen, "locks", locks, 128);
	btfgen_member(&gen, "task", kptr, 192);
	btfgen_member(&gen, "shown", pointer, 256);
	btfgen_member(&gen, "only", only, 320);
	btfgen_member(&gen, "last", u32, 352);
	btf = btfgen_read(&gen);
	check_text(btf, value, bytes, sizeof(bytes), "{n=7,shown=0x6,only={},last=9}");
	check_json(btf, value, bytes, sizeof(bytes), "{\"n\":7,\"shown\":\"0x6\",\"only\":{},\"last\":9}");
	ck_assert(bpfl_btf_is_kernel_only(btf, lock) && bpfl_btf_is_kernel_only(btf, locks) &&
		  bpfl_btf_is_kernel_only(btf, kptr));
	ck_assert(!bpfl_btf_is_kernel_only(btf, value) && !bpfl_btf_is_kernel_only(btf, pointer) &&
		  !bpfl_btf_is_kernel_only(btf, 0));
	bpfl_btf_destroy(btf);
	btfgen_deinit(&gen);
}
END_TEST

START_TEST(a_value_shorter_than_its_type_is_marked)
{
	struct bpfl_btf *btf = make_btf();
	uint32_t two[2] = { 1, 2 };

	check_text(btf, ids.inner, "\1\1\2", 3, "{x=257,y=<cut>}");
	check_json(btf, ids.inner, "\1\1\2", 3, "{\"x\":257,\"y\":\"<cut>\"}");
	check_text(btf, ids.u32, two, 3, "<cut>");
	check_text(btf, ids.sized, "abcdefgh", 3, "\"abc\"");
	check_text(btf, ids.sized, "", 0, "<cut>");
	check_text(btf, ids.everything, "\1", 1,
		   "{u8=1,s8=<cut>,u16=<cut>,s32=<cut>,u64=<cut>,s64=<cut>,flag=<cut>,letter=<cut>,comm=<cut>,mode=<cut>,low=<cut>,"
		   "mid=<cut>,neg=<cut>,inner={x=<cut>,y=<cut>},word=<cut>,halves={x=<cut>,y=<cut>},list=[<cut>],single=<cut>,"
		   "twice=<cut>,pointer=<cut>,wide=<cut>,big_mode=<cut>,delay_ns=<cut>,pairs=[<cut>]}");
	check_text(btf, ids.sized, "abcdefgh", 8, "\"abcdef\""); /* no NUL: the array's length ends it */
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(an_array_without_length_takes_what_is_left)
{
	struct bpfl_btf *btf = make_btf();
	struct {
		uint32_t nr;
		uint16_t tail[3];
	} value = { 3, { 10, 20, 30 } };

	check_text(btf, ids.flexible, &value, 10, "{nr=3,tail=[10,20,30]}");
	check_text(btf, ids.flexible, &value, 9, "{nr=3,tail=[10,20]}");
	check_text(btf, ids.flexible, &value, 4, "{nr=3,tail=[]}");
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(a_long_tail_of_zeroes_is_left_out_of_text)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf = NULL;
	uint16_t value[20] = { 7, 0, 9 }, back[20] = { 1, 2, 3, 4, 5 };
	struct bpfl_btf_place place = { 0 };

	CHECK_OK(bpfl_cdecl_read(NULL, "u16[20]", &btf, &place.type_id, &err), err);
	check_text(btf, place.type_id, value, sizeof(value), "[7,0,9,0,...]");
	check_json(btf, place.type_id, value, sizeof(value), "[7,0,9,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]");
	check_text(btf, place.type_id, value, 18, "[7,0,9,0,0,0,0,0,0,<cut>]"); /* nobody knows what would follow */
	CHECK_OK(bpfl_btf_place_set(btf, &place, NULL, "[7,0,9,0,...]", back, sizeof(back), &err), err);
	ck_assert_mem_eq(back, value, sizeof(value));
	value[12] = 1; /* seven zeroes follow */
	check_text(btf, place.type_id, value, sizeof(value), "[7,0,9,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0]");
	memset(value, 0, sizeof(value));
	check_text(btf, place.type_id, value, sizeof(value), "[0,...]");
	CHECK_FAILS(bpfl_btf_place_set(btf, &place, NULL, "[...]", back, sizeof(back), &err), err, BPFL_ERR_USAGE, EINVAL,
		    "...");
	CHECK_FAILS(bpfl_btf_place_set(btf, &place, NULL, "[1,...,2]", back, sizeof(back), &err), err, BPFL_ERR_USAGE,
		    EINVAL, "expected ']'");
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(a_data_section_prints_its_variables)
{
	struct bpfl_btf *btf = make_btf();
	uint32_t bytes[2] = { 1, 77 };

	check_text(btf, ids.section, bytes, sizeof(bytes), "{counter=77}");
	check_json(btf, ids.section, bytes, sizeof(bytes), "{\"counter\":77}");
	check_text(btf, ids.var, bytes + 1, 4, "77");
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(odd_scalars)
{
	struct bpfl_btf *btf = make_btf();
	struct bpfl_buf out = BPFL_BUF_INIT;
	int32_t unnamed = 3;
	float infinite = __builtin_inff();
	uint32_t single = bpfl_btf_find(btf, BPFL_KIND_FLOAT, "float", 1);

	check_text(btf, ids.mode, &unnamed, 4, "3");
	check_text(btf, ids.character, "\x80", 1, "-128");
	check_text(btf, ids.character, "'", 1, "'\\''");
	check_text(btf, ids.sized, "\t\x7f\\", 4, "\"\\t\\x7f\\\\\"");
	check_text(btf, ids.boolean, "\x02", 1, "true");
	check_text(btf, single, &infinite, 4, "inf");
	check_json(btf, single, &infinite, 4, "\"inf\"");
	ck_assert_int_eq(bpfl_btf_value_text(btf, 0, "", 0, &out), -EINVAL);
	ck_assert_int_eq(bpfl_btf_value_text(btf, 12345, "", 0, &out), -EINVAL);
	bpfl_buf_deinit(&out);
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(hostile_types_print_a_bounded_amount)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	struct bpfl_json json;
	struct bpfl_btf *btf;
	struct btfgen gen;
	uint32_t id, many;

	/* 2^31 empty structs by name, 2^31 more without, and four billion elements of size 0 */
	btfgen_init(&gen, false);
	id = btfgen_struct(&gen, "s", 0);
	for (uint32_t i = 0; i < 29; i++) {
		id = btfgen_struct(&gen, "s", 0);
		btfgen_member(&gen, i % 2 ? "a" : NULL, id - 1, 0);
		btfgen_member(&gen, NULL, id - 1, 0);
	}
	btfgen_int(&gen, "int", 4, 0);
	many = btfgen_array(&gen, 1, id + 1, 0xffffffff);
	btf = btfgen_read(&gen);
	ck_assert_ptr_nonnull(btf);
	ck_assert_int_eq(bpfl_btf_value_text(btf, id, "", 0, &out), 0);
	ck_assert_uint_lt(out.size, 10u << 20);
	CHECK_HAS(out.data, "<more>");
	out.size = 0;
	ck_assert_int_eq(bpfl_btf_value_text(btf, many, "", 0, &out), 0);
	ck_assert_uint_lt(out.size, 10u << 20);
	CHECK_HAS(out.data, ",{},<more>]");
	out.size = 0;
	bpfl_json_init(&json, &out);
	ck_assert_int_eq(bpfl_btf_value_json(btf, many, "", 0, &json), 0);
	CHECK_HAS(out.data, ",{},\"<more>\"]");
	out.size = 0;
	bpfl_json_init(&json, &out);
	ck_assert_int_eq(bpfl_btf_value_json(btf, id, "", 0, &json), 0);
	CHECK_HAS(out.data, "\"<more>\":\"<more>\"}");
	bpfl_buf_deinit(&out);
	bpfl_btf_destroy(btf);
	btfgen_deinit(&gen);
}
END_TEST

START_TEST(bit_fields_in_both_bit_orders)
{
	/* 0b10110011 0b01010101: bits 3..9 counted from the low end, and from the high end */
	uint8_t bytes[2] = { 0xb3, 0x55 };

	ck_assert_uint_eq(bpfl_btf_bits_load(bytes, 3, 7, false).lo, 0x36);
	ck_assert_uint_eq(bpfl_btf_bits_load(bytes, 3, 7, true).lo, 0x4d);
	ck_assert_uint_eq(bpfl_btf_bits_load(bytes, 0, 16, false).lo, 0x55b3);
	ck_assert_uint_eq(bpfl_btf_bits_load(bytes, 0, 16, true).lo, 0xb355);
	for (int big = 0; big < 2; big++) {
		for (uint32_t off = 0; off < 16; off++) {
			for (uint32_t size = 1; off + size <= 16; size++) {
				uint8_t changed[2] = { 0xb3, 0x55 };
				uint64_t value = 0x2a5f & ((1u << size) - 1);
				struct bpfl_btf_bits old = bpfl_btf_bits_load(changed, off, size, big);

				bpfl_btf_bits_store(changed, off, size, big, (struct bpfl_btf_bits){ value, 0 });
				ck_assert_uint_eq(bpfl_btf_bits_load(changed, off, size, big).lo, value);
				bpfl_btf_bits_store(changed, off, size, big, old); /* the bits around were left alone */
				ck_assert_mem_eq(changed, bytes, 2);
			}
		}
	}
	ck_assert_int_eq(bpfl_btf_bits_signed(0x1f, 5), -1);
	ck_assert_int_eq(bpfl_btf_bits_signed(0x0f, 5), 15);
	ck_assert_int_eq(bpfl_btf_bits_signed(UINT64_MAX, 64), -1);
}
END_TEST

/* ---- paths ---- */

START_TEST(paths_lead_to_members_and_elements)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf = make_btf();
	struct bpfl_btf_place place;
	const struct {
		const char *path;
		size_t byte_off;
		uint32_t type_id;
	} rows[] = {
		{ "", 0, ids.everything },
		{ ".u16", offsetof(struct everything, u16), ids.u16 },
		{ ".inner.y", offsetof(struct everything, inner.y), ids.s16 },
		{ ".halves.y", offsetof(struct everything, halves.y), ids.s16 },
		{ ".list[2]", offsetof(struct everything, list[2]), ids.u32 },
		{ ".pairs[1].x", offsetof(struct everything, pairs[1].x), ids.s16 },
		{ ".comm[5]", offsetof(struct everything, comm[5]), ids.character },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_OK(bpfl_btf_place_find(btf, ids.everything, rows[i].path, &place, &err), err);
		ck_assert_uint_eq(place.byte_off, rows[i].byte_off);
		ck_assert_uint_eq(place.type_id, rows[i].type_id);
		ck_assert_uint_eq(place.bit_size, 0);
	}
	CHECK_OK(bpfl_btf_place_find(btf, ids.everything, ".neg", &place, &err), err);
	ck_assert_uint_eq(place.byte_off, offsetof(struct everything, mode) + 4 + 1);
	ck_assert_uint_eq(place.bit_off, 2);
	ck_assert_uint_eq(place.bit_size, 5);
	CHECK_OK(bpfl_btf_place_find(btf, ids.section, ".counter", &place, &err), err);
	ck_assert_uint_eq(place.byte_off, 4);
	CHECK_OK(bpfl_btf_place_find(btf, ids.var, "", &place, &err), err);
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(wrong_paths_are_explained)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf = make_btf();
	struct bpfl_btf_place place;
	const struct {
		const char *path;
		int errnum;
		const char *text;
	} rows[] = {
		{ ".modde", ENOENT, "'struct everything' has no member 'modde'" },
		{ ".u8.x", EINVAL, "'unsigned char' has no members, so not 'x'" },
		{ ".u8[0]", EINVAL, "'unsigned char' is no array" },
		{ ".list[3]", ERANGE, "index 3 is outside of 'unsigned int[3]'" },
		{ ".list[99999999999999999999]", EINVAL, "index '99999999999999999999' is not a number" },
		{ ".list[-1]", EINVAL, "index '-1' is not a number" },
		{ ".list[1", EINVAL, "expected '.member' or '[index]' at column 6" },
		{ "u8", EINVAL, "expected '.member' or '[index]' at column 1" },
		{ "..u8", EINVAL, "at column 1" },
		{ ".inner.", EINVAL, "at column 7" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int ret = bpfl_btf_place_find(btf, ids.everything, rows[i].path, &place, &err);

		ck_assert_msg(ret == -rows[i].errnum, "%s gave %d: %s", rows[i].path, ret, err.message);
		CHECK_ERROR(err, BPFL_ERR_USAGE, rows[i].errnum, rows[i].text);
		if (i == 0)
			CHECK_HAS(err.fix, "did you mean 'mode'");
	}
	bpfl_btf_destroy(btf);
}
END_TEST

/* ---- parsing ---- */

static int set(const struct bpfl_btf *btf, const char *path, const char *text, struct everything *value,
	       struct bpfl_error *err)
{
	struct bpfl_btf_place place;
	const char *name = strrchr(path, '.');

	CHECK_OK(bpfl_btf_place_find(btf, ids.everything, path, &place, err), *err);
	return bpfl_btf_place_set(btf, &place, name != NULL ? name + 1 : NULL, text, value, sizeof(*value), err);
}

#define SETS(path, text, member, expected)                               \
	do {                                                             \
		memset(&value, 0xff, sizeof(value));                     \
		CHECK_OK(set(btf, path, text, &value, &err), err);       \
		ck_assert_msg(value.member == (expected), "%s", path); \
	} while (0)

START_TEST(scalars_are_set)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf = make_btf();
	struct everything value;

	SETS(".u8", "255", u8, 255);
	SETS(".u8", " 0x10 ", u8, 16);
	SETS(".s8", "-128", s8, -128);
	SETS(".s8", "'a'", s8, 'a');
	SETS(".u16", "0b11", u16, 3);
	SETS(".s32", "-2147483648", s32, INT32_MIN);
	SETS(".u64", "18446744073709551615", u64, UINT64_MAX);
	SETS(".s64", "-9223372036854775808", s64, INT64_MIN);
	SETS(".s64", "+5", s64, 5);
	SETS(".flag", "true", flag, 1);
	SETS(".flag", "0", flag, 0);
	SETS(".letter", "'\\n'", letter, '\n');
	SETS(".letter", "65", letter, 'A');
	SETS(".mode", "FAST", mode, FAST);
	SETS(".mode", "3", mode, (enum mode)3);
	SETS(".big_mode", "LOWEST", big_mode, INT64_MIN);
	SETS(".big_mode", "-7", big_mode, -7);
	SETS(".low", "4", low, 4);
	SETS(".mid", "0", mid, 0);
	ck_assert_int_eq(value.low, 7); /* neighbours keep their bits */
	ck_assert_int_eq(value.neg, -1);
	SETS(".neg", "-16", neg, -16);
	SETS(".single", "0.5", single, 0.5f);
	SETS(".twice", "-1e300", twice, -1e300);
	SETS(".pointer", "0xffff0000", pointer, 0xffff0000);
	SETS(".halves.y", "9", halves.y, 9);
	SETS(".delay_ns", "10s", delay_ns, 10000000000);
	SETS(".delay_ns", "5ms", delay_ns, 5000000);
	SETS(".delay_ns", "7", delay_ns, 7);
	SETS(".comm[1]", "'x'", comm[1], 'x');
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(strings_and_composites_are_set)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf = make_btf();
	struct everything value;
	uint32_t counter = 1;
	struct bpfl_btf_place place;

	SETS(".comm", "ab, c", comm[3], ' '); /* no quotes needed */
	ck_assert_mem_eq(value.comm, "ab, c\0", 6);
	SETS(".comm", "\"a\\x41\\\"\"", comm[2], '"');
	ck_assert_mem_eq(value.comm, "aA\"\0\0\0", 6);
	SETS(".comm", "\"123456\"", comm[5], '6'); /* in quotes: without a NUL, as in C */
	SETS(".comm", "", comm[0], '\0');
	SETS(".inner", "{ x = 1 , y = -2 }", inner.y, -2);
	ck_assert_int_eq(value.inner.x, 1);
	SETS(".inner", "{y=3}", inner.x, 0); /* not named: zero */
	SETS(".list", "[7,8]", list[1], 8);
	ck_assert_uint_eq(value.list[2], 0);
	SETS(".list", "[]", list[0], 0);
	SETS(".pairs", "[{x=1,y=2},{y=4}]", pairs[1].y, 4);
	ck_assert_int_eq(value.pairs[0].y, 2);
	SETS("", "{comm=\"hi\",inner={x=5},word=6,low=3,neg=-2,mode=FAST,delay_ns=2s}", inner.x, 5);
	ck_assert_str_eq(value.comm, "hi");
	ck_assert_uint_eq(value.word, 6);
	ck_assert_int_eq(value.low, 3);
	ck_assert_int_eq(value.neg, -2);
	ck_assert_int_eq(value.mode, FAST);
	ck_assert_uint_eq(value.delay_ns, 2000000000);
	ck_assert_uint_eq(value.u64, 0);
	SETS(".wide", "0x0123456789abcdef00000000000000ff", u8, 0xff);
	ck_assert_uint_eq(value.wide[BPFL_BTF_BIG_ENDIAN], 0xff);
	ck_assert_uint_eq(value.wide[!BPFL_BTF_BIG_ENDIAN], 0x0123456789abcdef);
	SETS(".wide", "340282366920938463463374607431768211455", wide[0], UINT64_MAX); /* 2^128-1 */
	ck_assert_uint_eq(value.wide[1], UINT64_MAX);
	SETS(".wide", "18446744073709551616", wide[BPFL_BTF_BIG_ENDIAN], 0);
	ck_assert_uint_eq(value.wide[!BPFL_BTF_BIG_ENDIAN], 1);
	SETS(".single", "inf", single, HUGE_VALF);
	CHECK_OK(bpfl_btf_place_find(btf, ids.var, "", &place, &err), err);
	CHECK_OK(bpfl_btf_place_set(btf, &place, "counter", "5", &counter, sizeof(counter), &err), err);
	ck_assert_uint_eq(counter, 5);
	bpfl_btf_destroy(btf);
}
END_TEST

/* __int128: the sign is in the highest of 128 bits. */
START_TEST(wide_signed_numbers_have_their_limits)
{
	static const struct {
		const char *text;
		uint64_t hi, lo;
	} fit[] = {
		{ "-1", UINT64_MAX, UINT64_MAX },
		{ "-0", 0, 0 },
		{ "-18446744073709551616", UINT64_MAX, 0 },
		{ "170141183460469231731687303715884105727", INT64_MAX, UINT64_MAX },
		{ "-170141183460469231731687303715884105728", (uint64_t)INT64_MIN, 0 },
	};
	static const char *const too_large[] = {
		"170141183460469231731687303715884105728", "-170141183460469231731687303715884105729",
		"-340282366920938463463374607431768211455",
	};
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf_place place = { 0 };
	struct btfgen gen;
	uint64_t value[2];

	btfgen_init(&gen, false);
	place.type_id = btfgen_int(&gen, "__int128", 16, BPFL_INT_SIGNED);
	struct bpfl_btf *btf = btfgen_read(&gen);
	btfgen_deinit(&gen);
	for (size_t i = 0; i < sizeof(fit) / sizeof(fit[0]); i++) {
		CHECK_OK(bpfl_btf_place_set(btf, &place, NULL, fit[i].text, value, sizeof(value), &err), err);
		ck_assert_msg(value[BPFL_BTF_BIG_ENDIAN] == fit[i].lo && value[!BPFL_BTF_BIG_ENDIAN] == fit[i].hi, "%s",
			      fit[i].text);
	}
	for (size_t i = 0; i < sizeof(too_large) / sizeof(too_large[0]); i++)
		CHECK_FAILS(bpfl_btf_place_set(btf, &place, NULL, too_large[i], value, sizeof(value), &err), err,
			    BPFL_ERR_USAGE, ERANGE, "of 128 bits (-2^127 to 2^127-1)");
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(what_does_not_fit_is_refused_and_changes_nothing)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf = make_btf();
	struct everything value = sample;
	const struct {
		const char *path, *text;
		int errnum;
		const char *message;
	} rows[] = {
		{ ".u8", "256", ERANGE, "256 does not fit into 'unsigned char' of 8 bits (0 to 255)" },
		{ ".u8", "-1", ERANGE, "-1 does not fit" },
		{ ".s8", "128", ERANGE, "128 does not fit into 'signed char' of 8 bits (-128 to 127)" },
		{ ".s8", "-129", ERANGE, "-129 does not fit" },
		{ ".s32", "0xffffffff", ERANGE, "(-2147483648 to 2147483647)" },
		{ ".u64", "18446744073709551616", ERANGE, "(0 to 18446744073709551615)" },
		{ ".s64", "9223372036854775808", ERANGE, "(-9223372036854775808 to 9223372036854775807)" },
		{ ".low", "8", ERANGE, "8 does not fit into 'unsigned int' of 3 bits (0 to 7)" },
		{ ".neg", "-17", ERANGE, "of 5 bits (-16 to 15)" },
		{ ".wide", "0x1000000000000000000000000000000000", ERANGE, "of 128 bits (0 to 2^128-1)" },
		{ ".wide", "340282366920938463463374607431768211456", ERANGE, "of 128 bits (0 to 2^128-1)" },
		{ ".twice", "1e400", ERANGE, "1e400 is too large for 'double' of 64 bits" },
		{ ".twice", "-1e400", ERANGE, "-1e400 is too large" },
		{ ".single", "1e39", ERANGE, "1e39 is too large for 'float' of 32 bits" },
		{ ".wide", "-1", ERANGE, "-1 does not fit" },
		{ ".u8", "12x", EINVAL, "'12x' is not a number, as 'unsigned char' needs" },
		{ ".u8", "10s", EINVAL, "'10s' is not a number" },
		{ ".u8", "", EINVAL, "no value at column 1" },
		{ ".flag", "yes", EINVAL, "'yes' is not true, false, 0 or 1, as '_Bool' needs" },
		{ ".mode", "FASTT", EINVAL, "'FASTT' is not in 'enum mode'" },
		{ ".comm", "\"1234567\"", ERANGE, "text of 7 bytes needs 8 with its NUL, but the array has 6" },
		{ ".comm", "123456", ERANGE, "text of 6 bytes needs 7 with its NUL, but the array has 6" },
		{ ".comm", "\"12", EINVAL, "no closing \"" },
		{ ".comm", "\"\\q\"", EINVAL, "unknown escape '\\q' at column 2" },
		{ ".comm", "\"a\"b", EINVAL, "'b' is left over at column 4" },
		{ ".s8", "'ab'", EINVAL, "more than one character" },
		{ ".s8", "''", EINVAL, "empty character literal" },
		{ ".inner", "5", EINVAL, "expected '{' at column 1" },
		{ ".inner", "{x=1", EINVAL, "expected ',' or '}' at column 5" },
		{ ".inner", "{x}", EINVAL, "expected '=' at column 3" },
		{ ".inner", "{=1}", EINVAL, "expected 'member=value' at column 2" },
		{ ".inner", "{z=1}", ENOENT, "'struct inner' has no member 'z'" },
		{ ".inner", "{x=99999}", ERANGE, "member 'x': 99999 does not fit into 'short'" },
		{ ".list", "[1,2,3,4]", ERANGE, "more than 3 elements" },
		{ ".list", "[1,x]", EINVAL, "element 1: 'x' is not a number" },
		{ ".list", "[1 2]", EINVAL, "element 0: '1 2' is not a number" },
		{ ".list", "7", EINVAL, "expected '[' at column 1" },
		{ ".pairs", "[{x=1},{x=70000}]", ERANGE, "element 1: member 'x': 70000" },
		{ ".twice", "1.5z", EINVAL, "'1.5z' is not a number" },
		{ ".single", "", EINVAL, "no value at column 1" },
		{ ".inner", "{x=1,}", EINVAL, "expected 'member=value' at column 6" },
		{ ".pointer", "-1", ERANGE, "-1 does not fit into 'void *' of 64 bits" },
		{ ".u64", "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001",
		  EINVAL, "word of 129 characters (at most 127)" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int ret = set(btf, rows[i].path, rows[i].text, &value, &err);

		ck_assert_msg(ret == -rows[i].errnum, "%s=%s gave %d: %s", rows[i].path, rows[i].text, ret,
			      err.message);
		CHECK_ERROR(err, BPFL_ERR_USAGE, rows[i].errnum, rows[i].message);
		ck_assert_mem_eq(&value, &sample, sizeof(value));
	}
	set(btf, ".mode", "FASTT", &value, &err);
	CHECK_HAS(err.fix, "did you mean 'FAST'");
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(bytes_that_are_too_few_are_refused)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf = make_btf();
	struct bpfl_btf_place place;
	uint8_t bytes[4] = { 0 };

	CHECK_OK(bpfl_btf_place_find(btf, ids.everything, ".s32", &place, &err), err);
	CHECK_FAILS(bpfl_btf_place_set(btf, &place, NULL, "1", bytes, sizeof(bytes), &err), err, BPFL_ERR_USAGE, ERANGE,
		    "byte 4 lies behind the 4 bytes of the variable");
	CHECK_OK(bpfl_btf_place_find(btf, ids.everything, ".inner", &place, &err), err);
	CHECK_FAILS(bpfl_btf_place_set(btf, &place, NULL, "{}", bytes, sizeof(bytes), &err), err, BPFL_ERR_USAGE,
		    ERANGE, "lies behind");
	CHECK_FAILS(bpfl_btf_place_set(btf, &(struct bpfl_btf_place){ 0 }, NULL, "1", bytes, sizeof(bytes), &err), err,
		    BPFL_ERR_USAGE, EINVAL, "a value of type 'void' cannot be set");
	bpfl_btf_destroy(btf);
}
END_TEST

START_TEST(the_deepest_type_can_be_set)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf_place place = { .type_id = 1 };
	struct bpfl_btf *btf;
	struct btfgen gen;
	uint32_t bytes[1] = { 0 };
	char text[200] = "";

	/* as deep as the check of a BTF lets types be */
	btfgen_init(&gen, false);
	for (uint32_t i = 0; i < 32; i++) {
		btfgen_struct(&gen, "s", 4);
		btfgen_member(&gen, "m", i + 2, 0);
	}
	btfgen_int(&gen, "int", 4, 0);
	btf = btfgen_read(&gen);
	ck_assert_ptr_nonnull(btf);
	for (int i = 0; i < 32; i++)
		strcat(text, "{m=");
	strcat(text, "5");
	for (int i = 0; i < 32; i++)
		strcat(text, "}");
	CHECK_OK(bpfl_btf_place_set(btf, &place, NULL, text, bytes, sizeof(bytes), &err), err);
	ck_assert_uint_eq(bytes[0], 5);
	bpfl_btf_destroy(btf);
	btfgen_deinit(&gen);
}
END_TEST

/* What was printed can be set. */
START_TEST(text_survives_the_way_there_and_back)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf = make_btf();
	struct bpfl_buf out = BPFL_BUF_INIT;
	struct everything value;

	memset(&value, 0xff, sizeof(value));
	ck_assert_int_eq(bpfl_btf_value_text(btf, ids.everything, &sample, sizeof(sample), &out), 0);
	CHECK_OK(set(btf, "", out.data, &value, &err), err);
	ck_assert_mem_eq(&value, &sample, sizeof(value));
	bpfl_buf_deinit(&out);
	bpfl_btf_destroy(btf);
}
END_TEST

int main(void)
{
	const TTest *printing[] = {
		every_kind_is_printed_as_text,
		every_kind_is_printed_as_json, what_is_the_kernels_only_is_left_out,
		a_value_shorter_than_its_type_is_marked,
		an_array_without_length_takes_what_is_left,
		a_long_tail_of_zeroes_is_left_out_of_text,
		a_data_section_prints_its_variables,
		odd_scalars,
		hostile_types_print_a_bounded_amount,
		bit_fields_in_both_bit_orders,
	};
	const TTest *parsing[] = {
		paths_lead_to_members_and_elements,
		wrong_paths_are_explained,
		scalars_are_set,
		strings_and_composites_are_set,
		wide_signed_numbers_have_their_limits,
		what_does_not_fit_is_refused_and_changes_nothing,
		bytes_that_are_too_few_are_refused,
		the_deepest_type_can_be_set,
		text_survives_the_way_there_and_back,
	};
	Suite *suite = BPFL_TEST_SUITE("btf/value: printing", printing);

	BPFL_TEST_ADD_CASE(suite, "parsing", parsing);
	return bpfl_test_main(suite);
}
