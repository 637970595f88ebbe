/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Elements of maps from words and into words, histograms and tables: what a line looks like is checked letter
 * by letter. The maps live in the fake kernel.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "bpfload/map.h"
#include "btfgen.h"
#include "fake_sys.h"
#include "kern/map_handle.h"
#include "spec/section.h"
#include "sys/facts.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_map *map;

static void make(const char *type, const char *key, const char *value, uint32_t max_entries)
{
	struct bpfl_map_def def = {
		.size = sizeof(def), .name = "m", .type = bpfl_map_type_find(type), .max_entries = max_entries
	};

	CHECK_OK(bpfl_map_create(&def, key, value, &map, &err), err);
	ck_assert_str_eq(map->why_untyped, "");
}

static void make_untyped(const char *type, uint32_t key_size, uint32_t value_size, uint32_t max_entries)
{
	struct bpfl_map_def def = { .size = sizeof(def),
				    .name = "m",
				    .type = bpfl_map_type_find(type),
				    .key_size = key_size,
				    .value_size = value_size,
				    .max_entries = max_entries,
				    .inner_map_fd = map ? map->fd : 0 }; /* of maps of maps: the map before */

	CHECK_OK(bpfl_map_create(&def, NULL, NULL, &map, &err), err);
}

static void done(void)
{
	bpfl_map_close(map);
	map = NULL;
	bpfl_error_clear(&err);
}

static void set(const char *key, const char *value)
{
	CHECK_OK(bpfl_map_set_text(map, key, value, NULL, &err), err);
}

static void get(const char *key, const struct bpfl_map_words *opts, const char *want)
{
	char *text = NULL;

	CHECK_OK(bpfl_map_get_text(map, key, opts, &text, &err), err);
	ck_assert_str_eq(text, want);
	free(text);
}

#define REFUSES(key, value, want_errnum, text) \
	CHECK_FAILS(bpfl_map_set_text(map, key, value, NULL, &err), err, BPFL_ERR_USAGE, want_errnum, text)

/* ---- words ---- */

START_TEST(a_key_is_written_as_it_is_shown)
{
	make("hash", "struct {u32 pid; char comm[16];}", "struct {u64 n; int delta;}", 4);
	set("{pid=1,comm=bash}", "{n=3,delta=-2}");
	get("{pid=1,comm=\"bash\"}", NULL, "m[{pid=1,comm=\"bash\"}] = {n=3,delta=-2}\n");
	get("hex:01000000 62617368 00000000 00000000 00000000", &(struct bpfl_map_words){ .format = BPFL_FORMAT_JSON },
	    "{\"v\":1,\"type\":\"map\",\"map\":\"m\",\"key\":{\"pid\":1,\"comm\":\"bash\"},\"value\":{\"n\":3,\"delta\":-2}}\n");
	REFUSES("{pid=1,com=bash}", "{n=1}", ENOENT, "map 'm': key: ");
	CHECK_HAS(err.fix, "'comm'");
	REFUSES("{pid=x}", "{n=1}", EINVAL, "map 'm': key: ");
	REFUSES("{pid=1}", "{n=-1}", ERANGE, "map 'm': value: ");
	REFUSES("hex:01 02", "{n=1}", EINVAL, "2 bytes are given, it has 20");
	REFUSES("hex:0", "{n=1}", EINVAL, "two hexadecimal digits");
	REFUSES(NULL, "{n=1}", EINVAL, "which element?");
	done();
}
END_TEST

START_TEST(bytes_without_a_type_are_numbers_or_hex)
{
	make_untyped("hash", 2, 3, 4);
	set("0x102", "hex:0a 0b 0c");
	get("258", NULL, "m[258] = 0a 0b 0c\n");
	REFUSES("65536", "hex:000000", ERANGE, "does not fit into 2 bytes");
	REFUSES("abc", "hex:000000", EINVAL, "not a number");
	REFUSES("1", "7", EINVAL, "it has 3 bytes and no type");
	CHECK_HAS(err.fix, "hex:");
	set("-1", "hex:000000");
	get("65535", NULL, "m[65535] = 00 00 00\n");
	REFUSES("-32769", "hex:000000", ERANGE, "does not fit");
	done();
}
END_TEST

START_TEST(a_tries_key_is_an_address_with_a_length)
{
	make_untyped("lpm_trie", 8, 4, 4);
	set("10.1.0.0/16", "7");
	get("10.1.0.0/16", NULL, "m[10.1.0.0/16] = 7\n");
	get("hex:10000000 0a010000", NULL, "m[10.1.0.0/16] = 7\n");
	REFUSES("10.1.0.0/33", "7", EINVAL, "no length of 0 to 32 bits");
	REFUSES("10.1.0.0", "7", EINVAL, "no length of 0 to 32 bits");
	REFUSES("10.1.0", "7", EINVAL, "not a number");
	done();
	make_untyped("lpm_trie", 20, 4, 4);
	set("2001:db8::/32", "1");
	get("2001:db8::/32", NULL, "m[2001:db8::/32] = 1\n");
	done();
}
END_TEST

START_TEST(a_tries_key_of_a_type_is_an_address_too)
{
	struct bpfl_map_words json = { .format = BPFL_FORMAT_JSON };

	make("lpm_trie", "struct {u32 prefixlen; u32 addr;}", "u32", 4);
	set("10.1.0.0/16", "7");
	get("{prefixlen=16,addr=0x10a}", NULL, "m[10.1.0.0/16] = 7\n");
	get("10.1.0.0/16", &json,
	    "{\"v\":1,\"type\":\"map\",\"map\":\"m\",\"key\":{\"prefixlen\":16,\"addr\":266},"
	    "\"prefix\":\"10.1.0.0/16\",\"value\":7}\n");
	done();
	make("lpm_trie", "struct {u32 len; u8 data[16];}", "u32", 4);
	set("2001:db8::/32", "1");
	get("2001:db8::/32", NULL, "m[2001:db8::/32] = 1\n");
	done();
	make("lpm_trie", "struct {u32 len; struct in6_addr {u32 words[4];} to;}", "u32", 4);
	set("::1/128", "1");
	get("::1/128", NULL, "m[::1/128] = 1\n");
	done();
	/* Two numbers, letters, an enum: no addresses. */
	make("lpm_trie", "struct {u32 len; u16 vlan; u16 port;}", "u32", 4);
	set("{len=16,vlan=5}", "1");
	get("{len=16,vlan=5}", NULL, "m[{len=16,vlan=5,port=0}] = 1\n");
	done();
	make("lpm_trie", "struct {u32 len; char path[4];}", "u32", 4);
	set("{len=16,path=\"/a\"}", "1");
	get("{len=16,path=\"/a\"}", NULL, "m[{len=16,path=\"/a\"}] = 1\n");
	done();
}
END_TEST

/* The kernel writes a value for each possible CPU: with a guess for their number it would write past the memory. */
START_TEST(without_the_number_of_cpus_no_map_of_values_per_cpu_is_opened)
{
	struct bpfl_map_def def = { .size = sizeof(def), .name = "m", .type = bpfl_map_type_find("percpu_hash"),
				    .key_size = 4, .value_size = 8, .max_entries = 1 };

	fake_sys_file_error(BPFL_POSSIBLE_CPUS_PATH, ENOENT);
	CHECK_FAILS(bpfl_map_create(&def, NULL, NULL, &map, &err), err, BPFL_ERR_SYSTEM, ENOENT,
		    "map 'm' has a value for each possible CPU, and how many those are is not known");
	CHECK_HAS(err.why, BPFL_POSSIBLE_CPUS_PATH ": ");
	CHECK_HAS(err.fix, "mount -t sysfs");
	make("hash", "u32", "u64", 4);
	set("1", "2");
	done();
}
END_TEST

START_TEST(values_of_cpus_are_set_together_or_one_by_one)
{
	struct bpfl_map_words cpu2 = { .one_cpu = true, .cpu = 2 }, sum = { .sum = true },
			      cpu4 = { .one_cpu = true, .cpu = 4 };
	char *text = NULL;

	make("percpu_hash", "u32", "struct {u64 n; char who[8]; s16 d;}", 4);
	set("1", "{n=5,d=-3}");
	CHECK_OK(bpfl_map_set_text(map, "1", "{n=1,who=ann,d=1}", &cpu2, &err), err);
	get("1", NULL,
	    "m[1] cpu 0 = {n=5,who=\"\",d=-3}\nm[1] cpu 1 = {n=5,who=\"\",d=-3}\n"
	    "m[1] cpu 2 = {n=1,who=\"ann\",d=1}\nm[1] cpu 3 = {n=5,who=\"\",d=-3}\n");
	get("1", &cpu2, "m[1] cpu 2 = {n=1,who=\"ann\",d=1}\n");
	get("1", &sum, "m[1] = {n=16,who=\"ann\",d=-8}\n");
	CHECK_FAILS(bpfl_map_get_text(map, "1", &cpu4, &text, &err), err, BPFL_ERR_USAGE, ERANGE,
		    "no values of CPU 4, only of 4 CPUs");
	set("1", "{d=-32768}"); /* a sum stays in its size */
	get("1", &sum, "m[1] = {n=0,who=\"\",d=-32768}\n");
	done();
	make_untyped("percpu_hash", 4, 3, 4);
	CHECK_FAILS(bpfl_map_get_text(map, "1", &sum, &text, &err), err, BPFL_ERR_USAGE, EOPNOTSUPP,
		    "cannot be added up");
	done();
	make_untyped("hash", 4, 4, 4);
	CHECK_FAILS(bpfl_map_get_text(map, "1", &cpu2, &text, &err), err, BPFL_ERR_USAGE, ERANGE,
		    "one value for all CPUs");
	done();
}
END_TEST

static int order(const char *key, const char *member, const char *text)
{
	int ret = 99;

	CHECK_OK(bpfl_map_compare_text(map, key, member, text, &ret, &err), err);
	return ret < 0 ? -1 : ret > 0;
}

#define INCOMPARABLE(key, member, words, want_kind, want_errnum, text) \
	CHECK_FAILS(bpfl_map_compare_text(map, key, member, words, &(int){ 0 }, &err), err, want_kind, want_errnum, text)

START_TEST(values_are_compared_with_words)
{
	make("hash", "u32",
	     "struct {u64 n; s16 d; enum {LOW = 1, MIDDLE = 5, HIGH = 9} level; char who[8]; u32 slots[3]; int low : 3; "
	     "struct {bool ok; u8 n;} in;}", 4);
	set("1", "{n=18446744073709551615,d=-3,level=HIGH,who=ann,slots=[7,8,9],low=-2,in={ok=true,n=4}}");
	ck_assert_int_eq(order("1", "n", "18446744073709551614"), 1);
	ck_assert_int_eq(order("1", "d", "-2"), -1);
	ck_assert_int_eq(order("1", "d", "-3"), 0);
	ck_assert_int_eq(order("1", "level", "MIDDLE"), 1);
	ck_assert_int_eq(order("1", "level", "9"), 0);
	ck_assert_int_eq(order("1", "who", "ann"), 0);
	ck_assert_int_eq(order("1", "who", "an"), 1);
	ck_assert_int_eq(order("1", "slots[2]", "0x9"), 0);
	ck_assert_int_eq(order("1", "low", "-1"), -1);
	ck_assert_int_eq(order("1", "in.ok", "true"), 0);
	ck_assert_int_eq(order("1", "in.n", "3"), 1);
	/* words are looked at even where there is no element yet */
	INCOMPARABLE("2", "n", "1", BPFL_ERR_TARGET, ENOENT, "");
	INCOMPARABLE("2", "m", "1", BPFL_ERR_USAGE, ENOENT, "has no member 'm'");
	INCOMPARABLE("2", "n", "one", BPFL_ERR_USAGE, EINVAL, "not a number");
	INCOMPARABLE("2", "n", "1 || d==1", BPFL_ERR_USAGE, EINVAL, "not a number");
	INCOMPARABLE("2", "d", "99999", BPFL_ERR_USAGE, ERANGE, "does not fit");
	INCOMPARABLE("2", "level", "HIHG", BPFL_ERR_USAGE, EINVAL, "'HIHG'");
	INCOMPARABLE("2", "", "1", BPFL_ERR_USAGE, EINVAL, "no number and no text");
	INCOMPARABLE("2", "in", "{n=4}", BPFL_ERR_USAGE, EINVAL, "no number and no text");
	INCOMPARABLE("x", "n", "1", BPFL_ERR_USAGE, EINVAL, "key");
	done();
	make("percpu_hash", "u32", "u32", 4);
	set("1", "3");
	ck_assert_int_eq(order("1", "", "12"), 0);
	done();
	make("array", "u32", "u64[2]", 2);
	set("1", "[5,6]");
	ck_assert_int_eq(order("1", "[1]", "6"), 0);
	done();
	make_untyped("array", 4, 8, 2);
	set("1", "7");
	ck_assert_int_eq(order("1", "", "8"), -1);
	INCOMPARABLE("1", "n", "1", BPFL_ERR_USAGE, ENOENT, "have no type");
	INCOMPARABLE("1", "", "seven", BPFL_ERR_USAGE, EINVAL, "not a number");
	done();
	make_untyped("array", 4, 3, 2);
	INCOMPARABLE("1", "", "7", BPFL_ERR_USAGE, EINVAL, "no number and no text");
	done();
}
END_TEST

START_TEST(maps_in_maps_are_written_by_id_or_path)
{
	struct bpfl_map *inner;
	char words[32];
	struct bpfl_map_def def = {
		.size = sizeof(def), .type = bpfl_map_type_find("array_of_maps"), .key_size = 4, .max_entries = 4
	};

	CHECK_FAILS(bpfl_map_create(&def, NULL, NULL, &map, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "a map like those that it will hold");
	make_untyped("array", 4, 4, 1);
	inner = map;
	make_untyped("hash_of_maps", 4, 4, 4);
	snprintf(words, sizeof(words), "id %u", inner->id);
	set("1", words);
	CHECK_FAILS(bpfl_map_set_text(map, "1", "id 4711", NULL, &err), err, BPFL_ERR_TARGET, ENOENT,
		    "map 'm': there is no map with id 4711");
	CHECK_FAILS(bpfl_map_set_text(map, "1", "/none", NULL, &err), err, BPFL_ERR_TARGET, ENOENT,
		    "nothing is pinned there");
	REFUSES("1", "seven", EINVAL, "neither an id nor the path");
	CHECK_OK(bpfl_sys_obj_pin(inner->fd, "/sys/fs/bpf/inner"), err);
	set("2", "/sys/fs/bpf/inner");
	ck_assert_uint_eq(fake_sys_object(map->fd)->nr_elems, 2);
	bpfl_map_close(inner);
	done();
}
END_TEST

START_TEST(elements_are_deleted)
{
	char *text = NULL;

	make("hash", "u32", "u32", 4);
	set("1", "2");
	CHECK_OK(bpfl_map_del_text(map, "1", NULL, &text, &err), err);
	ck_assert_str_eq(text, "");
	free(text);
	CHECK_FAILS(bpfl_map_del_text(map, "1", NULL, NULL, &err), err, BPFL_ERR_TARGET, ENOENT, "no such element");
	done();
	make("array", "u32", "u32", 4);
	CHECK_FAILS(bpfl_map_del_text(map, "1", NULL, NULL, &err), err, BPFL_ERR_USAGE, EINVAL, "cannot be deleted");
	done();
}
END_TEST

/* ---- histograms ---- */

static void hist(const char *words, enum bpfl_format format, const char *want)
{
	struct bpfl_view_opts opts = { .size = sizeof(opts), .format = format, .width = 40, .words = words };
	char *text = NULL;

	CHECK_OK(bpfl_map_hist_text(map, &opts, &text, &err), err);
	ck_assert_str_eq(text, want);
	free(text);
}

static void hist_refuses(const char *words, int errnum, const char *part)
{
	struct bpfl_view_opts opts = { .size = sizeof(opts), .words = words };
	char *text = NULL;
	int ret = bpfl_map_hist_text(map, &opts, &text, &err);

	ck_assert_int_eq(ret, -errnum);
	CHECK_ERROR(err, BPFL_ERR_USAGE, errnum, part);
}

START_TEST(an_array_of_numbers_is_a_histogram)
{
	make("array", "u32", "u64", 64);
	hist(NULL, BPFL_FORMAT_TEXT, "m: 0 in all\n");
	set("1", "5");
	set("2", "10");
	set("10", "1");
	hist("unit=us", BPFL_FORMAT_TEXT,
	     "m: 16 in all, us\n"
	     "[2, 4)       5 |############           |\n"
	     "[4, 8)      10 |#######################|\n"
	     "[8, 16)      0 |                       |\n"
	     "[16, 32)     0 |                       |\n"
	     "[32, 64)     0 |                       |\n"
	     "[64, 128)    0 |                       |\n"
	     "[128, 256)   0 |                       |\n"
	     "[256, 512)   0 |                       |\n"
	     "[512, 1K)    0 |                       |\n"
	     "[1K, 2K)     1 |##                     |\n");
	set("10", "0");
	hist("linear", BPFL_FORMAT_TEXT,
	     "m: 15 in all\n"
	     "1   5 |################                |\n"
	     "2  10 |################################|\n");
	hist("linear=100", BPFL_FORMAT_JSON,
	     "{\"v\":1,\"type\":\"hist\",\"map\":\"m\",\"scale\":\"linear\",\"total\":15,\"slots\":["
	     "{\"from\":100,\"below\":200,\"count\":5},{\"from\":200,\"below\":300,\"count\":10}]}\n");
	set("63", "1"); /* the last takes all above */
	set("1", "0");
	set("2", "0");
	hist(NULL, BPFL_FORMAT_TEXT, "m: 1 in all\n[8E, ...)  1 |#########################|\n");
	hist_refuses("linear=0", EINVAL, "not a step");
	hist_refuses("none", EINVAL, "has no members");
	done();
}
END_TEST

START_TEST(values_with_arrays_are_a_histogram_each)
{
	make("hash", "struct {char comm[8]; u32 dev;}", "struct {u32 other; u32 slots[4]; char disk[8];}", 8);
	set("{comm=a,dev=1}", "{slots=[1,2],disk=sda}");
	set("{comm=b,dev=2}", "{slots=[0,0,9,1]}");
	hist(NULL, BPFL_FORMAT_TEXT,
	     "m[comm=b,dev=2]: 10 in all\n"
	     "[4, 8)    9 |##########################|\n"
	     "[8, ...)  1 |###                       |\n"
	     "m[comm=a,dev=1] disk=sda: 3 in all\n"
	     "[0, 2)  1 |##############              |\n"
	     "[2, 4)  2 |############################|\n");
	hist(NULL, BPFL_FORMAT_JSON,
	     "{\"v\":1,\"type\":\"hist\",\"map\":\"m\",\"key\":{\"comm\":\"b\",\"dev\":2},\"scale\":\"log2\",\"total\":10,\"slots\":["
	     "{\"from\":4,\"below\":8,\"count\":9},{\"from\":8,\"count\":1}]}\n"
	     "{\"v\":1,\"type\":\"hist\",\"map\":\"m\",\"key\":{\"comm\":\"a\",\"dev\":1},\"scale\":\"log2\",\"total\":3,\"slots\":["
	     "{\"from\":0,\"below\":2,\"count\":1},{\"from\":2,\"below\":4,\"count\":2}]}\n");
	hist_refuses("slot", ENOENT, "no member 'slot'");
	CHECK_HAS(err.fix, "'slots'");
	done();
}
END_TEST

START_TEST(slots_in_keys_are_grouped_by_the_rest)
{
	make("percpu_hash", "struct {char comm[8]; u32 slot;}", "u64", 8);
	set("{comm=a,slot=3}", "1");
	set("{comm=b,slot=3}", "2");
	set("{comm=a,slot=4}", "3");
	hist(NULL, BPFL_FORMAT_TEXT, /* four CPUs each */
	     "m[a]: 16 in all\n"
	     "[8, 16)     4 |########                |\n"
	     "[16, ...)  12 |########################|\n"
	     "m[b]: 8 in all\n"
	     "[8, ...)  8 |##########################|\n");
	set("{comm=a,slot=70000}", "1");
	hist_refuses(NULL, ERANGE, "slot 70000");
	done();
	make("hash", "u32", "u64", 8);
	set("2", "1");
	hist(NULL, BPFL_FORMAT_TEXT, "m: 1 in all\n[4, ...)  1 |##########################|\n");
	done();
	make("hash", "struct {u32 a; u32 b;}", "u64", 8);
	hist_refuses(NULL, EINVAL, "which part of its keys is the slot?");
	done();
	make("hash", "u32", "struct {char a[8]; u64 b; u64 c;}", 8);
	hist_refuses(NULL, EINVAL, "neither a number nor an array");
	set("1", "{b=4}");
	hist("b", BPFL_FORMAT_TEXT, "m: 4 in all\n[2, ...)  4 |##########################|\n");
	done();
}
END_TEST

/* ---- tables ---- */

static void top(const char *words, unsigned width, unsigned rows, bool sum, enum bpfl_format format, const char *want)
{
	struct bpfl_view_opts opts = {
		.size = sizeof(opts), .format = format, .width = width, .max_rows = rows, .sum = sum, .words = words
	};
	char *text = NULL;

	CHECK_OK(bpfl_map_top_text(map, &opts, &text, &err), err);
	ck_assert_str_eq(text, want);
	free(text);
}

START_TEST(a_table_is_sorted_by_a_field)
{
	struct bpfl_view_opts opts = { .size = sizeof(opts), .words = "byte" };
	char *text = NULL;

	make("hash", "struct {u32 pid; char comm[8];}", "struct {s64 calls; u64 bytes;}", 8);
	top(NULL, 0, 0, false, BPFL_FORMAT_TEXT, "PID  COMM  CALLS  BYTES\n");
	set("{pid=1,comm=init}", "{calls=-1,bytes=100}");
	set("{pid=200,comm=b}", "{calls=70,bytes=5}");
	set("{pid=3,comm=c}", "{calls=70,bytes=1000}");
	top(NULL, 0, 0, false, BPFL_FORMAT_TEXT,
	    "PID  COMM  CALLS  BYTES\n"
	    "  3  c        70   1000\n"
	    "200  b        70      5\n"
	    "  1  init     -1    100\n");
	top("bytes", 12, 2, false, BPFL_FORMAT_TEXT,
	    "PID  COMM  C\n"
	    "  3  c      \n"
	    "  1  init   \n"
	    "1 more\n");
	top("comm", 0, 1, false, BPFL_FORMAT_TEXT,
	    "PID  COMM  CALLS  BYTES\n"
	    "200  b        70      5\n"
	    "2 more\n");
	top("pid", 0, 1, false, BPFL_FORMAT_JSON,
	    "{\"v\":1,\"type\":\"top\",\"map\":\"m\",\"rank\":1,\"key\":{\"pid\":200,\"comm\":\"b\"},\"value\":{\"calls\":70,\"bytes\":5}}\n");
	CHECK_FAILS(bpfl_map_top_text(map, &opts, &text, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "no field 'byte' to sort by");
	CHECK_HAS(err.fix, "'bytes'");
	done();
}
END_TEST

START_TEST(a_table_shows_cpus_or_their_sum)
{
	struct bpfl_map_words cpu1 = { .one_cpu = true, .cpu = 1 };

	make_untyped("percpu_array", 4, 8, 2);
	CHECK_OK(bpfl_map_set_text(map, "1", "9", &cpu1, &err), err);
	top(NULL, 0, 2, false, BPFL_FORMAT_TEXT,
	    "KEY  CPU  VALUE\n"
	    "  1    1      9\n"
	    "  0    0      0\n"
	    "6 more\n");
	top("value", 0, 0, true, BPFL_FORMAT_TEXT,
	    "KEY  VALUE\n"
	    "  1      9\n"
	    "  0      0\n");
	top("key", 0, 1, true, BPFL_FORMAT_JSON,
	    "{\"v\":1,\"type\":\"top\",\"map\":\"m\",\"rank\":1,\"key\":1,\"value\":9}\n");
	done();
}
END_TEST

START_TEST(control_characters_do_not_reach_the_screen)
{
	make("hash", "char[8]", "u64", 2);
	set("hex:1b 5b 32 4a 0a 41 00 00", "1");
	top(NULL, 0, 0, false, BPFL_FORMAT_TEXT, "KEY         VALUE\n\\x1b[2J\\nA      1\n");
	done();
}
END_TEST

START_TEST(buffers_are_no_tables)
{
	struct bpfl_view_opts opts = { .size = sizeof(opts) };
	char *text = NULL;

	make_untyped("ringbuf", 0, 0, 4096);
	CHECK_FAILS(bpfl_map_top_text(map, &opts, &text, &err), err, BPFL_ERR_USAGE, EOPNOTSUPP, "a ring buffer");
	CHECK_FAILS(bpfl_map_get_text(map, NULL, NULL, &text, &err), err, BPFL_ERR_USAGE, EOPNOTSUPP, "a ring buffer");
	hist_refuses(NULL, EINVAL, "hold no histograms");
	done();
}
END_TEST

struct pieces {
	char text[400000];
	size_t size;
	unsigned nr, nr_max;
};

static int piece_take(void *ctx, const char *text, size_t size)
{
	struct pieces *pieces = ctx;

	ck_assert_uint_le(pieces->size + size, sizeof(pieces->text));
	ck_assert_uint_le(size, (64u << 10) + 100); /* and no element is cut */
	ck_assert_int_eq(text[size - 1], '\n');
	memcpy(pieces->text + pieces->size, text, size);
	pieces->size += size;
	return ++pieces->nr == pieces->nr_max ? -ENOSPC : 0;
}

START_TEST(a_large_map_comes_in_pieces)
{
	static struct pieces pieces;
	char *text = NULL;

	make("array", "u32", "u64", 10000);
	CHECK_OK(bpfl_map_text(map, NULL, &text, &err), err);
	CHECK_OK(bpfl_map_write(map, NULL, piece_take, &pieces, &err), err);
	ck_assert_uint_gt(pieces.nr, 1);
	ck_assert_uint_eq(pieces.size, strlen(text));
	ck_assert_mem_eq(pieces.text, text, pieces.size);
	free(text);
	pieces = (struct pieces){ .nr_max = 1 };
	ck_assert_int_eq(bpfl_map_write(map, NULL, piece_take, &pieces, &err), -ENOSPC);
	ck_assert_uint_eq(pieces.nr, 1);
	done();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_key_is_written_as_it_is_shown,
		bytes_without_a_type_are_numbers_or_hex,
		a_tries_key_is_an_address_with_a_length,
		a_tries_key_of_a_type_is_an_address_too,
		without_the_number_of_cpus_no_map_of_values_per_cpu_is_opened,
		values_of_cpus_are_set_together_or_one_by_one,
		values_are_compared_with_words,
		maps_in_maps_are_written_by_id_or_path,
		elements_are_deleted,
		an_array_of_numbers_is_a_histogram,
		values_with_arrays_are_a_histogram_each,
		slots_in_keys_are_grouped_by_the_rest,
		a_table_is_sorted_by_a_field,
		a_table_shows_cpus_or_their_sum,
		control_characters_do_not_reach_the_screen,
		buffers_are_no_tables,
		a_large_map_comes_in_pieces,
	};
	return bpfl_test_main(BPFL_TEST_SUITE("event map words", tests));
}
