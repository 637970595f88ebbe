/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/print: the whole text of a small image, and its JSON.
 */
#include <stdlib.h>
#include "btfgen.h"
#include "harness.h"
#include "image/image.h"
#include "specgen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_target *target;
static struct bpfl_spec *spec;
static struct bpfl_image *image;
static const char *first_line = "\tcount++;";

/* A program with a subprogram, a callback, two maps, source lines, and something that CO-RE did. */
static void setup(void)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts), .nr_possible_cpus = 2 };
	struct btfgen gen;

	spec = specgen_new("demo");
	btfgen_init(&gen, false);
	uint32_t file = btfgen_string(&gen, "demo.bpf.c");
	uint32_t line_one = btfgen_string(&gen, first_line);
	uint32_t line_two = btfgen_string(&gen, "return\t\x1b[31mred;");
	uint32_t int_id = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	btfgen_struct(&gen, "event", 8);
	btfgen_member(&gen, "pid", int_id, 0);
	spec->btf = btfgen_read(&gen);
	btfgen_deinit(&gen);
	ck_assert_ptr_nonnull(spec->btf);

	uint32_t main_fn = specgen_func(spec, "main", 8);
	uint32_t sub = specgen_func(spec, "sub", 2);
	specgen_map(spec, "events", BPFL_MAP_BTF, BPFL_MAP_TYPE_PERF_EVENT_ARRAY, 0, 8, 0)->value_type_id = int_id + 1;
	specgen_map(spec, ".bss", BPFL_MAP_BSS, 0, 0, 16, 0);
	specgen_map(spec, "idle", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 1);
	specgen_var(spec, "other", 1, 0, 4, 0);
	specgen_var(spec, "count", 1, 4, 8, 0);
	specgen_ref(spec, main_fn, 0, BPFL_REF_MAP, 0, 0);
	specgen_ref(spec, main_fn, 2, BPFL_REF_DATA, 1, 8);
	specgen_ref(spec, main_fn, 4, BPFL_REF_FUNC_ADDR, sub, 0);
	specgen_ref(spec, main_fn, 6, BPFL_REF_CALL, sub, 0);
	specgen_line(spec, main_fn, 0, file, line_one, 12);
	specgen_line(spec, main_fn, 2, file, line_one, 12); /* another column of the same line */
	specgen_line(spec, main_fn, 4, file, 0, 0);	    /* no line at all */
	specgen_line(spec, sub, 0, file, line_two, 5);
	specgen_prog(spec, "main", "xdp", main_fn);
	uint32_t unselected = specgen_prog(spec, "user_of_idle", "xdp", specgen_func(spec, "user_of_idle", 4));
	specgen_ref(spec, 2, 0, BPFL_REF_MAP, 2, 0);
	spec->progs.items[unselected].selected = false;

	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	struct bpfl_core_result *core = BPFL_VEC_PUSH(&image->progs[0].core_results);
	ck_assert_ptr_nonnull(core);
	*core = (struct bpfl_core_result){ .insn_idx = 8, .text = bpfl_strdup("struct s.a: byte 4 -> 8") };
}

static void teardown(void)
{
	bpfl_image_destroy(image);
	bpfl_spec_destroy(spec);
	bpfl_target_destroy(target);
	bpfl_error_clear(&err);
}

START_TEST(the_text_is_complete)
{
	static const char wanted[] =
		"image of 'demo'\n"
		"map 'events': perf_event_array, key 4, value 4, entries 2, events struct event\n"
		"map '.bss': array, key 4, value 16, entries 1, in the kernel 'demo.bss'\n"
		"map 'idle': not created, nothing that is loaded refers to it\n"
		"\n"
		"program 'main': xdp, section 'xdp', 10 instructions in 2 functions\n"
		"main:\n"
		"  ; count++;  [demo.bpf.c:12]\n"
		"     0: r1 = map 'events'\n"
		"     2: r1 = &count + 4 (.bss + 8)\n"
		"     4: r1 = function sub\n"
		"     6: call pc+1 <8> sub\n"
		"     7: exit\n"
		"sub:\n"
		"  ; return \\x1b[31mred;  [demo.bpf.c:5]\n"
		"  ; CO-RE: struct s.a: byte 4 -> 8\n"
		"     8: r0 = 0\n"
		"     9: exit\n";
	char *text = NULL;

	setup();
	CHECK_OK(bpfl_image_text(image, BPFL_FORMAT_TEXT, &text, &err), err);
	ck_assert_str_eq(text, wanted);
	free(text);
	teardown();
}
END_TEST

START_TEST(the_json_says_the_same)
{
	static const char *const parts[] = {
		"{\"name\":\"demo\",\"foreign\":false,",
		"\"name\":\"events\",\"created\":true,\"type\":\"perf_event_array\",\"key_size\":4,\"value_size\":4,"
		"\"max_entries\":2,",
		"\"kernel_name\":\"demo.bss\"",
		"{\"name\":\"idle\",\"created\":false}",
		"\"functions\":[{\"name\":\"main\",\"insn_idx\":0,\"nr_insns\":8},"
		"{\"name\":\"sub\",\"insn_idx\":8,\"nr_insns\":2}]",
		"{\"idx\":0,\"text\":\"r1 = map 'events'\",\"line\":{\"file\":\"demo.bpf.c\",\"line\":12,\"column\":0,"
		"\"text\":\"\\tcount++;\"}}",
		"\"core\":\"struct s.a: byte 4 -> 8\",\"poisoned\":false}",
	};
	char *text = NULL;

	setup();
	CHECK_OK(bpfl_image_text(image, BPFL_FORMAT_JSON, &text, &err), err);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		CHECK_HAS(text, parts[i]);
	ck_assert(text[strlen(text) - 1] == '\n');
	free(text);
	teardown();
}
END_TEST

/* A file may have one long line that all its instructions are of: the output would grow with the square of its size. */
START_TEST(long_source_lines_are_cut)
{
	static char long_line[20000];
	char *text = NULL;

	memset(long_line, 'x', sizeof(long_line) - 1);
	first_line = long_line;
	setup();
	for (int format = BPFL_FORMAT_TEXT; format <= BPFL_FORMAT_JSON; format++) {
		CHECK_OK(bpfl_image_text(image, (enum bpfl_format)format, &text, &err), err);
		CHECK_HAS(text, "xxxxxxxxxxxxxxxx");
		ck_assert_uint_lt(strlen(text), 5000);
		free(text);
	}
	teardown();
}
END_TEST

START_TEST(a_foreign_object_prints_and_says_so)
{
	char *text = NULL;

	setup();
	spec->foreign = true;
	CHECK_OK(bpfl_image_text(image, BPFL_FORMAT_TEXT, &text, &err), err);
	CHECK_HAS(text, "image of 'demo', which has another byte order than this machine");
	free(text);
	CHECK_OK(bpfl_image_text(image, BPFL_FORMAT_JSON, &text, &err), err);
	CHECK_HAS(text, "\"foreign\":true");
	free(text);
	teardown();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_text_is_complete,
		the_json_says_the_same, long_source_lines_are_cut,
		a_foreign_object_prints_and_says_so,
	};
	return bpfl_test_main(BPFL_TEST_SUITE("image/print", tests));
}
