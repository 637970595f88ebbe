/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What objects say about themselves: markers by names of variables and by declaration tags, and markers that
 * name what is not there.
 */
#include "harness.h"

#include "btfgen.h"
#include "spec/reader.h"
#include "specgen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct btfgen gen;
static uint32_t int_id, func_id[3];

/* Maps "events", "counts", "socks"; programs walk, more, look; variable "only"; struct event. */
static void start(void)
{
	static const char *const progs[] = { "walk", "more", "look" };
	static const char *const sections[] = { "iter/bpf_map_elem", "iter/task", "sk_msg" };
	uint32_t proto;

	spec = specgen_new("obj");
	specgen_map(spec, "events", BPFL_MAP_BTF, BPFL_MAP_TYPE_RINGBUF, 0, 0, 4096);
	specgen_map(spec, "counts", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 1);
	specgen_map(spec, "socks", BPFL_MAP_BTF, BPFL_MAP_TYPE_SOCKHASH, 4, 4, 1);
	specgen_map(spec, ".rodata", BPFL_MAP_RODATA, BPFL_MAP_TYPE_ARRAY, 4, 4, 1);
	specgen_var(spec, "only", 3, 0, 4, 0);
	btfgen_init(&gen, false);
	int_id = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	btfgen_struct(&gen, "event", 4);
	btfgen_member(&gen, "a", int_id, 0);
	proto = btfgen_func_proto(&gen, int_id);
	for (int i = 0; i < 3; i++) {
		specgen_prog(spec, progs[i], sections[i], specgen_func(spec, progs[i], 2));
		func_id[i] = btfgen_func(&gen, progs[i], proto, 1);
	}
}

static void mark(const char *name)
{
	btfgen_var(&gen, name, int_id, 1);
}

static void tag(const char *text)
{
	btfgen_decl_tag(&gen, text, btfgen_var(&gen, "__ig_something", int_id, 1), -1);
}

static void read_them(size_t nr)
{
	struct bpfl_reader reader = { .spec = spec, .err = &err };

	spec->btf = btfgen_read(&gen);
	ck_assert_ptr_nonnull(spec->btf);
	CHECK_OK(bpfl_read_markers(&reader), err);
	ck_assert_uint_eq(bpfl_spec_nr_markers(spec), nr);
}

static struct bpfl_marker_view view(size_t idx)
{
	struct bpfl_marker_view marker = { 0 };

	ck_assert_int_eq(bpfl_spec_marker_view(spec, idx, &marker), 0);
	return marker;
}

static void done(void)
{
	ck_assert_int_lt(bpfl_spec_marker_view(spec, bpfl_spec_nr_markers(spec), &(struct bpfl_marker_view){ 0 }), 0);
	bpfl_spec_destroy(spec);
	btfgen_deinit(&gen);
}

START_TEST(names_of_variables)
{
	struct bpfl_marker_view marker;

	start();
	mark("gadget_tracer_opens___events___event");
	mark("gadget_param_only");
	mark("gadget_mapiter_table___counts");
	mark("gadget_iter_tasks___event___walk___more___look");
	mark("gadget_snapshotter_old___event___more");
	read_them(5);
	marker = view(0);
	ck_assert_int_eq(marker.kind, BPFL_MARKER_TRACER);
	ck_assert_str_eq(marker.name, "opens");
	ck_assert_str_eq(marker.map, "events");
	ck_assert_str_eq(marker.type, "event");
	ck_assert_str_eq(view(1).var, "only");
	ck_assert_str_eq(view(2).map, "counts");
	marker = view(3);
	ck_assert_int_eq(marker.kind, BPFL_MARKER_ITER);
	ck_assert_uint_eq(marker.nr_progs, 3);
	ck_assert_str_eq(marker.progs[2], "look");
	ck_assert_uint_eq(view(4).nr_progs, 1);
	done();
}
END_TEST

START_TEST(declaration_tags)
{
	struct bpfl_marker_view marker;

	start();
	tag("ig:tracer:opens___events___event");
	tag("ig:param:only");
	tag("ig:mapiter:table___counts");
	tag("ig:iter_type:tasks___event");
	btfgen_decl_tag(&gen, "ig:iter:tasks", func_id[0], -1);
	btfgen_decl_tag(&gen, "ig:iter:tasks", func_id[1], -1);
	btfgen_decl_tag(&gen, "ig:iter:others", func_id[2], -1);
	tag("ig:iter_target_map:walk___counts");
	tag("ig:assert:something:else");
	mark("gadget_param_only"); /* both ways: one marker */
	read_them(5);
	ck_assert_str_eq(view(0).type, "event");
	marker = view(3);
	ck_assert_uint_eq(marker.nr_progs, 2);
	ck_assert_str_eq(marker.progs[0], "walk");
	ck_assert_str_eq(marker.progs[1], "more");
	ck_assert_str_eq(spec->progs.items[0].attach_where, "counts");
	done();
}
END_TEST

START_TEST(where_programs_go)
{
	start();
	mark("gadget_mapelem_iter_target_walk___counts");
	mark("gadget_sk_prog_target_look___socks");
	mark("gadget_mapelem_iter_target_more___counts"); /* iter/task walks no map */
	read_them(3);
	ck_assert_str_eq(spec->progs.items[0].attach_where, "counts");
	ck_assert_ptr_null(spec->progs.items[1].attach_where);
	ck_assert_str_eq(spec->progs.items[2].attach_where, "socks");
	CHECK_HAS(spec->notes.items[0].text, "section 'iter/task' takes no map");
	done();
}
END_TEST

/* Each is left out, with a note. */
static const struct {
	const char *name, *note;
} bad_markers[] = {
	{ "gadget_tracer_opens___event___event", "names 'event', which the object does not have" },
	{ "gadget_tracer_opens___events___evnt", "names 'evnt'" },
	{ "gadget_tracer_opens___events", "is no marker that can be read" },
	{ "gadget_tracer_", "is no marker that can be read" },
	{ "gadget_tracer____events___event", "is no marker that can be read" },
	{ "gadget_param_onlyy", "names 'onlyy'" },
	{ "gadget_param_", "is no marker that can be read" },
	{ "gadget_mapiter_table___counts___more", "is no marker that can be read" },
	{ "gadget_iter_tasks___event", "is no marker that can be read" },
	{ "gadget_iter_tasks___event___walk___more___look___walk", "is no marker that can be read" },
	{ "gadget_iter_tasks___event___run", "names 'run'" },
	{ "gadget_mapelem_iter_target_walk___nothing", "names 'nothing'" },
};

START_TEST(markers_that_name_nothing)
{
	start();
	mark(bad_markers[_i].name);
	read_them(0);
	ck_assert_uint_eq(spec->notes.nr, 1);
	CHECK_HAS(spec->notes.items[0].text, bad_markers[_i].note);
	done();
}
END_TEST

START_TEST(other_variables_are_none)
{
	start();
	mark("gadget_heap");
	mark("my_gadget_param_only");
	btfgen_decl_tag(&gen, "comment:test", btfgen_var(&gen, "x", int_id, 1), -1);
	read_them(0);
	ck_assert_uint_eq(spec->notes.nr, 0);
	done();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { names_of_variables, declaration_tags, where_programs_go,
				       other_variables_are_none };
	Suite *suite = BPFL_TEST_SUITE("spec markers", tests);

	bpfl_test_add_loop(suite, "bad markers", markers_that_name_nothing,
			   (int)(sizeof(bad_markers) / sizeof(bad_markers[0])));
	return bpfl_test_main(suite);
}
