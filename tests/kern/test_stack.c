/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks on the running kernel (root): a program on a tracepoint takes the stack of this process, which has
 * called prctl(2). So the kernel's part has a function for that system call in it, and the process was in the C
 * library's function.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "bpfload/stack.h"
#include "harness.h"
#include "feature.h"
#include "insns.h"
#include "kerngen.h"
#include "attach/link.h"
#include "sys/bpf.h"

#define NR_FRAMES 64
#define F_USER_STACK 256
#define F_STACK_BUILD_ID 32u

static struct kerngen gen;
static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_link *link_here;
static struct bpfl_attach *where;
static struct bpfl_symbolizer *names;

enum { STACKS_AT = 6, KERN_AT = 10, STACKS_USER_AT = 14, USER_AT = 18 };

static void object_new(uint32_t map_flags, uint32_t value_size)
{
	const struct bpfl_insn insns[] = {
		MOV_REG(6, 1), CALL(14), SHIFT_RIGHT(0, 32), IF_NOT(0, getpid(), 17), MOV_REG(1, 6), MOV(3, 0),
		ADDRESS(2), CALL(27), MOV_REG(7, 0), ADDRESS(1), STORE64(1, 0, 7),
		MOV_REG(1, 6), ADDRESS(2), MOV(3, F_USER_STACK), CALL(27), ADDRESS(1), STORE64(1, 0, 0),
		MOV(0, 0), EXIT,
	};
	const struct { uint32_t at; enum bpfl_ref_kind kind; uint32_t map, off; } refs[] = {
		{ STACKS_AT, BPFL_REF_MAP, 1, 0 }, { KERN_AT, BPFL_REF_DATA, 0, 0 }, { STACKS_USER_AT, BPFL_REF_MAP, 1, 0 },
		{ USER_AT, BPFL_REF_DATA, 0, 8 },
	};
	uint32_t func, prog;

	kerngen_init(&gen, 0);
	specgen_map(gen.spec, ".bss", BPFL_MAP_BSS, BPFL_MAP_TYPE_ARRAY, 4, 16, 1);
	specgen_map(gen.spec, "stacks", BPFL_MAP_BTF, BPFL_MAP_TYPE_STACK_TRACE, 4, value_size, 1024)->flags =
		map_flags;
	specgen_var(gen.spec, "kern_id", 0, 0, 8, 0);
	specgen_var(gen.spec, "user_id", 0, 8, 8, 0);
	func = specgen_insns(gen.spec, "take", insns, sizeof(insns) / sizeof(insns[0]));
	prog = specgen_prog(gen.spec, "take", "raw_tp/task_rename", func);
	for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++)
		specgen_ref(gen.spec, func, refs[i].at, refs[i].kind, refs[i].map, refs[i].off);
	CHECK_OK(kerngen_load(&gen), gen.err);
	CHECK_OK(bpfl_attach_from_section(gen.spec, prog, &where, &err), err);
	CHECK_OK(bpfl_link_attach(gen.object, prog, where, NULL, &link_here, &err), err);
	CHECK_OK(bpfl_symbolizer_create(NULL, &names, &err), err);
}

static void object_gone(void)
{
	bpfl_symbolizer_destroy(names);
	bpfl_link_close(link_here);
	bpfl_attach_destroy(where);
	kerngen_deinit(&gen);
	bpfl_error_clear(&err);
}

static int64_t id_of(const char *variable)
{
	int64_t id = -1;

	CHECK_OK(bpfl_object_var_get(gen.object, variable, &id, sizeof(id), &err), err);
	return (int32_t)id;
}

static void rename_self(void)
{
	ck_assert_int_eq(prctl(PR_SET_NAME, "stacks"), 0);
	ck_assert_int_ge(id_of("kern_id"), 0);
	ck_assert_int_ge(id_of("user_id"), 0);
}

/* The map as text: "stacks[12]:\n    ...". */
static char *map_text(void)
{
	struct bpfl_map_words words = { .size = sizeof(words) };
	struct bpfl_map *map;
	char *text;

	CHECK_OK(bpfl_stacks_create(names, NULL, &words.stacks, &err), err);
	ck_assert_int_eq(bpfl_stacks_add_object(words.stacks, gen.object, &err), 1);
	CHECK_OK(bpfl_map_open_object(gen.object, "stacks", &map, &err), err);
	CHECK_OK(bpfl_map_text(map, &words, &text, &err), err);
	bpfl_map_close(map);
	bpfl_stacks_destroy(words.stacks);
	return text;
}

START_TEST(a_stack_has_the_names_of_the_kernel_and_of_this_process)
{
	uint64_t addresses[NR_FRAMES];
	struct bpfl_frame frame;
	struct bpfl_map *map;
	uint32_t id;
	char *text;

	if (bpfl_test_lacks("user_stacks"))
		return;
	object_new(0, sizeof(addresses));
	rename_self();
	text = map_text();
	CHECK_HAS(text, "sys_prctl+0x");
	free(text);
	CHECK_OK(bpfl_map_open_object(gen.object, "stacks", &map, &err), err);
	id = (uint32_t)id_of("user_id");
	CHECK_OK(bpfl_map_lookup(map, &id, sizeof(id), addresses, sizeof(addresses), 0, &err), err);
	ck_assert_int_eq(bpfl_symbolizer_user(names, getpid(), addresses[0], 0, &frame), 1);
	CHECK_HAS(frame.symbol, "prctl");
	CHECK_HAS(frame.module, "libc");
	bpfl_map_close(map);
	object_gone();
}
END_TEST

/* The kernel names the file by its build id: nothing of this process is asked, but that it runs. */
START_TEST(a_stack_of_build_ids_needs_no_process)
{
	struct { int32_t status; uint8_t build_id[20]; uint64_t off; } entries[NR_FRAMES];
	struct bpfl_frame frame;
	struct bpfl_map *map;
	uint32_t id;

	if (bpfl_test_lacks("user_stacks"))
		return;
	object_new(F_STACK_BUILD_ID, sizeof(entries));
	rename_self();
	CHECK_OK(bpfl_map_open_object(gen.object, "stacks", &map, &err), err);
	id = (uint32_t)id_of("user_id");
	CHECK_OK(bpfl_map_lookup(map, &id, sizeof(id), entries, sizeof(entries), 0, &err), err);
	/* a libc without a build id, or one whose page was not in memory, gives an address (2) */
	if (entries[0].status == 1) {
		ck_assert_int_eq(bpfl_symbolizer_build_id(names, entries[0].build_id, 20, entries[0].off, 0, &frame),
				 1);
	} else {
		ck_assert_int_eq(entries[0].status, 2);
		ck_assert_int_eq(bpfl_symbolizer_user(names, getpid(), entries[0].off, 0, &frame), 1);
	}
	CHECK_HAS(frame.symbol, "prctl");
	bpfl_map_close(map);
	object_gone();
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_stack_has_the_names_of_the_kernel_and_of_this_process,
				 a_stack_of_build_ids_needs_no_process };

	return bpfl_test_main(BPFL_TEST_SUITE("stacks", tests));
}
