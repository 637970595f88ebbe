/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arenas on the running kernel: variables that a program and this process see at the same address, and an
 * address that is taken.
 *
 * Written as instructions, so that no compiler with address spaces is needed.
 */
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "bpfload/event.h"
#include "bpfload/map.h"
#include "feature.h"
#include "insns.h"
#include "spec/spec.h"
#include "attach/link.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct bpfl_target *target;
static struct bpfl_image *image;
static struct bpfl_object *object;

/* at[1] = &at[0]; at[0] += 1: at is the arena's variable. */
static const struct bpfl_insn touch_insns[] = {
	ADDRESS(1), /* r1 = address of "at", as user space has it */
	MOV_REG(2, 1),
	INSN(0xbf, 1, 1, 1, 1), /* r1 = the same for the program: address space 1 to 0 */
	STORE64(1, 8, 2),
	LOAD64(3, 1, 0), ADD(3, 1), STORE64(1, 0, 3),
	MOV(0, 0), EXIT,
};

#define NR_PAGES 16u

static void describe(uint64_t map_extra)
{
	struct bpfl_map_def arena = { .size = sizeof(arena),
				      .name = "arena",
				      .type = BPFL_MAP_TYPE_ARENA,
				      .max_entries = NR_PAGES,
				      .map_extra = map_extra };
	struct bpfl_map_use use = { 0, "arena" };
	struct bpfl_prog_def prog = { .size = sizeof(prog), .name = "touch", .section = "syscall", .insns = touch_insns,
				      .nr_insns = sizeof(touch_insns) / 8, .map_uses = &use, .nr_map_uses = 1 };
	static const uint64_t initial[2] = { 41, 7 };

	CHECK_OK(bpfl_spec_create("test", "GPL", &spec, &err), err);
	CHECK_OK(bpfl_spec_add_map(spec, &arena, &err), err);
	CHECK_OK(bpfl_spec_add_prog(spec, &prog, &err), err);
	/* As if the object had a section .addr_space.1 with one variable of 16 bytes. */
	spec->maps.items[0].data = bpfl_memdup(initial, sizeof(initial));
	spec->maps.items[0].data_size = sizeof(initial);
	spec->refs.items[0].kind = BPFL_REF_DATA;
	struct bpfl_var *var = BPFL_VEC_PUSH(&spec->vars);
	*var = (struct bpfl_var){ .name = bpfl_strdup("at"), .size_bytes = sizeof(initial) };
}

static int load(void)
{
	int ret;

	CHECK_OK(bpfl_target_running(NULL, &target, &err), err);
	ret = bpfl_image_build(spec, target, NULL, &image, &err);
	return ret < 0 ? ret : bpfl_object_load(image, target, NULL, &object, &err);
}

static void unload(void)
{
	bpfl_object_close(object);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
	object = NULL;
}

static int nowhere(void *ctx, const char *text, size_t size)
{
	(void)ctx, (void)text, (void)size;
	return 0;
}

static void run(void)
{
	struct bpfl_attach *attach;
	struct bpfl_link *runner = NULL;

	CHECK_OK(bpfl_attach_parse("syscall", &attach, &err), err);
	CHECK_OK(bpfl_link_attach(object, 0, attach, NULL, &runner, &err), err);
	CHECK_OK(bpfl_link_read(runner, BPFL_FORMAT_TEXT, nowhere, NULL, &err), err);
	bpfl_link_close(runner);
	bpfl_attach_destroy(attach);
}

START_TEST(a_program_and_this_process_share_a_variable)
{
	uint64_t at[2], changed[2] = { 100, 0 };
	char *text = NULL;

	if (bpfl_test_lacks("arena"))
		return;
	describe(0);
	CHECK_OK(load(), err);
	CHECK_OK(bpfl_object_var_get(object, "at", at, sizeof(at), &err), err);
	ck_assert_uint_eq(at[0], 41);
	ck_assert_uint_eq(at[1], 7);
	run();
	CHECK_OK(bpfl_object_var_get(object, "at", at, sizeof(at), &err), err);
	ck_assert_uint_eq(at[0], 42);
	/* The pointer that the program stored is right here as well. */
	ck_assert_ptr_eq((uint64_t *)(uintptr_t)at[1],
			 (uint64_t *)(void *)(object->maps[0].memory + image->maps[0].data_off));
	ck_assert_uint_eq(*(uint64_t *)(uintptr_t)at[1], 42);
	CHECK_OK(bpfl_object_var_set(object, "at", changed, sizeof(changed), &err), err);
	run();
	CHECK_OK(bpfl_object_var_get(object, "at", at, sizeof(at), &err), err);
	ck_assert_uint_eq(at[0], 101);
	CHECK_OK(bpfl_object_map_text(object, "arena", BPFL_FORMAT_TEXT, &text, &err), err);
	CHECK_HAS(text, "at = ");
	free(text);
	/* At the end, whole pages before it. */
	ck_assert_uint_eq(image->maps[0].data_off, (NR_PAGES - 1) * (uint64_t)sysconf(_SC_PAGESIZE));
	unload();
}
END_TEST

START_TEST(an_address_that_is_free_is_taken)
{
	size_t size = NR_PAGES * (size_t)sysconf(_SC_PAGESIZE);
	void *place;

	if (bpfl_test_lacks("arena"))
		return;
	/* Somewhere that was free a moment ago. */
	place = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(place, MAP_FAILED);
	munmap(place, size);
	describe((uintptr_t)place);
	CHECK_OK(load(), err);
	ck_assert_ptr_eq(object->maps[0].memory, place);
	run();
	unload();
	/* It is free again. */
	ck_assert_ptr_eq(mmap(place, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), place);
}
END_TEST

START_TEST(what_lies_at_the_wanted_address_is_left_alone)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = NR_PAGES * page;
	char *place;

	if (bpfl_test_lacks("arena"))
		return;
	place = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(place, MAP_FAILED);
	memset(place, 'x', size);
	/* Only the last page is in the way. */
	munmap(place, size - page);
	describe((uintptr_t)place);
	CHECK_FAILS(load(), err, BPFL_ERR_SYSTEM, EEXIST, "at the address that map_extra asks for");
	CHECK_HAS(err.why, "something else lies in this process");
	CHECK_HAS(err.fix, "--map arena.map_extra=0");
	ck_assert_int_eq(place[size - 1], 'x');
	unload();
}
END_TEST

START_TEST(variables_that_are_too_large_for_the_arena)
{
	describe(0);
	free(spec->maps.items[0].data);
	spec->maps.items[0].data_size = (NR_PAGES + 1) * 65536;
	spec->maps.items[0].data = calloc(1, spec->maps.items[0].data_size);
	CHECK_FAILS(load(), err, BPFL_ERR_OBJECT, E2BIG, "the arena has 16 pages");
	CHECK_HAS(err.fix, "--map arena.max_entries=N");
	unload();
}
END_TEST

/*
 * The program's memory in hand: the object's own mapping, and that of an arena which another process could
 * have made.
 */
START_TEST(an_arena_is_lent_or_mapped_at_its_address)
{
	size_t size = NR_PAGES * (size_t)sysconf(_SC_PAGESIZE);
	struct bpfl_map_def def = { .size = sizeof(def),
				    .name = "bpfl_arena",
				    .type = BPFL_MAP_TYPE_ARENA,
				    .max_entries = NR_PAGES,
				    .flags = 1u << 10,
				    .map_extra = 1ull << 44 };
	struct bpfl_map_memory *memory, *second = NULL;
	struct bpfl_map *map, *again;
	struct bpfl_map_facts facts;
	_Atomic uint64_t *at;
	void *var;

	if (bpfl_test_lacks("arena"))
		return;
	describe(0);
	CHECK_OK(load(), err);
	CHECK_OK(bpfl_object_var_memory(object, "at", 16, 0, &memory, &var, &err), err);
	ck_assert_ptr_eq(memory->bytes, object->maps[0].memory);
	ck_assert_uint_eq(memory->size_bytes, size);
	ck_assert_uint_eq(memory->stride_bytes, 0);
	at = var;
	ck_assert_uint_eq(at[0], 41);
	run();
	ck_assert_uint_eq(at[0], 42);
	ck_assert_uint_eq(at[1], (uintptr_t)at);
	bpfl_map_memory_close(memory);
	run(); /* still mapped: it was lent */
	ck_assert_uint_eq(at[0], 43);
	unload();

	CHECK_OK(bpfl_map_create(&def, NULL, NULL, &map, &err), err);
	bpfl_map_get_facts(map, &facts);
	CHECK_OK(bpfl_map_open_id(facts.id, &again, &err), err);
	CHECK_OK(bpfl_map_memory_open(again, 0, &memory, &err), err);
	ck_assert_ptr_eq(memory->bytes, (void *)(uintptr_t)(1ull << 44));
	*(uint64_t *)memory->bytes = 5;
	CHECK_FAILS(bpfl_map_memory_open(again, 0, &second, &err), err, BPFL_ERR_SYSTEM, EEXIST, "mapping its memory");
	CHECK_HAS(err.why, "something lies there");
	ck_assert_uint_eq(*(uint64_t *)memory->bytes, 5);
	bpfl_map_memory_close(memory);
	/* What was written stays with the map. */
	CHECK_OK(bpfl_map_memory_open(again, 0, &memory, &err), err);
	ck_assert_uint_eq(*(uint64_t *)memory->bytes, 5);
	bpfl_map_memory_close(memory);
	bpfl_map_close(again);
	bpfl_map_close(map);
	bpfl_error_clear(&err);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_program_and_this_process_share_a_variable, an_address_that_is_free_is_taken,
				 what_lies_at_the_wanted_address_is_left_alone,
				 variables_that_are_too_large_for_the_arena,
				 an_arena_is_lent_or_mapped_at_its_address };

	return bpfl_test_main(BPFL_TEST_SUITE("arena", tests));
}
