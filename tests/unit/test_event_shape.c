/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which type do a map's records have: each rule, what it must not take, and what the instructions say about sizes.
 */
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include "btfc.h"
#include "btfgen.h"
#include "event/shape.h"
#include "specgen.h"

#define HELPER_PERF_OUTPUT 25
#define HELPER_RING_OUTPUT 130
#define HELPER_RING_RESERVE 131
#define HELPER_RING_SUBMIT 132

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct bpfl_shape shape;

static void start(const char *types)
{
	spec = specgen_new("obj");
	spec->btf = types ? btfc_read(types, false) : NULL;
	specgen_map(spec, "events", BPFL_MAP_BTF, BPFL_MAP_TYPE_RINGBUF, 0, 0, 4096);
	specgen_map(spec, "other", BPFL_MAP_BTF, BPFL_MAP_TYPE_RINGBUF, 0, 0, 4096);
	memset(&shape, 0, sizeof(shape));
}

static void done(void)
{
	bpfl_shape_deinit(&shape);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}

static void find(const char *told)
{
	bpfl_shape_deinit(&shape);
	CHECK_OK(bpfl_shape_find(&shape, spec, 0, told, &err), err);
}

/* The shape is one type of the object, by that rule. */
static void is(enum bpfl_shape_rule rule, const char *type)
{
	ck_assert_msg(shape.rule == rule, "rule %d (%s), not %d", shape.rule, shape.why, rule);
	ck_assert_uint_eq(shape.cases.nr, type ? 1 : 0);
	if (type)
		ck_assert_str_eq(bpfl_btf_name(shape.cases.items[0].btf, shape.cases.items[0].type_id), type);
}

/* ---- instructions ---- */

static void insn(uint32_t func, uint32_t idx, uint8_t code, unsigned dst, unsigned src, int16_t off, int32_t imm)
{
	spec->funcs.items[func].insts[idx].insn = bpfl_insn_make(code, dst, src, off, imm);
}

/* r1 = map ll; r2 = size; call reserve. The map register is r1 as specgen_ref() makes it. */
static void reserves(uint32_t map, int32_t size)
{
	uint32_t func = specgen_func(spec, "f", 6);

	specgen_ref(spec, func, 0, BPFL_REF_MAP, map, 0);
	insn(func, 2, BPFL_CODE_MOV64_K, 2, 0, 0, size);
	insn(func, 3, BPFL_CODE_MOV64_K, 3, 0, 0, 0);
	insn(func, 4, BPFL_CODE_CALL, 0, 0, 0, HELPER_RING_RESERVE);
}

START_TEST(sizes_are_read_from_calls)
{
	struct bpfl_map_usage usage;

	start(NULL);
	reserves(0, 24);
	reserves(0, 24);
	reserves(0, 40);
	reserves(1, 8);
	bpfl_map_usage_read(spec, 0, &usage);
	ck_assert(usage.sends);
	ck_assert(!usage.any_size);
	ck_assert_uint_eq(usage.nr_sizes, 2);
	ck_assert_uint_eq(usage.sizes[0], 24);
	ck_assert_uint_eq(usage.sizes[1], 40);
	done();
}
END_TEST

START_TEST(a_register_is_followed_through_moves)
{
	struct bpfl_map_usage usage;
	uint32_t func;

	start(NULL);
	/* r6 = map; call 5; r1 = r6; r7 = 16; r5 = r7; r2 = r6; call perf_event_output(r2, r5) */
	func = specgen_func(spec, "f", 10);
	specgen_ref(spec, func, 0, BPFL_REF_MAP, 0, 0);
	spec->funcs.items[func].insts[0].insn.regs = bpfl_insn_regs(6, 0);
	insn(func, 2, BPFL_CODE_CALL, 0, 0, 0, 5);
	insn(func, 3, BPFL_CODE_MOV64_K, 7, 0, 0, 16);
	insn(func, 4, 0xbf, 5, 7, 0, 0);
	insn(func, 5, 0xbf, 2, 6, 0, 0);
	insn(func, 6, BPFL_CODE_MOV64_K, 4, 0, 0, 0);
	insn(func, 7, BPFL_CODE_CALL, 0, 0, 0, HELPER_PERF_OUTPUT);
	bpfl_map_usage_read(spec, 0, &usage);
	ck_assert(usage.sends);
	ck_assert_uint_eq(usage.nr_sizes, 1);
	ck_assert_uint_eq(usage.sizes[0], 16);
	done();
}
END_TEST

START_TEST(an_unsure_size_is_no_constant)
{
	struct bpfl_map_usage usage;
	uint32_t func;

	start(NULL);
	/* r2 = 16; if r0 == 0 goto +1; r2 = 32; call: two ways lead to the call. */
	func = specgen_func(spec, "joined", 8);
	insn(func, 0, BPFL_CODE_MOV64_K, 2, 0, 0, 16);
	insn(func, 1, 0x15, 0, 0, 1, 0);
	insn(func, 2, BPFL_CODE_MOV64_K, 2, 0, 0, 32);
	specgen_ref(spec, func, 3, BPFL_REF_MAP, 0, 0);
	insn(func, 5, BPFL_CODE_CALL, 0, 0, 0, HELPER_RING_RESERVE);
	bpfl_map_usage_read(spec, 0, &usage);
	ck_assert(usage.sends && usage.any_size);
	ck_assert_uint_eq(usage.nr_sizes, 0);
	/* r3 loaded from memory; and a call that destroyed it. */
	func = specgen_func(spec, "loaded", 8);
	insn(func, 0, 0x79, 3, 10, -8, 0);
	specgen_ref(spec, func, 1, BPFL_REF_MAP, 1, 0);
	insn(func, 3, BPFL_CODE_CALL, 0, 0, 0, HELPER_RING_OUTPUT);
	insn(func, 4, BPFL_CODE_CALL, 0, 0, 0, HELPER_RING_OUTPUT); /* r1 is gone: which map is not known */
	bpfl_map_usage_read(spec, 1, &usage);
	ck_assert(usage.sends && usage.any_size);
	ck_assert_uint_eq(usage.nr_sizes, 0);
	done();
}
END_TEST

START_TEST(records_that_wake_nobody_are_seen_in_the_flags)
{
	uint32_t func;

	start(NULL);
	reserves(0, 16); /* its flags mean nothing */
	ck_assert(!bpfl_usage_is_silent(spec));
	func = specgen_func(spec, "submits", 4);
	insn(func, 0, BPFL_CODE_MOV64_K, 2, 0, 0, 2); /* BPF_RB_FORCE_WAKEUP */
	insn(func, 1, BPFL_CODE_CALL, 0, 0, 0, HELPER_RING_SUBMIT);
	ck_assert(!bpfl_usage_is_silent(spec));
	insn(func, 0, BPFL_CODE_MOV64_K, 2, 0, 0, 1); /* BPF_RB_NO_WAKEUP */
	ck_assert(bpfl_usage_is_silent(spec));
	insn(func, 0, 0x79, 2, 10, -8, 0); /* who knows */
	ck_assert(bpfl_usage_is_silent(spec));
	insn(func, 0, BPFL_CODE_MOV64_K, 4, 0, 0, 0);
	insn(func, 1, BPFL_CODE_CALL, 0, 0, 0, HELPER_RING_OUTPUT);
	ck_assert(!bpfl_usage_is_silent(spec));
	done();
}
END_TEST

START_TEST(a_map_that_is_only_read_sends_nothing)
{
	struct bpfl_map_usage usage;
	uint32_t func;

	start(NULL);
	func = specgen_func(spec, "f", 4);
	specgen_ref(spec, func, 0, BPFL_REF_MAP, 0, 0);
	bpfl_map_usage_read(spec, 0, &usage);
	ck_assert(usage.sends && !usage.any_size); /* for all that is known */
	insn(func, 2, BPFL_CODE_CALL, 0, 0, 0, 22); /* perf_event_read */
	bpfl_map_usage_read(spec, 0, &usage);
	ck_assert(!usage.sends && !usage.any_size);
	bpfl_map_usage_read(spec, 1, &usage); /* nobody has it */
	ck_assert(!usage.sends);
	done();
}
END_TEST

/* ---- rules ---- */

START_TEST(rule_1_words_of_the_caller)
{
	uint32_t size;

	start("struct event { u32 pid; u32 tid; }; struct e2 { u64 a; };");
	spec->maps.items[0].value_type_id = btfc_id(spec->btf, "struct event");
	find("struct e2");
	is(BPFL_SHAPE_TOLD, "e2");
	find("struct {u32 a; struct event b;}");
	is(BPFL_SHAPE_TOLD, "");
	ck_assert_int_eq(bpfl_btf_size(shape.cases.items[0].btf, shape.cases.items[0].type_id, &size), 0);
	ck_assert_uint_eq(size, 12);
	bpfl_shape_deinit(&shape);
	CHECK_FAILS(bpfl_shape_find(&shape, spec, 0, "struct evnt", &err), err, BPFL_ERR_USAGE, ENOENT,
		    "event type of map 'events': ");
	CHECK_HAS(err.fix, "'event'");
	done();
}
END_TEST

START_TEST(rule_1_with_a_selector)
{
	start("enum type { EXEC = 1, EXIT = 2 }; struct exec_ev { u32 type; u32 pid; }; struct exit_ev { u32 type; s32 "
	      "code; };");
	find("type:u32{1:struct exec_ev, EXIT : struct exit_ev ,-1:u64}");
	ck_assert_int_eq(shape.rule, BPFL_SHAPE_TOLD);
	ck_assert_uint_eq(shape.cases.nr, 3);
	ck_assert_str_eq(shape.selector, "type");
	ck_assert_uint_eq(shape.selector_size, 4);
	ck_assert_uint_eq(shape.cases.items[0].value, 1);
	ck_assert_uint_eq(shape.cases.items[1].value, 2);
	ck_assert_str_eq(bpfl_btf_name(shape.cases.items[1].btf, shape.cases.items[1].type_id), "exit_ev");
	ck_assert_uint_eq(shape.cases.items[2].value, UINT32_MAX);
	find("kind:u8{1:struct {u8 a; u16 b;},2:struct exec_ev}");
	ck_assert_uint_eq(shape.cases.nr, 2);
	done();
}
END_TEST

START_TEST(rule_1_finds_the_selector_where_the_types_have_it)
{
	start("struct head { u64 ts; u8 kind; }; struct exec_ev { u64 ts; u32 type; u32 pid; }; struct exit_ev { u64 at; u32 "
	      "type; }; struct other { u32 x; }; struct odd { u32 type; }; struct nested { u32 n; struct head head; };");
	find("type:u32{1:struct exec_ev,2:struct exit_ev,3:struct other,4:u64}");
	ck_assert_uint_eq(shape.selector_off, 8);
	find("type:u32{3:struct other,4:u64}"); /* nobody has it */
	ck_assert_uint_eq(shape.selector_off, 0);
	find("head.kind:u8{1:struct nested}");
	ck_assert_uint_eq(shape.selector_off, 16);
	bpfl_shape_deinit(&shape);
	CHECK_FAILS(bpfl_shape_find(&shape, spec, 0, "type:u32{1:struct exec_ev,2:struct odd}", &err), err, BPFL_ERR_USAGE, EINVAL,
		    "member 'type' is at byte 0 of struct odd, and elsewhere at byte 8");
	CHECK_FAILS(bpfl_shape_find(&shape, spec, 0, "type:u8{1:struct exec_ev}", &err), err, BPFL_ERR_USAGE, EINVAL,
		    "member 'type' of struct exec_ev has 4 bytes, not 1 bytes");
	done();
}
END_TEST

START_TEST(a_struct_may_have_its_name_from_a_typedef)
{
	start("typedef struct { u64 ts; u32 pid; } event_t; struct x { u64 a; u32 b; u32 c; };");
	find(NULL);
	is(BPFL_SHAPE_NAME, "event_t");
	done();
	start("typedef struct { u64 ts; u32 pid; } open_event_t; struct x { u64 a; u64 b; u32 c; };");
	reserves(0, 16);
	find(NULL);
	is(BPFL_SHAPE_NAME, "open_event_t");
	done();
	start("typedef struct { u64 ts; u32 pid; } sample_t; struct x { u64 a; u64 b; u32 c; };");
	reserves(0, 16);
	find(NULL);
	is(BPFL_SHAPE_SIZE, "sample_t");
	done();
	start("struct sample { u64 ts; u32 pid; }; typedef struct sample sample_t;"); /* one struct, not two */
	reserves(0, 16);
	find(NULL);
	is(BPFL_SHAPE_SIZE, "sample");
	done();
}
END_TEST

static const struct {
	const char *told;
	int errnum;
	const char *message;
} bad_words[] = {
	{ "type:u32{1:struct exec_ev", EINVAL, "'}' is missing" },
	{ "type:u32{1 struct exec_ev}", EINVAL, "is not VALUE:TYPE" },
	{ "type:u32{:struct exec_ev}", EINVAL, "is not VALUE:TYPE" },
	{ "type:u32{EXE:struct exec_ev}", EINVAL, "neither a number nor an enumerator" },
	{ "type:struct exec_ev{1:u32}", EINVAL, "has 12 bytes, not 1, 2, 4 or 8" },
	{ "type:u32{1:struct nothing}", ENOENT, "no struct 'nothing'" },
	{ "type:nope{1:u32}", ENOENT, "no type 'nope'" },
	{ "", EINVAL, "a type expected" },
};

START_TEST(rule_1_refuses_with_the_reason)
{
	start("struct exec_ev { u32 type; u32 pid; u32 x; };");
	CHECK_FAILS(bpfl_shape_find(&shape, spec, 0, bad_words[_i].told, &err), err, BPFL_ERR_USAGE,
		    bad_words[_i].errnum, bad_words[_i].message);
	done();
}
END_TEST

START_TEST(rule_2_the_maps_value_type)
{
	start("struct mine { u32 a; }; struct event { u32 b; };");
	spec->maps.items[0].value_type_id = btfc_id(spec->btf, "struct mine");
	find(NULL);
	is(BPFL_SHAPE_MAP_VALUE, "mine");
	done();
}
END_TEST

START_TEST(rule_2_a_perf_array_of_numbers_says_nothing)
{
	start("typedef u32 fd;");
	spec->maps.items[0].type = BPFL_MAP_TYPE_PERF_EVENT_ARRAY;
	spec->maps.items[0].value_type_id = btfc_id(spec->btf, "typedef fd");
	find(NULL);
	is(BPFL_SHAPE_UNKNOWN, NULL);
	spec->maps.items[0].type = BPFL_MAP_TYPE_RINGBUF;
	find(NULL);
	is(BPFL_SHAPE_MAP_VALUE, "fd");
	done();
}
END_TEST

START_TEST(rule_3_a_declaration_tag)
{
	struct btfgen gen;
	uint32_t u32, wrong, mine;

	start(NULL);
	btfgen_init(&gen, false);
	u32 = btfgen_int(&gen, "unsigned int", 4, 0);
	wrong = btfgen_struct(&gen, "wrong", 4);
	btfgen_member(&gen, "a", u32, 0);
	mine = btfgen_struct(&gen, "mine", 4);
	btfgen_member(&gen, "a", u32, 0);
	btfgen_decl_tag(&gen, "bpfload:event=other", wrong, -1);
	btfgen_decl_tag(&gen, "bpfload:event=events", mine, 0); /* of a member: not meant */
	btfgen_decl_tag(&gen, "bpfload:event=events", mine, -1);
	spec->btf = btfgen_read(&gen);
	btfgen_deinit(&gen);
	find(NULL);
	is(BPFL_SHAPE_TAG, "mine");
	done();
}
END_TEST

START_TEST(rule_4_an_unused_pointer)
{
	start("struct a { u32 x; }; struct b { u64 x; }; var const struct b *unused;");
	find(NULL);
	is(BPFL_SHAPE_POINTER, "b");
	done();
	/* Two: the one with the map's name. */
	start("struct a { u32 x; }; struct b { u64 x; }; var struct a *unused_other; var const struct b "
	      "*unused_events;");
	find(NULL);
	is(BPFL_SHAPE_POINTER, "b");
	done();
	/* Two that say nothing about the map. */
	start("struct a { u32 x; }; struct b { u64 x; }; var struct a *unused_1; var const struct b *unused_2;");
	find(NULL);
	is(BPFL_SHAPE_UNKNOWN, NULL);
	done();
	/* An instance; an ordinary variable; a pointer to a number. */
	start("struct a { u32 x; }; var struct a dummy; var struct a config; var u32 *unused;");
	find(NULL);
	is(BPFL_SHAPE_POINTER, "a");
	done();
}
END_TEST

START_TEST(rule_4_must_fit_what_is_sent)
{
	start("struct a { u32 x; }; var const struct a *unused;");
	reserves(0, 24);
	find(NULL);
	is(BPFL_SHAPE_UNKNOWN, NULL);
	reserves(0, 4);
	find(NULL);
	is(BPFL_SHAPE_POINTER, "a");
	done();
}
END_TEST

START_TEST(rule_4_a_gadgets_marker)
{
	start("struct a { u32 x; }; struct b { u32 x; };"
	      "var const void *gadget_tracer_one___other___a; var const void *gadget_tracer_two___events___b;");
	find(NULL);
	is(BPFL_SHAPE_POINTER, "b");
	done();
	start("struct a { u32 x; }; var const void *gadget_tracer_x___events___none; var void *gadget_tracer_events;");
	find(NULL);
	is(BPFL_SHAPE_UNKNOWN, NULL);
	done();
}
END_TEST

START_TEST(rule_5_names_and_sizes)
{
	static const char types[] = "struct open_event { u32 a; }; struct event { u64 a; u64 b; }; struct events_t { "
				    "u64 c; };"
				    "struct task { u64 d; }; struct big { u64 e[9]; };";

	start(types);
	reserves(0, 16);
	find(NULL);
	is(BPFL_SHAPE_NAME, "event");
	done();
	start(types);
	reserves(0, 8);
	find(NULL);
	is(BPFL_SHAPE_NAME, "events_t"); /* struct task has that size too, but not the name */
	done();
	start(types);
	reserves(0, 4);
	find(NULL);
	is(BPFL_SHAPE_NAME, "open_event");
	done();
	/* No constant: the map's own name is the surest. */
	start(types);
	find(NULL);
	is(BPFL_SHAPE_NAME, "events_t");
	CHECK_HAS(shape.why, "name alone");
	done();
	/* A vague name without a size is not enough. */
	start("struct open_event { u32 a; };");
	find(NULL);
	is(BPFL_SHAPE_UNKNOWN, NULL);
	done();
}
END_TEST

START_TEST(rule_6_the_only_one_of_its_size)
{
	start("struct a { u64 x[3]; }; struct b { u64 x[4]; }; struct c { u64 x[4]; };");
	reserves(0, 24);
	find(NULL);
	is(BPFL_SHAPE_SIZE, "a");
	done();
	start("struct a { u64 x[3]; }; struct b { u64 x[4]; }; struct c { u64 x[4]; };");
	reserves(0, 32);
	find(NULL);
	is(BPFL_SHAPE_UNKNOWN, NULL);
	done();
}
END_TEST

START_TEST(rule_7_nothing_is_known)
{
	start(NULL);
	find(NULL);
	is(BPFL_SHAPE_UNKNOWN, NULL);
	CHECK_HAS(shape.why, "no BTF");
	find("struct {u32 a;}");
	is(BPFL_SHAPE_TOLD, "");
	done();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		sizes_are_read_from_calls, a_register_is_followed_through_moves, an_unsure_size_is_no_constant,
		records_that_wake_nobody_are_seen_in_the_flags, a_map_that_is_only_read_sends_nothing,
		rule_1_words_of_the_caller, rule_1_with_a_selector,
		rule_1_finds_the_selector_where_the_types_have_it, a_struct_may_have_its_name_from_a_typedef,
		rule_2_the_maps_value_type, rule_2_a_perf_array_of_numbers_says_nothing, rule_3_a_declaration_tag,
		rule_4_an_unused_pointer, rule_4_must_fit_what_is_sent, rule_4_a_gadgets_marker, rule_5_names_and_sizes,
		rule_6_the_only_one_of_its_size, rule_7_nothing_is_known,
	};
	Suite *suite = BPFL_TEST_SUITE("event shape", tests);

	bpfl_test_add_loop(suite, "bad words", rule_1_refuses_with_the_reason, NR(bad_words));
	return bpfl_test_main(suite);
}
