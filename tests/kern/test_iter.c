/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Iterators on the running kernel: what they walk, what narrows them, and that reading gives the text that the
 * program wrote.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "feature.h"
#include "insns.h"
#include "live.h"

static struct live live;

static int keep(void *ctx, const char *text, size_t size)
{
	bpfl_buf_append(ctx, text, size);
	return 0;
}

static int read_all(struct bpfl_buf *out)
{
	return bpfl_link_read(live.link, BPFL_FORMAT_TEXT, keep, out, &live.err);
}

/* How many objects one walk shows to the program; the last call of a walk, without an object, is one of them. */
static uint64_t walked(const char *text)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	uint64_t nr;

	CHECK_OK(live_start(&live, LIVE_COUNT, "iter/task", text), live.err);
	ck_assert_uint_eq(live_counter(&live), 0); /* nothing walks before somebody reads */
	CHECK_OK(read_all(&out), live.err);
	ck_assert_uint_eq(out.size, 0);
	nr = live_counter(&live);
	bpfl_buf_deinit(&out);
	live_stop(&live);
	return nr;
}

static const char *const kinds[] = { "iter", "iter.s" };

START_TEST(each_reading_walks_anew)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	char section[32];
	uint64_t once;

	if (bpfl_test_lacks("iter") || (_i == 1 && bpfl_test_lacks("sleepable_iter")))
		return;
	snprintf(section, sizeof(section), "%s/task", kinds[_i]);
	CHECK_OK(live_start(&live, LIVE_COUNT, section, NULL), live.err);
	ck_assert(bpfl_link_is_on_demand(live.link));
	section[strlen(kinds[_i])] = ' ';
	CHECK_HAS(bpfl_link_text(live.link), section);
	CHECK_OK(read_all(&out), live.err);
	once = live_counter(&live);
	ck_assert_uint_ge(once, 3); /* init, this test, the end */
	CHECK_OK(read_all(&out), live.err);
	ck_assert_uint_ge(live_counter(&live), 2 * once - once / 2);
	bpfl_buf_deinit(&out);
	bpfl_test_shows(kinds[_i], "by link");
	live_stop(&live);
}
END_TEST

START_TEST(one_process_is_walked_alone)
{
	char text[64];

	if (bpfl_test_lacks("iter") || bpfl_test_lacks("iter_task"))
		return;
	snprintf(text, sizeof(text), "iter/task,pid=%d", getpid());
	ck_assert_uint_eq(walked(text), 2); /* the only thread, and the end */
	snprintf(text, sizeof(text), "iter/task,tid=%d", getpid());
	ck_assert_uint_eq(walked(text), 2);
}
END_TEST

START_TEST(options_that_contradict_are_refused)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "iter/task,pid=1,tid=1", "exclude each other" },
		{ "iter/task,pid=0", "above 0" },
		{ "iter/task,pid=1,map=counter", "a map, a cgroup or a task" },
		{ "iter/task,order=pre", "order= is of cgroups" },
		{ "iter/task,cgroup=/proc,order=sideways", "'sideways' is no order" },
		{ "iter/task,map=contour", "no map 'contour'" },
	};

	if (bpfl_test_lacks("iter"))
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_lt(live_start(&live, LIVE_COUNT, "iter/task", rows[i].text), 0);
		ck_assert_int_eq(live.err.kind, BPFL_ERR_USAGE);
		CHECK_HAS(live.err.message, rows[i].words);
		live_stop(&live);
	}
	CHECK_FAILS(live_start(&live, LIVE_COUNT, "iter/task", "iter/task,cgroup=/nowhere"), live.err, BPFL_ERR_TARGET,
		    ENOENT, "cgroup '/nowhere'");
	live_stop(&live);
}
END_TEST

START_TEST(an_iterator_of_elements_wants_a_map)
{
	struct bpfl_buf out = BPFL_BUF_INIT;

	if (bpfl_test_lacks("iter"))
		return;
	ck_assert_int_lt(live_start(&live, LIVE_COUNT, "iter/bpf_map_elem", NULL), 0);
	CHECK_HAS(live.err.message, "iterator 'bpf_map_elem'");
	CHECK_HAS(live.err.fix, "add map=NAME");
	live_stop(&live);
	/* The object's own map: an array of one element. Both spellings. */
	for (int i = 0; i < 2; i++) {
		CHECK_OK(live_start(&live, LIVE_COUNT, "iter/bpf_map_elem",
				    i ? "iter/bpf_map_elem:counter" : "iter/bpf_map_elem,map=counter"),
			 live.err);
		CHECK_HAS(bpfl_link_text(live.link), "of counter");
		CHECK_OK(read_all(&out), live.err);
		ck_assert_uint_eq(live_counter(&live), 2);
		live_stop(&live);
	}
	bpfl_buf_deinit(&out);
}
END_TEST

START_TEST(an_iterator_that_is_not_there_brings_near_names)
{
	if (bpfl_test_lacks("kernel_btf"))
		return;
	CHECK_FAILS(live_start(&live, LIVE_COUNT, "iter/tasks", NULL), live.err, BPFL_ERR_TARGET, ENOENT,
		    "iterator 'tasks'");
	CHECK_HAS(live.err.fix, "'task'");
	live_stop(&live);
}
END_TEST

/* ---- text ---- */

/* "hi\n" for each object: bpf_seq_write(ctx->meta->seq, ..., 3) */
static const struct bpfl_insn write_insns[] = {
	LOAD64(1, 1, 0), /* r1 = ctx->meta */
	LOAD64(1, 1, 0), /* r1 = meta->seq */
	STORE32_IMM(10, -4, TEXT_HI),
	MOV_REG(2, 10), ADD(2, -4), MOV(3, 3), CALL(HELPER_SEQ_WRITE),
	MOV(0, 0), EXIT,
};

START_TEST(the_text_is_what_the_program_wrote)
{
	struct bpfl_prog_def prog = { .size = sizeof(prog),
				      .name = "prog",
				      .section = "iter/bpf_map",
				      .insns = write_insns,
				      .nr_insns = sizeof(write_insns) / sizeof(write_insns[0]) };
	struct bpfl_buf out = BPFL_BUF_INIT;

	if (bpfl_test_lacks("iter"))
		return;
	memset(&live, 0, sizeof(live));
	CHECK_OK(bpfl_spec_create("test", "GPL", &live.spec, &live.err), live.err);
	CHECK_OK(bpfl_spec_add_prog(live.spec, &prog, &live.err), live.err);
	CHECK_OK(bpfl_target_running(NULL, &live.target, &live.err), live.err);
	CHECK_OK(bpfl_image_build(live.spec, live.target, NULL, &live.image, &live.err), live.err);
	CHECK_OK(bpfl_object_load(live.image, live.target, NULL, &live.object, &live.err), live.err);
	CHECK_OK(bpfl_attach_parse("iter/bpf_map", &live.attach, &live.err), live.err);
	CHECK_OK(bpfl_link_attach(live.object, 0, live.attach, NULL, &live.link, &live.err), live.err);
	CHECK_OK(read_all(&out), live.err);
	ck_assert_uint_ge(out.size, 3);
	ck_assert_uint_eq(out.size % 3, 0);
	ck_assert_mem_eq(out.data, "hi\n", 3);
	bpfl_buf_deinit(&out);
	CHECK_OK(bpfl_link_read(live.link, BPFL_FORMAT_JSON, keep, &out, &live.err), live.err);
	ck_assert(bpfl_buf_ok(&out));
	CHECK_HAS(out.data, "{\"v\":1,\"type\":\"link\",\"link\":\"prog: iter bpf_map\",\"text\":\"hi\"}\n");
	bpfl_buf_deinit(&out);
	live_stop(&live);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { one_process_is_walked_alone, options_that_contradict_are_refused,
				 an_iterator_of_elements_wants_a_map, an_iterator_that_is_not_there_brings_near_names,
				 the_text_is_what_the_program_wrote };

	Suite *suite = BPFL_TEST_SUITE("iter", tests);

	bpfl_test_add_loop(suite, "kinds", each_reading_walks_anew, sizeof(kinds) / sizeof(kinds[0]));
	return bpfl_test_main(suite);
}
