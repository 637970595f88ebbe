/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From bytes to lines: forms of fields, tables, JSON, short records, filters. The object is put together by
 * hand, its types are a line of C.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "bpfload/decode.h"
#include "btfc.h"
#include "event/decode.h"
#include "event/filter.h"
#include "specgen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct bpfl_decoder *decoder;
static struct bpfl_decoder_opts opts;

/* An object with the ring buffer "events" of type "struct event". */
static void start(const char *types)
{
	setenv("TZ", "UTC", 1);
	spec = specgen_new("obj");
	spec->btf = btfc_read(types, false);
	specgen_map(spec, "events", BPFL_MAP_BTF, BPFL_MAP_TYPE_RINGBUF, 0, 0, 4096)->value_type_id =
		btfc_id(spec->btf, "struct event");
	memset(&opts, 0, sizeof(opts));
	opts.size = sizeof(opts);
	decoder = NULL;
}

static void done(void)
{
	bpfl_decoder_destroy(decoder);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}

static void make(void)
{
	bpfl_decoder_destroy(decoder);
	decoder = NULL;
	CHECK_OK(bpfl_decoder_create(spec, &opts, &decoder, &err), err);
}

static const char *line(const void *data, size_t size)
{
	static char copy[65536];
	struct bpfl_record record = {
		.kind = BPFL_RECORD_DATA, .source = "events", .cpu = -1, .data = data, .size = size
	};
	const char *text;
	size_t text_size;
	int ret = bpfl_decoder_text(decoder, &record, &text, &text_size);

	ck_assert_int_ge(ret, 0);
	if (ret == 0)
		return "(filtered)";
	ck_assert_uint_lt(text_size, sizeof(copy));
	memcpy(copy, text, text_size);
	copy[text_size] = '\0';
	return copy;
}

#define LINE(value) line(&(value), sizeof(value))

/* ---- tables and JSON ---- */

struct event {
	uint32_t pid;
	char comm[8];
	int32_t ret;
};
static const char event_types[] = "struct event { u32 pid; char comm[8]; s32 ret; };";

START_TEST(a_table_has_a_heading_and_columns)
{
	struct event event = { 17, "bash", -2 };

	start(event_types);
	make();
	ck_assert_str_eq(bpfl_decoder_note(decoder, 0),
			 "events: decoding as struct event (rule 2, the map's value type; --event overrides)");
	ck_assert_ptr_null(bpfl_decoder_note(decoder, 1));
	ck_assert_str_eq(bpfl_decoder_header(decoder), "PID     COMM             RET\n");
	ck_assert_str_eq(LINE(event), "17      bash             -2\n");
	event.pid = 4000000000;
	ck_assert_str_eq(LINE(event), "4000000000 bash          -2\n"); /* too wide: the next one gives up its blanks */
	done();
}
END_TEST

START_TEST(json_has_types_and_versions)
{
	struct event event = { 17, "a\"b\n", -2 };

	start(event_types);
	opts.format = BPFL_FORMAT_JSON;
	make();
	ck_assert_str_eq(bpfl_decoder_header(decoder), "");
	ck_assert_str_eq(LINE(event), "{\"v\":1,\"type\":\"event\",\"map\":\"events\","
				      "\"event\":{\"pid\":17,\"comm\":\"a\\\"b\\n\",\"ret\":-2}}\n");
	done();
}
END_TEST

START_TEST(columns_are_chosen_ordered_and_named)
{
	static const char *const columns[] = { "ret:RESULT", "pid" };
	struct event event = { 17, "bash", -2 };

	start(event_types);
	opts.columns = columns;
	opts.nr_columns = 2;
	make();
	ck_assert_str_eq(bpfl_decoder_header(decoder), "RESULT  PID\n");
	ck_assert_str_eq(LINE(event), "-2      17\n");
	opts.format = BPFL_FORMAT_JSON;
	make();
	ck_assert_str_eq(LINE(event),
			 "{\"v\":1,\"type\":\"event\",\"map\":\"events\",\"event\":{\"ret\":-2,\"pid\":17}}\n");
	done();
}
END_TEST

START_TEST(a_member_that_is_not_there_is_refused)
{
	static const char *const columns[] = { "pdi" };

	start(event_types);
	opts.columns = columns;
	opts.nr_columns = 1;
	CHECK_FAILS(bpfl_decoder_create(spec, &opts, &decoder, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "--columns: no event has a member 'pdi'");
	CHECK_HAS(err.fix, "'pid'");
	opts.nr_columns = 0;
	opts.filter = "com == bash";
	CHECK_FAILS(bpfl_decoder_create(spec, &opts, &decoder, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "--filter: no event has a member 'com'");
	CHECK_HAS(err.fix, "'comm'");
	done();
}
END_TEST

START_TEST(a_map_that_is_not_there_is_refused)
{
	static const char *events[] = { "evnts=u32" };

	start(event_types);
	opts.events = events;
	opts.nr_events = 1;
	CHECK_FAILS(bpfl_decoder_create(spec, &opts, &decoder, &err), err, BPFL_ERR_USAGE, ENOENT, "no map 'evnts'");
	CHECK_HAS(err.fix, "'events'");
	events[0] = "events";
	CHECK_FAILS(bpfl_decoder_create(spec, &opts, &decoder, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "'events' is not MAP=TYPE");
	CHECK_HAS(err.fix, "--event 'events=events'");
	done();
}
END_TEST

/* ---- records that do not have the length of their type ---- */

START_TEST(a_short_record_is_marked)
{
	struct event event = { 17, "bash", -2 };

	start(event_types);
	make();
	ck_assert_str_eq(line(&event, 12), "17      bash             <cut>\n");
	ck_assert_str_eq(line(&event, 14), "17      bash             <cut>\n");
	ck_assert_str_eq(line(&event, 6), "17      ba               <cut>\n");
	ck_assert_str_eq(line(&event, 0), "<cut>   <cut>            <cut>\n");
	opts.format = BPFL_FORMAT_JSON;
	make();
	ck_assert_str_eq(line(&event, 12), "{\"v\":1,\"type\":\"event\",\"map\":\"events\","
					   "\"event\":{\"pid\":17,\"comm\":\"bash\"},\"cut\":true}\n");
	ck_assert_str_eq(line(&event, 0),
			 "{\"v\":1,\"type\":\"event\",\"map\":\"events\",\"event\":{},\"cut\":true}\n");
	done();
}
END_TEST

START_TEST(a_string_at_the_end_may_be_many)
{
	struct { uint32_t pid; char args[24]; } event = { 1, "ls\0-l\0/tmp\0garbage" };

	start("struct event { u32 pid; char args[24]; };");
	make();
	/* Whole: up to the first NUL. Shorter: so many strings were sent. */
	ck_assert_str_eq(LINE(event), "1       ls\n");
	ck_assert_str_eq(line(&event, 4 + 11), "1       ls -l /tmp\n");
	ck_assert_str_eq(line(&event, 4), "1\n");
	done();
	start("struct event { u32 pid; char args[]; };");
	make();
	ck_assert_str_eq(line(&event, 4 + 11), "1       ls -l /tmp\n");
	ck_assert_str_eq(line(&event, 4 + 4), "1       ls -\n");
	done();
}
END_TEST

START_TEST(a_length_member_bounds_its_array)
{
	struct { uint32_t args_size; char args[16]; } event = { 6, "ls\0-l\0garbage" };

	start("struct event { u32 args_size; char args[16]; };");
	make();
	ck_assert_str_eq(bpfl_decoder_header(decoder), "ARGS\n"); /* the length goes without saying */
	ck_assert_str_eq(LINE(event), "ls -l\n");
	event.args_size = UINT32_MAX;
	ck_assert_str_eq(LINE(event), "ls -l garbage\n");
	event.args_size = 0;
	ck_assert_str_eq(LINE(event), "\n");
	opts.format = BPFL_FORMAT_JSON;
	make();
	event.args_size = 6;
	ck_assert_str_eq(LINE(event), "{\"v\":1,\"type\":\"event\",\"map\":\"events\",\"event\":{\"args_size\":6,"
				      "\"args\":\"ls -l\"}}\n");
	done();
}
END_TEST

START_TEST(padding_of_a_perf_buffer_is_no_text)
{
	struct bpfl_record record = {
		.kind = BPFL_RECORD_DATA, .source = "events", .cpu = 1, .data = "\1\0\0\0ls\0-l\0XYZ", .size = 13
	};
	const char *text;
	size_t size;

	start("struct event { u32 pid; char args[64]; };");
	spec->maps.items[0].type = BPFL_MAP_TYPE_PERF_EVENT_ARRAY;
	opts.events = (const char *const[]){ "events=struct event" }; /* nothing sends: it would be left out */
	opts.nr_events = 1;
	make();
	ck_assert_int_eq(bpfl_decoder_text(decoder, &record, &text, &size), 1);
	ck_assert_uint_eq(size, strlen("1       ls -l\n"));
	ck_assert_mem_eq(text, "1       ls -l\n", size);
	done();
}
END_TEST

/* ---- forms ---- */

START_TEST(kinds_of_fields)
{
	struct __attribute__((packed)) {
		uint8_t flag;
		char letter;
		uint32_t kind;
		uint8_t a_b;
		uint64_t pointer;
		uint16_t list[3];
		struct { int32_t x; uint16_t y; } in;
		union { uint32_t one; uint8_t two; };
	} event = { 1, 'x', 2, 0x2b, 0xffff0, { 1, 2, 3 }, { -7, 8 }, { 513 } };
	static const char types[] = "enum kind { EXEC = 1, EXIT };"
				    "struct event { bool flag; char letter; enum kind kind; u8 a : 3; u8 b : 5; void *pointer; u16 list[3];"
				    "struct in { s32 x; u16 y; } in; union { u32 one; u8 two; }; };";

	start(types);
	opts.events = (const char *const[]){
		"events=struct {bool flag; char letter; enum kind kind; u8 a:3, b:5; void *pointer; u16 list[3];"
		"struct {s32 x; u16 y;} in; union {u32 one; u8 two;};} __packed"
	};
	opts.nr_events = 1;
	make();
	ck_assert_str_eq(bpfl_decoder_header(decoder),
			 "FLAG  LETTER KIND A    B    POINTER            LIST             IN.X    IN.Y   ONE     TWO\n");
	ck_assert_str_eq(LINE(event),
			 "true  x      EXIT 3    5    0xffff0            [1,2,3]          -7      8      513     1\n");
	event.kind = 9;
	opts.format = BPFL_FORMAT_JSON;
	make();
	ck_assert_str_eq(LINE(event), "{\"v\":1,\"type\":\"event\",\"map\":\"events\",\"event\":{\"flag\":true,"
				      "\"letter\":120,\"kind\":9,\"a\":3,"
				      "\"b\":5,\"pointer\":\"0xffff0\",\"list\":[1,2,3],\"in\":{\"x\":-7,\"y\":8},"
				      "\"one\":513,\"two\":1}}\n");
	done();
}
END_TEST

START_TEST(floating_point_numbers)
{
	struct {
		float narrow;
		double wide;
		uint32_t after;
	} __attribute__((packed)) event = { -1.5f, 0.1, 7 };

	start("struct event { u32 x; };");
	opts.events = (const char *const[]){ "events=struct {float narrow; double wide; u32 after;} __packed" };
	opts.nr_events = 1;
	opts.format = BPFL_FORMAT_JSON;
	make();
	ck_assert_str_eq(LINE(event), "{\"v\":1,\"type\":\"event\",\"map\":\"events\",\"event\":"
				      "{\"narrow\":-1.5,\"wide\":0.1,\"after\":7}}\n");
	ck_assert_ptr_nonnull(strstr(line(&event, 6), "\"narrow\":-1.5,\"wide\":\"<cut>\"},\"cut\":true}\n"));
	done();
}
END_TEST

START_TEST(addresses_and_numbers_in_other_forms)
{
	struct {
		uint8_t saddr[4], daddr6[16], mac[6], dport[2];
		uint32_t flags;
		int32_t error;
		uint32_t sig;
		uint64_t took, size;
	} event = { { 10, 0, 0, 1 }, { 0xfe, 0x80, [15] = 1 }, { 2, 0, 0xab, 0, 0, 9 }, { 0x1f, 0x90 }, 255, -2, 9, 1500000, 3 << 20 };
	static const char *const forms[] = { "saddr=ipv4",  "daddr6=ipv6", "mac=mac",       "dport=port", "flags=hex",
					     "error=errno", "sig=signal",  "took=duration", "size=bytes" };

	start("struct event { u8 saddr[4]; u8 daddr6[16]; u8 mac[6]; u16 dport; u32 flags; s32 error; u32 sig; u64 "
	      "took; u64 size; };");
	opts.forms = forms;
	opts.nr_forms = NR(forms);
	make();
	ck_assert_str_eq(LINE(event),
			 "10.0.0.1        fe80::1                    02:00:ab:00:00:09 8080  0xff               "
			 "-ENOENT      SIGKILL   1.50ms    3.00MiB\n");
	opts.format = BPFL_FORMAT_JSON;
	make();
	CHECK_HAS(LINE(event),
		  "\"saddr\":\"10.0.0.1\",\"daddr6\":\"fe80::1\",\"mac\":\"02:00:ab:00:00:09\",\"dport\":8080,"
		  "\"flags\":\"0xff\",\"error\":\"-ENOENT\",\"sig\":\"SIGKILL\",\"took\":1500000,\"size\":3145728");
	/* By their names. */
	opts.forms = (const char *const[]){ "auto" };
	opts.nr_forms = 1;
	make();
	CHECK_HAS(LINE(event), "\"saddr\":\"10.0.0.1\",\"daddr6\":\"fe80::1\",\"mac\":\"02:00:ab:00:00:09\"");
	done();
}
END_TEST

static const struct {
	uint8_t bytes[16];
	const char *text;
} addresses[] = {
	{ { 0 }, "::" },
	{ { [15] = 1 }, "::1" },
	{ { 0x20, 1, 0xd, 0xb8, [15] = 0xff }, "2001:db8::ff" },
	{ { [10] = 0xff, 0xff, 192, 168, 0, 1 }, "::ffff:192.168.0.1" },
	{ { 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4, 0, 5 }, "1:0:2::3:4:5" },
	{ { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8 }, "1:2:3:4:5:6:7:8" },
	{ { 0, 1, [15] = 0 }, "1::" },
};

START_TEST(ipv6_is_short)
{
	char want[64];

	start("struct event { u8 a[16]; };");
	opts.forms = (const char *const[]){ "a=ipv6" };
	opts.nr_forms = 1;
	make();
	snprintf(want, sizeof(want), "%s\n", addresses[_i].text);
	ck_assert_str_eq(line(addresses[_i].bytes, 16), want);
	done();
}
END_TEST

START_TEST(forms_that_do_not_fit_are_refused)
{
	static const struct { const char *form; int errnum; const char *message; } rows[] = {
		{ "pid=ipv6", EINVAL, "'pid' has 4 bytes" }, { "pid=nonsense", EINVAL, "is not MEMBER=FORM" },
		{ "pid", EINVAL, "is not MEMBER=FORM" },     { "x=hex", ENOENT, "no event has a member 'x'" },
	};

	start(event_types);
	opts.forms = &rows[_i].form;
	opts.nr_forms = 1;
	CHECK_FAILS(bpfl_decoder_create(spec, &opts, &decoder, &err), err, BPFL_ERR_USAGE, rows[_i].errnum,
		    rows[_i].message);
	done();
}
END_TEST

START_TEST(gadgets_say_how_they_are_meant)
{
	struct {
		uint8_t addr[16];
		uint16_t port, proto;
		uint8_t version, pad[3];
		uint32_t error_raw, pad2;
	} event = { { 10, 1, 2, 3 }, 443, 6, 4, { 0 }, 13, 0 };

	start("typedef u32 gadget_errno; union gadget_ip_addr_t { u8 v6[16]; u32 v4; };"
	      "struct gadget_l4endpoint_t { union gadget_ip_addr_t addr_raw; u16 port; u16 proto_raw; u8 version; };"
	      "struct event { struct gadget_l4endpoint_t dst; gadget_errno error_raw; };");
	make();
	ck_assert_str_eq(bpfl_decoder_header(decoder), "DST                   ERROR\n");
	ck_assert_str_eq(LINE(event), "10.1.2.3:443          EACCES\n");
	event.version = 6;
	opts.format = BPFL_FORMAT_JSON;
	make();
	CHECK_HAS(LINE(event),
		  "\"dst\":{\"addr\":\"a01:203::\",\"port\":443,\"proto_raw\":6,\"proto\":\"TCP\",\"version\":6},"
		  "\"error_raw\":13,\"error\":\"EACCES\"");
	done();
}
END_TEST

START_TEST(control_characters_do_not_get_through)
{
	struct event event = { 1, "\x1b[1m\\\t", 0 };

	start(event_types);
	make();
	ck_assert_str_eq(LINE(event), "1       \\x1b[1m\\\\\\t      0\n");
	done();
}
END_TEST

/* ---- no type, several types ---- */

START_TEST(without_a_type_bytes_are_shown)
{
	static const char bytes[] = "hello, \x01 world of bytes";

	start(event_types);
	opts.raw = true;
	make();
	ck_assert_str_eq(bpfl_decoder_header(decoder), "");
	ck_assert_str_eq(line(bytes, 18), "events: 18 bytes\n"
					  "  0000  68 65 6c 6c 6f 2c 20 01 20 77 6f 72 6c 64 20 6f  |hello, . world o|\n"
					  "  0010  66 20                                            |f |\n");
	opts.format = BPFL_FORMAT_JSON;
	make();
	ck_assert_str_eq(line(bytes, 3),
			 "{\"v\":1,\"type\":\"event\",\"map\":\"events\",\"size\":3,\"hex\":\"68656c\"}\n");
	done();
}
END_TEST

START_TEST(a_member_tells_the_type)
{
	struct { uint32_t type; char comm[8]; } started = { 1, "a b" };
	struct { uint32_t type; int32_t code; } ended = { 2, -9 };

	start("struct event { u32 x; }; struct started { u32 type; char comm[8]; }; struct ended { u32 type; s32 code; "
	      "};");
	opts.events = (const char *const[]){ "events=type:u32{1:struct started,2:struct ended}" };
	opts.nr_events = 1;
	make();
	ck_assert_str_eq(bpfl_decoder_header(decoder), "");
	ck_assert_str_eq(LINE(started), "started type=1 comm=\"a b\"\n");
	ck_assert_str_eq(LINE(ended), "ended type=2 code=-9\n");
	ended.type = 3;
	CHECK_HAS(LINE(ended), "events: 8 bytes\n");
	CHECK_HAS(line("\1", 1), "events: 1 bytes\n");
	/* A filter on a member that one of them has. */
	opts.filter = "code < 0";
	make();
	ended.type = 2;
	ck_assert_str_eq(LINE(started), "(filtered)");
	ck_assert_str_eq(LINE(ended), "ended type=2 code=-9\n");
	/* One table over both. */
	opts.filter = NULL;
	opts.columns = (const char *const[]){ "type", "comm", "code" };
	opts.nr_columns = 3;
	make();
	ck_assert_str_eq(bpfl_decoder_header(decoder), "TYPE    COMM             CODE\n");
	ck_assert_str_eq(LINE(started), "1       a b              -\n");
	ck_assert_str_eq(LINE(ended), "2       -                -9\n");
	opts.format = BPFL_FORMAT_JSON;
	make();
	CHECK_HAS(LINE(ended), "\"event_type\":\"ended\",\"event\":{\"type\":2,\"code\":-9}");
	done();
}
END_TEST

START_TEST(losses_and_streams_have_words)
{
	struct bpfl_record lost = { .kind = BPFL_RECORD_LOST, .source = "events", .cpu = 1, .nr_lost = 12 };
	struct bpfl_record stream = {
		.kind = BPFL_RECORD_STREAM_STDERR, .source = "prog", .cpu = -1, .data = "a\nb\x1b", .size = 4
	};
	const char *text;
	size_t size;

	start(event_types);
	make();
	ck_assert_int_eq(bpfl_decoder_text(decoder, &lost, &text, &size), 1);
	ck_assert_mem_eq(text, "events: 12 events lost on CPU 1\n", size);
	ck_assert_int_eq(bpfl_decoder_text(decoder, &stream, &text, &size), 1);
	ck_assert_mem_eq(text, "a\nb\\x1b\n", size);
	opts.format = BPFL_FORMAT_JSON;
	make();
	ck_assert_int_eq(bpfl_decoder_text(decoder, &lost, &text, &size), 1);
	ck_assert_mem_eq(text, "{\"v\":1,\"type\":\"lost\",\"map\":\"events\",\"cpu\":1,\"count\":12}\n", size);
	ck_assert_int_eq(bpfl_decoder_text(decoder, &stream, &text, &size), 1);
	ck_assert_mem_eq(text,
			 "{\"v\":1,\"type\":\"stream\",\"prog\":\"prog\",\"stream\":\"stderr\",\"text\":"
			 "\"a\\nb\\u001b\"}\n",
			 size);
	done();
}
END_TEST

START_TEST(times_are_shown)
{
	struct event event = { 1, "a", 0 };

	start(event_types);
	opts.time = BPFL_TIME_REL;
	make();
	ck_assert_str_eq(bpfl_decoder_header(decoder), "TIME         PID     COMM             RET\n");
	ck_assert_mem_eq(LINE(event), "0.0", 3);
	bpfl_decoder_set_start(decoder, 0); /* then it is what CLOCK_MONOTONIC says */
	ck_assert_int_ge(atoi(LINE(event)), (int)(bpfl_clock_ns(CLOCK_MONOTONIC) / 1000000000) - 1);
	opts.time = BPFL_TIME_WALL;
	make();
	ck_assert_int_eq(LINE(event)[2], ':');
	ck_assert_int_eq(LINE(event)[8], '.');
	opts.format = BPFL_FORMAT_JSON;
	make();
	CHECK_HAS(LINE(event), "{\"v\":1,\"type\":\"event\",\"time\":\"20");
	done();
}
END_TEST

/* ---- filters ---- */

/* pid 17, comm "sshd", ret -2, flags 0x12, kind EXIT (2), addr 10.0.0.1, ok true, in.x 5, big 2^63 */
static const char filter_types[] = "enum kind { EXEC = 1, EXIT, LATE = 7, LEAVE = 2 };"
				   "struct event { u32 pid; char comm[8]; s32 ret; u32 flags; enum kind kind; u8 addr[4]; bool ok;"
				   "struct in { u32 x; } in; u64 big; };";
static const struct {
	uint32_t pid;
	char comm[8];
	int32_t ret;
	uint32_t flags, kind;
	uint8_t addr[4], ok;
	uint32_t x;
	uint64_t big;
} sample = { 17, "sshd", -2, 0x12, 2, { 10, 0, 0, 1 }, 1, 5, 1ull << 63 };

static const struct {
	const char *text;
	bool passes;
} filters[] = {
	{ "pid==17", true }, { "pid == 0x11", true }, { "pid = 17", true }, { "pid!=17", false }, { "pid>16", true }, { "pid>17", false },
	{ "pid>=17", true }, { "pid<17", false }, { "pid<=17", true }, { "17 == pid", true }, { "16 > pid", false },
	{ "pid", true }, { "!pid", false }, { "comm", true }, { "comm==sshd", true }, { "comm == \"sshd\"", true }, { "comm == 'sshd'", true },
	{ "comm==ssh", false }, { "comm!=ssh", true }, { "comm~ssh", true }, { "comm~\"^ssh.$\"", true }, { "comm~^sh", false },
	{ "comm!~\"sh\"", false }, { "comm~d$", true }, { "comm~^(bash|sshd)$,pid==17", true }, { "comm~^s{2,3}h", true },
	{ "(comm~^ssh)", true }, { "comm~[,)s]h && ret<0", true }, { "comm~SSH", false }, { "comm~(?i)SSH", true }, { "pid~^\\d\\d$", true },
	{ "comm!~^(a|b)$||pid==1", true }, { "comm ~ 'ss|x y'", true }, { "comm~\"\\w+d\"", true }, { "ret==-2", true }, { "ret<0", true }, { "ret > -3", true }, { "ret < -2", false },
	{ "flags & 0x10", true }, { "flags & 4", false }, { "flags & 0x1f == 0x12", true }, { "!(flags & 2)", false },
	{ "kind==EXIT", true }, { "kind == 2", true }, { "kind!=EXEC", true }, { "kind > EXEC", true }, { "kind < LATE", true },
	{ "kind ~ EX*", true }, { "kind==EXEC", false }, { "addr==10.0.0.1", true }, { "addr~10.*", true }, { "addr==10.0.0.2", false },
	{ "ok", true }, { "ok==true", true }, { "ok==1", true }, { "in.x==5", true }, { "x==5", true },
	{ "big > 5", true }, { "big == 9223372036854775808", true }, { "big > -1", true }, { "ret < big", true },
	{ "pid==17 && comm~\"^ssh\"", true }, { "pid==17&&ret>0", false }, { "pid==1 || comm==sshd", true },
	{ "pid==1 || comm==x || ret==-2", true }, { "pid==1 && comm==x || ret==-2", true }, { "pid==1 && (comm==x || ret==-2)", false },
	{ "!pid==17", false }, { "!(pid==1)", true }, { "!!ok", true }, { "pid==17,ret<0", true }, { "pid==17,ret>0", false },
	{ "kind==LEAVE", true }, { "kind!=LEAVE", false }, { "kind >= LEAVE", true }, { "kind==\"2\"", false }, { "pid==\"17\"", true },
	{ "pid > in.x", true }, { "comm == comm", true }, { "comm==\"a\\\"b\"", false },
};

START_TEST(filters_decide)
{
	start(filter_types);
	opts.filter = filters[_i].text;
	opts.forms = (const char *const[]){ "addr=ipv4" };
	opts.nr_forms = 1;
	make();
	ck_assert_msg((strcmp(LINE(sample), "(filtered)") != 0) == filters[_i].passes, "%s", filters[_i].text);
	line(&sample, 0); /* nothing to compare: either answer, without a crash */
	done();
}
END_TEST

static const struct {
	const char *text, *message;
} bad_filters[] = {
	{ "", "a field or a value expected" }, { "pid==", "at character 6: a field or a value expected" },
	{ "(pid==1", "')' expected" }, { "pid==1)", "at character 7: an operator expected" }, { "pid 1", "an operator expected" },
	{ "pid==1 &&", "a field or a value expected" }, { "pid==\"x", "a quote is missing" }, { "flags & x", "'&' takes a number" },
	{ "flags & 0", "'&' takes a number" }, { "comm~(a", "is no regular expression" }, { "comm~", "a regular expression expected" },
	{ "comm~a\\", "'a\\' is no regular expression: Trailing backslash" },
	{ "comm~\"x", "a quote is missing" }, { "comm < zz", "'zz' is no number to compare 'comm' with" },
	{ "kind==EXITT", "'EXITT' is no value of 'kind'" }, { "pid==1||kind!=EXITT", "'EXITT' is no value of 'kind'" },
	{ "pid==bash", "'bash' is no number to compare 'pid' with" }, { "ok==yes", "'yes' is no number to compare 'ok' with" },
	{ "comm < 5", "'comm' is no number to compare with '5'" }, { "pid > comm", "is no number to compare" }, { "in.x==1.5", "'1.5' is no number" },
	{ "pid == 1 || || 2", "a field or a value expected" }, { "&&", "a field or a value expected" },
	{ "((((((((((((((((((((((((((((((((((((((((pid", "nested too deeply" },
};

START_TEST(filters_that_are_none_are_refused)
{
	start(filter_types);
	opts.filter = bad_filters[_i].text;
	CHECK_FAILS(bpfl_decoder_create(spec, &opts, &decoder, &err), err, BPFL_ERR_USAGE, EINVAL,
		    bad_filters[_i].message);
	done();
}
END_TEST

START_TEST(a_filter_of_any_length_ends)
{
	char text[4096] = "pid==1";

	start(filter_types);
	while (strlen(text) < 4000)
		strcat(text, "||pid==1");
	opts.filter = text;
	CHECK_FAILS(bpfl_decoder_create(spec, &opts, &decoder, &err), err, BPFL_ERR_USAGE, EINVAL, "too long");
	done();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_table_has_a_heading_and_columns,
		json_has_types_and_versions,
		columns_are_chosen_ordered_and_named,
		a_member_that_is_not_there_is_refused,
		a_map_that_is_not_there_is_refused,
		a_short_record_is_marked,
		a_string_at_the_end_may_be_many,
		a_length_member_bounds_its_array,
		padding_of_a_perf_buffer_is_no_text,
		kinds_of_fields,
		floating_point_numbers,
		addresses_and_numbers_in_other_forms,
		gadgets_say_how_they_are_meant,
		control_characters_do_not_get_through,
		without_a_type_bytes_are_shown,
		a_member_tells_the_type,
		losses_and_streams_have_words,
		times_are_shown,
		a_filter_of_any_length_ends,
	};
	Suite *suite = BPFL_TEST_SUITE("event decode", tests);

	bpfl_test_add_loop(suite, "ipv6", ipv6_is_short, NR(addresses));
	bpfl_test_add_loop(suite, "forms", forms_that_do_not_fit_are_refused, 4);
	bpfl_test_add_loop(suite, "filters", filters_decide, NR(filters));
	bpfl_test_add_loop(suite, "bad filters", filters_that_are_none_are_refused, NR(bad_filters));
	return bpfl_test_main(suite);
}
